//! The certificate authority as the rest of the product sees it: issue, confirm, abandon, revoke,
//! status, each a method, in two phases (a certificate counts once it was read back from its card).
//!
//! Its record is the log: what was issued, confirmed, given up and revoked follows from the holders'
//! events, so that nothing can be half done, and a revocation is known everywhere with the very
//! event that says so. The certificate itself waits, sealed, in the vault under its transaction:
//! whoever asks again, after whatever crash, is given the same bytes.

#[cfg(test)]
mod tests;

use std::sync::Arc;

use chrono::{DateTime, Duration, Utc};
use domain::{
    card::{CardUpdate, IssuedCertificate, PublicKey, Slot, Write},
    certificate::RevocationReason,
    holder::HolderCommand,
    ids::{CardSerial, CertificateSerial, CommandId, HolderId, SecretRef},
    logon::Authenticated,
};
use issuer::{CardCertificate, CardProfile, CardsAuthority};
use projections::{CertificateStatus, ProjectionError};
use sha2::{Digest as _, Sha256};
use stores::vault::{Keep, VaultError};
use uuid::Uuid;

use crate::{
    app::App,
    execute::{Actor, Cause, ExecuteError, Executed},
};

/// What a certificate is sealed for; part of what its seal covers.
pub const PURPOSE: &str = "certificate";

/// An authority that ends within so many days issues nothing more: what it issued would end with it
/// before its holder could renew.
const LAST_DAYS: i64 = 31;

/// The authority's key does one thing at a time for cards: one that hangs in its HSM hangs alone.
pub const SIGNING_AT_ONCE: usize = 1;

/// How long the authority's key is waited for; what it has to do takes milliseconds.
const SIGNING_MAX: std::time::Duration = std::time::Duration::from_secs(5);

/// One certificate for one key, however often it is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Transaction<'a> {
    /// The update or the registration.
    pub command: CommandId,
    /// Of which slot.
    pub slot: Slot,
    /// The how-manieth key of the slot it is in this update: a key that was given up never gets the
    /// same certificate again. 0 for a new card.
    pub opening: u32,
    /// The key that the card has made.
    pub key: &'a PublicKey,
}

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Order<'a> {
    /// Which certificate.
    pub transaction: Transaction<'a>,
    /// For whom.
    pub holder: HolderId,
    /// On which card.
    pub card: &'a CardSerial,
    /// The card's request (PKCS #10, DER), signed with the new key.
    pub request: &'a [u8],
}

/// A certificate that was issued, and may go to its card.
#[derive(Debug, Clone)]
pub struct Issued {
    /// X.509, DER.
    pub der: Vec<u8>,
    /// What of it is recorded.
    pub certificate: IssuedCertificate,
    /// Where the vault keeps it.
    pub secret: SecretRef,
}

/// Why no certificate was issued.
#[derive(Debug, thiserror::Error)]
pub enum NotIssued {
    /// The card's request is not right.
    #[error("the card's request for a certificate is not right")]
    Request(#[source] issuer::Error),
    /// What was issued is not what was asked for; it is forgotten, and nobody has seen it.
    #[error("what was issued is not what was asked for")]
    NotAsWanted(#[source] issuer::NotAsWanted),
    /// The authority cannot issue now.
    #[error("no certificates can be issued at the moment")]
    NotReady,
    /// We failed.
    #[error(transparent)]
    Failed(#[from] anyhow::Error),
}

/// The authority. Cheap to make.
#[derive(Clone, Copy)]
pub struct Authority<'a> {
    app: &'a App,
}

impl App {
    /// The certificate authority.
    #[must_use]
    pub fn authority(&self) -> Authority<'_> {
        Authority { app: self }
    }
}

impl Transaction<'_> {
    /// A name that is the same on every retry, and of nothing else.
    fn name(&self, what: &str) -> Uuid {
        let slot = match self.slot {
            Slot::Authentication => "9a",
            Slot::Signature => "9c",
        };
        let digest = Sha256::new()
            .chain_update(format!("latchkey/v1 certificate\n{what}\n{slot}\n"))
            .chain_update(self.command.0.as_bytes())
            .chain_update(self.opening.to_be_bytes())
            .chain_update(self.key.der())
            .finalize();
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&digest[..16]);
        Uuid::new_v8(bytes)
    }

    /// Where the vault keeps its certificate.
    #[must_use]
    pub fn secret(&self) -> SecretRef {
        SecretRef(self.name("secret"))
    }

    /// A command of this transaction: the same on every retry.
    #[must_use]
    pub fn cause(&self, what: &str) -> Cause {
        Cause { command: CommandId(self.name(what)), begun_by: self.command }
    }
}

impl Authority<'_> {
    /// Asked before a card's key is destroyed: whether certificates for this holder could be issued
    /// afterwards, for whichever slot. Both are made, and forgotten.
    pub async fn ready(&self, holder: HolderId, card: &CardSerial) -> Result<(), NotIssued> {
        if self.ends_at()? <= self.app.now() + Duration::days(LAST_DAYS) {
            return Err(NotIssued::NotReady);
        }
        let mut tries = Vec::with_capacity(Slot::ALL.len());
        for slot in Slot::ALL {
            let wanted = self.wanted(holder, card, slot).await?;
            tries.push((wanted, self.app.entropy().bytes()));
        }
        let outcome = self.with_key(move |authority| {
            let mut tries = tries.into_iter();
            tries.try_for_each(|(wanted, serial)| authority.try_card_certificate(&wanted, serial))
        });
        outcome.await?.map_err(|error| {
            self.app.metrics().authority_failed(self.app.now());
            let error = anyhow::Error::from(error);
            tracing::error!(error = format!("{error:#}"), "the authority cannot issue");
            NotIssued::NotReady
        })
    }

    /// Work for the authority's key, which may be in an HSM that hangs: then everything else goes on
    /// without it, and nothing more is asked of it until it answers.
    async fn with_key<T: Send + 'static>(
        &self,
        work: impl FnOnce(&CardsAuthority) -> T + Send + 'static,
    ) -> Result<T, NotIssued> {
        let app = self.app.clone();
        let done = async move {
            let place = Arc::clone(app.signing()).acquire_owned().await?;
            let work = move || {
                let _place = place;
                anyhow::Ok(work(app.cards_authority()?))
            };
            tokio::task::spawn_blocking(work).await?
        };
        if let Ok(done) = tokio::time::timeout(SIGNING_MAX, done).await {
            Ok(done?)
        } else {
            self.app.metrics().authority_failed(self.app.now());
            tracing::error!("the authority's key does not answer");
            Err(NotIssued::NotReady)
        }
    }

    fn ends_at(self) -> anyhow::Result<DateTime<Utc>> {
        let chain = self.app.cards_authority()?.chain();
        let own = chain.first().ok_or_else(|| anyhow::anyhow!("an authority without a chain"))?;
        Ok(issuer::CertificateFacts::read(own)?.not_after)
    }

    /// Issues the certificate of a transaction, or gives back the one that it has issued. It is
    /// durable before it is returned, and checked: nothing else ever goes to a card.
    pub async fn issue(&self, order: &Order<'_>) -> Result<Issued, NotIssued> {
        if let Some(der) = self.open(order.transaction.secret(), order.card).await? {
            return Self::issued(order, der);
        }
        let requested = issuer::public_key_of_request(order.request);
        let requested = requested.map_err(|refused| NotIssued::Request(refused.into()))?;
        if requested.spki() != order.transaction.key.der() {
            let refused = issuer::RequestRefused::NoPossession;
            return Err(NotIssued::Request(refused.into()));
        }
        let wanted = self.wanted(order.holder, order.card, order.transaction.slot).await?;
        let (request, asked) = (order.request.to_vec(), wanted.clone());
        let serial = self.app.entropy().bytes();
        let made = self
            .with_key(move |authority| authority.issue_card_certificate(&request, &asked, serial));
        let made = made.await?.map_err(not_issued).inspect_err(|error| {
            if matches!(error, NotIssued::NotReady) {
                self.app.metrics().authority_failed(self.app.now());
            }
        })?;
        let key = order.transaction.key.der();
        self.app
            .cards_authority()?
            .check_card_certificate(&made.der, key, &wanted)
            .map_err(NotIssued::NotAsWanted)?;
        let der = self.keep(order, made.der).await?;
        Self::issued(order, der)
    }

    async fn wanted(
        &self,
        holder: HolderId,
        card: &CardSerial,
        slot: Slot,
    ) -> Result<CardCertificate, NotIssued> {
        let now = self.app.now();
        let person = self.app.stores().vault.person(holder).await;
        let person = person.map_err(anyhow::Error::from)?;
        let person =
            person.ok_or_else(|| anyhow::anyhow!("a holder without a person in the vault"))?;
        Ok(CardCertificate {
            profile: match slot {
                Slot::Authentication => CardProfile::Authentication,
                Slot::Signature => CardProfile::Signature,
            },
            holder: holder.0,
            name: person.name,
            email: person.email,
            card: card.as_str().to_owned(),
            not_before: now,
            not_after: now + Duration::days(self.app.policy().certificate_days.into()),
        })
    }

    /// Seals a certificate under its transaction; if another one was faster, that is the one.
    async fn keep(&self, order: &Order<'_>, der: Vec<u8>) -> anyhow::Result<Vec<u8>> {
        let (secret, card) = (order.transaction.secret(), order.card.as_str());
        let entropy = self.app.entropy().bytes().into();
        let (vault, now) = (&self.app.stores().vault, self.app.now());
        match vault
            .seal(secret, order.holder, PURPOSE, card, &der, entropy, Keep::Always, now)
            .await
        {
            Ok(()) => Ok(der),
            Err(VaultError::Taken) => {
                let first = self.open(secret, order.card).await?;
                first.ok_or_else(|| anyhow::anyhow!("a certificate was there and is gone"))
            }
            Err(error) => Err(error.into()),
        }
    }

    fn issued(order: &Order<'_>, der: Vec<u8>) -> Result<Issued, NotIssued> {
        let facts = issuer::CertificateFacts::read(&der).map_err(anyhow::Error::from)?;
        let certificate = IssuedCertificate {
            slot: order.transaction.slot,
            serial: facts.serial.parse().map_err(anyhow::Error::from)?,
            not_before: facts.not_before,
            not_after: facts.not_after,
        };
        Ok(Issued { der, certificate, secret: order.transaction.secret() })
    }

    /// The certificate that is sealed under a reference, DER.
    pub async fn open(
        &self,
        secret: SecretRef,
        card: &CardSerial,
    ) -> anyhow::Result<Option<Vec<u8>>> {
        let vault = &self.app.stores().vault;
        let der = vault.open_sealed(secret, PURPOSE, card.as_str(), self.app.now()).await?;
        Ok(der.map(|der| der.to_vec()))
    }

    /// The certificate of a slot was read back from the card, and its key has signed.
    pub async fn confirm(
        &self,
        holder: HolderId,
        update: CommandId,
        job: Uuid,
        slot: Slot,
    ) -> Result<Executed, ExecuteError> {
        // A certificate may be written, and so confirmed, more than once: each is a command.
        let cause = self.of(update);
        let command = HolderCommand::NoteCertificateWritten { update, job, slot };
        self.app.execute(holder, cause, Actor::Holder, &command).await
    }

    /// The slot makes another key: what was issued for the one before is given up with it.
    pub async fn abandon(
        &self,
        holder: HolderId,
        update: CommandId,
        job: Uuid,
        slot: Slot,
    ) -> Result<Executed, ExecuteError> {
        let before = self.app.load(holder).await?;
        let write = Write::KeyPair;
        let command = HolderCommand::OpenCardWrite { update, job, slot, write };
        let done = self.app.execute(holder, self.of(update), Actor::Holder, &command).await?;
        let given_up = before.holder.card_update().and_then(|open| open.slot(slot).certificate());
        self.discard(given_up.map(|(_, secret)| secret).as_slice()).await;
        Ok(done)
    }

    /// An update is over, of which this was known before: nobody asks for its certificates again.
    pub async fn forget(&self, before: Option<&CardUpdate>) {
        let secrets: Vec<_> = before.into_iter().flat_map(CardUpdate::secrets).collect();
        self.discard(&secrets).await;
    }

    /// Housekeeping: a failure is logged, and [`App::prune_vault`] makes it good.
    async fn discard(&self, secrets: &[SecretRef]) {
        if let Err(error) = self.app.stores().vault.discard(secrets).await {
            let error = anyhow::Error::from(error);
            tracing::warn!(error = format!("{error:#}"), "sealed certificates were not discarded");
        }
    }

    /// C-15: all certificates of the holder's card, for ever.
    pub async fn revoke(
        &self,
        holder: HolderId,
        command: CommandId,
        proof: Authenticated,
        reason: RevocationReason,
    ) -> Result<Executed, ExecuteError> {
        let before = self.app.load(holder).await?;
        let revoke = HolderCommand::RevokeCertificates { proof, reason };
        let cause = Cause::first(command);
        let done = self.app.execute(holder, cause, Actor::Holder, &revoke).await?;
        self.forget(before.holder.card_update()).await;
        Ok(done)
    }

    /// How a certificate stands, as far as the projections have come; `None` if it is none of ours.
    pub async fn status(
        &self,
        serial: &CertificateSerial,
    ) -> Result<Option<CertificateStatus>, ProjectionError> {
        self.app.projections().certificate_status(serial).await
    }

    fn of(self, update: CommandId) -> Cause {
        Cause { command: self.app.entropy().command_id(self.app.now()), begun_by: update }
    }
}

/// Only a request that is not right is its card's fault; all else is ours, and may be right later.
fn not_issued(error: issuer::Error) -> NotIssued {
    match error {
        error @ issuer::Error::Request(_) => NotIssued::Request(error),
        // The key here is the authority's own: the card's is refused with its request.
        issuer::Error::Key(_)
        | issuer::Error::Name(_)
        | issuer::Error::NeverValid
        | issuer::Error::PartsDoNotMatch
        | issuer::Error::NotASerial
        | issuer::Error::Signing(_)
        | issuer::Error::Encoding(_)
        | issuer::Error::Building(_) => {
            let error = anyhow::Error::from(error);
            tracing::error!(error = format!("{error:#}"), "the authority cannot issue");
            NotIssued::NotReady
        }
    }
}
