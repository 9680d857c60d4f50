//! Somebody at the start page of the unlock shows that his card is here (U-04): nothing is typed,
//! nothing is spent, and a locked card does it as well.
//!
//! ```text
//! card   who?       9E signs
//!         │            │
//! server  └─► Claim    └─► Present ─► Done
//! ```

use protocol::{Answer, Request, ReturnCode};

use super::{Halt, Server, job::Job};
use crate::{entropy::Random, transport::Transport};

/// The whole act.
pub(super) fn begin_unlock<T: Transport, S: Server, R: Random>(
    job: &mut Job<'_, T, S, R>,
) -> Result<ReturnCode, Halt> {
    let identified = job.identify()?;
    let granted = job.claim(&identified)?;
    let signature = job.sign_presence(&granted)?;
    let Answer::Done { code } = job.ask(Request::Present { job: job.task.job, signature })? else {
        return Err(Halt::ServerFault);
    };
    Ok(code)
}
