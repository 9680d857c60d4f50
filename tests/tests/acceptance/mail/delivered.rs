//! What arrives in a Maildir behind Debian's `opensmtpd`.

use std::net::{Ipv4Addr, SocketAddr};

use tests::smtp::MailServer;
use workflows::mail::{Courier as _, Limits};

use super::{courier, mail};

#[tokio::test]
async fn a_mail_arrives_once_with_both_parts_under_the_id_of_its_step() {
    let mut server = MailServer::start().unwrap();
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, server.port()));
    let courier = courier(address, Limits::default());
    courier.deliver(&mail(1)).await.unwrap();
    courier.deliver(&mail(2)).await.unwrap();

    // Two were sent; a third would be a repeat.
    let arrived = server.arrived(2).unwrap();
    assert_eq!(arrived.len(), 2);
    let of = |step: u128| {
        let id = format!("Message-ID: {}", mail(step).message_id);
        let mut found = arrived.iter().filter(|mail| mail.lines().any(|line| line == id));
        let (first, more) = (found.next().unwrap(), found.next());
        assert_eq!(more, None, "{id} arrived twice");
        first
    };
    of(2);
    let mail = of(1);
    for line in [
        "Subject: Your passcode expires in 14 days",
        "From: Smartcards <smartcards@example.org>",
        "Date: Tue, 24 Feb 2026 08:00:00 +0000",
        "Auto-Submitted: auto-generated",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Type: text/html; charset=utf-8",
        "Your smartcard passcode expires in 14 days, on 10 March 2026.",
        "<p>Your smartcard passcode expires in 14 days, on 10 March 2026.</p>",
    ] {
        assert!(mail.lines().any(|found| found == line), "no {line:?} in\n{mail}");
    }
}
