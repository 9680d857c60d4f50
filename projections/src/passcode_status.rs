//! *Passcode Status* (S-02): what is set since when. Phase and days left are not stored: they are
//! worked out when somebody looks, so no timer has to run for them to be right (B-08).

use std::collections::BTreeMap;

use chrono::NaiveDate;
use domain::{
    context::Context,
    holder::HolderEvent,
    ids::HolderId,
    passcode::{Kind, Standing},
};
use serde::Serialize;
use stores::database::{Pool, Query, Transaction};

use crate::{fact::Fact, gathered::portions};

/// One kind of one holder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct PasscodeStatus {
    /// Which passcode.
    pub kind: Kind,
    /// The day it was set; `None` if it is not set (P-04, P-24).
    pub set_on: Option<NaiveDate>,
    /// The day it was last set or removed; `None` if neither ever happened.
    pub changed_on: Option<NaiveDate>,
}

impl PasscodeStatus {
    /// S-02: how it stands now.
    #[must_use]
    pub fn standing(&self, ctx: &Context<'_>) -> Standing {
        self.set_on.map_or(Standing::NotSet, |set_on| Standing::set(ctx, self.kind, set_on))
    }
}

#[derive(sqlx::FromRow)]
struct Row {
    kind: String,
    set_on: Option<NaiveDate>,
    changed_on: NaiveDate,
}

/// Lines that have changed, as the last event of each has left them.
pub(crate) type Changed = BTreeMap<(HolderId, Kind), Line>;

/// A line of the table.
pub(crate) struct Line {
    set_on: Option<NaiveDate>,
    changed_on: NaiveDate,
}

/// What an event changes.
pub(crate) fn fold(changed: &mut Changed, fact: &Fact<'_>) {
    let (kind, line) = match &fact.event {
        HolderEvent::PasscodeSet { kind, on, .. } => {
            (*kind, Line { set_on: Some(*on), changed_on: *on })
        }
        HolderEvent::PasscodeBlanked { kind, on } => {
            (kind.kind(), Line { set_on: None, changed_on: *on })
        }
        // A passcode changed elsewhere keeps its clock, so its line stays as it is.
        HolderEvent::PasscodeChangedElsewhere { .. }
        | HolderEvent::HolderRegistered {}
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
        | HolderEvent::PukReplaced { .. } => return,
    };
    changed.insert((fact.holder, kind), line);
}

/// Writes the lines.
pub(crate) async fn write(tx: &mut Transaction, changed: &Changed) -> sqlx::Result<()> {
    for portion in portions(&changed.iter().collect::<Vec<_>>()) {
        let mut query =
            Query::new("insert into passcode_status (holder_id, kind, set_on, changed_on) ");
        query.push_values(portion, |row, ((holder, kind), line)| {
            row.push_bind(holder.0)
                .push_bind(kind.as_str())
                .push_bind(line.set_on)
                .push_bind(line.changed_on);
        });
        query.push(
            " on conflict (holder_id, kind)
            do update set set_on = excluded.set_on, changed_on = excluded.changed_on",
        );
        query.execute(&mut *tx).await?;
    }
    Ok(())
}

/// The three kinds of a holder, in the order of the page.
pub(crate) async fn of_holder(pool: &Pool, holder: HolderId) -> sqlx::Result<[PasscodeStatus; 3]> {
    let rows: Vec<Row> = Query::new(
        r"
        select kind, set_on, changed_on from passcode_status
        where holder_id = $1
        order by kind
        limit 3
        ",
    )
    .bind(holder.0)
    .fetch_all(pool)
    .await?;
    Ok(Kind::ALL.map(|kind| {
        let row = rows.iter().find(|row| row.kind == kind.as_str());
        PasscodeStatus {
            kind,
            set_on: row.and_then(|row| row.set_on),
            changed_on: row.map(|row| row.changed_on),
        }
    }))
}
