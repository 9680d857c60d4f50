//! How the parts of the server stand, read when somebody asks: from memory, or by one query that reads
//! a bounded number of rows however large its table is.

use chrono::{DateTime, Utc};
use issuer::CertificateFacts;
use prometheus_client::{
    metrics::{family::Family, gauge::ConstGauge, gauge::Gauge, info::Info},
    registry::Registry,
};
use stores::event_store::Position;
use workflows::engine::{Breaker, Standing};

use super::Label;
use crate::{app::App, keystore::KeyName};

pub(super) async fn register(app: &App, registry: &mut Registry) -> anyhow::Result<()> {
    let now = app.now();
    let head = app.stores().log.head().await?;
    let engine = app.engine().standing(now).await?;
    let n_sessions = app.stores().sessions.n_open(now).await?;
    registry.register("build", "This build", Info::new([("version", env!("CARGO_PKG_VERSION"))]));
    log(registry, head, app.projections().position(), engine.position);
    wake_ups(registry, &engine, now);
    mails(registry, &engine, now);
    gauge(registry, "sessions_open", "Open sessions, counted up to 50000", n_sessions);
    let n_agents = u64::try_from(app.agents().n_held())?;
    gauge(registry, "agents_connected", "Card agents that are connected to this process", n_agents);
    stops(registry, app, &engine);
    if app.role().works() {
        authority(registry, app, now)?;
    }
    keys(registry, app);
    Ok(())
}

fn log(registry: &mut Registry, head: Position, projections: Position, engine: Position) {
    gauge(registry, "log_head_position", "Position of the log's last event", head.0);
    let readers = Family::<Label, Gauge>::default();
    for (reader, position) in [("projections", projections), ("workflows", engine)] {
        readers.get_or_create(&[("reader", reader)]).set(position.0.cast_signed());
    }
    let help = "How far a reader has followed the log; its lag is the head's position less this";
    registry.register("log_reader_position", help, readers);
}

fn wake_ups(registry: &mut Registry, engine: &Standing, now: DateTime<Utc>) {
    let help = "Wake-ups that are due, counted up to 10000";
    gauge(registry, "wake_ups_due", help, engine.n_due);
    let help = "How long the oldest wake-up has been due";
    gauge(registry, "wake_ups_late_seconds", help, late(engine.oldest_due_at, now));
    let help = "Holders who cannot be woken and are tried again, counted up to 10000";
    gauge(registry, "wake_ups_failing", help, engine.n_failing);
}

fn mails(registry: &mut Registry, engine: &Standing, now: DateTime<Utc>) {
    let help = "Mails that are to be sent, counted up to 10000";
    gauge(registry, "mails_waiting", help, engine.n_mails);
    let help = "How long the oldest mail could have been tried";
    gauge(registry, "mails_late_seconds", help, late(engine.oldest_mail_at, now));
    let help = "Dead letters: mails that are not tried again by themselves, counted up to 10000";
    gauge(registry, "mails_dead", help, engine.n_dead);
}

fn stops(registry: &mut Registry, app: &App, engine: &Standing) {
    let stopped = matches!(engine.breaker, Breaker::Stopped { .. });
    let help = "1 while the workflow engine is stopped and waits for the operator";
    gauge(registry, "breaker_stopped", help, u64::from(stopped));
    let alarm = app.clock().accepted().is_some_and(|clock| clock.standing().alarm);
    let help = "1 while the system's clock is kept out and waits for the operator";
    gauge(registry, "clock_alarm", help, u64::from(alarm));
}

fn authority(registry: &mut Registry, app: &App, now: DateTime<Utc>) -> anyhow::Result<()> {
    let parties = app.relying_parties();
    let help =
        "1 while relying parties have no fresh revocation list, or nobody signs OCSP answers";
    gauge(registry, "crl_late", help, u64::from(parties.is_late(now)));
    if let Some((made_at, next_update)) = parties.list_times() {
        let help = "How long ago the published revocation list was made";
        gauge(registry, "crl_age_seconds", help, late(Some(made_at), now));
        let help = "Until when it is believed (nextUpdate), in seconds since 1970";
        let name = "crl_next_update_timestamp_seconds";
        registry.register(name, help, ConstGauge::new(next_update.timestamp()));
    }
    let authority = Family::<Label, Gauge>::default();
    if let Some(own) = app.cards_authority()?.chain().first() {
        let ends_at = CertificateFacts::read(own)?.not_after;
        authority.get_or_create(&[("authority", "cards")]).set(ends_at.timestamp());
    }
    let agents = CertificateFacts::read(app.agents_authority()?.certificate_der())?;
    authority.get_or_create(&[("authority", "agents")]).set(agents.not_after.timestamp());
    let help = "When an authority's own certificate ends, in seconds since 1970";
    registry.register("authority_not_after_timestamp_seconds", help, authority);
    Ok(())
}

fn keys(registry: &mut Registry, app: &App) {
    let versions = Family::<Label, Gauge>::default();
    for name in KeyName::ALL {
        if let Some(current) = app.keystore().current(name) {
            versions.get_or_create(&[("key", name.as_str())]).set(current.version.into());
        }
    }
    registry.register(
        "key_version",
        "The version of a key that new records are made with",
        versions,
    );
}

/// How long ago, in whole seconds; 0 for what is to come, or never.
fn late(since: Option<DateTime<Utc>>, now: DateTime<Utc>) -> u64 {
    let late = since.map_or(0, |since| (now - since).num_seconds());
    u64::try_from(late).unwrap_or_default()
}

fn gauge(registry: &mut Registry, name: &str, help: &str, value: u64) {
    registry.register(name, help, ConstGauge::new(value.cast_signed()));
}
