//! The desk: staff find a person, look at the record, and do something about it, each page under its
//! act (B-58, B-59, B-63). What is asked is read here and shown here; what may be done, and what
//! comes of it, is decided elsewhere.

mod account;
mod card;
mod done;
mod erase;
mod find;
mod glass;
mod help;
mod identity;
mod issue;
mod lists;
mod organisations;
mod person;
mod record;
mod revoke;
mod roles;
mod sent;
mod work;

use anyhow::Context as _;
use axum::{
    http::StatusCode,
    response::{IntoResponse as _, Redirect, Response},
};
use chrono::NaiveDate;
use domain::{
    desk::{self, Asker, View},
    ids::HolderId,
    refusal::Refusal,
    staff::Grant,
};

use self::sent::Sent;
use super::{
    errors::PageError,
    frame_for, html,
    view::{
        desk::{
            Whose,
            form::{ActForm, Field},
        },
        frame::Tab,
        paths,
        problem::{Problem, ProblemKind},
        refusal::{RefusalView, rule_link},
    },
};
use crate::{
    app::App,
    desk::{
        check::{NotChecked, TOO_MANY_WAY_OUT},
        place::NotListed,
        sheet,
    },
    execute::{Cause, ExecuteError},
    staff::{
        self, Mandate, Member, NamesAct, Record,
        acts::{
            AddOrganisation, ApproveAccountUnlock, Assign, AssistCardUnlock,
            AuthoriseAccountUnlock, AuthoriseRenewal, BreakGlass, CancelCard, ChangeContact,
            CheckRecoveryPasscode, CloseAccount, EndAssignment, ErasePerson, FindHolder, GrantRole,
            RegisterPerson, Reinstate, ReleaseBlock, ReplaceCard, ReportLost, Revoke, SeeHolder,
            SeeOrganisations, SeeStaff, SeeUnlockCounts, SeeWorkList, Suspend, WithdrawRole,
        },
        list::StaffPages,
    },
};

/// The pages, and the list of them.
pub(super) fn pages() -> StaffPages {
    StaffPages::default()
        .get(FindHolder, paths::DESK, find::page)
        .post(FindHolder, paths::DESK, find::find)
        .get(SeeWorkList, paths::DESK_WORK, work::page)
        .get(RegisterPerson, paths::DESK_REGISTER, issue::register_page)
        .post(RegisterPerson, paths::DESK_REGISTER, issue::register)
        .get(SeeStaff, paths::DESK_STAFF, lists::staff)
        .get(SeeUnlockCounts, paths::DESK_UNLOCK_COUNTS, lists::unlock_counts)
        .get(SeeOrganisations, paths::DESK_ORGANISATIONS, organisations::page)
        .get(AddOrganisation, paths::DESK_ORGANISATIONS_ADD, organisations::add_page)
        .post(AddOrganisation, paths::DESK_ORGANISATIONS_ADD, organisations::add)
        .get(SeeHolder, &below(""), record::page)
        .get(SeeHolder, &below("/done/{what}"), done::page)
        .merge(helping())
        .merge(about_the_card())
        .merge(about_the_person())
}

/// What the desk allows and the holder finishes.
fn helping() -> StaffPages {
    let unlock = act(paths::ACCOUNT_UNLOCK);
    let approval = act(paths::ACCOUNT_UNLOCK_APPROVAL);
    let glass_approval = act(paths::BREAK_GLASS_APPROVAL);
    StaffPages::default()
        .get(BreakGlass, paths::DESK_GLASS, glass::page)
        .get(BreakGlass, &act(paths::BREAK_GLASS), glass::ask_page)
        .post(BreakGlass, &act(paths::BREAK_GLASS), glass::ask)
        .get(BreakGlass, &glass_approval, glass::approval_page)
        .post(BreakGlass, &glass_approval, glass::approve)
        .get(AuthoriseAccountUnlock, &unlock, account::unlock_page)
        .post(AuthoriseAccountUnlock, &unlock, account::unlock)
        .get(ApproveAccountUnlock, &approval, account::approval_page)
        .post(ApproveAccountUnlock, &approval, account::approve)
        .get(AuthoriseRenewal, &act(paths::AUTHORISE_RENEWAL), help::renewal_page)
        .post(AuthoriseRenewal, &act(paths::AUTHORISE_RENEWAL), help::renewal)
        .get(ReleaseBlock, &act(paths::RELEASE), help::release_page)
        .post(ReleaseBlock, &act(paths::RELEASE), help::release)
        .get(AssistCardUnlock, &act(paths::CARD_UNLOCK), help::card_unlock_page)
        .post(AssistCardUnlock, &act(paths::CARD_UNLOCK), help::card_unlock)
}

fn about_the_card() -> StaffPages {
    StaffPages::default()
        .get(Suspend, &act(paths::SUSPEND), card::suspend_page)
        .post(Suspend, &act(paths::SUSPEND), card::suspend)
        .get(Reinstate, &act(paths::REINSTATE), card::reinstate_page)
        .post(Reinstate, &act(paths::REINSTATE), card::reinstate)
        .get(ReportLost, &act(paths::REPORT_LOST), card::report_lost_page)
        .post(ReportLost, &act(paths::REPORT_LOST), card::report_lost)
        .get(CancelCard, &act(paths::CANCEL_CARD), revoke::cancel_page)
        .post(CancelCard, &act(paths::CANCEL_CARD), revoke::cancel)
        .get(Revoke, &act(paths::REVOKE), revoke::revoke_page)
        .post(Revoke, &act(paths::REVOKE), revoke::revoke)
        .get(CheckRecoveryPasscode, &act(paths::FOR_CALLER), revoke::caller_page)
        .post(CheckRecoveryPasscode, &act(paths::FOR_CALLER), revoke::caller)
        .get(ReplaceCard, &act(paths::REPLACE_CARD), issue::replace_page)
        .post(ReplaceCard, &act(paths::REPLACE_CARD), issue::replace)
}

fn about_the_person() -> StaffPages {
    StaffPages::default()
        .get(ChangeContact, &act(paths::CHANGE_CONTACT), person::contact_page)
        .post(ChangeContact, &act(paths::CHANGE_CONTACT), person::contact)
        .get(CheckRecoveryPasscode, &act(paths::CHECK_RECOVERY), person::check_page)
        .post(CheckRecoveryPasscode, &act(paths::CHECK_RECOVERY), person::check)
        .get(Assign, &act(paths::ASSIGN), roles::assign_page)
        .post(Assign, &act(paths::ASSIGN), roles::assign)
        .get(EndAssignment, &act(paths::END_ASSIGNMENT), roles::end_assignment_page)
        .post(EndAssignment, &act(paths::END_ASSIGNMENT), roles::end_assignment)
        .get(GrantRole, &act(paths::GRANT_ROLE), roles::grant_page)
        .post(GrantRole, &act(paths::GRANT_ROLE), roles::grant)
        .get(WithdrawRole, &act(paths::WITHDRAW_ROLE), roles::withdraw_page)
        .post(WithdrawRole, &act(paths::WITHDRAW_ROLE), roles::withdraw)
        .get(CloseAccount, &act(paths::CLOSE_ACCOUNT), person::close_page)
        .post(CloseAccount, &act(paths::CLOSE_ACCOUNT), person::close)
        .get(ErasePerson, &act(paths::ERASE), erase::page)
        .post(ErasePerson, &act(paths::ERASE), erase::erase)
}

fn below(rest: &str) -> String {
    format!("{}/{{holder}}{rest}", paths::DESK_HOLDERS)
}

fn act(name: &str) -> String {
    below(&format!("/{name}"))
}

/// What is written around the fields of a form.
struct Words {
    title: &'static str,
    says: Vec<String>,
    warnings: Vec<&'static str>,
    button: &'static str,
}

/// The number of a form that is made now.
pub(super) fn number(app: &App) -> String {
    app.entropy().command_id(app.now()).0.to_string()
}

/// A list that does not go on there.
fn not_listed(why: NotListed) -> PageError {
    match why {
        NotListed::NotAPlace(_) => PageError::Problem(ProblemKind::BadRequest),
        NotListed::Failed(error) => PageError::Failed(error),
    }
}

/// A role and where it is, for lists.
fn role_in_words(app: &App, grant: &Grant) -> String {
    let tree = app.organisations();
    let name = tree.name(&grant.organisation).unwrap_or_default();
    format!("{} at {name} ({})", grant.role.words(), grant.organisation)
}

/// Whoever is at the desk, and the person before him.
#[derive(Clone, Copy)]
struct At<'a> {
    app: &'a App,
    member: &'a Member,
    mandate: &'a Mandate,
    record: &'a Record,
}

impl<'a> At<'a> {
    fn the<A: NamesAct>(app: &'a App, desk: &'a super::visitor::DeskFor<A>) -> Self {
        Self { app, member: &desk.member, mandate: &desk.mandate, record: &desk.record }
    }

    fn holder(&self) -> HolderId {
        self.record.holder
    }

    /// The number in addresses.
    fn number(&self) -> String {
        self.holder().to_string()
    }

    /// What is done under, as [`Sent::cause`].
    async fn cause<T>(&self, sent: &Sent<T>) -> anyhow::Result<Option<Cause>> {
        sent.cause(self.app, self.member).await
    }

    /// B-63: name and card are part of the record, and shown with every form; whoever sees them has
    /// looked.
    async fn whose(&self) -> anyhow::Result<Whose> {
        sheet::note_viewed(self.app, self.mandate, View::Record).await?;
        let person = self.app.stores().vault.person(self.holder()).await?;
        let card = self.record.loaded.holder.card();
        Ok(Whose {
            name: person.map(|person| person.name.clone()),
            card: card.map(|card| card.card.to_string()),
            record: paths::desk_record(&self.number()),
        })
    }

    async fn frame(&self) -> anyhow::Result<pages::Frame> {
        frame_for(self.app, self.member.session(), Some(Tab::Desk)).await
    }

    /// The form of an act.
    async fn ask(
        &self,
        act: &str,
        words: Words,
        fields: Vec<Field>,
    ) -> Result<Response, PageError> {
        self.ask_about(act, words, fields, None).await
    }

    /// The same, with something that goes along unseen.
    async fn ask_about(
        &self,
        act: &str,
        words: Words,
        fields: Vec<Field>,
        hidden: Option<(&'static str, String)>,
    ) -> Result<Response, PageError> {
        // What cannot work is not asked for; what was wrong with what was typed is said first.
        let is_faulty = fields.iter().any(|field| field.fault.is_some());
        if let Some(refusal) = self.obstacle().filter(|_| !is_faulty) {
            return self.refused(&refusal).await;
        }
        let Words { title, says, warnings, button } = words;
        let (whose, action) = (Some(self.whose().await?), paths::desk_act(&self.number(), act));
        let number = number(self.app);
        self.show(ActForm { title, whose, action, says, warnings, fields, number, hidden, button })
            .await
    }

    /// The rule about the holder's state that would refuse the act now.
    fn obstacle(&self) -> Option<Refusal> {
        let (warrant, loaded) = (self.mandate.warrant(), &self.record.loaded);
        let by = Asker { staff: Some(warrant.staff()), role: warrant.role() };
        desk::obstacle(&self.app.context(loaded), &loaded.holder, warrant.act(), by)
    }

    /// The form, with 422 if something is wrong with what was given.
    async fn show(&self, form: ActForm) -> Result<Response, PageError> {
        let page = html(form.render(self.app.pages(), &self.frame().await?))?;
        Ok(if form.is_faulty() {
            (StatusCode::UNPROCESSABLE_ENTITY, page).into_response()
        } else {
            page
        })
    }

    /// On to what was done.
    fn done(&self, what: done::Done) -> Response {
        Redirect::to(&paths::desk_done(&self.number(), what.slug())).into_response()
    }

    /// On to what this command was to do, if it has.
    fn done_by(&self, what: done::Done, cause: Cause) -> Response {
        let page = paths::desk_done(&self.number(), what.slug());
        Redirect::to(&format!("{page}?by={}", cause.command.0)).into_response()
    }

    /// What was done, as the record says it now.
    async fn confirm_now(&self, what: done::Done, cause: Cause) -> Result<Response, PageError> {
        let record = staff::find(self.app, self.holder()).await?;
        let record = record.context("whoever was just here is not there")?;
        done::confirm(&At { record: &record, ..*self }, what, Some(cause.command)).await
    }

    /// Why it was not done: which rule, why, until when, and the way out.
    async fn not_done(&self, error: ExecuteError) -> Result<Response, PageError> {
        match error {
            ExecuteError::Refused(refusal) => self.refused(&refusal).await,
            ExecuteError::Conflict => Err(PageError::Problem(ProblemKind::Conflict)),
            ExecuteError::Failed(error) => Err(PageError::Failed(error)),
        }
    }

    async fn refused(&self, refusal: &Refusal) -> Result<Response, PageError> {
        let (kind, status) = match refusal {
            Refusal::Staff(_) => (ProblemKind::Forbidden, StatusCode::FORBIDDEN),
            Refusal::Holder(_)
            | Refusal::Passcode(_)
            | Refusal::Certificate(_)
            | Refusal::SelfService(_)
            | Refusal::Unlock(_)
            | Refusal::Desk(_) => (ProblemKind::Unprocessable, StatusCode::UNPROCESSABLE_ENTITY),
        };
        self.problem(kind, status, RefusalView::from(refusal)).await
    }

    /// Why nothing was done, where no rule's refusal says it.
    async fn explain(&self, view: RefusalView) -> Result<Response, PageError> {
        self.problem(ProblemKind::Unprocessable, StatusCode::UNPROCESSABLE_ENTITY, view).await
    }

    /// P-08, B-41: one member of staff compares only so many a day.
    async fn too_many(&self, why: &NotChecked, on: NaiveDate) -> Result<Response, PageError> {
        let view = RefusalView {
            rule: Some(rule_link("B-41")),
            why: why.to_string(),
            facts: Vec::new(),
            changes_on: Some(pages::date(on)),
            way_out: TOO_MANY_WAY_OUT.to_owned(),
        };
        self.problem(ProblemKind::TooManyRequests, StatusCode::TOO_MANY_REQUESTS, view).await
    }

    async fn problem(
        &self,
        kind: ProblemKind,
        status: StatusCode,
        view: RefusalView,
    ) -> Result<Response, PageError> {
        let record = pages::Link::new(paths::desk_record(&self.number()), "Back to the record");
        let problem = Problem::new(kind).with_refusal(view).with_next(record);
        let page = html(problem.render(self.app.pages(), &self.frame().await?))?;
        Ok((status, page).into_response())
    }
}
