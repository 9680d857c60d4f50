//! What each kind of certificate says: the table of profiles, and how it becomes extensions.
//!
//! | profile | key usage (critical) | extended key usage | alternative names |
//! |---|---|---|---|
//! | root, issuing, agents' authority | keyCertSign, cRLSign | none | none |
//! | card authentication (9A) | digitalSignature | clientAuth, smartcardLogon | `urn:uuid:` of the holder |
//! | digital signature (9C) | digitalSignature, nonRepudiation | emailProtection, documentSigning | `urn:uuid:` and e-mail address of the holder |
//! | OCSP responder | digitalSignature | `OCSPSigning` (critical) | none |
//! | agent | digitalSignature | clientAuth | `urn:uuid:` of the agent |
//! | server | digitalSignature | serverAuth | its host names and addresses |
//!
//! The extended key usages of a card's certificates, a policy and the name for Windows logons are
//! of the configuration ([`crate::CardProfiles`]); the table has what they are without one.

use std::net::IpAddr;

use der::asn1::{Ia5String, Null, OctetString};
use spki::{ObjectIdentifier, SubjectPublicKeyInfoRef};
use uuid::Uuid;
use x509_cert::{
    TbsCertificate,
    builder::{self, profile::BuilderProfile},
    ext::{
        Extension, ToExtension,
        pkix::{
            AccessDescription, AuthorityInfoAccessSyntax, AuthorityKeyIdentifier, BasicConstraints,
            CertificatePolicies, CrlDistributionPoints, ExtendedKeyUsage, KeyUsage, KeyUsages,
            SubjectAltName, SubjectKeyIdentifier,
            certpolicy::PolicyInformation,
            crl::dp::DistributionPoint,
            name::{DistributionPointName, GeneralName},
        },
    },
    name::Name,
};

use crate::{
    CardCertificate, CardProfiles, Error, name,
    profiles::{CLIENT_AUTH, OCSP_SIGNING, SERVER_AUTH},
};

/// RFC 6960 §4.2.2.2.1: relying parties do not ask whether the responder is revoked.
const OCSP_NO_CHECK: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.48.1.5");
const OCSP: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.48.1");
const CA_ISSUERS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.48.2");

/// The key of a card that a certificate is for (SP 800-73-5 part 1, 3.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CardProfile {
    /// 9A, PIV authentication.
    Authentication,
    /// 9C, digital signature.
    Signature,
}

/// Where relying parties ask about a card's certificate. HTTP, not HTTPS (RFC 5280 §8).
/// Certificates without it point nowhere, rather than at nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pointers {
    /// Where the full CRL is.
    pub crl: String,
    /// Where the OCSP responder is.
    pub ocsp: String,
    /// Where the issuing authority's own certificate is.
    pub authority: String,
}

/// One certificate to be: its names, and a row of the table above.
pub(crate) struct Profile<'a> {
    pub(crate) subject: Name,
    pub(crate) issuer: Name,
    pub(crate) issuer_key: Option<SubjectKeyIdentifier>,
    authority: Option<BasicConstraints>,
    pub(crate) usage: KeyUsage,
    pub(crate) purposes: Vec<ObjectIdentifier>,
    pub(crate) names: Vec<GeneralName>,
    pub(crate) policy: Option<ObjectIdentifier>,
    pub(crate) pointers: Option<&'a Pointers>,
    /// True for the one whose purposes are critical, and whom nobody asks about.
    answers: bool,
}

/// Whose name and key a certificate is issued under: both copied from the authority's certificate,
/// not worked out again, because an external root may have made its key identifier differently.
pub(crate) struct Issuer {
    pub(crate) name: Name,
    pub(crate) key: SubjectKeyIdentifier,
}

impl<'a> Profile<'a> {
    /// A self-signed authority. `below` is how many authorities may follow it, `None` for any number.
    pub(crate) fn self_signed(subject: Name, below: Option<u8>) -> Self {
        let issuer = subject.clone();
        Self { issuer_key: None, issuer, ..Self::authority(subject, below) }
    }

    /// An authority below another, with none below itself.
    pub(crate) fn issuing(subject: Name, issuer: Issuer) -> Self {
        Self {
            issuer: issuer.name,
            issuer_key: Some(issuer.key),
            ..Self::authority(subject, Some(0))
        }
    }

    fn authority(subject: Name, below: Option<u8>) -> Self {
        Self {
            subject,
            issuer: Name::default(),
            issuer_key: None,
            authority: Some(BasicConstraints { ca: true, path_len_constraint: below }),
            usage: KeyUsage(KeyUsages::KeyCertSign | KeyUsages::CRLSign),
            purposes: vec![],
            names: vec![],
            policy: None,
            pointers: None,
            answers: false,
        }
    }

    /// A card's certificate.
    pub(crate) fn card(
        wanted: &CardCertificate,
        subject: Name,
        issuer: Issuer,
        profiles: &CardProfiles,
        pointers: Option<&'a Pointers>,
    ) -> Result<Self, Error> {
        let mut names = vec![urn(wanted.holder)?];
        let mut usage = KeyUsage(KeyUsages::DigitalSignature.into());
        match wanted.profile {
            CardProfile::Authentication if profiles.upn_from_email => {
                names.push(name::principal(&wanted.email)?);
            }
            CardProfile::Authentication => {}
            CardProfile::Signature => {
                names.push(name::email(&wanted.email)?);
                usage = KeyUsage(KeyUsages::DigitalSignature | KeyUsages::NonRepudiation);
            }
        }
        let purposes = profiles.purposes(wanted.profile).to_vec();
        let policy = profiles.policy;
        Ok(Self { usage, policy, pointers, ..Self::leaf(subject, issuer, purposes, names) })
    }

    /// The certificate of who signs OCSP answers.
    pub(crate) fn responder(subject: Name, issuer: Issuer) -> Self {
        Self { answers: true, ..Self::leaf(subject, issuer, vec![OCSP_SIGNING], vec![]) }
    }

    /// An agent's certificate.
    pub(crate) fn agent(subject: Name, issuer: Issuer, agent: Uuid) -> der::Result<Self> {
        Ok(Self::leaf(subject, issuer, vec![CLIENT_AUTH], vec![urn(agent)?]))
    }

    /// The certificate of the server's end of the agents' channel.
    pub(crate) fn server(
        subject: Name,
        issuer: Issuer,
        hosts: &[&str],
        addresses: &[IpAddr],
    ) -> der::Result<Self> {
        let mut names = vec![];
        for host in hosts {
            names.push(GeneralName::DnsName(Ia5String::new(host)?));
        }
        names.extend(addresses.iter().copied().map(GeneralName::from));
        Ok(Self::leaf(subject, issuer, vec![SERVER_AUTH], names))
    }

    fn leaf(
        subject: Name,
        issuer: Issuer,
        purposes: Vec<ObjectIdentifier>,
        names: Vec<GeneralName>,
    ) -> Self {
        Self {
            subject,
            issuer: issuer.name,
            issuer_key: Some(issuer.key),
            authority: None,
            usage: KeyUsage(KeyUsages::DigitalSignature.into()),
            purposes,
            names,
            policy: None,
            pointers: None,
            answers: false,
        }
    }
}

fn urn(id: Uuid) -> der::Result<GeneralName> {
    uri(&id.urn().to_string())
}

fn uri(text: &str) -> der::Result<GeneralName> {
    Ok(GeneralName::UniformResourceIdentifier(Ia5String::new(text)?))
}

pub(crate) fn crl_at(address: &str) -> der::Result<CrlDistributionPoints> {
    Ok(CrlDistributionPoints(vec![DistributionPoint {
        distribution_point: Some(DistributionPointName::FullName(vec![uri(address)?])),
        reasons: None,
        crl_issuer: None,
    }]))
}

pub(crate) fn authority_at(pointers: &Pointers) -> der::Result<AuthorityInfoAccessSyntax> {
    Ok(AuthorityInfoAccessSyntax(vec![
        AccessDescription { access_method: OCSP, access_location: uri(&pointers.ocsp)? },
        AccessDescription { access_method: CA_ISSUERS, access_location: uri(&pointers.authority)? },
    ]))
}

impl BuilderProfile for Profile<'_> {
    fn get_issuer(&self, _subject: &Name) -> Name {
        self.issuer.clone()
    }

    fn get_subject(&self) -> Name {
        self.subject.clone()
    }

    fn build_extensions(
        &self,
        key: SubjectPublicKeyInfoRef<'_>,
        _issuer_key: SubjectPublicKeyInfoRef<'_>,
        _certificate: &TbsCertificate,
    ) -> builder::Result<Vec<Extension>> {
        let mut list = List { subject: &self.subject, extensions: vec![] };
        if let Some(SubjectKeyIdentifier(octets)) = &self.issuer_key {
            let key_identifier = Some(OctetString::new(octets.as_bytes())?);
            list.add(&AuthorityKeyIdentifier { key_identifier, ..Default::default() })?;
        }
        list.add(&SubjectKeyIdentifier::try_from(key)?)?;
        if let Some(constraints) = &self.authority {
            list.add(constraints)?;
        }
        list.add(&self.usage)?;
        if !self.purposes.is_empty() {
            list.add((self.answers, &ExtendedKeyUsage(self.purposes.clone())))?;
        }
        if !self.names.is_empty() {
            list.add(&SubjectAltName(self.names.clone()))?;
        }
        if let Some(policy_identifier) = self.policy {
            let policy = PolicyInformation { policy_identifier, policy_qualifiers: None };
            list.add(&CertificatePolicies(vec![policy]))?;
        }
        if self.answers {
            list.add((OCSP_NO_CHECK, false, &Null))?;
        }
        if let Some(pointers) = self.pointers {
            list.add(&crl_at(&pointers.crl)?)?;
            list.add(&authority_at(pointers)?)?;
        }
        Ok(list.extensions)
    }
}

/// Extensions so far: whether the next is critical may depend on them.
struct List<'a> {
    subject: &'a Name,
    extensions: Vec<Extension>,
}

impl List<'_> {
    fn add<E: ToExtension>(&mut self, extension: E) -> Result<(), E::Error> {
        let extension = extension.to_extension(self.subject, &self.extensions)?;
        self.extensions.push(extension);
        Ok(())
    }
}
