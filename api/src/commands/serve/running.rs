//! The parts of a server that runs: begun together, ended together.

use std::sync::{Arc, OnceLock};

use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::commands::STOP_MAX;

/// The parts of a server while it runs. When one ends that nobody told to, all do, and the program
/// ends with an error: a service manager starts it again, and meanwhile it does not pretend.
#[derive(Default)]
pub(super) struct Running {
    pub(super) tasks: TaskTracker,
    pub(super) shutdown: CancellationToken,
    failed: Arc<OnceLock<&'static str>>,
}

impl Running {
    /// Begins a part.
    pub(super) fn start<E: Into<anyhow::Error>>(
        &self,
        what: &'static str,
        part: impl Future<Output = Result<(), E>> + Send + 'static,
    ) {
        let (shutdown, failed) = (self.shutdown.clone(), Arc::clone(&self.failed));
        let end = End { what, shutdown, failed };
        self.tasks.spawn(async move {
            let end = end;
            if let Err(error) = part.await {
                let error: anyhow::Error = error.into();
                tracing::error!(error = format!("{error:#}"), "{} failed", end.what);
            }
        });
    }

    /// Waits until every part has ended, but not for ever.
    pub(super) async fn stop(self) -> anyhow::Result<()> {
        self.tasks.close();
        if tokio::time::timeout(STOP_MAX, self.tasks.wait()).await.is_err() {
            tracing::warn!(
                "some work was still running and is ended now; it is taken up at the next start"
            );
        }
        match self.failed.get() {
            Some(what) => anyhow::bail!("{what} ended, and a server without is none"),
            None => Ok(()),
        }
    }
}

/// Dropped when a part ends, by a panic too.
struct End {
    what: &'static str,
    shutdown: CancellationToken,
    failed: Arc<OnceLock<&'static str>>,
}

impl Drop for End {
    fn drop(&mut self) {
        if !self.shutdown.is_cancelled() {
            // The first one is the cause.
            let _ = self.failed.set(self.what);
            tracing::error!("{} ended; stopping", self.what);
            self.shutdown.cancel();
        }
    }
}

/// Waits for SIGTERM or Ctrl-C, and tells everybody; or for a part that has ended.
pub(super) async fn stop_signal(shutdown: CancellationToken) {
    let interrupt = tokio::signal::ctrl_c();
    match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        Ok(mut terminate) => {
            tokio::select! {
                () = shutdown.cancelled() => {}
                _ = interrupt => {}
                _ = terminate.recv() => {}
            }
        }
        Err(error) => {
            tracing::warn!(%error, "SIGTERM cannot be heard; Ctrl-C can");
            tokio::select! {
                () = shutdown.cancelled() => {}
                _ = interrupt => {}
            }
        }
    }
    tracing::info!("stopping");
    shutdown.cancel();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_part_that_ends_by_itself_ends_the_server_with_an_error() {
        for part in ["fails", "panics", "returns"] {
            let running = Running::default();
            running.start("the channel", async move {
                assert_ne!(part, "panics");
                if part == "fails" { Err(anyhow::anyhow!("no more")) } else { Ok(()) }
            });
            stop_signal(running.shutdown.clone()).await;
            let error = running.stop().await.unwrap_err();
            assert!(error.to_string().starts_with("the channel ended"), "{part}: {error}");
        }
    }

    #[tokio::test]
    async fn a_server_that_was_told_to_stop_ends_without_an_error() {
        let running = Running::default();
        let until = running.shutdown.clone().cancelled_owned();
        running.start("the channel", async move {
            until.await;
            Err(anyhow::anyhow!("torn off"))
        });
        running.shutdown.cancel();
        assert!(running.stop().await.is_ok());
    }
}
