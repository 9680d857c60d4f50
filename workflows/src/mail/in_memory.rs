//! A courier that carries nothing anywhere: for tests and simulation.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

use futures::future::{self, BoxFuture};

use super::{Courier, Failure, Mail};

/// How many mails are kept; older ones are only counted.
pub const DELIVERED_MAX: usize = 1_000;

/// Keeps the last [`DELIVERED_MAX`] mails and counts all of them.
#[derive(Debug, Default)]
pub struct InMemoryCourier {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    delivered: VecDeque<Mail>,
    n_delivered: u64,
    failures: VecDeque<Failure>,
}

impl InMemoryCourier {
    /// Nothing delivered yet, and nothing that will fail.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets the next deliveries fail, one for each of these, in order.
    pub fn fail_next(&self, failures: impl IntoIterator<Item = Failure>) {
        self.with(|state| state.failures.extend(failures));
    }

    /// The last mails delivered, oldest first.
    #[must_use]
    pub fn delivered(&self) -> Vec<Mail> {
        self.with(|state| state.delivered.iter().cloned().collect())
    }

    /// How many were delivered in all.
    #[must_use]
    pub fn n_delivered(&self) -> u64 {
        self.with(|state| state.n_delivered)
    }

    fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        act(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Courier for InMemoryCourier {
    fn deliver<'a>(&'a self, mail: &'a Mail) -> BoxFuture<'a, Result<(), Failure>> {
        let outcome = self.with(|state| {
            if let Some(failure) = state.failures.pop_front() {
                return Err(failure);
            }
            if state.delivered.len() == DELIVERED_MAX {
                state.delivered.pop_front();
            }
            state.delivered.push_back(mail.clone());
            state.n_delivered += 1;
            Ok(())
        });
        Box::pin(future::ready(outcome))
    }
}

#[cfg(test)]
mod tests {
    use super::{super::tests::mail, *};

    #[tokio::test]
    async fn it_fails_as_told_then_delivers() {
        let courier = InMemoryCourier::new();
        let failure = Failure::Transient("told to".to_owned());
        courier.fail_next([failure.clone()]);
        assert_eq!(courier.deliver(&mail()).await, Err(failure));
        assert_eq!(courier.deliver(&mail()).await, Ok(()));
        assert_eq!(courier.delivered(), [mail()]);
    }

    #[tokio::test]
    async fn it_keeps_the_last_mails_and_counts_all() {
        let courier = InMemoryCourier::new();
        let mail = mail();
        for _ in 0..=DELIVERED_MAX {
            courier.deliver(&mail).await.unwrap();
        }
        assert_eq!(courier.delivered().len(), DELIVERED_MAX);
        assert_eq!(courier.n_delivered(), 1_001);
    }
}
