//! A person's record: how everything stands, in words, with day and rule, and what the one who looks
//! may do about it.

use domain::staff::StaffAct;
use pages::{Environment, Error, Frame, Head, Link};
use serde::Serialize;

use super::{
    super::{paths, refusal::rule_link},
    Whose,
    form::capital,
};
use crate::desk::sheet::{Line, Offered};

/// The page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordPage {
    /// Whose it is.
    pub whose: Whose,
    /// The number in addresses.
    pub holder: String,
    /// The contact address.
    pub email: Option<String>,
    /// B-59: where he works: name and code.
    pub organisations: Vec<String>,
    /// B-58: what he may do as staff, and where.
    pub roles: Vec<String>,
    /// How everything stands.
    pub lines: Vec<Line>,
    /// What the one who looks may do, and what would come of it now.
    pub acts: Vec<Offered>,
}

#[derive(Serialize)]
struct Page<'a> {
    whose: &'a Whose,
    email: Option<&'a str>,
    organisations: &'a [String],
    roles: &'a [String],
    lines: Vec<Standing<'a>>,
    acts: Vec<Link>,
    refused: Vec<Refused>,
}

/// What cannot be done now, and why.
#[derive(Serialize)]
struct Refused {
    act: String,
    why: String,
    way_out: &'static str,
    rule: Link,
}

#[derive(Serialize)]
struct Standing<'a> {
    about: String,
    words: &'a str,
    rule: Link,
}

/// Where an act about somebody is done; none if it is done on no page of its own.
#[must_use]
pub fn page_of(act: StaffAct) -> Option<&'static str> {
    match act {
        StaffAct::AuthoriseAccountUnlock => Some(paths::ACCOUNT_UNLOCK),
        StaffAct::ApproveAccountUnlock => Some(paths::ACCOUNT_UNLOCK_APPROVAL),
        StaffAct::AuthoriseRenewal => Some(paths::AUTHORISE_RENEWAL),
        StaffAct::ReleaseBlock => Some(paths::RELEASE),
        StaffAct::AssistCardUnlock => Some(paths::CARD_UNLOCK),
        StaffAct::Suspend => Some(paths::SUSPEND),
        StaffAct::Reinstate => Some(paths::REINSTATE),
        StaffAct::ReportLost => Some(paths::REPORT_LOST),
        StaffAct::ReplaceCard => Some(paths::REPLACE_CARD),
        StaffAct::ChangeContact => Some(paths::CHANGE_CONTACT),
        StaffAct::CheckRecoveryPasscode => Some(paths::CHECK_RECOVERY),
        StaffAct::Assign => Some(paths::ASSIGN),
        StaffAct::EndAssignment => Some(paths::END_ASSIGNMENT),
        StaffAct::GrantRole => Some(paths::GRANT_ROLE),
        StaffAct::WithdrawRole => Some(paths::WITHDRAW_ROLE),
        StaffAct::CloseAccount => Some(paths::CLOSE_ACCOUNT),
        StaffAct::CancelCard => Some(paths::CANCEL_CARD),
        StaffAct::Revoke => Some(paths::REVOKE),
        StaffAct::ErasePerson => Some(paths::ERASE),
        StaffAct::FindHolder
        | StaffAct::SeeHolder
        | StaffAct::RegisterPerson
        | StaffAct::IssueCard
        | StaffAct::AddOrganisation
        | StaffAct::SeeOrganisations
        | StaffAct::SeeStaff
        | StaffAct::SeeWorkList
        | StaffAct::SeeUnlockCounts
        | StaffAct::SeeHistory
        | StaffAct::ExportLog
        | StaffAct::SeePolicy
        | StaffAct::SimulatePolicy
        | StaffAct::PublishPolicy
        | StaffAct::SeeOperation
        | StaffAct::Operate
        | StaffAct::BreakGlass => None,
    }
}

impl RecordPage {
    /// P-08, B-57: where what a caller says can be compared, and there is something to do for him.
    fn for_caller(&self) -> Option<Link> {
        let can = |wanted| {
            self.acts.iter().any(|offered| offered.act == wanted && offered.obstacle.is_none())
        };
        let acts = can(StaffAct::Suspend) || can(StaffAct::Revoke);
        (can(StaffAct::CheckRecoveryPasscode) && acts).then(|| {
            let href = paths::desk_act(&self.holder, paths::FOR_CALLER);
            Link::new(href, "Suspend or revoke for a caller")
        })
    }

    /// How the person stood at any instant, for whoever may see that.
    fn for_auditor(&self) -> Option<Link> {
        let may = self.acts.iter().any(|offered| offered.act == StaffAct::SeeHistory);
        may.then(|| {
            Link::new(paths::audit_holder(&self.holder), capital(StaffAct::SeeHistory.words()))
        })
    }

    /// The page as HTML.
    ///
    /// # Errors
    /// If the template does not fit.
    pub fn render(&self, environment: &Environment<'_>, frame: &Frame) -> Result<String, Error> {
        let lines = self.lines.iter().map(|line| Standing {
            about: capital(&line.about.replace('_', " ")),
            words: &line.words,
            rule: rule_link(line.rule.as_str()),
        });
        let possible = self.acts.iter().filter(|offered| offered.obstacle.is_none());
        let acts = possible.filter_map(|offered| {
            let href = paths::desk_act(&self.holder, page_of(offered.act)?);
            Some(Link::new(href, capital(offered.act.words())))
        });
        let acts = acts.chain(self.for_caller()).chain(self.for_auditor());
        let refused = self.acts.iter().filter_map(|offered| {
            let (refusal, _) = (offered.obstacle.as_ref()?, page_of(offered.act)?);
            Some(Refused {
                act: capital(offered.act.words()),
                why: refusal.why(),
                way_out: refusal.way_out(),
                rule: rule_link(refusal.rule().as_str()),
            })
        });
        let page = Page {
            whose: &self.whose,
            email: self.email.as_deref(),
            organisations: &self.organisations,
            roles: &self.roles,
            lines: lines.collect(),
            acts: acts.collect(),
            refused: refused.collect(),
        };
        let head = Head::new(self.whose.name()).with_back(paths::DESK, "Find another person");
        pages::render(environment, "desk_record.jinja", frame, &head, &page)
    }
}
