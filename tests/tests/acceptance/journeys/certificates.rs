//! Certificates in a browser: put off, renewed while the page follows, torn and taken up again, revoked; and what those
//! see who are too late. On the system whose clock stays where it is.

use anyhow::ensure;
use tests::{
    chromium::{Browser, Screen, Scripts},
    held::until,
    system::system,
};
use virtual_card::{Faults, Moment, TearAt};

use super::{super::authority, Walk};

/// GENERATE ASYMMETRIC KEY PAIR of the first new key: the answer is lost, and with it the key.
const TORN: TearAt = TearAt { ins: 0x47, nth: 1, moment: Moment::After };

#[test]
fn c05_c14_certificates_are_put_off_torn_taken_up_again_and_renewed_and_the_page_follows_by_itself()
-> anyhow::Result<()> {
    let system = system()?;
    let browser = Browser::start(Scripts::On)?;
    let walk = Walk::new(&system, &browser, Scripts::On, Screen::Desktop)?;
    walk.puts_certificates_off("hana", "30 days")?;
    walk.is_torn("hana")?;
    walk.tries_again("hana")?;
    walk.finishes("hana")?;
    walk.has_no_renewal_left("rosa")
}

#[test]
fn c05_c15_a_phone_without_scripts_renews_what_may_be_put_off_and_revokes_what_is_forced()
-> anyhow::Result<()> {
    let system = system()?;
    let browser = Browser::start(Scripts::Off)?;
    let walk = Walk::new(&system, &browser, Scripts::Off, Screen::Phone)?;
    walk.puts_certificates_off("ivo", "21 days")?;
    walk.begins("ivo")?;
    walk.finishes("ivo")?;
    walk.is_forced_and_revokes("kemi")?;
    walk.cannot_log_in("zoe", "The certificates on your smartcard have been revoked")
}

impl Walk<'_> {
    fn visits(&self, path: &str) -> anyhow::Result<()> {
        self.browser.open(&format!("{}{path}", self.system.origin()))
    }

    /// P-05, with the card that is in the reader, up to what is shown first.
    fn logs_in(&self, card: &str) -> anyhow::Result<()> {
        self.visits("/log-in")?;
        self.browser.press("Log in with your smartcard")?;
        self.go_to_passcode_page()?;
        self.browser.type_into("current_passcode", &self.system.passcode(card))?;
        self.browser.press("Log in")
    }

    /// C-06, B-16.
    fn puts_certificates_off(&self, card: &str, left: &str) -> anyhow::Result<()> {
        self.system.insert(card)?;
        self.logs_in(card)?;
        let title = format!("Your certificates expire in {left}");
        self.stop("certificates-alert", &title, &["Renew certificates now", "Later"])?;
        self.browser.press("Later")?;
        let says = ["You chose to do it later", "Certificates"];
        self.stop("certificates-put-off", "Your smartcard", &says)
    }

    /// C-09 up to where the card software works on by itself.
    fn begins(&self, card: &str) -> anyhow::Result<()> {
        self.go_to_tab("Renew Certificates")?;
        let says = ["Each old key is destroyed", "Do not remove your smartcard"];
        self.stop("certificates-renew", "Renew your certificates", &says)?;
        self.browser.press("Start renewing")?;
        let title = "Enter your passcode to renew your certificates";
        self.stop("certificates-passcode", title, &["do not remove it until you have finished"])?;
        self.agrees(card)
    }

    fn agrees(&self, card: &str) -> anyhow::Result<()> {
        self.go_to_passcode_page()?;
        self.browser.type_into("current_passcode", &self.system.passcode(card))?;
        self.browser.press("Renew my certificates")?;
        let address = self.browser.address()?;
        ensure!(address.path().starts_with("/card-updates/"), "this is {address}");
        self.keep_picture("certificates-progress")
    }

    /// The page comes to say this without anybody asking.
    fn comes_to_say(&self, sentence: &str) -> anyhow::Result<()> {
        until(sentence, || Ok(self.browser.text()?.contains(sentence).then_some(())))
    }

    /// B-55: the card loses its power when its first new key is made.
    fn is_torn(&self, card: &str) -> anyhow::Result<()> {
        self.system.insert_with(card, Faults { tear_ins: Some(TORN), ..Faults::default() })?;
        self.logs_in(card)?;
        self.begins(card)?;
        self.comes_to_say("Nothing is lost")?;
        let title = "Your card is not finished yet";
        self.stop("certificates-interrupted", title, &["Creating card", "Try again"])
    }

    fn tries_again(&self, card: &str) -> anyhow::Result<()> {
        self.system.insert(card)?;
        self.browser.press("Try again")?;
        self.agrees(card)
    }

    /// C-12 to C-14.
    fn finishes(&self, card: &str) -> anyhow::Result<()> {
        let title = "Certificates renewed and card updated";
        self.comes_to_say(title)?;
        self.stop("certificates-renewed", title, &["We have read them back", "Continue"])?;
        self.browser.press("Continue")?;
        let title = "You have been logged out: log in again";
        self.stop("certificates-continued", title, &["the same passcode as before"])?;
        self.browser.press("Log in again")?;
        self.browser.press("Log in with your smartcard")?;
        self.go_to_passcode_page()?;
        self.browser.type_into("current_passcode", &self.system.passcode(card))?;
        self.browser.press("Log in")?;
        let says = ["Up to date", "renew them yourself 1 more time"];
        self.stop("certificates-home", "Your smartcard", &says)?;
        ensure!(self.browser.count_visible("//a[.='Renew Certificates']")? == 0, "C-01");
        self.visits("/ledger")?;
        let renewed = self.browser.text()?.matches("You renewed").count();
        ensure!(renewed == 1, "{renewed} renewals are told");
        self.system.take_out()
    }

    /// C-07, C-15, B-57.
    fn is_forced_and_revokes(&self, card: &str) -> anyhow::Result<()> {
        self.system.insert(card)?;
        self.logs_in(card)?;
        let title = "You have to renew your certificates: they expire in 20 days";
        self.stop("certificates-forced", title, &["cannot be put off any more"])?;
        ensure!(self.browser.count_visible("//button[normalize-space()='Later']")? == 0, "C-07");
        self.visits("/certificates/revoke")?;
        self.stop("revoke", "Revoke Certificates", &["This cannot be undone"])?;
        self.browser.press("Revoke my certificates")?;
        let says = ["There is a problem", "Select why you revoke your certificates"];
        self.stop("revoke-errors", "Error: Revoke Certificates", &says)?;
        self.browser.click("//input[@name='reason'][@value='compromised']")?;
        self.browser.type_into("confirm", "REVOKE")?;
        let list = authority::list_number(self.system)?;
        self.browser.press("Revoke my certificates")?;
        authority::another_list_follows(self.system, list)?;
        let says = ["Visit the registration authority", "cannot be undone"];
        self.stop("revoked", "Your certificates have been revoked", &says)?;
        self.cannot_log_in(card, "The certificates on your smartcard have been revoked")
    }

    /// B-52, C-15.
    pub(super) fn cannot_log_in(&self, card: &str, why: &str) -> anyhow::Result<()> {
        self.system.insert(card)?;
        self.logs_in(card)?;
        let text = self.browser.text()?;
        self.keep_picture("certificates-refused")?;
        ensure!(text.contains(why) && text.contains("What you can do"), "{card}:\n{text}");
        self.system.take_out()
    }

    /// C-04: the number is on Home, long before it matters.
    fn has_no_renewal_left(&self, card: &str) -> anyhow::Result<()> {
        self.system.insert(card)?;
        self.logs_in(card)?;
        let says = ["The next renewal has to be done by your registration authority"];
        self.stop("certificates-spent", "Your smartcard", &says)?;
        self.system.take_out()
    }
}
