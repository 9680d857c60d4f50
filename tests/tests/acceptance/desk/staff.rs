//! Staff: who is let in to what, and what they do at the desk.

mod acts;
mod alarms;
mod assisted;
mod audit;
mod begun;
mod first;
mod glass;
mod lists;
mod matrix;
mod operation;
mod organisations;
mod pages;
mod policy;
mod record;
mod repeats;
mod roles;
mod second_reader;
mod telephone;
mod within;

use axum::{
    body::Body,
    http::{Method, StatusCode, header},
};
use serde_json::Value;
use tests::desk::browser::Browser;

/// Asks the API: the status, and what was said.
pub(super) async fn ask(
    browser: &mut Browser,
    method: Method,
    path: &str,
    body: &Value,
) -> (StatusCode, Value) {
    let request = browser.request(method, path).header("sec-fetch-site", "same-origin");
    let request = request.header(header::CONTENT_TYPE, "application/json");
    let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
    let page = browser.send(request.body(body).unwrap()).await.unwrap();
    (page.status, serde_json::from_str(&page.html).unwrap_or(Value::Null))
}
