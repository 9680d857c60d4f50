//! The builder's promises, each on both databases.

use std::sync::LazyLock;

use chrono::{DateTime, NaiveDate, Utc};
use futures::{TryStreamExt as _, future::join_all};
use sqlx::{
    SqlSafeStr as _,
    migrate::{Migration, MigrationType, Migrator},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions},
};
use tempfile::TempDir;
use uuid::Uuid;

use super::*;
use crate::{
    cluster::Cluster,
    event_store::EventStore as _,
    postgres::{Options, PostgresEventStore},
};

const ON_POSTGRES: &str = "
    create table kept (
        kept_id uuid not null primary key,
        at timestamptz, on_day date, bytes bytea, is_so boolean, small integer, big bigint,
        word text collate \"C\"
    );
    create table counter (n bigint not null)
";

const ON_SQLITE: [&str; 2] = [
    "create table kept (
        kept_id blob not null primary key,
        at text, on_day text, bytes blob, is_so integer, small integer, big integer, word text
    ) strict",
    "create table counter (n integer not null) strict",
];

static MIGRATIONS: LazyLock<Migrator> = LazyLock::new(|| {
    let only =
        Migration::new(1, "kept".into(), MigrationType::Simple, ON_POSTGRES.into_sql_str(), false);
    Migrator::with_migrations(vec![only])
});

fn area(schema: &'static str) -> Area {
    Area { schema, migrations: &MIGRATIONS, loss: Loss::Nothing }
}

async fn options() -> Options {
    Options::parse(&Cluster::shared().database().await.unwrap()).unwrap()
}

async fn on_sqlite(folder: &TempDir) -> Pool {
    let connect = SqliteConnectOptions::new()
        .filename(folder.path().join("tested.db"))
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal);
    let pool = SqlitePoolOptions::new().max_connections(4).connect_with(connect).await.unwrap();
    let pool = Pool::from(pool);
    for create in ON_SQLITE {
        Query::new(create).execute(&pool).await.unwrap();
    }
    pool
}

/// An empty database of each kind, for one promise.
async fn on_both(check: impl AsyncFn(&Pool)) {
    let folder = tempfile::tempdir().unwrap();
    check(&on_sqlite(&folder).await).await;
    check(&Pool::open_postgres(&options().await, &area("tested"), 4).await.unwrap()).await;
}

fn id(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

fn instant(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

async fn keep_word(pool: &Pool, number: u128, word: &str) -> sqlx::Result<u64> {
    Query::new("insert into kept (kept_id, word) values ($1, $2)")
        .bind(id(number))
        .bind(word)
        .execute(pool)
        .await
}

async fn count(pool: &Pool) -> i64 {
    Query::new("select count(*) from kept").scalar(pool).await.unwrap()
}

#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
struct Line {
    kept_id: Uuid,
    at: Option<DateTime<Utc>>,
    on_day: Option<NaiveDate>,
    bytes: Option<Vec<u8>>,
    is_so: Option<bool>,
    small: Option<i32>,
    big: Option<i64>,
    word: Option<String>,
}

fn every_type() -> [Line; 3] {
    let full = |number, at: &str, on_day: &str, is_so, small, big, word: &str| Line {
        kept_id: id(number),
        at: Some(instant(at)),
        on_day: Some(on_day.parse().unwrap()),
        bytes: Some(word.as_bytes().to_vec()),
        is_so: Some(is_so),
        small: Some(small),
        big: Some(big),
        word: Some(word.to_owned()),
    };
    let (early, late) = ("1969-12-31T23:59:59.999999Z", "2026-03-29T01:00:00.000001Z");
    [
        full(1, early, "1969-12-31", false, i32::MIN, i64::MIN, ""),
        full(u128::MAX, late, "9999-12-31", true, i32::MAX, i64::MAX, "Zoë 🗝"),
        Line {
            kept_id: id(2),
            at: None,
            on_day: None,
            bytes: None,
            is_so: None,
            small: None,
            big: None,
            word: None,
        },
    ]
}

#[tokio::test]
async fn every_type_comes_back_as_it_was_written_and_nothing_as_nothing() {
    on_both(async |pool| {
        for kept in every_type() {
            let written = Query::new(
                "
                insert into kept (kept_id, at, on_day, bytes, is_so, small, big, word)
                values ($1, $2, $3, $4, $5, $6, $7, $8)
                ",
            )
            .bind(kept.kept_id)
            .bind(kept.at)
            .bind(kept.on_day)
            .bind(kept.bytes.as_deref())
            .bind(kept.is_so)
            .bind(kept.small)
            .bind(kept.big)
            .bind(kept.word.clone())
            .execute(pool);
            assert_eq!(written.await.unwrap(), 1);
            let read: Line = Query::new("select * from kept where kept_id = $1")
                .bind(kept.kept_id)
                .fetch_one(pool)
                .await
                .unwrap();
            assert_eq!(read, kept);
        }
        let is_there: bool = Query::new("select exists (select 1 from kept where word = $1)")
            .bind("Zoë 🗝")
            .scalar(pool)
            .await
            .unwrap();
        assert!(is_there);
    })
    .await;
}

#[tokio::test]
async fn instants_and_words_and_ids_are_in_the_same_order_everywhere() {
    let at = ["09:00:00Z", "09:00:00.000001Z", "09:00:00.5Z", "09:00:00.500001Z", "09:00:01Z"];
    let words = ["", "Z", "a", "a b", "ab", "b", "ä", "\u{10ffff}"];
    on_both(async |pool| {
        let mut query = Query::new("insert into kept (kept_id, at, word)");
        query.push_values((0_u8..).zip(words), |row, (place, word)| {
            let at = at.get(usize::from(place)).map(|at| instant(&format!("2026-03-10T{at}")));
            row.push_bind(Uuid::from_bytes([place * 20; 16])).push_bind(at).push_bind(word);
        });
        assert_eq!(query.execute(pool).await.unwrap(), 8);
        for (column, n_rows) in [("kept_id", 8), ("at", 5), ("word", 8)] {
            let order =
                format!("select kept_id from kept where {column} is not null order by {column}");
            let ids: Vec<(Uuid,)> =
                Query::asserted(AssertSqlSafe(order)).fetch_all(pool).await.unwrap();
            let places: Vec<_> = ids.iter().map(|(id,)| id.as_bytes()[0] / 20).collect();
            assert_eq!(places, (0..n_rows).collect::<Vec<_>>(), "{column}");
        }
        let later: i64 = Query::new("select count(*) from kept where $1 < at")
            .bind(instant("2026-03-10T09:00:00.5Z"))
            .scalar(pool)
            .await
            .unwrap();
        assert_eq!(later, 2);
    })
    .await;
}

#[tokio::test]
async fn a_text_is_put_together_of_lists_and_values_and_read_row_by_row() {
    on_both(async |pool| {
        let mut query = Query::new("insert into kept (kept_id, word, big)").once();
        query.push_values(1..=200_u8, |row, number| {
            row.push_bind(id(number.into())).push("'as it is'").push_bind(i64::from(number));
        });
        query.push(" on conflict do nothing");
        assert_eq!(query.execute(pool).await.unwrap(), 200);
        let mut query = Query::new("select big from kept where kept_id in (");
        query.push_list([3, 1, 2, 999].map(id)).push(") and word = ").push_bind("as it is");
        query.push(" order by big");
        let some: Vec<(i64,)> = query.fetch_all(pool).await.unwrap();
        assert_eq!(some, [(1,), (2,), (3,)]);
        // What has a number keeps it, whatever is pushed behind it.
        let mut query = Query::new("select big from kept where big < $2 and big > $1");
        query = query.bind(2_i64).bind(6_i64);
        query.push(" and kept_id in (").push_list([3, 4, 6].map(id)).push(") order by big");
        let some: Vec<(i64,)> = query.fetch_all(pool).await.unwrap();
        assert_eq!(some, [(3,), (4,)]);
        let all = Query::new("select big from kept order by big").fetch::<(i64,)>(pool);
        let all: Vec<_> = all.try_collect().await.unwrap();
        assert_eq!(all, (1..=200).map(|number| (number,)).collect::<Vec<_>>());
    })
    .await;
}

#[tokio::test]
async fn what_is_there_already_is_a_conflict_or_no_change_and_what_is_not_is_no_row() {
    on_both(async |pool| {
        keep_word(pool, 1, "first").await.unwrap();
        let again = keep_word(pool, 1, "second").await.unwrap_err();
        assert!(again.as_database_error().unwrap().is_unique_violation(), "{again}");
        let ignored = Query::new("insert into kept (kept_id) values ($1) on conflict do nothing")
            .bind(id(1))
            .execute(pool);
        assert_eq!(ignored.await.unwrap(), 0);
        let nobody = || Query::new("select word from kept where kept_id = $1").bind(id(2));
        let none: Option<String> = nobody().scalar_optional(pool).await.unwrap();
        assert_eq!(none, None);
        let missing: sqlx::Result<String> = nobody().scalar(pool).await;
        assert!(matches!(missing, Err(sqlx::Error::RowNotFound)));
    })
    .await;
}

#[tokio::test]
async fn a_transaction_is_there_whole_or_not_at_all() {
    on_both(async |pool| {
        for (is_committed, n_rows) in [(false, 0), (true, 2)] {
            let mut tx = pool.begin().await.unwrap();
            assert_eq!(tx.kind(), pool.kind());
            for number in [1, 2] {
                let insert = Query::new("insert into kept (kept_id) values ($1)").bind(id(number));
                insert.execute(&mut tx).await.unwrap();
            }
            let seen: i64 = Query::new("select count(*) from kept").scalar(&mut tx).await.unwrap();
            assert_eq!((seen, count(pool).await), (2, 0));
            if is_committed {
                tx.commit().await.unwrap();
            } else {
                tx.roll_back().await.unwrap();
            }
            assert_eq!(count(pool).await, n_rows);
        }
        let mut dropped = pool.begin_alone("kept").await.unwrap();
        Query::new("delete from kept").execute(&mut dropped).await.unwrap();
        drop(dropped);
        assert_eq!(count(pool).await, 2);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn those_who_read_first_and_write_then_lose_nothing_if_each_is_alone() {
    const WRITERS: i64 = 8;
    const ROUNDS: i64 = 10;
    on_both(async |pool| {
        Query::new("insert into counter values (0)").execute(pool).await.unwrap();
        let writers = (0..WRITERS).map(|_| async {
            for _ in 0..ROUNDS {
                let mut tx = pool.begin_alone("counter").await.unwrap();
                let n: i64 = Query::new("select n from counter").scalar(&mut tx).await.unwrap();
                let set = Query::new("update counter set n = $1").bind(n + 1);
                set.execute(&mut tx).await.unwrap();
                tx.commit().await.unwrap();
            }
        });
        join_all(writers).await;
        let n: i64 = Query::new("select n from counter").scalar(pool).await.unwrap();
        assert_eq!(n, WRITERS * ROUNDS);
    })
    .await;
}

#[tokio::test]
async fn a_lock_that_cannot_be_had_leaves_no_connection_in_the_middle_of_something() {
    on_both(async |pool| {
        for _ in 0..8 {
            let begun = pool.begin_alone("there_is_no_such_table").await;
            assert_eq!(begun.is_err(), pool.kind() == Kind::Postgres);
        }
        assert_eq!(keep_word(pool, 1, "still").await.unwrap(), 1);
    })
    .await;
}

#[tokio::test]
async fn where_one_text_does_not_do_each_database_gets_its_own() {
    on_both(async |pool| {
        let name: String = Query::new("select 'SQLite' || $1")
            .on_postgres("select 'PostgreSQL' || $1")
            .bind("!")
            .scalar(pool)
            .await
            .unwrap();
        let expected = match pool.kind() {
            Kind::Sqlite => "SQLite!",
            Kind::Postgres => "PostgreSQL!",
        };
        assert_eq!(name, expected);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn several_processes_open_several_areas_of_one_database_at_once_each_with_its_own_tables() {
    let options = options().await;
    let (one, other) = (area("one"), Area { loss: Loss::LastMoments, ..area("other") });
    let opened = join_all(
        (0..4).flat_map(|_| [&one, &other].map(|area| Pool::open_postgres(&options, area, 1))),
    )
    .await;
    let pools: Vec<_> = opened.into_iter().map(Result::unwrap).collect();
    for (pool, number) in pools.iter().zip(1..) {
        keep_word(pool, number, "mine").await.unwrap();
    }
    let log = PostgresEventStore::open(&options).await.unwrap();
    assert_eq!(log.head().await.unwrap().0, 0);
    for (pool, waits) in pools.iter().zip([("on"), ("off")].into_iter().cycle()) {
        assert_eq!(count(pool).await, 4);
        let found: String =
            Query::new("select current_setting('synchronous_commit')").scalar(pool).await.unwrap();
        assert_eq!(found, waits);
    }
    pools[0].close().await;
    assert!(keep_word(&pools[0], 99, "late").await.is_err());
}
