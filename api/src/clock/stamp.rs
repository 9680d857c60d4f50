//! Our time, kept in a file, so that the next start knows how far a wall clock can have come.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
    sync::{Mutex, PoisonError},
};

use anyhow::Context as _;
use chrono::{DateTime, SecondsFormat, Utc};

use super::Clock;

/// The file in the data folder.
const FILE: &str = "clock";

/// Where the next one is written before it takes the file's place.
const BESIDE: &str = "clock.new";

/// A stamp is never replaced by an older reading of the same clock.
static WRITING: Mutex<()> = Mutex::new(());

/// The last one; `None` before the first.
pub(super) fn read(data_dir: &Path) -> anyhow::Result<Option<DateTime<Utc>>> {
    let path = data_dir.join(FILE);
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(|| path.display().to_string()),
    };
    let stamp = text.trim_end().parse().with_context(|| {
        format!("{}: not an instant; write the time that was right last", path.display())
    })?;
    Ok(Some(stamp))
}

/// Keeps what this clock shows: after a power cut either it or what was kept before is there.
pub(super) fn write(data_dir: &Path, clock: &dyn Clock) -> io::Result<()> {
    let _writing = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
    let now = clock.now().to_rfc3339_opts(SecondsFormat::Micros, true);
    let beside = data_dir.join(BESIDE);
    let mut file =
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
    writeln!(file, "{now}")?;
    file.sync_all()?;
    fs::rename(&beside, data_dir.join(FILE))?;
    File::open(data_dir)?.sync_all()
}
