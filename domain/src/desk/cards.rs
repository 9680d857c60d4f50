//! A card that is lost, suspended, cancelled or replaced (B-45, B-49, B-57, B-61).

use chrono::{DateTime, TimeDelta, Utc};

use super::{CancelReason, DeskEvent, Loss, Refusal, Replacement, SuspensionReason, loss};
use crate::{
    card::{CardUpdate, IssuedCard},
    certificate::{Renewer, RevocationReason, serials},
    context::Context,
    holder::{Holder, HolderEvent, Origin, Registration},
    ids::CertificateSerial,
    passcode::{Kind, Status},
    refusal,
};

type Decision = Result<Vec<HolderEvent>, refusal::Refusal>;

/// B-61: the active card, if its certificates are neither revoked nor suspended.
pub(super) fn usable(holder: &Holder) -> Result<&IssuedCard, Refusal> {
    let card = holder.card().ok_or(Refusal::NoCard)?;
    let records = holder.certificate_records();
    if records.is_revoked() {
        return Err(Refusal::Revoked);
    }
    if records.suspended().is_some() {
        return Err(Refusal::Suspended);
    }
    Ok(card)
}

/// B-57: good for nothing, for the time being.
pub(super) fn suspend(ctx: &Context<'_>, holder: &Holder, reason: SuspensionReason) -> Decision {
    let card = holder.card().ok_or(Refusal::NoCard)?;
    if holder.certificate_records().is_revoked() {
        return Err(Refusal::Revoked.into());
    }
    if holder.certificate_records().suspended().is_some() {
        return Ok(vec![]);
    }
    Ok(vec![suspended(ctx, holder, card, reason)])
}

fn suspended(
    ctx: &Context<'_>,
    holder: &Holder,
    card: &IssuedCard,
    reason: SuspensionReason,
) -> HolderEvent {
    let (card, on, serials) = (card.card.clone(), ctx.today(), all_serials(holder, card));
    HolderEvent::Desk(DeskEvent::CertificatesSuspended { card, on, serials, reason })
}

/// B-57: good again.
pub(super) fn reinstate(ctx: &Context<'_>, holder: &Holder) -> Decision {
    let card = holder.card().ok_or(Refusal::NoCard)?;
    if holder.certificate_records().is_revoked() {
        return Err(Refusal::Revoked.into());
    }
    if holder.certificate_records().suspended().is_none() {
        return Err(Refusal::NotSuspended.into());
    }
    let (on, serials) = (ctx.today(), all_serials(holder, card));
    let card = card.card.clone();
    Ok(vec![HolderEvent::Desk(DeskEvent::CertificatesReinstated { card, on, serials })])
}

/// C-15, B-57: for ever.
pub(super) fn revoke(ctx: &Context<'_>, holder: &Holder, reason: RevocationReason) -> Decision {
    let card = holder.card().ok_or(Refusal::NoCard)?;
    if holder.certificate_records().is_revoked() {
        return Ok(vec![]);
    }
    Ok(vec![revoked(ctx, holder, card, reason)])
}

fn revoked(
    ctx: &Context<'_>,
    holder: &Holder,
    card: &IssuedCard,
    reason: RevocationReason,
) -> HolderEvent {
    HolderEvent::CertificatesRevoked {
        card: card.card.clone(),
        on: ctx.today(),
        reason,
        serials: all_serials(holder, card),
        by: Renewer::Authority,
    }
}

/// B-57: what somebody else may have is good for nothing, at once.
pub(super) fn report_lost(
    ctx: &Context<'_>,
    holder: &Holder,
    loss: Loss,
    lost_at: DateTime<Utc>,
) -> Decision {
    let card = holder.card().ok_or(Refusal::NoCard)?.card.clone();
    if ctx.now < lost_at {
        return Err(Refusal::NotYet.into());
    }
    // It is told in minutes.
    let until = lost_at + TimeDelta::minutes(1);
    if holder.card_issued_at().is_some_and(|issued_at| until <= issued_at) {
        return Err(Refusal::BeforeIssue.into());
    }
    let on = ctx.today();
    let mut events =
        vec![HolderEvent::Desk(DeskEvent::CardReportedLost { card, on, loss, lost_at })];
    events.extend(out_of_use(ctx, holder, loss.cancels_as()));
    events.extend(loss::reported_late(ctx, holder, lost_at));
    Ok(events)
}

/// B-61: the card is out of use.
pub(super) fn cancel(ctx: &Context<'_>, holder: &Holder, reason: CancelReason) -> Decision {
    holder.card().ok_or(Refusal::NoCard)?;
    Ok(out_of_use(ctx, holder, reason))
}

/// C-15, B-61: certificates that are still good are revoked, and the card is cancelled. Nothing if
/// there is no card.
pub(super) fn out_of_use(
    ctx: &Context<'_>,
    holder: &Holder,
    reason: CancelReason,
) -> Vec<HolderEvent> {
    let Some(card) = holder.card() else { return vec![] };
    let is_good = |end: DateTime<Utc>| ctx.now <= end;
    let any_good = card.certificates.iter().any(|certificate| is_good(certificate.not_after));
    let open = holder.card_update().is_some_and(|open| open.issued().next().is_some());
    let is_left = (any_good || open) && !holder.certificate_records().is_revoked();
    let last = is_left.then(|| revoked(ctx, holder, card, reason.revokes_as()));
    let (card, on) = (card.card.clone(), ctx.today());
    // That the account is closed has a mail of its own, which names it.
    let ends = reason.drops_registration() && reason != CancelReason::AccountClosed;
    let registered = ends.then(|| holder.self_service().registered_address()).flatten();
    let cancelled = HolderEvent::Desk(DeskEvent::CardCancelled { card, on, reason, registered });
    last.into_iter().chain([cancelled]).collect()
}

/// P-03, B-49: nobody is given a card by a word alone.
pub(crate) fn verified(
    ctx: &Context<'_>,
    registration: &Registration,
) -> Result<HolderEvent, Refusal> {
    let check = registration.check.clone().with_evidence()?;
    let (card, on) = (registration.card.card.clone(), ctx.today());
    Ok(HolderEvent::Desk(DeskEvent::IdentityVerified { card, on, check }))
}

/// B-49, B-61: the card before is out of use in the same instant in which the next one is in use. A
/// new value for all that is overdue unlocks the account, too (B-30): the authority has seen who he
/// is, and has recorded how.
pub(super) fn replace(ctx: &Context<'_>, holder: &Holder, replacement: Replacement) -> Decision {
    let Replacement { registration, reason } = replacement;
    if holder.passcodes().knows(Kind::Smartcard, registration.smartcard) {
        return Ok(vec![]);
    }
    let (card, secret, on) = (registration.card.card.clone(), registration.puk, ctx.today());
    if holder.card().is_some_and(|active| active.card == card) {
        return Err(Refusal::SameCard.into());
    }
    let (passcodes, verified) = (registration.passcodes(), verified(ctx, &registration)?);
    let unlocks = is_cured(ctx, holder, passcodes.map(|set| set.map(|(kind, _)| kind)));
    let mut events = out_of_use(ctx, holder, reason);
    events.push(verified);
    events.push(HolderEvent::CardIssued(registration.card));
    events.push(HolderEvent::PukRecorded { card: card.clone(), secret });
    let set = passcodes.into_iter().flatten();
    events.extend(set.clone().map(|(kind, secret)| HolderEvent::PasscodeSet {
        kind,
        on,
        secret,
        origin: Origin::Replacement,
    }));
    events.extend(set.filter_map(|(kind, _)| holder.passcodes().cycling(ctx, kind)));
    if unlocks {
        events.push(HolderEvent::Desk(DeskEvent::AccountUnlocked { card, on }));
    }
    Ok(events)
}

/// B-30: the account is locked, and these are all the kinds that are overdue.
fn is_cured(ctx: &Context<'_>, holder: &Holder, set: [Option<Kind>; 3]) -> bool {
    let all = holder.passcodes().status(ctx);
    let mut overdue = all.iter().filter(|status| status.is_overdue());
    let all_set = overdue.all(|status| set.contains(&Some(status.kind)));
    Status::worst_locked(&all).is_some() && all_set
}

/// The certificates on the card, and those of an open update.
fn all_serials(holder: &Holder, card: &IssuedCard) -> Vec<CertificateSerial> {
    let open = holder.card_update().into_iter().flat_map(CardUpdate::issued);
    let issued = open.map(|certificate| certificate.serial.clone());
    serials(&card.certificates).into_iter().chain(issued).collect()
}

/// B-57: single use a mail; suspends what is there to be suspended.
pub(super) fn report_not_me(
    ctx: &Context<'_>,
    holder: &Holder,
    mail: uuid::Uuid,
) -> Vec<HolderEvent> {
    if holder.desk().has_reported(mail) {
        return vec![];
    }
    let reported = DeskEvent::NotMeReported { mail, on: ctx.today() };
    let usable = usable(holder).ok();
    let suspended = usable.map(|card| suspended(ctx, holder, card, SuspensionReason::NotMe));
    [HolderEvent::Desk(reported)].into_iter().chain(suspended).collect()
}
