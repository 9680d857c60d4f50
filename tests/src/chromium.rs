//! A real browser: Debian's Chromium, driven by its own driver, at a person's pace or faster.
//!
//! Both end with the value, however the test ends: the driver runs as long as we hold it, and the
//! browser in its process group. Nothing is fetched from the network, and the profile is new.

use std::{fs, time::Duration};

use anyhow::{Context as _, bail, ensure};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use fantoccini::{
    Client, ClientBuilder, Locator,
    elements::Element,
    wd::{Capabilities, WebDriverCompatibleCommand},
};
use hyper_util::client::legacy::connect::HttpConnector;
use reqwest::{Method, Url};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tokio::{
    runtime::{Builder, Runtime},
    time::{Instant, sleep},
};

use crate::{
    held::{Folder, Held},
    sandbox::checkout,
};

/// Debian's driver; its package brings the browser that it fits.
const DRIVER: &str = "/usr/bin/chromedriver";

/// What the checker's file must be: version 4.14.1 as `package-lock.json` pins it.
const AXE_SHA256: &str = "29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c";

/// WCAG 2.2 up to level AA, and what its makers recommend beyond.
const AXE_TAGS: [&str; 6] =
    ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/// How long the browser may take to show the next page; a card works for some seconds.
const PAGE_MAX: Duration = Duration::from_mins(1);

/// Pause between two looks at whether it does.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Whether pages may run scripts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scripts {
    /// As browsers come.
    On,
    /// Blocked for all sites.
    Off,
}

/// A window's width and height, in CSS pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Screen {
    /// 1280 by 900.
    Desktop,
    /// 375 by 812.
    Phone,
}

impl Screen {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Desktop, Self::Phone];

    /// The word by which files name it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Desktop => "desktop",
            Self::Phone => "phone",
        }
    }

    fn size(self) -> (u32, u32) {
        match self {
            Self::Desktop => (1280, 900),
            Self::Phone => (375, 812),
        }
    }
}

/// A running browser with one window.
#[derive(Debug)]
pub struct Browser {
    runtime: Runtime,
    client: Option<Client>,
    scripts: Scripts,
    axe: String,
    _driver: Held,
    _profile: Folder,
}

impl Browser {
    /// Starts a browser that nobody has used yet.
    pub fn start(scripts: Scripts) -> anyhow::Result<Self> {
        let profile = Folder::new()?;
        let mut driver = Held::spawn(DRIVER.as_ref(), &["--port=0"], &[])?;
        let line = driver.wait_for("started successfully on port").context("chromedriver")?;
        let port = line.trim_end_matches('.').rsplit(' ').next().context("no port")?;
        let address = format!("http://127.0.0.1:{port}");
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let capabilities = capabilities(scripts, &profile)?;
        let client = runtime.block_on(async {
            let mut builder = ClientBuilder::new(HttpConnector::new());
            builder.capabilities(capabilities).connect(&address).await
        })?;
        let (client, axe) = (Some(client), read_axe()?);
        Ok(Self { runtime, client, scripts, axe, _driver: driver, _profile: profile })
    }

    /// Takes the size of a screen.
    pub fn resize(&self, screen: Screen) -> anyhow::Result<()> {
        let (width, height) = screen.size();
        let metrics =
            json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false});
        self.devtools("Emulation.setDeviceMetricsOverride", &metrics)?;
        Ok(())
    }

    /// Lets the page believe that so much more time has gone by; until the next page.
    pub fn pretend_later(&self, by: Duration) -> anyhow::Result<()> {
        let client = self.client()?;
        let turn = "const [by] = arguments; const now = Date.now; Date.now = () => now() + by;";
        let by = vec![json!(u64::try_from(by.as_millis())?)];
        self.runtime.block_on(client.execute(turn, by))?;
        Ok(())
    }

    /// Types an address.
    pub fn open(&self, address: &str) -> anyhow::Result<()> {
        let client = self.client()?;
        self.runtime.block_on(client.goto(address)).with_context(|| address.to_owned())
    }

    /// What stands in the address bar.
    pub fn address(&self) -> anyhow::Result<Url> {
        let client = self.client()?;
        Ok(self.runtime.block_on(client.current_url())?)
    }

    /// What stands in the window's title.
    pub fn title(&self) -> anyhow::Result<String> {
        let client = self.client()?;
        Ok(self.runtime.block_on(client.title())?)
    }

    /// The text of the page, as it is to be seen.
    pub fn text(&self) -> anyhow::Result<String> {
        let body = self.find("//body")?;
        Ok(self.runtime.block_on(body.text())?)
    }

    /// Follows the link with these words, and waits for the page behind it.
    pub fn follow(&self, link: &str) -> anyhow::Result<()> {
        self.click_away(&format!("//a[normalize-space()={link:?}]"))
    }

    /// Follows the first link of these, and waits for the page behind it.
    pub fn follow_first(&self, xpath: &str) -> anyhow::Result<()> {
        self.click_away(&format!("({xpath})[1]"))
    }

    /// Presses the button with these words (or the link that looks like one), and waits for the
    /// next page.
    pub fn press(&self, button: &str) -> anyhow::Result<()> {
        self.click_away(&format!("//*[self::button or self::a][normalize-space()={button:?}]"))
    }

    /// Clicks what stays on the page: a box, a link to a field.
    pub fn click(&self, xpath: &str) -> anyhow::Result<()> {
        let element = self.find(xpath)?;
        self.runtime.block_on(element.click()).with_context(|| xpath.to_owned())
    }

    /// Ticks the box with this name.
    pub fn tick(&self, name: &str) -> anyhow::Result<()> {
        self.click(&format!("//input[@type='checkbox'][@name='{name}']"))
    }

    /// Types into the field with this name.
    pub fn type_into(&self, name: &str, text: &str) -> anyhow::Result<()> {
        let field = self.find(&format!("//*[self::input or self::textarea][@name='{name}']"))?;
        self.runtime.block_on(field.send_keys(text)).with_context(|| name.to_owned())
    }

    /// Empties the field with this name.
    pub fn clear(&self, name: &str) -> anyhow::Result<()> {
        let field = self.find(&format!("//input[@name='{name}']"))?;
        self.runtime.block_on(field.clear()).with_context(|| name.to_owned())
    }

    /// An attribute of an element; `None` if it has none of that name.
    pub fn attribute(&self, xpath: &str, name: &str) -> anyhow::Result<Option<String>> {
        let element = self.find(xpath)?;
        Ok(self.runtime.block_on(element.attr(name))?)
    }

    /// How many elements there are to be seen.
    pub fn count_visible(&self, xpath: &str) -> anyhow::Result<usize> {
        let client = self.client()?;
        self.runtime.block_on(async {
            let mut visible = 0;
            for element in client.find_all(Locator::XPath(xpath)).await? {
                visible += usize::from(element.is_displayed().await?);
            }
            Ok(visible)
        })
    }

    /// Id of the element that the keyboard speaks to; `class` where it has none.
    pub fn focus(&self) -> anyhow::Result<String> {
        let client = self.client()?;
        self.runtime.block_on(async {
            let active = client.active_element().await?;
            let id = active.attr("id").await?.filter(|id| !id.is_empty());
            Ok(id.or(active.attr("class").await?).unwrap_or_default())
        })
    }

    /// What axe finds wrong with the page, a line each. Only where pages may run scripts: axe is
    /// one itself.
    pub fn accessibility_faults(&self) -> anyhow::Result<Vec<String>> {
        ensure!(self.scripts == Scripts::On, "axe needs scripts");
        let client = self.client()?;
        let check = "const [tags, done] = arguments;
            axe.run(document, { runOnly: { type: 'tag', values: tags }, resultTypes: ['violations'] })
                .then((found) => done({ violations: found.violations, n_passed: found.passes.length }))
                .catch((error) => done({ error: String(error) }));";
        let found = self.runtime.block_on(async {
            client.execute(&self.axe, Vec::new()).await?;
            client.execute_async(check, vec![json!(AXE_TAGS)]).await
        })?;
        // A check that checked nothing is none.
        ensure!(0 < found["n_passed"].as_u64().unwrap_or_default(), "axe failed: {found}");
        let violations = found["violations"].as_array().context("axe said nothing")?;
        Ok(violations.iter().flat_map(faults).collect())
    }

    /// Whether the page is wider than the window, so that one has to scroll sideways to read it.
    pub fn is_too_wide(&self) -> anyhow::Result<bool> {
        let metrics = self.devtools("Page.getLayoutMetrics", &json!({}))?;
        let width = |name: &str, key: &str| metrics[name][key].as_f64().context("no width");
        Ok(width("cssLayoutViewport", "clientWidth")? < width("cssContentSize", "width")?)
    }

    /// What the browser warned of on its console since it was asked last: what the page's own
    /// policy forbade, and errors of scripts. Answers with a status like 422 are no complaint of
    /// ours.
    pub fn complaints(&self) -> anyhow::Result<Vec<String>> {
        let entries = self.command("se/log", &json!({"type": "browser"}))?;
        let entries = entries.as_array().context("no console")?;
        let status = "Failed to load resource: the server responded with a status of";
        let is_complaint = |entry: &&Value| {
            let text = entry["message"].as_str().unwrap_or_default();
            ["WARNING", "SEVERE"].contains(&entry["level"].as_str().unwrap_or_default())
                && !text.contains(status)
        };
        Ok(entries.iter().filter(is_complaint).map(Value::to_string).collect())
    }

    /// A picture as PNG: of the whole page, however long, or of what the window shows of it.
    pub fn picture(&self, whole: bool) -> anyhow::Result<Vec<u8>> {
        let how = json!({"format": "png", "captureBeyondViewport": whole});
        let picture = self.devtools("Page.captureScreenshot", &how)?;
        let data = picture["data"].as_str().context("no picture")?;
        Ok(BASE64_STANDARD.decode(data)?)
    }

    fn client(&self) -> anyhow::Result<&Client> {
        self.client.as_ref().context("the browser is closed")
    }

    fn find(&self, xpath: &str) -> anyhow::Result<Element> {
        let client = self.client()?;
        let found = self.runtime.block_on(client.find(Locator::XPath(xpath)));
        found.or_else(|error| {
            let (address, text) = (self.address()?, self.text_or_nothing());
            bail!("{xpath} is not on {address}: {error}\n{text}")
        })
    }

    fn text_or_nothing(&self) -> String {
        let Ok(client) = self.client() else { return String::new() };
        let text =
            self.runtime.block_on(async { client.find(Locator::Css("body")).await?.text().await });
        text.unwrap_or_default()
    }

    /// Clicks, and waits until this page is gone and the next one is there.
    fn click_away(&self, xpath: &str) -> anyhow::Result<()> {
        let (page, element) = (self.find("/html")?, self.find(xpath)?);
        self.runtime.block_on(async {
            element.click().await?;
            let until = Instant::now() + PAGE_MAX;
            // An element of a page that is gone is stale; the driver waits for the next page itself.
            while is_there(&page).await? {
                ensure!(Instant::now() < until, "{xpath} led nowhere");
                sleep(LOOK_EVERY).await;
            }
            Ok(())
        })
    }

    /// Asks the browser's developer tools.
    fn devtools(&self, method: &str, parameters: &Value) -> anyhow::Result<Value> {
        self.command("goog/cdp/execute", &json!({"cmd": method, "params": parameters}))
    }

    fn command(&self, path: &'static str, body: &Value) -> anyhow::Result<Value> {
        let client = self.client()?;
        let command = Command { path, body: body.to_string() };
        Ok(self.runtime.block_on(client.issue_cmd(command))?)
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        if let Some(client) = self.client.take() {
            // A browser that is gone already is closed.
            self.runtime.block_on(client.close()).ok();
        }
    }
}

/// A command that `fantoccini` does not know.
#[derive(Debug)]
struct Command {
    path: &'static str,
    body: String,
}

impl WebDriverCompatibleCommand for Command {
    fn endpoint(
        &self,
        base: &Url,
        session: Option<&str>,
    ) -> Result<Url, <Url as std::str::FromStr>::Err> {
        base.join(&format!("session/{}/{}", session.unwrap_or_default(), self.path))
    }

    fn method_and_body(&self, _address: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(self.body.clone()))
    }
}

async fn is_there(page: &Element) -> anyhow::Result<bool> {
    // While one page gives way to the next the driver may have no better words for it.
    const BETWEEN_PAGES: &str = "does not belong to the document";
    match page.tag_name().await {
        Ok(_) => Ok(true),
        Err(error) if error.is_stale_element_reference() || error.is_no_such_element() => Ok(false),
        Err(error) if error.to_string().contains(BETWEEN_PAGES) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

fn capabilities(scripts: Scripts, profile: &Folder) -> anyhow::Result<Capabilities> {
    let profile = format!("--user-data-dir={}", profile.path().display());
    let mut arguments = vec![
        "--headless",
        "--hide-scrollbars",
        "--disable-gpu",
        "--disable-quic",
        "--disable-dev-shm-usage",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        &profile,
    ];
    // Chromium's own sandbox does not start for root.
    if is_root()? {
        arguments.push("--no-sandbox");
    }
    let mut options = json!({ "args": arguments });
    if scripts == Scripts::Off {
        options["prefs"] = json!({"profile.managed_default_content_settings.javascript": 2});
    }
    let capabilities = json!({
        "browserName": "chrome",
        "goog:chromeOptions": options,
        "goog:loggingPrefs": {"browser": "ALL"},
    });
    Ok(serde_json::from_value(capabilities)?)
}

fn is_root() -> anyhow::Result<bool> {
    use std::os::unix::fs::MetadataExt as _;
    Ok(fs::metadata("/proc/self")?.uid() == 0)
}

/// The checker, if it is the very one we mean.
fn read_axe() -> anyhow::Result<String> {
    let path = checkout().join("node_modules/axe-core/axe.min.js");
    let axe = fs::read(&path).context("axe-core is missing: ./latchkey test fetches it")?;
    ensure!(
        hex::encode(Sha256::digest(&axe)) == AXE_SHA256,
        "{} is not the axe-core that this test names",
        path.display()
    );
    Ok(String::from_utf8(axe)?)
}

/// One of axe's findings, a line for each place.
fn faults(violation: &Value) -> Vec<String> {
    let rule = violation["id"].as_str().unwrap_or_default();
    let nodes = violation["nodes"].as_array().map(Vec::as_slice).unwrap_or_default();
    let line = |node: &Value| format!("{rule}: {} {}", node["html"], node["failureSummary"]);
    nodes.iter().map(line).collect()
}
