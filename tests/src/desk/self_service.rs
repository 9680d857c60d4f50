//! What stories about registration and unlock have in common. The pages are only doors: here what is behind them is
//! called as they call it.

use anyhow::Context as _;
use api::{
    admission,
    codes::NotDone,
    cookies::{BROWSER_COOKIE, SESSION_COOKIE},
    self_service::{self, NotBegun, RegistrationFlow},
    unlocks::{self, UnlockFlow},
};
use axum::http::HeaderMap;
use domain::{
    ids::{CommandId, HolderId},
    self_service::{CodePurpose, QuestionId, SentCode},
    unlock::Stage,
};
use protocol::JobId;
use stores::{session::Session, token::TokenHash, vault::CodeBinding};

use super::{Desk, browser::Browser, scene::Scene};

/// The address that is registered, which is not that of the contact details.
pub const ADDRESS: &str = "asha.private@example.org";

/// Questions and right answers.
pub const ANSWERS: [(&str, &str); 4] = [
    ("Q02", "Llanberis in the rain"),
    ("Q06", "Thornwick Gardens"),
    ("Q15", "Lentil moussaka"),
    ("Q18", "The Wind Rises"),
];

/// An answer that is wrong to every question.
pub const WRONG: &str = "nothing of the kind";

/// The id of a question.
///
/// # Panics
/// If there is no such question.
#[must_use]
pub fn question(id: &str) -> QuestionId {
    id.parse().expect("the id of a question")
}

/// The answers as the pages give them.
#[must_use]
pub fn answers() -> Vec<(QuestionId, &'static str)> {
    ANSWERS.iter().map(|(id, answer)| (question(id), *answer)).collect()
}

/// The digest of a browser's own cookie, which it has from the first page that starts something.
pub fn cookie_of(browser: &Browser) -> anyhow::Result<TokenHash> {
    let cookie = browser.cookie(BROWSER_COOKIE).context("the browser has started nothing")?;
    Ok(TokenHash::of(&hex::decode(cookie)?))
}

impl Scene {
    /// The session of the holder's browser.
    pub async fn session(&self) -> anyhow::Result<Session> {
        let cookie = self.browser.cookie(SESSION_COOKIE).context("nobody is logged in")?;
        let token = TokenHash::of(&hex::decode(cookie)?);
        let open = admission::open_session(self.desk.app(), token).await?;
        Ok(open.context("the session is over")?.0)
    }

    /// *Register* with these answers and this address: the job that waits for the card.
    pub async fn start_registration(
        &self,
        answers: Option<&[(QuestionId, &str)]>,
        address: &str,
    ) -> Result<JobId, NotBegun> {
        let (session, browser) = (self.session().await?, cookie_of(&self.browser)?);
        let app = self.desk.app();
        let command = app.entropy().command_id(app.now());
        self_service::begin(app, &session, browser, command, answers, address).await
    }

    /// The same, and the card agrees: the code is on its way.
    pub async fn begin_registration(
        &mut self,
        answers: Option<&[(QuestionId, &str)]>,
        address: &str,
    ) -> anyhow::Result<RegistrationFlow> {
        let job = self.start_registration(answers, address).await?;
        let code = self.agent.finish(job, &mut self.card, &self.passcode).await?;
        self.browser.come_back(job, &code).await?;
        self.registration(job).await
    }

    /// How a registration stands, for the holder's browser.
    pub async fn registration(&self, job: JobId) -> anyhow::Result<RegistrationFlow> {
        let (session, browser) = (self.session().await?, cookie_of(&self.browser)?);
        let flow = self_service::flow(self.desk.app(), &session, job, browser).await?;
        flow.context("there is no such registration")
    }

    /// all of it, with the usual answers.
    pub async fn register_for_self_service(&mut self) -> anyhow::Result<()> {
        let flow = self.begin_registration(Some(&answers()), ADDRESS).await?;
        let code =
            self.desk.code(CodePurpose::Registration, self.holder, flow.registration).await?;
        Ok(self_service::enter_code(self.desk.app(), &flow, &code).await?)
    }

    /// A holder who is registered for self-service, a day ago.
    pub async fn registered() -> anyhow::Result<Self> {
        let mut scene = Self::logged_in().await?;
        scene.register_for_self_service().await?;
        scene.desk.wait(chrono::Duration::days(1));
        Ok(scene)
    }

    /// Wrong passcodes until the card takes none any more.
    pub fn lock_card(&mut self) {
        while 0 < self.card.tries_left() {
            self.card.verify("Wrong001").ok();
        }
    }

    /// U-04: *Start* in the holder's browser, and the card shows itself.
    pub async fn start_unlock(&mut self) -> anyhow::Result<UnlockFlow> {
        let mut browser = self.desk.browser();
        std::mem::swap(&mut browser, &mut self.browser);
        let started = self.start_unlock_in(&mut browser).await;
        std::mem::swap(&mut browser, &mut self.browser);
        started
    }

    /// The same in another browser.
    pub async fn start_unlock_in(&self, browser: &mut Browser) -> anyhow::Result<UnlockFlow> {
        let app = self.desk.app();
        if browser.cookie(BROWSER_COOKIE).is_none() {
            browser.start_log_in().await?;
        }
        let cookie = cookie_of(browser)?;
        let job = unlocks::start(app, &HeaderMap::new(), cookie).await?;
        let code = self.agent.begin_unlock(job, &self.card).await?;
        browser.come_back(job, &code).await?;
        unlocks::flow(app, job, cookie).await?.context("the card has shown itself")
    }

    /// The questions of the attempt that an unlock is at.
    pub async fn asked(&self, flow: &UnlockFlow) -> anyhow::Result<(u8, Vec<QuestionId>)> {
        let Stage::Questions { attempt, asked } = self.desk.stage(flow).await? else {
            anyhow::bail!("no questions are asked");
        };
        Ok((attempt, asked))
    }

    /// Answers the attempt that an unlock is at; one answer is wrong, if the test wants it so.
    pub async fn answer(&self, flow: &UnlockFlow, right: bool) -> Result<(), NotDone> {
        let (attempt, asked) = self.asked(flow).await?;
        let mut given: Vec<_> =
            answers().into_iter().filter(|(id, _)| asked.contains(id)).collect();
        if let Some(last) = given.last_mut().filter(|_| !right) {
            last.1 = WRONG;
        }
        unlocks::answer(self.desk.app(), flow, attempt, &given).await
    }

    /// The right answers, and the code: up to where the new passcode may be chosen.
    pub async fn pass_questions(&self, flow: &UnlockFlow) -> anyhow::Result<()> {
        self.answer(flow, true).await?;
        let code = self.desk.code(CodePurpose::Unlock, self.holder, flow.unlock).await?;
        Ok(unlocks::enter_code(self.desk.app(), flow, &code).await?)
    }

    /// The job of the second visit to the card.
    pub async fn begin_passcode(&self, flow: &UnlockFlow) -> anyhow::Result<JobId> {
        let browser = cookie_of(&self.browser)?;
        Ok(unlocks::begin_passcode(self.desk.app(), flow, browser).await?)
    }

    /// An unlock from its start to the job of the second visit.
    pub async fn pass(&mut self) -> anyhow::Result<(UnlockFlow, JobId)> {
        let flow = self.start_unlock().await?;
        self.pass_questions(&flow).await?;
        let job = self.begin_passcode(&flow).await?;
        Ok((flow, job))
    }

    /// All of an unlock, with this new passcode.
    pub async fn unlock(&mut self, new: &str) -> anyhow::Result<UnlockFlow> {
        let (flow, job) = self.pass().await?;
        self.agent.unlock(job, &mut self.card, new).await?;
        new.clone_into(&mut self.passcode);
        Ok(flow)
    }
}

impl Desk {
    /// How far an unlock is, as the rules see it.
    pub async fn stage(&self, flow: &UnlockFlow) -> anyhow::Result<Stage> {
        let loaded = self.app().load(flow.holder).await?;
        let context = self.app().context(&loaded);
        Ok(loaded.holder.self_service().unlock_of(&context, flow.unlock)?.stage)
    }

    /// The codes of a flow that were sent, newest last.
    pub async fn codes(
        &self,
        purpose: CodePurpose,
        holder: HolderId,
        flow: CommandId,
    ) -> anyhow::Result<Vec<SentCode>> {
        Ok(self.holder(holder).await?.self_service().codes(purpose, flow).to_vec())
    }

    /// The newest code of a flow, as its mail has it.
    pub async fn code(
        &self,
        purpose: CodePurpose,
        holder: HolderId,
        flow: CommandId,
    ) -> anyhow::Result<String> {
        let codes = self.codes(purpose, holder, flow).await?;
        let newest = codes.last().context("no code was sent")?;
        self.code_of(purpose, holder, flow, newest).await
    }

    /// One code of a flow, as its mail has it.
    pub async fn code_of(
        &self,
        purpose: CodePurpose,
        holder: HolderId,
        flow: CommandId,
        sent: &SentCode,
    ) -> anyhow::Result<String> {
        let known = self.holder(holder).await?;
        let card = &known.card().context("the holder has no card")?.card;
        let purpose = purpose.as_str();
        let binding = CodeBinding { code: sent.code, key: sent.key, purpose, holder, card, flow };
        Ok(self.app().stores().vault.code(&binding)?.grouped().to_string())
    }
}
