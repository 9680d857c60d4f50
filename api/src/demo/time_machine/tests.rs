//! The clock of a demonstration without a drawer, and one holder.

use std::sync::Mutex;

use chrono::TimeDelta;
use domain::{
    card::{CardKeys, IssuedCard, PublicKey},
    certificate::IdentityEvidence,
    desk::IdentityCheck,
    holder::{HolderCommand, Registration},
    ids::{HolderId, SecretRef},
    testing::instant,
};
use futures::TryStreamExt as _;
use stores::{
    event_store::{Revision, StreamName},
    vault::{NewPasscode, Person},
};
use tempfile::TempDir;
use uuid::Uuid;

use super::*;
use crate::{
    clock::{Entropy, StandingClock},
    commands::serve,
    config::Config,
    execute::{Actor, Cause},
};

const HOLDER: HolderId = HolderId(Uuid::from_u128(1));

struct Site {
    app: App,
    real: Arc<StandingClock>,
    folder: TempDir,
}

impl Site {
    /// A holder is registered on 2025-03-10, at nine.
    async fn open() -> Self {
        let real = Arc::new(StandingClock::at(instant("2025-03-10T09:00:00Z")));
        let folder = tempfile::tempdir().unwrap();
        let app = started(&folder, &real).await;
        let person = Person { name: "Sam Okafor".to_owned(), email: "sam@example.org".to_owned() };
        app.stores().vault.put_person(HOLDER, &person, app.now()).await.unwrap();
        let command = app.entropy().command_id(app.now());
        let event = domain::ids::EventId::derive(command, 0);
        let smartcard = SecretRef::derive(command, 0);
        let row = NewPasscode { secret: smartcard, holder: HOLDER, kind: "smartcard", event };
        app.stores().vault.put_tag(row, &[9; 32], app.now()).await.unwrap();
        let key = || PublicKey::from_der(vec![0x30]);
        let card = IssuedCard {
            card: "00A1".parse().unwrap(),
            profile: "guide".to_owned(),
            keys: CardKeys { authentication: key(), signature: key(), card_authentication: key() },
            certificates: vec![],
        };
        let registration = Registration {
            card,
            smartcard,
            puk: SecretRef::derive(command, 7),
            account_recovery: None,
            verification: None,
            check: IdentityCheck::by(IdentityEvidence::Passport, "RA desk"),
        };
        let register = HolderCommand::Register { registration, organisation: None };
        app.execute(HOLDER, Cause::first(command), Actor::System, &register).await.unwrap();
        Self { app, real, folder }
    }

    async fn go(&self, to: &str, service: Service) -> anyhow::Result<()> {
        let machine = self.machine();
        let lever = machine.take_lever().unwrap();
        machine.go(&lever, &self.app, instant(to), service).await
    }

    fn machine(&self) -> &TimeMachine {
        self.app.demo().unwrap().time_machine()
    }

    /// The days on which an alert was raised.
    async fn alerts(&self) -> Vec<String> {
        let stream = StreamName::holder(HOLDER);
        let events: Vec<_> =
            self.app.stores().log.read_stream(&stream, Revision(0)).try_collect().await.unwrap();
        let alerts = events.iter().filter(|event| event.kind == "AlertRaised");
        alerts.map(|event| event.at.format("%m-%d %H:%M").to_string()).collect()
    }

    fn mails(&self) -> usize {
        self.app.demo().unwrap().mailbox().mails().unwrap().len()
    }
}

async fn started(folder: &TempDir, real: &Arc<StandingClock>) -> App {
    let config = Config::for_testing(folder.path());
    serve::open(config, real.clone(), Entropy::Seeded(Mutex::new(0))).await.unwrap()
}

#[tokio::test]
async fn b15_a_move_goes_through_every_alert_at_its_hour_and_every_mail_is_sent() {
    let site = Site::open().await;
    site.go("2026-03-09T12:00:00Z", Service::Running).await.unwrap();
    let alerts = site.alerts().await;
    assert_eq!((alerts.len(), site.mails()), (14, 14));
    assert_eq!(alerts.first().unwrap(), "02-24 08:00");
    assert_eq!(alerts.last().unwrap(), "03-09 08:00");
    assert_eq!(site.app.now(), instant("2026-03-09T12:00:00Z"));
    let last = site.machine().last_move().unwrap();
    assert_eq!((last.n_stops, last.state), (14, State::Arrived));
}

#[tokio::test]
async fn b15_what_was_missed_while_the_service_was_off_is_not_made_up_for() {
    let site = Site::open().await;
    site.go("2026-03-02T12:00:00Z", Service::Off).await.unwrap();
    assert_eq!(site.alerts().await, ["03-02 12:00"]);
    assert_eq!(site.mails(), 1);
}

#[tokio::test]
async fn a_restart_finds_the_clock_where_it_was_left() {
    let site = Site::open().await;
    site.go("2026-02-01T12:00:00Z", Service::Running).await.unwrap();
    let Site { app, real, folder } = site;
    drop(app);
    real.advance(TimeDelta::hours(2));
    let app = started(&folder, &real).await;
    assert_eq!(app.now(), instant("2026-02-01T14:00:00Z"));
    assert_eq!(app.real_now(), instant("2025-03-10T11:00:00Z"));
}

#[tokio::test]
async fn the_clock_goes_neither_back_nor_too_far_and_one_has_the_lever_at_a_time() {
    let site = Site::open().await;
    assert!(site.go("2025-03-10T08:59:59Z", Service::Running).await.is_err());
    assert!(site.go("2026-06-01T12:00:00Z", Service::Running).await.is_err());
    assert_eq!(site.app.now(), instant("2025-03-10T09:00:00Z"));
    let lever = site.machine().take_lever().unwrap();
    assert!(site.machine().take_lever().is_err());
    drop(lever);
    assert!(site.machine().take_lever().is_ok());
}
