//! What a holder's stream remembers of renewals, alerts and revocation.

use chrono::{DateTime, NaiveDate, Utc};

use super::{Deferral, RevocationReason};
use crate::{
    desk::{DeskEvent, SuspensionReason},
    expiry::Topic,
    holder::HolderEvent,
    ids::CardSerial,
};

/// The certificate part of a holder.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Records {
    /// B-49: self renewals since the registration authority last verified who he is. The person's,
    /// not the card's.
    self_renewals: u8,
    /// C-15: since when, and why, the active card's certificates are revoked.
    revoked: Option<(NaiveDate, RevocationReason)>,
    /// B-57: since when, and why, they are suspended.
    suspended: Option<(NaiveDate, SuspensionReason)>,
    authorisation: Option<Authorisation>,
    /// The last day on which the alert was raised.
    alerted_on: Option<NaiveDate>,
    /// The last day for which it was put off.
    declined_on: Option<NaiveDate>,
    /// B-51: for which end of validity the authority was told that it has to renew.
    ra_told_of: Option<DateTime<Utc>>,
    deferral: Deferral,
    /// C-14, C-15: how often a renewal or a revocation has ended all his sessions. The person's, and
    /// never less.
    endings: u32,
}

/// C-04: the registration authority lets the holder renew the certificates of this card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authorisation {
    /// Of which card.
    pub card: CardSerial,
    /// Until when, exclusive.
    pub until: DateTime<Utc>,
}

impl Records {
    /// B-49: self renewals since the registration authority last verified who he is.
    #[must_use]
    pub fn self_renewals(&self) -> u8 {
        self.self_renewals
    }

    /// C-15: the day on which the active card's certificates were revoked, and why.
    #[must_use]
    pub fn revoked(&self) -> Option<(NaiveDate, RevocationReason)> {
        self.revoked
    }

    /// C-15: true for ever once the active card's certificates are revoked.
    #[must_use]
    pub fn is_revoked(&self) -> bool {
        self.revoked.is_some()
    }

    /// B-57: the day since which the active card's certificates are suspended, and why.
    #[must_use]
    pub fn suspended(&self) -> Option<(NaiveDate, SuspensionReason)> {
        self.suspended
    }

    /// C-04: until when the registration authority lets the holder renew this card.
    #[must_use]
    pub fn authorised_until(&self, card: &CardSerial, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let authorisation = self.authorisation.as_ref();
        let open = authorisation.filter(|open| open.card == *card && now < open.until);
        open.map(|open| open.until)
    }

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

    /// B-51: for which end of validity the authority was told that it has to renew.
    pub(super) fn ra_told_of(&self) -> Option<DateTime<Utc>> {
        self.ra_told_of
    }

    /// B-19: whether the renewal is put off for technical reasons.
    #[must_use]
    pub fn deferral(&self) -> &Deferral {
        &self.deferral
    }

    /// C-14, C-15: how often a renewal or a revocation has ended all sessions of the holder. What was
    /// opened when it was less is over.
    #[must_use]
    pub fn endings(&self) -> u32 {
        self.endings
    }

    /// The state after an event. Events of other parts change nothing here.
    #[must_use]
    pub(crate) fn evolve(mut self, event: &HolderEvent) -> Self {
        match event {
            // B-49: a card is issued after an identity check, which is in the same append.
            HolderEvent::CardIssued(_) => Self { endings: self.endings, ..Self::default() },
            HolderEvent::CertificatesRenewed { self_renewals, .. } => {
                Self { self_renewals: *self_renewals, endings: self.endings + 1, ..Self::default() }
            }
            HolderEvent::CertificatesRevoked { on, reason, .. } => {
                self.endings += 1;
                self.revoked = Some((*on, *reason));
                self
            }
            HolderEvent::Desk(event) => self.desk(event),
            HolderEvent::RenewalAuthorised { card, until, .. } => {
                self.authorisation = Some(Authorisation { card: card.clone(), until: *until });
                self
            }
            HolderEvent::CertificateAlertRaised { on, .. } => {
                self.alerted_on = Some(*on);
                self
            }
            HolderEvent::AlertDeclined { topic: Topic::Certificates, on } => {
                self.declined_on = Some(*on);
                self
            }
            HolderEvent::RaRenewalNeeded { expires_at } => {
                self.ra_told_of = Some(*expires_at);
                self
            }
            HolderEvent::RenewalObstructed { obstacle, on } => {
                self.deferral.obstructed(*on, *obstacle);
                self
            }
            HolderEvent::RenewalDeferred { until } => {
                self.deferral.deferred(*until);
                self
            }
            HolderEvent::HolderRegistered {}
            | HolderEvent::PasscodeSet { .. }
            | HolderEvent::PasscodeBlanked { .. }
            | HolderEvent::PasscodeChangedElsewhere { .. }
            | HolderEvent::UsedBeforeRefused { .. }
            | HolderEvent::SelfServiceRefused { .. }
            | HolderEvent::HistoryCyclingFlagged { .. }
            | HolderEvent::LogonRefused { .. }
            | HolderEvent::AlertRaised { .. }
            | HolderEvent::AlertDeclined { topic: Topic::Passcodes, .. }
            | HolderEvent::RenewalForced { .. }
            | HolderEvent::LockAnnounced { .. }
            | HolderEvent::AccountLocked { .. }
            | HolderEvent::RestrictedSessionOpened { .. }
            | HolderEvent::CardUpdateBegun { .. }
            | HolderEvent::CardUpdateResumed { .. }
            | HolderEvent::CardWriteOpened { .. }
            | HolderEvent::CardKeyMade { .. }
            | HolderEvent::CardKeyKept(_)
            | HolderEvent::CertificateIssued { .. }
            | HolderEvent::CertificateAbandoned { .. }
            | HolderEvent::CertificateWritten { .. }
            | HolderEvent::CardUpdateAbandoned { .. }
            | HolderEvent::RenewalAcknowledged { .. }
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
            | HolderEvent::PukReplaced { .. } => self,
        }
    }

    /// What the desk has done.
    fn desk(mut self, event: &DeskEvent) -> Self {
        match event {
            DeskEvent::CertificatesSuspended { on, reason, .. } => {
                self.endings += 1;
                self.suspended = Some((*on, *reason));
            }
            DeskEvent::CertificatesReinstated { .. } => self.suspended = None,
            DeskEvent::CardReportedLost { .. }
            | DeskEvent::CardCancelled { .. }
            | DeskEvent::AccountClosed { .. } => self.endings += 1,
            DeskEvent::Assigned { .. }
            | DeskEvent::AssignmentEnded { .. }
            | DeskEvent::RoleGranted { .. }
            | DeskEvent::RoleWithdrawn { .. }
            | DeskEvent::IdentityVerified { .. }
            | DeskEvent::AccountUnlockRequested { .. }
            | DeskEvent::AccountUnlockAuthorised { .. }
            | DeskEvent::AccountUnlocked { .. }
            | DeskEvent::SelfServiceReleased { .. }
            | DeskEvent::CardUnlockAuthorised { .. }
            | DeskEvent::ContactChanged { .. }
            | DeskEvent::PersonErased { .. }
            | DeskEvent::PasscodeChecked { .. }
            | DeskEvent::PasscodeCheckBlocked { .. }
            | DeskEvent::PasscodeCheckReleased { .. }
            | DeskEvent::NotMeReported { .. }
            | DeskEvent::LossOverdue { .. }
            | DeskEvent::StaffAlerted { .. }
            | DeskEvent::RecordViewed { .. } => {}
        }
        self
    }
}
