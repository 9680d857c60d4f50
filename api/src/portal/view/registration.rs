//! registering for self-service, one question a page: four of twenty, an answer each,
//! the address, check your answers, and the code. No answer is ever put back into a page.

use pages::{Environment, Error, FieldError, Frame, Head, Link};
use serde::Serialize;

use super::{
    code::{CodeForm, CodeView},
    help::Topic,
    paths,
    profile::registration_code,
    question::{self, Question},
    refusal::RefusalView,
};

/// The id of the address's field.
pub const EMAIL: &str = "email";

/// The id of the choice of questions: every box has this name.
pub const QUESTIONS: &str = "questions";

/// The id of the choice of what to change.
pub const WHAT: &str = "what";

/// *Keep my answers, and change only the address.*
pub const ONLY_ADDRESS: &str = "address";

/// *Choose questions and answers anew.*
pub const EVERYTHING: &str = "everything";

const GO_ON: &str = "Go on with what you have entered";

/// What is needed, and what will happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RegisterStart {
    /// B-43: he is registered, and chooses what to change.
    pub registered: bool,
    /// What was entered before is still in this browser.
    pub unfinished: bool,
    /// Nothing was chosen.
    pub fault: bool,
    /// How many minutes there are for the questions.
    pub minutes: u32,
    /// How many minutes a code is good.
    pub code_minutes: u32,
}

#[derive(Serialize)]
struct StartPage {
    registered: bool,
    unfinished: Option<Link>,
    fault: Option<&'static str>,
    minutes: u32,
    code_minutes: u32,
    action: &'static str,
    what: &'static str,
    only_address: &'static str,
    everything: &'static str,
    profile: &'static str,
    help: Link,
}

impl RegisterStart {
    /// The page as HTML; the handler answers 422 with it if there is a fault.
    ///
    /// # Errors
    /// If the template does not fit.
    pub fn render(&self, environment: &Environment<'_>, frame: &Frame) -> Result<String, Error> {
        let fault = self.fault.then_some("Select what you want to change");
        let page = StartPage {
            registered: self.registered,
            unfinished: self.unfinished.then(|| Link::new(paths::REGISTER_CHECK, GO_ON)),
            fault,
            minutes: self.minutes,
            code_minutes: self.code_minutes,
            action: paths::REGISTER,
            what: WHAT,
            only_address: ONLY_ADDRESS,
            everything: EVERYTHING,
            profile: paths::PROFILE,
            help: Topic::SelfService.link(),
        };
        let title = if self.registered {
            "Change your self-service registration"
        } else {
            "Register for self-service"
        };
        let head = Head::new(title)
            .with_back(paths::PROFILE, "Back to My Profile")
            .with_errors(fault.map(|text| FieldError::new(WHAT, text)).into_iter().collect());
        pages::render(environment, "register_start.jinja", frame, &head, &page)
    }
}

/// the twenty questions, of which four are chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChooseQuestions {
    /// All of them.
    pub questions: Vec<Choice>,
    /// How many have to be chosen.
    pub wanted: usize,
    /// True if another number was chosen.
    pub fault: bool,
}

/// A question to choose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Choice {
    /// "Q07".
    pub id: String,
    /// Its words.
    pub text: String,
    /// True if it is chosen.
    pub chosen: bool,
}

#[derive(Serialize)]
struct ChoosePage<'a> {
    questions: &'a [Choice],
    wanted: usize,
    fault: Option<String>,
    action: &'static str,
    field: &'static str,
    cancel: &'static str,
}

impl ChooseQuestions {
    /// The page as HTML; the handler answers 422 with it if there is a fault.
    ///
    /// # Errors
    /// If the template does not fit.
    pub fn render(&self, environment: &Environment<'_>, frame: &Frame) -> Result<String, Error> {
        let chosen = self.questions.iter().filter(|question| question.chosen).count();
        let fault = self.fault.then(|| {
            format!("Select exactly {} questions: you have selected {chosen}", self.wanted)
        });
        // The fault leads to the first box, which is where one begins to choose.
        let summary = fault.iter().map(|text| FieldError::new(QUESTIONS, text)).collect();
        let page = ChoosePage {
            questions: &self.questions,
            wanted: self.wanted,
            fault,
            action: paths::REGISTER_QUESTIONS,
            field: QUESTIONS,
            cancel: paths::PROFILE,
        };
        let head = Head::new("Choose your security questions")
            .with_back(paths::REGISTER, "Back")
            .with_errors(summary);
        pages::render(environment, "choose_questions.jinja", frame, &head, &page)
    }
}

/// one of the four, to be answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The question.
    pub question: Question,
    /// B-35: what is wrong with the answer, each a sentence.
    pub fault: Option<String>,
}

impl Answer {
    /// The page as HTML; the handler answers 422 with it if there is a fault.
    ///
    /// # Errors
    /// If the template does not fit.
    pub fn render(&self, environment: &Environment<'_>, frame: &Frame) -> Result<String, Error> {
        let Question { number, .. } = self.question;
        let back = match number {
            0 | 1 => paths::REGISTER_QUESTIONS.to_owned(),
            later => paths::register_answer(later - 1),
        };
        question::Page {
            question: &self.question,
            fault: self.fault.as_deref(),
            advice: question::Advice::Choosing,
            action: paths::register_answer(number),
            cancel: paths::PROFILE,
        }
        .render(environment, frame, Some(Link::new(back, "Back")))
    }
}

/// where codes are sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmailPage {
    /// What the field holds: the contact address at first.
    pub email: String,
    /// What is wrong with it.
    pub fault: Option<String>,
    /// B-42: the domains that are allowed; empty if all are.
    pub domains: Vec<String>,
    /// The job of the registration that is awaited, if its address is changed; none while it is
    /// being filled in.
    pub awaiting: Option<String>,
}

#[derive(Serialize)]
struct EmailForm<'a> {
    email: &'a str,
    fault: Option<&'a str>,
    domains: String,
    action: String,
    field: &'static str,
    awaiting: bool,
    cancel: String,
}

impl EmailPage {
    /// The page as HTML; the handler answers 422 with it if there is a fault.
    ///
    /// # Errors
    /// If the template does not fit.
    pub fn render(&self, environment: &Environment<'_>, frame: &Frame) -> Result<String, Error> {
        let awaiting = self.awaiting.as_deref();
        let page = EmailForm {
            email: &self.email,
            fault: self.fault.as_deref(),
            domains: self.domains.join(", "),
            action: awaiting
                .map_or_else(|| paths::REGISTER_EMAIL.to_owned(), paths::registration_address),
            field: EMAIL,
            awaiting: awaiting.is_some(),
            cancel: awaiting.map_or_else(|| paths::PROFILE.to_owned(), paths::registration),
        };
        let title = if awaiting.is_some() {
            "Use a different email address"
        } else {
            "Confirm your email address"
        };
        let errors = self.fault.iter().map(|text| FieldError::new(EMAIL, text)).collect();
        let head = Head::new(title).with_errors(errors);
        pages::render(environment, "register_email.jinja", frame, &head, &page)
    }
}

/// What was entered, before the smartcard is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckAnswers {
    /// The questions, which are answered; none if the answers are kept as they are.
    pub questions: Option<Vec<String>>,
    /// The address, in full: it is what has to be right.
    pub email: String,
    /// B-35, B-42: what is wrong, with where to change it.
    pub faults: Vec<Link>,
}

#[derive(Serialize)]
struct CheckPage<'a> {
    questions: Option<Vec<Checked<'a>>>,
    choose: &'static str,
    email: &'a str,
    change_email: &'static str,
    faults: &'a [Link],
    action: &'static str,
    cancel: &'static str,
}

#[derive(Serialize)]
struct Checked<'a> {
    text: &'a str,
    change: String,
}

fn checked(questions: &[String]) -> Vec<Checked<'_>> {
    let line = |(index, text)| Checked { text, change: paths::register_answer(index + 1) };
    questions.iter().map(String::as_str).enumerate().map(line).collect()
}

impl CheckAnswers {
    /// The page as HTML; the handler answers 422 with it if there are faults.
    ///
    /// # Errors
    /// If the template does not fit.
    pub fn render(&self, environment: &Environment<'_>, frame: &Frame) -> Result<String, Error> {
        let questions = self.questions.as_ref();
        let page = CheckPage {
            questions: questions.map(|all| checked(all)),
            choose: paths::REGISTER_QUESTIONS,
            email: &self.email,
            change_email: paths::REGISTER_EMAIL,
            faults: &self.faults,
            action: paths::REGISTER_CHECK,
            cancel: paths::PROFILE,
        };
        let errors = self
            .faults
            .iter()
            .map(|fault| FieldError { href: fault.href.clone(), text: fault.text.clone() });
        let head = Head::new("Check your answers")
            .with_back(paths::REGISTER_EMAIL, "Back")
            .with_errors(errors.collect());
        pages::render(environment, "check_answers.jinja", frame, &head, &page)
    }
}

/// the code of a registration, on a page of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegistrationCode {
    /// The number of its job.
    pub job: String,
    /// B-44: when it is given up by itself ("3:32pm").
    pub until: String,
    /// The code.
    pub code: CodeView,
}

#[derive(Serialize)]
struct CodePage<'a> {
    form: CodeForm<'a>,
    until: &'a str,
    cancel: String,
}

impl RegistrationCode {
    /// The page as HTML; the handler answers 422 with it if there is a fault.
    ///
    /// # Errors
    /// If the template does not fit.
    pub fn render(&self, environment: &Environment<'_>, frame: &Frame) -> Result<String, Error> {
        let page = CodePage {
            form: registration_code(&self.job, &self.code),
            until: &self.until,
            cancel: paths::registration_cancel(&self.job),
        };
        let head = Head::new("Check your email").with_errors(self.code.errors());
        pages::render(environment, "register_code.jinja", frame, &head, &page)
    }
}

/// A registration that cannot go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegistrationOver {
    /// Why, and what to do.
    pub refusal: RefusalView,
}

#[derive(Serialize)]
struct OverPage<'a> {
    refusal: &'a RefusalView,
    again: Link,
    profile: &'static str,
}

impl RegistrationOver {
    /// The page as HTML.
    ///
    /// # Errors
    /// If the template does not fit.
    pub fn render(&self, environment: &Environment<'_>, frame: &Frame) -> Result<String, Error> {
        let page = OverPage {
            refusal: &self.refusal,
            again: Link::new(paths::REGISTER, "Start over"),
            profile: paths::PROFILE,
        };
        let head = Head::new("Your registration was not completed");
        pages::render(environment, "register_over.jinja", frame, &head, &page)
    }
}
