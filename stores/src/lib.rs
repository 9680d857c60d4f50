//! Truth: the event log, the vault of secrets' digests, the logon table, sessions and jobs.
//!
//! Everything else in the product can be thrown away and rebuilt from here.

pub mod event_store;
