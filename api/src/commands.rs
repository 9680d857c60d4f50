//! The commands of the program, one module each.

pub mod agents;
pub mod config;
pub mod doctor;
pub mod policy;

pub mod rebuild;
pub mod serve;

use std::time::Duration;

use tracing_subscriber::EnvFilter;

/// How long running work may take to end when the program is told to stop.
const STOP_MAX: Duration = Duration::from_secs(10);

/// Logs to standard error as JSON lines; `RUST_LOG` chooses how much, `info` by default.
///
/// Set without the bridge from crate `log`, on which the WebSocket library prints whole frames.
fn log_to_stderr() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let subscriber = tracing_subscriber::fmt()
        .json()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .finish();
    // A second initialisation in one process is harmless, and happens in tests only.
    let _ = tracing::subscriber::set_global_default(subscriber);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_libraries_say_to_the_other_logging_crate_goes_nowhere_whatever_rust_log_says() {
        log_to_stderr();
        assert!(tracing::enabled!(tracing::Level::ERROR));
        assert_eq!(log::max_level(), log::LevelFilter::Off);
    }
}
