//! Secrets that must be had back: a card's unlocking key, a value that waits for the end of a job.
//!
//! Each row has its own data key, which encrypts the secret (AES-256-GCM) and is itself encrypted
//! by the seal key of the version the row names. Changing the seal key rewraps 32 bytes a row, and
//! forgetting a data key is forgetting its secret. Both encryptions are bound to purpose, card,
//! holder and reference, so that no row passes for another.

use aes_gcm::{
    Aes256Gcm, KeyInit as _,
    aead::{Aead as _, Payload},
};
use chrono::{DateTime, TimeDelta, Utc};
use domain::ids::{EventId, HolderId, SecretRef};
use subtle::ConstantTimeEq as _;
use uuid::Uuid;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::{Keys, PENDING_HOURS, PUK_PURPOSE, Swept, Vault, VaultError};
use crate::{database::Query, event_store::EventStore};

/// The largest secret, in bytes.
pub const SEALED_BYTES_MAX: usize = 4096;

/// The most rows that are opened in one check.
const CHECKED_ROWS_MAX: u32 = 256;

/// The longest purpose or card name, in bytes.
const NAME_BYTES_MAX: usize = 64;

/// The randomness of one sealed row; never used twice.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct SealEntropy {
    data_key: [u8; 32],
    nonce: [u8; 12],
    wrap_nonce: [u8; 12],
}

impl SealEntropy {
    /// How many random bytes one row needs.
    pub const BYTES: usize = 56;
}

impl From<[u8; SealEntropy::BYTES]> for SealEntropy {
    fn from(random: [u8; SealEntropy::BYTES]) -> Self {
        let random = Zeroizing::new(random);
        let mut entropy = Self { data_key: [0; 32], nonce: [0; 12], wrap_nonce: [0; 12] };
        entropy.data_key.copy_from_slice(&random[..32]);
        entropy.nonce.copy_from_slice(&random[32..44]);
        entropy.wrap_nonce.copy_from_slice(&random[44..]);
        entropy
    }
}

/// How long a sealed row is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// Until it is discarded, or its person is erased.
    Always,
    /// It can be opened until just before this instant.
    Until(DateTime<Utc>),
    /// As [`Keep::Always`] if this event, which names it, is in the log a day later; if not, until then.
    IfNamedBy(EventId),
}

impl Keep {
    fn expires_at(self) -> Option<DateTime<Utc>> {
        match self {
            Self::Until(expires_at) => Some(expires_at),
            Self::Always | Self::IfNamedBy(_) => None,
        }
    }

    fn event(self) -> Option<Uuid> {
        match self {
            Self::IfNamedBy(event) => Some(event.0),
            Self::Always | Self::Until(_) => None,
        }
    }
}

#[derive(sqlx::FromRow)]
struct Row {
    holder_id: Uuid,
    purpose: String,
    card: String,
    #[sqlx(try_from = "i64")]
    seal_version: u32,
    wrap_nonce: Vec<u8>,
    wrapped_key: Vec<u8>,
    nonce: Vec<u8>,
    ciphertext: Vec<u8>,
    expires_at: Option<DateTime<Utc>>,
    ring: String,
}

/// One row.
const ROW_OF: &str = "
    select holder_id, purpose, card, seal_version, wrap_nonce, wrapped_key, nonce, ciphertext,
           expires_at, ring
    from sealed
    where secret_id = $1
";

/// Which key wraps a row: PUKs have one of their own, which not every process opens. Rows from before
/// that are wrapped as all others are.
#[derive(Clone, Copy)]
enum Ring {
    Seal,
    Puk,
}

impl Ring {
    fn of(purpose: &str) -> Self {
        if purpose == PUK_PURPOSE { Self::Puk } else { Self::Seal }
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Seal => "seal",
            Self::Puk => "puk",
        }
    }

    fn named(name: &str) -> Result<Self, VaultError> {
        match name {
            "seal" => Ok(Self::Seal),
            "puk" => Ok(Self::Puk),
            _ => Err(VaultError::Broken),
        }
    }
}

impl Vault {
    /// Seals a secret under a reference. The same secret again is no change; another one under the
    /// same reference is [`VaultError::Taken`], because a card may hold the first already.
    #[expect(clippy::too_many_arguments, reason = "each is one column, and none has a default")]
    pub async fn seal(
        &self,
        secret: SecretRef,
        holder: HolderId,
        purpose: &str,
        card: &str,
        plaintext: &[u8],
        entropy: SealEntropy,
        keep: Keep,
        now: DateTime<Utc>,
    ) -> Result<(), VaultError> {
        if SEALED_BYTES_MAX < plaintext.len() {
            return Err(VaultError::Invalid("a sealed secret is too long"));
        }
        if NAME_BYTES_MAX < purpose.len() || NAME_BYTES_MAX < card.len() {
            return Err(VaultError::Invalid("a purpose or card name is too long"));
        }
        let bound_to = binding(secret, holder.0, purpose, card);
        let ring = Ring::of(purpose);
        let (version, seal_key) = self.ring(ring)?.current();
        let ciphertext = encrypt(&entropy.data_key, entropy.nonce, plaintext, &bound_to)?;
        let wrapped = encrypt(seal_key, entropy.wrap_nonce, &entropy.data_key, &bound_to)?;
        let sealed = Query::new(
            "
            insert into sealed
                (secret_id, holder_id, purpose, card, seal_version, wrap_nonce, wrapped_key,
                 nonce, ciphertext, expires_at, created_at, event_id, ring)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
            on conflict (secret_id) do nothing
            ",
        )
        .bind(secret.0)
        .bind(holder.0)
        .bind(purpose)
        .bind(card)
        .bind(i64::from(version))
        .bind(entropy.wrap_nonce.to_vec())
        .bind(wrapped)
        .bind(entropy.nonce.to_vec())
        .bind(ciphertext)
        .bind(keep.expires_at())
        .bind(now)
        .bind(keep.event())
        .bind(ring.as_str())
        .execute(self.connections.writer())
        .await?;
        if sealed == 1 {
            return Ok(());
        }
        let there = self.open_sealed(secret, purpose, card, now).await?;
        let same = there.is_some_and(|there| bool::from(there.as_slice().ct_eq(plaintext)));
        if same { Ok(()) } else { Err(VaultError::Taken) }
    }

    /// Opens a sealed secret. `None` if there is none under this reference for this purpose and
    /// card, or its time is over.
    pub async fn open_sealed(
        &self,
        secret: SecretRef,
        purpose: &str,
        card: &str,
        now: DateTime<Utc>,
    ) -> Result<Option<Zeroizing<Vec<u8>>>, VaultError> {
        let row: Option<Row> =
            Query::new(ROW_OF).bind(secret.0).fetch_optional(self.connections.reader()).await?;
        let Some(row) = row.filter(|row| row.purpose == purpose && row.card == card) else {
            return Ok(None);
        };
        if row.expires_at.is_some_and(|expires_at| expires_at <= now) {
            return Ok(None);
        }
        self.open_row(secret, &row).map(Some)
    }

    fn ring(&self, ring: Ring) -> Result<&Keys, VaultError> {
        match ring {
            Ring::Seal => Ok(&self.keys.seal),
            Ring::Puk => self.keys.puk.as_ref().ok_or(VaultError::NotThisProcess),
        }
    }

    fn open_row(&self, secret: SecretRef, row: &Row) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        let version = row.seal_version;
        let ring = self.ring(Ring::named(&row.ring)?)?;
        let seal_key = ring.by_version(version).ok_or(VaultError::KeyMissing { version })?;
        let bound_to = binding(secret, row.holder_id, &row.purpose, &row.card);
        let data_key = decrypt(seal_key, &row.wrap_nonce, &row.wrapped_key, &bound_to)?;
        decrypt(&data_key, &row.nonce, &row.ciphertext, &bound_to)
    }

    /// Opens the next rows behind `after`, whatever they are for, and forgets at once what was in them:
    /// for whoever wants to know whether these keys belong to this vault. The last of them, and how
    /// many; `None` behind the last of all.
    ///
    /// # Errors
    /// At the first row that does not open.
    pub async fn check_sealed(
        &self,
        after: Option<SecretRef>,
    ) -> Result<Option<(SecretRef, u64)>, VaultError> {
        let rows: Vec<(Uuid,)> = Query::new(
            "
            select secret_id from sealed where $1 is null or $1 < secret_id
            order by secret_id limit $2
            ",
        )
        .bind(after.map(|after| after.0))
        .bind(i64::from(CHECKED_ROWS_MAX))
        .fetch_all(self.connections.reader())
        .await?;
        for (secret,) in &rows {
            let row: Row =
                Query::new(ROW_OF).bind(secret).fetch_one(self.connections.reader()).await?;
            self.open_row(SecretRef(*secret), &row)?;
        }
        Ok(rows.last().map(|(last,)| (SecretRef(*last), rows.len() as u64)))
    }

    /// Of the rows that have waited a day for their event: keeps those that are named, and deletes the
    /// others.
    pub(super) async fn sweep_sealed(
        &self,
        log: &dyn EventStore,
        now: DateTime<Utc>,
        limit: u32,
    ) -> Result<Swept, VaultError> {
        let pending: Vec<(Uuid, Uuid)> = Query::new(
            "
            select secret_id, event_id from sealed
            where event_id is not null and created_at <= $1
            order by created_at, secret_id
            limit $2
            ",
        )
        .bind(now - TimeDelta::hours(PENDING_HOURS))
        .bind(i64::from(limit))
        .fetch_all(self.connections.reader())
        .await?;
        let mut swept = Swept::default();
        for (secret, event) in pending {
            if log.contains(EventId(event)).await? {
                Query::new("update sealed set event_id = null where secret_id = $1")
                    .bind(secret)
                    .execute(self.connections.writer())
                    .await?;
                swept.n_settled += 1;
            } else {
                swept.n_deleted += self.discard(&[SecretRef(secret)]).await?;
            }
        }
        Ok(swept)
    }

    pub(super) async fn discard_expired(
        &self,
        now: DateTime<Utc>,
        limit: u32,
    ) -> Result<u64, VaultError> {
        let deleted = Query::new(
            "
            delete from sealed where secret_id in (
                select secret_id from sealed
                where expires_at is not null and expires_at <= $1
                order by expires_at
                limit $2
            )
            ",
        )
        .bind(now)
        .bind(i64::from(limit))
        .execute(self.connections.writer())
        .await?;
        Ok(deleted)
    }
}

/// Additional data of both encryptions. The names hold no line breaks that could shift a field:
/// each is preceded by its length.
fn binding(secret: SecretRef, holder: Uuid, purpose: &str, card: &str) -> Vec<u8> {
    format!(
        "latchkey/v1 sealed\n{}:{purpose}\n{}:{card}\n{holder}\n{secret}\n",
        purpose.len(),
        card.len()
    )
    .into_bytes()
}

fn encrypt(
    key: &[u8],
    nonce: [u8; 12],
    plaintext: &[u8],
    bound_to: &[u8],
) -> Result<Vec<u8>, VaultError> {
    let cipher = Aes256Gcm::new_from_slice(key).map_err(|_| VaultError::Broken)?;
    cipher
        .encrypt(&nonce.into(), Payload { msg: plaintext, aad: bound_to })
        .map_err(|_| VaultError::Broken)
}

fn decrypt(
    key: &[u8],
    nonce: &[u8],
    ciphertext: &[u8],
    bound_to: &[u8],
) -> Result<Zeroizing<Vec<u8>>, VaultError> {
    let cipher = Aes256Gcm::new_from_slice(key).map_err(|_| VaultError::Broken)?;
    let nonce: [u8; 12] = nonce.try_into().map_err(|_| VaultError::Broken)?;
    cipher
        .decrypt(&nonce.into(), Payload { msg: ciphertext, aad: bound_to })
        .map(Zeroizing::new)
        .map_err(|_| VaultError::Broken)
}
