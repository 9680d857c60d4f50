//! B-17: what a session may do in which a change is forced: what cures it, and what must always be
//! possible.

use crate::holder::Refusal;

/// Something a holder does in a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// See the Home tab, which says what has to be done.
    SeeHome,
    /// See *Passcode Status*, and what is scheduled.
    SeePasscodes,
    /// Change or blank passcodes; which ones is [`crate::passcode::Refusal::RenewalRequired`]'s affair.
    ChangePasscodes,
    /// Renew certificates.
    RenewCertificates,
    /// Revoke certificates, report a card lost.
    RevokeCertificates,
    /// Read help and how to reach the registration authority.
    SeeHelp,
    /// Log out, or stay logged in.
    KeepOrEndSession,
    /// Read the ledger.
    SeeLedger,
    /// Open another application from the portal.
    LaunchApplication,
    /// Open My Profile, register for self-service.
    UseProfile,
    /// Act as staff, on somebody else's record.
    ActAsStaff,
}

/// Refuses what a restricted session may not do.
pub fn allows(act: Act) -> Result<(), Refusal> {
    match act {
        Act::SeeHome
        | Act::SeePasscodes
        | Act::ChangePasscodes
        | Act::RenewCertificates
        | Act::RevokeCertificates
        | Act::SeeHelp
        | Act::KeepOrEndSession => Ok(()),
        Act::SeeLedger | Act::LaunchApplication | Act::UseProfile | Act::ActAsStaff => {
            Err(Refusal::RenewalRequired)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn b17_a_restricted_session_may_cure_revoke_ask_for_help_and_end_and_nothing_else() {
        for act in [
            Act::SeeHome,
            Act::SeePasscodes,
            Act::ChangePasscodes,
            Act::RenewCertificates,
            Act::RevokeCertificates,
            Act::SeeHelp,
            Act::KeepOrEndSession,
        ] {
            assert_eq!(allows(act), Ok(()));
        }
        for act in [Act::SeeLedger, Act::LaunchApplication, Act::UseProfile, Act::ActAsStaff] {
            assert_eq!(allows(act), Err(Refusal::RenewalRequired));
        }
    }
}
