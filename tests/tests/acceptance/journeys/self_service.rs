//! Self-service in a browser, on both card profiles: a holder registers, locks his card by three wrong passcodes, unlocks
//! it with two answers and a code, and logs in with his new passcode. The codes are read from the Maildir of a real mail
//! server.

use anyhow::{Context as _, bail, ensure};
use tests::{
    chromium::{Browser, Screen, Scripts},
    held::until,
    system::{System, system},
};

use super::Walk;

/// Question and answer, in the order of the questions.
const ANSWERS: [(&str, &str); 4] = [
    ("Q03", "Ottoline"),
    ("Q06", "Larkspur Rise"),
    ("Q11", "Brass telescope"),
    ("Q19", "Gnossienne No. 1"),
];

/// Who registers and unlocks.
struct Holder {
    card: &'static str,
    name: &'static str,
    wrong: &'static str,
    new: &'static str,
    email: &'static str,
}

const ELIN: Holder = Holder {
    card: "elin",
    name: "Elin Berg",
    wrong: "Glacier",
    new: "Fjord-10",
    email: "elin.berg@example.net",
};

const FATIMA: Holder = Holder {
    card: "fatima",
    name: "Fatima Khan",
    wrong: "000000",
    new: "265358",
    email: "fatima.khan@example.net",
};

fn registers_locks_and_unlocks(
    scripts: Scripts,
    screen: Screen,
    holder: &Holder,
) -> anyhow::Result<()> {
    let mut system = system()?;
    system.start_mail_server()?;
    let browser = Browser::start(scripts)?;
    let walk = Walk::new(&system, &browser, scripts, screen)?;
    system.insert(holder.card)?;
    let n_before = system.mails(0)?.len();
    walk.registers(holder)?;
    walk.completes(&code(&system, n_before, holder.email, "Your registration code")?)?;
    let n_before = system.mails(0)?.len();
    walk.locks(holder)?;
    walk.answers(holder)?;
    walk.chooses(holder, &code(&system, n_before, holder.email, "Your smartcard unlock code")?)?;
    system.remember(holder.card, holder.new);
    walk.is_back_at_work(holder)?;
    system.take_out()
}

#[test]
fn r01_r03_u01_s05_s06_a_holder_registers_locks_her_card_and_unlocks_it_herself()
-> anyhow::Result<()> {
    registers_locks_and_unlocks(Scripts::On, Screen::Desktop, &ELIN)
}

#[test]
fn r01_u01_s05_s06_a_phone_without_scripts_registers_and_unlocks_a_locked_card()
-> anyhow::Result<()> {
    registers_locks_and_unlocks(Scripts::Off, Screen::Phone, &FATIMA)
}

/// The code in a mail with this subject to this address, of those that have come since there were `n`. Read as a person would: out
/// of the text, in whatever groups it is printed.
fn code(system: &System, n: usize, address: &str, subject: &str) -> anyhow::Result<String> {
    for more in 1..=MAILS_MAX {
        let arrived = system.mails(n + more)?;
        if let Some(code) = arrived.iter().rev().find_map(|mail| code_in(mail, address, subject)) {
            return Ok(code);
        }
    }
    bail!("{subject:?} was not mailed to {address}")
}

/// Mails that may come in a journey beside those with codes: notices, alerts.
const MAILS_MAX: usize = 12;

/// The code in a mail with this subject to this address: two groups of four characters (B-38).
fn code_in(mail: &str, address: &str, subject: &str) -> Option<String> {
    let has = |name: &str, value: &str| {
        let mut lines = mail.lines();
        lines.any(|line| line.to_lowercase().starts_with(name) && line.contains(value))
    };
    if !has("to:", address) || !has("subject:", subject) {
        return None;
    }
    let is_group = |group: &str| {
        group.len() == 4
            && group.chars().all(|one| one.is_ascii_digit() || one.is_ascii_uppercase())
    };
    let is_code = |word: &&str| {
        word.split_once('-').is_some_and(|(first, last)| is_group(first) && is_group(last))
    };
    mail.split_whitespace().find(is_code).map(|word| word.replace('-', ""))
}

impl Walk<'_> {
    fn page(&self, path: &str) -> anyhow::Result<()> {
        self.browser.open(&format!("{}{path}", self.system.origin()))
    }

    fn logs_in_with(&self, passcode: &str) -> anyhow::Result<()> {
        self.page("/log-in")?;
        self.browser.press("Log in with your smartcard")?;
        self.go_to_passcode_page()?;
        self.browser.type_into("current_passcode", passcode)?;
        self.browser.press("Log in")
    }

    /// up to the page that asks for the code.
    fn registers(&self, holder: &Holder) -> anyhow::Result<()> {
        self.logs_in_with(&self.system.passcode(holder.card))?;
        self.go_to_tab("My Profile")?;
        let says =
            ["4. Self Service", holder.name, "without a visit to your registration authority"];
        self.stop("my-profile", "My Profile", &says)?;
        self.browser.press("Register")?;
        let says = ["You choose 4 of 20 security questions", "The code then works for 15 minutes"];
        self.stop("register", "Register for self-service", &says)?;
        self.browser.press("Start")?;
        self.chooses_questions()?;
        for (number, (_, answer)) in ANSWERS.iter().enumerate() {
            let number = format!("Question {} of 4", number + 1);
            ensure!(self.browser.text()?.contains(&number), "{number} is not asked");
            self.keep_picture("register-answer")?;
            self.browser.type_into("answer", answer)?;
            self.browser.press("Continue")?;
        }
        self.confirms_address(holder)?;
        let says = ["Answered", holder.email, "Confirm with your smartcard"];
        self.stop("register-check", "Check your answers", &says)?;
        ensure!(!self.browser.text()?.contains(ANSWERS[0].1), "an answer is shown again");
        self.browser.press("Confirm with your smartcard")?;
        let title = "Enter your passcode to register";
        self.stop("register-passcode", title, &["After that we send you a registration code"])?;
        self.go_to_passcode_page()?;
        self.browser.type_into("current_passcode", &self.system.passcode(holder.card))?;
        self.browser.press("Register")?;
        let says = ["code 1", "•••@example.net", "Junk folder", "I did not get the email"];
        self.stop("register-code", "Check your email", &says)
    }

    /// three are not four.
    fn chooses_questions(&self) -> anyhow::Result<()> {
        self.stop("register-questions", "Choose your security questions", &["Select 4 questions"])?;
        let choose = |(question, _): &(&str, &str)| {
            self.browser.click(&format!("//input[@name='questions'][@value='{question}']"))
        };
        ANSWERS[..3].iter().try_for_each(choose)?;
        self.browser.press("Continue")?;
        let says = ["There is a problem", "you have selected 3"];
        self.stop("register-questions-fault", "Error: Choose your security questions", &says)?;
        self.errors_are_found_by_keyboard("questions")?;
        choose(&ANSWERS[3])?;
        self.browser.press("Continue")?;
        self.browser.press("Continue")?;
        let says = ["There is a problem", "Enter an answer"];
        let title = "Error: First name of the person who taught you to drive or ride";
        self.stop("register-question", title, &says)?;
        self.errors_are_found_by_keyboard("answer")
    }

    /// it is filled in, and overwritten.
    fn confirms_address(&self, holder: &Holder) -> anyhow::Result<()> {
        let says = ["your contact details stay as they are"];
        self.stop("register-email", "Confirm your email address", &says)?;
        let filled_in = self.browser.attribute("//input[@name='email']", "value")?;
        let is_contact = filled_in.as_deref().is_some_and(|it| it.ends_with("@example.org"));
        ensure!(is_contact, "R-06: {filled_in:?}");
        self.browser.clear("email")?;
        self.browser.type_into("email", holder.email)?;
        self.browser.press("Continue")
    }

    /// a wrong code first, then the one from the mail, typed in small letters.
    fn completes(&self, code: &str) -> anyhow::Result<()> {
        self.browser.type_into("code", "00000000")?;
        self.browser.press("Confirm registration")?;
        let says = ["The code is not right", "You can enter this code 4 more times"];
        self.stop("register-code-wrong", "Error: Check your email", &says)?;
        self.errors_are_found_by_keyboard("code")?;
        self.browser.type_into("code", &code.to_lowercase())?;
        self.browser.press("Confirm registration")?;
        let says = ["You are registered for self-service", "Registered since", "•••@example.net"];
        self.stop("registered", "My Profile", &says)
    }

    /// B-46: three wrong passcodes, and the card is locked; its page leads to unlocking.
    fn locks(&self, holder: &Holder) -> anyhow::Result<()> {
        self.page("/log-in")?;
        self.browser.press("Log in with your smartcard")?;
        self.go_to_passcode_page()?;
        for _ in 0..2 {
            self.browser.type_into("current_passcode", holder.wrong)?;
            self.browser.press("Log in")?;
        }
        self.browser.type_into("current_passcode", holder.wrong)?;
        self.browser.tick("last_try")?;
        self.browser.press("Log in")?;
        self.stop("card-locked", "Your smartcard is locked", &["Unlock your smartcard"])?;
        self.browser.press("Unlock your smartcard")
    }

    /// U-03 to U-06, B-31: the warning, the card, two questions, and none of it typed twice.
    fn answers(&self, holder: &Holder) -> anyhow::Result<()> {
        let says = ["is misconduct", "Approved readers", "You need not be logged in"];
        self.stop("unlock-start", "Unlock your smartcard", &says[..2])?;
        self.browser.press("Start")?;
        let says = ["There is a problem", "Confirm that the smartcard is your own"];
        self.stop("unlock-start-fault", "Error: Unlock your smartcard", &says)?;
        self.errors_are_found_by_keyboard("accept")?;
        self.browser.tick("accept")?;
        self.browser.press("Start")?;
        let says = ["You do not enter any passcode for this"];
        self.stop("unlock-job", "Show that your smartcard is there", &says)?;
        self.browser.press("Show your smartcard")?;
        self.until_the_page_has("Use this smartcard")?;
        self.stop("unlock-show-card", "Show that your smartcard is here", &["It is recorded"])?;
        self.browser.press("Use this smartcard")?;
        let says = ["We ask 2 of the 4 questions", "You have 3 attempts left"];
        self.stop("unlock-questions", "Answer your security questions", &says)?;
        self.browser.press("Answer 2 questions")?;
        for number in 1..=2 {
            let says = format!("Question {number} of 2");
            ensure!(self.browser.text()?.contains(&says), "{says} is not asked");
            let answer = self.answer_to_the_question()?;
            self.keep_picture("unlock-question")?;
            self.browser.type_into("answer", &answer.to_uppercase())?;
            self.browser.press("Continue")?;
        }
        let says = ["This is attempt 1 of 3", "Answered"];
        self.stop("unlock-check", "Check before you send your answers", &says)?;
        self.browser.press("Send my answers")?;
        self.has_the_code_sent()?;
        let says = ["code 1", "•••@example.net", "The code is not your new passcode"];
        self.stop("unlock-code", "Smartcard Unlock Code", &says)?;
        ensure!(!self.browser.text()?.contains(holder.email), "the whole address is shown");
        Ok(())
    }

    /// B-36: the code of the registration was sent less than a minute ago, so this one has to be asked for.
    fn has_the_code_sent(&self) -> anyhow::Result<()> {
        let send = "//button[normalize-space()='Send the code']";
        until("a minute is over", || {
            if !self.browser.text()?.contains("No code has been sent yet") {
                return Ok(Some(()));
            }
            let button = if self.browser.count_visible(send)? == 0 {
                "Check again"
            } else {
                "Send the code"
            };
            self.browser.press(button)?;
            Ok(None)
        })
    }

    fn answer_to_the_question(&self) -> anyhow::Result<&'static str> {
        let title = self.browser.title()?;
        let of = |words: &str| title.contains(words);
        let place = [
            "taught you to drive",
            "closest childhood friend",
            "bought with money you earned",
            "performed for others",
        ]
        .into_iter()
        .position(of);
        let place = place.with_context(|| format!("{title:?} was not chosen"))?;
        Ok(ANSWERS[place].1)
    }

    /// *Check again* until the card software has seen the card.
    fn until_the_page_has(&self, button: &str) -> anyhow::Result<()> {
        until("the card software sees the card", || {
            if self.browser.text()?.contains(button) {
                return Ok(Some(()));
            }
            self.browser.press("Check again")?;
            Ok(None)
        })
    }

    /// U-11, U-12, S-06.
    fn chooses(&self, holder: &Holder, code: &str) -> anyhow::Result<()> {
        let (first, last) = code.split_at(4);
        self.browser.type_into("code", &format!("{first}-{last}"))?;
        self.browser.press("Next")?;
        let says = ["type it twice", "15 minutes after you entered the code"];
        self.stop("unlock-passcode", "Reset Smartcard Passcode", &says)?;
        self.browser.press("Choose your new passcode")?;
        let says = ["You type it twice"];
        self.stop("unlock-passcode-job", "Choose your new smartcard passcode", &says)?;
        self.browser.press("Choose your new passcode")?;
        self.until_the_page_has("Confirm")?;
        let title = "Reset your smartcard passcode";
        self.stop("unlock-new-passcode", title, &["A locked card can be used again"])?;
        self.browser.type_into("new_passcode", holder.new)?;
        self.browser.type_into("confirm_passcode", holder.new)?;
        self.browser.press("Confirm")?;
        let says = ["works again", "You are not logged in yet"];
        self.stop("unlock-done", "Your smartcard is unlocked", &says)
    }

    /// U-01: in with the new passcode, and all of it is on record.
    fn is_back_at_work(&self, holder: &Holder) -> anyhow::Result<()> {
        self.logs_in_with(holder.new)?;
        self.stop("unlocked-home", "Your smartcard", &[holder.name, "Connected"])?;
        self.page("/ledger")?;
        self.keep_picture("unlocked-ledger")
    }
}
