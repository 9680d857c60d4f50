//! Ten thousand lives of registering, unlocking, guessing and tearing, each compared with `model`
//! after every step, under a policy of one version.

use proptest::test_runner::Config;
use proptest_state_machine::{StateMachineTest, prop_state_machine};

use super::{
    acts::{Act, Tear, Typed},
    model::{At, Model, Puk},
    *,
};
use crate::{
    card::{self, Step},
    expiry::{Occasion, wake_up},
    passcode::{Changes, Optional},
};

/// Sequences of acts that are tried.
const SEQUENCES: u32 = 10_000;

/// The most acts of one sequence, exclusive.
const ACTS_MAX: usize = 32;

/// The holder, the card, and what whoever acts still remembers.
struct Machine {
    life: Life,
    /// Counts the acts, so that every reference and id is new.
    n_acts: u128,
    registration: CommandId,
    unlock: CommandId,
    /// What the card has, whatever is recorded.
    card_puk: SecretRef,
    /// The last release.
    release: Step,
}

impl Machine {
    fn tell(&mut self, command: HolderCommand) {
        // Whether it was refused is seen in what follows from it.
        let _ = self.life.tell(command);
    }

    /// An id that no act has had.
    fn id(&self) -> u128 {
        1_000_000 + self.n_acts
    }

    fn register(&mut self) {
        let (now, id) = (self.life.now, self.id());
        let command = HolderCommand::BeginRegistration {
            registration: flow(id),
            proof: proof(),
            logged_on_at: now,
            asked_at: now,
            answers: Some(answers(id).to_vec()),
            email: secret(id),
            code: new_code(id),
        };
        if self.life.tell(command).is_ok() {
            self.registration = flow(id);
        }
    }

    fn redirect(&mut self) {
        let (registration, id) = (self.registration, self.id());
        let (email, code) = (secret(id), new_code(id));
        self.tell(HolderCommand::RedirectRegistration { registration, email, code });
    }

    fn send(&mut self, purpose: CodePurpose) {
        let (flow, code) = (self.flow(purpose), new_code(self.id()));
        self.tell(HolderCommand::SendCode { purpose, flow, code });
    }

    fn flow(&self, purpose: CodePurpose) -> CommandId {
        match purpose {
            CodePurpose::Registration => self.registration,
            CodePurpose::Unlock => self.unlock,
        }
    }

    fn enter(&mut self, purpose: CodePurpose, typed: Typed) {
        let flow = self.flow(purpose);
        let newest = self.life.holder.self_service().codes(purpose, flow).last();
        let found = match typed {
            Typed::Newest => newest.map_or(Found::Nothing, |code| Found::Newest(code.code)),
            Typed::Earlier => Found::Superseded,
            Typed::Wrong => Found::Nothing,
        };
        self.tell(HolderCommand::EnterCode { purpose, flow, found });
    }

    fn start(&mut self) {
        let unlock = flow(self.id());
        let draw = [3, 1, 0, 2];
        let events = self.life.tell(start_drawing(unlock, draw)).unwrap();
        if matches!(events.first(), Some(HolderEvent::UnlockStarted { .. })) {
            self.unlock = unlock;
        }
    }

    fn answer(&mut self, right: bool, ahead: u8) {
        let attempt = self.life.holder.self_service().failures() + 1 + ahead;
        self.tell(answered(self.unlock, attempt, right, self.id()));
    }

    fn set_recovery_passcode(&mut self) {
        let now = self.life.now;
        let account_recovery = Optional::Set(secret(self.id()));
        let changes = Changes { account_recovery, logged_on_at: now, asked_at: now, ..no_change() };
        self.life.tell(HolderCommand::ChangePasscodes(changes)).unwrap();
    }

    fn try_recovery_passcode(&mut self, right: bool) {
        let (unlock, code) = (self.unlock, Some(new_code(self.id())));
        self.tell(HolderCommand::TryRecoveryPasscode { unlock, right, code });
    }

    fn puk(&self) -> card::Puk {
        self.life.holder.puk()
    }

    fn take_puk(&mut self) {
        let to = secret(self.id());
        let command = HolderCommand::ReleasePuk {
            job: job(),
            unlock: Some(self.unlock),
            card: card().card,
            to,
        };
        // An agent that was given one has it sealed already.
        if let Ok(events) = self.life.tell(command)
            && let [HolderEvent::PukReleased { step, .. }] = events[..]
        {
            self.release = step;
        }
    }

    /// A plan dies with the visit: once another asks, nobody carries it out.
    fn card_takes_puk(&mut self) {
        if let card::Puk::Changing { to, probed: None, .. } = self.puk() {
            self.card_puk = to;
        }
    }

    /// An honest agent reports only what the card has done.
    fn report_puk(&mut self) {
        if let card::Puk::Changing { to, .. } = self.puk()
            && self.card_puk == to
        {
            self.tell(HolderCommand::ReplacePuk { step: self.release, card: card().card });
        }
    }

    fn probe_puk(&mut self, tear: Tear) {
        let card::Puk::Changing { from, to, ruled_out, .. } = self.puk() else { return };
        let probe = HolderCommand::ProbePuk { job: job(), card: card().card };
        let events = self.life.tell(probe).unwrap();
        let [HolderEvent::PukProbed { step, first, .. }] = events[..] else { panic!("{events:?}") };
        assert!([from, to].contains(&first) && ruled_out != Some(first));
        let card = card().card;
        match tear {
            Tear::BeforeTheFirst | Tear::AfterTheFirst => {}
            Tear::AfterTheReport if first == self.card_puk => {}
            Tear::AfterTheReport => {
                let rule_out = HolderCommand::RuleOutPuk { step, card, secret: first };
                self.life.tell(rule_out).unwrap();
            }
            Tear::Never => {
                let settle = HolderCommand::SettlePuk { step, card, secret: self.card_puk };
                self.life.tell(settle).unwrap();
            }
        }
    }
}

fn job() -> Uuid {
    Uuid::from_u128(80)
}

impl StateMachineTest for Machine {
    type SystemUnderTest = Self;
    type Reference = Model;

    fn init_test(model: &Model) -> Self {
        let mut given = registered("2026-03-10");
        if model.registered {
            given = given.and(DateTime::UNIX_EPOCH, self_service(flow(1), "2026-03-10"));
        }
        if model.recovery.is_some() {
            let recovery = set(Kind::AccountRecovery, "2026-03-10", 40);
            given = given.and(DateTime::UNIX_EPOCH, [recovery]);
        }
        let (registration, unlock) = (flow(2), flow(3));
        let release = Step { job: job(), number: 0 };
        Self {
            life: Life::of(given),
            n_acts: 0,
            registration,
            unlock,
            card_puk: secret(PUK),
            release,
        }
    }

    fn apply(mut self_: Self, _: &Model, act: Act) -> Self {
        self_.n_acts += 1;
        match act {
            Act::Wait(seconds) => self_.life.now += TimeDelta::seconds(seconds),
            Act::Record => {
                self_.tell(HolderCommand::RecordExpiry { occasion: Occasion::Schedule });
                let (ctx, holder) = (self_.life.ctx(), &self_.life.holder);
                assert!(wake_up(&ctx, holder).is_none_or(|next| ctx.now < next.due_at));
            }
            Act::Register => self_.register(),
            Act::Redirect => self_.redirect(),
            Act::Cancel => {
                let registration = self_.registration;
                self_.tell(HolderCommand::CancelRegistration { registration });
            }
            Act::SendRegistrationCode => self_.send(CodePurpose::Registration),
            Act::EnterRegistrationCode(typed) => self_.enter(CodePurpose::Registration, typed),
            Act::Start => self_.start(),
            Act::Answer { right } => self_.answer(right, 0),
            Act::AnswerStale { right } => self_.answer(right, 1),
            Act::SendUnlockCode => self_.send(CodePurpose::Unlock),
            Act::EnterUnlockCode(typed) => self_.enter(CodePurpose::Unlock, typed),
            Act::GuessUnlockCode => {
                (0..5).for_each(|_| self_.enter(CodePurpose::Unlock, Typed::Wrong));
            }
            Act::SetRecoveryPasscode => self_.set_recovery_passcode(),
            Act::TryRecoveryPasscode { right } => self_.try_recovery_passcode(right),
            Act::Complete => self_.tell(complete(self_.unlock, self_.id())),
            Act::TakePuk => self_.take_puk(),
            Act::CardTakesPuk => self_.card_takes_puk(),
            Act::ReportPuk => self_.report_puk(),
            Act::ProbePuk(tear) => self_.probe_puk(tear),
        }
        self_
    }

    fn check_invariants(machine: &Self, model: &Model) {
        let (ctx, holder) = (machine.life.ctx(), &machine.life.holder);
        let self_service = holder.self_service();
        let status = self_service.status(&ctx);
        assert_eq!(status.registered_on.is_some(), model.registered);
        assert_eq!(status.awaiting.is_some(), model.is_awaiting());
        let due_at = wake_up(&ctx, holder).map(|next| next.due_at);
        assert!(status.awaiting.is_none_or(|waits| due_at.is_some_and(|due| due <= waits.until)));
        assert_eq!(status.blocked_on.is_some(), model.is_blocked());
        assert_eq!(status.paused_until.is_some(), model.is_paused());
        assert_eq!(self_service.failures(), model.failures);
        assert!(self_service.failures() <= 3);
        assert_eq!(self_service.recovery_failures(), model.recovery.unwrap_or(0));
        let at = self_service.unlock(&ctx).map(|unlock| match unlock.stage {
            Stage::Questions { attempt, asked } => {
                assert_eq!(asked.len(), usize::from(attempt) + 1);
                At::Questions
            }
            Stage::RecoveryPasscode => At::RecoveryPasscode,
            Stage::Code => At::Code,
            Stage::Passcode { until } => {
                let since = until - TimeDelta::minutes(15);
                At::Passcode((since - instant(NOON)).num_seconds())
            }
            Stage::Done => At::Done,
        });
        assert_eq!(at, model.at());
        for purpose in [CodePurpose::Registration, CodePurpose::Unlock] {
            let codes = self_service.codes(purpose, machine.flow(purpose));
            assert!(codes.iter().all(|code| code.voided == (code.wrong == 5)));
        }
        check_puk(machine, model);
    }
}

/// There is always a PUK on record that the card has, and the vault keeps it.
fn check_puk(machine: &Machine, model: &Model) {
    let puk = machine.puk();
    let recorded = match puk {
        card::Puk::Unknown | card::Puk::Lost => panic!("nobody knows the PUK"),
        card::Puk::Known(_) => Puk::Known,
        card::Puk::Settled { .. } => Puk::Settled,
        card::Puk::Changing { to, probed, ruled_out, .. } => {
            let is_next = |secret: Option<SecretRef>| secret.map(|secret| secret == to);
            Puk::Changing { tried_next: is_next(probed), not_next: is_next(ruled_out) }
        }
    };
    assert_eq!(recorded, model.puk);
    let (first, second) = puk.candidates();
    assert!(first == Some(machine.card_puk) || second == Some(machine.card_puk));
    let kept = machine.life.holder.kept(&Policy::seed());
    assert!(kept.contains(&machine.card_puk));
    assert!(model.wrong_puks <= model.tears);
}

prop_state_machine! {
    #![proptest_config(Config { cases: SEQUENCES, failure_persistence: None, ..Config::default() })]

    #[test]
    fn ten_thousand_sequences_of_commands_keep_every_rule_of_registration_and_unlock(
        sequential 1..ACTS_MAX => Machine
    );
}
