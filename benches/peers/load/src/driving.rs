//! The loop: so many writers, each with one write under way at a time, until so many are done.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use crate::Processor;

/// One in so many writes is made before anything is measured, so that caches, statements and
/// connections are as they will be.
const WARMING_UP: u32 = 5;

/// What became of one write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// The store has said that it has it.
    Acknowledged,
    /// The store has said that somebody else was there first.
    Conflict,
}

/// Somebody who writes, one event after the other.
pub trait Writer: Send + 'static {
    /// Writes the next event and waits until the store has acknowledged it.
    fn write(&mut self) -> impl Future<Output = anyhow::Result<Written>> + Send;
}

/// What writers have seen.
#[derive(Debug, Default)]
pub struct Measured {
    /// Writes that were acknowledged, warming up included.
    pub acknowledged: u32,
    /// Writes that were not made because of somebody else.
    pub conflicts: u32,
    /// How long each measured write took, in the order of its length.
    pub times: Vec<Duration>,
    /// From the first measured write to the last answer.
    pub lasted: Duration,
    /// Processor time of this program meanwhile.
    pub own: Duration,
    /// Processor time of the server meanwhile.
    pub server: Duration,
}

/// Warms up, and then lets the writers make `n_writes` together.
pub async fn drive<W: Writer>(
    writers: Vec<W>,
    n_writes: u32,
    processor: Processor,
) -> anyhow::Result<Measured> {
    let (writers, warm) = turn(writers, n_writes / WARMING_UP).await?;
    let (own, server) = processor.used()?;
    let begun = Instant::now();
    let (_writers, mut measured) = turn(writers, n_writes).await?;
    measured.lasted = begun.elapsed();
    let (own_after, server_after) = processor.used()?;
    measured.own = own_after.saturating_sub(own);
    measured.server = server_after.saturating_sub(server);
    measured.acknowledged += warm.acknowledged;
    measured.conflicts += warm.conflicts;
    measured.times.sort_unstable();
    Ok(measured)
}

async fn turn<W: Writer>(writers: Vec<W>, n_writes: u32) -> anyhow::Result<(Vec<W>, Measured)> {
    let left = Arc::new(AtomicU32::new(n_writes));
    let tasks: Vec<_> =
        writers.into_iter().map(|writer| tokio::spawn(work(writer, Arc::clone(&left)))).collect();
    let (mut writers, mut all) = (Vec::new(), Measured::default());
    for task in tasks {
        let (writer, measured) = task.await??;
        writers.push(writer);
        all.acknowledged += measured.acknowledged;
        all.conflicts += measured.conflicts;
        all.times.extend(measured.times);
    }
    Ok((writers, all))
}

async fn work<W: Writer>(mut writer: W, left: Arc<AtomicU32>) -> anyhow::Result<(W, Measured)> {
    let mut measured = Measured::default();
    while left.try_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok()
    {
        let begun = Instant::now();
        match writer.write().await? {
            Written::Acknowledged => measured.acknowledged += 1,
            Written::Conflict => measured.conflicts += 1,
        }
        measured.times.push(begun.elapsed());
    }
    Ok((writer, measured))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Counter(u32);

    impl Writer for Counter {
        async fn write(&mut self) -> anyhow::Result<Written> {
            self.0 += 1;
            let refused = self.0.is_multiple_of(10);
            Ok(if refused { Written::Conflict } else { Written::Acknowledged })
        }
    }

    #[tokio::test]
    async fn as_many_writes_are_measured_as_were_asked_for_and_all_are_counted() {
        let writers = vec![Counter(0)];
        let measured = drive(writers, 1000, Processor::default()).await.unwrap();
        assert_eq!(measured.times.len(), 1000);
        assert_eq!((measured.acknowledged, measured.conflicts), (1080, 120));
        assert!(measured.times.is_sorted());
    }
}
