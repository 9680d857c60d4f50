//! The state folder: three files, the key readable by its owner only.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use zeroize::Zeroizing;

use super::Enrolment;

const KEY: &str = "key.der";
const CERTIFICATE: &str = "certificate.der";
const AUTHORITY: &str = "authority.der";

/// The state folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeepError {
    /// There is no enrolment in it.
    #[error(
        "this workstation is not enrolled ({0} is missing): run `latchkey-card-agent enrol` first"
    )]
    NotEnrolled(PathBuf),
    /// Others could read the key.
    #[error("{0} can be read by others: make it readable by its owner only (mode 600)")]
    NotPrivate(PathBuf),
    /// The system says no.
    #[error("{path}: {error}")]
    Io {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
}

/// Reads the enrolment of a state folder.
///
/// # Errors
/// [`KeepError`].
pub fn load(folder: &Path) -> Result<Enrolment, KeepError> {
    let key = folder.join(KEY);
    let enrolment = Enrolment {
        key: Zeroizing::new(read(&key)?),
        certificate: read(&folder.join(CERTIFICATE))?,
        authority: read(&folder.join(AUTHORITY))?,
    };
    if is_private(&key)? { Ok(enrolment) } else { Err(KeepError::NotPrivate(key)) }
}

/// Writes an enrolment; what was there before is replaced. The certificate goes last, so that a
/// first enrolment that was cut short is none.
///
/// # Errors
/// [`KeepError::Io`].
pub fn save(folder: &Path, enrolment: &Enrolment) -> Result<(), KeepError> {
    fs::create_dir_all(folder).map_err(|error| KeepError::Io { path: folder.to_owned(), error })?;
    for (name, bytes) in [
        (KEY, &enrolment.key[..]),
        (AUTHORITY, &enrolment.authority),
        (CERTIFICATE, &enrolment.certificate),
    ] {
        let path = folder.join(name);
        write(&path, bytes).map_err(|error| KeepError::Io { path, error })?;
    }
    Ok(())
}

fn read(path: &Path) -> Result<Vec<u8>, KeepError> {
    fs::read(path).map_err(|error| {
        let path = path.to_owned();
        if error.kind() == io::ErrorKind::NotFound {
            KeepError::NotEnrolled(path)
        } else {
            KeepError::Io { path, error }
        }
    })
}

/// Whole or not at all: beside, synced, renamed.
fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let beside = path.with_extension("part");
    let mut file = private(&beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(beside, path)
}

#[cfg(unix)]
fn private(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    if let Err(error) = fs::remove_file(path)
        && error.kind() != io::ErrorKind::NotFound
    {
        return Err(error);
    }
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

#[cfg(unix)]
fn is_private(path: &Path) -> Result<bool, KeepError> {
    use std::os::unix::fs::PermissionsExt as _;
    let metadata =
        fs::metadata(path).map_err(|error| KeepError::Io { path: path.to_owned(), error })?;
    Ok(metadata.permissions().mode().trailing_zeros() >= 6)
}

/// Elsewhere the folder's own access list is what counts.
#[cfg(not(unix))]
fn private(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create(true).truncate(true).open(path)
}

#[cfg(not(unix))]
fn is_private(_path: &Path) -> Result<bool, KeepError> {
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn enrolment() -> Enrolment {
        Enrolment { key: Zeroizing::new(vec![1]), certificate: vec![2], authority: vec![3] }
    }

    #[test]
    fn what_was_saved_is_loaded_and_a_second_enrolment_replaces_the_first() {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("state");
        save(&state, &enrolment()).unwrap();
        save(&state, &Enrolment { certificate: vec![9], ..enrolment() }).unwrap();
        let loaded = load(&state).unwrap();
        assert_eq!((&loaded.key[..], &loaded.certificate[..]), (&[1][..], &[9][..]));
    }

    #[test]
    fn an_empty_folder_says_that_the_workstation_is_not_enrolled() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(load(folder.path()), Err(KeepError::NotEnrolled(_))));
    }

    #[cfg(unix)]
    #[test]
    fn a_key_is_written_for_its_owner_only_and_refused_when_others_can_read_it() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        save(folder.path(), &enrolment()).unwrap();
        let key = folder.path().join(KEY);
        assert_eq!(fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);
        fs::set_permissions(&key, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(load(folder.path()), Err(KeepError::NotPrivate(_))));
    }
}
