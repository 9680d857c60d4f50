//! Every rule of the catalogue is named by a test, or stands in the list that shrinks.

use std::{collections::BTreeSet, fs};

use super::sources::{root, sources};

/// Ids whose tests come with a later part of the product. It only ever gets shorter.
const LATER: &str = "tests/rules-without-a-test-yet.txt";

/// `p18_the_account_…` names P-18; so does `…_b22_b24_…`.
fn named_by_tests() -> BTreeSet<String> {
    let mut named = BTreeSet::new();
    for source in sources() {
        for line in source.text.lines().map(str::trim_start) {
            let Some(rest) = line.strip_prefix("fn ").or(line.strip_prefix("async fn ")) else {
                continue;
            };
            let name = rest.split('(').next().unwrap_or_default();
            named.extend(name.split('_').filter_map(id));
        }
    }
    named
}

/// `p18` is `P-18`.
fn id(word: &str) -> Option<String> {
    let (area, number) = word.split_at_checked(1)?;
    let two_digits = number.len() == 2 && number.bytes().all(|byte| byte.is_ascii_digit());
    (two_digits && "abcprsu".contains(area)).then(|| format!("{}-{number}", area.to_uppercase()))
}

fn catalogue() -> BTreeSet<String> {
    domain::rules::all().iter().map(|rule| rule.id.to_string()).collect()
}

fn later() -> BTreeSet<String> {
    let list = fs::read_to_string(root().join(LATER)).unwrap();
    list.lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty())
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_rule_is_named_by_a_test_or_waits_in_the_list() {
    let (named, later) = (named_by_tests(), later());
    let untested: Vec<_> =
        catalogue().into_iter().filter(|id| !named.contains(id) && !later.contains(id)).collect();
    println!("rules without a test: {untested:?}");
    assert!(untested.is_empty(), "name these in a test: {untested:?}");
}

#[test]
fn the_list_of_waiting_rules_names_only_rules_that_exist_and_have_no_test() {
    let (catalogue, named) = (catalogue(), named_by_tests());
    let unknown: Vec<_> = later().difference(&catalogue).cloned().collect();
    assert!(unknown.is_empty(), "not in the catalogue: {unknown:?}");
    let tested: Vec<_> = later().intersection(&named).cloned().collect();
    assert!(tested.is_empty(), "tested by now, so take them off {LATER}: {tested:?}");
}

#[test]
fn a_refusal_never_names_a_rule_that_is_not_in_the_catalogue() {
    let catalogue = catalogue();
    let mut unknown = BTreeSet::new();
    for source in sources() {
        for (at, _) in source.shipped().match_indices("RuleId::new(\"") {
            let id = &source.text[at + 13..at + 17];
            if !catalogue.contains(id) {
                unknown.insert(format!("{id} in {}", source.path));
            }
        }
    }
    assert!(unknown.is_empty(), "{unknown:?}");
}
