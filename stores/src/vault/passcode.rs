//! Digests of passcodes, and tags of smartcard passcodes.
//!
//! A passcode that the server sees is stretched (Argon2id, own salt), then keyed with the pepper.
//! A smartcard passcode never comes here: what comes is the output of the POPRF that the agent ran,
//! which is keyed and stretched already, so that the pepper is enough.

use chrono::{DateTime, Utc};
use domain::ids::{EventId, HolderId, SecretRef};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use subtle::{Choice, ConstantTimeEq as _};
use uuid::Uuid;

use super::{Vault, VaultError};
use crate::database::Query;

/// The most references that one value is compared with: the last five of each of three kinds.
pub const MATCHED_REFS_MAX: usize = 16;

/// The longest value, in bytes: an answer of a hundred characters of at most four, and room to spare.
const VALUE_BYTES_MAX: usize = 512;

/// Attempts to put one row while another caller puts the same one.
const PUT_TRIES_MAX: u32 = 2;

/// What a new row is for.
#[derive(Debug, Clone, Copy)]
pub struct NewPasscode<'a> {
    /// Derived from the command, so that a retry meets its own row.
    pub secret: SecretRef,
    /// Whose.
    pub holder: HolderId,
    /// Label of the kind: `smartcard`, `account_recovery`, `verification`.
    pub kind: &'a str,
    /// The event that will name the row.
    pub event: EventId,
}

/// How a value becomes a digest.
#[derive(Clone, Copy)]
enum Form {
    /// Argon2id with this salt, then HMAC.
    Passcode { salt: [u8; 16] },
    /// HMAC.
    Tag,
}

impl Form {
    /// Keeps a digest of one form from ever passing for one of the other.
    const fn label(self) -> &'static [u8] {
        match self {
            Self::Passcode { .. } => b"latchkey/v1 passcode",
            Self::Tag => b"latchkey/v1 tag",
        }
    }
}

#[derive(sqlx::FromRow)]
struct Row {
    secret_id: Uuid,
    holder_id: Uuid,
    kind: String,
    event_id: Uuid,
    salt: Option<Vec<u8>>,
    digest: Vec<u8>,
    #[sqlx(try_from = "i64")]
    pepper_version: u32,
}

impl Row {
    fn form(&self) -> Result<Form, VaultError> {
        match self.salt.as_deref().map(<[u8; 16]>::try_from) {
            None => Ok(Form::Tag),
            Some(Ok(salt)) => Ok(Form::Passcode { salt }),
            Some(Err(_)) => Err(VaultError::Broken),
        }
    }

    fn new_passcode(&self) -> NewPasscode<'_> {
        NewPasscode {
            secret: SecretRef(self.secret_id),
            holder: HolderId(self.holder_id),
            kind: &self.kind,
            event: EventId(self.event_id),
        }
    }
}

impl Vault {
    /// Puts the digest of a passcode under a reference. The same value again is no change; another
    /// value under the same reference is [`VaultError::Taken`]. `salt` is random.
    pub async fn put_passcode(
        &self,
        row: NewPasscode<'_>,
        value: &[u8],
        salt: [u8; 16],
        now: DateTime<Utc>,
    ) -> Result<(), VaultError> {
        self.put(row, Form::Passcode { salt }, value, now).await
    }

    /// Puts the tag of a smartcard passcode (output of the POPRF) under a reference, likewise.
    pub async fn put_tag(
        &self,
        row: NewPasscode<'_>,
        tag: &[u8],
        now: DateTime<Utc>,
    ) -> Result<(), VaultError> {
        self.put(row, Form::Tag, tag, now).await
    }

    /// Which of these references stands for this passcode, if one does (B-22). All are compared,
    /// in constant time, whatever the answer; references without a row match nothing.
    pub async fn matching(
        &self,
        refs: &[SecretRef],
        value: &[u8],
    ) -> Result<Option<SecretRef>, VaultError> {
        self.first_match(refs, value, |form| matches!(form, Form::Passcode { .. })).await
    }

    /// Which of these references stands for this tag, likewise.
    pub async fn matching_tag(
        &self,
        refs: &[SecretRef],
        tag: &[u8],
    ) -> Result<Option<SecretRef>, VaultError> {
        self.first_match(refs, tag, |form| matches!(form, Form::Tag)).await
    }

    /// True if each of these references stands for the value beside it (B-31). All are compared, in
    /// constant time, whatever comes of the others; a reference without a row takes as long as one
    /// with, and matches nothing. No pairs at all match nothing, either.
    pub async fn all_match(&self, pairs: &[(SecretRef, &[u8])]) -> Result<bool, VaultError> {
        if MATCHED_REFS_MAX < pairs.len() {
            return Err(VaultError::Invalid("too many references at once"));
        }
        let mut rows = Vec::with_capacity(pairs.len());
        let mut inputs = Vec::with_capacity(pairs.len());
        for (secret, value) in pairs {
            check(value)?;
            let row = self.row(*secret).await?;
            let salt = match &row {
                Some(row) => match row.form()? {
                    Form::Passcode { salt } => salt,
                    Form::Tag => return Err(VaultError::Invalid("a tag is no answer")),
                },
                None => [0; 16],
            };
            rows.push(row);
            inputs.push((*value, salt));
        }
        let stretched = self.stretcher.stretch_each(inputs.clone()).await?;
        let mut all = Choice::from(u8::from(!pairs.is_empty()));
        for ((row, (_, salt)), stretched) in rows.iter().zip(inputs).zip(&stretched) {
            all &= match row {
                Some(row) => {
                    let form = Form::Passcode { salt };
                    let digest = keyed(self.pepper(row)?, form, &row.new_passcode(), &**stretched)?;
                    digest.ct_eq(row.digest.as_slice())
                }
                None => Choice::from(0),
            };
        }
        Ok(all.into())
    }

    async fn put(
        &self,
        row: NewPasscode<'_>,
        form: Form,
        value: &[u8],
        now: DateTime<Utc>,
    ) -> Result<(), VaultError> {
        check(value)?;
        for _ in 0..PUT_TRIES_MAX {
            if let Some(there) = self.row(row.secret).await? {
                return self.compare(row, form, value, &there).await;
            }
            let (version, pepper) = self.keys.pepper.current();
            let digest = self.digests(value, &[(row, form, pepper)]).await?.remove(0);
            if self.insert(row, form, &digest, version, now).await? {
                return Ok(());
            }
        }
        Err(VaultError::Taken)
    }

    /// Is this row what we were about to write?
    async fn compare(
        &self,
        row: NewPasscode<'_>,
        form: Form,
        value: &[u8],
        there: &Row,
    ) -> Result<(), VaultError> {
        let as_written = there.form()?;
        let same_form = form.label() == as_written.label();
        let pepper = self.pepper(there)?;
        let digest = self.digests(value, &[(row, as_written, pepper)]).await?.remove(0);
        let same = same_form
            && there.event_id == row.event.0
            && bool::from(digest.ct_eq(there.digest.as_slice()));
        if same { Ok(()) } else { Err(VaultError::Taken) }
    }

    async fn first_match(
        &self,
        refs: &[SecretRef],
        value: &[u8],
        wanted: fn(Form) -> bool,
    ) -> Result<Option<SecretRef>, VaultError> {
        check(value)?;
        if MATCHED_REFS_MAX < refs.len() {
            return Err(VaultError::Invalid("too many references at once"));
        }
        let mut rows = Vec::with_capacity(refs.len());
        for secret in refs {
            rows.extend(self.row(*secret).await?);
        }
        let mut inputs = Vec::with_capacity(rows.len());
        for row in &rows {
            inputs.push((row.new_passcode(), row.form()?, self.pepper(row)?));
        }
        let digests = self.digests(value, &inputs).await?;
        let matches: Vec<Choice> = rows
            .iter()
            .zip(&inputs)
            .zip(&digests)
            .map(|((row, (_, form, _)), digest)| {
                digest.ct_eq(row.digest.as_slice()) & Choice::from(u8::from(wanted(*form)))
            })
            .collect();
        let found = rows.iter().zip(matches).find(|(_, matched)| bool::from(*matched));
        Ok(found.map(|(row, _)| SecretRef(row.secret_id)))
    }

    /// The digest of one value under each of several rows.
    async fn digests(
        &self,
        value: &[u8],
        rows: &[(NewPasscode<'_>, Form, &[u8; 32])],
    ) -> Result<Vec<[u8; 32]>, VaultError> {
        let salts: Vec<[u8; 16]> = rows
            .iter()
            .filter_map(|(_, form, _)| match form {
                Form::Passcode { salt } => Some(*salt),
                Form::Tag => None,
            })
            .collect();
        let mut stretched = if salts.is_empty() {
            Vec::new()
        } else {
            self.stretcher.stretch(value, salts).await?
        }
        .into_iter();
        let mut digests = Vec::with_capacity(rows.len());
        for (row, form, pepper) in rows {
            let digest = match form {
                Form::Passcode { .. } => {
                    let stretched = stretched.next().ok_or(VaultError::Broken)?;
                    keyed(pepper, *form, row, &*stretched)?
                }
                Form::Tag => keyed(pepper, *form, row, value)?,
            };
            digests.push(digest);
        }
        Ok(digests)
    }

    fn pepper(&self, row: &Row) -> Result<&[u8; 32], VaultError> {
        let version = row.pepper_version;
        self.keys.pepper.by_version(version).ok_or(VaultError::KeyMissing { version })
    }

    async fn row(&self, secret: SecretRef) -> Result<Option<Row>, VaultError> {
        let row = Query::new(
            "
            select secret_id, holder_id, kind, event_id, salt, digest, pepper_version
            from passcode_digest
            where secret_id = $1
            ",
        )
        .bind(secret.0)
        .fetch_optional(self.connections.reader())
        .await?;
        Ok(row)
    }

    /// False if the reference has a row by now.
    async fn insert(
        &self,
        row: NewPasscode<'_>,
        form: Form,
        digest: &[u8; 32],
        pepper_version: u32,
        now: DateTime<Utc>,
    ) -> Result<bool, VaultError> {
        let salt = match form {
            Form::Passcode { salt } => Some(salt.to_vec()),
            Form::Tag => None,
        };
        let inserted = Query::new(
            "
            insert into passcode_digest
                (secret_id, holder_id, kind, event_id, salt, digest, pepper_version, created_at)
            values ($1, $2, $3, $4, $5, $6, $7, $8)
            on conflict (secret_id) do nothing
            ",
        )
        .bind(row.secret.0)
        .bind(row.holder.0)
        .bind(row.kind)
        .bind(row.event.0)
        .bind(salt)
        .bind(digest.to_vec())
        .bind(i64::from(pepper_version))
        .bind(now)
        .execute(self.connections.writer())
        .await?;
        Ok(inserted == 1)
    }
}

fn check(value: &[u8]) -> Result<(), VaultError> {
    if value.is_empty() || VALUE_BYTES_MAX < value.len() {
        Err(VaultError::Invalid("a value is empty or too long"))
    } else {
        Ok(())
    }
}

/// Bound to its row: a digest that is copied to another reference, holder or kind matches nothing.
fn keyed(
    pepper: &[u8; 32],
    form: Form,
    row: &NewPasscode<'_>,
    input: &[u8],
) -> Result<[u8; 32], VaultError> {
    let mut mac = Hmac::<Sha256>::new_from_slice(pepper).map_err(|_| VaultError::Broken)?;
    mac.update(form.label());
    mac.update(&[0]);
    mac.update(row.secret.0.as_bytes());
    mac.update(row.holder.0.as_bytes());
    mac.update(row.kind.as_bytes());
    mac.update(&[0]);
    mac.update(input);
    Ok(mac.finalize().into_bytes().into())
}
