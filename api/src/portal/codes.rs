//! A code that was mailed, from the facts to the words of its page, for registration and unlock.

use chrono::{DateTime, Utc};
use domain::{
    refusal::Refusal,
    self_service::{self, SentCode},
};

use super::{
    errors::PageError,
    refused, time,
    view::{
        code::{CodeFault, CodeView},
        problem::ProblemKind,
    },
};
use crate::{app::App, codes::NotDone};

/// Seconds of a minute.
const MINUTE: u32 = 60;

/// What is known of the code that is awaited.
pub(super) struct Awaited<'a> {
    /// The newest, if one could be sent.
    pub(super) sent: Option<&'a SentCode>,
    /// Where it went, masked.
    pub(super) address: Option<&'a str>,
    /// B-36: from when on another may be asked for; none if now.
    pub(super) next_at: Option<DateTime<Utc>>,
    /// True if its mail was refused, or did not get through in time.
    pub(super) undeliverable: bool,
}

/// How many minutes a code is good.
pub(super) fn minutes(app: &App) -> u32 {
    u32::from(app.policy().code_seconds) / MINUTE
}

/// In words; `fault` is what was wrong with the last entry.
pub(super) fn view(app: &App, awaited: &Awaited<'_>, fault: Option<CodeFault>) -> CodeView {
    let sent = awaited.sent;
    let wrong = sent.map_or(0, |sent| sent.wrong);
    let standing = sent.and_then(|sent| over(app, sent));
    let is_good = sent.is_some() && standing.is_none();
    let left = app.policy().code_wrong_max.saturating_sub(wrong);
    CodeView {
        sent: sent.is_some(),
        to: awaited.address.unwrap_or("your registered address").to_owned(),
        reference: format!("code {}", sent.map_or(1, |sent| sent.number)),
        until: sent.map_or_else(String::new, |sent| time(app, sent.expires_at)),
        minutes: minutes(app),
        tries_left: (is_good && 0 < wrong).then_some(left),
        fault: standing.or(fault),
        again_at: awaited.next_at.map(|at| time(app, pages::minute_from(at))),
        undeliverable: awaited.undeliverable,
        sent_again: false,
    }
}

/// Why the newest code is not good any more, whatever was entered.
fn over(app: &App, sent: &SentCode) -> Option<CodeFault> {
    if sent.voided {
        Some(CodeFault::Void)
    } else if sent.expires_at <= app.now() {
        Some(CodeFault::Expired)
    } else {
        None
    }
}

/// What is said at the field, if that is where it belongs.
pub(super) fn fault(refusal: &Refusal) -> Option<CodeFault> {
    let Refusal::SelfService(refusal) = refusal else { return None };
    match refusal {
        self_service::Refusal::CodeWrong { .. } => Some(CodeFault::Wrong),
        self_service::Refusal::CodeSuperseded => Some(CodeFault::Superseded),
        self_service::Refusal::CodeExpired => Some(CodeFault::Expired),
        self_service::Refusal::CodeVoid => Some(CodeFault::Void),
        self_service::Refusal::CodeTooSoon { .. } | self_service::Refusal::TooManyCodes { .. } => {
            Some(CodeFault::TooSoon)
        }
        self_service::Refusal::NotFourQuestions
        | self_service::Refusal::AddressNotAllowed
        | self_service::Refusal::Blocked
        | self_service::Refusal::RegistrationOver
        | self_service::Refusal::NoFlow
        | self_service::Refusal::TooManyForms
        | self_service::Refusal::AlreadyJudged
        | self_service::Refusal::AnswersWrong { .. }
        | self_service::Refusal::CodeUsed
        | self_service::Refusal::RecoveryPasscodeNotSet
        | self_service::Refusal::RecoveryPasscodeWrong { .. }
        | self_service::Refusal::RecoveryPasscodeBlocked
        | self_service::Refusal::PasscodeTimeOver => None,
    }
}

/// The page for what has no place at a field.
pub(super) fn not_done(app: &App, error: NotDone) -> PageError {
    match error {
        NotDone::Refused(refusal) => PageError::Refused(Box::new(refused(app, &refusal))),
        NotDone::Incomplete(_) | NotDone::NotAPasscode(_) => {
            PageError::Problem(ProblemKind::Unprocessable)
        }
        NotDone::Busy => PageError::Problem(ProblemKind::Unavailable),
        NotDone::Failed(error) => PageError::Failed(error),
    }
}
