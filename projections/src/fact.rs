//! An event of the log as the projections need it: read once, folded by each of them.

use domain::{holder::HolderEvent, ids::HolderId};
use serde::Deserialize;
use stores::event_store::Recorded;
use uuid::Uuid;

use crate::ProjectionError;

/// The category of the streams that the projections of a holder are made of.
const HOLDER_CATEGORY: &str = "holder";

/// Something that happened to a holder.
pub(crate) struct Fact<'a> {
    pub(crate) holder: HolderId,
    pub(crate) recorded: &'a Recorded,
    pub(crate) event: HolderEvent,
    /// Who did it.
    pub(crate) actor: String,
    /// The command that began what it belongs to, if that is said.
    pub(crate) begun_by: Option<Uuid>,
    /// B-58: and which member of staff, if it was one.
    pub(crate) staff: Option<HolderId>,
}

/// The part of an event's `meta` that is looked at; not every event has all of it.
#[derive(Default, Deserialize)]
pub(crate) struct Meta {
    /// The command that began it all.
    #[serde(rename = "$correlationId")]
    pub(crate) begun_by: Option<Uuid>,
    pub(crate) actor: Option<Actor>,
    pub(crate) policy: Option<u32>,
    #[serde(default)]
    pub(crate) rules: Vec<String>,
}

/// Who did it.
#[derive(Clone, Deserialize)]
pub(crate) struct Actor {
    pub(crate) by: String,
    pub(crate) holder: Option<HolderId>,
}

impl Meta {
    pub(crate) fn read(recorded: &Recorded) -> serde_json::Result<Self> {
        serde_json::from_slice(&recorded.meta)
    }
}

impl<'a> Fact<'a> {
    /// Reads an event; `None` if it belongs to no holder's stream.
    pub(crate) fn read(
        recorded: &'a Recorded,
        meta: serde_json::Result<Meta>,
    ) -> Result<Option<Self>, ProjectionError> {
        if recorded.stream.category() != HOLDER_CATEGORY {
            return Ok(None);
        }
        let holder = recorded.stream.subject().parse().map_err(|e| unreadable(recorded, e))?;
        let event = HolderEvent::decode(&recorded.kind, recorded.schema, &recorded.data)
            .map_err(|error| unreadable(recorded, error))?;
        let Meta { actor, begun_by, .. } = meta.map_err(|error| unreadable(recorded, error))?;
        let Actor { by: actor, holder: staff } =
            actor.ok_or_else(|| unreadable(recorded, NobodyDidIt))?;
        Ok(Some(Self { holder, recorded, event, actor, begun_by, staff }))
    }
}

/// Every fact about a holder says who did it.
#[derive(Debug, thiserror::Error)]
#[error("its meta does not say who did it")]
struct NobodyDidIt;

fn unreadable(
    recorded: &Recorded,
    source: impl std::error::Error + Send + Sync + 'static,
) -> ProjectionError {
    ProjectionError::Unreadable {
        position: recorded.position,
        stream: recorded.stream.clone(),
        kind: recorded.kind.clone(),
        source: Box::new(source),
    }
}
