//! Other people's PC/SC programs take our virtual cards for PIV cards, in sandboxes side by side.

use std::process::Output;

use tests::sandbox::{Sandbox, card_name, reader_name};
use virtual_card::{Faults, Moment, Profile, TearAt};

fn verify(sandbox: &Sandbox, slot: u8, passcode: &str) -> Output {
    let reader = reader_name(slot);
    sandbox.run("yubico-piv-tool", &["-r", &reader, "-a", "verify-pin", "-P", passcode]).unwrap()
}

#[track_caller]
fn is_a_piv_card_with_its_factory_passcode(profile: Profile) {
    let sandbox = Sandbox::start(&[profile]).unwrap();
    let named = sandbox.run("opensc-tool", &["--reader", &reader_name(0), "--name"]).unwrap();
    let name = String::from_utf8_lossy(&named.stdout);
    assert!(name.contains("Personal Identity Verification Card"), "{named:?}");
    assert!(!verify(&sandbox, 0, "654321").status.success());
    let right = verify(&sandbox, 0, "123456");
    assert!(right.status.success(), "{right:?}");
}

#[test]
fn a_guide_card_is_a_piv_card_with_its_factory_passcode() {
    is_a_piv_card_with_its_factory_passcode(Profile::Guide);
}

#[test]
fn a_piv_card_is_a_piv_card_with_its_factory_passcode() {
    is_a_piv_card_with_its_factory_passcode(Profile::Piv);
}

#[test]
fn two_cards_are_in_the_reader_at_once_and_each_keeps_its_own_passcode() {
    let sandbox = Sandbox::start(&[Profile::Guide, Profile::Piv]).unwrap();
    let arguments = ["-r", &reader_name(0), "-a", "change-pin", "-P", "123456", "-N", "abc-DEF!"];
    assert!(sandbox.run("yubico-piv-tool", &arguments).unwrap().status.success());
    assert!(verify(&sandbox, 0, "abc-DEF!").status.success());
    assert!(verify(&sandbox, 1, "123456").status.success());
}

#[track_caller]
fn is_the_same_card_after_it_was_taken_out_and_put_in_again(profile: Profile) {
    let sandbox = Sandbox::start(&[profile]).unwrap();
    let card = card_name(profile, 0);
    let before = sandbox.drawer().list().unwrap();
    assert!(sandbox.drawer().insert(&card, 1).is_err());
    assert_eq!(sandbox.drawer().remove(0).unwrap().slots[0].card, None);
    assert_eq!(sandbox.drawer().insert(&card, 0).unwrap(), before);
    assert!(verify(&sandbox, 0, "123456").status.success());
}

#[test]
fn a_guide_card_that_is_taken_out_and_put_in_again_is_the_same_card() {
    is_the_same_card_after_it_was_taken_out_and_put_in_again(Profile::Guide);
}

#[test]
fn a_piv_card_that_is_taken_out_and_put_in_again_is_the_same_card() {
    is_the_same_card_after_it_was_taken_out_and_put_in_again(Profile::Piv);
}

#[track_caller]
fn leaves_its_slot_empty_without_power_and_can_be_put_in_again(profile: Profile) {
    let sandbox = Sandbox::start(&[profile]).unwrap();
    let card = card_name(profile, 0);
    sandbox.drawer().remove(0).unwrap();
    let faults = Faults {
        tear_ins: Some(TearAt { ins: 0x20, nth: 1, moment: Moment::Before }),
        ..Faults::default()
    };
    sandbox.drawer().insert_with(&card, 0, faults).unwrap();
    assert!(!verify(&sandbox, 0, "123456").status.success());
    assert_eq!(sandbox.drawer().insert(&card, 0).unwrap().slots[0].card, Some(card));
    assert!(verify(&sandbox, 0, "123456").status.success());
}

#[test]
fn a_guide_card_that_loses_its_power_leaves_its_slot_empty_and_can_be_put_in_again() {
    leaves_its_slot_empty_without_power_and_can_be_put_in_again(Profile::Guide);
}

#[test]
fn a_piv_card_that_loses_its_power_leaves_its_slot_empty_and_can_be_put_in_again() {
    leaves_its_slot_empty_without_power_and_can_be_put_in_again(Profile::Piv);
}
