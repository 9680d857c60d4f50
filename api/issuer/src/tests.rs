//! The authorities seen from outside: by OpenSSL, and by requests that ask for too much.

mod authorities;
mod requests;

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use crate::{
    Authority, CardCertificate, CardSlot, Error, Founding, PrivateKey, PublicKey, Serial,
    public_key_of_request,
};

pub(crate) const HOLDER: Uuid = Uuid::from_u128(0x0192_0000_0000_7000_8000_0000_0000_0001);
pub(crate) const AGENT: Uuid = Uuid::from_u128(0x0192_0000_0000_7000_8000_0000_0000_0002);

pub(crate) fn now() -> DateTime<Utc> {
    "2026-03-10T09:30:00.750Z".parse().unwrap()
}

pub(crate) fn founding(demo: bool) -> Founding<'static> {
    Founding { organisation: "Latchkey", demo, now: now() }
}

pub(crate) fn key(seed: u8) -> PrivateKey {
    PrivateKey::from_scalar(&[seed; 48]).unwrap()
}

pub(crate) fn serial(seed: u8) -> Serial {
    Serial::from_random([seed; 20])
}

pub(crate) fn cards(demo: bool) -> Authority {
    Authority::create_cards(&founding(demo), (&key(1), serial(1)), (key(2), serial(2))).unwrap()
}

pub(crate) fn agents(demo: bool) -> Authority {
    Authority::create_agents(&founding(demo), key(3), serial(3)).unwrap()
}

/// The key of an honest request.
pub(crate) fn card_key() -> PublicKey {
    public_key_of_request(include_bytes!("tests/requests/p256.der")).unwrap()
}

pub(crate) fn wanted(slot: CardSlot, public_key: &PublicKey) -> CardCertificate<'_> {
    CardCertificate {
        slot,
        public_key,
        display_name: "Asha Patel, RN",
        holder: HOLDER,
        card_serial: "0A1B2C",
        now: now(),
        not_after: now() + TimeDelta::days(1095),
        pointers: None,
    }
}

pub(crate) fn issue(authority: &Authority, slot: CardSlot) -> Result<Vec<u8>, Error> {
    authority.issue_card_certificate(&wanted(slot, &card_key()), serial(9))
}
