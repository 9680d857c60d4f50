//! Holders who were looked at lately, as of the last event that was read of each: whoever comes back
//! has only what was added since read to him.
//!
//! What is kept here was read from the log, and a stream is only ever added to; so it can be old but
//! never wrong, and nobody decides by it before the rest of the stream was asked for.

use std::{
    collections::HashMap,
    mem,
    sync::{Arc, Mutex, PoisonError},
};

use domain::ids::HolderId;

use super::Loaded;

/// The most holders of one half: whoever was not looked at while as many others were is forgotten.
pub(super) const HALF_MAX: usize = 16_384;

/// The most holders who are kept; some kilobytes each.
pub const HOT_HOLDERS_MAX: usize = 2 * HALF_MAX;

/// The holders. Shared by all clones of [`super::Commands`].
#[derive(Default)]
pub(super) struct Hot(Mutex<Halves>);

/// When the newer half is full it becomes the older one, whose place it takes.
#[derive(Default)]
struct Halves {
    newer: HashMap<HolderId, Arc<Loaded>>,
    older: HashMap<HolderId, Arc<Loaded>>,
}

impl Hot {
    /// As he was when he was last read; `None` if that is long ago.
    pub(super) fn get(&self, holder: HolderId) -> Option<Arc<Loaded>> {
        self.with(|halves| {
            if let Some(found) = halves.newer.get(&holder) {
                return Some(Arc::clone(found));
            }
            let found = halves.older.remove(&holder)?;
            halves.keep(holder, Arc::clone(&found));
            Some(found)
        })
    }

    /// Keeps what was read of him.
    pub(super) fn put(&self, holder: HolderId, loaded: &Arc<Loaded>) {
        self.with(|halves| halves.keep(holder, Arc::clone(loaded)));
    }

    fn with<T>(&self, act: impl FnOnce(&mut Halves) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Halves {
    fn keep(&mut self, holder: HolderId, loaded: Arc<Loaded>) {
        if HALF_MAX <= self.newer.len() && !self.newer.contains_key(&holder) {
            self.older = mem::take(&mut self.newer);
        }
        self.newer.insert(holder, loaded);
    }
}

#[cfg(test)]
mod tests {
    use domain::holder::Holder;
    use stores::event_store::Revision;
    use uuid::Uuid;

    use super::*;

    fn holder(number: usize) -> HolderId {
        HolderId(Uuid::from_u128(u128::try_from(number).unwrap()))
    }

    fn read_to(revision: u64) -> Arc<Loaded> {
        let revision = Some(Revision(revision));
        Arc::new(Loaded { holder: Holder::default(), revision, last_at: None })
    }

    fn len(hot: &Hot) -> usize {
        hot.with(|halves| halves.newer.len() + halves.older.len())
    }

    #[test]
    fn whoever_comes_back_is_there_and_as_he_was_read_last() {
        let hot = Hot::default();
        assert!(hot.get(holder(1)).is_none());
        hot.put(holder(1), &read_to(3));
        hot.put(holder(1), &read_to(4));
        assert_eq!(hot.get(holder(1)).unwrap().revision, Some(Revision(4)));
        assert_eq!(len(&hot), 1);
    }

    #[test]
    fn no_more_than_so_many_are_kept_and_those_who_are_looked_at_again_are_among_them() {
        let hot = Hot::default();
        for number in 0..3 * HOT_HOLDERS_MAX {
            hot.put(holder(number), &read_to(0));
            assert!(len(&hot) <= HOT_HOLDERS_MAX);
            // Looked at while every half fills.
            assert!(number % 1000 != 0 || hot.get(holder(0)).is_some());
        }
        assert!(hot.get(holder(1)).is_none());
        assert!(hot.get(holder(3 * HOT_HOLDERS_MAX - 1)).is_some());
    }
}
