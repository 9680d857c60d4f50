//! What is refused: servers that lose what they acknowledge, networks that anybody reads, changes of
//! what has happened.

use futures::StreamExt as _;

use super::*;
use crate::{
    crl::PublishedCrl,
    event_store::Filter,
    log::{self, Mode, OpenLogError},
    testing::{command, holder},
    vault::Person,
};

/// How often something is asked for that the server does soon, without saying when.
const ASKS_MAX: u128 = 100_000;

/// The first answer of many that is as wanted: the server has taken up its new settings.
async fn append_until(log: &PostgresEventStore, is_refused: bool) -> Result<Position, AppendError> {
    for command in 2..ASKS_MAX {
        let answer = append(log, "holder-1", command).await;
        if answer.is_err() == is_refused {
            return answer;
        }
    }
    panic!("the server never took up its new settings")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_does_not_flush_is_refused_and_one_that_stops_to_is_found_out() {
    let cluster = Cluster::start().unwrap();
    let address = cluster.database().await.unwrap();
    let log = open(&address).await.unwrap();
    append(&log, "holder-1", 1).await.unwrap();
    let mut operator = aside(&address).await;
    for setting in ["fsync", "full_page_writes", "synchronous_commit"] {
        execute(&mut operator, &format!("alter system set {setting} = off")).await.unwrap();
        execute(&mut operator, "select pg_reload_conf()").await.unwrap();
        let Err(AppendError::Unavailable(why)) = append_until(&log, true).await else { panic!() };
        assert!(why.to_string().contains("does not keep what it acknowledges"), "{why}");
        let Err(OpenError::NotDurable { setting: named, found }) = open(&address).await else {
            panic!("{setting}")
        };
        assert_eq!((named, found.as_str()), (setting, "off"));
        execute(&mut operator, &format!("alter system reset {setting}")).await.unwrap();
        execute(&mut operator, "select pg_reload_conf()").await.unwrap();
        append_until(&log, false).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_does_not_wait_for_its_disk_is_refused() {
    let address = database().await;
    let mut operator = aside(&address).await;
    let name: String =
        sqlx::query_scalar("select current_database()").fetch_one(&mut operator).await.unwrap();
    for (setting, is_durable) in [("off", false), ("local", true), ("on", true)] {
        let sql = format!("alter database {name} set synchronous_commit = {setting}");
        execute(&mut operator, &sql).await.unwrap();
        assert_eq!(open(&address).await.is_ok(), is_durable, "{setting}");
    }
}

#[test]
fn an_address_beyond_this_machine_wants_proof_of_who_answers() {
    for mode in ["", "?sslmode=prefer", "?sslmode=require", "?sslmode=verify-ca"] {
        let address = format!("postgres://latchkey:hidden@db.example.org/latchkey{mode}");
        let Err(OpenError::Unprotected { host }) = Options::parse(&address) else { panic!() };
        assert_eq!(host, "db.example.org");
    }
    for address in [
        "postgres://latchkey:hidden@db.example.org/latchkey?sslmode=verify-full",
        "postgres://latchkey@localhost/latchkey",
        "postgres://latchkey@127.0.0.1/latchkey",
        "postgres://latchkey@[::1]/latchkey",
        "postgres://latchkey@localhost/latchkey?host=/run/postgresql",
    ] {
        let options = Options::parse(address).unwrap();
        assert!(!format!("{options:?}").contains("hidden"));
    }
    assert!(matches!(Options::parse("mysql//"), Err(OpenError::Address)));
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_server_with_the_right_certificate_is_talked_to() {
    let cluster = Cluster::shared();
    let address = cluster.over_tls(&database().await).unwrap();
    let log = open(&address).await.unwrap();
    append(&log, "holder-1", 1).await.unwrap();
    let is_sealed: bool =
        sqlx::query_scalar("select ssl from pg_stat_ssl where pid = pg_backend_pid()")
            .fetch_one(&log.read)
            .await
            .unwrap();
    assert!(is_sealed);

    // The authorities of this machine know nothing of it; nor is that the name it proves.
    let (unknown, _) = address.split_once("&sslrootcert").unwrap();
    assert!(open(unknown).await.is_err());
    assert!(open(&address.replace("@localhost:", "@127.0.0.1:")).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_can_be_neither_changed_nor_deleted() {
    let address = database().await;
    let log = open(&address).await.unwrap();
    append(&log, "holder-1", 1).await.unwrap();
    let mut owner = aside(&address).await;
    for sql in ["update event set type = 'Other'", "delete from event", "truncate event"] {
        let refused = execute(&mut owner, sql).await.unwrap_err();
        assert!(refused.to_string().contains("never changes"), "{refused}");
    }
    assert!(log.read.execute("delete from log_lock").await.is_err(), "readers cannot write");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_may_only_append_and_read_is_enough_to_serve() {
    let address = database().await;
    drop(open(&address).await.unwrap());
    let mut owner = aside(&address).await;
    for sql in [
        "create role appender login",
        "grant select, insert on event to appender",
        "grant select, update on log_lock to appender",
        "grant select on _sqlx_migrations to appender",
    ] {
        execute(&mut owner, sql).await.unwrap();
    }
    let as_appender = address.replace("latchkey@", "appender@");
    let log = open(&as_appender).await.unwrap();
    assert_eq!(append(&log, "holder-1", 1).await.unwrap(), Position(1));
    assert!(log.read_all(Position::START, Filter::All).next().await.unwrap().is_ok());
    let mut appender = aside(&as_appender).await;
    for sql in [
        "delete from event",
        "truncate event",
        "drop table event",
        "alter table event disable trigger all",
        "update event set type = 'Other'",
    ] {
        let refused = execute(&mut appender, sql).await.unwrap_err();
        let code = refused.as_database_error().unwrap().code().unwrap().into_owned();
        assert_eq!(code, "42501", "{sql}: insufficient privilege");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_owns_nothing_serves_the_tables_beside_the_log_and_cannot_alter_them() {
    let address = database().await;
    let options = Options::parse(&address).unwrap();
    drop(Database::open(&options).await.unwrap());
    let mut owner = aside(&address).await;
    for sql in [
        "create role server login",
        "grant select, insert on event to server",
        "grant select, update on log_lock to server",
        "grant select on _sqlx_migrations to server",
        "grant usage on schema vault to server",
        "grant select, insert, update, delete on all tables in schema vault to server",
        "revoke insert, update, delete on vault._sqlx_migrations from server",
    ] {
        execute(&mut owner, sql).await.unwrap();
    }
    let as_server = address.replace("latchkey@", "server@");
    let server = Database::open(&Options::parse(&as_server).unwrap()).await.unwrap();
    let stores = server.stores(keys());
    let person = Person { name: "Ada".to_owned(), email: "a@example.org".to_owned() };
    stores.vault.put_person(holder(1), &person, at(0)).await.unwrap();
    assert_eq!(stores.vault.erase(holder(1)).await.unwrap(), 2);
    assert!(stores.limits.take("a", at(0), 1).await.unwrap());
    // This one takes the lock of its table.
    let crl = PublishedCrl { number: 1, this_update: at(0), next_update: at(1), der: vec![1] };
    stores.crls.publish(&crl).await.unwrap();
    let mut server = aside(&as_server).await;
    for sql in [
        "alter table vault.logon disable trigger all",
        "drop table vault.person",
        "create table vault.other (n integer)",
        "delete from vault._sqlx_migrations",
    ] {
        let refused = execute(&mut server, sql).await.unwrap_err();
        let code = refused.as_database_error().unwrap().code().unwrap().into_owned();
        assert_eq!(code, "42501", "{sql}: insufficient privilege");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_started_for_the_demo_is_refused_to_production() {
    let address = database().await;
    let (one, other) = (open(&address).await.unwrap(), open(&address).await.unwrap());
    log::open_as(&one, Mode::Demo, command(1), at(0)).await.unwrap();
    log::open_as(&other, Mode::Demo, command(2), at(0)).await.unwrap();
    let refused = log::open_as(&other, Mode::Production, command(3), at(0)).await;
    assert!(matches!(refused, Err(OpenLogError::OtherMode { log: Mode::Demo, .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn events_that_were_taken_out_behind_our_back_are_missed() {
    let address = database().await;
    let log = open(&address).await.unwrap();
    for command in 1..=3 {
        append(&log, "holder-1", command).await.unwrap();
    }
    let mut owner = aside(&address).await;
    for sql in [
        "alter table event disable trigger event_never_changes",
        "delete from event where position = 2",
    ] {
        execute(&mut owner, sql).await.unwrap();
    }
    let read = log.read_all(Position::START, Filter::All).next().await.unwrap();
    assert!(read.unwrap_err().to_string().contains("some are missing"));
}
