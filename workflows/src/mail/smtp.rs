//! The courier that hands mails to an organisation's mail server (SMTP, RFC 5321).
//!
//! One connection per mail, and no pool: a delivery that is given up half-way can then never leave
//! an answer behind that the next mail takes for its own. lettre's own logging is not compiled in;
//! it would log every command, the log-in among them.

use std::{fmt, net::IpAddr, time::Duration};

use futures::future::BoxFuture;
use lettre::{
    Address,
    transport::smtp::{
        Error,
        authentication::{Credentials, DEFAULT_MECHANISMS},
        client::{AsyncSmtpConnection, Certificate, CertificateStore, TlsParameters},
        commands::{Data, Mail as MailFrom, Rcpt},
        extension::ClientId,
    },
};
use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::timeout,
};
use zeroize::Zeroizing;

use super::{
    Courier, Failure, Mail,
    message::{self, Sender},
};

/// Most connections to the mail server at once; the others wait for their turn.
const CONNECTIONS_MAX: usize = 4;

/// How long the server has to say goodbye once it has the mail; nothing depends on it.
const FAREWELL_MAX: Duration = Duration::from_secs(2);

/// How the way to the mail server is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tls {
    /// Not at all.
    None,
    /// The connection begins in plain and must become TLS before anything is said (RFC 3207).
    StartTls,
    /// TLS from the first byte (RFC 8314 §3.3).
    Tls,
}

/// How to log in to the mail server.
#[derive(Clone, PartialEq, Eq)]
pub struct Login {
    /// The account's name.
    pub username: String,
    /// Its password. lettre gets a copy for the length of one log-in, which it does not wipe.
    pub password: Zeroizing<String>,
}

/// Shows whose it is, not what it opens with.
impl fmt::Debug for Login {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Login({:?}, ..)", self.username)
    }
}

/// How long a delivery may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Until the connection stands.
    pub connect: Duration,
    /// From waiting for a turn until the server has taken the mail.
    pub whole: Duration,
}

impl Default for Limits {
    /// Ten seconds, and one minute.
    fn default() -> Self {
        Self { connect: Duration::from_secs(10), whole: Duration::from_mins(1) }
    }
}

/// Everything the courier needs to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SmtpSettings {
    /// Name or address of the mail server; the name that its certificate must have.
    pub server: String,
    /// Its port.
    pub port: u16,
    /// How the way there is protected.
    pub tls: Tls,
    /// Certificates (PEM) of the only authority to trust; without them, whom the system trusts.
    pub authority: Option<Vec<u8>>,
    /// Who mails are from.
    pub from: Sender,
    /// How to log in, if the server asks for it.
    pub login: Option<Login>,
    /// How long a delivery may take.
    pub limits: Limits,
}

/// Why a courier cannot be had with these settings.
#[derive(Debug, thiserror::Error)]
pub enum NotUsable {
    /// The password would be readable on the way.
    #[error("a password needs TLS beyond loopback")]
    PasswordInPlain,
    /// The authority's certificates are none.
    #[error("the mail server's authority is not a certificate in PEM")]
    Authority(#[source] Error),
}

/// True if what is said to this server does not leave the machine.
#[must_use]
pub fn is_loopback(server: &str) -> bool {
    server == "localhost" || server.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

/// Hands mails to a mail server.
#[derive(Debug)]
pub struct SmtpCourier {
    settings: SmtpSettings,
    trust: Option<Trust>,
    turns: Semaphore,
}

struct Trust(TlsParameters);

impl fmt::Debug for Trust {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Trust(..)")
    }
}

impl SmtpCourier {
    /// A courier; nothing is connected before the first mail.
    pub fn new(settings: SmtpSettings) -> Result<Self, NotUsable> {
        let trust = match settings.tls {
            Tls::None if settings.login.is_some() && !is_loopback(&settings.server) => {
                return Err(NotUsable::PasswordInPlain);
            }
            Tls::None => None,
            Tls::StartTls | Tls::Tls => Some(Trust(trust(&settings)?)),
        };
        Ok(Self { settings, trust, turns: Semaphore::new(CONNECTIONS_MAX) })
    }

    async fn carry(&self, mail: &Mail) -> Result<(), Failure> {
        let (to, bytes) = message::write(mail, &self.settings.from).map_err(|_| {
            Failure::Permanent("the holder's address is none that mail can be sent to".to_owned())
        })?;
        let whole = self.settings.limits.whole;
        let late = |_| Failure::Transient(format!("the mail server took longer than {whole:?}"));
        let handed_over = timeout(whole, self.hand_over(to, &bytes)).await.map_err(late)?;
        let (mut connection, _turn) = handed_over?;
        // It has the mail; whatever it says now changes nothing.
        let _ = timeout(FAREWELL_MAX.min(whole), connection.quit()).await;
        Ok(())
    }

    /// Until the server has taken responsibility for the mail (RFC 5321 §4.2.5).
    async fn hand_over(
        &self,
        to: Vec<Address>,
        bytes: &[u8],
    ) -> Result<(AsyncSmtpConnection, SemaphorePermit<'_>), Failure> {
        let closed = |_| Failure::Transient("the courier is shut".to_owned());
        let turn = self.turns.acquire().await.map_err(closed)?;
        let mut connection =
            self.connect().await.map_err(|error| before_mail("the connection", &error))?;
        let from = self.settings.from.address().clone();
        let answer = connection.command(MailFrom::new(Some(from), vec![])).await;
        answer.map_err(|error| before_mail("MAIL", &error))?;
        recipients(&mut connection, to).await?;
        let answer = connection.command(Data).await;
        answer.map_err(|error| at_mail("DATA", &error))?;
        let answer = connection.message(bytes).await;
        answer.map_err(|error| at_mail("the mail itself", &error))?;
        Ok((connection, turn))
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, Error> {
        let settings = &self.settings;
        let place = (settings.server.as_str(), settings.port);
        let hello = ClientId::Domain(settings.from.address().domain().to_owned());
        let trust = self.trust.as_ref().map(|trust| trust.0.clone());
        let (at_once, later) = match settings.tls {
            Tls::None => (None, None),
            Tls::StartTls => (None, trust),
            Tls::Tls => (trust, None),
        };
        let limit = Some(settings.limits.connect);
        let mut connection =
            AsyncSmtpConnection::connect_tokio1(place, limit, &hello, at_once, None).await?;
        if let Some(trust) = later {
            connection.starttls(trust, &hello).await?;
        }
        if let Some(Login { username, password }) = &settings.login {
            let credentials = Credentials::new(username.clone(), password.to_string());
            connection.auth(DEFAULT_MECHANISMS, &credentials).await?;
        }
        Ok(connection)
    }
}

impl Courier for SmtpCourier {
    fn deliver<'a>(&'a self, mail: &'a Mail) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(self.carry(mail))
    }
}

/// Names the recipients. One that is refused for good does not keep the mail from the others.
async fn recipients(connection: &mut AsyncSmtpConnection, to: Vec<Address>) -> Result<(), Failure> {
    let (mut refused, mut n_taken) = (None, 0);
    for address in to {
        let answer = connection.command(Rcpt::new(address, vec![])).await;
        match answer.map_err(|error| at_mail("RCPT", &error)) {
            Ok(_) => n_taken += 1,
            Err(never @ Failure::Permanent(_)) => refused = Some(never),
            Err(not_now @ Failure::Transient(_)) => return Err(not_now),
        }
    }
    match refused {
        Some(never) if n_taken == 0 => Err(never),
        Some(_) | None => Ok(()),
    }
}

fn trust(settings: &SmtpSettings) -> Result<TlsParameters, NotUsable> {
    let mut trust = TlsParameters::builder(settings.server.clone());
    if let Some(pem) = &settings.authority {
        let authority = Certificate::from_pem(pem).map_err(NotUsable::Authority)?;
        trust = trust.certificate_store(CertificateStore::None).add_root_certificate(authority);
    }
    trust.build_rustls().map_err(NotUsable::Authority)
}

/// What goes wrong before the server has heard whom the mail is to says nothing about it, but about
/// us: even a 5xx (a wrong password, a server that is closed for today, a sender that it does not
/// let in) may be put right by somebody, and is the same for every mail until then.
fn before_mail(stage: &str, error: &Error) -> Failure {
    Failure::Transient(match answered(error) {
        Some(code) => format!("the mail server answered {code} to {stage}"),
        // Nothing of the mail was said yet, so nothing of it can be quoted.
        None => format!("the connection to the mail server failed at {stage}: {error}"),
    })
}

/// What the server says of this holder's address or of this mail; a 5xx is its last word.
fn at_mail(stage: &str, error: &Error) -> Failure {
    let what = match answered(error) {
        Some(code) => format!("the mail server answered {code} to {stage}"),
        None => format!("the connection to the mail server was lost at {stage}"),
    };
    if error.is_permanent() { Failure::Permanent(what) } else { Failure::Transient(what) }
}

/// The answer's code, with its enhanced code (RFC 3463) if it has one; never its words.
fn answered(error: &Error) -> Option<String> {
    let code = error.status()?;
    let words = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
    let enhanced = words.split_whitespace().next().filter(|word| is_enhanced(word));
    Some(enhanced.map_or_else(|| code.to_string(), |enhanced| format!("{code} {enhanced}")))
}

/// `class.subject.detail`, one and at most three digits each.
fn is_enhanced(word: &str) -> bool {
    let digits = |part: &str| {
        (1..=3).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
    };
    word.split('.').count() == 3 && word.split('.').all(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(server: &str, tls: Tls) -> SmtpSettings {
        SmtpSettings {
            server: server.to_owned(),
            port: 25,
            tls,
            authority: None,
            from: "smartcards@example.org".parse().unwrap(),
            login: Some(Login {
                username: "latchkey".to_owned(),
                password: Zeroizing::new("planted password".to_owned()),
            }),
            limits: Limits::default(),
        }
    }

    #[test]
    fn a_password_leaves_this_machine_by_tls_only() {
        for here in ["localhost", "127.0.0.1", "::1"] {
            assert!(SmtpCourier::new(settings(here, Tls::None)).is_ok(), "{here}");
        }
        for away in ["mail.example.org", "192.0.2.1", "localhost.example.org"] {
            let plain = SmtpCourier::new(settings(away, Tls::None));
            assert!(matches!(plain, Err(NotUsable::PasswordInPlain)), "{away}");
            assert!(SmtpCourier::new(settings(away, Tls::StartTls)).is_ok(), "{away}");
        }
    }

    #[test]
    fn an_authority_that_is_none_is_refused() {
        let mut settings = settings("mail.example.org", Tls::Tls);
        settings.authority = Some(b"-----BEGIN CERTIFICATE-----\nAAAA\n".to_vec());
        assert!(matches!(SmtpCourier::new(settings), Err(NotUsable::Authority(_))));
    }

    #[test]
    fn the_password_is_not_shown() {
        let courier = SmtpCourier::new(settings("localhost", Tls::None)).unwrap();
        assert!(!format!("{courier:?}").contains("planted"));
    }

    #[test]
    fn an_enhanced_code_is_three_numbers() {
        for good in ["5.1.1", "4.12.123"] {
            assert!(is_enhanced(good), "{good}");
        }
        for bad in ["", "5.1", "5.1.1.1", "5.1.1234", "sam@example.org", "a.b.c", "<5.1.1>"] {
            assert!(!is_enhanced(bad), "{bad}");
        }
    }
}
