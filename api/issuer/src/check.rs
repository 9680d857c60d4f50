//! What is looked at before a certificate goes to a card: whoever issued it, it has to be what was
//! wanted, in every point and with nothing beside.

use chrono::{DateTime, SubsecRound as _, Utc};
use const_oid::AssociatedOid as _;
use der::{
    Decode as _, Encode as _, Reader as _,
    asn1::{AnyRef, OctetString},
};
use spki::SubjectPublicKeyInfoRef;
use x509_cert::{
    Certificate, TbsCertificate, Version,
    ext::{
        Extension,
        pkix::{
            AuthorityInfoAccessSyntax, AuthorityKeyIdentifier, CertificatePolicies,
            CrlDistributionPoints, ExtendedKeyUsage, KeyUsage, SubjectAltName,
            SubjectKeyIdentifier, certpolicy::PolicyInformation,
        },
    },
};

use crate::{
    CLOCK_SKEW, CertificateFacts, PublicKey,
    profile::{Profile, authority_at, crl_at},
};

/// Longest certificate that is looked at, in bytes: what a card's data object holds of one
/// (SP 800-73-5 part 1, table 10) is less.
const CERTIFICATE_BYTES_MAX: usize = 4 * 1024;

/// How a certificate differs from what was wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAsWanted {
    /// What was wanted cannot stand in a certificate at all.
    #[error("what was wanted cannot stand in a certificate")]
    Nothing,
    /// Not the DER encoding of a certificate of version 3, or more than that.
    #[error("this is not a certificate")]
    Malformed,
    /// Another authority's name.
    #[error("the certificate names another issuer")]
    Issuer,
    /// Not signed by our authority.
    #[error("the certificate is not signed by the issuer")]
    Signature,
    /// For another key.
    #[error("the certificate is for another key")]
    Key,
    /// For somebody else.
    #[error("the certificate is for another subject")]
    Subject,
    /// Other alternative names.
    #[error("the certificate has other alternative names")]
    Names,
    /// Another key usage, or not a critical one.
    #[error("the certificate has another key usage")]
    Usage,
    /// Other extended key usages.
    #[error("the certificate is for other purposes")]
    Purposes,
    /// Another authority's key identifier, or another key's own.
    #[error("the certificate names another key of the issuer, or of its own")]
    KeyIdentifiers,
    /// Another policy, or other places to ask.
    #[error("the certificate has another policy, or other places to ask about it")]
    Pointers,
    /// Begins too late or too early, or ends at another time.
    #[error("the certificate is valid at other times")]
    Validity,
    /// An extension that nobody wanted, one that is critical and should not be, or one twice.
    #[error("the certificate has an extension that nobody wanted")]
    Extension,
}

/// What a certificate has to be.
pub(crate) struct Expected<'a> {
    pub(crate) profile: Profile<'a>,
    pub(crate) public_key: &'a [u8],
    pub(crate) signer: PublicKey,
    pub(crate) not_before: DateTime<Utc>,
    pub(crate) not_after: DateTime<Utc>,
}

/// What the certificate says, if it is what was expected.
pub(crate) fn check(der: &[u8], expected: &Expected<'_>) -> Result<CertificateFacts, NotAsWanted> {
    let (certificate, signed) = decode(der)?;
    let (body, profile) = (certificate.tbs_certificate(), &expected.profile);
    if *body.issuer() != profile.issuer {
        return Err(NotAsWanted::Issuer);
    }
    let algorithm = certificate.signature_algorithm();
    let signature = certificate.signature().as_bytes().ok_or(NotAsWanted::Malformed)?;
    if body.signature() != algorithm || !expected.signer.verifies(algorithm, signed, signature) {
        return Err(NotAsWanted::Signature);
    }
    let key = body.subject_public_key_info().to_der().map_err(|_| NotAsWanted::Malformed)?;
    if key != expected.public_key {
        return Err(NotAsWanted::Key);
    }
    if *body.subject() != profile.subject {
        return Err(NotAsWanted::Subject);
    }
    extensions(body, profile)?;
    names_and_uses(body, profile)?;
    identifiers(body, profile, expected.public_key)?;
    pointers(body, profile)?;
    let facts = CertificateFacts::of(&certificate).map_err(|_| NotAsWanted::Malformed)?;
    let earliest = (expected.not_before - CLOCK_SKEW).trunc_subsecs(0);
    if !(earliest..=expected.not_before).contains(&facts.not_before)
        || facts.not_after != expected.not_after
    {
        return Err(NotAsWanted::Validity);
    }
    Ok(facts)
}

/// The certificate, and of it the bytes that were signed as they were received.
fn decode(der: &[u8]) -> Result<(Certificate, &[u8]), NotAsWanted> {
    if CERTIFICATE_BYTES_MAX < der.len() {
        return Err(NotAsWanted::Malformed);
    }
    let taken_apart = || -> der::Result<(Certificate, &[u8])> {
        let certificate = Certificate::from_der(der)?;
        let signed = AnyRef::from_der(der)?.sequence(|reader| {
            let signed = reader.tlv_bytes()?;
            AnyRef::decode(reader)?;
            AnyRef::decode(reader)?;
            Ok::<_, der::Error>(signed)
        })?;
        Ok((certificate, signed))
    };
    match taken_apart() {
        Ok((certificate, _)) if certificate.tbs_certificate().version() != Version::V3 => {
            Err(NotAsWanted::Malformed)
        }
        Ok(taken_apart) => Ok(taken_apart),
        Err(_) => Err(NotAsWanted::Malformed),
    }
}

/// Those of the profile and no others, each once, and critical only where a relying party of ours
/// knows what it means. That none is missing is seen where they are compared.
fn extensions(body: &TbsCertificate, profile: &Profile<'_>) -> Result<(), NotAsWanted> {
    let mut wanted = vec![
        AuthorityKeyIdentifier::OID,
        SubjectKeyIdentifier::OID,
        KeyUsage::OID,
        ExtendedKeyUsage::OID,
        SubjectAltName::OID,
    ];
    if profile.policy.is_some() {
        wanted.push(CertificatePolicies::OID);
    }
    if profile.pointers.is_some() {
        wanted.extend([CrlDistributionPoints::OID, AuthorityInfoAccessSyntax::OID]);
    }
    let all: &[Extension] = body.extensions().map_or(&[], Vec::as_slice);
    for (place, extension) in all.iter().enumerate() {
        let again = all[..place].iter().any(|other| other.extn_id == extension.extn_id);
        let critical = extension.critical && extension.extn_id != KeyUsage::OID;
        if again || critical || !wanted.contains(&extension.extn_id) {
            return Err(NotAsWanted::Extension);
        }
    }
    Ok(())
}

fn names_and_uses(body: &TbsCertificate, profile: &Profile<'_>) -> Result<(), NotAsWanted> {
    let SubjectAltName(names) = read(body)?.ok_or(NotAsWanted::Names)?.1;
    if !same(&names, &profile.names) {
        return Err(NotAsWanted::Names);
    }
    let usage = read::<KeyUsage>(body)?.ok_or(NotAsWanted::Usage)?;
    if usage != (true, profile.usage) {
        return Err(NotAsWanted::Usage);
    }
    let ExtendedKeyUsage(purposes) = read(body)?.ok_or(NotAsWanted::Purposes)?.1;
    if !same(&purposes, &profile.purposes) {
        return Err(NotAsWanted::Purposes);
    }
    Ok(())
}

/// The issuer's key as its own certificate names it, and nothing else of the issuer; the key itself
/// by SHA-1 of its bits (RFC 5280 §4.2.1.2, method 1), as everything that we issue.
fn identifiers(
    body: &TbsCertificate,
    profile: &Profile<'_>,
    public_key: &[u8],
) -> Result<(), NotAsWanted> {
    let wanted = || -> der::Result<(AuthorityKeyIdentifier, SubjectKeyIdentifier)> {
        let issuer = profile.issuer_key.as_ref();
        let key_identifier =
            issuer.map(|SubjectKeyIdentifier(key)| OctetString::new(key.as_bytes())).transpose()?;
        let own = SubjectKeyIdentifier::try_from(SubjectPublicKeyInfoRef::from_der(public_key)?)?;
        Ok((AuthorityKeyIdentifier { key_identifier, ..Default::default() }, own))
    };
    let (issuer, own) = wanted().map_err(|_| NotAsWanted::Nothing)?;
    let is_issuers =
        read(body)?.is_some_and(|(_, named): (_, AuthorityKeyIdentifier)| named == issuer);
    let is_own = read(body)?.is_some_and(|(_, named): (_, SubjectKeyIdentifier)| named == own);
    if is_issuers && is_own { Ok(()) } else { Err(NotAsWanted::KeyIdentifiers) }
}

fn pointers(body: &TbsCertificate, profile: &Profile<'_>) -> Result<(), NotAsWanted> {
    let policies = read::<CertificatePolicies>(body)?.map(|(_, policies)| policies);
    let crl = read::<CrlDistributionPoints>(body)?.map(|(_, points)| points);
    let authority = read::<AuthorityInfoAccessSyntax>(body)?.map(|(_, access)| access);
    let wanted = |_| NotAsWanted::Nothing;
    let crl_wanted = profile.pointers.map(|at| crl_at(&at.crl)).transpose().map_err(wanted)?;
    let authority_wanted = profile.pointers.map(authority_at).transpose().map_err(wanted)?;
    let policies_wanted = profile.policy.map(|policy_identifier| {
        CertificatePolicies(vec![PolicyInformation { policy_identifier, policy_qualifiers: None }])
    });
    if crl == crl_wanted && authority == authority_wanted && policies == policies_wanted {
        Ok(())
    } else {
        Err(NotAsWanted::Pointers)
    }
}

/// An extension, and whether it is critical.
fn read<'a, E: der::Decode<'a> + const_oid::AssociatedOid>(
    body: &'a TbsCertificate,
) -> Result<Option<(bool, E)>, NotAsWanted>
where
    der::Error: From<E::Error>,
{
    body.get_extension::<E>().map_err(|_| NotAsWanted::Malformed)
}

/// The same, in whatever order.
fn same<T: PartialEq>(some: &[T], others: &[T]) -> bool {
    some.len() == others.len() && some.iter().all(|one| others.contains(one))
}
