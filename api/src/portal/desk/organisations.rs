//! The tree of organisations (B-59): one of them at a time, with those below it, and a form for another.

use axum::{
    Form,
    extract::{Query, State},
    http::StatusCode,
    response::{IntoResponse as _, Redirect, Response},
};
use domain::{
    ids::OrganisationCode,
    refusal::Refusal,
    staff::{Organisations, StaffAct},
};
use serde::Deserialize;

use super::{
    super::{
        errors::PageError,
        frame_for, html,
        view::{
            desk::{
                form::{ActForm, Field},
                list::{Cell, ListPage},
            },
            frame::Tab,
            paths,
            problem::ProblemKind,
            refusal::{RefusalView, rule_link},
        },
        visitor::Desk,
    },
    lists,
};
use crate::{
    app::App,
    execute::{Actor, Cause},
    organisations::AddError,
    staff::{
        Member,
        acts::{AddOrganisation, SeeOrganisations},
    },
};

/// Organisations of one page.
const PAGE_MAX: usize = 100;

/// Which one, and which page of those below it.
#[derive(Deserialize)]
pub(super) struct Which {
    at: Option<OrganisationCode>,
    after: Option<OrganisationCode>,
}

/// One organisation, and those right below it.
pub(super) async fn page(
    State(app): State<App>,
    Desk { member, .. }: Desk<SeeOrganisations>,
    Query(which): Query<Which>,
) -> Result<Response, PageError> {
    let page = listed(&app, &member, &which).ok_or(PageError::Problem(ProblemKind::NotFound))?;
    lists::show(&app, &member, &page).await
}

/// `None` if there is no such organisation.
fn listed(app: &App, member: &Member, Which { at, after }: &Which) -> Option<ListPage> {
    let tree = app.organisations();
    let Some(at) = at.as_ref().or(tree.root()) else { return Some(none_yet()) };
    let name = tree.name(at)?;
    let mut below = Vec::new();
    for (code, name) in tree.iter() {
        let is_behind = after.as_ref().is_none_or(|after| after < code);
        if is_behind && tree.parent(code) == Some(at) {
            below.push((code, name));
        }
    }
    let more = PAGE_MAX < below.len();
    below.truncate(PAGE_MAX);
    let address = paths::desk_organisation(at.as_str());
    let last = below.last().filter(|_| more);
    Some(ListPage {
        title: format!("{name} ({at})"),
        says: vec!["Staff of an organisation look after the people of it and of all below it. Organisations cannot be renamed, moved or taken away.".to_owned()],
        links: links(app, member, &tree, at),
        head: vec!["Organisation right below", "Code"],
        next: last.map(|(last, _)| format!("{address}&after={last}")),
        rows: below
            .iter()
            .map(|(code, name)| {
                let link = Cell::link(paths::desk_organisation(code.as_str()), *name);
                vec![link, Cell::text(code.to_string())]
            })
            .collect(),
        nothing: "There is none below it.",
        first: after.is_some().then_some(address),
    })
}

fn none_yet() -> ListPage {
    ListPage {
        title: "Organisations".to_owned(),
        says: Vec::new(),
        links: Vec::new(),
        head: Vec::new(),
        rows: Vec::new(),
        nothing: "There is none yet: whoever runs the service adds the first one.",
        next: None,
        first: None,
    }
}

fn links(
    app: &App,
    member: &Member,
    tree: &Organisations,
    at: &OrganisationCode,
) -> Vec<pages::Link> {
    let above = tree.parent(at).map(|above| {
        let name = tree.name(above).unwrap_or_default();
        pages::Link::new(
            paths::desk_organisation(above.as_str()),
            format!("Up to {name} ({above})"),
        )
    });
    let add = member.may_in(app, StaffAct::AddOrganisation, at).is_ok().then(|| {
        let href = format!("{}?below={at}", paths::DESK_ORGANISATIONS_ADD);
        pages::Link::new(href, format!("Add an organisation below {at}"))
    });
    let staff = member.may_in(app, StaffAct::SeeStaff, at).is_ok().then(|| {
        let href = format!("{}?organisation={at}", paths::DESK_STAFF);
        pages::Link::new(href, format!("Staff of {at}, and below"))
    });
    above.into_iter().chain(add).chain(staff).collect()
}

/// Below which one another is added.
#[derive(Deserialize)]
pub(super) struct Below {
    below: Option<String>,
}

/// An organisation, as a form says it.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Sent {
    code: String,
    name: String,
    parent: String,
}

impl Sent {
    fn code(&self) -> Option<OrganisationCode> {
        self.code.trim().to_uppercase().parse().ok()
    }

    fn parent(&self) -> Option<OrganisationCode> {
        self.parent.trim().to_uppercase().parse().ok()
    }
}

/// The form.
pub(super) async fn add_page(
    State(app): State<App>,
    Desk { member, .. }: Desk<AddOrganisation>,
    Query(Below { below }): Query<Below>,
) -> Result<Response, PageError> {
    let sent = Sent { parent: below.unwrap_or_default(), ..Sent::default() };
    ask(&app, &member, &sent, false).await
}

/// B-59: one more organisation.
pub(super) async fn add(
    State(app): State<App>,
    Desk { member, .. }: Desk<AddOrganisation>,
    Form(sent): Form<Sent>,
) -> Result<Response, PageError> {
    let (Some(code), Some(parent)) = (sent.code(), sent.parent()) else {
        return ask(&app, &member, &sent, true).await;
    };
    let may = member.may_in(&app, StaffAct::AddOrganisation, &parent);
    let warrant = may.map_err(|refusal| {
        PageError::Forbidden(Box::new(RefusalView::from(&Refusal::from(refusal))))
    })?;
    let cause = Cause::first(app.entropy().command_id(app.now()));
    let (actor, above) = (Actor::from(&warrant), Some(parent.clone()));
    match app.add_organisation(actor, cause, code, sent.name.trim(), above).await {
        Ok(()) => Ok(Redirect::to(&paths::desk_organisation(parent.as_str())).into_response()),
        Err(AddError::Refused(refusal)) => Err(PageError::Refused(Box::new(RefusalView {
            rule: Some(rule_link(refusal.rule().as_str())),
            why: refusal.to_string(),
            facts: Vec::new(),
            changes_on: None,
            way_out: refusal.way_out().to_owned(),
        }))),
        Err(AddError::Failed(error)) => Err(PageError::Failed(error)),
    }
}

async fn ask(
    app: &App,
    member: &Member,
    sent: &Sent,
    was_sent: bool,
) -> Result<Response, PageError> {
    const NO_CODE: &str = "Enter a code of 1 to 12 letters and figures, for example RXC";
    let form = ActForm {
        title: "Add an organisation",
        whose: None,
        action: paths::DESK_ORGANISATIONS_ADD.to_owned(),
        says: vec!["It cannot be renamed, moved or taken away.".to_owned()],
        warnings: Vec::new(),
        fields: vec![
            Field::text("code", "Its code", 10)
                .with_hint("As others know it, for example RXC")
                .with_value(sent.code.as_str())
                .faulty_if(was_sent && sent.code().is_none(), NO_CODE),
            Field::text("name", "Its name", 30).with_value(sent.name.as_str()),
            Field::text("parent", "The code of the one above it", 10)
                .with_value(sent.parent.as_str())
                .faulty_if(was_sent && sent.parent().is_none(), NO_CODE),
        ],
        number: super::number(app),
        hidden: None,
        button: "Add the organisation",
    };
    let page =
        html(form.render(app.pages(), &frame_for(app, member.session(), Some(Tab::Desk)).await?))?;
    Ok(if form.is_faulty() {
        (StatusCode::UNPROCESSABLE_ENTITY, page).into_response()
    } else {
        page
    })
}
