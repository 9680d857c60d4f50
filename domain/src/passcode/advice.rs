//! What is recommended and never refused: strength, setting all at the same time, one value each.

use serde::{Deserialize, Serialize};

use super::{Kind, Passcode, Passcodes, Wanted, WantedOptional};
use crate::{calendar, context::Context, refusal::RuleId};

/// A recommendation to the holder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "advice")]
pub enum Advice {
    /// P-07: letters and numbers, small and capital letters, would be better.
    Strength {
        /// Whose value.
        kind: Kind,
    },
    /// P-23: this kind was left out of the change and is due soon.
    Synchronise {
        /// Which.
        kind: Kind,
        /// Days until it has expired; 0 or less if it has.
        days_left: i64,
    },
    /// B-27: one value for two kinds, of which two are spoken to other people.
    SameValue {
        /// One of them.
        one: Kind,
        /// The other.
        other: Kind,
    },
    /// B-41: the account recovery passcode was told to the registration authority.
    Spoken,
    /// B-41: wrong ones were given until it was blocked, and the same value may be compared again.
    Guessed {
        /// Whose value.
        kind: Kind,
    },
}

impl Advice {
    /// The rule behind it.
    #[must_use]
    pub fn rule(self) -> RuleId {
        match self {
            Self::Strength { .. } => const { RuleId::new("P-07") },
            Self::Synchronise { .. } => const { RuleId::new("P-23") },
            Self::SameValue { .. } => const { RuleId::new("B-27") },
            Self::Spoken | Self::Guessed { .. } => const { RuleId::new("B-41") },
        }
    }

    /// The sentence for the holder.
    #[must_use]
    pub fn message(self) -> String {
        match self {
            Self::Strength { kind } => format!(
                "Your {} would be harder to guess with letters and numbers, some of them capital letters",
                kind.words()
            ),
            Self::Synchronise { kind, days_left } if days_left < 1 => {
                format!("Your {} has expired: change it at the same time", kind.words())
            }
            Self::Synchronise { kind, days_left } => {
                let days = if days_left == 1 { "day" } else { "days" };
                format!(
                    "Your {} expires in {days_left} {days}: it is easier to change all your passcodes at the same time",
                    kind.words()
                )
            }
            Self::Spoken => "You told your account recovery passcode to the registration authority: set a new one, because it was said aloud".to_owned(),
            Self::Guessed { kind } => format!(
                "Somebody gave a wrong {} too often: set a new one, which only you can do",
                kind.words()
            ),
            Self::SameValue { one, other } => format!(
                "Your {} and your {} are the same: you tell one of them to other people, so use different ones",
                one.words(),
                other.words()
            ),
        }
    }
}

/// P-07: the advice for one value, if it is not alphanumeric in small and capital letters.
#[must_use]
pub fn strength(kind: Kind, text: &str) -> Option<Advice> {
    let all = text.contains(char::is_lowercase)
        && text.contains(char::is_uppercase)
        && text.contains(char::is_numeric);
    (!all).then_some(Advice::Strength { kind })
}

impl Passcode {
    /// P-07: the advice for this value as one of `kind`, if there is any.
    #[must_use]
    pub fn advice(&self, kind: Kind) -> Option<Advice> {
        strength(kind, self.text())
    }
}

impl Wanted {
    /// P-07, P-23, B-27: everything worth saying about this change. Nothing of it refuses.
    #[must_use]
    pub fn advice(&self, ctx: &Context<'_>, passcodes: &Passcodes) -> Vec<Advice> {
        let mut advice = vec![];
        for (kind, wanted) in self.optionals() {
            match wanted {
                WantedOptional::Set(passcode) => advice.extend(passcode.advice(kind.kind())),
                WantedOptional::Keep | WantedOptional::Blank => {}
            }
        }
        if self.same_value() {
            advice
                .push(Advice::SameValue { one: Kind::AccountRecovery, other: Kind::Verification });
        }
        let left_out = Kind::ALL.into_iter().filter(|&kind| !self.touches(kind));
        advice.extend(left_out.filter_map(|kind| synchronise(ctx, passcodes, kind)));
        advice
    }

    /// True if the change does anything about `kind`.
    #[must_use]
    pub fn touches(&self, kind: Kind) -> bool {
        match kind {
            Kind::Smartcard => self.smartcard,
            Kind::AccountRecovery => self.account_recovery != WantedOptional::Keep,
            Kind::Verification => self.verification != WantedOptional::Keep,
        }
    }
}

fn synchronise(ctx: &Context<'_>, passcodes: &Passcodes, kind: Kind) -> Option<Advice> {
    let current = passcodes.current(kind)?;
    let days = calendar::passcode_days(ctx.policies, current.on, ctx.today());
    let days_left = (days.expires_on - ctx.today()).num_days();
    let soon = days_left <= i64::from(ctx.policy().synchronise_advice_days);
    soon.then_some(Advice::Synchronise { kind, days_left })
}
