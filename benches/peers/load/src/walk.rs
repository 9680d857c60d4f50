//! Whose turn it is: each writer goes round holders of its own, so no two ever write to one stream.
//! A store in which they meet all the same has made a conflict out of nothing.

use futures::{StreamExt as _, TryStreamExt as _, stream};

/// Holders who are there before anything is measured.
pub const HOLDERS: u32 = 10_000;

/// Events of each of them.
pub const PRELOADED_EACH: u32 = 5;

/// Events of each holder where a whole log is read.
pub const READ_EACH: u32 = 25;

/// Holders whose events are put there at the same time.
const PRELOADING: usize = 64;

/// A stride that is prime to any number of holders: a writer comes to all of them, and never to two
/// that lie beside each other in an index.
const STRIDE: u64 = 7919;

/// Where the next event goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Whose.
    pub holder: u32,
    /// How many events he has.
    pub number: u64,
}

/// The holders of one writer.
#[derive(Debug)]
pub struct Walk {
    first: u32,
    numbers: Vec<u64>,
    step: u64,
}

/// The walks of so many writers, over all holders.
#[must_use]
pub fn walks(n_writers: u32) -> Vec<Walk> {
    let each = HOLDERS / n_writers.max(1);
    let numbers = vec![u64::from(PRELOADED_EACH); usize::try_from(each).unwrap_or_default()];
    (0..n_writers)
        .map(|writer| Walk { first: writer * each, numbers: numbers.clone(), step: 0 })
        .collect()
}

impl Walk {
    /// The next place; the one after it is another holder's.
    pub fn step(&mut self) -> Place {
        let n_holders = u64::try_from(self.numbers.len()).unwrap_or(u64::MAX);
        let index = usize::try_from(self.step * STRIDE % n_holders).unwrap_or_default();
        self.step += 1;
        let number = self.numbers[index];
        self.numbers[index] += 1;
        Place { holder: self.first + u32::try_from(index).unwrap_or_default(), number }
    }
}

/// Puts the first events of so many holders into a store, several holders at the same time.
pub async fn preload<F>(n_holders: u32, write: impl Fn(u32) -> F) -> anyhow::Result<()>
where
    F: Future<Output = anyhow::Result<()>>,
{
    stream::iter(0..n_holders).map(write).buffer_unordered(PRELOADING).try_collect().await
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn writers_never_meet_and_each_comes_to_all_of_its_holders() {
        for n_writers in [1, 16, 64] {
            let each = usize::try_from(HOLDERS / n_writers).unwrap();
            let mut seen = HashSet::new();
            for mut walk in walks(n_writers) {
                for _ in 0..each {
                    let place = walk.step();
                    assert!(seen.insert(place.holder) && place.number == u64::from(PRELOADED_EACH));
                }
                assert_eq!(walk.step().number, u64::from(PRELOADED_EACH) + 1);
            }
            assert_eq!(seen.len(), each * usize::try_from(n_writers).unwrap());
        }
    }
}
