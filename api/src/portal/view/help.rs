//! Help: one page for every state of card software, reader, card, passcode and job that a holder can
//! meet. What the pages say stands in one table.

mod topics;

use pages::{Environment, Error, Frame, Head, Link};
use serde::Serialize;

use super::{paths, refusal::rule_link};

/// A help page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Topic {
    /// The card software never connected from this workstation.
    AgentNeverSeen,
    /// It was connected, and is not now.
    AgentLost,
    /// It speaks an older protocol than the portal.
    AgentTooOld,
    /// The passcode page on this workstation does not open.
    PasscodePageMissing,
    /// The card software sees no reader.
    NoReader,
    /// B-60: the reader is not on the list.
    ReaderNotApproved,
    /// The reader is empty.
    NoCard,
    /// The card is none of ours.
    CardNotRecognised,
    /// The card is not the one the job was started with.
    OtherCard,
    /// B-61: the card was replaced or cancelled.
    CardNotInUse,
    /// The card left the reader in the middle.
    CardRemoved,
    /// The card answers what nobody understands.
    CardFault,
    /// B-46: too many wrong passcodes.
    CardLocked,
    /// The three passcodes.
    ThreePasscodes,
    /// P-25: the card refused the passcode.
    PasscodeWrong,
    /// The holder does not know it any more.
    PasscodeForgotten,
    /// P-22: a new passcode was used before.
    PasscodeUsedBefore,
    /// P-14, P-15: a passcode is due.
    PasscodeDue,
    /// P-17: a passcode has expired.
    PasscodeExpired,
    /// P-18: the account is locked.
    AccountLocked,
    /// The job's ten minutes are over.
    JobExpired,
    /// The job was finished in another window.
    JobElsewhere,
    /// The link was lost while the card was being written.
    CardWriteUnknown,
    /// B-55: a card update stopped in the middle.
    CardUpdateInterrupted,
    /// C-01 to C-07: certificates are due.
    CertificatesDue,
    /// C-04: only the registration authority can renew them.
    RegistrationAuthorityRenews,
    /// B-52: the certificates have expired.
    CertificatesExpired,
    /// C-15: the certificates are revoked.
    CertificatesRevoked,
    /// U-01 to U-12: registering, and unlocking one's card oneself.
    SelfService,
    /// R-08, U-08: the code does not come.
    CodeMissing,
    /// U-07: three wrong attempts.
    SelfServiceBlocked,
    /// U-07: the other way, at every dead end.
    RegistrationAuthorityUnlocks,
    /// which browsers work.
    Browsers,
}

/// What a help page says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct HelpText {
    /// Last part of its address.
    pub slug: &'static str,
    /// Heading.
    pub title: &'static str,
    /// What it means, a paragraph each.
    pub meaning: &'static [&'static str],
    /// What to do, in order.
    pub steps: &'static [&'static str],
    /// The rule behind it.
    #[serde(skip)]
    pub rule: Option<&'static str>,
}

/// Pages that belong together in the index.
struct Group {
    title: &'static str,
    topics: &'static [Topic],
}

const GROUPS: &[Group] = &[
    Group {
        title: "The card software",
        topics: &[
            Topic::AgentNeverSeen,
            Topic::AgentLost,
            Topic::AgentTooOld,
            Topic::PasscodePageMissing,
        ],
    },
    Group {
        title: "Your reader and your card",
        topics: &[
            Topic::NoReader,
            Topic::ReaderNotApproved,
            Topic::NoCard,
            Topic::CardNotRecognised,
            Topic::OtherCard,
            Topic::CardNotInUse,
            Topic::CardRemoved,
            Topic::CardFault,
            Topic::CardLocked,
        ],
    },
    Group {
        title: "Your passcodes and your account",
        topics: &[
            Topic::ThreePasscodes,
            Topic::PasscodeWrong,
            Topic::PasscodeForgotten,
            Topic::PasscodeUsedBefore,
            Topic::PasscodeDue,
            Topic::PasscodeExpired,
            Topic::AccountLocked,
        ],
    },
    Group {
        title: "Self-service and unlocking",
        topics: &[
            Topic::SelfService,
            Topic::CodeMissing,
            Topic::SelfServiceBlocked,
            Topic::RegistrationAuthorityUnlocks,
        ],
    },
    Group {
        title: "Your certificates",
        topics: &[
            Topic::CertificatesDue,
            Topic::RegistrationAuthorityRenews,
            Topic::CertificatesExpired,
            Topic::CertificatesRevoked,
        ],
    },
    Group {
        title: "When something was interrupted",
        topics: &[
            Topic::JobExpired,
            Topic::JobElsewhere,
            Topic::CardWriteUnknown,
            Topic::CardUpdateInterrupted,
        ],
    },
    Group { title: "Your browser", topics: &[Topic::Browsers] },
];

impl Topic {
    /// The topic with this slug.
    #[must_use]
    pub fn find(slug: &str) -> Option<Self> {
        let mut topics = GROUPS.iter().flat_map(|group| group.topics);
        topics.find(|topic| topic.text().slug == slug).copied()
    }

    /// A link to its page.
    #[must_use]
    pub fn link(self) -> Link {
        let text = self.text();
        Link::new(paths::help(text.slug), text.title)
    }

    /// Where it can be done at once.
    fn action(self) -> Option<Link> {
        matches!(self, Self::CardLocked | Self::PasscodeForgotten | Self::SelfService)
            .then(|| Link::new(paths::UNLOCK, "Unlock your smartcard"))
    }

    /// The page as HTML.
    pub fn render(self, environment: &Environment<'_>, frame: &Frame) -> Result<String, Error> {
        let text = self.text();
        let page = Page { text, action: self.action(), rule: text.rule.map(rule_link) };
        let head = Head::new(text.title).with_back(paths::HELP, "All help pages");
        pages::render(environment, "help_page.jinja", frame, &head, &page)
    }
}

#[derive(Serialize)]
struct Page {
    text: HelpText,
    action: Option<Link>,
    rule: Option<Link>,
}

#[derive(Serialize)]
struct Index {
    groups: Vec<IndexGroup>,
}

#[derive(Serialize)]
struct IndexGroup {
    title: &'static str,
    links: Vec<Link>,
}

/// The list of all help pages as HTML.
pub fn render_index(environment: &Environment<'_>, frame: &Frame) -> Result<String, Error> {
    let groups = GROUPS
        .iter()
        .map(|group| IndexGroup {
            title: group.title,
            links: group.topics.iter().map(|topic| topic.link()).collect(),
        })
        .collect();
    pages::render(environment, "help.jinja", frame, &Head::new("Help"), &Index { groups })
}
