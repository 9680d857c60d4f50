//! HTTPS by the server itself, for the portal and the API.

use std::path::PathBuf;

use super::{Mode, settings::Settings};

/// `portal.tls_certificate` and `portal.tls_key`, both or none: the server speaks HTTPS itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpsSettings {
    /// `portal.tls_certificate`: a file (PEM) with the certificate for the origin's name and, after it,
    /// those that lead to an authority which browsers know.
    pub certificate: PathBuf,
    /// `portal.tls_key`: a file (PEM) that nobody else can read, with the certificate's private key.
    pub key: PathBuf,
}

impl HttpsSettings {
    /// The two keys, if they are there; faults are noted.
    pub(super) fn of(settings: &mut Settings, mode: Mode) -> Option<Self> {
        const CERTIFICATE: &str = "portal.tls_certificate";
        const KEY: &str = "portal.tls_key";
        let (certificate, key) = (settings.path(CERTIFICATE), settings.path(KEY));
        if mode == Mode::Demo && certificate.is_some() {
            let what = "the demonstration stays on loopback, and needs no certificate";
            settings.fault(CERTIFICATE, what.to_owned());
        }
        match (certificate, key) {
            (Some(certificate), Some(key)) => Some(Self { certificate, key }),
            (Some(_), None) if !settings.is_at_fault(KEY) => {
                settings.fault(KEY, format!("goes with {CERTIFICATE}"));
                None
            }
            (None, Some(_)) if !settings.is_at_fault(CERTIFICATE) => {
                settings.fault(CERTIFICATE, format!("goes with {KEY}"));
                None
            }
            (Some(_), None) | (None, Some(_) | None) => None,
        }
    }
}
