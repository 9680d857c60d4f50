//! OpenSSL, which nobody here wrote, as a judge.

use std::{path::Path, process::Command};

use crate::pem;

/// What `openssl` answers, both streams; `None` (and it says so) where there is no OpenSSL.
pub(super) fn openssl(arguments: &[&str]) -> Option<String> {
    let Ok(output) = Command::new("openssl").args(arguments).output() else {
        eprintln!("not shown here: `openssl` is not installed");
        return None;
    };
    let mut text = String::from_utf8(output.stdout).unwrap();
    text.push_str(&String::from_utf8(output.stderr).unwrap());
    Some(text)
}

pub(super) fn write(folder: &Path, name: &str, certificates: &[Vec<u8>]) -> String {
    let path = folder.join(name);
    let text: String = certificates.iter().map(|der| pem(der).unwrap()).collect();
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}
