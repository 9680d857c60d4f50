//! Made-up holders, their stories and their exports.

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    card::{CardKeys, IssuedCard, IssuedCertificate, PublicKey, Slot},
    holder::{HolderEvent, Origin},
    ids::{CommandId, EventId, HolderId, SecretRef},
    passcode::Kind,
    policy::{InForce, Policies, Policy},
    testing::{day, instant},
};
use futures::TryStreamExt as _;
use serde_json::{Value, json};
use stores::{
    event_store::{Expected, NewEvent, Position, StreamName, canonical},
    logon::Logon,
    sqlite::Database,
    truth::Stores,
    vault::{Keys, VaultKeys},
};
use uuid::Uuid;

use super::{
    explain::Explained,
    export::{self, Export},
    life::Line,
    offline,
    state::AsOf,
    story::Story,
};

const HOLDER: HolderId = HolderId(Uuid::from_u128(7));

/// A log that begins with policy `seed`, in 2025.
struct Log {
    stores: Stores,
    n_commands: u128,
}

impl Log {
    async fn begin() -> Self {
        let keys = VaultKeys {
            pepper: Keys::new(1, [1; 32]),
            seal: Keys::new(1, [2; 32]),
            puk: None,
            code: Keys::new(1, [3; 32]).into(),
        };
        let stores = Database::in_memory().await.unwrap().stores(keys);
        let first = InForce::new(day("2025-01-01"), Policy::seed());
        let (command, now) = (CommandId(Uuid::from_u128(1)), instant("2025-01-01T12:00:00Z"));
        stores::policy::open(stores.log.as_ref(), first, command, now).await.unwrap();
        Self { stores, n_commands: 1 }
    }

    async fn tell(&mut self, at: &str, event: &HolderEvent) {
        self.n_commands += 1;
        let encoded = event.encode();
        let event = NewEvent {
            id: EventId::derive(CommandId(Uuid::from_u128(self.n_commands)), 0),
            kind: encoded.kind.to_owned(),
            schema: encoded.schema,
            data: canonical(&encoded.data).unwrap(),
            meta: br#"{"actor":{"by":"holder"},"policy":1}"#.to_vec(),
        };
        let stream = StreamName::holder(HOLDER);
        let appended = self.stores.log.append(&stream, Expected::Any, vec![event], instant(at));
        appended.await.unwrap();
    }

    /// Somebody with a smartcard passcode of 2025-03-10, and certificates until 2027-03-10.
    async fn registered() -> Self {
        let mut log = Self::begin().await;
        let at = "2025-03-10T09:00:00Z";
        log.tell(at, &HolderEvent::HolderRegistered {}).await;
        log.tell(at, &HolderEvent::CardIssued(card())).await;
        let secret = SecretRef(Uuid::from_u128(9));
        log.tell(at, &HolderEvent::PukRecorded { card: card().card, secret }).await;
        log.tell(at, &set(1, "2025-03-10", Origin::Registration)).await;
        log
    }

    async fn story(&self, at: &str) -> Story {
        Story::from_log(self.stores.log.as_ref(), HOLDER, instant(at)).await.unwrap()
    }

    async fn explained(&self, at: &str) -> Value {
        let explained = Explained::of(&self.story(at).await).unwrap();
        serde_json::from_slice(&explained.bytes().unwrap()).unwrap()
    }

    async fn check(&self, number: u128, at: DateTime<Utc>) {
        let logon = Logon {
            logon_id: Uuid::from_u128(number),
            holder: HOLDER,
            card: card().card,
            at,
            workstation: "ward 3".to_owned(),
            reader: "Reader".to_owned(),
            verdict: "full".to_owned(),
            due: "[]".to_owned(),
        };
        self.stores.logons.record(&logon).await.unwrap();
    }

    async fn export(&self, after: Position) -> Vec<Value> {
        let log = &self.stores.log;
        let cursor = export::begin(log.as_ref(), after).await.unwrap();
        let end = export::end(log.as_ref(), instant("2030-01-01T00:00:00Z")).await.unwrap();
        let logons = self.stores.logons.clone();
        let export = Export::new(log.clone(), logons, Policies::seed(), cursor, end);
        let lines: Vec<Vec<u8>> = export.lines().try_collect().await.unwrap();
        lines.iter().map(|line| serde_json::from_slice(line).unwrap()).collect()
    }
}

fn set(reference: u128, on: &str, origin: Origin) -> HolderEvent {
    let secret = SecretRef(Uuid::from_u128(reference));
    HolderEvent::PasscodeSet { kind: Kind::Smartcard, on: day(on), secret, origin }
}

fn card() -> IssuedCard {
    let key = |slot| PublicKey::from_der(vec![slot]);
    let certificate = |slot, serial: &str| IssuedCertificate {
        slot,
        serial: serial.parse().unwrap(),
        not_before: instant("2025-03-10T09:00:00Z"),
        not_after: instant("2027-03-10T09:00:00Z"),
    };
    IssuedCard {
        card: "00A1".parse().unwrap(),
        profile: "piv".to_owned(),
        keys: CardKeys {
            authentication: key(0x9a),
            signature: key(0x9c),
            card_authentication: key(0x9e),
        },
        certificates: vec![
            certificate(Slot::Authentication, "0a01"),
            certificate(Slot::Signature, "0a02"),
        ],
    }
}

/// What is said of an act.
fn of<'a>(explained: &'a Value, act: &str) -> &'a Value {
    let acts = explained["acts"].as_array().unwrap();
    acts.iter().find(|one| one["act"] == act).unwrap()
}

#[tokio::test]
async fn p18_as_of_the_day_before_the_lock_and_of_the_day_itself_with_the_facts_behind_it() {
    let log = Log::registered().await;
    for (at, opens, phase) in [
        ("2026-03-30T22:59:59Z", "restricted", "forced"),
        ("2026-03-30T23:00:00Z", "locked", "locked"),
    ] {
        let bytes = AsOf::of(&log.story(at).await).unwrap().bytes().unwrap();
        let state: Value = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(state["log_on"]["opens"], opens, "{at}");
        let smartcard = &state["passcodes"][0];
        assert_eq!(smartcard["standing"]["set"]["phase"]["phase"], phase, "{at}");
        assert_eq!(smartcard["facts"][0]["type"], "PasscodeSet");
        assert_eq!(
            (&state["policy"]["version"], &state["policy"]["name"]),
            (&1.into(), &"seed".into())
        );
    }
}

#[tokio::test]
async fn b14_the_version_in_force_then_is_told_and_one_that_was_published_later_is_not() {
    let log = Log::registered().await;
    let next =
        Policy { version: 2, name: "shorter".to_owned(), passcode_days: 180, ..Policy::seed() };
    let next = InForce::new(day("2025-05-01"), next);
    let (command, now) = (CommandId(Uuid::from_u128(99)), instant("2025-04-20T12:00:00Z"));
    let (log_of, by) = (log.stores.log.as_ref(), json!({ "kind": "operator" }));
    stores::policy::publish(log_of, &next, &by, command, now).await.unwrap();
    for (at, version, expires_on) in [
        ("2025-04-20T11:59:59Z", 1, "2026-03-10"),
        ("2025-04-30T12:00:00Z", 1, "2026-03-10"),
        ("2025-05-01T12:00:00Z", 2, "2025-09-06"),
    ] {
        let state = serde_json::to_value(AsOf::of(&log.story(at).await).unwrap()).unwrap();
        assert_eq!(state["policy"]["version"], version, "{at}");
        assert_eq!(state["passcodes"][0]["standing"]["set"]["expires_on"], expires_on, "{at}");
    }
}

#[tokio::test]
async fn who_is_not_there_yet_is_not_registered_and_before_the_log_there_is_no_state() {
    let log = Log::registered().await;
    let before = AsOf::of(&log.story("2025-03-10T08:59:59Z").await).unwrap();
    assert!(!before.person.registered && before.last.is_none());
    assert!(AsOf::of(&log.story("2024-12-31T12:00:00Z").await).is_err());
}

#[tokio::test]
async fn p19_a_locked_holder_is_told_for_every_act_by_which_rule_it_is_refused_and_the_way_out() {
    let log = Log::registered().await;
    let explained = log.explained("2026-04-01T12:00:00Z").await;
    for act in ["log_on", "change_passcodes", "renew_certificates", "unlock_card"] {
        let said = of(&explained, act);
        assert_eq!((&said["answer"], &said["rule"]), (&"refused".into(), &"P-19".into()), "{act}");
        assert_eq!(said["facts"][0]["type"], "PasscodeSet", "{act}");
        assert!(said["way_out"].as_str().unwrap().contains("registration authority"), "{act}");
    }
}

#[tokio::test]
async fn c01_before_the_window_it_is_told_from_which_day_renewing_is_possible() {
    let log = Log::registered().await;
    let early = log.explained("2025-06-01T12:00:00Z").await;
    let said = of(&early, "renew_certificates");
    assert_eq!((&said["rule"], &said["changes_on"]), (&"C-01".into(), &"2027-02-08".into()));
    for act in ["log_on", "change_passcodes", "register_for_self_service"] {
        assert_eq!(of(&early, act)["answer"], "allowed", "{act}");
    }
    assert_eq!(of(&early, "unlock_card")["rule"], "U-02");
}

#[tokio::test]
async fn b17_a_forced_change_restricts_the_log_in_and_refuses_the_registration() {
    let log = Log::registered().await;
    let forced = log.explained("2026-03-15T12:00:00Z").await;
    assert_eq!(of(&forced, "log_on")["answer"], "restricted");
    assert_eq!(of(&forced, "register_for_self_service")["rule"], "B-17");
    assert_eq!(of(&forced, "change_passcodes")["answer"], "allowed");
}

#[tokio::test]
async fn a01_logon_checks_stand_in_an_export_between_the_events_by_time_each_once() {
    let mut log = Log::registered().await;
    log.tell("2025-06-01T09:00:00Z", &set(2, "2025-06-01", Origin::Change)).await;
    // More than a page of each, so that pages end in the middle.
    let begun = instant("2025-03-11T09:00:00Z");
    for number in 0..450_u32 {
        log.check(1000 + u128::from(number), begun + TimeDelta::hours(number.into())).await;
    }
    for number in 0..300 {
        log.tell("2025-07-01T09:00:00Z", &set(10 + number, "2025-07-01", Origin::Change)).await;
    }
    let lines = log.export(Position::START).await;
    let times: Vec<&str> = lines.iter().map(|line| line["recordedat"].as_str().unwrap()).collect();
    assert!(times.is_sorted());
    let n_checks = lines.iter().filter(|line| line["type"] == "LogonChecked").count();
    assert_eq!((lines.len(), n_checks), (6 + 300 + 450, 450));
    let last = lines[5]["position"].as_u64();
    assert_eq!(last, None, "the sixth line is a logon check");
    // From the first registration's event on: everything but what came before it.
    let rest = log.export(Position(5)).await;
    assert_eq!(rest.len(), 301 + 450);
    assert_eq!(rest.iter().filter_map(|line| line["position"].as_u64()).min(), Some(6));
}

#[tokio::test]
async fn an_export_that_lacks_one_of_the_holders_events_tells_no_state() {
    let mut log = Log::registered().await;
    log.tell("2025-06-01T09:00:00Z", &set(2, "2025-06-01", Origin::Change)).await;
    let lines = log.export(Position::START).await;
    let text = |skip: usize| {
        let kept = lines.iter().enumerate().filter(|(index, _)| *index != skip);
        kept.map(|(_, line)| format!("{line}\n")).collect::<Vec<_>>().concat()
    };
    let at = instant("2025-07-01T12:00:00Z");
    let whole = offline::story(text(usize::MAX).as_bytes(), HOLDER, at);
    assert_eq!(whole.unwrap().1, instant("2025-06-01T09:00:00Z"));
    assert!(offline::story(text(3).as_bytes(), HOLDER, at).is_err());
}

#[tokio::test]
async fn p13_the_life_line_shows_since_when_a_passcode_is_there_and_until_when_it_was_good() {
    let mut log = Log::registered().await;
    log.tell("2025-09-01T09:00:00Z", &set(2, "2025-09-01", Origin::Change)).await;
    let story = log.story("2026-10-01T12:00:00Z").await;
    let picture = story.picture().unwrap().unwrap();
    let smartcard = Line::Passcode(Kind::Smartcard);
    let bars: Vec<_> = picture.bars.iter().filter(|drawn| drawn.bar.line == smartcard).collect();
    let days: Vec<_> =
        bars.iter().map(|drawn| (drawn.bar.from, drawn.bar.until, drawn.bar.good_until)).collect();
    let [first, second, changed] = ["2025-03-10", "2026-09-01", "2025-09-01"].map(day);
    assert_eq!(days[0], (first, Some(changed), Some(day("2026-03-10"))));
    assert_eq!(days[1], (changed, None, Some(second)));
    // Replaced before it expired, it was good to its end; the other has expired meanwhile.
    assert_eq!(bars[0].good_width, bars[0].width);
    assert!(bars[1].good_width < bars[1].width);
    assert_eq!(bars[1].x + bars[1].width, picture.now_x);
    let lines: Vec<_> = picture.bars.iter().map(|drawn| drawn.bar.line).collect();
    assert_eq!(lines, [smartcard, smartcard, Line::Certificates, Line::Card]);
    assert_eq!(picture.years.iter().map(|(on, _)| *on).collect::<Vec<_>>().len(), 2);
    assert!(log.story("2025-02-01T12:00:00Z").await.picture().unwrap().is_none());
}
