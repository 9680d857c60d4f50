//! The configuration: where things are and where the program listens. One TOML file, and above it
//! the environment.
//!
//! Every setting has a default, but for `keystore.dir` and `authority.url` in production; every fault
//! is reported at once and names the key it is about (`portal.listen: …`). A key nobody knows is a fault. Numbers of the rules are not here: they are
//! policy, versioned and recorded ([`domain::policy`]).
//!
//! In the environment a key is written in capitals, with `__` between section and name:
//! `LATCHKEY_PORTAL__LISTEN`, `LATCHKEY_MODE`. Variables with `__` all count as keys; one without
//! counts if it is one (`LATCHKEY_MODE`, `LATCHKEY_DATA_DIR`), because other programs' variables
//! begin with `LATCHKEY_`, too. A list is separated by `;`.

mod authority;
mod database;
mod https;
mod mail;
mod origin;
mod settings;

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::{Component, Path, PathBuf},
};

pub use authority::{AuthoritySettings, HsmSettings};
pub use database::DatabaseSettings;
pub use https::HttpsSettings;
pub use mail::{LoginSettings, MailSettings};
pub use settings::{ConfigError, Fault};
pub use stores::log::Mode;

use settings::Settings;
use workflows::mail::is_loopback;

/// The model name of the virtual reader, which the demonstration alone approves (B-60).
pub const VIRTUAL_READER: &str = "Latchkey Virtual Reader";

/// Most characters of a reader's model name: what PC/SC allows a reader's name.
const READER_NAME_MAX: usize = 128;

/// Most approved models.
const READERS_MAX: usize = 256;

/// Everything that can be set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// `mode`: `production` (default) or `demo`.
    pub mode: Mode,
    /// `data_dir`: the folder of the databases, and of the socket that the program's commands ask;
    /// `var/data` by default.
    pub data_dir: PathBuf,
    /// `[database]`: without this section the databases are files of `data_dir`.
    pub database: Option<DatabaseSettings>,
    /// `[keystore]`.
    pub keystore: KeystoreSettings,
    /// `[portal]`.
    pub portal: Portal,
    /// `[agents]`.
    pub agents: AgentsChannel,
    /// `[agent_page]`.
    pub agent_page: AgentPage,
    /// `[operator]`.
    pub operator: Operator,
    /// `[authority]`.
    pub authority: AuthoritySettings,
    /// `[readers]`.
    pub readers: Readers,
    /// `[mail]`: the mail server. Without this section no mail is sent; the demonstration keeps
    /// its mails itself, and may give a mail server of this machine a copy.
    pub mail: Option<MailSettings>,
    /// `[demo]`.
    pub demo: DemoSettings,
}

/// Where the keys are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeystoreSettings {
    /// `keystore.dir`: the keystore's folder. Production has to name one that lies apart from the
    /// data folder, so that no backup takes database and keys together; the demonstration's is
    /// `keys` in the data folder by default.
    pub dir: Option<PathBuf>,
}

/// Where holders come in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Portal {
    /// `portal.listen`: address of the pages and the API, `127.0.0.1:7400` by default. Beyond loopback
    /// with a certificate, or behind a proxy.
    pub listen: SocketAddr,
    /// `portal.origin`: what stands in the browser's address bar, `http://localhost:7400` by
    /// default. Part of every sentence that a card signs.
    pub origin: String,
    /// `portal.behind_proxy`: true if a proxy in front speaks HTTPS with the world.
    pub behind_proxy: bool,
    /// `portal.tls_certificate` and `portal.tls_key`: with them the server speaks HTTPS itself, without
    /// them plain HTTP.
    pub https: Option<HttpsSettings>,
}

impl Portal {
    /// The name for which browsers ask this server by HTTPS: none behind a proxy, which may ask by another.
    #[must_use]
    pub fn https_name(&self) -> Option<&str> {
        let rest = self.origin.strip_prefix("https://").filter(|_| !self.behind_proxy)?;
        rest.split(':').next()
    }
}

/// Where card agents come in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentsChannel {
    /// `agents.listen`: address of the agents' channel (TLS), `127.0.0.1:7402` by default.
    pub listen: SocketAddr,
}

/// Where agents serve their passcode page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentPage {
    /// `agent_page.port`: the port on `127.0.0.1` of every workstation, 7401 by default, 1024 or
    /// more.
    pub port: u16,
}

/// Where the operator's tools ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operator {
    /// `operator.listen`: address for health and metrics, `127.0.0.1:7403` by default. Loopback.
    pub listen: SocketAddr,
}

/// Which readers are approved (B-60).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Readers {
    /// `readers.approved`: model names as PC/SC gives them, without the slot number; none by
    /// default. In the demonstration [`VIRTUAL_READER`] is always among them, in production never.
    pub approved: Vec<String>,
}

/// What only the demonstration has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DemoSettings {
    /// `demo.drawer`: the socket of the virtual cards' drawer. Without it there is no drawer.
    pub drawer: Option<PathBuf>,
}

impl Config {
    /// Reads the file at `path`, if one is given, and the `environment`, which has the last word.
    pub fn load(
        path: Option<&Path>,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let mut settings = match path {
            Some(path) => Settings::of_file(path)?,
            None => Settings::default(),
        };
        settings.overlay(environment);
        Self::of(settings)
    }

    /// The demonstration with its data in `data_dir`, all else by default.
    #[must_use]
    pub fn demo(data_dir: &Path) -> Self {
        let readers = Readers { approved: vec![VIRTUAL_READER.to_owned()] };
        Self { mode: Mode::Demo, data_dir: data_dir.to_path_buf(), readers, ..Self::default() }
    }

    /// For tests: the demonstration with its data in `data_dir`, on ports that the system chooses.
    #[must_use]
    pub fn for_testing(data_dir: &Path) -> Self {
        let any = loopback(0);
        let mut config = Self::demo(data_dir);
        config.portal.listen = any;
        config.agents.listen = any;
        config.operator.listen = any;
        config.authority.listen = any;
        config
    }

    /// The keystore's folder.
    #[must_use]
    pub fn keystore_dir(&self) -> PathBuf {
        self.keystore.dir.clone().unwrap_or_else(|| self.data_dir.join("keys"))
    }

    /// The database of log and vault.
    #[must_use]
    pub fn log_database(&self) -> PathBuf {
        self.data_dir.join("log.db")
    }

    /// The database of the projections.
    #[must_use]
    pub fn projections_database(&self) -> PathBuf {
        self.data_dir.join("projections.db")
    }

    /// The database of the workflow engine.
    #[must_use]
    pub fn workflows_database(&self) -> PathBuf {
        self.data_dir.join("workflows.db")
    }

    /// The socket of the demonstration's card drawer, if this is a demonstration that has one.
    #[must_use]
    pub fn drawer(&self) -> Option<&Path> {
        match self.mode {
            Mode::Demo => self.demo.drawer.as_deref(),
            Mode::Production => None,
        }
    }

    fn of(mut settings: Settings) -> Result<Self, ConfigError> {
        let defaults = Self::default();
        let modes = [("production", Mode::Production), ("demo", Mode::Demo)];
        let mode = settings.one_of("mode", &modes, defaults.mode);
        let config = Self {
            mode,
            data_dir: settings.path("data_dir").unwrap_or(defaults.data_dir),
            database: DatabaseSettings::of(&mut settings),
            keystore: KeystoreSettings { dir: settings.path("keystore.dir") },
            portal: Portal {
                listen: settings.address("portal.listen", defaults.portal.listen),
                origin: settings.text("portal.origin").unwrap_or(defaults.portal.origin),
                behind_proxy: settings.flag("portal.behind_proxy", false),
                https: HttpsSettings::of(&mut settings, mode),
            },
            agents: AgentsChannel {
                listen: settings.address("agents.listen", defaults.agents.listen),
            },
            agent_page: AgentPage {
                port: settings.port("agent_page.port", defaults.agent_page.port),
            },
            operator: Operator {
                listen: settings.address("operator.listen", defaults.operator.listen),
            },
            authority: AuthoritySettings::of(&mut settings, mode, &defaults.authority),
            readers: Readers { approved: settings.list("readers.approved", READERS_MAX) },
            mail: MailSettings::of(&mut settings),
            demo: DemoSettings { drawer: settings.path("demo.drawer") },
        };
        let config = config.checked(&mut settings);
        settings.finish()?;
        Ok(config)
    }

    /// What no key can say by itself.
    fn checked(mut self, settings: &mut Settings) -> Self {
        self.check_mode(settings);
        self.check_keystore(settings);
        self.check_listeners(settings);
        if let Err(what) = origin::check(&self.portal) {
            settings.fault("portal.origin", what);
        }
        for model in &self.readers.approved {
            let length = model.chars().count();
            if length == 0 || READER_NAME_MAX < length || model.chars().any(char::is_control) {
                let what =
                    format!("a model's name has 1 to {READER_NAME_MAX} printable characters");
                settings.fault("readers.approved", what);
            }
        }
        let virtual_listed = self.readers.approved.iter().any(|model| model == VIRTUAL_READER);
        match self.mode {
            Mode::Production if virtual_listed => {
                let what = format!("{VIRTUAL_READER} is approved in the demonstration only");
                settings.fault("readers.approved", what);
            }
            Mode::Demo if !virtual_listed => self.readers.approved.push(VIRTUAL_READER.to_owned()),
            Mode::Production | Mode::Demo => {}
        }
        self
    }

    fn check_mode(&self, settings: &mut Settings) {
        if self.mode == Mode::Demo && !cfg!(feature = "demo") {
            settings.fault("mode", "this build has no demonstration (feature `demo`)".to_owned());
        }
        if self.mode == Mode::Production && self.demo.drawer.is_some() {
            settings.fault("demo.drawer", "is for the demonstration only".to_owned());
        }
        match (self.mode, &self.mail) {
            (Mode::Demo, Some(mail)) if !is_loopback(&mail.server) => {
                let what = "the demonstration's mails stay on this machine";
                settings.fault("mail.server", what.to_owned());
            }
            (Mode::Demo | Mode::Production, Some(mail)) => mail.check(settings),
            (Mode::Demo | Mode::Production, None) => {}
        }
    }

    /// Links are not followed here; the doctor does that.
    fn check_keystore(&self, settings: &mut Settings) {
        const KEY: &str = "keystore.dir";
        let apart = match (self.mode, &self.keystore.dir) {
            (Mode::Demo, _) => true,
            (Mode::Production, None) => false,
            (Mode::Production, Some(keys)) => {
                let (keys, data) = (plain(keys), plain(&self.data_dir));
                !keys.starts_with(&data) && !data.starts_with(&keys)
            }
        };
        if !apart && !settings.is_at_fault(KEY) {
            let what = "name a folder apart from data_dir: who has database and keys together can \
                        search short passcodes";
            settings.fault(KEY, what.to_owned());
        }
    }

    fn check_listeners(&self, settings: &mut Settings) {
        let (portal, agents) = (self.portal.listen, self.agents.listen);
        let (operator, authority) = (self.operator.listen, self.authority.listen);
        let away = |address: SocketAddr| !address.ip().is_loopback();
        for (key, address) in
            [("portal.listen", portal), ("agents.listen", agents), ("authority.listen", authority)]
        {
            if self.mode == Mode::Demo && away(address) {
                settings.fault(key, format!("{address}: the demonstration stays on loopback"));
            }
        }
        let Portal { behind_proxy, https, .. } = &self.portal;
        if self.mode == Mode::Production && away(portal) && !behind_proxy && https.is_none() {
            let what = format!(
                "{portal}: plain HTTP stays on loopback: name a certificate (portal.tls_certificate, \
                 portal.tls_key), or put a proxy in front that speaks HTTPS (portal.behind_proxy = true)"
            );
            settings.fault("portal.listen", what);
        }
        if away(operator) {
            let what = format!("{operator}: plain HTTP stays on loopback");
            settings.fault("operator.listen", what);
        }
        let ports = [
            ("portal.listen", portal.port()),
            ("agents.listen", agents.port()),
            ("agent_page.port", self.agent_page.port),
            ("operator.listen", operator.port()),
            ("authority.listen", authority.port()),
        ];
        for (place, (key, port)) in ports.iter().enumerate() {
            let earlier = ports[..place].iter().find(|(_, other)| other == port && *port != 0);
            if let Some((other, _)) = earlier {
                settings.fault(key, format!("port {port} is that of {other}"));
            }
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            mode: Mode::Production,
            data_dir: PathBuf::from("var/data"),
            database: None,
            keystore: KeystoreSettings { dir: None },
            portal: Portal {
                listen: loopback(7400),
                origin: "http://localhost:7400".to_owned(),
                behind_proxy: false,
                https: None,
            },
            agents: AgentsChannel { listen: loopback(7402) },
            agent_page: AgentPage { port: 7401 },
            operator: Operator { listen: loopback(7403) },
            authority: AuthoritySettings::on(loopback(7404)),
            readers: Readers { approved: vec![] },
            mail: None,
            demo: DemoSettings { drawer: None },
        }
    }
}

/// A path without `.` and `..`, from the root if there is a current folder.
fn plain(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    absolute.components().fold(PathBuf::new(), |mut plain, component| {
        match component {
            Component::ParentDir => {
                plain.pop();
            }
            Component::CurDir => {}
            Component::Prefix(_) | Component::RootDir | Component::Normal(_) => {
                plain.push(component);
            }
        }
        plain
    })
}

fn loopback(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}

#[cfg(test)]
mod tests;
