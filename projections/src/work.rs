//! What waits for somebody of the registration authority, and how often each of them has let
//! somebody unlock. A line stays until what it says is over.

mod kind;

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    card::{KeptKey, Slot},
    desk::{Alarm, DeskEvent, View},
    holder::HolderEvent,
    ids::{HolderId, OrganisationCode},
    passcode::{Kind, OptionalKind},
};
use stores::database::{Pool, Query, Transaction};
use uuid::Uuid;

pub use kind::WorkKind;

use crate::{ProjectionError, fact::Fact, gathered::portions, staff::not_a_row};

/// The most lines of one page.
pub const WORK_PAGE_MAX: u32 = 200;

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
    /// There is something to do before this instant, and nothing any more from then on.
    AddUntil(WorkKind, DateTime<Utc>),
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
    WorkKind::UnlockAwaitsApproval,
];

/// How long the list says that the holder of a closed account has said "this was not me": nothing is left
/// that could end it.
const CLOSED_NOT_ME: TimeDelta = TimeDelta::days(30);

/// Lines that are over, each by its holder and kind.
pub(crate) type Over = BTreeSet<(HolderId, &'static str)>;

/// What an event changes; what is over with it is noted.
pub(crate) async fn fold(
    tx: &mut Transaction,
    over: &mut Over,
    fact: &Fact<'_>,
) -> sqlx::Result<()> {
    count(tx, fact).await?;
    note_closed(tx, fact).await?;
    let change = match change(&fact.event) {
        Change::Nothing if is_last_manager(fact) => Change::Add(WorkKind::LastManager),
        Change::Over(kinds) if is_broken_glass(&fact.event) => {
            note_over(over, fact, kinds);
            Change::Add(WorkKind::GlassBroken)
        }
        change @ (Change::Add(_) | Change::AddUntil(..) | Change::Over(_) | Change::Nothing) => {
            change
        }
    };
    let (kind, over_at) = match change {
        Change::Nothing => return Ok(()),
        Change::Over(kinds) => {
            note_over(over, fact, kinds);
            return Ok(());
        }
        Change::Add(WorkKind::NotMe) if is_closed(tx, fact.holder).await? => {
            (WorkKind::NotMe, Some(fact.recorded.at + CLOSED_NOT_ME))
        }
        Change::Add(kind) => (kind, None),
        Change::AddUntil(kind, over_at) => (kind, Some(over_at)),
    };
    // The one that is over has to go before there is another.
    if over.remove(&(fact.holder, kind.label())) {
        remove(tx, &Over::from([(fact.holder, kind.label())])).await?;
    }
    add(tx, fact, kind, over_at).await
}

fn note_over(over: &mut Over, fact: &Fact<'_>, kinds: &[WorkKind]) {
    over.extend(kinds.iter().map(|kind| (fact.holder, kind.label())));
}

/// Removes the lines that are over.
pub(crate) async fn remove(tx: &mut Transaction, over: &Over) -> sqlx::Result<()> {
    for portion in portions(&over.iter().collect::<Vec<_>>()) {
        let mut query = Query::new("delete from work_item where (holder_id, kind) in (");
        query.push_values(portion, |row, (holder, kind)| {
            row.push_bind(holder.0).push_bind(*kind);
        });
        query.push(")");
        query.execute(&mut *tx).await?;
    }
    Ok(())
}

/// A line that is there already stays as old as it is, unless its time is over; what has an end ends when
/// the last of them does.
async fn add(
    tx: &mut Transaction,
    fact: &Fact<'_>,
    kind: WorkKind,
    over_at: Option<DateTime<Utc>>,
) -> sqlx::Result<()> {
    Query::new(
        r"
        insert into work_item (holder_id, kind, since, over_at) values ($1, $2, $3, $4)
        on conflict (holder_id, kind) do update set
            since = case
                when work_item.over_at <= excluded.since then excluded.since
                else work_item.since
            end,
            over_at = excluded.over_at
        ",
    )
    .bind(fact.holder.0)
    .bind(kind.label())
    .bind(fact.recorded.at)
    .bind(over_at)
    .execute(tx)
    .await?;
    Ok(())
}

/// B-45: true if nothing of the account works any more; remembered when it is closed.
async fn is_closed(tx: &mut Transaction, holder: HolderId) -> sqlx::Result<bool> {
    let (is_closed,): (bool,) =
        Query::new("select exists (select 1 from closed_account where holder_id = $1)")
            .bind(holder.0)
            .fetch_one(tx)
            .await?;
    Ok(is_closed)
}

async fn note_closed(tx: &mut Transaction, fact: &Fact<'_>) -> sqlx::Result<()> {
    if let HolderEvent::Desk(DeskEvent::AccountClosed { .. }) = &fact.event {
        Query::new("insert into closed_account (holder_id) values ($1) on conflict do nothing")
            .bind(fact.holder.0)
            .execute(tx)
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
        HolderEvent::RecoveryPasscodeBlocked { .. } => Change::Add(WorkKind::RecoveryCheckBlocked),
        HolderEvent::PasscodeSet { kind: Kind::AccountRecovery, .. }
        | HolderEvent::PasscodeBlanked { kind: OptionalKind::AccountRecovery, .. } => {
            Change::Over(&[WorkKind::RecoveryCheckBlocked, WorkKind::LastManager])
        }
        HolderEvent::PasscodeSet { kind: Kind::Verification, .. }
        | HolderEvent::PasscodeBlanked { kind: OptionalKind::Verification, .. } => {
            Change::Over(&[WorkKind::VerificationCheckBlocked, WorkKind::LastManager])
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
        DeskEvent::AccountUnlockRequested { until, .. } => {
            Change::AddUntil(WorkKind::UnlockAwaitsApproval, *until)
        }
        DeskEvent::AccountUnlockAuthorised { .. } => {
            Change::Over(&[WorkKind::UnlockAwaitsApproval])
        }
        DeskEvent::AccountUnlocked { .. } => {
            Change::Over(&[WorkKind::AccountLocked, WorkKind::UnlockAwaitsApproval])
        }
        DeskEvent::SelfServiceReleased { .. } => {
            Change::Over(&[WorkKind::SelfServiceBlocked, WorkKind::RecoveryCheckBlocked])
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
        DeskEvent::PasscodeCheckBlocked { kind: OptionalKind::AccountRecovery, .. } => {
            Change::Add(WorkKind::RecoveryCheckBlocked)
        }
        DeskEvent::PasscodeCheckBlocked { kind: OptionalKind::Verification, .. } => {
            Change::Add(WorkKind::VerificationCheckBlocked)
        }
        DeskEvent::PasscodeCheckReleased { kind: OptionalKind::AccountRecovery, .. } => {
            Change::Over(&[WorkKind::RecoveryCheckBlocked])
        }
        DeskEvent::PasscodeCheckReleased { kind: OptionalKind::Verification, .. } => {
            Change::Over(&[WorkKind::VerificationCheckBlocked])
        }
        DeskEvent::AccountClosed { .. } | DeskEvent::PersonErased { .. } => {
            Change::Over(&WorkKind::ALL)
        }
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
        | DeskEvent::PasscodeChecked { .. }
        | DeskEvent::StaffAlerted { .. }
        | DeskEvent::RecordViewed { .. } => Change::Nothing,
    }
}

/// P-19, B-58: somebody of the staff has let somebody unlock, or has unlocked the account itself by
/// giving him another card (B-30).
async fn count(tx: &mut Transaction, fact: &Fact<'_>) -> sqlx::Result<()> {
    let is_unlock = matches!(
        &fact.event,
        HolderEvent::Desk(
            DeskEvent::AccountUnlockAuthorised { .. }
                | DeskEvent::CardUnlockAuthorised { .. }
                | DeskEvent::AccountUnlocked { .. }
        )
    );
    let Some(staff) = fact.staff.filter(|_| is_unlock) else { return Ok(()) };
    Query::new("insert into staff_unlock (position, staff_id, at) values ($1, $2, $3)")
        .bind(fact.recorded.position.0.cast_signed())
        .bind(staff.0)
        .bind(fact.recorded.at)
        .execute(tx)
        .await?;
    Ok(())
}

type Row = (Uuid, String, DateTime<Utc>, Option<String>);

/// A page of the list as of now, the oldest first: lines behind `after`.
pub(crate) async fn page(
    pool: &Pool,
    now: DateTime<Utc>,
    after: Option<&WorkItem>,
    limit: u32,
) -> Result<Vec<WorkItem>, ProjectionError> {
    let rows: Vec<Row> = Query::new(
        r"
        select holder_id, kind, since, (
            select string_agg(organisation, ' ') from assignment
            where assignment.holder_id = work_item.holder_id
        )
        from work_item
        where (since, holder_id, kind) > ($1, $2, $3) and (over_at is null or over_at > $4)
        order by since, holder_id, kind
        limit $5
        ",
    )
    .bind(after.map_or(DateTime::UNIX_EPOCH, |last| last.since))
    .bind(after.map_or(Uuid::nil(), |last| last.holder.0))
    .bind(after.map_or("", |last| last.kind.label()))
    .bind(now)
    .bind(i64::from(limit.min(WORK_PAGE_MAX)))
    .fetch_all(pool)
    .await?;
    rows.into_iter().map(read).collect()
}

/// The lines of one kind since then, the oldest first.
pub(crate) async fn of_kind(
    pool: &Pool,
    kind: WorkKind,
    since: DateTime<Utc>,
    limit: u32,
) -> Result<Vec<WorkItem>, ProjectionError> {
    let rows: Vec<Row> = Query::new(
        r"
        select holder_id, kind, since, (
            select string_agg(organisation, ' ') from assignment
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

/// Who has let people unlock in this time at least so often, most often first; of those who work for one
/// of these organisations, or of all.
pub(crate) async fn unlocks(
    pool: &Pool,
    (from, until): (DateTime<Utc>, DateTime<Utc>),
    within: Option<&[OrganisationCode]>,
    (least, limit): (u32, u32),
) -> Result<Vec<StaffUnlocks>, ProjectionError> {
    let codes = within.map(|codes| codes.iter().map(OrganisationCode::as_str).collect::<Vec<_>>());
    // Null lets everybody pass. The list may be longer than a statement has places.
    let codes = codes.map(|codes| serde_json::Value::from(codes).to_string());
    let rows: Vec<(Uuid, i64)> = Query::new(
        r"
        select staff_id, count(*) from staff_unlock
        where at >= $1 and at < $2 and ($3 is null or exists (
            select 1 from assignment
            where assignment.holder_id = staff_id
                and organisation in (select value from json_each($3))
        ))
        group by staff_id
        having count(*) >= $4
        order by count(*) desc, staff_id
        limit $5
        ",
    )
    .on_postgres(
        r"
        select staff_id, count(*) from staff_unlock
        where at >= $1 and at < $2 and ($3::text is null or exists (
            select 1 from assignment
            where assignment.holder_id = staff_id
                and organisation in (select json_array_elements_text($3::text::json))
        ))
        group by staff_id
        having count(*) >= $4
        order by count(*) desc, staff_id
        limit $5
        ",
    )
    .bind(from)
    .bind(until)
    .bind(codes)
    .bind(i64::from(least))
    .bind(i64::from(limit.min(WORK_PAGE_MAX)))
    .fetch_all(pool)
    .await?;
    let read = |(staff, n): (Uuid, i64)| {
        Ok(StaffUnlocks { staff: HolderId(staff), n: u32::try_from(n).map_err(|_| not_a_row())? })
    };
    rows.into_iter().map(read).collect()
}
