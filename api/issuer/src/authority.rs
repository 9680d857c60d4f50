//! The two authorities, and what each issues.

use std::net::IpAddr;

use chrono::{DateTime, Days, SubsecRound as _, TimeDelta, Utc};
use der::{Decode as _, Encode as _};
use p384::ecdsa::DerSignature;
use spki::SubjectPublicKeyInfoOwned;
use uuid::Uuid;
use x509_cert::{
    Certificate,
    builder::{Builder as _, CertificateBuilder},
    serial_number::SerialNumber,
    time::{Time, Validity},
};

use crate::{
    CardSlot, Error, Pointers, PrivateKey, PublicKey, Serial, certificate, name,
    profile::{Issuer, Profile},
};

/// How long before its issue a certificate's validity begins, so that a clock a little slow takes it.
pub const CLOCK_SKEW: TimeDelta = TimeDelta::minutes(5);

/// How long a root lives, in days (20 years).
const ROOT_DAYS: u64 = 7305;

/// How long an authority that issues lives, in days (10 years: the most that FPKI Common Policy
/// §6.3.2 gives the key of an issuing authority).
const ISSUING_DAYS: u64 = 3652;

/// Most certificates of an authority: its own, and that of the root above it.
const CHAIN_MAX: usize = 2;

/// Which authority.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthorityKind {
    /// Certifies the keys of holders' cards: a root, and an issuing authority below it.
    Cards,
    /// Certifies both ends of the channel between agents and server: one self-signed authority.
    Agents,
}

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

/// A certificate for a key of a card.
#[derive(Debug, Clone, Copy)]
pub struct CardCertificate<'a> {
    /// Which key of the card.
    pub slot: CardSlot,
    /// The key, taken from the card's request ([`crate::public_key_of_request`]).
    pub public_key: &'a PublicKey,
    /// The holder's name as it is shown to people; 1 to 64 characters.
    pub display_name: &'a str,
    /// The holder.
    pub holder: Uuid,
    /// The card's serial number; 1 to 64 letters and digits.
    pub card_serial: &'a str,
    /// Now; the validity begins [`CLOCK_SKEW`] earlier.
    pub now: DateTime<Utc>,
    /// The last instant of validity. The certificate ends with its authority if that is earlier.
    pub not_after: DateTime<Utc>,
    /// Where relying parties ask about it; `None` leaves both extensions out.
    pub pointers: Option<&'a Pointers>,
}

/// A certificate for a card agent's end of the channel.
#[derive(Debug, Clone, Copy)]
pub struct AgentCertificate<'a> {
    /// The agent's key, taken from its request ([`crate::public_key_of_request`]).
    pub public_key: &'a PublicKey,
    /// The agent.
    pub agent: Uuid,
    /// Now; the validity begins [`CLOCK_SKEW`] earlier.
    pub now: DateTime<Utc>,
    /// The last instant of validity. The certificate ends with its authority if that is earlier.
    pub not_after: DateTime<Utc>,
}

/// A certificate for the server's end of the channel.
#[derive(Debug, Clone, Copy)]
pub struct ServerCertificate<'a> {
    /// The server's key.
    pub public_key: &'a PublicKey,
    /// Host names agents reach it by; the first becomes the common name. At least one.
    pub hosts: &'a [&'a str],
    /// Addresses agents reach it by.
    pub addresses: &'a [IpAddr],
    /// Now; the validity begins [`CLOCK_SKEW`] earlier.
    pub now: DateTime<Utc>,
    /// The last instant of validity. The certificate ends with its authority if that is earlier.
    pub not_after: DateTime<Utc>,
}

/// An authority with its key, ready to issue.
#[derive(Debug)]
pub struct Authority {
    kind: AuthorityKind,
    key: PrivateKey,
    /// Its own certificate first, then its root's if it is not self-signed.
    chain: Vec<Certificate>,
}

impl Authority {
    /// Makes the cards' authority: a root (20 years), and below it the issuing authority (10 years,
    /// path length 0) that is returned. The root's key is not kept and not needed to issue.
    pub fn create_cards(
        founding: &Founding<'_>,
        root: (&PrivateKey, Serial),
        issuing: (PrivateKey, Serial),
    ) -> Result<Self, Error> {
        let organisation = name::organisation(founding.organisation, founding.demo);
        let (root_key, root_serial) = root;
        let (issuing_key, issuing_serial) = issuing;
        let root_name = name::subject(&organisation, "Card root authority", None)?;
        let root = build(
            Profile::self_signed(root_name, None),
            &root_key.public_key()?,
            root_serial,
            validity(founding.now, after(founding.now, ROOT_DAYS)?, None)?,
            root_key,
        )?;
        let issuing_name = name::subject(&organisation, "Card issuing authority 1", None)?;
        let issuing = build(
            Profile::issuing(issuing_name, issuer(&root)?),
            &issuing_key.public_key()?,
            issuing_serial,
            validity(founding.now, after(founding.now, ISSUING_DAYS)?, Some(&root))?,
            root_key,
        )?;
        Ok(Self { kind: AuthorityKind::Cards, key: issuing_key, chain: vec![issuing, root] })
    }

    /// Makes the agents' authority: self-signed, 10 years, path length 0.
    pub fn create_agents(
        founding: &Founding<'_>,
        key: PrivateKey,
        serial: Serial,
    ) -> Result<Self, Error> {
        let organisation = name::organisation(founding.organisation, founding.demo);
        let certificate = build(
            Profile::self_signed(
                name::subject(&organisation, "Card agents authority", None)?,
                Some(0),
            ),
            &key.public_key()?,
            serial,
            validity(founding.now, after(founding.now, ISSUING_DAYS)?, None)?,
            &key,
        )?;
        Ok(Self { kind: AuthorityKind::Agents, key, chain: vec![certificate] })
    }

    /// Opens an authority that was made before. `chain` is what [`Authority::chain`] gave: DER, its
    /// own certificate first. Refused if the key is not that of the first certificate.
    pub fn open(kind: AuthorityKind, key: PrivateKey, chain: &[Vec<u8>]) -> Result<Self, Error> {
        let expected = match kind {
            AuthorityKind::Cards => CHAIN_MAX,
            AuthorityKind::Agents => 1,
        };
        if chain.len() != expected {
            return Err(Error::PartsDoNotMatch);
        }
        let chain =
            chain.iter().map(|der| Certificate::from_der(der)).collect::<Result<Vec<_>, _>>()?;
        let authority = Self { kind, key, chain };
        let certified =
            authority.certificate().tbs_certificate().subject_public_key_info().to_der()?;
        if certified == authority.key.public_key()?.spki() {
            Ok(authority)
        } else {
            Err(Error::PartsDoNotMatch)
        }
    }

    /// Which authority this is.
    #[must_use]
    pub fn kind(&self) -> AuthorityKind {
        self.kind
    }

    /// True if its name says `DEMO`.
    #[must_use]
    pub fn is_demo(&self) -> bool {
        certificate::is_demo(self.certificate().tbs_certificate().subject())
    }

    /// Its own certificate, then its root's if it has one, as DER. The last is the trust anchor.
    pub fn chain(&self) -> Result<Vec<Vec<u8>>, Error> {
        Ok(self.chain.iter().map(der::Encode::to_der).collect::<Result<_, _>>()?)
    }

    /// Issues a certificate for a key of a card, as DER. Only the cards' authority does.
    pub fn issue_card_certificate(
        &self,
        wanted: &CardCertificate<'_>,
        serial: Serial,
    ) -> Result<Vec<u8>, Error> {
        self.expect(AuthorityKind::Cards)?;
        let subject = self.subject(wanted.display_name, Some(wanted.card_serial))?;
        let issuer = issuer(self.certificate())?;
        let profile = Profile::card(wanted.slot, subject, issuer, wanted.holder, wanted.pointers)?;
        self.issue(profile, wanted.public_key, serial, wanted.now, wanted.not_after)
    }

    /// Issues a certificate for an agent's end of the channel, as DER. Only the agents' authority does.
    pub fn issue_agent_certificate(
        &self,
        wanted: &AgentCertificate<'_>,
        serial: Serial,
    ) -> Result<Vec<u8>, Error> {
        self.expect(AuthorityKind::Agents)?;
        let subject = self.subject(&format!("Card agent {}", wanted.agent), None)?;
        let profile = Profile::agent(subject, issuer(self.certificate())?, wanted.agent)?;
        self.issue(profile, wanted.public_key, serial, wanted.now, wanted.not_after)
    }

    /// Issues a certificate for the server's end of the channel, as DER. Only the agents' authority
    /// does.
    pub fn issue_server_certificate(
        &self,
        wanted: &ServerCertificate<'_>,
        serial: Serial,
    ) -> Result<Vec<u8>, Error> {
        self.expect(AuthorityKind::Agents)?;
        let subject = self.subject(wanted.hosts.first().copied().unwrap_or_default(), None)?;
        let issuer = issuer(self.certificate())?;
        let profile = Profile::server(subject, issuer, wanted.hosts, wanted.addresses)?;
        self.issue(profile, wanted.public_key, serial, wanted.now, wanted.not_after)
    }

    fn certificate(&self) -> &Certificate {
        &self.chain[0]
    }

    fn expect(&self, kind: AuthorityKind) -> Result<(), Error> {
        if self.kind == kind { Ok(()) } else { Err(Error::OtherAuthority) }
    }

    /// A subject below this authority: same organisation, so a demonstration stays one.
    fn subject(&self, common: &str, serial: Option<&str>) -> Result<x509_cert::name::Name, Error> {
        let own = self.certificate().tbs_certificate().subject();
        let organisation = certificate::organisation(own).ok_or(Error::PartsDoNotMatch)?;
        name::subject(&organisation, common, serial)
    }

    fn issue(
        &self,
        profile: Profile<'_>,
        public_key: &PublicKey,
        serial: Serial,
        now: DateTime<Utc>,
        not_after: DateTime<Utc>,
    ) -> Result<Vec<u8>, Error> {
        let validity = validity(now, not_after, Some(self.certificate()))?;
        Ok(build(profile, public_key, serial, validity, &self.key)?.to_der()?)
    }
}

fn issuer(certificate: &Certificate) -> Result<Issuer, Error> {
    let name = certificate.tbs_certificate().subject().clone();
    Ok(Issuer { name, key: certificate::key_identifier(certificate)? })
}

fn after(now: DateTime<Utc>, days: u64) -> Result<DateTime<Utc>, Error> {
    now.checked_add_days(Days::new(days)).ok_or(Error::NeverValid)
}

/// From a little before `now` to `not_after`, whole seconds, and never beyond the issuer's own end.
fn validity(
    now: DateTime<Utc>,
    not_after: DateTime<Utc>,
    issuer: Option<&Certificate>,
) -> Result<Validity, Error> {
    let not_after = match issuer {
        Some(issuer) => {
            not_after.min(certificate::instant(&issuer.tbs_certificate().validity().not_after)?)
        }
        None => not_after,
    };
    if not_after <= now {
        return Err(Error::NeverValid);
    }
    Ok(Validity::new(time(now - CLOCK_SKEW)?, time(not_after)?))
}

fn time(instant: DateTime<Utc>) -> Result<Time, Error> {
    Ok(Time::try_from(std::time::SystemTime::from(instant.trunc_subsecs(0)))?)
}

fn build(
    profile: Profile<'_>,
    public_key: &PublicKey,
    serial: Serial,
    validity: Validity,
    signer: &PrivateKey,
) -> Result<Certificate, Error> {
    let serial = SerialNumber::new(serial.octets())?;
    let key = SubjectPublicKeyInfoOwned::from_der(public_key.spki())?;
    let builder = CertificateBuilder::new(profile, serial, validity, key)?;
    Ok(builder.build::<_, DerSignature>(signer.signer())?)
}
