//! What is mailed about what others have done.

use domain::{
    desk::{CancelReason, Checker, CloseReason, DeskEvent, Helper, Loss, SuspensionReason, View},
    ids::{HolderId, SecretRef},
    passcode::OptionalKind,
    staff::Role,
};
use stores::{
    event_store::Position,
    sqlite::Database,
    vault::{AnswerBinding, Keys, VaultKeys},
};

use super::*;
use crate::not_me::Reference;

fn notices() -> Vec<(&'static str, Notice)> {
    let role = |granted| {
        let organisation = "RXA".parse().unwrap();
        DeskNotice::Role { role: Role::RaAgent, organisation, granted }
    };
    let all = [
        ("role_granted", role(true)),
        ("role_withdrawn", role(false)),
        ("account_unlock_allowed", DeskNotice::AccountUnlockAllowed),
        ("account_unlocked", DeskNotice::AccountUnlocked),
        ("released", DeskNotice::Released { registered: None }),
        ("card_unlock_allowed", DeskNotice::CardUnlockAllowed { by: Helper::Authority }),
        ("card_unlock_sponsored", DeskNotice::CardUnlockAllowed { by: Helper::Sponsor }),
        ("suspended", DeskNotice::Suspended { reason: SuspensionReason::Mislaid }),
        ("reinstated", DeskNotice::Reinstated),
        (
            "card_cancelled",
            DeskNotice::CardCancelled { reason: CancelReason::Stolen, registered: None },
        ),
        ("contact_changed", DeskNotice::ContactChanged { former: None }),
        ("closed", DeskNotice::Closed { reason: CloseReason::Left, registered: None }),
        ("recovery_passcode_spoken", DeskNotice::RecoveryPasscodeSpoken),
        ("check_blocked", DeskNotice::CheckBlocked { kind: OptionalKind::Verification }),
        ("check_released", DeskNotice::CheckReleased { kind: OptionalKind::Verification }),
        ("not_me", DeskNotice::NotMe),
    ];
    all.map(|(name, notice)| (name, Notice::Desk(notice))).to_vec()
}

#[test]
fn b57_b58_every_mail_about_what_others_have_done_says_whom_to_tell() {
    for (name, notice) in notices() {
        let mail = composed(&notice, sam());
        insta::assert_snapshot!(name, format!("Subject: {}\n\n{}", mail.subject, mail.text));
        assert!(mail.text.contains("registration authority of your organisation"), "{name}");
        assert_ne!(notice.copies(), Copies::None, "{name}");
        assert!(Wanted::Notice(notice).is_urgent(), "{name}");
    }
}

#[test]
fn b42_a_mail_about_other_contact_details_goes_to_the_address_before_too() {
    let former = Some(SecretRef(Uuid::from_u128(4)));
    let changed = HolderEvent::Desk(DeskEvent::ContactChanged { on: day("2026-03-10"), former });
    let Some(Wanted::Notice(notice)) = Wanted::of(&changed) else { panic!("no mail") };
    assert_eq!(notice.copies(), Copies::ToRegisteredAnd(former));
}

#[test]
fn p08_p11_of_a_check_only_what_the_holder_has_to_act_on_is_mailed() {
    let checked = |kind, matched, by| {
        Wanted::of(&HolderEvent::Desk(DeskEvent::PasscodeChecked {
            kind,
            matched,
            failures: 1,
            by,
        }))
    };
    let (recovery, verification) = (OptionalKind::AccountRecovery, OptionalKind::Verification);
    assert!(checked(recovery, true, Checker::Desk).is_some());
    assert!(checked(recovery, false, Checker::Desk).is_none());
    assert!(checked(verification, true, Checker::Telephone).is_none());
}

#[test]
fn b57_a_card_that_is_lost_is_mailed_as_revoked_and_out_of_use_and_not_a_third_time() {
    let (card, on) = ("00A1B2C3".parse().unwrap(), day("2026-03-10"));
    let lost_at = "2026-03-09T21:00:00Z".parse().unwrap();
    let lost = DeskEvent::CardReportedLost { card, on, loss: Loss::Lost, lost_at };
    let viewed = DeskEvent::RecordViewed { what: View::Record, on };
    for event in [lost, viewed] {
        assert!(Wanted::of(&HolderEvent::Desk(event)).is_none());
    }
}

#[tokio::test]
async fn b57_a_mail_that_can_be_answered_says_by_what_until_when_and_where_without_the_code_there()
{
    let key = |n| Keys::new(1, [n; 32]);
    let keys = VaultKeys { pepper: key(1), seal: key(2), puk: None, code: key(3).into() };
    let vault = Database::in_memory().await.unwrap().stores(keys).vault;
    let at = "2026-02-24T08:00:00Z".parse().unwrap();
    let binding =
        AnswerBinding { step: Uuid::from_u128(7), holder: HolderId(Uuid::from_u128(1)), at };
    let answer = Answer {
        reference: Reference(Position(104_523)),
        code: vault.answer_code(&binding).unwrap(),
        until: "2026-02-27T08:00:00Z".parse().unwrap(),
    };
    let composer = Composer::new(PORTAL).unwrap();
    let (_, notice) = notices().into_iter().find(|(name, _)| *name == "contact_changed").unwrap();
    let zone = domain::policy::Policy::seed().zone;
    let compose = || {
        let what = (&notice, &answer);
        composer.compose_answerable(Uuid::from_u128(7), at, what, sam(), &zone).unwrap()
    };
    let mail = compose();
    insta::assert_snapshot!("answerable", format!("Subject: {}\n\n{}", mail.subject, mail.text));
    assert_eq!(mail, compose(), "a repeat is the same to the byte");
    assert!(mail.html.contains(answer.code.grouped().as_str()));
    assert!(!mail.html.contains(&format!("/not-me?{}", *answer.code.grouped())));
}

#[test]
fn b57_what_tells_of_an_act_can_be_answered_and_an_answer_or_an_alert_cannot() {
    for (name, notice) in notices() {
        assert_eq!(notice.tells_of_an_act(), name != "not_me", "{name}");
    }
    let alert = Notice::Alert { on: day("2026-02-24"), items: vec![smartcard()] };
    assert!(!alert.tells_of_an_act());
    let on = day("2026-03-10");
    let reported = HolderEvent::Desk(DeskEvent::NotMeReported { mail: Uuid::from_u128(7), on });
    let Some(Wanted::Notice(notice)) = Wanted::of(&reported) else { panic!("no mail") };
    assert_eq!(notice.copies(), Copies::ToAll);
}
