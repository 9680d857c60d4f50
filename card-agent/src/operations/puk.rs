//! The card's PUK is replaced: in an unlock before it is used, and at any other visit of a card
//! whose last replacement was torn.
//!
//! The agent gets a PUK only encrypted to a key that it made for this job, and keeps it as long as
//! the act takes. The card counts wrong PUKs and has no way back from its last one: where it tells its
//! counter, a visit tries nothing more with fewer than two left, and the server knows what was wrong
//! before anything else is tried, so that no later visit tries it again.

use protocol::{Answer, Bytes, Granted, PukFound, PukKey, PukPart, PukPlan, PukRelease, Request};
use zeroize::Zeroizing;

use super::{Halt, Server, job::Job};
use crate::{
    entropy::Random,
    piv::{CardError, Changed, Reference, ReferenceData, Status},
    transport::Transport,
};

/// Plans that one job carries out: find, then replace.
const PLANS_MAX: usize = 2;

/// Fewest tries that have to be left, where the card tells, for another PUK to be tried.
const PUK_TRIES_MIN: u8 = 2;

/// Replaces the PUK on the card: the one that is on it now.
///
/// # Errors
/// [`Halt::PukNotTaken`] if the card has none of the PUKs that the server knows of.
pub(super) fn replace<T: Transport, S: Server, R: Random>(
    job: &mut Job<'_, T, S, R>,
    card: &str,
) -> Result<ReferenceData, Halt> {
    let mut random = Zeroizing::new([0; 32]);
    job.random.fill_bytes(&mut *random);
    let key = PukKey::from_random(&random);
    let number = job.task.job;
    let open = |part, sealed: &Bytes| {
        let puk = key.open(PukRelease { job: number, card, part }, sealed);
        puk.ok().and_then(|puk| ReferenceData::new(&puk)).ok_or(Halt::ServerFault)
    };
    for _ in 0..PLANS_MAX {
        let request = Request::TakePuk { job: number, key: key.public().clone() };
        let Answer::Puk(plan) = job.ask(request)? else { return Err(Halt::ServerFault) };
        match plan {
            PukPlan::Find { step, first, second } => {
                let first = open(PukPart::First, &first)?;
                let second = open(PukPart::Second, &second)?;
                let which = find(job, step, &first, &second)?;
                job.noted(Request::PukFound { job: number, step, which })?;
                if which == PukFound::Neither {
                    return Err(Halt::PukNotTaken);
                }
            }
            PukPlan::Replace { step, from, to } => {
                let from = open(PukPart::From, &from)?;
                let to = open(PukPart::To, &to)?;
                let changed = job.card.change(Reference::Puk, &from, &to)?;
                let replaced = match changed {
                    Changed::Done => true,
                    Changed::Wrong { .. } => false,
                    // It may have either: the next job finds it out.
                    Changed::Refused(status) => return Err(fault(status)),
                };
                job.noted(Request::PukReplaced { job: number, step, replaced })?;
                return if replaced { Ok(to) } else { Err(Halt::PukNotTaken) };
            }
        }
    }
    Err(Halt::ServerFault)
}

/// Replaces the PUK if the server asks for it. The act goes on unless card or server are lost: it
/// is not what the holder came for, and the next job will try again.
pub(super) fn heal<T: Transport, S: Server, R: Random>(
    job: &mut Job<'_, T, S, R>,
    granted: &Granted,
    card: &str,
) -> Result<(), Halt> {
    if !granted.heal_puk {
        return Ok(());
    }
    match replace(job, card) {
        Ok(_) => Ok(()),
        Err(halt) if halt.is_loss() => Err(halt),
        Err(halt) => {
            tracing::warn!(?halt, "the card's PUK could not be replaced");
            Ok(())
        }
    }
}

/// Which of the two is on the card? Changed to itself, the right one stays what it is, and fills
/// the counter up.
fn find<T: Transport, S: Server, R: Random>(
    job: &mut Job<'_, T, S, R>,
    step: u32,
    first: &ReferenceData,
    second: &ReferenceData,
) -> Result<PukFound, Halt> {
    let tries_left = match job.card.change(Reference::Puk, first, first)? {
        Changed::Done => return Ok(PukFound::First),
        Changed::Wrong { tries_left } => tries_left,
        Changed::Refused(status) => return Err(fault(status)),
    };
    let which = PukFound::NotFirst;
    job.noted(Request::PukFound { job: job.task.job, step, which })?;
    // The next job begins with the other.
    if tries_left.is_some_and(|left| left < PUK_TRIES_MIN) {
        return Err(fault(Status::Wrong { tries_left }));
    }
    match job.card.change(Reference::Puk, second, second)? {
        Changed::Done => Ok(PukFound::Second),
        Changed::Wrong { .. } => Ok(PukFound::Neither),
        Changed::Refused(status) => Err(fault(status)),
    }
}

fn fault(status: Status) -> Halt {
    Halt::CardFault(CardError::Refused { ins: 0x24, status })
}
