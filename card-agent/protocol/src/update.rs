//! What a card update (C-09) needs beside the other acts' frames.
//!
//! For each slot, 9A first and then 9C:
//!
//! ```text
//! agent   OpenWrite   CardAuthenticated   KeyGenerated   OpenWrite    CardAuthenticated   CertificateWritten
//!          KeyPair                             │         Certificate
//! card   witness │ ▲ challenge  GENERATE, VERIFY, CSR    witness │ ▲ challenge  PUT DATA, GET DATA, VERIFY, sign
//!                ▼ │                           ▼                 ▼ │
//! server         Witness                  Certificate            Witness
//! ```
//!
//! and `UpdateFinished` after the second. A slot that was opened, and may not have made a key, signs
//! for that opening with whatever key it has (`SlotSigned`): the server knows the old one (B-55). The agent resets the card after GENERATE and after PUT
//! DATA, so that no right outlives its step.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Bytes, Slot};

/// What management rights are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Write {
    /// GENERATE ASYMMETRIC KEY PAIR: destroys the key that was in the slot.
    KeyPair,
    /// PUT DATA of the slot's certificate.
    Certificate,
}

/// An update of this card is open, and this key signs that its holder is here (B-55).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resume {
    /// The update; what is signed is [`crate::Purpose::ResumeUpdate`] of it.
    pub update: Uuid,
    /// 9A, or 9C while the card has not shown that 9A's new key is in its slot.
    pub signer: Slot,
}

/// One slot of the card that is updated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlotPlan {
    /// 9A or 9C.
    pub slot: Slot,
    /// How far it is.
    pub state: SlotProgress,
}

/// How far a slot is by the server's journal. What the card holds, the card has to say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SlotProgress {
    /// Nothing was opened; the old key is in the slot.
    Untouched,
    /// A new key pair was allowed; whether the card made one is not known.
    Opened {
        /// The number of that opening, for [`crate::Purpose::SettleSlot`].
        opening: u32,
    },
    /// The card has made this key.
    KeyMade {
        /// `SubjectPublicKeyInfo`, DER.
        public_key: Bytes,
    },
    /// The certificate is issued; whether it is on the card is not known.
    Issued {
        /// `SubjectPublicKeyInfo`, DER.
        public_key: Bytes,
        /// X.509, DER.
        certificate: Bytes,
    },
    /// The certificate was read back from the card.
    Written {
        /// `SubjectPublicKeyInfo`, DER.
        public_key: Bytes,
        /// X.509, DER.
        certificate: Bytes,
    },
}
