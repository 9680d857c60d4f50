//! What becomes of the commands of an unlock: one function each.

use super::{Refusal, Stage};
use crate::{
    certificate::Phase,
    context::Context,
    desk::Helper,
    holder::{self, Holder, HolderEvent, Origin},
    ids::{CommandId, SecretRef},
    logon::CardPresent,
    passcode::{Kind, Standing, Status},
    refusal,
    self_service::{self, CodePurpose, NewCode, QUESTIONS_CHOSEN, QuestionId},
};

type Decision = Result<Vec<HolderEvent>, refusal::Refusal>;

/// B-40: whether an unlock may be started, in the order of that rule. Looked at only after the card
/// has proved itself.
pub fn may_start(ctx: &Context<'_>, holder: &Holder) -> Result<(), Refusal> {
    may_go_on(ctx, holder)?;
    let self_service = holder.self_service();
    let card = holder.card().ok_or(Refusal::CardNotActive)?;
    match self_service.assisted_by(&card.card, ctx.now) {
        // B-58: somebody else has seen who he is.
        Some(Helper::Authority) => {}
        Some(Helper::Sponsor) => may_prove_more(ctx, holder, false)?,
        None if !ctx.policy().self_service_unlock => return Err(Refusal::NotOffered),
        None => may_prove_more(ctx, holder, self_service.is_blocked())?,
    }
    if holder.puk().is_unknown() {
        return Err(Refusal::NoPuk);
    }
    Ok(())
}

/// B-41, B-58: there is something that the holder can prove who he is with, besides his card: an
/// address to which a code may be mailed, or an account recovery passcode.
fn may_prove_more(ctx: &Context<'_>, holder: &Holder, is_blocked: bool) -> Result<(), Refusal> {
    let self_service = holder.self_service();
    if self_service.active().is_none() && recovery_tries(ctx, holder).is_err() {
        return Err(Refusal::NotRegistered);
    }
    if is_blocked {
        return Err(Refusal::Blocked);
    }
    match self_service.paused_until(ctx) {
        Some(until) => Err(Refusal::Paused { until }),
        None => Ok(()),
    }
}

/// B-58: what a sponsor's word needs beside it can be had now.
pub(crate) fn has_second_proof(ctx: &Context<'_>, holder: &Holder) -> bool {
    may_prove_more(ctx, holder, false).is_ok()
}

/// B-40: what card and account have to be, at every step until the new passcode may be chosen. A card
/// between old and new may be unlocked (B-55): its keys stay as they are, 9E shows that it is there, and
/// without a passcode nobody could finish its update.
pub(crate) fn may_go_on(ctx: &Context<'_>, holder: &Holder) -> Result<(), Refusal> {
    let standing = holder.certificates(ctx).ok_or(Refusal::CardNotActive)?;
    match standing.phase {
        Phase::Revoked => return Err(Refusal::Revoked),
        Phase::Suspended => return Err(Refusal::Suspended),
        Phase::Expired => return Err(Refusal::Expired),
        Phase::Quiet | Phase::Alert | Phase::Forced => {}
    }
    if Status::worst_locked(&holder.passcodes().status(ctx)).is_some() {
        return Err(Refusal::AccountLocked);
    }
    Ok(())
}

/// B-41: tries that are left with the account recovery passcode, at least one; or why it cannot be
/// used.
pub fn recovery_tries(ctx: &Context<'_>, holder: &Holder) -> Result<u8, self_service::Refusal> {
    let (policy, self_service) = (ctx.policy(), holder.self_service());
    let standing = holder.passcodes().standing(ctx, Kind::AccountRecovery);
    if standing == Standing::NotSet || !policy.arp_unlock {
        return Err(self_service::Refusal::RecoveryPasscodeNotSet);
    }
    let left = policy.recovery_tries.saturating_sub(self_service.recovery_failures());
    if left == 0 || self_service.recovery_blocked_on().is_some() {
        return Err(self_service::Refusal::RecoveryPasscodeBlocked);
    }
    Ok(left)
}

/// U-04, U-06, B-32, B-40: the card has proved itself. What is refused is recorded, too.
pub(crate) fn start(
    ctx: &Context<'_>,
    holder: &Holder,
    unlock: CommandId,
    proof: &CardPresent,
    draw: [u8; QUESTIONS_CHOSEN],
    (workstation, reader): (String, String),
) -> Decision {
    if !holder.is_registered() {
        return Err(holder::Refusal::NotRegistered.into());
    }
    let self_service = holder.self_service();
    let is_this = self_service.underway().is_some_and(|underway| underway.unlock == unlock);
    if is_this || self_service.has_refused(unlock) {
        return Ok(vec![]);
    }
    let card = proof.card().clone();
    let is_active = holder.card().is_some_and(|active| active.card == card);
    let allowed = if is_active { may_start(ctx, holder) } else { Err(Refusal::CardNotActive) };
    if let Err(reason) = allowed {
        return Ok(vec![HolderEvent::UnlockRefused { unlock, card, reason, workstation, reader }]);
    }
    let mut events = vec![HolderEvent::UnlockStarted { unlock, card, workstation, reader }];
    let assisted = holder.self_service().assisted_by(proof.card(), ctx.now);
    if let Some(active) = self_service.active()
        && assisted.is_none()
        && !self_service.is_drawn()
    {
        let mut order: Vec<(u8, QuestionId)> =
            draw.into_iter().zip(active.answers.iter().map(|answer| answer.question)).collect();
        order.sort_by_key(|(drawn, _)| *drawn);
        let order = order.into_iter().map(|(_, question)| question).collect();
        events.push(HolderEvent::QuestionsDrawn { order });
    }
    Ok(events)
}

/// B-40: the card has proved itself too often today.
pub(crate) fn refuse(
    holder: &Holder,
    unlock: CommandId,
    proof: &CardPresent,
    (workstation, reader): (String, String),
) -> Vec<HolderEvent> {
    if holder.self_service().has_refused(unlock) {
        return vec![];
    }
    let (card, reason) = (proof.card().clone(), Refusal::TooManyStarts);
    vec![HolderEvent::UnlockRefused { unlock, card, reason, workstation, reader }]
}

/// B-31 to B-33, U-07, U-08: the answers of one attempt were judged.
pub(crate) fn answer(
    ctx: &Context<'_>,
    holder: &Holder,
    unlock: CommandId,
    (attempt, right): (u8, bool),
    code: NewCode,
) -> Decision {
    let self_service = holder.self_service();
    let (at, asked) = match self_service.unlock_of(ctx, unlock)?.stage {
        Stage::Questions { attempt, asked } => (attempt, asked),
        Stage::Code | Stage::Passcode { .. } | Stage::Done => {
            return Err(self_service::Refusal::AlreadyJudged.into());
        }
        Stage::RecoveryPasscode => return Err(Refusal::NotThere.into()),
    };
    may_go_on(ctx, holder)?;
    if attempt != at {
        return Err(self_service::Refusal::AlreadyJudged.into());
    }
    if right {
        let right = HolderEvent::AnswersRight { unlock, attempt };
        return Ok([right].into_iter().chain(code_sent(ctx, holder, unlock, code)).collect());
    }
    let failures = attempt;
    let wrong = HolderEvent::AnswersWrong { unlock, attempt, failures, asked };
    let on = ctx.today();
    let blocked = ctx.policy().question_failures <= failures;
    let blocked = blocked.then_some(HolderEvent::SelfServiceBlocked { unlock, on });
    Ok([wrong].into_iter().chain(blocked).collect())
}

/// U-08, B-36: the code, unless another one was sent so short a time ago that it has to be asked for
/// later.
fn code_sent(
    ctx: &Context<'_>,
    holder: &Holder,
    unlock: CommandId,
    code: NewCode,
) -> Option<HolderEvent> {
    let to = holder.self_service().active()?.email;
    self_service::sent(ctx, holder, (CodePurpose::Unlock, unlock), code, to).ok()
}

/// What was found of an account recovery passcode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tried {
    pub(crate) right: bool,
    pub(crate) code: Option<NewCode>,
}

/// P-09, B-41: an account recovery passcode was compared.
pub(crate) fn try_recovery_passcode(
    ctx: &Context<'_>,
    holder: &Holder,
    unlock: CommandId,
    tried: Tried,
) -> Decision {
    let self_service = holder.self_service();
    match self_service.unlock_of(ctx, unlock)?.stage {
        Stage::Questions { .. } | Stage::RecoveryPasscode => {}
        Stage::Code | Stage::Passcode { .. } | Stage::Done => return Err(Refusal::NotThere.into()),
    }
    may_go_on(ctx, holder)?;
    recovery_tries(ctx, holder)?;
    if !tried.right {
        let failures = self_service.recovery_failures().saturating_add(1);
        let wrong = HolderEvent::RecoveryPasscodeWrong { unlock, failures };
        let blocked = ctx.policy().recovery_tries <= failures;
        let blocked = blocked.then_some(HolderEvent::RecoveryPasscodeBlocked { on: ctx.today() });
        return Ok([wrong].into_iter().chain(blocked).collect());
    }
    let needs_code = ctx.policy().arp_unlock_needs_code && self_service.active().is_some();
    let right = HolderEvent::RecoveryPasscodeRight { unlock, needs_code };
    let code = tried.code.filter(|_| needs_code);
    let sent = code.and_then(|code| code_sent(ctx, holder, unlock, code));
    Ok([right].into_iter().chain(sent).collect())
}

/// U-12, B-25: the card has its new passcode, read back. It may tell so long after.
pub(crate) fn complete(
    ctx: &Context<'_>,
    holder: &Holder,
    unlock: CommandId,
    secret: SecretRef,
) -> Decision {
    let (kind, passcodes) = (Kind::Smartcard, holder.passcodes());
    if passcodes.knows(kind, secret) {
        return Ok(vec![]);
    }
    if !holder.self_service().may_have_written(unlock) {
        return Err(Refusal::Replaced.into());
    }
    let card = holder.card().ok_or(Refusal::CardNotActive)?.card.clone();
    let on = ctx.today();
    let set = HolderEvent::PasscodeSet { kind, on, secret, origin: Origin::Unlock };
    let completed = HolderEvent::UnlockCompleted { unlock, card, on };
    Ok([set, completed].into_iter().chain(passcodes.cycling(ctx, kind)).collect())
}
