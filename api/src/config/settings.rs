//! Keys and values before they mean anything: read from file and environment, taken out one by one,
//! every fault noted under its key.

use std::{
    collections::BTreeMap,
    fmt,
    net::SocketAddr,
    ops::RangeInclusive,
    path::{Path, PathBuf},
};

/// What environment variables begin with.
const PREFIX: &str = "LATCHKEY_";

/// What separates section and name in an environment variable.
const SEPARATOR: &str = "__";

/// Keys without a section.
const TOP: [&str; 2] = ["mode", "data_dir"];

/// The sections there are.
const SECTIONS: [&str; 10] = [
    "agent_page",
    "agents",
    "authority",
    "database",
    "demo",
    "keystore",
    "mail",
    "operator",
    "portal",
    "readers",
];

/// The largest configuration file that is read, in bytes.
const FILE_BYTES_MAX: u64 = 64 * 1024;

/// Something wrong with one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The key's path, `portal.listen`.
    pub key: String,
    /// What is wrong with it.
    pub what: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.key, self.what)
    }
}

/// Why a configuration is none.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("the configuration {path} cannot be read")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the file system said.
        source: std::io::Error,
    },
    /// The file is not TOML.
    #[error("the configuration {path} is not TOML")]
    NotToml {
        /// The file.
        path: PathBuf,
        /// Where and why.
        source: Box<toml::de::Error>,
    },
    /// Keys that are wrong, all of them.
    #[error("the configuration is wrong:{}", lines(.0))]
    Faults(Vec<Fault>),
}

fn lines(faults: &[Fault]) -> String {
    faults.iter().fold(String::new(), |text, fault| format!("{text}\n  {fault}"))
}

/// A value as it was written.
enum Written {
    InFile(toml::Value),
    InEnvironment(String),
}

/// Keys and values, and what was found wrong with them so far.
#[derive(Default)]
pub(super) struct Settings {
    values: BTreeMap<String, Written>,
    faults: Vec<Fault>,
}

impl Settings {
    /// What the TOML file at `path` says.
    pub(super) fn of_file(path: &Path) -> Result<Self, ConfigError> {
        let unreadable = |source| ConfigError::Unreadable { path: path.to_path_buf(), source };
        let length = std::fs::metadata(path).map_err(unreadable)?.len();
        if FILE_BYTES_MAX < length {
            let source = std::io::Error::from(std::io::ErrorKind::FileTooLarge);
            return Err(unreadable(source));
        }
        let text = std::fs::read_to_string(path).map_err(unreadable)?;
        let table: toml::Table = toml::from_str(&text).map_err(|source| ConfigError::NotToml {
            path: path.to_path_buf(),
            source: Box::new(source),
        })?;
        let mut settings = Self::default();
        for (key, value) in table {
            if let toml::Value::Table(section) = &value
                && SECTIONS.contains(&key.as_str())
            {
                for (name, value) in section {
                    let value = Written::InFile(value.clone());
                    settings.values.insert(format!("{key}.{name}"), value);
                }
            } else {
                settings.values.insert(key, Written::InFile(value));
            }
        }
        Ok(settings)
    }

    /// Lets environment variables that are keys have the last word.
    pub(super) fn overlay(&mut self, environment: impl IntoIterator<Item = (String, String)>) {
        for (name, value) in environment {
            let Some(name) = name.strip_prefix(PREFIX) else { continue };
            let key = name.to_lowercase().replacen(SEPARATOR, ".", 1);
            if name.contains(SEPARATOR) || TOP.contains(&key.as_str()) {
                self.values.insert(key, Written::InEnvironment(value));
            }
        }
    }

    /// True if any key of this section is set.
    pub(super) fn has_section(&self, section: &str) -> bool {
        self.values.keys().any(|key| key.split_once('.').is_some_and(|(name, _)| name == section))
    }

    /// Notes that something is wrong with `key`.
    pub(super) fn fault(&mut self, key: &str, what: String) {
        self.faults.push(Fault { key: key.to_owned(), what });
    }

    /// True if something is wrong with `key` already.
    pub(super) fn is_at_fault(&self, key: &str) -> bool {
        self.faults.iter().any(|fault| fault.key == key)
    }

    /// The faults, if there are any; a key that nobody asked for is one.
    pub(super) fn finish(mut self) -> Result<(), ConfigError> {
        for key in std::mem::take(&mut self.values).into_keys() {
            let what = if SECTIONS.contains(&key.as_str()) {
                format!("is a section: write [{key}]")
            } else {
                "there is no such key".to_owned()
            };
            self.fault(&key, what);
        }
        if self.faults.is_empty() { Ok(()) } else { Err(ConfigError::Faults(self.faults)) }
    }

    /// A text; not empty.
    pub(super) fn text(&mut self, key: &str) -> Option<String> {
        let text = match self.values.remove(key)? {
            Written::InFile(toml::Value::String(text)) | Written::InEnvironment(text) => text,
            Written::InFile(_) => {
                self.fault(key, "must be a text in quotation marks".to_owned());
                return None;
            }
        };
        if text.is_empty() {
            self.fault(key, "is empty".to_owned());
            return None;
        }
        Some(text)
    }

    /// A file or folder.
    pub(super) fn path(&mut self, key: &str) -> Option<PathBuf> {
        self.text(key).map(PathBuf::from)
    }

    /// An IP address and a port; port 0 lets the system choose one.
    pub(super) fn address(&mut self, key: &str, default: SocketAddr) -> SocketAddr {
        let Some(text) = self.text(key) else { return default };
        text.parse().unwrap_or_else(|_| {
            self.fault(key, format!("{text:?} is not an address with a port, like 127.0.0.1:7400"));
            default
        })
    }

    /// One of some words.
    pub(super) fn one_of<T: Copy>(&mut self, key: &str, words: &[(&str, T)], default: T) -> T {
        let Some(text) = self.text(key) else { return default };
        if let Some((_, meaning)) = words.iter().find(|(word, _)| *word == text) {
            return *meaning;
        }
        let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        self.fault(key, format!("{text:?} is not one of: {}", words.join(", ")));
        default
    }

    /// `true` or `false`.
    pub(super) fn flag(&mut self, key: &str, default: bool) -> bool {
        let flag = match self.values.remove(key) {
            None => return default,
            Some(Written::InFile(value)) => value.as_bool(),
            Some(Written::InEnvironment(text)) => text.parse().ok(),
        };
        flag.unwrap_or_else(|| {
            self.fault(key, "must be true or false".to_owned());
            default
        })
    }

    /// A whole number within `range`.
    pub(super) fn number(&mut self, key: &str, range: RangeInclusive<u64>, default: u64) -> u64 {
        let number: Option<u64> = match self.values.remove(key) {
            None => return default,
            Some(Written::InFile(value)) => {
                value.as_integer().and_then(|number| number.try_into().ok())
            }
            Some(Written::InEnvironment(text)) => text.parse().ok(),
        };
        number.filter(|number| range.contains(number)).unwrap_or_else(|| {
            let (least, most) = range.into_inner();
            self.fault(key, format!("must be a whole number from {least} to {most}"));
            default
        })
    }

    /// A port that needs no privilege.
    pub(super) fn port(&mut self, key: &str, default: u16) -> u16 {
        let number = self.number(key, 1024..=u64::from(u16::MAX), u64::from(default));
        u16::try_from(number).unwrap_or(default)
    }

    /// At most `most` texts; in the environment with `;` between them.
    pub(super) fn list(&mut self, key: &str, most: usize) -> Vec<String> {
        let texts: Option<Vec<String>> = match self.values.remove(key) {
            None => return vec![],
            Some(Written::InFile(value)) => value.as_array().and_then(|values| {
                values.iter().map(|value| value.as_str().map(str::to_owned)).collect()
            }),
            Some(Written::InEnvironment(text)) if text.is_empty() => return vec![],
            Some(Written::InEnvironment(text)) => {
                Some(text.split(';').map(|part| part.trim().to_owned()).collect())
            }
        };
        texts.filter(|texts| texts.len() <= most).unwrap_or_else(|| {
            self.fault(key, format!("must be a list of at most {most} texts in quotation marks"));
            vec![]
        })
    }
}
