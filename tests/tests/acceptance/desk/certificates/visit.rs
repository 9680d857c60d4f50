//! What only the registration authority may let somebody do: a third renewal, and one after the end.

use super::*;

/// A bearer token of the registration authority's own system.
async fn registration_authority(desk: &Desk) -> String {
    let (role, name) = ("registration-authority".to_owned(), "desk 7".to_owned());
    let wanted = Wanted { role, name, organisation: None, days: 90 }.check().unwrap();
    tokens::issue(desk.app(), wanted).await.unwrap().bearer.to_string()
}

async fn authorise(scene: &mut Scene, bearer: &str) -> (StatusCode, Value) {
    let path = format!("/api/holders/{}/renewal-authorisations", scene.holder);
    let mut browser = scene.desk.browser();
    let request = browser.request(Method::POST, &path);
    let request = request.header(header::AUTHORIZATION, format!("Bearer {bearer}"));
    let request = request.header(header::CONTENT_TYPE, "application/json");
    let body = r#"{"evidence": "passport", "place": "Ward 3, room 12"}"#;
    let page = browser.send(request.body(Body::from(body)).unwrap()).await.unwrap();
    (page.status, serde_json::from_str(&page.html).unwrap())
}

#[tokio::test]
async fn c03_c04_b49_b51_twice_by_oneself_then_the_registration_authority_and_the_count_begins_anew()
 {
    let mut scene = logged_in_with(30).await;
    scene.renew().await.unwrap();
    for expected in [1, 2] {
        assert_eq!(self_renewals(&scene).await, expected);
        days_pass(&mut scene, CERTIFICATE_DAYS - 15).await;
        if expected == 1 {
            scene.log_in().await.unwrap();
            scene.renew().await.unwrap();
        }
    }
    // B-51: 15 days left and nothing he could do: a full session, and a notice.
    assert_eq!(scene.log_in().await.unwrap().location(), Some("/alert"));
    let alert = scene.browser.get("/alert").await.unwrap();
    assert!(alert.says("registration authority has to check who you are"), "{}", alert.html);
    assert!(!alert.says("Renew certificates now") && !alert.says("/certificates/later"));
    assert_eq!(scene.browser.get("/ledger").await.unwrap().status, StatusCode::OK);
    let refused = scene.browser.get("/certificates/renew").await.unwrap();
    assert!(refused.says("C-04"), "{}", refused.html);
    let wanted = |event: &HolderEvent| matches!(event, HolderEvent::RaRenewalNeeded { .. });
    assert_eq!(events(&scene).await.iter().filter(|event| wanted(event)).count(), 1);

    assert_eq!(authorise(&mut scene, "nobody").await.0, StatusCode::UNAUTHORIZED);
    let bearer = registration_authority(&scene.desk).await;
    let (status, answer) = authorise(&mut scene, &bearer).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    scene.renew().await.unwrap();
    assert_eq!(self_renewals(&scene).await, 0);
    let last = events(&scene).await;
    assert!(last.iter().rev().any(|event| matches!(
        event,
        HolderEvent::CertificatesRenewed { by: domain::certificate::Renewer::Authority, .. }
    )));
}

#[tokio::test]
async fn b52_the_last_second_logs_in_and_the_one_after_does_not_but_by_the_authoritys_leave() {
    let mut scene = days_left(0).await;
    let holder = scene.desk.holder(scene.holder).await.unwrap();
    let ends = holder.card().unwrap().certificates.iter().map(|one| one.not_after).min().unwrap();
    scene.desk.wait(ends - scene.desk.now());
    scene.agent.sees(Some(&scene.card)).await.unwrap();
    assert_eq!(scene.log_in().await.unwrap().location(), Some("/renewal"));
    scene.desk.wait(Duration::seconds(1));
    let page = scene.log_in().await.unwrap();
    assert!(page.says("B-52") && page.says("registration authority"), "{}", page.html);
    let bearer = registration_authority(&scene.desk).await;
    assert_eq!(authorise(&mut scene, &bearer).await.0, StatusCode::OK);
    assert_eq!(scene.log_in().await.unwrap().location(), Some("/renewal"));
    scene.renew().await.unwrap();
    assert_eq!(scene.log_in().await.unwrap().location(), Some("/home"));
}

#[tokio::test]
async fn b10_b52_a_session_that_is_open_when_they_expire_may_still_renew_them() {
    let mut scene = days_left(0).await;
    let holder = scene.desk.holder(scene.holder).await.unwrap();
    let ends = holder.card().unwrap().certificates.iter().map(|one| one.not_after).min().unwrap();
    scene.desk.wait(ends - scene.desk.now() - Duration::minutes(5));
    scene.agent.sees(Some(&scene.card)).await.unwrap();
    scene.log_in().await.unwrap();
    let job = scene.start_renewal().await.unwrap();
    scene.desk.wait(Duration::minutes(6));
    let code = scene.agent.update(job, &mut scene.card, &scene.passcode).await.unwrap();
    assert!(scene.end(job, &code).await.unwrap().says("Certificates renewed and card updated"));
    assert_eq!(n_renewals(&scene).await, 1);
}
