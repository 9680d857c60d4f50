//! A population's life as data. Each person lives alone, in memory, by the rules and with the commands of
//! the simulation that has a log under it; then everything is written at once, in the order of time.

use std::{
    path::PathBuf,
    sync::atomic::{AtomicU32, Ordering},
    thread,
};

use anyhow::Context as _;
use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use domain::{card::CardBound, context::Context, policy::Policies};
use futures::FutureExt as _;
use stores::{
    bulk::{Append, Bulk},
    event_store::StreamName,
};
use workflows::{
    commands::{Actor, Cause},
    lived::Lived,
};

use super::{
    life::{Act, What, midnight},
    people::{Person, YEAR_BEFORE},
    spill::{Kept, Spill},
    visit::{Visit, Way},
};

/// The most holders of a history.
pub const HISTORY_HOLDERS_MAX: u32 = 10_000_000;

/// The most days of a history after the year in which everybody is registered.
pub const HISTORY_DAYS_MAX: u32 = 365;

/// People whom a thread takes at a time.
const PORTION: u32 = 256;

/// How often somebody may be woken in his life.
const WAKES_MAX: u32 = 10_000;

/// The most people who are entered at once.
const ENTERED_AT_ONCE_MAX: usize = 4_096;

/// The version of the card management key by which cards are bound.
const MANAGEMENT_KEY: u32 = 1;

/// Whose life is written, and until when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Past {
    /// Holders, up to [`HISTORY_HOLDERS_MAX`].
    pub holders: u32,
    /// Days after the year in which everybody is registered, up to [`HISTORY_DAYS_MAX`].
    pub days: u32,
    /// What everybody does follows from it.
    pub seed: u64,
    /// The first day of which nothing is written any more.
    pub until: NaiveDate,
}

impl Past {
    /// The first instant.
    #[must_use]
    pub fn begins(&self) -> DateTime<Utc> {
        midnight(self.first_day())
    }

    fn first_day(&self) -> NaiveDate {
        self.until - Days::new((YEAR_BEFORE + self.days).into())
    }

    fn n_days(&self) -> u32 {
        YEAR_BEFORE + self.days
    }
}

/// Lives through all of it and writes it behind what is there. `beside` is a folder that is made, and gone
/// again in the end: for a while it takes as much room as the log. How many events the log has then.
///
/// # Errors
/// If a file or the database cannot be written, or a rule refuses what it should not.
pub async fn write(
    past: Past,
    policies: &Policies,
    beside: PathBuf,
    mut bulk: Bulk,
) -> anyhow::Result<u64> {
    anyhow::ensure!(past.holders <= HISTORY_HOLDERS_MAX, "at most {HISTORY_HOLDERS_MAX} holders");
    anyhow::ensure!(past.days <= HISTORY_DAYS_MAX, "at most {HISTORY_DAYS_MAX} days");
    let n_days = usize::try_from(past.n_days())?;
    let spill = Spill::begin(beside, n_days)?;
    tokio::task::block_in_place(|| live_all(past, policies, &spill))?;
    let mut lived = spill.take(0)?;
    for day in 1..=n_days {
        // The next day is read while this one is written.
        let reading = async { tokio::task::block_in_place(|| take(&spill, day, n_days)) };
        let (next, ()) =
            futures::future::try_join(reading, add(&mut bulk, lived, past.seed)).await?;
        lived = next;
    }
    Ok(bulk.finish().await?)
}

fn take(spill: &Spill, day: usize, n_days: usize) -> anyhow::Result<Vec<Kept>> {
    if day < n_days { spill.take(day) } else { Ok(Vec::new()) }
}

/// One day: what happened, and who came.
async fn add(bulk: &mut Bulk, lived: Vec<Kept>, seed: u64) -> anyhow::Result<()> {
    let Some(now) = lived.first().map(|first| first.append.at) else { return Ok(()) };
    let came = lived.iter().filter(|one| is_first(&one.append));
    let came: Vec<_> = came
        .map(|one| Person::new(seed, one.person))
        .map(|person| (person.holder(), person.contact()))
        .collect();
    for people in came.chunks(ENTERED_AT_ONCE_MAX) {
        bulk.enter(people, now).await?;
    }
    for one in lived {
        bulk.append(one.append).await?;
    }
    Ok(())
}

fn is_first(append: &Append) -> bool {
    append.from.0 == 0 && append.stream.category() == "holder"
}

/// Everybody, on all processors.
fn live_all(past: Past, policies: &Policies, spill: &Spill) -> anyhow::Result<()> {
    let next = AtomicU32::new(0);
    let work = || {
        loop {
            let first = next.fetch_add(PORTION, Ordering::Relaxed);
            if past.holders <= first {
                return anyhow::Ok(());
            }
            for number in first..past.holders.min(first + PORTION) {
                keep(past, policies, spill, number)?;
            }
        }
    };
    let n_threads = thread::available_parallelism()?.get();
    thread::scope(|scope| {
        let threads: Vec<_> = (0..n_threads).map(|_| scope.spawn(work)).collect();
        let mut done = Ok(());
        for thread in threads {
            done = done.and(thread.join().unwrap_or_else(|_| Err(anyhow::anyhow!("a panic"))));
        }
        done
    })
}

fn keep(past: Past, policies: &Policies, spill: &Spill, number: u32) -> anyhow::Result<()> {
    let person = Person::new(past.seed, number);
    for (place, append) in (0..).zip(One::lives(past, policies, person)?) {
        let day = usize::try_from((append.at.date_naive() - past.first_day()).num_days())?;
        spill.keep(day, &Kept { person: number, place, append })?;
    }
    Ok(())
}

/// One person's life.
struct One<'a> {
    person: Person,
    policies: &'a Policies,
    lived: Lived,
}

impl<'a> One<'a> {
    /// All of it.
    fn lives(past: Past, policies: &'a Policies, person: Person) -> anyhow::Result<Vec<Append>> {
        let mut one = Self { person, policies, lived: Lived::nothing(person.holder()) };
        let first_day = past.first_day();
        let (registered_on, after) = person.registered();
        let instant = |number: u32| midnight(first_day + Days::new(number.into()));
        let at = instant(registered_on) + after;
        one.bind_card(at)?;
        let mut due = one.acts(What::Register, registered_on, at)?;
        for number in registered_on + 1..past.n_days() {
            let day = first_day + Days::new(number.into());
            let Some(after) = person.logs_in(number.into(), due <= day) else { continue };
            let at = instant(number) + after;
            one.sleep_until(at)?;
            due = one.acts(What::LogIn, number, at)?;
        }
        // Whoever is due at the end belongs to whoever goes on.
        one.sleep_until(instant(past.n_days()) - TimeDelta::microseconds(1))?;
        Ok(one.lived.into_appends())
    }

    /// Whose the card is, before he has it.
    fn bind_card(&mut self, at: DateTime<Utc>) -> anyhow::Result<()> {
        let ctx = Context { now: at, policies: self.policies };
        let card = self.person.card(at, self.policies.latest().certificate_days)?.card;
        let cause = Cause::first(self.person.command("bind", 0));
        let bound = CardBound { holder: self.person.holder(), management_key: MANAGEMENT_KEY };
        let told = (CardBound::KIND, &bound);
        Ok(self.lived.note(&ctx, StreamName::card(&card), cause, &Actor::System, told)?)
    }

    /// Does something, and is told by mail what there is to tell. From when on something is due.
    fn acts(&mut self, what: What, number: u32, at: DateTime<Utc>) -> anyhow::Result<NaiveDate> {
        let act = Act { at, person: self.person, number: number.into(), what };
        let way = Way::Life(&mut self.lived);
        let done = Act::done(Visit { act, way, policies: self.policies });
        let due = done.now_or_never().context("there is nothing to wait for without a log")??;
        self.tell(at)?;
        Ok(due.unwrap_or(NaiveDate::MAX))
    }

    /// Is woken whenever there is something to record, up to this instant.
    fn sleep_until(&mut self, end: DateTime<Utc>) -> anyhow::Result<()> {
        for _ in 0..WAKES_MAX {
            let ctx = Context { now: end, policies: self.policies };
            let Some(at) = self.lived.due_at(&ctx).filter(|at| *at <= end) else { return Ok(()) };
            self.lived.wake(&ctx.at(at))?;
            self.tell(at)?;
        }
        anyhow::bail!("a person is never done sleeping")
    }

    fn tell(&mut self, at: DateTime<Utc>) -> anyhow::Result<()> {
        // Not before what it tells of.
        let now = self.lived.loaded().last_at.map_or(at, |last| last.max(at));
        let ctx = Context { now, policies: self.policies };
        Ok(self.lived.tell(&ctx)?)
    }
}
