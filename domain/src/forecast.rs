//! What the coming days will bring: how many holders will be alerted, forced and locked on each civil
//! day, by organisation, under policies that are in force or only thought of (B-14, B-15).
//!
//! Nothing is worked out here that is not worked out elsewhere: each holder is led from boundary to
//! boundary of his own phases ([`crate::calendar`], [`crate::certificate`]), and asked on each what the
//! workflow would record for him ([`crate::expiry`]). Between two boundaries nothing changes but the
//! day, and the alert of each day is counted.
//!
//! What people will do is not known; so it is assumed, and the assumption has a name ([`People`]).
//! Holders are brought one after the other, and what is kept is as large as days and organisations are
//! many, however many holders there are.

mod person;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use chrono::{DateTime, Days, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use crate::{context::Context, holder::Holder, ids::OrganisationCode, policy::Policies};

/// The most days that are looked ahead.
pub const DAYS_MAX: u16 = 800;

/// The most organisations that are counted each for itself. Those beyond, in the order in which
/// their holders come, are counted together.
pub const ORGANISATIONS_MAX: usize = 1_000;

/// What is assumed of the holders.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum People {
    /// Nobody changes or renews anything: what the policy alone brings.
    NobodyActs,
    /// Everybody changes and renews on the day on which he is forced to, so that those who were
    /// forced together will be again. Who has used his renewals up goes to the registration
    /// authority on that day. Who is locked already stays so.
    EverybodyRenewsWhenForced,
}

impl People {
    /// In the middle of a sentence.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::NobodyActs => "nobody changes or renews anything",
            Self::EverybodyRenewsWhenForced => {
                "everybody changes and renews on the day on which he is forced to"
            }
        }
    }
}

/// How many holders, on one day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// P-14, B-15: are alerted that passcodes are due.
    pub alerted: u32,
    /// P-17: a change of a passcode begins to be forced.
    pub forced: u32,
    /// P-18: the account is locked.
    pub locked: u32,
    /// B-21: have an optional passcode that counts as not set from now on.
    pub lapsed: u32,
    /// C-05: are alerted that their certificates end.
    pub certificate_alerted: u32,
    /// C-07: a renewal of the certificates begins to be forced.
    pub certificate_forced: u32,
    /// C-04, B-51: are told that only the registration authority can renew.
    pub ra_required: u32,
    /// B-52: the certificates end.
    pub certificate_expired: u32,
    /// A change or a renewal, or both, begin to be forced: each counted once, as the breaker does.
    pub forced_either: u32,
}

impl Counts {
    /// True if nothing happens.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        *self == Self::default()
    }

    /// Both together.
    #[must_use]
    pub fn and(self, other: &Self) -> Self {
        let mut both = self;
        for what in What::ALL {
            *both.of_mut(what) = both.of(what).saturating_add(other.of(what));
        }
        both
    }

    /// The number of one column.
    #[must_use]
    pub fn of(&self, what: What) -> u32 {
        match what {
            What::Alerted => self.alerted,
            What::Forced => self.forced,
            What::Locked => self.locked,
            What::Lapsed => self.lapsed,
            What::CertificateAlerted => self.certificate_alerted,
            What::CertificateForced => self.certificate_forced,
            What::RaRequired => self.ra_required,
            What::CertificateExpired => self.certificate_expired,
            What::ForcedEither => self.forced_either,
        }
    }

    fn of_mut(&mut self, what: What) -> &mut u32 {
        match what {
            What::Alerted => &mut self.alerted,
            What::Forced => &mut self.forced,
            What::Locked => &mut self.locked,
            What::Lapsed => &mut self.lapsed,
            What::CertificateAlerted => &mut self.certificate_alerted,
            What::CertificateForced => &mut self.certificate_forced,
            What::RaRequired => &mut self.ra_required,
            What::CertificateExpired => &mut self.certificate_expired,
            What::ForcedEither => &mut self.forced_either,
        }
    }

    /// The breaker, design of the workflows: the most effects that one tick of this day has. Locks
    /// are recorded as the day begins, forced changes and renewals at its alert hour.
    #[must_use]
    pub fn effects(&self) -> u32 {
        self.locked.max(self.forced_either)
    }
}

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// [`Counts::alerted`].
    Alerted,
    /// [`Counts::forced`].
    Forced,
    /// [`Counts::locked`].
    Locked,
    /// [`Counts::lapsed`].
    Lapsed,
    /// [`Counts::certificate_alerted`].
    CertificateAlerted,
    /// [`Counts::certificate_forced`].
    CertificateForced,
    /// [`Counts::ra_required`].
    RaRequired,
    /// [`Counts::certificate_expired`].
    CertificateExpired,
    /// [`Counts::forced_either`].
    ForcedEither,
}

impl What {
    /// All of them, in the order in which tables show them.
    pub const ALL: [Self; 9] = [
        Self::Alerted,
        Self::Forced,
        Self::Locked,
        Self::Lapsed,
        Self::CertificateAlerted,
        Self::CertificateForced,
        Self::RaRequired,
        Self::CertificateExpired,
        Self::ForcedEither,
    ];

    /// Its name in data.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Alerted => "alerted",
            Self::Forced => "forced",
            Self::Locked => "locked",
            Self::Lapsed => "lapsed",
            Self::CertificateAlerted => "certificate_alerted",
            Self::CertificateForced => "certificate_forced",
            Self::RaRequired => "ra_required",
            Self::CertificateExpired => "certificate_expired",
            Self::ForcedEither => "forced_either",
        }
    }

    /// The head of its column.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Alerted => "Passcode alerts",
            Self::Forced => "Passcode changes forced",
            Self::Locked => "Accounts locked",
            Self::Lapsed => "Optional passcodes lapsed",
            Self::CertificateAlerted => "Certificate alerts",
            Self::CertificateForced => "Renewals forced",
            Self::RaRequired => "Renewals only at the RA",
            Self::CertificateExpired => "Certificates expired",
            Self::ForcedEither => "Forced in all",
        }
    }
}

/// What is asked.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// Now, and the policies: also those that are still to come, or only thought of.
    pub ctx: Context<'a>,
    /// Days to look at, today the first; at most [`DAYS_MAX`].
    pub days: u16,
    /// What is assumed of the holders.
    pub people: People,
}

/// The numbers of the days on which something happens, counted from the first, which is 0.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Table {
    /// Holders who were counted, those included to whom nothing happens.
    pub n_holders: u64,
    rows: BTreeMap<u16, Counts>,
}

impl Table {
    /// The numbers of the day that comes so many days after the first.
    #[must_use]
    pub fn on(&self, day: u16) -> Counts {
        self.rows.get(&day).copied().unwrap_or_default()
    }

    /// The days on which something happens, in order.
    pub fn rows(&self) -> impl Iterator<Item = (u16, &Counts)> {
        self.rows.iter().map(|(day, counts)| (*day, counts))
    }

    /// All days together.
    #[must_use]
    pub fn totals(&self) -> Counts {
        self.rows.values().fold(Counts::default(), Counts::and)
    }

    /// The first of the days on which most happens of this, and how much; none if none.
    #[must_use]
    pub fn peak(&self, what: What) -> Option<(u16, u32)> {
        let all = self.rows.iter().map(|(day, counts)| (*day, counts.of(what)));
        let most = all.clone().map(|(_, n)| n).max().filter(|n| 0 < *n)?;
        all.into_iter().find(|(_, n)| *n == most)
    }

    fn add(&mut self, spans: &[Span]) {
        self.n_holders += 1;
        for span in spans {
            for day in span.first..span.end {
                let count = self.rows.entry(day).or_default().of_mut(span.what);
                *count = count.saturating_add(1);
            }
        }
    }
}

/// Days that were worked out elsewhere, each named once.
impl FromIterator<(u16, Counts)> for Table {
    fn from_iter<T: IntoIterator<Item = (u16, Counts)>>(rows: T) -> Self {
        Self { n_holders: 0, rows: rows.into_iter().collect() }
    }
}

/// Something that happens to one holder on each of these days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Span {
    what: What,
    /// Counted from the first day.
    first: u16,
    /// Exclusive.
    end: u16,
}

/// What the coming days bring.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forecast {
    /// The first day.
    pub first_on: NaiveDate,
    /// So many days are looked at.
    pub days: u16,
    /// What was assumed.
    pub people: People,
    /// Everybody.
    pub all: Table,
    /// Each organisation, whoever is assigned to several being counted in each.
    pub organisations: BTreeMap<OrganisationCode, Table>,
    /// Who is assigned to none.
    pub nowhere: Table,
    /// Who is assigned to one beyond [`ORGANISATIONS_MAX`].
    pub elsewhere: Table,
}

impl Forecast {
    /// Of nobody yet.
    #[must_use]
    pub fn begin(question: &Question<'_>) -> Self {
        Self {
            first_on: question.ctx.today(),
            days: question.days.min(DAYS_MAX),
            people: question.people,
            all: Table::default(),
            organisations: BTreeMap::new(),
            nowhere: Table::default(),
            elsewhere: Table::default(),
        }
    }

    /// Adds what the days will bring to this holder; `last_at` is when his last event was, because
    /// nobody's time goes back (B-09).
    pub fn add(
        &mut self,
        question: &Question<'_>,
        holder: &Holder,
        last_at: Option<DateTime<Utc>>,
    ) {
        if !holder.is_registered() {
            return;
        }
        let spans = person::live(question, holder, last_at);
        self.all.add(&spans);
        let assignments = holder.roles().assignments();
        if assignments.is_empty() {
            self.nowhere.add(&spans);
        }
        for code in assignments {
            self.table_of(code).add(&spans);
        }
    }

    fn table_of(&mut self, code: &OrganisationCode) -> &mut Table {
        if !self.organisations.contains_key(code) && ORGANISATIONS_MAX <= self.organisations.len() {
            return &mut self.elsewhere;
        }
        self.organisations.entry(code.clone()).or_default()
    }

    /// The civil day that comes so many days after the first.
    #[must_use]
    pub fn day(&self, day: u16) -> NaiveDate {
        self.first_on.checked_add_days(Days::new(day.into())).unwrap_or(NaiveDate::MAX)
    }

    /// The days on which the breaker would stop the workflows, with the effects of that day, and how
    /// many the policy of that day allows at most.
    #[must_use]
    pub fn trips(&self, policies: &Policies) -> Vec<Trip> {
        let trip = |(day, counts): (u16, &Counts)| {
            let (on, effects) = (self.day(day), counts.effects());
            let allowed = policies.in_force(on).effects_max(self.all.n_holders);
            (allowed < u64::from(effects)).then_some(Trip { on, effects, allowed })
        };
        self.all.rows().filter_map(trip).collect()
    }
}

/// A day on which the breaker would stop the workflows, and wait for the operator's word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trip {
    /// The civil day.
    pub on: NaiveDate,
    /// Holders who would be locked, or else forced, at one time of this day.
    pub effects: u32,
    /// The most that the policy of that day lets through.
    pub allowed: u64,
}
