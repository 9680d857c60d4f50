//! How a certificate stands, from its issue to its end, for whoever relies on it.

use domain::certificate::{Renewer, RevocationReason};

use super::*;

const UPDATE: CommandId = CommandId(Uuid::from_u128(9));

fn certificate(serial: &str) -> IssuedCertificate {
    IssuedCertificate {
        slot: Slot::Authentication,
        serial: serial.parse().unwrap(),
        not_before: instant("2027-12-10T12:00:00Z"),
        not_after: instant("2029-12-09T12:00:00Z"),
    }
}

/// A certificate is issued for a card update.
pub(super) fn issued_for_update(serial: &str) -> HolderEvent {
    HolderEvent::CertificateIssued {
        update: UPDATE,
        card: "0A".parse().unwrap(),
        certificate: certificate(serial),
        secret: SecretRef(Uuid::from_u128(3)),
    }
}

/// The certificate of that update was read back.
pub(super) fn written() -> HolderEvent {
    HolderEvent::CertificateWritten { update: UPDATE, slot: Slot::Authentication }
}

pub(super) fn abandoned(serial: &str) -> HolderEvent {
    HolderEvent::CertificateAbandoned { update: UPDATE, serial: serial.parse().unwrap() }
}

fn renewed(superseded: &str, superseded_revoked: bool) -> HolderEvent {
    let key = || PublicKey::from_der(vec![0x31]);
    HolderEvent::CertificatesRenewed {
        update: UPDATE,
        card: "0A".parse().unwrap(),
        on: day("2027-12-10"),
        by: Renewer::Holder,
        self_renewals: 1,
        authentication: key(),
        signature: key(),
        certificates: vec![],
        superseded: vec![superseded.parse().unwrap()],
        superseded_revoked,
    }
}

/// Others have taken the place of this certificate.
pub(super) fn renewed_away(serial: &str) -> HolderEvent {
    renewed(serial, false)
}

pub(super) fn revoked(serials: &[&str]) -> HolderEvent {
    HolderEvent::CertificatesRevoked {
        card: "0A".parse().unwrap(),
        on: day("2028-01-01"),
        reason: RevocationReason::LostOrStolen,
        serials: serials.iter().map(|serial| serial.parse().unwrap()).collect(),
        by: Renewer::Holder,
    }
}

async fn state(projections: &Projections, serial: &str) -> Option<CertificateState> {
    let status = projections.certificate_status(&serial.parse().unwrap()).await.unwrap();
    status.map(|status| status.state)
}

/// How a certificate stands after these events.
async fn state_after(events: &[HolderEvent], serial: &str) -> Option<CertificateState> {
    let log = Log::default();
    for event in events {
        log.append(holder(1), event);
    }
    state(&applied(&log).await, serial).await
}

#[tokio::test]
async fn b54_a_certificate_is_good_from_when_it_was_read_back_until_another_takes_its_place() {
    let of_card = state_after(&[issued("01")], "01").await;
    assert!(matches!(of_card, Some(CertificateState::Good { .. })));
    let unconfirmed = state_after(&[issued("01"), issued_for_update("02")], "02").await;
    assert!(matches!(unconfirmed, Some(CertificateState::Unconfirmed { .. })));
    let all = [issued("01"), issued_for_update("02"), written(), renewed_away("01")];
    assert!(matches!(state_after(&all, "02").await, Some(CertificateState::Good { .. })));
    assert!(matches!(state_after(&all, "01").await, Some(CertificateState::Superseded { .. })));
    assert_eq!(state_after(&all, "03").await, None);
}

#[tokio::test]
async fn b54_the_old_pair_is_revoked_where_policy_says_so() {
    let all = [issued("01"), renewed("01", true)];
    let state = state_after(&all, "01").await;
    assert!(matches!(state, Some(CertificateState::Revoked { reason: 4, .. })), "{state:?}");
}

#[tokio::test]
async fn b55_a_certificate_that_was_given_up_is_revoked_and_its_successor_is_confirmed() {
    let all = [
        issued("01"),
        issued_for_update("02"),
        abandoned("02"),
        issued_for_update("03"),
        written(),
    ];
    let given_up = state_after(&all, "02").await;
    assert!(matches!(given_up, Some(CertificateState::Revoked { reason: 4, .. })), "{given_up:?}");
    assert!(matches!(state_after(&all, "03").await, Some(CertificateState::Good { .. })));
}

#[tokio::test]
async fn b55_a_new_card_gives_up_what_waits_to_be_read_back_from_the_old_one_of_its_holder() {
    let all = [issued("01"), issued_for_update("02"), issued("03")];
    let given_up = state_after(&all, "02").await;
    assert!(matches!(given_up, Some(CertificateState::Revoked { reason: 4, .. })), "{given_up:?}");
    assert!(matches!(state_after(&all, "03").await, Some(CertificateState::Good { .. })));
    let log = Log::default();
    log.append(holder(1), &issued_for_update("02"));
    log.append(holder(2), &issued("03"));
    let of_another = state(&applied(&log).await, "02").await;
    assert!(matches!(of_another, Some(CertificateState::Unconfirmed { .. })), "{of_another:?}");
}

#[tokio::test]
async fn c15_what_is_revoked_stays_so_with_its_first_time_and_reason() {
    let log = Log::default();
    log.append(holder(1), &issued("01"));
    let position = log.append(holder(1), &revoked(&["01"]));
    log.append(holder(1), &abandoned("01"));
    log.append(holder(1), &renewed_away("01"));
    let projections = applied(&log).await;
    let at = log.all()[1].at;
    let state = state(&projections, "01").await;
    assert_eq!(state, Some(CertificateState::Revoked { since: at, reason: 1 }));
    let entries = projections.revoked_certificates(None, 10).await.unwrap();
    let [entry] = entries.as_slice() else { panic!("{entries:?}") };
    assert_eq!((entry.position, entry.at, entry.reason), (position, at, 1));
}

#[tokio::test]
async fn revoked_certificates_come_in_pages_without_a_gap_or_a_repeat() {
    let log = Log::default();
    for n in 0..5_u128 {
        for serial in ["1", "2"] {
            log.append(holder(n), &issued_for_update(&format!("{serial}{n}")));
        }
    }
    // Two at one place of the log, and so on.
    for n in 0..5_u128 {
        log.append(holder(n), &revoked(&[&format!("2{n}"), &format!("1{n}")]));
    }
    let projections = applied(&log).await;
    let (mut after, mut found) = (None, Vec::new());
    loop {
        let page = projections.revoked_certificates(after.as_ref(), 3).await.unwrap();
        assert!(page.len() <= 3);
        let Some(last) = page.last() else { break };
        after = Some(last.cursor());
        found.extend(page.iter().map(|entry| entry.serial.to_string()));
    }
    let expected: Vec<_> = (0..5).flat_map(|n| [format!("1{n}"), format!("2{n}")]).collect();
    assert_eq!(found, expected);
}
