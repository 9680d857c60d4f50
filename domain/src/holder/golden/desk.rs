//! What others do about a holder.

use crate::{
    certificate::IdentityEvidence,
    desk::{
        Alarm, CancelReason, Checker, CloseReason, DeskEvent, Helper, IdentityCheck, Loss,
        SuspensionReason, View,
    },
    holder::HolderEvent,
    ids::{CertificateSerial, HolderId, OrganisationCode},
    passcode::OptionalKind,
    samples::{flow, secret, serial},
    staff::Role,
    testing::{day, instant},
};

/// Each event with the file that holds its `data`, of schema 1.
pub(super) fn golden() -> Vec<(HolderEvent, &'static str)> {
    let mut all = of_roles();
    all.extend(of_authorisations());
    all.extend(of_cards());
    all.extend(of_checks());
    all.into_iter().map(|(event, file)| (HolderEvent::Desk(event), file)).collect()
}

fn organisation() -> OrganisationCode {
    "RXA".parse().unwrap()
}

fn check(second: Option<HolderId>) -> IdentityCheck {
    let place = "Ward office".to_owned();
    IdentityCheck { evidence: IdentityEvidence::Passport, place, second }
}

fn of_roles() -> Vec<(DeskEvent, &'static str)> {
    let (on, role, organisation) = (day("2027-02-20"), Role::RaAgent, organisation());
    vec![
        (
            DeskEvent::Assigned { organisation: organisation.clone(), on },
            include_str!("Assigned.1.json"),
        ),
        (
            DeskEvent::AssignmentEnded { organisation: organisation.clone(), on },
            include_str!("AssignmentEnded.1.json"),
        ),
        (
            DeskEvent::RoleGranted { role, organisation: organisation.clone(), on },
            include_str!("RoleGranted.1.json"),
        ),
        (DeskEvent::RoleWithdrawn { role, organisation, on }, include_str!("RoleWithdrawn.1.json")),
    ]
}

fn of_authorisations() -> Vec<(DeskEvent, &'static str)> {
    let (on, card, until) =
        (day("2027-02-20"), serial("00A1B2C3"), instant("2027-02-20T12:30:00Z"));
    let (first, second) = (HolderId(secret(8).0), HolderId(secret(9).0));
    let vouched = IdentityCheck { evidence: IdentityEvidence::Vouched, ..check(None) };
    vec![
        (
            DeskEvent::IdentityVerified { card: card.clone(), on, check: check(None) },
            include_str!("IdentityVerified.1.json"),
        ),
        (
            DeskEvent::AccountUnlockRequested {
                request: flow(7),
                card: card.clone(),
                by: first,
                check: vouched,
                until,
                glass: None,
            },
            include_str!("AccountUnlockRequested.1.json"),
        ),
        (
            DeskEvent::AccountUnlockAuthorised {
                card: card.clone(),
                until,
                check: check(Some(second)),
                glass: None,
            },
            include_str!("AccountUnlockAuthorised.1.json"),
        ),
        (
            DeskEvent::AccountUnlocked { card: card.clone(), on },
            include_str!("AccountUnlocked.1.json"),
        ),
        (
            DeskEvent::SelfServiceReleased { on, check: check(None), registered: None },
            include_str!("SelfServiceReleased.1.json"),
        ),
        (
            DeskEvent::CardUnlockAuthorised { card, until, by: Helper::Sponsor, check: None },
            include_str!("CardUnlockAuthorised.1.json"),
        ),
    ]
}

fn of_cards() -> Vec<(DeskEvent, &'static str)> {
    let (on, card) = (day("2027-02-20"), serial("00A1B2C3"));
    let serials: Vec<CertificateSerial> = vec!["0a01".parse().unwrap(), "0a02".parse().unwrap()];
    vec![
        (
            DeskEvent::CertificatesSuspended {
                card: card.clone(),
                on,
                serials: serials.clone(),
                reason: SuspensionReason::NotMe,
            },
            include_str!("CertificatesSuspended.1.json"),
        ),
        (
            DeskEvent::CertificatesReinstated { card: card.clone(), on, serials },
            include_str!("CertificatesReinstated.1.json"),
        ),
        (
            DeskEvent::CardReportedLost {
                card: card.clone(),
                on,
                loss: Loss::Stolen,
                lost_at: instant("2027-02-19T21:00:00Z"),
            },
            include_str!("CardReportedLost.1.json"),
        ),
        (
            DeskEvent::CardCancelled {
                card,
                on,
                reason: CancelReason::Compromised,
                registered: None,
            },
            include_str!("CardCancelled.1.json"),
        ),
    ]
}

fn of_checks() -> Vec<(DeskEvent, &'static str)> {
    let on = day("2027-02-20");
    let kind = OptionalKind::AccountRecovery;
    vec![
        (
            DeskEvent::ContactChanged { on, former: Some(secret(0xe11)) },
            include_str!("ContactChanged.1.json"),
        ),
        (
            DeskEvent::AccountClosed { on, reason: CloseReason::Left, registered: None },
            include_str!("AccountClosed.1.json"),
        ),
        (DeskEvent::PersonErased { on }, include_str!("PersonErased.1.json")),
        (
            DeskEvent::PasscodeChecked { kind, matched: false, failures: 2, by: Checker::Desk },
            include_str!("PasscodeChecked.1.json"),
        ),
        (DeskEvent::PasscodeCheckBlocked { kind, on }, include_str!("PasscodeCheckBlocked.1.json")),
        (
            DeskEvent::PasscodeCheckReleased {
                kind: OptionalKind::Verification,
                on,
                check: check(None),
            },
            include_str!("PasscodeCheckReleased.1.json"),
        ),
        (DeskEvent::NotMeReported { mail: flow(5).0, on }, include_str!("NotMeReported.1.json")),
        (
            DeskEvent::LossOverdue {
                card: serial("00A1B2C3"),
                since: instant("2027-02-19T21:00:00Z"),
                on,
            },
            include_str!("LossOverdue.1.json"),
        ),
        (
            DeskEvent::StaffAlerted { alarm: Alarm::LossOverdue, about: HolderId(flow(6).0), on },
            include_str!("StaffAlerted.1.json"),
        ),
        (DeskEvent::RecordViewed { what: View::Record, on }, include_str!("RecordViewed.1.json")),
    ]
}

#[test]
fn every_event_type_of_the_desk_has_a_golden_file() {
    let with_file: Vec<_> = golden().iter().map(|(event, _)| event.kind()).collect();
    assert_eq!(with_file, DeskEvent::KINDS);
}

#[test]
fn what_names_the_address_that_is_told_has_a_golden_file_of_its_own() {
    let (on, registered) = (day("2027-02-20"), Some(secret(0xe12)));
    let (card, reason) = (serial("00A1B2C3"), CancelReason::Compromised);
    let all = [
        (
            DeskEvent::SelfServiceReleased { on, check: check(None), registered },
            include_str!("SelfServiceReleased.1.registered.json"),
        ),
        (
            DeskEvent::CardCancelled { card, on, reason, registered },
            include_str!("CardCancelled.1.registered.json"),
        ),
        (
            DeskEvent::AccountClosed { on, reason: CloseReason::Left, registered },
            include_str!("AccountClosed.1.registered.json"),
        ),
    ];
    for (event, file) in all {
        let event = HolderEvent::Desk(event);
        let written: serde_json::Value = serde_json::from_str(file).unwrap();
        assert_eq!(event.encode().data, written, "{}", event.kind());
        assert_eq!(HolderEvent::decode(event.kind(), 1, file.as_bytes()).unwrap(), event);
    }
}

#[test]
fn b59_what_tells_of_broken_glass_has_a_golden_file_of_its_own() {
    let (card, until) = (serial("00A1B2C3"), instant("2027-02-20T12:30:00Z"));
    let (first, second) = (HolderId(secret(8).0), HolderId(secret(9).0));
    let all = [
        (
            DeskEvent::AccountUnlockRequested {
                request: flow(7),
                card: card.clone(),
                by: first,
                check: check(None),
                until,
                glass: Some(organisation()),
            },
            include_str!("AccountUnlockRequested.1.glass.json"),
        ),
        (
            DeskEvent::AccountUnlockAuthorised {
                card,
                until,
                check: check(Some(second)),
                glass: Some(organisation()),
            },
            include_str!("AccountUnlockAuthorised.1.glass.json"),
        ),
        (
            DeskEvent::StaffAlerted {
                alarm: Alarm::GlassBroken { organisation: organisation() },
                about: HolderId(flow(6).0),
                on: day("2027-02-20"),
            },
            include_str!("StaffAlerted.1.glass.json"),
        ),
    ];
    for (event, file) in all {
        let event = HolderEvent::Desk(event);
        let written: serde_json::Value = serde_json::from_str(file).unwrap();
        assert_eq!(event.encode().data, written, "{}", event.kind());
        assert_eq!(HolderEvent::decode(event.kind(), 1, file.as_bytes()).unwrap(), event);
    }
}
