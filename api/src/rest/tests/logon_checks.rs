//! Services that authenticate people elsewhere: who is let in, what is answered, what is recorded.

use futures::TryStreamExt as _;
use stores::{
    api_token::ApiTokenId,
    event_store::{Revision, StreamName},
};

use super::*;
use crate::tokens::{self, Wanted};

const KEY: &str = "01957a00-0000-7000-8000-000000000001";

/// A server whose operator has issued a token for 90 days.
struct Service {
    site: Site,
    id: ApiTokenId,
    bearer: String,
}

impl Service {
    async fn open() -> Self {
        let site = Site::open().await;
        let (role, name) = ("logon-checks".to_owned(), "results viewer".to_owned());
        let wanted = Wanted { role, name, organisation: None, days: 90 }.check().unwrap();
        let issued = tokens::issue(&site.app, wanted).await.unwrap();
        Self { site, id: issued.api_token_id, bearer: issued.bearer.to_string() }
    }

    /// Asks about a certificate, for somebody who logged on so long ago.
    async fn ask(&self, certificate: &str, ago: Duration) -> Answer {
        self.send(post("/api/logon-checks", &self.body(certificate, ago))).await
    }

    async fn send(&self, ask: Ask) -> Answer {
        self.site.call(ask.with("authorization", &format!("Bearer {}", self.bearer))).await
    }

    fn body(&self, certificate: &str, ago: Duration) -> String {
        let at = (self.site.app.now() - ago).to_rfc3339();
        format!(r#"{{"certificate": "{certificate}", "at": "{at}"}}"#)
    }

    /// The types of everything in the holder's stream.
    async fn kinds(&self) -> Vec<String> {
        let (log, stream) = (&self.site.app.stores().log, StreamName::holder(HOLDER));
        let events = log.read_stream(&stream, Revision(0));
        events.map_ok(|event| event.kind).try_collect().await.unwrap()
    }

    async fn recorded(&self) -> Vec<stores::logon::Logon> {
        self.site.app.stores().logons.of_holder(HOLDER, None, 10).await.unwrap()
    }
}

#[tokio::test]
async fn a01_a_logon_elsewhere_is_decided_and_recorded_as_made_at_the_service() {
    let service = Service::open().await;
    for (on, verdict, due) in [
        ("2025-06-01T09:00:00Z", "full", "[]"),
        (
            "2026-03-01T09:00:00Z",
            "full",
            r#"[{"kind":"smartcard","may_decline":true,"phase":"alert"}]"#,
        ),
        (
            "2026-03-10T09:00:00Z",
            "restricted",
            r#"[{"kind":"smartcard","may_decline":false,"phase":"forced"}]"#,
        ),
        (
            "2026-03-31T09:00:00Z",
            "locked",
            r#"[{"kind":"smartcard","may_decline":false,"phase":"locked"}]"#,
        ),
    ] {
        service.site.travel_to(instant(on));
        let answer = service.ask("0a01", Duration::zero()).await;
        assert_eq!(answer.status, StatusCode::OK, "{on}");
        let said = answer.json();
        assert_eq!(
            (said["verdict"].as_str(), said["due"].to_string().as_str()),
            (Some(verdict), due)
        );
        let row = service.recorded().await.remove(0);
        assert_eq!((row.at, row.verdict.as_str(), row.card), (instant(on), verdict, card()));
        assert_eq!((row.workstation.as_str(), row.reader.as_str()), ("results viewer", ""));
    }
    assert_eq!(service.recorded().await.len(), 4);
}

#[tokio::test]
async fn b15_five_logons_elsewhere_on_one_day_raise_one_alert_and_one_on_the_next_day_another() {
    let service = Service::open().await;
    service.site.travel_to(instant("2026-03-01T06:30:00Z") + Duration::days(1));
    let before = service.kinds().await.len();
    for _ in 0..5 {
        service.ask("0a01", Duration::zero()).await;
        service.site.wait(Duration::hours(3));
    }
    assert_eq!(service.kinds().await[before..], ["AlertRaised"]);
    service.site.wait(Duration::hours(9));
    service.ask("0a01", Duration::zero()).await;
    assert_eq!(service.kinds().await[before..], ["AlertRaised", "AlertRaised"]);
    service.site.travel_to(instant("2026-04-01T09:00:00Z"));
    service.ask("0a01", Duration::zero()).await;
    assert_eq!(service.kinds().await[before + 2..], ["AccountLocked"]);
}

#[tokio::test]
async fn b09_at_may_be_five_minutes_away_either_way_and_not_a_millisecond_more() {
    let service = Service::open().await;
    let minutes = Duration::minutes(5);
    let more = minutes + Duration::milliseconds(1);
    for (ago, status) in [
        (minutes, StatusCode::OK),
        (-minutes, StatusCode::OK),
        (more, StatusCode::UNPROCESSABLE_ENTITY),
        (-more, StatusCode::UNPROCESSABLE_ENTITY),
    ] {
        let answer = service.ask("0a01", ago).await;
        assert_eq!(answer.status, status, "{ago}");
        if status != StatusCode::OK {
            assert_eq!(answer.problem(status)["rule"], "B-09");
        }
    }
    assert_eq!(service.recorded().await.len(), 2);
}

#[tokio::test]
async fn b61_a_certificate_of_nobody_or_for_signatures_opens_nothing_and_is_not_recorded() {
    let service = Service::open().await;
    for certificate in ["0a02", "ffff"] {
        let problem =
            service.ask(certificate, Duration::zero()).await.problem(StatusCode::FORBIDDEN);
        assert_eq!(problem["rule"], "B-61", "{certificate}");
    }
    assert_eq!(service.recorded().await, []);
}

#[tokio::test]
async fn a_body_that_is_something_else_is_refused() {
    let service = Service::open().await;
    for body in ["{}", r#"{"certificate": "0A01", "at": "2026-03-01T09:00:00Z"}"#, "[]"] {
        let answer = service.send(post("/api/logon-checks", body)).await;
        answer.problem(StatusCode::UNPROCESSABLE_ENTITY);
    }
}

#[tokio::test]
async fn a_repeat_of_a_logon_check_is_answered_with_the_same_bytes_and_recorded_once() {
    let service = Service::open().await;
    let body = service.body("0a01", Duration::zero());
    let ask = || post("/api/logon-checks", &body).with("idempotency-key", KEY);
    let first = service.send(ask()).await;
    service.site.wait(Duration::minutes(9));
    let again = service.send(ask()).await;
    assert_eq!((first.status, &again.body), (StatusCode::OK, &first.body));
    assert_eq!(service.recorded().await.len(), 1);
}

#[tokio::test]
async fn without_a_good_token_nobody_is_told_anything_whatever_is_sent() {
    let service = Service::open().await;
    service.site.log_in().await;
    let nobodys = format!("Bearer latchkey_{}", "0".repeat(64));
    let holders = format!("Basic {}", service.bearer);
    for (authorization, challenge) in [
        (None, "Bearer realm=\"latchkey\""),
        (Some(holders.as_str()), "Bearer realm=\"latchkey\""),
        (Some("Bearer"), "Bearer realm=\"latchkey\""),
        (Some("Bearer x"), "Bearer realm=\"latchkey\", error=\"invalid_token\""),
        (Some(nobodys.as_str()), "Bearer realm=\"latchkey\", error=\"invalid_token\""),
    ] {
        let mut ask = post("/api/logon-checks", "not read").logged_in();
        if let Some(value) = authorization {
            ask = ask.with("authorization", value);
        }
        let answer = service.site.call(ask).await;
        answer.problem(StatusCode::UNAUTHORIZED);
        assert_eq!(answer.header(header::WWW_AUTHENTICATE), challenge);
    }
    assert_eq!(service.recorded().await, []);
}

#[tokio::test]
async fn a_token_opens_until_just_before_it_expires_and_not_once_it_is_revoked() {
    let service = Service::open().await;
    let end = service.site.app.now() + Duration::days(90);
    service.site.travel_to(end - Duration::milliseconds(1));
    assert_eq!(service.ask("0a01", Duration::zero()).await.status, StatusCode::OK);
    service.site.travel_to(end);
    service.ask("0a01", Duration::zero()).await.problem(StatusCode::UNAUTHORIZED);

    let service = Service::open().await;
    assert_eq!(service.ask("0a01", Duration::zero()).await.status, StatusCode::OK);
    let stores = service.site.app.stores();
    assert!(stores.api_tokens.revoke(service.id, service.site.app.now()).await.unwrap());
    service.ask("0a01", Duration::zero()).await.problem(StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_token_is_no_session() {
    let service = Service::open().await;
    service.send(get("/api/session")).await.problem(StatusCode::UNAUTHORIZED);
    service.send(get("/api/ledger")).await.problem(StatusCode::UNAUTHORIZED);
}
