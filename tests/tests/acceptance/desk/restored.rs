//! A backup is what was there, elsewhere: with the cards that are out, and with nothing else.

use std::{fs, path::Path, sync::Mutex};

use api::{
    backup::{self, RecoveryKey},
    clock::Entropy,
    config::Config,
};
use tempfile::TempDir;
use tests::desk::{Desk, scene::Scene};

fn recovery(seed: u64) -> RecoveryKey {
    RecoveryKey::draw(&Entropy::Seeded(Mutex::new(seed)))
}

/// The folder of a backup of this desk, made while it runs.
async fn backup_of(desk: &Desk, folder: &Path, recovery: &RecoveryKey) {
    let entropy = Entropy::Seeded(Mutex::new(5_000));
    let config = desk.app().config();
    backup::back_up(config, folder, recovery.recipient(), &entropy, desk.now()).await.unwrap();
}

async fn restore(
    desk: &Desk,
    config: &Config,
    from: &Path,
    recovery: &RecoveryKey,
) -> anyhow::Result<backup::Restored> {
    let entropy = Entropy::Seeded(Mutex::new(6_000));
    backup::restore(config, from, recovery, &entropy, desk.now()).await
}

#[tokio::test]
async fn a_card_is_unlocked_and_logs_in_where_the_backup_of_a_running_server_was_restored() {
    let mut scene = Scene::registered().await.unwrap();
    let folder = TempDir::new().unwrap();
    let (backup, ours) = (folder.path().join("backup"), recovery(1));
    backup_of(&scene.desk, &backup, &ours).await;
    // The first server goes on, and is lost with what it does now.
    let head = scene.desk.head().await.unwrap();
    scene.desk.person("Somebody Later").await.unwrap();
    let config = Config::for_testing(&folder.path().join("data"));
    let restored = restore(&scene.desk, &config, &backup, &ours).await.unwrap();
    assert_eq!(restored.head, head);
    assert!(0 < restored.n_opened, "the card's unlocking key is sealed in the vault");
    let desk = Desk::open_restored(folder, scene.desk.now(), 1_000_000).await.unwrap();
    scene.agent = desk.connect(scene.agent.id(), "ward 3").await.unwrap();
    scene.browser = desk.browser();
    scene.desk = desk;
    scene.agent.sees(Some(&scene.card)).await.unwrap();
    scene.lock_card();
    scene.unlock("Second02").await.unwrap();
    assert_eq!(scene.card.tries_left(), 3);
    assert_eq!(scene.log_in().await.unwrap().location(), Some("/home"));
}

#[tokio::test]
async fn what_is_damaged_or_sealed_to_another_key_restores_nothing_and_leaves_nothing() {
    let scene = Scene::open().await.unwrap();
    let folder = TempDir::new().unwrap();
    let (backup, ours) = (folder.path().join("backup"), recovery(1));
    backup_of(&scene.desk, &backup, &ours).await;
    let config = Config::for_testing(&folder.path().join("data"));
    let is_empty =
        || !config.data_dir.exists() || fs::read_dir(&config.data_dir).unwrap().next().is_none();

    let refused = restore(&scene.desk, &config, &backup, &recovery(2)).await.unwrap_err();
    let public = ours.recipient().to_string();
    assert!(
        format!("{refused:#}").contains(&public),
        "it names the key that opens it: {refused:#}"
    );
    assert!(is_empty());

    for name in ["log.db", "keys.sealed", "backup.json"] {
        let path = backup.join(name);
        let good = fs::read(&path).unwrap();
        let mut torn = good.clone();
        let middle = torn.len() / 2;
        torn[middle] ^= 1;
        fs::write(&path, &torn).unwrap();
        assert!(restore(&scene.desk, &config, &backup, &ours).await.is_err(), "{name}");
        assert!(is_empty(), "{name}");
        fs::remove_file(&path).unwrap();
        assert!(restore(&scene.desk, &config, &backup, &ours).await.is_err(), "{name}");
        assert!(is_empty(), "{name}");
        fs::write(&path, &good).unwrap();
    }

    restore(&scene.desk, &config, &backup, &ours).await.unwrap();
    let again = restore(&scene.desk, &config, &backup, &ours).await.unwrap_err();
    assert!(format!("{again:#}").contains("is not empty"), "{again:#}");
    assert!(config.log_database().exists(), "what is there is nobody's to clear");
}

#[tokio::test]
async fn a_backup_holds_no_key_in_plain_and_nobody_but_its_owner_reads_it() {
    use std::os::unix::fs::PermissionsExt as _;
    let scene = Scene::open().await.unwrap();
    let folder = TempDir::new().unwrap();
    let (backup, ours) = (folder.path().join("backup"), recovery(1));
    backup_of(&scene.desk, &backup, &ours).await;
    assert_eq!(fs::metadata(&backup).unwrap().permissions().mode() & 0o777, 0o700);
    let mut n_keys = 0;
    for entry in fs::read_dir(&backup).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600, "{path:?}");
        let bytes = fs::read(&path).unwrap();
        for key in fs::read_dir(scene.desk.app().config().keystore_dir()).unwrap() {
            let key = key.unwrap().path();
            if key.extension().is_some_and(|ending| ending == "key") {
                let text = fs::read_to_string(&key).unwrap();
                let raw = hex::decode(text.trim_end()).unwrap();
                for form in [text.trim_end().as_bytes(), &raw] {
                    assert!(!bytes.windows(form.len()).any(|at| at == form), "{path:?} {key:?}");
                }
                n_keys += 1;
            }
        }
    }
    assert!(3 * 7 <= n_keys, "{n_keys}");
}
