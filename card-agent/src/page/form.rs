//! What was typed, judged as a whole: every field's fault at once.

use domain::passcode::{CardField, CardForm};
use protocol::{Needs, PasscodeRules};
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::{
    operations::Entered,
    passcode::{Passcode, smartcard_rules},
};

/// Id of the field for the current passcode.
pub(super) const CURRENT: &str = "current_passcode";
/// Id of the field for the new one.
pub(super) const NEW: &str = "new_passcode";
/// Id of the field for the new one once more.
pub(super) const CONFIRM: &str = "confirm_passcode";
/// Id of the button of a page without fields.
pub(super) const AGREE: &str = "agree";
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
        let last_try = !self.last_try.is_empty();
        let mut faults: Vec<Fault> = self
            .fields(wanted.needs)
            .faults(smartcard_rules(wanted.rules))
            .into_iter()
            .map(|fault| (id(fault.field), fault.message))
            .collect();
        if wanted.consent && !last_try {
            faults.push((LAST_TRY, "Tick the box if you want to use this try".to_owned()));
        }
        match self.entered(wanted.needs, last_try) {
            Some(entered) if faults.is_empty() => Ok(entered),
            Some(_) | None => Err(faults),
        }
    }

    /// What the rules judge.
    fn fields(&self, needs: Needs) -> CardForm<'_> {
        let current = Some(self.current_passcode.as_bytes());
        let new = Some((self.new_passcode.as_bytes(), self.confirm_passcode.as_bytes()));
        match needs {
            Needs::Current => CardForm { current, new: None },
            Needs::CurrentAndNew => CardForm { current, new },
            Needs::New => CardForm { current: None, new },
            Needs::Nothing => CardForm { current: None, new: None },
        }
    }

    /// What the card is given; `None` if it could not hold it.
    fn entered(&self, needs: Needs, last_try: bool) -> Option<Entered> {
        let current = Passcode::new(&self.current_passcode);
        let new = Passcode::new(&self.new_passcode);
        match needs {
            Needs::Current => current.map(|current| Entered::Current { current, last_try }),
            Needs::CurrentAndNew => current.zip(new).map(|(current, new)| Entered::CurrentAndNew {
                current,
                new,
                last_try,
            }),
            Needs::New => new.map(|new| Entered::New { new }),
            Needs::Nothing => Some(Entered::Nothing),
        }
    }
}

fn id(field: CardField) -> &'static str {
    match field {
        CardField::Current => CURRENT,
        CardField::New => NEW,
        CardField::Confirm => CONFIRM,
    }
}

#[cfg(test)]
mod tests {
    use protocol::Characters;

    use super::*;

    const RULES: PasscodeRules =
        PasscodeRules { min: 6, max: 8, characters: Characters::Digits, refuses_guessable: false };

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
    fn p07_what_is_tried_first_is_a_fault_where_policy_says_so() {
        let typed = form("135790", "345678", "345678");
        assert!(faults(Needs::CurrentAndNew, false, &typed).is_empty());
        let rules = PasscodeRules { refuses_guessable: true, ..RULES };
        let wanted = Wanted { needs: Needs::CurrentAndNew, rules, consent: false };
        let faults = typed.parse(wanted).err().unwrap_or_default();
        assert_eq!(faults.into_iter().map(|(field, _)| field).collect::<Vec<_>>(), [NEW]);
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
}
