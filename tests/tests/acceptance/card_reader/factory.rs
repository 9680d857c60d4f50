//! No card leaves personalisation with a secret that its maker has published, and every card
//! carries certificates that lead to the authority.

use std::{fs, process::Command};

use anyhow::ensure;
use tests::{
    sandbox::reader_name,
    system::{SLOT, System, system},
};
use virtual_card::Profile;

use super::{SELECT, apdu, card_takes, piv_tool};

/// VERIFY with PIN 123456.
const FACTORY_PIN: &str = "0020008008313233343536FFFF";

/// RESET RETRY COUNTER with PUK 12345678, to the PIN that a new card has anyway.
const FACTORY_PUK: &str = "002C0080103132333435363738313233343536FFFF";

/// Who has the card in the reader, for those who know only what the maker has published.
#[derive(Debug, PartialEq, Eq)]
struct Opened {
    by_pin: bool,
    by_puk: bool,
    by_management_key: bool,
}

/// Tries each published secret once.
fn try_factory_secrets(system: &System) -> anyhow::Result<Opened> {
    let taken = |answer: String| answer == "SW1=0x90, SW2=0x00";
    let reader = reader_name(SLOT);
    // Without `--key` the tool authenticates with the published management key.
    let write = ["-r", reader.as_str(), "-a", "set-ccc"];
    Ok(Opened {
        by_pin: taken(apdu(system, &[SELECT, FACTORY_PIN])?),
        by_puk: taken(apdu(system, &[SELECT, FACTORY_PUK])?),
        by_management_key: piv_tool(system, &write)?.status.success(),
    })
}

#[test]
fn a_card_as_it_comes_from_its_maker_is_open_to_everybody() -> anyhow::Result<()> {
    let system = system()?;
    for profile in Profile::ALL {
        let card = format!("new-{profile}");
        system.sandbox.drawer().new_card(&card, profile)?;
        system.insert(&card)?;
        let open = Opened { by_pin: true, by_puk: true, by_management_key: true };
        assert_eq!(try_factory_secrets(&system)?, open, "{profile}");
    }
    Ok(())
}

#[test]
fn no_card_leaves_personalisation_with_a_secret_of_its_maker() -> anyhow::Result<()> {
    let system = system()?;
    for card in ["asha", "sam", "jo", "maria", "tomasz"] {
        system.insert(card)?;
        let closed = Opened { by_pin: false, by_puk: false, by_management_key: false };
        assert_eq!(try_factory_secrets(&system)?, closed, "{card}");
        // Gives the spent try back.
        assert!(card_takes(&system, &system.passcode(card))?, "{card}");
    }
    Ok(())
}

/// The certificate in a slot, as another program reads it, checked by a third.
fn certificate_leads_to_the_authority(system: &System, slot: &str) -> anyhow::Result<()> {
    let reader = reader_name(SLOT);
    let arguments = ["-r", reader.as_str(), "-a", "read-certificate", "-s", slot];
    let read = piv_tool(system, &arguments)?;
    ensure!(read.status.success(), "slot {slot}: {read:?}");
    let certificate = system.path("certificate.pem");
    fs::write(&certificate, &read.stdout)?;
    let authority = system.path("data/keys/cards-issuing.1.pem");
    let verified = Command::new("openssl")
        .args(["verify", "-x509_strict", "-CAfile"])
        .args([&authority, &certificate])
        .output()?;
    ensure!(verified.status.success(), "slot {slot}: {verified:?}");
    Ok(())
}

#[test]
fn both_certificates_of_every_card_lead_to_the_authority() -> anyhow::Result<()> {
    let system = system()?;
    for card in ["asha", "sam", "jo", "maria", "tomasz"] {
        system.insert(card)?;
        for slot in ["9a", "9c"] {
            certificate_leads_to_the_authority(&system, slot)?;
        }
    }
    Ok(())
}
