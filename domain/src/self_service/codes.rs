//! The mailed codes: when one may be sent, what becomes of one that is typed (R-08, R-09, U-08 to
//! U-11, B-11, B-36 to B-38).

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::{CodePurpose, Found, NewCode, Refusal, over_at, registration, state::SelfService};
use crate::{
    context::Context,
    holder::{Holder, HolderEvent},
    ids::{CommandId, SecretRef},
    refusal,
    unlock::{self, Stage},
};

/// The most codes of one flow that are remembered.
pub const CODES_KEPT_MAX: usize = 16;

/// The most instants at which codes were sent, or void, that are remembered.
const INSTANTS_MAX: usize = 32;

/// B-36: the hour in which codes are counted, in minutes.
const COUNTED_MINUTES: i64 = 60;

/// B-37: the hours in which void codes are counted.
const VOIDS_HOURS: i64 = 24;

/// A code that was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SentCode {
    /// Its id.
    pub code: Uuid,
    /// The version of the key that it is made with.
    pub key: u32,
    /// B-36: the how manieth of its flow, from 1, which page and mail show.
    pub number: u8,
    /// When.
    pub sent_at: DateTime<Utc>,
    /// B-11: the first instant at which it is not good any more.
    pub expires_at: DateTime<Utc>,
    /// Where the vault keeps the address.
    pub to: SecretRef,
    /// B-37: wrong entries while it was the newest.
    pub wrong: u8,
    /// B-37: too many of them.
    pub voided: bool,
}

/// What is remembered of codes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Codes {
    registration: Option<Flow>,
    unlock: Option<Flow>,
    /// When codes were sent to this person, oldest first.
    sent_at: Vec<DateTime<Utc>>,
    /// When codes of unlocks became void, oldest first.
    voided_at: Vec<DateTime<Utc>>,
    /// B-37: self-service unlock pauses until then.
    pub(super) paused_until: Option<DateTime<Utc>>,
}

/// The codes of one registration or one unlock.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Flow {
    flow: CommandId,
    codes: Vec<SentCode>,
}

impl Codes {
    /// The codes of a flow, newest last.
    pub(super) fn of(&self, purpose: CodePurpose, flow: CommandId) -> &[SentCode] {
        let newest = match purpose {
            CodePurpose::Registration => &self.registration,
            CodePurpose::Unlock => &self.unlock,
        };
        newest.as_ref().filter(|newest| newest.flow == flow).map_or(&[], |newest| &newest.codes)
    }

    /// B-36: at least 60 seconds apart, at most five an hour and person.
    pub(super) fn may_send(&self, ctx: &Context<'_>) -> Result<(), Refusal> {
        let policy = ctx.policy();
        let gap = TimeDelta::seconds(policy.code_gap_seconds.into());
        let hour = TimeDelta::minutes(COUNTED_MINUTES);
        let recent = self.sent_at.iter().filter(|at| ctx.now - **at < hour).count();
        let most = usize::from(policy.codes_per_hour);
        if most <= recent {
            let oldest = self.sent_at[self.sent_at.len() - most.max(1)];
            return Err(Refusal::TooManyCodes { at: oldest + hour });
        }
        match self.sent_at.last() {
            Some(last) if ctx.now < *last + gap => Err(Refusal::CodeTooSoon { at: *last + gap }),
            Some(_) | None => Ok(()),
        }
    }

    /// B-37: how many codes of unlocks are void since a day, one that becomes void now included.
    fn voids_with_one_now(&self, ctx: &Context<'_>) -> usize {
        let day = TimeDelta::hours(VOIDS_HOURS);
        self.voided_at.iter().filter(|at| ctx.now - **at < day).count() + 1
    }

    pub(super) fn sent(
        &mut self,
        at: DateTime<Utc>,
        purpose: CodePurpose,
        flow: CommandId,
        code: SentCode,
    ) {
        let newest = self.flow_mut(purpose);
        if newest.as_ref().is_none_or(|newest| newest.flow != flow) {
            *newest = Some(Flow { flow, codes: Vec::new() });
        }
        if let Some(newest) = newest {
            remember(&mut newest.codes, code, CODES_KEPT_MAX);
        }
        remember(&mut self.sent_at, at, INSTANTS_MAX);
    }

    pub(super) fn refused(&mut self, purpose: CodePurpose, code: Uuid, wrong: u8) {
        if let Some(sent) = self.sent_mut(purpose, code) {
            sent.wrong = wrong;
        }
    }

    pub(super) fn voided(&mut self, at: DateTime<Utc>, purpose: CodePurpose, code: Uuid) {
        if let Some(sent) = self.sent_mut(purpose, code) {
            sent.voided = true;
        }
        if purpose == CodePurpose::Unlock {
            remember(&mut self.voided_at, at, INSTANTS_MAX);
        }
    }

    fn flow_mut(&mut self, purpose: CodePurpose) -> &mut Option<Flow> {
        match purpose {
            CodePurpose::Registration => &mut self.registration,
            CodePurpose::Unlock => &mut self.unlock,
        }
    }

    fn sent_mut(&mut self, purpose: CodePurpose, code: Uuid) -> Option<&mut SentCode> {
        let newest = self.flow_mut(purpose).as_mut()?;
        newest.codes.iter_mut().find(|sent| sent.code == code)
    }
}

/// Adds the newest and forgets the oldest beyond `max`.
fn remember<T>(remembered: &mut Vec<T>, newest: T, max: usize) {
    remembered.push(newest);
    let surplus = remembered.len().saturating_sub(max);
    remembered.drain(..surplus);
}

/// R-08, U-08, B-36: the event that sends a code in this flow, where one may be sent now.
pub(crate) fn sent(
    ctx: &Context<'_>,
    holder: &Holder,
    (purpose, flow): (CodePurpose, CommandId),
    code: NewCode,
    to: SecretRef,
) -> Result<HolderEvent, Refusal> {
    let self_service = holder.self_service();
    self_service.codes.may_send(ctx)?;
    let card = holder.card().ok_or(Refusal::NoFlow)?.card.clone();
    let before = self_service.codes(purpose, flow);
    let number = before.last().map_or(1, |last| last.number.saturating_add(1));
    let expires_at = ctx.now + TimeDelta::seconds(ctx.policy().code_seconds.into());
    // B-44: no page and no mail promises more than the registration has.
    let waits =
        self_service.pending(ctx).filter(|pending| pending.registration.registration == flow);
    let expires_at = waits.map_or(expires_at, |pending| expires_at.min(over_at(ctx, pending)));
    let NewCode { code, key } = code;
    Ok(HolderEvent::CodeSent { purpose, flow, code, key, number, card, to, expires_at })
}

/// B-36: *Send a new code*.
pub(crate) fn send(
    ctx: &Context<'_>,
    holder: &Holder,
    (purpose, flow): (CodePurpose, CommandId),
    code: NewCode,
) -> Result<Vec<HolderEvent>, refusal::Refusal> {
    let self_service = holder.self_service();
    if self_service.codes(purpose, flow).iter().any(|sent| sent.code == code.code) {
        return Ok(vec![]);
    }
    let to = match purpose {
        CodePurpose::Registration => registration::waiting(ctx, holder, flow)?.email,
        CodePurpose::Unlock => {
            at_code(ctx, holder, flow)?;
            self_service
                .asks_until(ctx)
                .filter(|until| ctx.now < *until)
                .ok_or(unlock::Refusal::TimeOver)?;
            self_service.active().ok_or(Refusal::NoFlow)?.email
        }
    };
    Ok(vec![sent(ctx, holder, (purpose, flow), code, to)?])
}

/// The unlock is where a code is asked for.
fn at_code(ctx: &Context<'_>, holder: &Holder, flow: CommandId) -> Result<(), refusal::Refusal> {
    let unlock = holder.self_service().unlock_of(ctx, flow)?;
    unlock::may_go_on(ctx, holder)?;
    match unlock.stage {
        Stage::Code => Ok(()),
        Stage::Passcode { .. } | Stage::Done => Err(Refusal::CodeUsed.into()),
        Stage::Questions { .. } | Stage::RecoveryPasscode => Err(unlock::Refusal::NotThere.into()),
    }
}

/// U-09, U-11, B-11, B-36 to B-38: a code was typed.
pub(crate) fn enter(
    ctx: &Context<'_>,
    holder: &Holder,
    (purpose, flow): (CodePurpose, CommandId),
    found: Found,
) -> Result<Vec<HolderEvent>, refusal::Refusal> {
    let self_service = holder.self_service();
    match purpose {
        CodePurpose::Registration => {
            registration::waiting(ctx, holder, flow)?;
            if self_service.is_blocked() {
                return Err(Refusal::Blocked.into());
            }
        }
        CodePurpose::Unlock => at_code(ctx, holder, flow)?,
    }
    let newest = self_service.codes(purpose, flow).last().ok_or(Refusal::NoFlow)?;
    if newest.voided {
        return Err(Refusal::CodeVoid.into());
    }
    let is_newest = match found {
        Found::Newest(code) if code == newest.code => true,
        Found::Newest(_) | Found::Superseded => return Err(Refusal::CodeSuperseded.into()),
        Found::Nothing => false,
    };
    if newest.expires_at <= ctx.now {
        return Err(Refusal::CodeExpired.into());
    }
    if !is_newest {
        return Ok(wrong(ctx, self_service, (purpose, flow), newest));
    }
    let mut events = vec![HolderEvent::CodeAccepted { purpose, flow, code: newest.code }];
    if purpose == CodePurpose::Registration {
        let email = registration::waiting(ctx, holder, flow)?.email;
        let before = self_service.active().map(|active| active.email);
        let (on, former) = (ctx.today(), before.filter(|before| *before != email));
        events.push(HolderEvent::RegistrationCompleted { registration: flow, on, former });
    }
    Ok(events)
}

/// B-37: the fifth wrong entry makes the code void, the third void code of a day makes a pause.
fn wrong(
    ctx: &Context<'_>,
    self_service: &SelfService,
    (purpose, flow): (CodePurpose, CommandId),
    newest: &SentCode,
) -> Vec<HolderEvent> {
    let policy = ctx.policy();
    let (code, wrong) = (newest.code, newest.wrong.saturating_add(1));
    let mut events = vec![HolderEvent::CodeRefused { purpose, flow, code, wrong }];
    if wrong < policy.code_wrong_max {
        return events;
    }
    events.push(HolderEvent::CodeVoided { purpose, flow, code });
    let voids = self_service.codes.voids_with_one_now(ctx);
    if purpose == CodePurpose::Unlock && usize::from(policy.code_voids_max) <= voids {
        let until = ctx.now + TimeDelta::hours(policy.unlock_pause_hours.into());
        events.push(HolderEvent::UnlockPaused { until });
    }
    events
}
