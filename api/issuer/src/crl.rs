//! Certificate revocation lists (RFC 5280 §5): full, with their number and the key that signed them.
//!
//! Put together by hand: the builder of `x509-cert` 0.3.0 names the key of the authority *above* as
//! the one that signed, so no list of a subordinate authority could be verified, and it encodes an
//! empty list as an empty sequence, which RFC 5280 §5.1.2.6 forbids.

use chrono::{DateTime, Utc};
use der::{
    Any, Decode as _, Encode as _, Sequence, Tag,
    asn1::{BitString, OctetString},
};
use spki::AlgorithmIdentifierOwned;
use x509_cert::{
    crl::RevokedCert,
    ext::{
        Extension, ToExtension as _,
        pkix::{AuthorityKeyIdentifier, CrlNumber, CrlReason, SubjectKeyIdentifier},
    },
    name::Name,
    serial_number::SerialNumber,
    time::Time,
};

use crate::{
    AuthorityKey, Error,
    authority::{Authority, time},
};

/// Version 2 of the list (RFC 5280 §5.1.2.1), the one with extensions.
const VERSION_2: u8 = 1;

/// Most octets of a serial number (RFC 5280 §4.1.2.2).
const SERIAL_OCTETS_MAX: usize = 20;

/// Why a certificate was revoked (RFC 5280 §5.3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// Not said; then nothing is written.
    Unspecified,
    /// Its key may be in other hands.
    KeyCompromise,
    /// What it says of its subject is true no more.
    AffiliationChanged,
    /// Another has taken its place.
    Superseded,
    /// It is not needed any more.
    CessationOfOperation,
    /// It may become valid again.
    CertificateHold,
    /// Its subject may not have it any more.
    PrivilegeWithdrawn,
}

impl Reason {
    /// The reason with this number in RFC 5280; `None` for those that an end entity's certificate
    /// of ours is never revoked for.
    #[must_use]
    pub fn of_code(code: u8) -> Option<Self> {
        match code {
            0 => Some(Self::Unspecified),
            1 => Some(Self::KeyCompromise),
            3 => Some(Self::AffiliationChanged),
            4 => Some(Self::Superseded),
            5 => Some(Self::CessationOfOperation),
            6 => Some(Self::CertificateHold),
            9 => Some(Self::PrivilegeWithdrawn),
            _ => None,
        }
    }

    /// What is written of it; nothing where nothing is said (RFC 5280 §5.3.1).
    pub(crate) fn written(self) -> Option<CrlReason> {
        match self {
            Self::Unspecified => None,
            Self::KeyCompromise => Some(CrlReason::KeyCompromise),
            Self::AffiliationChanged => Some(CrlReason::AffiliationChanged),
            Self::Superseded => Some(CrlReason::Superseded),
            Self::CessationOfOperation => Some(CrlReason::CessationOfOperation),
            Self::CertificateHold => Some(CrlReason::CertificateHold),
            Self::PrivilegeWithdrawn => Some(CrlReason::PrivilegeWithdrawn),
        }
    }
}

/// The entries of a list to be, encoded as they come: about 55 bytes each is all that they take.
#[derive(Debug, Default)]
pub struct Revocations {
    entries: Vec<u8>,
    n_entries: usize,
}

impl Revocations {
    /// None yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a certificate: its serial number in hexadecimal digits, since when it is revoked, and
    /// why.
    pub fn add(&mut self, serial: &str, at: DateTime<Utc>, reason: Reason) -> Result<(), Error> {
        let serial = hex::decode(serial).map_err(|_| Error::NotASerial)?;
        if !(1..=SERIAL_OCTETS_MAX).contains(&serial.len()) {
            return Err(Error::NotASerial);
        }
        let extensions = match reason.written() {
            None => None,
            // The name of a subject plays no part in whether this is critical; it never is.
            Some(reason) => Some(vec![(&reason).to_extension(&Name::default(), &[])?]),
        };
        let entry: RevokedCert = RevokedCert {
            serial_number: SerialNumber::new(&serial)?,
            revocation_date: time(at)?,
            crl_entry_extensions: extensions,
        };
        entry.encode_to_vec(&mut self.entries)?;
        self.n_entries += 1;
        Ok(())
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.n_entries
    }

    /// True if there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.n_entries == 0
    }
}

/// What stands at the head of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CrlHead {
    /// Its number: greater than that of every list before (RFC 5280 §5.2.3).
    pub number: u64,
    /// From when on it may be believed: a little before it was made.
    pub this_update: DateTime<Utc>,
    /// By when there will be another.
    pub next_update: DateTime<Utc>,
}

/// `TBSCertList`, its entries encoded already.
#[derive(Sequence)]
struct Body {
    version: u8,
    signature: AlgorithmIdentifierOwned,
    issuer: Name,
    this_update: Time,
    next_update: Time,
    revoked: Option<Any>,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT")]
    extensions: Vec<Extension>,
}

/// `CertificateList`, what was signed encoded already.
#[derive(Sequence)]
struct List {
    body: Any,
    algorithm: AlgorithmIdentifierOwned,
    signature: BitString,
}

/// The signed list, DER.
pub(crate) fn sign(
    authority: &Authority,
    head: &CrlHead,
    revocations: &Revocations,
) -> Result<Vec<u8>, Error> {
    let issuer = authority.issuer()?;
    let SubjectKeyIdentifier(identifier) = &issuer.key;
    let key_identifier = Some(OctetString::new(identifier.as_bytes())?);
    let key = AuthorityKeyIdentifier { key_identifier, ..Default::default() };
    let number = CrlNumber::try_from(head.number)?;
    let extensions =
        vec![(&key).to_extension(&issuer.name, &[])?, (&number).to_extension(&issuer.name, &[])?];
    let revoked = if revocations.is_empty() {
        None
    } else {
        Some(Any::new(Tag::Sequence, revocations.entries.as_slice())?)
    };
    let body = Body {
        version: VERSION_2,
        signature: AuthorityKey::algorithm(),
        issuer: issuer.name,
        this_update: time(head.this_update)?,
        next_update: time(head.next_update)?,
        revoked,
        extensions,
    };
    let body = body.to_der()?;
    let signature = BitString::from_bytes(&authority.sign(&body)?)?;
    let list =
        List { body: Any::from_der(&body)?, algorithm: AuthorityKey::algorithm(), signature };
    Ok(list.to_der()?)
}
