//! The card part of a holder: the one card that is active, its keys, its certificates.

pub(crate) mod puk;
mod update;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

pub use puk::{NamedPuk, Puk, Step};
pub use update::{CardUpdate, KeptKey, SlotState, WRITES_MAX, Write};
pub(crate) use update::{Renewed, Updates};

use crate::{
    desk::DeskEvent,
    holder::HolderEvent,
    ids::{CardSerial, CertificateSerial, HolderId},
};

/// A card as it was issued: what personalisation wrote and read back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IssuedCard {
    /// Its serial number.
    pub card: CardSerial,
    /// Name of its profile, which says what the model can do.
    pub profile: String,
    /// Its public keys.
    pub keys: CardKeys,
    /// Its managed certificates (B-48).
    pub certificates: Vec<IssuedCertificate>,
}

/// The first event of a card's own stream, `card-<serial>`: whose it is. Appended before the
/// holder's `CardIssued`, where no stream was, so that one card is never two people's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CardBound {
    /// Whose.
    pub holder: HolderId,
    /// Under which version of the master its management key was derived; 1 where that was not recorded.
    #[serde(default = "CardBound::first_master")]
    pub management_key: u32,
}

impl CardBound {
    fn first_master() -> u32 {
        1
    }

    /// The event's type.
    pub const KIND: &'static str = "CardBound";
}

/// The public keys of a card. The private ones were made on it and never leave it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CardKeys {
    /// 9A, PIV authentication: works after VERIFY.
    pub authentication: PublicKey,
    /// 9C, digital signature: VERIFY before each use.
    pub signature: PublicKey,
    /// 9E, card authentication: works without a passcode, proves presence.
    pub card_authentication: PublicKey,
}

/// A public key: DER of a `SubjectPublicKeyInfo`, hexadecimal in JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    der: Vec<u8>,
}

impl PublicKey {
    /// The key with this DER. What it is made of is checked by whoever verifies with it.
    #[must_use]
    pub fn from_der(der: Vec<u8>) -> Self {
        Self { der }
    }

    /// Its DER.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der
    }
}

impl Serialize for PublicKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex::encode(&self.der))
    }
}

impl<'de> Deserialize<'de> for PublicKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        hex::decode(text).map(Self::from_der).map_err(D::Error::custom)
    }
}

/// The slots whose certificates are managed (B-48).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Slot {
    /// 9A.
    Authentication,
    /// 9C.
    Signature,
}

impl Slot {
    /// Both, in the order in which they are renewed.
    pub const ALL: [Self; 2] = [Self::Authentication, Self::Signature];

    /// Its name in SP 800-73.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Authentication => "9A",
            Self::Signature => "9C",
        }
    }
}

/// A certificate on a card.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IssuedCertificate {
    /// Where it is.
    pub slot: Slot,
    /// Its serial number.
    pub serial: CertificateSerial,
    /// First instant of its validity.
    pub not_before: DateTime<Utc>,
    /// Last instant of its validity, inclusive (B-12).
    pub not_after: DateTime<Utc>,
}

/// B-61: at most one card is active. Two cannot be written down.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Card {
    active: Option<IssuedCard>,
    issued_at: Option<DateTime<Utc>>,
    updates: Updates,
}

impl Card {
    /// The active card.
    pub(crate) fn active(&self) -> Option<&IssuedCard> {
        self.active.as_ref()
    }

    /// When it was issued.
    pub(crate) fn issued_at(&self) -> Option<DateTime<Utc>> {
        self.active.as_ref().and(self.issued_at)
    }

    /// B-55: the update that is open, and the last that was committed.
    pub(crate) fn updates(&self) -> &Updates {
        &self.updates
    }

    /// The state after an event of `at`. A card that is issued takes the place of the one before it.
    #[must_use]
    pub(crate) fn evolve(self, at: DateTime<Utc>, event: &HolderEvent) -> Self {
        let is_issued = matches!(event, HolderEvent::CardIssued(_));
        Self {
            issued_at: if is_issued { Some(at) } else { self.issued_at },
            active: renewed(self.active, event),
            updates: self.updates.evolve(at, event),
        }
    }
}

/// The active card after an event.
fn renewed(active: Option<IssuedCard>, event: &HolderEvent) -> Option<IssuedCard> {
    match event {
        HolderEvent::CardIssued(card) => Some(card.clone()),
        HolderEvent::Desk(DeskEvent::CardCancelled { card, .. }) => {
            active.filter(|active| active.card != *card)
        }
        HolderEvent::CertificatesRenewed { authentication, signature, certificates, .. } => active
            .map(|card| IssuedCard {
                keys: CardKeys {
                    authentication: authentication.clone(),
                    signature: signature.clone(),
                    ..card.keys
                },
                certificates: certificates.clone(),
                ..card
            }),
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
        | HolderEvent::CardUpdateBegun { .. }
        | HolderEvent::CardUpdateResumed { .. }
        | HolderEvent::CardWriteOpened { .. }
        | HolderEvent::CardKeyMade { .. }
        | HolderEvent::CardKeyKept(_)
        | HolderEvent::CertificateIssued { .. }
        | HolderEvent::CertificateAbandoned { .. }
        | HolderEvent::CertificateWritten { .. }
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
        | HolderEvent::PukReplaced { .. } => active,
    }
}
