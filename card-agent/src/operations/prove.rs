//! The holder proves himself with card and current passcode: to log in (P-05), to agree to changes
//! that leave the smartcard passcode as it is (P-25), or to register for self-service (R-04).
//!
//! ```text
//! card   who? tries?   9E signs   VERIFY   9A signs
//!            │            │                   │
//! server     └─► Claim    └─► Present         └─► Agree ─► Evaluate ─► CurrentTag ─► Done
//! ```

use protocol::{Answer, Request, ReturnCode};

use super::{Halt, Server, job::Job, oblivious::Terms, puk};
use crate::{entropy::Random, passcode::Passcode, transport::Transport};

/// The whole act.
pub(super) fn prove<T: Transport, S: Server, R: Random>(
    job: &mut Job<'_, T, S, R>,
    current: &Passcode,
    last_try: bool,
) -> Result<ReturnCode, Halt> {
    let proven = up_to_agreement(job, current, last_try)?;
    let tag = job.tag(current, &proven.terms)?;
    let Answer::Done { code } = job.ask(Request::CurrentTag { job: job.task.job, tag })? else {
        return Err(Halt::ServerFault);
    };
    Ok(code)
}

/// What is known once the holder has agreed.
pub(super) struct Proven {
    /// The rules for a new passcode, policy's and the card's.
    pub(super) rules: Option<protocol::PasscodeRules>,
    /// What the POPRF needs.
    pub(super) terms: Terms,
}

/// Both proofs: the card is here (9E), its holder agrees (9A after VERIFY). Then a PUK that was
/// released and never replaced is.
pub(super) fn up_to_agreement<T: Transport, S: Server, R: Random>(
    job: &mut Job<'_, T, S, R>,
    current: &Passcode,
    last_try: bool,
) -> Result<Proven, Halt> {
    let identified = job.identify()?;
    Job::<T, S, R>::may_try(&identified, last_try)?;
    let granted = job.claim(&identified)?;
    job.prove_presence(&granted)?;
    job.verify(current)?;
    let terms = job.agree(&granted)?;
    puk::heal(job, &granted, &identified.seen.serial)?;
    let rules = granted.rules.intersect(identified.profile.new_passcode);
    Ok(Proven { rules, terms })
}
