//! The ways between the phases, found by living through them with the workflow on and off.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use domain::{
    calendar::Phase,
    decider::Decider as _,
    holder::{HolderEvent, Origin},
    ids::SecretRef,
    passcode::Kind,
    policy::Policies,
};
use uuid::Uuid;

use super::*;
use crate::drawing::walked::assert_drawn;

const DAYS: i64 = 420;

fn noon(day: i64) -> DateTime<Utc> {
    "2025-03-10T12:00:00Z".parse::<DateTime<Utc>>().unwrap() + TimeDelta::days(day)
}

fn set(kind: Kind, on: NaiveDate) -> HolderEvent {
    let secret = SecretRef(Uuid::from_u128(1));
    HolderEvent::PasscodeSet { kind, on, secret, origin: Origin::Change }
}

fn drawn(ctx: &Context<'_>, holder: &Holder) -> &'static str {
    match holder.passcodes().worst(ctx).map(|(_, phase)| phase) {
        None | Some(Phase::Current { .. }) => "current",
        Some(Phase::Alert { .. }) => "alert",
        Some(Phase::Forced { .. }) => "forced",
        Some(Phase::Locked) => "locked",
    }
}

fn label(event: &HolderEvent) -> Option<&'static str> {
    match event {
        HolderEvent::AlertRaised { .. } => Some(ALERT),
        HolderEvent::RenewalForced { .. } => Some(FORCE),
        HolderEvent::LockAnnounced { .. } => Some(ANNOUNCE),
        HolderEvent::AccountLocked { .. } => Some(LOCK),
        HolderEvent::PasscodeSet { .. } => Some(CHANGE),
        HolderEvent::HolderRegistered {}
        | HolderEvent::CardIssued(_)
        | HolderEvent::PasscodeBlanked { .. }
        | HolderEvent::PasscodeChangedElsewhere { .. }
        | HolderEvent::UsedBeforeRefused { .. }
        | HolderEvent::SelfServiceRefused { .. }
        | HolderEvent::HistoryCyclingFlagged { .. }
        | HolderEvent::LogonRefused { .. }
        | HolderEvent::AlertDeclined { .. }
        | HolderEvent::RestrictedSessionOpened { .. }
        | HolderEvent::CardUpdateBegun { .. }
        | HolderEvent::CardUpdateResumed { .. }
        | HolderEvent::CardWriteOpened { .. }
        | HolderEvent::CardKeyMade { .. }
        | HolderEvent::CardKeyKept(_)
        | HolderEvent::CertificateIssued { .. }
        | HolderEvent::CertificateAbandoned { .. }
        | HolderEvent::CertificateWritten { .. }
        | HolderEvent::CertificatesRenewed { .. }
        | HolderEvent::CardUpdateAbandoned { .. }
        | HolderEvent::RenewalAcknowledged { .. }
        | HolderEvent::CertificatesRevoked { .. }
        | HolderEvent::RenewalAuthorised { .. }
        | HolderEvent::Desk(_)
        | HolderEvent::CertificateAlertRaised { .. }
        | HolderEvent::RaRenewalNeeded { .. }
        | HolderEvent::RenewalObstructed { .. }
        | HolderEvent::RenewalDeferred { .. }
        | HolderEvent::RegistrationBegun { .. }
        | HolderEvent::RegistrationCompleted { .. }
        | HolderEvent::RegistrationCancelled { .. }
        | HolderEvent::RegistrationRedirected { .. }
        | HolderEvent::CodeSent { .. }
        | HolderEvent::CodeRefused { .. }
        | HolderEvent::CodeVoided { .. }
        | HolderEvent::CodeAccepted { .. }
        | HolderEvent::UnlockPaused { .. }
        | HolderEvent::UnlockStarted { .. }
        | HolderEvent::QuestionsDrawn { .. }
        | HolderEvent::UnlockRefused { .. }
        | HolderEvent::AnswersWrong { .. }
        | HolderEvent::AnswersRight { .. }
        | HolderEvent::SelfServiceBlocked { .. }
        | HolderEvent::RecoveryPasscodeWrong { .. }
        | HolderEvent::RecoveryPasscodeBlocked { .. }
        | HolderEvent::RecoveryPasscodeRight { .. }
        | HolderEvent::UnlockCompleted { .. }
        | HolderEvent::PukRecorded { .. }
        | HolderEvent::PukReleased { .. }
        | HolderEvent::PukProbed { .. }
        | HolderEvent::PukSettled { .. }
        | HolderEvent::PukRuledOut { .. }
        | HolderEvent::PukLost { .. }
        | HolderEvent::PukReplaced { .. } => None,
    }
}

/// One life: the second passcode is set `apart` days after the first, the workflow runs every
/// `every` days, and on the day `change` one of them is changed.
fn live(apart: i64, every: i64, change: (i64, Kind), found: &mut BTreeSet<Arrow>) {
    let policies = Policies::seed();
    let mut holder = Holder::default();
    let mut from = "current";
    for day in 0..DAYS {
        let ctx = Context { now: noon(day), policies: &policies };
        let mut events = Vec::new();
        if day == 0 {
            events.push(set(Kind::Smartcard, ctx.today()));
        }
        if day == apart {
            events.push(set(Kind::Verification, ctx.today()));
        }
        // B-10 lets nobody change a passcode who is locked when he logs on.
        if day == change.0 && drawn(&ctx, &holder) != "locked" {
            events.push(set(change.1, ctx.today()));
        }
        for event in events {
            // Time itself draws no arrow: the holder leaves the phase that he has grown into.
            let from_now = drawn(&ctx, &holder);
            holder = holder.evolve(ctx.now, &event);
            let to = drawn(&ctx, &holder);
            found.extend(label(&event).map(|label| Arrow { from: from_now, label, to }));
            from = to;
        }
        if day % every == 0 {
            for event in holder.decide(&ctx, woken()).unwrap() {
                holder = holder.evolve(ctx.now, &event);
                let to = drawn(&ctx, &holder);
                found.extend(label(&event).map(|label| Arrow { from, label, to }));
                from = to;
            }
        }
    }
}

#[test]
fn the_drawing_has_every_way_there_is_and_no_other() {
    let mut found = BTreeSet::new();
    for apart in [0, 1, 10, 30] {
        for every in [1, 5, 29, 40, 193] {
            for day in [200, 355, 370, 381, 1000] {
                for kind in [Kind::Smartcard, Kind::Verification] {
                    live(apart, every, (day, kind), &mut found);
                }
            }
        }
    }
    assert_drawn(&DRAWING, &found);
}

#[test]
fn whoever_wakes_a_holder_at_the_same_place_asks_under_the_same_id() {
    let holder = HolderId(Uuid::from_u128(1));
    let id = command_id(holder, Some(Revision(3)));
    assert_eq!(id, command_id(holder, Some(Revision(3))));
    assert_ne!(id, command_id(holder, Some(Revision(4))));
    assert_ne!(id, command_id(HolderId(Uuid::from_u128(2)), Some(Revision(3))));
}
