//! What a caller says is compared with his account recovery passcode (P-08): the answer is match, no
//! match, none on record, or blocked, and nothing else is said of it. A telephone service compares
//! verification passcodes (P-11), and is told match or no match.

use std::time::Duration;

use chrono::{DateTime, DurationRound as _, NaiveDate, TimeDelta, Utc};
use domain::{
    calendar,
    desk::{self, Checker, DeskCommand, Refusal},
    holder::HolderCommand,
    ids::{CardSerial, EventId, HolderId, SecretRef},
    passcode::{Kind, OptionalKind, Passcode},
};
use stores::vault::VaultError;
use uuid::Uuid;

use super::act;
use crate::{
    app::App,
    execute::{Actor, Cause, ExecuteError, Loaded},
    jobs::passcode::takes,
    staff::Mandate,
};

/// No row of the vault has this reference.
const NOTHING: SecretRef = SecretRef(Uuid::nil());

/// Stands for what can be no passcode, and is compared with [`NOTHING`] only.
const PLACEHOLDER: &[u8] = b"-";

/// Checks that one member of staff makes a day.
pub const CHECKS_A_DAY: u32 = 200;

/// What can be done about a check that is not made because there were too many.
pub const TOO_MANY_WAY_OUT: &str =
    "Let a colleague compare it, or make sure in another way who calls.";

/// The table of limits counts the checks of a member of staff under this.
#[must_use]
pub fn counted_at_desk(staff: HolderId) -> String {
    format!("desk-check {staff}")
}

/// Checks that one telephone service makes in an hour of the clock.
pub const TELEPHONE_CHECKS_AN_HOUR: u32 = 1_000;

/// About whom a telephone service asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whom {
    /// Somebody by his number.
    Holder(HolderId),
    /// Whoever uses this card.
    Card(CardSerial),
    /// Nobody who could be known.
    Nobody,
}

/// P-11: no check is answered sooner, measured from when it was asked: longer than stretching and an
/// append take, where nothing waits.
pub const TOLD_AFTER: Duration = Duration::from_millis(500);

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Checked {
    /// It is the one on record.
    Match,
    /// It is not.
    NoMatch,
    /// There is none.
    NoneOnRecord,
    /// B-41: it is not compared any more.
    Blocked,
}

/// Why nothing was compared.
#[derive(Debug, thiserror::Error)]
pub enum NotChecked {
    /// A rule says no.
    #[error(transparent)]
    Refused(#[from] ExecuteError),
    /// One member of staff has checked too many today.
    #[error("You have compared {CHECKS_A_DAY} passcodes today, which is the most")]
    TooMany {
        /// The civil day from which on he may again.
        on: NaiveDate,
    },
    /// One telephone service has checked too many in this hour.
    #[error(
        "This service has made {TELEPHONE_CHECKS_AN_HOUR} checks in this hour, which is the most; it \
         may ask again from {until} on"
    )]
    TooManyThisHour {
        /// From when on it may ask again.
        until: DateTime<Utc>,
    },
    /// Too much is compared at the same moment.
    #[error("too many passcode checks at the same moment")]
    Busy,
}

impl From<anyhow::Error> for NotChecked {
    fn from(error: anyhow::Error) -> Self {
        Self::Refused(error.into())
    }
}

/// P-08, B-41: compares what a caller says. First compared, then recorded, then told.
///
/// # Errors
/// If a rule says no, or we fail.
pub async fn recovery_passcode(
    app: &App,
    mandate: &Mandate,
    cause: Cause,
    said: &str,
) -> Result<Checked, NotChecked> {
    let kind = OptionalKind::AccountRecovery;
    if let Some(before) = told_before(app, mandate.holder(), cause).await? {
        return Ok(before);
    }
    let loaded = app.load(mandate.holder()).await.map_err(anyhow::Error::from)?;
    match desk::may_check(&app.context(&loaded), &loaded.holder, kind) {
        Ok(_) => {}
        Err(Refusal::NoneOnRecord) => return Ok(Checked::NoneOnRecord),
        Err(Refusal::CheckBlocked) => return Ok(Checked::Blocked),
        Err(refusal) => return Err(ExecuteError::Refused(refusal.into()).into()),
    }
    if !takes(app, &counted_at_desk(mandate.warrant().staff()), CHECKS_A_DAY).await? {
        let today = calendar::civil_day(app.now(), app.policy().zone);
        return Err(NotChecked::TooMany { on: today.succ_opt().unwrap_or(today) });
    }
    let current = loaded.holder.passcodes().current(Kind::AccountRecovery);
    let right = is_it(app, current.map(|current| current.secret), said).await?;
    let note = DeskCommand::NotePasscodeCheck { kind, right, by: Checker::Desk };
    let done = act(app, mandate, cause, note).await?;
    let events = if done.events.is_empty() {
        // A repeat is told what was recorded.
        let events = app.events_of(mandate.holder(), cause.command).await;
        events.map_err(anyhow::Error::from)?
    } else {
        done.events
    };
    Ok(if desk::has_matched(&events) { Checked::Match } else { Checked::NoMatch })
}

/// B-41: a repeat is told what was recorded, and costs no try.
async fn told_before(app: &App, holder: HolderId, cause: Cause) -> anyhow::Result<Option<Checked>> {
    if !app.stores().log.contains(EventId::derive(cause.command, 0)).await? {
        return Ok(None);
    }
    let events = app.events_of(holder, cause.command).await?;
    Ok(Some(if desk::has_matched(&events) { Checked::Match } else { Checked::NoMatch }))
}

/// P-11: compares what a caller says with his verification passcode, for a telephone service. Whatever
/// comes of it is told no sooner than [`TOLD_AFTER`] from when it was asked: that a person is known costs
/// an append, and the time that it takes tells nobody.
///
/// # Errors
/// If we fail, or the service asks too often.
pub async fn verification_passcode(
    app: &App,
    service: Uuid,
    (whom, asked): (&Whom, Duration),
    cause: Cause,
    said: &str,
) -> Result<bool, NotChecked> {
    let checked = compare_verification(app, service, whom, cause, said).await;
    let taken = app.clock().elapsed().saturating_sub(asked);
    app.clock().rest(TOLD_AFTER.saturating_sub(taken)).await;
    checked
}

/// P-11: compares what a caller says with his verification passcode, for a telephone service: whether it
/// is a match. Of nobody, of a passcode that is not set or not compared any more, it is none, after the
/// same work: what was said is stretched once. First compared, then recorded, then told.
async fn compare_verification(
    app: &App,
    service: Uuid,
    whom: &Whom,
    cause: Cause,
    said: &str,
) -> Result<bool, NotChecked> {
    let hour = app.now().duration_trunc(TimeDelta::hours(1)).map_err(anyhow::Error::from)?;
    let limits = &app.stores().limits;
    let taken = limits.take(&counted(service), hour, TELEPHONE_CHECKS_AN_HOUR).await;
    if !taken.map_err(anyhow::Error::from)? {
        return Err(NotChecked::TooManyThisHour { until: hour + TimeDelta::hours(1) });
    }
    let (holder, loaded) = found(app, whom).await?;
    let kind = OptionalKind::Verification;
    let current = loaded.holder.passcodes().current(Kind::Verification);
    let right = is_it(app, current.map(|current| current.secret), said).await?;
    if !loaded.holder.is_registered() {
        return Ok(false);
    }
    let note = DeskCommand::NotePasscodeCheck { kind, right, by: Checker::Telephone };
    let (note, actor) = (HolderCommand::Desk(note), Actor::TelephoneService { token: service });
    let done = app.execute(holder, cause, actor, &note).await?;
    app.live().ring(holder);
    let events = if done.events.is_empty() {
        app.events_of(holder, cause.command).await.map_err(anyhow::Error::from)?
    } else {
        done.events
    };
    Ok(desk::has_matched(&events))
}

/// What is counted of a telephone service, in the table of limits.
#[must_use]
pub fn counted(service: Uuid) -> String {
    format!("telephone-check {service}")
}

/// B-61: who it is, or somebody who does not exist. A card that is out of use says nothing of who has it.
async fn found(app: &App, whom: &Whom) -> anyhow::Result<(HolderId, Loaded)> {
    let nobody = HolderId(Uuid::nil());
    let holder = match whom {
        Whom::Holder(holder) => *holder,
        Whom::Card(card) => app.holder_of(card).await?.unwrap_or(nobody),
        Whom::Nobody => nobody,
    };
    let loaded = app.load(holder).await?;
    let in_use = loaded.holder.card().map(|card| &card.card);
    match whom {
        Whom::Card(card) if in_use != Some(card) => Ok((nobody, app.load(nobody).await?)),
        Whom::Card(_) | Whom::Holder(_) | Whom::Nobody => Ok((holder, loaded)),
    }
}

/// B-23: whether what was said is the optional passcode of this reference. It takes as long if there
/// is none, or if what was said can be no passcode; neither is a match.
async fn is_it(app: &App, secret: Option<SecretRef>, said: &str) -> Result<bool, NotChecked> {
    let said = Passcode::typed(said, app.policy()).ok();
    let pair = match (secret, &said) {
        (Some(secret), Some(said)) => (secret, said.bytes()),
        (_, said) => (NOTHING, said.as_ref().map_or(PLACEHOLDER, Passcode::bytes)),
    };
    match app.stores().vault.all_match(&[pair]).await {
        Ok(matches) => Ok(matches),
        Err(VaultError::Busy) => Err(NotChecked::Busy),
        Err(error) => Err(anyhow::Error::from(error).into()),
    }
}
