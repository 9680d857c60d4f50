//! The question whether somebody may, and the only way to a [`Warrant`].

use super::{Grant, Organisations, Refusal, Role, Roles, StaffAct};
use crate::ids::{HolderId, OrganisationCode};

/// A member of staff who has logged on with his card.
#[derive(Debug, Clone, Copy)]
pub struct Staff<'a> {
    /// Who.
    pub holder: HolderId,
    /// What his stream says that he may.
    pub roles: &'a Roles,
}

/// The person whom an act concerns.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// Who.
    pub holder: HolderId,
    /// B-59: the organisations that this person is assigned to. Without any, the root alone acts.
    pub assignments: &'a [OrganisationCode],
}

/// Somebody may do something, by this role, under this organisation (B-59). Made here alone:
/// ```compile_fail
/// let warrant = domain::staff::Warrant {
///     staff: "00000000-0000-0000-0000-000000000001".parse().unwrap(),
///     act: domain::staff::StaffAct::Revoke,
///     role: domain::staff::Role::RaAgent,
///     organisation: "RXA".parse().unwrap(),
/// };
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warrant {
    staff: HolderId,
    act: StaffAct,
    role: Role,
    organisation: OrganisationCode,
}

impl Warrant {
    /// Who.
    #[must_use]
    pub fn staff(&self) -> HolderId {
        self.staff
    }

    /// What for.
    #[must_use]
    pub fn act(&self) -> StaffAct {
        self.act
    }

    /// By which of his roles.
    #[must_use]
    pub fn role(&self) -> Role {
        self.role
    }

    /// B-59: the organisation in which he has it, under which the act is recorded.
    #[must_use]
    pub fn organisation(&self) -> &OrganisationCode {
        &self.organisation
    }
}

/// B-58, B-59, B-63: whether a member of staff may do this, to this person if it concerns one.
///
/// Refused in this order: not his own record, not outside his organisation, not beyond his role.
/// Who has no role at all is told that and no more.
pub fn may(
    staff: &Staff<'_>,
    act: StaffAct,
    subject: Option<&Subject<'_>>,
    organisations: &Organisations,
) -> Result<Warrant, Refusal> {
    let grants = || staff.roles.grants().iter();
    if !staff.roles.is_staff() {
        return Err(Refusal::NotYourRole { act });
    }
    let Some(subject) = subject else {
        // The one that reaches furthest, if he has it in several organisations.
        let by_role = grants().filter(|grant| act.roles().contains(&grant.role));
        let widest = by_role.min_by_key(|grant| organisations.depth(&grant.organisation));
        return widest.map(|grant| warrant(staff, act, grant)).ok_or(Refusal::NotYourRole { act });
    };
    if subject.holder == staff.holder {
        return Err(Refusal::OwnRecord);
    }
    let within = |grant: &&Grant| is_within(organisations, &grant.organisation, subject);
    nearest(staff, act, grants().filter(within), organisations)
}

/// B-59: whether a member of staff may do this within an organisation: register somebody for it, or
/// add another below it.
pub fn may_in(
    staff: &Staff<'_>,
    act: StaffAct,
    organisation: &OrganisationCode,
    organisations: &Organisations,
) -> Result<Warrant, Refusal> {
    if !staff.roles.is_staff() {
        return Err(Refusal::NotYourRole { act });
    }
    let grants = staff.roles.grants().iter();
    let covering = grants.filter(|grant| organisations.covers(&grant.organisation, organisation));
    nearest(staff, act, covering, organisations)
}

/// B-59: whether a member of staff may assign a person to an organisation ([`StaffAct::Assign`]), or
/// end that ([`StaffAct::EndAssignment`]): person and organisation have to be his.
pub fn may_assign(
    staff: &Staff<'_>,
    act: StaffAct,
    subject: &Subject<'_>,
    organisation: &OrganisationCode,
    organisations: &Organisations,
) -> Result<Warrant, Refusal> {
    may(staff, act, Some(subject), organisations)?;
    may_in(staff, act, organisation, organisations)
}

/// B-59, B-63: whether a member of staff may grant this role to this person. What concerns the whole
/// service is granted in the root organisation, so by its managers alone.
pub fn may_grant(
    staff: &Staff<'_>,
    subject: &Subject<'_>,
    grant: &Grant,
    organisations: &Organisations,
) -> Result<Warrant, Refusal> {
    may(staff, StaffAct::GrantRole, Some(subject), organisations)?;
    let warrant = may_in(staff, StaffAct::GrantRole, &grant.organisation, organisations)?;
    if grant.role.is_of_the_root() && organisations.root() != Some(&grant.organisation) {
        return Err(Refusal::RootOnly);
    }
    Ok(warrant)
}

/// Who looks after an organisation once a role is withdrawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cover {
    /// Somebody of the organisation itself, as before.
    Own,
    /// Only somebody of an organisation above: worth an alarm.
    Above,
}

/// B-59, B-63: whether a member of staff may withdraw this role from this person. `remaining` are the
/// organisations of all other registration authority managers, of the whole service.
///
/// The last manager who can look after an organisation cannot be withdrawn.
pub fn may_withdraw(
    staff: &Staff<'_>,
    subject: &Subject<'_>,
    grant: &Grant,
    remaining: &[OrganisationCode],
    organisations: &Organisations,
) -> Result<(Warrant, Cover), Refusal> {
    may(staff, StaffAct::WithdrawRole, Some(subject), organisations)?;
    let warrant = may_in(staff, StaffAct::WithdrawRole, &grant.organisation, organisations)?;
    let at = &grant.organisation;
    if grant.role != Role::RaManager || remaining.contains(at) {
        return Ok((warrant, Cover::Own));
    }
    if remaining.iter().any(|upper| organisations.covers(upper, at)) {
        Ok((warrant, Cover::Above))
    } else {
        Err(Refusal::LastManager)
    }
}

/// B-59: the person is assigned to that organisation or to one below it; without any assignment, to
/// the root alone.
fn is_within(
    organisations: &Organisations,
    upper: &OrganisationCode,
    subject: &Subject<'_>,
) -> bool {
    if subject.assignments.is_empty() {
        return organisations.root() == Some(upper);
    }
    subject.assignments.iter().any(|lower| organisations.covers(upper, lower))
}

/// Of the roles that reach there, the one nearest to it that may. B-58: a sponsor's help with a card
/// is less than the registration authority's, so whoever is both helps as the authority.
fn nearest<'a>(
    staff: &Staff<'_>,
    act: StaffAct,
    reaching: impl Iterator<Item = &'a Grant>,
    organisations: &Organisations,
) -> Result<Warrant, Refusal> {
    let reaching: Vec<_> = reaching.collect();
    if reaching.is_empty() {
        return Err(Refusal::OtherOrganisation);
    }
    let allowed = reaching.into_iter().filter(|grant| act.roles().contains(&grant.role));
    let is_less = |role| act == StaffAct::AssistCardUnlock && role == Role::Sponsor;
    let nearest = allowed
        .max_by_key(|grant| (!is_less(grant.role), organisations.depth(&grant.organisation)));
    nearest.map(|grant| warrant(staff, act, grant)).ok_or(Refusal::NotYourRole { act })
}

fn warrant(staff: &Staff<'_>, act: StaffAct, grant: &Grant) -> Warrant {
    Warrant { staff: staff.holder, act, role: grant.role, organisation: grant.organisation.clone() }
}
