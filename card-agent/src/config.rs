//! What the operator of a workstation decides: one TOML file, read once at the start.
//!
//! Every error names the key it is about. Nothing in the file is a secret; those lie in the state
//! folder.

use std::{
    fs,
    path::{Path, PathBuf},
};

use protocol::CHANNEL_PATH;
use serde::Deserialize;

/// Port of the passcode page if the file says nothing; the portal's link leads there.
const PAGE_PORT: u16 = 7401;

/// Longest name of a workstation, in characters.
const WORKSTATION_CHARS_MAX: usize = 100;

/// The configuration, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Where the agents' channel of the server is.
    pub server: ServerAddress,
    /// Where browsers are sent back to, and what card keys sign (`http://localhost:7400`).
    pub portal_origin: String,
    /// Port of the passcode page on 127.0.0.1.
    pub page_port: u16,
    /// Name of this workstation, as the operator reads it.
    pub workstation: String,
    /// Folder of key, certificate and authority.
    pub state_dir: PathBuf,
    /// Model names of approved readers (B-60).
    pub approved_readers: Vec<String>,
    /// True where the server is a demonstration: the page says so.
    pub demo: bool,
}

/// `host:port`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerAddress(String);

impl ServerAddress {
    /// The address as it was written, for a resolver.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The WebSocket address to ask for; its name is the one in the server's certificate.
    #[must_use]
    pub fn url() -> String {
        format!("wss://{}{CHANNEL_PATH}", protocol::SERVER_NAME)
    }
}

impl std::str::FromStr for ServerAddress {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        let wrong = "must be a host and a port, like portal.example:7402";
        let (host, port) = text.rsplit_once(':').ok_or(wrong)?;
        if host.is_empty() || port.parse::<u16>().map_or(true, |port| port == 0) {
            return Err(wrong);
        }
        Ok(Self(text.to_owned()))
    }
}

/// Why the agent cannot start with this file.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{path}: {error}")]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// The file is not TOML, lacks a key, or has one that nobody knows.
    #[error("{path}: {error}")]
    Malformed {
        /// Which file.
        path: PathBuf,
        /// Names key and line.
        error: Box<toml::de::Error>,
    },
    /// A value makes no sense.
    #[error("{path}: {key} {problem}")]
    Invalid {
        /// Which file.
        path: PathBuf,
        /// Which key.
        key: &'static str,
        /// What is wrong with it.
        problem: &'static str,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    server: String,
    portal_origin: String,
    page_port: Option<u16>,
    workstation: String,
    state_dir: PathBuf,
    approved_readers: Vec<String>,
    #[serde(default)]
    demo: bool,
}

impl Config {
    /// Reads and checks the file.
    ///
    /// # Errors
    /// [`ConfigError`], worded for the operator.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let text = fs::read_to_string(path)
            .map_err(|error| ConfigError::Unreadable { path: path.to_owned(), error })?;
        Self::parse(&text, path)
    }

    fn parse(text: &str, path: &Path) -> Result<Self, ConfigError> {
        let raw: Raw = toml::from_str(text).map_err(|error| ConfigError::Malformed {
            path: path.to_owned(),
            error: Box::new(error),
        })?;
        let invalid = |key, problem| ConfigError::Invalid { path: path.to_owned(), key, problem };
        let server = raw.server.parse().map_err(|problem| invalid("server", problem))?;
        check_origin(&raw.portal_origin).map_err(|problem| invalid("portal_origin", problem))?;
        let page_port = raw.page_port.unwrap_or(PAGE_PORT);
        if page_port == 0 {
            return Err(invalid("page_port", "must be 1 to 65535: the portal's link names it"));
        }
        if raw.workstation.trim().is_empty()
            || WORKSTATION_CHARS_MAX < raw.workstation.chars().count()
        {
            return Err(invalid("workstation", "must be 1 to 100 characters"));
        }
        if raw.approved_readers.is_empty() {
            return Err(invalid("approved_readers", "must name at least one reader model"));
        }
        Ok(Self {
            server,
            portal_origin: raw.portal_origin,
            page_port,
            workstation: raw.workstation,
            state_dir: raw.state_dir,
            approved_readers: raw.approved_readers,
            demo: raw.demo,
        })
    }
}

/// Scheme, host and port, nothing after them; plain HTTP only to this very machine.
fn check_origin(origin: &str) -> Result<(), &'static str> {
    let plain = origin.strip_prefix("http://");
    let host = plain
        .or_else(|| origin.strip_prefix("https://"))
        .ok_or("must begin with https:// (or http:// on this machine)")?;
    let allowed =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-:[]".contains(&byte);
    if host.is_empty() || !host.bytes().all(allowed) {
        return Err("must be an origin: scheme, host in lower case, port, and nothing after them");
    }
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    if plain.is_some() && !["localhost", "127.0.0.1", "[::1]"].contains(&name) {
        return Err("must be https:// unless the portal is on this machine");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const RIGHT: &str = r#"
        server = "127.0.0.1:7402"
        portal_origin = "http://localhost:7400"
        workstation = "Ward 7"
        state_dir = "state"
        approved_readers = ["Virtual PCD"]
    "#;

    fn error(from: &str, to: &str) -> String {
        let text = RIGHT.replace(from, to);
        assert_ne!(text, RIGHT);
        Config::parse(&text, Path::new("agent.toml")).unwrap_err().to_string()
    }

    #[test]
    fn a_file_with_the_five_keys_is_enough() {
        let config = Config::parse(RIGHT, Path::new("agent.toml")).unwrap();
        assert_eq!(config.page_port, 7401);
        assert_eq!(config.server.as_str(), "127.0.0.1:7402");
    }

    #[test]
    fn every_error_names_the_key_it_is_about() {
        for (from, to, key) in [
            ("127.0.0.1:7402", "127.0.0.1", "server"),
            ("127.0.0.1:7402", ":7402", "server"),
            ("127.0.0.1:7402", "host:0", "server"),
            ("http://localhost:7400", "http://portal.example", "portal_origin"),
            ("http://localhost:7400", "https://portal.example/", "portal_origin"),
            ("http://localhost:7400", "localhost", "portal_origin"),
            ("Ward 7", " ", "workstation"),
            (r#"["Virtual PCD"]"#, "[]", "approved_readers"),
            ("state_dir", "page_port = 0\nstate_dir", "page_port"),
            ("state_dir", "page_port = 70000\nstate_dir", "page_port"),
            ("state_dir", "colour = 1\nstate_dir", "colour"),
            (r#"workstation = "Ward 7""#, "", "workstation"),
        ] {
            let error = error(from, to);
            assert!(error.contains(key), "{key}: {error}");
            assert!(error.contains("agent.toml"), "{error}");
        }
    }

    #[test]
    fn an_origin_beyond_this_machine_is_https() {
        assert!(check_origin("https://portal.example:8443").is_ok());
        assert!(check_origin("http://127.0.0.1:7400").is_ok());
        assert!(check_origin("http://localhost.example").is_err());
    }
}
