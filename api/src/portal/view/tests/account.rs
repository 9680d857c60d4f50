//! Home and what happened.

use domain::{calendar::Phase, passcode::Kind};

use super::{
    holder_on,
    passcodes::{line, not_set},
};
use crate::portal::view::{
    agent::AgentStatus,
    frame::Tab,
    home::Home,
    ledger::{Ledger, LedgerEntry},
    refusal::rule_link,
};

fn home(phase: Phase, days_left: i64) -> Home {
    Home {
        due: None,
        may_decline: false,
        holder: "Dr Sam Okafor".into(),
        card: "0A1B2C3D4E5F".into(),
        passcodes: vec![
            line(Kind::Smartcard, phase, days_left),
            line(Kind::AccountRecovery, Phase::Current { days_left: 200 }, 200),
            not_set(Kind::Verification),
        ],
        agent: AgentStatus::Ready { reader: "Example Reader 2".into() },
    }
}

#[track_caller]
fn shows(name: &str, page: &Home) {
    holder_on(Tab::Home).shows(name, |environment, frame| page.render(environment, frame));
}

#[test]
fn home_says_what_is_most_urgent_and_nothing_when_nothing_is() {
    shows("home", &home(Phase::Current { days_left: 200 }, 200));
    let due = home(Phase::Alert { days_left: 14 }, 14);
    shows("home_due", &Home { due: due.passcodes.first().cloned(), may_decline: true, ..due });
    let forced = home(Phase::Forced { days_left: 21 }, 0);
    let agent = AgentStatus::Lost { last_heard: "10:02am".into() };
    shows("home_expired", &Home { due: forced.passcodes.first().cloned(), agent, ..forced });
}

#[test]
fn the_ledger_is_an_ordered_list_with_older_and_newer_pages() {
    let entry = LedgerEntry {
        title: "Verification passcode changed".into(),
        at: "2026-03-02T09:14:00Z".into(),
        when: "2 March 2026 at 9:14am".into(),
        by: "you, with your smartcard".into(),
        detail: None,
        rule: None,
    };
    let refused = LedgerEntry {
        title: "A new passcode was refused".into(),
        detail: Some("It was one of your last five.".into()),
        rule: Some(rule_link("P-22")),
        ..entry.clone()
    };
    let page = Ledger {
        entries: vec![entry, refused],
        newer: Some("/ledger?before=90".into()),
        older: Some("/ledger?before=40".into()),
    };
    let stage = holder_on(Tab::Ledger);
    stage.shows("ledger", |environment, frame| page.render(environment, frame));
    let first = Ledger { newer: None, ..page.clone() };
    stage.shows("ledger_first_page", |environment, frame| first.render(environment, frame));
    let empty = Ledger { entries: vec![], newer: None, older: None };
    stage.shows("ledger_empty", |environment, frame| empty.render(environment, frame));
}
