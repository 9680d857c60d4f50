//! What waits for somebody of the registration authority, and how often each of them has let
//! somebody unlock. A line stays until what it says is over.

use chrono::{DateTime, Utc};
use domain::{
    card::{KeptKey, Slot},
    desk::{Alarm, DeskEvent, View},
    holder::HolderEvent,
    ids::{HolderId, OrganisationCode},
    passcode::Kind,
};
use serde::Serialize;
use sqlx::{SqliteConnection, SqlitePool};
use uuid::Uuid;

use crate::{ProjectionError, fact::Fact, staff::not_a_row};

/// The most lines of one page.
pub const WORK_PAGE_MAX: u32 = 200;

/// Why somebody waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WorkKind {
    /// P-18, P-19: the account is locked.
    AccountLocked,
    /// B-63: an unlock of the account needs a second person.
    UnlockAwaitsApproval,
    /// B-34: three failed attempts at the questions.
    SelfServiceBlocked,
    /// B-41: three wrong account recovery or verification passcodes.
    PasscodeCheckBlocked,
    /// C-04, B-51: only the registration authority can let the certificates be renewed.
    RenewalNeeded,
    /// B-55: nobody knows what an update has left on the card.
    CardUnfinished,
    /// What unlocks the card is not known any more.
    UnlockingKeyLost,
    /// B-57: the certificates are suspended for a while, and nothing has to be decided soon.
    Suspended,
    /// B-57: they are suspended because the card may be in somebody else's hands: whether it is lost has
    /// to be decided in time.
    LossToDecide,
    /// B-57: that took too long.
    LossOverdue,
    /// The holder says that something was not done by him.
    NotMe,
    /// B-59: he is the only registration authority manager of an organisation and has something to
    /// renew, without which he soon cannot act.
    LastManager,
    /// B-59, B-63: two operators have let him, a manager, unlock his account; nobody of the registration
    /// authority has looked at his record since.
    GlassBroken,
}

impl WorkKind {
    /// Every kind.
    pub const ALL: [Self; 13] = [
        Self::AccountLocked,
        Self::UnlockAwaitsApproval,
        Self::SelfServiceBlocked,
        Self::PasscodeCheckBlocked,
        Self::RenewalNeeded,
        Self::CardUnfinished,
        Self::UnlockingKeyLost,
        Self::Suspended,
        Self::LossToDecide,
        Self::LossOverdue,
        Self::NotMe,
        Self::LastManager,
        Self::GlassBroken,
    ];

    /// As in the table.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::AccountLocked => "account_locked",
            Self::UnlockAwaitsApproval => "unlock_awaits_approval",
            Self::SelfServiceBlocked => "self_service_blocked",
            Self::PasscodeCheckBlocked => "passcode_check_blocked",
            Self::RenewalNeeded => "renewal_needed",
            Self::CardUnfinished => "card_unfinished",
            Self::UnlockingKeyLost => "unlocking_key_lost",
            Self::Suspended => "suspended",
            Self::LossToDecide => "loss_to_decide",
            Self::LossOverdue => "loss_overdue",
            Self::NotMe => "not_me",
            Self::LastManager => "last_manager",
            Self::GlassBroken => "glass_broken",
        }
    }

    /// In a sentence about the person.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::AccountLocked => "The account is locked",
            Self::UnlockAwaitsApproval => "An unlock of the account waits for a second person",
            Self::SelfServiceBlocked => "Self-service is blocked after wrong answers",
            Self::PasscodeCheckBlocked => "A passcode is not checked any more after wrong ones",
            Self::RenewalNeeded => "The certificates need the registration authority to be renewed",
            Self::CardUnfinished => "An update of the smartcard was not finished",
            Self::UnlockingKeyLost => "The smartcard cannot be unlocked any more",
            Self::Suspended => "The certificates are suspended",
            Self::LossToDecide => "The smartcard may be in somebody else's hands: is it lost?",
            Self::LossOverdue => {
                "A smartcard that may be in somebody else's hands was not taken out of use in time"
            }
            Self::NotMe => "The holder says that something was not done by them",
            Self::LastManager => {
                "The only manager of an organisation has something to renew, and soon cannot act"
            }
            Self::GlassBroken => {
                "Two operators let this manager unlock the account, because nobody else could act"
            }
        }
    }

    /// The kind with this label.
    #[must_use]
    pub fn labelled(label: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.label() == label)
    }
}

/// A line of the work list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkItem {
    /// Whom it is about.
    pub holder: HolderId,
    /// Why.
    pub kind: WorkKind,
    /// Since when.
    pub since: DateTime<Utc>,
    /// B-59: where the person works.
    pub assignments: Vec<OrganisationCode>,
}

/// How often a member of staff has let somebody unlock a card or an account, in some time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaffUnlocks {
    /// Who.
    pub staff: HolderId,
    /// How often.
    pub n: u32,
}

/// What an event changes in the list.
enum Change {
    /// There is something to do.
    Add(WorkKind),
    /// There is not any more.
    Over(&'static [WorkKind]),
    /// There is nothing to do at all.
    Nothing,
}

/// What ends with a card.
const OF_THE_CARD: &[WorkKind] = &[
    WorkKind::RenewalNeeded,
    WorkKind::CardUnfinished,
    WorkKind::UnlockingKeyLost,
    WorkKind::Suspended,
    WorkKind::LossToDecide,
    WorkKind::LossOverdue,
    WorkKind::NotMe,
];

/// What an event changes.
pub(crate) async fn fold(tx: &mut SqliteConnection, fact: &Fact<'_>) -> sqlx::Result<()> {
    count(tx, fact).await?;
    let change = match change(&fact.event) {
        Change::Nothing if is_last_manager(fact) => Change::Add(WorkKind::LastManager),
        Change::Over(kinds) if is_broken_glass(&fact.event) => {
            over(tx, fact, kinds).await?;
            Change::Add(WorkKind::GlassBroken)
        }
        change @ (Change::Add(_) | Change::Over(_) | Change::Nothing) => change,
    };
    match change {
        Change::Nothing => Ok(()),
        Change::Add(kind) => {
            sqlx::query(
                r"
                insert into work_item (holder_id, kind, since) values ($1, $2, $3)
                on conflict (holder_id, kind) do nothing
                ",
            )
            .bind(fact.holder.0)
            .bind(kind.label())
            .bind(fact.recorded.at)
            .execute(tx)
            .await?;
            Ok(())
        }
        Change::Over(kinds) => over(tx, fact, kinds).await,
    }
}

async fn over(tx: &mut SqliteConnection, fact: &Fact<'_>, kinds: &[WorkKind]) -> sqlx::Result<()> {
    for kind in kinds {
        sqlx::query("delete from work_item where holder_id = $1 and kind = $2")
            .bind(fact.holder.0)
            .bind(kind.label())
            .execute(&mut *tx)
            .await?;
    }
    Ok(())
}

/// B-59: two operators have let him.
fn is_broken_glass(event: &HolderEvent) -> bool {
    matches!(event, HolderEvent::Desk(DeskEvent::AccountUnlockAuthorised { glass: Some(_), .. }))
}

/// B-59: the only manager of an organisation is told of what he himself has to renew.
fn is_last_manager(fact: &Fact<'_>) -> bool {
    let HolderEvent::Desk(DeskEvent::StaffAlerted { alarm, about, .. }) = &fact.event else {
        return false;
    };
    matches!(alarm, Alarm::LastManager { .. }) && *about == fact.holder
}

fn change(event: &HolderEvent) -> Change {
    match event {
        HolderEvent::Desk(event) => change_at_desk(event),
        HolderEvent::AccountLocked { .. } => Change::Add(WorkKind::AccountLocked),
        HolderEvent::SelfServiceBlocked { .. } => Change::Add(WorkKind::SelfServiceBlocked),
        HolderEvent::RegistrationCompleted { .. } => Change::Over(&[WorkKind::SelfServiceBlocked]),
        HolderEvent::RecoveryPasscodeBlocked { .. } => Change::Add(WorkKind::PasscodeCheckBlocked),
        HolderEvent::PasscodeSet { kind: Kind::AccountRecovery | Kind::Verification, .. }
        | HolderEvent::PasscodeBlanked { .. } => {
            Change::Over(&[WorkKind::PasscodeCheckBlocked, WorkKind::LastManager])
        }
        HolderEvent::RaRenewalNeeded { .. } => Change::Add(WorkKind::RenewalNeeded),
        HolderEvent::CardWriteOpened { .. } => Change::Add(WorkKind::CardUnfinished),
        // B-55: 9A is the first: all of the card is as it was.
        HolderEvent::CardKeyKept(KeptKey { slot: Slot::Authentication, .. })
        | HolderEvent::CardUpdateAbandoned { .. } => Change::Over(&[WorkKind::CardUnfinished]),
        HolderEvent::CertificatesRenewed { .. } => Change::Over(&[
            WorkKind::RenewalNeeded,
            WorkKind::CardUnfinished,
            WorkKind::LastManager,
        ]),
        HolderEvent::PukLost { .. } => Change::Add(WorkKind::UnlockingKeyLost),
        HolderEvent::CardIssued(_) | HolderEvent::CertificatesRevoked { .. } => {
            Change::Over(OF_THE_CARD)
        }
        HolderEvent::PasscodeSet { kind: Kind::Smartcard, .. } => {
            Change::Over(&[WorkKind::LastManager])
        }
        HolderEvent::PasscodeChangedElsewhere { .. }
        | HolderEvent::HolderRegistered {}
        | HolderEvent::UsedBeforeRefused { .. }
        | HolderEvent::SelfServiceRefused { .. }
        | HolderEvent::HistoryCyclingFlagged { .. }
        | HolderEvent::LogonRefused { .. }
        | HolderEvent::AlertRaised { .. }
        | HolderEvent::AlertDeclined { .. }
        | HolderEvent::RenewalForced { .. }
        | HolderEvent::LockAnnounced { .. }
        | HolderEvent::RestrictedSessionOpened { .. }
        | HolderEvent::CardUpdateBegun { .. }
        | HolderEvent::CardUpdateResumed { .. }
        | HolderEvent::CardKeyMade { .. }
        | HolderEvent::CardKeyKept(KeptKey { slot: Slot::Signature, .. })
        | HolderEvent::CertificateIssued { .. }
        | HolderEvent::CertificateAbandoned { .. }
        | HolderEvent::CertificateWritten { .. }
        | HolderEvent::RenewalAcknowledged { .. }
        | HolderEvent::RenewalAuthorised { .. }
        | HolderEvent::CertificateAlertRaised { .. }
        | HolderEvent::RenewalObstructed { .. }
        | HolderEvent::RenewalDeferred { .. }
        | HolderEvent::RegistrationBegun { .. }
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
        | HolderEvent::RecoveryPasscodeWrong { .. }
        | HolderEvent::RecoveryPasscodeRight { .. }
        | HolderEvent::UnlockCompleted { .. }
        | HolderEvent::PukRecorded { .. }
        | HolderEvent::PukReleased { .. }
        | HolderEvent::PukProbed { .. }
        | HolderEvent::PukSettled { .. }
        | HolderEvent::PukRuledOut { .. }
        | HolderEvent::PukReplaced { .. } => Change::Nothing,
    }
}

fn change_at_desk(event: &DeskEvent) -> Change {
    match event {
        DeskEvent::AccountUnlockRequested { .. } => Change::Add(WorkKind::UnlockAwaitsApproval),
        DeskEvent::AccountUnlockAuthorised { .. } => {
            Change::Over(&[WorkKind::UnlockAwaitsApproval])
        }
        DeskEvent::AccountUnlocked { .. } => {
            Change::Over(&[WorkKind::AccountLocked, WorkKind::UnlockAwaitsApproval])
        }
        DeskEvent::SelfServiceReleased { .. } => {
            Change::Over(&[WorkKind::SelfServiceBlocked, WorkKind::PasscodeCheckBlocked])
        }
        DeskEvent::CertificatesSuspended { reason, .. } if reason.may_be_lost() => {
            Change::Add(WorkKind::LossToDecide)
        }
        DeskEvent::CertificatesSuspended { .. } => Change::Add(WorkKind::Suspended),
        DeskEvent::CertificatesReinstated { .. } => Change::Over(&[
            WorkKind::Suspended,
            WorkKind::LossToDecide,
            WorkKind::LossOverdue,
            WorkKind::NotMe,
        ]),
        DeskEvent::LossOverdue { .. } => Change::Add(WorkKind::LossOverdue),
        DeskEvent::CardCancelled { .. } => Change::Over(OF_THE_CARD),
        DeskEvent::NotMeReported { .. } => Change::Add(WorkKind::NotMe),
        DeskEvent::PasscodeCheckBlocked { .. } => Change::Add(WorkKind::PasscodeCheckBlocked),
        DeskEvent::AccountClosed { .. } => Change::Over(&WorkKind::ALL),
        DeskEvent::RecordViewed { what: View::Record, .. } => {
            Change::Over(&[WorkKind::GlassBroken])
        }
        DeskEvent::Assigned { .. }
        | DeskEvent::AssignmentEnded { .. }
        | DeskEvent::RoleGranted { .. }
        | DeskEvent::RoleWithdrawn { .. }
        | DeskEvent::IdentityVerified { .. }
        | DeskEvent::CardUnlockAuthorised { .. }
        | DeskEvent::CardReportedLost { .. }
        | DeskEvent::ContactChanged { .. }
        | DeskEvent::PersonErased { .. }
        | DeskEvent::PasscodeChecked { .. }
        | DeskEvent::StaffAlerted { .. }
        | DeskEvent::RecordViewed { .. } => Change::Nothing,
    }
}

/// P-19, B-58: somebody of the staff has let somebody unlock, or has unlocked the account itself by
/// giving him another card (B-30).
async fn count(tx: &mut SqliteConnection, fact: &Fact<'_>) -> sqlx::Result<()> {
    let is_unlock = matches!(
        &fact.event,
        HolderEvent::Desk(
            DeskEvent::AccountUnlockAuthorised { .. }
                | DeskEvent::CardUnlockAuthorised { .. }
                | DeskEvent::AccountUnlocked { .. }
        )
    );
    let Some(staff) = fact.staff.filter(|_| is_unlock) else { return Ok(()) };
    sqlx::query("insert into staff_unlock (position, staff_id, at) values ($1, $2, $3)")
        .bind(fact.recorded.position.0.cast_signed())
        .bind(staff.0)
        .bind(fact.recorded.at)
        .execute(tx)
        .await?;
    Ok(())
}

type Row = (Uuid, String, DateTime<Utc>, Option<String>);

/// A page of the list, the oldest first: lines behind `after`.
pub(crate) async fn page(
    pool: &SqlitePool,
    after: Option<&WorkItem>,
    limit: u32,
) -> Result<Vec<WorkItem>, ProjectionError> {
    let rows: Vec<Row> = sqlx::query_as(
        r"
        select holder_id, kind, since, (
            select group_concat(organisation, ' ') from assignment
            where assignment.holder_id = work_item.holder_id
        )
        from work_item
        where (since, holder_id, kind) > ($1, $2, $3)
        order by since, holder_id, kind
        limit $4
        ",
    )
    .bind(after.map_or(DateTime::UNIX_EPOCH, |last| last.since))
    .bind(after.map_or(Uuid::nil(), |last| last.holder.0))
    .bind(after.map_or("", |last| last.kind.label()))
    .bind(i64::from(limit.min(WORK_PAGE_MAX)))
    .fetch_all(pool)
    .await?;
    rows.into_iter().map(read).collect()
}

/// The lines of one kind since then, the oldest first.
pub(crate) async fn of_kind(
    pool: &SqlitePool,
    kind: WorkKind,
    since: DateTime<Utc>,
    limit: u32,
) -> Result<Vec<WorkItem>, ProjectionError> {
    let rows: Vec<Row> = sqlx::query_as(
        r"
        select holder_id, kind, since, (
            select group_concat(organisation, ' ') from assignment
            where assignment.holder_id = work_item.holder_id
        )
        from work_item
        where kind = $1 and since >= $2
        order by since, holder_id
        limit $3
        ",
    )
    .bind(kind.label())
    .bind(since)
    .bind(i64::from(limit.min(WORK_PAGE_MAX)))
    .fetch_all(pool)
    .await?;
    rows.into_iter().map(read).collect()
}

fn read((holder, kind, since, assigned): Row) -> Result<WorkItem, ProjectionError> {
    let kind = WorkKind::labelled(&kind).ok_or_else(not_a_row)?;
    let assigned = assigned.unwrap_or_default();
    let codes: Result<Vec<_>, _> = assigned.split_whitespace().map(str::parse).collect();
    let assignments = codes.map_err(|_| not_a_row())?;
    Ok(WorkItem { holder: HolderId(holder), kind, since, assignments })
}

/// Who has let people unlock in this time, most often first.
pub(crate) async fn unlocks(
    pool: &SqlitePool,
    (from, until): (DateTime<Utc>, DateTime<Utc>),
    limit: u32,
) -> Result<Vec<StaffUnlocks>, ProjectionError> {
    let rows: Vec<(Uuid, i64)> = sqlx::query_as(
        r"
        select staff_id, count(*) from staff_unlock
        where at >= $1 and at < $2
        group by staff_id
        order by count(*) desc, staff_id
        limit $3
        ",
    )
    .bind(from)
    .bind(until)
    .bind(i64::from(limit.min(WORK_PAGE_MAX)))
    .fetch_all(pool)
    .await?;
    let read = |(staff, n): (Uuid, i64)| {
        Ok(StaffUnlocks { staff: HolderId(staff), n: u32::try_from(n).map_err(|_| not_a_row())? })
    };
    rows.into_iter().map(read).collect()
}
