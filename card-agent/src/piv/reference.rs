//! What VERIFY and its relatives compare: a passcode or a PUK, padded to the width of its field.

use zeroize::Zeroizing;

/// Width of the field (SP 800-73-5 part 2, 3.2.1).
pub const REFERENCE_BYTES: usize = 8;

/// Which secret is meant (SP 800-73-5 part 1, table 4b).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reference {
    /// 80, the PIV Card Application PIN: the holder's smartcard passcode.
    Passcode,
    /// 81, the PIN Unblocking Key.
    Puk,
}

impl Reference {
    /// The key reference that stands in P2.
    #[must_use]
    pub fn key_reference(self) -> u8 {
        match self {
            Self::Passcode => 0x80,
            Self::Puk => 0x81,
        }
    }
}

/// A passcode or PUK, padded with FF to eight bytes. Wiped when dropped, and nothing in `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct ReferenceData(Zeroizing<[u8; REFERENCE_BYTES]>);

impl ReferenceData {
    /// Pads. `None` if there are no bytes, or more than eight: such a thing could be no card's.
    #[must_use]
    pub fn new(secret: &[u8]) -> Option<Self> {
        let mut padded = Zeroizing::new([0xFF; REFERENCE_BYTES]);
        padded.get_mut(..secret.len())?.copy_from_slice(secret);
        (!secret.is_empty()).then_some(Self(padded))
    }

    pub(crate) fn bytes(&self) -> &[u8; REFERENCE_BYTES] {
        &self.0
    }
}

impl std::fmt::Debug for ReferenceData {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("ReferenceData(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_of_1_to_8_bytes_is_padded_and_nothing_else_is_taken() {
        assert_eq!(ReferenceData::new(b"1").unwrap().bytes(), b"1\xFF\xFF\xFF\xFF\xFF\xFF\xFF");
        assert_eq!(ReferenceData::new(b"12345678").unwrap().bytes(), b"12345678");
        assert_eq!(ReferenceData::new(b"123456789"), None);
        assert_eq!(ReferenceData::new(b""), None);
    }
}
