//! What has been lived, on its way into the order of time: everybody lives alone, and the log has all of
//! them day by day. A file for each day holds what happened on it, so that memory holds one day.

use std::{
    fs::{self, File, OpenOptions},
    io::{BufReader, BufWriter, ErrorKind, Read, Write},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use anyhow::Context as _;
use chrono::DateTime;
use domain::ids::EventId;
use stores::{
    bulk::Append,
    event_store::{NewEvent, Revision},
};
use uuid::Uuid;

/// What is kept of each file before it is written, in bytes.
const BUFFER_BYTES: usize = 32 * 1024;

/// The longest part of a line, in bytes: more than any event has.
const PART_BYTES_MAX: usize = 128 * 1024;

/// A file for each day, in a folder that is gone with this.
pub(super) struct Spill {
    folder: PathBuf,
    days: Vec<Mutex<BufWriter<File>>>,
}

/// What somebody did, and its place among all that happens.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Kept {
    /// Who.
    pub(super) person: u32,
    /// Its place in his life.
    pub(super) place: u32,
    pub(super) append: Append,
}

impl Spill {
    /// Makes the folder, which must not exist, and so many files in it.
    pub(super) fn begin(folder: PathBuf, n_days: usize) -> anyhow::Result<Self> {
        fs::create_dir(&folder).with_context(|| folder.display().to_string())?;
        let mut spill = Self { folder, days: Vec::with_capacity(n_days) };
        for day in 0..n_days {
            let path = spill.path(day);
            // Readable by its owner only, like the database.
            let file = OpenOptions::new().create_new(true).write(true).mode(0o600).open(&path);
            let file = file.with_context(|| path.display().to_string())?;
            spill.days.push(Mutex::new(BufWriter::with_capacity(BUFFER_BYTES, file)));
        }
        Ok(spill)
    }

    /// Keeps what happened on a day.
    pub(super) fn keep(&self, day: usize, kept: &Kept) -> anyhow::Result<()> {
        let file = self.days.get(day).context("a day beyond the last")?;
        write(&mut *file.lock().unwrap_or_else(PoisonError::into_inner), kept)
    }

    /// All that happened on a day, in the order of time; two people at the same instant in the order of
    /// their numbers. The day's file is gone then.
    pub(super) fn take(&self, day: usize) -> anyhow::Result<Vec<Kept>> {
        let file = self.days.get(day).context("a day beyond the last")?;
        file.lock().unwrap_or_else(PoisonError::into_inner).flush()?;
        let path = self.path(day);
        let mut all = read_all(&path).with_context(|| path.display().to_string())?;
        fs::remove_file(&path)?;
        all.sort_by_key(|kept| (kept.append.at, kept.person, kept.place));
        Ok(all)
    }

    fn path(&self, day: usize) -> PathBuf {
        self.folder.join(format!("day-{day}"))
    }
}

impl Drop for Spill {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.folder) {
            tracing::warn!(folder = %self.folder.display(), %error, "a folder could not be removed");
        }
    }
}

fn write(to: &mut impl Write, Kept { person, place, append }: &Kept) -> anyhow::Result<()> {
    let Append { stream, from, at, events } = append;
    for number in [*person, *place, u32::try_from(events.len())?] {
        to.write_all(&number.to_be_bytes())?;
    }
    to.write_all(&from.0.to_be_bytes())?;
    to.write_all(&at.timestamp_micros().to_be_bytes())?;
    write_part(to, stream.as_str().as_bytes())?;
    for NewEvent { id, kind, schema, data, meta } in events {
        to.write_all(id.0.as_bytes())?;
        to.write_all(&schema.to_be_bytes())?;
        for part in [kind.as_bytes(), data, meta] {
            write_part(to, part)?;
        }
    }
    Ok(())
}

fn write_part(to: &mut impl Write, part: &[u8]) -> anyhow::Result<()> {
    to.write_all(&u32::try_from(part.len())?.to_be_bytes())?;
    Ok(to.write_all(part)?)
}

fn read_all(path: &Path) -> anyhow::Result<Vec<Kept>> {
    let mut from = BufReader::with_capacity(BUFFER_BYTES, File::open(path)?);
    let mut all = Vec::new();
    let mut person = [0; 4];
    loop {
        match from.read_exact(&mut person) {
            Ok(()) => all.push(read(&mut from, u32::from_be_bytes(person))?),
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(all),
            Err(error) => return Err(error.into()),
        }
    }
}

fn read(from: &mut impl Read, person: u32) -> anyhow::Result<Kept> {
    let [place, n_events] = [u32::from_be_bytes(array(from)?), u32::from_be_bytes(array(from)?)];
    let first = Revision(u64::from_be_bytes(array(from)?));
    let at = i64::from_be_bytes(array(from)?);
    let at = DateTime::from_timestamp_micros(at).context("an instant")?;
    let stream = text(from)?.parse()?;
    let mut events = Vec::new();
    for _ in 0..n_events {
        let id = EventId(Uuid::from_bytes(array(from)?));
        let schema = u16::from_be_bytes(array(from)?);
        let (kind, data, meta) = (text(from)?, part(from)?, part(from)?);
        events.push(NewEvent { id, kind, schema, data, meta });
    }
    Ok(Kept { person, place, append: Append { stream, from: first, at, events } })
}

fn array<const N: usize>(from: &mut impl Read) -> anyhow::Result<[u8; N]> {
    let mut bytes = [0; N];
    from.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn part(from: &mut impl Read) -> anyhow::Result<Vec<u8>> {
    let n_bytes = usize::try_from(u32::from_be_bytes(array(from)?))?;
    anyhow::ensure!(n_bytes <= PART_BYTES_MAX, "a part of {n_bytes} bytes");
    let mut bytes = vec![0; n_bytes];
    from.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn text(from: &mut impl Read) -> anyhow::Result<String> {
    Ok(String::from_utf8(part(from)?)?)
}

#[cfg(test)]
mod tests {
    use chrono::Utc;

    use super::*;

    fn kept(person: u32, place: u32, second: i64) -> Kept {
        let event = NewEvent {
            id: EventId(Uuid::from_u64_pair(person.into(), place.into())),
            kind: "Lived".to_owned(),
            schema: 3,
            data: b"{}".to_vec(),
            meta: format!(r#"{{"place":{place}}}"#).into_bytes(),
        };
        let at: DateTime<Utc> = DateTime::from_timestamp(second, 5_000).unwrap();
        let stream = format!("holder-{person}").parse().unwrap();
        let from = Revision(place.into());
        Kept { person, place, append: Append { stream, from, at, events: vec![event] } }
    }

    #[test]
    fn a_day_comes_back_whole_and_in_the_order_of_time_and_then_it_and_the_folder_are_gone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("spill");
        let spill = Spill::begin(path.clone(), 2).unwrap();
        for kept in [kept(2, 0, 9), kept(1, 1, 9), kept(1, 0, 9), kept(3, 0, 8)] {
            spill.keep(1, &kept).unwrap();
        }
        let sorted = [kept(3, 0, 8), kept(1, 0, 9), kept(1, 1, 9), kept(2, 0, 9)];
        assert_eq!(spill.take(1).unwrap(), sorted);
        assert_eq!(spill.take(0).unwrap(), []);
        assert!(spill.take(1).is_err());
        assert!(spill.keep(2, &kept(1, 0, 0)).is_err());
        drop(spill);
        assert!(!path.exists());
    }
}
