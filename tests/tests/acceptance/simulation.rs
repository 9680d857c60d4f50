//! A simulated population, judged by code that shares nothing with what it judges: the export alone
//! says whether every alert, forced change, announcement and lock is there, once, on its day.

mod export;
mod recomputed;

use std::{collections::BTreeMap, path::Path, process::Command};

use tests::sandbox::program;

use self::export::{Export, What};

/// Holders of the simulation; `soak` asks for more.
const HOLDERS: &str = "LATCHKEY_SIMULATED_HOLDERS";

/// Days after the year in which everybody is registered.
const DAYS: u32 = 400;

fn simulate(holders: u32, seed: u32, export: &Path) -> String {
    let output = Command::new(program("latchkey").unwrap())
        .arg("simulate")
        .args(["--holders", &holders.to_string(), "--days", &DAYS.to_string()])
        .args(["--seed", &seed.to_string(), "--export"])
        .arg(export)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The line of the output that begins with this word.
fn line<'a>(output: &'a str, word: &str) -> &'a str {
    output.lines().find(|line| line.starts_with(word)).unwrap()
}

#[test]
fn p14_p17_p18_b15_every_alert_force_and_lock_of_a_year_is_there_once_and_on_its_day() {
    let holders = std::env::var(HOLDERS).map_or(1000, |text| text.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("export.jsonl");
    simulate(holders, 7, &path);
    let export = Export::read(&path);
    assert_eq!(export.histories.len(), usize::try_from(holders).unwrap());
    let mut n_of: BTreeMap<&str, usize> = BTreeMap::new();
    for (holder, history) in &export.histories {
        let expected = recomputed::expected(history, &export.numbers, DAYS);
        let found: Vec<What> = history.iter().filter(|one| one.is_record()).cloned().collect();
        assert_eq!(found, expected, "{holder}");
        for what in &found {
            *n_of.entry(what.name()).or_default() += 1;
        }
    }
    // The population is such that everything happens.
    for name in ["alert", "forced", "announced", "locked"] {
        assert!(holders < 500 || 10 < n_of[name], "{n_of:?}");
    }
}

#[test]
fn b15_every_event_that_is_told_by_mail_has_one_mail_that_went_out_or_came_too_late() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("export.jsonl");
    simulate(100, 8, &path);
    let export = Export::read(&path);
    assert!(!export.told.is_empty());
    assert_eq!(export.mailed, export.told);
}

#[test]
fn the_same_seed_gives_the_same_digest_and_another_seed_another() {
    let folder = tempfile::tempdir().unwrap();
    let digest = |seed, name: &str| {
        let output = simulate(60, seed, &folder.path().join(name));
        line(&output, "digest").to_owned()
    };
    let first = digest(7, "first");
    assert_eq!(digest(7, "second"), first);
    assert_ne!(digest(8, "third"), first);
}
