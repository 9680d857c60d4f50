//! What should have been recorded, day by day, from the passcodes that were set and removed: plain
//! arithmetic on dates. A day is judged as it begins: whatever cures a passcode that day needs a
//! log-in, and that records the day's events first.

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate};

use super::export::{Numbers, What, midnight};

/// The first day after the year in which everybody is registered.
pub(super) fn first_day() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 1, 1).unwrap()
}

pub(super) fn expected(history: &[What], numbers: &Numbers, days: u32) -> Vec<What> {
    let end = first_day() + Days::new(days.into());
    let end = end.and_hms_opt(0, 0, 0).unwrap().and_utc();
    let mut day = first_day() - Days::new(365);
    let mut all = Vec::new();
    while midnight(day) < end {
        let today = of_day(&set_before(history, day), numbers, day);
        let is_over = matches!(today.as_slice(), [What::Locked { .. }]);
        all.extend(today);
        if is_over {
            break;
        }
        day = day + Days::new(1);
    }
    all
}

/// The passcodes that were set as a day began, and on which day.
fn set_before(history: &[What], day: NaiveDate) -> BTreeMap<String, NaiveDate> {
    let mut set = BTreeMap::new();
    for what in history {
        match what {
            What::Set { kind, on } if *on < day => {
                set.insert(kind.clone(), *on);
            }
            What::Removed { kind, on } if *on < day => {
                set.remove(kind);
            }
            What::Set { .. }
            | What::Removed { .. }
            | What::Alert { .. }
            | What::Forced { .. }
            | What::Announced { .. }
            | What::Locked { .. } => {}
        }
    }
    set
}

fn of_day(set: &BTreeMap<String, NaiveDate>, numbers: &Numbers, day: NaiveDate) -> Vec<What> {
    let Numbers { life, alert, grace, announced } = numbers;
    let with_age = |is: &dyn Fn(i64) -> bool| -> Vec<String> {
        let these = set.iter().filter(|(_, on)| is((day - **on).num_days()));
        these.map(|(kind, _)| kind.clone()).collect()
    };
    let after = |on: NaiveDate, days: i64| on + Days::new(days.try_into().unwrap());
    if !with_age(&|age| life + grace <= age).is_empty() {
        return vec![What::Locked { from: day }];
    }
    let mut today = Vec::new();
    let forced = with_age(&|age| *life <= age);
    let oldest = forced.iter().map(|kind| set[kind]).min();
    if let Some(oldest) = oldest {
        let locks_on = after(oldest, life + grace);
        if !with_age(&|age| age == *life).is_empty() {
            today.push(What::Forced { from: day, kinds: forced.clone(), locks_on });
        } else if !with_age(&|age| announced.contains(&(age - life))).is_empty() {
            today.push(What::Announced { on: day, locks_on });
        }
    }
    let alerted = with_age(&|age| life - alert <= age && age < *life);
    if !alerted.is_empty() {
        let mut kinds = [forced, alerted].concat();
        kinds.sort();
        today.push(What::Alert { on: day, kinds });
    }
    today
}
