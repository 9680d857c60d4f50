//! Cards from before PUKs were put on record: the vault has what personalisation wrote to them, under a
//! name that follows from the registration, and no event says so. A log-in makes good for it, so that
//! these cards can be unlocked like all others (U-01).

use anyhow::Context as _;
use domain::{
    card::Puk,
    holder::{HolderCommand, HolderEvent},
    ids::{CardSerial, CommandId, HolderId, SecretRef},
};
use futures::TryStreamExt as _;
use serde::Deserialize;
use stores::{
    event_store::{Revision, StreamName},
    vault::PUK_PURPOSE,
};

use super::super::personalise::puk_secret;
use crate::{
    app::App,
    execute::{Actor, Cause, ExecuteError, Loaded},
};

/// What is read of an event's `meta`.
#[derive(Deserialize)]
struct Caused {
    #[serde(rename = "$causationId")]
    by: CommandId,
}

/// Puts the PUK of a holder's card on record, if the vault has it and no event names it. Idempotent. A
/// failure is logged, and made good by the next log-in.
pub async fn record(app: &App, holder: HolderId, loaded: &Loaded, cause: Cause) {
    match loaded.holder.puk() {
        Puk::Unknown => {}
        Puk::Known(_) | Puk::Settled { .. } | Puk::Changing { .. } | Puk::Lost => return,
    }
    if let Err(error) = try_to_record(app, holder, loaded, cause).await {
        tracing::warn!(%holder, error = format!("{error:#}"), "a PUK was not put on record");
    }
}

async fn try_to_record(
    app: &App,
    holder: HolderId,
    loaded: &Loaded,
    cause: Cause,
) -> anyhow::Result<()> {
    let Some(active) = loaded.holder.card() else { return Ok(()) };
    let Some(secret) = written(app, holder, &active.card).await? else { return Ok(()) };
    let record = HolderCommand::RecordPuk { card: active.card.clone(), secret };
    match app.execute(holder, cause, Actor::System, &record).await {
        // Somebody else has put one on record meanwhile.
        Ok(_) | Err(ExecuteError::Refused(_)) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Where the vault keeps what the registration wrote to this card; `None` if it has nothing there.
async fn written(
    app: &App,
    holder: HolderId,
    card: &CardSerial,
) -> anyhow::Result<Option<SecretRef>> {
    let stream = StreamName::holder(holder);
    let mut events = app.stores().log.read_stream(&stream, Revision(0));
    let first = events.try_next().await?.context("a holder without events")?;
    let event = HolderEvent::decode(&first.kind, first.schema, &first.data)?;
    if !matches!(event, HolderEvent::HolderRegistered {}) {
        return Ok(None);
    }
    let registered: Caused = serde_json::from_slice(&first.meta).context("an event's cause")?;
    let secret = puk_secret(registered.by, card);
    let sealed =
        app.stores().vault.open_sealed(secret, PUK_PURPOSE, card.as_str(), app.now()).await?;
    Ok(sealed.map(|_| secret))
}
