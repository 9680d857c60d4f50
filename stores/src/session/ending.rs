//! Why a session is over: for the page that says so to the browser that still has its cookie.

use chrono::{DateTime, TimeDelta, Utc};
use domain::ids::{CardSerial, HolderId};

use super::{ABSOLUTE_HOURS, EndReason, IDLE_MINUTES, Sessions};
use crate::{agent::AgentId, database::Query, event_store::StoreError, token::TokenHash};

/// How a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Somebody or something ended it.
    Because(EndReason),
    /// Nothing was done for [`IDLE_MINUTES`].
    Idle,
    /// It lasted [`ABSOLUTE_HOURS`].
    Absolute,
}

impl Sessions {
    /// Ends the sessions that this agent's workstation has with this card: for a card that left
    /// *its* reader. What another agent says of the card is its own affair.
    pub async fn end_of_card_at_agent(
        &self,
        card: &CardSerial,
        agent: AgentId,
        reason: EndReason,
        now: DateTime<Utc>,
    ) -> Result<u64, StoreError> {
        let ended = Query::new(
            "
            update session set ended_at = $3, end_reason = $4
            where card = $1 and agent_id = $2 and ended_at is null
            ",
        )
        .bind(card.as_str())
        .bind(agent.0)
        .bind(now)
        .bind(reason.label())
        .execute(self.connections.writer())
        .await?;
        Ok(ended)
    }

    /// C-14, C-15: ends every session of a holder. How many were open.
    pub async fn end_of_holder(
        &self,
        holder: HolderId,
        reason: EndReason,
        now: DateTime<Utc>,
    ) -> Result<u64, StoreError> {
        let ended = Query::new(
            "
            update session set ended_at = $2, end_reason = $3
            where holder_id = $1 and ended_at is null
            ",
        )
        .bind(holder.0)
        .bind(now)
        .bind(reason.label())
        .execute(self.connections.writer())
        .await?;
        Ok(ended)
    }

    /// How the session of this token ended; `None` if it has not, or nobody knows it any more.
    pub async fn ending(
        &self,
        token: TokenHash,
        now: DateTime<Utc>,
    ) -> Result<Option<Ending>, StoreError> {
        let row: Option<(Option<String>, DateTime<Utc>, DateTime<Utc>)> = Query::new(
            "select end_reason, opened_at, last_seen_at from session where token_sha256 = $1",
        )
        .bind(token.as_bytes())
        .fetch_optional(self.connections.reader())
        .await?;
        let Some((reason, opened_at, last_seen_at)) = row else { return Ok(None) };
        if let Some(label) = reason {
            return EndReason::parse(&label).map(|reason| Some(Ending::Because(reason)));
        }
        if opened_at + TimeDelta::hours(ABSOLUTE_HOURS) <= now {
            return Ok(Some(Ending::Absolute));
        }
        let idle = last_seen_at + TimeDelta::minutes(IDLE_MINUTES) <= now;
        Ok(idle.then_some(Ending::Idle))
    }
}

impl EndReason {
    const ALL: [Self; 9] = [
        Self::SignedOut,
        Self::CardRemoved,
        Self::AgentLost,
        Self::AgentRevoked,
        Self::CertificatesRevoked,
        Self::CertificatesSuspended,
        Self::CertificatesRenewed,
        Self::AccountLocked,
        Self::Suspended,
    ];

    fn parse(label: &str) -> Result<Self, StoreError> {
        Self::ALL
            .into_iter()
            .find(|reason| reason.label() == label)
            .ok_or_else(|| StoreError(anyhow::anyhow!("a session ended for an unknown reason")))
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::{
        session::{NewSession, Scope},
        testing::on_both,
        truth::Stores,
    };

    async fn opened(stores: Stores, now: DateTime<Utc>) -> (Sessions, TokenHash) {
        let sessions = stores.sessions;
        let token = TokenHash::of(b"token");
        let session = NewSession {
            token,
            holder: domain::ids::HolderId(Uuid::from_u128(1)),
            card: "0A".parse().unwrap(),
            agent: AgentId(Uuid::from_u128(2)),
            scope: Scope::Full,
            endings: 0,
        };
        sessions.open(&session, now).await.unwrap();
        (sessions, token)
    }

    #[tokio::test]
    async fn a_session_says_why_it_ended_and_nothing_while_it_has_not() {
        on_both(async |stores| {
            let now = DateTime::UNIX_EPOCH;
            let (sessions, token) = opened(stores, now).await;
            assert_eq!(sessions.ending(token, now).await.unwrap(), None);
            sessions.end(token, EndReason::CardRemoved, now).await.unwrap();
            let ending = sessions.ending(token, now).await.unwrap();
            assert_eq!(ending, Some(Ending::Because(EndReason::CardRemoved)));
        })
        .await;
    }

    #[tokio::test]
    async fn a_card_that_leaves_one_workstation_ends_no_session_of_another() {
        on_both(async |stores| {
            let now = DateTime::UNIX_EPOCH;
            let (sessions, _) = opened(stores, now).await;
            let (card, reason) = ("0A".parse().unwrap(), EndReason::CardRemoved);
            let end = |agent| sessions.end_of_card_at_agent(&card, agent, reason, now);
            assert_eq!(end(AgentId(Uuid::from_u128(3))).await.unwrap(), 0);
            assert_eq!(end(AgentId(Uuid::from_u128(2))).await.unwrap(), 1);
        })
        .await;
    }

    #[tokio::test]
    async fn c14_all_sessions_of_a_holder_end_at_once_and_no_others() {
        on_both(async |stores| {
            let now = DateTime::UNIX_EPOCH;
            let (sessions, token) = opened(stores, now).await;
            let (holder, reason) =
                (|id| HolderId(Uuid::from_u128(id)), EndReason::CertificatesRenewed);
            assert_eq!(sessions.end_of_holder(holder(9), reason, now).await.unwrap(), 0);
            assert_eq!(sessions.end_of_holder(holder(1), reason, now).await.unwrap(), 1);
            let ending = sessions.ending(token, now).await.unwrap();
            assert_eq!(ending, Some(Ending::Because(reason)));
        })
        .await;
    }

    #[tokio::test]
    async fn a_session_that_was_left_alone_is_over_after_15_minutes_and_any_after_12_hours() {
        on_both(async |stores| {
            let now = DateTime::UNIX_EPOCH;
            let (sessions, token) = opened(stores, now).await;
            let just_before = now + TimeDelta::minutes(15) - TimeDelta::microseconds(1);
            assert_eq!(sessions.ending(token, just_before).await.unwrap(), None);
            let idle = sessions.ending(token, now + TimeDelta::minutes(15)).await.unwrap();
            assert_eq!(idle, Some(Ending::Idle));
            let absolute = sessions.ending(token, now + TimeDelta::hours(12)).await.unwrap();
            assert_eq!(absolute, Some(Ending::Absolute));
        })
        .await;
    }
}
