//! A stand-in for a card: replays a conversation from a file and fails if the other side departs
//! from it. Knows nothing of PIV.
//!
//! A line `> 00A4…` is a command that is expected, byte for byte (a trailing `*` stands for any
//! rest); `< 9000` is the answer; `< lost` loses the link, as does `< ` with fewer than two bytes.
//! Blanks are free, `#` begins a comment.

use std::{cell::RefCell, collections::VecDeque, rc::Rc};

use super::{LinkError, Transport};

/// One command and its answer.
struct Turn {
    line: usize,
    command: Vec<u8>,
    open_end: bool,
    answer: Result<Vec<u8>, LinkError>,
}

/// A conversation that is being replayed. Copies are ends of the same one.
#[derive(Clone)]
pub struct Scripted {
    turns: Rc<RefCell<VecDeque<Turn>>>,
}

impl Scripted {
    /// Reads a conversation.
    ///
    /// # Panics
    /// If the text is not one: it is part of a test.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let mut turns = VecDeque::new();
        let mut command = None;
        for (line, text) in (1..).zip(text.lines()) {
            let text: String = text.split('#').next().unwrap_or("").split_whitespace().collect();
            if let Some(hexadecimal) = text.strip_prefix('>') {
                let (hexadecimal, open_end) = match hexadecimal.strip_suffix('*') {
                    Some(start) => (start, true),
                    None => (hexadecimal, false),
                };
                command = Some((line, hex::decode(hexadecimal).unwrap(), open_end));
            } else if let Some(answer) = text.strip_prefix('<') {
                let (line, command, open_end) = command.take().expect("an answer has a command");
                let answer = match answer {
                    "lost" => Err(LinkError::Lost),
                    answer => Ok(hex::decode(answer).unwrap()),
                };
                turns.push_back(Turn { line, command, open_end, answer });
            } else {
                assert!(text.is_empty(), "line {line}: neither command nor answer");
            }
        }
        Self { turns: Rc::new(RefCell::new(turns)) }
    }

    /// The conversation was held to its end.
    ///
    /// # Panics
    /// If a turn is left.
    pub fn assert_over(self) {
        if let Some(turn) = self.turns.borrow().front() {
            panic!("line {}: this command was never sent", turn.line);
        }
    }
}

impl Transport for Scripted {
    fn transmit(&mut self, apdu: &[u8]) -> Result<Vec<u8>, LinkError> {
        let turn = self.turns.borrow_mut().pop_front();
        let turn = turn.unwrap_or_else(|| panic!("unexpected {}", hex::encode(apdu)));
        let expected =
            apdu.starts_with(&turn.command) && (turn.open_end || apdu.len() == turn.command.len());
        assert!(expected, "line {}: {} was sent instead", turn.line, hex::encode_upper(apdu));
        turn.answer
    }

    fn reset(&mut self) -> Result<(), LinkError> {
        panic!("no conversation has a reset in it");
    }
}
