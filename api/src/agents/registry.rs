//! Which agents are connected to this process, and what they say is in their readers.
//!
//! Hearsay: it helps a person ("put your card in the reader") and it ends sessions. What opens one,
//! the card has signed; that it is still there is all that is asked here.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use chrono::{DateTime, Utc};
use protocol::ReaderSeen;
use stores::agent::AgentId;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

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

/// One connection of an agent; no two have the same, not even to two runs of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineId(pub Uuid);

/// An agent, by one of its connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asker {
    /// Which agent.
    pub agent: AgentId,
    /// By which connection.
    pub line: LineId,
}

/// The connected agents. Cheap to clone. Bounded by the number of connections that the listener
/// accepts.
#[derive(Clone)]
pub struct Registry {
    agents: Arc<Mutex<Agents>>,
    changed: watch::Sender<u64>,
}

#[derive(Default)]
struct Agents {
    connected: HashMap<AgentId, Connected>,
    /// Whose last connection ended so short a time ago that they are still waited for.
    missed: HashMap<AgentId, LineId>,
}

/// What an agent says, and the way to end its connection.
struct Connected {
    seen: AgentSeen,
    id: LineId,
    line: CancellationToken,
}

impl Default for Registry {
    fn default() -> Self {
        Self { agents: Arc::default(), changed: watch::Sender::new(0) }
    }
}

impl Registry {
    /// An agent is connected; `line` ends its connection. A second connection of the same agent
    /// takes the place of the first, which is ended; what the first said of its readers stands
    /// until the second says something, so that a card that was pulled in between is noticed.
    pub fn connect(
        &self,
        Asker { agent, line: id }: Asker,
        workstation: String,
        heard_at: DateTime<Utc>,
        line: CancellationToken,
    ) {
        {
            let mut agents = self.lock();
            let readers = match agents.connected.remove(&agent) {
                Some(before) => {
                    before.line.cancel();
                    before.seen.readers
                }
                None => Vec::new(),
            };
            let seen = AgentSeen { workstation, readers, heard_at };
            agents.connected.insert(agent, Connected { seen, id, line });
        }
        self.changed.send_modify(|count| *count += 1);
    }

    /// Takes note of what a connected agent says; gives back what it said before. `None` if it is
    /// not connected by this line any more: then what it says is not noted.
    #[must_use = "what has changed ends sessions"]
    pub fn note(&self, agent: AgentId, line: LineId, seen: AgentSeen) -> Option<AgentSeen> {
        let before = {
            let mut agents = self.lock();
            let connected = agents.connected.get_mut(&agent).filter(|now| now.id == line)?;
            std::mem::replace(&mut connected.seen, seen)
        };
        self.changed.send_modify(|count| *count += 1);
        Some(before)
    }

    /// Ends an agent's connection, which counts for nothing from now on.
    pub fn hang_up(&self, agent: AgentId) {
        if let Some(connected) = self.lock().connected.remove(&agent) {
            connected.line.cancel();
        }
        self.changed.send_modify(|count| *count += 1);
    }

    /// Forgets an agent whose connection has ended, unless another of its connections has taken
    /// its place or it was hung up on; gives back what it said last. It is missed until
    /// [`Registry::give_up`].
    #[must_use = "what is gone ends sessions"]
    pub fn forget(&self, agent: AgentId, line: LineId) -> Option<AgentSeen> {
        let before = {
            let mut agents = self.lock();
            agents.connected.get(&agent).filter(|now| now.id == line)?;
            agents.missed.insert(agent, line);
            agents.connected.remove(&agent)
        };
        self.changed.send_modify(|count| *count += 1);
        before.map(|connected| connected.seen)
    }

    /// An agent whose connection ended is not waited for any longer. False if it was back and has
    /// left again since: then it still is.
    #[must_use = "who is still waited for has not left"]
    pub fn give_up(&self, agent: AgentId, line: LineId) -> bool {
        let mut agents = self.lock();
        let is_last = agents.missed.get(&agent) == Some(&line);
        if is_last {
            agents.missed.remove(&agent);
        }
        is_last
    }

    /// True if the agent is connected and says that this card is in one of its readers.
    #[must_use]
    pub fn has_card(&self, agent: AgentId, serial: &str) -> bool {
        self.lock().connected.get(&agent).is_some_and(|connected| connected.seen.has_card(serial))
    }

    /// True if the agent is still connected by this very line.
    #[must_use]
    pub fn is_connected(&self, Asker { agent, line }: Asker) -> bool {
        self.lock().connected.get(&agent).is_some_and(|connected| connected.id == line)
    }

    /// True if the agent was connected a moment ago, so that its cards do not count as removed.
    #[must_use]
    pub fn misses(&self, agent: AgentId) -> bool {
        self.lock().missed.contains_key(&agent)
    }

    /// What one agent says.
    #[must_use]
    pub fn agent(&self, agent: AgentId) -> Option<AgentSeen> {
        self.lock().connected.get(&agent).map(|connected| connected.seen.clone())
    }

    /// True if any agent says that a card is in a reader of its.
    #[must_use]
    pub fn any_card(&self) -> bool {
        self.lock()
            .connected
            .values()
            .flat_map(|connected| &connected.seen.readers)
            .any(|reader| reader.card.is_some())
    }

    /// How many agents are connected.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lock().connected.len()
    }

    /// True if no agent is connected.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lock().connected.is_empty()
    }

    /// Wakes whenever something was noted or forgotten.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Agents> {
        self.agents.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use protocol::CardSeen;

    use super::*;

    const AGENT: AgentId = AgentId(Uuid::from_u128(1));

    fn connect(registry: &Registry, number: u128) -> (LineId, CancellationToken) {
        let line = CancellationToken::new();
        let now = DateTime::UNIX_EPOCH;
        let id = LineId(Uuid::from_u128(number));
        registry.connect(Asker { agent: AGENT, line: id }, "ward 3".to_owned(), now, line.clone());
        (id, line)
    }

    fn seen(card: Option<&str>) -> AgentSeen {
        let card = card.map(|serial| CardSeen {
            serial: serial.to_owned(),
            profile: "guide".to_owned(),
            tries_left: None,
        });
        let reader = ReaderSeen { model: "Reader".to_owned(), approved: true, card };
        let (workstation, heard_at) = ("ward 3".to_owned(), DateTime::UNIX_EPOCH);
        AgentSeen { workstation, readers: vec![reader], heard_at }
    }

    #[test]
    fn a_card_pulled_while_its_agent_dialled_anew_is_missed_in_the_first_frame() {
        let registry = Registry::default();
        let (first, first_line) = connect(&registry, 1);
        assert!(registry.note(AGENT, first, seen(Some("0A"))).is_some());
        let (second, _) = connect(&registry, 2);
        assert!(first_line.is_cancelled());
        let before = registry.note(AGENT, second, seen(None)).unwrap();
        assert!(before.has_card("0A"));
    }

    #[test]
    fn a_connection_that_was_replaced_says_and_forgets_nothing_any_more() {
        let registry = Registry::default();
        let (first, _) = connect(&registry, 1);
        let (second, _) = connect(&registry, 2);
        assert!(registry.is_connected(Asker { agent: AGENT, line: second }));
        assert!(!registry.is_connected(Asker { agent: AGENT, line: first }));
        assert_eq!(registry.note(AGENT, first, seen(Some("0A"))), None);
        assert_eq!(registry.forget(AGENT, first), None);
        assert!(!registry.has_card(AGENT, "0A") && registry.len() == 1);
        assert!(registry.forget(AGENT, second).is_some());
        assert!(registry.is_empty());
    }

    #[test]
    fn two_connections_that_both_end_at_shutdown_leave_nobody_behind() {
        let registry = Registry::default();
        let (first, _) = connect(&registry, 1);
        let (second, second_line) = connect(&registry, 2);
        second_line.cancel();
        assert_eq!(registry.forget(AGENT, first), None);
        assert!(registry.forget(AGENT, second).is_some());
    }

    #[test]
    fn an_agent_is_missed_from_its_end_until_it_is_given_up_and_none_that_was_hung_up_on() {
        let registry = Registry::default();
        let (first, _) = connect(&registry, 1);
        assert!(registry.forget(AGENT, first).is_some() && registry.misses(AGENT));
        let (second, _) = connect(&registry, 2);
        assert!(registry.forget(AGENT, second).is_some());
        assert!(!registry.give_up(AGENT, first) && registry.misses(AGENT));
        assert!(registry.give_up(AGENT, second) && !registry.misses(AGENT));
        let (third, line) = connect(&registry, 3);
        registry.hang_up(AGENT);
        assert!(line.is_cancelled() && registry.is_empty());
        assert_eq!(registry.forget(AGENT, third), None);
        assert!(!registry.misses(AGENT));
    }
}
