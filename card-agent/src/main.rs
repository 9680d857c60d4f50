//! `latchkey-card-agent`: reads and writes smartcards for the portal, on this workstation.

use std::{
    fs,
    io::Read as _,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
    thread,
};

use anyhow::Context as _;
use card_agent::{
    channel::{Dialler, Introduction, ServerAddress, tls},
    config::Config,
    enrolment::{self, Invitation},
    entropy::Entropy,
    page::{self, Page},
    readers::{self, Desk, PcSc},
};
use clap::{Parser, Subcommand};
use protocol::Secret;
use tokio::{signal, sync::watch};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;
use zeroize::Zeroizing;

/// Longest file that is read for an enrolment code, in bytes.
const CODE_FILE_BYTES_MAX: u64 = 1_024;

/// The card software of Latchkey: works the smartcards of this workstation for the portal.
#[derive(Parser)]
#[command(name = "latchkey-card-agent", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Makes this workstation known to the server, with a code that an operator gives out.
    Enrol(EnrolArguments),
    /// Runs until it is ended.
    Run {
        /// The configuration file.
        #[arg(long)]
        config: PathBuf,
    },
}

#[derive(clap::Args)]
struct EnrolArguments {
    /// The server's address for card agents, host and port.
    #[arg(long)]
    server: ServerAddress,
    /// SHA-256 of the server's authority, as the operator reads it out, hexadecimal.
    #[arg(long, value_name = "SHA256", value_parser = fingerprint)]
    authority: [u8; 32],
    /// A file with the enrolment code; `-` is standard input. Never an argument: others can see those.
    #[arg(long, value_name = "FILE", default_value = "-")]
    code_file: PathBuf,
    /// Name of this workstation, for the operator.
    #[arg(long)]
    workstation: String,
    /// Folder for key and certificate.
    #[arg(long)]
    state_dir: PathBuf,
}

fn fingerprint(text: &str) -> Result<[u8; 32], String> {
    let digits: String = text.chars().filter(|letter| *letter != ':').collect();
    let mut bytes = [0; 32];
    hex::decode_to_slice(digits, &mut bytes)
        .map_err(|_| "must be 64 hexadecimal digits".to_owned())?;
    Ok(bytes)
}

#[tokio::main]
async fn main() -> ExitCode {
    match command(Arguments::parse().command).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // One line for the operator; what caused it stands behind it.
            eprintln!("latchkey-card-agent: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn command(command: Command) -> anyhow::Result<()> {
    start_log()?;
    match command {
        Command::Enrol(arguments) => enrol(arguments).await,
        Command::Run { config } => run(Config::load(&config)?).await,
    }
}

/// Set without the bridge from crate `log`, on which the WebSocket library prints whole frames.
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

async fn enrol(arguments: EnrolArguments) -> anyhow::Result<()> {
    let EnrolArguments { server, authority, code_file, workstation, state_dir } = arguments;
    let code = read_code(&code_file)?;
    let invitation = Invitation { server, authority, code, workstation };
    let enrolment = enrolment::enrol(invitation, &mut Entropy).await?;
    enrolment::save(&state_dir, &enrolment)?;
    tracing::info!(state_dir = %state_dir.display(), "this workstation is enrolled");
    Ok(())
}

fn read_code(file: &Path) -> anyhow::Result<Secret> {
    let mut text = Zeroizing::new(String::new());
    let read = if file == Path::new("-") {
        std::io::stdin().take(CODE_FILE_BYTES_MAX).read_to_string(&mut text)
    } else {
        fs::File::open(file)
            .and_then(|file| file.take(CODE_FILE_BYTES_MAX).read_to_string(&mut text))
    };
    read.with_context(|| format!("the enrolment code cannot be read from {}", file.display()))?;
    enrolment::parse_code(&text)
        .context("this is no enrolment code: it has hexadecimal digits only")
}

async fn run(config: Config) -> anyhow::Result<()> {
    let enrolment = enrolment::load(&config.state_dir)?;
    let tls = tls::enrolled(&enrolment).context(
        "key, certificate and authority do not fit together: enrol this workstation again",
    )?;
    let listener = page::bind(config.page_port).await?;
    let shutdown = CancellationToken::new();

    let desk = Desk::new(Arc::new(PcSc), &config.approved_readers);
    let watching = thread::Builder::new().name("readers".to_owned()).spawn({
        let (desk, shutdown) = (desk.clone(), shutdown.clone());
        move || readers::watch(&desk, &shutdown)
    })?;

    let (seen, reported) = watch::channel(desk.readers().seen());
    let reporting = tokio::spawn(report(desk.clone(), seen, shutdown.clone()));
    let introduction = Introduction { workstation: config.workstation.clone() };
    let (dialler, channel) = Dialler::new(config.server.clone(), tls, introduction, reported);
    let dialling = tokio::spawn(dialler.run(shutdown.clone(), Entropy));

    let page = Page::new(desk, channel, &config.portal_origin, config.page_port, config.demo)?;
    tracing::info!(
        port = config.page_port,
        server = config.server.as_str(),
        "the card agent is up"
    );
    tokio::spawn(end_on_signal(shutdown.clone()));
    axum::serve(listener, page.routes())
        .with_graceful_shutdown(shutdown.clone().cancelled_owned())
        .await?;
    dialling.await?;
    reporting.await?;
    if tokio::task::spawn_blocking(move || watching.join()).await?.is_err() {
        tracing::error!("the thread that watched the readers had failed");
    }
    Ok(())
}

/// Passes on what is in the readers, in the form that the server hears.
async fn report(
    desk: Desk,
    seen: watch::Sender<Vec<protocol::ReaderSeen>>,
    shutdown: CancellationToken,
) {
    let mut changes = desk.changes();
    loop {
        seen.send_replace(changes.borrow_and_update().seen());
        tokio::select! {
            () = shutdown.cancelled() => break,
            news = changes.changed() => if news.is_err() { break },
        }
    }
}

async fn end_on_signal(shutdown: CancellationToken) {
    let interrupted = signal::ctrl_c();
    #[cfg(unix)]
    let ended = async {
        match signal::unix::signal(signal::unix::SignalKind::terminate()) {
            Ok(mut terminate) => drop(terminate.recv().await),
            Err(error) => {
                tracing::warn!(%error, "only an interrupt ends the agent in order");
                std::future::pending::<()>().await;
            }
        }
    };
    #[cfg(not(unix))]
    let ended = std::future::pending::<()>();
    tokio::select! {
        _ = interrupted => {}
        () = ended => {}
    }
    tracing::info!("the card agent ends");
    shutdown.cancel();
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn a_fingerprint_is_64_digits_with_or_without_colons() {
        assert!(fingerprint(&"0a".repeat(32)).is_ok());
        assert!(fingerprint(&vec!["0A"; 32].join(":")).is_ok());
        assert!(fingerprint(&"0a".repeat(31)).is_err());
    }
}
