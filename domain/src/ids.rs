//! The names things go by. Parsed once, at the edge; a `String` that is an id does not exist here.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

/// A person who holds, or is to hold, a card. Opaque: name and address are in the vault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct HolderId(pub Uuid);

/// One intention, made once by whoever has it (a form, an `Idempotency-Key`, a workflow step, an
/// agent's message) and kept on every retry. A `UUIDv7`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CommandId(pub Uuid);

/// An event's own id, derived from the command that caused it, so that a repeat is recognised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EventId(pub Uuid);

/// Points to a row of the vault. Says nothing about what is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SecretRef(pub Uuid);

impl EventId {
    /// `UUIDv8` of SHA-256(command id, index): the same command gives the same ids for ever.
    #[must_use]
    pub fn derive(command: CommandId, index: u32) -> Self {
        Self(derived(b"event", command.0, index))
    }
}

impl SecretRef {
    /// The vault row that the `index`-th secret of a command goes to; the same on every retry.
    #[must_use]
    pub fn derive(command: CommandId, index: u32) -> Self {
        Self(derived(b"secret", command.0, index))
    }
}

fn derived(label: &[u8], command: Uuid, index: u32) -> Uuid {
    let mut hash = Sha256::new();
    hash.update(label);
    hash.update(command.as_bytes());
    hash.update(index.to_be_bytes());
    let digest = hash.finalize();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    Uuid::new_v8(bytes)
}

/// A card's serial number: 2 to 32 upper-case hexadecimal digits, as the card gives it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CardSerial(String);

/// A certificate's serial number: 2 to 40 lower-case hexadecimal digits, two per byte (RFC 5280
/// 4.1.2.2 allows 20 bytes).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CertificateSerial(String);

/// An organisation's code: 1 to 12 of A to Z and 0 to 9 (`RXA`). Public, and nobody's name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct OrganisationCode(String);

/// A text that is no id of the kind asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a {0}")]
pub struct NotAnId(pub &'static str);

impl CardSerial {
    /// The serial number as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for CardSerial {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Self, NotAnId> {
        let hexadecimal = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'A'..=b'F'));
        if hexadecimal && (2..=32).contains(&text.len()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(NotAnId("card serial number"))
        }
    }
}

impl TryFrom<String> for CardSerial {
    type Error = NotAnId;

    fn try_from(text: String) -> Result<Self, NotAnId> {
        text.parse()
    }
}

impl From<CardSerial> for String {
    fn from(serial: CardSerial) -> Self {
        serial.0
    }
}

impl OrganisationCode {
    /// The code as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for OrganisationCode {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Self, NotAnId> {
        let fits = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'A'..=b'Z'));
        if fits && (1..=12).contains(&text.len()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(NotAnId("organisation code"))
        }
    }
}

impl TryFrom<String> for OrganisationCode {
    type Error = NotAnId;

    fn try_from(text: String) -> Result<Self, NotAnId> {
        text.parse()
    }
}

impl From<OrganisationCode> for String {
    fn from(code: OrganisationCode) -> Self {
        code.0
    }
}

impl CertificateSerial {
    /// The serial number as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for CertificateSerial {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Self, NotAnId> {
        let hexadecimal = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if hexadecimal && text.len().is_multiple_of(2) && (2..=40).contains(&text.len()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(NotAnId("certificate serial number"))
        }
    }
}

impl TryFrom<String> for CertificateSerial {
    type Error = NotAnId;

    fn try_from(text: String) -> Result<Self, NotAnId> {
        text.parse()
    }
}

impl From<CertificateSerial> for String {
    fn from(serial: CertificateSerial) -> Self {
        serial.0
    }
}

impl fmt::Display for CertificateSerial {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl fmt::Display for CardSerial {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl fmt::Display for OrganisationCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl fmt::Display for HolderId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl FromStr for HolderId {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Self, NotAnId> {
        text.parse().map(Self).map_err(|_| NotAnId("holder id"))
    }
}

impl fmt::Display for CommandId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl fmt::Display for SecretRef {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repeated_command_derives_the_same_event_ids_and_another_index_does_not() {
        let command = CommandId(Uuid::from_u128(7));
        assert_eq!(EventId::derive(command, 0), EventId::derive(command, 0));
        assert_ne!(EventId::derive(command, 0), EventId::derive(command, 1));
        assert_ne!(EventId::derive(command, 0).0, SecretRef::derive(command, 0).0);
        assert_eq!(EventId::derive(command, 0).0.get_version_num(), 8);
    }

    #[test]
    fn a_card_serial_is_2_to_32_upper_case_hexadecimal_digits() {
        assert!("0A".parse::<CardSerial>().is_ok());
        assert!("0".parse::<CardSerial>().is_err());
        assert!("0a".parse::<CardSerial>().is_err());
        assert!("0".repeat(32).parse::<CardSerial>().is_ok());
        assert!("0".repeat(33).parse::<CardSerial>().is_err());
    }

    #[test]
    fn an_organisation_code_is_1_to_12_capital_letters_and_digits() {
        assert!("X".parse::<OrganisationCode>().is_ok());
        assert!("".parse::<OrganisationCode>().is_err());
        assert!("x26".parse::<OrganisationCode>().is_err());
        assert!("X".repeat(12).parse::<OrganisationCode>().is_ok());
        assert!("X".repeat(13).parse::<OrganisationCode>().is_err());
    }

    #[test]
    fn a_certificate_serial_is_1_to_20_bytes_in_lower_case_hexadecimal() {
        assert!("0a".parse::<CertificateSerial>().is_ok());
        assert!("".parse::<CertificateSerial>().is_err());
        assert!("0A".parse::<CertificateSerial>().is_err());
        assert!("0ab".parse::<CertificateSerial>().is_err());
        assert!("0a".repeat(20).parse::<CertificateSerial>().is_ok());
        assert!("0a".repeat(21).parse::<CertificateSerial>().is_err());
    }
}
