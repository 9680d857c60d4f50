//! What the desk makes of the self-service part (B-34, B-41, B-45, B-57, B-58).

use chrono::{DateTime, Utc};

use super::SelfService;
use crate::{
    desk::{DeskEvent, Helper},
    ids::{CardSerial, SecretRef},
    passcode::OptionalKind,
};

/// B-58: somebody helps with this card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Assisted {
    pub(crate) card: CardSerial,
    /// Until when, exclusive.
    pub(crate) until: DateTime<Utc>,
    pub(crate) by: Helper,
}

impl SelfService {
    /// B-58: whose help the holder of this card has now.
    #[must_use]
    pub fn assisted_by(&self, card: &CardSerial, now: DateTime<Utc>) -> Option<Helper> {
        let open = self.assisted.as_ref();
        open.filter(|open| open.card == *card && now < open.until).map(|open| open.by)
    }

    /// B-58: until when, exclusive, the holder of this card has somebody's help.
    #[must_use]
    pub fn assisted_until(&self, card: &CardSerial, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let open = self.assisted.as_ref();
        open.filter(|open| open.card == *card && now < open.until).map(|open| open.until)
    }

    /// the address of the registration in force, which is told if that ends.
    pub(crate) fn registered_address(&self) -> Option<SecretRef> {
        self.active().map(|active| active.email)
    }

    pub(super) fn of_desk(&mut self, at: DateTime<Utc>, event: &DeskEvent) {
        match event {
            DeskEvent::SelfServiceReleased { registered, .. } => {
                self.replaced(at, *registered);
                // B-34: the holder chooses other questions and answers.
                if self.is_blocked() {
                    self.drop_registration();
                }
                self.recovery_failures = 0;
                self.recovery_blocked_on = None;
            }
            DeskEvent::PasscodeCheckReleased { kind: OptionalKind::AccountRecovery, .. } => {
                self.recovery_failures = 0;
                self.recovery_blocked_on = None;
            }
            DeskEvent::CardUnlockAuthorised { card, until, by, .. } => {
                let (card, until, by) = (card.clone(), *until, *by);
                self.assisted = Some(Assisted { card, until, by });
            }
            DeskEvent::CertificatesSuspended { .. } => {
                self.awaiting = None;
                self.leave();
                self.assisted = None;
            }
            DeskEvent::CardCancelled { reason, registered, .. } => {
                self.leave_card();
                self.replaced(at, *registered);
                if reason.drops_registration() {
                    self.drop_registration();
                }
            }
            DeskEvent::AccountClosed { registered, .. } => {
                self.leave_card();
                self.replaced(at, *registered);
                self.drop_registration();
            }
            DeskEvent::ContactChanged { former, .. } => self.replaced(at, *former),
            DeskEvent::PasscodeChecked {
                kind: OptionalKind::AccountRecovery, failures, ..
            } => {
                self.recovery_failures = *failures;
            }
            DeskEvent::PasscodeCheckBlocked { kind: OptionalKind::AccountRecovery, on } => {
                self.recovery_blocked_on = Some(*on);
            }
            DeskEvent::PasscodeChecked { kind: OptionalKind::Verification, .. }
            | DeskEvent::PasscodeCheckBlocked { kind: OptionalKind::Verification, .. }
            | DeskEvent::PasscodeCheckReleased { kind: OptionalKind::Verification, .. }
            | DeskEvent::Assigned { .. }
            | DeskEvent::AssignmentEnded { .. }
            | DeskEvent::RoleGranted { .. }
            | DeskEvent::RoleWithdrawn { .. }
            | DeskEvent::IdentityVerified { .. }
            | DeskEvent::AccountUnlockRequested { .. }
            | DeskEvent::AccountUnlockAuthorised { .. }
            | DeskEvent::AccountUnlocked { .. }
            | DeskEvent::CertificatesReinstated { .. }
            | DeskEvent::CardReportedLost { .. }
            | DeskEvent::PersonErased { .. }
            | DeskEvent::NotMeReported { .. }
            | DeskEvent::LossOverdue { .. }
            | DeskEvent::StaffAlerted { .. }
            | DeskEvent::RecordViewed { .. } => {}
        }
    }
}
