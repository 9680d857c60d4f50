//! At first start: every holder of the demonstration lives through his life so far, in the order of
//! time, on the demonstration's own clock. Nothing is written for anybody that he did not do.
//!
//! What was done at an earlier start is found in the log and left alone; what was begun is taken
//! up again, because holder, registration and card have the same names at every start, and the
//! clock stands where it stood. Once all is done that is an event, too: from then on people may have
//! done anything.

use std::{sync::Arc, time::Duration};

use anyhow::{Context as _, bail, ensure};
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    calendar,
    certificate::IdentityEvidence,
    desk::{DeskCommand, IdentityCheck},
    holder::HolderCommand,
    ids::CommandId,
};
use futures::TryStreamExt as _;
use protocol::JobId;
use serde::Serialize;
use stores::{
    agent::PAGE_ROWS_MAX,
    event_store::{Expected, Revision, StreamName},
    token::TokenHash,
    vault::Person as VaultPerson,
};
use virtual_card::Profile;
use workflows::card_job::{Goal, Made};

use super::{
    Demo, READER,
    desk::Desk,
    mailbox::Received,
    population::{Act, ORGANISATIONS, Person, When, role_of, works_at},
    time_machine::{Lever, Service},
};
use crate::{
    agents::Standing,
    app::App,
    execute::{Actor, Cause},
};

/// How often a step is tried before the demonstration says that it gives up.
const TRIES_MAX: u32 = 3;

/// How long to wait for the agent to see what the reader holds.
const CARD_SEEN_MAX: Duration = Duration::from_secs(30);

/// How long to wait for the first agent to connect.
const AGENT_SEEN_MAX: Duration = Duration::from_mins(5);

/// How long a card may take to be updated.
const UPDATE_MAX: Duration = Duration::from_mins(1);

/// What opens no card of these people.
const WRONG_PASSCODE: &str = "000000";

/// B-46: as many wrong passcodes lock a card.
const TRIES: u32 = 3;

/// U-07: as many failed attempts block self-service.
const ATTEMPTS: u32 = 3;

/// B-38: each half of a mailed code has as many characters.
const CODE_GROUP: usize = 4;

/// How long a mail may take, and how often the mailbox is looked into.
const MAIL_MAX: Duration = Duration::from_secs(30);
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// How late somebody may do what he did on a day of the past, because the first start was
/// interrupted.
const LATE_MAX: TimeDelta = TimeDelta::days(1);

/// The stream that says that everybody is there.
const STREAM: &str = "demo-people";

/// Everybody has lived his life so far.
#[derive(Serialize)]
struct PeopleReady {}

impl PeopleReady {
    const KIND: &str = "PeopleReady";
}

/// Something that somebody has yet to do.
struct Pending {
    person: &'static Person,
    when: When,
    act: Act,
}

/// Lets everybody live his life as far as he has not, and says how far it is.
pub async fn set_up(app: App, demo: Demo) {
    if let Err(error) = every_life(&app, &demo).await {
        tracing::error!(error = format!("{error:#}"), "the demonstration's cards are not ready");
        demo.progress.send_modify(|progress| progress.problem = Some(format!("{error:#}")));
    }
}

async fn every_life(app: &App, demo: &Demo) -> anyhow::Result<()> {
    // Without a drawer nobody is there; a later start may have one.
    if demo.people().is_empty() {
        return Ok(());
    }
    if !are_ready(app).await? {
        let lever = demo.time_machine().take_lever()?;
        let mut pending = pending(app, demo).await?;
        note_ready(demo, &pending);
        while let Some((index, at)) = next(app, &pending) {
            let step = pending.remove(index);
            live(app, demo, &lever, &step, at).await.with_context(|| step.person.name)?;
            note_ready(demo, &pending);
        }
        let real_now = app.real_now();
        if app.now() < real_now {
            demo.time_machine().go(&lever, app, real_now, Service::Running).await?;
        }
        put_to_work(app, demo).await?;
        demo.time_machine().forget_last_move();
        let stream: StreamName = STREAM.parse()?;
        let cause = Cause::first(app.entropy().command_id(app.now()));
        app.note(&stream, Expected::Any, cause, PeopleReady::KIND, &PeopleReady {}).await?;
    }
    note_ready(demo, &[]);
    tracing::info!(cards = demo.people().len(), "the demonstration's cards are ready");
    Ok(())
}

/// B-58, B-59: everybody works somewhere, and some are staff. What was done before is left alone.
async fn put_to_work(app: &App, demo: &Demo) -> anyhow::Result<()> {
    let cause = || Cause::first(app.entropy().command_id(app.now()));
    for (code, name, above) in ORGANISATIONS {
        let above = above.map(str::parse).transpose()?;
        app.add_organisation(Actor::Operator, cause(), code.parse()?, name, above).await?;
    }
    for (index, person) in demo.people().iter().enumerate() {
        let organisation = works_at(index, person).parse()?;
        let work = HolderCommand::Desk(DeskCommand::Assign { organisation });
        app.execute(person.holder(), cause(), Actor::Operator, &work).await?;
        let Some((role, at)) = role_of(person) else { continue };
        let grant = HolderCommand::Desk(DeskCommand::GrantRole { role, organisation: at.parse()? });
        app.execute(person.holder(), cause(), Actor::Operator, &grant).await?;
    }
    Ok(())
}

async fn are_ready(app: &App) -> anyhow::Result<bool> {
    let stream: StreamName = STREAM.parse()?;
    let first = app.stores().log.read_stream(&stream, Revision(0)).try_next().await?;
    Ok(first.is_some_and(|event| event.kind == PeopleReady::KIND))
}

fn note_ready(demo: &Demo, pending: &[Pending]) {
    let has_more = |person: &Person| pending.iter().any(|step| step.person.card == person.card);
    let ready = demo.people().iter().filter(|person| !has_more(person));
    let ready = ready.map(|person| person.card).collect();
    demo.progress.send_modify(|progress| progress.ready = ready);
}

/// What is not done yet, everybody's in his order.
async fn pending(app: &App, demo: &Demo) -> anyhow::Result<Vec<Pending>> {
    let mut pending = Vec::new();
    for person in demo.people() {
        let holder = app.load(person.holder()).await?.holder;
        let is_locked = has_locked_card(app, person).await?;
        let is_done = |act: Act| act.is_done(&holder, app.policies(), is_locked);
        let steps = person.life.iter().filter(|step| !is_done(step.act));
        pending.extend(steps.map(|step| Pending { person, when: step.when, act: step.act }));
    }
    Ok(pending)
}

/// The earliest of them, and when it is to be; what is done at the end comes last.
fn next(app: &App, pending: &[Pending]) -> Option<(usize, DateTime<Utc>)> {
    let real_now = app.real_now();
    let today = calendar::civil_day(real_now, app.policies().zone());
    let at = |step: &Pending| step.when.at(app.policies(), today).unwrap_or(real_now);
    let all = pending.iter().map(at).enumerate();
    all.min_by_key(|(index, at)| (*at, *index))
}

async fn live(
    app: &App,
    demo: &Demo,
    lever: &Lever,
    step: &Pending,
    at: DateTime<Utc>,
) -> anyhow::Result<()> {
    wait_for(app, AGENT_SEEN_MAX, async |app| app.agents().any_connected().await)
        .await
        .context("no card agent is connected")?;
    let now = app.now();
    if now < at {
        demo.time_machine().go(lever, app, at, Service::Running).await?;
    } else if at + LATE_MAX < now {
        bail!(
            "this demonstration was begun before its people had a past, or its first start was \
             interrupted for too long; to begin anew, end it and delete var/demo"
        );
    }
    let data =
        VaultPerson { name: step.person.name.to_owned(), email: step.person.email.to_owned() };
    app.stores().vault.put_person(step.person.holder(), &data, app.now()).await?;
    let mut last = None;
    for _ in 0..TRIES_MAX {
        match with_card(app, demo, step).await {
            Ok(()) => return Ok(()),
            Err(error) => {
                let card = step.person.card;
                tracing::warn!(card, error = format!("{error:#}"), "once more");
                last = Some(error);
            }
        }
    }
    Err(last.unwrap_or_else(|| anyhow::anyhow!("it was not tried")))
}

/// The person puts his card into the reader, does it, and takes the card with him.
async fn with_card(app: &App, demo: &Demo, step: &Pending) -> anyhow::Result<()> {
    let person = step.person;
    let profile: Profile =
        person.profile.parse().map_err(|_| anyhow::anyhow!("no such profile"))?;
    let contents = demo.contents().await?;
    if !contents.cards.iter().any(|card| card.name == person.card) {
        let name = person.card;
        demo.ask(move |drawer| drawer.new_card(name, profile)).await?;
    }
    demo.insert(person.card, READER).await?;
    wait_for(app, CARD_SEEN_MAX, any_card).await.context("the agent sees no card")?;
    let done = act(app, step).await;
    demo.remove(READER).await?;
    wait_for(app, CARD_SEEN_MAX, async |app| Ok(!any_card(app).await?))
        .await
        .context("the agent sees the card still")?;
    done?;
    ensure!(is_done(app, step).await?, "it was not done: {:?}", step.when);
    Ok(())
}

async fn is_done(app: &App, step: &Pending) -> anyhow::Result<bool> {
    let is_locked = has_locked_card(app, step.person).await?;
    let holder = app.load(step.person.holder()).await?.holder;
    Ok(step.act.is_done(&holder, app.policies(), is_locked))
}

/// B-46: whether his card has told that no try is left. Nothing else is known of it while it is in the
/// drawer.
async fn has_locked_card(app: &App, person: &Person) -> anyhow::Result<bool> {
    let stream = StreamName::holder(person.holder());
    let mut events = app.stores().log.read_stream(&stream, Revision(0));
    while let Some(event) = events.try_next().await? {
        if event.kind == "LogonRefused" {
            let refused: serde_json::Value = serde_json::from_slice(&event.data)?;
            if refused.pointer("/reason/tries_left").and_then(serde_json::Value::as_u64) == Some(0)
            {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

async fn act(app: &App, step: &Pending) -> anyhow::Result<()> {
    let (person, mut desk) = (step.person, Desk::new(app)?);
    let passcode = passcode_now(app, person).await?;
    let current = ("current_passcode", passcode);
    match step.act {
        Act::Register => {
            let job = personalisation(app, person).await?.to_string();
            let both = [("new_passcode", passcode), ("confirm_passcode", passcode)];
            desk.at_agent(&job, &both).await.map(|_| ())
        }
        Act::Set { account_recovery, verification } => {
            let mut fields = Vec::new();
            for (new, confirm, value) in [
                ("new_account_recovery", "confirm_account_recovery", account_recovery),
                ("new_verification", "confirm_verification", verification),
            ] {
                fields.extend(value.into_iter().flat_map(|value| [(new, value), (confirm, value)]));
            }
            desk.log_in(passcode).await?;
            desk.update(&fields, &[current]).await
        }
        Act::RemoveBoth => {
            let both = [("blank_account_recovery", "true"), ("blank_verification", "true")];
            desk.log_in(passcode).await?;
            desk.update(&both, &[current]).await
        }
        Act::RenewCertificates { .. } => {
            desk.log_in(passcode).await?;
            desk.renew(&[current]).await?;
            updated(app, step).await
        }
        Act::RevokeCertificates => {
            desk.log_in(passcode).await?;
            desk.revoke().await
        }
        Act::RegisterForSelfService => {
            desk.log_in(passcode).await?;
            let before = newest(app, person).await?;
            let code_page = desk.register(person.email, &[current]).await?;
            let code = mailed_code(app, person, before).await?;
            desk.enter_code(&code_page, &code).await
        }
        Act::LockCard => desk.enter_wrongly(WRONG_PASSCODE, TRIES).await,
        Act::FailToUnlock => desk.answer_wrongly(ATTEMPTS).await,
        Act::Forget => Ok(()),
        Act::ChangeSmartcard { to, .. } => {
            let new = [current, ("new_passcode", to), ("confirm_passcode", to)];
            desk.log_in(passcode).await?;
            desk.update(&[("smartcard", "true")], &new).await
        }
    }
}

/// The number of the newest mail to this person; 0 if there is none.
async fn newest(app: &App, person: &'static Person) -> anyhow::Result<u64> {
    Ok(mail_after(app, person, 0).await?.map_or(0, |mail| mail.number))
}

/// The newest mail to this person, if it is newer than that.
async fn mail_after(
    app: &App,
    person: &'static Person,
    number: u64,
) -> anyhow::Result<Option<Received>> {
    let mailbox = Arc::clone(app.demo().context("this is no demonstration")?.mailbox());
    let mails = tokio::task::spawn_blocking(move || mailbox.mails()).await??;
    Ok(mails.into_iter().find(|mail| mail.to == person.email && number < mail.number))
}

/// the code of the mail that comes after the one with this number, as its reader would copy it.
async fn mailed_code(app: &App, person: &'static Person, before: u64) -> anyhow::Result<String> {
    let mut looks = tokio::time::interval(LOOK_EVERY);
    tokio::time::timeout(MAIL_MAX, async {
        loop {
            looks.tick().await;
            let mail = mail_after(app, person, before).await?;
            if let Some(code) = mail.as_ref().and_then(|mail| code_in(&mail.text)) {
                return Ok(code);
            }
        }
    })
    .await
    .context("no code was mailed")?
}

/// The first word of a mail that is a code: two groups of four characters (B-38).
fn code_in(text: &str) -> Option<String> {
    let is_group = |group: &str| {
        let is_of_code = |one: char| one.is_ascii_digit() || one.is_ascii_uppercase();
        group.len() == CODE_GROUP && group.chars().all(is_of_code)
    };
    let is_code = |word: &&str| {
        word.split_once('-').is_some_and(|(first, last)| is_group(first) && is_group(last))
    };
    text.split_whitespace().find(is_code).map(str::to_owned)
}

/// Waits until the card software, which works on by itself, has renewed both certificates.
async fn updated(app: &App, step: &Pending) -> anyhow::Result<()> {
    let holder = step.person.holder();
    let mut place = app.live().place().context("too many pages are kept new")?;
    tokio::time::timeout(UPDATE_MAX, async {
        while !is_done(app, step).await? {
            ensure!(place.rung(holder).await, "the server stops");
        }
        Ok(())
    })
    .await
    .context("it took too long")?
}

/// What opens the card: the last one that he has set.
async fn passcode_now(app: &App, person: &Person) -> anyhow::Result<&'static str> {
    use domain::passcode::Kind::Smartcard;
    let holder = app.load(person.holder()).await?.holder;
    let n_set = holder.passcodes().compare_with(Smartcard, app.policy()).len();
    let values = person.values(Smartcard);
    Ok(values.get(n_set.saturating_sub(1)).copied().unwrap_or(person.passcode))
}

/// Where everybody of the demonstration got the first card.
const OFFICE: &str = "Registration office";

async fn personalisation(app: &App, person: &Person) -> anyhow::Result<JobId> {
    let command: CommandId = person.registration();
    let check = IdentityCheck::by(IdentityEvidence::PhotographOnRecord, OFFICE);
    let (holder, made) = (person.holder(), Made::default());
    let goal = Goal::Personalise { holder, command, check, made, desk: None };
    app.start_job(goal, TokenHash::of(&app.entropy().bytes::<32>())).await
}

/// True if an agent says that a card is in a reader of its.
async fn any_card(app: &App) -> anyhow::Result<bool> {
    let agents = app.stores().agents.list(None, PAGE_ROWS_MAX).await?;
    let standing = app.agents().standing(agents.iter().map(|agent| agent.agent_id)).await?;
    Ok(standing.values().any(|standing| match standing {
        Standing::Connected(seen) => seen.readers.iter().any(|reader| reader.card.is_some()),
        Standing::Missed => false,
    }))
}

/// Waits until something that agents say is so.
async fn wait_for(
    app: &App,
    limit: Duration,
    is_so: impl AsyncFn(&App) -> anyhow::Result<bool>,
) -> anyhow::Result<()> {
    let mut changes = app.agents().changes();
    tokio::time::timeout(limit, async {
        while !is_so(app).await? {
            changes.changed().await?;
        }
        anyhow::Ok(())
    })
    .await
    .context("it took too long")?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_found_in_its_mail() {
        assert_eq!(code_in("Your code is\n\n  7KQM-2XWD\n\nBye").as_deref(), Some("7KQM-2XWD"));
        assert_eq!(code_in("Your well-known code 1 is not here"), None);
    }
}
