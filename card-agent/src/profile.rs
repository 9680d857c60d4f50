//! Card profiles: what a card model takes and has, as data.
//!
//! The standard leaves much to the card, and cards do not tell. A card is recognised by the name
//! it gives in [`Object::Announcement`](crate::piv::Object), a tag in the range that the standard leaves to
//! vendors; a card that gives none is taken for plain PIV.

use protocol::PasscodeRules;

use crate::piv::{ManagementAlgorithm, ManagementKey, ReferenceData};

/// A card model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Profile {
    /// Its name, as the card announces it and the server records it.
    pub name: &'static str,
    /// What it takes for a *new* passcode. Never applied to the current one (B-29).
    pub new_passcode: PasscodeRules,
    /// What a blank card of it holds.
    pub factory: Factory,
    /// Algorithm of the management key that we put on it.
    pub management_algorithm: ManagementAlgorithm,
}

/// The secrets of a card as it leaves the factory. Published by the makers, so they are none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Factory {
    /// Algorithm of the management key.
    pub management_algorithm: ManagementAlgorithm,
    /// The management key.
    pub management_key: &'static [u8],
    /// The PUK.
    pub puk: &'static [u8],
}

impl Factory {
    /// The management key, ready to use. `None` never happens for the profiles below.
    #[must_use]
    pub fn management(&self) -> Option<ManagementKey> {
        ManagementKey::new(self.management_algorithm, self.management_key)
    }

    /// The PUK, ready to use. `None` never happens for the profiles below.
    #[must_use]
    pub fn puk(&self) -> Option<ReferenceData> {
        ReferenceData::new(self.puk)
    }
}

/// What most PIV cards hold when they are new: 3DES key 0102…08 three times, PUK 12345678.
const USUAL_FACTORY: Factory = Factory {
    management_algorithm: ManagementAlgorithm::Tdes,
    management_key: &[1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8],
    puk: b"12345678",
};

/// Plain PIV: six to eight digits (SP 800-73-5 part 2, 3.2.1).
pub const PIV: Profile = Profile {
    name: "piv",
    new_passcode: protocol::PIV_PASSCODE,
    factory: USUAL_FACTORY,
    management_algorithm: ManagementAlgorithm::Aes256,
};

/// A card as the guides describe it: four to eight printable characters (P-06, P-07).
pub const GUIDE: Profile = Profile { name: "guide", new_passcode: protocol::GUIDE_PASSCODE, ..PIV };

/// The profile of a card by what it announces; `None` if the name is of no profile we know.
#[must_use]
pub fn recognise(announced: Option<&[u8]>) -> Option<&'static Profile> {
    match announced {
        None => Some(&PIV),
        Some(name) => [&PIV, &GUIDE].into_iter().find(|profile| profile.name.as_bytes() == name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_that_announces_nothing_is_plain_piv_and_one_of_an_unknown_name_is_not_taken() {
        assert_eq!(recognise(None), Some(&PIV));
        assert_eq!(recognise(Some(b"guide")), Some(&GUIDE));
        assert_eq!(recognise(Some(b"other")), None);
    }

    #[test]
    fn p06_the_portal_knows_what_each_profile_takes() {
        for profile in [PIV, GUIDE] {
            assert_eq!(protocol::passcode_rules_of(profile.name), Some(profile.new_passcode));
        }
    }

    #[test]
    fn factory_secrets_are_of_a_usable_form() {
        for profile in [PIV, GUIDE] {
            assert!(profile.factory.management().is_some());
            assert!(profile.factory.puk().is_some());
        }
    }
}
