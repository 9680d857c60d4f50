//! The one test binary of this package: the system from outside, by its real programs.

#![expect(clippy::unwrap_used, reason = "everything here is a test, its helper functions too")]

#[path = "acceptance/sandbox_works.rs"]
mod sandbox_works;
