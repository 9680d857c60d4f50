//! B-35: the commonest answers to each question, which nobody may choose. The list is data, with its
//! sources: `data/common-answers.txt`.

use std::{
    collections::{HashMap, HashSet},
    sync::LazyLock,
};

use super::{Normalised, QuestionId};

const LIST: &str = include_str!("../../data/common-answers.txt");

static COMMON: LazyLock<HashMap<QuestionId, HashSet<&'static str>>> = LazyLock::new(read);

/// True if the answer is one of the commonest to this question.
pub(super) fn is_common(question: QuestionId, answer: &Normalised) -> bool {
    COMMON.get(&question).is_some_and(|common| common.contains(answer.text()))
}

/// Each line that is a question's id begins a part; each other line is an answer in the form in
/// which answers are compared; `#` begins a comment.
fn read() -> HashMap<QuestionId, HashSet<&'static str>> {
    let mut common: HashMap<QuestionId, HashSet<&'static str>> = HashMap::new();
    let mut part = None;
    for line in LIST.lines().map(str::trim) {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        match (line.parse(), part) {
            (Ok(question), _) => part = Some(question),
            (Err(_), Some(question)) => {
                common.entry(question).or_default().insert(line);
            }
            (Err(_), None) => {}
        }
    }
    common
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::self_service::{normalise, questions};

    /// B-35: at least so many for each.
    const COMMON_MIN: usize = 50;

    #[test]
    fn b35_at_least_fifty_common_answers_are_listed_for_each_question() {
        for question in questions() {
            let n_common = COMMON.get(&question.id).map_or(0, HashSet::len);
            assert!(COMMON_MIN <= n_common, "{}: {n_common}", question.id);
        }
    }

    #[test]
    fn b35_every_answer_of_the_list_is_in_the_form_in_which_answers_are_compared() {
        for (question, answers) in COMMON.iter() {
            for answer in answers {
                let normal = normalise(answer).ok();
                let is_normal = normal.is_some_and(|normal| normal.text() == *answer);
                assert!(is_normal, "{question}: {answer}");
            }
        }
    }
}
