//! `latchkey rebuild`: projections, wake-ups and outbox are thrown away and built again from the
//! log.
//!
//! For a stopped server: a running one holds the log's lock.

use std::{path::Path, process::ExitCode};

use projections::TableDigest;

/// Runs the command.
pub fn run(config: Option<&Path>) -> anyhow::Result<ExitCode> {
    let config = super::config::load(config)?;
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(async {
        let app = super::open_stopped(config).await?;
        let (projections, log) = (app.projections(), app.stores().log.as_ref());
        // Those that have not followed to the end of the log can be as they should be, and differ.
        let is_at_the_end = projections.position() == log.head().await?;
        let before = if is_at_the_end { Some(projections.digests().await?) } else { None };
        projections.rebuild(log).await?;
        println!("The projections are as new as the log.");
        if let Some(before) = before {
            println!("{}", compared(&before, &projections.digests().await?));
        }
        app.engine().rebuild().await?;
        println!("The wake-ups and the outbox are as new as the log.");
        Ok(ExitCode::SUCCESS)
    })
}

/// Whether what was in use was what the log makes of it.
fn compared(before: &[TableDigest], after: &[TableDigest]) -> String {
    let differ = after.iter().filter(|table| !before.contains(table));
    let differ: Vec<_> = differ.map(|table| table.table.as_str()).collect();
    if differ.is_empty() {
        "They hold what they held before.".to_owned()
    } else {
        format!("They held something else before: {}.", differ.join(", "))
    }
}
