//! The server's side of a card update: its journal, the management key, and the order of steps.

use p256::{ecdsa::VerifyingKey, pkcs8::DecodePublicKey as _};
use protocol::{Answer, Bytes, Resume, Secret, Slot, SlotPlan, SlotProgress, Write};
use uuid::Uuid;

use super::CODE;
use crate::{
    piv::{ManagementAlgorithm, ManagementKey},
    stand_ins::authority::Authority,
};

pub(crate) const UPDATE: Uuid = Uuid::from_u128(0x0C);

/// The key that every card of a holder has.
pub(crate) const MANAGEMENT_KEY: [u8; 32] = [0x5A; 32];
const CHALLENGE: [u8; 16] = [0x7E; 16];

/// What is journalled of an update. It outlives the connection.
pub(crate) struct Journal {
    slots: [SlotProgress; 2],
    /// The old keys, 9A and 9C.
    recorded: [VerifyingKey; 2],
    /// What the card asked rights for, and whether it has shown that it has the key.
    opened: Option<(Slot, Write)>,
    proved: bool,
    /// All that was opened.
    pub(crate) openings: Vec<(Slot, Write)>,
    /// How often an update was committed.
    pub(crate) n_finished: usize,
    /// How often a slot has shown that it has kept its key.
    pub(crate) n_kept: usize,
    /// Certificates that are neither on record nor given up.
    pub(crate) valid: Vec<Bytes>,
}

impl Journal {
    pub(super) fn new() -> Self {
        let key = |seed| *p256::ecdsa::SigningKey::from_slice(&[seed; 32]).unwrap().verifying_key();
        Self {
            slots: [SlotProgress::Untouched, SlotProgress::Untouched],
            recorded: [key(11), key(13)],
            opened: None,
            proved: false,
            openings: Vec::new(),
            n_finished: 0,
            n_kept: 0,
            valid: Vec::new(),
        }
    }

    /// B-55: what a claim is told.
    pub(super) fn resume(&self) -> Option<Resume> {
        let touched = self.slots.iter().any(|slot| *slot != SlotProgress::Untouched);
        let is_shown =
            matches!(self.slots[0], SlotProgress::Untouched | SlotProgress::Written { .. });
        let is_sure =
            matches!(self.slots[1], SlotProgress::Untouched | SlotProgress::Written { .. });
        let signer = if !is_shown && is_sure { Slot::Signature } else { Slot::Authentication };
        touched.then_some(Resume { update: UPDATE, signer })
    }

    /// The key of a slot as far as it is known; the recorded one while nothing was opened.
    pub(crate) fn key(&self, slot: Slot) -> VerifyingKey {
        match &self.slots[at(slot)] {
            SlotProgress::Untouched => self.recorded[at(slot)],
            SlotProgress::Opened { .. } => panic!("nobody knows the key of {slot:?}"),
            SlotProgress::KeyMade { public_key }
            | SlotProgress::Issued { public_key, .. }
            | SlotProgress::Written { public_key, .. } => {
                VerifyingKey::from_public_key_der(&public_key.0).unwrap()
            }
        }
    }

    /// The certificate that was read back from a slot.
    pub(crate) fn written(&self, slot: Slot) -> Option<&Bytes> {
        match &self.slots[at(slot)] {
            SlotProgress::Written { certificate, .. } => Some(certificate),
            SlotProgress::Untouched
            | SlotProgress::Opened { .. }
            | SlotProgress::KeyMade { .. }
            | SlotProgress::Issued { .. } => None,
        }
    }

    pub(super) fn begin(&mut self) -> Answer {
        self.opened = None;
        let slots = [Slot::Authentication, Slot::Signature];
        let slots = slots.map(|slot| SlotPlan { slot, state: self.slots[at(slot)].clone() });
        Answer::Updating { code: Secret(CODE.to_vec()), update: UPDATE, slots: slots.to_vec() }
    }

    pub(super) fn open(&mut self, slot: Slot, write: Write, witness: &Bytes) -> Answer {
        let other = &self.slots[1 - at(slot)];
        assert!(!matches!(other, SlotProgress::Opened { .. }), "one slot at a time");
        let opening = u32::try_from(self.openings.len()).unwrap() + 1;
        let state = &mut self.slots[at(slot)];
        match write {
            Write::KeyPair => {
                if let SlotProgress::Issued { certificate, .. }
                | SlotProgress::Written { certificate, .. } = state
                {
                    self.valid.retain(|valid| valid != certificate);
                }
                *state = SlotProgress::Opened { opening };
            }
            Write::Certificate => {
                assert!(matches!(
                    state,
                    SlotProgress::Issued { .. } | SlotProgress::Written { .. }
                ));
            }
        }
        self.openings.push((slot, write));
        (self.opened, self.proved) = (Some((slot, write)), false);
        Answer::Witness {
            witness: Bytes(management_key().decrypt(&witness.0).unwrap().to_vec()),
            challenge: Bytes(CHALLENGE.to_vec()),
            opening,
        }
    }

    pub(super) fn proved(&mut self, response: &Bytes) -> Answer {
        assert!(self.opened.is_some(), "nothing was opened");
        assert_eq!(response.0, *management_key().encrypt(&CHALLENGE).unwrap());
        self.proved = true;
        Answer::Noted
    }

    pub(super) fn key_generated(&mut self, slot: Slot, public_key: &Bytes) -> Answer {
        let state = &mut self.slots[at(slot)];
        if let SlotProgress::Issued { public_key: known, certificate } = state
            && known == public_key
        {
            return Answer::Certificate { certificate: certificate.clone() };
        }
        let expected = match state {
            SlotProgress::Opened { .. } => {
                self.opened == Some((slot, Write::KeyPair)) && self.proved
            }
            SlotProgress::KeyMade { public_key: known } => known == public_key,
            SlotProgress::Untouched
            | SlotProgress::Issued { .. }
            | SlotProgress::Written { .. } => false,
        };
        assert!(expected, "a key that nobody allowed");
        let certificate = Authority::new("Cards", 3).issue(&public_key.0, "holder", None);
        let certificate = Bytes(certificate);
        self.valid.push(certificate.clone());
        *state = SlotProgress::Issued {
            public_key: public_key.clone(),
            certificate: certificate.clone(),
        };
        Answer::Certificate { certificate }
    }

    /// As when the authority cannot be reached: the key is known, and has no certificate.
    pub(crate) fn forget_certificate(&mut self, slot: Slot) {
        if let SlotProgress::Issued { public_key, certificate } = &self.slots[at(slot)] {
            self.valid.retain(|valid| valid != certificate);
            self.slots[at(slot)] = SlotProgress::KeyMade { public_key: public_key.clone() };
        }
    }

    /// The key on record, while it is not known whether the slot still has it.
    pub(super) fn in_doubt(&self, slot: Slot, opening: u32) -> Option<VerifyingKey> {
        let state = &self.slots[at(slot)];
        (*state == SlotProgress::Opened { opening }).then_some(self.recorded[at(slot)])
    }

    pub(super) fn kept(&mut self, slot: Slot) {
        self.slots[at(slot)] = SlotProgress::Untouched;
        self.n_kept += 1;
    }

    pub(super) fn certificate_written(&mut self, slot: Slot) -> Answer {
        let state = &mut self.slots[at(slot)];
        if let SlotProgress::Issued { public_key, certificate } = state {
            *state = SlotProgress::Written {
                public_key: public_key.clone(),
                certificate: certificate.clone(),
            };
        }
        assert!(matches!(state, SlotProgress::Written { .. }), "nothing was issued");
        Answer::Noted
    }

    pub(super) fn finished(&mut self) -> Answer {
        assert!(self.slots.iter().all(|slot| matches!(slot, SlotProgress::Written { .. })));
        self.n_finished += 1;
        Answer::Noted
    }
}

fn management_key() -> ManagementKey {
    ManagementKey::new(ManagementAlgorithm::Aes256, &MANAGEMENT_KEY).unwrap()
}

fn at(slot: Slot) -> usize {
    match slot {
        Slot::Authentication => 0,
        Slot::Signature => 1,
        Slot::CardAuthentication => panic!("9E is not renewed"),
    }
}
