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
/// What happened, newest first.
pub const LEDGER: &str = "/ledger";
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
/// Demo only: the time machine; a POST moves the clock.
pub const DEMO_TIME: &str = "/demo/time";
/// Demo only: the mails.
pub const DEMO_MAILBOX: &str = "/demo/mailbox";

/// A job's own page.
#[must_use]
pub fn job(id: &str) -> String {
    format!("/jobs/{id}")
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
