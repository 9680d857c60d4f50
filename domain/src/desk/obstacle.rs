//! Whether an act of staff about a holder would be refused now, before it is asked for: so that the
//! record offers what can be done and says of the rest why not, and *explain* says the same.
//!
//! The rules of the act itself are asked, with a form that is filled in by nobody. What depends on
//! what is filled in is decided when it is.

use uuid::Uuid;

use super::{
    CancelReason, CloseReason, DeskCommand, Helper, IdentityCheck, Loss, Refusal, SuspensionReason,
    may_check,
};
use crate::{
    certificate::{IdentityEvidence, RevocationReason, Visit},
    context::Context,
    decider::Decider as _,
    holder::{self, Holder, HolderCommand},
    ids::{CommandId, HolderId},
    passcode::OptionalKind,
    refusal,
    staff::{Role, StaffAct},
};

/// Who asks, as far as the answer depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asker {
    /// Who; nobody in particular if only the holder's state is asked about.
    pub staff: Option<HolderId>,
    /// By which role.
    pub role: Role,
}

/// The acts of staff about a holder that a rule about the holder's state may refuse.
pub const DECIDED: [StaffAct; 18] = [
    StaffAct::ReplaceCard,
    StaffAct::CancelCard,
    StaffAct::ReportLost,
    StaffAct::Suspend,
    StaffAct::Reinstate,
    StaffAct::Revoke,
    StaffAct::AuthoriseAccountUnlock,
    StaffAct::ApproveAccountUnlock,
    StaffAct::AuthoriseRenewal,
    StaffAct::ReleaseBlock,
    StaffAct::AssistCardUnlock,
    StaffAct::CheckRecoveryPasscode,
    StaffAct::ChangeContact,
    StaffAct::CloseAccount,
    StaffAct::ErasePerson,
    StaffAct::WithdrawRole,
    StaffAct::Assign,
    StaffAct::EndAssignment,
];

/// The rule that would refuse this act about this holder now; `None` if none would, or the act is about
/// nobody.
#[must_use]
pub fn obstacle(
    ctx: &Context<'_>,
    holder: &Holder,
    act: StaffAct,
    by: Asker,
) -> Option<refusal::Refusal> {
    match act {
        StaffAct::CheckRecoveryPasscode => registered(holder).or_else(|| {
            may_check(ctx, holder, OptionalKind::AccountRecovery).err().map(Into::into)
        }),
        StaffAct::ReplaceCard
        | StaffAct::ChangeContact
        | StaffAct::GrantRole
        | StaffAct::Assign => open(holder),
        StaffAct::WithdrawRole => {
            let none = holder.roles().grants().is_empty();
            open(holder).or_else(|| none.then(|| Refusal::NoRole.into()))
        }
        StaffAct::EndAssignment => {
            let none = holder.roles().assignments().is_empty();
            open(holder).or_else(|| none.then(|| Refusal::NoAssignment.into()))
        }
        StaffAct::CancelCard => asked(ctx, holder, cancel(), None),
        StaffAct::ReportLost => asked(ctx, holder, report_lost(ctx), None),
        StaffAct::Suspend => asked(ctx, holder, suspend(), Some(Refusal::Suspended)),
        StaffAct::Reinstate => asked(ctx, holder, DeskCommand::Reinstate {}, None),
        StaffAct::Revoke => asked(ctx, holder, revoke(), Some(Refusal::Revoked)),
        StaffAct::AuthoriseAccountUnlock => asked(ctx, holder, authorise(), None),
        StaffAct::ApproveAccountUnlock => asked(ctx, holder, approve(ctx, holder, by), None),
        StaffAct::AuthoriseRenewal => given(ctx, holder, renewal(), None),
        StaffAct::ReleaseBlock => asked(ctx, holder, release(), None),
        StaffAct::AssistCardUnlock => asked(ctx, holder, assist(by.role), None),
        StaffAct::CloseAccount => asked(ctx, holder, close(), Some(Refusal::AccountClosed)),
        StaffAct::ErasePerson => asked(ctx, holder, DeskCommand::Erase {}, Some(Refusal::Erased)),
        StaffAct::FindHolder
        | StaffAct::SeeHolder
        | StaffAct::RegisterPerson
        | StaffAct::IssueCard
        | StaffAct::AddOrganisation
        | StaffAct::SeeOrganisations
        | StaffAct::SeeStaff
        | StaffAct::SeeWorkList
        | StaffAct::SeeUnlockCounts
        | StaffAct::SeeHistory
        | StaffAct::ExportLog
        | StaffAct::SeePolicy
        | StaffAct::SimulatePolicy
        | StaffAct::PublishPolicy
        | StaffAct::SeeOperation
        | StaffAct::Operate
        | StaffAct::BreakGlass => None,
    }
}

/// What the rules say; `if_nothing` if they would let it be done and nothing came of it.
fn asked(
    ctx: &Context<'_>,
    holder: &Holder,
    command: DeskCommand,
    if_nothing: Option<Refusal>,
) -> Option<refusal::Refusal> {
    given(ctx, holder, HolderCommand::Desk(command), if_nothing)
}

fn given(
    ctx: &Context<'_>,
    holder: &Holder,
    command: HolderCommand,
    if_nothing: Option<Refusal>,
) -> Option<refusal::Refusal> {
    match holder.decide(ctx, command) {
        Ok(events) if events.is_empty() => if_nothing.map(Into::into),
        Ok(_) => None,
        Err(refusal) => Some(refusal),
    }
}

/// What is refused about whoever has never had a card.
fn registered(holder: &Holder) -> Option<refusal::Refusal> {
    (!holder.is_registered()).then(|| holder::Refusal::NotRegistered.into())
}

/// B-45: the same, and about a closed account.
fn open(holder: &Holder) -> Option<refusal::Refusal> {
    let closed = holder.desk().closed().is_some();
    registered(holder).or_else(|| closed.then(|| Refusal::AccountClosed.into()))
}

/// A check of an identity, well filled in.
fn check() -> IdentityCheck {
    IdentityCheck::by(IdentityEvidence::Passport, PLACE)
}

const PLACE: &str = "the desk";

fn cancel() -> DeskCommand {
    DeskCommand::CancelCard { reason: CancelReason::NoLongerNeeded }
}

fn report_lost(ctx: &Context<'_>) -> DeskCommand {
    DeskCommand::ReportLost { loss: Loss::Lost, lost_at: ctx.now }
}

fn suspend() -> DeskCommand {
    DeskCommand::Suspend { reason: SuspensionReason::Mislaid }
}

fn revoke() -> DeskCommand {
    DeskCommand::Revoke { reason: RevocationReason::NoLongerNeeded }
}

fn authorise() -> DeskCommand {
    DeskCommand::AuthoriseAccountUnlock { check: check() }
}

/// The request that waits, if one does; nobody's hand agrees to it where nobody in particular asks.
fn approve(ctx: &Context<'_>, holder: &Holder, by: Asker) -> DeskCommand {
    let request = holder.desk().request(ctx.now).map(|open| open.request);
    DeskCommand::ApproveAccountUnlock {
        request: request.unwrap_or(CommandId(Uuid::nil())),
        by: by.staff.unwrap_or(HolderId(Uuid::nil())),
    }
}

fn renewal() -> HolderCommand {
    let visit = Visit { evidence: IdentityEvidence::Passport, place: PLACE.to_owned() };
    HolderCommand::AuthoriseRenewal(visit)
}

fn release() -> DeskCommand {
    DeskCommand::ReleaseSelfService { check: check() }
}

fn assist(role: Role) -> DeskCommand {
    let (by, check) = match role {
        Role::Sponsor => (Helper::Sponsor, None),
        Role::RaManager | Role::RaAgent | Role::Auditor | Role::Operator | Role::PolicyOwner => {
            (Helper::Authority, Some(check()))
        }
    };
    DeskCommand::AuthoriseCardUnlock { by, check }
}

fn close() -> DeskCommand {
    DeskCommand::CloseAccount { reason: CloseReason::Left }
}
