//! U-01 to U-12: unlocking a smartcard, without logging in: the start page with its warning, one
//! question a page, the account recovery passcode in their place (B-41), the code, and the way to
//! the new passcode. Which answer was wrong is never said; whom to ask instead always is.

use pages::{Environment, Error, FieldError, Frame, Head, Link};
use serde::Serialize;

use super::{
    code::{self, CodeForm, CodeView},
    help::Topic,
    paths,
    question::{self, Question},
    refusal::RefusalView,
};

/// The id of the box by which the warning is accepted.
pub const ACCEPT: &str = "accept";

/// The id of the account recovery passcode's field.
pub const RECOVERY: &str = "recovery_passcode";

/// U-04, U-06: the public start page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnlockStart {
    /// U-03, B-60: the approved readers, by model.
    pub readers: Vec<String>,
    /// How many minutes there are, up to the right code.
    pub minutes: u32,
    /// How many minutes a code is good.
    pub code_minutes: u32,
    /// The warning was not accepted.
    pub fault: bool,
}

#[derive(Serialize)]
struct StartPage<'a> {
    readers: &'a [String],
    minutes: u32,
    code_minutes: u32,
    fault: Option<&'static str>,
    accept: &'static str,
    action: &'static str,
    help: Vec<Link>,
}

impl UnlockStart {
    /// The page as HTML; the handler answers 422 with it if there is a fault.
    ///
    /// # Errors
    /// If the template does not fit.
    pub fn render(&self, environment: &Environment<'_>, frame: &Frame) -> Result<String, Error> {
        let fault = self.fault.then_some("Confirm that the smartcard is your own");
        let topics = [Topic::SelfService, Topic::RegistrationAuthorityUnlocks];
        let page = StartPage {
            readers: &self.readers,
            minutes: self.minutes,
            code_minutes: self.code_minutes,
            fault,
            accept: ACCEPT,
            action: paths::UNLOCK,
            help: topics.into_iter().map(Topic::link).collect(),
        };
        let head = Head::new("Unlock your smartcard")
            .with_back(paths::START, "Back to applications")
            .with_errors(fault.map(|text| FieldError::new(ACCEPT, text)).into_iter().collect());
        pages::render(environment, "unlock_start.jinja", frame, &head, &page)
    }
}

/// U-05: one of the questions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnlockQuestion {
    /// The number of its job.
    pub job: String,
    /// The question.
    pub question: Question,
    /// True if it was sent empty.
    pub fault: bool,
}

impl UnlockQuestion {
    /// The page as HTML; the handler answers 422 with it if there is a fault.
    ///
    /// # Errors
    /// If the template does not fit.
    pub fn render(&self, environment: &Environment<'_>, frame: &Frame) -> Result<String, Error> {
        let back = match self.question.number {
            0 | 1 => paths::unlock(&self.job),
            later => paths::unlock_answer(&self.job, later - 1),
        };
        question::Page {
            question: &self.question,
            fault: self.fault.then_some("Enter your answer"),
            advice: question::Advice::Answering,
            action: paths::unlock_answer(&self.job, self.question.number),
            cancel: paths::UNLOCK,
        }
        .render(environment, frame, Some(Link::new(back, "Back")))
    }
}

/// B-41: the account recovery passcode in place of answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnlockByRecovery {
    /// The number of its job.
    pub job: String,
    /// How often it may still be tried.
    pub tries_left: Option<u8>,
    /// What is wrong with what was entered.
    pub fault: Option<String>,
    /// True if the questions are another way.
    pub questions_too: bool,
}

#[derive(Serialize)]
struct RecoveryPage<'a> {
    tries_left: Option<u8>,
    fault: Option<&'a str>,
    action: String,
    field: &'static str,
    questions: Option<String>,
    cancel: &'static str,
    help: Link,
}

impl UnlockByRecovery {
    /// The page as HTML; the handler answers 422 with it if there is a fault.
    ///
    /// # Errors
    /// If the template does not fit.
    pub fn render(&self, environment: &Environment<'_>, frame: &Frame) -> Result<String, Error> {
        let page = RecoveryPage {
            tries_left: self.tries_left,
            fault: self.fault.as_deref(),
            action: paths::unlock_recovery_passcode(&self.job),
            field: RECOVERY,
            questions: self.questions_too.then(|| paths::unlock(&self.job)),
            cancel: paths::UNLOCK,
            help: Topic::RegistrationAuthorityUnlocks.link(),
        };
        let errors = self.fault.iter().map(|text| FieldError::new(RECOVERY, text)).collect();
        let head = Head::new("Enter your account recovery passcode").with_errors(errors);
        pages::render(environment, "unlock_recovery.jinja", frame, &head, &page)
    }
}

/// The page of an unlock under way, which is no question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unlock {
    /// The number of its job.
    pub job: String,
    /// How far it is.
    pub state: UnlockState,
}

/// How far an unlock is, as far as a page is concerned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UnlockState {
    /// U-05: the questions come next.
    Questions {
        /// B-32: which of the three attempts.
        attempt: u8,
        /// How many attempts there are.
        attempts: u8,
        /// How many questions this attempt asks.
        asked: usize,
        /// U-07: the attempt before was not right.
        wrong: bool,
        /// B-41: the account recovery passcode is another way.
        recovery_too: bool,
    },
    /// All are answered, and not sent yet.
    Check {
        /// B-32: which of the three attempts.
        attempt: u8,
        /// How many attempts there are.
        attempts: u8,
        /// The questions, in their words.
        questions: Vec<String>,
    },
    /// U-08 to U-11, S-06: the code.
    Code(CodeView),
    /// B-39, U-12: the new passcode.
    Passcode {
        /// Until when it can be chosen ("3:02pm").
        until: String,
        /// How many minutes that is, from the code on.
        minutes: u32,
        /// Why the last visit to the card came to nothing.
        last_try: Option<String>,
    },
    /// The new passcode is on the card.
    Done {
        /// U-01: whose, as the log-in page will say it.
        card: String,
    },
    /// It cannot go on: why, and what to do.
    Over(RefusalView),
}

#[derive(Serialize)]
struct Page<'a> {
    state: State<'a>,
    cancel: &'static str,
    unlock: &'static str,
    help: Link,
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
enum State<'a> {
    Questions {
        attempt: u8,
        attempts_left: String,
        last_attempt: bool,
        asked: usize,
        wrong: bool,
        first: String,
        recovery: Option<String>,
    },
    Check {
        attempt: u8,
        attempts: u8,
        questions: Vec<Checked<'a>>,
        action: String,
    },
    Code {
        form: CodeForm<'a>,
    },
    Passcode {
        until: &'a str,
        minutes: u32,
        last_try: Option<&'a str>,
        action: String,
    },
    Done {
        card: &'a str,
        log_in: &'static str,
    },
    Over {
        refusal: &'a RefusalView,
    },
}

#[derive(Serialize)]
struct Checked<'a> {
    text: &'a str,
    change: String,
}

fn checked<'a>(job: &str, questions: &'a [String]) -> Vec<Checked<'a>> {
    let line = |(index, text)| Checked { text, change: paths::unlock_answer(job, index + 1) };
    questions.iter().map(String::as_str).enumerate().map(line).collect()
}

impl Unlock {
    fn state(&self) -> State<'_> {
        let job = &self.job;
        match &self.state {
            UnlockState::Questions { attempt, attempts, asked, wrong, recovery_too } => {
                let left = attempts.saturating_sub(*attempt) + 1;
                State::Questions {
                    attempt: *attempt,
                    attempts_left: if left == 1 {
                        "1 attempt".to_owned()
                    } else {
                        format!("{left} attempts")
                    },
                    last_attempt: left == 1,
                    asked: *asked,
                    wrong: *wrong,
                    first: paths::unlock_answer(job, 1),
                    recovery: recovery_too.then(|| paths::unlock_recovery_passcode(job)),
                }
            }
            UnlockState::Check { attempt, attempts, questions } => State::Check {
                attempt: *attempt,
                attempts: *attempts,
                questions: checked(job, questions),
                action: paths::unlock_answers(job),
            },
            UnlockState::Code(code) => State::Code {
                form: CodeForm {
                    code,
                    field: code::FIELD,
                    label: "Unlock code",
                    submit: "Next",
                    action: paths::unlock_code(job),
                    send_again: paths::unlock_codes(job),
                    other_address: None,
                    check_again: paths::unlock(job),
                    needs_another: code.needs_another(),
                },
            },
            UnlockState::Passcode { until, minutes, last_try } => State::Passcode {
                until,
                minutes: *minutes,
                last_try: last_try.as_deref(),
                action: paths::unlock_passcode(job),
            },
            UnlockState::Done { card } => State::Done { card, log_in: paths::LOG_IN },
            UnlockState::Over(refusal) => State::Over { refusal },
        }
    }

    fn title(&self) -> &'static str {
        match &self.state {
            UnlockState::Questions { wrong: false, .. } => "Answer your security questions",
            UnlockState::Questions { wrong: true, .. } => "Your answers were not all right",
            UnlockState::Check { .. } => "Check before you send your answers",
            UnlockState::Code(_) => "Smartcard Unlock Code",
            UnlockState::Passcode { .. } => "Reset Smartcard Passcode",
            UnlockState::Done { .. } => "Your smartcard is unlocked",
            UnlockState::Over(_) => "You cannot unlock your smartcard here",
        }
    }

    /// The page as HTML; the handler answers 422 with it if there is a fault.
    ///
    /// # Errors
    /// If the template does not fit.
    pub fn render(&self, environment: &Environment<'_>, frame: &Frame) -> Result<String, Error> {
        let errors = match &self.state {
            UnlockState::Code(code) => code.errors(),
            UnlockState::Questions { .. }
            | UnlockState::Check { .. }
            | UnlockState::Passcode { .. }
            | UnlockState::Done { .. }
            | UnlockState::Over(_) => Vec::new(),
        };
        let page = Page {
            state: self.state(),
            cancel: paths::UNLOCK,
            unlock: paths::UNLOCK,
            help: Topic::RegistrationAuthorityUnlocks.link(),
        };
        let head = Head::new(self.title()).with_errors(errors);
        pages::render(environment, "unlock.jinja", frame, &head, &page)
    }
}
