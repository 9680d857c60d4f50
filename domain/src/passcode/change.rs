//! One press of *Update*: all of it or nothing (B-28).

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::{Kind, OptionalKind, Passcodes, Refusal, Standing, Status};
use crate::{
    calendar::Phase,
    context::Context,
    desk::DeskEvent,
    holder::{HolderEvent, Origin},
    ids::SecretRef,
    logon::{Authenticated, SESSION_HOURS_MAX},
};

/// What is to be changed, after the vault has found every new value fresh and holds its digest.
///
/// P-20: it cannot be written down without the proof that holder and card were authenticated.
/// ```compile_fail
/// let changes = domain::passcode::Changes {
///     smartcard: None,
///     account_recovery: domain::passcode::Optional::Keep,
///     verification: domain::passcode::Optional::Blank,
/// };
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changes {
    /// P-20, P-25: who agreed, with which card.
    pub proof: Authenticated,
    /// B-10: when the session was opened in which it was asked for.
    pub logged_on_at: DateTime<Utc>,
    /// When it was asked for. A card that was torn out may tell much later what became of it.
    pub asked_at: DateTime<Utc>,
    /// P-03: changed or kept; a blank smartcard passcode cannot be written down.
    pub smartcard: Option<CardChange>,
    /// What becomes of the account recovery passcode.
    pub account_recovery: Optional,
    /// What becomes of the verification passcode.
    pub verification: Optional,
}

/// A new smartcard passcode, written to the card and read back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CardChange {
    /// Where the vault keeps its tag.
    pub secret: SecretRef,
}

/// What to do with a passcode that a holder may live without.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Optional {
    /// P-21: nothing.
    Keep,
    /// It has a new value, whose digest the vault keeps here.
    Set(SecretRef),
    /// P-24: it is removed.
    Blank,
}

impl Changes {
    /// B-10: what a session may do was decided when it was opened, and holds until it ends.
    pub(crate) fn judged_at(&self, ctx: &Context<'_>) -> DateTime<Utc> {
        let asked_at = self.asked_at.min(ctx.now);
        self.logged_on_at.clamp(asked_at - TimeDelta::hours(SESSION_HOURS_MAX), asked_at)
    }

    /// The values that this change sets.
    fn sets(&self) -> impl Iterator<Item = (Kind, SecretRef)> {
        let smartcard = self.smartcard.map(|change| (Kind::Smartcard, change.secret));
        let optionals = self.optionals().into_iter().filter_map(|(kind, wanted)| match wanted {
            Optional::Set(secret) => Some((kind.kind(), secret)),
            Optional::Keep | Optional::Blank => None,
        });
        smartcard.into_iter().chain(optionals)
    }

    /// The kinds that this change removes.
    fn blanks(&self) -> impl Iterator<Item = OptionalKind> {
        self.optionals()
            .into_iter()
            .filter(|(_, wanted)| *wanted == Optional::Blank)
            .map(|(kind, _)| kind)
    }

    fn optionals(&self) -> [(OptionalKind, Optional); 2] {
        [
            (OptionalKind::AccountRecovery, self.account_recovery),
            (OptionalKind::Verification, self.verification),
        ]
    }
}

impl Passcodes {
    /// P-01, P-19, P-21, P-24, B-26, B-28: one event per change, then what is flagged. B-30: by
    /// leave of the registration authority a change that cures all that is overdue unlocks the
    /// account.
    ///
    /// A reference names one setting for ever, so a change whose references are known already is a
    /// repeat, and nothing follows from it.
    pub(crate) fn change(
        &self,
        ctx: &Context<'_>,
        changes: &Changes,
        by_leave: bool,
    ) -> Result<Vec<HolderEvent>, Refusal> {
        if changes.sets().any(|(kind, secret)| self.knows(kind, secret)) {
            return Ok(vec![]);
        }
        let unlocks = self.may_change(&ctx.at(changes.judged_at(ctx)), changes, by_leave)?;
        let is_unset = |kind: &OptionalKind| self.standing(ctx, kind.kind()) == Standing::NotSet;
        if let Some(kind) = changes.blanks().find(is_unset) {
            return Err(Refusal::NotSet { kind });
        }
        let on = ctx.today();
        let mut events: Vec<_> = changes
            .sets()
            .map(|(kind, secret)| HolderEvent::PasscodeSet {
                kind,
                on,
                secret,
                origin: Origin::Change,
            })
            .collect();
        events.extend(changes.blanks().map(|kind| HolderEvent::PasscodeBlanked { kind, on }));
        if events.is_empty() {
            return Err(Refusal::NothingToChange);
        }
        events.extend(changes.sets().filter_map(|(kind, _)| self.cycling(ctx, kind)));
        if unlocks {
            let card = changes.proof.card().clone();
            events.push(HolderEvent::Desk(DeskEvent::AccountUnlocked { card, on }));
        }
        Ok(events)
    }

    /// P-19, B-10, B-17: what is locked cannot be changed here, and what is forced comes first, as
    /// they stood at the logon. B-30: true if the change ends a lock.
    fn may_change(
        &self,
        at_logon: &Context<'_>,
        changes: &Changes,
        by_leave: bool,
    ) -> Result<bool, Refusal> {
        let all = self.status(at_logon);
        let touches = |kind| {
            changes.sets().any(|(set, _)| set == kind)
                || changes.blanks().any(|blank| blank.kind() == kind)
        };
        if let Some((kind, since)) = Status::worst_locked(&all) {
            if !by_leave {
                return Err(Refusal::AccountLocked { kind, since });
            }
            let mut overdue = all.iter().filter(|status| status.is_overdue());
            let left = overdue.find(|status| !touches(status.kind)).map(|status| status.kind);
            return left.map_or(Ok(true), |kind| Err(Refusal::NotAllOverdue { kind }));
        }
        let is_forced = |status: &&Status| matches!(status.phase(), Some(Phase::Forced { .. }));
        let forced = all.iter().find(is_forced).map(|status| status.kind);
        let cures = all.iter().filter(is_forced).any(|status| touches(status.kind));
        match forced {
            Some(kind) if !cures => Err(Refusal::RenewalRequired { kind }),
            Some(_) | None => Ok(false),
        }
    }

    /// B-26: the flag that another set of this kind raises, if it is one too many.
    pub(crate) fn cycling(&self, ctx: &Context<'_>, kind: Kind) -> Option<HolderEvent> {
        let sets = self.sets_with_one_now(ctx, kind);
        (ctx.policy().cycling_sets <= sets)
            .then_some(HolderEvent::HistoryCyclingFlagged { kind, sets })
    }
}

/// P-26: the message that confirms what these events changed; none if they changed nothing.
/// Shown only when they are in the log.
#[must_use]
pub fn confirmation(events: &[HolderEvent]) -> Option<String> {
    let changed: Vec<_> = events.iter().filter_map(changed).map(Kind::words).collect();
    match changed.as_slice() {
        [] => None,
        [one] => Some(format!("Your {one} has been updated")),
        [first @ .., last] => {
            Some(format!("Your {} and {last} have been updated", first.join(", ")))
        }
    }
}

/// The kind that an event sets or removes.
pub(crate) fn changed(event: &HolderEvent) -> Option<Kind> {
    match event {
        HolderEvent::PasscodeSet { kind, .. } => Some(*kind),
        HolderEvent::PasscodeBlanked { kind, .. } => Some(kind.kind()),
        HolderEvent::HolderRegistered {}
        | HolderEvent::CardIssued(_)
        | HolderEvent::PasscodeChangedElsewhere { .. }
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
        | HolderEvent::CertificatesRevoked { .. }
        | HolderEvent::RenewalAuthorised { .. }
        | HolderEvent::Desk(_)
        | HolderEvent::CertificateAlertRaised { .. }
        | HolderEvent::RaRenewalNeeded { .. }
        | HolderEvent::RenewalObstructed { .. }
        | HolderEvent::RenewalDeferred { .. }
        | HolderEvent::RegistrationBegun { .. }
        | HolderEvent::RegistrationCompleted { .. }
        | HolderEvent::RegistrationCancelled { .. }
        | HolderEvent::RegistrationRedirected { .. }
        | HolderEvent::CodeSent { .. }
        | HolderEvent::CodeRefused { .. }
        | HolderEvent::CodeVoided { .. }
        | HolderEvent::CodeAccepted { .. }
        | HolderEvent::UnlockPaused { .. }
        | HolderEvent::UnlockStarted { .. }
        | HolderEvent::QuestionsDrawn { .. }
        | HolderEvent::UnlockRefused { .. }
        | HolderEvent::AnswersWrong { .. }
        | HolderEvent::AnswersRight { .. }
        | HolderEvent::SelfServiceBlocked { .. }
        | HolderEvent::RecoveryPasscodeWrong { .. }
        | HolderEvent::RecoveryPasscodeBlocked { .. }
        | HolderEvent::RecoveryPasscodeRight { .. }
        | HolderEvent::UnlockCompleted { .. }
        | HolderEvent::PukRecorded { .. }
        | HolderEvent::PukReleased { .. }
        | HolderEvent::PukProbed { .. }
        | HolderEvent::PukSettled { .. }
        | HolderEvent::PukRuledOut { .. }
        | HolderEvent::PukLost { .. }
        | HolderEvent::PukReplaced { .. } => None,
    }
}
