//! Plays the person at the desk: in a browser without scripts, over the same pages as everybody.

use std::{collections::BTreeMap, time::Duration};

use anyhow::{Context as _, ensure};
use reqwest::{
    Client, Method, RequestBuilder, Response, StatusCode,
    header::{COOKIE, LOCATION, SET_COOKIE},
    redirect::Policy,
};

use crate::{
    app::App,
    portal::view::{paths, revoke::CONFIRMATION},
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
        let page = format!("http://127.0.0.1:{}/jobs/{job}", self.app.config().agent_page.port);
        led_to(&self.client.post(page).form(fields).send().await?)
            .context("the card software's page")
    }

    /// Logs in with the card that is in the reader.
    pub(super) async fn log_in(&mut self, passcode: &str) -> anyhow::Result<()> {
        let job = self.portal(Method::POST, paths::LOG_IN, &[]).await?;
        self.go_through(&job, &[("current_passcode", passcode)]).await
    }

    /// *Update*, with these fields of *Reset Passcodes* and of the agent's page.
    pub(super) async fn update(
        &mut self,
        fields: &[(&str, &str)],
        at_agent: &[(&str, &str)],
    ) -> anyhow::Result<()> {
        let job = self.portal(Method::POST, paths::PASSCODES, fields).await?;
        self.go_through(&job, at_agent).await
    }

    /// C-09: *Renew*, up to where the card software works on by itself.
    pub(super) async fn renew(&mut self, at_agent: &[(&str, &str)]) -> anyhow::Result<()> {
        let update = self.app.entropy().uuid(self.app.now()).to_string();
        let fields = [("update", update.as_str())];
        let job = self.portal(Method::POST, paths::CERTIFICATES_RENEW, &fields).await?;
        self.go_through(&job, at_agent).await
    }

    /// C-15: *Revoke*.
    pub(super) async fn revoke(&mut self) -> anyhow::Result<()> {
        let fields = [("reason", "compromised"), ("confirm", CONFIRMATION)];
        let over = self.portal(Method::POST, paths::CERTIFICATES_REVOKE, &fields).await?;
        ensure!(over == paths::LOGGED_OUT, "the session goes on");
        Ok(())
    }

    /// From a job's page over the agent's back to the portal.
    async fn go_through(&mut self, job: &str, fields: &[(&str, &str)]) -> anyhow::Result<()> {
        let id = job.strip_prefix("/jobs/").with_context(|| format!("{job} is no job's page"))?;
        let back = self.at_agent(id, fields).await?;
        let way = back.strip_prefix(self.app.origin()).context("it leads somewhere else")?;
        self.portal(Method::GET, way, &[]).await?;
        Ok(())
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

fn led_to(answer: &Response) -> anyhow::Result<String> {
    let status = answer.status();
    ensure!(status == StatusCode::SEE_OTHER, "it answered {status}");
    let location = answer.headers().get(LOCATION).context("it leads nowhere")?;
    Ok(location.to_str()?.to_owned())
}
