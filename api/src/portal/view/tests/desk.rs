//! The desk, every page in every state.

use chrono::NaiveDate;
use domain::{desk::Refusal, refusal::RuleId, staff::StaffAct};

use super::{Stage, staff_at_desk};
use crate::{
    desk::sheet::{Line, Offered},
    portal::view::desk::{
        Whose,
        done::DonePage,
        find::{FindPerson, Found, Person},
        form::{ActForm, Choice, Control, Field},
        list::{Cell, ListPage},
        record::RecordPage,
        work::{StandsOut, UnreachedLine, WorkLine, WorkPage},
    },
};

const RECORD: &str = "/desk/holders/0199b7f2";

fn whose() -> Whose {
    Whose { name: Some("Asha Patel".into()), card: Some("AB01".into()), record: RECORD.into() }
}

fn erased() -> Whose {
    Whose { name: None, card: None, ..whose() }
}

#[test]
fn people_are_looked_for_by_name_or_card_and_a_name_is_in_no_address() {
    let stage = staff_at_desk();
    let person = Person {
        name: "Asha Patel".into(),
        card: Some("AB01".into()),
        organisations: "RXA".into(),
        record: RECORD.into(),
    };
    let found = |people, next: Option<&str>| FindPerson {
        name: "pat ash".into(),
        found: Some(Found { people, next: next.map(Into::into) }),
        may_see_work: true,
        may_register: true,
        lists: vec![pages::Link::new("/desk/organisations", "Organisations")],
        ..FindPerson::default()
    };
    let faulty = FindPerson {
        name_fault: Some("Enter at least two letters".into()),
        card_fault: Some("Enter the number as it is printed".into()),
        ..FindPerson::default()
    };
    for (name, page) in [
        ("desk_find", FindPerson::default()),
        ("desk_found", found(vec![person], Some("0199b7f2.patel"))),
        ("desk_found_nobody", found(vec![], None)),
        ("desk_find_faulty", faulty),
    ] {
        stage.shows(name, |environment, frame| page.render(environment, frame));
    }
}

fn record(whose: Whose, lines: Vec<Line>, acts: Vec<Offered>) -> RecordPage {
    RecordPage {
        whose,
        holder: "0199b7f2".into(),
        email: None,
        organisations: vec!["St Ebba's Hospital (RXA)".into()],
        roles: Vec::new(),
        lines,
        acts,
    }
}

fn shows_record(stage: &Stage, name: &str, page: &RecordPage) {
    stage.shows(name, |environment, frame| page.render(environment, frame));
}

#[test]
fn a_record_says_how_everything_stands_and_leads_to_what_may_be_done() {
    let stage = staff_at_desk();
    let line = Line {
        about: "smartcard_passcode",
        words: "Was not renewed, so the account is locked since 23 March 2027".into(),
        rule: RuleId::new("P-18"),
        day: NaiveDate::from_ymd_opt(2027, 3, 23),
    };
    let offered = |act| {
        let is_refused = act == StaffAct::Reinstate || act == StaffAct::ReleaseBlock;
        let obstacle = is_refused.then(|| Refusal::NotSuspended.into());
        Offered { act, obstacle }
    };
    let all = StaffAct::ALL.into_iter().map(offered).collect();
    shows_record(&stage, "desk_record", &record(whose(), vec![line.clone()], all));
    let none = vec![offered(StaffAct::Reinstate)];
    let page = record(whose(), vec![line.clone()], none);
    shows_record(&stage, "desk_record_nothing_now", &page);
    let looks = [StaffAct::FindHolder, StaffAct::SeeHolder].map(offered).to_vec();
    shows_record(&stage, "desk_record_erased", &record(erased(), vec![line], looks));
}

#[test]
fn a_form_of_the_desk_says_what_comes_of_it_and_asks_in_every_way() {
    let stage = staff_at_desk();
    let fields = |is_faulty| {
        vec![
            Field::radios("evidence", "What did you see?", vec![Choice::new("one", "a passport")])
                .with_value("one"),
            Field::text("place", "Where are you?", 20)
                .with_hint("For example RA desk 2")
                .faulty_if(is_faulty, "Enter where you are"),
            Field::new("passcode", "What does the caller say?", Control::Secret),
            Field::new(
                "lost",
                "When was it lost?",
                Control::Day { parts: ["1".into(), "3".into(), String::new()] },
            )
            .faulty_if(is_faulty, "Enter a day"),
        ]
    };
    let form = |warnings, is_faulty| ActForm {
        title: "Let a person unlock the account",
        whose: Some(whose()),
        action: format!("{RECORD}/account-unlock"),
        says: vec!["The account stays locked until the person has logged in.".into()],
        warnings,
        fields: fields(is_faulty),
        number: "0199b7f2".into(),
        hidden: None,
        button: "Let the person unlock the account",
    };
    for (name, page) in [
        ("desk_form", form(vec![], false)),
        ("desk_form_faulty", form(vec![], true)),
        ("desk_form_for_ever", form(vec!["It is over."], false)),
        (
            "desk_form_hidden",
            ActForm {
                whose: None,
                hidden: Some(("request", "7".into())),
                fields: vec![],
                ..form(vec![], false)
            },
        ),
    ] {
        stage.shows(name, |environment, frame| page.render(environment, frame));
    }
}

#[test]
fn what_was_done_says_what_the_holder_does_next_and_until_when() {
    let stage = staff_at_desk();
    let done = |whose, until: Option<&str>| DonePage {
        title: "The person can unlock the account now",
        whose,
        until: until.map(Into::into),
        next: vec!["The person logs in with this smartcard.".into()],
    };
    for (name, page) in [
        ("desk_done", done(whose(), Some("1 March 2026 at 2:47pm"))),
        ("desk_done_for_good", done(erased(), None)),
    ] {
        stage.shows(name, |environment, frame| page.render(environment, frame));
    }
}

#[test]
fn what_waits_is_listed_by_person_since_when() {
    let stage = staff_at_desk();
    let line = WorkLine {
        name: "Asha Patel".into(),
        record: RECORD.into(),
        words: "The account is locked",
        since: "1 March 2026 at 2:47pm".into(),
        until: Some("2 March 2026 at 8:47am".into()),
    };
    let unreached = UnreachedLine {
        name: "Ben Okafor".into(),
        record: RECORD.into(),
        n: 2,
        since: "1 March 2026 at 2:47pm".into(),
    };
    let none = WorkPage {
        standing_out: vec![],
        lines: vec![],
        unreached: vec![],
        next: None,
        first: Some("/desk/work"),
    };
    let many = StandsOut {
        text: "Ben Agent let 11 people unlock on 1 March 2026".into(),
        counts: "/desk/unlock-counts?on=2026-03-01".into(),
    };
    let next = Some("/desk/work?after=1".into());
    for (name, page) in [
        (
            "desk_work",
            WorkPage {
                standing_out: vec![many],
                lines: vec![line],
                unreached: vec![unreached],
                next,
                first: None,
            },
        ),
        ("desk_work_none", none),
    ] {
        stage.shows(name, |environment, frame| page.render(environment, frame));
    }
}

#[test]
fn a_list_of_the_desk_leads_to_records_and_to_more_of_it() {
    let stage = staff_at_desk();
    let list = |rows, next: Option<&str>, first: Option<&str>| ListPage {
        title: "Staff of organisation RXA, and below".into(),
        says: vec!["To give somebody a role, find the person.".into()],
        links: vec![pages::Link::new("/desk", "Find a person to give a role to")],
        head: vec!["Name", "Role"],
        rows,
        nothing: "Nobody has a role here.",
        next: next.map(Into::into),
        first: first.map(Into::into),
    };
    let row = vec![Cell::link(RECORD, "Asha Patel"), Cell::text("Sponsor at St Ebba's Hospital")];
    for (name, page) in [
        ("desk_list", list(vec![row], Some("/desk/staff?after=1"), None)),
        ("desk_list_none", list(vec![], None, Some("/desk/staff"))),
    ] {
        stage.shows(name, |environment, frame| page.render(environment, frame));
    }
}
