//! My Profile, registering for self-service and unlocking, every page in every state.

use domain::{calendar::Phase, passcode::Kind};
use pages::Link;

use super::{
    Stage, holder_on, nobody,
    passcodes::{line, not_set},
};
use crate::portal::view::{
    code::{CodeFault, CodeView},
    frame::Tab,
    paths,
    profile::{Awaiting, Done, MyProfile, Registered, SelfService},
    question::Question,
    refusal::{RefusalView, rule_link},
    registration::{
        Answer, CheckAnswers, Choice, ChooseQuestions, EmailPage, RegisterStart, RegistrationCode,
        RegistrationOver,
    },
    unlock::{Unlock, UnlockByRecovery, UnlockQuestion, UnlockStart, UnlockState},
};

const JOB: &str = "0199b7f2";

fn on_profile() -> Stage {
    holder_on(Tab::Profile)
}

fn code() -> CodeView {
    CodeView {
        sent: true,
        to: "s•••@example.org".into(),
        reference: "code 1".into(),
        until: "2:47pm".into(),
        minutes: 15,
        tries_left: None,
        fault: None,
        again_at: Some("2:33pm".into()),
        undeliverable: false,
        sent_again: false,
    }
}

fn codes() -> Vec<(&'static str, CodeView)> {
    let later = CodeView { again_at: None, ..code() };
    let faulty = |fault| CodeView { fault: Some(fault), ..later.clone() };
    vec![
        ("sent", code()),
        ("may_be_sent_again", later.clone()),
        ("sent_again", CodeView { reference: "code 2".into(), sent_again: true, ..later.clone() }),
        ("missing", faulty(CodeFault::Missing)),
        ("wrong", CodeView { tries_left: Some(4), ..faulty(CodeFault::Wrong) }),
        ("wrong_but_one", CodeView { tries_left: Some(1), ..faulty(CodeFault::Wrong) }),
        ("superseded", faulty(CodeFault::Superseded)),
        ("expired", faulty(CodeFault::Expired)),
        ("void", faulty(CodeFault::Void)),
        ("too_soon", CodeView { fault: Some(CodeFault::TooSoon), ..code() }),
        ("not_sent_yet", CodeView { sent: false, ..code() }),
        ("undeliverable", CodeView { undeliverable: true, ..later }),
    ]
}

fn refusal(rule: &str) -> RefusalView {
    RefusalView {
        rule: Some(rule_link(rule)),
        why: "Security questions were answered wrongly three times".into(),
        facts: Vec::new(),
        changes_on: None,
        way_out: "Contact the registration authority of your organisation.".into(),
    }
}

fn profile(self_service: SelfService) -> MyProfile {
    MyProfile {
        name: "Dr Sam Okafor".into(),
        email: Some("sam.okafor@example.org".into()),
        card: "0A1B2C3D4E5F".into(),
        certificates_until: Some("30 June 2027".into()),
        passcodes: vec![
            line(Kind::Smartcard, Phase::Current { days_left: 200 }, 200),
            not_set(Kind::AccountRecovery),
        ],
        self_service,
        done: None,
    }
}

fn questions() -> Vec<String> {
    vec!["Name of your first soft toy".into(), "First film you saw in a cinema".into()]
}

#[test]
fn s05_my_profile_has_four_numbered_sections_and_the_fourth_is_self_service() {
    let nothing =
        SelfService { registered: None, awaiting: None, blocked: false, paused_until: None };
    let registered = Registered {
        since: "14 December 2026".into(),
        email: "s•••@example.org".into(),
        questions: questions(),
    };
    let awaiting = Awaiting { until: "3:32pm".into(), code: Some((JOB.into(), code())) };
    let elsewhere = Awaiting { code: None, ..awaiting.clone() };
    let until = Some("15 December 2026 at 9:03am".to_owned());
    let in_force = SelfService { registered: Some(registered), ..nothing.clone() };
    for (name, self_service) in [
        ("profile", nothing.clone()),
        ("profile_awaiting", SelfService { awaiting: Some(awaiting.clone()), ..nothing.clone() }),
        ("profile_awaiting_elsewhere", SelfService { awaiting: Some(elsewhere), ..nothing }),
        ("profile_registered", in_force.clone()),
        ("profile_changing", SelfService { awaiting: Some(awaiting), ..in_force.clone() }),
        ("profile_blocked", SelfService { blocked: true, ..in_force.clone() }),
        ("profile_paused", SelfService { paused_until: until.clone(), ..in_force.clone() }),
        (
            "profile_blocked_and_paused",
            SelfService { blocked: true, paused_until: until, ..in_force.clone() },
        ),
    ] {
        let page = profile(self_service);
        on_profile().shows(name, |environment, frame| page.render(environment, frame));
    }
    for done in Done::ALL {
        let page = MyProfile { done: Some(done), ..profile(in_force.clone()) };
        let name = format!("profile_done_{}", done.name());
        on_profile().shows(&name, |environment, frame| page.render(environment, frame));
        assert_eq!(Done::find(done.name()), Some(done));
    }
    assert_eq!(Done::find("nothing"), None);
}

#[test]
fn r05_registering_asks_one_question_a_page_and_shows_no_answer_again() {
    for (name, registered, unfinished, fault) in [
        ("register", false, false, false),
        ("register_again", false, true, false),
        ("register_change", true, false, false),
        ("register_change_fault", true, true, true),
    ] {
        let page = RegisterStart { registered, unfinished, fault, minutes: 60, code_minutes: 15 };
        on_profile().shows(name, |environment, frame| page.render(environment, frame));
    }
    let choice = |(index, text): (usize, String)| Choice {
        id: format!("Q{:02}", index + 1),
        text,
        chosen: index == 1,
    };
    let choices = questions().into_iter().enumerate().map(choice).collect();
    let page = ChooseQuestions { questions: choices, wanted: 4, fault: false };
    on_profile().shows("register_questions", |environment, frame| page.render(environment, frame));
    let page = ChooseQuestions { fault: true, ..page };
    on_profile()
        .shows("register_questions_fault", |environment, frame| page.render(environment, frame));
    for (name, number, fault) in [
        ("register_answer", 1, None),
        ("register_answer_fault", 2, Some("Enter an answer that others cannot guess".to_owned())),
    ] {
        let question = Question { number, of: 4, text: questions().remove(0) };
        let page = Answer { question, fault };
        on_profile().shows(name, |environment, frame| page.render(environment, frame));
    }
    let page = CheckAnswers {
        questions: Some(questions()),
        email: "sam@example.org".into(),
        faults: Vec::new(),
    };
    on_profile().shows("register_check", |environment, frame| page.render(environment, frame));
    let page = CheckAnswers {
        faults: vec![Link::new(paths::register_answer(2), "Two of your answers are the same")],
        ..page
    };
    on_profile()
        .shows("register_check_faults", |environment, frame| page.render(environment, frame));
    let page = CheckAnswers { questions: None, faults: Vec::new(), ..page };
    on_profile().shows("register_check_kept", |environment, frame| page.render(environment, frame));
}

#[test]
fn r06_r07_the_address_is_filled_in_and_may_be_overwritten() {
    let page = EmailPage {
        email: "sam.okafor@example.org".into(),
        fault: None,
        domains: Vec::new(),
        awaiting: None,
    };
    on_profile().shows("register_email", |environment, frame| page.render(environment, frame));
    let page = EmailPage {
        fault: Some("Enter an email address like name@example.org".into()),
        domains: vec!["nhs.net".into(), "example.org".into()],
        ..page
    };
    on_profile()
        .shows("register_email_fault", |environment, frame| page.render(environment, frame));
    let page = EmailPage { fault: None, awaiting: Some(JOB.into()), ..page };
    on_profile()
        .shows("register_email_other", |environment, frame| page.render(environment, frame));
}

#[test]
fn r08_r09_b36_the_page_for_the_code_says_where_it_went_until_when_and_what_if_not() {
    for (name, code) in codes() {
        let page = RegistrationCode { job: JOB.into(), until: "3:32pm".into(), code: code.clone() };
        let name = format!("code_{name}");
        on_profile().shows(&name, |environment, frame| page.render(environment, frame));
    }
    let page = RegistrationOver { refusal: refusal("B-44") };
    on_profile().shows("register_over", |environment, frame| page.render(environment, frame));
}

#[test]
fn u03_u04_u06_the_start_page_names_readers_and_warns_of_misconduct() {
    let page = UnlockStart {
        readers: vec!["Example Reader 2".into(), "Example Reader 3".into()],
        minutes: 60,
        code_minutes: 15,
        fault: false,
    };
    nobody().shows("unlock_start", |environment, frame| page.render(environment, frame));
    let page = UnlockStart { fault: true, ..page };
    nobody().shows("unlock_start_fault", |environment, frame| page.render(environment, frame));
}

fn unlock(name: &str, state: UnlockState) {
    let page = Unlock { job: JOB.into(), state };
    nobody().shows(name, |environment, frame| page.render(environment, frame));
}

#[test]
fn u05_u07_b31_an_unlock_asks_one_question_a_page_and_never_says_which_was_wrong() {
    for (name, attempt, wrong, recovery_too) in [
        ("unlock_questions", 1, false, true),
        ("unlock_questions_again", 2, true, true),
        ("unlock_questions_last", 3, true, false),
    ] {
        let asked = usize::from(attempt) + 1;
        unlock(name, UnlockState::Questions { attempt, attempts: 3, asked, wrong, recovery_too });
    }
    for (name, number, fault) in [("unlock_question", 1, false), ("unlock_question_fault", 2, true)]
    {
        let question = Question { number, of: 2, text: questions().remove(0) };
        let page = UnlockQuestion { job: JOB.into(), question, fault };
        nobody().shows(name, |environment, frame| page.render(environment, frame));
    }
    unlock("unlock_check", UnlockState::Check { attempt: 1, attempts: 3, questions: questions() });
}

#[test]
fn b41_the_account_recovery_passcode_is_another_way() {
    for (name, tries_left, fault, questions_too) in [
        ("unlock_recovery", None, None, true),
        ("unlock_recovery_wrong", Some(2), Some("It is not right"), false),
        ("unlock_recovery_last", Some(1), Some("It is not right"), true),
    ] {
        let page = UnlockByRecovery {
            job: JOB.into(),
            tries_left,
            fault: fault.map(str::to_owned),
            questions_too,
        };
        nobody().shows(name, |environment, frame| page.render(environment, frame));
    }
}

#[test]
fn s06_u11_u12_after_the_code_comes_the_new_passcode_and_then_the_log_in() {
    let wrong = CodeView { tries_left: Some(4), fault: Some(CodeFault::Wrong), ..code() };
    unlock("unlock_code", UnlockState::Code(code()));
    unlock("unlock_code_wrong", UnlockState::Code(wrong));
    for (name, last_try) in [
        ("unlock_passcode", None),
        ("unlock_passcode_again", Some("You have used this passcode before.".to_owned())),
    ] {
        unlock(name, UnlockState::Passcode { until: "3:02pm".into(), minutes: 15, last_try });
    }
    unlock("unlock_done", UnlockState::Done { card: "0A1B2C3D4E5F".into() });
    unlock("unlock_over", UnlockState::Over(refusal("U-07")));
}
