//! What was done, as the record says it now, and what the holder does next. What is not so, or not
//! any more, is not confirmed: the record is shown in its place.

use axum::{
    extract::{Path, Query, State},
    response::{IntoResponse as _, Redirect, Response},
};
use chrono::{DateTime, Utc};
use domain::{
    desk::{DeskEvent, is_blocked},
    holder::HolderEvent,
    ids::CommandId,
};
use serde::Deserialize;
use uuid::Uuid;

use super::{
    super::{
        errors::PageError,
        html,
        view::{desk::done::DonePage, paths, problem::ProblemKind},
        visitor::DeskFor,
    },
    At, role_in_words,
};
use crate::{app::App, desk::allow, staff::acts::SeeHolder};

/// What can have been done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Done {
    /// P-19, B-30: the holder may unlock his account.
    AccountUnlock,
    /// B-63: a second person is asked.
    AccountUnlockRequest,
    /// C-04: the holder may renew.
    Renewal,
    /// P-11, B-34, B-41: nothing is blocked any more.
    Release,
    /// B-58: the registration authority helps with the card.
    CardUnlock,
    /// B-58: a sponsor helps with the card.
    SponsoredUnlock,
    /// B-57: the certificates are suspended.
    Suspend,
    /// B-57: they are good again.
    Reinstate,
    /// B-57: the card is out of use.
    ReportLost,
    /// B-42: contact details were changed.
    Contact,
    /// B-59: assignments were changed.
    Organisations,
    /// B-58: roles were changed.
    Roles,
    /// B-45: the account is closed.
    Close,
    /// B-61: the card is out of use.
    CancelCard,
    /// C-15: the certificates are revoked.
    Revoke,
    /// B-45: the person is erased.
    Erase,
}

impl Done {
    const ALL: [Self; 16] = [
        Self::AccountUnlock,
        Self::AccountUnlockRequest,
        Self::Renewal,
        Self::Release,
        Self::CardUnlock,
        Self::SponsoredUnlock,
        Self::Suspend,
        Self::Reinstate,
        Self::ReportLost,
        Self::Contact,
        Self::Organisations,
        Self::Roles,
        Self::Close,
        Self::CancelCard,
        Self::Revoke,
        Self::Erase,
    ];

    /// Its name in addresses.
    pub(super) fn slug(self) -> &'static str {
        match self {
            Self::AccountUnlock => "account-unlock",
            Self::AccountUnlockRequest => "account-unlock-request",
            Self::Renewal => "renewal",
            Self::Release => "release",
            Self::CardUnlock => "card-unlock",
            Self::SponsoredUnlock => "sponsored-unlock",
            Self::Suspend => "suspend",
            Self::Reinstate => "reinstate",
            Self::ReportLost => "report-lost",
            Self::Contact => "contact",
            Self::Organisations => "organisations",
            Self::Roles => "roles",
            Self::Close => "close",
            Self::CancelCard => "cancel",
            Self::Revoke => "revoke",
            Self::Erase => "erase",
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::AccountUnlock => "The person can unlock the account now",
            Self::AccountUnlockRequest => "A second person has to agree",
            Self::Renewal => "The person can renew the certificates now",
            Self::Release => "Nothing is blocked any more",
            Self::CardUnlock | Self::SponsoredUnlock => "The person can unlock the smartcard now",
            Self::Suspend => "The certificates are suspended",
            Self::Reinstate => "The certificates work again",
            Self::ReportLost | Self::CancelCard => "The smartcard is out of use",
            Self::Revoke => "The certificates are revoked",
            Self::Erase => "The person is erased",
            Self::Contact => "The contact details are changed",
            Self::Organisations => "Where the person works is changed",
            Self::Roles => "What the person may do as staff is changed",
            Self::Close => "The account is closed",
        }
    }

    /// What comes next, in so far as it is always the same.
    fn next(self) -> &'static [&'static str] {
        match self {
            Self::AccountUnlock => &[
                "The person logs in with this smartcard, at any workstation, and gives new values to all passcodes that are overdue. With the last of them the account is unlocked.",
                "If the time passes before that, the account is as locked as before, and you can let the person try again.",
            ],
            Self::AccountUnlockRequest => &[
                "Ask a colleague at the registration authority to open this record and to agree. You cannot agree yourself.",
                "Until a colleague has agreed, the person cannot unlock the account.",
            ],
            Self::Renewal => &[
                "The person logs in with this smartcard and selects Renew Certificates.",
                "If the time passes before that, nothing is changed, and you can let the person try again.",
            ],
            Self::Release => &[
                "If answers were blocked, the person registers for self-service anew: log in, then My Profile.",
                "If the account recovery passcode or the verification passcode was blocked, it works again. We ask the person at every log-in to set a new one: nobody else can.",
            ],
            Self::CardUnlock => &[
                "The person puts the smartcard into a reader and selects Unlock smartcard on the start page. No questions are asked: the person chooses a new passcode.",
                "If the time passes before that, the smartcard is as locked as before, and you can help again.",
            ],
            Self::SponsoredUnlock => &[
                "The person puts the smartcard into a reader and selects Unlock smartcard on the start page, then enters the code that we mail, or the account recovery passcode, and chooses a new passcode.",
                "If the time passes before that, the smartcard is as locked as before, and you can help again.",
            ],
            Self::Suspend => &[
                "The person cannot log in with this smartcard until the registration authority ends the suspension. All sessions have ended.",
            ],
            Self::Reinstate => &["The person can log in with this smartcard again."],
            Self::Erase => &[
                "Name, address and secrets are gone, and nobody finds the person any more. What happened stays on record.",
            ],
            Self::ReportLost | Self::CancelCard | Self::Revoke => &[
                "The certificates are revoked, and all sessions have ended.",
                "The person needs another smartcard from the registration authority.",
            ],
            Self::Contact => &["We mail this to the address that was there before, too."],
            Self::Organisations | Self::Roles => &["The person sees it under What happened."],
            Self::Close => &[
                "The certificates are revoked, and nothing of the account works any more. What happened stays on record.",
            ],
        }
    }
}

/// How far what was done still holds.
enum Holds {
    /// It does not, or not any more.
    No,
    /// It does.
    Yes,
    /// It does until then.
    Until(DateTime<Utc>),
}

impl From<Option<DateTime<Utc>>> for Holds {
    fn from(until: Option<DateTime<Utc>>) -> Self {
        until.map_or(Self::No, Self::Until)
    }
}

impl From<bool> for Holds {
    fn from(is_so: bool) -> Self {
        if is_so { Self::Yes } else { Self::No }
    }
}

/// By which command it was done, where the record alone does not say that it was.
#[derive(Deserialize)]
pub(super) struct By {
    by: Option<Uuid>,
}

/// The confirmation.
pub(super) async fn page(
    State(app): State<App>,
    desk: DeskFor<SeeHolder>,
    Path((_, what)): Path<(Uuid, String)>,
    Query(By { by }): Query<By>,
) -> Result<Response, PageError> {
    let Some(done) = Done::ALL.into_iter().find(|done| done.slug() == what) else {
        return Err(PageError::Problem(ProblemKind::NotFound));
    };
    confirm(&At::the(&app, &desk), done, by.map(CommandId)).await
}

/// The same, of the record as it is in hand.
pub(super) async fn confirm(
    at: &At<'_>,
    done: Done,
    by: Option<CommandId>,
) -> Result<Response, PageError> {
    let until = match holds(at, done, by).await? {
        Holds::No => return Ok(Redirect::to(&paths::desk_record(&at.number())).into_response()),
        Holds::Yes => None,
        Holds::Until(until) => Some(pages::date_and_time(until, &at.app.policy().zone)),
    };
    let mut next = now(at, done).await?;
    next.extend(done.next().iter().map(|&text| text.to_owned()));
    let page = DonePage { title: done.title(), whose: at.whose().await?, until, next };
    html(page.render(at.app.pages(), &at.frame().await?))
}

async fn holds(at: &At<'_>, done: Done, by: Option<CommandId>) -> anyhow::Result<Holds> {
    let (app, loaded) = (at.app, &at.record.loaded);
    let (holder, now) = (&loaded.holder, app.now());
    let certificates = holder.certificate_records();
    let self_service = holder.self_service();
    Ok(match done {
        Done::AccountUnlock => allow::account_unlock_until(app, loaded).into(),
        Done::AccountUnlockRequest => {
            holder.desk().request(now).map(|request| request.until).into()
        }
        Done::Renewal => {
            let standing = holder.certificates(&app.context(loaded));
            standing.and_then(|standing| standing.authorised_until).into()
        }
        Done::Release => (!is_blocked(holder)).into(),
        Done::CardUnlock | Done::SponsoredUnlock => {
            holder.card().and_then(|card| self_service.assisted_until(&card.card, now)).into()
        }
        Done::Suspend => certificates.suspended().is_some().into(),
        Done::Reinstate => {
            let is_bad = certificates.suspended().is_some() || certificates.is_revoked();
            (!is_bad && holder.card().is_some()).into()
        }
        Done::ReportLost => {
            let in_use = holder.card().map(|card| &card.card);
            holder.desk().lost().is_some_and(|lost| Some(&lost.card) != in_use).into()
        }
        Done::Contact | Done::Organisations | Done::Roles => changed(at, done, by).await?.into(),
        Done::Close => holder.desk().closed().is_some().into(),
        Done::CancelCard => holder.card().is_none().into(),
        Done::Revoke => certificates.is_revoked().into(),
        Done::Erase => holder.desk().erased_on().is_some().into(),
    })
}

/// True if this command has changed it.
async fn changed(at: &At<'_>, done: Done, by: Option<CommandId>) -> anyhow::Result<bool> {
    let Some(by) = by else { return Ok(false) };
    let events = at.app.events_of(at.holder(), by).await?;
    Ok(events.iter().any(|event| matches!(event, HolderEvent::Desk(event) if is_of(event, done))))
}

fn is_of(event: &DeskEvent, done: Done) -> bool {
    match done {
        Done::Contact => matches!(event, DeskEvent::ContactChanged { .. }),
        Done::Organisations => {
            matches!(event, DeskEvent::Assigned { .. } | DeskEvent::AssignmentEnded { .. })
        }
        Done::Roles => {
            matches!(event, DeskEvent::RoleGranted { .. } | DeskEvent::RoleWithdrawn { .. })
        }
        Done::AccountUnlock
        | Done::AccountUnlockRequest
        | Done::Renewal
        | Done::Release
        | Done::CardUnlock
        | Done::SponsoredUnlock
        | Done::Suspend
        | Done::Reinstate
        | Done::ReportLost
        | Done::Close
        | Done::CancelCard
        | Done::Revoke
        | Done::Erase => false,
    }
}

/// What is on record now, where that is what was changed.
async fn now(at: &At<'_>, done: Done) -> anyhow::Result<Vec<String>> {
    let roles = at.record.loaded.holder.roles();
    Ok(match done {
        Done::Contact => {
            let person = at.app.stores().vault.person(at.holder()).await?;
            let email = person.map(|person| person.email.clone()).unwrap_or_default();
            vec![format!("The contact address on record is now {email}.")]
        }
        Done::Organisations => {
            let tree = at.app.organisations();
            let named = roles.assignments().iter().map(|code| {
                let name = tree.name(code).unwrap_or_default();
                format!("{name} ({code})")
            });
            vec![format!("Works at: {}.", listed(&named.collect::<Vec<_>>()))]
        }
        Done::Roles => {
            let named = roles.grants().iter().map(|grant| role_in_words(at.app, grant));
            vec![format!("Is now: {}.", listed(&named.collect::<Vec<_>>()))]
        }
        Done::AccountUnlock
        | Done::AccountUnlockRequest
        | Done::Renewal
        | Done::Release
        | Done::CardUnlock
        | Done::SponsoredUnlock
        | Done::Suspend
        | Done::Reinstate
        | Done::ReportLost
        | Done::Close
        | Done::CancelCard
        | Done::Revoke
        | Done::Erase => Vec::new(),
    })
}

fn listed(all: &[String]) -> String {
    if all.is_empty() { "nothing".to_owned() } else { all.join(", ") }
}
