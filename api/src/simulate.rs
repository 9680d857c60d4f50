//! `latchkey simulate`: a population lives for some hundred days, in seconds.
//!
//! Rules, commands, workflow engine and the SQLite log are the real ones; time is virtual, and
//! three things are stand-ins, named as such: the holders and what they do ([`people`]), their cards
//! (whose keys are made-up bytes: nothing is signed), and the courier, which counts the mails. The
//! same seed gives the same events, whatever the machine: [`Account::digest`] says so.

mod account;
mod certificates;
mod history;
mod life;
mod people;
mod spill;
mod visit;

use std::path::Path;

use anyhow::Context as _;
use domain::policy::{Policies, Policy};

pub use account::Account;
pub use history::{HISTORY_DAYS_MAX, HISTORY_HOLDERS_MAX, Past, write};
pub use life::{Begun, Life, begin};
pub use people::made_up;

/// The most holders of one simulation: a year of a national health service is another command's.
pub const HOLDERS_MAX: u32 = 1_000_000;

/// The most days of one simulation.
pub const DAYS_MAX: u32 = 3_650;

/// The fewest days for which certificates are issued: they are renewed, and then quiet for a while.
pub const CERTIFICATE_DAYS_MIN: u16 = 60;

/// What is simulated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    /// Holders, registered one after the other in the year before the first day; up to
    /// [`HOLDERS_MAX`].
    pub holders: u32,
    /// Days after that year; up to [`DAYS_MAX`].
    pub days: u32,
    /// What everybody does follows from it.
    pub seed: u64,
    /// Days for which a certificate is issued, where they are not those of policy `seed`: from
    /// [`CERTIFICATE_DAYS_MIN`].
    pub certificate_days: Option<u16>,
}

/// Lives through all of it, in the files of an empty folder.
///
/// # Errors
/// If the folder cannot be used or a store fails.
pub async fn simulate(plan: Plan, folder: &Path) -> anyhow::Result<(Begun, Life)> {
    anyhow::ensure!(plan.holders <= HOLDERS_MAX, "at most {HOLDERS_MAX} holders");
    anyhow::ensure!(plan.days <= DAYS_MAX, "at most {DAYS_MAX} days");
    let mut policy = Policy::seed();
    if let Some(days) = plan.certificate_days {
        anyhow::ensure!(
            CERTIFICATE_DAYS_MIN <= days,
            "certificates for at least {CERTIFICATE_DAYS_MIN} days"
        );
        policy.certificate_days = days;
    }
    let begun =
        begin(plan, folder, Policies::only(policy)).await.context("the simulation's stores")?;
    let life = begun.live().await?;
    Ok((begun, life))
}
