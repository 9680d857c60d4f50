//! A card's PUK on its way to an agent: released only inside an unlock that has passed everything,
//! encrypted to the agent's key for that one job, and replaced on the card in the same job.
//!
//! What an agent was given counts as exposed until the card has another: the next job with that card
//! finds out which one it has, and replaces it (`puk_exposed`). Each step is in the log before the agent
//! has what it needs for it, so that no crash and no torn card leaves one whose PUK nobody knows. What an
//! agent says is its word about the newest step of its own job, and of no other; a card that takes
//! neither of two PUKs is left alone from then on, because each try may be its last.

pub mod earlier;

use domain::{
    card::{Puk, Step},
    holder::{HolderCommand, HolderEvent},
    ids::{EventId, SecretRef},
    unlock::Refusal,
};
use protocol::{Answer, Bytes, PukFound, PukPart, PukPlan, PukRelease, seal_puk};
use stores::vault::{Keep, PUK_PURPOSE};
use workflows::card_job::{Claim, Goal, Stage};
use zeroize::Zeroizing;

use super::{
    OpenJob,
    passcode::takes,
    personalise::{PUK_DIGITS, puk_secret},
    proof::claimed,
    unlock::in_time,
};
use crate::{
    agents::answers::Stop,
    app::App,
    execute::{Actor, ExecuteError},
};

/// PUKs per card and day that are handed out, each for one step.
pub const PUKS_A_DAY: u32 = 20;

/// The next step with the card's PUK, for the agent that holds the job.
pub async fn take(app: &App, open: &OpenJob, key: &Bytes) -> Result<Answer, Stop> {
    let claim = claimed(open)?;
    let heals = heals(open)?;
    // B-39: nothing is given for an unlock whose time is over, whatever it has had.
    if let Goal::Unlock(planned) = &open.job.goal {
        in_time(app, planned).await?;
    }
    let loaded = app.load(claim.holder()?).await.map_err(anyhow::Error::from)?;
    let puk = loaded.holder.puk();
    match puk {
        Puk::Unknown | Puk::Lost => return Err(refused(Refusal::NoPuk)),
        Puk::Known(_) if heals => {
            return Err(Stop::no("", "Nothing of this smartcard has to be replaced."));
        }
        Puk::Known(_) | Puk::Settled { .. } | Puk::Changing { .. } => {}
    }
    if !takes(app, &format!("puk {}", claim.card), PUKS_A_DAY).await? {
        return Err(Stop::no(
            "U-01",
            "This smartcard was unlocked too often today. Try again tomorrow.",
        ));
    }
    let plan = match puk {
        Puk::Changing { .. } => probe(app, open, claim, key).await?,
        Puk::Unknown | Puk::Known(_) | Puk::Settled { .. } | Puk::Lost => {
            release(app, open, claim, key).await?
        }
    };
    Ok(Answer::Puk(plan))
}

/// Whether the job replaces a PUK that is exposed, or unlocks the card with it; refused where it may do
/// neither.
fn heals(open: &OpenJob) -> Result<bool, Stop> {
    match (&open.job.goal, &open.job.stage) {
        (Goal::Unlock(_), Stage::Writing(..)) => Ok(false),
        (
            Goal::LogIn | Goal::ChangePasscodes(_) | Goal::UpdateCard(_) | Goal::Register(_),
            Stage::Agreed(_),
        ) => Ok(true),
        (
            Goal::LogIn
            | Goal::ChangePasscodes(_)
            | Goal::UpdateCard(_)
            | Goal::Register(_)
            | Goal::BeginUnlock { .. }
            | Goal::Unlock(_)
            | Goal::Personalise { .. },
            _,
        ) => Err(Stop::no("", "This is not the step at which the smartcard is unlocked.")),
    }
}

/// A new PUK is in the vault and the release in the log before the agent has either.
async fn release(app: &App, open: &OpenJob, claim: &Claim, key: &Bytes) -> Result<PukPlan, Stop> {
    let command = app.entropy().command_id(app.now());
    let to = puk_secret(command, &claim.card);
    let digits = Zeroizing::new(app.entropy().digits(PUK_DIGITS));
    let entropy = app.entropy().bytes().into();
    app.stores()
        .vault
        .seal(
            to,
            claim.holder()?,
            PUK_PURPOSE,
            claim.card.as_str(),
            &digits,
            entropy,
            Keep::IfNamedBy(EventId::derive(command, 0)),
            app.now(),
        )
        .await
        .map_err(anyhow::Error::from)?;
    let unlock = match &open.job.goal {
        Goal::Unlock(planned) => Some(planned.unlock),
        Goal::LogIn
        | Goal::ChangePasscodes(_)
        | Goal::UpdateCard(_)
        | Goal::Register(_)
        | Goal::BeginUnlock { .. }
        | Goal::Personalise { .. } => None,
    };
    let card = claim.card.clone();
    let release = HolderCommand::ReleasePuk { job: open.id.0, unlock, card, to };
    let cause = open.causes(command);
    let done = app.execute(claim.holder()?, cause, Actor::System, &release).await?;
    let [HolderEvent::PukReleased { step, from, to, .. }] = done.events[..] else {
        return Err(Stop::Failed(anyhow::anyhow!("a PUK was released and is not on record")));
    };
    Ok(PukPlan::Replace {
        step: step.number,
        from: sealed(app, open, claim, key, from, PukPart::From).await?,
        to: sealed(app, open, claim, key, to, PukPart::To).await?,
    })
}

/// Which of the two the card has, nobody knows: in the log is with which one the agent begins, so that
/// whoever comes after a torn try begins with the other.
async fn probe(app: &App, open: &OpenJob, claim: &Claim, key: &Bytes) -> Result<PukPlan, Stop> {
    let command = app.entropy().command_id(app.now());
    let probe = HolderCommand::ProbePuk { job: open.id.0, card: claim.card.clone() };
    let cause = open.causes(command);
    let done = app.execute(claim.holder()?, cause, Actor::System, &probe).await?;
    let [HolderEvent::PukProbed { step, .. }] = done.events[..] else {
        return Err(Stop::Failed(anyhow::anyhow!("a card is asked and that is not on record")));
    };
    let (first, second) = probed(app, claim).await?;
    Ok(PukPlan::Find {
        step: step.number,
        first: sealed(app, open, claim, key, first, PukPart::First).await?,
        second: sealed(app, open, claim, key, second, PukPart::Second).await?,
    })
}

/// The candidates in the order of the last probe.
async fn probed(app: &App, claim: &Claim) -> Result<(SecretRef, SecretRef), Stop> {
    let loaded = app.load(claim.holder()?).await.map_err(anyhow::Error::from)?;
    match loaded.holder.puk() {
        Puk::Changing { from, to, probed: Some(first), .. } => {
            Ok(if first == from { (from, to) } else { (to, from) })
        }
        Puk::Changing { probed: None, .. }
        | Puk::Unknown
        | Puk::Known(_)
        | Puk::Settled { .. }
        | Puk::Lost => Err(Stop::no("", "Nothing was asked of this smartcard.")),
    }
}

/// A rule of unlocking says no.
fn refused(refusal: Refusal) -> Stop {
    ExecuteError::Refused(refusal.into()).into()
}

async fn sealed(
    app: &App,
    open: &OpenJob,
    claim: &Claim,
    key: &Bytes,
    secret: SecretRef,
    part: PukPart,
) -> Result<Bytes, Stop> {
    let card = claim.card.as_str();
    let vault = &app.stores().vault;
    let puk = vault.open_sealed(secret, PUK_PURPOSE, card, app.now()).await;
    let puk = puk
        .map_err(anyhow::Error::from)?
        .ok_or_else(|| anyhow::anyhow!("a PUK that is on record is not in the vault"))?;
    let release = PukRelease { job: open.id, card, part };
    seal_puk(key, release, &puk, app.entropy().bytes())
        .map_err(|_| Stop::no("", "The card software sent something that is not a key."))
}

/// The card has taken one of the candidates, or not, as the agent says. An agent that lies here gets the
/// PUK that it has been given replaced by another that it is given, and no further; what it says the
/// card has not is kept.
pub async fn found(app: &App, open: &OpenJob, step: u32, which: PukFound) -> Result<Answer, Stop> {
    let claim = claimed(open)?;
    heals(open)?;
    let step = Step { job: open.id.0, number: step };
    let (first, second) = probed(app, claim).await?;
    let card = claim.card.clone();
    match which {
        PukFound::First => {
            tell(app, open, HolderCommand::SettlePuk { step, card, secret: first }).await?;
        }
        PukFound::Second => {
            tell(app, open, HolderCommand::SettlePuk { step, card, secret: second }).await?;
        }
        PukFound::NotFirst => {
            rule_out(app, open, step, first).await?;
        }
        PukFound::Neither => {
            for secret in [first, second] {
                rule_out(app, open, step, secret).await?;
            }
        }
    }
    Ok(Answer::Noted)
}

/// On behalf of the job.
async fn tell(app: &App, open: &OpenJob, command: HolderCommand) -> Result<Vec<HolderEvent>, Stop> {
    let cause = open.causes(app.entropy().command_id(app.now()));
    let done = app.execute(claimed(open)?.holder()?, cause, Actor::System, &command).await?;
    Ok(done.events)
}

/// The card has not taken this one. If it has not taken the other either, the agent is to try nothing
/// more.
async fn rule_out(app: &App, open: &OpenJob, step: Step, secret: SecretRef) -> Result<(), Stop> {
    let card = claimed(open)?.card.clone();
    let events = tell(app, open, HolderCommand::RuleOutPuk { step, card, secret }).await?;
    if events.iter().any(|event| matches!(event, HolderEvent::PukLost { .. })) {
        tracing::error!(card = %claimed(open)?.card, "a card takes neither of its PUKs");
        return Err(refused(Refusal::NoPuk));
    }
    Ok(())
}

/// The card has the next PUK, and what any agent was given is worth nothing any more; or it has not
/// taken the one before, and the next job asks it for the next one.
pub async fn replaced(
    app: &App,
    open: &OpenJob,
    step: u32,
    replaced: bool,
) -> Result<Answer, Stop> {
    let claim = claimed(open)?;
    heals(open)?;
    let step = Step { job: open.id.0, number: step };
    let card = claim.card.clone();
    if replaced {
        tell(app, open, HolderCommand::ReplacePuk { step, card }).await?;
        app.prune_vault(claim.holder()?).await;
    } else {
        tracing::warn!(%card, "a card has not taken its next PUK");
        let loaded = app.load(claim.holder()?).await.map_err(anyhow::Error::from)?;
        let Puk::Changing { from, .. } = loaded.holder.puk() else {
            return Err(refused(Refusal::NotThere));
        };
        rule_out(app, open, step, from).await?;
    }
    Ok(Answer::Noted)
}
