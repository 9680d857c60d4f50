//! The auditor's answers: from an export alone the same as from the log, byte for byte; and an export
//! that does not grow in memory with the log.

use std::{
    collections::BTreeSet,
    fs::{self, File},
    io::{BufRead as _, BufReader},
    path::Path,
    process::Command,
};

use api::{
    audit::{explain::Explained, offline, state::AsOf, story::Story},
    simulate::{Account, Begun, Plan, simulate},
};
use chrono::{DateTime, TimeDelta, Utc};
use domain::ids::{CommandId, EventId, HolderId};
use futures::TryStreamExt as _;
use stores::{
    event_store::{EventStore, Expected, Filter, NewEvent, Position, canonical},
    log,
    sqlite::{Database, Options},
};
use tests::{held::Held, sandbox::program};
use uuid::Uuid;

use super::operator::{configured, latchkey};

/// Points at which server and export are compared.
const POINTS: u32 = 200;

/// Events of the log whose export is measured; `soak` asks for a million.
const EVENTS: &str = "LATCHKEY_EXPORTED_EVENTS";
const EVENTS_USUAL: u32 = 20_000;

/// Events of one append.
const BATCH: u32 = 50;

/// The most memory that an export takes, whatever the length of the log, in MB: what the program
/// itself needs, and a page.
const MEMORY_MAX: u64 = 160;

/// Numbers that look drawn, and are the same every time.
struct Draw(u64);

impl Draw {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

async fn holders(log: &dyn EventStore) -> Vec<HolderId> {
    let only = Filter::Categories(vec!["holder".to_owned()]);
    let events: Vec<_> = log.read_all(Position::START, only).try_collect().await.unwrap();
    let mut holders: Vec<HolderId> =
        events.iter().map(|event| event.stream.subject().parse().unwrap()).collect();
    holders.sort();
    holders.dedup();
    holders
}

async fn export_of(begun: &Begun) -> Vec<u8> {
    let mut export = Vec::new();
    Account::of(begun.log(), begun.policies(), Some(&mut export)).await.unwrap();
    export
}

#[tokio::test(flavor = "multi_thread")]
async fn b14_the_state_as_of_200_points_is_the_same_from_an_export_as_from_the_log_byte_for_byte() {
    let folder = tempfile::tempdir().unwrap();
    let plan = Plan { holders: 6, days: 420, seed: 11, certificate_days: Some(300) };
    let (begun, _) = simulate(plan, folder.path()).await.unwrap();
    let (export, all) = (export_of(&begun).await, holders(begun.log()).await);
    let (mut draw, mut n_different) = (Draw(2026), BTreeSet::new());
    let begins: DateTime<Utc> = "2025-01-02T00:00:00Z".parse().unwrap();
    for _ in 0..POINTS {
        let holder = all[usize::try_from(draw.below(all.len() as u64)).unwrap()];
        let minutes = i64::try_from(draw.below(780 * 24 * 60)).unwrap();
        let at = begins + TimeDelta::minutes(minutes);
        let live = Story::from_log(begun.log(), holder, at).await.unwrap();
        let (read, _) = offline::story(export.as_slice(), holder, at).unwrap();
        let bytes = AsOf::of(&live).unwrap().bytes().unwrap();
        assert_eq!(AsOf::of(&read).unwrap().bytes().unwrap(), bytes, "{holder} {at}");
        let explained = Explained::of(&live).unwrap().bytes().unwrap();
        assert_eq!(Explained::of(&read).unwrap().bytes().unwrap(), explained, "{holder} {at}");
        n_different.insert(explained);
    }
    // The points are such that there is something to compare.
    assert!(100 < n_different.len(), "{}", n_different.len());
}

#[test]
fn the_command_tells_of_an_export_what_the_library_tells() {
    let folder = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let at = "2026-01-20T12:00:00Z";
    let (export, holder, expected) = runtime.block_on(async {
        let plan = Plan { holders: 2, days: 30, seed: 3, certificate_days: None };
        let (begun, _) = simulate(plan, folder.path()).await.unwrap();
        let holder = holders(begun.log()).await[0];
        let story = Story::from_log(begun.log(), holder, at.parse().unwrap()).await.unwrap();
        (export_of(&begun).await, holder, AsOf::of(&story).unwrap().bytes().unwrap())
    });
    let file = folder.path().join("export.jsonl");
    fs::write(&file, export).unwrap();
    let output = Command::new(program("latchkey").unwrap())
        .args(["audit", "as-of", "--holder", &holder.to_string(), "--at", at, "--from"])
        .arg(&file)
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&expected));
}

/// Appends so many events to the log of a stopped server, each as large as a passcode that is set.
async fn fill(log: &Path, n_events: u32) {
    let database = Database::open(log, &Options::default()).await.unwrap();
    let log = database.log();
    let at = log::last(&log).await.unwrap().unwrap().at;
    for batch in 0..n_events / BATCH {
        let command = CommandId(Uuid::from_u64_pair(7, batch.into()));
        let events = (0..BATCH).map(|place| NewEvent {
            id: EventId::derive(command, place),
            kind: "Measured".to_owned(),
            schema: 1,
            data: canonical(&serde_json::json!({ "filler": "x".repeat(200) })).unwrap(),
            meta: b"{}".to_vec(),
        });
        let stream = format!("measured-{batch}").parse().unwrap();
        log.append(&stream, Expected::NoStream, events.collect(), at).await.unwrap();
    }
    drop(log);
    database.close().await;
}

/// Exports into a new file; what was said about it.
fn exported(config: &Path, to: &Path, from: &str) -> String {
    let arguments = ["audit", "export", "--from", from, "--to", to.to_str().unwrap()];
    let output = latchkey(config, &arguments);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{said}");
    said
}

fn lines(export: &Path) -> impl Iterator<Item = String> {
    BufReader::new(File::open(export).unwrap()).lines().map(Result::unwrap)
}

#[test]
fn an_export_is_the_same_from_a_running_server_and_takes_no_more_memory_for_a_long_log() {
    let n_events = std::env::var(EVENTS).map_or(EVENTS_USUAL, |text| text.parse().unwrap());
    let (folder, config) = configured();
    let at = |name: &str| folder.path().join(name);
    let start = || {
        let arguments = ["--config", config.to_str().unwrap(), "all"];
        Held::start("latchkey", &arguments, &[], "\"ready\"").unwrap()
    };
    drop(start());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(fill(&at("data/log.db"), n_events));
    let [stopped, running, rest] = ["stopped", "running", "rest"].map(at);
    let said = exported(&config, &stopped, "0");
    println!("{n_events} events, stopped server: {said}");
    let memory = said.split("memory at most ").nth(1).unwrap().split(' ').next().unwrap();
    assert!(memory.parse::<u64>().unwrap() <= MEMORY_MAX, "{said}");

    let server = start();
    println!("{n_events} events, running server: {}", exported(&config, &running, "0"));
    // What the stopped server has told, line by line, and then what the start of this one recorded.
    let mut again = lines(&running);
    let (mut n_lines, mut last) = (0, String::new());
    for line in lines(&stopped) {
        assert_eq!(again.next().as_ref(), Some(&line));
        (n_lines, last) = (n_lines + 1, line);
    }
    assert!(n_events < n_lines);
    let last: serde_json::Value = serde_json::from_str(&last).unwrap();
    exported(&config, &rest, &last["position"].to_string());
    assert_eq!(lines(&rest).collect::<Vec<_>>(), again.collect::<Vec<_>>());
    drop(server);
}
