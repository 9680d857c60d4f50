//! `latchkey audit`: the log for others to read, and how somebody stood at any instant.
//!
//! Asks the running server, or reads the files of a stopped one. `as-of` and `explain` need neither
//! if they are given an export.

use std::{
    fs::File,
    io::{self, BufReader, BufWriter, Write},
    path::{Path, PathBuf},
    process::ExitCode,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use clap::{Args, Subcommand};
use domain::ids::HolderId;
use stores::event_store::Position;

use crate::{
    app::App,
    audit::{
        explain::Explained,
        export::{self, Export},
        offline,
        state::{self, AsOf},
        story::Story,
    },
    config::Config,
    control::{
        self,
        audit::{Question, Reply},
    },
};

/// What to do for an auditor.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Write every event and every logon check, as CloudEvents 1.0, one JSON object a line.
    Export {
        /// Leave out the events up to this position, the last one of an earlier export.
        #[arg(long)]
        from: Option<u64>,
        /// Write to this file, which must not exist, instead of to standard output.
        #[arg(long)]
        to: Option<PathBuf>,
    },
    /// Print the whole state of a holder at an instant, and what it rests on, as canonical JSON.
    AsOf {
        /// Of whom.
        #[command(flatten)]
        whom: Whom,
        /// The instant: 2026-03-02T12:00:00Z.
        #[arg(long)]
        at: DateTime<Utc>,
    },
    /// Print what would be refused to a holder, by which rule, when that changes, and the way out.
    Explain {
        /// Of whom.
        #[command(flatten)]
        whom: Whom,
        /// The instant; now if it is left out, or where the export ends.
        #[arg(long)]
        at: Option<DateTime<Utc>>,
    },
}

/// A holder, and where to read of him.
#[derive(Debug, Args)]
pub struct Whom {
    /// The holder's id.
    #[arg(long)]
    holder: HolderId,
    /// Read this export instead of the log: no server and no database is needed.
    #[arg(long)]
    from: Option<PathBuf>,
}

/// Runs the command.
pub fn run(config: Option<&Path>, command: &Command) -> anyhow::Result<ExitCode> {
    let document = match command {
        Command::Export { from, to } => {
            let after = Position(from.unwrap_or_default());
            write_export(super::config::load(config)?, after, to.as_deref())?;
            return Ok(ExitCode::SUCCESS);
        }
        Command::AsOf { whom: Whom { holder, from: Some(file) }, at } => {
            AsOf::of(&offline(file, *holder, *at)?)?.bytes()?
        }
        Command::Explain { whom: Whom { holder, from: Some(file) }, at } => {
            let at = at.map_or_else(|| offline::ends(opened(file)?), Ok)?;
            Explained::of(&offline(file, *holder, at)?)?.bytes()?
        }
        Command::AsOf { whom: Whom { holder, from: None }, at } => {
            asked(config, Question::AsOf { holder: *holder, at: *at })?
        }
        Command::Explain { whom: Whom { holder, from: None }, at } => {
            asked(config, Question::Explain { holder: *holder, at: *at })?
        }
    };
    io::stdout().lock().write_all(&document)?;
    Ok(ExitCode::SUCCESS)
}

fn opened(export: &Path) -> anyhow::Result<BufReader<File>> {
    Ok(BufReader::new(File::open(export).with_context(|| export.display().to_string())?))
}

fn offline(export: &Path, holder: HolderId, at: DateTime<Utc>) -> anyhow::Result<Story> {
    let (story, ends) = offline::story(opened(export)?, holder, at)?;
    if ends < at {
        eprintln!(
            "latchkey: the last event of the export is of {}; what happened after it is not known here",
            state::text(ends)
        );
    }
    Ok(story)
}

/// A document from the running server, or from the files of a stopped one.
fn asked(config: Option<&Path>, question: Question) -> anyhow::Result<Vec<u8>> {
    let config = super::config::load(config)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let reply = runtime.block_on(async {
        if control::is_running(&config.data_dir) {
            return ask(&config.data_dir, question).await;
        }
        let app = super::open_stopped(config).await?;
        control::audit::answer(&app, question).await
    })?;
    match reply {
        Reply::Document(document) => Ok([document.get().as_bytes(), b"\n"].concat()),
        Reply::Begun { .. } | Reply::Lines { .. } => {
            super::not_an_answer(control::Reply::Audit(reply))
        }
    }
}

async fn ask(data_dir: &Path, question: Question) -> anyhow::Result<Reply> {
    let reply = control::ask(data_dir, &control::Question::Audit(question)).await?;
    if let control::Reply::Audit(reply) = reply { Ok(reply) } else { super::not_an_answer(reply) }
}

fn write_export(config: Config, after: Position, to: Option<&Path>) -> anyhow::Result<()> {
    let mut out: Box<dyn Write> = match to {
        None => Box::new(io::stdout().lock()),
        Some(path) => Box::new(File::create_new(path).with_context(|| path.display().to_string())?),
    };
    let mut out = BufWriter::new(&mut *out);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let begun = Instant::now();
    let written = runtime.block_on(async {
        if control::is_running(&config.data_dir) {
            return from_server(&config.data_dir, after, &mut out).await;
        }
        let app = super::open_stopped(config).await?;
        from_files(&app, after, &mut out).await
    })?;
    out.flush()?;
    written.say(begun.elapsed());
    Ok(())
}

/// How much was written.
#[derive(Default)]
struct Written {
    n_lines: u64,
    n_bytes: u64,
    /// The last event: `--from` of the next export.
    last: Option<Position>,
}

impl Written {
    fn add(&mut self, line: &[u8]) {
        self.n_lines += 1;
        self.n_bytes += u64::try_from(line.len()).unwrap_or(u64::MAX);
    }

    fn say(&self, elapsed: Duration) {
        #[expect(clippy::cast_precision_loss, reason = "a rate for people to read")]
        let rate = self.n_lines as f64 / elapsed.as_secs_f64().max(f64::MIN_POSITIVE);
        let memory = super::most_memory()
            .map(|kilobytes| format!(", memory at most {} MB", kilobytes / 1024))
            .unwrap_or_default();
        let next = self.last.map(|last| format!("; go on with --from {}", last.0));
        eprintln!(
            "{} lines, {} bytes in {:.1} s, {rate:.0} lines/s{memory}{}",
            self.n_lines,
            self.n_bytes,
            elapsed.as_secs_f64(),
            next.unwrap_or_default()
        );
    }
}

async fn from_files(app: &App, after: Position, out: &mut impl Write) -> anyhow::Result<Written> {
    let log = app.stores().log.as_ref();
    let (cursor, end) = (export::begin(log, after).await?, export::end(log, app.now()).await?);
    let mut export: Export = app.export(cursor, end);
    let mut written = Written::default();
    while let Some(line) = export.next().await? {
        out.write_all(&line)?;
        written.add(&line);
    }
    written.last = Some(export.cursor().event);
    Ok(written)
}

async fn from_server(
    data_dir: &Path,
    after: Position,
    out: &mut impl Write,
) -> anyhow::Result<Written> {
    let Reply::Begun { mut cursor, end } = ask(data_dir, Question::Begin { after }).await? else {
        anyhow::bail!("the server answered another question");
    };
    let mut written = Written::default();
    loop {
        let page = ask(data_dir, Question::Lines { cursor, end }).await?;
        let Reply::Lines { lines, cursor: next } = page else {
            anyhow::bail!("the server answered another question");
        };
        if lines.is_empty() {
            break;
        }
        for line in lines {
            let line = [line.get().as_bytes(), b"\n"].concat();
            out.write_all(&line)?;
            written.add(&line);
        }
        cursor = next;
    }
    written.last = Some(cursor.event);
    Ok(written)
}
