//! The sentence a card key signs. Both sides compose it themselves.

use std::borrow::Cow;

use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::{Act, Granted, JobId, Resume, Slot};

/// What a signature is for. A signature for one purpose is worth nothing for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// The card is there: signed by 9E, no passcode needed.
    Present,
    /// Its holder logs in: signed by 9A after VERIFY.
    LogIn,
    /// Its holder agrees to a change of passcodes: signed by 9A after VERIFY.
    ChangePasscodes,
    /// A freshly personalised card works: signed by the new 9A key.
    Personalise,
    /// Its holder agrees to new keys and certificates (C-09): signed by 9A after VERIFY.
    UpdateCard,
    /// Its holder registers for self-service: signed by 9A after VERIFY.
    Register,
    /// "I resume card update N" (B-55): signed, after VERIFY, by the key that the server named in
    /// [`Resume`], because the update may have destroyed the one that would sign otherwise.
    ResumeUpdate(Uuid),
    /// The key in this slot is the one that the new certificate on the card is for: signed by it,
    /// after VERIFY, when the certificate has been read back.
    TestKey(Slot),
    /// The slot was let make a key and may not have made one (B-55): signed, after VERIFY, by
    /// whatever key is in it, for this opening and no other.
    SettleSlot {
        /// 9A or 9C.
        slot: Slot,
        /// Its opening, as the server counts them.
        opening: u32,
    },
}

impl Purpose {
    /// The purpose of the holder's signature for an act, where no card update is open. An unlock has
    /// none: what the holder knows and the code he was sent stand for it.
    #[must_use]
    pub fn of(act: &Act) -> Self {
        match act {
            Act::LogIn => Self::LogIn,
            Act::ChangePasscodes { .. } => Self::ChangePasscodes,
            Act::Personalise => Self::Personalise,
            Act::UpdateCard => Self::UpdateCard,
            Act::Register { .. } => Self::Register,
            Act::BeginUnlock | Act::Unlock => Self::Present,
        }
    }

    /// Which key signs that the holder agrees, and for what purpose: 9A for the act's, unless a
    /// card update is open (B-55).
    #[must_use]
    pub fn of_agreement(granted: &Granted) -> (Slot, Self) {
        match granted.resume {
            Some(Resume { update, signer }) => (signer, Self::ResumeUpdate(update)),
            None => (Slot::Authentication, Self::of(&granted.act)),
        }
    }

    /// The words that stand in the sentence.
    #[must_use]
    pub fn word(self) -> Cow<'static, str> {
        match self {
            Self::Present => "present".into(),
            Self::LogIn => "log-in".into(),
            Self::ChangePasscodes => "change-passcodes".into(),
            Self::Personalise => "personalise".into(),
            Self::UpdateCard => "update-card".into(),
            Self::Register => "register-self-service".into(),
            Self::ResumeUpdate(update) => format!("resume-card-update {update}").into(),
            Self::TestKey(slot) => format!("test-key-{}", named(slot)).into(),
            Self::SettleSlot { slot, opening } => {
                format!("settle-slot-{} {opening}", named(slot)).into()
            }
        }
    }
}

/// The name of a slot in the sentence.
fn named(slot: Slot) -> &'static str {
    match slot {
        Slot::Authentication => "9a",
        Slot::Signature => "9c",
        Slot::CardAuthentication => "9e",
    }
}

/// `latchkey/v1`, purpose, portal origin, job, nonce and hash of the change, a line each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement<'a> {
    /// What the signature is for.
    pub purpose: Purpose,
    /// The portal's origin, of the agent's own configuration (`http://localhost:7400`).
    pub origin: &'a str,
    /// The job.
    pub job: JobId,
    /// 32 random bytes that the server made for this job and accepts once.
    pub nonce: &'a [u8],
    /// SHA-256 over what the page showed ([`Statement::hash_of_act`]).
    pub change: [u8; 32],
}

impl Statement<'_> {
    /// The bytes that are signed (with ECDSA and SHA-256, so the card gets their digest).
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        format!(
            "latchkey/v1\n{}\n{}\n{}\n{}\n{}\n",
            self.purpose.word(),
            self.origin,
            self.job,
            hex::encode(self.nonce),
            hex::encode(self.change)
        )
        .into_bytes()
    }

    /// What is handed to GENERAL AUTHENTICATE of a P-256 key: SHA-256 of [`Statement::bytes`].
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        Sha256::digest(self.bytes()).into()
    }

    /// The hash of an act as shown: over its JSON, in which the field order is that of the type.
    #[must_use]
    pub fn hash_of_act(act: &Act) -> [u8; 32] {
        let shown = serde_json::to_vec(act).unwrap_or_default();
        Sha256::digest(shown).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statement(purpose: Purpose, origin: &str, act: &Act) -> Vec<u8> {
        Statement {
            purpose,
            origin,
            job: JobId(uuid::Uuid::nil()),
            nonce: &[7; 32],
            change: Statement::hash_of_act(act),
        }
        .bytes()
    }

    #[test]
    fn a_signature_for_one_purpose_portal_or_change_is_worth_nothing_for_another() {
        let log_in = statement(Purpose::LogIn, "http://localhost:1", &Act::LogIn);
        assert_ne!(log_in, statement(Purpose::Present, "http://localhost:1", &Act::LogIn));
        assert_ne!(log_in, statement(Purpose::LogIn, "http://localhost:2", &Act::LogIn));
        assert_ne!(log_in, statement(Purpose::LogIn, "http://localhost:1", &Act::Personalise));
    }

    #[test]
    fn b55_a_signature_that_resumes_one_update_is_worth_nothing_for_another_or_for_a_log_in() {
        let resumed = |update| {
            let purpose = Purpose::ResumeUpdate(Uuid::from_u128(update));
            statement(purpose, "http://localhost:1", &Act::LogIn)
        };
        assert_ne!(resumed(1), resumed(2));
        assert_ne!(resumed(1), statement(Purpose::LogIn, "http://localhost:1", &Act::LogIn));
        let second_line = String::from_utf8(resumed(1)).unwrap();
        let second_line = second_line.lines().nth(1).unwrap();
        assert_eq!(second_line, "resume-card-update 00000000-0000-0000-0000-000000000001");
    }

    #[test]
    fn b55_a_signature_that_settles_an_opening_is_worth_nothing_for_the_next_or_for_a_test() {
        let slot = Slot::Authentication;
        let settled = |opening| {
            let purpose = Purpose::SettleSlot { slot, opening };
            statement(purpose, "http://localhost:1", &Act::UpdateCard)
        };
        assert_ne!(settled(1), settled(2));
        let tested = statement(Purpose::TestKey(slot), "http://localhost:1", &Act::UpdateCard);
        assert_ne!(settled(1), tested);
        let second_line = String::from_utf8(settled(1)).unwrap();
        assert_eq!(second_line.lines().nth(1), Some("settle-slot-9a 1"));
    }

    #[test]
    fn b55_an_open_update_says_which_key_agrees_and_to_what() {
        let mut granted = Granted {
            act: Act::LogIn,
            nonce: crate::Bytes(vec![7; 32]),
            rules: crate::GUIDE_PASSCODE,
            blank: None,
            resume: None,
            heal_puk: false,
        };
        assert_eq!(Purpose::of_agreement(&granted), (Slot::Authentication, Purpose::LogIn));
        let update = Uuid::from_u128(1);
        granted.resume = Some(Resume { update, signer: Slot::Signature });
        let expected = (Slot::Signature, Purpose::ResumeUpdate(update));
        assert_eq!(Purpose::of_agreement(&granted), expected);
    }

    #[test]
    fn the_sentence_can_be_read_by_a_person() {
        let text = statement(Purpose::LogIn, "http://localhost:1", &Act::LogIn);
        let text = String::from_utf8(text).unwrap();
        assert!(text.starts_with("latchkey/v1\nlog-in\nhttp://localhost:1\n00000000-0000"));
        assert_eq!(text.lines().count(), 6);
    }
}
