//! What people, agents and cards do in `machine`, and how often.

use proptest::prelude::*;

use super::model::{At, HOUR, MINUTE};

/// What a typed code is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Typed {
    Newest,
    Earlier,
    Wrong,
}

/// When the line breaks while the card is asked which PUK it has.
#[derive(Debug, Clone, Copy)]
pub(super) enum Tear {
    Never,
    BeforeTheFirst,
    AfterTheFirst,
    /// The card has said no to the first, and the server knows it.
    AfterTheReport,
}

/// Something that somebody does.
#[derive(Debug, Clone, Copy)]
pub(super) enum Act {
    Wait(i64),
    /// The service records what time has done.
    Record,
    Register,
    Redirect,
    Cancel,
    SendRegistrationCode,
    EnterRegistrationCode(Typed),
    Start,
    Answer {
        right: bool,
    },
    AnswerStale {
        right: bool,
    },
    SendUnlockCode,
    EnterUnlockCode(Typed),
    /// Five wrong ones in a row.
    GuessUnlockCode,
    SetRecoveryPasscode,
    TryRecoveryPasscode {
        right: bool,
    },
    Complete,
    TakePuk,
    CardTakesPuk,
    ReportPuk,
    ProbePuk(Tear),
}

/// Mostly what comes next where the unlock is, and anything at any time.
pub(super) fn after(at: Option<At>) -> BoxedStrategy<Act> {
    let answer = any::<bool>().prop_map(|right| Act::Answer { right });
    let recovery = any::<bool>().prop_map(|right| Act::TryRecoveryPasscode { right });
    let next = match at {
        None | Some(At::Done) => Just(Act::Start).boxed(),
        Some(At::Questions) => prop_oneof![3 => answer, 1 => recovery].boxed(),
        Some(At::RecoveryPasscode) => recovery.boxed(),
        Some(At::Code) => prop_oneof![
            5 => typed().prop_map(Act::EnterUnlockCode),
            1 => Just(Act::SendUnlockCode),
            3 => Just(Act::GuessUnlockCode),
        ]
        .boxed(),
        Some(At::Passcode(_)) => prop_oneof![Just(Act::TakePuk), Just(Act::Complete)].boxed(),
    };
    let of_puk = prop_oneof![
        Just(Act::TakePuk),
        Just(Act::CardTakesPuk),
        Just(Act::ReportPuk),
        tear().prop_map(Act::ProbePuk),
    ];
    let any_answer = any::<bool>().prop_map(|right| Act::AnswerStale { right });
    prop_oneof![
        8 => next,
        3 => waits().prop_map(Act::Wait),
        2 => of_puk,
        1 => prop::sample::select(vec![Act::Register, Act::Redirect, Act::Cancel]),
        2 => typed().prop_map(Act::EnterRegistrationCode),
        1 => prop::sample::select(vec![
            Act::SendRegistrationCode,
            Act::SendUnlockCode,
            Act::Record,
        ]),
        1 => prop::sample::select(vec![Act::Start, Act::SetRecoveryPasscode, Act::Complete]),
        1 => any_answer,
        1 => typed().prop_map(Act::EnterUnlockCode),
    ]
    .boxed()
}

fn waits() -> impl Strategy<Value = i64> {
    let around = [1, 58, MINUTE, 14 * MINUTE, 15 * MINUTE, 59 * MINUTE, HOUR, 23 * HOUR, 24 * HOUR];
    prop::sample::select(around.to_vec())
}

fn typed() -> impl Strategy<Value = Typed> {
    prop_oneof![2 => Just(Typed::Newest), 1 => Just(Typed::Earlier), 4 => Just(Typed::Wrong)]
}

fn tear() -> impl Strategy<Value = Tear> {
    prop_oneof![
        Just(Tear::Never),
        Just(Tear::BeforeTheFirst),
        Just(Tear::AfterTheFirst),
        Just(Tear::AfterTheReport),
    ]
}
