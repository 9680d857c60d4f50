//! The first registration authority manager: roles are granted by managers, so the first one is made
//! by whoever runs the server, at its console. A code that is good once and for 15 minutes makes its
//! bearer, in a full session of his own, the manager of the root organisation; only while there is
//! no manager at all.

use chrono::{DateTime, Duration, Utc};
use domain::{
    desk::DeskCommand,
    holder::HolderCommand,
    ids::{CommandId, EventId},
    staff::Role,
};
use stores::{session::Session, token::TokenHash};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::{
    app::App,
    execute::{Actor, Cause, ExecuteError},
};

/// How long the code is good, in minutes.
pub const CODE_MINUTES: i64 = 15;

/// Random bytes of the code.
const CODE_BYTES: usize = 16;

/// Wrong codes after which the code is void.
const WRONG_MAX: u8 = 5;

/// Which of a command's derived ids is that of the assignment which goes with the role.
const ASSIGNED: u32 = 7_002;

/// What an operator hands to the first manager.
pub struct Invitation {
    /// The code, hexadecimal. Shown once.
    pub code: Zeroizing<String>,
    /// From this instant on it is over.
    pub expires_at: DateTime<Utc>,
}

/// Why nobody is made manager.
#[derive(Debug, thiserror::Error)]
pub enum NotMade {
    /// There is one: he grants roles.
    #[error("there is a registration authority manager already")]
    ThereIsOne,
    /// There is no root organisation to lead.
    #[error("there is no organisation yet: add the root with `latchkey organisations add`")]
    NoRoot,
    /// The code is wrong, spent, void, or its time is over.
    #[error("this code is wrong, was used, or is more than 15 minutes old")]
    NotTheCode,
    /// A rule says no.
    #[error(transparent)]
    Refused(#[from] ExecuteError),
}

impl From<anyhow::Error> for NotMade {
    fn from(error: anyhow::Error) -> Self {
        Self::Refused(error.into())
    }
}

/// A code, in place of one that was made before.
///
/// # Errors
/// If there is a manager already, or no organisation, or we fail.
pub async fn invite(app: &App) -> Result<Invitation, NotMade> {
    check(app).await?;
    let bytes = Zeroizing::new(app.entropy().bytes::<CODE_BYTES>());
    let expires_at = app.now() + Duration::minutes(CODE_MINUTES);
    let code = TokenHash::of(bytes.as_slice());
    app.stores().first_manager_codes.put(code, expires_at).await.map_err(anyhow::Error::from)?;
    Ok(Invitation { code: Zeroizing::new(hex::encode(bytes.as_slice())), expires_at })
}

/// The bearer of the code is registration authority manager of the root from now on.
///
/// # Errors
/// If it is not the code, there is a manager already, or we fail.
pub async fn redeem(app: &App, session: &Session, typed: &str) -> Result<(), NotMade> {
    if !take(app, typed).await? {
        return Err(NotMade::NotTheCode);
    }
    check(app).await?;
    let organisations = app.organisations();
    let root = organisations.root().ok_or(NotMade::NoRoot)?;
    let command = app.entropy().command_id(app.now());
    let (role, organisation) = (Role::RaManager, root.clone());
    let grant = HolderCommand::Desk(DeskCommand::GrantRole { role, organisation });
    app.execute(session.holder, Cause::first(command), Actor::Operator, &grant).await?;
    let assign = HolderCommand::Desk(DeskCommand::Assign { organisation: root.clone() });
    let then = CommandId(EventId::derive(command, ASSIGNED).0);
    let cause = Cause { command: then, begun_by: command };
    app.execute(session.holder, cause, Actor::Operator, &assign).await?;
    app.live().ring(session.holder);
    Ok(())
}

async fn check(app: &App) -> Result<(), NotMade> {
    let organisations = app.organisations();
    let root = organisations.root().ok_or(NotMade::NoRoot)?;
    app.catch_up().await?;
    let nobody = domain::ids::HolderId(Uuid::nil());
    let managed = app.projections().managed_without(nobody, Some(root)).await;
    if managed.map_err(anyhow::Error::from)?.is_empty() { Ok(()) } else { Err(NotMade::ThereIsOne) }
}

/// True if it is the code, which is thereby spent.
async fn take(app: &App, typed: &str) -> anyhow::Result<bool> {
    // What is no code at all counts as a wrong one.
    let bytes = hex::decode(typed.trim()).unwrap_or_default();
    let codes = &app.stores().first_manager_codes;
    Ok(codes.take(TokenHash::of(&bytes), WRONG_MAX, app.now()).await?)
}
