//! What an auditor sees, and that it is recorded that he has looked.

use api::audit::offline;
use axum::http::{Method, StatusCode};
use domain::{
    desk::{DeskEvent, View},
    holder::HolderEvent,
    ids::HolderId,
    staff::Role,
};
use serde_json::{Value, json};
use stores::session::Scope;
use tests::desk::{
    Desk,
    browser::{Browser, Page},
};

use super::ask;

async fn seen(browser: &mut Browser, path: &str) -> Page {
    let request = browser.request(Method::GET, path).body(axum::body::Body::empty()).unwrap();
    browser.send(request).await.unwrap()
}

/// An auditor of everything, and somebody of RXA.
async fn office() -> (Desk, (HolderId, Browser), HolderId) {
    let desk = Desk::open().await.unwrap();
    desk.found_organisations().await.unwrap();
    let auditor = desk.staff("Ada", "AA01", Role::Auditor, "X26").await.unwrap();
    let ben = desk.on_paper("Ben", "AB01").await.unwrap();
    desk.assign(ben, "RXA").await.unwrap();
    (desk, auditor, ben)
}

fn looks(events: &[HolderEvent]) -> Vec<View> {
    let look = |event: &HolderEvent| {
        if let HolderEvent::Desk(DeskEvent::RecordViewed { what, .. }) = event {
            Some(*what)
        } else {
            None
        }
    };
    events.iter().filter_map(look).collect()
}

#[tokio::test]
async fn b14_the_state_that_the_server_tells_is_what_its_own_export_tells_byte_for_byte() {
    let (desk, (_, mut ada), ben) = office().await;
    let at = desk.now().to_rfc3339_opts(chrono::SecondsFormat::Micros, true);
    desk.wait(chrono::Duration::minutes(5));
    let said = seen(&mut ada, &format!("/api/audit/holders/{ben}/as-of?at={at}")).await;
    assert_eq!(said.status, StatusCode::OK, "{}", said.html);
    let export = seen(&mut ada, "/api/audit/export").await;
    assert_eq!(export.status, StatusCode::OK);
    let (story, _) = offline::story(export.html.as_bytes(), ben, at.parse().unwrap()).unwrap();
    let bytes = api::audit::state::AsOf::of(&story).unwrap().bytes().unwrap();
    assert_eq!(said.html.as_bytes(), bytes);
    let state: Value = serde_json::from_str(&said.html).unwrap();
    assert_eq!(
        (&state["roles"]["assignments"], &state["policy"]["version"]),
        (&json!(["RXA"]), &json!(1))
    );
    let late =
        seen(&mut ada, &format!("/api/audit/holders/{ben}/as-of?at=2999-01-01T00:00:00Z")).await;
    assert_eq!(late.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn b63_looking_at_a_record_is_in_it_once_a_day_and_an_auditor_does_not_see_his_own() {
    let (desk, (ada_id, mut ada), ben) = office().await;
    let page = format!("/audit/holders/{ben}");
    for path in [&page, &page, &format!("/api/audit/history?holder={ben}")] {
        assert_eq!(seen(&mut ada, path).await.status, StatusCode::OK, "{path}");
    }
    let mut looked = vec![View::AsOf, View::Name, View::History];
    assert_eq!(looks(&desk.events(ben).await.unwrap()), looked);
    let (cem, _) = desk.staff("Cem", "AC01", Role::RaAgent, "RXA").await.unwrap();
    let acts = seen(&mut ada, &format!("/api/audit/history?staff={cem}")).await;
    assert_eq!(acts.status, StatusCode::OK, "{}", acts.html);
    assert_eq!(looks(&desk.events(cem).await.unwrap()), [View::History], "what he did is his");
    desk.wait(chrono::Duration::days(1));
    let mut ada = desk.session_of(ada_id, Scope::Full).await.unwrap();
    assert_eq!(seen(&mut ada, &page).await.status, StatusCode::OK);
    looked.extend([View::AsOf, View::Name]);
    assert_eq!(looks(&desk.events(ben).await.unwrap()), looked);
    let (_, all) = ask(&mut ada, Method::GET, "/api/audit/history?limit=100", &Value::Null).await;
    let events = all["events"].as_array().unwrap();
    let ada_id = ada_id.to_string();
    assert!(events.iter().any(|event| event["holder"] == ben.to_string()));
    assert!(events.iter().all(|event| event["holder"] != ada_id && event["staff"] != ada_id));
    let own = format!("/api/audit/history?holder={ada_id}");
    let (status, said) = ask(&mut ada, Method::GET, &own, &Value::Null).await;
    assert_eq!((status, &said["rule"]), (StatusCode::FORBIDDEN, &json!("B-63")));
}

#[tokio::test]
async fn b59_an_auditor_of_an_organisation_sees_its_people_and_not_the_whole_log() {
    let (desk, _, ben) = office().await;
    let (_, mut roy) = desk.staff("Roy", "AA02", Role::Auditor, "RXA").await.unwrap();
    let cat = desk.on_paper("Cat", "AC01").await.unwrap();
    desk.assign(cat, "RXB").await.unwrap();
    let (_, all) = ask(&mut roy, Method::GET, "/api/audit/history?limit=100", &Value::Null).await;
    let holders: std::collections::BTreeSet<_> = all["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| event["holder"].clone().to_string())
        .collect();
    assert_eq!(holders, [json!(ben.to_string()).to_string()].into());
    for path in
        [format!("/api/audit/history?holder={cat}"), "/api/audit/history?card=AC01".to_owned()]
    {
        let (status, said) = ask(&mut roy, Method::GET, &path, &Value::Null).await;
        assert_eq!((status, &said["rule"]), (StatusCode::FORBIDDEN, &json!("B-59")), "{path}");
    }
    let (status, said) = ask(&mut roy, Method::GET, "/api/audit/export", &Value::Null).await;
    assert_eq!((status, &said["rule"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("B-59")));
}

#[tokio::test]
async fn the_history_is_paged_and_filtered_by_page_api_and_table_alike() {
    let (_desk, (_, mut ada), ben) = office().await;
    let first = format!("/api/audit/history?holder={ben}&limit=2");
    let (mut path, mut seen_positions) = (first.clone(), Vec::new());
    loop {
        let (status, page) = ask(&mut ada, Method::GET, &path, &Value::Null).await;
        assert_eq!(status, StatusCode::OK, "{page}");
        let events = page["events"].as_array().unwrap();
        seen_positions.extend(events.iter().map(|event| event["position"].as_u64().unwrap()));
        let Some(older) = page["older"].as_str() else { break };
        path = format!("{first}&before={older}");
    }
    assert!(seen_positions.is_sorted_by(|newer, older| older < newer));
    assert!(5 < seen_positions.len(), "{seen_positions:?}");
    let table = seen(&mut ada, &format!("/api/audit/history.csv?holder={ben}&rule=P-03")).await;
    let lines: Vec<&str> = table.html.lines().collect();
    assert!(lines[0].starts_with("\"position\",\"at\",\"type\""), "{}", table.html);
    assert!(lines.len() == 3 && lines[2].contains("\"HolderRegistered\""), "{}", table.html);
    let page = seen(&mut ada, &format!("/audit?holder={ben}&rule=P-03&from=&to=")).await;
    assert!(page.says("Holder registered") && !page.says("Card issued"), "{}", page.html);
    let (status, said) =
        ask(&mut ada, Method::GET, "/api/audit/history?rule=Z-99", &Value::Null).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{said}");
    let page = seen(&mut ada, "/audit?rule=Z-99").await;
    assert!(page.says("The rule is an id such as P-18"));
}

#[tokio::test]
async fn c01_a_holder_asks_why_not_about_himself() {
    let (desk, _, ben) = office().await;
    let mut browser = desk.session_of(ben, Scope::Full).await.unwrap();
    let (status, said) =
        ask(&mut browser, Method::GET, "/api/holders/me/explain", &Value::Null).await;
    assert_eq!(status, StatusCode::OK, "{said}");
    let acts = said["acts"].as_array().unwrap();
    let renew = acts.iter().find(|act| act["act"] == "renew_certificates").unwrap();
    assert_eq!((&renew["answer"], &renew["rule"]), (&json!("refused"), &json!("C-01")));
    assert!(renew["changes_on"].is_string());
}

#[tokio::test]
async fn b63_a_form_of_the_desk_and_what_it_has_changed_show_the_record_and_are_a_look_at_it() {
    let desk = Desk::open().await.unwrap();
    desk.found_organisations().await.unwrap();
    let (_, mut agent) = desk.staff("Cem", "AC01", Role::RaAgent, "RXA").await.unwrap();
    for (name, serial, page) in
        [("Ben", "AB01", "contact"), ("Dan", "AD01", "suspend"), ("Eve", "AE01", "done")]
    {
        let holder = desk.on_paper(name, serial).await.unwrap();
        desk.assign(holder, "RXA").await.unwrap();
        let mut path = format!("/desk/holders/{holder}/{page}");
        if page == "done" {
            let contact = [("name", "Eve Other"), ("email", "eve@example.org")];
            let form = format!("/desk/holders/{holder}/contact");
            let done = agent.post(&form, &contact).await.unwrap();
            done.location().unwrap().clone_into(&mut path);
        }
        let shown = seen(&mut agent, &path).await;
        assert_eq!(shown.status, StatusCode::OK, "{page}: {}", shown.html);
        assert_eq!(looks(&desk.events(holder).await.unwrap()), [View::Record], "{page}");
    }
}
