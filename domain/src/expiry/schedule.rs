//! *What is scheduled for me*: what will happen, and when, if nothing is done.

use chrono::NaiveDate;
use serde::Serialize;

use super::items;
use crate::{calendar, context::Context, holder::Holder, passcode::Kind};

/// Something that is to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Scheduled {
    /// The civil day.
    pub on: NaiveDate,
    /// Of which passcode.
    pub kind: Kind,
    /// What.
    pub what: What,
}

/// What is to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// P-14: the first of the daily alerts.
    AlertsBegin,
    /// P-17: from this day a change is forced at logon; a mail says so.
    Expires,
    /// B-15: a mail says when the account locks.
    LockAnnounced,
    /// P-18: the account locks.
    AccountLocks,
    /// B-21: the passcode counts as not set from this day on.
    Lapses,
}

/// What is scheduled for a holder from today on, by day.
#[must_use]
pub fn schedule(ctx: &Context<'_>, holder: &Holder) -> Vec<Scheduled> {
    let (today, policy) = (ctx.today(), ctx.policy());
    if holder.desk().closed().is_some() || !policy.passcode_expiry {
        return vec![];
    }
    let mut all = Vec::new();
    for (item, _) in items(ctx, holder.passcodes()) {
        let days = calendar::passcode_days(ctx.policies, item.set_on, today);
        let locks = item.locks_on.is_some();
        let announced = policy.announce_days.iter().map(|&n| calendar::later(item.expires_on, n));
        let announced = announced.filter(|on| locks && *on < days.locks_on);
        let mut add = |on, what| all.push(Scheduled { on, kind: item.kind, what });
        add(days.alerts_from(ctx.policies, today), What::AlertsBegin);
        add(item.expires_on, What::Expires);
        announced.for_each(|on| add(on, What::LockAnnounced));
        add(days.locks_on, if locks { What::AccountLocks } else { What::Lapses });
    }
    all.retain(|scheduled| today <= scheduled.on);
    all.sort_by_key(|scheduled| (scheduled.on, scheduled.what, scheduled.kind));
    all
}
