//! SQLite under the contract of the log, and what only this backend promises: durability settings,
//! fail-stop, one process at a time.

use std::sync::Arc;

use futures::StreamExt as _;
use sqlx::Executor as _;

use super::*;
use crate::{
    contract::{self, Positions},
    event_store::{AppendError, EventStore, Expected, Filter, Position, Revision, StreamName},
    testing::{at, event, keys},
};

fn stream(name: &str) -> StreamName {
    name.parse().unwrap()
}

async fn open(folder: &tempfile::TempDir) -> Result<Database, OpenError> {
    Database::open(&folder.path().join("latchkey.db"), &Options::default()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_in_memory_keeps_the_contract() {
    contract::check_all(Positions::Gapless, async || {
        Arc::new(Database::in_memory().await.unwrap().log()) as Arc<dyn EventStore>
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_in_a_file_keeps_the_contract() {
    let folder = tempfile::tempdir().unwrap();
    let n_stores = std::sync::atomic::AtomicU32::new(0);
    contract::check_all(Positions::Gapless, async || {
        let number = n_stores.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let path = folder.path().join(format!("{number}.db"));
        let database = Database::open(&path, &Options::default()).await.unwrap();
        Arc::new(database.log()) as Arc<dyn EventStore>
    })
    .await;
}

#[tokio::test]
async fn what_was_written_is_there_after_the_file_is_opened_again() {
    let folder = tempfile::tempdir().unwrap();
    let first = open(&folder).await.unwrap();
    first
        .log()
        .append(&stream("holder-1"), Expected::NoStream, vec![event(1, 0)], at(0))
        .await
        .unwrap();
    first.close().await;
    let second = open(&folder).await.unwrap().log();
    assert_eq!(second.head().await.unwrap(), Position(1));
    let appended = second
        .append(&stream("holder-1"), Expected::At(Revision(0)), vec![event(2, 0)], at(0))
        .await
        .unwrap();
    assert_eq!(appended.position, Position(2));
}

#[tokio::test]
async fn a_file_that_is_open_is_not_opened_a_second_time() {
    let folder = tempfile::tempdir().unwrap();
    let first = open(&folder).await.unwrap();
    assert!(matches!(open(&folder).await, Err(OpenError::InUse(_))));
    let kept = first.stores(keys()).jobs;
    drop(first);
    assert!(matches!(open(&folder).await, Err(OpenError::InUse(_))), "a store still holds it");
    drop(kept);
    open(&folder).await.unwrap();
}

#[tokio::test]
async fn the_file_can_be_read_by_its_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let database = open(&folder).await.unwrap();
    let write = database.connections.writer().unwrap();
    write.execute("create table touched (touched_id integer)").await.unwrap();
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let mode = entry.unwrap().metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[tokio::test]
async fn a_connection_with_less_than_wal_and_full_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("weak.db");
    for (journal, synchronous, durable) in [
        (SqliteJournalMode::Wal, SqliteSynchronous::Full, true),
        (SqliteJournalMode::Wal, SqliteSynchronous::Normal, false),
        (SqliteJournalMode::Wal, SqliteSynchronous::Off, false),
        (SqliteJournalMode::Delete, SqliteSynchronous::Full, false),
    ] {
        let options = SqliteConnectOptions::new()
            .filename(&path)
            .create_if_missing(true)
            .journal_mode(journal)
            .synchronous(synchronous);
        let weak = pool(1, options).await.unwrap();
        let answer = assert_durable(&weak).await;
        assert_eq!(answer.is_ok(), durable);
        assert!(durable || matches!(answer, Err(OpenError::NotDurable { .. })));
        weak.close().await;
    }
}

#[tokio::test]
async fn the_writer_asks_for_full_and_overwrites_what_is_deleted() {
    let folder = tempfile::tempdir().unwrap();
    let database = open(&folder).await.unwrap();
    let write = database.connections.writer().unwrap();
    for (pragma, expected) in [
        ("pragma synchronous", 2_i64),
        ("pragma secure_delete", 1),
        ("pragma foreign_keys", 1),
        ("pragma busy_timeout", 5000),
    ] {
        let found: i64 = sqlx::query_scalar(pragma).fetch_one(write).await.unwrap();
        assert_eq!(found, expected, "{pragma}");
    }
}

#[tokio::test]
async fn readers_cannot_write() {
    let folder = tempfile::tempdir().unwrap();
    let database = open(&folder).await.unwrap();
    let written = database.connections.reader().execute("delete from session").await;
    assert!(written.is_err());
}

#[tokio::test]
async fn an_event_can_be_neither_changed_nor_deleted() {
    let database = Database::in_memory().await.unwrap();
    let log = database.log();
    log.append(&stream("holder-1"), Expected::Any, vec![event(1, 0)], at(0)).await.unwrap();
    let write = database.connections.writer().unwrap();
    assert!(write.execute("update event set type = 'Other'").await.is_err());
    assert!(write.execute("delete from event").await.is_err());
}

/// An event that another process wrote behind the writer's back.
async fn write_behind(database: &Database, position: i64, stream: &str, revision: i64) {
    sqlx::query(
        "
        insert into event
            (position, id, stream, category, revision, type, schema, at, append_rest, data, meta)
        values ($1, randomblob(16), $2, 'holder', $3, 'Tested', 1, 0, 0, x'7b7d', x'7b7d')
        ",
    )
    .bind(position)
    .bind(stream.to_owned())
    .bind(revision)
    .execute(database.connections.writer().unwrap())
    .await
    .unwrap();
}

#[tokio::test]
async fn every_append_is_planned_on_what_the_table_says() {
    let database = Database::in_memory().await.unwrap();
    let (log, name) = (database.log(), stream("holder-1"));
    log.append(&name, Expected::NoStream, vec![event(1, 0)], at(0)).await.unwrap();

    write_behind(&database, 2, "holder-2", 0).await;
    let expected = Expected::At(Revision(0));
    let appended = log.append(&name, expected, vec![event(2, 0)], at(0)).await.unwrap();
    assert_eq!((appended.position, appended.revision), (Position(3), Revision(1)));

    write_behind(&database, 4, "holder-1", 2).await;
    let expected = Expected::At(Revision(1));
    let refused = log.append(&name, expected, vec![event(3, 0)], at(0)).await;
    let Err(AppendError::Conflict { current }) = refused else { panic!("{refused:?}") };
    assert_eq!(current, Some(Revision(2)));
    let appended = log.append(&name, Expected::Any, vec![event(3, 0)], at(0)).await.unwrap();
    assert_eq!((appended.position, appended.revision), (Position(5), Revision(3)));
}

/// A full disk, as far as SQLite can tell: no page can be added to the file.
async fn fill_disk(database: &Database) {
    let write = database.connections.writer().unwrap();
    let pages: i64 = sqlx::query_scalar("pragma page_count").fetch_one(write).await.unwrap();
    write.execute(sqlx::AssertSqlSafe(format!("pragma max_page_count = {pages}"))).await.unwrap();
}

#[tokio::test]
async fn after_an_error_of_the_disk_nothing_more_is_acknowledged_until_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let database = open(&folder).await.unwrap();
    let (log, sessions) = (database.log(), database.stores(keys()).sessions);
    let large = || {
        let mut large = event(1, 0);
        large.data = format!("\"{}\"", "x".repeat(50_000)).into_bytes();
        vec![large]
    };
    fill_disk(&database).await;
    let failed = log.append(&stream("holder-1"), Expected::Any, large(), at(0)).await;
    assert!(matches!(failed, Err(AppendError::Unavailable(_))), "{failed:?}");

    // There is room again; this process does not trust the file any more all the same.
    database.connections.write.execute("pragma max_page_count = 1000000").await.unwrap();
    let still = log.append(&stream("holder-1"), Expected::Any, vec![event(2, 0)], at(0)).await;
    assert!(matches!(still, Err(AppendError::Unavailable(_))), "{still:?}");
    assert!(sessions.sweep(at(0), 1).await.is_err());
    assert!(log.read_all(Position::START, Filter::All).next().await.is_none());

    drop((log, sessions));
    database.close().await;
    let log = open(&folder).await.unwrap().log();
    let again = log.append(&stream("holder-1"), Expected::Any, large(), at(0)).await.unwrap();
    assert_eq!(again.position, Position(1));
}

#[tokio::test]
async fn a_batch_that_breaks_a_constraint_stops_nothing() {
    let database = Database::in_memory().await.unwrap();
    let write = database.connections.writer().unwrap();
    let broken = database
        .connections
        .settle(write.execute("insert into session (token_sha256) values (null)").await);
    assert!(broken.is_err());
    assert!(database.connections.writer().is_ok());
}

#[tokio::test]
async fn a_subscription_ends_with_the_last_handle_of_its_store() {
    let database = Database::in_memory().await.unwrap();
    let mut live = database.log().subscribe(Position::START, Filter::All);
    drop(database);
    assert!(live.next().await.is_none());
}

#[tokio::test]
async fn instants_compare_in_the_database_as_they_do_in_the_program() {
    let database = Database::in_memory().await.unwrap();
    let nanos = [0, 1, 999, 1_000, 500_000, 1_000_000, 499_999_999, 500_000_000, 999_999_999];
    let instants = nanos.map(|nanos| at(0) + chrono::TimeDelta::nanoseconds(nanos));
    for one in instants {
        for other in instants {
            let less: bool = sqlx::query_scalar("select $1 < $2")
                .bind(one)
                .bind(other)
                .fetch_one(database.connections.reader())
                .await
                .unwrap();
            assert_eq!(less, one < other, "{one} {other}");
        }
    }
}
