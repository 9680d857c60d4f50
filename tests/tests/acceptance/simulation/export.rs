//! The lines of an export, as anybody could read them who has never seen the product.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{BufRead as _, BufReader},
    path::Path,
};

use chrono::{DateTime, Datelike as _, Days, NaiveDate, NaiveDateTime, Utc};
use serde_json::Value;

use super::certificates::Fact;

/// What an export tells of one holder, in the order in which it happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum What {
    Set { kind: String, on: NaiveDate },
    Removed { kind: String, on: NaiveDate },
    Alert { on: NaiveDate, kinds: Vec<String> },
    Forced { from: NaiveDate, kinds: Vec<String>, locks_on: NaiveDate },
    Announced { on: NaiveDate, locks_on: NaiveDate },
    Locked { from: NaiveDate },
}

/// The numbers of the policy, from its own event.
#[derive(Debug, Clone)]
pub(super) struct Numbers {
    pub(super) life: i64,
    pub(super) alert: i64,
    pub(super) grace: i64,
    pub(super) announced: Vec<i64>,
}

pub(super) struct Export {
    pub(super) numbers: Numbers,
    pub(super) histories: BTreeMap<String, Vec<What>>,
    /// Everything that an export tells of certificates, for each holder.
    pub(super) certificates: BTreeMap<String, Vec<Fact>>,
    /// Ids of the events that holders are told of by mail, sorted.
    pub(super) told: Vec<String>,
    /// Ids of the events that a mail was delivered about, or was withdrawn because its holder had
    /// been quicker; sorted, as often as there are mails.
    pub(super) mailed: Vec<String>,
}

impl What {
    /// True for what the product records by itself.
    pub(super) fn is_record(&self) -> bool {
        !matches!(self, Self::Set { .. } | Self::Removed { .. })
    }

    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Set { .. } => "set",
            Self::Removed { .. } => "removed",
            Self::Alert { .. } => "alert",
            Self::Forced { .. } => "forced",
            Self::Announced { .. } => "announced",
            Self::Locked { .. } => "locked",
        }
    }
}

impl Export {
    pub(super) fn read(path: &Path) -> Self {
        let mut numbers = None;
        let (mut histories, mut told, mut mailed) = (BTreeMap::new(), vec![], vec![]);
        let mut certificates = BTreeMap::new();
        for line in BufReader::new(File::open(path).unwrap()).lines() {
            let event: Value = serde_json::from_str(&line.unwrap()).unwrap();
            let (kind, subject) = (text(&event["type"]), text(&event["subject"]));
            match kind.as_str() {
                "PolicyPublished" => numbers = Some(Numbers::of(&event["data"]["policy"])),
                "MailDelivered" | "MailWithdrawn" => mailed.push(text(&event["data"]["event"])),
                "AlertRaised"
                | "RenewalForced"
                | "LockAnnounced"
                | "AccountLocked"
                | "CertificateAlertRaised"
                | "CertificatesRenewed"
                | "CertificatesRevoked" => {
                    told.push(text(&event["id"]));
                }
                _ => {}
            }
            if let Some(fact) = Fact::of(&kind, &event) {
                certificates.entry(subject.clone()).or_insert_with(Vec::new).push(fact);
            }
            if let Some(what) = what(&kind, &event) {
                histories.entry(subject).or_insert_with(Vec::new).push(what);
            }
        }
        told.sort();
        mailed.sort();
        Self { numbers: numbers.unwrap(), histories, certificates, told, mailed }
    }
}

impl Numbers {
    fn of(policy: &Value) -> Self {
        assert_eq!(policy["zone"], "Europe/London");
        assert_eq!(policy["alert_hour"], 8);
        assert_eq!(policy["lock_scope"], "any_set");
        assert_eq!(policy["certificate_alert_days"], 30);
        assert_eq!(policy["certificate_forced_days"], 20);
        assert_eq!(policy["self_renewals"], 2);
        assert_eq!(policy["forced_when_ra_required"], "notice");
        let days = |name: &str| policy[name].as_i64().unwrap();
        let announced = policy["announce_days"].as_array().unwrap();
        Self {
            life: days("passcode_days"),
            alert: days("alert_days"),
            grace: days("grace_days"),
            announced: announced.iter().map(|day| day.as_i64().unwrap()).collect(),
        }
    }
}

fn what(kind: &str, event: &Value) -> Option<What> {
    let data = &event["data"];
    let passcode = || text(&data["kind"]);
    Some(match kind {
        "PasscodeSet" => What::Set { kind: passcode(), on: day(&data["on"]) },
        "PasscodeBlanked" => What::Removed { kind: passcode(), on: day(&data["on"]) },
        "AlertRaised" => {
            let on = day(&data["on"]);
            is_raised_in_time(event, on);
            What::Alert { on, kinds: kinds(data) }
        }
        "RenewalForced" => {
            let from = day(&data["effective_from"]);
            assert_eq!(instant(&event["time"]), midnight(from));
            is_raised_in_time(event, from);
            What::Forced { from, kinds: kinds(data), locks_on: day(&data["locks_on"]) }
        }
        "LockAnnounced" => {
            let on = day(&data["on"]);
            is_raised_in_time(event, on);
            What::Announced { on, locks_on: day(&data["locks_on"]) }
        }
        "AccountLocked" => {
            let from = day(&data["effective_from"]);
            // Nothing is late in a simulation: it was recorded when it came to hold.
            assert_eq!(instant(&event["time"]), midnight(from));
            assert_eq!(instant(&event["recordedat"]), midnight(from));
            What::Locked { from }
        }
        _ => return None,
    })
}

/// On its day, and not after eight o'clock.
pub(super) fn is_raised_in_time(event: &Value, on: NaiveDate) {
    let (from, at) = (midnight(on), instant(&event["recordedat"]));
    // Whatever the clocks do that night: eight o'clock is eight hours after the midnight by the
    // day's own offset.
    let eight =
        on.and_hms_opt(8, 0, 0).unwrap().and_utc() - offset(on.and_hms_opt(8, 0, 0).unwrap());
    assert!(from <= at && at <= eight, "{event}");
}

/// Midnight in London, as an instant.
pub(super) fn midnight(day: NaiveDate) -> DateTime<Utc> {
    let local = day.and_hms_opt(0, 0, 0).unwrap();
    local.and_utc() - offset(local)
}

/// What London's clocks are ahead of UTC by, outside the two nights' hours in which they change:
/// an hour from the last Sunday of March to the last Sunday of October.
pub(super) fn offset(local: NaiveDateTime) -> chrono::TimeDelta {
    let year = local.year();
    let changes = |month| last_sunday(year, month).and_hms_opt(1, 30, 0).unwrap();
    let is_summer = changes(3) <= local && local < changes(10);
    chrono::TimeDelta::hours(i64::from(is_summer))
}

fn last_sunday(year: i32, month: u32) -> NaiveDate {
    let last = NaiveDate::from_ymd_opt(year, month, 31).unwrap();
    last - Days::new(last.weekday().num_days_from_sunday().into())
}

fn kinds(data: &Value) -> Vec<String> {
    let items = data["items"].as_array().unwrap();
    let mut kinds: Vec<String> = items.iter().map(|item| text(&item["kind"])).collect();
    kinds.sort();
    kinds
}

pub(super) fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

pub(super) fn day(value: &Value) -> NaiveDate {
    value.as_str().unwrap().parse().unwrap()
}

pub(super) fn instant(value: &Value) -> DateTime<Utc> {
    value.as_str().unwrap().parse().unwrap()
}
