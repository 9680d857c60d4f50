//! Bearer tokens of machines: made here, shown once, and known afterwards by their hash only.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use stores::{
    api_token::{ApiToken, ApiTokenId, NewApiToken, Role},
    token::TokenHash,
};
use zeroize::Zeroizing;

use crate::app::App;

/// What every token starts with, so that one that lies about is recognised for what it is.
const PREFIX: &str = "latchkey_";

/// Random bytes of a token.
const TOKEN_BYTES: usize = 32;

/// Longest name of a machine or an organisation, in characters.
pub const NAME_CHARS_MAX: usize = 64;

/// A token is good for no more days than this.
pub const DAYS_MAX: u32 = 366;

/// A token as an operator asks for it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Wanted {
    /// What it may do: the label of a [`Role`].
    pub role: String,
    /// What the operator calls the machine; it stands in the records of what it does.
    pub name: String,
    /// Whose machine it is; `None`: it acts for all of them.
    pub organisation: Option<String>,
    /// For how many days, from 1 to [`DAYS_MAX`].
    pub days: u32,
}

/// What is wrong with a [`Wanted`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// There is no such role.
    #[error("there is no such role")]
    Role,
    /// The name, or the organisation's.
    #[error("a name has 1 to 64 characters, all of which can be printed")]
    Name,
    /// The days.
    #[error("a token is good for 1 to 366 days")]
    Days,
}

/// A [`Wanted`] with nothing wrong with it.
#[derive(Debug)]
pub struct Checked {
    role: Role,
    name: String,
    organisation: Option<String>,
    days: u32,
}

/// A token that was just made.
pub struct Issued {
    /// Its id.
    pub api_token_id: ApiTokenId,
    /// What the machine sends. It cannot be had again.
    pub bearer: Zeroizing<String>,
    /// From this instant on it is over.
    pub expires_at: DateTime<Utc>,
}

impl Wanted {
    /// The same, if nothing is wrong with it.
    ///
    /// # Errors
    /// The first thing that is.
    pub fn check(self) -> Result<Checked, Fault> {
        let Self { role, name, organisation, days } = self;
        let role = Role::parse(&role).ok_or(Fault::Role)?;
        if !is_name(&name) || !organisation.as_deref().is_none_or(is_name) {
            return Err(Fault::Name);
        }
        if !(1..=DAYS_MAX).contains(&days) {
            return Err(Fault::Days);
        }
        Ok(Checked { role, name, organisation, days })
    }
}

fn is_name(text: &str) -> bool {
    let printable = text.chars().all(|char| !char.is_control());
    printable && text.trim() == text && (1..=NAME_CHARS_MAX).contains(&text.chars().count())
}

/// Issues a token.
///
/// # Errors
/// If the store fails.
pub async fn issue(app: &App, wanted: Checked) -> anyhow::Result<Issued> {
    let now = app.now();
    let bytes = Zeroizing::new(app.entropy().bytes::<TOKEN_BYTES>());
    let expires_at = now + TimeDelta::days(wanted.days.into());
    let api_token_id = ApiTokenId(app.entropy().uuid(now));
    let token = NewApiToken {
        api_token_id,
        token: TokenHash::of(bytes.as_slice()),
        role: wanted.role,
        name: wanted.name,
        organisation: wanted.organisation,
        expires_at,
    };
    app.stores().api_tokens.issue(&token, now).await?;
    let bearer = Zeroizing::new(format!("{PREFIX}{}", hex::encode(bytes.as_slice())));
    Ok(Issued { api_token_id, bearer, expires_at })
}

/// The token that a machine sent, which is thereby used; `None` if it is none, or over.
///
/// # Errors
/// If the store fails.
pub async fn present(app: &App, bearer: &str) -> anyhow::Result<Option<ApiToken>> {
    let Some(digits) = bearer.strip_prefix(PREFIX) else { return Ok(None) };
    let mut bytes = Zeroizing::new([0; TOKEN_BYTES]);
    if hex::decode_to_slice(digits, bytes.as_mut_slice()).is_err() {
        return Ok(None);
    }
    Ok(app.stores().api_tokens.present(TokenHash::of(bytes.as_slice()), app.now()).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted() -> Wanted {
        let (role, name) = ("logon-checks".to_owned(), "results viewer".to_owned());
        Wanted { role, name, organisation: None, days: 90 }
    }

    fn fault(wanted: Wanted) -> Option<Fault> {
        wanted.check().err()
    }

    #[test]
    fn a_token_is_good_for_1_to_366_days_and_neither_for_0_nor_for_367() {
        for (days, expected) in
            [(0, Some(Fault::Days)), (1, None), (366, None), (367, Some(Fault::Days))]
        {
            assert_eq!(fault(Wanted { days, ..wanted() }), expected, "{days}");
        }
    }

    #[test]
    fn a_name_has_up_to_64_characters_and_can_be_printed() {
        for (name, expected) in [
            (String::new(), Some(Fault::Name)),
            ("é".repeat(64), None),
            ("é".repeat(65), Some(Fault::Name)),
            ("two\nlines".to_owned(), Some(Fault::Name)),
            (" ".to_owned(), Some(Fault::Name)),
        ] {
            assert_eq!(fault(Wanted { name: name.clone(), ..wanted() }), expected, "{name:?}");
            let organisation = Some(name);
            assert_eq!(fault(Wanted { organisation, ..wanted() }), expected);
        }
    }

    #[test]
    fn a_role_that_there_is_not_is_refused() {
        assert_eq!(fault(Wanted { role: "everything".to_owned(), ..wanted() }), Some(Fault::Role));
    }
}
