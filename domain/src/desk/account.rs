//! A locked account, and a closed one (P-19, B-30, B-45).

use super::{CancelReason, CloseReason, DeskEvent, IdentityCheck, Refusal, cards};
use crate::{
    card::IssuedCard,
    context::Context,
    holder::{Holder, HolderEvent},
    ids::{CommandId, HolderId, OrganisationCode, SecretRef},
    passcode::Status,
    refusal,
    staff::{self, Grant, Role},
};

type Decision = Result<Vec<HolderEvent>, refusal::Refusal>;

/// Who lets somebody unlock his account when it takes two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// B-30: the registration authority.
    Authority,
    /// B-59: operators, because nobody of it can act.
    Glass,
}

/// B-30, B-63: he is vouched for, or operators ask; somebody else has to agree.
pub(super) fn request_unlock(
    ctx: &Context<'_>,
    holder: &Holder,
    (request, by): (CommandId, HolderId),
    check: IdentityCheck,
    glass: Option<OrganisationCode>,
) -> Decision {
    let waits = holder.desk().request(ctx.now).is_some_and(|open| open.request == request);
    if waits {
        return Ok(vec![]);
    }
    let card = may_unlock(ctx, holder)?.card.clone();
    let (check, until) = (check.parsed()?, super::until(ctx));
    let requested = DeskEvent::AccountUnlockRequested { request, card, by, check, until, glass };
    Ok(vec![HolderEvent::Desk(requested)])
}

/// B-59: of nobody but a manager of the organisation for which nobody else can act.
pub(super) fn ask_to_break_glass(
    ctx: &Context<'_>,
    holder: &Holder,
    asked: (CommandId, HolderId),
    check: IdentityCheck,
    organisation: OrganisationCode,
) -> Decision {
    let grant = Grant { role: Role::RaManager, organisation };
    if !holder.roles().grants().contains(&grant) {
        return Err(Refusal::NotManager.into());
    }
    request_unlock(ctx, holder, asked, check.with_evidence()?, Some(grant.organisation))
}

/// P-19, B-30: he has proved who he is.
pub(super) fn authorise_unlock(
    ctx: &Context<'_>,
    holder: &Holder,
    check: IdentityCheck,
) -> Decision {
    let card = may_unlock(ctx, holder)?.card.clone();
    let (check, until) = (check.with_evidence()?, super::until(ctx));
    let authorised = DeskEvent::AccountUnlockAuthorised { card, until, check, glass: None };
    Ok(vec![HolderEvent::Desk(authorised)])
}

/// B-30, B-63: the second person agrees, of those who may ask for it in this way; the first cannot.
pub(super) fn approve_unlock(
    ctx: &Context<'_>,
    holder: &Holder,
    request: CommandId,
    by: HolderId,
    way: Way,
) -> Decision {
    let card = may_unlock(ctx, holder)?;
    let open = holder.desk().request(ctx.now);
    let open = open.filter(|open| open.request == request && open.card == card.card);
    let open = open.filter(|open| open.glass.is_some() == (way == Way::Glass));
    let open = open.ok_or(Refusal::NoRequest)?;
    if open.by == by {
        return Err(staff::Refusal::SamePerson.into());
    }
    let check = IdentityCheck { second: Some(by), ..open.check.clone() };
    let (card, until) = (card.card.clone(), super::until(ctx));
    let glass = open.glass.clone();
    let authorised = DeskEvent::AccountUnlockAuthorised { card, until, check, glass };
    Ok(vec![HolderEvent::Desk(authorised)])
}

/// P-19: there is a card to log on with, and a lock to end.
fn may_unlock<'a>(ctx: &Context<'_>, holder: &'a Holder) -> Result<&'a IssuedCard, Refusal> {
    let card = cards::usable(holder)?;
    if Status::worst_locked(&holder.passcodes().status(ctx)).is_none() {
        return Err(Refusal::AccountNotLocked);
    }
    Ok(card)
}

/// B-42: the vault has other contact details.
pub(super) fn change_contact(ctx: &Context<'_>, former: Option<SecretRef>) -> Vec<HolderEvent> {
    vec![HolderEvent::Desk(DeskEvent::ContactChanged { on: ctx.today(), former })]
}

/// B-45: certificates, card, roles, assignments, registration, sessions: nothing outlives the account.
pub(super) fn close(ctx: &Context<'_>, holder: &Holder, reason: CloseReason) -> Vec<HolderEvent> {
    if holder.desk().closed().is_some() {
        return vec![];
    }
    let on = ctx.today();
    let mut events = cards::out_of_use(ctx, holder, CancelReason::AccountClosed);
    events.extend(holder.roles().end_all(on));
    let registered = holder.self_service().registered_address();
    events.push(HolderEvent::Desk(DeskEvent::AccountClosed { on, reason, registered }));
    events
}

/// Only what nobody needs any more is erased.
pub(super) fn erase(ctx: &Context<'_>, holder: &Holder) -> Decision {
    if holder.desk().closed().is_none() {
        return Err(Refusal::NotClosed.into());
    }
    if holder.desk().erased_on().is_some() {
        return Ok(vec![]);
    }
    Ok(vec![HolderEvent::Desk(DeskEvent::PersonErased { on: ctx.today() })])
}
