//! Finding a person, and looking at the record.

use axum::http::{Method, StatusCode};
use domain::{ids::HolderId, staff::Role};
use serde_json::{Value, json};
use stores::{session::Scope, vault::Person};
use tests::desk::Desk;
use uuid::Uuid;

use super::ask;

#[tokio::test]
async fn b59_whoever_looks_for_somebody_finds_those_of_his_own_organisation() {
    let desk = Desk::open().await.unwrap();
    desk.found_organisations().await.unwrap();
    let (_, mut agent) = desk.staff("Ben Agent", "AA01", Role::RaAgent, "RXA").await.unwrap();
    let mine = desk.on_paper("Asha Patel", "AB01").await.unwrap();
    desk.assign(mine, "RXA").await.unwrap();
    let other = desk.on_paper("Asha Patterson", "AB02").await.unwrap();
    desk.assign(other, "RXB").await.unwrap();
    for search in [json!({"name": "pat ASH"}), json!({"card": "AB01"})] {
        let (status, found) = ask(&mut agent, Method::POST, "/api/desk/searches", &search).await;
        assert_eq!(status, StatusCode::OK, "{found}");
        let people = found["people"].as_array().unwrap();
        assert_eq!(people.len(), 1, "{found}");
        assert_eq!(people[0]["holder"], mine.to_string());
        assert_eq!(people[0]["name"], "Asha Patel");
    }
    let (_, found) =
        ask(&mut agent, Method::POST, "/api/desk/searches", &json!({"card": "AB02"})).await;
    assert_eq!(found["people"], json!([]));
    for nothing in [json!({"name": "p"}), json!({}), json!({"card": "xy"})] {
        let (status, _) = ask(&mut agent, Method::POST, "/api/desk/searches", &nothing).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{nothing}");
    }
}

#[tokio::test]
async fn b59_where_a_page_of_people_ended_tells_nothing_of_other_organisations_and_is_not_for_choice()
 {
    let desk = Desk::open().await.unwrap();
    desk.found_organisations().await.unwrap();
    let (ben, mut agent) = desk.staff("Ben Agent", "AA01", Role::RaAgent, "RXA").await.unwrap();
    // Outsiders of whom the vault alone knows: nobody's assignment, so the root's.
    let outsiders = (0..101).map(|n| {
        let person = Person { name: format!("Pat Smith{n:03}"), email: "p@example.org".to_owned() };
        (HolderId(Uuid::from_u128(1 + n)), person)
    });
    let (vault, now) = (&desk.app().stores().vault, desk.now());
    vault.put_people(&outsiders.collect::<Vec<_>>(), now).await.unwrap();
    let mine = desk.on_paper("Zoe Smithz", "AB01").await.unwrap();
    desk.assign(mine, "RXA").await.unwrap();
    let path = "/api/desk/searches";
    let (_, first) = ask(&mut agent, Method::POST, path, &json!({"name": "smith"})).await;
    assert_eq!(first["people"], json!([]));
    let next = first["next"].as_str().unwrap();
    assert!(!next.contains("smith") && !next.contains('.'), "{next}");
    let again = json!({"name": "smith", "after": next});
    let (_, second) = ask(&mut agent, Method::POST, path, &again).await;
    assert_eq!(second["people"][0]["holder"], mine.to_string(), "{second}");
    assert_eq!(second["next"], Value::Null);
    let chosen = format!("{}.smith050", HolderId(Uuid::from_u128(51)));
    for (name, after) in [("smith", chosen.as_str()), ("smi", next)] {
        let wanted = json!({"name": name, "after": after});
        let (status, said) = ask(&mut agent, Method::POST, path, &wanted).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{said}");
    }
    let mut other = desk.session_of(ben, Scope::Full).await.unwrap();
    let (status, _) = ask(&mut other, Method::POST, path, &again).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "another session");
}

#[tokio::test]
async fn a_record_says_how_everything_stands_with_rule_and_day_and_what_may_be_done() {
    let desk = Desk::open().await.unwrap();
    desk.found_organisations().await.unwrap();
    let holder = desk.on_paper("Asha Patel", "AB01").await.unwrap();
    desk.assign(holder, "RXA").await.unwrap();
    desk.wait(chrono::Duration::days(386));
    let (_, mut sponsor) = desk.staff("Sam Sponsor", "AA01", Role::Sponsor, "RXA").await.unwrap();
    let path = format!("/api/desk/holders/{holder}");
    let (status, record) = ask(&mut sponsor, Method::GET, &path, &Value::Null).await;
    assert_eq!(status, StatusCode::OK, "{record}");
    assert_eq!(record["name"], "Asha Patel");
    assert_eq!(record["organisations"][0]["name"], "St Ebba's Hospital");
    let state = record["state"].as_array().unwrap();
    let passcode = state.iter().find(|line| line["about"] == "smartcard_passcode").unwrap();
    assert_eq!((&passcode["rule"], &passcode["day"]), (&json!("P-18"), &json!("2027-03-23")));
    let certificates = state.iter().find(|line| line["about"] == "certificates").unwrap();
    assert_eq!(certificates["words"], "Good until 1 March 2028");
    let may: Vec<_> = record["may"].as_array().unwrap().iter().collect();
    for act in ["look for a person", "look at a person's record"] {
        assert!(may.contains(&&json!(act)), "{record}");
    }
    let refused = record["refused"].as_array().unwrap();
    let help = refused.iter().find(|line| line["act"] == "help with a locked smartcard").unwrap();
    assert_eq!((&help["rule"], refused.len()), (&json!("P-19"), 1), "{record}");
    assert!(!may.contains(&&json!("revoke certificates")));
    let nobody = format!("/api/desk/holders/{}", uuid::Uuid::nil());
    let (status, _) = ask(&mut sponsor, Method::GET, &nobody, &Value::Null).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
}
