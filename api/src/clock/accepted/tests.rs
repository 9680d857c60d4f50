//! Clocks that jump, drift and come back, without waiting for any of it.

use std::sync::{Arc, Mutex};

use domain::testing::instant;

use super::*;

/// A wall and a stopwatch that a test turns.
#[derive(Clone)]
pub(crate) struct Clocks(Arc<Mutex<(DateTime<Utc>, Duration)>>);

impl Clocks {
    pub(crate) fn start() -> (Self, AcceptedClock) {
        Self::start_at(noon())
    }

    pub(crate) fn start_at(wall: DateTime<Utc>) -> (Self, AcceptedClock) {
        let clocks = Self(Arc::new(Mutex::new((wall, Duration::from_hours(5)))));
        let (wall, elapsed) = (clocks.clone(), clocks.clone());
        let wall = Box::new(move || wall.0.lock().unwrap().0);
        let accepted = AcceptedClock::over(wall, Box::new(move || elapsed.0.lock().unwrap().1));
        (clocks, accepted)
    }

    /// Time goes by, for both.
    pub(crate) fn pass(&self, by: TimeDelta) {
        self.turn_wall(by);
        self.0.lock().unwrap().1 += by.to_std().unwrap();
    }

    /// The wall alone is turned.
    pub(crate) fn turn_wall(&self, by: TimeDelta) {
        self.0.lock().unwrap().0 += by;
    }
}

pub(crate) fn noon() -> DateTime<Utc> {
    instant("2026-03-01T12:00:00Z")
}

fn minutes(n: i64) -> TimeDelta {
    TimeDelta::minutes(n)
}

#[test]
fn time_is_the_walls_while_the_wall_is_right() {
    let (clocks, ours) = Clocks::start();
    for n in 1..=1000 {
        clocks.pass(TimeDelta::seconds(7));
        assert_eq!(ours.now(), noon() + TimeDelta::seconds(7 * n));
    }
    assert!(!ours.standing().alarm);
}

#[test]
fn b09_a_wall_that_is_60_seconds_off_is_taken_over_and_one_that_is_61_off_is_kept_out() {
    for ahead in [1, -1] {
        let (clocks, ours) = Clocks::start();
        clocks.turn_wall(TimeDelta::seconds(60 * ahead));
        assert!(!ours.standing().alarm);
        clocks.pass(minutes(10));
        assert_eq!(ours.now(), noon() + minutes(10 + ahead));

        let (clocks, ours) = Clocks::start();
        clocks.turn_wall(TimeDelta::seconds(61 * ahead));
        assert!(ours.standing().alarm);
        clocks.pass(minutes(10));
        assert_eq!(ours.now(), noon() + minutes(10));
    }
}

#[test]
fn b09_a_wall_that_jumps_an_hour_or_a_month_changes_nothing_until_it_is_accepted() {
    for jump in
        [TimeDelta::hours(1), TimeDelta::days(31), -TimeDelta::hours(1), -TimeDelta::days(31)]
    {
        let (clocks, ours) = Clocks::start();
        clocks.turn_wall(jump);
        for n in 1..=1000 {
            clocks.pass(minutes(1));
            assert_eq!(ours.now(), noon() + minutes(n), "{jump}");
        }
        let Standing { now, wall, alarm } = ours.standing();
        assert_eq!((wall - now, alarm), (jump, true));
        ours.accept(wall);
        clocks.pass(minutes(1));
        assert_eq!(ours.now(), noon() + minutes(1001) + jump);
        assert!(!ours.standing().alarm);
    }
}

#[test]
fn a_wall_that_comes_back_by_itself_ends_the_alarm() {
    let (clocks, ours) = Clocks::start();
    clocks.turn_wall(TimeDelta::hours(1));
    assert!(ours.standing().alarm);
    clocks.turn_wall(-TimeDelta::hours(1));
    clocks.pass(minutes(1));
    assert_eq!(ours.now(), noon() + minutes(1));
    assert!(!ours.standing().alarm);
}

#[test]
fn b09_time_stands_still_rather_than_going_back_with_a_wall_that_was_put_back_a_little() {
    let (clocks, ours) = Clocks::start();
    clocks.pass(minutes(5));
    let before = ours.now();
    clocks.turn_wall(-TimeDelta::seconds(50));
    assert!(!ours.standing().alarm);
    let mut last = before;
    for _ in 0..49 {
        clocks.pass(TimeDelta::seconds(1));
        assert_eq!(ours.now(), last);
        last = ours.now();
    }
    clocks.pass(TimeDelta::seconds(2));
    assert_eq!(ours.now(), before + TimeDelta::seconds(1));
}

#[test]
fn the_wall_is_looked_at_after_a_minute_and_not_a_microsecond_before() {
    let (clocks, ours) = Clocks::start();
    clocks.turn_wall(TimeDelta::seconds(30));
    let almost = minutes(1) - TimeDelta::microseconds(1);
    clocks.pass(almost);
    assert_eq!(ours.now(), noon() + almost);
    clocks.pass(TimeDelta::microseconds(1));
    assert_eq!(ours.now(), noon() + minutes(1) + TimeDelta::seconds(30));
}

#[test]
fn b09_a_wall_60_seconds_behind_the_log_starts_there_and_one_61_behind_starts_with_an_alarm() {
    for (behind, alarm) in [(0, false), (60, false), (61, true), (2_678_400, true)] {
        let (clocks, ours) = Clocks::start();
        let last = noon() + TimeDelta::seconds(behind);
        ours.start_from(last, Some(STOPPED_MAX));
        let standing = ours.standing();
        assert_eq!((standing.now, standing.alarm), (last, alarm), "{behind}");
        // Kept out, our time goes on from the log's; taken over, it waits for the wall.
        clocks.pass(minutes(2));
        let expected = if alarm { last } else { noon() };
        assert_eq!(ours.now(), expected + minutes(2), "{behind}");
    }
}

#[test]
fn a_log_that_ended_before_now_changes_nothing() {
    let (_clocks, ours) = Clocks::start();
    ours.start_from(noon() - TimeDelta::days(100), None);
    let standing = ours.standing();
    assert_eq!((standing.now, standing.alarm), (noon(), false));
}

#[test]
fn b09_a_wall_24_hours_ahead_of_our_last_time_starts_there_and_one_a_second_further_is_kept_out() {
    for (further, alarm) in [(0, false), (1, true)] {
        let (clocks, ours) = Clocks::start();
        let last = noon() - STOPPED_MAX - TimeDelta::seconds(further);
        ours.start_from(last, Some(STOPPED_MAX));
        let expected = if alarm { last } else { noon() };
        let standing = ours.standing();
        assert_eq!((standing.now, standing.alarm), (expected, alarm));
        clocks.pass(minutes(2));
        assert_eq!(ours.now(), expected + minutes(2));
    }
}
