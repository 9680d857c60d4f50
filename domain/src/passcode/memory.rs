//! What a holder's stream remembers of his passcodes: days, references, instants. No values.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde::Serialize;

use super::Kind;
use crate::{
    calendar::{self, Phase},
    context::Context,
    holder::HolderEvent,
    ids::SecretRef,
    policy::{HISTORY_MAX, PASSCODE_LIFE_MAX, Policy},
};

/// The most instants of past sets that are remembered per kind (B-26); a count saturates there.
const SETS_REMEMBERED_MAX: usize = 32;

/// The passcode part of a holder.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Passcodes {
    smartcard: Memory,
    account_recovery: Memory,
    verification: Memory,
}

/// One kind's memory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Memory {
    current: Option<Current>,
    /// Every value the kind has had, oldest first, the current one included (B-22).
    history: Vec<SecretRef>,
    /// When it was set, oldest first (B-26).
    set_at: Vec<DateTime<Utc>>,
}

/// A passcode that is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Current {
    /// The day it was set, from which its age is counted (B-02).
    pub on: NaiveDate,
    /// Where the vault keeps its digest.
    pub secret: SecretRef,
}

/// S-02: one line of *Passcode Status*.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Status {
    /// Which passcode.
    pub kind: Kind,
    /// How it stands.
    pub standing: Standing,
}

impl Status {
    /// Its phase today; an unset kind has no clock (B-20).
    #[must_use]
    pub fn phase(&self) -> Option<Phase> {
        self.standing.phase()
    }

    /// P-17, P-18: true once it has expired, in the days of grace and after them.
    #[must_use]
    pub fn is_overdue(&self) -> bool {
        match self.phase() {
            Some(Phase::Forced { .. } | Phase::Locked) => true,
            None | Some(Phase::Current { .. } | Phase::Alert { .. }) => false,
        }
    }

    /// P-18, B-21: the kind that locks the account, since the earliest day, and that day.
    #[must_use]
    pub fn worst_locked(all: &[Self; 3]) -> Option<(Kind, NaiveDate)> {
        let locked = all.iter().filter(|one| one.phase() == Some(Phase::Locked));
        let since = locked.filter_map(|one| Some((one.kind, one.standing.locks_on()?)));
        since.min_by_key(|(_, locks_on)| *locks_on)
    }

    /// B-20, B-21: the worst set kind and its phase, which is the account's. None before
    /// registration.
    #[must_use]
    pub fn worst(all: &[Self; 3]) -> Option<(Kind, Phase)> {
        let phases = all.iter().filter_map(|one| Some((one.kind, one.phase()?)));
        phases.max_by_key(|(_, phase)| phase.severity())
    }
}

/// S-02: set with its days, or not set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// P-04: there is none.
    NotSet,
    /// There is one.
    Set {
        /// P-02: the day it was last changed.
        last_changed_on: NaiveDate,
        /// P-13: the first day on which it has expired.
        expires_on: NaiveDate,
        /// P-18: the first day on which the account is locked if nothing is done; none if it never
        /// locks it (B-21).
        locks_on: Option<NaiveDate>,
        /// B-21: the first day on which it counts as not set if nothing is done; none if it never
        /// does.
        #[serde(skip_serializing_if = "Option::is_none")]
        lapses_on: Option<NaiveDate>,
        /// Days until it has expired; 0 or less once it has.
        days_left: i64,
        /// Its phase today.
        phase: Phase,
    },
}

impl Standing {
    /// Its phase today; an unset kind has no clock (B-20).
    #[must_use]
    pub fn phase(self) -> Option<Phase> {
        match self {
            Self::NotSet => None,
            Self::Set { phase, .. } => Some(phase),
        }
    }

    /// P-18: the first day on which the account is locked if nothing is done; none if it never is
    /// for this one (B-21).
    #[must_use]
    pub fn locks_on(self) -> Option<NaiveDate> {
        match self {
            Self::NotSet => None,
            Self::Set { locks_on, .. } => locks_on,
        }
    }

    /// P-13: true for one that policy lets live so long that it does not expire
    /// ([`Policy::passcode_expiry`]): its days are not for people's eyes.
    #[must_use]
    pub fn is_without_end(self) -> bool {
        match self {
            Self::NotSet => false,
            Self::Set { last_changed_on, expires_on, .. } => {
                calendar::later(last_changed_on, PASSCODE_LIFE_MAX) <= expires_on
            }
        }
    }

    /// S-02: the line for a passcode of this kind that was set on `set_on`. B-21, B-14: where policy
    /// said, on the day on which it would have locked, that only the smartcard passcode locks, an
    /// optional one is not set from that day on, whatever policy says later.
    #[must_use]
    pub fn set(ctx: &Context<'_>, kind: Kind, set_on: NaiveDate) -> Self {
        let today = ctx.today();
        let days = calendar::passcode_days(ctx.policies, set_on, today);
        let phase = calendar::passcode_phase(ctx.policies, set_on, today);
        let locks = ctx.policies.in_force(days.locks_on.min(today)).lock_scope.includes(kind);
        if phase == Phase::Locked && !locks {
            return Self::NotSet;
        }
        Self::Set {
            last_changed_on: set_on,
            expires_on: days.expires_on,
            locks_on: locks.then_some(days.locks_on),
            lapses_on: (!locks).then_some(days.locks_on),
            days_left: (days.expires_on - today).num_days(),
            phase,
        }
    }
}

impl Passcodes {
    /// The passcode of this kind, if it is set.
    #[must_use]
    pub fn current(&self, kind: Kind) -> Option<&Current> {
        self.memory(kind).current.as_ref()
    }

    /// P-22, B-22: what the vault has to compare a new value of this kind with: the last
    /// `policy.history` values *set*, oldest first, the current one included. Blank took none of
    /// them away (B-24).
    #[must_use]
    pub fn compare_with(&self, kind: Kind, policy: &Policy) -> &[SecretRef] {
        let history = &self.memory(kind).history;
        &history[history.len().saturating_sub(policy.history)..]
    }

    /// Every reference that the vault still has to keep for this holder: what is set, and what is
    /// compared with. Digests under any other will never be needed again.
    pub(crate) fn kept(&self, policy: &Policy) -> Vec<SecretRef> {
        let compared = Kind::ALL.iter().flat_map(|&kind| self.compare_with(kind, policy)).copied();
        let current = Kind::ALL.iter().filter_map(|&kind| Some(self.current(kind)?.secret));
        let mut kept: Vec<_> = compared.collect();
        current.for_each(|secret| {
            if !kept.contains(&secret) {
                kept.push(secret);
            }
        });
        kept
    }

    /// The phase of one kind; an unset kind has no clock (B-20).
    #[must_use]
    pub fn phase(&self, ctx: &Context<'_>, kind: Kind) -> Option<Phase> {
        self.standing(ctx, kind).phase()
    }

    /// B-20, B-21: the worst set kind and its phase, which is the account's. None before
    /// registration.
    #[must_use]
    pub fn worst(&self, ctx: &Context<'_>) -> Option<(Kind, Phase)> {
        Status::worst(&self.status(ctx))
    }

    /// S-02: *Passcode Status*.
    #[must_use]
    pub fn status(&self, ctx: &Context<'_>) -> [Status; 3] {
        Kind::ALL.map(|kind| Status { kind, standing: self.standing(ctx, kind) })
    }

    /// How one kind stands.
    #[must_use]
    pub fn standing(&self, ctx: &Context<'_>, kind: Kind) -> Standing {
        let current = self.current(kind);
        current.map_or(Standing::NotSet, |current| Standing::set(ctx, kind, current.on))
    }

    /// True if this reference has been recorded for this kind before: the command is a repeat.
    pub(crate) fn knows(&self, kind: Kind, secret: SecretRef) -> bool {
        self.memory(kind).history.contains(&secret)
    }

    /// B-26: how many sets of this kind fall within the window that ends now, one made now included.
    pub(super) fn sets_with_one_now(&self, ctx: &Context<'_>, kind: Kind) -> u32 {
        let window = TimeDelta::hours(ctx.policy().cycling_hours.into());
        let recent = self.memory(kind).set_at.iter().filter(|&&at| ctx.now - at < window).count();
        u32::try_from(recent).map_or(u32::MAX, |recent| recent.saturating_add(1))
    }

    /// The state after an event. Events of other parts change nothing here.
    #[must_use]
    pub(crate) fn evolve(mut self, at: DateTime<Utc>, event: &HolderEvent) -> Self {
        match event {
            HolderEvent::PasscodeSet { kind, on, secret, .. } => {
                let memory = self.memory_mut(*kind);
                memory.current = Some(Current { on: *on, secret: *secret });
                remember(&mut memory.history, *secret, HISTORY_MAX);
                remember(&mut memory.set_at, at, SETS_REMEMBERED_MAX);
            }
            HolderEvent::PasscodeBlanked { kind, .. } => {
                self.memory_mut(kind.kind()).current = None;
            }
            HolderEvent::PasscodeChangedElsewhere { secret } => {
                // It is a value that was set, only not by us, so it takes a slot of the history
                // (B-25): without one the holder could come back to it at the next change.
                // The clock stays as it was, and a set at an unknown time is none of B-26.
                let memory = &mut self.smartcard;
                if let Some(current) = &mut memory.current {
                    current.secret = *secret;
                }
                remember(&mut memory.history, *secret, HISTORY_MAX);
            }
            HolderEvent::HolderRegistered {}
            | HolderEvent::CardIssued(_)
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
            | HolderEvent::PukReplaced { .. } => {}
        }
        self
    }

    fn memory(&self, kind: Kind) -> &Memory {
        match kind {
            Kind::Smartcard => &self.smartcard,
            Kind::AccountRecovery => &self.account_recovery,
            Kind::Verification => &self.verification,
        }
    }

    fn memory_mut(&mut self, kind: Kind) -> &mut Memory {
        match kind {
            Kind::Smartcard => &mut self.smartcard,
            Kind::AccountRecovery => &mut self.account_recovery,
            Kind::Verification => &mut self.verification,
        }
    }
}

/// Adds the newest and forgets the oldest beyond `max`.
fn remember<T>(remembered: &mut Vec<T>, newest: T, max: usize) {
    remembered.push(newest);
    let surplus = remembered.len().saturating_sub(max);
    remembered.drain(..surplus);
}
