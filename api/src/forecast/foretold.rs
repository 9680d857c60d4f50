//! A forecast as it is told: in a few lines, and day by day; of everybody, or of one organisation
//! (B-59).

use chrono::{Days, NaiveDate};
use domain::{
    forecast::{Counts, People, Table, What},
    ids::OrganisationCode,
    policy::InForce,
    staff::{Refusal, StaffAct},
};

use super::{
    Outcome, Plan, Worked,
    periods::{Length, Period, periods},
    summary::Summary,
};
use crate::{app::App, audit::csv, staff::Member};

/// A forecast as it is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Foretold {
    /// Of whom; everybody if there is none.
    pub organisation: Option<OrganisationCode>,
    /// In a few lines.
    pub summary: Summary,
    /// Its days.
    pub table: Table,
}

impl Foretold {
    /// Of all, or of one organisation; `None` if nobody is assigned to that.
    #[must_use]
    pub fn of(worked: &Worked, only: Option<&OrganisationCode>) -> Option<Self> {
        let all = &worked.forecast;
        let table = only.map_or(Some(&all.all), |code| all.organisations.get(code))?;
        let (organisation, summary) = (only.cloned(), Summary::of(worked, only)?);
        Some(Self { organisation, summary, table: table.clone() })
    }

    /// All of its days, added up.
    #[must_use]
    pub fn periods(&self, length: Length) -> Vec<Period> {
        periods(&self.table, self.summary.first_on, self.summary.days, length)
    }

    /// The days on which something happens.
    pub fn days(&self) -> impl Iterator<Item = (NaiveDate, &Counts)> {
        let first_on = self.summary.first_on;
        let on = move |day: u16| first_on.checked_add_days(Days::new(day.into()));
        self.table.rows().map(move |(day, counts)| (on(day).unwrap_or(NaiveDate::MAX), counts))
    }
}

/// The days of these forecasts, each with its title, as a table (RFC 4180).
#[must_use]
pub fn table(all: &[(&str, &Foretold)]) -> String {
    let mut table = csv::line(["forecast", "on"].into_iter().chain(What::ALL.map(What::name)));
    for (title, told) in all {
        for (on, counts) in told.days() {
            let numbers = What::ALL.map(|what| counts.of(what).to_string());
            let on = on.to_string();
            let cells = [*title, &on].into_iter().chain(numbers.iter().map(String::as_str));
            table.push_str(&csv::line(cells));
        }
    }
    table
}

/// What a member of staff asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Days, today the first: 1 to [`domain::forecast::DAYS_MAX`].
    pub days: u16,
    /// What is assumed.
    pub people: People,
    /// Of whom; if it is left out, of everybody, or of the organisation in which he has his role.
    pub organisation: Option<OrganisationCode>,
}

/// What he is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// So many people were looked at: ask again.
    Working {
        /// People.
        n_done: u64,
    },
    /// What the published versions bring.
    Published(Box<Foretold>),
    /// What they bring, and what they would with one more.
    Both(Box<Foretold>, Box<Foretold>),
}

/// Why he is told nothing.
#[derive(Debug, thiserror::Error)]
pub enum NotTold {
    /// A rule says no.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Nobody is assigned to the organisation.
    #[error("nobody is assigned to organisation {0}")]
    Nobody(OrganisationCode),
    /// We failed.
    #[error(transparent)]
    Failed(#[from] anyhow::Error),
}

impl App {
    /// What the days to come bring, and, with a draft, what they would with that. Where it takes long,
    /// how far it has come.
    ///
    /// # Errors
    /// If a rule says no, there is nobody to look at, or a store fails.
    pub async fn foretell(
        &self,
        member: &Member,
        act: StaffAct,
        asked: &Asked,
        draft: Option<InForce>,
    ) -> Result<Told, NotTold> {
        let only = self.reach(member, act, asked.organisation.as_ref())?;
        let of = |worked: &Worked| {
            Foretold::of(worked, only.as_ref()).map(Box::new).ok_or_else(|| match &only {
                Some(code) => NotTold::Nobody(code.clone()),
                None => NotTold::Failed(anyhow::anyhow!("a forecast of everybody of nobody")),
            })
        };
        let plan = Plan::published(asked.days, asked.people);
        let published = match self.forecast(plan.clone()).await? {
            Outcome::Done(worked) => of(&worked)?,
            Outcome::Working(n_done) => return Ok(Told::Working { n_done }),
            Outcome::Busy => return Ok(Told::Working { n_done: 0 }),
        };
        let Some(draft) = draft else { return Ok(Told::Published(published)) };
        match self.forecast(plan.with(draft)).await? {
            Outcome::Done(worked) => Ok(Told::Both(published, of(&worked)?)),
            Outcome::Working(n_done) => Ok(Told::Working { n_done }),
            Outcome::Busy => Ok(Told::Working { n_done: 0 }),
        }
    }

    /// B-59: the organisation that is looked at; none is everybody, for the root's staff alone.
    fn reach(
        &self,
        member: &Member,
        act: StaffAct,
        asked: Option<&OrganisationCode>,
    ) -> Result<Option<OrganisationCode>, Refusal> {
        if let Some(code) = asked {
            member.may_in(self, act, code)?;
            return Ok(Some(code.clone()));
        }
        let warrant = member.may(self, act)?;
        let at = warrant.organisation();
        Ok((self.organisations().root() != Some(at)).then(|| at.clone()))
    }
}
