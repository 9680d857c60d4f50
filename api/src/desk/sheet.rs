//! Somebody's record as the desk sees it: how everything stands, in words, with its day and its rule,
//! and what the one who looks may do about it. No secret, and nothing that helps to guess one.

use chrono::NaiveDate;
use domain::{
    calendar::{self, Phase},
    certificate,
    context::Context,
    desk::{self, Asker, DeskCommand, View},
    holder::Holder,
    ids::{CardSerial, CommandId, HolderId, OrganisationCode},
    passcode::{Kind, Standing, Status},
    refusal::{Refusal, RuleId},
    staff::{Grant, StaffAct},
    unlock,
};
use sha2::{Digest as _, Sha256};
use stores::vault::Person;
use uuid::Uuid;

use super::act;
use crate::{
    app::App,
    execute::{Cause, ExecuteError},
    staff::{Mandate, Member, Record},
};

/// A record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sheet {
    /// Whose.
    pub holder: HolderId,
    /// His name and address; none if they were erased.
    pub person: Option<Person>,
    /// B-61: the card he uses.
    pub card: Option<CardSerial>,
    /// B-59: where he works: code and name.
    pub organisations: Vec<(OrganisationCode, String)>,
    /// B-58: what he may do as staff.
    pub grants: Vec<Grant>,
    /// How everything stands.
    pub lines: Vec<Line>,
    /// What the one who looks may do about it, by his roles, and what would come of it now.
    pub acts: Vec<Offered>,
}

/// An act that somebody may do about a person, by his roles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offered {
    /// Which.
    pub act: StaffAct,
    /// The rule that would refuse it now; `None` if it can be done.
    pub obstacle: Option<Refusal>,
}

/// How one thing stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// What it is about: `smartcard_passcode`, `certificates` …
    pub about: &'static str,
    /// How it stands, in a sentence without full stop.
    pub words: String,
    /// By which rule.
    pub rule: RuleId,
    /// The day that the sentence speaks of.
    pub day: Option<NaiveDate>,
}

/// Which of a day's derived ids stands for having looked.
const VIEWED: &str = "latchkey/v1 viewed";

/// The record as it is now, for this member of staff. That he has looked is recorded, once a day.
///
/// # Errors
/// If a store fails.
pub async fn of(
    app: &App,
    member: &Member,
    mandate: &Mandate,
    record: &Record,
) -> anyhow::Result<Sheet> {
    note_viewed(app, mandate, View::Record).await?;
    let holder = &record.loaded.holder;
    let tree = app.organisations();
    let named =
        |code: &OrganisationCode| (code.clone(), tree.name(code).unwrap_or_default().to_owned());
    let context = app.context(&record.loaded);
    let offered = |act: StaffAct| {
        let mandate = member.may_about(app, act, record).ok()?;
        let warrant = mandate.warrant();
        let by = Asker { staff: Some(warrant.staff()), role: warrant.role() };
        Some(Offered { act, obstacle: desk::obstacle(&context, holder, act, by) })
    };
    Ok(Sheet {
        holder: mandate.holder(),
        person: app.stores().vault.person(record.holder).await?,
        card: holder.card().map(|card| card.card.clone()),
        organisations: holder.roles().assignments().iter().map(named).collect(),
        grants: holder.roles().grants().to_vec(),
        lines: lines(&context, holder),
        acts: StaffAct::ALL.into_iter().filter_map(offered).collect(),
    })
}

/// B-63: that somebody of the staff has looked at something of somebody is a fact of that person's own
/// stream: once for each of them, what was looked at, and civil day.
///
/// # Errors
/// If a store fails.
pub async fn note_viewed(app: &App, mandate: &Mandate, what: View) -> anyhow::Result<()> {
    let day = calendar::civil_day(app.now(), app.policy().zone);
    let label = match what {
        View::Record => "record",
        View::History => "history",
        View::AsOf => "as of",
        View::Name => "name",
    };
    let digest = Sha256::new()
        .chain_update(format!("{VIEWED}\n{label}\n{day}\n"))
        .chain_update(mandate.warrant().staff().0.as_bytes())
        .chain_update(mandate.holder().0.as_bytes())
        .finalize();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    let cause = Cause::first(CommandId(Uuid::new_v8(bytes)));
    match act(app, mandate, cause, DeskCommand::NoteViewed { what }).await {
        // Of somebody who is not registered there is nothing on record to look at.
        Ok(_) | Err(ExecuteError::Refused(_)) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// How everything of a holder stands.
#[must_use]
pub fn lines(context: &Context<'_>, holder: &Holder) -> Vec<Line> {
    if !holder.is_registered() {
        return vec![line("account", "No smartcard has been issued to this person yet", P03, None)];
    }
    let mut lines = vec![card(holder)];
    lines.extend(holder.passcodes().status(context).iter().map(passcode));
    lines.extend(holder.certificates(context).iter().flat_map(certificates));
    lines.extend(self_service(context, holder));
    lines
}

const P03: RuleId = RuleId::new("P-03");

fn line(
    about: &'static str,
    words: impl Into<String>,
    rule: RuleId,
    day: Option<NaiveDate>,
) -> Line {
    Line { about, words: words.into(), rule, day }
}

fn card(holder: &Holder) -> Line {
    let rule = const { RuleId::new("B-61") };
    match holder.card() {
        Some(card) => line("card", format!("Uses smartcard {}", card.card), rule, None),
        None => line("card", "Has no smartcard in use", rule, None),
    }
}

fn passcode(status: &Status) -> Line {
    let about = match status.kind {
        Kind::Smartcard => "smartcard_passcode",
        Kind::AccountRecovery => "account_recovery_passcode",
        Kind::Verification => "verification_passcode",
    };
    let Standing::Set { expires_on, locks_on, phase, .. } = status.standing else {
        return line(about, "Not set", const { RuleId::new("P-04") }, None);
    };
    let date = pages::date;
    if status.standing.is_without_end() {
        return line(about, "Set, and does not expire", const { RuleId::new("P-13") }, None);
    }
    let (words, rule, day) = match (phase, locks_on) {
        (Phase::Current { .. }, _) => (
            format!("Set, and expires on {}", date(expires_on)),
            const { RuleId::new("P-13") },
            expires_on,
        ),
        (Phase::Alert { days_left }, _) => (
            format!("Expires in {days_left} days, on {}", date(expires_on)),
            const { RuleId::new("P-14") },
            expires_on,
        ),
        (Phase::Forced { .. }, Some(locks_on)) => (
            format!("Has expired, and locks the account on {}", date(locks_on)),
            const { RuleId::new("P-17") },
            locks_on,
        ),
        (Phase::Forced { .. }, None) => (
            format!("Has expired on {}", date(expires_on)),
            const { RuleId::new("P-17") },
            expires_on,
        ),
        (Phase::Locked, locks_on) => {
            let since = locks_on.unwrap_or(expires_on);
            let words = format!("Was not renewed, so the account is locked since {}", date(since));
            (words, const { RuleId::new("P-18") }, since)
        }
    };
    line(about, words, rule, Some(day))
}

fn certificates(standing: &certificate::Standing) -> Vec<Line> {
    use certificate::Phase as State;
    let on = pages::date(standing.expires_on);
    let (words, rule) = match standing.phase {
        State::Quiet => (format!("Good until {on}"), const { RuleId::new("B-12") }),
        State::Alert => (format!("End on {on}, and can be renewed"), const { RuleId::new("C-05") }),
        State::Forced => {
            (format!("End on {on}, and must be renewed"), const { RuleId::new("C-07") })
        }
        State::Expired => (format!("Have expired on {on}"), const { RuleId::new("B-52") }),
        State::Suspended => ("Are suspended".to_owned(), const { RuleId::new("B-57") }),
        State::Revoked => ("Have been revoked".to_owned(), const { RuleId::new("C-15") }),
    };
    let mut lines = vec![line("certificates", words, rule, Some(standing.expires_on))];
    let left = standing.self_renewals_left;
    let (words, rule) = if standing.ra_required {
        (
            "The next renewal needs the registration authority".to_owned(),
            const { RuleId::new("C-04") },
        )
    } else if standing.authorised_until.is_some() {
        (
            "The registration authority lets the holder renew now".to_owned(),
            const { RuleId::new("C-04") },
        )
    } else {
        (
            format!("{left} renewals are left without the registration authority"),
            const { RuleId::new("C-03") },
        )
    };
    lines.push(line("renewals", words, rule, None));
    if standing.update_open {
        let words = "An update of the smartcard was begun and is not finished";
        lines.push(line("card_update", words, const { RuleId::new("B-55") }, None));
    }
    lines
}

fn self_service(context: &Context<'_>, holder: &Holder) -> Vec<Line> {
    let self_service = holder.self_service();
    let status = self_service.status(context);
    let zone = context.policies.zone();
    let mut lines = vec![match (status.registered_on, status.awaiting) {
        (Some(on), _) => line(
            "self_service",
            format!("Registered since {}", pages::date(on)),
            const { RuleId::new("R-11") },
            Some(on),
        ),
        (None, Some(_)) => line(
            "self_service",
            "A registration waits for its code",
            const { RuleId::new("B-44") },
            None,
        ),
        (None, None) => line("self_service", "Not registered", const { RuleId::new("U-02") }, None),
    }];
    lines.extend(status.blocked_on.map(|on| {
        let words = format!("Blocked by wrong answers since {}", pages::date(on));
        line("questions", words, const { RuleId::new("B-34") }, Some(on))
    }));
    lines.extend(status.paused_until.map(|until| {
        let words = format!("No unlock before {}", pages::date_and_time(until, &zone));
        let day = calendar::civil_day(until, zone);
        line("unlock", words, const { RuleId::new("B-37") }, Some(day))
    }));
    lines.extend(self_service.recovery_blocked_on().map(|on| {
        let words = format!(
            "The account recovery passcode is not accepted any more since {}, after wrong ones",
            pages::date(on)
        );
        line("recovery_check", words, const { RuleId::new("B-41") }, Some(on))
    }));
    lines.extend(holder.desk().verification_blocked_on().map(|on| {
        let words = format!(
            "The verification passcode is not accepted any more since {}, after wrong ones",
            pages::date(on)
        );
        line("verification_check", words, const { RuleId::new("P-11") }, Some(on))
    }));
    lines.push(match unlock::may_start(context, holder) {
        Ok(()) => {
            let words = "The holder can unlock the smartcard without help";
            line("unlock", words, const { RuleId::new("U-01") }, None)
        }
        Err(refusal) => {
            let words = format!(
                "The holder cannot unlock the smartcard without help, and is told: {refusal}"
            );
            line("unlock", words, refusal.rule(), None)
        }
    });
    lines
}
