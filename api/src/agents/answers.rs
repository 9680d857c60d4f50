//! What agents ask, and what they get. One function a question; the rules are elsewhere.

use domain::certificate::Obstacle;
use protocol::{Answer, JobId, ProblemSeen, Request, Secret, WriteOutcome};
use stores::agent::AgentId;
use workflows::card_job::{Goal, Hitch, Input, OutOfOrder};

use super::{Asker, connection::refused};
use crate::{
    app::App,
    execute::ExecuteError,
    jobs::{OpenJob, StepError, act_of, passcode, personalise, proof, puk, unlock, update},
    poprf::TAG_BYTES,
    renewals,
};

/// Why a question is not answered as hoped.
#[derive(Debug)]
pub enum Stop {
    /// For the person at the passcode page.
    Refused {
        /// Rule id, or empty.
        rule: String,
        /// A sentence.
        message: String,
        /// May the same job be tried again?
        again: bool,
    },
    /// For the log.
    Failed(anyhow::Error),
}

impl Stop {
    /// A refusal that ends the job's try.
    #[must_use]
    pub fn no(rule: &str, message: &str) -> Self {
        Self::Refused { rule: rule.to_owned(), message: message.to_owned(), again: false }
    }

    /// A refusal after which the person may try again.
    #[must_use]
    pub fn again(rule: &str, message: &str) -> Self {
        Self::Refused { rule: rule.to_owned(), message: message.to_owned(), again: true }
    }
}

impl From<anyhow::Error> for Stop {
    fn from(error: anyhow::Error) -> Self {
        Self::Failed(error)
    }
}

impl From<OutOfOrder> for Stop {
    fn from(order: OutOfOrder) -> Self {
        StepError::from(order).into()
    }
}

impl From<StepError> for Stop {
    fn from(error: StepError) -> Self {
        match error {
            StepError::OutOfOrder(OutOfOrder::Taken) => Self::no(
                "",
                "This was started at another workstation. Start again from the portal.",
            ),
            StepError::OutOfOrder(OutOfOrder::Spent) => {
                Self::no("P-22", "Too many passcodes were tried. Start again from the portal.")
            }
            StepError::OutOfOrder(OutOfOrder::NotNow) => {
                Self::no("", "This cannot be done at this step. Start again from the portal.")
            }
            StepError::Failed(error) => Self::Failed(error),
        }
    }
}

impl From<ExecuteError> for Stop {
    fn from(error: ExecuteError) -> Self {
        match error {
            ExecuteError::Refused(refusal) => {
                let message = format!("{}. {}", refusal.why(), refusal.way_out());
                Self::no(refusal.rule().as_str(), &message)
            }
            ExecuteError::Conflict => {
                Self::again("", "Someone changed this at the same moment. Try again.")
            }
            ExecuteError::Failed(error) => Self::Failed(error),
        }
    }
}

/// Answers one question of an enrolled agent. Never fails: a failure of ours is logged here and
/// told as such.
pub async fn answer(app: &App, asker: Asker, request: Request) -> Answer {
    let update = step_of_update(&request);
    let may_have_written = matches!(
        request,
        Request::Written { outcome: WriteOutcome::New | WriteOutcome::Unknown, .. }
    );
    let answer = match Box::pin(handle(app, asker, request)).await {
        Ok(answer) => answer,
        Err(Stop::Refused { rule, message, again }) => Answer::Refused { rule, message, again },
        Err(Stop::Failed(error)) => {
            tracing::error!(agent = %asker.agent.0, error = format!("{error:#}"), "an agent's question failed");
            refused(if may_have_written {
                "Something went wrong on our side after your card was written. Log in once more, \
                 and the rest follows by itself."
            } else {
                "Something went wrong on our side. Nothing was changed by this step; try again."
            })
        }
    };
    if let (Some(job), Answer::Refused { rule, message, .. }) = (update, &answer) {
        remember(app, asker.agent, job, rule, message).await;
    }
    answer
}

/// The job, if the question is a step of an update that has begun: its person is at the portal.
fn step_of_update(request: &Request) -> Option<JobId> {
    match request {
        Request::OpenWrite { job, .. }
        | Request::CardAuthenticated { job, .. }
        | Request::SlotSigned { job, .. }
        | Request::KeyGenerated { job, .. }
        | Request::CertificateWritten { job, .. }
        | Request::UpdateFinished { job } => Some(*job),
        Request::Enrol { .. }
        | Request::Look { .. }
        | Request::Claim { .. }
        | Request::Present { .. }
        | Request::PasscodeWrong { .. }
        | Request::Agree { .. }
        | Request::Evaluate { .. }
        | Request::CurrentTag { .. }
        | Request::NewTag { .. }
        | Request::Written { .. }
        | Request::Personalised { .. }
        | Request::BeginUpdate { .. }
        | Request::OpenUnlock { .. }
        | Request::TakePuk { .. }
        | Request::PukFound { .. }
        | Request::PukReplaced { .. }
        | Request::Abandon { .. } => None,
    }
}

/// B-55: why a step of an update was refused, for the page that shows how far it is. A job that is
/// not this agent's, or not in an update, stays as it is.
async fn remember(app: &App, agent: AgentId, job: JobId, rule: &str, message: &str) {
    let (rule, message) = (rule.to_owned(), message.to_owned());
    let input = Input::Refused { rule, message };
    let noted = async {
        let open = mine(app, agent, job).await?;
        if open.check(input.clone()).is_ok() {
            app.step_job(&open, input).await?;
        }
        Ok::<_, Stop>(())
    };
    if let Err(Stop::Failed(error)) = noted.await {
        tracing::warn!(error = format!("{error:#}"), "a refusal was not kept for its page");
    }
}

#[expect(clippy::too_many_lines, reason = "a table: what is asked, and who answers")]
async fn handle(app: &App, asker: Asker, request: Request) -> Result<Answer, Stop> {
    let agent = asker.agent;
    match request {
        Request::Enrol { .. } => Ok(refused("This workstation is enrolled already.")),
        Request::Look { job } => look(app, job).await,
        Request::Claim { job, reader, card } => {
            super::claims::claim(app, asker, job, reader, card).await
        }
        Request::Present { job, signature } => {
            let open = mine(app, agent, job).await?;
            if matches!(open.job.goal, Goal::BeginUnlock { .. }) {
                return unlock::shown(app, &open, &signature.0).await;
            }
            proof::present(app, &open, &signature.0).await?;
            app.step_job(&open, Input::Present).await?;
            Ok(Answer::Noted)
        }
        Request::PasscodeWrong { job, tries_left } => {
            let open = mine(app, agent, job).await?;
            passcode::wrong(app, &open, tries_left).await?;
            Ok(Answer::Noted)
        }
        Request::Agree { job, signature } => {
            let open = mine(app, agent, job).await?;
            proof::agreed(app, &open, &signature.0).await?;
            let open = app.step_job(&open, Input::Agreed).await?;
            Ok(passcode::agreed(app, &open))
        }
        Request::Evaluate { job, blinded } => {
            let open = mine(app, agent, job).await?;
            passcode::evaluate(app, &open, &blinded.0).await
        }
        Request::CurrentTag { job, tag } => {
            let open = mine(app, agent, job).await?;
            passcode::current(app, &open, is_tag(&tag)?).await
        }
        Request::NewTag { job, tag } => {
            let open = mine(app, agent, job).await?;
            passcode::wanted(app, &open, is_tag(&tag)?).await
        }
        Request::Written { job, outcome } => {
            let open = mine(app, agent, job).await?;
            passcode::written(app, &open, outcome).await
        }
        Request::KeyGenerated { job, slot, public_key, proof } => {
            let open = mine(app, agent, job).await?;
            match &open.job.goal {
                Goal::UpdateCard(_) => {
                    update::key_generated(app, &open, slot, &public_key.0, &proof.0).await
                }
                Goal::LogIn
                | Goal::ChangePasscodes(_)
                | Goal::Personalise { .. }
                | Goal::Register(_)
                | Goal::BeginUnlock { unlock: _ }
                | Goal::Unlock(_) => {
                    personalise::key_generated(app, &open, slot, &public_key.0, &proof.0).await
                }
            }
        }
        Request::Personalised { job, signature } => {
            let open = mine(app, agent, job).await?;
            personalise::finished(app, &open, &signature.0).await
        }
        Request::BeginUpdate { job } => {
            let open = mine(app, agent, job).await?;
            update::begin(app, &open).await
        }
        Request::OpenWrite { job, slot, write, witness } => {
            let open = mine(app, agent, job).await?;
            update::open_write(app, &open, slot, write, &witness.0).await
        }
        Request::CardAuthenticated { job, response } => {
            let open = mine(app, agent, job).await?;
            update::card_authenticated(app, &open, &response.0).await
        }
        Request::SlotSigned { job, slot, opening, signature } => {
            let open = mine(app, agent, job).await?;
            update::slot_signed(app, &open, (slot, opening), &signature.0).await
        }
        Request::CertificateWritten { job, slot, signature } => {
            let open = mine(app, agent, job).await?;
            update::certificate_written(app, &open, slot, &signature.0).await
        }
        Request::UpdateFinished { job } => {
            let open = mine(app, agent, job).await?;
            update::finished(app, &open).await
        }
        Request::OpenUnlock { job } => {
            let open = mine(app, agent, job).await?;
            unlock::open_unlock(app, &open).await
        }
        Request::TakePuk { job, key } => {
            let open = mine(app, agent, job).await?;
            puk::take(app, &open, &key).await
        }
        Request::PukFound { job, step, which } => {
            let open = mine(app, agent, job).await?;
            puk::found(app, &open, step, which).await
        }
        Request::PukReplaced { job, step, replaced } => {
            let open = mine(app, agent, job).await?;
            puk::replaced(app, &open, step, replaced).await
        }
        Request::Abandon { job, reason } => abandon(app, agent, job, reason).await,
    }
}

fn is_tag(tag: &Secret) -> Result<&Secret, Stop> {
    let refusal = "The card software sent something that is not a passcode check.";
    if tag.0.len() == TAG_BYTES { Ok(tag) } else { Err(Stop::no("", refusal)) }
}

async fn look(app: &App, id: JobId) -> Result<Answer, Stop> {
    let open = find(app, id).await?;
    Ok(Answer::Job {
        act: act_of(&open.job.goal),
        now: app
            .now()
            .with_timezone(&app.policy().zone)
            .to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
        rules: passcode::rules(app.policy()),
    })
}

pub(super) async fn find(app: &App, id: JobId) -> Result<OpenJob, Stop> {
    app.job(id).await?.ok_or_else(|| {
        Stop::no("", "This step is over or was never started. Start again from the portal.")
    })
}

/// A job, if this agent holds it.
async fn mine(app: &App, agent: AgentId, id: JobId) -> Result<OpenJob, Stop> {
    let open = find(app, id).await?;
    match open.job.claim() {
        Some(claim) if claim.agent == agent.0 => Ok(open),
        Some(_) | None => Err(Stop::from(StepError::OutOfOrder(OutOfOrder::Taken))),
    }
}

/// Gives a job up. Who cancels on the page has usually not claimed it yet: any agent that knows
/// its number may say so of a job that nobody holds.
async fn abandon(
    app: &App,
    agent: AgentId,
    id: JobId,
    reason: ProblemSeen,
) -> Result<Answer, Stop> {
    let open = match reason {
        ProblemSeen::Cancelled => find(app, id).await?,
        ProblemSeen::CardRemoved
        | ProblemSeen::OtherCard
        | ProblemSeen::ReaderNotApproved
        | ProblemSeen::CardFault => mine(app, agent, id).await?,
    };
    match (open.job.claim(), hitch(reason)) {
        (Some(claim), _) if claim.agent != agent.0 => {
            return Err(Stop::from(StepError::OutOfOrder(OutOfOrder::Taken)));
        }
        (_, Hitch::Cancelled) => passcode::cancelled(app, &open).await?,
        (_, hitch) => {
            let open = app.step_job(&open, Input::Hitch(hitch)).await?;
            note_obstacle(app, &open).await?;
        }
    }
    Ok(Answer::Noted)
}

/// After a try at an update that came to nothing: its page says so, and B-19 counts it if the reason
/// was a technical one.
pub(super) async fn note_obstacle(app: &App, open: &OpenJob) -> Result<(), Stop> {
    let Goal::UpdateCard(planned) = &open.job.goal else { return Ok(()) };
    app.live().ring(planned.holder);
    match open.job.last_refusal.as_ref().and_then(obstacle) {
        Some(obstacle) => Ok(renewals::obstructed(app, open, planned, obstacle).await?),
        None => Ok(()),
    }
}

/// B-19: the technical problem behind a try that came to nothing, if it is one.
fn obstacle(hitch: &Hitch) -> Option<Obstacle> {
    match hitch {
        Hitch::CardFault | Hitch::ReaderNotApproved => Some(Obstacle::Reader),
        Hitch::LineLost => Some(Obstacle::Agent),
        Hitch::WrongPasscode { .. }
        | Hitch::CardRemoved
        | Hitch::OtherCard
        | Hitch::Cancelled
        | Hitch::UsedBefore
        | Hitch::NotWritten
        | Hitch::Refused { .. } => None,
    }
}

fn hitch(reason: ProblemSeen) -> Hitch {
    match reason {
        ProblemSeen::CardRemoved => Hitch::CardRemoved,
        ProblemSeen::OtherCard => Hitch::OtherCard,
        ProblemSeen::ReaderNotApproved => Hitch::ReaderNotApproved,
        ProblemSeen::CardFault => Hitch::CardFault,
        ProblemSeen::Cancelled => Hitch::Cancelled,
    }
}
