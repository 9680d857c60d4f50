//! Everybody, with what he does in his life. Nothing here is anybody's.

use super::{Act, Person, Step, When};

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
        life: &[registered(700), does(345, Act::ChangeSmartcard { to: "Maple22", nth: 1 })],
    },
    Person {
        card: "ivo",
        name: "Ivo Petrov",
        email: "ivo.petrov@example.org",
        profile: "piv",
        passcode: "112358",
        story: "At first start his certificates had 21 days left: it was the last day on which \
                he could put off renewing them.",
        life: &[registered(709), does(345, Act::ChangeSmartcard { to: "853211", nth: 1 })],
    },
    Person {
        card: "kemi",
        name: "Kemi Adebayo",
        email: "kemi.adebayo@example.org",
        profile: "guide",
        passcode: "Baobab3",
        story: "At first start her certificates had 20 days left: it was the first day on which \
                she had to renew them before anything else.",
        life: &[registered(710), does(346, Act::ChangeSmartcard { to: "Baobab4", nth: 1 })],
    },
    Person {
        card: "piotr",
        name: "Piotr Wolski",
        email: "piotr.wolski@example.org",
        profile: "piv",
        passcode: "271828",
        story: "His certificates expired on the day before first start: only the registration \
                authority can renew them.",
        life: &[
            registered(731),
            does(380, Act::ChangeSmartcard { to: "828172", nth: 1 }),
            does(40, Act::ChangeSmartcard { to: "182845", nth: 2 }),
        ],
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
    Person {
        card: "ruth",
        name: "Ruth Adeyemi",
        email: "ruth.adeyemi@example.org",
        profile: "guide",
        passcode: "Summit26",
        story: "She leads the registration authority of the whole service, Example \
                Health Service (X26): under Desk she does everything that can be done \
                for a holder, and grants roles.",
        life: FRESH,
    },
    Person {
        card: "imran",
        name: "Imran Sheikh",
        email: "imran.sheikh@example.org",
        profile: "piv",
        passcode: "550912",
        story: "He works at the desk of the registration authority of St Ebba's Hospital \
                (RXA): under Desk he finds the people who work there, and unlocks, \
                renews and suspends.",
        life: FRESH,
    },
    Person {
        card: "carol",
        name: "Carol Evans",
        email: "carol.evans@example.org",
        profile: "guide",
        passcode: "Bramble6",
        story: "She is a sponsor at St Ebba's Hospital (RXA): she helps colleagues with \
                a locked smartcard, and with nothing else.",
        life: FRESH,
    },
    Person {
        card: "anton",
        name: "Anton Weber",
        email: "anton.weber@example.org",
        profile: "guide",
        passcode: "Ledger-3",
        story: "He is auditor of the whole service (X26): he looks at everything, and \
                changes nothing.",
        life: FRESH,
    },
    Person {
        card: "yuki",
        name: "Yuki Sato",
        email: "yuki.sato@example.org",
        profile: "piv",
        passcode: "426817",
        story: "She is policy owner of the whole service (X26): she decides about the \
                numbers of the rules.",
        life: FRESH,
    },
];
