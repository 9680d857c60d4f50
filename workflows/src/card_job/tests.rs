//! The order of a job, step by step and by property.

use std::collections::BTreeSet;

use chrono::DateTime;
use domain::{
    card::PublicKey,
    certificate::IdentityEvidence,
    desk::IdentityCheck,
    ids::CommandId,
    passcode::{Advice, Kind, Optional},
};
use proptest::prelude::*;
use uuid::Uuid;

use super::{picture::*, *};
use crate::drawing::{Arrow, walked::assert_drawn};

fn claim(agent: u128) -> Claim {
    Claim {
        agent: Uuid::from_u128(agent),
        card: "00C0FFEE".parse().unwrap(),
        holder: Some(HolderId(Uuid::from_u128(1))),
        reader: "Reader".to_owned(),
        profile: "guide".to_owned(),
        nonce: "00".repeat(32),
        line: Uuid::from_u128(agent),
    }
}

fn secret() -> SecretRef {
    SecretRef(Uuid::from_u128(5))
}

fn change(smartcard: bool) -> CardJob {
    CardJob::new(Goal::ChangePasscodes(PlannedChange {
        holder: HolderId(Uuid::from_u128(1)),
        card: "00C0FFEE".parse().unwrap(),
        command: CommandId(Uuid::from_u128(2)),
        smartcard,
        account_recovery: Optional::Keep,
        verification: Optional::Keep,
        advice: Vec::new(),
        session: String::new(),
        logged_on_at: DateTime::UNIX_EPOCH,
        asked_at: DateTime::UNIX_EPOCH,
        seen: Seen::default(),
    }))
}

fn update() -> CardJob {
    CardJob::new(Goal::UpdateCard(PlannedUpdate {
        holder: HolderId(Uuid::from_u128(1)),
        card: "00C0FFEE".parse().unwrap(),
        update: CommandId(Uuid::from_u128(2)),
        session: String::new(),
        logged_on_at: DateTime::UNIX_EPOCH,
        asked_at: DateTime::UNIX_EPOCH,
    }))
}

fn personalise() -> CardJob {
    CardJob::new(Goal::Personalise {
        holder: HolderId(Uuid::from_u128(1)),
        command: CommandId(Uuid::from_u128(2)),
        check: IdentityCheck::by(IdentityEvidence::Passport, "RA desk"),
        made: Made::default(),
        desk: None,
    })
}

fn register() -> CardJob {
    CardJob::new(Goal::Register(PlannedRegistration {
        holder: HolderId(Uuid::from_u128(1)),
        card: "00C0FFEE".parse().unwrap(),
        registration: CommandId(Uuid::from_u128(2)),
        answers: Vec::new(),
        email: secret(),
        masked: "n\u{2022}\u{2022}\u{2022}@example.org".to_owned(),
        session: String::new(),
        logged_on_at: DateTime::UNIX_EPOCH,
        asked_at: DateTime::UNIX_EPOCH,
    }))
}

fn begin_unlock() -> CardJob {
    CardJob::new(Goal::BeginUnlock { unlock: CommandId(Uuid::from_u128(2)) })
}

fn unlock() -> CardJob {
    CardJob::new(Goal::Unlock(PlannedUnlock {
        holder: HolderId(Uuid::from_u128(1)),
        card: "00C0FFEE".parse().unwrap(),
        unlock: CommandId(Uuid::from_u128(2)),
    }))
}

fn every_goal() -> [CardJob; 8] {
    let log_in = CardJob::new(Goal::LogIn);
    [
        log_in,
        change(false),
        change(true),
        update(),
        personalise(),
        register(),
        begin_unlock(),
        unlock(),
    ]
}

fn after(job: CardJob, inputs: impl IntoIterator<Item = Input>) -> CardJob {
    inputs.into_iter().fold(job, |job, input| job.step(input).unwrap())
}

#[test]
fn p25_nothing_is_evaluated_or_written_before_the_card_and_its_holder_have_signed() {
    for job in [CardJob::new(Goal::LogIn), change(true)] {
        for inputs in
            [vec![], vec![Input::Claimed(claim(1))], vec![Input::Claimed(claim(1)), Input::Present]]
        {
            let job = after(job.clone(), inputs);
            assert_eq!(job.clone().step(Input::Evaluation), Err(OutOfOrder::NotNow));
            assert_eq!(job.clone().step(Input::CurrentSettled), Err(OutOfOrder::NotNow));
            assert_eq!(job.step(Input::NewPending(secret())), Err(OutOfOrder::NotNow));
        }
    }
}

#[test]
fn p22_the_fifth_evaluation_of_a_job_is_granted_and_the_sixth_is_not() {
    let agreed = after(change(true), [Input::Claimed(claim(1)), Input::Present, Input::Agreed]);
    let fifth = after(agreed, std::iter::repeat_n(Input::Evaluation, 5));
    assert_eq!(fifth.evaluations, 5);
    assert_eq!(fifth.step(Input::Evaluation), Err(OutOfOrder::Spent));
}

#[test]
fn evaluations_stay_spent_when_the_job_is_begun_again() {
    let job = after(
        change(true),
        [
            Input::Claimed(claim(1)),
            Input::Present,
            Input::Agreed,
            Input::Evaluation,
            Input::Hitch(Hitch::CardRemoved),
            Input::Claimed(claim(2)),
        ],
    );
    assert_eq!(job.evaluations, 1);
}

#[test]
fn a_job_taken_by_one_workstation_is_not_given_to_another() {
    let job = after(CardJob::new(Goal::LogIn), [Input::Claimed(claim(1)), Input::Present]);
    assert_eq!(job.clone().step(Input::Claimed(claim(2))), Err(OutOfOrder::Taken));
    assert!(matches!(job.step(Input::Claimed(claim(1))).unwrap().stage, Stage::Claimed(_)));
}

#[test]
fn b28_a_torn_write_is_unknown_until_the_card_settles_it_either_way() {
    let unknown = after(
        change(true),
        [
            Input::Claimed(claim(1)),
            Input::Present,
            Input::Agreed,
            Input::Evaluation,
            Input::CurrentSettled,
            Input::Evaluation,
            Input::NewPending(secret()),
            Input::Lost,
        ],
    );
    assert!(unknown.is_unsettled());
    assert!(unknown.clone().step(Input::Claimed(claim(1))).is_err());
    assert!(matches!(unknown.clone().step(Input::Written).unwrap().stage, Stage::Done(_)));
    assert!(matches!(unknown.step(Input::NotWritten).unwrap().stage, Stage::NotWritten(_)));
}

#[test]
fn b55_an_update_that_runs_is_claimed_by_its_own_line_alone_and_comes_to_nothing_without_it() {
    let signed = [Input::Claimed(claim(1)), Input::Present, Input::Agreed];
    let agreed = after(update(), signed.clone());
    assert_eq!(agreed.clone().step(Input::Evaluation), Err(OutOfOrder::NotNow));
    assert_eq!(agreed.clone().step(Input::Updated), Err(OutOfOrder::NotNow));
    let updating = after(agreed, [Input::UpdateBegun]);
    let other_line = Claim { line: Uuid::from_u128(2), ..claim(1) };
    for other in [claim(2), other_line] {
        let claimed = updating.clone().step(Input::Claimed(other.clone()));
        assert_eq!(claimed, Err(OutOfOrder::Taken));
        let lost = Input::Hitch(Hitch::LineLost);
        let elsewhere = after(updating.clone(), [lost, Input::Claimed(other.clone())]);
        assert_eq!(elsewhere.claim(), Some(&other));
    }
    assert!(matches!(
        updating.clone().step(Input::Claimed(claim(1))).unwrap().stage,
        Stage::Claimed(_)
    ));
    let cancelled = updating.clone().step(Input::Hitch(Hitch::Cancelled));
    assert_eq!(cancelled, Err(OutOfOrder::NotNow));
    let pulled = updating.clone().step(Input::Hitch(Hitch::CardRemoved)).unwrap();
    assert_eq!((pulled.stage, pulled.last_refusal), (Stage::Open, Some(Hitch::CardRemoved)));
    assert!(updating.step(Input::Updated).unwrap().is_over());
    let other = after(CardJob::new(Goal::LogIn), signed);
    assert_eq!(other.step(Input::UpdateBegun), Err(OutOfOrder::NotNow));
}

#[test]
fn b55_what_was_refused_in_an_update_is_not_forgotten_over_the_fault_that_follows_from_it() {
    let begun = [Input::Claimed(claim(1)), Input::Present, Input::Agreed, Input::UpdateBegun];
    let (rule, message) = ("B-55".to_owned(), "It was tried too often.".to_owned());
    let refused = Hitch::Refused { rule: rule.clone(), message: message.clone() };
    let updating = after(update(), [&begun[..], &[Input::Refused { rule, message }]].concat());
    assert!(matches!(updating.stage, Stage::Updating(_)) && updating.begun);
    let given_up = after(updating.clone(), [Input::Hitch(Hitch::CardFault)]);
    assert_eq!((&given_up.stage, &given_up.last_refusal), (&Stage::Open, &Some(refused)));
    let pulled = after(updating, [Input::Hitch(Hitch::CardRemoved)]);
    assert_eq!(pulled.last_refusal, Some(Hitch::CardRemoved));
    let again = after(given_up, begun);
    assert_eq!(again.last_refusal, None);
}

#[test]
fn a_blank_card_agrees_without_9e_and_may_be_begun_again_after_a_tear() {
    let writing = after(
        personalise(),
        [Input::Claimed(claim(1)), Input::Agreed, Input::Evaluation, Input::NewPending(secret())],
    );
    let again = writing.clone().step(Input::Claimed(claim(1))).unwrap();
    assert!(matches!(again.stage, Stage::Claimed(_)));
    assert!(matches!(writing.step(Input::Personalised).unwrap().stage, Stage::Done(_)));
}

#[test]
fn u04_an_unlock_is_begun_by_9e_alone_and_nobody_is_known_before() {
    let stranger = Claim { holder: None, ..claim(1) };
    let claimed = after(begin_unlock(), [Input::Claimed(stranger)]);
    assert_eq!(claimed.claim().unwrap().holder(), Err(OutOfOrder::NotNow));
    for (_, input) in every_input() {
        if let Ok(next) = claimed.clone().step(input.clone()) {
            assert_eq!(matches!(next.stage, Stage::Done(_)), matches!(input, Input::Shown { .. }));
            assert!(!next.writes_passcode() && !next.is_unsettled());
        }
    }
    let holder = HolderId(Uuid::from_u128(1));
    let shown = after(claimed, [Input::Shown { holder }]);
    assert_eq!(shown.claim().unwrap().holder(), Ok(holder));
    assert!(shown.is_over());
    for other in every_goal().into_iter().filter(|other| other.goal != begin_unlock().goal) {
        let claimed = after(other, [Input::Claimed(claim(1))]);
        assert_eq!(claimed.step(Input::Shown { holder }), Err(OutOfOrder::NotNow));
    }
}

#[test]
fn u11_only_an_unlock_is_opened_by_a_code_and_only_after_9e() {
    let claimed = after(unlock(), [Input::Claimed(claim(1))]);
    assert_eq!(claimed.clone().step(Input::Opened), Err(OutOfOrder::NotNow));
    let present = after(claimed, [Input::Present]);
    assert_eq!(present.clone().step(Input::Agreed), Err(OutOfOrder::NotNow));
    assert!(matches!(present.step(Input::Opened).unwrap().stage, Stage::Agreed(_)));
    for other in [CardJob::new(Goal::LogIn), change(true), update(), register()] {
        let present = after(other, [Input::Claimed(claim(1)), Input::Present]);
        assert_eq!(present.step(Input::Opened), Err(OutOfOrder::NotNow));
    }
}

#[test]
fn u12_a_new_passcode_that_was_used_before_leaves_the_unlock_at_its_step() {
    let opened = after(unlock(), [Input::Claimed(claim(1)), Input::Present, Input::Opened]);
    assert_eq!(opened.clone().step(Input::NewPending(secret())), Err(OutOfOrder::NotNow));
    let used = after(opened, [Input::Evaluation, Input::Hitch(Hitch::UsedBefore)]);
    assert!(matches!(used.stage, Stage::Agreed(_)));
    assert_eq!(used.clone().step(Input::CurrentSettled), Err(OutOfOrder::NotNow));
    assert_eq!(used.clone().step(Input::NewPending(secret())), Err(OutOfOrder::NotNow));
    let writing = after(used, [Input::Evaluation, Input::NewPending(secret())]);
    assert!(writing.is_unsettled() && writing.writes_passcode());
    assert!(matches!(writing.clone().step(Input::Written).unwrap().stage, Stage::Done(_)));
    let unknown = after(writing, [Input::Lost]);
    // The old passcode cannot be had back: only the card, or another unlock, settles it.
    assert_eq!(unknown.clone().step(Input::Claimed(claim(1))), Err(OutOfOrder::NotNow));
    assert!(matches!(unknown.clone().step(Input::Written).unwrap().stage, Stage::Done(_)));
    assert!(matches!(unknown.step(Input::NotWritten).unwrap().stage, Stage::NotWritten(_)));
}

#[test]
fn r04_a_registration_is_done_when_the_card_has_accepted_the_passcode() {
    let agreed = after(register(), [Input::Claimed(claim(1)), Input::Present, Input::Agreed]);
    assert_eq!(agreed.clone().step(Input::CurrentSettled), Err(OutOfOrder::NotNow));
    let done = after(agreed, [Input::Evaluation, Input::CurrentSettled]);
    assert!(done.is_over());
}

#[test]
fn s04_a_wrong_passcode_leaves_the_job_open_and_says_why() {
    let hitch = Hitch::WrongPasscode { tries_left: Some(2) };
    let job = after(
        CardJob::new(Goal::LogIn),
        [Input::Claimed(claim(1)), Input::Present, Input::Hitch(hitch.clone())],
    );
    assert_eq!((job.stage, job.last_refusal), (Stage::Open, Some(hitch)));
}

#[test]
fn p22_a_tag_is_compared_once_for_each_evaluation_and_the_current_one_once_a_claim() {
    let agreed = after(change(true), [Input::Claimed(claim(1)), Input::Present, Input::Agreed]);
    assert_eq!(agreed.clone().step(Input::CurrentSettled), Err(OutOfOrder::NotNow));
    let settled = after(agreed, [Input::Evaluation, Input::CurrentSettled]);
    assert_eq!(settled.clone().step(Input::CurrentSettled), Err(OutOfOrder::NotNow));
    assert_eq!(settled.clone().step(Input::NewPending(secret())), Err(OutOfOrder::NotNow));
    let compared = after(settled, [Input::Evaluation, Input::Hitch(Hitch::UsedBefore)]);
    assert_eq!(compared.step(Input::NewPending(secret())), Err(OutOfOrder::NotNow));
}

#[test]
fn p27_a_job_that_was_cancelled_is_over_whether_anybody_had_taken_it_or_not() {
    for inputs in [vec![], vec![Input::Claimed(claim(1)), Input::Present, Input::Agreed]] {
        let cancelled = after(change(true), inputs).step(Input::Hitch(Hitch::Cancelled)).unwrap();
        assert!(cancelled.is_over());
        assert_eq!(cancelled.step(Input::Claimed(claim(1))), Err(OutOfOrder::NotNow));
    }
}

/// A stage as it is drawn.
fn drawn(stage: &Stage) -> &'static str {
    match stage {
        Stage::Open => "open",
        Stage::Claimed(_) => "claimed",
        Stage::Present(_) => "present",
        Stage::Agreed(_) => "agreed",
        Stage::Settled(_) => "settled",
        Stage::Writing(..) => "writing",
        Stage::Unknown(..) => "unknown",
        Stage::Updating(_) => "updating",
        Stage::Done(_) => "done",
        Stage::NotWritten(_) => "unwritten",
        Stage::Cancelled => "cancelled",
    }
}

fn every_input() -> Vec<(&'static str, Input)> {
    let key = PublicKey::from_der(vec![0x9e]);
    vec![
        (CLAIM, Input::Claimed(claim(1))),
        (KEY, Input::KeyMade(MadeKey::CardAuthentication(key))),
        (PRESENT, Input::Present),
        (SHOWN, Input::Shown { holder: HolderId(Uuid::from_u128(1)) }),
        (AGREED, Input::Agreed),
        (OPENED, Input::Opened),
        (EVALUATION, Input::Evaluation),
        (CURRENT, Input::CurrentSettled),
        (ADVICE, Input::Advice(Advice::Strength { kind: Kind::Smartcard })),
        (PENDING, Input::NewPending(secret())),
        (USED, Input::Hitch(Hitch::UsedBefore)),
        (WRITTEN, Input::Written),
        (READ_BACK, Input::Personalised),
        (NOT_WRITTEN, Input::NotWritten),
        (LOST, Input::Lost),
        (BEGUN, Input::UpdateBegun),
        (REFUSED, Input::Refused { rule: String::new(), message: "No.".to_owned() }),
        (ASKED, Input::CardAsked),
        (MANAGED, Input::CardShown),
        (UPDATED, Input::Updated),
        (HITCH, Input::Hitch(Hitch::CardRemoved)),
        (CANCEL, Input::Hitch(Hitch::Cancelled)),
    ]
}

#[test]
fn the_drawing_has_every_way_there_is_and_no_other() {
    let mut found = BTreeSet::new();
    let mut seen = BTreeSet::new();
    let mut to_walk = every_goal().to_vec();
    while let Some(job) = to_walk.pop() {
        for (label, input) in every_input() {
            let Ok(next) = job.clone().step(input) else { continue };
            // Said at any other time, it is a try that came to nothing.
            let compared = job.compared < next.compared;
            let label = if label == USED && !compared { HITCH } else { label };
            // So is a change of mind, once the card is being written.
            let over = next.stage == Stage::Cancelled;
            let label = if label == CANCEL && !over { HITCH } else { label };
            found.insert(Arrow { from: drawn(&job.stage), label, to: drawn(&next.stage) });
            if seen.insert(format!("{next:?}")) {
                to_walk.push(next);
            }
        }
    }
    assert_drawn(&DRAWING, &found);
}

fn any_input() -> impl Strategy<Value = Input> {
    prop_oneof![
        Just(Input::Claimed(claim(1))),
        Just(Input::Claimed(claim(2))),
        Just(Input::Present),
        Just(Input::Agreed),
        Just(Input::Evaluation),
        Just(Input::CurrentSettled),
        Just(Input::NewPending(secret())),
        Just(Input::Written),
        Just(Input::NotWritten),
        Just(Input::Lost),
        Just(Input::Personalised),
        Just(Input::Hitch(Hitch::CardRemoved)),
    ]
}

proptest! {
    #[test]
    fn no_order_of_inputs_reaches_done_without_both_signatures(
        inputs in prop::collection::vec(any_input(), 0..40),
        smartcard: bool,
    ) {
        let mut job = change(smartcard);
        let (mut present, mut agreed) = (false, false);
        for input in inputs {
            let Ok(next) = job.clone().step(input.clone()) else { continue };
            if matches!(input, Input::Claimed(_)) {
                (present, agreed) = (false, false);
            }
            present |= input == Input::Present;
            agreed |= input == Input::Agreed;
            if matches!(next.stage, Stage::Done(_) | Stage::Writing(..)) {
                prop_assert!(present && agreed);
            }
            prop_assert!(next.evaluations <= EVALUATIONS_MAX);
            job = next;
        }
    }
}

/// A torn write from before an upgrade is found at the next log-in, by the new build.
#[test]
fn a_change_of_a_build_that_did_not_keep_the_log_on_can_be_read_again() {
    let old = r#"{"goal":{"change_passcodes":{"holder":"00000000-0000-0000-0000-000000000001",
        "card":"00C0FFEE","command":"00000000-0000-0000-0000-000000000002","smartcard":true,
        "account_recovery":"keep","verification":"keep","advice":[],"session":"",
        "seen":{"account_recovery":[null,false],"verification":[null,false]}}},
        "stage":"open","evaluations":0,"compared":0,"last_refusal":null}"#;
    assert_eq!(serde_json::from_str::<CardJob>(old).unwrap(), change(true));
}
