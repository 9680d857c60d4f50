//! What staff are told without having asked: a card that waits too long for somebody's decision, and the only manager of
//! an organisation who has to renew.

use axum::http::Method;
use chrono::Duration;
use domain::{
    desk::{Alarm, DeskEvent},
    holder::HolderEvent,
    ids::HolderId,
    staff::Role,
};
use serde_json::{Value, json};
use stores::session::Scope;
use tests::desk::{Desk, browser::Browser};

use super::ask;

/// The alarms that somebody was told of, with whom each is about.
pub(super) async fn told(desk: &Desk, staff: HolderId) -> Vec<(Alarm, HolderId)> {
    let events = desk.events(staff).await.unwrap();
    let told = events.into_iter().filter_map(|event| {
        let HolderEvent::Desk(DeskEvent::StaffAlerted { alarm, about, .. }) = event else {
            return None;
        };
        Some((alarm, about))
    });
    told.collect()
}

/// What waits, and from when on it has taken too long, of one person.
async fn waits(browser: &mut Browser, holder: HolderId) -> Vec<(String, Value)> {
    let (status, list) = ask(browser, Method::GET, "/api/desk/work", &Value::Null).await;
    assert_eq!(status, 200, "{list}");
    let items = list["items"].as_array().unwrap().iter();
    let his = items.filter(|item| item["holder"] == json!(holder.to_string()));
    his.map(|item| (item["kind"].as_str().unwrap().to_owned(), item["due_at"].clone())).collect()
}

async fn tick(desk: &Desk) {
    desk.app().engine().tick(desk.now()).await.unwrap();
    // As every minute: nobody is told twice.
    for _ in 0..2 {
        api::alarms::tell(desk.app()).await.unwrap();
    }
}

#[tokio::test]
async fn b57_a_card_that_may_be_lost_has_a_deadline_and_the_managers_are_told_once_when_it_is_over()
{
    let desk = Desk::open().await.unwrap();
    desk.found_organisations().await.unwrap();
    let (ann, mut manager) = desk.staff("Ann", "AA01", Role::RaManager, "RXA").await.unwrap();
    let (top, _) = desk.staff("Tom", "AA02", Role::RaManager, "X26").await.unwrap();
    let (other, _) = desk.staff("Olu", "AA03", Role::RaManager, "RXB").await.unwrap();
    let holder = desk.on_paper("Asha Patel", "AB01").await.unwrap();
    desk.assign(holder, "RXA").await.unwrap();
    let path = format!("/api/desk/holders/{holder}/suspensions");
    let (status, said) =
        ask(&mut manager, Method::POST, &path, &json!({"reason": "mislaid"})).await;
    assert_eq!(status, 200, "{said}");
    let due_at = desk.now() + Duration::hours(18);
    let waiting = waits(&mut manager, holder).await;
    let [(kind, due)] = &waiting[..] else { panic!("{waiting:?}") };
    assert_eq!(kind, "loss_to_decide");
    assert_eq!(due.as_str().unwrap().parse::<chrono::DateTime<chrono::Utc>>().unwrap(), due_at);

    desk.wait(Duration::hours(18) - Duration::seconds(1));
    tick(&desk).await;
    assert_eq!(told(&desk, ann).await, []);
    desk.wait(Duration::seconds(1));
    tick(&desk).await;
    for staff in [ann, top] {
        assert_eq!(told(&desk, staff).await, [(Alarm::LossOverdue, holder)]);
    }
    assert_eq!(told(&desk, other).await, []);
    let mut manager = desk.session_of(ann, Scope::Full).await.unwrap();
    let kinds: Vec<_> =
        waits(&mut manager, holder).await.into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(kinds, ["loss_to_decide", "loss_overdue"]);

    let path = format!("/api/desk/holders/{holder}/reinstatements");
    let (status, said) =
        ask(&mut manager, Method::POST, &path, &json!({"confirm": "REINSTATE"})).await;
    assert_eq!(status, 200, "{said}");
    assert_eq!(waits(&mut manager, holder).await, []);
}

#[tokio::test]
async fn b57_a_report_after_the_limit_is_an_alarm_with_the_report() {
    let desk = Desk::open().await.unwrap();
    desk.found_organisations().await.unwrap();
    let (ann, _) = desk.staff("Ann", "AA01", Role::RaManager, "RXA").await.unwrap();
    let path = |holder: HolderId| format!("/api/desk/holders/{holder}/losses");
    for (serial, hours, is_late) in [("AB01", 17, false), ("AB02", 18, true)] {
        let holder = desk.on_paper("Asha Patel", serial).await.unwrap();
        desk.assign(holder, "RXA").await.unwrap();
        desk.wait(Duration::hours(hours + 1));
        let mut manager = desk.session_of(ann, Scope::Full).await.unwrap();
        let lost_at = desk.now() - Duration::hours(hours);
        let lost = json!({"loss": "lost", "lost_at": lost_at});
        let (status, said) = ask(&mut manager, Method::POST, &path(holder), &lost).await;
        assert_eq!(status, 200, "{said}");
        tick(&desk).await;
        let about = told(&desk, ann).await.into_iter().filter(|(_, about)| *about == holder);
        assert_eq!(about.count() == 1, is_late, "{hours} hours");
    }
}

#[tokio::test]
async fn b59_the_only_manager_is_told_on_his_first_alert_day_and_so_are_the_operators() {
    let desk = Desk::open().await.unwrap();
    desk.found_organisations().await.unwrap();
    let (ann, _) = desk.staff("Ann", "AA01", Role::RaManager, "X26").await.unwrap();
    let (covered, _) = desk.staff("Ben", "AA02", Role::RaManager, "RXA").await.unwrap();
    desk.wait(Duration::days(300));
    let (operator, _) = desk.staff("Olu", "AA03", Role::Operator, "X26").await.unwrap();
    desk.wait(Duration::days(50));
    tick(&desk).await;
    assert_eq!(told(&desk, ann).await, []);
    desk.wait(Duration::days(1));
    tick(&desk).await;
    let alarm = |code: &str| Alarm::LastManager { organisation: code.parse().unwrap() };
    // Ben is nobody above Ann; Ann can still look after RXA.
    assert_eq!(told(&desk, ann).await, [(alarm("X26"), ann)]);
    assert_eq!(told(&desk, covered).await, []);
    assert_eq!(told(&desk, operator).await, [(alarm("X26"), ann)]);
    desk.wait(Duration::days(2));
    tick(&desk).await;
    assert_eq!(told(&desk, ann).await.len(), 1);
    // From the day on which Ann cannot act any more, Ben is alone, too.
    desk.wait(Duration::days(12));
    tick(&desk).await;
    assert_eq!(told(&desk, covered).await, [(alarm("RXA"), covered)]);
}

#[tokio::test]
async fn b59_that_nobody_can_manage_an_organisation_any_more_is_told_on_the_day_of_the_lock() {
    let desk = Desk::open().await.unwrap();
    desk.found_organisations().await.unwrap();
    let (ann, _) = desk.staff("Ann", "AA01", Role::RaManager, "X26").await.unwrap();
    desk.wait(Duration::days(300));
    let (operator, _) = desk.staff("Olu", "AA03", Role::Operator, "X26").await.unwrap();
    let only = (Alarm::LastManager { organisation: "X26".parse().unwrap() }, ann);
    let nobody = (Alarm::NobodyLeft { organisation: "X26".parse().unwrap() }, ann);
    desk.wait(Duration::days(85));
    tick(&desk).await;
    // Forced for twenty days, he can still come back by himself.
    assert_eq!(told(&desk, operator).await.as_slice(), std::slice::from_ref(&only));
    desk.wait(Duration::days(1));
    tick(&desk).await;
    for holder in [operator, ann] {
        assert_eq!(told(&desk, holder).await, [only.clone(), nobody.clone()]);
    }
}
