//! The tree of organisations, from the log. It is small, and everybody asks for it all the time: it
//! is folded at the start and kept in memory by whoever runs.

use domain::staff::{OrganisationEvent, Organisations};
use futures::TryStreamExt as _;

use crate::event_store::{
    EventStore, Expected, NotAStreamName, Recorded, Revision, StoreError, StreamName,
};

/// The stream of the tree.
const STREAM: &str = "organisations-tree";

/// The tree, and how far its stream was read.
#[derive(Debug, Clone, Default)]
pub struct Tree {
    /// The organisations.
    pub organisations: Organisations,
    /// Revision of the last event; `None` if there is none.
    pub revision: Option<Revision>,
}

impl Tree {
    /// What the next append expects.
    #[must_use]
    pub fn expected(&self) -> Expected {
        self.revision.map_or(Expected::NoStream, Expected::At)
    }
}

/// Reads the tree.
///
/// # Errors
/// If the log cannot be read, or has an event of the tree that this build does not know.
pub async fn read(log: &dyn EventStore) -> Result<Tree, StoreError> {
    let stream = stream()?;
    let mut events = log.read_stream(&stream, Revision(0));
    let mut tree = Tree::default();
    while let Some(recorded) = events.try_next().await? {
        tree.organisations = tree.organisations.evolve(&decode(&recorded)?);
        tree.revision = Some(recorded.revision);
    }
    Ok(tree)
}

/// The name of its stream.
///
/// # Errors
/// Never: the name is one.
pub fn stream() -> Result<StreamName, StoreError> {
    STREAM.parse().map_err(|error: NotAStreamName| StoreError(error.into()))
}

/// An event of the tree, from the log.
fn decode(recorded: &Recorded) -> Result<OrganisationEvent, StoreError> {
    OrganisationEvent::decode(&recorded.kind, recorded.schema, &recorded.data)
        .map_err(|error| StoreError(error.into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        event_store::{NewEvent, canonical},
        testing::{at, command, stores},
    };

    fn added(number: u128, code: &str, parent: Option<&str>) -> NewEvent {
        let event = OrganisationEvent::OrganisationAdded {
            code: code.parse().unwrap(),
            name: format!("Organisation {code}"),
            parent: parent.map(|parent| parent.parse().unwrap()),
        };
        let encoded = event.encode();
        NewEvent {
            id: domain::ids::EventId::derive(command(number), 0),
            kind: encoded.kind.to_owned(),
            schema: encoded.schema,
            data: canonical(&encoded.data).unwrap(),
            meta: b"{}".to_vec(),
        }
    }

    #[tokio::test]
    async fn b59_the_tree_is_what_its_stream_says_and_knows_how_far_it_was_read() {
        let log = stores().await.log;
        let empty = read(log.as_ref()).await.unwrap();
        assert_eq!((empty.organisations.count(), empty.expected()), (0, Expected::NoStream));
        let events = vec![added(1, "X26", None), added(2, "RXA", Some("X26"))];
        log.append(&stream().unwrap(), empty.expected(), events, at(0)).await.unwrap();
        let tree = read(log.as_ref()).await.unwrap();
        let [root, below] = ["X26", "RXA"].map(|code| code.parse().unwrap());
        assert!(tree.organisations.covers(&root, &below));
        assert!(!tree.organisations.covers(&below, &root));
        assert_eq!(tree.expected(), Expected::At(Revision(1)));
    }

    #[tokio::test]
    async fn an_event_that_this_build_does_not_know_is_an_error() {
        let log = stores().await.log;
        let event = NewEvent { kind: "OrganisationMoved".to_owned(), ..added(1, "X26", None) };
        log.append(&stream().unwrap(), Expected::NoStream, vec![event], at(0)).await.unwrap();
        assert!(read(log.as_ref()).await.is_err());
    }
}
