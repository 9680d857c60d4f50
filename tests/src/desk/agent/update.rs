//! *Update My Card* as an agent carries it out: whole, torn at any step, or with a lie in it.

use protocol::{
    Answer, Bytes, JobId, Purpose, Request, Secret, Slot, SlotPlan, SlotProgress, Write,
};

use super::{Held, SoftAgent, Stop, noted, unexpected};
use crate::desk::card::SoftCard;

/// How far an update, or an unlock, is let come. A step is a question to the server or a command that changes the card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Power {
    /// Steps that are left before the agent is gone; `None` for as many as it takes.
    left: Option<usize>,
    /// True if the last of them still happens, and only its answer is lost.
    lands: bool,
    /// Steps that were taken.
    taken: usize,
}

impl Power {
    /// Nothing goes wrong.
    #[must_use]
    pub fn enough() -> Self {
        Self { left: None, lands: true, taken: 0 }
    }

    /// The agent is gone before its step number `n`, from 0, has any effect.
    #[must_use]
    pub fn until_before(n: usize) -> Self {
        Self { left: Some(n), lands: false, taken: 0 }
    }

    /// The agent is gone after its step number `n`, from 0, without having heard what came of it.
    #[must_use]
    pub fn until_after(n: usize) -> Self {
        Self { left: Some(n), lands: true, taken: 0 }
    }

    /// How many steps were begun.
    #[must_use]
    pub fn taken(&self) -> usize {
        self.taken
    }

    pub(super) fn before(&mut self) -> Result<(), Stop> {
        self.taken += 1;
        if self.left == Some(0) && !self.lands { Err(Stop::Torn) } else { Ok(()) }
    }

    pub(super) fn after(&mut self) -> Result<(), Stop> {
        match &mut self.left {
            Some(0) => Err(Stop::Torn),
            Some(left) => {
                *left -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }
}

impl SoftAgent {
    /// Both certificates are renewed. The code takes the browser back to the portal.
    pub async fn update(
        &self,
        job: JobId,
        card: &mut SoftCard,
        passcode: &str,
    ) -> Result<Secret, Stop> {
        self.update_with(job, card, passcode, &mut Power::enough()).await
    }

    /// As [`SoftAgent::update`], as far as the power lasts. Whatever happens, the card leaves the reader then.
    pub async fn update_with(
        &self,
        job: JobId,
        card: &mut SoftCard,
        passcode: &str,
        power: &mut Power,
    ) -> Result<Secret, Stop> {
        let ended = self.carry_out(job, card, passcode, power).await;
        card.reset();
        ended
    }

    async fn carry_out(
        &self,
        job: JobId,
        card: &mut SoftCard,
        passcode: &str,
        power: &mut Power,
    ) -> Result<Secret, Stop> {
        let (held, _) = self.prove(job, card, passcode).await?;
        let answer = self.ask_with(Request::BeginUpdate { job }, power).await?;
        let Answer::Updating { code, slots, .. } = answer else { return Err(unexpected()) };
        for plan in slots {
            self.renew(&held, card, passcode, plan, power).await?;
        }
        let finished = self.ask_with(Request::UpdateFinished { job }, power).await?;
        noted(finished)?;
        Ok(code)
    }

    /// One slot, from wherever it is.
    async fn renew(
        &self,
        held: &Held,
        card: &mut SoftCard,
        passcode: &str,
        plan: SlotPlan,
        power: &mut Power,
    ) -> Result<(), Stop> {
        let slot = plan.slot;
        let there = Bytes(card.public_key(slot)?);
        let issued = match plan.state {
            SlotProgress::Issued { public_key, certificate }
            | SlotProgress::Written { public_key, certificate }
                if public_key == there =>
            {
                certificate
            }
            SlotProgress::KeyMade { public_key } if public_key == there => {
                self.certify(held.job, card, passcode, slot, power).await?
            }
            SlotProgress::Untouched
            | SlotProgress::Opened { .. }
            | SlotProgress::KeyMade { .. }
            | SlotProgress::Issued { .. }
            | SlotProgress::Written { .. } => {
                if let SlotProgress::Opened { opening } = plan.state {
                    self.settle(held, card, passcode, (slot, opening), power).await?;
                }
                self.open_write(held.job, card, slot, Write::KeyPair, power).await?;
                power.before()?;
                card.generate(slot)?;
                card.reset();
                power.after()?;
                self.certify(held.job, card, passcode, slot, power).await?
            }
        };
        if card.certificate(slot) != Some(issued.0.as_slice()) {
            self.open_write(held.job, card, slot, Write::Certificate, power).await?;
            power.before()?;
            card.put_certificate(slot, &issued.0)?;
            card.reset();
            power.after()?;
        }
        card.verify(passcode).map_err(Stop::WrongPasscode)?;
        let sentence = self.said(held, Purpose::TestKey(slot)).bytes();
        let signature = Bytes(card.sign(slot, &sentence)?);
        let request = Request::CertificateWritten { job: held.job, slot, signature };
        noted(self.ask_with(request, power).await?)
    }

    /// The slot was opened, and signs with whatever key it has.
    async fn settle(
        &self,
        held: &Held,
        card: &mut SoftCard,
        passcode: &str,
        (slot, opening): (Slot, u32),
        power: &mut Power,
    ) -> Result<(), Stop> {
        card.verify(passcode).map_err(Stop::WrongPasscode)?;
        let sentence = self.said(held, Purpose::SettleSlot { slot, opening }).bytes();
        let signature = Bytes(card.sign(slot, &sentence)?);
        let request = Request::SlotSigned { job: held.job, slot, opening, signature };
        noted(self.ask_with(request, power).await?)
    }

    /// Management rights for one step.
    pub async fn open_write(
        &self,
        job: JobId,
        card: &mut SoftCard,
        slot: Slot,
        write: Write,
        power: &mut Power,
    ) -> Result<(), Stop> {
        let witness = Bytes(card.witness()?);
        let request = Request::OpenWrite { job, slot, write, witness };
        let Answer::Witness { witness, challenge, .. } = self.ask_with(request, power).await?
        else {
            return Err(unexpected());
        };
        let response = Bytes(card.open(&witness.0, &challenge.0)?);
        noted(self.ask_with(Request::CardAuthenticated { job, response }, power).await?)
    }

    /// A certificate for the key that is in the slot now.
    pub async fn certify(
        &self,
        job: JobId,
        card: &mut SoftCard,
        passcode: &str,
        slot: Slot,
        power: &mut Power,
    ) -> Result<Bytes, Stop> {
        card.verify(passcode).map_err(Stop::WrongPasscode)?;
        let (public_key, proof) = (Bytes(card.public_key(slot)?), Bytes(card.request(slot)?));
        let request = Request::KeyGenerated { job, slot, public_key, proof };
        let Answer::Certificate { certificate } = self.ask_with(request, power).await? else {
            return Err(unexpected());
        };
        Ok(certificate)
    }

    pub(super) async fn ask_with(
        &self,
        request: Request,
        power: &mut Power,
    ) -> Result<Answer, Stop> {
        power.before()?;
        let answer = self.hear(request).await;
        power.after()?;
        answer
    }
}
