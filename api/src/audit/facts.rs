//! Which events a statement about a holder rests on: of each type that bears on it, the last.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use domain::{desk::DeskEvent, holder::HolderEvent, ids::EventId, refusal::RuleId};
use serde::Serialize;
use stores::event_store::{Position, Recorded, Revision};

/// What an event of a holder is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Topic {
    /// The person: registered, closed, erased, looked at.
    Person,
    /// A passcode: the one that the event names, or all of them.
    Passcodes,
    /// The card.
    Card,
    /// Its certificates.
    Certificates,
    /// Registration for self-service, codes and attempts.
    SelfService,
    /// Unlocking the card.
    Unlock,
    /// The card's PUK.
    Puk,
    /// Log-ins that were refused or restricted.
    LogOn,
    /// Roles and organisations.
    Roles,
}

/// An event that something rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fact {
    /// Its id.
    pub event: EventId,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// Which of a kind: the passcode that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub of: Option<&'static str>,
    /// When it was recorded.
    #[serde(serialize_with = "super::state::micros")]
    pub at: DateTime<Utc>,
    /// Its place in the holder's stream.
    pub revision: Revision,
    /// Its place in the log.
    pub position: Position,
    /// The rules it answers to.
    pub rules: Vec<RuleId>,
}

/// The last event of each type. Bounded by the number of types.
#[derive(Debug, Clone, Default)]
pub struct Facts(BTreeMap<(Topic, String, Option<&'static str>), Fact>);

impl Facts {
    /// With one more event, the newest.
    pub(super) fn add(&mut self, recorded: &Recorded, event: &HolderEvent) {
        let topic = topic(event);
        let of = which(event);
        let fact = Fact {
            event: recorded.id,
            kind: recorded.kind.clone(),
            of,
            at: recorded.at,
            revision: recorded.revision,
            position: recorded.position,
            rules: event.rules(),
        };
        self.0.insert((topic, recorded.kind.clone(), of), fact);
    }

    /// Those of these topics, oldest first.
    #[must_use]
    pub fn about(&self, topics: &[Topic]) -> Vec<Fact> {
        self.those(|topic, _| topics.contains(&topic))
    }

    /// Those of a passcode, oldest first: what names it, and what is about all of them.
    #[must_use]
    pub fn about_passcode(&self, kind: &str) -> Vec<Fact> {
        self.those(|topic, of| topic == Topic::Passcodes && of.is_none_or(|of| of == kind))
    }

    fn those(&self, wanted: impl Fn(Topic, Option<&str>) -> bool) -> Vec<Fact> {
        let these = self.0.iter().filter(|((topic, _, of), _)| wanted(*topic, *of));
        let mut facts: Vec<_> = these.map(|(_, fact)| fact.clone()).collect();
        facts.sort_by_key(|fact| fact.revision);
        facts
    }
}

/// What an event is about.
fn topic(event: &HolderEvent) -> Topic {
    match event {
        HolderEvent::HolderRegistered { .. }
        | HolderEvent::Desk(
            DeskEvent::ContactChanged { .. }
            | DeskEvent::AccountClosed { .. }
            | DeskEvent::PersonErased { .. }
            | DeskEvent::RecordViewed { .. },
        ) => Topic::Person,
        HolderEvent::Desk(
            DeskEvent::Assigned { .. }
            | DeskEvent::AssignmentEnded { .. }
            | DeskEvent::RoleGranted { .. }
            | DeskEvent::RoleWithdrawn { .. }
            | DeskEvent::StaffAlerted { .. },
        ) => Topic::Roles,
        HolderEvent::PasscodeSet { .. }
        | HolderEvent::PasscodeBlanked { .. }
        | HolderEvent::PasscodeChangedElsewhere { .. }
        | HolderEvent::UsedBeforeRefused { .. }
        | HolderEvent::HistoryCyclingFlagged { .. }
        | HolderEvent::AlertRaised { .. }
        | HolderEvent::AlertDeclined { .. }
        | HolderEvent::RenewalForced { .. }
        | HolderEvent::LockAnnounced { .. }
        | HolderEvent::AccountLocked { .. }
        | HolderEvent::Desk(
            DeskEvent::AccountUnlockRequested { .. }
            | DeskEvent::AccountUnlockAuthorised { .. }
            | DeskEvent::AccountUnlocked { .. }
            | DeskEvent::PasscodeChecked { .. }
            | DeskEvent::PasscodeCheckBlocked { .. }
            | DeskEvent::PasscodeCheckReleased { .. },
        ) => Topic::Passcodes,
        HolderEvent::CardIssued(_)
        | HolderEvent::Desk(
            DeskEvent::IdentityVerified { .. }
            | DeskEvent::CardReportedLost { .. }
            | DeskEvent::CardCancelled { .. }
            | DeskEvent::NotMeReported { .. }
            | DeskEvent::LossOverdue { .. },
        ) => Topic::Card,
        HolderEvent::CardUpdateBegun { .. }
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
        | HolderEvent::CertificateAlertRaised { .. }
        | HolderEvent::RaRenewalNeeded { .. }
        | HolderEvent::RenewalObstructed { .. }
        | HolderEvent::RenewalDeferred { .. }
        | HolderEvent::Desk(
            DeskEvent::CertificatesSuspended { .. } | DeskEvent::CertificatesReinstated { .. },
        ) => Topic::Certificates,
        HolderEvent::RegistrationBegun { .. }
        | HolderEvent::RegistrationCompleted { .. }
        | HolderEvent::RegistrationCancelled { .. }
        | HolderEvent::RegistrationRedirected { .. }
        | HolderEvent::CodeSent { .. }
        | HolderEvent::CodeRefused { .. }
        | HolderEvent::CodeVoided { .. }
        | HolderEvent::CodeAccepted { .. }
        | HolderEvent::UnlockPaused { .. }
        | HolderEvent::AnswersWrong { .. }
        | HolderEvent::AnswersRight { .. }
        | HolderEvent::QuestionsDrawn { .. }
        | HolderEvent::SelfServiceBlocked { .. }
        | HolderEvent::SelfServiceRefused { .. }
        | HolderEvent::Desk(DeskEvent::SelfServiceReleased { .. }) => Topic::SelfService,
        HolderEvent::UnlockStarted { .. }
        | HolderEvent::UnlockRefused { .. }
        | HolderEvent::RecoveryPasscodeWrong { .. }
        | HolderEvent::RecoveryPasscodeBlocked { .. }
        | HolderEvent::RecoveryPasscodeRight { .. }
        | HolderEvent::UnlockCompleted { .. }
        | HolderEvent::Desk(DeskEvent::CardUnlockAuthorised { .. }) => Topic::Unlock,
        HolderEvent::PukRecorded { .. }
        | HolderEvent::PukReleased { .. }
        | HolderEvent::PukProbed { .. }
        | HolderEvent::PukSettled(_)
        | HolderEvent::PukRuledOut(_)
        | HolderEvent::PukLost { .. }
        | HolderEvent::PukReplaced(_) => Topic::Puk,
        HolderEvent::LogonRefused { .. } | HolderEvent::RestrictedSessionOpened { .. } => {
            Topic::LogOn
        }
    }
}

/// Which passcode an event names.
fn which(event: &HolderEvent) -> Option<&'static str> {
    if let HolderEvent::PasscodeSet { kind, .. }
    | HolderEvent::UsedBeforeRefused { kind }
    | HolderEvent::HistoryCyclingFlagged { kind, .. } = event
    {
        Some(kind.as_str())
    } else if let HolderEvent::PasscodeBlanked { kind, .. }
    | HolderEvent::Desk(
        DeskEvent::PasscodeChecked { kind, .. }
        | DeskEvent::PasscodeCheckBlocked { kind, .. }
        | DeskEvent::PasscodeCheckReleased { kind, .. },
    ) = event
    {
        Some(kind.kind().as_str())
    } else {
        None
    }
}
