//! A form of the desk as it was sent. Each form has a number of its own: what comes with the same number and
//! says the same is the same act, however often a browser sends it.

use axum::{
    Form,
    body::{Body, Bytes},
    extract::{FromRequest, Request},
    response::{IntoResponse, Response},
};
use domain::ids::CommandId;
use serde::{Deserialize, de::DeserializeOwned};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::{
    app::App,
    execute::Cause,
    once::{self, Bound, NotBound},
    staff::Member,
};

/// What was typed. No `Debug`: there may be a passcode in it.
pub(super) struct Sent<T> {
    pub(super) form: T,
    number: Option<CommandId>,
    /// Where to, and all that was sent; wiped afterwards.
    request: Zeroizing<Vec<u8>>,
}

#[derive(Deserialize)]
struct Numbered {
    #[serde(rename = "form")]
    number: Option<Uuid>,
}

impl<T: DeserializeOwned + Send> FromRequest<App> for Sent<T> {
    type Rejection = Response;

    async fn from_request(request: Request, app: &App) -> Result<Self, Response> {
        let (parts, body) = request.into_parts();
        let request = Request::from_parts(parts.clone(), body);
        let bytes = Bytes::from_request(request, app).await;
        let bytes = bytes.map_err(IntoResponse::into_response)?;
        let again = || Request::from_parts(parts.clone(), Body::from(bytes.clone()));
        let form = Form::<T>::from_request(again(), app).await;
        let Form(form) = form.map_err(IntoResponse::into_response)?;
        // A number that is none makes no two acts the same.
        let numbered = Form::<Numbered>::from_request(again(), app).await;
        let number = numbered.ok().and_then(|Form(Numbered { number })| number).map(CommandId);
        let request = [parts.uri.path().as_bytes(), b"\0", &bytes].concat();
        Ok(Self { form, number, request: Zeroizing::new(request) })
    }
}

impl<T> Sent<T> {
    /// What is done under: the same for the same form that says the same, of the same member of staff.
    /// `None` if it was sent so long ago that a job which it may have started is over: then the form is
    /// shown anew.
    pub(super) async fn cause(&self, app: &App, member: &Member) -> anyhow::Result<Option<Cause>> {
        let ours = Bound::now(app);
        let Some(number) = self.number else { return Ok(Some(Cause::first(ours.command))) };
        let who = member.holder();
        let request = Zeroizing::new([who.0.as_bytes().as_slice(), &self.request].concat());
        match once::first(app, number, &request, ours).await {
            Ok(bound) if bound.is_over(app) => Ok(None),
            Ok(bound) => Ok(Some(Cause::first(bound.command))),
            // Somebody went back and typed something else: that is another act.
            Err(NotBound::OtherRequest) => Ok(Some(Cause::first(ours.command))),
            Err(NotBound::Failed(error)) => Err(error),
        }
    }
}
