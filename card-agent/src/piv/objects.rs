//! Data objects of the card: their tags, and what is in those we read or write.

use super::tlv;

/// A data object (SP 800-73-5 part 1, table 3, and our own profile announcement).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Object {
    /// Card Holder Unique Identifier.
    Chuid,
    /// Certificate of key 9A.
    AuthenticationCertificate,
    /// Certificate of key 9C.
    SignatureCertificate,
    /// Discovery object: how the passcode is to be used.
    Discovery,
    /// Not of the standard: a card of a profile other than plain PIV says its profile's name here
    /// (`53 05 "guide"`). Cards that know nothing of it answer 6A82.
    Announcement,
}

impl Object {
    /// The tag that stands in the tag list 5C.
    #[must_use]
    pub fn tag(self) -> &'static [u8] {
        match self {
            Self::Chuid => &[0x5F, 0xC1, 0x02],
            Self::AuthenticationCertificate => &[0x5F, 0xC1, 0x05],
            Self::SignatureCertificate => &[0x5F, 0xC1, 0x0A],
            Self::Discovery => &[0x7E],
            Self::Announcement => &[0x5F, 0xFF, 0xF1],
        }
    }

    /// The tag its content comes wrapped in (SP 800-73-5 part 2, 3.1.2).
    pub(crate) fn wrapper(self) -> u32 {
        match self {
            Self::Discovery => 0x7E,
            Self::Chuid
            | Self::AuthenticationCertificate
            | Self::SignatureCertificate
            | Self::Announcement => 0x53,
        }
    }
}

/// A certificate as it lies on a card (SP 800-73-5 part 1, appendix A).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Container {
    /// X.509, DER, not compressed.
    pub certificate: Vec<u8>,
}

/// Tag of the certificate within its container.
const CERTIFICATE: u32 = 0x70;
/// Tag of `CertInfo`.
const CERT_INFO: u32 = 0x71;
/// Tag of the error detection code, which is always empty.
const ERROR_DETECTION: u32 = 0xFE;

impl Container {
    /// The bytes that PUT DATA writes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.certificate.len() + 16);
        tlv::write(&mut out, CERTIFICATE, &self.certificate);
        tlv::write(&mut out, CERT_INFO, &[0]);
        tlv::write(&mut out, ERROR_DETECTION, &[]);
        out
    }

    /// Reads them back. `None` if there is no certificate in them, or a compressed one, which we
    /// never write.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let plain = tlv::find(bytes, CERT_INFO).is_none_or(|info| info == [0]);
        let certificate = tlv::find(bytes, CERTIFICATE)?;
        (plain && !certificate.is_empty()).then(|| Self { certificate: certificate.to_vec() })
    }
}

/// The GUID of a CHUID (SP 800-73-5 part 1, 3.1.2), 16 bytes.
pub(crate) fn guid(chuid: &[u8]) -> Option<&[u8; 16]> {
    tlv::find(chuid, 0x34)?.try_into().ok()
}

/// True if the card's own passcode (80) opens it, and not some passcode that several applications
/// share (SP 800-73-5 part 1, 3.3.2: bit 7 of the first byte of the usage policy).
pub(crate) fn is_opened_by_passcode(discovery: &[u8]) -> bool {
    tlv::find(discovery, 0x5F2F)
        .is_none_or(|policy| policy.first().is_some_and(|first| first & 0x40 != 0))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_certificate_container_is_read_back_as_it_was_written(
            certificate in prop::collection::vec(any::<u8>(), 1..5000),
        ) {
            let container = Container { certificate };
            prop_assert_eq!(Container::decode(&container.encode()), Some(container));
        }

        #[test]
        fn any_bytes_are_decoded_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = Container::decode(&bytes);
            let _ = guid(&bytes);
            let _ = is_opened_by_passcode(&bytes);
        }
    }

    #[test]
    fn the_guid_is_found_in_a_real_chuid() {
        let chuid = hex::decode(
            "3019d4e739d821086c1084210d8360d8210842108421804210c3f334105e606decf4b1421eb702667b1b41da38350839393939313233313e00fe00",
        )
        .unwrap();
        assert_eq!(hex::encode(guid(&chuid).unwrap()), "5e606decf4b1421eb702667b1b41da38");
    }

    #[test]
    fn the_discovery_objects_of_both_known_cards_name_the_cards_own_passcode() {
        let policy = |bytes| tlv::object(0x5F2F, bytes);
        assert!(is_opened_by_passcode(&policy(&[0x40, 0x10])));
        assert!(is_opened_by_passcode(&policy(&[0x40, 0x00])));
        assert!(is_opened_by_passcode(&[]));
        assert!(!is_opened_by_passcode(&policy(&[0x20, 0x00])));
    }
}
