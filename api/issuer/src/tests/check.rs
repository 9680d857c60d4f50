//! What goes to a card is looked at first.

use chrono::{DateTime, TimeDelta, Utc};
use const_oid::AssociatedOid;
use der::{Decode as _, Encode, asn1::OctetString};
use spki::{ObjectIdentifier, SubjectPublicKeyInfoOwned, SubjectPublicKeyInfoRef};
use uuid::Uuid;
use x509_cert::{
    Certificate, TbsCertificate,
    builder::{self, Builder as _, CertificateBuilder, profile::BuilderProfile},
    ext::{
        Extension,
        pkix::{
            AuthorityKeyIdentifier, CertificatePolicies, SubjectKeyIdentifier,
            certpolicy::{PolicyInformation, PolicyQualifierInfo},
        },
    },
    name::Name,
    serial_number::SerialNumber,
    time::Validity,
};

use super::{cards, founding, issue, key, now, pointers, wanted};
use crate::{
    AuthorityKey, CLOCK_SKEW, CardCertificate, CardProfile, CardProfiles, CardsAuthority,
    NotAsWanted, PrivateKey,
    authority::time,
    certificate, name,
    profile::{Issuer, Profile},
    public_key_of_request,
    signer::EcdsaSignature,
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
        (with_policy, NotAsWanted::Extension),
        (with_name, NotAsWanted::Names),
    ] {
        let issuing = cards(false).with_profiles(profiles);
        assert_eq!(checked(&issuing, &wanted(CardProfile::Authentication)), Err(refused));
    }
    let pointing = cards(false).with_pointers(pointers());
    let asked = wanted(CardProfile::Authentication);
    assert_eq!(checked(&pointing, &asked), Err(NotAsWanted::Extension));
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

/// What a rogue with the authority's key makes of a profile.
struct Rogue<'a> {
    profile: Profile<'a>,
    change: fn(&mut Vec<Extension>),
}

impl BuilderProfile for Rogue<'_> {
    fn get_issuer(&self, subject: &Name) -> Name {
        self.profile.get_issuer(subject)
    }

    fn get_subject(&self) -> Name {
        self.profile.get_subject()
    }

    fn build_extensions(
        &self,
        key: SubjectPublicKeyInfoRef<'_>,
        issuer_key: SubjectPublicKeyInfoRef<'_>,
        certificate: &TbsCertificate,
    ) -> builder::Result<Vec<Extension>> {
        let mut extensions = self.profile.build_extensions(key, issuer_key, certificate)?;
        (self.change)(&mut extensions);
        Ok(extensions)
    }
}

const POLICY: &str = "2.25.3.1";

/// What is said of a certificate that is as it should be, but for when it begins and this change.
fn rogue(not_before: DateTime<Utc>, change: fn(&mut Vec<Extension>)) -> Result<(), NotAsWanted> {
    let (wanted, at) = (wanted(CardProfile::Authentication), pointers());
    let profiles = CardProfiles::default().with_policy(POLICY).unwrap();
    let authority = cards(false).with_profiles(profiles.clone()).with_pointers(pointers());
    let issuing = Certificate::from_der(&authority.chain()[0]).unwrap();
    let own = issuing.tbs_certificate().subject();
    let organisation = certificate::organisation(own).unwrap();
    let subject = name::subject(&organisation, &wanted.name, Some(&wanted.card)).unwrap();
    let issuer = Issuer { name: own.clone(), key: certificate::key_identifier(&issuing).unwrap() };
    let profile = Profile::card(&wanted, subject, issuer, &profiles, Some(&at)).unwrap();
    let public_key = public_key_of_request(super::REQUEST).unwrap();
    let builder = CertificateBuilder::new(
        Rogue { profile, change },
        SerialNumber::new(&[0x41; 20]).unwrap(),
        Validity::new(time(not_before).unwrap(), time(wanted.not_after).unwrap()),
        SubjectPublicKeyInfoOwned::from_der(public_key.spki()).unwrap(),
    );
    let signing = AuthorityKey::from(key(2));
    let made = builder.unwrap().build::<_, EcdsaSignature>(&signing.signer().unwrap()).unwrap();
    let der = made.to_der().unwrap();
    authority.check_card_certificate(&der, public_key.spki(), &wanted).map(|_| ())
}

/// Puts another value in place of the extension of this kind.
fn replace<E: AssociatedOid + Encode>(extensions: &mut [Extension], value: &E) {
    let found = extensions.iter_mut().find(|extension| extension.extn_id == E::OID).unwrap();
    found.extn_value = OctetString::new(value.to_der().unwrap()).unwrap();
}

#[test]
fn an_extension_that_nobody_wanted_does_not_go_to_the_card_even_if_it_is_not_critical() {
    assert_eq!(rogue(now(), |_| ()), Ok(()));
    // The one by which Windows maps a certificate to an account; basic constraints.
    let security_identifier = |extensions: &mut Vec<Extension>| {
        let extn_id = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.311.25.2");
        let extn_value = OctetString::new([0x30, 0x00]).unwrap();
        extensions.push(Extension { extn_id, critical: false, extn_value });
    };
    let constraints = |extensions: &mut Vec<Extension>| {
        let extn_id = ObjectIdentifier::new_unwrap("2.5.29.19");
        let extn_value = OctetString::new([0x30, 0x00]).unwrap();
        extensions.push(Extension { extn_id, critical: true, extn_value });
    };
    assert_eq!(rogue(now(), security_identifier), Err(NotAsWanted::Extension));
    assert_eq!(rogue(now(), constraints), Err(NotAsWanted::Extension));
    let names_critical = |extensions: &mut Vec<Extension>| {
        let names = ObjectIdentifier::new_unwrap("2.5.29.17");
        extensions.iter_mut().find(|one| one.extn_id == names).unwrap().critical = true;
    };
    assert_eq!(rogue(now(), names_critical), Err(NotAsWanted::Extension));
}

#[test]
fn a_certificate_that_names_another_key_as_its_own_does_not_go_to_the_card() {
    let change = |extensions: &mut Vec<Extension>| {
        replace(extensions, &SubjectKeyIdentifier(OctetString::new([7; 20]).unwrap()));
    };
    assert_eq!(rogue(now(), change), Err(NotAsWanted::KeyIdentifiers));
}

#[test]
fn a_certificate_that_names_its_issuer_in_more_ways_does_not_go_to_the_card() {
    let change = |extensions: &mut Vec<Extension>| {
        let oid = AuthorityKeyIdentifier::OID;
        let found = extensions.iter().find(|one| one.extn_id == oid).unwrap().clone();
        let named = AuthorityKeyIdentifier::from_der(found.extn_value.as_bytes()).unwrap();
        let serial = Some(SerialNumber::new(&[2; 20]).unwrap());
        let more = AuthorityKeyIdentifier { authority_cert_serial_number: serial, ..named };
        replace(extensions, &more);
    };
    assert_eq!(rogue(now(), change), Err(NotAsWanted::KeyIdentifiers));
}

#[test]
fn a_policy_with_qualifiers_does_not_go_to_the_card() {
    let change = |extensions: &mut Vec<Extension>| {
        let policy_qualifier_id = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.2.1");
        let qualifier = PolicyQualifierInfo { policy_qualifier_id, qualifier: None };
        let policy = PolicyInformation {
            policy_identifier: ObjectIdentifier::new_unwrap(POLICY),
            policy_qualifiers: Some(vec![qualifier]),
        };
        replace(extensions, &CertificatePolicies(vec![policy]));
    };
    assert_eq!(rogue(now(), change), Err(NotAsWanted::Pointers));
}

#[test]
fn a_certificate_begins_at_most_5_minutes_before_it_was_wanted() {
    let earliest = now() - CLOCK_SKEW;
    assert_eq!(rogue(earliest, |_| ()), Ok(()));
    let earlier = earliest - TimeDelta::seconds(1);
    assert_eq!(rogue(earlier, |_| ()), Err(NotAsWanted::Validity));
}
