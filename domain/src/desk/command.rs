//! What can be asked of a holder's stream by others than the holder. Who may is asked before, of
//! [`crate::staff::may`].

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{
    Alarm, CancelReason, Checker, CloseReason, Helper, IdentityCheck, Loss, SuspensionReason, View,
};
use crate::{
    certificate::RevocationReason,
    holder::Registration,
    ids::{CommandId, HolderId, OrganisationCode, SecretRef},
    passcode::OptionalKind,
    staff::Role,
};

/// A command about one holder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeskCommand {
    /// B-59: he works for this organisation.
    Assign {
        /// Which.
        organisation: OrganisationCode,
    },
    /// B-59: not any more.
    EndAssignment {
        /// Which.
        organisation: OrganisationCode,
    },
    /// B-58: he has this role.
    GrantRole {
        /// Which.
        role: Role,
        /// Where.
        organisation: OrganisationCode,
    },
    /// B-58: not any more.
    WithdrawRole {
        /// Which.
        role: Role,
        /// Where.
        organisation: OrganisationCode,
    },
    /// B-30, B-63: he has no evidence with him, and is vouched for.
    RequestAccountUnlock {
        /// The request; kept on every retry.
        request: CommandId,
        /// Who vouches.
        by: HolderId,
        /// What was seen; the evidence is that he is vouched for.
        check: IdentityCheck,
    },
    /// P-19, B-30: he has proved who he is.
    AuthoriseAccountUnlock {
        /// By what; not by being vouched for.
        check: IdentityCheck,
    },
    /// B-30, B-63: the second person agrees.
    ApproveAccountUnlock {
        /// To which request.
        request: CommandId,
        /// Who agrees, who is not the one who has asked.
        by: HolderId,
    },
    /// B-59, B-63: an operator asks for the unlock of a manager's account, because nobody of the
    /// registration authority can act for the organisation. Whether that is so is asked before.
    AskToBreakGlass {
        /// The request; kept on every retry.
        request: CommandId,
        /// Who asks.
        by: HolderId,
        /// What was seen.
        check: IdentityCheck,
        /// For which organisation, which the holder manages.
        organisation: OrganisationCode,
    },
    /// B-59, B-63: another operator agrees.
    BreakGlass {
        /// To which request.
        request: CommandId,
        /// Who agrees, who is not the one who has asked.
        by: HolderId,
    },
    /// P-11, B-34, B-41: end what is blocked.
    ReleaseSelfService {
        /// By what he has proved who he is.
        check: IdentityCheck,
    },
    /// B-58: help with his card.
    AuthoriseCardUnlock {
        /// Whose.
        by: Helper,
        /// By what he has proved who he is; required of the authority, none from a sponsor.
        check: Option<IdentityCheck>,
    },
    /// B-57: for the time being.
    Suspend {
        /// Why.
        reason: SuspensionReason,
    },
    /// B-57: good again.
    Reinstate {},
    /// C-15, B-57: for ever, without his card.
    Revoke {
        /// Why.
        reason: RevocationReason,
    },
    /// B-57: his card is lost or stolen.
    ReportLost {
        /// Which of the two.
        loss: Loss,
        /// Since when, as he says.
        lost_at: DateTime<Utc>,
    },
    /// B-61: his card is taken out of use.
    CancelCard {
        /// Why.
        reason: CancelReason,
    },
    /// B-49, B-61: another card, personalised and read back.
    IssueReplacement(Replacement),
    /// B-42: name or address in the vault were changed.
    ChangeContact {
        /// Where the vault keeps the address that was there before, if it is another one.
        former: Option<SecretRef>,
    },
    /// B-45: end everything.
    CloseAccount {
        /// Why.
        reason: CloseReason,
    },
    /// What the vault knows of him is to go.
    Erase {},
    /// P-08, P-11, B-41: a passcode was compared with what somebody said. A wrong one is accepted,
    /// too, and recorded.
    NotePasscodeCheck {
        /// Which.
        kind: OptionalKind,
        /// Whether it is the one on record.
        right: bool,
        /// Who asked.
        by: Checker,
    },
    /// B-57: he has said of what a mail told him that it was not him.
    ReportNotMe {
        /// The mail.
        mail: Uuid,
    },
    /// Who is staff is to see to something.
    AlertStaff {
        /// What.
        alarm: Alarm,
        /// Whom it is about.
        about: HolderId,
    },
    /// Somebody looks.
    NoteViewed {
        /// At what.
        what: View,
    },
}

/// B-49, B-61: another card in place of the one before, issued after an identity check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replacement {
    /// The card, its first passcodes and its PUK, as at a registration.
    pub registration: Registration,
    /// Why the one before is out of use.
    pub reason: CancelReason,
}
