//! How often strangers may make us write: log-ins are started before anybody is known, and each is
//! a row until its ten minutes are over.
//!
//! A bound for the process, not a judgement of anybody; limits per card and person are durable and
//! belong to the acts themselves. One address may not take everybody's places. Without a proxy in
//! front there is one address only, this machine's own; behind one, it is what the proxy has
//! written into `X-Forwarded-For`.
//!
//! Whoever tries out one card after the other starts unlocks, and has time. So those are counted for
//! each address and day as well, and durably. That needs no list of addresses: they share
//! [`PLACES`] counters between them, by a digest.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Mutex, PoisonError},
};

use axum::http::HeaderMap;
use chrono::{DateTime, Utc};
use sha2::{Digest as _, Sha256};

use crate::{app::App, jobs::passcode::takes};

/// Log-ins that may be started a minute: several times what 1.5 million holders do at eight in the
/// morning. Housekeeping takes expired jobs away faster than this, so that it also bounds the table.
pub const LOG_INS_A_MINUTE: u32 = 60_000;

/// Log-ins of these that one address may start: a hospital with thousands of workstations may have
/// one address only.
pub const LOG_INS_OF_AN_ADDRESS: u32 = 6_000;

/// Unlocks that one address may start a day: in a hospital with one address for ten thousand people,
/// each of them could lock his card every week.
pub const UNLOCKS_OF_AN_ADDRESS: u32 = 2_000;

/// Counters for all addresses that there are: so many rows a day at the most.
pub const PLACES: u16 = u16::MAX;

/// Counts within the minute of the server's clock.
#[derive(Debug, Default)]
pub struct Pace(Mutex<Minute>);

#[derive(Debug, Default)]
struct Minute {
    number: i64,
    n_all: u32,
    /// At most [`LOG_INS_A_MINUTE`]: only who got a place is counted.
    n_of_address: HashMap<IpAddr, u32>,
}

impl Pace {
    /// Takes one of the minute's places; false if they are all taken, or all that this address may
    /// have.
    #[must_use]
    pub fn take(&self, now: DateTime<Utc>, address: Option<IpAddr>) -> bool {
        self.take_of(now, address, LOG_INS_A_MINUTE, LOG_INS_OF_AN_ADDRESS)
    }

    fn take_of(
        &self,
        now: DateTime<Utc>,
        address: Option<IpAddr>,
        max: u32,
        max_of_address: u32,
    ) -> bool {
        let number = now.timestamp().div_euclid(60);
        let mut minute = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if minute.number != number {
            *minute = Minute { number, ..Minute::default() };
        }
        if max <= minute.n_all {
            return false;
        }
        if let Some(address) = address {
            let n_taken = minute.n_of_address.entry(address).or_default();
            if max_of_address <= *n_taken {
                return false;
            }
            *n_taken += 1;
        }
        minute.n_all += 1;
        true
    }
}

/// Takes one of the unlocks that whoever sends these headers may start today; false if they are all
/// taken. Where there is no proxy all come from one address, and none is counted.
pub(crate) async fn takes_unlock(app: &App, headers: &HeaderMap) -> anyhow::Result<bool> {
    takes_unlock_of(app, app.address(headers), UNLOCKS_OF_AN_ADDRESS).await
}

/// Takes one of the places that this address has today for something else that strangers do, or of those
/// that all have together where nobody says who asks; false if they are all taken.
pub(crate) async fn takes_of(
    app: &App,
    what: &str,
    address: Option<IpAddr>,
    max: u32,
    max_of_all: u32,
) -> anyhow::Result<bool> {
    match address {
        Some(address) => takes(app, &format!("{what} {}", place(address)), max).await,
        None => takes(app, &format!("{what} unknown"), max_of_all).await,
    }
}

async fn takes_unlock_of(app: &App, address: Option<IpAddr>, max: u32) -> anyhow::Result<bool> {
    match address {
        Some(address) => takes(app, &format!("unlocks-of-address {}", place(address)), max).await,
        None => Ok(true),
    }
}

/// Which counter an address shares.
fn place(address: IpAddr) -> u16 {
    let digest = match address {
        IpAddr::V4(address) => Sha256::digest(address.octets()),
        IpAddr::V6(address) => Sha256::digest(address.octets()),
    };
    u16::from_be_bytes([digest[0], digest[1]]) % PLACES
}

/// Whom the proxy speaks for: what it has added at the end of `X-Forwarded-For`. Of an IPv6
/// address the half that one customer of a provider has. `None` if the proxy does not say.
#[must_use]
pub fn address(headers: &HeaderMap) -> Option<IpAddr> {
    let said = headers.get_all("x-forwarded-for").into_iter().next_back()?.to_str().ok()?;
    let address: IpAddr = said.rsplit(',').next()?.trim().parse().ok()?;
    Some(match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use axum::http::HeaderValue;
    use domain::testing::instant;

    use super::*;
    use crate::{
        clock::{Entropy, StandingClock},
        commands::serve,
        config::Config,
    };

    const NOW: DateTime<Utc> = DateTime::UNIX_EPOCH;

    #[test]
    fn the_last_place_of_a_minute_is_given_the_next_is_not_and_the_next_minute_has_new_ones() {
        let pace = Pace::default();
        assert!(pace.take_of(NOW, None, 2, 9));
        let end = NOW + chrono::TimeDelta::milliseconds(59_999);
        assert!(pace.take_of(end, None, 2, 9));
        assert!(!pace.take_of(end, None, 2, 9));
        assert!(pace.take_of(NOW + chrono::TimeDelta::seconds(60), None, 2, 9));
    }

    #[test]
    fn an_address_that_has_had_its_places_leaves_the_others_theirs() {
        let pace = Pace::default();
        let [greedy, other] = [1, 2].map(|last| Some(IpAddr::from([192, 0, 2, last])));
        let take = |address| pace.take_of(NOW, address, 4, 2);
        assert!(take(greedy) && take(greedy));
        assert!(!take(greedy) && !take(greedy));
        assert!(take(other) && take(None));
        assert!(!take(other) && !take(None));
    }

    #[tokio::test]
    async fn u04_an_address_that_has_started_its_unlocks_of_a_day_starts_no_more_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let [greedy, other] = [1, 2].map(|last| Some(IpAddr::from([192, 0, 2, last])));
        let open = async |at: &str| {
            let clock = Arc::new(StandingClock::at(instant(at)));
            let config = Config::for_testing(folder.path());
            serve::open(config, clock, Entropy::Seeded(0.into())).await.unwrap()
        };
        let app = open("2026-03-02T09:00:00Z").await;
        let take = async |app: &App, address| takes_unlock_of(app, address, 2).await.unwrap();
        assert!(take(&app, greedy).await && take(&app, greedy).await);
        assert!(!take(&app, greedy).await);
        drop(app);
        let app = open("2026-03-02T23:59:59Z").await;
        assert!(!take(&app, greedy).await);
        assert!(take(&app, other).await);
        for _ in 0..3 {
            assert!(take(&app, None).await);
        }
        drop(app);
        assert!(take(&open("2026-03-03T00:00:00Z").await, greedy).await);
    }

    #[test]
    fn only_what_the_proxy_itself_has_added_is_believed() {
        let of = |values: &[&str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append("x-forwarded-for", HeaderValue::from_str(value).unwrap());
            }
            address(&headers).map(|address| address.to_string())
        };
        assert_eq!(of(&["198.51.100.7, 192.0.2.1"]).as_deref(), Some("192.0.2.1"));
        assert_eq!(of(&["198.51.100.7", "192.0.2.2"]).as_deref(), Some("192.0.2.2"));
        assert_eq!(of(&["::ffff:192.0.2.3"]).as_deref(), Some("192.0.2.3"));
        assert_eq!(of(&["2001:db8:1:2:3:4:5:6"]).as_deref(), Some("2001:db8:1:2::"));
        for none in [&[][..], &["192.0.2.1, unknown"], &[""]] {
            assert_eq!(of(none), None);
        }
    }
}
