//! The keys of mailed codes: a new one every day, and each is kept until its last code is over (B-38).
//!
//! A version is the day on which it was made, counted from 1970. So a version says itself when the
//! one before it was replaced, and no table has to be kept in step with the files.

use chrono::{DateTime, Utc};
use domain::policy::{CODE_KNOWN_SECONDS_MAX, NOT_ME_HOURS_MAX};
use stores::vault::Keys;
pub use stores::vault::code_key_of;
use zeroize::Zeroizing;

use super::{KEY_BYTES, Keystore, KeystoreError};

/// How its files are called.
pub(super) const NAME: &str = "code";

/// A replaced key is kept for so many days, counted from the day on which it was replaced: no policy
/// makes us know a code for longer than one day, nor lets a mail be answered for longer than three
/// (B-57).
const KEPT_DAYS: u32 = 4;

/// The last code of a replaced key is made within the day on which it is replaced.
const _: () = assert!(CODE_KNOWN_SECONDS_MAX <= (KEPT_DAYS - 1) * 86_400);
const _: () = assert!(NOT_ME_HOURS_MAX as u32 * 3_600 <= (KEPT_DAYS - 1) * 86_400);

impl Keystore {
    /// The keys of mailed codes, as they are. A keystore that has none, because it is new or of an
    /// older build, gets one.
    ///
    /// # Errors
    /// If a file cannot be read or written, or another process renews them at this moment.
    pub fn code_keys(
        &self,
        now: DateTime<Utc>,
        entropy: &mut dyn FnMut(&mut [u8]),
    ) -> Result<Keys, KeystoreError> {
        if self.files.versions(NAME)?.is_empty() {
            return self.renew_code_keys(now, entropy);
        }
        self.read_code_keys()
    }

    /// The same with a key of today, made if there is none yet; those that no code can need any more
    /// are forgotten. The new one is on the disk before anybody has it; should the program die at any
    /// moment, the next one finds every key that a code was made with.
    ///
    /// # Errors
    /// As [`Keystore::code_keys`].
    pub fn renew_code_keys(
        &self,
        now: DateTime<Utc>,
        entropy: &mut dyn FnMut(&mut [u8]),
    ) -> Result<Keys, KeystoreError> {
        let _lock = self.files.lock()?;
        let today = code_key_of(now);
        let mut versions = self.files.versions(NAME)?;
        // After a clock that was ahead, the newest may be of a day to come; then it is current until
        // that day.
        if versions.last().is_none_or(|newest| *newest < today) {
            let mut key = Zeroizing::new([0; KEY_BYTES]);
            entropy(&mut *key);
            self.files.write_key(NAME, today, &*key)?;
            versions.push(today);
        }
        for replaced in versions.windows(2) {
            let (version, replaced_on) = (replaced[0], replaced[1]);
            if replaced_on.saturating_add(KEPT_DAYS) <= today {
                self.files.forget_key(NAME, version)?;
            }
        }
        self.read_code_keys()
    }

    /// The keys of mailed codes that are there now; none is made.
    ///
    /// # Errors
    /// If there are none, or a file cannot be read.
    pub fn read_code_keys(&self) -> Result<Keys, KeystoreError> {
        let read = super::read_versions(&self.files, NAME)?;
        let current = Keys::new(read.current.version, *read.current.key);
        let with =
            |keys: Keys, older: &super::VersionedKey| keys.with_older(older.version, *older.key);
        Ok(read.older.iter().fold(current, with))
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt as _};

    use chrono::TimeDelta;
    use stores::log::Mode;

    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    /// Every draw is another key.
    struct Draws(u8);

    impl Draws {
        fn draw(&mut self, bytes: &mut [u8]) {
            self.0 += 1;
            bytes.fill(self.0);
        }
    }

    fn keystore(folder: &std::path::Path) -> Keystore {
        let mut draws = Draws(100);
        let now = at("2026-03-10T09:30:00Z");
        Keystore::open_or_create(folder, Mode::Demo, &mut |bytes| draws.draw(bytes), now).unwrap()
    }

    fn renew(keystore: &Keystore, now: DateTime<Utc>, draws: &mut Draws) -> Keys {
        keystore.renew_code_keys(now, &mut |bytes| draws.draw(bytes)).unwrap()
    }

    #[test]
    fn b38_a_code_key_is_replaced_at_midnight_and_not_before() {
        let parent = tempfile::tempdir().unwrap();
        let keystore = keystore(&parent.path().join("keys"));
        let mut draws = Draws(0);
        let first =
            keystore.code_keys(at("2026-03-10T09:30:00Z"), &mut |bytes| draws.draw(bytes)).unwrap();
        let same = renew(&keystore, at("2026-03-10T23:59:59.999Z"), &mut draws);
        assert_eq!(first.current(), same.current());
        let next = renew(&keystore, at("2026-03-11T00:00:00Z"), &mut draws);
        assert_eq!(next.current(), (first.current().0 + 1, &[2; KEY_BYTES]));
        assert_eq!(next.by_version(first.current().0), Some(first.current().1));
    }

    #[test]
    fn b38_a_replaced_key_is_kept_for_as_long_as_a_code_of_it_may_live_and_then_its_file_is_gone() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("keys");
        let keystore = keystore(&folder);
        let mut draws = Draws(0);
        let (old, _) = renew(&keystore, at("2026-03-10T09:30:00Z"), &mut draws).current();
        // The server was busy, or off: the day's key was made late in the evening three days on, and
        // a moment before a code was made with the old one.
        let replaced_at = at("2026-03-13T23:59:59Z");
        let file = folder.join(format!("code.{old}.key"));
        for (later, is_there) in [
            (TimeDelta::zero(), true),
            (TimeDelta::hours(1), true),
            (TimeDelta::hours(72), true),
            (TimeDelta::hours(73), false),
        ] {
            let keys = renew(&keystore, replaced_at + later, &mut draws);
            assert_eq!(keys.by_version(old).is_some(), is_there, "{later}");
            assert_eq!(file.exists(), is_there, "{later}");
        }
        assert_eq!(keystore.code_keys(replaced_at, &mut |_| panic!()).unwrap().current().1[0], 5);
    }

    #[test]
    fn b38_a_program_that_dies_while_a_key_is_replaced_loses_no_key_that_a_code_was_made_with() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("keys");
        let mut draws = Draws(0);
        let (old, key) = {
            let keys = renew(&keystore(&folder), at("2026-03-10T09:30:00Z"), &mut draws);
            (keys.current().0, *keys.current().1)
        };
        // Half a file beside, as a crash leaves it.
        let half = folder.join(format!("code.{}.key.new", old + 1));
        fs::write(&half, "ab").unwrap();
        fs::set_permissions(&half, fs::Permissions::from_mode(0o600)).unwrap();
        let torn = keystore(&folder);
        let keys = torn.code_keys(at("2026-03-11T00:00:01Z"), &mut |_| panic!()).unwrap();
        assert_eq!(keys.current(), (old, &key));
        // The whole file is there, and nobody had it yet.
        renew(&torn, at("2026-03-11T00:00:01Z"), &mut draws);
        let after = keystore(&folder);
        let keys = after.code_keys(at("2026-03-11T00:00:02Z"), &mut |_| panic!()).unwrap();
        assert_eq!(keys.current().0, old + 1);
        assert_eq!(keys.by_version(old), Some(&key));
    }

    #[test]
    fn b38_a_clock_that_is_turned_back_takes_no_key_away() {
        let parent = tempfile::tempdir().unwrap();
        let keystore = keystore(&parent.path().join("keys"));
        let mut draws = Draws(0);
        let today = renew(&keystore, at("2026-03-10T09:30:00Z"), &mut draws).current().0;
        let ahead = renew(&keystore, at("2026-04-10T09:30:00Z"), &mut draws).current().0;
        let back = renew(&keystore, at("2026-03-11T09:30:00Z"), &mut draws);
        assert_eq!(back.current().0, ahead);
        assert!(back.by_version(today).is_some());
    }
}
