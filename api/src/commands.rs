//! The commands of the program, one module each.

pub mod agents;
pub mod audit;
pub mod backup;
pub mod clock;
pub mod config;
pub mod doctor;
pub mod forecast;
pub mod keys;
pub mod mails;
pub mod migrate;
pub mod organisations;
pub mod policy;
pub mod rebuild;
pub mod serve;
pub mod simulate;
pub mod tokens;
pub mod workflows;

use std::{path::Path, sync::Arc, time::Duration};

use tracing_subscriber::EnvFilter;

use crate::{
    app::App,
    clock::{AcceptedClock, Entropy},
    config::Config,
    control::{self, Question, Reply},
    database::Database,
    role::Role,
};

/// How long running work may take to end when the program is told to stop.
pub(crate) const STOP_MAX: Duration = Duration::from_secs(10);

/// Opens what a stopped server has left; where none ever ran, nothing is made.
async fn open_stopped(config: Config) -> anyhow::Result<App> {
    let place = match &config.database {
        None => config.log_database().display().to_string(),
        Some(settings) => settings.url.clone(),
    };
    let database = Database::of_command(&config).await?;
    anyhow::ensure!(
        database.has_log().await?,
        "{place}: there is no log yet; it begins when `latchkey all` is started"
    );
    let clock = Arc::new(AcceptedClock::system());
    Ok(App::new(serve::parts_over((database, Role::All), config, clock, Entropy::System).await?))
}

/// Asks the server that runs over this data folder.
fn ask(data_dir: &Path, question: &Question) -> anyhow::Result<Reply> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(control::ask(data_dir, question))
}

/// What the server says instead of an answer to the question.
fn not_an_answer<T>(reply: Reply) -> anyhow::Result<T> {
    match reply {
        Reply::Failed(why) => anyhow::bail!("{why}"),
        Reply::Invitation { .. }
        | Reply::Agents(_)
        | Reply::Revoked { .. }
        | Reply::Clock(_)
        | Reply::Mails(_)
        | Reply::Organisations(_)
        | Reply::Tokens(_)
        | Reply::Audit(_)
        | Reply::Policy(_)
        | Reply::Keys(_) => anyhow::bail!("the server answered another question"),
    }
}

/// The most memory this process has had, in kB, where the system tells.
fn most_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}

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
