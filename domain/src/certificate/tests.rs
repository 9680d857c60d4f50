//! Windows, alerts, renewals and revocation, by rule; boundaries in pairs.

mod alerts;
mod logons;
mod renewals;
mod revocation;
mod updates;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::*;
use crate::{
    card::{IssuedCertificate, PublicKey, Slot, Write},
    context::Context,
    holder::{self, Holder, HolderCommand, HolderEvent},
    ids::CommandId,
    logon::{self, Authenticated, LogonRefusal, Verdict},
    policy::{Policy, RaRequired},
    samples::*,
    testing::{Given, Then, When, day, given, instant},
};

pub(super) const UPDATE: CommandId = CommandId(Uuid::from_u128(100));
pub(super) const JOB: Uuid = Uuid::from_u128(200);

/// Both certificates of the sample card end at this instant: 30 days before it is 2027-02-08, 20
/// days before it is 2027-02-18.
pub(super) const ENDS: &str = "2027-03-10T09:00:00Z";

/// Somebody whose smartcard passcode is young while his certificates end.
pub(super) fn holder() -> Given<Holder> {
    registered("2026-12-01")
}

/// The same with certificates that end at these instants, 9A's first.
pub(super) fn ending(authentication: &str, signature: &str) -> Given<Holder> {
    let mut card = card();
    card.certificates[0].not_after = instant(authentication);
    card.certificates[1].not_after = instant(signature);
    given([
        HolderEvent::HolderRegistered {},
        HolderEvent::CardIssued(card),
        first(crate::passcode::Kind::Smartcard, "2026-12-01", 1),
    ])
}

/// A key that no card has had before.
pub(super) fn key(n: u8) -> PublicKey {
    PublicKey::from_der(vec![0x30, n])
}

pub(super) fn certificate(slot: Slot, serial: &str) -> IssuedCertificate {
    IssuedCertificate {
        slot,
        serial: serial.parse().unwrap(),
        not_before: instant("2027-02-20T12:00:00Z"),
        not_after: instant("2029-02-19T12:00:00Z"),
    }
}

/// A renewal that was committed.
pub(super) fn renewed(by: Renewer, self_renewals: u8) -> HolderEvent {
    HolderEvent::CertificatesRenewed {
        update: CommandId(Uuid::from_u128(1)),
        card: card().card,
        on: day("2025-03-10"),
        by,
        self_renewals,
        authentication: card().keys.authentication,
        signature: card().keys.signature,
        certificates: card().certificates,
        superseded: vec![],
        superseded_revoked: false,
    }
}

/// The same holder after his own renewals are used up.
pub(super) fn used_up() -> Given<Holder> {
    holder().and(instant("2026-12-01T12:00:00Z"), [renewed(Renewer::Holder, 2)])
}

/// *Renew*, in a session that was opened just now.
pub(super) fn begin() -> HolderCommand {
    begin_in_session_of(DateTime::<Utc>::MAX_UTC)
}

pub(super) fn begin_in_session_of(logged_on_at: DateTime<Utc>) -> HolderCommand {
    HolderCommand::BeginCardUpdate {
        update: UPDATE,
        job: JOB,
        proof: proof(),
        logged_on_at,
        asked_at: DateTime::<Utc>::MAX_UTC,
    }
}

pub(super) fn begun(on: &str, by: Renewer) -> HolderEvent {
    HolderEvent::CardUpdateBegun { update: UPDATE, card: card().card, by, job: JOB, on: day(on) }
}

pub(super) fn open_write(slot: Slot, write: Write) -> HolderCommand {
    HolderCommand::OpenCardWrite { update: UPDATE, job: JOB, slot, write }
}

pub(super) fn opened(slot: Slot, write: Write) -> HolderEvent {
    HolderEvent::CardWriteOpened { update: UPDATE, slot, write }
}

pub(super) fn note_key(slot: Slot, n: u8) -> HolderCommand {
    let request = "3000".to_owned();
    HolderCommand::NoteKeyMade { update: UPDATE, job: JOB, slot, key: key(n), request }
}

pub(super) fn note_issued(slot: Slot, serial: &str) -> HolderCommand {
    let certificate = certificate(slot, serial);
    HolderCommand::NoteCertificateIssued {
        update: UPDATE,
        job: JOB,
        certificate,
        secret: secret(7),
    }
}

pub(super) fn note_written(slot: Slot) -> HolderCommand {
    HolderCommand::NoteCertificateWritten { update: UPDATE, job: JOB, slot }
}

pub(super) const COMMIT: HolderCommand =
    HolderCommand::CommitCardUpdate { update: UPDATE, job: JOB };

/// Carries out a command, whatever comes of it but a refusal.
#[track_caller]
pub(super) fn done(when: When<Holder>, command: HolderCommand) -> When<Holder> {
    let events = when.see(|ctx, holder| {
        use crate::decider::Decider as _;
        holder.decide(ctx, command.clone()).unwrap()
    });
    let then: Then<Holder> = when.when(command);
    then.then(events)
}

/// Everything up to a slot that is written.
#[track_caller]
pub(super) fn slot_written(when: When<Holder>, slot: Slot, n: u8) -> When<Holder> {
    let serial = format!("0b{n:02x}");
    [
        open_write(slot, Write::KeyPair),
        note_key(slot, n),
        note_issued(slot, &serial),
        open_write(slot, Write::Certificate),
        note_written(slot),
    ]
    .into_iter()
    .fold(when, done)
}

/// An update in which both are written, begun at the instant at which somebody looks.
#[track_caller]
pub(super) fn written(when: When<Holder>) -> When<Holder> {
    let when = slot_written(done(when, begin()), Slot::Authentication, 1);
    slot_written(when, Slot::Signature, 2)
}

pub(super) fn phase(given: Given<Holder>, at: &str) -> Phase {
    given.at(at).see(|ctx, holder| holder.certificates(ctx).unwrap().phase)
}

pub(super) fn may_renew(given: Given<Holder>, at: &str) -> Result<Renewer, Refusal> {
    given.at(at).see(|ctx, holder| holder.certificates(ctx).unwrap().may_renew)
}

pub(super) fn verdict(given: Given<Holder>, at: &str) -> Result<Verdict, LogonRefusal> {
    given.at(at).see(|ctx, holder| {
        let proof = Authenticated::by_card(ctx, holder, &card().card)?;
        Ok(logon::check(ctx, holder, &proof).verdict)
    })
}

#[test]
fn c01_b53_renewal_is_refused_with_31_days_left_and_offered_with_30() {
    let opens_on = day("2027-02-08");
    holder().on("2027-02-07").when(begin()).then_refused(Refusal::NotInWindow { opens_on });
    holder().on("2027-02-08").when(begin()).then([begun("2027-02-08", Renewer::Holder)]);
}

#[test]
fn c02_c08_who_is_refused_for_being_early_is_told_from_which_day_on_he_can_renew() {
    let opens_on = day("2027-02-08");
    let refusal = may_renew(holder(), "2027-01-01T12:00:00Z").unwrap_err();
    assert_eq!(refusal.changes_on(), Some(opens_on));
    assert_eq!(refusal.rule().as_str(), "C-01");
}

#[test]
fn b12_the_day_on_which_certificates_end_is_the_civil_day_of_the_instant() {
    // 23:30 UTC in June is half past midnight of 1 July in London.
    let given = || ending("2026-06-30T23:30:00Z", "2026-06-30T23:30:00Z");
    given().at("2026-05-31T22:59:59Z").see(|ctx, holder| {
        let standing = holder.certificates(ctx).unwrap();
        assert_eq!(standing.expires_on, day("2026-07-01"));
        assert_eq!((standing.days_left, standing.phase), (31, Phase::Quiet));
    });
    assert_eq!(phase(given(), "2026-05-31T23:00:00Z"), Phase::Alert);
    assert_eq!(phase(given(), "2026-06-10T22:59:59Z"), Phase::Alert);
    assert_eq!(phase(given(), "2026-06-10T23:00:00Z"), Phase::Forced);
}

#[test]
fn b12_b52_validity_ends_by_the_instant_which_is_itself_valid() {
    assert_eq!(phase(holder(), ENDS), Phase::Forced);
    assert_eq!(phase(holder(), "2027-03-10T09:00:01Z"), Phase::Expired);
    assert_eq!(may_renew(holder(), ENDS), Ok(Renewer::Holder));
    assert_eq!(may_renew(holder(), "2027-03-10T09:00:01Z"), Err(Refusal::Expired));
}

#[test]
fn b13_c07_with_21_days_left_it_may_be_put_off_and_with_20_and_with_none_it_may_not() {
    let declinable = |at: &str| {
        holder().at(at).see(|ctx, holder| holder.certificates(ctx).unwrap().may_decline())
    };
    assert!(declinable("2027-02-08T12:00:00Z"));
    assert!(declinable("2027-02-17T12:00:00Z"));
    assert!(!declinable("2027-02-18T12:00:00Z"));
    assert!(!declinable("2027-03-10T08:00:00Z"));
}

#[test]
fn b48_the_certificate_that_ends_first_drives_both() {
    let given = || ending("2027-06-09T12:00:00Z", "2027-06-01T12:00:00Z");
    let standing = given().on("2027-05-03").see(|ctx, holder| holder.certificates(ctx).unwrap());
    assert_eq!((standing.expires_on, standing.days_left), (day("2027-06-01"), 29));
    let when = written(given().on("2027-05-03")).when(COMMIT);
    let events = when.then_see();
    let [HolderEvent::CertificatesRenewed { certificates, superseded, self_renewals, .. }] =
        events.as_slice()
    else {
        panic!("{events:?}");
    };
    assert_eq!((certificates.len(), superseded.len(), *self_renewals), (2, 2, 1));
}

#[test]
fn every_refusal_about_certificates_names_its_rule_and_a_way_out() {
    let opens_on = day("2027-02-08");
    for refusal in [
        Refusal::NotInWindow { opens_on },
        Refusal::RaVisitRequired,
        Refusal::PlaceNotValid,
        Refusal::Expired,
        Refusal::Revoked,
        Refusal::PasscodesFirst { kind: crate::passcode::Kind::Smartcard },
        Refusal::RenewalRequired,
        Refusal::MayNotDecline,
        Refusal::NoticeStays,
        Refusal::UpdateOpen,
        Refusal::NoUpdate,
        Refusal::OtherJob,
        Refusal::OutOfOrder,
        Refusal::KeyNotNew,
        Refusal::WritesSpent,
        Refusal::NotDeferrable(NotDeferrable::ByPolicy),
    ] {
        assert!(refusal.way_out().ends_with('.'), "{refusal}");
        assert!(!refusal.to_string().ends_with('.'), "{refusal}");
        let is_known = crate::rules::find(refusal.rule().as_str()).is_some();
        assert!(is_known, "{refusal}");
        let opens = matches!(refusal, Refusal::NotInWindow { .. });
        assert_eq!(refusal.changes_on(), opens.then_some(opens_on));
    }
}
