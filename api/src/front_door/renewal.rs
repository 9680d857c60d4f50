//! A certificate is renewed every few weeks, by a program that writes new files. They are taken over while
//! the server runs; files that are of no use leave the certificate that there was.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use rustls::{
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};
use tokio_util::sync::CancellationToken;

use super::{Certificate, Unusable};
use crate::{app::App, config::HttpsSettings};

/// How often the files are read again. They are small, and what they say counts, not when they were written.
const LOOK_EVERY: Duration = Duration::from_mins(1);

/// The certificate that is served, and what it is read from.
pub struct Renewal {
    settings: HttpsSettings,
    name: Option<String>,
    served: Mutex<Served>,
}

struct Served {
    certificate: Certificate,
    /// What was wrong with the files when they were last read; told once.
    fault: Option<String>,
}

/// What reading the files again has come to.
#[derive(Debug, PartialEq, Eq)]
pub enum Look {
    /// They are as they were, good or not.
    AsBefore,
    /// Another certificate is served from now on.
    Renewed,
    /// They are of no use, which was not so before: why, in one line.
    Unusable(String),
}

impl Renewal {
    /// The certificate that is there now.
    ///
    /// # Errors
    /// If it cannot be used.
    pub fn begin(settings: &HttpsSettings, name: Option<&str>) -> Result<Self, Unusable> {
        let certificate = Certificate::read(settings, name)?;
        let served = Mutex::new(Served { certificate, fault: None });
        Ok(Self { settings: settings.clone(), name: name.map(str::to_owned), served })
    }

    /// The certificate that is served.
    #[must_use]
    pub fn certificate(&self) -> Certificate {
        self.served.lock().unwrap_or_else(PoisonError::into_inner).certificate.clone()
    }

    /// Reads the files again.
    pub fn look(&self) -> Look {
        let read = Certificate::read(&self.settings, self.name.as_deref());
        let mut served = self.served.lock().unwrap_or_else(PoisonError::into_inner);
        match read {
            Ok(certificate) => {
                served.fault = None;
                if certificate.certified.cert == served.certificate.certified.cert {
                    return Look::AsBefore;
                }
                served.certificate = certificate;
                Look::Renewed
            }
            Err(error) => {
                let fault = format!("{:#}", anyhow::Error::from(error));
                if served.fault.as_ref() == Some(&fault) {
                    return Look::AsBefore;
                }
                served.fault = Some(fault.clone());
                Look::Unusable(fault)
            }
        }
    }

    /// Reads the files every minute until `shutdown`, and tells the operator what has changed.
    pub(super) async fn follow(self: Arc<Self>, app: &App, shutdown: CancellationToken) {
        loop {
            let certificate = self.certificate();
            app.metrics().serves_until(certificate.not_after);
            if !certificate.is_valid(app.real_now()) {
                tracing::error!(
                    not_before = %certificate.not_before,
                    not_after = %certificate.not_after,
                    "the portal's certificate is not valid now: browsers refuse it"
                );
            }
            tokio::select! {
                () = shutdown.cancelled() => return,
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
            let renewal = Arc::clone(&self);
            match tokio::task::spawn_blocking(move || renewal.look()).await {
                Ok(Look::AsBefore) => {}
                Ok(Look::Renewed) => {
                    let not_after = self.certificate().not_after;
                    tracing::info!(%not_after, "the portal's certificate was renewed");
                }
                Ok(Look::Unusable(fault)) => {
                    tracing::error!(
                        fault,
                        "the portal keeps its certificate: a new one is of no use"
                    );
                }
                Err(error) => tracing::error!(%error, "the certificate's files were not read"),
            }
        }
    }
}

impl ResolvesServerCert for Renewal {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.certificate().certified)
    }
}

impl fmt::Debug for Renewal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Renewal").field("settings", &self.settings).finish_non_exhaustive()
    }
}
