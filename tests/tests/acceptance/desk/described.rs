//! The HTTP API does what its description says, whatever is sent to it and whoever sends it.
//!
//! Schemathesis, a tester of APIs that nobody here wrote, reads `/api/openapi.json` and makes requests of it, right ones
//! and wrong ones: as nobody, as a holder, as the registration authority, as an auditor. No answer may be a failure of
//! the server, or one that the description does not have.

use std::{env, fmt::Write as _, fs, net::SocketAddr, path::Path, process::Stdio};

use api::{cookies::SESSION_COOKIE, http};
use domain::staff::Role;
use stores::session::Scope;
use tests::desk::{Desk, browser::Browser};
use tokio::{net::TcpListener, process::Command};

/// Ends the session by which it is asked, and with it what is to be tried.
const LOG_OUT: &str = "/api/session";

/// The server of a desk, for programs of others; it ends with the test's runtime.
async fn serve(desk: &Desk) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = http::router(desk.app().clone());
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

/// What it found; `./latchkey test` installs it under var/.
async fn findings(address: SocketAddr, browser: Option<&Browser>) -> Result<(), String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let program = root.join("var/schemathesis/bin/schemathesis");
    assert!(program.exists(), "{} is not there: run ./latchkey test", program.display());
    let folder = tempfile::tempdir().unwrap();
    let mut config = fs::read_to_string(root.join("tests/schemathesis.toml")).unwrap();
    if let Some(session) = browser.and_then(|browser| browser.cookie(SESSION_COOKIE)) {
        write!(config, "\n[auth.openapi.session]\napi_key = \"{session}\"\n").unwrap();
    }
    fs::write(folder.path().join("schemathesis.toml"), config).unwrap();
    let mut command = Command::new(program);
    command.current_dir(folder.path()).stdin(Stdio::null()).kill_on_drop(true);
    command.args(["run", &format!("http://{address}/api/openapi.json")]);
    // Every boundary of every field is tried; what is made up beyond them, as much as is asked for.
    match env::var("LATCHKEY_MADE_UP_REQUESTS") {
        Ok(requests) => command.args(["--max-examples", &requests]),
        Err(_) => command.args(["--phases", "examples,coverage"]),
    };
    command.args(["--seed", "7", "--workers", "1"]);
    command.args([
        "--generation-database",
        "none",
        "--warnings",
        "off",
        "--no-color",
        "--output-sanitize",
        "false",
    ]);
    command.args(["--continue-on-failure", "--exclude-path", LOG_OUT]);
    command.args(["--header", "Sec-Fetch-Site: same-origin"]);
    let output = command.output().await.unwrap();
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() { Ok(()) } else { Err(told) }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_of_the_api_is_described_whoever_asks_whatever() {
    let desk = Desk::open().await.unwrap();
    desk.found_organisations().await.unwrap();
    let holder = desk.on_paper("Some Holder", "AA01").await.unwrap();
    let holder = desk.session_of(holder, Scope::Full).await.unwrap();
    let (id, manager) = desk.staff("Manager", "AA02", Role::RaManager, "X26").await.unwrap();
    desk.grant(id, Role::PolicyOwner, "X26").await.unwrap();
    let (_, auditor) = desk.staff("Auditor", "AA03", Role::Auditor, "X26").await.unwrap();
    let address = serve(&desk).await;
    let askers = [
        ("nobody", None),
        ("a holder", Some(&holder)),
        ("a manager who owns the policy", Some(&manager)),
        ("an auditor", Some(&auditor)),
    ];
    let mut found = String::new();
    for (name, browser) in askers {
        if let Err(told) = findings(address, browser).await {
            writeln!(found, "asked by {name}:\n{told}").unwrap();
        }
    }
    assert!(found.is_empty(), "{found}");
}
