//! Certificates in words: how they stand (Home, Renew Certificates), and what is due (alert, Home).

use chrono::NaiveDate;
use domain::certificate::{Phase, Standing};
use pages::{Environment, Error, Frame, Head, Link};
use serde::Serialize;

use super::{help::Topic, passcodes::days, paths};

/// How the certificates of a card stand, in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CertificateLine {
    /// "Due", in a tag.
    pub phase: &'static str,
    /// Colour of the tag; it says nothing that the word does not.
    pub colour: &'static str,
    /// "30 June 2026".
    pub expires: String,
    /// Days until then, 0 once it has come.
    pub days_left: i64,
    /// C-03, C-04: how often the holder may still renew them himself, in a sentence.
    pub renewals: String,
    /// S-01: where they are renewed; none outside the window.
    pub renew: Option<&'static str>,
}

impl From<&Standing> for CertificateLine {
    fn from(standing: &Standing) -> Self {
        let (phase, colour) = match standing.phase {
            _ if standing.update_open => ("Not finished", "red"),
            Phase::Quiet => ("Up to date", "green"),
            Phase::Alert => ("Due", "yellow"),
            Phase::Forced => ("Has to be renewed", "red"),
            Phase::Expired => ("Expired", "red"),
            Phase::Suspended => ("Suspended", "red"),
            Phase::Revoked => ("Revoked", "red"),
        };
        let renewals = match standing.authorised_until {
            Some(_) => {
                "Your registration authority has checked who you are: renew them now.".to_owned()
            }
            None => renewals_left(standing.self_renewals_left),
        };
        Self {
            phase,
            colour,
            expires: pages::date(standing.expires_on),
            days_left: standing.days_left.max(0),
            renewals,
            renew: (standing.update_open || standing.may_renew.is_ok())
                .then_some(paths::CERTIFICATES_RENEW),
        }
    }
}

/// C-05 to C-07, B-51: what is due, on the alert's page and in a box on Home.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CertificateNotice {
    /// In a sentence without full stop.
    pub title: String,
    /// What it means, a paragraph each.
    pub text: Vec<String>,
    /// C-08: where *Renew now* leads; none if only the registration authority can renew.
    pub renew: Option<&'static str>,
    /// B-55: an update that was interrupted goes on here.
    pub finish: Option<&'static str>,
    /// C-06: what *Later* sends back; none if it cannot be put off.
    pub later: Option<Later>,
    /// B-19: where *Not now* is sent after a technical problem; none if it cannot be put off.
    pub defer: Option<&'static str>,
    /// More to read.
    pub help: Link,
}

/// B-16: what *Later* sends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Later {
    /// Where to.
    pub action: &'static str,
    /// The day whose alert it is.
    pub on: NaiveDate,
}

/// What is due of certificates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// C-06: may be put off.
    Alert {
        /// The day whose alert it is.
        on: NaiveDate,
        /// From this day on it cannot be put off (B-13).
        forced_from: NaiveDate,
        /// False once it was put off for today.
        may_decline: bool,
    },
    /// C-07: has to be done now.
    Forced,
    /// C-04, B-51: only the registration authority can do it.
    RaRequired {
        /// True if by policy nothing else can be done before it is done.
        restricts: bool,
    },
    /// B-52, C-04: it was too late, and the registration authority lets him.
    ByLeave,
    /// B-52: it is too late.
    Expired,
    /// B-57.
    Suspended,
    /// C-15.
    Revoked,
    /// B-55: an update was begun and is not finished.
    Unfinished,
}

impl CertificateNotice {
    /// What is due of certificates that expire on that day, in so many days.
    #[must_use]
    pub fn new(due: Due, expires_on: NaiveDate, days_left: i64) -> Self {
        let (expires, left) = (pages::date(expires_on), days(days_left.max(0)));
        let blank = Self {
            title: format!("Your certificates expire in {left}"),
            text: Vec::new(),
            renew: None,
            finish: None,
            later: None,
            defer: None,
            help: Topic::CertificatesDue.link(),
        };
        match due {
            Due::Alert { on, forced_from, may_decline } => Self {
                text: vec![
                    format!("They expire on {expires}. Renewing takes a few minutes, and you need only your smartcard and its passcode."),
                    later_means(on, forced_from, may_decline),
                ],
                renew: Some(paths::CERTIFICATES_RENEW),
                later: may_decline.then_some(Later { action: paths::CERTIFICATES_LATER, on }),
                ..blank
            },
            Due::Forced => Self {
                title: if days_left <= 0 {
                    "You have to renew your certificates: they expire today".to_owned()
                } else {
                    format!("You have to renew your certificates: they expire in {left}")
                },
                text: vec![format!(
                    "They expire on {expires}. It cannot be put off any more: until they are renewed you can only do what is needed for that. After they have expired only your registration authority can help you, in person."
                )],
                renew: Some(paths::CERTIFICATES_RENEW),
                ..blank
            },
            Due::ByLeave => Self {
                title: "You have to renew your certificates: they have expired".to_owned(),
                text: vec![format!(
                    "They expired on {expires}. Your registration authority has checked who you are, so you can renew them now. Until they are renewed you can only do what is needed for that."
                )],
                renew: Some(paths::CERTIFICATES_RENEW),
                help: Topic::RegistrationAuthorityRenews.link(),
                ..blank
            },
            Due::RaRequired { restricts } => Self {
                text: vec![
                    format!("They expire on {expires}. You have renewed them yourself as often as is allowed: this time your registration authority has to check who you are."),
                    format!(
                        "Make an appointment with the registration authority of your organisation, and take your smartcard and a proof of identity with you. {}",
                        if restricts {
                            "Until they are renewed you can only do what is needed for that."
                        } else {
                            "You can go on working until then."
                        }
                    ),
                ],
                help: Topic::RegistrationAuthorityRenews.link(),
                ..blank
            },
            Due::Expired => Self {
                title: "Your certificates have expired".to_owned(),
                text: vec![format!(
                    "They expired on {expires}. Visit the registration authority of your organisation with your smartcard."
                )],
                help: Topic::CertificatesExpired.link(),
                ..blank
            },
            Due::Revoked => Self {
                title: "Your certificates have been revoked".to_owned(),
                text: vec![
                    "Your smartcard opens nothing any more. Ask the registration authority of your organisation for a new one.".to_owned(),
                ],
                help: Topic::CertificatesRevoked.link(),
                ..blank
            },
            Due::Suspended => Self {
                title: "Your certificates are suspended".to_owned(),
                text: vec![
                    "Your smartcard opens nothing for the time being. Ask the registration authority of your organisation to end the suspension.".to_owned(),
                ],
                help: Topic::CertificatesRevoked.link(),
                ..blank
            },
            Due::Unfinished => Self {
                title: "The renewal of your certificates is not finished".to_owned(),
                text: vec![
                    "It was interrupted after your card had begun to make its new keys. Nothing is lost: it goes on where it stopped. Until it is finished your smartcard opens nothing else.".to_owned(),
                ],
                finish: Some(paths::CERTIFICATES_RENEW),
                help: Topic::CardUpdateInterrupted.link(),
                ..blank
            },
        }
    }

    /// B-19: a technical problem is on record, and policy lets it be put off for it.
    #[must_use]
    pub fn that_may_be_deferred(mut self) -> Self {
        let why = "There was a technical problem with your renewal today. You can put it off for a few hours because of it.";
        self.text.push(why.to_owned());
        self.defer = Some(paths::CERTIFICATES_DEFER);
        self
    }

    /// A page of its own, where nothing else is due (C-05).
    ///
    /// # Errors
    /// If the template does not fit.
    pub fn render(&self, environment: &Environment<'_>, frame: &Frame) -> Result<String, Error> {
        let head = Head::new(&self.title);
        pages::render(environment, "certificates_due.jinja", frame, &head, self)
    }
}

/// B-13, B-16: until when it can be put off.
fn later_means(on: NaiveDate, forced_from: NaiveDate, may_decline: bool) -> String {
    let date = pages::date(forced_from);
    if !may_decline {
        format!(
            "You chose to do it later. We will remind you again tomorrow. From {date} you have to do it before anything else."
        )
    } else if on.succ_opt() == Some(forced_from) {
        format!(
            "You can do it later today. From tomorrow, {date}, you have to do it before anything else."
        )
    } else {
        format!(
            "You can do it later: we will remind you again tomorrow. From {date} you have to do it before anything else."
        )
    }
}

/// C-03, C-04: how often the holder may still renew them himself.
#[must_use]
pub fn renewals_left(left: u8) -> String {
    match left {
        0 => "The next renewal has to be done by your registration authority.".to_owned(),
        1 => "You can renew them yourself 1 more time before you have to visit your registration authority.".to_owned(),
        several => format!("You can renew them yourself {several} more times before you have to visit your registration authority."),
    }
}

/// S-01, C-09: the Renew Certificates tab: what will happen, and *Start*.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RenewCertificates {
    /// How they stand.
    pub line: CertificateLine,
    /// B-55: an update was begun and goes on.
    pub unfinished: bool,
    /// The update's id, made with the form, so that a form sent twice is one update.
    pub update: String,
}

#[derive(Serialize)]
struct RenewPage<'a> {
    line: &'a CertificateLine,
    unfinished: bool,
    update: &'a str,
    action: &'static str,
    home: &'static str,
    help: Link,
}

impl RenewCertificates {
    /// The page as HTML.
    ///
    /// # Errors
    /// If the template does not fit.
    pub fn render(&self, environment: &Environment<'_>, frame: &Frame) -> Result<String, Error> {
        let title = if self.unfinished {
            "Finish renewing your certificates"
        } else {
            "Renew your certificates"
        };
        let page = RenewPage {
            line: &self.line,
            unfinished: self.unfinished,
            update: &self.update,
            action: paths::CERTIFICATES_RENEW,
            home: paths::HOME,
            help: Topic::CertificatesDue.link(),
        };
        pages::render(environment, "certificates_renew.jinja", frame, &Head::new(title), &page)
    }
}
