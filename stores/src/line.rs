//! Which card agents are connected, to which process, and what they say is in their readers.
//!
//! A portal's process asks here about an agent whose connection another process holds. The row is the
//! arbiter: whoever connects last has it, and an older connection counts for nothing from that moment
//! on, whichever process it is in. A process that has not been heard of for [`LOST_SECS`] has no
//! connections; on PostgreSQL its clock decides that, so that machines need not agree on the time. On
//! a file there is one process, and it is there as long as anybody asks.

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use crate::{
    agent::AgentId,
    database::{Connections, Kind, Query},
    event_store::StoreError,
};

/// After so long without a beat, a process counts as gone, in seconds; `agent_line_now` says so, too.
pub const LOST_SECS: u32 = 15;

/// How long who has left is remembered as missed, in seconds: it may be on its way back.
pub const MISSED_SECS: i64 = 60;

/// The most agents that are asked for at once: those of a whole page of sessions.
pub const AGENTS_MAX: usize = 1_000;

const _: () = assert!(crate::session::PAGE_ROWS_MAX as usize <= AGENTS_MAX);

/// Connections are counted up to here.
pub const COUNTED_MAX: i64 = 50_000;

/// One run of a program that holds agents' connections; no two have the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ProcessId(pub Uuid);

/// One connection of an agent; no two have the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LineId(pub Uuid);

/// How an agent stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Which agent.
    pub agent: AgentId,
    /// By which connection, the last there was.
    pub line: LineId,
    /// Name of the workstation, as it says.
    pub workstation: String,
    /// What it says of its readers, as the caller has written it.
    pub readers: String,
    /// False if it has left, a short time ago.
    pub connected: bool,
}

/// The tables. Cheap to clone.
#[derive(Clone)]
pub struct Lines {
    connections: Connections,
}

impl Lines {
    pub(crate) fn new(connections: Connections) -> Self {
        Self { connections }
    }

    /// A process begins, without a connection. On a file, those of the one before are gone with it.
    pub async fn begin(&self, process: ProcessId) -> Result<(), StoreError> {
        match self.connections.writer().kind() {
            Kind::Sqlite => {
                Query::new("delete from agent_line").execute(self.connections.writer()).await?;
                Ok(())
            }
            Kind::Postgres => self.beat(process).await,
        }
    }

    /// A process is there: to be said a few times in [`LOST_SECS`]. On a file nobody asks, and nothing
    /// is written.
    pub async fn beat(&self, process: ProcessId) -> Result<(), StoreError> {
        if self.connections.writer().kind() == Kind::Postgres {
            Query::new(
                "
                insert into process (process_id, beat_at) values ($1, clock_timestamp())
                on conflict (process_id) do update set beat_at = excluded.beat_at
                ",
            )
            .bind(process.0)
            .execute(self.connections.writer())
            .await?;
        }
        Ok(())
    }

    /// A process ends in good order: who was connected to it has left.
    pub async fn end(&self, process: ProcessId, now: DateTime<Utc>) -> Result<(), StoreError> {
        Query::new("update agent_line set left_at = $2 where process_id = $1 and left_at is null")
            .on_postgres(
                "
            update agent_line set left_at = clock_timestamp()
            where process_id = $1 and left_at is null
            ",
            )
            .bind(process.0)
            .bind(now)
            .execute(self.connections.writer())
            .await?;
        Ok(())
    }

    /// An agent is connected to a process. What the connection that this one replaces said of its
    /// readers, if there is one: that stands until this one says something. Of one that had ended
    /// nothing stands: its agent may have been started anew, and not have looked yet.
    pub async fn connect(
        &self,
        process: ProcessId,
        agent: AgentId,
        line: LineId,
        workstation: &str,
    ) -> Result<Option<String>, StoreError> {
        let mut tx = self.connections.writer().begin().await?;
        let before: Option<String> =
            Query::new("select readers from agent_line_now where agent_id = $1 and connected")
                .bind(agent.0)
                .scalar_optional(&mut tx)
                .await?;
        Query::new(
            "
            insert into agent_line (agent_id, line_id, process_id, workstation, readers)
            values ($1, $2, $3, $4, $5)
            on conflict (agent_id) do update set
                line_id = excluded.line_id, process_id = excluded.process_id,
                workstation = excluded.workstation, readers = excluded.readers, left_at = null
            ",
        )
        .bind(agent.0)
        .bind(line.0)
        .bind(process.0)
        .bind(workstation)
        .bind(before.as_deref().unwrap_or_default())
        .execute(&mut tx)
        .await?;
        tx.commit().await?;
        Ok(before)
    }

    /// Takes note of what an agent says of its readers. False if this is its connection no more.
    pub async fn note(
        &self,
        agent: AgentId,
        line: LineId,
        readers: &str,
    ) -> Result<bool, StoreError> {
        let noted = Query::new(
            "
            update agent_line set readers = $3
            where agent_id = $1 and line_id = $2 and left_at is null
            ",
        )
        .bind(agent.0)
        .bind(line.0)
        .bind(readers)
        .execute(self.connections.writer())
        .await?;
        Ok(noted == 1)
    }

    /// A connection has ended. False if it was the agent's no more.
    pub async fn leave(
        &self,
        agent: AgentId,
        line: LineId,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let left = Query::new(
            "
            update agent_line set left_at = $3
            where agent_id = $1 and line_id = $2 and left_at is null
            ",
        )
        .on_postgres(
            "
            update agent_line set left_at = clock_timestamp()
            where agent_id = $1 and line_id = $2 and left_at is null
            ",
        )
        .bind(agent.0)
        .bind(line.0)
        .bind(now)
        .execute(self.connections.writer())
        .await?;
        Ok(left == 1)
    }

    /// Who has left by this connection is missed no longer. False if he has come back meanwhile.
    pub async fn give_up(&self, agent: AgentId, line: LineId) -> Result<bool, StoreError> {
        let given_up = Query::new(
            "delete from agent_line where agent_id = $1 and line_id = $2 and left_at is not null",
        )
        .bind(agent.0)
        .bind(line.0)
        .execute(self.connections.writer())
        .await?;
        Ok(given_up == 1)
    }

    /// An agent's connection counts for nothing from now on, and it is not missed.
    pub async fn hang_up(&self, agent: AgentId) -> Result<(), StoreError> {
        Query::new("delete from agent_line where agent_id = $1")
            .bind(agent.0)
            .execute(self.connections.writer())
            .await?;
        Ok(())
    }

    /// How an agent stands; `None` if it is neither connected nor missed.
    pub async fn of_agent(&self, agent: AgentId) -> Result<Option<Line>, StoreError> {
        Ok(self.of_agents([agent]).await?.pop())
    }

    /// The same of several, [`AGENTS_MAX`] at the most, in any order.
    pub async fn of_agents(
        &self,
        agents: impl IntoIterator<Item = AgentId>,
    ) -> Result<Vec<Line>, StoreError> {
        let mut query = Query::new(
            "
            select agent_id, line_id, workstation, readers, connected from agent_line_now
            where agent_id in (
            ",
        );
        query.push_list(agents.into_iter().take(AGENTS_MAX).map(|agent| agent.0)).push(")");
        let rows: Vec<Row> = query.fetch_all(self.connections.reader()).await?;
        Ok(rows.into_iter().map(Line::from).collect())
    }

    /// The connections that a process holds, as everybody else sees it; `limit` at the most.
    pub async fn held_by(
        &self,
        process: ProcessId,
        limit: u32,
    ) -> Result<Vec<(AgentId, LineId)>, StoreError> {
        let rows: Vec<(Uuid, Uuid)> = Query::new(
            "
            select agent_id, line_id from agent_line
            where process_id = $1 and left_at is null
            limit $2
            ",
        )
        .bind(process.0)
        .bind(i64::from(limit))
        .fetch_all(self.connections.reader())
        .await?;
        Ok(rows.into_iter().map(|(agent, line)| (AgentId(agent), LineId(line))).collect())
    }

    /// How many agents are connected, counted up to [`COUNTED_MAX`].
    pub async fn n_connected(&self) -> Result<u64, StoreError> {
        let n_connected: i64 = Query::new(
            "
            select count(*) from (
                select 1 from agent_line_now where connected limit $1
            ) as counted
            ",
        )
        .bind(COUNTED_MAX)
        .scalar(self.connections.reader())
        .await?;
        Ok(n_connected.cast_unsigned())
    }

    /// True if any agent is connected.
    pub async fn any_connected(&self) -> Result<bool, StoreError> {
        let found: Option<i32> = Query::new("select 1 from agent_line_now where connected limit 1")
            .scalar_optional(self.connections.reader())
            .await?;
        Ok(found.is_some())
    }

    /// Forgets up to `limit` agents that left more than [`MISSED_SECS`] ago, or whose process is gone
    /// for so long. How many; to be called until it says less.
    pub async fn sweep(&self, now: DateTime<Utc>, limit: u32) -> Result<u64, StoreError> {
        let swept = Query::new(
            "
            delete from agent_line where agent_id in (
                select agent_id from agent_line where left_at <= $1 limit $2
            )
            ",
        )
        .on_postgres(
            "
            delete from agent_line where agent_id in (
                select agent_id from agent_line_now
                where not connected
                    and coalesce(left_at, beat_at, '-infinity')
                        <= clock_timestamp() - interval '60 seconds'
                limit $2
            )
            ",
        )
        .bind(now - TimeDelta::seconds(MISSED_SECS))
        .bind(i64::from(limit))
        .execute(self.connections.writer())
        .await?;
        if self.connections.writer().kind() == Kind::Postgres {
            Query::new("delete from process where beat_at < clock_timestamp() - interval '1 day'")
                .execute(self.connections.writer())
                .await?;
        }
        Ok(swept)
    }
}

#[derive(sqlx::FromRow)]
struct Row {
    agent_id: Uuid,
    line_id: Uuid,
    workstation: String,
    readers: String,
    connected: bool,
}

impl From<Row> for Line {
    fn from(row: Row) -> Self {
        Self {
            agent: AgentId(row.agent_id),
            line: LineId(row.line_id),
            workstation: row.workstation,
            readers: row.readers,
            connected: row.connected,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{at, at_secs, on_both, on_both_twice};

    const AGENT: AgentId = AgentId(Uuid::from_u128(1));
    const FIRST: LineId = LineId(Uuid::from_u128(11));
    const SECOND: LineId = LineId(Uuid::from_u128(12));
    const HERE: ProcessId = ProcessId(Uuid::from_u128(21));
    const THERE: ProcessId = ProcessId(Uuid::from_u128(22));

    async fn connected(lines: &Lines) -> Option<(LineId, bool)> {
        let line = lines.of_agent(AGENT).await.unwrap();
        line.map(|line| (line.line, line.connected))
    }

    #[tokio::test]
    async fn an_agent_is_connected_then_missed_then_gone() {
        on_both(async |stores| {
            let lines = stores.lines;
            lines.begin(HERE).await.unwrap();
            assert_eq!(connected(&lines).await, None);
            assert_eq!(lines.connect(HERE, AGENT, FIRST, "ward 3").await.unwrap(), None);
            assert!(lines.note(AGENT, FIRST, "[1]").await.unwrap());
            let line = lines.of_agent(AGENT).await.unwrap().unwrap();
            assert_eq!((line.workstation.as_str(), line.readers.as_str()), ("ward 3", "[1]"));
            assert_eq!(lines.n_connected().await.unwrap(), 1);
            assert!(lines.any_connected().await.unwrap());
            assert!(lines.leave(AGENT, FIRST, at(0)).await.unwrap());
            assert_eq!(connected(&lines).await, Some((FIRST, false)));
            assert_eq!(lines.n_connected().await.unwrap(), 0);
            assert!(!lines.any_connected().await.unwrap());
            assert!(!lines.note(AGENT, FIRST, "[2]").await.unwrap());
            assert_eq!(lines.connect(HERE, AGENT, SECOND, "ward 3").await.unwrap(), None);
            assert!(lines.leave(AGENT, SECOND, at(0)).await.unwrap());
            assert!(lines.give_up(AGENT, SECOND).await.unwrap());
            assert_eq!(connected(&lines).await, None);
            assert!(!lines.give_up(AGENT, SECOND).await.unwrap());
        })
        .await;
    }

    #[tokio::test]
    async fn a_line_that_was_replaced_in_another_process_says_and_ends_nothing_any_more() {
        on_both_twice(async |one, other| {
            one.lines.begin(HERE).await.unwrap();
            one.lines.connect(HERE, AGENT, FIRST, "ward 3").await.unwrap();
            one.lines.note(AGENT, FIRST, "[1]").await.unwrap();
            other.lines.beat(THERE).await.unwrap();
            let before = other.lines.connect(THERE, AGENT, SECOND, "ward 3").await.unwrap();
            assert_eq!(before.as_deref(), Some("[1]"));
            assert_eq!(one.lines.held_by(HERE, 10).await.unwrap(), []);
            assert_eq!(other.lines.held_by(THERE, 10).await.unwrap(), [(AGENT, SECOND)]);
            assert!(!one.lines.note(AGENT, FIRST, "[2]").await.unwrap());
            assert!(!one.lines.leave(AGENT, FIRST, at(0)).await.unwrap());
            assert_eq!(connected(&one.lines).await, Some((SECOND, true)));
            assert!(other.lines.leave(AGENT, SECOND, at(0)).await.unwrap());
            other.lines.connect(THERE, AGENT, FIRST, "ward 3").await.unwrap();
            assert!(!other.lines.give_up(AGENT, SECOND).await.unwrap());
            assert_eq!(connected(&one.lines).await, Some((FIRST, true)));
        })
        .await;
    }

    #[tokio::test]
    async fn who_was_hung_up_on_is_neither_connected_nor_missed() {
        on_both(async |stores| {
            let lines = stores.lines;
            lines.begin(HERE).await.unwrap();
            lines.connect(HERE, AGENT, FIRST, "ward 3").await.unwrap();
            lines.hang_up(AGENT).await.unwrap();
            assert_eq!(connected(&lines).await, None);
            assert!(!lines.leave(AGENT, FIRST, at(0)).await.unwrap());
        })
        .await;
    }

    #[tokio::test]
    async fn a_process_that_ends_in_good_order_leaves_its_agents_missed() {
        on_both(async |stores| {
            let lines = stores.lines;
            lines.begin(HERE).await.unwrap();
            lines.connect(HERE, AGENT, FIRST, "ward 3").await.unwrap();
            lines.end(HERE, at(0)).await.unwrap();
            assert_eq!(connected(&lines).await, Some((FIRST, false)));
        })
        .await;
    }

    #[tokio::test]
    async fn on_a_file_who_left_is_forgotten_a_minute_later_and_not_before() {
        let lines = crate::testing::stores().await.lines;
        lines.begin(HERE).await.unwrap();
        lines.connect(HERE, AGENT, FIRST, "ward 3").await.unwrap();
        lines.leave(AGENT, FIRST, at(0)).await.unwrap();
        assert_eq!(lines.sweep(at(59_999), 10).await.unwrap(), 0);
        assert_eq!(lines.sweep(at_secs(60), 10).await.unwrap(), 1);
        lines.connect(HERE, AGENT, SECOND, "ward 3").await.unwrap();
        lines.begin(THERE).await.unwrap();
        assert_eq!(connected(&lines).await, None);
    }

    /// What a process said last is so old, by the database's clock.
    async fn beat_was(lines: &Lines, seconds: i64) {
        Query::new("update process set beat_at = clock_timestamp() - make_interval(secs => $1)")
            .bind(i32::try_from(seconds).unwrap())
            .execute(lines.connections.writer())
            .await
            .unwrap();
    }

    #[tokio::test]
    async fn a_process_that_is_silent_for_15_seconds_has_no_lines_and_a_minute_later_none_is_missed()
     {
        let address = crate::cluster::Cluster::shared().database().await.unwrap();
        let lines = crate::testing::postgres_stores(&address).await.lines;
        lines.begin(HERE).await.unwrap();
        lines.connect(HERE, AGENT, FIRST, "ward 3").await.unwrap();
        let lost = i64::from(LOST_SECS);
        // A second is more than the statements take.
        beat_was(&lines, lost - 2).await;
        assert_eq!(connected(&lines).await, Some((FIRST, true)));
        beat_was(&lines, lost).await;
        assert_eq!(connected(&lines).await, Some((FIRST, false)));
        assert!(!lines.any_connected().await.unwrap());
        assert_eq!(lines.sweep(at(0), 10).await.unwrap(), 0);
        beat_was(&lines, MISSED_SECS).await;
        assert_eq!(lines.sweep(at(0), 10).await.unwrap(), 1);
        lines.beat(HERE).await.unwrap();
        assert_eq!(connected(&lines).await, None);
    }
}
