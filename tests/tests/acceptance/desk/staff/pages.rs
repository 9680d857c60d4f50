//! The desk's pages, from finding a person to what the holder does next.

use axum::http::StatusCode;
use chrono::Duration;
use domain::{desk::DeskEvent, holder::HolderEvent, ids::HolderId, staff::Role};
use tests::desk::{
    Desk,
    browser::{Browser, Page},
};

const CHECK: [(&str, &str); 2] = [("evidence", "passport"), ("place", "RA desk")];

/// A holder of St Ebba's, and somebody of the staff there.
async fn scene(role: Role) -> (Desk, HolderId, Browser) {
    let desk = Desk::open().await.unwrap();
    desk.found_organisations().await.unwrap();
    let holder = desk.on_paper("Asha Patel", "AB01").await.unwrap();
    desk.assign(holder, "RXA").await.unwrap();
    let (_, browser) = desk.staff("Ben Agent", "AA01", role, "RXA").await.unwrap();
    (desk, holder, browser)
}

fn at(holder: HolderId, act: &str) -> String {
    format!("/desk/holders/{holder}/{act}")
}

/// Sends a form of the desk, and goes where it leads.
async fn does(browser: &mut Browser, holder: HolderId, act: &str, sent: &[(&str, &str)]) -> Page {
    let form = browser.get(&at(holder, act)).await.unwrap();
    assert_eq!(form.status, StatusCode::OK, "{act}: {}", form.html);
    let page = browser.post(&at(holder, act), sent).await.unwrap();
    assert_eq!(page.status, StatusCode::SEE_OTHER, "{act}: {}", page.html);
    let way = page.location().unwrap().to_owned();
    let done = browser.get(&way).await.unwrap();
    assert_eq!(done.status, StatusCode::OK, "{way}: {:?}", done.location());
    done
}

#[tokio::test]
async fn b30_a_locked_account_is_found_looked_at_and_let_unlock_on_pages() {
    let (desk, holder, _) = scene(Role::RaAgent).await;
    desk.wait(Duration::days(386));
    let (_, mut agent) = desk.staff("Cem Agent", "AA02", Role::RaAgent, "RXA").await.unwrap();
    assert!(agent.get("/home").await.unwrap().says("href=\"/desk\""));
    let nothing = agent.post("/desk", &[("name", "p")]).await.unwrap();
    assert_eq!(nothing.status, StatusCode::UNPROCESSABLE_ENTITY);
    let both = [("name", "pat ASH"), ("card", "ab01")];
    let page = agent.post("/desk", &both).await.unwrap();
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.says("not both"), "{}", page.html);
    for search in [[("name", "pat ASH"), ("card", "")], [("name", ""), ("card", "ab01")]] {
        let found = agent.post("/desk", &search).await.unwrap();
        assert!(
            found.says("Asha Patel") && found.says(&format!("/desk/holders/{holder}")),
            "{}",
            found.html
        );
    }
    let record = agent.get(&format!("/desk/holders/{holder}")).await.unwrap();
    assert!(record.says("the account is locked since 23 March 2027"), "{}", record.html);
    assert!(record.says("/rules/P-18") && record.says(&at(holder, "account-unlock")));
    let done = agent.get(&at(holder, "done/account-unlock")).await.unwrap();
    assert_eq!(done.status, StatusCode::SEE_OTHER, "nothing was done yet");
    let missing = [("evidence", "passport"), ("place", " ")];
    let page = agent.post(&at(holder, "account-unlock"), &missing).await.unwrap();
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.says("Enter where you are"), "{}", page.html);
    let done = does(&mut agent, holder, "account-unlock", &CHECK).await;
    let until = in_half_an_hour(&desk);
    assert!(done.says(&until), "{until}: {}", done.html);
    let events = desk.events(holder).await.unwrap();
    let is_it = |event: &HolderEvent| {
        matches!(event, HolderEvent::Desk(DeskEvent::AccountUnlockAuthorised { .. }))
    };
    assert!(events.iter().any(is_it));
}

/// The time of day in half an hour, as pages say it.
fn in_half_an_hour(desk: &Desk) -> String {
    let until = desk.now() + Duration::minutes(30);
    until.with_timezone(&desk.app().policy().zone).format("%-I:%M%P").to_string()
}

#[tokio::test]
async fn b58_b59_b63_what_a_member_of_staff_may_not_is_said_with_rule_and_way_out() {
    let (desk, holder, mut sponsor) = scene(Role::Sponsor).await;
    let record = sponsor.get(&format!("/desk/holders/{holder}")).await.unwrap();
    assert!(!record.says("account-unlock"), "{}", record.html);
    let page = sponsor.post(&at(holder, "account-unlock"), &CHECK).await.unwrap();
    assert_eq!(page.status, StatusCode::FORBIDDEN);
    assert!(page.says("/rules/B-58") && page.says("What you can do"), "{}", page.html);
    let (_, mut agent) = desk.staff("Cem Agent", "AA02", Role::RaAgent, "RXA").await.unwrap();
    let page = agent.post(&at(holder, "account-unlock"), &CHECK).await.unwrap();
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.says("This account is not locked") && page.says("/rules/B-30"), "{}", page.html);
    let mut nobody = desk.session_of(holder, stores::session::Scope::Full).await.unwrap();
    assert!(!nobody.get("/home").await.unwrap().says("href=\"/desk\""));
}

#[tokio::test]
async fn b63_on_pages_too_who_vouches_is_not_who_agrees() {
    let (desk, holder, _) = scene(Role::RaAgent).await;
    desk.wait(Duration::days(386));
    let (_, mut first) = desk.staff("Cem Agent", "AA02", Role::RaAgent, "RXA").await.unwrap();
    let (_, mut second) = desk.staff("Dee Agent", "AA03", Role::RaAgent, "RXA").await.unwrap();
    let record = format!("/desk/holders/{holder}");
    assert!(!second.get(&record).await.unwrap().says("account-unlock-approval"));
    let approval = at(holder, "account-unlock-approval");
    let page = second.get(&approval).await.unwrap();
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "nothing to agree to");
    let vouched = [("evidence", "vouched"), ("place", "RA desk")];
    let done = does(&mut first, holder, "account-unlock", &vouched).await;
    assert!(done.says("A second person has to agree"), "{}", done.html);
    let form = first.get(&approval).await.unwrap();
    assert!(form.status == StatusCode::FORBIDDEN && form.says("/rules/B-63"), "{}", form.html);
    let form = second.get(&approval).await.unwrap();
    let request = form.field("request").unwrap().to_owned();
    let agreed = [("request", request.as_str())];
    let page = first.post(&approval, &agreed).await.unwrap();
    assert_eq!(page.status, StatusCode::FORBIDDEN, "{}", page.html);
    assert!(page.says("/rules/B-63") && page.says("Back to the record"), "{}", page.html);
    let work = second.get("/desk/work").await.unwrap();
    assert!(work.says("waits for a second person") && work.says(&record), "{}", work.html);
    assert!(second.get(&record).await.unwrap().says("account-unlock-approval"));
    assert!(second.get(&approval).await.unwrap().says("Cem Agent vouches"));
    let done = does(&mut second, holder, "account-unlock-approval", &agreed).await;
    assert!(done.says("The person can unlock the account now"), "{}", done.html);
    assert!(done.says(&in_half_an_hour(&desk)), "{}", done.html);
}

#[tokio::test]
async fn b42_changed_contact_details_are_confirmed_with_what_is_on_record_now() {
    let (_desk, holder, mut manager) = scene(Role::RaManager).await;
    let contact = [("name", "Asha Patel-Roy"), ("email", "asha@example.org")];
    let done = does(&mut manager, holder, "contact", &contact).await;
    assert!(done.says("asha@example.org") && done.says("Asha Patel-Roy"), "{}", done.html);
}

#[tokio::test]
async fn b58_a_role_that_is_granted_or_withdrawn_is_confirmed_with_those_that_are_left() {
    let (_desk, holder, mut manager) = scene(Role::RaManager).await;
    let role = [("role", "sponsor"), ("organisation", "rxa")];
    let done = does(&mut manager, holder, "grant-role", &role).await;
    assert!(done.says("sponsor at St Ebba"), "{}", done.html);
    let done = does(&mut manager, holder, "withdraw-role", &[("role", "sponsor.RXA")]).await;
    assert!(done.says("Is now: nothing"), "{}", done.html);
    // Nothing is left to choose: there is no form, and the page says why.
    let page = manager.get(&at(holder, "withdraw-role")).await.unwrap();
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.says("This person has no role as staff"), "{}", page.html);
}

#[tokio::test]
async fn b59_nobody_is_assigned_to_an_organisation_that_is_not_the_managers() {
    let (_desk, holder, mut manager) = scene(Role::RaManager).await;
    let outside = [("organisation", "RXB")];
    let page = manager.post(&at(holder, "assign"), &outside).await.unwrap();
    assert_eq!(page.status, StatusCode::FORBIDDEN);
    assert!(page.says("/rules/B-59"), "{}", page.html);
}

#[tokio::test]
async fn b57_certificates_are_suspended_and_good_again_on_pages() {
    let (_desk, holder, mut manager) = scene(Role::RaManager).await;
    let done = does(&mut manager, holder, "suspend", &[("reason", "away")]).await;
    assert!(done.says("The certificates are suspended"), "{}", done.html);
    let done = does(&mut manager, holder, "reinstate", &[("yes", "")]).await;
    assert!(done.says("The certificates work again"), "{}", done.html);
    let page = manager.get(&at(holder, "reinstate")).await.unwrap();
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "there is nothing to reinstate");
    assert!(page.says("/rules/B-57") && page.field("form").is_none(), "{}", page.html);
}

#[tokio::test]
async fn p08_b34_what_there_is_nothing_of_is_neither_released_nor_compared() {
    let (_desk, holder, mut manager) = scene(Role::RaManager).await;
    let page = manager.post(&at(holder, "release"), &CHECK).await.unwrap();
    assert!(page.says("is blocked") && page.says("/rules/B-34"), "{}", page.html);
    let said = [("passcode", "Recover01")];
    let page = manager.post(&at(holder, "recovery-passcode-check"), &said).await.unwrap();
    assert!(page.says("There is none on record") && !page.says("Recover01"), "{}", page.html);
}

#[tokio::test]
async fn b45_b57_a_loss_needs_its_time_and_a_closure_its_word() {
    let (desk, holder, mut manager) = scene(Role::RaManager).await;
    // The card is of this minute.
    let (day, now) = (desk.now().date_naive(), desk.now().format("%H:%M").to_string());
    let (d, m, y) = (day.format("%d"), day.format("%m"), day.format("%Y"));
    let (d, m, y) = (d.to_string(), m.to_string(), y.to_string());
    let lost = |year, time| {
        [
            ("loss", "lost"),
            ("lost[day]", d.as_str()),
            ("lost[month]", m.as_str()),
            ("lost[year]", year),
            ("time", time),
        ]
    };
    let page = manager.post(&at(holder, "report-lost"), &lost(&y[2..], &now)).await.unwrap();
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.says("Enter a day, with the year in four digits"), "{}", page.html);
    let page = manager.post(&at(holder, "report-lost"), &lost(&y, "25:00")).await.unwrap();
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.says("Enter a time such as 14:30"), "{}", page.html);
    let page = manager.post(&at(holder, "report-lost"), &lost("2999", &now)).await.unwrap();
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.says("The loss has to be in the past") && page.says("2999"), "{}", page.html);
    let done = does(&mut manager, holder, "report-lost", &lost(&y, &now)).await;
    assert!(done.says("The smartcard is out of use"), "{}", done.html);
    let closure = |confirm: &'static str| [("reason", "left"), ("confirm", confirm)];
    let page = manager.post(&at(holder, "close"), &closure("close")).await.unwrap();
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    let page = manager.post(&at(holder, "close"), &closure("CLOSE")).await.unwrap();
    assert_eq!(page.status, StatusCode::OK, "{}", page.html);
    assert!(page.says("The account is closed"), "{}", page.html);
    let events = desk.events(holder).await.unwrap();
    let is_it =
        |event: &HolderEvent| matches!(event, HolderEvent::Desk(DeskEvent::AccountClosed { .. }));
    assert!(events.iter().any(is_it));
}

#[tokio::test]
async fn c04_b58_a_renewal_and_help_with_a_card_say_until_when() {
    let (desk, holder, mut agent) = scene(Role::RaAgent).await;
    let until = in_half_an_hour(&desk);
    for act in ["renewal", "card-unlock"] {
        let form = agent.get(&at(holder, act)).await.unwrap();
        assert!(form.says("30 minutes") && !form.says("vouch"), "{}", form.html);
        let done = does(&mut agent, holder, act, &CHECK).await;
        assert!(done.says(&until), "{act}: {}", done.html);
    }
}

#[tokio::test]
async fn p03_b61_a_blank_card_is_made_somebodys_at_the_card_softwares_page() {
    let (_desk, holder, mut agent) = scene(Role::RaAgent).await;
    let nothing = [("reason", "")];
    let page = agent.post(&at(holder, "replace"), &nothing).await.unwrap();
    assert!(page.says("Select what is wrong with it"), "{}", page.html);
    let page = agent.post(&at(holder, "replace"), &[("reason", "damaged")]).await.unwrap();
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.says("Select what you saw") && page.says("Enter where you are"), "{}", page.html);
    let damaged = [("reason", "damaged"), CHECK[0], CHECK[1]];
    let page = agent.post(&at(holder, "replace"), &damaged).await.unwrap();
    assert!(page.job().is_ok(), "{}", page.html);
    let person = |organisation: &'static str| {
        let of = ("organisation", organisation);
        [("name", "Noor Rahman"), ("email", "noor@example.org"), of, CHECK[0], CHECK[1]]
    };
    assert!(agent.get("/desk").await.unwrap().says("/desk/register"));
    let page = agent.post("/desk/register", &person("")).await.unwrap();
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    let page = agent.post("/desk/register", &person("RXB")).await.unwrap();
    assert_eq!(page.status, StatusCode::FORBIDDEN);
    assert!(page.says("/rules/B-59"), "{}", page.html);
    let page = agent.post("/desk/register", &person("RXA")).await.unwrap();
    assert!(page.job().is_ok(), "{}", page.html);
}
