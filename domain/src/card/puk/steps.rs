//! What may be done with a card's PUK, and what an agent is believed to have done.

use uuid::Uuid;

use super::{NamedPuk, Puk, Puks, Step};
use crate::{
    context::Context,
    holder::{self, Holder, HolderEvent},
    ids::{CardSerial, CommandId, SecretRef},
    refusal,
    unlock::{self, Stage},
};

type Decision = Result<Vec<HolderEvent>, refusal::Refusal>;

/// The card is the active one.
fn on_active<'a>(holder: &'a Holder, card: &CardSerial) -> Result<&'a Puks, refusal::Refusal> {
    let is_active = holder.card().is_some_and(|active| active.card == *card);
    if is_active { Ok(holder.puks()) } else { Err(holder::Refusal::CardNotActive.into()) }
}

/// What is said of the newest step, and of no other.
fn of_step<'a>(
    holder: &'a Holder,
    card: &CardSerial,
    step: Step,
) -> Result<&'a Puks, refusal::Refusal> {
    let puks = on_active(holder, card)?;
    if puks.is_at(step) { Ok(puks) } else { Err(unlock::Refusal::NotThere.into()) }
}

/// What personalisation has written.
pub(crate) fn record(holder: &Holder, card: CardSerial, secret: SecretRef) -> Decision {
    match on_active(holder, &card)?.puk {
        Puk::Unknown => Ok(vec![HolderEvent::PukRecorded { card, secret }]),
        Puk::Known(known) if known == secret => Ok(vec![]),
        Puk::Known(_) | Puk::Settled { .. } | Puk::Changing { .. } | Puk::Lost => {
            Err(unlock::Refusal::NotThere.into())
        }
    }
}

/// Who asks for a PUK.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Asker {
    /// The visit.
    pub(crate) job: Uuid,
    /// The unlock it is for; none where it replaces a PUK that an agent has had.
    pub(crate) unlock: Option<CommandId>,
}

/// Recorded before an agent gets anything. A PUK that no agent has is released inside an unlock that
/// has passed everything, and nowhere else.
pub(crate) fn release(
    ctx: &Context<'_>,
    holder: &Holder,
    asker: Asker,
    card: CardSerial,
    to: SecretRef,
) -> Decision {
    let puks = on_active(holder, &card)?;
    let step = puks.next(asker.job);
    match puks.puk {
        Puk::Unknown | Puk::Lost => Err(unlock::Refusal::NoPuk.into()),
        Puk::Changing { to: next, .. } if next == to => Ok(vec![]),
        Puk::Changing { .. } => Err(unlock::Refusal::PukUnsettled.into()),
        Puk::Settled { secret: from, .. } => {
            Ok(vec![HolderEvent::PukReleased { card, step, from, to }])
        }
        Puk::Known(from) => {
            passed(ctx, holder, asker.unlock.ok_or(unlock::Refusal::NotThere)?)?;
            Ok(vec![HolderEvent::PukReleased { card, step, from, to }])
        }
    }
}

/// U-12, B-39: this unlock is where the new passcode may be chosen, in time.
fn passed(ctx: &Context<'_>, holder: &Holder, unlock: CommandId) -> Result<(), refusal::Refusal> {
    match holder.self_service().unlock_of(ctx, unlock)?.stage {
        Stage::Passcode { .. } => Ok(()),
        Stage::Questions { .. } | Stage::RecoveryPasscode | Stage::Code | Stage::Done => {
            Err(unlock::Refusal::NotThere.into())
        }
    }
}

/// Recorded before the card is asked: which of the two is tried first.
pub(crate) fn probe(holder: &Holder, job: Uuid, card: CardSerial) -> Decision {
    let puks = on_active(holder, &card)?;
    let step = puks.next(job);
    match (puks.puk, puks.puk.candidates().0) {
        (Puk::Changing { .. }, Some(first)) => {
            Ok(vec![HolderEvent::PukProbed { card, step, first }])
        }
        (
            Puk::Unknown | Puk::Known(_) | Puk::Settled { .. } | Puk::Changing { .. } | Puk::Lost,
            _,
        ) => Err(unlock::Refusal::NotThere.into()),
    }
}

/// The card has shown which it has.
pub(crate) fn settle(holder: &Holder, step: Step, card: CardSerial, secret: SecretRef) -> Decision {
    match of_step(holder, &card, step)?.puk {
        Puk::Changing { from, to, probed: Some(_), .. } if secret == from || secret == to => {
            Ok(vec![HolderEvent::PukSettled(NamedPuk { card, step, secret })])
        }
        Puk::Settled { secret: settled, .. } if settled == secret => Ok(vec![]),
        Puk::Unknown | Puk::Known(_) | Puk::Settled { .. } | Puk::Changing { .. } | Puk::Lost => {
            Err(unlock::Refusal::NotThere.into())
        }
    }
}

/// The card has not taken this one. If it has not taken the other either, nobody knows what it has.
pub(crate) fn rule_out(
    holder: &Holder,
    step: Step,
    card: CardSerial,
    secret: SecretRef,
) -> Decision {
    let puk = of_step(holder, &card, step)?.puk;
    let not_there = || unlock::Refusal::NotThere;
    match puk {
        Puk::Changing { ruled_out, .. } => {
            let other = puk.other(secret).ok_or_else(not_there)?;
            if ruled_out == Some(secret) {
                Ok(vec![])
            } else if ruled_out == Some(other) {
                Ok(vec![HolderEvent::PukLost { card, step }])
            } else {
                Ok(vec![HolderEvent::PukRuledOut(NamedPuk { card, step, secret })])
            }
        }
        Puk::Lost => Ok(vec![]),
        Puk::Unknown | Puk::Known(_) | Puk::Settled { .. } => Err(not_there().into()),
    }
}

/// The card has the next one.
pub(crate) fn replace(holder: &Holder, step: Step, card: CardSerial) -> Decision {
    match of_step(holder, &card, step)?.puk {
        Puk::Changing { to: secret, probed: None, .. } => {
            Ok(vec![HolderEvent::PukReplaced(NamedPuk { card, step, secret })])
        }
        Puk::Known(_) => Ok(vec![]),
        Puk::Unknown | Puk::Settled { .. } | Puk::Changing { .. } | Puk::Lost => {
            Err(unlock::Refusal::NotThere.into())
        }
    }
}
