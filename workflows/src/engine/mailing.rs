//! Which mails a tick sends, and in which lane: those that bring codes wait for nothing, and those that
//! tell what was just done with a card do not wait for the breaker.

use chrono::{DateTime, Utc};
use domain::context::Context;
use uuid::Uuid;

use super::{
    Engine, EngineError, MAIL_ROUNDS_MAX, Ticked,
    outbox::{self, CodeMail, Lane},
    sending::{Round, Sender},
};

impl Engine {
    /// Sends the mails with codes that are due at `now`, and nothing else: neither the breaker nor a
    /// mail that hangs holds them up. Any number of these and of ticks may run at the same time.
    pub async fn send_codes(&self, now: DateTime<Utc>) -> Result<Ticked, EngineError> {
        let _ticking = self.0.ticking.read().await;
        self.catch_up().await?;
        let policies = self.policies();
        let mut ticked = Ticked::default();
        let sent = self.codes(&Context { now, policies: &policies }, &mut ticked).await?;
        Ok(Ticked { more: !sent, ..ticked })
    }

    /// How the mail stands that brings this code; `None` once a mail server has it, or it was
    /// withdrawn.
    pub async fn code_mail(&self, code: Uuid) -> Result<Option<CodeMail>, EngineError> {
        let live = self.0.live.read().await;
        outbox::code_mail(&*live, code).await
    }

    /// What nothing that stops the engine holds up, both at once, so that together they take no longer
    /// than one of them may. True if none of it that is due is left.
    pub(super) async fn unstoppable(
        &self,
        ctx: &Context<'_>,
        ticked: &mut Ticked,
    ) -> Result<bool, EngineError> {
        let (mut codes, mut urgent) = (Ticked::default(), Ticked::default());
        let sent = tokio::join!(self.codes(ctx, &mut codes), self.urgent(ctx, &mut urgent));
        *ticked = ticked.and(codes).and(urgent);
        Ok(sent.0? && sent.1?)
    }

    /// True if no mail with a code that is due is left, or others send them.
    async fn codes(&self, ctx: &Context<'_>, ticked: &mut Ticked) -> Result<bool, EngineError> {
        let Ok(_place) = self.0.sending_codes.try_acquire() else { return Ok(true) };
        self.send_batch(ctx, Lane::Codes, tokio::time::Instant::now(), ticked).await
    }

    /// True if no urgent mail that is due is left, or another tick sends them.
    async fn urgent(&self, ctx: &Context<'_>, ticked: &mut Ticked) -> Result<bool, EngineError> {
        let Ok(_sending) = self.0.sending_urgent.try_lock() else { return Ok(true) };
        self.send_batch(ctx, Lane::Urgent, tokio::time::Instant::now(), ticked).await
    }

    /// True if no other mail that is due is left, or another tick sends them.
    pub(super) async fn send(
        &self,
        ctx: &Context<'_>,
        ticked: &mut Ticked,
    ) -> Result<bool, EngineError> {
        let Ok(_sending) = self.0.sending.try_lock() else { return Ok(true) };
        let began = tokio::time::Instant::now();
        for _ in 0..MAIL_ROUNDS_MAX {
            if self.send_batch(ctx, Lane::Others, began, ticked).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// True if nothing of this lane that is due is left.
    async fn send_batch(
        &self,
        ctx: &Context<'_>,
        lane: Lane,
        began: tokio::time::Instant,
        ticked: &mut Ticked,
    ) -> Result<bool, EngineError> {
        let round = self.send_round(ctx, lane, began).await?;
        let Some(Round { ticked: round, is_last }) = round else { return Ok(true) };
        *ticked = ticked.and(round);
        self.catch_up().await?;
        Ok(is_last)
    }

    async fn send_round(
        &self,
        ctx: &Context<'_>,
        lane: Lane,
        began: tokio::time::Instant,
    ) -> Result<Option<Round>, EngineError> {
        let live = self.0.live.read().await;
        let sender = Sender {
            pool: &live,
            log: &*self.0.log,
            commands: &self.0.commands,
            vault: &self.0.vault,
            composer: &self.0.composer,
            courier: &*self.0.courier,
            policies: ctx.policies,
            now: ctx.now,
            began,
        };
        sender.round(lane).await
    }
}
