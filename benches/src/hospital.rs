//! A log as large as a hospital trust's: so many holders, registered by the real command, as many
//! on every day of the time that a passcode can be old without having locked the account.
//!
//! Stand-ins: the holders, and their cards, whose keys are made-up bytes that sign nothing. Nobody
//! renews. Only who will be sent a mail is in the vault: it takes one person per commit.

use std::{
    path::Path,
    sync::{Arc, Mutex},
    time::Instant,
};

use anyhow::Context as _;
use api::{
    app::App,
    clock::{Clock as _, Entropy, StandingClock},
    commands::serve,
    config::Config,
};
use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use domain::{
    calendar,
    card::{CardKeys, IssuedCard, IssuedCertificate, PublicKey, Slot},
    certificate::IdentityEvidence,
    context::Context,
    desk::IdentityCheck,
    holder::{HolderCommand, Registration},
    ids::{CertificateSerial, CommandId, HolderId, SecretRef},
};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use stores::vault::Person;
use uuid::Uuid;
use workflows::{
    commands::{Actor, Cause, Commands},
    engine::{Engine, Parts},
    mail::{Composer, InMemoryCourier},
};

use crate::figures::{Table, count};

/// The first day on which somebody is registered.
const FIRST_DAY: NaiveDate = match NaiveDate::from_ymd_opt(2025, 1, 6) {
    Some(day) => day,
    None => panic!("a day"),
};

/// Registrations on their way at the same time: the log commits together what comes together.
const AT_ONCE: usize = 64;

/// How long a card's certificates are good for.
const CERTIFICATE_DAYS: i64 = 1095;

/// The trust's server, without its listeners.
pub(crate) struct Hospital {
    pub(crate) app: App,
    /// An engine beside the app's own, whose mails go nowhere.
    pub(crate) engine: Engine,
    /// The server's clock; it stands still until it is moved.
    pub(crate) clock: Arc<StandingClock>,
    pub(crate) n_holders: u32,
}

/// Somebody who was never born.
#[derive(Clone, Copy)]
pub(crate) struct Somebody(pub(crate) u32);

/// Builds it, and prints how long that took.
pub(crate) async fn build(
    table: &mut Table,
    folder: &Path,
    n_holders: u32,
) -> anyhow::Result<Hospital> {
    let clock = Arc::new(StandingClock::at(midnight(FIRST_DAY)));
    let config = Config::for_testing(&folder.join("hospital"));
    let entropy = Entropy::Seeded(Mutex::new(1));
    let app = App::new(serve::parts(config, Arc::clone(&clock) as _, entropy).await?);
    let engine = engine(&app, &folder.join("hospital.db")).await?;
    let hospital = Hospital { app, engine, clock, n_holders };
    let nobody = self::engine(&hospital.app, &folder.join("nobody.db")).await?;
    crate::day::measure_idle(table, &nobody, hospital.clock.now(), "no holders").await?;
    table.next()?;
    let begun = Instant::now();
    hospital.register_all().await?;
    let registering = begun.elapsed().as_secs_f64();
    let title = "the holders are registered, 64 at a time";
    table.value(title, registering, "s", count(n_holders));
    table.next()?;
    let begun = Instant::now();
    hospital.engine.catch_up().await?;
    let caught_up = begun.elapsed().as_secs_f64();
    table.value("wake-ups made from the whole log", caught_up, "s", count(n_holders));
    Ok(hospital)
}

/// An engine over the hospital's log.
pub(crate) async fn engine(app: &App, path: &Path) -> anyhow::Result<Engine> {
    let parts = Parts {
        log: Arc::clone(&app.stores().log),
        vault: app.stores().vault.clone(),
        policies: Arc::new(app.policies().clone()),
        composer: Composer::new(app.origin())?,
        courier: Arc::new(InMemoryCourier::new()),
    };
    Ok(Engine::open(path, parts).await?)
}

impl Hospital {
    /// The first day on which accounts lock.
    pub(crate) fn day(&self) -> NaiveDate {
        FIRST_DAY + Days::new(self.days().into())
    }

    /// Days on which people are registered: as long as a passcode's life, grace included.
    fn days(&self) -> u32 {
        let policy = self.app.policies().latest();
        u32::from(policy.passcode_days) + u32::from(policy.grace_days)
    }

    async fn register_all(&self) -> anyhow::Result<()> {
        let commands = Commands::new(Arc::clone(&self.app.stores().log));
        let registered = stream::iter(0..self.n_holders)
            .map(|number| self.register(&commands, Somebody(number)))
            .buffer_unordered(AT_ONCE);
        registered.try_collect().await
    }

    async fn register(&self, commands: &Commands, somebody: Somebody) -> anyhow::Result<()> {
        let day = u64::from(somebody.0) * u64::from(self.days()) / u64::from(self.n_holders);
        // Between six and six, so that it is the same civil day wherever clocks have been changed.
        let second = 6 * 3600 + i64::from(somebody.0) * 7919 % (12 * 3600);
        let at = midnight(FIRST_DAY + Days::new(day)) + TimeDelta::seconds(second);
        let policy = self.app.policies().latest();
        let n_days_with_mail = u64::from(policy.alert_days) + u64::from(policy.grace_days);
        if day <= n_days_with_mail {
            let (name, email) = (format!("Person {}", somebody.0), somebody.address());
            let person = Person { name, email };
            self.app.stores().vault.put_person(somebody.holder(), &person, at).await?;
        }
        let command = somebody.command();
        let secret = |place| SecretRef::derive(command, place);
        let registration = Registration {
            card: somebody.card(at)?,
            smartcard: secret(0),
            puk: secret(3),
            account_recovery: somebody.0.is_multiple_of(2).then(|| secret(1)),
            verification: None,
            check: IdentityCheck::by(IdentityEvidence::PhotographOnRecord, "RA desk"),
        };
        let register = HolderCommand::Register { registration, organisation: None };
        let ctx = Context { now: at, policies: self.app.policies() };
        let (holder, cause) = (somebody.holder(), Cause::first(command));
        commands.execute(&ctx, holder, cause, Actor::System, &register).await?;
        Ok(())
    }

    /// The clock goes on to an instant.
    pub(crate) fn wait_until(&self, at: DateTime<Utc>) {
        self.clock.advance(at - self.clock.now());
    }

    /// A day's hour where the hospital is.
    pub(crate) fn at_hour(&self, day: NaiveDate, hour: u8) -> DateTime<Utc> {
        calendar::at_hour(day, hour, self.app.policies().zone())
    }

    /// Everybody once, in an order in which neighbours come far from each other.
    pub(crate) fn shuffled(&self) -> impl Iterator<Item = Somebody> {
        let n_holders = u64::from(self.n_holders);
        // A prime beyond the largest number of holders, so it shares no factor with any.
        let place = move |turn: u32| u64::from(turn) * 1_000_003 % n_holders;
        (0..self.n_holders).filter_map(move |turn| u32::try_from(place(turn)).ok()).map(Somebody)
    }
}

impl Somebody {
    /// His id.
    pub(crate) fn holder(self) -> HolderId {
        HolderId(Uuid::from_u64_pair(1, self.0.into()))
    }

    /// The serial number of the certificate that he logs in with.
    pub(crate) fn certificate(self) -> anyhow::Result<CertificateSerial> {
        format!("9a{:08x}", self.0).parse().context("a serial number")
    }

    fn address(self) -> String {
        format!("person-{}@example.org", self.0)
    }

    fn command(self) -> CommandId {
        CommandId(Uuid::from_u64_pair(2, self.0.into()))
    }

    fn card(self, issued: DateTime<Utc>) -> anyhow::Result<IssuedCard> {
        // As long as a P-256 key.
        let key = |slot: u8| PublicKey::from_der([&[slot; 87][..], &self.0.to_be_bytes()].concat());
        let certificate = |slot, serial| IssuedCertificate {
            slot,
            serial,
            not_before: issued,
            not_after: issued + TimeDelta::days(CERTIFICATE_DAYS),
        };
        Ok(IssuedCard {
            card: format!("{:016X}", self.0).parse()?,
            profile: "measured".to_owned(),
            keys: CardKeys {
                authentication: key(0x9a),
                signature: key(0x9c),
                card_authentication: key(0x9e),
            },
            certificates: vec![
                certificate(Slot::Authentication, self.certificate()?),
                certificate(Slot::Signature, format!("9c{:08x}", self.0).parse()?),
            ],
        })
    }
}

fn midnight(day: NaiveDate) -> DateTime<Utc> {
    day.and_time(chrono::NaiveTime::MIN).and_utc()
}
