//! Other numbers: what they would bring, and their publication as the next version. What was typed goes
//! along from page to page, so nothing is kept here until it is published.

use axum::{
    Form,
    extract::{Query, State},
    http::{StatusCode, header},
    response::{IntoResponse as _, Redirect, Response},
};
use chrono::{Days, NaiveDate};
use domain::{
    context::Context,
    ids::CommandId,
    policy::{InForce, NotPublishable, Policy, REASON_CHARACTERS_MAX},
    staff::StaffAct,
};
use serde::Deserialize;

use super::{
    super::{
        errors::PageError,
        html,
        view::{
            desk::form::capital,
            paths,
            policy::{
                Control, Field,
                simulate::{Hidden, Publish, Simulate, Simulated},
            },
            problem::ProblemKind,
            refusal::rule_link,
        },
        visitor::Desk,
    },
    RULE, changes,
    forecast::{Wanted, not_told, shown, working},
    frame, not_published,
};
use crate::{
    app::App,
    execute::{Actor, Cause},
    forecast::foretold::{self, Asked, Told},
    policies::{self, Next, PublishError},
    staff::{
        Member,
        acts::{PublishPolicy, SimulatePolicy},
    },
};

/// How many lines of the numbers are shown at a time.
const ROWS: u8 = 20;

/// With which numbers the form begins.
#[derive(Deserialize)]
pub(super) struct Begin {
    begin: Option<String>,
}

/// What is tried, as a form says it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Sent {
    numbers: String,
    from: String,
    after: String,
    days: String,
    people: String,
    line: String,
    organisation: String,
    step: String,
    command: String,
    reason: String,
}

/// What is tried, understood.
struct Draft {
    version: InForce,
    asked: Asked,
    /// The version that it begins with.
    after: u32,
}

/// What is wrong, field by field.
#[derive(Default)]
struct Faults {
    numbers: Vec<String>,
    from: Option<String>,
}

impl Sent {
    fn wanted(&self) -> Wanted {
        Wanted {
            days: self.days.clone(),
            people: self.people.clone(),
            line: self.line.clone(),
            organisation: self.organisation.clone(),
        }
    }

    /// `None` in place of faults if a field of the forecast is wrong, which says so itself.
    fn read(&self, app: &App) -> Result<Draft, Faults> {
        let mut faults = Faults::default();
        let policy = policies::parse(&self.numbers).map_err(|why| {
            // What there is besides is on the page of the latest version.
            let why = why.split(", expected one of").next().unwrap_or_default();
            faults.numbers.push(format!("These are no numbers of a policy: {why}"));
        });
        let from = self.from.trim().parse::<NaiveDate>().map_err(|_| {
            faults.from = Some("Enter a day, for example 2027-04-01".to_owned());
        });
        let after = self.after.parse().map_err(|_| {
            faults.numbers.push("Begin again with the numbers of the latest version".to_owned());
        });
        let (Ok(policy), Ok(from), Ok(after)) = (policy, from, after) else { return Err(faults) };
        match (app.policies_with(from, policy), self.wanted().asked()) {
            (Ok((_, version)), Some(asked)) => Ok(Draft { version, asked, after }),
            (Ok(_), None) => Err(faults),
            (Err(error), _) => {
                faults.add(&error);
                Err(faults)
            }
        }
    }

    /// Everything but the step, to be sent again.
    fn hidden(&self) -> Vec<Hidden> {
        let all = [
            ("numbers", &self.numbers),
            ("from", &self.from),
            ("after", &self.after),
            ("days", &self.days),
            ("people", &self.people),
            ("line", &self.line),
            ("organisation", &self.organisation),
        ];
        all.map(|(name, value)| Hidden { name, value: value.clone() }).to_vec()
    }
}

impl Faults {
    fn add(&mut self, error: &PublishError) {
        let rule = error.rule();
        let words =
            format!("{} ({}). {}", capital(&error.to_string()), rule.as_str(), error.way_out());
        match error {
            PublishError::Faults(faults) => self.numbers.extend(faults.iter().map(|fault| {
                format!("{} ({}): {}", fault.field, fault.rule.as_str(), fault.message)
            })),
            PublishError::NotPublishable(
                NotPublishable::NotInTheFuture | NotPublishable::NotTheLatest,
            ) => self.from = Some(words),
            PublishError::NotPublishable(
                NotPublishable::NotTheNextNumber
                | NotPublishable::OtherZone
                | NotPublishable::Inconsistent,
            )
            | PublishError::NoReason
            | PublishError::ClockInDoubt
            | PublishError::Conflict
            | PublishError::TooMany
            | PublishError::Failed(_) => self.numbers.push(words),
        }
    }
}

/// The form, with the numbers of the latest version or of a profile.
pub(super) async fn form(
    State(app): State<App>,
    Desk { member, .. }: Desk<SimulatePolicy>,
    Query(Begin { begin }): Query<Begin>,
) -> Result<Response, PageError> {
    let latest = app.policies().latest();
    let profile = match begin.as_deref() {
        None => latest.clone(),
        Some("strict") => Policy::strict(),
        Some("seed") => Policy::seed(),
        Some(_) => return Err(PageError::Problem(ProblemKind::NotFound)),
    };
    let policy = Policy { version: latest.version, zone: latest.zone, ..profile };
    let sent = Sent {
        numbers: policies::text(&policy)?,
        from: first_possible(&app).to_string(),
        after: latest.version.to_string(),
        ..Sent::default()
    };
    ask(&app, &member, &sent, None).await
}

/// B-14: tomorrow, or the day after the first day of a version that is still to come.
fn first_possible(app: &App) -> NaiveDate {
    let policies = app.policies();
    let today = Context { now: app.now(), policies }.today();
    let last = policies.all().filter_map(|(from, _)| from).next_back();
    let after = last.map_or(today, |last| last.max(today));
    after.checked_add_days(Days::new(1)).unwrap_or(NaiveDate::MAX)
}

async fn ask(
    app: &App,
    member: &Member,
    sent: &Sent,
    faults: Option<Faults>,
) -> Result<Response, PageError> {
    let was_sent = faults.is_some();
    let faults = faults.unwrap_or_default();
    let mut numbers =
        Field::new("numbers", "Numbers", Control::LongText { rows: ROWS }, &*sent.numbers)
            .with_hint("As TOML. The number of the version itself is given when it is published.");
    numbers.fault = (!faults.numbers.is_empty()).then(|| faults.numbers.join(". "));
    let mut from = Field::new("from", "First day", Control::Line { width: 10 }, &*sent.from)
        .with_hint("Tomorrow at the earliest, for example 2027-04-01");
    from.fault = faults.from;
    let mut fields = vec![numbers, from];
    fields.extend(sent.wanted().fields(was_sent));
    let page = Simulate {
        action: paths::POLICY_SIMULATE,
        numbers: paths::policy_version(app.policies().latest().version),
        hidden: vec![Hidden { name: "after", value: sent.after.clone() }],
        fields,
        cancel: paths::POLICY,
    };
    let is_faulty = page.is_faulty();
    let page = html(page.render(app.pages(), &frame(app, member).await?))?;
    Ok(if is_faulty { (StatusCode::UNPROCESSABLE_ENTITY, page).into_response() } else { page })
}

/// What they would bring, beside what the published versions bring.
pub(super) async fn simulate(
    State(app): State<App>,
    Desk { member, .. }: Desk<SimulatePolicy>,
    Form(sent): Form<Sent>,
) -> Result<Response, PageError> {
    if sent.step == "edit" {
        return ask(&app, &member, &sent, None).await;
    }
    let draft = match sent.read(&app) {
        Ok(draft) => draft,
        Err(faults) => return ask(&app, &member, &sent, Some(faults)).await,
    };
    let (act, version) = (StaffAct::SimulatePolicy, Some(draft.version.clone()));
    let told = app.foretell(&member, act, &draft.asked, version).await.map_err(not_told)?;
    if let (Told::Both(now, then), "table") = (&told, sent.step.as_str()) {
        return Ok(table(&foretold::table(&[("published", now), ("with the new version", then)])));
    }
    let before = app.policies().latest();
    let page = Simulated {
        from: pages::date(draft.version.from),
        changes: changes("What would change", before, &draft.version.policy)?,
        working: working(&told),
        told: shown(&app, &told, &sent.wanted()),
        hidden: sent.hidden(),
        simulate: paths::POLICY_SIMULATE,
        check: paths::POLICY_CHECK,
        cancel: paths::POLICY,
    };
    html(page.render(app.pages(), &frame(&app, &member).await?))
}

fn table(text: &str) -> Response {
    let kind = [(header::CONTENT_TYPE, "text/csv; charset=utf-8; header=present")];
    let name = [(header::CONTENT_DISPOSITION, "attachment; filename=\"simulation.csv\"")];
    (kind, name, text.to_owned()).into_response()
}

/// Whether they are to be published.
pub(super) async fn check(
    State(app): State<App>,
    Desk { member, .. }: Desk<PublishPolicy>,
    Form(sent): Form<Sent>,
) -> Result<Response, PageError> {
    match sent.read(&app) {
        Ok(draft) if draft.after != app.policies().latest().version => {
            Err(not_published(PublishError::Conflict))
        }
        Ok(draft) => {
            let command = app.entropy().command_id(app.now());
            confirm(&app, &member, &sent, &draft, command, None).await
        }
        Err(faults) => ask(&app, &member, &sent, Some(faults)).await,
    }
}

async fn confirm(
    app: &App,
    member: &Member,
    sent: &Sent,
    draft: &Draft,
    command: CommandId,
    fault: Option<String>,
) -> Result<Response, PageError> {
    let before = app.policies().latest();
    let policy = &draft.version.policy;
    let mut hidden = sent.hidden();
    hidden.push(Hidden { name: "command", value: command.0.to_string() });
    let mut reason =
        Field::new("reason", "Why is it changed?", Control::LongText { rows: 3 }, &*sent.reason)
            .with_hint(format!(
                "A sentence, at most {REASON_CHARACTERS_MAX} characters. It is recorded for ever: name nobody."
            ));
    reason.fault = fault;
    let days = policy.alert_days;
    let page = Publish {
        number: policy.version,
        from: pages::date(draft.version.from),
        changes: changes("What changes", before, policy)?,
        notice: format!("{days} {}", if days == 1 { "day" } else { "days" }),
        rule: rule_link(RULE.as_str()),
        action: paths::POLICY_PUBLISH,
        hidden,
        fields: vec![reason],
        button: format!("Publish version {}", policy.version),
        cancel: paths::POLICY,
    };
    let is_faulty = page.is_faulty();
    let page = html(page.render(app.pages(), &frame(app, member).await?))?;
    Ok(if is_faulty { (StatusCode::UNPROCESSABLE_ENTITY, page).into_response() } else { page })
}

/// Publishes them. The same form a second time publishes nothing more.
pub(super) async fn publish(
    State(app): State<App>,
    Desk { member, warrant, .. }: Desk<PublishPolicy>,
    Form(sent): Form<Sent>,
) -> Result<Response, PageError> {
    let bad = || PageError::Problem(ProblemKind::BadRequest);
    let command = sent.command.parse().map(CommandId).map_err(|_| bad())?;
    let after: u32 = sent.after.parse().map_err(|_| bad())?;
    let from: NaiveDate = sent.from.trim().parse().map_err(|_| bad())?;
    let policy = policies::parse(&sent.numbers).map_err(|_| bad())?;
    let next = Next { from, policy, after: Some(after) };
    // A browser sends the ends of lines as two characters.
    let reason = sent.reason.split_whitespace().collect::<Vec<_>>().join(" ");
    let published =
        app.publish_policy(Actor::from(&warrant), Cause::first(command), next, &reason).await;
    match published {
        Ok(version) => {
            let address = format!("{}?published={version}", paths::POLICY);
            Ok(Redirect::to(&address).into_response())
        }
        Err(PublishError::NoReason) => {
            let draft = sent.read(&app).map_err(|_| bad())?;
            let fault = Some(capital(&PublishError::NoReason.to_string()));
            confirm(&app, &member, &sent, &draft, command, fault).await
        }
        Err(error) => Err(not_published(error)),
    }
}
