//! Each way a session ends, and the millisecond before it.

use super::*;
use crate::{
    testing::{at, at_secs, card, holder, on_both},
    truth::Stores,
};

const TOKEN: &[u8] = b"cookie";

fn session(token: &[u8], holder_number: u128, card_number: u32, agent: u128) -> NewSession {
    NewSession {
        token: TokenHash::of(token),
        holder: holder(holder_number),
        card: card(card_number),
        agent: AgentId(Uuid::from_u128(agent)),
        scope: Scope::Full,
        endings: 0,
    }
}

async fn opened(stores: Stores) -> Sessions {
    let sessions = stores.sessions;
    sessions.open(&session(TOKEN, 1, 1, 1), at(0)).await.unwrap();
    sessions
}

async fn is_open(sessions: &Sessions, token: &[u8], now: DateTime<Utc>) -> bool {
    sessions.resume(TokenHash::of(token), now).await.unwrap().is_some()
}

#[tokio::test]
async fn a_session_is_resumed_by_its_cookie_and_by_no_other() {
    on_both(async |stores| {
        let sessions = opened(stores).await;
        let resumed = sessions.resume(TokenHash::of(TOKEN), at(1)).await.unwrap().unwrap();
        assert_eq!(resumed.ends_at(), at_secs(15 * 60));
        assert_eq!(
            (resumed.holder, resumed.card, resumed.scope),
            (holder(1), card(1), Scope::Full)
        );
        assert!(!is_open(&sessions, b"another", at(1)).await);
    })
    .await;
}

#[tokio::test]
async fn an_unused_session_is_open_until_just_before_15_minutes_and_not_at_15_minutes() {
    on_both(async |stores| {
        let sessions = opened(stores).await;
        assert!(!is_open(&sessions, TOKEN, at(15 * 60_000)).await);
        assert!(is_open(&sessions, TOKEN, at(15 * 60_000 - 1)).await);
    })
    .await;
}

#[tokio::test]
async fn a_session_of_a_clock_that_was_put_back_is_open_for_a_minute_and_not_a_millisecond_more() {
    on_both(async |stores| {
        let sessions = opened(stores).await;
        assert!(is_open(&sessions, TOKEN, at(-60_000)).await);
        assert!(!is_open(&sessions, TOKEN, at(-60_001)).await);
        // What was opened in time may have been used in a time to come.
        assert!(is_open(&sessions, TOKEN, at(14 * 60_000)).await);
        assert!(!is_open(&sessions, TOKEN, at(13 * 60_000 - 1)).await);
        assert!(is_open(&sessions, TOKEN, at(13 * 60_000)).await);
    })
    .await;
}

#[tokio::test]
async fn use_is_written_after_60_seconds_and_not_before() {
    on_both(async |stores| {
        let sessions = opened(stores).await;
        let token = TokenHash::of(TOKEN);
        for (now, expected) in [(at(59_999), at(0)), (at(60_000), at(60_000))] {
            let resumed = sessions.resume(token, now).await.unwrap().unwrap();
            assert_eq!(resumed.last_seen_at, expected);
        }
        assert!(is_open(&sessions, TOKEN, at(60_000 + 15 * 60_000 - 1)).await);
    })
    .await;
}

#[tokio::test]
async fn a_session_in_use_is_open_until_just_before_12_hours_and_not_at_12_hours() {
    on_both(async |stores| {
        let sessions = opened(stores).await;
        let minute_10 = 10 * 60;
        for step in 1..72 {
            assert!(is_open(&sessions, TOKEN, at_secs(step * minute_10)).await);
        }
        assert!(!is_open(&sessions, TOKEN, at(12 * 3_600_000)).await);
        assert!(is_open(&sessions, TOKEN, at(12 * 3_600_000 - 1)).await);
    })
    .await;
}

#[tokio::test]
async fn an_ended_session_stays_ended() {
    on_both(async |stores| {
        let sessions = opened(stores).await;
        let token = TokenHash::of(TOKEN);
        assert_eq!(sessions.end(token, EndReason::SignedOut, at(1)).await.unwrap(), 1);
        assert_eq!(sessions.end(token, EndReason::SignedOut, at(2)).await.unwrap(), 0);
        assert!(!is_open(&sessions, TOKEN, at(2)).await);
    })
    .await;
}

#[tokio::test]
async fn revoking_an_agent_ends_its_sessions_and_no_others() {
    on_both(async |stores| {
        let sessions = opened(stores).await;
        sessions.open(&session(b"second", 2, 2, 2), at(0)).await.unwrap();
        let agent = AgentId(Uuid::from_u128(1));
        assert_eq!(sessions.end_of_agent(agent, EndReason::AgentRevoked, at(1)).await.unwrap(), 1);
        assert!(!is_open(&sessions, TOKEN, at(2)).await);
        assert!(is_open(&sessions, b"second", at(2)).await);
    })
    .await;
}

#[tokio::test]
async fn b17_a_session_remembers_that_it_is_restricted() {
    on_both(async |stores| {
        let sessions = stores.sessions;
        let restricted = NewSession { scope: Scope::Restricted, ..session(TOKEN, 1, 1, 1) };
        sessions.open(&restricted, at(0)).await.unwrap();
        let resumed = sessions.resume(TokenHash::of(TOKEN), at(1)).await.unwrap().unwrap();
        assert_eq!(resumed.scope, Scope::Restricted);
    })
    .await;
}

#[tokio::test]
async fn a_sweep_takes_what_was_opened_12_hours_ago_and_leaves_what_came_a_millisecond_later() {
    on_both(async |stores| {
        let sessions = opened(stores).await;
        sessions.open(&session(b"later", 1, 1, 1), at(1)).await.unwrap();
        assert_eq!(sessions.sweep(at(12 * 3_600_000), 10).await.unwrap(), 1);
        assert_eq!(sessions.sweep(at(12 * 3_600_000), 10).await.unwrap(), 0);
    })
    .await;
}

#[tokio::test]
async fn the_token_itself_is_nowhere_in_the_table() {
    on_both(async |stores| {
        let sessions = opened(stores).await;
        let stored: Vec<u8> = Query::new("select token_sha256 from session")
            .scalar(sessions.connections.reader())
            .await
            .unwrap();
        assert_eq!(stored.len(), 32);
        assert!(!stored.windows(TOKEN.len()).any(|window| window == TOKEN));
    })
    .await;
}

#[tokio::test]
async fn b17_a_restricted_session_becomes_full_once_and_one_that_is_over_does_not() {
    on_both(async |stores| {
        let sessions = stores.sessions;
        for (token, number) in [(b"one".as_slice(), 1), (b"two".as_slice(), 2)] {
            let restricted =
                NewSession { scope: Scope::Restricted, ..session(token, number, 1, number) };
            sessions.open(&restricted, at(0)).await.unwrap();
        }
        let [one, two] = [TokenHash::of(b"one"), TokenHash::of(b"two")];
        sessions.end(two, EndReason::SignedOut, at(1)).await.unwrap();
        for (token, widened) in [(one, 1), (one, 0), (two, 0)] {
            assert_eq!(sessions.widen(token).await.unwrap(), widened);
        }
        assert_eq!(sessions.resume(one, at(2)).await.unwrap().unwrap().scope, Scope::Full);
    })
    .await;
}
