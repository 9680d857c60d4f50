//! The tree of organisations of a running server (B-59): folded when it starts, and kept as new as
//! the log by being the only way to add to it.

use std::sync::{Arc, PoisonError, RwLock};

use domain::{
    ids::OrganisationCode,
    staff::{NotAdded, OrganisationEvent, Organisations},
};
use stores::{
    event_store::{AppendError, EventStore, StoreError},
    organisation::{self, Tree},
};
use tokio::sync::Mutex;

use crate::{
    app::App,
    execute::{Actor, Cause},
};

/// The tree, in memory.
pub struct Held {
    /// What is read; replaced as a whole.
    organisations: RwLock<Arc<Organisations>>,
    /// How far the stream was read; held by whoever adds.
    adding: Mutex<Tree>,
}

/// Why an organisation was not added.
#[derive(Debug, thiserror::Error)]
pub enum AddError {
    /// A rule says no.
    #[error(transparent)]
    Refused(#[from] NotAdded),
    /// We failed.
    #[error(transparent)]
    Failed(#[from] anyhow::Error),
}

impl Held {
    /// As the log has it.
    ///
    /// # Errors
    /// If it cannot be read.
    pub async fn open(log: &dyn EventStore) -> Result<Self, StoreError> {
        let tree = organisation::read(log).await?;
        let organisations = RwLock::new(Arc::new(tree.organisations.clone()));
        Ok(Self { organisations, adding: Mutex::new(tree) })
    }

    fn now(&self) -> Arc<Organisations> {
        self.organisations.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn replace(&self, organisations: Organisations) {
        let mut held = self.organisations.write().unwrap_or_else(PoisonError::into_inner);
        *held = Arc::new(organisations);
    }
}

impl App {
    /// B-59: takes over organisations that another process has added.
    ///
    /// # Errors
    /// If the log cannot be read.
    pub(crate) async fn hear_organisations(&self) -> anyhow::Result<()> {
        let held = self.held_organisations();
        let mut tree = held.adding.lock().await;
        *tree = organisation::read(self.stores().log.as_ref()).await?;
        held.replace(tree.organisations.clone());
        Ok(())
    }

    /// B-59: the organisations there are now.
    #[must_use]
    pub fn organisations(&self) -> Arc<Organisations> {
        self.held_organisations().now()
    }

    /// Adds an organisation, once: adding the same again adds nothing.
    ///
    /// # Errors
    /// If a rule says no, or the log cannot be written.
    pub async fn add_organisation(
        &self,
        actor: Actor,
        cause: Cause,
        code: OrganisationCode,
        name: &str,
        parent: Option<OrganisationCode>,
    ) -> Result<(), AddError> {
        let held = self.held_organisations();
        let mut tree = held.adding.lock().await;
        if self.is_shared() {
            // Another process may just have added the one above it.
            let read = organisation::read(self.stores().log.as_ref()).await;
            *tree = read.map_err(anyhow::Error::from)?;
        }
        let events = tree.organisations.decide_add(code, name, parent)?;
        for event in events {
            self.append_organisation(&tree, &actor, cause, &event).await?;
            // Read and not evolved, so that what is held is what the next start reads.
            let read = organisation::read(self.stores().log.as_ref()).await;
            *tree = read.map_err(anyhow::Error::from)?;
            held.replace(tree.organisations.clone());
        }
        Ok(())
    }

    async fn append_organisation(
        &self,
        tree: &Tree,
        actor: &Actor,
        cause: Cause,
        event: &OrganisationEvent,
    ) -> Result<(), anyhow::Error> {
        let (stream, encoded) = (organisation::stream()?, event.encode());
        let place = (&stream, tree.expected());
        let noted = self.note_as(place, cause, actor, encoded.kind, &encoded.data).await;
        noted.map(|_| ()).map_err(|error: AppendError| error.into())
    }
}
