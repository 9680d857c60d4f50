//! *Update*, up to the point where the card is asked: judged as a whole, compared with the last
//! five, hashed into the vault where it waits for the event that will name it. And how it ended.

use chrono::Duration;
use domain::{
    holder::HolderCommand,
    ids::{CommandId, EventId},
    passcode::{
        self, Advice, FieldFault, Form, Optional, OptionalKind, Passcode, Wanted, WantedOptional,
    },
};
use serde::Serialize;
use stores::{session::Session, vault::NewPasscode};
use utoipa::ToSchema;
use workflows::card_job::{JOB_MINUTES, PlannedChange, Stage};

use crate::{
    app::App,
    execute::{Actor, Loaded},
    jobs::passcode::{optional_secret, value_secret},
};

/// What a value that waits for the card is sealed for (B-27).
pub const VALUE_PURPOSE: &str = "passcode-in-job";

/// What became of a form.
#[derive(Debug)]
pub enum Planned {
    /// Nothing: everything that is wrong, at once.
    Faults(Vec<FieldFault>),
    /// It waits for the card.
    Change(PlannedChange),
}

/// Judges a form and, if all of it is right, makes it wait for the card.
pub async fn plan(
    app: &App,
    session: &Session,
    loaded: &Loaded,
    form: &Form,
) -> anyhow::Result<Planned> {
    let context = app.context(loaded);
    let passcodes = loaded.holder.passcodes();
    let wanted = match form.parse(&context, passcodes) {
        Ok(wanted) => wanted,
        Err(faults) => return Ok(Planned::Faults(faults)),
    };
    let faults = used_before(app, loaded, &wanted).await?;
    if !faults.is_empty() {
        note_used_before(app, session, &faults).await?;
        return Ok(Planned::Faults(faults));
    }
    let command = app.entropy().command_id(context.now);
    let [account_recovery, verification] = wanted.optionals();
    let change = PlannedChange {
        holder: session.holder,
        card: session.card.clone(),
        command,
        smartcard: wanted.smartcard,
        account_recovery: keep(app, session, command, account_recovery, wanted.smartcard).await?,
        verification: keep(app, session, command, verification, wanted.smartcard).await?,
        session_opened_at: session.opened_at,
        advice: wanted.advice(&context, passcodes),
    };
    Ok(Planned::Change(change))
}

/// P-22: which of the wanted values are among the last ones of their kind. Each is an event.
async fn used_before(
    app: &App,
    loaded: &Loaded,
    wanted: &Wanted,
) -> anyhow::Result<Vec<FieldFault>> {
    let mut faults = Vec::new();
    for (kind, wanted) in wanted.optionals() {
        let WantedOptional::Set(value) = wanted else { continue };
        let last = loaded.holder.passcodes().compare_with(kind.kind(), app.policy());
        if app.stores().vault.matching(last, value.bytes()).await?.is_some() {
            faults.push(FieldFault::used_before(kind));
        }
    }
    Ok(faults)
}

/// The ledger remembers each value that was refused as used before.
async fn note_used_before(
    app: &App,
    session: &Session,
    faults: &[FieldFault],
) -> anyhow::Result<()> {
    for kind in OptionalKind::ALL {
        if faults.contains(&FieldFault::used_before(kind)) {
            let command = HolderCommand::NoteUsedBefore { kind: kind.kind() };
            let id = app.entropy().command_id(app.now());
            app.execute(session.holder, id, Actor::Holder, &command).await?;
        }
    }
    Ok(())
}

/// Hashes a new value into the vault, pending; and, if a smartcard passcode comes in the same
/// *Update*, seals the value itself for the job's ten minutes, to be compared with it (B-27).
async fn keep(
    app: &App,
    session: &Session,
    command: CommandId,
    (kind, wanted): (OptionalKind, &WantedOptional),
    with_smartcard: bool,
) -> anyhow::Result<Optional> {
    let value = match wanted {
        WantedOptional::Keep => return Ok(Optional::Keep),
        WantedOptional::Blank => return Ok(Optional::Blank),
        WantedOptional::Set(value) => value,
    };
    let secret = optional_secret(command, kind);
    let row = NewPasscode {
        secret,
        holder: session.holder,
        kind: kind.kind().as_str(),
        event: EventId::derive(command, 0),
    };
    let (vault, now) = (&app.stores().vault, app.now());
    vault.put_passcode(row, value.bytes(), app.entropy().bytes(), now).await?;
    if with_smartcard {
        seal(app, session, command, kind, value).await?;
    }
    Ok(Optional::Set(secret))
}

async fn seal(
    app: &App,
    session: &Session,
    command: CommandId,
    kind: OptionalKind,
    value: &Passcode,
) -> anyhow::Result<()> {
    let (secret, now) = (value_secret(command, kind), app.now());
    let until = Some(now + Duration::minutes(JOB_MINUTES));
    let entropy = app.entropy().bytes().into();
    let (holder, card) = (session.holder, session.card.as_str());
    let vault = &app.stores().vault;
    vault.seal(secret, holder, VALUE_PURPOSE, card, value.bytes(), entropy, until, now).await?;
    Ok(())
}

/// How an *Update* ended, or stands while nobody knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case", tag = "outcome")]
#[schema(as = UpdateOutcome)]
pub enum Ended {
    /// Everything that was asked for is done (B-28).
    Updated {
        /// P-26: the confirmation.
        message: String,
        /// What was done, a line each.
        changes: Vec<String>,
        /// P-07, P-23, B-27: each a sentence.
        advice: Vec<String>,
    },
    /// The card kept the old smartcard passcode, so nothing was changed.
    NotWritten,
    /// The link to the card was lost while it was being written. The next log-in settles it.
    NotKnown,
}

/// P-26: how an *Update* ended, read from what is true; `None` while it waits for the card.
pub async fn ended(
    app: &App,
    stage: &Stage,
    change: &PlannedChange,
) -> anyhow::Result<Option<Ended>> {
    Ok(Some(match stage {
        Stage::Done(_) => {
            let events = app.events_of(change.holder, change.command).await?;
            Ended::Updated {
                message: passcode::confirmation(&events).unwrap_or_default(),
                changes: lines(change),
                advice: change.advice.iter().copied().map(Advice::message).collect(),
            }
        }
        Stage::NotWritten(_) => Ended::NotWritten,
        Stage::Writing(..) | Stage::Unknown(..) => Ended::NotKnown,
        Stage::Open | Stage::Claimed(_) | Stage::Present(_) | Stage::Agreed(_) => return Ok(None),
    }))
}

/// What an *Update* does, a line each, in the guides' words.
#[must_use]
pub fn lines(change: &PlannedChange) -> Vec<String> {
    let mut lines = Vec::with_capacity(3);
    for (kind, wanted) in [
        (OptionalKind::AccountRecovery, change.account_recovery),
        (OptionalKind::Verification, change.verification),
    ] {
        let words = kind.kind().words();
        match wanted {
            Optional::Keep => {}
            Optional::Set(_) => lines.push(format!("Set a new {words}")),
            Optional::Blank => lines.push(format!("Remove your {words}")),
        }
    }
    if change.smartcard {
        lines.push("Set a new smartcard passcode".to_owned());
    }
    lines
}
