//! The vault: what matches, what is refused, what a crash leaves behind, and what erasing leaves.

mod meanwhile;
mod pending;
mod sealed;
mod search;

use std::sync::Arc;

use super::*;
use crate::{
    event_store::{Expected, NewEvent},
    sqlite::{Database, Options},
    testing::{at, command, event, holder, keys, on_both, secret, stores},
    truth::Stores,
};

const DAY: i64 = 24 * 3_600_000;

/// The row that command `number` writes, waiting for its first event.
fn new_passcode(number: u32) -> NewPasscode<'static> {
    NewPasscode {
        secret: secret(number.into()),
        holder: holder(1),
        kind: "verification",
        event: EventId::derive(command(number.into()), 0),
    }
}

fn entropy(seed: u8) -> SealEntropy {
    SealEntropy::from([seed; SealEntropy::BYTES])
}

async fn append(stores: &Stores, events: Vec<NewEvent>) {
    let stream = "holder-1".parse().unwrap();
    stores.log.append(&stream, Expected::Any, events, at(0)).await.unwrap();
}

#[tokio::test]
async fn b22_a_value_matches_the_row_it_was_put_under_and_no_other() {
    on_both(async |stores| {
        let vault = stores.vault;
        for (number, value) in [(1, b"Abcd1234"), (2, b"Efgh5678"), (3, b"Ijkl9012")] {
            let salt = [u8::try_from(number).unwrap(); 16];
            vault.put_passcode(new_passcode(number), value, salt, at(0)).await.unwrap();
        }
        let refs = [secret(1), secret(2), secret(3)];
        assert_eq!(vault.matching(&refs, b"Efgh5678").await.unwrap(), Some(secret(2)));
        assert_eq!(vault.matching(&refs, b"efgh5678").await.unwrap(), None, "b23: case counts");
        assert_eq!(vault.matching(&refs[..1], b"Efgh5678").await.unwrap(), None);
        assert_eq!(vault.matching(&[secret(9)], b"Efgh5678").await.unwrap(), None);
        assert_eq!(vault.matching(&[], b"Efgh5678").await.unwrap(), None);
    })
    .await;
}

#[tokio::test]
async fn a_tag_matches_as_a_tag_and_never_as_a_passcode() {
    on_both(async |stores| {
        let vault = stores.vault;
        vault.put_tag(new_passcode(1), b"output of the poprf", at(0)).await.unwrap();
        let refs = [secret(1)];
        let tag = vault.matching_tag(&refs, b"output of the poprf").await.unwrap();
        assert_eq!(tag, Some(secret(1)));
        assert_eq!(vault.matching_tag(&refs, b"another output").await.unwrap(), None);
        assert_eq!(vault.matching(&refs, b"output of the poprf").await.unwrap(), None);
    })
    .await;
}

#[tokio::test]
async fn the_same_value_again_is_no_change_and_another_one_is_refused() {
    on_both(async |stores| {
        let vault = stores.vault;
        vault.put_passcode(new_passcode(1), b"Abcd1234", [1; 16], at(0)).await.unwrap();
        vault.put_passcode(new_passcode(1), b"Abcd1234", [2; 16], at(1)).await.unwrap();
        let other_value = vault.put_passcode(new_passcode(1), b"Efgh5678", [3; 16], at(2)).await;
        assert!(matches!(other_value, Err(VaultError::Taken)));
        let other_holder = NewPasscode { holder: holder(2), ..new_passcode(1) };
        let stolen = vault.put_passcode(other_holder, b"Abcd1234", [1; 16], at(3)).await;
        assert!(matches!(stolen, Err(VaultError::Taken)));
        let as_tag = vault.put_tag(new_passcode(1), b"Abcd1234", at(4)).await;
        assert!(matches!(as_tag, Err(VaultError::Taken)));
        assert_eq!(vault.matching(&[secret(1)], b"Abcd1234").await.unwrap(), Some(secret(1)));
    })
    .await;
}

#[tokio::test]
async fn two_who_put_the_same_value_at_once_both_succeed_whatever_their_salts() {
    on_both(async |stores| {
        let vault = stores.vault;
        let (one, other) = tokio::join!(
            vault.put_passcode(new_passcode(1), b"Abcd1234", [1; 16], at(0)),
            vault.put_passcode(new_passcode(1), b"Abcd1234", [2; 16], at(0)),
        );
        assert!(one.is_ok() && other.is_ok());
    })
    .await;
}

#[tokio::test]
async fn a_digest_that_is_copied_to_another_reference_matches_nothing() {
    on_both(async |stores| {
        let vault = stores.vault;
        vault.put_tag(new_passcode(1), b"tag of one", at(0)).await.unwrap();
        vault.put_tag(new_passcode(2), b"tag of two", at(0)).await.unwrap();
        Query::new(
            "
        update passcode_digest
        set digest = (select digest from passcode_digest where secret_id = $1)
        where secret_id = $2
        ",
        )
        .bind(secret(1).0)
        .bind(secret(2).0)
        .execute(vault.connections.writer())
        .await
        .unwrap();
        assert_eq!(vault.matching_tag(&[secret(2)], b"tag of one").await.unwrap(), None);
    })
    .await;
}

#[tokio::test]
async fn sixteen_references_are_compared_and_seventeen_are_refused() {
    on_both(async |stores| {
        let vault = stores.vault;
        let refs: Vec<SecretRef> = (0..17).map(secret).collect();
        assert!(vault.matching_tag(&refs[..MATCHED_REFS_MAX], b"tag").await.is_ok());
        let refused = vault.matching_tag(&refs, b"tag").await;
        assert!(matches!(refused, Err(VaultError::Invalid(_))));
    })
    .await;
}

#[tokio::test]
async fn b31_answers_match_only_if_each_of_them_does() {
    on_both(async |stores| {
        let vault = stores.vault;
        let answers = [(1, b"stives".as_slice()), (2, b"rover"), (3, b"smith"), (4, b"elgar")];
        for (number, value) in answers {
            vault.put_passcode(new_passcode(number), value, [7; 16], at(0)).await.unwrap();
        }
        let right: Vec<_> =
            answers.iter().map(|(number, value)| (secret(u128::from(*number)), *value)).collect();
        assert!(vault.all_match(&right).await.unwrap());
        assert!(vault.all_match(&right[..2]).await.unwrap());
        for wrong in 0..right.len() {
            let mut typed = right.clone();
            typed[wrong].1 = b"nelson";
            assert!(!vault.all_match(&typed).await.unwrap());
            // Of somebody who was erased meanwhile.
            let mut gone = right.clone();
            gone[wrong].0 = secret(9);
            assert!(!vault.all_match(&gone).await.unwrap());
        }
        let swapped = [(secret(1), b"rover".as_slice()), (secret(2), b"stives")];
        assert!(!vault.all_match(&swapped).await.unwrap());
        assert!(!vault.all_match(&[]).await.unwrap());
    })
    .await;
}

#[tokio::test]
async fn rows_of_an_older_pepper_still_match_and_a_missing_one_is_named() {
    let database = Database::in_memory().await.unwrap();
    let old = database.stores(keys()).vault;
    old.put_tag(new_passcode(1), b"tag", at(0)).await.unwrap();
    let rotated = VaultKeys {
        pepper: Keys::new(2, [9; 32]).with_older(1, [7; 32]),
        seal: Keys::new(1, [8; 32]),
        puk: Some(Keys::new(1, [6; 32])),
        code: Keys::new(1, [9; 32]).into(),
    };
    let rotated = database.stores(rotated).vault;
    rotated.put_tag(new_passcode(2), b"tag", at(0)).await.unwrap();
    for known in [secret(1), secret(2)] {
        assert_eq!(rotated.matching_tag(&[known], b"tag").await.unwrap(), Some(known));
    }
    let missing = old.matching_tag(&[secret(2)], b"tag").await;
    assert!(matches!(missing, Err(VaultError::KeyMissing { version: 2 })));
}

#[tokio::test]
async fn a_stolen_database_without_the_pepper_matches_nothing() {
    let database = Database::in_memory().await.unwrap();
    let ours = database.stores(keys()).vault;
    ours.put_passcode(new_passcode(1), b"Abcd1234", [1; 16], at(0)).await.unwrap();
    let zero = || Keys::new(1, [0; 32]);
    let guessed = VaultKeys { pepper: zero(), seal: zero(), puk: None, code: zero().into() };
    let theirs = database.stores(guessed).vault;
    assert_eq!(theirs.matching(&[secret(1)], b"Abcd1234").await.unwrap(), None);
}

#[tokio::test]
async fn a_row_whose_event_never_came_is_kept_until_just_before_24_hours_and_gone_at_24_hours() {
    on_both(async |stores| {
        // The process died between vault and log: the row is there, its event never will be.
        stores.vault.put_tag(new_passcode(1), b"tag", at(0)).await.unwrap();
        let early = stores.vault.sweep(&*stores.log, at(DAY - 1), 10).await.unwrap();
        assert_eq!(early, Swept::default());
        let late = stores.vault.sweep(&*stores.log, at(DAY), 10).await.unwrap();
        assert_eq!(late, Swept { n_deleted: 1, n_settled: 0 });
        assert_eq!(stores.vault.matching_tag(&[secret(1)], b"tag").await.unwrap(), None);
    })
    .await;
}

#[tokio::test]
async fn a_row_whose_event_came_is_settled_once_and_stays() {
    on_both(async |stores| {
        stores.vault.put_tag(new_passcode(1), b"tag", at(0)).await.unwrap();
        append(&stores, vec![event(1, 0)]).await;
        let first = stores.vault.sweep(&*stores.log, at(DAY), 10).await.unwrap();
        assert_eq!(first, Swept { n_deleted: 0, n_settled: 1 });
        let second = stores.vault.sweep(&*stores.log, at(2 * DAY), 10).await.unwrap();
        assert_eq!(second, Swept::default());
        let kept = stores.vault.matching_tag(&[secret(1)], b"tag").await.unwrap();
        assert_eq!(kept, Some(secret(1)));
    })
    .await;
}

#[tokio::test]
async fn a_sweep_stops_at_its_limit_and_goes_on_next_time() {
    on_both(async |stores| {
        for number in 1..=5 {
            stores.vault.put_tag(new_passcode(number), b"tag", at(0)).await.unwrap();
        }
        append(&stores, vec![event(1, 0)]).await;
        let mut swept = Vec::new();
        for _ in 0..4 {
            let once = stores.vault.sweep(&*stores.log, at(DAY), 2).await.unwrap();
            swept.push(once.n_deleted + once.n_settled);
        }
        assert_eq!(swept, [2, 2, 1, 0]);
    })
    .await;
}

#[tokio::test]
async fn b28_a_row_that_is_held_outlives_every_sweep_and_one_that_is_let_go_does_not() {
    on_both(async |stores| {
        stores.vault.put_tag(new_passcode(1), b"tag", at(0)).await.unwrap();
        stores.vault.hold(&[secret(1)], at(1)).await.unwrap();
        let held = stores.vault.sweep(&*stores.log, at(100 * DAY), 10).await.unwrap();
        assert_eq!(held, Swept::default());
        stores.vault.release(&[secret(1)]).await.unwrap();
        let swept = stores.vault.sweep(&*stores.log, at(100 * DAY), 10).await.unwrap();
        assert_eq!(swept, Swept { n_deleted: 1, n_settled: 0 });
    })
    .await;
}

#[tokio::test]
async fn pruning_drops_what_fell_out_of_the_last_five_and_leaves_what_waits_for_its_event() {
    on_both(async |stores| {
        for number in 1..=3 {
            stores.vault.put_tag(new_passcode(number), b"tag", at(0)).await.unwrap();
        }
        let foreign = NewPasscode { holder: holder(2), ..new_passcode(4) };
        stores.vault.put_tag(foreign, b"tag", at(0)).await.unwrap();
        append(&stores, vec![event(1, 0), event(2, 0), event(4, 0)]).await;
        // 1 fell out, 2 is kept, 3 is pending, 4 is somebody else's.
        let kept = std::future::ready(Ok(vec![secret(2)]));
        let pruned = stores.vault.prune(&*stores.log, holder(1), kept).await.unwrap();
        assert_eq!(pruned, 1);
        for (number, expected) in [(1, None), (2, Some(2)), (3, Some(3)), (4, Some(4))] {
            let found = stores.vault.matching_tag(&[secret(number)], b"tag").await.unwrap();
            assert_eq!(found, expected.map(secret));
        }
    })
    .await;
}

#[tokio::test]
async fn b44_what_is_to_be_forgotten_goes_whether_it_is_a_digest_or_sealed_and_the_rest_stays() {
    on_both(async |stores| {
        let vault = stores.vault;
        vault.put_tag(new_passcode(1), b"tag", at(0)).await.unwrap();
        vault.put_tag(new_passcode(2), b"tag", at(0)).await.unwrap();
        for number in [3, 4] {
            vault
                .seal(
                    secret(number),
                    holder(1),
                    SELF_SERVICE_EMAIL,
                    "",
                    b"x",
                    entropy(1),
                    Keep::Always,
                    at(0),
                )
                .await
                .unwrap();
        }
        assert_eq!(vault.forget(&[secret(1), secret(3), secret(9)]).await.unwrap(), 2);
        assert_eq!(vault.forget(&[secret(1), secret(3)]).await.unwrap(), 0);
        let tags = [secret(1), secret(2)];
        assert_eq!(vault.matching_tag(&tags, b"tag").await.unwrap(), Some(secret(2)));
        for (number, is_there) in [(3, false), (4, true)] {
            let opened = vault.open_sealed(secret(number), SELF_SERVICE_EMAIL, "", at(0)).await;
            assert_eq!(opened.unwrap().is_some(), is_there);
        }
    })
    .await;
}

#[tokio::test]
async fn a_person_can_be_written_changed_and_read() {
    on_both(async |stores| {
        let vault = stores.vault;
        let person =
            |name: &str| Person { name: name.to_owned(), email: "a@example.org".to_owned() };
        assert_eq!(vault.person(holder(1)).await.unwrap(), None);
        vault.put_person(holder(1), &person("Anna"), at(0)).await.unwrap();
        vault.put_person(holder(1), &person("Anne"), at(1)).await.unwrap();
        assert_eq!(vault.person(holder(1)).await.unwrap(), Some(person("Anne")));
    })
    .await;
}

#[tokio::test]
async fn as_many_people_as_are_allowed_are_written_and_read_at_once_and_one_more_is_refused() {
    on_both(async |stores| {
        let vault = stores.vault;
        let people: Vec<_> = (0..)
            .map(|number| {
                let (name, email) = (format!("Person {number}"), "a@example.org".to_owned());
                (holder(number), Person { name, email })
            })
            .take(PEOPLE_MAX + 1)
            .collect();
        let ids: Vec<_> = people.iter().map(|(holder, _)| *holder).collect();
        vault.put_people(&people[..PEOPLE_MAX], at(0)).await.unwrap();
        let found = vault.people(&ids[1..]).await.unwrap();
        assert_eq!(found.len(), PEOPLE_MAX - 1);
        assert!(people[1..PEOPLE_MAX].iter().all(|(holder, person)| found[holder] == *person));
        assert!(vault.people(&[]).await.unwrap().is_empty());
        assert!(matches!(vault.put_people(&people, at(0)).await, Err(VaultError::Invalid(_))));
        assert!(matches!(vault.people(&ids).await, Err(VaultError::Invalid(_))));
    })
    .await;
}

/// How often a text stands in any file of a folder.
fn n_found(folder: &std::path::Path, text: &[u8]) -> usize {
    std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| std::fs::read(entry.unwrap().path()).unwrap())
        .map(|bytes| bytes.windows(text.len()).filter(|window| *window == text).count())
        .sum()
}

#[tokio::test]
async fn erasing_a_person_leaves_nothing_of_theirs_in_the_file_or_its_journal() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("latchkey.db");
    let database = Database::open(&path, &Options::default()).await.unwrap();
    let vault = database.stores(keys()).vault;
    // Ids that stand nowhere else by chance.
    let (erased, kept) = (holder(0x5eed_cafe_5eed_cafe), holder(0x5eed_f00d_5eed_f00d));
    for (number, holder) in [(1, erased), (2, kept)] {
        let person = Person {
            name: format!("Canary Number {number}"),
            email: format!("canary{number}@example.org"),
        };
        vault.put_person(holder, &person, at(0)).await.unwrap();
        let row = NewPasscode { holder, ..new_passcode(u32::try_from(number).unwrap()) };
        vault.put_tag(row, b"tag", at(0)).await.unwrap();
        vault
            .seal(secret(number), holder, "puk", "0A", b"x", entropy(1), Keep::Always, at(0))
            .await
            .unwrap();
    }
    assert!(0 < n_found(folder.path(), b"Canary Number 1"));
    assert_eq!(vault.erase(erased).await.unwrap(), 6, "three of them are words of the name");
    assert_eq!(vault.person(erased).await.unwrap(), None);
    for gone in [b"Canary Number 1".as_slice(), b"canary1@example.org", erased.0.as_bytes()] {
        assert_eq!(n_found(folder.path(), gone), 0, "{gone:?}");
    }
    assert!(vault.person(kept).await.unwrap().is_some());
    assert!(0 < n_found(folder.path(), b"Canary Number 2"));
    assert_eq!(vault.erase(erased).await.unwrap(), 0);
}

#[tokio::test]
async fn no_passcode_tag_or_sealed_secret_is_in_the_file_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("latchkey.db");
    let database = Database::open(&path, &Options::default()).await.unwrap();
    let vault = database.stores(keys()).vault;
    vault.put_passcode(new_passcode(1), b"CanaryPasscode", [1; 16], at(0)).await.unwrap();
    vault.put_tag(new_passcode(2), b"CanaryTag", at(0)).await.unwrap();
    vault
        .seal(secret(3), holder(1), "puk", "0A", b"CanaryPuk", entropy(1), Keep::Always, at(0))
        .await
        .unwrap();
    for canary in [b"CanaryPasscode".as_slice(), b"CanaryTag", b"CanaryPuk"] {
        assert_eq!(n_found(folder.path(), canary), 0);
    }
}

#[test]
fn nothing_of_a_person_or_a_key_is_shown_by_debug() {
    let person = Person { name: "Anna".to_owned(), email: "a@example.org".to_owned() };
    assert_eq!(format!("{person:?}"), "Person(..)");
    assert_eq!(
        format!("{:?}", keys()),
        "VaultKeys { pepper: [1], seal: [1], puk: Some([1]), code: [1] }"
    );
}

#[tokio::test]
async fn a_flood_of_checks_is_told_to_come_back_and_the_first_ones_are_answered() {
    let vault = Arc::new(stores().await.vault);
    vault.put_passcode(new_passcode(1), b"Abcd1234", [1; 16], at(0)).await.unwrap();
    let n_places = STRETCHES_AT_ONCE + STRETCHES_WAITING_MAX;
    let refs = [secret(1)];
    let checks = (0..n_places + 5).map(|_| vault.matching(&refs, b"Abcd1234"));
    let answers = futures::future::join_all(checks).await;
    let n_busy = answers.iter().filter(|answer| matches!(answer, Err(VaultError::Busy))).count();
    let n_right = answers.iter().filter(|answer| matches!(answer, Ok(Some(_)))).count();
    assert_eq!(n_busy + n_right, n_places + 5);
    assert!(n_places <= n_right);
}
