//! B-21: where policy says that only the smartcard passcode locks the account.

use super::*;
use crate::policy::LockScope;

#[test]
fn b21_any_set_passcode_locks_or_only_that_of_the_smartcard_as_policy_says() {
    let overdue = || {
        registered("2026-02-01")
            .and(instant("2025-02-01T12:00:00Z"), [set(Kind::Verification, "2025-02-01", 2)])
    };
    let any = overdue().on("2026-02-22").see(missing);
    assert!(matches!(any.as_slice(), [HolderEvent::AccountLocked { .. }]), "{any:?}");
    let lenient = Policy { lock_scope: LockScope::SmartcardOnly, ..Policy::seed() };
    let smartcard_only = || overdue().under(lenient.clone());
    assert_eq!(smartcard_only().on("2026-02-22").see(missing), []);
    smartcard_only().on("2026-02-22").see(|ctx, holder| {
        assert_eq!(holder.passcodes().standing(ctx, Kind::Verification), Standing::NotSet);
    });
    let day_before = smartcard_only().on("2026-02-21").see(missing);
    assert!(matches!(day_before.as_slice(), [HolderEvent::RenewalForced { .. }]));
}

#[test]
fn b21_b14_what_has_lapsed_stays_lapsed_and_what_was_locked_stays_locked_when_the_scope_changes() {
    let overdue = || {
        registered("2026-02-01")
            .and(instant("2025-02-01T12:00:00Z"), [set(Kind::Verification, "2025-02-01", 2)])
    };
    let changed = |first, then| {
        let first = Policy { lock_scope: first, ..Policy::seed() };
        let then = Policy { version: 2, lock_scope: then, ..Policy::seed() };
        Policies::only(first).publish(day("2026-02-23"), day("2026-03-01"), then).unwrap()
    };
    let at = |policies| {
        overdue().under_all(policies).on("2026-03-05").see(|ctx, holder| {
            let passcodes = holder.passcodes();
            (passcodes.phase(ctx, Kind::Verification), missing(ctx, holder).len())
        })
    };
    assert_eq!(at(changed(LockScope::SmartcardOnly, LockScope::AnySet)), (None, 0));
    let locked = (Some(Phase::Locked), 1);
    assert_eq!(at(changed(LockScope::AnySet, LockScope::SmartcardOnly)), locked);
}

#[test]
fn b21_where_only_the_smartcard_passcode_locks_no_lock_is_announced_for_another() {
    let lenient = Policy { lock_scope: LockScope::SmartcardOnly, ..Policy::seed() };
    let overdue = registered("2026-02-01")
        .and(instant("2025-02-01T12:00:00Z"), [set(Kind::Verification, "2025-02-01", 2)])
        .under(lenient);
    let when = overdue.on("2026-02-01");
    let last = when.see(schedule).pop().map(|one| (one.kind, one.what));
    assert_eq!(last, Some((Kind::Smartcard, What::AccountLocks)));
    let told = when.see(schedule);
    let of_other: Vec<_> = told.iter().filter(|one| one.kind == Kind::Verification).collect();
    let what: Vec<_> = of_other.iter().map(|one| one.what).collect();
    assert_eq!(what, [What::Expires, What::Lapses]);
    let woken = when.see(wake_up).unwrap();
    assert_eq!(woken.locks_at, Some(instant("2027-02-22T00:00:00Z")));
}

#[test]
fn b21_a_forced_change_says_when_the_account_locks_or_when_the_passcode_lapses_and_never_both() {
    let recorded = |scope| {
        ["2026-03-05", "2026-03-10"].map(|on| {
            holder()
                .and(instant("2025-03-05T12:00:00Z"), [set(Kind::Verification, "2025-03-05", 2)])
                .under(Policy { lock_scope: scope, ..Policy::seed() })
                .on(on)
                .see(missing)
                .remove(0)
        })
    };
    let says = |event: &HolderEvent| {
        let HolderEvent::RenewalForced { locks_on, items, .. } = event else {
            panic!("{event:?}");
        };
        let items = items.iter().map(|item| (item.kind, item.locks_on, item.lapses_on));
        (*locks_on, items.collect::<Vec<_>>())
    };
    let (earlier, later) = (Some(day("2026-03-26")), Some(day("2026-03-31")));
    let smartcard = (Kind::Smartcard, later, None);
    let locks = (Kind::Verification, earlier, None);
    let [first, both] = recorded(LockScope::AnySet);
    assert_eq!(says(&first), (earlier, vec![locks]));
    assert_eq!(says(&both), (earlier, vec![locks, smartcard]));
    let lapses = (Kind::Verification, None, earlier);
    let [first, both] = recorded(LockScope::SmartcardOnly);
    assert_eq!(says(&first), (None, vec![lapses]));
    assert_eq!(says(&both), (later, vec![lapses, smartcard]));
}

#[test]
fn b21_a_life_of_a_passcode_that_lapses_ends_on_its_day_without_a_word_of_a_lock() {
    let lenient = Policy { lock_scope: LockScope::SmartcardOnly, ..Policy::seed() };
    let overdue = || {
        registered("2026-02-01")
            .and(instant("2025-02-01T12:00:00Z"), [set(Kind::Verification, "2025-02-01", 2)])
            .under(lenient.clone())
    };
    let standing = |on: &str| {
        overdue().on(on).see(|ctx, holder| holder.passcodes().standing(ctx, Kind::Verification))
    };
    let Standing::Set { locks_on, lapses_on, .. } = standing("2026-02-21") else {
        panic!("it has not lapsed yet");
    };
    assert_eq!((locks_on, lapses_on), (None, Some(day("2026-02-22"))));
    assert_eq!(standing("2026-02-22"), Standing::NotSet);
    let told = overdue().on("2026-02-01").see(missing);
    assert!(matches!(told.as_slice(), [HolderEvent::RenewalForced { locks_on: None, .. }]));
    for day_of_announcement in ["2026-02-08", "2026-02-15", "2026-02-21"] {
        let recorded = overdue().and(instant("2026-02-01T08:00:00Z"), told.clone());
        recorded.on(day_of_announcement).when(SCHEDULE).then([]);
    }
}
