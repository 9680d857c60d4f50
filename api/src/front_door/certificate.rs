//! A certificate and its key, read from their files and found to belong together.

use std::{fmt, path::PathBuf, sync::Arc};

use chrono::{DateTime, Utc};
use issuer::CertificateFacts;
use rustls::{
    client::verify_server_name,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject as _},
    server::ParsedCertificate,
    sign::CertifiedKey,
};

use crate::{
    config::HttpsSettings,
    secret_file::{self, FileError},
};

/// Why a certificate is of no use. Says nothing of what is in the key's file.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    /// One of the files is of no use.
    #[error(transparent)]
    File(#[from] FileError),
    /// There is no certificate in its file, or something that is none.
    #[error("{0} is not a chain of certificates in PEM")]
    NoCertificate(PathBuf),
    /// There is no private key in its file.
    #[error("{0} has no private key in PEM")]
    NoKey(PathBuf),
    /// The two do not make a server.
    #[error("{certificate} and {key} do not belong together, or are of a kind that is not known")]
    NotAPair {
        /// The certificate's file.
        certificate: PathBuf,
        /// The key's file.
        key: PathBuf,
        /// What TLS said.
        source: rustls::Error,
    },
    /// It is another server's certificate.
    #[error("{path} is not a certificate for {name}")]
    OtherName {
        /// The certificate's file.
        path: PathBuf,
        /// The name in the portal's origin.
        name: String,
    },
}

/// A certificate that a server can use, with its key.
#[derive(Clone)]
pub struct Certificate {
    /// What TLS needs.
    pub(super) certified: Arc<CertifiedKey>,
    /// The first instant of its validity.
    pub not_before: DateTime<Utc>,
    /// The last instant of its validity.
    pub not_after: DateTime<Utc>,
}

impl Certificate {
    /// Reads both files. With a `name`, that is the name that browsers ask for.
    ///
    /// # Errors
    /// If they cannot be used, the key could be read by others, or the certificate is for other names. When it
    /// is valid is the caller's to judge.
    pub fn read(settings: &HttpsSettings, name: Option<&str>) -> Result<Self, Unusable> {
        let HttpsSettings { certificate: path, key: key_path } = settings;
        let no_certificate = || Unusable::NoCertificate(path.clone());
        let chain = secret_file::text(path)?;
        let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(chain.as_bytes())
            .collect::<Result<_, _>>()
            .map_err(|_| no_certificate())?;
        let own = chain.first().ok_or_else(no_certificate)?.clone();
        let facts = CertificateFacts::read(&own).map_err(|_| no_certificate())?;
        if let Some(name) = name.filter(|name| !is_for(&own, name)) {
            return Err(Unusable::OtherName { path: path.clone(), name: name.to_owned() });
        }
        let key = secret_file::secret(key_path)?;
        let key = PrivateKeyDer::from_pem_slice(key.as_bytes())
            .map_err(|_| Unusable::NoKey(key_path.clone()))?;
        let certified = CertifiedKey::from_der(chain, key, &ring::default_provider());
        let certified = certified.map_err(|source| {
            let (certificate, key) = (path.clone(), key_path.clone());
            Unusable::NotAPair { certificate, key, source }
        })?;
        let (not_before, not_after) = (facts.not_before, facts.not_after);
        Ok(Self { certified: Arc::new(certified), not_before, not_after })
    }

    /// True if browsers believe it at this instant, as far as time goes.
    #[must_use]
    pub fn is_valid(&self, now: DateTime<Utc>) -> bool {
        self.not_before <= now && now <= self.not_after
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Certificate({} to {})", self.not_before, self.not_after)
    }
}

fn is_for(certificate: &CertificateDer<'_>, name: &str) -> bool {
    let Ok(name) = ServerName::try_from(name) else { return false };
    ParsedCertificate::try_from(certificate)
        .is_ok_and(|parsed| verify_server_name(&parsed, &name).is_ok())
}
