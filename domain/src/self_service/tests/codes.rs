//! B-11, B-36 to B-38.

use super::*;

const NOON: &str = "2026-06-01T12:00:00Z";

/// Registration 1 waits for code 11, which was sent at noon.
fn awaiting() -> Given<Holder> {
    let (registration, card, on) = (flow(1), card().card, day("2026-06-01"));
    let (answers, email) = (answers(100).to_vec(), secret(EMAIL));
    let begun = HolderEvent::RegistrationBegun { registration, card, on, answers, email };
    holder().and(instant(NOON), [begun, sent(flow(1), 11, 1, "2026-06-01T12:15:00Z")])
}

fn refused(code: u128, wrong: u8) -> HolderEvent {
    let (purpose, code) = (CodePurpose::Registration, Uuid::from_u128(code));
    HolderEvent::CodeRefused { purpose, flow: flow(1), code, wrong }
}

#[test]
fn r09_b11_a_code_is_good_at_14_59_999_and_not_at_15_00_000() {
    awaiting().at("2026-06-01T12:14:59.999Z").when(enter(flow(1), newest(11))).then(completed(
        flow(1),
        11,
        "2026-06-01",
    ));
    awaiting()
        .at("2026-06-01T12:15:00Z")
        .when(enter(flow(1), newest(11)))
        .then_refused(Refusal::CodeExpired);
}

#[test]
fn b36_the_newest_code_supersedes_the_one_before_at_once() {
    let second = awaiting().at("2026-06-01T12:03:00Z").when(send(flow(1), 12)).then([sent(
        flow(1),
        12,
        2,
        "2026-06-01T12:18:00Z",
    )]);
    let second =
        second.when(enter(flow(1), Found::Superseded)).then_refused(Refusal::CodeSuperseded);
    // Two requests at once: what was the newest when it was compared is not any more.
    let second = second.when(enter(flow(1), newest(11))).then_refused(Refusal::CodeSuperseded);
    second.see(|_, holder| {
        let codes = holder.self_service().codes(CodePurpose::Registration, flow(1));
        assert_eq!(
            codes.iter().map(|code| (code.number, code.wrong)).collect::<Vec<_>>(),
            [(1, 0), (2, 0)]
        );
    });
    second.when(enter(flow(1), newest(12))).then(completed(flow(1), 12, "2026-06-01"));
}

#[test]
fn b36_the_next_code_is_sent_after_60_seconds_and_not_after_59() {
    let at = instant("2026-06-01T12:01:00Z");
    awaiting()
        .at("2026-06-01T12:00:59.999Z")
        .when(send(flow(1), 12))
        .then_refused(Refusal::CodeTooSoon { at })
        .see(|ctx, holder| assert_eq!(holder.self_service().next_code_at(ctx), Some(at)));
    awaiting().at("2026-06-01T12:01:00Z").when(send(flow(1), 12)).then([sent(
        flow(1),
        12,
        2,
        "2026-06-01T12:16:00Z",
    )]);
}

#[test]
fn b36_five_codes_an_hour_are_sent_and_a_sixth_when_the_first_is_an_hour_old() {
    let mut given = awaiting();
    for number in 2..=5 {
        let at = format!("2026-06-01T12:{:02}:00Z", 2 * (number - 1));
        let expires_at = "2026-06-01T12:30:00Z";
        given =
            given.and(instant(&at), [sent(flow(1), 10 + u128::from(number), number, expires_at)]);
    }
    // Another flow, because this one is over after an hour.
    let begin = || begin(flow(2), 21);
    let hour_over = instant("2026-06-01T13:00:00Z");
    let five = given.at("2026-06-01T12:59:59.999Z");
    let five = five.when(begin()).then_refused(Refusal::TooManyCodes { at: hour_over });
    let later = five.see(|ctx, holder| holder.decide(&ctx.at(hour_over), begin()).unwrap());
    assert!(matches!(later.last(), Some(HolderEvent::CodeSent { number: 1, .. })));
}

#[test]
fn b37_the_fifth_wrong_entry_voids_the_code_and_the_right_one_comes_too_late() {
    let mut wrong = awaiting().at("2026-06-01T12:01:00Z");
    for n in 1..=4 {
        wrong = wrong.when(enter(flow(1), Found::Nothing)).then([refused(11, n)]);
    }
    let voided = HolderEvent::CodeVoided {
        purpose: CodePurpose::Registration,
        flow: flow(1),
        code: Uuid::from_u128(11),
    };
    let void = wrong.when(enter(flow(1), Found::Nothing)).then([refused(11, 5), voided]);
    let void = void.when(enter(flow(1), newest(11))).then_refused(Refusal::CodeVoid);
    void.when(send(flow(1), 12))
        .then([sent(flow(1), 12, 2, "2026-06-01T12:16:00Z")])
        .when(enter(flow(1), newest(12)))
        .then(completed(flow(1), 12, "2026-06-01"));
}

#[test]
fn b37_four_wrong_entries_and_then_the_right_one_are_accepted() {
    let mut wrong = awaiting().at("2026-06-01T12:01:00Z");
    for n in 1..=4 {
        wrong = wrong.when(enter(flow(1), Found::Nothing)).then([refused(11, n)]);
    }
    wrong.when(enter(flow(1), newest(11))).then(completed(flow(1), 11, "2026-06-01"));
}

#[test]
fn b37_whoever_entered_a_wrong_code_is_told_how_many_tries_are_left() {
    awaiting().at("2026-06-01T12:01:00Z").see(|ctx, _| {
        let told = |events: &[HolderEvent]| outcome(ctx, events);
        assert_eq!(told(&[refused(11, 1)]), Some(Refusal::CodeWrong { left: 4 }));
        assert_eq!(told(&[refused(11, 4)]), Some(Refusal::CodeWrong { left: 1 }));
        let voided = HolderEvent::CodeVoided {
            purpose: CodePurpose::Registration,
            flow: flow(1),
            code: Uuid::from_u128(11),
        };
        assert_eq!(told(&[refused(11, 5), voided]), Some(Refusal::CodeVoid));
        assert_eq!(told(&completed(flow(1), 11, "2026-06-01")), None);
    });
}

#[test]
fn b38_a_code_is_used_once() {
    let done = awaiting().at(NOON).when(enter(flow(1), newest(11)));
    let done = done.then(completed(flow(1), 11, "2026-06-01"));
    done.when(enter(flow(1), newest(11))).then_refused(Refusal::CodeUsed);
}

#[test]
fn b38_a_code_of_a_registration_is_none_of_an_unlock() {
    let command =
        HolderCommand::EnterCode { purpose: CodePurpose::Unlock, flow: flow(1), found: newest(11) };
    let refused = awaiting().at(NOON).when(command);
    let untouched = refused.then_refused(crate::unlock::Refusal::Replaced);
    untouched.when(enter(flow(1), newest(11))).then(completed(flow(1), 11, "2026-06-01"));
}

#[test]
fn a_repeat_of_sending_changes_nothing() {
    awaiting().at(NOON).when(send(flow(1), 11)).then([]);
}
