//! The certificates of a card: when they may, must and can no longer be renewed, by whom, and what
//! the holder is told.
//!
//! ```text
//!            X−30                X−20               X, until notAfter
//! ── quiet ───┤ alert … alert     ├─ forced ─────────┤ expired ──►
//!               one a day, may be   one a day, may
//!               put off             not be put off
//! ```
//!
//! X is the civil day of the earliest `notAfter` on the card (B-12, B-48). Validity itself ends at
//! an instant, and the registration authority alone renews after it (B-52).

mod alert;
mod obstacle;
mod records;
mod refusal;
pub(crate) mod renewal;
mod standing;
#[cfg(test)]
mod tests;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

pub use alert::{Alert, Due, alert};
pub(crate) use alert::{decline, forces_at, has_alert, instants, missing};
pub use obstacle::{Deferral, NotDeferrable, Obstacle};
pub(crate) use obstacle::{defer, note};
pub use records::{Authorisation, Records};
pub use refusal::Refusal;
pub use standing::{Phase, Standing};

use crate::ids::CertificateSerial;

/// Who renews, or revokes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Renewer {
    /// C-01, C-03: the holder himself.
    Holder,
    /// C-04: the registration authority, who has verified his identity.
    Authority,
}

/// B-57: why certificates are revoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RevocationReason {
    /// The card is lost or stolen: somebody else may have it.
    LostOrStolen,
    /// The card is damaged.
    Damaged,
    /// The holder does not need it any more.
    NoLongerNeeded,
    /// Somebody else may know the passcode, or have used the card.
    Compromised,
}

impl RevocationReason {
    /// All of them, in the order in which pages show them.
    pub const ALL: [Self; 4] =
        [Self::LostOrStolen, Self::Damaged, Self::NoLongerNeeded, Self::Compromised];

    /// The reason code of RFC 5280 5.3.1.
    #[must_use]
    pub fn crl_reason(self) -> u8 {
        match self {
            Self::LostOrStolen | Self::Compromised => 1, // keyCompromise
            Self::Damaged => 4,                          // superseded
            Self::NoLongerNeeded => 5,                   // cessationOfOperation
        }
    }

    /// In the middle of a sentence that begins "because".
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::LostOrStolen => "the smartcard is lost or stolen",
            Self::Damaged => "the smartcard is damaged",
            Self::NoLongerNeeded => "the smartcard is no longer needed",
            Self::Compromised => "somebody else may have used the smartcard or know its passcode",
        }
    }

    /// As stored and sent: the same text as in events.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::LostOrStolen => "lost_or_stolen",
            Self::Damaged => "damaged",
            Self::NoLongerNeeded => "no_longer_needed",
            Self::Compromised => "compromised",
        }
    }
}

/// RFC 5280 5.3.1: a certificate that was issued for an update and never came to use.
pub const CRL_REASON_SUPERSEDED: u8 = 4;

/// C-04: by what the registration authority has verified who somebody is. What it says there is
/// nobody's business here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IdentityEvidence {
    /// A passport.
    Passport,
    /// A driving licence with a photograph.
    DrivingLicence,
    /// A national identity card.
    NationalIdentityCard,
    /// The photograph that the registration authority has on record.
    PhotographOnRecord,
    /// B-30, B-63: none; somebody of the registration authority vouches for him. Enough for an
    /// unlock of the account alone, and only if a second person agrees.
    Vouched,
}

impl IdentityEvidence {
    /// All of them, in the order in which pages show them.
    pub const ALL: [Self; 5] = [
        Self::Passport,
        Self::DrivingLicence,
        Self::NationalIdentityCard,
        Self::PhotographOnRecord,
        Self::Vouched,
    ];

    /// C-04, B-63: what is enough by itself, wherever somebody has to be known.
    pub const SHOWN: [Self; 4] = [
        Self::Passport,
        Self::DrivingLicence,
        Self::NationalIdentityCard,
        Self::PhotographOnRecord,
    ];

    /// As stored and sent: the same text as in events.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Passport => "passport",
            Self::DrivingLicence => "driving_licence",
            Self::NationalIdentityCard => "national_identity_card",
            Self::PhotographOnRecord => "photograph_on_record",
            Self::Vouched => "vouched",
        }
    }

    /// In the middle of a sentence, after "by".
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Passport => "a passport",
            Self::DrivingLicence => "a driving licence with a photograph",
            Self::NationalIdentityCard => "a national identity card",
            Self::PhotographOnRecord => "the photograph on record",
            Self::Vouched => "somebody who vouches for the person",
        }
    }
}

/// The most characters of the place at which an identity was verified.
pub const PLACE_CHARACTERS_MAX: usize = 80;

/// C-04: the registration authority lets the holder renew, after it has verified his identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visit {
    /// By what.
    pub evidence: IdentityEvidence,
    /// Where: the name or code of the office, 1 to [`PLACE_CHARACTERS_MAX`] characters.
    pub place: String,
}

/// The certificates that an event speaks of, by their serial numbers.
pub(crate) fn serials(certificates: &[crate::card::IssuedCertificate]) -> Vec<CertificateSerial> {
    certificates.iter().map(|certificate| certificate.serial.clone()).collect()
}

/// B-48: the earliest end drives everything.
pub(crate) fn expires_at(certificates: &[crate::card::IssuedCertificate]) -> Option<DateTime<Utc>> {
    certificates.iter().map(|certificate| certificate.not_after).min()
}
