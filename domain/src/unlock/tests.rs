//! Unlocking, a sentence each; boundaries in pairs.

mod acts;
mod codes;
mod machine;
mod model;
mod preconditions;
mod puks;
mod questions;
mod recovery;

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::*;
use crate::{
    context::Context,
    decider::Decider as _,
    holder::{Holder, HolderCommand, HolderEvent, Origin},
    ids::SecretRef,
    passcode::Kind,
    policy::{Policies, Policy},
    refusal,
    samples::*,
    self_service::{self, CodePurpose, Found},
    testing::{Given, day, instant},
};

const NOON: &str = "2026-06-01T12:00:00Z";

/// Registered for self-service with questions 1 to 4.
fn holder() -> Given<Holder> {
    registered("2026-03-10")
        .and(instant("2026-05-01T12:00:00Z"), self_service(flow(1), "2026-05-01"))
}

fn start(unlock: CommandId) -> HolderCommand {
    start_drawing(unlock, [0, 1, 2, 3])
}

fn start_drawing(unlock: CommandId, draw: [u8; 4]) -> HolderCommand {
    let (workstation, reader) = ("WARD-7".to_owned(), "Reader 1".to_owned());
    HolderCommand::StartUnlock { unlock, proof: present(), draw, workstation, reader }
}

fn started(unlock: CommandId) -> HolderEvent {
    let (workstation, reader) = ("WARD-7".to_owned(), "Reader 1".to_owned());
    HolderEvent::UnlockStarted { unlock, card: card().card, workstation, reader }
}

fn drawn(numbers: [u8; 4]) -> HolderEvent {
    HolderEvent::QuestionsDrawn { order: asked(&numbers) }
}

fn asked(numbers: &[u8]) -> Vec<QuestionId> {
    numbers.iter().map(|number| QuestionId::new(*number).unwrap()).collect()
}

fn answered(unlock: CommandId, attempt: u8, right: bool, code: u128) -> HolderCommand {
    HolderCommand::AnswerQuestions { unlock, attempt, right, code: new_code(code) }
}

fn wrong(unlock: CommandId, attempt: u8) -> HolderEvent {
    let numbers = &[1, 2, 3, 4][..=usize::from(attempt)];
    HolderEvent::AnswersWrong { unlock, attempt, failures: attempt, asked: asked(numbers) }
}

fn enter(unlock: CommandId, found: Found) -> HolderCommand {
    HolderCommand::EnterCode { purpose: CodePurpose::Unlock, flow: unlock, found }
}

fn newest(code: u128) -> Found {
    Found::Newest(Uuid::from_u128(code))
}

fn accepted(unlock: CommandId, code: u128) -> HolderEvent {
    let (purpose, code) = (CodePurpose::Unlock, Uuid::from_u128(code));
    HolderEvent::CodeAccepted { purpose, flow: unlock, code }
}

fn sent(unlock: CommandId, code: u128, number: u8, expires_at: &str) -> HolderEvent {
    code_sent(CodePurpose::Unlock, unlock, code, number, instant(expires_at))
}

fn complete(unlock: CommandId, reference: u128) -> HolderCommand {
    HolderCommand::CompleteUnlock { unlock, secret: secret(reference) }
}

fn completed(unlock: CommandId, reference: u128, on: &str) -> [HolderEvent; 2] {
    let (on, origin) = (day(on), Origin::Unlock);
    [
        HolderEvent::PasscodeSet { kind: Kind::Smartcard, on, secret: secret(reference), origin },
        HolderEvent::UnlockCompleted { unlock, card: card().card, on },
    ]
}

/// A person whose commands are given one after the other, at times that go on.
struct Life {
    holder: Holder,
    now: DateTime<Utc>,
    policies: Policies,
}

impl Life {
    fn of(given: Given<Holder>) -> Self {
        let holder = given.at(NOON).see(|_, holder| holder.clone());
        Self { holder, now: instant(NOON), policies: Policies::seed() }
    }

    fn ctx(&self) -> Context<'_> {
        Context { now: self.now, policies: &self.policies }
    }

    fn later(&mut self, minutes: i64) {
        self.now += TimeDelta::minutes(minutes);
    }

    fn tell(&mut self, command: HolderCommand) -> Result<Vec<HolderEvent>, refusal::Refusal> {
        let events = self.holder.decide(&self.ctx(), command)?;
        for event in &events {
            self.holder = std::mem::take(&mut self.holder).evolve(self.now, event);
        }
        Ok(events)
    }

    /// The stage of an unlock, or why it is over.
    fn stage(&self, unlock: CommandId) -> Result<Stage, Refusal> {
        self.holder.self_service().unlock_of(&self.ctx(), unlock).map(|unlock| unlock.stage)
    }

    /// Starts an unlock and answers as often as there are marks, from the attempt that is due.
    fn series(&mut self, unlock: CommandId, marks: &[bool]) {
        self.tell(start(unlock)).unwrap();
        for right in marks {
            let Ok(Stage::Questions { attempt, .. }) = self.stage(unlock) else {
                panic!("no questions are asked");
            };
            let code = u128::from(attempt) + unlock.0.as_u128() * 100;
            self.tell(answered(unlock, attempt, *right, code)).unwrap();
        }
    }

    /// Answers right and enters the code.
    fn passed(&mut self, unlock: CommandId) {
        self.series(unlock, &[true]);
        let code =
            self.holder.self_service().codes(CodePurpose::Unlock, unlock).last().unwrap().code;
        self.tell(enter(unlock, Found::Newest(code))).unwrap();
    }
}
