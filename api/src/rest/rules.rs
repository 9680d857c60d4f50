//! The catalogue of rules, for whoever wants to know what a problem's rule says.

use axum::{Json, extract::Path, http::StatusCode};
use domain::rules;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    extract::{Query, limit, out_of_range},
    problem::Problem,
};

/// Rules on a page, unless asked for otherwise.
const RULES: u32 = 50;

/// The most rules on a page.
const RULES_MAX: u32 = 200;

/// Which page.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Which {
    /// Rules after this one: `next_after` of the page before.
    after: Option<String>,
    /// How many; 50 if it is left out.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// A page of the catalogue.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RulesPage {
    /// In the order of the catalogue.
    rules: Vec<Rule>,
    /// `after` of the next page; none if this is the last.
    #[schema(required)]
    next_after: Option<&'static str>,
}

/// A rule. Its texts are in Markdown.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Rule {
    /// Its id, which never changes.
    #[schema(examples("P-18"))]
    id: &'static str,
    /// A few words.
    title: &'static str,
    /// What holds, or what the guides leave open.
    statement: &'static str,
    /// The answer to what the guides leave open.
    #[schema(required)]
    decision: Option<&'static str>,
    /// On either side of a boundary.
    examples: &'static str,
}

impl From<&rules::Rule> for Rule {
    fn from(rule: &rules::Rule) -> Self {
        Self {
            id: rule.id.as_str(),
            title: rule.title,
            statement: rule.statement,
            decision: rule.decision,
            examples: rule.examples,
        }
    }
}

/// The rules, in the order of the catalogue.
#[utoipa::path(get, path = "/rules", operation_id = "list_rules", tag = "rules", params(Which), responses(
    (status = 200, description = "A page.", body = RulesPage),
    (status = "default", description = "A problem.",
        body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn list(Query(which): Query<Which>) -> Result<Json<RulesPage>, Problem> {
    let limit = limit(which.limit, RULES, RULES_MAX).ok_or_else(|| out_of_range(RULES_MAX))?;
    let all = rules::all();
    let start = match &which.after {
        None => 0,
        Some(id) => {
            let place = all.iter().position(|rule| rule.id.as_str() == id);
            place.ok_or_else(not_there)? + 1
        }
    };
    let shown = &all[start..all.len().min(start + limit as usize)];
    let more = start + shown.len() < all.len();
    Ok(Json(RulesPage {
        rules: shown.iter().map(Rule::from).collect(),
        next_after: shown.last().filter(|_| more).map(|rule| rule.id.as_str()),
    }))
}

/// One rule.
#[utoipa::path(get, path = "/rules/{id}", operation_id = "show_rule", tag = "rules",
    params(("id" = String, Path, example = "P-18")), responses(
    (status = 200, description = "The rule.", body = Rule),
    (status = 404, description = "There is no such rule.",
        body = Problem, content_type = "application/problem+json"),
    (status = "default", description = "A problem.",
        body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn show(Path(id): Path<String>) -> Result<Json<Rule>, Problem> {
    let rule = rules::find(&id).ok_or_else(not_there)?;
    Ok(Json(Rule::from(rule)))
}

fn not_there() -> Problem {
    Problem::of(StatusCode::NOT_FOUND)
        .because("There is no rule with this id.")
        .but("Look at /api/rules for those there are.")
}
