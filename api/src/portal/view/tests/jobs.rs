//! A job's page in every state.

use domain::{
    holder,
    passcode::{self, Kind},
    refusal::Refusal,
};

use uuid::Uuid;

use super::nobody;
use crate::portal::view::{
    frame::Tab,
    job::{Job, JobFor, JobState},
    refusal::RefusalView,
};

fn waiting(last_try: Option<&str>) -> JobState {
    JobState::Waiting {
        passcode_url: "http://127.0.0.1:8441/passcode?job=0199b7f2".into(),
        passcode_host: "127.0.0.1:8441".into(),
        until: "10:12am".into(),
        last_try: last_try.map(str::to_owned),
    }
}

fn refused(refusal: &Refusal) -> JobState {
    JobState::Refused(RefusalView::from(refusal))
}

#[test]
fn a_job_says_in_every_state_what_comes_next() {
    for (name, state) in [
        ("job_waiting", waiting(None)),
        (
            "job_waiting_again",
            waiting(Some("The smartcard passcode was wrong. You have 2 tries left.")),
        ),
        ("job_in_progress", JobState::InProgress),
        ("job_done_elsewhere", JobState::DoneElsewhere),
        ("job_refused", refused(&holder::Refusal::CardNotActive.into())),
        ("job_expired", JobState::Expired),
        ("job_no_agent", JobState::NoAgent),
    ] {
        let job = Job { id: "0199b7f2".into(), purpose: JobFor::LogIn, state };
        nobody().shows(name, |environment, frame| job.render(environment, frame));
    }
}

#[test]
fn a_job_of_a_logged_in_holder_leads_back_to_manage_passcodes() {
    let used_before = passcode::Refusal::UsedBefore { kind: Kind::Smartcard };
    for (name, state) in [
        ("job_change_waiting", waiting(None)),
        ("job_change_expired", JobState::Expired),
        ("job_change_refused", refused(&used_before.into())),
        ("job_change_not_known", JobState::NotKnown),
    ] {
        let job = Job { id: "0199b7f2".into(), purpose: JobFor::ChangePasscodes, state };
        super::holder_on(Tab::ManagePasscodes)
            .shows(name, |environment, frame| job.render(environment, frame));
    }
}

#[test]
fn a_job_of_self_service_says_what_the_card_is_needed_for_and_where_it_goes_on() {
    let unlock = JobFor::Unlock { begun: Uuid::from_u128(7) };
    for (name, purpose, state) in [
        ("job_register_waiting", JobFor::Register, waiting(None)),
        ("job_register_expired", JobFor::Register, JobState::Expired),
        ("job_register_cancelled", JobFor::Register, JobState::Cancelled),
        ("job_begin_unlock_waiting", JobFor::BeginUnlock, waiting(None)),
        ("job_begin_unlock_expired", JobFor::BeginUnlock, JobState::Expired),
        ("job_write_card_waiting", JobFor::WriteCard, waiting(None)),
        ("job_write_card_expired", JobFor::WriteCard, JobState::Expired),
        ("job_unlock_waiting", unlock, waiting(None)),
        ("job_unlock_expired", unlock, JobState::Expired),
        ("job_unlock_not_known", unlock, JobState::NotKnown),
        ("job_forgotten", JobFor::Forgotten, JobState::Expired),
    ] {
        let job = Job { id: "0199b7f2".into(), purpose, state };
        nobody().shows(name, |environment, frame| job.render(environment, frame));
    }
}
