//! What staff do at the desk, one function an act, for portal and API alike. Handlers parse and
//! answer; whether somebody may was asked before ([`crate::staff`]), and what an act takes says so:
//! a [`crate::staff::Mandate`] for one person, or a [`domain::staff::Warrant`].

pub mod find;
pub mod roles;
pub mod sheet;
pub mod work;
