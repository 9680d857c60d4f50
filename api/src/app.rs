//! What the parts of one running server share.

use std::{net::IpAddr, sync::Arc};

use anyhow::Context as _;
use axum::http::HeaderMap;
use chrono::{DateTime, Duration, Utc};
use domain::{
    card::CardKeys,
    ids::HolderId,
    policy::{Policies, Policy},
};
use issuer::{AgentsAuthority, CardsAuthority};
use projections::Projections;
use stores::{agent::AgentId, line::MISSED_SECS, session::EndReason, truth::Stores, turn::Turn};
use tokio::sync::Semaphore;
use workflows::{card_job::Claim, commands::Commands, engine::Engine};
use zeroize::Zeroizing;

use crate::{
    agents::{AgentSeen, Asker, Registry},
    audit::export::{Cursor, End, Export},
    authority::PURPOSE,
    clock::{Clock, Entropy},
    config::{Config, Mode},
    database::Database,
    forecast::Forecasts,
    keystore::Keystore,
    live::Live,
    metrics::Metrics,
    news::News,
    organisations,
    pace::{self, Pace},
    policies,
    poprf::Poprf,
    relying_parties::RelyingParties,
    role::Role,
    self_service::EMAIL_PURPOSE,
};

/// How long the channel's own certificate is good for, in days; it is made anew at every start.
const CHANNEL_CERTIFICATE_DAYS: i64 = 365;

/// How long a page waits for the projections before it says that we are not ready.
const CATCH_UP_MAX: std::time::Duration = std::time::Duration::from_secs(5);

/// After so long without its agent, a card counts as removed.
pub const AGENT_LOST: std::time::Duration =
    std::time::Duration::from_secs(MISSED_SECS.unsigned_abs());

/// The parts. Cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Parts>);

/// Everything an [`App`] is made of.
pub struct Parts {
    /// What this process does.
    pub role: Role,
    /// Where all of it is, and this process's claim to it.
    pub database: Database,
    /// What is true.
    pub stores: Stores,
    /// What is shown.
    pub projections: Projections,
    /// What does things when they are due.
    pub engine: Engine,
    /// The way of a command: the engine's, so that each holder is read once for both.
    pub commands: Commands,
    /// The numbers of the rules.
    pub policies: policies::Held,
    /// Forecasts that are being worked out, or were lately.
    pub forecasts: Forecasts,
    /// B-59: who is above whom.
    pub organisations: organisations::Held,
    /// What other processes have published.
    pub news: News,
    /// The configuration.
    pub config: Config,
    /// Every key.
    pub keystore: Keystore,
    /// Issues the cards' certificates, where this process does that.
    pub cards: Option<CardsAuthority>,
    /// Issues the agents' certificates, where this process does that.
    pub agents: Option<AgentsAuthority>,
    /// The server's side of the passcode history.
    pub poprf: Poprf,
    /// Server time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Entropy,
    /// What relying parties are answered from.
    pub relying_parties: RelyingParties,
    /// What is counted for the operator.
    pub metrics: Metrics,
    /// Who is connected.
    pub registry: Registry,
    /// How often strangers may start a log-in.
    pub pace: Pace,
    /// Places for stretching a value here (B-27).
    pub stretching: Semaphore,
    /// Places for the authority's key at work.
    pub signing: Arc<Semaphore>,
    /// Tells pages that are being looked at that something has happened.
    pub live: Live,
    /// The portal's templates.
    pub pages: pages::Environment<'static>,
    /// The demonstration, if this is one.
    #[cfg(feature = "demo")]
    pub demo: Option<crate::demo::Demo>,
}

impl App {
    /// An app of these parts.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }

    /// Server time (B-09).
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        self.0.clock.now()
    }

    /// The clock itself.
    #[must_use]
    pub fn clock(&self) -> &dyn Clock {
        self.0.clock.as_ref()
    }

    /// The instant by which TLS judges certificates: the same as [`App::now`], but in the
    /// demonstration.
    #[must_use]
    pub fn real_now(&self) -> DateTime<Utc> {
        self.0.clock.real_now()
    }

    /// Randomness.
    #[must_use]
    pub fn entropy(&self) -> &Entropy {
        &self.0.entropy
    }

    /// The policies there have been.
    #[must_use]
    pub fn policies(&self) -> &Policies {
        self.0.policies.now()
    }

    /// The policy in force.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        domain::context::Context { now: self.now(), policies: self.policies() }.policy()
    }

    /// B-14: the versions, for the module that keeps them.
    pub(crate) fn held_policies(&self) -> &policies::Held {
        &self.0.policies
    }

    /// Forecasts that are being worked out, or were lately.
    pub(crate) fn forecasts(&self) -> &Forecasts {
        &self.0.forecasts
    }

    /// What other processes have published, for the module that keeps it.
    pub(crate) fn news(&self) -> &News {
        &self.0.news
    }

    /// What this process does.
    #[must_use]
    pub fn role(&self) -> Role {
        self.0.role
    }

    /// True if other processes may be over the same database.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        self.0.database.is_shared()
    }

    /// B-59: the tree of organisations, for the module that keeps it.
    pub(crate) fn held_organisations(&self) -> &organisations::Held {
        &self.0.organisations
    }

    /// What is true.
    #[must_use]
    pub fn stores(&self) -> &Stores {
        &self.0.stores
    }

    /// What is shown.
    #[must_use]
    pub fn projections(&self) -> &Projections {
        &self.0.projections
    }

    /// The way of a command.
    pub(crate) fn commands(&self) -> &Commands {
        &self.0.commands
    }

    /// What does things when they are due.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        &self.0.engine
    }

    /// The configuration.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.0.config
    }

    /// Every key.
    #[must_use]
    pub fn keystore(&self) -> &Keystore {
        &self.0.keystore
    }

    /// Issues the cards' certificates.
    ///
    /// # Errors
    /// If this process does not.
    pub fn cards_authority(&self) -> anyhow::Result<&CardsAuthority> {
        self.0.cards.as_ref().context("this process signs no certificates: `latchkey work` does")
    }

    /// Issues the agents' certificates.
    ///
    /// # Errors
    /// If this process does not.
    pub fn agents_authority(&self) -> anyhow::Result<&AgentsAuthority> {
        self.0.agents.as_ref().context("this process enrols no agents: `latchkey work` does")
    }

    /// The server's side of the passcode history.
    #[must_use]
    pub fn poprf(&self) -> &Poprf {
        &self.0.poprf
    }

    /// True if a stranger who sends these headers may start a log-in now; takes his place in the
    /// minute.
    #[must_use]
    pub fn admits_log_in(&self, headers: &HeaderMap) -> bool {
        self.0.pace.take(self.now(), self.address(headers))
    }

    /// Whom the proxy in front, or our own door of HTTPS, speaks for; `None` if there is neither, or it does
    /// not say.
    #[must_use]
    pub fn address(&self, headers: &HeaderMap) -> Option<IpAddr> {
        let portal = &self.config().portal;
        let is_said = portal.behind_proxy || portal.https.is_some();
        is_said.then(|| pace::address(headers)).flatten()
    }

    /// Places for stretching a value here (B-27).
    #[must_use]
    pub fn stretching(&self) -> &Semaphore {
        &self.0.stretching
    }

    /// Places for the authority's key at work: [`crate::authority::SIGNING_AT_ONCE`].
    #[must_use]
    pub fn signing(&self) -> &Arc<Semaphore> {
        &self.0.signing
    }

    /// B-59: to be held from the question who else is a manager until what follows from it is in the
    /// log, so that the last one stays.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn alone_with_managers(&self) -> anyhow::Result<Turn> {
        Ok(self.stores().turns.take().await?)
    }

    /// What relying parties are answered from.
    #[must_use]
    pub fn relying_parties(&self) -> &RelyingParties {
        &self.0.relying_parties
    }

    /// What is counted for the operator.
    #[must_use]
    pub fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    /// Who is connected.
    #[must_use]
    pub fn agents(&self) -> &Registry {
        &self.0.registry
    }

    /// Tells pages that are being looked at that something has happened.
    #[must_use]
    pub fn live(&self) -> &Live {
        &self.0.live
    }

    /// The portal's templates.
    #[must_use]
    pub fn pages(&self) -> &pages::Environment<'static> {
        &self.0.pages
    }

    /// True if this log, these keys and this authority are a demonstration's.
    #[must_use]
    pub fn is_demo(&self) -> bool {
        self.0.config.mode == Mode::Demo
    }

    /// The demonstration, if this is one.
    #[cfg(feature = "demo")]
    #[must_use]
    pub fn demo(&self) -> Option<&crate::demo::Demo> {
        self.0.demo.as_ref()
    }

    /// Waits until what is shown is as new as what is true now.
    pub async fn catch_up(&self) -> anyhow::Result<()> {
        let head = self.stores().log.head().await?;
        self.projections().wait_for(head, CATCH_UP_MAX).await?;
        Ok(())
    }

    /// The lines of the log from here to there, with the logon checks between them.
    #[must_use]
    pub fn export(&self, cursor: Cursor, end: End) -> Export {
        let stores = self.stores();
        let (log, logons) = (Arc::clone(&stores.log), stores.logons.clone());
        Export::new(log, logons, self.policies().clone(), cursor, end)
    }

    /// The portal's origin, as statements name it.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.0.config.portal.origin
    }

    /// A fresh certificate and PKCS#8 key for the agents' channel.
    pub fn channel_certificate(&self) -> anyhow::Result<(Vec<u8>, Zeroizing<Vec<u8>>)> {
        let now = self.real_now();
        let until = now + Duration::days(CHANNEL_CERTIFICATE_DAYS);
        let (secret, serial) = (Zeroizing::new(self.entropy().bytes()), self.entropy().bytes());
        self.agents_authority()?
            .issue_server_certificate(&secret, serial, now, until)
            .context("the channel's certificate")
    }

    /// The public keys of a claim's card.
    pub async fn card_keys(&self, claim: &Claim) -> anyhow::Result<CardKeys> {
        let loaded = self.load(claim.holder()?).await?;
        let card = loaded.holder.card().context("the holder has no card")?;
        anyhow::ensure!(card.card == claim.card, "the card is not the holder's active one");
        Ok(card.keys.clone())
    }

    /// Deletes from the vault what is older than the last five of each kind, the certificates of
    /// updates that are over, and answers and addresses of registrations that are not in force. Housekeeping: a failure is logged and made good by the next one.
    pub async fn prune_vault(&self, holder: HolderId) {
        let kept = || async { Ok(self.load(holder).await?.holder.kept(self.policy())) };
        let (log, vault) = (self.stores().log.as_ref(), &self.stores().vault);
        let passcodes = vault.prune(log, holder, kept()).await;
        let certificates = vault.prune_sealed(holder, PURPOSE, self.now(), kept()).await;
        let addresses = vault.prune_sealed(holder, EMAIL_PURPOSE, self.now(), kept()).await;
        for pruned in [passcodes, certificates, addresses] {
            if let Err(error) = pruned.map_err(anyhow::Error::from) {
                tracing::warn!(%holder, error = format!("{error:#}"), "the vault was not pruned");
            }
        }
    }

    /// A card that an agent no longer sees ends its session, at once.
    pub fn readers_changed(&self, agent: AgentId, before: &AgentSeen, now: &AgentSeen) {
        let gone: Vec<String> = before
            .readers
            .iter()
            .filter_map(|reader| reader.card.as_ref())
            .filter(|card| !now.has_card(&card.serial))
            .map(|card| card.serial.clone())
            .collect();
        for card in gone {
            let app = self.clone();
            tokio::spawn(async move { app.card_left(agent, &card, EndReason::CardRemoved).await });
        }
    }

    async fn card_left(&self, agent: AgentId, card: &str, reason: EndReason) {
        let Ok(card) = card.parse() else { return };
        let ended =
            self.stores().sessions.end_of_card_at_agent(&card, agent, reason, self.now()).await;
        if let Err(error) = ended {
            tracing::error!(agent = %agent.0, %error, "a removed card's session was not ended");
        }
    }

    /// An agent that stays away for a minute counts as its cards removed. What is not done here,
    /// because this process ends or the database is not there, [`crate::housekeeping::end_lost`] makes
    /// good.
    pub fn agent_left(&self, asker: Asker, seen: AgentSeen) {
        // A connection may also end with the process.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let app = self.clone();
        runtime.spawn(async move {
            if let Err(error) = app.miss(asker, &seen).await {
                let agent = asker.agent.0;
                tracing::warn!(%agent, error = format!("{error:#}"), "an agent has left, unnoted");
            }
        });
    }

    async fn miss(&self, asker: Asker, seen: &AgentSeen) -> anyhow::Result<()> {
        if !self.agents().forget(asker, self.real_now()).await? {
            return Ok(());
        }
        tokio::time::sleep(AGENT_LOST).await;
        if !self.agents().give_up(asker).await? {
            return Ok(());
        }
        for card in seen.readers.iter().filter_map(|reader| reader.card.as_ref()) {
            if !self.agents().has_card(asker.agent, &card.serial).await? {
                self.card_left(asker.agent, &card.serial, EndReason::AgentLost).await;
            }
        }
        Ok(())
    }
}
