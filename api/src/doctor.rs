//! `latchkey doctor`: is everything there that the server needs, and in order? Nothing is changed
//! by looking: no folder made, no key drawn, no database opened.
//!
//! Exit code 0: nothing failed (there may be warnings). Exit code 1: at least one check failed, and
//! `latchkey all` would not start, or not be safe.

use std::{
    fmt::Write as _,
    fs::{self, File, OpenOptions},
    io::{ErrorKind, Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::ExitCode,
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    clock::{Clock as _, WallClock},
    config::{Config, DatabaseSettings, Mode, Portal},
    front_door::Certificate,
    hsm,
    keystore::{Keystore, KeystoreError},
    mail_server,
};

/// How long a port that is taken has to say whose it is.
const ANSWER_MAX: Duration = Duration::from_millis(500);

/// How long the mail server has to greet.
const GREETING_MAX: Duration = Duration::from_secs(3);

/// Renewing the portal's certificate is late when it is good for less than this: the programs that do it by
/// themselves begin weeks before.
const CERTIFICATE_NOTICE: TimeDelta = TimeDelta::days(7);

/// The permissions that nobody but the owner needs.
const OTHERS: u32 = 0o077;

/// How much of that answer is read, in bytes.
const ANSWER_BYTES_MAX: u64 = 1024;

/// The word by which a server of ours is known in its answer to `GET /livez`.
pub const OURS: &str = "latchkey";

/// What the first 16 bytes of a SQLite database are.
const SQLITE_MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// How a check came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// In order.
    Ok,
    /// The server starts, but somebody should look at it.
    Warn,
    /// The server would not start, or not be safe.
    Fail,
}

impl Verdict {
    /// As it stands in the table.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }
}

/// One check and how it came out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What was looked at: a key of the configuration, or `clock`.
    pub check: &'static str,
    /// How it came out.
    pub verdict: Verdict,
    /// What was found, in one line.
    pub detail: String,
}

/// Looks at everything, at this moment, for the program that is running.
#[must_use]
pub fn doctor(config: &Config) -> Vec<Finding> {
    doctor_at(config, WallClock.now(), built_at())
}

/// Looks at everything: `now` by the server's clock, for a program built at `built_at`, if that is
/// known.
#[must_use]
pub fn doctor_at(
    config: &Config,
    now: DateTime<Utc>,
    built_at: Option<DateTime<Utc>>,
) -> Vec<Finding> {
    let mut findings = vec![clock(now, built_at), data_folder(&config.data_dir)];
    match &config.database {
        Some(settings) => findings.push(server(settings)),
        None => findings.extend([
            database("log database", &config.log_database()),
            database("projections database", &config.projections_database()),
        ]),
    }
    findings.extend([
        keystore(config),
        keys_apart(config),
        port("portal.listen", config.portal.listen, config.operator.listen),
    ]);
    findings.extend(portal_certificate(&config.portal, now));
    findings.extend([
        port("agents.listen", config.agents.listen, config.operator.listen),
        port("operator.listen", config.operator.listen, config.operator.listen),
        port("authority.listen", config.authority.listen, config.operator.listen),
        authority_url(config),
        issuing_key(config),
        readers(config),
        mail(config),
    ]);
    findings
}

/// The findings as a table, a line each.
#[must_use]
pub fn table(findings: &[Finding]) -> String {
    let width = findings.iter().map(|finding| finding.check.len()).max().unwrap_or_default();
    findings.iter().fold(String::new(), |mut text, finding| {
        let (verdict, check) = (finding.verdict.as_str(), finding.check);
        // Writing to a text cannot fail.
        let _ = writeln!(text, "{verdict:<4}  {check:<width$}  {}", finding.detail);
        text
    })
}

/// 0 if nothing failed, 1 otherwise.
#[must_use]
pub fn exit_code(findings: &[Finding]) -> ExitCode {
    if findings.iter().any(|finding| finding.verdict == Verdict::Fail) {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}

fn finding(check: &'static str, verdict: Verdict, detail: impl Into<String>) -> Finding {
    Finding { check, verdict, detail: detail.into() }
}

/// When this program was built: the date of its file, which installing it keeps.
fn built_at() -> Option<DateTime<Utc>> {
    let program = std::env::current_exe().ok()?;
    let modified = fs::metadata(program).ok()?.modified().ok()?;
    Some(DateTime::from(modified))
}

/// A clock that shows a time before the program was built is wrong, and a wrong clock locks people
/// out.
fn clock(now: DateTime<Utc>, built_at: Option<DateTime<Utc>>) -> Finding {
    match built_at {
        Some(built_at) if now < built_at => {
            let detail = format!("shows {now}, but the program was built at {built_at}");
            finding("clock", Verdict::Fail, detail)
        }
        Some(_) => finding("clock", Verdict::Ok, format!("shows {now}")),
        None => {
            let detail = format!("shows {now}; when the program was built is not known");
            finding("clock", Verdict::Warn, detail)
        }
    }
}

fn data_folder(folder: &Path) -> Finding {
    const CHECK: &str = "data_dir";
    let shown = folder.display();
    let metadata = match fs::metadata(folder) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return finding(CHECK, Verdict::Ok, format!("{shown} will be made at the first start"));
        }
        Err(error) => return finding(CHECK, Verdict::Fail, format!("{shown}: {error}")),
    };
    if !metadata.is_dir() {
        return finding(CHECK, Verdict::Fail, format!("{shown} is not a folder"));
    }
    if let Err(error) = try_to_write(folder) {
        return finding(CHECK, Verdict::Fail, format!("{shown} cannot be written to: {error}"));
    }
    let mode = metadata.permissions().mode() & 0o777;
    if mode & OTHERS == 0 {
        finding(CHECK, Verdict::Ok, format!("{shown} can be written to"))
    } else {
        let detail =
            format!("{shown} has permissions {mode:04o}: others can get at it (chmod 0700)");
        finding(CHECK, Verdict::Warn, detail)
    }
}

/// Writes a file and removes it again.
fn try_to_write(folder: &Path) -> std::io::Result<()> {
    let probe = folder.join(format!(".doctor-{}", std::process::id()));
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&probe)
        .and_then(|mut file| file.write_all(b"may be deleted\n"));
    match written {
        Ok(()) => fs::remove_file(&probe),
        Err(error) => {
            // It may not be there at all.
            let _ = fs::remove_file(&probe);
            Err(error)
        }
    }
}

/// Asks a PostgreSQL server whether it is there, and keeps what it acknowledges.
fn server(settings: &DatabaseSettings) -> Finding {
    const CHECK: &str = "database.url";
    let asked = || -> anyhow::Result<()> {
        let options = crate::database::options(settings)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(options.examine())?;
        Ok(())
    };
    // The address holds no password: `config` refuses one that does.
    let url = &settings.url;
    match asked() {
        Ok(()) => finding(CHECK, Verdict::Ok, format!("{url} is there and durable")),
        Err(error) => finding(CHECK, Verdict::Fail, format!("{url}: {error:#}")),
    }
}

/// Looks at a database's file from outside: its durability settings are asked back at every start.
fn database(check: &'static str, path: &Path) -> Finding {
    let shown = path.display();
    if !path.exists() {
        return finding(check, Verdict::Ok, format!("{shown} will be made at the first start"));
    }
    let mut header = [0; 20];
    let read = OpenOptions::new()
        .read(true)
        .write(true)
        .open(path)
        .and_then(|mut file: File| file.read_exact(&mut header));
    match read {
        Err(error) => finding(check, Verdict::Fail, format!("{shown}: {error}")),
        Ok(()) if !header.starts_with(SQLITE_MAGIC) => {
            finding(check, Verdict::Fail, format!("{shown} is not a SQLite database"))
        }
        // Bytes 18 and 19 are 2 for a write-ahead log (SQLite file format, 1.3.3).
        Ok(()) if header[18..20] != [2, 2] => {
            let detail = format!("{shown} has no write-ahead log yet; the next start sets it");
            finding(check, Verdict::Warn, detail)
        }
        Ok(()) => finding(check, Verdict::Ok, format!("{shown} can be read and written")),
    }
}

fn keystore(config: &Config) -> Finding {
    const CHECK: &str = "keystore.dir";
    let folder = config.keystore_dir();
    let shown = folder.display();
    match Keystore::open(&folder, config.mode) {
        Ok(keystore) => {
            let detail = format!(
                "{shown} is for {}, made at {}, nobody else can read it",
                keystore.mode(),
                keystore.created_at()
            );
            finding(CHECK, Verdict::Ok, detail)
        }
        // New keys do not open what was sealed with lost ones.
        Err(KeystoreError::NotThere(_)) if config.log_database().exists() => {
            let detail = format!("{shown} holds no keystore, but there is a log: restore its keys");
            finding(CHECK, Verdict::Fail, detail)
        }
        Err(KeystoreError::NotThere(_)) => {
            finding(CHECK, Verdict::Ok, format!("{shown} will be made at the first start"))
        }
        Err(error) => finding(CHECK, Verdict::Fail, chain(&error)),
    }
}

/// An error and its causes in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

/// Who has the database and the keys can search short passcodes: one backup must not take both. The
/// configuration has seen to the names; here links are followed.
fn keys_apart(config: &Config) -> Finding {
    const CHECK: &str = "keys apart";
    let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    let inside = real(&config.keystore_dir()).starts_with(real(&config.data_dir));
    match config.mode {
        Mode::Production if inside => {
            let detail =
                "the keys lie in the data folder: give them one of their own (keystore.dir)";
            finding(CHECK, Verdict::Warn, detail)
        }
        Mode::Production => finding(CHECK, Verdict::Ok, "the keys lie apart from the data"),
        Mode::Demo => finding(CHECK, Verdict::Ok, "not asked of a demonstration"),
    }
}

/// A port is free if it can be bound; it is ours if the operator's address answers as a server of
/// ours.
fn port(check: &'static str, address: SocketAddr, operator: SocketAddr) -> Finding {
    match TcpListener::bind(address) {
        Ok(_) => finding(check, Verdict::Ok, format!("{address} is free")),
        Err(error) if error.kind() == ErrorKind::AddrInUse && is_ours(operator) => {
            finding(check, Verdict::Ok, format!("{address} is taken while a server of ours runs"))
        }
        Err(error) => finding(check, Verdict::Fail, format!("{address}: {error}")),
    }
}

fn is_ours(operator: SocketAddr) -> bool {
    let ask = || -> std::io::Result<String> {
        let mut stream = TcpStream::connect_timeout(&operator, ANSWER_MAX)?;
        stream.set_read_timeout(Some(ANSWER_MAX))?;
        stream.set_write_timeout(Some(ANSWER_MAX))?;
        let request =
            format!("GET /livez HTTP/1.1\r\nhost: {operator}\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes())?;
        let mut answer = String::new();
        stream.take(ANSWER_BYTES_MAX).read_to_string(&mut answer)?;
        Ok(answer)
    };
    ask().is_ok_and(|answer| answer.starts_with("HTTP/1.1 200") && answer.contains(OURS))
}

/// A certificate that has ended keeps everybody out, and whoever renews it wants some days for it.
fn portal_certificate(portal: &Portal, now: DateTime<Utc>) -> Option<Finding> {
    const CHECK: &str = "portal.tls_certificate";
    let settings = portal.https.as_ref()?;
    Some(match Certificate::read(settings, portal.https_name()) {
        Err(error) => finding(CHECK, Verdict::Fail, chain(&error)),
        Ok(certificate) => {
            let (from, until) = (certificate.not_before, certificate.not_after);
            let detail = format!("good from {from} until {until}");
            let verdict = if !certificate.is_valid(now) {
                Verdict::Fail
            } else if until < now + CERTIFICATE_NOTICE {
                Verdict::Warn
            } else {
                Verdict::Ok
            };
            finding(CHECK, verdict, detail)
        }
    })
}

/// It stands in every certificate, so it is better right from the first one on.
fn authority_url(config: &Config) -> Finding {
    const CHECK: &str = "authority.url";
    let url = &config.authority.url;
    // Production does not start without one that leads away from this machine.
    finding(CHECK, Verdict::Ok, format!("{url} stands in every certificate"))
}

fn issuing_key(config: &Config) -> Finding {
    const CHECK: &str = "authority.hsm_key";
    match (&config.authority.hsm, hsm::issuing_key(config)) {
        (None, _) => finding(CHECK, Verdict::Ok, "the issuing key is in the keystore"),
        (Some(place), Ok(_)) => {
            let detail = format!("{:?} is on token {:?}", place.key, place.token);
            finding(CHECK, Verdict::Ok, detail)
        }
        (Some(_), Err(error)) => finding(CHECK, Verdict::Fail, format!("{error:#}")),
    }
}

fn readers(config: &Config) -> Finding {
    let approved = &config.readers.approved;
    if approved.is_empty() {
        let detail = "no card reader is approved: nobody can log in (readers.approved)";
        finding("readers.approved", Verdict::Warn, detail)
    } else {
        finding("readers.approved", Verdict::Ok, approved.join(", "))
    }
}

/// Only looked at, never written to: that it greets does not say that it takes mail from us.
fn mail(config: &Config) -> Finding {
    const CHECK: &str = "mail.server";
    let Some(mail) = &config.mail else {
        return match config.mode {
            Mode::Production => {
                let detail = "no mail is sent: there is no section [mail]";
                finding(CHECK, Verdict::Warn, detail)
            }
            Mode::Demo => finding(CHECK, Verdict::Ok, "the demonstration keeps its mails itself"),
        };
    };
    if let Err(error) = mail_server::courier(mail) {
        return finding(CHECK, Verdict::Fail, chain(&error));
    }
    let place = format!("{} port {}", mail.server, mail.port);
    match mail_server::greets(mail, GREETING_MAX) {
        Ok(()) => finding(CHECK, Verdict::Ok, format!("{place} answers")),
        Err(error) => finding(CHECK, Verdict::Warn, format!("{place}: {error}")),
    }
}

#[cfg(test)]
mod tests;
