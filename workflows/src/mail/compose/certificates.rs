//! What mails say about certificates.

use chrono::{DateTime, NaiveDate, Utc};
use domain::certificate::{Renewer, RevocationReason};

use super::{Link, Paragraph, days, say};

/// What a holder is told about his certificates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CertificateNotice {
    /// C-05, B-15: today's alert.
    Due {
        /// The day of the alert.
        on: NaiveDate,
        /// The civil day on which the first of them ends.
        expires_on: NaiveDate,
        /// The last instant of its validity: by it the certificates are known.
        expires_at: DateTime<Utc>,
        /// What is asked of the holder.
        demand: Demand,
    },
    /// C-12: they are renewed.
    Renewed {
        /// By whose leave.
        by: Renewer,
    },
    /// C-15: they are revoked.
    Revoked {
        /// Why.
        reason: RevocationReason,
    },
}

/// What an alert asks of the holder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Demand {
    /// C-06: to renew, now or later.
    Renew,
    /// C-07: to renew now.
    RenewNow,
    /// B-51: to go to the registration authority.
    VisitAuthority,
}

impl Demand {
    /// What an alert asks, as it was recorded.
    pub(in crate::mail) fn of(may_decline: bool, ra_required: bool) -> Self {
        match (ra_required, may_decline) {
            (true, _) => Self::VisitAuthority,
            (false, true) => Self::Renew,
            (false, false) => Self::RenewNow,
        }
    }
}

impl CertificateNotice {
    /// Subject and paragraphs.
    pub(super) fn words(&self, portal: &str) -> (String, Vec<Paragraph>) {
        match *self {
            Self::Due { on, expires_on, expires_at: _, demand } => {
                due(portal, on, expires_on, demand)
            }
            Self::Renewed { by } => {
                ("Your certificates were renewed".to_owned(), renewed(portal, by))
            }
            Self::Revoked { reason } => {
                ("Your certificates were revoked".to_owned(), revoked(portal, reason))
            }
        }
    }
}

fn due(
    portal: &str,
    on: NaiveDate,
    expires_on: NaiveDate,
    demand: Demand,
) -> (String, Vec<Paragraph>) {
    let when = days(on, expires_on);
    let expires = say(format!(
        "The certificates on your smartcard expire {when}, on {}.",
        pages::date(expires_on)
    ));
    let expires_subject = format!("Your certificates expire {when}");
    match demand {
        Demand::Renew => {
            let how = "Log in with your smartcard and renew them now or later.";
            let later = "If you do it later, we will remind you every day.";
            (expires_subject, vec![expires, renew(portal, how), say(later.to_owned())])
        }
        Demand::RenewNow => {
            let how = "Log in with your smartcard and renew them. Until you have, you cannot do \
                       anything else.";
            let after = "Once they have expired you cannot log in any more.";
            let subject = format!("Renew your certificates now: they expire {when}");
            (subject, vec![expires, renew(portal, how), say(after.to_owned())])
        }
        Demand::VisitAuthority => {
            let why = "You have renewed them yourself as often as you may. This time your \
                       registration authority has to check who you are.";
            let how = "Visit the registration authority of your organisation before that day, with \
                       your smartcard.";
            let help = Link {
                text: "How your registration authority renews your certificates",
                address: format!("{portal}/help/registration-authority-renews"),
            };
            let after = "Once they have expired you cannot log in any more.";
            let how = Paragraph { text: how.to_owned(), items: vec![], link: Some(help) };
            (expires_subject, vec![expires, say(why.to_owned()), how, say(after.to_owned())])
        }
    }
}

fn renew(portal: &str, how: &str) -> Paragraph {
    let address = format!("{portal}/certificates/renew");
    let link = Link { text: "Renew your certificates", address };
    Paragraph { text: how.to_owned(), items: vec![], link: Some(link) }
}

fn renewed(portal: &str, by: Renewer) -> Vec<Paragraph> {
    let what = match by {
        Renewer::Holder => "You renewed the certificates on your smartcard.",
        Renewer::Authority => {
            "You renewed the certificates on your smartcard, with your registration authority."
        }
    };
    vec![say(what.to_owned()), not_you(portal)]
}

fn revoked(portal: &str, reason: RevocationReason) -> Vec<Paragraph> {
    let what =
        format!("The certificates on your smartcard were revoked because {}.", reason.words());
    let now = "Your smartcard cannot be used any more, and this cannot be undone.";
    let how = "Ask the registration authority of your organisation for a new smartcard.";
    let help = Link {
        text: "What to do after your certificates were revoked",
        address: format!("{portal}/help/certificates-revoked"),
    };
    let how = Paragraph { text: how.to_owned(), items: vec![], link: Some(help) };
    vec![say(what), say(now.to_owned()), how]
}

fn not_you(portal: &str) -> Paragraph {
    let text = "If this was not you, revoke them and tell your registration authority.".to_owned();
    let address = format!("{portal}/certificates/revoke");
    Paragraph {
        text,
        items: vec![],
        link: Some(Link { text: "Revoke your certificates", address }),
    }
}
