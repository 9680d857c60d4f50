//! What was written at once is what the log would have made of the same appends, on both databases.

use std::path::PathBuf;

use futures::TryStreamExt as _;

use super::*;
use crate::{
    cluster::Cluster,
    event_store::{EventStore, Expected, Filter, Position, Recorded},
    postgres, sqlite,
    testing::{at, event},
    vault::NameSearch,
};

/// More than one statement takes, in three streams; the second append of a stream comes later.
fn appends() -> Vec<Append> {
    let n_appends = u64::try_from(ROWS_MAX).unwrap() + 10;
    let append = |number: u64| {
        let stream = format!("holder-{}", number % 3).parse().unwrap();
        let from = Revision(number / 3 * 2);
        let events = (0..2).map(|index| event(number.into(), index)).collect();
        Append { stream, from, at: at(number.cast_signed()), events }
    };
    (0..n_appends).map(append).collect()
}

async fn all(log: &dyn EventStore) -> Vec<Recorded> {
    log.read_all(Position::START, Filter::All).try_collect().await.unwrap()
}

/// The same one by one.
async fn appended() -> Vec<Recorded> {
    let log = sqlite::Database::in_memory().await.unwrap().log();
    for Append { stream, at, events, .. } in appends() {
        log.append(&stream, Expected::Any, events, at).await.unwrap();
    }
    all(&log).await
}

async fn file(folder: &tempfile::TempDir) -> PathBuf {
    let path = folder.path().join("log.db");
    sqlite::Database::open(&path, &sqlite::Options::default()).await.unwrap().close().await;
    path
}

async fn server() -> Options {
    let options = Options::parse(&Cluster::shared().database().await.unwrap()).unwrap();
    postgres::Database::open(&options).await.unwrap();
    options
}

async fn fill(mut bulk: Bulk, appends: Vec<Append>) -> Result<u64, BulkError> {
    for append in appends {
        bulk.append(append).await?;
    }
    bulk.finish().await
}

fn a_person() -> (HolderId, Person) {
    let person = Person { name: "Zoë O'Neil".to_owned(), email: "zoe@example.org".to_owned() };
    (HolderId(uuid::Uuid::from_u128(7)), person)
}

/// How many of them are found by the beginning of a name.
async fn n_found(stores: &crate::truth::Stores) -> usize {
    let search = NameSearch::parse("oneil zo").unwrap();
    let (found, _) = stores.vault.find_people(&search, None, 10).await.unwrap();
    found.iter().filter(|found| (found.holder, found.person.clone()) == a_person()).count()
}

#[tokio::test]
async fn a_file_that_was_filled_has_what_the_log_would_have_made_of_it_and_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(&folder).await;
    let mut bulk = Bulk::into_file(&path).await.unwrap();
    bulk.enter(&[a_person()], at(0)).await.unwrap();
    let expected = appended().await;
    assert_eq!(fill(bulk, appends()).await.unwrap(), expected.len() as u64);
    let database = sqlite::Database::open(&path, &sqlite::Options::default()).await.unwrap();
    assert_eq!(all(&database.log()).await, expected);
    assert_eq!(n_found(&database.stores(crate::testing::keys())).await, 1);
    let stream = "holder-9".parse().unwrap();
    let next = vec![event(1_000_000, 0)];
    let next = database.log().append(&stream, Expected::NoStream, next, at(0)).await.unwrap();
    assert_eq!(next.position, Position(expected.len() as u64 + 1));
}

#[tokio::test]
async fn a_server_that_was_filled_has_what_the_log_would_have_made_of_it_and_goes_on() {
    let server = server().await;
    let mut bulk = Bulk::into_server(&server).await.unwrap();
    bulk.enter(&[a_person()], at(0)).await.unwrap();
    let expected = appended().await;
    assert_eq!(fill(bulk, appends()).await.unwrap(), expected.len() as u64);
    let database = postgres::Database::open(&server).await.unwrap();
    assert_eq!(all(&database.log()).await, expected);
    assert_eq!(n_found(&database.stores(crate::testing::keys())).await, 1);
    let stream = "holder-9".parse().unwrap();
    let next = vec![event(1_000_000, 0)];
    let next = database.log().append(&stream, Expected::NoStream, next, at(0)).await.unwrap();
    assert_eq!(next.position, Position(expected.len() as u64 + 1));
}

#[tokio::test]
async fn a_repeat_of_what_was_written_at_once_gets_the_answer_of_the_first_time() {
    let server = server().await;
    fill(Bulk::into_server(&server).await.unwrap(), appends()).await.unwrap();
    let log = postgres::Database::open(&server).await.unwrap().log();
    let Append { stream, at, events, .. } = appends().remove(1);
    let again = log.append(&stream, Expected::NoStream, events, at).await.unwrap();
    assert_eq!((again.revision, again.position), (Revision(1), Position(4)));
}

#[tokio::test]
async fn where_somebody_has_lived_nobody_else_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let (path, server) = (file(&folder).await, server().await);
    fill(Bulk::into_file(&path).await.unwrap(), appends()).await.unwrap();
    fill(Bulk::into_server(&server).await.unwrap(), appends()).await.unwrap();
    assert!(matches!(Bulk::into_file(&path).await, Err(BulkError::NotEmpty)));
    assert!(matches!(Bulk::into_server(&server).await, Err(BulkError::NotEmpty)));
}

#[tokio::test]
async fn a_stream_with_a_hole_is_refused_and_the_server_stays_empty() {
    let server = server().await;
    let mut holed = appends();
    holed.remove(3);
    let refused = fill(Bulk::into_server(&server).await.unwrap(), holed.clone()).await;
    assert!(matches!(refused, Err(BulkError::Hole)));
    let log = postgres::Database::open(&server).await.unwrap().log();
    assert_eq!(log.head().await.unwrap(), Position::START);
    let folder = tempfile::tempdir().unwrap();
    let refused = fill(Bulk::into_file(&file(&folder).await).await.unwrap(), holed).await;
    assert!(matches!(refused, Err(BulkError::Hole)));
}
