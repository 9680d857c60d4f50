//! `latchkey doctor`: is everything there and in order? Changes nothing.

use std::{path::Path, process::ExitCode};

/// Runs the command: exit code 0 if nothing failed, 1 otherwise.
pub fn run(config: Option<&Path>) -> anyhow::Result<ExitCode> {
    let config = super::config::load(config)?;
    let findings = crate::doctor::doctor(&config);
    print!("{}", crate::doctor::table(&findings));
    Ok(crate::doctor::exit_code(&findings))
}
