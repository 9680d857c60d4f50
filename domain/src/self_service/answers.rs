//! B-35: answers to security questions. What is typed is brought into one form, judged with all its
//! faults at once, and never shown.

use unicode_normalization::{UnicodeNormalization as _, char::is_combining_mark};
use zeroize::{ZeroizeOnDrop, Zeroizing};

use super::{QUESTIONS_CHOSEN, QuestionId, deny};
use crate::refusal::RuleId;

/// B-35: as many letters or digits have to be left.
const CHARACTERS_MIN: usize = 2;

/// The most characters that may be typed.
const TYPED_MAX: usize = 100;

/// An answer in the form in which answers are compared: letters and digits after NFKC, without
/// regard to case; ` St. Ives ` is `stives`.
///
/// It cannot be printed, logged or serialized, and is wiped when dropped:
/// ```compile_fail
/// fn shown<T: std::fmt::Debug>() {}
/// shown::<domain::self_service::Normalised>();
/// ```
#[derive(Clone, PartialEq, Eq, ZeroizeOnDrop)]
pub struct Normalised(Zeroizing<String>);

impl Normalised {
    /// The bytes to digest. For the vault only.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    pub(super) fn text(&self) -> &str {
        &self.0
    }
}

/// What is wrong with an answer, or with the choice of questions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// R-05: not four of them.
    NotFour,
    /// R-05: the question is chosen twice.
    ChosenTwice,
    /// B-35: fewer than two letters or digits.
    TooShort,
    /// More characters than anybody types.
    TooLong,
    /// B-35: the same answer as to another question.
    SameAsAnother,
    /// B-35: it is in the words of the question.
    InTheQuestion,
    /// B-35: one of the commonest answers to this question.
    TooCommon,
    /// B-35: it is the smartcard passcode, or another of the holder's secrets.
    SameAsPasscode,
}

/// Where a fault is: at the answer with this index, or at the whole choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// At the choice of questions.
    Choice,
    /// At this answer, from 0.
    Answer(usize),
}

/// One fault, where it is, and what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AnswerFault {
    /// Where.
    pub place: Place,
    /// What.
    pub what: Fault,
}

impl Fault {
    /// The rule behind it.
    #[must_use]
    pub fn rule(self) -> RuleId {
        match self {
            Self::NotFour | Self::ChosenTwice => const { RuleId::new("R-05") },
            Self::TooShort
            | Self::TooLong
            | Self::SameAsAnother
            | Self::InTheQuestion
            | Self::TooCommon
            | Self::SameAsPasscode => const { RuleId::new("B-35") },
        }
    }

    /// The sentence at the field, without full stop.
    #[must_use]
    pub fn message(self) -> &'static str {
        match self {
            Self::NotFour => "Choose exactly 4 questions",
            Self::ChosenTwice => "Choose a question that you have not chosen already",
            Self::TooShort => "Your answer must have at least 2 letters or digits",
            Self::TooLong => "Your answer must be 100 characters or fewer",
            Self::SameAsAnother => "Your answer must differ from your other answers",
            Self::InTheQuestion => "Your answer must not be in the words of the question",
            Self::TooCommon => {
                "Your answer is one that many people give: choose another question or answer"
            }
            Self::SameAsPasscode => "Your answer must not be one of your passcodes",
        }
    }
}

/// B-35: the form in which an answer is compared.
///
/// # Errors
/// [`Fault::TooShort`] or [`Fault::TooLong`].
pub fn normalise(typed: &str) -> Result<Normalised, Fault> {
    if TYPED_MAX < typed.chars().count() {
        return Err(Fault::TooLong);
    }
    // Measured first, so that the text never moves and leaves a copy.
    let n_bytes = folded(typed).map(char::len_utf8).sum();
    let mut text = Zeroizing::new(String::with_capacity(n_bytes));
    text.extend(folded(typed));
    let n_characters = text.chars().filter(|character| character.is_alphanumeric()).count();
    if n_characters < CHARACTERS_MIN { Err(Fault::TooShort) } else { Ok(Normalised(text)) }
}

/// NFKC, without case, without anything but letters, digits and their marks. Upper case first, so
/// that letters with two lower cases (`ß` and `ss`, both sigmas) become one.
fn folded(typed: &str) -> impl Iterator<Item = char> + '_ {
    typed
        .nfkc()
        .flat_map(char::to_uppercase)
        .flat_map(char::to_lowercase)
        .nfkc()
        .filter(|character| character.is_alphanumeric() || is_combining_mark(*character))
        // What has come to stand side by side may belong together.
        .nfkc()
}

/// R-05, B-35: the four answers of a registration, or everything that is wrong with them. That none
/// is a passcode of the holder (B-27, B-35) is checked by whoever can evaluate that.
///
/// # Errors
/// All faults, in the order of the form.
pub fn judge(
    typed: &[(QuestionId, &str)],
) -> Result<[(QuestionId, Normalised); QUESTIONS_CHOSEN], Vec<AnswerFault>> {
    let normal: Vec<_> = typed.iter().map(|(_, text)| normalise(text)).collect();
    let mut faults = Vec::new();
    if typed.len() != QUESTIONS_CHOSEN {
        faults.push(AnswerFault { place: Place::Choice, what: Fault::NotFour });
    }
    for (place, (question, _)) in typed.iter().enumerate() {
        let what = if typed[..place].iter().any(|(earlier, _)| earlier == question) {
            Some(Fault::ChosenTwice)
        } else {
            fault(*question, &normal[..place], &normal[place])
        };
        faults.extend(what.map(|what| AnswerFault { place: Place::Answer(place), what }));
    }
    let answers = typed
        .iter()
        .zip(normal)
        .filter_map(|((question, _), normal)| normal.ok().map(|normal| (*question, normal)));
    let answers: Vec<_> = answers.collect();
    match <[_; QUESTIONS_CHOSEN]>::try_from(answers) {
        Ok(answers) if faults.is_empty() => Ok(answers),
        Ok(_) | Err(_) => Err(faults),
    }
}

fn fault(
    question: QuestionId,
    earlier: &[Result<Normalised, Fault>],
    answer: &Result<Normalised, Fault>,
) -> Option<Fault> {
    let answer = match answer {
        Ok(answer) => answer,
        Err(fault) => return Some(*fault),
    };
    if earlier.iter().flatten().any(|earlier| earlier == answer) {
        Some(Fault::SameAsAnother)
    } else if is_in_question(question, answer) {
        Some(Fault::InTheQuestion)
    } else if deny::is_common(question, answer) {
        Some(Fault::TooCommon)
    } else {
        None
    }
}

/// B-35: one word of the question, or some of them in a row.
fn is_in_question(question: QuestionId, answer: &Normalised) -> bool {
    let words: Vec<String> =
        question.text().split_whitespace().map(|word| folded(word).collect()).collect();
    (0..words.len())
        .any(|first| (first..words.len()).any(|last| words[first..=last].concat() == answer.text()))
}
