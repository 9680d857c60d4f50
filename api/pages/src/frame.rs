//! What surrounds a page: header, navigation, banner, footer, title, errors.

use serde::Serialize;

/// What `layout.jinja` calls `frame`: the same on every page that one person sees.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Frame {
    /// Name of the service, beside the logo and in every title ("Self Service Portal", S-01).
    pub service: String,
    /// Where the logo leads.
    pub home: String,
    /// The strip below the header that says DEMO; `None` in production.
    pub demo: Option<Demo>,
    /// The tabs of S-01, as header navigation; empty while nobody is logged in.
    pub navigation: Vec<NavigationItem>,
    /// Who is logged in.
    pub account: Option<Account>,
    /// Links at the foot.
    pub footer: Vec<Link>,
    /// The line at the foot that says whose service this is.
    pub copyright: String,
    /// Time at which an idle session ends ("2:47pm"), for those whose browser runs no script.
    pub log_out_at: Option<String>,
    /// The warning before that; only where a session can end.
    pub time_out: Option<TimeOut>,
}

/// The warning before a session ends by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TimeOut {
    /// Address that *Stay logged in* posts to.
    pub keep: String,
    /// Address that *Log out* posts to.
    pub log_out: String,
    /// Address of the page after the end.
    pub logged_out: String,
    /// Time of day of the end ("2:47pm").
    pub log_out_at: String,
    /// Seconds until then.
    pub ends_after_secs: u32,
    /// The warning comes so many seconds before.
    pub warn_secs: u32,
    /// False where the end cannot be put off any more.
    pub may_stay: bool,
}

/// The strip that says DEMO.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Demo {
    /// One sentence.
    pub text: String,
    /// Links after it, to the card drawer and the like.
    pub links: Vec<Link>,
}

/// A tab.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NavigationItem {
    /// Address.
    pub href: String,
    /// Label.
    pub text: String,
    /// True on the page that it leads to.
    pub current: bool,
}

/// The end of the header, where the person stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Account {
    /// The person's name.
    pub name: String,
    /// Address that *Log out* posts to.
    pub log_out: String,
}

/// A link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Link {
    /// Address.
    pub href: String,
    /// Words.
    pub text: String,
}

/// What `layout.jinja` calls `head`: the parts of one page that stand outside its text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Head {
    /// Heading and beginning of the title.
    pub title: String,
    /// What is wrong with the form, in the order of its fields; the title then starts "Error: ".
    pub errors: Vec<FieldError>,
    /// The link above the heading.
    pub back: Option<Link>,
}

/// One line of the error summary; the same text stands at the field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldError {
    /// `#` and the id of the field.
    pub href: String,
    /// What to do.
    pub text: String,
}

impl Frame {
    /// A frame with nothing in it but the service's name.
    #[must_use]
    pub fn new(service: impl Into<String>, home: impl Into<String>) -> Self {
        Self {
            service: service.into(),
            home: home.into(),
            demo: None,
            navigation: Vec::new(),
            account: None,
            footer: Vec::new(),
            copyright: "Latchkey".to_owned(),
            log_out_at: None,
            time_out: None,
        }
    }

    /// The same with links at the foot.
    #[must_use]
    pub fn with_footer(self, footer: Vec<Link>) -> Self {
        Self { footer, ..self }
    }

    /// The same with the strip that says DEMO, and a foot that says so, too.
    #[must_use]
    pub fn with_demo(self, demo: Demo) -> Self {
        let copyright = "Latchkey – a demonstration, not an NHS service".to_owned();
        Self { demo: Some(demo), copyright, ..self }
    }
}

impl Head {
    /// A page without errors or a way back.
    #[must_use]
    pub fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), errors: Vec::new(), back: None }
    }

    /// The same with a link above the heading.
    #[must_use]
    pub fn with_back(self, href: impl Into<String>, text: impl Into<String>) -> Self {
        Self { back: Some(Link::new(href, text)), ..self }
    }

    /// The same with an error summary.
    #[must_use]
    pub fn with_errors(self, errors: Vec<FieldError>) -> Self {
        Self { errors, ..self }
    }
}

impl Link {
    /// A link.
    #[must_use]
    pub fn new(href: impl Into<String>, text: impl Into<String>) -> Self {
        Self { href: href.into(), text: text.into() }
    }
}

impl FieldError {
    /// An error at the field with that id.
    #[must_use]
    pub fn new(field_id: &str, text: impl Into<String>) -> Self {
        Self { href: format!("#{field_id}"), text: text.into() }
    }
}
