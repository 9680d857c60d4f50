//! A stand-in for a smartcard: P-256 keys in software, a passcode, a retry counter. Nothing of PIV.

use std::str::FromStr as _;

use anyhow::{Context as _, ensure};
use p256::{
    ecdsa::{DerSignature, SigningKey, signature::Signer as _},
    pkcs8::{EncodePrivateKey as _, EncodePublicKey as _},
};
use protocol::{Blank, CardSeen, Slot};
use sha2::{Digest as _, Sha256};
use x509_cert::{builder::Builder as _, der::Encode as _, name::Name, request::RequestBuilder};
use zeroize::Zeroizing;

/// Wrong passcodes in a row that lock the card (B-46).
pub const TRIES: u8 = 3;

/// The card. Made blank; [`super::Desk::register`] makes it somebody's.
pub struct SoftCard {
    /// What it says its serial number is.
    pub serial: String,
    keys: [SigningKey; 3],
    passcode: Option<String>,
    tries_left: u8,
    verified: bool,
    /// What personalisation wrote to it, for the test that looks for leaks.
    pub written: Option<Blank>,
}

impl SoftCard {
    /// A blank card. Its keys follow from the serial number.
    pub fn blank(serial: &str) -> anyhow::Result<Self> {
        let key = |slot: u8| {
            let mut scalar: [u8; 32] = Sha256::digest([serial.as_bytes(), &[slot]].concat()).into();
            // Below the order of the curve, whatever the digest is.
            scalar[0] = 1;
            SigningKey::from_slice(&scalar).context("a key")
        };
        Ok(Self {
            serial: serial.to_owned(),
            keys: [key(0x9A)?, key(0x9C)?, key(0x9E)?],
            passcode: None,
            tries_left: TRIES,
            verified: false,
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

    /// It leaves the reader: what was verified is no longer.
    pub fn reset(&mut self) {
        self.verified = false;
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

    /// A request for a certificate, signed by the key itself.
    pub fn request(&self, slot: Slot) -> anyhow::Result<Vec<u8>> {
        let name = Name::from_str(&format!("CN={}", self.serial))?;
        let request = RequestBuilder::new(name)?.build::<_, DerSignature>(self.key(slot))?;
        Ok(request.to_der()?)
    }

    fn key(&self, slot: Slot) -> &SigningKey {
        let [authentication, signature, card_authentication] = &self.keys;
        match slot {
            Slot::Authentication => authentication,
            Slot::Signature => signature,
            Slot::CardAuthentication => card_authentication,
        }
    }
}
