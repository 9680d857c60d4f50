//! The architecture, as tests: what may know what, and where a thing has its one place.
//!
//! Every message says what to do instead.

mod edges;
mod places;
mod rules;
mod sources;
