//! How it looks: view models, templates, and the frame around them.

use axum::{
    http::StatusCode,
    response::{Html, IntoResponse as _, Response},
};
use chrono::DateTime;
use pages::{Demo, Environment, FieldError, Frame, Head, Link};
use protocol::{Act, Needs};
use serde::Serialize;

use super::{
    form::{AGREE, CONFIRM, CURRENT, Fault, LAST_TRY, NEW},
    job::Ready,
    situation::{Choice, Situation, Words},
};
use crate::passcode::smartcard_rules;

const TEMPLATES: &[(&str, &str)] = &[
    ("passcode.jinja", include_str!("../../templates/passcode.jinja")),
    ("situation.jinja", include_str!("../../templates/situation.jinja")),
];

/// Name beside the logo.
const SERVICE: &str = "Card software";

/// Templates and frame, read once.
pub(super) struct Look {
    environment: Environment<'static>,
    frame: Frame,
    origin: String,
}

#[derive(Serialize)]
struct PasscodePage {
    intro: &'static str,
    changes: Vec<String>,
    warning: Option<Warning>,
    rows: Vec<Row>,
    action: String,
    cancel: String,
    shown: String,
    fields: Vec<Field>,
    last_try: Option<LastTry>,
    /// What the card and the passcode must not do.
    note: &'static str,
    button: Button,
}

#[derive(Serialize)]
struct Button {
    /// Where the eye goes first if there is no field.
    id: Option<&'static str>,
    text: &'static str,
}

/// What nobody may overlook.
#[derive(Serialize)]
struct Warning {
    heading: &'static str,
    text: &'static str,
}

/// C-11, B-55: said before the first key is made, because afterwards there is no way back.
const NO_WAY_BACK: Warning = Warning {
    heading: "Do not remove your smartcard",
    text: "Your old certificates stop working as soon as the first new key is made. If your smartcard leaves the reader before the end, you can go on where it stopped, at this computer or another, and until then you can log in for nothing else.",
};

#[derive(Serialize)]
struct Row {
    key: &'static str,
    value: String,
}

#[derive(Serialize)]
struct Field {
    id: &'static str,
    label: &'static str,
    /// What the *Show* button shows.
    words: &'static str,
    hint: Option<String>,
    autocomplete: &'static str,
    error: Option<String>,
}

#[derive(Serialize)]
struct LastTry {
    id: &'static str,
    legend: &'static str,
    text: &'static str,
    error: Option<String>,
}

#[derive(Serialize)]
struct SituationPage {
    meaning: Vec<String>,
    /// Cards to choose from.
    choices: Vec<Link>,
    lists: Vec<List>,
    steps: &'static [&'static str],
    again: Option<Link>,
    rule: Option<Link>,
    help: Option<Link>,
    portal: Link,
}

#[derive(Serialize)]
struct List {
    title: &'static str,
    items: Vec<String>,
}

impl Look {
    pub(super) fn new(origin: &str, demo: bool) -> Result<Self, pages::Error> {
        let frame = Frame::new(SERVICE, format!("{origin}/"))
            .with_footer(vec![Link::new(format!("{origin}/help"), "Help")]);
        let frame = if demo {
            frame.with_demo(Demo {
                text: "The people and cards here are made up.".to_owned(),
                links: vec![Link::new(format!("{origin}/demo"), "Open the card drawer")],
            })
        } else {
            frame
        };
        Ok(Self { environment: pages::environment(TEMPLATES)?, frame, origin: origin.to_owned() })
    }

    /// The portal's origin.
    pub(super) fn origin(&self) -> &str {
        &self.origin
    }

    /// The portal's first page.
    pub(super) fn portal(&self) -> String {
        format!("{}/", self.origin)
    }

    /// The form; 422 if there are faults.
    pub(super) fn passcode(&self, ready: &Ready, faults: &[Fault]) -> Response {
        let status =
            if faults.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
        let errors = faults.iter().map(|(field, text)| FieldError::new(field, text)).collect();
        let head = Head::new(title(&ready.act)).with_errors(errors);
        let page = self.passcode_page(ready, faults);
        respond(status, self.render("passcode.jinja", &head, &page))
    }

    /// What is the matter; `job` is the one to check again.
    pub(super) fn situation(&self, situation: &Situation, job: Option<&str>) -> Response {
        respond(situation.words().status, self.situation_html(situation, job))
    }

    /// The same page as a text.
    pub(super) fn situation_html(
        &self,
        situation: &Situation,
        job: Option<&str>,
    ) -> Result<String, pages::Error> {
        let words = situation.words();
        let page = self.situation_page(situation, &words, job);
        self.render("situation.jinja", &Head::new(words.title), &page)
    }

    fn passcode_page(&self, ready: &Ready, faults: &[Fault]) -> PasscodePage {
        let (intro, button) = match &ready.act {
            Act::LogIn => {
                ("Enter the passcode of your smartcard to log in to the portal.", "Log in")
            }
            Act::ChangePasscodes { smartcard: false, .. } => (
                "Enter the passcode of your smartcard to agree to these changes. Nothing is changed before that.",
                "Make these changes",
            ),
            Act::ChangePasscodes { smartcard: true, .. } => (
                "Enter the current passcode of your smartcard, and the new one twice. All changes are made together, or none.",
                "Make these changes",
            ),
            Act::UpdateCard => (
                "Enter the passcode of your smartcard to confirm that it is you, and to start. The rest happens by itself and takes less than a minute. The portal shows how far it is.",
                "Renew my certificates",
            ),
            Act::Register { .. } => (
                "Enter the passcode of your smartcard to show that the card is yours. Your registration is complete when you have entered the code that is sent to you.",
                "Register",
            ),
            Act::BeginUnlock => (
                "The smartcard in this reader shows the portal that it is here. You do not need its passcode for this, and it works with a locked card as well. It is recorded, with the name of this computer and its reader.",
                "Use this smartcard",
            ),
            Act::Unlock => (
                "Choose a new passcode for your smartcard, and enter it twice. A locked card can be used again afterwards.",
                "Confirm",
            ),
            Act::Personalise => (
                "This card is about to become its holder’s. Keys are made on it and certificates are written to it, which takes some seconds.",
                "Write this card",
            ),
        };
        let changes = match &ready.act {
            Act::ChangePasscodes { changes, .. } => changes.clone(),
            Act::Register { questions, address } => registering(questions, address),
            Act::UpdateCard => vec![
                "Make two new keys on your smartcard".to_owned(),
                "Replace both of its certificates, one after the other".to_owned(),
            ],
            Act::LogIn | Act::Personalise | Act::BeginUnlock | Act::Unlock => Vec::new(),
        };
        let warning = match &ready.act {
            Act::UpdateCard => Some(NO_WAY_BACK),
            Act::LogIn
            | Act::ChangePasscodes { .. }
            | Act::Personalise
            | Act::Register { .. }
            | Act::BeginUnlock
            | Act::Unlock => None,
        };
        let error =
            |id| faults.iter().find(|(field, _)| *field == id).map(|(_, text)| text.clone());
        PasscodePage {
            intro,
            changes,
            warning,
            rows: self.rows(ready),
            action: ready.action(),
            cancel: format!("/jobs/{}/cancel", ready.job),
            shown: ready.shown(),
            fields: fields(ready, error),
            last_try: ready.needs_consent().then(|| last_try(ready, error(LAST_TRY))),
            note: match ready.act.needs() {
                Needs::Nothing => "Do not remove your smartcard from the reader.",
                Needs::Current | Needs::CurrentAndNew | Needs::New => {
                    "Do not remove your smartcard from the reader. Your smartcard passcode does not leave this computer."
                }
            },
            button: Button {
                id: (ready.act.needs() == Needs::Nothing).then_some(AGREE),
                text: button,
            },
        }
    }

    fn rows(&self, ready: &Ready) -> Vec<Row> {
        let mut rows = vec![
            Row { key: "Portal", value: self.origin.clone() },
            Row { key: "Time", value: shown_time(&ready.now) },
            Row { key: "Card reader", value: ready.reader.model.clone() },
            Row { key: "Smartcard", value: ready.card.serial.clone() },
        ];
        if ready.act.needs().asks_current() {
            let value = match ready.card.tries_left {
                Some(left) => left.to_string(),
                None => "The card does not say".to_owned(),
            };
            rows.push(Row { key: "Tries left", value });
        }
        rows
    }

    fn situation_page(
        &self,
        situation: &Situation,
        words: &Words,
        job: Option<&str>,
    ) -> SituationPage {
        let mut page = SituationPage {
            meaning: Vec::new(),
            choices: Vec::new(),
            lists: Vec::new(),
            steps: words.steps,
            again: job.zip(words.again).map(|(job, text)| Link::new(format!("/jobs/{job}"), text)),
            rule: None,
            help: words.help.map(|slug| {
                Link::new(format!("{}/help/{slug}", self.origin), "Read more about this")
            }),
            portal: Link::new(self.portal(), "Go to the portal"),
        };
        if *situation == Situation::CardLocked {
            page.portal = Link::new(format!("{}/unlock", self.origin), "Unlock your smartcard");
        }
        if let Situation::UnknownJob(message) | Situation::Refused { message, .. } = situation {
            page.meaning.push(message.clone());
        }
        if let Situation::Refused { rule, .. } = situation
            && !rule.is_empty()
        {
            let href = format!("{}/rules/{rule}", self.origin);
            page.rule = Some(Link::new(href, format!("rule {rule}")));
        }
        if let (Situation::SeveralCards(cards), Some(job)) = (situation, job) {
            page.choices = cards.iter().map(|card| choice(job, card)).collect();
        }
        if let Situation::ReaderNotApproved { seen, approved } = situation {
            page.lists.push(List { title: "This computer has:", items: seen.clone() });
            page.lists.push(List { title: "Approved are:", items: approved.clone() });
        }
        if !words.meaning.is_empty() {
            page.meaning.push(words.meaning.to_owned());
        }
        page
    }

    fn render(
        &self,
        template: &str,
        head: &Head,
        page: &impl Serialize,
    ) -> Result<String, pages::Error> {
        pages::render(&self.environment, template, &self.frame, head, page)
    }
}

/// The way to the same job with this card.
fn choice(job: &str, card: &Choice) -> Link {
    let text = format!("{} in {}", card.serial, card.reader);
    Link::new(format!("/jobs/{job}?card={}", card.serial), text)
}

fn respond(status: StatusCode, html: Result<String, pages::Error>) -> Response {
    match html {
        Ok(html) => (status, Html(html)).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page could not be rendered");
            (StatusCode::INTERNAL_SERVER_ERROR, "The card software could not show its page.")
                .into_response()
        }
    }
}

fn title(act: &Act) -> &'static str {
    match act {
        Act::LogIn => "Log in with your smartcard",
        Act::ChangePasscodes { smartcard: false, .. } => "Agree to your changes",
        Act::ChangePasscodes { smartcard: true, .. } => "Change your smartcard passcode",
        Act::Personalise => "Set the first passcode of this smartcard",
        Act::UpdateCard => "Renew your certificates",
        Act::Register { .. } => "Register for self-service",
        Act::BeginUnlock => "Show that your smartcard is here",
        Act::Unlock => "Reset your smartcard passcode",
    }
}

fn fields(ready: &Ready, error: impl Fn(&'static str) -> Option<String>) -> Vec<Field> {
    let label = match &ready.act {
        Act::LogIn | Act::UpdateCard | Act::Register { .. } => "Smartcard passcode",
        Act::ChangePasscodes { .. } | Act::Personalise | Act::BeginUnlock | Act::Unlock => {
            "Current smartcard passcode"
        }
    };
    let current = || Field {
        id: CURRENT,
        label,
        words: "smartcard passcode",
        hint: None,
        autocomplete: "current-password",
        error: error(CURRENT),
    };
    let new = || Field {
        id: NEW,
        label: "New smartcard passcode",
        words: "new smartcard passcode",
        hint: Some(format!("This card takes {}", smartcard_rules(ready.rules))),
        autocomplete: "new-password",
        error: error(NEW),
    };
    let confirm = || Field {
        id: CONFIRM,
        label: "Confirm new smartcard passcode",
        words: "confirmed smartcard passcode",
        hint: None,
        autocomplete: "new-password",
        error: error(CONFIRM),
    };
    match ready.act.needs() {
        Needs::Current => vec![current()],
        Needs::CurrentAndNew => vec![current(), new(), confirm()],
        Needs::New => vec![new(), confirm()],
        Needs::Nothing => Vec::new(),
    }
}

/// what is agreed to with a registration.
fn registering(questions: &[String], address: &str) -> Vec<String> {
    let code = format!("Have a registration code sent to {address}");
    if questions.is_empty() {
        return vec!["Keep your security questions and answers as they are".to_owned(), code];
    }
    let asked = questions.iter().map(|question| format!("Set your answer to ‘{question}’"));
    asked.chain([code]).collect()
}

fn last_try(ready: &Ready, error: Option<String>) -> LastTry {
    let (legend, text) = match ready.card.tries_left {
        Some(_) => (
            "This is your last try",
            "Use my last try. I know that the card is locked if the passcode is wrong.",
        ),
        None => (
            "The card does not say how many tries are left",
            "Use a try. I know that the card may be locked if the passcode is wrong.",
        ),
    };
    LastTry { id: LAST_TRY, legend, text, error }
}

/// Server time as it is to be read: in the offset that the server gave it.
fn shown_time(now: &str) -> String {
    let Ok(at) = DateTime::parse_from_rfc3339(now) else {
        return "The service does not say".to_owned();
    };
    let text = pages::date_and_time(at.to_utc(), at.offset());
    if now.ends_with('Z') { format!("{text} (UTC)") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn server_time_is_shown_in_the_offset_it_came_with() {
        assert_eq!(shown_time("2026-07-01T14:47:10+01:00"), "1 July 2026 at 2:47pm");
        assert_eq!(shown_time("2026-07-01T13:47:10Z"), "1 July 2026 at 1:47pm (UTC)");
        assert_eq!(shown_time("soon"), "The service does not say");
    }
}
