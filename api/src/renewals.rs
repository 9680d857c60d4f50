//! *Renew*, *Later*, *Revoke*, up to the point where the card is asked; and how an update stands,
//! for whoever began it.

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    certificate::{Obstacle, RevocationReason},
    context::Context,
    decider::Decider as _,
    holder::{self, HolderCommand},
    ids::{CardSerial, CommandId, HolderId},
    logon::Authenticated,
    refusal::Refusal,
};
use stores::session::{EndReason, Session};
use workflows::{
    card_job::{Goal, PlannedUpdate, Stage},
    update_my_card::{self, Line, Recorded},
};

use crate::{
    agents,
    app::App,
    execute::{Actor, Cause, ExecuteError, Loaded},
    jobs::{OpenJob, job_of, update::Committed},
};

/// C-14: how long after the commit the browser that began it is shown that it succeeded, in minutes.
pub const SUCCESS_MINUTES: i64 = 5;

/// The card of a session, as it was authenticated when the session was opened (B-10).
pub fn proof(app: &App, session: &Session, loaded: &Loaded) -> Result<Authenticated, Refusal> {
    proof_of(app, session.opened_at, &session.card, loaded)
}

/// The same of a session of which only its beginning and its card are known.
pub fn proof_of(
    app: &App,
    opened_at: DateTime<Utc>,
    card: &CardSerial,
    loaded: &Loaded,
) -> Result<Authenticated, Refusal> {
    let at_log_in = judged_at(app, opened_at, loaded);
    Authenticated::by_card(&at_log_in, &loaded.holder, card)
        .map_err(|_| holder::Refusal::CardNotActive.into())
}

/// B-10: what a session was judged by. A holder whose own time is ahead of ours (B-09) has been
/// judged by his own.
#[must_use]
pub fn at_log_in<'a>(app: &'a App, session: &Session, loaded: &Loaded) -> Context<'a> {
    judged_at(app, session.opened_at, loaded)
}

/// The same of a session of which only its beginning is known.
#[must_use]
pub fn judged_at<'a>(app: &'a App, opened_at: DateTime<Utc>, loaded: &Loaded) -> Context<'a> {
    let ahead = loaded.last_at.filter(|last| app.now() < *last);
    app.context(loaded).at(ahead.unwrap_or(opened_at))
}

/// C-01, B-55: *Renew* in a session: what is to be done, if the rules would let it begin now. An
/// update that has the card between old and new is gone on with, whatever was asked for.
pub fn plan(
    app: &App,
    session: &Session,
    loaded: &Loaded,
    update: CommandId,
) -> Result<PlannedUpdate, Refusal> {
    let open = loaded.holder.card_update().filter(|open| open.is_touched());
    let planned = PlannedUpdate {
        holder: session.holder,
        card: session.card.clone(),
        update: open.map_or(update, |open| open.update),
        session: hex::encode(session.token.0),
        logged_on_at: session.opened_at,
        asked_at: app.now(),
    };
    if open.is_none() {
        let begin = HolderCommand::BeginCardUpdate {
            update,
            job: job_of(update).0,
            proof: proof(app, session, loaded)?,
            logged_on_at: planned.logged_on_at,
            asked_at: planned.asked_at,
        };
        loaded.holder.decide(&app.context(loaded), begin)?;
    }
    Ok(planned)
}

/// C-15: both certificates are revoked, and every session of the holder is over.
pub async fn revoke(
    app: &App,
    session: &Session,
    command: CommandId,
    reason: RevocationReason,
) -> Result<(), ExecuteError> {
    let loaded = app.load(session.holder).await?;
    // Who was faster, or has died in between, has left the sessions to us.
    if !loaded.holder.certificate_records().is_revoked() {
        let proof = proof(app, session, &loaded)?;
        app.authority().revoke(session.holder, command, proof, reason).await?;
    }
    let ended = EndReason::CertificatesRevoked;
    app.stores()
        .sessions
        .end_of_holder(session.holder, ended, app.now())
        .await
        .map_err(anyhow::Error::from)?;
    Ok(())
}

/// How an update stands, seen from one of its jobs.
#[derive(Debug, Clone)]
pub enum Stands {
    /// The card has not agreed yet: the job's own page says what comes next.
    NotBegun,
    /// The card software works on it, or should (C-11).
    Working(Vec<Line>),
    /// B-55: it stopped.
    Interrupted(Vec<Line>),
    /// C-12: it is done.
    Renewed(Committed),
    /// C-14: it is done, and has been shown for long enough.
    Over,
    /// C-15: the certificates were revoked, and with them what had been issued in it.
    Revoked,
    /// It ended without being done: another renewal has taken its place, or the card is another.
    Replaced,
}

/// How an update stands, read from what is true.
pub async fn stands(app: &App, open: &OpenJob, planned: &PlannedUpdate) -> anyhow::Result<Stands> {
    let loaded = app.load(planned.holder).await?;
    let there = loaded.holder.card_update().filter(|there| there.update == planned.update);
    let Some(there) = there else { return ended(app, open, planned, &loaded).await };
    // Whoever is connected anew does not work on what he began on the line before.
    let is_worked_on = match &open.job.stage {
        Stage::Updating(claim) => agents::is_there(app, claim).await?,
        Stage::Open if open.job.begun => false,
        Stage::Open
        | Stage::Claimed(_)
        | Stage::Present(_)
        | Stage::Agreed(_)
        | Stage::Settled(_)
        | Stage::Writing(..)
        | Stage::Unknown(..)
        | Stage::Done(_)
        | Stage::NotWritten(_)
        | Stage::Cancelled => return Ok(Stands::NotBegun),
    };
    // Another visit may have taken it up: then this one is over.
    let is_worked_on = is_worked_on && there.job == open.id.0;
    let recorded = Recorded::Open(there);
    let lines = update_my_card::progress(recorded, &open.job.stage, is_worked_on).to_vec();
    Ok(if is_worked_on { Stands::Working(lines) } else { Stands::Interrupted(lines) })
}

/// How an update stands that is not open.
async fn ended(
    app: &App,
    open: &OpenJob,
    planned: &PlannedUpdate,
    loaded: &Loaded,
) -> anyhow::Result<Stands> {
    if let Some(committed) = app.committed(planned.holder, planned.update).await? {
        let until = committed.at + TimeDelta::minutes(SUCCESS_MINUTES);
        return Ok(if app.now() < until { Stands::Renewed(committed) } else { Stands::Over });
    }
    Ok(if !open.job.begun {
        Stands::NotBegun
    } else if loaded.holder.certificate_records().is_revoked() {
        Stands::Revoked
    } else {
        Stands::Replaced
    })
}

/// B-19: a technical problem is remembered: policy may let the renewal be put off for it.
pub async fn obstructed(
    app: &App,
    open: &OpenJob,
    planned: &PlannedUpdate,
    obstacle: Obstacle,
) -> Result<(), ExecuteError> {
    let note = HolderCommand::NoteRenewalObstructed { obstacle };
    let cause = open.causes(app.entropy().command_id(app.now()));
    app.execute(planned.holder, cause, Actor::System, &note).await?;
    Ok(())
}

/// The update that a job carries.
#[must_use]
pub fn carried(open: &OpenJob) -> Option<&PlannedUpdate> {
    match &open.job.goal {
        Goal::UpdateCard(planned) => Some(planned),
        Goal::LogIn
        | Goal::ChangePasscodes(_)
        | Goal::Personalise { .. }
        | Goal::Register(_)
        | Goal::BeginUnlock { unlock: _ }
        | Goal::Unlock(_) => None,
    }
}

/// C-13, B-56: *Continue*: acknowledges, and changes nothing else.
pub async fn acknowledge(
    app: &App,
    holder: HolderId,
    update: CommandId,
) -> Result<(), ExecuteError> {
    let command = HolderCommand::AcknowledgeRenewal { update };
    let cause = Cause { command: app.entropy().command_id(app.now()), begun_by: update };
    app.execute(holder, cause, Actor::Holder, &command).await?;
    app.live().ring(holder);
    Ok(())
}
