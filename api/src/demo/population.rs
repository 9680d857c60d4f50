//! The people of the demonstration, and what each of them does in his life. Their passcodes are
//! public; nothing here is anybody's.

mod people;
mod staff;

use chrono::{DateTime, Days, NaiveDate, Utc};
use domain::{
    calendar,
    holder::Holder,
    ids::{CommandId, HolderId},
    passcode::Kind,
    policy::Policies,
};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

pub use people::{ANSWERS, PEOPLE, WRONG_ANSWER};
pub use staff::{ORGANISATIONS, role_of, works_at};

/// A holder of the demonstration.
#[derive(Debug, Clone, Copy)]
pub struct Person {
    /// Name of the card in the drawer.
    pub card: &'static str,
    /// Name as shown.
    pub name: &'static str,
    /// An address that leads nowhere (RFC 2606).
    pub email: &'static str,
    /// Card profile.
    pub profile: &'static str,
    /// The first smartcard passcode.
    pub passcode: &'static str,
    /// What is interesting about him, in a sentence that stays true.
    pub story: &'static str,
    /// What he does, in order; he is registered first.
    pub life: &'static [Step],
}

/// Something that a person does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// When.
    pub when: When,
    /// What.
    pub act: Act,
}

/// When a person does something, seen from the day of the first start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// So many days before, in the morning.
    DaysBefore(u16),
    /// In the last hour that the clocks showed twice, the second time (B-02).
    InTheRepeatedHour,
    /// When everybody else has lived his life.
    AtTheEnd,
}

/// What a person does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// Gets his card.
    Register,
    /// Sets optional passcodes in the portal.
    Set {
        /// The account recovery passcode, if that is one of them.
        account_recovery: Option<&'static str>,
        /// The verification passcode, if that is one of them.
        verification: Option<&'static str>,
    },
    /// Removes his account recovery and verification passcode in the portal (P-24).
    RemoveBoth,
    /// Changes the smartcard passcode in the portal.
    ChangeSmartcard {
        /// To this.
        to: &'static str,
        /// Which of his changes it is, from 1.
        nth: usize,
    },
    /// C-09: renews his certificates in the portal.
    RenewCertificates {
        /// Which of his renewals it is, from 1.
        nth: u8,
    },
    /// C-15: revokes his certificates in the portal.
    RevokeCertificates,
    /// registers for self-service in the portal, with [`ANSWERS`].
    RegisterForSelfService,
    /// B-46: locks his card by three wrong passcodes.
    LockCard,
    /// U-07: answers wrongly three times.
    FailToUnlock,
    /// Forgets his smartcard passcode: nothing happens, but nobody can tell it any more.
    Forget,
}

/// The hour of the local day at which people of the past do what they do: after the alerts.
const MORNING: u8 = 10;

impl When {
    /// The instant, seen from a day; none at the end, which has no day of its own.
    #[must_use]
    pub fn at(self, policies: &Policies, today: NaiveDate) -> Option<DateTime<Utc>> {
        match self {
            Self::DaysBefore(days) => {
                let day = today.checked_sub_days(Days::new(days.into()))?;
                Some(calendar::at_hour(day, MORNING, policies.zone()))
            }
            Self::InTheRepeatedHour => calendar::last_repeated_hour(today, policies.zone()),
            Self::AtTheEnd => None,
        }
    }
}

impl Act {
    /// True if this person has done this; nobody has used his card yet but we. Locking a card leaves
    /// nothing in its holder's state: `is_locked` says whether the card has told so.
    #[must_use]
    pub fn is_done(self, holder: &Holder, policies: &Policies, is_locked: bool) -> bool {
        let (passcodes, certificates) = (holder.passcodes(), holder.certificate_records());
        let n_set = |kind| passcodes.compare_with(kind, policies.latest()).len();
        let was_set = |kind| 0 < n_set(kind);
        match self {
            Self::Register => holder.is_registered(),
            Self::Set { account_recovery, verification } => {
                (account_recovery.is_none() || was_set(Kind::AccountRecovery))
                    && (verification.is_none() || was_set(Kind::Verification))
            }
            Self::RemoveBoth => [Kind::AccountRecovery, Kind::Verification]
                .into_iter()
                .all(|kind| was_set(kind) && passcodes.current(kind).is_none()),
            Self::ChangeSmartcard { nth, .. } => nth < n_set(Kind::Smartcard),
            Self::RenewCertificates { nth } => nth <= certificates.self_renewals(),
            Self::RevokeCertificates => certificates.is_revoked(),
            Self::RegisterForSelfService => holder.self_service().active().is_some(),
            Self::LockCard => is_locked,
            Self::FailToUnlock => holder.self_service().is_blocked(),
            Self::Forget => true,
        }
    }
}

impl Person {
    /// The same id at every start, so that a start that was interrupted is taken up again.
    #[must_use]
    pub fn holder(&self) -> HolderId {
        HolderId(derived("holder", self.card))
    }

    /// The registration; the same at every start.
    #[must_use]
    pub fn registration(&self) -> CommandId {
        CommandId(derived("registration", self.card))
    }

    /// True if he does this in his life so far.
    #[must_use]
    pub fn does(&self, act: Act) -> bool {
        self.life.iter().any(|step| step.act == act)
    }

    /// The values that he has given a passcode of this kind, oldest first.
    #[must_use]
    pub fn values(&self, kind: Kind) -> Vec<&'static str> {
        let set = self.life.iter().filter_map(|step| match (kind, step.act) {
            (Kind::Smartcard, Act::Register) => Some(self.passcode),
            (Kind::Smartcard, Act::ChangeSmartcard { to, .. }) => Some(to),
            (Kind::AccountRecovery, Act::Set { account_recovery, .. }) => account_recovery,
            (Kind::Verification, Act::Set { verification, .. }) => verification,
            (
                _,
                Act::Register
                | Act::Set { .. }
                | Act::RemoveBoth
                | Act::ChangeSmartcard { .. }
                | Act::RenewCertificates { .. }
                | Act::RevokeCertificates
                | Act::RegisterForSelfService
                | Act::LockCard
                | Act::FailToUnlock
                | Act::Forget,
            ) => None,
        });
        set.collect()
    }
}

fn derived(what: &str, card: &str) -> Uuid {
    let digest = Sha256::digest(format!("latchkey demo {what} {card}"));
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    Uuid::new_v8(bytes)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use domain::{
        self_service::{judge, normalise},
        testing::{day, instant},
    };

    use super::*;
    use crate::demo::clock::life_begins;

    #[test]
    fn everybody_has_a_card_and_an_id_of_his_own() {
        let cards: BTreeSet<_> = PEOPLE.iter().map(|person| person.card).collect();
        let holders: BTreeSet<_> = PEOPLE.iter().map(Person::holder).collect();
        assert_eq!((cards.len(), holders.len()), (PEOPLE.len(), PEOPLE.len()));
    }

    #[test]
    fn r05_b35_what_everybody_answers_may_be_answered() {
        let answers = ANSWERS.map(|(question, answer)| (question.parse().unwrap(), answer));
        assert!(judge(&answers).is_ok());
        assert!(normalise(WRONG_ANSWER).is_ok());
        assert!(ANSWERS.iter().all(|(_, answer)| *answer != WRONG_ANSWER));
    }

    #[test]
    fn everybody_is_registered_first_and_nobody_before_the_demonstrations_life_begins() {
        let policies = Policies::seed();
        for day_and_night in
            ["2026-11-22T00:05:00Z", "2027-06-30T22:55:00Z", "2028-02-29T12:00:00Z"]
        {
            let now = instant(day_and_night);
            let today = calendar::civil_day(now, policies.zone());
            for person in PEOPLE {
                assert_eq!(person.life[0].act, Act::Register, "{}", person.card);
                let at: Vec<_> =
                    person.life.iter().filter_map(|step| step.when.at(&policies, today)).collect();
                assert!(at.is_sorted(), "{}", person.card);
                assert!(at.iter().all(|at| life_begins(now) < *at && *at < now), "{}", person.card);
            }
        }
    }

    #[test]
    fn what_a_person_does_is_done_on_the_day_that_his_story_tells() {
        let at = When::DaysBefore(350).at(&Policies::seed(), day("2026-11-22"));
        assert_eq!(at, Some(instant("2025-12-07T10:00:00Z")));
        let at = When::InTheRepeatedHour.at(&Policies::seed(), day("2026-11-22"));
        assert_eq!(at, Some(instant("2026-10-25T01:00:00Z")));
    }
}
