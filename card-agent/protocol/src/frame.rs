//! The frames themselves.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Act, Bytes, PasscodeRules, PukFound, PukPlan, Resume, Secret, SlotPlan, Write};

/// A job's number. It is no secret: knowing it lets nobody do anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct JobId(pub Uuid);

impl fmt::Display for JobId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// 128 bits, 60 seconds, once: takes the browser that started a job back to the portal.
pub type ReturnCode = Secret;

/// A key slot of a PIV card (SP 800-73-5 part 1, table 4b).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Slot {
    /// 9A: PIV authentication, after VERIFY.
    Authentication,
    /// 9C: digital signature, VERIFY before each use.
    Signature,
    /// 9E: card authentication, no passcode.
    CardAuthentication,
}

/// A reader as the agent sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReaderSeen {
    /// Model name as PC/SC gives it, without the slot number (B-60).
    pub model: String,
    /// True if the agent's list has that model (B-60).
    pub approved: bool,
    /// The card in it, if there is one that answers.
    pub card: Option<CardSeen>,
}

/// A card as the agent sees it. All of it is hearsay until 9E has signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CardSeen {
    /// Serial number, upper-case hexadecimal.
    pub serial: String,
    /// Name of the card profile the agent recognised (`piv`, `guide`).
    pub profile: String,
    /// Tries left for the smartcard passcode; 0 is locked. `None` where the card does not tell.
    pub tries_left: Option<u8>,
}

/// Agent to server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FromAgent {
    /// The first frame of every connection.
    Hello {
        /// [`crate::PROTOCOL_VERSION`].
        protocol: u16,
        /// The agent's own version, for the operator.
        version: String,
        /// Name of the workstation, as the agent says it; recorded, never believed.
        workstation: String,
    },
    /// What is in the readers now: after Hello, after every insertion and removal, and as heartbeat.
    Readers {
        /// All of them.
        readers: Vec<ReaderSeen>,
    },
    /// A question; the server answers each once, with the same number.
    Ask {
        /// Counts up from 1 on each connection.
        number: u64,
        /// The question.
        request: Request,
    },
}

/// What an agent asks. Those about a job name it; a claimed job answers to its claimer only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Request {
    /// The only request of a connection without a client certificate: trade the enrolment code
    /// (15 minutes, once) for one.
    Enrol {
        /// The code, as an operator read it out.
        code: Secret,
        /// PKCS#10 over the agent's own key, DER.
        csr: Bytes,
        /// Name of the workstation.
        workstation: String,
    },
    /// What is this job? Spends nothing, claims nothing.
    Look {
        /// The job.
        job: JobId,
    },
    /// This agent takes the job, with this card. A job is claimed once, by one agent; the same
    /// agent may claim it again (a second try at the passcode page).
    Claim {
        /// The job.
        job: JobId,
        /// Reader model, recorded as said.
        reader: String,
        /// The card in it.
        card: CardSeen,
    },
    /// The card is there: 9E over [`crate::Purpose::Present`].
    Present {
        /// The job.
        job: JobId,
        /// ECDSA P-256 signature, DER.
        signature: Bytes,
    },
    /// VERIFY failed, and so many tries are left (0: the card is locked now).
    PasscodeWrong {
        /// The job.
        job: JobId,
        /// As the card says.
        tries_left: Option<u8>,
    },
    /// Its holder agrees: 9A over the act's purpose, after VERIFY. When personalising, after the
    /// three keys were generated: by the new 9A key, over [`crate::Purpose::Personalise`]. Where a
    /// card update is open, as [`Granted::resume`] says.
    Agree {
        /// The job.
        job: JobId,
        /// ECDSA P-256 signature, DER.
        signature: Bytes,
    },
    /// Evaluate the POPRF over a blinded, stretched passcode. Only after Agree; at most
    /// 5 a job and 10 a card and day.
    Evaluate {
        /// The job.
        job: JobId,
        /// RFC 9497 blinded element.
        blinded: Bytes,
    },
    /// The tag of the passcode that VERIFY has just accepted. Settles what was unknown.
    /// For a job without a new smartcard passcode it also finishes the job.
    CurrentTag {
        /// The job.
        job: JobId,
        /// POPRF output.
        tag: Secret,
    },
    /// The tag of the wanted new passcode: may it be written (P-22)? The answer
    /// [`Answer::Write`] comes only when it is durably pending. When personalising it is on the
    /// card already (whose 9A key could not have agreed without it), and `Personalised` follows.
    NewTag {
        /// The job.
        job: JobId,
        /// POPRF output.
        tag: Secret,
    },
    /// What became of CHANGE REFERENCE DATA. Answered with `Done` (the browser goes back to the
    /// portal, whatever the outcome), `Noted` or `Refused`.
    Written {
        /// The job.
        job: JobId,
        /// As far as the card told.
        outcome: WriteOutcome,
    },
    /// Personalisation and card update: a public key that the card generated, and that the card
    /// has the private half of it. In an update it may be asked again for the same key, and the
    /// answer is the same certificate.
    KeyGenerated {
        /// The job.
        job: JobId,
        /// Which slot.
        slot: Slot,
        /// `SubjectPublicKeyInfo`, DER.
        public_key: Bytes,
        /// Made with the private half. 9A, 9C: a request for a certificate (PKCS#10, DER). 9E, which
        /// gets none: a signature over [`crate::Purpose::Present`].
        proof: Bytes,
    },
    /// Personalisation: all is written and read back.
    Personalised {
        /// The job.
        job: JobId,
        /// 9A signature over [`crate::Purpose::Personalise`], made afresh after VERIFY with the
        /// holder's passcode.
        signature: Bytes,
    },
    /// Card update (C-09), after Agree: take it up where the journal says that it is. The answer
    /// [`Answer::Updating`] lets the browser go back to the portal at once.
    BeginUpdate {
        /// The job.
        job: JobId,
    },
    /// Card update: management rights for one step. The opening is in the journal before the
    /// answer [`Answer::Witness`] comes, because the step destroys what was in the slot.
    OpenWrite {
        /// The job.
        job: JobId,
        /// 9A or 9C.
        slot: Slot,
        /// What will be written.
        write: Write,
        /// As the card encrypted it with its management key (SP 800-73-5 part 2, appendix A.1).
        witness: Bytes,
    },
    /// Card update: the card's answer to the server's challenge, so that the card, too, has shown
    /// that it has the management key. Answered with `Noted`; only then is anything written.
    CardAuthenticated {
        /// The job.
        job: JobId,
        /// The challenge, encrypted by the card.
        response: Bytes,
    },
    /// Card update: a slot that was opened for a key pair has signed with whatever key it has. Answered
    /// with `Noted`, whichever it is: if it is the one on record, the slot is as it was (B-55).
    SlotSigned {
        /// The job.
        job: JobId,
        /// 9A or 9C.
        slot: Slot,
        /// Its opening.
        opening: u32,
        /// Over [`crate::Purpose::SettleSlot`].
        signature: Bytes,
    },
    /// Card update: the certificate was read back from the card as it was issued, and the key in
    /// the slot is its own. Answered with `Noted`.
    CertificateWritten {
        /// The job.
        job: JobId,
        /// 9A or 9C.
        slot: Slot,
        /// By the new key, over [`crate::Purpose::TestKey`].
        signature: Bytes,
    },
    /// Card update: both certificates were read back once more after a reset. Commits the update
    /// (B-50). Answered with `Noted`.
    UpdateFinished {
        /// The job.
        job: JobId,
    },
    /// Unlock, after `Present`: go on with what was proved in the browser. The accepted code, or
    /// the account recovery passcode, stands for the holder's signature. Answered as `Agree` is.
    OpenUnlock {
        /// The job.
        job: JobId,
    },
    /// What to do with the card's PUK. In an unlock, after [`Answer::Write`]; in any other act,
    /// where [`Granted::heal_puk`] asks for it, after `Agree`. The answer is [`Answer::Puk`].
    TakePuk {
        /// The job.
        job: JobId,
        /// The agent's HPKE public key for this job ([`crate::PukKey::public`]).
        key: Bytes,
    },
    /// Which candidate the card took ([`PukPlan::Find`]), or that it did not take the first, before the
    /// second is tried. Answered with `Noted`; once one was taken, `TakePuk` follows.
    PukFound {
        /// The job.
        job: JobId,
        /// That of the plan: what is said of an older one is refused.
        step: u32,
        /// The candidate.
        which: PukFound,
    },
    /// What became of [`PukPlan::Replace`]. Answered with `Noted`. Nothing is said where the link to
    /// the card was lost in between: the next job finds it out.
    PukReplaced {
        /// The job.
        job: JobId,
        /// That of the plan: what is said of an older one is refused.
        step: u32,
        /// True if the new PUK is on the card; false if the card did not take the old one.
        replaced: bool,
    },
    /// The agent gives up on a job, and says why in a word for the record. No passcode was
    /// changed; a personalisation that is given up is begun again from its start, a card update
    /// goes on where it was (B-55).
    Abandon {
        /// The job.
        job: JobId,
        /// Card pulled, reader gone, page left.
        reason: ProblemSeen,
    },
}

/// What became of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WriteOutcome {
    /// Written and read back: the new passcode verifies.
    New,
    /// Not written: the old one still verifies.
    Old,
    /// The link to the card was lost in between; the next successful VERIFY settles it.
    Unknown,
}

/// What an agent can see going wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProblemSeen {
    /// The card left the reader.
    CardRemoved,
    /// Another card than the job's is in the reader.
    OtherCard,
    /// The reader is not approved (B-60).
    ReaderNotApproved,
    /// The card answered something the agent does not understand.
    CardFault,
    /// The person left the page or pressed *Cancel*.
    Cancelled,
}

/// Server to agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FromServer {
    /// The answer to the question with that number.
    Answer {
        /// Number of the question.
        number: u64,
        /// The answer.
        answer: Answer,
    },
    /// The server is about to close the connection; the agent dials again after its back-off.
    Bye {
        /// Why, so that the agent's page can tell a person what to do.
        why: Farewell,
    },
}

/// Why a server closes a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Farewell {
    /// It shuts down, or has answered the one question of an enrolment.
    Closing,
    /// The agent speaks another version of the protocol than [`crate::PROTOCOL_VERSION`].
    OtherVersion,
    /// The agent's certificate was revoked, or is none of an enrolled agent.
    Revoked,
    /// The agent said something that the protocol does not allow.
    ProtocolError,
}

/// What a server answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// To Enrol.
    Enrolled(Enrolled),
    /// To Look: what the page shows before anything is asked.
    Job {
        /// The act.
        act: Act,
        /// Server time, RFC 3339, with the offset of the policy's zone, because the page shows it
        /// as it is; the agent never reads the wall clock and knows no zone.
        now: String,
        /// Policy's rules for a new smartcard passcode.
        rules: PasscodeRules,
    },
    /// To Claim.
    Granted(Box<Granted>),
    /// To `Present`, `PasscodeWrong`, `CardAuthenticated`, `SlotSigned`, `CertificateWritten`,
    /// `UpdateFinished`, `PukFound`, `PukReplaced`, `Abandon`: taken note of; go on.
    Noted,
    /// To Agree and `OpenUnlock`: the proof holds; what the POPRF needs.
    Agreed {
        /// Salt of the stretch.
        holder: Uuid,
        /// Version of the POPRF key.
        poprf_key_version: u32,
        /// The POPRF public key (compressed ristretto255 element).
        poprf_public_key: Bytes,
    },
    /// To Evaluate.
    Evaluated {
        /// RFC 9497 evaluated element.
        element: Bytes,
        /// RFC 9497 proof that it was made with the public key.
        proof: Bytes,
    },
    /// To `NewTag`: pending and durable; write it now.
    Write,
    /// To `KeyGenerated`: write this certificate to the slot. Empty for 9E.
    Certificate {
        /// X.509, DER.
        certificate: Bytes,
    },
    /// To `BeginUpdate`: the browser goes back to the portal with this code, the card stays.
    Updating {
        /// 128 bits.
        code: ReturnCode,
        /// The update.
        update: Uuid,
        /// How far each slot is, by the journal; in the order in which they are renewed.
        slots: Vec<SlotPlan>,
    },
    /// To `OpenWrite`: the rights are given once, to the card that asked.
    Witness {
        /// The card's witness, decrypted.
        witness: Bytes,
        /// A challenge for the card, of the same length.
        challenge: Bytes,
        /// The number of this opening, for [`crate::Purpose::SettleSlot`].
        opening: u32,
    },
    /// To `TakePuk`.
    Puk(PukPlan),
    /// The job is done; take the browser to the portal with this code. To `Present` of
    /// [`Act::BeginUnlock`], too: what the card's holder may do now, the portal tells him.
    Done {
        /// 128 bits.
        code: ReturnCode,
    },
    /// No. For people: what the page shows. Nothing was changed.
    Refused {
        /// Rule id (`P-22`), or empty where no rule of the guides is at work.
        rule: String,
        /// A sentence for the holder.
        message: String,
        /// True if the same job may be tried again from the passcode page.
        again: bool,
    },
}

/// What an enrolled agent gets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enrolled {
    /// Its client certificate, DER.
    pub certificate: Bytes,
    /// The authority both sides of the channel trust, DER. The agent pins it.
    pub authority: Bytes,
}

/// What a claim brings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Granted {
    /// The act, once more: what is signed is what was granted.
    pub act: Act,
    /// 32 random bytes for the statements of this claim.
    pub nonce: Bytes,
    /// Rules for a new smartcard passcode: policy and card profile intersected.
    pub rules: PasscodeRules,
    /// Personalisation only: what is to be written before the card leaves.
    pub blank: Option<Blank>,
    /// Where a card update of this card is open and has destroyed a key (B-55).
    pub resume: Option<Resume>,
    /// The card's PUK was released before, and nobody knows whether it was replaced: replace it
    /// first, once its holder has agreed.
    pub heal_puk: bool,
}

/// The secrets of a card that is being personalised, on their one way through the workstation.
///
/// A blank PIV card takes a new management key in clear (no secure messaging): this is the only
/// moment at which an agent sees it. Afterwards the server answers the card's challenges itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Blank {
    /// AES-256 management key.
    pub management_key: Secret,
    /// PUK, 8 digits.
    pub puk: Secret,
}
