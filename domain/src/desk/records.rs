//! What a holder's stream remembers of what others have done about him.

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use super::{Checker, CloseReason, DeskEvent, IdentityCheck, Loss};
use crate::{
    holder::HolderEvent,
    ids::{CardSerial, CommandId, HolderId, OrganisationCode},
    passcode::{self, Advice, Kind, OptionalKind},
};

/// The most mails whose report is remembered; the oldest give way.
pub const NOT_ME_MAX: usize = 64;

/// The part of a holder that others have written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Records {
    request: Option<Request>,
    account_unlock: Option<Leave>,
    glass: Option<(CommandId, OrganisationCode)>,
    lost: Option<Lost>,
    closed: Option<(NaiveDate, CloseReason)>,
    erased_on: Option<NaiveDate>,
    verification_failures: u8,
    verification_blocked_on: Option<NaiveDate>,
    spoken_at: Option<DateTime<Utc>>,
    /// At most one of each.
    guessed: Vec<OptionalKind>,
    not_me: Vec<Uuid>,
    in_doubt: Option<InDoubt>,
}

/// B-57: a card whose certificates are suspended because it may be in somebody else's hands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InDoubt {
    /// Which.
    pub card: CardSerial,
    /// Since when they are.
    pub since: DateTime<Utc>,
    /// True if the alarm was raised that it takes too long.
    pub is_overdue: bool,
}

/// B-30, B-63: somebody is vouched for, and a second person has to agree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Which.
    pub request: CommandId,
    /// With which card.
    pub card: CardSerial,
    /// Who vouches.
    pub by: HolderId,
    /// What was seen.
    pub check: IdentityCheck,
    /// Until when the second may agree, exclusive.
    pub until: DateTime<Utc>,
    /// B-59: the organisation for which nobody else can act; then two operators do.
    pub glass: Option<OrganisationCode>,
}

/// P-19, B-30: the registration authority lets the holder of this card unlock his account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leave {
    /// With which card.
    pub card: CardSerial,
    /// Until when, exclusive.
    pub until: DateTime<Utc>,
}

/// B-57: the last card that was reported as lost or stolen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lost {
    /// Which.
    pub card: CardSerial,
    /// Which of the two.
    pub loss: Loss,
    /// Since when, as it was said.
    pub lost_at: DateTime<Utc>,
    /// When it was reported.
    pub reported_at: DateTime<Utc>,
}

impl Records {
    /// B-30, B-63: the request that waits for a second person.
    #[must_use]
    pub fn request(&self, now: DateTime<Utc>) -> Option<&Request> {
        self.request.as_ref().filter(|request| now < request.until)
    }

    /// P-19, B-30: until when, exclusive, the holder of this card may open a session in which he
    /// unlocks his account.
    #[must_use]
    pub fn account_unlock(&self, card: &CardSerial, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let open = self.account_unlock.as_ref();
        open.filter(|leave| leave.card == *card && now < leave.until).map(|leave| leave.until)
    }

    /// B-59: by which request, and for which organisation, glass was broken, if it was the last time that
    /// he was let unlock his account.
    #[must_use]
    pub fn glass(&self) -> Option<&(CommandId, OrganisationCode)> {
        self.glass.as_ref()
    }

    /// B-57: the last card that was reported as lost or stolen.
    #[must_use]
    pub fn lost(&self) -> Option<&Lost> {
        self.lost.as_ref()
    }

    /// B-45: since when the account is closed, and why.
    #[must_use]
    pub fn closed(&self) -> Option<(NaiveDate, CloseReason)> {
        self.closed
    }

    /// Since when the vault knows nothing of the person any more.
    #[must_use]
    pub fn erased_on(&self) -> Option<NaiveDate> {
        self.erased_on
    }

    /// P-11: wrong verification passcodes since it was set.
    #[must_use]
    pub fn verification_failures(&self) -> u8 {
        self.verification_failures
    }

    /// P-11: since when the verification passcode is not compared any more.
    #[must_use]
    pub fn verification_blocked_on(&self) -> Option<NaiveDate> {
        self.verification_blocked_on
    }

    /// P-08, B-41: when the account recovery passcode that is set was spoken to the desk: its holder
    /// is asked to change it.
    #[must_use]
    pub fn spoken_at(&self) -> Option<DateTime<Utc>> {
        self.spoken_at
    }

    /// B-41: what the holder is asked to do about a passcode that was spoken or guessed at, at every
    /// logon until he has.
    #[must_use]
    pub fn advice(&self) -> Option<Advice> {
        let guessed = self.guessed.first();
        let guessed = guessed.map(|kind| Advice::Guessed { kind: kind.kind() });
        guessed.or(self.spoken_at.map(|_| Advice::Spoken))
    }

    /// B-57: true if this mail was reported; of the last [`NOT_ME_MAX`].
    #[must_use]
    pub fn has_reported(&self, mail: Uuid) -> bool {
        self.not_me.contains(&mail)
    }

    /// B-57: the card of which it has to be decided whether it is lost.
    #[must_use]
    pub fn in_doubt(&self) -> Option<&InDoubt> {
        self.in_doubt.as_ref()
    }

    /// The state after an event of `at`. Events of other parts change nothing here.
    #[must_use]
    pub(crate) fn evolve(mut self, at: DateTime<Utc>, event: &HolderEvent) -> Self {
        let changed = passcode::changed(event);
        self.guessed.retain(|kind| Some(kind.kind()) != changed);
        match changed {
            Some(Kind::AccountRecovery) => self.spoken_at = None,
            Some(Kind::Verification) => self.open_verification(),
            Some(Kind::Smartcard) | None => {}
        }
        if let HolderEvent::RecoveryPasscodeBlocked { .. } = event {
            self.note_guessed(OptionalKind::AccountRecovery);
        }
        if let HolderEvent::CardIssued(_) = event {
            self.leave_card();
        }
        if matches!(event, HolderEvent::CardIssued(_) | HolderEvent::CertificatesRevoked { .. }) {
            self.in_doubt = None;
        }
        if let HolderEvent::Desk(event) = event { self.of_desk(at, event) } else { self }
    }

    fn of_desk(mut self, at: DateTime<Utc>, event: &DeskEvent) -> Self {
        match event {
            DeskEvent::AccountUnlockRequested { request, card, by, check, until, glass } => {
                let (request, card, by) = (*request, card.clone(), *by);
                let (check, until, glass) = (check.clone(), *until, glass.clone());
                self.request = Some(Request { request, card, by, check, until, glass });
            }
            DeskEvent::AccountUnlockAuthorised { card, until, glass, .. } => {
                let request = self.request.as_ref().map(|open| open.request);
                self.glass = request.zip(glass.clone());
                self.request = None;
                self.account_unlock = Some(Leave { card: card.clone(), until: *until });
            }
            DeskEvent::CardReportedLost { card, loss, lost_at, .. } => {
                let (card, loss, lost_at) = (card.clone(), *loss, *lost_at);
                self.lost = Some(Lost { card, loss, lost_at, reported_at: at });
            }
            DeskEvent::AccountUnlocked { .. } => self.leave_card(),
            DeskEvent::CardCancelled { .. } => {
                self.leave_card();
                self.in_doubt = None;
            }
            DeskEvent::CertificatesSuspended { card, reason, .. } if reason.may_be_lost() => {
                let card = card.clone();
                self.in_doubt = Some(InDoubt { card, since: at, is_overdue: false });
            }
            DeskEvent::CertificatesReinstated { .. } => self.in_doubt = None,
            DeskEvent::LossOverdue { .. } => {
                if let Some(in_doubt) = &mut self.in_doubt {
                    in_doubt.is_overdue = true;
                }
            }
            DeskEvent::AccountClosed { on, reason, .. } => self.closed = Some((*on, *reason)),
            DeskEvent::PersonErased { on } => self.erased_on = Some(*on),
            DeskEvent::PasscodeChecked { kind: OptionalKind::Verification, failures, .. } => {
                self.verification_failures = *failures;
            }
            DeskEvent::PasscodeChecked { matched: true, by: Checker::Desk, .. } => {
                self.spoken_at = Some(at);
            }
            DeskEvent::PasscodeCheckBlocked { kind, on } => {
                self.note_guessed(*kind);
                if *kind == OptionalKind::Verification {
                    self.verification_blocked_on = Some(*on);
                }
            }
            DeskEvent::PasscodeCheckReleased { kind: OptionalKind::Verification, .. } => {
                self.open_verification();
            }
            DeskEvent::NotMeReported { mail, .. } => {
                self.not_me.push(*mail);
                let surplus = self.not_me.len().saturating_sub(NOT_ME_MAX);
                self.not_me.drain(..surplus);
            }
            DeskEvent::Assigned { .. }
            | DeskEvent::AssignmentEnded { .. }
            | DeskEvent::RoleGranted { .. }
            | DeskEvent::RoleWithdrawn { .. }
            | DeskEvent::IdentityVerified { .. }
            | DeskEvent::SelfServiceReleased { .. }
            | DeskEvent::CardUnlockAuthorised { .. }
            | DeskEvent::CertificatesSuspended { .. }
            | DeskEvent::StaffAlerted { .. }
            | DeskEvent::ContactChanged { .. }
            | DeskEvent::PasscodeChecked { .. }
            | DeskEvent::PasscodeCheckReleased { .. }
            | DeskEvent::RecordViewed { .. } => {}
        }
        self
    }

    fn note_guessed(&mut self, kind: OptionalKind) {
        if !self.guessed.contains(&kind) {
            self.guessed.push(kind);
        }
    }

    /// P-11: it is compared, with all tries.
    fn open_verification(&mut self) {
        self.verification_failures = 0;
        self.verification_blocked_on = None;
    }

    /// What was allowed for a card goes with it.
    fn leave_card(&mut self) {
        self.request = None;
        self.account_unlock = None;
    }
}
