//! The holder's own ledger: everything that happened, newest first, in plain words.

use chrono::{DateTime, NaiveDate, Utc};
use domain::{
    expiry::{self, Item},
    holder::{HolderEvent, Origin},
    ids::HolderId,
    logon::LogonRefusal,
};
use serde::Serialize;
use sqlx::{SqliteConnection, SqlitePool};
use stores::event_store::{Position, Revision};

use crate::fact::Fact;

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
pub(crate) async fn fold(tx: &mut SqliteConnection, fact: &Fact<'_>) -> sqlx::Result<()> {
    sqlx::query(
        r"
        insert into ledger (holder_id, revision, position, at, kind, sentence, actor)
        values ($1, $2, $3, $4, $5, $6, $7)
        on conflict (holder_id, revision) do nothing
        ",
    )
    .bind(fact.holder.0)
    .bind(fact.recorded.revision.0.cast_signed())
    .bind(fact.recorded.position.0.cast_signed())
    .bind(fact.recorded.at)
    .bind(fact.event.kind())
    .bind(sentence(&fact.event))
    .bind(&fact.actor)
    .execute(tx)
    .await?;
    Ok(())
}

/// A page, newest first.
pub(crate) async fn page(
    pool: &SqlitePool,
    holder: HolderId,
    before: Option<Revision>,
    limit: u32,
) -> sqlx::Result<Vec<Entry>> {
    let rows: Vec<Row> = sqlx::query_as(
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
fn sentence(event: &HolderEvent) -> String {
    match event {
        HolderEvent::HolderRegistered {} => "You were registered".to_owned(),
        HolderEvent::CardIssued(_) => "Your smartcard was issued".to_owned(),
        HolderEvent::PasscodeSet { kind, origin: Origin::Registration, .. } => {
            format!("Your {} was set at registration", kind.words())
        }
        HolderEvent::PasscodeSet { kind, origin: Origin::Change, .. } => {
            format!("You set a new {}", kind.words())
        }
        HolderEvent::PasscodeBlanked { kind, .. } => {
            format!("You removed your {}", kind.kind().words())
        }
        HolderEvent::PasscodeChangedElsewhere { .. } => {
            "Your smartcard passcode was changed outside this service".to_owned()
        }
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
        HolderEvent::AlertDeclined { .. } => "You chose to change your passcode later".to_owned(),
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
            "You logged in to change an expired passcode".to_owned()
        }
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
    }
}

#[cfg(test)]
mod tests {
    use domain::passcode::Kind;

    use super::*;

    fn overdue(kind: Kind, locks_on: Option<NaiveDate>, lapses_on: Option<NaiveDate>) -> Item {
        let expires_on = day("2026-03-10");
        Item { kind, set_on: day("2025-03-10"), expires_on, locks_on, lapses_on }
    }

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn b21_the_ledger_says_what_locks_the_account_and_what_counts_as_not_set() {
        let (expired_on, over_on) = (day("2026-03-10"), Some(day("2026-03-31")));
        let smartcard = overdue(Kind::Smartcard, over_on, None);
        let verification = overdue(Kind::Verification, None, over_on);
        assert_eq!(
            forced(expired_on, over_on, &[smartcard]),
            "Your smartcard passcode expired on 10 March 2026: change it before your account locks on 31 March 2026"
        );
        assert_eq!(
            forced(expired_on, None, &[verification]),
            "Your verification passcode expired on 10 March 2026: if you do nothing, your verification passcode counts as not set from 31 March 2026"
        );
        assert_eq!(
            forced(expired_on, over_on, &[smartcard, verification]),
            "Your smartcard passcode and your verification passcode expired on 10 March 2026: change it before your account locks on 31 March 2026; if you do nothing, your verification passcode counts as not set from 31 March 2026"
        );
        let (on, locks_on) = (day("2026-03-17"), day("2026-03-31"));
        let items = vec![smartcard, verification];
        assert_eq!(
            sentence(&HolderEvent::LockAnnounced { on, locks_on, items }),
            "You were told that your account locks on 31 March 2026 unless you change your smartcard passcode"
        );
    }

    #[test]
    fn p25_the_ledger_says_how_many_tries_are_left() {
        let said = |tries_left| refused(LogonRefusal::WrongPasscode { tries_left });
        assert!(said(Some(2)).ends_with("; 2 tries are left"));
        assert!(said(Some(1)).ends_with("; 1 try is left"));
        assert!(said(Some(0)).ends_with("the smartcard is locked"));
        assert_eq!(said(None), "Somebody entered a wrong smartcard passcode");
    }
}
