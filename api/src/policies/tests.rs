//! The next version: published once, by whoever has read the one before, and though nobody waits.

use chrono::TimeDelta;
use futures::FutureExt as _;
use std::{sync::Arc, time::Duration as Limit};

use super::*;
use crate::{
    clock::{
        Entropy,
        accepted::tests::{Clocks, noon},
    },
    commands::serve,
    config::Config,
};

/// How long a test waits for something that happens in the background.
const SOON: Limit = Limit::from_secs(20);

async fn open() -> (tempfile::TempDir, Clocks, App) {
    let folder = tempfile::tempdir().unwrap();
    let (clocks, ours) = Clocks::start();
    let config = Config::for_testing(folder.path());
    let app = serve::open(config, Arc::new(ours), Entropy::Seeded(0.into())).await.unwrap();
    (folder, clocks, app)
}

/// A month after today, and so many more days.
fn next(days: i64, after: Option<u32>) -> Next {
    let from = noon().date_naive() + TimeDelta::days(30 + days);
    Next { from, policy: Policy { history: 6, ..Policy::seed() }, after }
}

fn cause(app: &App) -> Cause {
    Cause::first(app.entropy().command_id(app.now()))
}

#[tokio::test]
async fn b14_a_version_is_published_once_however_often_its_command_comes() {
    let (_folder, _clocks, app) = open().await;
    let command = cause(&app);
    let publish = |next| app.publish_policy(Actor::Operator, command, next, " Six values ");
    assert_eq!(publish(next(0, Some(1))).await.unwrap(), 2);
    assert_eq!(publish(next(0, Some(1))).await.unwrap(), 2);
    let versions = app.policy_versions().await.unwrap();
    assert_eq!(versions.len(), 2);
    assert_eq!(versions[0].reason.as_deref(), Some("Six values"));
    assert_eq!(versions[0].standing, history::Standing::ToCome);
    assert_eq!((versions[1].from, versions[1].standing), (None, history::Standing::InForce));
    assert_eq!(versions[0].before.as_ref(), Some(&versions[1].policy));
}

#[tokio::test]
async fn b14_over_a_version_that_its_author_has_not_read_nothing_is_published() {
    let (_folder, _clocks, app) = open().await;
    let publish = |next| app.publish_policy(Actor::Operator, cause(&app), next, "Six values");
    assert_eq!(publish(next(0, Some(1))).await.unwrap(), 2);
    let refused = publish(next(1, Some(1))).await;
    assert!(matches!(refused, Err(PublishError::Conflict)), "{refused:?}");
    // Who says nothing of what he has read, at the console, follows whatever there is.
    assert_eq!(publish(next(1, None)).await.unwrap(), 3);
    assert_eq!(publish(next(2, Some(3))).await.unwrap(), 4);
}

#[tokio::test]
async fn b14_a_version_that_was_begun_is_published_though_nobody_waits() {
    let (_folder, _clocks, app) = open().await;
    let begun = app.publish_policy(Actor::Operator, cause(&app), next(0, None), "Six values");
    assert!(begun.now_or_never().is_none());
    let published = async {
        while app.policies().latest().version == 1 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(SOON, published).await.unwrap();
    assert_eq!(app.policies().latest().history, 6);
    assert_eq!(app.policy_versions().await.unwrap().len(), 2);
}

#[tokio::test]
async fn b09_b14_nothing_is_published_without_a_reason_or_while_the_clock_is_in_doubt() {
    let (_folder, clocks, app) = open().await;
    for reason in ["", "  ", "two\nlines", &"x".repeat(401)] {
        let refused = app.publish_policy(Actor::Operator, cause(&app), next(0, None), reason).await;
        assert!(matches!(refused, Err(PublishError::NoReason)), "{reason:?}");
    }
    clocks.turn_wall(TimeDelta::hours(1));
    assert_eq!(app.now(), noon());
    let refused = app.publish_policy(Actor::Operator, cause(&app), next(0, None), "Why not").await;
    assert!(matches!(refused, Err(PublishError::ClockInDoubt)), "{refused:?}");
    assert_eq!(app.policies().latest().version, 1);
}

#[test]
fn b14_every_reason_for_which_nothing_is_published_has_a_rule_that_exists_and_a_way_out() {
    let all = [
        PublishError::NotPublishable(NotPublishable::NotInTheFuture),
        PublishError::NotPublishable(NotPublishable::NotTheLatest),
        PublishError::NotPublishable(NotPublishable::NotTheNextNumber),
        PublishError::NotPublishable(NotPublishable::OtherZone),
        PublishError::NotPublishable(NotPublishable::Inconsistent),
        PublishError::Faults(vec![]),
        PublishError::NoReason,
        PublishError::ClockInDoubt,
        PublishError::Conflict,
        PublishError::TooMany,
        PublishError::Failed(anyhow::anyhow!("the disk is full")),
    ];
    for error in all {
        assert!(domain::rules::find(error.rule().as_str()).is_some(), "{error}");
        assert!(error.way_out().ends_with('.'), "{error}");
    }
}

fn version(number: u32) -> history::Version {
    history::Version {
        policy: Policy { version: number, ..Policy::seed() },
        before: None,
        from: None,
        at: noon(),
        author: history::Author::Operator,
        reason: None,
        standing: history::Standing::Past,
    }
}

#[test]
fn a_page_of_versions_leads_to_the_older_ones_and_the_last_to_none() {
    let all: Vec<_> = (1..=101).rev().map(version).collect();
    let numbers = |shown: &[history::Version]| {
        (shown[0].policy.version, shown[shown.len() - 1].policy.version)
    };
    let (shown, older) = history::page(&all, None);
    assert_eq!((numbers(shown), older), ((101, 52), Some(52)));
    let (shown, older) = history::page(&all, older);
    assert_eq!((numbers(shown), older), ((51, 2), Some(2)));
    let (shown, older) = history::page(&all, older);
    assert_eq!((numbers(shown), older), ((1, 1), None));
    assert!(history::page(&all, Some(1)).0.is_empty());
}
