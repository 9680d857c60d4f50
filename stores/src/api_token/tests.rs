//! Tokens from their issue to their end.

use super::*;
use crate::{
    testing::{at, at_secs, on_both},
    truth::Stores,
};

fn id(number: u128) -> ApiTokenId {
    ApiTokenId(Uuid::from_u128(number))
}

fn hash(number: u128) -> TokenHash {
    TokenHash::of(&number.to_be_bytes())
}

/// A token that ends a day after the tests' beginning.
fn token(number: u128) -> NewApiToken {
    NewApiToken {
        api_token_id: id(number),
        token: hash(number),
        role: Role::LogonChecks,
        name: "results viewer".to_owned(),
        organisation: None,
        expires_at: at_secs(86_400),
    }
}

async fn issued(stores: Stores, number: u128) -> ApiTokens {
    let tokens = stores.api_tokens;
    tokens.issue(&token(number), at(0)).await.unwrap();
    tokens
}

#[tokio::test]
async fn a_token_is_known_by_its_hash_and_another_is_not() {
    on_both(async |stores| {
        let tokens = issued(stores, 1).await;
        let known = tokens.present(hash(1), at(5)).await.unwrap().unwrap();
        assert_eq!(
            (known.api_token_id, known.role, known.name.as_str(), known.organisation),
            (id(1), Role::LogonChecks, "results viewer", None)
        );
        assert_eq!((known.issued_at, known.expires_at), (at(0), at_secs(86_400)));
        assert_eq!(tokens.present(hash(2), at(5)).await.unwrap(), None);
    })
    .await;
}

#[tokio::test]
async fn a_token_is_good_until_just_before_it_expires_and_not_from_then_on() {
    on_both(async |stores| {
        let tokens = issued(stores, 1).await;
        let end = 86_400_000;
        assert!(tokens.present(hash(1), at(end - 1)).await.unwrap().is_some());
        assert_eq!(tokens.present(hash(1), at(end)).await.unwrap(), None);
    })
    .await;
}

#[tokio::test]
async fn a_revoked_token_is_no_longer_known_and_still_listed() {
    on_both(async |stores| {
        let tokens = issued(stores, 1).await;
        assert!(tokens.revoke(id(1), at(5)).await.unwrap());
        assert!(!tokens.revoke(id(1), at(6)).await.unwrap());
        assert!(!tokens.revoke(id(2), at(6)).await.unwrap());
        assert_eq!(tokens.present(hash(1), at(7)).await.unwrap(), None);
        let listed = tokens.list(None, 10).await.unwrap();
        assert_eq!(listed.len(), 1);
        assert_eq!(listed[0].revoked_at, Some(at(5)));
    })
    .await;
}

#[tokio::test]
async fn last_used_moves_after_60_seconds_and_not_before() {
    on_both(async |stores| {
        let tokens = issued(stores, 1).await;
        assert_eq!(tokens.list(None, 10).await.unwrap()[0].last_used_at, None);
        for (now, expected) in [(at(0), at(0)), (at(59_999), at(0)), (at_secs(60), at_secs(60))] {
            let shown = tokens.present(hash(1), now).await.unwrap().unwrap();
            let kept = tokens.list(None, 10).await.unwrap()[0].last_used_at;
            assert_eq!((shown.last_used_at, kept), (Some(expected), Some(expected)));
        }
    })
    .await;
}

#[tokio::test]
async fn two_tokens_never_share_a_hash() {
    on_both(async |stores| {
        let tokens = issued(stores, 1).await;
        let second = NewApiToken { api_token_id: id(2), ..token(1) };
        assert!(tokens.issue(&second, at(0)).await.is_err());
    })
    .await;
}

#[tokio::test]
async fn the_list_is_read_page_by_page() {
    on_both(async |stores| {
        let tokens = issued(stores, 1).await;
        for number in 2..=5 {
            tokens.issue(&token(number), at(0)).await.unwrap();
        }
        let (mut after, mut seen) = (None, Vec::new());
        for expected in [2, 2, 1, 0] {
            let page = tokens.list(after, 2).await.unwrap();
            assert_eq!(page.len(), expected);
            after = page.last().map(|token| token.api_token_id).or(after);
            seen.extend(page.iter().map(|token| token.api_token_id.0.as_u128()));
        }
        assert_eq!(seen, [1, 2, 3, 4, 5]);
    })
    .await;
}

#[test]
fn every_role_has_a_label_that_names_it_and_nothing_else_does() {
    for role in Role::ALL {
        assert_eq!(Role::parse(role.label()), Some(role));
    }
    assert_eq!(Role::parse("holder"), None);
}
