//! A smartcard passcode as it was typed: wiped when dropped, never shown. What a person may type is
//! judged by [`domain::passcode::CardForm`].

use domain::passcode::{Characters, Guessable, Lengths, SmartcardRules, card_could_hold};
use protocol::PasscodeRules;
use zeroize::Zeroizing;

use crate::piv::ReferenceData;

/// A passcode that a card could hold: one to eight printable characters.
#[derive(Clone, PartialEq, Eq)]
pub struct Passcode {
    text: Zeroizing<Vec<u8>>,
    padded: ReferenceData,
}

impl Passcode {
    /// `None` if no card could hold it (B-29).
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let padded = card_could_hold(bytes).then(|| ReferenceData::new(bytes)).flatten()?;
        Some(Self { text: Zeroizing::new(bytes.to_vec()), padded })
    }

    /// P-06, B-23: true if it may be written as a new one under these rules.
    #[must_use]
    pub fn satisfies(&self, rules: PasscodeRules) -> bool {
        smartcard_rules(rules).broken_by(&self.text).is_none()
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
}

impl std::fmt::Debug for Passcode {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Passcode(…)")
    }
}

/// The rules for a new passcode, from the words of the wire to those of the domain.
pub(crate) fn smartcard_rules(rules: PasscodeRules) -> SmartcardRules {
    let PasscodeRules { min, max, characters, refuses_guessable } = rules;
    SmartcardRules {
        lengths: Lengths { min: min.into(), max: max.into() },
        characters: match characters {
            protocol::Characters::Digits => Characters::Digits,
            protocol::Characters::Printable => Characters::Printable,
        },
        guessable: if refuses_guessable { Guessable::Refuse } else { Guessable::Accept },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::{GUIDE, PIV};

    #[test]
    fn b29_any_passcode_that_a_card_could_hold_is_one() {
        for text in ["1", "a b", "12345678", "~!@#$%^&"] {
            assert!(Passcode::new(text).is_some(), "{text}");
        }
        for text in ["", "123456789", "Pässwor", "12345\0", "🗝"] {
            assert_eq!(Passcode::new(text), None, "{text:?}");
        }
    }

    #[test]
    fn p06_b23_a_new_passcode_satisfies_policy_and_card_together() {
        let satisfies = |text: &str| {
            let rules = GUIDE.new_passcode.intersect(PIV.new_passcode).unwrap();
            Passcode::new(text).unwrap().satisfies(rules)
        };
        assert!(!satisfies("12345") && satisfies("123456") && satisfies("12345678"));
        assert!(!satisfies("12345a"));
        let guide = |text: &str| Passcode::new(text).unwrap().satisfies(GUIDE.new_passcode);
        assert!(!guide("abc") && guide("abcd") && !guide("ab cd"));
    }

    #[test]
    fn a_passcode_is_not_shown() {
        assert_eq!(format!("{:?}", Passcode::new("123456").unwrap()), "Passcode(…)");
    }
}
