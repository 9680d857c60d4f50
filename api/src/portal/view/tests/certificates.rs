//! Certificates, as a holder is shown them: what is due, renewing, the update while it runs, revoking.

use chrono::{Days, NaiveDate};
use domain::{
    certificate::{Phase, Renewer, RevocationReason, Standing},
    expiry::{Scheduled, What},
};

use super::{holder_on, nobody};
use crate::portal::view::{
    card_update::{CardUpdate, StepLine, UpdateState},
    certificates::{CertificateLine, CertificateNotice, Due, RenewCertificates, renewals_left},
    frame::Tab,
    paths,
    revoke::{Faults, RevokeCertificates},
    schedule::Schedule,
    session_ended::{Ended, SessionEnded},
};

/// The day on which the certificates of these tests expire.
const EXPIRES_ON: NaiveDate = NaiveDate::from_ymd_opt(2026, 6, 30).unwrap();

fn on(days_left: u64) -> NaiveDate {
    EXPIRES_ON - Days::new(days_left)
}

/// So many days before they expire, in the days on which it may be put off.
pub(super) fn alert(days_left: u64, may_decline: bool) -> CertificateNotice {
    let due = Due::Alert { on: on(days_left), forced_from: on(20), may_decline };
    CertificateNotice::new(due, EXPIRES_ON, i64::try_from(days_left).unwrap())
}

/// Two renewals left, in the window.
pub(super) fn line() -> CertificateLine {
    CertificateLine {
        phase: "Due",
        colour: "yellow",
        expires: "30 June 2026".into(),
        days_left: 30,
        renewals: renewals_left(2),
        renew: Some(paths::CERTIFICATES_RENEW),
    }
}

#[test]
fn c05_c06_c07_what_is_due_says_when_and_what_can_be_done() {
    let stage = holder_on(Tab::Home);
    let notice = |due, days_left| CertificateNotice::new(due, EXPIRES_ON, days_left);
    for (name, page) in [
        ("certificates_alert", alert(30, true)),
        ("certificates_alert_last_day", alert(21, true)),
        ("certificates_put_off", alert(25, false)),
        ("certificates_forced", notice(Due::Forced, 20)),
        ("certificates_forced_last_day", notice(Due::Forced, 0)),
        ("certificates_deferrable", notice(Due::Forced, 20).that_may_be_deferred()),
        ("certificates_ra_required", notice(Due::RaRequired { restricts: false }, 30)),
        ("certificates_ra_restricts", notice(Due::RaRequired { restricts: true }, 20)),
        ("certificates_by_leave", notice(Due::ByLeave, 0)),
        ("certificates_expired", notice(Due::Expired, -1)),
        ("certificates_revoked", notice(Due::Revoked, 100)),
        ("certificates_unfinished", notice(Due::Unfinished, 12)),
    ] {
        stage.shows(name, |environment, frame| page.render(environment, frame));
    }
}

#[test]
fn c07_what_is_forced_has_no_later_and_what_only_the_authority_can_do_no_way_to_start() {
    let html = |due, days_left| {
        let stage = holder_on(Tab::Home);
        let page = CertificateNotice::new(due, EXPIRES_ON, days_left);
        page.render(&stage.environment, &stage.frame).unwrap()
    };
    let forced = html(Due::Forced, 20);
    assert!(!forced.contains(paths::CERTIFICATES_LATER) && forced.contains("renew"));
    assert!(!html(Due::RaRequired { restricts: false }, 20).contains("Renew certificates now"));
}

#[test]
fn c09_before_it_starts_the_page_says_what_is_destroyed_and_that_the_card_must_stay() {
    let stage = holder_on(Tab::RenewCertificates);
    for (name, unfinished) in [("certificates_renew", false), ("certificates_finish", true)] {
        let page = RenewCertificates { line: line(), unfinished, update: "0199b7f2".into() };
        stage.shows(name, |environment, frame| page.render(environment, frame));
    }
}

fn lines(states: [(&'static str, Option<&'static str>); 5]) -> Vec<StepLine> {
    let steps = [
        "Checking your card",
        "Creating card",
        "Writing certificate 1 of 2",
        "Writing certificate 2 of 2",
        "Reading back",
    ];
    let all = steps.into_iter().zip(states);
    all.map(|(what, (state, colour))| StepLine { what, state, colour }).collect()
}

#[test]
fn s07_c11_to_c14_an_update_says_in_every_state_how_far_it_is_and_what_comes_next() {
    let done = ("Done", None);
    let waiting = ("Waiting", Some("grey"));
    let working = lines([done, ("In progress", Some("blue")), waiting, waiting, waiting]);
    let failed = lines([done, done, ("Stopped", Some("red")), waiting, waiting]);
    let not_known = lines([done, ("Not known", Some("yellow")), waiting, waiting, waiting]);
    let why = Some("The card was removed from the reader.".to_owned());
    for (name, state) in [
        ("card_update_working", UpdateState::Working { lines: working }),
        ("card_update_interrupted", UpdateState::Interrupted { lines: failed, why }),
        ("card_update_not_known", UpdateState::Interrupted { lines: not_known, why: None }),
        ("card_update_renewed", UpdateState::renewed("29 June 2028".into(), 1)),
        ("card_update_continued", UpdateState::Continued),
        ("card_update_revoked", UpdateState::Revoked),
        ("card_update_replaced", UpdateState::Replaced),
    ] {
        let page = CardUpdate { job: "0199b7f2".into(), state };
        nobody().shows(name, |environment, frame| page.render(environment, frame));
    }
}

#[test]
fn the_fragment_of_an_update_is_what_its_page_has_in_that_place() {
    let stage = nobody();
    let page = CardUpdate { job: "0199b7f2".into(), state: UpdateState::Continued };
    let fragment = page.render_fragment(&stage.environment).unwrap();
    assert!(page.render(&stage.environment, &stage.frame).unwrap().contains(fragment.trim()));
}

#[test]
fn an_update_that_is_over_asks_for_nothing_by_itself() {
    let stage = nobody();
    let page = CardUpdate { job: "0199b7f2".into(), state: UpdateState::Continued };
    let html = page.render(&stage.environment, &stage.frame).unwrap();
    assert!(!html.contains("http-equiv=\"refresh\"") && !html.contains("live.js"));
}

fn standing(days_left: i64, ra_required: bool) -> Standing {
    Standing {
        card: "0A01".parse().unwrap(),
        expires_on: EXPIRES_ON,
        expires_at: "2026-06-30T09:00:00Z".parse().unwrap(),
        days_left,
        phase: Phase::Quiet,
        opens_on: on(30),
        forced_on: on(20),
        self_renewals_left: if ra_required { 0 } else { 2 },
        ra_required,
        authorised_until: None,
        restricts: false,
        update_open: false,
        may_renew: Err(domain::certificate::Refusal::NotInWindow { opens_on: on(30) }),
    }
}

#[test]
fn the_schedule_has_the_days_of_certificates_among_those_of_passcodes() {
    let passcode =
        Scheduled { on: on(25), kind: domain::passcode::Kind::Smartcard, what: What::Expires };
    let stage = holder_on(Tab::ManagePasscodes);
    for (name, ra_required) in [("schedule_certificates", false), ("schedule_ra_renews", true)] {
        let page = Schedule::new(&[passcode]).with_certificates(&standing(40, ra_required), on(40));
        stage.shows(name, |environment, frame| page.render(environment, frame));
    }
}

#[test]
fn a_line_of_certificates_leads_to_renewing_only_where_that_is_possible() {
    let quiet = CertificateLine::from(&standing(40, false));
    assert_eq!((quiet.phase, quiet.renew), ("Up to date", None));
    let now =
        Standing { phase: Phase::Alert, may_renew: Ok(Renewer::Holder), ..standing(30, false) };
    assert_eq!(CertificateLine::from(&now).renew, Some(paths::CERTIFICATES_RENEW));
    let open = Standing { update_open: true, ..standing(10, false) };
    assert_eq!(CertificateLine::from(&open).renew, Some(paths::CERTIFICATES_RENEW));
}

#[test]
fn c15_b57_revoking_says_that_it_cannot_be_undone_and_asks_for_reason_and_confirmation() {
    let stage = holder_on(Tab::RevokeCertificates);
    let blank = RevokeCertificates::default();
    let wrong =
        RevokeCertificates { reason: None, faults: Faults { reason: true, confirmation: true } };
    let half = RevokeCertificates {
        reason: Some(RevocationReason::LostOrStolen),
        faults: Faults { reason: false, confirmation: true },
    };
    for (name, page) in [
        ("certificates_revoke", blank),
        ("certificates_revoke_faults", wrong),
        ("certificates_revoke_unconfirmed", half),
    ] {
        stage.shows(name, |environment, frame| page.render(environment, frame));
    }
}

#[test]
fn c14_c15_a_session_that_certificates_have_ended_says_so() {
    for (name, reason) in [
        ("session_ended_renewed", Ended::CertificatesRenewed),
        ("session_ended_certificates_revoked", Ended::CertificatesRevoked),
        ("session_ended_another_card", Ended::Suspended),
    ] {
        let page = SessionEnded { reason };
        nobody().shows(name, |environment, frame| page.render(environment, frame));
    }
}
