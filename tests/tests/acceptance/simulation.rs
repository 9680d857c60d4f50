//! A simulated population, judged by code that shares nothing with what it judges: the export alone
//! says whether every alert, forced change, announcement and lock is there, once, on its day, and
//! whether every renewal was one that the rules let happen.

mod certificates;
mod export;
mod rebuilt;
mod recomputed;
mod written;

use std::{collections::BTreeMap, path::Path, process::Command, sync::LazyLock};

use tests::sandbox::program;

use self::{
    certificates::Sums,
    export::{Export, What},
};

/// Holders of the simulation; `soak` asks for more.
const HOLDERS: &str = "LATCHKEY_SIMULATED_HOLDERS";

/// Days after the year in which everybody is registered: three years; `soak` asks for fewer.
const DAYS: &str = "LATCHKEY_SIMULATED_DAYS";
const THREE_YEARS: u32 = 1095;

/// For how many days certificates are issued, so that three years see two self renewals, the
/// registration authority's, and another.
const CERTIFICATE_DAYS: u32 = 300;

/// The population that both parts of the rules are judged by: it is long in the making.
static POPULATION: LazyLock<Export> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("export.jsonl");
    simulate(holders(), days(), 7, &path);
    Export::read(&path)
});

fn number(name: &str, usual: u32) -> u32 {
    std::env::var(name).map_or(usual, |text| text.parse().unwrap())
}

fn holders() -> u32 {
    number(HOLDERS, 200)
}

fn days() -> u32 {
    number(DAYS, THREE_YEARS)
}

/// So many, for so long, that everything happens.
fn is_large() -> bool {
    200 <= holders() && THREE_YEARS <= days()
}

fn simulate(holders: u32, days: u32, seed: u32, export: &Path) -> String {
    let output = Command::new(program("latchkey").unwrap())
        .arg("simulate")
        .args(["--holders", &holders.to_string(), "--days", &days.to_string()])
        .args(["--certificate-days", &CERTIFICATE_DAYS.to_string()])
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
fn p14_p17_p18_b15_every_alert_force_and_lock_of_a_simulation_is_there_once_and_on_its_day() {
    let export = &*POPULATION;
    assert_eq!(export.histories.len(), usize::try_from(holders()).unwrap());
    let mut n_of: BTreeMap<&str, usize> = BTreeMap::new();
    for (holder, history) in &export.histories {
        let expected = recomputed::expected(history, &export.numbers, days());
        let found: Vec<What> = history.iter().filter(|one| one.is_record()).cloned().collect();
        assert_eq!(found, expected, "{holder}");
        for what in &found {
            *n_of.entry(what.name()).or_default() += 1;
        }
    }
    // The population is such that everything happens.
    for name in ["alert", "forced", "announced", "locked"] {
        assert!(!is_large() || 10 < n_of[name], "{n_of:?}");
    }
}

#[test]
fn c05_c06_c07_every_alert_about_certificates_of_a_simulation_is_there_once_and_on_its_day() {
    let export = &*POPULATION;
    assert_eq!(export.certificates.len(), usize::try_from(holders()).unwrap());
    for (holder, facts) in &export.certificates {
        let expected = certificates::expected_alerts(facts, days());
        assert_eq!(certificates::alerts(facts), expected, "{holder}");
    }
}

#[test]
fn c01_c03_c04_b49_b50_b51_b52_b55_every_renewal_of_a_simulation_was_allowed_and_counted_once() {
    let all: Vec<Sums> = POPULATION
        .certificates
        .iter()
        .map(|(holder, facts)| certificates::check(holder, facts))
        .collect();
    let total = |of: fn(&Sums) -> usize| all.iter().map(of).sum::<usize>();
    let found = [
        ("self renewals", total(|sums| sums.n_self)),
        ("renewals with the authority", total(|sums| sums.n_authority)),
        ("torn updates", total(|sums| sums.n_torn)),
        ("alerts put off", total(|sums| sums.n_declined)),
        ("revocations", total(|sums| sums.n_revoked)),
        ("refused log-ins with expired certificates", total(|sums| sums.n_expired)),
        ("pairs with all their thirty alerts", total(|sums| sums.n_whole_months)),
    ];
    println!("{found:?}");
    // The population is such that everything happens.
    for (name, n_found) in found {
        assert!(!is_large() || 10 < n_found, "{name}: {n_found}");
    }
}

#[test]
fn b15_every_event_that_is_told_by_mail_has_one_mail_that_went_out_or_came_too_late() {
    let export = &*POPULATION;
    assert!(!export.told.is_empty());
    assert_eq!(export.mailed, export.told);
}

#[test]
fn the_same_seed_gives_the_same_digest_and_another_seed_another() {
    let folder = tempfile::tempdir().unwrap();
    let digest = |seed, name: &str| {
        let output = simulate(30, 60, seed, &folder.path().join(name));
        line(&output, "digest").to_owned()
    };
    let first = digest(7, "first");
    assert_eq!(digest(7, "second"), first);
    assert_ne!(digest(8, "third"), first);
}
