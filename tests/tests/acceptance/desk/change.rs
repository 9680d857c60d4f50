//! Manage Passcodes lived through: what one *Update* changes, what it says, and when it says it.

use axum::http::StatusCode;
use chrono::Duration;
use domain::{
    holder::HolderEvent,
    passcode::{Kind, Standing},
};
use protocol::{ProblemSeen, Request};
use tests::desk::{
    agent::{Stop, Write},
    scene::{Scene, account_recovery, verification},
};

/// How many values were set after registration, by kind, in order.
async fn sets(scene: &Scene) -> Vec<Kind> {
    let events = scene.desk.events(scene.holder).await.unwrap();
    let sets = events.iter().filter_map(|event| {
        let HolderEvent::PasscodeSet { kind, .. } = event else { return None };
        Some(*kind)
    });
    sets.skip(1).collect()
}

#[tokio::test]
async fn p01_p21_a_change_at_age_0_is_accepted_and_kinds_left_empty_stay_as_they_are() {
    let mut scene = Scene::logged_in().await.unwrap();
    scene.change_smartcard("Second02", &account_recovery("Recover1")).await.unwrap();
    let before = scene.desk.holder(scene.holder).await.unwrap();
    scene.desk.wait(Duration::days(3));
    scene.log_in().await.unwrap();

    scene.change(&verification("Tele1234")).await.unwrap();

    let after = scene.desk.holder(scene.holder).await.unwrap();
    for kind in [Kind::Smartcard, Kind::AccountRecovery] {
        assert_eq!(after.passcodes().current(kind), before.passcodes().current(kind));
    }
    let on = after.passcodes().current(Kind::Verification).map(|current| current.on.to_string());
    assert_eq!(on.as_deref(), Some("2026-03-05"));
    assert_eq!(sets(&scene).await, [Kind::Smartcard, Kind::AccountRecovery, Kind::Verification]);
}

#[tokio::test]
async fn p21_a_confirmation_that_differs_is_refused_at_its_field() {
    let mut scene = Scene::logged_in().await.unwrap();
    for fields in [
        [("new_verification", "Tele1234"), ("confirm_verification", "Tele1235")],
        [("new_verification", "Tele1234"), ("confirm_verification", "")],
        [("new_verification", ""), ("confirm_verification", "Tele1234")],
    ] {
        let page = scene.browser.post("/passcodes", &fields).await.unwrap();
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(page.says("There is a problem"), "{}", page.html);
    }
    assert!(sets(&scene).await.is_empty());
}

#[tokio::test]
async fn p10_p12_7_characters_are_refused_8_and_20_accepted_and_21_refused() {
    for (fields, words) in [
        (account_recovery as fn(&str) -> [(&'static str, &str); 2], "Account recovery passcode"),
        (verification, "Verification passcode"),
    ] {
        let mut scene = Scene::logged_in().await.unwrap();
        let text = "Abcdefgh1234567890\u{e9}\u{1F511}X";
        for (length, accepted) in [(7, false), (8, true), (20, true), (21, false)] {
            let value: String = text.chars().take(length).collect();
            let page = scene.browser.post("/passcodes", &fields(&value)).await.unwrap();
            if accepted {
                assert!(page.job().is_ok(), "{length}: {}", page.html);
            } else {
                assert!(
                    page.says(&format!("{words} must be between 8 and 20 characters")),
                    "{length}"
                );
            }
        }
    }
}

#[tokio::test]
async fn p23_changing_one_kind_while_another_is_due_within_60_days_is_advised_against_and_done() {
    for (age, advised) in [(304, false), (305, true)] {
        let mut scene = Scene::open().await.unwrap();
        scene.desk.wait(Duration::days(age));
        scene.log_in().await.unwrap();
        let page = scene.change(&verification("Tele1234")).await.unwrap();
        assert!(page.says("Your verification passcode has been updated"), "{}", page.html);
        assert_eq!(page.says("Your smartcard passcode expires in 60 days"), advised, "{age}");
    }
}

#[tokio::test]
async fn p24_blank_removes_what_is_set_and_status_says_so() {
    let mut scene = Scene::logged_in().await.unwrap();
    scene.change(&account_recovery("Recover1")).await.unwrap();
    let page = scene.change(&[("blank_account_recovery", "true")]).await.unwrap();
    assert!(page.says("Remove your account recovery passcode"), "{}", page.html);
    let holder = scene.desk.holder(scene.holder).await.unwrap();
    let context = scene.desk.app().context(&scene.desk.app().load(scene.holder).await.unwrap()).now;
    assert_eq!(context, scene.desk.now());
    assert!(holder.passcodes().current(Kind::AccountRecovery).is_none());
    assert!(scene.browser.get("/passcodes").await.unwrap().says("Not set"));
    assert_eq!(
        scene.desk.ledger(scene.holder).await.unwrap()[0],
        "You removed your account recovery passcode"
    );
}

#[tokio::test]
async fn b28_blank_and_new_at_once_blank_of_what_is_unset_and_nothing_at_all_are_errors() {
    let mut scene = Scene::logged_in().await.unwrap();
    let both = [verification("Tele1234").as_slice(), &[("blank_verification", "true")]].concat();
    for (fields, message) in [
        (both, "Either enter a new verification passcode or choose to remove it, not both"),
        (vec![("blank_verification", "true")], "You have no verification passcode to remove"),
        (vec![], "Enter a new passcode, or choose one to change or remove"),
    ] {
        let page = scene.browser.post("/passcodes", &fields).await.unwrap();
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(page.says(message), "{message}: {}", page.html);
    }
}

#[tokio::test]
async fn p03_a_smartcard_passcode_cannot_be_blanked_by_whatever_field() {
    let mut scene = Scene::logged_in().await.unwrap();
    let page = scene.browser.post("/passcodes", &[("blank_smartcard", "true")]).await.unwrap();
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    let holder = scene.desk.holder(scene.holder).await.unwrap();
    assert!(holder.passcodes().current(Kind::Smartcard).is_some());
}

#[tokio::test]
async fn p26_the_message_comes_after_the_commit_and_not_before() {
    let mut scene = Scene::logged_in().await.unwrap();
    let job = scene.update_smartcard(&verification("Tele1234")).await.unwrap();
    let path = format!("/passcodes/updated/{job}");
    let early = scene.browser.get(&path).await.unwrap();
    assert_eq!(early.location(), Some(format!("/jobs/{job}").as_str()));
    let (_, terms) = scene.agent.prove(job, &mut scene.card, &scene.passcode).await.unwrap();
    let tag = scene.agent.tag(job, &terms, &scene.passcode).await.unwrap();
    scene.agent.ask(Request::CurrentTag { job, tag }).await;
    assert_eq!(scene.browser.get(&path).await.unwrap().location(), early.location());
    let tag = scene.agent.tag(job, &terms, "Second02").await.unwrap();
    scene.agent.ask(Request::NewTag { job, tag }).await;
    assert!(!scene.browser.get(&path).await.unwrap().says("has been updated"));
    assert!(sets(&scene).await.is_empty());
    let outcome = protocol::WriteOutcome::New;
    scene.agent.ask(Request::Written { job, outcome }).await;
    let page = scene.browser.get(&path).await.unwrap();
    assert!(
        page.says("Your smartcard passcode and verification passcode have been updated"),
        "{}",
        page.html
    );
}

#[tokio::test]
async fn p26_the_result_is_only_for_the_holder_it_is_about() {
    let mut scene = Scene::logged_in().await.unwrap();
    let job = scene.update(&verification("Tele1234")).await.unwrap();
    scene.agent.finish(job, &mut scene.card, &scene.passcode).await.unwrap();
    let mut card = tests::desk::card::SoftCard::blank("0B02").unwrap();
    scene.desk.register(&scene.agent, &mut card, "Ben Okafor", "Number01").await.unwrap();
    let mut browser = scene.desk.browser();
    let log_in = browser.start_log_in().await.unwrap();
    scene.agent.sees(Some(&card)).await.unwrap();
    let code = scene.agent.finish(log_in, &mut card, "Number01").await.unwrap();
    assert_eq!(browser.come_back(log_in, &code).await.unwrap().location(), Some("/home"));
    let page = browser.get(&format!("/passcodes/updated/{job}")).await.unwrap();
    assert_eq!(page.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn p27_cancel_leaves_everything_unchanged_on_either_page() {
    let mut scene = Scene::logged_in().await.unwrap();
    let before = scene.desk.holder(scene.holder).await.unwrap();
    let page = scene.browser.get("/passcodes/cancelled").await.unwrap();
    assert!(page.says("Nothing was changed"), "{}", page.html);

    let job = scene.update_smartcard(&verification("Tele1234")).await.unwrap();
    scene.agent.claim(job, scene.card.seen()).await.unwrap();
    scene.agent.abandon(job, ProblemSeen::Cancelled).await.unwrap();
    let page = scene.browser.get(&format!("/jobs/{job}")).await.unwrap();

    assert_eq!(page.location(), Some("/passcodes/cancelled"));
    assert!(scene.agent.claim(job, scene.card.seen()).await.is_err());
    assert_eq!(scene.desk.holder(scene.holder).await.unwrap(), before);
    assert_eq!(scene.card.tries_left(), 3);
}

#[tokio::test]
async fn p25_a_wrong_current_passcode_changes_nothing_and_costs_one_try() {
    let mut scene = Scene::logged_in().await.unwrap();
    let job = scene.update(&verification("Tele1234")).await.unwrap();
    let wrong = scene.agent.finish(job, &mut scene.card, "Wrong001").await;
    assert!(matches!(wrong, Err(Stop::WrongPasscode(2))));
    assert_eq!(scene.card.tries_left(), 2);
    assert!(sets(&scene).await.is_empty());
}

#[tokio::test]
async fn b28_every_error_of_every_field_is_told_at_once_and_no_card_is_asked() {
    let mut scene = Scene::logged_in().await.unwrap();
    scene.change(&verification("Tele1234")).await.unwrap();
    let fields = [
        ("smartcard", "true"),
        ("new_account_recovery", "short"),
        ("confirm_account_recovery", "other"),
        ("new_verification", " Tele1234"),
        ("confirm_verification", ""),
    ];
    let page = scene.browser.post("/passcodes", &fields).await.unwrap();
    assert_eq!((page.status, page.location()), (StatusCode::UNPROCESSABLE_ENTITY, None));
    for message in [
        "Account recovery passcode must be between 8 and 20 characters",
        "The new account recovery passcode and its confirmation do not match",
        "Verification passcode must not begin or end with a space",
        "Confirm your new verification passcode",
    ] {
        // Once in the summary, once at the field.
        assert_eq!(page.html.matches(message).count(), 2, "{message}: {}", page.html);
    }
    assert_eq!(sets(&scene).await, [Kind::Verification]);
}

#[tokio::test]
async fn b28_a_bad_verification_passcode_keeps_the_smartcard_passcode_from_being_written() {
    let mut scene = Scene::logged_in().await.unwrap();
    scene.change(&verification("Tele1234")).await.unwrap();
    let fields = [[("smartcard", "true")].as_slice(), &verification("Tele1234")].concat();
    let page = scene.browser.post("/passcodes", &fields).await.unwrap();
    assert_eq!((page.status, page.location()), (StatusCode::UNPROCESSABLE_ENTITY, None));
    assert!(scene.card.verify("First001").is_ok());
    assert_eq!(sets(&scene).await, [Kind::Verification]);
}

#[tokio::test]
async fn b28_nothing_is_written_before_both_pages_are_right() {
    let mut scene = Scene::logged_in().await.unwrap();
    let job = scene.update_smartcard(&verification("Tele1234")).await.unwrap();
    let refused = scene.write(job, "First001", Write::Good).await.unwrap_err();
    assert_eq!(refused.rule(), Some("P-22"));
    assert!(sets(&scene).await.is_empty());
    scene.desk.wait(Duration::minutes(10));
    assert!(scene.agent.look(job).await.is_err());
    api::housekeeping::sweep(scene.desk.app()).await.unwrap();
    assert!(sets(&scene).await.is_empty());
    assert!(scene.card.verify("First001").is_ok());
}

#[tokio::test]
async fn b28_all_three_are_one_commit() {
    let mut scene = Scene::logged_in().await.unwrap();
    let fields = [account_recovery("Recover1"), verification("Tele1234")].concat();
    let page = scene.change_smartcard("Second02", &fields).await.unwrap();
    assert!(
        page.says(
            "Your smartcard passcode, account recovery passcode and verification passcode have been updated"
        ),
        "{}",
        page.html
    );
    assert_eq!(sets(&scene).await, Kind::ALL);
    let log = scene.desk.log().await.unwrap();
    let sets: Vec<_> =
        log.iter().rev().filter(|event| event.kind == "PasscodeSet").take(3).collect();
    assert_eq!(sets[0].position.0 - sets[2].position.0, 2);
    assert!(sets.iter().all(|event| event.at == sets[0].at));
    assert!(scene.card.verify("Second02").is_ok());
    let holder = scene.desk.holder(scene.holder).await.unwrap();
    let loaded = scene.desk.app().load(scene.holder).await.unwrap();
    let context = scene.desk.app().context(&loaded);
    let status = holder.passcodes().status(&context);
    assert!(
        status.iter().all(|line| matches!(line.standing, Standing::Set { days_left: 365, .. }))
    );
}

#[tokio::test]
async fn b26_the_fifth_set_in_a_day_is_flagged_and_allowed() {
    let mut scene = Scene::logged_in().await.unwrap();
    for number in 1..=5 {
        let flagged = |events: &[HolderEvent]| {
            events.iter().any(|event| matches!(event, HolderEvent::HistoryCyclingFlagged { .. }))
        };
        assert!(!flagged(&scene.desk.events(scene.holder).await.unwrap()), "{number}");
        scene.change(&verification(&format!("Tele123{number}"))).await.unwrap();
    }
    let events = scene.desk.events(scene.holder).await.unwrap();
    let flag = HolderEvent::HistoryCyclingFlagged { kind: Kind::Verification, sets: 5 };
    assert_eq!(events.last(), Some(&flag));
    assert_eq!(sets(&scene).await.len(), 5);
}

#[tokio::test]
async fn b27_one_value_for_two_kinds_is_warned_of_and_accepted() {
    let mut scene = Scene::logged_in().await.unwrap();
    let fields = [account_recovery("Same1234"), verification("Same1234")].concat();
    let page = scene.change(&fields).await.unwrap();
    assert!(
        page.says("Your account recovery passcode and your verification passcode are the same"),
        "{}",
        page.html
    );
    let page = scene.change_smartcard("Both1234", &verification("Both1234")).await.unwrap();
    assert!(
        page.says("Your smartcard passcode and your verification passcode are the same"),
        "{}",
        page.html
    );
    let page = scene.change_smartcard("Other123", &verification("Tele1234")).await.unwrap();
    assert!(!page.says("are the same"), "{}", page.html);
}

#[tokio::test]
async fn p07_a_weak_value_is_pointed_out_and_accepted() {
    let mut scene = Scene::logged_in().await.unwrap();
    let page = scene.change(&verification("12345678")).await.unwrap();
    assert!(page.says("would be harder to guess"), "{}", page.html);
    assert_eq!(sets(&scene).await, [Kind::Verification]);
}

#[tokio::test]
async fn p20_a_job_whose_session_has_ended_changes_nothing_though_card_and_passcode_agree() {
    let mut scene = Scene::logged_in().await.unwrap();
    let job = scene.update(&verification("Tele1234")).await.unwrap();
    scene.browser.post("/log-out", &[]).await.unwrap();
    assert!(scene.agent.finish(job, &mut scene.card, &scene.passcode).await.is_err());
    assert_eq!(sets(&scene).await, []);
}
