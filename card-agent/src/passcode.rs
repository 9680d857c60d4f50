//! A smartcard passcode as it was typed: wiped when dropped, never shown.

use protocol::PasscodeRules;
use zeroize::Zeroizing;

use crate::piv::{REFERENCE_BYTES, ReferenceData};

/// A passcode that a card can be given: one to eight printable characters.
#[derive(Clone, PartialEq, Eq)]
pub struct Passcode {
    text: Zeroizing<Vec<u8>>,
    padded: ReferenceData,
}

/// Why a text is no passcode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// Nothing was entered.
    #[error("nothing was entered")]
    Missing,
    /// Longer than the field on the card, or with characters that no card holds. Such a thing
    /// cannot be right, so it is not spent a try on (B-29).
    #[error("no card holds such a passcode")]
    Impossible,
    /// Shorter or longer than the rules for a new one allow (P-06).
    #[error("too short or too long")]
    Length,
    /// Characters that the rules for a new one do not allow (B-23).
    #[error("characters that are not allowed")]
    Characters,
}

impl Passcode {
    /// The current passcode. Today's rules are never applied to it (B-29): whatever a card could
    /// hold goes to the card.
    pub fn current(text: &str) -> Result<Self, Unfit> {
        if text.is_empty() {
            return Err(Unfit::Missing);
        }
        let printable = text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
        if !printable || REFERENCE_BYTES < text.len() {
            return Err(Unfit::Impossible);
        }
        Self::of(text).ok_or(Unfit::Impossible)
    }

    /// A new passcode, checked against what policy and card allow (P-06, B-23): the card itself is
    /// not trusted to.
    pub fn fresh(text: &str, rules: PasscodeRules) -> Result<Self, Unfit> {
        if text.is_empty() {
            return Err(Unfit::Missing);
        }
        if !(usize::from(rules.min)..=usize::from(rules.max)).contains(&text.chars().count()) {
            return Err(Unfit::Length);
        }
        if !text.bytes().all(|byte| rules.characters.contains(byte)) {
            return Err(Unfit::Characters);
        }
        Self::of(text).ok_or(Unfit::Length)
    }

    /// True if it may be written as a new one under these rules.
    #[must_use]
    pub fn satisfies(&self, rules: PasscodeRules) -> bool {
        (usize::from(rules.min)..=usize::from(rules.max)).contains(&self.text.len())
            && self.text.iter().all(|&byte| rules.characters.contains(byte))
    }

    /// As the card compares it.
    #[must_use]
    pub fn padded(&self) -> &ReferenceData {
        &self.padded
    }

    /// As it was typed, for the stretch.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.text
    }

    fn of(text: &str) -> Option<Self> {
        let padded = ReferenceData::new(text.as_bytes())?;
        Some(Self { text: Zeroizing::new(text.as_bytes().to_vec()), padded })
    }
}

impl std::fmt::Debug for Passcode {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Passcode(…)")
    }
}

#[cfg(test)]
mod tests {
    use protocol::Characters;

    use super::*;

    const DIGITS: PasscodeRules = PasscodeRules { min: 6, max: 8, characters: Characters::Digits };
    const GUIDE: PasscodeRules =
        PasscodeRules { min: 4, max: 8, characters: Characters::Printable };

    #[test]
    fn b29_any_passcode_that_a_card_could_hold_is_taken_as_the_current_one() {
        for text in ["1", "12ab", "a b", "12345678", "~!@#$%^&"] {
            assert!(Passcode::current(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn b29_a_current_passcode_that_no_card_could_hold_is_not_spent_a_try_on() {
        assert_eq!(Passcode::current("").unwrap_err(), Unfit::Missing);
        for text in ["123456789", "Pässwor", "12345\0", "12\t34", "🗝"] {
            assert_eq!(Passcode::current(text).unwrap_err(), Unfit::Impossible, "{text:?}");
        }
    }

    #[test]
    fn p06_a_new_passcode_of_3_is_refused_4_and_8_are_taken_and_9_is_refused() {
        assert_eq!(Passcode::fresh("abc", GUIDE).unwrap_err(), Unfit::Length);
        assert!(Passcode::fresh("abcd", GUIDE).is_ok());
        assert!(Passcode::fresh("abcdefgh", GUIDE).is_ok());
        assert_eq!(Passcode::fresh("abcdefghi", GUIDE).unwrap_err(), Unfit::Length);
    }

    #[test]
    fn p06_on_a_plain_piv_card_5_digits_are_refused_6_and_8_are_taken_and_letters_are_refused() {
        assert_eq!(Passcode::fresh("12345", DIGITS).unwrap_err(), Unfit::Length);
        assert!(Passcode::fresh("123456", DIGITS).is_ok());
        assert!(Passcode::fresh("12345678", DIGITS).is_ok());
        assert_eq!(Passcode::fresh("12345a", DIGITS).unwrap_err(), Unfit::Characters);
    }

    #[test]
    fn b23_blanks_and_letters_beyond_ascii_are_refused_and_length_counts_characters() {
        assert_eq!(Passcode::fresh("ab cd", GUIDE).unwrap_err(), Unfit::Characters);
        assert_eq!(Passcode::fresh(" abcd", GUIDE).unwrap_err(), Unfit::Characters);
        assert_eq!(Passcode::fresh("Pässword", GUIDE).unwrap_err(), Unfit::Characters);
    }

    #[test]
    fn a_passcode_is_not_shown() {
        assert_eq!(format!("{:?}", Passcode::current("123456").unwrap()), "Passcode(…)");
    }
}
