//! The two visits of an unlock to the card reader: the card shows that it is there, which a locked one
//! does as well (U-04, B-40); and, after questions and code in the browser, it gets a new passcode
//! (U-12).
//!
//! Until a card has shown that it is there, every start gets the same answers, whoever's card it is
//! said to be, and nothing is looked up. What a refusal costs is the same, too: a key that nobody has
//! is verified with where there is no card, and no refusal is told before [`REFUSED_AFTER`].

use std::time::Duration;

use domain::{
    card::PublicKey,
    decider::Decider as _,
    holder::HolderCommand,
    ids::{CardSerial, CommandId, EventId, HolderId, SecretRef},
    logon::CardPresent,
    self_service::CodePurpose,
    unlock,
};
use protocol::{Answer, Purpose};
use stores::{
    agent::AgentId,
    vault::{CodeBinding, VaultError},
};
use subtle::ConstantTimeEq as _;
use workflows::card_job::{Claim, Goal, Input, PlannedUnlock, Stage, journal::JournalEvent};
use zeroize::Zeroizing;

use super::{
    OpenJob, passcode,
    passcode::takes,
    proof::{self, claimed},
    same_value,
};
use crate::{
    agents::answers::Stop,
    app::App,
    attempts, codes,
    execute::{Actor, Cause, ExecuteError},
};

/// How long it takes to refuse a card that has not shown that it is there: some fifty times what the
/// longest life of a holder takes to be read, so that nobody can tell by the time whether there is one.
pub const REFUSED_AFTER: Duration = Duration::from_millis(50);

/// `SubjectPublicKeyInfo` of a P-256 key that nobody has the private half of: the point whose x is the
/// SHA-256 of `latchkey/v1 nobody's card 1` and whose y is even.
const NOBODYS: [u8; 91] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
    0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04, 0x96, 0xe5, 0xd6, 0x70, 0x9f,
    0x9e, 0xf4, 0xa6, 0x48, 0x39, 0xf9, 0x3d, 0x3e, 0x2b, 0x9a, 0x90, 0x96, 0xff, 0xa4, 0xf5, 0x81,
    0x30, 0x0c, 0x85, 0x19, 0x2f, 0xe6, 0x11, 0x2c, 0x1a, 0x32, 0xe6, 0x1d, 0xb3, 0xa9, 0xab, 0xd2,
    0x99, 0x80, 0x74, 0xf9, 0x80, 0x10, 0x95, 0x00, 0xe3, 0x8a, 0xd5, 0x98, 0x18, 0x55, 0x02, 0x17,
    0x5f, 0x29, 0x79, 0x1c, 0x87, 0xfe, 0x5b, 0x74, 0x08, 0x4b, 0xdc,
];

/// U-04, B-40: 9E has signed, or not: one refusal for everything that is not a card on record showing
/// itself. What may be done with the card is told to the browser, not to the agent.
pub async fn shown(app: &App, open: &OpenJob, signature: &[u8]) -> Result<Answer, Stop> {
    let claim = claimed(open)?;
    let Goal::BeginUnlock { unlock } = open.job.goal else {
        return Err(Stop::no("", "This job does not unlock a card."));
    };
    let began = app.clock().elapsed();
    let found = whose(app, &claim.card).await?;
    let key = found
        .as_ref()
        .map_or_else(|| PublicKey::from_der(NOBODYS.to_vec()), |(_, key)| key.clone());
    let is_signed = proof::is_signed(app, open, Purpose::Present, &key, signature)?;
    let Some((holder, _)) = found.filter(|_| is_signed) else {
        let taken = app.clock().elapsed().saturating_sub(began);
        app.clock().rest(REFUSED_AFTER.saturating_sub(taken)).await;
        return Err(proof::not_shown());
    };
    // The answer may have been lost on its way.
    if matches!(open.job.stage, Stage::Done(_)) {
        return Ok(Answer::Done { code: app.return_code(open.id).await? });
    }
    open.check(Input::Shown { holder })?;
    attempts::proved(app, AgentId(claim.agent)).await?;
    // Whoever unlocks his card at the desk's second reader has the desk's browser before him.
    let sessions = &app.stores().sessions;
    let suspended = sessions.suspend_others(AgentId(claim.agent), holder, app.now()).await;
    suspended.map_err(anyhow::Error::from)?;
    start(app, open, claim, holder, unlock).await?;
    let next = app.step_job(open, Input::Shown { holder }).await?;
    Ok(Answer::Done { code: app.return_code(next.id).await? })
}

/// The holder of a card that is in use, and its 9E key. As much is read where there is none.
async fn whose(app: &App, card: &CardSerial) -> Result<Option<(HolderId, PublicKey)>, Stop> {
    let bound = app.holder_of(card).await?;
    let loaded = app.load(bound.unwrap_or(HolderId(uuid::Uuid::nil()))).await;
    let loaded = loaded.map_err(anyhow::Error::from)?;
    let active = loaded.holder.card().filter(|active| active.card == *card);
    Ok(bound.zip(active.map(|active| active.keys.card_authentication.clone())))
}

/// B-40 is decided, and whatever comes of it recorded with workstation and reader (U-06).
async fn start(
    app: &App,
    open: &OpenJob,
    claim: &Claim,
    holder: HolderId,
    unlock: CommandId,
) -> Result<(), Stop> {
    let begun = app.stores().log.contains(EventId::derive(unlock, 0)).await;
    if begun.map_err(anyhow::Error::from)? {
        return Ok(());
    }
    let key = format!("unlock-start {}", claim.card);
    let is_within = takes(app, &key, app.policy().unlock_starts_per_day.into()).await?;
    // The first one beyond is recorded and told in the browser; all others are told here.
    let told = format!("unlock-start-refused {}", claim.card);
    if !is_within && !takes(app, &told, 1).await? {
        return Err(Stop::no(
            "B-40",
            "Unlocking this smartcard was started too often today. Try again tomorrow, or ask your Registration Authority.",
        ));
    }
    let loaded = app.load(holder).await.map_err(anyhow::Error::from)?;
    let workstation = app.agents().agent(AgentId(claim.agent)).await?;
    let proof = CardPresent::by_signature(&loaded.holder, &claim.card)
        .map_err(|refusal| Stop::no(refusal.rule().as_str(), &format!("{refusal}.")))?;
    let workstation = workstation.map_or_else(String::new, |seen| seen.workstation);
    let reader = claim.reader.clone();
    let command = if is_within {
        HolderCommand::StartUnlock { unlock, proof, draw: drawn(app), workstation, reader }
    } else {
        HolderCommand::RefuseUnlock { unlock, proof, workstation, reader }
    };
    app.execute(holder, open.causes(unlock), Actor::Somebody, &command).await?;
    send_code(app, open, holder, unlock).await
}

/// B-58: with a sponsor's help a mailed code is what the holder adds to it: it is sent at once. Where it
/// may not be (B-36), or we die before it, the page offers it.
async fn send_code(
    app: &App,
    open: &OpenJob,
    holder: HolderId,
    unlock: CommandId,
) -> Result<(), Stop> {
    let loaded = app.load(holder).await.map_err(anyhow::Error::from)?;
    let context = app.context(&loaded);
    let self_service = loaded.holder.self_service();
    let is_awaited = matches!(
        self_service.unlock_of(&context, unlock),
        Ok(unlock::Unlock { stage: unlock::Stage::Code, .. })
    );
    if !is_awaited || !self_service.codes(CodePurpose::Unlock, unlock).is_empty() {
        return Ok(());
    }
    let (purpose, code) = (CodePurpose::Unlock, codes::new_code(app));
    let send = HolderCommand::SendCode { purpose, flow: unlock, code };
    let cause = open.causes(app.entropy().command_id(app.now()));
    match app.execute(holder, cause, Actor::Somebody, &send).await {
        Ok(_) | Err(ExecuteError::Refused(_) | ExecuteError::Conflict) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// B-32: an order of four, each as likely as any other.
fn drawn(app: &App) -> [u8; 4] {
    let mut order = [0, 1, 2, 3];
    for last in (1..order.len()).rev() {
        order.swap(last, below(app, last + 1));
    }
    order
}

/// A random number below `n`, at most 256, without bias.
fn below(app: &App, n: usize) -> usize {
    let fair = 256 - 256 % n;
    loop {
        let [byte] = app.entropy().bytes();
        if usize::from(byte) < fair {
            return usize::from(byte) % n;
        }
    }
}

/// B-39: the new passcode may be chosen now.
pub(crate) async fn in_time(app: &App, planned: &PlannedUnlock) -> Result<(), Stop> {
    let loaded = app.load(planned.holder).await.map_err(anyhow::Error::from)?;
    let standing = loaded.holder.self_service().unlock_of(&app.context(&loaded), planned.unlock);
    let refusal = match standing.map(|unlock| unlock.stage) {
        Ok(unlock::Stage::Passcode { .. }) => return Ok(()),
        Ok(_) => unlock::Refusal::NotThere,
        Err(refusal) => refusal,
    };
    let message = format!("{refusal}. {}", refusal.way_out());
    Err(Stop::no(refusal.rule().as_str(), &message))
}

/// U-12: the card is there, and what was answered in the browser stands for its holder's signature.
pub async fn open_unlock(app: &App, open: &OpenJob) -> Result<Answer, Stop> {
    let planned = planned(open)?;
    open.check(Input::Opened)?;
    in_time(app, planned).await?;
    let open = app.step_job(open, Input::Opened).await?;
    Ok(passcode::agreed(app, &open))
}

fn planned(open: &OpenJob) -> Result<&PlannedUnlock, Stop> {
    match &open.job.goal {
        Goal::Unlock(planned) => Ok(planned),
        Goal::LogIn
        | Goal::ChangePasscodes(_)
        | Goal::UpdateCard(_)
        | Goal::Register(_)
        | Goal::BeginUnlock { .. }
        | Goal::Personalise { .. } => Err(Stop::no("", "This job does not unlock a card.")),
    }
}

/// Before the card is written: everything that could say no afterwards (B-39, U-10).
pub(super) async fn check(
    app: &App,
    planned: &PlannedUnlock,
    secret: SecretRef,
    tag: &[u8],
) -> Result<(), Stop> {
    in_time(app, planned).await?;
    let loaded = app.load(planned.holder).await.map_err(anyhow::Error::from)?;
    let complete = HolderCommand::CompleteUnlock { unlock: planned.unlock, secret };
    loaded.holder.decide(&app.context(&loaded), complete).map_err(ExecuteError::Refused)?;
    if is_code(app, planned, tag).await? {
        return Err(Stop::again(
            "U-10",
            "Your new passcode must not be the code that was sent to you. Choose another one.",
        ));
    }
    Ok(())
}

/// U-10, B-27: whether the wanted passcode is the code, in capitals or not. The server makes the tag that
/// the code would have, and stores nothing.
async fn is_code(app: &App, planned: &PlannedUnlock, tag: &[u8]) -> Result<bool, Stop> {
    let loaded = app.load(planned.holder).await.map_err(anyhow::Error::from)?;
    let codes = loaded.holder.self_service().codes(CodePurpose::Unlock, planned.unlock);
    let Some(newest) = codes.last() else { return Ok(false) };
    let binding = CodeBinding {
        code: newest.code,
        key: newest.key,
        purpose: CodePurpose::Unlock.as_str(),
        holder: planned.holder,
        card: &planned.card,
        flow: planned.unlock,
    };
    let code = match app.stores().vault.code(&binding) {
        Ok(code) => code.plain(),
        Err(VaultError::KeyMissing { .. }) => return Ok(false),
        Err(error) => return Err(Stop::Failed(error.into())),
    };
    let mut small = Zeroizing::new(code.as_bytes().to_vec());
    small.make_ascii_lowercase();
    for form in [Zeroizing::new(code.as_bytes().to_vec()), small] {
        let of_code = same_value::tag_of(app, planned.holder, form).await?;
        if bool::from(of_code.as_slice().ct_eq(tag)) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Which command makes an unlock complete whose new passcode is kept under this reference.
#[must_use]
pub(super) fn completes(secret: SecretRef) -> CommandId {
    const PLACE: u32 = 6_000;
    CommandId(EventId::derive(CommandId(secret.0), PLACE).0)
}

/// The new passcode is on the card, read back: it is set, and the unlock is complete.
pub(super) async fn confirm(
    app: &App,
    open: &OpenJob,
    planned: &PlannedUnlock,
) -> Result<(), Stop> {
    let secret = written(open)?;
    let complete = HolderCommand::CompleteUnlock { unlock: planned.unlock, secret };
    let cause = Cause { command: completes(secret), begun_by: planned.unlock };
    match app.execute(planned.holder, cause, Actor::Holder, &complete).await {
        Ok(_) => {}
        // What is on the card is a fact that no rule can refuse.
        Err(ExecuteError::Refused(_)) => {
            let note = HolderCommand::NoteChangedElsewhere { secret };
            app.execute(planned.holder, cause, Actor::System, &note).await?;
        }
        Err(error) => return Err(error.into()),
    }
    passcode::journal(app, open, &JournalEvent::CardWriteConfirmed {}).await?;
    app.step_job(open, Input::Written).await?;
    app.prune_vault(planned.holder).await;
    app.live().ring(planned.holder);
    Ok(())
}

/// The card has kept what it had.
pub(super) async fn abandon(app: &App, open: &OpenJob) -> Result<(), Stop> {
    let secret = written(open)?;
    passcode::journal(app, open, &JournalEvent::CardWriteAbandoned {}).await?;
    app.stores().vault.release(&[secret]).await.map_err(anyhow::Error::from)?;
    app.step_job(open, Input::NotWritten).await?;
    Ok(())
}

/// The card has this one's passcode: what other visits of the same holder may have written is on it no
/// more.
pub(super) async fn leave_others(
    app: &App,
    open: &OpenJob,
    planned: &PlannedUnlock,
) -> Result<(), Stop> {
    for other in app.unsettled_jobs(&planned.card).await? {
        if other.id != open.id && matches!(other.job.goal, Goal::Unlock(_)) {
            abandon(app, &other).await?;
        }
    }
    Ok(())
}

fn written(open: &OpenJob) -> Result<SecretRef, Stop> {
    let (Stage::Writing(_, secret) | Stage::Unknown(_, secret)) = &open.job.stage else {
        return Err(Stop::no("", "Nothing is being written."));
    };
    Ok(*secret)
}
