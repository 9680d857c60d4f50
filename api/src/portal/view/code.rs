//! U-08 to U-11: the page for a code that was mailed, for registration and unlock
//! alike: where it went, until when it is good, and what to do if it does not come.

use pages::{FieldError, Link};
use serde::Serialize;

/// The id of the field.
pub const FIELD: &str = "code";

/// A code that is awaited, in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CodeView {
    /// B-36: false if none could be sent yet, because too many were; the rest is about the next.
    pub sent: bool,
    /// The address it went to, masked ("n•••@example.org").
    pub to: String,
    /// B-36: which of the codes it is, as mail and page both say ("code 2").
    pub reference: String,
    /// R-09, U-09: until when it is good ("2:47pm").
    pub until: String,
    /// R-09, U-09: how many minutes a code is good, in all.
    pub minutes: u32,
    /// B-37: how often it may still be entered wrongly; none before the first wrong one.
    pub tries_left: Option<u8>,
    /// What is wrong with what was entered.
    pub fault: Option<CodeFault>,
    /// B-36: from when on a new code may be sent ("2:34pm"); none if now.
    pub again_at: Option<String>,
    /// True if no mail got through while the code was good, so that it cannot arrive any more.
    pub undeliverable: bool,
    /// True if a new code has just been sent on the holder's wish.
    pub sent_again: bool,
}

/// What is wrong with a code that was entered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeFault {
    /// Nothing was entered.
    Missing,
    /// B-37: it is not the code.
    Wrong,
    /// B-36: it is the code of an older mail.
    Superseded,
    /// B-11: it came too late.
    Expired,
    /// B-37: it was wrong too often, so that no code is good any more.
    Void,
    /// B-36: no new code can be sent yet.
    TooSoon,
}

impl CodeFault {
    /// What to do, as the error says it.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Missing => "Enter the code from the email",
            Self::Wrong => "The code is not right: check the email and enter it again",
            Self::Superseded => {
                "This is the code of an older email: enter the code of the newest one"
            }
            Self::Expired => "This code has expired: send a new one",
            Self::Void => "This code was entered wrongly too often: send a new one",
            Self::TooSoon => "A new code cannot be sent yet: wait a little",
        }
    }
}

impl Serialize for CodeFault {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.words())
    }
}

impl CodeView {
    /// True if what was entered is of no use, so that another code is the way on.
    #[must_use]
    pub fn needs_another(&self) -> bool {
        match self.fault {
            Some(CodeFault::Expired | CodeFault::Void | CodeFault::TooSoon) => true,
            Some(CodeFault::Missing | CodeFault::Wrong | CodeFault::Superseded) | None => false,
        }
    }

    /// The error summary.
    #[must_use]
    pub fn errors(&self) -> Vec<FieldError> {
        self.fault.map(|fault| FieldError::new(FIELD, fault.words())).into_iter().collect()
    }
}

/// The form around it: whose code it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct CodeForm<'a> {
    pub(super) code: &'a CodeView,
    pub(super) field: &'static str,
    pub(super) label: &'static str,
    pub(super) submit: &'static str,
    pub(super) action: String,
    pub(super) send_again: String,
    pub(super) other_address: Option<Link>,
    pub(super) check_again: String,
    /// True if the way to another code has to be open before the eye.
    pub(super) needs_another: bool,
}
