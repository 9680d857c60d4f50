//! The time machine: shows the demonstration's clock, and moves it on.

use std::time::Duration;

use axum::{
    Form,
    extract::State,
    http::StatusCode,
    response::{IntoResponse as _, Redirect, Response},
};
use chrono::{DateTime, Datelike as _, Days, NaiveDate, TimeDelta, Utc};
use domain::{
    calendar,
    certificate::{Phase, Standing},
    expiry::{self, What},
    policy::Policy,
};
use serde::Deserialize;

use super::{demo, in_words};
use crate::{
    app::App,
    demo::{
        Demo,
        time_machine::{Lever, MOVE_DAYS_MAX, Move, Service, State as MoveState},
    },
    portal::{
        errors::PageError,
        html, public_frame,
        view::{
            demo::{
                Progress,
                time_machine::{LastMove, Planned, Sent, State as Shown, TimeMachine},
            },
            paths,
            problem::ProblemKind,
        },
    },
};

/// How many things that are planned are shown.
const PLANNED_MAX: usize = 10;

/// How long the answer waits for a move to end; after that the page shows how far it is.
const ARRIVES_MAX: Duration = Duration::from_secs(8);

/// How long after the hour of the alerts a move by days ends.
const AFTER_ALERTS: TimeDelta = TimeDelta::hours(1);

/// The form as browsers send it.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(in crate::portal) struct Fields {
    service: String,
    to: String,
    day: String,
    month: String,
    year: String,
}

impl Fields {
    fn service(&self) -> Service {
        if self.service == "off" { Service::Off } else { Service::Running }
    }

    fn date(&self) -> Option<NaiveDate> {
        let number = |text: &str| text.trim().parse().ok();
        let year = self.year.trim().parse().ok()?;
        NaiveDate::from_ymd_opt(year, number(&self.month)?, number(&self.day)?)
    }
}

/// The clock, what is planned, and the form.
pub(in crate::portal) async fn page(State(app): State<App>) -> Result<Response, PageError> {
    show(&app, &Fields::default(), None).await
}

/// Moves the clock; a long move goes on while the page shows how far it is.
pub(in crate::portal) async fn go(
    State(app): State<App>,
    Form(fields): Form<Fields>,
) -> Result<Response, PageError> {
    let demo = demo(&app)?.clone();
    let busy = || PageError::Problem(ProblemKind::Conflict);
    if !demo.is_ready() {
        return Err(busy());
    }
    let lever = demo.time_machine().take_lever().map_err(|_| busy())?;
    let to = match destination(&app, &fields).await? {
        Ok(to) => to,
        Err(fault) => {
            let page = show(&app, &fields, Some(fault)).await?;
            return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
        }
    };
    start(&app, &demo, lever, to, fields.service()).await?;
    Ok(Redirect::to(paths::DEMO_TIME).into_response())
}

async fn start(
    app: &App,
    demo: &Demo,
    lever: Lever,
    to: DateTime<Utc>,
    service: Service,
) -> Result<(), PageError> {
    let (app, machine) = (app.clone(), demo.time_machine().clone());
    let moving = tokio::spawn(async move {
        if let Err(error) = machine.go(&lever, &app, to, service).await {
            tracing::warn!(error = format!("{error:#}"), "the clock did not get there");
        }
    });
    match tokio::time::timeout(ARRIVES_MAX, moving).await {
        // Still on its way, by itself.
        Err(_) => Ok(()),
        Ok(ended) => Ok(ended?),
    }
}

/// Where the clock is to go; or what is wrong with the date, in a sentence.
async fn destination(
    app: &App,
    fields: &Fields,
) -> Result<Result<DateTime<Utc>, String>, PageError> {
    let today = today(app);
    let days_on = |days| today.checked_add_days(Days::new(days)).unwrap_or(today);
    let at = match fields.to.as_str() {
        "next_day" => morning(app, days_on(1)),
        "week" => morning(app, days_on(7)),
        "next_event" => match app.engine().next_due().await? {
            Some(due) => due.max(app.now() + TimeDelta::seconds(1)),
            None => return Ok(Err("Nothing is due any more: choose a date".to_owned())),
        },
        "date" => match fields.date() {
            Some(day) => morning(app, day),
            None => return Ok(Err("Enter a date, with day, month and year".to_owned())),
        },
        _ => return Err(PageError::Problem(ProblemKind::BadRequest)),
    };
    Ok(if at <= app.now() {
        Err("Choose a later day: the clock never goes back".to_owned())
    } else if MOVE_DAYS_MAX <= (at - app.now()).num_days() {
        Err(format!("Choose a day that is at most {MOVE_DAYS_MAX} days ahead"))
    } else {
        Ok(at)
    })
}

fn today(app: &App) -> NaiveDate {
    calendar::civil_day(app.now(), app.policies().zone())
}

/// When a move to this day ends: after its alerts.
fn morning(app: &App, day: NaiveDate) -> DateTime<Utc> {
    after_alerts(day, app.policy())
}

fn after_alerts(day: NaiveDate, policy: &Policy) -> DateTime<Utc> {
    calendar::at_hour(day, policy.alert_hour, policy.zone) + AFTER_ALERTS
}

async fn show(app: &App, fields: &Fields, fault: Option<String>) -> Result<Response, PageError> {
    let demo = demo(app)?;
    let last = demo.time_machine().last_move();
    let next = app.engine().next_due().await?;
    let tomorrow = today(app).checked_add_days(Days::new(1)).unwrap_or(NaiveDate::MAX);
    let page = TimeMachine {
        now: in_words(app, app.now()),
        real_now: in_words(app, app.real_now()),
        next: next.map(|at| in_words(app, at)),
        planned: planned(app, demo).await?,
        state: state(app, demo, last.as_ref()),
        last: last.map(|last| ended(app, &last)),
        morning: pages::time(morning(app, tomorrow), &app.policies().zone()),
        days_max: MOVE_DAYS_MAX,
        example: format!("{} {} {}", tomorrow.day(), tomorrow.month(), tomorrow.year()),
        sent: Sent {
            off: fields.service() == Service::Off,
            day: fields.day.clone(),
            month: fields.month.clone(),
            year: fields.year.clone(),
        },
        fault,
    };
    html(page.render(app.pages(), &public_frame(app)))
}

fn state(app: &App, demo: &Demo, last: Option<&Move>) -> Shown {
    if !demo.is_ready() {
        return Shown::BeingMade(Progress::new(demo.progress().ready.len(), demo.people().len()));
    }
    match last {
        Some(last) if last.state == MoveState::OnItsWay => {
            Shown::Moving { to: in_words(app, last.to), stops: last.n_stops }
        }
        Some(_) | None => Shown::Ready,
    }
}

fn ended(app: &App, last: &Move) -> LastMove {
    LastMove {
        from: in_words(app, last.from),
        to: in_words(app, last.to),
        stops: last.n_stops,
        off: last.service == Service::Off,
        problem: match &last.state {
            MoveState::OnItsWay | MoveState::Arrived => None,
            MoveState::Stopped(why) => Some(why.clone()),
        },
    }
}

/// What is planned for the people of the demonstration, from tomorrow on.
async fn planned(app: &App, demo: &Demo) -> Result<Vec<Planned>, PageError> {
    let mut all = Vec::new();
    for person in demo.people() {
        let loaded = app.load(person.holder()).await?;
        let ctx = app.context(&loaded);
        let of_passcodes = expiry::schedule(&ctx, &loaded.holder)
            .into_iter()
            .map(|one| (one.on, format!("{}: {}", one.kind.title(), words(one.what))));
        let of_certificates = loaded.holder.certificates(&ctx);
        let to_come = of_passcodes.chain(of_certificates.iter().flat_map(certificates));
        let to_come = to_come.filter(|(on, _)| ctx.today() < *on);
        all.extend(to_come.map(|(on, what)| (on, person.name, what)));
    }
    all.sort_by_key(|(on, _, _)| *on);
    let lines = all.into_iter().take(PLANNED_MAX).map(|(on, holder, what)| Planned {
        on: pages::date(on),
        holder: holder.to_owned(),
        what,
    });
    Ok(lines.collect())
}

/// What is to come of certificates, whatever is past of it.
fn certificates(standing: &Standing) -> Vec<(NaiveDate, String)> {
    match standing.phase {
        Phase::Quiet | Phase::Alert | Phase::Forced => [
            (standing.opens_on, "the daily alerts begin, and they can be renewed"),
            (standing.forced_on, "they have to be renewed at log-in"),
            (standing.expires_on, "they expire"),
        ]
        .map(|(on, what)| (on, format!("Certificates: {what}")))
        .to_vec(),
        Phase::Expired | Phase::Suspended | Phase::Revoked => Vec::new(),
    }
}

fn words(what: What) -> &'static str {
    match what {
        What::AlertsBegin => "the daily alerts begin",
        What::Expires => "it expires and has to be changed at log-in",
        What::LockAnnounced => "a mail says when the account locks",
        What::AccountLocks => "the account is locked",
        What::Lapses => "it counts as not set",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_move_to_a_day_ends_an_hour_after_its_alerts_even_at_the_last_hour_of_the_day() {
        let day = "2027-01-10".parse().unwrap();
        for (alert_hour, ends) in [(22, "2027-01-10T23:00:00Z"), (23, "2027-01-11T00:00:00Z")] {
            let ends: DateTime<Utc> = ends.parse().unwrap();
            let policy = Policy { alert_hour, ..Policy::seed() };
            assert_eq!(after_alerts(day, &policy), ends, "{alert_hour}");
        }
    }
}
