//! The tour itself.

use std::time::Duration;

use anyhow::ensure;
use tests::{
    chromium::{Browser, Screen, Scripts},
    held::until,
    system::system,
};

use super::Walk;

/// Who makes the tour, and what is set on the way.
struct Newcomer<'a> {
    card: &'static str,
    name: &'static str,
    old: String,
    new: &'a str,
    verification: Verification<'a>,
}

/// What becomes of the verification passcode.
enum Verification<'a> {
    Set(&'a str),
    Remove,
}

fn whole_tour(
    scripts: Scripts,
    card: &'static str,
    name: &'static str,
    new: [&str; 2],
) -> anyhow::Result<()> {
    let system = system()?;
    let browser = Browser::start(scripts)?;
    let what = [Verification::Set("Lighthouse-7"), Verification::Remove];
    for ((screen, new), verification) in Screen::ALL.into_iter().zip(new).zip(what) {
        let newcomer = Newcomer { card, name, old: system.passcode(card), new, verification };
        let walk = Walk::new(&system, &browser, scripts, screen)?;
        walk.insert_card(&newcomer)?;
        walk.log_in(&newcomer)?;
        walk.fill_in_wrongly()?;
        walk.update(&newcomer)?;
        walk.look_around(&newcomer)?;
        walk.stay_logged_in()?;
        walk.log_out(&newcomer)?;
    }
    Ok(())
}

#[test]
fn s01_s08_a_newcomer_makes_the_whole_tour() -> anyhow::Result<()> {
    whole_tour(Scripts::On, "tomasz", "Tomasz Nowak", ["Tour-1", "tour"])
}

#[test]
fn s01_s08_a_newcomer_makes_the_whole_tour_without_scripts() -> anyhow::Result<()> {
    whole_tour(Scripts::Off, "jo", "Jo Williams", ["Walk-1", "walk"])
}

impl Walk<'_> {
    fn insert_card(&self, newcomer: &Newcomer<'_>) -> anyhow::Result<()> {
        let Newcomer { card, name, .. } = newcomer;
        self.browser.open(&format!("{}/", self.system.origin()))?;
        let applications = ["Launch Self Service Portal", "Launch Care Identity Service"];
        self.stop("start", "Launch an application", &applications)?;
        self.browser.follow("Launch Care Identity Service")?;
        self.stop(
            "care-identity-service",
            "Care Identity Service",
            &["My Profile", "Unlock your smartcard"],
        )?;
        self.browser.follow("Open the card drawer")?;
        self.stop("drawer", "Card drawer", &["The reader is empty.", name])?;
        self.browser.press(&format!("Insert the card of {name}"))?;
        let inserted = format!("The card of {name} is in the reader.");
        self.stop("card-inserted", "Card drawer", &[&inserted])?;
        let contents = self.system.sandbox.drawer().list()?;
        ensure!(contents.slots[0].card.as_deref() == Some(*card), "{contents:?}");
        Ok(())
    }

    fn log_in(&self, newcomer: &Newcomer<'_>) -> anyhow::Result<()> {
        self.browser.open(&format!("{}/", self.system.origin()))?;
        self.browser.follow("Launch Self Service Portal")?;
        let title = "Log in to the Self Service Portal";
        self.stop("log-in", title, &["You do not enter your passcode here."])?;
        self.browser.press("Log in with your smartcard")?;
        let title = "Enter your passcode to log in";
        self.stop("job", title, &["Check that its address begins with 127.0.0.1"])?;
        self.go_to_passcode_page()?;
        let title = "Log in with your smartcard";
        self.stop("passcode-page", title, &["Tries left", &self.system.origin()])?;
        self.passcodes_can_be_shown_with_scripts()?;

        self.browser.press("Log in")?;
        let error = format!("Error: {title}");
        self.stop("passcode-missing", &error, &["There is a problem"])?;
        self.errors_are_found_by_keyboard("current_passcode")?;
        self.browser.type_into("current_passcode", "wrong-1")?;
        self.browser.press("Log in")?;
        self.stop("passcode-wrong", &error, &["2 tries are left before the card is locked"])?;
        self.errors_are_found_by_keyboard("current_passcode")?;
        self.browser.type_into("current_passcode", &newcomer.old)?;
        self.browser.press("Log in")?;
        self.stop("home", "Your smartcard", &[newcomer.name, "Connected"])
    }

    fn passcodes_can_be_shown_with_scripts(&self) -> anyhow::Result<()> {
        let toggle = "//button[contains(@class, 'password-input__toggle')]";
        let field = "//input[@name='current_passcode']";
        let n_toggles = self.browser.count_visible(toggle)?;
        match self.scripts {
            Scripts::Off => ensure!(n_toggles == 0, "a button that does nothing"),
            Scripts::On => {
                ensure!(n_toggles == 1, "{n_toggles} buttons to show one field");
                self.browser.click(toggle)?;
                let kind = self.browser.attribute(field, "type")?;
                ensure!(kind.as_deref() == Some("text"), "{kind:?}");
                self.browser.click(toggle)?;
            }
        }
        Ok(())
    }

    /// Every fault of the form at once, and nothing that was typed comes back.
    fn fill_in_wrongly(&self) -> anyhow::Result<()> {
        self.go_to_tab("Manage Passcodes")?;
        let says = ["Passcode Status", "Reset Passcodes", "Smartcard passcode"];
        self.stop("manage-passcodes", "Manage Passcodes", &says)?;
        self.browser.press("Update")?;
        let (title, problem) = ("Error: Manage Passcodes", "There is a problem");
        self.stop("nothing-entered", title, &[problem, "Enter a new passcode"])?;
        self.browser.type_into("new_account_recovery", "short")?;
        self.browser.type_into("new_verification", "Lighthouse-8")?;
        self.browser.type_into("confirm_verification", "Lighthouse-9")?;
        self.browser.press("Update")?;
        let says = [
            problem,
            "must be between 8 and 20 characters",
            "Confirm your new account recovery passcode",
            "The new verification passcode and its confirmation do not match",
        ];
        self.stop("several-errors", title, &says)?;
        self.errors_are_found_by_keyboard("new_account_recovery")?;
        let typed = self.browser.attribute("//input[@name='new_account_recovery']", "value")?;
        ensure!(typed.unwrap_or_default().is_empty(), "a passcode came back");
        self.browser.press("Cancel")?;
        let says = ["Nothing was changed. What you had entered was not kept."];
        self.stop("cancelled", "You cancelled the update", &says)?;
        self.browser.follow("Go back to Manage Passcodes")
    }

    fn update(&self, newcomer: &Newcomer<'_>) -> anyhow::Result<()> {
        let change = match newcomer.verification {
            Verification::Set(passcode) => {
                self.browser.type_into("new_verification", passcode)?;
                self.browser.type_into("confirm_verification", passcode)?;
                "Set a new verification passcode"
            }
            Verification::Remove => {
                self.browser.tick("blank_verification")?;
                "Remove your verification passcode"
            }
        };
        self.browser.tick("smartcard")?;
        self.browser.press("Update")?;
        let title = "Enter your passcode to update your passcodes";
        self.stop("update-job", title, &["do not remove it until you have finished"])?;
        self.go_to_passcode_page()?;
        let title = "Change your smartcard passcode";
        let says = [change, "Set a new smartcard passcode", "4 to 8 characters"];
        self.stop("change-page", title, &says)?;

        self.browser.type_into("new_passcode", "abc")?;
        self.browser.type_into("confirm_passcode", "abd")?;
        self.browser.press("Make these changes")?;
        let says = [
            "Enter your current smartcard passcode",
            "Your new smartcard passcode must be 4 to 8 characters",
            "Enter the same new smartcard passcode twice",
        ];
        self.stop("change-errors", &format!("Error: {title}"), &says)?;
        self.errors_are_found_by_keyboard("current_passcode")?;

        self.browser.type_into("current_passcode", &newcomer.old)?;
        self.browser.type_into("new_passcode", newcomer.new)?;
        self.browser.type_into("confirm_passcode", newcomer.new)?;
        self.browser.press("Make these changes")?;
        self.system.remember(newcomer.card, newcomer.new);
        let says = ["smartcard passcode and verification passcode have been updated", change];
        self.stop("updated", "Your passcodes have been updated", &says)
    }

    fn look_around(&self, newcomer: &Newcomer<'_>) -> anyhow::Result<()> {
        self.go_to_tab("What happened")?;
        let verification = match newcomer.verification {
            Verification::Set(_) => "You set a new verification passcode",
            Verification::Remove => "You removed your verification passcode",
        };
        let says = [
            verification,
            "You set a new smartcard passcode",
            "Somebody entered a wrong smartcard passcode; 2 tries are left",
        ];
        self.stop("ledger", "What happened", &says)?;
        self.go_to_tab("Help")?;
        self.stop("help", "Help", &["Your reader and your card"])?;
        self.browser.follow("Your smartcard is locked")?;
        self.stop("help-card-locked", "Your smartcard is locked", &["What to do"])?;
        self.browser.open(&format!("{}/rules/P-22", self.system.origin()))?;
        self.stop("rule", "Rule P-22", &["last five"])?;
        self.browser.follow("Accessibility statement")?;
        self.stop("accessibility", "Accessibility statement", &["without JavaScript"])?;
        self.browser.open(&format!("{}/nowhere", self.system.origin()))?;
        self.stop("not-found", "Page not found", &[])?;
        self.browser.open(&format!("{}/nowhere", self.system.agent_origin()))?;
        self.stop("agent-not-found", "Page not found", &["The card software has no page"])
    }

    /// Two minutes before the session's end a warning has the focus; *Stay logged in* takes it away,
    /// and whoever does nothing is led out.
    fn stay_logged_in(&self) -> anyhow::Result<()> {
        const HEADING: &str = "You will be logged out soon";
        self.browser.open(&format!("{}/home", self.system.origin()))?;
        self.stop("home-again", "Your smartcard", &["we will log you out at"])?;
        if self.scripts == Scripts::Off {
            return Ok(());
        }
        let dialog = "//dialog[@open]";
        self.browser.pretend_later(Duration::from_mins(13))?;
        until("the warning", || Ok((self.browser.count_visible(dialog)? == 1).then_some(())))?;
        self.stop("time-out", "Your smartcard", &[HEADING, "Stay logged in", "Log out"])?;
        let focus = self.browser.focus()?;
        ensure!(focus == "app-time-out-stay", "the focus is on {focus:?}");
        self.browser.click("//dialog//button[normalize-space()='Stay logged in']")?;
        until("no warning", || Ok((self.browser.count_visible(dialog)? == 0).then_some(())))?;
        self.stop("stayed", "Your smartcard", &["we will log you out at"])?;
        self.browser.pretend_later(Duration::from_mins(16))?;
        // The session itself is fresh, so the page after it has nothing to tell.
        until("the way out", || {
            Ok(self.browser.address()?.path().ends_with("/log-in").then_some(()))
        })
    }

    fn log_out(&self, newcomer: &Newcomer<'_>) -> anyhow::Result<()> {
        self.browser.open(&format!("{}/home", self.system.origin()))?;
        self.browser.press("Log out")?;
        self.stop("logged-out", "You have logged out", &["Take your smartcard out"])?;
        self.browser.follow("Open the card drawer")?;
        self.browser.press(&format!("Remove the card of {}", newcomer.name))?;
        self.stop("drawer-closed", "Card drawer", &["The reader is empty."])?;
        self.an_empty_reader_is_named()
    }

    fn an_empty_reader_is_named(&self) -> anyhow::Result<()> {
        self.browser.follow("log in")?;
        self.browser.press("Log in with your smartcard")?;
        self.browser.press("Enter your passcode")?;
        let title = "Put your smartcard in the reader";
        self.stop("no-card", title, &["there is no card in it", "What you can do"])
    }
}
