//! Mails to holders: what they say ([`Composer`]), and who carries them ([`Courier`]).
//!
//! A mail is composed when it is sent, from the event and the vault's person, so no table keeps
//! one. Composing twice gives the same bytes, Message-ID and date included, so that a mail server
//! or a reader can recognise a repeat. A mail never holds a passcode or a digest of one; a code is in the
//! one mail that brings it, and nowhere else.

mod compose;
mod in_memory;
mod message;
mod smtp;

use std::fmt;

use chrono::{DateTime, Utc};
use futures::future::BoxFuture;
use stores::vault::Person;
use uuid::Uuid;

pub use compose::{
    Answer, Asks, CertificateNotice, CodeNotice, Composer, Copies, Demand, DeskNotice, Notice,
    SelfServiceNotice, Wanted,
};
pub use in_memory::{DELIVERED_MAX, InMemoryCourier};
pub use message::{NotASender, Sender};
pub use smtp::{Limits, Login, NotUsable, SmtpCourier, SmtpSettings, Tls, is_loopback};

/// One mail to one holder.
#[derive(Clone, PartialEq, Eq)]
pub struct Mail {
    /// The same for every attempt at the same step of a workflow.
    pub message_id: MessageId,
    /// When what it tells of happened: its `Date`, however late it is sent.
    pub at: DateTime<Utc>,
    /// Whom it goes to.
    pub to: Person,
    /// Other addresses of his that it goes to as well, at most [`COPIES_MAX`].
    pub copies: Vec<String>,
    /// One line, which anybody may see: no personal data, no secret.
    pub subject: String,
    /// The whole of it as plain text.
    pub text: String,
    /// The same as HTML.
    pub html: String,
}

/// Most addresses of one mail beside the first.
pub const COPIES_MAX: usize = 4;

impl Mail {
    /// All that a reader sees, in one text: what a search for leaked secrets looks through.
    #[must_use]
    pub fn as_text(&self) -> String {
        let Self { message_id, at, to, copies, subject, text, html } = self;
        let (name, email, copies) = (&to.name, &to.email, copies.join(", "));
        format!(
            "Message-ID: {message_id}\nDate: {at}\nTo: {name} <{email}> {copies}\n\
             Subject: {subject}\n\n{text}\n{html}"
        )
    }
}

/// Says nothing of what is in it, nor whom it is to.
impl fmt::Debug for Mail {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Mail({})", self.message_id)
    }
}

/// What a mail is known by to mail servers and readers (RFC 5322 §3.6.4), angle brackets included.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MessageId(String);

impl MessageId {
    /// The id of the mail that a step of a workflow sends, at the host of `portal_origin`.
    #[must_use]
    pub fn of_step(step: Uuid, portal_origin: &str) -> Self {
        let authority = portal_origin.rsplit('/').next().unwrap_or_default();
        let host = authority.split(':').next().unwrap_or_default();
        Self(format!("<{step}@{host}>"))
    }

    /// With the angle brackets.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Why a mail was not accepted. The text is for the operator: a status code and a stage, never what
/// the mail says or whom it is to (a server's answer may quote both, so it is not repeated).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// Trying again may help: no connection, a time-out, an answer 4xx. After a connection that was
    /// lost at the very end the server may have the mail all the same.
    #[error("not now: {0}")]
    Transient(String),
    /// Trying again does not help: an answer 5xx to this mail, or an address that is none.
    #[error("never: {0}")]
    Permanent(String),
}

/// Who carries mails.
pub trait Courier: Send + Sync {
    /// Carries one mail; `Ok` once the next hop has taken responsibility for it. Ends within limits
    /// of its own. If the future is dropped, the mail may or may not have gone out.
    fn deliver<'a>(&'a self, mail: &'a Mail) -> BoxFuture<'a, Result<(), Failure>>;
}

#[cfg(test)]
mod tests;
