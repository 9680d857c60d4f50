//! The passcode's tag: what the server compares for the history rule (P-22) without ever seeing
//! the passcode.
//!
//! The passcode is stretched with Argon2id, so that a guess costs 46 MiB; then a POPRF (RFC 9497,
//! mode 2, ristretto255-SHA512) is evaluated with the server, so that a guess needs the server's
//! key as well.

use protocol::{Bytes, STRETCHED_BYTES, Secret, poprf_info, stretch};
use uuid::Uuid;
use voprf::{EvaluationElement, Group as _, PoprfClient, Proof, Ristretto255};
use zeroize::Zeroizing;

use crate::{entropy::Random, passcode::Passcode};

/// What the POPRF needs beside the passcode ([`protocol::Answer::Agreed`]).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Terms {
    /// Whose passcode.
    pub(super) holder: Uuid,
    /// Version of the server's key.
    pub(super) key_version: u32,
    /// The server's public key.
    pub(super) public_key: Bytes,
}

/// The server's part does not verify, or the parts are not of the form they should have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the server's evaluation does not verify")]
pub(super) struct NotVerified;

/// A question to the server that tells it nothing about the passcode.
pub(super) struct Blinded {
    stretched: Zeroizing<[u8; STRETCHED_BYTES]>,
    state: PoprfClient<Ristretto255>,
    /// RFC 9497 blinded element.
    pub(super) element: Bytes,
}

/// Stretches and blinds. Takes some hundred milliseconds.
pub(super) fn blind(
    passcode: &Passcode,
    terms: &Terms,
    random: &mut impl Random,
) -> Result<Blinded, NotVerified> {
    let stretched = stretch(passcode.bytes(), terms.holder).map_err(|_| NotVerified)?;
    let blinded =
        PoprfClient::<Ristretto255>::blind(&*stretched, random).map_err(|_| NotVerified)?;
    let element = Bytes(blinded.message.serialize().to_vec());
    Ok(Blinded { stretched, state: blinded.state, element })
}

impl Blinded {
    /// Checks the server's proof and takes off the blind: the tag.
    pub(super) fn tag(
        &self,
        terms: &Terms,
        element: &Bytes,
        proof: &Bytes,
    ) -> Result<Secret, NotVerified> {
        let element = EvaluationElement::deserialize(&element.0).map_err(|_| NotVerified)?;
        let proof = Proof::deserialize(&proof.0).map_err(|_| NotVerified)?;
        let public_key =
            Ristretto255::deserialize_elem(&terms.public_key.0).map_err(|_| NotVerified)?;
        let info = poprf_info(terms.holder, terms.key_version);
        self.state
            .finalize(&*self.stretched, &element, &proof, public_key, Some(&info))
            .map(|tag| Secret(tag.to_vec()))
            .map_err(|_| NotVerified)
    }
}
