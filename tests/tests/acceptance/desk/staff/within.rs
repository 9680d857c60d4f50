//! The second question of the authorisation matrix: whoever is let in by the first names an organisation, or a role in
//! one, and that has to be his, too (B-59). Every such route, with a body that would be carried out, for the root, an
//! organisation of one's own and a foreign one. What comes is compared with `domain::staff`, as of just before.

use std::collections::BTreeSet;

use api::cookies::BROWSER_COOKIE;
use axum::{
    body::Body,
    http::{Method, StatusCode, header},
};
use domain::{
    ids::{HolderId, OrganisationCode},
    staff::{
        Grant, Refusal, Role, Staff, StaffAct, Subject, may, may_assign, may_grant, may_in,
        may_withdraw,
    },
};
use serde_json::{Value, json};
use tests::desk::{
    Desk,
    browser::{Browser, FORM, Page, encoded},
    office::ORGANISATIONS,
};

use super::matrix::says;

/// What a route asks of its second gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Gate {
    Assign,
    EndAssignment,
    Grant,
    Withdraw,
    Register,
    AddOrganisation,
}

const GATES: [Gate; 6] = [
    Gate::Assign,
    Gate::EndAssignment,
    Gate::Grant,
    Gate::Withdraw,
    Gate::Register,
    Gate::AddOrganisation,
];

/// Somebody who passes the first gate of some of these, and where: of the root and of the hospital.
const ASKERS: [(Role, &str); 6] = [
    (Role::RaManager, "X26"),
    (Role::RaManager, "RXA"),
    (Role::RaAgent, "X26"),
    (Role::RaAgent, "RXA"),
    (Role::Auditor, "X26"),
    (Role::Operator, "X26"),
];

/// Where the person works whom it is about.
const HOMES: [&str; 2] = ["RXA", "RXB"];

/// The role that is granted or withdrawn: its end is nobody's last.
const ROLE: Role = Role::Sponsor;

struct Asker {
    holder: HolderId,
    browser: Browser,
}

/// One question.
struct Question<'a> {
    gate: Gate,
    about: HolderId,
    organisation: &'a str,
    /// What is new by it has a name of its own.
    number: usize,
}

impl Question<'_> {
    /// What the one place that knows says.
    async fn judge(&self, desk: &Desk, asker: HolderId) -> Result<(), Refusal> {
        let (asking, about) =
            (desk.holder(asker).await.unwrap(), desk.holder(self.about).await.unwrap());
        let staff = Staff { holder: asker, roles: asking.roles() };
        let subject = Subject { holder: self.about, assignments: about.roles().assignments() };
        let code: OrganisationCode = self.organisation.parse().unwrap();
        let grant = Grant { role: ROLE, organisation: code.clone() };
        let tree = desk.app().organisations();
        let within = |act| {
            may(&staff, act, None, &tree)?;
            may_in(&staff, act, &code, &tree)
        };
        let assigns = |act| may_assign(&staff, act, &subject, &code, &tree);
        let warrant = match self.gate {
            Gate::Assign => assigns(StaffAct::Assign),
            Gate::EndAssignment => assigns(StaffAct::EndAssignment),
            Gate::Grant => may_grant(&staff, &subject, &grant, &tree),
            Gate::Withdraw => {
                may_withdraw(&staff, &subject, &grant, &[], &tree).map(|(warrant, _)| warrant)
            }
            Gate::Register => within(StaffAct::RegisterPerson),
            Gate::AddOrganisation => within(StaffAct::AddOrganisation),
        };
        warrant.map(drop)
    }

    /// As a program asks: method, address, body.
    fn of_api(&self) -> (Method, String, Value) {
        let (about, code) = (self.about, self.organisation);
        let record = |rest: &str| format!("/api/desk/holders/{about}/{rest}");
        match self.gate {
            Gate::Assign => (Method::POST, record("assignments"), json!({ "organisation": code })),
            Gate::EndAssignment => {
                (Method::DELETE, record(&format!("assignments/{code}")), Value::Null)
            }
            Gate::Grant => {
                let role = json!({ "role": ROLE.label(), "organisation": code });
                (Method::POST, record("roles"), role)
            }
            Gate::Withdraw => {
                let role = format!("roles/{}/{code}", ROLE.label());
                (Method::DELETE, record(&role), Value::Null)
            }
            Gate::Register => {
                let check = json!({ "evidence": "passport", "place": "RA desk" });
                let person = json!({
                    "name": "Somebody New", "email": "new@example.org", "organisation": code, "check": check,
                });
                (Method::POST, "/api/desk/people".to_owned(), person)
            }
            Gate::AddOrganisation => {
                let added = json!({
                    "code": format!("A{}", self.number), "name": "A new one", "parent": code,
                });
                (Method::POST, "/api/desk/organisations".to_owned(), added)
            }
        }
    }

    /// As a page asks: address and fields.
    fn of_portal(&self) -> (String, Vec<(&'static str, String)>) {
        let (about, code) = (self.about, self.organisation.to_owned());
        let record = |act: &str| format!("/desk/holders/{about}/{act}");
        match self.gate {
            Gate::Assign => (record("assign"), vec![("organisation", code)]),
            Gate::EndAssignment => (record("end-assignment"), vec![("organisation", code)]),
            Gate::Grant => {
                let role = ROLE.label().to_owned();
                (record("grant-role"), vec![("role", role), ("organisation", code)])
            }
            Gate::Withdraw => {
                (record("withdraw-role"), vec![("role", format!("{}.{code}", ROLE.label()))])
            }
            Gate::Register => {
                let fields = [
                    ("name", "Somebody New"),
                    ("email", "new@example.org"),
                    ("organisation", self.organisation),
                    ("evidence", "passport"),
                    ("place", "RA desk"),
                ];
                let fields = fields.map(|(name, value)| (name, value.to_owned()));
                ("/desk/register".to_owned(), fields.to_vec())
            }
            Gate::AddOrganisation => {
                let added = [
                    ("code", format!("P{}", self.number)),
                    ("name", "A new one".to_owned()),
                    ("parent", code),
                ];
                ("/desk/organisations/add".to_owned(), added.to_vec())
            }
        }
    }

    async fn send(&self, browser: &mut Browser, by_page: bool) -> Page {
        let (method, path, kind, body) = if by_page {
            let (path, fields) = self.of_portal();
            let fields: Vec<_> =
                fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
            (Method::POST, path, FORM, encoded(&fields))
        } else {
            let (method, path, body) = self.of_api();
            let body = if body.is_null() { String::new() } else { body.to_string() };
            (method, path, "application/json", body)
        };
        let request = browser.request(method, &path).header(header::CONTENT_TYPE, kind);
        let request = request.header("sec-fetch-site", "same-origin");
        browser.send(request.body(Body::from(body)).unwrap()).await.unwrap()
    }
}

async fn askers(desk: &Desk) -> Vec<Asker> {
    let mut askers = Vec::new();
    for (number, (role, at)) in ASKERS.into_iter().enumerate() {
        let serial = format!("AA{number:02}");
        let (holder, mut browser) = desk.staff(role.label(), &serial, role, at).await.unwrap();
        browser.set_cookie(BROWSER_COOKIE, &"5a".repeat(32));
        askers.push(Asker { holder, browser });
    }
    askers
}

/// Somebody who works there and has the role that is to be withdrawn.
async fn somebody(desk: &Desk, number: usize, home: &str, organisation: &str) -> HolderId {
    let holder = desk.on_paper("Somebody Else", &format!("AC{number:04}")).await.unwrap();
    desk.assign(holder, home).await.unwrap();
    desk.grant(holder, ROLE, organisation).await.unwrap();
    holder
}

/// What is asked, of whom, and whether by a page.
fn questions() -> impl Iterator<Item = (Gate, &'static str, &'static str, bool)> {
    let homes = GATES.into_iter().flat_map(|gate| HOMES.map(|home| (gate, home)));
    let all = homes.flat_map(|(gate, home)| {
        ORGANISATIONS.map(|(organisation, _, _)| (gate, home, organisation))
    });
    all.flat_map(|(gate, home, organisation)| {
        [false, true].map(|by_page| (gate, home, organisation, by_page))
    })
}

#[tokio::test]
async fn b59_whoever_is_let_in_may_name_no_organisation_that_is_not_his() {
    let desk = Desk::open().await.unwrap();
    desk.found_organisations().await.unwrap();
    let mut askers = askers(&desk).await;
    // What came of each gate: done, or by which rule not.
    let mut outcomes = BTreeSet::new();
    let mut number = 0;
    for (gate, home, organisation, by_page) in questions() {
        for (asker, who) in askers.iter_mut().zip(ASKERS) {
            number += 1;
            let about = somebody(&desk, number, home, organisation).await;
            let question = Question { gate, about, organisation, number };
            let expected = question.judge(&desk, asker.holder).await;
            let page = question.send(&mut asker.browser, by_page).await;
            let cell = format!(
                "{gate:?} {organisation} about somebody of {home} as {who:?}, page {by_page}: {} {}",
                page.status, page.html
            );
            match expected {
                Ok(()) => {
                    let is_done = page.status.is_success() || page.status.is_redirection();
                    assert!(is_done, "{cell}");
                }
                Err(refusal) => {
                    assert_eq!(page.status, StatusCode::FORBIDDEN, "{cell}");
                    assert!(says(&page, &refusal.to_string()), "{refusal}: {cell}");
                }
            }
            outcomes.insert((gate, by_page, expected.err().map(|why| why.rule().as_str())));
        }
    }
    for (gate, _, _, by_page) in questions() {
        for what in [None, Some("B-58"), Some("B-59")] {
            assert!(outcomes.contains(&(gate, by_page, what)), "{gate:?} {by_page} {what:?}");
        }
    }
}
