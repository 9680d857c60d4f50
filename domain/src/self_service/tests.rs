//! Registration and codes, a sentence each; boundaries in pairs.

mod answers;
mod codes;
mod registrations;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::*;
use crate::{
    decider::Decider as _,
    holder::{self, Holder, HolderCommand, HolderEvent},
    ids::CommandId,
    samples::*,
    testing::{Given, When, day, instant},
};

/// Somebody registered with a smartcard passcode of that year's day.
fn holder() -> Given<Holder> {
    registered("2026-03-10")
}

fn begin(registration: CommandId, code: u128) -> HolderCommand {
    begin_with(registration, answers(100).to_vec(), code)
}

fn begin_with(registration: CommandId, answers: Vec<Answer>, code: u128) -> HolderCommand {
    HolderCommand::BeginRegistration {
        registration,
        proof: proof(),
        logged_on_at: DateTime::<Utc>::MAX_UTC,
        asked_at: DateTime::<Utc>::MAX_UTC,
        answers: Some(answers),
        email: secret(EMAIL),
        code: new_code(code),
    }
}

fn enter(flow: CommandId, found: Found) -> HolderCommand {
    HolderCommand::EnterCode { purpose: CodePurpose::Registration, flow, found }
}

fn newest(code: u128) -> Found {
    Found::Newest(Uuid::from_u128(code))
}

fn send(flow: CommandId, code: u128) -> HolderCommand {
    HolderCommand::SendCode { purpose: CodePurpose::Registration, flow, code: new_code(code) }
}

fn completed(registration: CommandId, code: u128, on: &str) -> [HolderEvent; 2] {
    let (purpose, code) = (CodePurpose::Registration, Uuid::from_u128(code));
    [
        HolderEvent::CodeAccepted { purpose, flow: registration, code },
        HolderEvent::RegistrationCompleted { registration, on: day(on), former: None },
    ]
}

fn sent(flow: CommandId, code: u128, number: u8, expires_at: &str) -> HolderEvent {
    code_sent(CodePurpose::Registration, flow, code, number, instant(expires_at))
}
