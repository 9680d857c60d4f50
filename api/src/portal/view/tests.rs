//! Every page in every state, as a reviewer reads it.
//!
//! With `LATCHKEY_GALLERY` set to a folder, each page is also written there as HTML, to be looked at
//! in a browser (serve the folder with `/assets` beside it).

mod account;
mod audit;
mod certificates;
mod demo;
mod desk;
mod expiry;
mod jobs;
mod passcodes;
mod policy;
mod public;
mod self_service;

use std::{env, fs, path::Path};

use pages::{Environment, Error, Frame, testing::main_outline};
use stores::session::Scope;

use super::{
    environment,
    frame::{Tab, Visitor, frame},
};

/// What a rendering function needs.
struct Stage {
    environment: Environment<'static>,
    frame: Frame,
}

/// Nobody is logged in.
fn nobody() -> Stage {
    Stage { environment: environment().unwrap(), frame: frame(true, None, None) }
}

/// A holder is logged in, and on this tab.
fn holder_on(tab: Tab) -> Stage {
    somebody_on(tab, false)
}

/// A member of staff is logged in, and at the desk.
fn staff_at_desk() -> Stage {
    somebody_on(Tab::Desk, true)
}

fn somebody_on(tab: Tab, is_of_desk: bool) -> Stage {
    let visitor = Visitor {
        name: "Dr Sam Okafor",
        log_out_at: "2:47pm",
        scope: Scope::Full,
        may_renew: true,
        is_of_desk,
    };
    Stage { environment: environment().unwrap(), frame: frame(true, Some(visitor), Some(tab)) }
}

impl Stage {
    /// Renders a page and compares what it says with its snapshot.
    #[track_caller]
    fn shows(&self, name: &str, page: impl Fn(&Environment<'_>, &Frame) -> Result<String, Error>) {
        let html = page(&self.environment, &self.frame).unwrap_or_else(|error| panic!("{error:#}"));
        if let Some(folder) = env::var_os("LATCHKEY_GALLERY") {
            fs::write(Path::new(&folder).join(format!("{name}.html")), &html).unwrap();
        }
        says(name, &main_outline(&html));
    }
}

/// Compares a text with its snapshot; all of them lie in one folder.
#[track_caller]
fn says(name: &str, text: &str) {
    insta::assert_snapshot!(name, text);
}

#[test]
fn the_frame_of_production_says_nothing_of_a_demonstration() {
    let environment = environment().unwrap();
    let html = super::accessibility::render(&environment, &frame(false, None, None)).unwrap();
    assert!(!html.contains("Demo") && !html.contains("/demo"));
}

#[test]
fn b17_a_restricted_session_shows_no_tab_that_it_may_not_open() {
    let visitor = Visitor {
        name: "Jo",
        log_out_at: "2:47pm",
        scope: Scope::Restricted,
        may_renew: false,
        is_of_desk: true,
    };
    let frame = frame(true, Some(visitor), Some(Tab::Home));
    let html = super::accessibility::render(&environment().unwrap(), &frame).unwrap();
    let outline = pages::testing::outline(&html);
    assert!(!outline.contains("What happened") && !outline.contains("Desk"));
    assert!(outline.contains("Manage Passcodes"));
}

#[test]
fn s01_c01_renew_certificates_is_a_tab_only_while_they_can_be_renewed() {
    for may_renew in [true, false] {
        let visitor = Visitor {
            name: "Jo",
            log_out_at: "2:47pm",
            scope: Scope::Full,
            may_renew,
            is_of_desk: false,
        };
        let frame = frame(true, Some(visitor), Some(Tab::Home));
        let html = super::accessibility::render(&environment().unwrap(), &frame).unwrap();
        let outline = pages::testing::outline(&html);
        assert_eq!(outline.contains("Renew Certificates"), may_renew);
        assert!(outline.contains("Revoke Certificates"));
    }
}

#[test]
fn s01_a_holder_sees_the_tabs_and_the_current_one_is_marked() {
    let stage = holder_on(Tab::ManagePasscodes);
    let html = super::accessibility::render(&stage.environment, &stage.frame).unwrap();
    let outline = pages::testing::outline(&html);
    for tab in ["Home", "Manage Passcodes", "What happened", "Help"] {
        assert!(outline.contains(tab), "{tab}");
    }
    assert_eq!(outline.matches("aria-current=\"page\"").count(), 1);
}
