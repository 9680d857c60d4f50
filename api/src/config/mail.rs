//! Which mail server takes the mails to holders. Without the section none is sent: a mail server
//! cannot be guessed, and one that is named wrongly would look like one that works.

use std::path::PathBuf;

use workflows::mail::{Sender, Tls, is_loopback};

use super::settings::Settings;

/// `[mail]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailSettings {
    /// `mail.server`: name or address of the mail server. Has to be given.
    pub server: String,
    /// `mail.tls`: `starttls` (default), `tls`, or `none`, which is for a server on this machine.
    pub tls: Tls,
    /// `mail.port`: by default 587 for `starttls`, 465 for `tls`, 25 for `none`.
    pub port: u16,
    /// `mail.authority_file`: the certificates (PEM) of the authority that the mail server's
    /// certificate is from; by default those that the system trusts.
    pub authority_file: Option<PathBuf>,
    /// `mail.from`: who mails are from, `Smartcards <smartcards@example.org>`. Has to be given.
    pub from: Sender,
    /// `mail.username` and `mail.password_file`: how to log in to the mail server; both or none.
    pub login: Option<LoginSettings>,
}

/// How to log in to the mail server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginSettings {
    /// `mail.username`.
    pub username: String,
    /// `mail.password_file`: a file that nobody else can read, with the password in its first line.
    pub password_file: PathBuf,
}

const TLS: &[(&str, Tls)] = &[("none", Tls::None), ("starttls", Tls::StartTls), ("tls", Tls::Tls)];

impl MailSettings {
    /// The section, if there is one; faults are noted.
    pub(super) fn of(settings: &mut Settings) -> Option<Self> {
        if !settings.has_section("mail") {
            return None;
        }
        let server = settings.text("mail.server");
        let tls = settings.one_of("mail.tls", TLS, Tls::StartTls);
        let usual = match tls {
            Tls::None => 25,
            Tls::StartTls => 587,
            Tls::Tls => 465,
        };
        let port = settings.number("mail.port", 1..=u64::from(u16::MAX), usual);
        let authority_file = settings.path("mail.authority_file");
        let from = from(settings);
        let login = login(settings);
        if server.is_none() && !settings.is_at_fault("mail.server") {
            settings.fault("mail.server", "name the mail server".to_owned());
        }
        Some(Self {
            server: server?,
            tls,
            port: u16::try_from(port).unwrap_or_default(),
            authority_file,
            from: from?,
            login,
        })
    }

    /// What no key can say by itself.
    pub(super) fn check(&self, settings: &mut Settings) {
        if self.tls == Tls::None && !is_loopback(&self.server) {
            let what = format!(
                "{}: mail in plain, and any password with it, stays on loopback",
                self.server
            );
            settings.fault("mail.tls", what);
        }
        if self.tls == Tls::None && self.authority_file.is_some() {
            settings.fault("mail.authority_file", "is of no use without TLS".to_owned());
        }
    }
}

fn from(settings: &mut Settings) -> Option<Sender> {
    const KEY: &str = "mail.from";
    let text = settings.text(KEY);
    let from = text.as_deref().map(str::parse);
    match from {
        Some(Ok(from)) => return Some(from),
        Some(Err(error)) => settings.fault(KEY, error.to_string()),
        None if settings.is_at_fault(KEY) => {}
        None => settings.fault(KEY, "say who mails are from".to_owned()),
    }
    None
}

fn login(settings: &mut Settings) -> Option<LoginSettings> {
    let username = settings.text("mail.username");
    let password_file = settings.path("mail.password_file");
    match (username, password_file) {
        (Some(username), Some(password_file)) => Some(LoginSettings { username, password_file }),
        (Some(_), None) => {
            settings.fault("mail.password_file", "goes with mail.username".to_owned());
            None
        }
        (None, Some(_)) => {
            settings.fault("mail.username", "goes with mail.password_file".to_owned());
            None
        }
        (None, None) => None,
    }
}
