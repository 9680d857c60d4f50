//! What the acceptance tests stand on: real programs, started for one test and ended with it.

pub mod certificate;
pub mod chromium;
pub mod desk;
pub mod held;
pub mod html;
pub mod sandbox;
pub mod smtp;
pub mod system;
pub mod visitor;
