//! The operator's question about keys: which versions there are, and what still needs them.

use std::collections::BTreeMap;

use domain::card::CardBound;
use futures::TryStreamExt as _;
use serde::{Deserialize, Serialize};
use stores::event_store::{Filter, Position};

use crate::{
    app::App,
    keystore::{Kept, KeptVersion},
};

/// A key, as the operator sees it. Nothing of the key itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyLine {
    /// Which.
    pub key: Kept,
    /// Its versions, the oldest first.
    pub versions: Vec<VersionLine>,
}

/// A version of a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VersionLine {
    /// The version, and when it was made.
    #[serde(flatten)]
    pub version: KeptVersion,
    /// How many records or cards name it; none where nothing counts them.
    pub n_needed: Option<u64>,
}

/// All keys. Counts what needs them, so it reads whole tables and the streams of all cards.
///
/// # Errors
/// If keystore, vault or log cannot be read.
pub async fn lines(app: &App) -> anyhow::Result<Vec<KeyLine>> {
    let mut lines = Vec::with_capacity(Kept::ALL.len());
    for key in Kept::ALL {
        let needs = needs(app, key).await?;
        let versions = app.keystore().versions_of(key)?.into_iter().map(|version| {
            let n_needed = needs
                .as_ref()
                .map(|needs| needs.get(&version.version).copied().unwrap_or_default());
            VersionLine { version, n_needed }
        });
        lines.push(KeyLine { key, versions: versions.collect() });
    }
    Ok(lines)
}

async fn needs(app: &App, key: Kept) -> anyhow::Result<Option<BTreeMap<u32, u64>>> {
    let vault = &app.stores().vault;
    Ok(match key {
        Kept::Pepper => Some(vault.rows_by_pepper().await?),
        Kept::Seal => Some(vault.rows_by_seal().await?),
        Kept::CardManagement => {
            let mut needs = vault.rows_by_puk().await?;
            for (version, n_cards) in cards(app).await? {
                *needs.entry(version).or_default() += n_cards;
            }
            Some(needs)
        }
        Kept::Poprf
        | Kept::Ticket
        | Kept::Code
        | Kept::CardsIssuing
        | Kept::CardsRoot
        | Kept::AgentsAuthority => None,
    })
}

/// The cards that were personalised under each version of the master.
async fn cards(app: &App) -> anyhow::Result<BTreeMap<u32, u64>> {
    let cards = Filter::Categories(vec!["card".to_owned()]);
    let mut events = app.stores().log.read_all(Position::START, cards);
    let mut cards = BTreeMap::new();
    while let Some(event) = events.try_next().await? {
        if event.kind == CardBound::KIND {
            let bound: CardBound = serde_json::from_slice(&event.data)?;
            *cards.entry(bound.management_key).or_default() += 1;
        }
    }
    Ok(cards)
}
