//! What time does to a holder's passcodes: the alert of the day, the forced change, the lock.
//!
//! ```text
//!                 E−14          E−1   E            E+20   E+21
//! ── current ──────┤ alert … alert ├─ forced ──────────┤ locked ──►
//!                    one a day       told on E, E+7,
//!                                    E+14, E+20
//! ```
//!
//! B-08: nothing here makes anything true. What a holder may do is worked out from his facts, the
//! policies and the time ([`crate::calendar`]); the events of this module record what holds already,
//! so that people are told and auditors can look it up. What was missed while nothing ran is not
//! recorded afterwards (B-15): only what holds now.

mod records;
mod schedule;
#[cfg(test)]
mod tests;
mod wake_up;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

pub use records::Records;
pub use schedule::{Scheduled, What, schedule};
pub use wake_up::{WakeUp, wake_up};

use crate::{
    calendar::{self, Phase},
    certificate,
    context::Context,
    desk,
    holder::{Holder, HolderEvent},
    passcode::{Kind, Passcodes, Standing},
    self_service,
};

/// B-15: what an alert is about. Certificates have their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Topic {
    /// The three passcodes.
    Passcodes,
    /// The certificates on the card.
    Certificates,
}

/// On which occasion it is looked whether anything is to be recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Occasion {
    /// The workflow's wake-up: what concerns a whole day waits for the alert hour.
    Schedule,
    /// A successful logon, at whatever hour.
    Logon,
}

/// A passcode that is due, with the facts by which it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// Which.
    pub kind: Kind,
    /// The day it was set.
    pub set_on: NaiveDate,
    /// The first day on which it has expired.
    pub expires_on: NaiveDate,
    /// P-18: the first day on which the account is locked if nothing is done; none if it never locks
    /// it (B-21).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locks_on: Option<NaiveDate>,
    /// B-21: the first day on which it counts as not set if nothing is done; none if it never does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lapses_on: Option<NaiveDate>,
}

impl Item {
    /// The first day on which it is too late: the account is locked, or it counts as not set.
    #[must_use]
    pub fn over_on(&self) -> Option<NaiveDate> {
        self.locks_on.or(self.lapses_on)
    }
}

/// The passcodes that are due, in the middle of a sentence that says "your".
#[must_use]
pub fn in_words(items: &[Item]) -> String {
    let words: Vec<_> = items.iter().map(|item| item.kind.words()).collect();
    words.join(" and your ")
}

/// P-14, P-15: the alert that a holder is shown today.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Alert {
    /// Today.
    pub on: NaiveDate,
    /// What is due, the most urgent first.
    pub items: Vec<Item>,
}

/// P-14, P-15, B-16: the alert to show now, at logon and on Home: none when nothing may be put
/// off, or when the holder has put it off today.
#[must_use]
pub fn alert(ctx: &Context<'_>, holder: &Holder) -> Option<Alert> {
    if holder.desk().closed().is_some() {
        return None;
    }
    let due = Due::of(ctx, holder.passcodes());
    let on = ctx.today();
    let put_off = holder.expiry().declined_on() == Some(on);
    if put_off || due.alert.is_empty() || !due.forced.is_empty() || !due.locked.is_empty() {
        return None;
    }
    Some(Alert { on, items: due.alert })
}

/// B-08, B-15, B-44: what time has done and nobody has recorded: the passcodes', the certificates',
/// then the registration's that waits for its code. Whose account is locked is told of that alone.
pub(crate) fn missing(ctx: &Context<'_>, holder: &Holder, occasion: Occasion) -> Vec<HolderEvent> {
    if holder.desk().closed().is_some() {
        return vec![];
    }
    let mut events = holder.expiry().missing(ctx, holder.passcodes(), occasion);
    if Due::of(ctx, holder.passcodes()).locked.is_empty() {
        events.extend(certificate::missing(ctx, holder, occasion));
    }
    events.extend(self_service::over(ctx, holder));
    events.extend(desk::loss_missing(ctx, holder));
    events
}

/// The set passcodes by the phase they are in, each list by day of expiry.
struct Due {
    alert: Vec<Item>,
    forced: Vec<Item>,
    locked: Vec<Item>,
}

impl Due {
    fn of(ctx: &Context<'_>, passcodes: &Passcodes) -> Self {
        let mut due = Self { alert: vec![], forced: vec![], locked: vec![] };
        for (item, phase) in items(ctx, passcodes) {
            match phase {
                Phase::Current { .. } => {}
                Phase::Alert { .. } => due.alert.push(item),
                Phase::Forced { .. } => due.forced.push(item),
                Phase::Locked => due.locked.push(item),
            }
        }
        due
    }
}

/// B-20: every passcode that has a clock, by day of expiry.
pub(crate) fn items(ctx: &Context<'_>, passcodes: &Passcodes) -> Vec<(Item, Phase)> {
    let item = |kind| match passcodes.standing(ctx, kind) {
        Standing::NotSet => None,
        Standing::Set { last_changed_on, expires_on, locks_on, lapses_on, phase, .. } => {
            Some((Item { kind, set_on: last_changed_on, expires_on, locks_on, lapses_on }, phase))
        }
    };
    let mut items: Vec<_> = Kind::ALL.into_iter().filter_map(item).collect();
    items.sort_by_key(|(item, _)| item.expires_on);
    items
}

/// B-15: the hour of the day is reached from which its alert is raised.
fn alert_hour_reached(ctx: &Context<'_>) -> bool {
    calendar::at_hour(ctx.today(), ctx.policy().alert_hour, ctx.policies.zone()) <= ctx.now
}
