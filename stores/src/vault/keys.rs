//! The keys that make the vault's rows worthless without the keystore.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, PoisonError, RwLock},
};

use zeroize::Zeroizing;

/// The versions of one key. New rows use the current one and name it; old rows are read with the
/// version they name.
pub struct Keys {
    current: u32,
    versions: BTreeMap<u32, Zeroizing<[u8; 32]>>,
}

impl Keys {
    /// A key with one version, which is current.
    #[must_use]
    pub fn new(version: u32, key: [u8; 32]) -> Self {
        Self { current: version, versions: BTreeMap::from([(version, Zeroizing::new(key))]) }
    }

    /// Adds a version that is only read.
    #[must_use]
    pub fn with_older(mut self, version: u32, key: [u8; 32]) -> Self {
        self.versions.entry(version).or_insert_with(|| Zeroizing::new(key));
        self
    }

    /// The version that new rows use, and its key.
    #[must_use]
    pub fn current(&self) -> (u32, &[u8; 32]) {
        (self.current, &self.versions[&self.current])
    }

    /// The key of one version.
    #[must_use]
    pub fn by_version(&self, version: u32) -> Option<&[u8; 32]> {
        self.versions.get(&version).map(|key| &**key)
    }

    /// The newest version before this one, or the oldest of all if there is none.
    #[must_use]
    pub fn before(&self, version: u32) -> (u32, &[u8; 32]) {
        let before = self.versions.range(..version).next_back();
        let found = before.or_else(|| self.versions.first_key_value());
        found.map_or_else(|| self.current(), |(version, key)| (*version, &**key))
    }
}

/// Says which versions there are, and nothing of the keys.
impl fmt::Debug for Keys {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_list().entries(self.versions.keys()).finish()
    }
}

/// A key that changes while the server runs. What was begun with the versions of before goes on with
/// them.
pub struct RotatingKeys(RwLock<Arc<Keys>>);

impl RotatingKeys {
    /// The versions of now.
    #[must_use]
    pub fn now(&self) -> Arc<Keys> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Other versions from now on.
    pub(super) fn replace(&self, keys: Keys) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
    }
}

impl From<Keys> for RotatingKeys {
    fn from(keys: Keys) -> Self {
        Self(RwLock::new(Arc::new(keys)))
    }
}

impl fmt::Debug for RotatingKeys {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.now().fmt(formatter)
    }
}

/// What the stores need of the keystore. None of it is ever in the database.
#[derive(Debug)]
pub struct VaultKeys {
    /// Keys every digest (HMAC-SHA-256).
    pub pepper: Keys,
    /// Wraps the data key of every sealed row (AES-256-GCM).
    pub seal: Keys,
    /// Wraps the data key of sealed PUKs (AES-256-GCM); none in a process that may open none.
    pub puk: Option<Keys>,
    /// Makes mailed codes (HMAC-SHA-256); a new version every day.
    pub code: RotatingKeys,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_a_current_version_and_older_ones_and_shows_none() {
        let keys = Keys::new(2, [2; 32]).with_older(1, [1; 32]);
        assert_eq!(keys.current(), (2, &[2; 32]));
        assert_eq!(keys.by_version(1), Some(&[1; 32]));
        assert_eq!(keys.by_version(3), None);
        assert_eq!([0, 1, 2, 3].map(|version| keys.before(version).0), [1, 1, 1, 2]);
        assert_eq!(format!("{keys:?}"), "[1, 2]");
    }
}
