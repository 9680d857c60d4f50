//! B-35, R-05: answers as typed.

use proptest::prelude::*;

use super::*;

fn question(number: u8) -> QuestionId {
    QuestionId::new(number).unwrap()
}

fn faults(typed: &[(u8, &str)]) -> Vec<(Place, Fault)> {
    let typed: Vec<_> = typed.iter().map(|(number, text)| (question(*number), *text)).collect();
    let faults = judge(&typed).err().unwrap_or_default();
    faults.into_iter().map(|fault| (fault.place, fault.what)).collect()
}

fn same(one: &str, other: &str) -> bool {
    normalise(one).ok().unwrap() == normalise(other).ok().unwrap()
}

#[test]
fn b35_case_spaces_punctuation_and_width_do_not_matter_and_letters_do() {
    assert_eq!(normalise(" St. Ives ").ok().unwrap().as_bytes(), b"stives");
    assert!(same("O'Brien-Smith", "obrien smith"));
    assert!(same("\u{ff33}\u{ff54} Ives", "st ives"));
    assert!(same("Stra\u{df}e", "STRASSE"));
    assert!(same("\u{3a3}\u{39f}\u{3a3}", "\u{3c3}\u{3bf}\u{3c2}"));
    assert!(same("Cafe\u{301}", "caf\u{e9}"));
    assert!(!same("caf\u{e9}", "cafe"));
    assert!(!same("Ives", "Yves"));
}

#[test]
fn b35_two_characters_have_to_be_left() {
    assert_eq!(normalise("e").err(), Some(Fault::TooShort));
    assert_eq!(normalise(" - e . ").err(), Some(Fault::TooShort));
    assert_eq!(normalise("").err(), Some(Fault::TooShort));
    assert!(normalise("ed").is_ok());
    assert!(normalise(&"e".repeat(100)).is_ok());
    assert_eq!(normalise(&"e".repeat(101)).err(), Some(Fault::TooLong));
}

#[test]
fn b35_every_fault_is_told_at_once_and_where_it_is() {
    let typed = [(1, "x"), (2, "Zagreb harbour"), (3, " zagreb HARBOUR"), (2, "Brno tower")];
    assert_eq!(
        faults(&typed),
        [
            (Place::Answer(0), Fault::TooShort),
            (Place::Answer(2), Fault::SameAsAnother),
            (Place::Answer(3), Fault::ChosenTwice),
        ]
    );
}

#[test]
fn r05_exactly_four_are_judged() {
    let four = [(1, "Zagreb harbour"), (2, "Brno tower"), (3, "Wilhelmina"), (4, "Old Patchwork")];
    assert_eq!(faults(&four), []);
    assert_eq!(faults(&four[..3]), [(Place::Choice, Fault::NotFour)]);
    let five = [four.as_slice(), &[(5, "Zephaniah")]].concat();
    assert_eq!(faults(&five), [(Place::Choice, Fault::NotFour)]);
}

#[test]
fn b35_an_answer_in_the_words_of_the_question_is_refused() {
    let four = [(4, "soft toy"), (2, "Brno tower"), (3, "Wilhelmina"), (18, "cinema")];
    let in_question = Fault::InTheQuestion;
    assert_eq!(faults(&four), [(Place::Answer(0), in_question), (Place::Answer(3), in_question)]);
    // Only whole words: a short name is not refused because it is part of one.
    let four = [(4, "Oft"), (2, "Brno tower"), (3, "Wilhelmina"), (18, "Inema")];
    assert_eq!(faults(&four), []);
}

#[test]
fn b35_one_of_the_commonest_answers_is_refused_to_its_question_and_accepted_to_another() {
    let common = [(1, " OXFORD "), (2, "Brno tower"), (3, "Wilhelmina"), (4, "Old Patchwork")];
    assert_eq!(faults(&common), [(Place::Answer(0), Fault::TooCommon)]);
    let elsewhere = [(1, "Brno"), (11, "oxford"), (3, "Wilhelmina"), (4, "Old Patchwork")];
    assert_eq!(faults(&elsewhere), []);
}

#[test]
fn b35_every_fault_names_its_rule_and_says_what_to_do() {
    for fault in [
        Fault::NotFour,
        Fault::ChosenTwice,
        Fault::TooShort,
        Fault::TooLong,
        Fault::SameAsAnother,
        Fault::InTheQuestion,
        Fault::TooCommon,
        Fault::SameAsPasscode,
    ] {
        assert!(["R-05", "B-35"].contains(&fault.rule().as_str()));
        assert!(!fault.message().ends_with('.'));
    }
}

proptest! {
    #[test]
    fn b35_the_form_in_which_answers_are_compared_is_the_same_when_made_twice(
        typed in "[\\PC]{0,40}"
    ) {
        if let Ok(once) = normalise(&typed) {
            let again = normalise(once.text()).ok();
            prop_assert!(again.as_ref().map(Normalised::text) == Some(once.text()));
        }
    }

    #[test]
    fn b35_however_it_is_spaced_or_capitalised_it_is_the_same_answer(
        words in prop::collection::vec("[a-z]{1,8}", 1..4)
    ) {
        let (plain, loud) = (words.concat(), words.join(" - ").to_uppercase());
        let both = (normalise(&plain).ok(), normalise(&loud).ok());
        prop_assert!(both.0 == both.1);
    }
}
