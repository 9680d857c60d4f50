//! Which agents are connected, and what they say is in their readers.
//!
//! Whose connection counts, and what was said over it, is in a table that all processes of this
//! service share ([`stores::line`]); here are only the connections that this process holds, so that it
//! can end them.
//!
//! Hearsay: it helps a person ("put your card in the reader") and it ends sessions. What opens one,
//! the card has signed; that it is still there is all that is asked here.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use protocol::ReaderSeen;
use stores::{
    agent::AgentId,
    line::{self, Lines, ProcessId},
};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

pub use stores::line::LineId;

/// The most connections of this process that are compared with the table at once: more than the
/// listener accepts.
const HELD_MAX: u32 = 10_000;

/// What an agent says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentSeen {
    /// Name of the workstation.
    pub workstation: String,
    /// Its readers.
    pub readers: Vec<ReaderSeen>,
}

impl AgentSeen {
    /// True if it says that this card is in one of its readers.
    #[must_use]
    pub fn has_card(&self, serial: &str) -> bool {
        self.readers
            .iter()
            .filter_map(|reader| reader.card.as_ref())
            .any(|card| card.serial == serial)
    }
}

/// How an agent stands that is not gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// It is connected, and says this.
    Connected(AgentSeen),
    /// It was connected a moment ago, so its cards do not count as removed.
    Missed,
}

/// An agent, by one of its connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asker {
    /// Which agent.
    pub agent: AgentId,
    /// By which connection.
    pub line: LineId,
}

/// The agents. Cheap to clone. Bounded by the number of connections that the listener accepts.
#[derive(Clone)]
pub struct Registry {
    process: ProcessId,
    lines: Lines,
    held: Arc<Mutex<HashMap<AgentId, Held>>>,
    changed: watch::Sender<u64>,
}

/// A connection of this process, and the way to end it.
struct Held {
    line: LineId,
    end: CancellationToken,
}

impl Registry {
    /// That of a process that has just begun: nobody is connected to it.
    ///
    /// # Errors
    /// If the table cannot be written.
    pub async fn begin(lines: Lines, process: ProcessId) -> anyhow::Result<Self> {
        lines.begin(process).await?;
        Ok(Self { process, lines, held: Arc::default(), changed: watch::Sender::new(0) })
    }

    /// An agent is connected; `end` ends its connection. A second connection of the same agent takes
    /// the place of the first, wherever that is; what the first said of its readers stands until the
    /// second says something, so that a card that was pulled in between is noticed. Gives that back.
    ///
    /// # Errors
    /// If the table cannot be written.
    pub async fn connect(
        &self,
        Asker { agent, line }: Asker,
        workstation: &str,
        end: CancellationToken,
    ) -> anyhow::Result<AgentSeen> {
        let before = self.lines.connect(self.process, agent, line, workstation).await?;
        if let Some(replaced) = self.lock().insert(agent, Held { line, end }) {
            replaced.end.cancel();
        }
        self.ring();
        let readers = before.as_deref().map(readers).transpose()?.unwrap_or_default();
        Ok(AgentSeen { workstation: workstation.to_owned(), readers })
    }

    /// Takes note of what a connected agent says. False if it is not connected by this line any more:
    /// then what it says is not noted.
    ///
    /// # Errors
    /// If the table cannot be written.
    pub async fn note(
        &self,
        Asker { agent, line }: Asker,
        seen: &AgentSeen,
    ) -> anyhow::Result<bool> {
        let text = serde_json::to_string(&seen.readers)?;
        let noted = self.lines.note(agent, line, &text).await?;
        self.ring();
        Ok(noted)
    }

    /// Ends an agent's connection, which counts for nothing from now on, wherever it is; a process that
    /// holds it finds out with the next thing that is said over it.
    ///
    /// # Errors
    /// If the table cannot be written.
    pub async fn hang_up(&self, agent: AgentId) -> anyhow::Result<()> {
        self.lines.hang_up(agent).await?;
        if let Some(held) = self.lock().remove(&agent) {
            held.end.cancel();
        }
        self.ring();
        Ok(())
    }

    /// A connection has ended. True if it was the agent's last: then the agent is missed until
    /// [`Registry::give_up`].
    ///
    /// # Errors
    /// If the table cannot be written.
    pub async fn forget(
        &self,
        Asker { agent, line }: Asker,
        now: DateTime<Utc>,
    ) -> anyhow::Result<bool> {
        {
            let mut held = self.lock();
            if held.get(&agent).is_some_and(|held| held.line == line) {
                held.remove(&agent);
            }
        }
        let was_last = self.lines.leave(agent, line, now).await?;
        self.ring();
        Ok(was_last)
    }

    /// An agent whose connection ended is not waited for any longer. False if it has been back since.
    ///
    /// # Errors
    /// If the table cannot be written.
    pub async fn give_up(&self, Asker { agent, line }: Asker) -> anyhow::Result<bool> {
        Ok(self.lines.give_up(agent, line).await?)
    }

    /// True if the agent is connected and says that this card is in one of its readers.
    ///
    /// # Errors
    /// If the table cannot be read.
    pub async fn has_card(&self, agent: AgentId, serial: &str) -> anyhow::Result<bool> {
        Ok(self.agent(agent).await?.is_some_and(|seen| seen.has_card(serial)))
    }

    /// True if the agent is still connected by this very line.
    ///
    /// # Errors
    /// If the table cannot be read.
    pub async fn is_connected(&self, Asker { agent, line }: Asker) -> anyhow::Result<bool> {
        let now = self.lines.of_agent(agent).await?;
        Ok(now.is_some_and(|now| now.connected && now.line == line))
    }

    /// What one agent says; `None` if it is not connected.
    ///
    /// # Errors
    /// If the table cannot be read.
    pub async fn agent(&self, agent: AgentId) -> anyhow::Result<Option<AgentSeen>> {
        Ok(match self.standing([agent]).await?.remove(&agent) {
            Some(Standing::Connected(seen)) => Some(seen),
            Some(Standing::Missed) | None => None,
        })
    }

    /// How each of some agents stands, [`line::AGENTS_MAX`] at the most; who is not named is gone.
    ///
    /// # Errors
    /// If the table cannot be read.
    pub async fn standing(
        &self,
        agents: impl IntoIterator<Item = AgentId>,
    ) -> anyhow::Result<HashMap<AgentId, Standing>> {
        let lines = self.lines.of_agents(agents).await?;
        let stands = |line: line::Line| {
            let standing = if line.connected {
                let readers = readers(&line.readers)?;
                Standing::Connected(AgentSeen { workstation: line.workstation, readers })
            } else {
                Standing::Missed
            };
            anyhow::Ok((line.agent, standing))
        };
        lines.into_iter().map(stands).collect()
    }

    /// How many agents are connected, counted up to [`line::COUNTED_MAX`].
    ///
    /// # Errors
    /// If the table cannot be read.
    pub async fn n_connected(&self) -> anyhow::Result<u64> {
        Ok(self.lines.n_connected().await?)
    }

    /// True if any agent is connected.
    ///
    /// # Errors
    /// If the table cannot be read.
    pub async fn any_connected(&self) -> anyhow::Result<bool> {
        Ok(self.lines.any_connected().await?)
    }

    /// How many agents are connected to this process.
    #[must_use]
    pub fn n_held(&self) -> usize {
        self.lock().len()
    }

    /// Says that this process is there, and ends those of its connections that are an agent's no more:
    /// it has been revoked, or has dialled another process.
    ///
    /// # Errors
    /// If the table cannot be asked.
    pub async fn keep(&self) -> anyhow::Result<()> {
        self.lines.beat(self.process).await?;
        // Before the table is read: who connects meanwhile is in both, or in the table alone.
        let held: Vec<_> = self.lock().iter().map(|(agent, held)| (*agent, held.line)).collect();
        let counting = self.lines.held_by(self.process, HELD_MAX).await?;
        let counting: HashMap<_, _> = counting.into_iter().collect();
        let mut lines = self.lock();
        for (agent, line) in
            held.into_iter().filter(|(agent, line)| counting.get(agent) != Some(line))
        {
            if lines.get(&agent).is_some_and(|now| now.line == line)
                && let Some(over) = lines.remove(&agent)
            {
                over.end.cancel();
            }
        }
        Ok(())
    }

    /// The process ends in good order: its agents have left.
    ///
    /// # Errors
    /// If the table cannot be written.
    pub async fn end(&self, now: DateTime<Utc>) -> anyhow::Result<()> {
        Ok(self.lines.end(self.process, now).await?)
    }

    /// Wakes whenever something was noted or forgotten by this process.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    fn ring(&self) {
        self.changed.send_modify(|count| *count += 1);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<AgentId, Held>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What was noted of readers; nothing yet, of an agent that has not said anything.
fn readers(text: &str) -> anyhow::Result<Vec<ReaderSeen>> {
    if text.is_empty() {
        return Ok(Vec::new());
    }
    serde_json::from_str(text).context("what an agent said of its readers cannot be read")
}

#[cfg(test)]
mod tests {
    use protocol::CardSeen;
    use stores::{
        sqlite::Database,
        vault::{Keys, VaultKeys},
    };
    use uuid::Uuid;

    use super::*;

    const AGENT: AgentId = AgentId(Uuid::from_u128(1));

    async fn registry() -> Registry {
        let key = || Keys::new(1, [1; 32]);
        let keys = VaultKeys { pepper: key(), seal: key(), puk: None, code: key().into() };
        let stores = Database::in_memory().await.unwrap().stores(keys);
        Registry::begin(stores.lines, ProcessId(Uuid::from_u128(9))).await.unwrap()
    }

    /// Another process over the same tables.
    fn another(registry: &Registry) -> Registry {
        let process = ProcessId(Uuid::from_u128(10));
        Registry { process, held: Arc::default(), ..registry.clone() }
    }

    async fn connect(registry: &Registry, number: u128) -> (Asker, AgentSeen, CancellationToken) {
        let end = CancellationToken::new();
        let asker = Asker { agent: AGENT, line: LineId(Uuid::from_u128(number)) };
        let before = registry.connect(asker, "ward 3", end.clone()).await.unwrap();
        (asker, before, end)
    }

    fn seen(card: Option<&str>) -> AgentSeen {
        let card = card.map(|serial| CardSeen {
            serial: serial.to_owned(),
            profile: "guide".to_owned(),
            tries_left: None,
        });
        let reader = ReaderSeen { model: "Reader".to_owned(), approved: true, card };
        AgentSeen { workstation: "ward 3".to_owned(), readers: vec![reader] }
    }

    #[tokio::test]
    async fn a_card_pulled_while_its_agent_dialled_another_process_is_known_there_from_before() {
        let registry = registry().await;
        let (first, before, first_end) = connect(&registry, 1).await;
        assert!(!before.has_card("0A"));
        assert!(registry.note(first, &seen(Some("0A"))).await.unwrap());
        let elsewhere = another(&registry);
        let (_, before, _) = connect(&elsewhere, 2).await;
        assert!(before.has_card("0A") && !first_end.is_cancelled());
        registry.keep().await.unwrap();
        assert!(first_end.is_cancelled() && registry.n_held() == 0);
    }

    #[tokio::test]
    async fn a_connection_that_was_replaced_says_and_forgets_nothing_any_more() {
        let registry = registry().await;
        let (first, _, first_end) = connect(&registry, 1).await;
        let (second, _, second_end) = connect(&registry, 2).await;
        assert!(first_end.is_cancelled());
        assert!(registry.is_connected(second).await.unwrap());
        assert!(!registry.is_connected(first).await.unwrap());
        assert!(!registry.note(first, &seen(Some("0A"))).await.unwrap());
        assert!(!registry.forget(first, DateTime::UNIX_EPOCH).await.unwrap());
        assert!(!registry.has_card(AGENT, "0A").await.unwrap());
        registry.keep().await.unwrap();
        assert!(!second_end.is_cancelled() && registry.n_held() == 1);
        assert!(registry.forget(second, DateTime::UNIX_EPOCH).await.unwrap());
        assert_eq!((registry.n_held(), registry.n_connected().await.unwrap()), (0, 0));
    }

    #[tokio::test]
    async fn an_agent_is_missed_from_its_end_until_it_is_given_up_and_none_that_was_hung_up_on() {
        let registry = registry().await;
        let misses = async |registry: &Registry| {
            registry.standing([AGENT]).await.unwrap().get(&AGENT) == Some(&Standing::Missed)
        };
        let (first, ..) = connect(&registry, 1).await;
        assert!(registry.forget(first, DateTime::UNIX_EPOCH).await.unwrap());
        assert!(misses(&registry).await);
        let (second, ..) = connect(&registry, 2).await;
        assert!(registry.forget(second, DateTime::UNIX_EPOCH).await.unwrap());
        assert!(!registry.give_up(first).await.unwrap() && misses(&registry).await);
        assert!(registry.give_up(second).await.unwrap() && !misses(&registry).await);
        let (third, _, end) = connect(&registry, 3).await;
        registry.hang_up(AGENT).await.unwrap();
        assert!(end.is_cancelled() && !registry.any_connected().await.unwrap());
        assert!(!registry.forget(third, DateTime::UNIX_EPOCH).await.unwrap());
        assert!(!misses(&registry).await);
    }

    #[tokio::test]
    async fn an_agent_that_was_hung_up_on_by_another_process_loses_its_line_here() {
        let registry = registry().await;
        let (first, _, end) = connect(&registry, 1).await;
        another(&registry).hang_up(AGENT).await.unwrap();
        assert!(!registry.is_connected(first).await.unwrap());
        registry.keep().await.unwrap();
        assert!(end.is_cancelled());
    }
}
