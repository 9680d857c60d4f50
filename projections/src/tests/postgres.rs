//! PostgreSQL shows what SQLite shows, however many processes apply it.

use stores::cluster::Cluster;

use super::*;

/// Projections of a database of their own.
pub(super) async fn on_postgres() -> (Options, Projections) {
    let address = Cluster::shared().database().await.unwrap();
    let options = Options::parse(&address).unwrap();
    let projections = Projections::open_postgres(&options).await.unwrap();
    (options, projections)
}

/// A log in which a bit of everything has happened to three holders.
fn eventful() -> Log {
    let log = Log::default();
    for n in 0..3 {
        log.append(holder(n), &HolderEvent::HolderRegistered {});
        log.append(holder(n), &set(Kind::Smartcard, "2026-01-01"));
        log.append(holder(n), &set(Kind::Verification, "2026-01-02"));
        log.append(holder(n), &blanked(OptionalKind::Verification, "2026-01-03"));
    }
    log.append(holder(0), &issued(SERIALS[0]));
    log.append(holder(1), &issued(SERIALS[1]));
    log.append(holder(1), &certificates::revoked(&[SERIALS[1]]));
    log.append_elsewhere("card-0A");
    log
}

#[tokio::test]
async fn two_processes_that_apply_the_same_events_at_once_apply_each_of_them_once() {
    let log = eventful();
    let (options, one) = on_postgres().await;
    let other = Projections::open_postgres(&options).await.unwrap();
    for batch in log.all().chunks(2) {
        let (first, second) = tokio::join!(one.apply(batch), other.apply(batch));
        assert_eq!(first.unwrap(), second.unwrap());
    }
    let alone = applied(&log).await;
    assert_eq!(shown(&one, 3).await, shown(&alone, 3).await);
    assert_eq!(shown(&other, 3).await, shown(&alone, 3).await);
}

#[tokio::test]
async fn a_rebuild_changes_nothing_and_whoever_else_follows_goes_on_with_what_it_has_made() {
    let log = Arc::new(eventful());
    let (options, one) = on_postgres().await;
    one.apply(&log.all()).await.unwrap();
    let other = Projections::open_postgres(&options).await.unwrap();
    let follower = tokio::spawn({
        let (other, log) = (other.clone(), log.clone());
        async move { other.follow(log, pending()).await }
    });
    let before = one.digests().await.unwrap();
    one.rebuild(&*log).await.unwrap();
    assert_eq!(one.digests().await.unwrap(), before);
    let position = log.append(holder(2), &set(Kind::Smartcard, "2026-02-01"));
    other.wait_for(position, LONG).await.unwrap();
    assert_eq!(shown(&other, 3).await, shown(&applied(&log).await, 3).await);
    log.close();
    follower.await.unwrap().unwrap();
}

#[tokio::test]
async fn what_an_interrupted_rebuild_has_left_is_not_in_the_way_of_the_next() {
    let log = eventful();
    let (_, projections) = on_postgres().await;
    projections.apply(&log.all()).await.unwrap();
    let before = projections.digests().await.unwrap();
    log.append_raw(holder(0), "FromTheFuture", b"{}", b"{}");
    assert!(projections.rebuild(&log).await.is_err());
    assert_eq!(projections.digests().await.unwrap(), before);
    assert_eq!(projections.rebuild(&eventful()).await.unwrap(), projections.position());
    assert_eq!(projections.digests().await.unwrap(), before);
}
