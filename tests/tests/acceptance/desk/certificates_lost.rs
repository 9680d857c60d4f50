//! Renewals and revocations of which an answer, a line or a page got lost: what is on record decides, and the pages
//! say so.

use tests::desk::{faulty_log::Fault, scene::Scene};

const REVOKE: [(&str, &str); 2] = [("reason", "lost_or_stolen"), ("confirm", "REVOKE")];

#[tokio::test]
async fn c15_a_revocation_whose_answer_was_lost_has_ended_every_session() {
    let mut scene = Scene::logged_in().await.unwrap();
    let mut elsewhere = scene.desk.browser();
    std::mem::swap(&mut elsewhere, &mut scene.browser);
    scene.log_in().await.unwrap();
    scene.desk.faults().next("holder", Fault::LostAfter);
    let page = scene.browser.post("/certificates/revoke", &REVOKE).await.unwrap();
    assert!(page.status.is_server_error(), "{}", page.status);
    for browser in [&mut scene.browser, &mut elsewhere] {
        assert_eq!(browser.get("/home").await.unwrap().location(), Some("/logged-out"));
        let over = browser.get("/logged-out").await.unwrap();
        assert!(over.says("Your certificates have been revoked"), "{}", over.html);
    }
}
