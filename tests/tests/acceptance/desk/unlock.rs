//! Unlocking lived through: what is asked, what is told, what a success resets, and a server that loses every append
//! on the way.

use api::{
    codes::NotDone,
    unlocks::{self, NotStarted},
};
use axum::http::HeaderMap;
use chrono::{Duration, TimeDelta};
use domain::{
    holder::{HolderEvent, Origin},
    passcode::Kind,
    refusal::Refusal,
    self_service::{CodePurpose, Refusal as Not},
    unlock::{Refusal as NoUnlock, Stage},
};
use protocol::{ProblemSeen, Purpose, Request, Slot, WriteOutcome};
use tests::desk::{
    agent::{READER, Said, Stop, update::Power},
    card::SoftCard,
    faulty_log::Fault,
    scene::{Scene, account_recovery},
    self_service::cookie_of,
};
use workflows::unlock::Next;

use super::mailbox;

/// Why an unlock is over from its start.
#[track_caller]
fn over(next: &Next) -> NoUnlock {
    let Next::Over(Refusal::Unlock(refusal)) = next else { panic!("{next:?}") };
    *refusal
}

async fn is_registered_and_locked() -> Scene {
    let mut scene = Scene::registered().await.unwrap();
    scene.lock_card();
    scene
}

#[tokio::test]
async fn u01_u05_u08_u11_u12_a_locked_card_gets_a_new_passcode_and_logs_in_with_it() {
    let mut scene = is_registered_and_locked().await;
    let old_puk = scene.card.puk().to_owned();
    let flow = scene.unlock("Second02").await.unwrap();
    assert_eq!(scene.desk.stage(&flow).await.unwrap(), Stage::Done);
    assert_eq!(scene.card.tries_left(), 3);
    assert_ne!(scene.card.puk(), old_puk);
    assert!(scene.card.change_puk(&old_puk, &old_puk).is_err());
    let events = scene.desk.events(scene.holder).await.unwrap();
    let sets = events
        .iter()
        .filter(|event| matches!(event, HolderEvent::PasscodeSet { origin: Origin::Unlock, .. }));
    assert_eq!(sets.count(), 1);
    // No session was opened by it (decision 8).
    assert!(scene.session().await.is_err());
    assert_eq!(scene.log_in().await.unwrap().location(), Some("/home"));
}

#[tokio::test]
async fn b47_a_card_that_is_not_locked_can_be_unlocked_too_and_costs_none_of_its_tries() {
    let mut scene = Scene::registered().await.unwrap();
    scene.unlock("Second02").await.unwrap();
    assert!(scene.card.verify("First001").is_err());
    assert!(scene.card.verify("Second02").is_ok());
}

#[tokio::test]
async fn r10_u02_who_has_not_entered_the_code_is_not_registered_and_gets_no_mail() {
    let mut scene = Scene::logged_in().await.unwrap();
    let n_before = mailbox::mails(&scene.desk).await.unwrap().len();
    let flow = scene.start_unlock().await.unwrap();
    assert_eq!(over(&flow.next), NoUnlock::NotRegistered);
    assert_eq!(mailbox::mails(&scene.desk).await.unwrap().len(), n_before);
    let events = scene.desk.events(scene.holder).await.unwrap();
    let Some(HolderEvent::UnlockRefused { workstation, reader, .. }) = events.last() else {
        panic!("{events:?}")
    };
    assert_eq!((workstation.as_str(), reader.is_empty()), ("ward 3", false));
}

#[tokio::test]
async fn b40_p19_a_locked_account_is_asked_nothing() {
    let mut scene = is_registered_and_locked().await;
    scene.desk.wait(Duration::days(386));
    let flow = scene.start_unlock().await.unwrap();
    assert_eq!(over(&flow.next), NoUnlock::AccountLocked);
    let answered = scene.answer(&flow, true).await;
    assert!(answered.is_err());
}

#[tokio::test]
async fn b40_c15_revoked_certificates_come_before_everything_else() {
    let mut scene = Scene::registered().await.unwrap();
    scene.log_in().await.unwrap();
    let revoke = [("reason", "damaged"), ("confirm", "REVOKE")];
    scene.browser.post("/certificates/revoke", &revoke).await.unwrap();
    let flow = scene.start_unlock().await.unwrap();
    assert_eq!(over(&flow.next), NoUnlock::Revoked);
}

#[tokio::test]
async fn u04_u06_every_proven_start_is_recorded_with_workstation_and_reader_and_told_by_mail() {
    let mut scene = is_registered_and_locked().await;
    let n_before = mailbox::mails(&scene.desk).await.unwrap().len();
    scene.start_unlock().await.unwrap();
    let events = scene.desk.events(scene.holder).await.unwrap();
    let started = |event: &HolderEvent| {
        matches!(event, HolderEvent::UnlockStarted { workstation, reader, .. }
            if workstation == "ward 3" && reader == "Latchkey Virtual Reader")
    };
    assert_eq!(events.iter().filter(|event| started(event)).count(), 1);
    assert_eq!(mailbox::mails(&scene.desk).await.unwrap().len(), n_before + 1);
}

#[tokio::test]
async fn b38_another_browser_sees_nothing_of_an_unlock() {
    let mut scene = is_registered_and_locked().await;
    let flow = scene.start_unlock().await.unwrap();
    let mut other = scene.desk.browser();
    other.start_log_in().await.unwrap();
    let cookie = cookie_of(&other).unwrap();
    assert!(unlocks::flow(scene.desk.app(), flow.job, cookie).await.unwrap().is_none());
}

#[tokio::test]
async fn b38_nobody_is_asked_in_the_place_of_whoever_is_at_the_card_reader() {
    let scene = is_registered_and_locked().await;
    // He starts it in his own browser, and has the holder put in the card.
    let (mut his, mut holders) = (scene.desk.browser(), scene.desk.browser());
    for browser in [&mut his, &mut holders] {
        browser.start_log_in().await.unwrap();
    }
    let cookie = cookie_of(&his).unwrap();
    let app = scene.desk.app();
    let job = unlocks::start(app, &HeaderMap::new(), cookie).await.unwrap();
    let code = scene.agent.begin_unlock(job, &scene.card).await.unwrap();
    assert!(unlocks::flow(app, job, cookie).await.unwrap().is_none());
    assert!(holders.come_back(job, &code).await.unwrap().location().is_none());
    assert!(unlocks::flow(app, job, cookie).await.unwrap().is_none());
    let page = his.get(&format!("/jobs/{job}")).await.unwrap();
    assert_eq!(page.location(), None);
    assert!(his.come_back(job, &code).await.unwrap().location().is_none());
}

#[tokio::test]
async fn u12_p22_one_of_the_last_five_is_refused_and_the_step_stays_open() {
    let mut scene = is_registered_and_locked().await;
    let (flow, job) = scene.pass().await.unwrap();
    let used = scene.agent.unlock(job, &mut scene.card, "First001").await.unwrap_err();
    assert_eq!(used.rule(), Some("P-22"));
    assert_eq!(scene.card.tries_left(), 0);
    assert!(matches!(scene.desk.stage(&flow).await.unwrap(), Stage::Passcode { .. }));
    scene.agent.unlock(job, &mut scene.card, "Second02").await.unwrap();
    assert!(scene.card.verify("Second02").is_ok());
}

#[tokio::test]
async fn u10_the_code_is_not_the_new_passcode_in_capitals_or_not() {
    let mut scene = is_registered_and_locked().await;
    let (flow, job) = scene.pass().await.unwrap();
    let code = scene.desk.code(CodePurpose::Unlock, scene.holder, flow.unlock).await.unwrap();
    let code = code.replace('-', "");
    for wanted in [code.clone(), code.to_lowercase()] {
        let refused = scene.agent.unlock(job, &mut scene.card, &wanted).await.unwrap_err();
        assert_eq!(refused.rule(), Some("U-10"), "{refused:?}");
    }
    assert_eq!(scene.card.tries_left(), 0);
}

#[tokio::test]
async fn b39_the_new_passcode_may_be_chosen_until_just_before_15_minutes_after_the_code() {
    for (millis, good) in [(899_999, true), (900_000, false)] {
        let mut scene = is_registered_and_locked().await;
        let flow = scene.start_unlock().await.unwrap();
        scene.pass_questions(&flow).await.unwrap();
        scene.desk.wait(TimeDelta::milliseconds(millis));
        let begun = scene.begin_passcode(&flow).await;
        assert_eq!(begun.is_ok(), good, "{begun:?}");
        if let Ok(job) = begun {
            scene.agent.unlock(job, &mut scene.card, "Second02").await.unwrap();
        }
    }
}

#[tokio::test]
async fn b39_a_job_that_was_begun_in_time_writes_nothing_when_the_time_is_over() {
    let mut scene = is_registered_and_locked().await;
    let flow = scene.start_unlock().await.unwrap();
    scene.pass_questions(&flow).await.unwrap();
    scene.desk.wait(TimeDelta::milliseconds(899_999));
    let job = scene.begin_passcode(&flow).await.unwrap();
    let terms = scene.agent.up_to_opened(job, &scene.card).await.unwrap();
    let tag = scene.agent.tag(job, &terms, "Second02").await.unwrap();
    scene.desk.wait(TimeDelta::milliseconds(1));
    let answer = scene.agent.ask(Request::NewTag { job, tag }).await;
    assert!(
        matches!(answer, protocol::Answer::Refused { ref rule, .. } if rule == "B-39"),
        "{answer:?}"
    );
}

#[tokio::test]
async fn p09_b41_the_account_recovery_passcode_and_the_code_unlock_without_any_question() {
    let mut scene = Scene::logged_in().await.unwrap();
    scene.change(&account_recovery("Recover1")).await.unwrap();
    scene.register_for_self_service().await.unwrap();
    scene.desk.wait(Duration::days(1));
    scene.lock_card();
    let flow = scene.start_unlock().await.unwrap();
    unlocks::try_recovery_passcode(scene.desk.app(), &flow, "Recover1").await.unwrap();
    assert_eq!(scene.desk.stage(&flow).await.unwrap(), Stage::Code);
    let code = scene.desk.code(CodePurpose::Unlock, scene.holder, flow.unlock).await.unwrap();
    unlocks::enter_code(scene.desk.app(), &flow, &code).await.unwrap();
    let job = scene.begin_passcode(&flow).await.unwrap();
    scene.agent.unlock(job, &mut scene.card, "Second02").await.unwrap();
    assert!(scene.card.verify("Second02").is_ok());
}

#[tokio::test]
async fn b41_it_works_without_registration_and_three_wrong_ones_block_it_for_good() {
    let mut scene = Scene::logged_in().await.unwrap();
    scene.change(&account_recovery("Recover1")).await.unwrap();
    scene.lock_card();
    for left in [2, 1] {
        let flow = scene.start_unlock().await.unwrap();
        let wrong = unlocks::try_recovery_passcode(scene.desk.app(), &flow, "Recover2").await;
        let told = Refusal::SelfService(Not::RecoveryPasscodeWrong { left });
        assert!(
            matches!(wrong, Err(NotDone::Refused(ref refusal)) if *refusal == told),
            "{wrong:?}"
        );
        let now = flow.again(scene.desk.app()).await.unwrap();
        assert_eq!(over(&now.next), NoUnlock::RecoveryPasscodeWrong);
        scene.desk.wait(Duration::days(1));
    }
    let flow = scene.start_unlock().await.unwrap();
    let wrong = unlocks::try_recovery_passcode(scene.desk.app(), &flow, "Recover2").await;
    let blocked = Refusal::SelfService(Not::RecoveryPasscodeBlocked);
    assert!(
        matches!(wrong, Err(NotDone::Refused(ref refusal)) if *refusal == blocked),
        "{wrong:?}"
    );
    let right = unlocks::try_recovery_passcode(scene.desk.app(), &flow, "Recover1").await;
    assert!(right.is_err());
}

#[tokio::test]
async fn b60_a_reader_that_is_not_approved_spends_nothing_and_refuses_every_card_alike() {
    let mut scene = is_registered_and_locked().await;
    let cookie = {
        scene.browser.start_log_in().await.unwrap();
        cookie_of(&scene.browser).unwrap()
    };
    let head = scene.desk.head().await.unwrap();
    let mut answers = Vec::new();
    for card in [scene.card.seen(), SoftCard::blank("0F0F").unwrap().seen()] {
        let job = unlocks::start(scene.desk.app(), &HeaderMap::new(), cookie).await.unwrap();
        let request = Request::Claim { job, reader: "Somebody's reader".to_owned(), card };
        answers.push(scene.agent.ask(request).await);
    }
    assert_eq!(answers[0], answers[1]);
    assert!(matches!(&answers[0], protocol::Answer::Refused { rule, .. } if rule == "B-60"));
    assert_eq!(scene.desk.head().await.unwrap(), head);
}

#[tokio::test]
async fn b60_a_card_that_signs_in_a_reader_that_is_not_approved_has_proved_nothing() {
    let mut scene = is_registered_and_locked().await;
    scene.browser.start_log_in().await.unwrap();
    let cookie = cookie_of(&scene.browser).unwrap();
    let n_before = mailbox::mails(&scene.desk).await.unwrap().len();
    let job = unlocks::start(scene.desk.app(), &HeaderMap::new(), cookie).await.unwrap();
    // It was granted in an approved reader, and then claimed again in another.
    let held = scene.agent.claim(job, scene.card.seen()).await.unwrap();
    let reader = "Somebody's reader".to_owned();
    let again = Request::Claim { job, reader: reader.clone(), card: scene.card.seen() };
    assert!(matches!(scene.agent.ask(again).await, protocol::Answer::Refused { .. }));
    let other = unlocks::start(scene.desk.app(), &HeaderMap::new(), cookie).await.unwrap();
    let claim = Request::Claim { job: other, reader, card: scene.card.seen() };
    assert!(matches!(scene.agent.ask(claim).await, protocol::Answer::Refused { .. }));
    let before = scene.desk.head().await.unwrap();
    let said = Said { job: other, ..scene.agent.said(&held, Purpose::Present) };
    let signature = scene.card.sign(Slot::CardAuthentication, &said.bytes()).unwrap();
    let request = Request::Present { job: other, signature: signature.into() };
    let answer = scene.agent.ask(request).await;
    assert!(matches!(answer, protocol::Answer::Refused { .. }), "{answer:?}");
    assert!(unlocks::flow(scene.desk.app(), other, cookie).await.unwrap().is_none());
    assert_eq!(scene.desk.head().await.unwrap(), before);
    assert_eq!(mailbox::mails(&scene.desk).await.unwrap().len(), n_before);
    // None of it has cost an attempt.
    let flow = scene.start_unlock().await.unwrap();
    assert!(matches!(flow.next, Next::Questions { attempt: 1, .. }), "{:?}", flow.next);
}

#[tokio::test]
async fn u04_strangers_may_not_start_more_often_than_a_minute_has_places() {
    let mut scene = Scene::open().await.unwrap();
    scene.browser.start_log_in().await.unwrap();
    let cookie = cookie_of(&scene.browser).unwrap();
    while scene.desk.app().admits_log_in(&HeaderMap::new()) {}
    let started = unlocks::start(scene.desk.app(), &HeaderMap::new(), cookie).await;
    assert!(matches!(started, Err(NotStarted::TooMany)));
}

#[tokio::test]
async fn b40_the_tenth_proven_start_of_a_day_is_given_and_the_eleventh_is_recorded_and_refused() {
    let mut scene = is_registered_and_locked().await;
    for number in 1..=10 {
        let flow = scene.start_unlock().await.unwrap();
        assert!(matches!(flow.next, Next::Questions { .. }), "{number}");
    }
    assert_eq!(over(&scene.start_unlock().await.unwrap().next), NoUnlock::TooManyStarts);
    let twelfth = scene.start_unlock().await.unwrap_err();
    assert_eq!(twelfth.downcast::<Stop>().unwrap().rule(), Some("B-40"));
    let events = scene.desk.events(scene.holder).await.unwrap();
    let refused = |event: &HolderEvent| matches!(event, HolderEvent::UnlockRefused { .. });
    assert_eq!(events.iter().filter(|event| refused(event)).count(), 1);
    scene.desk.wait(Duration::days(1));
    assert!(scene.start_unlock().await.is_ok());
}

#[tokio::test]
async fn u12_a_card_that_keeps_what_it_had_may_be_tried_again_and_cancel_leaves_everything() {
    let mut scene = is_registered_and_locked().await;
    let (flow, job) = scene.pass().await.unwrap();
    let terms = scene.agent.up_to_opened(job, &scene.card).await.unwrap();
    let tag = scene.agent.tag(job, &terms, "Second02").await.unwrap();
    scene.agent.ask(Request::NewTag { job, tag }).await;
    let kept = scene.agent.ask(Request::Written { job, outcome: WriteOutcome::Old }).await;
    assert!(matches!(kept, protocol::Answer::Refused { again: true, .. }), "{kept:?}");
    scene.agent.unlock(job, &mut scene.card, "Second02").await.unwrap();
    assert_eq!(scene.desk.stage(&flow).await.unwrap(), Stage::Done);

    scene.desk.wait(Duration::days(1));
    let (flow, job) = scene.pass().await.unwrap();
    scene.agent.up_to_opened(job, &scene.card).await.unwrap();
    scene.agent.abandon(job, ProblemSeen::Cancelled).await.unwrap();
    assert!(scene.agent.claim(job, scene.card.seen()).await.is_err());
    assert!(matches!(scene.desk.stage(&flow).await.unwrap(), Stage::Passcode { .. }));
}

#[tokio::test]
async fn u12_a_new_passcode_of_which_nobody_was_told_is_found_by_the_next_log_in() {
    let mut scene = is_registered_and_locked().await;
    let (_, job) = scene.pass().await.unwrap();
    // The right, the PUK, the card's own PUK, the word of it, and the passcode: then nobody is told.
    let mut power = Power::until_after(4);
    let torn = scene.agent.unlock_with(job, &mut scene.card, "Second02", &mut power).await;
    assert!(matches!(torn, Err(Stop::Torn)));
    scene.passcode = "Second02".to_owned();
    scene.log_in().await.unwrap();
    let events = scene.desk.events(scene.holder).await.unwrap();
    let completed = |event: &HolderEvent| matches!(event, HolderEvent::UnlockCompleted { .. });
    assert_eq!(events.iter().filter(|event| completed(event)).count(), 1, "{events:?}");
    let elsewhere =
        |event: &HolderEvent| matches!(event, HolderEvent::PasscodeChangedElsewhere { .. });
    assert!(!events.iter().any(elsewhere));
    let set = scene.desk.holder(scene.holder).await.unwrap();
    assert!(set.passcodes().current(Kind::Smartcard).is_some());
}

/// Every append to the holder's stream on the way of an unlock is lost, before it is written or after: whoever does the
/// same once more comes to the same end.
#[tokio::test]
async fn u01_a_server_that_is_lost_at_any_append_loses_nothing_and_writes_nothing_twice() {
    // Start, answers, code, PUK released and replaced, completion.
    const APPENDS: usize = 6;
    let mut n_faults = 0;
    for place in 0..APPENDS {
        // Every place is lost in one of both ways; all of both would take a minute.
        for fault in [[Fault::LostAfter, Fault::LostBefore][place % 2]] {
            let mut scene = is_registered_and_locked().await;
            scene.desk.faults().after("holder", place, fault);
            for _ in 0..3 {
                if scene.unlock("Second02").await.is_ok() {
                    break;
                }
                // Codes are a minute apart.
                scene.desk.wait(Duration::seconds(61));
            }
            n_faults += usize::from(scene.desk.faults().are_spent());
            if scene.card.verify("Second02").is_ok() {
                scene.passcode = "Second02".to_owned();
            }
            scene.log_in().await.unwrap();
            let events = scene.desk.events(scene.holder).await.unwrap();
            let sets = |event: &HolderEvent| {
                matches!(event, HolderEvent::PasscodeSet { origin: Origin::Unlock, .. })
            };
            assert_eq!(events.iter().filter(|event| sets(event)).count(), 1, "{fault:?} {place}");
            let strikes = |event: &HolderEvent| matches!(event, HolderEvent::AnswersWrong { .. });
            assert!(!events.iter().any(strikes), "{fault:?} {place}");
            assert!(scene.card.n_wrong_puks() <= 1, "{fault:?} {place}");
        }
    }
    assert_eq!(n_faults, APPENDS);
}

#[tokio::test]
async fn b55_a_card_that_was_locked_between_old_and_new_is_unlocked_and_its_update_goes_on() {
    let mut scene = is_registered_and_locked().await;
    scene.unlock("Second02").await.unwrap();
    scene.grow_old(25, "Third003").await.unwrap();
    scene.log_in().await.unwrap();
    let job = scene.start_renewal().await.unwrap();
    // Begun, opened, and the first key made: then the card is pulled out.
    let mut power = Power::until_after(3);
    let torn = scene.agent.update_with(job, &mut scene.card, "Third003", &mut power).await;
    assert!(matches!(torn, Err(Stop::Torn)), "{torn:?}");
    let update = async |scene: &Scene| scene.desk.holder(scene.holder).await.unwrap();
    assert!(update(&scene).await.card_update().unwrap().is_touched());
    let before = update(&scene).await.card_update().cloned();

    scene.lock_card();
    scene.unlock("Fourth04").await.unwrap();
    assert_eq!(update(&scene).await.card_update().cloned(), before);
    scene.log_in().await.unwrap();
    scene.renew().await.unwrap();
    assert!(update(&scene).await.card_update().is_none());
    scene.agent.sees(Some(&scene.card)).await.unwrap();
    assert_eq!(scene.log_in().await.unwrap().location(), Some("/home"));
}

#[tokio::test]
async fn u06_whatever_fails_after_the_proof_is_told_with_the_workstation_and_reader_of_its_start() {
    let mut scene = Scene::logged_in().await.unwrap();
    scene.change(&account_recovery("Recover1")).await.unwrap();
    scene.register_for_self_service().await.unwrap();
    scene.desk.wait(Duration::days(1));
    let flow = scene.start_unlock().await.unwrap();
    unlocks::try_recovery_passcode(scene.desk.app(), &flow, "Recover2").await.unwrap_err();
    let flow = scene.start_unlock().await.unwrap();
    scene.answer(&flow, true).await.unwrap();
    // Five make the code void, and the sixth finds it so.
    for _ in 0..6 {
        unlocks::enter_code(scene.desk.app(), &flow, "AAAA-AAAA").await.unwrap_err();
    }
    for _ in 0..3 {
        let flow = scene.start_unlock().await.unwrap();
        scene.answer(&flow, false).await.unwrap_err();
    }
    let ledger = scene.desk.ledger(scene.holder).await.unwrap();
    for failure in [
        "a wrong account recovery passcode",
        "Unlock code was entered wrongly, once so far",
        "Unlock code became void",
        "not accepted because it was void",
        "Attempt 1 to answer your security questions failed",
        "Attempt 2 to answer your security questions failed",
        "Attempt 3 to answer your security questions failed",
        "Self-service was blocked",
    ] {
        let told = ledger.iter().find(|line| line.contains(failure));
        let told = told.unwrap_or_else(|| panic!("{failure}: {ledger:#?}"));
        let place = format!("was begun at workstation ward 3, in reader {READER}");
        assert!(told.ends_with(&place), "{told}");
    }
}
