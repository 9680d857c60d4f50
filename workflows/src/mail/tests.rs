//! Every mail as it is read, and what none of them may have in it.

mod desk;
mod self_service;

use chrono::NaiveDate;
use domain::{
    certificate::{Renewer, RevocationReason},
    expiry::{Item, Topic},
    holder::HolderEvent,
    passcode::Kind,
};

use super::*;

const PORTAL: &str = "http://localhost:7400";

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// A passcode with the seed policy's 365 and 21 days.
fn item(kind: Kind, set_on: &str) -> Item {
    let set_on = day(set_on);
    let expires_on = set_on + chrono::Days::new(365);
    let locks_on = Some(expires_on + chrono::Days::new(21));
    Item { kind, set_on, expires_on, locks_on, lapses_on: None }
}

/// B-21: the same where only the smartcard passcode locks the account.
fn lapsing(kind: Kind, set_on: &str) -> Item {
    let item = item(kind, set_on);
    Item { locks_on: None, lapses_on: item.locks_on, ..item }
}

/// Set on 10 March 2025: expires on 10 March 2026, locks on 31 March 2026.
fn smartcard() -> Item {
    item(Kind::Smartcard, "2025-03-10")
}

fn two() -> Vec<Item> {
    vec![smartcard(), item(Kind::Verification, "2025-03-12")]
}

fn sam() -> Person {
    Person { name: "Dr Sam O'Kafor".to_owned(), email: "sam.okafor@example.org".to_owned() }
}

fn composed(notice: &Notice, to: Person) -> Mail {
    let composer = Composer::new(PORTAL).unwrap();
    let at = "2026-02-24T08:00:00Z".parse().unwrap();
    composer
        .compose(Uuid::from_u128(7), at, notice, to, &domain::policy::Policy::seed().zone)
        .unwrap()
}

/// Any mail, for the couriers' tests.
pub(super) fn mail() -> Mail {
    composed(&Notice::Alert { on: day("2026-02-24"), items: vec![smartcard()] }, sam())
}

/// Every notice there is, in the singular and in the plural.
fn notices() -> Vec<(&'static str, Notice)> {
    let one = || vec![smartcard()];
    let locks_on = smartcard().locks_on.unwrap();
    let announced = |on: &str, items| Notice::LockAnnounced { on: day(on), locks_on, items };
    vec![
        ("alert", Notice::Alert { on: day("2026-02-24"), items: one() }),
        ("alert_last_day", Notice::Alert { on: day("2026-03-09"), items: one() }),
        ("alert_two", Notice::Alert { on: day("2026-03-01"), items: two() }),
        ("alert_one_expired", Notice::Alert { on: day("2026-03-10"), items: two() }),
        ("forced", Notice::Forced { locks_on: Some(locks_on), items: one() }),
        ("forced_two", Notice::Forced { locks_on: Some(locks_on), items: two() }),
        ("lock_announced", announced("2026-03-17", one())),
        ("lock_announced_two", announced("2026-03-17", two())),
        ("lock_announced_last_day", announced("2026-03-30", one())),
        ("locked", Notice::Locked { items: one() }),
        ("locked_two", Notice::Locked { items: two() }),
    ]
}

/// What is told of certificates that end on 30 June 2027.
fn notices_of_certificates() -> Vec<(&'static str, Notice)> {
    let expires_on = day("2027-06-30");
    let expires_at = "2027-06-30T11:00:00Z".parse().unwrap();
    let due =
        |on: &str, demand| CertificateNotice::Due { on: day(on), expires_on, expires_at, demand };
    let all = [
        ("certificates_due", due("2027-05-31", Demand::Renew)),
        ("certificates_forced", due("2027-06-10", Demand::RenewNow)),
        ("certificates_last_day", due("2027-06-29", Demand::RenewNow)),
        ("certificates_authority", due("2027-05-31", Demand::VisitAuthority)),
        ("certificates_renewed", CertificateNotice::Renewed { by: Renewer::Holder }),
        ("certificates_renewed_authority", CertificateNotice::Renewed { by: Renewer::Authority }),
        (
            "certificates_revoked",
            CertificateNotice::Revoked { reason: RevocationReason::LostOrStolen },
        ),
    ];
    all.map(|(name, notice)| (name, Notice::Certificates(notice))).to_vec()
}

#[test]
fn c05_c07_b51_every_mail_about_certificates_says_what_to_do_and_until_when() {
    for (name, notice) in notices_of_certificates() {
        let mail = composed(&notice, sam());
        insta::assert_snapshot!(name, format!("Subject: {}\n\n{}", mail.subject, mail.text));
    }
}

/// B-21: where only the smartcard passcode locks the account.
fn notices_of_what_lapses() -> Vec<(&'static str, Notice)> {
    let verification = || lapsing(Kind::Verification, "2025-03-10");
    let account_recovery = lapsing(Kind::AccountRecovery, "2025-03-08");
    let both = || vec![smartcard(), verification()];
    let locks_on = smartcard().locks_on.unwrap();
    let soon = item(Kind::Smartcard, "2025-03-12");
    let (on, expired) = (day("2026-03-10"), vec![verification(), soon]);
    vec![
        ("lapses", Notice::Forced { locks_on: None, items: vec![verification()] }),
        (
            "lapses_two",
            Notice::Forced { locks_on: None, items: vec![account_recovery, verification()] },
        ),
        ("lapses_and_locks", Notice::Forced { locks_on: Some(locks_on), items: both() }),
        ("lapses_alert", Notice::Alert { on, items: expired }),
        (
            "lapses_lock_announced",
            Notice::LockAnnounced { on: day("2026-03-17"), locks_on, items: both() },
        ),
    ]
}

#[test]
fn b21_a_mail_about_what_lapses_says_from_when_it_counts_as_not_set() {
    for (name, notice) in notices_of_what_lapses() {
        let mail = composed(&notice, sam());
        insta::assert_snapshot!(name, format!("Subject: {}\n\n{}", mail.subject, mail.text));
        assert!(mail.text.contains("counts as not set from 31 March 2026."), "{name}");
        let Asks::ToChange(items) = notice.asks() else { panic!("{name}") };
        let locks = items
            .iter()
            .any(|item| item.kind == Kind::Smartcard && item.expires_on <= day("2026-03-10"));
        assert_eq!(mail.text.contains("Your account will be locked"), locks, "{name}");
    }
}

#[test]
fn p14_p17_p18_every_mail_says_what_is_due_and_when() {
    for (name, notice) in notices() {
        let mail = composed(&notice, sam());
        insta::assert_snapshot!(name, format!("Subject: {}\n\n{}", mail.subject, mail.text));
    }
}

#[test]
fn the_html_says_the_same_as_the_text() {
    insta::assert_snapshot!("html", mail().html);
    for (name, notice) in notices().into_iter().chain(notices_of_certificates()) {
        let mail = composed(&notice, sam());
        let html = mail.html.replace("&#x27;", "'").replace("&#x2f;", "/");
        for line in mail.text.lines().filter(|line| !line.is_empty()) {
            let said = line.strip_prefix("- ").unwrap_or(line);
            assert!(html.contains(said), "{name}: {said} is not in the HTML");
        }
    }
}

#[test]
fn no_subject_says_whose_mail_it_is() {
    for (name, notice) in notices().into_iter().chain(notices_of_certificates()) {
        let another = Person { name: "Jo".to_owned(), email: "jo@example.org".to_owned() };
        assert_eq!(composed(&notice, sam()).subject, composed(&notice, another).subject, "{name}");
    }
}

#[test]
fn a_name_cannot_add_markup_or_a_line() {
    let mallory = Person {
        name: "Mallory <script>\r\nYour passcode, please".to_owned(),
        email: "mallory@example.org".to_owned(),
    };
    let mail = composed(&notices()[0].1, mallory);
    assert!(!mail.html.contains("<script"));
    assert!(mail.html.contains("Mallory &lt;script&gt;"));
    assert!(mail.text.starts_with("Dear Mallory <script>Your passcode, please\n"));
}

#[test]
fn the_same_step_gives_the_same_mail_and_another_step_another_id() {
    assert_eq!(mail(), mail());
    let of = |step| MessageId::of_step(Uuid::from_u128(step), "https://portal.example.org:8443");
    assert_eq!(of(7).as_str(), "<00000000-0000-0000-0000-000000000007@portal.example.org>");
    assert_ne!(of(7), of(8));
}

#[test]
fn neither_a_mail_nor_a_failure_shows_whom_it_is_to() {
    let shown = format!("{:?}", mail());
    assert!(!shown.contains("Sam") && !shown.contains("okafor"), "{shown}");
    assert!(mail().as_text().contains("sam.okafor@example.org"));
}

#[test]
fn only_the_events_that_concern_the_holder_are_mailed() {
    let (on, items) = (day("2026-03-10"), vec![smartcard()]);
    let locks_on = smartcard().locks_on.unwrap();
    let topic = Topic::Passcodes;
    let some = [
        HolderEvent::AlertRaised { topic, on, items: items.clone() },
        HolderEvent::RenewalForced {
            effective_from: on,
            on,
            locks_on: Some(locks_on),
            items: items.clone(),
        },
        HolderEvent::LockAnnounced { on, locks_on, items: items.clone() },
        HolderEvent::AccountLocked { effective_from: locks_on, on: locks_on, items },
        HolderEvent::CertificateAlertRaised {
            on,
            expires_at: "2026-03-30T09:00:00Z".parse().unwrap(),
            left: 20,
            may_decline: false,
            ra_required: false,
        },
        HolderEvent::CertificatesRevoked {
            card: "00A1B2C3".parse().unwrap(),
            on,
            reason: RevocationReason::Damaged,
            serials: vec![],
            by: Renewer::Holder,
        },
    ];
    assert!(some.iter().all(|event| Notice::of(event).is_some()));
    let none = [HolderEvent::HolderRegistered {}, HolderEvent::AlertDeclined { topic, on }];
    assert!(none.iter().all(|event| Notice::of(event).is_none()));
}
