//! What most stories begin with: one desk, one workstation, one holder with his card, one browser.

use anyhow::Context as _;
use chrono::Duration;
use domain::ids::HolderId;
use protocol::{JobId, Secret};

use super::{
    Desk,
    agent::{SoftAgent, Stop, Write},
    browser::{Browser, Page},
    card::SoftCard,
};

/// The passcode that the holder's card has at the beginning.
pub const FIRST_PASSCODE: &str = "First001";

/// How long his certificates are good for, in days.
const CERTIFICATE_DAYS: i64 = 730;

/// A desk with one holder.
pub struct Scene {
    /// The server.
    pub desk: Desk,
    /// The workstation.
    pub agent: SoftAgent,
    /// The holder.
    pub holder: HolderId,
    /// His card.
    pub card: SoftCard,
    /// What is on it.
    pub passcode: String,
    /// His browser.
    pub browser: Browser,
}

impl Scene {
    /// A holder who was just registered.
    pub async fn open() -> anyhow::Result<Self> {
        Self::at(Desk::open().await?, FIRST_PASSCODE).await
    }

    /// A holder who was just registered at this desk, with this passcode on his card.
    pub async fn at(desk: Desk, passcode: &str) -> anyhow::Result<Self> {
        let agent = desk.agent("ward 3").await?;
        let mut card = SoftCard::blank("0A01")?;
        let holder = desk.register(&agent, &mut card, "Asha Patel", passcode).await?;
        let browser = desk.browser();
        agent.sees(Some(&card)).await?;
        Ok(Self { desk, agent, holder, card, passcode: passcode.to_owned(), browser })
    }

    /// A holder who has just logged in.
    pub async fn logged_in() -> anyhow::Result<Self> {
        let mut scene = Self::open().await?;
        scene.log_in().await?;
        Ok(scene)
    }

    /// He logs in with his browser and what is on his card: the page he comes back to.
    pub async fn log_in(&mut self) -> anyhow::Result<Page> {
        let job = self.browser.start_log_in().await?;
        let code = self.agent.finish(job, &mut self.card, &self.passcode).await?;
        self.browser.come_back(job, &code).await
    }

    /// Time passes until so many days are left of his certificates. On the way he changes his smartcard passcode to
    /// this one, so that it is in force then.
    pub async fn grow_old(&mut self, left: i64, passcode: &str) -> anyhow::Result<()> {
        let days = CERTIFICATE_DAYS - left;
        self.desk.wait(Duration::days(days / 2));
        self.agent.sees(Some(&self.card)).await?;
        self.log_in().await?;
        self.change_smartcard(passcode, &[]).await?;
        self.desk.wait(Duration::days(days - days / 2));
        self.agent.sees(Some(&self.card)).await?;
        Ok(())
    }

    /// *Renew*: the job that waits for the card.
    pub async fn start_renewal(&mut self) -> anyhow::Result<JobId> {
        let page = self.browser.get("/certificates/renew").await?;
        let update = page.field("update").with_context(|| page.html.clone())?.to_owned();
        let page = self.browser.post("/certificates/renew", &[("update", &update)]).await?;
        page.job().with_context(|| page.html)
    }

    /// C-09, all of it, in a session: the page that says that both certificates are renewed.
    pub async fn renew(&mut self) -> anyhow::Result<Page> {
        let job = self.start_renewal().await?;
        let code = self.agent.update(job, &mut self.card, &self.passcode).await?;
        self.end(job, &code).await
    }

    /// *Update* with these fields: the job that waits for the card.
    pub async fn update(&mut self, fields: &[(&str, &str)]) -> anyhow::Result<JobId> {
        let page = self.browser.post("/passcodes", fields).await?;
        page.job().with_context(|| page.html)
    }

    /// *Update* with these fields, agreed to with the current passcode: the page that says how it ended.
    pub async fn change(&mut self, fields: &[(&str, &str)]) -> anyhow::Result<Page> {
        let job = self.update(fields).await?;
        let code = self.agent.finish(job, &mut self.card, &self.passcode).await?;
        self.end(job, &code).await
    }

    /// *Update* with these fields and a new smartcard passcode.
    pub async fn change_smartcard(
        &mut self,
        new: &str,
        fields: &[(&str, &str)],
    ) -> anyhow::Result<Page> {
        let job = self.update_smartcard(fields).await?;
        let code = self.write(job, new, Write::Good).await?;
        self.end(job, &code).await
    }

    /// *Update* with these fields and the smartcard passcode ticked: the job that waits for the card.
    pub async fn update_smartcard(&mut self, fields: &[(&str, &str)]) -> anyhow::Result<JobId> {
        let mut all = vec![("smartcard", "true")];
        all.extend_from_slice(fields);
        self.update(&all).await
    }

    /// At the agent's page: the current passcode and a new one. What is on the card afterwards is known.
    pub async fn write(&mut self, job: JobId, new: &str, write: Write) -> Result<Secret, Stop> {
        let ended = self.agent.change(job, &mut self.card, &self.passcode, new, write).await;
        if self.card.verify(new).is_ok() {
            new.clone_into(&mut self.passcode);
        } else {
            // Gives the try back that the question has cost.
            self.card.verify(&self.passcode).map_err(Stop::WrongPasscode)?;
        }
        ended
    }

    /// Back from the agent's page, to the page that says how it ended.
    pub async fn end(&mut self, job: JobId, code: &Secret) -> anyhow::Result<Page> {
        let page = self.browser.come_back(job, code).await?;
        let path =
            page.location().with_context(|| format!("{} leads nowhere", page.status))?.to_owned();
        self.browser.get(&path).await
    }
}

/// New and confirm of the account recovery passcode.
#[must_use]
pub fn account_recovery(value: &str) -> [(&'static str, &str); 2] {
    [("new_account_recovery", value), ("confirm_account_recovery", value)]
}

/// New and confirm of the verification passcode.
#[must_use]
pub fn verification(value: &str) -> [(&'static str, &str); 2] {
    [("new_verification", value), ("confirm_verification", value)]
}
