//! B-55: a card between old and new.

use super::*;
use crate::card::{KeptKey, SlotState, WRITES_MAX};

fn begun_on_the_20th() -> When<Holder> {
    done(holder().on("2027-02-20"), begin())
}

fn signer(when: &When<Holder>) -> (Slot, PublicKey) {
    when.see(|_, holder| holder.card_update().unwrap().signer(holder.card().unwrap()))
}

#[test]
fn c09_c10_one_agreement_begins_an_update_of_both_certificates() {
    let when = done(written(holder().on("2027-02-20")), COMMIT);
    when.see(|_, holder| {
        assert_eq!(holder.card_update(), None);
        let serials: Vec<_> =
            holder.card().unwrap().certificates.iter().map(|c| c.serial.as_str()).collect();
        assert_eq!(serials, ["0b01", "0b02"]);
    });
}

#[test]
fn b55_the_key_that_agrees_is_9a_once_it_was_shown_and_9c_while_9a_is_between_two_keys() {
    let old = card().keys;
    let when = begun_on_the_20th();
    assert_eq!(signer(&when), (Slot::Authentication, old.authentication));
    let when = done(when, open_write(Slot::Authentication, Write::KeyPair));
    assert_eq!(signer(&when), (Slot::Signature, old.signature));
    // A key that is journalled has not signed in its slot before its certificate is read back.
    let when = done(when, note_key(Slot::Authentication, 1));
    assert_eq!(signer(&when), (Slot::Signature, card().keys.signature));
    let when = done(when, note_issued(Slot::Authentication, "0b01"));
    assert_eq!(signer(&when), (Slot::Signature, card().keys.signature));
    let when = done(when, note_written(Slot::Authentication));
    assert_eq!(signer(&when), (Slot::Authentication, key(1)));
    let when = done(when, open_write(Slot::Signature, Write::KeyPair));
    assert_eq!(signer(&when), (Slot::Authentication, key(1)));
    // To write the certificate once more leaves the key as it is.
    let again = done(when, open_write(Slot::Authentication, Write::Certificate));
    assert_eq!(signer(&again), (Slot::Authentication, key(1)));
    let when = done(again, note_written(Slot::Authentication));
    let when = [
        note_key(Slot::Signature, 2),
        note_issued(Slot::Signature, "0b02"),
        note_written(Slot::Signature),
        open_write(Slot::Authentication, Write::KeyPair),
    ]
    .into_iter()
    .fold(when, done);
    assert_eq!(signer(&when), (Slot::Signature, key(2)));
}

#[test]
fn b55_9a_comes_first_and_no_slot_is_opened_while_the_other_is_between_two_keys() {
    let out_of_order = |when: When<Holder>, command| {
        when.when(command).then_refused(Refusal::OutOfOrder);
    };
    let signature = || open_write(Slot::Signature, Write::KeyPair);
    out_of_order(begun_on_the_20th(), signature());
    let opened = || done(begun_on_the_20th(), open_write(Slot::Authentication, Write::KeyPair));
    out_of_order(opened(), signature());
    let issued = [note_key(Slot::Authentication, 1), note_issued(Slot::Authentication, "0b01")]
        .into_iter()
        .fold(opened(), done);
    out_of_order(issued, signature());
    let first = slot_written(begun_on_the_20th(), Slot::Authentication, 1);
    let first_again = || open_write(Slot::Authentication, Write::KeyPair);
    let second_opened = || {
        let first = slot_written(begun_on_the_20th(), Slot::Authentication, 1);
        done(first, signature())
    };
    out_of_order(done(first, signature()), first_again());
    let made = || done(second_opened(), note_key(Slot::Signature, 2));
    out_of_order(made(), first_again());
    let issued = || done(made(), note_issued(Slot::Signature, "0b02"));
    out_of_order(issued(), first_again());
    // 9C's certificate waits for 9A, too.
    let first_reopened = done(done(issued(), note_written(Slot::Signature)), first_again());
    out_of_order(first_reopened, open_write(Slot::Signature, Write::Certificate));
}

#[test]
fn b55_a_key_that_was_given_up_does_not_come_back() {
    let again = || open_write(Slot::Authentication, Write::KeyPair);
    let opened = || done(begun_on_the_20th(), again());
    // Only made, and issued and written: both are given up.
    let made = done(opened(), note_key(Slot::Authentication, 1));
    let written = slot_written(begun_on_the_20th(), Slot::Authentication, 1);
    for when in [made, written] {
        let when = done(when, again());
        let when = when.when(note_key(Slot::Authentication, 1)).then_refused(Refusal::KeyNotNew);
        done(when, note_key(Slot::Authentication, 2));
    }
}

#[test]
fn b55_each_opening_for_a_key_has_its_number_and_a_certificate_changes_none() {
    let openings = |when: &When<Holder>| {
        when.see(|_, holder| {
            let open = holder.card_update().unwrap();
            Slot::ALL.map(|slot| open.openings(slot))
        })
    };
    assert_eq!(openings(&begun_on_the_20th()), [0, 0]);
    let first = slot_written(begun_on_the_20th(), Slot::Authentication, 1);
    assert_eq!(openings(&first), [1, 0]);
    let second = slot_written(first, Slot::Signature, 2);
    assert_eq!(openings(&second), [1, 1]);
    let again = done(second, open_write(Slot::Authentication, Write::KeyPair));
    assert_eq!(openings(&again), [2, 1]);
}

#[test]
fn b55_steps_that_are_skipped_are_refused() {
    for (when, command) in [
        (begun_on_the_20th(), note_key(Slot::Authentication, 1)),
        (begun_on_the_20th(), note_issued(Slot::Authentication, "0b01")),
        (begun_on_the_20th(), note_written(Slot::Authentication)),
        (begun_on_the_20th(), open_write(Slot::Authentication, Write::Certificate)),
        (begun_on_the_20th(), COMMIT),
        (slot_written(begun_on_the_20th(), Slot::Authentication, 1), COMMIT),
    ] {
        when.when(command).then_refused(Refusal::OutOfOrder);
    }
}

#[test]
fn b55_a_repeated_step_changes_nothing() {
    let steps = [
        note_key(Slot::Authentication, 1),
        note_issued(Slot::Authentication, "0b01"),
        note_written(Slot::Authentication),
    ];
    let mut when = done(begun_on_the_20th(), open_write(Slot::Authentication, Write::KeyPair));
    for step in steps {
        when = done(when, step.clone()).when(step).then([]);
    }
    when.when(begin()).then([]);
}

#[test]
fn b55_a_key_that_was_made_again_gives_up_the_certificate_of_the_one_before() {
    let first = slot_written(begun_on_the_20th(), Slot::Authentication, 1);
    let abandoned =
        HolderEvent::CertificateAbandoned { update: UPDATE, serial: "0b01".parse().unwrap() };
    let again = first
        .when(open_write(Slot::Authentication, Write::KeyPair))
        .then([opened(Slot::Authentication, Write::KeyPair), abandoned]);
    again.see(|_, holder| {
        let open = holder.card_update().unwrap();
        assert_eq!(*open.slot(Slot::Authentication), SlotState::Opened);
        assert_eq!(open.secrets().count(), 0);
    });
    // Before it was issued there is nothing to give up.
    let made = done(
        done(begun_on_the_20th(), open_write(Slot::Authentication, Write::KeyPair)),
        note_key(Slot::Authentication, 1),
    );
    let open = open_write(Slot::Authentication, Write::KeyPair);
    made.when(open).then([opened(Slot::Authentication, Write::KeyPair)]);
}

#[test]
fn b55_a_key_that_the_card_had_before_is_not_a_new_one() {
    let opened = || done(begun_on_the_20th(), open_write(Slot::Authentication, Write::KeyPair));
    let keys = card().keys;
    for key in [keys.authentication, keys.signature, keys.card_authentication] {
        let (slot, request) = (Slot::Authentication, String::new());
        let note = HolderCommand::NoteKeyMade { update: UPDATE, job: JOB, slot, key, request };
        opened().when(note).then_refused(Refusal::KeyNotNew);
    }
    let first = slot_written(begun_on_the_20th(), Slot::Authentication, 1);
    let second = done(first, open_write(Slot::Signature, Write::KeyPair));
    second.when(note_key(Slot::Signature, 1)).then_refused(Refusal::KeyNotNew);
}

#[test]
fn b55_another_visit_takes_the_update_up_and_steps_of_the_one_before_are_refused() {
    let job = Uuid::from_u128(201);
    let resume = HolderCommand::ResumeCardUpdate { update: UPDATE, job };
    let when = done(begun_on_the_20th(), open_write(Slot::Authentication, Write::KeyPair));
    let resumed = HolderEvent::CardUpdateResumed { update: UPDATE, job };
    let when = when.when(resume.clone()).then([resumed]).when(resume).then([]);
    when.when(note_key(Slot::Authentication, 1)).then_refused(Refusal::OtherJob);
}

#[test]
fn b55_an_update_that_is_over_or_never_was_cannot_be_gone_on_with() {
    let resume = || HolderCommand::ResumeCardUpdate { update: UPDATE, job: JOB };
    holder().on("2027-02-20").when(resume()).then_refused(Refusal::NoUpdate);
    let done = done(written(holder().on("2027-02-20")), COMMIT);
    let done = done.when(resume()).then([]).when(begin()).then([]);
    let open = open_write(Slot::Authentication, Write::KeyPair);
    done.when(open).then_refused(Refusal::NoUpdate);
}

#[test]
fn b55_a_new_update_takes_the_place_of_one_that_was_not_touched_and_of_no_other() {
    let other = CommandId(Uuid::from_u128(101));
    let again = |update| HolderCommand::BeginCardUpdate {
        update,
        job: JOB,
        proof: proof(),
        logged_on_at: DateTime::<Utc>::MAX_UTC,
        asked_at: DateTime::<Utc>::MAX_UTC,
    };
    let given_up = HolderEvent::CardUpdateAbandoned { update: UPDATE };
    let begun = HolderEvent::CardUpdateBegun {
        update: other,
        card: card().card,
        by: Renewer::Holder,
        job: JOB,
        on: day("2027-02-20"),
    };
    begun_on_the_20th().when(again(other)).then([given_up, begun]);
    let touched = done(begun_on_the_20th(), open_write(Slot::Authentication, Write::KeyPair));
    touched.when(again(other)).then_refused(Refusal::UpdateOpen);
}

#[test]
fn b55_the_card_is_opened_40_times_in_an_update_and_not_once_more() {
    let mut when = begun_on_the_20th();
    for _ in 0..WRITES_MAX {
        when = done(when, open_write(Slot::Authentication, Write::KeyPair));
    }
    let when = when
        .when(open_write(Slot::Authentication, Write::KeyPair))
        .then_refused(Refusal::WritesSpent);
    // The registration authority lets him try on.
    let visit = Visit { evidence: IdentityEvidence::Passport, place: "Ward".to_owned() };
    let when = done(when, HolderCommand::AuthoriseRenewal(visit));
    let when = done(when, open_write(Slot::Authentication, Write::KeyPair));
    // And no opening is taken for one of those before: the card's challenge hangs on it.
    when.see(|_, holder| {
        let open = holder.card_update().unwrap();
        assert_eq!((open.writes, open.last_opening), (1, u32::from(WRITES_MAX) + 1));
    });
}

#[test]
fn b55_who_has_begun_to_write_finishes_after_the_old_certificates_have_expired() {
    let touched =
        [begun("2027-03-10", Renewer::Holder), opened(Slot::Authentication, Write::KeyPair)];
    let given = || holder().and(instant("2027-03-10T08:59:00Z"), touched.clone());
    assert_eq!(verdict(given(), "2027-04-10T12:00:00Z"), Ok(Verdict::Restricted));
    given().on("2027-04-10").when(note_key(Slot::Authentication, 1)).then_see();
}

#[test]
fn b55_a_card_between_old_and_new_does_nothing_but_finish() {
    let touched = done(begun_on_the_20th(), open_write(Slot::Authentication, Write::KeyPair));
    touched.see(|ctx, holder| {
        let proof = Authenticated::by_card(ctx, holder, &card().card).unwrap();
        let check = logon::check(ctx, holder, &proof);
        assert_eq!(check.verdict, Verdict::Restricted);
        let due = check.certificates.unwrap();
        assert!(due.update_open && !due.may_decline);
        assert_eq!(due.rule().as_str(), "B-55");
    });
    let change = |asked_at| {
        HolderCommand::ChangePasscodes(crate::passcode::Changes {
            asked_at,
            smartcard: Some(crate::passcode::CardChange { secret: secret(9) }),
            ..no_change()
        })
    };
    let touched = touched.when(change(DateTime::<Utc>::MAX_UTC)).then_refused(Refusal::UpdateOpen);
    // What was asked for before it began has to be recorded, however late the card tells of it.
    touched.when(change(instant("2027-02-20T11:59:59Z"))).then([set(
        crate::passcode::Kind::Smartcard,
        "2027-02-20",
        9,
    )]);
}

#[test]
fn b55_the_vault_keeps_the_certificates_of_an_open_update() {
    let issued = [
        open_write(Slot::Authentication, Write::KeyPair),
        note_key(Slot::Authentication, 1),
        note_issued(Slot::Authentication, "0b01"),
    ];
    let when = issued.into_iter().fold(begun_on_the_20th(), done);
    when.see(|ctx, holder| {
        assert_eq!(holder.kept(ctx.policy()), [secret(1), secret(7), secret(PUK)]);
    });
    let when = done(written(holder().on("2027-02-20")), COMMIT);
    when.see(|ctx, holder| assert_eq!(holder.kept(ctx.policy()), [secret(1), secret(PUK)]));
}

fn note_kept(slot: Slot, opening: u32) -> HolderCommand {
    HolderCommand::NoteKeyKept { job: JOB, kept: KeptKey { update: UPDATE, slot, opening } }
}

#[test]
fn b55_a_slot_that_has_shown_its_old_key_is_as_it_was_and_9a_agrees_again() {
    let opened = || done(begun_on_the_20th(), open_write(Slot::Authentication, Write::KeyPair));
    let kept = KeptKey { update: UPDATE, slot: Slot::Authentication, opening: 1 };
    let when = opened().when(note_kept(Slot::Authentication, 1));
    let when = when.then([HolderEvent::CardKeyKept(kept)]);
    assert_eq!(signer(&when), (Slot::Authentication, card().keys.authentication));
    when.see(|_, holder| assert!(!holder.card_update().unwrap().is_touched()));
    // The same once more, and the next opening is another.
    let when = when.when(note_kept(Slot::Authentication, 1)).then([]);
    let when = done(when, open_write(Slot::Authentication, Write::KeyPair));
    let when = when.when(note_kept(Slot::Authentication, 1)).then_refused(Refusal::OutOfOrder);
    let when = done(when, note_kept(Slot::Authentication, 2));
    done(written(when), COMMIT);
}

#[test]
fn b55_a_slot_that_has_made_a_key_has_not_kept_the_old_one() {
    let second = slot_written(begun_on_the_20th(), Slot::Authentication, 1);
    second.when(note_kept(Slot::Authentication, 2)).then_refused(Refusal::OutOfOrder);
    let second = slot_written(begun_on_the_20th(), Slot::Authentication, 1);
    let opened = done(second, open_write(Slot::Signature, Write::KeyPair));
    let when = done(opened, note_kept(Slot::Signature, 3));
    // 9A is new all the same.
    assert_eq!(signer(&when), (Slot::Authentication, key(1)));
    when.see(|_, holder| assert!(holder.card_update().unwrap().is_touched()));
}
