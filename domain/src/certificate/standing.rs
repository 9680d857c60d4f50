//! How the certificates of a card stand, at any instant: worked out, never stored (B-08).

use chrono::{DateTime, Days, NaiveDate, Utc};
use serde::Serialize;

use super::{Refusal, Renewer, expires_at};
use crate::{
    calendar::{self, Phase as PasscodePhase},
    card::CardUpdate,
    context::Context,
    holder::Holder,
    ids::CardSerial,
    passcode::Kind,
    policy::{Policy, RaRequired},
};

/// C-05, C-07, B-12, B-13: where a card's certificates stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// More than 30 days left: nothing to do, and nothing that may be done (B-53).
    Quiet,
    /// C-05, C-06: 30 to 21 days left: due; may be put off.
    Alert,
    /// C-07: 20 to 0 days left: may not be put off.
    Forced,
    /// B-52: past the last instant of the first that ends.
    Expired,
    /// B-57: until the registration authority ends it.
    Suspended,
    /// C-15: for ever.
    Revoked,
}

impl Phase {
    /// The word a page shows.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Quiet => "current",
            Self::Alert => "alert",
            Self::Forced => "forced",
            Self::Expired => "expired",
            Self::Suspended => "suspended",
            Self::Revoked => "revoked",
        }
    }
}

/// How the certificates of the active card stand now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The card.
    pub card: CardSerial,
    /// B-12: X, the civil day on which the first of them ends.
    pub expires_on: NaiveDate,
    /// The last instant of validity of the first that ends, inclusive.
    pub expires_at: DateTime<Utc>,
    /// Days from today until X; less than 0 after it.
    pub days_left: i64,
    /// Where they stand.
    pub phase: Phase,
    /// C-01: the first day on which they may be renewed.
    pub opens_on: NaiveDate,
    /// C-07: the first day on which they have to be.
    pub forced_on: NaiveDate,
    /// C-03: renewals that are left without the registration authority.
    pub self_renewals_left: u8,
    /// C-04, B-51: the holder has no renewal left, and the authority has not let him.
    pub ra_required: bool,
    /// C-04: the registration authority lets him, until this instant.
    pub authorised_until: Option<DateTime<Utc>>,
    /// C-07, B-17, B-51, B-19, B-55: a logon may do no more than what cures it.
    pub restricts: bool,
    /// B-55: an update of the card is between old and new.
    pub update_open: bool,
    /// Whether a renewal may begin now, and by whose leave.
    pub may_renew: Result<Renewer, Refusal>,
}

impl Standing {
    /// C-06, C-07, B-51: whether today's alert may be put off.
    #[must_use]
    pub fn may_decline(&self) -> bool {
        self.phase == Phase::Alert && !self.ra_required && !self.update_open
    }

    pub(crate) fn of(ctx: &Context<'_>, holder: &Holder) -> Option<Self> {
        Self::with_leave_of(ctx, holder, ctx.now)
    }

    /// B-10, C-04: how they stood then, with the authority's leave as it is at another instant.
    pub(crate) fn with_leave_of(
        ctx: &Context<'_>,
        holder: &Holder,
        leave_at: DateTime<Utc>,
    ) -> Option<Self> {
        let card = holder.card()?;
        let expires_at = expires_at(&card.certificates)?;
        let (policy, records, today) = (ctx.policy(), holder.certificate_records(), ctx.today());
        let expires_on = calendar::civil_day(expires_at, ctx.policies.zone());
        let days_left = (expires_on - today).num_days();
        let phase = if records.is_revoked() {
            Phase::Revoked
        } else if records.suspended().is_some() {
            Phase::Suspended
        } else if expires_at < ctx.now {
            Phase::Expired
        } else {
            within_window(policy, days_left)
        };
        let self_renewals_left = policy.self_renewals.saturating_sub(records.self_renewals());
        let authorised_until = records.authorised_until(&card.card, leave_at);
        let ra_required = self_renewals_left == 0 && authorised_until.is_none();
        let update_open = holder.card_update().is_some_and(CardUpdate::is_touched);
        let forced = phase == Phase::Forced
            && !records.deferral().holds(ctx.now)
            && (!ra_required || policy.forced_when_ra_required == RaRequired::Restrict);
        // B-52: who is let in with expired certificates is let in to renew them.
        let restricts = update_open || forced || phase == Phase::Expired;
        let before = |days: u16| expires_on.checked_sub_days(Days::new(days.into()));
        let mut standing = Self {
            card: card.card.clone(),
            expires_on,
            expires_at,
            days_left,
            phase,
            opens_on: before(policy.certificate_alert_days).unwrap_or(NaiveDate::MIN),
            forced_on: before(policy.certificate_forced_days).unwrap_or(NaiveDate::MIN),
            self_renewals_left,
            ra_required,
            authorised_until,
            restricts,
            update_open,
            may_renew: Ok(Renewer::Authority),
        };
        standing.may_renew = standing.may_renew(ctx, holder);
        Some(standing)
    }

    /// C-01, C-04, B-18, B-52, B-53, B-55: in the order in which a holder can do something about it.
    fn may_renew(&self, ctx: &Context<'_>, holder: &Holder) -> Result<Renewer, Refusal> {
        if self.phase == Phase::Revoked {
            return Err(Refusal::Revoked);
        }
        if self.phase == Phase::Suspended {
            return Err(Refusal::Suspended);
        }
        if self.update_open {
            return Err(Refusal::UpdateOpen);
        }
        if let Some(kind) = forced_passcode(ctx, holder) {
            return Err(Refusal::PasscodesFirst { kind });
        }
        if self.authorised_until.is_some() {
            return Ok(Renewer::Authority);
        }
        match self.phase {
            Phase::Revoked => Err(Refusal::Revoked),
            Phase::Suspended => Err(Refusal::Suspended),
            Phase::Expired => Err(Refusal::Expired),
            Phase::Quiet => Err(Refusal::NotInWindow { opens_on: self.opens_on }),
            Phase::Alert | Phase::Forced if self.ra_required => Err(Refusal::RaVisitRequired),
            Phase::Alert | Phase::Forced => Ok(Renewer::Holder),
        }
    }
}

/// B-13: where both hold, forced wins.
fn within_window(policy: &Policy, days_left: i64) -> Phase {
    if days_left <= i64::from(policy.certificate_forced_days) {
        Phase::Forced
    } else if days_left <= i64::from(policy.certificate_alert_days) {
        Phase::Alert
    } else {
        Phase::Quiet
    }
}

/// B-18: the passcode that has to be changed before anything else.
fn forced_passcode(ctx: &Context<'_>, holder: &Holder) -> Option<Kind> {
    let passcodes = holder.passcodes();
    Kind::ALL.into_iter().find(|kind| match passcodes.phase(ctx, *kind) {
        Some(PasscodePhase::Forced { .. } | PasscodePhase::Locked) => true,
        None | Some(PasscodePhase::Current { .. } | PasscodePhase::Alert { .. }) => false,
    })
}
