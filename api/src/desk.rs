//! What staff do at the desk, one function an act, for portal and API alike. Handlers parse and
//! answer; whether somebody may was asked before ([`crate::staff`]), and what an act takes says so:
//! a [`crate::staff::Mandate`] for one person, or a [`domain::staff::Warrant`].
//!
//! The desk allows, and the holder finishes: nobody here sees, chooses or types a secret of his, but
//! for what a caller says when it is compared ([`check`]).

pub mod allow;
pub mod card;
pub mod check;
pub mod find;
pub mod glass;
pub mod issue;
pub mod person;
pub mod place;
pub mod roles;
pub mod sheet;
pub mod work;

use domain::{desk::DeskCommand, holder::HolderCommand};

use crate::{
    app::App,
    execute::{Cause, ExecuteError, Executed},
    staff::Mandate,
};

/// An act that is one command about one person.
async fn act(
    app: &App,
    mandate: &Mandate,
    cause: Cause,
    command: DeskCommand,
) -> Result<Executed, ExecuteError> {
    let command = HolderCommand::Desk(command);
    let done = app.execute_as(mandate.warrant(), mandate.holder(), cause, &command).await?;
    app.live().ring(mandate.holder());
    Ok(done)
}
