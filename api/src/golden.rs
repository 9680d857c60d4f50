//! What was written once of the clock can be read for ever: a file per event type and schema.

use chrono::{DateTime, Utc};

use crate::clock::acceptance::ClockAccepted;

#[test]
fn an_accepted_clock_is_written_as_its_golden_file_says_and_read_from_it() {
    let file = include_str!("golden/ClockAccepted.1.json");
    let instant = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
    let from = instant("2026-03-10T12:00:00Z");
    let accepted = ClockAccepted { from, to: instant("2026-03-10T13:00:00.5Z") };
    assert_eq!(serde_json::to_string_pretty(&accepted).unwrap() + "\n", file);
    assert_eq!(serde_json::from_str::<ClockAccepted>(file).unwrap(), accepted);
}
