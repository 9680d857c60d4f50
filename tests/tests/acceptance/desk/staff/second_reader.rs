//! A desk with two readers: the member of staff's card in one, the holder's in the other. One person at a time has the
//! workstation, and whoever waits is suspended until he has shown his own passcode again.

use axum::http::StatusCode;
use domain::staff::Role;
use tests::desk::{browser::Browser, card::SoftCard, scene::Scene};

const STAFF_PASSCODE: &str = "Summit26";

/// A holder with his card, and at the same workstation an agent of the authority who is logged in.
struct TwoReaders {
    scene: Scene,
    staff_card: SoftCard,
    staff: Browser,
}

async fn two_readers() -> TwoReaders {
    let scene = Scene::registered().await.unwrap();
    let desk = &scene.desk;
    desk.found_organisations().await.unwrap();
    let mut staff_card = SoftCard::blank("0A02").unwrap();
    let agent = &scene.agent;
    let ruth = desk.register(agent, &mut staff_card, "Ruth Ekwueme", STAFF_PASSCODE).await.unwrap();
    desk.assign(ruth, "RXA").await.unwrap();
    desk.assign(scene.holder, "RXA").await.unwrap();
    desk.grant(ruth, Role::RaAgent, "RXA").await.unwrap();
    agent.sees_both([&staff_card, &scene.card]).await.unwrap();
    let staff = desk.browser();
    let mut two = TwoReaders { scene, staff_card, staff };
    two.staff_logs_in().await;
    two
}

impl TwoReaders {
    async fn staff_logs_in(&mut self) {
        let job = self.staff.start_log_in().await.unwrap();
        let card = &mut self.staff_card;
        let code = self.scene.agent.finish(job, card, STAFF_PASSCODE).await.unwrap();
        let page = self.staff.come_back(job, &code).await.unwrap();
        assert_eq!(page.location(), Some("/home"), "{}", page.html);
    }

    async fn staff_may(&mut self) -> bool {
        let page = self.staff.get("/desk").await.unwrap();
        match page.status {
            StatusCode::OK => true,
            StatusCode::SEE_OTHER => {
                let page = self.staff.get("/logged-out").await.unwrap();
                assert!(page.says("Your session is suspended"), "{}", page.html);
                false
            }
            other => panic!("{other}: {}", page.html),
        }
    }
}

#[tokio::test]
async fn p05_b63_a_holder_at_the_second_reader_suspends_the_session_of_the_desk_until_it_shows_its_passcode()
 {
    let mut two = two_readers().await;
    assert!(two.staff_may().await);
    assert_eq!(two.scene.log_in().await.unwrap().location(), Some("/home"));
    assert!(!two.staff_may().await);
    let page = two.scene.browser.post("/log-out", &[]).await.unwrap();
    assert_eq!(page.location(), Some("/logged-out"));
    assert!(!two.staff_may().await, "the workstation may still be in the holder's hands");
    two.staff_logs_in().await;
    assert!(two.staff_may().await);
}

#[tokio::test]
async fn p05_a_desk_that_goes_on_suspends_the_holder_in_turn() {
    let mut two = two_readers().await;
    two.scene.log_in().await.unwrap();
    two.staff_logs_in().await;
    assert!(two.staff_may().await);
    assert!(!two.scene.browser.is_logged_in().await.unwrap());
    two.scene.log_in().await.unwrap();
    assert!(two.scene.browser.is_logged_in().await.unwrap());
}

#[tokio::test]
async fn u01_a_card_that_is_unlocked_at_the_second_reader_suspends_the_session_of_the_desk() {
    let mut two = two_readers().await;
    two.scene.lock_card();
    two.scene.start_unlock().await.unwrap();
    assert!(!two.staff_may().await);
}
