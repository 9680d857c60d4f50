//! The files of a keystore: who may read them, and how they are written so that none is ever half
//! there.

use std::{
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    io::{self, Read as _, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use stores::log::Mode;
use zeroize::{Zeroize as _, Zeroizing};

use super::KeystoreError;

/// Permissions of the folder.
const FOLDER_MODE: u32 = 0o700;

/// Permissions of a file.
const FILE_MODE: u32 = 0o600;

/// The permissions nobody but the owner may have.
const OTHERS: u32 = 0o077;

/// What makes a folder a keystore; written last.
pub(super) const MARKER: &str = "keystore.toml";

/// Held while a keystore is made, or a key renewed; the lock ends with the process, the file stays.
const LOCK: &str = ".lock";

/// The longest file that is read, in bytes.
const FILE_BYTES_MAX: u64 = 64 * 1024;

/// Most entries of a keystore's folder.
pub(super) const ENTRIES_MAX: usize = 1024;

/// What `keystore.toml` says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Marker {
    pub(super) mode: Mode,
    pub(super) created_at: DateTime<Utc>,
}

/// A keystore's folder, whose permissions have been looked at.
pub(super) struct Folder {
    path: PathBuf,
}

impl Folder {
    /// Makes the folder if it is not there.
    pub(super) fn make(path: &Path) -> Result<Self, KeystoreError> {
        DirBuilder::new()
            .recursive(true)
            .mode(FOLDER_MODE)
            .create(path)
            .map_err(|source| io_error(path, source))?;
        check(path, FOLDER_MODE)?;
        Ok(Self { path: path.to_path_buf() })
    }

    /// Takes the folder as it is; it must hold a finished keystore.
    pub(super) fn open(path: &Path) -> Result<Self, KeystoreError> {
        let folder = Self { path: path.to_path_buf() };
        if !path.exists() {
            return Err(KeystoreError::NotThere(folder.path));
        }
        check(path, FOLDER_MODE)?;
        if folder.is_finished() { Ok(folder) } else { Err(KeystoreError::NotThere(folder.path)) }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn is_finished(&self) -> bool {
        self.path.join(MARKER).exists()
    }

    /// Keeps other processes from making or renewing keys here as long as the file is held.
    pub(super) fn lock(&self) -> Result<File, KeystoreError> {
        let path = self.path.join(LOCK);
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(FILE_MODE)
            .open(&path)
            .map_err(|source| io_error(&path, source))?;
        match file.try_lock() {
            Ok(()) => Ok(file),
            Err(TryLockError::WouldBlock) => Err(KeystoreError::Busy(self.path.clone())),
            Err(TryLockError::Error(source)) => Err(io_error(&path, source)),
        }
    }

    /// What the keystore says it is.
    pub(super) fn marker(&self) -> Result<Marker, KeystoreError> {
        let path = self.path.join(MARKER);
        let what = "does not say what the keystore is for";
        toml::from_str(&read(&path)?).map_err(|_| KeystoreError::Malformed { path, what })
    }

    /// Says what the keystore is, and thereby that it is finished.
    pub(super) fn finish(&self, marker: &Marker) -> Result<(), KeystoreError> {
        let path = self.path.join(MARKER);
        let text = toml::to_string(marker)
            .map_err(|error| io_error(&path, io::Error::other(error.to_string())))?;
        self.write(&path, text.as_bytes())
    }

    /// The versions of a key that are there, the oldest first.
    pub(super) fn versions(&self, name: &str) -> Result<Vec<u32>, KeystoreError> {
        let entries = fs::read_dir(&self.path).map_err(|source| io_error(&self.path, source))?;
        let mut versions = vec![];
        for entry in entries.take(ENTRIES_MAX) {
            let entry = entry.map_err(|source| io_error(&self.path, source))?;
            let file = entry.file_name();
            let Some(version) = file.to_str().and_then(|file| version_in(file, name)) else {
                continue;
            };
            let what = "is not a version that counts up from 1";
            match version.parse() {
                Ok(number) if 0 < number && version == u32::to_string(&number) => {
                    versions.push(number);
                }
                Ok(_) | Err(_) => {
                    return Err(KeystoreError::Malformed { path: entry.path(), what });
                }
            }
        }
        versions.sort_unstable();
        Ok(versions)
    }

    pub(super) fn write_key(
        &self,
        name: &str,
        version: u32,
        key: &[u8],
    ) -> Result<(), KeystoreError> {
        let mut text = Zeroizing::new(hex::encode(key));
        text.push('\n');
        self.write(&self.path_of(name, version, "key"), text.as_bytes())
    }

    pub(super) fn read_key<const N: usize>(
        &self,
        name: &str,
        version: u32,
    ) -> Result<Zeroizing<[u8; N]>, KeystoreError> {
        let path = self.path_of(name, version, "key");
        let text = read(&path)?;
        let mut key = Zeroizing::new([0; N]);
        match hex::decode_to_slice(text.trim_end(), &mut *key) {
            Ok(()) => Ok(key),
            Err(_) => Err(KeystoreError::Malformed {
                path,
                what: "does not hold a key of the right length",
            }),
        }
    }

    /// A version that nothing needs any more. Gone for good once this returns.
    pub(super) fn forget_key(&self, name: &str, version: u32) -> Result<(), KeystoreError> {
        let path = self.path_of(name, version, "key");
        fs::remove_file(&path)
            .and_then(|()| File::open(&self.path)?.sync_all())
            .map_err(|source| io_error(&path, source))
    }

    pub(super) fn write_certificates(
        &self,
        name: &str,
        version: u32,
        text: &str,
    ) -> Result<(), KeystoreError> {
        self.write(&self.path_of(name, version, "pem"), text.as_bytes())
    }

    pub(super) fn has_certificates(&self, name: &str, version: u32) -> bool {
        self.path_of(name, version, "pem").exists()
    }

    pub(super) fn read_certificates(
        &self,
        name: &str,
        version: u32,
    ) -> Result<(PathBuf, Zeroizing<String>), KeystoreError> {
        let path = self.path_of(name, version, "pem");
        let text = read(&path)?;
        Ok((path, text))
    }

    pub(super) fn missing(&self, name: &'static str) -> KeystoreError {
        KeystoreError::Missing { folder: self.path.clone(), name }
    }

    pub(super) fn authority(&self, source: issuer::Error) -> KeystoreError {
        KeystoreError::Authority { folder: self.path.clone(), source }
    }

    fn path_of(&self, name: &str, version: u32, ending: &str) -> PathBuf {
        self.path.join(format!("{name}.{version}.{ending}"))
    }

    /// Writes beside, to the disk, then under its name: after a crash it is there whole or not at
    /// all.
    pub(super) fn write(&self, path: &Path, bytes: &[u8]) -> Result<(), KeystoreError> {
        let beside = path.with_added_extension("new");
        let written = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(FILE_MODE)
            .open(&beside)
            .and_then(|mut file| {
                file.write_all(bytes)?;
                file.sync_all()
            })
            .and_then(|()| fs::rename(&beside, path))
            .and_then(|()| File::open(&self.path)?.sync_all());
        written.map_err(|source| io_error(path, source))
    }
}

/// The version in the name of a key's file: `3` in `pepper.3.key`.
fn version_in<'a>(file: &'a str, name: &str) -> Option<&'a str> {
    file.strip_prefix(name)?.strip_prefix('.')?.strip_suffix(".key")
}

/// Refuses what others than the owner could get at.
fn check(path: &Path, wanted: u32) -> Result<(), KeystoreError> {
    let metadata = fs::symlink_metadata(path).map_err(|source| io_error(path, source))?;
    let right_kind = if wanted == FOLDER_MODE { metadata.is_dir() } else { metadata.is_file() };
    if !right_kind {
        let what = if wanted == FOLDER_MODE { "is not a folder" } else { "is not a file" };
        return Err(KeystoreError::Malformed { path: path.to_path_buf(), what });
    }
    let found = metadata.permissions().mode() & 0o7777;
    if found & OTHERS == 0 {
        Ok(())
    } else {
        Err(KeystoreError::TooOpen { path: path.to_path_buf(), found, wanted })
    }
}

pub(super) fn read(path: &Path) -> Result<Zeroizing<String>, KeystoreError> {
    check(path, FILE_MODE)?;
    let mut bytes = Zeroizing::new(vec![]);
    File::open(path)
        .and_then(|file| file.take(FILE_BYTES_MAX).read_to_end(&mut bytes))
        .map_err(|source| io_error(path, source))?;
    match String::from_utf8(std::mem::take(&mut *bytes)) {
        Ok(text) => Ok(Zeroizing::new(text)),
        Err(error) => {
            error.into_bytes().zeroize();
            Err(KeystoreError::Malformed { path: path.to_path_buf(), what: "is not text" })
        }
    }
}

pub(super) fn io_error(path: &Path, source: io::Error) -> KeystoreError {
    KeystoreError::Io { path: path.to_path_buf(), source }
}
