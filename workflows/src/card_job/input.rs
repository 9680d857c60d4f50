//! What can happen to a job, and what can be wrong with it.

use domain::{
    ids::{HolderId, SecretRef},
    passcode::Advice,
};
use serde::{Deserialize, Serialize};

use super::{Claim, MadeKey};

/// What went wrong with one try.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hitch {
    /// The card refused the passcode.
    WrongPasscode {
        /// Tries left, if the card told.
        tries_left: Option<u8>,
    },
    /// The card left the reader.
    CardRemoved,
    /// Another card than the job's.
    OtherCard,
    /// B-60.
    ReaderNotApproved,
    /// The card or the agent did something nobody understands.
    CardFault,
    /// The person changed his mind.
    Cancelled,
    /// P-22.
    UsedBefore,
    /// The card kept the old passcode.
    NotWritten,
    /// B-55: the connection to the card software was lost while it updated the card.
    LineLost,
    /// B-55: the server has refused a step of an update.
    Refused {
        /// The rule, or empty.
        rule: String,
        /// Why, in a sentence.
        message: String,
    },
}

/// What can happen to a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// An agent takes it.
    Claimed(Claim),
    /// A 9E signature was checked.
    Present,
    /// U-04: a 9E signature was checked, of a card that an unlock is begun for; and whose it is.
    Shown {
        /// Its holder, as our own record says.
        holder: HolderId,
    },
    /// A 9A signature after VERIFY was checked.
    Agreed,
    /// U-11: the code that this unlock waited for was accepted; it stands for 9A.
    Opened,
    /// One more POPRF evaluation is asked for.
    Evaluation,
    /// The passcode that VERIFY accepted is known to be the right one.
    CurrentSettled,
    /// The new passcode's tag is fresh and pending under this reference.
    NewPending(SecretRef),
    /// The new passcode is on the card.
    Written,
    /// The old passcode is on the card.
    NotWritten,
    /// Nobody knows which.
    Lost,
    /// A blank card has generated a key, and its certificate is issued.
    KeyMade(MadeKey),
    /// All keys and certificates are on the card and read back.
    Personalised,
    /// C-09: the card update is begun, or taken up.
    UpdateBegun,
    /// B-55: the card is opened for one write, and asked for its management key.
    CardAsked,
    /// It has shown that it has it.
    CardShown,
    /// C-12: it is committed.
    Updated,
    /// B-55: a step of the update was refused; what comes of that is the card software's to say.
    Refused {
        /// The rule, or empty.
        rule: String,
        /// Why, in a sentence.
        message: String,
    },
    /// Something the holder is to be told beside the confirmation.
    Advice(Advice),
    /// The try came to nothing; nothing was written.
    Hitch(Hitch),
}

/// An input that the stage does not allow. The job stays as it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OutOfOrder {
    /// Steps were skipped, repeated or mixed up.
    #[error("this job is not at that step")]
    NotNow,
    /// The job is taken by another agent.
    #[error("this job is taken by another workstation")]
    Taken,
    /// The five evaluations are spent.
    #[error("this job's passcode checks are used up")]
    Spent,
}
