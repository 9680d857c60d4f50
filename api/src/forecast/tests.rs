//! How long a forecast is good for, who shares one, and what becomes of its days.

use domain::{
    forecast::{Counts, Table, What},
    policy::Policy,
};

use super::{
    chart::{Bars, Chart},
    foretold::{self, Foretold},
    periods::{Length, periods},
    summary::Summary,
    *,
};

fn instant(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn worked(minutes: i64) -> Worked {
    let policies = Policies::only(Policy::seed());
    let at = instant("2026-03-02T09:00:00Z");
    let ctx = Context { now: at, policies: &policies };
    let forecast = Forecast::begin(&Question { ctx, days: 30, people: People::NobodyActs });
    Worked {
        forecast,
        policies: policies.clone(),
        at,
        done_at: at + TimeDelta::minutes(minutes),
        n_unreadable: 0,
    }
}

#[test]
fn a_forecast_is_good_for_10_minutes_and_a_long_one_for_twice_as_long_as_it_took() {
    let begun = instant("2026-03-02T09:00:00Z");
    for (took, good_until) in [(0, 10), (5, 15), (6, 18), (60, 180)] {
        let worked = worked(took);
        let end = begun + TimeDelta::minutes(good_until);
        assert!(worked.is_good(end - TimeDelta::milliseconds(1)), "{took}");
        assert!(!worked.is_good(end), "{took}");
    }
    // A clock that was put back: nobody knows how old it is.
    assert!(!worked(0).is_good(begun - TimeDelta::milliseconds(1)));
}

fn key(days: u16) -> Key {
    let plan = Plan::published(days, People::NobodyActs);
    Key { plan, today: day("2026-03-02"), version: 1 }
}

#[test]
fn the_same_question_shares_a_forecast_and_there_is_room_for_eight_others() {
    let (all, now) = (Forecasts::default(), instant("2026-03-02T09:00:00Z"));
    let mut working = Vec::new();
    for number in 0..KEPT_MAX {
        match all.find(&key(1 + u16::try_from(number).unwrap()), now) {
            Some(Found::New(sender, _)) => working.push(sender),
            Some(Found::There(_)) | None => panic!("{number} is no new one"),
        }
    }
    assert!(matches!(all.find(&key(1), now), Some(Found::There(_))));
    assert!(all.find(&key(100), now).is_none());
    // One that is done makes room for another; one that has failed is begun anew.
    working[0].send_replace(Stage::Done(Arc::new(worked(0))));
    assert!(matches!(all.find(&key(100), now), Some(Found::New(_, _))));
    assert!(all.find(&key(101), now).is_none());
    working[1].send_replace(Stage::Failed);
    assert!(matches!(all.find(&key(2), now), Some(Found::New(_, _))));
}

fn counts(forced: u32, locked: u32) -> Counts {
    Counts { forced, forced_either: forced, locked, ..Counts::default() }
}

/// From Wednesday the 25th of February on, for 40 days.
fn table() -> Table {
    [(0, counts(1, 0)), (4, counts(2, 0)), (5, counts(3, 7)), (39, counts(0, 4))]
        .into_iter()
        .collect()
}

#[test]
fn weeks_begin_on_monday_and_months_on_the_first_and_no_day_is_left_out() {
    let first_on = day("2026-02-25");
    for (length, begins) in [
        (Length::Week, &["2026-02-25", "2026-03-02", "2026-03-09"][..]),
        (Length::Month, &["2026-02-25", "2026-03-01", "2026-04-01"][..]),
    ] {
        let all = periods(&table(), first_on, 40, length);
        let from: Vec<_> = all.iter().take(3).map(|period| period.from.to_string()).collect();
        assert_eq!(from, begins);
        let sum = all.iter().fold(Counts::default(), |sum, period| sum.and(&period.counts));
        assert_eq!(sum, table().totals());
    }
    let weeks = periods(&table(), first_on, 40, Length::Week);
    assert_eq!(weeks[0].most, Some((day("2026-03-01"), 2)));
    assert_eq!(weeks[1].most, Some((day("2026-03-02"), 7)));
    assert_eq!(weeks[2].most, None);
    // The last day is in, the one after is not looked at.
    assert_eq!(weeks.last().unwrap().counts.locked, 4);
    assert_eq!(periods(&table(), first_on, 39, Length::Week).last().unwrap().counts.locked, 0);
}

#[test]
fn the_tallest_bar_is_as_high_as_the_scale_whichever_row_it_is_in() {
    let low = periods(&table(), day("2026-02-25"), 40, Length::Week);
    let high: Table = [(5, counts(100, 0))].into_iter().collect();
    let high = periods(&high, day("2026-02-25"), 40, Length::Week);
    let rows = [Bars { title: "now", weeks: &low }, Bars { title: "then", weeks: &high }];
    let chart = Chart::new(&rows);
    assert!(chart.description.contains("At most 100 in a week"), "{}", chart.description);
    assert_eq!(chart.shapes.matches("height=\"200\"").count(), 1, "{}", chart.shapes);
    // Three of a hundred are six of two hundred, and seven are fourteen.
    assert!(chart.shapes.contains("height=\"6\"") && chart.shapes.contains("height=\"14\""));
    let nothing = Chart::new(&[Bars { title: "nothing", weeks: &[] }]);
    assert!(nothing.file().starts_with("<svg ") && !nothing.shapes.contains("height=\"200\""));
}

#[test]
fn a_table_of_days_has_a_line_a_day_with_its_forecast_s_title() {
    let worked = worked(0);
    let summary = Summary::of(&worked, None).unwrap();
    let told = Foretold { organisation: None, summary, table: table() };
    let text = foretold::table(&[("=published", &told), ("new", &told)]);
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines.len(), 1 + 2 * 4);
    assert!(lines[0].starts_with("\"forecast\",\"on\",\"alerted\",\"forced\",\"locked\""));
    // No spreadsheet works a title out.
    assert!(
        lines[1].starts_with("\"'=published\",\"2026-03-02\",\"0\",\"1\",\"0\""),
        "{}",
        lines[1]
    );
    assert_eq!(told.summary.totals.of(What::Forced), 0);
}

#[test]
fn b59_of_an_organisation_to_which_nobody_is_assigned_there_is_no_forecast() {
    let worked = worked(0);
    assert!(Foretold::of(&worked, None).is_some());
    assert_eq!(Foretold::of(&worked, Some(&"RXA".parse().unwrap())), None);
}
