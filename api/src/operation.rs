//! How the service runs, for operators in the portal and the API: what waits, what was given up, who is
//! connected, which cards are stuck; and what they can do about it there.
//!
//! People are named by their numbers only: whoever runs the service needs no names. What changes the
//! server's time stays at the console, because whoever judges that has to look at the machine's clock.

use chrono::{DateTime, Utc};
use domain::{refusal::RuleId, staff::Warrant};
use projections::{WorkItem, WorkKind};
use stores::{
    agent::{Agent, AgentId},
    event_store::Position,
};
use workflows::{
    commands::Actor,
    engine::{AcceptError, DeadLetter, Effects, RedriveError, Standing},
    mail_delivery::StepId,
};

use crate::{agents, app::App, relying_parties};

/// The most lines of one page.
pub const PAGE_MAX: u32 = 50;

/// Time that is not believed does nothing to anybody.
pub const RULE: RuleId = RuleId::new("B-09");

/// How everything stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Overview {
    /// Position of the log's last event.
    pub head: Position,
    /// How far what is shown follows it.
    pub shown: Position,
    /// The workflow engine.
    pub engine: Standing,
    /// True if the system's clock is kept out, and waits for the operator at the console.
    pub clock_alarm: bool,
    /// True if relying parties have no fresh revocation list, or nobody signs OCSP answers.
    pub list_late: bool,
    /// Card agents that are connected.
    pub n_connected: u64,
    /// Open sessions.
    pub n_sessions: u64,
}

/// A workstation's agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentLine {
    /// As it is enrolled.
    pub agent: Agent,
    /// True if it is connected now.
    pub connected: bool,
}

/// A card of which it is not known what is on it, or that nothing can unlock any more.
pub const STUCK: [WorkKind; 2] = [WorkKind::CardUnfinished, WorkKind::UnlockingKeyLost];

/// Why the workflow engine does not go on.
#[derive(Debug, thiserror::Error)]
pub enum NotResumed {
    /// It was not stopped, or is no more.
    #[error("The workflow engine is not stopped")]
    NotStopped,
    /// Its work would be judged by a time that nobody has accepted.
    #[error("The system's clock is kept out, so what is due is not known")]
    ClockFirst,
    /// There is more to do by now than was shown: it is shown now.
    #[error(
        "By now {} holders would be forced to renew and {} locked, which is more than you were shown",
        .0.n_forced, .0.n_locked
    )]
    More(Effects),
    /// We failed.
    #[error(transparent)]
    Failed(#[from] anyhow::Error),
}

impl NotResumed {
    /// What helps.
    #[must_use]
    pub fn way_out(&self) -> &'static str {
        match self {
            Self::NotStopped => "There is nothing to do.",
            Self::ClockFirst => {
                "Look at the machine's clock, and accept it at the console: latchkey clock accept."
            }
            Self::More(_) => "Look again, and decide about the new numbers.",
            Self::Failed(_) => "Try again, and see the log if it fails again.",
        }
    }
}

/// How everything stands.
///
/// # Errors
/// If a store fails.
pub async fn overview(app: &App) -> anyhow::Result<Overview> {
    let now = app.now();
    Ok(Overview {
        head: app.stores().log.head().await?,
        shown: app.projections().position(),
        engine: app.engine().standing(now).await?,
        clock_alarm: app.clock().accepted().is_some_and(|clock| clock.standing().alarm),
        list_late: relying_parties::is_late(app).await?,
        n_connected: app.agents().n_connected().await?,
        n_sessions: app.stores().sessions.n_open(now).await?,
    })
}

/// A page of the mails that were given up, behind this one, and where to go on.
///
/// # Errors
/// If a store fails.
pub async fn dead_letters(
    app: &App,
    after: Option<StepId>,
) -> anyhow::Result<(Vec<DeadLetter>, Option<StepId>)> {
    let letters = app.engine().dead_letters(after, PAGE_MAX).await?;
    let next = letters.last().filter(|_| is_full(letters.len())).map(|last| last.step);
    Ok((letters, next))
}

/// A page of the enrolled workstations, behind this one, and where to go on.
///
/// # Errors
/// If a store fails.
pub async fn agents(
    app: &App,
    after: Option<AgentId>,
) -> anyhow::Result<(Vec<AgentLine>, Option<AgentId>)> {
    let listed = app.stores().agents.list(after, PAGE_MAX).await?;
    let next = listed.last().filter(|_| is_full(listed.len())).map(|last| last.agent_id);
    let standing = app.agents().standing(listed.iter().map(|agent| agent.agent_id)).await?;
    let is_connected = |id| matches!(standing.get(&id), Some(agents::Standing::Connected(_)));
    let line = |agent: Agent| AgentLine { connected: is_connected(agent.agent_id), agent };
    Ok((listed.into_iter().map(line).collect(), next))
}

/// The cards that are stuck, the oldest of each kind first: [`PAGE_MAX`] of each at the most.
///
/// # Errors
/// If a store fails.
pub async fn stuck_cards(app: &App) -> anyhow::Result<Vec<WorkItem>> {
    app.catch_up().await?;
    let mut stuck = Vec::new();
    for kind in STUCK {
        let begin = DateTime::<Utc>::UNIX_EPOCH;
        stuck.extend(app.projections().work_of(kind, begin, PAGE_MAX).await?);
    }
    Ok(stuck)
}

/// A mail that was given up is tried again. False if it lies dead no more.
///
/// # Errors
/// If a store fails.
pub async fn redrive(app: &App, warrant: &Warrant, step: StepId) -> anyhow::Result<bool> {
    match app.engine().redrive_by(&Actor::from(warrant), step, app.now()).await {
        Ok(()) => Ok(true),
        Err(RedriveError::NotDead) => Ok(false),
        Err(RedriveError::Failed(error)) => Err(error.into()),
    }
}

/// The workflow engine goes on with what it was stopped for.
///
/// # Errors
/// [`NotResumed`].
pub async fn resume(app: &App, warrant: &Warrant) -> Result<Effects, NotResumed> {
    if app.clock().accepted().is_some_and(|clock| clock.standing().alarm) {
        return Err(NotResumed::ClockFirst);
    }
    match app.engine().accept_by(&Actor::from(warrant), app.now()).await {
        Ok(effects) => {
            tracing::warn!(?effects, "an operator lets the workflow engine go on");
            Ok(effects)
        }
        Err(AcceptError::NotStopped) => Err(NotResumed::NotStopped),
        Err(AcceptError::More(effects)) => Err(NotResumed::More(effects)),
        Err(AcceptError::Failed(error)) => Err(NotResumed::Failed(error.into())),
    }
}

fn is_full(n_lines: usize) -> bool {
    n_lines == PAGE_MAX as usize
}
