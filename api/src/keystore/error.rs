//! Why a keystore cannot be made or opened: always with the file it is about.

use std::path::PathBuf;

use stores::log::Mode;

/// Why a keystore cannot be made or opened. Names files, never what is in them.
#[derive(Debug, thiserror::Error)]
pub enum KeystoreError {
    /// No finished keystore is there.
    #[error("there is no keystore in {0}")]
    NotThere(PathBuf),
    /// One is there already.
    #[error("there is a keystore in {0} already")]
    Exists(PathBuf),
    /// Demo and production never share keys.
    #[error("the keystore in {folder} is for {found}, not for {asked}: the two never share keys")]
    OtherMode {
        /// The keystore's folder.
        folder: PathBuf,
        /// What it was made for.
        found: Mode,
        /// What this process is.
        asked: Mode,
    },
    /// Somebody else than the owner could get at it.
    #[error(
        "{path} has permissions {found:04o}: nobody but its owner may have any (chmod {wanted:04o})"
    )]
    TooOpen {
        /// The file or folder.
        path: PathBuf,
        /// Its permissions.
        found: u32,
        /// What they should be.
        wanted: u32,
    },
    /// Another process is making a keystore here.
    #[error("another process is making a keystore in {0}")]
    Busy(PathBuf),
    /// A key that should be there is not.
    #[error("the keystore in {folder} has no key {name}")]
    Missing {
        /// The keystore's folder.
        folder: PathBuf,
        /// The key.
        name: &'static str,
    },
    /// The key is for processes that write cards.
    #[error("this process opens no keys for cards in {0}: `latchkey work` does")]
    NotThisProcess(PathBuf),
    /// A file that is not what it should be.
    #[error("{path} {what}")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is the matter with it.
        what: &'static str,
    },
    /// The file system said no.
    #[error("{path}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What it said.
        source: std::io::Error,
    },
    /// An authority could not be made or opened.
    #[error("an authority's key or certificate in {folder}")]
    Authority {
        /// The keystore's folder.
        folder: PathBuf,
        /// What is the matter with it.
        source: issuer::Error,
    },
}
