//! Which events a holder is mailed about, and what each mail is for.

use chrono::{DateTime, Days, NaiveDate, Utc};
use domain::{
    certificate,
    context::Context,
    expiry::Item,
    holder::{Holder, HolderEvent},
    ids::SecretRef,
    passcode::Standing,
};

use super::{CertificateNotice, CodeNotice, Demand, DeskNotice, SelfServiceNotice};

/// A mail that an event gives cause for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// The holder is told something.
    Notice(Notice),
    /// R-08, U-08: a code is brought to him.
    Code(CodeNotice),
}

impl Wanted {
    /// The mail that an event gives cause for, if it does.
    #[must_use]
    pub fn of(event: &HolderEvent) -> Option<Self> {
        let code = CodeNotice::of(event).map(Self::Code);
        code.or_else(|| Notice::of(event).map(Self::Notice))
    }

    /// True if it tells what was just done with a card or a registration, by the holder or by somebody
    /// else: the sooner he knows, the sooner he can say that it was not he. A code has no time to lose
    /// either, and goes its own way.
    #[must_use]
    pub fn is_urgent(&self) -> bool {
        match self {
            Self::Code(_) => false,
            Self::Notice(Notice::Desk(DeskNotice::NotMe)) => true,
            Self::Notice(notice) => notice.tells_of_an_act(),
        }
    }
}

/// Where else a notice goes than to the contact address, so that somebody who has changed one of
/// them cannot keep it from the holder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Copies {
    /// Nowhere.
    None,
    /// To the address that is registered for self-service.
    ToRegistered,
    /// B-42: to the one that was registered before, if it is another one.
    ToFormer(Option<SecretRef>),
    /// B-42: to the address that is registered for self-service, and to the contact address that was
    /// there before, if it is another one.
    ToRegisteredAnd(Option<SecretRef>),
    /// B-57: to the address that is registered for self-service, and to those that were on record a
    /// while ago.
    ToAll,
}

/// What a holder is told by mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// P-14, B-15: today's alert.
    Alert {
        /// The day of the alert.
        on: NaiveDate,
        /// What expires soon; what has expired already, too.
        items: Vec<Item>,
    },
    /// P-17: the holder has to change something before he can do anything else.
    Forced {
        /// P-18: the first day of the lock; none if none of it locks the account (B-21).
        locks_on: Option<NaiveDate>,
        /// What has expired.
        items: Vec<Item>,
    },
    /// B-15: the lock comes nearer.
    LockAnnounced {
        /// The day of the announcement.
        on: NaiveDate,
        /// P-18: the first day of the lock.
        locks_on: NaiveDate,
        /// What has expired.
        items: Vec<Item>,
    },
    /// P-18, P-19: the account is locked.
    Locked {
        /// What was not changed in time.
        items: Vec<Item>,
    },
    /// C-05, C-12, C-15: about certificates.
    Certificates(CertificateNotice),
    /// R-11, U-06, U-07, U-12: about self-service.
    SelfService(SelfServiceNotice),
    /// B-30, B-34, B-57, B-58: about what others have done.
    Desk(DeskNotice),
}

/// What a mail asks its holder to do something about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asks<'a> {
    /// To change these passcodes.
    ToChange(&'a [Item]),
    /// To renew the certificates of which the first ends at this instant.
    ToRenew(DateTime<Utc>),
    /// Nothing: it tells what happened.
    Nothing,
}

impl Asks<'_> {
    /// A mail may be late, by days if the mail server was down: whoever has done meanwhile what it
    /// asks for is not to be told that he has to. False if each of these passcodes was changed or
    /// removed since, or the certificates were renewed or revoked.
    #[must_use]
    pub fn still_stand(&self, ctx: &Context<'_>, holder: &Holder) -> bool {
        let is_as_it_was = |item: &Item| match holder.passcodes().standing(ctx, item.kind) {
            Standing::NotSet => false,
            Standing::Set { last_changed_on, .. } => last_changed_on == item.set_on,
        };
        match *self {
            Self::ToChange(items) => items.iter().any(is_as_it_was),
            Self::ToRenew(expires_at) => holder.certificates(ctx).is_some_and(|standing| {
                standing.expires_at == expires_at && standing.phase != certificate::Phase::Revoked
            }),
            Self::Nothing => true,
        }
    }
}

impl Notice {
    /// What it asks for.
    #[must_use]
    pub fn asks(&self) -> Asks<'_> {
        match self {
            Self::Alert { items, .. }
            | Self::Forced { items, .. }
            | Self::LockAnnounced { items, .. }
            | Self::Locked { items } => Asks::ToChange(items),
            Self::Certificates(CertificateNotice::Due { expires_at, .. }) => {
                Asks::ToRenew(*expires_at)
            }
            Self::Certificates(
                CertificateNotice::Renewed { .. } | CertificateNotice::Revoked { .. },
            )
            | Self::SelfService(_)
            | Self::Desk(_) => Asks::Nothing,
        }
    }

    /// B-57: true if it tells what somebody has done, so that the holder can say that it was not he. That
    /// he has said so is not among it.
    #[must_use]
    pub fn tells_of_an_act(&self) -> bool {
        match self {
            Self::Desk(DeskNotice::NotMe)
            | Self::Alert { .. }
            | Self::Forced { .. }
            | Self::LockAnnounced { .. }
            | Self::Locked { .. }
            | Self::Certificates(CertificateNotice::Due { .. }) => false,
            Self::SelfService(_)
            | Self::Desk(_)
            | Self::Certificates(
                CertificateNotice::Renewed { .. } | CertificateNotice::Revoked { .. },
            ) => true,
        }
    }

    /// Where else it goes.
    #[must_use]
    pub fn copies(&self) -> Copies {
        match self {
            Self::Alert { .. }
            | Self::Forced { .. }
            | Self::LockAnnounced { .. }
            | Self::Locked { .. }
            | Self::Certificates(_) => Copies::None,
            Self::Desk(notice) => notice.copies(),
            Self::SelfService(SelfServiceNotice::Registered { former }) => {
                Copies::ToFormer(*former)
            }
            Self::SelfService(
                SelfServiceNotice::UnlockStarted { .. }
                | SelfServiceNotice::Unlocked
                | SelfServiceNotice::Blocked
                | SelfServiceNotice::RecoveryPasscodeBlocked
                | SelfServiceNotice::Paused { .. },
            ) => Copies::ToRegistered,
        }
    }

    /// The notice that an event gives cause for, if it does.
    #[must_use]
    pub fn of(event: &HolderEvent) -> Option<Self> {
        match event.clone() {
            HolderEvent::AlertRaised { topic: _, on, items } => Some(Self::Alert { on, items }),
            HolderEvent::RenewalForced { effective_from: _, on: _, locks_on, items } => {
                Some(Self::Forced { locks_on, items })
            }
            HolderEvent::LockAnnounced { on, locks_on, items } => {
                Some(Self::LockAnnounced { on, locks_on, items })
            }
            HolderEvent::AccountLocked { effective_from: _, on: _, items } => {
                Some(Self::Locked { items })
            }
            HolderEvent::CertificateAlertRaised {
                on,
                expires_at,
                left,
                may_decline,
                ra_required,
            } => {
                let demand = Demand::of(may_decline, ra_required);
                let expires_on = on.checked_add_days(Days::new(left.into()))?;
                let due = CertificateNotice::Due { on, expires_on, expires_at, demand };
                Some(Self::Certificates(due))
            }
            HolderEvent::CertificatesRenewed { by, .. } => {
                Some(Self::Certificates(CertificateNotice::Renewed { by }))
            }
            HolderEvent::CertificatesRevoked { reason, .. } => {
                Some(Self::Certificates(CertificateNotice::Revoked { reason }))
            }
            HolderEvent::RegistrationCompleted { former, .. } => {
                Some(Self::SelfService(SelfServiceNotice::Registered { former }))
            }
            HolderEvent::UnlockStarted { workstation, .. } => {
                Some(Self::SelfService(SelfServiceNotice::UnlockStarted { workstation }))
            }
            HolderEvent::UnlockCompleted { .. } => {
                Some(Self::SelfService(SelfServiceNotice::Unlocked))
            }
            HolderEvent::SelfServiceBlocked { .. } => {
                Some(Self::SelfService(SelfServiceNotice::Blocked))
            }
            HolderEvent::RecoveryPasscodeBlocked { .. } => {
                Some(Self::SelfService(SelfServiceNotice::RecoveryPasscodeBlocked))
            }
            HolderEvent::Desk(event) => DeskNotice::of(&event).map(Self::Desk),
            HolderEvent::UnlockPaused { until } => {
                Some(Self::SelfService(SelfServiceNotice::Paused { until }))
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
            | HolderEvent::AlertDeclined { .. }
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
            | HolderEvent::RenewalAuthorised { .. }
            | HolderEvent::RaRenewalNeeded { .. }
            | HolderEvent::RenewalObstructed { .. }
            | HolderEvent::RenewalDeferred { .. }
            | HolderEvent::RegistrationBegun { .. }
            | HolderEvent::RegistrationCancelled { .. }
            | HolderEvent::RegistrationRedirected { .. }
            | HolderEvent::CodeSent { .. }
            | HolderEvent::CodeRefused { .. }
            | HolderEvent::CodeVoided { .. }
            | HolderEvent::CodeAccepted { .. }
            | HolderEvent::QuestionsDrawn { .. }
            | HolderEvent::UnlockRefused { .. }
            | HolderEvent::AnswersWrong { .. }
            | HolderEvent::AnswersRight { .. }
            | HolderEvent::RecoveryPasscodeWrong { .. }
            | HolderEvent::RecoveryPasscodeRight { .. }
            | HolderEvent::PukRecorded { .. }
            | HolderEvent::PukReleased { .. }
            | HolderEvent::PukProbed { .. }
            | HolderEvent::PukSettled { .. }
            | HolderEvent::PukRuledOut { .. }
            | HolderEvent::PukLost { .. }
            | HolderEvent::PukReplaced { .. } => None,
        }
    }
}
