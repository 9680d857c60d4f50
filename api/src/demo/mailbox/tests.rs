//! Mails that come, stay and make room; clients that do not keep to the rules.

use std::os::unix::fs::PermissionsExt as _;

use domain::{expiry::Item, passcode::Kind};
use stores::vault::Person;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};
use uuid::Uuid;
use workflows::mail::{Composer, Courier as _, Mail, Notice};

use super::*;

fn mail(step: u128) -> Mail {
    let items = vec![Item {
        kind: Kind::Smartcard,
        set_on: "2025-03-10".parse().unwrap(),
        expires_on: "2026-03-10".parse().unwrap(),
        locks_on: Some("2026-03-31".parse().unwrap()),
        lapses_on: None,
    }];
    let notice = Notice::Alert { on: "2026-02-24".parse().unwrap(), items };
    let to = Person { name: "Zoë Ångström".to_owned(), email: "zoe@example.org".to_owned() };
    let composer = Composer::new("http://localhost:7400").unwrap();
    let at = "2026-02-24T08:00:00Z".parse().unwrap();
    composer.compose(Uuid::from_u128(step), at, &notice, to, &chrono::Utc).unwrap()
}

#[tokio::test]
async fn a_mail_can_be_read_and_is_still_there_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("mailbox");
    let mailbox = Mailbox::open(place.clone()).await.unwrap();
    assert!(mailbox.address().ip().is_loopback());
    let courier = mailbox.courier().unwrap();
    courier.deliver(&mail(1)).await.unwrap();
    courier.deliver(&mail(2)).await.unwrap();
    drop(mailbox);

    let mailbox = Mailbox::open(place.clone()).await.unwrap();
    let mails = mailbox.mails().unwrap();
    assert_eq!(mails.iter().map(|mail| mail.number).collect::<Vec<_>>(), [2, 1]);
    let first = mailbox.mail(1).unwrap().unwrap();
    assert_eq!(format!("<{}>", first.message_id), mail(1).message_id.as_str());
    assert_eq!(first.subject, mail(1).subject);
    assert_eq!(first.to, "zoe@example.org");
    assert_eq!(first.from, "smartcards@demo.example");
    assert_eq!(first.at, Some(mail(1).at));
    assert_eq!(first.text.replace("\r\n", "\n").trim_end(), mail(1).text.trim_end());
    assert_eq!(mailbox.mail(3).unwrap(), None);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&place), 0o700);
    assert_eq!(mode(&place.join("000000000001.eml")), 0o600);
}

#[test]
fn the_oldest_mails_make_room_and_numbers_go_on_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let shelf = Shelf::open(folder.path().to_path_buf()).unwrap();
    for _ in 0..=MAILS_MAX {
        shelf.put(b"Subject: x\r\n\r\nx\r\n").unwrap();
    }
    fs::write(folder.path().join("000000000999.part"), "torn").unwrap();
    let shelf = Shelf::open(folder.path().to_path_buf()).unwrap();
    let numbers = shelf.numbers();
    assert_eq!((numbers.len(), numbers[0], numbers[MAILS_MAX - 1]), (MAILS_MAX, 2, 201));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), MAILS_MAX);
}

#[test]
fn what_is_no_mail_is_shown_as_an_empty_one() {
    let received = received(7, b"\xff\xfe");
    assert_eq!((received.number, received.subject.as_str()), (7, ""));
}

/// What the server answers to all this, codes only; and the mails it kept.
async fn answers(said: &[u8]) -> (Vec<String>, Vec<Vec<u8>>) {
    let (ours, theirs) = duplex(1024 * 1024);
    let kept = Mutex::new(Vec::new());
    let talk = conversation::hold(theirs, |mail| {
        kept.lock().unwrap().push(mail);
        std::future::ready(Ok(()))
    });
    let client = async {
        let (mut reader, mut writer) = tokio::io::split(ours);
        writer.write_all(said).await.unwrap();
        writer.shutdown().await.unwrap();
        let mut text = String::new();
        reader.read_to_string(&mut text).await.unwrap();
        text
    };
    let (text, _) = tokio::join!(client, talk);
    let codes = text.lines().map(|line| line[..3].to_owned()).collect();
    (codes, kept.into_inner().unwrap())
}

#[tokio::test]
async fn a_dot_at_the_start_of_a_line_comes_off_and_a_dot_alone_ends_the_mail() {
    let said = b"EHLO x\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n..x\r\ny\r\n.\r\nQUIT\r\n";
    let (codes, kept) = answers(said).await;
    assert_eq!(codes, ["220", "250", "250", "250", "354", "250", "221"]);
    assert_eq!(kept, [b".x\r\ny\r\n"]);
}

#[tokio::test]
async fn what_comes_out_of_turn_is_refused() {
    let said =
        b"RCPT TO:<c@d>\r\nDATA\r\nMAIL FROM:<a@b>\r\nDATA\r\nVRFY x\r\nNOOP\r\nRSET\r\nQUIT\r\n";
    let (codes, kept) = answers(said).await;
    assert_eq!(codes, ["220", "503", "503", "250", "503", "502", "250", "250", "221"]);
    assert!(kept.is_empty());
}

#[tokio::test]
async fn a_mail_at_the_limit_is_taken_and_a_larger_one_is_not() {
    let of = |bytes: usize| {
        let mut said = b"MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n".to_vec();
        let line = [b'x'; 998].into_iter().chain(*b"\r\n").collect::<Vec<u8>>();
        let (lines, rest) = (bytes / line.len(), bytes % line.len());
        said.extend(line.repeat(lines));
        said.extend(vec![b'x'; rest - 2]);
        said.extend(b"\r\n.\r\nQUIT\r\n");
        said
    };
    let (codes, kept) = answers(&of(MAIL_BYTES_MAX)).await;
    assert_eq!(codes.last().map(String::as_str), Some("221"));
    assert_eq!(kept[0].len(), MAIL_BYTES_MAX);
    let (codes, kept) = answers(&of(MAIL_BYTES_MAX + 1)).await;
    assert_eq!(codes, ["220", "250", "250", "354", "552", "221"]);
    assert!(kept.is_empty());
}

#[tokio::test]
async fn a_line_without_an_end_ends_the_connection() {
    let (codes, kept) = answers(&[b'x'; 10_000]).await;
    assert_eq!(codes, ["220"]);
    assert!(kept.is_empty());
}

#[tokio::test]
async fn a_mail_that_breaks_off_is_not_kept() {
    let said = b"MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\nhalf of it\r\n";
    let (codes, kept) = answers(said).await;
    assert_eq!(codes, ["220", "250", "250", "354"]);
    assert!(kept.is_empty());
}
