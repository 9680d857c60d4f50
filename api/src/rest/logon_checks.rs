//! Logon checks for services that authenticate people elsewhere: what may this person do, and what
//! is due?

use axum::{
    extract::State,
    response::{IntoResponse as _, Response},
};
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    ids::{CertificateSerial, CommandId},
    logon::{self, Authenticated, Due, LogonRefusal},
};
use serde::{Deserialize, Serialize};
use stores::{api_token::ApiToken, logon::Logon};
use utoipa::ToSchema;

use super::{
    certificates::DueCertificates,
    extract::{LogonChecker, Sent},
    idempotency::{Answer, IdempotencyKey},
    passcodes::{PasscodeKind, PasscodePhase},
    problem::Problem,
};
use crate::{
    app::App,
    execute::{Cause, Loaded},
    log_in,
};

/// B-09: a service's `at` may be so far from the server's time, either way, in minutes.
const AT_MINUTES_MAX: i64 = 5;

/// Somebody whom a service has authenticated.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct LogonCheck {
    /// Serial number of the authentication certificate (slot 9A) that the service has checked:
    /// lower-case hexadecimal, two digits a byte.
    #[schema(value_type = String, min_length = 2, max_length = 40, examples("0a1b2c3d"))]
    certificate: CertificateSerial,
    /// When the service did so. At most five minutes from the server's time, which decides.
    at: DateTime<Utc>,
}

/// What the check found.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LogonChecked {
    /// What the logon opens.
    verdict: LogonVerdict,
    /// What the person is to be told, worst first.
    due: Vec<DuePasscode>,
    /// What the person is to be told of the certificates on his card, if anything is due.
    #[schema(required)]
    certificates: Option<DueCertificates>,
}

/// What a logon opens.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum LogonVerdict {
    /// Everything.
    Full,
    /// P-17, B-17: only what cures it.
    Restricted,
    /// P-18: nothing; the registration authority has to act.
    Locked,
}

/// something that is due, or has to be renewed.
#[derive(Debug, Serialize, ToSchema)]
struct DuePasscode {
    /// Which passcode.
    kind: PasscodeKind,
    /// Where it stands.
    phase: PasscodePhase,
    /// P-15: the person may put it off.
    may_decline: bool,
}

impl From<logon::Verdict> for LogonVerdict {
    fn from(verdict: logon::Verdict) -> Self {
        match verdict {
            logon::Verdict::Full => Self::Full,
            logon::Verdict::Restricted => Self::Restricted,
            logon::Verdict::Locked => Self::Locked,
        }
    }
}

impl From<&Due> for DuePasscode {
    fn from(due: &Due) -> Self {
        Self { kind: due.kind.into(), phase: due.phase.into(), may_decline: due.may_decline() }
    }
}

/// the check at a logon that happens elsewhere, decided and recorded at receipt.
#[utoipa::path(post, path = "/logon-checks", operation_id = "check_logon", tag = "logon-checks", security(("machine" = [])),
    params(("Idempotency-Key" = Option<uuid::Uuid>, Header, description =
        "A UUID of version 7. The same request under the same key is carried out once and answered with the same bytes for 24 hours.")),
    request_body = LogonCheck, responses(
    (status = 200, description = "What the logon opens.", body = LogonChecked),
    (status = 401, description = "No bearer token, or none that is good.",
        body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "The bearer token is for something else, or the certificate is of no card in use (B-61).",
        body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "The body cannot be understood, or `at` is not now (B-09).",
        body = Problem, content_type = "application/problem+json"),
    (status = "default", description = "A problem.",
        body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn check(
    State(app): State<App>,
    LogonChecker(token): LogonChecker,
    key: IdempotencyKey,
    sent: Sent<LogonCheck>,
) -> Result<Response, Problem> {
    let request = whole_request(&token, &sent.bytes);
    let asked = sent.value;
    let work = |command| decide(&app, &token, asked, command);
    Ok(key.once(&app, &request, work).await?.into_response())
}

async fn decide(
    app: &App,
    token: &ApiToken,
    asked: LogonCheck,
    command: CommandId,
) -> Result<Answer, Problem> {
    let now = app.now();
    if TimeDelta::minutes(AT_MINUTES_MAX) < (asked.at - now).abs() {
        return Ok(Answer::refused(&Problem::not_now(AT_MINUTES_MAX, now))?);
    }
    // A card that was issued a moment ago is found, too.
    app.catch_up().await?;
    let not_known = || Problem::of_logon(LogonRefusal::CardNotKnown, &[]);
    let Some(owner) = app.projections().certificate_owner(&asked.certificate).await? else {
        return Ok(Answer::refused(&not_known())?);
    };
    let vouched = |loaded: &Loaded| {
        let context = app.context(loaded);
        Authenticated::vouched_by_service(&context, &loaded.holder, &asked.certificate)
    };
    let refused = |refusal| Answer::refused(&Problem::of_logon(refusal, &[]));
    if let Err(refusal) = vouched(&app.load(owner.holder).await?) {
        return Ok(refused(refusal)?);
    }
    log_in::record_expiry_at_logon(app, owner.holder, Cause::first(command)).await?;
    // What was good may have been revoked meanwhile.
    let loaded = app.load(owner.holder).await?;
    let proof = match vouched(&loaded) {
        Ok(proof) => proof,
        Err(refusal) => return Ok(refused(refusal)?),
    };
    let context = app.context(&loaded);
    let check = logon::check(&context, &loaded.holder, &proof);
    let record = Logon {
        logon_id: command.0,
        holder: owner.holder,
        card: proof.card().clone(),
        at: context.now,
        workstation: token.name.clone(),
        reader: String::new(),
        verdict: log_in::label(check.verdict).to_owned(),
        due: log_in::due(&check)?,
    };
    app.stores().logons.record(&record).await?;
    let due = check.due.iter().map(DuePasscode::from).collect();
    let certificates = check.certificates.as_ref().map(DueCertificates::from);
    Ok(Answer::done(&LogonChecked { verdict: check.verdict.into(), due, certificates })?)
}

/// What makes two requests the same: the act, the machine, the body.
fn whole_request(token: &ApiToken, body: &[u8]) -> Vec<u8> {
    let act = b"POST /api/logon-checks\0".as_slice();
    [act, token.api_token_id.0.as_bytes().as_slice(), body].concat()
}
