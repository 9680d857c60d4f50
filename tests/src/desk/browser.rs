//! A stand-in for a browser: it keeps cookies, sends forms as browsers do, and follows nothing by itself.

use std::{collections::BTreeMap, fmt::Write as _};

use anyhow::{Context as _, ensure};
use api::{app::App, http};
use axum::{
    body::Body,
    http::{HeaderMap, Method, Request, StatusCode, header, request},
};
use http_body_util::BodyExt as _;
use protocol::{JobId, Secret};
use tower::ServiceExt as _;

use super::Desk;

/// The kind of body that an HTML form is.
pub const FORM: &str = "application/x-www-form-urlencoded";

/// Host and port of the portal's origin.
const HOST: &str = "localhost:7400";

/// A browser with its cookies.
pub struct Browser {
    app: App,
    cookies: BTreeMap<String, String>,
}

/// What the portal answered.
#[derive(Debug)]
pub struct Page {
    /// The status.
    pub status: StatusCode,
    /// All headers.
    pub headers: HeaderMap,
    /// The body, as text, slashes as slashes.
    pub html: String,
}

impl Page {
    /// Where it leads.
    #[must_use]
    pub fn location(&self) -> Option<&str> {
        self.headers.get(header::LOCATION)?.to_str().ok()
    }

    /// The job whose page it leads to.
    pub fn job(&self) -> anyhow::Result<JobId> {
        let location = self.location().with_context(|| format!("{} leads nowhere", self.status))?;
        let id =
            location.strip_prefix("/jobs/").with_context(|| format!("{location} is no job"))?;
        Ok(JobId(id.parse()?))
    }

    /// What a hidden field of the page holds.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&str> {
        let after = self.html.split_once(&format!("name=\"{name}\" value=\""))?.1;
        Some(after.split_once('"')?.0)
    }

    /// True if the text is on the page.
    #[must_use]
    pub fn says(&self, text: &str) -> bool {
        self.html.contains(text)
    }
}

impl Browser {
    pub(super) fn new(app: App) -> Self {
        Self { app, cookies: BTreeMap::new() }
    }

    /// The same browser before a copy of its server.
    #[must_use]
    pub fn before(&self, desk: &Desk) -> Self {
        Self { app: desk.app().clone(), cookies: self.cookies.clone() }
    }

    /// The value of a cookie.
    #[must_use]
    pub fn cookie(&self, name: &str) -> Option<&str> {
        self.cookies.get(name).map(String::as_str)
    }

    /// Sets a cookie, as somebody who stole or invented one would.
    pub fn set_cookie(&mut self, name: &str, value: &str) {
        self.cookies.insert(name.to_owned(), value.to_owned());
    }

    /// Opens a page.
    pub async fn get(&mut self, path: &str) -> anyhow::Result<Page> {
        let request = self.request(Method::GET, path).body(Body::empty())?;
        self.send(request).await
    }

    /// Sends a form.
    pub async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> anyhow::Result<Page> {
        self.post_body(path, FORM, encoded(fields).into_bytes()).await
    }

    /// Sends whatever bytes as whatever they are said to be.
    pub async fn post_body(
        &mut self,
        path: &str,
        kind: &str,
        body: Vec<u8>,
    ) -> anyhow::Result<Page> {
        let request = self
            .request(Method::POST, path)
            .header(header::CONTENT_TYPE, kind)
            .header("sec-fetch-site", "same-origin")
            .header(header::ORIGIN, format!("http://{HOST}"));
        self.send(request.body(Body::from(body))?).await
    }

    /// A request with this browser's cookies, to be completed by the test.
    #[must_use]
    pub fn request(&self, method: Method, path: &str) -> request::Builder {
        let cookies: Vec<String> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = Request::builder().method(method).uri(path).header(header::HOST, HOST);
        if cookies.is_empty() {
            request
        } else {
            request.header(header::COOKIE, cookies.join("; "))
        }
    }

    /// Sends a request, and keeps what cookies the answer brings.
    pub async fn send(&mut self, request: Request<Body>) -> anyhow::Result<Page> {
        let response = http::router(self.app.clone()).oneshot(request).await?;
        let (head, body) = response.into_parts();
        for cookie in head.headers.get_all(header::SET_COOKIE) {
            let (name, value) = cookie.to_str()?.split_once('=').context("a cookie")?;
            let value = value.split(';').next().unwrap_or_default();
            self.set_cookie(name, value);
        }
        // The templates write a slash as a character reference; tests read better without.
        let html =
            String::from_utf8_lossy(&body.collect().await?.to_bytes()).replace("&#x2f;", "/");
        Ok(Page { status: head.status, headers: head.headers, html })
    }

    /// Starts to log in: the job that the agent's page is for.
    pub async fn start_log_in(&mut self) -> anyhow::Result<JobId> {
        let page = self.post("/log-in", &[]).await?;
        ensure!(page.status == StatusCode::SEE_OTHER, "{}", page.status);
        page.job()
    }

    /// Comes back from the agent's page.
    pub async fn come_back(&mut self, job: JobId, code: &Secret) -> anyhow::Result<Page> {
        self.get(&format!("/jobs/{job}/return?code={}", hex::encode(&code.0))).await
    }

    /// True if the portal shows this browser the Home tab.
    pub async fn is_logged_in(&mut self) -> anyhow::Result<bool> {
        Ok(self.get("/home").await?.status == StatusCode::OK)
    }
}

/// Fields as browsers send them, every byte that is not a letter or digit in percent notation.
#[must_use]
pub fn encoded(fields: &[(&str, &str)]) -> String {
    let mut body = String::new();
    for (name, value) in fields {
        if !body.is_empty() {
            body.push('&');
        }
        body.push_str(name);
        body.push('=');
        for byte in value.bytes() {
            if byte.is_ascii_alphanumeric() {
                body.push(char::from(byte));
            } else {
                // Writing to a String cannot fail.
                write!(body, "%{byte:02X}").ok();
            }
        }
    }
    body
}
