//! Whatever a browser can send that is wrong: a clear page, nothing changed, and nothing of it repeated.

use axum::{
    body::Body,
    http::{Method, StatusCode, header},
};
use tests::desk::{
    browser::{FORM, Page, encoded},
    scene::{Scene, verification},
};

/// Every text field of *Reset Passcodes*.
const FIELDS: [&str; 4] = [
    "new_account_recovery",
    "confirm_account_recovery",
    "new_verification",
    "confirm_verification",
];

/// Every field of *Reset Passcodes*.
const ALL_FIELDS: [&str; 7] = [
    "new_account_recovery",
    "confirm_account_recovery",
    "blank_account_recovery",
    "new_verification",
    "confirm_verification",
    "blank_verification",
    "smartcard",
];

/// Refused with a page of the portal's own, with the headers of every page.
#[track_caller]
fn is_refused(page: &Page, status: StatusCode, what: &str) {
    assert_eq!(page.status, status, "{what}: {}", page.html);
    assert!(page.says("<h1"), "{what} has no page: {}", page.html);
    assert!(page.headers.contains_key(header::CONTENT_SECURITY_POLICY), "{what}");
    assert_eq!(page.headers.get(header::CACHE_CONTROL).unwrap(), "no-store", "{what}");
}

async fn post(scene: &mut Scene, body: &str) -> Page {
    scene.browser.post_body("/passcodes", FORM, body.as_bytes().to_vec()).await.unwrap()
}

#[tokio::test]
async fn b28_each_field_over_length_is_refused_and_its_value_is_not_repeated() {
    let mut scene = Scene::logged_in().await.unwrap();
    let before = scene.desk.head().await.unwrap();
    for field in FIELDS {
        for length in [21, 1_000, 10_000] {
            let value = "Qz7".repeat(length / 3 + 1);
            let page = scene.browser.post("/passcodes", &[(field, &value)]).await.unwrap();
            is_refused(&page, StatusCode::UNPROCESSABLE_ENTITY, field);
            assert!(!page.says("Qz7Qz7"), "{field}: {}", page.html);
        }
    }
    assert_eq!(scene.desk.head().await.unwrap(), before);
}

#[tokio::test]
async fn b23_each_field_in_a_wrong_encoding_is_refused() {
    let mut scene = Scene::logged_in().await.unwrap();
    let before = scene.desk.head().await.unwrap();
    for field in FIELDS {
        let twin = if field.starts_with("new_") {
            field.replace("new_", "confirm_")
        } else {
            field.replace("confirm_", "new_")
        };
        for wrong in [
            "%FF%FE1234567",
            "Tele%zz1234",
            "Tele%0",
            "Tele%001234",
            "Tele%0A1234",
            "%C0%AFabcdefgh",
        ] {
            let page = post(&mut scene, &format!("{field}={wrong}&{twin}=Tele1234")).await;
            assert!(page.status.is_client_error(), "{field}={wrong}: {}", page.status);
            assert!(page.says("<h1") && !page.says("Tele"), "{field}={wrong}: {}", page.html);
        }
    }
    let raw = [b"new_verification=".as_slice(), &[0xFF, 0xFE, 0x80], b"abcdefgh"].concat();
    let page = scene.browser.post_body("/passcodes", FORM, raw).await.unwrap();
    assert!(page.status.is_client_error() && page.says("<h1"), "{}", page.status);
    assert_eq!(scene.desk.head().await.unwrap(), before);
}

#[tokio::test]
async fn b28_each_field_sent_twice_missing_or_misspelt_changes_nothing() {
    let mut scene = Scene::logged_in().await.unwrap();
    let before = scene.desk.head().await.unwrap();
    for field in ALL_FIELDS {
        let page = post(&mut scene, &format!("{field}=Secret01&{field}=Secret02")).await;
        is_refused(&page, StatusCode::UNPROCESSABLE_ENTITY, field);
        assert!(!page.says("Secret0"), "{field}: {}", page.html);
        let page = post(&mut scene, &format!("{field}x=Secret01")).await;
        is_refused(&page, StatusCode::UNPROCESSABLE_ENTITY, field);
        let page = post(&mut scene, &format!("{field}[]=Secret01")).await;
        is_refused(&page, StatusCode::UNPROCESSABLE_ENTITY, field);
    }
    for body in ["", "&", "=", "&&&=&=", "a", "%", "new_verification", "{\"smartcard\":true}"] {
        let page = post(&mut scene, body).await;
        assert!(page.status.is_client_error(), "{body}: {}", page.status);
    }
    assert_eq!(scene.desk.head().await.unwrap(), before);
}

#[tokio::test]
async fn a_form_of_16_kib_is_read_and_a_larger_one_is_refused() {
    let mut scene = Scene::logged_in().await.unwrap();
    let form = encoded(&verification("Tele1234"));
    let padded = |length: usize| format!("{form}&x={}", "x".repeat(length - form.len() - 3));
    assert!(post(&mut scene, &padded(16 * 1024)).await.job().is_ok());
    let page = post(&mut scene, &padded(16 * 1024 + 1)).await;
    is_refused(&page, StatusCode::PAYLOAD_TOO_LARGE, "16 KiB and a byte");
    let page = post(&mut scene, &"x".repeat(1024 * 1024)).await;
    is_refused(&page, StatusCode::PAYLOAD_TOO_LARGE, "1 MiB");
}

#[tokio::test]
async fn a_form_that_is_said_to_be_something_else_is_refused() {
    let mut scene = Scene::logged_in().await.unwrap();
    let form = encoded(&verification("Tele1234"));
    for kind in [
        "application/json",
        "text/plain",
        "multipart/form-data; boundary=x",
        "text/html",
        "",
        "application/xml",
    ] {
        let page =
            scene.browser.post_body("/passcodes", kind, form.clone().into_bytes()).await.unwrap();
        is_refused(&page, StatusCode::UNSUPPORTED_MEDIA_TYPE, kind);
    }
    let json = r#"{"new_verification":"Tele1234","confirm_verification":"Tele1234"}"#;
    let page =
        scene.browser.post_body("/passcodes", "application/json", json.into()).await.unwrap();
    is_refused(&page, StatusCode::UNSUPPORTED_MEDIA_TYPE, "JSON");
}

#[tokio::test]
async fn p20_a_form_that_another_site_sends_in_the_holders_browser_is_refused() {
    let mut scene = Scene::logged_in().await.unwrap();
    let before = scene.desk.head().await.unwrap();
    let foreign = [
        vec![("sec-fetch-site", "cross-site")],
        vec![("sec-fetch-site", "same-site")],
        vec![("origin", "https://evil.example")],
        vec![("origin", "null")],
        vec![("sec-fetch-site", "cross-site"), ("origin", "http://localhost:7400")],
    ];
    for path in ["/passcodes", "/alert/later", "/log-out", "/log-in"] {
        for headers in &foreign {
            let mut request =
                scene.browser.request(Method::POST, path).header(header::CONTENT_TYPE, FORM);
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            let body = Body::from(encoded(&verification("Tele1234")));
            let page = scene.browser.send(request.body(body).unwrap()).await.unwrap();
            is_refused(&page, StatusCode::FORBIDDEN, &format!("{path} {headers:?}"));
        }
    }
    assert!(scene.browser.is_logged_in().await.unwrap());
    assert_eq!(scene.desk.head().await.unwrap(), before);
}

#[tokio::test]
async fn a_page_asked_for_in_a_wrong_way_says_so() {
    let mut scene = Scene::logged_in().await.unwrap();
    for (method, path) in [
        (Method::GET, "/log-out"),
        (Method::DELETE, "/passcodes"),
        (Method::PUT, "/home"),
        (Method::POST, "/ledger"),
        (Method::PATCH, "/"),
    ] {
        let request = scene.browser.request(method.clone(), path).body(Body::empty()).unwrap();
        let page = scene.browser.send(request).await.unwrap();
        is_refused(&page, StatusCode::METHOD_NOT_ALLOWED, &format!("{method} {path}"));
    }
    assert!(scene.browser.is_logged_in().await.unwrap());
}

#[tokio::test]
async fn an_address_that_is_none_of_ours_says_so_and_shows_nothing_of_the_machine() {
    let mut scene = Scene::logged_in().await.unwrap();
    for path in [
        "/nothing-here",
        "/home/",
        "/HOME",
        "/jobs/not-a-number",
        "/jobs/%FF",
        "/jobs/00000000-0000-7000-8000-000000000001/return?code=%FF",
        "/passcodes/updated/not-a-number",
        "/passcodes/updated/00000000-0000-7000-8000-000000000001",
        "/ledger?before=x",
        "/ledger?before=-1",
        "/ledger?before=99999999999999999999999",
        "/ledger?before=1&before=2",
        "/rules/P-99",
        "/rules/%FF",
        "/rules/..%2f..%2fCargo.toml",
        "/help/..%2f..%2fetc%2fpasswd",
        "/help/%00",
        "/.env",
    ] {
        let page = scene.browser.get(path).await.unwrap();
        assert!(page.status.is_client_error(), "{path}: {}", page.status);
        is_refused(&page, page.status, path);
        for machine in ["panicked", "src/", "sqlx", "serde", "axum", "SELECT", "select "] {
            assert!(!page.html.contains(machine), "{path} shows {machine}: {}", page.html);
        }
    }
    for path in ["/assets/nothing.css", "/assets/..%2f..%2fCargo.toml", "/assets/%FF"] {
        assert!(scene.browser.get(path).await.unwrap().status.is_client_error(), "{path}");
    }
}

#[tokio::test]
async fn markup_that_is_typed_or_written_on_a_card_is_shown_as_text() {
    let mut scene = Scene::open().await.unwrap();
    let mut card = tests::desk::card::SoftCard::blank("0B02").unwrap();
    let name = "<script>alert('1')</script> Ben \"&\" Okafor";
    let job = scene.browser.start_log_in().await.unwrap();
    assert!(scene.desk.register(&scene.agent, &mut card, name, "Number01").await.is_ok());
    scene.agent.sees(Some(&card)).await.unwrap();
    let code = scene.agent.finish(job, &mut card, "Number01").await.unwrap();
    scene.browser.come_back(job, &code).await.unwrap();
    for path in ["/home", "/passcodes", "/ledger"] {
        let page = scene.browser.get(path).await.unwrap();
        assert_eq!(page.status, StatusCode::OK);
        assert!(!page.says("<script>alert"), "{path}: {}", page.html);
    }
}
