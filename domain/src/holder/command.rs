//! What can be asked of a holder's stream.

use chrono::NaiveDate;

use crate::{
    card::IssuedCard,
    expiry::{Occasion, Topic},
    ids::SecretRef,
    logon::LogonRefusal,
    passcode::{Changes, Kind},
};

/// A command to one holder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HolderCommand {
    /// P-03: the person, the card and the first passcodes.
    Register(Registration),
    /// P-01, P-20 to P-28: the *Update* button.
    ChangePasscodes(Changes),
    /// The card's passcode is not the recorded one, and not by our doing.
    NoteChangedElsewhere {
        /// Where the vault keeps the tag of the one it has.
        secret: SecretRef,
    },
    /// P-22: somebody tried a value of the last five.
    NoteUsedBefore {
        /// Of which kind.
        kind: Kind,
    },
    /// B-62: a logon with the holder's card failed.
    NoteLogonRefused {
        /// Why.
        reason: LogonRefusal,
    },
    /// P-14, P-17, P-18, B-08: record what time has done, if it is not recorded.
    RecordExpiry {
        /// Who asks.
        occasion: Occasion,
    },
    /// P-15, B-16: *Later*.
    DeclineAlert {
        /// What the alert is about.
        topic: Topic,
        /// The day whose alert it was.
        on: NaiveDate,
    },
    /// B-17: a logon opened a restricted session.
    NoteRestrictedSession {},
}

/// P-03: a registration. One without a smartcard passcode cannot be written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registration {
    /// The card, personalised and read back.
    pub card: IssuedCard,
    /// Where the vault keeps the tag of the first smartcard passcode.
    pub smartcard: SecretRef,
    /// P-04: the same for an account recovery passcode, if one was chosen.
    pub account_recovery: Option<SecretRef>,
    /// P-04: the same for a verification passcode, if one was chosen.
    pub verification: Option<SecretRef>,
}

impl Registration {
    /// The passcodes that it sets.
    pub(super) fn passcodes(&self) -> [Option<(Kind, SecretRef)>; 3] {
        [
            Some((Kind::Smartcard, self.smartcard)),
            self.account_recovery.map(|secret| (Kind::AccountRecovery, secret)),
            self.verification.map(|secret| (Kind::Verification, secret)),
        ]
    }
}
