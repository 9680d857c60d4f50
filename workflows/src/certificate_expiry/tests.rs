//! The ways between the phases, found by living through them with the workflow on and off.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    card::{CardKeys, IssuedCard, IssuedCertificate, PublicKey, Slot},
    certificate::{Phase, Renewer, RevocationReason},
    context::Context,
    decider::Decider as _,
    holder::{Holder, HolderEvent},
    ids::{CardSerial, CommandId},
    policy::Policies,
    testing::instant,
};
use uuid::Uuid;

use super::*;
use crate::{drawing::walked::assert_drawn, passcode_expiry::woken};

/// Of one life: 60 days until the first certificates end, and 70 after it.
const DAYS: i64 = 130;

fn noon(day: i64) -> DateTime<Utc> {
    instant("2027-01-09T12:00:00Z") + TimeDelta::days(day)
}

fn serial() -> CardSerial {
    "00A1B2C3".parse().unwrap()
}

fn key() -> PublicKey {
    PublicKey::from_der(vec![1])
}

fn certificates(not_after: DateTime<Utc>) -> Vec<IssuedCertificate> {
    let not_before = instant("2025-03-10T09:00:00Z");
    let serial = || "0a".parse().unwrap();
    Slot::ALL
        .map(|slot| IssuedCertificate { slot, serial: serial(), not_before, not_after })
        .to_vec()
}

fn issued() -> HolderEvent {
    HolderEvent::CardIssued(IssuedCard {
        card: serial(),
        profile: "guide".to_owned(),
        keys: CardKeys { authentication: key(), signature: key(), card_authentication: key() },
        certificates: certificates(instant("2027-03-10T09:00:00Z")),
    })
}

fn renewed(on: DateTime<Utc>, by: Renewer, self_renewals: u8) -> HolderEvent {
    HolderEvent::CertificatesRenewed {
        update: CommandId(Uuid::from_u128(1)),
        card: serial(),
        on: on.date_naive(),
        by,
        self_renewals,
        authentication: key(),
        signature: key(),
        certificates: certificates(on + TimeDelta::days(730)),
        superseded: vec![],
        superseded_revoked: false,
    }
}

fn revoked(on: DateTime<Utc>) -> HolderEvent {
    HolderEvent::CertificatesRevoked {
        card: serial(),
        on: on.date_naive(),
        reason: RevocationReason::Damaged,
        serials: vec![],
        by: Renewer::Holder,
    }
}

fn drawn(ctx: &Context<'_>, holder: &Holder) -> &'static str {
    match holder.certificates(ctx).map(|standing| standing.phase) {
        None | Some(Phase::Quiet) => "quiet",
        Some(Phase::Alert) => "alert",
        Some(Phase::Forced) => "forced",
        Some(Phase::Expired) => "expired",
        Some(Phase::Suspended) => "suspended",
        Some(Phase::Revoked) => "revoked",
    }
}

fn label(event: &HolderEvent) -> Option<&'static str> {
    match event.kind() {
        "CertificateAlertRaised" => Some(ALERT),
        "RaRenewalNeeded" => Some(AUTHORITY),
        "CertificatesRenewed" => Some(RENEWED),
        "CertificatesRevoked" => Some(REVOKED),
        _ => None,
    }
}

/// What is done about the certificates, on which day.
#[derive(Clone, Copy)]
enum Deed {
    Renew,
    Revoke,
}

/// One life: the workflow runs every `every` days, and something is done on a day.
fn live(used_up: bool, every: i64, (on, deed): (i64, Deed), found: &mut BTreeSet<Arrow>) {
    let policies = Policies::seed();
    let mut holder = Holder::default().evolve(noon(0), &issued());
    if used_up {
        // Twice by himself, and what he has now ends on the same day.
        let twice = renewed(instant("2025-03-10T09:00:00Z"), Renewer::Holder, 2);
        holder = holder.evolve(noon(0), &twice);
    }
    let mut from = "quiet";
    for day in 0..DAYS {
        let ctx = Context { now: noon(day), policies: &policies };
        // The one thing that nobody records: validity ends by itself.
        if drawn(&ctx, &holder) == "expired" && from != "expired" {
            found.insert(Arrow { from, label: ENDS, to: "expired" });
            from = "expired";
        }
        let mut events = Vec::new();
        if day == on && drawn(&ctx, &holder) != "quiet" {
            let by = if used_up { Renewer::Authority } else { Renewer::Holder };
            events.push(match deed {
                Deed::Renew if drawn(&ctx, &holder) == "revoked" => continue,
                Deed::Renew => renewed(ctx.now, by, 0),
                Deed::Revoke => revoked(ctx.now),
            });
            // Time itself draws no arrow: the holder leaves the phase that he has grown into.
            from = drawn(&ctx, &holder);
        } else if day == on {
            events.extend(matches!(deed, Deed::Revoke).then(|| revoked(ctx.now)));
        }
        if day % every == 0 && events.is_empty() {
            events = holder.decide(&ctx, woken()).unwrap();
        }
        for event in events {
            holder = holder.evolve(ctx.now, &event);
            let to = drawn(&ctx, &holder);
            if let Some(label) = label(&event) {
                found.insert(Arrow { from, label, to });
                from = to;
            }
        }
    }
}

#[test]
fn the_drawing_has_every_way_there_is_and_no_other() {
    let mut found = BTreeSet::new();
    for used_up in [false, true] {
        for every in [1, 3, 35, 41, 47, 130] {
            for day in [10, 35, 45, 70, 1000] {
                for deed in [Deed::Renew, Deed::Revoke] {
                    live(used_up, every, (day, deed), &mut found);
                }
            }
        }
    }
    assert_drawn(&DRAWING, &found);
}
