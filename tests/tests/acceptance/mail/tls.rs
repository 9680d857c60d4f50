//! The way to the mail server: protected as configured, or not taken.

use std::net::SocketAddr;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use tests::smtp::scripted::{Fault, Identity, Protection, Scripted, Stage};
use workflows::mail::{Courier as _, Failure, Limits, Login, SmtpCourier, Tls};
use zeroize::Zeroizing;

use super::{mail, settings};

const PASSWORD: &str = "opens the mail server";

/// A courier with a log-in, to `localhost`, which is the certificate's name.
fn courier(server: SocketAddr, tls: Tls, authority: &Identity) -> SmtpCourier {
    let mut settings = settings(server, Limits::default());
    "localhost".clone_into(&mut settings.server);
    settings.tls = tls;
    settings.authority = Some(authority.authority.clone());
    settings.login = Some(Login {
        username: "latchkey".to_owned(),
        password: Zeroizing::new(PASSWORD.to_owned()),
    });
    SmtpCourier::new(settings).unwrap()
}

fn is_transient(outcome: &Result<(), Failure>) -> bool {
    matches!(outcome, Err(Failure::Transient(_)))
}

#[tokio::test]
async fn a_mail_goes_over_tls_after_the_log_in_in_both_ways() {
    let identity = Identity::new().unwrap();
    for (tls, protection, first) in [
        (Tls::Tls, Protection::Tls(identity.clone()), "AUTH"),
        (Tls::StartTls, Protection::StartTls(identity.clone()), "STARTTLS"),
    ] {
        let server = Scripted::start(&[], protection).await.unwrap();
        courier(server.address(), tls, &identity).deliver(&mail(1)).await.unwrap();
        let heard = server.heard();
        assert_eq!(heard.mails.len(), 1);
        assert!(heard.commands[1].starts_with(first), "{:?}", heard.commands);
        let login = BASE64_STANDARD.encode(format!("\0latchkey\0{PASSWORD}"));
        assert!(heard.commands.contains(&format!("AUTH PLAIN {login}")));
    }
}

#[tokio::test]
async fn a_server_that_cannot_do_tls_hears_neither_password_nor_mail() {
    let identity = Identity::new().unwrap();
    let server = Scripted::start(&[], Protection::None).await.unwrap();
    for tls in [Tls::StartTls, Tls::Tls] {
        let outcome = courier(server.address(), tls, &identity).deliver(&mail(1)).await;
        assert!(is_transient(&outcome), "{outcome:?}");
    }
    let commands = server.heard().commands;
    let secret = |line: &String| line.starts_with("AUTH") || line.starts_with("MAIL");
    assert!(!commands.iter().any(secret), "{commands:?}");
}

#[tokio::test]
async fn a_server_with_another_authoritys_certificate_hears_nothing() {
    let (identity, another) = (Identity::new().unwrap(), Identity::new().unwrap());
    let server = Scripted::start(&[], Protection::Tls(identity)).await.unwrap();
    let outcome = courier(server.address(), Tls::Tls, &another).deliver(&mail(1)).await;
    assert!(is_transient(&outcome), "{outcome:?}");
    assert!(server.heard().commands.is_empty());
}

#[tokio::test]
async fn a_password_that_is_refused_may_be_put_right_and_is_not_quoted() {
    let identity = Identity::new().unwrap();
    let faults = [(Stage::LogIn, Fault::Answer("535 5.7.8 opens the mail server: wrong"))];
    let server = Scripted::start(&faults, Protection::Tls(identity.clone())).await.unwrap();
    let outcome = courier(server.address(), Tls::Tls, &identity).deliver(&mail(1)).await;
    assert!(is_transient(&outcome), "{outcome:?}");
    assert!(!format!("{outcome:?}").contains(PASSWORD));
    assert!(server.heard().mails.is_empty());
}
