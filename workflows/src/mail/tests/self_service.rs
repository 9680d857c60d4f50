//! What is mailed about self-service.

use domain::{
    ids::{CardSerial, CommandId, HolderId, SecretRef},
    policy::Policy,
    self_service::CodePurpose,
};
use stores::{
    sqlite::Database,
    vault::{Code, CodeBinding, Keys, VaultKeys},
};

use super::*;

fn notice(purpose: CodePurpose, number: u8) -> CodeNotice {
    CodeNotice {
        purpose,
        flow: CommandId(Uuid::from_u128(2)),
        code: Uuid::from_u128(3),
        key: 1,
        number,
        card: "00A1B2C3".parse().unwrap(),
        to: SecretRef(Uuid::from_u128(4)),
        expires_at: "2026-06-24T08:15:00Z".parse().unwrap(),
    }
}

/// The code of such a notice, with the keys of this test.
async fn code(notice: &CodeNotice) -> Code {
    let key = |n| Keys::new(1, [n; 32]);
    let keys = VaultKeys { pepper: key(1), seal: key(2), puk: None, code: key(3).into() };
    let vault = Database::in_memory().await.unwrap().stores(keys).vault;
    let binding = CodeBinding {
        code: notice.code,
        key: notice.key,
        purpose: notice.purpose.as_str(),
        holder: HolderId(Uuid::from_u128(1)),
        card: &notice.card,
        flow: notice.flow,
    };
    vault.code(&binding).unwrap()
}

fn with_code(notice: &CodeNotice, code: &Code) -> Mail {
    let composer = Composer::new(PORTAL).unwrap();
    let at = "2026-06-24T08:00:00Z".parse().unwrap();
    composer
        .compose_code(Uuid::from_u128(7), at, (notice, code), sam(), &Policy::seed().zone)
        .unwrap()
}

#[tokio::test]
async fn r08_u08_b36_a_mail_brings_its_code_says_which_and_until_when() {
    for (name, purpose, number) in [
        ("code_registration", CodePurpose::Registration, 1),
        ("code_unlock", CodePurpose::Unlock, 2),
    ] {
        let notice = notice(purpose, number);
        let code = code(&notice).await;
        let mail = with_code(&notice, &code);
        insta::assert_snapshot!(name, format!("Subject: {}\n\n{}", mail.subject, mail.text));
        assert_eq!(mail, with_code(&notice, &code), "a repeat is the same to the byte");
        for secret in [&*code.grouped(), &*code.plain()] {
            assert!(!mail.subject.contains(secret.as_str()));
            assert!(!mail.message_id.as_str().contains(secret.as_str()));
        }
        assert!(mail.html.contains(code.grouped().as_str()));
        assert!(mail.text.contains(&format!("code {number}")));
    }
}

fn notices_of_self_service() -> Vec<(&'static str, Notice)> {
    let workstation = "WARD-7".to_owned();
    let until = "2026-07-11T08:02:50Z".parse().unwrap();
    let all = [
        ("self_service_registered", SelfServiceNotice::Registered { former: None }),
        ("self_service_started", SelfServiceNotice::UnlockStarted { workstation }),
        ("self_service_unlocked", SelfServiceNotice::Unlocked),
        ("self_service_blocked", SelfServiceNotice::Blocked),
        ("self_service_recovery_blocked", SelfServiceNotice::RecoveryPasscodeBlocked),
        ("self_service_paused", SelfServiceNotice::Paused { until }),
    ];
    all.map(|(name, notice)| (name, Notice::SelfService(notice))).to_vec()
}

#[test]
fn u06_u07_u12_every_mail_about_self_service_says_what_to_do_if_it_was_not_the_holder() {
    for (name, notice) in notices_of_self_service() {
        let mail = composed(&notice, sam());
        insta::assert_snapshot!(name, format!("Subject: {}\n\n{}", mail.subject, mail.text));
        assert!(mail.text.contains("If this was not you"), "{name}");
        assert_ne!(notice.copies(), Copies::None, "{name}");
    }
}

#[test]
fn what_an_agent_calls_its_workstation_cannot_add_a_line() {
    let workstation = "WARD\r\nCall 555 now".to_owned();
    let notice = Notice::SelfService(SelfServiceNotice::UnlockStarted { workstation });
    let mail = composed(&notice, sam());
    assert!(mail.text.lines().all(|line| !line.starts_with("Call")), "{}", mail.text);
}

#[test]
fn b42_the_events_that_a_holder_has_to_know_of_are_mailed_and_a_code_is_asked_for_by_its_own() {
    let card: CardSerial = "00A1B2C3".parse().unwrap();
    let (unlock, on) = (CommandId(Uuid::from_u128(2)), day("2026-03-10"));
    let told = [
        HolderEvent::RegistrationCompleted { registration: unlock, on, former: None },
        HolderEvent::UnlockCompleted { unlock, card: card.clone(), on },
        HolderEvent::SelfServiceBlocked { unlock, on },
        HolderEvent::RecoveryPasscodeBlocked { on },
        HolderEvent::UnlockPaused { until: "2026-03-11T09:00:00Z".parse().unwrap() },
    ];
    assert!(told.iter().all(|event| matches!(Wanted::of(event), Some(Wanted::Notice(_)))));
    let notice = notice(CodePurpose::Unlock, 1);
    let sent = HolderEvent::CodeSent {
        purpose: notice.purpose,
        flow: notice.flow,
        code: notice.code,
        key: notice.key,
        number: notice.number,
        card,
        to: notice.to,
        expires_at: notice.expires_at,
    };
    assert_eq!(Wanted::of(&sent), Some(Wanted::Code(notice)));
    assert_eq!(Notice::of(&sent), None);
    let other = HolderEvent::AnswersWrong { unlock, attempt: 1, failures: 1, asked: vec![] };
    assert_eq!(Wanted::of(&other), None);
}
