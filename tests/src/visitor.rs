//! A browser without scripts and without a screen, for tests that are about the card and not about
//! how a page looks: follows links and redirects from site to site, keeps cookies, sends forms.

use std::{collections::BTreeMap, time::Duration};

use anyhow::{Context as _, bail, ensure};
use reqwest::{
    Method, StatusCode, Url,
    blocking::{Client, Response},
    header, redirect,
};

use crate::{
    held::until,
    html::{Form, Html},
};

/// Redirects of one visit; the longest way of ours has three.
const REDIRECTS_MAX: usize = 8;

/// How long a page may take: a card works for some seconds.
const ANSWER_MAX: Duration = Duration::from_mins(1);

/// A person's browser.
#[derive(Debug)]
pub struct Visitor {
    client: Client,
    /// By host, as browsers keep them: ports share cookies.
    cookies: BTreeMap<String, BTreeMap<String, String>>,
    page: Option<Page>,
}

/// The page a visitor looks at.
#[derive(Debug, Clone)]
pub struct Page {
    /// What stands in the address bar.
    pub address: Url,
    /// The answer's status.
    pub status: StatusCode,
    /// The page.
    pub html: Html,
}

impl Page {
    /// True if these words stand on it.
    #[must_use]
    pub fn says(&self, words: &str) -> bool {
        self.html.text.contains(words)
    }
}

impl Visitor {
    /// A browser without a past.
    pub fn new() -> anyhow::Result<Self> {
        let client = Client::builder()
            .redirect(redirect::Policy::none())
            .timeout(ANSWER_MAX)
            .no_proxy()
            .build()?;
        Ok(Self { client, cookies: BTreeMap::new(), page: None })
    }

    /// The page it looks at.
    pub fn page(&self) -> anyhow::Result<&Page> {
        self.page.as_ref().context("no page was opened yet")
    }

    /// Fails unless these words stand on the page.
    pub fn sees(&self, words: &str) -> anyhow::Result<()> {
        let page = self.page()?;
        ensure!(
            page.says(words),
            "{words:?} does not stand on {} ({}): {}",
            page.address,
            page.status,
            page.html.text
        );
        Ok(())
    }

    /// Types an address.
    pub fn open(&mut self, address: &str) -> anyhow::Result<&Page> {
        let address = address.parse().with_context(|| format!("no address: {address}"))?;
        self.visit(Method::GET, address, &[])
    }

    /// The same page once more.
    pub fn reload(&mut self) -> anyhow::Result<&Page> {
        let address = self.page()?.address.clone();
        self.visit(Method::GET, address, &[])
    }

    /// Follows the first link with these words.
    pub fn follow(&mut self, link: &str) -> anyhow::Result<&Page> {
        let page = self.page()?;
        let Some(target) = page.html.link(link) else {
            bail!("there is no link {link:?} on {}: {:?}", page.address, page.html.links);
        };
        let target = page.address.join(target)?;
        self.visit(Method::GET, target, &[])
    }

    /// Fills in the form of a button, and presses it.
    pub fn press(&mut self, button: &str, fields: &[(&str, &str)]) -> anyhow::Result<&Page> {
        let page = self.page()?;
        let Some(form) = page.html.form(button) else {
            bail!("there is no button {button:?} on {}: {}", page.address, page.html.text);
        };
        let sent = filled_in(form, fields)?;
        let other = form.buttons.iter().find(|(words, _)| words == button);
        let action = other.and_then(|(_, action)| action.as_ref()).unwrap_or(&form.action);
        let target = page.address.join(action)?;
        let method = if form.is_post { Method::POST } else { Method::GET };
        self.visit(method, target, &sent)
    }

    /// Reloads the page until these words stand on it.
    pub fn reload_until(&mut self, words: &str) -> anyhow::Result<()> {
        let found = until(words, || Ok(self.reload()?.says(words).then_some(())));
        found.with_context(|| format!("{:?}", self.page))
    }

    fn visit(
        &mut self,
        method: Method,
        target: Url,
        fields: &[(String, String)],
    ) -> anyhow::Result<&Page> {
        let (mut method, mut target) = (method, target);
        for _ in 0..REDIRECTS_MAX {
            let response = self.ask(&method, &target, fields)?;
            self.keep_cookies(&target, &response)?;
            let status = response.status();
            if !status.is_redirection() {
                let html = Html::read(&response.text()?);
                return Ok(self.page.insert(Page { address: target, status, html }));
            }
            let location = response.headers().get(header::LOCATION).context("no Location")?;
            target = target.join(location.to_str()?)?;
            ensure!(status == StatusCode::SEE_OTHER, "another redirect than 303: {status}");
            method = Method::GET;
        }
        bail!("{REDIRECTS_MAX} redirects, the last to {target}")
    }

    fn ask(
        &self,
        method: &Method,
        target: &Url,
        fields: &[(String, String)],
    ) -> anyhow::Result<Response> {
        let mut request = self.client.request(method.clone(), target.clone());
        if let Some(cookies) = self.cookies.get(host(target)) {
            let pairs: Vec<_> =
                cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            request = request.header(header::COOKIE, pairs.join("; "));
        }
        if method == Method::POST {
            // As browsers say it of a form that is sent to where it came from.
            request = request
                .header(header::ORIGIN, target.origin().ascii_serialization())
                .header("sec-fetch-site", "same-origin")
                .form(fields);
        }
        Ok(request.send()?)
    }

    fn keep_cookies(&mut self, from: &Url, response: &Response) -> anyhow::Result<()> {
        for line in response.headers().get_all(header::SET_COOKIE) {
            let mut parts = line.to_str()?.split(';').map(str::trim);
            let (name, value) = parts.next().and_then(|pair| pair.split_once('=')).context("=")?;
            let attributes: Vec<String> = parts.map(str::to_lowercase).collect();
            let has = |attribute: &str| attributes.iter().any(|other| other == attribute);
            let has_domain = attributes.iter().any(|attribute| attribute.starts_with("domain="));
            // RFC 6265bis, 4.1.3.2; `localhost` counts as secure.
            let kept =
                !name.starts_with("__Host-") || has("secure") && has("path=/") && !has_domain;
            ensure!(kept, "a browser would not take this cookie: {name}; {attributes:?}");
            let cookies = self.cookies.entry(host(from).to_owned()).or_default();
            if has("max-age=0") {
                cookies.remove(name);
            } else {
                cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        Ok(())
    }
}

/// What is sent: hidden fields, and what the visitor typed or ticked, which the form has to have.
fn filled_in(form: &Form, typed: &[(&str, &str)]) -> anyhow::Result<Vec<(String, String)>> {
    let mut sent = form.hidden.clone();
    for (name, value) in typed {
        ensure!(
            form.fields.iter().any(|field| field == name),
            "the form has no field {name:?}, it has {:?}",
            form.fields
        );
        sent.push(((*name).to_owned(), (*value).to_owned()));
    }
    Ok(sent)
}

fn host(address: &Url) -> &str {
    address.host_str().unwrap_or_default()
}
