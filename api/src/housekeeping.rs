//! What is swept away when its time is over: expired jobs and codes, pending vault rows, old
//! answers. Nothing depends on that having run; it only keeps tables small.
//!
//! And sessions whose card is in no reader any more, where nobody was there to notice it.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use stores::{
    logon::KEPT_DAYS,
    session::{After, AtReader, EndReason, PAGE_ROWS_MAX},
};
use tokio_util::sync::CancellationToken;
use workflows::engine::Breaker;

use crate::{
    agents::Standing,
    alarms,
    app::{AGENT_LOST, App},
    attempts,
    clock::acceptance,
    jobs::{ENDED_KEPT_MINUTES, OVER_KEPT_HOURS},
    keystore::code_key_of,
    pace::LOG_INS_A_MINUTE,
};

/// How often.
const EVERY: Duration = Duration::from_mins(1);

/// Rows per table and round.
const ROWS_MAX: u32 = 1_000;

/// Rounds per table each time.
const ROUNDS_MAX: u32 = 100;

/// Jobs must go faster than strangers can make them.
const _: () = assert!(LOG_INS_A_MINUTE < ROWS_MAX * ROUNDS_MAX);

/// A session that can no longer be open is kept for so many hours more, because its browser may
/// come back and is told why it ended.
const ENDED_KEPT_HOURS: i64 = 12;

/// Counters are kept for the day they count and the one after.
const COUNTERS_KEPT_DAYS: i64 = 2;

/// Sweeps once a minute until `shutdown`. Sessions are looked at from a minute after the start on:
/// until then agents may still be on their way back.
pub async fn run(app: App, shutdown: CancellationToken) {
    let started = tokio::time::Instant::now();
    let mut after = None;
    let mut given_up = None;
    loop {
        if let Err(error) = acceptance::keep(&app).await {
            tracing::error!(error = format!("{error:#}"), "the next start may be kept waiting");
        }
        if let Err(error) = renew_code_key(&app).await {
            tracing::error!(error = format!("{error:#}"), "codes are made with an old key");
        }
        if let Err(error) = alarms::tell(&app).await {
            tracing::error!(error = format!("{error:#}"), "not everybody was told of every alarm");
        }
        if let Err(error) = attempts::record(&app).await {
            tracing::warn!(error = format!("{error:#}"), "unproven starts were not written down");
        }
        match forget_given_up(&app, given_up).await {
            Ok(until) => given_up = Some(until),
            Err(error) => {
                tracing::warn!(error = format!("{error:#}"), "not all answers were forgotten");
            }
        }
        if let Err(error) = sweep(&app).await {
            tracing::warn!(error = format!("{error:#}"), "not everything was swept");
        }
        if AGENT_LOST <= started.elapsed() {
            after = end_lost(&app, after).await.unwrap_or_else(|error| {
                tracing::error!(
                    error = format!("{error:#}"),
                    "sessions without card were not ended"
                );
                None
            });
        }
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

/// B-44: what was entered for registrations whose code nobody has entered is deleted, an hour after
/// their card has agreed; and once more a day after, with what the vault keeps for a day in any case.
/// `since` is what the last round has given back; without it, all of the last day are looked at.
///
/// # Errors
/// If the store fails; the next round starts over.
pub async fn forget_given_up(
    app: &App,
    since: Option<DateTime<Utc>>,
) -> anyhow::Result<DateTime<Utc>> {
    let now = app.now();
    let over_at = now + TimeDelta::hours(OVER_KEPT_HOURS);
    let minutes = i64::from(app.policy().registration_minutes) + 1;
    let until = over_at - TimeDelta::minutes(minutes);
    let last = since.filter(|last| *last < until).unwrap_or(now);
    for (after, until) in [(last, until), (now, now + TimeDelta::from_std(2 * EVERY)?)] {
        let holders = app.stores().jobs.holders_of_ending(REGISTRATIONS, after, until, ROWS_MAX);
        for holder in holders.await? {
            app.prune_vault(holder).await;
        }
    }
    Ok(until)
}

/// How the state of a registration's job begins.
const REGISTRATIONS: &str = "{\"goal\":{\"register\":";

/// What is swept.
#[derive(Debug, Clone, Copy)]
enum Table {
    Vault,
    Jobs,
    Sessions,
    Answers,
    EnrolmentCodes,
    Lines,
    Logons,
    Counters,
}

impl Table {
    const ALL: [Self; 8] = [
        Self::Vault,
        Self::Jobs,
        Self::Sessions,
        Self::Answers,
        Self::EnrolmentCodes,
        Self::Lines,
        Self::Logons,
        Self::Counters,
    ];

    /// True if what is deleted here is gone for good, so that it must not be done at a wrong time.
    fn is_irreplaceable(self) -> bool {
        match self {
            Self::Vault | Self::Logons | Self::Counters => true,
            Self::Jobs | Self::Sessions | Self::Answers | Self::EnrolmentCodes | Self::Lines => {
                false
            }
        }
    }

    /// One round: how many rows it did away with.
    async fn sweep(self, app: &App) -> anyhow::Result<u64> {
        let (stores, now) = (app.stores(), app.now());
        Ok(match self {
            Self::Vault => {
                let swept = stores.vault.sweep(stores.log.as_ref(), now, ROWS_MAX).await?;
                swept.n_deleted + swept.n_settled
            }
            Self::Jobs => {
                stores.jobs.sweep(now - TimeDelta::minutes(ENDED_KEPT_MINUTES), ROWS_MAX).await?
            }
            Self::Sessions => {
                stores.sessions.sweep(now - TimeDelta::hours(ENDED_KEPT_HOURS), ROWS_MAX).await?
            }
            Self::Answers => stores.answers.sweep(now, ROWS_MAX).await?,
            Self::EnrolmentCodes => stores.agents.sweep(app.real_now(), ROWS_MAX).await?,
            Self::Lines => stores.lines.sweep(app.real_now(), ROWS_MAX).await?,
            Self::Logons => stores.logons.forget(now, KEPT_DAYS, ROWS_MAX).await?,
            // U-06: what they have counted is written down before they go.
            Self::Counters => {
                attempts::record(app).await?;
                stores.limits.sweep(now - TimeDelta::days(COUNTERS_KEPT_DAYS), ROWS_MAX).await?
            }
        })
    }
}

/// Everything whose time is over: each table until there is less to do than a round could, or the
/// rounds are used up. While it is in doubt what time it is, nothing irreplaceable is deleted.
///
/// # Errors
/// If the store fails; the next time starts over.
pub async fn sweep(app: &App) -> anyhow::Result<()> {
    let in_doubt = is_time_in_doubt(app).await;
    for table in Table::ALL.into_iter().filter(|table| !in_doubt || !table.is_irreplaceable()) {
        for _ in 0..ROUNDS_MAX {
            if table.sweep(app).await? < u64::from(ROWS_MAX) {
                break;
            }
        }
    }
    Ok(())
}

/// B-38: codes are made with a key of today, and keys that no code needs any more are forgotten. While
/// it is in doubt what day it is, all stay as they are.
async fn renew_code_key(app: &App) -> anyhow::Result<()> {
    let (now, vault) = (app.now(), &app.stores().vault);
    if code_key_of(now) <= vault.code_key() || is_time_in_doubt(app).await {
        return Ok(());
    }
    let entropy = &mut |bytes: &mut [u8]| app.entropy().fill(bytes);
    vault.renew_code_keys(app.keystore().renew_code_keys(now, entropy)?);
    Ok(())
}

/// True while the wall clock is kept out, or the breaker has stopped the workflow engine.
async fn is_time_in_doubt(app: &App) -> bool {
    let alarm = app.clock().accepted().is_some_and(|clock| clock.standing().alarm);
    // Where it cannot be read, it may have been stopped.
    alarm || !matches!(app.engine().breaker().await, Ok(Breaker::Closed | Breaker::Accepted { .. }))
}

/// Ends the open sessions whose agent is not connected, or does not say that the card is in a
/// reader. Who left less than a minute ago is not among them. Gives back where to go on next time;
/// `None` if it came to the end.
///
/// # Errors
/// If the store fails.
pub async fn end_lost(app: &App, mut after: Option<After>) -> anyhow::Result<Option<After>> {
    for _ in 0..ROUNDS_MAX {
        let sessions = &app.stores().sessions;
        let page = sessions.open_sessions(after, app.now(), PAGE_ROWS_MAX).await?;
        let Some(last) = page.last() else { return Ok(None) };
        after = Some((last.agent, last.token));
        let standing = app.agents().standing(page.iter().map(|open| open.agent)).await?;
        for open in &page {
            if let Some(reason) = lost(standing.get(&open.agent), open) {
                sessions.end(open.token, reason, app.now()).await?;
            }
        }
    }
    Ok(after)
}

/// Why a session has to end, if it has.
fn lost(standing: Option<&Standing>, open: &AtReader) -> Option<EndReason> {
    match standing {
        Some(Standing::Missed) => None,
        Some(Standing::Connected(seen)) => {
            (!seen.has_card(open.card.as_str())).then_some(EndReason::CardRemoved)
        }
        None => Some(EndReason::AgentLost),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use domain::{ids::HolderId, testing::instant};
    use stores::{
        agent::{AgentId, ENROLMENT_CODE_MINUTES},
        logon::Logon,
        token::TokenHash,
    };
    use uuid::Uuid;

    use super::*;
    use crate::{
        clock::{Entropy, StandingClock, accepted::tests::Clocks},
        commands::serve,
        config::Config,
    };

    #[tokio::test]
    async fn more_rows_than_a_round_can_take_are_gone_after_one_sweep() {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(StandingClock::at(instant("2026-03-02T09:00:00Z")));
        let config = Config::for_testing(folder.path());
        let entropy = Entropy::Seeded(Mutex::new(0));
        let app = serve::open(config, clock.clone(), entropy).await.unwrap();
        for number in 0..=ROWS_MAX {
            let code = TokenHash::of(&number.to_be_bytes());
            app.stores().agents.put_enrolment_code(code, app.now()).await.unwrap();
        }
        clock.advance(TimeDelta::minutes(ENROLMENT_CODE_MINUTES));
        sweep(&app).await.unwrap();
        assert_eq!(app.stores().agents.sweep(app.now(), ROWS_MAX).await.unwrap(), 0);
    }

    #[tokio::test]
    async fn u06_housekeeping_writes_down_the_starts_without_proof_once_the_clock_can_be_trusted() {
        let folder = tempfile::tempdir().unwrap();
        let (clocks, ours) = Clocks::start();
        let config = Config::for_testing(folder.path());
        let app = serve::open(config, Arc::new(ours), Entropy::Seeded(0.into())).await.unwrap();
        attempts::started(&app, AgentId(Uuid::from_u128(7))).await.unwrap();
        let head = async || app.stores().log.head().await.unwrap();
        let before = head().await;
        sweep(&app).await.unwrap();
        assert_eq!(head().await, before);
        clocks.pass(TimeDelta::days(COUNTERS_KEPT_DAYS + 1));
        clocks.turn_wall(TimeDelta::hours(1));
        sweep(&app).await.unwrap();
        assert_eq!(head().await, before);
        clocks.turn_wall(-TimeDelta::hours(1));
        sweep(&app).await.unwrap();
        assert_ne!(head().await, before);
    }

    #[tokio::test]
    async fn b38_codes_get_a_key_a_day_and_none_while_it_is_in_doubt_what_day_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let (clocks, ours) = Clocks::start();
        let config = Config::for_testing(folder.path());
        let app = serve::open(config, Arc::new(ours), Entropy::Seeded(0.into())).await.unwrap();
        let first = app.stores().vault.code_key();
        assert_eq!(first, code_key_of(app.now()));
        clocks.pass(TimeDelta::days(1));
        clocks.turn_wall(TimeDelta::hours(1));
        renew_code_key(&app).await.unwrap();
        assert_eq!(app.stores().vault.code_key(), first);
        clocks.turn_wall(-TimeDelta::hours(1));
        renew_code_key(&app).await.unwrap();
        assert_eq!(app.stores().vault.code_key(), first + 1);
    }

    #[tokio::test]
    async fn a_logon_is_not_forgotten_by_a_clock_that_is_in_doubt() {
        let folder = tempfile::tempdir().unwrap();
        let (clocks, ours) = Clocks::start();
        let config = Config::for_testing(folder.path());
        let app = serve::open(config, Arc::new(ours), Entropy::Seeded(0.into())).await.unwrap();
        let logon = Logon {
            logon_id: Uuid::from_u128(1),
            holder: HolderId(Uuid::from_u128(2)),
            card: "0A01".parse().unwrap(),
            at: app.now(),
            workstation: String::new(),
            reader: String::new(),
            verdict: "full".to_owned(),
            due: "[]".to_owned(),
        };
        app.stores().logons.record(&logon).await.unwrap();
        let count =
            async || app.stores().logons.of_holder(logon.holder, None, 10).await.unwrap().len();
        clocks.pass(TimeDelta::days(i64::from(KEPT_DAYS) + 1));
        clocks.turn_wall(TimeDelta::hours(1));
        sweep(&app).await.unwrap();
        assert_eq!(count().await, 1);
        clocks.turn_wall(-TimeDelta::hours(1));
        sweep(&app).await.unwrap();
        assert_eq!(count().await, 0);
    }
}
