//! What both authorities have in common: a key, a chain, and how a certificate is put together.

use chrono::{DateTime, Days, SubsecRound as _, TimeDelta, Utc};
use der::{Decode as _, Encode as _};
use spki::SubjectPublicKeyInfoOwned;
use x509_cert::{
    Certificate,
    builder::{Builder as _, CertificateBuilder},
    name::Name,
    serial_number::SerialNumber,
    time::{Time, Validity},
};

use crate::{
    AuthorityKey, CertificateFacts, Error, PublicKey, certificate, name,
    profile::{Issuer, Profile},
    signer::EcdsaSignature,
};

/// How long before its issue a certificate's validity begins, so that a clock a little slow takes it.
pub const CLOCK_SKEW: TimeDelta = TimeDelta::minutes(5);

/// How long an authority that issues lives, in days (10 years: the most that FPKI Common Policy
/// §6.3.2 gives the key of an issuing authority).
pub(crate) const ISSUING_DAYS: u64 = 3652;

/// What is said once, when an authority is made.
#[derive(Debug, Clone, Copy)]
pub struct Founding<'a> {
    /// The organisation, which stands in the authority's name and in every name it issues;
    /// 1 to 59 characters.
    pub organisation: &'a str,
    /// True for the demonstration: then every organisation begins with `DEMO`.
    pub demo: bool,
    /// Now.
    pub now: DateTime<Utc>,
}

/// A certificate just issued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issued {
    /// The certificate.
    pub der: Vec<u8>,
    /// The key it is for, a DER `SubjectPublicKeyInfo`, as it stood in the request.
    pub public_key: Vec<u8>,
    /// Its serial number, 20 octets.
    pub serial: [u8; 20],
    /// The first instant of its validity.
    pub not_before: DateTime<Utc>,
    /// The last instant of its validity.
    pub not_after: DateTime<Utc>,
}

/// What a certificate below an authority is to be, but for who issues it.
pub(crate) struct Wanted<'a> {
    pub(crate) profile: Profile<'a>,
    pub(crate) public_key: &'a PublicKey,
    pub(crate) serial: [u8; 20],
    pub(crate) not_before: DateTime<Utc>,
    pub(crate) not_after: DateTime<Utc>,
}

/// An authority with its key, ready to issue.
#[derive(Debug)]
pub(crate) struct Authority {
    key: AuthorityKey,
    /// Its own certificate first, then its root's if it is not self-signed.
    chain: Vec<Link>,
}

/// A certificate, as bytes and taken apart.
#[derive(Debug)]
struct Link {
    der: Vec<u8>,
    certificate: Certificate,
}

impl Authority {
    /// A self-signed authority; `below` is how many authorities may follow it.
    pub(crate) fn create(
        founding: &Founding<'_>,
        common_name: &str,
        below: Option<u8>,
        days: u64,
        key: AuthorityKey,
        serial: [u8; 20],
    ) -> Result<Self, Error> {
        let organisation = name::organisation(founding.organisation, founding.demo);
        let profile = Profile::self_signed(name::subject(&organisation, common_name, None)?, below);
        let validity = validity(founding.now, after(founding.now, days)?, None)?;
        let certificate = build(profile, &key.public_key()?, serial, validity, &key)?;
        Ok(Self { key, chain: vec![Link::new(certificate)?] })
    }

    /// An authority below this one, with none below itself.
    pub(crate) fn create_below(
        &self,
        founding: &Founding<'_>,
        common_name: &str,
        key: AuthorityKey,
        serial: [u8; 20],
    ) -> Result<Self, Error> {
        let profile = Profile::issuing(self.subject(common_name, None)?, self.issuer()?);
        let until = after(founding.now, ISSUING_DAYS)?;
        let validity = validity(founding.now, until, Some(self.certificate()))?;
        let certificate = build(profile, &key.public_key()?, serial, validity, &self.key)?;
        let above = Link::new(self.certificate().clone())?;
        Ok(Self { key, chain: vec![Link::new(certificate)?, above] })
    }

    /// An authority made before: refused if the key is not that of the first certificate, or if
    /// there are not `length` certificates.
    pub(crate) fn open(key: AuthorityKey, chain: &[Vec<u8>], length: usize) -> Result<Self, Error> {
        if chain.len() != length {
            return Err(Error::PartsDoNotMatch);
        }
        let chain: Result<Vec<Link>, Error> =
            chain.iter().map(|der| Link::new(Certificate::from_der(der)?)).collect();
        let authority = Self { key, chain: chain? };
        let certified = authority.certificate().tbs_certificate().subject_public_key_info();
        if certified.to_der()? == authority.key.public_key()?.spki() {
            Ok(authority)
        } else {
            Err(Error::PartsDoNotMatch)
        }
    }

    pub(crate) fn is_demo(&self) -> bool {
        certificate::is_demo(self.certificate().tbs_certificate().subject())
    }

    pub(crate) fn certificate_der(&self) -> &[u8] {
        &self.chain[0].der
    }

    pub(crate) fn chain(&self) -> Vec<Vec<u8>> {
        self.chain.iter().map(|link| link.der.clone()).collect()
    }

    /// This authority's name and key identifier, copied from its certificate.
    pub(crate) fn issuer(&self) -> Result<Issuer, Error> {
        let name = self.certificate().tbs_certificate().subject().clone();
        Ok(Issuer { name, key: certificate::key_identifier(self.certificate())? })
    }

    /// A subject below this authority: same organisation, so a demonstration stays one.
    pub(crate) fn subject(&self, common: &str, serial: Option<&str>) -> Result<Name, Error> {
        let own = self.certificate().tbs_certificate().subject();
        let organisation = certificate::organisation(own).ok_or(Error::PartsDoNotMatch)?;
        name::subject(&organisation, common, serial)
    }

    pub(crate) fn issue(&self, wanted: Wanted<'_>) -> Result<Issued, Error> {
        let issuer = Some(self.certificate());
        let validity = validity(wanted.not_before, wanted.not_after, issuer)?;
        let (public_key, serial) = (wanted.public_key, wanted.serial);
        let certificate = build(wanted.profile, public_key, serial, validity, &self.key)?;
        let facts = CertificateFacts::of(&certificate)?;
        Ok(Issued {
            der: certificate.to_der()?,
            public_key: facts.public_key,
            serial: positive(serial),
            not_before: facts.not_before,
            not_after: facts.not_after,
        })
    }

    /// A signature over `message`, DER `ECDSA-Sig-Value`.
    pub(crate) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        let EcdsaSignature(signature) = self.key.sign(message).map_err(Error::Signing)?;
        Ok(signature)
    }

    /// The key that signs, as it stands in the authority's certificate.
    pub(crate) fn public_key(&self) -> Result<PublicKey, Error> {
        Ok(self.key.public_key()?)
    }

    /// The last instant of the authority itself.
    pub(crate) fn not_after(&self) -> Result<DateTime<Utc>, Error> {
        certificate::instant(&self.certificate().tbs_certificate().validity().not_after)
    }

    pub(crate) fn certificate(&self) -> &Certificate {
        &self.chain[0].certificate
    }
}

impl Link {
    fn new(certificate: Certificate) -> Result<Self, Error> {
        Ok(Self { der: certificate.to_der()?, certificate })
    }
}

/// 20 random octets as a serial number (RFC 5280 §4.1.2.2). The top two bits become `01`: positive,
/// and never shorter than 20 octets, which leaves 158 random bits.
fn positive(mut octets: [u8; 20]) -> [u8; 20] {
    octets[0] = (octets[0] & 0x3F) | 0x40;
    octets
}

fn after(now: DateTime<Utc>, days: u64) -> Result<DateTime<Utc>, Error> {
    now.checked_add_days(Days::new(days)).ok_or(Error::NeverValid)
}

/// From a little before `not_before` to `not_after`, whole seconds, never beyond the issuer's own
/// end.
fn validity(
    not_before: DateTime<Utc>,
    not_after: DateTime<Utc>,
    issuer: Option<&Certificate>,
) -> Result<Validity, Error> {
    let not_after = match issuer {
        Some(issuer) => {
            not_after.min(certificate::instant(&issuer.tbs_certificate().validity().not_after)?)
        }
        None => not_after,
    };
    if not_after <= not_before {
        return Err(Error::NeverValid);
    }
    Ok(Validity::new(time(not_before - CLOCK_SKEW)?, time(not_after)?))
}

pub(crate) fn time(instant: DateTime<Utc>) -> Result<Time, Error> {
    Ok(Time::try_from(std::time::SystemTime::from(instant.trunc_subsecs(0)))?)
}

fn build(
    profile: Profile<'_>,
    public_key: &PublicKey,
    serial: [u8; 20],
    validity: Validity,
    signer: &AuthorityKey,
) -> Result<Certificate, Error> {
    let serial = SerialNumber::new(&positive(serial))?;
    let key = SubjectPublicKeyInfoOwned::from_der(public_key.spki())?;
    let builder = CertificateBuilder::new(profile, serial, validity, key)?;
    Ok(builder.build::<_, EcdsaSignature>(&signer.signer()?)?)
}
