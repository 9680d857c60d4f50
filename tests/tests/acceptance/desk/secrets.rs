//! No secret, and no digest of one, is left anywhere: a whole journey with secrets nobody else has, and then every file
//! of the data folder, every event and every line that was logged is looked through.

use api::{agents::enrolment, execute::Cause, self_service, unlocks};
use chrono::{Duration, Utc};
use domain::{holder::HolderEvent, self_service::CodePurpose};
use protocol::{Secret, Slot};
use stores::{event_store::Expected, vault::Person};
use tests::desk::{
    Desk,
    agent::{Write, update::Power},
    leaks::{Finding, Place, Planted, files, find, record_logs, recorded_logs},
    scene::{Scene, account_recovery, verification},
    self_service::{ADDRESS, ANSWERS, WRONG, answers},
};
use workflows::mail::{Composer, Notice};

use super::{mailbox, not_me};

/// Passcodes of the journey; each is typed somewhere.
const TYPED: [(&str, &str); 12] = [
    ("first smartcard passcode", "kZ7#wQ9p"),
    ("second smartcard passcode", "Yt4$Rm2x"),
    ("torn smartcard passcode", "Gd6~Vb1n"),
    ("wrong smartcard passcode", "Bn8!Lc5v"),
    ("account recovery passcode", "Recov-uJ6fXk"),
    ("blanked account recovery passcode", "Recov-wC9yTo"),
    ("verification passcode", "Verif-hD3sPz"),
    ("torn verification passcode", "Verif-oR5aMe"),
    ("cancelled verification passcode", "Verif-iQ2bLu"),
    ("mismatched verification passcode", "Verif-eK8vNa"),
    ("its confirmation", "Verif-eK8vNb"),
    ("over-long verification passcode", "Verif-tS4gWj-and-much-longer"),
];

fn typed(name: &str) -> &'static str {
    TYPED.iter().find(|(known, _)| *known == name).unwrap().1
}

/// What a journey leaves in the hands of those who may have it.
struct Journey {
    scene: Scene,
    /// Must not be found in any form.
    secrets: Vec<Planted>,
    /// B-57: where mails are, and nowhere else.
    codes: Vec<Planted>,
    /// Random and long: their digests are what the tables know them by. Nothing else may.
    tokens: Vec<Planted>,
}

/// Registration, log-ins right and wrong, changes of every kind, one torn, one refused, one cancelled; the session
/// ends, a workstation is invited, and housekeeping sweeps.
async fn journey(seed: u64) -> Journey {
    let desk = Desk::open_seeded(seed).await.unwrap();
    let mut scene = Scene::at(desk, typed("first smartcard passcode")).await.unwrap();
    let mut tokens = Vec::new();

    let job = scene.browser.start_log_in().await.unwrap();
    assert!(
        scene.agent.finish(job, &mut scene.card, typed("wrong smartcard passcode")).await.is_err()
    );
    let code = scene.agent.finish(job, &mut scene.card, &scene.passcode).await.unwrap();
    tokens.push(Planted::new("return code", &code.0));
    scene.browser.come_back(job, &code).await.unwrap();
    for (name, cookie) in [
        ("session cookie", api::cookies::SESSION_COOKIE),
        ("browser cookie", api::cookies::BROWSER_COOKIE),
    ] {
        tokens
            .push(Planted::new(name, &hex::decode(scene.browser.cookie(cookie).unwrap()).unwrap()));
    }

    let both = [
        account_recovery(typed("account recovery passcode")),
        verification(typed("verification passcode")),
    ]
    .concat();
    scene.change_smartcard(typed("second smartcard passcode"), &both).await.unwrap();
    assert!(scene.change_smartcard(typed("first smartcard passcode"), &[]).await.is_err());
    scene.browser.post("/passcodes", &both).await.unwrap();
    scene.change(&account_recovery(typed("blanked account recovery passcode"))).await.unwrap();
    scene.change(&[("blank_account_recovery", "true")]).await.unwrap();
    let mismatch = [
        ("new_verification", typed("mismatched verification passcode")),
        ("confirm_verification", typed("its confirmation")),
    ];
    scene.browser.post("/passcodes", &mismatch).await.unwrap();
    let long = verification(typed("over-long verification passcode"));
    scene.browser.post("/passcodes", &long).await.unwrap();
    scene.update_smartcard(&verification(typed("cancelled verification passcode"))).await.unwrap();
    let torn =
        scene.update_smartcard(&verification(typed("torn verification passcode"))).await.unwrap();
    assert!(scene.write(torn, typed("torn smartcard passcode"), Write::TornAfter).await.is_err());
    scene.log_in().await.unwrap();

    let tag = last_tag(&mut scene).await;
    let invitation = enrolment::invite(scene.desk.app()).await.unwrap();
    tokens.push(Planted::new("enrolment code", &invitation.code.0));
    scene.browser.post("/log-out", &[]).await.unwrap();
    scene.desk.wait(Duration::hours(30));
    api::housekeeping::sweep(scene.desk.app()).await.unwrap();
    grow_old(&scene).await;
    let codes = answers_a_mail(&scene).await;

    let blank = scene.card.written.clone().unwrap();
    let mut secrets: Vec<_> =
        TYPED.iter().map(|(name, text)| Planted::new(name, text.as_bytes())).collect();
    secrets.push(Planted::new("PUK", &blank.puk.0));
    secrets.push(Planted::new("management key", &blank.management_key.0));
    secrets.push(Planted::new("tag", &tag.0));
    Journey { scene, secrets, codes, tokens }
}

/// B-57: something is done, and its mail answered: a wrong code, a look at what will happen, and then it does.
async fn answers_a_mail(scene: &Scene) -> Vec<Planted> {
    scene.desk.grant(scene.holder, domain::staff::Role::Sponsor, "RXA").await.unwrap();
    let mail = mailbox::mails(&scene.desk).await.unwrap().pop().unwrap();
    let (reference, code) = (not_me::said(&mail, "Reference"), not_me::said(&mail, "Code"));
    let mut browser = scene.desk.browser();
    for (path, code) in [("/not-me", "0000-0000"), ("/not-me", &code), ("/not-me/confirm", &code)] {
        browser.post(path, &[("reference", &reference), ("code", code)]).await.unwrap();
    }
    let told = mailbox::mails(&scene.desk).await.unwrap().pop().unwrap();
    assert_eq!(told.subject, "You said that this was not you");
    let plain = code.replace('-', "");
    [code, plain].map(|code| Planted::new("code of a mail", code.as_bytes())).to_vec()
}

/// A year later: alert, forced change and lock are recorded, and their mails delivered over SMTP to the demonstration's
/// mailbox, whose files lie in the data folder.
async fn grow_old(scene: &Scene) {
    let mut n_delivered = 0;
    for days in [351, 14, 21] {
        scene.desk.wait(Duration::days(days));
        n_delivered += scene.desk.app().engine().tick(scene.desk.now()).await.unwrap().n_delivered;
    }
    assert_eq!(n_delivered, 3);
}

/// Every mail that the log asks for, as it is sent.
async fn mails(scene: &Scene) -> Place {
    let composer = Composer::new(scene.desk.app().origin()).unwrap();
    let person = || Person { name: "Asha Patel".to_owned(), email: "asha@example.org".to_owned() };
    let mut bytes = Vec::new();
    let mut n_mails = 0;
    for event in scene.desk.log().await.unwrap() {
        let Ok(what) = HolderEvent::decode(&event.kind, event.schema, &event.data) else {
            continue;
        };
        let Some(notice) = Notice::of(&what) else { continue };
        let mail = composer.compose(event.id.0, event.at, &notice, person(), &Utc).unwrap();
        bytes.extend(mail.as_text().into_bytes());
        n_mails += 1;
    }
    assert!(3 <= n_mails, "{n_mails} mails were looked through");
    Place { name: "the mails".to_owned(), bytes }
}

/// Every event as others read it.
async fn export(scene: &Scene) -> Place {
    let policies = scene.desk.app().policies();
    let log = scene.desk.log().await.unwrap();
    let lines = log.iter().map(|event| api::export::line(event, policies).unwrap());
    Place { name: "the export".to_owned(), bytes: lines.flatten().collect() }
}

/// The tag of the passcode on the card, as the agent gets it.
async fn last_tag(scene: &mut Scene) -> Secret {
    let job = scene.browser.start_log_in().await.unwrap();
    let (_, terms) = scene.agent.prove(job, &mut scene.card, &scene.passcode).await.unwrap();
    scene.agent.tag(job, &terms, &scene.passcode).await.unwrap()
}

/// Every event, data and meta.
async fn events(scene: &Scene) -> Place {
    let log = scene.desk.log().await.unwrap();
    let bytes =
        log.iter().flat_map(|event| [event.data.as_slice(), &event.meta].concat()).collect();
    Place { name: "the events".to_owned(), bytes }
}

#[tokio::test]
async fn no_secret_of_a_journey_is_in_any_file_event_or_log_line_and_one_that_is_planted_is_found()
{
    assert!(record_logs(), "somebody else listens to this process's log");
    let Journey { scene, secrets, codes, tokens } = journey(77).await;
    let mut logged = recorded_logs();
    assert!(1_000 < logged.bytes.len(), "nothing was logged, so nothing is shown by it");
    let mut places = files(scene.desk.data()).unwrap();
    for file in ["log.db", "log.db-wal", "projections.db", "workflows.db"] {
        assert!(
            places.iter().any(|place| place.name.ends_with(file)),
            "{file} was not looked through"
        );
    }
    assert_eq!(places.iter().filter(|place| place.name.contains("/mails/")).count(), 5);
    places.extend([events(&scene).await, mails(&scene).await, export(&scene).await]);
    let in_places = find(&codes, &places);
    assert!(in_places.iter().all(|found| found.place.contains("/mails/")), "{in_places:?}");
    assert!(!in_places.is_empty());
    assert_eq!(find(&codes, std::slice::from_ref(&logged)), []);

    assert_eq!(find(&secrets, &places), []);
    assert_eq!(find(&secrets, std::slice::from_ref(&logged)), []);
    assert_eq!(find(&tokens, std::slice::from_ref(&logged)), []);
    let of_tokens: Vec<Finding> = find(&tokens, &places)
        .into_iter()
        .filter(|finding| {
            let of_a_table = ["SHA-256", "SHA-256, hexadecimal"].contains(&finding.form);
            !(of_a_table && finding.place.contains("/log.db"))
        })
        .collect();
    assert_eq!(of_tokens, []);

    // The same search finds what is there: in the log's file, among the events, and in the output.
    plant_in_log(&scene, &secrets).await;
    let mut places = files(scene.desk.data()).unwrap();
    places.push(events(&scene).await);
    for secret in &secrets {
        let found = find(std::slice::from_ref(secret), &places);
        for (form, place) in
            [("base64", "/log.db"), ("SHA-256, hexadecimal", "/log.db"), ("base64", "the events")]
        {
            assert!(
                found.iter().any(|finding| finding.form == form && finding.place.contains(place)),
                "{}: {form} in {place} was not found",
                secret.name
            );
        }
    }
    record_logs();
    for secret in &secrets {
        tracing::trace!(planted = hex::encode(&secret.bytes), "a careless line");
    }
    logged = recorded_logs();
    let found = find(&secrets, &[logged]);
    for secret in &secrets {
        assert!(
            found.iter().any(|finding| finding.name == secret.name),
            "{} was not found",
            secret.name
        );
    }
}

#[tokio::test]
async fn no_secret_of_a_card_update_is_in_any_file_event_mail_or_export() {
    let desk = Desk::open_seeded(78).await.unwrap();
    let mut scene = Scene::at(desk, typed("first smartcard passcode")).await.unwrap();
    scene.grow_old(25, typed("second smartcard passcode")).await.unwrap();
    scene.log_in().await.unwrap();
    let job = scene.start_renewal().await.unwrap();
    let passcode = scene.passcode.clone();
    let mut power = Power::until_after(5);
    scene.agent.update_with(job, &mut scene.card, &passcode, &mut power).await.unwrap_err();
    scene.log_in().await.unwrap();
    scene.renew().await.unwrap();
    scene.log_in().await.unwrap();
    let revoke = [("reason", "damaged"), ("confirm", "REVOKE")];
    scene.browser.post("/certificates/revoke", &revoke).await.unwrap();
    let blank = scene.card.written.clone().unwrap();
    let mut secrets: Vec<_> =
        TYPED[..2].iter().map(|(name, text)| Planted::new(name, text.as_bytes())).collect();
    secrets.push(Planted::new("PUK", &blank.puk.0));
    secrets.push(Planted::new("management key", &blank.management_key.0));
    for slot in [Slot::Authentication, Slot::Signature, Slot::CardAuthentication] {
        secrets.push(Planted::new("private key", &scene.card.private_key(slot).unwrap()));
    }
    let mut places = files(scene.desk.data()).unwrap();
    places.extend([events(&scene).await, mails(&scene).await, export(&scene).await]);
    assert_eq!(find(&secrets, &places), []);
}

/// What a holder has typed, and what was made for him, on the way through registration and unlock.
async fn registered_and_unlocked(scene: &mut Scene) -> (Vec<Planted>, Vec<Planted>) {
    let (mut secrets, mut codes) = (Vec::new(), Vec::new());
    scene.log_in().await.unwrap();
    let recovery = typed("account recovery passcode");
    scene.change(&account_recovery(recovery)).await.unwrap();
    let flow = scene.begin_registration(Some(&answers()), ADDRESS).await.unwrap();
    let app = scene.desk.app().clone();
    let code = scene.desk.code(CodePurpose::Registration, scene.holder, flow.registration).await;
    codes.push(Planted::new("registration code", code.as_ref().unwrap().as_bytes()));
    // Mails go out before the code is used, or it is of no use any more.
    mailbox::mails(&scene.desk).await.unwrap();
    self_service::enter_code(&app, &flow, "0000-0000").await.unwrap_err();
    self_service::enter_code(&app, &flow, &code.unwrap()).await.unwrap();
    scene.desk.wait(Duration::minutes(2));
    scene.lock_card();
    secrets.push(Planted::new("first PUK", scene.card.puk().as_bytes()));
    let flow = scene.start_unlock().await.unwrap();
    unlocks::try_recovery_passcode(&app, &flow, "Recov-wrong1").await.unwrap_err();
    let flow = scene.start_unlock().await.unwrap();
    scene.answer(&flow, false).await.unwrap_err();
    scene.answer(&flow, true).await.unwrap();
    let code = scene.desk.code(CodePurpose::Unlock, scene.holder, flow.unlock).await.unwrap();
    codes.push(Planted::new("unlock code", code.as_bytes()));
    mailbox::mails(&scene.desk).await.unwrap();
    unlocks::enter_code(&app, &flow, &code).await.unwrap();
    let job = scene.begin_passcode(&flow).await.unwrap();
    let new = typed("second smartcard passcode");
    scene.agent.unlock(job, &mut scene.card, new).await.unwrap();
    new.clone_into(&mut scene.passcode);
    mailbox::mails(&scene.desk).await.unwrap();
    secrets.push(Planted::new("second PUK", scene.card.puk().as_bytes()));
    secrets.push(Planted::new("account recovery passcode", recovery.as_bytes()));
    secrets.push(Planted::new("wrong account recovery passcode", b"Recov-wrong1"));
    secrets.push(Planted::new("wrong answer", WRONG.as_bytes()));
    secrets.push(Planted::new("address", ADDRESS.as_bytes()));
    for (_, answer) in ANSWERS {
        let normal = domain::self_service::normalise(answer).unwrap();
        secrets.push(Planted::new("answer", answer.as_bytes()));
        secrets.push(Planted::new("answer as it is compared", normal.as_bytes()));
    }
    secrets.extend(TYPED[..2].iter().map(|(name, text)| Planted::new(name, text.as_bytes())));
    let plain: Vec<_> = codes
        .iter()
        .map(|code| {
            let text: Vec<u8> = code.bytes.iter().copied().filter(|byte| *byte != b'-').collect();
            Planted::new(code.name, &text)
        })
        .collect();
    secrets.extend(plain);
    (secrets, codes)
}

#[tokio::test]
async fn no_secret_of_registration_and_unlock_is_anywhere_but_each_code_in_its_one_mail() {
    let desk = Desk::open_seeded(79).await.unwrap();
    let mut scene = Scene::at(desk, typed("first smartcard passcode")).await.unwrap();
    let (secrets, codes) = registered_and_unlocked(&mut scene).await;
    let mut places = files(scene.desk.data()).unwrap();
    places.extend([events(&scene).await, export(&scene).await]);
    let (mails, places): (Vec<_>, Vec<_>) =
        places.into_iter().partition(|place| place.name.contains("/mails/"));
    assert_eq!(find(&secrets, &places), []);
    assert_eq!(find(&codes, &places), []);
    for code in &codes {
        let found = find(std::slice::from_ref(code), &mails);
        assert_eq!(found.len(), 1, "{found:?}");
    }
    // Addresses are where mails go; nothing else of it is there.
    let in_mails: Vec<_> =
        find(&secrets, &mails).into_iter().filter(|found| found.name != "address").collect();
    assert_eq!(in_mails, []);

    plant_in_log(&scene, &secrets).await;
    let planted = [events(&scene).await];
    for secret in &secrets {
        assert!(!find(std::slice::from_ref(secret), &planted).is_empty(), "{}", secret.name);
    }
}

/// Writes every secret, and every digest of one, into an event.
async fn plant_in_log(scene: &Scene, secrets: &[Planted]) {
    use base64::{Engine as _, prelude::BASE64_STANDARD};
    use sha2::{Digest as _, Sha256};
    let planted: Vec<_> = secrets
        .iter()
        .map(|secret| {
            (BASE64_STANDARD.encode(&secret.bytes), hex::encode(Sha256::digest(&secret.bytes)))
        })
        .collect();
    let command = scene.desk.app().entropy().command_id(scene.desk.now());
    let stream = "leak-1".parse().unwrap();
    scene
        .desk
        .app()
        .note(&stream, Expected::Any, Cause::first(command), "Leak", &planted)
        .await
        .unwrap();
}
