//! Where a page of people ended. B-59: it may have ended with somebody of another organisation, so that is
//! for nobody's eyes, and for nobody to choose: it is sealed for this session and this list.

use serde::{Serialize, de::DeserializeOwned};

use crate::{app::App, drafts, staff::Member};

/// What a page before is said to have ended with is nothing that one ends with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is no place in this list")]
pub struct NotAPlace;

/// Why a list is not shown.
#[derive(Debug, thiserror::Error)]
pub enum NotListed {
    /// It was to go on where nothing goes on.
    #[error(transparent)]
    NotAPlace(#[from] NotAPlace),
    /// We failed.
    #[error(transparent)]
    Failed(#[from] anyhow::Error),
}

/// A list, as one member of staff goes through it.
#[derive(Clone, Copy)]
pub(super) struct List<'a> {
    pub(super) app: &'a App,
    pub(super) member: &'a Member,
    /// Which list.
    pub(super) name: &'static str,
    /// Of what.
    pub(super) of: &'a str,
}

impl List<'_> {
    /// For an address or a form.
    pub(super) fn seal<T: Serialize>(&self, place: &T) -> Option<String> {
        drafts::seal(self.app, self.name, &self.bound_to(), place)
    }

    /// What was sealed so, in the last hour.
    pub(super) fn open<T: DeserializeOwned>(&self, text: &str) -> Result<T, NotAPlace> {
        drafts::open(text, self.app, self.name, &self.bound_to()).ok_or(NotAPlace)
    }

    fn bound_to(&self) -> String {
        format!("{} {}", hex::encode(self.member.session().token.0), self.of)
    }
}
