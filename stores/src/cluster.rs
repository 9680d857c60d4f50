//! A PostgreSQL for tests alone: made when it is first asked for, ended and deleted with the program
//! that asked, however that ends (`setup/postgres-sandbox`). Durability is on, as in production.
//!
//! A test gets a database of its own; those that stop or kill the server get a server of their own.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::{
        Mutex, OnceLock,
        atomic::{AtomicU32, Ordering},
    },
};

use anyhow::{Context as _, bail, ensure};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, postgres::PgConnectOptions};

/// How often a port is tried: somebody else may take a free one before the server does.
const STARTS_MAX: u8 = 3;

/// A running server. It ends when this is dropped, and when the program dies.
#[derive(Debug)]
pub struct Cluster {
    process: Child,
    sandbox: Mutex<(ChildStdin, BufReader<ChildStdout>)>,
    folder: PathBuf,
    port: u16,
    n_databases: AtomicU32,
}

impl Cluster {
    /// The server that all tests of a program share.
    ///
    /// # Panics
    /// If this machine has no PostgreSQL; standard error says what is missing.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Cluster> = OnceLock::new();
        SHARED.get_or_init(|| Self::start().expect("the tests need the Debian package postgresql"))
    }

    /// A server of one's own, on a free port of loopback and a socket.
    ///
    /// # Errors
    /// If this machine has no PostgreSQL; standard error says what is missing.
    pub fn start() -> anyhow::Result<Self> {
        for _ in 1..STARTS_MAX {
            if let Ok(cluster) = Self::try_start() {
                return Ok(cluster);
            }
        }
        Self::try_start()
    }

    fn try_start() -> anyhow::Result<Self> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("../setup/postgres-sandbox");
        let mut process = Command::new(program)
            .arg(port.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let commands = process.stdin.take().context("no input")?;
        let mut answers = BufReader::new(process.stdout.take().context("no output")?);
        let mut ready = String::new();
        answers.read_line(&mut ready)?;
        let Some(folder) = ready.trim_end().strip_prefix("ready ") else {
            process.wait()?;
            bail!("PostgreSQL did not get ready; standard error says why");
        };
        let folder = PathBuf::from(folder);
        let sandbox = Mutex::new((commands, answers));
        Ok(Self { process, sandbox, folder, port, n_databases: AtomicU32::new(0) })
    }

    /// Ends the server at once, as a power cut would: nothing is written down first.
    pub fn stop(&self) -> anyhow::Result<()> {
        self.tell("stop")
    }

    /// kill -9 of the server and all its processes.
    pub fn kill(&self) -> anyhow::Result<()> {
        self.tell("kill")
    }

    /// Starts it again, over what is on the disk.
    pub fn start_again(&self) -> anyhow::Result<()> {
        self.tell("start")
    }

    /// The address of a new, empty database, over the socket.
    pub async fn database(&self) -> anyhow::Result<String> {
        let number = self.n_databases.fetch_add(1, Ordering::Relaxed);
        let name = format!("test_{number}");
        let maintenance: PgConnectOptions = self.address("postgres").parse()?;
        let mut connection = maintenance.connect().await?;
        sqlx::query(AssertSqlSafe(format!("create database {name}")))
            .execute(&mut connection)
            .await?;
        connection.close().await?;
        Ok(self.address(&name))
    }

    /// The address of the same database over TCP and TLS, by the name that the server's certificate
    /// proves; `sslrootcert`, the authority to trust, stands last.
    pub fn over_tls(&self, address: &str) -> anyhow::Result<String> {
        let (_, name) = address.split_once("@localhost/").context("not one of ours")?;
        let name = name.split('?').next().unwrap_or(name);
        let secret = std::fs::read_to_string(self.folder.join("password"))?;
        let authority = self.folder.join("certificate.pem");
        Ok(format!(
            "postgres://latchkey:{secret}@localhost:{}/{name}?sslmode=verify-full&sslrootcert={}",
            self.port,
            authority.display()
        ))
    }

    fn address(&self, database: &str) -> String {
        let folder = self.folder.display();
        format!("postgres://latchkey@localhost/{database}?host={folder}&port={}", self.port)
    }

    fn tell(&self, command: &str) -> anyhow::Result<()> {
        let mut sandbox = self.sandbox.lock().map_err(|_| anyhow::anyhow!("a command failed"))?;
        let (commands, answers) = &mut *sandbox;
        writeln!(commands, "{command}")?;
        let mut answer = String::new();
        answers.read_line(&mut answer)?;
        ensure!(answer.trim_end() == "done", "{command} failed; standard error says why");
        Ok(())
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if let Ok(mut sandbox) = self.sandbox.lock() {
            // The end of its input ends it.
            let (commands, _) = &mut *sandbox;
            commands.write_all(b"end\n").ok();
        }
        self.process.wait().ok();
    }
}
