//! Smartcard passcodes that whoever finds a card tries first (B.1, profile `strict`). Judged on the
//! workstation: the server never sees one.

use serde::{Deserialize, Serialize};

const LIST: &str = include_str!("../../data/common-passcodes.txt");

/// Whether a new smartcard passcode may be one that is tried first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Guessable {
    /// P-07: letters, numbers and capitals are advice.
    Accept,
    /// Sequences, repeats and what is on the block list are refused.
    Refuse,
}

/// True if it is a sequence (`345678`, `987654`, `abcdef`, and round the end, `890123`), repeats
/// itself (`777777`, `121212`, `123123`), or is on the block list, in capitals or not.
#[must_use]
pub(super) fn is_guessable(passcode: &[u8]) -> bool {
    let lower = passcode.to_ascii_lowercase();
    is_sequence(&lower) || is_repeated(&lower) || is_listed(&lower)
}

/// Every character is one further than the one before, or one back.
fn is_sequence(passcode: &[u8]) -> bool {
    let steps = |up: bool| {
        let follows = |from: u8, to: u8| next(from) == Some(to);
        passcode
            .windows(2)
            .all(|pair| if up { follows(pair[0], pair[1]) } else { follows(pair[1], pair[0]) })
    };
    1 < passcode.len() && (steps(true) || steps(false))
}

/// The digit or letter after this one; after the last comes the first.
fn next(byte: u8) -> Option<u8> {
    match byte {
        b'9' => Some(b'0'),
        b'z' => Some(b'a'),
        b'0'..=b'8' | b'a'..=b'y' => Some(byte + 1),
        _ => None,
    }
}

/// The same part again and again.
fn is_repeated(passcode: &[u8]) -> bool {
    let length = passcode.len();
    let repeats = |part: usize| {
        length.is_multiple_of(part) && passcode.chunks(part).all(|chunk| chunk == &passcode[..part])
    };
    (1..=length / 2).any(repeats)
}

fn is_listed(passcode: &[u8]) -> bool {
    let listed = LIST.lines().map(str::trim).filter(|line| !line.starts_with('#'));
    listed.filter(|line| !line.is_empty()).any(|line| line.as_bytes() == passcode)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guessable(text: &str) -> bool {
        is_guessable(text.as_bytes())
    }

    #[test]
    fn p07_sequences_in_either_direction_and_round_the_end_are_guessable() {
        for text in ["123456", "345678", "987654", "890123", "210987", "abcdef", "FEDCBA"] {
            assert!(guessable(text), "{text}");
        }
        for text in ["123457", "124567", "987653", "abcdeg", "135780"] {
            assert!(!guessable(text), "{text}");
        }
    }

    #[test]
    fn p07_what_repeats_itself_is_guessable() {
        for text in ["777777", "121212", "123123", "82828282", "90719071", "aaaa"] {
            assert!(guessable(text), "{text}");
        }
        for text in ["777778", "121213", "9071907", "907190"] {
            assert!(!guessable(text), "{text}");
        }
    }

    #[test]
    fn p07_what_is_on_the_block_list_is_guessable_in_capitals_too() {
        for text in ["147258", "112233", "314159", "Passw0rd", "QWERTY"] {
            assert!(guessable(text), "{text}");
        }
        for text in ["147259", "Passw1rd", "583107"] {
            assert!(!guessable(text), "{text}");
        }
    }

    #[test]
    fn p07_every_line_of_the_block_list_is_a_passcode_in_lower_case_and_there_once() {
        let lines: Vec<_> = LIST.lines().filter(|line| !line.starts_with('#')).collect();
        let unique: std::collections::HashSet<_> = lines.iter().collect();
        assert_eq!(unique.len(), lines.len());
        for line in lines {
            assert!((4..=8).contains(&line.len()) && line.is_ascii(), "{line}");
            assert!(!line.bytes().any(|byte| byte.is_ascii_uppercase()), "{line}");
        }
    }
}
