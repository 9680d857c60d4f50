//! *Update*, up to the point where the card is asked: judged as a whole, compared with the last
//! five, hashed into the vault where it waits for the event that will name it. And how it ended.

use chrono::Duration;
use domain::{
    decider::Decider as _,
    holder::{HolderCommand, HolderEvent},
    ids::{CommandId, EventId, SecretRef},
    passcode::{
        self, Advice, CardChange, Changes, FieldFault, Form, Kind, Optional, OptionalKind,
        Passcode, Wanted, WantedOptional,
    },
    policy::SameValue,
    refusal::Refusal,
};
use serde::Serialize;
use stores::{
    session::Session,
    vault::{Keep, NewPasscode},
};
use utoipa::ToSchema;
use workflows::card_job::{JOB_MINUTES, PlannedChange, Stage};
use zeroize::Zeroizing;

use crate::{
    app::App,
    execute::{Actor, Cause, Loaded},
    jobs::{
        passcode::{HISTORY_CHECKS_A_DAY, SMARTCARD_SECRET, optional_secret, takes, value_secret},
        same_value, still_right,
    },
    renewals,
};

/// What a value that waits for the card is sealed for (B-27).
pub const VALUE_PURPOSE: &str = "passcode-in-job";

/// Which of an *Update*'s derived ids stands for *used before*, plus the place of the kind.
const USED_BEFORE_LINE: u32 = 3_100;

/// What became of a form.
#[derive(Debug)]
pub enum Planned {
    /// Nothing: everything that is wrong, at once.
    Faults(Vec<FieldFault>),
    /// Nothing: a rule says no to the whole of it.
    Refused(Refusal),
    /// It waits for the card.
    Change(PlannedChange),
}

/// Judges a form and, if all of it is right, makes it wait for the card.
pub async fn plan(
    app: &App,
    session: &Session,
    loaded: &Loaded,
    form: &Form,
    command: CommandId,
) -> anyhow::Result<Planned> {
    let context = app.context(loaded);
    let passcodes = loaded.holder.passcodes();
    let wanted = match form.parse(&context, passcodes) {
        Ok(wanted) => wanted,
        Err(faults) => return Ok(Planned::Faults(faults)),
    };
    if let Err(refusal) = would_be_accepted(app, session, loaded, &wanted, command) {
        return Ok(Planned::Refused(refusal));
    }
    let mut faults = used_before(app, session, loaded, &wanted).await?;
    let mut advice = wanted.advice(&context, passcodes);
    for same in same_values(app, session, loaded, &wanted).await? {
        match app.policy().same_value {
            SameValue::Warn => advice.push(same.into()),
            SameValue::Refuse => faults.push(same.into()),
        }
    }
    if !faults.is_empty() {
        note_used_before(app, session, command, &faults).await?;
        return Ok(Planned::Faults(faults));
    }
    let [account_recovery, verification] = wanted.optionals();
    let change = PlannedChange {
        holder: session.holder,
        card: session.card.clone(),
        command,
        smartcard: wanted.smartcard,
        account_recovery: keep(app, session, command, account_recovery, wanted.smartcard).await?,
        verification: keep(app, session, command, verification, wanted.smartcard).await?,
        session: hex::encode(session.token.0),
        logged_on_at: session.opened_at,
        asked_at: app.now(),
        seen: still_right::seen(&loaded.holder, app.policy()),
        advice,
    };
    Ok(Planned::Change(change))
}

/// B-17, P-19, B-61: whether the rules would accept this *Update* now, as far as that does not
/// depend on the values.
fn would_be_accepted(
    app: &App,
    session: &Session,
    loaded: &Loaded,
    wanted: &Wanted,
    command: CommandId,
) -> Result<(), Refusal> {
    let proof = renewals::proof(app, session, loaded)?;
    let [account_recovery, verification] = wanted.optionals().map(|(kind, wanted)| match wanted {
        WantedOptional::Keep => Optional::Keep,
        WantedOptional::Blank => Optional::Blank,
        WantedOptional::Set(_) => Optional::Set(optional_secret(command, kind)),
    });
    let secret = SecretRef::derive(command, SMARTCARD_SECRET);
    let changes = Changes {
        proof,
        logged_on_at: session.opened_at,
        asked_at: app.now(),
        smartcard: wanted.smartcard.then_some(CardChange { secret }),
        account_recovery,
        verification,
    };
    let command = HolderCommand::ChangePasscodes(changes);
    loaded.holder.decide(&app.context(loaded), command).map(|_| ())
}

/// P-22: which of the wanted values are among the last ones of their kind. Each is an event.
async fn used_before(
    app: &App,
    session: &Session,
    loaded: &Loaded,
    wanted: &Wanted,
) -> anyhow::Result<Vec<FieldFault>> {
    let mut faults = Vec::new();
    for (kind, wanted) in wanted.optionals() {
        let WantedOptional::Set(value) = wanted else { continue };
        let key = format!("history-check {} {}", kind.kind().as_str(), session.holder);
        if !takes(app, &key, HISTORY_CHECKS_A_DAY).await? {
            faults.push(FieldFault {
                message: "Too many new passcodes were tried today. Try again tomorrow".to_owned(),
                ..FieldFault::used_before(kind)
            });
            continue;
        }
        let last = loaded.holder.passcodes().compare_with(kind.kind(), app.policy());
        if app.stores().vault.matching(last, value.bytes()).await?.is_some() {
            faults.push(FieldFault::used_before(kind));
        }
    }
    Ok(faults)
}

/// B-27: a new value that is that of another passcode which stays as it is.
struct SameAs {
    kind: OptionalKind,
    other: Kind,
}

impl From<SameAs> for Advice {
    fn from(same: SameAs) -> Self {
        Self::SameValue { one: same.kind.kind(), other: same.other }
    }
}

impl From<SameAs> for FieldFault {
    fn from(same: SameAs) -> Self {
        let refusal = passcode::Refusal::SameValue { kind: same.kind.kind(), other: same.other };
        Self { rule: refusal.rule(), message: refusal.to_string(), ..Self::used_before(same.kind) }
    }
}

/// B-27: which of the new values are those of passcodes that this *Update* keeps. Those that come
/// together are compared by the form, and with a new smartcard passcode when its tag comes.
async fn same_values(
    app: &App,
    session: &Session,
    loaded: &Loaded,
    wanted: &Wanted,
) -> anyhow::Result<Vec<SameAs>> {
    let (vault, passcodes) = (&app.stores().vault, loaded.holder.passcodes());
    let mut same = Vec::new();
    for (kind, value) in wanted.optionals() {
        let WantedOptional::Set(value) = value else { continue };
        for other in Kind::ALL {
            let Some(current) = passcodes.current(other) else { continue };
            if other == kind.kind() || wanted.touches(other) {
                continue;
            }
            let found = if other == Kind::Smartcard {
                let value = Zeroizing::new(value.bytes().to_vec());
                let tag = same_value::tag_of(app, session.holder, value).await?;
                vault.matching_tag(&[current.secret], &tag).await?
            } else {
                vault.matching(&[current.secret], value.bytes()).await?
            };
            if found.is_some() {
                same.push(SameAs { kind, other });
            }
        }
    }
    Ok(same)
}

/// The ledger remembers each value that was refused as used before.
async fn note_used_before(
    app: &App,
    session: &Session,
    command: CommandId,
    faults: &[FieldFault],
) -> anyhow::Result<()> {
    for (line, kind) in (USED_BEFORE_LINE..).zip(OptionalKind::ALL) {
        if faults.contains(&FieldFault::used_before(kind)) {
            let note = HolderCommand::NoteUsedBefore { kind: kind.kind() };
            let own = CommandId(EventId::derive(command, line).0);
            let cause = Cause { command: own, begun_by: command };
            app.execute(session.holder, cause, Actor::Holder, &note).await?;
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
    let until = Keep::Until(now + Duration::minutes(JOB_MINUTES));
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
                changes: events.iter().filter_map(line).collect(),
                advice: change.advice.iter().copied().map(Advice::message).collect(),
            }
        }
        Stage::NotWritten(_) => Ended::NotWritten,
        Stage::Writing(..) | Stage::Unknown(..) => Ended::NotKnown,
        Stage::Open
        | Stage::Claimed(_)
        | Stage::Present(_)
        | Stage::Agreed(_)
        | Stage::Settled(_)
        | Stage::Updating(_)
        | Stage::Cancelled => return Ok(None),
    }))
}

/// What an event of an *Update* did, in the guides' words.
fn line(event: &HolderEvent) -> Option<String> {
    match event {
        HolderEvent::PasscodeSet { kind, .. } => Some(format!("Set a new {}", kind.words())),
        HolderEvent::PasscodeBlanked { kind, .. } => {
            Some(format!("Remove your {}", kind.kind().words()))
        }
        HolderEvent::PasscodeChangedElsewhere { .. } => {
            Some("Your new smartcard passcode is on the card; nothing else was changed".to_owned())
        }
        HolderEvent::HolderRegistered {}
        | HolderEvent::CardIssued(_)
        | HolderEvent::UsedBeforeRefused { .. }
        | HolderEvent::SelfServiceRefused { .. }
        | HolderEvent::HistoryCyclingFlagged { .. }
        | HolderEvent::LogonRefused { .. }
        | HolderEvent::AlertRaised { .. }
        | HolderEvent::AlertDeclined { .. }
        | HolderEvent::RenewalForced { .. }
        | HolderEvent::LockAnnounced { .. }
        | HolderEvent::AccountLocked { .. }
        | HolderEvent::RestrictedSessionOpened { .. }
        | HolderEvent::CardUpdateBegun { .. }
        | HolderEvent::CardUpdateResumed { .. }
        | HolderEvent::CardWriteOpened { .. }
        | HolderEvent::CardKeyMade { .. }
        | HolderEvent::CardKeyKept(_)
        | HolderEvent::CertificateIssued { .. }
        | HolderEvent::CertificateAbandoned { .. }
        | HolderEvent::CertificateWritten { .. }
        | HolderEvent::CertificatesRenewed { .. }
        | HolderEvent::CardUpdateAbandoned { .. }
        | HolderEvent::RenewalAcknowledged { .. }
        | HolderEvent::CertificatesRevoked { .. }
        | HolderEvent::RenewalAuthorised { .. }
        | HolderEvent::Desk(_)
        | HolderEvent::CertificateAlertRaised { .. }
        | HolderEvent::RaRenewalNeeded { .. }
        | HolderEvent::RenewalObstructed { .. }
        | HolderEvent::RenewalDeferred { .. }
        | HolderEvent::RegistrationBegun { .. }
        | HolderEvent::RegistrationCompleted { .. }
        | HolderEvent::RegistrationCancelled { .. }
        | HolderEvent::RegistrationRedirected { .. }
        | HolderEvent::CodeSent { .. }
        | HolderEvent::CodeRefused { .. }
        | HolderEvent::CodeVoided { .. }
        | HolderEvent::CodeAccepted { .. }
        | HolderEvent::UnlockPaused { .. }
        | HolderEvent::UnlockStarted { .. }
        | HolderEvent::QuestionsDrawn { .. }
        | HolderEvent::UnlockRefused { .. }
        | HolderEvent::AnswersWrong { .. }
        | HolderEvent::AnswersRight { .. }
        | HolderEvent::SelfServiceBlocked { .. }
        | HolderEvent::RecoveryPasscodeWrong { .. }
        | HolderEvent::RecoveryPasscodeBlocked { .. }
        | HolderEvent::RecoveryPasscodeRight { .. }
        | HolderEvent::UnlockCompleted { .. }
        | HolderEvent::PukRecorded { .. }
        | HolderEvent::PukReleased { .. }
        | HolderEvent::PukProbed { .. }
        | HolderEvent::PukSettled { .. }
        | HolderEvent::PukRuledOut { .. }
        | HolderEvent::PukLost { .. }
        | HolderEvent::PukReplaced { .. } => None,
    }
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
