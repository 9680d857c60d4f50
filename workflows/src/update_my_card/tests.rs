//! Every way through a card update, walked against the rules themselves.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use domain::{
    card::{CardKeys, IssuedCard, IssuedCertificate, KeptKey, PublicKey, Write},
    certificate::{IdentityEvidence, RevocationReason},
    context::Context,
    decider::Decider as _,
    desk::IdentityCheck,
    holder::{Holder, HolderCommand, HolderEvent, Registration},
    ids::{CommandId, SecretRef},
    logon::Authenticated,
    policy::Policies,
    testing::instant,
};
use uuid::Uuid;

use super::*;
use crate::{
    card_job::{Claim, Stage},
    drawing::walked::assert_drawn,
};

const NOW: &str = "2027-02-20T12:00:00Z";

fn now() -> DateTime<Utc> {
    instant(NOW)
}

fn command(n: u128) -> CommandId {
    CommandId(Uuid::from_u128(n))
}

fn certificate(slot: Slot, n: u8, not_after: &str) -> IssuedCertificate {
    IssuedCertificate {
        slot,
        serial: format!("{n:02x}").parse().unwrap(),
        not_before: instant("2025-03-10T09:00:00Z"),
        not_after: instant(not_after),
    }
}

fn key(n: u8) -> PublicKey {
    PublicKey::from_der(vec![n])
}

fn after(holder: Holder, events: &[HolderEvent]) -> Holder {
    events.iter().fold(holder, |holder, event| holder.evolve(now(), event))
}

fn decide(holder: &Holder, command: HolderCommand) -> Option<Vec<HolderEvent>> {
    let policies = Policies::seed();
    let ctx = Context { now: now(), policies: &policies };
    holder.decide(&ctx, command).ok()
}

/// A holder whose certificates end in 18 days.
fn holder() -> Holder {
    let card = IssuedCard {
        card: "00A1B2C3".parse().unwrap(),
        profile: "guide".to_owned(),
        keys: CardKeys { authentication: key(1), signature: key(2), card_authentication: key(3) },
        certificates: Slot::ALL
            .map(|slot| {
                certificate(slot, 1 + u8::from(slot == Slot::Signature), "2027-03-10T09:00:00Z")
            })
            .to_vec(),
    };
    let registration = Registration {
        card,
        smartcard: SecretRef(Uuid::from_u128(1)),
        puk: SecretRef(Uuid::from_u128(2)),
        account_recovery: None,
        verification: None,
        check: IdentityCheck::by(IdentityEvidence::Passport, "RA desk"),
    };
    let holder = Holder::default();
    let events =
        decide(&holder, HolderCommand::Register { registration, organisation: None }).unwrap();
    after(holder, &events)
}

fn proof(holder: &Holder) -> Authenticated {
    let policies = Policies::seed();
    let ctx = Context { now: now(), policies: &policies };
    Authenticated::by_card(&ctx, holder, &holder.card().unwrap().card).unwrap()
}

/// Everything that can be asked, as the visit that has the update; a fresh key each time.
fn every_command(holder: &Holder, n: u8) -> Vec<(&'static str, HolderCommand)> {
    let open = holder.card_update();
    let update = open.map_or(command(1), |open| open.update);
    let job = open.map_or(Uuid::from_u128(1), |open| open.job);
    let begin = HolderCommand::BeginCardUpdate {
        update: CommandId(Uuid::from_u128(update.0.as_u128() ^ 2)),
        job,
        proof: proof(holder),
        logged_on_at: now(),
        asked_at: now(),
    };
    let other_job = Uuid::from_u128(job.as_u128() ^ 6);
    let open_write = |slot, write| HolderCommand::OpenCardWrite { update, job, slot, write };
    let mut all = vec![
        (BEGUN, begin),
        (TAKEN_UP, HolderCommand::ResumeCardUpdate { update, job: other_job }),
        (FIRST_KEY, open_write(Slot::Authentication, Write::KeyPair)),
        (SECOND_KEY, open_write(Slot::Signature, Write::KeyPair)),
        (COMMITTED, HolderCommand::CommitCardUpdate { update, job }),
        (
            REVOKED,
            HolderCommand::RevokeCertificates {
                proof: proof(holder),
                reason: RevocationReason::Damaged,
            },
        ),
    ];
    for slot in Slot::ALL {
        let made =
            HolderCommand::NoteKeyMade { update, job, slot, key: key(n), request: String::new() };
        let issued = HolderCommand::NoteCertificateIssued {
            update,
            job,
            certificate: certificate(slot, n, "2029-02-19T12:00:00Z"),
            secret: SecretRef(Uuid::from_u128(n.into())),
        };
        let opening = open.map_or(0, |open| open.last_opening);
        let kept = HolderCommand::NoteKeyKept { job, kept: KeptKey { update, slot, opening } };
        all.extend([
            (MADE, made),
            (KEPT, kept),
            (ISSUED, issued),
            (MAY_WRITE, open_write(slot, Write::Certificate)),
            (WRITTEN, HolderCommand::NoteCertificateWritten { update, job, slot }),
        ]);
    }
    all
}

fn drawn(holder: &Holder) -> &'static str {
    if holder.certificate_records().is_revoked() {
        return "revoked";
    }
    if 0 < holder.certificate_records().self_renewals() {
        return "renewed";
    }
    match holder.card_update().map(at) {
        None => "none",
        Some(What::Checking) => "checking",
        Some(What::Creating) => "creating",
        Some(What::WritingFirst) => "writing_1",
        Some(What::WritingSecond) => "writing_2",
        Some(What::ReadingBack) => "reading_back",
    }
}

/// What distinguishes two holders here: how far each slot is.
fn place(holder: &Holder) -> String {
    let far = |state: &SlotState| match state {
        SlotState::Untouched => 'u',
        SlotState::Opened => 'o',
        SlotState::KeyMade { .. } => 'k',
        SlotState::Issued { .. } => 'i',
        SlotState::Written { .. } => 'w',
    };
    let slots: String = holder
        .card_update()
        .map(|open| Slot::ALL.map(|slot| far(open.slot(slot))).iter().collect())
        .unwrap_or_default();
    format!("{} {slots}", drawn(holder))
}

#[test]
fn b55_every_way_through_a_card_update_is_drawn_and_each_leaves_a_key_that_agrees() {
    let mut found = BTreeSet::new();
    let mut seen = BTreeSet::new();
    let mut to_walk = vec![holder()];
    let mut n = 10;
    while let Some(holder) = to_walk.pop() {
        if matches!(drawn(&holder), "renewed" | "revoked") || !seen.insert(place(&holder)) {
            continue;
        }
        n += 1;
        for (label, command) in every_command(&holder, n) {
            let Some(events) = decide(&holder, command) else { continue };
            if events.is_empty() {
                continue;
            }
            let next = after(holder.clone(), &events);
            found.insert(Arrow { from: drawn(&holder), label, to: drawn(&next) });
            if let Some(open) = next.card_update() {
                let (slot, _) = open.signer(next.card().unwrap());
                assert!(is_shown(open, slot), "{}", place(&next));
            }
            to_walk.push(next);
        }
    }
    assert_drawn(&DRAWING, &found);
}

/// The card has signed with the slot's key: with the old one, or with the new one when its
/// certificate was read back, which 9A's was before 9C was opened.
fn is_shown(open: &CardUpdate, slot: Slot) -> bool {
    match open.slot(slot) {
        SlotState::Untouched | SlotState::Written { .. } => true,
        SlotState::Issued { .. } => {
            slot == Slot::Authentication && *open.slot(Slot::Signature) != SlotState::Untouched
        }
        SlotState::Opened | SlotState::KeyMade { .. } => false,
    }
}

fn claim() -> Claim {
    Claim {
        agent: Uuid::from_u128(1),
        card: "00A1B2C3".parse().unwrap(),
        holder: Some(domain::ids::HolderId(Uuid::from_u128(1))),
        reader: "Reader".to_owned(),
        profile: "guide".to_owned(),
        nonce: "00".repeat(32),
        line: Uuid::from_u128(1),
    }
}

/// The holder after the first of these commands, in the order of an update in which nothing fails.
fn after_first(n_commands: usize) -> Holder {
    let smooth = [BEGUN, FIRST_KEY, MADE, ISSUED, MAY_WRITE, WRITTEN, SECOND_KEY, MADE, ISSUED];
    let mut holder = holder();
    for (n, label) in smooth.into_iter().take(n_commands).enumerate() {
        let n = 10 + u8::try_from(n).unwrap();
        let all = every_command(&holder, n).into_iter().filter(|(of, _)| *of == label);
        let decided = all.filter_map(|(_, command)| decide(&holder, command));
        let events = decided.into_iter().find(|events| !events.is_empty()).unwrap();
        holder = after(holder, &events);
    }
    holder
}

fn shown(holder: &Holder, stage: &Stage, agent_is_there: bool) -> [State; 5] {
    let recorded = holder.card_update().map_or(Recorded::NotBegun, Recorded::Open);
    progress(recorded, stage, agent_is_there).map(|line| line.state)
}

#[test]
fn c11_s07_the_lines_are_done_one_after_another() {
    use State::{Done, InProgress, Waiting};
    let updating = Stage::Updating(claim());
    for (n_commands, expected) in [
        (1, [InProgress, Waiting, Waiting, Waiting, Waiting]),
        (2, [Done, InProgress, Waiting, Waiting, Waiting]),
        (3, [Done, InProgress, Waiting, Waiting, Waiting]),
        (4, [Done, Done, InProgress, Waiting, Waiting]),
        (6, [Done, Done, Done, InProgress, Waiting]),
        (9, [Done, Done, Done, InProgress, Waiting]),
    ] {
        assert_eq!(shown(&after_first(n_commands), &updating, true), expected, "{n_commands}");
    }
    let done = progress(Recorded::Committed, &Stage::Done(claim()), false);
    assert!(done.iter().all(|line| line.state == Done));
}

#[test]
fn s07_a_card_that_was_pulled_is_not_known_and_a_try_that_came_to_nothing_has_failed() {
    let current = |n_commands, stage: &Stage, is_there| {
        let states = shown(&after_first(n_commands), stage, is_there);
        states.into_iter().find(|state| *state != State::Done).unwrap()
    };
    let updating = Stage::Updating(claim());
    assert_eq!(current(2, &updating, false), State::NotKnown);
    assert_eq!(current(1, &updating, false), State::Failed);
    assert_eq!(current(2, &Stage::Open, false), State::Failed);
    assert_eq!(current(2, &Stage::Claimed(claim()), true), State::Waiting);
}
