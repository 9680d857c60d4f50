//! *Update My Card* while the HSM with the issuing key goes away and comes back.
//!
//! `SoftHSM2` learns from the environment where its tokens are, so the test runs itself once more with one that names
//! them, as the issuer's does.

use std::{fs, process::Command};

use api::config::HsmSettings;
use domain::{
    card::{Slot, SlotState},
    holder::HolderEvent,
};
use tests::desk::{
    Desk,
    agent::{Stop, update::Power},
    scene::{FIRST_PASSCODE, Scene},
};

use crate::acceptance::authority::hsm::{CONFIGURATION, Installation};

const TEST: &str = "acceptance::desk::update_hsm::b55_an_update_waits_for_an_hsm_that_has_gone_away_and_is_finished_when_it_is_back";

/// Names the folder of the installation to the second run.
const FOLDER: &str = "LATCHKEY_TEST_HSM";

/// Names the module to it.
const MODULE: &str = "LATCHKEY_TEST_HSM_MODULE";

const PASSCODE: &str = "Second02";

/// After so many steps certificate 1 is on the card, and the card was not yet opened for key 2.
const FIRST_WRITTEN: usize = 8;

#[test]
fn b55_an_update_waits_for_an_hsm_that_has_gone_away_and_is_finished_when_it_is_back() {
    if std::env::var_os(FOLDER).is_some() {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        return runtime.block_on(with_token());
    }
    let installation = Installation::make();
    let mut again = Command::new(std::env::current_exe().unwrap());
    again.args(["--exact", TEST, "--nocapture"]);
    again.env(CONFIGURATION, installation.path("softhsm2.conf"));
    again.env(FOLDER, installation.path("")).env(MODULE, &installation.module);
    let output = again.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{output:?}");
}

async fn with_token() {
    let folder = std::path::PathBuf::from(std::env::var_os(FOLDER).unwrap());
    let hsm = HsmSettings {
        module: std::env::var_os(MODULE).unwrap().into(),
        token: "latchkey".to_owned(),
        key: "issuing".to_owned(),
        pin_file: folder.join("pin"),
    };
    let desk = Desk::open_over(hsm).await.unwrap();
    if desk.data().join("data/keys/cards-issuing.1.key").exists() {
        eprintln!("not shown here: built without the feature `hsm`");
        return;
    }
    let mut scene = Scene::at(desk, FIRST_PASSCODE).await.unwrap();
    scene.grow_old(25, PASSCODE).await.unwrap();
    scene.log_in().await.unwrap();
    let job = scene.start_renewal().await.unwrap();
    let mut power = Power::until_after(FIRST_WRITTEN);
    let torn = scene.agent.update_with(job, &mut scene.card, PASSCODE, &mut power).await;
    assert!(matches!(torn, Err(Stop::Torn)), "{torn:?}");

    let (tokens, away) = (folder.join("tokens"), folder.join("away"));
    fs::rename(&tokens, &away).unwrap();
    for _ in 0..2 {
        scene.log_in().await.unwrap();
        let job = scene.start_renewal().await.unwrap();
        let waits = scene.agent.update(job, &mut scene.card, PASSCODE).await;
        let Err(Stop::Refused { rule, message, again }) = waits else { panic!("{waits:?}") };
        assert_eq!((rule.as_str(), again), ("C-09", true), "{message}");
        assert!(message.contains("try again later"), "{message}");
        let update = scene.desk.holder(scene.holder).await.unwrap();
        let update = update.card_update().unwrap();
        assert!(matches!(update.slot(Slot::Authentication), SlotState::Written { .. }));
        assert_eq!(*update.slot(Slot::Signature), SlotState::Untouched);
    }
    fs::rename(&away, &tokens).unwrap();
    scene.log_in().await.unwrap();
    let page = scene.renew().await.unwrap();
    assert!(page.says("Continue"), "{}", page.html);
    let events = scene.desk.events(scene.holder).await.unwrap();
    let n = |what: fn(&HolderEvent) -> bool| events.iter().filter(|event| what(event)).count();
    assert_eq!(n(|event| matches!(event, HolderEvent::CertificatesRenewed { .. })), 1);
    assert_eq!(n(|event| matches!(event, HolderEvent::CertificateIssued { .. })), 2);
    assert_eq!(n(|event| matches!(event, HolderEvent::CertificateAbandoned { .. })), 0);
    scene.log_in().await.unwrap();
}
