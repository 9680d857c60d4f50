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

/// The part of an event's `meta` that is shown.
#[derive(Deserialize)]
struct Meta {
    actor: Actor,
    #[serde(rename = "$correlationId")]
    begun_by: Option<Uuid>,
}

#[derive(Deserialize)]
struct Actor {
    by: String,
    holder: Option<HolderId>,
}

impl<'a> Fact<'a> {
    /// Reads an event; `None` if it belongs to no holder's stream.
    pub(crate) fn read(recorded: &'a Recorded) -> Result<Option<Self>, ProjectionError> {
        if recorded.stream.category() != HOLDER_CATEGORY {
            return Ok(None);
        }
        let holder = recorded.stream.subject().parse().map_err(|e| unreadable(recorded, e))?;
        let event = HolderEvent::decode(&recorded.kind, recorded.schema, &recorded.data)
            .map_err(|error| unreadable(recorded, error))?;
        let meta: Meta =
            serde_json::from_slice(&recorded.meta).map_err(|error| unreadable(recorded, error))?;
        let Meta { actor: Actor { by: actor, holder: staff }, begun_by } = meta;
        Ok(Some(Self { holder, recorded, event, actor, begun_by, staff }))
    }
}

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
