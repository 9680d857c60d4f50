//! Management rights, step by step (SP 800-73-5 part 2, appendix A.1, mutual authentication): the
//! card's witness is decrypted once for each opening on record, and the card answers a challenge.
//!
//! The challenge is derived from the opening, so that nothing has to be remembered between the two
//! questions, and a server that was started in between still knows it.

use aes::Aes256;
use cipher::{Array, BlockCipherDecrypt as _, BlockCipherEncrypt as _, KeyInit as _};
use domain::{
    card::{self, CardUpdate, KeptKey, SlotState, Write},
    holder::HolderCommand,
};
use protocol::{Answer, Bytes, Purpose, Slot};
use subtle::ConstantTimeEq as _;
use workflows::card_job::{Input, Rights};

use super::{OpenJob, is_ready, managed, planned, proof};
use crate::{
    agents::answers::Stop, app::App, authority::NotIssued, execute::Actor, keystore::KEY_BYTES,
};

/// A block of AES, and so the length of witness and challenge.
const BLOCK_BYTES: usize = 16;

type Block = [u8; BLOCK_BYTES];

/// Opens the card for one write: on record first, then the card's witness is decrypted.
pub async fn open_write(
    app: &App,
    open: &OpenJob,
    slot: Slot,
    write: protocol::Write,
    witness: &[u8],
) -> Result<Answer, Stop> {
    let (planned, claim) = planned(open)?;
    let slot = managed(slot)?;
    let witness = block(witness)?;
    let (update, job, holder) = (planned.update, open.id.0, planned.holder);
    match write {
        protocol::Write::KeyPair => {
            // Before a key is destroyed that only a new certificate could replace.
            if !is_ready(app, open, planned).await? {
                return Err(NotIssued::NotReady.into());
            }
            app.step_job(open, Input::CardAsked).await?;
            app.authority().abandon(holder, update, job, slot).await?;
        }
        protocol::Write::Certificate => {
            app.step_job(open, Input::CardAsked).await?;
            let write = Write::Certificate;
            let command = HolderCommand::OpenCardWrite { update, job, slot, write };
            let cause = open.causes(app.entropy().command_id(app.now()));
            app.execute(holder, cause, Actor::Holder, &command).await?;
        }
    }
    app.live().ring(holder);
    let opened = opened(app, open).await?;
    let challenge = challenge(app, &opened);
    let key = app.management_key(&claim.card).await?;
    Ok(Answer::Witness {
        witness: Bytes(decrypted(&key, witness).to_vec()),
        challenge: Bytes(challenge.to_vec()),
        opening: opened.last_opening,
    })
}

/// The card has encrypted the challenge, so that it has the key, too: only then is it written to.
pub async fn card_authenticated(
    app: &App,
    open: &OpenJob,
    response: &[u8],
) -> Result<Answer, Stop> {
    let (_, claim) = planned(open)?;
    let opened = opened(app, open).await?;
    let key = app.management_key(&claim.card).await?;
    let expected = encrypted(&key, challenge(app, &opened));
    if bool::from(block(response)?.ct_eq(&expected)) {
        app.step_job(open, Input::CardShown).await?;
        Ok(Answer::Noted)
    } else {
        Err(Stop::no("B-61", "The card could not show that it was made here."))
    }
}

/// B-61: what a card is said to have done is believed once it has shown its management key, for what it
/// was opened for last; and a new key only of a card that was opened in this visit.
pub(super) fn has_shown(open: &OpenJob, slot: &SlotState) -> Result<(), Stop> {
    match open.job.rights {
        Rights::Shown => Ok(()),
        Rights::None if *slot != SlotState::Opened => Ok(()),
        Rights::None | Rights::Asked => {
            Err(Stop::no("B-61", "The card has not shown that it was made here."))
        }
    }
}

/// B-55: a slot that was opened signs with whatever key it has. With the one on record, for the last
/// opening: it is as it was, and 9A agrees for the holder again. With any other nothing follows.
pub async fn slot_signed(
    app: &App,
    open: &OpenJob,
    (slot, opening): (Slot, u32),
    signature: &[u8],
) -> Result<Answer, Stop> {
    let (planned, _) = planned(open)?;
    let place = managed(slot)?;
    let loaded = app.load(planned.holder).await.map_err(anyhow::Error::from)?;
    let there = loaded.holder.card_update().filter(|there| {
        there.update == planned.update
            && there.last_opening == opening
            && *there.slot(place) == SlotState::Opened
    });
    let (Some(_), Some(issued)) = (there, loaded.holder.card()) else { return Ok(Answer::Noted) };
    let key = match place {
        card::Slot::Authentication => &issued.keys.authentication,
        card::Slot::Signature => &issued.keys.signature,
    };
    if proof::is_signed(app, open, Purpose::SettleSlot { slot, opening }, key, signature)? {
        let kept = KeptKey { update: planned.update, slot: place, opening };
        let note = HolderCommand::NoteKeyKept { job: open.id.0, kept };
        let cause = open.causes(app.entropy().command_id(app.now()));
        app.execute(planned.holder, cause, Actor::Holder, &note).await?;
        app.live().ring(planned.holder);
    }
    Ok(Answer::Noted)
}

/// The update, as long as this job is the one that has taken it up and has opened the card.
async fn opened(app: &App, open: &OpenJob) -> Result<CardUpdate, Stop> {
    let (planned, _) = planned(open)?;
    let loaded = app.load(planned.holder).await.map_err(anyhow::Error::from)?;
    let there = loaded.holder.card_update().filter(|there| {
        there.update == planned.update && there.job == open.id.0 && 0 < there.last_opening
    });
    there.cloned().ok_or_else(|| Stop::no("B-55", "The card update is not at that step."))
}

/// What the card has to encrypt after its n-th opening: never the same twice.
fn challenge(app: &App, update: &CardUpdate) -> Block {
    let begun_at = update.begun_at.timestamp_micros();
    let CardUpdate { update, job, last_opening, .. } = update;
    let context = format!("{}\n{job}\n{begun_at}\n{last_opening}", update.0);
    app.keystore().card_challenge(context.as_bytes())
}

fn block(bytes: &[u8]) -> Result<Block, Stop> {
    let refusal = "The card software sent something that no card says.";
    bytes.try_into().map_err(|_| Stop::no("", refusal))
}

fn decrypted(key: &[u8; KEY_BYTES], block: Block) -> Block {
    let mut block = Array(block);
    Aes256::new(&Array(*key)).decrypt_block(&mut block);
    block.0
}

fn encrypted(key: &[u8; KEY_BYTES], block: Block) -> Block {
    let mut block = Array(block);
    Aes256::new(&Array(*key)).encrypt_block(&mut block);
    block.0
}
