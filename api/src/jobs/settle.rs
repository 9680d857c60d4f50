//! What the passcode that a card accepts says about what we did not know.
//!
//! A passcode cannot be read back. But after every VERIFY its tag is here: equal to a pending one,
//! the torn write had landed; equal to the current one, it had not; equal to neither, somebody
//! changed the passcode outside the product, and the ledger says so (`PasscodeChangedElsewhere`).

use domain::{
    holder::HolderCommand,
    ids::{EventId, HolderId, SecretRef},
    passcode::Kind,
};
use stores::vault::NewPasscode;
use workflows::card_job::{Goal, Stage};

use super::{OpenJob, passcode, proof::claimed, unlock};
use crate::{agents::answers::Stop, app::App, execute::Actor};

/// Settles every open write of this card by the tag of the passcode it accepts.
pub(super) async fn settle(app: &App, open: &OpenJob, tag: &[u8]) -> Result<(), Stop> {
    let claim = claimed(open)?;
    for torn in app.unsettled_jobs(&claim.card).await? {
        let (Stage::Writing(_, secret) | Stage::Unknown(_, secret)) = &torn.job.stage else {
            continue;
        };
        let has_it = matches(app, &[*secret], tag).await?;
        match (&torn.job.goal, has_it) {
            (Goal::ChangePasscodes(change), true) => passcode::confirm(app, &torn, change).await?,
            (Goal::ChangePasscodes(change), false) => passcode::abandon(app, &torn, change).await?,
            (Goal::Unlock(planned), true) => unlock::confirm(app, &torn, planned).await?,
            (Goal::Unlock(_), false) => unlock::abandon(app, &torn).await?,
            (
                Goal::LogIn
                | Goal::UpdateCard(_)
                | Goal::Personalise { .. }
                | Goal::Register(_)
                | Goal::BeginUnlock { .. },
                _,
            ) => {}
        }
    }
    let loaded = app.load(claim.holder()?).await.map_err(anyhow::Error::from)?;
    let last = loaded.holder.passcodes().compare_with(Kind::Smartcard, app.policy());
    let current = last.last().copied();
    let known = match current {
        Some(current) => matches(app, &[current], tag).await?,
        None => true,
    };
    if !known {
        changed_elsewhere(app, open, claim.holder()?, tag).await?;
    }
    Ok(())
}

/// Found out in the job `open`.
async fn changed_elsewhere(
    app: &App,
    open: &OpenJob,
    holder: HolderId,
    tag: &[u8],
) -> Result<(), Stop> {
    let now = app.now();
    let command = app.entropy().command_id(now);
    let secret = SecretRef::derive(command, passcode::SMARTCARD_SECRET);
    let row = NewPasscode {
        secret,
        holder,
        kind: Kind::Smartcard.as_str(),
        event: EventId::derive(command, 0),
    };
    app.stores().vault.put_tag(row, tag, now).await.map_err(anyhow::Error::from)?;
    let note = HolderCommand::NoteChangedElsewhere { secret };
    app.execute(holder, open.causes(command), Actor::System, &note).await?;
    Ok(())
}

async fn matches(app: &App, secrets: &[SecretRef], tag: &[u8]) -> Result<bool, Stop> {
    let found = app.stores().vault.matching_tag(secrets, tag).await.map_err(anyhow::Error::from)?;
    Ok(found.is_some())
}
