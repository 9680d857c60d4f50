//! What goes to a card is looked at first.

use chrono::TimeDelta;
use uuid::Uuid;

use super::{cards, founding, issue, key, pointers, wanted};
use crate::{
    CardCertificate, CardProfile, CardProfiles, CardsAuthority, NotAsWanted, PrivateKey,
    public_key_of_request,
};

const OTHER_REQUEST: &[u8] = include_bytes!("requests/p384.der");

/// What our authority says of the certificate that `issuing` made for what `asked` describes, when
/// it wanted an authentication certificate for the key of the honest request.
fn checked(issuing: &CardsAuthority, asked: &CardCertificate) -> Result<(), NotAsWanted> {
    let issued = issuing.issue_card_certificate(super::REQUEST, asked, [9; 20]).unwrap();
    let key = public_key_of_request(super::REQUEST).unwrap();
    let wanted = wanted(CardProfile::Authentication);
    cards(false).check_card_certificate(&issued.der, key.spki(), &wanted).map(|_| ())
}

#[test]
fn both_certificates_of_a_card_are_what_was_wanted() {
    for profile in [CardProfile::Authentication, CardProfile::Signature] {
        for authority in [cards(false), cards(false).with_pointers(pointers())] {
            let issued = issue(&authority, profile);
            let key = &issued.public_key;
            let facts = authority.check_card_certificate(&issued.der, key, &wanted(profile));
            assert_eq!(facts.unwrap().serial, hex::encode(issued.serial));
        }
    }
}

#[test]
fn a_certificate_for_anybody_else_or_anything_else_does_not_go_to_the_card() {
    let honest = || wanted(CardProfile::Authentication);
    let ours = cards(false);
    assert_eq!(checked(&ours, &honest()), Ok(()));
    for (asked, refused) in [
        (CardCertificate { name: "Asha Patil".to_owned(), ..honest() }, NotAsWanted::Subject),
        (CardCertificate { card: "0A1B2D".to_owned(), ..honest() }, NotAsWanted::Subject),
        (CardCertificate { holder: Uuid::from_u128(7), ..honest() }, NotAsWanted::Names),
        (
            CardCertificate { not_after: honest().not_after + TimeDelta::days(1), ..honest() },
            NotAsWanted::Validity,
        ),
        (
            CardCertificate { not_after: honest().not_after - TimeDelta::days(1), ..honest() },
            NotAsWanted::Validity,
        ),
        (
            CardCertificate { not_before: honest().not_before + TimeDelta::hours(1), ..honest() },
            NotAsWanted::Validity,
        ),
        (wanted(CardProfile::Signature), NotAsWanted::Names),
    ] {
        assert_eq!(checked(&ours, &asked), Err(refused));
    }
}

#[test]
fn a_certificate_of_another_profile_than_the_configured_one_does_not_go_to_the_card() {
    let purposes = ["1.3.6.1.5.5.7.3.2".to_owned()];
    let fewer =
        CardProfiles::default().with_purposes(CardProfile::Authentication, &purposes).unwrap();
    let with_policy = CardProfiles::default().with_policy("2.25.3.1").unwrap();
    let with_name = CardProfiles::default().with_upn_from_email();
    for (profiles, refused) in [
        (fewer, NotAsWanted::Purposes),
        (with_policy, NotAsWanted::Pointers),
        (with_name, NotAsWanted::Names),
    ] {
        let issuing = cards(false).with_profiles(profiles);
        assert_eq!(checked(&issuing, &wanted(CardProfile::Authentication)), Err(refused));
    }
    let pointing = cards(false).with_pointers(pointers());
    let asked = wanted(CardProfile::Authentication);
    assert_eq!(checked(&pointing, &asked), Err(NotAsWanted::Pointers));
}

#[test]
fn a_certificate_of_another_authority_does_not_go_to_the_card_even_if_it_has_the_same_name() {
    let asked = wanted(CardProfile::Authentication);
    let authority = |demo, seed| {
        let issuing: PrivateKey = key(seed);
        CardsAuthority::create(&founding(demo), key(1), issuing, [[1; 20], [2; 20]]).unwrap()
    };
    assert_eq!(checked(&authority(true, 2), &asked), Err(NotAsWanted::Issuer));
    assert_eq!(checked(&authority(false, 9), &asked), Err(NotAsWanted::Signature));
}

#[test]
fn a_certificate_for_another_key_or_changed_in_any_byte_does_not_go_to_the_card() {
    let issued = issue(&cards(false), CardProfile::Authentication);
    let wanted = wanted(CardProfile::Authentication);
    let check = |der: &[u8], key: &[u8]| cards(false).check_card_certificate(der, key, &wanted);
    let other = public_key_of_request(OTHER_REQUEST).unwrap();
    assert_eq!(check(&issued.der, other.spki()), Err(NotAsWanted::Key));
    for place in 0..issued.der.len() {
        let mut changed = issued.der.clone();
        changed[place] ^= 1;
        assert!(check(&changed, &issued.public_key).is_err(), "byte {place}");
    }
    let mut followed = issued.der.clone();
    followed.push(0);
    assert_eq!(check(&followed, &issued.public_key), Err(NotAsWanted::Malformed));
    assert_eq!(check(&cards(false).chain()[0], &issued.public_key), Err(NotAsWanted::Issuer));
}
