//! *Passcode Status* (S-02): what is set since when. Phase and days left are not stored: they are
//! worked out when somebody looks, so no timer has to run for them to be right (B-08).

use chrono::NaiveDate;
use domain::{
    context::Context,
    holder::HolderEvent,
    ids::HolderId,
    passcode::{Kind, Standing},
};
use serde::Serialize;
use sqlx::{SqliteConnection, SqlitePool};

use crate::fact::Fact;

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

/// What an event changes.
pub(crate) async fn fold(tx: &mut SqliteConnection, fact: &Fact<'_>) -> sqlx::Result<()> {
    let (kind, set_on, changed_on) = match &fact.event {
        HolderEvent::PasscodeSet { kind, on, .. } => (*kind, Some(*on), *on),
        HolderEvent::PasscodeBlanked { kind, on } => (kind.kind(), None, *on),
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
        | HolderEvent::PukReplaced { .. } => return Ok(()),
    };
    sqlx::query(
        r"
        insert into passcode_status (holder_id, kind, set_on, changed_on)
        values ($1, $2, $3, $4)
        on conflict (holder_id, kind)
        do update set set_on = excluded.set_on, changed_on = excluded.changed_on
        ",
    )
    .bind(fact.holder.0)
    .bind(kind.as_str())
    .bind(set_on)
    .bind(changed_on)
    .execute(tx)
    .await?;
    Ok(())
}

/// The three kinds of a holder, in the order of the page.
pub(crate) async fn of_holder(
    pool: &SqlitePool,
    holder: HolderId,
) -> sqlx::Result<[PasscodeStatus; 3]> {
    let rows: Vec<Row> = sqlx::query_as(
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
