//! What a server costs that nobody asks: the real program, in production mode, with an empty log.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _},
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::Context as _;

use crate::figures::Table;

/// How long it idles before its memory is looked at.
const SETTLING: Duration = Duration::from_secs(10);

/// How long its processor time is counted.
const COUNTING: Duration = Duration::from_secs(30);

/// The kernel counts processor time in hundredths of a second (`USER_HZ`), on every platform that
/// we build for.
const TICKS_PER_SEC: f64 = 100.0;

/// The most lines of log in which it has to say that it is ready.
const LINES_MAX: usize = 1_000;

/// A running server.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        // One that has ended is what we want.
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// Prints the figures.
pub(crate) fn measure(table: &mut Table, program: &Path, folder: &Path) -> anyhow::Result<()> {
    table.next()?;
    let begun = Instant::now();
    let server = start(program, folder)?;
    let until_ready = begun.elapsed().as_secs_f64();
    thread::sleep(SETTLING);
    let resident = memory(&server, "VmRSS:")?;
    let own = memory(&server, "RssAnon:")?;
    let before = processor_secs(&server)?;
    thread::sleep(COUNTING);
    let share = (processor_secs(&server)? - before) / COUNTING.as_secs_f64();
    table.value("server, empty log: start to ready, keys made", until_ready, "s", 1);
    table.value("idle server: resident memory", resident, "MiB", 1);
    table.value("idle server: of it, its own (the rest is the program's file)", own, "MiB", 1);
    table.value("idle server: processor, over 30 s", share * 100.0, "% of a core", 1);
    Ok(())
}

fn start(program: &Path, folder: &Path) -> anyhow::Result<Server> {
    let config = folder.join("latchkey.toml");
    let place = |name| folder.join(name).display().to_string();
    fs::write(
        &config,
        format!(
            "data_dir = {:?}\n[keystore]\ndir = {:?}\n\
             [portal]\nlisten = \"127.0.0.1:0\"\n[agents]\nlisten = \"127.0.0.1:0\"\n\
             [operator]\nlisten = \"127.0.0.1:0\"\n\
             [authority]\nlisten = \"127.0.0.1:0\"\nurl = \"http://192.0.2.1\"\n",
            place("data"),
            place("keys"),
        ),
    )?;
    let process = Command::new(program)
        .arg("--config")
        .arg(&config)
        .arg("all")
        .env_clear()
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("{} does not start", program.display()))?;
    let mut server = Server(process);
    let mut log = BufReader::new(server.0.stderr.take().context("no log")?);
    let mut said = String::new();
    for _ in 0..LINES_MAX {
        let mut line = String::new();
        if log.read_line(&mut line)? == 0 {
            break;
        }
        if line.contains("\"ready\"") {
            // Whatever it says later is read, so that it never waits for us.
            thread::spawn(move || std::io::copy(&mut log.take(u64::MAX), &mut std::io::sink()));
            return Ok(server);
        }
        said.push_str(&line);
    }
    anyhow::bail!("the server did not get ready: {said}")
}

/// A line of the process's status, in MiB.
fn memory(server: &Server, name: &str) -> anyhow::Result<f64> {
    let status = fs::read_to_string(format!("/proc/{}/status", server.0.id()))?;
    let line = status.lines().find_map(|line| line.strip_prefix(name)).context("no such line")?;
    let kib: f64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kib / 1024.0)
}

/// Processor time so far, the kernel's on its behalf included.
fn processor_secs(server: &Server) -> anyhow::Result<f64> {
    let stat = fs::read_to_string(format!("/proc/{}/stat", server.0.id()))?;
    // Behind the name, which may have blanks: the state, ten numbers, then these two.
    let (_, numbers) = stat.rsplit_once(')').context("no process")?;
    let times = numbers.split_whitespace().skip(11).take(2);
    let ticks: f64 = times.map(str::parse::<f64>).sum::<Result<f64, _>>()?;
    Ok(ticks / TICKS_PER_SEC)
}
