//! What an event does to a person: prepared, settled, made good after a crash, forgotten without it.

use super::*;

fn person(name: &str) -> Person {
    Person { name: name.to_owned(), email: format!("{}@example.org", name.to_lowercase()) }
}

fn first_event(number: u32) -> EventId {
    EventId::derive(command(number.into()), 0)
}

/// The event of command `number` is in the log.
async fn comes(stores: &Stores, number: u32) {
    append(stores, vec![event(number.into(), 0)]).await;
}

async fn name(vault: &Vault) -> Option<String> {
    vault.person(holder(1)).await.unwrap().map(|person| person.name)
}

async fn found(vault: &Vault, typed: &str) -> usize {
    let search = NameSearch::parse(typed).unwrap();
    vault.find_people(&search, None, 10).await.unwrap().0.len()
}

async fn change(vault: &Vault, number: u32, change: PersonChange) {
    vault.prepare_person(first_event(number), holder(1), &change, at(0)).await.unwrap();
}

#[tokio::test]
async fn b42_other_details_hold_from_their_event_on_and_a_sweep_makes_good_what_a_crash_has_left() {
    on_both(async |stores| {
        let vault = &stores.vault;
        vault.put_person(holder(1), &person("Ada"), at(0)).await.unwrap();
        change(vault, 1, PersonChange::Changed(person("Berta"))).await;
        vault.sweep(stores.log.as_ref(), at(DAY - 1), 10).await.unwrap();
        assert_eq!(name(vault).await.as_deref(), Some("Ada"));
        comes(&stores, 1).await;
        vault.sweep(stores.log.as_ref(), at(1), 10).await.unwrap();
        assert_eq!(name(vault).await.as_deref(), Some("Berta"));
        assert_eq!((found(vault, "berta").await, found(vault, "ada").await), (1, 0));
        change(vault, 2, PersonChange::Changed(person("Clara"))).await;
        vault.forget_prepared(first_event(2)).await.unwrap();
        comes(&stores, 2).await;
        vault.settle_person(first_event(2), at(2)).await.unwrap();
        assert_eq!(name(vault).await.as_deref(), Some("Berta"), "it was refused");
    })
    .await;
}

#[tokio::test]
async fn b42_details_that_were_prepared_before_an_erasure_bring_nobody_back() {
    on_both(async |stores| {
        let vault = &stores.vault;
        vault.put_person(holder(1), &person("Ada"), at(0)).await.unwrap();
        change(vault, 1, PersonChange::Changed(person("Berta"))).await;
        comes(&stores, 1).await;
        vault.erase(holder(1)).await.unwrap();
        vault.settle_person(first_event(1), at(1)).await.unwrap();
        assert_eq!(name(vault).await, None);
        change(vault, 2, PersonChange::Changed(person("Clara"))).await;
        vault.settle_person(first_event(2), at(1)).await.unwrap();
        assert_eq!((name(vault).await, found(vault, "clara").await), (None, 0));
    })
    .await;
}

#[tokio::test]
async fn an_erasure_that_a_crash_has_stopped_after_its_event_is_finished_by_the_sweep() {
    on_both(async |stores| {
        let vault = &stores.vault;
        vault.put_person(holder(1), &person("Ada"), at(0)).await.unwrap();
        change(vault, 1, PersonChange::Erased).await;
        vault.sweep(stores.log.as_ref(), at(1), 10).await.unwrap();
        assert_eq!(name(vault).await.as_deref(), Some("Ada"), "it is not in the log");
        comes(&stores, 1).await;
        let swept = vault.sweep(stores.log.as_ref(), at(2), 10).await.unwrap();
        assert_eq!((name(vault).await, swept.n_settled), (None, 1));
        let again = vault.sweep(stores.log.as_ref(), at(3), 10).await.unwrap();
        assert_eq!(again.n_settled, 0);
    })
    .await;
}

#[tokio::test]
async fn p03_who_is_never_registered_is_forgotten_a_day_later_and_who_is_stays() {
    on_both(async |stores| {
        let vault = &stores.vault;
        for number in [1, 2] {
            let newcomer = PersonChange::Registered(person("Ada"));
            let whose = holder(number.into());
            vault.prepare_person(first_event(number), whose, &newcomer, at(0)).await.unwrap();
        }
        comes(&stores, 2).await;
        vault.sweep(stores.log.as_ref(), at(DAY - 1), 10).await.unwrap();
        assert_eq!(found(vault, "ada").await, 2);
        vault.sweep(stores.log.as_ref(), at(DAY), 10).await.unwrap();
        assert_eq!(name(vault).await, None);
        assert!(vault.person(holder(2)).await.unwrap().is_some());
        assert_eq!(found(vault, "ada").await, 1);
    })
    .await;
}
