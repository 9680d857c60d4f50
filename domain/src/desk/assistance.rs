//! Help with what the holder could do himself if he had not forgotten it (B-34, B-58).

use super::{DeskEvent, Helper, IdentityCheck, Refusal, cards};
use crate::{
    certificate::Phase,
    context::Context,
    holder::{Holder, HolderEvent},
    passcode::Status,
    refusal, unlock,
};

type Decision = Result<Vec<HolderEvent>, refusal::Refusal>;

/// B-34, B-41: what is blocked is open again.
pub(super) fn release(ctx: &Context<'_>, holder: &Holder, check: IdentityCheck) -> Decision {
    let check = check.with_evidence()?;
    let self_service = holder.self_service();
    if !self_service.is_blocked() && self_service.recovery_blocked_on().is_none() {
        return Err(Refusal::NothingBlocked.into());
    }
    let on = ctx.today();
    // B-34: only where the questions were blocked the registration ends.
    let registered = self_service.is_blocked().then(|| self_service.registered_address()).flatten();
    Ok(vec![HolderEvent::Desk(DeskEvent::SelfServiceReleased { on, check, registered })])
}

/// B-58: for this card, for a while. A sponsor's word is not enough: there has to be something that
/// the holder can add to it.
pub(super) fn authorise_unlock(
    ctx: &Context<'_>,
    holder: &Holder,
    by: Helper,
    check: Option<IdentityCheck>,
) -> Decision {
    let card = cards::usable(holder)?.card.clone();
    if holder.certificates(ctx).is_some_and(|standing| standing.phase == Phase::Expired) {
        return Err(Refusal::Expired.into());
    }
    if Status::worst_locked(&holder.passcodes().status(ctx)).is_some() {
        return Err(Refusal::AccountLocked.into());
    }
    if holder.puk().is_unknown() {
        return Err(Refusal::NoPuk.into());
    }
    let check = match by {
        Helper::Authority => Some(check.ok_or(Refusal::EvidenceNotEnough)?.with_evidence()?),
        Helper::Sponsor if !ctx.policy().sponsor_unlock => return Err(Refusal::NotOffered.into()),
        Helper::Sponsor if !unlock::has_second_proof(ctx, holder) => {
            return Err(Refusal::NoSecondProof.into());
        }
        Helper::Sponsor => None,
    };
    let until = super::until(ctx);
    Ok(vec![HolderEvent::Desk(DeskEvent::CardUnlockAuthorised { card, until, by, check })])
}
