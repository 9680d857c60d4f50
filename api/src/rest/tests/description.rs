//! The description says what there is, no more and no less.

use super::*;

/// Every method of OpenAPI that a route could have.
const METHODS: [(&str, Method); 5] = [
    ("get", Method::GET),
    ("put", Method::PUT),
    ("post", Method::POST),
    ("delete", Method::DELETE),
    ("patch", Method::PATCH),
];

/// What is somebody's own.
const OWN: [&str; 22] = [
    "/api/session",
    "/api/passcodes",
    "/api/ledger",
    "/api/ledger/{revision}/not-me",
    "/api/ledger/log-ins",
    "/api/ledger/log-ins/{log_in}/not-me",
    "/api/alert",
    "/api/alert/later",
    "/api/certificates",
    "/api/certificates/deferral",
    "/api/certificates/later",
    "/api/revocations",
    "/api/renewals",
    "/api/schedule",
    "/api/holders/me/explain",
    "/api/self-service",
    "/api/self-service/registrations",
    "/api/self-service/registrations/{job}",
    "/api/self-service/registrations/{job}/address",
    "/api/self-service/registrations/{job}/cancel",
    "/api/self-service/registrations/{job}/code",
    "/api/self-service/registrations/{job}/codes",
];

/// What a machine asks for, with its token.
const MACHINES: [&str; 3] =
    ["/api/logon-checks", "/api/holders/{id}/renewal-authorisations", "/api/verification-checks"];

async fn description(site: &Site) -> Value {
    site.call(get("/api/openapi.json")).await.json()
}

#[tokio::test]
async fn the_description_is_openapi_3_1_and_changes_only_on_purpose() {
    let site = Site::open().await;
    let description = description(&site).await;
    assert!(description["openapi"].as_str().unwrap().starts_with("3.1."));
    insta::assert_snapshot!("openapi", serde_json::to_string_pretty(&description).unwrap());
}

#[tokio::test]
async fn every_route_that_is_described_answers_and_no_other_method_of_it_does() {
    let site = Site::open().await;
    let description = description(&site).await;
    for (path, item) in description["paths"].as_object().unwrap() {
        let address =
            path.replace("/rules/{id}", "/rules/P-18").replace("{id}", &Uuid::nil().to_string());
        for (name, method) in METHODS {
            let answer = site.call(ask(method, &address)).await;
            let described = item.get(name).is_some();
            let there = answer.status != StatusCode::METHOD_NOT_ALLOWED;
            assert_eq!(there, described, "{name} {path}: {}", answer.status);
        }
    }
}

/// A route mounted by `route` alone would be in no description; `routes!` does both.
#[test]
fn no_route_is_mounted_without_its_description() {
    let source = include_str!("../../rest.rs");
    for mounts in [".route(", ".route_service(", ".nest(", ".nest_service(", ".merge("] {
        assert!(!source.contains(mounts), "mount it with `.routes(routes!(…))`, not `{mounts}…)`");
    }
}

#[tokio::test]
async fn every_route_of_a_holder_or_a_machine_is_described_as_needing_its_session_or_token() {
    let site = Site::open().await;
    let description = description(&site).await;
    for (path, item) in description["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let of_staff = ["/api/desk/", "/api/audit/", "/api/operation", "/api/policy"];
            let of_staff = of_staff.iter().any(|of| path.starts_with(of));
            let own = of_staff || OWN.contains(&path.as_str());
            let session = operation.pointer("/security/0/session").is_some();
            assert_eq!(session, own, "{method} {path}");
            let machine = operation.pointer("/security/0/machine").is_some();
            assert_eq!(machine, MACHINES.contains(&path.as_str()), "{method} {path}");
            let needs_proof = operation["responses"].get("401").is_some();
            assert_eq!(needs_proof, own || machine, "{method} {path}");
        }
    }
}

#[tokio::test]
async fn every_operation_has_a_name_of_its_own() {
    let site = Site::open().await;
    let description = description(&site).await;
    let mut names = std::collections::BTreeSet::new();
    for (path, item) in description["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let name = operation["operationId"].as_str().unwrap();
            assert!(names.insert(name.to_owned()), "{method} {path}: {name}");
        }
    }
}

#[tokio::test]
async fn every_reference_of_the_description_leads_somewhere() {
    let site = Site::open().await;
    let description = description(&site).await;
    let text = description.to_string();
    let references = text.split("\"$ref\":\"#").skip(1);
    let mut n_references = 0;
    for reference in references.filter_map(|rest| rest.split('"').next()) {
        assert!(description.pointer(reference).is_some(), "{reference}");
        n_references += 1;
    }
    assert_ne!(n_references, 0);
}
