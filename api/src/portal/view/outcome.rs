//! P-26, P-27: how an *Update* ended. Shown only when it has: *updated* after the commit and the
//! read-back, *failed* when nothing was changed, *not known* when the card has not said yet.

use pages::{Environment, Error, Frame, Head, Link};
use serde::Serialize;

use super::{help::Topic, paths};

/// How it ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Outcome {
    /// Everything that was asked for is done (B-28).
    Updated {
        /// The confirmation ([`domain::passcode::confirmation`]).
        message: String,
        /// What was done, a line each.
        changes: Vec<String>,
        /// P-07, P-23, B-27: each a sentence.
        advice: Vec<String>,
    },
    /// P-27: the holder pressed Cancel.
    Cancelled,
    /// Nothing was changed.
    Failed {
        /// Why, in a sentence.
        reason: String,
    },
    /// The link to the card was lost while it was being written.
    NotKnown,
}

#[derive(Serialize)]
struct Page<'a> {
    outcome: &'a Outcome,
    home: &'static str,
    passcodes: &'static str,
    ledger: &'static str,
    help: Option<Link>,
}

impl Outcome {
    /// The page as HTML.
    pub fn render(&self, environment: &Environment<'_>, frame: &Frame) -> Result<String, Error> {
        let (title, help) = match self {
            Self::Updated { .. } => ("Your passcodes have been updated", None),
            Self::Cancelled => ("You cancelled the update", None),
            Self::Failed { .. } => ("Your passcodes were not updated", None),
            Self::NotKnown => (
                "We do not know yet whether your smartcard passcode was changed",
                Some(Topic::CardWriteUnknown.link()),
            ),
        };
        let page = Page {
            outcome: self,
            home: paths::HOME,
            passcodes: paths::PASSCODES,
            ledger: paths::LEDGER,
            help,
        };
        pages::render(environment, "outcome.jinja", frame, &Head::new(title), &page)
    }
}
