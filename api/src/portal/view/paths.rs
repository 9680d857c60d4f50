//! The addresses that pages lead to. Handlers are mounted at the same constants, so that no page
//! has a dead link.

/// S-08: the applications to launch.
pub const START: &str = "/";
/// What is needed to log in; a POST starts the job.
pub const LOG_IN: &str = "/log-in";
/// A POST ends the session.
pub const LOG_OUT: &str = "/log-out";
/// Why the session is over.
pub const LOGGED_OUT: &str = "/logged-out";
/// A POST by a script of ours: the holder is still there.
pub const SESSION_KEEP: &str = "/session/keep";
/// S-01: the Home tab.
pub const HOME: &str = "/home";
/// P-14, P-15: the day's alert.
pub const ALERT: &str = "/alert";
/// P-15, B-16: a POST puts the alert off until tomorrow.
pub const ALERT_LATER: &str = "/alert/later";
/// P-17: what has to be changed before anything else.
pub const RENEWAL: &str = "/renewal";
/// What is scheduled for the holder.
pub const SCHEDULE: &str = "/schedule";
/// P-16: the Manage Passcodes tab, with what is due ticked.
pub const PASSCODES_DUE: &str = "/passcodes?renew=due";
/// S-02, S-03: the Manage Passcodes tab; a POST is *Update*.
pub const PASSCODES: &str = "/passcodes";
/// P-27: where *Cancel* leads.
pub const PASSCODES_CANCELLED: &str = "/passcodes/cancelled";
/// B-19: a POST puts a forced renewal off for technical reasons.
pub const CERTIFICATES_DEFER: &str = "/certificates/defer";
/// C-06, B-16: a POST puts the certificates' alert off until tomorrow.
pub const CERTIFICATES_LATER: &str = "/certificates/later";
/// S-01, C-09: the Renew Certificates tab; a POST starts.
pub const CERTIFICATES_RENEW: &str = "/certificates/renew";
/// C-15: the Revoke Certificates tab; a POST revokes.
pub const CERTIFICATES_REVOKE: &str = "/certificates/revoke";
/// S-05: My Profile.
pub const PROFILE: &str = "/profile";
/// what registering for self-service takes; a POST starts.
pub const REGISTER: &str = "/profile/register";
/// which four of the questions; a POST keeps the choice.
pub const REGISTER_QUESTIONS: &str = "/profile/register/questions";
/// where codes are sent; a POST keeps the address.
pub const REGISTER_EMAIL: &str = "/profile/register/email";
/// What was entered; a POST goes on to the smartcard.
pub const REGISTER_CHECK: &str = "/profile/register/check";
/// U-04: the start page of unlocking; a POST starts.
pub const UNLOCK: &str = "/unlock";
/// The history of the log, for auditors.
pub const AUDIT: &str = "/audit";
/// For operators: how the service runs.
pub const OPERATION: &str = "/operation";
/// For operators: mails that were given up.
pub const OPERATION_MAILS: &str = "/operation/mails";
/// For operators: one of them.
pub const OPERATION_MAIL: &str = "/operation/mails/{step}";
/// For operators: workstations.
pub const OPERATION_AGENTS: &str = "/operation/agents";
/// For operators: cards that are stuck.
pub const OPERATION_CARDS: &str = "/operation/cards";
/// For operators: a workflow engine that is stopped.
pub const OPERATION_ENGINE: &str = "/operation/engine";
/// The route of [`audit_holder`].
pub const AUDIT_HOLDER: &str = "/audit/holders/{holder}";
/// B-14: the versions of the policy.
pub const POLICY: &str = "/policy";
/// The route of [`policy_version`].
pub const POLICY_VERSION: &str = "/policy/versions/{version}";
/// B-14: what the coming days bring.
pub const POLICY_FORECAST: &str = "/policy/forecast";
/// B-14: the form for other numbers; a POST says what they would bring.
pub const POLICY_SIMULATE: &str = "/policy/simulate";
/// B-14: a POST asks whether to publish them.
pub const POLICY_CHECK: &str = "/policy/check";
/// B-14: a POST publishes them.
pub const POLICY_PUBLISH: &str = "/policy/publish";
/// What happened, newest first.
pub const LEDGER: &str = "/ledger";
/// B-57: where a mail is answered with "this was not me"; a POST says what will happen.
pub const NOT_ME: &str = "/not-me";
/// B-57: a POST does it.
pub const NOT_ME_CONFIRM: &str = "/not-me/confirm";
/// Where the first registration authority manager enters his code; a POST enters it.
pub const FIRST_MANAGER: &str = "/first-manager";
/// Finding a person at the desk; a POST looks for one.
pub const DESK: &str = "/desk";
/// What waits for the registration authority.
pub const DESK_WORK: &str = "/desk/work";
/// P-03: registering a person; a POST goes on to the card software.
pub const DESK_REGISTER: &str = "/desk/register";
/// B-58: who may do what as staff.
pub const DESK_STAFF: &str = "/desk/staff";
/// B-59: the tree of organisations.
pub const DESK_ORGANISATIONS: &str = "/desk/organisations";
/// B-59: adding an organisation; a POST adds it.
pub const DESK_ORGANISATIONS_ADD: &str = "/desk/organisations/add";
/// P-19: who has let people unlock how often.
pub const DESK_UNLOCK_COUNTS: &str = "/desk/unlock-counts";
/// The records of the desk, each below it by its number.
pub const DESK_HOLDERS: &str = "/desk/holders";
/// P-19, B-30: below a record: lets the holder unlock his account.
pub const ACCOUNT_UNLOCK: &str = "account-unlock";
/// B-63: below a record: agrees to such a request of a colleague.
pub const ACCOUNT_UNLOCK_APPROVAL: &str = "account-unlock-approval";
/// C-04: below a record: lets the holder renew.
pub const AUTHORISE_RENEWAL: &str = "renewal";
/// B-34, B-41: below a record: ends a block.
pub const RELEASE: &str = "release";
/// B-58: below a record: helps with a locked card.
pub const CARD_UNLOCK: &str = "card-unlock";
/// B-57: below a record: suspends certificates.
pub const SUSPEND: &str = "suspend";
/// B-57: below a record: ends a suspension.
pub const REINSTATE: &str = "reinstate";
/// B-57: below a record: reports a card as lost or stolen.
pub const REPORT_LOST: &str = "report-lost";
/// B-61: below a record: takes a card out of use.
pub const CANCEL_CARD: &str = "cancel";
/// B-59: managers who are locked out, and whom nobody else can let in.
pub const DESK_GLASS: &str = "/desk/glass";
/// B-59: below a record: an operator asks that a manager may unlock his account.
pub const BREAK_GLASS: &str = "break-glass";
/// B-63: below a record: another operator agrees.
pub const BREAK_GLASS_APPROVAL: &str = "break-glass-approval";
/// C-15: below a record: revokes certificates.
pub const REVOKE: &str = "revoke";
/// P-08, B-57: below a record: suspends or revokes for a caller.
pub const FOR_CALLER: &str = "caller";
/// B-45: below a record: erases the person of a closed account.
pub const ERASE: &str = "erase";
/// B-61: below a record: another card in place of the one before.
pub const REPLACE_CARD: &str = "replace";
/// B-42: below a record: changes contact details.
pub const CHANGE_CONTACT: &str = "contact";
/// P-08: below a record: compares what a caller says.
pub const CHECK_RECOVERY: &str = "recovery-passcode-check";
/// B-59: below a record: assigns the person.
pub const ASSIGN: &str = "assign";
/// B-59: below a record: ends an assignment.
pub const END_ASSIGNMENT: &str = "end-assignment";
/// B-58: below a record: grants a role.
pub const GRANT_ROLE: &str = "grant-role";
/// B-58: below a record: withdraws a role.
pub const WITHDRAW_ROLE: &str = "withdraw-role";
/// B-45: below a record: closes the account.
pub const CLOSE_ACCOUNT: &str = "close";
/// All help pages.
pub const HELP: &str = "/help";
/// The accessibility statement.
pub const ACCESSIBILITY: &str = "/accessibility";
/// S-08: the other application.
pub const CARE_IDENTITY_SERVICE: &str = "/care-identity-service";
/// Demo only: the card drawer.
pub const DEMO: &str = "/demo";
/// Demo only: a POST puts the card of field `card` into the virtual reader.
pub const DEMO_INSERT: &str = "/demo/insert";
/// Demo only: a POST takes the card out.
pub const DEMO_REMOVE: &str = "/demo/remove";
/// Demo only: lays a blank card into the drawer.
pub const DEMO_BLANK: &str = "/demo/blank";
/// Demo only: the time machine; a POST moves the clock.
pub const DEMO_TIME: &str = "/demo/time";
/// Demo only: the mails.
pub const DEMO_MAILBOX: &str = "/demo/mailbox";

/// A job's own page.
#[must_use]
pub fn job(id: &str) -> String {
    format!("/jobs/{id}")
}

/// B-57: what will happen if the holder says of a line of the ledger that it was not he; a POST does it.
#[must_use]
pub fn ledger_not_me(line: &str) -> String {
    format!("{LEDGER}/not-me/{line}")
}

/// S-07: how far the update of a card is, seen from one of its jobs.
#[must_use]
pub fn card_update(job: &str) -> String {
    format!("/card-updates/{job}")
}

/// The same as server-sent events.
#[must_use]
pub fn card_update_live(job: &str) -> String {
    format!("{}/live", card_update(job))
}

/// B-55: a POST takes an interrupted update up again.
#[must_use]
pub fn card_update_again(job: &str) -> String {
    format!("{}/again", card_update(job))
}

/// C-13: a POST is *Continue*.
#[must_use]
pub fn card_update_continue(job: &str) -> String {
    format!("{}/continue", card_update(job))
}

/// one of the four answers, from 1; a POST keeps it.
#[must_use]
pub fn register_answer(number: usize) -> String {
    format!("{REGISTER}/answers/{number}")
}

/// where the registration code is entered; a POST is the code.
#[must_use]
pub fn registration(job: &str) -> String {
    format!("{REGISTER}/{job}")
}

/// B-36: a POST sends a new registration code.
#[must_use]
pub fn registration_codes(job: &str) -> String {
    format!("{}/codes", registration(job))
}

/// another address while the code is awaited; a POST sends a code there.
#[must_use]
pub fn registration_address(job: &str) -> String {
    format!("{}/address", registration(job))
}

/// B-44: a POST gives the registration up.
#[must_use]
pub fn registration_cancel(job: &str) -> String {
    format!("{}/cancel", registration(job))
}

/// What comes next in an unlock.
#[must_use]
pub fn unlock(job: &str) -> String {
    format!("{UNLOCK}/{job}")
}

/// The same after a visit to the card, which says how that ended.
#[must_use]
pub fn unlock_after(job: &str, visit: &str) -> String {
    format!("{}?visit={visit}", unlock(job))
}

/// U-05: one of the questions, from 1; a POST keeps the answer.
#[must_use]
pub fn unlock_answer(job: &str, number: usize) -> String {
    format!("{}/answers/{number}", unlock(job))
}

/// U-05, B-31: a POST sends all the answers at once.
#[must_use]
pub fn unlock_answers(job: &str) -> String {
    format!("{}/answers", unlock(job))
}

/// B-41: the account recovery passcode in place of answers; a POST is the passcode.
#[must_use]
pub fn unlock_recovery_passcode(job: &str) -> String {
    format!("{}/recovery-passcode", unlock(job))
}

/// U-11: a POST is the unlock code.
#[must_use]
pub fn unlock_code(job: &str) -> String {
    format!("{}/code", unlock(job))
}

/// B-36: a POST sends a new unlock code.
#[must_use]
pub fn unlock_codes(job: &str) -> String {
    format!("{}/codes", unlock(job))
}

/// U-12: a POST goes on to the card software's page, where the new passcode is typed.
#[must_use]
pub fn unlock_passcode(job: &str) -> String {
    format!("{}/passcode", unlock(job))
}

/// A mail that was given up, for operators.
#[must_use]
pub fn operation_mail(step: &str) -> String {
    format!("{OPERATION_MAILS}/{step}")
}

/// How a holder stood, for auditors.
#[must_use]
pub fn audit_holder(holder: &str) -> String {
    format!("{AUDIT}/holders/{holder}")
}

/// B-14: one version of the policy.
#[must_use]
pub fn policy_version(version: u32) -> String {
    format!("{POLICY}/versions/{version}")
}

/// Demo only: a mail.
#[must_use]
pub fn demo_mail(number: u64) -> String {
    format!("{DEMO_MAILBOX}/{number}")
}

/// A help page.
#[must_use]
pub fn help(slug: &str) -> String {
    format!("{HELP}/{slug}")
}

/// A rule in the product's own words.
#[must_use]
pub fn rule(id: &str) -> String {
    format!("/rules/{id}")
}

/// B-59: one of the organisations.
#[must_use]
pub fn desk_organisation(code: &str) -> String {
    format!("{DESK_ORGANISATIONS}?at={code}")
}

/// Somebody's record at the desk.
#[must_use]
pub fn desk_record(holder: &str) -> String {
    format!("{DESK_HOLDERS}/{holder}")
}

/// An act of the desk about somebody: one of the names below a record; a POST is the act.
#[must_use]
pub fn desk_act(holder: &str, act: &str) -> String {
    format!("{}/{act}", desk_record(holder))
}

/// What was done at the desk about somebody.
#[must_use]
pub fn desk_done(holder: &str, what: &str) -> String {
    format!("{}/done/{what}", desk_record(holder))
}
