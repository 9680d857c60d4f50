//! The policy in the portal (B-14): its versions, what the coming days bring, what other numbers would,
//! and the next version. For the policy owner; auditors and operators look at it.

mod forecast;
mod simulate;

use axum::{
    extract::{Path, Query, State},
    response::Response,
};
use domain::{ids::HolderId, refusal::RuleId, staff::StaffAct};
use serde::Deserialize;

use super::{
    errors::PageError,
    frame_for, html,
    view::{
        desk::{form::capital, list::Cell},
        paths,
        policy::{PlainTable, Version as VersionView, Versions},
        problem::ProblemKind,
        refusal::{Fact, RefusalView, rule_link},
    },
    visitor::Desk,
};
use crate::{
    app::App,
    policies::{
        PublishError,
        history::{self, Author, Version},
        numbers,
    },
    staff::{
        Member,
        acts::{PublishPolicy, SeePolicy, SimulatePolicy},
        list::StaffPages,
    },
};

/// B-14.
const RULE: RuleId = RuleId::new("B-14");

/// The pages, and the list of them.
pub(super) fn pages() -> StaffPages {
    StaffPages::default()
        .get(SeePolicy, paths::POLICY, versions)
        .get(SeePolicy, paths::POLICY_VERSION, version)
        .get(SeePolicy, paths::POLICY_FORECAST, forecast::page)
        .get(SimulatePolicy, paths::POLICY_SIMULATE, simulate::form)
        .post(SimulatePolicy, paths::POLICY_SIMULATE, simulate::simulate)
        .post(PublishPolicy, paths::POLICY_CHECK, simulate::check)
        .post(PublishPolicy, paths::POLICY_PUBLISH, simulate::publish)
}

/// The frame, with the tab of the policy as the current one.
async fn frame(app: &App, member: &Member) -> anyhow::Result<pages::Frame> {
    let mut frame = frame_for(app, member.session(), None).await?;
    for item in &mut frame.navigation {
        item.current = item.href == paths::POLICY;
    }
    Ok(frame)
}

/// Which page of the versions, and what was published a moment ago.
#[derive(Deserialize)]
pub(super) struct Which {
    before: Option<u32>,
    published: Option<u32>,
}

/// The versions, newest first.
async fn versions(
    State(app): State<App>,
    Desk { member, .. }: Desk<SeePolicy>,
    Query(Which { before, published }): Query<Which>,
) -> Result<Response, PageError> {
    let all = app.policy_versions().await?;
    let (shown, older) = history::page(&all, before);
    let in_force = all.iter().find(|version| version.standing == history::Standing::InForce);
    let is_his = |version: &&Version| {
        Some(version.policy.version) == published && holder_of(version) == Some(member.holder())
    };
    let published = all.iter().find(is_his).map(|version| {
        let from = version.from.map(pages::date).unwrap_or_default();
        format!("Version {} is published and holds from {from}", version.policy.version)
    });
    let page = Versions {
        published,
        in_force: in_force.map(|version| facts(&app, &member, version)).unwrap_or_default(),
        rule: rule_link(RULE.as_str()),
        forecast: paths::POLICY_FORECAST,
        simulate: member
            .may(&app, StaffAct::SimulatePolicy)
            .is_ok()
            .then_some(paths::POLICY_SIMULATE),
        versions: table(&app, &member, shown),
        newest: before.map(|_| paths::POLICY),
        older: older.map(|before| format!("{}?before={before}", paths::POLICY)),
    };
    html(page.render(app.pages(), &frame(&app, &member).await?))
}

fn table(app: &App, member: &Member, versions: &[Version]) -> PlainTable {
    let row = |version: &Version| {
        let number = version.policy.version;
        vec![
            Cell::link(paths::policy_version(number), format!("Version {number}")),
            Cell::text(version.policy.name.clone()),
            Cell::text(first_day(version)),
            Cell::text(capital(version.standing.words())),
            Cell::text(when(app, version)),
            by(app, member, version),
            Cell::text(version.reason.clone().unwrap_or_else(|| NO_REASON.to_owned())),
        ]
    };
    let head = ["Version", "Profile", "First day", "Standing", "Published", "By", "Why"];
    PlainTable::new("Versions", &head, versions.iter().map(row).collect())
}

/// Where nobody was asked.
const NO_REASON: &str = "No reason was asked for";

fn first_day(version: &Version) -> String {
    version.from.map_or_else(|| "Since always".to_owned(), pages::date)
}

fn when(app: &App, version: &Version) -> String {
    pages::date_and_time(version.at, &app.policies().zone())
}

fn holder_of(version: &Version) -> Option<HolderId> {
    match &version.author {
        Author::Staff { holder, .. } => Some(*holder),
        Author::Operator => None,
    }
}

/// Who published it: by role and number, because names are for those who look after people. Auditors
/// are led to what else he did.
fn by(app: &App, member: &Member, version: &Version) -> Cell {
    match &version.author {
        Author::Operator => Cell::text("Whoever runs the service, at its console"),
        Author::Staff { holder, .. } if *holder == member.holder() => Cell::text("You"),
        Author::Staff { holder, role, organisation } => {
            let words = format!("{} at {organisation}, {holder}", capital(role.words()));
            if member.may(app, StaffAct::SeeHistory).is_ok() {
                return Cell::link(format!("{}?staff={holder}", paths::AUDIT), words);
            }
            Cell::text(words)
        }
    }
}

fn facts(app: &App, member: &Member, version: &Version) -> Vec<Fact> {
    let fact = |name: &str, value: String| Fact { name: name.to_owned(), value };
    let policy = &version.policy;
    vec![
        fact("Version", format!("{}, “{}”", policy.version, policy.name)),
        fact("Standing", capital(version.standing.words())),
        fact("First day", first_day(version)),
        fact("Published", when(app, version)),
        fact("By", by(app, member, version).text),
        fact("Why", version.reason.clone().unwrap_or_else(|| NO_REASON.to_owned())),
    ]
}

/// One version: what it changed, and all its numbers.
async fn version(
    State(app): State<App>,
    Desk { member, .. }: Desk<SeePolicy>,
    Path(number): Path<String>,
) -> Result<Response, PageError> {
    let all = app.policy_versions().await?;
    let number = number.parse::<u32>().ok();
    let found = all.iter().find(|version| Some(version.policy.version) == number);
    let version = found.ok_or(PageError::Problem(ProblemKind::NotFound))?;
    let page = VersionView {
        number: version.policy.version,
        facts: facts(&app, &member, version),
        changes: match &version.before {
            Some(before) => Some(changes("What it changed", before, &version.policy)?),
            None => None,
        },
        numbers: all_numbers(&version.policy)?,
        document: format!("/api/policy/versions/{}", version.policy.version),
    };
    html(page.render(app.pages(), &frame(&app, &member).await?))
}

fn rule_cell(rule: RuleId) -> Cell {
    let link = rule_link(rule.as_str());
    Cell::link(link.href, link.text)
}

fn all_numbers(policy: &domain::policy::Policy) -> anyhow::Result<PlainTable> {
    let rows = numbers::lines(policy)?.into_iter().map(|line| {
        vec![
            Cell::text(line.number.words),
            Cell::text(line.value),
            Cell::text(line.number.name),
            rule_cell(line.number.rule),
        ]
    });
    let head = ["What it says", "Value", "Name", "Follows from"];
    Ok(PlainTable::new("All numbers", &head, rows.collect()))
}

fn changes(
    caption: &str,
    before: &domain::policy::Policy,
    after: &domain::policy::Policy,
) -> anyhow::Result<PlainTable> {
    let rows = numbers::changes(before, after)?.into_iter().map(|change| {
        vec![
            Cell::text(change.number.words),
            Cell::text(change.before),
            Cell::text(change.after),
            rule_cell(change.number.rule),
        ]
    });
    let head = ["What it says", "Before", "After", "Follows from"];
    Ok(PlainTable::new(caption, &head, rows.collect()))
}

/// Why nothing was published: which rule, why, and the way out.
fn not_published(error: PublishError) -> PageError {
    let (rule, way_out) = (error.rule(), error.way_out().to_owned());
    let (why, facts) = (capital(&error.to_string()), facts_of(&error));
    if let PublishError::Failed(error) = error {
        return PageError::Failed(error);
    }
    let rule = Some(rule_link(rule.as_str()));
    let view = RefusalView { rule, why, facts, changes_on: None, way_out };
    let versions = pages::Link::new(paths::POLICY, "Look at the versions");
    PageError::RefusedFor(Box::new(view), versions)
}

fn facts_of(error: &PublishError) -> Vec<Fact> {
    match error {
        PublishError::Faults(faults) => {
            let fact = |fault: &domain::policy::PolicyFault| Fact {
                name: format!("{} ({})", fault.field, fault.rule.as_str()),
                value: capital(&fault.message),
            };
            faults.iter().map(fact).collect()
        }
        PublishError::NotPublishable(_)
        | PublishError::NoReason
        | PublishError::ClockInDoubt
        | PublishError::Conflict
        | PublishError::TooMany
        | PublishError::Failed(_) => Vec::new(),
    }
}
