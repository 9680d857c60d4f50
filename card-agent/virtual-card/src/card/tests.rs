//! Conversations with both kinds of card, in process: what is sent, and the status word that comes back.

use tempfile::TempDir;

use super::*;
use crate::{
    Moment::{After, Before},
    Profile::{Guide, Piv},
};

/// More flash writes than any command of these tests needs.
const MOST_WRITES: u64 = 40;

const SELECT_PIV: &[u8] = b"\x00\xA4\x04\x00\x0B\xA0\x00\x00\x03\x08\x00\x00\x10\x00\x01\x00\x00";
const ASK_PROFILE: &[u8] = b"\x00\xCB\x3F\xFF\x05\x5C\x03\x5F\xFF\xF1\x00";
const TRIES_LEFT: &[u8] = b"\x00\x20\x00\x80";
const LOG_OUT: &[u8] = b"\x00\x20\xFF\x80";
const PUK: &str = "12345678";

fn pad(secret: &str) -> [u8; 8] {
    let mut padded = [0xFF; 8];
    padded[..secret.len()].copy_from_slice(secret.as_bytes());
    padded
}

fn command(ins: u8, p2: u8, data: &[u8]) -> Vec<u8> {
    [&[0x00, ins, 0x00, p2, u8::try_from(data.len()).unwrap()], data].concat()
}

fn verify(passcode: &str) -> Vec<u8> {
    command(0x20, 0x80, &pad(passcode))
}

fn change(old: &str, new: &str) -> Vec<u8> {
    command(0x24, 0x80, &[pad(old), pad(new)].concat())
}

fn unblock(puk: &str, new: &str) -> Vec<u8> {
    command(0x2C, 0x80, &[pad(puk), pad(new)].concat())
}

fn sign_with(slot: u8) -> Vec<u8> {
    let digest = [0x5A; 32];
    command_p1(0x87, 0x11, slot, &[&[0x7C, 36, 0x82, 0x00, 0x81, 32], &digest[..]].concat())
}

fn command_p1(ins: u8, p1: u8, p2: u8, data: &[u8]) -> Vec<u8> {
    let mut apdu = command(ins, p2, data);
    apdu[2] = p1;
    apdu
}

/// The status word.
#[track_caller]
fn sw(card: &mut Card, apdu: &[u8]) -> u16 {
    let answer = card.transmit(apdu).unwrap();
    u16::from_be_bytes(*answer.last_chunk().unwrap())
}

#[track_caller]
fn says(card: &mut Card, conversation: &[(Vec<u8>, u16)]) {
    for (turn, (apdu, expected)) in conversation.iter().enumerate() {
        let found = sw(card, apdu);
        assert_eq!(found, *expected, "turn {turn}: {found:04X} instead of {expected:04X}");
    }
}

fn new_card(profile: Profile) -> (TempDir, Card) {
    let folder = tempfile::tempdir().unwrap();
    let card = Card::open(folder.path(), profile).unwrap();
    (folder, card)
}

/// The key 9B of a new card, three-key DES; the mutual authentication of SP 800-73-4 part 2, 3.2.4, done by the card's
/// own challenge alone is enough to set another.
fn authenticate_with_factory_key(card: &mut Card) {
    use des::cipher::{BlockCipherEncrypt as _, KeyInit as _};
    let answer = card.transmit(&command_p1(0x87, 0x03, 0x9B, &[0x7C, 0x02, 0x81, 0x00])).unwrap();
    let mut block = <[u8; 8]>::try_from(&answer[4..12]).unwrap();
    let key: Vec<u8> = (1..=8).cycle().take(24).collect();
    des::TdesEde3::new_from_slice(&key).unwrap().encrypt_block((&mut block).into());
    let response = [&[0x7C, 10, 0x82, 8], &block[..]].concat();
    assert_eq!(sw(card, &command_p1(0x87, 0x03, 0x9B, &response)), 0x9000);
}

#[test]
fn p06_the_guide_card_takes_a_passcode_of_4_to_8_printable_characters() {
    let (_folder, mut card) = new_card(Guide);
    says(
        &mut card,
        &[
            (change("123456", "aB3"), 0x6A80),
            (change("123456", "aB3!"), 0x9000),
            (change("aB3!", "Pass~w0d"), 0x9000),
            (change("Pass~w0d", "with sp"), 0x6A80),
            (verify("Pass~w0d"), 0x9000),
        ],
    );
}

#[test]
fn p06_the_piv_card_takes_6_to_8_digits() {
    let (_folder, mut card) = new_card(Piv);
    says(
        &mut card,
        &[
            (change("123456", "12345"), 0x6A80),
            (change("123456", "abcdef"), 0x6A80),
            (change("123456", "654321"), 0x9000),
            (change("654321", "87654321"), 0x9000),
            (verify("87654321"), 0x9000),
        ],
    );
}

#[test]
fn after_a_change_the_old_passcode_fails_and_the_new_one_works() {
    for profile in Profile::ALL {
        let (_folder, mut card) = new_card(profile);
        says(
            &mut card,
            &[
                (SELECT_PIV.to_vec(), 0x9000),
                (change("123456", "24681357"), 0x9000),
                (LOG_OUT.to_vec(), 0x9000),
                (verify("123456"), 0x63C2),
                (verify("24681357"), 0x9000),
                (TRIES_LEFT.to_vec(), 0x9000),
                (LOG_OUT.to_vec(), 0x9000),
                (TRIES_LEFT.to_vec(), 0x63C3),
            ],
        );
    }
}

#[test]
fn the_third_wrong_passcode_blocks_the_guide_card_and_the_puk_frees_it() {
    let (_folder, mut card) = new_card(Guide);
    says(
        &mut card,
        &[
            (verify("wrong"), 0x63C2),
            (verify("12"), 0x63C1),
            (change("wrong", "aB3!"), 0x63C0),
            (verify("123456"), 0x6983),
            (change("123456", "aB3!"), 0x6983),
            (TRIES_LEFT.to_vec(), 0x6983),
            (unblock(PUK, "aB3"), 0x6A80),
            (unblock("87654321", "aB3!"), 0x63C2),
            (unblock(PUK, "aB3!"), 0x9000),
            (TRIES_LEFT.to_vec(), 0x63C3),
            (verify("123456"), 0x63C2),
            (verify("aB3!"), 0x9000),
        ],
    );
}

#[test]
fn the_third_wrong_passcode_blocks_the_piv_card_and_the_puk_frees_it() {
    let (_folder, mut card) = new_card(Piv);
    says(
        &mut card,
        &[
            (verify("111111"), 0x63C2),
            (verify("12"), 0x6A80),
            (verify("111111"), 0x63C1),
            (verify("111111"), 0x6983),
            (verify("123456"), 0x6983),
            (TRIES_LEFT.to_vec(), 0x63C0),
            (unblock("87654321", "654321"), 0x63C2),
            (unblock(PUK, "654321"), 0x9000),
            (verify("654321"), 0x9000),
        ],
    );
}

#[test]
fn the_third_wrong_puk_blocks_the_puk_of_the_guide_card() {
    let (_folder, mut card) = new_card(Guide);
    says(
        &mut card,
        &[
            (unblock("00000000", "aB3!"), 0x63C2),
            (unblock("00000000", "aB3!"), 0x63C1),
            (unblock("00000000", "aB3!"), 0x6983),
            (unblock(PUK, "aB3!"), 0x6983),
            (verify("123456"), 0x9000),
        ],
    );
}

#[test]
fn a_changed_puk_is_the_one_that_unblocks() {
    for profile in Profile::ALL {
        let (_folder, mut card) = new_card(profile);
        says(
            &mut card,
            &[
                (command(0x24, 0x81, &[pad(PUK), pad("13572468")].concat()), 0x9000),
                (unblock(PUK, "24681357"), 0x63C2),
                (unblock("13572468", "24681357"), 0x9000),
                (verify("24681357"), 0x9000),
            ],
        );
    }
}

#[test]
fn malformed_commands_are_refused_and_cost_no_try() {
    for profile in Profile::ALL {
        let (_folder, mut card) = new_card(profile);
        says(
            &mut card,
            &[
                (vec![0x00], 0x6700),
                (command(0x20, 0x80, b"123456"), 0x6A80),
                (command(0x24, 0x80, &pad("123456")), 0x6A80),
                (command(0x24, 0x80, &[pad("123456"), pad("")].concat()), 0x6A80),
                (command(0x2C, 0x80, &pad(PUK)), 0x6A80),
                (command(0x24, 0x80, &[0x31; 255]), 0x6A80),
                (TRIES_LEFT.to_vec(), 0x63C3),
            ],
        );
    }
}

#[test]
fn each_card_says_its_profile_and_its_own_serial_number() {
    let (_folder, mut guide) = new_card(Guide);
    let (_other_folder, mut piv) = new_card(Piv);
    assert_eq!(guide.transmit(ASK_PROFILE).unwrap(), b"\x53\x05guide\x90\x00");
    assert_eq!(piv.transmit(ASK_PROFILE).unwrap(), b"\x6A\x82");
    let serial_of = |card: &mut Card| {
        let answer = card.transmit(b"\x00\xF8\x00\x00\x00").unwrap();
        assert_eq!(answer, [&card.label().serial().to_be_bytes()[..], &[0x90, 0x00]].concat());
        answer
    };
    assert_ne!(serial_of(&mut guide), serial_of(&mut piv));
}

#[test]
fn the_card_is_selected_by_part_of_its_name() {
    let (_folder, mut card) = new_card(Guide);
    let answer = card.transmit(b"\x00\xA4\x04\x00\x05\xA0\x00\x00\x03\x08").unwrap();
    assert_eq!(answer, card.transmit(SELECT_PIV).unwrap());
    assert_eq!(answer[0], 0x61);
    assert_eq!(sw(&mut card, b"\x00\xA4\x04\x00\x05\xA0\x00\x00\x03\x09"), 0x6A82);
}

#[test]
fn a_passcode_shown_is_forgotten_with_the_power_and_a_changed_one_is_not() {
    for profile in Profile::ALL {
        let (folder, mut card) = new_card(profile);
        says(&mut card, &[(change("123456", "24681357"), 0x9000), (TRIES_LEFT.to_vec(), 0x9000)]);
        card.reset().unwrap();
        says(&mut card, &[(TRIES_LEFT.to_vec(), 0x63C3), (verify("123456"), 0x63C2)]);
        drop(card);
        let mut card = Card::open(folder.path(), profile).unwrap();
        says(&mut card, &[(TRIES_LEFT.to_vec(), 0x63C2), (verify("24681357"), 0x9000)]);
    }
}

#[test]
fn the_management_key_can_be_aes_256_and_keys_made_under_it_sign_after_the_passcode() {
    for profile in Profile::ALL {
        let (_folder, mut card) = new_card(profile);
        let new_key = [&[0x0C, 0x9B, 32], &[0x42; 32][..]].concat();
        let set_key = command_p1(0xFF, 0xFF, 0xFF, &new_key);
        assert_eq!(sw(&mut card, &set_key), 0x6982);
        authenticate_with_factory_key(&mut card);
        for slot in [0x9A, 0x9C, 0x9E] {
            assert_eq!(
                sw(&mut card, &command(0x47, slot, &[0xAC, 0x03, 0x80, 0x01, 0x11])),
                0x9000
            );
        }
        assert_eq!(sw(&mut card, &set_key), 0x9000);
        card.reset().unwrap();
        says(
            &mut card,
            &[
                // The new key answers with a challenge of its cipher's block; the old one is unknown.
                (command_p1(0x87, 0x0C, 0x9B, &[0x7C, 0x02, 0x81, 0x00]), 0x9000),
                (command_p1(0x87, 0x03, 0x9B, &[0x7C, 0x02, 0x81, 0x00]), 0x6A86),
                (sign_with(0x9E), 0x9000),
                (sign_with(0x9A), 0x6982),
                (verify("123456"), 0x9000),
                (sign_with(0x9C), 0x9000),
                (sign_with(0x9C), 0x6982),
                (sign_with(0x9A), 0x9000),
            ],
        );
    }
}

#[test]
fn a_card_is_in_one_reader_at_a_time_and_keeps_its_profile() {
    let (folder, card) = new_card(Guide);
    assert!(matches!(Card::open(folder.path(), Guide), Err(OpenError::Folder(_))));
    drop(card);
    assert!(matches!(Card::open(folder.path(), Piv), Err(OpenError::OtherProfile(Guide))));
    assert!(Card::open(folder.path(), Guide).is_ok());
}

#[test]
fn b28_power_lost_before_a_change_leaves_the_old_passcode_and_after_it_the_new_one() {
    for profile in Profile::ALL {
        for (moment, holds) in [(Before, "123456"), (After, "24681357")] {
            let (folder, card) = new_card(profile);
            drop(card);
            let faults = Faults {
                tear_ins: Some(TearAt { ins: 0x24, nth: 1, moment }),
                ..Faults::default()
            };
            let mut card = Card::open_with(folder.path(), profile, faults).unwrap();
            says(&mut card, &[(verify("123456"), 0x9000)]);
            assert_eq!(card.transmit(&change("123456", "24681357")), Err(PowerLost));
            assert_eq!(card.transmit(TRIES_LEFT), Err(PowerLost));
            drop(card);
            says(&mut Card::open(folder.path(), profile).unwrap(), &[(verify(holds), 0x9000)]);
        }
    }
}

#[test]
fn b28_power_lost_at_any_flash_write_of_a_change_leaves_the_old_passcode_or_the_new_one() {
    sweep(&change("123456", "24681357"));
}

#[test]
fn b28_power_lost_at_any_flash_write_of_an_unblocking_leaves_the_old_passcode_or_the_new_one() {
    sweep(&unblock(PUK, "24681357"));
}

/// Cuts the power at each flash write of `act` in turn, until it gets through, and looks at what each cut left.
#[track_caller]
fn sweep(act: &[u8]) {
    for profile in Profile::ALL {
        let cuts =
            (0..MOST_WRITES).take_while(|writes| is_cut_and_whole(profile, act, *writes)).count();
        assert!(
            (2..usize::try_from(MOST_WRITES).unwrap()).contains(&cuts),
            "{profile}: {cuts} cuts"
        );
    }
}

/// Whether the power failed in `act`. Whatever happened, exactly one of the two passcodes must hold afterwards.
#[track_caller]
fn is_cut_and_whole(profile: Profile, act: &[u8], writes: u64) -> bool {
    let (folder, mut card) = new_card(profile);
    says(&mut card, &[(verify("123456"), 0x9000)]);
    drop(card);
    let faults = Faults { tear_after_writes: Some(writes), ..Faults::default() };
    let torn = Card::open_with(folder.path(), profile, faults).unwrap().transmit(act);
    let mut card = Card::open(folder.path(), profile).unwrap();
    let old_holds = sw(&mut card, &verify("123456")) == 0x9000;
    let new_holds = sw(&mut card, &verify("24681357")) == 0x9000;
    assert_ne!(
        old_holds, new_holds,
        "{profile}, cut after {writes} writes: old {old_holds}, new {new_holds}"
    );
    assert!(torn.is_err() || new_holds, "{profile}: done, and not there");
    torn.is_err()
}

#[test]
fn whoever_listens_at_the_contacts_hears_puks_and_nothing_else() {
    let folder = TempDir::new().unwrap();
    let change_puk = command(0x24, 0x81, &[pad(PUK), pad("87654321")].concat());
    for overheard in [false, true] {
        let faults = Faults { overheard, ..Faults::default() };
        let mut card = Card::open_with(folder.path(), Piv, faults).unwrap();
        card.transmit(SELECT_PIV).unwrap();
        card.transmit(&verify("123456")).unwrap();
        card.transmit(&change("123456", "135790")).unwrap();
        card.transmit(&change_puk).unwrap();
        card.transmit(&unblock("87654321", "246802")).unwrap();
        let heard = std::fs::read_to_string(folder.path().join(OVERHEARD)).unwrap_or_default();
        let commands: Vec<_> = heard.lines().map(|line| &line[..8]).collect();
        let expected: &[&str] = if overheard { &["00240081", "002C0080"] } else { &[] };
        assert_eq!(commands, expected);
    }
}
