//! One holder's days to come: from boundary to boundary.

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use uuid::Uuid;

use super::{DAYS_MAX, People, Question, Span, What};
use crate::{
    calendar::{self, Phase},
    card::IssuedCertificate,
    certificate::{self, Renewer, Standing},
    context::Context,
    decider::Decider as _,
    expiry::{self, Item, Occasion},
    holder::{Holder, HolderEvent, Origin},
    ids::{CommandId, SecretRef},
};

/// What the days bring to this holder.
pub(super) fn live(
    question: &Question<'_>,
    holder: &Holder,
    last_at: Option<DateTime<Utc>>,
) -> Vec<Span> {
    let first_on = question.ctx.today();
    let Some(last_on) = first_on.checked_add_days(Days::new(question.days.min(DAYS_MAX).into()))
    else {
        return vec![];
    };
    let begun_at = last_at.map_or(question.ctx.now, |last| last.max(question.ctx.now));
    let mut life =
        Life { question, holder: holder.clone(), first_on, items: vec![], spans: vec![] };
    let mut on = Some(first_on);
    // Each turn is a later day, so there are no more of them than days.
    while let Some(today) = on.filter(|on| *on < last_on) {
        on = life.pass(today, begun_at, last_on);
    }
    life.spans
}

struct Life<'a> {
    question: &'a Question<'a>,
    holder: Holder,
    first_on: NaiveDate,
    /// The passcodes that had a clock at the boundary before.
    items: Vec<Item>,
    spans: Vec<Span>,
}

impl<'a> Life<'a> {
    /// Records what holds on a boundary, counts, and goes to the next one; `None` if there is none.
    fn pass(
        &mut self,
        today: NaiveDate,
        begun_at: DateTime<Utc>,
        last_on: NaiveDate,
    ) -> Option<NaiveDate> {
        if self.holder.desk().closed().is_some() {
            return None;
        }
        let ctx = &self.at(today, begun_at);
        let before = expiry::items(ctx, self.holder.passcodes());
        let is_locked = before.iter().any(|(_, phase)| *phase == Phase::Locked);
        let standing = self.holder.certificates(ctx);
        self.count_events(ctx, today, is_locked);
        self.count_lapsed(today, &before);
        if standing.as_ref().is_some_and(|standing| ends_on(standing, today)) {
            self.count(What::CertificateExpired, today, None);
        }
        let is_alerted = before.iter().any(|(_, phase)| is_alert(*phase));
        let is_told = standing.as_ref().is_some_and(certificate::has_alert);
        self.items = before.into_iter().map(|(item, _)| item).collect();
        match self.question.people {
            People::NobodyActs => {}
            People::EverybodyRenewsWhenForced if is_locked => {}
            People::EverybodyRenewsWhenForced => self.renew(ctx, today),
        }
        // The alert of today was raised before anybody acted; later ones are for whoever is due then.
        let next = self.next_boundary(&self.at(today, begun_at), today);
        let until = next.map_or(last_on, |next| next.min(last_on));
        if is_alerted && !is_locked {
            let stays = self.has_phase(ctx, is_alert);
            self.count(What::Alerted, today, stays.then_some(until));
        }
        if is_told && !is_locked {
            let stays = self.holder.certificates(ctx).filter(certificate::has_alert);
            self.count(What::CertificateAlerted, today, stays.as_ref().map(|_| until));
            if let Some((standing, on)) = stays.zip(until.pred_opt()) {
                self.told_until(ctx, &standing, on);
            }
        }
        next
    }

    /// At the alert hour of this day, but not before the forecast begins.
    fn at(&self, today: NaiveDate, begun_at: DateTime<Utc>) -> Context<'a> {
        let policies = self.question.ctx.policies;
        let hour = policies.in_force(today).alert_hour;
        self.question.ctx.at(calendar::at_hour(today, hour, policies.zone()).max(begun_at))
    }

    /// What the workflow records on this day, and what the breaker sees in it.
    fn count_events(&mut self, ctx: &Context<'_>, today: NaiveDate, is_locked: bool) {
        let forces_at = certificate::forces_at(ctx, &self.holder);
        let is_told = self.holder.certificates(ctx).as_ref().is_some_and(certificate::has_alert);
        let is_forced = is_told && !is_locked && forces_at.is_some_and(|at| at <= ctx.now);
        let events = expiry::missing(ctx, &self.holder, Occasion::Schedule);
        let has = |is_it: fn(&HolderEvent) -> bool| events.iter().any(is_it);
        let has_change = has(|event| matches!(event, HolderEvent::RenewalForced { .. }));
        for (what, holds) in [
            (What::Forced, has_change),
            (What::Locked, has(|event| matches!(event, HolderEvent::AccountLocked { .. }))),
            (What::RaRequired, has(|event| matches!(event, HolderEvent::RaRenewalNeeded { .. }))),
            (What::CertificateForced, is_forced),
            (What::ForcedEither, has_change || is_forced),
        ] {
            if holds {
                self.count(what, today, None);
            }
        }
        for event in events {
            self.evolve(ctx.now, &event);
        }
    }

    /// B-21: what had a clock before and has none now, although nobody removed it.
    fn count_lapsed(&mut self, today: NaiveDate, now: &[(Item, Phase)]) {
        let is_there = |kind| now.iter().any(|(item, _)| item.kind == kind);
        if self.items.iter().any(|item| !is_there(item.kind)) {
            self.count(What::Lapsed, today, None);
        }
    }

    /// New numbers may say that the renewal was forced before today: then it counts that he was told
    /// meanwhile.
    fn told_until(&mut self, ctx: &Context<'_>, standing: &Standing, on: NaiveDate) {
        let told = HolderEvent::CertificateAlertRaised {
            on,
            expires_at: standing.expires_at,
            left: u16::try_from(standing.days_left).unwrap_or(u16::MAX),
            may_decline: standing.may_decline(),
            ra_required: standing.ra_required,
        };
        self.evolve(ctx.now, &told);
    }

    fn has_phase(&self, ctx: &Context<'_>, is_it: fn(Phase) -> bool) -> bool {
        let items = expiry::items(ctx, self.holder.passcodes());
        items.iter().any(|(_, phase)| is_it(*phase))
    }

    /// From this day until another, exclusive; without one, on this day alone.
    fn count(&mut self, what: What, from: NaiveDate, until: Option<NaiveDate>) {
        let day =
            |on: NaiveDate| u16::try_from((on - self.first_on).num_days()).unwrap_or(DAYS_MAX);
        let first = day(from);
        self.spans.push(Span { what, first, end: until.map_or(first + 1, day) });
    }

    fn evolve(&mut self, at: DateTime<Utc>, event: &HolderEvent) {
        self.holder = std::mem::take(&mut self.holder).evolve(at, event);
    }

    /// The next day on which anything but the day is another.
    fn next_boundary(&self, ctx: &Context<'_>, today: NaiveDate) -> Option<NaiveDate> {
        let policies = ctx.policies;
        let items = expiry::items(ctx, self.holder.passcodes());
        let passcodes = items.iter().flat_map(|(item, _)| {
            let days = calendar::passcode_days(policies, item.set_on, today);
            [Some(days.alerts_from(policies, today)), Some(item.expires_on), item.over_on()]
        });
        let certificates = self.holder.certificates(ctx).into_iter().flat_map(|standing| {
            let Standing { opens_on, forced_on, expires_on, .. } = standing;
            [Some(opens_on), Some(forced_on), Some(expires_on), expires_on.succ_opt()]
        });
        let later = passcodes.chain(certificates).flatten().filter(|on| today < *on);
        later.chain(policies.next_after(today)).min()
    }

    /// Who is forced today does it today.
    fn renew(&mut self, ctx: &Context<'_>, today: NaiveDate) {
        let forced: Vec<_> = expiry::items(ctx, self.holder.passcodes())
            .into_iter()
            .filter(|(_, phase)| matches!(phase, Phase::Forced { .. }))
            .collect();
        for (item, _) in forced {
            let (kind, secret) = (item.kind, SecretRef(Uuid::nil()));
            let origin = Origin::Change;
            self.evolve(ctx.now, &HolderEvent::PasscodeSet { kind, on: today, secret, origin });
        }
        let standing = self.holder.certificates(ctx);
        if let Some(standing) =
            standing.filter(|standing| standing.phase == certificate::Phase::Forced)
        {
            self.renew_certificates(ctx, today, &standing);
        }
    }

    /// C-03, C-04: by himself as long as he has a renewal left, else at the registration authority.
    fn renew_certificates(&mut self, ctx: &Context<'_>, today: NaiveDate, standing: &Standing) {
        let Some(card) = self.holder.card().cloned() else { return };
        let life = TimeDelta::days(ctx.policy().certificate_days.into());
        let renewed = |old: IssuedCertificate| IssuedCertificate {
            not_before: ctx.now,
            not_after: ctx.now + life,
            ..old
        };
        let done = self.holder.certificate_records().self_renewals();
        let (by, self_renewals) = match standing.self_renewals_left {
            0 => (Renewer::Authority, 0),
            1.. => (Renewer::Holder, done.saturating_add(1)),
        };
        let event = HolderEvent::CertificatesRenewed {
            update: CommandId(Uuid::nil()),
            card: card.card,
            on: today,
            by,
            self_renewals,
            authentication: card.keys.authentication,
            signature: card.keys.signature,
            certificates: card.certificates.into_iter().map(renewed).collect(),
            superseded: vec![],
            superseded_revoked: false,
        };
        self.evolve(ctx.now, &event);
    }
}

fn is_alert(phase: Phase) -> bool {
    match phase {
        Phase::Alert { .. } => true,
        Phase::Current { .. } | Phase::Forced { .. } | Phase::Locked => false,
    }
}

/// B-12, B-52: the first of them ends on this day, and none was made to end before.
fn ends_on(standing: &Standing, today: NaiveDate) -> bool {
    match standing.phase {
        certificate::Phase::Revoked | certificate::Phase::Suspended => false,
        certificate::Phase::Quiet
        | certificate::Phase::Alert
        | certificate::Phase::Forced
        | certificate::Phase::Expired => standing.expires_on == today,
    }
}
