//! C-01 to C-08, C-15: how the certificates stand, *Later*, and *Revoke*.

use axum::{
    Json,
    extract::State,
    response::{IntoResponse as _, Response},
};
use chrono::{DateTime, NaiveDate, Utc};
use domain::{
    certificate::{self, Due, Phase, RevocationReason, Standing},
    expiry::Topic,
    holder::HolderCommand,
    ids::{CommandId, HolderId},
};
use serde::{Deserialize, Serialize};
use stores::session::Session;
use utoipa::ToSchema;

use super::{
    extract::{Caller, Sent},
    idempotency::{Answer, IdempotencyKey},
    problem::Problem,
};
use crate::{
    admission::{RenewCertificates, RevokeCertificates, SeeHome},
    app::App,
    execute::{Actor, Cause},
    renewals,
};

/// B-48: how the managed certificates of the holder's card stand, as one.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Certificates {
    /// Today, in the zone whose days are counted.
    today: NaiveDate,
    /// None for a holder without a card.
    #[schema(required)]
    pub(super) certificates: Option<CertificateStatus>,
}

/// How they stand.
#[derive(Debug, Serialize, ToSchema)]
#[expect(clippy::struct_excessive_bools, reason = "each answers a question of its own")]
pub(super) struct CertificateStatus {
    /// Where they stand.
    phase: CertificatePhase,
    /// B-12: the civil day on which the first of them ends.
    expires_on: NaiveDate,
    /// The last instant of its validity.
    expires_at: DateTime<Utc>,
    /// Days until then, 0 once it has come.
    days_left: i64,
    /// C-01: the first day on which they may be renewed.
    opens_on: NaiveDate,
    /// C-07: the first day on which they have to be.
    forced_on: NaiveDate,
    /// C-03: how often the holder may still renew them himself.
    self_renewals_left: u8,
    /// C-04, B-51: the next renewal needs the registration authority.
    ra_required: bool,
    /// C-04: the registration authority lets the holder renew, until this instant.
    #[schema(required)]
    authorised_until: Option<DateTime<Utc>>,
    /// B-55: a renewal is between old and new, and has to be finished first.
    unfinished: bool,
    /// A renewal may begin, or go on, now.
    may_renew: bool,
    /// C-06: today's alert is to be shown, and may be put off.
    may_decline: bool,
}

/// Where certificates stand.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum CertificatePhase {
    /// B-53: nothing to do, and nothing that may be done.
    Quiet,
    /// C-05, C-06: due; may be put off.
    Alert,
    /// C-07: may not be put off.
    Forced,
    /// B-52: too late.
    Expired,
    /// B-57: until the registration authority ends it.
    Suspended,
    /// C-15: for ever.
    Revoked,
}

impl From<Phase> for CertificatePhase {
    fn from(phase: Phase) -> Self {
        match phase {
            Phase::Quiet => Self::Quiet,
            Phase::Alert => Self::Alert,
            Phase::Forced => Self::Forced,
            Phase::Expired => Self::Expired,
            Phase::Suspended => Self::Suspended,
            Phase::Revoked => Self::Revoked,
        }
    }
}

impl CertificateStatus {
    fn new(standing: &Standing, may_decline: bool) -> Self {
        Self {
            phase: standing.phase.into(),
            expires_on: standing.expires_on,
            expires_at: standing.expires_at,
            days_left: standing.days_left.max(0),
            opens_on: standing.opens_on,
            forced_on: standing.forced_on,
            self_renewals_left: standing.self_renewals_left,
            ra_required: standing.ra_required,
            authorised_until: standing.authorised_until,
            unfinished: standing.update_open,
            may_renew: standing.update_open || standing.may_renew.is_ok(),
            may_decline,
        }
    }
}

/// what is due of the certificates, for a service that has authenticated their holder.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DueCertificates {
    /// Where they stand.
    phase: CertificatePhase,
    /// B-12: the civil day on which the first of them ends.
    expires_on: NaiveDate,
    /// Days until then.
    days_left: i64,
    /// C-06: the person may put it off.
    may_decline: bool,
    /// C-04, B-51: only the registration authority can renew them.
    ra_required: bool,
    /// B-55: a renewal has to be finished first.
    unfinished: bool,
}

impl From<&Due> for DueCertificates {
    fn from(due: &Due) -> Self {
        Self {
            phase: due.phase.into(),
            expires_on: due.expires_on,
            days_left: due.days_left,
            may_decline: due.may_decline,
            ra_required: due.ra_required,
            unfinished: due.update_open,
        }
    }
}

/// How a holder's certificates stand today.
pub(super) async fn standing(app: &App, holder: HolderId) -> anyhow::Result<Certificates> {
    let loaded = app.load(holder).await?;
    let context = app.context(&loaded);
    let alert = certificate::alert(&context, &loaded.holder);
    let may_decline = alert.is_some_and(|alert| alert.may_decline);
    let standing = loaded.holder.certificates(&context);
    Ok(Certificates {
        today: context.today(),
        certificates: standing.map(|standing| CertificateStatus::new(&standing, may_decline)),
    })
}

/// C-01, C-03, C-05: how the certificates stand today.
#[utoipa::path(get, path = "/certificates", operation_id = "show_certificates", tag = "certificates", security(("session" = [])), responses(
    (status = 200, description = "How they stand.", body = Certificates),
    (status = 401, description = "Nobody is logged in.",
        body = Problem, content_type = "application/problem+json"),
    (status = "default", description = "A problem.",
        body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn show(
    State(app): State<App>,
    Caller { session, .. }: Caller<SeeHome>,
) -> Result<Json<Certificates>, Problem> {
    Ok(Json(standing(&app, session.holder).await?))
}

/// The alert that is put off.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CertificatesLater)]
pub(super) struct Later {
    /// Its day: `today`.
    on: NaiveDate,
}

/// C-06, B-16: *Later*. It is not shown again until the next civil day.
#[utoipa::path(post, path = "/certificates/later", operation_id = "put_certificates_off", tag = "certificates", security(("session" = [])),
    params(("Idempotency-Key" = Option<uuid::Uuid>, Header, description =
        "A UUID of version 7. The same request under the same key is carried out once and answered with the same bytes for 24 hours.")),
    request_body = Later, responses(
    (status = 200, description = "It was put off, now or before, or there was none on that day.", body = Certificates),
    (status = 401, description = "Nobody is logged in.",
        body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "It cannot be put off (C-07).",
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
    let request = whole_request(b"POST /api/certificates/later\0", &session, &sent.bytes);
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
    let decline = HolderCommand::DeclineAlert { topic: Topic::Certificates, on };
    let cause = Cause::first(command);
    let executed = app.execute(session.holder, cause, Actor::Holder, &decline).await;
    executed.map_err(Problem::of_execute)?;
    Ok(Answer::done(&standing(app, session.holder).await?)?)
}

/// B-19: *Not now*: a forced renewal is put off for a few hours, after a technical problem.
#[utoipa::path(post, path = "/certificates/deferral", operation_id = "defer_renewal", tag = "certificates", security(("session" = [])),
    params(("Idempotency-Key" = Option<uuid::Uuid>, Header, description =
        "A UUID of version 7. The same request under the same key is carried out once and answered with the same bytes for 24 hours.")),
    responses(
    (status = 200, description = "It was put off, now or before.", body = Certificates),
    (status = 401, description = "Nobody is logged in.",
        body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "It cannot be put off (B-19): policy does not allow it, nothing is forced, no technical problem was recorded today, or it was put off twice.",
        body = Problem, content_type = "application/problem+json"),
    (status = "default", description = "A problem.",
        body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn defer(
    State(app): State<App>,
    Caller { session, .. }: Caller<RenewCertificates>,
    key: IdempotencyKey,
) -> Result<Response, Problem> {
    let request = whole_request(b"POST /api/certificates/deferral\0", &session, b"");
    let work = |command| put_off_for_now(&app, &session, command);
    Ok(key.once(&app, &request, work).await?.into_response())
}

async fn put_off_for_now(
    app: &App,
    session: &Session,
    command: CommandId,
) -> Result<Answer, Problem> {
    let (defer, cause) = (HolderCommand::DeferRenewal {}, Cause::first(command));
    let executed = app.execute(session.holder, cause, Actor::Holder, &defer).await;
    executed.map_err(Problem::of_execute)?;
    Ok(Answer::done(&standing(app, session.holder).await?)?)
}

/// C-15: a revocation.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Revocation {
    /// Why.
    #[schema(value_type = RevocationWhy)]
    reason: RevocationReason,
    /// B-57: has to be `REVOKE`: it cannot be undone.
    confirm: String,
}

/// Why certificates are revoked.
#[derive(ToSchema)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "the description's words for the domain's reasons")]
enum RevocationWhy {
    /// The card is lost or stolen.
    LostOrStolen,
    /// The card is damaged.
    Damaged,
    /// The holder does not need it any more.
    NoLongerNeeded,
    /// Somebody else may have used the card, or know its passcode.
    Compromised,
}

/// C-15, B-57: *Revoke*: both certificates, for ever. Every session of the holder ends with it.
#[utoipa::path(post, path = "/revocations", operation_id = "revoke_certificates", tag = "certificates", security(("session" = [])),
    params(("Idempotency-Key" = Option<uuid::Uuid>, Header, description =
        "A UUID of version 7. The same request under the same key is carried out once and answered with the same bytes for 24 hours.")),
    request_body = Revocation, responses(
    (status = 200, description = "They are revoked, and the session is over.", body = Certificates),
    (status = 401, description = "Nobody is logged in.",
        body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "It is not confirmed, or the body cannot be understood.",
        body = Problem, content_type = "application/problem+json"),
    (status = "default", description = "A problem.",
        body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn revoke(
    State(app): State<App>,
    Caller { session, .. }: Caller<RevokeCertificates>,
    key: IdempotencyKey,
    sent: Sent<Revocation>,
) -> Result<Response, Problem> {
    if sent.value.confirm != crate::portal::view::revoke::CONFIRMATION {
        return Err(Problem::not_confirmed());
    }
    let request = whole_request(b"POST /api/revocations\0", &session, &sent.bytes);
    let reason = sent.value.reason;
    let work = |command| revoked(&app, &session, reason, command);
    Ok(key.once(&app, &request, work).await?.into_response())
}

async fn revoked(
    app: &App,
    session: &Session,
    reason: RevocationReason,
    command: CommandId,
) -> Result<Answer, Problem> {
    let done = renewals::revoke(app, session, command, reason).await;
    done.map_err(Problem::of_execute)?;
    Ok(Answer::done(&standing(app, session.holder).await?)?)
}

/// What makes two requests the same: the act, the holder, the body.
fn whole_request(act: &[u8], session: &Session, body: &[u8]) -> Vec<u8> {
    [act, session.holder.0.as_bytes(), body].concat()
}
