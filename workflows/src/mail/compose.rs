//! What mails say: plain sentences, once, for the text and the HTML alike.

mod certificates;
mod desk;
mod notice;
mod self_service;

use chrono::{DateTime, NaiveDate, TimeZone, Utc};
use domain::expiry::Item;
use pages::{Environment, Error};
use serde::Serialize;
use stores::vault::{Code, Person};
use uuid::Uuid;

pub use certificates::{CertificateNotice, Demand};
pub use desk::DeskNotice;
pub use notice::{Asks, Copies, Notice, Wanted};
pub use self_service::{CodeNotice, SelfServiceNotice};

use super::{Mail, MessageId, message::one_line};
use crate::not_me::Reference;

const TEXT: &str = "mail/letter.txt.jinja";
const HTML: &str = "mail/letter.html.jinja";
const TEMPLATES: &[(&str, &str)] = &[
    (TEXT, include_str!("../../templates/mail/letter.txt.jinja")),
    (HTML, include_str!("../../templates/mail/letter.html.jinja")),
];

/// By what a mail is answered with "this was not me" (B-57).
#[derive(Debug)]
pub struct Answer {
    /// Says which mail it is.
    pub reference: Reference,
    /// Says that who answers has it.
    pub code: Code,
    /// The first instant at which it cannot be answered any more.
    pub until: DateTime<Utc>,
}

/// Writes mails for one portal.
#[derive(Debug)]
pub struct Composer {
    portal: String,
    environment: Environment<'static>,
}

impl Composer {
    /// Mails whose links lead to the portal at this origin.
    ///
    /// # Errors
    /// If a template is wrong, which the tests of this module rule out.
    pub fn new(portal_origin: &str) -> Result<Self, Error> {
        let environment = pages::environment(TEMPLATES)?;
        Ok(Self { portal: portal_origin.to_owned(), environment })
    }

    /// The mail of a workflow's `step`, about what happened `at`; the same for the same arguments. Times
    /// are those of `zone`.
    ///
    /// # Errors
    /// As [`Composer::new`].
    pub fn compose<Zone: TimeZone>(
        &self,
        step: Uuid,
        at: DateTime<Utc>,
        notice: &Notice,
        to: Person,
        zone: &Zone,
    ) -> Result<Mail, Error> {
        self.write(step, at, self.words(notice, zone), to)
    }

    /// The same, of a mail that can be answered: its end says by what.
    ///
    /// # Errors
    /// As [`Composer::new`].
    pub fn compose_answerable<Zone: TimeZone>(
        &self,
        step: Uuid,
        at: DateTime<Utc>,
        (notice, answer): (&Notice, &Answer),
        to: Person,
        zone: &Zone,
    ) -> Result<Mail, Error> {
        let (subject, mut paragraphs) = self.words(notice, zone);
        paragraphs.push(self.not_me(answer, zone));
        self.write(step, at, (subject, paragraphs), to)
    }

    /// The mail that brings a code; the same for the same arguments. Times are those of `zone`.
    ///
    /// # Errors
    /// As [`Composer::new`].
    pub fn compose_code<Zone: TimeZone>(
        &self,
        step: Uuid,
        at: DateTime<Utc>,
        (notice, code): (&CodeNotice, &Code),
        to: Person,
        zone: &Zone,
    ) -> Result<Mail, Error> {
        self.write(step, at, notice.words(code, zone), to)
    }

    fn write(
        &self,
        step: Uuid,
        at: DateTime<Utc>,
        (subject, paragraphs): (String, Vec<Paragraph>),
        to: Person,
    ) -> Result<Mail, Error> {
        let name = one_line(&to.name);
        let letter = Letter { name: &name, subject: &subject, paragraphs, portal: &self.portal };
        let text = pages::render_fragment(&self.environment, TEXT, &letter)?;
        let html = pages::render_fragment(&self.environment, HTML, &letter)?;
        let message_id = MessageId::of_step(step, &self.portal);
        Ok(Mail { message_id, at, to, copies: Vec::new(), subject, text, html })
    }

    fn words<Zone: TimeZone>(&self, notice: &Notice, zone: &Zone) -> (String, Vec<Paragraph>) {
        match notice {
            Notice::Alert { on, items } => self.alert(*on, items),
            Notice::Forced { locks_on, items } => {
                let subject = match &items[..] {
                    [_] => "Your passcode has expired: change it now",
                    _ => "Your passcodes have expired: change them now",
                };
                let mut paragraphs = vec![expired(items)];
                paragraphs.extend(locks_on.map(lock));
                paragraphs.extend(lapses(items));
                paragraphs.push(has_to(items));
                (subject.to_owned(), self.with_link(paragraphs))
            }
            Notice::LockAnnounced { on, locks_on, items } => {
                let subject = format!("Your account will be locked {}", days(*on, *locks_on));
                let mut paragraphs = vec![lock(*locks_on), expired(items)];
                paragraphs.extend(lapses(items));
                paragraphs.push(has_to(items));
                (subject, self.with_link(paragraphs))
            }
            Notice::Locked { items } => ("Your account is locked".to_owned(), self.locked(items)),
            Notice::Certificates(notice) => notice.words(&self.portal),
            Notice::SelfService(notice) => notice.words(&self.portal, zone),
            Notice::Desk(notice) => notice.words(&self.portal),
        }
    }

    /// B-57: the code is not in the address, which others may see.
    fn not_me<Zone: TimeZone>(&self, answer: &Answer, zone: &Zone) -> Paragraph {
        let Answer { reference, code, until } = answer;
        let until = pages::date_and_time(*until, zone);
        let text = format!(
            "If this was not you, you can also say so yourself, until {until}, once: enter this \
             reference and this code on the page below. If your certificates still work, they are \
             suspended at once, and the registration authority of your organisation is told. Do not \
             tell the code to anybody."
        );
        let code = code.grouped();
        let items = vec![format!("Reference: {reference}"), format!("Code: {}", *code)];
        let address = format!("{}/not-me", self.portal);
        Paragraph { text, items, link: Some(Link { text: "Say that this was not you", address }) }
    }

    fn alert(&self, on: NaiveDate, items: &[Item]) -> (String, Vec<Paragraph>) {
        let (gone, soon): (Vec<Item>, Vec<Item>) =
            items.iter().partition(|item| item.expires_on <= on);
        if !gone.is_empty() {
            let mut paragraphs = vec![expired(&gone), has_to(&gone)];
            paragraphs.extend(gone.iter().filter_map(|item| item.locks_on).min().map(lock));
            paragraphs.extend(lapses(&gone));
            paragraphs.push(expires(on, &soon));
            paragraphs.push(say(format!("Change {} at the same time.", it(&soon))));
            return ("Change your passcodes now".to_owned(), self.with_link(paragraphs));
        }
        let subject = match &soon[..] {
            [item] => format!("Your passcode expires {}", days(on, item.expires_on)),
            _ => format!("{} of your passcodes expire soon", soon.len()),
        };
        let it = it(&soon);
        let mut paragraphs = vec![expires(on, &soon)];
        paragraphs.push(say(format!("Change {it} now or later.")));
        let mut paragraphs = self.with_link(paragraphs);
        paragraphs.push(say("If you do it later, we will remind you every day.".to_owned()));
        (subject, paragraphs)
    }

    fn locked(&self, items: &[Item]) -> Vec<Paragraph> {
        let why = match items {
            [item] => {
                let words = item.kind.words();
                say(format!("Your account is locked because your {words} was not changed in time."))
            }
            _ => Paragraph {
                text: "Your account is locked because these passcodes were not changed in time:"
                    .to_owned(),
                items: items.iter().map(|item| item.kind.words().to_owned()).collect(),
                link: None,
            },
        };
        let until = "Until it is unlocked you cannot log in or change anything.".to_owned();
        let out = "Visit the registration authority of your organisation.".to_owned();
        let help = Link {
            text: "Help with a locked account",
            address: format!("{}/help/account-locked", self.portal),
        };
        vec![why, say(until), Paragraph { text: out, items: vec![], link: Some(help) }]
    }

    /// P-16: the last paragraph leads straight to where passcodes are changed.
    fn with_link(&self, mut paragraphs: Vec<Paragraph>) -> Vec<Paragraph> {
        let address = format!("{}/passcodes", self.portal);
        if let Some(last) = paragraphs.last_mut() {
            last.link = Some(Link { text: "Change your passcodes", address });
        }
        paragraphs
    }
}

/// What the templates read.
#[derive(Serialize)]
struct Letter<'a> {
    name: &'a str,
    subject: &'a str,
    paragraphs: Vec<Paragraph>,
    portal: &'a str,
}

#[derive(Serialize)]
struct Paragraph {
    text: String,
    items: Vec<String>,
    link: Option<Link>,
}

#[derive(Serialize)]
struct Link {
    text: &'static str,
    address: String,
}

fn say(text: String) -> Paragraph {
    Paragraph { text, items: vec![], link: None }
}

fn it(items: &[Item]) -> &'static str {
    if items.len() == 1 { "it" } else { "them" }
}

/// P-14: what expires soon, and when.
fn expires(on: NaiveDate, items: &[Item]) -> Paragraph {
    let when =
        |item: &Item| format!("{}, on {}", days(on, item.expires_on), pages::date(item.expires_on));
    match items {
        [item] => say(format!("Your {} expires {}.", item.kind.words(), when(item))),
        _ => Paragraph {
            text: "These passcodes expire soon:".to_owned(),
            items: items
                .iter()
                .map(|item| format!("{}, {}", item.kind.words(), when(item)))
                .collect(),
            link: None,
        },
    }
}

/// P-17: what has expired, and since when.
fn expired(items: &[Item]) -> Paragraph {
    match items {
        [item] => {
            let (words, day) = (item.kind.words(), pages::date(item.expires_on));
            say(format!("Your {words} expired on {day}."))
        }
        _ => Paragraph {
            text: "These passcodes have expired:".to_owned(),
            items: items
                .iter()
                .map(|item| format!("{}, on {}", item.kind.words(), pages::date(item.expires_on)))
                .collect(),
            link: None,
        },
    }
}

/// B-17: what a restricted session is for.
fn has_to(items: &[Item]) -> Paragraph {
    let it = it(items);
    say(format!("Log in and change {it}. Until you have, you cannot do anything else."))
}

/// P-18: the last day to act, and what comes then.
fn lock(locks_on: NaiveDate) -> Paragraph {
    let (day, last) = (pages::date(locks_on), locks_on.pred_opt().unwrap_or(locks_on));
    let last = pages::date(last);
    say(format!("Your account will be locked on {day}. The last day to prevent this is {last}."))
}

/// B-21: what does not lock the account, and from when it counts as not set instead.
fn lapses(items: &[Item]) -> impl Iterator<Item = Paragraph> {
    items.iter().filter_map(|item| {
        let (words, day) = (item.kind.words(), pages::date(item.lapses_on?));
        Some(say(format!("If you do nothing, your {words} counts as not set from {day}.")))
    })
}

/// `in 14 days`, `tomorrow`, `today`.
fn days(from: NaiveDate, to: NaiveDate) -> String {
    match (to - from).num_days() {
        ..=0 => "today".to_owned(),
        1 => "tomorrow".to_owned(),
        n => format!("in {n} days"),
    }
}
