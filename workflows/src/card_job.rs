//! One act of one person at a card reader: log in, change passcodes, update the card, personalise
//! one, register for self-service, unlock the card.
//!
//! ```mermaid
//! stateDiagram-v2
//!     [*] --> open
//!     open --> claimed: claimed by a workstation
//!     open --> open: the try came to nothing
//!     open --> cancelled: the person changed his mind
//!     claimed --> claimed: claimed by a workstation
//!     claimed --> claimed: a blank card has made a key
//!     claimed --> present: key 9E has signed
//!     claimed --> done: the card shows whose it is
//!     claimed --> agreed: key 9A has signed
//!     claimed --> open: the try came to nothing
//!     claimed --> cancelled: the person changed his mind
//!     present --> claimed: claimed by a workstation
//!     present --> agreed: key 9A has signed
//!     present --> agreed: the accepted code agrees
//!     present --> open: the try came to nothing
//!     present --> cancelled: the person changed his mind
//!     agreed --> claimed: claimed by a workstation
//!     agreed --> agreed: one more evaluation
//!     agreed --> settled: the current passcode is known
//!     agreed --> done: the current passcode is known
//!     agreed --> writing: the new passcode is pending
//!     agreed --> agreed: the new passcode was used before
//!     agreed --> updating: the card update is begun
//!     agreed --> open: the try came to nothing
//!     agreed --> cancelled: the person changed his mind
//!     settled --> claimed: claimed by a workstation
//!     settled --> settled: one more evaluation
//!     settled --> settled: advice is noted
//!     settled --> writing: the new passcode is pending
//!     settled --> settled: the new passcode was used before
//!     settled --> open: the try came to nothing
//!     settled --> cancelled: the person changed his mind
//!     writing --> claimed: claimed by a workstation
//!     writing --> done: the new passcode is on the card
//!     writing --> done: the blank card is read back
//!     writing --> open: the old passcode is on the card
//!     writing --> unknown: the link is lost
//!     unknown --> claimed: claimed by a workstation
//!     unknown --> done: the new passcode is on the card
//!     unknown --> unwritten: the old passcode is on the card
//!     unknown --> unknown: the link is lost
//!     updating --> claimed: claimed by a workstation
//!     updating --> updating: a step was refused
//!     updating --> updating: the card is opened for a write
//!     updating --> updating: the card has shown its management key
//!     updating --> done: the card is updated
//!     updating --> open: the try came to nothing
//!     done --> [*]
//!     unwritten --> [*]
//!     cancelled --> [*]
//! ```
//!
//! A card update is in the holder's stream, step by step, and outlives the job that carries it: a job
//! that comes to nothing leaves it open for the next.
//!
//! A blank card has no 9E key on record, so personalising goes from *claimed* straight to
//! *agreed*, by a signature of the 9A key it has just generated.
//!
//! A holder who unlocks his card cannot agree by 9A, which wants the passcode. So an unlock is two
//! visits: the first shows that the card is there, and is over at that; whoever has it then answers
//! questions in the portal, and the code that was accepted there opens the second.
//!
//! Nothing is believed because an agent says it: who calls [`CardJob::step`] has checked the
//! signature that the input stands for.

mod goal;
mod input;
pub mod journal;
mod picture;

use chrono::{DateTime, Duration, Utc};
use domain::ids::{CardSerial, HolderId, SecretRef};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use goal::{
    AtDesk, Goal, Made, MadeKey, PlannedChange, PlannedRegistration, PlannedUnlock, PlannedUpdate,
    Seen, Task,
};
pub use input::{Hitch, Input, OutOfOrder};
pub use picture::DRAWING;

/// How long a job waits for its person, in minutes. After it, everything entered for it is gone.
pub const JOB_MINUTES: i64 = 10;

/// POPRF evaluations in one job: the current passcode, and four tries at a new one.
pub const EVALUATIONS_MAX: u8 = 5;

/// A job: what for, and how far.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CardJob {
    /// What for.
    pub goal: Goal,
    /// How far.
    pub stage: Stage,
    /// POPRF evaluations spent so far.
    pub evaluations: u8,
    /// Tags compared so far: one an evaluation, so that no tag is answered for that was not paid for.
    pub compared: u8,
    /// Why the last try at it came to nothing, for the page; empty at first.
    pub last_refusal: Option<Hitch>,
    /// B-55: in this visit an update of the card was begun or taken up, however it went on.
    #[serde(default)]
    pub begun: bool,
    /// The browser that started it has redeemed the return code: whoever is there is at the card reader.
    #[serde(default)]
    pub returned: bool,
    /// Whether the card has shown its management key for what it was opened for last in this visit.
    #[serde(default)]
    pub rights: Rights,
}

/// The card's management rights, in one visit that updates it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rights {
    /// It was not opened.
    #[default]
    None,
    /// It was opened, and is to show that it has its management key, too.
    Asked,
    /// It has shown that.
    Shown,
}

/// Who took the job, with which card.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// The agent, as its client certificate says.
    pub agent: Uuid,
    /// The card.
    pub card: CardSerial,
    /// Its holder, as our own record says. Nothing is looked up for somebody who begins an unlock
    /// before his card has signed; until then `None`.
    pub holder: Option<HolderId>,
    /// Reader model, as the agent says.
    pub reader: String,
    /// Card profile, as the agent says.
    pub profile: String,
    /// 32 random bytes, hexadecimal; new with every claim, so that no signature serves twice.
    pub nonce: String,
    /// The agent's connection by which it was claimed: once that is gone, so is whoever works on the
    /// job. Nil in a job of a build that did not keep it.
    #[serde(default)]
    pub line: Uuid,
}

impl Claim {
    /// The card's holder, where the job is so far that he is known.
    pub fn holder(&self) -> Result<HolderId, OutOfOrder> {
        self.holder.ok_or(OutOfOrder::NotNow)
    }
}

/// How far a job is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Nobody took it yet, or the last try came to nothing.
    Open,
    /// An agent took it.
    Claimed(Claim),
    /// The card is there.
    Present(Claim),
    /// Its holder agrees.
    Agreed(Claim),
    /// The passcode that the card has accepted is known to be the right one; a new one may follow.
    Settled(Claim),
    /// The new smartcard passcode's tag is durably pending; the agent may be writing it.
    Writing(Claim, SecretRef),
    /// The link was lost while it wrote. The card settles it.
    Unknown(Claim, SecretRef),
    /// B-55: the card is being updated; how far, is in the holder's stream.
    Updating(Claim),
    /// It worked.
    Done(Claim),
    /// Settled later as not written: nothing was changed.
    NotWritten(Claim),
    /// The person changed his mind. Nothing was changed.
    Cancelled,
}

impl CardJob {
    /// A job that nobody took yet.
    #[must_use]
    pub fn new(goal: Goal) -> Self {
        Self {
            goal,
            stage: Stage::Open,
            evaluations: 0,
            compared: 0,
            last_refusal: None,
            begun: false,
            returned: false,
            rights: Rights::None,
        }
    }

    /// When a job that was started at `start` is over; half-open.
    #[must_use]
    pub fn ends_at(start: DateTime<Utc>) -> DateTime<Utc> {
        start + Duration::minutes(JOB_MINUTES)
    }

    /// The claim, if somebody holds the job.
    #[must_use]
    pub fn claim(&self) -> Option<&Claim> {
        match &self.stage {
            Stage::Open | Stage::Cancelled => None,
            Stage::Claimed(claim)
            | Stage::Present(claim)
            | Stage::Agreed(claim)
            | Stage::Settled(claim)
            | Stage::Writing(claim, _)
            | Stage::Unknown(claim, _)
            | Stage::Updating(claim)
            | Stage::Done(claim)
            | Stage::NotWritten(claim) => Some(claim),
        }
    }

    /// True while something may have been written that is not yet known: such a job outlives its
    /// ten minutes, until the card has settled it.
    #[must_use]
    pub fn is_unsettled(&self) -> bool {
        matches!(self.stage, Stage::Writing(..) | Stage::Unknown(..))
    }

    /// True once nothing more can happen to it.
    #[must_use]
    pub fn is_over(&self) -> bool {
        matches!(self.stage, Stage::Done(_) | Stage::NotWritten(_) | Stage::Cancelled)
    }

    /// True if the job writes a new smartcard passcode.
    #[must_use]
    pub fn writes_passcode(&self) -> bool {
        match &self.goal {
            Goal::LogIn
            | Goal::UpdateCard(_)
            | Goal::Register(_)
            | Goal::BeginUnlock { unlock: _ } => false,
            Goal::ChangePasscodes(change) => change.smartcard,
            Goal::Personalise { .. } | Goal::Unlock(_) => true,
        }
    }

    /// The next state, or why there is none. Total; never panics.
    #[expect(clippy::too_many_lines, reason = "a table: what comes, where, and what follows")]
    pub fn step(self, input: Input) -> Result<Self, OutOfOrder> {
        let blank = matches!(self.goal, Goal::Personalise { .. });
        let updates = matches!(self.goal, Goal::UpdateCard(_));
        let begins_unlock = matches!(self.goal, Goal::BeginUnlock { .. });
        let unlocks = matches!(self.goal, Goal::Unlock(_));
        let writes = self.writes_passcode();
        let Self {
            mut goal,
            stage,
            mut evaluations,
            mut compared,
            mut last_refusal,
            mut begun,
            returned,
            mut rights,
        } = self;
        let may_compare = compared < evaluations;
        let stage = match (input, stage) {
            (Input::KeyMade(key), Stage::Claimed(claim)) => {
                let Goal::Personalise { made, .. } = &mut goal else {
                    return Err(OutOfOrder::NotNow);
                };
                *made = std::mem::take(made).with(key);
                Stage::Claimed(claim)
            }
            (Input::Claimed(claim), Stage::Open) => Stage::Claimed(claim),
            (
                Input::Claimed(claim),
                Stage::Claimed(old)
                | Stage::Present(old)
                | Stage::Agreed(old)
                | Stage::Settled(old),
            ) => {
                if claim.agent != old.agent {
                    return Err(OutOfOrder::Taken);
                }
                Stage::Claimed(claim)
            }
            // A blank card may be begun again, whatever is on it by now.
            (Input::Claimed(claim), Stage::Writing(..) | Stage::Unknown(..)) if blank => {
                Stage::Claimed(claim)
            }
            (Input::Advice(advice), Stage::Settled(claim)) => {
                if let Goal::ChangePasscodes(change) = &mut goal
                    && !change.advice.contains(&advice)
                {
                    change.advice.push(advice);
                }
                Stage::Settled(claim)
            }
            (Input::Present, Stage::Claimed(claim)) if !blank && !begins_unlock => {
                Stage::Present(claim)
            }
            (Input::Shown { holder }, Stage::Claimed(claim)) if begins_unlock => {
                Stage::Done(Claim { holder: Some(holder), ..claim })
            }
            (Input::Agreed, Stage::Present(claim)) if !unlocks => Stage::Agreed(claim),
            (Input::Opened, Stage::Present(claim)) if unlocks => Stage::Agreed(claim),
            (Input::Agreed, Stage::Claimed(claim)) if blank => Stage::Agreed(claim),
            // B-55: nobody takes a running update over by asking: another visit brings its proofs
            // first, and a connection that is lost has ended this one ([`Hitch::LineLost`]).
            (Input::Claimed(claim), Stage::Updating(old)) => {
                if (claim.agent, claim.line) != (old.agent, old.line) {
                    return Err(OutOfOrder::Taken);
                }
                Stage::Claimed(claim)
            }
            (Input::UpdateBegun, Stage::Agreed(claim)) if updates => {
                (begun, last_refusal, rights) = (true, None, Rights::None);
                Stage::Updating(claim)
            }
            (Input::Refused { rule, message }, Stage::Updating(claim)) => {
                last_refusal = Some(Hitch::Refused { rule, message });
                Stage::Updating(claim)
            }
            (Input::CardAsked, Stage::Updating(claim)) => {
                rights = Rights::Asked;
                Stage::Updating(claim)
            }
            (Input::CardShown, Stage::Updating(claim)) if rights != Rights::None => {
                rights = Rights::Shown;
                Stage::Updating(claim)
            }
            (Input::Updated, Stage::Updating(claim)) => Stage::Done(claim),
            // The card is between old and new: to change one's mind is of no use any more.
            (Input::Hitch(Hitch::Cancelled), Stage::Updating(_)) => {
                return Err(OutOfOrder::NotNow);
            }
            (Input::Hitch(hitch), Stage::Updating(_)) => {
                // Whoever gives up because he was refused does not know it better than we do.
                let was_refused = matches!(last_refusal, Some(Hitch::Refused { .. }));
                if !(was_refused && hitch == Hitch::CardFault) {
                    last_refusal = Some(hitch);
                }
                Stage::Open
            }
            (Input::Evaluation, stage @ (Stage::Agreed(_) | Stage::Settled(_))) if !updates => {
                if evaluations >= EVALUATIONS_MAX {
                    return Err(OutOfOrder::Spent);
                }
                evaluations += 1;
                stage
            }
            (Input::CurrentSettled, Stage::Agreed(claim))
                if !blank && !updates && !unlocks && may_compare =>
            {
                compared += 1;
                if writes { Stage::Settled(claim) } else { Stage::Done(claim) }
            }
            (Input::NewPending(secret), Stage::Settled(claim)) if may_compare => {
                compared += 1;
                Stage::Writing(claim, secret)
            }
            (Input::NewPending(secret), Stage::Agreed(claim))
                if (blank || unlocks) && may_compare =>
            {
                compared += 1;
                Stage::Writing(claim, secret)
            }
            (Input::Written, Stage::Writing(claim, _) | Stage::Unknown(claim, _)) if !blank => {
                Stage::Done(claim)
            }
            (Input::Personalised, Stage::Writing(claim, _)) if blank => Stage::Done(claim),
            (Input::NotWritten, Stage::Writing(..)) => {
                last_refusal = Some(Hitch::NotWritten);
                Stage::Open
            }
            (Input::NotWritten, Stage::Unknown(claim, _)) => Stage::NotWritten(claim),
            (Input::Lost, Stage::Writing(claim, secret) | Stage::Unknown(claim, secret)) => {
                Stage::Unknown(claim, secret)
            }
            (Input::Hitch(Hitch::UsedBefore), Stage::Settled(claim)) if may_compare => {
                compared += 1;
                last_refusal = Some(Hitch::UsedBefore);
                Stage::Settled(claim)
            }
            // U-12: the step stays open.
            (Input::Hitch(Hitch::UsedBefore), Stage::Agreed(claim)) if unlocks && may_compare => {
                compared += 1;
                last_refusal = Some(Hitch::UsedBefore);
                Stage::Agreed(claim)
            }
            (
                Input::Hitch(Hitch::Cancelled),
                Stage::Open
                | Stage::Claimed(_)
                | Stage::Present(_)
                | Stage::Agreed(_)
                | Stage::Settled(_),
            ) => Stage::Cancelled,
            (
                Input::Hitch(hitch),
                Stage::Open
                | Stage::Claimed(_)
                | Stage::Present(_)
                | Stage::Agreed(_)
                | Stage::Settled(_),
            ) => {
                last_refusal = Some(hitch);
                Stage::Open
            }
            _ => return Err(OutOfOrder::NotNow),
        };
        Ok(Self { goal, stage, evaluations, compared, last_refusal, begun, returned, rights })
    }
}

#[cfg(test)]
mod tests;
