//! The commands of the program, one module each.

pub mod agents;
pub mod config;
pub mod doctor;

pub mod rebuild;
pub mod serve;

use std::time::Duration;

use tracing_subscriber::EnvFilter;

/// How long running work may take to end when the program is told to stop.
const STOP_MAX: Duration = Duration::from_secs(10);

/// Logs to standard error as JSON lines; `RUST_LOG` chooses how much, `info` by default.
fn log_to_stderr() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    // A second initialisation in one process is harmless, and happens in tests only.
    let _ = tracing_subscriber::fmt()
        .json()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .try_init();
}
