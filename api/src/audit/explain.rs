//! Why not: for each act of a holder, whether it would be refused at an instant, by which rule, from
//! which facts, when that changes by itself, and the way out.
//!
//! The rules themselves are asked, with made-up references: whatever they say to a command, they say
//! here.

use anyhow::Context as _;
use chrono::{DateTime, NaiveDate, Utc};
use domain::{
    context::Context,
    decider::Decider as _,
    desk::{self, Asker, DECIDED},
    holder::{self, Holder, HolderCommand},
    ids::{CommandId, HolderId, SecretRef},
    logon::{self, Authenticated, LogonRefusal, Verdict},
    passcode::{CardChange, Changes, Optional},
    refusal::{Refusal, RuleId},
    self_service::{self, Answer, NewCode, QUESTIONS_CHOSEN, QuestionId},
    staff::{Role, StaffAct},
    unlock,
};
use serde::Serialize;
use stores::event_store::canonical;
use uuid::Uuid;

use super::{
    facts::{Fact, Topic},
    state::{micros, proof},
    story::Story,
};

/// What would be refused to a holder at an instant.
#[derive(Debug, Clone, Serialize)]
pub struct Explained {
    /// Who.
    pub holder: HolderId,
    /// When.
    #[serde(serialize_with = "micros")]
    pub at: DateTime<Utc>,
    /// The version of the policy in force then.
    pub policy_version: u32,
    /// Each act.
    pub acts: Vec<Explanation>,
    /// What the registration authority could do about him.
    pub staff_acts: Vec<StaffExplanation>,
}

/// What would come of an act of staff, by whoever may do it: what the record at the desk says, too.
#[derive(Debug, Clone, Serialize)]
pub struct StaffExplanation {
    /// Which, after "to".
    pub act: &'static str,
    /// What would come of it.
    pub answer: Answered,
    /// The rule that refuses it.
    pub rule: Option<RuleId>,
    /// Why, in a sentence without full stop.
    pub why: Option<String>,
    /// What helps.
    pub way_out: Option<&'static str>,
}

/// What would come of an act.
#[derive(Debug, Clone, Serialize)]
pub struct Explanation {
    /// Which.
    pub act: Act,
    /// What would come of it.
    pub answer: Answered,
    /// The rule that refuses or restricts it.
    pub rule: Option<RuleId>,
    /// Why, in a sentence for the holder without full stop.
    pub why: Option<String>,
    /// What it rests on, if it is refused or restricted.
    pub facts: Vec<Fact>,
    /// The day on which the answer changes by itself.
    pub changes_on: Option<NaiveDate>,
    /// The instant at which it does, where it is one.
    pub changes_at: Option<DateTime<Utc>>,
    /// What he can do.
    pub way_out: Option<&'static str>,
}

/// An act of a holder that a rule may refuse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    /// Log in with the card and the right passcode.
    LogOn,
    /// Change every passcode.
    ChangePasscodes,
    /// Renew the certificates.
    RenewCertificates,
    /// Unlock the card, or choose a new passcode for a forgotten one.
    UnlockCard,
    /// Register for self-service, or change the registration.
    RegisterForSelfService,
}

/// What would come of an act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Answered {
    /// It would be done.
    Allowed,
    /// B-17: it would be done, and lead to less than usual.
    Restricted,
    /// It would be refused.
    Refused,
}

impl Act {
    /// Every act, in the order in which they are explained.
    pub const ALL: [Self; 5] = [
        Self::LogOn,
        Self::ChangePasscodes,
        Self::RenewCertificates,
        Self::UnlockCard,
        Self::RegisterForSelfService,
    ];

    /// In words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::LogOn => "Log in",
            Self::ChangePasscodes => "Change passcodes",
            Self::RenewCertificates => "Renew certificates",
            Self::UnlockCard => "Unlock the smartcard",
            Self::RegisterForSelfService => "Register for self-service",
        }
    }
}

/// Who says no.
enum No {
    LogOn(LogonRefusal),
    Rule(Refusal),
    Restricted,
}

impl Explained {
    /// What a story comes to.
    ///
    /// # Errors
    /// If there was no policy yet.
    pub fn of(story: &Story) -> anyhow::Result<Self> {
        let ctx = story.context()?;
        let acts = Act::ALL.map(|act| explain(&ctx, story, act)).into();
        let staff_acts = DECIDED.map(|act| at_desk(&ctx, &story.state, act)).into();
        let policy_version = ctx.policy().version;
        Ok(Self { holder: story.holder, at: story.at, policy_version, acts, staff_acts })
    }

    /// As canonical JSON (RFC 8785), with an end of line.
    ///
    /// # Errors
    /// If it cannot be written so.
    pub fn bytes(&self) -> anyhow::Result<Vec<u8>> {
        let mut bytes = canonical(self).context("an explanation")?;
        bytes.push(b'\n');
        Ok(bytes)
    }
}

fn explain(ctx: &Context<'_>, story: &Story, act: Act) -> Explanation {
    let Err(no) = tried(ctx, &story.state, act) else {
        return Explanation {
            act,
            answer: Answered::Allowed,
            rule: None,
            why: None,
            facts: vec![],
            changes_on: None,
            changes_at: None,
            way_out: None,
        };
    };
    let rule = no.rule();
    Explanation {
        act,
        answer: no.answer(),
        rule: Some(rule),
        why: Some(no.why()),
        facts: story.facts.about(topics(rule)),
        changes_on: no.changes_on(),
        changes_at: no.changes_at(),
        way_out: Some(no.way_out()),
    }
}

/// By a manager of the registration authority, and nobody in particular.
fn at_desk(ctx: &Context<'_>, holder: &Holder, act: StaffAct) -> StaffExplanation {
    let by = Asker { staff: None, role: Role::RaManager };
    let refusal = desk::obstacle(ctx, holder, act, by);
    let answer = if refusal.is_some() { Answered::Refused } else { Answered::Allowed };
    StaffExplanation {
        act: act.words(),
        answer,
        rule: refusal.as_ref().map(Refusal::rule),
        why: refusal.as_ref().map(Refusal::why),
        way_out: refusal.as_ref().map(Refusal::way_out),
    }
}

/// What the rules say to it.
fn tried(ctx: &Context<'_>, holder: &Holder, act: Act) -> Result<(), No> {
    if !holder.is_registered() {
        return Err(No::Rule(holder::Refusal::NotRegistered.into()));
    }
    if act == Act::UnlockCard {
        return unlock::may_start(ctx, holder).map_err(|refusal| No::Rule(refusal.into()));
    }
    let proof = proof(ctx, holder).map_err(No::LogOn)?;
    let command = match act {
        Act::LogOn | Act::UnlockCard => return log_on(ctx, holder, &proof),
        Act::ChangePasscodes => change(ctx, proof),
        Act::RenewCertificates => renew(ctx, proof),
        Act::RegisterForSelfService => register(ctx, proof),
    };
    holder.decide(ctx, command).map(drop).map_err(No::Rule)
}

fn log_on(ctx: &Context<'_>, holder: &Holder, proof: &Authenticated) -> Result<(), No> {
    match logon::check(ctx, holder, proof).verdict {
        Verdict::Full => Ok(()),
        Verdict::Restricted => Err(No::Restricted),
        Verdict::Locked => Err(No::LogOn(LogonRefusal::AccountLocked)),
    }
}

/// A reference that no event names.
const NOTHING: SecretRef = SecretRef(Uuid::nil());

/// A command that nobody gave.
const NO_COMMAND: CommandId = CommandId(Uuid::nil());

/// Of all three, because a change that leaves out what is overdue is refused for that.
fn change(ctx: &Context<'_>, proof: Authenticated) -> HolderCommand {
    HolderCommand::ChangePasscodes(Changes {
        proof,
        logged_on_at: ctx.now,
        asked_at: ctx.now,
        smartcard: Some(CardChange { secret: NOTHING }),
        account_recovery: Optional::Set(NOTHING),
        verification: Optional::Set(NOTHING),
    })
}

fn renew(ctx: &Context<'_>, proof: Authenticated) -> HolderCommand {
    HolderCommand::BeginCardUpdate {
        update: NO_COMMAND,
        job: Uuid::nil(),
        proof,
        logged_on_at: ctx.now,
        asked_at: ctx.now,
    }
}

fn register(ctx: &Context<'_>, proof: Authenticated) -> HolderCommand {
    let questions = self_service::questions().iter().map(|question| question.id);
    let answers = questions.take(QUESTIONS_CHOSEN).map(answer).collect();
    HolderCommand::BeginRegistration {
        registration: NO_COMMAND,
        proof,
        logged_on_at: ctx.now,
        asked_at: ctx.now,
        answers: Some(answers),
        email: NOTHING,
        code: NewCode { code: Uuid::nil(), key: 0 },
    }
}

fn answer(question: QuestionId) -> Answer {
    Answer { question, secret: NOTHING }
}

impl No {
    fn answer(&self) -> Answered {
        match self {
            Self::LogOn(_) | Self::Rule(_) => Answered::Refused,
            Self::Restricted => Answered::Restricted,
        }
    }

    fn rule(&self) -> RuleId {
        match self {
            Self::LogOn(refusal) => refusal.rule(),
            Self::Rule(refusal) => refusal.rule(),
            Self::Restricted => holder::Refusal::RenewalRequired.rule(),
        }
    }

    fn why(&self) -> String {
        match self {
            Self::LogOn(refusal) => refusal.to_string(),
            Self::Rule(refusal) => refusal.why(),
            Self::Restricted => holder::Refusal::RenewalRequired.to_string(),
        }
    }

    fn way_out(&self) -> &'static str {
        match self {
            Self::LogOn(refusal) => refusal.way_out(),
            Self::Rule(refusal) => refusal.way_out(),
            Self::Restricted => holder::Refusal::RenewalRequired.way_out(),
        }
    }

    fn changes_on(&self) -> Option<NaiveDate> {
        match self {
            Self::Rule(refusal) => refusal.changes_on(),
            Self::LogOn(_) | Self::Restricted => None,
        }
    }

    fn changes_at(&self) -> Option<DateTime<Utc>> {
        if let Self::Rule(Refusal::SelfService(refusal)) = self {
            refusal.at()
        } else if let Self::Rule(Refusal::Unlock(unlock::Refusal::Paused { until })) = self {
            Some(*until)
        } else {
            None
        }
    }
}

/// What a refusal by this rule rests on.
fn topics(rule: RuleId) -> &'static [Topic] {
    match rule.as_str() {
        "P-03" => &[Topic::Person],
        "B-61" | "P-05" => &[Topic::Person, Topic::Card],
        "B-17" => &[Topic::Passcodes, Topic::Certificates],
        "U-01" => &[Topic::Puk],
        "B-52" | "B-55" | "B-57" | "B-19" => &[Topic::Card, Topic::Certificates],
        "B-18" => &[Topic::Passcodes],
        "B-40" | "B-41" => &[Topic::Passcodes, Topic::SelfService, Topic::Unlock],
        "B-37" | "B-34" | "B-35" | "B-36" => &[Topic::SelfService],
        other if other.starts_with('P') => &[Topic::Passcodes],
        other if other.starts_with('C') => &[Topic::Card, Topic::Certificates],
        other if other.starts_with(['U', 'R']) => &[Topic::SelfService],
        _ => &[Topic::Person, Topic::Card, Topic::Passcodes, Topic::Certificates],
    }
}
