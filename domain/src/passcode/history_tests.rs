//! The last five: examples of B-22 and B-24, and what holds for every sequence.

use proptest::prelude::*;

use super::*;
use crate::{
    decider::Decider as _,
    holder::{Holder, HolderCommand, HolderEvent},
    ids::SecretRef,
    policy::Policy,
    samples::{no_change, registered, registration, secret, set},
    testing::{day, given, instant},
};

const DAY: &str = "2025-06-01";

fn blanked(kind: OptionalKind) -> HolderEvent {
    HolderEvent::PasscodeBlanked { kind, on: day(DAY) }
}

fn compared(events: impl IntoIterator<Item = HolderEvent>) -> Vec<SecretRef> {
    let now = given::<Holder>(registration(DAY)).and(instant("2025-06-01T10:00:00Z"), events);
    now.on(DAY).see(|ctx, holder| {
        holder.passcodes().compare_with(Kind::Verification, ctx.policy()).to_vec()
    })
}

#[test]
fn b22_after_six_values_the_last_five_are_compared_with_and_the_first_is_not() {
    let events = (10..16).map(|n| set(Kind::Verification, DAY, n));
    assert_eq!(compared(events), (11..16).map(secret).collect::<Vec<_>>());
}

#[test]
fn b22_of_two_values_both_are_compared_with_the_current_one_included() {
    let events = (10..12).map(|n| set(Kind::Verification, DAY, n));
    assert_eq!(compared(events), [secret(10), secret(11)]);
}

#[test]
fn b22_each_kind_has_a_history_of_its_own() {
    let events = [set(Kind::AccountRecovery, DAY, 10), set(Kind::Smartcard, DAY, 11)];
    assert_eq!(compared(events), []);
}

#[test]
fn b24_blank_takes_no_slot_and_clears_nothing() {
    let events = [
        set(Kind::Verification, DAY, 10),
        blanked(OptionalKind::Verification),
        set(Kind::Verification, DAY, 11),
    ];
    assert_eq!(compared(events), [secret(10), secret(11)]);
    let events = [set(Kind::Verification, DAY, 10), blanked(OptionalKind::Verification)];
    assert_eq!(compared(events), [secret(10)]);
}

#[test]
fn p22_the_vault_may_forget_what_is_compared_with_no_more() {
    let events: Vec<_> = (10..16).map(|n| set(Kind::Verification, DAY, n)).collect();
    let kept = registered(DAY)
        .and(instant("2025-06-01T10:00:00Z"), events)
        .on(DAY)
        .see(|ctx, holder| holder.passcodes().kept(ctx.policy()));
    assert_eq!(kept, [1, 11, 12, 13, 14, 15].map(secret));
}

/// Any event of the passcode part, references not repeated.
fn any_event() -> impl Strategy<Value = HolderEvent> {
    let kind = prop::sample::select(Kind::ALL.to_vec());
    let optional = prop::sample::select(OptionalKind::ALL.to_vec());
    prop_oneof![
        5 => (kind.clone(), any::<u128>()).prop_map(|(kind, n)| set(kind, DAY, n)),
        2 => optional.prop_map(blanked),
        1 => any::<u128>().prop_map(|n| HolderEvent::PasscodeChangedElsewhere { secret: secret(n) }),
        1 => kind.prop_map(|kind| HolderEvent::UsedBeforeRefused { kind }),
        2 => Just(HolderEvent::HolderRegistered {}),
    ]
}

/// The references that an event sets for `kind`.
fn sets(kind: Kind, event: &HolderEvent) -> Option<SecretRef> {
    match event {
        HolderEvent::PasscodeSet { kind: of, secret, .. } if *of == kind => Some(*secret),
        HolderEvent::PasscodeChangedElsewhere { secret } if kind == Kind::Smartcard => {
            Some(*secret)
        }
        HolderEvent::PasscodeSet { .. }
        | HolderEvent::PasscodeChangedElsewhere { .. }
        | HolderEvent::HolderRegistered {}
        | HolderEvent::CardIssued(_)
        | HolderEvent::PasscodeBlanked { .. }
        | HolderEvent::UsedBeforeRefused { .. }
        | HolderEvent::SelfServiceRefused { .. }
        | HolderEvent::HistoryCyclingFlagged { .. }
        | HolderEvent::LogonRefused { .. }
        | HolderEvent::AlertRaised { .. }
        | HolderEvent::AlertDeclined { .. }
        | HolderEvent::RenewalForced { .. }
        | HolderEvent::LockAnnounced { .. }
        | HolderEvent::AccountLocked { .. }
        | HolderEvent::RestrictedSessionOpened { .. }
        | HolderEvent::CardUpdateBegun { .. }
        | HolderEvent::CardUpdateResumed { .. }
        | HolderEvent::CardWriteOpened { .. }
        | HolderEvent::CardKeyMade { .. }
        | HolderEvent::CardKeyKept(_)
        | HolderEvent::CertificateIssued { .. }
        | HolderEvent::CertificateAbandoned { .. }
        | HolderEvent::CertificateWritten { .. }
        | HolderEvent::CertificatesRenewed { .. }
        | HolderEvent::CardUpdateAbandoned { .. }
        | HolderEvent::RenewalAcknowledged { .. }
        | HolderEvent::CertificatesRevoked { .. }
        | HolderEvent::RenewalAuthorised { .. }
        | HolderEvent::Desk(_)
        | HolderEvent::CertificateAlertRaised { .. }
        | HolderEvent::RaRenewalNeeded { .. }
        | HolderEvent::RenewalObstructed { .. }
        | HolderEvent::RenewalDeferred { .. }
        | HolderEvent::RegistrationBegun { .. }
        | HolderEvent::RegistrationCompleted { .. }
        | HolderEvent::RegistrationCancelled { .. }
        | HolderEvent::RegistrationRedirected { .. }
        | HolderEvent::CodeSent { .. }
        | HolderEvent::CodeRefused { .. }
        | HolderEvent::CodeVoided { .. }
        | HolderEvent::CodeAccepted { .. }
        | HolderEvent::UnlockPaused { .. }
        | HolderEvent::UnlockStarted { .. }
        | HolderEvent::QuestionsDrawn { .. }
        | HolderEvent::UnlockRefused { .. }
        | HolderEvent::AnswersWrong { .. }
        | HolderEvent::AnswersRight { .. }
        | HolderEvent::SelfServiceBlocked { .. }
        | HolderEvent::RecoveryPasscodeWrong { .. }
        | HolderEvent::RecoveryPasscodeBlocked { .. }
        | HolderEvent::RecoveryPasscodeRight { .. }
        | HolderEvent::UnlockCompleted { .. }
        | HolderEvent::PukRecorded { .. }
        | HolderEvent::PukReleased { .. }
        | HolderEvent::PukProbed { .. }
        | HolderEvent::PukSettled { .. }
        | HolderEvent::PukRuledOut { .. }
        | HolderEvent::PukLost { .. }
        | HolderEvent::PukReplaced { .. } => None,
    }
}

fn any_optional() -> impl Strategy<Value = Optional> {
    prop_oneof![
        Just(Optional::Keep),
        Just(Optional::Blank),
        (1_000..2_000_u128).prop_map(|n| Optional::Set(secret(n))),
    ]
}

fn any_changes() -> impl Strategy<Value = Changes> {
    (prop::option::of(1_000..2_000_u128), any_optional(), any_optional()).prop_map(
        |(smartcard, account_recovery, verification)| Changes {
            smartcard: smartcard.map(|n| CardChange { secret: secret(n) }),
            account_recovery,
            verification,
            ..no_change()
        },
    )
}

proptest! {
    #[test]
    fn b22_for_any_history_exactly_the_last_five_values_set_are_compared_with(
        events in prop::collection::vec(any_event(), 0..80),
    ) {
        let policy = Policy::seed();
        let at = instant("2025-06-01T10:00:00Z");
        let holder = events.iter().fold(Holder::default(), |holder, event| holder.evolve(at, event));
        for kind in Kind::ALL {
            let all: Vec<_> = events.iter().filter_map(|event| sets(kind, event)).collect();
            let last_five = &all[all.len().saturating_sub(5)..];
            prop_assert_eq!(holder.passcodes().compare_with(kind, &policy), last_five);
        }
    }

    #[test]
    fn b28_deciding_the_same_update_again_gives_no_further_event(
        changes in any_changes(),
        set_before in prop::collection::vec(any_event(), 0..20),
    ) {
        let given = registered(DAY).and(instant("2025-06-01T10:00:00Z"), set_before);
        given.on(DAY).see(|ctx, holder| {
            let command = HolderCommand::ChangePasscodes(changes);
            let Ok(events) = holder.decide(ctx, command.clone()) else { return Ok(()) };
            let after = events.iter().fold(holder.clone(), |holder, event| holder.evolve(ctx.now, event));
            prop_assert_eq!(after.decide(ctx, command).unwrap_or_default(), vec![]);
            Ok(())
        })?;
    }

    #[test]
    fn p10_p12_what_is_accepted_has_8_to_20_characters_and_no_outer_space(text in "\\PC{0,24}") {
        if let Ok(passcode) = Passcode::parse(OptionalKind::Verification, &text, &Policy::seed()) {
            let accepted = std::str::from_utf8(passcode.bytes()).unwrap();
            prop_assert!((8..=20).contains(&accepted.chars().count()));
            prop_assert_eq!(accepted.trim(), accepted);
        }
    }

    #[test]
    fn p06_what_is_accepted_has_4_to_8_printable_bytes(new in prop::collection::vec(any::<u8>(), 0..12)) {
        let accepted = Policy::seed().smartcard.broken_by(&new).is_none();
        let expected = (4..=8).contains(&new.len()) && new.iter().all(|byte| (0x21..=0x7e).contains(byte));
        prop_assert_eq!(accepted, expected);
    }
}
