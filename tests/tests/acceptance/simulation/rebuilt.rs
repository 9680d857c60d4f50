//! What people look at is what the log makes of it: the projections that have followed a simulation while it went on,
//! in whatever batches that came to, and those that are built anew from its log hold the same, byte for byte.

use std::time::Duration;

use api::simulate::{Plan, begin};
use domain::policy::{Policies, Policy};
use projections::Projections;
use tokio::sync::oneshot;

use super::{CERTIFICATE_DAYS, number};

/// Holders of this simulation; `soak` asks for more.
const HOLDERS: &str = "LATCHKEY_REBUILT_HOLDERS";
const HOLDERS_USUAL: u32 = 40;

/// Days after the year in which everybody is registered.
const DAYS: u32 = 400;

/// How long the projections may be behind in the end.
const BEHIND_MAX: Duration = Duration::from_mins(10);

#[tokio::test(flavor = "multi_thread")]
async fn every_projection_of_a_simulation_is_the_same_live_and_rebuilt_byte_for_byte() {
    let folder = tempfile::tempdir().unwrap();
    let certificate_days = CERTIFICATE_DAYS.try_into().unwrap();
    let policy = Policy { certificate_days, ..Policy::seed() };
    let holders = number(HOLDERS, HOLDERS_USUAL);
    let plan = Plan { holders, days: DAYS, seed: 5, certificate_days: Some(certificate_days) };
    let begun = begin(plan, folder.path(), Policies::only(policy)).await.unwrap();
    let projections = Projections::open(&folder.path().join("projections.sqlite")).await.unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let following = tokio::spawn({
        let (projections, log) = (projections.clone(), begun.shared_log());
        async move { projections.follow(log, async { drop(stopped.await) }).await }
    });
    begun.live().await.unwrap();
    let head = begun.log().head().await.unwrap();
    projections.wait_for(head, BEHIND_MAX).await.unwrap();
    let live = projections.digests().await.unwrap();
    stop.send(()).unwrap();
    following.await.unwrap().unwrap();
    for table in &live {
        println!("{}: {} rows", table.table, table.n_rows);
    }
    let n_rows: u64 = live.iter().map(|table| table.n_rows).sum();
    // Somebody has lived.
    assert!(u64::from(holders) * 50 < n_rows, "{n_rows} rows");
    assert_eq!(projections.rebuild(begun.log()).await.unwrap(), head);
    assert_eq!(projections.digests().await.unwrap(), live);
}
