//! How far the tables follow the log, and whether all wake-ups are of the newest policy.

use domain::ids::HolderId;
use stores::{
    database::{Executor, Query, Transaction},
    event_store::Position,
};
use uuid::Uuid;

use super::{EngineError, database::count};

/// The one row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Checkpoint {
    /// Of the last event applied.
    pub(super) position: Position,
    /// Holders seen so far.
    pub(super) n_holders: u64,
    /// The policy version that all wake-ups were worked out with; 0 while they never were.
    pub(super) policy_version: u32,
    /// The version that they are being worked out with.
    pub(super) next_version: Option<u32>,
    /// The last holder who has been worked out anew.
    pub(super) recomputed_to: Option<HolderId>,
}

impl Checkpoint {
    /// The newest version of the policy that any process has worked by.
    pub(super) fn newest_version(&self) -> u32 {
        self.next_version.unwrap_or(self.policy_version)
    }

    /// True until the first wake-up was worked out: until then holders are only remembered, so that
    /// each stream is read once and not once for each of its events.
    pub(super) fn names_only(&self) -> bool {
        self.policy_version == 0 && self.next_version.is_none()
    }
}

const READ: &str = "
    select position, n_holders, policy_version, next_version, recomputed_to
    from checkpoint where checkpoint_id = 1
";

const HOLD: &str = "
    select position, n_holders, policy_version, next_version, recomputed_to
    from checkpoint where checkpoint_id = 1 for update
";

#[derive(sqlx::FromRow)]
struct Row {
    position: i64,
    n_holders: i64,
    policy_version: i64,
    next_version: Option<i64>,
    recomputed_to: Option<Uuid>,
}

pub(super) async fn read(on: impl Into<Executor<'_>>) -> Result<Checkpoint, EngineError> {
    Query::new(READ).fetch_one::<Row>(on).await?.read()
}

/// The same, and nobody else moves it before this transaction ends.
pub(super) async fn hold(tx: &mut Transaction) -> Result<Checkpoint, EngineError> {
    Query::new(READ).on_postgres(HOLD).fetch_one::<Row>(tx).await?.read()
}

impl Row {
    fn read(self) -> Result<Checkpoint, EngineError> {
        Ok(Checkpoint {
            position: Position(self.position.cast_unsigned()),
            n_holders: self.n_holders.cast_unsigned(),
            policy_version: count(self.policy_version)?,
            next_version: self.next_version.map(count).transpose()?,
            recomputed_to: self.recomputed_to.map(HolderId),
        })
    }
}

/// Moves on, in the transaction that applies the events.
pub(super) async fn advance(
    tx: &mut Transaction,
    position: Position,
    n_new_holders: u64,
) -> sqlx::Result<()> {
    Query::new(
        "
        update checkpoint set position = $1, n_holders = n_holders + $2 where checkpoint_id = 1
        ",
    )
    .bind(position.0.cast_signed())
    .bind(n_new_holders.cast_signed())
    .execute(tx)
    .await?;
    Ok(())
}

/// In the transaction that works out the wake-ups of holders up to and with this one anew.
pub(super) async fn recomputed_to(
    tx: &mut Transaction,
    version: u32,
    holder: HolderId,
) -> sqlx::Result<()> {
    Query::new(
        "update checkpoint set next_version = $1, recomputed_to = $2 where checkpoint_id = 1",
    )
    .bind(i64::from(version))
    .bind(holder.0)
    .execute(tx)
    .await?;
    Ok(())
}

/// All are worked out with this version of the policy.
pub(super) async fn recomputed(tx: &mut Transaction, version: u32) -> sqlx::Result<()> {
    Query::new(
        "
        update checkpoint set policy_version = $1, next_version = null, recomputed_to = null
        where checkpoint_id = 1
        ",
    )
    .bind(i64::from(version))
    .execute(tx)
    .await?;
    Ok(())
}
