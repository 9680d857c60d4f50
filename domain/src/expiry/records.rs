//! What has been recorded already, and what is still to be: so that each thing is recorded once.

use chrono::NaiveDate;

use super::{Due, Item, Occasion, Topic, alert_hour_reached};
use crate::{
    calendar,
    context::Context,
    holder::{self, HolderEvent},
    passcode::{Kind, Passcodes},
};

/// What a holder's stream says of alerts, forced changes and locks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Records {
    /// The last day on which the alert was raised.
    alerted_on: Option<NaiveDate>,
    /// The last day for which it was put off.
    declined_on: Option<NaiveDate>,
    /// Of which kind, and with which day of expiry, a forced change was recorded.
    forced: Vec<(Kind, NaiveDate)>,
    /// The last day on which the holder was told of a lock to come.
    announced_on: Option<NaiveDate>,
    /// The first day of the lock that was recorded last.
    locked_from: Option<NaiveDate>,
}

impl Records {
    /// The last day on which the alert was raised.
    #[must_use]
    pub fn alerted_on(&self) -> Option<NaiveDate> {
        self.alerted_on
    }

    /// B-16: the last day for which it was put off.
    #[must_use]
    pub fn declined_on(&self) -> Option<NaiveDate> {
        self.declined_on
    }

    /// B-08: the first day of the lock that was recorded last.
    #[must_use]
    pub fn locked_from(&self) -> Option<NaiveDate> {
        self.locked_from
    }

    /// True if the forced change of this item is recorded.
    pub(super) fn knows_forced(&self, item: &Item) -> bool {
        self.forced.contains(&(item.kind, item.expires_on))
    }

    /// True if a lock was announced on this day.
    pub(super) fn announced(&self, on: NaiveDate) -> bool {
        self.announced_on == Some(on)
    }

    /// P-14, P-17, P-18, B-08, B-15: what holds now and is not recorded.
    pub(crate) fn missing(
        &self,
        ctx: &Context<'_>,
        passcodes: &Passcodes,
        occasion: Occasion,
    ) -> Vec<HolderEvent> {
        let due = Due::of(ctx, passcodes);
        if let Some(first) = due.locked.iter().filter_map(|item| item.locks_on).min() {
            return self.missing_lock(ctx, first, due.locked);
        }
        match occasion {
            Occasion::Schedule if !alert_hour_reached(ctx) => return vec![],
            Occasion::Schedule | Occasion::Logon => {}
        }
        let mut events = Vec::new();
        events.extend(self.missing_force(ctx, &due.forced));
        if !due.alert.is_empty() && self.alerted_on != Some(ctx.today()) {
            let items = [due.forced, due.alert].concat();
            events.push(HolderEvent::AlertRaised {
                topic: Topic::Passcodes,
                on: ctx.today(),
                items,
            });
        }
        events
    }

    fn missing_lock(
        &self,
        ctx: &Context<'_>,
        effective_from: NaiveDate,
        items: Vec<Item>,
    ) -> Vec<HolderEvent> {
        if self.locked_from == Some(effective_from) {
            return vec![];
        }
        vec![HolderEvent::AccountLocked { effective_from, on: ctx.today(), items }]
    }

    /// The forced change, once for each day of expiry; later the announcements of the lock.
    fn missing_force(&self, ctx: &Context<'_>, forced: &[Item]) -> Option<HolderEvent> {
        let on = ctx.today();
        let locks_on = forced.iter().filter_map(|item| item.locks_on).min();
        let items = forced.to_vec();
        let new = forced.iter().find(|item| !self.knows_forced(item));
        if let Some(first) = new {
            let effective_from = first.expires_on;
            return Some(HolderEvent::RenewalForced { effective_from, on, locks_on, items });
        }
        let is_day = |item: &Item| {
            let days = &ctx.policy().announce_days;
            days.iter().any(|&days| calendar::later(item.expires_on, days) == on)
        };
        let is_told = forced.iter().any(|item| is_day(item) && item.locks_on.is_some());
        let locks_on = locks_on.filter(|_| is_told && !self.announced(on))?;
        Some(HolderEvent::LockAnnounced { on, locks_on, items })
    }

    /// P-15, B-16: *Later*, for the alert that was shown on `on`.
    pub(crate) fn decline(
        &self,
        ctx: &Context<'_>,
        passcodes: &Passcodes,
        topic: Topic,
        on: NaiveDate,
    ) -> Result<Vec<HolderEvent>, holder::Refusal> {
        let due = Due::of(ctx, passcodes);
        let is_today = on == ctx.today();
        if is_today && !(due.forced.is_empty() && due.locked.is_empty()) {
            return Err(holder::Refusal::MayNotDecline);
        }
        let was_shown = self.alerted_on == Some(on) || is_today && !due.alert.is_empty();
        let already = self.declined_on.is_some_and(|last| on <= last);
        if already || !was_shown {
            return Ok(vec![]);
        }
        Ok(vec![HolderEvent::AlertDeclined { topic, on }])
    }

    /// The state after an event. Events of other parts change nothing here.
    #[must_use]
    pub(crate) fn evolve(mut self, event: &HolderEvent) -> Self {
        match event {
            HolderEvent::AlertRaised { on, .. } => {
                self.alerted_on = Some(*on);
            }
            HolderEvent::AlertDeclined { topic: Topic::Passcodes, on } => {
                self.declined_on = Some(*on);
            }
            HolderEvent::RenewalForced { on, items, .. } => {
                // It says when the account locks, so that day needs no announcement of its own.
                self.announced_on = Some(*on);
                self.forced = items.iter().map(|item| (item.kind, item.expires_on)).collect();
            }
            HolderEvent::LockAnnounced { on, .. } => self.announced_on = Some(*on),
            HolderEvent::AccountLocked { effective_from, .. } => {
                self.locked_from = Some(*effective_from);
            }
            HolderEvent::PasscodeSet { kind, .. } => {
                self.forced.retain(|(forced, _)| forced != kind);
            }
            HolderEvent::PasscodeBlanked { kind, .. } => {
                self.forced.retain(|(forced, _)| *forced != kind.kind());
            }
            HolderEvent::AlertDeclined { topic: Topic::Certificates, .. }
            | HolderEvent::HolderRegistered {}
            | HolderEvent::CardIssued(_)
            | HolderEvent::PasscodeChangedElsewhere { .. }
            | HolderEvent::UsedBeforeRefused { .. }
            | HolderEvent::SelfServiceRefused { .. }
            | HolderEvent::HistoryCyclingFlagged { .. }
            | HolderEvent::LogonRefused { .. }
            | HolderEvent::RestrictedSessionOpened { .. }
            | HolderEvent::CardUpdateBegun { .. }
            | HolderEvent::CardUpdateResumed { .. }
            | HolderEvent::CardWriteOpened { .. }
            | HolderEvent::CardKeyMade { .. }
            | HolderEvent::CardKeyKept(_)
            | HolderEvent::CertificateIssued { .. }
            | HolderEvent::CertificateAbandoned { .. }
            | HolderEvent::CertificateWritten { .. }
            | HolderEvent::CertificatesRenewed { .. }
            | HolderEvent::CardUpdateAbandoned { .. }
            | HolderEvent::RenewalAcknowledged { .. }
            | HolderEvent::CertificatesRevoked { .. }
            | HolderEvent::RenewalAuthorised { .. }
            | HolderEvent::Desk(_)
            | HolderEvent::CertificateAlertRaised { .. }
            | HolderEvent::RaRenewalNeeded { .. }
            | HolderEvent::RenewalObstructed { .. }
            | HolderEvent::RenewalDeferred { .. }
            | HolderEvent::RegistrationBegun { .. }
            | HolderEvent::RegistrationCompleted { .. }
            | HolderEvent::RegistrationCancelled { .. }
            | HolderEvent::RegistrationRedirected { .. }
            | HolderEvent::CodeSent { .. }
            | HolderEvent::CodeRefused { .. }
            | HolderEvent::CodeVoided { .. }
            | HolderEvent::CodeAccepted { .. }
            | HolderEvent::UnlockPaused { .. }
            | HolderEvent::UnlockStarted { .. }
            | HolderEvent::QuestionsDrawn { .. }
            | HolderEvent::UnlockRefused { .. }
            | HolderEvent::AnswersWrong { .. }
            | HolderEvent::AnswersRight { .. }
            | HolderEvent::SelfServiceBlocked { .. }
            | HolderEvent::RecoveryPasscodeWrong { .. }
            | HolderEvent::RecoveryPasscodeBlocked { .. }
            | HolderEvent::RecoveryPasscodeRight { .. }
            | HolderEvent::UnlockCompleted { .. }
            | HolderEvent::PukRecorded { .. }
            | HolderEvent::PukReleased { .. }
            | HolderEvent::PukProbed { .. }
            | HolderEvent::PukSettled { .. }
            | HolderEvent::PukRuledOut { .. }
            | HolderEvent::PukLost { .. }
            | HolderEvent::PukReplaced { .. } => {}
        }
        self
    }
}
