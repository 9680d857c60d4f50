//! Conversations as independent cards hold them, replayed from `card-agent/conversations/`.

use protocol::Slot;

use super::*;
use crate::{
    operations::identify,
    stand_ins::Counting,
    transport::{LinkError, scripted::Scripted},
};

/// Holds a conversation to its end.
fn hold<R>(conversation: &str, talk: impl FnOnce(&mut Card<Scripted>) -> R) -> R {
    let scripted = Scripted::new(conversation);
    let result = talk(&mut Card::new(scripted.clone()));
    scripted.assert_over();
    result
}

fn passcode(text: &[u8]) -> ReferenceData {
    ReferenceData::new(text).unwrap()
}

#[test]
fn a_card_with_a_serial_number_is_identified_by_it() {
    let identified =
        hold(include_str!("../../conversations/identify_applet_a.txt"), identify).unwrap().unwrap();
    assert_eq!(identified.seen.serial, "00C0FFEE");
    assert_eq!((identified.profile.name, identified.seen.tries_left), ("piv", Some(3)));
}

#[test]
fn a_card_without_one_is_identified_by_its_guid_and_made_to_forget_a_verified_passcode() {
    let identified =
        hold(include_str!("../../conversations/identify_applet_b.txt"), identify).unwrap().unwrap();
    assert_eq!(identified.seen.serial, "5E606DECF4B1421EB702667B1B41DA38");
    assert_eq!(identified.seen.tries_left, Some(5));
}

#[test]
fn a_card_without_the_piv_application_is_not_identified() {
    let identified = hold(include_str!("../../conversations/no_piv_card.txt"), identify);
    assert_eq!(identified, Ok(None));
}

#[test]
fn b46_both_spellings_of_blocked_mean_blocked() {
    for conversation in [
        include_str!("../../conversations/blocked_applet_a.txt"),
        include_str!("../../conversations/blocked_applet_b.txt"),
    ] {
        hold(conversation, |card| {
            assert_eq!(card.tries(), Ok(Tries::Left(0)));
            assert_eq!(card.verify(&passcode(b"135790")), Ok(Verified::Blocked));
        });
    }
}

#[test]
fn a_wrong_old_passcode_in_a_change_is_wrong_whether_or_not_the_counter_is_told() {
    let (old, new) = (passcode(b"000000"), passcode(b"246802"));
    hold(include_str!("../../conversations/change_wrong_applet_a.txt"), |card| {
        let changed = card.change(Reference::Passcode, &old, &new);
        assert_eq!(changed, Ok(Changed::Wrong { tries_left: None }));
    });
    hold(include_str!("../../conversations/change_wrong_applet_b.txt"), |card| {
        let changed = card.change(Reference::Passcode, &old, &new);
        assert_eq!(changed, Ok(Changed::Wrong { tries_left: Some(1) }));
        let changed = card.change(Reference::Passcode, &old, &new);
        assert_eq!(changed, Ok(Changed::Wrong { tries_left: Some(0) }));
    });
}

#[test]
fn an_answer_in_parts_is_put_together() {
    hold(include_str!("../../conversations/long_object.txt"), |card| {
        let content = card.get_data(Object::AuthenticationCertificate).unwrap().unwrap();
        assert_eq!(hex::encode(content), "aabbccddeeff00112233");
    });
}

#[test]
fn an_empty_object_and_none_are_the_same() {
    hold(include_str!("../../conversations/empty_objects.txt"), |card| {
        for _ in 0..3 {
            assert_eq!(card.get_data(Object::AuthenticationCertificate), Ok(None));
        }
    });
}

#[test]
fn an_answer_of_less_than_a_status_word_is_a_lost_link() {
    hold(include_str!("../../conversations/pulled_out.txt"), |card| {
        for _ in 0..3 {
            assert_eq!(card.tries(), Err(CardError::Link(LinkError::Lost)));
        }
    });
}

#[test]
fn a_card_that_always_has_more_to_say_is_cut_off() {
    hold(include_str!("../../conversations/endless.txt"), |card| {
        let answer = card.get_data(Object::AuthenticationCertificate);
        assert_eq!(answer, Err(CardError::Malformed { ins: 0xCB }));
    });
}

#[test]
fn a_signature_without_verify_is_refused_with_its_own_status() {
    hold(include_str!("../../conversations/sign.txt"), |card| {
        let refused = CardError::Refused { ins: 0x87, status: Status::NotSatisfied };
        assert_eq!(card.sign(Slot::Signature, &[7; 32]), Err(refused));
        let signature = card.sign(Slot::Signature, &[7; 32]).unwrap();
        assert_eq!(hex::encode(signature), "3006020101020102");
    });
}

#[test]
fn a_card_with_another_management_key_or_algorithm_says_no_and_that_is_no_error() {
    hold(include_str!("../../conversations/management_not_ours.txt"), |card| {
        let ours = ManagementKey::new(ManagementAlgorithm::Aes256, &[1; 32]).unwrap();
        let factory = ManagementKey::new(ManagementAlgorithm::Tdes, &[2; 24]).unwrap();
        assert_eq!(card.authenticate(&ours, &mut Counting(0)), Ok(false));
        assert_eq!(card.authenticate(&factory, &mut Counting(0)), Ok(false));
    });
}
