//! Which role may do what: a table, and nothing but a table (B-58).

use super::Role;
use Role::{Auditor, Operator, PolicyOwner, RaAgent, RaManager, Sponsor};

/// Something that only staff do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum StaffAct {
    /// Look for a person by name or card.
    FindHolder,
    /// Look at a person's record.
    SeeHolder,
    /// P-03: register a person.
    RegisterPerson,
    /// B-61: issue the first card.
    IssueCard,
    /// B-61: issue another card in place of the one before.
    ReplaceCard,
    /// B-61: take a card out of use.
    CancelCard,
    /// B-57: report a card as lost or stolen.
    ReportLost,
    /// B-57: suspend certificates.
    Suspend,
    /// B-57: end a suspension.
    Reinstate,
    /// B-57: revoke certificates.
    Revoke,
    /// P-19, B-30: let a holder unlock his account.
    AuthoriseAccountUnlock,
    /// B-30, B-63: agree, as the second person, to an unlock for somebody without evidence.
    ApproveAccountUnlock,
    /// C-04: let a holder renew his certificates.
    AuthoriseRenewal,
    /// B-34: end a block of self-service.
    ReleaseBlock,
    /// B-58: help with a locked card.
    AssistCardUnlock,
    /// P-08: compare what a caller says with his account recovery passcode.
    CheckRecoveryPasscode,
    /// B-42: change contact details.
    ChangeContact,
    /// B-45: close an account.
    CloseAccount,
    /// Erase a person.
    ErasePerson,
    /// Grant a role.
    GrantRole,
    /// Withdraw a role.
    WithdrawRole,
    /// B-59: assign a person to an organisation.
    Assign,
    /// B-59: end an assignment.
    EndAssignment,
    /// Add an organisation.
    AddOrganisation,
    /// Look at the tree of organisations.
    SeeOrganisations,
    /// Look at who has which role.
    SeeStaff,
    /// Look at what waits for the registration authority.
    SeeWorkList,
    /// Look at how many accounts each member of staff has unlocked.
    SeeUnlockCounts,
    /// Look at histories.
    SeeHistory,
    /// Export the log.
    ExportLog,
    /// Look at the policy and what it will come to.
    SeePolicy,
    /// B-14: work out what another policy would come to.
    SimulatePolicy,
    /// B-14: publish a policy.
    PublishPolicy,
    /// Look at how the service runs.
    SeeOperation,
    /// Repeat what has failed, or give a held effect its word.
    Operate,
    /// Break glass, which takes two.
    BreakGlass,
}

impl StaffAct {
    /// All of them.
    pub const ALL: [Self; 36] = [
        Self::FindHolder,
        Self::SeeHolder,
        Self::RegisterPerson,
        Self::IssueCard,
        Self::ReplaceCard,
        Self::CancelCard,
        Self::ReportLost,
        Self::Suspend,
        Self::Reinstate,
        Self::Revoke,
        Self::AuthoriseAccountUnlock,
        Self::ApproveAccountUnlock,
        Self::AuthoriseRenewal,
        Self::ReleaseBlock,
        Self::AssistCardUnlock,
        Self::CheckRecoveryPasscode,
        Self::ChangeContact,
        Self::CloseAccount,
        Self::ErasePerson,
        Self::GrantRole,
        Self::WithdrawRole,
        Self::Assign,
        Self::EndAssignment,
        Self::AddOrganisation,
        Self::SeeOrganisations,
        Self::SeeStaff,
        Self::SeeWorkList,
        Self::SeeUnlockCounts,
        Self::SeeHistory,
        Self::ExportLog,
        Self::SeePolicy,
        Self::SimulatePolicy,
        Self::PublishPolicy,
        Self::SeeOperation,
        Self::Operate,
        Self::BreakGlass,
    ];

    /// B-58: the roles that may do it.
    #[must_use]
    pub fn roles(self) -> &'static [Role] {
        match self {
            Self::FindHolder | Self::SeeHolder | Self::SeeOrganisations => {
                &[RaManager, RaAgent, Sponsor, Auditor]
            }
            Self::AssistCardUnlock => &[RaManager, RaAgent, Sponsor],
            Self::RegisterPerson
            | Self::IssueCard
            | Self::ReplaceCard
            | Self::CancelCard
            | Self::ReportLost
            | Self::Suspend
            | Self::Reinstate
            | Self::Revoke
            | Self::AuthoriseAccountUnlock
            | Self::ApproveAccountUnlock
            | Self::AuthoriseRenewal
            | Self::ReleaseBlock
            | Self::CheckRecoveryPasscode
            | Self::ChangeContact
            | Self::Assign
            | Self::EndAssignment
            | Self::SeeWorkList => &[RaManager, RaAgent],
            Self::CloseAccount
            | Self::ErasePerson
            | Self::GrantRole
            | Self::WithdrawRole
            | Self::AddOrganisation
            | Self::SeeUnlockCounts => &[RaManager],
            Self::SeeStaff => &[RaManager, Auditor],
            Self::SeeHistory | Self::ExportLog => &[Auditor],
            Self::SeePolicy => &[Auditor, Operator, PolicyOwner],
            Self::SimulatePolicy | Self::PublishPolicy => &[PolicyOwner],
            Self::SeeOperation | Self::Operate | Self::BreakGlass => &[Operator],
        }
    }

    /// After "to", in the middle of a sentence.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::FindHolder => "look for a person",
            Self::SeeHolder => "look at a person's record",
            Self::RegisterPerson => "register a person",
            Self::IssueCard => "issue a smartcard",
            Self::ReplaceCard => "replace a smartcard",
            Self::CancelCard => "cancel a smartcard",
            Self::ReportLost => "report a smartcard as lost or stolen",
            Self::Suspend => "suspend certificates",
            Self::Reinstate => "end the suspension of certificates",
            Self::Revoke => "revoke certificates",
            Self::AuthoriseAccountUnlock => "let a person unlock an account",
            Self::ApproveAccountUnlock => "agree to the unlock of an account",
            Self::AuthoriseRenewal => "let a person renew certificates",
            Self::ReleaseBlock => "end a block",
            Self::AssistCardUnlock => "help with a locked smartcard",
            Self::CheckRecoveryPasscode => "check an account recovery passcode",
            Self::ChangeContact => "change contact details",
            Self::CloseAccount => "close an account",
            Self::ErasePerson => "erase a person",
            Self::GrantRole => "grant a role",
            Self::WithdrawRole => "withdraw a role",
            Self::Assign => "assign a person to an organisation",
            Self::EndAssignment => "end the assignment of a person",
            Self::AddOrganisation => "add an organisation",
            Self::SeeOrganisations => "look at the organisations",
            Self::SeeStaff => "look at who has which role",
            Self::SeeWorkList => "look at the work list",
            Self::SeeUnlockCounts => "look at how many accounts each person has unlocked",
            Self::SeeHistory => "look at histories",
            Self::ExportLog => "export the log",
            Self::SeePolicy => "look at the policy",
            Self::SimulatePolicy => "simulate a policy",
            Self::PublishPolicy => "publish a policy",
            Self::SeeOperation => "look at how the service runs",
            Self::Operate => "operate the service",
            Self::BreakGlass => "break glass",
        }
    }
}
