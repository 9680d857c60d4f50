//! The events of certificates and of card updates.

use uuid::Uuid;

use super::*;
use crate::{
    card::{IssuedCertificate, KeptKey, PublicKey, Slot, Write},
    certificate::{IdentityEvidence, Obstacle, Renewer, RevocationReason},
    ids::{CertificateSerial, CommandId},
    samples::serial,
    testing::instant,
};

const UPDATE: CommandId = CommandId(Uuid::from_u128(9));
const JOB: Uuid = Uuid::from_u128(10);

fn certificate(slot: Slot, serial: &str) -> IssuedCertificate {
    IssuedCertificate {
        slot,
        serial: serial.parse().unwrap(),
        not_before: instant("2027-02-20T12:00:00Z"),
        not_after: instant("2029-02-19T12:00:00Z"),
    }
}

fn serial_number() -> CertificateSerial {
    "0b01".parse().unwrap()
}

/// Each event with the file that holds its `data`, of schema 1.
pub(super) fn golden() -> Vec<(HolderEvent, &'static str)> {
    let mut all = of_updates();
    all.extend(of_certificates());
    all
}

fn of_updates() -> Vec<(HolderEvent, &'static str)> {
    let (update, job, on, card) = (UPDATE, JOB, day("2027-02-20"), serial("00A1B2C3"));
    vec![
        (
            HolderEvent::CardUpdateBegun {
                update,
                card: card.clone(),
                by: Renewer::Holder,
                job,
                on,
            },
            include_str!("CardUpdateBegun.1.json"),
        ),
        (HolderEvent::CardUpdateResumed { update, job }, include_str!("CardUpdateResumed.1.json")),
        (
            HolderEvent::CardWriteOpened {
                update,
                slot: Slot::Authentication,
                write: Write::KeyPair,
            },
            include_str!("CardWriteOpened.1.json"),
        ),
        (
            HolderEvent::CardKeyMade {
                update,
                slot: Slot::Authentication,
                key: PublicKey::from_der(vec![0x30, 0x9a]),
                request: "3000".to_owned(),
            },
            include_str!("CardKeyMade.1.json"),
        ),
        (
            HolderEvent::CardKeyKept(KeptKey { update, slot: Slot::Authentication, opening: 1 }),
            include_str!("CardKeyKept.1.json"),
        ),
        (
            HolderEvent::CertificateIssued {
                update,
                card: card.clone(),
                certificate: certificate(Slot::Authentication, "0b01"),
                secret: secret(11),
            },
            include_str!("CertificateIssued.1.json"),
        ),
        (
            HolderEvent::CertificateAbandoned { update, serial: serial_number() },
            include_str!("CertificateAbandoned.1.json"),
        ),
        (
            HolderEvent::CertificateWritten { update, slot: Slot::Signature },
            include_str!("CertificateWritten.1.json"),
        ),
        (
            HolderEvent::CertificatesRenewed {
                update,
                card: card.clone(),
                on,
                by: Renewer::Holder,
                self_renewals: 1,
                authentication: PublicKey::from_der(vec![0x30, 0x9a]),
                signature: PublicKey::from_der(vec![0x30, 0x9c]),
                certificates: vec![
                    certificate(Slot::Authentication, "0b01"),
                    certificate(Slot::Signature, "0b02"),
                ],
                superseded: vec!["0a01".parse().unwrap(), "0a02".parse().unwrap()],
                superseded_revoked: false,
            },
            include_str!("CertificatesRenewed.1.json"),
        ),
        (HolderEvent::CardUpdateAbandoned { update }, include_str!("CardUpdateAbandoned.1.json")),
        (HolderEvent::RenewalAcknowledged { update }, include_str!("RenewalAcknowledged.1.json")),
    ]
}

fn of_certificates() -> Vec<(HolderEvent, &'static str)> {
    let (on, card) = (day("2027-02-20"), serial("00A1B2C3"));
    vec![
        (
            HolderEvent::CertificatesRevoked {
                card: card.clone(),
                on,
                reason: RevocationReason::LostOrStolen,
                serials: vec![serial_number()],
                by: Renewer::Holder,
            },
            include_str!("CertificatesRevoked.1.json"),
        ),
        (
            HolderEvent::RenewalAuthorised {
                card,
                until: instant("2027-02-20T12:30:00Z"),
                evidence: IdentityEvidence::Passport,
                place: "Ward office".to_owned(),
            },
            include_str!("RenewalAuthorised.1.json"),
        ),
        (
            HolderEvent::CertificateAlertRaised {
                on,
                expires_at: instant("2027-03-10T09:00:00Z"),
                left: 18,
                may_decline: false,
                ra_required: false,
            },
            include_str!("CertificateAlertRaised.1.json"),
        ),
        (
            HolderEvent::RaRenewalNeeded { expires_at: instant("2027-03-10T09:00:00Z") },
            include_str!("RaRenewalNeeded.1.json"),
        ),
        (
            HolderEvent::RenewalObstructed { obstacle: Obstacle::CertificateAuthority, on },
            include_str!("RenewalObstructed.1.json"),
        ),
        (
            HolderEvent::RenewalDeferred { until: instant("2027-02-21T00:00:00Z") },
            include_str!("RenewalDeferred.1.json"),
        ),
    ]
}

#[test]
fn an_alert_about_certificates_that_was_put_off_can_be_read_again() {
    let declined = HolderEvent::AlertDeclined { topic: Topic::Certificates, on: day("2027-02-09") };
    let data = declined.encode().data.to_string();
    assert_eq!(data, r#"{"on":"2027-02-09","topic":"certificates"}"#);
    assert_eq!(HolderEvent::decode("AlertDeclined", 1, data.as_bytes()).unwrap(), declined);
}
