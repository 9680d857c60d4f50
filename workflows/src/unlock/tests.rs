//! Every way through an unlock, walked against the rules themselves.

use std::collections::{BTreeSet, VecDeque};

use domain::{
    certificate::IdentityEvidence,
    desk::{DeskCommand, Helper, IdentityCheck},
    holder::HolderCommand,
    logon::CardPresent,
    policy::Policies,
    self_service::Found,
};

use super::*;
use crate::{
    drawing::walked::assert_drawn,
    registration::tests::{Life, command, new_code, secret},
};

/// The unlock whose ways are walked, and one that comes in between.
const OURS: u128 = 50;
const OTHER: u128 = 60;

/// Registered, with an account recovery passcode or without.
fn registered(with_recovery: bool) -> Life {
    let life = Life::new(with_recovery);
    let begun = life.after(life.begin(1)).unwrap();
    begun.after(begun.enter(CodePurpose::Registration, 1)).unwrap()
}

impl Life {
    fn start(&self, unlock: u128) -> HolderCommand {
        let card = &self.holder.card().unwrap().card;
        HolderCommand::StartUnlock {
            unlock: command(unlock),
            proof: CardPresent::by_signature(&self.holder, card).unwrap(),
            draw: [2, 0, 3, 1],
            workstation: "WARD-7".to_owned(),
            reader: "Reader".to_owned(),
        }
    }

    fn answer(&self, unlock: u128, right: bool, n: u128) -> HolderCommand {
        let attempt = self.holder.self_service().failures() + 1;
        HolderCommand::AnswerQuestions {
            unlock: command(unlock),
            attempt,
            right,
            code: new_code(n),
        }
    }

    /// After so many failed attempts, of another unlock.
    fn failed(&self, times: u128) -> Self {
        (0..times).fold(self.clone(), |life, n| {
            let started = life.after(life.start(70 + n)).unwrap();
            started.after(started.answer(70 + n, false, 0)).unwrap()
        })
    }

    /// B-58: with somebody's help.
    fn helped(&self, by: Helper) -> Self {
        let (evidence, place) = (IdentityEvidence::Passport, "RA desk".to_owned());
        let check =
            (by == Helper::Authority).then_some(IdentityCheck { evidence, place, second: None });
        let command = DeskCommand::AuthoriseCardUnlock { by, check };
        self.after(HolderCommand::Desk(command)).unwrap()
    }

    fn next_of_unlock(&self) -> Next {
        let policies = Policies::seed();
        next(&Context { now: self.now, policies: &policies }, &self.holder, command(OURS))
    }

    fn drawn_unlock(&self, is_started: bool) -> &'static str {
        match self.next_of_unlock() {
            _ if !is_started => "none",
            Next::Questions { attempt: 1, .. } => "questions_1",
            Next::Questions { attempt: 2, .. } => "questions_2",
            Next::Questions { .. } => "questions_3",
            Next::RecoveryPasscode { .. } => "recovery",
            Next::Code { .. } => "code",
            Next::Passcode { .. } => "passcode",
            Next::Done => "done",
            Next::Over(_) => "over",
        }
    }

    fn place_of_unlock(&self, is_started: bool) -> String {
        let self_service = self.holder.self_service();
        let sent = self_service.codes(CodePurpose::Unlock, command(OURS));
        let wrong = sent.last().map(|sent| sent.wrong);
        let voids = sent.iter().filter(|sent| sent.voided).count();
        let policies = Policies::seed();
        let ctx = Context { now: self.now, policies: &policies };
        let recovery = unlock::recovery_tries(&ctx, &self.holder);
        let questions = (self_service.failures(), self_service.active().is_some());
        let drawn = self.drawn_unlock(is_started);
        let card = &self.holder.card().unwrap().card;
        let helped = self_service.assisted_by(card, self.now);
        format!("{drawn} {} {wrong:?} {voids} {recovery:?} {questions:?} {helped:?}", sent.len())
    }
}

fn every_command(life: &Life, n: u128) -> Vec<(&'static str, HolderCommand)> {
    let (purpose, flow, unlock) = (CodePurpose::Unlock, command(OURS), command(OURS));
    let recovery =
        |right| HolderCommand::TryRecoveryPasscode { unlock, right, code: Some(new_code(n)) };
    vec![
        (STARTED, life.start(OURS)),
        (ANOTHER, life.start(OTHER)),
        (ANSWERS_RIGHT, life.answer(OURS, true, n)),
        (ANSWERS_WRONG, life.answer(OURS, false, n)),
        (RECOVERY_RIGHT, recovery(true)),
        (RECOVERY_WRONG, recovery(false)),
        (SENT, HolderCommand::SendCode { purpose, flow, code: new_code(n) }),
        (CODE_WRONG, HolderCommand::EnterCode { purpose, flow, found: Found::Nothing }),
        (CODE_RIGHT, life.enter(purpose, OURS)),
        (WRITTEN, HolderCommand::CompleteUnlock { unlock, secret: secret(n) }),
        (REVOKED, life.revoke()),
    ]
}

#[test]
fn u05_every_way_through_an_unlock_is_drawn() {
    let mut found = BTreeSet::new();
    let mut seen = BTreeSet::new();
    let registered_with = registered(true);
    let starts = [
        Life::new(false),
        Life::new(true),
        registered(false),
        registered_with.failed(1),
        registered_with.failed(2),
        registered_with.failed(3),
        registered_with,
    ];
    // A code may be sent again by then, and the hour of the registration's is over.
    let mut to_walk: VecDeque<_> = starts.map(|life| (life.later(90), false)).into();
    let helped = [Helper::Authority, Helper::Sponsor];
    to_walk.extend(helped.map(|by| (registered(true).later(90).helped(by), false)));
    to_walk.push_back((Life::new(true).later(90).helped(Helper::Sponsor), false));
    let mut n = 10_000;
    while let Some((life, is_started)) = to_walk.pop_front() {
        let from = life.drawn_unlock(is_started);
        if from == "done" || !seen.insert(life.place_of_unlock(is_started)) {
            continue;
        }
        for (label, command) in every_command(&life, n) {
            n += 1;
            // It is started once.
            if is_started == (label == STARTED) {
                continue;
            }
            let Some(next) = life.after(command) else { continue };
            let to = next.drawn_unlock(true);
            // What happens to the person or to another unlock, or is told of a card when another unlock
            // has taken its place, and changes nothing here.
            if from == to && [ANOTHER, REVOKED, WRITTEN].contains(&label) {
                continue;
            }
            found.insert(Arrow { from, label, to });
            to_walk.push_back((next, true));
        }
        let late = life.later(24 * 60);
        let to = late.drawn_unlock(is_started);
        if is_started && to != from {
            found.insert(Arrow { from, label: TIME, to });
            let told = late
                .after(HolderCommand::CompleteUnlock { unlock: command(OURS), secret: secret(n) });
            assert_eq!(told.is_some(), from == "passcode");
            found.extend(told.map(|told| Arrow {
                from: to,
                label: WRITTEN,
                to: told.drawn_unlock(true),
            }));
        }
    }
    assert_drawn(&DRAWING, &found);
}

#[test]
fn b32_two_questions_are_asked_then_three_then_four_each_time_those_before_among_them() {
    let mut life = registered(false).later(10);
    let mut before: Vec<QuestionId> = vec![];
    life = life.after(life.start(OURS)).unwrap();
    for attempt in 1..=3 {
        let Next::Questions { attempt: at, asked, recovery_tries } = life.next_of_unlock() else {
            panic!("no questions");
        };
        assert_eq!((at, asked.len(), recovery_tries), (attempt, usize::from(attempt) + 1, None));
        assert!(asked.starts_with(&before));
        before = asked;
        life = life.after(life.answer(OURS, false, 0)).unwrap();
    }
    assert!(matches!(life.next_of_unlock(), Next::Over(_)));
}

#[test]
fn b41_the_recovery_passcode_is_another_way_and_the_only_one_for_whoever_is_not_registered() {
    let life = registered(true).later(10);
    let started = life.after(life.start(OURS)).unwrap();
    let Next::Questions { recovery_tries, .. } = started.next_of_unlock() else { panic!() };
    assert_eq!(recovery_tries, Some(3));
    let life = Life::new(true);
    let started = life.after(life.start(OURS)).unwrap();
    assert_eq!(started.next_of_unlock(), Next::RecoveryPasscode { tries: 3 });
}
