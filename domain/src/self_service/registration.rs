//! Registering for self-service (R-01 to R-11, B-42 to B-44): what becomes of the commands.

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    Answer, CodePurpose, NewCode, QUESTIONS_CHOSEN, Refusal, Registration, codes, state::Pending,
};
use crate::{
    context::Context,
    holder::{self, Holder, HolderEvent},
    ids::{CommandId, SecretRef},
    logon::{self, Authenticated, SESSION_HOURS_MAX, Verdict},
    passcode,
    passcode::Status,
    policy::Policy,
    refusal,
};

type Decision = Result<Vec<HolderEvent>, refusal::Refusal>;

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) registration: CommandId,
    pub(crate) answers: Option<Vec<Answer>>,
    pub(crate) email: SecretRef,
    pub(crate) code: NewCode,
}

/// B-17, B-34, B-43: *Register*, or *Change*.
pub(crate) fn begin(
    ctx: &Context<'_>,
    holder: &Holder,
    proof: &Authenticated,
    (logged_on_at, asked_at): (DateTime<Utc>, DateTime<Utc>),
    asked: Asked,
) -> Decision {
    let self_service = holder.self_service();
    let Asked { registration, answers, email, code } = asked;
    let has = |one: &Registration| one.registration == registration;
    let pending = self_service.awaiting.as_ref().map(|pending| &pending.registration);
    if self_service.active().is_some_and(has) || pending.is_some_and(has) {
        return Ok(vec![]);
    }
    if !holder.is_registered() {
        return Err(holder::Refusal::NotRegistered.into());
    }
    let active = holder.card().filter(|active| active.card == *proof.card());
    let card = active.ok_or(holder::Refusal::CardNotActive)?.card.clone();
    let asked_at = asked_at.min(ctx.now);
    let judged_at = logged_on_at.clamp(asked_at - TimeDelta::hours(SESSION_HOURS_MAX), asked_at);
    full_session(&ctx.at(judged_at), holder, proof)?;
    if self_service.is_blocked() {
        return Err(Refusal::Blocked.into());
    }
    // Those that are in force now: what was in force when it was asked for may be forgotten (B-43).
    let answers = match answers {
        Some(answers) => answers,
        None => self_service.active().ok_or(Refusal::NotFourQuestions)?.answers.clone(),
    };
    if !four_different(&answers) {
        return Err(Refusal::NotFourQuestions.into());
    }
    let flow = (CodePurpose::Registration, registration);
    let sent = codes::sent(ctx, holder, flow, code, email)?;
    let given_up =
        pending.map(|old| HolderEvent::RegistrationCancelled { registration: old.registration });
    let on = ctx.today();
    let begun = HolderEvent::RegistrationBegun { registration, card, on, answers, email };
    Ok(given_up.into_iter().chain([begun, sent]).collect())
}

/// B-10, B-17, P-19: a session that is restricted may not, and what is locked may nothing.
fn full_session(
    at_logon: &Context<'_>,
    holder: &Holder,
    proof: &Authenticated,
) -> Result<(), refusal::Refusal> {
    match logon::check(at_logon, holder, proof).verdict {
        Verdict::Full => Ok(()),
        Verdict::Restricted => Err(holder::Refusal::RenewalRequired.into()),
        Verdict::Locked => {
            let locked = Status::worst_locked(&holder.passcodes().status(at_logon));
            Err(locked.map_or_else(
                || holder::Refusal::RenewalRequired.into(),
                |(kind, since)| passcode::Refusal::AccountLocked { kind, since }.into(),
            ))
        }
    }
}

/// exactly four, no question twice.
fn four_different(answers: &[Answer]) -> bool {
    let is_first = |(place, answer): (usize, &Answer)| {
        answers[..place].iter().all(|earlier| earlier.question != answer.question)
    };
    answers.len() == QUESTIONS_CHOSEN && answers.iter().enumerate().all(is_first)
}

/// R-07, B-42: *Use another address*, while the code is awaited.
pub(crate) fn redirect(
    ctx: &Context<'_>,
    holder: &Holder,
    registration: CommandId,
    email: SecretRef,
    code: NewCode,
) -> Decision {
    if waiting(ctx, holder, registration)?.email == email {
        return Ok(vec![]);
    }
    let flow = (CodePurpose::Registration, registration);
    let sent = codes::sent(ctx, holder, flow, code, email)?;
    Ok(vec![HolderEvent::RegistrationRedirected { registration, email }, sent])
}

/// B-44: the holder gives it up.
pub(crate) fn cancel(holder: &Holder, registration: CommandId) -> Vec<HolderEvent> {
    let pending = holder.self_service().awaiting.as_ref();
    let is_open = pending.is_some_and(|open| open.registration.registration == registration);
    if is_open { vec![HolderEvent::RegistrationCancelled { registration }] } else { vec![] }
}

/// B-44: a registration whose time is over and that nobody has recorded as over.
pub(crate) fn over(ctx: &Context<'_>, holder: &Holder) -> Option<HolderEvent> {
    let pending = holder.self_service().awaiting.as_ref()?;
    let registration = pending.registration.registration;
    (over_at(ctx, pending) <= ctx.now)
        .then_some(HolderEvent::RegistrationCancelled { registration })
}

/// B-44: the instant at which a registration that waits for its code is over.
pub(crate) fn awaited_until(ctx: &Context<'_>, holder: &Holder) -> Option<DateTime<Utc>> {
    holder.self_service().pending(ctx).map(|pending| over_at(ctx, pending))
}

/// B-44: the first instant at which it is over.
pub(crate) fn over_at(ctx: &Context<'_>, pending: &Pending) -> DateTime<Utc> {
    let minutes = ctx.at(pending.begun_at).policy().registration_minutes;
    pending.begun_at + TimeDelta::minutes(minutes.into())
}

/// The registration that waits for its code, if it is this one.
pub(super) fn waiting<'a>(
    ctx: &Context<'_>,
    holder: &'a Holder,
    registration: CommandId,
) -> Result<&'a Registration, Refusal> {
    let self_service = holder.self_service();
    let has = |one: &&Registration| one.registration == registration;
    if self_service.active().as_ref().is_some_and(has) {
        return Err(Refusal::CodeUsed);
    }
    self_service.awaiting(ctx).filter(has).ok_or(Refusal::RegistrationOver)
}

/// B-42: true if policy lets codes be sent to this domain or one below it; to any, if it names none.
#[must_use]
pub fn address_allowed(policy: &Policy, address: &str) -> bool {
    let domains = &policy.self_service_domains;
    let Some((_, domain)) = address.rsplit_once('@') else { return false };
    let domain = domain.to_ascii_lowercase();
    let is_within = |allowed: &String| {
        let below = domain.strip_suffix(allowed.as_str());
        below.is_some_and(|below| below.is_empty() || below.ends_with('.'))
    };
    domains.is_empty() || domains.iter().any(is_within)
}
