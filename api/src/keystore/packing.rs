//! A keystore as one piece of bytes, for a backup: every file of it, and back into an empty folder.
//!
//! The bytes are as secret as the files; whoever has them seals them before they touch a disk.

use std::{
    fs::{self, OpenOptions},
    path::Path,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize as _, Zeroizing};

use super::{
    KeystoreError,
    folder::{ENTRIES_MAX, Folder, MARKER, io_error, read},
};

/// The longest name of a file, in bytes.
const NAME_BYTES_MAX: usize = 64;

/// One file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Packed {
    name: String,
    /// When it was written.
    made_at: DateTime<Utc>,
    /// Base64.
    contents: String,
}

impl Drop for Packed {
    fn drop(&mut self) {
        self.contents.zeroize();
    }
}

/// Every file of the finished keystore in `folder`; those that are being written, and the lock, are
/// none of it.
///
/// # Errors
/// If there is no keystore, or one of its files cannot be read.
pub fn pack(folder: &Path) -> Result<Zeroizing<Vec<u8>>, KeystoreError> {
    let files = Folder::open(folder)?;
    // Nobody forgets a key between the list of files and their contents.
    let _lock = files.lock()?;
    let mut names = Vec::new();
    let entries = fs::read_dir(folder).map_err(|source| io_error(folder, source))?;
    for entry in entries.take(ENTRIES_MAX) {
        let entry = entry.map_err(|source| io_error(folder, source))?;
        if let Some(name) = entry.file_name().to_str().filter(|name| is_part(name)) {
            names.push(name.to_owned());
        }
    }
    names.sort_unstable();
    let mut packed = Vec::with_capacity(names.len());
    for name in names {
        let path = folder.join(&name);
        let (text, written) = (read(&path)?, fs::metadata(&path).and_then(|file| file.modified()));
        let made_at = written.map_err(|source| io_error(&path, source))?.into();
        packed.push(Packed { name, made_at, contents: STANDARD.encode(text.as_bytes()) });
    }
    let bytes = serde_json::to_vec(&packed).map_err(std::io::Error::other);
    bytes.map(Zeroizing::new).map_err(|source| io_error(folder, source))
}

/// Makes a keystore of what [`pack`] has made, in a folder that has none; what says that it is
/// finished is written last.
///
/// # Errors
/// If there is one already, or the bytes are not what [`pack`] makes.
pub fn unpack(folder: &Path, bytes: &[u8]) -> Result<(), KeystoreError> {
    let malformed = || KeystoreError::Malformed {
        path: folder.to_path_buf(),
        what: "would not become a keystore: what was packed is not one",
    };
    let packed: Vec<Packed> = serde_json::from_slice(bytes).map_err(|_| malformed())?;
    let files = Folder::make(folder)?;
    let _lock = files.lock()?;
    if files.is_finished() {
        return Err(KeystoreError::Exists(folder.to_path_buf()));
    }
    let (marker, others): (Vec<_>, Vec<_>) = packed.iter().partition(|file| file.name == MARKER);
    if marker.len() != 1 || others.iter().any(|file| !is_part(&file.name)) {
        return Err(malformed());
    }
    for file in others.into_iter().chain(marker) {
        let contents = STANDARD.decode(&file.contents).map_err(|_| malformed())?;
        let path = folder.join(&file.name);
        files.write(&path, &Zeroizing::new(contents))?;
        OpenOptions::new()
            .write(true)
            .open(&path)
            .and_then(|written| written.set_modified(file.made_at.into()))
            .map_err(|source| io_error(&path, source))?;
    }
    Ok(())
}

/// True for the name of a key, a chain of certificates, or the marker: a plain name, so that nothing
/// is ever written elsewhere.
fn is_part(name: &str) -> bool {
    let plain =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.".contains(&byte);
    let ending = Path::new(name).extension().and_then(|ending| ending.to_str());
    let is_known = name == MARKER || matches!(ending, Some("key" | "pem"));
    is_known && name.len() <= NAME_BYTES_MAX && !name.starts_with('.') && name.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use stores::log::Mode;

    use super::*;
    use crate::keystore::{KeyName, Keystore};

    #[test]
    fn a_keystore_that_was_packed_is_the_same_one_elsewhere() {
        let parent = tempfile::tempdir().unwrap();
        let (one, other) = (parent.path().join("one"), parent.path().join("other"));
        let mut drawn = 0;
        let entropy = &mut |bytes: &mut [u8]| {
            drawn += 1;
            bytes.fill(drawn);
        };
        let made = Keystore::create(
            &one,
            Mode::Production,
            entropy,
            "2026-03-10T09:30:00Z".parse().unwrap(),
        )
        .unwrap();
        // As a crash leaves it; it is nobody's key.
        fs::write(one.join("pepper.2.key.new"), "ab").unwrap();
        unpack(&other, &pack(&one).unwrap()).unwrap();
        let opened = Keystore::open(&other, Mode::Production).unwrap();
        for name in KeyName::ALL {
            assert_eq!(*opened.current(name).unwrap().key, *made.current(name).unwrap().key);
            let key = name.as_str().parse().unwrap();
            assert_eq!(opened.versions_of(key).unwrap(), made.versions_of(key).unwrap());
        }
        assert_eq!(
            opened.cards_authority().unwrap().chain(),
            made.cards_authority().unwrap().chain()
        );
        assert!(!other.join("pepper.2.key.new").exists());
        let again = unpack(&other, &pack(&one).unwrap());
        assert!(matches!(again, Err(KeystoreError::Exists(_))));
    }

    #[test]
    fn nothing_is_unpacked_outside_the_folder_nor_without_a_marker() {
        let parent = tempfile::tempdir().unwrap();
        let marker = r#"{"name":"keystore.toml","made_at":"2026-03-10T09:30:00Z","contents":""}"#;
        for name in ["../pepper.1.key", "/tmp/pepper.1.key", ".lock", "a/b.key", "other.txt"] {
            let packed = marker.replace("keystore.toml", name);
            let packed = format!("[{packed},{marker}]");
            let refused = unpack(&parent.path().join("keys"), packed.as_bytes());
            assert!(matches!(refused, Err(KeystoreError::Malformed { .. })), "{name}");
        }
        assert!(unpack(&parent.path().join("keys"), b"[]").is_err());
        assert!(!parent.path().join("pepper.1.key").exists());
    }
}
