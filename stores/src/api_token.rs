//! Bearer tokens of machines: what each may do, until when. A row stays when its token is over,
//! because records name it.

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use crate::{
    database::{Connections, Query},
    event_store::StoreError,
    token::TokenHash,
};

/// *Last used* is written at most so often, in seconds.
pub const USED_EVERY_SECS: i64 = 60;

/// The most tokens in one page of the list.
pub const PAGE_ROWS_MAX: u32 = 200;

/// Names a token without being one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ApiTokenId(pub Uuid);

/// What a machine may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Ask what a person whom it has authenticated may do.
    LogonChecks,
    /// Say that the registration authority has checked who somebody is (C-04).
    RegistrationAuthority,
    /// Compare what a caller says with his verification passcode (P-11).
    TelephoneService,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 3] =
        [Self::LogonChecks, Self::RegistrationAuthority, Self::TelephoneService];

    /// As in the table and on the command line.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::LogonChecks => "logon-checks",
            Self::RegistrationAuthority => "registration-authority",
            Self::TelephoneService => "telephone-service",
        }
    }

    /// The role with this label.
    #[must_use]
    pub fn parse(label: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.label() == label)
    }
}

/// A token that is to be issued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewApiToken {
    /// Its id.
    pub api_token_id: ApiTokenId,
    /// Its hash.
    pub token: TokenHash,
    /// What it may do.
    pub role: Role,
    /// What the operator calls the machine.
    pub name: String,
    /// Whose machine it is; `None`: it acts for all of them.
    pub organisation: Option<String>,
    /// From this instant on it is over.
    pub expires_at: DateTime<Utc>,
}

/// A token that was issued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiToken {
    /// Its id.
    pub api_token_id: ApiTokenId,
    /// What it may do.
    pub role: Role,
    /// What the operator calls the machine.
    pub name: String,
    /// Whose machine it is; `None`: it acts for all of them.
    pub organisation: Option<String>,
    /// When it was issued.
    pub issued_at: DateTime<Utc>,
    /// From this instant on it is over.
    pub expires_at: DateTime<Utc>,
    /// When it was revoked.
    pub revoked_at: Option<DateTime<Utc>>,
    /// When it was last used; at most a minute behind.
    pub last_used_at: Option<DateTime<Utc>>,
}

/// The table. Cheap to clone.
#[derive(Clone)]
pub struct ApiTokens {
    connections: Connections,
}

impl ApiTokens {
    pub(crate) fn new(connections: Connections) -> Self {
        Self { connections }
    }

    /// Issues a token.
    pub async fn issue(&self, token: &NewApiToken, now: DateTime<Utc>) -> Result<(), StoreError> {
        Query::new(
            "
            insert into api_token
                (api_token_id, token_sha256, role, name, organisation, issued_at, expires_at)
            values ($1, $2, $3, $4, $5, $6, $7)
            ",
        )
        .bind(token.api_token_id.0)
        .bind(token.token.as_bytes())
        .bind(token.role.label())
        .bind(&token.name)
        .bind(&token.organisation)
        .bind(now)
        .bind(token.expires_at)
        .execute(self.connections.writer())
        .await?;
        Ok(())
    }

    /// The token with this hash, which is thereby used. `None` if there is none, it was revoked, or
    /// its time is over. How long the look takes tells of the hash at most, and nobody gets from
    /// there to a token.
    pub async fn present(
        &self,
        token: TokenHash,
        now: DateTime<Utc>,
    ) -> Result<Option<ApiToken>, StoreError> {
        let row: Option<Row> = Query::new(
            "
            select api_token_id, role, name, organisation, issued_at, expires_at, revoked_at,
                last_used_at
            from api_token
            where token_sha256 = $1 and revoked_at is null and $2 < expires_at
            ",
        )
        .bind(token.as_bytes())
        .bind(now)
        .fetch_optional(self.connections.reader())
        .await?;
        let Some(row) = row else { return Ok(None) };
        let mut token = ApiToken::try_from(row)?;
        let again_at = token.last_used_at.map(|last| last + TimeDelta::seconds(USED_EVERY_SECS));
        if again_at.is_none_or(|again_at| again_at <= now) {
            self.used(token.api_token_id, now).await?;
            token.last_used_at = Some(now);
        }
        Ok(Some(token))
    }

    /// Revokes a token; false if there is none of this id, or it was revoked before.
    pub async fn revoke(
        &self,
        api_token_id: ApiTokenId,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let revoked = Query::new(
            "
            update api_token set revoked_at = $2
            where api_token_id = $1 and revoked_at is null
            ",
        )
        .bind(api_token_id.0)
        .bind(now)
        .execute(self.connections.writer())
        .await?;
        Ok(revoked == 1)
    }

    /// All tokens, those that are over too, by id (oldest first); at most [`PAGE_ROWS_MAX`] after a
    /// given one.
    pub async fn list(
        &self,
        after: Option<ApiTokenId>,
        limit: u32,
    ) -> Result<Vec<ApiToken>, StoreError> {
        let rows: Vec<Row> = Query::new(
            "
            select api_token_id, role, name, organisation, issued_at, expires_at, revoked_at,
                last_used_at
            from api_token
            where $1 < api_token_id
            order by api_token_id
            limit $2
            ",
        )
        .bind(after.map_or(Uuid::nil(), |after| after.0))
        .bind(i64::from(limit.min(PAGE_ROWS_MAX)))
        .fetch_all(self.connections.reader())
        .await?;
        rows.into_iter().map(ApiToken::try_from).collect()
    }

    async fn used(&self, api_token_id: ApiTokenId, now: DateTime<Utc>) -> Result<(), StoreError> {
        Query::new(
            "
            update api_token set last_used_at = $2
            where api_token_id = $1 and (last_used_at is null or last_used_at < $2)
            ",
        )
        .bind(api_token_id.0)
        .bind(now)
        .execute(self.connections.writer())
        .await?;
        Ok(())
    }
}

#[derive(sqlx::FromRow)]
struct Row {
    api_token_id: Uuid,
    role: String,
    name: String,
    organisation: Option<String>,
    issued_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    revoked_at: Option<DateTime<Utc>>,
    last_used_at: Option<DateTime<Utc>>,
}

impl TryFrom<Row> for ApiToken {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let role = Role::parse(&row.role)
            .ok_or_else(|| StoreError(anyhow::anyhow!("an API token has an unknown role")))?;
        Ok(Self {
            api_token_id: ApiTokenId(row.api_token_id),
            role,
            name: row.name,
            organisation: row.organisation,
            issued_at: row.issued_at,
            expires_at: row.expires_at,
            revoked_at: row.revoked_at,
            last_used_at: row.last_used_at,
        })
    }
}

#[cfg(test)]
mod tests;
