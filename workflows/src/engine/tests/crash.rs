//! kill -9 in the middle of it, again and again: what the engine records is there once, every mail
//! goes out, nothing that was acknowledged is lost, and whoever asks meanwhile gets the right phase.
//!
//! The parent starts this very test binary as a child, tells it the time, and kills it after a
//! pseudo-random number of what the child says it does, or when its mail server has a mail that it
//! has not acknowledged. Two children live, and die, on each day; then the parent lets the same
//! engine do what is left, and compares log and mails with what the calendar says ([`plan`]).

mod child;
mod mail_server;
mod plan;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicU32, Ordering},
    },
};

use chrono::NaiveDate;
use domain::calendar::Phase;
use futures::TryStreamExt as _;
use serde_json::Value;
use stores::{
    event_store::{Filter, Position, Recorded},
    sqlite::Database,
};
use uuid::Uuid;

use self::{
    child::{Ack, FOLDER, Line, MARK, RUN, Run, renewal},
    mail_server::MailServer,
    plan::{Planned, What, at, day},
};
use super::{super::*, world::*};

/// How many times to kill; CI asks for more.
const CYCLES: &str = "LATCHKEY_CRASH_CYCLES";
const CYCLES_DEFAULT: u64 = 10;

/// Kills on each day.
const KILLS_A_DAY: u64 = 2;

/// A child is killed after at most so many of its lines: about as many as a whole day has.
const LINES_MAX: u64 = 160;

/// Or at one of so many mails.
const MAILS_MAX: u64 = 12;

/// When the parent does what is left: at last past every lease.
const AFTERWARDS: [TimeDelta; 3] = [TimeDelta::zero(), LEASE, MAIL_LEASE];

fn phase_in_words(phase: Phase) -> &'static str {
    match phase {
        Phase::Current { .. } => "current",
        Phase::Alert { .. } => "alert",
        Phase::Forced { .. } => "forced",
        Phase::Locked => "locked",
    }
}

/// A different number for each cycle, the same in each run (Knuth's multiplicative hash).
fn pseudo_random(cycle: u64, max: u64) -> u32 {
    u32::try_from(1 + (cycle.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 33) % max).unwrap()
}

/// What counts down to the end of a child.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    Line,
    Mail,
}

/// A running child, and when it is killed.
struct Doomed {
    child: Mutex<Child>,
    step: Step,
    left: AtomicU32,
}

impl Doomed {
    /// Kills the child if this was the step; true then.
    fn count(&self, step: Step) -> bool {
        let is_last = self.step == step && self.left.fetch_sub(1, Ordering::SeqCst) == 1;
        if is_last {
            self.kill();
        }
        is_last
    }

    fn kill(&self) {
        self.child.lock().unwrap().kill().unwrap();
    }
}

/// What one child has said and sent.
#[derive(Default)]
struct Life {
    acks: Vec<Ack>,
    reads: Vec<(u128, NaiveDate, String, bool)>,
    mails: Vec<String>,
}

/// Runs a child, and kills it at the latest when it has nothing left to do.
fn run_and_kill(folder: &Path, cycle: u64, moments: Vec<DateTime<Utc>>, renewing: &[u128]) -> Life {
    let step = if cycle.is_multiple_of(4) { Step::Mail } else { Step::Line };
    let max = if step == Step::Mail { MAILS_MAX } else { LINES_MAX };
    let left = AtomicU32::new(pseudo_random(cycle, max));
    let doomed: Arc<OnceLock<Doomed>> = Arc::default();
    let server = MailServer::start({
        let doomed = doomed.clone();
        move || doomed.get().is_none_or(|doomed| !doomed.count(Step::Mail))
    });
    let run = Run { moments, renewing: renewing.to_vec(), mail_server: server.address };
    let test = "engine::tests::crash::child::\
                the_child_of_the_crash_test_does_what_is_due_until_it_is_killed";
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([test, "--exact", "--nocapture", "--test-threads=1"])
        .env(FOLDER, folder)
        .env(RUN, serde_json::to_string(&run).unwrap())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let output = BufReader::new(child.stdout.take().unwrap());
    let doomed = doomed.get_or_init(|| Doomed { child: Mutex::new(child), step, left });
    let mut life = Life::default();
    for printed in output.lines() {
        let printed = printed.unwrap();
        // It may stand behind what the test harness prints; the last one may be torn.
        let Some((_, json)) = printed.split_once(MARK) else { continue };
        let Ok(said) = serde_json::from_str(json) else { continue };
        match said {
            Line::InVault | Line::Appending => drop(doomed.count(Step::Line)),
            Line::Appended(ack) => {
                life.acks.push(ack);
                doomed.count(Step::Line);
            }
            Line::Read { holder, set_on, phase, after_renewal } => {
                life.reads.push((holder, set_on, phase, after_renewal));
            }
            Line::Quiet => doomed.kill(),
        }
    }
    let status = doomed.child.lock().unwrap().wait().unwrap();
    assert!(!status.success(), "the child ended before it was killed");
    life.mails = server.end();
    life
}

/// What the parent knows of log and mails so far.
#[derive(Default)]
struct Known {
    /// Every event's place; all of them, in order.
    log: Vec<(String, u64, Uuid)>,
    next_revisions: HashMap<String, u64>,
    events: BTreeSet<Uuid>,
    /// The events of the day that the engine recorded, and their ids.
    recorded: Vec<(What, Uuid)>,
    renewed: BTreeSet<u128>,
    /// The events that a mail was delivered about, ever.
    told: BTreeSet<Uuid>,
    /// Every mail by its Message-ID, and how often it came.
    mails: BTreeMap<String, (String, u32)>,
    n_repeats: u32,
}

impl Known {
    /// What is new in the log: positions and revisions without gaps, every event once.
    async fn read(&mut self, world: &World) {
        let from = Position(self.log.len().try_into().unwrap());
        let new: Vec<Recorded> =
            world.stores.log.read_all(from, Filter::All).try_collect().await.unwrap();
        for event in new {
            assert_eq!(event.position.0, u64::try_from(self.log.len()).unwrap() + 1);
            let next = self.next_revisions.entry(event.stream.to_string()).or_default();
            assert_eq!(event.revision.0, *next);
            *next += 1;
            assert!(self.events.insert(event.id.0), "{} is there twice", event.id.0);
            self.log.push((event.stream.to_string(), event.revision.0, event.id.0));
            self.note(&event);
        }
    }

    fn note(&mut self, event: &Recorded) {
        let data: Value = serde_json::from_slice(&event.data).unwrap();
        let text = |name: &str| data[name].as_str().unwrap().to_owned();
        let kind = match event.kind.as_str() {
            "AlertRaised" => ("AlertRaised", "on"),
            "RenewalForced" => ("RenewalForced", "effective_from"),
            "LockAnnounced" => ("LockAnnounced", "on"),
            "AccountLocked" => ("AccountLocked", "effective_from"),
            "PasscodeSet" => {
                self.renewed.insert(number(event.stream.subject()));
                return;
            }
            "MailDelivered" => {
                let about = text("event").parse().unwrap();
                assert!(self.told.insert(about), "{about} was told of twice");
                return;
            }
            "HolderRegistered" => return,
            other => panic!("nobody asked for {other}"),
        };
        let (kind, named) = kind;
        let holder = number(event.stream.subject());
        let day = text(named).parse().unwrap();
        self.recorded.push((What { holder, kind, day }, event.id.0));
    }

    /// Every acknowledged append is where the answer said.
    fn assert_kept(&self, acks: &[Ack]) {
        for ack in acks {
            let kept = usize::try_from(ack.position).ok().and_then(|end| self.log.get(end - 1));
            let there = kept.map(|(stream, revision, id)| (stream.as_str(), *revision, *id));
            assert_eq!(there, Some((ack.stream.as_str(), ack.revision, ack.event)));
        }
    }

    /// Takes note of the mails of one process's life, in which none came twice. A mail that came in
    /// an earlier life, too, is the same to the byte.
    fn receive(&mut self, mails: Vec<String>) {
        let mut of_this_life = BTreeSet::new();
        for mail in mails {
            let id = header(&mail, "Message-ID");
            assert!(of_this_life.insert(id.clone()), "{id} came twice without a crash");
            let (first, n_times) = self.mails.entry(id).or_insert_with(|| (mail.clone(), 0));
            assert_eq!(*first, mail);
            *n_times += 1;
            self.n_repeats += u32::from(1 < *n_times);
        }
    }
}

fn number(subject: &str) -> u128 {
    subject.parse::<Uuid>().unwrap().as_u128()
}

fn header(mail: &str, name: &str) -> String {
    let line = mail.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    line.unwrap().to_owned()
}

/// Phases as arithmetic has them, with the old passcode or, from its renewal on, with the new one.
fn assert_phases(life: &Life, people: &[Planned], today: NaiveDate) {
    for (holder, set_on, phase, after_renewal) in &life.reads {
        let planned = people.iter().find(|planned| planned.number == *holder).unwrap();
        let renewed = planned.renews(today) && *set_on == today;
        assert!(renewed || (*set_on == planned.set_on && !after_renewal), "{holder} {set_on}");
        assert_eq!(phase, plan::phase(*set_on, today), "{holder} on {today}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn b08_b15_killed_at_any_moment_what_is_due_is_recorded_once_and_every_mail_goes_out() {
    let cycles = std::env::var(CYCLES).ok().and_then(|cycles| cycles.parse().ok());
    let n_days = cycles.unwrap_or(CYCLES_DEFAULT).div_ceil(KILLS_A_DAY);
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let mut people = plan::population(n_days);
    let mut known = Known::default();
    register(folder, &people, &mut known).await;
    for number in 0..n_days {
        live_through(folder, number, &mut people, &mut known).await;
    }
    assert!(0 < known.n_repeats, "no mail was ever cut off before its acknowledgement");
}

async fn register(folder: &Path, people: &[Planned], known: &mut Known) {
    let (database, world) = child::open(folder).await;
    for planned in people {
        world.register(planned.number, at(planned.set_on, 12, 0)).await;
    }
    known.read(&world).await;
    database.close().await;
}

/// A day: two children die, the parent does what is left, and all is as it should be.
async fn live_through(folder: &Path, number: u64, people: &mut [Planned], known: &mut Known) {
    let today = day(number);
    (known.recorded, known.renewed) = (vec![], BTreeSet::new());
    let renewing: Vec<u128> =
        people.iter().filter(|one| one.renews(today)).map(|one| one.number).collect();
    for kill in 0..KILLS_A_DAY {
        let moments =
            if kill == 0 { vec![at(today, 0, 30), at(today, 8, 0)] } else { vec![at(today, 9, 0)] };
        let life = run_and_kill(folder, number * KILLS_A_DAY + kill, moments, &renewing);
        let (database, world) = child::open(folder).await;
        known.read(&world).await;
        known.assert_kept(&life.acks);
        assert_phases(&life, people, today);
        known.receive(life.mails);
        database.close().await;
    }
    let (database, world) = child::open(folder).await;
    let server = MailServer::start(|| true);
    let log = world.stores.log.clone();
    for &number in &renewing {
        child::renew(&world, &*log, number, at(today, 10, 0)).await;
    }
    let engine = child::start(folder, &world, log, server.address).await;
    for later in AFTERWARDS {
        settle(&engine, at(today, 10, 0) + later).await;
    }
    known.read(&world).await;
    known.receive(server.end());
    assert_day(known, people, today);
    assert_eq!(engine.outbox().await.unwrap(), Outbox { n_waiting: 0, n_dead: 0 });
    assert_in_vault(&world, &renewing, today).await;
    close(engine, database).await;
}

/// Recorded is what the calendar says, each once; every record was told in one mail, and no other.
fn assert_day(known: &Known, people: &mut [Planned], today: NaiveDate) {
    let mut expected = Vec::new();
    for planned in people {
        if planned.renews(today) {
            assert!(known.renewed.contains(&planned.number));
            planned.renew(today);
        }
        expected.extend(planned.recorded(today));
    }
    let mut recorded: Vec<What> = known.recorded.iter().map(|(what, _)| what.clone()).collect();
    recorded.sort();
    expected.sort();
    assert_eq!(recorded, expected, "{today}");
    for (what, event) in &known.recorded {
        assert!(known.told.contains(event), "{what:?} was not told");
    }
    // The date of a mail is that of its event.
    let date = today.format("%a, %d %b %Y").to_string();
    let of_today = known.mails.values().filter(|(mail, _)| header(mail, "Date").contains(&date));
    let mut addressed: Vec<String> = of_today.map(|(mail, _)| header(mail, "To")).collect();
    let address = |what: &What| format!("\"Holder {0}\" <holder{0}@example.org>", what.holder);
    let mut wanted: Vec<String> = expected.iter().map(address).collect();
    addressed.sort();
    wanted.sort();
    assert_eq!(addressed, wanted, "{today}");
}

/// The row of every renewal that an event names.
async fn assert_in_vault(world: &World, renewing: &[u128], today: NaiveDate) {
    for &number in renewing {
        let (command, secret) = renewal(number, today);
        let found = world.stores.vault.matching_tag(&[secret], command.0.as_bytes()).await.unwrap();
        assert_eq!(found, Some(secret));
    }
}

async fn close(engine: Engine, database: Database) {
    engine.0.live.read().await.close().await;
    database.close().await;
}
