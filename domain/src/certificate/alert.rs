//! The alert of each of the last thirty days: what is recorded, when, and what a logon shows.

use chrono::{DateTime, Days, NaiveDate, Utc};
use serde::Serialize;

use super::{Phase, Refusal, Standing};
use crate::{
    calendar,
    context::Context,
    expiry::{Occasion, Topic},
    holder::{Holder, HolderEvent},
    refusal::RuleId,
};

/// C-05: what the holder is shown today.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Alert {
    /// Today.
    pub on: NaiveDate,
    /// X, the civil day on which the first certificate ends.
    pub expires_on: NaiveDate,
    /// Days until then.
    pub days_left: i64,
    /// C-06, C-07: whether *later* is an answer.
    pub may_decline: bool,
    /// C-04, B-51: only the registration authority can renew.
    pub ra_required: bool,
}

/// what is due of the certificates, or has to be done about them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Due {
    /// Where they stand, never quiet unless an update is open.
    pub phase: Phase,
    /// X, the civil day on which the first certificate ends.
    pub expires_on: NaiveDate,
    /// The last instant of its validity.
    pub expires_at: DateTime<Utc>,
    /// Days until X.
    pub days_left: i64,
    /// C-06, C-07: whether *later* is an answer.
    pub may_decline: bool,
    /// C-04, B-51: only the registration authority can renew.
    pub ra_required: bool,
    /// B-55: an update of the card is to be finished first of all.
    pub update_open: bool,
}

impl Due {
    /// What is due; none if nothing is.
    #[must_use]
    pub(crate) fn of(standing: &Standing) -> Option<Self> {
        if standing.phase == Phase::Quiet && !standing.update_open {
            return None;
        }
        Some(Self {
            phase: standing.phase,
            expires_on: standing.expires_on,
            expires_at: standing.expires_at,
            days_left: standing.days_left,
            may_decline: standing.may_decline(),
            ra_required: standing.ra_required,
            update_open: standing.update_open,
        })
    }

    /// The rule by which it is due.
    #[must_use]
    pub fn rule(&self) -> RuleId {
        match self.phase {
            _ if self.update_open => const { RuleId::new("B-55") },
            Phase::Quiet | Phase::Alert => const { RuleId::new("C-05") },
            Phase::Forced if self.ra_required => const { RuleId::new("B-51") },
            Phase::Forced => const { RuleId::new("C-07") },
            Phase::Expired => const { RuleId::new("B-52") },
            Phase::Suspended => const { RuleId::new("B-57") },
            Phase::Revoked => const { RuleId::new("C-15") },
        }
    }
}

/// C-05, C-06, B-16, B-51: the alert to show now, at logon and on Home: none when nothing is due,
/// when the holder has put it off today, or when the session is for curing it anyway.
#[must_use]
pub fn alert(ctx: &Context<'_>, holder: &Holder) -> Option<Alert> {
    let standing = holder.certificates(ctx)?;
    let on = ctx.today();
    let put_off = standing.may_decline() && holder.certificate_records().declined_on() == Some(on);
    if put_off || standing.restricts || !has_alert(&standing) {
        return None;
    }
    Some(Alert {
        on,
        expires_on: standing.expires_on,
        days_left: standing.days_left,
        may_decline: standing.may_decline(),
        ra_required: standing.ra_required,
    })
}

/// C-05: 30 days with an alert, the last on the day before X.
pub(crate) fn has_alert(standing: &Standing) -> bool {
    match standing.phase {
        Phase::Alert | Phase::Forced => 0 < standing.days_left,
        Phase::Quiet | Phase::Expired | Phase::Suspended | Phase::Revoked => false,
    }
}

/// C-05, B-15, B-51: what holds now and is not recorded. Whose account is locked is told nothing of
/// certificates.
pub(crate) fn missing(ctx: &Context<'_>, holder: &Holder, occasion: Occasion) -> Vec<HolderEvent> {
    match occasion {
        Occasion::Schedule if ctx.now < at_alert_hour(ctx, ctx.today()) => return vec![],
        Occasion::Schedule | Occasion::Logon => {}
    }
    let Some(standing) = holder.certificates(ctx).filter(has_alert) else { return vec![] };
    let records = holder.certificate_records();
    let expires_at = standing.expires_at;
    let mut events = Vec::new();
    // An authorisation lapses, the need does not.
    if standing.self_renewals_left == 0 && records.ra_told_of() != Some(expires_at) {
        events.push(HolderEvent::RaRenewalNeeded { expires_at });
    }
    if records.alerted_on() != Some(ctx.today()) {
        events.push(HolderEvent::CertificateAlertRaised {
            on: ctx.today(),
            expires_at,
            left: u16::try_from(standing.days_left).unwrap_or(u16::MAX),
            may_decline: standing.may_decline(),
            ra_required: standing.ra_required,
        });
    }
    events
}

/// C-06, C-07, B-16: *Later*, for the alert that was shown on `on`.
pub(crate) fn decline(
    ctx: &Context<'_>,
    holder: &Holder,
    on: NaiveDate,
) -> Result<Vec<HolderEvent>, Refusal> {
    let Some(standing) = holder.certificates(ctx) else { return Ok(vec![]) };
    let records = holder.certificate_records();
    let is_today = on == ctx.today();
    if is_today && has_alert(&standing) && !standing.may_decline() {
        let stays = standing.ra_required && !standing.update_open;
        return Err(if stays { Refusal::NoticeStays } else { Refusal::MayNotDecline });
    }
    let was_shown = records.alerted_on() == Some(on) || is_today && has_alert(&standing);
    let already = records.declined_on().is_some_and(|last| on <= last);
    if already || !was_shown {
        return Ok(vec![]);
    }
    Ok(vec![HolderEvent::AlertDeclined { topic: Topic::Certificates, on }])
}

/// The instants from now on at which something about the certificates is to be recorded.
pub(crate) fn instants(ctx: &Context<'_>, holder: &Holder) -> Vec<DateTime<Utc>> {
    let Some(standing) = holder.certificates(ctx) else { return vec![] };
    let alerted_on = holder.certificate_records().alerted_on();
    let first = standing.opens_on.max(ctx.today());
    let days = match standing.phase {
        Phase::Quiet | Phase::Alert | Phase::Forced => [first, first + Days::new(1)],
        Phase::Expired | Phase::Suspended | Phase::Revoked => return vec![],
    };
    days.into_iter()
        .filter(|on| *on < standing.expires_on && alerted_on != Some(*on))
        .map(|on| at_alert_hour(ctx, on))
        .filter(|at| *at <= standing.expires_at)
        .collect()
}

/// From when on a forced renewal is to be told of, if one is to come: what the breaker counts.
pub(crate) fn forces_at(ctx: &Context<'_>, holder: &Holder) -> Option<DateTime<Utc>> {
    let standing = holder.certificates(ctx)?;
    match standing.phase {
        Phase::Quiet | Phase::Alert | Phase::Forced => {}
        Phase::Expired | Phase::Suspended | Phase::Revoked => return None,
    }
    let told = holder.certificate_records().alerted_on();
    let is_told = told.is_some_and(|on| standing.forced_on <= on);
    (0 < standing.self_renewals_left && !is_told).then(|| at_alert_hour(ctx, standing.forced_on))
}

fn at_alert_hour(ctx: &Context<'_>, day: NaiveDate) -> DateTime<Utc> {
    calendar::at_hour(day, ctx.policy().alert_hour, ctx.policies.zone())
}
