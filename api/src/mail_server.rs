//! The mail server that the configuration names: the courier that goes there, and whether it
//! answers.

use std::{
    io::{self, Read as _},
    net::{TcpStream, ToSocketAddrs as _},
    sync::mpsc,
    thread,
    time::Duration,
};

use futures::future::{BoxFuture, ready};
use workflows::mail::{
    Courier, Failure, Limits, Login, Mail, NotUsable, SmtpCourier, SmtpSettings, Tls,
};

use crate::{
    config::{LoginSettings, MailSettings},
    secret_file::{self, FileError},
};

/// What a mail server says first (RFC 5321 §3.1).
const GREETING: &[u8] = b"220";

/// Why no mail can be sent with this configuration.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    /// A file that it names is of no use.
    #[error(transparent)]
    File(#[from] FileError),
    /// What was read is of no use.
    #[error(transparent)]
    NotUsable(#[from] NotUsable),
}

/// The courier of a server that was told of no mail server: says so of every mail. They wait, and
/// then stand among the dead letters, from where they are redriven when there is one.
#[derive(Debug, Clone, Copy)]
pub struct NoMailServer;

impl Courier for NoMailServer {
    fn deliver<'a>(&'a self, _: &'a Mail) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(ready(Err(Failure::Transient("no mail server is configured".to_owned()))))
    }
}

/// The courier that takes mails to this server. Connects to nothing yet.
pub fn courier(mail: &MailSettings) -> Result<SmtpCourier, Unusable> {
    let authority = mail.authority_file.as_deref().map(secret_file::text).transpose()?;
    Ok(SmtpCourier::new(SmtpSettings {
        server: mail.server.clone(),
        port: mail.port,
        tls: mail.tls,
        authority: authority.map(|text| text.as_bytes().to_vec()),
        from: mail.from.clone(),
        login: mail.login.as_ref().map(login).transpose()?,
        limits: Limits::default(),
    })?)
}

/// `Ok` if the mail server greets us within `limit`; a server that speaks TLS at once, if it takes
/// the connection. Otherwise what went wrong, in one line.
pub fn greets(mail: &MailSettings, limit: Duration) -> Result<(), String> {
    let (server, port, tls) = (mail.server.clone(), mail.port, mail.tls);
    let (sender, receiver) = mpsc::channel();
    // Looking up a name has no limit of its own; the thread ends by itself when that does.
    thread::spawn(move || sender.send(greeting(&server, port, tls, limit)));
    match receiver.recv_timeout(limit) {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err(format!("no answer within {limit:?}")),
    }
}

fn greeting(server: &str, port: u16, tls: Tls, limit: Duration) -> io::Result<()> {
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for address in (server, port).to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, limit) {
            Ok(stream) if tls == Tls::Tls => return drop_quietly(&stream),
            Ok(mut stream) => {
                stream.set_read_timeout(Some(limit))?;
                let mut start = [0; GREETING.len()];
                stream.read_exact(&mut start)?;
                if start == GREETING {
                    return Ok(());
                }
                last = io::Error::new(io::ErrorKind::InvalidData, "what answers is no mail server");
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// The connection stood; how it ends says nothing.
fn drop_quietly(stream: &TcpStream) -> io::Result<()> {
    stream.shutdown(std::net::Shutdown::Both).or(Ok(()))
}

fn login(login: &LoginSettings) -> Result<Login, Unusable> {
    let password = secret_file::password(&login.password_file)?;
    Ok(Login { username: login.username.clone(), password })
}

#[cfg(test)]
mod tests {
    use std::{fs, io::Write as _, net::TcpListener};

    use super::*;

    const LIMIT: Duration = Duration::from_secs(5);

    fn settings(port: u16, tls: Tls) -> MailSettings {
        MailSettings {
            server: "127.0.0.1".to_owned(),
            tls,
            port,
            authority_file: None,
            from: "smartcards@example.org".parse().unwrap(),
            login: None,
        }
    }

    /// A server that says this to whoever comes first.
    fn saying(words: &'static str) -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        thread::spawn(move || listener.accept().unwrap().0.write_all(words.as_bytes()));
        port
    }

    #[test]
    fn a_mail_server_is_known_by_its_greeting() {
        assert_eq!(greets(&settings(saying("220 mail\r\n"), Tls::None), LIMIT), Ok(()));
        assert!(greets(&settings(saying("HTTP/1.1"), Tls::None), LIMIT).is_err());
        assert!(greets(&settings(saying(""), Tls::StartTls), LIMIT).is_err());
        // It says nothing before TLS, and we ask for no more than that it is there.
        assert_eq!(greets(&settings(saying(""), Tls::Tls), LIMIT), Ok(()));
    }

    #[test]
    fn a_server_that_does_not_answer_is_not_waited_for() {
        let silent = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = silent.local_addr().unwrap().port();
        assert!(greets(&settings(port, Tls::None), Duration::from_millis(50)).is_err());
        drop(silent);
        assert!(greets(&settings(port, Tls::None), LIMIT).is_err());
    }

    #[test]
    fn an_authority_that_is_no_certificate_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let mut mail = settings(25, Tls::StartTls);
        assert!(courier(&mail).is_ok());
        let file = folder.path().join("authority.pem");
        fs::write(&file, "-----BEGIN CERTIFICATE-----\nAAAA\n").unwrap();
        mail.authority_file = Some(file);
        assert!(matches!(courier(&mail), Err(Unusable::NotUsable(_))));
    }
}
