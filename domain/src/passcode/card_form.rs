//! The fields of the agent's passcode page, judged on the workstation: the server never sees them.

use super::{Fault, Field, FieldFault, Kind, Lengths};
use crate::refusal::RuleId;

/// What a *new* smartcard passcode may look like: the policy's rule, or policy and card model
/// intersected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SmartcardRules {
    /// How many characters, each of which is one byte.
    pub lengths: Lengths,
    /// Which characters.
    pub characters: Characters,
}

/// The characters of a smartcard passcode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Characters {
    /// `0` to `9`.
    Digits,
    /// Printable ASCII without the space, 0x21 to 0x7E (B-23).
    Printable,
}

/// P-06, B-23: what is wrong with a new smartcard passcode, if anything.
#[must_use]
pub fn smartcard_fault(new: &[u8], rules: SmartcardRules) -> Option<Fault> {
    if !new.iter().all(u8::is_ascii_graphic) {
        return Some(Fault::Characters);
    }
    match rules.characters {
        Characters::Digits if !new.iter().all(u8::is_ascii_digit) => Some(Fault::NotDigits),
        Characters::Digits | Characters::Printable => {
            (!rules.lengths.contains(new.len())).then_some(Fault::Length(rules.lengths))
        }
    }
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
    /// P-06, P-21, P-25, B-23, B-28: everything that is wrong with the page, all at once.
    ///
    /// B-29: the current passcode only has to be there. Its length and characters are those of the
    /// day it was set, and only the card can tell whether it is right.
    #[must_use]
    pub fn faults(&self, rules: SmartcardRules) -> Vec<FieldFault> {
        let mut faults = vec![];
        if self.current.is_some_and(<[u8]>::is_empty) {
            faults.push(FieldFault {
                field: Field::CurrentSmartcard,
                rule: const { RuleId::new("P-25") },
                message: "Enter your current smartcard passcode".to_owned(),
            });
        }
        if let Some((new, confirm)) = self.new {
            faults.extend(new_faults(new, confirm, rules));
        }
        faults
    }
}

fn new_faults(new: &[u8], confirm: &[u8], rules: SmartcardRules) -> Vec<FieldFault> {
    let fault = |field, message: &str| FieldFault {
        field,
        rule: const { RuleId::new("P-21") },
        message: message.to_owned(),
    };
    let mut faults = vec![];
    if new.is_empty() {
        faults.push(fault(Field::NewSmartcard, "Enter a new smartcard passcode"));
    } else if let Some(wrong) = smartcard_fault(new, rules) {
        faults.push(FieldFault {
            field: Field::NewSmartcard,
            rule: wrong.rule(Kind::Smartcard),
            message: wrong.message(Kind::Smartcard),
        });
    }
    if confirm.is_empty() {
        if !new.is_empty() {
            faults.push(fault(Field::ConfirmSmartcard, "Confirm your new smartcard passcode"));
        }
    } else if !new.is_empty() && new != confirm {
        faults.push(fault(
            Field::ConfirmSmartcard,
            "The new smartcard passcode and its confirmation do not match",
        ));
    }
    faults
}
