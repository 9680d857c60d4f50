//! Who may renew, how often, and what counts.

use super::*;
use crate::passcode::Kind;

fn authorise() -> HolderCommand {
    HolderCommand::AuthoriseRenewal(Visit {
        evidence: IdentityEvidence::Passport,
        place: "Ward office".to_owned(),
    })
}

fn authorised(until: &str) -> HolderEvent {
    HolderEvent::RenewalAuthorised {
        card: card().card,
        until: instant(until),
        evidence: IdentityEvidence::Passport,
        place: "Ward office".to_owned(),
    }
}

fn counter_after(given: Given<Holder>) -> u8 {
    done(written(given.on("2027-02-20")), COMMIT)
        .see(|_, holder| holder.certificate_records().self_renewals())
}

#[test]
fn c03_two_self_renewals_are_made_without_the_registration_authority() {
    assert_eq!(counter_after(holder()), 1);
    let once = || holder().and(instant("2026-12-01T12:00:00Z"), [renewed(Renewer::Holder, 1)]);
    assert_eq!(counter_after(once()), 2);
    once().on("2027-02-20").see(|ctx, holder| {
        assert_eq!(holder.certificates(ctx).unwrap().self_renewals_left, 1);
    });
}

#[test]
fn c04_the_third_renewal_is_refused_until_the_registration_authority_has_verified_who_it_is() {
    used_up().on("2027-02-20").when(begin()).then_refused(Refusal::RaVisitRequired);
    used_up()
        .at("2027-02-20T12:00:00Z")
        .when(authorise())
        .then([authorised("2027-02-20T12:30:00Z")])
        .when(begin())
        .then([begun("2027-02-20", Renewer::Authority)]);
}

#[test]
fn c04_the_authoritys_leave_holds_for_half_an_hour_and_for_this_card() {
    let given =
        || used_up().and(instant("2027-02-20T12:00:00Z"), [authorised("2027-02-20T12:30:00Z")]);
    assert_eq!(may_renew(given(), "2027-02-20T12:29:59Z"), Ok(Renewer::Authority));
    assert_eq!(may_renew(given(), "2027-02-20T12:30:00Z"), Err(Refusal::RaVisitRequired));
    let other = HolderEvent::RenewalAuthorised {
        card: serial("00FF"),
        until: instant("2027-02-20T12:30:00Z"),
        evidence: IdentityEvidence::Passport,
        place: "Ward office".to_owned(),
    };
    let of_other = used_up().and(instant("2027-02-20T12:00:00Z"), [other]);
    assert_eq!(may_renew(of_other, "2027-02-20T12:10:00Z"), Err(Refusal::RaVisitRequired));
}

#[test]
fn c04_the_authoritys_leave_is_over_after_half_an_hour_in_a_session_that_was_opened_within_it() {
    let authorised = authorised("2027-02-20T12:30:00Z");
    let given = || used_up().and(instant("2027-02-20T12:00:00Z"), [authorised.clone()]);
    let begin = || begin_in_session_of(instant("2027-02-20T12:05:00Z"));
    let by_leave = begun("2027-02-20", Renewer::Authority);
    given().at("2027-02-20T12:29:59Z").when(begin()).then([by_leave]);
    given().at("2027-02-20T12:30:00Z").when(begin()).then_refused(Refusal::RaVisitRequired);
    // Whoever could renew himself when he logged on still can (B-10).
    let own = || {
        holder().and(
            instant("2027-03-10T08:00:00Z"),
            [HolderEvent::RenewalAuthorised {
                card: card().card,
                until: instant("2027-03-10T08:30:00Z"),
                evidence: IdentityEvidence::Passport,
                place: "Ward office".to_owned(),
            }],
        )
    };
    let begin = begin_in_session_of(instant("2027-03-10T08:10:00Z"));
    own().at("2027-03-10T10:00:00Z").when(begin).then([begun("2027-03-10", Renewer::Holder)]);
}

#[test]
fn c04_an_identity_check_without_a_place_is_none() {
    for (place, is_one) in [
        (String::new(), false),
        ("  ".to_owned(), false),
        ("x".repeat(PLACE_CHARACTERS_MAX), true),
        ("x".repeat(PLACE_CHARACTERS_MAX + 1), false),
        ("Ward\noffice".to_owned(), false),
        ("Ward\u{1b}[2J".to_owned(), false),
    ] {
        let visit = Visit { evidence: IdentityEvidence::Passport, place };
        let when = used_up().on("2027-02-20").when(HolderCommand::AuthoriseRenewal(visit));
        if is_one {
            assert_eq!(when.then_see().len(), 1);
        } else {
            when.then_refused(Refusal::PlaceNotValid);
        }
    }
}

#[test]
fn b49_a_renewal_with_the_authority_or_a_new_card_sets_the_count_back_and_belongs_to_the_person() {
    let with_authority =
        used_up().and(instant("2027-02-20T12:00:00Z"), [authorised("2027-02-20T12:30:00Z")]);
    assert_eq!(counter_after(with_authority), 0);
    let issued = used_up().and(instant("2027-01-20T12:00:00Z"), [HolderEvent::CardIssued(card())]);
    assert_eq!(counter_after(issued), 1);
    let six = [
        (Renewer::Holder, 1),
        (Renewer::Holder, 2),
        (Renewer::Authority, 0),
        (Renewer::Holder, 1),
        (Renewer::Holder, 2),
    ];
    let events = six.map(|(by, self_renewals)| renewed(by, self_renewals));
    let all = holder().and(instant("2026-12-01T12:00:00Z"), events);
    all.on("2027-02-20").when(begin()).then_refused(Refusal::RaVisitRequired);
}

#[test]
fn b50_only_a_committed_renewal_counts_and_it_counts_once() {
    let before =
        |when: &When<Holder>| when.see(|_, holder| holder.certificate_records().self_renewals());
    let when = written(holder().on("2027-02-20"));
    assert_eq!(before(&when), 0);
    let resumed = HolderCommand::ResumeCardUpdate { update: UPDATE, job: Uuid::from_u128(201) };
    let when = done(when, resumed);
    assert_eq!(before(&when), 0);
    let commit = HolderCommand::CommitCardUpdate { update: UPDATE, job: Uuid::from_u128(201) };
    let when = done(when, commit.clone());
    assert_eq!(before(&when), 1);
    when.when(commit).then([]);
}

#[test]
fn b50_an_update_whose_place_another_has_taken_does_not_count() {
    let begun = || done(holder().on("2027-02-20"), begin());
    let another = HolderCommand::BeginCardUpdate {
        update: CommandId(Uuid::from_u128(101)),
        job: JOB,
        proof: proof(),
        logged_on_at: DateTime::<Utc>::MAX_UTC,
        asked_at: DateTime::<Utc>::MAX_UTC,
    };
    let abandoned = HolderEvent::CardUpdateAbandoned { update: UPDATE };
    let events = begun().when(another.clone()).then_see();
    assert_eq!(events.first(), Some(&abandoned));
    done(begun(), another)
        .see(|_, holder| assert_eq!(holder.certificate_records().self_renewals(), 0));
}

#[test]
fn b51_who_cannot_renew_himself_is_told_and_not_restricted_unless_policy_says_so() {
    let restrict = Policy { forced_when_ra_required: RaRequired::Restrict, ..Policy::seed() };
    for (left, at) in [(21, "2027-02-17T12:00:00Z"), (15, "2027-02-23T12:00:00Z")] {
        assert_eq!(verdict(used_up(), at), Ok(Verdict::Full), "{left} left");
    }
    let strict = |at: &str| verdict(used_up().under(restrict.clone()), at);
    assert_eq!(strict("2027-02-17T12:00:00Z"), Ok(Verdict::Full));
    assert_eq!(strict("2027-02-18T12:00:00Z"), Ok(Verdict::Restricted));
}

#[test]
fn b52_after_expiry_the_authority_alone_lets_the_holder_renew() {
    holder().on("2027-03-11").when(begin()).then_refused(Refusal::Expired);
    holder()
        .at("2027-03-11T12:00:00Z")
        .when(authorise())
        .then([authorised("2027-03-11T12:30:00Z")])
        .when(begin())
        .then([begun("2027-03-11", Renewer::Authority)]);
}

#[test]
fn b10_what_was_in_the_window_at_the_logon_is_renewed_after_the_last_instant_of_validity() {
    let late = || holder().at("2027-03-10T10:00:00Z");
    let begun = begun("2027-03-10", Renewer::Holder);
    late().when(begin_in_session_of(instant("2027-03-10T08:59:00Z"))).then([begun]);
    let after = begin_in_session_of(instant("2027-03-10T09:00:01Z"));
    late().when(after).then_refused(Refusal::Expired);
    let too_long_ago = begin_in_session_of(instant("2027-03-09T20:00:00Z"));
    holder().at("2027-03-10T21:00:01Z").when(too_long_ago).then_refused(Refusal::Expired);
}

#[test]
fn b10_an_update_that_was_begun_and_left_for_half_a_day_has_to_be_allowed_again() {
    let begun = || {
        let event = begun("2027-03-10", Renewer::Holder);
        holder().and(instant("2027-03-10T08:00:00Z"), [event])
    };
    let open = || open_write(Slot::Authentication, Write::KeyPair);
    let opened = opened(Slot::Authentication, Write::KeyPair);
    begun().at("2027-03-10T19:59:59Z").when(open()).then([opened]);
    begun().at("2027-03-10T20:00:00Z").when(open()).then_refused(Refusal::Expired);
}

#[test]
fn b18_a_forced_passcode_comes_first_and_then_the_certificates() {
    // The smartcard passcode expires on 2027-02-20.
    let both = || registered("2026-02-20");
    let kind = Kind::Smartcard;
    both().on("2027-02-19").when(begin()).then([begun("2027-02-19", Renewer::Holder)]);
    both().on("2027-02-20").when(begin()).then_refused(Refusal::PasscodesFirst { kind });
    let changed = both().and(instant("2027-02-20T10:00:00Z"), [set(kind, "2027-02-20", 5)]);
    changed.on("2027-02-20").when(begin()).then([begun("2027-02-20", Renewer::Holder)]);
}

#[test]
fn b18_a_locked_account_renews_nothing() {
    let since = day("2027-03-01");
    let locked = registered("2026-02-08").on("2027-03-01");
    let kind = Kind::Smartcard;
    locked.when(begin()).then_refused(crate::passcode::Refusal::AccountLocked { kind, since });
}

#[test]
fn b54_the_old_pair_is_superseded_and_revoked_only_if_policy_says_so() {
    let revoking = Policy { revoke_superseded: true, ..Policy::seed() };
    for (policy, expected) in [(Policy::seed(), false), (revoking, true)] {
        let when = written(holder().under(policy).on("2027-02-20")).when(COMMIT);
        let events = when.then_see();
        let [HolderEvent::CertificatesRenewed { superseded, superseded_revoked, .. }] =
            events.as_slice()
        else {
            panic!("{events:?}");
        };
        let serials: Vec<_> = superseded.iter().map(CertificateSerial::as_str).collect();
        assert_eq!((serials, *superseded_revoked), (vec!["0a01", "0a02"], expected));
    }
}

#[test]
fn c12_c13_b56_a_renewal_holds_before_anybody_presses_continue() {
    let renewed = done(written(holder().on("2027-02-20")), COMMIT);
    renewed.see(|ctx, holder| {
        let standing = holder.certificates(ctx).unwrap();
        assert_eq!(standing.phase, Phase::Quiet);
        assert_eq!(holder.card().unwrap().keys.authentication, key(1));
    });
    let pressed = HolderCommand::AcknowledgeRenewal { update: UPDATE };
    let acknowledged = HolderEvent::RenewalAcknowledged { update: UPDATE };
    renewed.when(pressed.clone()).then([acknowledged]).when(pressed).then([]);
    holder()
        .on("2027-02-20")
        .when(HolderCommand::AcknowledgeRenewal { update: UPDATE })
        .then_refused(Refusal::NoUpdate);
}
