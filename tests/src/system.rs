//! The whole system, as a newcomer gets it from `./latchkey up`: virtual reader, server, card
//! agent, the demonstration's holders with their cards. Started once for all tests that need it,
//! and used by one at a time.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    fs,
    net::TcpListener,
    path::PathBuf,
    process::Command,
    sync::{Mutex, MutexGuard, OnceLock, PoisonError},
    time::Duration,
};

use anyhow::{Context as _, ensure};
use virtual_card::Faults;

use crate::{
    held::{Folder, Held, until},
    sandbox::{Sandbox, program},
    smtp::MailServer,
};

/// The slot of the reader that the demonstration uses.
pub const SLOT: u8 = 0;

/// A second slot, which is empty.
pub const OTHER_SLOT: u8 = 1;

/// The model name of the virtual reader.
pub const READER: &str = "Latchkey Virtual Reader";

/// What the agent calls its workstation.
const WORKSTATION: &str = "test workstation";

/// Holders of the demonstration that tests use: name of the card, and the passcode that it has at
/// first.
const PEOPLE: [(&str, &str); 25] = [
    ("asha", "Meadow7"),
    ("sam", "246813"),
    ("jo", "rain"),
    ("maria", "13572468"),
    ("tomasz", "Blue42"),
    ("noor", "Harbour3"),
    ("ben", "864209"),
    ("ewa", "Winter64"),
    ("liam", "975310"),
    ("grace", "Copper5"),
    ("owen", "Larch88"),
    ("lian", "Anchor34"),
    ("hana", "Maple22"),
    ("ivo", "853211"),
    ("kemi", "Baobab4"),
    ("piotr", "182845"),
    ("zoe", "Pearl77"),
    ("rosa", "Olive05"),
    ("elin", "Fjord-9"),
    ("fatima", "314159"),
    ("amara", "Cedar55"),
    ("mei", "Plum-8"),
    ("ruth", "Summit26"),
    ("anton", "Ledger-3"),
    ("yuki", "426817"),
];

/// How long the demonstration's people may take to live their lives so far.
const LIVES_MAX: Duration = Duration::from_mins(12);

/// A running system.
pub struct System {
    /// The reader and the drawer.
    pub sandbox: Sandbox,
    /// The server; `None` while a test has killed it.
    pub server: Option<Held>,
    /// The agent; `None` while a test has killed it.
    pub agent: Option<Held>,
    /// A real mail server, once a test has asked for it.
    mail: RefCell<Option<MailServer>>,
    /// Each card's passcode as the tests have left it.
    passcodes: RefCell<BTreeMap<&'static str, String>>,
    ports: Ports,
    folder: Folder,
}

#[derive(Debug, Clone, Copy)]
struct Ports {
    portal: u16,
    page: u16,
    channel: u16,
    operator: u16,
    authority: u16,
}

/// The system, for one test at a time. What a failed test has left behind is put in order first.
pub fn system() -> anyhow::Result<MutexGuard<'static, System>> {
    static SYSTEM: Once = OnceLock::new();
    started_once(&SYSTEM)
}

/// A second one, for tests that move its clock: in the other one people stay as old as they are.
pub fn time_machine() -> anyhow::Result<MutexGuard<'static, System>> {
    static SYSTEM: Once = OnceLock::new();
    started_once(&SYSTEM)
}

/// A third one, which tests move on by years before they do anything else: certificates are good for two.
pub fn years_later() -> anyhow::Result<MutexGuard<'static, System>> {
    static SYSTEM: Once = OnceLock::new();
    started_once(&SYSTEM)
}

type Once = OnceLock<Result<Mutex<System>, String>>;

fn started_once(system: &'static Once) -> anyhow::Result<MutexGuard<'static, System>> {
    let start = || System::start().map(Mutex::new).map_err(|error| format!("{error:#}"));
    match system.get_or_init(start) {
        Ok(system) => {
            let mut system = system.lock().unwrap_or_else(PoisonError::into_inner);
            system.put_in_order()?;
            Ok(system)
        }
        Err(error) => Err(anyhow::anyhow!("the system did not start: {error}")),
    }
}

impl System {
    fn start() -> anyhow::Result<Self> {
        let sandbox = Sandbox::start(&[])?;
        let folder = Folder::new()?;
        let mut system = Self {
            sandbox,
            server: None,
            agent: None,
            mail: RefCell::new(None),
            passcodes: RefCell::new(
                PEOPLE.iter().map(|(card, code)| (*card, (*code).to_owned())).collect(),
            ),
            ports: Ports::free()?,
            folder,
        };
        system.configure_server(None)?;
        system.configure_agent(READER)?;
        system.start_server()?;
        system.enrol()?;
        system.start_agent()?;
        let server = system.server.as_mut().context("just started")?;
        server.wait_for_within("the demonstration's cards are ready", LIVES_MAX)?;
        Ok(system)
    }

    fn put_in_order(&mut self) -> anyhow::Result<()> {
        self.take_out()?;
        self.sandbox.drawer().remove(OTHER_SLOT)?;
        if self.server.is_none() {
            self.start_server()?;
        }
        if self.agent.is_none() {
            self.restart_agent(READER)?;
        }
        Ok(())
    }

    /// Starts the server, or starts it again; it then answers, and knows no agent yet.
    pub fn start_server(&mut self) -> anyhow::Result<()> {
        let config = self.path("latchkey.toml");
        let config = config.to_str().context("a path that is text")?;
        let server = Held::start("latchkey", &["--config", config, "all"], &[], "\"ready\"")?;
        self.server = Some(server);
        Ok(())
    }

    /// Starts a real mail server, unless it was started before. It gets every mail from now on, beside
    /// the demonstration's mailbox; the server starts anew for it.
    pub fn start_mail_server(&mut self) -> anyhow::Result<()> {
        if self.mail.get_mut().is_none() {
            let mail = MailServer::start()?;
            self.configure_server(Some(mail.port()))?;
            self.mail.replace(Some(mail));
            self.server = None;
            self.start_server()?;
            // It would connect again by itself, and take its time.
            self.agent = None;
            self.start_agent()?;
        }
        Ok(())
    }

    /// The mails in the real mail server's Maildir, once there are at least `n`.
    pub fn mails(&self, n: usize) -> anyhow::Result<Vec<String>> {
        self.mail.borrow_mut().as_mut().context("no mail server was started")?.arrived(n)
    }

    /// Starts the agent, or starts it again; it is then connected.
    pub fn start_agent(&mut self) -> anyhow::Result<()> {
        let config = self.path("card-agent.toml");
        let config = config.to_str().context("a path that is text")?;
        let socket = self.sandbox.pcsc_socket();
        let environment = [("PCSCLITE_CSOCK_NAME", socket.as_path())];
        let arguments = ["run", "--config", config];
        let ready = "connected to the server";
        self.agent = Some(Held::start("latchkey-card-agent", &arguments, &environment, ready)?);
        Ok(())
    }

    /// Ends the agent in order and starts it again with another list of approved readers.
    pub fn restart_agent(&mut self, approved_reader: &str) -> anyhow::Result<()> {
        self.agent = None;
        self.configure_agent(approved_reader)?;
        self.start_agent()
    }

    /// The demonstration's clock goes on by so many weeks, as in an outage: what is due is done at the end.
    pub fn weeks_pass(&self, weeks: u32) -> anyhow::Result<()> {
        let browser = reqwest::blocking::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()?;
        for _ in 0..weeks {
            until("the clock can be moved", || {
                let answer = browser
                    .post(format!("{}/demo/time", self.origin()))
                    .header("origin", self.origin())
                    .header("sec-fetch-site", "same-origin")
                    .form(&[("to", "week"), ("service", "off")])
                    .send()?;
                Ok((answer.status() == reqwest::StatusCode::SEE_OTHER).then_some(()))
            })?;
        }
        Ok(())
    }

    /// Puts a card into the reader; what is there comes out first.
    pub fn insert(&self, card: &str) -> anyhow::Result<()> {
        self.insert_with(card, Faults::default())
    }

    /// Puts a card into the reader, to have something go wrong with it.
    pub fn insert_with(&self, card: &str, faults: Faults) -> anyhow::Result<()> {
        self.take_out()?;
        self.sandbox.drawer().insert_with(card, SLOT, faults)?;
        Ok(())
    }

    /// Leaves the reader empty.
    pub fn take_out(&self) -> anyhow::Result<()> {
        self.sandbox.drawer().remove(SLOT)?;
        Ok(())
    }

    /// The smartcard passcode that this card has now.
    #[must_use]
    pub fn passcode(&self, card: &str) -> String {
        self.passcodes.borrow().get(card).cloned().unwrap_or_default()
    }

    /// Takes note of a card's new passcode, for the tests that come after.
    pub fn remember(&self, card: &'static str, passcode: &str) {
        self.passcodes.borrow_mut().insert(card, passcode.to_owned());
    }

    /// The portal's origin.
    #[must_use]
    pub fn origin(&self) -> String {
        format!("http://localhost:{}", self.ports.portal)
    }

    /// The agent's page's origin.
    #[must_use]
    pub fn agent_origin(&self) -> String {
        format!("http://127.0.0.1:{}", self.ports.page)
    }

    /// Where relying parties ask.
    #[must_use]
    pub fn authority_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.ports.authority)
    }

    /// A file in the system's folder.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn configure_server(&self, mail: Option<u16>) -> anyhow::Result<()> {
        let Ports { portal, page, channel, operator, authority } = self.ports;
        let drawer = self.sandbox.drawer_socket();
        let server = format!(
            "mode = \"demo\"\ndata_dir = \"{}\"\n\
             [portal]\nlisten = \"127.0.0.1:{portal}\"\norigin = \"http://localhost:{portal}\"\n\
             [agents]\nlisten = \"127.0.0.1:{channel}\"\n\
             [agent_page]\nport = {page}\n\
             [operator]\nlisten = \"127.0.0.1:{operator}\"\n\
             [authority]\nlisten = \"127.0.0.1:{authority}\"\nurl = \"http://127.0.0.1:{authority}\"\n\
             [demo]\ndrawer = \"{}\"\n",
            self.path("data").display(),
            drawer.display(),
        );
        let mail = mail.map_or_else(String::new, |port| {
            format!(
                "[mail]\nserver = \"127.0.0.1\"\nport = {port}\ntls = \"none\"\n\
                 from = \"Smartcards <smartcards@example.org>\"\n"
            )
        });
        fs::write(self.path("latchkey.toml"), server + &mail)?;
        Ok(())
    }

    fn configure_agent(&self, approved_reader: &str) -> anyhow::Result<()> {
        let Ports { portal, page, channel, .. } = self.ports;
        let agent = format!(
            "server = \"127.0.0.1:{channel}\"\nportal_origin = \"http://localhost:{portal}\"\n\
             page_port = {page}\nworkstation = {WORKSTATION:?}\nstate_dir = \"{}\"\n\
             approved_readers = [{approved_reader:?}]\ndemo = true\n",
            self.path("agent").display(),
        );
        fs::write(self.path("card-agent.toml"), agent)?;
        Ok(())
    }

    /// As an operator would: a code from the server, traded for a certificate.
    fn enrol(&self) -> anyhow::Result<()> {
        let invited = Command::new(program("latchkey")?)
            .arg("--config")
            .arg(self.path("latchkey.toml"))
            .args(["agents", "invite"])
            .output()?;
        ensure!(invited.status.success(), "no invitation: {invited:?}");
        let text = String::from_utf8(invited.stdout)?;
        let line = |name: &str| {
            let mut lines = text.lines();
            lines.find_map(|line| line.strip_prefix(name)).context("an invitation without it")
        };
        fs::write(self.path("code"), line("code ")?)?;
        let enrolled = Command::new(program("latchkey-card-agent")?)
            .args(["enrol", "--server", &format!("127.0.0.1:{}", self.ports.channel)])
            .args(["--authority", line("authority ")?, "--workstation", WORKSTATION])
            .arg("--code-file")
            .arg(self.path("code"))
            .arg("--state-dir")
            .arg(self.path("agent"))
            .output()?;
        ensure!(enrolled.status.success(), "not enrolled: {enrolled:?}");
        Ok(())
    }
}

impl Ports {
    /// Ports that nobody uses. Somebody could take one before we do; then the start fails and says so.
    fn free() -> anyhow::Result<Self> {
        let listeners = [(); 5].map(|()| TcpListener::bind(("127.0.0.1", 0)));
        let mut ports = [0; 5];
        for (port, listener) in ports.iter_mut().zip(&listeners) {
            let listener = listener.as_ref().map_err(|error| anyhow::anyhow!("{error}"))?;
            *port = listener.local_addr()?.port();
        }
        let [portal, page, channel, operator, authority] = ports;
        Ok(Self { portal, page, channel, operator, authority })
    }
}
