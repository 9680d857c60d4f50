//! Which package may depend on which, ours and others'.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{DependencyKind, MetadataCommand, Package};

use super::sources::{none, root};

/// Package, and those of ours that it depends on: all of them, and no others.
const OURS: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("protocol", &[]),
    ("pages", &[]),
    ("issuer", &[]),
    ("virtual-card", &[]),
    ("stores", &["domain"]),
    ("projections", &["domain", "stores"]),
    // `pages` for the templates of mails.
    ("workflows", &["domain", "stores", "pages"]),
    ("card-agent", &["domain", "protocol", "pages"]),
    (
        "api",
        &[
            "domain",
            "stores",
            "projections",
            "workflows",
            "issuer",
            "protocol",
            "pages",
            // The demonstration's card drawer, without the card itself.
            "virtual-card",
        ],
    ),
];

/// What tries and measures the rest: it may use all of it, and nothing may use it.
const OUTSIDE: [&str; 3] = ["tests", "benches", "fuzz"];

/// Somebody else's package, who may use it, and what to do instead.
const OTHERS: &[(&str, &[&str], &str)] = &[
    (
        "sqlx",
        &["stores", "projections", "workflows"],
        "SQL belongs to stores, projections and the workflow engine",
    ),
    ("axum", &["api", "card-agent"], "HTTP belongs to api and to the agent's own page"),
    ("pcsc", &["card-agent"], "readers belong to the card agent"),
    ("piv-authenticator", &["virtual-card"], "the applet belongs to the virtual card"),
    ("getrandom", &["api", "card-agent", "virtual-card"], "take random bytes as an argument"),
    ("minijinja", &["pages"], "templates are rendered by pages"),
    ("lettre", &["workflows"], "mails go by workflows::mail::Courier"),
    ("x509-cert", &["issuer", "card-agent"], "certificates are made by the issuer"),
    (
        "tokio",
        &["stores", "projections", "workflows", "api", "card-agent", "virtual-card"],
        "rules wait for nothing",
    ),
    (
        "argon2",
        &["stores", "protocol"],
        "passcodes are digested in the vault, or stretched by protocol",
    ),
];

fn packages() -> Vec<Package> {
    let metadata =
        MetadataCommand::new().manifest_path(root().join("Cargo.toml")).no_deps().exec().unwrap();
    metadata
        .packages
        .into_iter()
        .filter(|package| !OUTSIDE.contains(&package.name.as_str()))
        .collect()
}

/// What a package is built from; what only its tests need is its own affair.
fn dependencies(package: &Package) -> BTreeSet<&str> {
    package
        .dependencies
        .iter()
        .filter(|dependency| dependency.kind == DependencyKind::Normal)
        .map(|dependency| dependency.name.as_str())
        .collect()
}

#[test]
fn packages_depend_on_each_other_exactly_as_the_architecture_says() {
    let expected: BTreeMap<&str, BTreeSet<&str>> =
        OURS.iter().map(|(name, ours)| (*name, ours.iter().copied().collect())).collect();
    let packages = packages();
    let found: BTreeMap<&str, BTreeSet<&str>> = packages
        .iter()
        .map(|package| {
            let ours = |name: &&str| expected.contains_key(name);
            (package.name.as_str(), dependencies(package).into_iter().filter(ours).collect())
        })
        .collect();
    assert_eq!(found, expected, "turn these around, or say so here and in ARCHITECTURE.md");
}

#[test]
fn what_touches_the_world_stays_in_its_package() {
    let mut wrong = Vec::new();
    for package in packages() {
        for (crate_name, allowed, instead) in OTHERS {
            let uses = dependencies(&package).contains(crate_name);
            if uses && !allowed.contains(&package.name.as_str()) {
                wrong.push(format!("{} uses {crate_name}: {instead}", package.name));
            }
        }
    }
    none(&wrong, "move these to where they belong:");
}

#[test]
fn nothing_that_is_shipped_depends_on_tests_or_measurements() {
    let mut wrong = Vec::new();
    for package in packages() {
        for outside in OUTSIDE {
            if dependencies(&package).contains(outside) {
                wrong.push(format!("{} uses {outside}", package.name));
            }
        }
    }
    none(&wrong, "these may not:");
}
