//! The sentences of the ledger.

use domain::{ids::CommandId, passcode::Kind, unlock};
use uuid::Uuid;

use super::*;

fn overdue(kind: Kind, locks_on: Option<NaiveDate>, lapses_on: Option<NaiveDate>) -> Item {
    let expires_on = day("2026-03-10");
    Item { kind, set_on: day("2025-03-10"), expires_on, locks_on, lapses_on }
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

#[test]
fn b21_the_ledger_says_what_locks_the_account_and_what_counts_as_not_set() {
    let (expired_on, over_on) = (day("2026-03-10"), Some(day("2026-03-31")));
    let smartcard = overdue(Kind::Smartcard, over_on, None);
    let verification = overdue(Kind::Verification, None, over_on);
    assert_eq!(
        forced(expired_on, over_on, &[smartcard]),
        "Your smartcard passcode expired on 10 March 2026: change it before your account locks on 31 March 2026"
    );
    assert_eq!(
        forced(expired_on, None, &[verification]),
        "Your verification passcode expired on 10 March 2026: if you do nothing, your verification passcode counts as not set from 31 March 2026"
    );
    assert_eq!(
        forced(expired_on, over_on, &[smartcard, verification]),
        "Your smartcard passcode and your verification passcode expired on 10 March 2026: change it before your account locks on 31 March 2026; if you do nothing, your verification passcode counts as not set from 31 March 2026"
    );
    let (on, locks_on) = (day("2026-03-17"), day("2026-03-31"));
    let items = vec![smartcard, verification];
    assert_eq!(
        sentence(&HolderEvent::LockAnnounced { on, locks_on, items }, DateTime::UNIX_EPOCH),
        "You were told that your account locks on 31 March 2026 unless you change your smartcard passcode"
    );
}

#[test]
fn u06_the_ledger_says_where_an_unlock_was_tried_and_why_it_was_refused() {
    let refused = HolderEvent::UnlockRefused {
        unlock: CommandId(Uuid::from_u128(1)),
        card: "00A1".parse().unwrap(),
        reason: unlock::Refusal::Blocked,
        workstation: "WARD-7".to_owned(),
        reader: "Reader 1".to_owned(),
    };
    assert_eq!(
        sentence(&refused, DateTime::UNIX_EPOCH),
        "Somebody with your smartcard tried to unlock it at workstation WARD-7, in reader Reader 1, and was refused: Self-service is blocked because three attempts have failed"
    );
}

#[test]
fn p25_the_ledger_says_how_many_tries_are_left() {
    let said = |tries_left| refused(LogonRefusal::WrongPasscode { tries_left });
    assert!(said(Some(2)).ends_with("; 2 tries are left"));
    assert!(said(Some(1)).ends_with("; 1 try is left"));
    assert!(said(Some(0)).ends_with("the smartcard is locked"));
    assert_eq!(said(None), "Somebody entered a wrong smartcard passcode");
}
