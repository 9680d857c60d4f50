//! The steps that the acts have in common.

use protocol::{
    Answer, Bytes, Granted, ProblemSeen, Purpose, Request, ReturnCode, Secret, Slot, Statement,
};

use super::{
    Halt, Identified, Server, Task,
    identify::{identify, tries_left},
    oblivious::{self, Terms},
};
use crate::{
    entropy::Random,
    passcode::Passcode,
    piv::{Card, Verified},
    transport::Transport,
};

/// One act under way.
pub(super) struct Job<'a, T, S, R> {
    pub(super) card: Card<T>,
    pub(super) server: &'a mut S,
    pub(super) random: &'a mut R,
    pub(super) task: &'a Task,
    /// Called when the browser may go back to the portal before the act has ended.
    leave: &'a mut dyn FnMut(&ReturnCode),
    claimed: bool,
    /// A card update has begun: the browser is at the portal.
    left: bool,
}

impl<'a, T: Transport, S: Server, R: Random> Job<'a, T, S, R> {
    pub(super) fn new(
        card: Card<T>,
        server: &'a mut S,
        random: &'a mut R,
        task: &'a Task,
        leave: &'a mut dyn FnMut(&ReturnCode),
    ) -> Self {
        Self { card, server, random, task, leave, claimed: false, left: false }
    }

    /// Lets the browser go back to the portal; what goes wrong from now on is the server's to show.
    pub(super) fn let_browser_go(&mut self, code: &ReturnCode) {
        self.left = true;
        (self.leave)(code);
    }

    /// Asks the server; a refusal ends the act.
    pub(super) fn ask(&mut self, request: Request) -> Result<Answer, Halt> {
        let answer = self.server.ask(request)?;
        if let Answer::Refused { rule, message, again } = answer {
            return Err(Halt::Refused { rule, message, again });
        }
        Ok(answer)
    }

    /// Which card is in the reader.
    pub(super) fn identify(&mut self) -> Result<Identified, Halt> {
        identify(&mut self.card)?.ok_or(Halt::NotRecognised)
    }

    /// Refuses before anything is claimed or spent: a locked card, or a last try nobody agreed to.
    pub(super) fn may_try(identified: &Identified, last_try: bool) -> Result<(), Halt> {
        match identified.seen.tries_left {
            Some(0) => Err(Halt::Locked),
            tries_left @ (Some(1) | None) if !last_try => Err(Halt::LastTry { tries_left }),
            Some(_) | None => Ok(()),
        }
    }

    /// Takes the job with this card. What is granted has to be what was shown.
    pub(super) fn claim(&mut self, identified: &Identified) -> Result<Granted, Halt> {
        let request = Request::Claim {
            job: self.task.job,
            reader: self.task.reader.clone(),
            card: identified.seen.clone(),
        };
        let Answer::Granted(granted) = self.ask(request)? else {
            return Err(Halt::ServerFault);
        };
        self.claimed = true;
        if granted.act == self.task.act { Ok(*granted) } else { Err(Halt::ActChanged) }
    }

    /// Proves that the card is here: 9E signs, no passcode needed.
    pub(super) fn prove_presence(&mut self, granted: &Granted) -> Result<(), Halt> {
        let signature = self.sign_presence(granted)?;
        self.noted(Request::Present { job: self.task.job, signature })
    }

    /// 9E's signature, which a locked card makes as well.
    pub(super) fn sign_presence(&mut self, granted: &Granted) -> Result<Bytes, Halt> {
        let digest = self.statement(Purpose::Present, granted).digest();
        Ok(Bytes(self.card.sign(Slot::CardAuthentication, &digest)?))
    }

    /// VERIFY. A wrong passcode is told to the server with what the counter says afterwards.
    pub(super) fn verify(&mut self, passcode: &Passcode) -> Result<(), Halt> {
        let told = match self.card.verify(passcode.padded())? {
            Verified::Right => return Ok(()),
            Verified::Wrong { tries_left } => tries_left,
            Verified::Blocked => Some(0),
        };
        // A link that is lost now changes nothing about the try that is spent.
        let tries_left = tries_left(&mut self.card).ok().flatten().or(told);
        // What the person has to know comes first, whether the server heard of it or not.
        if self.server.ask(Request::PasscodeWrong { job: self.task.job, tries_left }).is_err() {
            tracing::debug!("the server could not be told of a wrong passcode");
        }
        match tries_left {
            Some(0) => Err(Halt::Locked),
            tries_left => Err(Halt::WrongPasscode { tries_left }),
        }
    }

    /// Proves that the holder agrees: 9A signs, after VERIFY, or the key that an open update names
    /// (B-55; 9C wants VERIFY right before). Brings what the POPRF needs.
    pub(super) fn agree(&mut self, granted: &Granted) -> Result<Terms, Halt> {
        let (slot, purpose) = Purpose::of_agreement(granted);
        let digest = self.statement(purpose, granted).digest();
        let signature = Bytes(self.card.sign(slot, &digest)?);
        self.terms(Request::Agree { job: self.task.job, signature })
    }

    /// Goes on with an unlock that its holder has opened in the browser.
    pub(super) fn open_unlock(&mut self) -> Result<Terms, Halt> {
        self.terms(Request::OpenUnlock { job: self.task.job })
    }

    fn terms(&mut self, request: Request) -> Result<Terms, Halt> {
        let Answer::Agreed { holder, poprf_key_version, poprf_public_key } = self.ask(request)?
        else {
            return Err(Halt::ServerFault);
        };
        Ok(Terms { holder, key_version: poprf_key_version, public_key: poprf_public_key })
    }

    /// The tag of a passcode (P-22).
    pub(super) fn tag(&mut self, passcode: &Passcode, terms: &Terms) -> Result<Secret, Halt> {
        let blinded =
            oblivious::blind(passcode, terms, self.random).map_err(|_| Halt::ServerFault)?;
        let question = Request::Evaluate { job: self.task.job, blinded: blinded.element.clone() };
        let Answer::Evaluated { element, proof } = self.ask(question)? else {
            return Err(Halt::ServerFault);
        };
        blinded.tag(terms, &element, &proof).map_err(|_| Halt::ServerFault)
    }

    /// The sentence that a card key signs.
    pub(super) fn statement<'s>(&'s self, purpose: Purpose, granted: &'s Granted) -> Statement<'s> {
        Statement {
            purpose,
            origin: &self.task.origin,
            job: self.task.job,
            nonce: &granted.nonce.0,
            change: Statement::hash_of_act(&self.task.act),
        }
    }

    /// Asks something that is only taken note of.
    pub(super) fn noted(&mut self, request: Request) -> Result<(), Halt> {
        let Answer::Noted = self.ask(request)? else {
            return Err(Halt::ServerFault);
        };
        Ok(())
    }

    /// The server hears how the act ends without a word of giving up.
    pub(super) fn settled(&mut self) {
        self.claimed = false;
    }

    /// Gives the job up, if it was claimed. What the server answers changes nothing any more.
    pub(super) fn abandon(&mut self, halt: &Halt) {
        // Once the browser is gone, the server is the only one who can tell the person anything.
        let unexpected = (self.left && *halt != Halt::ServerLost).then_some(ProblemSeen::CardFault);
        let Some(reason) = halt.reason().or(unexpected) else { return };
        if self.claimed && self.server.ask(Request::Abandon { job: self.task.job, reason }).is_err()
        {
            tracing::debug!("the server could not be told that a job was given up");
        }
    }
}
