//! The people of the demonstration, and what each of them does in his life. Their passcodes are
//! public; nothing here is anybody's.

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

/// what they all answer, as public as their passcodes. In the order of the questions.
pub const ANSWERS: [(&str, &str); 4] = [
    ("Q04", "Wuffletine"),
    ("Q12", "Cardwell Cycles"),
    ("Q16", "Captain Zorbalin"),
    ("Q20", "Pinewhistle Farm"),
];

/// What is no answer of anybody's.
pub const WRONG_ANSWER: &str = "Nobody knows";

const fn registered(days: u16) -> Step {
    Step { when: When::DaysBefore(days), act: Act::Register }
}

const fn does(days: u16, act: Act) -> Step {
    Step { when: When::DaysBefore(days), act }
}

const FRESH: &[Step] = &[Step { when: When::AtTheEnd, act: Act::Register }];

const FRESH_STORY: &str = "Registered when the demonstration was first started.";

const RECOVERY: &str = "Orchard-Gate-4";

/// Everybody.
pub const PEOPLE: &[Person] = &[
    Person {
        card: "asha",
        name: "Asha Patel",
        email: "asha.patel@example.org",
        profile: "guide",
        passcode: "Meadow7",
        story: FRESH_STORY,
        life: FRESH,
    },
    Person {
        card: "sam",
        name: "Sam Okafor",
        email: "sam.okafor@example.org",
        profile: "piv",
        passcode: "246813",
        story: FRESH_STORY,
        life: FRESH,
    },
    Person {
        card: "jo",
        name: "Jo Williams",
        email: "jo.williams@example.org",
        profile: "guide",
        passcode: "rain",
        story: FRESH_STORY,
        life: FRESH,
    },
    Person {
        card: "maria",
        name: "Maria Silva",
        email: "maria.silva@example.org",
        profile: "piv",
        passcode: "13572468",
        story: FRESH_STORY,
        life: FRESH,
    },
    Person {
        card: "tomasz",
        name: "Tomasz Nowak",
        email: "tomasz.nowak@example.org",
        profile: "guide",
        passcode: "Blue42",
        story: FRESH_STORY,
        life: FRESH,
    },
    Person {
        card: "noor",
        name: "Noor Rahman",
        email: "noor.rahman@example.org",
        profile: "guide",
        passcode: "Harbour3",
        story: "At first start her smartcard passcode was 350 days old: nothing was due yet, and \
                the first of 14 daily alerts was to come on the next day.",
        life: &[registered(350)],
    },
    Person {
        card: "ben",
        name: "Ben Carter",
        email: "ben.carter@example.org",
        profile: "piv",
        passcode: "864209",
        story: "At first start his smartcard passcode was 351 days old: it was the day of the \
                first alert.",
        life: &[registered(351)],
    },
    Person {
        card: "ewa",
        name: "Ewa Kowalska",
        email: "ewa.kowalska@example.org",
        profile: "guide",
        passcode: "Winter64",
        story: "At first start her smartcard passcode was 364 days old: it was the day of the \
                last alert, and the last on which she could put it off.",
        life: &[registered(364)],
    },
    Person {
        card: "liam",
        name: "Liam Murphy",
        email: "liam.murphy@example.org",
        profile: "piv",
        passcode: "975310",
        story: "At first start his smartcard passcode was 365 days old: it was the first day on \
                which he had to change it.",
        life: &[registered(365)],
    },
    Person {
        card: "grace",
        name: "Grace Adeyemi",
        email: "grace.adeyemi@example.org",
        profile: "guide",
        passcode: "Copper5",
        story: "At first start her smartcard passcode was 385 days old: it was the last day \
                before her account was locked.",
        life: &[registered(385)],
    },
    Person {
        card: "owen",
        name: "Owen Hughes",
        email: "owen.hughes@example.org",
        profile: "guide",
        passcode: "Larch88",
        story: "At first start his smartcard passcode was 386 days old: since midnight his \
                account had been locked.",
        life: &[registered(386)],
    },
    Person {
        card: "lian",
        name: "Lian Zhou",
        email: "lian.zhou@example.org",
        profile: "guide",
        passcode: "Anchor12",
        story: "She changed her smartcard passcode 10 days before first start, and left her \
                account recovery passcode as it was: that alone was overdue.",
        life: &[
            registered(370),
            Step {
                when: When::DaysBefore(370),
                act: Act::Set { account_recovery: Some(RECOVERY), verification: None },
            },
            Step {
                when: When::DaysBefore(10),
                act: Act::ChangeSmartcard { to: "Anchor34", nth: 1 },
            },
        ],
    },
    Person {
        card: "fatima",
        name: "Fatima Khan",
        email: "fatima.khan@example.org",
        profile: "piv",
        passcode: "314159",
        story: "She set her smartcard passcode in the hour that the clocks showed twice when \
                summer time ended, the second time. It counts as that civil day, as every other.",
        life: &[Step { when: When::InTheRepeatedHour, act: Act::Register }],
    },
    Person {
        card: "elin",
        name: "Elin Berg",
        email: "elin.berg@example.org",
        profile: "guide",
        passcode: "Fjord-9",
        story: "She had an account recovery and a verification passcode and has removed both: \
                they have no clock any more.",
        life: &[
            registered(200),
            Step {
                when: When::DaysBefore(200),
                act: Act::Set {
                    account_recovery: Some("Nordic-Light-2"),
                    verification: Some("Snowdrop-31"),
                },
            },
            Step { when: When::DaysBefore(200), act: Act::RemoveBoth },
        ],
    },
    Person {
        card: "hana",
        name: "Hana Suzuki",
        email: "hana.suzuki@example.org",
        profile: "guide",
        passcode: "Maple11",
        story: "At first start her certificates had 30 days left: it was the day of the first \
                alert, and the first on which she could renew them.",
        life: &[registered(700), does(350, Act::ChangeSmartcard { to: "Maple22", nth: 1 })],
    },
    Person {
        card: "ivo",
        name: "Ivo Petrov",
        email: "ivo.petrov@example.org",
        profile: "piv",
        passcode: "112358",
        story: "At first start his certificates had 21 days left: it was the last day on which \
                he could put off renewing them.",
        life: &[registered(709), does(350, Act::ChangeSmartcard { to: "853211", nth: 1 })],
    },
    Person {
        card: "kemi",
        name: "Kemi Adebayo",
        email: "kemi.adebayo@example.org",
        profile: "guide",
        passcode: "Baobab3",
        story: "At first start her certificates had 20 days left: it was the first day on which \
                she had to renew them before anything else.",
        life: &[registered(710), does(350, Act::ChangeSmartcard { to: "Baobab4", nth: 1 })],
    },
    Person {
        card: "piotr",
        name: "Piotr Wolski",
        email: "piotr.wolski@example.org",
        profile: "piv",
        passcode: "271828",
        story: "His certificates expired on the day before first start: only the registration \
                authority can renew them.",
        life: &[registered(731), does(350, Act::ChangeSmartcard { to: "828172", nth: 1 })],
    },
    Person {
        card: "zoe",
        name: "Zoe Laurent",
        email: "zoe.laurent@example.org",
        profile: "guide",
        passcode: "Pearl77",
        story: "She revoked her certificates 10 days before first start: her card opens nothing \
                any more, and relying parties are told so.",
        life: &[registered(40), does(10, Act::RevokeCertificates)],
    },
    Person {
        card: "rosa",
        name: "Rosa Marino",
        email: "rosa.marino@example.org",
        profile: "guide",
        passcode: "Olive01",
        story: "She has renewed her certificates twice: the next renewal has to be done by the \
                registration authority.",
        life: &[
            registered(1430),
            does(1080, Act::ChangeSmartcard { to: "Olive02", nth: 1 }),
            does(730, Act::ChangeSmartcard { to: "Olive03", nth: 2 }),
            does(730, Act::RenewCertificates { nth: 1 }),
            does(380, Act::ChangeSmartcard { to: "Olive04", nth: 3 }),
            does(30, Act::ChangeSmartcard { to: "Olive05", nth: 4 }),
            does(30, Act::RenewCertificates { nth: 2 }),
        ],
    },
    Person {
        card: "amara",
        name: "Amara Osei",
        email: "amara.osei@example.org",
        profile: "guide",
        passcode: "Cedar55",
        story: "She has registered for self-service: should her card be locked one day, she can \
                unlock it herself.",
        life: &[registered(60), does(60, Act::RegisterForSelfService)],
    },
    Person {
        card: "dylan",
        name: "Dylan Price",
        email: "dylan.price@example.org",
        profile: "piv",
        passcode: "707172",
        story: "He has registered for self-service, and on the day before first start he entered \
                a wrong passcode three times: his card is locked, and he can unlock it himself.",
        life: &[registered(60), does(60, Act::RegisterForSelfService), does(1, Act::LockCard)],
    },
    Person {
        card: "mei",
        name: "Mei Tanaka",
        email: "mei.tanaka@example.org",
        profile: "guide",
        passcode: "Plum-8",
        story: "She had registered for self-service, and then answered wrongly three times: \
                self-service is blocked until the registration authority releases it. Her card \
                works.",
        life: &[registered(60), does(60, Act::RegisterForSelfService), does(2, Act::FailToUnlock)],
    },
    Person {
        card: "kofi",
        name: "Kofi Mensah",
        email: "kofi.mensah@example.org",
        profile: "piv",
        passcode: "390625",
        story: "He has forgotten his smartcard passcode and never registered for self-service, \
                but he remembers his account recovery passcode.",
        life: &[
            registered(50),
            Step {
                when: When::DaysBefore(50),
                act: Act::Set { account_recovery: Some(RECOVERY), verification: None },
            },
            does(1, Act::Forget),
        ],
    },
];

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
