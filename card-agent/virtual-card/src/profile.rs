//! The two kinds of card there are, because cards differ and the agent must be written for the union.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// How a card treats its passcode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// The applet's own rule, that of SP 800-73-4: 6 to 8 digits.
    Piv,
    /// The rule of the guides (P-06): 4 to 8 printable characters, three tries.
    Guide,
}

impl Profile {
    /// Every profile, for tests that run on all of them.
    pub const ALL: [Self; 2] = [Self::Piv, Self::Guide];

    /// The word by which files, commands and the drawer name it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Piv => "piv",
            Self::Guide => "guide",
        }
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A word that names no profile.
#[derive(Debug, thiserror::Error)]
#[error("there is no card profile of that name: piv or guide")]
pub struct UnknownProfile;

impl FromStr for Profile {
    type Err = UnknownProfile;

    fn from_str(name: &str) -> Result<Self, UnknownProfile> {
        Self::ALL.into_iter().find(|profile| profile.name() == name).ok_or(UnknownProfile)
    }
}
