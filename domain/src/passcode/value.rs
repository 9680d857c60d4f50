//! Account recovery and verification passcodes as typed: parsed once, wiped when dropped, and
//! never shown.

use serde::Deserialize;
use unicode_normalization::UnicodeNormalization as _;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::{Lengths, OptionalKind};
use crate::{policy::Policy, refusal::RuleId};

/// The longest character of UTF-8, in bytes.
const UTF8_BYTES_MAX: usize = 4;

/// Text in a passcode field, not yet judged. It has no `Debug` and cannot be serialized.
#[derive(Default, Deserialize, Zeroize, ZeroizeOnDrop)]
#[serde(from = "String")]
pub struct Typed(String);

impl Typed {
    /// True if the field was left empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// True if both fields hold the same code points after NFC (B-23).
    pub(super) fn same_as(&self, other: &Self) -> bool {
        self.0.nfc().eq(other.0.nfc())
    }

    pub(super) fn text(&self) -> &str {
        &self.0
    }
}

impl From<String> for Typed {
    fn from(text: String) -> Self {
        Self(text)
    }
}

/// A passcode that keeps the rules of its kind (P-10, P-12, B-23). Equality is that of B-23:
/// exact code points after NFC, so `Abcd1234` is not `abcd1234`.
///
/// It cannot be printed, logged or serialized, and cannot be made but by [`Passcode::parse`]:
/// ```compile_fail
/// fn shown<T: std::fmt::Debug>() {}
/// shown::<domain::passcode::Passcode>();
/// ```
#[derive(PartialEq, Eq, ZeroizeOnDrop)]
pub struct Passcode {
    text: Zeroizing<String>,
}

/// The longest optional passcode of the guides (P-10, P-12), in characters.
const LONGEST: usize = 20;

impl Passcode {
    /// The passcode that `text` is, if it may be one of `kind`: nothing is trimmed or corrected.
    pub fn parse(kind: OptionalKind, text: &str, policy: &Policy) -> Result<Self, Fault> {
        // Both optional kinds have the same lengths in the guides; a policy that tells them apart
        // finds its place here.
        let lengths = match kind {
            OptionalKind::AccountRecovery | OptionalKind::Verification => policy.optional,
        };
        Self::of_length(lengths, text)
    }

    /// The passcode that `text` is, if it may ever have been an optional one: another policy than
    /// today's may have been in force when it was chosen (B-29).
    pub fn typed(text: &str, policy: &Policy) -> Result<Self, Fault> {
        let max = policy.optional.max.max(LONGEST);
        Self::of_length(Lengths { min: 1, max }, text)
    }

    fn of_length(lengths: Lengths, text: &str) -> Result<Self, Fault> {
        // Room for one character more than allowed, so that the text never moves and leaves a copy.
        let mut normal = Zeroizing::new(String::with_capacity((lengths.max + 1) * UTF8_BYTES_MAX));
        let mut n_characters = 0;
        for character in text.nfc().take(lengths.max + 1) {
            if character.is_control() {
                return Err(Fault::Characters);
            }
            normal.push(character);
            n_characters += 1;
        }
        if text.starts_with(char::is_whitespace) || text.ends_with(char::is_whitespace) {
            Err(Fault::OuterSpace)
        } else if lengths.contains(n_characters) {
            Ok(Self { text: normal })
        } else {
            Err(Fault::Length(lengths))
        }
    }

    /// The bytes to digest: UTF-8 of the NFC form. For the vault only.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.text.as_bytes()
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }
}

impl Lengths {
    /// True if so many characters are allowed.
    #[must_use]
    pub fn contains(self, n_characters: usize) -> bool {
        (self.min..=self.max).contains(&n_characters)
    }
}

/// Why a new value cannot be a passcode, whatever came before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// P-10, P-12: too short or too long.
    Length(Lengths),
    /// B-23: it begins or ends with a space.
    OuterSpace,
    /// B-23: a character that nobody can type again reliably.
    Characters,
}

impl Fault {
    /// The rule behind it.
    #[must_use]
    pub fn rule(self, kind: OptionalKind) -> RuleId {
        match (self, kind) {
            (Self::Length(_), OptionalKind::AccountRecovery) => const { RuleId::new("P-10") },
            (Self::Length(_), OptionalKind::Verification) => const { RuleId::new("P-12") },
            (Self::OuterSpace | Self::Characters, _) => const { RuleId::new("B-23") },
        }
    }

    /// The sentence at the field.
    #[must_use]
    pub fn message(self, kind: OptionalKind) -> String {
        let title = kind.kind().title();
        match self {
            Self::Length(Lengths { min, max }) if min == max => {
                format!("{title} must be {min} characters")
            }
            Self::Length(Lengths { min, max }) => {
                format!("{title} must be between {min} and {max} characters")
            }
            Self::OuterSpace => format!("{title} must not begin or end with a space"),
            Self::Characters => {
                format!("{title} must only include characters that can be typed on one line")
            }
        }
    }
}
