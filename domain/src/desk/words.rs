//! How pages, mails and ledgers say it.

use super::{CancelReason, Checker, CloseReason, Loss, SuspensionReason, View};
use crate::certificate::RevocationReason;

impl Loss {
    /// Both, in the order in which pages show them.
    pub const ALL: [Self; 2] = [Self::Lost, Self::Stolen];

    /// As stored and sent: the same text as in events.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Lost => "lost",
            Self::Stolen => "stolen",
        }
    }

    /// After "the smartcard is".
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Lost => "lost",
            Self::Stolen => "stolen",
        }
    }

    /// B-61: the card is out of use for the same reason.
    #[must_use]
    pub fn cancels_as(self) -> CancelReason {
        match self {
            Self::Lost => CancelReason::Lost,
            Self::Stolen => CancelReason::Stolen,
        }
    }
}

impl SuspensionReason {
    /// All of them, in the order in which pages show them.
    pub const ALL: [Self; 4] = [Self::Mislaid, Self::Suspected, Self::Away, Self::NotMe];

    /// What the desk may say; "this was not me" is said by the holder.
    pub const AT_DESK: [Self; 3] = [Self::Mislaid, Self::Suspected, Self::Away];

    /// As stored and sent: the same text as in events.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Mislaid => "mislaid",
            Self::Suspected => "suspected",
            Self::Away => "away",
            Self::NotMe => "not_me",
        }
    }

    /// In the middle of a sentence that begins "because".
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Mislaid => "the smartcard cannot be found",
            Self::Suspected => "somebody else may have used the smartcard",
            Self::Away => "the smartcard is not used for a while",
            Self::NotMe => "an email about it was answered by \"this was not me\"",
        }
    }
}

impl CancelReason {
    /// All of them, in the order in which pages show them.
    pub const ALL: [Self; 6] = [
        Self::Lost,
        Self::Stolen,
        Self::Damaged,
        Self::Compromised,
        Self::NoLongerNeeded,
        Self::AccountClosed,
    ];

    /// What the desk may say; that the account is closed is said by closing it.
    pub const AT_DESK: [Self; 5] =
        [Self::Damaged, Self::Compromised, Self::NoLongerNeeded, Self::Lost, Self::Stolen];

    /// What the desk may say of a card in whose place another is given.
    pub const REPLACED: [Self; 4] = [Self::Damaged, Self::Lost, Self::Stolen, Self::Compromised];

    /// As stored and sent: the same text as in events.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Lost => "lost",
            Self::Stolen => "stolen",
            Self::Damaged => "damaged",
            Self::Compromised => "compromised",
            Self::NoLongerNeeded => "no_longer_needed",
            Self::AccountClosed => "account_closed",
        }
    }

    /// In the middle of a sentence that begins "because".
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Lost => "it is lost",
            Self::Stolen => "it is stolen",
            Self::Damaged => "it is damaged",
            Self::Compromised => "somebody else may have used it or know its passcode",
            Self::NoLongerNeeded => "it is no longer needed",
            Self::AccountClosed => "the account was closed",
        }
    }

    /// C-15: why its certificates are revoked with it.
    #[must_use]
    pub fn revokes_as(self) -> RevocationReason {
        match self {
            Self::Lost | Self::Stolen => RevocationReason::LostOrStolen,
            Self::Damaged => RevocationReason::Damaged,
            Self::Compromised => RevocationReason::Compromised,
            Self::NoLongerNeeded | Self::AccountClosed => RevocationReason::NoLongerNeeded,
        }
    }

    /// B-45: true if what was set up with the card may be somebody else's by now.
    #[must_use]
    pub fn drops_registration(self) -> bool {
        match self {
            Self::Compromised | Self::AccountClosed => true,
            Self::Lost | Self::Stolen | Self::Damaged | Self::NoLongerNeeded => false,
        }
    }
}

impl CloseReason {
    /// All of them, in the order in which pages show them.
    pub const ALL: [Self; 4] = [Self::Left, Self::RegisteredTwice, Self::Died, Self::Misuse];

    /// As stored and sent: the same text as in events.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Left => "left",
            Self::RegisteredTwice => "registered_twice",
            Self::Died => "died",
            Self::Misuse => "misuse",
        }
    }

    /// In the middle of a sentence that begins "because".
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Left => "the person does not work there any more",
            Self::RegisteredTwice => "the person was registered twice",
            Self::Died => "the person has died",
            Self::Misuse => "the service was misused",
        }
    }
}

impl Checker {
    /// At the beginning of a sentence.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Desk => "The registration authority",
            Self::Telephone => "A telephone service",
        }
    }
}

impl SuspensionReason {
    /// B-57: true if the card may be in somebody else's hands meanwhile, so that it has to be decided
    /// in time whether it is lost.
    #[must_use]
    pub fn may_be_lost(self) -> bool {
        match self {
            Self::Mislaid | Self::Suspected | Self::NotMe => true,
            Self::Away => false,
        }
    }
}

impl View {
    /// After "looked at".
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Record => "your record",
            Self::History => "your history",
            Self::AsOf => "how things stood with you at some time",
            Self::Name => "your name",
        }
    }
}
