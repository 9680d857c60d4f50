//! The desk's pages: finding a person, his record, a form for each act, what comes of it, and what
//! waits. What may be done is decided elsewhere and handed in.

pub mod done;
pub mod find;
pub mod form;
pub mod list;
pub mod record;
pub mod work;

use serde::Serialize;

/// Whom a page of the desk is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Whose {
    /// The name; none if it was erased.
    pub name: Option<String>,
    /// The smartcard in use.
    pub card: Option<String>,
    /// Address of the record.
    pub record: String,
}

impl Whose {
    /// The name, or words in its place.
    #[must_use]
    pub fn name(&self) -> &str {
        self.name.as_deref().unwrap_or(ERASED)
    }
}

/// In place of a name that was erased.
pub const ERASED: &str = "A person whose name was erased";
