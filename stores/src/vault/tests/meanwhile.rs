//! What others do to the same rows at the same moment.

use sqlx::{ConnectOptions as _, Connection as _, sqlite::SqliteConnectOptions};

use super::*;

#[tokio::test]
async fn an_event_that_comes_while_rows_are_pruned_keeps_its_row() {
    on_both(async |stores| {
        for number in 1..=2 {
            stores.vault.put_tag(new_passcode(number), b"tag", at(0)).await.unwrap();
        }
        append(&stores, vec![event(1, 0)]).await;
        // What is kept is read before the event of 2 comes, and used after it.
        let kept = async {
            let kept = vec![secret(1)];
            append(&stores, vec![event(2, 0)]).await;
            Ok(kept)
        };
        assert_eq!(stores.vault.prune(&*stores.log, holder(1), kept).await.unwrap(), 0);
        let found = stores.vault.matching_tag(&[secret(2)], b"tag").await.unwrap();
        assert_eq!(found, Some(secret(2)));
    })
    .await;
}

#[tokio::test]
async fn erasing_a_person_is_not_done_while_a_reader_keeps_the_journal_and_can_be_repeated() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("latchkey.db");
    let database = Database::open(&path, &Options::default()).await.unwrap();
    let vault = database.stores(keys()).vault;
    let person = Person { name: "Canary Name".to_owned(), email: "canary@example.org".to_owned() };
    vault.put_person(holder(1), &person, at(0)).await.unwrap();
    // Nobody waits in a test.
    let writer = vault.connections.writer();
    Query::new("pragma busy_timeout = 0").execute(writer).await.unwrap();

    let mut reader = SqliteConnectOptions::new().filename(&path).connect().await.unwrap();
    let mut reader = reader.begin().await.unwrap();
    let count = "select count(*) from person";
    let before: i64 = sqlx::query_scalar(count).fetch_one(&mut *reader).await.unwrap();
    let erased = vault.erase(holder(1)).await;
    assert!(matches!(erased, Err(VaultError::StillInJournal)), "{erased:?}");
    assert_eq!(vault.person(holder(1)).await.unwrap(), None);
    let still: i64 = sqlx::query_scalar(count).fetch_one(&mut *reader).await.unwrap();
    assert_eq!((before, still), (1, 1));
    assert!(0 < n_found(folder.path(), b"Canary Name"));

    reader.rollback().await.unwrap();
    assert_eq!(vault.erase(holder(1)).await.unwrap(), 0);
    assert_eq!(n_found(folder.path(), b"Canary Name"), 0);
}
