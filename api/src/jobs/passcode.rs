//! The smartcard passcode in a job: never seen here, only what it leaves behind in the POPRF.

use chrono::{DateTime, NaiveTime, Utc};
use domain::{
    holder::HolderCommand,
    ids::{CommandId, EventId, SecretRef},
    logon::LogonRefusal,
    passcode::{CardChange, Changes, Kind, Optional, OptionalKind},
    policy::Policy,
};
use protocol::{Answer, Bytes, Characters, PasscodeRules, Secret, WriteOutcome};
use stores::{event_store::Expected, vault::NewPasscode};
use workflows::card_job::{
    Goal, Hitch, Input, PlannedChange, PlannedUnlock, Stage, journal::JournalEvent,
};

use super::{OpenJob, proof::claimed, register, same_value, settle, still_right, unlock};
use crate::{
    agents::answers::Stop,
    app::App,
    execute::{Actor, Cause, ExecuteError, Executed, Loaded},
    renewals,
};

/// History checks (evaluations of a *wanted* passcode) per card and day, across jobs.
pub const HISTORY_CHECKS_A_DAY: u32 = 10;

/// Evaluations that log in, or begin a job, per card and day: far more than anybody logs in, and
/// the bound of what an agent can ask that lies about what it blinds.
pub const LOG_IN_CHECKS_A_DAY: u32 = 100;

/// Wrong passcodes per card and day that the ledger remembers one by one. A card locks after three;
/// more can only be said by an agent that lies.
pub const WRONG_NOTED_A_DAY: u32 = 50;

/// Which secret of a job is the new smartcard passcode's tag.
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
    let (min, max) = (width(wanted.lengths.min), width(wanted.lengths.max));
    let refuses_guessable = wanted.guessable == domain::passcode::Guessable::Refuse;
    PasscodeRules { min, max, characters, refuses_guessable }
}

/// VERIFY failed: the holder's ledger says so, and the job waits for another try. Only where the
/// card has shown that it is there; a claim alone leaves no trace in anybody's ledger.
pub async fn wrong(app: &App, open: &OpenJob, tries_left: Option<u8>) -> Result<(), Stop> {
    let claim = claimed(open)?;
    let present = matches!(open.job.stage, Stage::Present(_));
    let hitch = Input::Hitch(Hitch::WrongPasscode { tries_left });
    app.step_job(open, hitch).await?;
    let key = format!("wrong-passcode {}", claim.card);
    if present && takes(app, &key, WRONG_NOTED_A_DAY).await? {
        let command =
            HolderCommand::NoteLogonRefused { reason: LogonRefusal::WrongPasscode { tries_left } };
        let cause = open.causes(app.entropy().command_id(app.now()));
        app.execute(claim.holder()?, cause, Actor::Somebody, &command).await?;
    }
    Ok(())
}

/// What the agent needs for the POPRF, once its holder has agreed.
#[must_use]
pub fn agreed(app: &App, open: &OpenJob) -> Answer {
    let holder =
        open.job.claim().and_then(|claim| claim.holder).map(|holder| holder.0).unwrap_or_default();
    Answer::Agreed {
        holder,
        poprf_key_version: app.poprf().version(),
        poprf_public_key: Bytes(app.poprf().public_key()),
    }
}

/// Takes one of the places that a day has; false if they are all taken. Days are the policy's (B-01).
pub async fn takes(app: &App, key: &str, max: u32) -> anyhow::Result<bool> {
    Ok(app.stores().limits.take(key, today(app), max).await?)
}

fn today(app: &App) -> DateTime<Utc> {
    let day = domain::calendar::civil_day(app.now(), app.policy().zone);
    day.and_time(NaiveTime::MIN).and_utc()
}

/// Evaluates the POPRF. Counted before it is done, so that a crash gives nothing away.
pub async fn evaluate(app: &App, open: &OpenJob, blinded: &[u8]) -> Result<Answer, Stop> {
    let open = app.step_job(open, Input::Evaluation).await?;
    let claim = claimed(&open)?;
    // An unlock has no current passcode: each of its evaluations is of a wanted one.
    let wanted = open.job.evaluations > 1 || matches!(open.job.goal, Goal::Unlock(_));
    let (what, most) = if wanted {
        ("history-check", HISTORY_CHECKS_A_DAY)
    } else {
        ("log-in-check", LOG_IN_CHECKS_A_DAY)
    };
    if !takes(app, &format!("{what} {}", claim.card), most).await? {
        return Err(Stop::no(
            "P-22",
            "Too many passcodes were tried with this card today. Try again tomorrow.",
        ));
    }
    let info = protocol::poprf_info(claim.holder()?.0, app.poprf().version());
    let (element, proof) =
        app.poprf().evaluate(&info, blinded, &mut app.entropy()).map_err(|_| {
            Stop::no("", "The card software sent something that is not a passcode check.")
        })?;
    Ok(Answer::Evaluated { element: Bytes(element), proof: Bytes(proof) })
}

/// The tag of the passcode on the card. Settles what was unknown; finishes what writes nothing.
pub async fn current(app: &App, open: &OpenJob, tag: &Secret) -> Result<Answer, Stop> {
    open.check(Input::CurrentSettled)?;
    settle::settle(app, open, &tag.0).await?;
    let writes = open.job.writes_passcode();
    if let Goal::ChangePasscodes(change) = &open.job.goal {
        still_right::check(app, change, None).await?;
    }
    // Before the job counts as done: a crash in between is made good by the same step once more.
    if let Goal::ChangePasscodes(change) = &open.job.goal
        && !writes
    {
        commit(app, change, None).await?;
    }
    if let Goal::Register(planned) = &open.job.goal {
        register::begin(app, planned).await?;
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
    let place = SMARTCARD_SECRET + u32::from(open.job.evaluations);
    let secret = SecretRef::derive(of_job(open), place);
    let command = match &open.job.goal {
        Goal::LogIn | Goal::UpdateCard(_) | Goal::Register(_) | Goal::BeginUnlock { unlock: _ } => {
            return Err(Stop::no("", "This job writes no passcode."));
        }
        Goal::Unlock(_) => unlock::completes(secret),
        Goal::ChangePasscodes(change) => change.command,
        Goal::Personalise { command, .. } => *command,
    };
    let first_event = EventId::derive(command, 0);
    open.check(Input::NewPending(secret))?;
    let loaded = app.load(claim.holder()?).await.map_err(anyhow::Error::from)?;
    let last = loaded.holder.passcodes().compare_with(Kind::Smartcard, app.policy());
    let used = app.stores().vault.matching_tag(last, &tag.0).await.map_err(anyhow::Error::from)?;
    if used.is_some() {
        // One event an evaluation, however often the agent says it.
        let line = USED_BEFORE_LINE + u32::from(open.job.evaluations);
        let id = CommandId(EventId::derive(command, line).0);
        let note = HolderCommand::NoteUsedBefore { kind: Kind::Smartcard };
        app.execute(claim.holder()?, open.causes(id), Actor::Holder, &note).await?;
        app.step_job(open, Input::Hitch(Hitch::UsedBefore)).await?;
        return Err(Stop::again(
            "P-22",
            "You have used this passcode before. Choose one that is not among your last 5.",
        ));
    }
    let open = match &open.job.goal {
        Goal::ChangePasscodes(change) => {
            still_right::check(app, change, Some(secret)).await?;
            same_value::compare(app, open, change, &tag.0).await?
        }
        Goal::Unlock(planned) => {
            unlock::check(app, planned, secret, &tag.0).await?;
            open.clone()
        }
        Goal::LogIn
        | Goal::UpdateCard(_)
        | Goal::Personalise { .. }
        | Goal::Register(_)
        | Goal::BeginUnlock { unlock: _ } => open.clone(),
    };
    let kind = Kind::Smartcard.as_str();
    let row = NewPasscode { secret, holder: claim.holder()?, kind, event: first_event };
    app.stores().vault.put_tag(row, &tag.0, app.now()).await.map_err(anyhow::Error::from)?;
    let prepared = JournalEvent::CardWritePrepared {
        holder: claim.holder()?,
        card: claim.card.clone(),
        command,
        secret,
    };
    journal(app, &open, &prepared).await?;
    app.step_job(&open, Input::NewPending(secret)).await?;
    let waiting = match &open.job.goal {
        Goal::ChangePasscodes(change) => waiting(change, secret),
        Goal::Unlock(_) => vec![secret],
        Goal::LogIn
        | Goal::UpdateCard(_)
        | Goal::Personalise { .. }
        | Goal::Register(_)
        | Goal::BeginUnlock { unlock: _ } => Vec::new(),
    };
    app.stores().vault.hold(&waiting, app.now()).await.map_err(anyhow::Error::from)?;
    Ok(Answer::Write)
}

/// What became of the write. The rest of the *Update* follows the card (B-28).
pub async fn written(app: &App, open: &OpenJob, outcome: WriteOutcome) -> Result<Answer, Stop> {
    let written = match &open.job.goal {
        Goal::ChangePasscodes(change) => Written::Change(change),
        Goal::Unlock(planned) => Written::Unlock(planned),
        Goal::LogIn
        | Goal::UpdateCard(_)
        | Goal::Personalise { .. }
        | Goal::Register(_)
        | Goal::BeginUnlock { unlock: _ } => {
            return Err(Stop::no("", "This job writes no passcode."));
        }
    };
    match outcome {
        WriteOutcome::New => {
            match written {
                Written::Change(change) => confirm(app, open, change).await?,
                Written::Unlock(planned) => {
                    unlock::confirm(app, open, planned).await?;
                    unlock::leave_others(app, open, planned).await?;
                }
            }
            Ok(Answer::Done { code: app.return_code(open.id).await? })
        }
        WriteOutcome::Old => {
            match written {
                Written::Change(change) => abandon(app, open, change).await?,
                Written::Unlock(_) => unlock::abandon(app, open).await?,
            }
            Err(Stop::again(
                "B-28",
                "The card did not take the new passcode. Nothing was changed; you can try again.",
            ))
        }
        WriteOutcome::Unknown => {
            open.check(Input::Lost)?;
            journal(app, open, &JournalEvent::CardWriteUnknown {}).await?;
            app.step_job(open, Input::Lost).await?;
            Err(Stop::no(
                "B-28",
                "The card was gone before it could answer. It has either your old or your new \
                 passcode: log in with one of them, and the rest follows by itself.",
            ))
        }
    }
}

/// For what a job has written a smartcard passcode.
enum Written<'a> {
    Change(&'a PlannedChange),
    Unlock(&'a PlannedUnlock),
}

/// The new passcode is on the card: the whole *Update* becomes true.
pub(super) async fn confirm(app: &App, open: &OpenJob, change: &PlannedChange) -> Result<(), Stop> {
    let (Stage::Writing(_, secret) | Stage::Unknown(_, secret)) = &open.job.stage else {
        return Err(Stop::no("", "Nothing is being written."));
    };
    match commit(app, change, Some(*secret)).await {
        Ok(_) => {}
        // It was right when the card was about to be written, and the card is written: what is on
        // it is a fact that no rule can refuse. The rest of the update is not done.
        Err(ExecuteError::Refused(_)) => commit_card_alone(app, change, *secret).await?,
        Err(error) => return Err(error.into()),
    }
    journal(app, open, &JournalEvent::CardWriteConfirmed {}).await?;
    app.step_job(open, Input::Written).await?;
    Ok(())
}

/// The old passcode is on the card: nothing of the *Update* becomes true.
pub(super) async fn abandon(app: &App, open: &OpenJob, change: &PlannedChange) -> Result<(), Stop> {
    let (Stage::Writing(_, secret) | Stage::Unknown(_, secret)) = &open.job.stage else {
        return Err(Stop::no("", "Nothing is being written."));
    };
    journal(app, open, &JournalEvent::CardWriteAbandoned {}).await?;
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
) -> Result<Executed, ExecuteError> {
    let loaded = app.load(change.holder).await?;
    let command = HolderCommand::ChangePasscodes(changes(app, &loaded, change, smartcard)?);
    let cause = Cause::first(change.command);
    let executed = app.execute(change.holder, cause, Actor::Holder, &command).await?;
    app.prune_vault(change.holder).await;
    Ok(executed)
}

/// What an *Update* asks of the holder's stream.
pub(super) fn changes(
    app: &App,
    loaded: &Loaded,
    change: &PlannedChange,
    smartcard: Option<SecretRef>,
) -> Result<Changes, ExecuteError> {
    let proof = renewals::proof_of(app, change.logged_on_at, &change.card, loaded)?;
    Ok(Changes {
        proof,
        logged_on_at: change.logged_on_at,
        asked_at: change.asked_at,
        smartcard: smartcard.map(|secret| CardChange { secret }),
        account_recovery: change.account_recovery,
        verification: change.verification,
    })
}

/// The card has the new passcode, and the rest of its *Update* is refused by now: the smartcard
/// passcode is recorded alone; if even that is refused, as one changed elsewhere.
async fn commit_card_alone(
    app: &App,
    change: &PlannedChange,
    secret: SecretRef,
) -> Result<(), ExecuteError> {
    let alone = PlannedChange {
        account_recovery: Optional::Keep,
        verification: Optional::Keep,
        ..change.clone()
    };
    match commit(app, &alone, Some(secret)).await {
        Err(ExecuteError::Refused(_)) => {
            let note = HolderCommand::NoteChangedElsewhere { secret };
            let cause = Cause::first(change.command);
            app.execute(change.holder, cause, Actor::System, &note).await?;
            Ok(())
        }
        committed => committed.map(|_| ()),
    }
}

/// The person changed his mind before anything was written: what he had entered is deleted.
pub async fn cancelled(app: &App, open: &OpenJob) -> Result<(), Stop> {
    app.step_job(open, Input::Hitch(Hitch::Cancelled)).await?;
    if let Goal::ChangePasscodes(change) = &open.job.goal {
        let of = |kind| [optional_secret(change.command, kind), value_secret(change.command, kind)];
        let entered = OptionalKind::ALL.map(of).concat();
        app.stores().vault.discard(&entered).await.map_err(anyhow::Error::from)?;
    }
    Ok(())
}

/// What a try at a card is named after: a registration may need several jobs, and what one of them
/// left behind is not in the way of the next.
fn of_job(open: &OpenJob) -> CommandId {
    CommandId(open.id.0)
}

/// Writes a line of the job's journal. Idempotent: a line's id is derived from the job, what it
/// says, and how often the job had tried.
pub(super) async fn journal(app: &App, open: &OpenJob, event: &JournalEvent) -> Result<(), Stop> {
    let place = match event {
        JournalEvent::CardWritePrepared { .. } => 0,
        JournalEvent::CardWriteConfirmed {} => 1,
        JournalEvent::CardWriteAbandoned {} => 2,
        JournalEvent::CardWriteUnknown {} => 3,
    };
    let line = 1_000 + u32::from(open.job.evaluations) * 10 + place;
    let id = CommandId(EventId::derive(of_job(open), line).0);
    let stream = format!("cardwrite-{}", open.id).parse().map_err(anyhow::Error::from)?;
    app.note(&stream, Expected::Any, open.causes(id), event.kind(), &event.data())
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
