//! The tear matrix of *Update My Card*: the card loses its power at each APDU in turn, before and after it has obeyed,
//! and the holder tries again at once or walks away and goes on elsewhere. Each ends with one renewal.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, ensure};
use card_agent::{operations::Halt, piv::Object};
use domain::{
    card::{Slot, SlotState},
    holder::HolderEvent,
    ids::CertificateSerial,
};
use projections::CertificateState;
use protocol::JobId;
use virtual_card::{Faults, Moment, Profile, TearAt};

use super::workplace::Workplace;

/// At every so manyth APDU the card is torn: 1 in the long tests.
const TORN_EVERY: &str = "LATCHKEY_TORN_EVERY";

/// Without the variable.
const TORN_EVERY_USUAL: usize = 3;

/// A certificate is a byte or two shorter now and then, as its signature is, and is read in one APDU less: then there is
/// nothing to tear, and another one is made. So many do at most.
const SEEDS_MAX: u64 = 20;

/// What the holder does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    /// The card was not seen to leave: *Try again*, in the same browser.
    AtOnce,
    /// He takes his card to another workstation and another browser, and logs in there.
    Elsewhere,
}

/// The APDU at which the power fails.
#[derive(Debug, Clone, Copy)]
struct Apdu {
    ins: u8,
    /// Which of those with that instruction, from 1.
    nth: u32,
}

impl Apdu {
    /// True if it is one of these.
    fn is_in(self, sent: &[u8]) -> bool {
        let nth = self.nth.saturating_sub(1);
        sent.iter().filter(|ins| **ins == self.ins).zip(0..=nth).any(|(_, n)| n == nth)
    }
}

/// Every APDU of a whole update, in order.
async fn apdus(due: &Workplace) -> anyhow::Result<Vec<Apdu>> {
    let mut place = due.copy(2).await?;
    let job = place.start_renewal().await?;
    let done = place.carry_out(job, Faults::default()).await?;
    let sent = done.sent.clone();
    done.good()?;
    let mut counts: BTreeMap<u8, u32> = BTreeMap::new();
    let count = |ins: u8| {
        let nth = counts.entry(ins).or_default();
        *nth += 1;
        Apdu { ins, nth: *nth }
    };
    Ok(sent.into_iter().map(count).collect())
}

/// One field of the matrix: where the update stood when the power was gone.
async fn tear(
    due: &Workplace,
    seed: u64,
    apdu: Apdu,
    moment: Moment,
    next: Next,
) -> anyhow::Result<String> {
    let tear = TearAt { ins: apdu.ins, nth: apdu.nth, moment };
    for seed in seed..seed + SEEDS_MAX {
        let mut place = due.copy(seed).await?;
        let job = place.start_renewal().await?;
        let torn = Faults { tear_ins: Some(tear), ..Faults::default() };
        let done = place.carry_out(job, torn).await?;
        if done.ended.is_ok() && !apdu.is_in(&done.sent) {
            continue;
        }
        ensure!(done.ended == Err(Halt::CardLost), "torn: {:?}", done.ended);
        let stood = stands(&place).await?;
        heals(&mut place, job, next).await?;
        return Ok(stood);
    }
    anyhow::bail!("no update came to this APDU")
}

/// The holder comes back, and finishes it.
async fn heals(place: &mut Workplace, job: JobId, next: Next) -> anyhow::Result<()> {
    ensure!(2 <= place.identify()?.seen.tries_left.unwrap_or(0), "more than one try was spent");
    let job = match next {
        Next::AtOnce if place.desk.holder(place.holder).await?.card_update().is_some() => {
            place.again(job).await?
        }
        Next::AtOnce => job,
        Next::Elsewhere => {
            let before = place.agent();
            place.walk_away().await?;
            ensure!(before != place.agent(), "the same workstation");
            place.log_in().await.context("logging in elsewhere")?;
            place.start_renewal().await.context("going on elsewhere")?
        }
    };
    let ended = place.carry_out(job, Faults::default()).await?.ended;
    ensure!(ended.is_ok(), "resumed: {ended:?}");
    is_renewed(place).await?;
    place.log_in().await.context("logging in with the new key")
}

/// In a word: the slots' states, or `old` if nothing was opened.
async fn stands(place: &Workplace) -> anyhow::Result<String> {
    let holder = place.desk.holder(place.holder).await?;
    let Some(update) = holder.card_update().filter(|update| update.is_touched()) else {
        return Ok("old".to_owned());
    };
    let word = |slot| match update.slot(slot) {
        SlotState::Untouched => "old",
        SlotState::Opened => "opened",
        SlotState::KeyMade { .. } => "key",
        SlotState::Issued { .. } => "issued",
        SlotState::Written { .. } => "new",
    };
    Ok(format!("{}/{}", word(Slot::Authentication), word(Slot::Signature)))
}

/// One renewal; the card holds what is on record; nothing that was issued beside it is still good; no try was spent.
pub(super) async fn is_renewed(place: &Workplace) -> anyhow::Result<()> {
    let events = place.desk.events(place.holder).await?;
    let renewals: Vec<_> = events
        .iter()
        .filter_map(|event| {
            let HolderEvent::CertificatesRenewed { self_renewals, certificates, .. } = event else {
                return None;
            };
            Some((*self_renewals, certificates))
        })
        .collect();
    let [(1, renewed)] = renewals[..] else {
        anyhow::bail!("{} renewals", renewals.len());
    };
    let issued: BTreeSet<&CertificateSerial> = events
        .iter()
        .filter_map(|event| {
            let HolderEvent::CertificateIssued { certificate, .. } = event else { return None };
            Some(&certificate.serial)
        })
        .collect();
    place.desk.app().catch_up().await?;
    for serial in issued {
        let status = place.desk.app().projections().certificate_status(serial).await?;
        let status = status.with_context(|| format!("{serial:?} is not known"))?;
        let is_good = matches!(status.state, CertificateState::Good { .. });
        let is_ours = renewed.iter().any(|certificate| certificate.serial == *serial);
        ensure!(is_good == is_ours, "an orphan: {status:?}");
    }
    for (slot, object) in [
        (Slot::Authentication, Object::AuthenticationCertificate),
        (Slot::Signature, Object::SignatureCertificate),
    ] {
        let on_card = issuer_serial(&place.certificate(object)?)?;
        let on_record = renewed.iter().find(|certificate| certificate.slot == slot);
        let on_record = on_record.context("a slot without certificate")?;
        ensure!(on_card == on_record.serial, "{slot:?}: the card holds another certificate");
    }
    ensure!(place.identify()?.seen.tries_left == Some(3), "a try was spent");
    Ok(())
}

fn issuer_serial(certificate: &[u8]) -> anyhow::Result<CertificateSerial> {
    use x509_cert::der::Decode as _;
    let certificate = x509_cert::Certificate::from_der(certificate)?;
    let serial = hex::encode(certificate.tbs_certificate().serial_number().as_bytes());
    Ok(serial.parse()?)
}

/// What an APDU is, for the table.
fn name(ins: u8) -> &'static str {
    match ins {
        0xA4 => "SELECT",
        0xCB => "GET DATA",
        0xC0 => "GET RESPONSE",
        0xF8 => "GET SERIAL",
        0x20 => "VERIFY",
        0x87 => "GENERAL AUTHENTICATE",
        0x47 => "GENERATE",
        0xDB => "PUT DATA",
        _ => "?",
    }
}

/// Every so many APDUs a row.
async fn matrix(profile: Profile, every: usize) -> anyhow::Result<()> {
    let due = Workplace::due(profile).await?;
    let apdus = apdus(&due).await?;
    println!(
        "{profile} card, {} APDUs: where the update stood, and whether it healed",
        apdus.len()
    );
    let columns = [
        (Moment::Before, Next::AtOnce),
        (Moment::Before, Next::Elsewhere),
        (Moment::After, Next::AtOnce),
        (Moment::After, Next::Elsewhere),
    ];
    let mut wrong = 0;
    let mut seed = 1_000;
    for (at, apdu) in apdus.into_iter().enumerate().step_by(every) {
        let mut row = format!("{at:>3} {:<20} {:>2}", name(apdu.ins), apdu.nth);
        for (moment, next) in columns {
            seed += 1_000;
            let cell = match tear(&due, seed, apdu, moment, next).await {
                Ok(stood) => format!("{stood} ok"),
                Err(error) => {
                    wrong += 1;
                    format!("WRONG {error:#}")
                }
            };
            row = format!("{row} | {moment:?} {next:?}: {cell:<16}");
        }
        println!("{row}");
    }
    ensure!(wrong == 0, "{wrong} fields of the matrix are wrong");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn b55_an_update_torn_at_an_apdu_of_a_piv_card_heals_at_once_and_elsewhere()
-> anyhow::Result<()> {
    matrix(Profile::Piv, torn_every()?).await
}

#[tokio::test(flavor = "multi_thread")]
async fn b55_an_update_torn_at_an_apdu_of_a_guide_card_heals_at_once_and_elsewhere()
-> anyhow::Result<()> {
    matrix(Profile::Guide, torn_every()?).await
}

/// At every how manyth APDU a card is torn.
pub(super) fn torn_every() -> anyhow::Result<usize> {
    let every = std::env::var(TORN_EVERY).map_or(Ok(TORN_EVERY_USUAL), |n| n.parse())?;
    ensure!((1..=TORN_EVERY_USUAL).contains(&every), "{TORN_EVERY} is 1 to 3");
    Ok(every)
}

/// Flash writes of a whole update are fewer than this.
const FLASH_WRITES_MAX: u64 = 1_000;

#[tokio::test(flavor = "multi_thread")]
async fn b55_an_update_torn_in_the_middle_of_a_flash_write_heals_elsewhere() -> anyhow::Result<()> {
    let due = Workplace::due(Profile::Piv).await?;
    for writes in 0..FLASH_WRITES_MAX {
        let mut place = due.copy(1_000_000 + 1_000 * writes).await?;
        let job = place.start_renewal().await?;
        let torn = Faults { tear_after_writes: Some(writes), ..Faults::default() };
        let ended = place.carry_out(job, torn).await?.ended;
        if ended.is_ok() {
            ensure!(0 < writes, "the card has written nothing");
            return Ok(());
        }
        ensure!(ended == Err(Halt::CardLost), "after {writes} writes: {ended:?}");
        let stood = stands(&place).await?;
        println!("after {writes} flash writes: {stood}");
        let healed = heals(&mut place, job, Next::Elsewhere).await;
        healed.with_context(|| format!("after {writes} flash writes: {stood}"))?;
    }
    anyhow::bail!("an update has no end")
}
