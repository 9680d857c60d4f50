//! The desk: what staff do for holders, each route under its act (B-58, B-59, B-63). Who calls is a
//! member of staff in a full session of his own; what he may is asked before anything is done.

mod allow;
mod card;
mod glass;
mod organisations;
mod people;
mod records;
mod roles;
mod work;

use axum::{
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use domain::ids::{CommandId, HolderId};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::routes;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::{
    idempotency::{Answer, IdempotencyKey},
    problem::Problem,
};
use crate::{
    app::App,
    desk::place::NotListed,
    staff::{
        Mandate,
        acts::{
            AddOrganisation, ApproveAccountUnlock, Assign, AssistCardUnlock,
            AuthoriseAccountUnlock, AuthoriseRenewal, BreakGlass, CancelCard, ChangeContact,
            CheckRecoveryPasscode, CloseAccount, EndAssignment, ErasePerson, FindHolder, GrantRole,
            RegisterPerson, Reinstate, ReleaseBlock, ReplaceCard, ReportLost, Revoke, SeeHolder,
            SeeOrganisations, SeeStaff, SeeUnlockCounts, SeeWorkList, Suspend, WithdrawRole,
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
        .with(AuthoriseAccountUnlock, routes!(allow::account_unlock))
        .with(AuthoriseAccountUnlock, routes!(allow::request_account_unlock))
        .with(ApproveAccountUnlock, routes!(allow::approve_account_unlock))
        .with(BreakGlass, routes!(glass::list))
        .with(BreakGlass, routes!(glass::ask))
        .with(BreakGlass, routes!(glass::agree))
        .with(AuthoriseRenewal, routes!(allow::renewal))
        .with(ReleaseBlock, routes!(allow::release))
        .with(AssistCardUnlock, routes!(allow::card_unlock))
        .with(Suspend, routes!(card::suspend))
        .with(Reinstate, routes!(card::reinstate))
        .with(ReportLost, routes!(card::report_lost))
        .with(CancelCard, routes!(card::cancel))
        .with(Revoke, routes!(card::revoke))
        .with(RegisterPerson, routes!(people::register))
        .with(ReplaceCard, routes!(people::replace))
        .with(ChangeContact, routes!(people::change_contact))
        .with(CheckRecoveryPasscode, routes!(people::check_recovery_passcode))
        .with(CloseAccount, routes!(people::close))
        .with(ErasePerson, routes!(people::erase))
}

/// What was asked for is done.
#[derive(Debug, Serialize, ToSchema)]
struct Done {
    /// About whom.
    holder: Uuid,
}

impl Done {
    fn about(mandate: &Mandate) -> Self {
        Self { holder: mandate.holder().0 }
    }
}

/// A list that does not go on there.
fn not_listed(why: NotListed) -> Problem {
    match why {
        NotListed::NotAPlace(_) => Problem::of(StatusCode::UNPROCESSABLE_ENTITY)
            .because("`after` is no place in the list.")
            .but("Go on with `next` of a page of this list, within an hour, or begin anew."),
        NotListed::Failed(error) => error.into(),
    }
}

/// Who asks for what about whom: what an `Idempotency-Key` is bound to.
struct Asked<'a> {
    /// The act, as no other is called.
    act: &'static str,
    /// Who.
    staff: HolderId,
    /// About whom.
    about: HolderId,
    /// And all else that was sent.
    sent: &'a [u8],
}

impl<'a> Asked<'a> {
    fn of(act: &'static str, mandate: &Mandate, sent: &'a [u8]) -> Self {
        Self { act, staff: mandate.warrant().staff(), about: mandate.holder(), sent }
    }

    /// Carries it out once.
    async fn once<T: Serialize, W>(
        &self,
        app: &App,
        key: IdempotencyKey,
        work: impl FnOnce(CommandId) -> W,
    ) -> Result<Response, Problem>
    where
        W: Future<Output = Result<T, Problem>>,
    {
        let work = async |command| Ok(Answer::done(&work(command).await?)?);
        Ok(key.once(app, &self.bytes(), work).await?.into_response())
    }

    /// Wiped afterwards: a passcode that somebody said may be among it.
    fn bytes(&self) -> Zeroizing<Vec<u8>> {
        let act = format!("desk {}\0", self.act);
        let (staff, about) = (self.staff.0.as_bytes(), self.about.0.as_bytes());
        Zeroizing::new([act.as_bytes(), staff, about, self.sent].concat())
    }
}
