//! Which package may depend on which, ours and others'.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{DependencyKind, MetadataCommand, Package};

use super::sources::{none, root};

/// Package, and those of ours that it may depend on.
const OURS: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("protocol", &[]),
    ("pages", &[]),
    ("issuer", &[]),
    ("virtual-card", &[]),
    ("stores", &["domain"]),
    ("projections", &["domain", "stores"]),
    ("workflows", &["domain", "stores"]),
    ("card-agent", &["domain", "protocol", "pages"]),
    (
        "api",
        &[
            "domain", "stores", "projections", "workflows", "issuer", "protocol", "pages",
            // The demonstration's card drawer, without the card itself.
            "virtual-card",
        ],
    ),
];

/// Somebody else's package, who may use it, and what to do instead.
const OTHERS: &[(&str, &[&str], &str)] = &[
    ("sqlx", &["stores", "projections"], "SQL belongs to stores and projections"),
    ("axum", &["api", "card-agent"], "HTTP belongs to api and to the agent's own page"),
    ("pcsc", &["card-agent"], "readers belong to the card agent"),
    ("piv-authenticator", &["virtual-card"], "the applet belongs to the virtual card"),
    ("getrandom", &["api", "card-agent", "virtual-card"], "take random bytes as an argument"),
    ("minijinja", &["pages"], "templates are rendered by pages"),
    ("x509-cert", &["issuer", "card-agent"], "certificates are made by the issuer"),
    ("tokio", &["stores", "projections", "api", "card-agent", "virtual-card"], "rules wait for nothing"),
    ("argon2", &["stores", "protocol"], "passcodes are digested in the vault, or stretched by protocol"),
];

fn packages() -> Vec<Package> {
    let metadata = MetadataCommand::new()
        .manifest_path(root().join("Cargo.toml"))
        .no_deps()
        .exec()
        .unwrap();
    metadata.packages.into_iter().filter(|package| package.name.as_str() != "tests").collect()
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
fn packages_depend_on_each_other_in_one_direction_only() {
    let allowed: BTreeMap<&str, &[&str]> = OURS.iter().copied().collect();
    let mut wrong = Vec::new();
    for package in packages() {
        let name = package.name.as_str();
        let Some(allowed) = allowed.get(name) else {
            wrong.push(format!("{name} is not in the list of packages"));
            continue;
        };
        for dependency in dependencies(&package) {
            let ours = OURS.iter().any(|(name, _)| *name == dependency);
            if ours && !allowed.contains(&dependency) {
                wrong.push(format!("{name} -> {dependency}"));
            }
        }
    }
    none(&wrong, "turn these around, or move the code to where it may know both:");
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
