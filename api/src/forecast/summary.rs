//! A forecast in a few lines: totals, the worst day of each kind and where it is, and the days on
//! which the breaker would stop the workflows.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use domain::{
    forecast::{Counts, Table, Trip, What},
    ids::OrganisationCode,
};
use serde::{Deserialize, Serialize};

use super::Worked;

/// The most days of a stopped engine that are named.
pub const TRIPS_MAX: usize = 20;

/// The most organisations that are named.
pub const ORGANISATIONS_MAX: usize = 100;

/// A forecast in a few lines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// The version of the policy on the first day.
    pub version: u32,
    /// The first day.
    pub first_on: NaiveDate,
    /// Days.
    pub days: u16,
    /// What was assumed of the holders, in words.
    pub assumed: String,
    /// Holders who were counted.
    pub n_holders: u64,
    /// Holders of whom something could not be read.
    pub n_unreadable: u64,
    /// All days together.
    pub totals: Counts,
    /// The worst day of each kind, in the order of [`What::ALL`]; what never happens is left out.
    pub peaks: Vec<Peak>,
    /// The first days on which the breaker would stop the workflows, at most [`TRIPS_MAX`].
    pub trips: Vec<Trip>,
    /// All of those days.
    pub n_trips: usize,
    /// Organisations with most effects first, at most [`ORGANISATIONS_MAX`].
    pub organisations: Vec<OfOrganisation>,
}

/// The worst day of a kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Peak {
    /// Of what.
    pub what: What,
    /// The first such day.
    pub on: NaiveDate,
    /// How many, in all organisations.
    pub n: u32,
    /// The organisation with most of them on that day; none if they belong to none.
    pub organisation: Option<OrganisationCode>,
    /// How many there.
    pub n_there: u32,
}

/// One organisation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OfOrganisation {
    /// Its code.
    pub code: OrganisationCode,
    /// Holders assigned to it.
    pub n_holders: u64,
    /// All days together.
    pub totals: Counts,
    /// Its worst day, as the breaker counts.
    pub most: Option<(NaiveDate, u32)>,
}

impl Summary {
    /// Of all, or of one organisation; `None` if nobody is assigned to that.
    #[must_use]
    pub fn of(worked: &Worked, only: Option<&OrganisationCode>) -> Option<Self> {
        let Worked { forecast, policies, n_unreadable, .. } = worked;
        let table = only.map_or(Some(&forecast.all), |code| forecast.organisations.get(code))?;
        let trips = if only.is_some() { vec![] } else { forecast.trips(policies) };
        let peak = |what| {
            let (day, n) = table.peak(what)?;
            let there = most_on(&forecast.organisations, only, day, what);
            let (organisation, n_there) = there.map_or((None, 0), |(code, n)| (Some(code), n));
            Some(Peak { what, on: forecast.day(day), n, organisation, n_there })
        };
        let of_one = |(code, table): (&OrganisationCode, &Table)| {
            let days = table.rows().map(|(day, counts)| (day, counts.effects()));
            let most = days.filter(|(_, n)| 0 < *n).max_by_key(|(day, n)| (*n, u16::MAX - day));
            OfOrganisation {
                code: code.clone(),
                n_holders: table.n_holders,
                totals: table.totals(),
                most: most.map(|(day, n)| (forecast.day(day), n)),
            }
        };
        let is_wanted = |code: &OrganisationCode| only.is_none_or(|only| only == code);
        let wanted = forecast.organisations.iter().filter(|(code, _)| is_wanted(code));
        let mut organisations: Vec<_> = wanted.map(of_one).collect();
        organisations.sort_by_key(|one| {
            let effects = u64::from(one.totals.forced_either) + u64::from(one.totals.locked);
            (u64::MAX - effects, one.code.clone())
        });
        organisations.truncate(ORGANISATIONS_MAX);
        Some(Self {
            version: policies.in_force(forecast.first_on).version,
            first_on: forecast.first_on,
            days: forecast.days,
            assumed: forecast.people.words().to_owned(),
            n_holders: table.n_holders,
            n_unreadable: *n_unreadable,
            totals: table.totals(),
            peaks: What::ALL.into_iter().filter_map(peak).collect(),
            n_trips: trips.len(),
            trips: trips.into_iter().take(TRIPS_MAX).collect(),
            organisations,
        })
    }
}

/// The organisation with most of this on that day.
fn most_on(
    organisations: &BTreeMap<OrganisationCode, Table>,
    only: Option<&OrganisationCode>,
    day: u16,
    what: What,
) -> Option<(OrganisationCode, u32)> {
    let is_wanted = |code: &OrganisationCode| only.is_none_or(|only| only == code);
    let there = organisations.iter().filter(|(code, _)| is_wanted(code));
    let there = there.map(|(code, table)| (code, table.on(day).of(what)));
    let (code, n) = there.filter(|(_, n)| 0 < *n).max_by_key(|(_, n)| *n)?;
    Some((code.clone(), n))
}
