//! P-19, B-30, B-45: a locked account, and a closed one.

use super::*;
use crate::{
    logon::{self, Authenticated, LogonRefusal, Verdict},
    passcode::Refusal as NotChanged,
    staff::{Refusal as NotAllowed, Role},
};

/// His smartcard passcode is of 2025-03-10, his verification passcode of 2025-03-12: the account is
/// locked since 2026-03-31.
fn locked() -> Given<Holder> {
    registered("2025-03-10")
        .and(instant("2025-03-12T12:00:00Z"), [set(Kind::Verification, "2025-03-12", 2)])
}

fn authorise() -> HolderCommand {
    ask(DeskCommand::AuthoriseAccountUnlock { check: passport() })
}

fn authorised(until: &str) -> HolderEvent {
    let (card, until) = (card().card, instant(until));
    let check = passport();
    HolderEvent::Desk(DeskEvent::AccountUnlockAuthorised { card, until, check, glass: None })
}

/// Locked, and the registration authority has let him at noon on 3 April.
fn let_in() -> Given<Holder> {
    locked().and(instant("2026-04-03T12:00:00Z"), [authorised("2026-04-03T12:30:00Z")])
}

fn verdict(when: &When<Holder>) -> Verdict {
    when.see(|ctx, holder| {
        let proof = Authenticated::by_card(ctx, holder, &card().card).unwrap();
        logon::check(ctx, holder, &proof).verdict
    })
}

/// A change in a session that was opened at that instant.
fn change(logged_on_at: &str, smartcard: Option<u128>, verification: Optional) -> HolderCommand {
    let smartcard = smartcard.map(|n| crate::passcode::CardChange { secret: secret(n) });
    let logged_on_at = instant(logged_on_at);
    HolderCommand::ChangePasscodes(Changes { logged_on_at, smartcard, verification, ..no_change() })
}

fn unlocked(on: &str) -> HolderEvent {
    HolderEvent::Desk(DeskEvent::AccountUnlocked { card: card().card, on: day(on) })
}

#[test]
fn p19_a_locked_holder_comes_in_by_leave_of_the_authority_until_the_30_minutes_are_over() {
    assert_eq!(verdict(&locked().at("2026-04-03T12:00:00Z")), Verdict::Locked);
    let let_in = |at| verdict(&let_in().at(at));
    assert_eq!(let_in("2026-04-03T12:29:59Z"), Verdict::Restricted);
    assert_eq!(let_in("2026-04-03T12:30:00Z"), Verdict::Locked);
}

#[test]
fn b30_new_values_for_all_that_is_overdue_unlock_the_account_in_the_same_step() {
    let (logged_on_at, verification) = ("2026-04-03T12:05:00Z", Optional::Set(secret(12)));
    let after = let_in()
        .at("2026-04-03T12:10:00Z")
        .when(change(logged_on_at, Some(11), verification))
        .then([
            set(Kind::Smartcard, "2026-04-03", 11),
            set(Kind::Verification, "2026-04-03", 12),
            unlocked("2026-04-03"),
        ]);
    assert_eq!(verdict(&after), Verdict::Full);
    after.when(authorise()).then_refused(Refusal::AccountNotLocked);
}

#[test]
fn b30_half_of_it_is_refused_and_the_account_is_still_locked() {
    let smartcard_only = change("2026-04-03T12:05:00Z", Some(11), Optional::Keep);
    let verification_only = change("2026-04-03T12:05:00Z", None, Optional::Set(secret(12)));
    let after = let_in()
        .at("2026-04-03T12:10:00Z")
        .when(smartcard_only)
        .then_refused(NotChanged::NotAllOverdue { kind: Kind::Verification })
        .when(verification_only)
        .then_refused(NotChanged::NotAllOverdue { kind: Kind::Smartcard });
    let still = after.see(|ctx, holder| {
        crate::passcode::Status::worst_locked(&holder.passcodes().status(ctx)).is_some()
    });
    assert!(still);
}

#[test]
fn b30_b20_an_overdue_passcode_that_may_be_blank_is_cured_by_blanking_it() {
    let blanked =
        HolderEvent::PasscodeBlanked { kind: OptionalKind::Verification, on: day("2026-04-03") };
    let_in()
        .at("2026-04-03T12:10:00Z")
        .when(change("2026-04-03T12:05:00Z", Some(11), Optional::Blank))
        .then([set(Kind::Smartcard, "2026-04-03", 11), blanked, unlocked("2026-04-03")]);
}

#[test]
fn b30_what_has_expired_and_does_not_lock_yet_is_overdue_too_and_what_has_not_is_not() {
    let given = |verification_on: &str| {
        registered("2025-03-10")
            .and(instant("2025-03-12T12:00:00Z"), [set(Kind::Verification, verification_on, 2)])
            .and(instant("2026-04-03T12:00:00Z"), [authorised("2026-04-03T12:30:00Z")])
            .at("2026-04-03T12:10:00Z")
            .when(change("2026-04-03T12:05:00Z", Some(11), Optional::Keep))
    };
    given("2025-04-03").then_refused(NotChanged::NotAllOverdue { kind: Kind::Verification });
    given("2025-04-04").then([set(Kind::Smartcard, "2026-04-03", 11), unlocked("2026-04-03")]);
}

#[test]
fn b30_the_leave_ends_after_half_an_hour_however_long_the_session_is_open() {
    let (verification, since) = (Optional::Set(secret(12)), day("2026-03-31"));
    let logged_on_at = "2026-04-03T12:29:00Z";
    let unlock = || change(logged_on_at, Some(11), verification);
    let events = let_in().at("2026-04-03T12:29:59Z").when(unlock()).then_see();
    assert_eq!(events.last(), Some(&unlocked("2026-04-03")));
    let locked = NotChanged::AccountLocked { kind: Kind::Smartcard, since };
    let_in().at("2026-04-03T12:30:00Z").when(unlock()).then_refused(locked);
    let_in().at("2026-04-03T20:00:00Z").when(unlock()).then_refused(locked);
}

#[test]
fn b30_what_was_asked_for_in_time_is_recorded_when_the_card_tells_of_it_later() {
    let asked_at = |asked_at| {
        let verification = Optional::Set(secret(12));
        let asked = change("2026-04-03T12:29:00Z", Some(11), verification);
        let HolderCommand::ChangePasscodes(changes) = asked else { unreachable!() };
        let changes = Changes { asked_at: instant(asked_at), ..changes };
        let_in().at("2026-04-03T12:40:00Z").when(HolderCommand::ChangePasscodes(changes))
    };
    let events = asked_at("2026-04-03T12:29:59Z").then_see();
    assert_eq!(events.last(), Some(&unlocked("2026-04-03")));
    let since = day("2026-03-31");
    asked_at("2026-04-03T12:30:00Z")
        .then_refused(NotChanged::AccountLocked { kind: Kind::Smartcard, since });
}

#[test]
fn b30_an_account_that_is_not_locked_is_not_unlocked() {
    locked().on("2026-03-30").when(authorise()).then_refused(Refusal::AccountNotLocked);
    locked().on("2026-03-31").when(authorise()).then([authorised("2026-03-31T12:30:00Z")]);
}

#[test]
fn b30_a_leave_is_for_one_lock_and_for_the_card_it_was_given_for() {
    let (verification, change_at) = (Optional::Blank, "2026-04-03T12:05:00Z");
    let mut events = let_in()
        .at("2026-04-03T12:10:00Z")
        .when(change(change_at, Some(11), verification))
        .then_see();
    // The clock of a second lock is turned back: the leave would still hold.
    events.push(set(Kind::Smartcard, "2025-01-01", 13));
    let relocked = let_in().and(instant("2026-04-03T12:10:00Z"), events);
    assert_eq!(verdict(&relocked.at("2026-04-03T12:15:00Z")), Verdict::Locked);
    let_in().at("2026-04-03T12:15:00Z").see(|ctx, holder| {
        assert!(holder.desk().account_unlock(&card().card, ctx.now).is_some());
        assert!(holder.desk().account_unlock(&serial("00FF"), ctx.now).is_none());
    });
}

#[test]
fn c04_an_identity_check_without_a_place_or_with_a_long_one_is_none() {
    let with_place = |place: String| {
        let check = IdentityCheck { place, ..passport() };
        locked().on("2026-04-03").when(ask(DeskCommand::AuthoriseAccountUnlock { check }))
    };
    with_place("  ".to_owned()).then_refused(Refusal::PlaceNotValid);
    with_place("a\nb".to_owned()).then_refused(Refusal::PlaceNotValid);
    with_place("x".repeat(PLACE_CHARACTERS_MAX + 1)).then_refused(Refusal::PlaceNotValid);
    with_place("x".repeat(PLACE_CHARACTERS_MAX)).then_see();
    with_place(" Ward office ".to_owned()).then([authorised("2026-04-03T12:30:00Z")]);
}

fn person(n: u128) -> HolderId {
    HolderId(secret(n).0)
}

fn vouched() -> IdentityCheck {
    checked(IdentityEvidence::Vouched)
}

fn request(by: u128) -> HolderCommand {
    let (request, by) = (flow(7), person(by));
    ask(DeskCommand::RequestAccountUnlock { request, by, check: vouched() })
}

fn approve(by: u128) -> HolderCommand {
    ask(DeskCommand::ApproveAccountUnlock { request: flow(7), by: person(by) })
}

fn requested() -> HolderEvent {
    HolderEvent::Desk(DeskEvent::AccountUnlockRequested {
        request: flow(7),
        card: card().card,
        by: person(8),
        check: vouched(),
        until: instant("2026-04-03T12:30:00Z"),
        glass: None,
    })
}

#[test]
fn b59_b63_glass_is_broken_by_two_for_a_manager_and_not_mixed_with_what_the_authority_asks() {
    let organisation: crate::ids::OrganisationCode = "RXA".parse().unwrap();
    let (request, by) = (flow(7), person(8));
    let ask_for = |check| {
        let organisation = organisation.clone();
        ask(DeskCommand::AskToBreakGlass { request, by, check, organisation })
    };
    let agree = |by| ask(DeskCommand::BreakGlass { request, by: person(by) });
    let (role, on) = (Role::RaManager, day("2025-03-12"));
    let granted = DeskEvent::RoleGranted { role, organisation: organisation.clone(), on };
    let (card, until) = (card().card, instant("2026-04-03T12:30:00Z"));
    let (check, glass) = (passport(), Some(organisation.clone()));
    let requested_by_operator = DeskEvent::AccountUnlockRequested {
        request,
        card: card.clone(),
        by,
        check,
        until,
        glass: glass.clone(),
    };
    let check = IdentityCheck { second: Some(person(9)), ..passport() };
    let agreed = DeskEvent::AccountUnlockAuthorised { card, until, check, glass };
    locked().on("2026-04-03").when(ask_for(passport())).then_refused(Refusal::NotManager);
    locked()
        .and(instant("2025-03-12T12:00:00Z"), [HolderEvent::Desk(granted)])
        .on("2026-04-03")
        .when(ask_for(vouched()))
        .then_refused(Refusal::EvidenceNotEnough)
        .when(ask_for(passport()))
        .then([HolderEvent::Desk(requested_by_operator)])
        .when(approve(9))
        .then_refused(Refusal::NoRequest)
        .when(agree(8))
        .then_refused(NotAllowed::SamePerson)
        .when(agree(9))
        .then([HolderEvent::Desk(agreed)]);
    let waiting = locked().and(instant("2026-04-03T12:00:00Z"), [requested()]);
    waiting.at("2026-04-03T12:10:00Z").when(agree(9)).then_refused(Refusal::NoRequest);
}

#[test]
fn b63_who_is_vouched_for_needs_a_second_person_and_never_the_same() {
    let check = IdentityCheck { second: Some(person(9)), ..vouched() };
    let (card, until) = (card().card, instant("2026-04-03T12:30:00Z"));
    let agreed = DeskEvent::AccountUnlockAuthorised { card, until, check, glass: None };
    locked()
        .on("2026-04-03")
        .when(ask(DeskCommand::AuthoriseAccountUnlock { check: vouched() }))
        .then_refused(Refusal::EvidenceNotEnough)
        .when(approve(9))
        .then_refused(Refusal::NoRequest)
        .when(request(8))
        .then([requested()])
        .when(request(8))
        .then([])
        .when(approve(8))
        .then_refused(NotAllowed::SamePerson)
        .when(approve(9))
        .then([HolderEvent::Desk(agreed)])
        .when(approve(9))
        .then_refused(Refusal::NoRequest);
}

#[test]
fn b63_a_request_waits_for_the_second_person_for_30_minutes() {
    let waiting = || locked().and(instant("2026-04-03T12:00:00Z"), [requested()]);
    waiting().at("2026-04-03T12:29:59Z").when(approve(9)).then_see();
    waiting().at("2026-04-03T12:30:00Z").when(approve(9)).then_refused(Refusal::NoRequest);
}

#[test]
fn c04_b63_somebodys_word_is_enough_for_an_account_alone() {
    let (evidence, place) = (IdentityEvidence::Vouched, "Ward office".to_owned());
    registered("2025-03-10")
        .on("2026-01-05")
        .when(HolderCommand::AuthoriseRenewal(crate::certificate::Visit { evidence, place }))
        .then_refused(Refusal::EvidenceNotEnough);
}

#[test]
fn b45_closing_an_account_ends_card_certificates_roles_and_registration() {
    let on = day("2026-01-05");
    let organisation: crate::ids::OrganisationCode = "RXA".parse().unwrap();
    let role = Role::RaAgent;
    let granted = DeskEvent::RoleGranted { role, organisation: organisation.clone(), on };
    let assigned = DeskEvent::Assigned { organisation: organisation.clone(), on };
    let close = || ask(DeskCommand::CloseAccount { reason: CloseReason::Left });
    registered("2025-03-10")
        .and(instant("2025-05-01T12:00:00Z"), self_service(flow(1), "2025-05-01"))
        .and(instant("2025-05-02T12:00:00Z"), [granted, assigned].map(HolderEvent::Desk))
        .on("2026-01-05")
        .when(close())
        .then([
            revoked("2026-01-05", RevocationReason::NoLongerNeeded),
            cancelled("2026-01-05", CancelReason::AccountClosed),
            HolderEvent::Desk(DeskEvent::RoleWithdrawn {
                role,
                organisation: organisation.clone(),
                on,
            }),
            HolderEvent::Desk(DeskEvent::AssignmentEnded { organisation, on }),
            HolderEvent::Desk(DeskEvent::AccountClosed {
                on,
                reason: CloseReason::Left,
                registered: Some(secret(EMAIL)),
            }),
        ])
        .when(close())
        .then([])
        .when(ask(DeskCommand::Suspend { reason: SuspensionReason::Away }))
        .then_refused(Refusal::AccountClosed)
        .see(|ctx, holder| {
            assert!(holder.self_service().active().is_none() && !holder.roles().is_staff());
            let refused = Authenticated::by_card(ctx, holder, &card().card);
            assert_eq!(refused, Err(LogonRefusal::AccountClosed));
        });
}

#[test]
fn b45_nothing_is_due_and_nobody_is_told_of_a_closed_account() {
    closed("2026-01-05").on("2026-03-01").see(|ctx, holder| {
        assert!(crate::expiry::alert(ctx, holder).is_none());
        assert!(crate::expiry::wake_up(ctx, holder).is_none());
        assert!(crate::expiry::schedule(ctx, holder).is_empty());
    });
}

#[test]
fn a_person_is_erased_once_and_only_after_the_account_was_closed() {
    let erased = DeskEvent::PersonErased { on: day("2026-02-01") };
    let erase = || ask(DeskCommand::Erase {});
    registered("2025-03-10").on("2026-02-01").when(erase()).then_refused(Refusal::NotClosed);
    closed("2026-01-05")
        .on("2026-02-01")
        .when(erase())
        .then([HolderEvent::Desk(erased)])
        .when(erase())
        .then([])
        .see(|ctx, holder| assert!(holder.kept(ctx.policy()).is_empty()));
}

#[test]
fn b42_an_address_that_was_changed_is_kept_until_it_is_told() {
    let change = ask(DeskCommand::ChangeContact { former: Some(secret(5)) });
    let (on, former) = (day("2026-02-01"), Some(secret(5)));
    let changed = HolderEvent::Desk(DeskEvent::ContactChanged { on, former });
    registered("2025-03-10").on("2026-02-01").when(change).then([changed]).see(|ctx, holder| {
        assert!(holder.kept(ctx.policy()).contains(&secret(5)));
    });
}

#[test]
fn b42_the_registered_address_is_named_and_kept_for_the_mail_about_what_has_ended_it() {
    let (on, now) = ("2026-01-05", instant("2026-01-05T12:00:00Z"));
    let given = || {
        registered("2025-03-10")
            .and(instant("2025-05-01T12:00:00Z"), self_service(flow(1), "2025-05-01"))
    };
    let done = |command| given().on(on).when(ask(command)).then_see();
    let cancel = |reason| done(DeskCommand::CancelCard { reason });
    let cancelled = |reason, registered| {
        let (card, on) = (card().card, day(on));
        HolderEvent::Desk(DeskEvent::CardCancelled { card, on, reason, registered })
    };
    let is_only_kept = |events: Vec<HolderEvent>| {
        given().and(now, events).on(on).see(|ctx, holder| {
            let is_over = holder.self_service().active().is_none();
            is_over && holder.kept(ctx.policy()).contains(&secret(EMAIL))
        })
    };
    let (reason, address) = (CloseReason::Left, Some(secret(EMAIL)));
    let closed = done(DeskCommand::CloseAccount { reason });
    let says = DeskEvent::AccountClosed { on: day(on), reason, registered: address };
    assert_eq!(closed.last(), Some(&HolderEvent::Desk(says)));
    assert!(is_only_kept(closed));
    let compromised = cancel(CancelReason::Compromised);
    assert_eq!(compromised.last(), Some(&cancelled(CancelReason::Compromised, address)));
    assert!(is_only_kept(compromised));
    let damaged = cancel(CancelReason::Damaged);
    assert_eq!(damaged.last(), Some(&cancelled(CancelReason::Damaged, None)));
}
