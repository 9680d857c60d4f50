//! *Register* at the card reader: the holder's signature after VERIFY shows that the card is his
//! then the registration is begun and its code mailed.

use workflows::card_job::PlannedRegistration;

use super::still_right;
use crate::{
    agents::answers::Stop,
    app::App,
    execute::{Actor, Cause, ExecuteError},
    self_service,
};

/// the registration waits for its code from here on. Idempotent.
pub(crate) async fn begin(app: &App, planned: &PlannedRegistration) -> Result<(), Stop> {
    still_right::open_session(app, &planned.session).await?;
    let loaded = app.load(planned.holder).await.map_err(anyhow::Error::from)?;
    let command = self_service::command(app, &loaded, planned).map_err(ExecuteError::Refused)?;
    let cause = Cause::first(planned.registration);
    app.execute(planned.holder, cause, Actor::Holder, &command).await?;
    app.live().ring(planned.holder);
    Ok(())
}
