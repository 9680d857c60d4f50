//! Days added up to weeks and months: what a table of four hundred days shows.

use chrono::{Datelike as _, Days, NaiveDate, Weekday};
use domain::forecast::{Counts, Table};
use serde::{Deserialize, Serialize};

/// How long a line of a table is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Length {
    /// From Monday to Sunday.
    Week,
    /// A month of the calendar.
    Month,
}

/// Some days together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Period {
    /// The first day of it that is looked at.
    pub from: NaiveDate,
    /// What happens in it.
    pub counts: Counts,
    /// The most effects of one of its days, as the breaker counts them, and that day.
    pub most: Option<(NaiveDate, u32)>,
}

/// All days of a table, the quiet ones too.
#[must_use]
pub fn periods(table: &Table, first_on: NaiveDate, days: u16, length: Length) -> Vec<Period> {
    let mut all: Vec<Period> = Vec::new();
    for number in 0..days {
        let Some(on) = first_on.checked_add_days(Days::new(number.into())) else { break };
        let begins = match length {
            Length::Week => on.weekday() == Weekday::Mon,
            Length::Month => on.day() == 1,
        };
        if begins || all.is_empty() {
            all.push(Period { from: on, counts: Counts::default(), most: None });
        }
        let (Some(period), counts) = (all.last_mut(), table.on(number)) else { break };
        period.counts = period.counts.and(&counts);
        let effects = counts.effects();
        if period.most.map_or(0, |(_, most)| most) < effects {
            period.most = Some((on, effects));
        }
    }
    all
}
