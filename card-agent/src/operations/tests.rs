//! Every act against a card and a server that stand in, on both known kinds of card and on the
//! guides' own, with the card pulled out and the server lost at every step.

use protocol::{Act, ProblemSeen, ReturnCode, WriteOutcome};

use super::{Entered, Halt, Task, run};
use crate::{
    passcode::Passcode,
    piv::ManagementAlgorithm,
    stand_ins::{
        Counting,
        card::{APPLET_A, APPLET_B, GUIDE_CARD, Inserted, Pull, Quirks, StandInCard, reference},
        server::{CODE, JOB, ORIGIN, StandInServer},
    },
};

mod change;
mod log_in;
mod personalise;
mod unlock;
mod update;

const ALL_CARDS: [Quirks; 3] = [APPLET_A, APPLET_B, GUIDE_CARD];

fn act(smartcard: bool) -> Act {
    Act::ChangePasscodes { changes: vec!["Set a new passcode".to_owned()], smartcard }
}

fn passcode(text: &str) -> Passcode {
    Passcode::new(text).unwrap()
}

fn current(text: &str) -> Entered {
    Entered::Current { current: passcode(text), last_try: false }
}

fn operate(
    card: Inserted,
    server: &mut StandInServer,
    entered: &Entered,
) -> Result<ReturnCode, Halt> {
    let task = Task {
        job: JOB,
        act: server.act.clone(),
        origin: ORIGIN.to_owned(),
        reader: "Reader".to_owned(),
    };
    run(card, server, &mut Counting(0), &task, entered, &mut |_| {})
}

fn code() -> ReturnCode {
    protocol::Secret(CODE.to_vec())
}

/// How many APDUs an act takes when nothing goes wrong.
fn count_apdus(card: &StandInCard, server: &mut StandInServer, entered: &Entered) -> usize {
    let inserted = card.insert();
    let n_apdus = std::sync::Arc::clone(&inserted.n_apdus);
    operate(inserted, server, entered).unwrap();
    n_apdus.load(std::sync::atomic::Ordering::Relaxed)
}
