//! What each event makes of the self-service part. Total: history is never refused.

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    CodePurpose, SelfService, SentCode,
    state::{Pending, Registration, Step, Underway},
};
use crate::{
    certificate::RevocationReason,
    desk::Helper,
    holder::{HolderEvent, Origin},
    ids::{CommandId, SecretRef},
    passcode::{Kind, OptionalKind},
    policy::NOT_ME_HOURS_MAX,
    unlock::Means,
};

/// The most unlocks without an end that are remembered.
const UNFINISHED_MAX: usize = 8;

/// B-42: for how long an address that was in force before is kept, so that it can be told, in hours:
/// for as long as its mail can be answered by "this was not me" (B-57), and then for longer than the
/// mail about that is tried.
const FORMER_HOURS: i64 = NOT_ME_HOURS_MAX as i64 + 49;

/// The most of them that are kept; more cannot be made in that time (B-36).
const FORMERS_MAX: usize = 256;

impl SelfService {
    /// The state after an event of `at`. Events of other parts change nothing here.
    #[must_use]
    #[expect(clippy::too_many_lines, reason = "a table: an event and what it makes of the state")]
    pub(crate) fn evolve(mut self, at: DateTime<Utc>, event: &HolderEvent) -> Self {
        let told = |replaced_at: DateTime<Utc>| replaced_at + TimeDelta::hours(FORMER_HOURS) <= at;
        self.formers.retain(|(_, replaced_at)| !told(*replaced_at));
        match event {
            HolderEvent::RegistrationBegun { registration, card, on, answers, email } => {
                let (registration, card, email, on) = (*registration, card.clone(), *email, *on);
                let answers = answers.clone();
                let registration = Registration { registration, card, answers, email, on };
                self.awaiting = Some(Pending { registration, begun_at: at });
            }
            HolderEvent::RegistrationCompleted { registration, on, former } => {
                let completed = self.awaiting.take();
                let completed = completed.map(|pending| pending.registration);
                if let Some(completed) = completed.filter(|one| one.registration == *registration) {
                    self.registered(Registration { on: *on, ..completed });
                    self.replaced(at, *former);
                }
            }
            HolderEvent::RegistrationCancelled { .. } => self.awaiting = None,
            HolderEvent::RegistrationRedirected { email, .. } => {
                if let Some(pending) = &mut self.awaiting {
                    pending.registration.email = *email;
                }
            }
            HolderEvent::CodeSent { purpose, flow, code, key, number, to, expires_at, .. } => {
                let (code, key, number, to, expires_at) = (*code, *key, *number, *to, *expires_at);
                let (sent_at, wrong, voided) = (at, 0, false);
                let sent = SentCode { code, key, number, sent_at, expires_at, to, wrong, voided };
                self.codes.sent(at, *purpose, *flow, sent);
            }
            HolderEvent::CodeRefused { purpose, code, wrong, .. } => {
                self.codes.refused(*purpose, *code, *wrong);
            }
            HolderEvent::CodeVoided { purpose, code, .. } => self.codes.voided(at, *purpose, *code),
            HolderEvent::CodeAccepted { purpose: CodePurpose::Unlock, flow, .. } => {
                self.step(*flow, Step::Passcode { since: at }, None);
            }
            HolderEvent::UnlockPaused { until } => self.codes.paused_until = Some(*until),
            HolderEvent::UnlockStarted { unlock, card, .. } => {
                self.leave();
                let (step, by) = match (self.assisted_by(card, at), &self.active) {
                    (Some(Helper::Authority), _) => (Step::Passcode { since: at }, Means::Desk),
                    (Some(Helper::Sponsor), Some(_)) => (Step::Code, Means::Sponsor),
                    (Some(Helper::Sponsor), None) => (Step::RecoveryPasscode, Means::Sponsor),
                    (None, Some(_)) => (Step::Questions, Means::Questions),
                    (None, None) => (Step::RecoveryPasscode, Means::RecoveryPasscode),
                };
                let (unlock, card, started_at) = (*unlock, card.clone(), at);
                self.unlock = Some(Underway { unlock, card, started_at, step, by });
                self.refused = None;
            }
            HolderEvent::QuestionsDrawn { order } => self.series.clone_from(order),
            HolderEvent::UnlockRefused { unlock, reason, .. } => {
                self.refused = Some((*unlock, *reason));
            }
            HolderEvent::AnswersWrong { failures, .. } => self.failures = *failures,
            HolderEvent::SelfServiceBlocked { on, .. } => self.blocked_on = Some(*on),
            HolderEvent::AnswersRight { unlock, .. } => {
                self.failures = 0;
                self.series.clear();
                self.step(*unlock, Step::Code, Some(Means::Questions));
            }
            HolderEvent::RecoveryPasscodeWrong { unlock, failures } => {
                self.recovery_failures = *failures;
                self.step(*unlock, Step::Wrong, None);
            }
            HolderEvent::RecoveryPasscodeBlocked { on } => self.recovery_blocked_on = Some(*on),
            HolderEvent::RecoveryPasscodeRight { unlock, needs_code } => {
                let step = if *needs_code { Step::Code } else { Step::Passcode { since: at } };
                let assisted = self.unlock.as_ref().is_some_and(|open| open.by.is_assisted());
                self.step(*unlock, step, (!assisted).then_some(Means::RecoveryPasscode));
            }
            HolderEvent::UnlockCompleted { unlock, .. } => {
                self.assisted = None;
                self.step(*unlock, Step::Done, None);
            }
            HolderEvent::Desk(event) => self.of_desk(at, event),
            // Whatever an unlock may have written before is not what the card has now.
            HolderEvent::PasscodeSet { kind: Kind::Smartcard, origin: Origin::Unlock, .. }
            | HolderEvent::PasscodeChangedElsewhere { .. } => self.unfinished.clear(),
            HolderEvent::PasscodeSet {
                kind: Kind::Smartcard,
                origin: Origin::Change | Origin::Registration | Origin::Replacement,
                ..
            } => {
                self.unfinished.clear();
                self.unlock = self.unlock.filter(|underway| underway.step == Step::Done);
            }
            HolderEvent::PasscodeSet { kind: Kind::AccountRecovery, .. }
            | HolderEvent::PasscodeBlanked { kind: OptionalKind::AccountRecovery, .. } => {
                self.recovery_failures = 0;
                self.recovery_blocked_on = None;
            }
            // B-45: a registration is the person's; what is under way is the card's.
            HolderEvent::CardIssued(_) => self.leave_card(),
            HolderEvent::CertificatesRevoked { reason, .. } => {
                self.leave_card();
                if *reason == RevocationReason::Compromised {
                    self.drop_registration();
                }
            }
            HolderEvent::HolderRegistered {}
            | HolderEvent::UsedBeforeRefused { .. }
            | HolderEvent::SelfServiceRefused { .. }
            | HolderEvent::HistoryCyclingFlagged { .. }
            | HolderEvent::LogonRefused { .. }
            | HolderEvent::AlertRaised { .. }
            | HolderEvent::AlertDeclined { .. }
            | HolderEvent::RenewalForced { .. }
            | HolderEvent::LockAnnounced { .. }
            | HolderEvent::AccountLocked { .. }
            | HolderEvent::RestrictedSessionOpened { .. }
            | HolderEvent::CardUpdateBegun { .. }
            | HolderEvent::CardUpdateResumed { .. }
            | HolderEvent::CardWriteOpened { .. }
            | HolderEvent::CardKeyMade { .. }
            | HolderEvent::CardKeyKept(_)
            | HolderEvent::CertificateIssued { .. }
            | HolderEvent::CertificateAbandoned { .. }
            | HolderEvent::CertificateWritten { .. }
            | HolderEvent::CertificatesRenewed { .. }
            | HolderEvent::CardUpdateAbandoned { .. }
            | HolderEvent::RenewalAcknowledged { .. }
            | HolderEvent::RenewalAuthorised { .. }
            | HolderEvent::CertificateAlertRaised { .. }
            | HolderEvent::RaRenewalNeeded { .. }
            | HolderEvent::RenewalObstructed { .. }
            | HolderEvent::RenewalDeferred { .. }
            | HolderEvent::CodeAccepted { purpose: CodePurpose::Registration, .. }
            | HolderEvent::PasscodeSet { kind: Kind::Verification, .. }
            | HolderEvent::PasscodeBlanked { kind: OptionalKind::Verification, .. }
            | HolderEvent::PukRecorded { .. }
            | HolderEvent::PukReleased { .. }
            | HolderEvent::PukProbed { .. }
            | HolderEvent::PukSettled { .. }
            | HolderEvent::PukRuledOut { .. }
            | HolderEvent::PukLost { .. }
            | HolderEvent::PukReplaced { .. } => {}
        }
        self
    }

    /// B-33, B-43: another registration takes the place of the one before, and what was asked
    /// about the old questions, or goes to the old address, is over.
    fn registered(&mut self, completed: Registration) {
        self.active = Some(completed);
        self.failures = 0;
        self.series.clear();
        let is_past = |step: Step| matches!(step, Step::Passcode { .. } | Step::Done);
        if self.unlock.as_ref().is_some_and(|underway| !is_past(underway.step)) {
            self.unlock = None;
        }
    }

    /// B-33, B-45: strikes are of a registration, and so is what they have led to.
    pub(super) fn drop_registration(&mut self) {
        self.active = None;
        self.series.clear();
        self.failures = 0;
        self.blocked_on = None;
    }

    /// B-42: the address that was there before is to be told.
    pub(super) fn replaced(&mut self, at: DateTime<Utc>, former: Option<SecretRef>) {
        self.formers.extend(former.map(|email| (email, at)));
        let surplus = self.formers.len().saturating_sub(FORMERS_MAX);
        self.formers.drain(..surplus);
    }

    /// Nothing that was begun with the card goes on.
    pub(super) fn leave_card(&mut self) {
        self.assisted = None;
        self.awaiting = None;
        self.unlock = None;
        self.unfinished.clear();
    }

    /// The unlock that was under way is left for another one.
    pub(super) fn leave(&mut self) {
        let Some(left) = self.unlock.take() else { return };
        match left.step {
            Step::Passcode { .. } => {
                self.unfinished.push(left.unlock);
                let surplus = self.unfinished.len().saturating_sub(UNFINISHED_MAX);
                self.unfinished.drain(..surplus);
            }
            Step::Questions | Step::RecoveryPasscode | Step::Code | Step::Wrong | Step::Done => {}
        }
    }

    fn step(&mut self, unlock: CommandId, step: Step, by: Option<Means>) {
        let Some(underway) = &mut self.unlock else { return };
        if underway.unlock == unlock {
            underway.step = step;
            underway.by = by.unwrap_or(underway.by);
        }
    }
}
