//! A log-in of a simulated person, and what he does about what he is shown.
//!
//! The holder is loaded once a visit: nobody else writes to him meanwhile, and the log would refuse
//! it if somebody did.

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use domain::{
    card::CardUpdate,
    context::Context,
    expiry::{self, Occasion, Topic},
    holder::{Holder, HolderCommand},
    ids::SecretRef,
    logon::{self, Authenticated, LogonRefusal, Verdict},
    passcode::{CardChange, Changes, Kind, Optional},
    policy::Policies,
};
use workflows::{
    commands::{Actor, Cause, Commands, Loaded},
    lived::Lived,
};

use super::{life::Act, people::Answer};

/// A person, at an instant, as the log has him.
pub(super) struct Visit<'a> {
    pub(super) act: Act,
    pub(super) way: Way<'a>,
    pub(super) policies: &'a Policies,
}

/// How what somebody does is recorded.
pub(super) enum Way<'a> {
    /// Now, in a log.
    Log(&'a Commands, Box<Loaded>),
    /// With everything else of his life, later.
    Life(&'a mut Lived),
}

impl<'a> Visit<'a> {
    pub(super) fn holder(&self) -> &Holder {
        &self.loaded().holder
    }

    fn loaded(&self) -> &Loaded {
        match &self.way {
            Way::Log(_, loaded) => loaded,
            Way::Life(lived) => lived.loaded(),
        }
    }

    pub(super) fn context(&self) -> Context<'a> {
        self.loaded().context(&Context { now: self.act.at, policies: self.policies })
    }

    pub(super) fn at(&self) -> DateTime<Utc> {
        self.act.at
    }

    /// Carries out a command, which has to be accepted.
    pub(super) async fn execute(
        &mut self,
        what: &str,
        actor: Actor,
        command: &HolderCommand,
    ) -> anyhow::Result<()> {
        let cause = Cause::first(self.act.person.command(what, self.act.number));
        let (ctx, id) = (self.context(), self.act.person.holder());
        match &mut self.way {
            Way::Log(commands, loaded) => {
                let done = commands.attempt(&ctx, id, loaded, cause, &actor, command).await?;
                loaded.add(ctx.now, &done.events);
            }
            Way::Life(lived) => {
                lived.execute(&ctx, cause, &actor, command)?;
            }
        }
        Ok(())
    }

    /// What the card proves; none if it does not log him in. B-52: who is told that it has expired
    /// may visit the registration authority, and comes back with its leave.
    pub(super) async fn authenticate(&mut self) -> anyhow::Result<Option<Authenticated>> {
        let reason = match self.prove()? {
            Ok(proof) => return Ok(Some(proof)),
            Err(reason) => reason,
        };
        let refused = HolderCommand::NoteLogonRefused { reason };
        self.execute("not let in", Actor::Holder, &refused).await?;
        let is_expired = reason == LogonRefusal::CertificatesExpired;
        if !is_expired || !self.act.person.visits_authority(self.act.number) {
            return Ok(None);
        }
        self.authorise().await?;
        Ok(self.prove()?.ok())
    }

    fn prove(&self) -> anyhow::Result<Result<Authenticated, LogonRefusal>> {
        let card = self.holder().card().context("everybody has a card")?;
        Ok(Authenticated::by_card(&self.context(), self.holder(), &card.card))
    }

    /// A log-in, and what the person does about what he is shown.
    pub(super) async fn log_in(&mut self, proof: &Authenticated) -> anyhow::Result<()> {
        let record = HolderCommand::RecordExpiry { occasion: Occasion::Logon };
        self.execute("log in", Actor::System, &record).await?;
        match logon::check(&self.context(), self.holder(), proof).verdict {
            Verdict::Locked => {
                let reason = LogonRefusal::AccountLocked;
                let refused = HolderCommand::NoteLogonRefused { reason };
                return self.execute("refused", Actor::Holder, &refused).await;
            }
            Verdict::Restricted => {
                let restricted = HolderCommand::NoteRestrictedSession {};
                self.execute("restricted", Actor::System, &restricted).await?;
                // B-55: a card between old and new is finished before anything else.
                if !self.holder().card_update().is_some_and(CardUpdate::is_touched) {
                    self.change_passcodes(proof).await?;
                }
            }
            Verdict::Full => self.see_passcodes(proof).await?,
        }
        if self.revoke(proof).await? {
            return Ok(());
        }
        self.see_certificates(proof).await
    }

    /// What he does about the alert of his passcodes, if there is one.
    async fn see_passcodes(&mut self, proof: &Authenticated) -> anyhow::Result<()> {
        let Some(alert) = expiry::alert(&self.context(), self.holder()) else { return Ok(()) };
        match self.act.person.answers_alert(self.act.number) {
            Answer::Renew => self.change_passcodes(proof).await,
            Answer::PutOff => {
                let later = HolderCommand::DeclineAlert { topic: Topic::Passcodes, on: alert.on };
                self.execute("later", Actor::Holder, &later).await
            }
            Answer::Nothing => Ok(()),
        }
    }

    /// Changes, or removes, every passcode that is due.
    async fn change_passcodes(&mut self, proof: &Authenticated) -> anyhow::Result<()> {
        let number = self.act.number;
        let person = self.act.person;
        let command = person.command("renew", number);
        let due = logon::check(&self.context(), self.holder(), proof).due;
        if due.is_empty() {
            // It was for the certificates.
            return Ok(());
        }
        let is_due = |kind| due.iter().any(|one| one.kind == kind);
        let optional = |kind, place| match (is_due(kind), person.blanks(number + place)) {
            (false, _) => Optional::Keep,
            (true, true) => Optional::Blank,
            (true, false) => {
                let place = u32::try_from(place).unwrap_or(0);
                Optional::Set(SecretRef::derive(command, place))
            }
        };
        let smartcard = CardChange { secret: SecretRef::derive(command, 0) };
        let changes = HolderCommand::ChangePasscodes(Changes {
            proof: proof.clone(),
            logged_on_at: self.at(),
            asked_at: self.at(),
            smartcard: is_due(Kind::Smartcard).then_some(smartcard),
            account_recovery: optional(Kind::AccountRecovery, 1),
            verification: optional(Kind::Verification, 2),
        });
        self.execute("renew", Actor::Holder, &changes).await
    }
}
