//! The holder's own ledger: everything that happened, newest first, in plain words.

mod desk;
mod place;
#[cfg(test)]
mod tests;

use chrono::{DateTime, NaiveDate, Utc};
use domain::{
    card::{KeptKey, Slot, Write},
    certificate::Renewer,
    expiry::{self, Item, Topic},
    holder::{HolderEvent, Origin},
    ids::HolderId,
    logon::LogonRefusal,
    self_service::{CodePurpose, Denied, NotTaken},
};
use serde::Serialize;
use stores::{
    database::{Pool, Query, Transaction},
    event_store::{Position, Revision},
};

use crate::{fact::Fact, gathered::portions};
use place::fails_to_unlock;

/// The most entries of one page.
pub const PAGE_ENTRIES_MAX: u32 = 100;

/// One line of the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// When it happened, by the server's clock.
    pub at: DateTime<Utc>,
    /// What happened, in a sentence for the holder, without full stop.
    pub sentence: String,
    /// The type of the event (`PasscodeSet`).
    pub kind: String,
    /// Its place in the holder's stream: the cursor of the next page.
    pub revision: Revision,
    /// Its place in the log.
    pub position: Position,
    /// Who did it, as recorded (`holder`, `system`).
    pub actor: String,
}

#[derive(sqlx::FromRow)]
struct Row {
    at: DateTime<Utc>,
    sentence: String,
    kind: String,
    revision: i64,
    position: i64,
    actor: String,
}

/// What an event adds: a line.
pub(crate) struct Line {
    holder: HolderId,
    revision: Revision,
    position: Position,
    at: DateTime<Utc>,
    kind: &'static str,
    sentence: String,
    actor: String,
}

/// The line of an event.
pub(crate) async fn fold(tx: &mut Transaction, fact: &Fact<'_>) -> sqlx::Result<Line> {
    let mut sentence = desk::said(fact).unwrap_or_else(|| sentence(&fact.event, fact.recorded.at));
    if fails_to_unlock(&fact.event)
        && let Some((workstation, reader)) = place::of(tx, fact).await?
    {
        sentence = format!(
            "{sentence}; the unlock was begun at workstation {workstation}, in reader {reader}"
        );
    }
    place::fold(tx, fact).await?;
    Ok(Line {
        holder: fact.holder,
        revision: fact.recorded.revision,
        position: fact.recorded.position,
        at: fact.recorded.at,
        kind: fact.event.kind(),
        sentence,
        actor: fact.actor.clone(),
    })
}

/// Writes the lines.
pub(crate) async fn write(tx: &mut Transaction, lines: &[Line]) -> sqlx::Result<()> {
    for portion in portions(lines) {
        let mut query = Query::new(
            "insert into ledger (holder_id, revision, position, at, kind, sentence, actor) ",
        );
        query.push_values(portion, |row, line| {
            row.push_bind(line.holder.0)
                .push_bind(line.revision.0.cast_signed())
                .push_bind(line.position.0.cast_signed())
                .push_bind(line.at)
                .push_bind(line.kind)
                .push_bind(&line.sentence)
                .push_bind(&line.actor);
        });
        query.execute(&mut *tx).await?;
    }
    Ok(())
}

/// A page, newest first.
pub(crate) async fn page(
    pool: &Pool,
    holder: HolderId,
    before: Option<Revision>,
    limit: u32,
) -> sqlx::Result<Vec<Entry>> {
    let rows: Vec<Row> = Query::new(
        r"
        select at, sentence, kind, revision, position, actor from ledger
        where holder_id = $1 and revision < $2
        order by revision desc
        limit $3
        ",
    )
    .bind(holder.0)
    .bind(before.map_or(i64::MAX, |revision| i64::try_from(revision.0).unwrap_or(i64::MAX)))
    .bind(i64::from(limit.min(PAGE_ENTRIES_MAX)))
    .fetch_all(pool)
    .await?;
    Ok(rows.into_iter().map(Entry::from).collect())
}

impl From<Row> for Entry {
    fn from(row: Row) -> Self {
        Self {
            at: row.at,
            sentence: row.sentence,
            kind: row.kind,
            revision: Revision(row.revision.cast_unsigned()),
            position: Position(row.position.cast_unsigned()),
            actor: row.actor,
        }
    }
}

/// What happened, as one would tell it to the holder.
#[expect(clippy::too_many_lines, reason = "a table: an event and its sentence")]
fn sentence(event: &HolderEvent, at: DateTime<Utc>) -> String {
    match event {
        HolderEvent::HolderRegistered {} => "You were registered".to_owned(),
        HolderEvent::CardIssued(_) => "Your smartcard was issued".to_owned(),
        HolderEvent::PasscodeSet { kind, origin: Origin::Registration, .. } => {
            format!("Your {} was set at registration", kind.words())
        }
        HolderEvent::PasscodeSet { kind, origin: Origin::Replacement, .. } => {
            format!("Your {} was set with your new smartcard", kind.words())
        }
        HolderEvent::PasscodeSet { kind, origin: Origin::Change, .. } => {
            format!("You set a new {}", kind.words())
        }
        HolderEvent::PasscodeSet { kind, origin: Origin::Unlock, .. } => {
            format!("You set a new {} by unlocking your smartcard", kind.words())
        }
        HolderEvent::PasscodeBlanked { kind, .. } => {
            format!("You removed your {}", kind.kind().words())
        }
        HolderEvent::PasscodeChangedElsewhere { .. } => {
            "Your smartcard passcode was changed outside this service".to_owned()
        }
        HolderEvent::SelfServiceRefused { what } => denied(what),
        HolderEvent::UsedBeforeRefused { kind } => {
            format!("A new {} was not accepted because it had been used before", kind.words())
        }
        HolderEvent::HistoryCyclingFlagged { kind, sets } => {
            format!("Your {} was set {sets} times in a short time, which was noted", kind.words())
        }
        HolderEvent::LogonRefused { reason } => refused(*reason),
        HolderEvent::AlertRaised { items, .. } => {
            format!("You were told that it is time to change your {}", expiry::in_words(items))
        }
        HolderEvent::AlertDeclined { topic: Topic::Passcodes, .. } => {
            "You chose to change your passcode later".to_owned()
        }
        HolderEvent::AlertDeclined { topic: Topic::Certificates, .. } => {
            "You chose to renew your certificates later".to_owned()
        }
        HolderEvent::RenewalForced { effective_from, locks_on, items, .. } => {
            forced(*effective_from, *locks_on, items)
        }
        HolderEvent::LockAnnounced { locks_on, items, .. } => {
            let locking: Vec<_> =
                items.iter().copied().filter(|item| item.locks_on.is_some()).collect();
            format!(
                "You were told that your account locks on {} unless you change your {}",
                date(*locks_on),
                expiry::in_words(&locking)
            )
        }
        HolderEvent::AccountLocked { effective_from, items, .. } => format!(
            "Your account has been locked since {} because you did not change your {} in time",
            date(*effective_from),
            expiry::in_words(items)
        ),
        HolderEvent::RestrictedSessionOpened { .. } => {
            "You logged in to do what could not be put off".to_owned()
        }
        HolderEvent::CardUpdateBegun { by, .. } => by_leave("You began to renew", *by),
        HolderEvent::CardUpdateResumed { .. } => {
            "The update of your smartcard was taken up again".to_owned()
        }
        HolderEvent::CardWriteOpened { slot, write: Write::KeyPair, .. } => {
            format!("Your smartcard was let make a new {} key", key(*slot))
        }
        HolderEvent::CardWriteOpened { slot, write: Write::Certificate, .. } => {
            format!("Your smartcard was let take its new {} certificate", key(*slot))
        }
        HolderEvent::CardKeyMade { slot, .. } => {
            format!("Your smartcard made a new {} key", key(*slot))
        }
        HolderEvent::CardKeyKept(KeptKey { slot, .. }) => format!(
            "Your smartcard showed that it still has its {} key, and made no new one",
            key(*slot)
        ),
        HolderEvent::CertificateIssued { certificate, .. } => format!(
            "A new {} certificate was issued for you, valid until {}",
            key(certificate.slot),
            date(certificate.not_after.date_naive())
        ),
        HolderEvent::CertificateAbandoned { serial, .. } => {
            format!("The certificate {serial}, which was never used, was revoked")
        }
        HolderEvent::CertificateWritten { slot, .. } => {
            format!("Your new {} certificate was written to your smartcard and checked", key(*slot))
        }
        HolderEvent::CertificatesRenewed { by, .. } => by_leave("You renewed", *by),
        HolderEvent::CardUpdateAbandoned { .. } => {
            "The update of your smartcard was given up; nothing on it was changed".to_owned()
        }
        HolderEvent::RenewalAcknowledged { .. } => {
            "You confirmed that your certificates were renewed".to_owned()
        }
        HolderEvent::CertificatesRevoked { by: Renewer::Holder, reason, .. } => {
            format!("You revoked your certificates because {}", reason.words())
        }
        HolderEvent::CertificatesRevoked { by: Renewer::Authority, reason, .. } => format!(
            "The registration authority revoked your certificates because {}",
            reason.words()
        ),
        HolderEvent::RenewalAuthorised { place, .. } => format!(
            "The registration authority verified your identity at {place} and let you renew your              certificates"
        ),
        HolderEvent::CertificateAlertRaised { left, may_decline, ra_required, .. } => {
            alerted(*left, *may_decline, *ra_required)
        }
        HolderEvent::RaRenewalNeeded { .. } => {
            "The registration authority was told that it has to renew your certificates".to_owned()
        }
        HolderEvent::RenewalObstructed { obstacle, .. } => {
            format!("Your certificates could not be renewed because {}", obstacle.words())
        }
        HolderEvent::RenewalDeferred { .. } => {
            "The renewal of your certificates was put off for technical reasons".to_owned()
        }
        HolderEvent::RegistrationBegun { .. } => {
            "You began to register for self-service, with your answers to four questions".to_owned()
        }
        HolderEvent::RegistrationCompleted { .. } => "You registered for self-service".to_owned(),
        HolderEvent::RegistrationCancelled { .. } => {
            "A registration for self-service was given up, or its time was over".to_owned()
        }
        HolderEvent::RegistrationRedirected { .. } => {
            "You asked for the registration code at another email address".to_owned()
        }
        HolderEvent::CodeSent { purpose, number, .. } => {
            format!("{} code {number} was emailed to you", code(*purpose))
        }
        HolderEvent::CodeRefused { purpose, wrong, .. } => {
            let times = if *wrong == 1 { "once".to_owned() } else { format!("{wrong} times") };
            format!("{} code was entered wrongly, {times} so far", code(*purpose))
        }
        HolderEvent::CodeVoided { purpose, .. } => format!(
            "{} code became void because a wrong code was entered too often",
            code(*purpose)
        ),
        HolderEvent::CodeAccepted { purpose, .. } => {
            format!("{} code was entered", code(*purpose))
        }
        HolderEvent::UnlockPaused { .. } => {
            "Unlocking your smartcard was paused because wrong codes were entered too often"
                .to_owned()
        }
        HolderEvent::UnlockStarted { workstation, reader, .. } => format!(
            "Somebody with your smartcard began to unlock it at workstation {workstation}, in \
             reader {reader}"
        ),
        HolderEvent::QuestionsDrawn { .. } => {
            "The order of your security questions was drawn".to_owned()
        }
        HolderEvent::UnlockRefused { reason, workstation, reader, .. } => format!(
            "Somebody with your smartcard tried to unlock it at workstation {workstation}, in \
             reader {reader}, and was refused: {reason}"
        ),
        HolderEvent::AnswersWrong { attempt, .. } => {
            format!("Attempt {attempt} to answer your security questions failed")
        }
        HolderEvent::AnswersRight { .. } => "Your security questions were answered".to_owned(),
        HolderEvent::SelfServiceBlocked { .. } => {
            "Self-service was blocked because three attempts to answer your security questions \
             had failed"
                .to_owned()
        }
        HolderEvent::RecoveryPasscodeWrong { .. } => {
            "Somebody with your smartcard entered a wrong account recovery passcode".to_owned()
        }
        HolderEvent::RecoveryPasscodeBlocked { .. } => {
            "Your account recovery passcode was blocked because a wrong one was entered too often"
                .to_owned()
        }
        HolderEvent::RecoveryPasscodeRight { .. } => {
            "Your account recovery passcode was entered to unlock your smartcard".to_owned()
        }
        HolderEvent::UnlockCompleted { .. } => {
            "Your smartcard was unlocked with its new passcode".to_owned()
        }
        HolderEvent::PukRecorded { .. } => {
            "The unlocking key of your smartcard was put on record".to_owned()
        }
        HolderEvent::PukReleased { .. } => {
            "The unlocking key of your smartcard was used, to be replaced by another".to_owned()
        }
        HolderEvent::PukProbed { .. } => {
            "Your smartcard was asked which unlocking key it has".to_owned()
        }
        HolderEvent::PukSettled { .. } => {
            "Your smartcard told which unlocking key it has".to_owned()
        }
        HolderEvent::PukRuledOut { .. } => {
            "Your smartcard told which unlocking key it does not have".to_owned()
        }
        HolderEvent::PukLost { .. } => {
            "Your smartcard has none of the unlocking keys on record: your registration authority has \
             to unlock or replace it"
                .to_owned()
        }
        HolderEvent::PukReplaced { .. } => {
            "The unlocking key of your smartcard was replaced".to_owned()
        }
        HolderEvent::Desk(event) => desk::sentence(event, at),
    }
}

/// What was refused about self-service, and leaves a trace.
fn denied(what: &Denied) -> String {
    match what {
        Denied::AnswerIsPasscode {} => {
            "Answers to security questions were not accepted because one of them was one of your \
             passcodes"
                .to_owned()
        }
        Denied::OtherCard { card, workstation, reader } => format!(
            "Smartcard {card}, which is not the one you logged in with, was used to register you \
             for self-service at workstation {workstation}, in reader {reader}, and was refused"
        ),
        Denied::CodeNotTaken { purpose, why, .. } => {
            let why = match why {
                NotTaken::Superseded => "a newer one had been sent",
                NotTaken::Expired => "it had expired",
                NotTaken::Void => "it was void",
            };
            format!("{} code was entered and not accepted because {why}", code(*purpose))
        }
    }
}

/// B-38: which code, at the beginning of a sentence.
fn code(purpose: CodePurpose) -> &'static str {
    match purpose {
        CodePurpose::Registration => "Registration",
        CodePurpose::Unlock => "Unlock",
    }
}

/// C-03, C-04: by whose leave.
fn by_leave(what: &str, by: Renewer) -> String {
    match by {
        Renewer::Holder => format!("{what} your certificates"),
        Renewer::Authority => format!("{what} your certificates with the registration authority"),
    }
}

/// C-05, C-07, B-51.
fn alerted(left: u16, may_decline: bool, ra_required: bool) -> String {
    let days = if left == 1 { "1 day".to_owned() } else { format!("{left} days") };
    let what = match (ra_required, may_decline) {
        (true, _) => "that the registration authority has to renew your certificates",
        (false, true) => "that it is time to renew your certificates",
        (false, false) => "that you have to renew your certificates",
    };
    format!("You were told {what}: they expire in {days}")
}

fn key(slot: Slot) -> &'static str {
    match slot {
        Slot::Authentication => "log-in",
        Slot::Signature => "signing",
    }
}

/// P-17: what expired, and what comes of it if nothing is done (P-18, B-21).
fn forced(effective_from: NaiveDate, locks_on: Option<NaiveDate>, items: &[Item]) -> String {
    let lock = locks_on.map(|on| format!("change it before your account locks on {}", date(on)));
    let lapses = items.iter().filter_map(|item| {
        let (words, on) = (item.kind.words(), date(item.lapses_on?));
        Some(format!("if you do nothing, your {words} counts as not set from {on}"))
    });
    let then: Vec<_> = lock.into_iter().chain(lapses).collect();
    let words = expiry::in_words(items);
    format!("Your {words} expired on {}: {}", date(effective_from), then.join("; "))
}

fn date(day: NaiveDate) -> String {
    day.format("%-d %B %Y").to_string()
}

fn refused(reason: LogonRefusal) -> String {
    match reason {
        LogonRefusal::WrongPasscode { tries_left: None } => {
            "Somebody entered a wrong smartcard passcode".to_owned()
        }
        LogonRefusal::WrongPasscode { tries_left: Some(0) } => {
            "Somebody entered a wrong smartcard passcode; no tries are left and the smartcard is locked"
                .to_owned()
        }
        LogonRefusal::WrongPasscode { tries_left: Some(1) } => {
            "Somebody entered a wrong smartcard passcode; 1 try is left".to_owned()
        }
        LogonRefusal::WrongPasscode { tries_left: Some(n_tries) } => {
            format!("Somebody entered a wrong smartcard passcode; {n_tries} tries are left")
        }
        LogonRefusal::CardLocked => {
            "Somebody tried to log in with your smartcard while it was locked".to_owned()
        }
        LogonRefusal::CardNotKnown => {
            "Somebody tried to log in with a smartcard that is not your current one".to_owned()
        }
        LogonRefusal::ProofNotValid => {
            "A log-in was refused because your smartcard could not be checked".to_owned()
        }
        LogonRefusal::AccountLocked => {
            "A log-in was refused because your account is locked".to_owned()
        }
        LogonRefusal::CertificatesExpired => {
            "A log-in was refused because your certificates have expired".to_owned()
        }
        LogonRefusal::CertificatesRevoked => {
            "A log-in was refused because your certificates have been revoked".to_owned()
        }
        LogonRefusal::CertificatesSuspended => {
            "A log-in was refused because your certificates are suspended".to_owned()
        }
        LogonRefusal::AccountClosed => {
            "A log-in was refused because your account is closed".to_owned()
        }
    }
}
