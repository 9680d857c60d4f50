//! What becomes of the row of a certificate: one statement each.

use domain::{
    card::{IssuedCertificate, Slot},
    certificate::CRL_REASON_SUPERSEDED,
    ids::{CardSerial, CertificateSerial, CommandId},
};
use stores::database::{Query, Transaction};

use super::slot_text;
use crate::fact::Fact;

/// RFC 5280 5.3.1: the code of `certificateHold`.
const CRL_REASON_HOLD: u8 = 6;

/// What a certificate was issued for.
pub(super) struct Issue<'a> {
    pub(super) card: &'a CardSerial,
    /// None for a new card, which was read back before it was issued.
    pub(super) update: Option<CommandId>,
}

pub(super) async fn keep(
    tx: &mut Transaction,
    fact: &Fact<'_>,
    certificate: &IssuedCertificate,
    issue: Issue<'_>,
) -> sqlx::Result<()> {
    let state = if issue.update.is_some() { "unconfirmed" } else { "good" };
    Query::new(
        r"
        insert into certificate
            (serial, holder_id, card, slot, not_before, not_after, update_id, state, since)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        on conflict (serial) do update set holder_id = excluded.holder_id, card = excluded.card
        ",
    )
    .bind(certificate.serial.as_str())
    .bind(fact.holder.0)
    .bind(issue.card.as_str())
    .bind(slot_text(certificate.slot))
    .bind(certificate.not_before)
    .bind(certificate.not_after)
    .bind(issue.update.map(|update| update.0))
    .bind(state)
    .bind(fact.recorded.at)
    .execute(tx)
    .await?;
    Ok(())
}

pub(super) async fn confirm(
    tx: &mut Transaction,
    fact: &Fact<'_>,
    update: CommandId,
    slot: Slot,
) -> sqlx::Result<()> {
    Query::new(
        r"
        update certificate set state = 'good', since = $1
        where update_id = $2 and slot = $3 and state = 'unconfirmed'
        ",
    )
    .bind(fact.recorded.at)
    .bind(update.0)
    .bind(slot_text(slot))
    .execute(tx)
    .await?;
    Ok(())
}

pub(super) async fn supersede(
    tx: &mut Transaction,
    fact: &Fact<'_>,
    serial: &CertificateSerial,
) -> sqlx::Result<()> {
    Query::new(
        r"
        update certificate set state = 'superseded', since = $1
        where serial = $2 and state <> 'revoked'
        ",
    )
    .bind(fact.recorded.at)
    .bind(serial.as_str())
    .execute(tx)
    .await?;
    Ok(())
}

/// B-57: for the time being.
pub(super) async fn hold(
    tx: &mut Transaction,
    fact: &Fact<'_>,
    serial: &CertificateSerial,
) -> sqlx::Result<()> {
    Query::new(
        r"
        update certificate
        set held_state = state, held_since = since,
            state = 'revoked', since = $1, reason = $2, revoked_position = $3
        where serial = $4 and state in ('good', 'superseded')
        ",
    )
    .bind(fact.recorded.at)
    .bind(i32::from(CRL_REASON_HOLD))
    .bind(fact.recorded.position.0.cast_signed())
    .bind(serial.as_str())
    .execute(tx)
    .await?;
    Ok(())
}

/// B-57: as it was before.
pub(super) async fn reinstate(
    tx: &mut Transaction,
    fact: &Fact<'_>,
    serial: &CertificateSerial,
) -> sqlx::Result<()> {
    Query::new(
        r"
        update certificate
        set state = held_state, since = held_since, reason = null, revoked_position = null,
            held_state = null, held_since = null, reinstated_position = $1
        where serial = $2 and held_state is not null
        ",
    )
    .bind(fact.recorded.position.0.cast_signed())
    .bind(serial.as_str())
    .execute(tx)
    .await?;
    Ok(())
}

/// For ever: what is revoked stays so, with the time and reason of the first. What was suspended is
/// revoked from now on.
pub(super) async fn revoke(
    tx: &mut Transaction,
    fact: &Fact<'_>,
    serial: &CertificateSerial,
    reason: u8,
) -> sqlx::Result<()> {
    Query::new(
        r"
        update certificate
        set state = 'revoked', since = $1, reason = $2, revoked_position = $3,
            held_state = null, held_since = null
        where serial = $4 and (state <> 'revoked' or held_state is not null)
        ",
    )
    .bind(fact.recorded.at)
    .bind(i32::from(reason))
    .bind(fact.recorded.position.0.cast_signed())
    .bind(serial.as_str())
    .execute(tx)
    .await?;
    Ok(())
}

/// B-55: another card takes the place of one between old and new: what its update has issued never
/// comes to use.
pub(super) async fn give_up(tx: &mut Transaction, fact: &Fact<'_>) -> sqlx::Result<()> {
    Query::new(
        r"
        update certificate
        set state = 'revoked', since = $1, reason = $2, revoked_position = $3
        where holder_id = $4 and update_id is not null and state = 'unconfirmed'
        ",
    )
    .bind(fact.recorded.at)
    .bind(i32::from(CRL_REASON_SUPERSEDED))
    .bind(fact.recorded.position.0.cast_signed())
    .bind(fact.holder.0)
    .execute(tx)
    .await?;
    Ok(())
}
