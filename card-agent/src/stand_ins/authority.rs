//! A stand-in for the server's authorities: issues certificates, checks nothing.

use std::{
    str::FromStr as _,
    time::{Duration, UNIX_EPOCH},
};

use der::{Decode as _, Encode as _, asn1::Ia5String};
use p256::{
    ecdsa::{DerSignature, SigningKey},
    pkcs8::EncodePublicKey as _,
};
use spki::{SubjectPublicKeyInfoOwned, SubjectPublicKeyInfoRef};
use x509_cert::{
    TbsCertificate,
    builder::{Builder as _, CertificateBuilder, profile::BuilderProfile},
    ext::{
        Extension, ToExtension as _,
        pkix::{BasicConstraints, SubjectAltName, name::GeneralName},
    },
    name::Name,
    serial_number::SerialNumber,
    time::{Time, Validity},
};

/// An authority with a key of its own.
pub(crate) struct Authority {
    key: SigningKey,
    name: String,
}

/// Whom a certificate is for.
struct Plain {
    issuer: String,
    subject: String,
    host: Option<String>,
    is_authority: bool,
}

impl BuilderProfile for Plain {
    fn get_issuer(&self, _: &Name) -> Name {
        Name::from_str(&format!("CN={}", self.issuer)).unwrap()
    }

    fn get_subject(&self) -> Name {
        Name::from_str(&format!("CN={}", self.subject)).unwrap()
    }

    fn build_extensions(
        &self,
        _: SubjectPublicKeyInfoRef<'_>,
        _: SubjectPublicKeyInfoRef<'_>,
        tbs: &TbsCertificate,
    ) -> x509_cert::builder::Result<Vec<Extension>> {
        let mut extensions = Vec::new();
        let constraints = BasicConstraints { ca: self.is_authority, path_len_constraint: None };
        extensions.push(constraints.to_extension(tbs.subject(), &extensions)?);
        if let Some(host) = &self.host {
            let names = SubjectAltName(vec![GeneralName::DnsName(Ia5String::new(host)?)]);
            extensions.push(names.to_extension(tbs.subject(), &extensions)?);
        }
        Ok(extensions)
    }
}

impl Authority {
    pub(crate) fn new(name: &str, seed: u8) -> Self {
        Self { key: SigningKey::from_slice(&[seed; 32]).unwrap(), name: name.to_owned() }
    }

    /// Its own certificate, DER.
    pub(crate) fn certificate(&self) -> Vec<u8> {
        let spki = self.key.verifying_key().to_public_key_der().unwrap();
        self.sign(spki.as_bytes(), &self.name, None, true)
    }

    /// A certificate for a key; with a host name it is good for a TLS server.
    pub(crate) fn issue(&self, spki: &[u8], subject: &str, host: Option<&str>) -> Vec<u8> {
        self.sign(spki, subject, host, false)
    }

    fn sign(&self, spki: &[u8], subject: &str, host: Option<&str>, is_authority: bool) -> Vec<u8> {
        let plain = Plain {
            issuer: self.name.clone(),
            subject: subject.to_owned(),
            host: host.map(str::to_owned),
            is_authority,
        };
        // From 2020 to 2096: valid whenever the tests run.
        let [not_before, not_after] = [1_600_000_000, 4_000_000_000]
            .map(|secs| Time::try_from(UNIX_EPOCH + Duration::from_secs(secs)).unwrap());
        let validity = Validity::new(not_before, not_after);
        let spki = SubjectPublicKeyInfoOwned::from_der(spki).unwrap();
        let serial = SerialNumber::new(&[1]).unwrap();
        CertificateBuilder::new(plain, serial, validity, spki)
            .unwrap()
            .build::<_, DerSignature>(&self.key)
            .unwrap()
            .to_der()
            .unwrap()
    }
}
