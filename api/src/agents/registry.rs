//! Which agents are connected to this process, and what they say is in their readers.
//!
//! Hearsay, for pages that help a person ("put your card in the reader"); no rule reads it. What a
//! rule needs, the card signs.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use chrono::{DateTime, Utc};
use protocol::ReaderSeen;
use stores::agent::AgentId;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// A connected agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentSeen {
    /// Name of the workstation, as it says.
    pub workstation: String,
    /// Its readers, as it says.
    pub readers: Vec<ReaderSeen>,
    /// When it was last heard.
    pub heard_at: DateTime<Utc>,
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

/// The connected agents. Cheap to clone. Bounded by the number of connections that the listener
/// accepts.
#[derive(Clone)]
pub struct Registry {
    agents: Arc<Mutex<HashMap<AgentId, Connected>>>,
    changed: watch::Sender<u64>,
}

/// What an agent says, and the way to end its connection.
struct Connected {
    seen: AgentSeen,
    line: CancellationToken,
}

impl Default for Registry {
    fn default() -> Self {
        Self { agents: Arc::default(), changed: watch::Sender::new(0) }
    }
}

impl Registry {
    /// An agent is connected; `line` ends its connection. A second connection of the same agent
    /// takes the place of the first, which is ended.
    pub fn connect(&self, agent: AgentId, seen: AgentSeen, line: CancellationToken) {
        let before = self.lock().insert(agent, Connected { seen, line });
        if let Some(before) = before {
            before.line.cancel();
        }
        self.changed.send_modify(|count| *count += 1);
    }

    /// Takes note of what a connected agent says; gives back what it said before.
    #[must_use = "what has changed ends sessions"]
    pub fn note(&self, agent: AgentId, seen: AgentSeen) -> Option<AgentSeen> {
        let before = {
            let mut agents = self.lock();
            let connected = agents.get_mut(&agent)?;
            std::mem::replace(&mut connected.seen, seen)
        };
        self.changed.send_modify(|count| *count += 1);
        Some(before)
    }

    /// Ends an agent's connection.
    pub fn hang_up(&self, agent: AgentId) {
        if let Some(connected) = self.lock().get(&agent) {
            connected.line.cancel();
        }
    }

    /// Forgets an agent whose connection has ended, unless another of its connections has taken
    /// its place; gives back what it said last.
    #[must_use = "what is gone ends sessions"]
    pub fn forget(&self, agent: AgentId, line: &CancellationToken) -> Option<AgentSeen> {
        let before = {
            let mut agents = self.lock();
            // A line that was cancelled has been replaced, or hung up: both are ended by others.
            let same = agents
                .get(&agent)
                .is_some_and(|connected| connected.line.is_cancelled() == line.is_cancelled());
            if same { agents.remove(&agent) } else { None }
        };
        self.changed.send_modify(|count| *count += 1);
        before.map(|connected| connected.seen)
    }

    /// What one agent says.
    #[must_use]
    pub fn agent(&self, agent: AgentId) -> Option<AgentSeen> {
        self.lock().get(&agent).map(|connected| connected.seen.clone())
    }

    /// True if any agent says that a card is in a reader of its.
    #[must_use]
    pub fn any_card(&self) -> bool {
        self.lock()
            .values()
            .flat_map(|connected| &connected.seen.readers)
            .any(|reader| reader.card.is_some())
    }

    /// How many agents are connected.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lock().len()
    }

    /// True if no agent is connected.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    /// Wakes whenever something was noted or forgotten.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<AgentId, Connected>> {
        self.agents.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
