//! What should have been recorded of certificates, by plain arithmetic on dates, from what an export
//! says was issued, renewed and revoked. A day is judged as it begins, as with passcodes.

use std::collections::BTreeSet;

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use serde_json::Value;

use super::{
    export::{day, instant, is_raised_in_time, midnight, offset, text},
    recomputed::first_day,
};

/// The last days with an alert, those of them on which it may be put off, and renewals in a row
/// without the registration authority.
const ALERTS: i64 = 30;
const FORCED: i64 = 20;
const SELF_RENEWALS: u64 = 2;

/// How long the registration authority's leave holds.
const LEAVE: TimeDelta = TimeDelta::minutes(30);

/// What an export tells of one holder's certificates, with when it was recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fact {
    pub(super) at: DateTime<Utc>,
    pub(super) what: Told,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Told {
    Issued { ends: DateTime<Utc> },
    Alert(Alert),
    Declined { on: NaiveDate },
    AuthorityNeeded { ends: DateTime<Utc> },
    Authorised,
    Begun { update: String, by_authority: bool },
    KeyOpened { update: String, slot: String },
    Request { update: String, serial: String },
    Abandoned { update: String, serial: String },
    Written { update: String, slot: String },
    Renewed(Renewal),
    Revoked { serials: Vec<String> },
    Restricted,
    PasscodeForced,
    AccountLocked,
    NotLetIn { why: String },
}

/// The alert of a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Alert {
    pub(super) on: NaiveDate,
    pub(super) left: i64,
    pub(super) may_decline: bool,
    pub(super) ra_required: bool,
}

/// A renewal that was committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Renewal {
    pub(super) update: String,
    pub(super) by_authority: bool,
    pub(super) self_renewals: u64,
    pub(super) ends: DateTime<Utc>,
    pub(super) serials: Vec<String>,
    pub(super) superseded: Vec<String>,
}

impl Fact {
    pub(super) fn of(kind: &str, event: &Value) -> Option<Self> {
        let data = &event["data"];
        let update = || text(&data["update"]);
        let ends = || {
            let all = data["certificates"].as_array().unwrap();
            all.iter().map(|one| instant(&one["not_after"])).min().unwrap()
        };
        let what = match kind {
            "CardIssued" => Told::Issued { ends: ends() },
            "CertificateAlertRaised" => {
                let on = day(&data["on"]);
                is_raised_in_time(event, on);
                Told::Alert(Alert {
                    on,
                    left: data["left"].as_i64().unwrap(),
                    may_decline: data["may_decline"].as_bool().unwrap(),
                    ra_required: data["ra_required"].as_bool().unwrap(),
                })
            }
            "AlertDeclined" if data["topic"] == "certificates" => {
                Told::Declined { on: day(&data["on"]) }
            }
            "RaRenewalNeeded" => Told::AuthorityNeeded { ends: instant(&data["expires_at"]) },
            "RenewalAuthorised" => Told::Authorised,
            "CardUpdateBegun" => {
                Told::Begun { update: update(), by_authority: data["by"] == "authority" }
            }
            "CardWriteOpened" if data["write"] == "key_pair" => {
                Told::KeyOpened { update: update(), slot: text(&data["slot"]) }
            }
            "CertificateIssued" => {
                Told::Request { update: update(), serial: text(&data["certificate"]["serial"]) }
            }
            "CertificateAbandoned" => {
                Told::Abandoned { update: update(), serial: text(&data["serial"]) }
            }
            "CertificateWritten" => Told::Written { update: update(), slot: text(&data["slot"]) },
            "CertificatesRenewed" => Told::Renewed(Renewal {
                update: update(),
                by_authority: data["by"] == "authority",
                self_renewals: data["self_renewals"].as_u64().unwrap(),
                ends: ends(),
                serials: texts(data["certificates"].as_array().unwrap(), |one| &one["serial"]),
                superseded: texts(data["superseded"].as_array().unwrap(), |one| one),
            }),
            "CertificatesRevoked" => {
                Told::Revoked { serials: texts(data["serials"].as_array().unwrap(), |one| one) }
            }
            "RestrictedSessionOpened" => Told::Restricted,
            "RenewalForced" => Told::PasscodeForced,
            "AccountLocked" => Told::AccountLocked,
            "LogonRefused" => Told::NotLetIn { why: text(&data["reason"]["refusal"]) },
            _ => return None,
        };
        Some(Self { at: instant(&event["recordedat"]), what })
    }
}

fn texts(all: &[Value], of: impl Fn(&Value) -> &Value) -> Vec<String> {
    all.iter().map(|one| text(of(one))).collect()
}

/// The day in London.
fn day_of(at: DateTime<Utc>) -> NaiveDate {
    (at.naive_utc() + offset(at.naive_utc())).date()
}

/// How a holder's certificates stood when a day began.
#[derive(Debug, Clone, Default)]
struct Stand {
    ends: Option<DateTime<Utc>>,
    self_renewals: u64,
    is_revoked: bool,
    is_locked: bool,
    /// The update that is between old and new.
    between: Option<String>,
}

impl Stand {
    fn after(mut self, fact: &Fact) -> Self {
        match &fact.what {
            Told::Issued { ends } => self.ends = Some(*ends),
            Told::KeyOpened { update, .. } => self.between = Some(update.clone()),
            Told::Renewed(renewal) => {
                self.ends = Some(renewal.ends);
                self.self_renewals = if renewal.by_authority { 0 } else { self.self_renewals + 1 };
                self.between = None;
            }
            Told::Revoked { .. } => {
                self.is_revoked = true;
                self.between = None;
            }
            Told::AccountLocked => self.is_locked = true,
            Told::Alert(_)
            | Told::Declined { .. }
            | Told::AuthorityNeeded { .. }
            | Told::Authorised
            | Told::Begun { .. }
            | Told::Request { .. }
            | Told::Abandoned { .. }
            | Told::Written { .. }
            | Told::Restricted
            | Told::PasscodeForced
            | Told::NotLetIn { .. } => {}
        }
        self
    }

    fn left(&self, today: NaiveDate) -> Option<i64> {
        Some((day_of(self.ends?) - today).num_days())
    }

    fn alert(&self, today: NaiveDate) -> Option<Alert> {
        let left = self.left(today).filter(|left| (1..=ALERTS).contains(left))?;
        if self.is_revoked || self.is_locked {
            return None;
        }
        let ra_required = SELF_RENEWALS <= self.self_renewals;
        let may_decline = FORCED < left && !ra_required && self.between.is_none();
        Some(Alert { on: today, left, may_decline, ra_required })
    }
}

/// Every alert that there should be.
pub(super) fn expected_alerts(facts: &[Fact], days: u32) -> Vec<Alert> {
    let end = midnight(first_day() + Days::new(days.into()));
    let mut stand = Stand::default();
    let mut rest = facts;
    let mut day = first_day() - Days::new(365);
    let mut all = Vec::new();
    while midnight(day) < end {
        // An account locks with the day; what people do comes later on it.
        let before = |fact: &Fact| {
            let locks = fact.what == Told::AccountLocked;
            fact.at < midnight(day) || locks && fact.at <= midnight(day)
        };
        let n_before = rest.iter().take_while(|fact| before(fact)).count();
        stand = rest[..n_before].iter().fold(stand, Stand::after);
        rest = &rest[n_before..];
        all.extend(stand.alert(day));
        day = day + Days::new(1);
    }
    all
}

pub(super) fn alerts(facts: &[Fact]) -> Vec<Alert> {
    let alert = |fact: &Fact| {
        if let Told::Alert(alert) = fact.what { Some(alert) } else { None }
    };
    facts.iter().filter_map(alert).collect()
}

/// What one holder's renewals came to.
#[expect(clippy::struct_field_names, reason = "each is a number of something")]
#[derive(Debug, Clone, Default)]
pub(super) struct Sums {
    pub(super) n_self: usize,
    pub(super) n_authority: usize,
    /// Updates that took more than one visit to write.
    pub(super) n_torn: usize,
    pub(super) n_declined: usize,
    pub(super) n_revoked: usize,
    pub(super) n_expired: usize,
    /// Pairs that lived through all their thirty days.
    pub(super) n_whole_months: usize,
}

/// Goes through a holder's facts and asserts, at each, that the rules let it happen.
pub(super) fn check(holder: &str, facts: &[Fact]) -> Sums {
    let mut sums = Sums::default();
    let mut stand = Stand::default();
    let (mut issued, mut gone) = (BTreeSet::new(), BTreeSet::new());
    let mut renewed = BTreeSet::new();
    let mut authorised: Option<DateTime<Utc>> = None;
    let mut is_by_authority = false;
    let mut is_passcode_forced_since: Option<NaiveDate> = None;
    let mut told_of = BTreeSet::new();
    for fact in facts {
        let today = day_of(fact.at);
        let left = stand.left(today);
        match &fact.what {
            Told::Declined { on } => {
                // C-06, C-07: 30 to 21 days left, and never where only the authority can renew.
                assert!((FORCED + 1..=ALERTS).contains(&left.unwrap()), "{holder}: {fact:?}");
                assert!(stand.self_renewals < SELF_RENEWALS && *on == today, "{holder}: {fact:?}");
                sums.n_declined += 1;
            }
            Told::AuthorityNeeded { ends } => {
                // B-51: once for each pair, from the thirtieth day on, when the own renewals are spent.
                assert!(left.unwrap() <= ALERTS, "{holder}: {fact:?}");
                assert_eq!(stand.self_renewals, SELF_RENEWALS, "{holder}: {fact:?}");
                assert!(told_of.insert(*ends), "{holder}: {fact:?}");
            }
            Told::Authorised => authorised = Some(fact.at),
            Told::Begun { by_authority, .. } => {
                is_by_authority = *by_authority;
                let has_leave = authorised.is_some_and(|at| fact.at < at + LEAVE);
                assert_eq!(*by_authority, has_leave, "{holder}: {fact:?}");
                if !has_leave {
                    // C-01, C-03, B-52, B-53.
                    assert!((0..=ALERTS).contains(&left.unwrap()), "{holder}: {fact:?}");
                    assert!(stand.self_renewals < SELF_RENEWALS, "{holder}: {fact:?}");
                    assert!(fact.at <= stand.ends.unwrap(), "{holder}: {fact:?}");
                }
                assert!(!stand.is_revoked && !stand.is_locked, "{holder}: {fact:?}");
            }
            Told::Request { serial, .. } => {
                assert!(issued.insert(serial.clone()), "{holder}: {fact:?}");
            }
            Told::Abandoned { serial, .. } => {
                assert!(gone.insert(serial.clone()), "{holder}: {fact:?}");
            }
            Told::Renewed(renewal) => {
                // B-50: once, however many visits it took.
                assert!(renewed.insert(renewal.update.clone()), "{holder}: {fact:?}");
                assert_eq!(renewal.by_authority, is_by_authority, "{holder}: {fact:?}");
                let counted = if renewal.by_authority { 0 } else { stand.self_renewals + 1 };
                assert_eq!(renewal.self_renewals, counted, "{holder}: {fact:?}");
                assert!(counted <= SELF_RENEWALS, "{holder}: {fact:?}");
                assert_eq!((renewal.serials.len(), renewal.superseded.len()), (2, 2));
                gone.extend(renewal.superseded.iter().cloned());
                if renewal.by_authority {
                    sums.n_authority += 1;
                } else {
                    sums.n_self += 1;
                }
                let opened = |fact: &&Fact| matches!(&fact.what, Told::KeyOpened { update, .. } if *update == renewal.update);
                let on: BTreeSet<_> =
                    facts.iter().filter(opened).map(|fact| day_of(fact.at)).collect();
                sums.n_torn += usize::from(1 < on.len());
            }
            Told::Revoked { serials } => {
                gone.extend(serials.iter().cloned());
                sums.n_revoked += 1;
            }
            Told::Restricted => {
                // C-07, B-51, B-52, B-55, B-17: never without a reason.
                let forced =
                    left.is_some_and(|left| left <= FORCED) && stand.self_renewals < SELF_RENEWALS;
                let has_leave = authorised.is_some_and(|at| fact.at < at + LEAVE);
                let passcode = is_passcode_forced_since.is_some();
                let between = stand.between.is_some();
                assert!(forced || has_leave || passcode || between, "{holder}: {fact:?}");
            }
            Told::NotLetIn { why } => {
                assert_eq!(why == "certificates_revoked", stand.is_revoked, "{holder}: {fact:?}");
                if why == "certificates_expired" {
                    assert!(stand.ends.unwrap() < fact.at, "{holder}: {fact:?}");
                    sums.n_expired += 1;
                }
            }
            Told::PasscodeForced => is_passcode_forced_since = Some(today),
            Told::Issued { .. }
            | Told::Alert(_)
            | Told::KeyOpened { .. }
            | Told::Written { .. }
            | Told::AccountLocked => {}
        }
        stand = stand.after(fact);
    }
    // No orphan: whatever was issued is on the card, has given way, or is still being written.
    let in_use = facts.iter().rev().find_map(|fact| {
        if let Told::Renewed(renewal) = &fact.what { Some(renewal.serials.clone()) } else { None }
    });
    let in_use: BTreeSet<_> = in_use.unwrap_or_default().into_iter().collect();
    let orphans =
        issued.iter().filter(|serial| !in_use.contains(*serial) && !gone.contains(*serial));
    assert!(stand.between.is_some() || orphans.count() == 0, "{holder}");
    sums.n_whole_months = whole_months(facts);
    sums
}

/// C-05, C-06, C-07: pairs that nobody renewed, revoked or locked before they ended have exactly
/// thirty alerts, of which ten may be put off if the holder can renew.
fn whole_months(facts: &[Fact]) -> usize {
    let alerts = alerts(facts);
    let last = alerts.iter().filter(|alert| alert.left == 1);
    let mut n_whole = 0;
    for last in last {
        let of_pair: Vec<_> = alerts
            .iter()
            .filter(|one| one.on <= last.on && last.on - one.on < TimeDelta::days(ALERTS))
            .collect();
        let left: Vec<_> = of_pair.iter().map(|one| one.left).collect();
        assert_eq!(left, (1..=ALERTS).rev().collect::<Vec<_>>());
        let n_declinable = of_pair.iter().filter(|one| one.may_decline).count();
        assert!(!last.ra_required || n_declinable == 0);
        n_whole += usize::from(n_declinable == 10);
    }
    n_whole
}
