//! The page over HTTP, with a card, a reader and a server that stand in; every page and state as a
//! snapshot.

mod workstation;

use axum::{
    body::Body,
    http::{Request as HttpRequest, Response as HttpResponse, StatusCode},
};
use http_body_util::BodyExt as _;
use pages::testing::main_outline;
use protocol::Act;
use tower::ServiceExt as _;

use super::*;
use crate::{
    channel::{Channel, Trouble},
    readers::{Reader, Readers, Slot},
    stand_ins::{
        card::{APPLET_A, GUIDE_CARD, Quirks, StandInCard},
        desk::Drawer,
        server::{JOB, ORIGIN, StandInServer},
    },
};

use workstation::{Workstation, request};

const PORT: u16 = 7401;

#[tokio::test]
async fn p05_the_right_passcode_sends_the_browser_back_to_the_portal_of_the_configuration() {
    let answered = Workstation::log_in().post("current_passcode=135790").await;
    assert_eq!(answered.status, StatusCode::SEE_OTHER);
    let code = "c0".repeat(16);
    assert_eq!(answered.header("location"), format!("{ORIGIN}/jobs/{JOB}/return?code={code}"));
}

#[tokio::test]
async fn a_get_shows_what_is_to_be_agreed_to_and_spends_and_claims_nothing() {
    let workstation = Workstation::change();
    let before = workstation.drawer.n_connections();
    workstation.get().await.shows(StatusCode::OK, "change");
    assert_eq!(workstation.drawer.n_connections(), before);
}

#[tokio::test]
async fn each_act_has_its_own_page() {
    Workstation::log_in().get().await.shows(StatusCode::OK, "log_in");
    let changes = vec!["Remove my verification passcode".to_owned()];
    let server = StandInServer::new(Act::ChangePasscodes { changes, smartcard: false });
    Workstation::new(APPLET_A, server).get().await.shows(StatusCode::OK, "agree");
    Workstation::new(APPLET_A, StandInServer::personalising())
        .get()
        .await
        .shows(StatusCode::OK, "personalise");
    Workstation::new(APPLET_A, StandInServer::new(Act::UpdateCard))
        .get()
        .await
        .shows(StatusCode::OK, "update_card");
    let questions = vec!["What was the name of your first pet?".to_owned()];
    for (name, questions) in [("register", questions), ("register_another_address", Vec::new())] {
        let address = "n•••@example.org".to_owned();
        let server = StandInServer::new(Act::Register { questions, address });
        Workstation::new(APPLET_A, server).get().await.shows(StatusCode::OK, name);
    }
}

/// A card that has been locked by three wrong passcodes.
fn locked(act: Act) -> Workstation {
    let workstation = Workstation::new(APPLET_A, StandInServer::new(act));
    workstation.card.files().tries = 0;
    workstation.drawer.see();
    workstation
}

#[tokio::test]
async fn u04_a_locked_card_shows_with_one_press_that_it_is_here() {
    let workstation = locked(Act::BeginUnlock);
    workstation.get().await.shows(StatusCode::OK, "begin_unlock");
    let answered = workstation.post("").await;
    assert_eq!(answered.status, StatusCode::SEE_OTHER, "{}", answered.body);
    assert_eq!(workstation.card.tries(), 0);
    let answered = workstation.post(&format!("shown={}", "00".repeat(32))).await;
    assert_eq!(answered.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(answered.body.contains("has changed") && answered.body.contains("href=\"#agree\""));
}

#[tokio::test]
async fn u12_a_locked_card_gets_a_new_passcode_that_is_typed_twice() {
    let workstation = locked(Act::Unlock);
    workstation.get().await.shows(StatusCode::OK, "unlock");
    let answered = workstation.post("new_passcode=246802&confirm_passcode=246803").await;
    answered.shows(StatusCode::UNPROCESSABLE_ENTITY, "unlock_mismatch");
    let answered = workstation.post("new_passcode=246802&confirm_passcode=246802").await;
    assert_eq!(answered.status, StatusCode::SEE_OTHER, "{}", answered.body);
    assert!(workstation.card.has_passcode("246802"));
    assert_eq!(workstation.card.tries(), 3);
}

#[tokio::test]
async fn b60_a_reader_that_is_not_approved_does_not_unlock_either_and_the_refusal_names_it() {
    for act in [Act::BeginUnlock, Act::Unlock] {
        let workstation = locked(act);
        let Readers::Seen(mut readers) = workstation.drawer.desk().readers() else { panic!() };
        readers[0].approved = false;
        workstation.drawer.show_readers(Readers::Seen(readers));
        let before = workstation.drawer.n_connections();
        let answered = workstation.post("new_passcode=246802&confirm_passcode=246802").await;
        assert_eq!(answered.status, StatusCode::CONFLICT);
        assert!(answered.body.contains(Drawer::MODEL) && answered.body.contains("not approved"));
        assert_eq!(workstation.drawer.n_connections(), before);
    }
}

#[tokio::test]
async fn c10_the_browser_is_back_at_the_portal_while_the_card_is_being_updated() {
    let workstation = Workstation::new(APPLET_A, StandInServer::new(Act::UpdateCard));
    let answered = workstation.post("current_passcode=135790").await;
    assert_eq!(answered.status, StatusCode::SEE_OTHER);
    assert!(answered.header("location").starts_with(&format!("{ORIGIN}/jobs/{JOB}/return?code=")));
    // Looked at, updated, looked at once more.
    workstation.drawer.has_ended(3).await;
    assert_eq!(workstation.card.files().objects.len(), 2);
}

#[tokio::test]
async fn c10_what_is_wrong_before_the_update_has_begun_is_shown_on_the_passcode_page() {
    let workstation = Workstation::new(APPLET_A, StandInServer::new(Act::UpdateCard));
    let answered = workstation.post("current_passcode=000000").await;
    assert_eq!(answered.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(answered.body.contains("2 tries are left"));
    assert!(workstation.card.files().objects.is_empty());
}

#[tokio::test]
async fn p06_the_page_names_the_rules_of_policy_and_card_together_before_anything_is_typed() {
    assert!(Workstation::change().get().await.body.contains("4 to 8 characters"));
    let act = Act::ChangePasscodes { changes: Vec::new(), smartcard: true };
    let plain = Workstation::new(APPLET_A, StandInServer::new(act));
    assert!(plain.get().await.body.contains("6 to 8 digits"));
}

#[tokio::test]
async fn p03_a_blank_card_is_personalised_by_a_first_passcode_typed_twice() {
    let workstation = Workstation::new(APPLET_A, StandInServer::personalising());
    let answered = workstation.post("new_passcode=246802&confirm_passcode=246802").await;
    assert_eq!(answered.status, StatusCode::SEE_OTHER, "{}", answered.body);
    assert!(workstation.card.has_passcode("246802"));
}

#[tokio::test]
async fn p26_a_change_writes_the_card_and_then_sends_the_browser_back() {
    let workstation = Workstation::change();
    let form = "current_passcode=135790&new_passcode=aB1%21&confirm_passcode=aB1%21";
    assert_eq!(workstation.post(form).await.status, StatusCode::SEE_OTHER);
    assert!(workstation.card.has_passcode("aB1!"));
}

#[tokio::test]
async fn b28_every_fault_of_the_form_is_shown_at_once_and_no_passcode_is_filled_in_again() {
    let workstation = Workstation::change();
    let form = "current_passcode=123456789&new_passcode=aX1&confirm_passcode=aX2";
    let answered = workstation.post(form).await;
    answered.shows(StatusCode::UNPROCESSABLE_ENTITY, "change_all_faults");
    for typed in ["123456789", "aX1", "aX2"] {
        assert!(!answered.body.contains(typed), "{typed}");
    }
    assert_eq!(workstation.card.tries(), 3);
}

#[tokio::test]
async fn p25_a_wrong_passcode_is_told_at_its_field_with_the_tries_that_are_left() {
    let workstation = Workstation::log_in();
    let answered = workstation.post("current_passcode=000000").await;
    answered.shows(StatusCode::UNPROCESSABLE_ENTITY, "log_in_wrong");
    assert_eq!(workstation.card.tries(), 2);
}

#[tokio::test]
async fn b29_after_two_wrong_ones_the_page_asks_for_consent_to_the_last_try() {
    let workstation = Workstation::log_in();
    workstation.post("current_passcode=000000").await;
    let answered = workstation.post("current_passcode=000001").await;
    answered.shows(StatusCode::UNPROCESSABLE_ENTITY, "log_in_wrong_last_try");
    let answered = workstation.post("current_passcode=135790").await;
    answered.shows(StatusCode::UNPROCESSABLE_ENTITY, "log_in_no_consent");
    assert_eq!(workstation.card.tries(), 1);
    let answered = workstation.post("current_passcode=135790&last_try=yes").await;
    assert_eq!(answered.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn b46_the_last_wrong_try_locks_the_card_and_the_page_says_so() {
    let workstation = Workstation::log_in();
    workstation.card.files().tries = 1;
    workstation.drawer.see();
    let answered = workstation.post("current_passcode=000000&last_try=yes").await;
    answered.shows(StatusCode::CONFLICT, "card_locked");
    assert_eq!(workstation.get().await.status, StatusCode::OK);
    assert!(workstation.get().await.body.contains("is locked"));
}

#[tokio::test]
async fn p22_a_passcode_that_was_used_before_is_told_at_the_field_of_the_new_one() {
    let changes = vec!["Set a new smartcard passcode".to_owned()];
    let act = Act::ChangePasscodes { changes, smartcard: true };
    let mut server = StandInServer::new(act);
    server.refuses_new = Some(("P-22", "You have used this passcode before."));
    let workstation = Workstation::new(APPLET_A, server);
    let form = "current_passcode=135790&new_passcode=246802&confirm_passcode=246802";
    workstation.post(form).await.shows(StatusCode::UNPROCESSABLE_ENTITY, "change_used_before");
    assert!(workstation.card.has_passcode("135790"));
}

#[tokio::test]
async fn u10_b27_another_passcode_is_asked_for_at_its_field_where_another_one_would_do() {
    for rule in ["U-10", "B-27"] {
        let mut server = StandInServer::new(Act::Unlock);
        server.refuses_new = Some((rule, "Choose another one."));
        let workstation = Workstation::new(GUIDE_CARD, server);
        let answered = workstation.post("new_passcode=246802&confirm_passcode=246802").await;
        answered.shows(StatusCode::UNPROCESSABLE_ENTITY, "unlock_another");
    }
}

#[tokio::test]
async fn an_act_that_changed_since_it_was_shown_is_not_carried_out() {
    let workstation = Workstation::log_in();
    let form = format!("current_passcode=135790&shown={}", "00".repeat(32));
    let answered = workstation.post(&form).await;
    assert_eq!(answered.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(answered.body.contains("has changed"));
}

#[tokio::test]
async fn p27_cancel_leaves_everything_as_it_is_and_goes_back_to_the_portal() {
    let workstation = Workstation::change();
    let answered = workstation.send(request("POST", &format!("/jobs/{JOB}/cancel"), "")).await;
    assert_eq!(answered.status, StatusCode::SEE_OTHER);
    assert_eq!(answered.header("location"), format!("{ORIGIN}/jobs/{JOB}"));
    assert!(workstation.card.has_passcode("135790"));
}

#[tokio::test]
async fn every_state_of_the_readers_has_a_sentence_and_a_way_out() {
    let workstation = Workstation::log_in();
    let reader = |model: &str, approved, slot| Reader {
        name: format!("{model} 00 00"),
        model: model.to_owned(),
        approved,
        slot,
    };
    let card = || match workstation.drawer.desk().readers() {
        Readers::Seen(readers) => readers[0].slot.clone(),
        Readers::NoService => panic!("the service runs"),
    };
    let there = card();
    for (name, readers) in [
        ("no_service", Readers::NoService),
        ("no_reader", Readers::Seen(vec![])),
        ("reader_not_approved", Readers::Seen(vec![reader("Other Reader", false, there.clone())])),
        ("no_card", Readers::Seen(vec![reader(Drawer::MODEL, true, Slot::Empty)])),
        ("card_not_recognised", Readers::Seen(vec![reader(Drawer::MODEL, true, Slot::Unreadable)])),
        (
            "several_cards",
            Readers::Seen(vec![
                reader(Drawer::MODEL, true, there.clone()),
                reader("Approved Reader", true, there.clone()),
            ]),
        ),
    ] {
        workstation.drawer.show_readers(readers);
        workstation.get().await.shows(StatusCode::OK, name);
        let answered = workstation.post("current_passcode=135790").await;
        assert_eq!(answered.status, StatusCode::CONFLICT, "{name}");
    }
    assert_eq!(workstation.card.tries(), 3);
}

#[tokio::test]
async fn b60_with_a_reader_that_is_not_approved_no_try_is_spent_and_nothing_is_sent_to_the_card() {
    let workstation = Workstation::log_in();
    let Readers::Seen(mut readers) = workstation.drawer.desk().readers() else { panic!() };
    readers[0].approved = false;
    workstation.drawer.show_readers(Readers::Seen(readers));
    let before = workstation.drawer.n_connections();
    let answered = workstation.post("current_passcode=135790").await;
    assert_eq!(answered.status, StatusCode::CONFLICT);
    assert_eq!(workstation.drawer.n_connections(), before);
}

#[tokio::test]
async fn every_trouble_with_the_server_has_a_sentence_and_a_way_out() {
    for (name, trouble) in [
        ("server_unreachable", Trouble::Unreachable),
        ("agent_revoked", Trouble::Revoked),
        ("other_version", Trouble::OtherVersion),
    ] {
        let workstation =
            Workstation { channel: Channel::in_trouble(trouble), ..Workstation::log_in() };
        workstation.get().await.shows(StatusCode::SERVICE_UNAVAILABLE, name);
    }
}

#[tokio::test]
async fn a_job_that_the_server_does_not_know_is_said_to_be_over() {
    let mut server = StandInServer::new(Act::LogIn);
    server.knows_job = false;
    let workstation = Workstation::new(APPLET_A, server);
    workstation.get().await.shows(StatusCode::NOT_FOUND, "unknown_job");
    let answered = workstation.post("current_passcode=135790").await;
    assert_eq!((answered.status, workstation.card.tries()), (StatusCode::NOT_FOUND, 3));
}

#[tokio::test]
async fn a_card_pulled_out_between_look_and_press_is_missed_before_anything_is_claimed() {
    let workstation = Workstation::log_in();
    workstation.drawer.remove();
    let answered = workstation.post("current_passcode=135790").await;
    assert_eq!(answered.status, StatusCode::CONFLICT);
    assert!(answered.body.contains("Put your smartcard in the reader"));
}

#[tokio::test]
async fn what_is_no_form_is_refused_and_spends_nothing() {
    let workstation = Workstation::log_in();
    let long = format!("current_passcode={}", "1".repeat(5_000));
    assert_eq!(workstation.post(&long).await.status, StatusCode::BAD_REQUEST);
    // Bytes that are no text become a passcode that no card holds.
    let answered = workstation.post("current_passcode=%FF%FE").await;
    assert_eq!(answered.status, StatusCode::UNPROCESSABLE_ENTITY);
    let mut json = request("POST", &format!("/jobs/{JOB}"), r#"{"current_passcode":"135790"}"#);
    json.headers_mut().insert("content-type", "application/json".parse().unwrap());
    workstation.send(json).await.shows(StatusCode::BAD_REQUEST, "no_form");
    assert_eq!(workstation.card.tries(), 3);
}

#[tokio::test]
async fn a_form_from_another_website_is_refused() {
    let workstation = Workstation::log_in();
    let mut foreign = request("POST", &format!("/jobs/{JOB}"), "current_passcode=135790");
    foreign.headers_mut().insert("sec-fetch-site", "cross-site".parse().unwrap());
    workstation.send(foreign).await.shows(StatusCode::FORBIDDEN, "from_elsewhere");
    let mut foreign = request("POST", &format!("/jobs/{JOB}"), "current_passcode=135790");
    foreign.headers_mut().remove("sec-fetch-site");
    foreign.headers_mut().insert("origin", ORIGIN.parse().unwrap());
    assert_eq!(workstation.send(foreign).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_name_that_was_made_to_point_here_is_not_answered() {
    let workstation = Workstation::log_in();
    for host in ["evil.example:7401", "localhost:7401", "127.0.0.1", "127.0.0.1:7402"] {
        let mut request = request("GET", &format!("/jobs/{JOB}"), "");
        request.headers_mut().insert("host", host.parse().unwrap());
        let answered = workstation.send(request).await;
        assert_eq!(answered.status, StatusCode::MISDIRECTED_REQUEST, "{host}");
    }
}

#[tokio::test]
async fn every_answer_is_kept_in_no_cache_and_may_do_nothing_that_a_page_of_ours_does_not() {
    let workstation = Workstation::log_in();
    for answered in [
        workstation.get().await,
        workstation.post("current_passcode=135790").await,
        workstation.send(request("GET", "/elsewhere", "")).await,
    ] {
        assert_eq!(answered.header("cache-control"), "no-store");
        let policy = answered.header("content-security-policy");
        assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"));
        assert!(policy.contains(&format!("form-action 'self' {ORIGIN};")), "{policy}");
        assert_eq!(answered.header("x-content-type-options"), "nosniff");
    }
}

#[tokio::test]
async fn an_address_that_does_not_exist_leads_to_the_portal() {
    let workstation = Workstation::log_in();
    let answered = workstation.send(request("GET", "/elsewhere", "")).await;
    answered.shows(StatusCode::NOT_FOUND, "not_found");
    let answered = workstation.send(request("GET", "/jobs/no-number", "")).await;
    assert_eq!(answered.status, StatusCode::NOT_FOUND);
    let answered = workstation.send(request("GET", "/", "")).await;
    assert_eq!(answered.header("location"), format!("{ORIGIN}/"));
    let style = pages::asset_path("nhsuk.css").unwrap();
    let answered = workstation.send(request("GET", &style, "")).await;
    assert_eq!(answered.header("cache-control"), pages::ASSET_CACHE);
}

#[tokio::test]
async fn u12_a_card_that_leaves_while_it_is_unlocked_is_said_to_be_as_it_was_or_not_known() {
    let form = "new_passcode=246802&confirm_passcode=246802";
    for (at, words) in [(0x24, "taken out too early"), (0x2C, "not known whether your card is")] {
        let workstation = locked(Act::Unlock);
        workstation.card.files().pulled_at = Some(at);
        let answered = workstation.post(form).await;
        assert_eq!(answered.status, StatusCode::CONFLICT);
        assert!(answered.body.contains(words), "{}", answered.body);
    }
}

/// What can end an act beside the above: each has a page.
#[test]
fn every_other_end_of_an_act_has_a_page() {
    let look = Look::new(ORIGIN, false).unwrap();
    let refused = Situation::Refused {
        rule: "P-20".to_owned(),
        message: "This is not the card you logged in with.".to_owned(),
        again: true,
    };
    for (name, situation) in [
        ("busy", Situation::Busy),
        ("card_in_use", Situation::CardInUse),
        ("card_lost", Situation::CardLost),
        ("card_fault", Situation::CardFault),
        ("not_blank", Situation::NotBlank),
        ("puk_not_taken", Situation::PukNotTaken),
        ("not_written", Situation::NotWritten),
        ("not_unlocked", Situation::NotUnlocked),
        ("write_unknown", Situation::WriteUnknown),
        ("unlock_unknown", Situation::UnlockUnknown),
        ("server_lost", Situation::ServerLost),
        ("written_server_lost", Situation::WrittenServerLost),
        (
            "unlocked_server_lost",
            Situation::of(crate::operations::Halt::WrittenServerLost, &Act::Unlock),
        ),
        ("server_fault", Situation::ServerFault),
        ("no_common_rules", Situation::NoCommonRules),
        ("other_host", Situation::OtherHost),
        ("refused", refused),
    ] {
        let html = look.situation_html(&situation, Some("0a"));
        insta::assert_snapshot!(name, main_outline(&html.unwrap()));
    }
}

#[tokio::test]
async fn the_page_binds_loopback_only_and_says_clearly_that_its_port_is_taken() {
    let taken = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = taken.local_addr().unwrap();
    let error = bind(address.port()).await.unwrap_err().to_string();
    assert!(error.contains(&address.port().to_string()) && error.contains("page_port"), "{error}");
    drop(taken);
    let ours = bind(address.port()).await.unwrap();
    assert!(ours.local_addr().unwrap().ip().is_loopback());
}
