//! Problems (RFC 9457): how the API says no. The same five things as in the portal: which rule,
//! why, from which facts, until when, and what to do instead. Causes are logged here, once.

mod policy;

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use chrono::{DateTime, NaiveDate, Utc};
use domain::{
    logon::LogonRefusal,
    passcode::{FieldFault, Kind, Standing, Status},
    refusal::{self, Refusal, RuleId},
    rules,
    self_service::{AnswerFault, Place, QUESTIONS_CHOSEN},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    codes::NotDone,
    cookies::SESSION_COOKIE,
    execute::ExecuteError,
    log_in::{CARD_GONE, CARD_GONE_WAY_OUT},
    not_ready,
    portal::view::paths,
    required::Required,
    self_service::{AddressFault, NotBegun},
};

/// The media type of a problem.
pub(super) const MEDIA_TYPE: &str = "application/problem+json";

/// Where the answers of a registration are in its body.
const ANSWERS: [&str; QUESTIONS_CHOSEN] = ["answers[0]", "answers[1]", "answers[2]", "answers[3]"];

/// Why a request was not carried out. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct Problem {
    /// Address of the page of the rule that says no; `about:blank` if none does.
    #[serde(rename = "type")]
    kind: String,
    /// The rule in a few words, or those of the status.
    title: &'static str,
    /// The HTTP status.
    #[schema(minimum = 400, maximum = 599)]
    status: u16,
    /// The rule that says no.
    #[schema(value_type = Option<String>, examples("P-19"), required)]
    rule: Option<RuleId>,
    /// One sentence.
    why: String,
    /// What the answer was made from.
    facts: Vec<Fact>,
    /// The day on which the answer changes by itself; none if it does not.
    #[schema(required)]
    changes_on: Option<NaiveDate>,
    /// The instant at which it does, where that is known; none if it does on a day, or does not.
    #[schema(required)]
    changes_at: Option<DateTime<Utc>>,
    /// What the holder can do, in a sentence.
    way_out: &'static str,
    /// Everything that is wrong with what was sent, at once.
    errors: Vec<FieldError>,
    /// How to prove who one is.
    #[serde(skip)]
    challenge: Challenge,
}

/// RFC 9110 §11.6.1: what a refused caller is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Challenge {
    /// A session's cookie, where the status is 401. It has no registered scheme.
    Cookie,
    /// RFC 6750 §3: a bearer token, and what is wrong with the one that was sent.
    Bearer(&'static str),
}

/// One fact behind a refusal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct Fact {
    /// What it is.
    #[schema(examples("smartcard_expires_on"))]
    name: String,
    /// Its value.
    #[schema(examples("2026-03-10"))]
    value: String,
}

impl From<refusal::Fact> for Fact {
    fn from(fact: refusal::Fact) -> Self {
        Self { name: fact.name.to_owned(), value: fact.value.to_string() }
    }
}

/// One thing that is wrong with a field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct FieldError {
    /// Where.
    #[schema(examples("new_verification"))]
    field: &'static str,
    /// By which rule.
    #[schema(value_type = String, examples("P-12"))]
    rule: RuleId,
    /// A sentence for the holder, without full stop.
    message: String,
}

impl<E: Into<anyhow::Error>> From<E> for Problem {
    /// We failed, or are not ready: the log says why, the answer does not.
    fn from(error: E) -> Self {
        let error = error.into();
        if not_ready::is(&error) {
            tracing::warn!(error = format!("{error:#}"), "the API was not ready to answer");
            return Self::of(StatusCode::SERVICE_UNAVAILABLE);
        }
        tracing::error!(error = format!("{error:#}"), "the API could not answer");
        Self::of(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

impl Problem {
    /// A problem that says only what its status says.
    pub(super) fn of(status: StatusCode) -> Self {
        let (why, way_out) = words(status);
        Self {
            kind: "about:blank".to_owned(),
            title: status.canonical_reason().unwrap_or("Problem"),
            status: status.as_u16(),
            rule: None,
            why: why.to_owned(),
            facts: vec![],
            changes_on: None,
            changes_at: None,
            way_out,
            errors: vec![],
            challenge: Challenge::Cookie,
        }
    }

    /// The same for this reason.
    pub(super) fn because(self, why: impl Into<String>) -> Self {
        Self { why: why.into(), ..self }
    }

    /// The same with this way out.
    pub(super) fn but(self, way_out: &'static str) -> Self {
        Self { way_out, ..self }
    }

    /// The same with the day on which the answer changes by itself.
    pub(super) fn changing_on(self, day: NaiveDate) -> Self {
        Self { changes_on: Some(day), ..self }
    }

    /// The same by a rule.
    pub(super) fn by(self, rule: RuleId) -> Self {
        let title = rules::find(rule.as_str()).map_or(self.title, |rule| rule.title);
        Self { kind: paths::rule(rule.as_str()), title, rule: Some(rule), ..self }
    }

    /// B-28: every fault of a form at once; by their rule, if it is the same for all.
    pub(super) fn of_faults(faults: Vec<FieldFault>) -> Self {
        let rule = match faults.as_slice() {
            [first, others @ ..] if others.iter().all(|fault| fault.rule == first.rule) => {
                first.rule
            }
            _ => const { RuleId::new("B-28") },
        };
        let errors = faults.into_iter().map(|fault| FieldError {
            field: fault.field.name(),
            rule: fault.rule,
            message: fault.message,
        });
        Self { errors: errors.collect(), ..Self::of(StatusCode::UNPROCESSABLE_ENTITY) }
            .by(rule)
            .because("Not everything that was sent can be accepted, so nothing was changed.")
            .but("Put right what `errors` names and send it again.")
    }

    /// A log-in that opens nothing, for a holder whose passcodes stand like this.
    pub(super) fn of_logon(refusal: LogonRefusal, passcodes: &[Status]) -> Self {
        let status = match refusal {
            LogonRefusal::AccountLocked | LogonRefusal::CardLocked => StatusCode::LOCKED,
            LogonRefusal::WrongPasscode { .. }
            | LogonRefusal::CardNotKnown
            | LogonRefusal::CertificatesExpired
            | LogonRefusal::CertificatesRevoked
            | LogonRefusal::CertificatesSuspended
            | LogonRefusal::AccountClosed
            | LogonRefusal::ProofNotValid => StatusCode::FORBIDDEN,
        };
        let facts = match refusal {
            LogonRefusal::AccountLocked => passcodes.iter().flat_map(facts_of).collect(),
            LogonRefusal::CardLocked
            | LogonRefusal::WrongPasscode { .. }
            | LogonRefusal::CardNotKnown
            | LogonRefusal::CertificatesExpired
            | LogonRefusal::CertificatesRevoked
            | LogonRefusal::CertificatesSuspended
            | LogonRefusal::AccountClosed
            | LogonRefusal::ProofNotValid => vec![],
        };
        Self { facts, ..Self::of(status) }
            .by(refusal.rule())
            .because(format!("{refusal}."))
            .but(refusal.way_out())
    }

    /// B-17: a session that has to change these passcodes first is refused something else.
    pub(super) fn of_restricted(refusal: &Refusal, required: &Required) -> Self {
        let facts = required.passcodes().iter().flat_map(|overdue| {
            days_of(overdue.kind, overdue.expired_on, overdue.locks_on, overdue.lapses_on)
        });
        Self { facts: facts.collect(), ..Self::of_refusal(refusal) }
    }

    /// B-57: what cannot be undone was not confirmed.
    pub(super) fn not_confirmed() -> Self {
        Self::of(StatusCode::UNPROCESSABLE_ENTITY)
            .by(const { RuleId::new("B-57") })
            .because("It cannot be undone, and was not confirmed.")
            .but("Send the word REVOKE in `confirm`.")
    }

    /// A command that a rule says no to.
    pub(super) fn of_refusal(refusal: &Refusal) -> Self {
        let (changes_on, changes_at) = (refusal.changes_on(), refusal.changes_at());
        let facts = refusal.facts().into_iter().map(Fact::from).collect();
        Self { facts, changes_on, changes_at, ..Self::of(StatusCode::FORBIDDEN) }
            .by(refusal.rule())
            .because(format!("{}.", refusal.why()))
            .but(refusal.way_out())
    }

    /// B-35, B-42: a registration that was not begun, or not redirected.
    pub(super) fn of_not_begun(error: NotBegun) -> Self {
        match error {
            NotBegun::Faults(faults) => Self::of_answers(&faults),
            NotBegun::Address(fault) => Self::of_address(fault),
            NotBegun::Refused(refusal) => Self::of_refusal(&refusal),
            NotBegun::Busy => Self::of(StatusCode::SERVICE_UNAVAILABLE),
            NotBegun::Failed(error) => error.into(),
        }
    }

    /// Something typed or asked for in a registration or an unlock did not lead on.
    pub(super) fn of_not_done(error: NotDone) -> Self {
        match error {
            NotDone::Incomplete(_) => Self::of(StatusCode::UNPROCESSABLE_ENTITY)
                .by(const { RuleId::new("B-31") })
                .because("Not everything that is asked was answered, so nothing was judged.")
                .but("Answer every question that is asked, with at least two letters or digits."),
            NotDone::NotAPasscode(_) => Self::of(StatusCode::UNPROCESSABLE_ENTITY)
                .by(const { RuleId::new("P-10") })
                .because("This can be no account recovery passcode, so nothing was compared.")
                .but("Send the passcode as it was set."),
            NotDone::Refused(refusal) => Self::of_refusal(&refusal),
            NotDone::Busy => Self::of(StatusCode::SERVICE_UNAVAILABLE),
            NotDone::Failed(error) => error.into(),
        }
    }

    /// R-05, B-35: everything that is wrong with questions and answers, at once.
    fn of_answers(faults: &[AnswerFault]) -> Self {
        let errors = faults.iter().map(|fault| FieldError {
            field: match fault.place {
                Place::Choice => "answers",
                Place::Answer(index) => ANSWERS.get(index).copied().unwrap_or("answers"),
            },
            rule: fault.what.rule(),
            message: fault.what.message().to_owned(),
        });
        let rule = faults.first().map_or(const { RuleId::new("R-05") }, |fault| fault.what.rule());
        Self { errors: errors.collect(), ..Self::of(StatusCode::UNPROCESSABLE_ENTITY) }
            .by(rule)
            .because("Not everything that was sent can be accepted, so nothing was changed.")
            .but("Put right what `errors` names and send it again.")
    }

    /// R-07, B-42: an address to which no code can be sent.
    fn of_address(fault: AddressFault) -> Self {
        let rule = match fault {
            AddressFault::Empty | AddressFault::NotAnAddress => const { RuleId::new("R-07") },
            AddressFault::NotAllowed => const { RuleId::new("B-42") },
        };
        let error = FieldError { field: "email", rule, message: fault.to_string() };
        Self { errors: vec![error], ..Self::of(StatusCode::UNPROCESSABLE_ENTITY) }
            .by(rule)
            .because("No code can be sent to this address, so nothing was changed.")
            .but("Put right what `errors` names and send it again.")
    }

    /// A command that was not carried out.
    pub(super) fn of_execute(error: ExecuteError) -> Self {
        match error {
            ExecuteError::Refused(refusal) => Self::of_refusal(&refusal),
            ExecuteError::Conflict => Self::of(StatusCode::CONFLICT),
            ExecuteError::Failed(error) => error.into(),
        }
    }

    /// A repeat that comes too late to be carried out, and whose first answer was never given.
    pub(super) fn over() -> Self {
        Self::of(StatusCode::CONFLICT)
            .because("What was begun under this Idempotency-Key is over, and nothing was changed.")
            .but("Send the request again with a new key.")
    }

    /// RFC 6750 §3.1: no bearer token was sent.
    pub(super) fn no_token() -> Self {
        Self::of_token(StatusCode::UNAUTHORIZED, "")
            .because("This is for machines, and no bearer token was sent.")
    }

    /// RFC 6750 §3.1: the token is none of ours, was revoked, or its time is over.
    pub(super) fn bad_token() -> Self {
        Self::of_token(StatusCode::UNAUTHORIZED, ", error=\"invalid_token\"")
            .because("The bearer token is not known, was revoked, or its time is over.")
    }

    /// RFC 6750 §3.1: the token is good, but for something else.
    pub(super) fn other_role() -> Self {
        Self::of_token(StatusCode::FORBIDDEN, ", error=\"insufficient_scope\"")
            .because("The bearer token is for something else.")
    }

    fn of_token(status: StatusCode, fault: &'static str) -> Self {
        Self { challenge: Challenge::Bearer(fault), ..Self::of(status) }
            .but("Ask the operator of this service for a token: `latchkey tokens issue`.")
    }

    /// B-09: what a service says is now is too far from the server's time.
    pub(super) fn not_now(minutes_max: i64, now: DateTime<Utc>) -> Self {
        let fact = Fact { name: "server_time".to_owned(), value: now.to_rfc3339() };
        Self { facts: vec![fact], ..Self::of(StatusCode::UNPROCESSABLE_ENTITY) }
            .by(const { RuleId::new("B-09") })
            .because(format!(
                "`at` is more than {minutes_max} minutes away from the server's time."
            ))
            .but("Ask at the moment of the logon, and set the service's clock right.")
    }

    /// P-05: the card left the reader before its log-in came back.
    pub(super) fn card_gone() -> Self {
        Self::of(StatusCode::FORBIDDEN)
            .by(const { RuleId::new("P-05") })
            .because(format!("{CARD_GONE}."))
            .but(CARD_GONE_WAY_OUT)
    }

    fn challenge(&self) -> Option<String> {
        match self.challenge {
            Challenge::Cookie if self.status() == StatusCode::UNAUTHORIZED => {
                Some(format!("Cookie realm=\"latchkey\", cookie-name=\"{SESSION_COOKIE}\""))
            }
            Challenge::Cookie => None,
            Challenge::Bearer(fault) => Some(format!("Bearer realm=\"latchkey\"{fault}")),
        }
    }

    /// The status.
    pub(super) fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (status, challenge) = (self.status(), self.challenge());
        let mut response = (status, Json(self)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        if status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(header::RETRY_AFTER, not_ready::RETRY_AFTER_SECS.into());
        }
        if let Some(challenge) = challenge.and_then(|challenge| challenge.parse().ok()) {
            headers.insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

/// When a passcode that is set expires, or expired, and what comes of it.
fn facts_of(status: &Status) -> Vec<Fact> {
    match status.standing {
        Standing::NotSet => vec![],
        Standing::Set { expires_on, locks_on, lapses_on, .. } => {
            days_of(status.kind, expires_on, locks_on, lapses_on)
        }
    }
}

/// P-17, P-18, B-21: when it expires, and when it locks the account or counts as not set.
fn days_of(
    kind: Kind,
    expires_on: NaiveDate,
    locks_on: Option<NaiveDate>,
    lapses_on: Option<NaiveDate>,
) -> Vec<Fact> {
    let fact = |what: &str, day: NaiveDate| Fact {
        name: format!("{}_{what}", kind.as_str()),
        value: day.to_string(),
    };
    let mut facts = vec![fact("expires_on", expires_on)];
    facts.extend(locks_on.map(|day| fact("locks_on", day)));
    facts.extend(lapses_on.map(|day| fact("lapses_on", day)));
    facts
}

/// What a status says by itself: why, and what to do.
fn words(status: StatusCode) -> (&'static str, &'static str) {
    match status {
        StatusCode::UNAUTHORIZED => ("You are not logged in.", "Log in with your smartcard."),
        StatusCode::FORBIDDEN => (
            "This is not yours to do, or the request came from another website.",
            "Start again with POST /api/log-ins.",
        ),
        StatusCode::NOT_FOUND => {
            ("There is nothing at this address.", "Look at /api/openapi.json for what there is.")
        }
        StatusCode::METHOD_NOT_ALLOWED => (
            "The address exists, but not for this method.",
            "Look at the header Allow for the methods there are.",
        ),
        StatusCode::CONFLICT => (
            "This and something else met, so it was not carried out.",
            "Look at how things stand now, then try again.",
        ),
        StatusCode::PAYLOAD_TOO_LARGE => {
            ("The body is longer than any that makes sense.", "Send less.")
        }
        StatusCode::UNSUPPORTED_MEDIA_TYPE => {
            ("The body is not JSON.", "Send JSON, with Content-Type: application/json.")
        }
        StatusCode::UNPROCESSABLE_ENTITY => (
            "The request was understood, but cannot be carried out as it is.",
            "Look at /api/openapi.json for what is expected.",
        ),
        StatusCode::LOCKED => (
            "The account is locked.",
            "Visit the registration authority of your organisation with your smartcard.",
        ),
        StatusCode::TOO_MANY_REQUESTS => {
            ("This was tried too often.", "Wait a little, then try again.")
        }
        StatusCode::SERVICE_UNAVAILABLE => {
            ("We are not ready to answer at the moment.", "Try again in a few seconds.")
        }
        status if status.is_server_error() => (
            "Something went wrong on our side.",
            "Try again later. What was finished before stays as it is.",
        ),
        _ => (
            "The request could not be understood.",
            "Look at /api/openapi.json for what is expected.",
        ),
    }
}
