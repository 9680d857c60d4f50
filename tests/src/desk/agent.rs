//! A stand-in for a card agent: it speaks the agents' protocol with the server directly, without TLS and PC/SC. It
//! can do each step by itself, in any order and with any lie in it; the whole acts are made of the honest steps.

pub mod unlock;
pub mod update;

use api::{
    agents::{AgentSeen, Asker, LineId, answers},
    app::App,
};
use protocol::{
    Act, Answer, Bytes, CardSeen, Granted, JobId, ProblemSeen, Purpose, ReaderSeen, Request,
    Secret, Slot, Statement, WriteOutcome,
};
use stores::agent::AgentId;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use voprf::{EvaluationElement, Group as _, PoprfClient, Proof, Ristretto255};

use super::card::SoftCard;

/// Reader model that this agent reports.
pub const READER: &str = "Latchkey Virtual Reader";

/// An agent. It works for any number of cards.
pub struct SoftAgent {
    app: App,
    id: AgentId,
    workstation: String,
    line: LineId,
    origin: String,
    /// What it said last.
    seen: Mutex<AgentSeen>,
}

/// Why a step did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum Stop {
    /// The server says no.
    #[error("refused by {rule:?}: {message}")]
    Refused {
        /// Rule id, or empty.
        rule: String,
        /// The sentence for the person.
        message: String,
        /// May the same job be tried again?
        again: bool,
    },
    /// The card did not accept the passcode.
    #[error("wrong passcode, {0} tries left")]
    WrongPasscode(u8),
    /// The card did not accept the PUK that the server has released.
    #[error("wrong PUK, {0} tries left")]
    WrongPuk(u8),
    /// The agent is gone, or the card: as a test wanted it.
    #[error("torn")]
    Torn,
    /// Something that does not happen if both sides are right.
    #[error(transparent)]
    Broken(#[from] anyhow::Error),
}

impl Stop {
    /// The rule by which the server said no.
    #[must_use]
    pub fn rule(&self) -> Option<&str> {
        match self {
            Self::Refused { rule, .. } => Some(rule),
            Self::WrongPasscode(_) | Self::WrongPuk(_) | Self::Torn | Self::Broken(_) => None,
        }
    }
}

/// A job that this agent holds.
#[derive(Debug, Clone)]
pub struct Held {
    /// The job.
    pub job: JobId,
    /// What the claim brought.
    pub granted: Granted,
}

/// What a card key signs, each part open to a lie.
#[derive(Debug, Clone)]
pub struct Said {
    /// What the signature is for.
    pub purpose: Purpose,
    /// The portal.
    pub origin: String,
    /// The job.
    pub job: JobId,
    /// The claim's random bytes.
    pub nonce: Vec<u8>,
    /// The act.
    pub act: Act,
}

impl Said {
    /// The sentence.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        Statement {
            purpose: self.purpose,
            origin: &self.origin,
            job: self.job,
            nonce: &self.nonce,
            change: Statement::hash_of_act(&self.act),
        }
        .bytes()
    }
}

/// What the POPRF needs, from the answer to Agree.
#[derive(Debug, Clone)]
pub struct Terms {
    holder: Uuid,
    key_version: u32,
    public_key: Bytes,
}

/// How a write to the card goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Write {
    /// It is written and read back.
    Good,
    /// The card keeps the old passcode and says so.
    Kept,
    /// The card is pulled before the write; nobody is told.
    TornBefore,
    /// The card is pulled after the write; nobody is told.
    TornAfter,
}

impl Write {
    fn lands(self) -> bool {
        matches!(self, Self::Good | Self::TornAfter)
    }

    fn outcome(self) -> WriteOutcome {
        match self {
            Self::Good => WriteOutcome::New,
            Self::Kept => WriteOutcome::Old,
            Self::TornBefore | Self::TornAfter => WriteOutcome::Unknown,
        }
    }
}

impl SoftAgent {
    pub(super) async fn connect(app: App, id: AgentId, workstation: &str) -> anyhow::Result<Self> {
        let (origin, workstation) = (app.origin().to_owned(), workstation.to_owned());
        let line = LineId(app.entropy().uuid(app.now()));
        let asker = Asker { agent: id, line };
        let seen = app.agents().connect(asker, &workstation, CancellationToken::new()).await?;
        Ok(Self { app, id, workstation, line, origin, seen: Mutex::new(seen) })
    }

    /// Its connection is replaced by another, as after a break of the network that the server has not noticed.
    pub async fn redial(&mut self) -> anyhow::Result<()> {
        *self = Self::connect(self.app.clone(), self.id, &self.workstation).await?;
        Ok(())
    }

    /// Another process of the service is dialled, which has this app.
    pub async fn redial_at(&mut self, app: &App) -> anyhow::Result<()> {
        *self = Self::connect(app.clone(), self.id, &self.workstation).await?;
        Ok(())
    }

    /// Its connection ends.
    pub async fn leave(&self) -> anyhow::Result<()> {
        let mut changes = self.app.agents().changes();
        changes.mark_unchanged();
        self.app.agent_left(self.asker(), self.seen.lock().await.clone());
        // Until that is on record.
        Ok(changes.changed().await?)
    }

    fn asker(&self) -> Asker {
        Asker { agent: self.id, line: self.line }
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> AgentId {
        self.id
    }

    /// Asks the server.
    pub async fn ask(&self, request: Request) -> Answer {
        answers::answer(&self.app, self.asker(), request).await
    }

    /// Asks the server; a refusal is an error.
    async fn hear(&self, request: Request) -> Result<Answer, Stop> {
        heard(self.ask(request).await)
    }

    /// Tells the server what is in the reader, as the channel does for every frame of that kind.
    pub async fn sees(&self, card: Option<&SoftCard>) -> anyhow::Result<()> {
        self.sees_card(card.map(SoftCard::seen)).await
    }

    /// As [`SoftAgent::sees`], for a card of another make.
    pub async fn sees_card(&self, card: Option<CardSeen>) -> anyhow::Result<()> {
        self.sees_in_readers(vec![card]).await
    }

    /// Tells the server what is in two readers, as at a desk.
    pub async fn sees_both(&self, cards: [&SoftCard; 2]) -> anyhow::Result<()> {
        self.sees_in_readers(cards.map(|card| Some(card.seen())).into()).await
    }

    async fn sees_in_readers(&self, cards: Vec<Option<CardSeen>>) -> anyhow::Result<()> {
        let reader = |card| ReaderSeen { model: READER.to_owned(), approved: true, card };
        let readers = cards.into_iter().map(reader).collect();
        let now = AgentSeen { workstation: self.workstation.clone(), readers };
        if self.app.agents().note(self.asker(), &now).await? {
            let before = std::mem::replace(&mut *self.seen.lock().await, now.clone());
            self.app.readers_changed(self.id, &before, &now);
        }
        Ok(())
    }

    /// What the passcode page shows before anything is asked.
    pub async fn look(&self, job: JobId) -> Result<Act, Stop> {
        let Answer::Job { act, .. } = self.hear(Request::Look { job }).await? else {
            return Err(unexpected());
        };
        Ok(act)
    }

    /// Takes the job with this card.
    pub async fn claim(&self, job: JobId, card: CardSeen) -> Result<Held, Stop> {
        let request = Request::Claim { job, reader: READER.to_owned(), card };
        let Answer::Granted(granted) = self.hear(request).await? else {
            return Err(unexpected());
        };
        Ok(Held { job, granted: *granted })
    }

    /// The sentence that an honest agent composes for its claim.
    #[must_use]
    pub fn said(&self, held: &Held, purpose: Purpose) -> Said {
        Said {
            purpose,
            origin: self.origin.clone(),
            job: held.job,
            nonce: held.granted.nonce.0.clone(),
            act: held.granted.act.clone(),
        }
    }

    /// Sends a signature as the proof that the card is there.
    pub async fn present(&self, job: JobId, signature: Vec<u8>) -> Result<(), Stop> {
        noted(self.ask(Request::Present { job, signature: Bytes(signature) }).await)
    }

    /// Sends a signature as the proof that its holder agrees.
    pub async fn agree(&self, job: JobId, signature: Vec<u8>) -> Result<Terms, Stop> {
        let request = Request::Agree { job, signature: Bytes(signature) };
        let Answer::Agreed { holder, poprf_key_version, poprf_public_key } =
            self.hear(request).await?
        else {
            return Err(unexpected());
        };
        Ok(Terms { holder, key_version: poprf_key_version, public_key: poprf_public_key })
    }

    /// The tag of a passcode: stretched, blinded, evaluated by the server, its proof checked.
    pub async fn tag(&self, job: JobId, terms: &Terms, passcode: &str) -> Result<Secret, Stop> {
        let broken = |_| Stop::Broken(anyhow::anyhow!("the evaluation does not verify"));
        let stretched =
            protocol::stretch(passcode.as_bytes(), terms.holder).map_err(anyhow::Error::from)?;
        let blinded = PoprfClient::<Ristretto255>::blind(&*stretched, &mut self.app.entropy())
            .map_err(broken)?;
        let request =
            Request::Evaluate { job, blinded: Bytes(blinded.message.serialize().to_vec()) };
        let Answer::Evaluated { element, proof } = self.hear(request).await? else {
            return Err(unexpected());
        };
        let element = EvaluationElement::deserialize(&element.0).map_err(broken)?;
        let proof = Proof::deserialize(&proof.0).map_err(broken)?;
        let public_key = Ristretto255::deserialize_elem(&terms.public_key.0)
            .map_err(|_| anyhow::anyhow!("the public key is none"))?;
        let info = protocol::poprf_info(terms.holder, terms.key_version);
        let tag = blinded
            .state
            .finalize(&*stretched, &element, &proof, public_key, Some(&info))
            .map_err(broken)?;
        Ok(Secret(tag.to_vec()))
    }

    /// Gives up.
    pub async fn abandon(&self, job: JobId, reason: ProblemSeen) -> Result<(), Stop> {
        noted(self.ask(Request::Abandon { job, reason }).await)
    }

    /// Claim, 9E, VERIFY, 9A (or what an open update names): up to where the holder has agreed. Then a PUK that was
    /// released and never replaced is.
    pub async fn prove(
        &self,
        job: JobId,
        card: &mut SoftCard,
        passcode: &str,
    ) -> Result<(Held, Terms), Stop> {
        let held = self.claim(job, card.seen()).await?;
        let sentence = self.said(&held, Purpose::Present).bytes();
        self.present(job, card.sign(Slot::CardAuthentication, &sentence)?).await?;
        if let Err(tries_left) = card.verify(passcode) {
            noted(self.ask(Request::PasscodeWrong { job, tries_left: Some(tries_left) }).await)?;
            return Err(Stop::WrongPasscode(tries_left));
        }
        let (slot, purpose) = Purpose::of_agreement(&held.granted);
        let sentence = self.said(&held, purpose).bytes();
        let terms = self.agree(job, card.sign(slot, &sentence)?).await?;
        if held.granted.heal_puk {
            self.replace_puk(job, card).await?;
        }
        Ok((held, terms))
    }

    /// An act that writes nothing to the card: log in, register for self-service, or change the other two passcodes.
    pub async fn finish(
        &self,
        job: JobId,
        card: &mut SoftCard,
        passcode: &str,
    ) -> Result<Secret, Stop> {
        let (_, terms) = self.prove(job, card, passcode).await?;
        let tag = self.tag(job, &terms, passcode).await?;
        done(self.ask(Request::CurrentTag { job, tag }).await)
    }

    /// A new smartcard passcode, with whatever else the job changes.
    pub async fn change(
        &self,
        job: JobId,
        card: &mut SoftCard,
        current: &str,
        new: &str,
        write: Write,
    ) -> Result<Secret, Stop> {
        let (_, terms) = self.prove(job, card, current).await?;
        let tag = self.tag(job, &terms, current).await?;
        noted(self.ask(Request::CurrentTag { job, tag }).await)?;
        let tag = self.tag(job, &terms, new).await?;
        self.write(job, card, new, tag, write).await
    }

    /// The last steps of a change: the new tag, the card, and what became of it.
    pub async fn write(
        &self,
        job: JobId,
        card: &mut SoftCard,
        new: &str,
        tag: Secret,
        write: Write,
    ) -> Result<Secret, Stop> {
        let Answer::Write = self.hear(Request::NewTag { job, tag }).await? else {
            return Err(unexpected());
        };
        if write.lands() {
            card.set_passcode(new);
        }
        done(self.ask(Request::Written { job, outcome: write.outcome() }).await)
    }

    /// A blank card becomes somebody's.
    pub async fn personalise(
        &self,
        job: JobId,
        card: &mut SoftCard,
        passcode: &str,
    ) -> Result<Secret, Stop> {
        let held = self.claim(job, card.seen()).await?;
        card.written.clone_from(&held.granted.blank);
        card.set_puk_written()?;
        card.set_passcode(passcode);
        card.verify(passcode).map_err(Stop::WrongPasscode)?;
        for slot in [Slot::Authentication, Slot::Signature, Slot::CardAuthentication] {
            let proof = if slot == Slot::CardAuthentication {
                card.sign(slot, &self.said(&held, Purpose::Present).bytes())?
            } else {
                card.request(slot)?
            };
            let (public_key, proof) = (Bytes(card.public_key(slot)?), Bytes(proof));
            let request = Request::KeyGenerated { job, slot, public_key, proof };
            let Answer::Certificate { .. } = self.hear(request).await? else {
                return Err(unexpected());
            };
        }
        let sentence = self.said(&held, Purpose::Personalise).bytes();
        let terms = self.agree(job, card.sign(Slot::Authentication, &sentence)?).await?;
        let tag = self.tag(job, &terms, passcode).await?;
        let Answer::Write = self.hear(Request::NewTag { job, tag }).await? else {
            return Err(unexpected());
        };
        let signature = Bytes(card.sign(Slot::Authentication, &sentence)?);
        done(self.ask(Request::Personalised { job, signature }).await)
    }
}

/// The return code of an answer that says *done*.
pub fn done(answer: Answer) -> Result<Secret, Stop> {
    let Answer::Done { code } = heard(answer)? else { return Err(unexpected()) };
    Ok(code)
}

/// An answer that only says *noted*.
pub fn noted(answer: Answer) -> Result<(), Stop> {
    let Answer::Noted = heard(answer)? else { return Err(unexpected()) };
    Ok(())
}

fn heard(answer: Answer) -> Result<Answer, Stop> {
    if let Answer::Refused { rule, message, again } = answer {
        Err(Stop::Refused { rule, message, again })
    } else {
        Ok(answer)
    }
}

fn unexpected() -> Stop {
    Stop::Broken(anyhow::anyhow!("that is an answer to another question"))
}
