//! Pages that need nobody to be logged in.

use pages::testing::outline;

use super::{nobody, says};
use crate::portal::view::{
    accessibility,
    agent::AgentStatus,
    care_identity_service,
    demo::Progress,
    help::{self, Topic},
    log_in,
    not_me::{self, NotMeConfirm, NotMeFault, NotMeForm},
    problem::{Problem, ProblemKind},
    refusal::{Fact, RefusalView, rule_link},
    rule::Rule,
    session_ended::{Ended, SessionEnded},
    start::Start,
};

fn reader() -> String {
    "Example Reader 2".to_owned()
}

#[test]
fn s08_the_start_page_lists_both_applications() {
    let page = Start { logged_in: false, progress: None };
    nobody().shows("start", |environment, frame| page.render(environment, frame));
    let page = Start { logged_in: true, progress: Some(Progress::new(3, 6)) };
    nobody().shows("start_cards_being_made", |environment, frame| page.render(environment, frame));
    nobody().shows("care_identity_service", care_identity_service::render);
}

#[test]
fn log_in_says_what_is_needed() {
    nobody().shows("log_in", log_in::render);
}

#[test]
fn every_state_of_the_card_software_has_a_word_and_a_sentence() {
    let states = [
        AgentStatus::Lost { last_heard: "10:02am".into() },
        AgentStatus::NoReader,
        AgentStatus::ReaderNotApproved { reader: reader() },
        AgentStatus::NoCard { reader: reader() },
        AgentStatus::CardLocked { reader: reader() },
        AgentStatus::Ready { reader: reader() },
    ];
    let lines: Vec<_> = states
        .iter()
        .map(AgentStatus::line)
        .map(|line| {
            format!(
                "[{}] {} → {}",
                line.tag,
                line.text,
                line.help.map_or_else(String::new, |link| link.href)
            )
        })
        .collect();
    says("agent_lines", &lines.join("\n"));
}

#[test]
fn a_session_says_why_it_ended() {
    for (name, reason) in [
        ("session_ended_logged_out", Ended::LoggedOut),
        ("session_ended_card_removed", Ended::CardRemoved),
        ("session_ended_idle", Ended::Idle),
        ("session_ended_absolute_limit", Ended::AbsoluteLimit),
        ("session_ended_revoked", Ended::Revoked),
        ("session_ended_suspended", Ended::CertificatesSuspended),
    ] {
        let page = SessionEnded { reason };
        nobody().shows(name, |environment, frame| page.render(environment, frame));
    }
}

#[test]
fn b57_this_was_not_me_says_what_will_happen_before_it_does_and_never_shows_a_code() {
    let form = |fault| NotMeForm { hours: 72, reference: "1045".into(), fault };
    let missing = NotMeFault::Missing { reference: false, code: true };
    for (name, fault) in [
        ("not_me", None),
        ("not_me_missing", Some(missing)),
        ("not_me_not_the_one", Some(NotMeFault::NotTheOne)),
    ] {
        nobody().shows(name, |environment, frame| form(fault).render(environment, frame));
    }
    let mail = NotMeConfirm::Mail { reference: "1045".into(), code: "7K3M-XQ90".into() };
    nobody().shows("not_me_confirm", |environment, frame| mail.render(environment, frame));
    let stage = nobody();
    let html = mail.render(&stage.environment, &stage.frame).unwrap();
    assert_eq!(html.matches("7K3M-XQ90").count(), 1, "in the form that goes on, and nowhere else");
    let line = NotMeConfirm::Line {
        action: "/ledger/not-me/event-7".into(),
        sentence: "Your certificates were suspended".into(),
        when: "2 March 2026 at 9:14am".into(),
    };
    nobody().shows("not_me_confirm_line", |environment, frame| line.render(environment, frame));
    nobody().shows("not_me_done", not_me::render_done);
}

#[test]
fn every_help_topic_has_a_page_that_the_index_leads_to() {
    nobody().shows("help", help::render_index);
    let stage = nobody();
    let index = outline(&help::render_index(&stage.environment, &stage.frame).unwrap());
    let slugs: Vec<&str> =
        index.split("href=\"/help/").skip(1).map(|rest| rest.split_once('"').unwrap().0).collect();
    assert_eq!(slugs.len(), 33);
    for slug in slugs {
        let topic = Topic::find(slug).unwrap();
        let name = format!("help_{}", slug.replace('-', "_"));
        stage.shows(&name, |environment, frame| topic.render(environment, frame));
    }
    assert!(Topic::find("nothing").is_none());
}

#[test]
fn a_rule_shows_statement_decision_and_examples() {
    let rule = Rule {
        id: "P-18".into(),
        statement: "Not changed after a further 21 days: the account is locked.".into(),
        decision: Some("The 21 days start on the day of expiry, not at a logon.".into()),
        examples: vec!["30 March 2026 is still open; from 31 March 2026 it is locked.".into()],
    };
    nobody().shows("rule", |environment, frame| rule.render(environment, frame));
    let bare = Rule { decision: None, examples: vec![], ..rule };
    nobody().shows("rule_bare", |environment, frame| bare.render(environment, frame));
}

#[test]
fn the_accessibility_statement_is_published() {
    nobody().shows("accessibility", accessibility::render);
}

#[test]
fn every_problem_has_a_page() {
    for kind in ProblemKind::ALL {
        let name = format!("problem_{}", kind.status());
        nobody().shows(&name, |environment, frame| Problem::new(kind).render(environment, frame));
        assert_eq!(ProblemKind::of_status(kind.status()), kind);
    }
    assert_eq!(ProblemKind::of_status(418), ProblemKind::BadRequest);
    assert_eq!(ProblemKind::of_status(502), ProblemKind::Internal);
}

#[test]
fn p19_a_refusal_names_its_rule_why_the_facts_and_the_way_out() {
    let refusal = RefusalView {
        rule: Some(rule_link("P-19")),
        why: "Your account has been locked since 31 March 2026 because your smartcard passcode was not changed in time".into(),
        facts: vec![Fact { name: "Last changed".into(), value: "10 March 2025".into() }],
        changes_on: Some("1 April 2026".into()),
        way_out: "Visit the registration authority of your organisation with your smartcard.".into(),
    };
    let page = Problem {
        try_again_at: Some("2:47pm".into()),
        reference: Some("0199-7f3a".into()),
        ..Problem::new(ProblemKind::Locked).with_refusal(refusal)
    };
    nobody().shows("problem_refusal", |environment, frame| page.render(environment, frame));
}
