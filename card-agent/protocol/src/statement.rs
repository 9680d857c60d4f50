//! The sentence a card key signs. Both sides compose it themselves.

use sha2::{Digest as _, Sha256};

use crate::JobId;

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
}

impl Purpose {
    /// The purpose of the holder's signature for an act.
    #[must_use]
    pub fn of(act: &crate::Act) -> Self {
        match act {
            crate::Act::LogIn => Self::LogIn,
            crate::Act::ChangePasscodes { .. } => Self::ChangePasscodes,
            crate::Act::Personalise => Self::Personalise,
        }
    }

    /// The word that stands in the sentence.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Present => "present",
            Self::LogIn => "log-in",
            Self::ChangePasscodes => "change-passcodes",
            Self::Personalise => "personalise",
        }
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
    pub fn hash_of_act(act: &crate::Act) -> [u8; 32] {
        let shown = serde_json::to_vec(act).unwrap_or_default();
        Sha256::digest(shown).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Act;

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
    fn the_sentence_can_be_read_by_a_person() {
        let text = statement(Purpose::LogIn, "http://localhost:1", &Act::LogIn);
        let text = String::from_utf8(text).unwrap();
        assert!(text.starts_with("latchkey/v1\nlog-in\nhttp://localhost:1\n00000000-0000"));
        assert_eq!(text.lines().count(), 6);
    }
}
