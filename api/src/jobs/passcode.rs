//! The smartcard passcode in a job: never seen here, only what it leaves behind in the POPRF.

use chrono::NaiveTime;
use domain::{
    holder::HolderCommand,
    ids::{CommandId, EventId, SecretRef},
    logon::{Authenticated, LogonRefusal},
    passcode::{CardChange, Changes, Kind, Optional, OptionalKind},
    policy::Policy,
};
use protocol::{Answer, Bytes, Characters, PasscodeRules, Secret, WriteOutcome};
use stores::{event_store::Expected, vault::NewPasscode};
use workflows::card_job::{Goal, Hitch, Input, PlannedChange, Stage, journal::JournalEvent};

use super::{OpenJob, proof::claimed, same_value, settle};
use crate::{
    agents::answers::Stop,
    app::App,
    execute::{Actor, Executed},
};

/// History checks (evaluations of a *wanted* passcode) per card and day, across jobs.
pub const HISTORY_CHECKS_A_DAY: u32 = 10;

/// Which secret of an *Update* is the new smartcard passcode's tag.
/// The evaluations spent are added: each try at it has a reference of its own.
pub const SMARTCARD_SECRET: u32 = 100;

/// Which of an *Update*'s derived ids stands for *used before*, plus the evaluations spent.
const USED_BEFORE_LINE: u32 = 3_000;

/// What policy says of a new smartcard passcode (P-06); the card's own rules come on top.
#[must_use]
pub fn rules(policy: &Policy) -> PasscodeRules {
    let wanted = policy.smartcard;
    let characters = match wanted.characters {
        domain::passcode::Characters::Printable => Characters::Printable,
        domain::passcode::Characters::Digits => Characters::Digits,
    };
    let width = |n: usize| u8::try_from(n).unwrap_or(u8::MAX);
    PasscodeRules { min: width(wanted.lengths.min), max: width(wanted.lengths.max), characters }
}

/// VERIFY failed: the holder's ledger says so, and the job waits for another try. Only where the
/// card has shown that it is there; a claim alone leaves no trace in anybody's ledger.
pub async fn wrong(app: &App, open: &OpenJob, tries_left: Option<u8>) -> Result<(), Stop> {
    let claim = claimed(open)?;
    let present = matches!(open.job.stage, Stage::Present(_));
    let hitch = Input::Hitch(Hitch::WrongPasscode { tries_left });
    app.step_job(open, hitch).await?;
    if present {
        let command =
            HolderCommand::NoteLogonRefused { reason: LogonRefusal::WrongPasscode { tries_left } };
        app.execute(claim.holder, app.entropy().command_id(app.now()), Actor::Holder, &command)
            .await?;
    }
    Ok(())
}

/// What the agent needs for the POPRF, once its holder has agreed.
#[must_use]
pub fn agreed(app: &App, open: &OpenJob) -> Answer {
    let holder = open.job.claim().map(|claim| claim.holder.0).unwrap_or_default();
    Answer::Agreed {
        holder,
        poprf_key_version: app.poprf().version(),
        poprf_public_key: Bytes(app.poprf().public_key()),
    }
}

/// Evaluates the POPRF. Counted before it is done, so that a crash gives nothing away.
pub async fn evaluate(app: &App, open: &OpenJob, blinded: &[u8]) -> Result<Answer, Stop> {
    let open = app.step_job(open, Input::Evaluation).await?;
    let claim = claimed(&open)?;
    // The first one is of the passcode that VERIFY has just accepted: it tells nothing new.
    if open.job.evaluations > 1 {
        let day = app.now().date_naive().and_time(NaiveTime::MIN).and_utc();
        let key = format!("history-check {}", claim.card);
        if !app
            .stores()
            .limits
            .take(&key, day, HISTORY_CHECKS_A_DAY)
            .await
            .map_err(anyhow::Error::from)?
        {
            return Err(Stop::no(
                "P-22",
                "Too many new passcodes were tried with this card today. Try again tomorrow.",
            ));
        }
    }
    let info = protocol::poprf_info(claim.holder.0, app.poprf().version());
    let (element, proof) =
        app.poprf().evaluate(&info, blinded, &mut app.entropy()).map_err(|_| {
            Stop::no("", "The card software sent something that is not a passcode check.")
        })?;
    Ok(Answer::Evaluated { element: Bytes(element), proof: Bytes(proof) })
}

/// The tag of the passcode on the card. Settles what was unknown; finishes what writes nothing.
pub async fn current(app: &App, open: &OpenJob, tag: &Secret) -> Result<Answer, Stop> {
    let claim = claimed(open)?;
    open.check(Input::CurrentSettled)?;
    settle::settle(app, claim, &tag.0).await?;
    let writes = open.job.writes_passcode();
    // Before the job counts as done: a crash in between is made good by the same step once more.
    if let Goal::ChangePasscodes(change) = &open.job.goal
        && !writes
    {
        commit(app, change, None).await?;
    }
    let next = app.step_job(open, Input::CurrentSettled).await?;
    if writes {
        return Ok(Answer::Noted);
    }
    Ok(Answer::Done { code: app.return_code(next.id).await? })
}

/// The tag of the wanted passcode: refused if it is one of the last five (P-22), else pending.
pub async fn wanted(app: &App, open: &OpenJob, tag: &Secret) -> Result<Answer, Stop> {
    let claim = claimed(open)?;
    let (command, first_event) = match &open.job.goal {
        Goal::LogIn => return Err(Stop::no("", "Logging in writes nothing to the card.")),
        Goal::ChangePasscodes(change) => (change.command, EventId::derive(change.command, 0)),
        Goal::Personalise { command, .. } => (*command, EventId::derive(*command, 0)),
    };
    let secret = SecretRef::derive(command, SMARTCARD_SECRET + u32::from(open.job.evaluations));
    open.check(Input::NewPending(secret))?;
    let loaded = app.load(claim.holder).await.map_err(anyhow::Error::from)?;
    let last = loaded.holder.passcodes().compare_with(Kind::Smartcard, app.policy());
    let used = app.stores().vault.matching_tag(last, &tag.0).await.map_err(anyhow::Error::from)?;
    if used.is_some() {
        // One event an evaluation, however often the agent says it.
        let line = USED_BEFORE_LINE + u32::from(open.job.evaluations);
        let id = CommandId(EventId::derive(command, line).0);
        let note = HolderCommand::NoteUsedBefore { kind: Kind::Smartcard };
        app.execute(claim.holder, id, Actor::Holder, &note).await?;
        app.step_job(open, Input::Hitch(Hitch::UsedBefore)).await?;
        return Err(Stop::again(
            "P-22",
            "You have used this passcode before. Choose one that is not among your last 5.",
        ));
    }
    let open = match &open.job.goal {
        Goal::ChangePasscodes(change) => same_value::compare(app, open, change, &tag.0).await?,
        Goal::LogIn | Goal::Personalise { .. } => open.clone(),
    };
    let kind = Kind::Smartcard.as_str();
    let row = NewPasscode { secret, holder: claim.holder, kind, event: first_event };
    app.stores().vault.put_tag(row, &tag.0, app.now()).await.map_err(anyhow::Error::from)?;
    let prepared = JournalEvent::CardWritePrepared {
        holder: claim.holder,
        card: claim.card.clone(),
        command,
        secret,
    };
    journal(app, &open, command, &prepared).await?;
    app.step_job(&open, Input::NewPending(secret)).await?;
    if let Goal::ChangePasscodes(change) = &open.job.goal {
        let waiting = waiting(change, secret);
        app.stores().vault.hold(&waiting, app.now()).await.map_err(anyhow::Error::from)?;
    }
    Ok(Answer::Write)
}

/// What became of the write. The rest of the *Update* follows the card (B-28).
pub async fn written(app: &App, open: &OpenJob, outcome: WriteOutcome) -> Result<Answer, Stop> {
    let Goal::ChangePasscodes(change) = &open.job.goal else {
        return Err(Stop::no("", "This job writes no passcode."));
    };
    match outcome {
        WriteOutcome::New => {
            confirm(app, open, change).await?;
            Ok(Answer::Done { code: app.return_code(open.id).await? })
        }
        WriteOutcome::Old => {
            abandon(app, open, change).await?;
            Err(Stop::again(
                "B-28",
                "The card kept your old passcode. Nothing was changed; you can try again.",
            ))
        }
        WriteOutcome::Unknown => {
            open.check(Input::Lost)?;
            journal(app, open, change.command, &JournalEvent::CardWriteUnknown {}).await?;
            app.step_job(open, Input::Lost).await?;
            Err(Stop::no(
                "B-28",
                "The card was gone before it could answer. It has either your old or your new \
                 passcode: log in with one of them, and the rest follows by itself.",
            ))
        }
    }
}

/// The new passcode is on the card: the whole *Update* becomes true.
pub(super) async fn confirm(app: &App, open: &OpenJob, change: &PlannedChange) -> Result<(), Stop> {
    let (Stage::Writing(_, secret) | Stage::Unknown(_, secret)) = &open.job.stage else {
        return Err(Stop::no("", "Nothing is being written."));
    };
    commit(app, change, Some(*secret)).await?;
    journal(app, open, change.command, &JournalEvent::CardWriteConfirmed {}).await?;
    app.step_job(open, Input::Written).await?;
    Ok(())
}

/// The old passcode is on the card: nothing of the *Update* becomes true.
pub(super) async fn abandon(app: &App, open: &OpenJob, change: &PlannedChange) -> Result<(), Stop> {
    let (Stage::Writing(_, secret) | Stage::Unknown(_, secret)) = &open.job.stage else {
        return Err(Stop::no("", "Nothing is being written."));
    };
    journal(app, open, change.command, &JournalEvent::CardWriteAbandoned {}).await?;
    let waiting = waiting(change, *secret);
    app.stores().vault.release(&waiting).await.map_err(anyhow::Error::from)?;
    app.step_job(open, Input::NotWritten).await?;
    Ok(())
}

/// The rows of the vault that wait, as long as the card has to tell, for what becomes of an
/// *Update*.
fn waiting(change: &PlannedChange, smartcard: SecretRef) -> Vec<SecretRef> {
    let optionals = [change.account_recovery, change.verification];
    let set = optionals.into_iter().filter_map(|wanted| match wanted {
        Optional::Set(secret) => Some(secret),
        Optional::Keep | Optional::Blank => None,
    });
    std::iter::once(smartcard).chain(set).collect()
}

/// Carries out the *Update*, once.
async fn commit(
    app: &App,
    change: &PlannedChange,
    smartcard: Option<SecretRef>,
) -> Result<Executed, Stop> {
    let loaded = app.load(change.holder).await.map_err(anyhow::Error::from)?;
    let proof = Authenticated::by_card(&loaded.holder, &change.card)
        .map_err(|refusal| Stop::no(refusal.rule().as_str(), refusal.way_out()))?;
    let changes = Changes {
        proof,
        smartcard: smartcard.map(|secret| CardChange { secret }),
        account_recovery: change.account_recovery,
        verification: change.verification,
    };
    let command = HolderCommand::ChangePasscodes(changes);
    let executed = app.execute(change.holder, change.command, Actor::Holder, &command).await?;
    app.prune_vault(change.holder).await;
    Ok(executed)
}

/// Writes a line of the job's journal. Idempotent: a line's id is derived from the command, what
/// it says, and how often the job had tried.
pub(super) async fn journal(
    app: &App,
    open: &OpenJob,
    command: CommandId,
    event: &JournalEvent,
) -> Result<(), Stop> {
    let place = match event {
        JournalEvent::CardWritePrepared { .. } => 0,
        JournalEvent::CardWriteConfirmed {} => 1,
        JournalEvent::CardWriteAbandoned {} => 2,
        JournalEvent::CardWriteUnknown {} => 3,
    };
    let line = 1_000 + u32::from(open.job.evaluations) * 10 + place;
    let id = CommandId(EventId::derive(command, line).0);
    let stream = format!("cardwrite-{}", open.id).parse().map_err(anyhow::Error::from)?;
    app.note(&stream, Expected::Any, id, event.kind(), &event.data())
        .await
        .map_err(anyhow::Error::from)?;
    Ok(())
}

/// Where the value itself of an optional passcode waits, sealed, for the job's ten minutes (B-27).
#[must_use]
pub fn value_secret(command: CommandId, kind: OptionalKind) -> SecretRef {
    match kind {
        OptionalKind::AccountRecovery => SecretRef::derive(command, 11),
        OptionalKind::Verification => SecretRef::derive(command, 12),
    }
}

/// For a form: what an optional passcode's new value is kept under.
#[must_use]
pub fn optional_secret(command: CommandId, kind: OptionalKind) -> SecretRef {
    match kind {
        OptionalKind::AccountRecovery => SecretRef::derive(command, 1),
        OptionalKind::Verification => SecretRef::derive(command, 2),
    }
}
