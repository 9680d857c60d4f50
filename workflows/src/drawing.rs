//! Pictures of the workflows, made from the same arrows that the tests walk: a picture that is not
//! true does not pass.
//!
//! Each workflow's module doc and its file under `docs/workflows/` hold the text that
//! [`Drawing::mermaid`] prints; `latchkey workflows draw` prints it again.

use std::fmt::Write as _;

use crate::{
    card_job, certificate_expiry, mail_delivery, passcode_expiry, possible_loss, registration,
    unlock, update_my_card,
};

/// From one state to another, and what makes it so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Arrow {
    /// A state: lower case, one word.
    pub from: &'static str,
    /// The input.
    pub label: &'static str,
    /// A state.
    pub to: &'static str,
}

/// A workflow's states and the ways between them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Drawing {
    /// The workflow, as its module and its file are named.
    pub name: &'static str,
    /// Where it begins.
    pub start: &'static str,
    /// All ways, in the order in which they are read.
    pub arrows: &'static [Arrow],
    /// Where it ends; from some of them somebody may start it again.
    pub ends: &'static [&'static str],
}

impl Drawing {
    /// As a state diagram of Mermaid; ends with a line feed.
    #[must_use]
    pub fn mermaid(&self) -> String {
        let mut text = format!("stateDiagram-v2\n    [*] --> {}\n", self.start);
        for Arrow { from, label, to } in self.arrows {
            // Writing into a string does not fail.
            let _ = writeln!(text, "    {from} --> {to}: {label}");
        }
        for end in self.ends {
            let _ = writeln!(text, "    {end} --> [*]");
        }
        text
    }
}

/// Every workflow there is.
#[must_use]
pub fn all() -> [&'static Drawing; 8] {
    [
        &passcode_expiry::DRAWING,
        &certificate_expiry::DRAWING,
        &mail_delivery::DRAWING,
        &card_job::DRAWING,
        &update_my_card::DRAWING,
        &registration::DRAWING,
        &unlock::DRAWING,
        &possible_loss::DRAWING,
    ]
}

#[cfg(test)]
pub(crate) mod walked {
    //! Compares a drawing with the ways that a test has found.

    use std::collections::BTreeSet;

    use super::{Arrow, Drawing};

    /// Every way that was found is drawn, and every way that is drawn was found.
    #[track_caller]
    pub(crate) fn assert_drawn(drawing: &Drawing, found: &BTreeSet<Arrow>) {
        let drawn: BTreeSet<Arrow> = drawing.arrows.iter().copied().collect();
        assert_eq!(drawn.len(), drawing.arrows.len(), "an arrow is drawn twice");
        let missing: Vec<_> = found.difference(&drawn).collect();
        let untrue: Vec<_> = drawn.difference(found).collect();
        assert!(missing.is_empty() && untrue.is_empty(), "draw {missing:#?}\nrub out {untrue:#?}");
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// The picture in a module doc, without its comment marks.
    fn in_module_doc(source: &str) -> String {
        let doc = source.lines().map_while(|line| line.strip_prefix("//!"));
        let lines = doc.map(|line| line.strip_prefix(' ').unwrap_or(line));
        in_fence(lines)
    }

    fn in_fence<'a>(lines: impl Iterator<Item = &'a str>) -> String {
        let inside = lines.skip_while(|line| *line != "```mermaid").skip(1);
        let picture: Vec<&str> = inside.take_while(|line| *line != "```").collect();
        picture.join("\n") + "\n"
    }

    #[test]
    fn the_pictures_in_module_docs_and_in_the_documentation_are_the_printed_ones() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        for drawing in all() {
            let name = drawing.name;
            let source = root.join("src").join(format!("{name}.rs"));
            let source = std::fs::read_to_string(source).unwrap();
            assert_eq!(in_module_doc(&source), drawing.mermaid(), "the module doc of {name}");
            let page = root.join("../docs/workflows").join(format!("{name}.md"));
            let page = std::fs::read_to_string(page).unwrap();
            assert_eq!(in_fence(page.lines()), drawing.mermaid(), "docs/workflows/{name}.md");
        }
    }

    #[test]
    fn every_state_that_is_drawn_is_reached_from_the_start() {
        for drawing in all() {
            let mut reached = vec![drawing.start];
            let mut next = 0;
            while let Some(from) = reached.get(next).copied() {
                next += 1;
                for arrow in drawing.arrows.iter().filter(|arrow| arrow.from == from) {
                    if !reached.contains(&arrow.to) {
                        reached.push(arrow.to);
                    }
                }
            }
            let drawn = drawing.arrows.iter().flat_map(|arrow| [arrow.from, arrow.to]);
            let lost: Vec<_> = drawn.filter(|state| !reached.contains(state)).collect();
            assert!(lost.is_empty(), "{}: {lost:?}", drawing.name);
        }
    }
}
