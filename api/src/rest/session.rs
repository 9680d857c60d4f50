//! The session: who is logged in, and logging out.

use axum::{Json, extract::State, http::StatusCode};
use chrono::{DateTime, Utc};
use serde::Serialize;
use stores::session::{EndReason, Scope};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    certificates::{self, CertificateStatus},
    extract::Caller,
    passcodes::{self, Line},
    problem::Problem,
};
use crate::{admission::KeepOrEndSession, app::App};

/// An open session.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Session {
    /// Who is logged in.
    holder: Uuid,
    /// His name; none if it was erased.
    #[schema(required)]
    name: Option<String>,
    /// With which card: its serial number.
    card: String,
    /// What it may do.
    scope: SessionScope,
    /// the passcodes that are due, or have to be changed; if the scope is restricted, before
    /// anything else.
    due: Vec<Line>,
    /// How the certificates stand; none for a holder without a card.
    #[schema(required)]
    certificates: Option<CertificateStatus>,
    /// Since when.
    opened_at: DateTime<Utc>,
    /// From this instant on it is over, if it is not used before.
    ends_at: DateTime<Utc>,
}

/// What a session may do.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum SessionScope {
    /// Everything.
    Full,
    /// B-17: what is needed to renew what must be renewed.
    Restricted,
}

/// Who is logged in.
#[utoipa::path(get, path = "/session", operation_id = "show_session", tag = "session", security(("session" = [])), responses(
    (status = 200, description = "The session.", body = Session),
    (status = 401, description = "Nobody is logged in.",
        body = Problem, content_type = "application/problem+json"),
    (status = "default", description = "A problem.",
        body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn show(
    State(app): State<App>,
    Caller { session, .. }: Caller<KeepOrEndSession>,
) -> Result<Json<Session>, Problem> {
    let person = app.stores().vault.person(session.holder).await?;
    Ok(Json(Session {
        holder: session.holder.0,
        name: person.map(|person| person.name),
        card: session.card.to_string(),
        scope: match session.scope {
            Scope::Full => SessionScope::Full,
            Scope::Restricted => SessionScope::Restricted,
        },
        due: passcodes::due(&app, session.holder).await?,
        certificates: certificates::standing(&app, session.holder).await?.certificates,
        opened_at: session.opened_at,
        ends_at: session.ends_at(),
    }))
}

/// Logs out.
#[utoipa::path(delete, path = "/session", operation_id = "end_session", tag = "session", security(("session" = [])), responses(
    (status = 204, description = "The session is over."),
    (status = 401, description = "Nobody is logged in.",
        body = Problem, content_type = "application/problem+json"),
    (status = "default", description = "A problem.",
        body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn end(
    State(app): State<App>,
    Caller { session, .. }: Caller<KeepOrEndSession>,
) -> Result<StatusCode, Problem> {
    app.stores().sessions.end(session.token, EndReason::SignedOut, app.now()).await?;
    Ok(StatusCode::NO_CONTENT)
}
