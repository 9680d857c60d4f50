//! What the coming days bring, in words, as a picture and as tables: under the published versions, or
//! these beside another. Where a number is another under that, an arrow leads to it.

use domain::{
    forecast::{Counts, Trip, What},
    ids::OrganisationCode,
};
use pages::date;
use serde::Serialize;

use super::{super::desk::list::Cell, PlainTable};
use crate::forecast::{
    chart::{Bars, Chart},
    foretold::Foretold,
    periods::Length,
    summary::{OfOrganisation, Peak, Summary},
};

/// What is shown of passcodes in each week or month.
const PASSCODES: [What; 4] = [What::Alerted, What::Forced, What::Locked, What::Lapsed];

/// What is shown of certificates.
const CERTIFICATES: [What; 4] =
    [What::CertificateAlerted, What::CertificateForced, What::RaRequired, What::CertificateExpired];

/// What is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Told {
    says: Vec<String>,
    totals: Option<PlainTable>,
    chart: Chart,
    is_of_all: bool,
    trips: Vec<String>,
    peaks: PlainTable,
    periods: [PlainTable; 2],
    organisations: PlainTable,
}

/// What an organisation is called, and where its own forecast is.
pub type Named<'a> = &'a dyn Fn(&OrganisationCode) -> Cell;

impl Told {
    /// Of this forecast, and of the same with another version, if there is one.
    #[must_use]
    pub fn new(now: &Foretold, then: Option<&Foretold>, length: Length, named: Named<'_>) -> Self {
        let both = (&now.summary, then.map(|then| &then.summary));
        Self {
            says: says(now, then.is_some()),
            totals: both.1.map(|then| totals(both.0, then)),
            chart: chart(now, then),
            is_of_all: now.organisation.is_none(),
            trips: trips(both.1.unwrap_or(both.0)),
            peaks: peaks(both),
            periods: [
                periods(now, then, length, ("Passcodes", PASSCODES)),
                periods(now, then, length, ("Certificates", CERTIFICATES)),
            ],
            organisations: organisations(both, named),
        }
    }
}

fn says(now: &Foretold, is_compared: bool) -> Vec<String> {
    let Summary { days, first_on, n_holders, n_unreadable, assumed, .. } = &now.summary;
    let people = counted(*n_holders, "person", "people");
    let people = match &now.organisation {
        Some(code) => format!("{people} of organisation {code}"),
        None => people,
    };
    let days = counted(u64::from(*days), "day", "days");
    let mut says =
        vec![format!("{days} from {}, {people}. It is assumed that {assumed}.", date(*first_on))];
    if 0 < *n_unreadable {
        let missing = counted(*n_unreadable, "person", "people");
        says.push(format!("Something of {missing} could not be read: they are not counted."));
    }
    if is_compared {
        says.push(
            "Where a number would be another, an arrow leads from what the published versions bring to what the new one would.".to_owned(),
        );
    }
    says
}

fn counted(n: u64, one: &str, many: &str) -> String {
    format!("{} {}", grouped(n), if n == 1 { one } else { many })
}

/// With commas between thousands.
fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut grouped = String::new();
    for (place, digit) in digits.char_indices() {
        if 0 < place && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// One number, or how it would change.
fn number(now: u32, then: Option<u32>) -> Cell {
    let now_in_words = grouped(now.into());
    Cell::text(match then.filter(|then| *then != now) {
        None => now_in_words,
        Some(then) => format!("{now_in_words} → {}", grouped(then.into())),
    })
}

/// One text, or how it would change.
fn text(now: String, then: Option<String>) -> Cell {
    Cell::text(match then.filter(|then| *then != now) {
        None => now,
        Some(then) => format!("{now} → {then}"),
    })
}

fn totals(now: &Summary, then: &Summary) -> PlainTable {
    let row = |what: What| {
        let (now, then) = (now.totals.of(what), then.totals.of(what));
        let more = i64::from(then) - i64::from(now);
        let change = match more {
            0 => "the same".to_owned(),
            1.. => format!("{} more", grouped(more.unsigned_abs())),
            ..0 => format!("{} fewer", grouped(more.unsigned_abs())),
        };
        vec![
            Cell::text(what.title()),
            Cell::text(grouped(now.into())),
            Cell::text(grouped(then.into())),
            Cell::text(change),
        ]
    };
    let head = ["What", "Published versions", "With the new one", "Change"];
    PlainTable::new("In all days together", &head, What::ALL.map(row).to_vec())
}

fn chart(now: &Foretold, then: Option<&Foretold>) -> Chart {
    let (now, then) = (now.periods(Length::Week), then.map(|then| then.periods(Length::Week)));
    let mut rows = vec![Bars { title: "Under the versions that are published", weeks: &now }];
    rows.extend(then.iter().map(|weeks| Bars { title: "With the new version", weeks }));
    Chart::new(&rows)
}

/// B-14: on which days the breaker would stop the workflows.
fn trips(summary: &Summary) -> Vec<String> {
    let words = |trip: &Trip| {
        let (effects, allowed) = (grouped(trip.effects.into()), grouped(trip.allowed));
        format!("{}: {effects} at once, and {allowed} are let through.", date(trip.on))
    };
    let mut all: Vec<_> = summary.trips.iter().map(words).collect();
    let n_more = summary.n_trips.saturating_sub(summary.trips.len());
    if 0 < n_more {
        all.push(format!("And on {n_more} more of the days."));
    }
    all
}

fn peak(summary: &Summary, what: What) -> String {
    let peak = summary.peaks.iter().find(|peak| peak.what == what);
    let Some(Peak { on, n, organisation, n_there, .. }) = peak else {
        return "none".to_owned();
    };
    let (n, n_there) = (grouped((*n).into()), grouped((*n_there).into()));
    match organisation {
        Some(code) => format!("{n} on {}, of them {n_there} at {code}", date(*on)),
        None => format!("{n} on {}", date(*on)),
    }
}

fn peaks((now, then): (&Summary, Option<&Summary>)) -> PlainTable {
    let happens = |what: &What| {
        let is_there = |summary: &Summary| 0 < summary.totals.of(*what);
        is_there(now) || then.is_some_and(is_there)
    };
    let row = |what: What| {
        vec![Cell::text(what.title()), text(peak(now, what), then.map(|then| peak(then, what)))]
    };
    let rows = What::ALL.into_iter().filter(happens).map(row).collect();
    PlainTable::new("Peaks", &["What", "Most on one day"], rows)
}

/// Each week or month, and all days together: one after the other, not too wide to be read.
fn periods(
    now: &Foretold,
    then: Option<&Foretold>,
    length: Length,
    (of, columns): (&str, [What; 4]),
) -> PlainTable {
    let numbers = |now: &Counts, then: Option<&Counts>| {
        columns.map(|what| number(now.of(what), then.map(|then| then.of(what))))
    };
    let others = then.map(|then| then.periods(length)).unwrap_or_default();
    let mut others = others.iter();
    let mut rows = Vec::new();
    for period in now.periods(length) {
        let other = others.next().map(|other| other.counts);
        let mut row = vec![Cell::text(date(period.from))];
        row.extend(numbers(&period.counts, other.as_ref()));
        rows.push(row);
    }
    let mut last = vec![Cell::text("In all")];
    last.extend(numbers(&now.summary.totals, then.map(|then| &then.summary.totals)));
    rows.push(last);
    let caption = match length {
        Length::Week => format!("{of}, week by week"),
        Length::Month => format!("{of}, month by month"),
    };
    let head: Vec<_> = std::iter::once("From").chain(columns.map(What::title)).collect();
    PlainTable::new(caption, &head, rows)
}

fn organisations((now, then): (&Summary, Option<&Summary>), named: Named<'_>) -> PlainTable {
    let effects =
        |one: &OfOrganisation| u64::from(one.totals.forced_either) + u64::from(one.totals.locked);
    let alerts = |one: &OfOrganisation| {
        u64::from(one.totals.alerted) + u64::from(one.totals.certificate_alerted)
    };
    let most = |one: &OfOrganisation| match one.most {
        Some((on, n)) => format!("{} on {}", grouped(n.into()), date(on)),
        None => "none".to_owned(),
    };
    // Only so many are listed of each: the first under the new version, where there is one.
    let listed = then.unwrap_or(now).organisations.iter();
    let row = |one: &OfOrganisation| {
        let before = now.organisations.iter().find(|two| two.code == one.code);
        let pair = |words: &dyn Fn(&OfOrganisation) -> String| {
            text(before.map_or_else(|| "fewer".to_owned(), words), Some(words(one)))
        };
        vec![
            named(&one.code),
            Cell::text(grouped(one.n_holders)),
            pair(&|one| grouped(alerts(one))),
            pair(&|one| grouped(effects(one))),
            pair(&most),
        ]
    };
    let head = ["Organisation", "People", "Alerts", "Forced or locked", "Most at once"];
    PlainTable::new("Organisations", &head, listed.map(row).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_grouped_from_the_right() {
        for (n, words) in [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(grouped(n), words);
        }
    }

    #[test]
    fn a_number_that_stays_has_no_arrow() {
        assert_eq!(number(1_000, None).text, "1,000");
        assert_eq!(number(1_000, Some(1_000)).text, "1,000");
        assert_eq!(number(1_000, Some(7)).text, "1,000 → 7");
    }
}
