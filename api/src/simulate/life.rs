//! Day by day: people log in, the engine is woken when it has something to do, in the order of time.

use std::{path::Path, sync::Arc, time::Instant};

use anyhow::{Context as _, bail};
use chrono::{DateTime, Days, NaiveDate, Utc};
use domain::{
    calendar,
    certificate::IdentityEvidence,
    desk::IdentityCheck,
    holder::{HolderCommand, Registration},
    ids::SecretRef,
    policy::{InForce, Policies},
};
use futures::future;
use stores::{
    event_store::EventStore,
    log::Mode,
    sqlite::{Database, Options},
    truth::Stores,
    vault::{Keys, PEOPLE_MAX, VaultKeys},
};
use workflows::{
    commands::{Actor, LOADED_AT_ONCE_MAX, Loaded},
    engine::{self, AcceptError, Engine},
    mail::{Composer, InMemoryCourier},
};

use super::{
    Plan,
    people::{Person, YEAR_BEFORE},
    visit::{Visit, Way},
};

/// The first day that counts.
const FIRST_DAY: NaiveDate = match NaiveDate::from_ymd_opt(2026, 1, 1) {
    Some(day) => day,
    None => panic!("a day"),
};

/// People who do something at the same time: their streams are read, and their appends committed,
/// together.
const AT_ONCE_MAX: usize = LOADED_AT_ONCE_MAX;

/// Ticks at one instant before the simulation gives up: the engine says that there is always more.
const TICKS_MAX: u32 = 1_000_000;

/// Where the mails' links would lead.
const PORTAL: &str = "http://localhost:7400";

/// A simulation whose stores are open.
pub struct Begun {
    plan: Plan,
    stores: Stores,
    policies: Policies,
    engine: Engine,
    courier: Arc<InMemoryCourier>,
}

/// What a simulation did, beside what is in the log.
#[derive(Debug, Clone, Copy, Default)]
pub struct Life {
    /// Log-ins, refused ones included.
    pub n_logons: u64,
    /// Ticks of the engine.
    pub n_ticks: u64,
    /// How often the breaker stopped the engine, and its operator, a stand-in, said that the clock
    /// was right.
    pub n_accepted: u64,
    /// Mails that the courier was given.
    pub n_mails: u64,
    /// How long all of it took.
    pub elapsed: std::time::Duration,
}

/// A person does something at an instant.
#[derive(Clone, Copy)]
pub(super) struct Act {
    pub(super) at: DateTime<Utc>,
    pub(super) person: Person,
    /// Its day, counted from the first.
    pub(super) number: i64,
    pub(super) what: What,
}

impl Act {
    /// Does it. From when on something is due to him; `None` if nothing ever is.
    pub(super) async fn done(visit: Visit<'_>) -> anyhow::Result<Option<NaiveDate>> {
        match visit.act.what {
            What::Register => register(visit).await,
            What::LogIn => log_in(visit).await,
        }
    }
}

/// What somebody does.
#[derive(Clone, Copy)]
pub(super) enum What {
    Register,
    LogIn,
}

/// Opens the stores of a simulation in an empty folder.
pub async fn begin(plan: Plan, folder: &Path, policies: Policies) -> anyhow::Result<Begun> {
    let database = Database::open(&folder.join("log.sqlite"), &Options::default()).await?;
    // Stand-ins: nothing that is sealed with them is anybody's.
    let keys = VaultKeys {
        pepper: Keys::new(1, [1; 32]),
        seal: Keys::new(1, [2; 32]),
        puk: None,
        code: Keys::new(1, [3; 32]).into(),
    };
    let stores = database.stores(keys);
    let start = midnight(first_day());
    let command = |what| Person::new(plan.seed, u32::MAX).command(what, 0);
    stores::log::open_as(stores.log.as_ref(), Mode::Demo, command("log"), start).await?;
    let first = InForce::new(first_day(), policies.latest().clone());
    stores::policy::open(stores.log.as_ref(), first, command("policy"), start).await?;
    let courier = Arc::new(InMemoryCourier::new());
    let parts = engine::Parts {
        log: Arc::clone(&stores.log),
        vault: stores.vault.clone(),
        policies: Arc::new(policies.clone()),
        composer: Composer::new(PORTAL)?,
        courier: Arc::clone(&courier) as _,
    };
    let engine = Engine::open(&folder.join("workflows.sqlite"), parts).await?;
    Ok(Begun { plan, stores, policies, engine, courier })
}

fn first_day() -> NaiveDate {
    FIRST_DAY - Days::new(YEAR_BEFORE.into())
}

pub(super) fn midnight(day: NaiveDate) -> DateTime<Utc> {
    day.and_time(chrono::NaiveTime::MIN).and_utc()
}

impl Begun {
    /// The log that it writes.
    #[must_use]
    pub fn log(&self) -> &dyn EventStore {
        self.stores.log.as_ref()
    }

    /// The same, for whoever follows it meanwhile.
    #[must_use]
    pub fn shared_log(&self) -> Arc<dyn EventStore> {
        Arc::clone(&self.stores.log)
    }

    /// The numbers it lives by.
    #[must_use]
    pub fn policies(&self) -> &Policies {
        &self.policies
    }

    /// Lives through all days.
    ///
    /// # Errors
    /// If a store fails.
    pub async fn live(&self) -> anyhow::Result<Life> {
        let begun = Instant::now();
        let mut life = Life::default();
        // From which day on something is due, as people know it; nobody is registered yet.
        let mut due_from = vec![None; usize::try_from(self.plan.holders)?];
        let last = midnight(FIRST_DAY + Days::new(self.plan.days.into()));
        let mut day = first_day();
        while midnight(day) < last {
            let acts = self.acts(day, &due_from);
            self.day(&acts, midnight(day + Days::new(1)), &mut due_from, &mut life).await?;
            day = day + Days::new(1);
        }
        life.n_mails = self.courier.n_delivered();
        life.elapsed = begun.elapsed();
        Ok(life)
    }

    /// What people do on a day, by time.
    fn acts(&self, day: NaiveDate, due_from: &[Option<NaiveDate>]) -> Vec<Act> {
        let number = (day - first_day()).num_days();
        let mut acts = Vec::new();
        for (index, due_from) in (0..self.plan.holders).zip(due_from) {
            let person = Person::new(self.plan.seed, index);
            let (what, after) = match due_from {
                None => {
                    let (registered_on, after) = person.registered();
                    (What::Register, (i64::from(registered_on) == number).then_some(after))
                }
                Some(from) => (What::LogIn, person.logs_in(number, *from <= day)),
            };
            acts.extend(after.map(|after| Act { at: midnight(day) + after, person, number, what }));
        }
        acts.sort_by_key(|act| act.at);
        acts
    }

    /// One day: people and engine take turns, in the order of time.
    async fn day(
        &self,
        mut acts: &[Act],
        end: DateTime<Utc>,
        due_from: &mut [Option<NaiveDate>],
        life: &mut Life,
    ) -> anyhow::Result<()> {
        loop {
            let woken = self.engine.next_due().await?.filter(|at| *at < end);
            let until = woken.unwrap_or(end);
            let n_before = acts.partition_point(|act| act.at < until);
            let (before, after) = acts.split_at(n_before);
            acts = after;
            life.n_logons += self.together(before, due_from).await?;
            if !before.is_empty() {
                // What they did may have moved the wake-up.
                continue;
            }
            match woken {
                Some(at) => self.tick(at, life).await?,
                None => return Ok(()),
            }
        }
    }

    /// Lets the engine do everything that is due.
    async fn tick(&self, now: DateTime<Utc>, life: &mut Life) -> anyhow::Result<()> {
        for _ in 0..TICKS_MAX {
            life.n_ticks += 1;
            let ticked = self.engine.tick(now).await?;
            if ticked.stopped {
                life.n_accepted += 1;
                match self.engine.accept(now).await {
                    Ok(_) | Err(AcceptError::NotStopped) => {}
                    Err(error @ (AcceptError::More(_) | AcceptError::Failed(_))) => {
                        return Err(error.into());
                    }
                }
            } else if !ticked.more {
                return Ok(());
            }
        }
        bail!("the engine is never done at {now}")
    }

    /// Each of them is another person, so their order does not matter. How many logged in.
    async fn together(
        &self,
        acts: &[Act],
        due_from: &mut [Option<NaiveDate>],
    ) -> anyhow::Result<u64> {
        let mut n_logons = 0;
        for acts in acts.chunks(AT_ONCE_MAX) {
            self.enter_people(acts).await?;
            let holders: Vec<_> = acts.iter().map(|act| act.person.holder()).collect();
            let mut loaded = self.engine.commands().load_all(&holders).await?;
            let visits = acts.iter().map(|act| (act, loaded.remove(&act.person.holder())));
            let done = future::try_join_all(visits.map(async |(act, loaded)| {
                Act::done(self.visit(act, loaded.context("each person acts once")??)).await
            }));
            for (act, from) in acts.iter().zip(done.await?) {
                n_logons += u64::from(matches!(act.what, What::LogIn));
                due_from[act.person.place()] = from.or(Some(NaiveDate::MAX));
            }
        }
        Ok(n_logons)
    }

    /// Who those are who are registered now.
    async fn enter_people(&self, acts: &[Act]) -> anyhow::Result<()> {
        let registering = acts.iter().filter(|act| matches!(act.what, What::Register));
        let people = registering.map(|Act { person, .. }| (person.holder(), person.contact()));
        let people: Vec<_> = people.collect();
        for people in people.chunks(PEOPLE_MAX) {
            self.stores.vault.put_people(people, acts[0].at).await?;
        }
        Ok(())
    }

    fn visit(&self, act: &Act, loaded: Arc<Loaded>) -> Visit<'_> {
        let way = Way::Log(self.engine.commands(), Box::new(Arc::unwrap_or_clone(loaded)));
        Visit { act: *act, way, policies: &self.policies }
    }
}

/// The first day with a card of his own.
async fn register(mut visit: Visit<'_>) -> anyhow::Result<Option<NaiveDate>> {
    let (person, at) = (visit.act.person, visit.act.at);
    let command = person.command("register", 0);
    let (recovery, verification) = person.wants_optional();
    let secret = |place| SecretRef::derive(command, place);
    let registration = Registration {
        // B-54: good for so many days.
        card: person.card(at, visit.policies.latest().certificate_days)?,
        smartcard: secret(0),
        puk: secret(3),
        account_recovery: recovery.then(|| secret(1)),
        verification: verification.then(|| secret(2)),
        check: IdentityCheck::by(IdentityEvidence::PhotographOnRecord, "RA desk"),
    };
    let register = HolderCommand::Register { registration, organisation: None };
    visit.execute("register", Actor::System, &register).await?;
    Ok(due_from(&visit))
}

/// A log-in, and what the person does about what he is shown.
async fn log_in(mut visit: Visit<'_>) -> anyhow::Result<Option<NaiveDate>> {
    if let Some(proof) = visit.authenticate().await? {
        visit.log_in(&proof).await?;
    }
    Ok(due_from(&visit))
}

/// From when on something is due; `None` if nothing ever is.
fn due_from(visit: &Visit<'_>) -> Option<NaiveDate> {
    let (ctx, holder) = (visit.context(), visit.holder());
    let status = holder.passcodes().status(&ctx);
    let from = status.iter().filter_map(|one| holder.passcodes().current(one.kind));
    let from = from.map(|current| {
        let days = calendar::passcode_days(ctx.policies, current.on, ctx.today());
        days.alerts_from(ctx.policies, ctx.today())
    });
    from.chain(holder.certificates(&ctx).map(|standing| standing.opens_on)).min()
}
