//! The three passcodes: what they may look like, how they are changed, what is remembered.
//!
//! The smartcard passcode is known to the card alone. No type here holds one; what
//! judges one ([`CardForm`], [`SmartcardRules`]) runs on the workstation.

mod advice;
mod card_form;
mod change;
mod form;
mod guessable;
#[cfg(test)]
mod history_tests;
mod memory;
mod refusal;
#[cfg(test)]
mod tests;
mod value;

use serde::{Deserialize, Serialize};

pub use advice::{Advice, strength};
pub use card_form::{
    CARD_BYTES, CardFault, CardField, CardForm, Characters, SmartcardRules, card_could_hold,
};
pub(crate) use change::changed;
pub use change::{CardChange, Changes, Optional, confirmation};
pub use form::{Field, FieldFault, Form, OptionalFields, Wanted, WantedOptional};
pub use guessable::Guessable;
pub use memory::{Current, Passcodes, Standing, Status};
pub use refusal::Refusal;
pub use value::{Fault, Passcode, Typed};

/// Which passcode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// P-03, P-05: with the card it opens the service. Never absent.
    Smartcard,
    /// P-08, P-09: proves the holder to the registration authority.
    AccountRecovery,
    /// P-11: proves the holder to a telephone service.
    Verification,
}

impl Kind {
    /// All of them, in the order in which pages show them.
    pub const ALL: [Self; 3] = [Self::Smartcard, Self::AccountRecovery, Self::Verification];

    /// As printed in the guides, in lower case.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Smartcard => "smartcard passcode",
            Self::AccountRecovery => "account recovery passcode",
            Self::Verification => "verification passcode",
        }
    }

    /// As words at the beginning of a sentence.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Smartcard => "Smartcard passcode",
            Self::AccountRecovery => "Account recovery passcode",
            Self::Verification => "Verification passcode",
        }
    }

    /// As stored and sent: the same text as in events.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Smartcard => "smartcard",
            Self::AccountRecovery => "account_recovery",
            Self::Verification => "verification",
        }
    }
}

/// P-04: a passcode that a holder may live without, and the only kinds that the server ever sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OptionalKind {
    /// See [`Kind::AccountRecovery`].
    AccountRecovery,
    /// See [`Kind::Verification`].
    Verification,
}

impl OptionalKind {
    /// Both, in the order in which pages show them.
    pub const ALL: [Self; 2] = [Self::AccountRecovery, Self::Verification];

    /// As one of the three.
    #[must_use]
    pub fn kind(self) -> Kind {
        match self {
            Self::AccountRecovery => Kind::AccountRecovery,
            Self::Verification => Kind::Verification,
        }
    }
}

impl From<OptionalKind> for Kind {
    fn from(kind: OptionalKind) -> Self {
        kind.kind()
    }
}

/// Fewest and most characters, both allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lengths {
    /// Fewest.
    pub min: usize,
    /// Most.
    pub max: usize,
}
