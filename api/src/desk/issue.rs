//! A blank card becomes somebody's at the desk (P-03, B-61): of a person who is registered by it, or
//! of one whose card before it takes the place of. The card lies in a reader of the desk; its new
//! passcode is typed by the person whose it will be, on the card software's own page.

use domain::{
    desk::CancelReason,
    ids::{CommandId, EventId, HolderId, OrganisationCode},
    staff::Warrant,
};
use protocol::JobId;
use stores::{token::TokenHash, vault::Person};
use workflows::card_job::{AtDesk, Goal, Made, Task};

use crate::{app::App, staff::Mandate};

/// Which of a command's derived ids is the new person's number.
const PERSON: u32 = 7_000;

/// P-03: a person whom nobody knew, and the job that makes a blank card his. Once it is his, he
/// works for this organisation. The same command again is the same person and the same job.
///
/// # Errors
/// If a store fails.
pub async fn register(
    app: &App,
    warrant: &Warrant,
    person: &Person,
    organisation: OrganisationCode,
    command: CommandId,
    browser: TokenHash,
) -> anyhow::Result<(HolderId, JobId)> {
    let holder = HolderId(EventId::derive(command, PERSON).0);
    app.stores().vault.put_person(holder, person, app.now()).await?;
    let desk = at_desk(warrant, Task::Register { organisation });
    let goal = Goal::Personalise { holder, command, made: Made::default(), desk: Some(desk) };
    Ok((holder, app.start_job(goal, browser).await?))
}

/// B-61: another card in place of the one before, or of none: the job that makes a blank card his.
///
/// # Errors
/// If a store fails.
pub async fn replace(
    app: &App,
    mandate: &Mandate,
    reason: CancelReason,
    command: CommandId,
    browser: TokenHash,
) -> anyhow::Result<JobId> {
    let desk = at_desk(mandate.warrant(), Task::Replace { reason });
    let (holder, made) = (mandate.holder(), Made::default());
    app.start_job(Goal::Personalise { holder, command, made, desk: Some(desk) }, browser).await
}

fn at_desk(warrant: &Warrant, task: Task) -> AtDesk {
    let (staff, role) = (warrant.staff(), warrant.role());
    AtDesk { staff, role, organisation: warrant.organisation().clone(), task }
}
