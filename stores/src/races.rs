//! What several do to the same rows at one moment: two processes on one PostgreSQL, or two handles of
//! one SQLite file. Whatever the order, it is one that could have been, one after the other.

use chrono::{DateTime, Utc};
use domain::ids::{EventId, HolderId};
use futures::future::{join, join_all};
use uuid::Uuid;

use crate::{
    agent::AgentId,
    answer::Found,
    crl::{PublishError, PublishedCrl},
    database::Query,
    job::{Job, JobId, SaveError},
    session::{NewSession, Scope},
    testing::{at, card, command, holder, on_both_twice, secret},
    token::TokenHash,
    truth::Stores,
    vault::{NameSearch, NewPasscode, Person, PersonChange, Vault, VaultError},
};

/// How often what depends on luck is tried.
const ROUNDS: u32 = 12;

/// How many try at one moment, half of them from each process.
const CALLERS: usize = 16;

/// What each of many callers hears, who take turns with the processes.
async fn all_at_once<T>(
    one: &Stores,
    other: &Stores,
    call: impl AsyncFn(&Stores, usize) -> T,
) -> Vec<T> {
    let calls = (0..CALLERS).map(|number| call(if number % 2 == 0 { one } else { other }, number));
    join_all(calls).await
}

fn n_true(answers: &[bool]) -> usize {
    answers.iter().filter(|answer| **answer).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_that_many_hit_at_once_gives_no_more_than_it_has_and_takes_no_more_back() {
    on_both_twice(async |one, other| {
        for round in 0..i64::from(ROUNDS) {
            let take =
                async |stores: &Stores, _| stores.limits.take("a", at(round), 5).await.unwrap();
            assert_eq!(n_true(&all_at_once(&one, &other, take).await), 5);
            // Two in an older window: whoever finds the newer one empty takes from there.
            for _ in 0..2 {
                one.limits.take("a", at(round - 1_000), 9).await.unwrap();
            }
            let since = at(round - 1_000);
            let back =
                async |stores: &Stores, _| stores.limits.give_back("a", since).await.unwrap();
            assert_eq!(n_true(&all_at_once(&one, &other, back).await), 7);
            for window in [at(round), since] {
                assert_eq!(other.limits.taken("a", window).await.unwrap(), 0);
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_that_many_try_at_once_is_good_for_one_of_them() {
    on_both_twice(async |one, other| {
        for round in 0..ROUNDS {
            let code = TokenHash::of(&round.to_be_bytes());
            one.agents.put_enrolment_code(code, at(0)).await.unwrap();
            one.jobs.put_return_code(code, JobId(Uuid::from_u128(1)), at(0)).await.unwrap();
            let enrol = async |stores: &Stores, _| {
                stores.agents.take_enrolment_code(code, at(1)).await.unwrap()
            };
            assert_eq!(n_true(&all_at_once(&one, &other, enrol).await), 1);
            let back = async |stores: &Stores, _| {
                stores.jobs.take_return_code(code, at(1)).await.unwrap().is_some()
            };
            assert_eq!(n_true(&all_at_once(&one, &other, back).await), 1);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_save_a_job_at_once_one_does_and_the_others_are_told() {
    on_both_twice(async |one, other| {
        let job = |state: String| Job {
            job_id: JobId(Uuid::from_u128(1)),
            version: 0,
            state,
            browser: None,
            holder: None,
            card: Some(card(1)),
            created_at: at(0),
            expires_at: at(60_000),
        };
        let create =
            async |stores: &Stores, _| stores.jobs.create(&job("{}".to_owned())).await.is_ok();
        assert_eq!(n_true(&all_at_once(&one, &other, create).await), 1);
        for version in 0..i64::from(ROUNDS) {
            let save = async |stores: &Stores, number: usize| {
                stores.jobs.save(&job(number.to_string()), version).await
            };
            let saved = all_at_once(&one, &other, save).await;
            let winners: Vec<_> = (0..).zip(&saved).filter(|(_, saved)| saved.is_ok()).collect();
            assert_eq!(winners.len(), 1);
            assert!(
                saved
                    .iter()
                    .filter_map(|saved| saved.as_ref().err())
                    .all(|error| matches!(error, SaveError::Conflict))
            );
            let now = other.jobs.load(JobId(Uuid::from_u128(1)), at(1)).await.unwrap().unwrap();
            assert_eq!((now.version, now.state), (version + 1, winners[0].0.to_string()));
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suspended_session_of_a_card_is_woken_once_however_many_log_in_for_it_at_once() {
    let agent = AgentId(Uuid::from_u128(7));
    let session = |token: &[u8]| NewSession {
        token: TokenHash::of(token),
        holder: holder(1),
        card: card(1),
        agent,
        scope: Scope::Full,
        endings: 0,
    };
    on_both_twice(async |one, other| {
        for round in 0..ROUNDS {
            let old = round.to_be_bytes();
            one.sessions.open(&session(&old), at(0)).await.unwrap();
            one.sessions.suspend_others(agent, holder(2), at(1)).await.unwrap();
            let wake = async |stores: &Stores, number: usize| {
                let token = [old.as_slice(), &number.to_be_bytes()].concat();
                stores.sessions.wake(TokenHash::of(&old), &session(&token), at(2)).await.unwrap()
            };
            assert_eq!(n_true(&all_at_once(&one, &other, wake).await), 1);
            let n_ended = other.sessions.suspend_others(agent, holder(2), at(3)).await.unwrap();
            assert_eq!(n_ended, 1);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_log_in_at_one_workstation_at_once_one_is_in_and_all_others_are_suspended() {
    let agent = AgentId(Uuid::from_u128(7));
    on_both_twice(async |one, other| {
        for round in 0..ROUNDS {
            let session = |number: usize| NewSession {
                token: TokenHash::of(
                    &[round.to_be_bytes(), [u8::try_from(number).unwrap(); 4]].concat(),
                ),
                holder: holder(u128::try_from(number).unwrap()),
                card: card(u32::try_from(number).unwrap()),
                agent,
                scope: Scope::Full,
                endings: 0,
            };
            let enter = async |stores: &Stores, number: usize| {
                stores.sessions.enter(None, &session(number), at(0)).await.unwrap();
            };
            all_at_once(&one, &other, enter).await;
            assert_eq!(other.sessions.n_open(at(0)).await.unwrap(), 1);
            let nobody = holder(u128::MAX);
            assert_eq!(one.sessions.suspend_others(agent, nobody, at(0)).await.unwrap(), 1);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_two_revocation_lists_have_one_number_and_none_is_older_than_the_one_before() {
    let crl = |number: u64| PublishedCrl {
        number,
        this_update: at(0),
        next_update: at(1),
        der: number.to_be_bytes().to_vec(),
    };
    on_both_twice(async |one, other| {
        for round in 0..u64::from(ROUNDS) {
            // Each number twice, the greater ones first.
            let first = 8 * round + 1;
            let publish = async |stores: &Stores, number: usize| {
                let number = first + 7 - u64::try_from(number / 2).unwrap();
                stores.crls.publish(&crl(number)).await.map(|()| number)
            };
            let mut published = Vec::new();
            for answer in all_at_once(&one, &other, publish).await {
                match answer {
                    Ok(number) => published.push(number),
                    Err(PublishError::NotNewer(_)) => {}
                    Err(error @ PublishError::Store(_)) => panic!("{error}"),
                }
            }
            let n_published = published.len();
            published.sort_unstable();
            published.dedup();
            assert_eq!(published.len(), n_published);
            assert_eq!(other.crls.latest_number().await.unwrap(), Some(first + 7));
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_reference_stands_for_one_value_and_one_command_has_one_answer() {
    on_both_twice(async |one, other| {
        for round in 1..=ROUNDS {
            let number = u128::from(round);
            let put = async |stores: &Stores, caller: usize| {
                let row = NewPasscode {
                    secret: secret(number),
                    holder: holder(1),
                    kind: "smartcard",
                    event: EventId::derive(command(number), 0),
                };
                stores.vault.put_tag(row, &[u8::try_from(caller % 4).unwrap()], at(0)).await
            };
            let put = all_at_once(&one, &other, put).await;
            assert_eq!(put.iter().filter(|put| put.is_ok()).count(), CALLERS / 4);
            assert!(
                put.iter()
                    .filter_map(|put| put.as_ref().err())
                    .all(|error| matches!(error, VaultError::Taken))
            );
            let keep = async |stores: &Stores, caller: usize| {
                let bytes = [u8::try_from(caller).unwrap()];
                stores.answers.keep(command(number), b"request", &bytes, at(0)).await.unwrap();
                stores.answers.find(command(number), b"request", at(1)).await.unwrap()
            };
            let found = all_at_once(&one, &other, keep).await;
            assert!(matches!(found[0], Found::Answer(_)));
            assert!(found.iter().all(|one| *one == found[0]), "{found:?}");
        }
    })
    .await;
}

fn person(name: &str) -> Person {
    Person { name: name.to_owned(), email: "a@example.org".to_owned() }
}

/// Rows of words whose person is not there, or has another name.
async fn n_strays(vault: &Vault) -> usize {
    let words: Vec<(String, Uuid)> = Query::new("select word, holder_id from person_search")
        .fetch_all(vault.connections.reader())
        .await
        .unwrap();
    let mut n_strays = 0;
    for (word, holder) in words {
        let person = vault.person(HolderId(holder)).await.unwrap();
        let is_his = person.is_some_and(|person| person.name.to_lowercase().contains(&word));
        n_strays += usize::from(!is_his);
    }
    n_strays
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_erased_while_others_write_about_him_leaves_no_word_behind() {
    on_both_twice(async |one, other| {
        for round in 0..ROUNDS {
            let who = holder(u128::from(round) + 1);
            one.vault.put_person(who, &person("Ada First"), at(0)).await.unwrap();
            let write = async |stores: &Stores, number: usize| {
                if number % 4 == 3 {
                    stores.vault.erase(who).await.map(|_| ())
                } else {
                    stores.vault.put_person(who, &person(&format!("Ada Name{number}")), at(1)).await
                }
            };
            for answer in all_at_once(&one, &other, write).await {
                answer.unwrap();
            }
            assert_eq!(n_strays(&other.vault).await, 0, "round {round}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn b42_whoever_is_erased_while_his_new_name_is_settled_does_not_come_back() {
    let now: DateTime<Utc> = at(1);
    on_both_twice(async |one, other| {
        for round in 0..2 * ROUNDS {
            let who = holder(u128::from(round) + 1);
            let event = EventId::derive(command(u128::from(round) + 1), 0);
            one.vault.put_person(who, &person("Ada"), at(0)).await.unwrap();
            let change = PersonChange::Changed(person("Berta"));
            one.vault.prepare_person(event, who, &change, at(0)).await.unwrap();
            let (settled, erased) =
                join(one.vault.settle_person(event, now), other.vault.erase(who)).await;
            settled.unwrap();
            erased.unwrap();
            assert_eq!(other.vault.person(who).await.unwrap(), None);
        }
        let search = NameSearch::parse("berta").unwrap();
        assert_eq!(other.vault.find_people(&search, None, 10).await.unwrap().0, []);
        assert_eq!(n_strays(&other.vault).await, 0);
    })
    .await;
}
