//! Every number of the rules, in one versioned value. No number of a rule stands anywhere else,
//! and none is configuration: a decision records the version it was made under.

mod faults;
mod versions;

use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

pub use faults::{NAME_CHARACTERS_MAX, PolicyFault};
pub use versions::{InForce, NotPublishable, Policies, REASON_CHARACTERS_MAX};

use crate::passcode::{Characters, Guessable, Kind, Lengths, SmartcardRules};

/// The most values per kind that a policy may ask the history to compare with (P-22): as many as
/// the aggregate remembers.
pub const HISTORY_MAX: usize = 24;

/// The most days after expiry on which a policy may announce the lock (B-15).
pub const ANNOUNCE_DAYS_MAX: usize = 8;

/// P-13: the days of a passcode that does not expire: a hundred years.
pub const PASSCODE_LIFE_MAX: u16 = 36_525;

/// B-57: the most hours for which a mail can be answered by "this was not me": as long as the day's
/// key of its code is kept.
pub const NOT_ME_HOURS_MAX: u16 = 72;

/// The most codes an hour that a policy may allow: as many as the aggregate remembers.
pub const CODES_PER_HOUR_MAX: u8 = 32;

/// The most seconds for which a policy may make us know a code (B-38): while it is good, and then until the
/// new passcode is chosen, which must not be the code (U-10). Keys of codes are forgotten after a day.
pub const CODE_KNOWN_SECONDS_MAX: u32 = 86_400;

/// All holders, in the unit of [`Policy::breaker_per_mille`].
const PER_MILLE: u64 = 1000;

/// One version of the numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch that a rule names")]
pub struct Policy {
    /// Counts up with every publication, from 1; recorded with every event.
    pub version: u32,
    /// Name of the profile, `seed` for the guides' own values.
    pub name: String,
    /// The zone whose days are counted (B-01).
    pub zone: Tz,
    /// P-13: days after which a passcode has expired, counted from the day of setting.
    pub passcode_days: u16,
    /// P-14: days before that on which the holder is alerted.
    pub alert_days: u16,
    /// P-18: days after that in which a change is forced, before the account is locked.
    pub grace_days: u16,
    /// B-15: the full hour of the local day from which the day's alert is raised, 0 to 23.
    pub alert_hour: u8,
    /// B-15: days after expiry on which the holder is told again when his account locks, growing,
    /// each less than [`Policy::grace_days`]. He is told on the day of expiry in any case.
    pub announce_days: Vec<u16>,
    /// B-21: which passcodes can lock the account.
    pub lock_scope: LockScope,
    /// Effects of one tick, in thousandths of all holders, that may force a change or lock: more
    /// wait for an operator's word, because a wrong clock must not lock a hospital.
    pub breaker_per_mille: u16,
    /// That many effects are never too many, however few holders there are.
    pub breaker_floor: u32,
    /// P-06, B-23: what a new smartcard passcode may look like, as far as policy goes; a card
    /// model may ask for more.
    pub smartcard: SmartcardRules,
    /// P-10, P-12: characters of an account recovery or verification passcode.
    pub optional: Lengths,
    /// P-22: values per kind, the current one included, that are not accepted again. At most
    /// [`HISTORY_MAX`].
    pub history: usize,
    /// B-26: sets of one kind within [`Policy::cycling_hours`] that are flagged.
    pub cycling_sets: u32,
    /// B-26: the hours in which they are counted.
    pub cycling_hours: u16,
    /// P-23: another kind that is due within so many days is worth changing at the same time.
    pub synchronise_advice_days: u16,
    /// B-27: what to do about one value for two kinds.
    pub same_value: SameValue,
    /// B-54: days for which a certificate is issued.
    pub certificate_days: u16,
    /// C-05: days before the certificates end in which they may be renewed, with an alert each.
    pub certificate_alert_days: u16,
    /// C-07: days before the certificates end in which they have to be.
    pub certificate_forced_days: u16,
    /// C-03: renewals in a row without the registration authority.
    pub self_renewals: u8,
    /// B-51: what a forced renewal does to somebody who cannot do it himself.
    pub forced_when_ra_required: RaRequired,
    /// B-54: whether certificates are revoked when others have taken their place.
    pub revoke_superseded: bool,
    /// B-19: whether a forced renewal may be put off for technical reasons.
    pub technical_deferral: bool,
    /// B-11, R-09, U-09: seconds for which a mailed code is good; at most [`CODE_KNOWN_SECONDS_MAX`]
    /// together with [`Policy::unlock_passcode_minutes`].
    pub code_seconds: u16,
    /// B-36: seconds between two codes.
    pub code_gap_seconds: u16,
    /// B-36: codes that are sent to one person in an hour, at most [`CODES_PER_HOUR_MAX`].
    pub codes_per_hour: u8,
    /// B-37: wrong entries that make a code void.
    pub code_wrong_max: u8,
    /// B-37: codes void within 24 hours that make unlocking pause.
    pub code_voids_max: u8,
    /// B-37: for so many hours.
    pub unlock_pause_hours: u16,
    /// U-07: failed attempts that block self-service. Attempt n asks n + 1 of the four questions.
    pub question_failures: u8,
    /// B-44: minutes for which a registration waits for its code.
    pub registration_minutes: u16,
    /// Minutes from the card's proof until the code of an unlock has to be entered.
    pub unlock_minutes: u16,
    /// B-39: minutes after the code in which the new passcode has to be chosen.
    pub unlock_passcode_minutes: u16,
    /// B-41: wrong account recovery passcodes until it is not compared any more.
    pub recovery_tries: u8,
    /// B-41: whether a card may be unlocked with the account recovery passcode.
    pub arp_unlock: bool,
    /// B-41: whether a mailed code is asked as well where there is a confirmed address.
    pub arp_unlock_needs_code: bool,
    /// B-42: the domains, in lower case, to which codes may be sent, each with those below it; empty
    /// if to any.
    pub self_service_domains: Vec<String>,
    /// Unlocks that may be started a card and day.
    pub unlock_starts_per_day: u8,
    /// B-30, B-58, C-04: minutes for which the desk allows something.
    pub desk_minutes: u16,
    /// B-57: hours within which a card that is lost has to be revoked; later is worth an alarm.
    pub loss_hours: u16,
    /// B-30: accounts that one member of staff unlocks on a day without being asked why.
    pub unlocks_per_staff_day: u16,
    /// P-11: wrong verification passcodes until it is not compared any more.
    pub verification_tries: u8,
    /// B-57: hours for which the holder can answer a mail by "this was not me".
    pub not_me_hours: u16,
    /// U-01: whether a card may be unlocked without anybody's help.
    pub self_service_unlock: bool,
    /// B-58: whether sponsors may help with a card.
    pub sponsor_unlock: bool,
    /// P-13: whether passcodes expire at all.
    pub passcode_expiry: bool,
}

/// B-51: what a forced renewal does to somebody who cannot do it himself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RaRequired {
    /// He is told every day, and may go on.
    Notice,
    /// He may do no more than what cures it.
    Restrict,
}

/// B-21: which overdue passcodes lock the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LockScope {
    /// Any that is set.
    AnySet,
    /// The smartcard passcode alone; an optional one that is overdue counts as not set.
    SmartcardOnly,
}

impl LockScope {
    /// True if an overdue passcode of this kind locks the account.
    #[must_use]
    pub fn includes(self, kind: Kind) -> bool {
        match self {
            Self::AnySet => true,
            Self::SmartcardOnly => kind == Kind::Smartcard,
        }
    }
}

/// B-27: what to do about one value for two kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SameValue {
    /// Accept it and say so.
    Warn,
    /// Refuse it.
    Refuse,
}

impl Policy {
    /// Profile `seed`: the numbers of the two guides.
    #[must_use]
    pub fn seed() -> Self {
        Self {
            version: 1,
            name: "seed".to_owned(),
            zone: Tz::Europe__London,
            passcode_days: 365,
            alert_days: 14,
            grace_days: 21,
            alert_hour: 8,
            announce_days: vec![7, 14, 20],
            lock_scope: LockScope::AnySet,
            breaker_per_mille: 5,
            breaker_floor: 25,
            smartcard: SmartcardRules {
                lengths: Lengths { min: 4, max: 8 },
                characters: Characters::Printable,
                guessable: Guessable::Accept,
            },
            optional: Lengths { min: 8, max: 20 },
            history: 5,
            cycling_sets: 5,
            cycling_hours: 24,
            synchronise_advice_days: 60,
            same_value: SameValue::Warn,
            certificate_days: 730,
            certificate_alert_days: 30,
            certificate_forced_days: 20,
            self_renewals: 2,
            forced_when_ra_required: RaRequired::Notice,
            revoke_superseded: false,
            technical_deferral: false,
            code_seconds: 900,
            code_gap_seconds: 60,
            codes_per_hour: 5,
            code_wrong_max: 5,
            code_voids_max: 3,
            unlock_pause_hours: 24,
            question_failures: 3,
            registration_minutes: 60,
            unlock_minutes: 60,
            unlock_passcode_minutes: 15,
            recovery_tries: 3,
            arp_unlock: true,
            arp_unlock_needs_code: true,
            self_service_domains: vec![],
            unlock_starts_per_day: 10,
            desk_minutes: 30,
            loss_hours: 18,
            unlocks_per_staff_day: 10,
            verification_tries: 3,
            not_me_hours: 72,
            self_service_unlock: true,
            sponsor_unlock: true,
            passcode_expiry: true,
        }
    }

    /// Profile `strict`: what the norms of B.1 ask for against the guides, as far as numbers and
    /// switches go. No passcode expires; a code is good for 10 minutes; a smartcard passcode has 6 to 8
    /// digits and is none that is tried first; one value is for one kind; nobody unlocks a card without
    /// help.
    #[must_use]
    pub fn strict() -> Self {
        Self {
            name: "strict".to_owned(),
            passcode_expiry: false,
            code_seconds: 600,
            smartcard: SmartcardRules {
                lengths: Lengths { min: 6, max: 8 },
                characters: Characters::Digits,
                guessable: Guessable::Refuse,
            },
            same_value: SameValue::Refuse,
            self_service_unlock: false,
            ..Self::seed()
        }
    }

    /// The most effects of one tick, forced changes and locks, that the breaker lets through without
    /// an operator's word, of so many holders.
    #[must_use]
    pub fn effects_max(&self, n_holders: u64) -> u64 {
        let share = n_holders.saturating_mul(self.breaker_per_mille.into()) / PER_MILLE;
        share.max(self.breaker_floor.into())
    }

    /// P-13: days after which a passcode has expired. Where none does, so many that nobody sees them
    /// end; so a change of the policy follows B-14 like every other.
    #[must_use]
    pub fn passcode_life(&self) -> u16 {
        if self.passcode_expiry { self.passcode_days } else { PASSCODE_LIFE_MAX }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seed_profile_asks_for_no_more_history_than_is_remembered() {
        assert!(Policy::seed().history <= HISTORY_MAX);
    }
}
