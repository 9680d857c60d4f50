//! What a page says and where one can go from it, read from its HTML as far as tests need it.

use html5gum::{StartTag, Token, Tokenizer};

/// Elements that stand within a line: their edges separate no words.
const INLINE: [&str; 8] = ["a", "b", "code", "em", "label", "span", "strong", "time"];

/// A page, read.
#[derive(Debug, Clone, Default)]
pub struct Html {
    /// What stands in the window's title.
    pub title: String,
    /// The text of the whole page, white space collapsed.
    pub text: String,
    /// Words and address of every link.
    pub links: Vec<(String, String)>,
    /// Every form.
    pub forms: Vec<Form>,
}

/// A form.
#[derive(Debug, Clone, Default)]
pub struct Form {
    /// Where it is sent.
    pub action: String,
    /// True if it is sent by POST.
    pub is_post: bool,
    /// Hidden fields and their values.
    pub hidden: Vec<(String, String)>,
    /// Names of the fields that can be filled in or ticked.
    pub fields: Vec<String>,
    /// Words of its buttons, and where each sends the form if not to `action`.
    pub buttons: Vec<(String, Option<String>)>,
}

impl Html {
    /// Reads a page.
    #[must_use]
    pub fn read(html: &str) -> Self {
        let mut reader = Reader::default();
        for Ok(token) in Tokenizer::new(html) {
            match token {
                Token::StartTag(tag) => reader.start(&tag),
                Token::EndTag(tag) => reader.end(&String::from_utf8_lossy(&tag.name)),
                Token::String(text) => reader.text(&String::from_utf8_lossy(&text)),
                Token::Comment(_) | Token::Doctype(_) | Token::Error(_) => {}
            }
        }
        reader.finish()
    }

    /// The address of the first link with these words.
    #[must_use]
    pub fn link(&self, words: &str) -> Option<&str> {
        let link = self.links.iter().find(|(text, _)| text == words)?;
        Some(&link.1)
    }

    /// The first form with a button of these words.
    #[must_use]
    pub fn form(&self, button: &str) -> Option<&Form> {
        self.forms.iter().find(|form| form.buttons.iter().any(|(text, _)| text == button))
    }
}

#[derive(Default)]
struct Reader {
    page: Html,
    form: Option<Form>,
    /// Address of the open link, and where its words begin in the text.
    link: Option<(String, usize)>,
    button: Option<(Option<String>, usize)>,
    in_title: bool,
    in_script: bool,
}

impl Reader {
    fn start(&mut self, tag: &StartTag<()>) {
        let name = String::from_utf8_lossy(&tag.name).into_owned();
        let attribute = |name: &str| {
            let value = tag.attributes.get(name.as_bytes())?;
            Some(String::from_utf8_lossy(value).into_owned())
        };
        self.separate(&name);
        let here = self.page.text.len();
        match &*name {
            "title" => self.in_title = true,
            "script" | "style" => self.in_script = true,
            "a" => self.link = attribute("href").map(|href| (href, here)),
            "form" => {
                self.form = Some(Form {
                    action: attribute("action").unwrap_or_default(),
                    is_post: attribute("method").is_some_and(|method| method == "post"),
                    ..Form::default()
                });
            }
            "button" => self.button = Some((attribute("formaction"), here)),
            "input" => {
                if let (Some(form), Some(field)) = (&mut self.form, attribute("name")) {
                    if attribute("type").is_some_and(|kind| kind == "hidden") {
                        form.hidden.push((field, attribute("value").unwrap_or_default()));
                    } else {
                        form.fields.push(field);
                    }
                }
            }
            _other => {}
        }
    }

    fn end(&mut self, name: &str) {
        match name {
            "title" => self.in_title = false,
            "script" | "style" => self.in_script = false,
            "a" => {
                if let Some((href, from)) = self.link.take() {
                    self.page.links.push((words(&self.page.text[from..]), href));
                }
            }
            "button" => {
                if let (Some((action, from)), Some(form)) = (self.button.take(), &mut self.form) {
                    form.buttons.push((words(&self.page.text[from..]), action));
                }
            }
            "form" => self.page.forms.extend(self.form.take()),
            _other => {}
        }
        self.separate(name);
    }

    fn text(&mut self, text: &str) {
        if self.in_title {
            self.page.title.push_str(text);
        } else if !self.in_script {
            self.page.text.push_str(text);
        }
    }

    fn separate(&mut self, name: &str) {
        if !INLINE.contains(&name) {
            self.page.text.push(' ');
        }
    }

    fn finish(mut self) -> Html {
        self.page.title = words(&self.page.title);
        self.page.text = words(&self.page.text);
        self.page
    }
}

/// White space collapsed.
fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_links_and_forms_are_found_as_a_person_sees_them() {
        let page = Html::read(
            "<title>A\n page</title><p>See <a href=\"/x?a=1&amp;b=2\"><b>this</b> one</a>.</p>\
             <form method=\"post\" action=\"/go\"><input type=\"hidden\" name=\"h\" value=\"1\">\
             <input name=\"f\"><button>Insert<span> it</span></button>\
             <button formaction=\"/stop\">Stop</button></form><script>let a = 1;</script>",
        );
        assert_eq!(
            (page.title.as_str(), page.text.as_str()),
            ("A page", "See this one. Insert it Stop")
        );
        assert_eq!(page.link("this one"), Some("/x?a=1&b=2"));
        let form = page.form("Insert it").unwrap();
        assert!(form.is_post);
        assert_eq!(form.action, "/go");
        assert_eq!(form.hidden, [("h".to_owned(), "1".to_owned())]);
        assert_eq!(form.fields, ["f"]);
        assert_eq!(form.buttons[1], ("Stop".to_owned(), Some("/stop".to_owned())));
    }
}
