//! What the coming days bring, under the versions that are published, and under other numbers.

use axum::{
    Json,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse as _, Response},
};
use chrono::NaiveDate;
use domain::{
    forecast::{Counts, DAYS_MAX, People, Trip, What},
    ids::OrganisationCode,
    staff::StaffAct,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};

use super::{
    super::{
        extract::{Desk, Query, Sent},
        problem::Problem,
    },
    NumberChanged, changes, with,
};
use crate::{
    app::App,
    forecast::{
        foretold::{self, Asked, Foretold, Told},
        summary::{OfOrganisation, Peak},
    },
    not_ready,
    staff::{
        Member,
        acts::{SeePolicy, SimulatePolicy},
    },
};

/// Days that are looked at, unless asked for otherwise.
const DAYS: u16 = 400;

const _: () = assert!(DAYS_MAX == 800);

/// Which forecast.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::rest) struct ForecastWanted {
    /// Days, today the first; 400 if it is left out.
    #[param(nullable = false, minimum = 1, maximum = 800)]
    days: Option<u16>,
    /// What is assumed of people; that nobody acts if it is left out.
    #[param(inline, nullable = false)]
    people: Option<PeopleAssumed>,
    /// Of whom; everybody who may be looked at if it is left out.
    #[param(value_type = Option<String>, nullable = false, pattern = "^[A-Z0-9]{1,12}$")]
    organisation: Option<OrganisationCode>,
}

/// What is assumed of people.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum PeopleAssumed {
    /// Nobody changes or renews anything.
    NobodyActs,
    /// Everybody does on the day on which it is forced.
    EverybodyRenewsWhenForced,
}

/// `None` if so many days are not looked at.
fn asked(
    days: Option<u16>,
    people: Option<PeopleAssumed>,
    organisation: Option<OrganisationCode>,
) -> Option<Asked> {
    let days = days.unwrap_or(DAYS);
    let people = match people {
        None | Some(PeopleAssumed::NobodyActs) => People::NobodyActs,
        Some(PeopleAssumed::EverybodyRenewsWhenForced) => People::EverybodyRenewsWhenForced,
    };
    (1..=DAYS_MAX).contains(&days).then_some(Asked { days, people, organisation })
}

fn not_so_many() -> Problem {
    Problem::of(StatusCode::UNPROCESSABLE_ENTITY)
        .because(format!("`days` goes from 1 to {DAYS_MAX}."))
        .but("Ask for so many days.")
}

/// What the coming days bring.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::rest) struct ForecastTold {
    /// Of whom; everybody if there is none.
    #[schema(required)]
    organisation: Option<String>,
    /// The version of the policy on the first day.
    version: u32,
    /// The first day.
    first_on: NaiveDate,
    /// Days.
    days: u16,
    /// What is assumed of people, in words.
    assumed: String,
    /// People who were counted.
    n_holders: u64,
    /// People of whom something could not be read; they are not counted.
    n_unreadable: u64,
    /// All days together.
    totals: DayCounts,
    /// The worst day of each kind of thing that happens.
    peaks: Vec<PeakTold>,
    /// The first days on which the breaker would stop the workflows; of everybody only.
    trips: Vec<TripTold>,
    /// All of those days.
    n_trips: usize,
    /// Those in which most people are forced or locked first, at most 100.
    organisations: Vec<OrganisationTold>,
    /// The days on which something happens.
    by_day: Vec<DayTold>,
}

/// How many people.
#[derive(Debug, Serialize, ToSchema)]
struct DayCounts {
    /// P-14, B-15: are alerted that passcodes are due.
    alerted: u32,
    /// P-17: a change of a passcode begins to be forced.
    forced: u32,
    /// P-18: the account is locked.
    locked: u32,
    /// B-21: have an optional passcode that counts as not set from then on.
    lapsed: u32,
    /// C-05: are alerted that their certificates end.
    certificate_alerted: u32,
    /// C-07: a renewal begins to be forced.
    certificate_forced: u32,
    /// C-04, B-51: are told that only the registration authority can renew.
    ra_required: u32,
    /// B-52: the certificates end.
    certificate_expired: u32,
    /// A change or a renewal, or both, begin to be forced: each counted once.
    forced_either: u32,
}

impl From<&Counts> for DayCounts {
    fn from(counts: &Counts) -> Self {
        Self {
            alerted: counts.alerted,
            forced: counts.forced,
            locked: counts.locked,
            lapsed: counts.lapsed,
            certificate_alerted: counts.certificate_alerted,
            certificate_forced: counts.certificate_forced,
            ra_required: counts.ra_required,
            certificate_expired: counts.certificate_expired,
            forced_either: counts.forced_either,
        }
    }
}

/// The worst day of a kind.
#[derive(Debug, Serialize, ToSchema)]
struct PeakTold {
    /// Of what: a name in `totals`.
    what: &'static str,
    /// The first such day.
    on: NaiveDate,
    /// How many.
    n: u32,
    /// The organisation with most of them on that day.
    #[schema(required)]
    organisation: Option<String>,
    /// How many there.
    n_there: u32,
}

/// A day on which the breaker would stop the workflows, and wait for the word of an operator.
#[derive(Debug, Serialize, ToSchema)]
struct TripTold {
    /// The day.
    on: NaiveDate,
    /// People who would be locked, or else forced, at one time of this day.
    effects: u32,
    /// The most that the policy of that day lets through.
    allowed: u64,
}

/// One organisation.
#[derive(Debug, Serialize, ToSchema)]
struct OrganisationTold {
    /// Its code.
    code: String,
    /// People assigned to it.
    n_holders: u64,
    /// All days together.
    totals: DayCounts,
    /// Its worst day, as the breaker counts.
    #[schema(required)]
    most_on: Option<NaiveDate>,
    /// How many on that day.
    n_most: u32,
}

/// A day.
#[derive(Debug, Serialize, ToSchema)]
struct DayTold {
    /// Which.
    on: NaiveDate,
    /// What happens.
    counts: DayCounts,
}

impl From<&Foretold> for ForecastTold {
    fn from(told: &Foretold) -> Self {
        let summary = &told.summary;
        let name = |code: &OrganisationCode| code.to_string();
        let peak = |peak: &Peak| PeakTold {
            what: What::name(peak.what),
            on: peak.on,
            n: peak.n,
            organisation: peak.organisation.as_ref().map(name),
            n_there: peak.n_there,
        };
        let trip = |Trip { on, effects, allowed }: &Trip| TripTold {
            on: *on,
            effects: *effects,
            allowed: *allowed,
        };
        let organisation = |one: &OfOrganisation| OrganisationTold {
            code: name(&one.code),
            n_holders: one.n_holders,
            totals: DayCounts::from(&one.totals),
            most_on: one.most.map(|(on, _)| on),
            n_most: one.most.map_or(0, |(_, n)| n),
        };
        let day = |(on, counts): (NaiveDate, &Counts)| DayTold { on, counts: counts.into() };
        Self {
            organisation: told.organisation.as_ref().map(name),
            version: summary.version,
            first_on: summary.first_on,
            days: summary.days,
            assumed: summary.assumed.clone(),
            n_holders: summary.n_holders,
            n_unreadable: summary.n_unreadable,
            totals: DayCounts::from(&summary.totals),
            peaks: summary.peaks.iter().map(peak).collect(),
            trips: summary.trips.iter().map(trip).collect(),
            n_trips: summary.n_trips,
            organisations: summary.organisations.iter().map(organisation).collect(),
            by_day: told.days().map(day).collect(),
        }
    }
}

/// It is being worked out.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::rest) struct ForecastWorking {
    /// People who were looked at so far.
    n_done: u64,
}

/// 202, and when to ask again.
fn working(n_done: u64) -> Response {
    let later = [(header::RETRY_AFTER, not_ready::RETRY_AFTER_SECS)];
    (StatusCode::ACCEPTED, later, Json(ForecastWorking { n_done })).into_response()
}

/// What the published versions bring, as far as it is worked out.
async fn told(app: &App, member: &Member, wanted: ForecastWanted) -> Result<Told, Problem> {
    let asked = asked(wanted.days, wanted.people, wanted.organisation);
    let asked = asked.ok_or_else(not_so_many)?;
    let told = app.foretell(member, StaffAct::SeePolicy, &asked, None).await;
    told.map_err(Problem::of_not_told)
}

/// B-14: what the published versions will bring to the people there are today. Nothing is recorded.
#[utoipa::path(get, path = "/policy/forecast", operation_id = "show_forecast", tag = "policy", params(ForecastWanted), security(("session" = [])), responses(
    (status = 200, description = "The forecast.", body = ForecastTold),
    (status = 202, description = "It is being worked out: ask again after the seconds of Retry-After.", body = ForecastWorking),
    (status = 401, description = "Nobody is logged in.",
        body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "B-58, B-59: no role of who asks allows it.",
        body = Problem, content_type = "application/problem+json"),
    (status = "default", description = "A problem.",
        body = Problem, content_type = "application/problem+json"),
))]
pub(in crate::rest) async fn show(
    State(app): State<App>,
    Desk { member, .. }: Desk<SeePolicy>,
    Query(wanted): Query<ForecastWanted>,
) -> Result<Response, Problem> {
    Ok(match told(&app, &member, wanted).await? {
        Told::Working { n_done } => working(n_done),
        Told::Published(told) | Told::Both(told, _) => {
            Json(ForecastTold::from(told.as_ref())).into_response()
        }
    })
}

/// The same, day by day, as a table (RFC 4180), no cell of which a spreadsheet takes for a formula.
#[utoipa::path(get, path = "/policy/forecast.csv", operation_id = "show_forecast_csv", tag = "policy", params(ForecastWanted), security(("session" = [])), responses(
    (status = 200, description = "The days on which something happens.", body = String, content_type = "text/csv"),
    (status = 202, description = "It is being worked out: ask again after the seconds of Retry-After.", body = ForecastWorking),
    (status = 401, description = "Nobody is logged in.",
        body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "B-58, B-59: no role of who asks allows it.",
        body = Problem, content_type = "application/problem+json"),
    (status = "default", description = "A problem.",
        body = Problem, content_type = "application/problem+json"),
))]
pub(in crate::rest) async fn table(
    State(app): State<App>,
    Desk { member, .. }: Desk<SeePolicy>,
    Query(wanted): Query<ForecastWanted>,
) -> Result<Response, Problem> {
    Ok(match told(&app, &member, wanted).await? {
        Told::Working { n_done } => working(n_done),
        Told::Published(told) | Told::Both(told, _) => {
            let kind = [(header::CONTENT_TYPE, "text/csv; charset=utf-8; header=present")];
            let name = [(header::CONTENT_DISPOSITION, "attachment; filename=\"forecast.csv\"")];
            (kind, name, foretold::table(&[("published", told.as_ref())])).into_response()
        }
    })
}

/// Numbers that are tried.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::rest) struct Simulation {
    /// Their first day: tomorrow at the earliest.
    from: NaiveDate,
    /// The numbers that are others than in the latest version, by name; the rest stays.
    #[schema(value_type = Object, examples(json!({ "passcode_days": 180 })))]
    numbers: Map<String, Value>,
    /// Days, today the first; 400 if it is left out.
    #[schema(nullable = false, minimum = 1, maximum = 800)]
    days: Option<u16>,
    /// What is assumed of people; that nobody acts if it is left out.
    #[schema(inline, nullable = false)]
    people: Option<PeopleAssumed>,
    /// Of whom; everybody if it is left out.
    #[schema(value_type = Option<String>, nullable = false, pattern = "^[A-Z0-9]{1,12}$")]
    organisation: Option<OrganisationCode>,
}

/// What numbers would bring.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::rest) struct Simulated {
    /// What they change of the latest version.
    changes: Vec<NumberChanged>,
    /// What the published versions bring.
    published: ForecastTold,
    /// What they would bring with one more.
    tried: ForecastTold,
}

/// B-14: what other numbers would bring, beside what the published versions bring. Nothing is recorded.
#[utoipa::path(post, path = "/policy/simulations", operation_id = "simulate_policy", tag = "policy", security(("session" = [])),
    request_body = Simulation, responses(
    (status = 200, description = "What they would bring.", body = Simulated),
    (status = 202, description = "It is being worked out: ask again after the seconds of Retry-After.", body = ForecastWorking),
    (status = 401, description = "Nobody is logged in.",
        body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "B-58, B-59: no role of who asks allows it.",
        body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "B-14: these numbers cannot follow the versions there are.",
        body = Problem, content_type = "application/problem+json"),
    (status = "default", description = "A problem.",
        body = Problem, content_type = "application/problem+json"),
))]
pub(in crate::rest) async fn simulate(
    State(app): State<App>,
    Desk { member, .. }: Desk<SimulatePolicy>,
    sent: Sent<Simulation>,
) -> Result<Response, Problem> {
    let Simulation { from, numbers, days, people, organisation } = sent.value;
    let asked = asked(days, people, organisation).ok_or_else(not_so_many)?;
    let policy = with(&app, numbers).map_err(|why| Problem::of_numbers(&why))?;
    let (_, version) = app.policies_with(from, policy).map_err(Problem::of_publish)?;
    let changes = changes(app.policies().latest(), &version.policy)?;
    let told = app.foretell(&member, StaffAct::SimulatePolicy, &asked, Some(version)).await;
    Ok(match told.map_err(Problem::of_not_told)? {
        Told::Working { n_done } => working(n_done),
        Told::Both(published, tried) => Json(Simulated {
            changes,
            published: ForecastTold::from(published.as_ref()),
            tried: ForecastTold::from(tried.as_ref()),
        })
        .into_response(),
        Told::Published(_) => return Err(anyhow::anyhow!("a simulation without its draft").into()),
    })
}
