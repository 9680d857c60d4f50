//! What is fired at: every parser that takes bytes from somebody who may lie.

mod card;
mod certificates;

/// A parser.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    /// A card's request for a certificate (PKCS #10), at the issuer.
    Request,
    /// An OCSP question, at the issuer.
    Ocsp,
    /// A certificate that is about to go to a card, at the issuer.
    Certificate,
    /// A card's answers (APDU) to every command, at the card agent.
    Apdu,
    /// Data objects (BER-TLV), at the card agent.
    Tlv,
}

impl Target {
    pub(crate) const ALL: [Self; 5] =
        [Self::Request, Self::Ocsp, Self::Certificate, Self::Apdu, Self::Tlv];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Ocsp => "ocsp",
            Self::Certificate => "certificate",
            Self::Apdu => "apdu",
            Self::Tlv => "tlv",
        }
    }

    /// Real ones, to begin with.
    pub(crate) fn samples(self) -> Vec<Vec<u8>> {
        match self {
            Self::Request => certificates::requests(),
            Self::Ocsp => certificates::questions(),
            Self::Certificate => certificates::certificates(),
            Self::Apdu => card::conversations(),
            Self::Tlv => card::objects(),
        }
    }

    /// Takes the input to the parser, panics if the parser breaks its word, and says what came of it.
    pub(crate) fn run(self, input: &[u8]) -> u64 {
        match self {
            Self::Request => certificates::request(input),
            Self::Ocsp => certificates::question(input),
            Self::Certificate => certificates::certificate(input),
            Self::Apdu => card::conversation(input),
            Self::Tlv => card::object(input),
        }
    }
}

/// An outcome as a number: what it shows itself as (FNV-1a).
fn outcome(shown: &str) -> u64 {
    shown.bytes().fold(0xCBF2_9CE4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)
    })
}
