//! *Update My Card*: both certificates of a card are made anew, one slot at a time, 9A first.
//!
//! ```text
//! per slot:  untouched ─► opened ─► key made ─► issued ─► written
//!                           ▲          │          │          │
//!                           └──────────┴──────────┴──────────┘ opened again
//! ```
//!
//! A slot that was opened and signs with its old key is untouched again ([`KeptKey`]).
//!
//! A PIV card cannot move a key: making the new one destroys the old one. So whoever reads the
//! stream has to know, at every instant, which key of the card its holder can still agree with
//! ([`CardUpdate::signer`]): there always is one, because no slot is opened while the other is
//! between two keys (B-55). A key counts from when the card has signed with it in its slot: what
//! is only journalled may be a key that the card has not.
//!
//! An update outlives the visit in which it was begun. Each visit is a *job*; the last one that took
//! it up is the only one whose steps are accepted.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{IssuedCard, IssuedCertificate, PublicKey, Slot};
use crate::{
    certificate::Renewer,
    desk::DeskEvent,
    holder::HolderEvent,
    ids::{CardSerial, CertificateSerial, CommandId, SecretRef},
};

/// How often the card may be opened for writing in one update: with two slots and two writes each,
/// nine attempts that are torn every time.
pub const WRITES_MAX: u8 = 40;

/// B-55: a slot that was let make a key, and has signed with the one on record: it has made none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeptKey {
    /// The update.
    pub update: CommandId,
    /// Where.
    pub slot: Slot,
    /// The number of the opening that was not used ([`CardUpdate::last_opening`]).
    pub opening: u32,
}

/// What needs the card's management rights.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Write {
    /// The slot makes a new key, and the old one is gone.
    KeyPair,
    /// The certificate is put beside it.
    Certificate,
}

/// How far a slot is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum SlotState {
    /// The old key and certificate are there.
    #[default]
    Untouched,
    /// The card was let make a key: nobody knows yet whether it has.
    Opened,
    /// The card has a new key.
    KeyMade {
        /// It.
        key: PublicKey,
        /// DER of the request that the card signed with it, hexadecimal.
        request: String,
    },
    /// And there is a certificate for it, which may be on the card.
    Issued {
        /// The key.
        key: PublicKey,
        /// What was issued.
        certificate: IssuedCertificate,
        /// Where the vault keeps the certificate's DER.
        secret: SecretRef,
    },
    /// And it was read back, and the key works.
    Written {
        /// The key.
        key: PublicKey,
        /// What was written.
        certificate: IssuedCertificate,
        /// Where the vault keeps the certificate's DER.
        secret: SecretRef,
    },
}

impl SlotState {
    /// The new key, once it is known.
    #[must_use]
    pub fn key(&self) -> Option<&PublicKey> {
        match self {
            Self::Untouched | Self::Opened => None,
            Self::KeyMade { key, .. } | Self::Issued { key, .. } | Self::Written { key, .. } => {
                Some(key)
            }
        }
    }

    /// The new certificate, once it is issued, and where its DER is.
    #[must_use]
    pub fn certificate(&self) -> Option<(&IssuedCertificate, SecretRef)> {
        match self {
            Self::Untouched | Self::Opened | Self::KeyMade { .. } => None,
            Self::Issued { certificate, secret, .. }
            | Self::Written { certificate, secret, .. } => Some((certificate, *secret)),
        }
    }
}

/// An update that is begun and neither committed nor abandoned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CardUpdate {
    /// Which.
    pub update: CommandId,
    /// Of which card.
    pub card: CardSerial,
    /// By whose leave.
    pub by: Renewer,
    /// The visit whose steps are accepted.
    pub job: Uuid,
    /// The day on which it was begun.
    pub begun_on: NaiveDate,
    /// When it was begun.
    pub begun_at: DateTime<Utc>,
    /// How often the card was opened for writing, since the registration authority last let it.
    pub writes: u8,
    /// The number of the last opening, which is that of no other in this update; 0 before the first.
    pub last_opening: u32,
    authentication: SlotState,
    signature: SlotState,
    openings: Openings,
    /// The last [`WRITES_MAX`] keys that were made and given up.
    keys_given_up: Vec<PublicKey>,
}

/// How often each slot was let make a key.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Openings {
    authentication: u32,
    signature: u32,
}

impl CardUpdate {
    /// How far a slot is.
    #[must_use]
    pub fn slot(&self, slot: Slot) -> &SlotState {
        match slot {
            Slot::Authentication => &self.authentication,
            Slot::Signature => &self.signature,
        }
    }

    /// True once the card was let make a key: from then on it is between old and new.
    #[must_use]
    pub fn is_touched(&self) -> bool {
        Slot::ALL.into_iter().any(|slot| *self.slot(slot) != SlotState::Untouched)
    }

    /// True if both certificates are on the card and read back.
    #[must_use]
    pub fn is_written(&self) -> bool {
        let is_written = |slot| matches!(self.slot(slot), SlotState::Written { .. });
        Slot::ALL.into_iter().all(is_written)
    }

    /// B-55: the key that agrees for the holder while this is open, and where it is: that of 9A
    /// while it is the old one, or a new one that the card has shown, else that of 9C.
    #[must_use]
    pub fn signer(&self, issued: &IssuedCard) -> (Slot, PublicKey) {
        let keys = &issued.keys;
        let shown = |slot, recorded: &PublicKey| match self.slot(slot) {
            SlotState::Untouched => Some((slot, recorded.clone())),
            SlotState::Written { key, .. } => Some((slot, key.clone())),
            SlotState::Opened | SlotState::KeyMade { .. } | SlotState::Issued { .. } => None,
        };
        // 9C is between two keys only after 9A was written; if 9A's certificate alone was opened
        // again since then, its key is as good as before. A test walks through all of it.
        let first = self.slot(Slot::Authentication).key();
        shown(Slot::Authentication, &keys.authentication)
            .or_else(|| shown(Slot::Signature, &keys.signature))
            .or_else(|| first.map(|key| (Slot::Authentication, key.clone())))
            .unwrap_or_else(|| (Slot::Signature, keys.signature.clone()))
    }

    /// How often a key was to be made in the slot: a certificate is of one of these openings.
    #[must_use]
    pub fn openings(&self, slot: Slot) -> u32 {
        match slot {
            Slot::Authentication => self.openings.authentication,
            Slot::Signature => self.openings.signature,
        }
    }

    /// True of a key that this update has made and given up again: whatever shows it is not the
    /// card, or not what the card has now.
    pub(crate) fn has_given_up(&self, key: &PublicKey) -> bool {
        self.keys_given_up.contains(key)
    }

    /// Where the vault keeps what this update still needs.
    pub fn secrets(&self) -> impl Iterator<Item = SecretRef> {
        Slot::ALL.into_iter().filter_map(|slot| Some(self.slot(slot).certificate()?.1))
    }

    /// The certificates that were issued for it.
    pub(crate) fn issued(&self) -> impl Iterator<Item = &IssuedCertificate> {
        Slot::ALL.into_iter().filter_map(|slot| Some(self.slot(slot).certificate()?.0))
    }

    /// The serial number of the certificate that a slot has to give up when it is opened again.
    pub(crate) fn given_up(&self, slot: Slot) -> Option<CertificateSerial> {
        self.slot(slot).certificate().map(|(certificate, _)| certificate.serial.clone())
    }

    fn slot_mut(&mut self, slot: Slot) -> &mut SlotState {
        match slot {
            Slot::Authentication => &mut self.authentication,
            Slot::Signature => &mut self.signature,
        }
    }

    /// The card is opened for a write.
    fn open(&mut self, slot: Slot, write: Write) {
        self.writes = self.writes.saturating_add(1);
        self.last_opening = self.last_opening.saturating_add(1);
        match write {
            Write::KeyPair => self.open_key_pair(slot),
            Write::Certificate => self.moved(slot, unsure),
        }
    }

    /// The slot's key is gone, or soon will be.
    fn open_key_pair(&mut self, slot: Slot) {
        let n_openings = match slot {
            Slot::Authentication => &mut self.openings.authentication,
            Slot::Signature => &mut self.openings.signature,
        };
        *n_openings = n_openings.saturating_add(1);
        if let Some(key) = self.slot(slot).key().cloned() {
            if usize::from(WRITES_MAX) <= self.keys_given_up.len() {
                self.keys_given_up.remove(0);
            }
            self.keys_given_up.push(key);
        }
        *self.slot_mut(slot) = SlotState::Opened;
    }

    fn moved(&mut self, slot: Slot, step: impl FnOnce(SlotState) -> SlotState) {
        let state = self.slot_mut(slot);
        *state = step(std::mem::take(state));
    }
}

/// The update that is open, and what is remembered of the last that was committed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Updates {
    open: Option<CardUpdate>,
    renewed: Option<Renewed>,
}

/// An update that was committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Renewed {
    /// Which.
    pub(crate) update: CommandId,
    /// C-13: the holder has pressed *Continue*.
    pub(crate) is_acknowledged: bool,
}

impl Updates {
    /// The open one.
    pub(crate) fn open(&self) -> Option<&CardUpdate> {
        self.open.as_ref()
    }

    /// The last that was committed.
    pub(crate) fn renewed(&self) -> Option<Renewed> {
        self.renewed
    }

    /// The state after an event of `at`.
    #[must_use]
    pub(crate) fn evolve(mut self, at: DateTime<Utc>, event: &HolderEvent) -> Self {
        match event {
            HolderEvent::CardUpdateBegun { update, card, by, job, on } => {
                self.open = Some(CardUpdate {
                    update: *update,
                    card: card.clone(),
                    by: *by,
                    job: *job,
                    begun_on: *on,
                    begun_at: at,
                    writes: 0,
                    last_opening: 0,
                    authentication: SlotState::Untouched,
                    signature: SlotState::Untouched,
                    openings: Openings::default(),
                    keys_given_up: Vec::new(),
                });
                self
            }
            HolderEvent::CardUpdateAbandoned { .. }
            | HolderEvent::CardIssued(_)
            | HolderEvent::CertificatesRevoked { .. }
            | HolderEvent::Desk(DeskEvent::CardCancelled { .. }) => Self { open: None, ..self },
            HolderEvent::CertificatesRenewed { update, .. } => {
                let renewed = Renewed { update: *update, is_acknowledged: false };
                Self { open: None, renewed: Some(renewed) }
            }
            HolderEvent::RenewalAcknowledged { .. } => {
                let renewed = self.renewed.map(|last| Renewed { is_acknowledged: true, ..last });
                Self { renewed, ..self }
            }
            HolderEvent::CardUpdateResumed { job, .. } => self.with_open(|open| open.job = *job),
            // C-04, B-49: who is identified goes on by the authority's leave, as often as he needs.
            HolderEvent::RenewalAuthorised { .. } => self.with_open(|open| {
                open.by = Renewer::Authority;
                open.writes = 0;
            }),
            HolderEvent::CardWriteOpened { slot, write, .. } => {
                self.with_open(|open| open.open(*slot, *write))
            }
            HolderEvent::CardKeyMade { slot, key, request, .. } => self.with_open(|open| {
                let (key, request) = (key.clone(), request.clone());
                open.moved(*slot, |_| SlotState::KeyMade { key, request });
            }),
            HolderEvent::CardKeyKept(kept) => {
                self.with_open(|open| open.moved(kept.slot, kept_key))
            }
            HolderEvent::CertificateIssued { certificate, secret, .. } => self.with_open(|open| {
                open.moved(certificate.slot, |state| issued(state, certificate, *secret));
            }),
            HolderEvent::CertificateWritten { slot, .. } => {
                self.with_open(|open| open.moved(*slot, written))
            }
            HolderEvent::HolderRegistered {}
            | HolderEvent::PasscodeSet { .. }
            | HolderEvent::PasscodeBlanked { .. }
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
            | HolderEvent::CertificateAbandoned { .. }
            | HolderEvent::CertificateAlertRaised { .. }
            | HolderEvent::RaRenewalNeeded { .. }
            | HolderEvent::Desk(_)
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
            | HolderEvent::PukReplaced { .. } => self,
        }
    }

    fn with_open(mut self, change: impl FnOnce(&mut CardUpdate)) -> Self {
        if let Some(open) = &mut self.open {
            change(open);
        }
        self
    }
}

/// What was read back before is not so sure any more once it is written again.
fn unsure(state: SlotState) -> SlotState {
    match state {
        SlotState::Written { key, certificate, secret } => {
            SlotState::Issued { key, certificate, secret }
        }
        SlotState::Untouched
        | SlotState::Opened
        | SlotState::KeyMade { .. }
        | SlotState::Issued { .. } => state,
    }
}

/// The card was let make a key and has made none.
fn kept_key(state: SlotState) -> SlotState {
    match state {
        SlotState::Opened => SlotState::Untouched,
        SlotState::Untouched
        | SlotState::KeyMade { .. }
        | SlotState::Issued { .. }
        | SlotState::Written { .. } => state,
    }
}

fn issued(state: SlotState, certificate: &IssuedCertificate, secret: SecretRef) -> SlotState {
    match state {
        SlotState::KeyMade { key, .. } => {
            SlotState::Issued { key, certificate: certificate.clone(), secret }
        }
        SlotState::Untouched
        | SlotState::Opened
        | SlotState::Issued { .. }
        | SlotState::Written { .. } => state,
    }
}

fn written(state: SlotState) -> SlotState {
    match state {
        SlotState::Issued { key, certificate, secret } => {
            SlotState::Written { key, certificate, secret }
        }
        SlotState::Untouched
        | SlotState::Opened
        | SlotState::KeyMade { .. }
        | SlotState::Written { .. } => state,
    }
}
