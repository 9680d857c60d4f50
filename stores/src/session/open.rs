//! The open sessions, in pages: for whoever has to see that each still has its card.

use chrono::{DateTime, TimeDelta, Utc};
use domain::ids::CardSerial;
use uuid::Uuid;

use super::{ABSOLUTE_HOURS, IDLE_MINUTES, Sessions};
use crate::{agent::AgentId, database::Query, event_store::StoreError, token::TokenHash};

/// The most sessions in one page.
pub const PAGE_ROWS_MAX: u32 = 1_000;

/// Open sessions are counted up to this.
pub const COUNTED_MAX: u32 = 50_000;

/// Where a page ends: agent and token of its last session.
pub type After = (AgentId, TokenHash);

/// An open session, as far as it depends on a card in a reader.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AtReader {
    /// Hash of the cookie.
    pub token: TokenHash,
    /// With which card.
    pub card: CardSerial,
    /// Through which agent.
    pub agent: AgentId,
}

impl Sessions {
    /// How many sessions are open; [`COUNTED_MAX`] at the most. Looks at those only that nobody has
    /// ended, of the last hours.
    pub async fn n_open(&self, now: DateTime<Utc>) -> Result<u64, StoreError> {
        let (n_open,): (i64,) = Query::new(
            "
            select count(*) from (
                select 1 from session
                where ended_at is null and $1 < opened_at and $2 < last_seen_at
                limit $3
            ) as open
            ",
        )
        .bind(now - TimeDelta::hours(ABSOLUTE_HOURS))
        .bind(now - TimeDelta::minutes(IDLE_MINUTES))
        .bind(i64::from(COUNTED_MAX))
        .fetch_one(self.connections.reader())
        .await?;
        Ok(n_open.cast_unsigned())
    }

    /// The sessions that are open, agent by agent, at most [`PAGE_ROWS_MAX`] after a given one.
    pub async fn open_sessions(
        &self,
        after: Option<After>,
        now: DateTime<Utc>,
        limit: u32,
    ) -> Result<Vec<AtReader>, StoreError> {
        let (after_agent, after_token) = after
            .map_or((Uuid::nil(), Vec::new()), |(agent, token)| {
                (agent.0, token.as_bytes().to_vec())
            });
        let rows: Vec<(Vec<u8>, String, Uuid)> = Query::new(
            "
            select token_sha256, card, agent_id
            from session
            where ended_at is null
                and $1 <= agent_id and (agent_id, token_sha256) > ($1, $2)
                and $3 < opened_at and $4 < last_seen_at
            order by agent_id, token_sha256
            limit $5
            ",
        )
        .bind(after_agent)
        .bind(after_token)
        .bind(now - TimeDelta::hours(ABSOLUTE_HOURS))
        .bind(now - TimeDelta::minutes(IDLE_MINUTES))
        .bind(i64::from(limit.min(PAGE_ROWS_MAX)))
        .fetch_all(self.connections.reader())
        .await?;
        rows.into_iter()
            .map(|(token, card, agent)| {
                let token = token.try_into().map_err(|_| anyhow::anyhow!("a broken token hash"));
                Ok(AtReader {
                    token: TokenHash(token.map_err(StoreError)?),
                    card: card.parse().map_err(|error| StoreError(anyhow::Error::new(error)))?,
                    agent: AgentId(agent),
                })
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        session::{EndReason, NewSession, Scope},
        testing::{at, card, holder, on_both},
    };

    fn session(number: u8, agent: u128) -> NewSession {
        NewSession {
            token: TokenHash([number; 32]),
            holder: holder(1),
            card: card(u32::from(number)),
            agent: AgentId(Uuid::from_u128(agent)),
            scope: Scope::Full,
            endings: 0,
        }
    }

    #[tokio::test]
    async fn every_open_session_is_in_one_page_and_no_other_is() {
        on_both(async |stores| {
            let sessions = stores.sessions;
            for (number, agent) in [(1, 9), (2, 3), (3, 3), (4, 7), (5, 3), (6, 1)] {
                sessions.open(&session(number, agent), at(0)).await.unwrap();
            }
            sessions.end(TokenHash([4; 32]), EndReason::CardRemoved, at(0)).await.unwrap();
            let (mut seen, mut after) = (Vec::new(), None);
            loop {
                let page = sessions.open_sessions(after, at(0), 2).await.unwrap();
                let Some(last) = page.last() else { break };
                assert!(page.len() <= 2);
                after = Some((last.agent, last.token));
                seen.extend(page.iter().map(|open| open.card.clone()));
            }
            assert_eq!(seen, [6, 2, 3, 5, 1].map(card));
        })
        .await;
    }

    #[tokio::test]
    async fn a_session_is_in_the_page_until_just_before_its_idle_time_is_over() {
        on_both(async |stores| {
            let sessions = stores.sessions;
            sessions.open(&session(1, 1), at(0)).await.unwrap();
            let over = at(0) + TimeDelta::minutes(IDLE_MINUTES);
            let just_before = over - TimeDelta::milliseconds(1);
            assert_eq!(sessions.open_sessions(None, just_before, 9).await.unwrap().len(), 1);
            assert_eq!(sessions.n_open(just_before).await.unwrap(), 1);
            assert_eq!(sessions.open_sessions(None, over, 9).await.unwrap(), []);
            assert_eq!(sessions.n_open(over).await.unwrap(), 0);
        })
        .await;
    }
}
