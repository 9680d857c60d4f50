//! The tree of organisations.

use axum::http::{Method, StatusCode};
use domain::staff::Role;
use serde_json::{Value, json};
use tests::desk::Desk;

use super::ask;

const PATH: &str = "/api/desk/organisations";

#[tokio::test]
async fn b59_a_manager_adds_organisations_below_his_own_and_nowhere_else() {
    let desk = Desk::open().await.unwrap();
    desk.found_organisations().await.unwrap();
    let staff = desk.staff("Ann Manager", "AA01", Role::RaManager, "RXA").await.unwrap();
    let mut manager = staff.1;
    let ward = json!({"code": "RXA1", "name": "Ward 1", "parent": "RXA"});
    for _ in 0..2 {
        let (status, _) = ask(&mut manager, Method::POST, PATH, &ward).await;
        assert_eq!(status, StatusCode::NO_CONTENT, "the same again adds nothing");
    }
    let elsewhere = json!({"code": "RXB1", "name": "Ward 1", "parent": "RXB"});
    let (status, problem) = ask(&mut manager, Method::POST, PATH, &elsewhere).await;
    assert_eq!((status, &problem["rule"]), (StatusCode::FORBIDDEN, &json!("B-59")));
    let taken = json!({"code": "RXB", "name": "Ward 1", "parent": "RXA"});
    let (status, problem) = ask(&mut manager, Method::POST, PATH, &taken).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    assert_eq!(problem["why"], "There is another organisation RXB.");
    let (_, list) = ask(&mut manager, Method::GET, PATH, &Value::Null).await;
    let codes: Vec<_> =
        list["organisations"].as_array().unwrap().iter().map(|one| &one["code"]).collect();
    assert_eq!(codes, ["RXA", "RXA1", "RXB", "X26"]);
    let rest = format!("{PATH}?after=RXB");
    let (_, list) = ask(&mut manager, Method::GET, &rest, &Value::Null).await;
    assert_eq!(list["organisations"][0]["code"], "X26");
    // What is in memory is what a start reads.
    let copy = desk.copy(7).await.unwrap();
    assert_eq!(copy.app().organisations(), desk.app().organisations());
}
