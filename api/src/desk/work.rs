//! What waits for the registration authority, and who has let people unlock how often.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, TimeZone as _, Utc};
use domain::{
    calendar,
    ids::{HolderId, OrganisationCode},
    staff::{self, StaffAct, Subject},
};
use projections::{WORK_PAGE_MAX, WorkItem, WorkKind};
use workflows::engine::PAGE_ROWS_MAX;

use super::place::{List, NotListed};
use crate::{
    app::App,
    staff::{self as desk, Member},
};

/// The most lines of one page.
pub const PAGE_MAX: usize = 50;

/// The most pages of the projection that are gone through for one page: what is somebody else's is
/// left out (B-59).
const PAGES_MAX: u32 = 10;

/// What a place in the list is sealed for.
const PLACE: &str = "place in what waits";

/// A line of the work list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkLine {
    /// What waits, and since when.
    pub item: WorkItem,
    /// The name of the person; none if it was erased.
    pub name: Option<String>,
    /// B-57: from when on it has taken too long, where there is such an instant.
    pub due_at: Option<DateTime<Utc>>,
}

/// B-57: until when somebody has to decide, exclusive.
fn due_at(app: &App, item: &WorkItem) -> Option<DateTime<Utc>> {
    let hours = TimeDelta::hours(app.policy().loss_hours.into());
    (item.kind == WorkKind::LossToDecide).then(|| item.since + hours)
}

/// The oldest things that wait for who asks, behind `after`, and where to go on.
///
/// # Errors
/// If `after` is no place in the list, or a store fails.
pub async fn list(
    app: &App,
    member: &Member,
    after: Option<&str>,
) -> Result<(Vec<WorkLine>, Option<String>), NotListed> {
    let list = List { app, member, name: PLACE, of: "" };
    let after: Option<Place> = after.map(|after| list.open(after)).transpose()?;
    app.catch_up().await?;
    let (lines, next) = lines(app, member, after.and_then(item)).await?;
    Ok((lines, next.and_then(|next| list.seal(&place(&next)))))
}

async fn lines(
    app: &App,
    member: &Member,
    after: Option<WorkItem>,
) -> anyhow::Result<(Vec<WorkLine>, Option<WorkItem>)> {
    let tree = app.organisations();
    let (mut lines, mut place) = (Vec::new(), after);
    for _ in 0..PAGES_MAX {
        let rows = app.projections().work(app.now(), place.as_ref(), WORK_PAGE_MAX).await?;
        let is_last = rows.len() < WORK_PAGE_MAX as usize;
        for item in rows {
            place = Some(item.clone());
            let subject = Subject { holder: item.holder, assignments: &item.assignments };
            if staff::may(&member.staff(), StaffAct::SeeWorkList, Some(&subject), &tree).is_err() {
                continue;
            }
            let person = app.stores().vault.person(item.holder).await?;
            let (due_at, name) = (due_at(app, &item), person.map(|person| person.name.clone()));
            lines.push(WorkLine { item, name, due_at });
            if lines.len() == PAGE_MAX {
                return Ok((lines, place));
            }
        }
        if is_last {
            return Ok((lines, None));
        }
    }
    Ok((lines, place))
}

/// The last line that was looked at: since when, who, why.
type Place = (DateTime<Utc>, HolderId, String);

fn place(item: &WorkItem) -> Place {
    (item.since, item.holder, item.kind.label().to_owned())
}

fn item((since, holder, kind): Place) -> Option<WorkItem> {
    Some(WorkItem { holder, kind: WorkKind::labelled(&kind)?, since, assignments: Vec::new() })
}

/// Somebody whom mails do not reach: they are not tried again by themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreached {
    /// Who.
    pub holder: HolderId,
    /// The name; none if it was erased.
    pub name: Option<String>,
    /// How many mails.
    pub n: u32,
    /// Since when, the first of them.
    pub since: DateTime<Utc>,
}

/// Who of those whom the member looks after is not reached by mail, whoever waits longest first;
/// [`PAGE_MAX`] people at the most.
///
/// # Errors
/// If a store fails.
pub async fn unreached(app: &App, member: &Member) -> anyhow::Result<Vec<Unreached>> {
    let (mut after, mut people) = (None, BTreeMap::<HolderId, (u32, DateTime<Utc>)>::new());
    for _ in 0..PAGES_MAX {
        let letters = app.engine().dead_letters(after, PAGE_ROWS_MAX).await?;
        let is_last = letters.len() < PAGE_ROWS_MAX as usize;
        after = letters.last().map(|letter| letter.step);
        for letter in letters {
            let (n, since) = people.entry(letter.holder).or_insert((0, letter.since));
            *n = n.saturating_add(1);
            *since = letter.since.min(*since);
        }
        if is_last {
            break;
        }
    }
    let mut lines = Vec::new();
    for (holder, (n, since)) in people {
        let Some(record) = desk::find(app, holder).await? else { continue };
        if member.may_about(app, StaffAct::SeeWorkList, &record).is_err() {
            continue;
        }
        let person = app.stores().vault.person(holder).await?;
        let name = person.map(|person| person.name.clone());
        lines.push(Unreached { holder, name, n, since });
    }
    lines.sort_by_key(|line| (line.since, line.holder));
    lines.truncate(PAGE_MAX);
    Ok(lines)
}

/// How often a member of staff has let somebody unlock, on one day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnlockCount {
    /// Who.
    pub staff: HolderId,
    /// His name; none if it was erased.
    pub name: Option<String>,
    /// How often.
    pub n: u32,
    /// True if that is more than policy says is usual.
    pub stands_out: bool,
}

/// Days for which a member of staff who has let too many people unlock stands on the list, today included.
pub const STANDS_OUT_DAYS: usize = 7;

/// Who of the organisations of who asks has let more people unlock than is usual, on which of the last
/// days; nobody, if who asks may not see that.
///
/// # Errors
/// If a store fails.
pub async fn standing_out(
    app: &App,
    member: &Member,
) -> anyhow::Result<Vec<(NaiveDate, UnlockCount)>> {
    if member.may(app, StaffAct::SeeUnlockCounts).is_err() {
        return Ok(Vec::new());
    }
    app.catch_up().await?;
    let today = calendar::civil_day(app.now(), app.policy().zone);
    let (reach, mut found) = (reach(app, member), Vec::new());
    for on in std::iter::successors(Some(today), NaiveDate::pred_opt).take(STANDS_OUT_DAYS) {
        let more = u32::from(app.policy().unlocks_per_staff_day).saturating_add(1);
        let counts = counted(app, member, reach.as_deref(), (on, more)).await?;
        found.extend(counts.into_iter().map(|count| (on, count)));
    }
    Ok(found)
}

/// Who of the organisations of who asks has let people unlock on a civil day, most often first.
///
/// # Errors
/// If a store fails.
pub async fn unlock_counts(
    app: &App,
    member: &Member,
    on: Option<NaiveDate>,
) -> anyhow::Result<Vec<UnlockCount>> {
    app.catch_up().await?;
    let on = on.unwrap_or_else(|| calendar::civil_day(app.now(), app.policy().zone));
    counted(app, member, reach(app, member).as_deref(), (on, 1)).await
}

/// B-59: the organisations whose staff who asks may count, so that those of others take nobody's place in
/// the list; `None` if all.
fn reach(app: &App, member: &Member) -> Option<Vec<OrganisationCode>> {
    let tree = app.organisations();
    let may = |code: &OrganisationCode| member.may_in(app, StaffAct::SeeUnlockCounts, code).is_ok();
    if tree.root().is_some_and(may) {
        return None;
    }
    Some(tree.iter().map(|(code, _)| code).filter(|code| may(code)).cloned().collect())
}

/// Those who have at least so often.
async fn counted(
    app: &App,
    member: &Member,
    reach: Option<&[OrganisationCode]>,
    (on, least): (NaiveDate, u32),
) -> anyhow::Result<Vec<UnlockCount>> {
    let policy = app.policy();
    let time = (begin(app, on), begin(app, on.succ_opt().unwrap_or(NaiveDate::MAX)));
    let rows = app.projections().staff_unlocks(time, reach, least, WORK_PAGE_MAX).await?;
    let mut counts = Vec::new();
    for row in rows {
        let Some(record) = desk::find(app, row.staff).await? else { continue };
        if member.may_about(app, StaffAct::SeeUnlockCounts, &record).is_err() {
            continue;
        }
        let person = app.stores().vault.person(row.staff).await?;
        counts.push(UnlockCount {
            staff: row.staff,
            name: person.map(|person| person.name.clone()),
            n: row.n,
            stands_out: u32::from(policy.unlocks_per_staff_day) < row.n,
        });
    }
    Ok(counts)
}

/// The first instant of a civil day (B-01).
fn begin(app: &App, day: NaiveDate) -> DateTime<Utc> {
    let midnight = day.and_time(NaiveTime::MIN);
    let local = app.policy().zone.from_local_datetime(&midnight).earliest();
    local.map_or_else(|| midnight.and_utc(), |local| local.with_timezone(&Utc))
}
