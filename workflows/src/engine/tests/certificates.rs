//! Certificates that end: alerts and mails, the breaker, and who renews while a mail is late.

use domain::{
    card::{CardKeys, IssuedCard, IssuedCertificate, PublicKey, Slot},
    certificate::Renewer,
    holder::HolderEvent,
    ids::{CommandId, HolderId},
};
use uuid::Uuid;

use super::{super::*, world::*};
use crate::mail::Failure;

const REGISTERED: &str = "2025-03-10T09:30:00Z";

/// On the day of the last alert 23 hours are left.
const ENDS: &str = "2025-12-01T07:00:00Z";

const FIRST_ALERT: &str = "2025-11-01T08:00:00Z";

const FORCED: &str = "2025-11-11T08:00:00Z";

fn key() -> PublicKey {
    PublicKey::from_der(vec![1])
}

fn certificates(ends: &str) -> Vec<IssuedCertificate> {
    let (not_before, not_after) = (instant(REGISTERED), instant(ends));
    Slot::ALL
        .map(|slot| IssuedCertificate {
            slot,
            serial: "0a".parse().unwrap(),
            not_before,
            not_after,
        })
        .to_vec()
}

/// Holders with cards whose certificates end long before their passcodes do.
async fn holders(n_holders: u128) -> (World, Engine) {
    let world = World::new().await;
    let engine = world.engine().await;
    for number in 0..n_holders {
        let holder = world.register(number, instant(REGISTERED)).await;
        let issued = HolderEvent::CardIssued(IssuedCard {
            card: format!("{number:04X}").parse().unwrap(),
            profile: "guide".to_owned(),
            keys: CardKeys { authentication: key(), signature: key(), card_authentication: key() },
            certificates: certificates(ENDS),
        });
        world.record(holder, instant(REGISTERED), vec![issued]).await;
    }
    (world, engine)
}

async fn renew(world: &World, holder: HolderId, at: &str) {
    let renewed = HolderEvent::CertificatesRenewed {
        update: CommandId(Uuid::from_u128(1)),
        card: "0000".parse().unwrap(),
        on: instant(at).date_naive(),
        by: Renewer::Holder,
        self_renewals: 1,
        authentication: key(),
        signature: key(),
        certificates: certificates("2027-11-01T12:00:00Z"),
        superseded: vec![],
        superseded_revoked: false,
    };
    world.record(holder, instant(at), vec![renewed]).await;
}

#[tokio::test]
async fn c05_b15_neglected_certificates_have_an_alert_and_a_mail_on_each_of_thirty_days() {
    let (world, engine) = holders(1).await;
    assert_eq!(settle(&engine, instant("2025-11-01T07:59:59Z")).await.n_woken, 0);
    live_until(&engine, instant("2025-12-31T00:00:00Z")).await;
    let mut expected = vec!["CardIssued"];
    expected.extend(["CertificateAlertRaised"; 30]);
    assert_eq!(world.history(holder(0)).await, expected);
    assert_eq!(world.courier.n_delivered(), 30);
    // What comes next is about his passcode.
    assert_eq!(engine.next_due().await.unwrap(), Some(instant("2026-02-24T08:00:00Z")));
}

#[tokio::test]
async fn c05_a_renewal_ends_the_alerts_and_is_confirmed_by_mail() {
    let (world, engine) = holders(1).await;
    live_until(&engine, instant("2025-11-03T12:00:00Z")).await;
    assert_eq!(world.courier.n_delivered(), 3);
    renew(&world, holder(0), "2025-11-03T13:00:00Z").await;
    live_until(&engine, instant("2025-12-31T00:00:00Z")).await;
    assert_eq!(world.courier.n_delivered(), 4);
}

#[tokio::test]
async fn c05_a_late_mail_about_certificates_that_were_renewed_meanwhile_is_withdrawn() {
    for (is_renewed, last) in [(true, "MailWithdrawn"), (false, "MailDelivered")] {
        let (world, engine) = holders(1).await;
        world.courier.fail_next([Failure::Transient("451".to_owned())]);
        assert_eq!(settle(&engine, instant(FIRST_ALERT)).await.n_postponed, 1);
        if is_renewed {
            renew(&world, holder(0), "2025-11-01T09:00:00Z").await;
        }
        settle(&engine, instant("2025-11-01T11:00:00Z")).await;
        let of_alert: Vec<_> = world
            .log()
            .await
            .into_iter()
            .filter(|recorded| recorded.kind.starts_with("Mail"))
            .map(|recorded| recorded.kind)
            .collect();
        assert!(of_alert.contains(&last.to_owned()), "{of_alert:?}");
        assert_eq!(of_alert.len(), 1 + usize::from(is_renewed), "{of_alert:?}");
    }
}

#[tokio::test]
async fn c07_too_many_forced_renewals_at_once_stop_the_engine_and_alerts_do_not() {
    let (world, engine) = holders(30).await;
    assert!(!settle(&engine, instant(FIRST_ALERT)).await.stopped);
    let before = world.log().await.len();
    assert!(settle(&engine, instant(FORCED)).await.stopped);
    let kinds: Vec<_> =
        world.log().await.into_iter().skip(before).map(|recorded| recorded.kind).collect();
    assert_eq!(kinds, ["BreakerStopped"]);
    engine.accept(instant(FORCED)).await.unwrap();
    assert!(!settle(&engine, instant(FORCED)).await.stopped);
    assert_eq!(world.courier.n_delivered(), 60);
}
