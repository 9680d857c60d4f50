//! Whether a card key signed the sentence that this job asks for. The only thing that makes a
//! claim of an agent true.

use domain::card::PublicKey;
use protocol::{Purpose, Statement};
use workflows::card_job::{Claim, Goal, OutOfOrder};

use super::{OpenJob, act_of, update};
use crate::{agents::answers::Stop, app::App};

/// *The card is there*: 9E of the card on record.
pub async fn present(app: &App, open: &OpenJob, signature: &[u8]) -> Result<(), Stop> {
    let claim = claimed(open)?;
    let key = app.card_keys(claim).await?.card_authentication;
    check(app, open, Purpose::Present, &key, signature)
}

/// *Its holder agrees*: 9A, after VERIFY, over the purpose of the act.
///
/// B-55: where an update has the card between old and new, by the key that the update knows, and
/// over the update.
pub async fn agreed(app: &App, open: &OpenJob, signature: &[u8]) -> Result<(), Stop> {
    let claim = claimed(open)?;
    let loaded = app.load(claim.holder()?).await.map_err(anyhow::Error::from)?;
    if let Some((resume, key)) = update::resume(&loaded) {
        return check(app, open, Purpose::ResumeUpdate(resume.update), &key, signature);
    }
    let (purpose, key) = match &open.job.goal {
        Goal::LogIn => (Purpose::LogIn, app.card_keys(claim).await?.authentication),
        Goal::Register(_) => (Purpose::Register, app.card_keys(claim).await?.authentication),
        // An unlock is agreed to by the code that was mailed.
        Goal::BeginUnlock { unlock: _ } | Goal::Unlock(_) => {
            return Err(OutOfOrder::NotNow.into());
        }
        Goal::UpdateCard(_) => (Purpose::UpdateCard, app.card_keys(claim).await?.authentication),
        Goal::ChangePasscodes(_) => {
            (Purpose::ChangePasscodes, app.card_keys(claim).await?.authentication)
        }
        Goal::Personalise { made, .. } => match &made.authentication {
            Some(key) => (Purpose::Personalise, key.clone()),
            None => return Err(Stop::no("", "The card has made no key yet.")),
        },
    };
    check(app, open, purpose, &key, signature)
}

/// The claim, or the refusal of whoever is out of order.
pub fn claimed(open: &OpenJob) -> Result<&Claim, Stop> {
    open.job.claim().ok_or_else(|| Stop::no("", "Nobody has taken this step yet."))
}

fn check(
    app: &App,
    open: &OpenJob,
    purpose: Purpose,
    key: &PublicKey,
    signature: &[u8],
) -> Result<(), Stop> {
    if is_signed(app, open, purpose, key, signature)? { Ok(()) } else { Err(not_shown()) }
}

/// The one refusal of a signature that is not the right one.
pub(super) fn not_shown() -> Stop {
    Stop::again("P-05", "The card in the reader could not show that it is your smartcard.")
}

/// True if this key signed the sentence for that purpose.
pub(super) fn is_signed(
    app: &App,
    open: &OpenJob,
    purpose: Purpose,
    key: &PublicKey,
    signature: &[u8],
) -> Result<bool, Stop> {
    let claim = claimed(open)?;
    let nonce = hex::decode(&claim.nonce).map_err(anyhow::Error::from)?;
    let statement = Statement {
        purpose,
        origin: app.origin(),
        job: open.id,
        nonce: &nonce,
        change: Statement::hash_of_act(&act_of(&open.job.goal)),
    };
    Ok(issuer::verify_p256(key.der(), &statement.bytes(), signature))
}
