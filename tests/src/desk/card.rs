//! A stand-in for a smartcard: P-256 keys in software, a passcode, a retry counter. Nothing of PIV.

use std::str::FromStr as _;

use aes::Aes256;
use anyhow::{Context as _, ensure};
use cipher::{Array, BlockCipherEncrypt as _, KeyInit as _};
use p256::{
    ecdsa::{DerSignature, SigningKey, signature::Signer as _},
    pkcs8::{EncodePrivateKey as _, EncodePublicKey as _},
};
use protocol::{Blank, CardSeen, Slot};
use sha2::{Digest as _, Sha256};
use x509_cert::{
    der::{
        Decode as _, Encode as _,
        asn1::{BitString, SetOfVec},
        oid::ObjectIdentifier,
    },
    name::Name,
    request::{CertReq, CertReqInfo, Version},
    spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned},
};
use zeroize::Zeroizing;

/// A block of AES, and so the length of witness and challenge.
const BLOCK_BYTES: usize = 16;

/// ECDSA with SHA-256 (RFC 5758, 3.2).
const ECDSA_WITH_SHA_256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");

/// Wrong passcodes in a row that lock the card (B-46).
pub const TRIES: u8 = 3;

/// The PUK of a blank card.
const FACTORY_PUK: &str = "12345678";

/// The card. Made blank; [`super::Desk::register`] makes it somebody's.
pub struct SoftCard {
    /// What it says its serial number is.
    pub serial: String,
    keys: [SigningKey; 3],
    passcode: Option<String>,
    tries_left: u8,
    puk: String,
    puk_tries_left: u8,
    n_wrong_puks: u8,
    verified: bool,
    /// Management rights were opened.
    managed: bool,
    /// What the card has asked whoever says that he has its management key.
    witness: Option<[u8; BLOCK_BYTES]>,
    /// 9A and 9C.
    certificates: [Option<Vec<u8>>; 2],
    n_generated: u8,
    /// What personalisation wrote to it, for the test that looks for leaks.
    pub written: Option<Blank>,
}

impl SoftCard {
    /// A blank card. Its keys follow from the serial number, and from how often keys were made.
    pub fn blank(serial: &str) -> anyhow::Result<Self> {
        let key = |slot: u8| key(serial, slot, 0);
        Ok(Self {
            serial: serial.to_owned(),
            keys: [key(0x9A)?, key(0x9C)?, key(0x9E)?],
            passcode: None,
            tries_left: TRIES,
            puk: FACTORY_PUK.to_owned(),
            puk_tries_left: TRIES,
            n_wrong_puks: 0,
            verified: false,
            managed: false,
            witness: None,
            certificates: [None, None],
            n_generated: 0,
            written: None,
        })
    }

    /// What an agent sees of it.
    #[must_use]
    pub fn seen(&self) -> CardSeen {
        CardSeen {
            serial: self.serial.clone(),
            profile: "guide".to_owned(),
            tries_left: Some(self.tries_left),
        }
    }

    /// Tries left for the passcode.
    #[must_use]
    pub fn tries_left(&self) -> u8 {
        self.tries_left
    }

    /// VERIFY. `Err` has the tries that are left.
    pub fn verify(&mut self, passcode: &str) -> Result<(), u8> {
        self.verified = 0 < self.tries_left && self.passcode.as_deref() == Some(passcode);
        if self.verified {
            self.tries_left = TRIES;
            Ok(())
        } else {
            self.tries_left = self.tries_left.saturating_sub(1);
            Err(self.tries_left)
        }
    }

    /// Sets the passcode, whoever asks: CHANGE REFERENCE DATA, or somebody else's software.
    pub fn set_passcode(&mut self, passcode: &str) {
        self.passcode = Some(passcode.to_owned());
        self.tries_left = TRIES;
    }

    /// The PUK that is on it.
    #[must_use]
    pub fn puk(&self) -> &str {
        &self.puk
    }

    /// Tries left for the PUK.
    #[must_use]
    pub fn puk_tries_left(&self) -> u8 {
        self.puk_tries_left
    }

    /// Wrong PUKs that it was ever given.
    #[must_use]
    pub fn n_wrong_puks(&self) -> u8 {
        self.n_wrong_puks
    }

    /// Sets the PUK, whoever asks: somebody else's software.
    pub fn set_puk(&mut self, puk: &str) {
        puk.clone_into(&mut self.puk);
        self.puk_tries_left = TRIES;
    }

    /// What personalisation has written becomes the card's PUK.
    pub fn set_puk_written(&mut self) -> anyhow::Result<()> {
        let written = self.written.as_ref().context("the card is blank")?;
        let puk = String::from_utf8(written.puk.0.clone())?;
        self.set_puk(&puk);
        Ok(())
    }

    /// CHANGE REFERENCE DATA of the PUK. `Err` has the tries that are left.
    pub fn change_puk(&mut self, old: &str, new: &str) -> Result<(), u8> {
        self.try_puk(old)?;
        new.clone_into(&mut self.puk);
        Ok(())
    }

    /// RESET RETRY COUNTER: a new passcode by the PUK. `Err` has the tries that are left.
    pub fn reset_passcode(&mut self, puk: &str, new: &str) -> Result<(), u8> {
        self.try_puk(puk)?;
        self.set_passcode(new);
        Ok(())
    }

    fn try_puk(&mut self, puk: &str) -> Result<(), u8> {
        if 0 < self.puk_tries_left && self.puk == puk {
            self.puk_tries_left = TRIES;
            Ok(())
        } else {
            self.puk_tries_left = self.puk_tries_left.saturating_sub(1);
            self.n_wrong_puks += 1;
            Err(self.puk_tries_left)
        }
    }

    /// It leaves the reader, or is reset there: what was verified or opened is no longer.
    pub fn reset(&mut self) {
        self.verified = false;
        self.managed = false;
        self.witness = None;
    }

    /// GENERAL AUTHENTICATE, first half: a witness, encrypted with the management key.
    pub fn witness(&mut self) -> anyhow::Result<Vec<u8>> {
        let seed = [self.serial.as_bytes(), &[self.n_generated, 0x9B]].concat();
        let mut witness = [0; BLOCK_BYTES];
        witness.copy_from_slice(&Sha256::digest(seed)[..BLOCK_BYTES]);
        self.witness = Some(witness);
        let mut block = Array(witness);
        self.management()?.encrypt_block(&mut block);
        Ok(block.to_vec())
    }

    /// GENERAL AUTHENTICATE, second half: the decrypted witness opens the card, which encrypts the challenge.
    pub fn open(&mut self, witness: &[u8], challenge: &[u8]) -> anyhow::Result<Vec<u8>> {
        let asked = self.witness.take().context("nothing was asked")?;
        ensure!(asked == witness, "this is not the management key");
        self.managed = true;
        let mut block = Array(<[u8; BLOCK_BYTES]>::try_from(challenge)?);
        self.management()?.encrypt_block(&mut block);
        Ok(block.to_vec())
    }

    /// GENERATE ASYMMETRIC KEY PAIR: the old key is gone.
    pub fn generate(&mut self, slot: Slot) -> anyhow::Result<()> {
        ensure!(self.managed, "security status not satisfied");
        self.n_generated += 1;
        let (at, reference) = place(slot);
        self.keys[at] = key(&self.serial, reference, self.n_generated)?;
        Ok(())
    }

    /// PUT DATA of a certificate.
    pub fn put_certificate(&mut self, slot: Slot, certificate: &[u8]) -> anyhow::Result<()> {
        ensure!(self.managed, "security status not satisfied");
        let there = self.certificates.get_mut(place(slot).0).context("9E has none")?;
        *there = Some(certificate.to_vec());
        Ok(())
    }

    /// GET DATA of a certificate.
    #[must_use]
    pub fn certificate(&self, slot: Slot) -> Option<&[u8]> {
        self.certificates.get(place(slot).0)?.as_deref()
    }

    fn management(&self) -> anyhow::Result<Aes256> {
        let written = self.written.as_ref().context("the card is blank")?;
        Ok(Aes256::new(&Array(<[u8; 32]>::try_from(written.management_key.0.as_slice())?)))
    }

    /// GENERAL AUTHENTICATE: 9E signs always, the others after VERIFY.
    pub fn sign(&self, slot: Slot, message: &[u8]) -> anyhow::Result<Vec<u8>> {
        ensure!(self.verified || slot == Slot::CardAuthentication, "security status not satisfied");
        let signature: DerSignature = self.key(slot).sign(message);
        Ok(signature.as_bytes().to_vec())
    }

    /// `SubjectPublicKeyInfo` of a key, DER.
    pub fn public_key(&self, slot: Slot) -> anyhow::Result<Vec<u8>> {
        Ok(self.key(slot).verifying_key().to_public_key_der()?.into_vec())
    }

    /// A key itself, PKCS#8: for a test that lets an agent have one of this kind.
    pub fn private_key(&self, slot: Slot) -> anyhow::Result<Zeroizing<Vec<u8>>> {
        Ok(Zeroizing::new(self.key(slot).to_pkcs8_der()?.as_bytes().to_vec()))
    }

    /// A request for a certificate, signed by the key itself: it names the card and asks for nothing else.
    pub fn request(&self, slot: Slot) -> anyhow::Result<Vec<u8>> {
        let info = CertReqInfo {
            version: Version::V1,
            subject: Name::from_str(&format!("CN={}", self.serial))?,
            public_key: SubjectPublicKeyInfoOwned::from_der(&self.public_key(slot)?)?,
            attributes: SetOfVec::new(),
        };
        let signature: DerSignature = self.key(slot).sign(&info.to_der()?);
        let request = CertReq {
            info,
            algorithm: AlgorithmIdentifierOwned { oid: ECDSA_WITH_SHA_256, parameters: None },
            signature: BitString::from_bytes(signature.as_bytes())?,
        };
        Ok(request.to_der()?)
    }

    fn key(&self, slot: Slot) -> &SigningKey {
        &self.keys[place(slot).0]
    }
}

/// Where a slot is kept, and its key reference.
fn place(slot: Slot) -> (usize, u8) {
    match slot {
        Slot::Authentication => (0, 0x9A),
        Slot::Signature => (1, 0x9C),
        Slot::CardAuthentication => (2, 0x9E),
    }
}

fn key(serial: &str, reference: u8, n_generated: u8) -> anyhow::Result<SigningKey> {
    let mut seed = [serial.as_bytes(), &[reference]].concat();
    // The first keys are those that every test before updates has known.
    seed.extend((0 < n_generated).then_some(n_generated));
    let mut scalar: [u8; 32] = Sha256::digest(seed).into();
    // Below the order of the curve, whatever the digest is.
    scalar[0] = 1;
    SigningKey::from_slice(&scalar).context("a key")
}
