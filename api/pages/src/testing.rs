//! Pages as a reviewer reads them: one element or text a line, attributes sorted, white space
//! collapsed. Snapshots hold this, and the conformance test compares it.

use std::fmt::Write as _;

use html5gum::{Token, Tokenizer};

/// Elements that have no end.
const VOID: [&[u8]; 8] = [b"br", b"hr", b"img", b"input", b"link", b"meta", b"area", b"wbr"];

/// The outline of `html`, indented by depth.
///
/// # Panics
/// If an element is closed that is not open: our pages are written by hand and have no such slips.
#[must_use]
pub fn outline(html: &str) -> String {
    let mut outline = Outline { lines: String::new(), open: Vec::new(), text: String::new() };
    for Ok(token) in Tokenizer::new(html) {
        match token {
            Token::StartTag(tag) => {
                outline.flush_text();
                let name = String::from_utf8_lossy(&tag.name).into_owned();
                let mut line = format!("<{name}");
                for (key, value) in &tag.attributes {
                    let value = String::from_utf8_lossy(value);
                    let value = value.split_whitespace().collect::<Vec<_>>().join(" ");
                    let _ = write!(line, " {}={value:?}", String::from_utf8_lossy(key));
                }
                outline.line(&format!("{line}>"));
                if !tag.self_closing && !VOID.contains(&&tag.name[..]) {
                    outline.open.push(name);
                }
            }
            Token::EndTag(tag) => {
                outline.flush_text();
                let name = String::from_utf8_lossy(&tag.name);
                let open = outline.open.pop();
                assert_eq!(open.as_deref(), Some(&*name), "after\n{}", outline.lines);
            }
            Token::String(text) => outline.text.push_str(&String::from_utf8_lossy(&text)),
            Token::Comment(_) | Token::Doctype(_) | Token::Error(_) => {}
        }
    }
    outline.flush_text();
    assert!(outline.open.is_empty(), "still open: {:?}", outline.open);
    outline.lines
}

/// The outline of the page's `<main>` and its title: what a page says, without what all pages share.
///
/// # Panics
/// If the page has no title or no main part, or not exactly one `h1`.
#[must_use]
pub fn main_outline(html: &str) -> String {
    let title = between(html, "<title>", "</title>").expect("a page has a title");
    let main = between(html, "<main", "</main>").expect("a page has a main part");
    assert_eq!(html.matches("<h1").count(), 1, "a page has one h1");
    format!("{title}\n\n{}", outline(&format!("<main{main}</main>")))
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(start)?;
    Some(rest.split_once(end)?.0)
}

struct Outline {
    lines: String,
    open: Vec<String>,
    text: String,
}

impl Outline {
    fn line(&mut self, line: &str) {
        let depth = self.open.len();
        let _ = writeln!(self.lines, "{:indent$}{line}", "", indent = depth * 2);
    }

    fn flush_text(&mut self) {
        let text = std::mem::take(&mut self.text);
        let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
        if !words.is_empty() {
            self.line(&words);
        }
    }
}
