//! Finding people, and looking at somebody's record.

use axum::{Json, extract::State};
use chrono::NaiveDate;
use domain::{ids::CardSerial, refusal::RuleId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::super::{
    extract::{Desk, DeskFor, Sent},
    problem::Problem,
};
use crate::{
    app::App,
    desk::{
        find::{self, FindError, Found, FoundPage},
        sheet::{self, Offered, Sheet},
    },
    staff::acts::{FindHolder, SeeHolder},
};

/// Whom to look for: by a name, or by a card.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::rest) struct Search {
    /// Beginnings of names, at least two letters of one.
    #[schema(max_length = 320, examples("pat ash"))]
    name: Option<String>,
    /// The serial number of a card.
    #[schema(max_length = 32)]
    card: Option<String>,
    /// `next` of the page before.
    #[schema(max_length = 400)]
    after: Option<String>,
}

/// Those who were found.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::rest) struct People {
    /// By name.
    people: Vec<PersonFound>,
    /// `after` of the next page; none if this is the last. A page may be short and not the last.
    #[schema(required)]
    next: Option<String>,
}

/// A person who was found.
#[derive(Debug, Serialize, ToSchema)]
struct PersonFound {
    /// Who.
    holder: Uuid,
    /// The name; none if it was erased.
    #[schema(required)]
    name: Option<String>,
    /// The serial number of the card in use.
    #[schema(required)]
    card: Option<String>,
    /// B-59: codes of the organisations.
    organisations: Vec<String>,
}

impl From<Found> for PersonFound {
    fn from(found: Found) -> Self {
        Self {
            holder: found.holder.0,
            name: found.name,
            card: found.card.map(|card| card.to_string()),
            organisations: found.organisations.iter().map(ToString::to_string).collect(),
        }
    }
}

/// Looks for people by name or card. It is not an address, for there is a name in it.
#[utoipa::path(post, path = "/desk/searches", operation_id = "find_people", tag = "desk", security(("session" = [])),
    request_body = Search, responses(
    (status = 200, description = "Those who were found, of the organisations of who asks.", body = People),
    (status = 401, description = "Nobody is logged in.",
        body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "B-58: no role of who asks allows it.",
        body = Problem, content_type = "application/problem+json"),
    (status = "default", description = "A problem.",
        body = Problem, content_type = "application/problem+json"),
))]
pub(in crate::rest) async fn find(
    State(app): State<App>,
    Desk { member, .. }: Desk<FindHolder>,
    sent: Sent<Search>,
) -> Result<Json<People>, Problem> {
    let Search { name, card, after } = sent.value;
    let found = match (name, card) {
        (Some(name), None) => find::by_name(&app, &member, &name, after.as_deref()).await,
        (None, Some(card)) => {
            let card: CardSerial = card.parse().map_err(|_| unprocessable(&"this is no card"))?;
            find::by_card(&app, &member, &card).await
        }
        (_, _) => return Err(unprocessable(&"either `name` or `card` is needed")),
    };
    let FoundPage { people, next } = found.map_err(not_found)?;
    Ok(Json(People { people: people.into_iter().map(PersonFound::from).collect(), next }))
}

fn not_found(error: FindError) -> Problem {
    match error {
        FindError::NotASearch(error) => unprocessable(&error),
        error @ FindError::NotAPlace(_) => unprocessable(&error),
        FindError::Failed(error) => error.into(),
    }
}

fn unprocessable(why: &dyn std::fmt::Display) -> Problem {
    Problem::of(axum::http::StatusCode::UNPROCESSABLE_ENTITY)
        .because(format!("Nothing was looked for: {why}."))
}

/// Somebody's record.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::rest) struct HolderRecord {
    /// Whose.
    holder: Uuid,
    /// The name; none if it was erased.
    #[schema(required)]
    name: Option<String>,
    /// The contact address; none if it was erased.
    #[schema(required)]
    email: Option<String>,
    /// The serial number of the card in use.
    #[schema(required)]
    card: Option<String>,
    /// B-59: where the person works.
    organisations: Vec<OrganisationNamed>,
    /// B-58: what the person may do as staff.
    roles: Vec<RoleHeld>,
    /// How everything stands.
    state: Vec<StateLine>,
    /// What the one who asks may do about it, by his roles, and can be done now.
    may: Vec<String>,
    /// What he may do by his roles, and would be refused now.
    refused: Vec<ActRefused>,
}

/// An act that would be refused now.
#[derive(Debug, Serialize, ToSchema)]
struct ActRefused {
    /// Which, after "to".
    #[schema(examples("end the suspension of certificates"))]
    act: &'static str,
    /// By which rule.
    #[schema(value_type = String, examples("B-57"))]
    rule: RuleId,
    /// Why, in a sentence without full stop.
    why: String,
    /// What helps.
    way_out: &'static str,
}

/// An organisation.
#[derive(Debug, Serialize, ToSchema)]
struct OrganisationNamed {
    /// Its code.
    code: String,
    /// Its name.
    name: String,
}

/// A role.
#[derive(Debug, Serialize, ToSchema)]
struct RoleHeld {
    /// Which.
    #[schema(examples("ra-agent"))]
    role: &'static str,
    /// In which organisation, and below.
    organisation: String,
}

/// How one thing stands.
#[derive(Debug, Serialize, ToSchema)]
struct StateLine {
    /// What.
    #[schema(examples("certificates"))]
    about: &'static str,
    /// How, in a sentence without full stop.
    words: String,
    /// By which rule.
    #[schema(value_type = String, examples("C-05"))]
    rule: RuleId,
    /// The day that the sentence speaks of.
    #[schema(required)]
    day: Option<NaiveDate>,
}

impl ActRefused {
    fn of(offered: Offered) -> Option<Self> {
        let refusal = offered.obstacle?;
        Some(Self {
            act: offered.act.words(),
            rule: refusal.rule(),
            why: refusal.why(),
            way_out: refusal.way_out(),
        })
    }
}

impl From<Sheet> for HolderRecord {
    fn from(sheet: Sheet) -> Self {
        let (name, email) = sheet.person.map(|person| (person.name, person.email)).unzip();
        let organisations = sheet.organisations.into_iter();
        let roles = sheet.grants.into_iter();
        let state = sheet.lines.into_iter();
        let (may, refused): (Vec<_>, Vec<_>) =
            sheet.acts.into_iter().partition(|offered| offered.obstacle.is_none());
        Self {
            holder: sheet.holder.0,
            name,
            email,
            card: sheet.card.map(|card| card.to_string()),
            organisations: organisations
                .map(|(code, name)| OrganisationNamed { code: code.to_string(), name })
                .collect(),
            roles: roles
                .map(|grant| RoleHeld {
                    role: grant.role.label(),
                    organisation: grant.organisation.to_string(),
                })
                .collect(),
            state: state
                .map(|line| StateLine {
                    about: line.about,
                    words: line.words,
                    rule: line.rule,
                    day: line.day,
                })
                .collect(),
            may: may.iter().map(|offered| offered.act.words().to_owned()).collect(),
            refused: refused.into_iter().filter_map(ActRefused::of).collect(),
        }
    }
}

/// Somebody's record, as it is now. That it was looked at is recorded.
#[utoipa::path(get, path = "/desk/holders/{holder}", operation_id = "show_holder", tag = "desk", params(("holder" = Uuid, Path)), security(("session" = [])), responses(
    (status = 200, description = "How everything stands.", body = HolderRecord),
    (status = 401, description = "Nobody is logged in.",
        body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "It is one's own record (B-63), of another organisation (B-59), or no role allows it (B-58).",
        body = Problem, content_type = "application/problem+json"),
    (status = 404, description = "There is no such person.",
        body = Problem, content_type = "application/problem+json"),
    (status = "default", description = "A problem.",
        body = Problem, content_type = "application/problem+json"),
))]
pub(in crate::rest) async fn show(
    State(app): State<App>,
    desk: DeskFor<SeeHolder>,
) -> Result<Json<HolderRecord>, Problem> {
    Ok(Json(sheet::of(&app, &desk.member, &desk.mandate, &desk.record).await?.into()))
}
