//! Keystores made, opened, tampered with and torn.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use chrono::{DateTime, Utc};
use issuer::{CertificateFacts, PRIVATE_KEY_BYTES, PrivateKey};
use stores::log::Mode;

use super::{KeyName, Keystore, KeystoreError};

fn now() -> DateTime<Utc> {
    "2026-03-10T09:30:00Z".parse().unwrap()
}

/// Bytes that are different every time and the same in every run.
fn counting() -> impl FnMut(&mut [u8]) {
    let mut next = 0_u8;
    move |bytes| {
        for byte in bytes {
            next = next.wrapping_mul(5).wrapping_add(1);
            *byte = next;
        }
    }
}

fn create(folder: &Path, mode: Mode) -> Result<Keystore, KeystoreError> {
    Keystore::create(folder, mode, &mut counting(), now())
}

fn allow(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn mode_of(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

#[test]
fn a_keystore_is_the_same_when_it_is_opened_again() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("var/keys");
    let made = create(&folder, Mode::Production).unwrap();
    let opened = Keystore::open(&folder, Mode::Production).unwrap();
    for name in KeyName::ALL {
        assert_eq!(made.current(name).unwrap().version, 1);
        assert_eq!(made.current(name).unwrap().key, opened.current(name).unwrap().key);
        assert!(opened.version(name, 2).is_none());
    }
    assert_eq!(opened.created_at(), now());
    assert_eq!(opened.mode(), Mode::Production);
    let card = "0A1B".parse().unwrap();
    assert!(made.management_key_of(1, &card).is_some());
    assert_eq!(made.management_key_of(1, &card), opened.management_key_of(1, &card));
    assert_eq!(opened.management_key_of(2, &card), None);
    let chain = opened.cards_authority().unwrap().chain();
    assert_eq!(chain, made.cards_authority().unwrap().chain());
    assert_eq!(chain.len(), 2);
}

#[test]
fn every_key_is_another_one() {
    let folder = tempfile::tempdir().unwrap();
    let keystore = create(&folder.path().join("keys"), Mode::Demo).unwrap();
    for one in KeyName::ALL {
        for other in KeyName::ALL.into_iter().filter(|other| *other != one) {
            assert_ne!(keystore.current(one).unwrap().key, keystore.current(other).unwrap().key);
        }
    }
}

#[test]
fn only_the_owner_may_read_what_was_made() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("keys");
    create(&folder, Mode::Demo).unwrap();
    assert_eq!(mode_of(&folder), 0o700);
    let mut names = vec![];
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode_of(&path), 0o600, "{}", path.display());
        names.push(path.file_name().unwrap().to_str().unwrap().to_owned());
    }
    names.sort_unstable();
    assert_eq!(
        names,
        [
            ".lock",
            "agents-authority.1.key",
            "agents-authority.1.pem",
            "card-management.1.key",
            "cards-issuing.1.key",
            "cards-issuing.1.pem",
            "cards-root.1.key",
            "keystore.toml",
            "pepper.1.key",
            "poprf.1.key",
            "seal.1.key",
            "ticket.1.key",
        ]
    );
}

#[test]
fn looser_permissions_of_folder_or_file_are_refused() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("keys");
    create(&folder, Mode::Demo).unwrap();
    for (path, loose, strict) in [
        (folder.clone(), 0o750, 0o700),
        (folder.join("pepper.1.key"), 0o640, 0o600),
        (folder.join("agents-authority.1.key"), 0o604, 0o600),
        (folder.join("keystore.toml"), 0o620, 0o600),
    ] {
        allow(&path, loose);
        let error = Keystore::open(&folder, Mode::Demo).unwrap_err();
        let text = error.to_string();
        assert!(matches!(error, KeystoreError::TooOpen { .. }), "{text}");
        assert!(text.contains(path.to_str().unwrap()) && text.contains("chmod"), "{text}");
        allow(&path, strict);
        assert!(Keystore::open(&folder, Mode::Demo).is_ok());
    }
}

#[test]
fn demo_and_production_never_open_each_others_keys() {
    let parent = tempfile::tempdir().unwrap();
    for (made, asked) in [(Mode::Demo, Mode::Production), (Mode::Production, Mode::Demo)] {
        let folder = parent.path().join(made.to_string());
        create(&folder, made).unwrap();
        let opened = Keystore::open_or_create(&folder, asked, &mut counting(), now());
        assert!(matches!(
            opened,
            Err(KeystoreError::OtherMode { found, asked: wanted, .. }) if found == made && wanted == asked
        ));
    }
}

#[test]
fn a_demo_authority_gives_itself_away_in_a_folder_that_claims_to_be_for_production() {
    let parent = tempfile::tempdir().unwrap();
    let (demo, production) = (parent.path().join("demo"), parent.path().join("production"));
    create(&demo, Mode::Demo).unwrap();
    create(&production, Mode::Production).unwrap();
    for name in ["agents-authority.1.key", "agents-authority.1.pem"] {
        fs::copy(demo.join(name), production.join(name)).unwrap();
    }
    let opened = Keystore::open(&production, Mode::Production);
    assert!(matches!(opened, Err(KeystoreError::OtherMode { found: Mode::Demo, .. })));
}

#[test]
fn a_demo_keystore_issues_certificates_that_say_so() {
    let parent = tempfile::tempdir().unwrap();
    for mode in [Mode::Demo, Mode::Production] {
        let keystore = create(&parent.path().join(mode.to_string()), mode).unwrap();
        let agents = keystore.agents_authority().unwrap();
        let facts = CertificateFacts::read(agents.certificate_der()).unwrap();
        assert_eq!(facts.demo, mode == Mode::Demo);
    }
}

#[test]
fn a_folder_that_was_left_unfinished_is_finished_and_no_key_in_it_is_written_over() {
    let parent = tempfile::tempdir().unwrap();
    for (place, lost) in [
        "ticket.1.key",
        "agents-authority.1.pem",
        "cards-issuing.1.pem",
        "cards-issuing.1.pem cards-root.1.key",
        "agents-authority.1.pem agents-authority.1.key",
    ]
    .into_iter()
    .enumerate()
    {
        let folder = parent.path().join(place.to_string());
        let torn = create(&folder, Mode::Demo).unwrap();
        for name in lost.split(' ').chain(["keystore.toml"]) {
            fs::remove_file(folder.join(name)).unwrap();
        }
        assert!(matches!(Keystore::open(&folder, Mode::Demo), Err(KeystoreError::NotThere(_))));
        let mut entropy = counting();
        entropy(&mut [0; 7]);
        let whole = Keystore::open_or_create(&folder, Mode::Demo, &mut entropy, now()).unwrap();
        for name in KeyName::ALL {
            let kept = whole.current(name).unwrap().key == torn.current(name).unwrap().key;
            assert_eq!(kept, !lost.contains(name.as_str()), "{lost}: {name:?}");
        }
        let cards = |keystore: &Keystore| keystore.cards_authority().unwrap().chain();
        assert_eq!(cards(&whole) == cards(&torn), !lost.contains("cards"), "{lost}");
    }
}

#[test]
fn a_finished_keystore_is_never_made_again() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("keys");
    let first = create(&folder, Mode::Demo).unwrap();
    assert!(matches!(create(&folder, Mode::Demo), Err(KeystoreError::Exists(_))));
    let again = Keystore::open_or_create(&folder, Mode::Demo, &mut counting(), now()).unwrap();
    assert_eq!(
        first.current(KeyName::Pepper).unwrap().key,
        again.current(KeyName::Pepper).unwrap().key
    );
}

#[test]
fn two_processes_do_not_make_a_keystore_in_one_place() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("keys");
    let files = super::Folder::make(&folder).unwrap();
    let lock = files.lock().unwrap();
    assert!(matches!(create(&folder, Mode::Demo), Err(KeystoreError::Busy(_))));
    drop(lock);
    assert!(create(&folder, Mode::Demo).is_ok());
}

#[test]
fn the_highest_version_is_current_and_the_older_ones_are_still_there() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("keys");
    let before = create(&folder, Mode::Demo).unwrap();
    let path = folder.join("pepper.10.key");
    fs::write(&path, "ab".repeat(32)).unwrap();
    allow(&path, 0o600);
    let after = Keystore::open(&folder, Mode::Demo).unwrap();
    assert_eq!(after.current(KeyName::Pepper).unwrap().version, 10);
    assert_eq!(*after.current(KeyName::Pepper).unwrap().key, [0xAB; 32]);
    let old = after.version(KeyName::Pepper, 1).unwrap();
    assert_eq!(old.key, before.current(KeyName::Pepper).unwrap().key);
    assert_eq!(after.all(KeyName::Pepper).count(), 2);
    assert_eq!(after.all(KeyName::Poprf).count(), 1);
}

#[test]
fn a_missing_or_damaged_file_is_named() {
    let parent = tempfile::tempdir().unwrap();
    for (place, file, text) in [
        (0, "seal.1.key", None),
        (1, "seal.1.key", Some("abcd")),
        (2, "seal.1.key", Some("")),
        (3, "cards-issuing.1.pem", Some("-----BEGIN CERTIFICATE-----\n")),
        (4, "cards-issuing.1.pem", None),
        (5, "agents-authority.1.pem", Some("")),
        (6, "keystore.toml", Some("mode = \"demo\"\n")),
        (7, "seal.0.key", Some("")),
        (8, "seal.01.key", Some("")),
    ] {
        let folder = parent.path().join(place.to_string());
        create(&folder, Mode::Demo).unwrap();
        let path = folder.join(file);
        match text {
            Some(text) => fs::write(&path, text).unwrap(),
            None => fs::remove_file(&path).unwrap(),
        }
        if path.exists() {
            allow(&path, 0o600);
        }
        let error = Keystore::open(&folder, Mode::Demo).unwrap_err().to_string();
        assert!(error.contains(folder.to_str().unwrap()), "{file}: {error}");
    }
}

#[test]
fn a_number_that_is_no_private_key_is_drawn_again_and_not_for_ever() {
    let parent = tempfile::tempdir().unwrap();
    let mut once = counting();
    let mut bad = 1;
    let mut entropy = |bytes: &mut [u8]| {
        once(bytes);
        if bytes.len() == 48 && 0 < bad {
            bad -= 1;
            bytes.fill(0xFF);
        }
    };
    assert!(Keystore::create(&parent.path().join("a"), Mode::Demo, &mut entropy, now()).is_ok());
    let mut never = |bytes: &mut [u8]| bytes.fill(0xFF);
    let made = Keystore::create(&parent.path().join("b"), Mode::Demo, &mut never, now());
    assert!(matches!(made, Err(KeystoreError::Authority { .. })));
}

#[test]
fn no_key_shows_in_debug() {
    let parent = tempfile::tempdir().unwrap();
    let keystore = create(&parent.path().join("keys"), Mode::Demo).unwrap();
    let key = keystore.current(KeyName::Pepper).unwrap();
    assert_eq!(format!("{key:?}"), "VersionedKey(version 1, …)");
    let shown = format!("{keystore:?}");
    assert!(shown.starts_with("Keystore(") && shown.ends_with("demo, …)"), "{shown}");
}

#[test]
fn an_issuing_key_that_is_elsewhere_is_certified_and_never_drawn_here() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("keys");
    // What signs in an HSM's place.
    let key = |seed: u8| PrivateKey::from_scalar(&[seed; PRIVATE_KEY_BYTES]).unwrap();
    let make = || {
        let in_hsm = Some(key(7).into());
        Keystore::open_or_make(&folder, Mode::Production, in_hsm, &mut counting(), now())
    };
    for keystore in [make().unwrap(), make().unwrap()] {
        let missing = keystore.cards_authority();
        assert!(matches!(missing, Err(KeystoreError::Missing { name: "cards-issuing", .. })));
        let chain = keystore.cards_authority_with(key(7).into()).unwrap().chain();
        assert_eq!(chain.len(), 2);
        let another = keystore.cards_authority_with(key(8).into());
        assert!(matches!(another, Err(KeystoreError::Authority { .. })));
    }
    assert!(!folder.join("cards-issuing.1.key").exists());
    assert!(folder.join("cards-issuing.1.pem").exists());
    let demo = Keystore::open(&folder, Mode::Demo);
    assert!(matches!(demo, Err(KeystoreError::OtherMode { .. })));
}
