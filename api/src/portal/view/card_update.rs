//! S-07, C-11 to C-14: *Update My Card* while it runs, and how it ends. The page is one fragment
//! that is rendered anew whenever something has changed: scripts put it in place of the one before,
//! and without scripts the page asks again by itself.

use pages::{Environment, Error, Frame, Head, Link};
use serde::Serialize;
use workflows::update_my_card::{Line, State};

use super::{certificates::renewals_left, help::Topic, paths};

/// After so many seconds a page without scripts asks again, while something is going on.
const REFRESH_SECS: u32 = 3;

/// The page of one visit to the card in an update.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CardUpdate {
    /// The number of its job, which is no secret.
    pub job: String,
    /// How far it is.
    pub state: UpdateState,
}

/// How far an update is, as far as the page is concerned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum UpdateState {
    /// The card software works on it.
    Working {
        /// C-11: the five steps.
        lines: Vec<StepLine>,
    },
    /// B-55: it stopped, and goes on as soon as the card is back.
    Interrupted {
        /// How far it got.
        lines: Vec<StepLine>,
        /// Why, if anybody knows, in a sentence.
        why: Option<String>,
    },
    /// C-12: both certificates are on the card, read back.
    Renewed {
        /// "14 December 2028".
        expires: String,
        /// C-03: in a sentence.
        renewals: String,
    },
    /// C-13, C-14: *Continue* was pressed.
    Continued,
    /// C-15: the certificates were revoked meanwhile.
    Revoked,
    /// It ended without being done: something else has taken its place.
    Replaced,
}

/// One step of the five.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StepLine {
    /// What.
    pub what: &'static str,
    /// How far, in a word or two.
    pub state: &'static str,
    /// Colour of the tag; none where the word stands alone.
    pub colour: Option<&'static str>,
}

impl From<&Line> for StepLine {
    fn from(line: &Line) -> Self {
        let (state, colour) = match line.state {
            State::Waiting => ("Waiting", Some("grey")),
            State::InProgress => ("In progress", Some("blue")),
            State::Done => ("Done", None),
            State::Failed => ("Failed", Some("red")),
            State::NotKnown => ("Not known", Some("yellow")),
        };
        Self { what: line.what.words(), state, colour }
    }
}

impl UpdateState {
    /// C-12: how often the holder may renew again, and until when the new pair is good.
    #[must_use]
    pub fn renewed(expires: String, self_renewals_left: u8) -> Self {
        Self::Renewed { expires, renewals: renewals_left(self_renewals_left) }
    }

    /// True while the page has to look again by itself.
    #[must_use]
    pub fn is_live(&self) -> bool {
        match self {
            Self::Working { .. } | Self::Interrupted { .. } => true,
            Self::Renewed { .. } | Self::Continued | Self::Revoked | Self::Replaced => false,
        }
    }

    fn title(&self) -> String {
        match self {
            Self::Working { .. } => "Updating your card".to_owned(),
            Self::Interrupted { .. } => "Your card is not finished yet".to_owned(),
            Self::Renewed { .. } => "Certificates renewed and card updated".to_owned(),
            Self::Continued => "You have been logged out: log in again".to_owned(),
            Self::Revoked => "Your certificates have been revoked".to_owned(),
            Self::Replaced => "This renewal has ended".to_owned(),
        }
    }
}

#[derive(Serialize)]
struct Page<'a> {
    title: String,
    state: &'a UpdateState,
    refresh_secs: Option<u32>,
    check_again: String,
    live: Option<String>,
    again: String,
    go_on: String,
    log_in: &'static str,
    home: &'static str,
    interrupted: Link,
}

impl CardUpdate {
    fn page(&self) -> Page<'_> {
        let live = self.state.is_live();
        Page {
            title: self.state.title(),
            state: &self.state,
            refresh_secs: live.then_some(REFRESH_SECS),
            check_again: paths::card_update(&self.job),
            live: live.then(|| paths::card_update_live(&self.job)),
            again: paths::card_update_again(&self.job),
            go_on: paths::card_update_continue(&self.job),
            log_in: paths::LOG_IN,
            home: paths::HOME,
            interrupted: Topic::CardUpdateInterrupted.link(),
        }
    }

    /// The page as HTML.
    ///
    /// # Errors
    /// If the template does not fit.
    pub fn render(&self, environment: &Environment<'_>, frame: &Frame) -> Result<String, Error> {
        let page = self.page();
        let head = Head::new(&page.title);
        pages::render(environment, "card_update.jinja", frame, &head, &page)
    }

    /// What changes of it, without what surrounds it.
    ///
    /// # Errors
    /// If the template does not fit.
    pub fn render_fragment(&self, environment: &Environment<'_>) -> Result<String, Error> {
        pages::render_fragment(environment, "_card_update.jinja", &self.page())
    }
}
