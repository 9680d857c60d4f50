//! People: registered, reached, checked, given another card, gone (P-03, P-08, B-42, B-45, B-61).

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use axum_extra::extract::CookieJar;
use domain::{
    desk::CloseReason,
    ids::{CommandId, OrganisationCode},
    refusal::RuleId,
    staff::StaffAct,
};
use serde::{Deserialize, Serialize};
use stores::{token::TokenHash, vault::Person};
use utoipa::ToSchema;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::{
    super::{
        extract::{Desk, DeskFor, Sent, wiped},
        idempotency::{Answer, IdempotencyKey},
        jobs::Started,
        problem::Problem,
    },
    Asked, Done,
    allow::IdentityChecked,
    card::WhyCancelled,
};
use crate::{
    app::App,
    cookies::{BROWSER_COOKIE, token},
    desk::{
        check::{self, Checked, NotChecked, TOO_MANY_WAY_OUT},
        issue::{self, Newcomer},
        person,
    },
    execute::Cause,
    staff::acts::{
        ChangeContact, CheckRecoveryPasscode, CloseAccount, ErasePerson, RegisterPerson,
        ReplaceCard,
    },
};

/// Who somebody is, and how to reach him.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::rest) struct Contact {
    /// The name.
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    /// The contact address.
    #[schema(max_length = 254, format = Email)]
    email: String,
}

/// A person who is to be registered.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::rest) struct NewPerson {
    /// The name.
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    /// The contact address.
    #[schema(max_length = 254, format = Email)]
    email: String,
    /// B-59: where the person works.
    #[schema(value_type = String, pattern = "^[A-Z0-9]{1,12}$", examples("RXA"))]
    organisation: OrganisationCode,
    /// B-49: how the one who asks has seen who the person is; to vouch is not enough.
    check: IdentityChecked,
}

/// A job that makes a blank card somebody's.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::rest) struct Issuing {
    /// Whose it will be.
    holder: Uuid,
    /// The job: the person types the passcode of the new card at its page.
    #[serde(flatten)]
    started: Started,
}

/// Another card.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::rest) struct ReplacementWanted {
    /// Why the one before is out of use.
    reason: WhyCancelled,
    /// B-49: how the one who asks has seen who the person is; to vouch is not enough.
    check: IdentityChecked,
}

/// What a caller says.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::rest) struct Said {
    /// His account recovery passcode, as he says.
    #[schema(value_type = String, format = Password)]
    #[serde(deserialize_with = "wiped")]
    passcode: Zeroizing<String>,
}

/// What came of it, and nothing else.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::rest) struct CheckResult {
    /// Which.
    result: ResultShown,
}

/// What came of comparing a passcode.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum ResultShown {
    /// It is the one on record.
    Match,
    /// It is not.
    NoMatch,
    /// There is none.
    NoneOnRecord,
    /// It is not compared any more, after wrong ones.
    Blocked,
}

/// The end of an account.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::rest) struct Closure {
    /// Why.
    #[schema(value_type = WhyClosed)]
    reason: CloseReason,
    /// The word CLOSE.
    #[schema(examples("CLOSE"))]
    confirm: String,
}

/// B-45: why an account is closed.
#[derive(ToSchema)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "the description's words for the domain's reason")]
enum WhyClosed {
    /// The person has left.
    Left,
    /// The person was registered twice.
    RegisteredTwice,
    /// The person has died.
    Died,
    /// The service was misused.
    Misuse,
}

/// The end of all that is known of somebody.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::rest) struct Erasure {
    /// The word ERASE.
    #[schema(examples("ERASE"))]
    confirm: String,
}

/// P-03, B-49: registers a person who has shown who he is: a blank card in a reader of the desk becomes
/// his, with a passcode that he types himself.
#[utoipa::path(post, path = "/desk/people", operation_id = "register_person", tag = "desk", params(
        ("Idempotency-Key" = Option<uuid::Uuid>, Header, description =
        "A UUID of version 7. The same request under the same key is carried out once and answered with the same bytes for 24 hours.")),
    security(("session" = [], "browser" = [])), request_body = NewPerson, responses(
    (status = 202, description = "It waits for the blank card.", body = Issuing,
        headers(("location" = String, description = "Where to ask how far it is."))),
    (status = 401, description = "Nobody is logged in.",
        body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "The browser's cookie, which came with the log-in, is missing; or a rule says no (B-58, B-59).",
        body = Problem, content_type = "application/problem+json"),
    (status = "default", description = "A problem.",
        body = Problem, content_type = "application/problem+json"),
))]
pub(in crate::rest) async fn register(
    State(app): State<App>,
    Desk { member, .. }: Desk<RegisterPerson>,
    jar: CookieJar,
    key: IdempotencyKey,
    sent: Sent<NewPerson>,
) -> Result<Response, Problem> {
    let browser = token(&jar, BROWSER_COOKIE).ok_or_else(no_browser)?;
    let NewPerson { name, email, organisation, check } = sent.value;
    let person = details(&name, &email).map_err(|problem| *problem)?;
    let may = member.may_in(&app, StaffAct::RegisterPerson, &organisation);
    let warrant = may.map_err(|refusal| Problem::of_refusal(&refusal.into()))?;
    let act = b"POST /api/desk/people\0".as_slice();
    let request = [act, member.holder().0.as_bytes(), &browser.0, &sent.bytes].concat();
    let newcomer = Newcomer { person, organisation, check: check.into() };
    let work = async |command| {
        let begun = issue::register(&app, (&member, &warrant), newcomer, command, browser).await;
        let (holder, job) = begun.map_err(Problem::of_execute)?;
        let started = Started::now(&app, job);
        let location = started.location();
        Ok(Answer::accepted(location, &Issuing { holder: holder.0, started })?)
    };
    Ok(key.once(&app, &request, work).await?.into_response())
}

/// B-49, B-61: another card, for somebody who has shown who he is: a blank one in a reader of the desk
/// takes the place of the one before.
#[utoipa::path(post, path = "/desk/holders/{holder}/replacements", operation_id = "replace_card", tag = "desk", params(("holder" = Uuid, Path),
        ("Idempotency-Key" = Option<uuid::Uuid>, Header, description =
        "A UUID of version 7. The same request under the same key is carried out once and answered with the same bytes for 24 hours.")),
    security(("session" = [], "browser" = [])), request_body = ReplacementWanted, responses(
    (status = 202, description = "It waits for the blank card.", body = Issuing,
        headers(("location" = String, description = "Where to ask how far it is."))),
    (status = 401, description = "Nobody is logged in.",
        body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "The browser's cookie, which came with the log-in, is missing; or a rule says no (B-58, B-59, B-63).",
        body = Problem, content_type = "application/problem+json"),
    (status = 404, description = "There is no such person.",
        body = Problem, content_type = "application/problem+json"),
    (status = "default", description = "A problem.",
        body = Problem, content_type = "application/problem+json"),
))]
pub(in crate::rest) async fn replace(
    State(app): State<App>,
    desk: DeskFor<ReplaceCard>,
    jar: CookieJar,
    key: IdempotencyKey,
    sent: Sent<ReplacementWanted>,
) -> Result<Response, Problem> {
    let browser: TokenHash = token(&jar, BROWSER_COOKIE).ok_or_else(no_browser)?;
    if !desk.record.loaded.holder.is_registered() {
        let refusal = domain::holder::Refusal::NotRegistered;
        return Err(Problem::of_refusal(&refusal.into()));
    }
    let ReplacementWanted { reason, check } = sent.value;
    let (mandate, why) = (&desk.mandate, (reason.into(), check.into()));
    let asked = Asked::of("replace", mandate, &sent.bytes).bytes();
    let request = [asked.as_slice(), browser.0.as_slice()].concat();
    let work = async |command: CommandId| {
        let job = issue::replace(&app, (&desk.member, mandate), why, command, browser).await;
        let job = job.map_err(Problem::of_execute)?;
        let started = Started::now(&app, job);
        let location = started.location();
        Ok(Answer::accepted(location, &Issuing { holder: mandate.holder().0, started })?)
    };
    Ok(key.once(&app, &request, work).await?.into_response())
}

fn no_browser() -> Problem {
    Problem::of(StatusCode::FORBIDDEN)
        .because("The browser's cookie, which came with the log-in, is missing.")
}

fn details(name: &str, email: &str) -> Result<Person, Box<Problem>> {
    person::details(name, email).map_err(|fault| {
        let problem = Problem::of(StatusCode::UNPROCESSABLE_ENTITY);
        Box::new(problem.because(format!("{fault}.")))
    })
}

/// B-42: other contact details. The address that was there before is told.
#[utoipa::path(post, path = "/desk/holders/{holder}/contact", operation_id = "change_contact", tag = "desk", params(("holder" = Uuid, Path),
        ("Idempotency-Key" = Option<uuid::Uuid>, Header, description =
        "A UUID of version 7. The same request under the same key is carried out once and answered with the same bytes for 24 hours.")),
    security(("session" = [])), request_body = Contact, responses(
    (status = 200, description = "They are changed.", body = Done),
    (status = 401, description = "Nobody is logged in.",
        body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "A rule says no (B-58, B-59, B-63), or there is nothing to do.",
        body = Problem, content_type = "application/problem+json"),
    (status = 404, description = "There is no such person.",
        body = Problem, content_type = "application/problem+json"),
    (status = "default", description = "A problem.",
        body = Problem, content_type = "application/problem+json"),
))]
pub(in crate::rest) async fn change_contact(
    State(app): State<App>,
    desk: DeskFor<ChangeContact>,
    key: IdempotencyKey,
    sent: Sent<Contact>,
) -> Result<Response, Problem> {
    let person = details(&sent.value.name, &sent.value.email).map_err(|problem| *problem)?;
    let asked = Asked::of("change-contact", &desk.mandate, &sent.bytes);
    let work = async |command| {
        let cause = Cause::first(command);
        let done = person::change_contact(&app, &desk.mandate, cause, &person).await;
        done.map_err(Problem::of_execute)?;
        Ok(Done::about(&desk.mandate))
    };
    asked.once(&app, key, work).await
}

const B41: RuleId = RuleId::new("B-41");

/// P-08, B-41: compares what a caller says with his account recovery passcode. A match is remembered: the
/// holder is asked to change it.
#[utoipa::path(post, path = "/desk/holders/{holder}/recovery-passcode-checks", operation_id = "check_recovery_passcode", tag = "desk", params(("holder" = Uuid, Path),
        ("Idempotency-Key" = Option<uuid::Uuid>, Header, description =
        "A UUID of version 7. The same request under the same key is carried out once and answered with the same bytes for 24 hours.")),
    security(("session" = [])), request_body = Said, responses(
    (status = 200, description = "What came of it.", body = CheckResult),
    (status = 401, description = "Nobody is logged in.",
        body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "A rule says no (B-58, B-59, B-63), or there is nothing to do.",
        body = Problem, content_type = "application/problem+json"),
    (status = 404, description = "There is no such person.",
        body = Problem, content_type = "application/problem+json"),
    (status = "default", description = "A problem.",
        body = Problem, content_type = "application/problem+json"),
))]
pub(in crate::rest) async fn check_recovery_passcode(
    State(app): State<App>,
    desk: DeskFor<CheckRecoveryPasscode>,
    key: IdempotencyKey,
    sent: Sent<Said>,
) -> Result<Response, Problem> {
    let asked = Asked::of("check-recovery-passcode", &desk.mandate, &sent.bytes);
    let work = async |command| {
        let (cause, said) = (Cause::first(command), &sent.value.passcode);
        let checked = check::recovery_passcode(&app, &desk.mandate, cause, said).await;
        let result = match checked {
            Ok(Checked::Match) => ResultShown::Match,
            Ok(Checked::NoMatch) => ResultShown::NoMatch,
            Ok(Checked::NoneOnRecord) => ResultShown::NoneOnRecord,
            Ok(Checked::Blocked) => ResultShown::Blocked,
            Err(NotChecked::Refused(error)) => return Err(Problem::of_execute(error)),
            Err(error @ NotChecked::TooMany { on }) => {
                let problem = Problem::of(StatusCode::TOO_MANY_REQUESTS).by(B41);
                let problem = problem.because(format!("{error}."));
                return Err(problem.changing_on(on).but(TOO_MANY_WAY_OUT));
            }
            Err(error @ NotChecked::TooManyThisHour { .. }) => {
                let problem = Problem::of(StatusCode::TOO_MANY_REQUESTS);
                return Err(problem.because(format!("{error}.")));
            }
            Err(NotChecked::Busy) => return Err(Problem::of(StatusCode::SERVICE_UNAVAILABLE)),
        };
        Ok(CheckResult { result })
    };
    asked.once(&app, key, work).await
}

/// B-45: closes the account: certificates, card, roles, assignments, registration and sessions end.
#[utoipa::path(post, path = "/desk/holders/{holder}/closure", operation_id = "close_account", tag = "desk", params(("holder" = Uuid, Path),
        ("Idempotency-Key" = Option<uuid::Uuid>, Header, description =
        "A UUID of version 7. The same request under the same key is carried out once and answered with the same bytes for 24 hours.")),
    security(("session" = [])), request_body = Closure, responses(
    (status = 200, description = "It is closed, now or before.", body = Done),
    (status = 401, description = "Nobody is logged in.",
        body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "A rule says no (B-58, B-59, B-63), or there is nothing to do.",
        body = Problem, content_type = "application/problem+json"),
    (status = 404, description = "There is no such person.",
        body = Problem, content_type = "application/problem+json"),
    (status = "default", description = "A problem.",
        body = Problem, content_type = "application/problem+json"),
))]
pub(in crate::rest) async fn close(
    State(app): State<App>,
    desk: DeskFor<CloseAccount>,
    key: IdempotencyKey,
    sent: Sent<Closure>,
) -> Result<Response, Problem> {
    if sent.value.confirm != "CLOSE" {
        return Err(not_confirmed("Send the word CLOSE in `confirm`."));
    }
    let asked = Asked::of("close", &desk.mandate, &sent.bytes);
    let work = async |command| {
        let (cause, reason) = (Cause::first(command), sent.value.reason);
        let done =
            person::close(&app, &desk.member, &desk.record, &desk.mandate, (cause, reason)).await;
        done.map_err(Problem::of_execute)?;
        Ok(Done::about(&desk.mandate))
    };
    asked.once(&app, key, work).await
}

/// Erases the person of a closed account: name, address and every secret. What happened stays.
#[utoipa::path(post, path = "/desk/holders/{holder}/erasure", operation_id = "erase_person", tag = "desk", params(("holder" = Uuid, Path),
        ("Idempotency-Key" = Option<uuid::Uuid>, Header, description =
        "A UUID of version 7. The same request under the same key is carried out once and answered with the same bytes for 24 hours.")),
    security(("session" = [])), request_body = Erasure, responses(
    (status = 200, description = "Nothing of the person is left.", body = Done),
    (status = 401, description = "Nobody is logged in.",
        body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "A rule says no (B-58, B-59, B-63), or there is nothing to do.",
        body = Problem, content_type = "application/problem+json"),
    (status = 404, description = "There is no such person.",
        body = Problem, content_type = "application/problem+json"),
    (status = "default", description = "A problem.",
        body = Problem, content_type = "application/problem+json"),
))]
pub(in crate::rest) async fn erase(
    State(app): State<App>,
    desk: DeskFor<ErasePerson>,
    key: IdempotencyKey,
    sent: Sent<Erasure>,
) -> Result<Response, Problem> {
    if sent.value.confirm != "ERASE" {
        return Err(not_confirmed("Send the word ERASE in `confirm`."));
    }
    let asked = Asked::of("erase", &desk.mandate, &sent.bytes);
    let work = async |command| {
        let done = person::erase(&app, &desk.mandate, Cause::first(command)).await;
        done.map_err(Problem::of_execute)?;
        Ok(Done::about(&desk.mandate))
    };
    asked.once(&app, key, work).await
}

fn not_confirmed(way_out: &'static str) -> Problem {
    Problem::of(StatusCode::UNPROCESSABLE_ENTITY)
        .because("It cannot be undone, and was not confirmed.")
        .but(way_out)
}
