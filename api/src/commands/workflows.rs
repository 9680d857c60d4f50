//! `latchkey workflows`: the pictures of the workflows, drawn from their definitions.

use std::process::ExitCode;

use clap::Subcommand;
use workflows::drawing;

/// What to do with the workflows.
#[derive(Debug, Clone, Copy, Subcommand)]
pub enum Command {
    /// Print each as a Mermaid state diagram.
    Draw,
}

/// Runs the command.
pub fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Draw => {
            for workflow in drawing::all() {
                println!("%% {}\n{}", workflow.name, workflow.mermaid());
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}
