//! Every key of the server, in one folder that lies apart from the database.
//!
//! Who holds the vault and the keys together can search short passcodes; that is why they are two
//! things (design, section 7). One file per key and version (`pepper.1.key`, hexadecimal), folder
//! 0700, files 0600; anything looser is refused. `keystore.toml` is written last and says what the
//! folder is for: a folder without it was never finished and is no keystore. A demonstration's
//! keystore does not open in production, nor the other way round.
//!
//! A process that only serves opens only what it needs for that ([`Opens::WithoutCards`]); the other
//! files need not be there.
//!
//! The keys are read once, when the keystore is opened; but for those of mailed codes, of which there
//! is a new one every day. Nothing here is ever shown.

mod authorities;
mod codes;
mod derivation;
mod error;
mod folder;
mod packing;
mod rotation;

pub use codes::code_key_of;
pub use error::KeystoreError;
pub use packing::{pack, unpack};
pub use rotation::{Kept, KeptVersion, NotAKey, RotateError, Rotation};

use std::{fmt, path::Path};

use chrono::{DateTime, Utc};
use domain::ids::CardSerial;
use issuer::{AgentsAuthority, AuthorityKey, CardsAuthority};
use stores::log::Mode;
use zeroize::Zeroizing;

use authorities::Authorities;
use folder::{Folder, Marker};

/// Length of a key in bytes, but for those of authorities.
pub const KEY_BYTES: usize = 32;

/// What a key is for. Each has its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyName {
    /// HMAC over the digests of passcodes and answers in the vault.
    Pepper,
    /// Seed of the POPRF key (RFC 9497 §3.2.1) behind the smartcard passcodes' history.
    Poprf,
    /// Encrypts what the vault has to give back: PUKs, names, addresses, values on their way.
    Seal,
    /// Master of the cards' management keys (SP 800-108).
    CardManagement,
    /// What is handed out, comes back, and is not remembered in between: the challenges that cards
    /// answer. Sessions, return codes and cookies are random and remembered.
    Ticket,
}

impl KeyName {
    /// All of them, in the order in which the keystore holds them.
    pub const ALL: [Self; 5] =
        [Self::Pepper, Self::Poprf, Self::Seal, Self::CardManagement, Self::Ticket];

    /// How its files are called.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pepper => "pepper",
            Self::Poprf => "poprf",
            Self::Seal => "seal",
            Self::CardManagement => "card-management",
            Self::Ticket => "ticket",
        }
    }
}

/// A key and which version of it; records name the version that they need. Wiped when dropped.
#[derive(Clone)]
pub struct VersionedKey {
    /// Counts up from 1.
    pub version: u32,
    /// The key.
    pub key: Zeroizing<[u8; KEY_BYTES]>,
}

impl fmt::Debug for VersionedKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "VersionedKey(version {}, …)", self.version)
    }
}

/// Which keys a process opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opens {
    /// All of them.
    All,
    /// None by which a card is written, a PUK opened or a certificate signed.
    WithoutCards,
}

/// An open keystore.
pub struct Keystore {
    files: Folder,
    mode: Mode,
    created_at: DateTime<Utc>,
    pepper: Versions,
    poprf: Versions,
    seal: Versions,
    ticket: Versions,
    /// What only those open who write cards.
    for_cards: Option<ForCards>,
}

/// The keys by which cards are written and certificates signed.
struct ForCards {
    management: Versions,
    authorities: Authorities,
}

/// The current version of a key and those before it.
struct Versions {
    current: VersionedKey,
    older: Vec<VersionedKey>,
}

impl fmt::Debug for Keystore {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Keystore({}, {}, …)", self.files.path().display(), self.mode)
    }
}

impl Keystore {
    /// Opens the keystore in `folder`, or makes one if there is none.
    pub fn open_or_create(
        folder: &Path,
        mode: Mode,
        entropy: &mut dyn FnMut(&mut [u8]),
        now: DateTime<Utc>,
    ) -> Result<Self, KeystoreError> {
        Self::open_or_make(folder, mode, None, entropy, now)
    }

    /// The same; a keystore that is made gets no issuing key for cards, but certifies this one, which
    /// is in an HSM.
    pub fn open_or_make(
        folder: &Path,
        mode: Mode,
        in_hsm: Option<AuthorityKey>,
        entropy: &mut dyn FnMut(&mut [u8]),
        now: DateTime<Utc>,
    ) -> Result<Self, KeystoreError> {
        match Self::open(folder, mode) {
            Err(KeystoreError::NotThere(_)) => Self::make(folder, mode, in_hsm, entropy, now),
            Ok(keystore) => Ok(keystore),
            Err(error) => Err(error),
        }
    }

    /// Makes a keystore: version 1 of every key, both authorities with their certificates. A folder
    /// that was left unfinished is finished: a key that is there is never written over.
    pub fn create(
        folder: &Path,
        mode: Mode,
        entropy: &mut dyn FnMut(&mut [u8]),
        now: DateTime<Utc>,
    ) -> Result<Self, KeystoreError> {
        Self::make(folder, mode, None, entropy, now)
    }

    fn make(
        folder: &Path,
        mode: Mode,
        in_hsm: Option<AuthorityKey>,
        entropy: &mut dyn FnMut(&mut [u8]),
        now: DateTime<Utc>,
    ) -> Result<Self, KeystoreError> {
        let files = Folder::make(folder)?;
        let _lock = files.lock()?;
        if files.is_finished() {
            return Err(KeystoreError::Exists(folder.to_path_buf()));
        }
        for name in KeyName::ALL {
            if files.versions(name.as_str())?.is_empty() {
                let mut key = Zeroizing::new([0; KEY_BYTES]);
                entropy(&mut *key);
                files.write_key(name.as_str(), 1, &*key)?;
            }
        }
        Authorities::create(&files, mode, in_hsm, entropy, now)?;
        files.finish(&Marker { mode, created_at: now })?;
        Self::open(folder, mode)
    }

    /// Opens the keystore in `folder` and reads its keys.
    pub fn open(folder: &Path, mode: Mode) -> Result<Self, KeystoreError> {
        Self::open_for(folder, mode, Opens::All)
    }

    /// The same, but only these keys.
    pub fn open_for(folder: &Path, mode: Mode, opens: Opens) -> Result<Self, KeystoreError> {
        let files = Folder::open(folder)?;
        let marker = files.marker()?;
        if marker.mode != mode {
            return Err(KeystoreError::OtherMode {
                folder: folder.to_path_buf(),
                found: marker.mode,
                asked: mode,
            });
        }
        let read = |name: KeyName| read_versions(&files, name.as_str());
        let for_cards = match opens {
            Opens::All => Some(ForCards {
                management: read(KeyName::CardManagement)?,
                authorities: Authorities::read(&files, mode)?,
            }),
            Opens::WithoutCards => None,
        };
        Ok(Self {
            mode,
            created_at: marker.created_at,
            pepper: read(KeyName::Pepper)?,
            poprf: read(KeyName::Poprf)?,
            seal: read(KeyName::Seal)?,
            ticket: read(KeyName::Ticket)?,
            for_cards,
            files,
        })
    }

    /// What the keystore is for.
    #[must_use]
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// When it was made.
    #[must_use]
    pub fn created_at(&self) -> DateTime<Utc> {
        self.created_at
    }

    /// The version of a key that new records are made with; `None` if this process does not open it.
    #[must_use]
    pub fn current(&self, name: KeyName) -> Option<&VersionedKey> {
        self.all(name).next()
    }

    /// The version of a key that a record names; `None` if the keystore has it no longer.
    #[must_use]
    pub fn version(&self, name: KeyName, version: u32) -> Option<&VersionedKey> {
        self.all(name).find(|key| key.version == version)
    }

    /// All versions of a key, the current one first; none if this process does not open it.
    pub fn all(&self, name: KeyName) -> impl Iterator<Item = &VersionedKey> {
        let versions = self.versions(name).into_iter();
        versions.flat_map(|versions| std::iter::once(&versions.current).chain(&versions.older))
    }

    /// The management key of a card, AES-256, that was given it under that version of the master
    /// ([`KeyName::CardManagement`]); `None` if the keystore has it no longer.
    #[must_use]
    pub fn management_key_of(
        &self,
        version: u32,
        card: &CardSerial,
    ) -> Option<Zeroizing<[u8; KEY_BYTES]>> {
        let master = self.version(KeyName::CardManagement, version)?;
        Some(derivation::management_key(master, card))
    }

    /// The key that wraps PUKs, under each version of [`KeyName::CardManagement`], the current one first.
    pub fn puk_keys(&self) -> impl Iterator<Item = VersionedKey> {
        self.all(KeyName::CardManagement).map(derivation::puk_key)
    }

    /// The challenge that a card has to answer in this context; the same for the same context.
    #[must_use]
    pub fn card_challenge(&self, context: &[u8]) -> [u8; 16] {
        derivation::challenge(&self.ticket.current, context)
    }

    /// The key of drafts under that version of [`KeyName::Ticket`].
    #[must_use]
    pub fn draft_key(&self, version: u32) -> Option<Zeroizing<[u8; KEY_BYTES]>> {
        self.version(KeyName::Ticket, version).map(derivation::draft_key)
    }

    /// The agents' authority, ready to issue.
    pub fn agents_authority(&self) -> Result<AgentsAuthority, KeystoreError> {
        self.authorities()?.agents(&self.files)
    }

    /// The cards' authority, ready to issue.
    pub fn cards_authority(&self) -> Result<CardsAuthority, KeystoreError> {
        self.authorities()?.cards(&self.files)
    }

    /// The cards' authority, ready to issue with its key in an HSM.
    pub fn cards_authority_with(
        &self,
        in_hsm: AuthorityKey,
    ) -> Result<CardsAuthority, KeystoreError> {
        self.authorities()?.cards_with(&self.files, in_hsm)
    }

    fn authorities(&self) -> Result<&Authorities, KeystoreError> {
        let for_cards = self.for_cards.as_ref();
        let authorities = for_cards.map(|for_cards| &for_cards.authorities);
        authorities.ok_or_else(|| KeystoreError::NotThisProcess(self.files.path().to_path_buf()))
    }

    fn versions(&self, name: KeyName) -> Option<&Versions> {
        match name {
            KeyName::Pepper => Some(&self.pepper),
            KeyName::Poprf => Some(&self.poprf),
            KeyName::Seal => Some(&self.seal),
            KeyName::Ticket => Some(&self.ticket),
            KeyName::CardManagement => {
                self.for_cards.as_ref().map(|for_cards| &for_cards.management)
            }
        }
    }
}

fn read_versions(files: &Folder, name: &'static str) -> Result<Versions, KeystoreError> {
    let mut keys = vec![];
    for version in files.versions(name)? {
        keys.push(VersionedKey { version, key: files.read_key(name, version)? });
    }
    match keys.pop() {
        Some(current) => Ok(Versions { current, older: keys }),
        None => Err(files.missing(name)),
    }
}

#[cfg(test)]
mod tests;
