//! Random tokens as the tables know them: by hash, so that who reads a table can use none.

use std::fmt;

use sha2::{Digest as _, Sha256};

/// SHA-256 of a random token of at least 128 bits (session cookie, return code, enrolment code).
/// A passcode must never go in here: it could be searched.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenHash(pub [u8; 32]);

impl TokenHash {
    /// The hash of a token's bytes, as they travel.
    #[must_use]
    pub fn of(token: &[u8]) -> Self {
        Self(Sha256::digest(token).into())
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// Says nothing of the hash.
impl fmt::Debug for TokenHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("TokenHash(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_hash_shows_nothing_of_itself() {
        assert_eq!(format!("{:?}", TokenHash::of(b"token")), "TokenHash(..)");
        assert_ne!(TokenHash::of(b"token"), TokenHash::of(b"tokem"));
    }
}
