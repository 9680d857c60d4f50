//! One stage, in a process of its own.

use std::{
    collections::BTreeMap,
    fs,
    io::Write as _,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use api::{
    app::App,
    clock::{Clock as _, Entropy, StandingClock},
    commands::serve,
    config::Config,
    simulate::made_up,
    tokens::{self, Wanted},
};
use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use domain::{
    calendar,
    context::Context,
    ids::HolderId,
    logon::{self, Authenticated},
};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use serde_json::json;
use stores::event_store::{Filter, Position};
use tokio::sync::oneshot;
use workflows::{
    commands::LOADED_AT_ONCE_MAX,
    engine::{Engine, Ticked},
    passcode_expiry,
};

use crate::{
    figures::{Spread, Table, count},
    hospital,
    portal::Portal,
};

/// Of `latchkey simulate`, if it is told none.
const SEED: u64 = 1;

/// Warm sweeps that are measured, each of another day.
const WARM_DAYS: u32 = 3;

/// Ticks at one instant before we give up.
const TICKS_MAX: u32 = 100_000;

/// How long the projections may take to read what was swept.
const PROJECTING_MAX: Duration = Duration::from_mins(10);

/// How often a sweep that is to be killed is looked at.
const LOOKING: Duration = Duration::from_millis(2);

/// Checks by themselves, and how many at a time.
const CHECKS: u32 = 50_000;
const CHECKS_AT_ONCE: usize = 8;

/// Checks by HTTP, and how many at a time.
const ASKED: u32 = 20_000;
const ASKED_AT_ONCE: usize = 16;

/// A server at its last day, without its listeners.
struct At {
    app: App,
    clock: Arc<StandingClock>,
    /// Beside the app's own; its mails go nowhere.
    engine: Engine,
    n_holders: u32,
}

/// What a sweep came to.
struct Swept {
    n_recorded: u32,
    elapsed: Duration,
    processor: Duration,
    peak_mib: f64,
}

/// Runs the stage that these arguments name.
pub(crate) async fn stage(arguments: &[String]) -> anyhow::Result<()> {
    let [stage, config, n_holders, rest @ ..] = arguments else {
        anyhow::bail!("a stage, a configuration, a number of holders")
    };
    let at = At::open(Path::new(config), n_holders.parse()?).await?;
    let mut table = Table::new()?;
    match (stage.as_str(), rest) {
        ("shown", []) => at.shown(&mut table).await,
        ("due", []) => at.due(&mut table).await,
        ("cold", []) => at.cold(&mut table).await,
        ("warm", []) => at.warm(&mut table).await,
        ("checks", []) => at.checks(&mut table).await,
        ("half", []) => at.half().await,
        ("resumed", [n, sum, from, day]) => {
            let due = Everybody { n: n.parse()?, sum: sum.parse()? };
            at.resumed(&mut table, due, Position(from.parse()?), day.parse()?).await
        }
        _ => anyhow::bail!("{stage:?} is no stage"),
    }
}

impl At {
    async fn open(config: &Path, n_holders: u32) -> anyhow::Result<Self> {
        let config = Config::load(Some(config), [])?;
        let workflows = config.workflows_database();
        let clock = Arc::new(StandingClock::at(DateTime::UNIX_EPOCH));
        let parts = serve::parts(config, Arc::clone(&clock) as _, Entropy::System).await?;
        let app = App::new(parts);
        let last = stores::log::last(app.stores().log.as_ref()).await?.context("an empty log")?;
        clock.advance(last.at - clock.now());
        let engine = hospital::engine(&app, &workflows).await?;
        Ok(Self { app, clock, engine, n_holders })
    }

    /// The day after the last event.
    fn next_day(&self) -> NaiveDate {
        self.clock.now().date_naive() + Days::new(1)
    }

    /// When alerts are raised on a day.
    fn alert_hour(&self, day: NaiveDate) -> DateTime<Utc> {
        let policies = self.app.policies();
        calendar::at_hour(day, policies.latest().alert_hour, policies.zone())
    }

    fn title(&self, what: &str) -> String {
        format!("{} holders: {what}", self.n_holders)
    }

    /// What is shown, from the log.
    async fn shown(&self, table: &mut Table) -> anyhow::Result<()> {
        let log = self.app.stores().log.as_ref();
        let Position(n_events) = log.head().await?;
        table.value(&self.title("events in the log"), events(n_events), "events", 1);
        table.next()?;
        let begun = Instant::now();
        self.app.projections().rebuild(log).await?;
        let rate = events(n_events) / begun.elapsed().as_secs_f64();
        table.value(&self.title("all projections rebuilt"), rate, "events/s", 1);
        table.value(&self.title("projections: memory at most"), peak_mib()?, "MiB", 1);
        Ok(())
    }

    /// What is due, from the log.
    async fn due(&self, table: &mut Table) -> anyhow::Result<()> {
        let Position(n_events) = self.app.stores().log.head().await?;
        let begun = Instant::now();
        self.engine.rebuild().await?;
        let rate = events(n_events) / begun.elapsed().as_secs_f64();
        table.value(&self.title("wake-ups and outbox rebuilt"), rate, "events/s", 1);
        table.value(&self.title("wake-ups and outbox: memory at most"), peak_mib()?, "MiB", 1);
        Ok(())
    }

    /// A sweep in a new process, with nothing of the files in memory.
    async fn cold(&self, table: &mut Table) -> anyhow::Result<()> {
        let day = self.next_day();
        self.until(self.alert_hour(day) - TimeDelta::seconds(1)).await?;
        table.next()?;
        forget_files()?;
        let swept = self.sweep(self.alert_hour(day)).await?;
        self.print(table, "sweep, cold", &swept);
        self.until(self.alert_hour(day)).await
    }

    /// Sweeps of days one after the other.
    async fn warm(&self, table: &mut Table) -> anyhow::Result<()> {
        let first = self.next_day();
        self.until(self.alert_hour(first)).await?;
        for number in 1..=WARM_DAYS {
            let at = self.alert_hour(first + Days::new(number.into()));
            self.until(at - TimeDelta::seconds(1)).await?;
            table.next()?;
            let swept = self.sweep(at).await?;
            self.print(table, "sweep, warm", &swept);
            let begun = Instant::now();
            self.until(at).await?;
            let elapsed = begun.elapsed().as_secs_f64();
            let title = "its mails, to a courier that carries them nowhere";
            table.value(&self.title(title), elapsed, "s", count(swept.n_recorded));
        }
        Ok(())
    }

    fn print(&self, table: &Table, what: &str, swept: &Swept) {
        let n = count(swept.n_recorded);
        table.value(&self.title(what), swept.elapsed.as_secs_f64(), "s", n);
        let processor = format!("{what}: processor time");
        table.value(&self.title(&processor), swept.processor.as_secs_f64(), "s", n);
        let memory = format!("{what}: memory at most");
        table.value(&self.title(&memory), swept.peak_mib, "MiB", n);
    }

    /// Records everything that is due at this instant; the mails about it are in the outbox then.
    async fn sweep(&self, at: DateTime<Utc>) -> anyhow::Result<Swept> {
        self.clock.advance(at - self.clock.now());
        forget_peak()?;
        let (begun, before) = (Instant::now(), processor()?);
        let mut swept =
            Swept { n_recorded: 0, elapsed: Duration::ZERO, processor: before, peak_mib: 0.0 };
        for _ in 0..TICKS_MAX {
            let ticked = self.engine.tick(at).await?;
            anyhow::ensure!(!ticked.stopped, "the breaker stopped an ordinary day");
            if ticked.n_woken == 0 {
                swept.peak_mib = peak_mib()?;
                return Ok(swept);
            }
            swept.n_recorded += ticked.n_recorded;
            (swept.elapsed, swept.processor) =
                (begun.elapsed(), processor()?.saturating_sub(before));
        }
        anyhow::bail!("the engine is never done at {at}")
    }

    /// Lets the engine do everything up to this instant, its mails too.
    async fn until(&self, end: DateTime<Utc>) -> anyhow::Result<()> {
        for _ in 0..TICKS_MAX {
            let Some(at) = self.engine.next_due().await?.filter(|at| *at <= end) else {
                return Ok(());
            };
            let Ticked { stopped, .. } = self.engine.tick(at).await?;
            anyhow::ensure!(!stopped, "the breaker stopped an ordinary day");
        }
        anyhow::bail!("the engine is never done at {end}")
    }

    /// Log-in checks of people far from each other.
    async fn checks(&self, table: &mut Table) -> anyhow::Result<()> {
        let at = self.alert_hour(self.next_day()) + TimeDelta::hours(1);
        self.clock.advance(at - self.clock.now());
        let (projections, log) =
            (self.app.projections().clone(), Arc::clone(&self.app.stores().log));
        let (stop, stopped) = oneshot::channel::<()>();
        let following = tokio::spawn({
            let projections = projections.clone();
            // Dropped with the sender, too.
            async move { projections.follow(log, async { stopped.await.unwrap_or_default() }).await }
        });
        let head = self.app.stores().log.head().await?;
        projections.wait_for(head, PROJECTING_MAX).await?;
        for what in ["first", "again"] {
            table.next()?;
            forget_peak()?;
            let begun = Instant::now();
            let times = stream::iter(0..CHECKS.min(self.n_holders))
                .map(|turn| self.check(turn))
                .buffer_unordered(CHECKS_AT_ONCE)
                .try_collect::<Vec<_>>()
                .await?;
            let title = format!("log-in checks by themselves, 8 at a time, {what}");
            self.print_checks(table, &title, times, begun.elapsed())?;
        }
        self.ask(table).await?;
        table.value(&self.title("log-in checks: memory at most"), peak_mib()?, "MiB", 1);
        drop(stop);
        Ok(following.await??)
    }

    fn print_checks(
        &self,
        table: &Table,
        title: &str,
        times: Vec<Duration>,
        elapsed: Duration,
    ) -> anyhow::Result<()> {
        let n = times.len();
        #[expect(clippy::cast_precision_loss, reason = "a number of checks")]
        let rate = n as f64 / elapsed.as_secs_f64();
        table.value(&self.title(title), rate, "per second", n);
        table.spread(&self.title(&format!("{title}: each")), &Spread::of(times)?);
        Ok(())
    }

    /// A number of the population, far from that of the turn before.
    fn somebody(&self, turn: u32) -> u32 {
        // A prime beyond the largest number of holders, so it shares no factor with any.
        let place = u64::from(turn) * 10_000_019 % u64::from(self.n_holders);
        u32::try_from(place).unwrap_or(0)
    }

    async fn check(&self, turn: u32) -> anyhow::Result<Duration> {
        let (holder, _) = made_up(SEED, self.somebody(turn))?;
        let begun = Instant::now();
        let loaded = self.app.load(holder).await?;
        let card = loaded.holder.card().context("everybody has a card")?.card.clone();
        let ctx = self.app.context(&loaded);
        // Some have revoked their certificates.
        if let Ok(proof) = Authenticated::by_card(&ctx, &loaded.holder, &card) {
            std::hint::black_box(logon::check(&ctx, &loaded.holder, &proof));
        }
        Ok(begun.elapsed())
    }

    async fn ask(&self, table: &mut Table) -> anyhow::Result<()> {
        let (role, name) = ("logon-checks".to_owned(), "a service".to_owned());
        let wanted = Wanted { role, name, organisation: None, days: 1 }.check()?;
        let token = tokens::issue(&self.app, wanted).await?;
        let portal = Portal::open(&self.app).await?;
        let at = self.clock.now();
        table.next()?;
        let ask = async |turn| {
            let (_, certificate) = made_up(SEED, self.somebody(turn))?;
            let body = json!({ "certificate": certificate, "at": at });
            let request = portal.post("/api/logon-checks", &body);
            let begun = Instant::now();
            let answer = request.bearer_auth(token.bearer.as_str()).send().await?;
            let status = answer.status().as_u16();
            answer.bytes().await?;
            // 403: some have revoked their certificates.
            anyhow::ensure!(matches!(status, 200 | 403), "{status}");
            anyhow::Ok(begun.elapsed())
        };
        let begun = Instant::now();
        let times = stream::iter(0..ASKED.min(self.n_holders))
            .map(ask)
            .buffer_unordered(ASKED_AT_ONCE)
            .try_collect::<Vec<_>>()
            .await?;
        let title = "log-in checks: POST /api/logon-checks over loopback, recorded, 16 at a time";
        self.print_checks(table, title, times, begun.elapsed())
    }

    /// Begins a sweep, and says how many events it has recorded, until it is killed.
    async fn half(&self) -> anyhow::Result<()> {
        let day = self.next_day();
        let at = self.alert_hour(day);
        self.until(at - TimeDelta::seconds(1)).await?;
        self.clock.advance(at - self.clock.now());
        let Position(head) = self.app.stores().log.head().await?;
        let Everybody { n, sum } = self.everybody_due(at).await?;
        let mut out = std::io::stdout();
        writeln!(out, "{n} {sum} {head} {day}")?;
        let engine = self.engine.clone();
        let sweeping = tokio::spawn(async move {
            for _ in 0..TICKS_MAX {
                engine.tick(at).await?;
            }
            anyhow::Ok(())
        });
        let mut looking = tokio::time::interval(LOOKING);
        while !sweeping.is_finished() {
            looking.tick().await;
            let Position(reached) = self.app.stores().log.head().await?;
            writeln!(out, "{}", reached - head)?;
            out.flush()?;
        }
        sweeping.await?
    }

    /// Whoever has something to record at this instant, by the rules and from the log alone.
    async fn everybody_due(&self, at: DateTime<Utc>) -> anyhow::Result<Everybody> {
        let mut due = Everybody::default();
        let everybody: Vec<u32> = (0..self.n_holders).collect();
        for some in everybody.chunks(LOADED_AT_ONCE_MAX) {
            let holders = some.iter().map(|number| Ok(made_up(SEED, *number)?.0));
            let holders = holders.collect::<anyhow::Result<Vec<_>>>()?;
            for (holder, loaded) in self.engine.commands().load_all(&holders).await? {
                let loaded = loaded?;
                let before = Context { now: at, policies: self.app.policies() };
                let before = loaded.context(&before.at(at - TimeDelta::seconds(1)));
                let wake_up = passcode_expiry::wake_up(&before, &loaded.holder);
                if wake_up.is_some_and(|wake_up| wake_up.due_at <= at) {
                    due.add(holder);
                }
            }
        }
        Ok(due)
    }

    /// Ends what another process has begun behind this position, and looks at what both have recorded.
    async fn resumed(
        &self,
        table: &mut Table,
        due: Everybody,
        from: Position,
        day: NaiveDate,
    ) -> anyhow::Result<()> {
        let at = self.alert_hour(day);
        // Leases of the process that was killed run out.
        let later = at + workflows::engine::LEASE + TimeDelta::seconds(1);
        let swept = self.sweep(later).await?;
        let mut n_records: BTreeMap<HolderId, usize> = BTreeMap::new();
        let holders = Filter::Categories(vec!["holder".to_owned()]);
        let mut recorded = self.app.stores().log.read_all(from, holders);
        while let Some(event) = recorded.try_next().await? {
            *n_records.entry(HolderId(event.stream.subject().parse()?)).or_default() += 1;
        }
        let n_twice = n_records.values().filter(|n| **n != 1).count();
        let mut found = Everybody::default();
        for holder in n_records.keys() {
            found.add(*holder);
        }
        let n = usize::try_from(due.n)?;
        let title = self.title("sweep killed half-way: holders with exactly one record");
        table.value(&title, events(found.n), "holders", n);
        let title = self.title("of them, recorded by the second process");
        table.value(&title, f64::from(swept.n_recorded), "holders", n);
        anyhow::ensure!(n_twice == 0, "{n_twice} holders have more than one record");
        anyhow::ensure!(found == due, "not those who were due: {found:?}, {due:?}");
        self.until(later).await
    }
}

/// Holders, by their number and the sum of their ids.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Everybody {
    n: u64,
    sum: u128,
}

impl Everybody {
    fn add(&mut self, holder: HolderId) {
        self.n += 1;
        self.sum = self.sum.wrapping_add(holder.0.as_u128());
    }
}

/// Writes back what is to be written, and lets the system forget all files.
fn forget_files() -> anyhow::Result<()> {
    let status = std::process::Command::new("sync").status()?;
    anyhow::ensure!(status.success(), "sync: {status}");
    fs::write("/proc/sys/vm/drop_caches", "3")
        .context("only root may let the system forget what it has read: no cold sweep")
}

/// The most memory is counted from here on.
fn forget_peak() -> anyhow::Result<()> {
    fs::write("/proc/self/clear_refs", "5").context("the most memory so far")
}

/// The most resident memory, in MiB.
fn peak_mib() -> anyhow::Result<f64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no VmHWM")?;
    let kib: f64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kib / 1024.0)
}

/// Processor time of this process.
fn processor() -> anyhow::Result<Duration> {
    let text = fs::read_to_string("/proc/self/stat")?;
    // Behind the name, which may have blanks: the state, ten numbers, then these two, in hundredths.
    let (_, numbers) = text.rsplit_once(')').context("no process")?;
    let times = numbers.split_whitespace().skip(11).take(2);
    let hundredths: u64 = times.map(str::parse::<u64>).sum::<Result<u64, _>>()?;
    Ok(Duration::from_millis(hundredths * 10))
}

#[expect(clippy::cast_precision_loss, reason = "numbers of events")]
fn events(number: u64) -> f64 {
    number as f64
}
