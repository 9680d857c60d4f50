//! What can be read off a certificate.

use chrono::{DateTime, Utc};
use const_oid::db::rfc4519::COMMON_NAME;
use der::{Decode as _, Encode as _, EncodePem as _, pem::LineEnding};
use uuid::Uuid;
use x509_cert::{
    Certificate,
    ext::pkix::{
        SubjectAltName, SubjectKeyIdentifier,
        name::{DirectoryString, GeneralName},
    },
    name::Name,
    time::Time,
};

use crate::{Error, name::DEMO};

/// What a certificate says, as far as the product asks. Reading is not believing: no signature has
/// been checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateFacts {
    /// The public key, a DER `SubjectPublicKeyInfo`.
    pub public_key: Vec<u8>,
    /// The serial number in lower-case hexadecimal digits, without leading zeros.
    pub serial: String,
    /// The first instant of its validity.
    pub not_before: DateTime<Utc>,
    /// The last instant of its validity.
    pub not_after: DateTime<Utc>,
    /// The common name of its subject.
    pub common_name: Option<String>,
    /// The holder or agent it names: the first `urn:uuid:` among its alternative names.
    pub uuid: Option<Uuid>,
    /// True if its subject says `DEMO`.
    pub demo: bool,
}

impl CertificateFacts {
    /// Reads a DER certificate (RFC 5280); bytes after it are an error.
    pub fn read(der: &[u8]) -> Result<Self, Error> {
        Self::of(&Certificate::from_der(der)?)
    }

    pub(crate) fn of(certificate: &Certificate) -> Result<Self, Error> {
        let body = certificate.tbs_certificate();
        let common_name = body.subject().by_oid::<DirectoryString>(COMMON_NAME)?;
        Ok(Self {
            public_key: body.subject_public_key_info().to_der()?,
            serial: hexadecimal(body.serial_number().as_bytes()),
            not_before: instant(&body.validity().not_before)?,
            not_after: instant(&body.validity().not_after)?,
            common_name: common_name.map(String::from),
            uuid: uuid(certificate)?,
            demo: is_demo(body.subject()),
        })
    }
}

/// A DER certificate as PEM.
pub fn pem(der: &[u8]) -> Result<String, Error> {
    Ok(Certificate::from_der(der)?.to_pem(LineEnding::LF)?)
}

pub(crate) fn organisation(name: &Name) -> Option<String> {
    name.organization().ok().flatten().map(String::from)
}

pub(crate) fn is_demo(name: &Name) -> bool {
    organisation(name).is_some_and(|text| text.split(' ').next() == Some(DEMO))
}

pub(crate) fn key_identifier(certificate: &Certificate) -> Result<SubjectKeyIdentifier, Error> {
    let found = certificate.tbs_certificate().get_extension::<SubjectKeyIdentifier>()?;
    found.map(|(_critical, identifier)| identifier).ok_or(Error::PartsDoNotMatch)
}

fn uuid(certificate: &Certificate) -> Result<Option<Uuid>, Error> {
    let names = certificate.tbs_certificate().get_extension::<SubjectAltName>()?;
    let names = names.map(|(_critical, SubjectAltName(names))| names).unwrap_or_default();
    Ok(names.iter().find_map(urn))
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "one of the eight kinds of names of RFC 5280 is asked for"
)]
fn urn(name: &GeneralName) -> Option<Uuid> {
    match name {
        GeneralName::UniformResourceIdentifier(text) => {
            text.as_str().strip_prefix("urn:uuid:").and_then(|id| id.parse().ok())
        }
        _ => None,
    }
}

pub(crate) fn instant(time: &Time) -> Result<DateTime<Utc>, Error> {
    let seconds =
        i64::try_from(time.to_unix_duration().as_secs()).map_err(|_| Error::NeverValid)?;
    DateTime::from_timestamp(seconds, 0).ok_or(Error::NeverValid)
}

fn hexadecimal(octets: &[u8]) -> String {
    hex::encode(octets).trim_start_matches('0').to_owned()
}
