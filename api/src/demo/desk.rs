//! Plays the person at the desk: in a browser without scripts, over the same pages as everybody.

use std::{collections::BTreeMap, time::Duration};

use anyhow::{Context as _, ensure};
use reqwest::{
    Client, Method, RequestBuilder, Response, StatusCode,
    header::{COOKIE, LOCATION, SET_COOKIE},
    redirect::Policy,
};

use super::population::{ANSWERS, WRONG_ANSWER};
use crate::{
    app::App,
    portal::view::{
        code, paths, question,
        registration::{EMAIL, QUESTIONS},
        revoke::CONFIRMATION,
        unlock::ACCEPT,
    },
};

/// How long a page may take: the card works meanwhile.
const PAGE_MAX: Duration = Duration::from_mins(2);

/// A browser, and the session that it may have.
pub(super) struct Desk<'a> {
    app: &'a App,
    client: Client,
    /// The portal's; the agent's page sets none.
    cookies: BTreeMap<String, String>,
}

impl<'a> Desk<'a> {
    /// A browser that nobody has used yet.
    pub(super) fn new(app: &'a App) -> anyhow::Result<Self> {
        let client =
            Client::builder().redirect(Policy::none()).timeout(PAGE_MAX).no_proxy().build()?;
        Ok(Self { app, client, cookies: BTreeMap::new() })
    }

    /// The agent's page of a job, filled in: where it leads then.
    pub(super) async fn at_agent(
        &self,
        job: &str,
        fields: &[(&str, &str)],
    ) -> anyhow::Result<String> {
        led_to(&self.client.post(self.agent_page(job)).form(fields).send().await?)
            .context("the card software's page")
    }

    fn agent_page(&self, job: &str) -> String {
        format!("http://127.0.0.1:{}/jobs/{job}", self.app.config().agent_page.port)
    }

    /// Logs in with the card that is in the reader.
    pub(super) async fn log_in(&mut self, passcode: &str) -> anyhow::Result<()> {
        let job = self.portal(Method::POST, paths::LOG_IN, &[]).await?;
        self.go_through(&job, &[("current_passcode", passcode)]).await?;
        Ok(())
    }

    /// *Update*, with these fields of *Reset Passcodes* and of the agent's page.
    pub(super) async fn update(
        &mut self,
        fields: &[(&str, &str)],
        at_agent: &[(&str, &str)],
    ) -> anyhow::Result<()> {
        let job = self.portal(Method::POST, paths::PASSCODES, fields).await?;
        self.go_through(&job, at_agent).await?;
        Ok(())
    }

    /// C-09: *Renew*, up to where the card software works on by itself.
    pub(super) async fn renew(&mut self, at_agent: &[(&str, &str)]) -> anyhow::Result<()> {
        let update = self.app.entropy().uuid(self.app.now()).to_string();
        let fields = [("update", update.as_str())];
        let job = self.portal(Method::POST, paths::CERTIFICATES_RENEW, &fields).await?;
        self.go_through(&job, at_agent).await?;
        Ok(())
    }

    /// C-15: *Revoke*.
    pub(super) async fn revoke(&mut self) -> anyhow::Result<()> {
        let fields = [("reason", "compromised"), ("confirm", CONFIRMATION)];
        let over = self.portal(Method::POST, paths::CERTIFICATES_REVOKE, &fields).await?;
        ensure!(over == paths::LOGGED_OUT, "the session goes on");
        Ok(())
    }

    /// R-02 to R-08: *Register*, up to the page that asks for the code; which one it is.
    pub(super) async fn register(
        &mut self,
        email: &str,
        at_agent: &[(&str, &str)],
    ) -> anyhow::Result<String> {
        self.portal(Method::POST, paths::REGISTER, &[]).await?;
        let chosen = ANSWERS.map(|(question, _)| (QUESTIONS, question));
        let mut next = self.portal(Method::POST, paths::REGISTER_QUESTIONS, &chosen).await?;
        for (_, answer) in ANSWERS {
            next = self.portal(Method::POST, &next, &[(question::FIELD, answer)]).await?;
        }
        ensure!(next == paths::REGISTER_EMAIL, "it leads to {next}");
        self.portal(Method::POST, &next, &[(EMAIL, email)]).await?;
        let job = self.portal(Method::POST, paths::REGISTER_CHECK, &[]).await?;
        self.go_through(&job, at_agent).await
    }

    /// the code.
    pub(super) async fn enter_code(&mut self, page: &str, code: &str) -> anyhow::Result<()> {
        self.portal(Method::POST, page, &[(code::FIELD, code)]).await?;
        Ok(())
    }

    /// B-46: a wrong passcode, so many times.
    pub(super) async fn enter_wrongly(&mut self, wrong: &str, times: u32) -> anyhow::Result<()> {
        let job = self.portal(Method::POST, paths::LOG_IN, &[]).await?;
        let id = job_of(&job)?;
        let fields = [("current_passcode", wrong), ("last_try", "yes")];
        for _ in 0..times {
            let answer = self.client.post(self.agent_page(id)).form(&fields).send().await?;
            ensure!(answer.status() != StatusCode::SEE_OTHER, "it was taken for the right one");
        }
        Ok(())
    }

    /// U-07: *Start*, and then so many attempts, each of them with wrong answers.
    pub(super) async fn answer_wrongly(&mut self, attempts: u32) -> anyhow::Result<()> {
        let job = self.portal(Method::POST, paths::UNLOCK, &[(ACCEPT, "true")]).await?;
        let page = self.go_through(&job, &[]).await?;
        for attempt in 1..=attempts {
            let mut next = format!("{page}/answers/1");
            let check = format!("{page}/answers");
            for _ in 0..=attempt {
                let wrong = [(question::FIELD, WRONG_ANSWER)];
                next = self.portal(Method::POST, &next, &wrong).await?;
            }
            ensure!(next == check, "it asks for more: {next}");
            let attempt = attempt.to_string();
            self.portal(Method::POST, &check, &[("attempt", attempt.as_str())]).await?;
        }
        Ok(())
    }

    /// From a job's page over the agent's back to the portal: where it leads then.
    async fn go_through(&mut self, job: &str, fields: &[(&str, &str)]) -> anyhow::Result<String> {
        let back = self.at_agent(job_of(job)?, fields).await?;
        let way = back.strip_prefix(self.app.origin()).context("it leads somewhere else")?;
        self.portal(Method::GET, way, &[]).await
    }

    /// A page of the portal that leads on: where to.
    async fn portal(
        &mut self,
        method: Method,
        path: &str,
        fields: &[(&str, &str)],
    ) -> anyhow::Result<String> {
        let request = self.client.request(method.clone(), format!("{}{path}", self.app.origin()));
        let request = if method == Method::POST { request.form(fields) } else { request };
        let answer = self.with_cookies(request).send().await?;
        for set in answer.headers().get_all(SET_COOKIE) {
            let cookie = set.to_str()?.split(';').next().unwrap_or_default();
            if let Some((name, value)) = cookie.split_once('=') {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        led_to(&answer).with_context(|| path.split('?').next().unwrap_or_default().to_owned())
    }

    fn with_cookies(&self, request: RequestBuilder) -> RequestBuilder {
        let cookies: Vec<_> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        request.header(COOKIE, cookies.join("; "))
    }
}

/// The number of the job whose page this is.
fn job_of(page: &str) -> anyhow::Result<&str> {
    page.strip_prefix("/jobs/").with_context(|| format!("{page} is no job's page"))
}

fn led_to(answer: &Response) -> anyhow::Result<String> {
    let status = answer.status();
    ensure!(status == StatusCode::SEE_OTHER, "it answered {status}");
    let location = answer.headers().get(LOCATION).context("it leads nowhere")?;
    Ok(location.to_str()?.to_owned())
}
