//! A blank card becomes a holder's.

use super::*;

fn first(text: &str) -> Entered {
    Entered::New { new: passcode(text) }
}

/// No factory secret, the keys, the certificates, the passcode.
fn assert_personalised(card: &StandInCard, passcode: &str) {
    assert!(card.has_passcode(passcode));
    let files = card.files();
    assert_eq!(files.puk, *reference("87654321").bytes());
    assert_eq!(files.management.algorithm(), ManagementAlgorithm::Aes256);
    assert_eq!(files.management.bytes(), [0x5A; 32]);
    assert_eq!(files.keys.keys().copied().collect::<Vec<_>>(), [0x9A, 0x9C, 0x9E]);
    assert_eq!(files.objects.len(), 2);
    assert_eq!((files.tries, files.puk_tries), (3, 3));
}

#[test]
fn p03_a_blank_card_leaves_with_keys_certificates_a_passcode_and_no_factory_secret() {
    for quirks in ALL_CARDS {
        let card = StandInCard::blank(quirks);
        let mut server = StandInServer::personalising();
        assert_eq!(operate(card.insert(), &mut server, &first("135790")), Ok(code()));
        assert_personalised(&card, "135790");
        assert!(server.new_tag.is_some());
        assert_eq!(
            server.asked,
            [
                "claim",
                "key generated",
                "key generated",
                "key generated",
                "agree",
                "evaluate",
                "new tag",
                "personalised"
            ]
        );
    }
}

#[test]
fn p03_a_personalisation_torn_at_any_apdu_is_completed_by_the_next_even_with_another_passcode() {
    for quirks in [APPLET_A, APPLET_B] {
        let mut server = StandInServer::personalising();
        let n_apdus = count_apdus(&StandInCard::blank(quirks), &mut server, &first("135790"));
        for at in 0..n_apdus {
            for pull in [Pull::Before, Pull::After] {
                let card = StandInCard::blank(quirks);
                let torn = card.insert_and_pull(at, pull);
                let ended = operate(torn, &mut StandInServer::personalising(), &first("135790"));
                assert!(ended.is_err(), "torn {pull:?} APDU {at}");
                let mut server = StandInServer::personalising();
                let again = operate(card.insert(), &mut server, &first("246802"));
                assert_eq!(again, Ok(code()), "torn {pull:?} APDU {at}");
                assert_personalised(&card, "246802");
            }
        }
    }
}

#[test]
fn p03_a_server_lost_at_any_question_leaves_a_card_that_can_be_begun_again() {
    for gone_at in 0..8 {
        let card = StandInCard::blank(APPLET_A);
        let mut server = StandInServer::personalising();
        server.gone_at = gone_at;
        assert_eq!(operate(card.insert(), &mut server, &first("135790")), Err(Halt::ServerLost));
        let mut server = StandInServer::personalising();
        assert_eq!(operate(card.insert(), &mut server, &first("135790")), Ok(code()));
        assert_personalised(&card, "135790");
    }
}

#[test]
fn a_card_that_is_neither_blank_nor_ours_is_left_as_it_is() {
    let card = StandInCard::blank(APPLET_B);
    let mut theirs = StandInServer::personalising();
    theirs.blank.as_mut().unwrap().management_key = protocol::Secret(vec![0x77; 32]);
    operate(card.insert(), &mut theirs, &first("135790")).unwrap();
    let mut server = StandInServer::personalising();
    assert_eq!(operate(card.insert(), &mut server, &first("246802")), Err(Halt::NotBlank));
    assert!(card.has_passcode("135790"));
    assert_eq!(server.abandoned, Some(ProblemSeen::CardFault));
}

#[test]
fn the_last_puk_try_is_never_spent() {
    let card = StandInCard::blank(APPLET_B);
    {
        let mut files = card.files();
        files.puk = *reference("99999999").bytes();
        files.puk_tries = 2;
    }
    for _ in 0..2 {
        let mut server = StandInServer::personalising();
        assert_eq!(operate(card.insert(), &mut server, &first("135790")), Err(Halt::NotBlank));
        card.files().puk_tries = 2;
    }
    assert_eq!(card.files().puk_tries, 2);
}

#[test]
fn p06_a_first_passcode_that_the_card_does_not_take_is_refused_before_anything_is_written() {
    let card = StandInCard::blank(APPLET_A);
    let mut server = StandInServer::personalising();
    assert_eq!(operate(card.insert(), &mut server, &first("aB1!")), Err(Halt::NewPasscodeUnfit));
    assert_eq!(card.files().management.algorithm(), ManagementAlgorithm::Tdes);
}
