//! B-33, B-34, B-42 to B-45.

use super::*;
use crate::{
    card::IssuedCard,
    certificate::{Renewer, RevocationReason},
    expiry::{Occasion, wake_up},
    logon::Authenticated,
    passcode::{self, Kind},
    policy::Policy,
};

const NOON: &str = "2026-06-01T12:00:00Z";

fn begun(registration: CommandId, answers: &[Answer]) -> HolderEvent {
    let (card, on, email) = (card().card, day("2026-06-01"), secret(EMAIL));
    HolderEvent::RegistrationBegun { registration, card, on, answers: answers.to_vec(), email }
}

/// Registration 1 waits for code 11 since noon.
fn awaiting() -> When<Holder> {
    holder()
        .and(
            instant(NOON),
            [begun(flow(1), &answers(100)), sent(flow(1), 11, 1, "2026-06-01T12:15:00Z")],
        )
        .at(NOON)
}

#[test]
fn r02_r08_registering_begins_with_a_code_and_r10_ends_with_it() {
    let begins = holder()
        .at(NOON)
        .when(begin(flow(1), 11))
        .then([begun(flow(1), &answers(100)), sent(flow(1), 11, 1, "2026-06-01T12:15:00Z")]);
    begins.see(|ctx, holder| {
        let status = holder.self_service().status(ctx);
        assert_eq!(status.registered_on, None);
        let until = instant("2026-06-01T13:00:00Z");
        assert_eq!(status.awaiting, Some(Awaiting { registration: flow(1), until }));
    });
    begins.when(enter(flow(1), newest(11))).then(completed(flow(1), 11, "2026-06-01")).see(
        |ctx, holder| {
            let status = holder.self_service().status(ctx);
            assert_eq!(status.registered_on, Some(day("2026-06-01")));
            assert_eq!(status.awaiting, None);
            assert_eq!(holder.self_service().active().unwrap().answers, answers(100));
        },
    );
}

#[test]
fn r01_only_with_his_own_card_that_is_in_use() {
    let other = IssuedCard { card: serial("00FF"), ..card() };
    holder()
        .and(instant(NOON), [HolderEvent::CardIssued(other)])
        .at(NOON)
        .when(begin(flow(1), 11))
        .then_refused(holder::Refusal::CardNotActive);
}

#[test]
fn r05_three_five_or_a_question_twice_are_refused_and_four_are_accepted() {
    let four = answers(100);
    let five = [four.as_slice(), &[Answer { question: QuestionId::new(5).unwrap(), ..four[0] }]];
    let twice = [four[0], four[1], four[2], Answer { secret: secret(9), ..four[0] }];
    for wrong in [four[..3].to_vec(), five.concat(), twice.to_vec()] {
        let refused = holder().at(NOON).when(begin_with(flow(1), wrong, 11));
        refused.then_refused(Refusal::NotFourQuestions);
    }
    assert_eq!(holder().at(NOON).when(begin(flow(1), 11)).then_see().len(), 2);
}

#[test]
fn b17_a_restricted_session_may_not_register_and_a_locked_account_neither() {
    let on = |today: &str| registered("2025-03-10").on(today).when(begin(flow(1), 11));
    assert_eq!(on("2026-03-09").then_see().len(), 2);
    on("2026-03-10").then_refused(holder::Refusal::RenewalRequired);
    on("2026-03-31").then_refused(passcode::Refusal::AccountLocked {
        kind: Kind::Smartcard,
        since: day("2026-03-31"),
    });
}

#[test]
fn b10_who_logged_on_before_midnight_may_register_after_it() {
    let command = |logged_on_at: &str| HolderCommand::BeginRegistration {
        registration: flow(1),
        proof: proof(),
        logged_on_at: instant(logged_on_at),
        asked_at: instant("2026-03-10T08:00:00Z"),
        answers: Some(answers(100).to_vec()),
        email: secret(EMAIL),
        code: new_code(11),
    };
    let morning = || registered("2025-03-10").at("2026-03-10T08:00:00Z");
    assert_eq!(morning().when(command("2026-03-09T23:00:00Z")).then_see().len(), 2);
    let restricted = morning().when(command("2026-03-10T00:00:00Z"));
    restricted.then_refused(holder::Refusal::RenewalRequired);
}

#[test]
fn a_repeat_of_a_registration_that_waits_or_is_in_force_changes_nothing() {
    let done = awaiting().when(begin(flow(1), 11)).then([]);
    let done = done.when(enter(flow(1), newest(11))).then(completed(flow(1), 11, "2026-06-01"));
    done.when(begin(flow(1), 11)).then([]);
}

#[test]
fn b43_the_registration_in_force_stays_until_the_new_one_completes() {
    let registered =
        holder().and(instant("2026-05-01T12:00:00Z"), self_service(flow(1), "2026-05-01")).at(NOON);
    let both = registered
        .when(begin_with(flow(2), answers(200).to_vec(), 12))
        .then([begun(flow(2), &answers(200)), sent(flow(2), 12, 1, "2026-06-01T12:15:00Z")]);
    both.see(|ctx, holder| {
        assert_eq!(holder.self_service().active().unwrap().answers, answers(100));
        assert!(holder.self_service().awaiting(ctx).is_some());
        let kept = holder.kept(ctx.policy());
        let every = answers(100).into_iter().chain(answers(200));
        assert!(every.into_iter().all(|answer| kept.contains(&answer.secret)));
    });
    both.when(enter(flow(2), newest(12))).then(completed(flow(2), 12, "2026-06-01")).see(
        |ctx, holder| {
            assert_eq!(holder.self_service().active().unwrap().answers, answers(200));
            assert!(!holder.kept(ctx.policy()).contains(&answers(100)[0].secret));
        },
    );
}

#[test]
fn b43_a_new_registration_takes_the_place_of_one_that_waits_for_its_code() {
    let later = holder()
        .and(
            instant(NOON),
            [begun(flow(1), &answers(100)), sent(flow(1), 11, 1, "2026-06-01T12:15:00Z")],
        )
        .at("2026-06-01T12:05:00Z")
        .when(begin_with(flow(2), answers(200).to_vec(), 12));
    later
        .then([
            HolderEvent::RegistrationCancelled { registration: flow(1) },
            begun(flow(2), &answers(200)),
            sent(flow(2), 12, 1, "2026-06-01T12:20:00Z"),
        ])
        .when(enter(flow(1), newest(11)))
        .then_refused(Refusal::RegistrationOver);
}

#[test]
fn b42_another_address_counts_from_its_own_code_on_and_the_old_one_can_be_told_for_five_days() {
    let change = HolderCommand::BeginRegistration {
        registration: flow(2),
        proof: proof(),
        logged_on_at: instant(NOON),
        asked_at: instant(NOON),
        answers: Some(answers(100).to_vec()),
        email: secret(77),
        code: new_code(12),
    };
    let registered =
        || holder().and(instant("2026-05-01T12:00:00Z"), self_service(flow(1), "2026-05-01"));
    let awaiting = registered().at(NOON).when(change.clone()).then_see();
    let done = registered().and(instant(NOON), awaiting);
    let done = done.at(NOON).when(enter(flow(2), newest(12)));
    let [taken, _] = completed(flow(2), 12, "2026-06-01");
    let (registration, on, former) = (flow(2), day("2026-06-01"), Some(secret(EMAIL)));
    let done = done.then([taken, HolderEvent::RegistrationCompleted { registration, on, former }]);
    done.see(|ctx, holder| {
        assert_eq!(holder.self_service().active().unwrap().email, secret(77));
        let former = |holder: &Holder| holder.self_service().former_emails().collect::<Vec<_>>();
        assert_eq!(former(holder), [secret(EMAIL)]);
        assert!(holder.kept(ctx.policy()).contains(&secret(EMAIL)));
        let note = HolderEvent::UsedBeforeRefused { kind: Kind::Verification };
        let day_after = |at| holder.clone().evolve(instant(at), &note);
        assert_eq!(former(&day_after("2026-06-06T12:59:59Z")), [secret(EMAIL)]);
        assert_eq!(former(&day_after("2026-06-06T13:00:00Z")), []);
    });
}

#[test]
fn r07_another_address_while_the_code_is_awaited_gets_a_new_code() {
    let redirect = |email, code| HolderCommand::RedirectRegistration {
        registration: flow(1),
        email: secret(email),
        code: new_code(code),
    };
    let soon = awaiting().when(redirect(77, 12));
    let soon = soon.then_refused(Refusal::CodeTooSoon { at: instant("2026-06-01T12:01:00Z") });
    soon.when(redirect(EMAIL, 12)).then([]);
    let events = [begun(flow(1), &answers(100)), sent(flow(1), 11, 1, "2026-06-01T12:15:00Z")];
    let redirected =
        holder().and(instant(NOON), events).at("2026-06-01T12:01:00Z").when(redirect(77, 12));
    let events = redirected.then_see();
    let [
        HolderEvent::RegistrationRedirected { email, .. },
        HolderEvent::CodeSent { to, number, .. },
    ] = events.as_slice()
    else {
        panic!("{events:?}");
    };
    assert_eq!((*email, *to, *number), (secret(77), secret(77), 2));
}

#[test]
fn b44_a_registration_waits_for_60_minutes_and_is_over_then() {
    let events = [begun(flow(1), &answers(100)), sent(flow(1), 11, 1, "2026-06-01T12:15:00Z")];
    let at = |now: &str| holder().and(instant(NOON), events.clone()).at(now);
    let (last, over) = ("2026-06-01T12:59:59.999Z", "2026-06-01T13:00:00Z");
    assert_eq!(at(last).when(send(flow(1), 12)).then_see().len(), 1);
    at(over).when(send(flow(1), 12)).then_refused(Refusal::RegistrationOver);
    let record = HolderCommand::RecordExpiry { occasion: Occasion::Schedule };
    at(last).when(record.clone()).then([]);
    let cancelled = HolderEvent::RegistrationCancelled { registration: flow(1) };
    let erased = at(over).when(record).then([cancelled]);
    erased.see(|ctx, holder| assert!(!holder.kept(ctx.policy()).contains(&secret(EMAIL))));
    at(last).see(|ctx, holder| {
        assert_eq!(wake_up(ctx, holder).unwrap().due_at, instant(over));
    });
    at(over).see(|ctx, holder| {
        assert_eq!(holder.self_service().status(ctx).awaiting, None);
        assert_eq!(wake_up(ctx, holder).unwrap().due_at, instant(over));
    });
}

#[test]
fn b44_the_end_of_a_registration_is_recorded_even_of_a_locked_account() {
    let begun = begun(flow(1), &answers(100));
    let locked = registered("2025-03-10").and(instant("2026-03-31T12:00:00Z"), [begun]);
    locked.at("2026-03-31T12:30:00Z").see(|ctx, holder| {
        let record = HolderCommand::RecordExpiry { occasion: Occasion::Schedule };
        let events = holder.decide(ctx, record).unwrap();
        let known =
            events.iter().fold(holder.clone(), |holder, event| holder.evolve(ctx.now, event));
        let due_at = wake_up(ctx, &known).unwrap().due_at;
        assert_eq!(due_at, instant("2026-03-31T13:00:00Z"));
        assert!(known.self_service().status(&ctx.at(due_at)).awaiting.is_none());
    });
}

#[test]
fn b44_what_waits_can_be_given_up_and_a_repeat_changes_nothing() {
    let cancel = HolderCommand::CancelRegistration { registration: flow(1) };
    let cancelled = HolderEvent::RegistrationCancelled { registration: flow(1) };
    let over = awaiting().when(cancel.clone()).then([cancelled]);
    over.when(cancel)
        .then([])
        .when(enter(flow(1), newest(11)))
        .then_refused(Refusal::RegistrationOver);
}

#[test]
fn b34_who_is_blocked_can_neither_change_his_questions_nor_complete_a_change() {
    let blocked = HolderEvent::SelfServiceBlocked { unlock: flow(9), on: day("2026-06-01") };
    let registered = || holder().and(instant(NOON), self_service(flow(1), "2026-06-01"));
    registered()
        .and(instant(NOON), [blocked.clone()])
        .at(NOON)
        .when(begin(flow(2), 12))
        .then_refused(Refusal::Blocked);
    registered()
        .and(
            instant(NOON),
            [begun(flow(2), &answers(200)), sent(flow(2), 12, 1, "2026-06-01T12:15:00Z"), blocked],
        )
        .at(NOON)
        .when(enter(flow(2), newest(12)))
        .then_refused(Refusal::Blocked);
}

#[test]
fn b34_who_is_blocked_still_logs_on() {
    let blocked = HolderEvent::SelfServiceBlocked { unlock: flow(9), on: day("2026-06-01") };
    holder().and(instant(NOON), [blocked]).at(NOON).see(|ctx, holder| {
        let proof = Authenticated::by_card(ctx, holder, &card().card).unwrap();
        let check = crate::logon::check(ctx, holder, &proof);
        assert_eq!(check.verdict, crate::logon::Verdict::Full);
    });
}

#[test]
fn b45_a_registration_follows_the_person_to_the_next_card() {
    let replaced = IssuedCard { card: serial("00FF"), ..card() };
    holder()
        .and(instant(NOON), self_service(flow(1), "2026-06-01"))
        .and(instant(NOON), [begun(flow(2), &answers(200)), HolderEvent::CardIssued(replaced)])
        .at(NOON)
        .see(|ctx, holder| {
            assert!(holder.self_service().active().is_some());
            assert!(holder.self_service().awaiting(ctx).is_none());
        });
}

#[test]
fn b45_a_registration_is_dropped_when_the_card_was_compromised_and_a_block_stays() {
    for (reason, dropped) in [
        (RevocationReason::Compromised, true),
        (RevocationReason::LostOrStolen, false),
        (RevocationReason::Damaged, false),
        (RevocationReason::NoLongerNeeded, false),
    ] {
        let (on, serials, by) = (day("2026-06-01"), vec![], Renewer::Holder);
        let blocked = HolderEvent::SelfServiceBlocked { unlock: flow(9), on };
        let revoked =
            HolderEvent::CertificatesRevoked { card: card().card, on, reason, serials, by };
        holder()
            .and(instant(NOON), self_service(flow(1), "2026-06-01"))
            .and(instant(NOON), [blocked, revoked])
            .at(NOON)
            .see(|ctx, holder| {
                assert_eq!(holder.self_service().active().is_none(), dropped, "{reason:?}");
                // B-33: who has to register anew can.
                assert_eq!(holder.self_service().is_blocked(), !dropped, "{reason:?}");
                let kept = holder.kept(ctx.policy()).contains(&answers(100)[0].secret);
                assert_eq!(kept, !dropped, "{reason:?}");
            });
    }
}

#[test]
fn every_refusal_of_self_service_names_its_rule_and_shows_a_way_out() {
    let at = instant(NOON);
    for refusal in [
        Refusal::NotFourQuestions,
        Refusal::AddressNotAllowed,
        Refusal::Blocked,
        Refusal::RegistrationOver,
        Refusal::NoFlow,
        Refusal::TooManyForms,
        Refusal::AlreadyJudged,
        Refusal::AnswersWrong { left: 2 },
        Refusal::CodeTooSoon { at },
        Refusal::TooManyCodes { at },
        Refusal::CodeExpired,
        Refusal::CodeSuperseded,
        Refusal::CodeWrong { left: 4 },
        Refusal::CodeVoid,
        Refusal::CodeUsed,
        Refusal::RecoveryPasscodeNotSet,
        Refusal::RecoveryPasscodeWrong { left: 2 },
        Refusal::RecoveryPasscodeBlocked,
        Refusal::PasscodeTimeOver,
    ] {
        let whole = crate::refusal::Refusal::from(refusal);
        assert!(crate::rules::find(whole.rule().as_str()).is_some(), "{refusal:?}");
        assert!(!whole.why().ends_with('.') && whole.way_out().ends_with('.'), "{refusal:?}");
        assert_eq!(whole.changes_on(), None);
    }
}

#[test]
fn b42_a_list_of_domains_admits_them_and_what_is_below_them_and_an_empty_one_all() {
    let listed = Policy {
        self_service_domains: vec!["nhs.net".to_owned(), "nhs.uk".to_owned()],
        ..Policy::seed()
    };
    for allowed in ["a@nhs.net", "a@NHS.uk", "a@trust.nhs.uk"] {
        assert!(address_allowed(&listed, allowed), "{allowed}");
    }
    for refused in ["a@example.org", "a@notnhs.net", "a@nhs.net.example.org", "nhs.net", ""] {
        assert!(!address_allowed(&listed, refused), "{refused}");
    }
    assert!(address_allowed(&Policy::seed(), "a@example.org"));
}

#[test]
fn b43_answers_that_stay_are_those_in_force_when_the_card_agrees() {
    let keep = HolderCommand::BeginRegistration {
        registration: flow(2),
        proof: proof(),
        logged_on_at: instant(NOON),
        asked_at: instant(NOON),
        answers: None,
        email: secret(EMAIL),
        code: new_code(12),
    };
    holder().at(NOON).when(keep.clone()).then_refused(Refusal::NotFourQuestions);
    let registered = |answers: &[Answer; 4]| {
        let (registration, card, on) = (flow(1), card().card, day("2026-05-01"));
        let answers = answers.to_vec();
        let email = secret(EMAIL);
        let began = HolderEvent::RegistrationBegun { registration, card, on, answers, email };
        let done = HolderEvent::RegistrationCompleted { registration, on, former: None };
        holder().and(instant("2026-05-01T12:00:00Z"), [began, done])
    };
    for answers in [answers(100), answers(200)] {
        registered(&answers)
            .at(NOON)
            .when(keep.clone())
            .then([begun(flow(2), &answers), sent(flow(2), 12, 1, "2026-06-01T12:15:00Z")]);
    }
}

#[test]
fn b44_a_code_promises_no_more_than_the_registration_has() {
    let begun = holder().at(NOON).when(begin(flow(1), 11)).then_see();
    holder()
        .and(instant(NOON), begun)
        .at("2026-06-01T12:50:00Z")
        .when(send(flow(1), 12))
        .then([sent(flow(1), 12, 2, "2026-06-01T13:00:00Z")]);
}
