//! What is asked, and which part decides.

use chrono::{DateTime, TimeDelta, Utc};

use super::{DeskCommand, DeskEvent, Refusal, account, account::Way, assistance, cards, checks};
use crate::{
    context::Context,
    holder::{self, Holder, HolderEvent},
    refusal,
};

/// Until when something that is allowed now is allowed, exclusive.
pub(super) fn until(ctx: &Context<'_>) -> DateTime<Utc> {
    ctx.now + TimeDelta::minutes(ctx.policy().desk_minutes.into())
}

/// A command of the desk about a person who is registered.
pub(crate) fn decide(
    ctx: &Context<'_>,
    holder: &Holder,
    command: DeskCommand,
) -> Result<Vec<HolderEvent>, refusal::Refusal> {
    if !holder.is_registered() {
        return Err(holder::Refusal::NotRegistered.into());
    }
    if holder.desk().closed().is_some() && !outlives_the_account(&command) {
        return Err(Refusal::AccountClosed.into());
    }
    let (roles, on) = (holder.roles(), ctx.today());
    match command {
        DeskCommand::Assign { organisation } => Ok(roles.assign(organisation, on)?),
        DeskCommand::EndAssignment { organisation } => Ok(roles.end_assignment(organisation, on)),
        DeskCommand::GrantRole { role, organisation } => Ok(roles.grant(role, organisation, on)?),
        DeskCommand::WithdrawRole { role, organisation } => {
            Ok(roles.withdraw(role, organisation, on))
        }
        DeskCommand::RequestAccountUnlock { request, by, check } => {
            account::request_unlock(ctx, holder, (request, by), check, None)
        }
        DeskCommand::AuthoriseAccountUnlock { check } => {
            account::authorise_unlock(ctx, holder, check)
        }
        DeskCommand::ApproveAccountUnlock { request, by } => {
            account::approve_unlock(ctx, holder, request, by, Way::Authority)
        }
        DeskCommand::AskToBreakGlass { request, by, check, organisation } => {
            account::ask_to_break_glass(ctx, holder, (request, by), check, organisation)
        }
        DeskCommand::BreakGlass { request, by } => {
            account::approve_unlock(ctx, holder, request, by, Way::Glass)
        }
        DeskCommand::ReleaseSelfService { check } => assistance::release(ctx, holder, check),
        DeskCommand::AuthoriseCardUnlock { by, check } => {
            assistance::authorise_unlock(ctx, holder, by, check)
        }
        DeskCommand::Suspend { reason } => cards::suspend(ctx, holder, reason),
        DeskCommand::Reinstate {} => cards::reinstate(ctx, holder),
        DeskCommand::Revoke { reason } => cards::revoke(ctx, holder, reason),
        DeskCommand::ReportLost { loss, lost_at } => cards::report_lost(ctx, holder, loss, lost_at),
        DeskCommand::CancelCard { reason } => cards::cancel(ctx, holder, reason),
        DeskCommand::IssueReplacement(replacement) => cards::replace(ctx, holder, replacement),
        DeskCommand::ChangeContact { former } => Ok(account::change_contact(ctx, former)),
        DeskCommand::CloseAccount { reason } => Ok(account::close(ctx, holder, reason)),
        DeskCommand::Erase {} => account::erase(ctx, holder),
        DeskCommand::NotePasscodeCheck { kind, right, by } => {
            Ok(checks::note(ctx, holder, kind, right, by))
        }
        DeskCommand::ReportNotMe { mail } => Ok(cards::report_not_me(ctx, holder, mail)),
        DeskCommand::AlertStaff { alarm, about } => {
            Ok(vec![HolderEvent::Desk(DeskEvent::StaffAlerted { alarm, about, on })])
        }
        DeskCommand::NoteViewed { what } => {
            Ok(vec![HolderEvent::Desk(DeskEvent::RecordViewed { what, on })])
        }
    }
}

/// B-45: what can still be said of a closed account.
fn outlives_the_account(command: &DeskCommand) -> bool {
    matches!(
        command,
        DeskCommand::CloseAccount { .. }
            | DeskCommand::Erase {}
            | DeskCommand::NotePasscodeCheck { .. }
            | DeskCommand::ReportNotMe { .. }
            | DeskCommand::NoteViewed { .. }
    )
}
