//! What an operator does at the console, with the real program, in a production folder.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use stores::cluster::Cluster;
use tests::{held::Held, sandbox::program};

/// A folder with a configuration. Port 0: the system chooses.
pub(super) fn configured() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("latchkey.toml");
    let at = |name: &str| folder.path().join(name).display().to_string();
    let text = format!(
        "mode = 'production'\ndata_dir = '{}'\nkeystore = {{ dir = '{}' }}\n\
         portal = {{ listen = '127.0.0.1:0' }}\nagents = {{ listen = '127.0.0.1:0' }}\n\
         operator = {{ listen = '127.0.0.1:0' }}\n\
         authority = {{ listen = '127.0.0.1:0', url = 'http://192.0.2.1' }}\n",
        at("data"),
        at("keys"),
    );
    fs::write(&path, text).unwrap();
    (folder, path)
}

pub(super) fn latchkey(config: &Path, arguments: &[&str]) -> Output {
    let program = program("latchkey").unwrap();
    Command::new(program).arg("--config").arg(config).args(arguments).output().unwrap()
}

/// What it printed, if it ended well.
#[track_caller]
pub(super) fn said(config: &Path, arguments: &[&str]) -> String {
    let output = latchkey(config, arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// What it complained of, if it did not.
#[track_caller]
pub(super) fn complained(config: &Path, arguments: &[&str]) -> String {
    let output = latchkey(config, arguments);
    assert!(!output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn b14_an_operator_publishes_the_next_policy_from_a_day_to_come_and_no_other() {
    let (folder, config) = configured();
    let file = folder.path().join("policy.toml");
    let publish = |from: &'static str, text: String| {
        fs::write(&file, text).unwrap();
        ["policy", "publish", "--from", from, file.to_str().unwrap()].map(str::to_owned)
    };
    // Where no server ever ran, nothing is made.
    assert!(complained(&config, &["policy", "show"]).contains("there is no log yet"));
    assert!(!folder.path().join("data").exists() && !folder.path().join("keys").exists());
    let path = config.to_str().unwrap();
    drop(Held::start("latchkey", &["--config", path, "all"], &[], "\"ready\"").unwrap());
    let first = said(&config, &["policy", "show"]);
    let second = first
        .replace("version = 1", "version = 2")
        .replace("passcode_days = 365", "passcode_days = 180");
    let arguments = publish("2001-01-01", second.clone());
    let refused = complained(&config, &arguments.each_ref().map(String::as_str));
    assert!(refused.contains("from tomorrow at the earliest"), "{refused}");
    let arguments = publish("2090-01-01", second.replace("alert_days = 14", "alert_days = 0"));
    let refused = complained(&config, &arguments.each_ref().map(String::as_str));
    assert!(refused.contains("do not fit together"), "{refused}");
    let arguments = publish("2090-01-01", second.clone());
    let published = said(&config, &arguments.each_ref().map(String::as_str));
    assert!(published.contains("Version 2 is published and in force from 2090-01-01"));
    assert_eq!(said(&config, &["policy", "show"]), second);
    let refused = complained(&config, &arguments.each_ref().map(String::as_str));
    assert!(refused.contains("a later version is published already"), "{refused}");
}

#[test]
fn an_operator_asks_the_running_server_about_clock_mails_tokens_and_agents() {
    let (_folder, config) = configured();
    let path = config.to_str().unwrap();
    let _server = Held::start("latchkey", &["--config", path, "all"], &[], "\"ready\"").unwrap();
    assert!(said(&config, &["clock", "status"]).contains("follows the system's clock"));
    assert!(said(&config, &["clock", "accept"]).contains("follows the system's clock"));
    assert_eq!(said(&config, &["mails", "list"]), "0 to be sent, 0 given up\n");
    let nobody = "00000000-0000-0000-0000-000000000000";
    let refused = complained(&config, &["mails", "redrive", nobody]);
    assert!(refused.contains("no mail of this step was given up"), "{refused}");
    assert_eq!(said(&config, &["mails", "redrive", "--all"]), "0 are tried again\n");
    assert!(complained(&config, &["mails", "redrive", "--all", nobody]).contains("--all"));
    assert!(complained(&config, &["mails", "redrive"]).contains("<STEP>"));
    let role = ["--role", "logon-checks", "--name", "ward system", "--days", "30"];
    let issued = said(&config, &[&["tokens", "issue"], &role[..]].concat());
    let value = |name| issued.lines().find_map(|line| line.strip_prefix(name)).unwrap().trim();
    let bearer = value("token ");
    let listed = said(&config, &["tokens", "list"]);
    assert!(listed.contains("good logon-checks \"ward system\"") && !listed.contains(bearer));
    assert_eq!(said(&config, &["tokens", "revoke", value("id ")]), "revoked\n");
    assert!(said(&config, &["tokens", "list"]).contains("revoked logon-checks"));
    assert_eq!(said(&config, &["agents", "list"]), "");
    // The log is the running server's.
    assert!(complained(&config, &["rebuild"]).contains("in use by another process"));
}

#[test]
fn b14_the_running_server_says_what_a_policy_brings_and_publishes_it() {
    let (folder, config) = configured();
    let path = config.to_str().unwrap();
    let _server = Held::start("latchkey", &["--config", path, "all"], &[], "\"ready\"").unwrap();
    let shown = said(&config, &["policy", "show"]);
    assert!(shown.starts_with("version = 1\n"), "{shown}");
    let foretold = said(&config, &["forecast", "--days", "30"]);
    assert!(foretold.contains("30 days from") && foretold.contains("0 holders"), "{foretold}");
    let rows = said(&config, &["forecast", "--csv"]);
    assert!(rows.starts_with("\"forecast\",\"on\",\"alerted\""), "{rows}");
    let (file, chart) = (folder.path().join("policy.toml"), folder.path().join("chart.svg"));
    let (file, chart) = (file.to_str().unwrap(), chart.to_str().unwrap());
    let simulate = ["policy", "simulate", "--policy", file, "--from", "2090-01-01"];
    let simulate = [&simulate[..], &["--days", "800", "--svg", chart]].concat();
    fs::write(file, shown.replace("alert_days = 14", "alert_days = 0")).unwrap();
    let refused = complained(&config, &simulate);
    assert!(refused.contains("alert_days (P-14): there is at least 1 day of alert"), "{refused}");
    fs::write(file, shown.replace("passcode_days = 365", "passcode_days = 180")).unwrap();
    let compared = said(&config, &simulate);
    assert!(compared.contains("With the new version from 2090-01-01"), "{compared}");
    assert!(fs::read_to_string(chart).unwrap().starts_with("<svg "));
    let reason = ["--reason", "Half a year is enough"];
    let publish = [&["policy", "publish", "--from", "2090-01-01", file][..], &reason].concat();
    assert!(
        said(&config, &publish).contains("Version 2 is published and in force from 2090-01-01")
    );
    assert!(said(&config, &["policy", "show"]).starts_with("version = 2\n"));
    assert!(complained(&config, &publish).contains("a later version is published already"));
}

#[test]
fn the_workflows_are_drawn_from_their_definitions() {
    let (_folder, config) = configured();
    let drawn = said(&config, &["workflows", "draw"]);
    for workflow in ["passcode_expiry", "mail_delivery", "card_job"] {
        assert!(drawn.contains(&format!("%% {workflow}\nstateDiagram-v2\n")), "{drawn}");
    }
}

#[test]
fn a_running_server_is_backed_up_and_another_starts_from_what_was_restored() {
    let (folder, config) = configured();
    let path = config.to_str().unwrap();
    let server = Held::start("latchkey", &["--config", path, "all"], &[], "\"ready\"").unwrap();
    said(&config, &["organisations", "add", "ROOT", "The root"]);
    let at = |name: &str| folder.path().join(name).display().to_string();
    let (key, copied) = (at("recovery.key"), at("copied"));
    let public = said(&config, &["keys", "recovery", "--to", &key]);
    assert!(!fs::read_to_string(&key).unwrap().contains(public.trim()));
    let back_up = ["backup", "--to", &copied, "--seal-to", public.trim()];
    assert!(said(&config, &back_up).contains("events are backed up"));
    assert!(complained(&config, &back_up).contains("is not empty"));
    let restore = ["restore", "--from", &copied, "--recovery-key", &key];
    assert!(complained(&config, &restore).contains("stop it first"));
    drop(server);
    // What is there is never written over.
    assert!(complained(&config, &restore).contains("is not empty"));
    let (_elsewhere, other) = configured();
    let restored = said(&other, &restore);
    assert!(restored.contains("events of ") && restored.contains("are restored"), "{restored}");
    let path = other.to_str().unwrap();
    let _server = Held::start("latchkey", &["--config", path, "all"], &[], "\"ready\"").unwrap();
    assert_eq!(said(&other, &["organisations", "list"]), "ROOT \"The root\" root\n");
}

#[test]
fn a_server_moves_from_its_file_into_postgresql_and_one_at_a_time_has_it() {
    let (folder, config) = configured();
    let path = config.to_str().unwrap();
    let serve = || Held::start("latchkey", &["--config", path, "all"], &[], "\"ready\"").unwrap();
    let server = serve();
    said(&config, &["organisations", "add", "ROOT", "The root"]);
    drop(server);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let url = runtime.block_on(Cluster::shared().database()).unwrap();
    let text = fs::read_to_string(&config).unwrap();
    fs::write(&config, format!("{text}database = {{ url = '{url}' }}\n")).unwrap();
    let looked = latchkey(&config, &["doctor"]);
    assert!(String::from_utf8_lossy(&looked.stdout).contains("is there and durable"));
    assert!(complained(&config, &["rebuild"]).contains("there is no log yet"));
    let move_it = ["migrate", "--from", "sqlite", "--to", "postgres"];
    let moved = said(&config, &move_it);
    assert!(moved.contains("every event reads as it did"), "{moved}");
    assert!(complained(&config, &move_it).contains("name one that is empty"));
    assert!(said(&config, &["rebuild"]).contains("The wake-ups and the outbox are as new"));
    let _server = serve();
    assert_eq!(said(&config, &["organisations", "list"]), "ROOT \"The root\" root\n");
    assert!(complained(&config, &["rebuild"]).contains("another Latchkey has this database"));
    let key = folder.path().join("recovery.key").display().to_string();
    let public = said(&config, &["keys", "recovery", "--to", &key]);
    let copied = folder.path().join("copied").display().to_string();
    let back_up = ["backup", "--to", &copied, "--seal-to", public.trim()];
    assert!(complained(&config, &back_up).contains("by its own means"));
}
