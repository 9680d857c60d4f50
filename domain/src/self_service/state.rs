//! What a holder's stream remembers of self-service, and how it stands at any instant.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use super::{Answer, CodePurpose, QuestionId, SentCode, codes::Codes, desk::Assisted, over_at};
use crate::{
    context::Context,
    ids::{CardSerial, CommandId, SecretRef},
    unlock::{self, Means, Stage, Unlock},
};

/// The self-service part of a holder.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SelfService {
    pub(super) active: Option<Registration>,
    pub(super) awaiting: Option<Pending>,
    /// B-42: addresses that were in force before, and when each was replaced, oldest first.
    pub(super) formers: Vec<(SecretRef, DateTime<Utc>)>,
    pub(super) codes: Codes,
    /// B-33: failed attempts of this registration since the last success.
    pub(super) failures: u8,
    /// U-07: since when he is blocked.
    pub(super) blocked_on: Option<NaiveDate>,
    /// B-32: the questions in the order in which they are asked; empty while none is drawn.
    pub(super) series: Vec<QuestionId>,
    pub(super) unlock: Option<Underway>,
    /// The last start that was refused, and why.
    pub(super) refused: Option<(CommandId, unlock::Refusal)>,
    /// Unlocks that came as far as the new passcode and were not finished, oldest first.
    pub(super) unfinished: Vec<CommandId>,
    /// B-41: wrong account recovery passcodes since the last was set.
    pub(super) recovery_failures: u8,
    /// B-41: since when it is not compared any more.
    pub(super) recovery_blocked_on: Option<NaiveDate>,
    /// B-58: somebody helps with the card.
    pub(super) assisted: Option<Assisted>,
}

/// A registration for self-service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registration {
    /// Which.
    pub registration: CommandId,
    /// The card with which it was asked for.
    pub card: CardSerial,
    /// the questions, with the references of their answers.
    pub answers: Vec<Answer>,
    /// where the vault keeps the address.
    pub email: SecretRef,
    /// The day of its completion; of its beginning, while it is awaiting its code.
    pub on: NaiveDate,
}

/// A registration that waits for its code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pending {
    pub(crate) registration: Registration,
    pub(crate) begun_at: DateTime<Utc>,
}

/// How a holder stands with self-service. He can be registered, change his registration and be
/// blocked, all at the same time (B-34, B-43).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Status {
    /// registered since this day; `None` if he is not.
    pub registered_on: Option<NaiveDate>,
    /// B-44: a registration waits for its code.
    pub awaiting: Option<Awaiting>,
    /// U-07, B-34: blocked since this day.
    pub blocked_on: Option<NaiveDate>,
    /// B-37: no unlock before this instant.
    pub paused_until: Option<DateTime<Utc>>,
}

/// B-44: a registration that waits for its code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Awaiting {
    /// Which.
    pub registration: CommandId,
    /// Until when, exclusive.
    pub until: DateTime<Utc>,
}

/// How far the unlock under way is, as recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    Questions,
    RecoveryPasscode,
    Code,
    /// B-41: a wrong account recovery passcode has ended it.
    Wrong,
    /// B-39: the new passcode may be chosen, since then.
    Passcode {
        since: DateTime<Utc>,
    },
    Done,
}

/// The unlock that was started last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Underway {
    pub(crate) unlock: CommandId,
    pub(crate) card: CardSerial,
    pub(crate) started_at: DateTime<Utc>,
    pub(crate) step: Step,
    pub(crate) by: Means,
}

impl SelfService {
    /// How the holder stands now.
    #[must_use]
    pub fn status(&self, ctx: &Context<'_>) -> Status {
        let awaiting = self.pending(ctx).map(|pending| Awaiting {
            registration: pending.registration.registration,
            until: over_at(ctx, pending),
        });
        Status {
            registered_on: self.active.as_ref().map(|active| active.on),
            awaiting,
            blocked_on: self.blocked_on,
            paused_until: self.paused_until(ctx),
        }
    }

    /// The registration in force.
    #[must_use]
    pub fn active(&self) -> Option<&Registration> {
        self.active.as_ref()
    }

    /// B-44: the registration that waits for its code; none once its time is over.
    #[must_use]
    pub fn awaiting(&self, ctx: &Context<'_>) -> Option<&Registration> {
        self.pending(ctx).map(|pending| &pending.registration)
    }

    /// B-42: the addresses that were in force before, each for as long after it was replaced as its mail
    /// may take, so that it can be told.
    pub fn former_emails(&self) -> impl Iterator<Item = SecretRef> {
        self.formers.iter().map(|(email, _)| *email)
    }

    /// U-07, B-34: true once three attempts in a row have failed.
    #[must_use]
    pub fn is_blocked(&self) -> bool {
        self.blocked_on.is_some()
    }

    /// B-37: no unlock before this instant.
    #[must_use]
    pub fn paused_until(&self, ctx: &Context<'_>) -> Option<DateTime<Utc>> {
        self.codes.paused_until.filter(|until| ctx.now < *until)
    }

    /// B-33: failed attempts since the last success.
    #[must_use]
    pub fn failures(&self) -> u8 {
        self.failures
    }

    /// The codes that were sent in this flow, newest last; none of any but the newest flow of its
    /// purpose.
    #[must_use]
    pub fn codes(&self, purpose: CodePurpose, flow: CommandId) -> &[SentCode] {
        self.codes.of(purpose, flow)
    }

    /// B-36: from when on another code may be asked for; `None` if it may be now.
    #[must_use]
    pub fn next_code_at(&self, ctx: &Context<'_>) -> Option<DateTime<Utc>> {
        self.codes.may_send(ctx).err().and_then(super::Refusal::at)
    }

    /// The unlock that is under way or was done last, unless its time is over.
    #[must_use]
    pub fn unlock(&self, ctx: &Context<'_>) -> Option<Unlock> {
        self.unlock.as_ref().and_then(|underway| self.unlock_of(ctx, underway.unlock).ok())
    }

    /// How this unlock stands, or why it is over.
    ///
    /// # Errors
    /// What its starter is to be told plainly, since his card has proved itself.
    pub fn unlock_of(
        &self,
        ctx: &Context<'_>,
        unlock: CommandId,
    ) -> Result<Unlock, unlock::Refusal> {
        if let Some((refused, why)) = self.refused
            && refused == unlock
        {
            return Err(why);
        }
        let underway = self.unlock.as_ref().filter(|underway| underway.unlock == unlock);
        let underway = underway.ok_or(unlock::Refusal::Replaced)?;
        let stage = self.stage(ctx, underway)?;
        Ok(Unlock { unlock, card: underway.card.clone(), stage, by: underway.by })
    }

    fn stage(&self, ctx: &Context<'_>, underway: &Underway) -> Result<Stage, unlock::Refusal> {
        let minutes =
            |since: DateTime<Utc>, minutes: u16| since + TimeDelta::minutes(minutes.into());
        if let Step::Passcode { since } = underway.step {
            let until = minutes(since, ctx.at(since).policy().unlock_passcode_minutes);
            let in_time = ctx.now < until;
            return if in_time {
                Ok(Stage::Passcode { until })
            } else {
                Err(unlock::Refusal::TimeOver)
            };
        }
        if underway.step == Step::Done {
            return Ok(Stage::Done);
        }
        if underway.step == Step::Wrong {
            return Err(match self.recovery_blocked_on {
                Some(_) => unlock::Refusal::RecoveryPasscodeBlocked,
                None => unlock::Refusal::RecoveryPasscodeWrong,
            });
        }
        if self.is_blocked() && !underway.by.is_assisted() {
            return Err(unlock::Refusal::Blocked);
        }
        if let Some(until) = self.paused_until(ctx) {
            return Err(unlock::Refusal::Paused { until });
        }
        if self.ends_at(ctx, underway) <= ctx.now {
            return Err(unlock::Refusal::TimeOver);
        }
        match underway.step {
            Step::RecoveryPasscode => Ok(Stage::RecoveryPasscode),
            Step::Code => Ok(Stage::Code),
            Step::Questions | Step::Wrong | Step::Passcode { .. } | Step::Done => {
                let attempt = self.failures.saturating_add(1);
                Ok(Stage::Questions { attempt, asked: self.asked(attempt) })
            }
        }
    }

    /// U-09: a code that was sent is good for all of its time, however late it was sent.
    fn ends_at(&self, ctx: &Context<'_>, underway: &Underway) -> DateTime<Utc> {
        let asked = asked_until(ctx, underway);
        let newest = self.codes(CodePurpose::Unlock, underway.unlock).last();
        newest
            .filter(|sent| underway.step == Step::Code && !sent.voided)
            .map_or(asked, |sent| asked.max(sent.expires_at))
    }

    /// Until when the unlock under way asks for anything new, exclusive.
    pub(super) fn asks_until(&self, ctx: &Context<'_>) -> Option<DateTime<Utc>> {
        self.unlock.as_ref().map(|underway| asked_until(ctx, underway))
    }

    /// B-32: the questions of an attempt, 1 to 3: two, then three, then four, each a superset of the
    /// one before.
    #[must_use]
    pub fn asked(&self, attempt: u8) -> Vec<QuestionId> {
        self.series.iter().copied().take(usize::from(attempt) + 1).collect()
    }

    /// B-41: wrong account recovery passcodes since the last was set.
    #[must_use]
    pub fn recovery_failures(&self) -> u8 {
        self.recovery_failures
    }

    /// B-41: since when an account recovery passcode is not compared any more.
    #[must_use]
    pub fn recovery_blocked_on(&self) -> Option<NaiveDate> {
        self.recovery_blocked_on
    }

    pub(crate) fn underway(&self) -> Option<&Underway> {
        self.unlock.as_ref()
    }

    /// True if this start was refused before.
    pub(crate) fn has_refused(&self, unlock: CommandId) -> bool {
        self.refused.is_some_and(|(refused, _)| refused == unlock)
    }

    /// True if this unlock came as far as the new passcode, and the card may have it.
    pub(crate) fn may_have_written(&self, unlock: CommandId) -> bool {
        let is_at_passcode = |underway: &Underway| {
            underway.unlock == unlock && matches!(underway.step, Step::Passcode { .. })
        };
        self.unlock.as_ref().is_some_and(is_at_passcode) || self.unfinished.contains(&unlock)
    }

    /// True if a series is drawn.
    pub(crate) fn is_drawn(&self) -> bool {
        !self.series.is_empty()
    }

    /// Every reference that the vault still has to keep for self-service.
    pub(crate) fn kept(&self) -> impl Iterator<Item = SecretRef> {
        let awaiting = self.awaiting.as_ref().map(|pending| &pending.registration);
        let registrations = self.active.iter().chain(awaiting);
        registrations
            .flat_map(|one| one.answers.iter().map(|answer| answer.secret).chain([one.email]))
            .chain(self.former_emails())
    }

    /// B-44: the one that waits for its code, if its time is not over.
    pub(super) fn pending(&self, ctx: &Context<'_>) -> Option<&Pending> {
        self.awaiting.as_ref().filter(|pending| ctx.now < over_at(ctx, pending))
    }
}

fn asked_until(ctx: &Context<'_>, underway: &Underway) -> DateTime<Utc> {
    let minutes = ctx.at(underway.started_at).policy().unlock_minutes;
    underway.started_at + TimeDelta::minutes(minutes.into())
}
