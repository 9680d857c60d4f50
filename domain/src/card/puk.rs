//! The PUK of the active card: which of those in the vault it has (decided where a card is unlocked).
//!
//! ```text
//!              record                 release to an agent                 replaced
//!  unknown ──────────► known(secret) ─────────────────────► changing ───────────────► known(to)
//!                        settled(secret) ◄──(probed, found)──┘ │ ▲
//!                              └─────── release, at once ──────┘─┘
//! ```
//!
//! An agent that was given a PUK may keep it. So every release names the next one, which is in the
//! vault before; and until the card has it, what the agent knows is *exposed*: the next job with the
//! card finds out which of the two it has, and replaces it. There are never more than two candidates,
//! so whoever probes one and is torn away knows with which to begin next time: with the other.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::{
    context::Context,
    holder::{self, Holder, HolderEvent},
    ids::{CardSerial, SecretRef},
    refusal,
    unlock::{self, Stage},
};

type Decision = Result<Vec<HolderEvent>, refusal::Refusal>;

/// Which PUK the active card has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Puk {
    /// None is on record.
    #[default]
    Unknown,
    /// This one, and no agent has it.
    Known(SecretRef),
    /// This one, and an agent has had it: it is to be replaced first.
    Settled {
        /// It.
        secret: SecretRef,
        /// Since when an agent has it.
        since: DateTime<Utc>,
    },
    /// One of the two, and an agent has both.
    Changing {
        /// The one before.
        from: SecretRef,
        /// The one that is to take its place.
        to: SecretRef,
        /// With which the last probe began.
        probed: Option<SecretRef>,
        /// Since when an agent has them.
        since: DateTime<Utc>,
    },
}

impl Puk {
    /// True if none is on record.
    #[must_use]
    pub fn is_unknown(self) -> bool {
        self == Self::Unknown
    }

    /// True if an agent has what the card may still have: the next job replaces it.
    #[must_use]
    pub fn is_exposed(self) -> bool {
        self.exposed_since().is_some()
    }

    /// Since when an agent has what the card may still have.
    #[must_use]
    pub fn exposed_since(self) -> Option<DateTime<Utc>> {
        match self {
            Self::Unknown | Self::Known(_) => None,
            Self::Settled { since, .. } | Self::Changing { since, .. } => Some(since),
        }
    }

    /// The candidates, the likeliest first: the one to probe first, then the other; one alone if it
    /// is known.
    #[must_use]
    pub fn candidates(self) -> (Option<SecretRef>, Option<SecretRef>) {
        match self {
            Self::Unknown => (None, None),
            Self::Known(secret) | Self::Settled { secret, .. } => (Some(secret), None),
            Self::Changing { from, to, probed, .. } if probed == Some(from) => {
                (Some(to), Some(from))
            }
            Self::Changing { from, to, .. } => (Some(from), Some(to)),
        }
    }

    /// Every reference that the vault still has to keep.
    pub(crate) fn kept(self) -> impl Iterator<Item = SecretRef> {
        let (first, second) = self.candidates();
        first.into_iter().chain(second)
    }

    /// The state after an event of `at`. Events of other parts, and of other cards than the active
    /// one, change nothing here.
    #[must_use]
    pub(crate) fn evolve(
        self,
        at: DateTime<Utc>,
        active: Option<&CardSerial>,
        event: &HolderEvent,
    ) -> Self {
        match event {
            HolderEvent::CardIssued(_) => Self::Unknown,
            HolderEvent::PukRecorded { card, secret } if active == Some(card) => {
                Self::Known(*secret)
            }
            HolderEvent::PukReplaced { card, secret } if active == Some(card) => {
                Self::Known(*secret)
            }
            HolderEvent::PukSettled { card, secret } if active == Some(card) => {
                Self::Settled { secret: *secret, since: self.exposed_since().unwrap_or(at) }
            }
            HolderEvent::PukReleased { card, from, to, .. } if active == Some(card) => {
                let since = self.exposed_since().unwrap_or(at);
                Self::Changing { from: *from, to: *to, probed: None, since }
            }
            HolderEvent::PukProbed { card, first, .. } if active == Some(card) => match self {
                Self::Changing { from, to, since, .. } => {
                    Self::Changing { from, to, probed: Some(*first), since }
                }
                Self::Unknown | Self::Known(_) | Self::Settled { .. } => self,
            },
            HolderEvent::PukRecorded { .. }
            | HolderEvent::PukReplaced { .. }
            | HolderEvent::PukSettled { .. }
            | HolderEvent::PukReleased { .. }
            | HolderEvent::PukProbed { .. }
            | HolderEvent::HolderRegistered {}
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
            | HolderEvent::SelfServiceBlocked { .. }
            | HolderEvent::AnswersRight { .. }
            | HolderEvent::RecoveryPasscodeWrong { .. }
            | HolderEvent::RecoveryPasscodeBlocked { .. }
            | HolderEvent::RecoveryPasscodeRight { .. }
            | HolderEvent::UnlockCompleted { .. }
            | HolderEvent::PasscodeSet { .. }
            | HolderEvent::PasscodeBlanked { .. }
            | HolderEvent::PasscodeChangedElsewhere { .. }
            | HolderEvent::CertificatesRevoked { .. } => self,
        }
    }
}

/// The card is the active one.
fn on_active(holder: &Holder, card: &CardSerial) -> Result<Puk, refusal::Refusal> {
    let is_active = holder.card().is_some_and(|active| active.card == *card);
    if is_active { Ok(holder.puk()) } else { Err(holder::Refusal::CardNotActive.into()) }
}

/// What personalisation has written.
pub(crate) fn record(holder: &Holder, card: CardSerial, secret: SecretRef) -> Decision {
    match on_active(holder, &card)? {
        Puk::Unknown => Ok(vec![HolderEvent::PukRecorded { card, secret }]),
        Puk::Known(known) if known == secret => Ok(vec![]),
        Puk::Known(_) | Puk::Settled { .. } | Puk::Changing { .. } => {
            Err(unlock::Refusal::NotThere.into())
        }
    }
}

/// Recorded before an agent gets anything. A PUK that no agent has is released inside an unlock that
/// has passed everything, and nowhere else.
pub(crate) fn release(
    ctx: &Context<'_>,
    holder: &Holder,
    job: Uuid,
    card: CardSerial,
    to: SecretRef,
) -> Decision {
    match on_active(holder, &card)? {
        Puk::Unknown => Err(unlock::Refusal::NoPuk.into()),
        Puk::Changing { to: next, .. } if next == to => Ok(vec![]),
        Puk::Changing { .. } => Err(unlock::Refusal::PukUnsettled.into()),
        Puk::Settled { secret: from, .. } => {
            Ok(vec![HolderEvent::PukReleased { card, job, from, to }])
        }
        Puk::Known(from) => {
            passed(ctx, holder)?;
            Ok(vec![HolderEvent::PukReleased { card, job, from, to }])
        }
    }
}

/// U-12, B-39: an unlock is where the new passcode may be chosen, in time.
fn passed(ctx: &Context<'_>, holder: &Holder) -> Result<(), refusal::Refusal> {
    let self_service = holder.self_service();
    let underway = self_service.underway().ok_or(unlock::Refusal::NotThere)?;
    match self_service.unlock_of(ctx, underway.unlock)?.stage {
        Stage::Passcode { .. } => Ok(()),
        Stage::Questions { .. } | Stage::RecoveryPasscode | Stage::Code | Stage::Done => {
            Err(unlock::Refusal::NotThere.into())
        }
    }
}

/// Recorded before the card is asked: which of the two is tried first.
pub(crate) fn probe(holder: &Holder, job: Uuid, card: CardSerial) -> Decision {
    let puk = on_active(holder, &card)?;
    match (puk, puk.candidates().0) {
        (Puk::Changing { .. }, Some(first)) => {
            Ok(vec![HolderEvent::PukProbed { card, job, first }])
        }
        (Puk::Unknown | Puk::Known(_) | Puk::Settled { .. } | Puk::Changing { .. }, _) => {
            Err(unlock::Refusal::NotThere.into())
        }
    }
}

/// The card has shown which it has.
pub(crate) fn settle(holder: &Holder, card: CardSerial, secret: SecretRef) -> Decision {
    match on_active(holder, &card)? {
        Puk::Changing { from, to, .. } if secret == from || secret == to => {
            Ok(vec![HolderEvent::PukSettled { card, secret }])
        }
        Puk::Settled { secret: settled, .. } if settled == secret => Ok(vec![]),
        Puk::Unknown | Puk::Known(_) | Puk::Settled { .. } | Puk::Changing { .. } => {
            Err(unlock::Refusal::NotThere.into())
        }
    }
}

/// The card has the next one.
pub(crate) fn replace(holder: &Holder, card: CardSerial) -> Decision {
    match on_active(holder, &card)? {
        Puk::Changing { to: secret, .. } => Ok(vec![HolderEvent::PukReplaced { card, secret }]),
        Puk::Known(_) => Ok(vec![]),
        Puk::Unknown | Puk::Settled { .. } => Err(unlock::Refusal::NotThere.into()),
    }
}
