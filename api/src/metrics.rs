//! What an operator's monitoring asks for: `/metrics` on the operator's port, as `OpenMetrics` text.
//!
//! Counters and histograms are counted where things happen and begin anew with the process, as
//! Prometheus expects. Gauges are read when somebody asks ([`standing`]).
//!
//! Nothing here is about a person, a card or a workstation: a label is a word of the program (an
//! event's type, a rule's id, a verdict, a key's name), so their number is bounded, too.

mod log;
mod standing;
#[cfg(test)]
mod tests;

use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::refusal::RuleId;
use prometheus_client::{
    encoding::text::encode,
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::{Registry, Unit},
};
use stores::event_store::{AppendError, NewEvent};

use crate::app::App;
pub use log::MeasuredLog;

/// The media type of what [`text`] gives.
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Upper ends of the buckets of an append's time, in seconds: a flush of a good disk takes less than a
/// millisecond, one of a sick disk seconds.
const APPEND_SECONDS: [f64; 12] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0];

/// One label and its value, a word of the program.
type Label = [(&'static str, &'static str); 1];

/// The label of an event's type.
type OfKind = [(&'static str, String); 1];

/// What is counted while the process runs. Cheap to clone; all clones count together.
#[derive(Debug, Clone)]
pub struct Metrics {
    appends: Family<Label, Counter>,
    append_seconds: Histogram,
    events: Family<OfKind, Counter>,
    logons: Family<Label, Counter>,
    refusals: Family<Label, Counter>,
    authority_failures: Counter,
    authority_failed_at: Gauge,
    https_not_after: Gauge,
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            appends: Family::default(),
            append_seconds: Histogram::new(APPEND_SECONDS),
            events: Family::default(),
            logons: Family::default(),
            refusals: Family::default(),
            authority_failures: Counter::default(),
            authority_failed_at: Gauge::default(),
            https_not_after: Gauge::default(),
        }
    }
}

impl Metrics {
    /// A log-in came to this end: as the logon table calls a verdict, or `refused`.
    pub fn logged_on(&self, verdict: &'static str) {
        self.logons.get_or_create(&[("verdict", verdict)]).inc();
    }

    /// A rule has said no to a person.
    pub fn refused(&self, rule: RuleId) {
        self.refusals.get_or_create(&[("rule", rule.as_str())]).inc();
    }

    /// The cards' authority could not do what it was asked for.
    pub fn authority_failed(&self, now: DateTime<Utc>) {
        self.authority_failures.inc();
        self.authority_failed_at.set(now.timestamp());
    }

    /// The portal's certificate is good until then.
    pub fn serves_until(&self, not_after: DateTime<Utc>) {
        self.https_not_after.set(not_after.timestamp());
    }

    /// An append of these types of events has ended so, after so long.
    fn appended(&self, kinds: Vec<String>, outcome: Result<(), &AppendError>, took: Duration) {
        let outcome = match outcome {
            Ok(()) => "acknowledged",
            Err(AppendError::Conflict { .. }) => "conflict",
            Err(AppendError::Invalid(_)) => "invalid",
            Err(AppendError::Unavailable(_)) => "unavailable",
        };
        self.appends.get_or_create(&[("outcome", outcome)]).inc();
        self.append_seconds.observe(took.as_secs_f64());
        if outcome == "acknowledged" {
            for kind in kinds {
                self.events.get_or_create(&[("type", kind)]).inc();
            }
        }
    }

    fn register(&self, registry: &mut Registry) {
        registry.register(
            "log_appends",
            "Appends to the log, by what came of them; a repeat of an append is counted, too",
            self.appends.clone(),
        );
        registry.register_with_unit(
            "log_append",
            "How long appends took, until they were durable",
            Unit::Seconds,
            self.append_seconds.clone(),
        );
        registry.register(
            "log_events",
            "Events in acknowledged appends, by type; certificates issued and revoked among them",
            self.events.clone(),
        );
        registry.register("logons", "Log-ins, by their verdict", self.logons.clone());
        registry.register("refusals", "Refusals to people, by rule", self.refusals.clone());
        registry.register(
            "authority_failures",
            "How often the cards' authority could not do what it was asked for",
            self.authority_failures.clone(),
        );
        registry.register(
            "authority_failed_timestamp_seconds",
            "When it last could not, in seconds since 1970; 0 if never",
            self.authority_failed_at.clone(),
        );
        // Where a proxy speaks HTTPS, its certificate is not ours to tell of.
        if self.https_not_after.get() != 0 {
            registry.register(
                "https_not_after_timestamp_seconds",
                "When the portal's certificate ends, in seconds since 1970",
                self.https_not_after.clone(),
            );
        }
    }
}

/// The types of these events.
fn kinds(events: &[NewEvent]) -> Vec<String> {
    events.iter().map(|event| event.kind.clone()).collect()
}

/// Everything that is measured, as it stands now.
///
/// # Errors
/// If the log or one of the tables cannot be read.
pub async fn text(app: &App) -> anyhow::Result<String> {
    let mut registry = Registry::with_prefix("latchkey");
    app.metrics().register(&mut registry);
    standing::register(app, &mut registry).await?;
    let mut text = String::new();
    encode(&mut text, &registry)?;
    Ok(text)
}
