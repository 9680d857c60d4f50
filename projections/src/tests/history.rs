//! The history: every filter finds what it should and nothing else, in pages without gap or repeat.

use domain::passcode::Kind;

use super::*;

/// Staff 9 looks, by rule B-10.
const BY_STAFF: &[u8] = br#"{"actor":{"by":"staff","holder":"00000000-0000-0000-0000-000000000009"},"policy":2,"rules":["B-10","P-21"]}"#;

/// Three holders with a passcode each, a card that is bound to the second, and something that a
/// member of staff did to the third.
async fn told() -> Projections {
    let log = Log::default();
    for n in 1..=3 {
        log.append(holder(n), &set(Kind::Smartcard, "2026-01-01"));
    }
    log.append(holder(2), &issued("01"));
    let bound = br#"{"holder":"00000000-0000-0000-0000-000000000002"}"#;
    log.append_to("card-01", "CardBound", bound, b"{}");
    log.append_raw(holder(3), "HolderRegistered", b"{}", BY_STAFF);
    applied(&log).await
}

async fn positions(projections: &Projections, filter: HistoryFilter) -> Vec<u64> {
    let page = projections.history(&filter, None, 10).await.unwrap();
    assert_eq!(page.older, None);
    page.events.iter().map(|event| event.position.0).collect()
}

#[tokio::test]
async fn the_history_is_found_by_holder_card_staff_rule_run_type_and_actor() {
    let projections = told().await;
    let all = HistoryFilter::default;
    let run = CommandId(Uuid::from_u128(0xc0));
    let of = |filter| positions(&projections, filter);
    assert_eq!(of(all()).await, [6, 5, 4, 3, 2, 1]);
    assert_eq!(of(HistoryFilter { holder: Some(holder(2)), ..all() }).await, [5, 4, 2]);
    assert_eq!(of(HistoryFilter { card: "01".parse().ok(), ..all() }).await, [5, 4]);
    assert_eq!(of(HistoryFilter { staff: Some(holder(9)), ..all() }).await, [6]);
    assert_eq!(of(HistoryFilter { rule: Some("B-10".to_owned()), ..all() }).await, [6]);
    assert_eq!(of(HistoryFilter { rule: Some("P-21".to_owned()), ..all() }).await, [6, 4, 3, 2, 1]);
    assert_eq!(of(HistoryFilter { run: Some(run), ..all() }).await, [4, 3, 2, 1]);
    assert_eq!(of(HistoryFilter { kind: Some("CardBound".to_owned()), ..all() }).await, [5]);
    assert_eq!(of(HistoryFilter { actor: Some("staff".to_owned()), ..all() }).await, [6]);
}

#[tokio::test]
async fn b63_what_is_about_somebody_or_was_done_by_him_is_left_out_where_he_must_not_see_it() {
    let projections = told().await;
    let without = |n| HistoryFilter { except: Some(holder(n)), ..HistoryFilter::default() };
    assert_eq!(positions(&projections, without(2)).await, [6, 3, 1]);
    assert_eq!(positions(&projections, without(9)).await, [5, 4, 3, 2, 1]);
}

#[tokio::test]
async fn of_several_filters_all_have_to_hold() {
    let projections = told().await;
    let filter = |kind: &str| HistoryFilter {
        holder: Some(holder(2)),
        kind: Some(kind.to_owned()),
        rule: Some("P-21".to_owned()),
        ..HistoryFilter::default()
    };
    assert_eq!(positions(&projections, filter("CardIssued")).await, [4]);
    assert_eq!(positions(&projections, filter("CardBound")).await, [0; 0]);
}

#[tokio::test]
async fn the_history_begins_with_the_instant_from_and_ends_before_the_instant_to() {
    let projections = told().await;
    let all = projections.history(&HistoryFilter::default(), None, 10).await.unwrap().events;
    let (second, fifth) = (all[4].at, all[1].at);
    let filter = HistoryFilter { from: Some(second), to: Some(fifth), ..HistoryFilter::default() };
    assert_eq!(positions(&projections, filter).await, [4, 3, 2]);
}

#[tokio::test]
async fn pages_of_the_history_follow_each_other_without_gap_or_repeat_with_any_filter() {
    let log = Log::default();
    for n in 0..205 {
        log.append(holder(n % 2), &set(Kind::Smartcard, "2026-01-01"));
    }
    let projections = applied(&log).await;
    let rule = || Some("P-21".to_owned());
    let filters = [
        (HistoryFilter::default(), 205),
        (HistoryFilter { rule: rule(), ..HistoryFilter::default() }, 205),
        (HistoryFilter { holder: Some(holder(1)), rule: rule(), ..HistoryFilter::default() }, 102),
        (HistoryFilter { actor: Some("holder".to_owned()), ..HistoryFilter::default() }, 205),
    ];
    for (filter, n_expected) in filters {
        let (mut before, mut seen) = (None, Vec::new());
        loop {
            let page = projections.history(&filter, before, 20).await.unwrap();
            assert!(page.events.len() <= 20);
            seen.extend(page.events.iter().map(|event| event.position.0));
            before = page.older;
            if before.is_none() {
                break;
            }
        }
        assert_eq!(seen.len(), n_expected, "{filter:?}");
        assert!(seen.is_sorted_by(|newer, older| older < newer), "{filter:?}");
    }
}

#[tokio::test]
async fn a_page_looks_at_no_more_rows_than_its_limit_and_says_where_to_go_on() {
    let log = Log::default();
    log.append_raw(holder(1), "HolderRegistered", b"{}", BY_STAFF);
    for _ in 0..LOOKED_AT_MAX {
        log.append(holder(1), &HolderEvent::HolderRegistered {});
    }
    let projections = applied(&log).await;
    let filter = HistoryFilter { actor: Some("staff".to_owned()), ..HistoryFilter::default() };
    let first = projections.history(&filter, None, 20).await.unwrap();
    assert_eq!(first.events, []);
    let second = projections.history(&filter, first.older, 20).await.unwrap();
    assert_eq!((second.events.len(), second.older), (1, None));
}
