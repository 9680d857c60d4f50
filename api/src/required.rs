//! What a restricted session has to change or renew before it may do anything else (P-17, B-17).

use chrono::NaiveDate;
use domain::{
    calendar::Phase,
    passcode::{Kind, Standing, Status},
};
use stores::session::Session;

use crate::{app::App, execute::Loaded};

/// What had expired when the session was opened, and is not cured: what was decided then holds for
/// the session (B-10).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Required {
    passcodes: Vec<Overdue>,
    certificates: Option<CertificatesDue>,
}

/// Certificates that have to be renewed, or an update of the card that has to be finished.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CertificatesDue {
    /// B-12: the day on which the first of them ends.
    pub expires_on: NaiveDate,
    /// B-55: an update has the card between old and new.
    pub unfinished: bool,
}

/// One of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Overdue {
    /// Which.
    pub kind: Kind,
    /// P-17: the first day on which it had expired.
    pub expired_on: NaiveDate,
    /// P-18: the first day on which the account is locked if nothing is done; none if it never locks
    /// it (B-21).
    pub locks_on: Option<NaiveDate>,
    /// B-21: the first day on which it counts as not set if nothing is done; none if it never does.
    pub lapses_on: Option<NaiveDate>,
}

impl Required {
    /// What this session has to change; nothing if its scope is full, or as soon as it is cured.
    #[must_use]
    pub fn of(app: &App, session: &Session, loaded: &Loaded) -> Self {
        // A holder whose own time is ahead of ours (B-09) has been judged by his own.
        let ahead = loaded.last_at.filter(|last| app.now() < *last);
        let at_log_in = app.context(loaded).at(ahead.unwrap_or(session.opened_at));
        let overdue = loaded.holder.passcodes().status(&at_log_in);
        // What has become of the card since then counts, too (B-55).
        let standing = loaded.holder.certificates(&at_log_in);
        let restricting = standing.filter(|standing| standing.restricts);
        Self {
            passcodes: overdue.iter().filter_map(overdue_of).collect(),
            certificates: restricting.map(|standing| CertificatesDue {
                expires_on: standing.expires_on,
                unfinished: standing.update_open,
            }),
        }
    }

    /// True if it is cured.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        self.passcodes.is_empty() && self.certificates.is_none()
    }

    /// B-55: an update of the card comes first: nothing else can be done before it is finished.
    #[must_use]
    pub fn is_unfinished(&self) -> bool {
        self.certificates.is_some_and(|due| due.unfinished)
    }

    /// What has to be changed, in the order of the page.
    #[must_use]
    pub fn passcodes(&self) -> &[Overdue] {
        &self.passcodes
    }

    /// B-18: what comes after them.
    #[must_use]
    pub fn certificates(&self) -> Option<CertificatesDue> {
        self.certificates
    }
}

impl FromIterator<Overdue> for Required {
    fn from_iter<I: IntoIterator<Item = Overdue>>(overdue: I) -> Self {
        Self { passcodes: overdue.into_iter().collect(), certificates: None }
    }
}

fn overdue_of(status: &Status) -> Option<Overdue> {
    match status.standing {
        Standing::Set {
            expires_on,
            locks_on,
            lapses_on,
            phase: Phase::Forced { .. } | Phase::Locked,
            ..
        } => Some(Overdue { kind: status.kind, expired_on: expires_on, locks_on, lapses_on }),
        Standing::NotSet
        | Standing::Set { phase: Phase::Current { .. } | Phase::Alert { .. }, .. } => None,
    }
}
