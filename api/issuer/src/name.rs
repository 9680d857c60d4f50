//! Names in certificates, put together from parts and never parsed from text, so that a comma in
//! somebody's name stays a comma.

use const_oid::db::rfc4519::{COMMON_NAME, ORGANIZATION_NAME, SERIAL_NUMBER};
use der::{Any, Decode as _, Encode as _, Tag};
use spki::ObjectIdentifier;
use x509_cert::{
    attr::AttributeTypeAndValue,
    name::{Name, RdnSequence, RelativeDistinguishedName},
};

/// The word every name of the demonstration begins its organisation with.
pub const DEMO: &str = "DEMO";

/// Most characters of a common name, an organisation or a serial number in a name
/// (RFC 5280 appendix A.1: `ub-common-name`, `ub-organization-name`, `ub-serial-number`).
const CHARACTERS_MAX: usize = 64;

/// A text that cannot stand in a certificate's name: empty, longer than 64 characters, with control
/// characters, or with others than the attribute takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the {0} cannot stand in a certificate: 1 to 64 printable characters")]
pub struct NameRefused(pub &'static str);

/// The organisation as it stands in every name of an authority and of what it issues.
pub(crate) fn organisation(text: &str, demo: bool) -> String {
    if demo { format!("{DEMO} {text}") } else { text.to_owned() }
}

/// `O=organisation, CN=common[, serialNumber=serial]`, most general first.
pub(crate) fn subject(
    organisation: &str,
    common: &str,
    serial: Option<&str>,
) -> Result<Name, crate::Error> {
    let mut parts = RdnSequence::default();
    parts.push(part(ORGANIZATION_NAME, Tag::Utf8String, organisation, "organisation")?);
    parts.push(part(COMMON_NAME, Tag::Utf8String, common, "common name")?);
    if let Some(serial) = serial {
        if !serial.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(NameRefused("card serial number").into());
        }
        parts.push(part(SERIAL_NUMBER, Tag::PrintableString, serial, "card serial number")?);
    }
    Ok(Name::from_der(&parts.to_der()?)?)
}

fn part(
    oid: ObjectIdentifier,
    tag: Tag,
    text: &str,
    what: &'static str,
) -> Result<RelativeDistinguishedName, crate::Error> {
    let length = text.chars().count();
    if length == 0 || CHARACTERS_MAX < length || text.chars().any(char::is_control) {
        return Err(NameRefused(what).into());
    }
    let value = Any::new(tag, text.as_bytes())?;
    Ok(RelativeDistinguishedName::try_from(vec![AttributeTypeAndValue { oid, value }])?)
}
