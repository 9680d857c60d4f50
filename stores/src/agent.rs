//! Enrolled agents: which workstations may dial in, and by which certificate.

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use crate::{
    database::{Connections, Query},
    event_store::StoreError,
    token::TokenHash,
};

/// How long an enrolment code can be used, in minutes.
pub const ENROLMENT_CODE_MINUTES: i64 = 15;

/// *Last seen* is written at most so often, in seconds.
pub const SEEN_EVERY_SECS: i64 = 60;

/// The most agents in one page of the list.
pub const PAGE_ROWS_MAX: u32 = 200;

/// A card agent on one workstation, from its enrolment on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AgentId(pub Uuid);

/// An enrolled agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agent {
    /// Its id.
    pub agent_id: AgentId,
    /// Name of its workstation, as it said.
    pub workstation: String,
    /// SHA-256 of its certificate (DER).
    pub certificate_sha256: [u8; 32],
    /// When it was enrolled.
    pub enrolled_at: DateTime<Utc>,
    /// When it was last connected; at most a minute behind.
    pub last_seen_at: Option<DateTime<Utc>>,
    /// When it was revoked.
    pub revoked_at: Option<DateTime<Utc>>,
}

/// The tables. Cheap to clone.
#[derive(Clone)]
pub struct Agents {
    connections: Connections,
}

impl Agents {
    pub(crate) fn new(connections: Connections) -> Self {
        Self { connections }
    }

    /// Lets an enrolment code be used, once, for [`ENROLMENT_CODE_MINUTES`].
    pub async fn put_enrolment_code(
        &self,
        code: TokenHash,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        Query::new("insert into enrolment_code (code_sha256, expires_at) values ($1, $2)")
            .bind(code.as_bytes())
            .bind(now + TimeDelta::minutes(ENROLMENT_CODE_MINUTES))
            .execute(self.connections.writer())
            .await?;
        Ok(())
    }

    /// Spends an enrolment code. False if it was used, its time is over, or there never was one.
    pub async fn take_enrolment_code(
        &self,
        code: TokenHash,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let taken = Query::new(
            "
            update enrolment_code set used_at = $2
            where code_sha256 = $1 and used_at is null and $2 < expires_at
            ",
        )
        .bind(code.as_bytes())
        .bind(now)
        .execute(self.connections.writer())
        .await?;
        Ok(taken == 1)
    }

    /// Enrols an agent under a certificate that no other has had.
    pub async fn enrol(
        &self,
        agent_id: AgentId,
        workstation: &str,
        certificate_sha256: [u8; 32],
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        Query::new(
            "
            insert into agent (agent_id, workstation, certificate_sha256, enrolled_at)
            values ($1, $2, $3, $4)
            ",
        )
        .bind(agent_id.0)
        .bind(workstation)
        .bind(certificate_sha256.to_vec())
        .bind(now)
        .execute(self.connections.writer())
        .await?;
        Ok(())
    }

    /// The agent of a certificate; `None` if there is none, or it was revoked.
    pub async fn by_certificate(
        &self,
        certificate_sha256: [u8; 32],
    ) -> Result<Option<Agent>, StoreError> {
        let row: Option<Row> = Query::new(
            "
            select agent_id, workstation, certificate_sha256, enrolled_at, last_seen_at, revoked_at
            from agent
            where certificate_sha256 = $1 and revoked_at is null
            ",
        )
        .bind(certificate_sha256.to_vec())
        .fetch_optional(self.connections.reader())
        .await?;
        row.map(Agent::try_from).transpose()
    }

    /// Notes that an agent is there; written at most every [`SEEN_EVERY_SECS`].
    pub async fn seen(&self, agent_id: AgentId, now: DateTime<Utc>) -> Result<(), StoreError> {
        Query::new(
            "
            update agent set last_seen_at = $2
            where agent_id = $1 and (last_seen_at is null or last_seen_at <= $3)
            ",
        )
        .bind(agent_id.0)
        .bind(now)
        .bind(now - TimeDelta::seconds(SEEN_EVERY_SECS))
        .execute(self.connections.writer())
        .await?;
        Ok(())
    }

    /// Revokes an agent; false if there is none of this id, or it was revoked before.
    pub async fn revoke(&self, agent_id: AgentId, now: DateTime<Utc>) -> Result<bool, StoreError> {
        let revoked = Query::new(
            "update agent set revoked_at = $2 where agent_id = $1 and revoked_at is null",
        )
        .bind(agent_id.0)
        .bind(now)
        .execute(self.connections.writer())
        .await?;
        Ok(revoked == 1)
    }

    /// All agents, revoked ones too, by id; at most [`PAGE_ROWS_MAX`] after a given one.
    pub async fn list(&self, after: Option<AgentId>, limit: u32) -> Result<Vec<Agent>, StoreError> {
        let rows: Vec<Row> = Query::new(
            "
            select agent_id, workstation, certificate_sha256, enrolled_at, last_seen_at, revoked_at
            from agent
            where $1 < agent_id
            order by agent_id
            limit $2
            ",
        )
        .bind(after.map_or(Uuid::nil(), |after| after.0))
        .bind(i64::from(limit.min(PAGE_ROWS_MAX)))
        .fetch_all(self.connections.reader())
        .await?;
        rows.into_iter().map(Agent::try_from).collect()
    }

    /// Deletes up to `limit` enrolment codes whose time is over. How many; to be called until it
    /// says 0. Agents stay, revoked or not: records name them.
    pub async fn sweep(&self, now: DateTime<Utc>, limit: u32) -> Result<u64, StoreError> {
        let swept = Query::new(
            "
            delete from enrolment_code where code_sha256 in (
                select code_sha256 from enrolment_code
                where expires_at <= $1 order by expires_at limit $2
            )
            ",
        )
        .bind(now)
        .bind(i64::from(limit))
        .execute(self.connections.writer())
        .await?;
        Ok(swept)
    }
}

#[derive(sqlx::FromRow)]
struct Row {
    agent_id: Uuid,
    workstation: String,
    certificate_sha256: Vec<u8>,
    enrolled_at: DateTime<Utc>,
    last_seen_at: Option<DateTime<Utc>>,
    revoked_at: Option<DateTime<Utc>>,
}

impl TryFrom<Row> for Agent {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let certificate_sha256 = row.certificate_sha256.try_into();
        Ok(Self {
            agent_id: AgentId(row.agent_id),
            workstation: row.workstation,
            certificate_sha256: certificate_sha256.map_err(|_| {
                StoreError(anyhow::anyhow!("an agent has a broken certificate hash"))
            })?,
            enrolled_at: row.enrolled_at,
            last_seen_at: row.last_seen_at,
            revoked_at: row.revoked_at,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{at, at_secs, on_both};

    const CERTIFICATE: [u8; 32] = [5; 32];

    #[tokio::test]
    async fn an_enrolment_code_works_until_just_before_15_minutes_and_not_at_15_minutes() {
        on_both(async |stores| {
            let agents = stores.agents;
            let (early, late) = (TokenHash::of(b"early"), TokenHash::of(b"late"));
            agents.put_enrolment_code(early, at(0)).await.unwrap();
            agents.put_enrolment_code(late, at(0)).await.unwrap();
            assert!(agents.take_enrolment_code(early, at(15 * 60_000 - 1)).await.unwrap());
            assert!(!agents.take_enrolment_code(late, at(15 * 60_000)).await.unwrap());
        })
        .await;
    }

    #[tokio::test]
    async fn an_enrolment_code_works_once_and_an_unknown_one_never() {
        on_both(async |stores| {
            let agents = stores.agents;
            agents.put_enrolment_code(TokenHash::of(b"code"), at(0)).await.unwrap();
            assert!(agents.take_enrolment_code(TokenHash::of(b"code"), at(1)).await.unwrap());
            assert!(!agents.take_enrolment_code(TokenHash::of(b"code"), at(2)).await.unwrap());
            assert!(!agents.take_enrolment_code(TokenHash::of(b"other"), at(2)).await.unwrap());
            assert_eq!(agents.sweep(at(15 * 60_000 - 1), 10).await.unwrap(), 0);
            assert_eq!(agents.sweep(at(15 * 60_000), 10).await.unwrap(), 1);
        })
        .await;
    }

    #[tokio::test]
    async fn a_revoked_agent_is_unknown_by_certificate_and_still_listed() {
        on_both(async |stores| {
            let agents = stores.agents;
            let agent = AgentId(Uuid::from_u128(1));
            agents.enrol(agent, "ward 3", CERTIFICATE, at(0)).await.unwrap();
            assert_eq!(
                agents.by_certificate(CERTIFICATE).await.unwrap().map(|agent| agent.agent_id),
                Some(agent)
            );
            assert!(agents.revoke(agent, at(5)).await.unwrap());
            assert!(!agents.revoke(agent, at(6)).await.unwrap());
            assert_eq!(agents.by_certificate(CERTIFICATE).await.unwrap(), None);
            let listed = agents.list(None, 10).await.unwrap();
            assert_eq!(listed.len(), 1);
            assert_eq!(listed[0].revoked_at, Some(at(5)));
        })
        .await;
    }

    #[tokio::test]
    async fn two_agents_never_share_a_certificate() {
        on_both(async |stores| {
            let agents = stores.agents;
            agents.enrol(AgentId(Uuid::from_u128(1)), "one", CERTIFICATE, at(0)).await.unwrap();
            let second = agents.enrol(AgentId(Uuid::from_u128(2)), "two", CERTIFICATE, at(0)).await;
            assert!(second.is_err());
        })
        .await;
    }

    #[tokio::test]
    async fn last_seen_moves_after_60_seconds_and_not_before() {
        on_both(async |stores| {
            let agents = stores.agents;
            let agent = AgentId(Uuid::from_u128(1));
            agents.enrol(agent, "ward 3", CERTIFICATE, at(0)).await.unwrap();
            for (now, expected) in [(at(0), at(0)), (at(59_999), at(0)), (at_secs(60), at_secs(60))]
            {
                agents.seen(agent, now).await.unwrap();
                let seen = agents.by_certificate(CERTIFICATE).await.unwrap().unwrap().last_seen_at;
                assert_eq!(seen, Some(expected));
            }
        })
        .await;
    }

    #[tokio::test]
    async fn the_list_is_read_page_by_page() {
        on_both(async |stores| {
            let agents = stores.agents;
            for number in 1..=3_u8 {
                let agent = AgentId(Uuid::from_u128(number.into()));
                agents.enrol(agent, "ward", [number; 32], at(0)).await.unwrap();
            }
            let first = agents.list(None, 2).await.unwrap();
            let second = agents.list(Some(first[1].agent_id), 2).await.unwrap();
            assert_eq!((first.len(), second.len()), (2, 1));
        })
        .await;
    }
}
