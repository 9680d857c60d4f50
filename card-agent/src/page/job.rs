//! One job at the passcode page: shown, carried out, cancelled.

use std::time::Duration;

use axum::{
    extract::{
        Form as AxumForm, Path, Query, State,
        rejection::{FormRejection, QueryRejection},
    },
    http::StatusCode,
    response::{IntoResponse as _, Redirect, Response},
};
use protocol::{
    Act, Answer, CardSeen, JobId, Needs, PasscodeRules, ProblemSeen, Request, ReturnCode, Statement,
};
use serde::Deserialize;
use tokio::{runtime::Handle, sync::mpsc, task::JoinHandle, time::timeout};

use super::{
    Page,
    form::{AGREE, CURRENT, Fault, Form, LAST_TRY, NEW, Wanted},
    situation::{Situation, the_card},
};
use crate::{
    entropy::Entropy,
    operations::{self, Entered, Halt, Task},
    passcode::smartcard_rules,
    profile,
    readers::{NotBegun, Reader},
};

/// Rules that say no to a new passcode and are content with another: used before, the same as another
/// of his, the code that was mailed.
const OF_THE_NEW_ONE: [&str; 3] = ["P-22", "B-27", "U-10"];

/// How long a person waits before the page says that the server does not answer.
const LOOK_MAX: Duration = Duration::from_secs(5);

/// A job that could be carried out now, as the page shows it.
pub(super) struct Ready {
    pub(super) job: JobId,
    pub(super) act: Act,
    /// Server time.
    pub(super) now: String,
    /// For a new passcode: policy's and the card's.
    pub(super) rules: PasscodeRules,
    pub(super) reader: Reader,
    pub(super) card: CardSeen,
    /// True if it was one of several.
    is_chosen: bool,
}

/// Which card is meant, where several are in the readers.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Chosen {
    /// Its serial number.
    card: Option<String>,
}

impl Ready {
    /// True if the next try has to be consented to: it is the last, or the card does not tell.
    pub(super) fn needs_consent(&self) -> bool {
        self.act.needs().asks_current() && matches!(self.card.tries_left, Some(1) | None)
    }

    /// Where the form goes: a card that was chosen stays the one that is meant.
    pub(super) fn action(&self) -> String {
        if self.is_chosen {
            format!("/jobs/{}?card={}", self.job, self.card.serial)
        } else {
            format!("/jobs/{}", self.job)
        }
    }

    /// The hash that stands in the page, and has to come back with the form.
    pub(super) fn shown(&self) -> String {
        hex::encode(Statement::hash_of_act(&self.act))
    }

    fn wanted(&self) -> Wanted {
        Wanted { needs: self.act.needs(), rules: self.rules, consent: self.needs_consent() }
    }
}

/// `GET /jobs/{id}`: what is to be agreed to. Claims nothing, spends nothing.
pub(super) async fn show(
    State(page): State<Page>,
    Path(id): Path<String>,
    chosen: Result<Query<Chosen>, QueryRejection>,
) -> Response {
    match ready(&page, &id, chosen).await {
        Ok(ready) => page.look.passcode(&ready, &[]),
        Err(situation) => {
            let mut response = page.look.situation(&situation, Some(&id));
            // Nothing was asked for yet, so that nothing is in its way.
            if response.status() == StatusCode::CONFLICT {
                *response.status_mut() = StatusCode::OK;
            }
            response
        }
    }
}

/// `POST /jobs/{id}`: the act itself.
pub(super) async fn carry_out(
    State(page): State<Page>,
    Path(id): Path<String>,
    chosen: Result<Query<Chosen>, QueryRejection>,
    form: Result<AxumForm<Form>, FormRejection>,
) -> Response {
    let Ok(AxumForm(form)) = form else {
        return page.look.situation(&Situation::NoForm, Some(&id));
    };
    let ready = match ready(&page, &id, chosen).await {
        Ok(ready) => ready,
        Err(situation) => return page.look.situation(&situation, Some(&id)),
    };
    let entered = match judge(&form, &ready) {
        Ok(entered) => entered,
        Err(faults) => return page.look.passcode(&ready, &faults),
    };
    drop(form);
    match operate(&page, &ready, entered).await {
        Ok(Ok(code)) => {
            let code = hex::encode(&code.0);
            Redirect::to(&format!("{}/jobs/{id}/return?code={code}", page.look.origin()))
                .into_response()
        }
        Ok(Err(halt)) => match faults_of(&halt, &ready) {
            Some(faults) => page.look.passcode(&after(ready, &halt), &faults),
            None => page.look.situation(&Situation::of(halt, &ready.act), Some(&id)),
        },
        Err(situation) => page.look.situation(&situation, Some(&id)),
    }
}

/// `POST /jobs/{id}/cancel` (P-27): everything stays as it is.
pub(super) async fn cancel(State(page): State<Page>, Path(id): Path<String>) -> Response {
    let Ok(job) = id.parse().map(JobId) else {
        return page.look.situation(&Situation::NotFound, None);
    };
    let request = Request::Abandon { job, reason: ProblemSeen::Cancelled };
    // A job that nobody has claimed cannot be given up; it ends by itself.
    if page.channel.ask(request).await.is_err() {
        tracing::debug!("the server could not be told that a job was cancelled");
    }
    Redirect::to(&format!("{}/jobs/{job}", page.look.origin())).into_response()
}

/// Everything that has to be in order before a passcode makes sense.
async fn ready(
    page: &Page,
    id: &str,
    chosen: Result<Query<Chosen>, QueryRejection>,
) -> Result<Ready, Situation> {
    let job = id.parse().map(JobId).map_err(|_| Situation::NotFound)?;
    if let Some(trouble) = page.channel.trouble() {
        return Err(trouble.into());
    }
    let looked = timeout(LOOK_MAX, page.channel.ask(Request::Look { job })).await;
    let Ok(Ok(answer)) = looked else { return Err(Situation::ServerUnreachable) };
    if let Answer::Refused { message, .. } = answer {
        return Err(Situation::UnknownJob(message));
    }
    let Answer::Job { act, now, rules } = answer else { return Err(Situation::ServerFault) };
    // What is no choice is none: the page asks then.
    let Query(Chosen { card: chosen }) = chosen.unwrap_or_default();
    let chosen = chosen.as_deref();
    let (reader, card) = the_card(page.desk.readers(), page.desk.approved(), chosen)?;
    let profile = profile::recognise(Some(card.profile.as_bytes()));
    let profile = profile.ok_or(Situation::CardNotRecognised)?;
    let rules = rules.intersect(profile.new_passcode).ok_or(Situation::NoCommonRules)?;
    // U-01: to unlock it, a locked card is good enough.
    if card.tries_left == Some(0) && act.needs().asks_current() {
        return Err(Situation::CardLocked);
    }
    Ok(Ready { job, act, now, rules, reader, card, is_chosen: chosen.is_some() })
}

/// The form, against what the page says now.
fn judge(form: &Form, ready: &Ready) -> Result<Entered, Vec<Fault>> {
    // Programs that never showed the page have no hash of it.
    if !form.shown.is_empty() && form.shown != ready.shown() {
        let text = "What you are asked to agree to has changed. Read it again before you go on";
        return Err(vec![(first_field(&ready.act), text.to_owned())]);
    }
    form.parse(ready.wanted())
}

/// The card's part, on a thread that may block. Once begun it is carried through, whether or not
/// the browser still waits. A card update lets it go before its end.
async fn operate(
    page: &Page,
    ready: &Ready,
    entered: Entered,
) -> Result<Result<ReturnCode, Halt>, Situation> {
    let task = Task {
        job: ready.job,
        act: ready.act.clone(),
        origin: page.look.origin().to_owned(),
        reader: ready.reader.model.clone(),
    };
    let (desk, reader) = (page.desk.clone(), ready.reader.name.clone());
    let mut server = page.channel.blocking(Handle::current());
    let (leave, mut left) = mpsc::channel(1);
    let work = move || {
        desk.operate(&reader, |link| {
            let mut leave = |code: &ReturnCode| {
                leave.try_send(code.clone()).ok();
            };
            operations::run(link, &mut server, &mut Entropy, &task, &entered, &mut leave)
        })
    };
    let mut work = tokio::task::spawn_blocking(work);
    let ended = tokio::select! {
        biased;
        Some(code) = left.recv() => {
            tokio::spawn(see_to_the_end(ready.job, work));
            return Ok(Ok(code));
        }
        ended = &mut work => ended,
    };
    match ended {
        Ok(ended) => Ok(ended?),
        Err(_panicked) => Err(Situation::CardFault),
    }
}

/// An act whose browser is back at the portal. The server was told how it ended and shows it there.
async fn see_to_the_end(job: JobId, work: JoinHandle<Result<Result<ReturnCode, Halt>, NotBegun>>) {
    match work.await {
        Ok(Ok(Ok(_))) => tracing::info!(%job, "the card is updated"),
        Ok(Ok(Err(halt))) => tracing::warn!(%job, ?halt, "the update of the card has stopped"),
        Ok(Err(not_begun)) => tracing::warn!(%job, %not_begun, "the card could not be worked with"),
        Err(error) => tracing::error!(%job, %error, "the update of the card broke off"),
    }
}

/// What the person can cure in the form itself.
fn faults_of(halt: &Halt, ready: &Ready) -> Option<Vec<Fault>> {
    let fault = match halt {
        Halt::WrongPasscode { tries_left } => (CURRENT, wrong(*tries_left)),
        Halt::LastTry { .. } => (LAST_TRY, "Tick the box if you want to use this try".to_owned()),
        Halt::NewPasscodeUnfit => {
            (NEW, format!("Your new smartcard passcode must be {}", smartcard_rules(ready.rules)))
        }
        Halt::ActChanged => (
            first_field(&ready.act),
            "What you are asked to agree to has changed. Read it again".to_owned(),
        ),
        Halt::Refused { rule, message, again: true }
            if OF_THE_NEW_ONE.contains(&rule.as_str())
                && matches!(ready.act.needs(), Needs::New | Needs::CurrentAndNew) =>
        {
            (NEW, message.clone())
        }
        Halt::Refused { .. }
        | Halt::CardLost
        | Halt::CardInUse
        | Halt::NoService
        | Halt::NotRecognised
        | Halt::CardFault(_)
        | Halt::Locked
        | Halt::NotBlank
        | Halt::PukNotTaken
        | Halt::NotWritten
        | Halt::WriteUnknown
        | Halt::ServerLost
        | Halt::WrittenServerLost
        | Halt::ServerFault => return None,
    };
    Some(vec![fault])
}

/// Where the eye goes first.
fn first_field(act: &Act) -> &'static str {
    match act.needs() {
        Needs::Current | Needs::CurrentAndNew => CURRENT,
        Needs::New => NEW,
        Needs::Nothing => AGREE,
    }
}

fn wrong(tries_left: Option<u8>) -> String {
    match tries_left {
        Some(1) => "The passcode is wrong. 1 try is left before the card is locked".to_owned(),
        Some(left) => {
            format!("The passcode is wrong. {left} tries are left before the card is locked")
        }
        None => "The passcode is wrong. The card does not say how many tries are left".to_owned(),
    }
}

/// The page after a try: the counter is what the card said last.
fn after(ready: Ready, halt: &Halt) -> Ready {
    match halt {
        Halt::WrongPasscode { tries_left } | Halt::LastTry { tries_left } => {
            Ready { card: CardSeen { tries_left: *tries_left, ..ready.card }, ..ready }
        }
        // VERIFY was right, which fills the counter up, or nothing was tried.
        Halt::NewPasscodeUnfit
        | Halt::ActChanged
        | Halt::Refused { .. }
        | Halt::CardLost
        | Halt::CardInUse
        | Halt::NoService
        | Halt::NotRecognised
        | Halt::CardFault(_)
        | Halt::Locked
        | Halt::NotBlank
        | Halt::PukNotTaken
        | Halt::NotWritten
        | Halt::WriteUnknown
        | Halt::ServerLost
        | Halt::WrittenServerLost
        | Halt::ServerFault => ready,
    }
}
