//! The operator's handbook does what it says: its commands are run, in its order, with the real program.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use api::config::{Config, Mode};
use tests::{
    held::Held,
    sandbox::{checkout, program},
};

use super::operator::configured;

/// The most lines of commands in the handbook.
const LINES_MAX: usize = 200;

/// The units that we ship.
const UNITS: [&str; 5] = [
    "latchkey.service",
    "latchkey-serve@.service",
    "latchkey-work@.service",
    "latchkey-backup.service",
    "latchkey-backup.timer",
];

/// One block of commands.
struct Block {
    /// True if they need a running server.
    running: bool,
    /// One a line.
    commands: Vec<String>,
}

/// The blocks of this text that are marked `checked`.
fn checked(text: &str) -> Vec<Block> {
    let mut blocks = vec![];
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let Some(mark) = line.strip_prefix("```sh checked") else { continue };
        let commands = lines.by_ref().take_while(|line| *line != "```");
        let commands = commands.map(str::to_owned).collect();
        blocks.push(Block { running: mark.trim() == "running", commands });
    }
    blocks
}

/// Runs a line as the handbook's reader does.
#[track_caller]
fn run(line: &str, folder: &Path, config: &Path) {
    let programs = program("latchkey").unwrap().parent().unwrap().to_path_buf();
    let found = env::var_os("PATH").unwrap_or_default();
    let path = env::join_paths([programs].into_iter().chain(env::split_paths(&found))).unwrap();
    let ran = Command::new("sh")
        .args(["-euc", line])
        .current_dir(folder)
        .env("PATH", path)
        .env("LATCHKEY_CONFIG", config)
        .output()
        .unwrap();
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(ran.status.success(), "{line}\n{}{}", said(&ran.stdout), said(&ran.stderr));
}

#[test]
fn every_checked_command_of_the_handbook_does_what_it_should_in_its_order() {
    let text = fs::read_to_string(checkout().join("docs/handbook.md")).unwrap();
    let blocks = checked(&text);
    assert!(blocks.iter().map(|block| block.commands.len()).sum::<usize>() <= LINES_MAX);
    let (folder, config) = configured();
    // A second machine, as it were.
    let (_elsewhere, other) = configured();
    fs::copy(other, folder.path().join("elsewhere.toml")).unwrap();
    let mut server = None;
    for block in &blocks {
        server = if block.running {
            let start = || {
                let arguments = ["--config", config.to_str().unwrap(), "all"];
                Held::start("latchkey", &arguments, &[], "\"ready\"").unwrap()
            };
            Some(server.unwrap_or_else(start))
        } else {
            None
        };
        for line in &block.commands {
            run(line, folder.path(), &config);
        }
    }
    // None of this is left out because somebody has changed a mark.
    for command in ["doctor", "init", "agents invite", "backup --to", "restore --from"] {
        let is_run = blocks.iter().flat_map(|block| &block.commands);
        assert!(is_run.clone().any(|line| line.contains(command)), "{command}");
    }
}

#[test]
fn every_measured_name_in_the_handbook_is_one_that_is_measured() {
    let text = fs::read_to_string(checkout().join("docs/handbook.md")).unwrap();
    let sources = ["metrics.rs", "metrics/standing.rs"]
        .map(|file| fs::read_to_string(checkout().join("api/src").join(file)).unwrap());
    let words = text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
    let names: Vec<&str> = words.filter_map(|word| word.strip_prefix("latchkey_")).collect();
    assert!(10 < names.len());
    for name in names {
        let registered = format!("\"{}\"", name.strip_suffix("_total").unwrap_or(name));
        assert!(sources.iter().any(|source| source.contains(&registered)), "{name}");
    }
}

#[test]
fn the_example_configuration_is_one_and_for_production() {
    let path: PathBuf = checkout().join("setup/latchkey.example.toml");
    let config = Config::load(Some(&path), []).unwrap();
    assert_eq!(config.mode, Mode::Production);
    assert!(!config.keystore_dir().starts_with(&config.data_dir));
}

#[test]
fn the_units_have_sections_and_settings_and_run_commands_that_the_program_has() {
    for unit in UNITS {
        let text = fs::read_to_string(checkout().join("setup/systemd").join(unit)).unwrap();
        let mut section = "";
        for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
                section = name;
                continue;
            }
            let (key, _) = line.split_once('=').unwrap_or_else(|| panic!("{unit}: {line}"));
            assert!(key.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{unit}: {line}");
            assert!(["Unit", "Service", "Timer", "Install"].contains(&section), "{unit}: {line}");
        }
        // What the units run is what the program has.
        for line in text.lines().filter(|line| line.starts_with("Exec")) {
            let known = ["config check", " all", " serve", " work", " backup --to"];
            assert!(known.iter().any(|command| line.contains(command)), "{unit}: {line}");
        }
    }
}
