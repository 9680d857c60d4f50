//! Unlocking as an agent carries it out, whole or torn at any step, and how a PUK is replaced.

use protocol::{
    Answer, Bytes, JobId, PukFound, PukKey, PukPart, PukPlan, PukRelease, Purpose, Request, Secret,
    Slot, WriteOutcome,
};
use zeroize::Zeroizing;

use super::{SoftAgent, Stop, Terms, done, noted, unexpected, update::Power};
use crate::desk::card::SoftCard;

/// What an agent has been told to do with a PUK, in clear.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Released {
    /// Which of the two is on the card?
    Find {
        /// Of which plan.
        step: u32,
        /// To be tried first.
        first: String,
        /// To be tried then.
        second: String,
    },
    /// Replace one by the other.
    Replace {
        /// Of which plan.
        step: u32,
        /// What is on the card.
        from: String,
        /// What has to be on it.
        to: String,
    },
}

impl SoftAgent {
    /// U-04: the card shows that it is here. The code takes the browser back to the portal.
    pub async fn begin_unlock(&self, job: JobId, card: &SoftCard) -> Result<Secret, Stop> {
        let held = self.claim(job, card.seen()).await?;
        let sentence = self.said(&held, Purpose::Present).bytes();
        let signature = Bytes(card.sign(Slot::CardAuthentication, &sentence)?);
        done(self.ask(Request::Present { job, signature }).await)
    }

    /// U-12: a new passcode on a card that its holder has opened in the browser.
    pub async fn unlock(&self, job: JobId, card: &mut SoftCard, new: &str) -> Result<Secret, Stop> {
        self.unlock_with(job, card, new, &mut Power::enough()).await
    }

    /// As [`SoftAgent::unlock`], as far as the power lasts. Whatever happens, the card leaves the reader then, and the
    /// server is not told that it has.
    pub async fn unlock_with(
        &self,
        job: JobId,
        card: &mut SoftCard,
        new: &str,
        power: &mut Power,
    ) -> Result<Secret, Stop> {
        let ended = self.set_by_puk(job, card, new, power).await;
        card.reset();
        ended
    }

    async fn set_by_puk(
        &self,
        job: JobId,
        card: &mut SoftCard,
        new: &str,
        power: &mut Power,
    ) -> Result<Secret, Stop> {
        let terms = self.up_to_opened(job, card).await?;
        let tag = self.tag(job, &terms, new).await?;
        let Answer::Write = self.ask_with(Request::NewTag { job, tag }, power).await? else {
            return Err(unexpected());
        };
        let puk = self.replace_puk_with(job, card, power).await?;
        power.before()?;
        let set = card.reset_passcode(&puk, new);
        power.after()?;
        let outcome = match set.and_then(|()| card.verify(new)) {
            Ok(()) => WriteOutcome::New,
            Err(_tries_left) => WriteOutcome::Old,
        };
        done(self.ask_with(Request::Written { job, outcome }, power).await?)
    }

    /// Claim, 9E, and what the browser has opened.
    pub async fn up_to_opened(&self, job: JobId, card: &SoftCard) -> Result<Terms, Stop> {
        let held = self.claim(job, card.seen()).await?;
        let sentence = self.said(&held, Purpose::Present).bytes();
        self.present(job, card.sign(Slot::CardAuthentication, &sentence)?).await?;
        self.open_unlock(job).await
    }

    /// What the browser has opened, and what the POPRF needs.
    pub async fn open_unlock(&self, job: JobId) -> Result<Terms, Stop> {
        let Answer::Agreed { holder, poprf_key_version, poprf_public_key } =
            self.hear(Request::OpenUnlock { job }).await?
        else {
            return Err(unexpected());
        };
        Ok(Terms { holder, key_version: poprf_key_version, public_key: poprf_public_key })
    }

    /// Replaces the card's PUK: the one that is on it now.
    pub async fn replace_puk(&self, job: JobId, card: &mut SoftCard) -> Result<String, Stop> {
        self.replace_puk_with(job, card, &mut Power::enough()).await
    }

    async fn replace_puk_with(
        &self,
        job: JobId,
        card: &mut SoftCard,
        power: &mut Power,
    ) -> Result<String, Stop> {
        let mut released = self.take_puk_with(job, &card.serial, power).await?;
        if let Released::Find { step, first, second } = released {
            power.before()?;
            let mut taken = card.change_puk(&first, &first);
            power.after()?;
            let mut which = PukFound::First;
            if taken.is_err() {
                which = PukFound::NotFirst;
                noted(self.ask_with(Request::PukFound { job, step, which }, power).await?)?;
                power.before()?;
                taken = card.change_puk(&second, &second);
                power.after()?;
                which = if taken.is_ok() { PukFound::Second } else { PukFound::Neither };
            }
            noted(self.ask_with(Request::PukFound { job, step, which }, power).await?)?;
            released = self.take_puk_with(job, &card.serial, power).await?;
        }
        let Released::Replace { step, from, to } = released else { return Err(unexpected()) };
        power.before()?;
        let changed = card.change_puk(&from, &to);
        power.after()?;
        let replaced = changed.is_ok();
        noted(self.ask_with(Request::PukReplaced { job, step, replaced }, power).await?)?;
        if replaced { Ok(to) } else { Err(Stop::WrongPuk(card.puk_tries_left())) }
    }

    /// Takes what the server releases, and does nothing with it.
    pub async fn take_puk(&self, job: JobId, serial: &str) -> Result<Released, Stop> {
        self.take_puk_with(job, serial, &mut Power::enough()).await
    }

    async fn take_puk_with(
        &self,
        job: JobId,
        serial: &str,
        power: &mut Power,
    ) -> Result<Released, Stop> {
        let key = PukKey::from_random(&Zeroizing::new(self.app.entropy().bytes::<32>()));
        let request = Request::TakePuk { job, key: key.public().clone() };
        let Answer::Puk(plan) = self.ask_with(request, power).await? else {
            return Err(unexpected());
        };
        let open = |part, sealed: &Bytes| -> anyhow::Result<String> {
            let puk = key.open(PukRelease { job, card: serial, part }, sealed)?;
            Ok(String::from_utf8(puk.to_vec())?)
        };
        Ok(match plan {
            PukPlan::Find { step, first, second } => Released::Find {
                step,
                first: open(PukPart::First, &first)?,
                second: open(PukPart::Second, &second)?,
            },
            PukPlan::Replace { step, from, to } => Released::Replace {
                step,
                from: open(PukPart::From, &from)?,
                to: open(PukPart::To, &to)?,
            },
        })
    }
}
