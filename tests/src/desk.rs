//! A whole server in one process, for one test: its log, its portal, its side of the agents' channel, and a clock that
//! stands still until the test moves it.
//!
//! Everything is the product's own but card and agent, which stand in ([`card::SoftCard`], [`agent::SoftAgent`]): they
//! speak the product's protocol with real keys and a real POPRF, so that the server cannot tell, and they can lie.

pub mod agent;
pub mod browser;
pub mod card;
pub mod faulty_log;
pub mod leaks;
pub mod office;
pub mod scene;
pub mod self_service;

use std::{
    fs,
    path::Path,
    sync::{Arc, Mutex},
};

use anyhow::Context as _;
use api::{
    app::{App, Parts},
    clock::{Clock as _, Entropy, StandingClock, WallClock},
    commands::serve,
    config::{Config, DatabaseSettings, HsmSettings},
    database::Database,
    role::Role,
};
use chrono::{DateTime, Duration, Utc};
use domain::{
    certificate::IdentityEvidence,
    desk::IdentityCheck,
    holder::{Holder, HolderEvent},
    ids::{CommandId, HolderId},
    policy::{Policies, Policy},
};
use futures::TryStreamExt as _;
use sha2::{Digest as _, Sha256};
use stores::{
    agent::AgentId,
    cluster::Cluster,
    event_store::{Position, Recorded, Revision, StreamName},
    moving::{self, Moved},
    postgres::Options,
    token::TokenHash,
    vault::Person,
};
use tempfile::TempDir;
use tokio_util::sync::{CancellationToken, DropGuard};
use workflows::{
    card_job::{Goal, Made},
    commands::Commands,
};

use agent::SoftAgent;
use browser::Browser;
use card::SoftCard;
use faulty_log::{Faults, FaultyLog};

/// Where every test's clock starts: a Monday morning in winter, when London has the time of Greenwich.
pub const OPENED_AT: &str = "2026-03-02T09:00:00Z";

/// Ledger lines that [`Desk::ledger`] reads: more than any test makes.
const LEDGER_LINES: u32 = 100;

/// A server.
pub struct Desk {
    app: App,
    clock: Arc<StandingClock>,
    faults: Arc<Faults>,
    folder: TempDir,
    _following: DropGuard,
}

impl Desk {
    /// Starts a server with an empty log. Its randomness is the same every time.
    pub async fn open() -> anyhow::Result<Self> {
        Self::open_seeded(1).await
    }

    /// Starts a server whose clock stands still at today: TLS reads the machine's clock, and certificates have to be
    /// valid by it.
    pub async fn open_today(seed: u64) -> anyhow::Result<Self> {
        Self::open_at(WallClock.now(), seed).await
    }

    /// Starts a server with an empty log whose randomness begins at `seed`.
    pub async fn open_seeded(seed: u64) -> anyhow::Result<Self> {
        Self::open_at(OPENED_AT.parse()?, seed).await
    }

    /// Starts a server whose clock stands still at so many days before today, for what has to be valid by the machine's
    /// clock in the end.
    pub async fn open_ago(days: i64, seed: u64) -> anyhow::Result<Self> {
        Self::open_at(WallClock.now() - Duration::days(days), seed).await
    }

    /// Starts a server with an empty log and other numbers than the seed's.
    pub async fn open_under(policy: Policy) -> anyhow::Result<Self> {
        let policies = Policies::only(policy);
        Self::open_under_all(TempDir::new()?, OPENED_AT.parse()?, 1, Some(policies), |_| {}).await
    }

    /// Starts a server with an empty log whose issuing key is in an HSM.
    pub async fn open_over(hsm: HsmSettings) -> anyhow::Result<Self> {
        let now = OPENED_AT.parse()?;
        Self::open_with(TempDir::new()?, now, 1, |config| config.authority.hsm = Some(hsm)).await
    }

    /// Starts a server with an empty log in a PostgreSQL database of its own.
    pub async fn open_on_postgres() -> anyhow::Result<Self> {
        let url = Cluster::shared().database().await?;
        let database = DatabaseSettings { url, password_file: None };
        let now = OPENED_AT.parse()?;
        Self::open_with(TempDir::new()?, now, 1, |config| config.database = Some(database)).await
    }

    async fn open_at(now: DateTime<Utc>, seed: u64) -> anyhow::Result<Self> {
        Self::open_in(TempDir::new()?, now, seed).await
    }

    /// A second server like this one, on a copy of its folder. Nothing may be happening meanwhile, and its randomness
    /// has to begin elsewhere, or what both make would have the same names.
    pub async fn copy(&self, seed: u64) -> anyhow::Result<Self> {
        self.app.catch_up().await?;
        let folder = TempDir::new()?;
        copy_folder(self.data(), folder.path())?;
        Self::open_in(folder, self.now(), seed).await
    }

    /// A server over the folder `data` in this one, into which a backup was restored. Its randomness has to begin
    /// elsewhere than that of the server that was backed up.
    pub async fn open_restored(
        folder: TempDir,
        now: DateTime<Utc>,
        seed: u64,
    ) -> anyhow::Result<Self> {
        Self::open_in(folder, now, seed).await
    }

    /// The server goes on in a PostgreSQL database: what is in its file is moved there, and its keys stay. Its randomness
    /// has to begin elsewhere.
    pub async fn move_to_postgres(&self, seed: u64) -> anyhow::Result<(Self, Moved)> {
        self.app.catch_up().await?;
        let folder = TempDir::new()?;
        copy_folder(self.data(), folder.path())?;
        let url = Cluster::shared().database().await?;
        let file = Config::for_testing(&folder.path().join("data")).log_database();
        let moved = moving::to_postgres(&file, &Options::parse(&url)?).await?;
        let database = DatabaseSettings { url, password_file: None };
        let configure = |config: &mut Config| config.database = Some(database);
        Ok((Self::open_with(folder, self.now(), seed, configure).await?, moved))
    }

    async fn open_in(folder: TempDir, now: DateTime<Utc>, seed: u64) -> anyhow::Result<Self> {
        Self::open_with(folder, now, seed, |_| {}).await
    }

    async fn open_with(
        folder: TempDir,
        now: DateTime<Utc>,
        seed: u64,
        configure: impl FnOnce(&mut Config),
    ) -> anyhow::Result<Self> {
        Self::open_under_all(folder, now, seed, None, configure).await
    }

    async fn open_under_all(
        folder: TempDir,
        now: DateTime<Utc>,
        seed: u64,
        policies: Option<Policies>,
        configure: impl FnOnce(&mut Config),
    ) -> anyhow::Result<Self> {
        let clock = Arc::new(StandingClock::at(now));
        let mut config = Config::for_testing(&folder.path().join("data"));
        configure(&mut config);
        let (database, shown) = (Database::of_server(&config).await?, Arc::clone(&clock));
        let entropy = Entropy::Seeded(Mutex::new(seed));
        let parts = serve::parts_over((database, Role::All), config, shown, entropy).await?;
        Ok(Self::of(parts, clock, folder, policies))
    }

    /// Another process of the same service, over the same PostgreSQL database and with the same clock, whose randomness
    /// begins elsewhere. One that only serves gets a keystore in which the keys for cards are not.
    pub async fn beside(&self, role: Role, seed: u64) -> anyhow::Result<Self> {
        let folder = TempDir::new()?;
        let keys = folder.path().join("keys");
        copy_folder(&self.app.config().keystore_dir(), &keys)?;
        if !role.works() {
            take_away_keys_for_cards(&keys)?;
        }
        let mut config = self.app.config().clone();
        config.data_dir = folder.path().join("data");
        config.keystore.dir = Some(keys);
        let (database, shown) = (Database::of_server(&config).await?, Arc::clone(&self.clock));
        let entropy = Entropy::Seeded(Mutex::new(seed));
        let parts = serve::parts_over((database, role), config, shown, entropy).await?;
        Ok(Self::of(parts, Arc::clone(&self.clock), folder, None))
    }

    fn of(
        mut parts: Parts,
        clock: Arc<StandingClock>,
        folder: TempDir,
        policies: Option<Policies>,
    ) -> Self {
        let faults = Arc::new(Faults::default());
        parts.stores.log = Arc::new(FaultyLog::over(parts.stores.log, Arc::clone(&faults)));
        parts.commands = Commands::new(Arc::clone(&parts.stores.log));
        if let Some(policies) = policies {
            parts.engine.adopt(Arc::new(policies.clone()));
            parts.policies = api::policies::Held::new(policies);
        }
        let app = App::new(parts);
        let until = CancellationToken::new();
        let (projections, log) = (app.projections().clone(), Arc::clone(&app.stores().log));
        let following = projections.clone();
        let stopped = until.clone().cancelled_owned();
        tokio::spawn(async move { following.follow(log, stopped).await });
        Self { app, clock, faults, folder, _following: until.drop_guard() }
    }

    /// The server's parts.
    #[must_use]
    pub fn app(&self) -> &App {
        &self.app
    }

    /// The folder of its databases and keys.
    #[must_use]
    pub fn data(&self) -> &Path {
        self.folder.path()
    }

    /// What goes wrong with its log.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// Time passes.
    pub fn wait(&self, time: Duration) {
        self.clock.advance(time);
    }

    /// How long the server would have let time go by, were its clock not standing.
    #[must_use]
    pub fn rested(&self) -> std::time::Duration {
        self.clock.rested()
    }

    /// Server time.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        self.app.now()
    }

    /// A browser that was never here.
    #[must_use]
    pub fn browser(&self) -> Browser {
        Browser::new(self.app.clone())
    }

    /// An enrolled agent that is connected and sees an empty reader.
    pub async fn agent(&self, workstation: &str) -> anyhow::Result<SoftAgent> {
        let id = AgentId(self.app.entropy().uuid(self.now()));
        let certificate = Sha256::digest(workstation.as_bytes()).into();
        self.app.stores().agents.enrol(id, workstation, certificate, self.now()).await?;
        SoftAgent::connect(self.app.clone(), id, workstation).await
    }

    /// An agent that is enrolled already connects.
    pub async fn connect(&self, agent: AgentId, workstation: &str) -> anyhow::Result<SoftAgent> {
        SoftAgent::connect(self.app.clone(), agent, workstation).await
    }

    /// A person becomes a holder the way everybody does: a blank card is personalised.
    pub async fn register(
        &self,
        agent: &SoftAgent,
        card: &mut SoftCard,
        name: &str,
        passcode: &str,
    ) -> anyhow::Result<HolderId> {
        let holder = self.person(name).await?;
        let job =
            self.app.start_job(self.personalising(holder), TokenHash::of(name.as_bytes())).await?;
        agent.personalise(job, card, passcode).await?;
        Ok(holder)
    }

    /// A person in the vault who has no card yet.
    pub async fn person(&self, name: &str) -> anyhow::Result<HolderId> {
        let holder = HolderId(self.app.entropy().uuid(self.now()));
        let person = Person { name: name.to_owned(), email: "holder@example.org".to_owned() };
        self.app.stores().vault.put_person(holder, &person, self.now()).await?;
        Ok(holder)
    }

    /// The goal of a job that personalises a blank card for a person.
    #[must_use]
    pub fn personalising(&self, holder: HolderId) -> Goal {
        let command = CommandId(self.app.entropy().uuid(self.now()));
        let check = IdentityCheck::by(IdentityEvidence::Passport, "RA desk");
        Goal::Personalise { holder, command, check, made: Made::default(), desk: None }
    }

    /// A holder as the log has him.
    pub async fn holder(&self, holder: HolderId) -> anyhow::Result<Holder> {
        Ok(self.app.load(holder).await?.holder)
    }

    /// Everything that happened to a holder, oldest first.
    pub async fn events(&self, holder: HolderId) -> anyhow::Result<Vec<HolderEvent>> {
        let stream = StreamName::holder(holder);
        let recorded =
            self.app.stores().log.read_stream(&stream, Revision(0)).try_collect::<Vec<_>>().await?;
        recorded
            .iter()
            .map(|event| {
                HolderEvent::decode(&event.kind, event.schema, &event.data).context("an event")
            })
            .collect()
    }

    /// The whole log, oldest first.
    pub async fn log(&self) -> anyhow::Result<Vec<Recorded>> {
        let all = self.app.stores().log.read_all(Position::START, stores::event_store::Filter::All);
        Ok(all.try_collect().await?)
    }

    /// Where the log ends: the same position means that nothing was recorded in between.
    pub async fn head(&self) -> anyhow::Result<Position> {
        Ok(self.app.stores().log.head().await?)
    }

    /// The sentences of a holder's ledger, newest first.
    pub async fn ledger(&self, holder: HolderId) -> anyhow::Result<Vec<String>> {
        self.app.catch_up().await?;
        let entries = self.app.projections().ledger(holder, None, LEDGER_LINES).await?;
        Ok(entries.into_iter().map(|entry| entry.sentence).collect())
    }

    /// How many checks at logon were recorded for a holder.
    pub async fn logons(&self, holder: HolderId) -> anyhow::Result<usize> {
        Ok(self.app.stores().logons.of_holder(holder, None, LEDGER_LINES).await?.len())
    }
}

/// Copies a folder with all that is in it.
pub fn copy_folder(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(to)?;
    std::fs::set_permissions(to, std::fs::metadata(from)?.permissions())?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else if entry.file_type()?.is_file() {
            std::fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

/// By what cards are written and certificates signed.
fn take_away_keys_for_cards(keys: &Path) -> anyhow::Result<()> {
    for entry in fs::read_dir(keys)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if ["card", "agents-authority"].iter().any(|begins| name.starts_with(begins)) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}
