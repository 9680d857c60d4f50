//! What is scheduled for a holder.

use axum::{Json, extract::State};
use chrono::NaiveDate;
use domain::expiry::{self, Scheduled, What};
use serde::Serialize;
use utoipa::ToSchema;

use super::{extract::Caller, passcodes::PasscodeKind, problem::Problem};
use crate::{admission::SeePasscodes, app::App};

/// What is to come if nothing is changed.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Schedule {
    /// By day, the next first.
    scheduled: Vec<ToCome>,
}

/// Something that is to come.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Scheduled)]
struct ToCome {
    /// The civil day.
    on: NaiveDate,
    /// Of which passcode.
    kind: PasscodeKind,
    /// What.
    what: WhatToCome,
}

/// What is to come.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ScheduledWhat)]
#[serde(rename_all = "snake_case")]
enum WhatToCome {
    /// P-14: the first of the daily alerts.
    AlertsBegin,
    /// P-17: from this day a change is forced at log-in; a mail says so.
    Expires,
    /// B-15: a mail says when the account locks.
    LockAnnounced,
    /// P-18: the account locks.
    AccountLocks,
    /// The passcode counts as not set from this day on.
    Lapses,
}

impl From<Scheduled> for ToCome {
    fn from(scheduled: Scheduled) -> Self {
        let what = match scheduled.what {
            What::AlertsBegin => WhatToCome::AlertsBegin,
            What::Expires => WhatToCome::Expires,
            What::LockAnnounced => WhatToCome::LockAnnounced,
            What::AccountLocks => WhatToCome::AccountLocks,
            What::Lapses => WhatToCome::Lapses,
        };
        Self { on: scheduled.on, kind: scheduled.kind.into(), what }
    }
}

/// What is scheduled for the holder, with dates.
#[utoipa::path(get, path = "/schedule", operation_id = "show_schedule", tag = "passcodes", security(("session" = [])), responses(
    (status = 200, description = "What is to come.", body = Schedule),
    (status = 401, description = "Nobody is logged in.",
        body = Problem, content_type = "application/problem+json"),
    (status = "default", description = "A problem.",
        body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn show(
    State(app): State<App>,
    Caller { session, .. }: Caller<SeePasscodes>,
) -> Result<Json<Schedule>, Problem> {
    let loaded = app.load(session.holder).await?;
    let scheduled = expiry::schedule(&app.context(&loaded), &loaded.holder);
    Ok(Json(Schedule { scheduled: scheduled.into_iter().map(ToCome::from).collect() }))
}
