//! Log in, and agree to changes of other passcodes.

use super::*;

#[test]
fn p05_card_and_passcode_log_their_holder_in_on_every_kind_of_card() {
    for quirks in ALL_CARDS {
        let card = StandInCard::of_holder(quirks, "135790");
        let mut server = StandInServer::new(Act::LogIn);
        assert_eq!(operate(card.insert(), &mut server, &current("135790")), Ok(code()));
        assert_eq!(server.asked, ["claim", "present", "agree", "evaluate", "current tag"]);
    }
}

#[test]
fn p25_the_current_passcode_alone_agrees_to_changes_of_the_others() {
    let card = StandInCard::of_holder(APPLET_B, "135790");
    let mut server = StandInServer::new(act(false));
    assert_eq!(operate(card.insert(), &mut server, &current("135790")), Ok(code()));
    assert!(server.agreed);
}

#[test]
fn p22_the_same_passcode_has_the_same_tag_every_time_and_another_has_another() {
    let tag = |text| {
        let card = StandInCard::of_holder(APPLET_A, text);
        let mut server = StandInServer::new(Act::LogIn);
        operate(card.insert(), &mut server, &current(text)).unwrap();
        server.current_tag.unwrap()
    };
    assert_eq!(tag("135790"), tag("135790"));
    assert_ne!(tag("135790"), tag("135791"));
}

#[test]
fn p25_a_wrong_passcode_costs_one_try_and_the_server_hears_what_is_left() {
    for quirks in ALL_CARDS {
        let card = StandInCard::of_holder(quirks, "135790");
        let mut server = StandInServer::new(Act::LogIn);
        let ended = operate(card.insert(), &mut server, &current("000000"));
        assert_eq!(ended, Err(Halt::WrongPasscode { tries_left: Some(2) }));
        assert_eq!(server.wrong, [Some(2)]);
        assert_eq!((card.tries(), server.agreed, server.abandoned), (2, false, None));
    }
}

#[test]
fn p25_a_wrong_passcode_is_told_to_the_person_even_if_the_server_is_lost_just_then() {
    let card = StandInCard::of_holder(APPLET_A, "135790");
    let mut server = StandInServer::new(Act::LogIn);
    server.gone_at = 2;
    let ended = operate(card.insert(), &mut server, &current("000000"));
    assert_eq!(ended, Err(Halt::WrongPasscode { tries_left: Some(2) }));
}

#[test]
fn b29_a_short_passcode_with_letters_still_opens_a_card_that_has_it() {
    let card = StandInCard::of_holder(GUIDE_CARD, "aB1!");
    let mut server = StandInServer::new(Act::LogIn);
    assert_eq!(operate(card.insert(), &mut server, &current("aB1!")), Ok(code()));
}

#[test]
fn b29_a_passcode_whose_form_the_card_refuses_is_wrong_whether_or_not_it_cost_a_try() {
    for (quirks, tries_left) in [(APPLET_A, 3), (APPLET_B, 2)] {
        let card = StandInCard::of_holder(quirks, "135790");
        let mut server = StandInServer::new(Act::LogIn);
        let ended = operate(card.insert(), &mut server, &current("letters"));
        assert_eq!(ended, Err(Halt::WrongPasscode { tries_left: Some(tries_left) }));
    }
}

#[test]
fn b29_the_last_try_is_not_spent_without_consent_and_nothing_is_claimed_for_it() {
    for quirks in ALL_CARDS {
        let card = StandInCard::of_holder(quirks, "135790");
        card.files().tries = 1;
        let mut server = StandInServer::new(Act::LogIn);
        let ended = operate(card.insert(), &mut server, &current("135790"));
        assert_eq!(ended, Err(Halt::LastTry { tries_left: Some(1) }));
        assert_eq!((card.tries(), server.asked.len()), (1, 0));
    }
}

#[test]
fn b29_with_two_tries_left_no_consent_is_asked_for() {
    let card = StandInCard::of_holder(APPLET_B, "135790");
    card.files().tries = 2;
    let mut server = StandInServer::new(Act::LogIn);
    assert_eq!(operate(card.insert(), &mut server, &current("135790")), Ok(code()));
}

#[test]
fn b29_the_last_try_with_consent_logs_in_or_locks_the_card() {
    for quirks in ALL_CARDS {
        for (typed, expected) in [("135790", Ok(code())), ("000000", Err(Halt::Locked))] {
            let card = StandInCard::of_holder(quirks, "135790");
            card.files().tries = 1;
            let mut server = StandInServer::new(Act::LogIn);
            let entered = Entered::Current { current: passcode(typed), last_try: true };
            assert_eq!(operate(card.insert(), &mut server, &entered), expected);
        }
    }
}

#[test]
fn a_locked_card_is_said_to_be_locked_before_anything_is_claimed() {
    for quirks in ALL_CARDS {
        let card = StandInCard::of_holder(quirks, "135790");
        card.files().tries = 0;
        let mut server = StandInServer::new(Act::LogIn);
        let ended = operate(card.insert(), &mut server, &current("135790"));
        assert_eq!((ended, server.asked.len()), (Err(Halt::Locked), 0));
    }
}

#[test]
fn a_card_pulled_out_at_any_apdu_ends_the_job_and_spends_nothing() {
    // Select, discovery, profile, serial number, counter, 9E, VERIFY, 9A.
    let n_apdus = 8;
    for at in 0..n_apdus {
        for pull in [Pull::Before, Pull::After] {
            let card = StandInCard::of_holder(APPLET_A, "135790");
            let mut server = StandInServer::new(Act::LogIn);
            let ended = operate(card.insert_and_pull(at, pull), &mut server, &current("135790"));
            match ended {
                Err(Halt::CardLost) => {
                    let claimed = server.asked.contains(&"claim");
                    assert_eq!(server.abandoned, claimed.then_some(ProblemSeen::CardRemoved));
                }
                Ok(_) => assert_eq!(at, n_apdus - 1, "only after the last APDU"),
                Err(other) => panic!("APDU {at}: {other:?}"),
            }
            assert_eq!(card.tries(), 3);
        }
    }
}

#[test]
fn a_server_lost_at_any_question_ends_the_job_and_spends_nothing() {
    for gone_at in 0..5 {
        let card = StandInCard::of_holder(APPLET_B, "135790");
        let mut server = StandInServer::new(Act::LogIn);
        server.gone_at = gone_at;
        let ended = operate(card.insert(), &mut server, &current("135790"));
        assert_eq!(ended, Err(Halt::ServerLost), "question {gone_at}");
        assert_eq!(card.tries(), 3);
    }
}

#[test]
fn an_act_other_than_the_one_shown_is_not_signed() {
    let card = StandInCard::of_holder(APPLET_A, "135790");
    let mut server = StandInServer::new(act(false));
    let task =
        Task { job: JOB, act: Act::LogIn, origin: ORIGIN.to_owned(), reader: "R".to_owned() };
    let ended =
        run(card.insert(), &mut server, &mut Counting(0), &task, &current("135790"), &mut |_| {});
    assert_eq!(ended, Err(Halt::ActChanged));
    assert_eq!(server.asked, ["claim", "abandon"]);
}

#[test]
fn a_card_of_a_profile_we_do_not_know_is_not_used() {
    let card = StandInCard::of_holder(Quirks { announcement: Some(b"x"), ..APPLET_A }, "135790");
    let mut server = StandInServer::new(Act::LogIn);
    assert_eq!(operate(card.insert(), &mut server, &current("135790")), Err(Halt::NotRecognised));
}

#[test]
fn a_card_with_neither_serial_number_nor_chuid_is_not_used() {
    let card = StandInCard::of_holder(Quirks { no_serial: true, ..APPLET_A }, "135790");
    let mut server = StandInServer::new(Act::LogIn);
    assert_eq!(operate(card.insert(), &mut server, &current("135790")), Err(Halt::NotRecognised));
}
