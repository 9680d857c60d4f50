//! P-14 to P-16: the alert of the day, and *Later*.

use axum::{
    Json,
    extract::State,
    response::{IntoResponse as _, Response},
};
use chrono::NaiveDate;
use domain::{
    expiry::{self, Item, Topic},
    holder::HolderCommand,
    ids::CommandId,
};
use serde::{Deserialize, Serialize};
use stores::session::Session;
use utoipa::ToSchema;

use super::{
    extract::{Caller, Sent},
    idempotency::{Answer, IdempotencyKey},
    passcodes::PasscodeKind,
    problem::Problem,
};
use crate::{
    admission::SeeHome,
    app::App,
    execute::{Actor, Cause},
};

/// Whether the holder is to be alerted today.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Alert)]
pub(super) struct Today {
    /// Today, in the zone whose days are counted.
    today: NaiveDate,
    /// The alert to show now; none if nothing is due that may be put off, or it was put off today.
    #[schema(required)]
    alert: Option<DayAlert>,
}

/// P-14: the alert of a day.
#[derive(Debug, Serialize, ToSchema)]
struct DayAlert {
    /// Its day, as *Later* sends it back.
    on: NaiveDate,
    /// What is due, the most urgent first.
    items: Vec<DueItem>,
}

/// P-14: a passcode that is due.
#[derive(Debug, Serialize, ToSchema)]
struct DueItem {
    /// Which.
    kind: PasscodeKind,
    /// P-02: the day it was last changed.
    last_changed_on: NaiveDate,
    /// P-13: the first day on which it has expired: it cannot be put off any more.
    expires_on: NaiveDate,
    /// Days until then.
    days_left: i64,
    /// P-18: the first day on which the account is locked if nothing is done, if it can lock it
    /// (B-21).
    #[schema(required)]
    locks_on: Option<NaiveDate>,
    /// B-21: the first day on which it counts as not set if nothing is done. There only where policy
    /// says that it does not lock the account.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = NaiveDate, required = false)]
    lapses_on: Option<NaiveDate>,
}

impl DueItem {
    fn new(on: NaiveDate, item: &Item) -> Self {
        Self {
            kind: item.kind.into(),
            last_changed_on: item.set_on,
            expires_on: item.expires_on,
            days_left: (item.expires_on - on).num_days(),
            locks_on: item.locks_on,
            lapses_on: item.lapses_on,
        }
    }
}

async fn today(app: &App, session: &Session) -> anyhow::Result<Today> {
    let loaded = app.load(session.holder).await?;
    let context = app.context(&loaded);
    let alert = expiry::alert(&context, &loaded.holder).map(|alert| DayAlert {
        on: alert.on,
        items: alert.items.iter().map(|item| DueItem::new(alert.on, item)).collect(),
    });
    Ok(Today { today: context.today(), alert })
}

/// P-14, P-15: the alert to show now.
#[utoipa::path(get, path = "/alert", operation_id = "show_alert", tag = "alert", security(("session" = [])), responses(
    (status = 200, description = "Whether there is one.", body = Today),
    (status = 401, description = "Nobody is logged in.",
        body = Problem, content_type = "application/problem+json"),
    (status = "default", description = "A problem.",
        body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn show(
    State(app): State<App>,
    Caller { session, .. }: Caller<SeeHome>,
) -> Result<Json<Today>, Problem> {
    Ok(Json(today(&app, &session).await?))
}

/// The alert that is put off.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Later {
    /// Its day: `alert.on`.
    on: NaiveDate,
}

/// P-15, B-16: *Later*. It is not shown again until the next civil day.
#[utoipa::path(post, path = "/alert/later", operation_id = "put_alert_off", tag = "alert", security(("session" = [])),
    params(("Idempotency-Key" = Option<uuid::Uuid>, Header, description =
        "A UUID of version 7. The same request under the same key is carried out once and answered with the same bytes for 24 hours.")),
    request_body = Later, responses(
    (status = 200, description = "It was put off, now or before, or there was none on that day.", body = Today),
    (status = 401, description = "Nobody is logged in.",
        body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "Something has expired: that cannot be put off (P-17).",
        body = Problem, content_type = "application/problem+json"),
    (status = "default", description = "A problem.",
        body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn later(
    State(app): State<App>,
    Caller { session, .. }: Caller<SeeHome>,
    key: IdempotencyKey,
    sent: Sent<Later>,
) -> Result<Response, Problem> {
    let act = b"POST /api/alert/later\0".as_slice();
    let request = [act, session.holder.0.as_bytes(), &sent.bytes].concat();
    let on = sent.value.on;
    let work = |command| put_off(&app, &session, on, command);
    Ok(key.once(&app, &request, work).await?.into_response())
}

async fn put_off(
    app: &App,
    session: &Session,
    on: NaiveDate,
    command: CommandId,
) -> Result<Answer, Problem> {
    let decline = HolderCommand::DeclineAlert { topic: Topic::Passcodes, on };
    let cause = Cause::first(command);
    let executed = app.execute(session.holder, cause, Actor::Holder, &decline).await;
    executed.map_err(Problem::of_execute)?;
    Ok(Answer::done(&today(app, session).await?)?)
}
