//! A card's management key, derived from one master so that none has to be stored per card; and what
//! else is derived from a key of the keystore.

use domain::ids::CardSerial;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::{KEY_BYTES, VersionedKey};

/// What separates these keys from any other derived from the same master.
const LABEL: &[u8] = b"latchkey/v1 card-management-key";

/// What separates challenges from anything else derived from the key of tickets.
const CHALLENGE_LABEL: &[u8] = b"latchkey/v1 card-write-challenge";

/// What separates the key of drafts from anything else derived from the key of tickets.
const DRAFT_LABEL: &[u8] = b"latchkey/v1 draft";

/// What separates the key of PUKs from anything else derived from the master of management keys.
const PUK_LABEL: &[u8] = b"latchkey/v1 puk-seal";

/// The key (AES-256) that wraps the PUKs in the vault, under the master's version: who may open none
/// of the cards opens none of their PUKs.
pub(super) fn puk_key(master: &VersionedKey) -> VersionedKey {
    let key = counter_mode(&master.key, PUK_LABEL, &master.version.to_be_bytes());
    VersionedKey { version: master.version, key }
}

/// The key (AES-256) of what browsers keep for us, encrypted, while a form is filled in.
pub(super) fn draft_key(tickets: &VersionedKey) -> Zeroizing<[u8; KEY_BYTES]> {
    counter_mode(&tickets.key, DRAFT_LABEL, &tickets.version.to_be_bytes())
}

/// 16 bytes that only the keystore can tell, one challenge for each context.
pub(super) fn challenge(tickets: &VersionedKey, context: &[u8]) -> [u8; 16] {
    let derived = counter_mode(&tickets.key, CHALLENGE_LABEL, context);
    let mut challenge = [0; 16];
    challenge.copy_from_slice(&derived[..16]);
    challenge
}

/// The management key (AES-256) of a card: label and context say what it is, the context being the
/// card's serial number and the version of the master, four bytes big-endian.
pub(super) fn management_key(
    master: &VersionedKey,
    card: &CardSerial,
) -> Zeroizing<[u8; KEY_BYTES]> {
    let mut context = card.as_str().as_bytes().to_vec();
    context.extend(master.version.to_be_bytes());
    counter_mode(&master.key, LABEL, &context)
}

/// SP 800-108r1 §4.1, the KDF in counter mode with HMAC-SHA-256, for as many bits as one round
/// gives: `HMAC(key, [1]₃₂ ‖ label ‖ 0x00 ‖ context ‖ [256]₃₂)`.
fn counter_mode(key: &[u8; KEY_BYTES], label: &[u8], context: &[u8]) -> Zeroizing<[u8; KEY_BYTES]> {
    const ROUND: u32 = 1;
    const BITS: u32 = 256;
    const BLOCK: usize = 64;
    // A key shorter than a block is filled up with zeros (RFC 2104 §2): the type asks for a block.
    let mut block = Zeroizing::new([0; BLOCK]);
    block[..KEY_BYTES].copy_from_slice(key);
    let mut mac = Hmac::<Sha256>::new((&*block).into());
    mac.update(&ROUND.to_be_bytes());
    mac.update(label);
    mac.update(&[0]);
    mac.update(context);
    mac.update(&BITS.to_be_bytes());
    Zeroizing::new(mac.finalize().into_bytes().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn master(version: u32) -> VersionedKey {
        VersionedKey {
            version,
            key: Zeroizing::new(std::array::from_fn(|place| u8::try_from(place).unwrap())),
        }
    }

    #[test]
    fn the_derivation_gives_what_openssl_gives() {
        // openssl kdf -keylen 32 -kdfopt mac:HMAC -kdfopt digest:SHA2-256 -kdfopt mode:COUNTER
        //   -kdfopt hexkey:000102…1f -kdfopt salt:label -kdfopt info:context -binary KBKDF
        let expected = "303790cfe363abe9682dbfff5941f23b32addc96da72f4c7e5b20e9f59a4e570";
        assert_eq!(hex::encode(*counter_mode(&master(1).key, b"label", b"context")), expected);
    }

    #[test]
    fn every_card_and_every_version_of_the_master_gives_another_key() {
        let (one, two): (CardSerial, CardSerial) = ("0A".parse().unwrap(), "0B".parse().unwrap());
        let key = management_key(&master(1), &one);
        assert_eq!(key, management_key(&master(1), &one));
        assert_ne!(key, management_key(&master(1), &two));
        assert_ne!(key, management_key(&master(2), &one));
    }
}
