//! Two who save at once, codes that lead back once, and the millisecond at which time is over.

use super::*;
use crate::testing::{at, card, holder, on_both};

fn job(number: u128) -> Job {
    Job {
        job_id: JobId(Uuid::from_u128(number)),
        version: 0,
        state: r#"{"step":"started"}"#.to_owned(),
        browser: Some(TokenHash::of(b"browser cookie")),
        holder: None,
        card: None,
        created_at: at(0),
        expires_at: at(1000),
    }
}

#[tokio::test]
async fn a_job_is_loaded_as_it_was_created_until_just_before_its_end_and_not_at_its_end() {
    on_both(async |stores| {
        let jobs = stores.jobs;
        jobs.create(&job(1)).await.unwrap();
        assert_eq!(jobs.load(job(1).job_id, at(999)).await.unwrap(), Some(job(1)));
        assert_eq!(jobs.load(job(1).job_id, at(1000)).await.unwrap(), None);
        assert_eq!(jobs.load(job(2).job_id, at(0)).await.unwrap(), None);
    })
    .await;
}

#[tokio::test]
async fn a_job_can_be_looked_at_as_ended_from_its_end_on_until_it_is_swept() {
    on_both(async |stores| {
        let jobs = stores.jobs;
        jobs.create(&job(1)).await.unwrap();
        assert_eq!(jobs.load_ended(job(1).job_id, at(999)).await.unwrap(), None);
        assert_eq!(jobs.load_ended(job(1).job_id, at(1000)).await.unwrap(), Some(job(1)));
        jobs.sweep(at(1000), 10).await.unwrap();
        assert_eq!(jobs.load_ended(job(1).job_id, at(1000)).await.unwrap(), None);
    })
    .await;
}

#[tokio::test]
async fn of_two_who_save_at_the_same_time_one_wins_and_the_other_is_told() {
    on_both(async |stores| {
        let jobs = stores.jobs;
        jobs.create(&job(1)).await.unwrap();
        let first = Job { state: "1".to_owned(), holder: Some(holder(1)), ..job(1) };
        let second = Job { state: "2".to_owned(), ..job(1) };
        let (one, other) = tokio::join!(jobs.save(&first, 0), jobs.save(&second, 0));
        let (saved, told) = match (one, other) {
            (Ok(()), Err(SaveError::Conflict)) => (first, second),
            (Err(SaveError::Conflict), Ok(())) => (second, first),
            both => panic!("{both:?}"),
        };
        let loaded = jobs.load(job(1).job_id, at(1)).await.unwrap().unwrap();
        assert_eq!(loaded, Job { version: 1, ..saved });
        jobs.save(&told, loaded.version).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_job_keeps_the_browser_that_started_it_whatever_is_saved() {
    on_both(async |stores| {
        let jobs = stores.jobs;
        jobs.create(&job(1)).await.unwrap();
        let stolen = Job { browser: Some(TokenHash::of(b"another browser")), ..job(1) };
        jobs.save(&stolen, 0).await.unwrap();
        let loaded = jobs.load(job(1).job_id, at(1)).await.unwrap().unwrap();
        assert_eq!(loaded.browser, job(1).browser);
    })
    .await;
}

#[tokio::test]
async fn a_second_job_of_the_same_number_is_refused_and_so_is_saving_one_that_is_not_there() {
    on_both(async |stores| {
        let jobs = stores.jobs;
        jobs.create(&job(1)).await.unwrap();
        assert!(matches!(jobs.create(&job(1)).await, Err(SaveError::Conflict)));
        assert!(matches!(jobs.save(&job(2), 0).await, Err(SaveError::Conflict)));
    })
    .await;
}

#[tokio::test]
async fn a_state_of_the_full_length_is_kept_and_one_byte_more_is_refused() {
    on_both(async |stores| {
        let jobs = stores.jobs;
        let full = Job { state: "x".repeat(STATE_BYTES_MAX), ..job(1) };
        jobs.create(&full).await.unwrap();
        let over = Job { state: "x".repeat(STATE_BYTES_MAX + 1), ..job(2) };
        assert!(matches!(jobs.create(&over).await, Err(SaveError::TooLong)));
    })
    .await;
}

#[tokio::test]
async fn the_open_jobs_of_a_card_are_found_newest_first_and_those_of_others_are_not() {
    on_both(async |stores| {
        let jobs = stores.jobs;
        let of_card = |number, card_number, created| Job {
            card: Some(card(card_number)),
            created_at: at(created),
            ..job(number)
        };
        for job in [of_card(1, 1, 0), of_card(2, 1, 5), of_card(3, 2, 0)] {
            jobs.create(&job).await.unwrap();
        }
        let found = jobs.open_for_card(&card(1), at(999)).await.unwrap();
        assert_eq!(found, [of_card(2, 1, 5), of_card(1, 1, 0)]);
        assert_eq!(jobs.open_for_card(&card(1), at(1000)).await.unwrap(), []);
    })
    .await;
}

#[tokio::test]
async fn a_return_code_leads_back_until_just_before_60_seconds_and_not_at_60_seconds() {
    on_both(async |stores| {
        let jobs = stores.jobs;
        let (early, late) = (TokenHash::of(b"early"), TokenHash::of(b"late"));
        jobs.put_return_code(early, job(1).job_id, at(0)).await.unwrap();
        jobs.put_return_code(late, job(1).job_id, at(0)).await.unwrap();
        assert_eq!(jobs.take_return_code(early, at(59_999)).await.unwrap(), Some(job(1).job_id));
        assert_eq!(jobs.take_return_code(late, at(60_000)).await.unwrap(), None);
    })
    .await;
}

#[tokio::test]
async fn of_many_who_bring_the_same_return_code_one_gets_in() {
    on_both(async |stores| {
        let jobs = stores.jobs;
        let code = TokenHash::of(b"code");
        jobs.put_return_code(code, job(1).job_id, at(0)).await.unwrap();
        let taken =
            futures::future::join_all((0..16).map(|_| jobs.take_return_code(code, at(1)))).await;
        assert_eq!(taken.into_iter().filter(|job| job.as_ref().unwrap().is_some()).count(), 1);
        assert_eq!(jobs.take_return_code(TokenHash::of(b"guess"), at(1)).await.unwrap(), None);
    })
    .await;
}

#[tokio::test]
async fn a_sweep_takes_what_is_over_at_that_instant_and_leaves_the_rest() {
    on_both(async |stores| {
        let jobs = stores.jobs;
        jobs.create(&job(1)).await.unwrap();
        jobs.create(&Job { expires_at: at(1001), ..job(2) }).await.unwrap();
        jobs.put_return_code(TokenHash::of(b"code"), job(1).job_id, at(0)).await.unwrap();
        assert_eq!(jobs.sweep(at(999), 10).await.unwrap(), 0);
        assert_eq!(jobs.sweep(at(1000), 10).await.unwrap(), 1);
        assert_eq!(jobs.sweep(at(60_000), 10).await.unwrap(), 2);
    })
    .await;
}

#[tokio::test]
async fn b28_no_number_of_newer_jobs_of_a_card_hides_one_that_may_have_written() {
    on_both(async |stores| {
        let jobs = stores.jobs;
        let of_card = |number: u128, created| Job {
            card: Some(card(1)),
            created_at: at(created),
            ..job(number)
        };
        let unsettled = Job { expires_at: at(100_000), ..of_card(1, 0) };
        jobs.create(&unsettled).await.unwrap();
        for number in 2..40 {
            jobs.create(&of_card(number, 5)).await.unwrap();
        }
        let found = jobs.open_for_card(&card(1), at(10)).await.unwrap();
        assert_eq!(found[0], unsettled);
    })
    .await;
}
