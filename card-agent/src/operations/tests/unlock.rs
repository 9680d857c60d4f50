//! A card is unlocked, its PUK replaced, and every way of being torn out of that.

use protocol::WriteOutcome;

use super::*;
use crate::stand_ins::card::TRIES;

fn unlocking() -> StandInServer {
    StandInServer::new(Act::Unlock)
}

fn new(text: &str) -> Entered {
    Entered::New { new: passcode(text) }
}

/// A card whose passcode was entered wrongly three times.
fn locked_card(quirks: Quirks) -> StandInCard {
    let card = StandInCard::of_holder(quirks, "135790");
    card.files().tries = 0;
    card
}

/// Card and server agree on a PUK that was never released, and the passcode is this one.
fn assert_unlocked(card: &StandInCard, server: &StandInServer, passcode: &str, what: &str) {
    assert!(card.has_passcode(passcode), "{what}");
    assert_puk_replaced(card, server, what);
    assert_eq!(card.tries(), TRIES, "{what}");
}

fn assert_puk_replaced(card: &StandInCard, server: &StandInServer, what: &str) {
    let known = server.puks.known().expect(what);
    let files = card.files();
    assert_eq!(files.puk, *reference(known).bytes(), "{what}");
    assert_ne!(known, "12345678", "{what}");
    assert_eq!(files.puk_tries, TRIES, "{what}");
}

/// At no time is a second wrong PUK tried in a row.
fn assert_puk_tries_are_spared(card: &StandInCard, what: &str) {
    assert!(TRIES - 1 <= card.files().puk_tries, "{what}");
}

#[test]
fn u01_a_locked_card_and_a_forgotten_passcode_get_a_new_one_on_every_kind_of_card() {
    for quirks in ALL_CARDS {
        for tries in [0, 3] {
            let (card, mut server) = (locked_card(quirks), unlocking());
            card.files().tries = tries;
            assert_eq!(operate(card.insert(), &mut server, &new("246802")), Ok(code()));
            assert_unlocked(&card, &server, "246802", "unlock");
            assert_eq!(server.outcome, Some(WriteOutcome::New));
            assert_eq!(
                server.asked,
                [
                    "claim",
                    "present",
                    "open unlock",
                    "evaluate",
                    "new tag",
                    "take puk",
                    "puk replaced",
                    "written"
                ]
            );
        }
    }
}

#[test]
fn u01_a_second_unlock_replaces_the_puk_once_more() {
    let (card, mut server) = (locked_card(APPLET_B), unlocking());
    operate(card.insert(), &mut server, &new("246802")).unwrap();
    let first = server.puks.known().unwrap().to_owned();
    operate(card.insert(), &mut server, &new("357913")).unwrap();
    assert_unlocked(&card, &server, "357913", "again");
    assert_ne!(server.puks.known(), Some(first.as_str()));
}

#[test]
fn u04_a_locked_card_shows_that_it_is_here_and_nothing_is_spent() {
    for quirks in ALL_CARDS {
        let card = locked_card(quirks);
        let mut server = StandInServer::new(Act::BeginUnlock);
        assert_eq!(operate(card.insert(), &mut server, &Entered::Nothing), Ok(code()));
        assert_eq!(server.asked, ["claim", "present"]);
        assert_eq!((card.tries(), card.files().puk_tries), (0, TRIES));
    }
}

#[test]
fn u12_a_new_passcode_that_the_card_does_not_take_is_refused_before_anything_is_released() {
    let (card, mut server) = (locked_card(APPLET_A), unlocking());
    let ended = operate(card.insert(), &mut server, &new("aB1!"));
    assert_eq!(ended, Err(Halt::NewPasscodeUnfit));
    assert_eq!(server.asked, ["claim", "abandon"]);
}

#[test]
fn p22_a_passcode_that_was_used_before_is_refused_before_anything_is_released() {
    let (card, mut server) = (locked_card(GUIDE_CARD), unlocking());
    server.refuses_new = Some(("P-22", "You have used this passcode before."));
    let ended = operate(card.insert(), &mut server, &new("246802"));
    assert!(matches!(ended, Err(Halt::Refused { again: true, .. })), "{ended:?}");
    assert!(server.puks.released.is_empty());
    assert_eq!(card.tries(), 0);
}

#[test]
fn u12_an_unlock_torn_at_any_apdu_is_completed_by_the_next_and_costs_one_puk_try_at_most() {
    for quirks in ALL_CARDS {
        let n_apdus = count_apdus(&locked_card(quirks), &mut unlocking(), &new("246802"));
        for at in 0..n_apdus {
            for pull in [Pull::Before, Pull::After] {
                let what = format!("{pull:?} APDU {at}");
                let (card, mut server) = (locked_card(quirks), unlocking());
                let torn = card.insert_and_pull(at, pull);
                let ended = operate(torn, &mut server, &new("246802"));
                let lost = matches!(ended, Err(Halt::CardLost | Halt::WriteUnknown));
                assert!(lost, "{what}: {ended:?}");
                let outcome = server.outcome;
                if card.has_passcode("246802") {
                    assert_eq!(outcome, Some(WriteOutcome::Unknown), "{what}");
                }
                assert_puk_tries_are_spared(&card, &what);
                assert_eq!(operate(card.insert(), &mut server, &new("357913")), Ok(code()));
                assert_unlocked(&card, &server, "357913", &what);
            }
        }
    }
}

#[test]
fn u12_an_unlock_torn_twice_is_completed_by_the_third_visit() {
    let n_apdus = count_apdus(&locked_card(APPLET_B), &mut unlocking(), &new("246802"));
    // Before the last three (PUK, passcode, read back) a visit leaves nothing behind; one that has to
    // look for the PUK first has two more.
    for first in n_apdus - 3..n_apdus {
        for second in n_apdus - 3..n_apdus + 2 {
            for (one, other) in [(Pull::Before, Pull::After), (Pull::After, Pull::Before)] {
                let what = format!("{one:?} APDU {first}, then {other:?} APDU {second}");
                let (card, mut server) = (locked_card(APPLET_B), unlocking());
                operate(card.insert_and_pull(first, one), &mut server, &new("246802")).ok();
                operate(card.insert_and_pull(second, other), &mut server, &new("357913")).ok();
                assert_puk_tries_are_spared(&card, &what);
                let third = operate(card.insert(), &mut server, &new("468024"));
                assert_eq!(third, Ok(code()), "{what}");
                assert_unlocked(&card, &server, "468024", &what);
            }
        }
    }
}

#[test]
fn u12_a_server_lost_at_any_question_leaves_a_card_that_the_next_unlock_completes() {
    for gone_at in 0..8 {
        let (card, mut server) = (locked_card(APPLET_A), unlocking());
        server.gone_at = gone_at;
        let ended = operate(card.insert(), &mut server, &new("246802"));
        let expected = if gone_at == 7 { Halt::WrittenServerLost } else { Halt::ServerLost };
        assert_eq!(ended, Err(expected), "question {gone_at}");
        server.gone_at = usize::MAX;
        assert_eq!(operate(card.insert(), &mut server, &new("357913")), Ok(code()));
        assert_unlocked(&card, &server, "357913", &format!("question {gone_at}"));
    }
}

#[test]
fn a_puk_that_was_released_and_never_replaced_is_replaced_at_the_next_visit_first() {
    let acts = [
        Act::LogIn,
        Act::Register { questions: vec!["Which?".to_owned()], address: "n•••".to_owned() },
        Act::UpdateCard,
        act(false),
    ];
    for next in acts {
        let (card, mut server) = (locked_card(APPLET_B), unlocking());
        server.gone_at = 6;
        operate(card.insert(), &mut server, &new("246802")).unwrap_err();
        assert!(server.puks.is_exposed());
        card.files().tries = TRIES;
        (server.gone_at, server.act) = (usize::MAX, next);
        server.asked.clear();
        assert_eq!(operate(card.insert(), &mut server, &current("135790")), Ok(code()));
        assert_puk_replaced(&card, &server, "healed");
        let first = ["claim", "present", "agree", "take puk", "puk found", "take puk"];
        assert_eq!(server.asked[..6], first);
        assert_eq!(server.puks.released, ["replace", "find", "replace"]);
    }
}

#[test]
fn a_puk_whose_replacement_at_a_log_in_is_torn_at_any_apdu_is_replaced_at_the_next() {
    for quirks in ALL_CARDS {
        let exposed = || {
            let (card, mut server) = (locked_card(quirks), unlocking());
            server.gone_at = 6;
            operate(card.insert(), &mut server, &new("246802")).unwrap_err();
            card.files().tries = TRIES;
            (server.gone_at, server.act) = (usize::MAX, Act::LogIn);
            (card, server)
        };
        let (card, mut server) = exposed();
        let n_apdus = count_apdus(&card, &mut server, &current("135790"));
        for at in 0..n_apdus {
            for pull in [Pull::Before, Pull::After] {
                let what = format!("{pull:?} APDU {at}");
                let (card, mut server) = exposed();
                let torn = card.insert_and_pull(at, pull);
                let ended = operate(torn, &mut server, &current("135790"));
                assert_eq!(ended, Err(Halt::CardLost), "{what}");
                assert_puk_tries_are_spared(&card, &what);
                assert_eq!(operate(card.insert(), &mut server, &current("135790")), Ok(code()));
                assert_puk_replaced(&card, &server, &what);
            }
        }
    }
}

#[test]
fn a_card_with_a_puk_of_somebody_else_is_not_unlocked_and_keeps_its_last_puk_try() {
    let (card, mut server) = (locked_card(APPLET_B), unlocking());
    card.files().puk = *reference("99999999").bytes();
    for expected in [2, 1, 1, 1] {
        let ended = operate(card.insert(), &mut server, &new("246802"));
        match expected {
            2 => assert_eq!(ended, Err(Halt::PukNotTaken)),
            _ => assert!(matches!(ended, Err(Halt::Refused { again: false, .. })), "{ended:?}"),
        }
        assert_eq!(server.outcome, Some(WriteOutcome::Old));
        assert_eq!(card.files().puk_tries, expected);
    }
    assert!(card.has_passcode("135790") && server.puks.is_lost());
}

#[test]
fn a_card_that_takes_neither_of_two_puks_is_lost_and_keeps_its_last_puk_try() {
    let (card, mut server) = (locked_card(APPLET_B), unlocking());
    server.gone_at = 6;
    operate(card.insert(), &mut server, &new("246802")).unwrap_err();
    card.files().puk = *reference("99999999").bytes();
    card.files().tries = TRIES;
    (server.gone_at, server.act) = (usize::MAX, Act::LogIn);
    assert_eq!(operate(card.insert(), &mut server, &current("135790")), Ok(code()));
    assert!(server.puks.is_lost());
    for _ in 0..3 {
        assert_eq!(operate(card.insert(), &mut server, &current("135790")), Ok(code()));
        assert_eq!(card.files().puk_tries, 1);
    }
}

#[test]
fn a_puk_that_the_card_said_no_to_is_never_tried_again_however_few_tries_are_left() {
    let (card, mut server) = (locked_card(APPLET_B), unlocking());
    server.gone_at = 6;
    operate(card.insert(), &mut server, &new("246802")).unwrap_err();
    // The card has the old one, and the next visit begins with the other; only two tries are left.
    card.files().puk = *reference("12345678").bytes();
    card.files().puk_tries = 2;
    card.files().tries = TRIES;
    (server.gone_at, server.act) = (usize::MAX, Act::LogIn);
    assert_eq!(operate(card.insert(), &mut server, &current("135790")), Ok(code()));
    assert!(server.puks.is_exposed());
    assert_eq!(card.files().puk_tries, 1);
    assert_eq!(operate(card.insert(), &mut server, &current("135790")), Ok(code()));
    assert_puk_replaced(&card, &server, "healed");
}

#[test]
fn a_card_that_takes_no_puk_of_ours_can_still_log_in() {
    let (card, mut server) = (locked_card(APPLET_B), unlocking());
    card.files().puk = *reference("99999999").bytes();
    operate(card.insert(), &mut server, &new("246802")).unwrap_err();
    card.files().tries = TRIES;
    server.act = Act::LogIn;
    assert_eq!(operate(card.insert(), &mut server, &current("135790")), Ok(code()));
    assert!(server.puks.is_lost());
}

#[test]
fn a_card_that_keeps_its_old_puk_is_not_unlocked() {
    let (card, mut server) = (locked_card(Quirks { stubborn: true, ..APPLET_A }), unlocking());
    let ended = operate(card.insert(), &mut server, &new("246802"));
    assert!(matches!(ended, Err(Halt::CardFault(_))), "{ended:?}");
    assert_eq!((server.outcome, card.tries()), (Some(WriteOutcome::Old), 0));
}
