//! Every refusal there is, one of each variant, for whoever asks whether all of them are told as they
//! should be. Each names the one after it, so that a new variant does not compile before it has its
//! place.

use chrono::{DateTime, NaiveDate, Utc};

use crate::{
    certificate::{self, NotDeferrable},
    desk, holder,
    logon::LogonRefusal,
    passcode::{self, Kind, OptionalKind},
    refusal::Refusal,
    self_service,
    staff::{self, StaffAct},
    unlock,
};

const AT: DateTime<Utc> = DateTime::UNIX_EPOCH;

const DAY: NaiveDate = NaiveDate::MIN;

/// Every refusal of a command.
#[must_use]
pub fn every() -> Vec<Refusal> {
    let mut all = Vec::new();
    all.extend(each(holder::Refusal::NotRegistered, after_holder).map(Refusal::from));
    all.extend(
        each(
            passcode::Refusal::AccountLocked { kind: Kind::Smartcard, since: DAY },
            after_passcode,
        )
        .map(Refusal::from),
    );
    all.extend(
        each(certificate::Refusal::NotInWindow { opens_on: DAY }, after_certificate)
            .map(Refusal::from),
    );
    all.extend(
        each(self_service::Refusal::NotFourQuestions, after_self_service).map(Refusal::from),
    );
    all.extend(each(unlock::Refusal::CardNotActive, after_unlock).map(Refusal::from));
    all.extend(each(desk::Refusal::PlaceNotValid, after_desk).map(Refusal::from));
    all.extend(each(staff::Refusal::OwnRecord, after_staff).map(Refusal::from));
    all
}

/// Every way in which a log-in opens nothing.
#[must_use]
pub fn every_log_in() -> Vec<LogonRefusal> {
    each(LogonRefusal::WrongPasscode { tries_left: Some(2) }, after_log_in).collect()
}

fn each<T: Copy>(first: T, after: fn(T) -> Option<T>) -> impl Iterator<Item = T> {
    std::iter::successors(Some(first), move |refusal| after(*refusal))
}

fn after_holder(refusal: holder::Refusal) -> Option<holder::Refusal> {
    use holder::Refusal as No;
    Some(match refusal {
        No::NotRegistered => No::AlreadyRegistered,
        No::AlreadyRegistered => No::CardNotActive,
        No::CardNotActive => No::MayNotDecline,
        No::MayNotDecline => No::RenewalRequired,
        No::RenewalRequired => return None,
    })
}

fn after_passcode(refusal: passcode::Refusal) -> Option<passcode::Refusal> {
    use passcode::Refusal as No;
    Some(match refusal {
        No::AccountLocked { .. } => No::NotAllOverdue { kind: Kind::Verification },
        No::NotAllOverdue { .. } => No::RenewalRequired { kind: Kind::AccountRecovery },
        No::RenewalRequired { .. } => No::NothingToChange,
        No::NothingToChange => No::NotSet { kind: OptionalKind::Verification },
        No::NotSet { .. } => No::UsedBefore { kind: Kind::Smartcard },
        No::UsedBefore { .. } => {
            No::SameValue { kind: Kind::Verification, other: Kind::AccountRecovery }
        }
        No::SameValue { .. } => return None,
    })
}

fn after_certificate(refusal: certificate::Refusal) -> Option<certificate::Refusal> {
    use certificate::Refusal as No;
    Some(match refusal {
        No::NotInWindow { .. } => No::RaVisitRequired,
        No::RaVisitRequired => No::PlaceNotValid,
        No::PlaceNotValid => No::Expired,
        No::Expired => No::Revoked,
        No::Revoked => No::Suspended,
        No::Suspended => No::PasscodesFirst { kind: Kind::Smartcard },
        No::PasscodesFirst { .. } => No::RenewalRequired,
        No::RenewalRequired => No::MayNotDecline,
        No::MayNotDecline => No::NoticeStays,
        No::NoticeStays => No::UpdateOpen,
        No::UpdateOpen => No::NoUpdate,
        No::NoUpdate => No::OtherJob,
        No::OtherJob => No::OutOfOrder,
        No::OutOfOrder => No::KeyNotNew,
        No::KeyNotNew => No::WritesSpent,
        No::WritesSpent => No::NotDeferrable(NotDeferrable::ByPolicy),
        No::NotDeferrable(NotDeferrable::ByPolicy) => No::NotDeferrable(NotDeferrable::NotForced),
        No::NotDeferrable(NotDeferrable::NotForced) => {
            No::NotDeferrable(NotDeferrable::NotObstructed)
        }
        No::NotDeferrable(NotDeferrable::NotObstructed) => {
            No::NotDeferrable(NotDeferrable::TooOften)
        }
        No::NotDeferrable(NotDeferrable::TooOften) => return None,
    })
}

fn after_self_service(refusal: self_service::Refusal) -> Option<self_service::Refusal> {
    use self_service::Refusal as No;
    Some(match refusal {
        No::NotFourQuestions => No::AddressNotAllowed,
        No::AddressNotAllowed => No::Blocked,
        No::Blocked => No::RegistrationOver,
        No::RegistrationOver => No::NoFlow,
        No::NoFlow => No::TooManyForms,
        No::TooManyForms => No::AlreadyJudged,
        No::AlreadyJudged => No::AnswersWrong { left: 2 },
        No::AnswersWrong { .. } => No::CodeTooSoon { at: AT },
        No::CodeTooSoon { .. } => No::TooManyCodes { at: AT },
        No::TooManyCodes { .. } => No::CodeExpired,
        No::CodeExpired => No::CodeSuperseded,
        No::CodeSuperseded => No::CodeWrong { left: 4 },
        No::CodeWrong { .. } => No::CodeVoid,
        No::CodeVoid => No::CodeUsed,
        No::CodeUsed => No::RecoveryPasscodeNotSet,
        No::RecoveryPasscodeNotSet => No::RecoveryPasscodeWrong { left: 1 },
        No::RecoveryPasscodeWrong { .. } => No::RecoveryPasscodeBlocked,
        No::RecoveryPasscodeBlocked => No::PasscodeTimeOver,
        No::PasscodeTimeOver => return None,
    })
}

fn after_unlock(refusal: unlock::Refusal) -> Option<unlock::Refusal> {
    use unlock::Refusal as No;
    Some(match refusal {
        No::CardNotActive => No::Revoked,
        No::Revoked => No::Suspended,
        No::Suspended => No::Expired,
        No::Expired => No::UpdateOpen,
        No::UpdateOpen => No::AccountLocked,
        No::AccountLocked => No::NotOffered,
        No::NotOffered => No::NotRegistered,
        No::NotRegistered => No::Blocked,
        No::Blocked => No::Paused { until: AT },
        No::Paused { .. } => No::TooManyStarts,
        No::TooManyStarts => No::RecoveryPasscodeWrong,
        No::RecoveryPasscodeWrong => No::RecoveryPasscodeBlocked,
        No::RecoveryPasscodeBlocked => No::NoPuk,
        No::NoPuk => No::Replaced,
        No::Replaced => No::TimeOver,
        No::TimeOver => No::NotThere,
        No::NotThere => No::PukUnsettled,
        No::PukUnsettled => return None,
    })
}

fn after_desk(refusal: desk::Refusal) -> Option<desk::Refusal> {
    use desk::Refusal as No;
    Some(match refusal {
        No::PlaceNotValid => No::EvidenceNotEnough,
        No::EvidenceNotEnough => No::AccountNotLocked,
        No::AccountNotLocked => No::AccountLocked,
        No::AccountLocked => No::NoRequest,
        No::NoRequest => No::NothingBlocked,
        No::NothingBlocked => No::NoSecondProof,
        No::NoSecondProof => No::NotOffered,
        No::NotOffered => No::NoCard,
        No::NoCard => No::Revoked,
        No::Revoked => No::Expired,
        No::Expired => No::NotSuspended,
        No::NotSuspended => No::Suspended,
        No::Suspended => No::NotYet,
        No::NotYet => No::BeforeIssue,
        No::BeforeIssue => No::SameCard,
        No::SameCard => No::AccountClosed,
        No::AccountClosed => No::NotClosed,
        No::NotClosed => No::Erased,
        No::Erased => No::NoRole,
        No::NoRole => No::NoAssignment,
        No::NoAssignment => No::NoneOnRecord,
        No::NoneOnRecord => No::CheckBlocked,
        No::CheckBlocked => No::NoPuk,
        No::NoPuk => No::NotManager,
        No::NotManager => return None,
    })
}

fn after_staff(refusal: staff::Refusal) -> Option<staff::Refusal> {
    use staff::Refusal as No;
    Some(match refusal {
        No::OwnRecord => No::OtherOrganisation,
        No::OtherOrganisation => No::NotYourRole { act: StaffAct::Revoke },
        No::NotYourRole { .. } => No::SamePerson,
        No::SamePerson => No::LastManager,
        No::LastManager => No::RootOnly,
        No::RootOnly => No::NotAlone,
        No::NotAlone => No::TooMany,
        No::TooMany => return None,
    })
}

fn after_log_in(refusal: LogonRefusal) -> Option<LogonRefusal> {
    use LogonRefusal as No;
    Some(match refusal {
        No::WrongPasscode { .. } => No::CardLocked,
        No::CardLocked => No::CardNotKnown,
        No::CardNotKnown => No::ProofNotValid,
        No::ProofNotValid => No::AccountLocked,
        No::AccountLocked => No::CertificatesExpired,
        No::CertificatesExpired => No::CertificatesRevoked,
        No::CertificatesRevoked => No::CertificatesSuspended,
        No::CertificatesSuspended => No::AccountClosed,
        No::AccountClosed => return None,
    })
}
