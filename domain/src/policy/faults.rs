//! What is wrong with the numbers of a version, each with its rule: everything at once, so that
//! whoever writes one is told all of it.

use std::fmt::Display;

use super::{
    ANNOUNCE_DAYS_MAX, CODE_KNOWN_SECONDS_MAX, CODES_PER_HOUR_MAX, HISTORY_MAX, NOT_ME_HOURS_MAX,
    PASSCODE_LIFE_MAX, Policy,
};
use crate::{
    passcode::{CARD_BYTES, Lengths},
    refusal::RuleId,
    self_service::QUESTIONS_CHOSEN,
};

/// All holders, in the unit of [`Policy::breaker_per_mille`].
const PER_MILLE: u16 = 1000;

/// The latest hour at which a day's alert can be raised.
const HOUR_MAX: u8 = 23;

const SECONDS_OF_A_MINUTE: u32 = 60;

/// The most characters of a version's name.
pub const NAME_CHARACTERS_MAX: usize = 40;

/// One number that cannot be as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyFault {
    /// Its name in [`Policy`].
    pub field: &'static str,
    /// The rule that it is a number of.
    pub rule: RuleId,
    /// What is wrong with it, a sentence without full stop.
    pub message: String,
}

impl Policy {
    /// Everything that does not fit together; nothing if the version can be published.
    #[must_use]
    pub fn faults(&self) -> Vec<PolicyFault> {
        let mut found = Found(vec![]);
        self.passcode_faults(&mut found);
        self.smartcard_faults(&mut found);
        self.certificate_faults(&mut found);
        self.self_service_faults(&mut found);
        self.desk_faults(&mut found);
        found.0
    }

    fn passcode_faults(&self, found: &mut Found) {
        const P13: RuleId = RuleId::new("P-13");
        const P14: RuleId = RuleId::new("P-14");
        const B15: RuleId = RuleId::new("B-15");
        let name = self.name.chars();
        let is_name = (1..=NAME_CHARACTERS_MAX).contains(&name.clone().count())
            && !name.clone().any(char::is_control);
        found.unless(
            is_name,
            "name",
            const { RuleId::new("B-14") },
            format_args!("a name has 1 to {NAME_CHARACTERS_MAX} characters"),
        );
        found.unless(0 < self.alert_days, "alert_days", P14, "there is at least 1 day of alert");
        found.unless(
            self.alert_days < self.passcode_days,
            "alert_days",
            P14,
            format_args!(
                "{} days of alert are not fewer than the {} days for which a passcode lives",
                self.alert_days, self.passcode_days
            ),
        );
        found.unless(self.passcode_days < PASSCODE_LIFE_MAX, "passcode_days", P13, format_args!(
            "{} days are not fewer than {PASSCODE_LIFE_MAX}; where passcodes do not expire, passcode_expiry is false",
            self.passcode_days
        ));
        found.unless(
            0 < self.grace_days,
            "grace_days",
            const { RuleId::new("P-18") },
            "there is at least 1 day on which a change is forced before the account locks",
        );
        found.unless(
            self.alert_hour <= HOUR_MAX,
            "alert_hour",
            B15,
            format_args!("{} is no hour from 0 to {HOUR_MAX}", self.alert_hour),
        );
        let announced = &self.announce_days;
        found.unless(
            announced.len() <= ANNOUNCE_DAYS_MAX,
            "announce_days",
            B15,
            format_args!("there are at most {ANNOUNCE_DAYS_MAX} announcements"),
        );
        found.unless(
            announced.windows(2).all(|pair| pair[0] < pair[1]),
            "announce_days",
            B15,
            "the days grow from one to the next",
        );
        let within = announced.iter().all(|&days| 0 < days && days < self.grace_days);
        found.unless(
            within,
            "announce_days",
            B15,
            format_args!("each is at least 1 and less than the {} days of grace", self.grace_days),
        );
    }

    fn smartcard_faults(&self, found: &mut Found) {
        const P06: RuleId = RuleId::new("P-06");
        const LENGTHS: &str =
            "the shortest has at least 1 character and is not longer than the longest";
        let fits = |lengths: Lengths| 0 < lengths.min && lengths.min <= lengths.max;
        found.unless(fits(self.optional), "optional", const { RuleId::new("P-10") }, LENGTHS);
        found.unless(fits(self.smartcard.lengths), "smartcard.lengths", P06, LENGTHS);
        found.unless(
            self.smartcard.lengths.max <= CARD_BYTES,
            "smartcard.lengths",
            P06,
            format_args!("a card holds at most {CARD_BYTES} characters"),
        );
        found.unless(
            (1..=HISTORY_MAX).contains(&self.history),
            "history",
            const { RuleId::new("P-22") },
            format_args!("a value is compared with 1 to {HISTORY_MAX} values"),
        );
        found.unless(
            0 < self.cycling_sets,
            "cycling_sets",
            const { RuleId::new("B-26") },
            "at least 1 is needed to be flagged",
        );
        found.unless(
            self.breaker_per_mille < PER_MILLE,
            "breaker_per_mille",
            const { RuleId::new("B-14") },
            format_args!("a share of {PER_MILLE} or more would never stop anything"),
        );
    }

    fn certificate_faults(&self, found: &mut Found) {
        const C05: RuleId = RuleId::new("C-05");
        found.unless(
            self.certificate_forced_days < self.certificate_alert_days,
            "certificate_forced_days",
            const { RuleId::new("C-07") },
            format_args!(
                "{} days are not fewer than the {} days on which there are alerts",
                self.certificate_forced_days, self.certificate_alert_days
            ),
        );
        found.unless(
            self.certificate_alert_days < self.certificate_days,
            "certificate_alert_days",
            C05,
            format_args!(
                "{} days are not fewer than the {} days of a certificate",
                self.certificate_alert_days, self.certificate_days
            ),
        );
    }

    fn self_service_faults(&self, found: &mut Found) {
        const B36: RuleId = RuleId::new("B-36");
        const B37: RuleId = RuleId::new("B-37");
        const B39: RuleId = RuleId::new("B-39");
        let passcode_seconds = u32::from(self.unlock_passcode_minutes) * SECONDS_OF_A_MINUTE;
        let known = u32::from(self.code_seconds) + passcode_seconds;
        found.at_least_1(self.code_seconds.into(), "code_seconds", const { RuleId::new("B-11") });
        found.unless(known <= CODE_KNOWN_SECONDS_MAX, "code_seconds", const { RuleId::new("B-38") },
            format_args!(
            "together with unlock_passcode_minutes a code would be known for {known} seconds, and {CODE_KNOWN_SECONDS_MAX} are the most"
        ));
        found.unless(
            (1..=CODES_PER_HOUR_MAX).contains(&self.codes_per_hour),
            "codes_per_hour",
            B36,
            format_args!("there are 1 to {CODES_PER_HOUR_MAX}"),
        );
        found.at_least_1(self.code_wrong_max.into(), "code_wrong_max", B37);
        found.at_least_1(self.code_voids_max.into(), "code_voids_max", B37);
        let failures = usize::from(self.question_failures);
        found.unless(
            (1..QUESTIONS_CHOSEN).contains(&failures),
            "question_failures",
            const { RuleId::new("U-07") },
            format_args!("there is at least 1, and less than the {QUESTIONS_CHOSEN} questions"),
        );
        found.at_least_1(
            self.registration_minutes.into(),
            "registration_minutes",
            const { RuleId::new("B-44") },
        );
        found.at_least_1(self.unlock_minutes.into(), "unlock_minutes", B39);
        found.at_least_1(self.unlock_passcode_minutes.into(), "unlock_passcode_minutes", B39);
        found.at_least_1(
            self.recovery_tries.into(),
            "recovery_tries",
            const { RuleId::new("B-41") },
        );
        found.at_least_1(
            self.unlock_starts_per_day.into(),
            "unlock_starts_per_day",
            const { RuleId::new("U-04") },
        );
        found.unless(
            self.self_service_domains.iter().all(|domain| is_domain(domain)),
            "self_service_domains",
            const { RuleId::new("B-42") },
            "each is a domain in lower case",
        );
    }

    fn desk_faults(&self, found: &mut Found) {
        const B57: RuleId = RuleId::new("B-57");
        found.at_least_1(self.desk_minutes.into(), "desk_minutes", const { RuleId::new("B-30") });
        found.at_least_1(self.loss_hours.into(), "loss_hours", B57);
        found.at_least_1(
            self.verification_tries.into(),
            "verification_tries",
            const { RuleId::new("P-11") },
        );
        found.unless(
            (1..=NOT_ME_HOURS_MAX).contains(&self.not_me_hours),
            "not_me_hours",
            B57,
            format_args!("there are 1 to {NOT_ME_HOURS_MAX}"),
        );
    }
}

/// What was found so far.
struct Found(Vec<PolicyFault>);

impl Found {
    fn unless(&mut self, holds: bool, field: &'static str, rule: RuleId, message: impl Display) {
        if !holds {
            self.0.push(PolicyFault { field, rule, message: message.to_string() });
        }
    }

    fn at_least_1(&mut self, number: u32, field: &'static str, rule: RuleId) {
        self.unless(0 < number, field, rule, "it is at least 1");
    }
}

fn is_domain(text: &str) -> bool {
    let plain = |byte: u8| {
        byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'-')
    };
    !text.is_empty() && !text.starts_with('.') && text.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn b14_each_number_that_does_not_fit_is_named_with_its_rule_and_all_at_once() {
        let policy = Policy {
            alert_days: 0,
            announce_days: vec![14, 7, 30],
            history: HISTORY_MAX + 1,
            not_me_hours: 0,
            ..Policy::seed()
        };
        let named: Vec<_> =
            policy.faults().iter().map(|fault| (fault.field, fault.rule.as_str())).collect();
        assert_eq!(
            named,
            [
                ("alert_days", "P-14"),
                ("announce_days", "B-15"),
                ("announce_days", "B-15"),
                ("history", "P-22"),
                ("not_me_hours", "B-57"),
            ]
        );
        assert_eq!(Policy::seed().faults(), []);
        assert_eq!(Policy::strict().faults(), []);
    }
}
