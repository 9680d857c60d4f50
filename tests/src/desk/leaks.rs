//! Looks for planted secrets wherever they must not be: in files, in events, in what was logged, in every form in
//! which a careless hand could have left them.

use std::{
    fs,
    io::Write,
    path::Path,
    sync::{
        Mutex, OnceLock, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use base64::{
    Engine as _,
    prelude::{BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD},
};
use sha2::{Digest as _, Sha256};
use tracing_subscriber::{
    Layer as _, filter, layer::SubscriberExt as _, util::SubscriberInitExt as _,
};

/// Files deeper than this are not looked at; the data folder has two levels.
const FOLDERS_DEEP_MAX: u8 = 4;

/// A planted secret.
#[derive(Clone)]
pub struct Planted {
    /// What it is, for the finding.
    pub name: &'static str,
    /// The secret itself.
    pub bytes: Vec<u8>,
}

/// Where a secret was found, and in which form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Which secret.
    pub name: &'static str,
    /// Its form there.
    pub form: &'static str,
    /// File or other place.
    pub place: String,
}

/// Something to look through.
pub struct Place {
    /// Its name.
    pub name: String,
    /// What is there.
    pub bytes: Vec<u8>,
}

impl Planted {
    /// A secret of this name.
    #[must_use]
    pub fn new(name: &'static str, bytes: &[u8]) -> Self {
        Self { name, bytes: bytes.to_vec() }
    }

    /// Every form that is looked for. A digest without salt or key is as good as the secret, if that is short.
    fn forms(&self) -> Vec<(&'static str, Vec<u8>)> {
        let digest = Sha256::digest(&self.bytes).to_vec();
        let mut forms =
            written(&self.bytes, ["as it is", "hexadecimal", "HEXADECIMAL", "base64", "base64url"]);
        forms.extend(written(
            &digest,
            [
                "SHA-256",
                "SHA-256, hexadecimal",
                "SHA-256, HEXADECIMAL",
                "SHA-256, base64",
                "SHA-256, base64url",
            ],
        ));
        forms.push(("backwards", self.bytes.iter().rev().copied().collect()));
        forms.push(("UTF-16", self.bytes.iter().flat_map(|byte| [*byte, 0]).collect()));
        forms.push(("percent-encoded", percent(&self.bytes)));
        forms
    }
}

/// As forms and addresses write it: everything but letters and figures.
fn percent(bytes: &[u8]) -> Vec<u8> {
    let written = |byte: &u8| {
        if byte.is_ascii_alphanumeric() { vec![*byte] } else { format!("%{byte:02X}").into_bytes() }
    };
    bytes.iter().flat_map(written).collect()
}

fn written(bytes: &[u8], names: [&'static str; 5]) -> Vec<(&'static str, Vec<u8>)> {
    let [raw, lower, upper, standard, url] = names;
    vec![
        (raw, bytes.to_vec()),
        (lower, hex::encode(bytes).into_bytes()),
        (upper, hex::encode_upper(bytes).into_bytes()),
        (standard, BASE64_STANDARD_NO_PAD.encode(bytes).into_bytes()),
        (url, BASE64_URL_SAFE_NO_PAD.encode(bytes).into_bytes()),
    ]
}

/// Every planted secret in every place.
#[must_use]
pub fn find(planted: &[Planted], places: &[Place]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let forms: Vec<_> = planted
        .iter()
        .flat_map(|secret| secret.forms().into_iter().map(move |form| (secret.name, form)))
        .map(|(name, (form, bytes))| (name, form, text(&bytes)))
        .collect();
    for place in places {
        let hay = text(&place.bytes);
        for (name, form, needle) in &forms {
            if hay.contains(needle) {
                findings.push(Finding { name, form, place: place.name.clone() });
            }
        }
    }
    findings
}

/// Bytes as characters, one each, so that the standard library's search for text can be used.
fn text(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}

/// Every file below a folder.
pub fn files(folder: &Path) -> anyhow::Result<Vec<Place>> {
    let mut places = Vec::new();
    read(folder, FOLDERS_DEEP_MAX, &mut places)?;
    Ok(places)
}

fn read(folder: &Path, deep: u8, places: &mut Vec<Place>) -> anyhow::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            anyhow::ensure!(0 < deep, "{} is too deep", path.display());
            read(&path, deep - 1, places)?;
        } else {
            places.push(Place { name: path.display().to_string(), bytes: fs::read(&path)? });
        }
    }
    Ok(())
}

static RECORDING: AtomicBool = AtomicBool::new(false);
static RECORDED: Mutex<Vec<u8>> = Mutex::new(Vec::new());
static SUBSCRIBED: OnceLock<bool> = OnceLock::new();

/// Everything that this process logs from here on, of every crate, down to TRACE. True if it can be recorded: the
/// subscriber is one for the whole process, because databases log on threads of their own.
pub fn record_logs() -> bool {
    let subscribed = *SUBSCRIBED.get_or_init(|| {
        let layer = tracing_subscriber::fmt::layer()
            .with_ansi(false)
            .with_writer(|| Recorder)
            .with_filter(filter::dynamic_filter_fn(|_, _| RECORDING.load(Ordering::Relaxed)));
        tracing_subscriber::registry().with(layer).try_init().is_ok()
    });
    RECORDING.store(true, Ordering::Relaxed);
    subscribed
}

/// What was logged since [`record_logs`], by any test of this process.
#[must_use]
pub fn recorded_logs() -> Place {
    RECORDING.store(false, Ordering::Relaxed);
    let bytes = std::mem::take(&mut *RECORDED.lock().unwrap_or_else(PoisonError::into_inner));
    Place { name: "the log output".to_owned(), bytes }
}

struct Recorder;

impl Write for Recorder {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        RECORDED.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
