//! Why something about self-service is refused, in the holder's words.

use chrono::{DateTime, Utc};

use super::{CodePurpose, NotTaken};
use crate::{
    context::Context,
    holder::HolderEvent,
    refusal::{Fact, RuleId},
};

/// A rule about registration, codes, answers or the account recovery passcode says no.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// three, five, or one twice.
    #[error("Exactly four different questions have to be answered")]
    NotFourQuestions,
    /// B-42: policy does not let codes be sent there.
    #[error("Codes cannot be sent to an address of this kind")]
    AddressNotAllowed,
    /// B-34: blocked, so the questions cannot be changed either.
    #[error("Self-service is blocked because three attempts have failed")]
    Blocked,
    /// B-44: its time is over, it was given up, or another one was begun.
    #[error("This registration is over")]
    RegistrationOver,
    /// B-38: nothing was begun that this belongs to.
    #[error("There is nothing that this code belongs to")]
    NoFlow,
    /// B-35: each form is compared with the holder's passcodes, so only so many a day are.
    #[error("Answers were entered too often today")]
    TooManyForms,
    /// B-32: these answers belong to an attempt that was judged already.
    #[error("This attempt was judged already")]
    AlreadyJudged,
    /// B-31: one answer or more was wrong; which one is not told.
    #[error("At least one of your answers is not right")]
    AnswersWrong {
        /// Attempts that are left.
        left: u8,
    },
    /// B-36: codes are at least 60 seconds apart.
    #[error("A code was sent to you less than a minute ago")]
    CodeTooSoon {
        /// The first instant at which another one may be sent.
        at: DateTime<Utc>,
    },
    /// B-36: at most five an hour.
    #[error("As many codes as are allowed in an hour were sent to you")]
    TooManyCodes {
        /// The first instant at which another one may be sent.
        at: DateTime<Utc>,
    },
    /// R-09, U-09, B-11: 15 minutes are over.
    #[error("This code has expired")]
    CodeExpired,
    /// B-36: a newer one was sent.
    #[error("This is not the newest code")]
    CodeSuperseded,
    /// B-37: not a code that was sent for this.
    #[error("This is not the code that was sent to you")]
    CodeWrong {
        /// Tries that are left with this code.
        left: u8,
    },
    /// B-37: too many wrong entries.
    #[error("This code is void because a wrong code was entered too often")]
    CodeVoid,
    /// B-38: it was used.
    #[error("This code was used already")]
    CodeUsed,
    /// B-41, P-04: there is none, or unlocking with it is not allowed.
    #[error("You cannot unlock your smartcard with an account recovery passcode")]
    RecoveryPasscodeNotSet,
    /// B-41: not the one on record.
    #[error("This is not your account recovery passcode")]
    RecoveryPasscodeWrong {
        /// Tries that are left.
        left: u8,
    },
    /// B-41: wrong three times.
    #[error("Your account recovery passcode is blocked because a wrong one was entered too often")]
    RecoveryPasscodeBlocked,
    /// B-39: 15 minutes after the code.
    #[error("The time to choose a new passcode is over")]
    PasscodeTimeOver,
}

impl Refusal {
    /// The rule that says no.
    #[must_use]
    pub fn rule(&self) -> RuleId {
        match self {
            Self::NotFourQuestions => const { RuleId::new("R-05") },
            Self::TooManyForms => const { RuleId::new("B-35") },
            Self::AddressNotAllowed => const { RuleId::new("B-42") },
            Self::Blocked => const { RuleId::new("B-34") },
            Self::RegistrationOver => const { RuleId::new("B-44") },
            Self::NoFlow | Self::CodeUsed => const { RuleId::new("B-38") },
            Self::AlreadyJudged => const { RuleId::new("B-32") },
            Self::AnswersWrong { .. } => const { RuleId::new("B-31") },
            Self::CodeTooSoon { .. } | Self::TooManyCodes { .. } | Self::CodeSuperseded => {
                const { RuleId::new("B-36") }
            }
            Self::CodeExpired => const { RuleId::new("B-11") },
            Self::CodeWrong { .. } | Self::CodeVoid => const { RuleId::new("B-37") },
            Self::RecoveryPasscodeNotSet
            | Self::RecoveryPasscodeWrong { .. }
            | Self::RecoveryPasscodeBlocked => const { RuleId::new("B-41") },
            Self::PasscodeTimeOver => const { RuleId::new("B-39") },
        }
    }

    /// What the holder can do about it.
    #[must_use]
    pub fn way_out(&self) -> &'static str {
        match self {
            Self::NotFourQuestions => "Choose four questions and answer each of them.",
            Self::AddressNotAllowed => "Enter the address that your organisation has given you.",
            Self::Blocked => {
                "Ask the registration authority of your organisation. Only they can let you register again."
            }
            Self::RegistrationOver => "Go to My profile and register again.",
            Self::NoFlow | Self::PasscodeTimeOver => "Start again.",
            Self::TooManyForms => "Try again tomorrow.",
            Self::AlreadyJudged => "Go on with the questions that you are asked now.",
            Self::AnswersWrong { .. } => "Answer all of the questions that you are asked now.",
            Self::CodeTooSoon { .. } | Self::TooManyCodes { .. } => {
                "Wait for the email, look in your junk folder, or ask for a code later."
            }
            Self::CodeExpired | Self::CodeVoid => "Ask for a new code.",
            Self::CodeSuperseded => "Enter the code of the newest email.",
            Self::CodeWrong { .. } => {
                "Copy the code from the newest email. It has 8 letters and digits."
            }
            Self::CodeUsed => "Go on from where you are.",
            Self::RecoveryPasscodeNotSet => {
                "If you are registered for self-service, answer your security questions. If you are not, ask the registration authority of your organisation."
            }
            Self::RecoveryPasscodeBlocked => {
                "If you are registered for self-service, start again and answer your security questions. If you are not, or cannot answer them, ask the registration authority of your organisation."
            }
            Self::RecoveryPasscodeWrong { .. } => {
                "Start again with your smartcard in the reader, or ask the registration authority of your organisation."
            }
        }
    }

    /// Why a code was not taken, if that is it: it is good no more, whatever was entered.
    #[must_use]
    pub fn not_taken(self) -> Option<NotTaken> {
        if self == Self::CodeSuperseded {
            Some(NotTaken::Superseded)
        } else if self == Self::CodeExpired {
            Some(NotTaken::Expired)
        } else {
            (self == Self::CodeVoid).then_some(NotTaken::Void)
        }
    }

    /// Tries that are left, or from when on the answer is another.
    pub(crate) fn facts(self) -> Vec<Fact> {
        match self {
            Self::AnswersWrong { left }
            | Self::CodeWrong { left }
            | Self::RecoveryPasscodeWrong { left } => vec![Fact::tries_left(left)],
            Self::CodeTooSoon { at } | Self::TooManyCodes { at } => vec![Fact::not_before(at)],
            Self::NotFourQuestions
            | Self::AddressNotAllowed
            | Self::Blocked
            | Self::RegistrationOver
            | Self::NoFlow
            | Self::TooManyForms
            | Self::AlreadyJudged
            | Self::CodeExpired
            | Self::CodeSuperseded
            | Self::CodeVoid
            | Self::CodeUsed
            | Self::RecoveryPasscodeNotSet
            | Self::RecoveryPasscodeBlocked
            | Self::PasscodeTimeOver => vec![],
        }
    }

    /// The instant at which the answer changes by itself.
    #[must_use]
    pub fn at(self) -> Option<DateTime<Utc>> {
        match self {
            Self::CodeTooSoon { at } | Self::TooManyCodes { at } => Some(at),
            Self::NotFourQuestions
            | Self::AddressNotAllowed
            | Self::Blocked
            | Self::RegistrationOver
            | Self::NoFlow
            | Self::TooManyForms
            | Self::AlreadyJudged
            | Self::AnswersWrong { .. }
            | Self::CodeExpired
            | Self::CodeSuperseded
            | Self::CodeWrong { .. }
            | Self::CodeVoid
            | Self::CodeUsed
            | Self::RecoveryPasscodeNotSet
            | Self::RecoveryPasscodeWrong { .. }
            | Self::RecoveryPasscodeBlocked
            | Self::PasscodeTimeOver => None,
        }
    }
}

/// What a command that was accepted because it has to leave a trace tells whoever gave it: `None` if
/// these events are no refusal.
#[must_use]
pub fn outcome(ctx: &Context<'_>, events: &[HolderEvent]) -> Option<Refusal> {
    let policy = ctx.policy();
    events.iter().rev().find_map(|event| match event {
        HolderEvent::CodeVoided { .. } => Some(Refusal::CodeVoid),
        HolderEvent::CodeRefused {
            purpose: CodePurpose::Registration | CodePurpose::Unlock,
            wrong,
            ..
        } => Some(Refusal::CodeWrong { left: policy.code_wrong_max.saturating_sub(*wrong) }),
        HolderEvent::SelfServiceBlocked { .. } => Some(Refusal::Blocked),
        HolderEvent::AnswersWrong { failures, .. } => {
            Some(Refusal::AnswersWrong { left: policy.question_failures.saturating_sub(*failures) })
        }
        HolderEvent::RecoveryPasscodeBlocked { .. } => Some(Refusal::RecoveryPasscodeBlocked),
        HolderEvent::RecoveryPasscodeWrong { failures, .. } => {
            let left = policy.recovery_tries.saturating_sub(*failures);
            Some(Refusal::RecoveryPasscodeWrong { left })
        }
        HolderEvent::HolderRegistered {}
        | HolderEvent::CardIssued(_)
        | HolderEvent::PasscodeSet { .. }
        | HolderEvent::PasscodeBlanked { .. }
        | HolderEvent::PasscodeChangedElsewhere { .. }
        | HolderEvent::UsedBeforeRefused { .. }
        | HolderEvent::SelfServiceRefused { .. }
        | HolderEvent::HistoryCyclingFlagged { .. }
        | HolderEvent::LogonRefused { .. }
        | HolderEvent::AlertRaised { .. }
        | HolderEvent::AlertDeclined { .. }
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
        | HolderEvent::UnlockPaused { .. }
        | HolderEvent::UnlockStarted { .. }
        | HolderEvent::QuestionsDrawn { .. }
        | HolderEvent::UnlockRefused { .. }
        | HolderEvent::AnswersRight { .. }
        | HolderEvent::RecoveryPasscodeRight { .. }
        | HolderEvent::CodeAccepted { .. }
        | HolderEvent::UnlockCompleted { .. }
        | HolderEvent::PukRecorded { .. }
        | HolderEvent::PukReleased { .. }
        | HolderEvent::PukProbed { .. }
        | HolderEvent::PukSettled { .. }
        | HolderEvent::PukRuledOut { .. }
        | HolderEvent::PukLost { .. }
        | HolderEvent::PukReplaced { .. } => None,
    })
}
