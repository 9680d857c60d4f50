//! A passcode change through the API: the account recovery passcode, from the request that brings
//! it to the answer that it has changed.
//!
//! Server, log and vault are real. Card and agent stand in, in this process, without TLS: the card
//! signs with real keys, the agent stretches the passcode and blinds it as the product's does.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use chrono::TimeDelta;
use protocol::JobId;
use serde_json::json;
use tests::desk::scene::Scene;

use crate::{
    figures::{Spread, Table},
    portal::{Portal, sent},
};

/// Days on which the holder changes it.
const DAYS: u32 = 10;

/// How often on each of them: fewer than a day's history checks.
const CHANGES_A_DAY: u32 = 5;

/// The cookies of a logged-in browser.
const COOKIES: [&str; 2] = [api::cookies::BROWSER_COOKIE, api::cookies::SESSION_COOKIE];

/// What each part of the changes took.
#[derive(Default)]
struct Times {
    requests: Vec<Duration>,
    agent: Vec<Duration>,
    stretches: Vec<Duration>,
    wholes: Vec<Duration>,
}

/// Prints the figures.
pub(crate) async fn measure(table: &mut Table) -> anyhow::Result<()> {
    table.next()?;
    let mut scene = Scene::open().await?;
    let portal = Portal::open(scene.desk.app()).await?;
    let mut times = Times::default();
    for day in 0..DAYS {
        scene.desk.wait(TimeDelta::days(1));
        scene.agent.sees(Some(&scene.card)).await?;
        scene.log_in().await?;
        for number in 0..CHANGES_A_DAY {
            change(&mut scene, &portal, &format!("Recover{day}x{number}"), &mut times).await?;
        }
    }
    let Times { requests, agent, stretches, wholes } = times;
    table.spread(
        "passcode change: POST /api/passcodes (new value sealed, Argon2id, into the vault)",
        &Spread::of(requests)?,
    );
    table.spread(
        "passcode change: agent's steps, claim to done and committed (card and agent stand in)",
        &Spread::of(agent)?,
    );
    table.spread("of these, the workstation's own Argon2id", &Spread::of(stretches)?);
    table.spread("passcode change: the whole chain, request to *changed*", &Spread::of(wholes)?);
    Ok(())
}

async fn change(
    scene: &mut Scene,
    portal: &Portal,
    new: &str,
    times: &mut Times,
) -> anyhow::Result<()> {
    let cookie = |name| {
        let value = scene.browser.cookie(name).context("nobody is logged in")?;
        anyhow::Ok(format!("{name}={value}"))
    };
    let cookies = COOKIES.into_iter().map(cookie).collect::<Result<Vec<_>, _>>()?.join("; ");
    let body = json!({ "account_recovery": { "new": new, "confirm": new } });
    let begun = Instant::now();
    let started = sent(portal.post("/api/passcodes", &body).header("cookie", &cookies)).await?;
    times.requests.push(begun.elapsed());
    let job = JobId(started["job"].as_str().context("no job")?.parse()?);
    let agent_begun = Instant::now();
    let code = scene.agent.finish(job, &mut scene.card, &scene.passcode).await?;
    times.agent.push(agent_begun.elapsed());
    let body = json!({ "code": hex::encode(&code.0) });
    let path = format!("/api/jobs/{}/return", job.0);
    sent(portal.post(&path, &body).header("cookie", &cookies)).await?;
    times.wholes.push(begun.elapsed());
    let stretch_begun = Instant::now();
    protocol::stretch(scene.passcode.as_bytes(), scene.holder.0)?;
    times.stretches.push(stretch_begun.elapsed());
    Ok(())
}
