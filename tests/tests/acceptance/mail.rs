//! Mails on their way: to a real mail server, and past everything that can go wrong with one.

mod codes;
mod delivered;
mod faults;
mod tls;

use std::{net::SocketAddr, time::Duration};

use domain::{expiry::Item, passcode::Kind};
use stores::vault::Person;
use uuid::Uuid;
use workflows::mail::{Composer, Limits, Mail, Notice, SmtpCourier, SmtpSettings, Tls};

/// Short enough that a test with a server that hangs does not take long.
const SHORT: Limits =
    Limits { connect: Duration::from_millis(300), whole: Duration::from_millis(600) };

/// The mail that this step of a workflow sends to a holder with an unusual name.
fn mail(step: u128) -> Mail {
    let items = vec![Item {
        kind: Kind::Smartcard,
        set_on: "2025-03-10".parse().unwrap(),
        expires_on: "2026-03-10".parse().unwrap(),
        locks_on: Some("2026-03-31".parse().unwrap()),
        lapses_on: None,
    }];
    let notice = Notice::Alert { on: "2026-02-24".parse().unwrap(), items };
    let to = Person { name: "Zoë O'Kafor".to_owned(), email: "zoe.okafor@example.org".to_owned() };
    let composer = Composer::new("https://portal.example.org").unwrap();
    let at = "2026-02-24T08:00:00Z".parse().unwrap();
    composer.compose(Uuid::from_u128(step), at, &notice, to, &chrono::Utc).unwrap()
}

fn settings(server: SocketAddr, limits: Limits) -> SmtpSettings {
    SmtpSettings {
        server: server.ip().to_string(),
        port: server.port(),
        tls: Tls::None,
        authority: None,
        from: "Smartcards <smartcards@example.org>".parse().unwrap(),
        login: None,
        limits,
    }
}

fn courier(server: SocketAddr, limits: Limits) -> SmtpCourier {
    SmtpCourier::new(settings(server, limits)).unwrap()
}
