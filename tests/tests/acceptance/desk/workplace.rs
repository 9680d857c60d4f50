//! A workstation in one process: the card agent's own code, a card with the applet of a real one, and the whole server.
//! What stands in is the way between them: no PC/SC, no TLS.

use std::path::PathBuf;

use anyhow::{Context as _, ensure};
use api::unlocks;
use axum::http::HeaderMap;
use card_agent::{
    entropy::Entropy,
    operations::{self, Entered, Halt, Identified, Server, ServerGone, Task},
    passcode::Passcode,
    piv::{self, Changed, Reference, ReferenceData},
    transport::{LinkError, Transport},
};
use chrono::Duration;
use domain::{card::Puk, ids::HolderId};
use protocol::{Answer, CardSeen, JobId, Request, ReturnCode};
use stores::{agent::AgentId, token::TokenHash, vault::PUK_PURPOSE};
use tempfile::TempDir;
use tests::desk::{
    Desk,
    agent::{READER, SoftAgent},
    browser::Browser,
    copy_folder,
    scene::account_recovery,
};
use tokio::runtime::Handle;
use virtual_card::{Card, Faults, Profile};

/// A passcode that cards of every profile take.
pub(super) const FIRST_PASSCODE: &str = "135790";

/// The one that the card has when its certificates have grown old.
const PASSCODE: &str = "246802";

/// What unlocks a card without registering (P-09).
const RECOVERY_PASSCODE: &str = "Gatekeeper-9";

/// Wrong passcodes in a row that lock a card (B-46).
const TRIES: u8 = 3;

/// Days after which the holder changes his passcode, and days after that: 25 are left of his certificates then.
const AGES: [i64; 2] = [352, 353];

/// A holder with his card at a workstation, and his browser.
pub(super) struct Workplace {
    pub(super) desk: Desk,
    pub(super) holder: HolderId,
    agent: SoftAgent,
    pub(super) browser: Browser,
    profile: Profile,
    cards: TempDir,
    seen: CardSeen,
    /// The last unlock that was started, and in which browser.
    unlocking: Option<(JobId, TokenHash)>,
    n_unlocks: u32,
    /// The card refuses the server's management key.
    pub(super) refuses_rights: bool,
}

/// The agent's line to the server.
struct Line<'a>(&'a SoftAgent);

impl Server for Line<'_> {
    fn ask(&mut self, request: Request) -> Result<Answer, ServerGone> {
        let answer = Handle::current().block_on(self.0.ask(request));
        Ok(answer)
    }
}

/// A card in a reader, until its power fails.
struct Contacts {
    card: Option<Card>,
    /// Instruction bytes of what was sent.
    sent: Vec<u8>,
    /// What each command with the PUK (CHANGE REFERENCE DATA of 81, RESET RETRY COUNTER) came to, as far as the card
    /// answered.
    puks: Vec<bool>,
    /// The card takes the server's witness for wrong, as one with another management key does.
    refuses_rights: bool,
}

/// GENERAL AUTHENTICATE with the management key: longer than this if it answers the card's challenge.
const WITNESS_ASKED_BYTES: usize = 16;

/// Where the witness is in such a command.
const IN_WITNESS: usize = 12;

impl Transport for Contacts {
    fn transmit(&mut self, apdu: &[u8]) -> Result<Vec<u8>, LinkError> {
        self.sent.push(apdu[1]);
        let mut said = apdu.to_vec();
        if self.refuses_rights
            && apdu[1] == 0x87
            && apdu[3] == 0x9B
            && WITNESS_ASKED_BYTES < said.len()
        {
            said[IN_WITNESS] ^= 1;
        }
        let answer = self.card.as_mut().ok_or(LinkError::Lost)?.transmit(&said);
        if let (Ok(answer), [_, 0x24, _, 0x81, ..] | [_, 0x2C, ..]) = (&answer, apdu) {
            self.puks.push(*answer == [0x90, 0x00]);
        }
        answer.map_err(|_power_lost| {
            self.card = None;
            LinkError::Lost
        })
    }

    fn reset(&mut self) -> Result<(), LinkError> {
        self.card.as_mut().ok_or(LinkError::Lost)?.reset().map_err(|_power_lost| LinkError::Lost)
    }
}

/// What an agent has done with the card.
pub(super) struct Done {
    pub(super) ended: Result<ReturnCode, Halt>,
    /// Instruction bytes of what was sent to the card.
    pub(super) sent: Vec<u8>,
    /// Whether the card took the PUK, each time that it was given one and could answer.
    pub(super) puks: Vec<bool>,
}

impl Done {
    /// The return code.
    pub(super) fn good(self) -> anyhow::Result<ReturnCode> {
        self.ended.map_err(|halt| anyhow::anyhow!("{halt:?}"))
    }
}

impl Workplace {
    /// A holder whose card was just personalised, with [`FIRST_PASSCODE`].
    pub(super) async fn new(profile: Profile) -> anyhow::Result<Self> {
        let desk = Desk::open().await?;
        let agent = desk.agent("ward 3").await?;
        let holder = desk.person("Asha Patel").await?;
        let browser = desk.browser();
        let nobody = CardSeen {
            serial: String::new(),
            profile: profile.name().to_owned(),
            tries_left: None,
        };
        let cards = TempDir::new()?;
        let mut place = Self {
            desk,
            holder,
            agent,
            browser,
            profile,
            cards,
            seen: nobody,
            unlocking: None,
            n_unlocks: 0,
            refuses_rights: false,
        };

        let goal = place.desk.personalising(holder);
        let job = place.desk.app().start_job(goal, TokenHash::of(b"desk")).await?;
        let new = passcode(FIRST_PASSCODE)?;
        place.work(job, Entered::New { new }, Faults::default()).await?.good()?;
        place.seen = place.identify()?.seen;
        place.put_in().await;
        Ok(place)
    }

    /// A holder whose certificates have 25 days left, and who has just logged in.
    pub(super) async fn due(profile: Profile) -> anyhow::Result<Self> {
        let mut place = Self::new(profile).await?;
        place.desk.wait(Duration::days(AGES[0]));
        place.put_in().await;
        place.log_in_with(FIRST_PASSCODE).await?;
        let page = place.browser.post("/passcodes", &[("smartcard", "true")]).await?;
        let job = page.job().with_context(|| page.html)?;
        let (current, new) = (passcode(FIRST_PASSCODE)?, passcode(PASSCODE)?);
        let entered = Entered::CurrentAndNew { current, new, last_try: false };
        place.work(job, entered, Faults::default()).await?.good()?;
        place.desk.wait(Duration::days(AGES[1]));
        place.put_in().await;
        place.log_in().await?;
        Ok(place)
    }

    /// Another one that is the same in everything: server, card, browser.
    pub(super) async fn copy(&self, seed: u64) -> anyhow::Result<Self> {
        let desk = self.desk.copy(seed).await?;
        let agent = desk.connect(self.agent.id(), "ward 3").await.unwrap();
        let browser = self.browser.before(&desk);
        let cards = TempDir::new()?;
        copy_folder(self.cards.path(), cards.path())?;
        let place = Self {
            desk,
            agent,
            browser,
            cards,
            holder: self.holder,
            profile: self.profile,
            seen: self.seen.clone(),
            unlocking: self.unlocking,
            n_unlocks: self.n_unlocks,
            refuses_rights: self.refuses_rights,
        };
        place.put_in().await;
        Ok(place)
    }

    /// The holder takes his card out and goes to another workstation, with another browser.
    pub(super) async fn walk_away(&mut self) -> anyhow::Result<()> {
        self.agent.sees_card(None).await.unwrap();
        self.agent = self.desk.agent("ward 4").await?;
        self.browser = self.desk.browser();
        self.put_in().await;
        Ok(())
    }

    pub(super) fn agent(&self) -> AgentId {
        self.agent.id()
    }

    async fn put_in(&self) {
        self.agent.sees_card(Some(self.seen.clone())).await.unwrap();
    }

    fn folder(&self) -> PathBuf {
        self.cards.path().join("card")
    }

    fn contacts(&self, faults: Faults) -> anyhow::Result<Contacts> {
        let card = Card::open_with(&self.folder(), self.profile, faults)?;
        let refuses_rights = self.refuses_rights;
        Ok(Contacts { card: Some(card), sent: Vec::new(), puks: Vec::new(), refuses_rights })
    }

    /// The agent carries a job out, with what was entered on its page.
    async fn work(&self, job: JobId, entered: Entered, faults: Faults) -> anyhow::Result<Done> {
        let act = self.agent.look(job).await?;
        let origin = self.desk.app().origin().to_owned();
        let task = Task { job, act, origin, reader: READER.to_owned() };
        let mut contacts = self.contacts(faults)?;
        let mut line = Line(&self.agent);
        let ended = tokio::task::block_in_place(|| {
            operations::run(&mut contacts, &mut line, &mut Entropy, &task, &entered, &mut |_| {})
        });
        Ok(Done { ended, sent: contacts.sent, puks: contacts.puks })
    }

    /// A holder with an account recovery passcode, whose card was locked by three wrong passcodes.
    pub(super) async fn locked(profile: Profile) -> anyhow::Result<Self> {
        let mut place = Self::new(profile).await?;
        place.set_recovery_passcode().await?;
        let mut card = piv::Card::new(place.contacts(Faults::default())?);
        card.select()?;
        for _ in 0..TRIES {
            card.verify(passcode("000000")?.padded())?;
        }
        drop(card);
        place.seen = place.identify()?.seen;
        ensure!(place.seen.tries_left == Some(0), "the card is not locked");
        place.put_in().await;
        Ok(place)
    }

    /// P-21: he sets his account recovery passcode, while his smartcard passcode is the first.
    pub(super) async fn set_recovery_passcode(&mut self) -> anyhow::Result<()> {
        self.log_in_with(FIRST_PASSCODE).await?;
        let page = self.browser.post("/passcodes", &account_recovery(RECOVERY_PASSCODE)).await?;
        let job = page.job().with_context(|| page.html)?;
        self.carry_out_with(job, FIRST_PASSCODE, Faults::default()).await?.good().map(drop)
    }

    /// U-04, P-09: in the browser up to where the new passcode is chosen, with the account recovery passcode: the job for
    /// that.
    pub(super) async fn start_unlock(&mut self) -> anyhow::Result<JobId> {
        let app = self.desk.app();
        self.n_unlocks += 1;
        let browser = TokenHash::of(format!("{} {}", self.agent.id().0, self.n_unlocks).as_bytes());
        let job = unlocks::start(app, &HeaderMap::new(), browser).await?;
        let code = self.work(job, Entered::Nothing, Faults::default()).await?.good()?;
        app.redeem(job, &code.0, browser).await?.context("the browser has not come back")?;
        let flow =
            unlocks::flow(app, job, browser).await?.context("the card has not shown itself")?;
        let tried = unlocks::try_recovery_passcode(app, &flow, RECOVERY_PASSCODE).await;
        tried.map_err(|error| anyhow::anyhow!("{error:?}"))?;
        self.unlocking = Some((job, browser));
        self.choose_again().await
    }

    /// B-39: the same unlock once more, in the same browser: another job for it.
    pub(super) async fn choose_again(&mut self) -> anyhow::Result<JobId> {
        let app = self.desk.app();
        let (job, browser) = self.unlocking.context("no unlock was started")?;
        let flow = unlocks::flow(app, job, browser).await?.context("the unlock is gone")?;
        let job = unlocks::begin_passcode(app, &flow, browser).await;
        job.map_err(|error| anyhow::anyhow!("{error:?}"))
    }

    /// U-12: the agent carries an unlock out, with this new passcode.
    pub(super) async fn unlock(
        &self,
        job: JobId,
        new: &str,
        faults: Faults,
    ) -> anyhow::Result<Done> {
        self.work(job, Entered::New { new: passcode(new)? }, faults).await
    }

    /// The agent carries a job out, with this passcode.
    pub(super) async fn carry_out_with(
        &self,
        job: JobId,
        text: &str,
        faults: Faults,
    ) -> anyhow::Result<Done> {
        let entered = Entered::Current { current: passcode(text)?, last_try: false };
        self.work(job, entered, faults).await
    }

    /// True if the card has the PUK that is on record, and no agent has that one.
    pub(super) async fn has_secret_puk(&self) -> anyhow::Result<bool> {
        let Puk::Known(secret) = self.desk.holder(self.holder).await?.puk() else {
            return Ok(false);
        };
        let vault = &self.desk.app().stores().vault;
        let serial = &self.seen.serial;
        let puk = vault.open_sealed(secret, PUK_PURPOSE, serial, self.desk.now()).await?;
        let puk = ReferenceData::new(&puk.context("the PUK is not in the vault")?);
        let puk = puk.context("no PUK")?;
        let mut card = piv::Card::new(self.contacts(Faults::default())?);
        card.select()?;
        Ok(card.change(Reference::Puk, &puk, &puk)? == Changed::Done)
    }

    /// The agent carries a job out, with the card's passcode.
    pub(super) async fn carry_out(&self, job: JobId, faults: Faults) -> anyhow::Result<Done> {
        self.carry_out_with(job, PASSCODE, faults).await
    }

    /// P-05, with the card that is in the reader.
    pub(super) async fn log_in(&mut self) -> anyhow::Result<()> {
        self.log_in_with(PASSCODE).await
    }

    /// P-05, with this passcode.
    pub(super) async fn log_in_with(&mut self, text: &str) -> anyhow::Result<()> {
        let job = self.browser.start_log_in().await?;
        let entered = Entered::Current { current: passcode(text)?, last_try: false };
        let code = self.work(job, entered, Faults::default()).await?.good()?;
        let page = self.browser.come_back(job, &code).await?;
        page.location().with_context(|| format!("{}: {}", page.status, page.html)).map(drop)
    }

    /// *Renew* in the portal.
    pub(super) async fn start_renewal(&mut self) -> anyhow::Result<JobId> {
        let page = self.browser.get("/certificates/renew").await?;
        let update = page.field("update").with_context(|| page.html.clone())?.to_owned();
        let page = self.browser.post("/certificates/renew", &[("update", &update)]).await?;
        page.job().with_context(|| page.html)
    }

    /// *Try again* in the portal.
    pub(super) async fn again(&mut self, job: JobId) -> anyhow::Result<JobId> {
        let page = self.browser.post(&format!("/card-updates/{job}/again"), &[]).await?;
        page.job().with_context(|| page.html)
    }

    /// Who the card says it is, and how many tries are left.
    pub(super) fn identify(&self) -> anyhow::Result<Identified> {
        let mut card = piv::Card::new(self.contacts(Faults::default())?);
        operations::identify(&mut card)?.context("the card is not recognised")
    }

    /// The certificate on the card, DER.
    pub(super) fn certificate(&self, object: piv::Object) -> anyhow::Result<Vec<u8>> {
        let mut card = piv::Card::new(self.contacts(Faults::default())?);
        card.select()?;
        let content = card.get_data(object)?.context("the object is empty")?;
        Ok(piv::Container::decode(&content).context("no certificate")?.certificate)
    }
}

fn passcode(text: &str) -> anyhow::Result<Passcode> {
    Passcode::new(text).context("no card could hold that")
}
