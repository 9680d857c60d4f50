//! *Update My Card* in a job: each step is decided by the holder's stream, recorded before it is
//! answered, and may be asked again after whatever crash.
//!
//! The card's management key never leaves here: for each write that is on record the card's
//! challenge is answered once, and the card has to show that it knows the key, too.

mod writes;

use chrono::{DateTime, Utc};
use domain::{
    card::{self, CardUpdate, PublicKey, SlotState},
    certificate::Obstacle,
    holder::{HolderCommand, HolderEvent},
    ids::{CommandId, EventId, HolderId},
    logon::Authenticated,
};
use futures::TryStreamExt as _;
use protocol::{Answer, Bytes, JobId, Purpose, Resume, Slot, SlotPlan, SlotProgress};
use stores::{
    event_store::{Revision, StreamName},
    session::EndReason,
};
use workflows::card_job::{Claim, Goal, Input, PlannedUpdate, Stage};

pub use writes::{card_authenticated, open_write, slot_signed};

use super::{OpenJob, proof, still_right};
use crate::{
    agents::answers::Stop,
    app::App,
    authority::{NotIssued, Order, Transaction},
    execute::{Actor, Cause, Loaded},
    renewals,
};

/// Which of an update's derived ids is its commit.
const COMMIT: u32 = 5_000;

/// Which of a job's derived ids says that it has taken the update up.
const RESUME: u32 = 5_001;

/// Both slots, in the order in which they are renewed (B-55).
const SLOTS: [(Slot, card::Slot); 2] =
    [(Slot::Authentication, card::Slot::Authentication), (Slot::Signature, card::Slot::Signature)];

/// The managed slot of that name; 9E is none.
pub(super) fn managed(slot: Slot) -> Result<card::Slot, Stop> {
    match slot {
        Slot::Authentication => Ok(card::Slot::Authentication),
        Slot::Signature => Ok(card::Slot::Signature),
        Slot::CardAuthentication => {
            Err(Stop::no("B-48", "The card authentication key is not renewed."))
        }
    }
}

/// B-55: which key of a card agrees while an update has it between old and new.
#[must_use]
pub fn resume(loaded: &Loaded) -> Option<(Resume, PublicKey)> {
    let update = loaded.holder.card_update().filter(|update| update.is_touched())?;
    let (slot, key) = update.signer(loaded.holder.card()?);
    let signer = match slot {
        card::Slot::Authentication => Slot::Authentication,
        card::Slot::Signature => Slot::Signature,
    };
    Some((Resume { update: update.update.0, signer }, key))
}

/// What a claim of such a job has to find: the session it was begun in, or an update that has begun.
pub async fn may_claim(app: &App, planned: &PlannedUpdate) -> Result<(), Stop> {
    let loaded = app.load(planned.holder).await.map_err(anyhow::Error::from)?;
    match loaded.holder.card_update() {
        Some(open) if open.update == planned.update => Ok(()),
        Some(open) if open.is_touched() => Err(Stop::no(
            "B-55",
            "Another renewal of this card has begun and is not finished. Log in, and finish it.",
        )),
        Some(_) | None => still_right::open_session(app, &planned.session).await,
    }
}

/// The job is in an update, and this is it.
fn planned(open: &OpenJob) -> Result<(&PlannedUpdate, &Claim), Stop> {
    match (&open.job.goal, &open.job.stage) {
        (Goal::UpdateCard(planned), Stage::Updating(claim)) => Ok((planned, claim)),
        (_, _) => Err(Stop::no("", "This is not the step at which the card can be updated.")),
    }
}

/// Begins the update or takes it up; the browser goes back to the portal, the card stays.
pub async fn begin(app: &App, open: &OpenJob) -> Result<Answer, Stop> {
    let Goal::UpdateCard(planned) = &open.job.goal else {
        return Err(Stop::no("", "This job does not update the card."));
    };
    open.check(Input::UpdateBegun)?;
    let claim = proof::claimed(open)?;
    let loaded = app.load(planned.holder).await.map_err(anyhow::Error::from)?;
    match loaded.holder.card_update().filter(|there| there.update == planned.update) {
        Some(there) => take_up(app, open, planned, there).await?,
        None => begin_anew(app, open, planned, claim, &loaded).await?,
    }
    let loaded = app.load(planned.holder).await.map_err(anyhow::Error::from)?;
    let Some(there) = loaded.holder.card_update().filter(|there| there.update == planned.update)
    else {
        return Err(over(app, planned).await?);
    };
    let slots = plans(app, there).await?;
    app.step_job(open, Input::UpdateBegun).await?;
    app.live().ring(planned.holder);
    let code = app.return_code(open.id).await?;
    Ok(Answer::Updating { code, update: planned.update.0, slots })
}

/// Why an update is not open any more.
async fn over(app: &App, planned: &PlannedUpdate) -> anyhow::Result<Stop> {
    Ok(match app.committed(planned.holder, planned.update).await? {
        Some(_) => Stop::no("C-12", "Your certificates have been renewed already. Log in."),
        None => Stop::no(
            "B-55",
            "Another renewal has taken the place of this one. Start again from the portal.",
        ),
    })
}

/// B-55: another visit goes on where the last one stopped.
async fn take_up(
    app: &App,
    open: &OpenJob,
    planned: &PlannedUpdate,
    there: &CardUpdate,
) -> Result<(), Stop> {
    let is_issued = |slot| there.slot(slot).certificate().is_some();
    if !SLOTS.iter().all(|(_, slot)| is_issued(*slot)) {
        authority_is_there(app, open, planned).await?;
    }
    let command = HolderCommand::ResumeCardUpdate { update: planned.update, job: open.id.0 };
    let id = CommandId(EventId::derive(CommandId(open.id.0), RESUME).0);
    app.execute(planned.holder, open.causes(id), Actor::Holder, &command).await?;
    Ok(())
}

async fn begin_anew(
    app: &App,
    open: &OpenJob,
    planned: &PlannedUpdate,
    claim: &Claim,
    loaded: &Loaded,
) -> Result<(), Stop> {
    still_right::open_session(app, &planned.session).await?;
    authority_is_there(app, open, planned).await?;
    // B-10: whose certificates were good when he logged in may still act at his card.
    let at_log_in = renewals::judged_at(app, planned.logged_on_at, loaded);
    let proof = Authenticated::by_card(&at_log_in, &loaded.holder, &claim.card)
        .map_err(|refusal| Stop::no(refusal.rule().as_str(), &format!("{refusal}.")))?;
    let command = HolderCommand::BeginCardUpdate {
        update: planned.update,
        job: open.id.0,
        proof,
        logged_on_at: planned.logged_on_at,
        asked_at: planned.asked_at,
    };
    let cause = Cause::first(planned.update);
    app.execute(planned.holder, cause, Actor::Holder, &command).await?;
    Ok(())
}

/// Asked before a key is destroyed that only a new certificate could replace. B-19: a failure is
/// remembered.
async fn authority_is_there(
    app: &App,
    open: &OpenJob,
    planned: &PlannedUpdate,
) -> Result<(), Stop> {
    if is_ready(app, open, planned).await? {
        return Ok(());
    }
    Err(Stop::again(
        "C-09",
        "No certificates can be issued at the moment. Your card was not changed; try again later.",
    ))
}

async fn is_ready(app: &App, open: &OpenJob, planned: &PlannedUpdate) -> Result<bool, Stop> {
    let Err(error) = app.authority().ready(planned.holder, &planned.card).await else {
        return Ok(true);
    };
    let error = anyhow::Error::from(error);
    tracing::warn!(error = format!("{error:#}"), "no certificates can be issued");
    obstructed(app, open, planned).await?;
    Ok(false)
}

/// B-19: it is our fault that the renewal does not go on.
async fn obstructed(app: &App, open: &OpenJob, planned: &PlannedUpdate) -> Result<(), Stop> {
    let note = HolderCommand::NoteRenewalObstructed { obstacle: Obstacle::CertificateAuthority };
    let cause = open.causes(app.entropy().command_id(app.now()));
    app.execute(planned.holder, cause, Actor::System, &note).await?;
    Ok(())
}

/// How far each slot is, with the certificates that are issued.
async fn plans(app: &App, update: &CardUpdate) -> Result<Vec<SlotPlan>, Stop> {
    let mut plans = Vec::with_capacity(SLOTS.len());
    for (slot, managed) in SLOTS {
        let state = progress(app, update, managed).await?;
        plans.push(SlotPlan { slot, state });
    }
    Ok(plans)
}

async fn progress(app: &App, update: &CardUpdate, slot: card::Slot) -> Result<SlotProgress, Stop> {
    let public_key = |key: &PublicKey| Bytes(key.der().to_vec());
    let certificate = async |secret| {
        let der = app.authority().open(secret, &update.card).await?;
        der.map(Bytes).ok_or_else(|| anyhow::anyhow!("an issued certificate is not in the vault"))
    };
    Ok(match update.slot(slot) {
        SlotState::Untouched => SlotProgress::Untouched,
        SlotState::Opened => SlotProgress::Opened { opening: update.last_opening },
        SlotState::KeyMade { key, .. } => SlotProgress::KeyMade { public_key: public_key(key) },
        SlotState::Issued { key, secret, .. } => SlotProgress::Issued {
            public_key: public_key(key),
            certificate: certificate(*secret).await?,
        },
        SlotState::Written { key, secret, .. } => SlotProgress::Written {
            public_key: public_key(key),
            certificate: certificate(*secret).await?,
        },
    })
}

/// The card has made a key, and signed a request with it: its certificate, the same however often
/// it is asked for.
pub async fn key_generated(
    app: &App,
    open: &OpenJob,
    slot: Slot,
    public_key: &[u8],
    request: &[u8],
) -> Result<Answer, Stop> {
    let (planned, claim) = planned(open)?;
    let slot = managed(slot)?;
    let key = PublicKey::from_der(public_key.to_vec());
    let not_right = || Stop::no("C-09", "The card's key and its request do not belong together.");
    if !issuer::PublicKey::from_spki(public_key).is_ok_and(|key| key.is_p256()) {
        return Err(Stop::no("C-09", "The card's key is not of the kind that is used here."));
    }
    let requested = issuer::public_key_of_request(request).map_err(|_| not_right())?;
    let names_card = issuer::request_names_only(request, claim.card.as_str());
    if requested.spki() != public_key || !names_card {
        return Err(not_right());
    }
    if let Some(there) = there(app, planned).await? {
        writes::has_shown(open, there.slot(slot))?;
    }
    let (update, job) = (planned.update, open.id.0);
    let note = HolderCommand::NoteKeyMade {
        update,
        job,
        slot,
        key: key.clone(),
        request: hex::encode(request),
    };
    let cause = || open.causes(app.entropy().command_id(app.now()));
    app.execute(planned.holder, cause(), Actor::Holder, &note).await?;
    let opening = opening(app, planned, slot).await?;
    let transaction = Transaction { command: update, slot, opening, key: &key };
    let order = Order { transaction, holder: planned.holder, card: &claim.card, request };
    let issued = match app.authority().issue(&order).await {
        Ok(issued) => issued,
        Err(error @ NotIssued::Request(_)) => return Err(error.into()),
        Err(error @ (NotIssued::NotAsWanted(_) | NotIssued::NotReady | NotIssued::Failed(_))) => {
            obstructed(app, open, planned).await?;
            return Err(error.into());
        }
    };
    let note = HolderCommand::NoteCertificateIssued {
        update,
        job,
        certificate: issued.certificate,
        secret: issued.secret,
    };
    app.execute(planned.holder, cause(), Actor::System, &note).await?;
    app.live().ring(planned.holder);
    Ok(Answer::Certificate { certificate: Bytes(issued.der) })
}

/// The how-manieth key of the slot is the one that it has.
async fn opening(app: &App, planned: &PlannedUpdate, slot: card::Slot) -> Result<u32, Stop> {
    let there = there(app, planned).await?;
    let there = there.ok_or_else(|| Stop::no("B-55", "The card update is not at that step."))?;
    Ok(there.openings(slot))
}

/// The update, if it is open.
async fn there(app: &App, planned: &PlannedUpdate) -> Result<Option<CardUpdate>, Stop> {
    let loaded = app.load(planned.holder).await.map_err(anyhow::Error::from)?;
    Ok(loaded.holder.card_update().filter(|there| there.update == planned.update).cloned())
}

/// C-12: the certificate was read back, and the key in the slot signs.
pub async fn certificate_written(
    app: &App,
    open: &OpenJob,
    slot: Slot,
    signature: &[u8],
) -> Result<Answer, Stop> {
    let (planned, _) = planned(open)?;
    let place = managed(slot)?;
    if let Some(there) = there(app, planned).await? {
        writes::has_shown(open, there.slot(place))?;
        let out_of_order = || Stop::no("B-55", "The card update is not at that step.");
        let key = there.slot(place).key().ok_or_else(out_of_order)?;
        if !proof::is_signed(app, open, Purpose::TestKey(slot), key, signature)? {
            return Err(Stop::no("C-12", "The card could not show that its new key works."));
        }
    }
    app.authority().confirm(planned.holder, planned.update, open.id.0, place).await?;
    app.live().ring(planned.holder);
    Ok(Answer::Noted)
}

/// Both are on the card: one renewal, and every session of the holder is over (C-14).
pub async fn finished(app: &App, open: &OpenJob) -> Result<Answer, Stop> {
    if matches!((&open.job.goal, &open.job.stage), (Goal::UpdateCard(_), Stage::Done(_))) {
        return Ok(Answer::Noted);
    }
    let (planned, _) = planned(open)?;
    let loaded = app.load(planned.holder).await.map_err(anyhow::Error::from)?;
    let commit = HolderCommand::CommitCardUpdate { update: planned.update, job: open.id.0 };
    let cause = Cause { command: commit_of(planned.update), begun_by: planned.update };
    app.execute(planned.holder, cause, Actor::Holder, &commit).await?;
    let before = loaded.holder.card_update().filter(|there| there.update == planned.update);
    app.authority().forget(before).await;
    end_sessions(app, planned.holder).await?;
    app.step_job(open, Input::Updated).await?;
    app.live().ring(planned.holder);
    Ok(Answer::Noted)
}

async fn end_sessions(app: &App, holder: HolderId) -> anyhow::Result<()> {
    let reason = EndReason::CertificatesRenewed;
    app.stores().sessions.end_of_holder(holder, reason, app.now()).await?;
    Ok(())
}

fn commit_of(update: CommandId) -> CommandId {
    CommandId(EventId::derive(update, COMMIT).0)
}

/// An update that was committed.
#[derive(Debug, Clone)]
pub struct Committed {
    /// When.
    pub at: DateTime<Utc>,
    /// How often the holder has renewed himself since he was last identified.
    pub self_renewals: u8,
    /// Until when the new pair is good, the earlier of both.
    pub expires_at: DateTime<Utc>,
    /// C-13: *Continue* was pressed.
    pub acknowledged: bool,
}

impl App {
    /// How an update ended; `None` if it has not been committed.
    pub async fn committed(
        &self,
        holder: HolderId,
        update: CommandId,
    ) -> anyhow::Result<Option<Committed>> {
        let stream = StreamName::holder(holder);
        let mut events = self.stores().log.read_stream(&stream, Revision(0));
        let mut committed: Option<Committed> = None;
        while let Some(recorded) = events.try_next().await? {
            let event = HolderEvent::decode(&recorded.kind, recorded.schema, &recorded.data)?;
            if let HolderEvent::RenewalAcknowledged { update: this } = &event
                && let Some(committed) = &mut committed
            {
                committed.acknowledged |= *this == update;
            }
            if let HolderEvent::CertificatesRenewed {
                update: this,
                self_renewals,
                certificates,
                ..
            } = event
                && this == update
            {
                let ends = certificates.iter().map(|certificate| certificate.not_after);
                committed = Some(Committed {
                    at: recorded.at,
                    self_renewals,
                    expires_at: ends.min().unwrap_or(recorded.at),
                    acknowledged: false,
                });
            }
        }
        Ok(committed)
    }

    /// A job for one visit to the card in an update; the same visit again finds it.
    pub async fn start_visit(
        &self,
        planned: PlannedUpdate,
        visit: CommandId,
        browser: stores::token::TokenHash,
    ) -> anyhow::Result<JobId> {
        self.start_job_as(super::job_of(visit), Goal::UpdateCard(planned), browser).await
    }
}

impl From<NotIssued> for Stop {
    fn from(error: NotIssued) -> Self {
        match error {
            NotIssued::Request(error) => {
                let error = anyhow::Error::from(error);
                tracing::warn!(error = format!("{error:#}"), "a card's request was refused");
                Self::no("C-09", "The card's request for a certificate is not right.")
            }
            error @ NotIssued::NotAsWanted(_) => Self::Failed(error.into()),
            NotIssued::NotReady => Self::again(
                "C-09",
                "No certificates can be issued at the moment. Put the card back later, and what was \
                 begun with it goes on.",
            ),
            NotIssued::Failed(error) => Self::Failed(error),
        }
    }
}
