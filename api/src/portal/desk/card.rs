//! A smartcard that is suspended, good again, lost or stolen (B-57).

use axum::{extract::State, response::Response};
use chrono::{DateTime, NaiveDate, NaiveTime, TimeZone as _, Utc};
use domain::{
    desk::{self, Loss, SuspensionReason},
    refusal::Refusal,
};
use serde::Deserialize;

use super::{
    super::{
        errors::PageError,
        view::{
            desk::form::{Control, Field, choices, chosen},
            paths,
        },
        visitor::DeskFor,
    },
    At, Words,
    done::Done,
    sent::Sent,
};
use crate::{
    app::App,
    desk::card,
    execute::ExecuteError,
    staff::acts::{Reinstate, ReportLost, Suspend},
};

/// Why, as a form says it.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Reason {
    pub(super) reason: String,
}

/// B-57: the form.
pub(super) async fn suspend_page(
    State(app): State<App>,
    desk: DeskFor<Suspend>,
) -> Result<Response, PageError> {
    ask_suspend(&At::the(&app, &desk), false).await
}

/// B-57: the certificates are good for nothing until it is ended.
pub(super) async fn suspend(
    State(app): State<App>,
    desk: DeskFor<Suspend>,
    sent: Sent<Reason>,
) -> Result<Response, PageError> {
    let at = At::the(&app, &desk);
    let Some(reason) = why(&sent.form.reason) else { return ask_suspend(&at, true).await };
    let Some(cause) = at.cause(&sent).await? else { return ask_suspend(&at, false).await };
    match card::suspend(&app, &desk.mandate, cause, reason).await {
        Ok(()) => Ok(at.done(Done::Suspend)),
        Err(error) => at.not_done(error).await,
    }
}

fn why(text: &str) -> Option<SuspensionReason> {
    chosen(&SuspensionReason::AT_DESK, SuspensionReason::as_str, text)
}

async fn ask_suspend(at: &At<'_>, was_sent: bool) -> Result<Response, PageError> {
    let words = Words {
        title: "Suspend certificates",
        says: vec![
            "The certificates on this smartcard stop working at once, everywhere, until the registration authority ends the suspension. All sessions of the person end.".to_owned(),
        ],
        warnings: Vec::new(),
        button: "Suspend the certificates",
    };
    let all = &SuspensionReason::AT_DESK;
    let choices = choices(all, SuspensionReason::as_str, SuspensionReason::words);
    let field = Field::radios("reason", "Why?", choices);
    at.ask(paths::SUSPEND, words, vec![field.faulty_if(was_sent, "Select why")]).await
}

/// B-57: the form.
pub(super) async fn reinstate_page(
    State(app): State<App>,
    desk: DeskFor<Reinstate>,
) -> Result<Response, PageError> {
    ask_reinstate(&At::the(&app, &desk)).await
}

async fn ask_reinstate(at: &At<'_>) -> Result<Response, PageError> {
    let words = Words {
        title: "End the suspension of certificates",
        says: vec![
            "Make sure that the person has this smartcard. Its certificates work again at once."
                .to_owned(),
        ],
        warnings: Vec::new(),
        button: "End the suspension",
    };
    at.ask(paths::REINSTATE, words, Vec::new()).await
}

/// B-57: they are good again.
pub(super) async fn reinstate(
    State(app): State<App>,
    desk: DeskFor<Reinstate>,
    sent: Sent<Nothing>,
) -> Result<Response, PageError> {
    let at = At::the(&app, &desk);
    let Some(cause) = at.cause(&sent).await? else { return ask_reinstate(&at).await };
    match card::reinstate(&app, &desk.mandate, cause).await {
        Ok(()) => Ok(at.done(Done::Reinstate)),
        Err(error) => at.not_done(error).await,
    }
}

/// A form in which nothing is asked.
#[derive(Deserialize)]
pub(super) struct Nothing {}

/// A smartcard that is gone, as a form says it.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct LostCard {
    loss: String,
    #[serde(rename = "lost[day]")]
    day: String,
    #[serde(rename = "lost[month]")]
    month: String,
    #[serde(rename = "lost[year]")]
    year: String,
    time: String,
}

impl LostCard {
    fn loss(&self) -> Option<Loss> {
        chosen(&Loss::ALL, Loss::as_str, &self.loss)
    }

    fn day(&self) -> Option<NaiveDate> {
        let has_century = self.year.trim().len() == 4;
        let (year, month) = (self.year.trim().parse().ok()?, self.month.trim().parse().ok()?);
        let day = NaiveDate::from_ymd_opt(year, month, self.day.trim().parse().ok()?);
        day.filter(|_| has_century)
    }

    fn time(&self) -> Option<NaiveTime> {
        NaiveTime::parse_from_str(self.time.trim(), "%H:%M").ok()
    }

    /// B-07: an hour that the clocks showed twice is the first of the two; one that they did not show
    /// is none.
    fn lost_at(&self, app: &App) -> Option<DateTime<Utc>> {
        let local = self.day()?.and_time(self.time()?);
        let at = app.policy().zone.from_local_datetime(&local).earliest()?;
        Some(at.with_timezone(&Utc))
    }

    fn fields(&self, app: &App, asked: Asked) -> Vec<Field> {
        let (was_sent, refused) = match asked {
            Asked::First => (false, None),
            Asked::Again(refused) => (true, refused),
        };
        let choices = choices(&Loss::ALL, Loss::as_str, Loss::words);
        let parts = [self.day.clone(), self.month.clone(), self.year.clone()];
        let has_day = self.day().is_some();
        let no_day = "Enter a day, with the year in four digits".to_owned();
        let wrong_day = refused.map_or(no_day, |why| format!("{why}. {}", why.way_out()));
        vec![
            Field::radios("loss", "What has become of it?", choices)
                .with_value(self.loss.as_str())
                .faulty_if(was_sent && self.loss().is_none(), "Select what has become of it"),
            Field::new("lost", "On which day was it seen last?", Control::Day { parts })
                .with_hint("For example, 27 3 2026")
                .faulty_if(was_sent && (!has_day || refused.is_some()), wrong_day),
            Field::text("time", "At what time?", 5)
                .with_hint("As a clock with 24 hours shows it, for example 14:30")
                .with_value(self.time.as_str())
                .faulty_if(
                    was_sent && has_day && self.lost_at(app).is_none(),
                    "Enter a time such as 14:30",
                ),
        ]
    }
}

/// How often the form of a loss is shown.
#[derive(Clone, Copy)]
enum Asked {
    /// For the first time.
    First,
    /// Again, because something is missing, or because of this.
    Again(Option<desk::Refusal>),
}

/// B-57: the form.
pub(super) async fn report_lost_page(
    State(app): State<App>,
    desk: DeskFor<ReportLost>,
) -> Result<Response, PageError> {
    ask_report_lost(&At::the(&app, &desk), &LostCard::default(), Asked::First).await
}

/// B-57: the smartcard is out of use, at once.
pub(super) async fn report_lost(
    State(app): State<App>,
    desk: DeskFor<ReportLost>,
    sent: Sent<LostCard>,
) -> Result<Response, PageError> {
    let at = At::the(&app, &desk);
    let form = &sent.form;
    let (Some(loss), Some(lost_at)) = (form.loss(), form.lost_at(&app)) else {
        return ask_report_lost(&at, form, Asked::Again(None)).await;
    };
    let Some(cause) = at.cause(&sent).await? else {
        return ask_report_lost(&at, form, Asked::First).await;
    };
    match card::report_lost(&app, &desk.mandate, cause, loss, lost_at).await {
        Ok(()) => Ok(at.done(Done::ReportLost)),
        // What was typed is kept.
        Err(ExecuteError::Refused(Refusal::Desk(
            why @ (desk::Refusal::NotYet | desk::Refusal::BeforeIssue),
        ))) => ask_report_lost(&at, form, Asked::Again(Some(why))).await,
        Err(error) => at.not_done(error).await,
    }
}

async fn ask_report_lost(
    at: &At<'_>,
    sent: &LostCard,
    asked: Asked,
) -> Result<Response, PageError> {
    let words = Words {
        title: "Report a smartcard as lost or stolen",
        says: vec!["If it may turn up again, suspend its certificates instead.".to_owned()],
        warnings: vec![
            "Both certificates on the smartcard are revoked at once, everywhere.",
            "The smartcard is out of use for ever, even if it is found.",
            "All sessions of the person end. The person needs another smartcard.",
        ],
        button: "Report the smartcard",
    };
    at.ask(paths::REPORT_LOST, words, sent.fields(at.app, asked)).await
}
