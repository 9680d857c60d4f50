//! What is mailed about what others have done.

use domain::{
    desk::{CancelReason, Checker, CloseReason, DeskEvent, Helper, Loss, SuspensionReason, View},
    ids::SecretRef,
    passcode::OptionalKind,
    staff::Role,
};

use super::*;

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
        ("suspended", DeskNotice::Suspended { reason: SuspensionReason::NotMe }),
        ("reinstated", DeskNotice::Reinstated),
        (
            "card_cancelled",
            DeskNotice::CardCancelled { reason: CancelReason::Stolen, registered: None },
        ),
        ("contact_changed", DeskNotice::ContactChanged { former: None }),
        ("closed", DeskNotice::Closed { reason: CloseReason::Left, registered: None }),
        ("recovery_passcode_spoken", DeskNotice::RecoveryPasscodeSpoken),
        ("check_blocked", DeskNotice::CheckBlocked { kind: OptionalKind::Verification }),
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
    assert_eq!(notice.copies(), Copies::ToFormer(former));
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
