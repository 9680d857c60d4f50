//! `latchkey-virtual-card`: a stand-in for a smartcard, for the demo and the tests only.
//! Whoever can read a card's folder can read its keys.

use std::{
    io::{Read as _, Write as _},
    path::PathBuf,
    process::ExitCode,
};

use anyhow::Context as _;
use clap::{Parser, Subcommand};
use tracing_subscriber::EnvFilter;
use virtual_card::{
    Card, Faults, Profile, TearAt, create,
    drawer::supervisor::{self, INSERTED, Place},
    read_label,
    reader::{self, Ended},
};

/// The exit code of a card whose power failed, so that it is told from a card that went wrong.
const POWER_LOST: u8 = 86;

/// A software PIV card behind a virtual reader. For demonstration and tests only: it protects no key.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Keeps one card in the reader until it is killed or the reader goes away.
    Card(CardArguments),
    /// Keeps a drawer of cards, and puts them into the reader on request (one line of JSON on a Unix socket).
    Drawer(DrawerArguments),
}

#[derive(clap::Args)]
struct CardArguments {
    /// The card's folder; a new card is made where there is none.
    #[arg(long)]
    folder: PathBuf,
    /// The kind of a new card: piv or guide.
    #[arg(long, default_value = "guide")]
    profile: Profile,
    /// The port on which the reader waits for a card.
    #[arg(long, default_value_t = 0x8D00)]
    port: u16,
    /// Lose power at the Nth command with instruction HH: HH:N:before or HH:N:after.
    #[arg(long, value_name = "HH:N:MOMENT")]
    tear_ins: Option<TearAt>,
    /// Lose power in the flash write after this many.
    #[arg(long, value_name = "N")]
    tear_after_writes: Option<u64>,
    /// Think this long before each command; real cards take 15 to 60 ms.
    #[arg(long, value_name = "MS", default_value_t = 0)]
    delay_ms: u16,
    /// Write the commands that carry a PUK to a file in the card's folder.
    #[arg(long)]
    overheard: bool,
    /// Leave the reader when standard input ends.
    #[arg(long)]
    with_stdin: bool,
}

#[derive(clap::Args)]
struct DrawerArguments {
    /// The folder of the cards' folders.
    #[arg(long)]
    cards: PathBuf,
    /// The Unix socket to listen on.
    #[arg(long)]
    socket: PathBuf,
    /// The port of the reader's first slot.
    #[arg(long, default_value_t = 0x8D00)]
    port: u16,
    /// How many slots the reader has; one virtual reader has two.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u8).range(1..=2))]
    slots: u8,
}

fn main() -> anyhow::Result<ExitCode> {
    start_log()?;
    match Arguments::parse().command {
        Command::Card(arguments) => insert(&arguments),
        Command::Drawer(DrawerArguments { cards, socket, port, slots }) => {
            supervisor::serve(&Place { cards, socket, port, slots })?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// Set without the bridge from crate `log`, on which the applet prints the PINs it is shown.
fn start_log() -> anyhow::Result<()> {
    let filter =
        EnvFilter::builder().with_default_directive(tracing::Level::INFO.into()).from_env_lossy();
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(false)
        .with_writer(std::io::stderr)
        .finish();
    tracing::subscriber::set_global_default(subscriber).context("the log cannot be started")
}

fn insert(arguments: &CardArguments) -> anyhow::Result<ExitCode> {
    if arguments.with_stdin {
        std::thread::spawn(leave_with_stdin);
    }
    let faults = Faults {
        tear_ins: arguments.tear_ins,
        tear_after_writes: arguments.tear_after_writes,
        delay_ms: arguments.delay_ms,
        overheard: arguments.overheard,
    };
    let folder = &arguments.folder;
    let label = read_label(folder)
        .or_else(|_| create(folder, arguments.profile))
        .context("no card can be made")?;
    let card = Card::open_with(folder, label.profile, faults)?;
    let ended = reader::keep_inserted(card, arguments.port, tell_the_drawer)
        .context("there is no reader")?;
    Ok(match ended {
        Ended::ReaderGone => ExitCode::SUCCESS,
        Ended::PowerLost => ExitCode::from(POWER_LOST),
    })
}

/// Tells the drawer; a card that nobody waits for says it to the wind.
fn tell_the_drawer() {
    let mut stdout = std::io::stdout();
    writeln!(stdout, "{INSERTED}").and_then(|()| stdout.flush()).ok();
}

fn leave_with_stdin() {
    // Whatever ends the input, its end is what counts.
    std::io::stdin().read_to_end(&mut Vec::new()).ok();
    std::process::exit(0);
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_well_formed() {
        super::Arguments::command().debug_assert();
    }
}
