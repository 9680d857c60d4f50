//! The tear matrix of unlocking a card: it loses its power at each APDU in turn, before and after it has obeyed, and the
//! holder tries again at once or walks away and starts anew elsewhere. Each ends with a card that has the new passcode
//! and a PUK that no agent has had, and at most one wrong PUK was tried on the way. The same for the log-in that
//! replaces a PUK whose replacement was torn.

use std::collections::BTreeMap;

use anyhow::{Context as _, ensure};
use card_agent::operations::Halt;
use virtual_card::{Faults, Moment, Profile, TearAt};

use super::update_torn::torn_every;
use super::workplace::{Done, FIRST_PASSCODE, Workplace};

/// What he chooses first, and what he chooses when he starts anew.
const NEW: [&str; 2] = ["246802", "468024"];

/// CHANGE REFERENCE DATA.
const CHANGE: u8 = 0x24;

/// What the holder does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    /// In the same browser, with the same passcode: B-39 gives him the time for it.
    AtOnce,
    /// At another workstation and in another browser: from the start, with another passcode.
    Elsewhere,
}

const COLUMNS: [(Moment, Next); 4] = [
    (Moment::Before, Next::AtOnce),
    (Moment::Before, Next::Elsewhere),
    (Moment::After, Next::AtOnce),
    (Moment::After, Next::Elsewhere),
];

/// The APDU at which the power fails.
#[derive(Debug, Clone, Copy)]
struct Apdu {
    ins: u8,
    /// Which of those with that instruction, from 1.
    nth: u32,
}

impl Apdu {
    fn torn(self, moment: Moment) -> Faults {
        let tear = TearAt { ins: self.ins, nth: self.nth, moment };
        Faults { tear_ins: Some(tear), ..Faults::default() }
    }
}

fn numbered(sent: Vec<u8>) -> Vec<Apdu> {
    let mut counts: BTreeMap<u8, u32> = BTreeMap::new();
    let count = |ins: u8| {
        let nth = counts.entry(ins).or_default();
        *nth += 1;
        Apdu { ins, nth: *nth }
    };
    sent.into_iter().map(count).collect()
}

/// One field of the matrix of unlocking: what was known after the torn try.
async fn tear(
    locked: &Workplace,
    seed: u64,
    apdu: Apdu,
    moment: Moment,
    next: Next,
) -> anyhow::Result<String> {
    let mut place = locked.copy(seed).await?;
    let job = place.start_unlock().await?;
    let torn = place.unlock(job, NEW[0], apdu.torn(moment)).await?;
    let stood = stands(&torn)?.to_owned();
    heals(&mut place, torn, next).await?;
    Ok(stood)
}

/// What is known of the card, in a word.
fn stands(torn: &Done) -> anyhow::Result<&'static str> {
    match &torn.ended {
        Err(Halt::CardLost) => Ok("as it was"),
        Err(Halt::WriteUnknown) => Ok("unknown"),
        ended => anyhow::bail!("torn: {ended:?}"),
    }
}

/// The holder tries again, and has an unlocked card.
async fn heals(place: &mut Workplace, torn: Done, next: Next) -> anyhow::Result<()> {
    let (job, passcode) = match next {
        Next::AtOnce => (place.choose_again().await?, NEW[0]),
        Next::Elsewhere => {
            place.walk_away().await?;
            (place.start_unlock().await.context("starting anew elsewhere")?, NEW[1])
        }
    };
    let again = place.unlock(job, passcode, Faults::default()).await?;
    ensure!(again.ended.is_ok(), "again: {:?}", again.ended);
    puks_were_spared(&[torn.puks, again.puks].concat())?;
    is_unlocked(place, passcode).await
}

/// Never two wrong ones in a row, and the right one at the end.
fn puks_were_spared(puks: &[bool]) -> anyhow::Result<()> {
    ensure!(puks.last() != Some(&false), "a wrong PUK was the last");
    ensure!(!puks.windows(2).any(|two| two == [false, false]), "two wrong PUKs: {puks:?}");
    Ok(())
}

/// The card takes this passcode and has all its tries; the log agrees; its PUK is nobody's.
async fn is_unlocked(place: &mut Workplace, passcode: &str) -> anyhow::Result<()> {
    ensure!(place.identify()?.seen.tries_left == Some(3), "a try was spent");
    ensure!(place.has_secret_puk().await?, "the PUK is exposed");
    place.log_in_with(passcode).await.context("logging in with the new passcode")
}

/// All fields of one profile, of every so manyth APDU.
async fn matrix(profile: Profile, every: usize) -> anyhow::Result<()> {
    let locked = Workplace::locked(profile).await?;
    // Randomness of its own: the one that is copied has begun at 1, and goes on for some hundreds.
    let mut place = locked.copy(50_000).await?;
    let job = place.start_unlock().await?;
    let done = place.unlock(job, NEW[0], Faults::default()).await?;
    let apdus = numbered(done.sent.clone());
    done.good()?;
    is_unlocked(&mut place, NEW[0]).await?;
    println!("{profile} card, {} APDUs: what was known of it, and whether it healed", apdus.len());
    let mut wrong = 0;
    let mut seed = 100_000;
    for (at, apdu) in apdus.into_iter().enumerate().step_by(every) {
        let mut row = format!("{at:>3} {:02X} {:>2}", apdu.ins, apdu.nth);
        for (moment, next) in COLUMNS {
            seed += 1_000;
            let cell = match tear(&locked, seed, apdu, moment, next).await {
                Ok(stood) => format!("{stood} ok"),
                Err(error) => {
                    wrong += 1;
                    format!("WRONG {error:#}")
                }
            };
            row = format!("{row} | {moment:?} {next:?}: {cell:<12}");
        }
        println!("{row}");
    }
    ensure!(wrong == 0, "{wrong} fields of the matrix are wrong");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn u12_an_unlock_torn_at_an_apdu_of_a_piv_card_heals_at_once_and_elsewhere()
-> anyhow::Result<()> {
    matrix(Profile::Piv, torn_every()?).await
}

#[tokio::test(flavor = "multi_thread")]
async fn u12_an_unlock_torn_at_an_apdu_of_a_guide_card_heals_at_once_and_elsewhere()
-> anyhow::Result<()> {
    matrix(Profile::Guide, torn_every()?).await
}

/// Flash writes of a whole unlock are fewer than this.
const FLASH_WRITES_MAX: u64 = 100;

#[tokio::test(flavor = "multi_thread")]
async fn u12_an_unlock_torn_in_the_middle_of_a_flash_write_heals_elsewhere() -> anyhow::Result<()> {
    let locked = Workplace::locked(Profile::Piv).await?;
    for writes in 0..FLASH_WRITES_MAX {
        let mut place = locked.copy(2_000_000 + 1_000 * writes).await?;
        let job = place.start_unlock().await?;
        let faults = Faults { tear_after_writes: Some(writes), ..Faults::default() };
        let torn = place.unlock(job, NEW[0], faults).await?;
        if torn.ended.is_ok() {
            ensure!(0 < writes, "the card has written nothing");
            return Ok(());
        }
        let stood = stands(&torn)?;
        println!("after {writes} flash writes: {stood}");
        let healed = heals(&mut place, torn, Next::Elsewhere).await;
        healed.with_context(|| format!("after {writes} flash writes: {stood}"))?;
    }
    anyhow::bail!("an unlock has no end")
}

/// A card that was to be unlocked and was torn in the replacement of its PUK. It has the passcode that it had.
async fn exposed(profile: Profile, moment: Moment) -> anyhow::Result<Workplace> {
    let mut place = Workplace::new(profile).await?;
    place.set_recovery_passcode().await?;
    let job = place.start_unlock().await?;
    let torn = place.unlock(job, NEW[0], Apdu { ins: CHANGE, nth: 1 }.torn(moment)).await?;
    ensure!(torn.ended == Err(Halt::CardLost), "torn: {:?}", torn.ended);
    ensure!(place.desk.holder(place.holder).await?.puk().is_exposed(), "the PUK is not exposed");
    Ok(place)
}

/// One field of the matrix of replacing an exposed PUK.
async fn tear_log_in(
    exposed: &Workplace,
    seed: u64,
    apdu: Apdu,
    moment: Moment,
    next: Next,
) -> anyhow::Result<()> {
    let mut place = exposed.copy(seed).await?;
    let job = place.browser.start_log_in().await?;
    let torn = place.carry_out_with(job, FIRST_PASSCODE, apdu.torn(moment)).await?;
    ensure!(torn.ended == Err(Halt::CardLost), "torn: {:?}", torn.ended);
    if next == Next::Elsewhere {
        place.walk_away().await?;
    }
    let job = place.browser.start_log_in().await?;
    let again = place.carry_out_with(job, FIRST_PASSCODE, Faults::default()).await?;
    ensure!(again.ended.is_ok(), "again: {:?}", again.ended);
    puks_were_spared(&[torn.puks, again.puks].concat())?;
    is_unlocked(&mut place, FIRST_PASSCODE).await
}

/// Both ways in which a replacement can be torn; at each command with the PUK.
async fn exposed_matrix(profile: Profile, every: usize) -> anyhow::Result<()> {
    let mut seed = 1_000_000;
    for stands in [Moment::Before, Moment::After] {
        let exposed = exposed(profile, stands).await?;
        let mut place = exposed.copy(seed).await?;
        let job = place.browser.start_log_in().await?;
        let done = place.carry_out_with(job, FIRST_PASSCODE, Faults::default()).await?;
        let apdus = numbered(done.sent.clone());
        done.good()?;
        is_unlocked(&mut place, FIRST_PASSCODE).await?;
        for apdu in apdus.into_iter().filter(|apdu| apdu.ins == CHANGE).step_by(every) {
            for (moment, next) in COLUMNS {
                seed += 1_000;
                let healed = tear_log_in(&exposed, seed, apdu, moment, next).await;
                healed.with_context(|| {
                    format!("{stands:?}, then {moment:?} CHANGE {} and {next:?}", apdu.nth)
                })?;
            }
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exposed_puk_of_a_piv_card_is_replaced_however_often_its_replacement_is_torn()
-> anyhow::Result<()> {
    exposed_matrix(Profile::Piv, torn_every()?).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exposed_puk_of_a_guide_card_is_replaced_however_often_its_replacement_is_torn()
-> anyhow::Result<()> {
    exposed_matrix(Profile::Guide, torn_every()?).await
}
