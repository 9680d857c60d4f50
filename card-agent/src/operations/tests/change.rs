//! A new smartcard passcode.

use super::*;

fn entered(current: &str, new: &str) -> Entered {
    Entered::CurrentAndNew { current: passcode(current), new: passcode(new), last_try: false }
}

#[test]
fn p26_a_change_is_done_only_after_the_card_accepted_the_new_passcode() {
    for quirks in ALL_CARDS {
        let card = StandInCard::of_holder(quirks, "135790");
        let mut server = StandInServer::new(act(true));
        let ended = operate(card.insert(), &mut server, &entered("135790", "246802"));
        assert_eq!(ended, Ok(code()));
        assert!(card.has_passcode("246802"));
        assert_eq!(server.outcome, Some(WriteOutcome::New));
        assert_eq!(
            server.asked,
            [
                "claim",
                "present",
                "agree",
                "evaluate",
                "current tag",
                "evaluate",
                "new tag",
                "written"
            ]
        );
    }
}

#[test]
fn p06_a_guide_card_takes_four_characters_with_letters() {
    let card = StandInCard::of_holder(GUIDE_CARD, "135790");
    let mut server = StandInServer::new(act(true));
    assert_eq!(operate(card.insert(), &mut server, &entered("135790", "aB1!")), Ok(code()));
    assert!(card.has_passcode("aB1!"));
}

#[test]
fn p06_what_the_card_profile_does_not_allow_is_not_sent_to_the_card() {
    let card = StandInCard::of_holder(APPLET_A, "135790");
    let mut server = StandInServer::new(act(true));
    let inserted = card.insert();
    let sent = std::sync::Arc::clone(&inserted.sent);
    let ended = operate(inserted, &mut server, &entered("135790", "aB1!"));
    assert_eq!(ended, Err(Halt::NewPasscodeUnfit));
    assert!(!sent.lock().unwrap().contains(&0x24));
    assert_eq!(server.abandoned, Some(ProblemSeen::Cancelled));
}

#[test]
fn b29_a_change_from_a_four_character_passcode_works_where_policy_wants_six() {
    let card = StandInCard::of_holder(GUIDE_CARD, "ab12");
    let mut server = StandInServer::new(act(true));
    server.rules.min = 6;
    assert_eq!(operate(card.insert(), &mut server, &entered("ab12", "abc123")), Ok(code()));
}

#[test]
fn p22_a_passcode_that_was_used_before_is_not_written() {
    let card = StandInCard::of_holder(APPLET_B, "135790");
    let mut server = StandInServer::new(act(true));
    server.refuses_new = Some(("P-22", "You have used this passcode before."));
    let ended = operate(card.insert(), &mut server, &entered("135790", "246802"));
    assert!(matches!(ended, Err(Halt::Refused { rule, again: true, .. }) if rule == "P-22"));
    assert!(card.has_passcode("135790"));
    assert_eq!(server.outcome, None);
}

#[test]
fn p25_with_a_wrong_current_passcode_nothing_is_written() {
    for quirks in ALL_CARDS {
        let card = StandInCard::of_holder(quirks, "135790");
        let mut server = StandInServer::new(act(true));
        let ended = operate(card.insert(), &mut server, &entered("000000", "246802"));
        assert_eq!(ended, Err(Halt::WrongPasscode { tries_left: Some(2) }));
        assert!(card.has_passcode("135790"));
    }
}

#[test]
fn b28_a_card_that_refuses_the_new_passcode_keeps_the_old_and_the_server_hears_so() {
    for quirks in ALL_CARDS {
        let card = StandInCard::of_holder(Quirks { stubborn: true, ..quirks }, "135790");
        let mut server = StandInServer::new(act(true));
        let ended = operate(card.insert(), &mut server, &entered("135790", "246802"));
        assert_eq!(ended, Err(Halt::NotWritten));
        assert_eq!((server.outcome, card.tries()), (Some(WriteOutcome::Old), 3));
    }
}

#[test]
fn b28_a_card_that_says_yes_and_does_nothing_is_found_out_and_its_counter_filled_up_again() {
    for quirks in ALL_CARDS {
        let card = StandInCard::of_holder(Quirks { lies: true, ..quirks }, "135790");
        let mut server = StandInServer::new(act(true));
        let ended = operate(card.insert(), &mut server, &entered("135790", "246802"));
        assert_eq!(ended, Err(Halt::NotWritten));
        assert_eq!((server.outcome, card.tries()), (Some(WriteOutcome::Old), 3));
    }
}

#[test]
fn b29_a_card_that_hides_its_counter_is_asked_for_consent_and_read_back_without_a_guess() {
    let quirks = Quirks { no_logout: true, lies: true, ..APPLET_B };
    let card = StandInCard::of_holder(quirks, "135790");
    let mut server = StandInServer::new(act(true));
    let ended = operate(card.insert(), &mut server, &entered("135790", "246802"));
    // The new one was tried, as the card had said yes; the old one is not guessed at.
    assert_eq!(ended, Err(Halt::NotWritten));
    assert_eq!(server.outcome, Some(WriteOutcome::Old));
}

/// What is true of card and server when a change was broken off.
fn assert_truthful(card: &StandInCard, server: &StandInServer, ended: &Result<ReturnCode, Halt>) {
    let (old, new) = (card.has_passcode("135790"), card.has_passcode("246802"));
    assert!(old != new, "old or new, never neither");
    match (&server.outcome, ended) {
        (Some(WriteOutcome::New), Ok(_)) | (None, Err(Halt::WrittenServerLost)) => assert!(new),
        (Some(WriteOutcome::Old), Err(Halt::NotWritten)) | (None, Err(Halt::ServerLost)) => {
            assert!(old);
        }
        (Some(WriteOutcome::Unknown), Err(Halt::WriteUnknown)) => {}
        (None, Err(Halt::CardLost)) => {
            assert!(old);
            let claimed = server.asked.contains(&"claim");
            assert_eq!(server.abandoned, claimed.then_some(ProblemSeen::CardRemoved));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(card.tries(), 3, "no try is spent by tearing");
}

#[test]
fn b28_a_card_pulled_out_at_any_apdu_of_a_change_ends_old_new_or_unknown_truthfully() {
    for quirks in ALL_CARDS {
        let mut n_unknown = 0;
        let card = StandInCard::of_holder(quirks, "135790");
        let mut server = StandInServer::new(act(true));
        let n_apdus = count_apdus(&card, &mut server, &entered("135790", "246802"));
        for at in 0..n_apdus {
            for pull in [Pull::Before, Pull::After] {
                let card = StandInCard::of_holder(quirks, "135790");
                let mut server = StandInServer::new(act(true));
                let inserted = card.insert_and_pull(at, pull);
                let ended = operate(inserted, &mut server, &entered("135790", "246802"));
                assert_truthful(&card, &server, &ended);
                n_unknown += usize::from(ended == Err(Halt::WriteUnknown));
            }
        }
        // CHANGE, logout, counter and VERIFY, each before and after.
        assert_eq!(n_unknown, 8);
    }
}

#[test]
fn b28_a_server_lost_at_any_question_of_a_change_leaves_old_or_new_and_says_which() {
    for gone_at in 0..8 {
        let card = StandInCard::of_holder(APPLET_B, "135790");
        let mut server = StandInServer::new(act(true));
        server.gone_at = gone_at;
        let ended = operate(card.insert(), &mut server, &entered("135790", "246802"));
        assert_truthful(&card, &server, &ended);
        assert!(ended.is_err());
    }
}
