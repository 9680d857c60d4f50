//! The page after a session: why it ended, and the way back in.

use pages::{Environment, Error, Frame, Head};
use serde::Serialize;

use super::paths;

/// Why a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// The holder logged out.
    LoggedOut,
    /// The card left the reader, or the card software was gone for a minute.
    CardRemoved,
    /// Nothing was done for 15 minutes.
    Idle,
    /// 12 hours were over.
    AbsoluteLimit,
    /// C-14: the certificates were renewed.
    CertificatesRenewed,
    /// C-15: the holder has revoked his certificates.
    CertificatesRevoked,
    /// B-57: the certificates were suspended.
    CertificatesSuspended,
    /// Somebody else has shown another card at this workstation.
    Suspended,
    /// The card software was withdrawn, or an operator ended it.
    Revoked,
}

/// The page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionEnded {
    /// Why.
    pub reason: Ended,
}

#[derive(Serialize)]
struct Page {
    text: &'static str,
    next: &'static str,
    log_in: &'static str,
    may_log_in: bool,
}

impl Ended {
    fn words(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::LoggedOut => (
                "You have logged out",
                "You are no longer logged in to the Self Service Portal.",
                "Take your smartcard out of the reader if you are leaving this computer.",
            ),
            Self::CardRemoved => (
                "You were logged out because your card was removed",
                "We end your session when your smartcard leaves the reader, or when we have not heard from the card software for a minute.",
                "Nothing you had entered was kept. What you had finished stays as it is.",
            ),
            Self::Idle => (
                "We logged you out to keep your card safe",
                "You did nothing for 15 minutes.",
                "Passcodes you had entered were not kept. What you had finished stays as it is.",
            ),
            Self::AbsoluteLimit => (
                "We logged you out after 12 hours",
                "A session lasts no longer than 12 hours.",
                "Passcodes you had entered were not kept. What you had finished stays as it is.",
            ),
            Self::CertificatesRenewed => (
                "You have been logged out: log in again",
                "Your certificates were renewed. Your session was opened with a key that is no longer on your card, so we have ended it.",
                "Close other windows of the portal, then log in again with your smartcard and the same passcode as before.",
            ),
            Self::CertificatesRevoked => (
                "Your certificates have been revoked",
                "Your smartcard opens nothing any more, and we have ended all your sessions. This cannot be undone.",
                "Visit the registration authority of your organisation for a new smartcard. If somebody else may have used your card, tell them now.",
            ),
            Self::CertificatesSuspended => (
                "Your certificates are suspended",
                "Your smartcard opens nothing for the time being, and we have ended all your sessions.",
                "Visit the registration authority of your organisation. They can end the suspension, or issue another smartcard.",
            ),
            Self::Suspended => (
                "Your session is suspended",
                "Somebody else has used another smartcard at this computer. Nobody can do anything in your name while it is so.",
                "Leave your smartcard in its reader and log in again to go on. Whoever has logged in with the other card has to log in again, too.",
            ),
            Self::Revoked => (
                "Your session has been ended",
                "Your smartcard, or access with it, has been withdrawn.",
                "Contact the registration authority of your organisation.",
            ),
        }
    }
}

impl SessionEnded {
    /// The page as HTML.
    pub fn render(&self, environment: &Environment<'_>, frame: &Frame) -> Result<String, Error> {
        let (title, text, next) = self.reason.words();
        let may_log_in = !matches!(
            self.reason,
            Ended::Revoked | Ended::CertificatesRevoked | Ended::CertificatesSuspended
        );
        let page = Page { text, next, log_in: paths::LOG_IN, may_log_in };
        pages::render(environment, "session_ended.jinja", frame, &Head::new(title), &page)
    }
}
