//! The fields of the agent's passcode page, judged on the workstation: the server never sees them.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Guessable, Lengths, guessable::is_guessable};
use crate::refusal::RuleId;

/// Width of the passcode's field on a card, in bytes (SP 800-73-5 part 2, 3.2.1).
pub const CARD_BYTES: usize = 8;

/// P-07, where policy makes a rule of it.
const GUESSABLE: RuleId = RuleId::new("P-07");

/// What is said to somebody who enters one that is tried first.
const TOO_EASY: &str = "Your new smartcard passcode is too easy to guess: choose one that is not a \
                        sequence such as 345678, does not repeat itself and is not a common one";

/// What a *new* smartcard passcode may look like: the policy's rule, or policy and card model
/// intersected. Written out, it is what a person is told: "6 to 8 digits".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SmartcardRules {
    /// How many characters, each of which is one byte.
    pub lengths: Lengths,
    /// Which characters.
    pub characters: Characters,
    /// Whether it may be one that is tried first.
    pub guessable: Guessable,
}

/// The characters of a smartcard passcode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Characters {
    /// `0` to `9`.
    Digits,
    /// Printable ASCII without the space, 0x21 to 0x7E (B-23).
    Printable,
}

impl Characters {
    fn contain(self, byte: u8) -> bool {
        match self {
            Self::Digits => byte.is_ascii_digit(),
            Self::Printable => byte.is_ascii_graphic(),
        }
    }
}

impl SmartcardRules {
    /// P-06, P-07, B-23: the rule that a new smartcard passcode breaks, if it breaks one.
    #[must_use]
    pub fn broken_by(self, new: &[u8]) -> Option<RuleId> {
        if !new.iter().all(|&byte| self.characters.contain(byte)) {
            Some(const { RuleId::new("B-23") })
        } else if !self.lengths.contains(new.len()) || CARD_BYTES < new.len() {
            Some(const { RuleId::new("P-06") })
        } else if self.guessable == Guessable::Refuse && is_guessable(new) {
            Some(GUESSABLE)
        } else {
            None
        }
    }
}

impl fmt::Display for SmartcardRules {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Lengths { min, max } = self.lengths;
        if min == max {
            write!(formatter, "{min}")?;
        } else {
            write!(formatter, "{min} to {max}")?;
        }
        formatter.write_str(match self.characters {
            Characters::Digits => " digits",
            Characters::Printable => {
                " characters: letters, numbers or symbols, without spaces or accents"
            }
        })
    }
}

/// B-29: true if a card could hold such a passcode, whatever the rules of the day it was set.
#[must_use]
pub fn card_could_hold(passcode: &[u8]) -> bool {
    (1..=CARD_BYTES).contains(&passcode.len())
        && passcode.iter().all(|byte| matches!(byte, b' '..=b'~'))
}

/// A field of the agent's passcode page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CardField {
    /// *Current Smartcard Passcode*.
    Current,
    /// *New Smartcard Passcode*.
    New,
    /// *Confirm New Smartcard Passcode*.
    Confirm,
}

/// One thing that is wrong with a field. Never holds what was typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CardFault {
    /// Where.
    pub field: CardField,
    /// By which rule.
    pub rule: RuleId,
    /// The sentence that stands at the field and in the error summary.
    pub message: String,
}

/// One press of the button on the passcode page. The bytes are borrowed: wiping them is the
/// business of the page that read them.
pub struct CardForm<'a> {
    /// The current smartcard passcode, where the act asks for it.
    pub current: Option<&'a [u8]>,
    /// The new one, twice (new, confirm), where the act asks for it.
    pub new: Option<(&'a [u8], &'a [u8])>,
}

impl CardForm<'_> {
    /// P-06, P-21, P-22, P-25, B-23, B-28, B-29: everything that is wrong with the page, all at
    /// once, a fault a field at the most.
    #[must_use]
    pub fn faults(&self, rules: SmartcardRules) -> Vec<CardFault> {
        let current = self.current.and_then(current_fault);
        let new = self.new.and_then(|(new, _)| new_fault(new, self.current, rules));
        let confirm = self.new.and_then(|(new, confirm)| confirm_fault(new, confirm));
        [current, new, confirm].into_iter().flatten().collect()
    }
}

/// B-29: the rules of today are not applied to the current passcode, and only the card can tell
/// whether it is right. What no card could hold cannot be right, so no try is spent on it.
fn current_fault(current: &[u8]) -> Option<CardFault> {
    let (rule, message) = if current.is_empty() {
        (const { RuleId::new("P-25") }, "Enter your current smartcard passcode")
    } else if card_could_hold(current) {
        return None;
    } else {
        let message = "Your current smartcard passcode has at most 8 characters, all of them \
                       letters, numbers or symbols without accents. No try was used";
        (const { RuleId::new("B-29") }, message)
    };
    Some(CardFault { field: CardField::Current, rule, message: message.to_owned() })
}

fn new_fault(new: &[u8], current: Option<&[u8]>, rules: SmartcardRules) -> Option<CardFault> {
    let (rule, message) = if new.is_empty() {
        (const { RuleId::new("P-21") }, "Enter a new smartcard passcode".to_owned())
    } else if rules.broken_by(new) == Some(GUESSABLE) {
        (GUESSABLE, TOO_EASY.to_owned())
    } else if let Some(rule) = rules.broken_by(new) {
        (rule, format!("Your new smartcard passcode must be {rules}"))
    } else if current == Some(new) {
        let message = "Your new smartcard passcode must be different from your current one";
        (const { RuleId::new("P-22") }, message.to_owned())
    } else {
        return None;
    };
    Some(CardFault { field: CardField::New, rule, message })
}

fn confirm_fault(new: &[u8], confirm: &[u8]) -> Option<CardFault> {
    let message = if new.is_empty() || new == confirm {
        return None;
    } else if confirm.is_empty() {
        "Enter your new smartcard passcode once more"
    } else {
        "Enter the same new smartcard passcode twice"
    };
    let rule = const { RuleId::new("P-21") };
    Some(CardFault { field: CardField::Confirm, rule, message: message.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Policy;

    const DIGITS: SmartcardRules = SmartcardRules {
        lengths: Lengths { min: 6, max: 8 },
        characters: Characters::Digits,
        guessable: Guessable::Accept,
    };

    fn seed(text: &str) -> Option<&'static str> {
        Policy::seed().smartcard.broken_by(text.as_bytes()).map(RuleId::as_str)
    }

    /// The faults of a page under the guides' rules, as field and rule.
    fn faults(current: Option<&str>, new: Option<(&str, &str)>) -> Vec<(CardField, &'static str)> {
        let new = new.map(|(new, confirm)| (new.as_bytes(), confirm.as_bytes()));
        let form = CardForm { current: current.map(str::as_bytes), new };
        let faults = form.faults(Policy::seed().smartcard);
        faults.iter().map(|fault| (fault.field, fault.rule.as_str())).collect()
    }

    #[test]
    fn p06_a_smartcard_passcode_has_4_to_8_characters() {
        assert_eq!(seed("abc"), Some("P-06"));
        assert_eq!(seed("abcd"), None);
        assert_eq!(seed("abcdefgh"), None);
        assert_eq!(seed("abcdefghi"), Some("P-06"));
    }

    #[test]
    fn p06_the_card_may_ask_for_more_than_the_policy() {
        let digits = |text: &str| DIGITS.broken_by(text.as_bytes()).map(RuleId::as_str);
        assert_eq!(digits("12345"), Some("P-06"));
        assert_eq!(digits("123456"), None);
        assert_eq!(digits("12345678"), None);
        assert_eq!(digits("12345a"), Some("B-23"));
    }

    #[test]
    fn p07_what_is_tried_first_is_accepted_by_the_guides_and_refused_where_policy_says_so() {
        let strict = SmartcardRules { guessable: Guessable::Refuse, ..DIGITS };
        let broken = |rules: SmartcardRules, text: &str| {
            rules.broken_by(text.as_bytes()).map(RuleId::as_str)
        };
        assert_eq!((broken(DIGITS, "345678"), broken(strict, "345678")), (None, Some("P-07")));
        assert_eq!((broken(strict, "12345"), broken(strict, "583107")), (Some("P-06"), None));
        let form = CardForm { current: None, new: Some((b"121212", b"121212")) };
        let faults = form.faults(strict);
        assert_eq!(faults.iter().map(|fault| fault.rule.as_str()).collect::<Vec<_>>(), ["P-07"]);
        assert_eq!(form.faults(DIGITS), []);
    }

    #[test]
    fn p06_no_rules_allow_more_than_the_field_on_a_card_holds() {
        let rules = SmartcardRules { lengths: Lengths { min: 6, max: 20 }, ..DIGITS };
        assert_eq!(rules.broken_by(b"12345678"), None);
        assert_eq!(rules.broken_by(b"123456789").unwrap().as_str(), "P-06");
    }

    #[test]
    fn p06_the_rules_are_told_in_the_words_of_this_card_and_policy() {
        assert_eq!(DIGITS.to_string(), "6 to 8 digits");
        let eight = SmartcardRules { lengths: Lengths { min: 8, max: 8 }, ..DIGITS };
        assert_eq!(eight.to_string(), "8 digits");
        assert!(Policy::seed().smartcard.to_string().starts_with("4 to 8 characters: letters"));
    }

    #[test]
    fn b23_a_smartcard_passcode_is_made_of_printable_ascii_without_the_space() {
        assert_eq!(seed("!bc~"), None);
        for text in ["a cd", " abcd", "abc\u{7f}", "abc\u{1f}", "pässe"] {
            assert_eq!(seed(text), Some("B-23"), "{text:?}");
        }
    }

    #[test]
    fn p25_the_current_smartcard_passcode_has_to_be_entered() {
        assert_eq!(faults(Some(""), None), [(CardField::Current, "P-25")]);
        assert_eq!(faults(Some(""), Some(("Abcd", "Abcd"))), [(CardField::Current, "P-25")]);
    }

    #[test]
    fn b29_no_rule_of_today_is_applied_to_the_current_smartcard_passcode() {
        for text in ["1", "12ab", "a b", "12345678", "~!@#$%^&"] {
            assert_eq!(faults(Some(text), None), [], "{text}");
        }
        let form = CardForm { current: Some(b"ab c"), new: Some((b"123456", b"123456")) };
        assert_eq!(form.faults(DIGITS), []);
    }

    #[test]
    fn b29_a_current_passcode_that_no_card_could_hold_is_not_spent_a_try_on() {
        for text in ["123456789", "Pässwor", "12345\0", "12\t34", "🗝"] {
            assert_eq!(faults(Some(text), None), [(CardField::Current, "B-29")], "{text:?}");
        }
    }

    #[test]
    fn b28_all_faults_of_the_passcode_page_come_at_once() {
        assert_eq!(
            faults(Some(""), Some(("abc", "abd"))),
            [(CardField::Current, "P-25"), (CardField::New, "P-06"), (CardField::Confirm, "P-21")]
        );
    }

    #[test]
    fn p21_a_new_smartcard_passcode_is_entered_twice() {
        assert_eq!(faults(None, Some(("Abcd", "Abcd"))), []);
        assert_eq!(faults(None, Some(("", ""))), [(CardField::New, "P-21")]);
        assert_eq!(faults(None, Some(("", "Abcd"))), [(CardField::New, "P-21")]);
        for confirm in ["", "abcd", "Abcde"] {
            let expected = [(CardField::Confirm, "P-21")];
            assert_eq!(faults(None, Some(("Abcd", confirm))), expected, "{confirm}");
        }
    }

    #[test]
    fn p22_the_current_passcode_is_no_new_one() {
        assert_eq!(faults(Some("Abcd"), Some(("Abcd", "Abcd"))), [(CardField::New, "P-22")]);
        assert_eq!(faults(Some("Abcd"), Some(("abcd", "abcd"))), []);
    }
}
