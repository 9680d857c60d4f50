//! What certificates do to a logon.

use super::*;
use crate::certificate::Due;

#[test]
fn a02_c07_a_logon_with_21_days_left_is_full_and_with_20_restricted() {
    assert_eq!(verdict(holder(), "2027-02-07T12:00:00Z"), Ok(Verdict::Full));
    assert_eq!(verdict(holder(), "2027-02-17T12:00:00Z"), Ok(Verdict::Full));
    assert_eq!(verdict(holder(), "2027-02-18T12:00:00Z"), Ok(Verdict::Restricted));
    assert_eq!(verdict(holder(), ENDS), Ok(Verdict::Restricted));
}

#[test]
fn b52_a_card_with_expired_certificates_logs_nobody_on() {
    let expired = Err(LogonRefusal::CertificatesExpired);
    assert_eq!(verdict(holder(), "2027-03-10T09:00:01Z"), expired);
    assert_eq!(LogonRefusal::CertificatesExpired.rule().as_str(), "B-52");
}

#[test]
fn b52_c04_who_may_renew_by_leave_of_the_authority_logs_on_to_do_that() {
    let authorised = HolderEvent::RenewalAuthorised {
        card: card().card,
        until: instant("2027-03-11T12:30:00Z"),
        evidence: IdentityEvidence::PhotographOnRecord,
        place: "Ward office".to_owned(),
    };
    let given = || holder().and(instant("2027-03-11T12:00:00Z"), [authorised.clone()]);
    assert_eq!(verdict(given(), "2027-03-11T12:29:59Z"), Ok(Verdict::Restricted));
    let lapsed = Err(LogonRefusal::CertificatesExpired);
    assert_eq!(verdict(given(), "2027-03-11T12:30:00Z"), lapsed);
    // A service has nothing to renew there.
    given().at("2027-03-11T12:29:59Z").see(|ctx, holder| {
        let vouched = Authenticated::vouched_by_service(ctx, holder, &"0a01".parse().unwrap());
        assert_eq!(vouched, Err(LogonRefusal::CertificatesExpired));
    });
}

#[test]
fn a01_a_logon_says_what_is_due_of_the_certificates() {
    let due = |given: Given<Holder>, on: &str| -> Option<Due> {
        given.on(on).see(|ctx, holder| {
            let proof = Authenticated::by_card(ctx, holder, &card().card).unwrap();
            logon::check(ctx, holder, &proof).certificates
        })
    };
    assert_eq!(due(holder(), "2027-02-07"), None);
    let alert = due(holder(), "2027-02-08").unwrap();
    assert_eq!((alert.phase, alert.days_left, alert.may_decline), (Phase::Alert, 30, true));
    let forced = due(holder(), "2027-02-18").unwrap();
    assert_eq!((forced.phase, forced.days_left, forced.may_decline), (Phase::Forced, 20, false));
    let rules = [
        (alert.rule(), "C-05"),
        (forced.rule(), "C-07"),
        (due(used_up(), "2027-02-18").unwrap().rule(), "B-51"),
    ];
    assert!(rules.iter().all(|(rule, expected)| rule.as_str() == *expected));
}

#[test]
fn b17_a_forced_renewal_may_be_cured_in_the_session_that_it_restricts() {
    for act in
        [crate::restricted::Act::RenewCertificates, crate::restricted::Act::RevokeCertificates]
    {
        assert_eq!(crate::restricted::allows(act), Ok(()));
    }
}
