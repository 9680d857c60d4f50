//! S-02 to S-04: *Passcode Status* and *Reset Passcodes*.

use axum::{
    Json,
    extract::State,
    response::{IntoResponse as _, Response},
};
use chrono::NaiveDate;
use domain::{
    calendar::Phase,
    ids::{CommandId, HolderId},
    passcode::{Form, Kind, OptionalFields, Standing, Status, Typed},
};
use serde::{Deserialize, Serialize};
use stores::{session::Session, token::TokenHash};
use utoipa::ToSchema;
use workflows::card_job::Goal;

use super::{
    extract::{Caller, LoggedInBrowser, Sent, object},
    idempotency::{Answer, IdempotencyKey, whole_request},
    jobs::Started,
    problem::Problem,
};
use crate::{
    admission::{ChangePasscodes, SeePasscodes},
    app::App,
    jobs::{OpenJob, job_of},
    passcode_status,
    updates::{self, Planned},
};

/// S-02: the three passcodes.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Passcodes {
    /// A line each, always in this order: smartcard, account recovery, verification.
    passcodes: Vec<Line>,
}

/// what of it is due, or has to be changed.
pub(super) async fn due(app: &App, holder: HolderId) -> anyhow::Result<Vec<Line>> {
    let status = passcode_status::of(app, holder).await?;
    let is_due = |status: &&Status| status.phase().is_some_and(|phase| 0 < phase.severity());
    Ok(status.iter().filter(is_due).map(Line::from).collect())
}

/// S-02: a line of *Passcode Status*.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PasscodeStatus)]
pub(super) struct Line {
    /// Which passcode.
    kind: PasscodeKind,
    /// P-04: false if there is none.
    set: bool,
    /// P-02: the day it was last changed, if it is set.
    #[schema(required)]
    last_changed_on: Option<NaiveDate>,
    /// P-13: the first day on which it has expired, if it is set and expires.
    #[schema(required)]
    expires_on: Option<NaiveDate>,
    /// Days until then, 0 once it has expired.
    #[schema(required)]
    days_left: Option<i64>,
    /// P-18: the first day on which the account is locked if nothing is done, if it is set and can
    /// lock it (B-21).
    #[schema(required)]
    locks_on: Option<NaiveDate>,
    /// B-21: the first day on which it counts as not set if nothing is done. There only where policy
    /// says that it does not lock the account.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = NaiveDate, required = false)]
    lapses_on: Option<NaiveDate>,
    /// P-13 to P-18: where it stands, if it is set.
    #[schema(required)]
    phase: Option<PasscodePhase>,
}

/// Which passcode.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum PasscodeKind {
    /// P-03, P-05: with the card it opens the service.
    Smartcard,
    /// P-08, P-09: proves the holder to the registration authority.
    AccountRecovery,
    /// P-11: proves the holder to a telephone service.
    Verification,
}

impl From<Kind> for PasscodeKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Smartcard => Self::Smartcard,
            Kind::AccountRecovery => Self::AccountRecovery,
            Kind::Verification => Self::Verification,
        }
    }
}

/// Where a passcode stands between being set and locking the account.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum PasscodePhase {
    /// Nothing to do.
    Current,
    /// P-14, P-15: due; may be declined.
    Alert,
    /// P-17: expired; has to be changed at the next log-in.
    Forced,
    /// P-18: too late.
    Locked,
}

impl From<Phase> for PasscodePhase {
    fn from(phase: Phase) -> Self {
        match phase {
            Phase::Current { .. } => Self::Current,
            Phase::Alert { .. } => Self::Alert,
            Phase::Forced { .. } => Self::Forced,
            Phase::Locked => Self::Locked,
        }
    }
}

impl From<&Status> for Line {
    fn from(status: &Status) -> Self {
        let kind = status.kind.into();
        match status.standing {
            Standing::NotSet => Self {
                kind,
                set: false,
                last_changed_on: None,
                expires_on: None,
                days_left: None,
                locks_on: None,
                lapses_on: None,
                phase: None,
            },
            Standing::Set {
                last_changed_on,
                expires_on,
                locks_on,
                lapses_on,
                days_left,
                phase,
            } => {
                let ends = !status.standing.is_without_end();
                Self {
                    kind,
                    set: true,
                    last_changed_on: Some(last_changed_on),
                    expires_on: ends.then_some(expires_on),
                    days_left: ends.then_some(days_left.max(0)),
                    locks_on: locks_on.filter(|_| ends),
                    lapses_on: lapses_on.filter(|_| ends),
                    phase: Some(phase.into()),
                }
            }
        }
    }
}

/// S-02: how the three passcodes stand today.
#[utoipa::path(get, path = "/passcodes", operation_id = "show_passcodes", tag = "passcodes", security(("session" = [])), responses(
    (status = 200, description = "How they stand.", body = Passcodes),
    (status = 401, description = "Nobody is logged in.",
        body = Problem, content_type = "application/problem+json"),
    (status = "default", description = "A problem.",
        body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn show(
    State(app): State<App>,
    Caller { session, .. }: Caller<SeePasscodes>,
) -> Result<Json<Passcodes>, Problem> {
    let status = passcode_status::of(&app, session.holder).await?;
    Ok(Json(Passcodes { passcodes: status.iter().map(Line::from).collect() }))
}

/// S-03: what is to be changed; what is left out stays as it is. A new smartcard passcode is typed
/// at the passcode page.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Update {
    /// A new smartcard passcode is wanted.
    #[serde(default)]
    smartcard: bool,
    /// The account recovery passcode.
    #[serde(default, deserialize_with = "object")]
    account_recovery: UpdateOptional,
    /// The verification passcode.
    #[serde(default, deserialize_with = "object")]
    verification: UpdateOptional,
}

/// What is to become of a passcode that a holder may live without.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct UpdateOptional {
    /// Its new value; empty if it is not to be changed.
    #[serde(default)]
    #[schema(value_type = String, format = Password)]
    new: Typed,
    /// S-04: the same again.
    #[serde(default)]
    #[schema(value_type = String, format = Password)]
    confirm: Typed,
    /// P-24: it is to be removed.
    #[serde(default)]
    blank: bool,
}

impl From<Update> for Form {
    fn from(update: Update) -> Self {
        let fields = |sent: UpdateOptional| OptionalFields {
            wanted: sent.new,
            confirm: sent.confirm,
            blank: sent.blank,
        };
        Self {
            smartcard: update.smartcard,
            account_recovery: fields(update.account_recovery),
            verification: fields(update.verification),
        }
    }
}

/// *Update*: judged as a whole; what is right waits for the card, and nothing is changed before.
#[utoipa::path(post, path = "/passcodes", operation_id = "update_passcodes", tag = "passcodes", security(("session" = [], "browser" = [])),
    params(("Idempotency-Key" = Option<uuid::Uuid>, Header, description =
        "A UUID of version 7. The same request under the same key is carried out once and answered with the same bytes for 24 hours.")),
    request_body = Update, responses(
    (status = 202, description = "It waits for the card.", body = Started,
        headers(("location" = String, description = "Where to ask how far it is."))),
    (status = 401, description = "Nobody is logged in.",
        body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "The browser's cookie, which came with the log-in, is missing; or another passcode has expired and has to be changed first, or with it (B-17).",
        body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "Everything that is wrong, at once.",
        body = Problem, content_type = "application/problem+json"),
    (status = "default", description = "A problem.",
        body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn update(
    State(app): State<App>,
    Caller { session, .. }: Caller<ChangePasscodes>,
    LoggedInBrowser(browser): LoggedInBrowser,
    key: IdempotencyKey,
    sent: Sent<Update>,
) -> Result<Response, Problem> {
    let request = whole_request("POST /api/passcodes", &session, browser, &sent.bytes);
    let form = Form::from(sent.value);
    let work = |command| plan(&app, &session, browser, form, command);
    Ok(key.once(&app, &request, work).await?.into_response())
}

async fn plan(
    app: &App,
    session: &Session,
    browser: TokenHash,
    form: Form,
    command: CommandId,
) -> Result<Answer, Problem> {
    // A repeat whose first answer was lost.
    if let Some(open) = app.job(job_of(command)).await? {
        return Ok(started(app, &open)?);
    }
    let loaded = app.load(session.holder).await?;
    match updates::plan(app, session, &loaded, &form, command).await? {
        Planned::Faults(faults) => Ok(Answer::refused(&Problem::of_faults(faults))?),
        Planned::Refused(refusal) => Ok(Answer::refused(&Problem::of_refusal(&refusal))?),
        Planned::Change(change) => {
            let job = app.start_job(Goal::ChangePasscodes(change), browser).await?;
            match app.job(job).await? {
                Some(open) => Ok(started(app, &open)?),
                None => Err(Problem::over()),
            }
        }
    }
}

fn started(app: &App, open: &OpenJob) -> anyhow::Result<Answer> {
    let started = Started::of(app, open);
    Answer::accepted(started.location(), &started)
}
