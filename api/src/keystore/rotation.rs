//! Which versions of each key there are, what each key is for, and the next version of one.
//!
//! A new version is a new file. A server that runs goes on with the versions that it has read at its
//! start; from the next start on, new records are made with the new one. Records name their version,
//! so older versions stay for as long as a record needs them, and none is ever taken away here.

use std::{fs, str::FromStr};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{KEY_BYTES, KeyName, Keystore, KeystoreError, authorities, codes};

/// Everything that a keystore keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kept {
    /// [`KeyName::Pepper`].
    Pepper,
    /// [`KeyName::Poprf`].
    Poprf,
    /// [`KeyName::Seal`].
    Seal,
    /// [`KeyName::CardManagement`].
    CardManagement,
    /// [`KeyName::Ticket`].
    Ticket,
    /// The keys of mailed codes.
    Code,
    /// The cards' issuing authority.
    CardsIssuing,
    /// The root above it.
    CardsRoot,
    /// The authority of the agents' certificates.
    AgentsAuthority,
}

/// How a key gets its next version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rotation {
    /// When the operator says so.
    ByOperator,
    /// By itself.
    ByItself,
    /// Not by a new version of its own: why not, and what to do instead.
    Not {
        /// Why.
        why: &'static str,
        /// The way out.
        instead: &'static str,
    },
}

/// A version of a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptVersion {
    /// Counts up; of a mailed code's key, the day since 1970 on which it was made.
    pub version: u32,
    /// When its file was written; none where the file system does not say.
    pub made_at: Option<DateTime<Utc>>,
}

/// Not the name of a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no such key; `latchkey keys list` names them")]
pub struct NotAKey;

/// Why a key got no next version.
#[derive(Debug, thiserror::Error)]
pub enum RotateError {
    /// It gets its versions in another way.
    #[error("{} gets no new version like this: {why}. {instead}", key.as_str())]
    Refused {
        /// Which key.
        key: Kept,
        /// Why.
        why: &'static str,
        /// The way out.
        instead: &'static str,
    },
    /// The files could not be read or written.
    #[error(transparent)]
    Keystore(#[from] KeystoreError),
}

impl Kept {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Pepper,
        Self::Poprf,
        Self::Seal,
        Self::CardManagement,
        Self::Ticket,
        Self::Code,
        Self::CardsIssuing,
        Self::CardsRoot,
        Self::AgentsAuthority,
    ];

    /// How its files are called.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pepper => KeyName::Pepper.as_str(),
            Self::Poprf => KeyName::Poprf.as_str(),
            Self::Seal => KeyName::Seal.as_str(),
            Self::CardManagement => KeyName::CardManagement.as_str(),
            Self::Ticket => KeyName::Ticket.as_str(),
            Self::Code => codes::NAME,
            Self::CardsIssuing => authorities::CARDS_ISSUING,
            Self::CardsRoot => authorities::CARDS_ROOT,
            Self::AgentsAuthority => authorities::AGENTS,
        }
    }

    /// What it is for, in a few words.
    #[must_use]
    pub fn used_for(self) -> &'static str {
        match self {
            Self::Pepper => "digests of passcodes and answers in the vault",
            Self::Poprf => "the history of smartcard passcodes",
            Self::Seal => "certificates, names and addresses sealed in the vault",
            Self::CardManagement => {
                "the management keys of cards, and their unlocking keys in the vault"
            }
            Self::Ticket => "challenges to cards, and drafts of forms",
            Self::Code => "mailed codes",
            Self::CardsIssuing => "signing the certificates of cards, and revocation lists",
            Self::CardsRoot => "certifying the issuing authority of cards",
            Self::AgentsAuthority => "signing the certificates of card agents",
        }
    }

    /// How it gets its next version.
    #[must_use]
    pub fn rotation(self) -> Rotation {
        match self {
            Self::Pepper | Self::Seal | Self::CardManagement | Self::Ticket => Rotation::ByOperator,
            Self::Code => Rotation::ByItself,
            Self::Poprf => Rotation::Not {
                why: "the server never sees a smartcard passcode, so it cannot make the tags of the \
                      last five anew, and every passcode would look changed elsewhere",
                instead: "Keep it. Should it be in wrong hands together with the database, let \
                          everybody change his smartcard passcode",
            },
            Self::CardsIssuing => Rotation::Not {
                why: "every certificate on every card is signed with it, and relying parties trust \
                      its certificate",
                instead: "A new authority is a new keystore: announce its certificate to relying \
                          parties, and renew the cards under it",
            },
            Self::CardsRoot => Rotation::Not {
                why: "relying parties trust it by itself",
                instead: "It is not needed to issue: take its file away and lock it up",
            },
            Self::AgentsAuthority => Rotation::Not {
                why: "every card agent knows it by its digest",
                instead: "A new one is a new keystore, and every workstation is enrolled again",
            },
        }
    }
}

impl FromStr for Kept {
    type Err = NotAKey;

    fn from_str(text: &str) -> Result<Self, NotAKey> {
        Self::ALL.into_iter().find(|key| key.as_str() == text).ok_or(NotAKey)
    }
}

impl Keystore {
    /// The versions of a key that are there, the oldest first: none of a private key that is in an HSM,
    /// or was taken away.
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub fn versions_of(&self, key: Kept) -> Result<Vec<KeptVersion>, KeystoreError> {
        let made_at = |version| {
            let path = self.files.path().join(format!("{}.{version}.key", key.as_str()));
            fs::metadata(path).and_then(|file| file.modified()).ok().map(DateTime::from)
        };
        let versions = self.files.versions(key.as_str())?.into_iter();
        Ok(versions.map(|version| KeptVersion { version, made_at: made_at(version) }).collect())
    }

    /// Writes the next version of a key: its number. Counts from the next start of the server on.
    ///
    /// # Errors
    /// [`RotateError::Refused`] for a key that gets its versions in another way.
    pub fn rotate(
        &self,
        key: Kept,
        entropy: &mut dyn FnMut(&mut [u8]),
    ) -> Result<u32, RotateError> {
        match key.rotation() {
            Rotation::ByOperator => {}
            Rotation::ByItself => {
                let why = "it gets a new one every day by itself";
                let instead = "There is nothing to do";
                return Err(RotateError::Refused { key, why, instead });
            }
            Rotation::Not { why, instead } => {
                return Err(RotateError::Refused { key, why, instead });
            }
        }
        let _lock = self.files.lock()?;
        let newest = self.files.versions(key.as_str())?.last().copied();
        let next = newest.ok_or_else(|| self.files.missing(key.as_str()))?.saturating_add(1);
        let mut fresh = Zeroizing::new([0; KEY_BYTES]);
        entropy(&mut *fresh);
        self.files.write_key(key.as_str(), next, &*fresh)?;
        Ok(next)
    }
}

#[cfg(test)]
mod tests {
    use stores::log::Mode;

    use super::*;

    fn keystore(folder: &std::path::Path) -> Keystore {
        let mut drawn = 0;
        let entropy = &mut |bytes: &mut [u8]| {
            drawn += 1;
            bytes.fill(drawn);
        };
        Keystore::open_or_create(
            folder,
            Mode::Production,
            entropy,
            "2026-03-10T09:30:00Z".parse().unwrap(),
        )
        .unwrap()
    }

    fn numbers(keystore: &Keystore, key: Kept) -> Vec<u32> {
        keystore.versions_of(key).unwrap().iter().map(|version| version.version).collect()
    }

    #[test]
    fn a_key_that_was_rotated_has_its_new_version_after_the_next_opening_and_the_old_one_still() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("keys");
        let running = keystore(&folder);
        let first = running.current(KeyName::Seal).unwrap().clone();
        assert_eq!(running.rotate(Kept::Seal, &mut |bytes| bytes.fill(77)).unwrap(), 2);
        assert_eq!(running.current(KeyName::Seal).unwrap().version, 1);
        assert_eq!(numbers(&running, Kept::Seal), [1, 2]);
        let started_again = keystore(&folder);
        let current = started_again.current(KeyName::Seal).unwrap();
        assert_eq!((current.version, *current.key), (2, [77; KEY_BYTES]));
        assert_eq!(*started_again.version(KeyName::Seal, 1).unwrap().key, *first.key);
        assert!(running.versions_of(Kept::Seal).unwrap()[1].made_at.is_some());
    }

    #[test]
    fn what_cannot_be_rotated_says_why_and_what_to_do_and_stays_as_it_is() {
        let parent = tempfile::tempdir().unwrap();
        let keystore = keystore(&parent.path().join("keys"));
        for key in Kept::ALL {
            let before = numbers(&keystore, key);
            let rotated = keystore.rotate(key, &mut |bytes| bytes.fill(9));
            match key.rotation() {
                Rotation::ByOperator => assert_eq!(rotated.unwrap(), 2, "{key:?}"),
                Rotation::ByItself | Rotation::Not { .. } => {
                    let refused = rotated.unwrap_err().to_string();
                    assert!(refused.starts_with(key.as_str()), "{refused}");
                    assert_eq!(numbers(&keystore, key), before);
                }
            }
            assert_eq!(key.as_str().parse(), Ok(key));
        }
        assert_eq!("keystore".parse::<Kept>(), Err(NotAKey));
    }
}
