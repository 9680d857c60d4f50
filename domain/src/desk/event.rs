//! What can have been done about a holder at the desk, by telephone or by an auditor. Who did it is
//! recorded with every event; names, addresses and the numbers of documents never are.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    Alarm, CancelReason, Checker, CloseReason, Helper, IdentityCheck, Loss, SuspensionReason, View,
};
use crate::{
    ids::{CardSerial, CertificateSerial, CommandId, HolderId, OrganisationCode, SecretRef},
    passcode::OptionalKind,
    staff::Role,
};

/// A fact in a holder's stream that is about what others have done. Written as every other event of
/// that stream is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", content = "data", deny_unknown_fields)]
pub enum DeskEvent {
    /// B-59: the person works for this organisation.
    Assigned {
        /// Which.
        organisation: OrganisationCode,
        /// The civil day.
        on: NaiveDate,
    },
    /// B-59: not any more.
    AssignmentEnded {
        /// Which.
        organisation: OrganisationCode,
        /// The civil day.
        on: NaiveDate,
    },
    /// B-58: the person has this role, there and below.
    RoleGranted {
        /// Which.
        role: Role,
        /// Where.
        organisation: OrganisationCode,
        /// The civil day.
        on: NaiveDate,
    },
    /// B-58: not any more.
    RoleWithdrawn {
        /// Which.
        role: Role,
        /// Where.
        organisation: OrganisationCode,
        /// The civil day.
        on: NaiveDate,
    },
    /// P-03, B-49: the authority has seen who he is, and gives him a card.
    IdentityVerified {
        /// Which.
        card: CardSerial,
        /// The civil day.
        on: NaiveDate,
        /// How it has seen that.
        check: IdentityCheck,
    },
    /// B-30, B-63: somebody who has no evidence with him is vouched for; a second person has to
    /// agree.
    AccountUnlockRequested {
        /// The request.
        request: CommandId,
        /// With which card.
        card: CardSerial,
        /// Who vouches.
        by: HolderId,
        /// What was seen.
        check: IdentityCheck,
        /// Until when the second may agree, exclusive.
        until: DateTime<Utc>,
        /// B-59: operators ask, because nobody of the registration authority can act for this
        /// organisation, which he manages.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        glass: Option<OrganisationCode>,
    },
    /// P-19, B-30: the holder may unlock his account, by giving new values to all that is overdue.
    AccountUnlockAuthorised {
        /// With which card.
        card: CardSerial,
        /// Until when, exclusive.
        until: DateTime<Utc>,
        /// How the authority has seen who he is.
        check: IdentityCheck,
        /// B-59: two operators did, because nobody of the registration authority could act for this
        /// organisation, which he manages.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        glass: Option<OrganisationCode>,
    },
    /// P-19, B-30: he has, and the account is open.
    AccountUnlocked {
        /// With which card.
        card: CardSerial,
        /// The civil day.
        on: NaiveDate,
    },
    /// B-34, B-41: what wrong answers or wrong account recovery passcodes have blocked is open again.
    /// Blocked questions are gone: the holder registers anew.
    SelfServiceReleased {
        /// The civil day.
        on: NaiveDate,
        /// How the authority has seen who he is.
        check: IdentityCheck,
        /// where the vault keeps the address of the registration that ends with it: it is told.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        registered: Option<SecretRef>,
    },
    /// B-58: the holder may choose a new smartcard passcode with somebody's help.
    CardUnlockAuthorised {
        /// Of which card.
        card: CardSerial,
        /// Until when, exclusive.
        until: DateTime<Utc>,
        /// Whose.
        by: Helper,
        /// How the authority has seen who he is; none from a sponsor.
        check: Option<IdentityCheck>,
    },
    /// B-57: the certificates of a card are good for nothing for the time being.
    CertificatesSuspended {
        /// Of which card.
        card: CardSerial,
        /// The civil day.
        on: NaiveDate,
        /// Their serial numbers.
        serials: Vec<CertificateSerial>,
        /// Why.
        reason: SuspensionReason,
    },
    /// B-57: they are good again.
    CertificatesReinstated {
        /// Of which card.
        card: CardSerial,
        /// The civil day.
        on: NaiveDate,
        /// Their serial numbers.
        serials: Vec<CertificateSerial>,
    },
    /// B-57: somebody has said that a card is lost or stolen.
    CardReportedLost {
        /// Which.
        card: CardSerial,
        /// The civil day.
        on: NaiveDate,
        /// Which of the two.
        loss: Loss,
        /// Since when, as he says.
        lost_at: DateTime<Utc>,
    },
    /// B-61: a card is out of use, for ever.
    CardCancelled {
        /// Which.
        card: CardSerial,
        /// The civil day.
        on: NaiveDate,
        /// Why.
        reason: CancelReason,
        /// where the vault keeps the address of the registration that ends with it: it is told.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        registered: Option<SecretRef>,
    },
    /// B-42: name or address in the vault were changed.
    ContactChanged {
        /// The civil day.
        on: NaiveDate,
        /// Where the vault keeps the address that was there before, if it is another one: it is
        /// told.
        former: Option<SecretRef>,
    },
    /// B-45: nothing of the account works any more.
    AccountClosed {
        /// The civil day.
        on: NaiveDate,
        /// Why.
        reason: CloseReason,
        /// where the vault keeps the address of the registration that ends with it: it is told.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        registered: Option<SecretRef>,
    },
    /// What the vault knew of the person is gone.
    PersonErased {
        /// The civil day.
        on: NaiveDate,
    },
    /// P-08, P-11, B-41: a passcode was compared with what somebody said.
    PasscodeChecked {
        /// Which.
        kind: OptionalKind,
        /// Whether it was the one on record.
        matched: bool,
        /// Wrong ones since it was set, this one included.
        failures: u8,
        /// Who asked.
        by: Checker,
    },
    /// P-11, B-41: it is not compared any more until a new one is set.
    PasscodeCheckBlocked {
        /// Which.
        kind: OptionalKind,
        /// The civil day.
        on: NaiveDate,
    },
    /// P-11, B-41: it is compared again, with the value that is set, though three wrong ones were given.
    /// Who has seen the holder sets no other: the holder is asked to.
    PasscodeCheckReleased {
        /// Which.
        kind: OptionalKind,
        /// The civil day.
        on: NaiveDate,
        /// How the authority has seen who he is.
        check: IdentityCheck,
    },
    /// B-57: the holder has said of what a mail told him that it was not him.
    NotMeReported {
        /// The mail.
        mail: Uuid,
        /// The civil day.
        on: NaiveDate,
    },
    /// B-57: a card that may be in somebody else's hands was not out of use in time.
    LossOverdue {
        /// Which.
        card: CardSerial,
        /// Since when it may have been.
        since: DateTime<Utc>,
        /// The civil day.
        on: NaiveDate,
    },
    /// Who is staff, and whose stream this is, is told that he is to see to something.
    StaffAlerted {
        /// What.
        alarm: Alarm,
        /// Whom it is about.
        about: HolderId,
        /// The civil day.
        on: NaiveDate,
    },
    /// Somebody has looked.
    RecordViewed {
        /// At what.
        what: View,
        /// The civil day.
        on: NaiveDate,
    },
}

impl DeskEvent {
    /// Every type there is.
    pub const KINDS: [&'static str; 24] = [
        "Assigned",
        "AssignmentEnded",
        "RoleGranted",
        "RoleWithdrawn",
        "IdentityVerified",
        "AccountUnlockRequested",
        "AccountUnlockAuthorised",
        "AccountUnlocked",
        "SelfServiceReleased",
        "CardUnlockAuthorised",
        "CertificatesSuspended",
        "CertificatesReinstated",
        "CardReportedLost",
        "CardCancelled",
        "ContactChanged",
        "AccountClosed",
        "PersonErased",
        "PasscodeChecked",
        "PasscodeCheckBlocked",
        "PasscodeCheckReleased",
        "NotMeReported",
        "LossOverdue",
        "StaffAlerted",
        "RecordViewed",
    ];

    /// Its type, as recorded.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Assigned { .. } => "Assigned",
            Self::AssignmentEnded { .. } => "AssignmentEnded",
            Self::RoleGranted { .. } => "RoleGranted",
            Self::RoleWithdrawn { .. } => "RoleWithdrawn",
            Self::IdentityVerified { .. } => "IdentityVerified",
            Self::AccountUnlockRequested { .. } => "AccountUnlockRequested",
            Self::AccountUnlockAuthorised { .. } => "AccountUnlockAuthorised",
            Self::AccountUnlocked { .. } => "AccountUnlocked",
            Self::SelfServiceReleased { .. } => "SelfServiceReleased",
            Self::CardUnlockAuthorised { .. } => "CardUnlockAuthorised",
            Self::CertificatesSuspended { .. } => "CertificatesSuspended",
            Self::CertificatesReinstated { .. } => "CertificatesReinstated",
            Self::CardReportedLost { .. } => "CardReportedLost",
            Self::CardCancelled { .. } => "CardCancelled",
            Self::ContactChanged { .. } => "ContactChanged",
            Self::AccountClosed { .. } => "AccountClosed",
            Self::PersonErased { .. } => "PersonErased",
            Self::PasscodeChecked { .. } => "PasscodeChecked",
            Self::PasscodeCheckBlocked { .. } => "PasscodeCheckBlocked",
            Self::PasscodeCheckReleased { .. } => "PasscodeCheckReleased",
            Self::NotMeReported { .. } => "NotMeReported",
            Self::LossOverdue { .. } => "LossOverdue",
            Self::StaffAlerted { .. } => "StaffAlerted",
            Self::RecordViewed { .. } => "RecordViewed",
        }
    }

    /// The rules behind it, the most telling one first.
    pub(crate) fn rules(&self) -> &'static [&'static str] {
        match self {
            Self::Assigned { .. }
            | Self::AssignmentEnded { .. }
            | Self::StaffAlerted {
                alarm: Alarm::LastManager { .. } | Alarm::NobodyLeft { .. },
                ..
            } => &["B-59"],
            Self::RoleGranted { .. } | Self::RoleWithdrawn { .. } => &["B-58", "B-59"],
            Self::IdentityVerified { .. } => &["B-49", "P-03"],
            Self::AccountUnlockRequested { .. } => &["B-30", "B-63"],
            Self::AccountUnlockAuthorised { glass: Some(_), .. }
            | Self::StaffAlerted { alarm: Alarm::GlassBroken { .. }, .. } => {
                &["B-59", "B-63", "P-19", "B-30"]
            }
            Self::AccountUnlockAuthorised { .. } | Self::AccountUnlocked { .. } => {
                &["P-19", "B-30"]
            }
            Self::SelfServiceReleased { .. } => &["B-34", "B-41"],
            Self::CardUnlockAuthorised { .. } => &["B-58"],
            Self::CertificatesSuspended { .. }
            | Self::CertificatesReinstated { .. }
            | Self::CardReportedLost { .. }
            | Self::NotMeReported { .. }
            | Self::LossOverdue { .. }
            | Self::StaffAlerted { alarm: Alarm::LossOverdue, .. } => &["B-57"],
            Self::CardCancelled { .. } => &["B-61"],
            Self::ContactChanged { .. } => &["B-42"],
            Self::AccountClosed { .. } => &["B-45"],
            Self::PasscodeChecked { by: Checker::Desk, .. } => &["P-08", "B-41"],
            Self::PasscodeCheckBlocked { kind: OptionalKind::AccountRecovery, .. }
            | Self::PasscodeCheckReleased { kind: OptionalKind::AccountRecovery, .. } => &["B-41"],
            Self::PasscodeChecked { by: Checker::Telephone, .. }
            | Self::PasscodeCheckBlocked { kind: OptionalKind::Verification, .. }
            | Self::PasscodeCheckReleased { kind: OptionalKind::Verification, .. } => &["P-11"],
            Self::PersonErased { .. } | Self::RecordViewed { .. } => &["B-63"],
        }
    }
}
