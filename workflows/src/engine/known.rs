//! What has to be known of mails before they can be composed, read for a whole batch at a time: the
//! events that ask for them, the people whom they are for, and how those holders are now.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use chrono::{DateTime, Utc};
use domain::{holder::Holder, ids::HolderId};
use futures::TryStreamExt as _;
use stores::{
    event_store::{EventStore, Recorded, Revision, StoreError, StreamName},
    vault::{Person, Vault},
};

use super::outbox::Taken;
use crate::commands::{Commands, Loaded};

/// The type of the event whose mail goes to the new address as well as to the one before.
const CONTACT_CHANGED: &str = "ContactChanged";

/// What is known of the mails of a batch.
pub(super) struct Known {
    asking: HashMap<(HolderId, Revision), Recorded>,
    people: HashMap<HolderId, Person>,
    loaded: HashMap<HolderId, Result<Arc<Loaded>, StoreError>>,
}

/// The same of one of them.
#[derive(Clone, Copy)]
pub(super) struct OfMail<'a> {
    /// The event that asks for it.
    pub(super) by: &'a Recorded,
    /// Whom it is for; `None` if nobody is on record.
    pub(super) person: Option<&'a Person>,
    loaded: Option<&'a Result<Arc<Loaded>, StoreError>>,
}

impl Known {
    pub(super) async fn of(
        mails: &[Taken],
        log: &dyn EventStore,
        commands: &Commands,
        vault: &Vault,
        now: DateTime<Utc>,
    ) -> anyhow::Result<Self> {
        // Of each holder's stream from the first of the events that ask for a mail.
        let mut first: HashMap<HolderId, Revision> = HashMap::new();
        for Taken { holder, revision, .. } in mails {
            let first = first.entry(*holder).or_insert(*revision);
            *first = (*first).min(*revision);
        }
        let wanted = first.iter().map(|(holder, from)| (StreamName::holder(*holder), *from));
        let holder_of: HashMap<_, _> =
            first.keys().map(|holder| (StreamName::holder(*holder), *holder)).collect();
        let asking: HashSet<_> = mails.iter().map(|mail| (mail.holder, mail.revision)).collect();
        let mut known =
            Self { asking: HashMap::new(), people: HashMap::new(), loaded: HashMap::new() };
        let mut events = log.read_streams(wanted.collect());
        while let Some(recorded) = events.try_next().await? {
            let Some(holder) = holder_of.get(&recorded.stream) else { continue };
            let place = (*holder, recorded.revision);
            if asking.contains(&place) {
                known.asking.insert(place, recorded);
            }
        }
        for changed in known.asking.values().filter(|event| event.kind == CONTACT_CHANGED) {
            // B-42: whoever has died before the vault followed the log.
            vault.settle_person(changed.id, now).await?;
        }
        let holders: Vec<HolderId> = first.into_keys().collect();
        known.people = vault.people(&holders).await?;
        known.loaded = commands.load_all(&holders).await?;
        Ok(known)
    }

    pub(super) fn of_mail(&self, mail: &Taken) -> anyhow::Result<OfMail<'_>> {
        let Taken { holder, revision, .. } = mail;
        let by = self.asking.get(&(*holder, *revision));
        Ok(OfMail {
            by: by.ok_or_else(|| anyhow::anyhow!("its event is not in the log"))?,
            person: self.people.get(holder),
            loaded: self.loaded.get(holder),
        })
    }
}

impl<'a> OfMail<'a> {
    /// How its holder is now.
    pub(super) fn holder(&self) -> anyhow::Result<&'a Holder> {
        match self.loaded {
            Some(Ok(loaded)) => Ok(&loaded.holder),
            Some(Err(error)) => Err(anyhow::anyhow!("{error}")),
            None => Err(anyhow::anyhow!("its holder was not asked for")),
        }
    }
}
