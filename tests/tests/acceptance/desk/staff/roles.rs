//! Who works where, and who may do what.

use axum::http::{Method, StatusCode};
use domain::{desk::DeskEvent, holder::HolderEvent, staff::Role};
use serde_json::{Value, json};
use tests::desk::Desk;

use super::ask;

#[tokio::test]
async fn b58_a_role_that_is_granted_is_recorded_with_who_granted_it_and_works_at_once() {
    let desk = Desk::open().await.unwrap();
    desk.found_organisations().await.unwrap();
    let (manager, mut ann) = desk.staff("Ann", "AA01", Role::RaManager, "X26").await.unwrap();
    let ben = desk.on_paper("Ben", "AB01").await.unwrap();
    let path = |what: &str| format!("/api/desk/holders/{ben}/{what}");
    let assignment = json!({"organisation": "RXA"});
    let (status, _) = ask(&mut ann, Method::POST, &path("assignments"), &assignment).await;
    assert_eq!(status, StatusCode::OK);
    let role = json!({"role": "ra-agent", "organisation": "RXA"});
    let (status, done) = ask(&mut ann, Method::POST, &path("roles"), &role).await;
    assert_eq!((status, &done["holder"]), (StatusCode::OK, &json!(ben.to_string())));
    let events = desk.events(ben).await.unwrap();
    assert!(matches!(
        events.last(),
        Some(HolderEvent::Desk(DeskEvent::RoleGranted { role: Role::RaAgent, .. }))
    ));
    let log = desk.log().await.unwrap();
    let granted = log.iter().rfind(|event| event.kind == "RoleGranted").unwrap();
    let meta: Value = serde_json::from_slice(&granted.meta).unwrap();
    let by = json!({"by": "staff", "holder": manager, "role": "ra_manager", "organisation": "X26"});
    assert_eq!(meta["actor"], by);
    let mut ben_browser = desk.session_of(ben, stores::session::Scope::Full).await.unwrap();
    let (status, _) = ask(&mut ben_browser, Method::GET, "/api/desk/work", &Value::Null).await;
    assert_eq!(status, StatusCode::OK);
    let (_, staff) = ask(&mut ann, Method::GET, "/api/desk/staff", &Value::Null).await;
    assert_eq!(staff["staff"].as_array().unwrap().len(), 2, "{staff}");
    let away = path("roles/ra-agent/RXA");
    let (status, _) = ask(&mut ann, Method::DELETE, &away, &Value::Null).await;
    assert_eq!(status, StatusCode::OK);
    let (status, _) = ask(&mut ben_browser, Method::GET, "/api/desk/work", &Value::Null).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn b59_a_role_of_the_whole_service_is_granted_in_the_root_alone() {
    let desk = Desk::open().await.unwrap();
    desk.found_organisations().await.unwrap();
    let (_, mut ann) = desk.staff("Ann", "AA01", Role::RaManager, "X26").await.unwrap();
    let ben = desk.on_paper("Ben", "AB01").await.unwrap();
    let path = format!("/api/desk/holders/{ben}/roles");
    for (role, at, granted) in [
        ("operator", "RXA", false),
        ("policy-owner", "RXA", false),
        ("operator", "X26", true),
        ("sponsor", "NONE", false),
    ] {
        let role = json!({"role": role, "organisation": at});
        let (status, said) = ask(&mut ann, Method::POST, &path, &role).await;
        assert_eq!(status == StatusCode::OK, granted, "{role}: {said}");
    }
}

#[tokio::test]
async fn b63_the_last_manager_stays_and_with_another_one_above_may_go() {
    let desk = Desk::open().await.unwrap();
    desk.found_organisations().await.unwrap();
    let (_, mut root) = desk.staff("Ann", "AA01", Role::RaManager, "X26").await.unwrap();
    let (ben, _) = desk.staff("Ben", "AB01", Role::RaManager, "RXA").await.unwrap();
    let away = format!("/api/desk/holders/{ben}/roles/ra-manager/RXA");
    let (status, said) = ask(&mut root, Method::DELETE, &away, &Value::Null).await;
    assert_eq!(status, StatusCode::OK, "{said}");
}

#[tokio::test]
async fn b59_an_account_is_closed_only_by_somebody_who_may_withdraw_every_role_that_goes_with_it() {
    let desk = Desk::open().await.unwrap();
    desk.found_organisations().await.unwrap();
    let (ann, mut root) = desk.staff("Ann", "AA01", Role::RaManager, "X26").await.unwrap();
    desk.assign(ann, "RXA").await.unwrap();
    let (ben, mut manager) = desk.staff("Ben", "AB01", Role::RaManager, "RXA").await.unwrap();
    let closure = json!({"reason": "left", "confirm": "CLOSE"});
    let close = |holder| format!("/api/desk/holders/{holder}/closure");
    let (status, said) = ask(&mut manager, Method::POST, &close(ann), &closure).await;
    assert_eq!((status, &said["rule"]), (StatusCode::FORBIDDEN, &json!("B-59")));
    assert!(desk.holder(ann).await.unwrap().desk().closed().is_none());
    let (status, said) = ask(&mut root, Method::POST, &close(ben), &closure).await;
    assert_eq!(status, StatusCode::OK, "{said}");
}

#[tokio::test]
async fn b63_of_two_managers_who_withdraw_each_others_role_at_once_one_stays() {
    let desk = Desk::open().await.unwrap();
    desk.found_organisations().await.unwrap();
    let (ann, mut of_ann) = desk.staff("Ann", "AA01", Role::RaManager, "X26").await.unwrap();
    let (bob, mut of_bob) = desk.staff("Bob", "AB01", Role::RaManager, "X26").await.unwrap();
    let role_of = |holder| format!("/api/desk/holders/{holder}/roles/ra-manager/X26");
    let (of_bobs, of_anns) = (role_of(bob), role_of(ann));
    let (one, other) = tokio::join!(
        ask(&mut of_ann, Method::DELETE, &of_bobs, &Value::Null),
        ask(&mut of_bob, Method::DELETE, &of_anns, &Value::Null),
    );
    let done = [&one, &other].map(|(status, _)| *status == StatusCode::OK);
    assert_eq!(done.iter().filter(|done| **done).count(), 1, "{one:?} {other:?}");
    let mut left = 0;
    for holder in [ann, bob] {
        left += desk.holder(holder).await.unwrap().roles().grants().len();
    }
    assert_eq!(left, 1);
}
