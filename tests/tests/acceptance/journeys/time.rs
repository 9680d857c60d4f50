//! Time goes on: alerts that are put off, a change that is forced, an account that is locked. On a
//! system of its own, whose clock is moved.

use anyhow::ensure;
use tests::{
    chromium::{Browser, Screen, Scripts},
    system::time_machine,
};

use super::Walk;

/// P-14: the days of alert.
const ALERTS: usize = 14;

/// A holder of the demonstration, and what opens his card.
struct Person<'a> {
    card: &'static str,
    name: &'a str,
    passcode: &'a str,
}

const NOOR: Person<'_> = Person { card: "noor", name: "Noor Rahman", passcode: "Harbour3" };
const BEN: Person<'_> = Person { card: "ben", name: "Ben Carter", passcode: "864209" };
const LIAM: Person<'_> = Person { card: "liam", name: "Liam Murphy", passcode: "975310" };
const GRACE: Person<'_> = Person { card: "grace", name: "Grace Adeyemi", passcode: "Copper5" };
const OWEN: Person<'_> = Person { card: "owen", name: "Owen Hughes", passcode: "Larch88" };
const LIAN: Person<'_> = Person { card: "lian", name: "Lian Zhou", passcode: "Anchor34" };

/// One after the other, because the clock goes one way: first the day on which the demonstration
/// was started, then the two weeks after.
#[test]
fn p14_p19_everybody_is_told_in_time_and_then_made_to_change_and_then_locked() -> anyhow::Result<()>
{
    let system = time_machine()?;
    let without = Browser::start(Scripts::Off)?;
    let walk = Walk::new(&system, &without, Scripts::Off, Screen::Phone)?;
    walk.puts_it_off(&BEN, "14 days")?;
    walk.is_made_to_change(&GRACE, "Copper6")?;
    walk.is_locked(&OWEN)?;
    walk.sees_the_demonstration(&LIAN)?;
    drop(without);
    let with = Browser::start(Scripts::On)?;
    let walk = Walk::new(&system, &with, Scripts::On, Screen::Desktop)?;
    walk.is_locked(&OWEN)?;
    walk.is_made_to_change(&LIAM, "420420")?;
    walk.removes_what_is_overdue(&LIAN)?;
    walk.sees_the_demonstration(&NOOR)?;
    walk.enters_no_date()?;
    walk.lives_through_all_alerts(&NOOR, "Harbour4")
}

impl Walk<'_> {
    fn demo(&self, page: &str) -> anyhow::Result<()> {
        self.browser.open(&format!("{}/demo{page}", self.system.origin()))
    }

    fn sees_the_demonstration(&self, person: &Person<'_>) -> anyhow::Result<()> {
        self.system.take_out()?;
        self.demo("")?;
        let says = ["The reader is empty.", person.name, person.passcode, "days ago"];
        self.stop_on_both("drawer-of-many", "Card drawer", &says)?;
        self.browser.follow("time machine")?;
        let says = ["Something is due next", "What is planned next", "The service is off"];
        self.stop_on_both("time-machine", "Time machine", &says)?;
        self.demo("/mailbox")?;
        let says = ["stands in for a mail server", "newest first", "owen.hughes@example.org"];
        self.stop_on_both("mailbox", "Mailbox", &says)?;
        let subject = "Your passcode expires tomorrow";
        self.browser.follow_first(&format!("//ol//a[contains(., {subject:?})]"))?;
        self.stop_on_both("mail", subject, &["Message-ID", "We never ask for a passcode"])
    }

    fn enters_no_date(&self) -> anyhow::Result<()> {
        self.demo("/time")?;
        self.browser.press("Go to this date")?;
        let says = ["There is a problem", "Enter a date"];
        self.stop_on_both("time-machine-error", "Error: Time machine", &says)
    }

    /// P-05 up to the first page after log-in.
    fn goes_in(&self, person: &Person<'_>) -> anyhow::Result<()> {
        self.system.insert(person.card)?;
        self.browser.open(&format!("{}/log-in", self.system.origin()))?;
        self.browser.press("Log in with your smartcard")?;
        self.go_to_passcode_page()?;
        self.browser.type_into("current_passcode", &self.system.passcode(person.card))?;
        self.browser.press("Log in")
    }

    fn goes_out(&self) -> anyhow::Result<()> {
        self.browser.open(&format!("{}/home", self.system.origin()))?;
        self.browser.press("Log out")?;
        self.system.take_out()
    }

    /// P-15, B-16: the alert, and *Later*: it is gone for today.
    fn puts_it_off(&self, person: &Person<'_>, left: &str) -> anyhow::Result<()> {
        self.goes_in(person)?;
        let title = format!("Your smartcard passcode expires in {left}");
        self.stop_on_both("alert", &title, &["Renew now", "Later", "remind you again tomorrow"])?;
        self.browser.press("Later")?;
        let says = [person.name, "You chose to change your passcodes later"];
        self.stop_on_both("put-off", "Your smartcard", &says)?;
        self.goes_out()
    }

    /// P-17, B-17: nothing else is open before the change, and everything after it.
    fn is_made_to_change(&self, person: &Person<'_>, new: &str) -> anyhow::Result<()> {
        self.goes_in(person)?;
        let title = "You have to change your passcode";
        self.stop_on_both("forced", title, &["Expired on", "Change it before"])?;
        self.browser.press("Change your passcode now")?;
        self.changes_smartcard_passcode(person, new)?;
        self.browser.open(&format!("{}/home", self.system.origin()))?;
        self.stop_on_both("cured", "Your smartcard", &[person.name, "Up to date"])?;
        self.goes_out()
    }

    /// From *Manage Passcodes*, where the box is ticked already, to *Updated*.
    fn changes_smartcard_passcode(&self, person: &Person<'_>, new: &str) -> anyhow::Result<()> {
        self.stop_on_both("forced-form", "Manage Passcodes", &["Reset Passcodes"])?;
        self.browser.press("Update")?;
        self.go_to_passcode_page()?;
        self.browser.type_into("current_passcode", &self.system.passcode(person.card))?;
        self.browser.type_into("new_passcode", new)?;
        self.browser.type_into("confirm_passcode", new)?;
        self.browser.press("Make these changes")?;
        self.system.remember(person.card, new);
        self.stop_on_both("renewed", "Your passcodes have been updated", &["Set a new smartcard"])
    }

    /// B-20: an optional passcode that is overdue is reason enough, and removing it a cure.
    fn removes_what_is_overdue(&self, person: &Person<'_>) -> anyhow::Result<()> {
        self.goes_in(person)?;
        let says = ["Account recovery passcode", "Change or remove it"];
        self.stop("forced-recovery", "You have to change your passcode", &says)?;
        self.browser.press("Change your passcode now")?;
        self.browser.tick("blank_account_recovery")?;
        self.browser.press("Update")?;
        self.go_to_passcode_page()?;
        self.browser.type_into("current_passcode", &self.system.passcode(person.card))?;
        self.browser.press("Make these changes")?;
        let says = ["Remove your account recovery passcode"];
        self.stop("recovery-removed", "Your passcodes have been updated", &says)?;
        self.goes_out()
    }

    /// P-18, P-19: no way on but the registration authority.
    fn is_locked(&self, person: &Person<'_>) -> anyhow::Result<()> {
        self.goes_in(person)?;
        let says = ["has been locked since", "registration authority", "What you can do"];
        self.stop_on_both("locked", "Your account is locked", &says)?;
        self.system.take_out()
    }

    /// P-14, B-15: fourteen days, an alert and a mail on each; put off on the first, renewed on the
    /// last, and then nothing more.
    fn lives_through_all_alerts(&self, person: &Person<'_>, new: &str) -> anyhow::Result<()> {
        ensure!(self.mails_to(person)? == 0, "a mail came before the first alert");
        self.goes_to_the_next_day()?;
        self.stop_on_both("moved", "Time machine", &["You came from"])?;
        self.puts_it_off(person, "14 days")?;
        for _ in 1..ALERTS {
            self.goes_to_the_next_day()?;
        }
        ensure!(self.mails_to(person)? == ALERTS, "not a mail for each alert");
        self.goes_in(person)?;
        self.stop_on_both(
            "last-alert",
            "Your smartcard passcode expires in 1 day",
            &["Renew now"],
        )?;
        self.browser.press("Renew now")?;
        self.changes_smartcard_passcode(person, new)?;
        self.go_to_tab("What happened")?;
        let says = ["You chose to change your passcode later", "You set a new smartcard passcode"];
        self.stop_on_both("ledger-of-alerts", "What happened", &says)?;
        let told = self.browser.count_visible("//h2[contains(., 'You were told')]")?;
        ensure!(told == ALERTS, "{told} alerts in the ledger");
        self.goes_out()?;
        self.goes_to_the_next_day()?;
        ensure!(self.mails_to(person)? == ALERTS, "a mail although all is done");
        Ok(())
    }

    fn goes_to_the_next_day(&self) -> anyhow::Result<()> {
        self.demo("/time")?;
        self.browser.press("Next day")?;
        let text = self.browser.text()?;
        ensure!(text.contains("You came from"), "the clock did not get there:\n{text}");
        Ok(())
    }

    /// How many mails the mailbox has for this person.
    fn mails_to(&self, person: &Person<'_>) -> anyhow::Result<usize> {
        self.demo("/mailbox")?;
        let to = format!("to {}@example.org", person.name.to_lowercase().replace(' ', "."));
        let line = format!("//p[contains(@class, 'app-ledger__when')][contains(., {to:?})]");
        self.browser.count_visible(&line)
    }
}
