//! Rebuilt equals live, whatever happened; nobody waits for ever; nothing unreadable is skipped.

mod certificates;
mod history;
mod log;
mod postgres;
mod work;

use std::{future::pending, sync::Arc, time::Duration};

use chrono::TimeDelta;
use domain::{
    card::{CardKeys, IssuedCard, IssuedCertificate, PublicKey, Slot},
    context::Context,
    holder::{HolderEvent, Origin},
    ids::{CommandId, EventId, HolderId, SecretRef},
    logon::LogonRefusal,
    passcode::{Kind, OptionalKind, Standing},
    policy::Policies,
    testing::{day, instant},
};
use proptest::prelude::*;
use stores::{
    event_store::{Expected, NewEvent, StreamName, canonical},
    sqlite::Database,
};
use uuid::Uuid;

use super::*;
use log::Log;

/// Far longer than anything here takes, and no test waits for it.
const LONG: Duration = Duration::from_mins(1);

/// Serial numbers of these tests, of cards and of their certificates.
const SERIALS: [&str; 2] = ["01", "02"];

fn holder(n: u128) -> HolderId {
    HolderId(Uuid::from_u128(n))
}

fn set(kind: Kind, on: &str) -> HolderEvent {
    let secret = SecretRef(Uuid::from_u128(1));
    HolderEvent::PasscodeSet { kind, on: day(on), secret, origin: Origin::Change }
}

fn blanked(kind: OptionalKind, on: &str) -> HolderEvent {
    HolderEvent::PasscodeBlanked { kind, on: day(on) }
}

/// A card with this serial number, whose authentication certificate has the same.
fn issued(serial: &str) -> HolderEvent {
    let key = || PublicKey::from_der(vec![0x30]);
    let certificate = IssuedCertificate {
        slot: Slot::Authentication,
        serial: serial.parse().unwrap(),
        not_before: instant("2026-01-01T12:00:00Z"),
        not_after: instant("2028-01-01T12:00:00Z"),
    };
    HolderEvent::CardIssued(IssuedCard {
        card: serial.parse().unwrap(),
        profile: "guide".to_owned(),
        keys: CardKeys { authentication: key(), signature: key(), card_authentication: key() },
        certificates: vec![certificate],
    })
}

/// Projections that have applied everything in the log; PostgreSQL would show the same.
async fn applied(log: &Log) -> Projections {
    let projections = Projections::in_memory().await.unwrap();
    projections.apply(&log.all()).await.unwrap();
    let (_, other) = postgres::on_postgres().await;
    other.apply(&log.all()).await.unwrap();
    assert_eq!(shown(&other, 3).await, shown(&projections, 3).await);
    projections
}

/// Everything that can be asked about these holders.
async fn shown(projections: &Projections, n_holders: u128) -> Vec<String> {
    let mut all = vec![format!("{:?}", projections.position())];
    for serial in SERIALS {
        let owner = projections.certificate_owner(&serial.parse().unwrap()).await.unwrap();
        all.push(format!("{owner:?}"));
        let status = projections.certificate_status(&serial.parse().unwrap()).await.unwrap();
        all.push(format!("{status:?}"));
    }
    all.push(format!("{:?}", projections.revoked_certificates(None, 100).await.unwrap()));
    let history = projections.history(&HistoryFilter::default(), None, HISTORY_PAGE_MAX).await;
    all.push(format!("{history:?}"));
    for rule in ["P-21", "P-22"] {
        let filter = HistoryFilter { rule: Some(rule.to_owned()), ..HistoryFilter::default() };
        all.push(format!("{:?}", projections.history(&filter, None, 10).await));
    }
    let (long_ago, now) = (instant("2026-01-01T00:00:00Z"), instant("2026-12-31T12:00:00Z"));
    all.push(format!("{:?}", projections.work(now, None, WORK_PAGE_MAX).await));
    let organisation: OrganisationCode = "A1".parse().unwrap();
    for within in [None, Some(std::slice::from_ref(&organisation))] {
        all.push(format!("{:?}", projections.staff_unlocks((long_ago, now), within, 1, 10).await));
    }
    all.push(format!("{:?}", projections.staff(None, STAFF_PAGE_MAX).await));
    for organisation in [None, Some(&organisation)] {
        all.push(format!("{:?}", projections.managed_without(holder(0), organisation).await));
    }
    all.push(format!("{:?}", projections.last_reinstated().await));
    for n in 0..n_holders {
        all.push(format!("{:?}", projections.passcode_status(holder(n)).await.unwrap()));
        let ledger = projections.ledger(holder(n), None, PAGE_ENTRIES_MAX).await.unwrap();
        all.extend(ledger.iter().map(|entry| format!("{entry:?}")));
    }
    all
}

#[tokio::test]
async fn s02_the_status_says_for_each_kind_since_when_it_is_set() {
    let log = Log::default();
    log.append(holder(1), &set(Kind::Smartcard, "2026-01-01"));
    log.append(holder(1), &set(Kind::Verification, "2026-01-02"));
    log.append(holder(1), &blanked(OptionalKind::Verification, "2026-01-03"));
    let [smartcard, recovery, verification] =
        applied(&log).await.passcode_status(holder(1)).await.unwrap();
    assert_eq!(
        (smartcard.set_on, smartcard.changed_on),
        (Some(day("2026-01-01")), Some(day("2026-01-01")))
    );
    assert_eq!((recovery.set_on, recovery.changed_on), (None, None));
    assert_eq!((verification.set_on, verification.changed_on), (None, Some(day("2026-01-03"))));
    let policies = Policies::seed();
    let ctx = Context { now: instant("2026-12-31T12:00:00Z"), policies: &policies };
    assert!(matches!(smartcard.standing(&ctx), Standing::Set { days_left: 1, .. }));
    assert_eq!(verification.standing(&ctx), Standing::NotSet);
}

#[tokio::test]
async fn a_certificate_leads_to_its_holder_and_card_even_when_another_card_has_taken_its_place() {
    let log = Log::default();
    log.append(holder(1), &issued("01"));
    log.append(holder(1), &issued("02"));
    let projections = applied(&log).await;
    for serial in SERIALS {
        let owner = projections.certificate_owner(&serial.parse().unwrap()).await.unwrap();
        let card = serial.parse().unwrap();
        assert_eq!(owner, Some(CertificateOwner { holder: holder(1), card }));
    }
    let nobodys = projections.certificate_owner(&"03".parse().unwrap()).await.unwrap();
    assert_eq!(nobodys, None);
}

#[tokio::test]
async fn the_ledger_tells_in_plain_words_what_happened_newest_first() {
    let log = Log::default();
    log.append(holder(1), &HolderEvent::HolderRegistered {});
    log.append(holder(2), &HolderEvent::HolderRegistered {});
    log.append(holder(1), &set(Kind::Verification, "2026-01-02"));
    let reason = LogonRefusal::WrongPasscode { tries_left: Some(2) };
    log.append(holder(1), &HolderEvent::LogonRefused { reason });
    let entries = applied(&log).await.ledger(holder(1), None, 10).await.unwrap();
    let sentences: Vec<_> = entries.iter().map(|entry| entry.sentence.as_str()).collect();
    assert_eq!(
        sentences,
        [
            "Somebody entered a wrong smartcard passcode; 2 tries are left",
            "You set a new verification passcode",
            "You were registered",
        ]
    );
    assert_eq!(entries[0].revision, Revision(2));
    assert_eq!((entries[0].kind.as_str(), entries[0].actor.as_str()), ("LogonRefused", "holder"));
}

#[tokio::test]
async fn the_ledger_comes_in_pages_of_at_most_100_without_gap_or_repeat() {
    let log = Log::default();
    for _ in 0..205 {
        log.append(holder(1), &HolderEvent::HolderRegistered {});
    }
    let projections = applied(&log).await;
    let (mut before, mut revisions) = (None, vec![]);
    for expected in [100, 100, 5, 0] {
        let page = projections.ledger(holder(1), before, 1_000).await.unwrap();
        assert_eq!(page.len(), expected);
        revisions.extend(page.iter().map(|entry| entry.revision.0));
        before = page.last().map(|entry| entry.revision).or(before);
    }
    assert_eq!(revisions, (0..205).rev().collect::<Vec<_>>());
}

#[tokio::test]
async fn what_was_applied_before_is_not_applied_again() {
    let log = Log::default();
    log.append(holder(0), &set(Kind::Smartcard, "2026-01-01"));
    log.append(holder(0), &HolderEvent::HolderRegistered {});
    let projections = applied(&log).await;
    let before = shown(&projections, 1).await;
    projections.apply(&log.all()).await.unwrap();
    assert_eq!(shown(&projections, 1).await, before);
}

#[tokio::test]
async fn an_event_that_cannot_be_read_stops_them_and_nothing_of_its_batch_is_shown() {
    let log = Log::default();
    log.append(holder(0), &set(Kind::Smartcard, "2026-01-01"));
    let projections = applied(&log).await;
    log.append(holder(0), &HolderEvent::HolderRegistered {});
    log.append_raw(holder(0), "FromTheFuture", b"{}", b"{\"actor\":{\"by\":\"holder\"}}");
    let before = shown(&projections, 1).await;
    let stopped = projections.follow(Arc::new(log), pending()).await;
    assert!(matches!(
        stopped,
        Err(ProjectionError::Unreadable { position: Position(3), ref kind, .. }) if kind == "FromTheFuture"
    ));
    assert_eq!(shown(&projections, 1).await, before);
}

#[tokio::test]
async fn meta_without_an_actor_is_an_error_and_not_skipped() {
    let log = Log::default();
    log.append_raw(holder(0), "HolderRegistered", b"{}", b"{}");
    let projections = Projections::in_memory().await.unwrap();
    let stopped = projections.apply(&log.all()).await;
    assert!(matches!(stopped, Err(ProjectionError::Unreadable { .. })));
}

#[tokio::test]
async fn events_of_other_streams_move_the_checkpoint_and_nothing_else() {
    let log = Log::default();
    log.append_elsewhere("card-0A");
    let projections = applied(&log).await;
    assert_eq!(projections.position(), Position(1));
    assert_eq!(projections.ledger(holder(0), None, 10).await.unwrap(), []);
}

#[tokio::test]
async fn a_follower_shows_what_was_there_and_what_comes() {
    let log = Arc::new(Log::default());
    log.append(holder(0), &HolderEvent::HolderRegistered {});
    let projections = Projections::in_memory().await.unwrap();
    let follower = tokio::spawn({
        let (projections, log) = (projections.clone(), log.clone());
        async move { projections.follow(log, pending()).await }
    });
    projections.wait_for(Position(1), LONG).await.unwrap();
    let position = log.append(holder(0), &set(Kind::Smartcard, "2026-01-01"));
    projections.wait_for(position, LONG).await.unwrap();
    assert_eq!(projections.ledger(holder(0), None, 10).await.unwrap().len(), 2);
    log.close();
    follower.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_follower_of_the_sqlite_log_shows_each_append_and_a_rebuild_shows_the_same() {
    let database = Database::in_memory().await.unwrap();
    let projections = Projections::in_memory().await.unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let follower = tokio::spawn({
        let (projections, log) = (projections.clone(), database.log());
        async move { projections.follow(Arc::new(log), async { drop(stopped.await) }).await }
    });
    let stream = StreamName::holder(holder(0));
    for n in 0..3 {
        let encoded = set(Kind::Verification, "2026-01-01").encode();
        let event = NewEvent {
            id: EventId::derive(CommandId(Uuid::from_u128(n)), 0),
            kind: encoded.kind.to_owned(),
            schema: encoded.schema,
            data: canonical(&encoded.data).unwrap(),
            meta: log::META.to_vec(),
        };
        let now = instant("2026-01-01T12:00:00Z");
        let appended =
            database.log().append(&stream, Expected::Any, vec![event], now).await.unwrap();
        projections.wait_for(appended.position, LONG).await.unwrap();
        let ledger = projections.ledger(holder(0), None, 10).await.unwrap();
        assert_eq!(ledger[0].revision, appended.revision);
    }
    let live = shown(&projections, 1).await;
    projections.rebuild(&database.log()).await.unwrap();
    assert_eq!(shown(&projections, 1).await, live);
    stop.send(()).unwrap();
    follower.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_follower_ends_when_it_is_told_to() {
    let projections = Projections::in_memory().await.unwrap();
    projections.follow(Arc::new(Log::default()), async {}).await.unwrap();
}

#[tokio::test]
async fn a_follower_goes_on_after_the_log_failed() {
    let log = Arc::new(Log::default());
    log.append(holder(0), &HolderEvent::HolderRegistered {});
    log.fail(FAILURES_MAX);
    let projections = Projections::in_memory().await.unwrap();
    // Time jumps over the pauses; the log lets it run again when it is read, because the database
    // has threads of its own that would be taken for idleness.
    tokio::time::pause();
    let follower = tokio::spawn({
        let (projections, log) = (projections.clone(), log.clone());
        async move { projections.follow(log, pending()).await }
    });
    projections.wait_for(Position(1), LONG).await.unwrap();
    log.close();
    follower.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_follower_gives_up_when_the_log_fails_for_ever() {
    let log = Arc::new(Log::default());
    log.fail(u32::MAX);
    let projections = Projections::in_memory().await.unwrap();
    tokio::time::pause();
    let given_up = projections.follow(log, pending()).await;
    assert!(matches!(given_up, Err(ProjectionError::Store(_))));
}

#[tokio::test]
async fn who_waits_for_what_does_not_come_is_told_how_far_it_got() {
    let log = Log::default();
    log.append(holder(0), &HolderEvent::HolderRegistered {});
    let projections = applied(&log).await;
    tokio::time::pause();
    projections.wait_for(Position(1), LONG).await.unwrap();
    let behind = projections.wait_for(Position(2), LONG).await;
    assert_eq!(behind, Err(Behind { wanted: Position(2), reached: Position(1) }));
}

#[tokio::test]
async fn a_file_is_opened_again_where_it_was_left_and_a_rebuilt_one_takes_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("projections.db");
    let log = Log::default();
    log.append(holder(0), &set(Kind::Smartcard, "2026-01-01"));
    let first = Projections::open(&path).await.unwrap();
    first.apply(&log.all()).await.unwrap();
    let before = shown(&first, 1).await;
    drop(first);

    let second = Projections::open(&path).await.unwrap();
    assert_eq!(shown(&second, 1).await, before);
    log.append(holder(0), &HolderEvent::HolderRegistered {});
    assert_eq!(second.rebuild(&log).await.unwrap(), Position(2));
    let rebuilt = shown(&second, 1).await;
    assert_ne!(rebuilt, before);
    drop(second);

    let third = Projections::open(&path).await.unwrap();
    assert_eq!(shown(&third, 1).await, rebuilt);
    assert!(!folder.path().join("projections.db.rebuild").exists());
}

#[tokio::test]
async fn a_rebuild_that_an_unreadable_event_stops_leaves_what_is_in_use() {
    let folder = tempfile::tempdir().unwrap();
    let log = Log::default();
    log.append(holder(0), &set(Kind::Smartcard, "2026-01-01"));
    let projections = Projections::open(&folder.path().join("projections.db")).await.unwrap();
    projections.apply(&log.all()).await.unwrap();
    let before = shown(&projections, 1).await;
    log.append_raw(holder(0), "FromTheFuture", b"{}", b"{}");
    assert!(projections.rebuild(&log).await.is_err());
    assert_eq!(shown(&projections, 1).await, before);
}

#[tokio::test]
async fn the_log_of_these_tests_reads_in_order_and_from_a_position() {
    let log = Log::default();
    log.append(holder(0), &HolderEvent::HolderRegistered {});
    log.append(holder(1), &HolderEvent::HolderRegistered {});
    let rest: Vec<_> = log.read_all(Position(1), Filter::All).collect().await;
    assert_eq!(rest.len(), 1);
    assert_eq!(rest[0].as_ref().unwrap().position, Position(2));
}

fn any_event() -> impl Strategy<Value = HolderEvent> {
    let kind = || prop::sample::select(Kind::ALL.to_vec());
    let on = || prop::sample::select(vec!["2026-01-01", "2026-01-02", "2026-03-29"]);
    prop_oneof![
        4 => (kind(), on()).prop_map(|(kind, on)| set(kind, on)),
        2 => (prop::sample::select(OptionalKind::ALL.to_vec()), on())
            .prop_map(|(kind, on)| blanked(kind, on)),
        1 => kind().prop_map(|kind| HolderEvent::UsedBeforeRefused { kind }),
        1 => prop::option::of(0..4_u8).prop_map(|tries_left| HolderEvent::LogonRefused {
            reason: LogonRefusal::WrongPasscode { tries_left }
        }),
        1 => Just(HolderEvent::PasscodeChangedElsewhere { secret: SecretRef(Uuid::from_u128(2)) }),
        1 => Just(HolderEvent::HolderRegistered {}),
        1 => prop::sample::select(SERIALS.to_vec()).prop_map(issued),
        1 => prop::sample::select(SERIALS.to_vec()).prop_map(certificates::renewed_away),
        1 => prop::sample::select(SERIALS.to_vec()).prop_map(certificates::abandoned),
        1 => prop::sample::select(SERIALS.to_vec()).prop_map(|serial| certificates::revoked(&[serial])),
        1 => prop::sample::select(SERIALS.to_vec()).prop_map(certificates::issued_for_update),
        1 => Just(certificates::written()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn rebuilt_equals_live_whatever_happened_and_however_it_was_cut_into_batches(
        events in prop::collection::vec((0..3_u128, any_event()), 0..60),
        batch in 1..20_usize,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let log = Log::default();
            for (n, event) in &events {
                log.append(holder(*n), event);
            }
            let projections = Projections::in_memory().await.unwrap();
            for batch in log.all().chunks(batch) {
                projections.apply(batch).await.unwrap();
            }
            let live = shown(&projections, 3).await;
            projections.rebuild(&log).await.unwrap();
            prop_assert_eq!(shown(&projections, 3).await, live);
            Ok(())
        })?;
    }
}
