//! C-15, B-57: good for nothing any more, for ever.

use super::*;

fn revoke(reason: RevocationReason) -> HolderCommand {
    HolderCommand::RevokeCertificates { proof: proof(), reason }
}

fn revoked(on: &str, serials: &[&str]) -> HolderEvent {
    HolderEvent::CertificatesRevoked {
        card: card().card,
        on: day(on),
        reason: RevocationReason::LostOrStolen,
        serials: serials.iter().map(|serial| serial.parse().unwrap()).collect(),
        by: Renewer::Holder,
    }
}

#[test]
fn c15_b57_both_certificates_are_revoked_once_and_for_ever() {
    let lost = || revoke(RevocationReason::LostOrStolen);
    let when =
        holder().on("2026-12-15").when(lost()).then([revoked("2026-12-15", &["0a01", "0a02"])]);
    let when = when.when(lost()).then([]).when(revoke(RevocationReason::Damaged)).then([]);
    when.when(begin()).then_refused(Refusal::Revoked);
}

#[test]
fn b57_a_forced_renewal_does_not_keep_anybody_from_revoking() {
    let events = [revoked("2027-03-01", &["0a01", "0a02"])];
    holder().on("2027-03-01").when(revoke(RevocationReason::LostOrStolen)).then(events);
}

#[test]
fn b57_b55_the_certificates_of_an_open_update_are_revoked_with_the_others() {
    let when = slot_written(done(holder().on("2027-02-20"), begin()), Slot::Authentication, 1);
    let all = revoked("2027-02-20", &["0a01", "0a02", "0b01"]);
    let when = when.when(revoke(RevocationReason::LostOrStolen)).then([all]);
    when.see(|_, holder| assert_eq!(holder.card_update(), None));
    when.when(note_written(Slot::Authentication)).then_refused(Refusal::NoUpdate);
}

#[test]
fn c15_a_card_whose_certificates_are_revoked_logs_nobody_on() {
    let event = revoked("2026-12-15", &["0a01", "0a02"]);
    let given = || holder().and(instant("2026-12-15T12:00:00Z"), [event.clone()]);
    assert_eq!(verdict(given(), "2026-12-15T12:00:01Z"), Err(LogonRefusal::CertificatesRevoked));
    assert_eq!(phase(given(), "2028-01-01T12:00:00Z"), Phase::Revoked);
    let visit = Visit { evidence: IdentityEvidence::Passport, place: "Ward".to_owned() };
    let authorise = HolderCommand::AuthoriseRenewal(visit);
    given().on("2026-12-16").when(authorise).then_refused(Refusal::Revoked);
    let new_card = given().and(instant("2026-12-20T12:00:00Z"), [HolderEvent::CardIssued(card())]);
    assert_eq!(verdict(new_card, "2026-12-20T12:00:01Z"), Ok(Verdict::Full));
}

#[test]
fn b57_another_card_revokes_nothing() {
    let other = crate::card::IssuedCard { card: serial("00FF"), ..card() };
    holder()
        .and(instant("2026-12-15T12:00:00Z"), [HolderEvent::CardIssued(other)])
        .on("2026-12-16")
        .when(revoke(RevocationReason::Damaged))
        .then_refused(holder::Refusal::CardNotActive);
}

#[test]
fn b57_every_reason_has_its_code_of_rfc_5280() {
    let codes = RevocationReason::ALL.map(RevocationReason::crl_reason);
    assert_eq!(codes, [1, 4, 5, 1]);
}
