//! What the stand-in for the server knows of the card's PUK: one, or two of which the card has one.

use protocol::{Answer, Bytes, PukFound, PukPart, PukPlan, PukRelease, seal_puk};

use super::JOB;

/// Serial number of the card that stands in.
const CARD: &str = "00C0FFEE";

#[derive(Debug, Clone, PartialEq, Eq)]
enum State {
    Known(String),
    Changing { from: String, to: String, probed: Option<String> },
}

/// The PUK.
pub(crate) struct Puks {
    state: State,
    n_made: u32,
    n_sealed: u8,
    /// `find` and `replace`, as they were released.
    pub(crate) released: Vec<&'static str>,
}

impl Puks {
    pub(crate) fn new() -> Self {
        let state = State::Known("12345678".to_owned());
        Self { state, n_made: 0, n_sealed: 0, released: Vec::new() }
    }

    /// The last one that was released was never replaced, as far as is known.
    pub(crate) fn is_exposed(&self) -> bool {
        matches!(self.state, State::Changing { .. })
    }

    /// What is on the card, if that is known.
    pub(crate) fn known(&self) -> Option<&str> {
        match &self.state {
            State::Known(puk) => Some(puk),
            State::Changing { .. } => None,
        }
    }

    pub(super) fn take(&mut self, key: &Bytes) -> Answer {
        let plan = match self.state.clone() {
            State::Known(from) => {
                self.n_made += 1;
                let to = format!("{:08}", 70_000_000 + self.n_made);
                let plan = PukPlan::Replace {
                    from: self.seal(key, PukPart::From, &from),
                    to: self.seal(key, PukPart::To, &to),
                };
                self.state = State::Changing { from, to, probed: None };
                self.released.push("replace");
                plan
            }
            State::Changing { from, to, probed } => {
                let (first, second) = if probed.as_ref() == Some(&to) {
                    (from.clone(), to.clone())
                } else {
                    (to.clone(), from.clone())
                };
                let plan = PukPlan::Find {
                    first: self.seal(key, PukPart::First, &first),
                    second: self.seal(key, PukPart::Second, &second),
                };
                self.state = State::Changing { from, to, probed: Some(first) };
                self.released.push("find");
                plan
            }
        };
        Answer::Puk(plan)
    }

    pub(super) fn found(&mut self, which: PukFound) -> Answer {
        let State::Changing { from, to, probed: Some(first) } = self.state.clone() else {
            panic!("nothing was looked for");
        };
        let second = if first == to { from } else { to };
        match which {
            PukFound::First => self.state = State::Known(first),
            PukFound::Second => self.state = State::Known(second),
            PukFound::Neither => {}
        }
        Answer::Noted
    }

    pub(super) fn replaced(&mut self, replaced: bool) -> Answer {
        let State::Changing { to, .. } = self.state.clone() else {
            panic!("nothing was released");
        };
        if replaced {
            self.state = State::Known(to);
        }
        Answer::Noted
    }

    fn seal(&mut self, key: &Bytes, part: PukPart, puk: &str) -> Bytes {
        self.n_sealed += 1;
        let release = PukRelease { job: JOB, card: CARD, part };
        seal_puk(key, release, puk.as_bytes(), [self.n_sealed; 32]).unwrap()
    }
}
