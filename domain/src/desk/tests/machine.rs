//! A thousand lives at the desk: whatever is asked, in whatever order and however late, these
//! hold after every step.

use chrono::{DateTime, TimeDelta, Utc};
use proptest::{
    prelude::{Just, Strategy, any, prop_oneof},
    prop_assert, prop_assert_eq, proptest,
    test_runner::{Config, TestCaseError},
};

use super::*;
use crate::{
    context::Context,
    decider::Decider as _,
    passcode::{CardChange, Status},
    policy::Policies,
};

/// Lives that are tried.
const LIVES: u32 = 1_000;

/// The most acts of one life, exclusive.
const ACTS_MAX: usize = 24;

/// Something that is asked, or time that passes.
#[derive(Debug, Clone, Copy)]
enum Act {
    Pass { minutes: u32 },
    Authorise,
    Request { by: u8 },
    Approve { by: u8 },
    Change { smartcard: bool, verification: bool },
    Suspend,
    Reinstate,
    Lose,
    Replace,
    Check { right: bool, telephone: bool },
    NotMe { mail: u8 },
    Release,
    Close,
}

fn act() -> impl Strategy<Value = Act> {
    let minutes = prop_oneof![0..40_u32, Just(60 * 24 * 20), Just(60 * 24 * 200)];
    prop_oneof![
        4 => minutes.prop_map(|minutes| Act::Pass { minutes }),
        3 => Just(Act::Authorise),
        1 => (0..2_u8).prop_map(|by| Act::Request { by }),
        1 => (0..2_u8).prop_map(|by| Act::Approve { by }),
        4 => any::<(bool, bool)>()
            .prop_map(|(smartcard, verification)| Act::Change { smartcard, verification }),
        1 => Just(Act::Suspend),
        1 => Just(Act::Reinstate),
        1 => Just(Act::Lose),
        1 => Just(Act::Replace),
        2 => any::<(bool, bool)>().prop_map(|(right, telephone)| Act::Check { right, telephone }),
        1 => (0..4_u8).prop_map(|mail| Act::NotMe { mail }),
        1 => Just(Act::Release),
        1 => Just(Act::Close),
    ]
}

struct Life {
    holder: Holder,
    now: DateTime<Utc>,
    policies: Policies,
    n_acts: u128,
}

impl Life {
    fn begun() -> Self {
        let now = instant("2025-03-10T12:00:00Z");
        let mut life =
            Self { holder: Holder::default(), now, policies: Policies::seed(), n_acts: 0 };
        let optional = [set(Kind::Verification, "2025-03-10", 2)];
        life.fold(&registration("2025-03-10"));
        life.fold(&optional);
        life
    }

    fn ctx(&self) -> Context<'_> {
        Context { now: self.now, policies: &self.policies }
    }

    fn fold(&mut self, events: &[HolderEvent]) {
        for event in events {
            self.holder = std::mem::take(&mut self.holder).evolve(self.now, event);
        }
    }

    fn is_locked(&self) -> bool {
        Status::worst_locked(&self.holder.passcodes().status(&self.ctx())).is_some()
    }

    /// A proof with the card in use, if it opens anything.
    fn session(&self) -> Option<crate::logon::Authenticated> {
        let card = self.holder.card()?.card.clone();
        let proof = crate::logon::Authenticated::by_card(&self.ctx(), &self.holder, &card).ok()?;
        let check = crate::logon::check(&self.ctx(), &self.holder, &proof);
        (check.verdict != crate::logon::Verdict::Locked).then_some(proof)
    }

    fn command(&mut self, act: Act) -> Option<HolderCommand> {
        self.n_acts += 1;
        let (n, by) = (1_000 + self.n_acts * 10, |n: u8| HolderId(secret(u128::from(n)).0));
        let desk = match act {
            Act::Pass { minutes } => {
                self.now += TimeDelta::minutes(minutes.into());
                return None;
            }
            Act::Change { smartcard, verification } => {
                let smartcard = smartcard.then(|| CardChange { secret: secret(n) });
                let verification =
                    if verification { Optional::Set(secret(n + 1)) } else { Optional::Keep };
                let (proof, logged_on_at) = (self.session()?, self.now);
                return Some(HolderCommand::ChangePasscodes(Changes {
                    proof,
                    logged_on_at,
                    asked_at: self.now,
                    smartcard,
                    account_recovery: Optional::Keep,
                    verification,
                }));
            }
            Act::Authorise => DeskCommand::AuthoriseAccountUnlock { check: passport() },
            Act::Request { by: first } => DeskCommand::RequestAccountUnlock {
                request: flow(1),
                by: by(first),
                check: checked(IdentityEvidence::Vouched),
            },
            Act::Approve { by: second } => {
                DeskCommand::ApproveAccountUnlock { request: flow(1), by: by(second) }
            }
            Act::Suspend => DeskCommand::Suspend { reason: SuspensionReason::Away },
            Act::Reinstate => DeskCommand::Reinstate {},
            Act::Lose => DeskCommand::ReportLost { loss: Loss::Lost, lost_at: self.now },
            Act::Replace => {
                let mut card = card();
                card.card = serial(&format!("{:08X}", 0x0100 + self.n_acts));
                let (smartcard, puk) = (secret(n), secret(n + 1));
                let registration = crate::holder::Registration {
                    card,
                    smartcard,
                    puk,
                    account_recovery: None,
                    verification: None,
                    check: passport(),
                };
                let reason = CancelReason::Damaged;
                DeskCommand::IssueReplacement(Replacement { registration, reason })
            }
            Act::Check { right, telephone } => {
                let by = if telephone { Checker::Telephone } else { Checker::Desk };
                let kind = OptionalKind::Verification;
                DeskCommand::NotePasscodeCheck { kind, right, by }
            }
            Act::NotMe { mail } => DeskCommand::ReportNotMe { mail: flow(mail.into()).0 },
            Act::Release => DeskCommand::ReleaseSelfService { check: passport() },
            Act::Close => DeskCommand::CloseAccount { reason: CloseReason::Left },
        };
        Some(HolderCommand::Desk(desk))
    }

    fn step(&mut self, act: Act) -> Result<(), TestCaseError> {
        let Some(command) = self.command(act) else { return Ok(()) };
        let (was_locked, had_leave) = (self.is_locked(), self.has_leave());
        let (endings, had_card) =
            (self.holder.certificate_records().endings(), self.holder.card().cloned());
        let Ok(events) = self.holder.decide(&self.ctx(), command.clone()) else { return Ok(()) };
        self.fold(&events);
        let is = |wanted: &dyn Fn(&DeskEvent) -> bool| {
            events.iter().any(|event| matches!(event, HolderEvent::Desk(one) if wanted(one)))
        };
        let unlocked = is(&|one| matches!(one, DeskEvent::AccountUnlocked { .. }));
        let replaced = matches!(act, Act::Replace);
        // P-19, B-30: locked becomes open by leave or by another card, always with the event, and
        // never by halves.
        if was_locked && !self.is_locked() {
            prop_assert!(unlocked && (had_leave || replaced), "{command:?}");
        }
        if unlocked {
            prop_assert!(was_locked && !self.is_locked() && !self.has_leave());
        }
        // B-63: nobody agrees with himself.
        if let (Act::Approve { by: second }, true) =
            (act, is(&|one| matches!(one, DeskEvent::AccountUnlockAuthorised { .. })))
        {
            let first = HolderId(secret(u128::from(1 - second)).0);
            let seconded = is(&|one| {
                matches!(one, DeskEvent::AccountUnlockAuthorised { check, .. }
                if check.second != Some(first))
            });
            prop_assert!(seconded);
        }
        // B-57: what takes a card away, for ever or not, ends the sessions opened with it.
        let taken = is(&|one| {
            matches!(one, DeskEvent::CardCancelled { .. } | DeskEvent::CertificatesSuspended { .. })
        });
        if taken {
            prop_assert!(endings < self.holder.certificate_records().endings());
            prop_assert!(self.holder.card() != had_card.as_ref() || self.session().is_none());
        }
        self.holds()
    }

    fn has_leave(&self) -> bool {
        let card = self.holder.card().map(|card| card.card.clone());
        card.is_some_and(|card| self.holder.desk().account_unlock(&card, self.now).is_some())
    }

    /// Whatever has happened.
    fn holds(&self) -> Result<(), TestCaseError> {
        let holder = &self.holder;
        let is_closed = holder.desk().closed().is_some();
        // B-45, B-61: a closed account has no card; one that has none opens no session.
        prop_assert!(!is_closed || holder.card().is_none());
        prop_assert!(holder.card().is_some() || self.session().is_none());
        let is_held = holder.certificate_records().suspended().is_some();
        prop_assert!(!is_held || self.session().is_none());
        // P-18: a locked account opens a session by leave alone.
        let opens = self.session().is_some();
        prop_assert!(!self.is_locked() || !opens || self.has_leave());
        // P-11: never more than three tries.
        let failures = holder.desk().verification_failures();
        prop_assert!(failures <= 3);
        prop_assert_eq!(failures == 3, holder.desk().verification_blocked_on().is_some());
        Ok(())
    }
}

proptest! {
    #![proptest_config(Config { cases: LIVES, ..Config::default() })]

    #[test]
    fn b30_a_thousand_lives_at_the_desk_keep_every_lock_closed_until_it_is_cured(
        acts in proptest::collection::vec(act(), 1..ACTS_MAX),
    ) {
        let mut life = Life::begun();
        for act in acts {
            life.step(act)?;
        }
    }
}
