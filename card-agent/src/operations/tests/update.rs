//! *Update My Card*, and every way of being torn out of it.

use protocol::{Bytes, Slot, Write};

use super::*;
use crate::piv::Container;

const SLOTS: [Slot; 2] = [Slot::Authentication, Slot::Signature];

fn renewing() -> StandInServer {
    StandInServer::new(Act::UpdateCard)
}

fn holders_card(quirks: Quirks) -> StandInCard {
    StandInCard::of_holder(quirks, "135790")
}

/// Both slots hold what the journal says, once and for all.
fn assert_renewed(card: &StandInCard, server: &StandInServer) {
    let journal = &server.journal;
    assert_eq!(journal.n_finished, 1, "one renewal");
    let files = card.files();
    let mut on_card = Vec::new();
    for (slot, reference, tag) in [
        (Slot::Authentication, 0x9A, [0x5F, 0xC1, 0x05]),
        (Slot::Signature, 0x9C, [0x5F, 0xC1, 0x0A]),
    ] {
        assert_eq!(*files.keys[&reference].verifying_key(), journal.key(slot));
        let wrapped = &files.objects[&tag[..]];
        // `53 82 LL LL` stands before the content.
        let container = Container::decode(&wrapped[4..]).unwrap();
        assert_eq!(Some(&container.certificate), journal.written(slot).map(|bytes| &bytes.0));
        on_card.push(Bytes(container.certificate));
    }
    assert_eq!(journal.valid, on_card, "no certificate that nobody has");
    assert_eq!(files.tries, 3, "no try was spent");
}

/// Whatever happened, the holder can log in, and an update that is taken up again is completed.
fn assert_heals(card: &StandInCard, server: &mut StandInServer, what: &str) {
    server.gone_at = usize::MAX;
    server.act = Act::LogIn;
    let logged_in = operate(card.insert(), server, &current("135790"));
    assert_eq!(logged_in, Ok(code()), "{what}: log in");
    server.act = Act::UpdateCard;
    if server.journal.n_finished == 0 {
        let again = operate(card.insert(), server, &current("135790"));
        assert_eq!(again, Ok(code()), "{what}: again");
    }
    assert_renewed(card, server);
}

#[test]
fn c09_both_slots_get_new_keys_and_certificates_9a_first_on_every_kind_of_card() {
    for quirks in ALL_CARDS {
        let (card, mut server) = (holders_card(quirks), renewing());
        assert_eq!(operate(card.insert(), &mut server, &current("135790")), Ok(code()));
        assert_renewed(&card, &server);
        let slot = ["open write", "card authenticated", "key generated"];
        let slot = [&slot[..], &["open write", "card authenticated", "certificate written"]];
        let mut expected = vec!["claim", "present", "agree", "begin update"];
        expected.extend(slot.concat().repeat(2));
        expected.push("update finished");
        assert_eq!(server.asked, expected);
        let openings =
            SLOTS.map(|slot| [(slot, Write::KeyPair), (slot, Write::Certificate)]).concat();
        assert_eq!(server.journal.openings, openings);
    }
}

#[test]
fn c10_the_browser_may_go_before_anything_is_written_and_only_then() {
    let (card, mut server) = (holders_card(APPLET_A), renewing());
    let inserted = card.insert();
    let sent = std::sync::Arc::clone(&inserted.sent);
    let mut left = Vec::new();
    let mut leave = |code: &ReturnCode| left.push((code.clone(), sent.lock().unwrap().clone()));
    let task = Task {
        job: JOB,
        act: Act::UpdateCard,
        origin: ORIGIN.to_owned(),
        reader: "Reader".to_owned(),
    };
    let entered = current("135790");
    run(inserted, &mut server, &mut Counting(0), &task, &entered, &mut leave).unwrap();
    let [(given, before)] = &left[..] else { panic!("{} times", left.len()) };
    assert_eq!(*given, code());
    assert!(!before.contains(&0x47) && !before.contains(&0xDB));
}

#[test]
fn c10_a_wrong_passcode_costs_one_try_and_opens_nothing() {
    for quirks in ALL_CARDS {
        let (card, mut server) = (holders_card(quirks), renewing());
        let ended = operate(card.insert(), &mut server, &current("000000"));
        assert_eq!(ended, Err(Halt::WrongPasscode { tries_left: Some(2) }));
        assert_eq!((card.tries(), server.journal.openings.len()), (2, 0));
        assert!(!server.asked.contains(&"begin update"));
    }
}

#[test]
fn b55_a_card_pulled_out_at_any_apdu_of_an_update_is_healed_by_the_next_visit() {
    for quirks in [APPLET_A, APPLET_B] {
        let (card, mut server) = (holders_card(quirks), renewing());
        let n_apdus = count_apdus(&card, &mut server, &current("135790"));
        for at in 0..n_apdus {
            for pull in [Pull::Before, Pull::After] {
                let (card, mut server) = (holders_card(quirks), renewing());
                let torn = card.insert_and_pull(at, pull);
                let ended = operate(torn, &mut server, &current("135790"));
                assert_eq!(ended, Err(Halt::CardLost), "{pull:?} APDU {at}");
                let claimed = server.asked.contains(&"claim");
                assert_eq!(server.abandoned, claimed.then_some(ProblemSeen::CardRemoved));
                assert_heals(&card, &mut server, &format!("{pull:?} APDU {at}"));
            }
        }
    }
}

#[test]
fn b55_a_card_pulled_out_again_in_the_next_visit_is_healed_by_the_third() {
    let (card, mut server) = (holders_card(APPLET_B), renewing());
    let n_apdus = count_apdus(&card, &mut server, &current("135790"));
    for first in (0..n_apdus).step_by(9) {
        for second in (0..n_apdus).step_by(7) {
            let (card, mut server) = (holders_card(APPLET_B), renewing());
            for at in [first, second] {
                let torn = card.insert_and_pull(at, Pull::After);
                operate(torn, &mut server, &current("135790")).ok();
            }
            assert_heals(&card, &mut server, &format!("APDU {first}, then {second}"));
        }
    }
}

#[test]
fn b55_a_server_lost_at_any_question_of_an_update_is_healed_by_the_next_visit() {
    for gone_at in 0..17 {
        let (card, mut server) = (holders_card(APPLET_B), renewing());
        server.gone_at = gone_at;
        let ended = operate(card.insert(), &mut server, &current("135790"));
        assert_eq!(ended, Err(Halt::ServerLost), "question {gone_at}");
        assert_heals(&card, &mut server, &format!("question {gone_at}"));
    }
}

#[test]
fn b55_what_the_card_has_already_is_not_made_again() {
    let (card, mut server) = (holders_card(APPLET_A), renewing());
    server.gone_at = 16;
    operate(card.insert(), &mut server, &current("135790")).unwrap_err();
    let n_openings = server.journal.openings.len();
    assert_heals(&card, &mut server, "only the end was missing");
    assert_eq!(server.journal.openings.len(), n_openings);
}

#[test]
fn b55_a_key_whose_certificate_was_not_issued_is_kept_and_gets_one() {
    let (card, mut server) = (holders_card(APPLET_B), renewing());
    server.gone_at = 7;
    operate(card.insert(), &mut server, &current("135790")).unwrap_err();
    server.journal.forget_certificate(Slot::Authentication);
    let key = server.journal.key(Slot::Authentication);
    assert_heals(&card, &mut server, "no certificate");
    assert_eq!(server.journal.key(Slot::Authentication), key);
}

#[test]
fn b55_a_key_that_another_program_replaced_is_made_again_and_its_certificate_given_up() {
    let (card, mut server) = (holders_card(APPLET_B), renewing());
    server.gone_at = 16;
    operate(card.insert(), &mut server, &current("135790")).unwrap_err();
    let foreign = p256::ecdsa::SigningKey::from_slice(&[99; 32]).unwrap();
    card.files().keys.insert(0x9C, foreign);
    assert_heals(&card, &mut server, "a foreign key");
}

#[test]
fn b55_a_key_that_is_gone_is_made_again_and_one_that_fails_for_a_moment_is_not() {
    for is_gone in [false, true] {
        let (card, mut server) = (holders_card(APPLET_B), renewing());
        server.gone_at = 16;
        operate(card.insert(), &mut server, &current("135790")).unwrap_err();
        server.gone_at = usize::MAX;
        let n_openings = server.journal.openings.len();
        if is_gone {
            card.files().keys.remove(&0x9C);
        } else {
            card.files().fails_once = Some(0x9C);
            let failed = operate(card.insert(), &mut server, &current("135790"));
            assert!(matches!(failed, Err(Halt::CardFault(_))), "{failed:?}");
        }
        assert_heals(&card, &mut server, "a key");
        assert_eq!(n_openings < server.journal.openings.len(), is_gone);
    }
}

#[test]
fn b55_a_certificate_that_another_program_replaced_is_written_again() {
    let (card, mut server) = (holders_card(APPLET_B), renewing());
    server.gone_at = 16;
    operate(card.insert(), &mut server, &current("135790")).unwrap_err();
    card.files().objects.insert(vec![0x5F, 0xC1, 0x05], vec![0x53, 0x00]);
    assert_heals(&card, &mut server, "a foreign certificate");
}

#[test]
fn a_card_without_our_management_key_is_not_written_to() {
    let (card, mut server) = (holders_card(APPLET_A), renewing());
    let theirs = crate::piv::ManagementKey::new(ManagementAlgorithm::Tdes, &[7; 24]).unwrap();
    card.files().management = theirs;
    let ended = operate(card.insert(), &mut server, &current("135790"));
    assert!(matches!(ended, Err(Halt::CardFault(_))), "{ended:?}");
    assert_eq!(server.abandoned, Some(ProblemSeen::CardFault));
    assert!(server.journal.openings.is_empty());
}

#[test]
fn b55_a_card_that_refuses_our_management_key_shows_that_it_has_kept_its_own_keys() {
    let (card, mut server) = (holders_card(APPLET_B), renewing());
    let aes =
        |key| crate::piv::ManagementKey::new(ManagementAlgorithm::Aes256, &[key; 32]).unwrap();
    let ours = std::mem::replace(&mut card.files().management, aes(0x11));
    let ended = operate(card.insert(), &mut server, &current("135790"));
    assert!(matches!(ended, Err(Halt::CardFault(_))), "{ended:?}");
    assert_eq!((server.journal.openings.len(), server.journal.n_kept), (1, 1));
    assert_eq!(server.abandoned, Some(ProblemSeen::CardFault));
    // 9A agrees again, and the rest goes on once the card takes the key.
    server.act = Act::LogIn;
    assert_eq!(operate(card.insert(), &mut server, &current("135790")), Ok(code()));
    card.files().management = ours;
    server.act = Act::UpdateCard;
    assert_heals(&card, &mut server, "the right management key");
}

#[test]
fn b55_a_slot_that_was_opened_is_as_it_was_if_it_still_has_its_key_and_only_then() {
    // 5: the card was not yet let in. 6: it has made a key, and nobody has heard which.
    for (gone_at, n_kept) in [(5, 1), (6, 0)] {
        let (card, mut server) = (holders_card(APPLET_A), renewing());
        server.gone_at = gone_at;
        operate(card.insert(), &mut server, &current("135790")).unwrap_err();
        assert_heals(&card, &mut server, &format!("gone at {gone_at}"));
        assert_eq!(server.journal.n_kept, n_kept, "gone at {gone_at}");
    }
}

#[test]
fn no_right_outlives_the_step_that_it_was_for() {
    let (card, mut server) = (holders_card(APPLET_A), renewing());
    let inserted = card.insert();
    let resets = std::sync::Arc::clone(&inserted.n_resets);
    operate(inserted, &mut server, &current("135790")).unwrap();
    // After each of the four openings, and once more before the end.
    assert_eq!(resets.load(std::sync::atomic::Ordering::Relaxed), 5);
}
