//! What is done with a card for a job: log in, change passcodes, renew certificates, register for
//! self-service, unlock, personalise.
//!
//! Each act is one function that reads from top to bottom, over a [`Transport`] and a [`Server`],
//! so that both can be played in a test. Common rules:
//!
//! - No try is spent silently. The retry counter is read before and after; the last try, and a try
//!   on a card that does not tell its counter, is spent only if the person said so (B-29).
//! - A passcode that could not be right is not sent; a new one is checked before it is sent.
//! - The server hears of everything that was spent or may have been written.
//! - The link ends with a reset of the card, whatever happened (the transport sees to it).

mod begin_unlock;
mod change;
mod identify;
mod job;
mod oblivious;
mod personalise;
mod prove;
mod puk;
#[cfg(test)]
mod tests;
mod unlock;
mod update;

use protocol::{Act, Answer, JobId, ProblemSeen, Request, ReturnCode};

pub use identify::{Identified, identify};

use crate::{
    entropy::Random,
    passcode::Passcode,
    piv::{Card, CardError},
    transport::{LinkError, Transport},
};
use job::Job;

/// Whom the agent asks. One question, one answer, or the line is dead.
pub trait Server {
    /// Asks and waits, a bounded time.
    ///
    /// # Errors
    /// [`ServerGone`]; whether the question arrived is then unknown.
    fn ask(&mut self, request: Request) -> Result<Answer, ServerGone>;
}

/// The connection to the server was lost before the answer came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the connection to the server was lost")]
pub struct ServerGone;

/// One press of the button on the passcode page.
#[derive(Debug, Clone)]
pub struct Task {
    /// The job.
    pub job: JobId,
    /// The act as the page showed it; the server has to grant this very one.
    pub act: Act,
    /// The portal's origin, of the agent's own configuration.
    pub origin: String,
    /// Model name of the reader.
    pub reader: String,
}

/// What was entered for an act.
#[derive(Debug)]
pub enum Entered {
    /// The current passcode.
    Current {
        /// The passcode.
        current: Passcode,
        /// "Use my last try" is ticked.
        last_try: bool,
    },
    /// The current passcode and a new one.
    CurrentAndNew {
        /// The passcode.
        current: Passcode,
        /// The one to set.
        new: Passcode,
        /// "Use my last try" is ticked.
        last_try: bool,
    },
    /// A new passcode, for a card that has none of its holder's yet, or one that he does not know.
    New {
        /// The one to set.
        new: Passcode,
    },
    /// Nothing: the button was pressed.
    Nothing,
}

/// Why an act stopped. The page has a sentence and a way out for each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Halt {
    /// The card left the reader, or another program took it. No passcode was changed; a card
    /// update goes on where it was (B-55).
    CardLost,
    /// Another program holds the card.
    CardInUse,
    /// The smartcard service of the workstation is gone.
    NoService,
    /// This is no card we know.
    NotRecognised,
    /// The card said something nobody understands. No passcode was changed.
    CardFault(CardError),
    /// No tries are left.
    Locked,
    /// One try is left, or the card does not say how many; nothing was spent.
    LastTry {
        /// As the card says.
        tries_left: Option<u8>,
    },
    /// The passcode was wrong and a try was spent.
    WrongPasscode {
        /// As the card says.
        tries_left: Option<u8>,
    },
    /// The new passcode does not satisfy the rules the server granted; nothing was written.
    NewPasscodeUnfit,
    /// The server says no.
    Refused {
        /// Rule id, or empty.
        rule: String,
        /// A sentence for the holder.
        message: String,
        /// True if the same job may be tried again.
        again: bool,
    },
    /// The server granted another act than the page showed; nothing was done.
    ActChanged,
    /// The card is neither blank nor begun by this server; nothing more was written.
    NotBlank,
    /// The card takes none of the PUKs that the server knows of. No passcode was changed.
    PukNotTaken,
    /// The card kept the old passcode.
    NotWritten,
    /// The link was lost during the write: old or new, the next log-in will tell.
    WriteUnknown,
    /// The server was lost. No passcode was changed.
    ServerLost,
    /// The new passcode is on the card, but the server could not be told; the next log-in will.
    WrittenServerLost,
    /// The server answered something that this version of the agent does not expect.
    ServerFault,
}

impl Halt {
    /// True if card or server are gone, and no further step makes sense.
    fn is_loss(&self) -> bool {
        match self {
            Self::CardLost
            | Self::CardInUse
            | Self::NoService
            | Self::ServerLost
            | Self::CardFault(CardError::Link(_)) => true,
            Self::CardFault(CardError::Refused { .. } | CardError::Malformed { .. })
            | Self::NotRecognised
            | Self::Locked
            | Self::LastTry { .. }
            | Self::WrongPasscode { .. }
            | Self::NewPasscodeUnfit
            | Self::Refused { .. }
            | Self::ActChanged
            | Self::NotBlank
            | Self::PukNotTaken
            | Self::NotWritten
            | Self::WriteUnknown
            | Self::WrittenServerLost
            | Self::ServerFault => false,
        }
    }

    /// What the server is told when a claimed job is given up; `None` where it knows already, or
    /// cannot be told.
    fn reason(&self) -> Option<ProblemSeen> {
        match self {
            Self::CardLost | Self::NoService | Self::CardInUse => Some(ProblemSeen::CardRemoved),
            Self::CardFault(_) | Self::NotRecognised | Self::NotBlank | Self::PukNotTaken => {
                Some(ProblemSeen::CardFault)
            }
            Self::NewPasscodeUnfit | Self::ActChanged => Some(ProblemSeen::Cancelled),
            Self::Locked
            | Self::LastTry { .. }
            | Self::WrongPasscode { .. }
            | Self::Refused { .. }
            | Self::NotWritten
            | Self::WriteUnknown
            | Self::ServerLost
            | Self::WrittenServerLost
            | Self::ServerFault => None,
        }
    }
}

impl From<LinkError> for Halt {
    fn from(error: LinkError) -> Self {
        match error {
            LinkError::Lost => Self::CardLost,
            LinkError::InUse => Self::CardInUse,
            LinkError::NoService => Self::NoService,
            LinkError::Failed(_) => Self::CardFault(CardError::Link(error)),
        }
    }
}

impl From<CardError> for Halt {
    fn from(error: CardError) -> Self {
        match error {
            CardError::Link(error) => error.into(),
            CardError::Refused { .. } | CardError::Malformed { .. } => Self::CardFault(error),
        }
    }
}

impl From<ServerGone> for Halt {
    fn from(_: ServerGone) -> Self {
        Self::ServerLost
    }
}

/// Carries out the act of a task, with the card at the end of `link`. Calls `leave` if the browser
/// may go back to the portal while the work goes on (a card update).
///
/// # Errors
/// [`Halt`]; a claimed job that wrote nothing has then been given up towards the server.
pub fn run(
    link: impl Transport,
    server: &mut impl Server,
    random: &mut impl Random,
    task: &Task,
    entered: &Entered,
    leave: &mut dyn FnMut(&ReturnCode),
) -> Result<ReturnCode, Halt> {
    let mut job = Job::new(Card::new(link), server, random, task, leave);
    let ended = match (&task.act, entered) {
        (
            Act::LogIn | Act::ChangePasscodes { smartcard: false, .. } | Act::Register { .. },
            Entered::Current { current, last_try },
        ) => prove::prove(&mut job, current, *last_try),
        (
            Act::ChangePasscodes { smartcard: true, .. },
            Entered::CurrentAndNew { current, new, last_try },
        ) => change::change(&mut job, current, new, *last_try),
        (Act::Personalise, Entered::New { new }) => personalise::personalise(&mut job, new),
        (Act::UpdateCard, Entered::Current { current, last_try }) => {
            update::update(&mut job, current, *last_try)
        }
        (Act::BeginUnlock, Entered::Nothing) => begin_unlock::begin_unlock(&mut job),
        (Act::Unlock, Entered::New { new }) => unlock::unlock(&mut job, new),
        (
            Act::LogIn
            | Act::ChangePasscodes { .. }
            | Act::Personalise
            | Act::UpdateCard
            | Act::Register { .. }
            | Act::BeginUnlock
            | Act::Unlock,
            Entered::Current { .. }
            | Entered::CurrentAndNew { .. }
            | Entered::New { .. }
            | Entered::Nothing,
        ) => Err(Halt::ActChanged),
    };
    if let Err(halt) = &ended {
        job.abandon(halt);
    }
    ended
}
