//! The numbers of a version in words, each with its rule; and what one version changes of another.

use domain::{policy::Policy, refusal::RuleId};
use serde_json::Value;

/// A number of the policy, which may be a switch or a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Number {
    /// Its name in the policy, with a full stop between the parts.
    pub name: &'static str,
    /// The rule that it is a number of.
    pub rule: RuleId,
    /// What it says.
    pub words: &'static str,
}

impl Number {
    const fn of(name: &'static str, rule: RuleId, words: &'static str) -> Self {
        Self { name, rule, words }
    }

    fn value<'a>(&self, policy: &'a Value) -> &'a Value {
        let found = self.name.split('.').try_fold(policy, |within, name| within.get(name));
        found.unwrap_or(&Value::Null)
    }
}

/// Every number but the version's own, in the order of pages.
pub const NUMBERS: [Number; 51] = [
    Number::of("name", const { RuleId::new("B-14") }, "Name of the profile"),
    Number::of(
        "zone",
        const { RuleId::new("B-01") },
        "Time zone whose days are counted; the same in every version",
    ),
    Number::of("passcode_expiry", const { RuleId::new("P-13") }, "Whether passcodes expire at all"),
    Number::of(
        "passcode_days",
        const { RuleId::new("P-13") },
        "Days after which a passcode has expired, from the day on which it was set",
    ),
    Number::of(
        "alert_days",
        const { RuleId::new("P-14") },
        "Days before that on which the holder is alerted, and the notice of every change",
    ),
    Number::of(
        "grace_days",
        const { RuleId::new("P-18") },
        "Days after that on which a change is forced, before the account locks",
    ),
    Number::of(
        "alert_hour",
        const { RuleId::new("B-15") },
        "Hour of the day at which the alert of the day is raised",
    ),
    Number::of(
        "announce_days",
        const { RuleId::new("B-15") },
        "Days after expiry on which the holder is told again when the account locks",
    ),
    Number::of(
        "lock_scope",
        const { RuleId::new("B-21") },
        "Which overdue passcodes lock the account",
    ),
    Number::of(
        "breaker_per_mille",
        const { RuleId::new("B-14") },
        "Thousandths of all holders who may be forced or locked at once without the word of an operator",
    ),
    Number::of(
        "breaker_floor",
        const { RuleId::new("B-14") },
        "So many at once are never too many",
    ),
    Number::of(
        "smartcard.lengths.min",
        const { RuleId::new("P-06") },
        "Fewest characters of a new smartcard passcode",
    ),
    Number::of(
        "smartcard.lengths.max",
        const { RuleId::new("P-06") },
        "Most characters of a new smartcard passcode",
    ),
    Number::of(
        "smartcard.characters",
        const { RuleId::new("B-23") },
        "Which characters a new smartcard passcode may have",
    ),
    Number::of(
        "smartcard.guessable",
        const { RuleId::new("P-07") },
        "What is done about a new smartcard passcode that is easy to guess",
    ),
    Number::of(
        "optional.min",
        const { RuleId::new("P-10") },
        "Fewest characters of an account recovery or verification passcode",
    ),
    Number::of(
        "optional.max",
        const { RuleId::new("P-10") },
        "Most characters of an account recovery or verification passcode",
    ),
    Number::of(
        "history",
        const { RuleId::new("P-22") },
        "Values of a kind, the current one included, that are not accepted again",
    ),
    Number::of(
        "cycling_sets",
        const { RuleId::new("B-26") },
        "Changes of one kind that are flagged",
    ),
    Number::of("cycling_hours", const { RuleId::new("B-26") }, "Hours in which they are counted"),
    Number::of(
        "synchronise_advice_days",
        const { RuleId::new("P-23") },
        "Another kind that is due within so many days is worth changing at the same time",
    ),
    Number::of(
        "same_value",
        const { RuleId::new("B-27") },
        "What is done about one value for two kinds",
    ),
    Number::of(
        "certificate_days",
        const { RuleId::new("B-54") },
        "Days for which a certificate is issued",
    ),
    Number::of(
        "certificate_alert_days",
        const { RuleId::new("C-05") },
        "Days before the certificates end on which they can be renewed, with an alert each",
    ),
    Number::of(
        "certificate_forced_days",
        const { RuleId::new("C-07") },
        "Days before the certificates end on which they have to be renewed",
    ),
    Number::of(
        "self_renewals",
        const { RuleId::new("C-03") },
        "Renewals in a row without the registration authority",
    ),
    Number::of(
        "forced_when_ra_required",
        const { RuleId::new("B-51") },
        "What a forced renewal does to somebody who needs the registration authority for it",
    ),
    Number::of(
        "revoke_superseded",
        const { RuleId::new("B-54") },
        "Whether certificates are revoked when others have taken their place",
    ),
    Number::of(
        "technical_deferral",
        const { RuleId::new("B-19") },
        "Whether a forced renewal may be put off for technical reasons",
    ),
    Number::of(
        "code_seconds",
        const { RuleId::new("B-11") },
        "Seconds for which a mailed code is good",
    ),
    Number::of("code_gap_seconds", const { RuleId::new("B-36") }, "Seconds between two codes"),
    Number::of(
        "codes_per_hour",
        const { RuleId::new("B-36") },
        "Codes that are sent to one person in an hour",
    ),
    Number::of(
        "code_wrong_max",
        const { RuleId::new("B-37") },
        "Wrong entries that make a code void",
    ),
    Number::of(
        "code_voids_max",
        const { RuleId::new("B-37") },
        "Void codes within 24 hours that make unlocking pause",
    ),
    Number::of("unlock_pause_hours", const { RuleId::new("B-37") }, "Hours for which it pauses"),
    Number::of(
        "question_failures",
        const { RuleId::new("U-07") },
        "Failed attempts that block self-service",
    ),
    Number::of(
        "registration_minutes",
        const { RuleId::new("B-44") },
        "Minutes for which a registration waits for its code",
    ),
    Number::of(
        "unlock_minutes",
        const { RuleId::new("B-39") },
        "Minutes from the proof of the card until the code of an unlock has to be entered",
    ),
    Number::of(
        "unlock_passcode_minutes",
        const { RuleId::new("B-39") },
        "Minutes after the code in which the new passcode has to be chosen",
    ),
    Number::of(
        "recovery_tries",
        const { RuleId::new("B-41") },
        "Wrong account recovery passcodes until it is not compared any more",
    ),
    Number::of(
        "arp_unlock",
        const { RuleId::new("B-41") },
        "Whether a card can be unlocked with the account recovery passcode",
    ),
    Number::of(
        "arp_unlock_needs_code",
        const { RuleId::new("B-41") },
        "Whether a mailed code is asked for as well",
    ),
    Number::of(
        "self_service_domains",
        const { RuleId::new("B-42") },
        "Domains to which codes may be sent; without any, all",
    ),
    Number::of(
        "unlock_starts_per_day",
        const { RuleId::new("U-04") },
        "Unlocks that can be started a card and day",
    ),
    Number::of(
        "desk_minutes",
        const { RuleId::new("B-30") },
        "Minutes for which the desk allows something",
    ),
    Number::of(
        "loss_hours",
        const { RuleId::new("B-57") },
        "Hours within which a lost card has to be revoked",
    ),
    Number::of(
        "unlocks_per_staff_day",
        const { RuleId::new("B-30") },
        "Accounts that one member of staff unlocks on a day without standing out",
    ),
    Number::of(
        "verification_tries",
        const { RuleId::new("P-11") },
        "Wrong verification passcodes until it is not compared any more",
    ),
    Number::of(
        "not_me_hours",
        const { RuleId::new("B-57") },
        "Hours for which a mail can be answered by “this was not me”",
    ),
    Number::of(
        "self_service_unlock",
        const { RuleId::new("U-01") },
        "Whether a card can be unlocked without the help of anybody",
    ),
    Number::of(
        "sponsor_unlock",
        const { RuleId::new("B-58") },
        "Whether sponsors may help with a card",
    ),
];

/// A number, and what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Which.
    pub number: Number,
    /// Its value in words.
    pub value: String,
}

/// What a version changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Which number.
    pub number: Number,
    /// What it was, in words.
    pub before: String,
    /// What it is, in words.
    pub after: String,
}

/// All numbers of a version.
///
/// # Errors
/// Never, for a policy.
pub fn lines(policy: &Policy) -> anyhow::Result<Vec<Line>> {
    let policy = serde_json::to_value(policy)?;
    let line = |number: Number| Line { number, value: in_words(number.value(&policy)) };
    Ok(NUMBERS.map(line).to_vec())
}

/// The numbers that are others in the second version.
///
/// # Errors
/// Never, for policies.
pub fn changes(before: &Policy, after: &Policy) -> anyhow::Result<Vec<Change>> {
    let (before, after) = (serde_json::to_value(before)?, serde_json::to_value(after)?);
    let change = |number: Number| {
        let (before, after) = (number.value(&before), number.value(&after));
        let is_other = before != after;
        is_other.then(|| Change { number, before: in_words(before), after: in_words(after) })
    };
    Ok(NUMBERS.into_iter().filter_map(change).collect())
}

/// A value as a table shows it.
fn in_words(value: &Value) -> String {
    match value {
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::String(text) if text == "any_set" => "any that is set".to_owned(),
        Value::String(text) if text == "smartcard_only" => {
            "the smartcard passcode alone".to_owned()
        }
        Value::String(text) => text.clone(),
        Value::Array(all) if all.is_empty() => "none".to_owned(),
        Value::Array(all) => all.iter().map(in_words).collect::<Vec<_>>().join(", "),
        Value::Number(number) => number.to_string(),
        Value::Null | Value::Object(_) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The names of everything in it that is no table.
    fn names(within: &str, value: &Value) -> Vec<String> {
        let Value::Object(parts) = value else { return vec![within.to_owned()] };
        let name = |part: &String| {
            if within.is_empty() { part.clone() } else { format!("{within}.{part}") }
        };
        parts.iter().flat_map(|(part, value)| names(&name(part), value)).collect()
    }

    #[test]
    fn b14_every_number_of_the_policy_is_told_in_words_with_a_rule_that_exists() {
        let mut all = names("", &serde_json::to_value(Policy::seed()).unwrap());
        all.retain(|name| name != "version");
        let mut told: Vec<_> = NUMBERS.iter().map(|number| number.name.to_owned()).collect();
        all.sort();
        told.sort();
        assert_eq!(all, told);
        for number in NUMBERS {
            assert!(domain::rules::find(number.rule.as_str()).is_some(), "{}", number.name);
        }
        assert!(lines(&Policy::seed()).unwrap().iter().all(|line| !line.value.is_empty()));
    }

    #[test]
    fn b14_what_strict_changes_of_seed_is_its_name_and_seven_numbers() {
        let changed = changes(&Policy::seed(), &Policy::strict()).unwrap();
        let told: Vec<_> = changed
            .iter()
            .map(|change| (change.number.name, &*change.before, &*change.after))
            .collect();
        assert_eq!(
            told,
            [
                ("name", "seed", "strict"),
                ("passcode_expiry", "yes", "no"),
                ("smartcard.lengths.min", "4", "6"),
                ("smartcard.characters", "printable", "digits"),
                ("smartcard.guessable", "accept", "refuse"),
                ("same_value", "warn", "refuse"),
                ("code_seconds", "900", "600"),
                ("self_service_unlock", "yes", "no"),
            ]
        );
    }
}
