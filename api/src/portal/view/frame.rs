//! What surrounds every page of the portal (S-01).

use domain::restricted::{self, Act};
use pages::{Account, Demo, Frame, Link, NavigationItem};
use stores::session::Scope;

use super::paths;

/// Name of the window (S-01).
pub const SERVICE: &str = "Self Service Portal";

/// A tab.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tab {
    /// What is due, and the card.
    Home,
    /// S-02, S-03.
    ManagePasscodes,
    /// C-01: only while certificates can be renewed.
    RenewCertificates,
    /// C-15.
    RevokeCertificates,
    /// S-05: My Profile.
    Profile,
    /// What happened.
    Ledger,
    /// B-58: only for staff of the desk.
    Desk,
    /// How to go on.
    Help,
}

impl Tab {
    const ALL: [Self; 8] = [
        Self::Home,
        Self::ManagePasscodes,
        Self::RenewCertificates,
        Self::RevokeCertificates,
        Self::Profile,
        Self::Ledger,
        Self::Desk,
        Self::Help,
    ];

    fn text(self) -> &'static str {
        match self {
            Self::Home => "Home",
            Self::ManagePasscodes => "Manage Passcodes",
            Self::RenewCertificates => "Renew Certificates",
            Self::RevokeCertificates => "Revoke Certificates",
            Self::Profile => "My Profile",
            Self::Ledger => "What happened",
            Self::Desk => "Desk",
            Self::Help => "Help",
        }
    }

    fn act(self) -> Act {
        match self {
            Self::Home => Act::SeeHome,
            Self::ManagePasscodes => Act::SeePasscodes,
            Self::RenewCertificates => Act::RenewCertificates,
            Self::RevokeCertificates => Act::RevokeCertificates,
            Self::Profile => Act::UseProfile,
            Self::Ledger => Act::SeeLedger,
            Self::Desk => Act::ActAsStaff,
            Self::Help => Act::SeeHelp,
        }
    }

    fn href(self) -> &'static str {
        match self {
            Self::Home => paths::HOME,
            Self::ManagePasscodes => paths::PASSCODES,
            Self::RenewCertificates => paths::CERTIFICATES_RENEW,
            Self::RevokeCertificates => paths::CERTIFICATES_REVOKE,
            Self::Profile => paths::PROFILE,
            Self::Ledger => paths::LEDGER,
            Self::Desk => paths::DESK,
            Self::Help => paths::HELP,
        }
    }
}

/// Who is logged in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Visitor<'a> {
    /// The holder's name.
    pub name: &'a str,
    /// The time at which an idle session ends ([`pages::time`]).
    pub log_out_at: &'a str,
    /// B-17: what the session may do.
    pub scope: Scope,
    /// S-01, C-01: whether certificates can be renewed now.
    pub may_renew: bool,
    /// B-58: whether a role of his lets him look for people.
    pub is_of_desk: bool,
}

/// The frame for a visitor (or nobody) on a tab (or a page that is none).
#[must_use]
pub fn frame(demo: bool, visitor: Option<Visitor<'_>>, tab: Option<Tab>) -> Frame {
    let home = if visitor.is_some() { paths::HOME } else { paths::START };
    let frame = Frame {
        navigation: visitor.map_or_else(Vec::new, |visitor| navigation(visitor, tab)),
        account: visitor.map(|visitor| Account {
            name: visitor.name.to_owned(),
            log_out: paths::LOG_OUT.to_owned(),
        }),
        log_out_at: visitor.map(|visitor| visitor.log_out_at.to_owned()),
        ..Frame::new(SERVICE, home)
    }
    .with_footer(vec![
        Link::new(paths::HELP, "Help"),
        Link::new(paths::ACCESSIBILITY, "Accessibility statement"),
    ]);
    if !demo {
        return Frame { copyright: "Latchkey".to_owned(), ..frame };
    }
    frame.with_demo(Demo {
        text: "The people and cards here are made up.".to_owned(),
        links: vec![
            Link::new(paths::DEMO, "Open the card drawer"),
            Link::new(paths::DEMO_TIME, "Time machine"),
            Link::new(paths::DEMO_MAILBOX, "Mailbox"),
        ],
    })
}

fn navigation(visitor: Visitor<'_>, current: Option<Tab>) -> Vec<NavigationItem> {
    let may_open =
        |tab: &Tab| visitor.scope == Scope::Full || restricted::allows(tab.act()).is_ok();
    Tab::ALL
        .into_iter()
        .filter(|tab| visitor.may_renew || *tab != Tab::RenewCertificates)
        .filter(|tab| visitor.is_of_desk || *tab != Tab::Desk)
        .filter(may_open)
        .map(|tab| NavigationItem {
            href: tab.href().to_owned(),
            text: tab.text().to_owned(),
            current: current == Some(tab),
        })
        .collect()
}
