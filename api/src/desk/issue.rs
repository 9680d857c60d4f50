//! A blank card becomes somebody's at the desk (P-03, B-61): of a person who is registered by it, or
//! of one whose card before it takes the place of. The card lies in a reader of the desk; its new
//! passcode is typed by the person whose it will be, on the card software's own page.

use domain::{
    desk::{CancelReason, IdentityCheck},
    ids::{CommandId, EventId, HolderId, OrganisationCode},
    refusal::Refusal,
    staff::Warrant,
};
use protocol::JobId;
use stores::{
    session::Session,
    token::TokenHash,
    vault::{Person, PersonChange},
};
use workflows::card_job::{AtDesk, Goal, Made, Task};

use crate::{
    app::App,
    execute::ExecuteError,
    staff::{Mandate, Member},
};

/// Which of a command's derived ids is the new person's number.
const PERSON: u32 = 7_000;

/// Somebody whom nobody knew.
pub struct Newcomer {
    /// Name and address.
    pub person: Person,
    /// B-59: where he will work.
    pub organisation: OrganisationCode,
    /// B-49: how who registers him has seen who he is.
    pub check: IdentityCheck,
}

/// P-03: a person whom nobody knew, who has shown who he is (B-49), and the job that makes a blank
/// card his. From then on he works for this organisation. The same command again is the same person
/// and the same job.
///
/// # Errors
/// If the check is none, or a store fails.
pub async fn register(
    app: &App,
    (member, warrant): (&Member, &Warrant),
    newcomer: Newcomer,
    command: CommandId,
    browser: TokenHash,
) -> Result<(HolderId, JobId), ExecuteError> {
    let Newcomer { person, organisation, check } = newcomer;
    let check = check.with_evidence().map_err(Refusal::from)?;
    let holder = HolderId(EventId::derive(command, PERSON).0);
    let (registered, newcomer) = (EventId::derive(command, 0), PersonChange::Registered(person));
    let vault = &app.stores().vault;
    let put = vault.prepare_person(registered, holder, &newcomer, app.now()).await;
    put.map_err(anyhow::Error::from)?;
    let desk = at_desk(member, warrant, Task::Register { organisation });
    let (made, desk) = (Made::default(), Some(desk));
    let goal = Goal::Personalise { holder, command, check, made, desk };
    Ok((holder, app.start_job(goal, browser).await?))
}

/// B-49, B-61: another card in place of the one before, or of none, for somebody who has shown who he
/// is: the job that makes a blank card his.
///
/// # Errors
/// If the check is none, or a store fails.
pub async fn replace(
    app: &App,
    (member, mandate): (&Member, &Mandate),
    (reason, check): (CancelReason, IdentityCheck),
    command: CommandId,
    browser: TokenHash,
) -> Result<JobId, ExecuteError> {
    let check = check.with_evidence().map_err(Refusal::from)?;
    let desk = at_desk(member, mandate.warrant(), Task::Replace { reason });
    let (holder, made) = (mandate.holder(), Made::default());
    let goal = Goal::Personalise { holder, command, check, made, desk: Some(desk) };
    Ok(app.start_job(goal, browser).await?)
}

fn at_desk(member: &Member, warrant: &Warrant, task: Task) -> AtDesk {
    let (staff, role, organisation) = (warrant.staff(), warrant.role(), warrant.organisation());
    let Session { token, endings, .. } = member.session();
    let (organisation, session) = (organisation.clone(), hex::encode(token.0));
    AtDesk { staff, role, organisation, session, endings: *endings, task }
}
