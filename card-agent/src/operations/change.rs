//! A new smartcard passcode (P-21, P-22, P-25, P-26).
//!
//! ```text
//! card   who? tries?   9E signs   VERIFY   9A signs                                             CHANGE   read back
//!            │            │                   │                                                    ▲        │
//! server     └─► Claim    └─► Present         └─► Agree ─► Evaluate ─► CurrentTag ─► Evaluate ─► NewTag     └─► Written ─► Done
//! ```
//!
//! The server has the new passcode's tag durably pending before CHANGE REFERENCE DATA is sent, so
//! a write that nobody could read back is settled by the next passcode that the card accepts.

use protocol::{Answer, Request, ReturnCode, WriteOutcome};

use super::{
    Halt, Server,
    identify::tries_left,
    job::Job,
    prove::{Proven, up_to_agreement},
};
use crate::{
    entropy::Random,
    passcode::Passcode,
    piv::{Card, CardError, Changed, Reference, Verified},
    transport::Transport,
};

/// Fewest tries that have to be left before a passcode that may be the wrong one is tried to read
/// a write back. The right one, tried next, fills the counter up again.
const PROBE_TRIES_MIN: u8 = 2;

/// The whole act.
pub(super) fn change<T: Transport, S: Server, R: Random>(
    job: &mut Job<'_, T, S, R>,
    current: &Passcode,
    new: &Passcode,
    last_try: bool,
) -> Result<ReturnCode, Halt> {
    let Proven { rules, terms } = up_to_agreement(job, current, last_try)?;
    if !rules.is_some_and(|rules| new.satisfies(rules)) {
        return Err(Halt::NewPasscodeUnfit);
    }
    let tag = job.tag(current, &terms)?;
    job.noted(Request::CurrentTag { job: job.task.job, tag })?;
    let tag = job.tag(new, &terms)?;
    let Answer::Write = job.ask(Request::NewTag { job: job.task.job, tag })? else {
        return Err(Halt::ServerFault);
    };
    // From here on the card may have changed; whatever happens, the server hears of it.
    let outcome = write(&mut job.card, current, new);
    let answer = job.server.ask(Request::Written { job: job.task.job, outcome });
    if let Ok(Answer::Done { code }) = answer {
        return Ok(code);
    }
    match (outcome, answer) {
        // What the card holds is what the person has to know first, whatever the server says of it.
        (WriteOutcome::New, _) => Err(Halt::WrittenServerLost),
        (WriteOutcome::Unknown, _) => Err(Halt::WriteUnknown),
        (WriteOutcome::Old, Ok(Answer::Refused { rule, message, again })) => {
            Err(Halt::Refused { rule, message, again })
        }
        (WriteOutcome::Old, _) => Err(Halt::NotWritten),
    }
}

/// CHANGE REFERENCE DATA, read back by VERIFY. Never an error: not to know is an outcome.
fn write<T: Transport>(card: &mut Card<T>, current: &Passcode, new: &Passcode) -> WriteOutcome {
    let old = (current, WriteOutcome::Old);
    let new = (new, WriteOutcome::New);
    let settled = match card.change(Reference::Passcode, old.0.padded(), new.0.padded()) {
        Ok(Changed::Done) => read_back(card, new, old),
        Ok(Changed::Wrong { .. } | Changed::Refused(_)) => read_back(card, old, new),
        Err(error) => Err(error),
    };
    settled.unwrap_or_else(|error| {
        tracing::warn!(%error, "it is not known whether the new passcode was written");
        WriteOutcome::Unknown
    })
}

/// Which of the two does the card accept? The likely one first. Nothing is tried unless the
/// counter says that a wrong guess can be afforded.
fn read_back<T: Transport>(
    card: &mut Card<T>,
    likely: (&Passcode, WriteOutcome),
    other: (&Passcode, WriteOutcome),
) -> Result<WriteOutcome, CardError> {
    for (passcode, outcome) in [likely, other] {
        // A verified card hides its counter, and some stay verified after a failed CHANGE.
        card.log_out()?;
        let affordable = match tries_left(card)? {
            Some(left) => PROBE_TRIES_MIN <= left,
            None => outcome == likely.1,
        };
        if !affordable {
            break;
        }
        if card.verify(passcode.padded())? == Verified::Right {
            return Ok(outcome);
        }
    }
    Ok(WriteOutcome::Unknown)
}
