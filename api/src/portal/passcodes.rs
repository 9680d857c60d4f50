//! S-02 to S-04: *Passcode Status* and *Reset Passcodes*.

use axum::{
    Form as Fields,
    extract::{Path, Query, State},
    http::StatusCode,
    response::{IntoResponse as _, Redirect, Response},
};
use axum_extra::extract::CookieJar;
use domain::{
    calendar::Phase,
    passcode::{
        Advice, Characters, Field, FieldFault, Form, Guessable, Kind, Lengths, OptionalFields,
        SmartcardRules, Status, Typed,
    },
};
use protocol::JobId;
use serde::Deserialize;
use stores::session::{Scope, Session};
use uuid::Uuid;
use workflows::card_job::Goal;

use super::{
    errors::PageError,
    frame_for, html,
    view::{
        frame::Tab,
        outcome::Outcome,
        passcodes::{ManagePasscodes, StatusLine, Ticked},
        paths,
        problem::ProblemKind,
    },
    visitor::LoggedIn,
};
use crate::{
    admission::{ChangePasscodes, SeePasscodes},
    app::App,
    cookies::browser,
    execute::Loaded,
    jobs, passcode_status,
    updates::{self, Ended, Planned},
};

/// Status and form.
pub(super) async fn page(
    State(app): State<App>,
    LoggedIn { session, .. }: LoggedIn<SeePasscodes>,
    Query(came): Query<Came>,
) -> Result<Response, PageError> {
    let loaded = app.load(session.holder).await?;
    let smartcard = smartcard_wanted(&app, &loaded, came.renew);
    show(&app, &session, &loaded, Ticked { smartcard, ..Ticked::default() }, Vec::new()).await
}

/// How one came to the form.
#[derive(Deserialize)]
pub(super) struct Came {
    renew: Option<Renew>,
}

/// P-16: by *Renew now*.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Renew {
    Due,
}

/// P-16: the smartcard passcode is ticked if it is what is due.
fn smartcard_wanted(app: &App, loaded: &Loaded, renew: Option<Renew>) -> bool {
    match loaded.holder.passcodes().phase(&app.context(loaded), Kind::Smartcard) {
        Some(Phase::Forced { .. } | Phase::Locked) => true,
        Some(Phase::Alert { .. }) => renew == Some(Renew::Due),
        None | Some(Phase::Current { .. }) => false,
    }
}

/// The form as browsers send it: a box that is not ticked is not there.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Sent {
    new_account_recovery: Typed,
    confirm_account_recovery: Typed,
    blank_account_recovery: Option<String>,
    new_verification: Typed,
    confirm_verification: Typed,
    blank_verification: Option<String>,
    smartcard: Option<String>,
}

impl Sent {
    fn ticked(&self) -> Ticked {
        Ticked {
            blank_account_recovery: self.blank_account_recovery.is_some(),
            blank_verification: self.blank_verification.is_some(),
            smartcard: self.smartcard.is_some(),
        }
    }
}

impl From<Sent> for Form {
    fn from(sent: Sent) -> Self {
        Self {
            smartcard: sent.smartcard.is_some(),
            account_recovery: OptionalFields {
                wanted: sent.new_account_recovery,
                confirm: sent.confirm_account_recovery,
                blank: sent.blank_account_recovery.is_some(),
            },
            verification: OptionalFields {
                wanted: sent.new_verification,
                confirm: sent.confirm_verification,
                blank: sent.blank_verification.is_some(),
            },
        }
    }
}

/// *Update*: judged as a whole; what is right waits for the card.
pub(super) async fn update(
    State(app): State<App>,
    LoggedIn { session, .. }: LoggedIn<ChangePasscodes>,
    jar: CookieJar,
    Fields(sent): Fields<Sent>,
) -> Result<Response, PageError> {
    let ticked = sent.ticked();
    let loaded = app.load(session.holder).await?;
    let command = app.entropy().command_id(app.now());
    match updates::plan(&app, &session, &loaded, &Form::from(sent), command).await? {
        Planned::Faults(faults) => {
            let page = show(&app, &session, &loaded, ticked, faults).await?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
        Planned::Refused(refusal) => {
            let (field, rule) = (Field::Form, refusal.rule());
            let faults = vec![FieldFault { field, rule, message: refusal.why() }];
            let page = show(&app, &session, &loaded, ticked, faults).await?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
        Planned::Change(change) => {
            let (browser, jar) = browser(jar, app.entropy());
            let job = app.start_job(Goal::ChangePasscodes(change), browser).await?;
            Ok((jar, Redirect::to(&paths::job(&job.to_string()))).into_response())
        }
    }
}

async fn show(
    app: &App,
    session: &Session,
    loaded: &Loaded,
    ticked: Ticked,
    faults: Vec<FieldFault>,
) -> Result<Response, PageError> {
    let status = passcode_status::of(app, session.holder).await?;
    let page = ManagePasscodes {
        status: status.iter().map(|status| line(session.scope, status)).collect(),
        optional: app.policy().optional,
        smartcard: smartcard_rules(app, loaded),
        ticked,
        faults,
        advice: loaded.holder.desk().advice().map(Advice::message).into_iter().collect(),
    };
    let frame = frame_for(app, session, Some(Tab::ManagePasscodes)).await?;
    html(page.render(app.pages(), &frame))
}

fn line(scope: Scope, status: &Status) -> StatusLine {
    match scope {
        Scope::Full => StatusLine::from(status),
        Scope::Restricted => StatusLine::from(status).curable(status),
    }
}

/// P-06: the policy's rule and that of the holder's card.
fn smartcard_rules(app: &App, loaded: &Loaded) -> SmartcardRules {
    let rules = jobs::passcode::rules(app.policy());
    let card = loaded.holder.card().and_then(|card| protocol::passcode_rules_of(&card.profile));
    let both = card.and_then(|card| card.intersect(rules)).unwrap_or(rules);
    SmartcardRules {
        lengths: Lengths { min: both.min.into(), max: both.max.into() },
        characters: match both.characters {
            protocol::Characters::Digits => Characters::Digits,
            protocol::Characters::Printable => Characters::Printable,
        },
        guessable: if both.refuses_guessable { Guessable::Refuse } else { Guessable::Accept },
    }
}

/// P-27: nothing was changed.
pub(super) async fn cancelled(
    State(app): State<App>,
    LoggedIn { session, .. }: LoggedIn<SeePasscodes>,
) -> Result<Response, PageError> {
    let frame = frame_for(&app, &session, Some(Tab::ManagePasscodes)).await?;
    html(Outcome::Cancelled.render(app.pages(), &frame))
}

/// P-26: how the *Update* ended, read from what is true.
pub(super) async fn updated(
    State(app): State<App>,
    LoggedIn { session, .. }: LoggedIn<SeePasscodes>,
    Path(id): Path<Uuid>,
) -> Result<Response, PageError> {
    let not_found = PageError::Problem(ProblemKind::NotFound);
    let Some(open) = app.job(JobId(id)).await? else { return Err(not_found) };
    let Goal::ChangePasscodes(change) = &open.job.goal else { return Err(not_found) };
    if change.holder != session.holder {
        return Err(not_found);
    }
    let outcome = match updates::ended(&app, &open.job.stage, change).await? {
        Some(Ended::Updated { message, changes, advice }) => {
            Outcome::Updated { message, changes, advice }
        }
        Some(Ended::NotWritten) => {
            Outcome::Failed { reason: "The card kept your old passcode".to_owned() }
        }
        Some(Ended::NotKnown) => Outcome::NotKnown,
        None => return Ok(Redirect::to(&paths::job(&id.to_string())).into_response()),
    };
    let frame = frame_for(&app, &session, Some(Tab::ManagePasscodes)).await?;
    html(outcome.render(app.pages(), &frame))
}
