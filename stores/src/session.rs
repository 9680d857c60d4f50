//! Portal sessions: who is logged on in which browser, and until when.
//!
//! ```text
//! open ─► [ used at least every 15 minutes ] ─► ended: logged off, idle, 12 hours, card removed,
//!                    │       ▲                         agent lost, revoked, certificates renewed
//!       another card  │       │ its holder logs in again
//!       at this place ▼       │ in the same browser
//!                   suspended
//! ```

mod ending;
mod open;
mod suspended;

use chrono::{DateTime, TimeDelta, Utc};
use domain::ids::{CardSerial, HolderId};
use uuid::Uuid;

pub use ending::Ending;
pub use open::{After, AtReader, COUNTED_MAX, PAGE_ROWS_MAX};

use crate::{
    agent::AgentId,
    database::{Argument, Connections, Query},
    event_store::StoreError,
    token::TokenHash,
};

/// A session ends when it has not been used for so long, in minutes.
pub const IDLE_MINUTES: i64 = 15;

/// A session ends so long after it was opened, in hours, however much it is used.
pub const ABSOLUTE_HOURS: i64 = 12;

/// *Last seen* is written at most so often, in seconds. A session may therefore end up to so much
/// before its idle time is over, never after.
pub const SEEN_EVERY_SECS: i64 = 60;

/// A session that was used later than so many seconds from now is over: it was opened by a clock
/// that has been put back since, and its end would be as far away.
pub const AHEAD_SECS_MAX: i64 = 60;

/// What a session may do (B-17), as the check at log-in found; a cure makes it full
/// ([`Sessions::widen`]), and nothing makes it less (B-10).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Everything.
    Full,
    /// What is needed to renew what must be renewed.
    Restricted,
}

impl Scope {
    const fn label(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Restricted => "restricted",
        }
    }

    fn parse(label: &str) -> Result<Self, StoreError> {
        match label {
            "full" => Ok(Self::Full),
            "restricted" => Ok(Self::Restricted),
            _ => Err(StoreError(anyhow::anyhow!("a session has an unknown scope"))),
        }
    }
}

/// Why a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndReason {
    /// The holder signed out.
    SignedOut,
    /// The card left the reader.
    CardRemoved,
    /// The agent has not been heard of for 60 seconds.
    AgentLost,
    /// The agent's certificate was revoked.
    AgentRevoked,
    /// The holder's certificates were revoked (C-15).
    CertificatesRevoked,
    /// The holder's certificates were suspended (B-57).
    CertificatesSuspended,
    /// The holder's certificates were renewed (C-14).
    CertificatesRenewed,
    /// The account was locked or closed.
    AccountLocked,
    /// Somebody else has shown another card at the same workstation: it goes on when its own holder
    /// logs in again ([`Sessions::wake`]).
    Suspended,
}

impl EndReason {
    const fn label(self) -> &'static str {
        match self {
            Self::SignedOut => "signed_out",
            Self::CardRemoved => "card_removed",
            Self::AgentLost => "agent_lost",
            Self::AgentRevoked => "agent_revoked",
            Self::CertificatesRevoked => "certificates_revoked",
            Self::CertificatesSuspended => "certificates_suspended",
            Self::CertificatesRenewed => "certificates_renewed",
            Self::AccountLocked => "account_locked",
            Self::Suspended => "suspended",
        }
    }
}

/// A session that is to be opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSession {
    /// Hash of the cookie.
    pub token: TokenHash,
    /// Who logged on.
    pub holder: HolderId,
    /// With which card.
    pub card: CardSerial,
    /// Through which agent.
    pub agent: AgentId,
    /// What it may do.
    pub scope: Scope,
    /// C-14, C-15: how often the log had ended all sessions of the holder by then.
    pub endings: u32,
}

/// A session that is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Hash of the cookie.
    pub token: TokenHash,
    /// Who logged on.
    pub holder: HolderId,
    /// With which card.
    pub card: CardSerial,
    /// Through which agent.
    pub agent: AgentId,
    /// What it may do.
    pub scope: Scope,
    /// C-14, C-15: how often the log had ended all sessions of the holder when it was opened: if it
    /// has once more since, this one is over.
    pub endings: u32,
    /// Since when.
    pub opened_at: DateTime<Utc>,
    /// When it was last written that it was used.
    pub last_seen_at: DateTime<Utc>,
}

impl Session {
    /// From this instant on the session is over if it is not used before.
    #[must_use]
    pub fn ends_at(&self) -> DateTime<Utc> {
        let idle_end = self.last_seen_at + TimeDelta::minutes(IDLE_MINUTES);
        idle_end.min(self.latest_end())
    }

    /// True if using the session puts off its end.
    #[must_use]
    pub fn may_stay(&self) -> bool {
        self.ends_at() < self.latest_end()
    }

    fn latest_end(&self) -> DateTime<Utc> {
        self.opened_at + TimeDelta::hours(ABSOLUTE_HOURS)
    }
}

/// The table. Cheap to clone.
#[derive(Clone)]
pub struct Sessions {
    connections: Connections,
}

impl Sessions {
    pub(crate) fn new(connections: Connections) -> Self {
        Self { connections }
    }

    /// Opens a session.
    pub async fn open(&self, session: &NewSession, now: DateTime<Utc>) -> Result<(), StoreError> {
        opening(session, now).execute(self.connections.writer()).await?;
        Ok(())
    }

    /// The open session of a cookie, which is thereby used. `None` if there is none, it was ended,
    /// its time is over, or it is of a time to come ([`AHEAD_SECS_MAX`]).
    pub async fn resume(
        &self,
        token: TokenHash,
        now: DateTime<Utc>,
    ) -> Result<Option<Session>, StoreError> {
        let row: Option<Row> = Query::new(
            "
            select holder_id, card, agent_id, scope, endings, opened_at, last_seen_at
            from session
            where token_sha256 = $1 and ended_at is null
            ",
        )
        .bind(token.as_bytes())
        .fetch_optional(self.connections.reader())
        .await?;
        let Some(row) = row else { return Ok(None) };
        let mut session = row.into_session(token)?;
        let is_ahead = now + TimeDelta::seconds(AHEAD_SECS_MAX) < session.last_seen_at;
        if is_ahead || session.ends_at() <= now {
            return Ok(None);
        }
        if session.last_seen_at + TimeDelta::seconds(SEEN_EVERY_SECS) <= now {
            self.saw(token, now).await?;
            session.last_seen_at = now;
        }
        Ok(Some(session))
    }

    /// B-17, B-18: what restricted a session is cured. How many are full by it: 0 or 1.
    pub async fn widen(&self, token: TokenHash) -> Result<u64, StoreError> {
        let widened = Query::new(
            "
            update session set scope = $2
            where token_sha256 = $1 and ended_at is null and scope != $2
            ",
        )
        .bind(token.as_bytes())
        .bind(Scope::Full.label())
        .execute(self.connections.writer())
        .await?;
        Ok(widened)
    }

    /// Ends one session. How many were open: 0 or 1.
    pub async fn end(
        &self,
        token: TokenHash,
        reason: EndReason,
        now: DateTime<Utc>,
    ) -> Result<u64, StoreError> {
        self.end_where(
            "
            update session set ended_at = $2, end_reason = $3
            where token_sha256 = $1 and ended_at is null
            ",
            token.as_bytes().to_vec(),
            reason,
            now,
        )
        .await
    }

    /// Ends the sessions opened through an agent. How many were open.
    pub async fn end_of_agent(
        &self,
        agent: AgentId,
        reason: EndReason,
        now: DateTime<Utc>,
    ) -> Result<u64, StoreError> {
        self.end_where(
            "
            update session set ended_at = $2, end_reason = $3
            where agent_id = $1 and ended_at is null
            ",
            agent.0,
            reason,
            now,
        )
        .await
    }

    /// Deletes up to `limit` sessions that can no longer be open. How many; to be called until it
    /// says 0.
    pub async fn sweep(&self, now: DateTime<Utc>, limit: u32) -> Result<u64, StoreError> {
        let swept = Query::new(
            "
            delete from session where token_sha256 in (
                select token_sha256 from session where opened_at <= $1 order by opened_at limit $2
            )
            ",
        )
        .bind(now - TimeDelta::hours(ABSOLUTE_HOURS))
        .bind(i64::from(limit))
        .execute(self.connections.writer())
        .await?;
        Ok(swept)
    }

    async fn saw(&self, token: TokenHash, now: DateTime<Utc>) -> Result<(), StoreError> {
        Query::new(
            "update session set last_seen_at = $2 where token_sha256 = $1 and last_seen_at < $2",
        )
        .bind(token.as_bytes())
        .bind(now)
        .execute(self.connections.writer())
        .await?;
        Ok(())
    }

    async fn end_where(
        &self,
        update: &'static str,
        key: impl for<'q> Argument<'q>,
        reason: EndReason,
        now: DateTime<Utc>,
    ) -> Result<u64, StoreError> {
        let ended = Query::new(update)
            .bind(key)
            .bind(now)
            .bind(reason.label())
            .execute(self.connections.writer())
            .await?;
        Ok(ended)
    }
}

fn opening(session: &NewSession, now: DateTime<Utc>) -> Query {
    Query::new(
        "
        insert into session
            (token_sha256, holder_id, card, agent_id, scope, opened_at, last_seen_at, endings)
        values ($1, $2, $3, $4, $5, $6, $6, $7)
        ",
    )
    .bind(session.token.as_bytes())
    .bind(session.holder.0)
    .bind(session.card.as_str())
    .bind(session.agent.0)
    .bind(session.scope.label())
    .bind(now)
    .bind(i64::from(session.endings))
}

#[derive(sqlx::FromRow)]
struct Row {
    holder_id: Uuid,
    card: String,
    agent_id: Uuid,
    scope: String,
    #[sqlx(try_from = "i64")]
    endings: u32,
    opened_at: DateTime<Utc>,
    last_seen_at: DateTime<Utc>,
}

impl Row {
    fn into_session(self, token: TokenHash) -> Result<Session, StoreError> {
        Ok(Session {
            token,
            holder: HolderId(self.holder_id),
            card: self.card.parse().map_err(|error| StoreError(anyhow::Error::new(error)))?,
            agent: AgentId(self.agent_id),
            scope: Scope::parse(&self.scope)?,
            endings: self.endings,
            opened_at: self.opened_at,
            last_seen_at: self.last_seen_at,
        })
    }
}

#[cfg(test)]
mod tests;
