//! Names in certificates, put together from parts and never parsed from text, so that a comma in
//! somebody's name stays a comma.

use const_oid::db::rfc4519::{COMMON_NAME, ORGANIZATION_NAME, SERIAL_NUMBER};
use der::{Any, Decode as _, Encode as _, Tag, asn1::Ia5String};
use spki::ObjectIdentifier;
use x509_cert::{
    attr::AttributeTypeAndValue,
    ext::pkix::name::{GeneralName, OtherName},
    name::{Name, RdnSequence, RelativeDistinguishedName},
};

/// The word every name of the demonstration begins its organisation with.
pub const DEMO: &str = "DEMO";

/// `szOID_NT_PRINCIPAL_NAME`.
const PRINCIPAL_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.311.20.2.3");

/// Most characters of a common name, an organisation or a serial number in a name
/// (RFC 5280 appendix A.1: `ub-common-name`, `ub-organization-name`, `ub-serial-number`).
const CHARACTERS_MAX: usize = 64;

/// Most characters of an e-mail address (RFC 5321 §4.5.3.1.3: a path of 256 with its brackets).
const EMAIL_CHARACTERS_MAX: usize = 254;

/// A text that cannot stand in a certificate's name: empty, too long (64 characters; an e-mail
/// address 254), with control characters, or with others than its place takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the {0} cannot stand in a certificate")]
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

/// An e-mail address as an alternative name: ASCII, one `@` with something on both sides.
pub(crate) fn email(address: &str) -> Result<GeneralName, crate::Error> {
    check_address(address)?;
    Ok(GeneralName::Rfc822Name(Ia5String::new(address)?))
}

/// The same as the principal's name by which Windows finds an account (a UPN, in an `otherName`).
pub(crate) fn principal(address: &str) -> Result<GeneralName, crate::Error> {
    check_address(address)?;
    let value = Any::new(Tag::Utf8String, address.as_bytes())?;
    Ok(GeneralName::OtherName(OtherName { type_id: PRINCIPAL_NAME, value }))
}

fn check_address(address: &str) -> Result<(), crate::Error> {
    let sides: Vec<&str> = address.split('@').collect();
    let filled = sides.len() == 2 && sides.iter().all(|side| !side.is_empty());
    let ascii = address.bytes().all(|byte| byte.is_ascii_graphic());
    if !filled || !ascii || EMAIL_CHARACTERS_MAX < address.len() {
        return Err(NameRefused("e-mail address").into());
    }
    Ok(())
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
