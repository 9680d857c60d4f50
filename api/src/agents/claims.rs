//! An agent takes a job, with a card in its reader: what has to be right for that, and what it gets.
//!
//! For an unlock that begins nothing is looked up: whatever card it is said to be is granted alike
//! (B-40), and counted until it has shown that it is there.

use domain::{
    holder::HolderCommand,
    ids::{CardSerial, HolderId},
    self_service::Denied,
};
use protocol::{Answer, CardSeen, Granted, JobId, Resume};
use stores::agent::AgentId;
use workflows::card_job::{AtDesk, Claim, Goal, Hitch, Input, Stage, Task};

use super::{
    Asker, LineId,
    answers::{Stop, find, note_obstacle},
};
use crate::{
    app::App,
    attempts,
    execute::Actor,
    jobs::{OpenJob, act_of, passcode, personalise, still_right, unlock, update},
};

/// other cards at the card reader of a registration that the ledger remembers a day, per holder.
const OTHER_CARDS_NOTED_A_DAY: u32 = 10;

/// Takes a job, or takes it once more.
pub(super) async fn claim(
    app: &App,
    asker: Asker,
    id: JobId,
    reader: String,
    seen: CardSeen,
) -> Result<Answer, Stop> {
    let open = find(app, id).await?;
    // The agent has its own list; this one is the server's word on it (B-60).
    if !app.config().readers.approved.contains(&reader) {
        return Err(Stop::again(
            "B-60",
            "This card reader is not on the list of approved readers.",
        ));
    }
    let Ok(card) = seen.serial.parse() else {
        return Err(Stop::no("", "The card's serial number cannot be read."));
    };
    let of = whose(app, &open, asker.agent, (&card, &reader)).await?;
    let nonce = app.entropy().bytes::<32>();
    let profile = seen.profile;
    let claim = Claim {
        agent: asker.agent.0,
        card,
        holder: of.holder,
        reader: reader.chars().take(100).collect(),
        profile: profile.chars().take(40).collect(),
        nonce: hex::encode(nonce),
        line: asker.line.0,
    };
    let open = left_behind(app, open).await?;
    open.check(Input::Claimed(claim.clone()))?;
    let blank = personalise::prepare(app, &open, &claim).await?;
    let open = app.step_job(&open, Input::Claimed(claim)).await?;
    if of.holder.is_none() {
        attempts::started(app, asker.agent).await?;
    }
    Ok(Answer::Granted(Box::new(Granted {
        act: act_of(&open.job.goal),
        nonce: nonce.to_vec().into(),
        rules: passcode::rules(app.policy()),
        blank,
        resume: of.resume,
        heal_puk: of.heal_puk,
    })))
}

/// What is known of a card that is claimed.
#[derive(Default)]
struct Known {
    /// Its holder; none where nothing was looked up.
    holder: Option<HolderId>,
    /// B-55: an update has it between old and new.
    resume: Option<Resume>,
    /// Its PUK is to be replaced, once its holder has agreed.
    heal_puk: bool,
}

/// Whose card it is, if the job may have this card.
async fn whose(
    app: &App,
    open: &OpenJob,
    agent: AgentId,
    (card, reader): (&CardSerial, &str),
) -> Result<Known, Stop> {
    let holder = match &open.job.goal {
        Goal::BeginUnlock { .. } => return Ok(Known::default()),
        Goal::Personalise { holder, desk, .. } => {
            personalises(app, open, *holder, desk.as_ref(), card).await?;
            return Ok(Known { holder: Some(*holder), ..Known::default() });
        }
        Goal::LogIn => bound(app, card).await?,
        Goal::ChangePasscodes(change) => {
            still_right::session(app, change).await?;
            let is_his = bound(app, card).await? == change.holder && *card == change.card;
            of_session(is_his, "P-20", "you logged in with")?;
            change.holder
        }
        Goal::UpdateCard(planned) => {
            update::may_claim(app, planned).await?;
            let is_his = bound(app, card).await? == planned.holder && *card == planned.card;
            of_session(is_his, "C-09", "whose certificates are renewed")?;
            planned.holder
        }
        Goal::Register(planned) => {
            still_right::open_session(app, &planned.session).await?;
            let is_his =
                app.holder_of(card).await? == Some(planned.holder) && *card == planned.card;
            if !is_his {
                note_other_card(app, open, agent, planned.holder, (card, reader)).await?;
            }
            of_session(is_his, "R-01", "you logged in with")?;
            planned.holder
        }
        Goal::Unlock(planned) => {
            let is_his = bound(app, card).await? == planned.holder && *card == planned.card;
            of_session(is_his, "B-38", "that is being unlocked")?;
            unlock::in_time(app, planned).await?;
            planned.holder
        }
    };
    used_by(app, &open.job.goal, holder, card).await
}

/// another card than that of the session is refused, and that is remembered so often a day.
async fn note_other_card(
    app: &App,
    open: &OpenJob,
    agent: AgentId,
    holder: HolderId,
    (card, reader): (&CardSerial, &str),
) -> Result<(), Stop> {
    if !passcode::takes(app, &format!("other-card {holder}"), OTHER_CARDS_NOTED_A_DAY).await? {
        return Ok(());
    }
    let seen = app.agents().agent(agent).await?;
    let workstation = seen.map_or_else(String::new, |seen| seen.workstation);
    let (card, reader) = (card.clone(), reader.to_owned());
    let what = Denied::OtherCard { card, workstation, reader };
    let command = app.entropy().command_id(app.now());
    let note = HolderCommand::NoteSelfServiceRefused { what };
    app.execute(holder, open.causes(command), Actor::Holder, &note).await?;
    Ok(())
}

/// Whose card it is on record.
async fn bound(app: &App, card: &CardSerial) -> Result<HolderId, Stop> {
    app.holder_of(card).await?.ok_or_else(|| {
        Stop::again(
            "B-40",
            "This card is not known here. Use your own smartcard, or ask your Registration Authority.",
        )
    })
}

/// What was begun with one card goes on with that card.
fn of_session(is_his: bool, rule: &str, which: &str) -> Result<(), Stop> {
    if is_his {
        return Ok(());
    }
    let message = format!("This is not the card {which}. Put that card in the reader.");
    Err(Stop::again(rule, &message))
}

/// B-61, P-03: a card of nobody else, for somebody who has none yet.
async fn personalises(
    app: &App,
    open: &OpenJob,
    holder: HolderId,
    desk: Option<&AtDesk>,
    card: &CardSerial,
) -> Result<(), Stop> {
    if app.holder_of(card).await?.is_some_and(|bound| bound != holder) {
        return Err(Stop::again("B-61", "This card belongs to somebody else."));
    }
    match desk.map(|desk| &desk.task) {
        Some(Task::Replace { .. }) => refuse_if_in_use(app, open, holder, card).await?,
        Some(Task::Register { .. }) | None => refuse_if_registered(app, open, holder).await?,
    }
    if let Some(desk) = desk {
        personalise::still_may(app, holder, desk).await?;
    }
    Ok(())
}

/// B-61: the card that is to take the place of another is not that other one. A card of which the
/// agent never heard that it is in use must not be made anew.
async fn refuse_if_in_use(
    app: &App,
    open: &OpenJob,
    holder: HolderId,
    card: &CardSerial,
) -> Result<(), Stop> {
    let loaded = app.load(holder).await.map_err(anyhow::Error::from)?;
    if loaded.holder.desk().closed().is_some() {
        return Err(Stop::no("B-45", "This account is closed."));
    }
    if loaded.holder.card().is_none_or(|active| active.card != *card) {
        return Ok(());
    }
    if open.check(Input::Personalised).is_ok() {
        app.step_job(open, Input::Personalised).await?;
        return Err(Stop::no("B-61", "This smartcard is in use already, and ready."));
    }
    Err(Stop::again(
        "B-61",
        "This is the smartcard that is in use. Put a blank smartcard in the reader.",
    ))
}

/// B-55: an update whose card software is gone, and cannot say so, is nobody's any more.
async fn left_behind(app: &App, open: OpenJob) -> Result<OpenJob, Stop> {
    let Stage::Updating(claim) = &open.job.stage else { return Ok(open) };
    if is_there(app, claim).await? {
        return Ok(open);
    }
    let open = app.step_job(&open, Input::Hitch(Hitch::LineLost)).await?;
    note_obstacle(app, &open).await?;
    Ok(open)
}

/// Whoever has claimed a job is still connected by the line on which he did.
///
/// # Errors
/// If the table of connections cannot be read.
pub async fn is_there(app: &App, claim: &Claim) -> anyhow::Result<bool> {
    let asker = Asker { agent: AgentId(claim.agent), line: LineId(claim.line) };
    app.agents().is_connected(asker).await
}

/// A card that is in use, and whether an update has it between old and new (B-55). Then it can log
/// in, to finish that, and be unlocked, because who has locked it cannot log in; nothing else.
async fn used_by(
    app: &App,
    goal: &Goal,
    holder: HolderId,
    card: &CardSerial,
) -> Result<Known, Stop> {
    let loaded = app.load(holder).await.map_err(anyhow::Error::from)?;
    // Not so if it was bound to its holder and never finished, or is no longer his.
    if loaded.holder.card().is_none_or(|active| active.card != *card) {
        return Err(Stop::again(
            "B-61",
            "This smartcard is not in use. Use your current smartcard, or ask your Registration Authority.",
        ));
    }
    let resume = update::resume(&loaded).map(|(resume, _)| resume);
    let unlocks = matches!(goal, Goal::Unlock(_));
    let finishes = matches!(goal, Goal::LogIn | Goal::UpdateCard(_));
    if resume.is_some() && !finishes && !unlocks {
        return Err(Stop::no(
            "B-55",
            "The renewal of your certificates is not finished. Finish it first.",
        ));
    }
    // In an unlock that is a step of its own.
    let heal_puk = !unlocks && resume.is_none() && loaded.holder.puk().is_exposed();
    // An unlock is agreed to by no key.
    Ok(Known { holder: Some(holder), resume: resume.filter(|_| !unlocks), heal_puk })
}

/// P-03: nobody is registered twice. A registration of which the agent never heard that it became
/// true must not be begun again: the keys on record would be made anew on the card.
async fn refuse_if_registered(app: &App, open: &OpenJob, holder: HolderId) -> Result<(), Stop> {
    let loaded = app.load(holder).await.map_err(anyhow::Error::from)?;
    if !loaded.holder.is_registered() {
        return Ok(());
    }
    if open.check(Input::Personalised).is_ok() {
        app.step_job(open, Input::Personalised).await?;
    }
    Err(Stop::no("P-03", "This person is registered, and the smartcard is ready to be used."))
}
