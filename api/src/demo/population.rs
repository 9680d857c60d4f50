//! The people of the demonstration. Their passcodes are public; nothing here is anybody's.

use domain::ids::{CommandId, HolderId};
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
}

/// Everybody.
pub const PEOPLE: &[Person] = &[
    Person {
        card: "asha",
        name: "Asha Patel",
        email: "asha.patel@example.org",
        profile: "guide",
        passcode: "Meadow7",
    },
    Person {
        card: "sam",
        name: "Sam Okafor",
        email: "sam.okafor@example.org",
        profile: "piv",
        passcode: "246813",
    },
    Person {
        card: "jo",
        name: "Jo Williams",
        email: "jo.williams@example.org",
        profile: "guide",
        passcode: "rain",
    },
    Person {
        card: "maria",
        name: "Maria Silva",
        email: "maria.silva@example.org",
        profile: "piv",
        passcode: "13572468",
    },
    Person {
        card: "tomasz",
        name: "Tomasz Nowak",
        email: "tomasz.nowak@example.org",
        profile: "guide",
        passcode: "Blue42",
    },
];

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

    use super::*;

    #[test]
    fn everybody_has_a_card_and_an_id_of_his_own() {
        let cards: BTreeSet<_> = PEOPLE.iter().map(|person| person.card).collect();
        let holders: BTreeSet<_> = PEOPLE.iter().map(Person::holder).collect();
        assert_eq!((cards.len(), holders.len()), (PEOPLE.len(), PEOPLE.len()));
    }
}
