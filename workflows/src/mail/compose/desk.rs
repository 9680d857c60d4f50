//! What mails say about what others have done about a holder: so that he knows it, and can say that
//! it was not for him.

use domain::{
    desk::{Alarm, CancelReason, CloseReason, DeskEvent, Helper, SuspensionReason},
    ids::{OrganisationCode, SecretRef},
    passcode::OptionalKind,
    staff::Role,
};

use super::{Copies, Link, Paragraph, say};

/// What a holder is told about what others have done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeskNotice {
    /// B-58: he has a role, or has one no more.
    Role {
        /// Which.
        role: Role,
        /// Where.
        organisation: OrganisationCode,
        /// True if he has it from here on.
        granted: bool,
    },
    /// P-19, B-30: he may unlock his account.
    AccountUnlockAllowed,
    /// P-19, B-30: he has.
    AccountUnlocked,
    /// B-34, B-41: what was blocked is open.
    Released {
        /// The address of the registration that ended with it, if one did.
        registered: Option<SecretRef>,
    },
    /// B-58: he may choose a new smartcard passcode with somebody's help.
    CardUnlockAllowed {
        /// Whose.
        by: Helper,
    },
    /// B-57: his card opens nothing for the time being.
    Suspended {
        /// Why.
        reason: SuspensionReason,
    },
    /// B-57: it does again.
    Reinstated,
    /// B-61: his card is out of use.
    CardCancelled {
        /// Why.
        reason: CancelReason,
        /// The address of the registration that ended with it, if one did.
        registered: Option<SecretRef>,
    },
    /// B-42: his contact details were changed.
    ContactChanged {
        /// Where the vault keeps the address that was there before, if it is another one.
        former: Option<SecretRef>,
    },
    /// B-45: his account is closed.
    Closed {
        /// Why.
        reason: CloseReason,
        /// The address of the registration that ended with it, if there was one.
        registered: Option<SecretRef>,
    },
    /// P-08, B-41: his account recovery passcode was told to the registration authority.
    RecoveryPasscodeSpoken,
    /// P-11, B-41: wrong ones were given too often.
    CheckBlocked {
        /// Which.
        kind: OptionalKind,
    },
    /// P-11, B-41: it is compared again.
    CheckReleased {
        /// Which.
        kind: OptionalKind,
    },
    /// B-57: it was said that something of which a mail has told was not done by him.
    NotMe,
    /// B-57, B-59: who is staff is to see to something about somebody, who is not named in a mail.
    Alarm(Alarm),
}

impl DeskNotice {
    /// The notice that an event gives cause for, if it does. That certificates were revoked has a
    /// mail of its own; who has only looked, or asked for what waits for somebody else, has changed
    /// nothing.
    #[must_use]
    pub fn of(event: &DeskEvent) -> Option<Self> {
        match event {
            DeskEvent::RoleGranted { role, organisation, .. } => {
                let organisation = organisation.clone();
                Some(Self::Role { role: *role, organisation, granted: true })
            }
            DeskEvent::RoleWithdrawn { role, organisation, .. } => {
                let organisation = organisation.clone();
                Some(Self::Role { role: *role, organisation, granted: false })
            }
            DeskEvent::AccountUnlockAuthorised { .. } => Some(Self::AccountUnlockAllowed),
            DeskEvent::AccountUnlocked { .. } => Some(Self::AccountUnlocked),
            DeskEvent::SelfServiceReleased { registered, .. } => {
                Some(Self::Released { registered: *registered })
            }
            DeskEvent::CardUnlockAuthorised { by, .. } => Some(Self::CardUnlockAllowed { by: *by }),
            DeskEvent::NotMeReported { .. } => Some(Self::NotMe),
            DeskEvent::CertificatesReinstated { .. } => Some(Self::Reinstated),
            // What was said, or that the account is closed, has a mail of its own.
            DeskEvent::CertificatesSuspended { reason: SuspensionReason::NotMe, .. }
            | DeskEvent::CardCancelled { reason: CancelReason::AccountClosed, .. } => None,
            DeskEvent::CertificatesSuspended { reason, .. } => {
                Some(Self::Suspended { reason: *reason })
            }
            DeskEvent::CardCancelled { reason, registered, .. } => {
                Some(Self::CardCancelled { reason: *reason, registered: *registered })
            }
            DeskEvent::ContactChanged { former, .. } => {
                Some(Self::ContactChanged { former: *former })
            }
            DeskEvent::AccountClosed { reason, registered, .. } => {
                Some(Self::Closed { reason: *reason, registered: *registered })
            }
            DeskEvent::PasscodeChecked {
                kind: OptionalKind::AccountRecovery,
                matched: true,
                ..
            } => Some(Self::RecoveryPasscodeSpoken),
            DeskEvent::PasscodeCheckBlocked { kind, .. } => {
                Some(Self::CheckBlocked { kind: *kind })
            }
            DeskEvent::PasscodeCheckReleased { kind, .. } => {
                Some(Self::CheckReleased { kind: *kind })
            }
            DeskEvent::StaffAlerted { alarm, .. } => Some(Self::Alarm(alarm.clone())),
            DeskEvent::Assigned { .. }
            | DeskEvent::AssignmentEnded { .. }
            | DeskEvent::IdentityVerified { .. }
            | DeskEvent::AccountUnlockRequested { .. }
            | DeskEvent::CardReportedLost { .. }
            | DeskEvent::PersonErased { .. }
            | DeskEvent::PasscodeChecked { .. }
            | DeskEvent::LossOverdue { .. }
            | DeskEvent::RecordViewed { .. } => None,
        }
    }

    /// Where else it goes: to every address that is concerned, the one before included.
    pub(super) fn copies(&self) -> Copies {
        match self {
            Self::ContactChanged { former } => Copies::ToRegisteredAnd(*former),
            Self::NotMe => Copies::ToAll,
            Self::Released { registered: Some(ended) }
            | Self::CardCancelled { registered: Some(ended), .. }
            | Self::Closed { registered: Some(ended), .. } => Copies::ToFormer(Some(*ended)),
            Self::Alarm(_) => Copies::None,
            Self::Role { .. }
            | Self::AccountUnlockAllowed
            | Self::AccountUnlocked
            | Self::Released { .. }
            | Self::CardUnlockAllowed { .. }
            | Self::Suspended { .. }
            | Self::Reinstated
            | Self::CardCancelled { .. }
            | Self::Closed { .. }
            | Self::RecoveryPasscodeSpoken
            | Self::CheckBlocked { .. }
            | Self::CheckReleased { .. } => Copies::ToRegistered,
        }
    }

    /// Subject and paragraphs.
    pub(super) fn words(&self, portal: &str) -> (String, Vec<Paragraph>) {
        let (subject, text) = self.told();
        let last = match self {
            Self::RecoveryPasscodeSpoken
            | Self::CheckBlocked { .. }
            | Self::CheckReleased { .. } => Paragraph {
                text: format!(
                    "If this was not you, somebody pretends to be you. {AT_ONCE} Then set a new one."
                ),
                items: vec![],
                link: Some(Link {
                    text: "Change your passcodes",
                    address: format!("{portal}/passcodes"),
                }),
            },
            Self::NotMe => say(format!("If it was not you who said so: {TELL}")),
            Self::Alarm(_) => Paragraph {
                text: "Log in with your smartcard to see whom it is about.".to_owned(),
                items: vec![],
                link: Some(Link { text: "What waits", address: format!("{portal}/desk/work") }),
            },
            Self::Role { .. }
            | Self::AccountUnlockAllowed
            | Self::AccountUnlocked
            | Self::Released { .. }
            | Self::CardUnlockAllowed { .. }
            | Self::Suspended { .. }
            | Self::Reinstated
            | Self::CardCancelled { .. }
            | Self::ContactChanged { .. }
            | Self::Closed { .. } => {
                say(format!("If you did not ask for this, or do not expect it: {TELL}"))
            }
        };
        (subject.to_owned(), vec![say(text), last])
    }

    fn told(&self) -> (&'static str, String) {
        match self {
            Self::Role { role, organisation, granted: true } => (
                "You have a new role",
                format!("You are {} of organisation {organisation} from now on.", role.words()),
            ),
            Self::Role { role, organisation, granted: false } => (
                "You no longer have a role",
                format!("You are no longer {} of organisation {organisation}.", role.words()),
            ),
            Self::AccountUnlockAllowed => (
                "You can unlock your account now",
                "The registration authority has checked who you are. Log in with your smartcard \
                 within the next minutes and give new values to every passcode that is overdue: \
                 then your account is unlocked."
                    .to_owned(),
            ),
            Self::AccountUnlocked => (
                "Your account is unlocked",
                "Every passcode that was overdue has a new value, and your account is unlocked."
                    .to_owned(),
            ),
            Self::Released { .. } => (
                "Self-service is no longer blocked",
                "The registration authority has checked who you are and has ended the block. If \
                 your security questions were blocked, register again with other answers."
                    .to_owned(),
            ),
            Self::CardUnlockAllowed { by: Helper::Authority } => (
                "You can unlock your smartcard now",
                "The registration authority has checked who you are and lets you choose a new \
                 smartcard passcode within the next minutes."
                    .to_owned(),
            ),
            Self::CardUnlockAllowed { by: Helper::Sponsor } => (
                "You can unlock your smartcard now",
                "A sponsor lets you choose a new smartcard passcode within the next minutes. We \
                 will ask you for one more proof that it is you."
                    .to_owned(),
            ),
            Self::Suspended { reason } => (
                "Your certificates are suspended",
                format!(
                    "Your smartcard opens nothing for the time being, because {}. The registration \
                     authority of your organisation can end this.",
                    reason.words()
                ),
            ),
            Self::Reinstated => (
                "Your certificates are no longer suspended",
                "You can use your smartcard again.".to_owned(),
            ),
            Self::CardCancelled { reason, .. } => (
                "Your smartcard is out of use",
                format!(
                    "Your smartcard was taken out of use for ever, because {}.",
                    reason.words()
                ),
            ),
            Self::ContactChanged { .. } => (
                "Your contact details were changed",
                "The registration authority has changed your name or your email address on record."
                    .to_owned(),
            ),
            Self::Closed { reason, .. } => (
                "Your account is closed",
                format!(
                    "Your smartcard, its certificates and your registration for self-service can \
                     no longer be used, because {}.",
                    reason.words()
                ),
            ),
            Self::RecoveryPasscodeSpoken => (
                "Your account recovery passcode was checked",
                "Somebody told the registration authority your account recovery passcode to prove \
                 that they are you. Set a new one, because this one was said aloud."
                    .to_owned(),
            ),
            Self::Alarm(alarm) => told_of(alarm),
            Self::CheckBlocked { kind } => told_of_block(*kind),
            Self::CheckReleased { kind } => told_of_release(*kind),
            Self::NotMe => (
                "You said that this was not you",
                "Somebody who has an email of ours to you, or who is logged in as you, has said that \
                 what we told you was not done by you. If your certificates still worked, they are \
                 suspended: your smartcard opens nothing, and you are logged out everywhere. The \
                 registration authority of your organisation was told. Visit them and take your \
                 smartcard with you, if you have it: they look into it with you, and end the \
                 suspension or issue another smartcard."
                    .to_owned(),
            ),
        }
    }
}

fn told_of_block(kind: OptionalKind) -> (&'static str, String) {
    (
        "A passcode of yours is blocked",
        format!(
            "Somebody gave a wrong {} too often. It is not accepted any more before you have set a \
             new one.",
            kind.kind().words()
        ),
    )
}

fn told_of_release(kind: OptionalKind) -> (&'static str, String) {
    (
        "A passcode of yours is no longer blocked",
        format!(
            "The registration authority has checked who you are, and your {} is accepted again. \
             Because somebody gave wrong ones, set a new one: only you can do that.",
            kind.kind().words()
        ),
    )
}

/// What who is staff is told about somebody else.
fn told_of(alarm: &Alarm) -> (&'static str, String) {
    match alarm {
        Alarm::LossOverdue => (
            "A smartcard was not taken out of use in time",
            "A smartcard of your organisation may be in somebody else's hands, and it has taken \
             too long to decide whether it is lost. Report it as lost, or end the suspension."
                .to_owned(),
        ),
        Alarm::LastManager { organisation } => (
            "The only manager of an organisation has something to renew",
            format!(
                "Organisation {organisation} has only one registration authority manager, who \
                 soon cannot act unless passcodes or certificates are renewed. Let them renew, \
                 and make somebody else a manager, too."
            ),
        ),
        Alarm::NobodyLeft { organisation } => (
            "Nobody can act for an organisation any more",
            format!(
                "No registration authority manager of organisation {organisation} can act any \
                 more. If nobody else of the registration authority can help, two operators can \
                 let a manager unlock the account: one asks, and another one agrees."
            ),
        ),
        Alarm::GlassBroken { organisation } => (
            "Two operators let a manager unlock an account",
            format!(
                "Nobody of the registration authority could act for organisation {organisation}, \
                 so two operators have let one of its managers unlock the account. Who they are, \
                 whom they let, and how they have seen who it is, is on record. If you did not \
                 expect this, look into it at once."
            ),
        ),
    }
}

const AT_ONCE: &str = "Tell the registration authority of your organisation at once.";

const TELL: &str = "tell the registration authority of your organisation at once.";
