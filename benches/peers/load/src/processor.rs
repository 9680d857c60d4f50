//! Processor time: of this program, and of a PostgreSQL server's processes.

use std::{fs, time::Duration};

use anyhow::Context as _;
use rustix::time::{ClockId, clock_gettime};

/// Ticks in which `/proc/PID/stat` counts on Linux.
const TICKS_PER_SECOND: u64 = 100;

/// Who works for a measurement.
#[derive(Debug, Clone, Copy, Default)]
pub struct Processor {
    /// The server's first process, if there is a server.
    pub server: Option<u32>,
}

impl Processor {
    /// What this program, and the server, have had so far.
    pub fn used(&self) -> anyhow::Result<(Duration, Duration)> {
        let own = clock_gettime(ClockId::ProcessCPUTime);
        let own = Duration::new(own.tv_sec.try_into()?, own.tv_nsec.try_into()?);
        let server = self.server.map_or(Ok(Duration::ZERO), of_server)?;
        Ok((own, server))
    }
}

/// Of the server's first process, of its children, and of those that have ended.
fn of_server(first: u32) -> anyhow::Result<Duration> {
    let mut sum = of_process(first)? + of_the_dead(first)?;
    let children = fs::read_to_string(format!("/proc/{first}/task/{first}/children"))?;
    for child in children.split_whitespace() {
        // One that has ended meanwhile is among the dead the next time.
        sum += of_process(child.parse()?).unwrap_or_default();
    }
    Ok(sum)
}

/// In nanoseconds: PostgreSQL's processes have one thread.
fn of_process(process: u32) -> anyhow::Result<Duration> {
    let text = fs::read_to_string(format!("/proc/{process}/schedstat"))?;
    let nanoseconds = text.split(' ').next().context("an empty schedstat")?.parse()?;
    Ok(Duration::from_nanos(nanoseconds))
}

/// Fields 16 and 17 of proc(5): what children have had that were waited for.
fn of_the_dead(process: u32) -> anyhow::Result<Duration> {
    let text = fs::read_to_string(format!("/proc/{process}/stat"))?;
    // The second field is a name in brackets, which may hold anything.
    let (_, fields) = text.rsplit_once(") ").context("no name in stat")?;
    let mut ticks = 0_u64;
    for field in fields.split(' ').skip(13).take(2) {
        ticks += field.parse::<u64>()?;
    }
    Ok(Duration::from_millis(ticks * 1000 / TICKS_PER_SECOND))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_is_seen_whoever_does_it() {
        let processor = Processor { server: Some(std::process::id()) };
        let (own, server) = processor.used().unwrap();
        let mut child = std::process::Command::new("sh");
        child.args(["-c", "i=0; while [ $i -lt 200000 ]; do i=$((i + 1)); done"]);
        assert!(child.status().unwrap().success());
        let (own_after, server_after) = processor.used().unwrap();
        assert!(own < own_after);
        assert!(Duration::from_millis(20) < server_after.checked_sub(server).unwrap());
    }
}
