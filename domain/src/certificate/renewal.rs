//! What becomes of the commands that renew, revoke and authorise: one function each.

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::{
    IdentityEvidence, PLACE_CHARACTERS_MAX, Refusal, Renewer, RevocationReason, Standing, Visit,
    serials,
};
use crate::{
    card::{
        CardUpdate, IssuedCard, IssuedCertificate, KeptKey, PublicKey, Slot, SlotState, WRITES_MAX,
        Write,
    },
    context::Context,
    desk,
    holder::{self, Holder, HolderEvent},
    ids::{CommandId, SecretRef},
    logon::{Authenticated, SESSION_HOURS_MAX},
    passcode,
    passcode::Status,
    refusal,
};

type Decision = Result<Vec<HolderEvent>, refusal::Refusal>;

/// Which update, and the visit that says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Visitor {
    /// The update.
    pub(crate) update: CommandId,
    /// The visit.
    pub(crate) job: Uuid,
}

/// C-01, C-03, C-04, B-10, B-18, B-53: *Renew*.
pub(crate) fn begin(
    ctx: &Context<'_>,
    holder: &Holder,
    visitor: Visitor,
    proof: &Authenticated,
    (logged_on_at, asked_at): (DateTime<Utc>, DateTime<Utc>),
) -> Decision {
    let card = active(holder, proof)?;
    let Visitor { update, job } = visitor;
    let mut events = Vec::new();
    if let Some(open) = holder.card_update() {
        if open.update == update {
            return if open.job == job { Ok(vec![]) } else { Err(Refusal::OtherJob.into()) };
        }
        if !open.is_touched() {
            events.push(HolderEvent::CardUpdateAbandoned { update: open.update });
        }
    }
    if has_renewed(holder, update) {
        return Ok(vec![]);
    }
    let asked_at = asked_at.min(ctx.now);
    let judged_at = logged_on_at.clamp(asked_at - TimeDelta::hours(SESSION_HOURS_MAX), asked_at);
    let at_logon = ctx.at(judged_at);
    let locked = Status::worst_locked(&holder.passcodes().status(&at_logon));
    if let Some((kind, since)) = locked {
        return Err(passcode::Refusal::AccountLocked { kind, since }.into());
    }
    let by = may_begin(ctx, &at_logon, holder)?;
    let (card, on) = (card.card.clone(), ctx.today());
    events.push(HolderEvent::CardUpdateBegun { update, card, by, job, on });
    Ok(events)
}

/// B-10: what was allowed when the session was opened is allowed until it ends, and so is what has
/// come to be allowed since.
fn may_begin(
    ctx: &Context<'_>,
    at_logon: &Context<'_>,
    holder: &Holder,
) -> Result<Renewer, refusal::Refusal> {
    // C-04: the authority's leave is over when its time is over, in whatever session.
    let at_logon = Standing::with_leave_of(at_logon, holder, ctx.now);
    let now = holder.certificates(ctx).ok_or(holder::Refusal::CardNotActive)?;
    let then = at_logon.ok_or(holder::Refusal::CardNotActive)?;
    Ok(now.may_renew.or_else(|refusal| then.may_renew.map_err(|_| refusal))?)
}

/// B-55: another visit takes the update up, on whatever workstation.
pub(crate) fn resume(holder: &Holder, visitor: Visitor) -> Decision {
    let Visitor { update, job } = visitor;
    if has_renewed(holder, update) {
        return Ok(vec![]);
    }
    let open = open(holder, update)?;
    if open.job == job {
        return Ok(vec![]);
    }
    Ok(vec![HolderEvent::CardUpdateResumed { update, job }])
}

/// B-55: the card may be written to, once; recorded before it is.
pub(crate) fn open_write(
    ctx: &Context<'_>,
    holder: &Holder,
    visitor: Visitor,
    slot: Slot,
    write: Write,
) -> Decision {
    let open = taken(holder, visitor)?;
    not_suspended(holder)?;
    let update = open.update;
    if WRITES_MAX <= open.writes {
        return Err(Refusal::WritesSpent.into());
    }
    let opened = HolderEvent::CardWriteOpened { update, slot, write };
    match write {
        Write::Certificate if !may_write_certificate(open, slot) => Err(Refusal::OutOfOrder.into()),
        Write::Certificate => Ok(vec![opened]),
        Write::KeyPair => {
            may_make_key(ctx, holder, open, slot)?;
            let given_up = open.given_up(slot);
            let abandoned =
                given_up.map(|serial| HolderEvent::CertificateAbandoned { update, serial });
            Ok([opened].into_iter().chain(abandoned).collect())
        }
    }
}

/// B-55: what is issued is written, 9A first.
fn may_write_certificate(open: &CardUpdate, slot: Slot) -> bool {
    let in_turn = match slot {
        Slot::Authentication => true,
        Slot::Signature => is_written(open, Slot::Authentication),
    };
    in_turn && open.slot(slot).certificate().is_some()
}

fn is_written(open: &CardUpdate, slot: Slot) -> bool {
    matches!(open.slot(slot), SlotState::Written { .. })
}

/// B-55: 9A first, and never a slot while the other is between two keys. Who has begun to write may
/// finish; an update that was begun and left has to be allowed again (B-10, B-52).
fn may_make_key(
    ctx: &Context<'_>,
    holder: &Holder,
    open: &CardUpdate,
    slot: Slot,
) -> Result<(), Refusal> {
    let in_turn = match slot {
        Slot::Authentication => match open.slot(Slot::Signature) {
            SlotState::Untouched | SlotState::Written { .. } => true,
            SlotState::Opened | SlotState::KeyMade { .. } | SlotState::Issued { .. } => false,
        },
        Slot::Signature => is_written(open, Slot::Authentication),
    };
    if !in_turn {
        return Err(Refusal::OutOfOrder);
    }
    if open.is_touched() {
        return Ok(());
    }
    if ctx.now < open.begun_at + TimeDelta::hours(SESSION_HOURS_MAX) {
        return Ok(());
    }
    let standing = holder.certificates(ctx).ok_or(Refusal::NoUpdate)?;
    match (standing.may_renew?, open.by) {
        (Renewer::Authority, _) | (Renewer::Holder, Renewer::Holder) => Ok(()),
        (Renewer::Holder, Renewer::Authority) => Err(Refusal::RaVisitRequired),
    }
}

/// B-55: the card has made a key and signed with it.
pub(crate) fn key_made(
    holder: &Holder,
    visitor: Visitor,
    slot: Slot,
    key: PublicKey,
    request: String,
) -> Decision {
    let open = taken(holder, visitor)?;
    match open.slot(slot) {
        SlotState::Opened if is_known(holder, open, &key) => Err(Refusal::KeyNotNew.into()),
        SlotState::Opened => {
            let update = open.update;
            Ok(vec![HolderEvent::CardKeyMade { update, slot, key, request }])
        }
        state if state.key() == Some(&key) => Ok(vec![]),
        SlotState::Untouched
        | SlotState::KeyMade { .. }
        | SlotState::Issued { .. }
        | SlotState::Written { .. } => Err(Refusal::OutOfOrder.into()),
    }
}

/// B-55: the slot still has the key on record: the opening was never used.
pub(crate) fn key_kept(holder: &Holder, job: Uuid, kept: KeptKey) -> Decision {
    let open = taken(holder, Visitor { update: kept.update, job })?;
    // Before 9C is opened, 9A was written.
    let is_first = match kept.slot {
        Slot::Authentication => *open.slot(Slot::Signature) == SlotState::Untouched,
        Slot::Signature => true,
    };
    match open.slot(kept.slot) {
        SlotState::Opened if is_first && open.last_opening == kept.opening => {
            Ok(vec![HolderEvent::CardKeyKept(kept)])
        }
        SlotState::Untouched => Ok(vec![]),
        SlotState::Opened
        | SlotState::KeyMade { .. }
        | SlotState::Issued { .. }
        | SlotState::Written { .. } => Err(Refusal::OutOfOrder.into()),
    }
}

/// The authority has issued a certificate for the slot's new key.
pub(crate) fn certificate_issued(
    holder: &Holder,
    visitor: Visitor,
    certificate: IssuedCertificate,
    secret: SecretRef,
) -> Decision {
    let open = taken(holder, visitor)?;
    match open.slot(certificate.slot) {
        SlotState::KeyMade { .. } => {
            let (update, card) = (open.update, open.card.clone());
            Ok(vec![HolderEvent::CertificateIssued { update, card, certificate, secret }])
        }
        SlotState::Issued { .. } | SlotState::Written { .. } => Ok(vec![]),
        SlotState::Untouched | SlotState::Opened => Err(Refusal::OutOfOrder.into()),
    }
}

/// C-12: read back, and the new key has signed.
pub(crate) fn certificate_written(holder: &Holder, visitor: Visitor, slot: Slot) -> Decision {
    if has_renewed(holder, visitor.update) {
        return Ok(vec![]);
    }
    let open = taken(holder, visitor)?;
    match open.slot(slot) {
        SlotState::Issued { .. } => {
            Ok(vec![HolderEvent::CertificateWritten { update: open.update, slot }])
        }
        SlotState::Written { .. } => Ok(vec![]),
        SlotState::Untouched | SlotState::Opened | SlotState::KeyMade { .. } => {
            Err(Refusal::OutOfOrder.into())
        }
    }
}

/// C-12, B-48, B-49, B-50, B-54: both are on the card: one renewal.
pub(crate) fn commit(ctx: &Context<'_>, holder: &Holder, visitor: Visitor) -> Decision {
    if has_renewed(holder, visitor.update) {
        return Ok(vec![]);
    }
    let open = taken(holder, visitor)?;
    not_suspended(holder)?;
    let card = holder.card().ok_or(holder::Refusal::CardNotActive)?;
    let key = |slot| open.slot(slot).key().cloned().ok_or(Refusal::OutOfOrder);
    if !open.is_written() {
        return Err(Refusal::OutOfOrder.into());
    }
    let self_renewals = match open.by {
        Renewer::Holder => holder.certificate_records().self_renewals().saturating_add(1),
        Renewer::Authority => 0,
    };
    Ok(vec![HolderEvent::CertificatesRenewed {
        update: open.update,
        card: open.card.clone(),
        on: ctx.today(),
        by: open.by,
        self_renewals,
        authentication: key(Slot::Authentication)?,
        signature: key(Slot::Signature)?,
        certificates: open.issued().cloned().collect(),
        superseded: serials(&card.certificates),
        superseded_revoked: ctx.policy().revoke_superseded,
    }])
}

/// C-13, B-56: *Continue*.
pub(crate) fn acknowledge(holder: &Holder, update: CommandId) -> Decision {
    match holder.renewed() {
        Some(last) if last.update == update && last.is_acknowledged => Ok(vec![]),
        Some(last) if last.update == update => {
            Ok(vec![HolderEvent::RenewalAcknowledged { update }])
        }
        Some(_) | None => Err(Refusal::NoUpdate.into()),
    }
}

/// C-15, B-57: all certificates of the card, those of an open update included; for ever.
pub(crate) fn revoke(
    ctx: &Context<'_>,
    holder: &Holder,
    proof: &Authenticated,
    reason: RevocationReason,
) -> Decision {
    let card = active(holder, proof)?;
    if holder.certificate_records().is_revoked() {
        return Ok(vec![]);
    }
    let mut serials = serials(&card.certificates);
    if let Some(open) = holder.card_update() {
        serials.extend(open.issued().map(|certificate| certificate.serial.clone()));
    }
    Ok(vec![HolderEvent::CertificatesRevoked {
        card: card.card.clone(),
        on: ctx.today(),
        reason,
        serials,
        by: Renewer::Holder,
    }])
}

/// C-04: the registration authority has seen who he is.
pub(crate) fn authorise(ctx: &Context<'_>, holder: &Holder, visit: Visit) -> Decision {
    let card = holder.card().ok_or(holder::Refusal::CardNotActive)?;
    if holder.certificate_records().is_revoked() {
        return Err(Refusal::Revoked.into());
    }
    let Visit { evidence, place } = visit;
    let place = place.trim().to_owned();
    let is_too_long = PLACE_CHARACTERS_MAX < place.chars().count();
    if place.is_empty() || is_too_long || place.contains(char::is_control) {
        return Err(Refusal::PlaceNotValid.into());
    }
    // B-63: somebody's word is enough for an account alone.
    if evidence == IdentityEvidence::Vouched {
        return Err(desk::Refusal::EvidenceNotEnough.into());
    }
    let until = ctx.now + TimeDelta::minutes(ctx.policy().desk_minutes.into());
    let card = card.card.clone();
    Ok(vec![HolderEvent::RenewalAuthorised { card, until, evidence, place }])
}

/// B-61: the holder's active card, which is the one that agreed.
fn active<'a>(
    holder: &'a Holder,
    proof: &Authenticated,
) -> Result<&'a IssuedCard, refusal::Refusal> {
    let card = holder.card().filter(|card| card.card == *proof.card());
    card.ok_or_else(|| holder::Refusal::CardNotActive.into())
}

fn open(holder: &Holder, update: CommandId) -> Result<&CardUpdate, Refusal> {
    holder.card_update().filter(|open| open.update == update).ok_or(Refusal::NoUpdate)
}

/// The open update, as long as this visit is the one that has taken it up.
fn taken(holder: &Holder, visitor: Visitor) -> Result<&CardUpdate, Refusal> {
    let open = open(holder, visitor.update)?;
    if open.job == visitor.job { Ok(open) } else { Err(Refusal::OtherJob) }
}

/// B-57: a card whose certificates are suspended gets no others.
fn not_suspended(holder: &Holder) -> Result<(), Refusal> {
    match holder.certificate_records().suspended() {
        Some(_) => Err(Refusal::Suspended),
        None => Ok(()),
    }
}

fn has_renewed(holder: &Holder, update: CommandId) -> bool {
    holder.renewed().is_some_and(|last| last.update == update)
}

/// A key that any slot of the card has had, as far as is recorded: one that was given up had a
/// certificate, which is revoked.
fn is_known(holder: &Holder, open: &CardUpdate, key: &PublicKey) -> bool {
    let recorded = holder.card().is_some_and(|card| {
        let keys = &card.keys;
        [&keys.authentication, &keys.signature, &keys.card_authentication].contains(&key)
    });
    let is_there = Slot::ALL.into_iter().any(|slot| open.slot(slot).key() == Some(key));
    recorded || is_there || open.has_given_up(key)
}
