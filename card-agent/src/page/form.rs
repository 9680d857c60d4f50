//! What was typed, judged as a whole: every field's fault at once.

use protocol::{Characters, Needs, PasscodeRules};
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::{
    operations::Entered,
    passcode::{Passcode, Unfit},
};

/// Id of the field for the current passcode.
pub(super) const CURRENT: &str = "current_passcode";
/// Id of the field for the new one.
pub(super) const NEW: &str = "new_passcode";
/// Id of the field for the new one once more.
pub(super) const CONFIRM: &str = "confirm_passcode";
/// Id of the box that allows the last try.
pub(super) const LAST_TRY: &str = "last_try";

/// The form as it came. Its passcodes are wiped when dropped; it has no `Debug`.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Form {
    current_passcode: Zeroizing<String>,
    new_passcode: Zeroizing<String>,
    confirm_passcode: Zeroizing<String>,
    last_try: String,
    /// Hash of the act that the page showed, hexadecimal.
    pub(super) shown: String,
}

/// One fault: the field's id, and what to do.
pub(super) type Fault = (&'static str, String);

/// What the form has to satisfy.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted {
    /// Which fields there are.
    pub(super) needs: Needs,
    /// For a new passcode: policy's and the card's.
    pub(super) rules: PasscodeRules,
    /// True if this try has to be consented to.
    pub(super) consent: bool,
}

impl Form {
    /// All that was entered, or all that is wrong with it.
    pub(super) fn parse(&self, wanted: Wanted) -> Result<Entered, Vec<Fault>> {
        let mut faults = Vec::new();
        let last_try = !self.last_try.is_empty();
        let entered = match wanted.needs {
            Needs::Current => {
                self.current(&mut faults).map(|current| Entered::Current { current, last_try })
            }
            Needs::CurrentAndNew => {
                let current = self.current(&mut faults);
                let new = self.new_passcode(wanted.rules, &mut faults);
                if !self.new_passcode.is_empty() && self.new_passcode == self.current_passcode {
                    let text =
                        "Your new smartcard passcode must be different from your current one";
                    faults.push((NEW, text.to_owned()));
                }
                current.zip(new).map(|(current, new)| Entered::CurrentAndNew {
                    current,
                    new,
                    last_try,
                })
            }
            Needs::New => {
                self.new_passcode(wanted.rules, &mut faults).map(|new| Entered::New { new })
            }
        };
        if wanted.consent && !last_try {
            faults.push((LAST_TRY, "Tick the box if you want to use this try".to_owned()));
        }
        match entered {
            Some(entered) if faults.is_empty() => Ok(entered),
            Some(_) | None => Err(faults),
        }
    }

    /// P-25; by B-29 not judged by today's rules.
    fn current(&self, faults: &mut Vec<Fault>) -> Option<Passcode> {
        let text = match Passcode::current(&self.current_passcode) {
            Ok(passcode) => return Some(passcode),
            Err(Unfit::Missing) => "Enter your current smartcard passcode",
            Err(Unfit::Impossible | Unfit::Length | Unfit::Characters) => {
                "Your current smartcard passcode has at most 8 characters, all of them letters, \
                 numbers or symbols without accents. No try was used"
            }
        };
        faults.push((CURRENT, text.to_owned()));
        None
    }

    /// P-06, P-21.
    fn new_passcode(&self, rules: PasscodeRules, faults: &mut Vec<Fault>) -> Option<Passcode> {
        let new = Passcode::fresh(&self.new_passcode, rules);
        match &new {
            Ok(_) => {}
            Err(Unfit::Missing) => {
                faults.push((NEW, "Enter a new smartcard passcode".to_owned()));
            }
            Err(Unfit::Length | Unfit::Characters | Unfit::Impossible) => {
                let text = format!("Your new smartcard passcode must be {}", describe(rules));
                faults.push((NEW, text));
            }
        }
        if self.confirm_passcode.is_empty() {
            faults.push((CONFIRM, "Enter your new smartcard passcode once more".to_owned()));
        } else if self.confirm_passcode != self.new_passcode {
            faults.push((CONFIRM, "Enter the same new smartcard passcode twice".to_owned()));
        }
        new.ok()
    }
}

/// The rules for a new passcode, in words.
pub(super) fn describe(rules: PasscodeRules) -> String {
    let PasscodeRules { min, max, characters } = rules;
    let length = if min == max { format!("{min}") } else { format!("{min} to {max}") };
    match characters {
        Characters::Digits => format!("{length} digits"),
        Characters::Printable => {
            format!("{length} characters: letters, numbers or symbols, without spaces or accents")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: PasscodeRules = PasscodeRules { min: 6, max: 8, characters: Characters::Digits };

    fn faults(needs: Needs, consent: bool, form: &Form) -> Vec<&'static str> {
        let wanted = Wanted { needs, rules: RULES, consent };
        let faults = form.parse(wanted).err().unwrap_or_default();
        faults.into_iter().map(|(field, _)| field).collect()
    }

    fn form(current: &str, new: &str, confirm: &str) -> Form {
        Form {
            current_passcode: current.to_owned().into(),
            new_passcode: new.to_owned().into(),
            confirm_passcode: confirm.to_owned().into(),
            ..Form::default()
        }
    }

    #[test]
    fn p25_the_current_passcode_is_mandatory_for_every_change() {
        assert_eq!(faults(Needs::Current, false, &form("", "", "")), [CURRENT]);
        assert_eq!(faults(Needs::CurrentAndNew, false, &form("", "246802", "246802")), [CURRENT]);
    }

    #[test]
    fn p21_a_new_passcode_is_entered_twice_and_both_are_the_same() {
        let needs = Needs::CurrentAndNew;
        assert_eq!(faults(needs, false, &form("135790", "246802", "")), [CONFIRM]);
        assert_eq!(faults(needs, false, &form("135790", "246802", "246803")), [CONFIRM]);
        assert!(faults(needs, false, &form("135790", "246802", "246802")).is_empty());
    }

    #[test]
    fn b28_all_faults_are_told_at_once() {
        let form = form("123456789", "12", "13");
        assert_eq!(faults(Needs::CurrentAndNew, true, &form), [CURRENT, NEW, CONFIRM, LAST_TRY]);
    }

    #[test]
    fn p22_the_current_passcode_is_no_new_one() {
        let form = form("135790", "135790", "135790");
        assert_eq!(faults(Needs::CurrentAndNew, false, &form), [NEW]);
    }

    #[test]
    fn b29_the_last_try_needs_its_box() {
        let mut form = form("135790", "", "");
        assert_eq!(faults(Needs::Current, true, &form), [LAST_TRY]);
        form.last_try = "yes".to_owned();
        assert!(faults(Needs::Current, true, &form).is_empty());
    }

    #[test]
    fn p06_the_rules_are_told_in_the_words_of_this_card_and_policy() {
        assert_eq!(describe(RULES), "6 to 8 digits");
        assert_eq!(describe(PasscodeRules { min: 8, ..RULES }), "8 digits");
        let printable = PasscodeRules { min: 4, characters: Characters::Printable, ..RULES };
        assert!(describe(printable).starts_with("4 to 8 characters: letters"));
    }
}
