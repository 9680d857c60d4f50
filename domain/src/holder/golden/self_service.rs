//! The events of registration, codes, unlock and PUK.

use uuid::Uuid;

use super::*;
use crate::{
    card::{NamedPuk, Step},
    ids::CommandId,
    samples::serial,
    self_service::{Answer, CodePurpose, Denied, NotTaken, QuestionId},
    testing::instant,
    unlock,
};

const REGISTRATION: CommandId = CommandId(Uuid::from_u128(20));
const UNLOCK: CommandId = CommandId(Uuid::from_u128(21));
const CODE: Uuid = Uuid::from_u128(22);
const JOB: Uuid = Uuid::from_u128(23);

fn question(number: u8) -> QuestionId {
    QuestionId::new(number).unwrap()
}

/// Each event with the file that holds its `data`, of schema 1.
pub(super) fn golden() -> Vec<(HolderEvent, &'static str)> {
    let mut all = of_registrations();
    all.extend(of_codes());
    all.extend(of_unlocks());
    all.extend(of_recovery_passcodes());
    all.extend(of_refusals());
    all.extend(of_puks());
    all
}

fn of_refusals() -> Vec<(HolderEvent, &'static str)> {
    let what = Denied::CodeNotTaken {
        purpose: CodePurpose::Unlock,
        flow: UNLOCK,
        code: CODE,
        why: NotTaken::Expired,
    };
    vec![(HolderEvent::SelfServiceRefused { what }, include_str!("SelfServiceRefused.1.json"))]
}

#[test]
fn what_was_refused_about_self_service_is_read_for_ever() {
    let (workstation, reader) = ("WARD-7".to_owned(), "Reader 1".to_owned());
    let card = serial("00A1B2C3");
    for (what, text) in [
        (Denied::AnswerIsPasscode {}, r#"{"denied":"answer_is_passcode"}"#),
        (
            Denied::OtherCard { card, workstation, reader },
            r#"{"denied":"other_card","card":"00A1B2C3","workstation":"WARD-7","reader":"Reader 1"}"#,
        ),
    ] {
        assert_eq!(serde_json::to_string(&what).unwrap(), text);
        assert_eq!(serde_json::from_str::<Denied>(text).unwrap(), what);
    }
}

fn of_registrations() -> Vec<(HolderEvent, &'static str)> {
    let (registration, on, email) = (REGISTRATION, day("2026-03-10"), secret(35));
    let answers = [7, 2, 20, 11].map(|number| Answer {
        question: question(number),
        secret: secret(u128::from(number) + 40),
    });
    let (card, answers) = (serial("00A1B2C3"), answers.to_vec());
    vec![
        (
            HolderEvent::RegistrationBegun { registration, card, on, answers, email },
            include_str!("RegistrationBegun.1.json"),
        ),
        (
            HolderEvent::RegistrationCompleted { registration, on, former: Some(secret(36)) },
            include_str!("RegistrationCompleted.1.json"),
        ),
        (
            HolderEvent::RegistrationCancelled { registration },
            include_str!("RegistrationCancelled.1.json"),
        ),
        (
            HolderEvent::RegistrationRedirected { registration, email: secret(36) },
            include_str!("RegistrationRedirected.1.json"),
        ),
    ]
}

fn of_codes() -> Vec<(HolderEvent, &'static str)> {
    let (purpose, flow, code) = (CodePurpose::Unlock, UNLOCK, CODE);
    vec![
        (
            HolderEvent::CodeSent {
                purpose: CodePurpose::Registration,
                flow: REGISTRATION,
                code,
                key: 3,
                number: 2,
                card: serial("00A1B2C3"),
                to: secret(35),
                expires_at: instant("2026-03-10T09:15:00Z"),
            },
            include_str!("CodeSent.1.json"),
        ),
        (
            HolderEvent::CodeRefused { purpose, flow, code, wrong: 5 },
            include_str!("CodeRefused.1.json"),
        ),
        (HolderEvent::CodeVoided { purpose, flow, code }, include_str!("CodeVoided.1.json")),
        (HolderEvent::CodeAccepted { purpose, flow, code }, include_str!("CodeAccepted.1.json")),
        (
            HolderEvent::UnlockPaused { until: instant("2026-03-11T09:00:00Z") },
            include_str!("UnlockPaused.1.json"),
        ),
    ]
}

fn of_unlocks() -> Vec<(HolderEvent, &'static str)> {
    let (unlock, card, on) = (UNLOCK, serial("00A1B2C3"), day("2026-03-10"));
    let (workstation, reader) = ("WARD-7".to_owned(), "Reader 1".to_owned());
    let started = HolderEvent::UnlockStarted {
        unlock,
        card: card.clone(),
        workstation: workstation.clone(),
        reader: reader.clone(),
    };
    let until = instant("2026-03-11T09:00:00Z");
    let reason = unlock::Refusal::Paused { until };
    let asked = vec![question(2), question(7)];
    vec![
        (started, include_str!("UnlockStarted.1.json")),
        (
            HolderEvent::QuestionsDrawn { order: [2, 7, 11, 20].map(question).to_vec() },
            include_str!("QuestionsDrawn.1.json"),
        ),
        (
            HolderEvent::UnlockRefused { unlock, card, reason, workstation, reader },
            include_str!("UnlockRefused.1.json"),
        ),
        (
            HolderEvent::AnswersWrong { unlock, attempt: 1, failures: 1, asked },
            include_str!("AnswersWrong.1.json"),
        ),
        (HolderEvent::AnswersRight { unlock, attempt: 2 }, include_str!("AnswersRight.1.json")),
        (HolderEvent::SelfServiceBlocked { unlock, on }, include_str!("SelfServiceBlocked.1.json")),
    ]
}

fn of_recovery_passcodes() -> Vec<(HolderEvent, &'static str)> {
    let (unlock, on) = (UNLOCK, day("2026-03-10"));
    vec![
        (
            HolderEvent::RecoveryPasscodeWrong { unlock, failures: 2 },
            include_str!("RecoveryPasscodeWrong.1.json"),
        ),
        (
            HolderEvent::RecoveryPasscodeBlocked { on },
            include_str!("RecoveryPasscodeBlocked.1.json"),
        ),
        (
            HolderEvent::RecoveryPasscodeRight { unlock, needs_code: true },
            include_str!("RecoveryPasscodeRight.1.json"),
        ),
        (
            HolderEvent::UnlockCompleted { unlock, card: serial("00A1B2C3"), on },
            include_str!("UnlockCompleted.1.json"),
        ),
    ]
}

fn of_puks() -> Vec<(HolderEvent, &'static str)> {
    let (from, to) = (secret(30), secret(31));
    let step = Step { job: JOB, number: 2 };
    let card = || serial("00A1B2C3");
    vec![
        (
            HolderEvent::PukRecorded { card: card(), secret: from },
            include_str!("PukRecorded.1.json"),
        ),
        (
            HolderEvent::PukReleased { card: card(), step, from, to },
            include_str!("PukReleased.1.json"),
        ),
        (
            HolderEvent::PukProbed { card: card(), step, first: from },
            include_str!("PukProbed.1.json"),
        ),
        (
            HolderEvent::PukSettled(NamedPuk { card: card(), step, secret: from }),
            include_str!("PukSettled.1.json"),
        ),
        (
            HolderEvent::PukRuledOut(NamedPuk { card: card(), step, secret: from }),
            include_str!("PukRuledOut.1.json"),
        ),
        (HolderEvent::PukLost { card: card(), step }, include_str!("PukLost.1.json")),
        (
            HolderEvent::PukReplaced(NamedPuk { card: card(), step, secret: to }),
            include_str!("PukReplaced.1.json"),
        ),
    ]
}

/// Every reason, as it is written for ever.
#[test]
fn every_reason_of_a_refused_unlock_can_be_read_again() {
    use unlock::Refusal::*;
    let until = instant("2026-03-11T09:00:00Z");
    let expected = [
        (CardNotActive, "card_not_active"),
        (Revoked, "revoked"),
        (Expired, "expired"),
        (UpdateOpen, "update_open"),
        (AccountLocked, "account_locked"),
        (NotRegistered, "not_registered"),
        (Blocked, "blocked"),
        (Paused { until }, "paused"),
        (NoPuk, "no_puk"),
        (Replaced, "replaced"),
        (TimeOver, "time_over"),
        (NotThere, "not_there"),
        (PukUnsettled, "puk_unsettled"),
    ];
    for (reason, written) in expected {
        let json = serde_json::to_value(reason).unwrap();
        assert_eq!(json["refusal"], written);
        assert_eq!(serde_json::from_value::<unlock::Refusal>(json).unwrap(), reason);
        assert!(reason.way_out().ends_with('.'), "{written}");
    }
}

#[test]
fn u12_a_passcode_set_by_an_unlock_can_be_read_again() {
    let set = HolderEvent::PasscodeSet {
        kind: Kind::Smartcard,
        on: day("2026-03-10"),
        secret: secret(9),
        origin: Origin::Unlock,
    };
    let data = set.encode().data;
    assert_eq!(data["origin"], "unlock");
    assert_eq!(HolderEvent::decode(set.kind(), 1, data.to_string().as_bytes()).unwrap(), set);
}
