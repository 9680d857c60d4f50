//! Home and what happened.

use domain::{calendar::Phase, passcode::Kind};

use super::{
    expiry::{alert, renewal},
    holder_on,
    passcodes::{line, not_set},
};
use crate::portal::view::{
    agent::AgentStatus,
    frame::Tab,
    home::{Home, Notice, PutOff},
    ledger::{Ledger, LedgerEntry},
    paths,
    refusal::rule_link,
};

fn home(phase: Phase, days_left: i64) -> Home {
    Home {
        notice: Notice::Nothing,
        holder: "Dr Sam Okafor".into(),
        card: "0A1B2C3D4E5F".into(),
        passcodes: vec![
            line(Kind::Smartcard, phase, days_left),
            line(Kind::AccountRecovery, Phase::Current { days_left: 200 }, 200),
            not_set(Kind::Verification),
        ],
        due: None,
        certificates: Some(super::certificates::line()),
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
    shows(
        "home_due",
        &Home { notice: Notice::Alert(alert(&[Kind::Smartcard], 14)), ..due.clone() },
    );
    let both = Home { due: Some(super::certificates::alert(30, true)), ..due.clone() };
    shows("home_certificates_due", &both);
    let put_off = PutOff {
        tomorrow: "We will remind you again tomorrow, 25 February 2026.".into(),
        renew: paths::PASSCODES_DUE,
    };
    shows("home_put_off", &Home { notice: Notice::PutOff(put_off), ..due });
    let expired = home(Phase::Forced { days_left: 21 }, 0);
    let agent = AgentStatus::Lost { last_heard: "10:02am".into() };
    let notice = Notice::Expired(line(Kind::Smartcard, Phase::Forced { days_left: 21 }, 0));
    shows("home_expired", &Home { notice, agent, ..expired.clone() });
    let notice = Notice::Renewal(renewal(&[Kind::Smartcard]));
    shows("home_renewal", &Home { notice, ..expired });
}

#[test]
fn b41_home_asks_for_another_account_recovery_passcode_once_it_was_said_aloud() {
    let notice = Notice::Spoken(domain::passcode::Advice::Spoken.message());
    let quiet = home(Phase::Current { days_left: 200 }, 200);
    shows("home_spoken", &Home { notice, ..quiet });
}

#[test]
fn the_ledger_is_an_ordered_list_with_older_and_newer_pages() {
    let entry = LedgerEntry {
        title: "Verification passcode changed".into(),
        at: "2026-03-02T09:14:00Z".into(),
        when: "2 March 2026 at 9:14am".into(),
        by: "you, with your smartcard".into(),
        not_me: None,
        detail: None,
        rule: None,
    };
    let refused = LedgerEntry {
        title: "A new passcode was refused".into(),
        detail: Some("It was one of your last five.".into()),
        rule: Some(rule_link("P-22")),
        ..entry.clone()
    };
    let by_others = LedgerEntry {
        title: "Your certificates were suspended".into(),
        by: "your registration authority".into(),
        not_me: Some("/ledger/not-me/event-7".into()),
        ..entry.clone()
    };
    let page = Ledger {
        entries: vec![entry, refused, by_others],
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
