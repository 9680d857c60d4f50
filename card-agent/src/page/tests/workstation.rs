//! A workstation whose page is asked over HTTP.

use super::*;

/// A workstation with a card in its reader, and a server at the other end.
pub(super) struct Workstation {
    pub(super) drawer: Drawer,
    pub(super) card: StandInCard,
    pub(super) channel: Channel,
}

impl Workstation {
    pub(super) fn new(quirks: Quirks, server: StandInServer) -> Self {
        let card = match server.act {
            Act::Personalise => StandInCard::blank(quirks),
            Act::LogIn
            | Act::ChangePasscodes { .. }
            | Act::UpdateCard
            | Act::Register { .. }
            | Act::BeginUnlock
            | Act::Unlock => StandInCard::of_holder(quirks, "135790"),
        };
        let drawer = Drawer::new();
        drawer.insert(&card);
        drawer.see();
        Self { drawer, card, channel: Channel::to_stand_in(server) }
    }

    pub(super) fn log_in() -> Self {
        Self::new(APPLET_A, StandInServer::new(Act::LogIn))
    }

    pub(super) fn change() -> Self {
        let changes = vec!["Set a new smartcard passcode".to_owned()];
        let act = Act::ChangePasscodes { changes, smartcard: true };
        Self::new(GUIDE_CARD, StandInServer::new(act))
    }

    pub(super) async fn send(&self, request: HttpRequest<Body>) -> Answered {
        let page = Page::new(self.drawer.desk(), self.channel.clone(), ORIGIN, PORT, true).unwrap();
        Answered::from(page.routes().oneshot(request).await.unwrap()).await
    }

    pub(super) async fn get(&self) -> Answered {
        self.send(request("GET", &format!("/jobs/{JOB}"), "")).await
    }

    pub(super) async fn post(&self, form: &str) -> Answered {
        self.send(request("POST", &format!("/jobs/{JOB}"), form)).await
    }
}

pub(super) struct Answered {
    pub(super) status: StatusCode,
    pub(super) headers: axum::http::HeaderMap,
    pub(super) body: String,
}

impl Answered {
    pub(super) async fn from(response: HttpResponse<Body>) -> Self {
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let body = String::from_utf8(body.to_vec()).unwrap();
        Self { status: parts.status, headers: parts.headers, body }
    }

    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Compares what the page says with its snapshot.
    #[track_caller]
    pub(super) fn shows(&self, status: StatusCode, name: &str) {
        assert_eq!(self.status, status, "{}", self.body);
        insta::assert_snapshot!(name, main_outline(&self.body));
    }
}

pub(super) fn request(method: &str, path: &str, form: &str) -> HttpRequest<Body> {
    HttpRequest::builder()
        .method(method)
        .uri(path)
        .header("host", format!("127.0.0.1:{PORT}"))
        .header("sec-fetch-site", "same-origin")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Body::from(form.to_owned()))
        .unwrap()
}
