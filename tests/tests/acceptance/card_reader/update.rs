//! *Update My Card* over PC/SC: the whole way, what other people's tools then say about the card, and a card that
//! loses its power ten times before it is done.

use std::{fs, process::Command, sync::OnceLock};

use anyhow::{Context as _, ensure};
use tests::{
    sandbox::reader_name,
    system::{SLOT, System, years_later},
    visitor::Visitor,
};
use virtual_card::{Faults, Moment, TearAt};

use super::{go_and_log_in, go_to_passcode_page, log_in, piv_tool};

/// Whose certificates are renewed, and the passcode to which he changes on the way, so that it is in force then.
const PEOPLE: [(&str, &str); 5] = [
    ("tomasz", "Indigo-7"),
    ("maria", "31415926"),
    ("asha", "Amber-9"),
    ("sam", "271828"),
    ("jo", "Willow-8"),
];

/// How long until the passcodes are changed, and from there until 23 days before the certificates end.
const WEEKS: [u32; 2] = [51, 50];

/// The system, when the certificates of all these people are about to end.
pub(super) fn due() -> anyhow::Result<std::sync::MutexGuard<'static, System>> {
    static GROWN_OLD: OnceLock<Result<(), String>> = OnceLock::new();
    let system = years_later()?;
    let grown_old =
        GROWN_OLD.get_or_init(|| grow_old(&system).map_err(|error| format!("{error:#}")));
    grown_old.clone().map_err(anyhow::Error::msg).context("nobody has grown old")?;
    Ok(system)
}

fn grow_old(system: &System) -> anyhow::Result<()> {
    system.weeks_pass(WEEKS[0])?;
    for (card, new) in PEOPLE {
        let mut visitor = Visitor::new()?;
        system.insert(card)?;
        enter(system, &mut visitor, card)?;
        visitor.open(&format!("{}/passcodes", system.origin()))?;
        visitor.press("Update", &[("smartcard", "true")])?;
        go_to_passcode_page(&mut visitor)?;
        let old = system.passcode(card);
        visitor.press("Make these changes", &super::old_and_new(&old, new))?;
        visitor.sees("Your passcodes have been updated")?;
        system.remember(card, new);
    }
    system.take_out()?;
    system.weeks_pass(WEEKS[1])
}

/// P-05, to whatever is shown first.
pub(super) fn enter(system: &System, visitor: &mut Visitor, card: &str) -> anyhow::Result<()> {
    go_and_log_in(system, visitor)?;
    visitor.press("Log in", &[("current_passcode", &system.passcode(card))])?;
    Ok(())
}

/// *Renew Certificates*, up to the passcode page.
fn go_and_renew(system: &System, visitor: &mut Visitor, button: &str) -> anyhow::Result<()> {
    visitor.open(&format!("{}/certificates/renew", system.origin()))?;
    visitor.press(button, &[])?;
    go_to_passcode_page(visitor)
}

/// C-10: the passcode, and back at the portal.
pub(super) fn agree(system: &System, visitor: &mut Visitor, card: &str) -> anyhow::Result<()> {
    visitor.sees("Your old certificates stop working as soon as the first new key is made")?;
    visitor.press("Renew my certificates", &[("current_passcode", &system.passcode(card))])?;
    let address = visitor.page()?.address.to_string();
    ensure!(address.contains("/card-updates/"), "{address}: {}", visitor.page()?.html.text);
    Ok(())
}

/// C-12 to C-14: success, *Continue*, and the end of the session.
pub(super) fn is_renewed(system: &System, visitor: &mut Visitor) -> anyhow::Result<()> {
    visitor.reload_until("Both certificates are on your card")?;
    visitor.press("Continue", &[])?;
    visitor.sees("log in again")?;
    visitor.open(&format!("{}/home", system.origin()))?;
    visitor.sees("You have been logged out: log in again")
}

/// A certificate as another program reads it from the card, PEM.
fn read_certificate(system: &System, slot: &str) -> anyhow::Result<Vec<u8>> {
    let reader = reader_name(SLOT);
    let arguments = ["-r", reader.as_str(), "-a", "read-certificate", "-s", slot];
    let read = piv_tool(system, &arguments)?;
    ensure!(read.status.success(), "slot {slot}: {read:?}");
    Ok(read.stdout)
}

/// Two programs that know nothing of us: the certificate leads to the authority, and its key is in the slot.
fn works_elsewhere(system: &System, card: &str, slot: &str, id: &str) -> anyhow::Result<()> {
    let file = |name: &str| system.path(&format!("{card}-{slot}-{name}"));
    let text = |path: &std::path::Path| path.display().to_string();
    let (certificate, data, signature) = (file("new.pem"), file("data"), file("signature"));
    fs::write(&certificate, read_certificate(system, slot)?)?;
    let authority = system.path("data/keys/cards-issuing.1.pem");
    // The demonstration's clock is ahead of the one that OpenSSL reads.
    let verified = Command::new("openssl")
        .args(["verify", "-x509_strict", "-no_check_time", "-partial_chain", "-CAfile"])
        .args([&authority, &certificate])
        .output()?;
    ensure!(verified.status.success(), "slot {slot}: {verified:?}");

    let (reader, passcode) = (reader_name(SLOT), system.passcode(card));
    let certificate = text(&certificate);
    let mut arguments = vec!["-r", reader.as_str(), "-a", "verify-pin", "-P", passcode.as_str()];
    arguments.extend(["-a", "test-signature", "-s", slot, "-A", "ECCP256", "-i", &certificate]);
    let signed = piv_tool(system, &arguments)?;
    ensure!(signed.status.success(), "slot {slot}: {signed:?}");

    fs::write(&data, b"something to sign")?;
    let (data, signature) = (text(&data), text(&signature));
    let mut arguments = vec!["--login", "--pin", passcode.as_str(), "--sign", "--id", id];
    arguments.extend(["--mechanism", "ECDSA-SHA256", "--signature-format", "openssl"]);
    arguments.extend(["--input-file", &data, "--output-file", &signature]);
    let signed = system.sandbox.run("pkcs11-tool", &arguments)?;
    ensure!(signed.status.success(), "slot {slot}: {signed:?}");
    let key = Command::new("openssl")
        .args(["x509", "-noout", "-pubkey", "-in", &certificate])
        .output()?;
    let public_key = file("key.pem");
    fs::write(&public_key, key.stdout)?;
    let verified = Command::new("openssl")
        .args(["dgst", "-sha256", "-verify", &text(&public_key), "-signature", &signature, &data])
        .output()?;
    ensure!(verified.status.success(), "slot {slot}: {verified:?}");
    Ok(())
}

/// Both slots, as 9A and 9C are known to PIV and to PKCS#11 (`OpenSC`).
const SLOTS: [(&str, &str); 2] = [("9a", "01"), ("9c", "02")];

fn a_holder_renews_both_certificates_of_his_card(card: &str) -> anyhow::Result<()> {
    let system = due()?;
    system.insert(card)?;
    let mut visitor = Visitor::new()?;
    enter(&system, &mut visitor, card)?;
    let before = SLOTS.map(|(slot, _)| read_certificate(&system, slot).unwrap_or_default());
    go_and_renew(&system, &mut visitor, "Start renewing")?;
    agree(&system, &mut visitor, card)?;
    is_renewed(&system, &mut visitor)?;
    for ((slot, id), before) in SLOTS.into_iter().zip(before) {
        ensure!(read_certificate(&system, slot)? != before, "slot {slot}: the old certificate");
        works_elsewhere(&system, card, slot, id)?;
    }
    log_in(&system, &mut visitor, &system.passcode(card))
}

#[test]
fn c09_a_holder_renews_both_certificates_of_a_guide_card_and_logs_in_with_the_new_key()
-> anyhow::Result<()> {
    a_holder_renews_both_certificates_of_his_card("tomasz")
}

#[test]
fn c09_a_holder_renews_both_certificates_of_a_piv_card_and_logs_in_with_the_new_key()
-> anyhow::Result<()> {
    a_holder_renews_both_certificates_of_his_card("maria")
}

/// How the holder comes back after his card has lost its power.
#[derive(Debug, Clone, Copy)]
enum Back {
    /// *Try again*, in the same browser.
    AtOnce,
    /// A log-in in another browser, and *Finish renewing*. The log-in costs two more signatures.
    Elsewhere,
}

/// The same update again and again: how the holder comes back, and the command at which the power fails then. Each
/// begins where the one before has left the card and the journal.
const TEARS: [(Back, u8, u32, Moment); 10] = [
    // The witness of the first opening.
    (Back::Elsewhere, 0x87, 5, Moment::Before),
    // The card has taken the server's proof.
    (Back::AtOnce, 0x87, 4, Moment::After),
    (Back::AtOnce, 0x47, 1, Moment::Before),
    (Back::AtOnce, 0x47, 1, Moment::After),
    // 9A's new key is known to nobody: 9C lets the holder in. His request for a certificate is lost.
    (Back::Elsewhere, 0x87, 7, Moment::After),
    // The certificate of 9A: not begun, half written, written and not told.
    (Back::AtOnce, 0xDB, 1, Moment::Before),
    (Back::AtOnce, 0xDB, 2, Moment::After),
    (Back::AtOnce, 0xDB, 3, Moment::After),
    // The test signature of 9A, which has let the holder in by its new key.
    (Back::Elsewhere, 0x87, 6, Moment::Before),
    // 9C's key.
    (Back::AtOnce, 0x47, 1, Moment::After),
];

fn a_card_that_loses_its_power_ten_times_is_renewed_once(card: &str) -> anyhow::Result<()> {
    let system = due()?;
    let mut visitor = Visitor::new()?;
    for (number, (back, ins, nth, moment)) in TEARS.into_iter().enumerate() {
        let tear_ins = Some(TearAt { ins, nth, moment });
        system.insert_with(card, Faults { tear_ins, ..Faults::default() })?;
        let torn = come_back(&system, &mut visitor, card, back, number == 0)
            .and_then(|()| agree(&system, &mut visitor, card))
            .and_then(|()| visitor.reload_until("it goes on where it stopped"));
        torn.with_context(|| format!("{card}, {:?}", TEARS[number]))?;
    }
    system.insert(card)?;
    come_back(&system, &mut visitor, card, Back::Elsewhere, false)?;
    agree(&system, &mut visitor, card)?;
    is_renewed(&system, &mut visitor)?;
    for (slot, id) in SLOTS {
        works_elsewhere(&system, card, slot, id)?;
    }
    log_in(&system, &mut visitor, &system.passcode(card))?;
    let renewed = super::told(&system, &mut visitor, "You renewed")?;
    ensure!(renewed == 1, "{renewed} renewals are told");
    Ok(())
}

/// Up to the passcode page.
fn come_back(
    system: &System,
    visitor: &mut Visitor,
    card: &str,
    back: Back,
    first: bool,
) -> anyhow::Result<()> {
    match back {
        Back::AtOnce => {
            visitor.press("Try again", &[])?;
            go_to_passcode_page(visitor)
        }
        Back::Elsewhere => {
            *visitor = Visitor::new()?;
            enter(system, visitor, card)?;
            // An update in which nothing was opened yet is begun anew.
            let button = if first { "Start renewing" } else { "Finish renewing" };
            go_and_renew(system, visitor, button)
        }
    }
}

#[test]
fn b55_a_guide_card_that_loses_its_power_ten_times_is_renewed_once() -> anyhow::Result<()> {
    a_card_that_loses_its_power_ten_times_is_renewed_once("asha")
}

#[test]
fn b55_a_piv_card_that_loses_its_power_ten_times_is_renewed_once() -> anyhow::Result<()> {
    a_card_that_loses_its_power_ten_times_is_renewed_once("sam")
}
