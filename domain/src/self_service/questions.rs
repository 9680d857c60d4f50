//! the 20 questions, of which a holder chooses four. Chosen so that neither a colleague nor a
//! staff directory shows the answer.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// as many are in the list.
pub const QUESTIONS: usize = 20;

/// as many are chosen and answered.
pub const QUESTIONS_CHOSEN: usize = 4;

/// The number of a question, 1 to 20; `Q01` to `Q20` as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct QuestionId(u8);

/// Not the id of a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the id of a question")]
pub struct NotAQuestion;

/// One of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Question {
    /// Its id.
    pub id: QuestionId,
    /// Its words, without full stop or question mark.
    pub text: &'static str,
}

const LIST: [Question; QUESTIONS] = [
    question(1, "A college or university you applied to but did not attend"),
    question(2, "Destination of your most memorable school trip"),
    question(3, "First name of the person who taught you to drive or ride"),
    question(4, "Name of your first soft toy"),
    question(5, "Surname of your maths teacher when you were 13"),
    question(6, "Street where your closest childhood friend lived"),
    question(7, "First concert or live show you went to"),
    question(8, "First book you remember reading alone"),
    question(9, "First name of the first person you shared a home with outside your family"),
    question(10, "Surname of your first manager outside healthcare"),
    question(11, "First thing you bought with money you earned"),
    question(12, "Where your first bicycle came from (shop or person)"),
    question(13, "First place you travelled to without your family"),
    question(14, "Surname of the first neighbours you remember"),
    question(15, "First dish you learned to cook"),
    question(16, "Name of a character or friend you invented as a child"),
    question(17, "Subject of the first school project you were proud of"),
    question(18, "First film you saw in a cinema"),
    question(19, "First piece of music you performed for others"),
    question(20, "Village, campsite or hotel of the childhood holiday you liked best"),
];

const fn question(number: u8, text: &'static str) -> Question {
    Question { id: QuestionId(number), text }
}

/// All of them, in the order of their ids.
#[must_use]
pub fn questions() -> &'static [Question; QUESTIONS] {
    &LIST
}

impl QuestionId {
    /// The question with this number, 1 to 20.
    pub fn new(number: u8) -> Result<Self, NotAQuestion> {
        if (1..=QUESTIONS).contains(&usize::from(number)) {
            Ok(Self(number))
        } else {
            Err(NotAQuestion)
        }
    }

    /// Its number, 1 to 20.
    #[must_use]
    pub fn number(self) -> u8 {
        self.0
    }

    /// Its words, without full stop or question mark.
    #[must_use]
    pub fn text(self) -> &'static str {
        LIST[usize::from(self.0) - 1].text
    }
}

impl fmt::Display for QuestionId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Q{:02}", self.0)
    }
}

impl FromStr for QuestionId {
    type Err = NotAQuestion;

    fn from_str(text: &str) -> Result<Self, NotAQuestion> {
        let digits = text.strip_prefix('Q').ok_or(NotAQuestion)?;
        if digits.len() != 2 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(NotAQuestion);
        }
        Self::new(digits.parse().map_err(|_| NotAQuestion)?)
    }
}

impl TryFrom<String> for QuestionId {
    type Error = NotAQuestion;

    fn try_from(text: String) -> Result<Self, NotAQuestion> {
        text.parse()
    }
}

impl From<QuestionId> for String {
    fn from(id: QuestionId) -> Self {
        id.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r05_there_are_twenty_different_questions_in_the_order_of_their_ids() {
        for (place, question) in questions().iter().enumerate() {
            assert_eq!(usize::from(question.id.number()), place + 1);
            assert_eq!(question.id.text(), question.text);
            let same = questions().iter().filter(|other| other.text == question.text).count();
            assert_eq!(same, 1);
        }
    }

    #[test]
    fn r05_an_id_outside_the_list_is_refused() {
        for text in ["Q00", "Q21", "Q1", "q01", "01", "Q001", "Q+1", ""] {
            assert_eq!(text.parse::<QuestionId>(), Err(NotAQuestion), "{text}");
        }
        assert_eq!("Q01".parse(), QuestionId::new(1));
        assert_eq!("Q20".parse(), QuestionId::new(20));
        assert_eq!(QuestionId::new(7).unwrap().to_string(), "Q07");
    }
}
