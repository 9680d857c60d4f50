//! The card's own source of randomness: a chip has one, so this stand-in must have one too.
//!
//! The only module of this package that may draw randomness.

pub(crate) use rand_core_06::OsRng as ChipRng;
use rand_core_06::RngCore;

/// The applet's PIN has 8 digits; the holder never sees it.
const APPLET_PIN_DIGITS: usize = 8;

/// A fresh GUID (RFC 9562, version 4) for the card holder unique identifier.
pub(crate) fn fresh_guid() -> [u8; 16] {
    let mut guid = [0; 16];
    ChipRng.fill_bytes(&mut guid);
    guid[6] = guid[6] & 0x0f | 0x40;
    guid[8] = guid[8] & 0x3f | 0x80;
    guid
}

/// A random PIN of 8 digits, each equally likely.
pub(crate) fn fresh_applet_pin() -> [u8; APPLET_PIN_DIGITS] {
    let mut number = ChipRng.next_u64() % 100_000_000;
    let mut pin = [b'0'; APPLET_PIN_DIGITS];
    for digit in pin.iter_mut().rev() {
        *digit = b'0' + u8::try_from(number % 10).unwrap_or(0);
        number /= 10;
    }
    pin
}
