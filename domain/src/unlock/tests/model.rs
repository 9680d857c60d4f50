//! What registration, codes, attempts, unlock and PUK should do, said a second time and much more
//! simply: seconds instead of instants, nothing recorded, one card. `machine` compares.

use proptest::prelude::*;
use proptest_state_machine::ReferenceStateMachine;

use super::acts::{self, Act, Tear, Typed};

pub(super) const MINUTE: i64 = 60;
pub(super) const HOUR: i64 = 60 * MINUTE;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum At {
    Questions,
    RecoveryPasscode,
    Code,
    Passcode(i64),
    Done,
}

#[derive(Debug, Clone, Copy, Default)]
struct Code {
    sent_at: i64,
    wrong: u8,
}

#[derive(Debug, Clone, Copy)]
struct Unlock {
    started_at: i64,
    at: At,
    code: Option<Code>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Puk {
    Known,
    Settled,
    /// Which was tried first the last time: the next one.
    Changing {
        tried_next: Option<bool>,
        /// The card has said no to the next one, or to the one before.
        not_next: Option<bool>,
    },
}

/// The whole of it.
#[derive(Debug, Clone)]
pub(super) struct Model {
    pub(super) now: i64,
    pub(super) registered: bool,
    awaiting: Option<(i64, Code)>,
    pub(super) failures: u8,
    sent_at: Vec<i64>,
    voided_at: Vec<i64>,
    paused_until: i64,
    unlock: Option<Unlock>,
    /// Wrong tries with the account recovery passcode, if there is one.
    pub(super) recovery: Option<u8>,
    pub(super) puk: Puk,
    /// The card has the next PUK, while it is between two.
    card_has_next: bool,
    /// Wrong tries with a PUK, and broken lines, since the last right one.
    pub(super) wrong_puks: u8,
    pub(super) tears: u8,
}

impl Model {
    pub(super) fn is_awaiting(&self) -> bool {
        self.awaiting.is_some_and(|(begun_at, _)| self.now < begun_at + HOUR)
    }

    pub(super) fn is_blocked(&self) -> bool {
        self.failures == 3
    }

    pub(super) fn is_paused(&self) -> bool {
        self.now < self.paused_until
    }

    /// How far the unlock is; `None` if there is none, or it is over.
    pub(super) fn at(&self) -> Option<At> {
        let unlock = self.unlock?;
        let is_open = match unlock.at {
            At::Done => true,
            At::Passcode(since) => self.now < since + 15 * MINUTE,
            At::Questions | At::RecoveryPasscode | At::Code => {
                let code = unlock.code.filter(|code| unlock.at == At::Code && self.is_good(*code));
                let in_time = code.is_some() || self.now < unlock.started_at + HOUR;
                !self.is_blocked() && !self.is_paused() && in_time
            }
        };
        is_open.then_some(unlock.at)
    }

    fn may_send(&self) -> bool {
        let within_hour = self.sent_at.iter().filter(|at| self.now - **at < HOUR).count();
        within_hour < 5 && self.sent_at.last().is_none_or(|last| last + MINUTE <= self.now)
    }

    fn send(&mut self) -> Option<Code> {
        let may = self.may_send();
        may.then(|| {
            self.sent_at.push(self.now);
            Code { sent_at: self.now, wrong: 0 }
        })
    }

    fn register(&mut self) {
        if !self.is_blocked()
            && let Some(code) = self.send()
        {
            self.awaiting = Some((self.now, code));
        }
    }

    /// Another code for what waits for one, to whatever address.
    fn send_registration_code(&mut self) {
        if let Some((begun_at, _)) = self.awaiting
            && self.is_awaiting()
            && let Some(code) = self.send()
        {
            self.awaiting = Some((begun_at, code));
        }
    }

    fn enter_registration_code(&mut self, typed: Typed) {
        let Some((begun_at, code)) = self.awaiting else { return };
        if !self.is_awaiting() || self.is_blocked() || !self.is_good(code) {
            return;
        }
        match typed {
            Typed::Earlier => {}
            Typed::Wrong => {
                self.awaiting = Some((begun_at, Code { wrong: code.wrong + 1, ..code }));
            }
            Typed::Newest => {
                self.awaiting = None;
                self.registered = true;
                self.failures = 0;
                self.unlock = self.unlock.filter(|unlock| is_past_code(unlock.at));
            }
        }
    }

    fn is_good(&self, code: Code) -> bool {
        code.wrong < 5 && self.now < code.sent_at + 15 * MINUTE
    }

    fn recovery_works(&self) -> bool {
        self.recovery.is_some_and(|wrong| wrong < 3)
    }

    fn start(&mut self) {
        if self.is_blocked() || self.is_paused() || !(self.registered || self.recovery_works()) {
            return;
        }
        let at = if self.registered { At::Questions } else { At::RecoveryPasscode };
        self.unlock = Some(Unlock { started_at: self.now, at, code: None });
    }

    fn answer(&mut self, right: bool) {
        if self.at() != Some(At::Questions) {
            return;
        }
        if right {
            self.failures = 0;
            self.ask_for_code();
        } else {
            self.failures += 1;
        }
    }

    fn ask_for_code(&mut self) {
        let code = self.send();
        self.unlock = self.unlock.map(|unlock| Unlock { at: At::Code, code, ..unlock });
    }

    fn send_unlock_code(&mut self) {
        if self.at() == Some(At::Code)
            && self.unlock.is_some_and(|unlock| self.now < unlock.started_at + HOUR)
            && let Some(code) = self.send()
        {
            self.unlock = self.unlock.map(|unlock| Unlock { code: Some(code), ..unlock });
        }
    }

    fn enter_unlock_code(&mut self, typed: Typed) {
        let Some(Unlock { code: Some(code), .. }) = self.unlock else { return };
        if self.at() != Some(At::Code) || !self.is_good(code) {
            return;
        }
        match typed {
            Typed::Earlier => {}
            Typed::Newest => self.choose(),
            Typed::Wrong => {
                let code = Code { wrong: code.wrong + 1, ..code };
                self.unlock = self.unlock.map(|unlock| Unlock { code: Some(code), ..unlock });
                if code.wrong == 5 {
                    self.voided_at.push(self.now);
                }
                let voids = self.voided_at.iter().filter(|at| self.now - **at < 24 * HOUR).count();
                if code.wrong == 5 && 3 <= voids {
                    self.paused_until = self.now + 24 * HOUR;
                }
            }
        }
    }

    fn choose(&mut self) {
        let at = At::Passcode(self.now);
        self.unlock = self.unlock.map(|unlock| Unlock { at, ..unlock });
    }

    fn try_recovery_passcode(&mut self, right: bool) {
        if !matches!(self.at(), Some(At::Questions | At::RecoveryPasscode))
            || !self.recovery_works()
        {
            return;
        }
        match (right, self.registered) {
            (false, _) => {
                self.recovery = self.recovery.map(|wrong| wrong + 1);
                self.unlock = None;
            }
            (true, true) => self.ask_for_code(),
            (true, false) => self.choose(),
        }
    }

    fn complete(&mut self) {
        if let Some(unlock) = &mut self.unlock
            && matches!(unlock.at, At::Passcode(_))
        {
            unlock.at = At::Done;
        }
    }

    fn take_puk(&mut self) {
        let passed = matches!(self.at(), Some(At::Passcode(_)));
        if self.puk == Puk::Settled || self.puk == Puk::Known && passed {
            self.puk = Puk::Changing { tried_next: None, not_next: None };
            self.card_has_next = false;
        }
    }

    fn report_puk(&mut self) {
        // What is said after another visit has begun to ask is not heard.
        if matches!(self.puk, Puk::Changing { tried_next: None, .. }) && self.card_has_next {
            self.puk = Puk::Known;
        }
    }

    fn probe_puk(&mut self, tear: Tear) {
        let Puk::Changing { tried_next, not_next } = self.puk else { return };
        let next_first = not_next.or(tried_next) == Some(false);
        self.puk = Puk::Changing { tried_next: Some(next_first), not_next };
        let first_is_right = next_first == self.card_has_next;
        match tear {
            Tear::BeforeTheFirst => self.tears += 1,
            Tear::AfterTheFirst | Tear::AfterTheReport if first_is_right => {
                (self.wrong_puks, self.tears) = (0, 0);
            }
            Tear::AfterTheFirst | Tear::AfterTheReport => {
                self.tears += 1;
                self.wrong_puks += 1;
                if matches!(tear, Tear::AfterTheReport) {
                    let not_next = Some(next_first);
                    self.puk = Puk::Changing { tried_next: Some(next_first), not_next };
                }
            }
            Tear::Never => {
                (self.wrong_puks, self.tears) = (0, 0);
                self.puk = Puk::Settled;
            }
        }
    }
}

pub(super) fn is_past_code(at: At) -> bool {
    match at {
        At::Passcode(_) | At::Done => true,
        At::Questions | At::RecoveryPasscode | At::Code => false,
    }
}

impl ReferenceStateMachine for Model {
    type State = Self;
    type Transition = Act;

    /// Half of the people are registered, some with an account recovery passcode.
    fn init_state() -> BoxedStrategy<Self> {
        let person = (any::<bool>(), prop_oneof![Just(None), Just(Some(0))]);
        let model = |(registered, recovery)| Self {
            now: 0,
            registered,
            awaiting: None,
            failures: 0,
            sent_at: vec![],
            voided_at: vec![],
            paused_until: 0,
            unlock: None,
            recovery,
            puk: Puk::Known,
            card_has_next: false,
            wrong_puks: 0,
            tears: 0,
        };
        person.prop_map(model).boxed()
    }

    fn transitions(state: &Self) -> BoxedStrategy<Act> {
        acts::after(state.at())
    }

    fn apply(mut state: Self, act: &Act) -> Self {
        match *act {
            Act::Wait(seconds) => state.now += seconds,
            // What holds, holds whether it is recorded or not (B-08); a stale form is judged by nobody.
            Act::Record | Act::AnswerStale { .. } => {}
            Act::Register => state.register(),
            Act::Redirect | Act::SendRegistrationCode => state.send_registration_code(),
            Act::Cancel => state.awaiting = None,
            Act::EnterRegistrationCode(typed) => state.enter_registration_code(typed),
            Act::Start => state.start(),
            Act::Answer { right } => state.answer(right),
            Act::SendUnlockCode => state.send_unlock_code(),
            Act::EnterUnlockCode(typed) => state.enter_unlock_code(typed),
            Act::GuessUnlockCode => (0..5).for_each(|_| state.enter_unlock_code(Typed::Wrong)),
            Act::SetRecoveryPasscode => state.recovery = Some(0),
            Act::TryRecoveryPasscode { right } => state.try_recovery_passcode(right),
            Act::Complete => state.complete(),
            Act::TakePuk => state.take_puk(),
            Act::CardTakesPuk => {
                let is_asked = !matches!(state.puk, Puk::Changing { tried_next: None, .. });
                state.card_has_next |= !is_asked;
            }
            Act::ReportPuk => state.report_puk(),
            Act::ProbePuk(tear) => state.probe_puk(tear),
        }
        state
    }
}
