//! A key and a certificate for `localhost`, made by a program that is not ours.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context as _, ensure};

/// The files of a key and of its certificate (PEM), which is its own authority.
#[derive(Debug, Clone)]
pub struct Files {
    /// The private key, closed to others.
    pub key: PathBuf,
    /// The certificate.
    pub certificate: PathBuf,
}

/// Has openssl make both in this folder, good for two days.
pub fn make(folder: &Path) -> anyhow::Result<Files> {
    let files = Files { key: folder.join("key.pem"), certificate: folder.join("cert.pem") };
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"])
        .args(["-nodes", "-days", "2", "-subj", "/CN=localhost"])
        .args(["-addext", "subjectAltName=DNS:localhost"])
        .args(["-addext", "basicConstraints=critical,CA:FALSE", "-keyout"])
        .arg(&files.key)
        .arg("-out")
        .arg(&files.certificate)
        .stderr(Stdio::null())
        .status()
        .context("openssl does not start: is its Debian package installed?")?;
    ensure!(made.success(), "openssl made no certificate");
    Ok(files)
}
