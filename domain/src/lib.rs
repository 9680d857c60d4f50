//! The rules.
pub mod ids;
