//! What was right when a form was sent has to be right still when the card is about to be written:
//! after that, no rule can say no.

use domain::{
    decider::Decider as _,
    holder::{Holder, HolderCommand},
    ids::{EventId, SecretRef},
    passcode::Kind,
    policy::Policy,
};
use stores::token::TokenHash;
use workflows::card_job::{PlannedChange, Seen};

use super::passcode::changes;
use crate::{admission, agents::answers::Stop, app::App};

/// P-20, P-22, B-28: the session is open, the optional passcodes are as they were when the new
/// values were judged, and the whole *Update* would be accepted now.
pub(super) async fn check(
    app: &App,
    change: &PlannedChange,
    smartcard: Option<SecretRef>,
) -> Result<(), Stop> {
    session(app, change).await?;
    // What was done and only not heard of is done: a repeat is no change meanwhile.
    let done = EventId::derive(change.command, 0);
    if app.stores().log.contains(done).await.map_err(anyhow::Error::from)? {
        return Ok(());
    }
    let loaded = app.load(change.holder).await.map_err(anyhow::Error::from)?;
    if seen(&loaded.holder, app.policy()) != change.seen {
        return Err(Stop::no(
            "B-28",
            "One of these passcodes was changed meanwhile. Nothing was changed by this update; \
             start again from the portal.",
        ));
    }
    // The job of a new smartcard passcode is not complete without it.
    if change.smartcard && smartcard.is_none() {
        return Ok(());
    }
    let command = HolderCommand::ChangePasscodes(changes(app, &loaded, change, smartcard)?);
    let context = app.context(&loaded);
    loaded
        .holder
        .decide(&context, command)
        .map_err(|refusal| Stop::no(refusal.rule().as_str(), &format!("{}.", refusal.why())))?;
    Ok(())
}

/// P-20: the session that the update was sent in is open. To act at the card counts as using it.
pub async fn session(app: &App, change: &PlannedChange) -> Result<(), Stop> {
    open_session(app, &change.session).await
}

/// The session with this hash, hexadecimal, is open, and is thereby used.
pub async fn open_session(app: &App, session: &str) -> Result<(), Stop> {
    let mut hash = [0; 32];
    let open = match hex::decode_to_slice(session, &mut hash) {
        Ok(()) => admission::open_session(app, TokenHash(hash)).await?.is_some(),
        Err(_) => false,
    };
    if open {
        Ok(())
    } else {
        Err(Stop::no("P-20", "You are no longer logged in. Log in and start again."))
    }
}

/// How the optional passcodes stand now.
#[must_use]
pub fn seen(holder: &Holder, policy: &Policy) -> Seen {
    let of = |kind| {
        let passcodes = holder.passcodes();
        (passcodes.compare_with(kind, policy).last().copied(), passcodes.current(kind).is_some())
    };
    Seen { account_recovery: of(Kind::AccountRecovery), verification: of(Kind::Verification) }
}
