//! Bodies, queries and headers that are not what they should be. Nothing is changed by any, and no
//! answer repeats what was sent.

use super::*;
use crate::http::BODY_BYTES_MAX;

/// *Update* with this body, logged in.
async fn update(body: &[u8]) -> Answer {
    let site = Site::logged_in().await;
    site.call(post("/api/passcodes", "").logged_in().saying(body)).await
}

#[tokio::test]
async fn a_body_of_the_wrong_type_or_with_a_field_too_many_is_refused_and_not_repeated() {
    for body in [
        "null",
        "7",
        "\"Tr0ubadour\"",
        "[]",
        "[true]",
        r#"{"smartcard": "Tr0ubadour"}"#,
        r#"{"smartcard": 1}"#,
        r#"{"Tr0ubadour": true}"#,
        r#"{"smartcard": true, "smartcard": true}"#,
        r#"{"verification": "Tr0ubadour"}"#,
        r#"{"verification": {"new": 12345678, "confirm": 12345678}}"#,
        r#"{"verification": ["Tr0ubadour", "Tr0ubadour", false]}"#,
        r#"{"verification": null}"#,
        r#"{"verification": {"new": null}}"#,
        r#"{"verification": {"new": ["Tr0ubadour"]}}"#,
        r#"{"verification": {"new": "Tr0ubadour", "old": "Tr0ubadour"}}"#,
        r#"{"verification": {"blank": "Tr0ubadour"}}"#,
    ] {
        let answer = update(body.as_bytes()).await;
        let problem = answer.problem(StatusCode::UNPROCESSABLE_ENTITY);
        assert!(problem["rule"].is_null(), "{body}");
        assert!(!String::from_utf8(answer.body).unwrap().contains("Tr0ubadour"), "{body}");
    }
}

#[tokio::test]
async fn a_body_that_is_not_json_in_utf_8_is_refused() {
    let bodies: [&[u8]; 8] = [
        b"",
        b"{",
        b"smartcard=on",
        b"{'smartcard': true}",
        b"{\"smartcard\": true} {}",
        b"{\"verification\": {\"new\": \"\xff\xfe\"}}",
        b"{\"verification\": {\"new\": \"\\ud800\"}}",
        b"\xef\xbb\xbf{}",
    ];
    for body in bodies {
        update(body).await.problem(StatusCode::BAD_REQUEST);
    }
}

#[tokio::test]
async fn a_body_may_be_as_long_as_the_limit_and_not_a_byte_longer() {
    let padded = |length: usize| {
        let mut body = br#"{"smartcard": true}"#.to_vec();
        body.resize(length, b' ');
        body
    };
    assert_eq!(update(&padded(BODY_BYTES_MAX)).await.status, StatusCode::ACCEPTED);
    update(&padded(BODY_BYTES_MAX + 1)).await.problem(StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn only_json_is_read_and_its_parameters_do_not_matter() {
    let site = Site::logged_in().await;
    for kind in ["text/plain", "application/x-www-form-urlencoded", "application/jsonx", ""] {
        let ask = ask(Method::POST, "/api/passcodes").with("content-type", kind).saying(b"{}");
        site.call(ask.logged_in()).await.problem(StatusCode::UNSUPPORTED_MEDIA_TYPE);
    }
    let bare = ask(Method::POST, "/api/passcodes").logged_in().saying(b"{}");
    site.call(bare).await.problem(StatusCode::UNSUPPORTED_MEDIA_TYPE);
    let ask = ask(Method::POST, "/api/passcodes").saying(br#"{"smartcard": true}"#);
    let answer = site.call(ask.with("content-type", "Application/JSON; charset=utf-8").logged_in());
    assert_eq!(answer.await.status, StatusCode::ACCEPTED);
}

#[tokio::test]
async fn b28_every_fault_of_every_field_comes_at_once_and_nothing_is_changed() {
    let site = Site::logged_in().await;
    let long = "a".repeat(21);
    let body = serde_json::json!({
        "account_recovery": {"new": "short", "confirm": "other"},
        "verification": {"new": long, "confirm": long, "blank": true},
    });
    let answer = site.call(post("/api/passcodes", &body.to_string()).logged_in()).await;
    let problem = answer.problem(StatusCode::UNPROCESSABLE_ENTITY);
    insta::assert_snapshot!("faults", serde_json::to_string_pretty(&problem).unwrap());
    assert!(!problem.to_string().contains(&long));
    let passcodes = site.call(get("/api/passcodes").logged_in()).await.json();
    assert_eq!(passcodes["passcodes"][1]["set"], false);
}

#[tokio::test]
async fn p12_a_verification_passcode_of_20_characters_is_accepted_and_one_of_21_is_not() {
    for (length, status) in [
        (7, StatusCode::UNPROCESSABLE_ENTITY),
        (8, StatusCode::ACCEPTED),
        (20, StatusCode::ACCEPTED),
        (21, StatusCode::UNPROCESSABLE_ENTITY),
        (3_000, StatusCode::UNPROCESSABLE_ENTITY),
    ] {
        let new = "é".repeat(length);
        let body = serde_json::json!({"verification": {"new": new, "confirm": new}});
        assert_eq!(update(body.to_string().as_bytes()).await.status, status, "{length}");
    }
}

#[tokio::test]
async fn b23_a_control_character_in_a_passcode_is_a_fault_of_its_field() {
    let body = br#"{"verification": {"new": "Troubad\u0000r1", "confirm": "Troubad\u0000r1"}}"#;
    let problem = update(body).await.problem(StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(problem["errors"][0]["rule"], "B-23");
}

#[tokio::test]
async fn a_return_code_of_the_wrong_form_gives_nothing() {
    let site = Site::open().await;
    let path = "/api/jobs/01890000-0000-7000-8000-000000000001/return";
    for code in ["", "zz", "0", "00", &"00".repeat(16), &"00".repeat(4_000)] {
        let body = serde_json::json!({"code": code}).to_string();
        site.call(post(path, &body).in_browser()).await.problem(StatusCode::FORBIDDEN);
    }
    for body in ["{}", r#"{"code": 7}"#, r#"{"code": "00", "holder": "me"}"#] {
        let answer = site.call(post(path, body).in_browser()).await;
        answer.problem(StatusCode::UNPROCESSABLE_ENTITY);
    }
}

#[tokio::test]
async fn parameters_that_are_unknown_out_of_range_or_of_another_type_are_refused() {
    let site = Site::logged_in().await;
    for path in [
        "/api/ledger?before=-1",
        "/api/ledger?before=18446744073709551616",
        "/api/ledger?before=x",
        "/api/ledger?limit=0",
        "/api/ledger?limit=100",
        "/api/ledger?limit=1&limit=2",
        "/api/ledger?after=1",
        "/api/rules?limit=0",
        "/api/rules?limit=201",
        "/api/rules?before=P-01",
        "/api/jobs/1",
        "/api/jobs/%ff",
    ] {
        site.call(get(path).logged_in()).await.problem(StatusCode::BAD_REQUEST);
    }
    site.call(get("/api/rules?after=P-99")).await.problem(StatusCode::NOT_FOUND);
}
