//! One at a time, whichever process it is in: for what reads who is there before it decides that
//! somebody may go.

use std::sync::Arc;

use tokio::sync::{Mutex, OwnedMutexGuard};
use uuid::Uuid;

use crate::{
    database::{Connections, Kind, Transaction},
    event_store::StoreError,
};

/// The place of this turn among the database's locks.
const PLACE: Uuid = Uuid::from_u128(0x6c61_7463_686b_6579_2d74_7572_6e00_0001);

/// Whose turn it is. Cheap to clone.
#[derive(Clone)]
pub struct Turns {
    connections: Connections,
    here: Arc<Mutex<()>>,
}

/// It is this one's turn, as long as it is held.
#[must_use = "whoever drops it has had his turn"]
pub struct Turn {
    /// On a server: one connection a process at the most, because those of this process wait for each
    /// other before they ask for one.
    _everywhere: Option<Transaction>,
    _here: OwnedMutexGuard<()>,
}

impl Turns {
    pub(crate) fn new(connections: Connections) -> Self {
        Self { connections, here: Arc::default() }
    }

    /// Waits until nobody else has it.
    ///
    /// # Errors
    /// If the database fails, or somebody has it for too long.
    pub async fn take(&self) -> Result<Turn, StoreError> {
        let here = Arc::clone(&self.here).lock_owned().await;
        let everywhere = match self.connections.writer().kind() {
            Kind::Sqlite => None,
            Kind::Postgres => {
                let mut tx = self.connections.writer().begin().await?;
                tx.hold(PLACE).await?;
                Some(tx)
            }
        };
        Ok(Turn { _everywhere: everywhere, _here: here })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use futures::future::join_all;

    use crate::testing::on_both_twice;

    const CALLERS: u32 = 16;

    #[tokio::test(flavor = "multi_thread")]
    async fn of_many_in_two_processes_one_has_its_turn_at_a_time_and_all_get_it() {
        on_both_twice(async |one, other| {
            let (inside, most, done) = (AtomicU32::new(0), AtomicU32::new(0), AtomicU32::new(0));
            let turn = async |number: u32| {
                let turns = if number.is_multiple_of(2) { &one.turns } else { &other.turns };
                let held = turns.take().await.unwrap();
                most.fetch_max(inside.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                tokio::task::yield_now().await;
                inside.fetch_sub(1, Ordering::SeqCst);
                drop(held);
                done.fetch_add(1, Ordering::SeqCst);
            };
            join_all((0..CALLERS).map(turn)).await;
            assert_eq!((most.into_inner(), done.into_inner()), (1, CALLERS));
        })
        .await;
    }
}
