//! What the portal's pages say: for each page a view model of plain words, and its template.
//!
//! No rule is decided here and nothing is looked up: a handler hands in what it knows, a page puts
//! it into the guides' words. Every page renders in every state without a server, which is how the
//! snapshots are made.
//!
//! A page is added as a file here (model and `render`), a template in `api/templates`, a line in
//! [`TEMPLATES`], and its states in a test beside it.

pub mod accessibility;
pub mod account_locked;
pub mod agent;
pub mod alert;
pub mod audit;
pub mod card_update;
pub mod care_identity_service;
pub mod certificates;
pub mod code;
pub mod demo;
pub mod desk;
pub mod first_manager;
pub mod frame;
pub mod help;
pub mod home;
pub mod job;
pub mod ledger;
pub mod log_in;
pub mod not_me;
pub mod outcome;
pub mod passcodes;
pub mod paths;
pub mod policy;
pub mod problem;
pub mod profile;
pub mod question;
pub mod refusal;
pub mod registration;
pub mod renewal;
pub mod revoke;
pub mod rule;
pub mod schedule;
pub mod session_ended;
pub mod start;
pub mod unlock;

use pages::{Environment, Error};

/// Name and source of every template of the portal.
const TEMPLATES: &[(&str, &str)] = &[
    ("_agent.jinja", include_str!("../../templates/_agent.jinja")),
    ("_alert.jinja", include_str!("../../templates/_alert.jinja")),
    ("_card_update.jinja", include_str!("../../templates/_card_update.jinja")),
    ("_certificates.jinja", include_str!("../../templates/_certificates.jinja")),
    ("_code.jinja", include_str!("../../templates/_code.jinja")),
    ("_forecast.jinja", include_str!("../../templates/_forecast.jinja")),
    ("_life_line.jinja", include_str!("../../templates/_life_line.jinja")),
    ("_phase.jinja", include_str!("../../templates/_phase.jinja")),
    ("_policy_fields.jinja", include_str!("../../templates/_policy_fields.jinja")),
    ("_refusal.jinja", include_str!("../../templates/_refusal.jinja")),
    ("_renewal.jinja", include_str!("../../templates/_renewal.jinja")),
    ("_table.jinja", include_str!("../../templates/_table.jinja")),
    ("accessibility.jinja", include_str!("../../templates/accessibility.jinja")),
    ("account_locked.jinja", include_str!("../../templates/account_locked.jinja")),
    ("alert.jinja", include_str!("../../templates/alert.jinja")),
    ("audit_history.jinja", include_str!("../../templates/audit_history.jinja")),
    ("audit_holder.jinja", include_str!("../../templates/audit_holder.jinja")),
    ("card_update.jinja", include_str!("../../templates/card_update.jinja")),
    ("certificates_due.jinja", include_str!("../../templates/certificates_due.jinja")),
    ("certificates_renew.jinja", include_str!("../../templates/certificates_renew.jinja")),
    ("certificates_revoke.jinja", include_str!("../../templates/certificates_revoke.jinja")),
    ("care_identity_service.jinja", include_str!("../../templates/care_identity_service.jinja")),
    ("demo.jinja", include_str!("../../templates/demo.jinja")),
    ("desk_done.jinja", include_str!("../../templates/desk_done.jinja")),
    ("desk_find.jinja", include_str!("../../templates/desk_find.jinja")),
    ("desk_form.jinja", include_str!("../../templates/desk_form.jinja")),
    ("desk_list.jinja", include_str!("../../templates/desk_list.jinja")),
    ("desk_record.jinja", include_str!("../../templates/desk_record.jinja")),
    ("desk_work.jinja", include_str!("../../templates/desk_work.jinja")),
    ("mail.jinja", include_str!("../../templates/mail.jinja")),
    ("mailbox.jinja", include_str!("../../templates/mailbox.jinja")),
    ("time_machine.jinja", include_str!("../../templates/time_machine.jinja")),
    ("first_manager.jinja", include_str!("../../templates/first_manager.jinja")),
    ("help.jinja", include_str!("../../templates/help.jinja")),
    ("help_page.jinja", include_str!("../../templates/help_page.jinja")),
    ("home.jinja", include_str!("../../templates/home.jinja")),
    ("job.jinja", include_str!("../../templates/job.jinja")),
    ("ledger.jinja", include_str!("../../templates/ledger.jinja")),
    ("log_in.jinja", include_str!("../../templates/log_in.jinja")),
    ("not_me.jinja", include_str!("../../templates/not_me.jinja")),
    ("not_me_confirm.jinja", include_str!("../../templates/not_me_confirm.jinja")),
    ("not_me_done.jinja", include_str!("../../templates/not_me_done.jinja")),
    ("outcome.jinja", include_str!("../../templates/outcome.jinja")),
    ("passcodes.jinja", include_str!("../../templates/passcodes.jinja")),
    ("policy.jinja", include_str!("../../templates/policy.jinja")),
    ("policy_forecast.jinja", include_str!("../../templates/policy_forecast.jinja")),
    ("policy_publish.jinja", include_str!("../../templates/policy_publish.jinja")),
    ("policy_simulate.jinja", include_str!("../../templates/policy_simulate.jinja")),
    ("policy_simulated.jinja", include_str!("../../templates/policy_simulated.jinja")),
    ("policy_version.jinja", include_str!("../../templates/policy_version.jinja")),
    ("problem.jinja", include_str!("../../templates/problem.jinja")),
    ("renewal.jinja", include_str!("../../templates/renewal.jinja")),
    ("rule.jinja", include_str!("../../templates/rule.jinja")),
    ("schedule.jinja", include_str!("../../templates/schedule.jinja")),
    ("check_answers.jinja", include_str!("../../templates/check_answers.jinja")),
    ("choose_questions.jinja", include_str!("../../templates/choose_questions.jinja")),
    ("profile.jinja", include_str!("../../templates/profile.jinja")),
    ("question.jinja", include_str!("../../templates/question.jinja")),
    ("register_code.jinja", include_str!("../../templates/register_code.jinja")),
    ("register_email.jinja", include_str!("../../templates/register_email.jinja")),
    ("register_over.jinja", include_str!("../../templates/register_over.jinja")),
    ("register_start.jinja", include_str!("../../templates/register_start.jinja")),
    ("unlock.jinja", include_str!("../../templates/unlock.jinja")),
    ("unlock_recovery.jinja", include_str!("../../templates/unlock_recovery.jinja")),
    ("unlock_start.jinja", include_str!("../../templates/unlock_start.jinja")),
    ("session_ended.jinja", include_str!("../../templates/session_ended.jinja")),
    ("start.jinja", include_str!("../../templates/start.jinja")),
];

/// The template engine with every page of the portal; made once, at start-up.
///
/// # Errors
/// If a template has a syntax error; the tests render every one of them.
pub fn environment() -> Result<Environment<'static>, Error> {
    pages::environment(TEMPLATES)
}

#[cfg(test)]
mod tests;
