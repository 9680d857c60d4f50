//! Stand-ins for people: what each of them does on which day follows from the seed.
//!
//! They know what a person knows (that an alert was shown, that a log-in was restricted) and
//! nothing of how the product works it out.

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    card::{CardKeys, IssuedCard, IssuedCertificate, PublicKey, Slot},
    ids::{CertificateSerial, CommandId, HolderId},
};
use sha2::{Digest as _, Sha256};
use stores::vault::Person as Contact;
use uuid::Uuid;

/// Days in which everybody is registered, before the first day that counts.
pub(super) const YEAR_BEFORE: u32 = 365;

/// A person's share of days with a log-in, in thousandths, when nothing is due.
const QUIET_LOGONS: u64 = 10;

/// The same when something is due.
const DUE_LOGONS: u64 = 400;

/// The earliest log-in of a day, in seconds after midnight UTC: before the alert hour.
const FIRST_LOGON: u64 = 6 * 3600;

/// The time in which log-ins fall, in seconds.
const LOGON_TIME: u64 = 12 * 3600;

/// How somebody takes alerts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Habit {
    /// Renews at the first alert he sees.
    Prompt,
    /// Chooses *Later*, again and again, and renews on some day.
    Later,
    /// Renews when he has to.
    WhenForced,
    /// Does not log in for as long as anything is due.
    Away,
}

/// What somebody does about an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// *Renew now*.
    Renew,
    /// *Later*.
    PutOff,
    /// Closes the browser.
    Nothing,
}

/// The `number`-th person of a simulation with this seed: who he is, and the certificate with which he
/// logs in until he renews it.
///
/// # Errors
/// If it has no serial number, which does not happen.
pub fn made_up(seed: u64, number: u32) -> anyhow::Result<(HolderId, CertificateSerial)> {
    let person = Person::new(seed, number);
    Ok((person.holder(), person.serial(Slot::Authentication, 0)?))
}

/// One person.
#[derive(Debug, Clone, Copy)]
pub(super) struct Person {
    seed: u64,
    number: u32,
}

impl Person {
    /// The `number`-th person of a simulation.
    pub(super) fn new(seed: u64, number: u32) -> Self {
        Self { seed, number }
    }

    /// His place among all, from 0.
    pub(super) fn place(self) -> usize {
        usize::try_from(self.number).unwrap_or(usize::MAX)
    }

    pub(super) fn holder(self) -> HolderId {
        HolderId(self.id("holder", 0))
    }

    /// His name, and where mails reach him.
    pub(super) fn contact(self) -> Contact {
        let name = format!("Person {}", self.number);
        let email = format!("person-{}@example.org", self.number);
        Contact { name, email }
    }

    /// The command that this person gives as the `place`-th of that name.
    pub(super) fn command(self, what: &str, place: i64) -> CommandId {
        CommandId(self.id(what, place))
    }

    /// After how many days he is registered, and how long after that day's midnight UTC.
    pub(super) fn registered(self) -> (u32, TimeDelta) {
        let day = self.number_below("registered on", 0, YEAR_BEFORE.into());
        let second = self.number_below("registered at", 0, 24 * 3600);
        (u32::try_from(day).unwrap_or(0), seconds(second))
    }

    pub(super) fn habit(self) -> Habit {
        match self.number_below("habit", 0, 10) {
            0..=4 => Habit::Prompt,
            5..=6 => Habit::Later,
            7..=8 => Habit::WhenForced,
            _ => Habit::Away,
        }
    }

    /// P-04: does he set an account recovery, and a verification passcode, when registered?
    pub(super) fn wants_optional(self) -> (bool, bool) {
        let below = |what| self.number_below(what, 0, 10);
        (below("recovery") < 5, below("verification") < 4)
    }

    /// When he logs in on this day, after midnight UTC, if he does.
    pub(super) fn logs_in(self, day: i64, is_due: bool) -> Option<TimeDelta> {
        let share = match (is_due, self.habit()) {
            (true, Habit::Away) => return None,
            (true, Habit::Prompt | Habit::Later | Habit::WhenForced) => DUE_LOGONS,
            (false, _) => QUIET_LOGONS,
        };
        let at = || seconds(FIRST_LOGON + self.number_below("log-in at", day, LOGON_TIME));
        (self.number_below("logs in", day, 1000) < share).then(at)
    }

    pub(super) fn answers_alert(self, day: i64) -> Answer {
        match (self.habit(), self.number_below("answers", day, 10)) {
            (Habit::Prompt, _) | (Habit::Later, 0..=1) => Answer::Renew,
            (Habit::Later, 2..=7) | (Habit::WhenForced, 0..=5) => Answer::PutOff,
            (Habit::Later | Habit::WhenForced | Habit::Away, _) => Answer::Nothing,
        }
    }

    /// Does he remove a passcode that he may live without, instead of changing it?
    pub(super) fn blanks(self, day: i64) -> bool {
        self.number_below("blanks", day, 4) == 0
    }

    /// A card that nobody ever made: its keys are bytes that sign nothing.
    pub(super) fn card(self, issued: DateTime<Utc>, days: u16) -> anyhow::Result<IssuedCard> {
        let key = |slot: u8| PublicKey::from_der([&[slot], &self.digest("key", 0)[..]].concat());
        Ok(IssuedCard {
            card: hex::encode_upper(&self.digest("card", 0)[..8]).parse()?,
            profile: "simulated".to_owned(),
            keys: CardKeys {
                authentication: key(0x9a),
                signature: key(0x9c),
                card_authentication: key(0x9e),
            },
            certificates: vec![
                self.certificate(Slot::Authentication, 0, issued, days)?,
                self.certificate(Slot::Signature, 0, issued, days)?,
            ],
        })
    }

    /// A key that his card makes on a day: it signs nothing either.
    pub(super) fn new_key(self, slot: Slot, day: i64) -> PublicKey {
        let bytes = self.digest(&format!("key {}", slot.name()), day);
        PublicKey::from_der([&[0x30], &bytes[..]].concat())
    }

    /// A certificate that is issued to him on a day, good for so many days.
    pub(super) fn certificate(
        self,
        slot: Slot,
        day: i64,
        issued: DateTime<Utc>,
        days: u16,
    ) -> anyhow::Result<IssuedCertificate> {
        Ok(IssuedCertificate {
            slot,
            serial: self.serial(slot, day)?,
            not_before: issued,
            not_after: issued + TimeDelta::days(days.into()),
        })
    }

    fn serial(self, slot: Slot, day: i64) -> anyhow::Result<CertificateSerial> {
        let bytes = self.digest(&format!("certificate {}", slot.name()), day);
        Ok(hex::encode(&bytes[1..9]).parse()?)
    }

    /// Does he visit the registration authority on a day on which he is told to?
    pub(super) fn visits_authority(self, day: i64) -> bool {
        self.number_below("visits", day, 4) == 0
    }

    /// Does he revoke his certificates when he logs in on this day?
    pub(super) fn revokes(self, day: i64) -> bool {
        self.number_below("revokes", day, 400) == 0
    }

    /// After how many of these steps he pulls his card out; most people leave it in.
    pub(super) fn leaves_after(self, day: i64, n_steps: usize) -> usize {
        let all = u64::try_from(n_steps).unwrap_or(u64::MAX);
        let pulls = self.number_below("pulls the card", day, 8) == 0;
        let n_made = if pulls { self.number_below("pulls it after", day, all) } else { all };
        usize::try_from(n_made).unwrap_or(n_steps)
    }

    /// The job of a visit.
    pub(super) fn job(self, day: i64) -> Uuid {
        self.id("job", day)
    }

    fn id(self, what: &str, place: i64) -> Uuid {
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&self.digest(what, place)[..16]);
        Uuid::new_v8(bytes)
    }

    fn digest(self, what: &str, place: i64) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(b"latchkey simulate");
        hash.update(self.seed.to_be_bytes());
        hash.update(self.number.to_be_bytes());
        hash.update(place.to_be_bytes());
        hash.update(what.as_bytes());
        hash.finalize().into()
    }

    /// A number below `end`, the same for the same person, question and place. Cheap, because it is
    /// asked for everybody every day (`SplitMix64` over all three).
    fn number_below(self, what: &str, place: i64, end: u64) -> u64 {
        let words = [self.seed, self.number.into(), place.cast_unsigned()];
        let texts = what.bytes().map(u64::from);
        words.into_iter().chain(texts).fold(0, |state, word| mix(state ^ word)) % end
    }
}

fn mix(state: u64) -> u64 {
    let mut state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    state ^ (state >> 31)
}

fn seconds(number: u64) -> TimeDelta {
    TimeDelta::seconds(number.cast_signed())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_people_and_another_one_others() {
        let people =
            |seed| (0..50).map(move |n| Person::new(seed, n).registered()).collect::<Vec<_>>();
        assert_eq!(people(7), people(7));
        assert_ne!(people(7), people(8));
    }

    #[test]
    fn there_are_people_of_every_habit_and_they_log_in_more_often_when_something_is_due() {
        let habits: Vec<_> = (0..1000).map(|n| Person::new(7, n).habit()).collect();
        for habit in [Habit::Prompt, Habit::Later, Habit::WhenForced, Habit::Away] {
            assert!(50 < habits.iter().filter(|one| **one == habit).count());
        }
        let prompt =
            (0..100).map(|n| Person::new(7, n)).find(|p| p.habit() == Habit::Prompt).unwrap();
        let logons = |due| (0..1000).filter(|day| prompt.logs_in(*day, due).is_some()).count();
        assert!(logons(false) < 30 && 300 < logons(true));
    }
}
