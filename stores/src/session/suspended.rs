//! Two cards at one workstation, as at a desk with a second reader: one person at a time.
//!
//! Whoever sits down has the browser before him, and with it whatever is open there. So the card that
//! comes second suspends the sessions of others at this workstation, and what wakes one again is its
//! own holder's passcode.

use chrono::{DateTime, TimeDelta, Utc};
use domain::ids::HolderId;

use super::{ABSOLUTE_HOURS, EndReason, NewSession, Sessions, opening};
use crate::{agent::AgentId, database::Query, event_store::StoreError, token::TokenHash};

impl Sessions {
    /// Opens the session of whoever has just logged in, or lets the one of his browser (`former`) go on
    /// that another card has suspended; those of others at this workstation are suspended by it. Of two
    /// who come at the same moment, the second suspends the first.
    pub async fn enter(
        &self,
        former: Option<TokenHash>,
        session: &NewSession,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let mut tx = self.connections.writer().begin().await?;
        tx.hold(session.agent.0).await?;
        suspending(session.agent, session.holder, now).execute(&mut tx).await?;
        let n_woken = match former {
            Some(former) => waking(former, session, now).execute(&mut tx).await?,
            None => 0,
        };
        if n_woken == 0 {
            opening(session, now).execute(&mut tx).await?;
        }
        Ok(tx.commit().await?)
    }

    /// Suspends the sessions of others than this holder that were opened through this agent. How many
    /// were open.
    pub async fn suspend_others(
        &self,
        agent: AgentId,
        holder: HolderId,
        now: DateTime<Utc>,
    ) -> Result<u64, StoreError> {
        Ok(suspending(agent, holder, now).execute(self.connections.writer()).await?)
    }

    /// A suspended session goes on as the session that its holder has just logged in for: same holder,
    /// card and agent, a new token, and the scope that this log-in has found. Its [`ABSOLUTE_HOURS`]
    /// go on from where it was opened. False if `token` has no such session.
    pub async fn wake(
        &self,
        token: TokenHash,
        session: &NewSession,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let woken = waking(token, session, now).execute(self.connections.writer()).await?;
        Ok(woken == 1)
    }
}

fn suspending(agent: AgentId, holder: HolderId, now: DateTime<Utc>) -> Query {
    Query::new(
        "
        update session set ended_at = $3, end_reason = $4
        where agent_id = $1 and holder_id != $2 and ended_at is null
        ",
    )
    .bind(agent.0)
    .bind(holder.0)
    .bind(now)
    .bind(EndReason::Suspended.label())
}

fn waking(token: TokenHash, session: &NewSession, now: DateTime<Utc>) -> Query {
    Query::new(
        "
        update session
        set token_sha256 = $2, scope = $6, endings = $7, last_seen_at = $8,
            ended_at = null, end_reason = null
        where token_sha256 = $1 and end_reason = $9
            and holder_id = $3 and card = $4 and agent_id = $5 and $10 < opened_at
        ",
    )
    .bind(token.as_bytes())
    .bind(session.token.as_bytes())
    .bind(session.holder.0)
    .bind(session.card.as_str())
    .bind(session.agent.0)
    .bind(session.scope.label())
    .bind(i64::from(session.endings))
    .bind(now)
    .bind(EndReason::Suspended.label())
    .bind(now - TimeDelta::hours(ABSOLUTE_HOURS))
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::{
        session::{Ending, Scope},
        testing::{at, card, holder, on_both},
    };

    const AGENT: AgentId = AgentId(Uuid::from_u128(7));

    fn session(token: u8, of: u128) -> NewSession {
        NewSession {
            token: TokenHash([token; 32]),
            holder: holder(of),
            card: card(u32::try_from(of).unwrap()),
            agent: AGENT,
            scope: Scope::Full,
            endings: 0,
        }
    }

    #[tokio::test]
    async fn a_second_card_suspends_the_sessions_of_others_at_its_workstation_and_no_more() {
        on_both(async |stores| {
            let sessions = stores.sessions;
            let elsewhere = NewSession { agent: AgentId(Uuid::from_u128(8)), ..session(2, 1) };
            for open in [session(1, 1), elsewhere, session(3, 2)] {
                sessions.open(&open, at(0)).await.unwrap();
            }
            assert_eq!(sessions.suspend_others(AGENT, holder(2), at(1)).await.unwrap(), 1);
            let ending = sessions.ending(TokenHash([1; 32]), at(1)).await.unwrap();
            assert_eq!(ending, Some(Ending::Because(EndReason::Suspended)));
            assert_eq!(sessions.resume(TokenHash([1; 32]), at(1)).await.unwrap(), None);
            for other in [2, 3] {
                assert!(sessions.resume(TokenHash([other; 32]), at(1)).await.unwrap().is_some());
            }
        })
        .await;
    }

    #[tokio::test]
    async fn a_suspended_session_goes_on_for_its_own_holder_with_another_token() {
        on_both(async |stores| {
            let sessions = stores.sessions;
            sessions.open(&session(1, 1), at(0)).await.unwrap();
            sessions.suspend_others(AGENT, holder(2), at(1)).await.unwrap();
            let old = TokenHash([1; 32]);
            assert!(!sessions.wake(old, &session(4, 2), at(2)).await.unwrap());
            assert!(sessions.wake(old, &session(4, 1), at(2)).await.unwrap());
            let woken = sessions.resume(TokenHash([4; 32]), at(2)).await.unwrap().unwrap();
            assert_eq!((woken.opened_at, woken.last_seen_at), (at(0), at(2)));
            assert_eq!(sessions.resume(old, at(2)).await.unwrap(), None);
            assert!(!sessions.wake(old, &session(5, 1), at(2)).await.unwrap());
        })
        .await;
    }

    #[tokio::test]
    async fn who_logs_in_suspends_others_and_goes_on_with_what_was_suspended_of_his_own() {
        on_both(async |stores| {
            let sessions = stores.sessions;
            let [first, second, third] = [1, 2, 3].map(|token| TokenHash([token; 32]));
            sessions.enter(None, &session(1, 1), at(0)).await.unwrap();
            sessions.enter(Some(first), &session(2, 2), at(1)).await.unwrap();
            assert_eq!(sessions.resume(first, at(1)).await.unwrap(), None);
            assert!(sessions.resume(second, at(1)).await.unwrap().is_some());
            sessions.enter(Some(first), &session(3, 1), at(2)).await.unwrap();
            let woken = sessions.resume(third, at(2)).await.unwrap().unwrap();
            assert_eq!((woken.opened_at, woken.last_seen_at), (at(0), at(2)));
            assert_eq!(sessions.resume(second, at(2)).await.unwrap(), None);
        })
        .await;
    }

    #[tokio::test]
    async fn what_has_ended_otherwise_is_not_woken_nor_what_is_older_than_12_hours() {
        on_both(async |stores| {
            let sessions = stores.sessions;
            for token in [1, 2] {
                sessions.open(&session(token, 1), at(0)).await.unwrap();
            }
            sessions.end(TokenHash([1; 32]), EndReason::SignedOut, at(1)).await.unwrap();
            sessions.suspend_others(AGENT, holder(2), at(1)).await.unwrap();
            assert!(!sessions.wake(TokenHash([1; 32]), &session(4, 1), at(2)).await.unwrap());
            let over = at(0) + TimeDelta::hours(ABSOLUTE_HOURS);
            let just_before = over - TimeDelta::milliseconds(1);
            assert!(!sessions.wake(TokenHash([2; 32]), &session(4, 1), over).await.unwrap());
            assert!(sessions.wake(TokenHash([2; 32]), &session(4, 1), just_before).await.unwrap());
        })
        .await;
    }
}
