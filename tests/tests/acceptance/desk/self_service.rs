//! Registering for self-service, from My Profile to the code, and everything that is refused on the way.

use api::{
    codes::NotDone,
    housekeeping,
    self_service::{self, AddressFault, EMAIL_PURPOSE, NotBegun},
};
use chrono::{Duration, TimeDelta};
use domain::{
    holder::HolderEvent,
    refusal::Refusal,
    self_service::{CodePurpose, Fault, Place, Refusal as Not},
};
use tests::desk::{
    agent::Stop,
    card::SoftCard,
    leaks::files,
    scene::Scene,
    self_service::{ADDRESS, ANSWERS, answers, question},
};

use workflows::card_job::Goal;

use super::mailbox;

/// Why a code was refused.
#[track_caller]
fn refused(outcome: Result<(), NotDone>) -> Not {
    match outcome {
        Err(NotDone::Refused(Refusal::SelfService(refusal))) => refusal,
        other => panic!("{other:?}"),
    }
}

/// The faults of a form.
#[track_caller]
fn faults<T: std::fmt::Debug>(outcome: Result<T, NotBegun>) -> Vec<(Place, Fault)> {
    match outcome {
        Err(NotBegun::Faults(faults)) => {
            faults.into_iter().map(|fault| (fault.place, fault.what)).collect()
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn r01_r04_r08_r10_r11_a_registration_begins_with_the_card_and_is_complete_with_the_code() {
    let mut scene = Scene::logged_in().await.unwrap();
    let job = scene.start_registration(Some(&answers()), ADDRESS).await.unwrap();
    let before = scene.desk.head().await.unwrap();
    assert_eq!(before, scene.desk.head().await.unwrap());

    let wrong = scene.agent.finish(job, &mut scene.card, "Wrong001").await;
    assert!(matches!(wrong, Err(Stop::WrongPasscode(2))));
    let status = |overview: &self_service::Overview| overview.status;
    let overview = self_service::overview(scene.desk.app(), scene.holder).await.unwrap();
    assert_eq!((status(&overview).registered_on, status(&overview).awaiting), (None, None));

    let code = scene.agent.finish(job, &mut scene.card, &scene.passcode).await.unwrap();
    scene.browser.come_back(job, &code).await.unwrap();
    let flow = scene.registration(job).await.unwrap();
    assert_eq!(flow.address.as_deref(), Some("a•••@example.org"));
    let overview = self_service::overview(scene.desk.app(), scene.holder).await.unwrap();
    assert!(status(&overview).awaiting.is_some() && status(&overview).registered_on.is_none());

    let code = scene.desk.code(CodePurpose::Registration, scene.holder, flow.registration).await;
    let typed = code.unwrap().to_lowercase().replace('-', " ");
    self_service::enter_code(scene.desk.app(), &flow, &typed).await.unwrap();
    let overview = self_service::overview(scene.desk.app(), scene.holder).await.unwrap();
    assert!(status(&overview).awaiting.is_none() && status(&overview).registered_on.is_some());
    assert_eq!(overview.address.as_deref(), Some("a•••@example.org"));
    assert_eq!(overview.questions, ANSWERS.map(|(id, _)| question(id)));
}

#[tokio::test]
async fn r08_one_mail_goes_to_the_address_that_is_registered_and_it_has_the_code() {
    let mut scene = Scene::logged_in().await.unwrap();
    let flow = scene.begin_registration(Some(&answers()), ADDRESS).await.unwrap();
    let code = scene.desk.code(CodePurpose::Registration, scene.holder, flow.registration).await;
    let code = code.unwrap();
    let mails = mailbox::mails(&scene.desk).await.unwrap();
    let [mail] = mails.as_slice() else { panic!("{} mails", mails.len()) };
    assert_eq!(mail.to, ADDRESS);
    assert!(mail.text.contains(&code), "{}", mail.text);
    let subject = &mail.subject;
    assert!(!subject.contains(&code) && !subject.contains(&code.replace('-', "")), "{subject}");
}

#[tokio::test]
async fn r01_another_persons_card_registers_nobody() {
    let scene = Scene::logged_in().await.unwrap();
    let mut other = SoftCard::blank("0B02").unwrap();
    let holder =
        scene.desk.register(&scene.agent, &mut other, "Ben Okafor", "Number01").await.unwrap();
    let job = scene.start_registration(Some(&answers()), ADDRESS).await.unwrap();
    let refused = scene.agent.finish(job, &mut other, "Number01").await.unwrap_err();
    assert_eq!(refused.rule(), Some("R-01"));
    for holder in [holder, scene.holder] {
        let holder = scene.desk.holder(holder).await.unwrap();
        assert!(holder.self_service().active().is_none());
    }
}

#[tokio::test]
async fn b35_so_many_forms_a_day_are_compared_with_the_passcodes_and_then_none() {
    let scene = Scene::logged_in().await.unwrap();
    let mut guesses = answers();
    guesses[3].1 = "Recover9";
    for _ in 0..10 {
        scene.start_registration(Some(&guesses), ADDRESS).await.unwrap();
    }
    guesses[3].1 = "First001";
    let eleventh = scene.start_registration(Some(&guesses), ADDRESS).await;
    let Err(NotBegun::Refused(refusal)) = eleventh else { panic!("{eleventh:?}") };
    assert_eq!(refusal, Refusal::from(Not::TooManyForms));
    assert_eq!(refusal.way_out(), "Try again tomorrow.");
}

#[tokio::test]
async fn r05_b35_everything_that_is_wrong_with_the_answers_is_told_at_once_and_nothing_is_kept() {
    let scene = Scene::logged_in().await.unwrap();
    let before = scene.desk.head().await.unwrap();
    let mut given = answers();
    given[0].1 = "x";
    given[1].0 = given[0].0;
    given[2].1 = " Smith ";
    given[2].0 = question("Q05");
    let wrong = faults(scene.start_registration(Some(&given), ADDRESS).await);
    let expected = [
        (Place::Answer(0), Fault::TooShort),
        (Place::Answer(1), Fault::ChosenTwice),
        (Place::Answer(2), Fault::TooCommon),
    ];
    assert_eq!(wrong, expected);
    for number in [3, 5] {
        let mut given: Vec<_> = answers();
        given.push((question("Q09"), "Bartholomew"));
        given.truncate(number);
        let wrong = faults(scene.start_registration(Some(&given), ADDRESS).await);
        assert_eq!(wrong, [(Place::Choice, Fault::NotFour)]);
    }
    assert_eq!(scene.desk.head().await.unwrap(), before);
}

#[tokio::test]
async fn b27_b35_an_answer_that_is_a_passcode_is_refused_though_the_server_knows_none() {
    let mut scene = Scene::logged_in().await.unwrap();
    scene.change(&tests::desk::scene::account_recovery("Recover1")).await.unwrap();
    let mut given = answers();
    given[1].1 = "First001";
    given[3].1 = "Recover1";
    let wrong = faults(scene.start_registration(Some(&given), ADDRESS).await);
    let expected = [1, 3].map(|place| (Place::Answer(place), Fault::SameAsPasscode));
    assert_eq!(wrong, expected);
}

#[tokio::test]
async fn r07_b42_an_address_is_judged_before_the_card_is_asked() {
    let scene = Scene::logged_in().await.unwrap();
    for (typed, fault) in [
        (" ", AddressFault::Empty),
        ("asha", AddressFault::NotAnAddress),
        ("asha@example.org\r\nBcc: all@example.org", AddressFault::NotAnAddress),
    ] {
        let refused = scene.start_registration(Some(&answers()), typed).await;
        assert!(matches!(refused, Err(NotBegun::Address(found)) if found == fault), "{typed}");
    }
}

#[tokio::test]
async fn r09_b11_a_code_is_good_until_just_before_15_minutes_and_not_at_15_minutes() {
    for (millis, good) in [(899_999, true), (900_000, false)] {
        let mut scene = Scene::logged_in().await.unwrap();
        let flow = scene.begin_registration(Some(&answers()), ADDRESS).await.unwrap();
        let code =
            scene.desk.code(CodePurpose::Registration, scene.holder, flow.registration).await;
        scene.desk.wait(TimeDelta::milliseconds(millis));
        let entered = self_service::enter_code(scene.desk.app(), &flow, &code.unwrap()).await;
        if good {
            entered.unwrap();
        } else {
            assert_eq!(refused(entered), Not::CodeExpired);
        }
    }
}

#[tokio::test]
async fn b42_a_mistyped_address_never_gets_anything_but_codes_and_another_one_can_be_used() {
    let mut scene = Scene::logged_in().await.unwrap();
    let flow = scene.begin_registration(Some(&answers()), "typo@example.org").await.unwrap();
    let (holder, registration) = (scene.holder, flow.registration);
    let first = scene.desk.code(CodePurpose::Registration, holder, registration).await.unwrap();
    scene.desk.wait(Duration::seconds(60));
    self_service::redirect(scene.desk.app(), &flow, ADDRESS).await.unwrap();
    let entered = self_service::enter_code(scene.desk.app(), &flow, &first).await;
    assert_eq!(refused(entered), Not::CodeSuperseded);
    let second = scene.desk.code(CodePurpose::Registration, holder, registration).await.unwrap();
    self_service::enter_code(scene.desk.app(), &flow, &second).await.unwrap();
    let overview = self_service::overview(scene.desk.app(), holder).await.unwrap();
    assert_eq!(overview.address.as_deref(), Some("a•••@example.org"));
    let address = self_service::prefilled_address(scene.desk.app(), holder).await.unwrap();
    assert_eq!(address.as_deref(), Some(ADDRESS));
}

#[tokio::test]
async fn b42_b43_a_change_of_address_keeps_the_answers_and_the_old_address_is_told() {
    let mut scene = Scene::registered().await.unwrap();
    scene.log_in().await.unwrap();
    let before = scene.desk.holder(scene.holder).await.unwrap();
    let flow = scene.begin_registration(None, "new.place@example.org").await.unwrap();
    let during = scene.desk.holder(scene.holder).await.unwrap();
    assert_eq!(during.self_service().active(), before.self_service().active());
    let code = scene.desk.code(CodePurpose::Registration, scene.holder, flow.registration).await;
    self_service::enter_code(scene.desk.app(), &flow, &code.unwrap()).await.unwrap();
    let after = scene.desk.holder(scene.holder).await.unwrap();
    let answers = |holder: &domain::holder::Holder| {
        holder.self_service().active().map(|active| active.answers.clone())
    };
    assert_eq!(answers(&after), answers(&before));
    mailbox::mails(&scene.desk).await.unwrap();
    let told = files(scene.desk.data()).unwrap().into_iter().any(|place| {
        let text = String::from_utf8_lossy(&place.bytes);
        let registered = text.contains("Subject: You are registered for self-service");
        place.name.contains("/mails/") && registered && text.contains(ADDRESS)
    });
    assert!(told, "the address of before is told");
    // The answers are in force still: the vault has kept them. Codes are a minute apart.
    scene.desk.wait(Duration::minutes(2));
    scene.lock_card();
    scene.unlock("Second02").await.unwrap();
}

#[tokio::test]
async fn b43_whoever_registers_again_and_does_not_enter_the_code_keeps_his_old_questions() {
    let mut scene = Scene::registered().await.unwrap();
    scene.log_in().await.unwrap();
    let others: Vec<_> = ["Q01", "Q03", "Q09", "Q20"]
        .into_iter()
        .zip(["Quillhampton College", "Peregrina", "Bartholomew", "Saint-Jean-de-Luz"])
        .map(|(id, answer)| (question(id), answer))
        .collect();
    scene.begin_registration(Some(&others), ADDRESS).await.unwrap();
    let flow = scene.start_unlock().await.unwrap();
    let (_, asked) = scene.asked(&flow).await.unwrap();
    assert!(asked.iter().all(|id| answers().iter().any(|(known, _)| known == id)), "{asked:?}");
    scene.answer(&flow, true).await.unwrap();
}

#[tokio::test]
async fn b44_a_registration_waits_for_an_hour_and_is_over_then_and_its_answers_are_gone() {
    for (millis, good) in [(3_599_999, true), (3_600_000, false)] {
        let mut scene = Scene::logged_in().await.unwrap();
        let flow = scene.begin_registration(Some(&answers()), ADDRESS).await.unwrap();
        scene.desk.wait(TimeDelta::milliseconds(millis));
        let sent = self_service::send_code(scene.desk.app(), &flow).await;
        if good {
            sent.unwrap();
        } else {
            assert_eq!(refused(sent), Not::RegistrationOver);
        }
    }
    let mut scene = Scene::logged_in().await.unwrap();
    scene.begin_registration(Some(&answers()), ADDRESS).await.unwrap();
    let vault = &scene.desk.app().stores().vault;
    let given = scene.desk.holder(scene.holder).await.unwrap();
    let awaiting = scene.desk.app().load(scene.holder).await.unwrap();
    let context = scene.desk.app().context(&awaiting);
    let kept = given.self_service().awaiting(&context).unwrap().answers[0].secret;
    let right = domain::self_service::normalise(ANSWERS[0].1).unwrap();
    assert!(vault.all_match(&[(kept, right.as_bytes())]).await.unwrap());
    scene.desk.wait(Duration::minutes(61));
    scene.desk.app().engine().tick(scene.desk.now()).await.unwrap();
    let events = scene.desk.events(scene.holder).await.unwrap();
    assert!(matches!(events.last(), Some(HolderEvent::RegistrationCancelled { .. })), "{events:?}");
    api::housekeeping::forget_given_up(scene.desk.app(), None).await.unwrap();
    assert!(!vault.all_match(&[(kept, right.as_bytes())]).await.unwrap());
}

#[tokio::test]
async fn b44_whoever_gives_a_registration_up_leaves_nothing_in_force() {
    let mut scene = Scene::logged_in().await.unwrap();
    let flow = scene.begin_registration(Some(&answers()), ADDRESS).await.unwrap();
    let code = scene.desk.code(CodePurpose::Registration, scene.holder, flow.registration).await;
    self_service::cancel(scene.desk.app(), &flow).await.unwrap();
    let entered = self_service::enter_code(scene.desk.app(), &flow, &code.unwrap()).await;
    assert_eq!(refused(entered), Not::RegistrationOver);
    let holder = scene.desk.holder(scene.holder).await.unwrap();
    assert!(holder.self_service().active().is_none());
}

#[tokio::test]
async fn b38_a_registration_is_only_for_the_browser_and_the_session_that_began_it() {
    let mut scene = Scene::logged_in().await.unwrap();
    let flow = scene.begin_registration(Some(&answers()), ADDRESS).await.unwrap();
    let session = scene.session().await.unwrap();
    let mut other = scene.desk.browser();
    other.start_log_in().await.unwrap();
    let cookie = tests::desk::self_service::cookie_of(&other).unwrap();
    let found = self_service::flow(scene.desk.app(), &session, flow.job, cookie).await.unwrap();
    assert!(found.is_none());
    scene.browser.post("/log-out", &[]).await.unwrap();
    assert!(scene.registration(flow.job).await.is_err());
}

#[tokio::test]
async fn r04_a_registration_whose_session_has_ended_is_not_begun_though_the_card_agrees() {
    let mut scene = Scene::logged_in().await.unwrap();
    let job = scene.start_registration(Some(&answers()), ADDRESS).await.unwrap();
    scene.browser.post("/log-out", &[]).await.unwrap();
    assert!(scene.agent.finish(job, &mut scene.card, &scene.passcode).await.is_err());
    let events = scene.desk.events(scene.holder).await.unwrap();
    let begun = |event: &HolderEvent| matches!(event, HolderEvent::RegistrationBegun { .. });
    assert!(!events.iter().any(begun));
}

#[tokio::test]
async fn r06_an_address_that_was_never_taken_to_the_card_is_gone_after_a_day_and_a_confirmed_one_stays()
 {
    let mut scene = Scene::logged_in().await.unwrap();
    scene.register_for_self_service().await.unwrap();
    scene.desk.wait(Duration::minutes(2));
    let job = scene.start_registration(Some(&answers()), "other@example.org").await.unwrap();
    let open = scene.desk.app().job(job).await.unwrap().unwrap();
    let Goal::Register(planned) = open.job.goal else { panic!("{:?}", open.job.goal) };
    let app = scene.desk.app();
    let known = async || {
        let active = scene.desk.holder(scene.holder).await.unwrap();
        let active = active.self_service().active().unwrap().email;
        let mut known = Vec::new();
        for secret in [active, planned.email] {
            let vault = &app.stores().vault;
            let sealed = vault.open_sealed(secret, EMAIL_PURPOSE, "", app.now()).await.unwrap();
            known.push(sealed.is_some());
        }
        known
    };
    scene.desk.wait(Duration::days(1) - TimeDelta::milliseconds(1));
    housekeeping::sweep(app).await.unwrap();
    assert_eq!(known().await, [true, true]);
    scene.desk.wait(Duration::milliseconds(1));
    housekeeping::sweep(app).await.unwrap();
    assert_eq!(known().await, [true, false]);
}
