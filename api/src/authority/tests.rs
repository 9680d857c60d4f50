//! What is our fault and what is the card's; an authority that does not answer.

use domain::testing::instant;

use super::*;
use crate::{
    clock::{Entropy, StandingClock},
    commands::serve,
    config::Config,
};

fn name(opening: u32) -> SecretRef {
    let key = PublicKey::from_der(vec![0x30, 1]);
    let command = CommandId(Uuid::from_u128(1));
    Transaction { command, slot: Slot::Authentication, opening, key: &key }.secret()
}

#[test]
fn b55_a_key_of_another_opening_never_gets_the_certificate_of_the_one_before() {
    assert_eq!(name(1), name(1));
    assert_ne!(name(1), name(2));
}

#[test]
fn b19_only_a_request_that_is_not_right_is_the_cards_fault() {
    let request = issuer::Error::Request(issuer::RequestRefused::NoPossession);
    assert!(matches!(not_issued(request), NotIssued::Request(_)));
    let key = issuer::Error::Key(issuer::KeyRefused::Malformed);
    for ours in [issuer::Error::NeverValid, issuer::Error::PartsDoNotMatch, key] {
        assert!(matches!(not_issued(ours), NotIssued::NotReady));
    }
}

#[tokio::test]
async fn b19_an_authority_whose_key_hangs_is_not_ready_and_holds_up_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(StandingClock::at(instant("2026-03-02T09:00:00Z")));
    let config = Config::for_testing(folder.path());
    let app = serve::open(config, clock, Entropy::Seeded(0.into())).await.unwrap();
    let authority = app.authority();
    assert!(authority.with_key(|_| true).await.unwrap());
    let hangs = Arc::clone(app.signing()).acquire_owned().await.unwrap();
    tokio::time::pause();
    assert!(matches!(authority.with_key(|_| true).await, Err(NotIssued::NotReady)));
    drop(hangs);
    assert!(authority.with_key(|_| true).await.unwrap());
}
