//! `latchkey-card-agent`: reads and writes smartcards for the portal, on this workstation.

use std::{
    fs,
    io::Read as _,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
    thread,
    time::Duration,
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

/// How long an orderly end may take: longer than a card needs for one answer, and shorter than whoever
/// ends services waits before it kills.
const END_MAX: Duration = Duration::from_secs(5);

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

fn main() -> ExitCode {
    match to_its_end(Arguments::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // One line for the operator; what caused it stands behind it.
            eprintln!("latchkey-card-agent: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Carries out a command. Threads that a smartcard service still holds do not keep us.
fn to_its_end(asked: Command) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Runtime::new()?;
    let outcome = runtime.block_on(command(asked));
    runtime.shutdown_background();
    outcome
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
    end_on_signal(shutdown.clone());

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
    let in_order = async {
        axum::serve(listener, page.routes())
            .with_graceful_shutdown(shutdown.clone().cancelled_owned())
            .await?;
        dialling.await?;
        reporting.await?;
        if tokio::task::spawn_blocking(move || watching.join()).await?.is_err() {
            tracing::error!("the thread that watched the readers had failed");
        }
        Ok(())
    };
    tokio::select! {
        ended = in_order => ended,
        () = overdue(&shutdown) => {
            tracing::warn!("the card agent ends without waiting any longer for what still runs");
            Ok(())
        }
    }
}

/// Waits until the agent should have ended. The smartcard service can hold a thread for ever, and a
/// browser a connection.
async fn overdue(shutdown: &CancellationToken) {
    shutdown.cancelled().await;
    tokio::time::sleep(END_MAX).await;
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

/// From when this returns on, a signal ends the agent in order.
fn end_on_signal(shutdown: CancellationToken) {
    #[cfg(unix)]
    let terminate = signal::unix::signal(signal::unix::SignalKind::terminate());
    #[cfg(unix)]
    let ended = async {
        match terminate {
            Ok(mut terminate) => drop(terminate.recv().await),
            Err(error) => {
                tracing::warn!(%error, "only an interrupt ends the agent in order");
                std::future::pending::<()>().await;
            }
        }
    };
    #[cfg(not(unix))]
    let ended = std::future::pending::<()>();
    tokio::spawn(async move {
        tokio::select! {
            _ = signal::ctrl_c() => {}
            () = ended => {}
        }
        tracing::info!("the card agent ends");
        shutdown.cancel();
    });
}

#[cfg(test)]
mod tests {
    use std::{
        net::TcpListener,
        os::unix::net::UnixListener,
        process::{self, ExitStatus, Stdio},
    };

    use clap::CommandFactory as _;

    use super::*;

    /// Where the child of the test below finds its configuration; unset in an ordinary run.
    const CONFIG: &str = "LATCHKEY_ENDING_CONFIG";

    /// How often it is looked whether the child has ended, and the pause in between: four times
    /// what it may take.
    const LOOKS_MAX: u32 = 200;
    const LOOK_EVERY: Duration = Duration::from_millis(100);

    #[test]
    fn the_child_of_the_ending_test_runs_until_it_is_ended() {
        let Ok(config) = std::env::var(CONFIG) else { return };
        to_its_end(Command::Run { config: config.into() }).unwrap();
    }

    /// An enrolment that no server knows.
    fn enrol_at(folder: &Path) {
        let openssl = |arguments: &[&str]| {
            let made = process::Command::new("openssl")
                .args(arguments)
                .current_dir(folder)
                .stderr(Stdio::null())
                .status();
            assert!(made.unwrap().success(), "{arguments:?}");
        };
        openssl(&[
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-subj",
            "/CN=nobody",
            "-keyout",
            "key.pem",
            "-outform",
            "DER",
            "-out",
            "certificate.der",
        ]);
        openssl(&[
            "pkcs8", "-topk8", "-nocrypt", "-in", "key.pem", "-outform", "DER", "-out", "key.der",
        ]);
        fs::copy(folder.join("certificate.der"), folder.join("authority.der")).unwrap();
        let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        fs::set_permissions(folder.join("key.der"), private).unwrap();
    }

    /// Looks again and again until there is something.
    fn looked<T>(mut look: impl FnMut() -> Option<T>) -> Option<T> {
        for _ in 0..LOOKS_MAX {
            if let Some(found) = look() {
                return Some(found);
            }
            thread::sleep(LOOK_EVERY);
        }
        None
    }

    #[test]
    fn an_agent_whose_smartcard_service_hangs_ends_when_it_is_asked_to() {
        let folder = tempfile::tempdir().unwrap();
        enrol_at(folder.path());
        let free = || TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let (page, server) = (free(), free());
        let (page_port, server) = (page.local_addr().unwrap().port(), server.local_addr().unwrap());
        drop(page);
        let config = folder.path().join("card-agent.toml");
        let settings = format!(
            "server = \"{server}\"\nportal_origin = \"http://localhost:7400\"\n\
             page_port = {page_port}\nworkstation = \"ending\"\nstate_dir = {:?}\n\
             approved_readers = [\"None\"]\n",
            folder.path()
        );
        fs::write(&config, settings).unwrap();
        // A service that takes every connection and never says anything.
        let socket = folder.path().join("pcscd.comm");
        let service = UnixListener::bind(&socket).unwrap();

        let test = "tests::the_child_of_the_ending_test_runs_until_it_is_ended";
        let mut child = process::Command::new(std::env::current_exe().unwrap())
            .args([test, "--exact", "--nocapture"])
            .env(CONFIG, &config)
            .env("PCSCLITE_CSOCK_NAME", &socket)
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        service.set_nonblocking(true).unwrap();
        let held = looked(|| service.accept().ok());
        assert!(held.is_some(), "it did not ask for the smartcard service: {:?}", child.try_wait());
        let asked = process::Command::new("kill").arg(child.id().to_string()).status();
        assert!(asked.unwrap().success());
        let status = looked(|| child.try_wait().unwrap());
        // If it has ended, there is nothing to kill.
        child.kill().ok();
        child.wait().unwrap();
        drop(held);
        assert!(status.is_some_and(|status: ExitStatus| status.success()), "{status:?}");
    }

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
