//! Where a card was when an unlock was begun with it. What goes wrong in the browser afterwards is told
//! with it (U-06): the events name the unlock alone.

use domain::{
    holder::HolderEvent,
    self_service::{CodePurpose, Denied},
};
use stores::database::{Query, Transaction};

use crate::fact::Fact;

/// True of everything that may go wrong after the card has shown that it is there.
pub(super) fn fails_to_unlock(event: &HolderEvent) -> bool {
    matches!(
        event,
        HolderEvent::AnswersWrong { .. }
            | HolderEvent::SelfServiceBlocked { .. }
            | HolderEvent::RecoveryPasscodeWrong { .. }
            | HolderEvent::RecoveryPasscodeBlocked { .. }
            | HolderEvent::CodeRefused { purpose: CodePurpose::Unlock, .. }
            | HolderEvent::CodeVoided { purpose: CodePurpose::Unlock, .. }
            | HolderEvent::UnlockPaused { .. }
            | HolderEvent::SelfServiceRefused {
                what: Denied::CodeNotTaken { purpose: CodePurpose::Unlock, .. }
            }
    )
}

/// Remembers where an unlock is begun.
pub(super) async fn fold(tx: &mut Transaction, fact: &Fact<'_>) -> sqlx::Result<()> {
    let HolderEvent::UnlockStarted { unlock, workstation, reader, .. } = &fact.event else {
        return Ok(());
    };
    Query::new(
        r"
        insert into unlock_place (holder_id, unlock_id, workstation, reader)
        values ($1, $2, $3, $4)
        on conflict (holder_id, unlock_id) do nothing
        ",
    )
    .bind(fact.holder.0)
    .bind(unlock.0)
    .bind(workstation)
    .bind(reader)
    .execute(tx)
    .await?;
    Ok(())
}

/// Workstation and reader of the unlock that an event belongs to; `None` if it belongs to none.
pub(super) async fn of(
    tx: &mut Transaction,
    fact: &Fact<'_>,
) -> sqlx::Result<Option<(String, String)>> {
    Query::new(
        r"
        select workstation, reader from unlock_place where holder_id = $1 and unlock_id = $2
        ",
    )
    .bind(fact.holder.0)
    .bind(fact.begun_by)
    .fetch_optional(tx)
    .await
}
