//! The whole matrix, the tree, and who is within whose reach.

use uuid::Uuid;

use super::*;
use crate::{
    desk::{DeskCommand, DeskEvent},
    holder::{Holder, HolderCommand, HolderEvent},
    ids::{HolderId, OrganisationCode},
    samples::registered,
    testing::day,
};

/// What every role may do, one row an act: M manager, A agent, S sponsor, U auditor, O operator,
/// P policy owner.
const MATRIX: [(StaffAct, &str); 36] = [
    (StaffAct::FindHolder, "MASU--"),
    (StaffAct::SeeHolder, "MASU--"),
    (StaffAct::RegisterPerson, "MA----"),
    (StaffAct::IssueCard, "MA----"),
    (StaffAct::ReplaceCard, "MA----"),
    (StaffAct::CancelCard, "MA----"),
    (StaffAct::ReportLost, "MA----"),
    (StaffAct::Suspend, "MA----"),
    (StaffAct::Reinstate, "MA----"),
    (StaffAct::Revoke, "MA----"),
    (StaffAct::AuthoriseAccountUnlock, "MA----"),
    (StaffAct::ApproveAccountUnlock, "MA----"),
    (StaffAct::AuthoriseRenewal, "MA----"),
    (StaffAct::ReleaseBlock, "MA----"),
    (StaffAct::AssistCardUnlock, "MAS---"),
    (StaffAct::CheckRecoveryPasscode, "MA----"),
    (StaffAct::ChangeContact, "MA----"),
    (StaffAct::CloseAccount, "M-----"),
    (StaffAct::ErasePerson, "M-----"),
    (StaffAct::GrantRole, "M-----"),
    (StaffAct::WithdrawRole, "M-----"),
    (StaffAct::Assign, "MA----"),
    (StaffAct::EndAssignment, "MA----"),
    (StaffAct::AddOrganisation, "M-----"),
    (StaffAct::SeeOrganisations, "MASU--"),
    (StaffAct::SeeStaff, "M--U--"),
    (StaffAct::SeeWorkList, "MA----"),
    (StaffAct::SeeUnlockCounts, "M-----"),
    (StaffAct::SeeHistory, "---U--"),
    (StaffAct::ExportLog, "---U--"),
    (StaffAct::SeePolicy, "---UOP"),
    (StaffAct::SimulatePolicy, "-----P"),
    (StaffAct::PublishPolicy, "-----P"),
    (StaffAct::SeeOperation, "----O-"),
    (StaffAct::Operate, "----O-"),
    (StaffAct::BreakGlass, "----O-"),
];

fn code(text: &str) -> OrganisationCode {
    text.parse().unwrap()
}

/// X26 above RXA and RXB, RXA1 below RXA.
fn organisations() -> Organisations {
    let all = [("X26", None), ("RXA", Some("X26")), ("RXB", Some("X26")), ("RXA1", Some("RXA"))];
    all.into_iter().fold(Organisations::default(), |tree, (added, parent)| {
        let events = tree.decide_add(code(added), added, parent.map(code)).unwrap();
        events.iter().fold(tree, Organisations::evolve)
    })
}

fn granted(grants: &[(Role, &str)]) -> Roles {
    grants.iter().fold(Roles::default(), |roles, (role, organisation)| {
        let (organisation, on) = (code(organisation), day("2026-01-05"));
        roles.evolve(&DeskEvent::RoleGranted { role: *role, organisation, on })
    })
}

const STAFF: HolderId = HolderId(Uuid::from_u128(1));
const PERSON: HolderId = HolderId(Uuid::from_u128(2));

/// Whether somebody with these roles may do this to a person of these organisations.
fn asked(
    grants: &[(Role, &str)],
    act: StaffAct,
    person: HolderId,
    assignments: &[&str],
) -> Result<Warrant, Refusal> {
    let roles = granted(grants);
    let assignments: Vec<_> = assignments.iter().map(|assigned| code(assigned)).collect();
    let subject = Subject { holder: person, assignments: &assignments };
    may(&Staff { holder: STAFF, roles: &roles }, act, Some(&subject), &organisations())
}

#[test]
fn b58_every_role_may_do_exactly_what_the_matrix_says() {
    assert_eq!(MATRIX.map(|(act, _)| act), StaffAct::ALL);
    for (act, row) in MATRIX {
        for (role, cell) in Role::ALL.into_iter().zip(row.chars()) {
            let may = asked(&[(role, "X26")], act, PERSON, &["RXA"]);
            if cell == '-' {
                assert_eq!(may, Err(Refusal::NotYourRole { act }), "{role:?} {act:?}");
            } else {
                assert_eq!(may.map(|warrant| warrant.role()), Ok(role), "{role:?} {act:?}");
            }
        }
    }
}

#[test]
fn b63_no_role_lets_anybody_act_on_his_own_record_whatever_the_act() {
    for act in StaffAct::ALL {
        let all = Role::ALL.map(|role| (role, "X26"));
        assert_eq!(asked(&all, act, STAFF, &["RXA"]), Err(Refusal::OwnRecord), "{act:?}");
    }
}

#[test]
fn b59_an_agent_acts_within_his_organisation_and_below_and_nowhere_else() {
    let agent = |at, assignments: &[&str]| {
        asked(&[(Role::RaAgent, at)], StaffAct::ReportLost, PERSON, assignments)
    };
    assert_eq!(agent("RXA", &["RXA"]).unwrap().organisation(), &code("RXA"));
    assert!(agent("RXA", &["RXA1"]).is_ok());
    assert!(agent("X26", &["RXA1"]).is_ok());
    assert!(agent("RXB", &["RXA", "RXB"]).is_ok());
    assert_eq!(agent("RXA1", &["RXA"]), Err(Refusal::OtherOrganisation));
    assert_eq!(agent("RXB", &["RXA"]), Err(Refusal::OtherOrganisation));
}

#[test]
fn b59_somebody_without_an_assignment_belongs_to_the_root_alone() {
    let agent = |at| asked(&[(Role::RaAgent, at)], StaffAct::SeeHolder, PERSON, &[]);
    assert!(agent("X26").is_ok());
    assert_eq!(agent("RXA"), Err(Refusal::OtherOrganisation));
}

#[test]
fn b59_the_organisation_is_named_before_the_role_and_who_is_no_staff_is_told_no_more() {
    let (act, elsewhere) = (StaffAct::CloseAccount, Err(Refusal::OtherOrganisation));
    assert_eq!(asked(&[(Role::Sponsor, "RXA")], act, PERSON, &["RXB"]), elsewhere);
    let not_allowed = Err(Refusal::NotYourRole { act });
    assert_eq!(asked(&[(Role::Sponsor, "RXA")], act, PERSON, &["RXA"]), not_allowed);
    assert_eq!(asked(&[], act, PERSON, &["RXA"]), not_allowed);
    assert_eq!(asked(&[], act, STAFF, &["RXA"]), not_allowed);
    // A role elsewhere does not lend its acts to one here.
    let mixed = [(Role::Sponsor, "RXA"), (Role::RaManager, "RXB")];
    assert_eq!(asked(&mixed, act, PERSON, &["RXA"]), not_allowed);
}

#[test]
fn b59_an_act_is_recorded_under_the_nearest_organisation_that_reaches_the_person() {
    let both = [(Role::RaAgent, "X26"), (Role::RaAgent, "RXA")];
    let warrant = asked(&both, StaffAct::Suspend, PERSON, &["RXA1"]).unwrap();
    assert_eq!((warrant.staff(), warrant.organisation()), (STAFF, &code("RXA")));
    let roles = granted(&both);
    let staff = Staff { holder: STAFF, roles: &roles };
    let of_nobody = may(&staff, StaffAct::SeeWorkList, None, &organisations()).unwrap();
    assert_eq!(of_nobody.organisation(), &code("X26"));
}

#[test]
fn b58_who_is_agent_and_sponsor_further_down_helps_with_a_card_as_the_agent() {
    let grants = [(Role::RaAgent, "X26"), (Role::Sponsor, "RXA")];
    let help = asked(&grants, StaffAct::AssistCardUnlock, PERSON, &["RXA"]).unwrap();
    assert_eq!((help.role(), help.organisation()), (Role::RaAgent, &code("X26")));
    let look = asked(&grants, StaffAct::SeeHolder, PERSON, &["RXA"]).unwrap();
    assert_eq!(look.role(), Role::Sponsor);
    let sponsor = asked(&grants[1..], StaffAct::AssistCardUnlock, PERSON, &["RXA"]).unwrap();
    assert_eq!(sponsor.role(), Role::Sponsor);
}

#[test]
fn b59_a_manager_grants_roles_within_his_organisation_and_the_root_those_of_the_whole_service() {
    let grant = |manager: &str, role, organisation: &str| {
        let roles = granted(&[(Role::RaManager, manager)]);
        let grant = Grant { role, organisation: code(organisation) };
        let assignments = [code("RXA")];
        let subject = Subject { holder: PERSON, assignments: &assignments };
        let staff = Staff { holder: STAFF, roles: &roles };
        may_grant(&staff, &subject, &grant, &organisations()).map(|_| ())
    };
    assert_eq!(grant("RXA", Role::RaAgent, "RXA1"), Ok(()));
    assert_eq!(grant("RXA", Role::RaAgent, "X26"), Err(Refusal::OtherOrganisation));
    assert_eq!(grant("RXA", Role::Operator, "RXA"), Err(Refusal::RootOnly));
    assert_eq!(grant("X26", Role::PolicyOwner, "X26"), Ok(()));
    assert_eq!(grant("RXA", Role::PolicyOwner, "X26"), Err(Refusal::OtherOrganisation));
}

#[test]
fn b59_a_person_is_assigned_by_somebody_who_reaches_both_the_person_and_the_organisation() {
    let assign = |agent: &str, from: &str, to: &str| {
        let roles = granted(&[(Role::RaAgent, agent)]);
        let assignments = [code(from)];
        let subject = Subject { holder: PERSON, assignments: &assignments };
        let staff = Staff { holder: STAFF, roles: &roles };
        may_assign(&staff, StaffAct::Assign, &subject, &code(to), &organisations()).map(|_| ())
    };
    assert_eq!(assign("RXA", "RXA", "RXA1"), Ok(()));
    assert_eq!(assign("RXA", "RXA", "RXB"), Err(Refusal::OtherOrganisation));
    assert_eq!(assign("RXA", "RXB", "RXA"), Err(Refusal::OtherOrganisation));
    assert_eq!(assign("X26", "RXB", "RXA"), Ok(()));
}

#[test]
fn b59_the_last_manager_who_looks_after_an_organisation_stays() {
    let withdraw = |at: &str, remaining: &[&str]| {
        let roles = granted(&[(Role::RaManager, "X26")]);
        let remaining: Vec<_> = remaining.iter().map(|left| code(left)).collect();
        let grant = Grant { role: Role::RaManager, organisation: code(at) };
        let assignments = [code("RXA")];
        let subject = Subject { holder: PERSON, assignments: &assignments };
        let staff = Staff { holder: STAFF, roles: &roles };
        may_withdraw(&staff, &subject, &grant, &remaining, &organisations()).map(|(_, cover)| cover)
    };
    assert_eq!(withdraw("RXA", &["RXA", "X26"]), Ok(Cover::Own));
    assert_eq!(withdraw("RXA", &["X26"]), Ok(Cover::Above));
    assert_eq!(withdraw("RXA", &["RXB", "RXA1"]), Err(Refusal::LastManager));
}

#[test]
fn b59_there_is_one_root_and_nothing_is_further_down_than_eight_levels() {
    let mut tree = Organisations::default();
    let no_parent = Err(NotAdded::NoParent { parent: code("X") });
    assert_eq!(tree.decide_add(code("L2"), "Two", Some(code("X"))), no_parent);
    let mut above = None;
    for level in 1..=DEPTH_MAX {
        let added = code(&format!("L{level}"));
        let events = tree.decide_add(added.clone(), "A level", above.clone()).unwrap();
        tree = events.iter().fold(tree, Organisations::evolve);
        assert_eq!(tree.depth(&added), Some(level));
        above = Some(added);
    }
    assert_eq!(tree.decide_add(code("L9"), "Nine", above), Err(NotAdded::TooDeep));
    assert_eq!(tree.decide_add(code("M1"), "Another", None), Err(NotAdded::SecondRoot));
    assert!(tree.covers(&code("L1"), &code("L8")) && !tree.covers(&code("L8"), &code("L1")));
    assert!(!tree.covers(&code("M1"), &code("M1")));
}

#[test]
fn b59_adding_an_organisation_again_adds_nothing_and_another_by_its_code_is_refused() {
    let tree = organisations();
    assert_eq!(tree.decide_add(code("RXA"), "RXA", Some(code("X26"))), Ok(vec![]));
    let taken = Err(NotAdded::CodeTaken { code: code("RXA") });
    assert_eq!(tree.decide_add(code("RXA"), "Another", Some(code("X26"))), taken);
    let named = |characters| {
        tree.decide_add(code("RXC"), &"n".repeat(characters), Some(code("X26"))).is_ok()
    };
    assert!(!named(0) && named(1) && named(NAME_CHARACTERS_MAX) && !named(NAME_CHARACTERS_MAX + 1));
}

#[test]
fn an_added_organisation_is_written_and_read_as_its_golden_file_says() {
    let (name, parent) = ("St Ebba's Hospital".to_owned(), Some(code("X26")));
    let added = OrganisationEvent::OrganisationAdded { code: code("RXA"), name, parent };
    let file = include_str!("golden/OrganisationAdded.1.json");
    let encoded = added.encode();
    assert_eq!(serde_json::to_string_pretty(&encoded.data).unwrap() + "\n", file);
    let read = OrganisationEvent::decode(encoded.kind, encoded.schema, file.as_bytes());
    assert_eq!(read.unwrap(), added);
    assert!(OrganisationEvent::decode("OrganisationAdded", 2, file.as_bytes()).is_err());
    assert!(OrganisationEvent::decode("OrganisationClosed", 1, file.as_bytes()).is_err());
    assert!(OrganisationEvent::decode("OrganisationAdded", 1, b"{}").is_err());
}

fn grant(role: Role, organisation: &str) -> HolderCommand {
    HolderCommand::Desk(DeskCommand::GrantRole { role, organisation: code(organisation) })
}

#[test]
fn b58_a_role_is_granted_once_and_withdrawn_once() {
    let (role, organisation, on) = (Role::Sponsor, code("RXA"), day("2026-01-05"));
    let granted = DeskEvent::RoleGranted { role, organisation: organisation.clone(), on };
    let withdrawn = DeskEvent::RoleWithdrawn { role, organisation: organisation.clone(), on };
    let withdraw = || {
        let organisation = organisation.clone();
        HolderCommand::Desk(DeskCommand::WithdrawRole { role, organisation })
    };
    let once = registered("2025-03-10")
        .on("2026-01-05")
        .when(grant(role, "RXA"))
        .then([HolderEvent::Desk(granted)])
        .when(grant(role, "RXA"))
        .then([]);
    once.see(|_, holder| assert!(holder.roles().has(role, &organisation)));
    once.when(withdraw())
        .then([HolderEvent::Desk(withdrawn)])
        .when(withdraw())
        .then([])
        .see(|_, holder| assert!(!holder.roles().is_staff()));
}

#[test]
fn b59_nobody_has_more_than_16_roles_or_16_assignments() {
    let mut when = registered("2025-03-10").on("2026-01-05");
    for n in 0..GRANTS_MAX {
        when = when.when(grant(Role::RaAgent, &format!("G{n}"))).then([HolderEvent::Desk(
            DeskEvent::RoleGranted {
                role: Role::RaAgent,
                organisation: code(&format!("G{n}")),
                on: day("2026-01-05"),
            },
        )]);
    }
    let mut when = when.when(grant(Role::RaAgent, "G16")).then_refused(Refusal::TooMany);
    let assign = |n: usize| DeskCommand::Assign { organisation: code(&format!("A{n}")) };
    for n in 0..ASSIGNMENTS_MAX {
        let (organisation, on) = (code(&format!("A{n}")), day("2026-01-05"));
        let assigned = HolderEvent::Desk(DeskEvent::Assigned { organisation, on });
        when = when.when(HolderCommand::Desk(assign(n))).then([assigned]);
    }
    when.when(HolderCommand::Desk(assign(ASSIGNMENTS_MAX))).then_refused(Refusal::TooMany);
}

#[test]
fn b59_an_assignment_is_made_once_and_ended_once_and_not_of_somebody_unknown() {
    let (organisation, on) = (code("RXA"), day("2026-01-05"));
    let assign = HolderCommand::Desk(DeskCommand::Assign { organisation: organisation.clone() });
    let end = DeskCommand::EndAssignment { organisation: organisation.clone() };
    let ended = DeskEvent::AssignmentEnded { organisation: organisation.clone(), on };
    let assigned = DeskEvent::Assigned { organisation, on };
    registered("2025-03-10")
        .on("2026-01-05")
        .when(assign.clone())
        .then([HolderEvent::Desk(assigned)])
        .when(assign.clone())
        .then([])
        .when(HolderCommand::Desk(end.clone()))
        .then([HolderEvent::Desk(ended)])
        .when(HolderCommand::Desk(end))
        .then([]);
    crate::testing::given::<Holder>([])
        .on("2026-01-05")
        .when(assign)
        .then_refused(crate::holder::Refusal::NotRegistered);
}

#[test]
fn every_role_is_found_by_its_label_and_every_refusal_names_a_rule_and_a_way_out() {
    for role in Role::ALL {
        assert_eq!(Role::labelled(role.label()), Some(role));
    }
    let act = StaffAct::Revoke;
    for refusal in [Refusal::OwnRecord, Refusal::OtherOrganisation, Refusal::NotYourRole { act }] {
        assert!(
            refusal.way_out().ends_with('.')
                && crate::rules::find(refusal.rule().as_str()).is_some()
        );
    }
}
