//! Truth: the event log, the vault of secrets' digests, the logon table, sessions and jobs.
//!
//! Everything else in the product can be thrown away and rebuilt from here. Read
//! [`event_store`] first (the promises), then [`sqlite`] (the database that keeps them), then
//! [`database`] (how the other tables ask either database), then [`vault`]. A new backend of the log implements [`event_store::EventStore`], passes
//! `contract::check_all`, and is done.

pub mod agent;
pub mod answer;
pub mod api_token;
pub mod bulk;
#[cfg(any(test, feature = "contract"))]
pub mod cluster;
#[cfg(any(test, feature = "contract"))]
pub mod contract;
pub mod crl;
pub mod database;
pub mod event_store;
pub mod first_manager;
mod group_commit;
pub mod job;
pub mod limit;
pub mod line;
pub mod log;
pub mod logon;
pub mod moving;
pub mod organisation;
pub mod policy;
pub mod postgres;
mod reading;
pub mod session;
pub mod sqlite;
pub mod token;
pub mod truth;
pub mod turn;
pub mod vault;

#[cfg(test)]
mod crash;
#[cfg(test)]
mod races;
#[cfg(test)]
mod testing;
