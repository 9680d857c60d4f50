//! Which database: files of the data folder, or a PostgreSQL server.

use std::path::PathBuf;

use stores::postgres::Options;

use super::settings::Settings;

/// `[database]`: a PostgreSQL database for everything that is otherwise in files of the data folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatabaseSettings {
    /// `database.url`: `postgres://role@host:port/database`, without a password. Has to be given. Beyond
    /// this machine it says `?sslmode=verify-full`.
    pub url: String,
    /// `database.password_file`: a file that nobody else can read, with the password in its first line;
    /// none where the server knows the role otherwise.
    pub password_file: Option<PathBuf>,
}

impl DatabaseSettings {
    /// The section, if there is one; faults are noted.
    pub(super) fn of(settings: &mut Settings) -> Option<Self> {
        const KEY: &str = "database.url";
        if !settings.has_section("database") {
            return None;
        }
        let url = settings.text(KEY);
        let password_file = settings.path("database.password_file");
        let Some(url) = url else {
            if !settings.is_at_fault(KEY) {
                settings.fault(KEY, "name the database".to_owned());
            }
            return None;
        };
        // What it says is not repeated: it may hold a password.
        if holds_a_password(&url) {
            let what = "put the password into a file of its own: database.password_file";
            settings.fault(KEY, what.to_owned());
        } else if let Err(error) = Options::parse(&url) {
            settings.fault(KEY, error.to_string());
        }
        Some(Self { url, password_file })
    }
}

/// True if anything in it could be one: before the host, or among the parameters.
fn holds_a_password(url: &str) -> bool {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let before_host = rest.rsplit_once('@').map_or("", |(before, _)| before);
    before_host.contains(':') || rest.to_lowercase().contains("password=")
}
