//! The PUK of the active card: which of those in the vault it has (decided where a card is unlocked).
//!
//! ```text
//!              record                 release to an agent                 replaced
//!  unknown ──────────► known(secret) ─────────────────────► changing ───────────────► known(to)
//!                        settled(secret) ◄──(probed, found)──┘ │ ▲ └──(both ruled out)──► lost
//!                              └─────── release, at once ──────┘─┘
//! ```
//!
//! An agent that was given a PUK may keep it. So every release names the next one, which is in the
//! vault before; and until the card has it, what the agent knows is *exposed*: the next job with the
//! card finds out which of the two it has, and replaces it. There are never more than two candidates,
//! so whoever probes one and is torn away knows with which to begin next time: with the other, and
//! always so once the card has said no to the first.
//!
//! What an agent says is its word about one [`Step`]: of its own job, and the newest. A word that comes
//! late, or from a visit that asked nothing of the card, changes nothing. And a word may be a lie: what
//! is said to be on the card no more is kept until a later replacement is confirmed.

mod steps;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub(crate) use steps::{Asker, probe, record, release, replace, rule_out, settle};

use crate::{
    holder::HolderEvent,
    ids::{CardSerial, SecretRef},
};

/// How many PUKs that the card is said not to have are kept; the oldest give way.
const OUSTED_MAX: usize = 16;

/// One thing that an agent was let do with a card's PUK: a release or a probe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// The visit.
    pub job: Uuid,
    /// Counts the releases and probes of this card, from 1.
    pub number: u32,
}

/// One of the PUKs that a card may have, as a step has shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedPuk {
    /// Which card.
    pub card: CardSerial,
    /// By which step.
    pub step: Step,
    /// Where the vault keeps it.
    pub secret: SecretRef,
}

/// What is recorded of the active card's PUK.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Puks {
    puk: Puk,
    /// The newest step.
    step: Option<Step>,
    /// What the card has no longer, as an agent says, since a replacement was last confirmed; the
    /// newest last.
    ousted: Vec<SecretRef>,
}

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
        /// Which the card has not taken.
        ruled_out: Option<SecretRef>,
        /// Since when an agent has them.
        since: DateTime<Utc>,
    },
    /// None that is on record: nothing heals by itself, and the registration authority is the way out.
    Lost,
}

impl Puk {
    /// True if none is on record that the card may have.
    #[must_use]
    pub fn is_unknown(self) -> bool {
        match self {
            Self::Unknown | Self::Lost => true,
            Self::Known(_) | Self::Settled { .. } | Self::Changing { .. } => false,
        }
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
            Self::Unknown | Self::Known(_) | Self::Lost => None,
            Self::Settled { since, .. } | Self::Changing { since, .. } => Some(since),
        }
    }

    /// The candidates, the likeliest first: the one to probe first, then the other; one alone if it
    /// is known.
    #[must_use]
    pub fn candidates(self) -> (Option<SecretRef>, Option<SecretRef>) {
        match self {
            Self::Unknown | Self::Lost => (None, None),
            Self::Known(secret) | Self::Settled { secret, .. } => (Some(secret), None),
            Self::Changing { from, to, probed, ruled_out, .. }
                if ruled_out.or(probed) == Some(from) =>
            {
                (Some(to), Some(from))
            }
            Self::Changing { from, to, .. } => (Some(from), Some(to)),
        }
    }

    /// The other of two candidates; `None` if this is neither.
    fn other(self, than: SecretRef) -> Option<SecretRef> {
        match self.candidates() {
            (Some(first), Some(second)) if than == first => Some(second),
            (Some(first), Some(second)) if than == second => Some(first),
            (_, _) => None,
        }
    }

    /// The one that was released comes next.
    fn changing(self, at: DateTime<Utc>, from: SecretRef, to: SecretRef) -> Self {
        let since = self.exposed_since().unwrap_or(at);
        Self::Changing { from, to, probed: None, ruled_out: None, since }
    }

    /// A probe begins with this one.
    fn probed_with(self, first: SecretRef) -> Self {
        match self {
            Self::Changing { from, to, ruled_out, since, .. } => {
                Self::Changing { from, to, probed: Some(first), ruled_out, since }
            }
            Self::Unknown | Self::Known(_) | Self::Settled { .. } | Self::Lost => self,
        }
    }

    /// The card has not taken this one.
    fn without(self, secret: SecretRef) -> Self {
        match self {
            Self::Changing { from, to, probed, since, .. } => {
                Self::Changing { from, to, probed, ruled_out: Some(secret), since }
            }
            Self::Unknown | Self::Known(_) | Self::Settled { .. } | Self::Lost => self,
        }
    }
}

impl Puks {
    /// Which one the card has.
    pub(crate) fn puk(&self) -> Puk {
        self.puk
    }

    /// Every reference that the vault still has to keep.
    pub(crate) fn kept(&self) -> impl Iterator<Item = SecretRef> {
        let (first, second) = self.puk.candidates();
        first.into_iter().chain(second).chain(self.ousted.iter().copied())
    }

    /// Whether this is the newest step.
    fn is_at(&self, step: Step) -> bool {
        self.step == Some(step)
    }

    /// The next step, for this visit.
    fn next(&self, job: Uuid) -> Step {
        Step { job, number: self.step.map_or(0, |step| step.number) + 1 }
    }

    /// What an agent says is not on the card is kept, because it may be wrong.
    fn oust(&mut self, secrets: impl IntoIterator<Item = SecretRef>) {
        self.ousted.extend(secrets);
        let surplus = self.ousted.len().saturating_sub(OUSTED_MAX);
        self.ousted.drain(..surplus);
    }

    /// The state after an event of `at`. Events of other parts, and of other cards than the active
    /// one, change nothing here.
    #[must_use]
    pub(crate) fn evolve(
        mut self,
        at: DateTime<Utc>,
        active: Option<&CardSerial>,
        event: &HolderEvent,
    ) -> Self {
        match event {
            HolderEvent::CardIssued(_) => Self::default(),
            HolderEvent::PukRecorded { card, secret } if active == Some(card) => {
                Self { puk: Puk::Known(*secret), ..self }
            }
            HolderEvent::PukReplaced(NamedPuk { card, secret, .. }) if active == Some(card) => {
                self.ousted.clear();
                self.oust(self.puk.other(*secret));
                Self { puk: Puk::Known(*secret), ..self }
            }
            HolderEvent::PukSettled(NamedPuk { card, secret, .. }) if active == Some(card) => {
                self.oust(self.puk.other(*secret));
                let since = self.puk.exposed_since().unwrap_or(at);
                Self { puk: Puk::Settled { secret: *secret, since }, ..self }
            }
            HolderEvent::PukReleased { card, step, from, to } if active == Some(card) => {
                Self { puk: self.puk.changing(at, *from, *to), step: Some(*step), ..self }
            }
            HolderEvent::PukProbed { card, step, first } if active == Some(card) => {
                Self { puk: self.puk.probed_with(*first), step: Some(*step), ..self }
            }
            HolderEvent::PukRuledOut(NamedPuk { card, secret, .. }) if active == Some(card) => {
                Self { puk: self.puk.without(*secret), ..self }
            }
            HolderEvent::PukLost { card, .. } if active == Some(card) => {
                let (first, second) = self.puk.candidates();
                self.oust(first.into_iter().chain(second));
                Self { puk: Puk::Lost, ..self }
            }
            HolderEvent::PukRecorded { .. }
            | HolderEvent::PukReplaced { .. }
            | HolderEvent::PukSettled { .. }
            | HolderEvent::PukRuledOut { .. }
            | HolderEvent::PukLost { .. }
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
            | HolderEvent::CardKeyKept(_)
            | HolderEvent::CertificateIssued { .. }
            | HolderEvent::CertificateAbandoned { .. }
            | HolderEvent::CertificateWritten { .. }
            | HolderEvent::CertificatesRenewed { .. }
            | HolderEvent::CardUpdateAbandoned { .. }
            | HolderEvent::RenewalAcknowledged { .. }
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
