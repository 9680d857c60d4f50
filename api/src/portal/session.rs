//! The warning before a session ends by itself, and *Stay logged in*.

use axum::{Json, extract::State};
use chrono::TimeDelta;
use pages::TimeOut;
use serde::Serialize;
use stores::session::Session;

use super::{time, view::paths, visitor::LoggedIn};
use crate::{admission::KeepOrEndSession, app::App};

/// The warning comes so many seconds before the end.
const WARN_SECS: u32 = 120;

/// When the session ends now.
#[derive(Debug, Serialize)]
pub(super) struct Kept {
    /// Time of day.
    log_out_at: String,
    /// Seconds until then.
    ends_after_secs: u32,
    /// False if it cannot be put off any more.
    may_stay: bool,
}

/// The holder is still there: by asking he has used his session. For the script of the warning;
/// where none runs, opening any page does the same.
pub(super) async fn keep(
    State(app): State<App>,
    LoggedIn { session, .. }: LoggedIn<KeepOrEndSession>,
) -> Json<Kept> {
    let TimeOut { log_out_at, ends_after_secs, may_stay, .. } = time_out(&app, &session);
    Json(Kept { log_out_at, ends_after_secs, may_stay })
}

/// What a page of this session knows of its end.
pub(super) fn time_out(app: &App, session: &Session) -> TimeOut {
    let left = session.ends_at() - app.now();
    TimeOut {
        keep: paths::SESSION_KEEP.to_owned(),
        log_out: paths::LOG_OUT.to_owned(),
        logged_out: paths::LOGGED_OUT.to_owned(),
        log_out_at: time(app, session.ends_at()),
        ends_after_secs: whole_secs(left),
        warn_secs: WARN_SECS,
        may_stay: session.may_stay(),
    }
}

/// Rounded up, so that a page never leaves before the session is over.
fn whole_secs(left: TimeDelta) -> u32 {
    let secs = (left + TimeDelta::seconds(1) - TimeDelta::nanoseconds(1)).num_seconds();
    u32::try_from(secs).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_is_rounded_up_to_whole_seconds() {
        for (millis, secs) in [(-1, 0), (0, 0), (1, 1), (1000, 1), (1001, 2), (900_000, 900)] {
            assert_eq!(whole_secs(TimeDelta::milliseconds(millis)), secs, "{millis}");
        }
    }
}
