//! Pages for auditors: the history of the log, and how a holder stood at any instant.

use axum::{
    extract::{Query, State},
    response::Response,
};
use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta, Utc};
use domain::{calendar, desk::View, expiry::What, holder::Holder, ids::HolderId, staff::StaffAct};
use pages::Link;
use projections::{HistoryEvent, HistoryPage};
use serde::Deserialize;

use super::{
    errors::PageError,
    frame_for, html,
    view::{
        audit::{
            Event, Field, History,
            holder::{Act, Holder as HolderView, Line, Stood, ToCome},
            in_words,
            life_line::LifeLine,
        },
        paths,
        problem::ProblemKind,
        refusal::{RefusalView, rule_link},
    },
    visitor::{Desk, DeskFor},
};
use crate::{
    app::App,
    audit::{
        explain::{Answered, Explained, Explanation},
        facts::{Fact, Topic},
        looking::{self, LookError},
        question::{Fault, Question, Understood, cursor_text},
        state::text,
        story::Story,
    },
    desk::sheet,
    staff::acts::SeeHistory,
};

/// Events on a page.
const EVENTS: u32 = 20;

/// The history, with the form that asks for it.
pub(super) async fn history(
    State(app): State<App>,
    Desk { member, .. }: Desk<SeeHistory>,
    Query(question): Query<Question>,
) -> Result<Response, PageError> {
    let (found, faults) = match question.understand(app.policies()) {
        Ok(Understood { filter, before, limit }) => {
            let limit = limit.unwrap_or(EVENTS);
            let page = looking::history(&app, &member, filter, before, limit).await;
            (page.map_err(not_seen)?, vec![])
        }
        Err(faults) => (HistoryPage { events: vec![], older: None }, faults),
    };
    let with = |before| Question { before, ..question.clone() };
    let address = |question: &Question| match question.query() {
        query if query.is_empty() => paths::AUDIT.to_owned(),
        query => format!("{}?{query}", paths::AUDIT),
    };
    let about_one = [&question.holder, &question.card, &question.run];
    let is_about_one =
        about_one.iter().any(|one| one.as_deref().is_some_and(|text| !text.trim().is_empty()));
    let page = History {
        action: paths::AUDIT,
        fields: fields(&question, &faults),
        events: found.events.into_iter().map(|event| shown(&app, event)).collect(),
        newest: question.before.as_ref().map(|_| address(&with(None))),
        older: found.older.map(|older| address(&with(Some(cursor_text(older))))),
        table: format!("/api/audit/history.csv?{}", question.query()),
        export: looking::sees_everything(&app, &member, StaffAct::ExportLog)
            .then_some("/api/audit/export"),
        left_out: (!is_about_one).then_some(
            "What is about you, and what you did yourself as staff, is left out: nobody is auditor of his own record.",
        ),
    };
    html(page.render(app.pages(), &frame_for(&app, member.session(), None).await?))
}

fn not_seen(error: LookError) -> PageError {
    match error {
        LookError::Refused(refusal) => PageError::Forbidden(Box::new(RefusalView::from(&refusal))),
        LookError::NoSuchPerson => PageError::Problem(ProblemKind::NotFound),
        LookError::NotAll => PageError::Forbidden(Box::new(RefusalView {
            rule: Some(rule_link("B-59")),
            why: "The whole log is for auditors of the root organisation".to_owned(),
            facts: Vec::new(),
            changes_on: None,
            way_out: "Look at the history of the people of your organisation.".to_owned(),
        })),
        LookError::NotYet => PageError::Refused(Box::new(RefusalView {
            rule: None,
            why: "This instant has not come yet".to_owned(),
            facts: Vec::new(),
            changes_on: None,
            way_out: "Enter a day and a time that have come.".to_owned(),
        })),
        LookError::Failed(error) => PageError::Failed(error),
    }
}

fn fields(question: &Question, faults: &[Fault]) -> Vec<Field> {
    let field = |name, label, hint, value: &Option<String>| Field {
        name,
        label,
        hint,
        value: value.clone().unwrap_or_default(),
        fault: faults.iter().find(|fault| fault.field == name).map(|fault| fault.message),
    };
    vec![
        field("holder", "Holder", "The id of a person", &question.holder),
        field("card", "Smartcard", "A serial number", &question.card),
        field("staff", "Done by a member of staff", "The id of a person", &question.staff),
        field("rule", "Rule", "For example, P-18", &question.rule),
        field("run", "Workflow run", "The id of the command that began it", &question.run),
        field("kind", "Type of event", "For example, PasscodeSet", &question.kind),
        field("actor", "Done by", "holder, staff, system or operator", &question.actor),
        field("from", "From", "A day, for example 2026-03-02", &question.from),
        field("to", "Until", "A day, which is included", &question.to),
    ]
}

fn shown(app: &App, event: HistoryEvent) -> Event {
    let found_by =
        |name: &str, value: String| Link::new(format!("{}?{name}={value}", paths::AUDIT), value);
    Event {
        title: in_words(&event.kind),
        at: event.at.to_rfc3339(),
        when: pages::date_and_time(event.at, &app.policies().zone()),
        by: event.actor,
        holder: event
            .holder
            .map(|id| Link::new(paths::audit_holder(&id.to_string()), id.to_string())),
        card: event.card.map(|card| found_by("card", card)),
        staff: event.staff.map(|id| found_by("staff", id.to_string())),
        run: event.run.map(|run| found_by("run", run.to_string())),
        rules: event.rules.iter().map(|rule| rule_link(rule)).collect(),
        policy: event.policy,
        position: event.position.0,
    }
}

/// As of when.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct When {
    day: String,
    time: String,
}

/// One holder as of an instant.
pub(super) async fn holder(
    State(app): State<App>,
    DeskFor { member, mandate, .. }: DeskFor<SeeHistory>,
    Query(when): Query<When>,
) -> Result<Response, PageError> {
    let id = mandate.holder();
    let (at, fault) = match instant(&app, &when) {
        Ok(at) => (Some(at), None),
        Err(fault) => (None, Some(fault)),
    };
    let stood = match at {
        Some(at) => {
            let story = looking::story(&app, &mandate, Some(at)).await.map_err(not_seen)?;
            stood(&story)?
        }
        None => None,
    };
    let fault = fault.or_else(|| stood.is_none().then_some("The log begins later than this"));
    sheet::note_viewed(&app, &mandate, View::Name).await?;
    let person = app.stores().vault.person(id).await?;
    let page = HolderView {
        name: person.map(|person| person.name),
        id: id.to_string(),
        action: paths::audit_holder(&id.to_string()),
        day: when.day,
        time: when.time,
        fault,
        stood,
        history: format!("{}?holder={id}", paths::AUDIT),
    };
    html(page.render(app.pages(), &frame_for(&app, member.session(), None).await?))
}

/// The instant that was asked for; now if none was. Without a time, the last one of the day, but
/// never one that has not come.
fn instant(app: &App, when: &When) -> Result<DateTime<Utc>, &'static str> {
    const FAULT: &str = "Enter a day that has come, such as 2026-03-02, and a time such as 14:30";
    let (now, zone) = (app.now(), app.policies().zone());
    let (day, time) = (when.day.trim(), when.time.trim());
    if day.is_empty() && time.is_empty() {
        return Ok(now);
    }
    let day: NaiveDate = day.parse().map_err(|_| FAULT)?;
    let begins = calendar::start_of(day, zone);
    let at = if time.is_empty() {
        let next = day.checked_add_days(Days::new(1)).ok_or(FAULT)?;
        (calendar::start_of(next, zone) - TimeDelta::microseconds(1)).min(now.max(begins))
    } else {
        let time = NaiveTime::parse_from_str(time, "%H:%M").map_err(|_| FAULT)?;
        at_time(day, time, app)
    };
    if at <= now { Ok(at) } else { Err(FAULT) }
}

/// The hour as the clocks first show it, and so many minutes.
fn at_time(day: NaiveDate, time: NaiveTime, app: &App) -> DateTime<Utc> {
    use chrono::Timelike as _;
    let hour = u8::try_from(time.hour()).unwrap_or_default();
    let hour = calendar::at_hour(day, hour, app.policies().zone());
    hour + TimeDelta::minutes(time.minute().into())
}

/// Everything about that instant; `None` if the log begins later.
fn stood(story: &Story) -> anyhow::Result<Option<Stood>> {
    let Ok(context) = story.context() else { return Ok(None) };
    let (policy, zone) = (context.policy(), context.policies.zone());
    let lines = sheet::lines(&context, &story.state).into_iter();
    let explained = Explained::of(story)?;
    Ok(Some(Stood {
        at: pages::date_and_time(story.at, &zone),
        policy: format!("version {} of the policy, “{}”", policy.version, policy.name),
        life: story.picture()?.as_ref().map(LifeLine::new),
        lines: lines
            .map(|line| Line {
                about: in_sentence(line.about),
                words: line.words,
                rule: rule_link(line.rule.as_str()),
                facts: facts(story, line.about).iter().map(|fact| words(fact, &zone)).collect(),
            })
            .collect(),
        scheduled: scheduled(&context, &story.state),
        acts: explained.acts.into_iter().map(|one| act(one, &zone)).collect(),
        document: document(story.holder, story.at),
    }))
}

fn document(holder: HolderId, at: DateTime<Utc>) -> String {
    format!("/api/audit/holders/{holder}/as-of?at={}", text(at))
}

/// `smartcard_passcode` is "Smartcard passcode".
fn in_sentence(about: &str) -> String {
    let words = about.replace('_', " ");
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// What a line of the record rests on.
fn facts(story: &Story, about: &str) -> Vec<Fact> {
    match about {
        "smartcard_passcode" => story.facts.about_passcode("smartcard"),
        "account_recovery_passcode" => story.facts.about_passcode("account_recovery"),
        "verification_passcode" => story.facts.about_passcode("verification"),
        "card" => story.facts.about(&[Topic::Card]),
        "certificates" | "renewals" | "card_update" => story.facts.about(&[Topic::Certificates]),
        "self_service" | "questions" => story.facts.about(&[Topic::SelfService]),
        "unlock" | "recovery_check" => story.facts.about(&[Topic::Unlock, Topic::Puk]),
        _ => story.facts.about(&[Topic::Person]),
    }
}

fn words<Zone: chrono::TimeZone>(fact: &Fact, zone: &Zone) -> String {
    let when = pages::date_and_time(fact.at, zone);
    format!("{}, {when}, place {}", in_words(&fact.kind), fact.position.0)
}

fn scheduled(context: &domain::context::Context<'_>, holder: &Holder) -> Vec<ToCome> {
    let all = domain::expiry::schedule(context, holder);
    let to_come = all.into_iter().map(|one| {
        let (what, rule) = match one.what {
            What::AlertsBegin => ("Alerts begin for the", "P-14"),
            What::Expires => ("A change is forced of the", "P-17"),
            What::LockAnnounced => ("The lock is announced because of the", "B-15"),
            What::AccountLocks => ("The account locks because of the", "P-18"),
            What::Lapses => ("Counts as not set from then on: the", "B-21"),
        };
        let what = format!("{what} {}", one.kind.words());
        ToCome { on: pages::date(one.on), what, rule: rule_link(rule) }
    });
    let certificates = holder.certificates(context).into_iter().flat_map(|standing| {
        [
            (standing.opens_on, "The certificates can be renewed, and alerts begin", "C-05"),
            (standing.forced_on, "The certificates have to be renewed", "C-07"),
            (standing.expires_on, "The certificates expire", "B-52"),
        ]
    });
    let today = context.today();
    let certificates = certificates.filter(|(on, _, _)| today <= *on).map(|(on, what, rule)| {
        ToCome { on: pages::date(on), what: what.to_owned(), rule: rule_link(rule) }
    });
    to_come.chain(certificates).collect()
}

fn act<Zone: chrono::TimeZone>(one: Explanation, zone: &Zone) -> Act {
    Act {
        act: one.act.words(),
        answer: match one.answer {
            Answered::Allowed => "Allowed",
            Answered::Restricted => "Allowed, but restricted",
            Answered::Refused => "Refused",
        },
        rule: one.rule.map(|rule| rule_link(rule.as_str())),
        why: one.why,
        changes: one
            .changes_at
            .map(|at| pages::date_and_time(at, zone))
            .or_else(|| one.changes_on.map(pages::date)),
        way_out: one.way_out,
    }
}
