//! A past that was written at once is the past that the same people would have had: the simulation with
//! an engine and a log under it, which lives day by day, says which. A server goes on from it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    process::Command,
    sync::Arc,
};

use api::{
    app::App,
    clock::{Entropy, StandingClock},
    commands::serve,
    config::Config,
    http,
    simulate::{Past, Plan, begin, made_up, write},
    tokens::{self, Wanted},
};
use axum::{
    body::Body,
    http::{Request, StatusCode, header},
};
use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use domain::policy::{Policies, Policy};
use futures::TryStreamExt as _;
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use stores::{
    bulk::Bulk,
    cluster::Cluster,
    event_store::{EventStore, Filter, Position, Recorded, Revision},
    sqlite,
};
use tests::sandbox::program;
use tower::ServiceExt as _;

use crate::acceptance::operator::{complained, configured, said};

/// Enough for revocations, alerts put off and forced changes.
const HOLDERS: u32 = 120;

/// Long enough for a second life of a passcode.
const DAYS: u32 = 60;

const SEED: u64 = 5;

/// Where the simulation's days begin to count.
fn first_day() -> NaiveDate {
    "2026-01-01".parse().unwrap()
}

fn past(holders: u32) -> Past {
    let until = first_day() + Days::new(DAYS.into());
    Past { holders, days: DAYS, seed: SEED, until }
}

async fn all(log: &dyn EventStore) -> Vec<Recorded> {
    log.read_all(Position::START, Filter::All).try_collect().await.unwrap()
}

/// What is recorded of people and of the mails to them, but for where it stands among others'.
fn of_people(events: &[Recorded]) -> BTreeMap<(String, Revision), Recorded> {
    let of_people = |event: &&Recorded| matches!(event.stream.category(), "holder" | "mail");
    let placed = |event: &Recorded| {
        let place = (event.stream.to_string(), event.revision);
        (place, Recorded { position: Position::START, ..event.clone() })
    };
    events.iter().filter(of_people).map(placed).collect()
}

async fn written(folder: &Path, past: Past) -> Vec<Recorded> {
    let path = folder.join("written.db");
    let options = sqlite::Options::default();
    sqlite::Database::open(&path, &options).await.unwrap().close().await;
    let bulk = Bulk::into_file(&path).await.unwrap();
    let policies = Policies::only(Policy::seed());
    write(past, &policies, folder.join("lived"), bulk).await.unwrap();
    all(&sqlite::Database::open(&path, &options).await.unwrap().log()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_past_written_at_once_is_byte_for_byte_the_one_that_was_lived_through() {
    let folder = tempfile::tempdir().unwrap();
    let plan = Plan { holders: HOLDERS, days: DAYS, seed: SEED, certificate_days: None };
    let policies = Policies::only(Policy::seed());
    let begun = begin(plan, folder.path(), policies).await.unwrap();
    begun.live().await.unwrap();
    let lived = of_people(&all(begun.log()).await);
    let written = written(folder.path(), past(HOLDERS)).await;
    assert!(written.is_sorted_by_key(|event| event.at));
    let written = of_people(&written);
    for (place, event) in &written {
        assert_eq!(lived.get(place), Some(event), "{place:?}");
    }
    assert_eq!(lived.len(), written.len());
    // The population is such that everything happens.
    let kinds: BTreeSet<&str> = written.values().map(|event| event.kind.as_str()).collect();
    for kind in ["AlertDeclined", "RenewalForced", "LockAnnounced", "MailWithdrawn"] {
        assert!(kinds.contains(kind), "{kinds:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_seed_writes_the_same_past_and_another_seed_another() {
    let once = async |seed| {
        let folder = tempfile::tempdir().unwrap();
        written(folder.path(), Past { seed, ..past(20) }).await
    };
    let first = once(1).await;
    assert_eq!(once(1).await, first);
    assert_ne!(once(2).await, first);
}

/// What the server over this configuration answers to a service that asks who somebody is.
async fn verdict(app: &App, number: u32, at: DateTime<Utc>) -> Value {
    let (role, name) = ("logon-checks".to_owned(), "a service".to_owned());
    let wanted = Wanted { role, name, organisation: None, days: 1 }.check().unwrap();
    let token = tokens::issue(app, wanted).await.unwrap();
    let (_, certificate) = made_up(SEED, number).unwrap();
    let asked = json!({ "certificate": certificate, "at": at });
    let request = Request::post("/api/logon-checks")
        .header(header::AUTHORIZATION, format!("Bearer {}", token.bearer.as_str()))
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(asked.to_string()))
        .unwrap();
    let answer = http::router(app.clone()).oneshot(request).await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    serde_json::from_slice::<Value>(&body).unwrap()["verdict"].clone()
}

/// Writes a past into the database of this configuration, makes from it what is shown and what is due,
/// and lets a server go on from it on the day after.
fn a_server_goes_on(config: &Path) {
    let until = first_day() + Days::new(DAYS.into());
    let (file, day) = (config.to_str().unwrap(), until.to_string());
    let into = ["simulate", "--holders", "200", "--days", "60", "--seed", "5", "--into", file];
    let into = [&into[..], &["--until", &day]].concat();
    let told = said(config, &into);
    assert!(told.contains("200 holders, a year of registrations, then 60 days"), "{told}");
    let refused = complained(config, &into);
    assert!(refused.contains("already"), "{refused}");
    assert!(said(config, &["rebuild"]).contains("The wake-ups and the outbox are as new"));
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let morning = until.and_time(chrono::NaiveTime::MIN).and_utc() + TimeDelta::hours(9);
        let clock = Arc::new(StandingClock::at(morning));
        let config = Config::load(Some(config), []).unwrap();
        let app = App::new(serve::parts(config, clock, Entropy::System).await.unwrap());
        let (projections, log) = (app.projections().clone(), Arc::clone(&app.stores().log));
        // Until the runtime ends.
        tokio::spawn(async move { projections.follow(log, std::future::pending()).await });
        let mut verdicts = BTreeSet::new();
        for number in 0..10 {
            verdicts.insert(verdict(&app, number, morning).await.to_string());
        }
        assert!(verdicts.contains("\"full\""), "{verdicts:?}");
        // Whoever is due on the first day has his alert on it.
        let ticked = app.engine().tick(morning).await.unwrap();
        assert!(0 < ticked.n_recorded && ticked.n_failed == 0 && !ticked.stopped, "{ticked:?}");
    });
}

#[test]
fn a_server_over_a_file_goes_on_from_a_past_that_was_written() {
    let (_folder, config) = configured();
    a_server_goes_on(&config);
}

#[test]
fn a_server_over_postgresql_goes_on_from_a_past_that_was_written() {
    let (_folder, config) = configured();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let url = runtime.block_on(Cluster::shared().database()).unwrap();
    let text = fs::read_to_string(&config).unwrap();
    fs::write(&config, format!("{text}database = {{ url = '{url}' }}\n")).unwrap();
    a_server_goes_on(&config);
}

#[test]
fn b15_a_sweep_that_is_killed_half_way_and_resumed_gives_everybody_who_is_due_one_record() {
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(program("latchkey-bench").unwrap())
        .env("LATCHKEY_SWEEP_HOLDERS", "3000")
        .env("LATCHKEY_SWEEP_STAGES", "written,killed")
        .env("LATCHKEY_SWEEP_FOLDER", folder.path())
        .args(["3000", "sweep"])
        .output()
        .unwrap();
    let (said, complained) = (&output.stdout, &output.stderr);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(complained));
    let said = String::from_utf8_lossy(said);
    assert!(said.contains("killed half-way: holders with exactly one record"), "{said}");
}
