//! Every Rust file of the project, and what each must look like.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Lines after which a file is no longer read in one sitting.
const LINES_MAX: usize = 500;

/// Names that say nothing about what is inside.
const BANNED_NAMES: &[&str] =
    &["utils", "util", "common", "helpers", "helper", "manager", "service", "misc"];

/// A source file.
pub(super) struct Source {
    /// Path from the root of the project.
    pub(super) path: String,
    /// What is in it.
    pub(super) text: String,
}

impl Source {
    /// The text before the unit tests that close a file, and nothing of files that are tests.
    pub(super) fn shipped(&self) -> &str {
        if self.is_test() {
            return "";
        }
        self.text.split("\n#[cfg(test)]\nmod ").next().unwrap_or_default()
    }

    /// True for files that hold nothing but tests.
    pub(super) fn is_test(&self) -> bool {
        self.path.starts_with("tests/")
            || self.path.contains("/tests/")
            || self.path.ends_with("/tests.rs")
            || self.path.contains("/tests.rs")
            || self.path.ends_with("/testing.rs")
            || self.path.ends_with("/contract.rs")
            || self.path.ends_with("/crash.rs")
    }
}

/// The root of the project.
pub(super) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// All Rust files under the packages' folders.
pub(super) fn sources() -> Vec<Source> {
    let mut sources = Vec::new();
    let packages = [
        "domain",
        "stores",
        "projections",
        "workflows",
        "api",
        "card-agent",
        "tests",
        "benches",
        "fuzz",
    ];
    for package in packages {
        collect(&root().join(package), &mut sources);
    }
    assert!(sources.len() > 50, "the sources were not found");
    sources
}

fn collect(folder: &Path, sources: &mut Vec<Source>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            if path.file_name().is_some_and(|name| name != "target") {
                collect(&path, sources);
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            let path = path.strip_prefix(root()).unwrap().to_string_lossy().into_owned();
            sources.push(Source { path, text });
        }
    }
}

/// Fails with all findings at once.
#[track_caller]
pub(super) fn none(findings: &[String], instead: &str) {
    assert!(findings.is_empty(), "{instead}\n{}", findings.join("\n"));
}

#[test]
fn every_module_says_why_it_exists() {
    let silent: Vec<_> = sources()
        .into_iter()
        .filter(|source| !source.text.starts_with("//!") && !source.path.ends_with("tests.rs"))
        .map(|source| source.path)
        .collect();
    none(&silent, "start these files with `//!` and say why they exist:");
}

#[test]
fn no_module_has_a_name_that_says_nothing() {
    let empty: Vec<_> = sources()
        .into_iter()
        .map(|source| source.path)
        .filter(|path| {
            let stem = Path::new(path).file_stem().unwrap().to_string_lossy().into_owned();
            BANNED_NAMES.contains(&stem.as_str()) || stem == "mod"
        })
        .collect();
    none(&empty, "name these after what is in them (and `foo.rs` instead of `foo/mod.rs`):");
}

#[test]
fn every_file_can_be_read_in_one_sitting() {
    let long: Vec<_> = sources()
        .into_iter()
        .map(|source| (source.text.lines().count(), source.path))
        .filter(|(lines, _)| *lines > LINES_MAX)
        .map(|(lines, path)| format!("{path}: {lines} lines"))
        .collect();
    none(&long, "split these files by what they are about:");
}

#[test]
fn no_test_is_ignored_and_nothing_is_left_for_later() {
    // Put together here, so that this file does not find itself.
    let marks =
        [["#[ign", "ore"].concat(), ["todo", "!("].concat(), ["unimple", "mented!("].concat()];
    let found: Vec<_> = sources()
        .into_iter()
        .filter(|source| marks.iter().any(|mark| source.text.contains(mark)))
        .map(|source| source.path)
        .collect();
    none(&found, "finish these, or take them out:");
}
