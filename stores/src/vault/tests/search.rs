//! Who is found by a name, in what order, and who no longer is.

use super::*;

async fn people(stores: Stores, names: &[&str]) -> Vault {
    let vault = stores.vault;
    for (number, name) in (1..).zip(names) {
        put(&vault, number, name).await;
    }
    vault
}

async fn put(vault: &Vault, number: u128, name: &str) {
    let person = Person { name: (*name).to_owned(), email: "a@example.org".to_owned() };
    vault.put_person(holder(number), &person, at(0)).await.unwrap();
}

fn search(typed: &str) -> NameSearch {
    NameSearch::parse(typed).unwrap()
}

async fn names(vault: &Vault, typed: &str) -> Vec<String> {
    let (found, next) = vault.find_people(&search(typed), None, FOUND_PAGE_MAX).await.unwrap();
    assert_eq!(next, None);
    found.into_iter().map(|found| found.person.name).collect()
}

#[tokio::test]
async fn a_person_is_found_by_the_beginnings_of_names_in_any_order_case_and_accents() {
    on_both(async |stores| {
        let vault = people(stores, &["Zoë O\u{2019}Brien-Łuk", "Ann Brown", "Anna Anderson"]).await;
        for typed in ["zoe", "OBri zo", "o'brien", "ZOË LUK", "\u{142}uk zoe"] {
            let found = names(&vault, typed).await;
            let expected = !typed.ends_with("LUK");
            assert_eq!(found.len() == 1, expected, "{typed}: a stroke is no accent");
        }
        assert_eq!(names(&vault, "an").await, ["Anna Anderson", "Ann Brown"]);
        assert_eq!(names(&vault, "an br").await, ["Ann Brown"]);
        assert_eq!(names(&vault, "rown").await, Vec::<String>::new(), "only beginnings");
    })
    .await;
}

#[test]
fn a_search_needs_two_letters_of_one_name_and_takes_eight_names_and_not_nine() {
    for (typed, is_search) in [
        ("", false),
        (" - ", false),
        ("a b", false),
        ("ab", true),
        ("a bc", true),
        ("aa b c d e f g h", true),
        ("aa b c d e f g h i", false),
    ] {
        assert_eq!(NameSearch::parse(typed).is_ok(), is_search, "{typed}");
    }
    assert_eq!(format!("{:?}", search("anna")), "NameSearch(..)");
}

#[tokio::test]
async fn pages_follow_each_other_without_gap_or_repeat() {
    on_both(async |stores| {
        let all: Vec<String> = (0..25).map(|number| format!("Sam Sa{:02}", number % 7)).collect();
        let vault = people(stores, &all.iter().map(String::as_str).collect::<Vec<_>>()).await;
        let (search, mut after, mut seen) = (search("sa"), None, Vec::new());
        for _page in 0..10 {
            let (found, next) = vault.find_people(&search, after.as_ref(), 4).await.unwrap();
            seen.extend(found.into_iter().map(|found| found.holder));
            after = next;
            if after.is_none() {
                break;
            }
        }
        seen.sort();
        assert_eq!(seen, (1..=25).map(holder).collect::<Vec<_>>());
        for limit in [0, FOUND_PAGE_MAX + 1] {
            let refused = vault.find_people(&search, None, limit).await;
            assert!(matches!(refused, Err(VaultError::Invalid(_))));
        }
    })
    .await;
}

#[tokio::test]
async fn a_changed_name_is_found_and_the_former_is_not_and_an_erased_person_by_neither() {
    on_both(async |stores| {
        let vault = people(stores, &["Anna Brown"]).await;
        put(&vault, 1, "Anna Smith").await;
        assert_eq!(names(&vault, "brown").await.len(), 0);
        assert_eq!(names(&vault, "smith").await.len(), 1);
        vault.erase(holder(1)).await.unwrap();
        assert_eq!(names(&vault, "smith").await.len(), 0);
        let left: i64 = Query::new("select count(*) from person_search")
            .scalar(vault.connections.reader())
            .await
            .unwrap();
        assert_eq!(left, 0);
    })
    .await;
}

#[tokio::test]
async fn names_of_a_build_that_had_no_index_are_indexed_once() {
    on_both(async |stores| {
        let vault = people(stores, &["Anna Brown", "Ben Okafor"]).await;
        Query::new("delete from person_search").execute(vault.connections.writer()).await.unwrap();
        assert_eq!(names(&vault, "anna").await.len(), 0);
        assert_eq!(vault.index_names(None, at(1)).await.unwrap(), Some(holder(2)));
        assert_eq!(vault.index_names(Some(holder(2)), at(1)).await.unwrap(), None);
        assert_eq!(names(&vault, "anna").await.len(), 1);
        assert_eq!(vault.index_names(None, at(1)).await.unwrap(), None);
    })
    .await;
}
