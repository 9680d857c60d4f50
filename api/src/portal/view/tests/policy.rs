//! The policy's pages.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use domain::{
    forecast::{Counts, Trip, What},
    ids::OrganisationCode,
};
use pages::Link;

use super::nobody;
use crate::{
    forecast::{
        foretold::Foretold,
        periods::Length,
        summary::{OfOrganisation, Peak, Summary},
    },
    portal::view::{
        desk::list::Cell,
        policy::{
            Choice, Control, Field, Forecast, PlainTable, Version, Versions,
            simulate::{Hidden, Publish, Simulate, Simulated},
            told::Told,
        },
        refusal::{Fact, rule_link},
    },
};

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn code(text: &str) -> OrganisationCode {
    text.parse().unwrap()
}

/// Three weeks with a wave of so many on the tenth day.
fn foretold(n: u32, trips: Vec<Trip>) -> Foretold {
    let wave = Counts { forced: n, forced_either: n, locked: 2, ..Counts::default() };
    let alerts = Counts { alerted: 40, ..Counts::default() };
    let days: BTreeMap<_, _> = [(3, alerts), (10, wave)].into();
    let totals = wave.and(&alerts);
    let peak = Peak {
        what: What::Forced,
        on: day("2026-03-11"),
        n,
        organisation: Some(code("RXA")),
        n_there: n - 1,
    };
    let organisation = OfOrganisation {
        code: code("RXA"),
        n_holders: 900,
        totals,
        most: Some((day("2026-03-11"), n)),
    };
    let summary = Summary {
        version: 1,
        first_on: day("2026-03-01"),
        days: 21,
        assumed: "nobody changes or renews anything".to_owned(),
        n_holders: 1_200,
        n_unreadable: 1,
        totals,
        peaks: vec![peak],
        n_trips: trips.len(),
        trips,
        organisations: vec![organisation],
    };
    Foretold { organisation: None, summary, table: days.into_iter().collect() }
}

fn told(then: Option<&Foretold>) -> Told {
    let named =
        |code: &OrganisationCode| Cell::link("/policy/forecast?organisation=RXA", code.as_str());
    Told::new(&foretold(30, vec![]), then, Length::Week, &named)
}

fn fields(fault: Option<&str>) -> Vec<Field> {
    let choices = vec![
        Choice { value: "nobody", text: "Nobody acts" },
        Choice { value: "renewing", text: "Everybody does" },
    ];
    let mut days =
        Field::new("days", "Days", Control::Line { width: 4 }, "400").with_hint("1 to 800");
    days.fault = fault.map(str::to_owned);
    vec![days, Field::new("people", "What is assumed", Control::Choice { choices }, "nobody")]
}

fn changed() -> PlainTable {
    let rule = rule_link("P-13");
    let row = vec![
        Cell::text("Days after which a passcode has expired"),
        Cell::text("365"),
        Cell::text("180"),
        Cell::link(rule.href, rule.text),
    ];
    let head = ["What it says", "Before", "After", "Follows from"];
    PlainTable::new("What would change", &head, vec![row])
}

#[test]
fn b14_the_versions_say_who_published_them_when_and_why() {
    let fact = |name: &str, value: &str| Fact { name: name.to_owned(), value: value.to_owned() };
    let row = vec![Cell::link("/policy/versions/1", "Version 1"), Cell::text("In force")];
    let page = Versions {
        published: Some("Version 2 is published and holds from 1 April 2026".to_owned()),
        in_force: vec![fact("Version", "1, “seed”"), fact("Why", "No reason was asked for")],
        rule: rule_link("B-14"),
        forecast: "/policy/forecast",
        simulate: Some("/policy/simulate"),
        versions: PlainTable::new("Versions", &["Version", "Standing"], vec![row]),
        newest: Some("/policy"),
        older: Some("/policy?before=1".to_owned()),
    };
    nobody().shows("policy", |environment, frame| page.render(environment, frame));
    let only_seen = Versions { published: None, simulate: None, newest: None, older: None, ..page };
    nobody().shows("policy_only_seen", |environment, frame| only_seen.render(environment, frame));
}

#[test]
fn b14_a_version_has_all_its_numbers_and_what_it_changed() {
    let page = Version {
        number: 2,
        facts: vec![Fact { name: "By".to_owned(), value: "You".to_owned() }],
        changes: Some(changed()),
        numbers: changed(),
        document: "/api/policy/versions/2".to_owned(),
    };
    nobody().shows("policy_version", |environment, frame| page.render(environment, frame));
}

#[test]
fn b14_a_forecast_is_a_picture_and_the_same_in_tables() {
    let page = Forecast {
        action: "/policy/forecast",
        fields: fields(None),
        working: None,
        again: "/policy/forecast".to_owned(),
        told: Some(told(None)),
        table: "/api/policy/forecast.csv?days=400".to_owned(),
        document: "/api/policy/forecast?days=400".to_owned(),
    };
    nobody().shows("policy_forecast", |environment, frame| page.render(environment, frame));
    let working = Some("It is being worked out: 512 people were looked at so far.".to_owned());
    let page = Forecast { working, told: None, ..page };
    nobody().shows("policy_forecast_working", |environment, frame| page.render(environment, frame));
    let fields = fields(Some("Enter a number of days from 1 to 800"));
    let page = Forecast { fields, working: None, ..page };
    assert!(page.is_faulty());
    nobody().shows("policy_forecast_fault", |environment, frame| page.render(environment, frame));
}

#[test]
fn b14_other_numbers_are_typed_and_what_they_would_bring_is_shown_beside_what_is_published() {
    let numbers =
        Field::new("numbers", "Numbers", Control::LongText { rows: 20 }, "passcode_days = 180\n");
    let page = Simulate {
        action: "/policy/simulate",
        numbers: "/policy/versions/1".to_owned(),
        hidden: vec![Hidden { name: "after", value: "1".to_owned() }],
        fields: vec![numbers],
        cancel: "/policy",
    };
    nobody().shows("policy_simulate", |environment, frame| page.render(environment, frame));
    let trip = Trip { on: day("2026-03-11"), effects: 55, allowed: 25 };
    let page = Simulated {
        from: "1 April 2026".to_owned(),
        changes: changed(),
        working: None,
        told: Some(told(Some(&foretold(55, vec![trip])))),
        hidden: vec![Hidden { name: "numbers", value: "passcode_days = 180\n".to_owned() }],
        simulate: "/policy/simulate",
        check: "/policy/check",
        cancel: "/policy",
    };
    nobody().shows("policy_simulated", |environment, frame| page.render(environment, frame));
    let working = Some("It is being worked out.".to_owned());
    let page = Simulated { working, told: None, ..page };
    nobody()
        .shows("policy_simulated_working", |environment, frame| page.render(environment, frame));
}

#[test]
fn b14_whoever_publishes_is_told_what_it_does_to_whom_and_asked_why() {
    let mut reason = Field::new("reason", "Why is it changed?", Control::LongText { rows: 3 }, "");
    reason.fault = Some("A reason has 1 to 400 characters".to_owned());
    let page = Publish {
        number: 2,
        from: "1 April 2026".to_owned(),
        changes: changed(),
        notice: "14 days".to_owned(),
        rule: Link::new("/rules/B-14", "rule B-14"),
        action: "/policy/publish",
        hidden: vec![Hidden { name: "after", value: "1".to_owned() }],
        fields: vec![reason],
        button: "Publish version 2".to_owned(),
        cancel: "/policy",
    };
    assert!(page.is_faulty());
    nobody().shows("policy_publish", |environment, frame| page.render(environment, frame));
}
