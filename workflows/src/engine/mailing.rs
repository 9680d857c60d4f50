//! Which mails a tick sends, and in which lane: those that bring codes wait for nothing.

use chrono::{DateTime, Utc};
use domain::context::Context;
use uuid::Uuid;

use super::{
    Engine, EngineError, MAIL_ROUNDS_MAX, Ticked,
    outbox::{self, CodeMail, Lane},
    sending::Sender,
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
        Ok(outbox::code_mail(&*live, code).await?)
    }

    /// True if no mail with a code that is due is left, or others send them.
    pub(super) async fn codes(
        &self,
        ctx: &Context<'_>,
        ticked: &mut Ticked,
    ) -> Result<bool, EngineError> {
        let Ok(_place) = self.0.sending_codes.try_acquire() else { return Ok(true) };
        let round = self.send_round(ctx, Lane::Codes, tokio::time::Instant::now()).await?;
        let Some(round) = round else { return Ok(true) };
        *ticked = ticked.and(round);
        self.catch_up().await?;
        Ok(false)
    }

    /// True if no mail that is due is left, or another tick sends them.
    pub(super) async fn send(
        &self,
        ctx: &Context<'_>,
        ticked: &mut Ticked,
    ) -> Result<bool, EngineError> {
        let Ok(_sending) = self.0.sending.try_lock() else { return Ok(true) };
        let began = tokio::time::Instant::now();
        for _ in 0..MAIL_ROUNDS_MAX {
            let round = self.send_round(ctx, Lane::Others, began).await?;
            let Some(round) = round else { return Ok(true) };
            *ticked = ticked.and(round);
            self.catch_up().await?;
        }
        Ok(false)
    }

    async fn send_round(
        &self,
        ctx: &Context<'_>,
        lane: Lane,
        began: tokio::time::Instant,
    ) -> Result<Option<Ticked>, EngineError> {
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
