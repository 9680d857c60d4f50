//! Steps out of order: refused, and nothing is changed by the attempt, neither log nor job.

use protocol::{Answer, Bytes, JobId, ProblemSeen, Purpose, Request, Secret, Slot, WriteOutcome};
use tests::desk::{
    agent::{Held, noted},
    scene::{Scene, verification},
};

/// How far a change of the smartcard passcode is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Open,
    Claimed,
    Present,
    Agreed,
    Settled,
    Writing,
    Unknown,
    Done,
}

const NEW: &str = "Second02";

/// Brings a job as far as that.
async fn bring(scene: &mut Scene, job: JobId, stage: Stage) -> Option<Held> {
    scene.card.verify(&scene.passcode).unwrap();
    if stage == Stage::Open {
        return None;
    }
    let held = scene.agent.claim(job, scene.card.seen()).await.unwrap();
    if stage == Stage::Claimed {
        return Some(held);
    }
    scene
        .agent
        .present(job, signature(scene, Some(&held), Slot::CardAuthentication, Purpose::Present))
        .await
        .unwrap();
    if stage == Stage::Present {
        return Some(held);
    }
    let agreement =
        signature(scene, Some(&held), Slot::Authentication, Purpose::of(&held.granted.act));
    let terms = scene.agent.agree(job, agreement).await.unwrap();
    if stage == Stage::Agreed {
        return Some(held);
    }
    let tag = scene.agent.tag(job, &terms, &scene.passcode).await.unwrap();
    noted(scene.agent.ask(Request::CurrentTag { job, tag }).await).unwrap();
    if stage == Stage::Settled {
        return Some(held);
    }
    let tag = scene.agent.tag(job, &terms, NEW).await.unwrap();
    assert_eq!(scene.agent.ask(Request::NewTag { job, tag }).await, Answer::Write);
    let outcome = match stage {
        Stage::Unknown => WriteOutcome::Unknown,
        Stage::Done => WriteOutcome::New,
        Stage::Open
        | Stage::Claimed
        | Stage::Present
        | Stage::Agreed
        | Stage::Settled
        | Stage::Writing => {
            return Some(held);
        }
    };
    scene.agent.ask(Request::Written { job, outcome }).await;
    Some(held)
}

/// A signature that would be right at its own step.
fn signature(scene: &Scene, held: Option<&Held>, slot: Slot, purpose: Purpose) -> Vec<u8> {
    let sentence = held.map(|held| scene.agent.said(held, purpose).bytes());
    scene.card.sign(slot, &sentence.unwrap_or_default()).unwrap()
}

/// Everything an agent can ask about a claimed job, by name.
fn requests(scene: &Scene, job: JobId, held: Option<&Held>) -> Vec<(&'static str, Request)> {
    let present = Bytes(signature(scene, held, Slot::CardAuthentication, Purpose::Present));
    let proof = present.clone();
    let agree = signature(scene, held, Slot::Authentication, Purpose::ChangePasscodes).into();
    let personalise = signature(scene, held, Slot::Authentication, Purpose::Personalise).into();
    // Any element of the group will do.
    let blinded = Bytes(scene.desk.app().poprf().public_key());
    let tag = Secret(vec![7; 64]);
    let slot = Slot::CardAuthentication;
    let key = Bytes(scene.card.public_key(slot).unwrap());
    vec![
        ("present", Request::Present { job, signature: present }),
        ("wrong", Request::PasscodeWrong { job, tries_left: Some(2) }),
        ("agree", Request::Agree { job, signature: agree }),
        ("evaluate", Request::Evaluate { job, blinded }),
        ("current", Request::CurrentTag { job, tag: tag.clone() }),
        ("new", Request::NewTag { job, tag }),
        ("written new", Request::Written { job, outcome: WriteOutcome::New }),
        ("written old", Request::Written { job, outcome: WriteOutcome::Old }),
        ("written unknown", Request::Written { job, outcome: WriteOutcome::Unknown }),
        ("key", Request::KeyGenerated { job, slot, public_key: key, proof }),
        ("personalised", Request::Personalised { job, signature: personalise }),
        ("abandon", Request::Abandon { job, reason: ProblemSeen::Cancelled }),
    ]
}

/// The steps that come next, so that they are no test of disorder.
fn in_order(stage: Stage) -> &'static [&'static str] {
    match stage {
        // Who cancels on the page has usually not claimed the job yet.
        Stage::Open => &["abandon"],
        Stage::Done => &[],
        Stage::Claimed => &["present", "wrong", "abandon"],
        Stage::Present => &["agree", "wrong", "abandon"],
        Stage::Agreed => &["evaluate", "current", "wrong", "abandon"],
        Stage::Settled => &["evaluate", "new", "wrong", "abandon"],
        Stage::Writing | Stage::Unknown => &["written new", "written old", "written unknown"],
    }
}

async fn every_other_step_is_refused_at(stage: Stage) {
    let mut scene = Scene::logged_in().await.unwrap();
    let job = scene.update_smartcard(&verification("Tele1234")).await.unwrap();
    let held = bring(&mut scene, job, stage).await;
    let before =
        (scene.desk.head().await.unwrap(), scene.desk.app().job(job).await.unwrap().unwrap().job);
    for (name, request) in requests(&scene, job, held.as_ref()) {
        if in_order(stage).contains(&name) {
            continue;
        }
        let answer = scene.agent.ask(request).await;
        assert!(matches!(answer, Answer::Refused { .. }), "{stage:?}, {name}: {answer:?}");
        let after = (
            scene.desk.head().await.unwrap(),
            scene.desk.app().job(job).await.unwrap().unwrap().job,
        );
        assert_eq!(after, before, "{stage:?}, {name}");
    }
}

#[tokio::test]
async fn a_job_that_nobody_holds_takes_no_step() {
    every_other_step_is_refused_at(Stage::Open).await;
}

#[tokio::test]
async fn a_claimed_job_waits_for_the_card() {
    every_other_step_is_refused_at(Stage::Claimed).await;
}

#[tokio::test]
async fn a_job_whose_card_is_there_waits_for_its_holder() {
    every_other_step_is_refused_at(Stage::Present).await;
}

#[tokio::test]
async fn a_job_whose_holder_agrees_waits_for_the_tag_of_what_is_on_the_card() {
    every_other_step_is_refused_at(Stage::Agreed).await;
}

#[tokio::test]
async fn a_job_that_knows_what_is_on_the_card_waits_for_the_tag_of_what_is_wanted() {
    every_other_step_is_refused_at(Stage::Settled).await;
}

#[tokio::test]
async fn a_job_that_writes_waits_for_the_outcome() {
    every_other_step_is_refused_at(Stage::Writing).await;
}

#[tokio::test]
async fn a_job_of_which_nobody_knows_waits_for_the_card_to_tell() {
    every_other_step_is_refused_at(Stage::Unknown).await;
}

#[tokio::test]
async fn a_job_that_is_done_takes_no_step() {
    every_other_step_is_refused_at(Stage::Done).await;
}

#[tokio::test]
async fn a_job_that_nobody_started_and_an_enrolment_of_who_is_enrolled_are_refused() {
    let mut scene = Scene::open().await.unwrap();
    scene.card.verify(&scene.passcode).unwrap();
    let job = JobId(uuid::Uuid::from_u128(1));
    for (name, request) in requests(&scene, job, None) {
        let answer = scene.agent.ask(request).await;
        assert!(matches!(answer, Answer::Refused { again: false, .. }), "{name}");
    }
    assert!(scene.agent.look(job).await.is_err());
    assert!(scene.agent.claim(job, scene.card.seen()).await.is_err());
    let enrol = Request::Enrol {
        code: Secret(vec![1; 10]),
        csr: Bytes(Vec::new()),
        workstation: String::new(),
    };
    assert!(matches!(scene.agent.ask(enrol).await, Answer::Refused { .. }));
}

#[tokio::test]
async fn a_log_in_writes_no_passcode_whatever_the_agent_says() {
    let mut scene = Scene::open().await.unwrap();
    let job = scene.browser.start_log_in().await.unwrap();
    let (_, terms) = scene.agent.prove(job, &mut scene.card, &scene.passcode).await.unwrap();
    let tag = scene.agent.tag(job, &terms, NEW).await.unwrap();
    let head = scene.desk.head().await.unwrap();
    for request in
        [Request::NewTag { job, tag }, Request::Written { job, outcome: WriteOutcome::New }]
    {
        assert!(matches!(scene.agent.ask(request).await, Answer::Refused { .. }));
    }
    assert_eq!(scene.desk.head().await.unwrap(), head);
}

#[tokio::test]
async fn a_change_that_was_not_to_write_the_card_does_not() {
    let mut scene = Scene::logged_in().await.unwrap();
    let job = scene.update(&verification("Tele1234")).await.unwrap();
    let (_, terms) = scene.agent.prove(job, &mut scene.card, &scene.passcode).await.unwrap();
    let tag = scene.agent.tag(job, &terms, NEW).await.unwrap();
    let answer = scene.agent.ask(Request::NewTag { job, tag }).await;
    assert!(matches!(answer, Answer::Refused { .. }), "{answer:?}");
}

#[tokio::test]
async fn what_is_no_tag_and_no_blinded_passcode_is_refused_and_a_tag_has_64_bytes() {
    let mut scene = Scene::logged_in().await.unwrap();
    let job = scene.update_smartcard(&[]).await.unwrap();
    scene.agent.prove(job, &mut scene.card, &scene.passcode).await.unwrap();
    let head = scene.desk.head().await.unwrap();
    for length in [0, 1, 63, 65, 20_000] {
        for request in [
            Request::CurrentTag { job, tag: Secret(vec![7; length]) },
            Request::NewTag { job, tag: Secret(vec![7; length]) },
        ] {
            let answer = scene.agent.ask(request).await;
            assert!(matches!(answer, Answer::Refused { .. }), "{length}: {answer:?}");
        }
    }
    for blinded in [vec![], vec![0; 32], vec![0xFF; 32], vec![1; 33]] {
        let answer = scene.agent.ask(Request::Evaluate { job, blinded: Bytes(blinded) }).await;
        assert!(matches!(answer, Answer::Refused { .. }), "{answer:?}");
    }
    assert_eq!(scene.desk.head().await.unwrap(), head);
}
