//! Sending mails: takes those that are due, composes each from its event and the vault's person,
//! hands it to the courier, and records what came of it.

use std::{collections::HashSet, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    context::Context,
    holder::Holder,
    ids::{CommandId, SecretRef},
    policy::{Policies, Policy},
    self_service::CodePurpose,
    unlock::Stage as AtStage,
};
use futures::{StreamExt as _, future, stream::FuturesUnordered};
use serde::Deserialize;
use stores::{
    database::Pool,
    event_store::{AppendError, EventStore, Expected},
    vault::{CodeBinding, Person, SELF_SERVICE_EMAIL, Vault},
};
use tokio::time::Instant;

use super::{
    CODE_LEASE, EngineError, MAIL_LEASE, Ticked,
    known::{Known, OfMail},
    outbox::{self, Lane, Taken},
};
use crate::{
    commands::{self, Actor, Cause, Commands},
    mail::{
        Answer, COPIES_MAX, CodeNotice, Composer, Copies, Courier, Failure, Mail, Notice, Wanted,
    },
    mail_delivery::{Input, MailDelivery, MailEvent, Stage, StepId},
    not_me::Answerable,
};

/// The most mails that are taken, and sent, at a time.
const BATCH_MAX: u32 = 16;

/// How long the courier may take for a mail, should its own limits fail it.
const COURIER_LIMIT: Duration = Duration::from_secs(90);

const BATCH_MAILS: usize = BATCH_MAX as usize;

/// A batch of mails that was sent.
pub(super) struct Round {
    pub(super) ticked: Ticked,
    /// True if there were no more that were due when it was taken.
    pub(super) is_last: bool,
}

/// What is needed to send mails.
pub(super) struct Sender<'a> {
    pub(super) pool: &'a Pool,
    pub(super) log: &'a dyn EventStore,
    pub(super) commands: &'a Commands,
    pub(super) vault: &'a Vault,
    pub(super) composer: &'a Composer,
    pub(super) courier: &'a dyn Courier,
    pub(super) policies: &'a Policies,
    pub(super) now: DateTime<Utc>,
    /// When this tick began to send, by the machine's own count.
    pub(super) began: Instant,
}

impl Sender<'_> {
    /// Takes one batch of what is due; `None` if nothing is.
    pub(super) async fn round(&self, lane: Lane) -> Result<Option<Round>, EngineError> {
        let lease_until = self.now + lease(lane);
        let due = outbox::take_due(self.pool, lane, self.now, lease_until, BATCH_MAX).await?;
        if due.is_empty() {
            return Ok(None);
        }
        let known = Known::of(&due, self.log, self.commands, self.vault, self.now).await;
        // All of them, whatever becomes of one: a mail on its way is not dropped, and goes on while
        // what came of others is recorded.
        let sending: FuturesUnordered<_> =
            due.iter().map(|taken| self.send(*taken, &known)).collect();
        let mut settled = sending
            .ready_chunks(due.len())
            .map(|sent| self.settle(sent))
            .buffer_unordered(due.len());
        let mut ticked = Ticked::default();
        let mut broken = None;
        while let Some(stages) = settled.next().await {
            for stage in stages {
                match stage {
                    Ok(Some(Stage::Delivered)) => ticked.n_delivered += 1,
                    Ok(Some(Stage::Waiting { .. })) => ticked.n_postponed += 1,
                    Ok(Some(Stage::Dead(_))) => ticked.n_dead += 1,
                    Ok(Some(Stage::Withdrawn | Stage::Sending) | None) => {}
                    Err(error) => broken = Some(error),
                }
            }
        }
        match broken {
            None => Ok(Some(Round { ticked, is_last: due.len() < BATCH_MAILS })),
            Some(error) => Err(error),
        }
    }

    /// One mail, up to what came of it, which is not recorded yet.
    async fn send(&self, taken: Taken, known: &anyhow::Result<Known>) -> Sent {
        let (input, begun_by) = match self.asked(&taken, known).await {
            Ok((Asked::For(mail), begun_by)) => (self.deliver(&mail).await, Some(begun_by)),
            Ok((Asked::Nobody, begun_by)) => (Input::NobodyToSendTo, Some(begun_by)),
            Ok((Asked::DoneWith, begun_by)) => (Input::DoneWith, Some(begun_by)),
            Ok((Asked::TooLate, begun_by)) => (Input::Ended, Some(begun_by)),
            Err(error) => {
                tracing::warn!(step = %taken.step.0, %error, "a mail could not be composed");
                (Input::Failed(Failure::Transient("not composed".to_owned())), None)
            }
        };
        let jitter = taken.step.jitter(taken.delivery.attempts);
        let next = taken.delivery.step(self.now + self.elapsed(), jitter, &input);
        Sent { taken, begun_by, input, next: next.ok() }
    }

    /// Records what came of these, together, and how each stands then; `None` if somebody else has it.
    async fn settle(&self, sent: Vec<Sent>) -> Vec<Result<Option<Stage>, EngineError>> {
        let to_hold: Vec<&Taken> =
            sent.iter().filter(|one| one.is_over()).map(|one| &one.taken).collect();
        let held = match outbox::hold(self.pool, &to_hold, self.now + MAIL_LEASE).await {
            Ok(held) => held,
            Err(error) => return vec![Err(error.into())],
        };
        future::join_all(sent.iter().map(|one| self.settle_one(one, &held))).await
    }

    async fn settle_one(
        &self,
        Sent { taken, begun_by, input, next }: &Sent,
        held: &HashSet<StepId>,
    ) -> Result<Option<Stage>, EngineError> {
        let Some(next) = next else {
            return Err(EngineError::Broken("a mail that was taken and cannot be sent"));
        };
        let (event, attempts) = (taken.event, next.attempts);
        let over = match next.stage {
            Stage::Delivered => MailEvent::MailDelivered { event, attempts },
            Stage::Withdrawn => MailEvent::MailWithdrawn { event },
            Stage::Dead(reason) => {
                MailEvent::MailFailed { event, reason, failure: hitch(input), attempts }
            }
            Stage::Waiting { due_at } => {
                let waits =
                    outbox::postpone(self.pool, taken, attempts, due_at, &hitch(input)).await?;
                return Ok(waits.then_some(next.stage));
            }
            Stage::Sending => return Ok(None),
        };
        let is_ours = held.contains(&taken.step);
        let recorded = is_ours && self.record(taken, *begun_by, &over).await?;
        Ok(recorded.then_some(next.stage))
    }

    /// The mail, from its event; and the command that began what the event belongs to.
    async fn asked(
        &self,
        taken: &Taken,
        known: &anyhow::Result<Known>,
    ) -> anyhow::Result<(Asked, CommandId)> {
        let known = known.as_ref().map_err(|error| anyhow::anyhow!("{error:#}"))?;
        let known = known.of_mail(taken)?;
        let event = commands::decode(known.by)?;
        let wanted = Wanted::of(&event).ok_or_else(|| anyhow::anyhow!("no mail is about this"))?;
        let meta: Meta = serde_json::from_slice(&known.by.meta)?;
        let asked = match (known.person.cloned(), wanted) {
            (None, _) => Asked::Nobody,
            (Some(to), Wanted::Notice(notice)) => self.notice(taken, known, &notice, to).await?,
            (Some(to), Wanted::Code(code)) => self.code(taken, known, &code, to).await?,
        };
        Ok((asked, meta.correlation))
    }

    async fn notice(
        &self,
        taken: &Taken,
        known: OfMail<'_>,
        notice: &Notice,
        to: Person,
    ) -> anyhow::Result<Asked> {
        let holder = known.holder()?;
        let ctx = Context { now: self.now, policies: self.policies };
        if !notice.asks().still_stand(&ctx, holder) {
            return Ok(Asked::DoneWith);
        }
        let (at, zone) = (known.by.at, &self.policy().zone);
        let mut mail = match self.answer(known, notice)? {
            Some(answer) => {
                let answerable = (notice, &answer);
                self.composer.compose_answerable(taken.step.0, at, answerable, to, zone)?
            }
            None => self.composer.compose(taken.step.0, at, notice, to, zone)?,
        };
        mail.copies = self.copies(holder, notice.copies()).await?;
        Ok(Asked::For(mail))
    }

    /// B-57: by what the holder can answer that it was not he; `None` if that is not to be said of it, or
    /// it is too late for that.
    fn answer(&self, known: OfMail<'_>, notice: &Notice) -> anyhow::Result<Option<Answer>> {
        let answerable = notice.tells_of_an_act().then(|| Answerable::about(known.by)).flatten();
        let Some(answerable) = answerable else { return Ok(None) };
        let until = answerable.until(self.policy());
        if until <= self.now {
            return Ok(None);
        }
        let code = self.vault.answer_code(&answerable.binding())?;
        Ok(Some(Answer { reference: answerable.reference, code, until }))
    }

    /// The policy in force; its zone is that of the times in mails.
    fn policy(&self) -> &Policy {
        Context { now: self.now, policies: self.policies }.policy()
    }

    /// The addresses beside the contact address.
    async fn copies(&self, holder: &Holder, copies: Copies) -> anyhow::Result<Vec<String>> {
        let registered = || holder.self_service().active().map(|active| active.email);
        let secrets: Vec<SecretRef> = match copies {
            Copies::None => Vec::new(),
            Copies::ToRegistered => registered().into_iter().collect(),
            Copies::ToFormer(former) => former.into_iter().collect(),
            Copies::ToRegisteredAnd(former) => former.into_iter().chain(registered()).collect(),
            Copies::ToAll => {
                let mut formers: Vec<_> = holder.self_service().former_emails().collect();
                formers.reverse();
                registered().into_iter().chain(formers).take(COPIES_MAX).collect()
            }
        };
        let mut addresses = Vec::with_capacity(secrets.len());
        for secret in secrets {
            addresses.extend(self.address(secret).await?);
        }
        Ok(addresses)
    }

    /// R-08, U-08: the code, to the address that it was sent to and no other.
    async fn code(
        &self,
        taken: &Taken,
        known: OfMail<'_>,
        notice: &CodeNotice,
        to: Person,
    ) -> anyhow::Result<Asked> {
        if !self.is_awaited(known.holder()?, notice) {
            return Ok(Asked::DoneWith);
        }
        if notice.expires_at <= self.now {
            return Ok(Asked::TooLate);
        }
        let Some(email) = self.address(notice.to).await? else { return Ok(Asked::Nobody) };
        let binding = CodeBinding {
            code: notice.code,
            key: notice.key,
            purpose: notice.purpose.as_str(),
            holder: taken.holder,
            card: &notice.card,
            flow: notice.flow,
        };
        let code = self.vault.code(&binding)?;
        let (to, zone) = (Person { email, ..to }, &self.policy().zone);
        let at = known.by.at;
        let mail = self.composer.compose_code(taken.step.0, at, (notice, &code), to, zone)?;
        Ok(Asked::For(mail))
    }

    /// B-36, B-37: only the newest code is worth anything, and only until it was used or is void.
    fn is_awaited(&self, holder: &Holder, notice: &CodeNotice) -> bool {
        let ctx = Context { now: self.now, policies: self.policies };
        let self_service = holder.self_service();
        let waits = match notice.purpose {
            CodePurpose::Registration => self_service
                .awaiting(&ctx)
                .is_some_and(|awaiting| awaiting.registration == notice.flow),
            CodePurpose::Unlock => self_service.unlock(&ctx).is_some_and(|unlock| {
                unlock.unlock == notice.flow && unlock.stage == AtStage::Code
            }),
        };
        let newest = self_service.codes(notice.purpose, notice.flow).last();
        waits && newest.is_some_and(|newest| newest.code == notice.code && !newest.voided)
    }

    async fn address(&self, secret: SecretRef) -> anyhow::Result<Option<String>> {
        let sealed = self.vault.open_sealed(secret, SELF_SERVICE_EMAIL, "", self.now).await?;
        Ok(sealed.map(|address| String::from_utf8_lossy(&address).into_owned()))
    }

    /// How long this tick has been sending, in whole seconds: a mail server that hung until its time
    /// was up has the whole pause after that, and what took no time is tried again as planned.
    fn elapsed(&self) -> TimeDelta {
        TimeDelta::try_seconds(self.began.elapsed().as_secs().cast_signed()).unwrap_or_default()
    }

    async fn deliver(&self, mail: &Mail) -> Input {
        match tokio::time::timeout(COURIER_LIMIT, self.courier.deliver(mail)).await {
            Ok(Ok(())) => Input::Delivered,
            Ok(Err(failure)) => Input::Failed(failure),
            Err(_) => Input::Failed(Failure::Transient("no answer in time".to_owned())),
        }
    }

    /// Records the end of it in the step's own stream; following the log settles the row. False if
    /// somebody else has recorded its end.
    async fn record(
        &self,
        taken: &Taken,
        begun_by: Option<CommandId>,
        event: &MailEvent,
    ) -> Result<bool, EngineError> {
        let command = taken.step.command(taken.settled);
        let cause = Cause { command, begun_by: begun_by.unwrap_or(command) };
        let expected = taken.settled.map_or(Expected::NoStream, Expected::At);
        let ctx = Context { now: self.now, policies: self.policies };
        let stream = taken.step.stream()?;
        let place = (&stream, expected);
        let (kind, data) = (event.kind(), event.data());
        match self.commands.note(&ctx, place, cause, &Actor::System, kind, &data).await {
            Ok(_) => Ok(true),
            Err(AppendError::Conflict { .. }) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

/// What came of a mail; nothing is recorded of it yet.
struct Sent {
    taken: Taken,
    begun_by: Option<CommandId>,
    input: Input,
    /// How it stands then; `None` for what cannot be.
    next: Option<MailDelivery>,
}

impl Sent {
    /// True if its end is to be recorded.
    fn is_over(&self) -> bool {
        match self.next.as_ref().map(|next| next.stage) {
            Some(Stage::Delivered | Stage::Withdrawn | Stage::Dead(_)) => true,
            Some(Stage::Waiting { .. } | Stage::Sending) | None => false,
        }
    }
}

/// What an event asks for.
enum Asked {
    For(Mail),
    Nobody,
    DoneWith,
    /// The code is over.
    TooLate,
}

/// How long a batch may be held.
fn lease(lane: Lane) -> TimeDelta {
    match lane {
        Lane::Codes => CODE_LEASE,
        Lane::Urgent | Lane::Others => MAIL_LEASE,
    }
}

#[derive(Deserialize)]
struct Meta {
    #[serde(rename = "$correlationId")]
    correlation: CommandId,
}

/// The last failure, for the operator.
fn hitch(input: &Input) -> String {
    match input {
        Input::Failed(failure) => failure.to_string(),
        Input::NobodyToSendTo => "nobody is on record to send it to".to_owned(),
        Input::Ended => "the code that it brings is over".to_owned(),
        Input::Taken | Input::Delivered | Input::DoneWith | Input::WorkerGone | Input::Redriven => {
            String::new()
        }
    }
}
