//! What the acceptance tests stand on: real programs, started for one test and ended with it.

pub mod held;
pub mod sandbox;
pub mod system;
