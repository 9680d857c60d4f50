//! Ids that follow from other ids, so that whoever does a step again, after a crash or beside
//! another worker, comes to the same ones and is recognised.

use sha2::{Digest as _, Sha256};
use uuid::Uuid;

/// `UUIDv8` of SHA-256 over a label and parts, each preceded by its length.
pub(crate) fn derived(label: &str, parts: &[&[u8]]) -> Uuid {
    let digest = digest(label, parts);
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    Uuid::new_v8(bytes)
}

/// A number from -1000 to 1000 that is as good as random, and the same for the same parts.
pub(crate) fn scattered(label: &str, parts: &[&[u8]]) -> i64 {
    let digest = digest(label, parts);
    i64::from(u16::from_be_bytes([digest[0], digest[1]]) % 2001) - 1000
}

fn digest(label: &str, parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in [label.as_bytes()].iter().chain(parts) {
        hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_parts_give_the_same_id_and_parts_cut_elsewhere_another() {
        assert_eq!(derived("a", &[b"bc", b"d"]), derived("a", &[b"bc", b"d"]));
        assert_ne!(derived("a", &[b"bc", b"d"]), derived("a", &[b"b", b"cd"]));
        assert_ne!(derived("a", &[b"bc"]), derived("b", &[b"bc"]));
    }

    #[test]
    fn scattered_numbers_stay_in_their_range() {
        let numbers: Vec<i64> =
            (0_u32..1000).map(|n| scattered("n", &[&n.to_be_bytes()])).collect();
        assert!(numbers.iter().all(|number| (-1000..=1000).contains(number)));
        assert!(numbers.iter().any(|number| *number < -900));
        assert!(numbers.iter().any(|number| 900 < *number));
    }
}
