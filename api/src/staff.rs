//! Who is at the desk, and whether he may do what is asked (B-58, B-59, B-63): for portal and API
//! alike, from the session's cookie to a [`Warrant`], and only by [`domain::staff::may`].
//!
//! A handler for staff takes a session by naming an act, as handlers for holders do
//! ([`crate::admission`]): [`crate::rest`] and [`crate::portal`] each have an argument for it. It lets
//! nobody in whose route is not in the list of staff's routes under that very act ([`Listed`]), so
//! that the list is complete and a test can go through it.

pub mod acts;
pub mod list;

use std::marker::PhantomData;

use anyhow::Context as _;
use axum::{
    extract::{FromRequestParts as _, RawPathParams},
    http::{HeaderMap, request::Parts},
};
use domain::{
    holder,
    ids::{HolderId, OrganisationCode},
    refusal::Refusal,
    restricted::Act,
    staff::{self, Roles, Staff, StaffAct, Subject, Warrant},
};
use stores::session::Session;

pub use acts::NamesAct;

use crate::{
    admission::{Admission, admit},
    app::App,
    execute::Loaded,
    required::Required,
};

/// The name of the part of an address that says whose record it is about.
pub const HOLDER_PARAMETER: &str = "holder";

/// Put on a route by the list of staff's routes: it is in the list, under this act.
#[derive(Debug, Clone, Copy)]
pub struct Listed<A>(PhantomData<A>);

impl<A: NamesAct> Listed<A> {
    /// For the list alone.
    fn under(_act: A) -> Self {
        Self(PhantomData)
    }

    /// Refuses a route that is not in the list, or in it under another act.
    ///
    /// # Errors
    /// If it is not.
    pub fn check(parts: &Parts) -> anyhow::Result<()> {
        let listed = parts.extensions.get::<Self>().is_some();
        anyhow::ensure!(listed, "a route of staff that is not listed under {:?}", A::ACT);
        Ok(())
    }
}

/// A member of staff in a full session of his own.
#[derive(Debug, Clone)]
pub struct Member {
    session: Session,
    roles: Roles,
}

impl Member {
    /// His session.
    #[must_use]
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// Who.
    #[must_use]
    pub fn holder(&self) -> HolderId {
        self.session.holder
    }

    /// What he may do as staff, for [`domain::staff`]'s questions.
    #[must_use]
    pub fn staff(&self) -> Staff<'_> {
        Staff { holder: self.session.holder, roles: &self.roles }
    }

    /// B-58: whether he may do something that concerns nobody in particular.
    ///
    /// # Errors
    /// The rule that says no.
    pub fn may(&self, app: &App, act: StaffAct) -> Result<Warrant, staff::Refusal> {
        staff::may(&self.staff(), act, None, &app.organisations())
    }

    /// B-58, B-59, B-63: whether he may do something about this person.
    ///
    /// # Errors
    /// The rule that says no.
    pub fn may_about(
        &self,
        app: &App,
        act: StaffAct,
        record: &Record,
    ) -> Result<Mandate, staff::Refusal> {
        let warrant =
            staff::may(&self.staff(), act, Some(&record.subject()), &app.organisations())?;
        Ok(Mandate { warrant, holder: record.holder })
    }

    /// B-59: whether he may do something within an organisation.
    ///
    /// # Errors
    /// The rule that says no.
    pub fn may_in(
        &self,
        app: &App,
        act: StaffAct,
        organisation: &OrganisationCode,
    ) -> Result<Warrant, staff::Refusal> {
        staff::may_in(&self.staff(), act, organisation, &app.organisations())
    }
}

/// Somebody's record, as the log has it now.
#[derive(Debug, Clone)]
pub struct Record {
    /// Whose.
    pub holder: HolderId,
    /// His stream; of somebody who is only in the vault as yet, nothing.
    pub loaded: Loaded,
}

impl Record {
    /// The person, as the rules about staff see him.
    #[must_use]
    pub fn subject(&self) -> Subject<'_> {
        Subject { holder: self.holder, assignments: self.loaded.holder.roles().assignments() }
    }
}

/// A warrant for one act about one person: what an act of the desk takes. Made here alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mandate {
    warrant: Warrant,
    holder: HolderId,
}

impl Mandate {
    /// Who may, what, and by which role.
    #[must_use]
    pub fn warrant(&self) -> &Warrant {
        &self.warrant
    }

    /// About whom.
    #[must_use]
    pub fn holder(&self) -> HolderId {
        self.holder
    }
}

/// The number in the address of a record.
///
/// # Errors
/// If the route has no such part: it is listed wrongly.
pub async fn holder_in(parts: &mut Parts, app: &App) -> anyhow::Result<Option<HolderId>> {
    let parameters = RawPathParams::from_request_parts(parts, app).await?;
    let mut named = parameters.iter().filter(|(name, _)| *name == HOLDER_PARAMETER);
    let (_, number) = named.next().context("a route about a person without its number")?;
    Ok(number.parse().ok())
}

/// What comes of a request to the desk.
#[derive(Debug)]
pub enum Entry<T> {
    /// There is no open session.
    Nobody,
    /// B-17: there is one in which a change comes first.
    Restricted(holder::Refusal, Required),
    /// A rule says no.
    Refused(Refusal),
    /// There is no such person.
    NoSuchPerson,
    /// He may.
    Open(T),
}

/// The member of staff whose cookie is in these headers, if he may do this to nobody in particular.
///
/// # Errors
/// If a store fails.
pub async fn admit_member(
    app: &App,
    headers: &HeaderMap,
    act: StaffAct,
) -> anyhow::Result<Entry<(Member, Warrant)>> {
    Ok(match member(app, headers).await? {
        Entry::Open(member) => match member.may(app, act) {
            Ok(warrant) => Entry::Open((member, warrant)),
            Err(refusal) => Entry::Refused(refusal.into()),
        },
        Entry::Nobody => Entry::Nobody,
        Entry::Restricted(refusal, required) => Entry::Restricted(refusal, required),
        Entry::Refused(refusal) => Entry::Refused(refusal),
        Entry::NoSuchPerson => Entry::NoSuchPerson,
    })
}

/// The same, if he may do this to this person; `None` is nobody's number.
///
/// # Errors
/// If a store fails.
pub async fn admit_to(
    app: &App,
    headers: &HeaderMap,
    act: StaffAct,
    holder: Option<HolderId>,
) -> anyhow::Result<Entry<(Member, Mandate, Record)>> {
    let member = match member(app, headers).await? {
        Entry::Open(member) => member,
        Entry::Nobody => return Ok(Entry::Nobody),
        Entry::Restricted(refusal, required) => return Ok(Entry::Restricted(refusal, required)),
        Entry::Refused(refusal) => return Ok(Entry::Refused(refusal)),
        Entry::NoSuchPerson => return Ok(Entry::NoSuchPerson),
    };
    // Who is no staff is told so, and not who is a holder.
    if !member.roles.is_staff() {
        return Ok(Entry::Refused(staff::Refusal::NotYourRole { act }.into()));
    }
    let Some(holder) = holder else { return Ok(Entry::NoSuchPerson) };
    let Some(record) = find(app, holder).await? else { return Ok(Entry::NoSuchPerson) };
    Ok(match member.may_about(app, act, &record) {
        Ok(mandate) => Entry::Open((member, mandate, record)),
        Err(refusal) => Entry::Refused(refusal.into()),
    })
}

/// Somebody's record; `None` if nobody has this number.
///
/// # Errors
/// If a store fails.
pub async fn find(app: &App, holder: HolderId) -> anyhow::Result<Option<Record>> {
    let loaded = app.load(holder).await?;
    let is_known = loaded.revision.is_some() || app.stores().vault.person(holder).await?.is_some();
    Ok(is_known.then_some(Record { holder, loaded }))
}

async fn member(app: &App, headers: &HeaderMap) -> anyhow::Result<Entry<Member>> {
    Ok(match admit(app, headers, Act::ActAsStaff).await? {
        Admission::Nobody => Entry::Nobody,
        Admission::Refused(refusal, required) => Entry::Restricted(refusal, required),
        Admission::Open(session) => {
            let loaded = app.load(session.holder).await?;
            Entry::Open(Member { session, roles: loaded.holder.roles().clone() })
        }
    })
}
