//! Everything that keeps truth, over one database: opened together, backed up together.

use std::sync::Arc;

use crate::{
    agent::Agents,
    answer::Answers,
    api_token::ApiTokens,
    crl::Crls,
    database::Connections,
    event_store::EventStore,
    first_manager::FirstManagerCodes,
    job::Jobs,
    limit::Limits,
    line::Lines,
    logon::Logons,
    session::Sessions,
    turn::Turns,
    vault::{Vault, VaultKeys},
};

/// The log and the tables beside it. Cheap to clone.
#[derive(Clone)]
pub struct Stores {
    /// The event log.
    pub log: Arc<dyn EventStore>,
    /// Secrets' digests, sealed secrets, personal data.
    pub vault: Vault,
    /// Portal sessions.
    pub sessions: Sessions,
    /// Acts in the middle, and the codes that lead back from them.
    pub jobs: Jobs,
    /// Logon checks.
    pub logons: Logons,
    /// Durable counters.
    pub limits: Limits,
    /// Enrolled agents.
    pub agents: Agents,
    /// Which agents are connected, and to which process.
    pub lines: Lines,
    /// What commands were answered.
    pub answers: Answers,
    /// Bearer tokens of machines.
    pub api_tokens: ApiTokens,
    /// Published revocation lists.
    pub crls: Crls,
    /// The code for the first manager.
    pub first_manager_codes: FirstManagerCodes,
    /// Who is the only one at something.
    pub turns: Turns,
}

impl Stores {
    pub(crate) fn over(
        log: Arc<dyn EventStore>,
        connections: &Connections,
        keys: VaultKeys,
    ) -> Self {
        let keys = Arc::new(keys);
        Self {
            log,
            vault: Vault::new(connections.clone(), keys.clone()),
            sessions: Sessions::new(connections.clone()),
            jobs: Jobs::new(connections.clone()),
            logons: Logons::new(connections.clone()),
            limits: Limits::new(connections.clone()),
            agents: Agents::new(connections.clone()),
            lines: Lines::new(connections.clone()),
            answers: Answers::new(connections.clone(), keys),
            api_tokens: ApiTokens::new(connections.clone()),
            crls: Crls::new(connections.clone()),
            first_manager_codes: FirstManagerCodes::new(connections.clone()),
            turns: Turns::new(connections.clone()),
        }
    }
}
