//! `latchkey rebuild`: projections, wake-ups and outbox are thrown away and built again from the
//! log.
//!
//! For a stopped server: a running one holds the log's lock.

use std::{path::Path, process::ExitCode};

/// Runs the command.
pub fn run(config: Option<&Path>) -> anyhow::Result<ExitCode> {
    let config = super::config::load(config)?;
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(async {
        let app = super::open_stopped(config).await?;
        app.projections().rebuild(app.stores().log.as_ref()).await?;
        println!("The projections are as new as the log.");
        app.engine().rebuild().await?;
        println!("The wake-ups and the outbox are as new as the log.");
        Ok(ExitCode::SUCCESS)
    })
}
