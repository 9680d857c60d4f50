//! The whole state of a holder at an instant, in the words of the rules, as canonical JSON: the same
//! bytes from the log and from an export of it.

use anyhow::Context as _;
use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use domain::{
    card::{CardUpdate, IssuedCertificate},
    certificate::{self, Renewer},
    context::Context,
    desk::{CloseReason, SuspensionReason},
    expiry::{self, Scheduled},
    holder::Holder,
    ids::{CardSerial, HolderId, OrganisationCode},
    logon::{self, Authenticated, Verdict},
    passcode::{Kind, Standing},
    refusal::RuleId,
    staff::Grant,
    unlock::{Means, Stage},
};
use serde::{Serialize, Serializer};
use stores::event_store::{Position, Revision, canonical};

use super::{
    facts::{Fact, Topic},
    story::Story,
};

/// A holder as of an instant.
#[derive(Debug, Clone, Serialize)]
pub struct AsOf {
    /// Who.
    pub holder: HolderId,
    /// The instant.
    #[serde(serialize_with = "micros")]
    pub at: DateTime<Utc>,
    /// Its civil day, by which ages are counted (B-01).
    pub day: NaiveDate,
    /// The version of the policy in force then.
    pub policy: Version,
    /// P-03: whether he was registered.
    pub person: Person,
    /// what a log-in with his card would have opened.
    pub log_on: LogOn,
    /// The three passcodes, in the order of the page.
    pub passcodes: Vec<Passcode>,
    /// B-61: the active card; none if he had none.
    pub card: Option<Card>,
    /// C-01 to C-07: the certificates of that card.
    pub certificates: Option<Certificates>,
    /// Registration, codes and attempts.
    pub self_service: SelfService,
    /// The unlock that was under way.
    pub unlock: Option<Unlock>,
    /// What is on record of the card's unlocking key.
    pub unlocking_key: UnlockingKey,
    /// B-58, B-59: where he worked, and what he might do as staff.
    pub roles: Roles,
    /// What was to come for his passcodes if nothing was done.
    pub scheduled: Vec<Scheduled>,
    /// His last event until then; none if there was none.
    pub last: Option<Last>,
}

/// A version of the policy.
#[derive(Debug, Clone, Serialize)]
pub struct Version {
    /// Its number.
    pub version: u32,
    /// Its name.
    pub name: String,
}

/// The person.
#[derive(Debug, Clone, Serialize)]
pub struct Person {
    /// True once he was registered.
    pub registered: bool,
    /// B-45: the account was closed on this day.
    pub closed_on: Option<NaiveDate>,
    /// Why it was closed.
    pub closed_because: Option<CloseReason>,
    /// The vault knew nothing of him any more, since this day.
    pub erased_on: Option<NaiveDate>,
    /// P-19, B-30: the registration authority had let him unlock his account, until then.
    #[serde(serialize_with = "micros_or_none")]
    pub account_unlock_until: Option<DateTime<Utc>>,
    /// What it rests on.
    pub facts: Vec<Fact>,
}

/// What a log-in would have come to.
#[derive(Debug, Clone, Serialize)]
pub struct LogOn {
    /// `full`, `restricted`, `locked`, or `nothing` if it was refused.
    pub opens: &'static str,
    /// The rule that refused it.
    pub rule: Option<RuleId>,
    /// Why.
    pub why: Option<String>,
    /// What it rests on, beside passcodes and certificates.
    pub facts: Vec<Fact>,
}

/// A passcode.
#[derive(Debug, Clone, Serialize)]
pub struct Passcode {
    /// Which.
    pub kind: Kind,
    /// How it stood.
    pub standing: Standing,
    /// What it rests on.
    pub facts: Vec<Fact>,
}

/// The active card.
#[derive(Debug, Clone, Serialize)]
pub struct Card {
    /// Its serial number.
    pub serial: CardSerial,
    /// Its certificates.
    pub certificates: Vec<IssuedCertificate>,
    /// B-55: an update of it was open, since that day.
    pub update_open_since: Option<NaiveDate>,
    /// What it rests on.
    pub facts: Vec<Fact>,
}

/// How the certificates of a card stood.
#[derive(Debug, Clone, Serialize)]
pub struct Certificates {
    /// Their phase.
    pub phase: certificate::Phase,
    /// B-48: the last instant of the one that ends first.
    #[serde(serialize_with = "micros")]
    pub expires_at: DateTime<Utc>,
    /// Days until the civil day of that instant.
    pub days_left: i64,
    /// C-01: from this day they can be renewed.
    pub opens_on: NaiveDate,
    /// C-07: from this day they have to be.
    pub forced_on: NaiveDate,
    /// B-57: suspended since this day.
    pub suspended_on: Option<NaiveDate>,
    /// Why they were suspended.
    pub suspended_because: Option<SuspensionReason>,
    /// C-03: renewals that are left without the registration authority.
    pub self_renewals_left: u8,
    /// C-04: the registration authority has to renew them.
    pub ra_required: bool,
    /// C-04: it has let him renew, until then.
    #[serde(serialize_with = "micros_or_none")]
    pub authorised_until: Option<DateTime<Utc>>,
    /// By whose leave he could renew; none if he could not.
    pub may_renew: Option<Renewer>,
    /// What it rests on.
    pub facts: Vec<Fact>,
}

/// How he stood with self-service.
#[derive(Debug, Clone, Serialize)]
pub struct SelfService {
    /// registered since this day.
    pub registered_on: Option<NaiveDate>,
    /// B-44: a registration waited for its code, until then.
    #[serde(serialize_with = "micros_or_none")]
    pub awaiting_code_until: Option<DateTime<Utc>>,
    /// B-33: failed attempts since the last success.
    pub failed_attempts: u8,
    /// U-07: blocked since this day.
    pub blocked_on: Option<NaiveDate>,
    /// B-37: no unlock before this instant.
    #[serde(serialize_with = "micros_or_none")]
    pub paused_until: Option<DateTime<Utc>>,
    /// B-41: wrong account recovery passcodes since the last was set.
    pub wrong_recovery_passcodes: u8,
    /// B-41: not compared any more, since this day.
    pub recovery_blocked_on: Option<NaiveDate>,
    /// P-11: wrong verification passcodes since the last was set.
    pub wrong_verification_passcodes: u8,
    /// P-11: not compared any more, since this day.
    pub verification_blocked_on: Option<NaiveDate>,
    /// What it rests on.
    pub facts: Vec<Fact>,
}

/// An unlock that was under way, or done last.
#[derive(Debug, Clone, Serialize)]
pub struct Unlock {
    /// Of which card.
    pub card: CardSerial,
    /// How far it was: `questions`, `recovery_passcode`, `code`, `passcode`, `done`.
    pub stage: &'static str,
    /// What he proved himself by.
    pub by: Means,
    /// What it rests on.
    pub facts: Vec<Fact>,
}

/// What was on record of the card's unlocking key, never the key.
#[derive(Debug, Clone, Serialize)]
pub struct UnlockingKey {
    /// True if one was that the card may have.
    pub on_record: bool,
    /// Since when an agent had what the card may still have had.
    #[serde(serialize_with = "micros_or_none")]
    pub exposed_since: Option<DateTime<Utc>>,
    /// What it rests on.
    pub facts: Vec<Fact>,
}

/// Organisations and roles.
#[derive(Debug, Clone, Serialize)]
pub struct Roles {
    /// The organisations that he was assigned to.
    pub assignments: Vec<OrganisationCode>,
    /// His roles.
    pub grants: Vec<Grant>,
    /// What it rests on.
    pub facts: Vec<Fact>,
}

/// The last event.
#[derive(Debug, Clone, Serialize)]
pub struct Last {
    /// Its place in the holder's stream.
    pub revision: Revision,
    /// Its place in the log.
    pub position: Position,
}

impl AsOf {
    /// What a story comes to.
    ///
    /// # Errors
    /// If there was no policy yet.
    pub fn of(story: &Story) -> anyhow::Result<Self> {
        let ctx = story.context()?;
        let (holder, policy) = (&story.state, ctx.policy());
        let desk = holder.desk();
        Ok(Self {
            holder: story.holder,
            at: story.at,
            day: ctx.today(),
            policy: Version { version: policy.version, name: policy.name.clone() },
            person: Person {
                registered: holder.is_registered(),
                closed_on: desk.closed().map(|(on, _)| on),
                closed_because: desk.closed().map(|(_, because)| because),
                erased_on: desk.erased_on(),
                account_unlock_until: holder
                    .card()
                    .and_then(|card| desk.account_unlock(&card.card, story.at)),
                facts: story.facts.about(&[Topic::Person]),
            },
            log_on: log_on(&ctx, story),
            passcodes: holder
                .passcodes()
                .status(&ctx)
                .into_iter()
                .map(|status| Passcode {
                    kind: status.kind,
                    standing: status.standing,
                    facts: story.facts.about_passcode(status.kind.as_str()),
                })
                .collect(),
            card: card(story),
            certificates: certificates(&ctx, story),
            self_service: self_service(&ctx, story),
            unlock: unlock(&ctx, story),
            unlocking_key: UnlockingKey {
                on_record: !holder.puk().is_unknown(),
                exposed_since: holder.puk().exposed_since(),
                facts: story.facts.about(&[Topic::Puk]),
            },
            roles: Roles {
                assignments: holder.roles().assignments().to_vec(),
                grants: holder.roles().grants().to_vec(),
                facts: story.facts.about(&[Topic::Roles]),
            },
            scheduled: expiry::schedule(&ctx, holder),
            last: story.last.map(|(revision, position)| Last { revision, position }),
        })
    }

    /// As canonical JSON (RFC 8785), with an end of line.
    ///
    /// # Errors
    /// If it cannot be written so.
    pub fn bytes(&self) -> anyhow::Result<Vec<u8>> {
        let mut bytes = canonical(self).context("the state of a holder")?;
        bytes.push(b'\n');
        Ok(bytes)
    }
}

/// P-05, A-01: with the active card and the right passcode.
fn log_on(ctx: &Context<'_>, story: &Story) -> LogOn {
    let facts = story.facts.about(&[Topic::LogOn]);
    let holder = &story.state;
    let refused = |refusal: logon::LogonRefusal| LogOn {
        opens: "nothing",
        rule: Some(refusal.rule()),
        why: Some(refusal.to_string()),
        facts: facts.clone(),
    };
    match proof(ctx, holder) {
        Err(refusal) => refused(refusal),
        Ok(proof) => {
            let opens = match logon::check(ctx, holder, &proof).verdict {
                Verdict::Full => "full",
                Verdict::Restricted => "restricted",
                Verdict::Locked => "locked",
            };
            LogOn { opens, rule: None, why: None, facts }
        }
    }
}

/// What the active card is good for, had its holder agreed. Without one it is as a log-in by any card
/// that was his: the account is closed (B-45), or the card is not in use (B-61).
pub(super) fn proof(
    ctx: &Context<'_>,
    holder: &Holder,
) -> Result<Authenticated, logon::LogonRefusal> {
    match holder.card() {
        Some(active) => Authenticated::by_card(ctx, holder, &active.card),
        None if holder.desk().closed().is_some() => Err(logon::LogonRefusal::AccountClosed),
        None => Err(logon::LogonRefusal::CardNotKnown),
    }
}

fn card(story: &Story) -> Option<Card> {
    let active = story.state.card()?;
    let open = story.state.card_update().filter(|open| open.is_touched());
    Some(Card {
        serial: active.card.clone(),
        certificates: active.certificates.clone(),
        update_open_since: open.map(|open: &CardUpdate| open.begun_on),
        facts: story.facts.about(&[Topic::Card]),
    })
}

fn certificates(ctx: &Context<'_>, story: &Story) -> Option<Certificates> {
    let standing = story.state.certificates(ctx)?;
    let suspended = story.state.certificate_records().suspended();
    Some(Certificates {
        phase: standing.phase,
        expires_at: standing.expires_at,
        days_left: standing.days_left,
        opens_on: standing.opens_on,
        forced_on: standing.forced_on,
        suspended_on: suspended.map(|(on, _)| on),
        suspended_because: suspended.map(|(_, reason)| reason),
        self_renewals_left: standing.self_renewals_left,
        ra_required: standing.ra_required,
        authorised_until: standing.authorised_until,
        may_renew: standing.may_renew.ok(),
        facts: story.facts.about(&[Topic::Certificates]),
    })
}

fn self_service(ctx: &Context<'_>, story: &Story) -> SelfService {
    let folded = story.state.self_service();
    let status = folded.status(ctx);
    SelfService {
        registered_on: status.registered_on,
        awaiting_code_until: status.awaiting.map(|awaiting| awaiting.until),
        failed_attempts: folded.failures(),
        blocked_on: status.blocked_on,
        paused_until: status.paused_until,
        wrong_recovery_passcodes: folded.recovery_failures(),
        recovery_blocked_on: folded.recovery_blocked_on(),
        wrong_verification_passcodes: story.state.desk().verification_failures(),
        verification_blocked_on: story.state.desk().verification_blocked_on(),
        facts: story.facts.about(&[Topic::SelfService]),
    }
}

fn unlock(ctx: &Context<'_>, story: &Story) -> Option<Unlock> {
    let unlock = story.state.self_service().unlock(ctx)?;
    let stage = match unlock.stage {
        Stage::Questions { .. } => "questions",
        Stage::RecoveryPasscode => "recovery_passcode",
        Stage::Code => "code",
        Stage::Passcode { .. } => "passcode",
        Stage::Done => "done",
    };
    let facts = story.facts.about(&[Topic::Unlock]);
    Some(Unlock { card: unlock.card, stage, by: unlock.by, facts })
}

/// An instant as an export has it: to the microsecond.
#[must_use]
pub fn text(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Micros, true)
}

/// [`text`], for `serde`.
pub(super) fn micros<S: Serializer>(at: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&text(*at))
}

#[expect(clippy::ref_option, reason = "the form that serde asks for")]
fn micros_or_none<S: Serializer>(
    at: &Option<DateTime<Utc>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    at.map(text).serialize(serializer)
}
