//! The authorities seen from outside: by OpenSSL, and by requests that ask for too much.

mod authorities;
mod check;
mod crl;
#[cfg(feature = "hsm")]
mod hsm;
mod ocsp;
mod openssl;
mod profiles;
mod requests;

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use crate::{
    AgentsAuthority, CardCertificate, CardProfile, CardsAuthority, Founding, Issued, Pointers,
    PrivateKey,
};

pub(crate) const HOLDER: Uuid = Uuid::from_u128(0x0192_0000_0000_7000_8000_0000_0000_0001);
pub(crate) const AGENT: Uuid = Uuid::from_u128(0x0192_0000_0000_7000_8000_0000_0000_0002);

/// An honest request.
pub(crate) const REQUEST: &[u8] = include_bytes!("tests/requests/p256.der");

pub(crate) fn now() -> DateTime<Utc> {
    "2026-03-10T09:30:00.750Z".parse().unwrap()
}

pub(crate) fn founding(demo: bool) -> Founding<'static> {
    Founding { organisation: "Latchkey", demo, now: now() }
}

pub(crate) fn key(seed: u8) -> PrivateKey {
    PrivateKey::from_scalar(&[seed; 48]).unwrap()
}

pub(crate) fn cards(demo: bool) -> CardsAuthority {
    CardsAuthority::create(&founding(demo), key(1), key(2), [[1; 20], [2; 20]]).unwrap()
}

pub(crate) fn agents(demo: bool) -> AgentsAuthority {
    AgentsAuthority::create(&founding(demo), key(3), [3; 20]).unwrap()
}

pub(crate) fn wanted(profile: CardProfile) -> CardCertificate {
    CardCertificate {
        profile,
        holder: HOLDER,
        name: "Asha Patel, RN".to_owned(),
        email: "asha.patel@example.org".to_owned(),
        card: "0A1B2C".to_owned(),
        not_before: now(),
        not_after: now() + TimeDelta::days(1095),
    }
}

/// Where relying parties would ask.
pub(crate) fn pointers() -> Pointers {
    Pointers {
        crl: "http://crl.example.org/cards.crl".to_owned(),
        ocsp: "http://ocsp.example.org/".to_owned(),
        authority: "http://crl.example.org/cards.cer".to_owned(),
    }
}

pub(crate) fn issue(authority: &CardsAuthority, profile: CardProfile) -> Issued {
    authority.issue_card_certificate(REQUEST, &wanted(profile), [9; 20]).unwrap()
}
