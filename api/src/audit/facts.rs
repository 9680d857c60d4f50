//! Which events a statement about a holder rests on: of each type that bears on it, the last.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use domain::{holder::HolderEvent, ids::EventId, refusal::RuleId};
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

/// Every type of event of a holder, and what it is about; a test compares it with the types there are.
const TOPICS: &[(Topic, &[&str])] = &[
    (
        Topic::Person,
        &["HolderRegistered", "ContactChanged", "AccountClosed", "PersonErased", "RecordViewed"],
    ),
    (Topic::Roles, &["Assigned", "AssignmentEnded", "RoleGranted", "RoleWithdrawn"]),
    (
        Topic::Passcodes,
        &[
            "PasscodeSet",
            "PasscodeBlanked",
            "PasscodeChangedElsewhere",
            "UsedBeforeRefused",
            "HistoryCyclingFlagged",
            "AlertRaised",
            "AlertDeclined",
            "RenewalForced",
            "LockAnnounced",
            "AccountLocked",
            "AccountUnlockRequested",
            "AccountUnlockAuthorised",
            "AccountUnlocked",
            "PasscodeChecked",
            "PasscodeCheckBlocked",
        ],
    ),
    (Topic::Card, &["CardIssued", "CardReportedLost", "CardCancelled", "NotMeReported"]),
    (
        Topic::Certificates,
        &[
            "CardUpdateBegun",
            "CardUpdateResumed",
            "CardWriteOpened",
            "CardKeyMade",
            "CertificateIssued",
            "CertificateAbandoned",
            "CertificateWritten",
            "CertificatesRenewed",
            "CardUpdateAbandoned",
            "RenewalAcknowledged",
            "CertificatesRevoked",
            "RenewalAuthorised",
            "CertificateAlertRaised",
            "RaRenewalNeeded",
            "RenewalObstructed",
            "RenewalDeferred",
            "CertificatesSuspended",
            "CertificatesReinstated",
        ],
    ),
    (
        Topic::SelfService,
        &[
            "RegistrationBegun",
            "RegistrationCompleted",
            "RegistrationCancelled",
            "RegistrationRedirected",
            "CodeSent",
            "CodeRefused",
            "CodeVoided",
            "CodeAccepted",
            "UnlockPaused",
            "AnswersWrong",
            "AnswersRight",
            "QuestionsDrawn",
            "SelfServiceBlocked",
            "SelfServiceRefused",
            "SelfServiceReleased",
        ],
    ),
    (
        Topic::Unlock,
        &[
            "UnlockStarted",
            "UnlockRefused",
            "RecoveryPasscodeWrong",
            "RecoveryPasscodeBlocked",
            "RecoveryPasscodeRight",
            "UnlockCompleted",
            "CardUnlockAuthorised",
        ],
    ),
    (
        Topic::Puk,
        &[
            "PukRecorded",
            "PukReleased",
            "PukProbed",
            "PukSettled",
            "PukRuledOut",
            "PukLost",
            "PukReplaced",
        ],
    ),
    (Topic::LogOn, &["LogonRefused", "RestrictedSessionOpened"]),
];

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
        let topic = topic(&recorded.kind).unwrap_or(Topic::Person);
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

/// What an event of this type is about.
#[must_use]
pub fn topic(kind: &str) -> Option<Topic> {
    TOPICS.iter().find(|(_, kinds)| kinds.contains(&kind)).map(|(topic, _)| *topic)
}

/// Which passcode an event names.
fn which(event: &HolderEvent) -> Option<&'static str> {
    if let HolderEvent::PasscodeSet { kind, .. }
    | HolderEvent::UsedBeforeRefused { kind }
    | HolderEvent::HistoryCyclingFlagged { kind, .. } = event
    {
        Some(kind.as_str())
    } else if let HolderEvent::PasscodeBlanked { kind, .. } = event {
        Some(kind.kind().as_str())
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use domain::desk::DeskEvent;

    use super::*;

    #[test]
    fn every_type_of_event_is_about_one_thing() {
        let listed: Vec<&str> =
            TOPICS.iter().flat_map(|(_, kinds)| kinds.iter().copied()).collect();
        let kinds = || HolderEvent::KINDS.into_iter().chain(DeskEvent::KINDS);
        for kind in kinds() {
            assert_eq!(listed.iter().filter(|one| **one == kind).count(), 1, "{kind}");
        }
        assert_eq!(listed.len(), kinds().count());
    }
}
