//! What the stand-in for the server knows of the card's PUK: one, or two of which the card has one.

use protocol::{Answer, Bytes, PukFound, PukPart, PukPlan, PukRelease, seal_puk};

use super::JOB;

/// Serial number of the card that stands in.
const CARD: &str = "00C0FFEE";

#[derive(Debug, Clone, PartialEq, Eq)]
enum State {
    Known(String),
    Changing { from: String, to: String, probed: Option<String>, ruled_out: Option<String> },
    Lost,
}

/// The PUK.
pub(crate) struct Puks {
    state: State,
    n_made: u32,
    n_sealed: u8,
    /// Counts the plans.
    step: u32,
    /// `find` and `replace`, as they were released.
    pub(crate) released: Vec<&'static str>,
}

impl Puks {
    pub(crate) fn new() -> Self {
        let state = State::Known("12345678".to_owned());
        Self { state, n_made: 0, n_sealed: 0, step: 0, released: Vec::new() }
    }

    /// The last one that was released was never replaced, as far as is known.
    pub(crate) fn is_exposed(&self) -> bool {
        matches!(self.state, State::Changing { .. })
    }

    /// What is on the card, if that is known.
    pub(crate) fn known(&self) -> Option<&str> {
        match &self.state {
            State::Known(puk) => Some(puk),
            State::Changing { .. } | State::Lost => None,
        }
    }

    /// The card took neither.
    pub(crate) fn is_lost(&self) -> bool {
        self.state == State::Lost
    }

    pub(super) fn take(&mut self, key: &Bytes) -> Answer {
        self.step += 1;
        let step = self.step;
        let plan = match self.state.clone() {
            State::Known(from) => {
                self.n_made += 1;
                let to = format!("{:08}", 70_000_000 + self.n_made);
                let plan = PukPlan::Replace {
                    step,
                    from: self.seal(key, PukPart::From, &from),
                    to: self.seal(key, PukPart::To, &to),
                };
                self.state = State::Changing { from, to, probed: None, ruled_out: None };
                self.released.push("replace");
                plan
            }
            State::Changing { from, to, probed, ruled_out } => {
                let (first, second) = if ruled_out.as_ref().or(probed.as_ref()) == Some(&to) {
                    (from.clone(), to.clone())
                } else {
                    (to.clone(), from.clone())
                };
                let plan = PukPlan::Find {
                    step,
                    first: self.seal(key, PukPart::First, &first),
                    second: self.seal(key, PukPart::Second, &second),
                };
                self.state = State::Changing { from, to, probed: Some(first), ruled_out };
                self.released.push("find");
                plan
            }
            State::Lost => return lost(),
        };
        Answer::Puk(plan)
    }

    pub(super) fn found(&mut self, step: u32, which: PukFound) -> Answer {
        assert_eq!(step, self.step);
        let State::Changing { from, to, probed: Some(first), .. } = self.state.clone() else {
            panic!("nothing was looked for");
        };
        let second = if first == to { from } else { to };
        match which {
            PukFound::First => self.state = State::Known(first),
            PukFound::NotFirst => return self.rule_out(first),
            PukFound::Second => self.state = State::Known(second),
            PukFound::Neither => {
                self.rule_out(second);
            }
        }
        Answer::Noted
    }

    pub(super) fn replaced(&mut self, step: u32, replaced: bool) -> Answer {
        assert_eq!(step, self.step);
        let State::Changing { from, to, .. } = self.state.clone() else {
            panic!("nothing was released");
        };
        if !replaced {
            return self.rule_out(from);
        }
        self.state = State::Known(to);
        Answer::Noted
    }

    fn rule_out(&mut self, puk: String) -> Answer {
        let State::Changing { ruled_out, .. } = &mut self.state else {
            panic!("nothing was looked for");
        };
        if ruled_out.as_ref().is_some_and(|other| *other != puk) {
            self.state = State::Lost;
            return lost();
        }
        *ruled_out = Some(puk);
        Answer::Noted
    }

    fn seal(&mut self, key: &Bytes, part: PukPart, puk: &str) -> Bytes {
        self.n_sealed += 1;
        let release = PukRelease { job: JOB, card: CARD, part };
        seal_puk(key, release, puk.as_bytes(), [self.n_sealed; 32]).unwrap()
    }
}

fn lost() -> Answer {
    Answer::Refused {
        rule: "U-01".to_owned(),
        message: "Your registration authority helps you.".to_owned(),
        again: false,
    }
}
