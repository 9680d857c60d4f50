//! What the desk may do about a holder, a sentence each; boundaries in pairs.

mod account;
mod assistance;
mod cards;
mod checks;
mod machine;
mod obstacle;
mod words;

use super::*;
use crate::{
    certificate::{Renewer, RevocationReason},
    holder::{Holder, HolderCommand, HolderEvent, Origin},
    ids::{CertificateSerial, CommandId, HolderId},
    passcode::{Changes, Kind, Optional, OptionalKind},
    samples::*,
    testing::{Given, When, day, given, instant},
};

fn checked(evidence: IdentityEvidence) -> IdentityCheck {
    IdentityCheck { evidence, ..passport() }
}

fn ask(command: DeskCommand) -> HolderCommand {
    HolderCommand::Desk(command)
}

fn serials() -> Vec<CertificateSerial> {
    vec!["0a01".parse().unwrap(), "0a02".parse().unwrap()]
}

/// The certificates of the card are revoked by the authority.
fn revoked(on: &str, reason: RevocationReason) -> HolderEvent {
    let (card, on, by) = (card().card, day(on), Renewer::Authority);
    HolderEvent::CertificatesRevoked { card, on, reason, serials: serials(), by }
}

fn cancelled(on: &str, reason: CancelReason) -> HolderEvent {
    let (card, on, registered) = (card().card, day(on), None);
    HolderEvent::Desk(DeskEvent::CardCancelled { card, on, reason, registered })
}

/// A holder whose account is closed since that day.
fn closed(on: &str) -> Given<Holder> {
    let reason = CloseReason::Left;
    let closed = DeskEvent::AccountClosed { on: day(on), reason, registered: None };
    let at = instant(&format!("{on}T12:00:00Z"));
    registered("2025-03-10")
        .and(at, [cancelled(on, CancelReason::AccountClosed), HolderEvent::Desk(closed)])
}
