//! Ticks the workflow engine, and what relying parties are told. What ticks knows no rule: it says
//! what time it is, and they know what is due.

use std::{sync::Arc, time::Duration};

use anyhow::Context as _;
use tokio::{sync::Mutex, time::timeout};
use tokio_cron_scheduler::{Job, JobScheduler};
use tokio_util::sync::CancellationToken;

use crate::{app::App, relying_parties};

/// How often: every second, so that a mail goes out soon after what it tells of.
const EVERY: &str = "* * * * * *";

/// The most ticks in a row while there is more to do at the same time; the next second goes on.
const IN_A_ROW_MAX: u32 = 64;

/// How long the end waits for the tick that is going on: most of what the server waits for its parts.
/// What is then cut off is taken up at the next start, when its lease is over.
const LAST_TICK_MAX: Duration = Duration::from_secs(8);

/// Ticks until `shutdown`, and until the tick that is going on then is over. A tick that takes longer
/// than a second is not joined by another.
///
/// # Errors
/// If the scheduler does not start.
pub async fn run(app: App, shutdown: CancellationToken) -> anyhow::Result<()> {
    let one_at_a_time = Arc::new(Mutex::new(()));
    let mut scheduler = JobScheduler::new().await.context("the scheduler")?;
    let ticking = Arc::clone(&one_at_a_time);
    let engine = app.clone();
    let job = Job::new_async(EVERY, move |_, _| {
        let (app, one_at_a_time) = (engine.clone(), Arc::clone(&ticking));
        Box::pin(async move {
            if let Ok(_ticking) = one_at_a_time.try_lock() {
                tick(&app).await;
            }
        })
    })?;
    scheduler.add(job).await?;
    // Of their own, since somebody waits for his code while a mail that hangs holds up the rest.
    let codes = app.clone();
    let job = Job::new_async(EVERY, move |_, _| {
        let app = codes.clone();
        Box::pin(async move { send_codes(&app).await })
    })?;
    scheduler.add(job).await?;
    // Of their own, since a mail server that hangs may hold the engine's tick up for minutes.
    let one_list_at_a_time = Arc::new(Mutex::new(()));
    let job = Job::new_async(EVERY, move |_, _| {
        let (app, one_at_a_time) = (app.clone(), Arc::clone(&one_list_at_a_time));
        Box::pin(async move {
            if let Ok(_ticking) = one_at_a_time.try_lock() {
                relying_parties::tick(&app).await;
            }
        })
    })?;
    scheduler.add(job).await?;
    scheduler.start().await?;
    shutdown.cancelled().await;
    scheduler.shutdown().await?;
    if !is_over(&one_at_a_time).await {
        tracing::warn!("the last tick was still going on and is cut off");
    }
    Ok(())
}

/// Waits until no tick is going on, but not for ever.
async fn is_over(one_at_a_time: &Mutex<()>) -> bool {
    timeout(LAST_TICK_MAX, one_at_a_time.lock()).await.is_ok()
}

/// Sends the codes that are due now. A failure is logged and made good by the next time.
async fn send_codes(app: &App) {
    #[cfg(feature = "demo")]
    let _still = match app.demo() {
        Some(demo) => Some(demo.time_machine().stand_still().await),
        None => None,
    };
    if let Err(error) = app.engine().send_codes(app.now()).await {
        let error = anyhow::Error::from(error);
        tracing::warn!(error = format!("{error:#}"), "codes were not sent");
    }
}

/// Does what is due now. A failure is logged and made good by the next tick.
async fn tick(app: &App) {
    // Nobody moves the demonstration's clock meanwhile.
    #[cfg(feature = "demo")]
    let _still = match app.demo() {
        Some(demo) => Some(demo.time_machine().stand_still().await),
        None => None,
    };
    if let Err(error) = app.keep_fresh().await {
        tracing::warn!(error = format!("{error:#}"), "no tick: what holds now is not known");
        return;
    }
    for _ in 0..IN_A_ROW_MAX {
        match app.engine().tick(app.now()).await {
            Ok(ticked) if ticked.more && !ticked.stopped => {}
            Ok(_) => return,
            Err(error) => {
                let error = anyhow::Error::from(error);
                tracing::warn!(error = format!("{error:#}"), "a tick was not completed");
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_end_waits_for_the_tick_that_is_going_on_but_not_for_one_that_hangs() {
        let one_at_a_time = Arc::new(Mutex::new(()));
        let ticking = Arc::clone(&one_at_a_time).lock_owned().await;
        assert!(!is_over(&one_at_a_time).await);
        let waits = tokio::spawn({
            let one_at_a_time = Arc::clone(&one_at_a_time);
            async move { is_over(&one_at_a_time).await }
        });
        tokio::task::yield_now().await;
        assert!(!waits.is_finished());
        drop(ticking);
        assert!(waits.await.unwrap());
    }
}
