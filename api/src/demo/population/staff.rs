//! Where the people of the demonstration work, and who of them is staff (B-58, B-59).

use domain::staff::Role;

use super::Person;

/// The organisations, each after the one above it: code, name, and the code of that one.
pub const ORGANISATIONS: [(&str, &str, Option<&str>); 3] = [
    (ROOT, "Example Health Service", None),
    (HOSPITAL, "St Ebba's Hospital", Some(ROOT)),
    (CLINICS, "Northfield Clinics", Some(ROOT)),
];

const ROOT: &str = "X26";
const HOSPITAL: &str = "RXA";
const CLINICS: &str = "RXB";

/// Who is staff: the name of the card, the role, and where.
const STAFF: [(&str, Role, &str); 5] = [
    ("ruth", Role::RaManager, ROOT),
    ("imran", Role::RaAgent, HOSPITAL),
    ("carol", Role::Sponsor, HOSPITAL),
    ("anton", Role::Auditor, ROOT),
    ("yuki", Role::PolicyOwner, ROOT),
];

/// The role that a person has, and where; most have none.
#[must_use]
pub fn role_of(person: &Person) -> Option<(Role, &'static str)> {
    let found = STAFF.iter().find(|(card, _, _)| *card == person.card);
    found.map(|(_, role, at)| (*role, *at))
}

/// B-59: where somebody works: staff where their role is, all others in turn at the hospital and at
/// the clinics.
#[must_use]
pub fn works_at(index: usize, person: &Person) -> &'static str {
    match role_of(person) {
        Some((_, at)) => at,
        None if index.is_multiple_of(2) => HOSPITAL,
        None => CLINICS,
    }
}

#[cfg(test)]
mod tests {
    use super::{super::PEOPLE, *};

    #[test]
    fn b59_everybody_works_somewhere_that_there_is_and_staff_are_among_the_people() {
        let codes = ORGANISATIONS.map(|(code, _, _)| code);
        for (index, person) in PEOPLE.iter().enumerate() {
            assert!(codes.contains(&works_at(index, person)), "{}", person.card);
        }
        for (card, role, at) in STAFF {
            assert!(PEOPLE.iter().any(|person| person.card == card), "{card}");
            assert!(!role.is_of_the_root() || at == ROOT, "{card}");
        }
    }
}
