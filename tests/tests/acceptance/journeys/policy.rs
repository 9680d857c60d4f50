//! The policy owner in a browser: what the days to come bring, what other numbers would, and the next version, whose
//! author, reason and first day stand in the history.

use tests::{
    chromium::{Browser, Screen, Scripts},
    system::system,
};

use super::Walk;

/// A first day that no test lives to see.
const FAR: &str = "2090-01-01";

#[test]
fn b14_a_policy_owner_looks_ahead_tries_other_numbers_and_publishes_them() -> anyhow::Result<()> {
    let system = system()?;
    let browser = Browser::start(Scripts::On)?;
    let walk = Walk::new(&system, &browser, Scripts::On, Screen::Desktop)?;
    walk.staff_goes_in("yuki")?;
    walk.looks_ahead()?;
    walk.tries_strict()?;
    walk.publishes()?;
    walk.staff_goes_out()
}

impl Walk<'_> {
    fn looks_ahead(&self) -> anyhow::Result<()> {
        self.go_to_tab("Policy")?;
        self.stop_on_both("policy-versions", "Policy", &["Version 1", "Since always", "In force"])?;
        self.browser.follow("What the coming days will bring")?;
        let says = [
            "400 days from",
            "How much comes at once",
            "Passcodes, month by month",
            "Organisations",
        ];
        self.stop_on_both("forecast", "Forecast", &says)?;
        self.browser.clear("days")?;
        self.browser.type_into("days", "801")?;
        self.browser.press("Show")?;
        self.stop("forecast-fault", "Error: Forecast", &["There is a problem"])?;
        self.errors_are_found_by_keyboard("days")?;
        self.go_to_tab("Policy")
    }

    /// From tomorrow, which would change much; and then from a day on which it changes nothing yet.
    fn tries_strict(&self) -> anyhow::Result<()> {
        self.browser.follow("Try the numbers of the profile strict")?;
        self.stop_on_both("policy-simulate", "Try other numbers", &["Numbers", "First day"])?;
        self.browser.press("See what it would bring")?;
        let says = ["Whether passcodes expire at all", "In all days together", "fewer", "→"];
        self.stop_on_both("policy-simulated", "What these numbers would bring", &says)?;
        self.browser.press("Change the numbers")?;
        self.browser.clear("from")?;
        self.browser.type_into("from", "yesterday")?;
        self.browser.press("See what it would bring")?;
        self.stop("policy-simulate-fault", "Error: Try other numbers", &["Enter a day"])?;
        self.errors_are_found_by_keyboard("from")?;
        self.browser.clear("from")?;
        self.browser.type_into("from", FAR)?;
        self.browser.press("See what it would bring")?;
        let says = ["It would hold from 1 January 2090", "the same"];
        self.stop("policy-simulated-far", "What these numbers would bring", &says)
    }

    fn publishes(&self) -> anyhow::Result<()> {
        self.browser.press("Go on to publish it")?;
        let title = "Publish version 2 of the policy";
        let says = ["at least 14 days of notice", "This cannot be undone"];
        self.stop_on_both("policy-publish", title, &says)?;
        self.browser.press("Publish version 2")?;
        let says = ["A reason has 1 to 400 characters"];
        self.stop("policy-publish-fault", &format!("Error: {title}"), &says)?;
        self.errors_are_found_by_keyboard("reason")?;
        self.browser.type_into("reason", "The board has asked for it")?;
        self.browser.press("Publish version 2")?;
        let says = [
            "Version 2 is published and holds from 1 January 2090",
            "You",
            "The board has asked for it",
            "To come",
        ];
        self.stop_on_both("policy", "Policy", &says)?;
        self.browser.follow("Version 2")?;
        let says = ["What it changed", "All numbers", "The board has asked for it"];
        self.stop("policy-version", "Version 2 of the policy", &says)
    }
}
