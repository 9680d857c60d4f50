//! *Reset Passcodes* (S-03, S-04): from text fields to what is wanted, or to every error at once.

use serde::{Deserialize, Serialize};

use super::{OptionalKind, Passcode, Passcodes, Standing, Typed};
use crate::{context::Context, policy::SameValue, refusal::RuleId};

/// The form as sent. The smartcard passcode is asked for afterwards, by the agent's page; here it
/// is only ticked. It has no box to blank it (P-03).
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Form {
    /// *Change my smartcard passcode*.
    pub smartcard: bool,
    /// New, Confirm and Blank of the account recovery passcode.
    pub account_recovery: OptionalFields,
    /// New, Confirm and Blank of the verification passcode.
    pub verification: OptionalFields,
}

/// The three fields of a kind that may be blanked.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OptionalFields {
    /// *New … Passcode*.
    #[serde(rename = "new")]
    pub wanted: Typed,
    /// *Confirm New … Passcode*: mandatory when the other is filled (S-04).
    pub confirm: Typed,
    /// *Blank Passcode*.
    pub blank: bool,
}

/// What a valid form asks for. It has no `Debug`: it holds passcodes.
#[derive(PartialEq, Eq)]
pub struct Wanted {
    /// A new smartcard passcode, still to be typed at the agent's page.
    pub smartcard: bool,
    /// What becomes of the account recovery passcode.
    pub account_recovery: WantedOptional,
    /// What becomes of the verification passcode.
    pub verification: WantedOptional,
}

/// What becomes of a passcode that a holder may live without.
#[derive(PartialEq, Eq)]
pub enum WantedOptional {
    /// P-21: its fields were left empty.
    Keep,
    /// It gets a new value.
    Set(Passcode),
    /// P-24: it is removed.
    Blank,
}

/// A field of *Reset Passcodes*.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    /// The form as a whole.
    Form,
    /// *New Account Recovery Passcode*.
    NewAccountRecovery,
    /// *Confirm New Account Recovery Passcode*.
    ConfirmAccountRecovery,
    /// *Blank Passcode* beside it.
    BlankAccountRecovery,
    /// *New Verification Passcode*.
    NewVerification,
    /// *Confirm New Verification Passcode*.
    ConfirmVerification,
    /// *Blank Passcode* beside it.
    BlankVerification,
}

impl Field {
    /// The name used in pages and problems, the same as in JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Form => "form",
            Self::NewAccountRecovery => "new_account_recovery",
            Self::ConfirmAccountRecovery => "confirm_account_recovery",
            Self::BlankAccountRecovery => "blank_account_recovery",
            Self::NewVerification => "new_verification",
            Self::ConfirmVerification => "confirm_verification",
            Self::BlankVerification => "blank_verification",
        }
    }

    fn of_new(kind: OptionalKind) -> Self {
        match kind {
            OptionalKind::AccountRecovery => Self::NewAccountRecovery,
            OptionalKind::Verification => Self::NewVerification,
        }
    }

    fn of_confirm(kind: OptionalKind) -> Self {
        match kind {
            OptionalKind::AccountRecovery => Self::ConfirmAccountRecovery,
            OptionalKind::Verification => Self::ConfirmVerification,
        }
    }

    fn of_blank(kind: OptionalKind) -> Self {
        match kind {
            OptionalKind::AccountRecovery => Self::BlankAccountRecovery,
            OptionalKind::Verification => Self::BlankVerification,
        }
    }
}

/// One thing that is wrong with a field. Never holds what was typed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldFault {
    /// Where.
    pub field: Field,
    /// By which rule.
    pub rule: RuleId,
    /// The sentence that stands at the field and in the error summary.
    pub message: String,
}

impl FieldFault {
    /// P-22: the vault found the value of this kind among the last ones.
    #[must_use]
    pub fn used_before(kind: OptionalKind) -> Self {
        Self {
            field: Field::of_new(kind),
            rule: const { RuleId::new("P-22") },
            message: super::Refusal::UsedBefore { kind: kind.into() }.to_string(),
        }
    }
}

impl Form {
    /// S-03, S-04, P-10, P-12, P-21, P-24, B-23, B-28: what the form asks for, or every fault of
    /// every field at once.
    pub fn parse(
        &self,
        ctx: &Context<'_>,
        passcodes: &Passcodes,
    ) -> Result<Wanted, Vec<FieldFault>> {
        let untouched =
            !self.smartcard && self.account_recovery.untouched() && self.verification.untouched();
        if untouched {
            return Err(vec![FieldFault {
                field: Field::Form,
                rule: const { RuleId::new("B-28") },
                message: "Enter a new passcode, or choose one to change or remove".to_owned(),
            }]);
        }
        let mut faults = vec![];
        let account_recovery =
            self.account_recovery.parse(OptionalKind::AccountRecovery, ctx, passcodes, &mut faults);
        let verification =
            self.verification.parse(OptionalKind::Verification, ctx, passcodes, &mut faults);
        let wanted = Wanted { smartcard: self.smartcard, account_recovery, verification };
        match ctx.policy().same_value {
            SameValue::Refuse if wanted.same_value() => faults.push(FieldFault {
                field: Field::NewVerification,
                rule: const { RuleId::new("B-27") },
                message:
                    "Verification passcode must not be the same as your account recovery passcode"
                        .to_owned(),
            }),
            SameValue::Refuse | SameValue::Warn => {}
        }
        if faults.is_empty() { Ok(wanted) } else { Err(faults) }
    }
}

impl OptionalFields {
    fn untouched(&self) -> bool {
        !self.blank && self.wanted.is_empty() && self.confirm.is_empty()
    }

    /// What is wanted of one kind; `Keep` where faults were found.
    fn parse(
        &self,
        kind: OptionalKind,
        ctx: &Context<'_>,
        passcodes: &Passcodes,
        faults: &mut Vec<FieldFault>,
    ) -> WantedOptional {
        if self.untouched() {
            WantedOptional::Keep
        } else if self.blank {
            faults.extend(self.blank_fault(kind, ctx, passcodes));
            WantedOptional::Blank
        } else {
            let wanted = self.new_value(kind, ctx, faults);
            faults.extend(self.confirm_fault(kind));
            wanted
        }
    }

    fn blank_fault(
        &self,
        kind: OptionalKind,
        ctx: &Context<'_>,
        passcodes: &Passcodes,
    ) -> Option<FieldFault> {
        let words = kind.kind().words();
        let message = if !self.wanted.is_empty() || !self.confirm.is_empty() {
            format!("Either enter a new {words} or choose to remove it, not both")
        } else if passcodes.standing(ctx, kind.kind()) == Standing::NotSet {
            super::Refusal::NotSet { kind }.to_string()
        } else {
            return None;
        };
        let rule = const { RuleId::new("B-28") };
        Some(FieldFault { field: Field::of_blank(kind), rule, message })
    }

    fn new_value(
        &self,
        kind: OptionalKind,
        ctx: &Context<'_>,
        faults: &mut Vec<FieldFault>,
    ) -> WantedOptional {
        let field = Field::of_new(kind);
        if self.wanted.is_empty() {
            let message = format!("Enter a new {}", kind.kind().words());
            faults.push(FieldFault { field, rule: const { RuleId::new("P-21") }, message });
            return WantedOptional::Keep;
        }
        match Passcode::parse(kind, self.wanted.text(), ctx.policy()) {
            Ok(passcode) => WantedOptional::Set(passcode),
            Err(fault) => {
                let (rule, message) = (fault.rule(kind), fault.message(kind));
                faults.push(FieldFault { field, rule, message });
                WantedOptional::Keep
            }
        }
    }

    fn confirm_fault(&self, kind: OptionalKind) -> Option<FieldFault> {
        let words = kind.kind().words();
        let (rule, message) = if self.wanted.is_empty() {
            return None;
        } else if self.confirm.is_empty() {
            (const { RuleId::new("S-04") }, format!("Confirm your new {words}"))
        } else if self.wanted.same_as(&self.confirm) {
            return None;
        } else {
            let message = format!("The new {words} and its confirmation do not match");
            (const { RuleId::new("P-21") }, message)
        };
        Some(FieldFault { field: Field::of_confirm(kind), rule, message })
    }
}

impl Wanted {
    /// The two optional kinds with what is wanted of them.
    #[must_use]
    pub fn optionals(&self) -> [(OptionalKind, &WantedOptional); 2] {
        [
            (OptionalKind::AccountRecovery, &self.account_recovery),
            (OptionalKind::Verification, &self.verification),
        ]
    }

    /// B-27: one value for both optional kinds of this form.
    pub(super) fn same_value(&self) -> bool {
        match (&self.account_recovery, &self.verification) {
            (WantedOptional::Set(one), WantedOptional::Set(other)) => one == other,
            (WantedOptional::Keep | WantedOptional::Blank, _)
            | (_, WantedOptional::Keep | WantedOptional::Blank) => false,
        }
    }
}
