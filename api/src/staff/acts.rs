//! The acts of staff, each as a type: what a handler names to be let in.

use domain::staff::StaffAct;

/// An act of staff, as a type.
pub trait NamesAct: Copy + Send + Sync + 'static {
    /// Which.
    const ACT: StaffAct;
}

/// [`StaffAct::FindHolder`].
#[derive(Debug, Clone, Copy)]
pub struct FindHolder;

impl NamesAct for FindHolder {
    const ACT: StaffAct = StaffAct::FindHolder;
}

/// [`StaffAct::SeeHolder`].
#[derive(Debug, Clone, Copy)]
pub struct SeeHolder;

impl NamesAct for SeeHolder {
    const ACT: StaffAct = StaffAct::SeeHolder;
}

/// [`StaffAct::RegisterPerson`].
#[derive(Debug, Clone, Copy)]
pub struct RegisterPerson;

impl NamesAct for RegisterPerson {
    const ACT: StaffAct = StaffAct::RegisterPerson;
}

/// [`StaffAct::IssueCard`].
#[derive(Debug, Clone, Copy)]
pub struct IssueCard;

impl NamesAct for IssueCard {
    const ACT: StaffAct = StaffAct::IssueCard;
}

/// [`StaffAct::ReplaceCard`].
#[derive(Debug, Clone, Copy)]
pub struct ReplaceCard;

impl NamesAct for ReplaceCard {
    const ACT: StaffAct = StaffAct::ReplaceCard;
}

/// [`StaffAct::CancelCard`].
#[derive(Debug, Clone, Copy)]
pub struct CancelCard;

impl NamesAct for CancelCard {
    const ACT: StaffAct = StaffAct::CancelCard;
}

/// [`StaffAct::ReportLost`].
#[derive(Debug, Clone, Copy)]
pub struct ReportLost;

impl NamesAct for ReportLost {
    const ACT: StaffAct = StaffAct::ReportLost;
}

/// [`StaffAct::Suspend`].
#[derive(Debug, Clone, Copy)]
pub struct Suspend;

impl NamesAct for Suspend {
    const ACT: StaffAct = StaffAct::Suspend;
}

/// [`StaffAct::Reinstate`].
#[derive(Debug, Clone, Copy)]
pub struct Reinstate;

impl NamesAct for Reinstate {
    const ACT: StaffAct = StaffAct::Reinstate;
}

/// [`StaffAct::Revoke`].
#[derive(Debug, Clone, Copy)]
pub struct Revoke;

impl NamesAct for Revoke {
    const ACT: StaffAct = StaffAct::Revoke;
}

/// [`StaffAct::AuthoriseAccountUnlock`].
#[derive(Debug, Clone, Copy)]
pub struct AuthoriseAccountUnlock;

impl NamesAct for AuthoriseAccountUnlock {
    const ACT: StaffAct = StaffAct::AuthoriseAccountUnlock;
}

/// [`StaffAct::ApproveAccountUnlock`].
#[derive(Debug, Clone, Copy)]
pub struct ApproveAccountUnlock;

impl NamesAct for ApproveAccountUnlock {
    const ACT: StaffAct = StaffAct::ApproveAccountUnlock;
}

/// [`StaffAct::AuthoriseRenewal`].
#[derive(Debug, Clone, Copy)]
pub struct AuthoriseRenewal;

impl NamesAct for AuthoriseRenewal {
    const ACT: StaffAct = StaffAct::AuthoriseRenewal;
}

/// [`StaffAct::ReleaseBlock`].
#[derive(Debug, Clone, Copy)]
pub struct ReleaseBlock;

impl NamesAct for ReleaseBlock {
    const ACT: StaffAct = StaffAct::ReleaseBlock;
}

/// [`StaffAct::AssistCardUnlock`].
#[derive(Debug, Clone, Copy)]
pub struct AssistCardUnlock;

impl NamesAct for AssistCardUnlock {
    const ACT: StaffAct = StaffAct::AssistCardUnlock;
}

/// [`StaffAct::CheckRecoveryPasscode`].
#[derive(Debug, Clone, Copy)]
pub struct CheckRecoveryPasscode;

impl NamesAct for CheckRecoveryPasscode {
    const ACT: StaffAct = StaffAct::CheckRecoveryPasscode;
}

/// [`StaffAct::ChangeContact`].
#[derive(Debug, Clone, Copy)]
pub struct ChangeContact;

impl NamesAct for ChangeContact {
    const ACT: StaffAct = StaffAct::ChangeContact;
}

/// [`StaffAct::CloseAccount`].
#[derive(Debug, Clone, Copy)]
pub struct CloseAccount;

impl NamesAct for CloseAccount {
    const ACT: StaffAct = StaffAct::CloseAccount;
}

/// [`StaffAct::ErasePerson`].
#[derive(Debug, Clone, Copy)]
pub struct ErasePerson;

impl NamesAct for ErasePerson {
    const ACT: StaffAct = StaffAct::ErasePerson;
}

/// [`StaffAct::GrantRole`].
#[derive(Debug, Clone, Copy)]
pub struct GrantRole;

impl NamesAct for GrantRole {
    const ACT: StaffAct = StaffAct::GrantRole;
}

/// [`StaffAct::WithdrawRole`].
#[derive(Debug, Clone, Copy)]
pub struct WithdrawRole;

impl NamesAct for WithdrawRole {
    const ACT: StaffAct = StaffAct::WithdrawRole;
}

/// [`StaffAct::Assign`].
#[derive(Debug, Clone, Copy)]
pub struct Assign;

impl NamesAct for Assign {
    const ACT: StaffAct = StaffAct::Assign;
}

/// [`StaffAct::EndAssignment`].
#[derive(Debug, Clone, Copy)]
pub struct EndAssignment;

impl NamesAct for EndAssignment {
    const ACT: StaffAct = StaffAct::EndAssignment;
}

/// [`StaffAct::AddOrganisation`].
#[derive(Debug, Clone, Copy)]
pub struct AddOrganisation;

impl NamesAct for AddOrganisation {
    const ACT: StaffAct = StaffAct::AddOrganisation;
}

/// [`StaffAct::SeeOrganisations`].
#[derive(Debug, Clone, Copy)]
pub struct SeeOrganisations;

impl NamesAct for SeeOrganisations {
    const ACT: StaffAct = StaffAct::SeeOrganisations;
}

/// [`StaffAct::SeeStaff`].
#[derive(Debug, Clone, Copy)]
pub struct SeeStaff;

impl NamesAct for SeeStaff {
    const ACT: StaffAct = StaffAct::SeeStaff;
}

/// [`StaffAct::SeeWorkList`].
#[derive(Debug, Clone, Copy)]
pub struct SeeWorkList;

impl NamesAct for SeeWorkList {
    const ACT: StaffAct = StaffAct::SeeWorkList;
}

/// [`StaffAct::SeeUnlockCounts`].
#[derive(Debug, Clone, Copy)]
pub struct SeeUnlockCounts;

impl NamesAct for SeeUnlockCounts {
    const ACT: StaffAct = StaffAct::SeeUnlockCounts;
}

/// [`StaffAct::SeeHistory`].
#[derive(Debug, Clone, Copy)]
pub struct SeeHistory;

impl NamesAct for SeeHistory {
    const ACT: StaffAct = StaffAct::SeeHistory;
}

/// [`StaffAct::ExportLog`].
#[derive(Debug, Clone, Copy)]
pub struct ExportLog;

impl NamesAct for ExportLog {
    const ACT: StaffAct = StaffAct::ExportLog;
}

/// [`StaffAct::SeePolicy`].
#[derive(Debug, Clone, Copy)]
pub struct SeePolicy;

impl NamesAct for SeePolicy {
    const ACT: StaffAct = StaffAct::SeePolicy;
}

/// [`StaffAct::SimulatePolicy`].
#[derive(Debug, Clone, Copy)]
pub struct SimulatePolicy;

impl NamesAct for SimulatePolicy {
    const ACT: StaffAct = StaffAct::SimulatePolicy;
}

/// [`StaffAct::PublishPolicy`].
#[derive(Debug, Clone, Copy)]
pub struct PublishPolicy;

impl NamesAct for PublishPolicy {
    const ACT: StaffAct = StaffAct::PublishPolicy;
}

/// [`StaffAct::SeeOperation`].
#[derive(Debug, Clone, Copy)]
pub struct SeeOperation;

impl NamesAct for SeeOperation {
    const ACT: StaffAct = StaffAct::SeeOperation;
}

/// [`StaffAct::Operate`].
#[derive(Debug, Clone, Copy)]
pub struct Operate;

impl NamesAct for Operate {
    const ACT: StaffAct = StaffAct::Operate;
}

/// [`StaffAct::BreakGlass`].
#[derive(Debug, Clone, Copy)]
pub struct BreakGlass;

impl NamesAct for BreakGlass {
    const ACT: StaffAct = StaffAct::BreakGlass;
}
