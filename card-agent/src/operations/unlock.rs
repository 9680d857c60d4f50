//! A new smartcard passcode on a card that is locked, or whose passcode is forgotten (U-12). What
//! the holder has proved in the browser stands for his signature.
//!
//! ```text
//! card   who?       9E signs                                          CHANGE PUK          RESET RETRY COUNTER   read back
//!         │            │                                               ▲     │             ▲                     │
//! server  └─► Claim    └─► Present ─► OpenUnlock ─► Evaluate ─► NewTag ─► TakePuk ─► PukReplaced ─┘              └─► Written ─► Done
//! ```
//!
//! The server has the new passcode's tag durably pending before it releases the PUK, and the next
//! PUK sealed; the PUK on the card is replaced before it is used. So nothing that is lost on the way
//! leaves a card whose PUK nobody knows, or a passcode that nobody can settle.

use protocol::{Answer, Request, ReturnCode, WriteOutcome};

use super::{Halt, Server, job::Job, puk};
use crate::{
    entropy::Random,
    passcode::Passcode,
    piv::{Card, CardError, Changed, ReferenceData, Verified},
    transport::Transport,
};

/// The whole act.
pub(super) fn unlock<T: Transport, S: Server, R: Random>(
    job: &mut Job<'_, T, S, R>,
    new: &Passcode,
) -> Result<ReturnCode, Halt> {
    let identified = job.identify()?;
    let granted = job.claim(&identified)?;
    let rules = granted.rules.intersect(identified.profile.new_passcode);
    if !rules.is_some_and(|rules| new.satisfies(rules)) {
        return Err(Halt::NewPasscodeUnfit);
    }
    job.prove_presence(&granted)?;
    let terms = job.open_unlock()?;
    let tag = job.tag(new, &terms)?;
    let Answer::Write = job.ask(Request::NewTag { job: job.task.job, tag })? else {
        return Err(Halt::ServerFault);
    };
    // From here on the server waits to hear what became of it, whatever that is.
    let (outcome, cause) = match puk::replace(job, &identified.seen.serial) {
        Ok(puk) => (write(&mut job.card, &puk, new), None),
        Err(halt) => (WriteOutcome::Old, Some(halt)),
    };
    job.settled();
    let answer = job.server.ask(Request::Written { job: job.task.job, outcome });
    match (outcome, cause, answer) {
        (WriteOutcome::New, _, Ok(Answer::Done { code })) => Ok(code),
        // What the card holds is what the person has to know first, whatever the server says of it.
        (WriteOutcome::New, ..) => Err(Halt::WrittenServerLost),
        (WriteOutcome::Unknown, ..) => Err(Halt::WriteUnknown),
        (WriteOutcome::Old, Some(halt), _) => Err(halt),
        (WriteOutcome::Old, None, _) => Err(Halt::NotWritten),
    }
}

/// RESET RETRY COUNTER, read back by VERIFY. Never an error: not to know is an outcome.
fn write<T: Transport>(card: &mut Card<T>, puk: &ReferenceData, new: &Passcode) -> WriteOutcome {
    match reset(card, puk, new) {
        Ok(outcome) => outcome,
        Err(error) => {
            tracing::warn!(%error, "it is not known whether the new passcode was written");
            WriteOutcome::Unknown
        }
    }
}

fn reset<T: Transport>(
    card: &mut Card<T>,
    puk: &ReferenceData,
    new: &Passcode,
) -> Result<WriteOutcome, CardError> {
    match card.reset_passcode(puk, new.padded())? {
        Changed::Done => {}
        Changed::Wrong { .. } | Changed::Refused(_) => return Ok(WriteOutcome::Old),
    }
    // The counter is full again, so that this try can be afforded on any card.
    Ok(match card.verify(new.padded())? {
        Verified::Right => WriteOutcome::New,
        Verified::Wrong { .. } | Verified::Blocked => WriteOutcome::Unknown,
    })
}
