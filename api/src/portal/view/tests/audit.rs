//! The auditor's pages.

use domain::passcode::Kind;
use pages::Link;

use super::{Stage, nobody};
use crate::{
    audit::life::{Bar, Drawn, Line, Picture},
    portal::view::{
        audit::{
            Event, Field, History,
            holder::{Act, Holder, Line as Stands, Stood, ToCome},
            in_words,
            life_line::LifeLine,
        },
        refusal::rule_link,
    },
};

fn day(text: &str) -> chrono::NaiveDate {
    text.parse().unwrap()
}

fn field(name: &'static str, label: &'static str, value: &str) -> Field {
    Field { name, label, hint: "For example, P-18", value: value.to_owned(), fault: None }
}

fn event() -> Event {
    Event {
        title: in_words("PasscodeSet"),
        at: "2026-03-02T12:00:00+00:00".to_owned(),
        when: "2 March 2026 at 12pm".to_owned(),
        by: "staff".to_owned(),
        holder: Some(Link::new("/audit/holders/7", "7")),
        card: Some(Link::new("/audit?card=00A1", "00A1")),
        staff: Some(Link::new("/audit?staff=9", "9")),
        run: Some(Link::new("/audit?run=c0", "c0")),
        rules: vec![rule_link("P-21"), rule_link("P-22")],
        policy: Some(1),
        position: 12,
    }
}

fn history() -> History {
    History {
        action: "/audit",
        fields: vec![field("holder", "Holder", ""), field("rule", "Rule", "P-21")],
        events: vec![event()],
        newest: Some("/audit?rule=P-21".to_owned()),
        older: Some("/audit?rule=P-21&before=5.3".to_owned()),
        table: "/api/audit/history.csv?rule=P-21".to_owned(),
        export: Some("/api/audit/export"),
        left_out: Some("What is about you is left out."),
    }
}

fn shows(stage: &Stage, name: &str, history: &History) {
    stage.shows(name, |environment, frame| history.render(environment, frame));
}

#[test]
fn the_history_lists_events_with_whom_they_are_about_and_their_rules() {
    shows(&nobody(), "audit_history", &history());
}

#[test]
fn a_page_on_which_nothing_was_found_leads_on_if_there_is_more() {
    let mut empty = History { events: vec![], newest: None, ..history() };
    shows(&nobody(), "audit_history_nothing_yet", &empty);
    empty.older = None;
    empty.fields[1].fault = Some("The rule is an id such as P-18");
    shows(&nobody(), "audit_history_fault", &empty);
}

fn picture() -> Picture {
    let bar = |line, from, until: Option<&str>, good: &str, what: &str| Bar {
        line,
        from: day(from),
        until: until.map(day),
        good_until: Some(day(good)),
        what: what.to_owned(),
    };
    let drawn = |bar, x, width, good_width| Drawn { bar, x, width, good_width };
    let smartcard = Line::Passcode(Kind::Smartcard);
    Picture {
        from: day("2025-03-10"),
        until: day("2026-04-02"),
        now_x: 997,
        bars: vec![
            drawn(bar(smartcard, "2025-03-10", None, "2026-03-10", ""), 0, 997, 940),
            drawn(
                bar(Line::Card, "2025-03-10", Some("2025-06-01"), "2025-06-01", "00A1"),
                0,
                210,
                210,
            ),
        ],
        years: vec![(day("2026-01-01"), 764)],
    }
}

fn holder() -> Holder {
    Holder {
        name: Some("Dr Sam Okafor".to_owned()),
        id: "00000000-0000-0000-0000-000000000007".to_owned(),
        action: "/audit/holders/7".to_owned(),
        day: "2026-04-01".to_owned(),
        time: String::new(),
        fault: None,
        stood: Some(Stood {
            at: "1 April 2026 at 11:59pm".to_owned(),
            policy: "version 1 of the policy, “seed”".to_owned(),
            life: Some(LifeLine::new(&picture())),
            lines: vec![Stands {
                about: "Smartcard passcode".to_owned(),
                words: "Was not renewed, so the account is locked since 31 March 2026".to_owned(),
                rule: rule_link("P-18"),
                facts: vec!["Passcode set, 10 March 2025 at 9am, place 4".to_owned()],
            }],
            scheduled: vec![ToCome {
                on: "8 February 2027".to_owned(),
                what: "The certificates can be renewed, and alerts begin".to_owned(),
                rule: rule_link("C-05"),
            }],
            acts: vec![
                Act {
                    act: "Log in",
                    answer: "Refused",
                    rule: Some(rule_link("P-19")),
                    why: Some("Your account is locked".to_owned()),
                    changes: Some("5 April 2026".to_owned()),
                    way_out: Some("Visit the registration authority."),
                },
                Act {
                    act: "Change passcodes",
                    answer: "Allowed",
                    rule: None,
                    why: None,
                    changes: None,
                    way_out: None,
                },
            ],
            document: "/api/audit/holders/7/as-of?at=2026-04-01T22:59:59.999999Z".to_owned(),
        }),
        history: "/audit?holder=7".to_owned(),
    }
}

#[test]
fn the_page_of_a_holder_says_how_he_stood_what_rests_on_what_and_what_would_be_refused() {
    let holder = holder();
    nobody().shows("audit_holder", |environment, frame| holder.render(environment, frame));
}

#[test]
fn the_page_of_an_erased_person_has_no_name_and_says_what_is_wrong_with_the_instant() {
    let fault = Some("Enter a day that has come, such as 2026-03-02, and a time such as 14:30");
    let erased = Holder { name: None, stood: None, fault, ..holder() };
    nobody().shows("audit_holder_erased", |environment, frame| erased.render(environment, frame));
}
