//! Whatever a mail server does, a delivery ends in time and says whether trying again may help.

use std::net::TcpListener;

use tests::smtp::scripted::{Fault, Protection, Scripted, Stage};
use workflows::mail::{Courier as _, Failure, Limits};

use super::{SHORT, courier, mail};

/// What becomes of a mail, and what the server heard.
async fn deliver(faults: &[(Stage, Fault)]) -> (Result<(), Failure>, Scripted) {
    let server = Scripted::start(faults, Protection::None).await.unwrap();
    let outcome = courier(server.address(), SHORT).deliver(&mail(1)).await;
    (outcome, server)
}

fn transient(outcome: Result<(), Failure>) -> String {
    match outcome {
        Err(Failure::Transient(text)) => text,
        Err(Failure::Permanent(_)) | Ok(()) => panic!("{outcome:?}"),
    }
}

fn permanent(outcome: Result<(), Failure>) -> String {
    match outcome {
        Err(Failure::Permanent(text)) => text,
        Err(Failure::Transient(_)) | Ok(()) => panic!("{outcome:?}"),
    }
}

#[tokio::test]
async fn a_server_in_order_takes_the_mail() {
    let (outcome, server) = deliver(&[]).await;
    assert_eq!(outcome, Ok(()));
    let heard = server.heard();
    assert_eq!(heard.mails.len(), 1);
    assert_eq!(
        heard.commands,
        [
            "EHLO example.org",
            "MAIL FROM:<smartcards@example.org>",
            "RCPT TO:<zoe.okafor@example.org>",
            "DATA",
            "QUIT"
        ]
    );
}

#[tokio::test]
async fn a_server_that_is_not_there_may_be_there_later() {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    transient(courier(nobody, SHORT).deliver(&mail(1)).await);
}

#[tokio::test]
async fn an_answer_4xx_may_be_another_one_later_at_every_stage() {
    for stage in [Stage::Greeting, Stage::Sender, Stage::Recipient, Stage::Data, Stage::Dot] {
        let (outcome, _) = deliver(&[(stage, Fault::Answer("451 4.3.0 not now"))]).await;
        assert!(transient(outcome).contains("451 4.3.0"), "{stage:?}");
    }
}

#[tokio::test]
async fn an_answer_5xx_to_the_mail_is_the_last_word() {
    for stage in [Stage::Recipient, Stage::Data, Stage::Dot] {
        let (outcome, _) = deliver(&[(stage, Fault::Answer("550 5.1.1 no such mailbox"))]).await;
        assert!(permanent(outcome).contains("550 5.1.1"), "{stage:?}");
    }
}

#[tokio::test]
async fn a_server_that_is_closed_before_it_has_heard_of_the_mail_may_open_again() {
    let (outcome, _) = deliver(&[(Stage::Greeting, Fault::Answer("554 closed"))]).await;
    assert!(transient(outcome).contains("554"));
}

/// It is no word about this mail: every mail of the morning would die of it.
#[tokio::test]
async fn a_server_that_does_not_want_the_sender_may_want_him_later() {
    for answer in ["530 5.7.0 log in first", "550 5.7.1 not from you", "554 5.7.1 blocked"] {
        let (outcome, server) = deliver(&[(Stage::Sender, Fault::Answer(answer))]).await;
        let said = transient(outcome);
        assert!(said.contains(&answer[..9]) && said.contains("MAIL"), "{said}");
        assert!(!server.heard().commands.iter().any(|command| command.starts_with("RCPT")));
    }
}

#[tokio::test]
async fn a_server_that_hangs_is_given_up_at_every_stage() {
    for stage in [Stage::Greeting, Stage::Sender, Stage::Recipient, Stage::Data, Stage::Dot] {
        let (outcome, _) = deliver(&[(stage, Fault::Hang)]).await;
        assert!(transient(outcome).contains("600ms"), "{stage:?}");
    }
}

#[tokio::test]
async fn a_connection_that_breaks_off_may_stand_later_at_every_stage() {
    for stage in [Stage::Greeting, Stage::Sender, Stage::Recipient, Stage::Data, Stage::Dot] {
        let (outcome, _) = deliver(&[(stage, Fault::Cut)]).await;
        transient(outcome);
    }
}

#[tokio::test]
async fn a_mail_cut_off_before_its_acknowledgement_is_repeated_to_the_byte() {
    let (outcome, server) = deliver(&[(Stage::Dot, Fault::Cut)]).await;
    transient(outcome);
    transient(courier(server.address(), SHORT).deliver(&mail(1)).await);
    let mails = server.heard().mails;
    assert_eq!(mails.len(), 2);
    assert_eq!(mails[0], mails[1]);
    assert!(mails[0].contains(mail(1).message_id.as_str()));
}

#[tokio::test]
async fn a_server_that_has_taken_the_mail_may_say_goodbye_as_it_likes() {
    for fault in [Fault::Hang, Fault::Cut, Fault::Answer("500 what?")] {
        let (outcome, server) = deliver(&[(Stage::Quit, fault)]).await;
        assert_eq!(outcome, Ok(()), "{fault:?}");
        assert_eq!(server.heard().mails.len(), 1);
    }
}

#[tokio::test]
async fn a_failure_does_not_repeat_what_the_server_quotes() {
    let quoting = "550 zoe.okafor@example.org: Your passcode expires in 14 days";
    let (outcome, _) = deliver(&[(Stage::Dot, Fault::Answer(quoting))]).await;
    let said = permanent(outcome);
    assert!(!said.contains("okafor") && !said.contains("passcode"), "{said}");
}

#[tokio::test]
async fn an_address_that_is_none_is_not_tried() {
    let server = Scripted::start(&[], Protection::None).await.unwrap();
    let mut mail = mail(1);
    mail.to.email = "not an address".to_owned();
    permanent(courier(server.address(), SHORT).deliver(&mail).await);
    assert!(server.heard().commands.is_empty());
}

#[tokio::test]
async fn many_mails_at_once_all_arrive_over_few_connections() {
    let server = Scripted::start(&[], Protection::None).await.unwrap();
    let courier = courier(server.address(), Limits::default());
    let mails: Vec<_> = (1..=20).map(mail).collect();
    let outcomes = futures::future::join_all(mails.iter().map(|mail| courier.deliver(mail))).await;
    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    assert_eq!(server.heard().mails.len(), 20);
}
