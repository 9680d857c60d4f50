//! kill -9 in the middle of writing, again and again: nothing that was acknowledged is lost, nothing
//! is there twice, and no event is in the log without its vault row.
//!
//! The parent test starts this very test binary as a child, counts what the child says was
//! acknowledged, kills it after a pseudo-random number of those, opens the file and compares.

use std::{
    collections::HashMap,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Command, Stdio},
};

use domain::ids::{CommandId, EventId, HolderId, SecretRef};
use futures::TryStreamExt as _;
use uuid::Uuid;

use crate::{
    event_store::{Expected, Filter, NewEvent, Position, Recorded, Revision, StreamName},
    sqlite::{Database, Options},
    testing::{at, keys},
    truth::Stores,
    vault::{NewPasscode, Swept},
};

/// Where the child finds the database; unset in an ordinary run of its test.
const FOLDER: &str = "LATCHKEY_CRASH_FOLDER";

/// Tells the children's commands apart.
const CYCLE: &str = "LATCHKEY_CRASH_CYCLE";

/// How many times to kill; CI asks for more.
const CYCLES: &str = "LATCHKEY_CRASH_CYCLES";
const CYCLES_DEFAULT: u64 = 20;

/// A child is killed after at most so many acknowledged appends.
const ACKS_MAX: u64 = 50;

const WRITERS: u64 = 8;

/// Every append is acknowledged by one line that starts so.
const ACK: &str = "ack";

/// The `number`-th command of one writer of one child.
fn command(cycle: u64, writer: u64, number: u64) -> CommandId {
    let (cycle, writer, number) = (u128::from(cycle), u128::from(writer), u128::from(number));
    CommandId(Uuid::from_u128(cycle << 96 | writer << 64 | number))
}

fn events(command: CommandId) -> Vec<NewEvent> {
    let n_events = 1 + command.0.as_u128() % 3;
    (0..u32::try_from(n_events).unwrap())
        .map(|index| NewEvent {
            id: EventId::derive(command, index),
            kind: if index == 0 { "First" } else { "Further" }.to_owned(),
            schema: 1,
            data: format!(r#""{}""#, command.0).into_bytes(),
            meta: b"{}".to_vec(),
        })
        .collect()
}

fn stream(writer: u64) -> StreamName {
    format!("holder-{writer}").parse().unwrap()
}

async fn open(folder: &Path) -> Database {
    Database::open(&folder.join("latchkey.db"), &Options::default()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_child_of_the_crash_test_writes_until_it_is_killed() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let cycle = std::env::var(CYCLE).unwrap().parse().unwrap();
    let stores = open(Path::new(&folder)).await.stores(keys());
    let writers = (0..WRITERS).map(|writer| tokio::spawn(write(stores.clone(), cycle, writer)));
    futures::future::join_all(writers).await;
}

/// Vault first, log second, then say so; for ever.
async fn write(stores: Stores, cycle: u64, writer: u64) {
    let stream = stream(writer);
    let there: Vec<Recorded> =
        stores.log.read_stream(&stream, Revision(0)).try_collect().await.unwrap();
    let mut expected = there.last().map_or(Expected::NoStream, |last| Expected::At(last.revision));
    for number in 0.. {
        let command = command(cycle, writer, number);
        let row = NewPasscode {
            secret: SecretRef::derive(command, 0),
            holder: HolderId(Uuid::from_u128(writer.into())),
            kind: "smartcard",
            event: EventId::derive(command, 0),
        };
        stores.vault.put_tag(row, command.0.as_bytes(), at(0)).await.unwrap();
        let appended = stores.log.append(&stream, expected, events(command), at(0)).await.unwrap();
        expected = Expected::At(appended.revision);
        println!("{ACK} {writer} {} {} {}", appended.revision.0, appended.position.0, command.0);
    }
}

/// What a child said was acknowledged.
struct Ack {
    writer: u64,
    revision: Revision,
    position: Position,
    command: CommandId,
}

fn parse(line: &str) -> Option<Ack> {
    let mut words = line.split(' ');
    // The first word may stand behind what the test harness prints.
    words.next()?.ends_with(ACK).then_some(())?;
    Some(Ack {
        writer: words.next()?.parse().ok()?,
        revision: Revision(words.next()?.parse().ok()?),
        position: Position(words.next()?.parse().ok()?),
        command: CommandId(words.next()?.parse().ok()?),
    })
}

/// Runs a child, kills it after so many acknowledgements; all that it gave before it died.
fn run_and_kill(folder: &Path, cycle: u64, n_acks: u64) -> Vec<Ack> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["crash::the_child_of_the_crash_test_writes_until_it_is_killed", "--exact"])
        .args(["--nocapture", "--test-threads=1"])
        .env(FOLDER, folder)
        .env(CYCLE, cycle.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut acks = Vec::new();
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        acks.extend(parse(&line.unwrap()));
        if u64::try_from(acks.len()) == Ok(n_acks) {
            child.kill().unwrap();
        }
    }
    assert!(!child.wait().unwrap().success(), "the child ended before it was killed");
    acks
}

/// A different number for each cycle, the same in each run (Knuth's multiplicative hash).
fn pseudo_random(cycle: u64, max: u64) -> u64 {
    1 + (cycle.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 33) % max
}

#[tokio::test]
async fn killed_at_any_moment_the_log_keeps_what_it_acknowledged_and_the_vault_has_its_rows() {
    let cycles = std::env::var(CYCLES).ok().and_then(|cycles| cycles.parse().ok());
    let folder = tempfile::tempdir().unwrap();
    let mut acks = Vec::new();
    let mut checked = Position::START;
    for cycle in 0..cycles.unwrap_or(CYCLES_DEFAULT) {
        let n_acks = pseudo_random(cycle, ACKS_MAX);
        acks.extend(run_and_kill(folder.path(), cycle, n_acks));
        let database = open(folder.path()).await;
        let stores = database.stores(keys());
        let log: Vec<Recorded> =
            stores.log.read_all(Position::START, Filter::All).try_collect().await.unwrap();
        assert_whole(&log);
        assert_kept(&log, &acks);
        checked = assert_vault_first(&stores, &log, checked).await;
        database.close().await;
    }
    assert_leftovers_go(folder.path()).await;
}

/// Positions without gaps, revisions too, every event once.
fn assert_whole(log: &[Recorded]) {
    assert!((1..).zip(log).all(|(position, event)| event.position == Position(position)));
    let mut next_revisions: HashMap<&StreamName, u64> = HashMap::new();
    let mut seen = HashMap::new();
    for event in log {
        let next = next_revisions.entry(&event.stream).or_default();
        assert_eq!(event.revision, Revision(*next));
        *next += 1;
        assert_eq!(seen.insert(event.id, event.position), None);
    }
}

/// Every acknowledged append is whole and where the answer said.
fn assert_kept(log: &[Recorded], acks: &[Ack]) {
    for ack in acks {
        let events = events(ack.command);
        let end = usize::try_from(ack.position.0).unwrap();
        assert!(end <= log.len(), "an acknowledged append is lost");
        let kept = &log[end - events.len()..end];
        assert_eq!(kept.last().unwrap().revision, ack.revision);
        for (kept, written) in kept.iter().zip(&events) {
            assert_eq!(kept.stream, stream(ack.writer));
            assert_eq!((kept.id, &kept.data), (written.id, &written.data));
        }
    }
}

/// Every event that names a vault row finds it there.
async fn assert_vault_first(stores: &Stores, log: &[Recorded], checked: Position) -> Position {
    for event in log.iter().filter(|event| checked < event.position && event.kind == "First") {
        let command: CommandId = serde_json::from_slice(&event.data).unwrap();
        let secret = SecretRef::derive(command, 0);
        let found = stores.vault.matching_tag(&[secret], command.0.as_bytes()).await.unwrap();
        assert_eq!(found, Some(secret));
    }
    log.last().map_or(checked, |last| last.position)
}

/// What a kill left between vault and log is swept after a day, and nothing else is.
async fn assert_leftovers_go(folder: &Path) {
    let database = open(folder).await;
    let stores = database.stores(keys());
    let log: Vec<Recorded> =
        stores.log.read_all(Position::START, Filter::All).try_collect().await.unwrap();
    let n_named = log.iter().filter(|event| event.kind == "First").count();
    let day = 24 * 3_600_000;
    let early = stores.vault.sweep(&*stores.log, at(day - 1), u32::MAX).await.unwrap();
    assert_eq!(early, Swept::default());
    let late = stores.vault.sweep(&*stores.log, at(day), u32::MAX).await.unwrap();
    assert_eq!(late.n_settled, u64::try_from(n_named).unwrap());
    assert_vault_first(&stores, &log, Position::START).await;
}
