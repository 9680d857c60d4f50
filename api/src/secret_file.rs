//! Files that the configuration names and whose text is used: small, and those that hold a secret
//! closed to others.

use std::{
    fs::File,
    io::{self, Read as _},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use zeroize::Zeroizing;

/// The largest file of a password or of certificates, in bytes.
const FILE_BYTES_MAX: u64 = 64 * 1024;

/// The permissions that nobody but the owner needs.
const OTHERS: u32 = 0o077;

/// Why a file is of no use.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It cannot be read.
    #[error("{path} cannot be read")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the file system said.
        source: io::Error,
    },
    /// A secret that others can read.
    #[error("{0} can be read by others: chmod 0600")]
    Open(PathBuf),
    /// There is no password in the file.
    #[error("{0} has no password in its first line")]
    NoPassword(PathBuf),
}

/// The password in the first line of a file that nobody else can read.
///
/// # Errors
/// If there is none, or others could read it.
pub fn password(path: &Path) -> Result<Zeroizing<String>, FileError> {
    let text = read(path, true)?;
    let password = Zeroizing::new(text.lines().next().unwrap_or_default().to_owned());
    if password.is_empty() {
        return Err(FileError::NoPassword(path.to_owned()));
    }
    Ok(password)
}

/// All of a file that nobody else can read.
///
/// # Errors
/// If it cannot be read, or others could read it.
pub fn secret(path: &Path) -> Result<Zeroizing<String>, FileError> {
    read(path, true)
}

/// A text that is no secret.
///
/// # Errors
/// If it cannot be read.
pub fn text(path: &Path) -> Result<Zeroizing<String>, FileError> {
    read(path, false)
}

fn read(path: &Path, secret: bool) -> Result<Zeroizing<String>, FileError> {
    let unreadable = |source| FileError::Unreadable { path: path.to_path_buf(), source };
    let file = File::open(path).map_err(unreadable)?;
    let metadata = file.metadata().map_err(unreadable)?;
    if secret && metadata.permissions().mode() & OTHERS != 0 {
        return Err(FileError::Open(path.to_path_buf()));
    }
    // With room for all of it from the start, so that no copy is left behind by growing.
    let room = usize::try_from(metadata.len().min(FILE_BYTES_MAX)).unwrap_or_default();
    let mut text = Zeroizing::new(String::with_capacity(room + 1));
    file.take(FILE_BYTES_MAX).read_to_string(&mut text).map_err(unreadable)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_password_is_read_from_a_file_that_is_closed_to_others_and_has_one() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("password");
        let set = |text: &str, mode| {
            fs::write(&file, text).unwrap();
            fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
            password(&file)
        };
        assert_eq!(**set("hush\nmore\n", 0o600).unwrap(), *"hush");
        assert!(matches!(set("hush\n", 0o640), Err(FileError::Open(_))));
        assert!(matches!(set("\nhush\n", 0o600), Err(FileError::NoPassword(_))));
        let nowhere = folder.path().join("nowhere");
        assert!(matches!(password(&nowhere), Err(FileError::Unreadable { .. })));
        assert_eq!(**text(&file).unwrap(), *"\nhush\n");
        assert_eq!(**secret(&file).unwrap(), *"\nhush\n");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o604)).unwrap();
        assert!(matches!(secret(&file), Err(FileError::Open(_))));
    }
}
