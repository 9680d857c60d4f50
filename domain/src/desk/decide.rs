//! What is asked, and which part decides.

use super::DeskCommand;
use crate::{
    context::Context,
    holder::{self, Holder, HolderEvent},
    refusal,
};

/// A command of the desk about a person who is registered.
pub(crate) fn decide(
    ctx: &Context<'_>,
    holder: &Holder,
    command: DeskCommand,
) -> Result<Vec<HolderEvent>, refusal::Refusal> {
    if !holder.is_registered() {
        return Err(holder::Refusal::NotRegistered.into());
    }
    let (roles, on) = (holder.roles(), ctx.today());
    match command {
        DeskCommand::Assign { organisation } => Ok(roles.assign(organisation, on)?),
        DeskCommand::EndAssignment { organisation } => Ok(roles.end_assignment(organisation, on)),
        DeskCommand::GrantRole { role, organisation } => Ok(roles.grant(role, organisation, on)?),
        DeskCommand::WithdrawRole { role, organisation } => {
            Ok(roles.withdraw(role, organisation, on))
        }
    }
}
