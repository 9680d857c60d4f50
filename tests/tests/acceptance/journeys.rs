//! A newcomer's first tour, and what time brings, in a real browser, as README.md tells it: with scripts and without, on a
//! desktop and on a phone. Every page on the way is checked with axe, the card software's too.
//!
//! Pictures of the pages are left with what the build leaves (`target/debug/journeys`). Where
//! `LATCHKEY_SCREENSHOTS` names a folder, the few that README.md shows are put there.

mod certificates;
mod desk;
mod policy;
mod self_service;
mod time;
mod tour;

use std::{cell::Cell, fs, path::PathBuf};

use anyhow::{Context as _, ensure};
use tests::{
    chromium::{Browser, Screen, Scripts},
    held::until,
    sandbox::build_folder,
    system::System,
};

/// The pages that README.md shows.
const IN_README: [&str; 24] = [
    "drawer",
    "passcode-page",
    "manage-passcodes",
    "ledger",
    "alert",
    "forced",
    "locked",
    "time-machine",
    "mailbox",
    "certificates-alert",
    "certificates-renew",
    "certificates-interrupted",
    "certificates-renewed",
    "my-profile",
    "register-question",
    "register-code",
    "unlock-start",
    "unlock-done",
    "desk-work",
    "desk-record",
    "audit-past",
    "history",
    "forecast",
    "policy",
];

/// One walk through the pages, with one browser on one screen.
struct Walk<'a> {
    system: &'a System,
    browser: &'a Browser,
    scripts: Scripts,
    screen: Screen,
    n_stops: Cell<usize>,
}

impl<'a> Walk<'a> {
    fn new(
        system: &'a System,
        browser: &'a Browser,
        scripts: Scripts,
        screen: Screen,
    ) -> anyhow::Result<Self> {
        browser.resize(screen)?;
        Ok(Self { system, browser, scripts, screen, n_stops: Cell::new(0) })
    }

    /// The same walk, seen on another screen.
    fn on(&self, screen: Screen) -> anyhow::Result<Self> {
        let Self { system, browser, scripts, .. } = *self;
        browser.resize(screen)?;
        Ok(Self { system, browser, scripts, screen, n_stops: self.n_stops.clone() })
    }

    /// Looks at the page: it is the one with this title, says these things, fits the screen, breaks
    /// no rule of its own and none of accessibility.
    fn stop(&self, name: &str, title: &str, says: &[&str]) -> anyhow::Result<()> {
        self.look(name, title, says).with_context(|| {
            format!("at {name}, {}, scripts {:?}", self.screen.name(), self.scripts)
        })
    }

    /// The same stop on a desktop and on a phone.
    fn stop_on_both(&self, name: &str, title: &str, says: &[&str]) -> anyhow::Result<()> {
        for screen in Screen::ALL {
            self.on(screen)?.stop(name, title, says)?;
        }
        self.n_stops.set(self.n_stops.get() + 1);
        self.browser.resize(self.screen)
    }

    fn look(&self, name: &str, title: &str, says: &[&str]) -> anyhow::Result<()> {
        let browser = self.browser;
        let shown = browser.title()?;
        let text = browser.text()?;
        self.keep_picture(name)?;
        ensure!(shown.starts_with(&format!("{title} – ")), "this is {shown:?}:\n{text}");
        for sentence in says {
            ensure!(text.contains(sentence), "{sentence:?} is not to be seen in:\n{text}");
        }
        ensure!(!browser.is_too_wide()?, "one has to scroll sideways");
        if self.scripts == Scripts::On {
            let faults = browser.accessibility_faults()?;
            ensure!(faults.is_empty(), "axe:\n{}", faults.join("\n"));
        }
        let complaints = browser.complaints()?;
        ensure!(complaints.is_empty(), "the browser complains:\n{}", complaints.join("\n"));
        Ok(())
    }

    /// With scripts, an error summary has the focus and its first link leads into a field.
    fn errors_are_found_by_keyboard(&self, first_field: &str) -> anyhow::Result<()> {
        if self.scripts == Scripts::On {
            let focus = self.browser.focus()?;
            ensure!(focus.contains("error-summary"), "the focus is on {focus:?}");
            self.browser.click("(//*[contains(@class, 'nhsuk-error-summary__list')]//a)[1]")?;
            let focus = self.browser.focus()?;
            ensure!(focus == first_field, "the link leads to {focus:?}");
        }
        Ok(())
    }

    /// Opens a tab of the header; on a phone with scripts it may be behind *More*.
    fn go_to_tab(&self, tab: &str) -> anyhow::Result<()> {
        let link = format!("//header//a[normalize-space()={tab:?}]");
        if self.browser.count_visible(&link)? == 0 {
            self.browser.click("//header//button[contains(@class, 'menu-toggle')]")?;
        }
        self.browser.follow(tab)
    }

    /// From a job's page to the card software's, and *Check again* until it has seen the card.
    fn go_to_passcode_page(&self) -> anyhow::Result<()> {
        self.browser.press("Enter your passcode")?;
        let address = self.browser.address()?;
        ensure!(address.as_str().starts_with(&self.system.agent_origin()), "this is {address}");
        until("the card software sees the card", || {
            if self.browser.text()?.contains("Tries left") {
                return Ok(Some(()));
            }
            self.browser.press("Check again")?;
            Ok(None)
        })
    }

    fn keep_picture(&self, name: &str) -> anyhow::Result<()> {
        let (screen, n) = (self.screen.name(), self.n_stops.get() + 1);
        self.n_stops.set(n);
        let scripts = match self.scripts {
            Scripts::On => "scripts",
            Scripts::Off => "no-scripts",
        };
        let folder = build_folder()?.join("journeys");
        fs::create_dir_all(&folder)?;
        let file = folder.join(format!("{scripts}-{screen}-{n:02}-{name}.png"));
        fs::write(file, self.browser.picture(true)?)?;
        let Some(folder) = std::env::var_os("LATCHKEY_SCREENSHOTS") else { return Ok(()) };
        let wanted = IN_README.contains(&name) && self.screen == Screen::Desktop;
        if wanted && self.scripts == Scripts::On {
            let folder = PathBuf::from(folder);
            fs::create_dir_all(&folder)?;
            fs::write(folder.join(format!("{name}.png")), self.browser.picture(false)?)?;
        }
        Ok(())
    }
}
