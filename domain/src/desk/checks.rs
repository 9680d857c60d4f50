//! A passcode that is spoken to somebody else, and compared (P-08, P-11, B-41).

use super::{Checker, DeskEvent, Refusal};
use crate::{
    context::Context,
    holder::{Holder, HolderEvent},
    passcode::{OptionalKind, Standing, Status},
};

/// P-08, P-11, B-41: tries that are left before this passcode is not compared any more, at least
/// one; or why it is no proof now. Of a locked account nothing is.
pub fn may_check(ctx: &Context<'_>, holder: &Holder, kind: OptionalKind) -> Result<u8, Refusal> {
    if holder.desk().closed().is_some() {
        return Err(Refusal::AccountClosed);
    }
    let passcodes = holder.passcodes();
    if passcodes.standing(ctx, kind.kind()) == Standing::NotSet {
        return Err(Refusal::NoneOnRecord);
    }
    if Status::worst_locked(&passcodes.status(ctx)).is_some() {
        return Err(Refusal::AccountLocked);
    }
    let (failures, blocked_on) = failures(holder, kind);
    let left = tries(ctx, kind).saturating_sub(failures);
    if left == 0 || blocked_on.is_some() {
        return Err(Refusal::CheckBlocked);
    }
    Ok(left)
}

/// P-08, P-11: it was compared. What could not be a proof is recorded as no match, and costs no try.
pub(super) fn note(
    ctx: &Context<'_>,
    holder: &Holder,
    kind: OptionalKind,
    right: bool,
    by: Checker,
) -> Vec<HolderEvent> {
    let checkable = may_check(ctx, holder, kind).is_ok();
    let (before, _) = failures(holder, kind);
    let failed = checkable && !right;
    let failures = if failed { before.saturating_add(1) } else { before };
    let matched = checkable && right;
    let checked = DeskEvent::PasscodeChecked { kind, matched, failures, by };
    let blocks = failed && tries(ctx, kind) <= failures;
    let blocked = blocks.then(|| DeskEvent::PasscodeCheckBlocked { kind, on: ctx.today() });
    [checked].into_iter().chain(blocked).map(HolderEvent::Desk).collect()
}

/// Whether the check that these events record was a match: all that a telephone service is told.
#[must_use]
pub fn has_matched(events: &[HolderEvent]) -> bool {
    events.iter().any(|event| {
        matches!(event, HolderEvent::Desk(DeskEvent::PasscodeChecked { matched: true, .. }))
    })
}

/// Wrong ones since it was set, and since when it is blocked.
fn failures(holder: &Holder, kind: OptionalKind) -> (u8, Option<chrono::NaiveDate>) {
    let (self_service, desk) = (holder.self_service(), holder.desk());
    match kind {
        OptionalKind::AccountRecovery => {
            (self_service.recovery_failures(), self_service.recovery_blocked_on())
        }
        OptionalKind::Verification => {
            (desk.verification_failures(), desk.verification_blocked_on())
        }
    }
}

fn tries(ctx: &Context<'_>, kind: OptionalKind) -> u8 {
    match kind {
        OptionalKind::AccountRecovery => ctx.policy().recovery_tries,
        OptionalKind::Verification => ctx.policy().verification_tries,
    }
}
