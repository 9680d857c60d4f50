//! What a job asks of the person at the passcode page, and of the card.

use serde::{Deserialize, Serialize};

/// The act a job stands for. The agent shows it before it asks for a passcode, so that nobody
/// agrees to something he has not read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "act")]
pub enum Act {
    /// P-05: log in to the portal with card and smartcard passcode.
    LogIn,
    /// P-20 to P-28: change passcodes; `smartcard` says whether the card's own is among them.
    ChangePasscodes {
        /// One line per change in the guides' words, for the page ("Set a new verification passcode").
        changes: Vec<String>,
        /// True if a new smartcard passcode is asked for on the agent's page.
        smartcard: bool,
    },
    /// P-03: write keys, certificates and the holder's first passcode to a blank card.
    Personalise,
    /// C-09: renew both certificates of the card, with new keys (*Update My Card*).
    UpdateCard,
    /// register for self-service, or change what is registered (B-43).
    Register {
        /// The texts of the questions that were chosen; none if they stay as they are.
        questions: Vec<String>,
        /// Where the code goes, masked (`n•••@example.org`).
        address: String,
    },
    /// U-04: show that the card is here, so that its holder may unlock it. Nothing is typed, and a
    /// locked card does it as well.
    BeginUnlock,
    /// U-12: after questions and code, set a new smartcard passcode, whether the card is locked or
    /// its passcode forgotten.
    Unlock,
}

/// Which passcodes the page has to ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// The current one only.
    Current,
    /// The current one, and a new one twice.
    CurrentAndNew,
    /// A new one twice: the card has none of the holder's yet, or he does not know it any more.
    New,
    /// None at all: the card does what it does for everybody.
    Nothing,
}

impl Needs {
    /// True if the current passcode is asked for, so that a try may be spent.
    #[must_use]
    pub fn asks_current(self) -> bool {
        match self {
            Self::Current | Self::CurrentAndNew => true,
            Self::New | Self::Nothing => false,
        }
    }
}

impl Act {
    /// Which fields the passcode page shows for this act.
    #[must_use]
    pub fn needs(&self) -> Needs {
        match self {
            Self::LogIn
            | Self::ChangePasscodes { smartcard: false, .. }
            | Self::UpdateCard
            | Self::Register { .. } => Needs::Current,
            Self::ChangePasscodes { smartcard: true, .. } => Needs::CurrentAndNew,
            Self::Personalise | Self::Unlock => Needs::New,
            Self::BeginUnlock => Needs::Nothing,
        }
    }
}

/// What a *new* smartcard passcode may look like: the intersection of policy (P-06) and card
/// profile. Never applied to the current one (B-29).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PasscodeRules {
    /// Fewest characters.
    pub min: u8,
    /// Most characters; 8 at the most, the width of the field on a PIV card (SP 800-73-5 part 2, 3.2.1).
    pub max: u8,
    /// Which characters.
    pub characters: Characters,
    /// True if sequences, repeats and what is on the block list are refused (P-07). An agent that
    /// does not know the word accepts them.
    #[serde(default)]
    pub refuses_guessable: bool,
}

/// The characters a smartcard passcode may be made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Characters {
    /// `0` to `9`: the PIV rule.
    Digits,
    /// Printable ASCII without the space, 0x21 to 0x7E (B-23).
    Printable,
}

impl Characters {
    /// True if `byte` is one of them.
    #[must_use]
    pub fn contains(self, byte: u8) -> bool {
        match self {
            Self::Digits => byte.is_ascii_digit(),
            Self::Printable => byte.is_ascii_graphic(),
        }
    }
}

impl PasscodeRules {
    /// What both allow. `None` if nothing satisfies both: then the card model cannot be used.
    #[must_use]
    pub fn intersect(self, other: Self) -> Option<Self> {
        let min = self.min.max(other.min);
        let max = self.max.min(other.max);
        let characters = match (self.characters, other.characters) {
            (Characters::Printable, Characters::Printable) => Characters::Printable,
            (Characters::Digits, _) | (_, Characters::Digits) => Characters::Digits,
        };
        let refuses_guessable = self.refuses_guessable || other.refuses_guessable;
        (min <= max).then_some(Self { min, max, characters, refuses_guessable })
    }
}
