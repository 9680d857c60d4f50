//! The catalogue of rules in the product's own words, `rules.md`: read by help pages, by the tests
//! that ask whether every rule is tested, and by people.
//!
//! ```text
//! ### P-18 · Title
//! **Rule.** What holds.
//! **Decision.** How the guides are read where they are silent (part B only).
//! **Examples.** On either side of a boundary.
//! ```

use std::sync::LazyLock;

use serde::Serialize;

use crate::refusal::RuleId;

/// The catalogue as text.
pub const TEXT: &str = include_str!("../rules.md");

static ALL: LazyLock<Vec<Rule>> =
    LazyLock::new(|| TEXT.split("\n### ").skip(1).filter_map(Rule::read).collect());

/// A rule of the catalogue. Its texts are in Markdown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Rule {
    /// Its id, which never changes.
    pub id: RuleId,
    /// A few words.
    pub title: &'static str,
    /// What holds; in part B, the question that the guides leave open.
    pub statement: &'static str,
    /// Part B: the answer, and why.
    pub decision: Option<&'static str>,
    /// Examples, on either side of a boundary where there is one.
    pub examples: &'static str,
}

/// Every rule, in the order of the catalogue.
#[must_use]
pub fn all() -> &'static [Rule] {
    &ALL
}

/// The rule with this id (`P-18`), if there is one.
#[must_use]
pub fn find(id: &str) -> Option<&'static Rule> {
    all().iter().find(|rule| rule.id.as_str() == id)
}

impl Rule {
    /// Reads a section, from its id to the next heading. None if it has not the form of a rule: a
    /// test counts them, so none is lost.
    fn read(section: &'static str) -> Option<Self> {
        let section = section.split("\n## ").next()?;
        let (heading, body) = section.split_once('\n')?;
        let (id, title) = heading.split_once(" · ")?;
        let paragraph =
            |label: &str| body.lines().find_map(|line| line.strip_prefix(label)).map(str::trim);
        Some(Self {
            id: RuleId::parse(id)?,
            title: title.trim(),
            statement: paragraph("**Rule.**")?,
            decision: paragraph("**Decision.**"),
            examples: paragraph("**Examples.**")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The parts of the catalogue with the number of their last rule.
    const PARTS: [(char, u8); 7] =
        [('A', 2), ('P', 27), ('C', 15), ('R', 11), ('U', 12), ('S', 8), ('B', 63)];

    #[test]
    fn every_rule_is_in_the_catalogue_exactly_once_and_in_order() {
        let expected: Vec<_> = PARTS
            .iter()
            .flat_map(|(part, last)| (1..=*last).map(move |n| format!("{part}-{n:02}")))
            .collect();
        let found: Vec<_> = all().iter().map(|rule| rule.id.to_string()).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn no_heading_or_paragraph_of_the_catalogue_is_lost() {
        let lines = |prefix: &str| TEXT.lines().filter(|line| line.starts_with(prefix)).count();
        assert_eq!(lines("### "), all().len());
        assert_eq!(lines("**Rule.** "), all().len());
        assert_eq!(lines("**Examples.** "), all().len());
        assert_eq!(lines("**Decision.** "), 63);
    }

    #[test]
    fn every_rule_of_part_b_and_no_other_has_a_decision() {
        for rule in all() {
            assert_eq!(rule.decision.is_some(), rule.id.as_str().starts_with('B'), "{}", rule.id);
            assert!(
                rule.statement.ends_with(['.', '?']) && rule.examples.ends_with('.'),
                "{}",
                rule.id
            );
            assert!(!rule.title.is_empty(), "{}", rule.id);
        }
    }

    #[test]
    fn a_rule_is_found_by_its_id_and_nothing_by_another() {
        assert_eq!(find("P-18").map(|rule| rule.id.as_str()), Some("P-18"));
        assert_eq!(find("P-28"), None);
        assert_eq!(find("p-18"), None);
    }
}
