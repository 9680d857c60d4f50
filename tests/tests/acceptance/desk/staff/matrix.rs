//! The authorisation matrix: every route of staff's, as every role, on every kind of record. What comes is compared
//! with `domain::staff::may`, which is the only place that knows; nothing is listed here but who asks about whom.

use std::collections::BTreeSet;

use api::staff::list::{StaffRoute, all};
use axum::http::{Method, StatusCode};
use domain::{
    ids::HolderId,
    staff::{Refusal, Role, Staff, Subject, may},
};
use stores::session::Scope;
use tests::desk::{
    Desk,
    browser::{Browser, Page},
};

/// Somebody who asks.
struct Asker {
    name: String,
    holder: HolderId,
    browser: Browser,
    /// Has his role in the root, and another asker has it below.
    is_above: bool,
}

impl Asker {
    /// Whom he asks about: himself and, if the route is about a person at all, others: where the root is asked, too,
    /// only those whom the one below may not.
    fn asks_about(&self, route: &StaffRoute, others: &[HolderId; 3]) -> Vec<HolderId> {
        let others = match (route.is_about_a_person(), self.is_above) {
            (false, _) => &others[..0],
            (true, true) => &others[1..2],
            (true, false) => &others[..],
        };
        [&[self.holder], others].concat()
    }
}

/// Every role in the root, and in an organisation below it if it has that; and a holder who is no staff.
async fn askers(desk: &Desk) -> Vec<Asker> {
    let mut askers = Vec::new();
    let below = Role::ALL.into_iter().filter(|role| !role.is_of_the_root());
    let all =
        Role::ALL.map(|role| (role, "X26")).into_iter().chain(below.map(|role| (role, "RXA")));
    for (number, (role, at)) in all.enumerate() {
        let serial = format!("AA{number:02}");
        let name = format!("{} of {at}", role.label());
        let (holder, browser) = desk.staff(&name, &serial, role, at).await.unwrap();
        let is_above = at == "X26" && !role.is_of_the_root();
        askers.push(Asker { name, holder, browser, is_above });
    }
    let holder = desk.on_paper("no staff", "AB01").await.unwrap();
    desk.assign(holder, "RXA").await.unwrap();
    let browser = desk.session_of(holder, Scope::Full).await.unwrap();
    askers.push(Asker { name: "no staff".to_owned(), holder, browser, is_above: false });
    askers
}

/// Whom the asker asks about: of the hospital, of the clinics, of nothing.
async fn targets(desk: &Desk) -> [HolderId; 3] {
    let mut targets = Vec::new();
    for (number, at) in [Some("RXA"), Some("RXB"), None].into_iter().enumerate() {
        let holder = desk.on_paper("Somebody Else", &format!("AC{number:02}")).await.unwrap();
        if let Some(at) = at {
            desk.assign(holder, at).await.unwrap();
        }
        targets.push(holder);
    }
    targets.try_into().unwrap()
}

/// What no route finds anything under; a record's number goes in its place.
fn address(route: &StaffRoute, holder: HolderId) -> String {
    let filled = route.path.replace("{holder}", &holder.to_string());
    let parts = filled.split('/').map(|part| if part.starts_with('{') { "none" } else { part });
    parts.collect::<Vec<_>>().join("/")
}

async fn ask(browser: &mut Browser, route: &StaffRoute, holder: HolderId) -> Page {
    let request = browser.request(route.method.clone(), &address(route, holder));
    let request = request.header("sec-fetch-site", "same-origin");
    browser.send(request.body(axum::body::Body::empty()).unwrap()).await.unwrap()
}

/// What the one place that knows says.
async fn expected(
    desk: &Desk,
    route: &StaffRoute,
    asker: HolderId,
    target: HolderId,
) -> Result<(), Refusal> {
    let (asking, about) = (desk.holder(asker).await.unwrap(), desk.holder(target).await.unwrap());
    let staff = Staff { holder: asker, roles: asking.roles() };
    let subject = Subject { holder: target, assignments: about.roles().assignments() };
    let subject = route.is_about_a_person().then_some(&subject);
    may(&staff, route.act, subject, &desk.app().organisations()).map(|_| ())
}

/// A template writes an apostrophe as a character reference.
pub(super) fn says(page: &Page, text: &str) -> bool {
    page.html.replace("&#x27;", "'").contains(text)
}

#[tokio::test]
async fn b58_b59_b63_every_route_of_staff_lets_in_exactly_whom_the_rules_let_in() {
    let desk = Desk::open().await.unwrap();
    desk.found_organisations().await.unwrap();
    let (mut askers, others) = (askers(&desk).await, targets(&desk).await);
    let mut n_cells = 0;
    for route in all() {
        // What came of it: let in, or by which rule not.
        let mut outcomes = BTreeSet::new();
        for asker in &mut askers {
            for target in asker.asks_about(&route, &others) {
                let expected = expected(&desk, &route, asker.holder, target).await;
                let page = ask(&mut asker.browser, &route, target).await;
                let cell = format!(
                    "{} {} as {}: {} {}",
                    route.method, route.path, asker.name, page.status, page.html
                );
                match expected {
                    Ok(()) => {
                        assert!(!page.status.is_server_error(), "{cell}");
                        assert_ne!(page.status, StatusCode::UNAUTHORIZED, "{cell}");
                        assert_ne!(page.status, StatusCode::FORBIDDEN, "{cell}");
                    }
                    Err(refusal) => {
                        assert_eq!(page.status, StatusCode::FORBIDDEN, "{cell}");
                        assert!(says(&page, &refusal.to_string()), "{refusal}: {cell}");
                        assert!(page.says(refusal.rule().as_str()), "{cell}");
                    }
                }
                outcomes.insert(expected.err().map(|refusal| refusal.rule().as_str()));
                n_cells += 1;
            }
        }
        let about_a_person = [Some("B-59"), Some("B-63")];
        let about_a_person = about_a_person.into_iter().filter(|_| route.is_about_a_person());
        let every: BTreeSet<_> = [None, Some("B-58")].into_iter().chain(about_a_person).collect();
        assert_eq!(outcomes, every, "{} {}", route.method, route.path);
    }
    println!("{n_cells} cells");
}

#[tokio::test]
async fn b17_a_restricted_session_of_staff_is_let_in_to_nothing_and_nobody_without_one() {
    let desk = Desk::open().await.unwrap();
    desk.found_organisations().await.unwrap();
    let manager = desk.on_paper("manager", "AA01").await.unwrap();
    desk.grant(manager, Role::RaManager, "X26").await.unwrap();
    let other = desk.on_paper("somebody else", "AA02").await.unwrap();
    desk.wait(chrono::Duration::days(365));
    let mut restricted = desk.session_of(manager, Scope::Restricted).await.unwrap();
    let mut nobody = desk.browser();
    for route in all() {
        let page = ask(&mut restricted, &route, other).await;
        assert_eq!(page.status, StatusCode::FORBIDDEN, "{route:?}: {}", page.html);
        assert!(page.says("B-17"), "{route:?}: {}", page.html);
        let page = ask(&mut nobody, &route, other).await;
        let leads_away = page.location() == Some("/logged-out");
        assert!(leads_away || page.status == StatusCode::UNAUTHORIZED, "{route:?}");
    }
}

#[tokio::test]
async fn every_described_route_below_the_desk_is_in_the_list_of_staff() {
    let desk = Desk::open().await.unwrap();
    let page = desk.browser().get("/api/openapi.json").await.unwrap();
    let description: serde_json::Value = serde_json::from_str(&page.html).unwrap();
    let listed = all();
    let mut n_routes = 0;
    for (path, item) in description["paths"].as_object().unwrap() {
        let of_staff = ["/api/desk", "/api/audit", "/api/operation", "/api/policy"];
        if !of_staff.iter().any(|prefix| path.starts_with(prefix)) {
            continue;
        }
        for method in item.as_object().unwrap().keys() {
            let method: Method = method.to_uppercase().parse().unwrap();
            let is_it = |route: &&StaffRoute| route.method == method && route.path == *path;
            assert_eq!(listed.iter().filter(is_it).count(), 1, "{method} {path}");
            n_routes += 1;
        }
    }
    let of_api = listed.iter().filter(|route| route.path.starts_with("/api/")).count();
    assert_eq!(n_routes, of_api);
}
