//! A smartcard that must open nothing any more (C-15, B-61), and what is done for a caller who has it not
//! and proves who he is by his account recovery passcode (P-08, B-57).

use axum::{extract::State, response::Response};
use domain::{
    certificate::RevocationReason,
    desk::{CancelReason, SuspensionReason},
    ids::{CommandId, EventId},
    refusal::RuleId,
    staff::StaffAct,
};
use serde::Deserialize;
use zeroize::Zeroizing;

use super::{
    super::{
        errors::PageError,
        view::{
            desk::form::{Choice, Control, Field, choices, chosen},
            paths,
            problem::ProblemKind,
            refusal::{RefusalView, rule_link},
        },
        visitor::DeskFor,
    },
    At, Words,
    card::Reason,
    done::Done,
    sent::Sent,
};
use crate::{
    app::App,
    desk::{
        card,
        check::{self, Checked, NotChecked},
    },
    execute::Cause,
    staff::acts::{CancelCard, CheckRecoveryPasscode, Revoke},
};

/// B-61: the form.
pub(super) async fn cancel_page(
    State(app): State<App>,
    desk: DeskFor<CancelCard>,
) -> Result<Response, PageError> {
    ask_cancel(&At::the(&app, &desk), false).await
}

/// B-61: the smartcard is out of use.
pub(super) async fn cancel(
    State(app): State<App>,
    desk: DeskFor<CancelCard>,
    sent: Sent<Reason>,
) -> Result<Response, PageError> {
    let at = At::the(&app, &desk);
    let reason = chosen(&CancelReason::AT_DESK, CancelReason::as_str, &sent.form.reason);
    let Some(reason) = reason else { return ask_cancel(&at, true).await };
    let Some(cause) = at.cause(&sent).await? else { return ask_cancel(&at, false).await };
    match card::cancel(&app, &desk.mandate, cause, reason).await {
        Ok(()) => Ok(at.done(Done::CancelCard)),
        Err(error) => at.not_done(error).await,
    }
}

async fn ask_cancel(at: &At<'_>, was_sent: bool) -> Result<Response, PageError> {
    let words = Words {
        title: "Cancel a smartcard",
        says: vec![
            "If the person needs another smartcard, replace it instead. If it may turn up again, suspend its certificates.".to_owned(),
        ],
        warnings: vec![
            "The smartcard is out of use for ever, and certificates that are still good are revoked at once, everywhere.",
            "All sessions of the person end.",
        ],
        button: "Cancel the smartcard",
    };
    let choices = choices(&CancelReason::AT_DESK, CancelReason::as_str, CancelReason::words);
    let field = Field::radios("reason", "Why?", choices);
    at.ask(paths::CANCEL_CARD, words, vec![field.faulty_if(was_sent, "Select why")]).await
}

/// What has to be typed.
const REVOKE: &str = "REVOKE";

/// A revocation, as a form says it.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Revocation {
    reason: String,
    confirm: String,
}

impl Revocation {
    fn reason(&self) -> Option<RevocationReason> {
        chosen(&RevocationReason::ALL, RevocationReason::as_str, &self.reason)
    }

    fn is_confirmed(&self) -> bool {
        self.confirm.trim() == REVOKE
    }
}

/// C-15: the form.
pub(super) async fn revoke_page(
    State(app): State<App>,
    desk: DeskFor<Revoke>,
) -> Result<Response, PageError> {
    ask_revoke(&At::the(&app, &desk), &Revocation::default(), false).await
}

/// C-15: the certificates are revoked, for ever.
pub(super) async fn revoke(
    State(app): State<App>,
    desk: DeskFor<Revoke>,
    sent: Sent<Revocation>,
) -> Result<Response, PageError> {
    let at = At::the(&app, &desk);
    let reason = sent.form.reason().filter(|_| sent.form.is_confirmed());
    let Some(reason) = reason else { return ask_revoke(&at, &sent.form, true).await };
    let Some(cause) = at.cause(&sent).await? else {
        return ask_revoke(&at, &sent.form, false).await;
    };
    match card::revoke(&app, &desk.mandate, cause, reason).await {
        Ok(()) => Ok(at.done(Done::Revoke)),
        Err(error) => at.not_done(error).await,
    }
}

async fn ask_revoke(at: &At<'_>, sent: &Revocation, was_sent: bool) -> Result<Response, PageError> {
    let words = Words {
        title: "Revoke certificates",
        says: vec![
            "Make sure that it is the person who asks, or that you know of it for certain. For somebody who calls, go by the account recovery passcode. If it may turn out to be nothing, suspend the certificates instead.".to_owned(),
        ],
        warnings: vec![
            "Both certificates on the smartcard stop working at once, everywhere.",
            "All sessions of the person end. The person needs another smartcard.",
        ],
        button: "Revoke the certificates",
    };
    let all = &RevocationReason::ALL;
    let choices = choices(all, RevocationReason::as_str, RevocationReason::words);
    let fields = vec![
        Field::radios("reason", "Why?", choices)
            .with_value(sent.reason.as_str())
            .faulty_if(was_sent && sent.reason().is_none(), "Select why"),
        Field::text("confirm", "Enter REVOKE to confirm", 10)
            .with_hint("In capital letters")
            .faulty_if(
                was_sent && !sent.is_confirmed(),
                "Enter REVOKE in capital letters to confirm",
            ),
    ];
    at.ask(paths::REVOKE, words, fields).await
}

/// What can be done for a caller.
#[derive(Clone, Copy)]
enum ForCaller {
    Suspend(SuspensionReason),
    Revoke(RevocationReason),
}

/// Which of a command's derived ids is what is done for a caller, after the check.
const ACT: u32 = 8_000;

const FOR_CALLERS: [(&str, ForCaller, &str); 4] = [
    (
        "mislaid",
        ForCaller::Suspend(SuspensionReason::Mislaid),
        "suspend the certificates, because the smartcard cannot be found and may turn up again",
    ),
    (
        "suspected",
        ForCaller::Suspend(SuspensionReason::Suspected),
        "suspend the certificates, because somebody else may have used the smartcard",
    ),
    (
        "lost_or_stolen",
        ForCaller::Revoke(RevocationReason::LostOrStolen),
        "revoke the certificates for ever, because the smartcard is lost or stolen",
    ),
    (
        "compromised",
        ForCaller::Revoke(RevocationReason::Compromised),
        "revoke the certificates for ever, because somebody else knows the passcode",
    ),
];

/// What a caller says and wants. No `Debug`: there is a passcode in it.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Call {
    passcode: String,
    act: String,
}

impl Call {
    fn act(&self) -> Option<ForCaller> {
        FOR_CALLERS.into_iter().find(|(name, ..)| *name == self.act).map(|(_, act, _)| act)
    }
}

/// P-08, B-57: the form.
pub(super) async fn caller_page(
    State(app): State<App>,
    desk: DeskFor<CheckRecoveryPasscode>,
) -> Result<Response, PageError> {
    ask_caller(&At::the(&app, &desk), &Call::default(), false).await
}

/// P-08, B-57: what the caller says is compared first; then, and only if it matches, it is done.
pub(super) async fn caller(
    State(app): State<App>,
    desk: DeskFor<CheckRecoveryPasscode>,
    mut sent: Sent<Call>,
) -> Result<Response, PageError> {
    let at = At::the(&app, &desk);
    let Some(act) = sent.form.act().filter(|_| !sent.form.passcode.is_empty()) else {
        return ask_caller(&at, &sent.form, true).await;
    };
    let Some(cause) = at.cause(&sent).await? else {
        return ask_caller(&at, &sent.form, false).await;
    };
    // Whoever may check and not suspend or revoke is told so before anything is compared.
    let needed = match act {
        ForCaller::Suspend(_) => StaffAct::Suspend,
        ForCaller::Revoke(_) => StaffAct::Revoke,
    };
    let mandate = match at.member.may_about(&app, needed, at.record) {
        Ok(mandate) => mandate,
        Err(refusal) => return at.refused(&refusal.into()).await,
    };
    let said = Zeroizing::new(std::mem::take(&mut sent.form.passcode));
    match check::recovery_passcode(&app, &desk.mandate, cause, &said).await {
        Ok(Checked::Match) => {}
        Ok(checked) => return not_identified(&at, checked).await,
        Err(NotChecked::Refused(error)) => return at.not_done(error).await,
        Err(error @ NotChecked::TooMany { on }) => {
            return at.too_many(&error, on).await;
        }
        Err(NotChecked::TooManyThisHour { .. }) => {
            return Err(PageError::Problem(ProblemKind::TooManyRequests));
        }
        Err(NotChecked::Busy) => return Err(PageError::Problem(ProblemKind::Unavailable)),
    }
    let cause = Cause { command: CommandId(EventId::derive(cause.command, ACT).0), ..cause };
    let (done, carried_out) = match act {
        ForCaller::Suspend(reason) => {
            (Done::Suspend, card::suspend(&app, &mandate, cause, reason).await)
        }
        ForCaller::Revoke(reason) => {
            (Done::Revoke, card::revoke(&app, &mandate, cause, reason).await)
        }
    };
    match carried_out {
        Ok(()) => Ok(at.done(done)),
        Err(error) => at.not_done(error).await,
    }
}

/// Nothing was done, and what else can be.
async fn not_identified(at: &At<'_>, checked: Checked) -> Result<Response, PageError> {
    let (rule, why) = match checked {
        Checked::Match | Checked::NoMatch => {
            (P08, "What the caller said is not the account recovery passcode on record")
        }
        Checked::NoneOnRecord => (P08, "The person has set no account recovery passcode"),
        Checked::Blocked => (
            const { RuleId::new("B-41") },
            "The account recovery passcode is not compared any more, after too many wrong ones",
        ),
    };
    at.explain(RefusalView {
        rule: Some(rule_link(rule.as_str())),
        why: format!("{why}. Nothing was done"),
        facts: Vec::new(),
        changes_on: None,
        way_out: "Ask the caller to come with a document, to revoke the certificates with the smartcard in the portal, or to answer one of our emails with “this was not me”. If you believe that somebody else has the smartcard, suspend its certificates: that can be ended.".to_owned(),
    })
    .await
}

const P08: RuleId = RuleId::new("P-08");

async fn ask_caller(at: &At<'_>, sent: &Call, was_sent: bool) -> Result<Response, PageError> {
    let words = Words {
        title: "Suspend or revoke for a caller",
        says: vec![
            "Type what the caller says. It is compared with the account recovery passcode on record, and only if it matches is anything done. What you type is kept nowhere.".to_owned(),
        ],
        warnings: Vec::new(),
        button: "Compare, and do it",
    };
    let choices = FOR_CALLERS.map(|(name, _, text)| Choice::new(name, text));
    let fields = vec![
        Field::new("passcode", "What does the caller say?", Control::Secret)
            .faulty_if(was_sent && sent.passcode.is_empty(), "Enter what the caller says"),
        Field::radios("act", "What does the caller want?", choices.to_vec())
            .with_value(sent.act.as_str())
            .faulty_if(was_sent && sent.act().is_none(), "Select what the caller wants"),
    ];
    at.ask(paths::FOR_CALLER, words, fields).await
}
