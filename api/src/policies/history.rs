//! The versions as they were published: by whom, when and why (B-14). Newest first, because that is
//! what is looked for.

use std::cmp::Ordering;

use chrono::{DateTime, NaiveDate, Utc};
use domain::{
    context::Context,
    ids::{HolderId, OrganisationCode},
    policy::Policy,
    staff::Role,
};
use serde::Deserialize;

use crate::app::App;

/// Versions on a page.
pub const PAGE_VERSIONS: usize = 50;

/// A version, and what became of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Version {
    /// Its numbers.
    pub policy: Policy,
    /// The numbers of the version before; none of the first.
    pub before: Option<Policy>,
    /// Its first day; none of the first, which holds since always.
    pub from: Option<NaiveDate>,
    /// When it was published.
    pub at: DateTime<Utc>,
    /// By whom.
    pub author: Author,
    /// Why, where that was asked.
    pub reason: Option<String>,
    /// Whether it counts today.
    pub standing: Standing,
}

/// Whether a version counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// From a later day on.
    ToCome,
    /// Today.
    InForce,
    /// Another has taken its place.
    Past,
}

impl Standing {
    /// In a table.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::ToCome => "to come",
            Self::InForce => "in force",
            Self::Past => "past",
        }
    }
}

/// Who published a version.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case", tag = "by")]
pub enum Author {
    /// A member of staff.
    Staff {
        /// Who.
        holder: HolderId,
        /// By which role.
        role: Role,
        /// Where he has it.
        organisation: OrganisationCode,
    },
    /// Whoever runs the server: at its console, or by starting it for the first time.
    #[serde(other)]
    Operator,
}

impl App {
    /// B-14: every version, newest first: as many as there are, which is few.
    ///
    /// # Errors
    /// If the log cannot be read.
    pub async fn policy_versions(&self) -> anyhow::Result<Vec<Version>> {
        let today = Context { now: self.now(), policies: self.policies() }.today();
        let in_force = self.policies().in_force(today).version;
        let standing = |version: u32| match version.cmp(&in_force) {
            Ordering::Less => Standing::Past,
            Ordering::Equal => Standing::InForce,
            Ordering::Greater => Standing::ToCome,
        };
        let mut all: Vec<Version> = Vec::new();
        for published in stores::policy::history(self.stores().log.as_ref()).await? {
            let version = published.version;
            let before = all.last().map(|before| before.policy.clone());
            all.push(Version {
                from: before.is_some().then_some(version.from),
                standing: standing(version.policy.version),
                policy: version.policy,
                before,
                at: published.at,
                author: serde_json::from_value(published.actor)?,
                reason: version.reason,
            });
        }
        all.reverse();
        Ok(all)
    }
}

/// One page of them: those before this number, and the number of the next page, if there is one.
#[must_use]
pub fn page(all: &[Version], before: Option<u32>) -> (&[Version], Option<u32>) {
    let is_before = |version: &Version| before.is_none_or(|n| version.policy.version < n);
    let first = all.iter().position(is_before).unwrap_or(all.len());
    let rest = all.get(first..).unwrap_or_default();
    let (shown, older) = rest.split_at(rest.len().min(PAGE_VERSIONS));
    let next = shown.last().filter(|_| !older.is_empty());
    (shown, next.map(|last| last.policy.version))
}
