//! Every way through a registration, walked against the rules themselves.

use std::collections::{BTreeSet, VecDeque};

use chrono::TimeDelta;
use domain::{
    card::{CardKeys, IssuedCard, IssuedCertificate, PublicKey, Slot},
    certificate::{IdentityEvidence, RevocationReason},
    decider::Decider as _,
    desk::IdentityCheck,
    holder::{HolderCommand, Registration},
    ids::SecretRef,
    logon::Authenticated,
    policy::Policies,
    self_service::{Answer, Found, NewCode, questions},
    testing::instant,
};
use uuid::Uuid;

use super::*;
use crate::drawing::walked::assert_drawn;

/// How long whatever is asked takes: so long that another code may be sent.
const STEP: TimeDelta = TimeDelta::seconds(61);

/// A holder, and what time it is for him.
#[derive(Clone)]
pub(crate) struct Life {
    pub(crate) holder: Holder,
    pub(crate) now: DateTime<Utc>,
}

/// The registration whose ways are walked.
const OURS: u128 = 1;

pub(crate) fn command(n: u128) -> CommandId {
    CommandId(Uuid::from_u128(n))
}

pub(crate) fn secret(n: u128) -> SecretRef {
    SecretRef(Uuid::from_u128(n))
}

pub(crate) fn new_code(n: u128) -> NewCode {
    NewCode { code: Uuid::from_u128(n), key: 1 }
}

impl Life {
    /// Somebody with a card, and with an account recovery passcode if wanted.
    pub(crate) fn new(with_recovery: bool) -> Self {
        let key = |n| PublicKey::from_der(vec![n]);
        let certificate = |slot: Slot, n: u8| IssuedCertificate {
            slot,
            serial: format!("{n:02x}").parse().unwrap(),
            not_before: instant("2026-03-10T09:00:00Z"),
            not_after: instant("2028-03-10T09:00:00Z"),
        };
        let card = IssuedCard {
            card: "00A1B2C3".parse().unwrap(),
            profile: "guide".to_owned(),
            keys: CardKeys {
                authentication: key(1),
                signature: key(2),
                card_authentication: key(3),
            },
            certificates: vec![
                certificate(Slot::Authentication, 1),
                certificate(Slot::Signature, 2),
            ],
        };
        let registration = Registration {
            card,
            smartcard: secret(1),
            account_recovery: with_recovery.then(|| secret(2)),
            verification: None,
            puk: secret(3),
            check: IdentityCheck::by(IdentityEvidence::Passport, "RA desk"),
        };
        let begun = Self { holder: Holder::default(), now: instant("2026-03-10T09:30:00Z") };
        begun.after(HolderCommand::Register { registration, organisation: None }).unwrap()
    }

    /// The same after a command; `None` if it was refused or changed nothing.
    pub(crate) fn after(&self, command: HolderCommand) -> Option<Self> {
        let (policies, now) = (Policies::seed(), self.now);
        let ctx = Context { now, policies: &policies };
        let events = self.holder.decide(&ctx, command).ok().filter(|events| !events.is_empty())?;
        let holder =
            events.iter().fold(self.holder.clone(), |holder, event| holder.evolve(self.now, event));
        Some(Self { holder, now: now + STEP })
    }

    pub(crate) fn later(&self, minutes: i64) -> Self {
        Self { now: self.now + TimeDelta::minutes(minutes), ..self.clone() }
    }

    fn proof(&self) -> Authenticated {
        let policies = Policies::seed();
        let ctx = Context { now: self.now, policies: &policies };
        Authenticated::by_card(&ctx, &self.holder, &self.holder.card().unwrap().card).unwrap()
    }

    /// *Register* with the first four questions.
    pub(crate) fn begin(&self, registration: u128) -> HolderCommand {
        let first = questions().iter().take(4).zip(10..);
        let answers =
            first.map(|(question, n)| Answer { question: question.id, secret: secret(n) });
        HolderCommand::BeginRegistration {
            registration: command(registration),
            proof: self.proof(),
            logged_on_at: self.now,
            asked_at: self.now,
            answers: Some(answers.collect()),
            email: secret(100 + registration),
            code: new_code(1_000 + registration),
        }
    }

    /// The newest code of this flow is entered.
    pub(crate) fn enter(&self, purpose: CodePurpose, flow: u128) -> HolderCommand {
        let flow = command(flow);
        let newest = self.holder.self_service().codes(purpose, flow).last();
        let found = newest.map_or(Found::Nothing, |newest| Found::Newest(newest.code));
        HolderCommand::EnterCode { purpose, flow, found }
    }

    pub(crate) fn revoke(&self) -> HolderCommand {
        HolderCommand::RevokeCertificates { proof: self.proof(), reason: RevocationReason::Damaged }
    }

    fn next(&self) -> Next {
        let policies = Policies::seed();
        next(&Context { now: self.now, policies: &policies }, &self.holder, command(OURS))
    }

    /// A state as it is drawn.
    fn drawn(&self, is_begun: bool) -> &'static str {
        match self.next() {
            _ if !is_begun => "none",
            Next::Code { .. } => "code",
            Next::Done { .. } => "in_force",
            Next::Over(_) => "over",
        }
    }

    /// What distinguishes two lives here.
    fn place(&self, is_begun: bool) -> String {
        let sent = self.holder.self_service().codes(CodePurpose::Registration, command(OURS));
        let wrong = sent.last().map(|sent| (sent.wrong, sent.voided));
        let other = self.holder.self_service().codes(CodePurpose::Registration, command(2));
        format!("{} {} {wrong:?} {}", self.drawn(is_begun), sent.len(), other.len())
    }
}

fn every_command(life: &Life, n: u128) -> Vec<(&'static str, HolderCommand)> {
    let (purpose, flow, registration) = (CodePurpose::Registration, command(OURS), command(OURS));
    let redirect =
        HolderCommand::RedirectRegistration { registration, email: secret(n), code: new_code(n) };
    vec![
        (BEGUN, life.begin(OURS)),
        (ANOTHER, life.begin(2)),
        (SENT, HolderCommand::SendCode { purpose, flow, code: new_code(n) }),
        (REDIRECTED, redirect),
        (WRONG, HolderCommand::EnterCode { purpose, flow, found: Found::Nothing }),
        (RIGHT, life.enter(purpose, OURS)),
        (REPLACED, life.enter(purpose, 2)),
        (GIVEN_UP, HolderCommand::CancelRegistration { registration }),
        (REVOKED, life.revoke()),
    ]
}

#[test]
fn b44_every_way_through_a_registration_is_drawn() {
    let mut found = BTreeSet::new();
    let mut seen = BTreeSet::new();
    let mut to_walk = VecDeque::from([(Life::new(false), false)]);
    let mut n = 10_000;
    while let Some((life, is_begun)) = to_walk.pop_front() {
        let from = life.drawn(is_begun);
        if from == "over" || !seen.insert(life.place(is_begun)) {
            continue;
        }
        for (label, command) in every_command(&life, n) {
            n += 1;
            let Some(next) = life.after(command) else { continue };
            let is_begun = is_begun || label == BEGUN;
            // Another one that changes nothing for ours is not drawn.
            let to = next.drawn(is_begun);
            if is_begun && !(label == ANOTHER && to == from) && !(label == REVOKED && to == from) {
                found.insert(Arrow { from, label, to });
            }
            if is_begun {
                to_walk.push_back((next, is_begun));
            }
        }
        let (before, at) = (life.later(55), life.later(61));
        if from == "code" && before.drawn(true) == "code" && at.drawn(true) == "over" {
            found.insert(Arrow { from, label: TIME, to: "over" });
        }
    }
    assert_drawn(&DRAWING, &found);
}

#[test]
fn b43_the_one_in_force_stays_until_another_one_is_completed() {
    let life = Life::new(false);
    let begun = life.after(life.begin(OURS)).unwrap();
    let Next::Code { sent: Some(sent), until } = begun.next() else { panic!("no code") };
    assert_eq!((sent.number, until), (1, life.now + TimeDelta::minutes(60)));
    let done = begun.after(begun.enter(CodePurpose::Registration, OURS)).unwrap();
    let another = done.after(done.begin(2)).unwrap();
    assert!(matches!(another.next(), Next::Done { .. }));
    let replaced = another.after(another.enter(CodePurpose::Registration, 2)).unwrap();
    assert!(matches!(replaced.next(), Next::Over(_)));
}
