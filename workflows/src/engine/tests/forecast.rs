//! The forecast of a population, and what becomes of it when the engine runs and nobody acts.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use domain::{
    calendar,
    card::{CardKeys, IssuedCard, IssuedCertificate, PublicKey, Slot},
    forecast::{Counts, Forecast, People, Question},
    holder::HolderEvent,
    passcode::Kind,
    policy::{InForce, Policy},
};

use stores::event_store::Recorded;

use super::{super::*, world::*};

const N_HOLDERS: u128 = 100;

const DAYS: u16 = 400;

/// Before the alert hour of its day.
const BEGIN: &str = "2026-01-01T00:30:00Z";

/// From the hundredth day on passcodes live for half as long, which forces everybody of more than half a
/// year on the same day; so the breaker has to let more through.
fn policies() -> Policies {
    let first = Policy { breaker_floor: 1000, ..Policy::seed() };
    let policy = Policy { version: 2, passcode_days: 180, ..first.clone() };
    Policies::only(first).and(InForce::new("2026-04-10".parse().unwrap(), policy)).unwrap()
}

/// Registered one after the other in the year before, and somewhat earlier; certificates end in the year that is to come,
/// and somewhat later.
async fn population(world: &World) {
    for number in 0..N_HOLDERS {
        let ago = i64::try_from(number * 380 / N_HOLDERS).unwrap();
        let at = instant(BEGIN) - TimeDelta::days(ago) - TimeDelta::hours(1);
        let holder = world.register(number, at).await;
        let key = || PublicKey::from_der(vec![1]);
        let not_after =
            instant(BEGIN) + TimeDelta::hours(31 + i64::try_from(number).unwrap() * 120);
        let certificates = Slot::ALL.map(|slot| IssuedCertificate {
            slot,
            serial: "0a".parse().unwrap(),
            not_before: at,
            not_after,
        });
        let card = IssuedCard {
            card: format!("{number:04X}").parse().unwrap(),
            profile: "guide".to_owned(),
            keys: CardKeys { authentication: key(), signature: key(), card_authentication: key() },
            certificates: certificates.to_vec(),
        };
        world.record(holder, at, vec![HolderEvent::CardIssued(card)]).await;
        if number % 3 == 0 {
            world.set(holder, at, Kind::Verification).await;
        }
    }
}

/// What the forecast counts, from the types of the events in the log.
fn counted(log: &[Recorded], first_on: NaiveDate) -> BTreeMap<u16, [u32; 4]> {
    let mut days: BTreeMap<u16, [u32; 4]> = BTreeMap::new();
    for recorded in log {
        let column = match recorded.kind.as_str() {
            "AlertRaised" => 0,
            "RenewalForced" => 1,
            "AccountLocked" => 2,
            "CertificateAlertRaised" => 3,
            _ => continue,
        };
        let on = calendar::civil_day(recorded.at, Policies::seed().zone());
        let Ok(day) = u16::try_from((on - first_on).num_days()) else { continue };
        days.entry(day).or_default()[column] += 1;
    }
    days
}

#[tokio::test]
async fn b14_the_forecast_for_a_population_is_what_the_engine_records_when_nobody_acts() {
    let mut world = World::new().await;
    world.policies = Arc::new(policies());
    population(&world).await;
    let engine = world.engine().await;
    live_until(&engine, instant(BEGIN)).await;
    let question = Question {
        ctx: Context { now: instant(BEGIN), policies: &world.policies },
        days: DAYS,
        people: People::NobodyActs,
    };
    let mut forecast = Forecast::begin(&question);
    for number in 0..N_HOLDERS {
        let loaded = engine.commands().load(holder(number)).await.unwrap();
        forecast.add(&question, &loaded.holder, loaded.last_at);
    }
    assert_eq!(forecast.trips(&world.policies), []);
    live_until(&engine, instant(BEGIN) + TimeDelta::days(DAYS.into()) - TimeDelta::hours(1)).await;
    let of = |counts: &Counts| {
        [counts.alerted, counts.forced, counts.locked, counts.certificate_alerted]
    };
    let foretold: BTreeMap<_, _> = forecast
        .all
        .rows()
        .map(|(day, counts)| (day, of(counts)))
        .filter(|(_, counts)| *counts != [0; 4])
        .collect();
    assert_eq!(foretold, counted(&world.log().await, forecast.first_on));
}
