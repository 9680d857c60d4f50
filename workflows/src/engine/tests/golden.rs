//! What was written once of the breaker can be read for ever: a file per event type and schema.

use super::super::breaker::{BreakerEvent, Effects};

/// Each event with the file that holds its `data`, of schema 1.
fn golden() -> [(BreakerEvent, &'static str); 2] {
    let effects = Effects { n_forced: 40, n_locked: 2, n_holders: 5_000 };
    [
        (BreakerEvent::BreakerStopped(effects), include_str!("golden/BreakerStopped.1.json")),
        (BreakerEvent::BreakerAccepted(effects), include_str!("golden/BreakerAccepted.1.json")),
    ]
}

#[test]
fn every_event_of_the_breaker_is_written_as_its_golden_file_says() {
    for (event, file) in golden() {
        let written = serde_json::to_string_pretty(&event.effects()).unwrap() + "\n";
        assert_eq!(written, file, "{}", event.kind());
    }
}

#[test]
fn every_golden_file_of_the_breaker_is_read_as_its_event() {
    for (event, file) in golden() {
        let data: serde_json::Value = serde_json::from_str(file).unwrap();
        let recorded = serde_json::json!({ "type": event.kind(), "data": data });
        assert_eq!(serde_json::from_value::<BreakerEvent>(recorded).unwrap(), event);
    }
}
