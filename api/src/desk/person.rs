//! The person behind a record: other contact details, the end of the account, the end of all that
//! is known of somebody (B-42, B-45).

use domain::{
    desk::{CloseReason, DeskCommand},
    ids::{EventId, SecretRef},
};
use stores::vault::{Keep, Person, PersonChange, SELF_SERVICE_EMAIL};

use super::{act, card, roles};
use crate::{
    app::App,
    execute::{Cause, ExecuteError},
    self_service::{self, AddressFault},
    staff::{Mandate, Member, Record},
};

/// The most characters of a name.
pub const NAME_CHARACTERS_MAX: usize = 100;

/// Which secret of a command is the address that was there before.
const FORMER_SECRET: u32 = 5_000;

/// What is wrong with somebody's details.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DetailsFault {
    /// The name.
    #[error("Enter a name of 1 to {NAME_CHARACTERS_MAX} characters")]
    Name,
    /// The address.
    #[error(transparent)]
    Address(#[from] AddressFault),
}

/// Name and address, if nothing is wrong with them.
///
/// # Errors
/// The first thing that is.
pub fn details(name: &str, email: &str) -> Result<Person, DetailsFault> {
    let name = name.trim();
    let count = name.chars().count();
    if count == 0 || NAME_CHARACTERS_MAX < count || name.contains(char::is_control) {
        return Err(DetailsFault::Name);
    }
    let email = self_service::contact_address(email)?;
    Ok(Person { name: name.to_owned(), email: email.to_owned() })
}

/// B-42: other contact details. The address that was there before is kept for a while, and told.
///
/// # Errors
/// If a rule says no, or we fail.
pub async fn change_contact(
    app: &App,
    mandate: &Mandate,
    cause: Cause,
    person: &Person,
) -> Result<(), ExecuteError> {
    let (vault, holder) = (&app.stores().vault, mandate.holder());
    let before = vault.person(holder).await.map_err(anyhow::Error::from)?;
    // Nothing else: nobody is told of it.
    if before.as_ref() == Some(person) {
        return Ok(());
    }
    let other = before.filter(|before| before.email != person.email);
    let former = match other {
        Some(before) => Some(keep_former(app, mandate, cause, &before.email).await?),
        None => None,
    };
    let change = PersonChange::Changed(person.clone());
    prepared(app, mandate, cause, &change, DeskCommand::ChangeContact { former }).await
}

/// The vault is prepared, the log says it, the vault follows: after a crash at any place the two say the
/// same, by and by.
async fn prepared(
    app: &App,
    mandate: &Mandate,
    cause: Cause,
    change: &PersonChange,
    command: DeskCommand,
) -> Result<(), ExecuteError> {
    let (vault, log, now) = (&app.stores().vault, &app.stores().log, app.now());
    let event = EventId::derive(cause.command, 0);
    // A repeat of what is done prepares nothing: something else may have been done since.
    if !log.contains(event).await.map_err(anyhow::Error::from)? {
        let done = vault.prepare_person(event, mandate.holder(), change, now).await;
        done.map_err(anyhow::Error::from)?;
    }
    let done = act(app, mandate, cause, command).await;
    let settled = match &done {
        Ok(_) => vault.settle_person(event, now).await,
        Err(ExecuteError::Refused(_)) => vault.forget_prepared(event).await,
        Err(ExecuteError::Conflict | ExecuteError::Failed(_)) => Ok(()),
    };
    done?;
    settled.map_err(anyhow::Error::from)?;
    Ok(())
}

async fn keep_former(
    app: &App,
    mandate: &Mandate,
    cause: Cause,
    email: &str,
) -> anyhow::Result<SecretRef> {
    let secret = SecretRef::derive(cause.command, FORMER_SECRET);
    let entropy = app.entropy().bytes().into();
    let keep = Keep::IfNamedBy(EventId::derive(cause.command, 0));
    let (vault, holder) = (&app.stores().vault, mandate.holder());
    let email = email.as_bytes();
    vault.seal(secret, holder, SELF_SERVICE_EMAIL, "", email, entropy, keep, app.now()).await?;
    Ok(secret)
}

/// B-45: nothing of the account works any more. Roles go with it, so who closes it has to be allowed to
/// withdraw each of them; the last manager stays.
///
/// # Errors
/// If a rule says no, or we fail.
pub async fn close(
    app: &App,
    member: &Member,
    record: &Record,
    mandate: &Mandate,
    (cause, reason): (Cause, CloseReason),
) -> Result<(), ExecuteError> {
    let _alone = app.alone_with_managers().await?;
    roles::may_end_all(app, member, record).await?;
    card::out_of_use(app, mandate, cause, DeskCommand::CloseAccount { reason }).await
}

/// The person of a closed account is erased: name, address, index, every secret. What happened
/// stays, about nobody.
///
/// # Errors
/// If a rule says no, or we fail; where readers kept the journal from being emptied, the sweep tries
/// again.
pub async fn erase(app: &App, mandate: &Mandate, cause: Cause) -> Result<(), ExecuteError> {
    prepared(app, mandate, cause, &PersonChange::Erased, DeskCommand::Erase {}).await?;
    // Whoever was erased before is erased as well as can be.
    app.stores().vault.erase(mandate.holder()).await.map_err(anyhow::Error::from)?;
    Ok(())
}
