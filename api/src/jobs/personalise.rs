//! A blank card becomes somebody's: keys made on it, certificates issued, no factory secret left.
//!
//! The card is bound to its holder first (`CardBound`, so that one card is never two people's);
//! management key and PUK are sealed in the vault before they are written; the holder exists only
//! once the card is written and read back (P-03: a holder without a smartcard passcode cannot be).

use anyhow::Context as _;
use domain::{
    card::{self, CardBound, CardKeys, IssuedCard, PublicKey},
    desk::{DeskCommand, Replacement},
    holder::{Holder, HolderCommand, Registration},
    ids::{CardSerial, CommandId, EventId, HolderId, SecretRef},
    refusal::Refusal,
    staff::{self, Staff, StaffAct, Subject, Warrant},
};
use protocol::{Answer, Blank, Bytes, Purpose, Secret, Slot};
use sha2::{Digest as _, Sha256};
use stores::{
    event_store::{AppendError, Expected, StreamName},
    session::{EndReason, Ending},
    token::TokenHash,
    vault::{Keep, PUK_PURPOSE},
};
use uuid::Uuid;
use workflows::card_job::{
    AtDesk, Claim, Goal, Input, Made, MadeKey, Stage, Task, journal::JournalEvent,
};

use super::{OpenJob, passcode, proof};
use crate::{
    agents::answers::Stop,
    app::App,
    authority::{Order, Transaction},
    execute::{Actor, Cause},
    keystore::KeyName,
};

/// Digits of a PUK: the only form that every card takes.
pub(super) const PUK_DIGITS: usize = 8;

/// What a blank card gets on its one way through the workstation; `None` for other jobs.
pub async fn prepare(app: &App, open: &OpenJob, claim: &Claim) -> Result<Option<Blank>, Stop> {
    let Goal::Personalise { holder, command, .. } = &open.job.goal else { return Ok(None) };
    bind(app, open, claim).await?;
    let secret = puk_secret(*command, &claim.card);
    let vault = &app.stores().vault;
    let card = claim.card.as_str();
    let sealed = vault.open_sealed(secret, PUK_PURPOSE, card, app.now()).await;
    let puk = if let Some(puk) = sealed.map_err(anyhow::Error::from)? {
        Secret(puk.to_vec())
    } else {
        // A card may have it whose registration was never finished: it is kept whatever comes of it.
        let puk = Secret(app.entropy().digits(PUK_DIGITS));
        let entropy = app.entropy().bytes().into();
        vault
            .seal(secret, *holder, PUK_PURPOSE, card, &puk.0, entropy, Keep::Always, app.now())
            .await
            .map_err(anyhow::Error::from)?;
        puk
    };
    let key = app.management_key(&claim.card).await?;
    Ok(Some(Blank { management_key: Secret(key.to_vec()), puk }))
}

/// Where the vault keeps the PUK of a card that a registration has begun: one a card, because a
/// registration may try several, and the card that was left may have its PUK already.
#[must_use]
pub fn puk_secret(command: CommandId, card: &CardSerial) -> SecretRef {
    let digest = Sha256::new()
        .chain_update(PUK_PURPOSE)
        .chain_update(command.0.as_bytes())
        .chain_update(card.as_str())
        .finalize();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    SecretRef(Uuid::new_v8(bytes))
}

/// `CardBound`, once a card: that the stream is new makes it so, and a repeat finds its own. The
/// event has an id of its own each time, because one registration may try several cards.
async fn bind(app: &App, open: &OpenJob, claim: &Claim) -> Result<(), Stop> {
    let stream = StreamName::card(&claim.card);
    let master = app.keystore().current(KeyName::CardManagement);
    let management_key = master.context("this process writes no cards")?.version;
    let bound = CardBound { holder: claim.holder()?, management_key };
    let cause = open.causes(app.entropy().command_id(app.now()));
    match app.note(&stream, Expected::NoStream, cause, CardBound::KIND, &bound).await {
        Ok(_) => Ok(()),
        Err(AppendError::Conflict { .. }) => {
            if app.holder_of(&claim.card).await? == claim.holder {
                Ok(())
            } else {
                Err(Stop::no("B-61", "This card was just bound to somebody else."))
            }
        }
        Err(error) => Err(Stop::Failed(error.into())),
    }
}

/// The card has generated a key and proved that it has the private half: a certificate for 9A and
/// 9C, a note of it for 9E.
pub async fn key_generated(
    app: &App,
    open: &OpenJob,
    slot: Slot,
    public_key: &[u8],
    proof: &[u8],
) -> Result<Answer, Stop> {
    let claim = proof::claimed(open)?;
    // No certificate is issued where no key comes next.
    let key = PublicKey::from_der(public_key.to_vec());
    open.check(Input::KeyMade(MadeKey::CardAuthentication(key.clone())))?;
    if !issuer::PublicKey::from_spki(public_key).is_ok_and(|key| key.is_p256()) {
        return Err(Stop::no("C-09", "The card's key is not of the kind that is used here."));
    }
    let slot = match slot {
        Slot::Authentication => card::Slot::Authentication,
        Slot::Signature => card::Slot::Signature,
        Slot::CardAuthentication => {
            if !proof::is_signed(app, open, Purpose::Present, &key, proof)? {
                return Err(Stop::no("C-09", "The card could not show that it has its new key."));
            }
            let made = MadeKey::CardAuthentication(key);
            app.step_job(open, Input::KeyMade(made)).await?;
            return Ok(Answer::Certificate { certificate: Bytes(Vec::new()) });
        }
    };
    let transaction = Transaction { command: open.begun_by(), slot, opening: 0, key: &key };
    let order = Order { transaction, holder: claim.holder()?, card: &claim.card, request: proof };
    let issued = app.authority().issue(&order).await?;
    let made = match slot {
        card::Slot::Authentication => MadeKey::Authentication(key, issued.certificate),
        card::Slot::Signature => MadeKey::Signature(key, issued.certificate),
    };
    app.step_job(open, Input::KeyMade(made)).await?;
    Ok(Answer::Certificate { certificate: Bytes(issued.der) })
}

/// All is written and read back: the registration becomes true.
pub async fn finished(app: &App, open: &OpenJob, signature: &[u8]) -> Result<Answer, Stop> {
    proof::agreed(app, open, signature).await?;
    let (Goal::Personalise { command, check, made, desk, .. }, Stage::Writing(claim, secret)) =
        (&open.job.goal, &open.job.stage)
    else {
        return Err(Stop::no("", "This card is not finished yet."));
    };
    let card = IssuedCard {
        card: claim.card.clone(),
        profile: claim.profile.clone(),
        keys: keys(made)?,
        certificates: made.certificates.clone(),
    };
    let registration = Registration {
        card,
        smartcard: *secret,
        puk: puk_secret(*command, &claim.card),
        account_recovery: None,
        verification: None,
        check: check.clone(),
    };
    in_use(app, claim.holder()?, *command, desk.as_ref(), registration).await?;
    passcode::journal(app, open, &JournalEvent::CardWriteConfirmed {}).await?;
    app.step_job(open, Input::Personalised).await?;
    Ok(Answer::Done { code: app.return_code(open.id).await? })
}

/// P-03, B-61: the person is registered, or has another card; by whoever of the staff has started
/// it. Each step once, however often it is repeated.
async fn in_use(
    app: &App,
    holder: HolderId,
    command: CommandId,
    desk: Option<&AtDesk>,
    registration: Registration,
) -> Result<(), Stop> {
    let cause = Cause::first(command);
    let Some(desk) = desk else {
        let register = HolderCommand::Register { registration, organisation: None };
        app.execute(holder, cause, Actor::System, &register).await?;
        return Ok(());
    };
    let before = app.events_of(holder, command).await.map_err(anyhow::Error::from)?;
    let actor = if before.is_empty() {
        Actor::from(&still_may(app, holder, desk).await?)
    } else {
        let (role, organisation) = (desk.role, desk.organisation.clone());
        Actor::Staff { holder: desk.staff, role, organisation }
    };
    match &desk.task {
        Task::Register { organisation } => {
            let organisation = Some(organisation.clone());
            let register = HolderCommand::Register { registration, organisation };
            app.execute(holder, cause, actor, &register).await?;
            let registered = EventId::derive(command, 0);
            let settled = app.stores().vault.settle_person(registered, app.now()).await;
            settled.map_err(anyhow::Error::from)?;
        }
        Task::Replace { reason } => {
            let before = app.load(holder).await.map_err(anyhow::Error::from)?;
            let replacement = Replacement { registration, reason: *reason };
            let replace = HolderCommand::Desk(DeskCommand::IssueReplacement(replacement));
            app.execute(holder, cause, actor, &replace).await?;
            app.authority().forget(before.holder.card_update()).await;
            let (ended, now) = (EndReason::CertificatesRevoked, app.now());
            let sessions = &app.stores().sessions;
            sessions.end_of_holder(holder, ended, now).await.map_err(anyhow::Error::from)?;
            app.prune_vault(holder).await;
        }
    }
    app.live().ring(holder);
    Ok(())
}

/// B-58, B-59, B-63: whoever of the staff has begun it may still do it, now that it takes effect: he may
/// have signed out since, or a role may have been withdrawn.
pub async fn still_may(app: &App, holder: HolderId, desk: &AtDesk) -> Result<Warrant, Stop> {
    let staff = app.load(desk.staff).await.map_err(anyhow::Error::from)?;
    if !is_there(app, desk, &staff.holder).await? {
        return Err(Stop::no(
            "B-58",
            "The session in which this was begun is over, so the card was not issued. Whoever of the staff has begun it can begin again.",
        ));
    }
    let person = app.load(holder).await.map_err(anyhow::Error::from)?;
    let tree = app.organisations();
    let by = Staff { holder: desk.staff, roles: staff.holder.roles() };
    let subject = Subject { holder, assignments: person.holder.roles().assignments() };
    let may = match &desk.task {
        Task::Register { organisation } => {
            staff::may_in(&by, StaffAct::RegisterPerson, organisation, &tree)
        }
        Task::Replace { .. } => staff::may(&by, StaffAct::ReplaceCard, Some(&subject), &tree),
    };
    may.map_err(|refusal| {
        let refusal = Refusal::from(refusal);
        Stop::no(refusal.rule().as_str(), &format!("{refusal}. The card was not issued."))
    })
}

/// Whether the session in which it was begun goes on. His own card may have had to leave the only reader
/// for the blank one, and ends that session; that is no decision of anybody. Nor is it that its time has
/// passed: the job has ten minutes of its own.
async fn is_there(app: &App, desk: &AtDesk, staff: &Holder) -> anyhow::Result<bool> {
    if desk.session.is_empty() {
        return Ok(true);
    }
    if desk.endings < staff.certificate_records().endings() {
        return Ok(false);
    }
    let mut hash = [0; 32];
    hex::decode_to_slice(&desk.session, &mut hash)?;
    let (sessions, token) = (&app.stores().sessions, TokenHash(hash));
    if sessions.resume(token, app.now()).await?.is_some() {
        return Ok(true);
    }
    Ok(match sessions.ending(token, app.now()).await? {
        Some(Ending::Idle | Ending::Absolute | Ending::Because(EndReason::CardRemoved)) => true,
        // `None`: another card has suspended it, and it went on under another token.
        None
        | Some(Ending::Because(
            EndReason::SignedOut
            | EndReason::AgentLost
            | EndReason::AgentRevoked
            | EndReason::CertificatesRevoked
            | EndReason::CertificatesSuspended
            | EndReason::CertificatesRenewed
            | EndReason::AccountLocked
            // Somebody else has the workstation.
            | EndReason::Suspended,
        )) => false,
    })
}

fn keys(made: &Made) -> Result<CardKeys, Stop> {
    match (&made.authentication, &made.signature, &made.card_authentication) {
        (Some(authentication), Some(signature), Some(card_authentication)) => Ok(CardKeys {
            authentication: authentication.clone(),
            signature: signature.clone(),
            card_authentication: card_authentication.clone(),
        }),
        (_, _, _) => Err(Stop::no("", "The card has not made all of its keys.")),
    }
}
