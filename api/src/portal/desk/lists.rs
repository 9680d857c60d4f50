//! Lists of the desk: who is staff, and who has let people unlock how often.

use axum::{
    extract::{Query, State},
    response::Response,
};
use chrono::NaiveDate;
use domain::{calendar, ids::OrganisationCode, staff::StaffAct};
use serde::Deserialize;

use super::{
    super::{
        errors::PageError,
        frame_for, html,
        view::{
            desk::{
                ERASED,
                form::capital,
                list::{Cell, ListPage},
            },
            frame::Tab,
            paths,
        },
        visitor::Desk,
    },
    not_listed, role_in_words,
};
use crate::{
    app::App,
    desk::{
        roles::{self, StaffLine},
        work,
    },
    staff::{
        Member,
        acts::{SeeStaff, SeeUnlockCounts},
    },
};

/// Which page of staff.
#[derive(Deserialize)]
pub(super) struct WhichStaff {
    after: Option<String>,
    organisation: Option<OrganisationCode>,
}

/// B-58: who may do what as staff, in the organisations of who asks, or in one of them and those below.
pub(super) async fn staff(
    State(app): State<App>,
    Desk { member, .. }: Desk<SeeStaff>,
    Query(WhichStaff { after, organisation }): Query<WhichStaff>,
) -> Result<Response, PageError> {
    let listed = roles::staff(&app, &member, organisation.as_ref(), after.as_deref()).await;
    let (lines, next) = listed.map_err(not_listed)?;
    let may_withdraw = member.may(&app, StaffAct::WithdrawRole).is_ok();
    let of = organisation.as_ref().map(|code| format!("organisation={code}"));
    let first = of
        .as_ref()
        .map_or(paths::DESK_STAFF.to_owned(), |of| format!("{}?{of}", paths::DESK_STAFF));
    let next = next.map(|next| {
        let of = of.as_ref().map_or_else(String::new, |of| format!("&{of}"));
        format!("{}?after={next}{of}", paths::DESK_STAFF)
    });
    let mut head = vec!["Name", "Role", "Since"];
    head.extend(may_withdraw.then_some("What you can do"));
    let page = ListPage {
        title: match &organisation {
            Some(code) => format!("Staff of organisation {code}, and below"),
            None => "Staff of your organisations".to_owned(),
        },
        says: vec![
            "To give somebody a role, find the person: the record leads to it. What a role lets somebody do is read from the rules, and nobody does it about themselves (B-63).".to_owned(),
        ],
        links: vec![
            pages::Link::new(paths::DESK, "Find a person to give a role to"),
            pages::Link::new(paths::DESK_ORGANISATIONS, "Organisations"),
        ],
        head,
        rows: lines.iter().map(|line| staff_row(&app, &member, line, may_withdraw)).collect(),
        nothing: "Nobody has a role here.",
        next,
        first: after.is_some().then_some(first),
    };
    show(&app, &member, &page).await
}

fn staff_row(app: &App, member: &Member, line: &StaffLine, may_withdraw: bool) -> Vec<Cell> {
    let number = line.grant.holder.to_string();
    let name = line.name.clone().unwrap_or_else(|| ERASED.to_owned());
    let is_own = line.grant.holder == member.holder();
    // B-63: his own record is closed to him.
    let name =
        if is_own { Cell::text(name) } else { Cell::link(paths::desk_record(&number), name) };
    let mut row = vec![
        name,
        Cell::text(capital(&role_in_words(app, &line.grant.grant))),
        Cell::text(pages::date(line.grant.granted_on)),
    ];
    row.extend(may_withdraw.then(|| {
        if is_own {
            return Cell::text("Nothing: it is your own");
        }
        Cell::link(paths::desk_act(&number, paths::WITHDRAW_ROLE), "Withdraw a role")
    }));
    row
}

/// Which day.
#[derive(Deserialize)]
pub(super) struct Day {
    on: Option<NaiveDate>,
}

/// P-19: who has let people unlock how often on a day.
pub(super) async fn unlock_counts(
    State(app): State<App>,
    Desk { member, .. }: Desk<SeeUnlockCounts>,
    Query(Day { on }): Query<Day>,
) -> Result<Response, PageError> {
    let policy = app.policy();
    let today = calendar::civil_day(app.now(), policy.zone);
    let on = on.unwrap_or(today);
    let counts = work::unlock_counts(&app, &member, Some(on)).await?;
    let usual = policy.unlocks_per_staff_day;
    let day = |day: NaiveDate| format!("{}?on={day}", paths::DESK_UNLOCK_COUNTS);
    let mut links = Vec::new();
    links.extend(on.pred_opt().map(|before| pages::Link::new(day(before), "The day before")));
    links.extend(
        on.succ_opt()
            .filter(|after| *after <= today)
            .map(|after| pages::Link::new(day(after), "The day after")),
    );
    let rows = counts.into_iter().map(|count| {
        let record = paths::desk_record(&count.staff.to_string());
        vec![
            Cell::link(record, count.name.unwrap_or_else(|| ERASED.to_owned())),
            Cell::text(count.n.to_string()),
            Cell::text(if count.stands_out { "Yes: find out why" } else { "No" }),
        ]
    });
    let page = ListPage {
        title: format!("Who has let people unlock on {}", pages::date(on)),
        says: vec![format!(
            "Accounts and smartcards together, by people of your organisations but yourself. More than {usual} a day by one person is more than usual, and stands on the list of what waits, too."
        )],
        links,
        head: vec!["Name", "How often", "More than usual?"],
        rows: rows.collect(),
        nothing: "Nobody has on this day.",
        next: None,
        first: None,
    };
    show(&app, &member, &page).await
}

pub(super) async fn show(
    app: &App,
    member: &Member,
    page: &ListPage,
) -> Result<Response, PageError> {
    let frame = frame_for(app, member.session(), Some(Tab::Desk)).await?;
    html(page.render(app.pages(), &frame))
}
