//! The check at log-in, over a log with all holders in it: by itself, and as a service asks
//! for it.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use api::{
    clock::Clock as _,
    tokens::{self, Wanted},
};
use domain::logon::{self, Authenticated};
use serde_json::json;
use tokio::sync::oneshot;

use crate::{
    figures::{Spread, Table, count},
    hospital::{Hospital, Somebody},
    portal::{Portal, sent},
};

/// Checks by themselves.
const CHECKS: usize = 5_000;

/// Checks by HTTP.
const ASKED: usize = 1_000;

/// How long the projections may take to read the whole log.
const PROJECTING_MAX: Duration = Duration::from_mins(10);

/// When people log in.
const MORNING: u8 = 9;

/// Prints the figures.
pub(crate) async fn measure(table: &mut Table, hospital: &Hospital) -> anyhow::Result<()> {
    hospital.wait_until(hospital.at_hour(hospital.day(), MORNING));
    table.next()?;
    let mut times = Vec::new();
    for somebody in hospital.shuffled().take(CHECKS) {
        let begun = Instant::now();
        check(hospital, somebody).await?;
        times.push(begun.elapsed());
    }
    let title = "log-in check: the holder read from the log, and judged";
    table.spread(title, &Spread::of(times)?);
    let (stop, stopped) = oneshot::channel::<()>();
    let (projections, log) =
        (hospital.app.projections().clone(), Arc::clone(&hospital.app.stores().log));
    table.next()?;
    let begun = Instant::now();
    let following = tokio::spawn({
        let projections = projections.clone();
        async move {
            // Dropped with the sender, too.
            projections.follow(log, async { stopped.await.unwrap_or_default() }).await
        }
    });
    let head = hospital.app.stores().log.head().await?;
    projections.wait_for(head, PROJECTING_MAX).await?;
    let projected = begun.elapsed().as_secs_f64();
    table.value("projections made from the whole log", projected, "s", count(hospital.n_holders));
    ask(table, hospital).await?;
    drop(stop);
    following.await??;
    Ok(())
}

async fn check(hospital: &Hospital, somebody: Somebody) -> anyhow::Result<logon::Check> {
    let loaded = hospital.app.load(somebody.holder()).await?;
    let card = loaded.holder.card().context("everybody has a card")?.card.clone();
    let ctx = hospital.app.context(&loaded);
    let proof = Authenticated::by_card(&ctx, &loaded.holder, &card)?;
    Ok(logon::check(&ctx, &loaded.holder, &proof))
}

async fn ask(table: &mut Table, hospital: &Hospital) -> anyhow::Result<()> {
    let (role, name) = ("logon-checks".to_owned(), "a service".to_owned());
    let wanted = Wanted { role, name, organisation: None, days: 1 }.check()?;
    let token = tokens::issue(&hospital.app, wanted).await?;
    let portal = Portal::open(&hospital.app).await?;
    let at = hospital.clock.now();
    table.next()?;
    let mut times = Vec::new();
    for somebody in hospital.shuffled().take(ASKED) {
        let body = json!({ "certificate": somebody.certificate()?, "at": at });
        let request = portal.post("/api/logon-checks", &body).bearer_auth(token.bearer.as_str());
        let begun = Instant::now();
        let answer = sent(request).await?;
        times.push(begun.elapsed());
        anyhow::ensure!(answer["verdict"].is_string(), "no verdict: {answer}");
    }
    table.spread(
        "log-in check: POST /api/logon-checks over loopback, recorded",
        &Spread::of(times)?,
    );
    Ok(())
}
