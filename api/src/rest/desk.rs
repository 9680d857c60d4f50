//! The desk: what staff do for holders, each route under its act (B-58, B-59, B-63). Who calls is a
//! member of staff in a full session of his own; what he may is asked before anything is done.

mod organisations;
mod records;
mod roles;
mod work;

use axum::response::{IntoResponse as _, Response};
use domain::ids::{CommandId, HolderId};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::routes;
use uuid::Uuid;

use super::{
    idempotency::{Answer, IdempotencyKey},
    problem::Problem,
};
use crate::{
    app::App,
    staff::{
        Member,
        acts::{
            AddOrganisation, Assign, EndAssignment, FindHolder, GrantRole, SeeHolder,
            SeeOrganisations, SeeStaff, SeeUnlockCounts, SeeWorkList, WithdrawRole,
        },
        list::StaffApi,
    },
};

/// The routes, and the list of them.
pub(super) fn routes() -> StaffApi {
    StaffApi::default()
        .with(FindHolder, routes!(records::find))
        .with(SeeHolder, routes!(records::show))
        .with(Assign, routes!(roles::assign))
        .with(EndAssignment, routes!(roles::end_assignment))
        .with(GrantRole, routes!(roles::grant))
        .with(WithdrawRole, routes!(roles::withdraw))
        .with(SeeStaff, routes!(roles::staff))
        .with(SeeOrganisations, routes!(organisations::list))
        .with(AddOrganisation, routes!(organisations::add))
        .with(SeeWorkList, routes!(work::list))
        .with(SeeUnlockCounts, routes!(work::unlock_counts))
}

/// What was asked for is done.
#[derive(Debug, Serialize, ToSchema)]
struct Done {
    /// About whom.
    holder: Uuid,
}

/// Who asks for what about whom: what an `Idempotency-Key` is bound to.
struct Asked<'a> {
    /// The act, as no other is called.
    act: &'static str,
    /// Who.
    member: &'a Member,
    /// About whom.
    about: HolderId,
    /// And all else that was sent.
    sent: &'a [u8],
}

impl Asked<'_> {
    /// Carries it out once.
    async fn once<W>(
        &self,
        app: &App,
        key: IdempotencyKey,
        work: impl FnOnce(CommandId) -> W,
    ) -> Result<Response, Problem>
    where
        W: Future<Output = Result<(), Problem>>,
    {
        let about = self.about;
        let work = async |command| {
            work(command).await?;
            Ok(Answer::done(&Done { holder: about.0 })?)
        };
        Ok(key.once(app, &self.bytes(), work).await?.into_response())
    }

    fn bytes(&self) -> Vec<u8> {
        let act = format!("desk {}\0", self.act);
        let (who, whom) = (self.member.holder(), self.about);
        [act.as_bytes(), who.0.as_bytes(), whom.0.as_bytes(), self.sent].concat()
    }
}
