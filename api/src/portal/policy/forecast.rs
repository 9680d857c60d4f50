//! What the coming days bring, under the versions that are published.

use axum::{
    extract::{Query, State},
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use domain::{
    forecast::{DAYS_MAX, People},
    ids::OrganisationCode,
    staff::StaffAct,
};
use pages::Link;
use serde::Deserialize;

use super::{
    super::{
        errors::PageError,
        html,
        view::{
            desk::list::Cell,
            paths,
            policy::{Choice, Control, Field, Forecast, told::Told as ToldView},
            refusal::{RefusalView, rule_link},
        },
        visitor::Desk,
    },
    frame,
};
use crate::{
    app::App,
    forecast::{
        foretold::{Asked, NotTold, Told},
        periods::Length,
    },
    staff::acts::SeePolicy,
};

/// Days that are looked at, unless asked for otherwise.
pub(super) const DAYS: u16 = 400;

/// The name of [`People::EverybodyRenewsWhenForced`] in forms.
const RENEWING: &str = "renewing";

/// The name of [`People::NobodyActs`] in forms.
const NOBODY: &str = "nobody";

/// The name of [`Length::Week`] in forms.
const WEEK: &str = "week";

/// The name of [`Length::Month`] in forms.
const MONTH: &str = "month";

/// What is asked, as a form says it. Empty is the same as left out.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Wanted {
    pub(super) days: String,
    pub(super) people: String,
    pub(super) line: String,
    pub(super) organisation: String,
}

impl Wanted {
    fn days(&self) -> Option<u16> {
        let text = self.days.trim();
        let days = if text.is_empty() { Some(DAYS) } else { text.parse().ok() };
        days.filter(|days| (1..=DAYS_MAX).contains(days))
    }

    fn people(&self) -> People {
        if self.people == RENEWING { People::EverybodyRenewsWhenForced } else { People::NobodyActs }
    }

    pub(super) fn length(&self) -> Length {
        if self.line == WEEK { Length::Week } else { Length::Month }
    }

    fn organisation(&self) -> Result<Option<OrganisationCode>, ()> {
        let code = self.organisation.trim().to_uppercase();
        if code.is_empty() { Ok(None) } else { code.parse().map(Some).map_err(|_| ()) }
    }

    /// `None` if a field says nothing that can be asked.
    pub(super) fn asked(&self) -> Option<Asked> {
        let (days, organisation) = (self.days()?, self.organisation().ok()?);
        Some(Asked { days, people: self.people(), organisation })
    }

    /// What is asked, and what is wrong with it.
    pub(super) fn fields(&self, was_sent: bool) -> Vec<Field> {
        let (people, line) = (people_name(self.people()), length_name(self.length()));
        let days = if self.days.is_empty() { DAYS.to_string() } else { self.days.clone() };
        let mut days =
            Field::new("days", "Days, today the first", Control::Line { width: 4 }, days)
                .with_hint(format!("1 to {DAYS_MAX}"));
        days.fault = (was_sent && self.days().is_none())
            .then(|| format!("Enter a number of days from 1 to {DAYS_MAX}"));
        let mut organisation = Field::new(
            "organisation",
            "Organisation",
            Control::Line { width: 10 },
            &*self.organisation,
        )
        .with_hint("A code, for example RXA. Without one, everybody you may look at.");
        organisation.fault = (was_sent && self.organisation().is_err())
            .then(|| "Enter the code of an organisation, for example RXA".to_owned());
        let choose = |id, label, choices: [(&'static str, &'static str); 2], value: &str| {
            let choices = choices.map(|(value, text)| Choice { value, text }).to_vec();
            Field::new(id, label, Control::Choice { choices }, value)
        };
        vec![
            days,
            choose(
                "people",
                "What is assumed of people",
                [
                    (NOBODY, "Nobody changes or renews anything"),
                    (RENEWING, "Everybody does on the day on which it is forced"),
                ],
                people,
            ),
            choose("line", "A line for each", [(MONTH, "Month"), (WEEK, "Week")], line),
            organisation,
        ]
    }

    /// The same page, of what was understood.
    fn again(&self, asked: &Asked) -> String {
        let people = people_name(asked.people);
        let (days, line) = (asked.days, length_name(self.length()));
        let of = asked.organisation.as_ref().map(|code| format!("&organisation={code}"));
        let query = format!("days={days}&people={people}&line={line}{}", of.unwrap_or_default());
        format!("{}?{query}", paths::POLICY_FORECAST)
    }
}

fn people_name(people: People) -> &'static str {
    match people {
        People::NobodyActs => NOBODY,
        People::EverybodyRenewsWhenForced => RENEWING,
    }
}

fn length_name(length: Length) -> &'static str {
    match length {
        Length::Week => WEEK,
        Length::Month => MONTH,
    }
}

/// The same for programs.
fn query(asked: &Asked) -> String {
    let people = match asked.people {
        People::NobodyActs => "nobody_acts",
        People::EverybodyRenewsWhenForced => "everybody_renews_when_forced",
    };
    let of = asked.organisation.as_ref().map(|code| format!("&organisation={code}"));
    format!("days={}&people={people}{}", asked.days, of.unwrap_or_default())
}

/// The page.
pub(super) async fn page(
    State(app): State<App>,
    Desk { member, .. }: Desk<SeePolicy>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, PageError> {
    let asked = wanted.asked();
    let told = match &asked {
        Some(asked) => {
            let told = app.foretell(&member, StaffAct::SeePolicy, asked, None).await;
            Some(told.map_err(not_told)?)
        }
        None => None,
    };
    let query = asked.as_ref().map(query).unwrap_or_default();
    let page = Forecast {
        action: paths::POLICY_FORECAST,
        fields: wanted.fields(true),
        working: told.as_ref().and_then(working),
        again: asked.as_ref().map(|asked| wanted.again(asked)).unwrap_or_default(),
        told: told.and_then(|told| shown(&app, &told, &wanted)),
        table: format!("/api/policy/forecast.csv?{query}"),
        document: format!("/api/policy/forecast?{query}"),
    };
    let is_faulty = page.is_faulty();
    let page = html(page.render(app.pages(), &frame(&app, &member).await?))?;
    Ok(if is_faulty { (StatusCode::UNPROCESSABLE_ENTITY, page).into_response() } else { page })
}

/// How far it has come.
pub(super) fn working(told: &Told) -> Option<String> {
    match told {
        Told::Working { n_done: 0 } => Some("It is being worked out.".to_owned()),
        Told::Working { n_done } => {
            Some(format!("It is being worked out: {n_done} people were looked at so far."))
        }
        Told::Published(_) | Told::Both(_, _) => None,
    }
}

/// What is told, as pages show it; nothing while it is being worked out.
pub(super) fn shown(app: &App, told: &Told, wanted: &Wanted) -> Option<ToldView> {
    let (now, then) = match told {
        Told::Working { .. } => return None,
        Told::Published(now) => (now, None),
        Told::Both(now, then) => (now, Some(then.as_ref())),
    };
    let tree = app.organisations();
    let named = |code: &OrganisationCode| {
        let name =
            tree.name(code).map_or_else(|| code.to_string(), |name| format!("{name} ({code})"));
        Cell::link(format!("{}?organisation={code}", paths::POLICY_FORECAST), name)
    };
    Some(ToldView::new(now, then, wanted.length(), &named))
}

/// Why there is no forecast.
pub(super) fn not_told(error: NotTold) -> PageError {
    let back = Link::new(paths::POLICY_FORECAST, "Ask for another forecast");
    match error {
        NotTold::Refused(refusal) => {
            let refusal = domain::refusal::Refusal::from(refusal);
            PageError::Forbidden(Box::new(RefusalView::from(&refusal)))
        }
        NotTold::Nobody(code) => {
            let view = RefusalView {
                rule: Some(rule_link("B-59")),
                why: format!("Nobody is assigned to organisation {code} itself"),
                facts: Vec::new(),
                changes_on: None,
                way_out: "Ask for an organisation to which people are assigned, or for everybody."
                    .to_owned(),
            };
            PageError::RefusedFor(Box::new(view), back)
        }
        NotTold::Failed(error) => PageError::Failed(error),
    }
}
