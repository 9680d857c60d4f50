//! The operator's questions about machines' tokens.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use stores::api_token::ApiTokenId;
use uuid::Uuid;
use zeroize::Zeroize as _;

use crate::{
    app::App,
    tokens::{self, Wanted},
};

/// Tokens in one answer.
const TOKENS_MAX: u32 = 200;

/// What an operator asks.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Question {
    /// A new token.
    Issue(Wanted),
    /// All tokens, after this one.
    List {
        /// Where to go on.
        after: Option<Uuid>,
    },
    /// This token is over.
    Revoke {
        /// Which.
        token: Uuid,
    },
}

/// What he is answered.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    /// The token.
    Issued {
        /// Its id, by which it is listed and revoked.
        token: Uuid,
        /// What the machine sends.
        bearer: ShownOnce,
        /// From this instant on it is over.
        expires_at: DateTime<Utc>,
    },
    /// Tokens, oldest first.
    Listed(Vec<TokenLine>),
    /// Done, or there was nothing to do.
    Revoked {
        /// False if there is none, or it was revoked before.
        was_good: bool,
    },
    /// Not issued, because.
    Refused(String),
}

/// A token on its way to the operator's eyes; wiped when dropped, and in no log.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ShownOnce(pub String);

impl Drop for ShownOnce {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for ShownOnce {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("ShownOnce(..)")
    }
}

/// A token that was issued.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TokenLine {
    /// Its id.
    pub token: Uuid,
    /// What it may do.
    pub role: String,
    /// What the operator calls the machine.
    pub name: String,
    /// Whose machine it is.
    pub organisation: Option<String>,
    /// When it was issued.
    pub issued_at: DateTime<Utc>,
    /// From this instant on it is over.
    pub expires_at: DateTime<Utc>,
    /// When it was revoked.
    pub revoked_at: Option<DateTime<Utc>>,
    /// When it was last used; at most a minute behind.
    pub last_used_at: Option<DateTime<Utc>>,
    /// True if it is over, one way or the other.
    pub over: bool,
}

pub(super) async fn answer(app: &App, question: Question) -> anyhow::Result<Reply> {
    let now = app.now();
    Ok(match question {
        Question::Issue(wanted) => match wanted.check() {
            Ok(checked) => {
                let issued = tokens::issue(app, checked).await?;
                Reply::Issued {
                    token: issued.api_token_id.0,
                    bearer: ShownOnce(issued.bearer.to_string()),
                    expires_at: issued.expires_at,
                }
            }
            Err(fault) => Reply::Refused(fault.to_string()),
        },
        Question::List { after } => {
            let listed = app.stores().api_tokens.list(after.map(ApiTokenId), TOKENS_MAX).await?;
            let lines = listed.into_iter().map(|token| TokenLine {
                token: token.api_token_id.0,
                role: token.role.label().to_owned(),
                name: token.name,
                organisation: token.organisation,
                issued_at: token.issued_at,
                expires_at: token.expires_at,
                revoked_at: token.revoked_at,
                last_used_at: token.last_used_at,
                over: token.revoked_at.is_some() || token.expires_at <= now,
            });
            Reply::Listed(lines.collect())
        }
        Question::Revoke { token } => {
            let was_good = app.stores().api_tokens.revoke(ApiTokenId(token), now).await?;
            Reply::Revoked { was_good }
        }
    })
}
