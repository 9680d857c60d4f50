//! Help with what the holder could do himself if he had not forgotten it (B-34, B-58).

use super::{DeskEvent, Helper, IdentityCheck, Refusal, cards};
use crate::{
    certificate::Phase,
    context::Context,
    holder::{Holder, HolderEvent},
    passcode::{OptionalKind, Status},
    refusal, unlock,
};

type Decision = Result<Vec<HolderEvent>, refusal::Refusal>;

/// P-11, B-34, B-41: what is blocked is open again. A passcode is compared again with the value that is
/// set: who works at the desk chooses none, and the holder is asked for another one.
pub(super) fn release(ctx: &Context<'_>, holder: &Holder, check: IdentityCheck) -> Decision {
    let check = check.with_evidence()?;
    if !is_blocked(holder) {
        return Err(Refusal::NothingBlocked.into());
    }
    let (self_service, on) = (holder.self_service(), ctx.today());
    // B-34: only where the questions were blocked the registration ends.
    let registered = self_service.is_blocked().then(|| self_service.registered_address()).flatten();
    let released = is_self_service_blocked(holder).then(|| DeskEvent::SelfServiceReleased {
        on,
        check: check.clone(),
        registered,
    });
    let kind = OptionalKind::Verification;
    let compared = holder
        .desk()
        .verification_blocked_on()
        .map(|_| DeskEvent::PasscodeCheckReleased { kind, on, check });
    Ok(released.into_iter().chain(compared).map(HolderEvent::Desk).collect())
}

/// P-11, B-34, B-41: something is blocked that the registration authority can release.
#[must_use]
pub fn is_blocked(holder: &Holder) -> bool {
    is_self_service_blocked(holder) || holder.desk().verification_blocked_on().is_some()
}

fn is_self_service_blocked(holder: &Holder) -> bool {
    let self_service = holder.self_service();
    self_service.is_blocked() || self_service.recovery_blocked_on().is_some()
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
