//! The desk in a browser: somebody who is locked out comes, and goes to work with a card that works; a block is ended;
//! a third renewal is allowed and done; a lost card that a caller reports is worth nothing a moment later; and an auditor
//! sees how somebody stands. Staff log in with cards of their own.

use anyhow::{Context as _, ensure};
use api::clock::{Clock as _, WallClock};
use tests::{
    chromium::{Browser, Screen, Scripts},
    held::until,
    system::{OTHER_SLOT, System, system},
};

use super::{super::authority, Walk};

/// What somebody of the demonstration who calls says: it is on record for *Kofi*.
const SAID: &str = "Orchard-Gate-4";

#[test]
fn p19_b30_b34_b58_who_is_locked_out_comes_to_the_desk_and_goes_to_work() -> anyhow::Result<()> {
    let system = system()?;
    let browser = Browser::start(Scripts::On)?;
    let walk = Walk::new(&system, &browser, Scripts::On, Screen::Desktop)?;
    walk.cannot_log_in("piotr", "The certificates on your smartcard have expired")?;
    walk.staff_goes_in("ruth")?;
    walk.sees_what_waits("Owen Hughes")?;
    walk.lets_unlock_the_account("Owen Hughes")?;
    walk.ends_a_block("Mei Tanaka")?;
    walk.lets_renew("Piotr Wolski")?;
    walk.staff_goes_out()?;
    walk.unlocks_the_account("owen", "Larch99")?;
    walk.may_register_anew("mei")?;
    walk.renews_by_leave("piotr")
}

#[test]
fn b57_c15_a_caller_proves_himself_and_his_lost_card_is_revoked_at_once() -> anyhow::Result<()> {
    let system = system()?;
    let browser = Browser::start(Scripts::On)?;
    let walk = Walk::new(&system, &browser, Scripts::On, Screen::Phone)?;
    walk.staff_goes_in("ruth")?;
    walk.checks_a_caller("Kofi Mensah")?;
    let (list, before) = (authority::list_number(&system)?, authority::revoked(&system)?);
    walk.reports_lost("Kofi Mensah")?;
    authority::another_list_follows(&system, list)?;
    are_revoked(&system, &before)?;
    walk.staff_goes_out()
}

#[test]
fn an_auditor_sees_how_a_holder_stands_and_what_would_be_refused() -> anyhow::Result<()> {
    let system = system()?;
    let browser = Browser::start(Scripts::On)?;
    let walk = Walk::new(&system, &browser, Scripts::On, Screen::Desktop)?;
    walk.staff_goes_in("anton")?;
    walk.sees_how_it_stands("Rosa Marino")?;
    walk.staff_goes_out()
}

#[test]
fn p03_b61_b63_somebody_is_registered_with_a_second_reader_and_logs_in_at_it() -> anyhow::Result<()>
{
    let system = system()?;
    let browser = Browser::start(Scripts::On)?;
    let walk = Walk::new(&system, &browser, Scripts::On, Screen::Desktop)?;
    walk.staff_goes_in("ruth")?;
    walk.lays_out_a_blank_card()?;
    walk.registers_somebody("Ines Costa")?;
    let serial = walk.writes_the_blank_card("Ines Costa", "Bridge55")?;
    walk.logs_in_beside_the_desk(&serial, "Bridge55")?;
    system.sandbox.drawer().remove(OTHER_SLOT)?;
    system.take_out()
}

#[test]
fn b14_an_auditor_asks_what_a_card_was_worth_on_a_day_of_the_past_and_under_which_policy()
-> anyhow::Result<()> {
    let system = system()?;
    let browser = Browser::start(Scripts::On)?;
    let walk = Walk::new(&system, &browser, Scripts::On, Screen::Desktop)?;
    walk.staff_goes_in("anton")?;
    walk.sees_how_it_stood("Zoe Laurent")?;
    walk.staff_goes_out()
}

impl Walk<'_> {
    fn desk(&self, path: &str) -> anyhow::Result<()> {
        self.browser.open(&format!("{}{path}", self.system.origin()))
    }

    /// P-05, up to what is shown first.
    fn card_goes_in(&self, card: &str) -> anyhow::Result<()> {
        self.system.insert(card)?;
        self.desk("/log-in")?;
        self.browser.press("Log in with your smartcard")?;
        self.go_to_passcode_page()?;
        self.browser.type_into("current_passcode", &self.system.passcode(card))?;
        self.browser.press("Log in")
    }

    pub(super) fn staff_goes_in(&self, card: &str) -> anyhow::Result<()> {
        self.card_goes_in(card)?;
        self.stop("staff-home", "Your smartcard", &["Connected"])
    }

    pub(super) fn staff_goes_out(&self) -> anyhow::Result<()> {
        self.desk("/home")?;
        self.browser.press("Log out")?;
        self.system.take_out()
    }

    /// Every account that is locked is on the list.
    fn sees_what_waits(&self, name: &str) -> anyhow::Result<()> {
        self.go_to_tab("Desk")?;
        self.stop_on_both("desk-find", "Find a person", &["the person can see it"])?;
        self.browser.press("Find")?;
        self.stop("desk-find-fault", "Error: Find a person", &["There is a problem"])?;
        self.errors_are_found_by_keyboard("name")?;
        self.desk("/desk/work")?;
        self.stop_on_both("desk-work", "What waits", &[name])
    }

    /// The record of the one person of that name.
    fn opens_the_record(&self, name: &str) -> anyhow::Result<()> {
        self.desk("/desk")?;
        self.browser.type_into("name", name)?;
        self.browser.press("Find")?;
        self.stop("desk-found", "Find a person", &["Who was found", name])?;
        self.browser.follow(name)?;
        self.stop_on_both("desk-record", name, &["How everything stands", "What you can do"])
    }

    /// C-04, B-30: what was seen, and where.
    fn has_seen_a_passport(&self) -> anyhow::Result<()> {
        self.browser.click("//input[@name='evidence'][@value='passport']")?;
        self.browser.type_into("place", "RA desk 2")
    }

    fn lets_unlock_the_account(&self, name: &str) -> anyhow::Result<()> {
        self.opens_the_record(name)?;
        self.browser.follow("Let a person unlock an account")?;
        let title = "Let a person unlock the account";
        self.stop_on_both("desk-account-unlock", title, &[name, "You see none of the passcodes"])?;
        self.browser.press("Let the person unlock the account")?;
        let says = ["There is a problem", "Select what you saw", "Enter where you are"];
        self.stop("desk-account-unlock-fault", &format!("Error: {title}"), &says)?;
        self.errors_are_found_by_keyboard("evidence")?;
        self.has_seen_a_passport()?;
        self.browser.press("Let the person unlock the account")?;
        let title = "The person can unlock the account now";
        self.stop("desk-account-unlock-done", title, &["Until", "gives new values"])
    }

    /// B-34.
    fn ends_a_block(&self, name: &str) -> anyhow::Result<()> {
        self.opens_the_record(name)?;
        self.browser.follow("End a block")?;
        self.stop("desk-release", "End a block", &[name])?;
        self.has_seen_a_passport()?;
        self.browser.press("End the block")?;
        self.stop(
            "desk-release-done",
            "Nothing is blocked any more",
            &["registers for self-service"],
        )
    }

    /// C-04: of certificates that have expired, too (B-52).
    fn lets_renew(&self, name: &str) -> anyhow::Result<()> {
        self.opens_the_record(name)?;
        self.browser.follow("Let a person renew certificates")?;
        self.stop("desk-renewal", "Let a person renew certificates", &[name])?;
        self.has_seen_a_passport()?;
        self.browser.press("Let the person renew")?;
        let title = "The person can renew the certificates now";
        self.stop("desk-renewal-done", title, &["Until", "selects Renew Certificates"])
    }

    /// P-19, B-30: new values, and only then is the account open.
    fn unlocks_the_account(&self, card: &'static str, new: &str) -> anyhow::Result<()> {
        self.card_goes_in(card)?;
        let title = "You have to change your passcode";
        self.stop("desk-forced", title, &["Change your passcode now"])?;
        self.browser.press("Change your passcode now")?;
        self.browser.press("Update")?;
        self.go_to_passcode_page()?;
        self.browser.type_into("current_passcode", &self.system.passcode(card))?;
        self.browser.type_into("new_passcode", new)?;
        self.browser.type_into("confirm_passcode", new)?;
        self.browser.press("Make these changes")?;
        self.system.remember(card, new);
        let says = ["Set a new smartcard"];
        self.stop("desk-unlocked", "Your passcodes have been updated", &says)?;
        self.go_to_tab("What happened")?;
        let says = ["You unlocked your account", "your registration authority"];
        self.stop("desk-unlocked-ledger", "What happened", &says)?;
        self.system.take_out()
    }

    /// B-34: other answers than before.
    fn may_register_anew(&self, card: &str) -> anyhow::Result<()> {
        self.card_goes_in(card)?;
        self.go_to_tab("My Profile")?;
        let says = ["4. Self Service", "Register"];
        self.stop("desk-released-profile", "My Profile", &says)?;
        self.browser.press("Register")?;
        self.stop("desk-released-register", "Register for self-service", &["security questions"])?;
        self.system.take_out()
    }

    /// C-04, B-49: the authority has seen who he is, and the count begins anew.
    fn renews_by_leave(&self, card: &str) -> anyhow::Result<()> {
        self.card_goes_in(card)?;
        self.desk("/certificates/renew")?;
        self.stop("desk-renew", "Renew your certificates", &["Each old key is destroyed"])?;
        self.browser.press("Start renewing")?;
        self.go_to_passcode_page()?;
        self.browser.type_into("current_passcode", &self.system.passcode(card))?;
        self.browser.press("Renew my certificates")?;
        let title = "Certificates renewed and card updated";
        until(title, || Ok(self.browser.text()?.contains(title).then_some(())))?;
        self.stop("desk-renewed", title, &["We have read them back"])?;
        self.card_goes_in(card)?;
        let says = ["renew them yourself 2 more times"];
        self.stop("desk-renewed-home", "Your smartcard", &says)?;
        self.system.take_out()
    }

    /// P-08: match or no match, and nothing else.
    fn checks_a_caller(&self, name: &str) -> anyhow::Result<()> {
        self.opens_the_record(name)?;
        self.browser.follow("Check an account recovery passcode")?;
        let says = [name, "What you type is kept nowhere"];
        self.stop("desk-check", "Check an account recovery passcode", &says)?;
        self.browser.type_into("passcode", SAID)?;
        self.browser.press("Check")?;
        self.stop("desk-match", "It is a match", &[name])?;
        ensure!(!self.browser.text()?.contains(SAID), "what was said is shown");
        self.browser.press("Back to the record")
    }

    /// The desk's own card stays where it is.
    fn lays_out_a_blank_card(&self) -> anyhow::Result<()> {
        self.desk("/demo")?;
        self.browser.press("Lay a blank card into the drawer")?;
        let blank = "//section[starts-with(@aria-labelledby, 'card-blank')]";
        self.browser.click(&format!("{blank}//button[@name='second']"))?;
        self.stop("drawer-second-reader", "Card drawer", &["In the second reader", "Blank card"])
    }

    /// P-03: up to the card software.
    fn registers_somebody(&self, name: &str) -> anyhow::Result<()> {
        self.desk("/desk/register")?;
        self.stop_on_both("desk-register", "Register a person", &["put a blank smartcard"])?;
        self.browser.type_into("name", name)?;
        self.browser.type_into("email", "ines.costa@example.org")?;
        self.browser.type_into("organisation", "RXA")?;
        self.has_seen_a_passport()?;
        self.browser.press("Register the person")?;
        let says = ["yours can stay in the first one"];
        self.stop("desk-write-card", "Write the smartcard", &says)
    }

    /// The card software asks which of the two it is: the number of the blank one.
    fn writes_the_blank_card(&self, name: &str, passcode: &str) -> anyhow::Result<String> {
        self.browser.press("Write the smartcard")?;
        let contents = self.system.sandbox.drawer().list()?;
        let blank = contents.cards.iter().find(|card| card.slot == Some(OTHER_SLOT));
        let serial = format!("{:08X}", blank.context("no card in the second reader")?.serial);
        self.chooses_the_card(&serial)?;
        self.stop("desk-first-passcode", "Set the first passcode of this smartcard", &[&serial])?;
        self.browser.type_into("new_passcode", passcode)?;
        self.browser.type_into("confirm_passcode", passcode)?;
        self.browser.press("Write this card")?;
        self.stop("desk-registered", name, &["How everything stands", &serial])?;
        Ok(serial)
    }

    fn chooses_the_card(&self, serial: &str) -> anyhow::Result<()> {
        until("the card software sees both cards", || {
            if self.browser.text()?.contains(serial) {
                return Ok(Some(()));
            }
            self.browser.press("Check again")?;
            Ok(None)
        })?;
        self.stop("passcode-which-card", "Which smartcard is yours?", &["does not guess"])?;
        self.browser.follow_first(&format!("//a[contains(., '{serial}')]"))
    }

    /// B-63: whose card came second has the workstation, and the desk is closed.
    fn logs_in_beside_the_desk(&self, serial: &str, passcode: &str) -> anyhow::Result<()> {
        self.desk("/log-in")?;
        self.browser.press("Log in with your smartcard")?;
        self.browser.press("Enter your passcode")?;
        self.chooses_the_card(serial)?;
        self.browser.type_into("current_passcode", passcode)?;
        self.browser.press("Log in")?;
        self.stop("desk-newcomer-home", "Your smartcard", &["Connected"])?;
        self.desk("/desk")?;
        ensure!(!self.browser.title()?.starts_with("Find a person"), "the desk is open");
        self.desk("/home")?;
        self.browser.press("Log out")
    }

    fn reports_lost(&self, name: &str) -> anyhow::Result<()> {
        self.browser.follow("Report a smartcard as lost or stolen")?;
        let title = "Report a smartcard as lost or stolen";
        self.stop("desk-lost", title, &["This cannot be undone"])?;
        self.browser.click("//input[@name='loss'][@value='lost']")?;
        let yesterday = WallClock.now().date_naive().pred_opt().context("no day before")?;
        for (part, value) in [("day", "%-d"), ("month", "%-m"), ("year", "%Y")] {
            let value = yesterday.format(value).to_string();
            self.browser.type_into(&format!("lost[{part}]"), &value)?;
        }
        self.browser.type_into("time", "14:30")?;
        self.browser.press("Report the smartcard")?;
        let says = ["The certificates are revoked", name];
        self.stop("desk-lost-done", "The smartcard is out of use", &says)
    }
}

impl Walk<'_> {
    /// How everything stands now, and what would be refused.
    fn sees_how_it_stands(&self, name: &str) -> anyhow::Result<()> {
        self.opens_the_record(name)?;
        self.browser.follow("Look at histories")?;
        let says = ["How everything stood", "What would have been refused"];
        self.stop_on_both("audit-holder", "How a holder stood", &says)?;
        self.browser.follow("History of this holder")?;
        self.stop_on_both("history", "History", &["What to look for", "Events"])
    }
}

impl Walk<'_> {
    /// C-15, B-14: she revoked her certificates ten days before the demonstration was started, and had
    /// been registered a month before that.
    fn sees_how_it_stood(&self, name: &str) -> anyhow::Result<()> {
        self.opens_the_record(name)?;
        self.browser.follow("Look at histories")?;
        let title = "How a holder stood";
        self.stop("audit-now", title, &["Have been revoked", "version 1 of the policy, “seed”"])?;
        self.asks_about(20)?;
        let says = ["Good until", "version 1 of the policy, “seed”"];
        self.stop_on_both("audit-past", title, &says)?;
        ensure!(!self.browser.text()?.contains("revoked"), "what came later is told");
        // Before she was registered, and before the demonstration began.
        self.asks_about(60)?;
        let says = ["No smartcard has been issued", "version 1 of the policy, “seed”"];
        self.stop("audit-before", title, &says)?;
        self.asks_about(1_500)?;
        let says = ["There is a problem", "The log begins later than this"];
        self.stop("audit-too-early", &format!("Error: {title}"), &says)?;
        self.errors_are_found_by_keyboard("day")
    }

    /// As of the end of a day so many days ago.
    fn asks_about(&self, days_ago: u64) -> anyhow::Result<()> {
        let today = WallClock.now().date_naive();
        let day = today.checked_sub_days(chrono::Days::new(days_ago)).context("no such day")?;
        self.browser.clear("day")?;
        self.browser.type_into("day", &day.to_string())?;
        self.browser.press("Show")
    }
}

/// C-15: what `openssl` says about both certificates that a list has and an earlier one had not.
fn are_revoked(system: &System, before: &[String]) -> anyhow::Result<()> {
    let now = authority::revoked(system)?;
    let new: Vec<_> = now.iter().filter(|serial| !before.contains(serial)).collect();
    ensure!(new.len() == 2, "{new:?} are new on the list");
    for serial in new {
        let said = authority::ask_running(system, serial)?;
        ensure!(said.contains("revoked"), "{serial}: {said}");
    }
    Ok(())
}
