//! Whose a certificate is: where to look when a service names one that it has seen. It only finds
//! the holder; whether his card is still in use is decided by his own stream (B-61).

use domain::{
    holder::HolderEvent,
    ids::{CardSerial, CertificateSerial, HolderId, NotAnId},
};
use sqlx::{SqliteConnection, SqlitePool};
use uuid::Uuid;

use crate::{ProjectionError, fact::Fact};

/// Who got a certificate, and on which card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateOwner {
    /// Who.
    pub holder: HolderId,
    /// On which card.
    pub card: CardSerial,
}

/// What an event changes.
pub(crate) async fn fold(tx: &mut SqliteConnection, fact: &Fact<'_>) -> sqlx::Result<()> {
    let HolderEvent::CardIssued(issued) = &fact.event else { return Ok(()) };
    for certificate in &issued.certificates {
        sqlx::query(
            r"
            insert into certificate (serial, holder_id, card)
            values ($1, $2, $3)
            on conflict (serial) do update set holder_id = excluded.holder_id, card = excluded.card
            ",
        )
        .bind(certificate.serial.as_str())
        .bind(fact.holder.0)
        .bind(issued.card.as_str())
        .execute(&mut *tx)
        .await?;
    }
    Ok(())
}

/// Whose a certificate is.
pub(crate) async fn owner(
    pool: &SqlitePool,
    serial: &CertificateSerial,
) -> Result<Option<CertificateOwner>, ProjectionError> {
    let row: Option<(Uuid, String)> =
        sqlx::query_as("select holder_id, card from certificate where serial = $1")
            .bind(serial.as_str())
            .fetch_optional(pool)
            .await?;
    let Some((holder, card)) = row else { return Ok(None) };
    let card = card.parse().map_err(|error: NotAnId| sqlx::Error::Decode(error.into()))?;
    Ok(Some(CertificateOwner { holder: HolderId(holder), card }))
}
