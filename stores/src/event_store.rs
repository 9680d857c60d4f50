//! The event log as the rest of the program sees it, whatever database is behind it.
//!
//! Four promises, checked by one contract suite on every backend (`contract`):
//! an acknowledged append is durable; positions are handed out in commit order, so a reader that
//! remembers the last one it saw misses nothing; a repeated append (same event ids) is recognised
//! and answered as the first time; a subscriber sees every event once, in order.

use std::{fmt, str::FromStr};

use chrono::{DateTime, Utc};
use domain::ids::EventId;
use futures::{future::BoxFuture, stream::BoxStream};
use serde::{Deserialize, Serialize};

/// The largest event, `data` and `meta` together, in bytes.
pub const EVENT_BYTES_MAX: usize = 60_000;

/// The most events in one append.
pub const APPEND_EVENTS_MAX: usize = 64;

/// The longest name of an event's type, in bytes. It is printable ASCII without spaces.
pub const KIND_BYTES_MAX: usize = 64;

/// The largest whole number in `data` and `meta`, either way (RFC 7493 §2.2): canonical JSON
/// writes numbers as a double would, and a larger one would come back as another.
pub const NUMBER_MAX: u64 = (1 << 53) - 1;

/// A stream's name: category, `-`, and what it is about (`holder-0190…`). ASCII, 3 to 100 bytes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct StreamName(String);

/// Not a stream name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a stream name is lower-case category, '-' and subject, 3 to 100 printable ASCII bytes")]
pub struct NotAStreamName;

impl StreamName {
    /// The stream of one holder.
    #[must_use]
    pub fn holder(holder: domain::ids::HolderId) -> Self {
        Self(format!("holder-{holder}"))
    }

    /// The stream that binds one card to one holder.
    #[must_use]
    pub fn card(serial: &domain::ids::CardSerial) -> Self {
        Self(format!("card-{serial}"))
    }

    /// The part before the first `-`.
    #[must_use]
    pub fn category(&self) -> &str {
        self.0.split_once('-').map_or(self.0.as_str(), |(category, _)| category)
    }

    /// The part after the first `-`.
    #[must_use]
    pub fn subject(&self) -> &str {
        self.0.split_once('-').map_or("", |(_, subject)| subject)
    }

    /// The whole name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for StreamName {
    type Err = NotAStreamName;

    fn from_str(text: &str) -> Result<Self, NotAStreamName> {
        let (category, subject) = text.split_once('-').ok_or(NotAStreamName)?;
        let printable = text.bytes().all(|byte| byte.is_ascii_graphic());
        let lower = category.bytes().all(|byte| byte.is_ascii_lowercase());
        if printable && lower && !category.is_empty() && !subject.is_empty() && text.len() <= 100 {
            Ok(Self(text.to_owned()))
        } else {
            Err(NotAStreamName)
        }
    }
}

impl TryFrom<String> for StreamName {
    type Error = NotAStreamName;

    fn try_from(text: String) -> Result<Self, NotAStreamName> {
        text.parse()
    }
}

impl From<StreamName> for String {
    fn from(name: StreamName) -> Self {
        name.0
    }
}

impl fmt::Display for StreamName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Place of an event in its stream, from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Revision(pub u64);

/// Place of an event in the whole log, in commit order. Opaque to readers: compare, store, give
/// back; never compute with it. The first event's is greater than [`Position::START`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Position(pub u64);

impl Position {
    /// Before the first event.
    pub const START: Self = Self(0);
}

/// What an append expects of its stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// The stream does not exist yet.
    NoStream,
    /// Its last event has this revision.
    At(Revision),
    /// Whatever is there (notes that decide nothing).
    Any,
}

/// An event that is to be appended. `data` and `meta` are canonical JSON (RFC 8785), made by
/// [`canonical`]; the log stores these very bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEvent {
    /// Derived from the command ([`EventId::derive`]).
    pub id: EventId,
    /// Past tense: `PasscodeSet`.
    pub kind: String,
    /// Version of the shape of `data`, from 1.
    pub schema: u16,
    /// What happened.
    pub data: Vec<u8>,
    /// `$correlationId`, `$causationId`, actor, policy version, rule ids.
    pub meta: Vec<u8>,
}

/// An event of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// Its id.
    pub id: EventId,
    /// Its stream.
    pub stream: StreamName,
    /// Its place there.
    pub revision: Revision,
    /// Its place in the log.
    pub position: Position,
    /// Its type.
    pub kind: String,
    /// Version of the shape of `data`.
    pub schema: u16,
    /// When, by the server's clock; never earlier than the event before it in its stream (B-09).
    pub at: DateTime<Utc>,
    /// The bytes that were written.
    pub data: Vec<u8>,
    /// The bytes that were written.
    pub meta: Vec<u8>,
}

/// The answer to an append: the same for every repeat of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Appended {
    /// Revision of the append's last event.
    pub revision: Revision,
    /// Position of the append's last event.
    pub position: Position,
}

/// Why an append was not made.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// Somebody else wrote to the stream first: load, decide and try again.
    #[error("the stream is not where it was expected to be")]
    Conflict {
        /// Where it is; `None` if it does not exist.
        current: Option<Revision>,
    },
    /// The append itself is wrong, and will be so every time.
    #[error("the append breaks a limit of the log: {0}")]
    Invalid(&'static str),
    /// The database is gone, full or broken. Nothing was acknowledged; it may or may not have been
    /// written: repeat the same append to find out.
    #[error(transparent)]
    Unavailable(#[from] StoreError),
}

/// The database failed.
#[derive(Debug, thiserror::Error)]
#[error("the store failed: {0}")]
pub struct StoreError(#[from] pub anyhow::Error);

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        Self(error.into())
    }
}

/// Which events a reader of the whole log wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Filter {
    /// All.
    All,
    /// Those of streams of these categories.
    Categories(Vec<String>),
}

/// The event log.
pub trait EventStore: Send + Sync + 'static {
    /// Appends all events or none. Idempotent by event id: if the first id is already in the log,
    /// nothing is written and the first answer is given again.
    ///
    /// `now` is the server's clock (B-09); what is recorded is `max(now, last of the stream)`.
    fn append<'a>(
        &'a self,
        stream: &'a StreamName,
        expected: Expected,
        events: Vec<NewEvent>,
        now: DateTime<Utc>,
    ) -> BoxFuture<'a, Result<Appended, AppendError>>;

    /// The events of one stream, oldest first, from `from` on; none if it does not exist.
    fn read_stream<'a>(
        &'a self,
        stream: &'a StreamName,
        from: Revision,
    ) -> BoxStream<'a, Result<Recorded, StoreError>>;

    /// The events of several streams, of each from its own revision on: what reading them one after
    /// the other gives, in fewer round trips. Of each stream oldest first; streams interleave.
    ///
    /// Each stream is named once.
    fn read_streams(
        &self,
        wanted: Vec<(StreamName, Revision)>,
    ) -> BoxStream<'_, Result<Recorded, StoreError>>;

    /// The events after `after`, oldest first, up to what is committed when the end is reached.
    fn read_all(
        &self,
        after: Position,
        filter: Filter,
    ) -> BoxStream<'_, Result<Recorded, StoreError>>;

    /// The events after `after`, then each new one soon after it is committed. Ends with the store.
    fn subscribe(
        &self,
        after: Position,
        filter: Filter,
    ) -> BoxStream<'static, Result<Recorded, StoreError>>;

    /// Is this event in the log? (Vault rows wait for theirs.)
    fn contains(&self, id: EventId) -> BoxFuture<'_, Result<bool, StoreError>>;

    /// Position of the last committed event.
    fn head(&self) -> BoxFuture<'_, Result<Position, StoreError>>;
}

/// Canonical JSON (RFC 8785) of a value: what goes into `data` and `meta`. Fails on a whole number
/// beyond [`NUMBER_MAX`]: put such a one into a string.
pub fn canonical<T: Serialize>(value: &T) -> Result<Vec<u8>, StoreError> {
    let value = serde_json::to_value(value).map_err(|error| StoreError(error.into()))?;
    if !numbers_are_exact(&value) {
        return Err(StoreError(anyhow::anyhow!("a number is too large for canonical JSON")));
    }
    serde_json_canonicalizer::to_vec(&value).map_err(|error| StoreError(error.into()))
}

/// Every backend asks this before it writes; the text is that of [`AppendError::Invalid`].
pub fn check_limits(events: &[NewEvent]) -> Result<(), &'static str> {
    if events.is_empty() {
        return Err("an append has at least one event");
    }
    if APPEND_EVENTS_MAX < events.len() {
        return Err("too many events in one append");
    }
    for (index, event) in events.iter().enumerate() {
        if EVENT_BYTES_MAX < event.data.len() + event.meta.len() {
            return Err("an event is too large");
        }
        if event.kind.is_empty() || KIND_BYTES_MAX < event.kind.len() {
            return Err("an event's type is empty or too long");
        }
        if !event.kind.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err("an event's type is printable ASCII");
        }
        if event.schema == 0 {
            return Err("schemas count from 1");
        }
        if events[..index].iter().any(|earlier| earlier.id == event.id) {
            return Err("two events of one append have the same id");
        }
        if !is_canonical(&event.data) || !is_canonical(&event.meta) {
            return Err("data and meta are canonical JSON");
        }
    }
    Ok(())
}

/// True for exactly the bytes that [`canonical`] makes.
fn is_canonical(bytes: &[u8]) -> bool {
    serde_json::from_slice::<serde_json::Value>(bytes).is_ok_and(|value| {
        numbers_are_exact(&value)
            && serde_json_canonicalizer::to_vec(&value).is_ok_and(|again| again == bytes)
    })
}

fn numbers_are_exact(value: &serde_json::Value) -> bool {
    use serde_json::Value;
    match value {
        Value::Null | Value::Bool(_) | Value::String(_) => true,
        // Neither: a fraction, which is a double already.
        Value::Number(number) => match (number.as_u64(), number.as_i64()) {
            (Some(whole), _) => whole <= NUMBER_MAX,
            (None, Some(negative)) => negative.unsigned_abs() <= NUMBER_MAX,
            (None, None) => true,
        },
        Value::Array(items) => items.iter().all(numbers_are_exact),
        Value::Object(fields) => fields.values().all(numbers_are_exact),
    }
}
