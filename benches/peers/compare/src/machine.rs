//! What figures depend on: processors, disk, versions, and what else went on meanwhile. Never the
//! machine's name.

use std::{
    fs::{self, File},
    os::unix::fs::FileExt as _,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};

/// How often the disk is asked.
const SYNCS: u16 = 500;

/// What is written each time: a page of a database.
const PAGE: [u8; 4096] = [7; 4096];

/// Ticks in which Linux counts processor time.
const TICKS_PER_SECOND: f64 = 100.0;

/// The lock file, for the versions.
const LOCK_FILE: &str = include_str!("../../Cargo.lock");

/// Median of a page written and synchronised in this folder, in milliseconds.
pub(crate) fn sync_ms(folder: &Path) -> anyhow::Result<f64> {
    let file = File::create(folder.join("yardstick"))?;
    let mut times = Vec::new();
    for page in 0..SYNCS {
        let begun = Instant::now();
        file.write_all_at(&PAGE, u64::from(page) * 4096)?;
        file.sync_data()?;
        times.push(begun.elapsed());
    }
    times.sort_unstable();
    Ok(times[times.len() / 2].as_secs_f64() * 1e3)
}

/// The file system of a folder: what is in memory is durable nowhere.
pub(crate) fn file_system(folder: &Path) -> anyhow::Result<String> {
    let kind = said(Command::new("findmnt").args(["-n", "-o", "FSTYPE", "-T"]).arg(folder))?;
    ensure!(!["tmpfs", "ramfs"].contains(&kind.as_str()), "{} is in memory", folder.display());
    Ok(kind)
}

/// Today, by this machine.
pub(crate) fn today() -> anyhow::Result<String> {
    said(Command::new("date").args(["-u", "+%Y-%m-%d"]))
}

/// Kernel, its version without what its builder has added, and the processors' kind.
pub(crate) fn kernel() -> anyhow::Result<String> {
    let release = said(Command::new("uname").arg("-r"))?;
    let version = release.split('-').next().unwrap_or_default();
    let (name, kind) =
        (said(Command::new("uname").arg("-s"))?, said(Command::new("uname").arg("-m"))?);
    Ok(format!("{name} {version}, {kind}"))
}

fn said(command: &mut Command) -> anyhow::Result<String> {
    let output = command.output()?;
    ensure!(output.status.success(), "{command:?} failed");
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

/// The version of a package in the lock file.
pub(crate) fn version(package: &str) -> anyhow::Result<&'static str> {
    let wanted = format!("name = \"{package}\"");
    let mut lines = LOCK_FILE.lines().skip_while(|line| *line != wanted).skip(1);
    let line = lines.next().with_context(|| format!("{package} is not in the lock file"))?;
    line.strip_prefix("version = \"").and_then(|rest| rest.strip_suffix('"')).context("no version")
}

/// Processor time that all of the machine has had, and that children of this process have.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Worked {
    at: Instant,
    all: Duration,
    pub(crate) children: Duration,
}

impl Worked {
    /// Until now.
    pub(crate) fn now() -> anyhow::Result<Self> {
        let all = fs::read_to_string("/proc/stat")?;
        let ticks: Vec<f64> = all
            .lines()
            .next()
            .context("an empty /proc/stat")?
            .split_whitespace()
            .skip(1)
            .map(str::parse)
            .collect::<Result<_, _>>()?;
        // user, nice, system, idle, iowait, irq, softirq, steal; guests are among the first two.
        let busy: f64 = [0, 1, 2, 5, 6, 7].iter().filter_map(|&index| ticks.get(index)).sum();
        let own = fs::read_to_string("/proc/self/stat")?;
        let (_, fields) = own.rsplit_once(") ").context("no name in stat")?;
        let children: f64 =
            fields.split(' ').skip(13).take(2).map(str::parse::<f64>).sum::<Result<_, _>>()?;
        let seconds = |ticks: f64| Duration::from_secs_f64(ticks / TICKS_PER_SECOND);
        Ok(Self { at: Instant::now(), all: seconds(busy), children: seconds(children) })
    }

    /// The share of all processors, from 0 to 1, that neither our children nor a server had
    /// meanwhile, which had `server`.
    pub(crate) fn others_until(&self, later: &Self, server: Duration) -> anyhow::Result<f64> {
        let cores = std::thread::available_parallelism()?.get();
        let n_cores = f64::from(u32::try_from(cores)?);
        let ours = later.children.saturating_sub(self.children) + server;
        let others = later.all.saturating_sub(self.all).saturating_sub(ours);
        let had = (later.at - self.at).as_secs_f64() * n_cores;
        Ok(others.as_secs_f64() / had.max(f64::EPSILON))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_those_of_the_lock_file() {
        assert_eq!(version("umadb-core").unwrap(), "0.7.8");
        assert!(version("umadb").is_err());
    }

    #[test]
    fn what_our_children_do_is_not_what_others_do() {
        let before = Worked::now().unwrap();
        let mut child = Command::new("sh");
        child.args(["-c", "i=0; while [ $i -lt 300000 ]; do i=$((i + 1)); done"]);
        assert!(child.status().unwrap().success());
        let after = Worked::now().unwrap();
        let children = after.children.checked_sub(before.children).unwrap();
        assert!(Duration::from_millis(20) < children);
        // What a server is said to have had is taken off, too, so others had less by as much.
        let [with, without] =
            [children, Duration::ZERO].map(|server| before.others_until(&after, server).unwrap());
        assert!(with <= without && without < 1.0);
    }
}
