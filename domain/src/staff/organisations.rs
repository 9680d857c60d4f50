//! The tree of organisations (B-59). Their names are public and nobody's.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    holder::{Encoded, UnknownEvent},
    ids::OrganisationCode,
    refusal::RuleId,
};

/// The most organisations of one service.
pub const ORGANISATIONS_MAX: usize = 50_000;

/// The most organisations from one up to the root, both included.
pub const DEPTH_MAX: u8 = 8;

/// The most characters of an organisation's name.
pub const NAME_CHARACTERS_MAX: usize = 80;

/// A fact in the stream of the organisations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", content = "data", deny_unknown_fields)]
pub enum OrganisationEvent {
    /// There is one more.
    OrganisationAdded {
        /// Its code.
        code: OrganisationCode,
        /// Its name.
        name: String,
        /// The one above it; none for the root.
        parent: Option<OrganisationCode>,
    },
}

/// Why an organisation is not added.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAdded {
    /// There is exactly one root.
    #[error("There is a root organisation already")]
    SecondRoot,
    /// The one above it is not known.
    #[error("There is no organisation {parent}")]
    NoParent {
        /// Its code.
        parent: OrganisationCode,
    },
    /// Another organisation has this code.
    #[error("There is another organisation {code}")]
    CodeTaken {
        /// The code.
        code: OrganisationCode,
    },
    /// No name, or a name that is too long or has control characters.
    #[error("The name of an organisation has 1 to {NAME_CHARACTERS_MAX} characters")]
    NameNotValid,
    /// It would be too far below the root.
    #[error("An organisation is at most {DEPTH_MAX} levels deep, the root included")]
    TooDeep,
    /// There are too many.
    #[error("There are {ORGANISATIONS_MAX} organisations already")]
    TooMany,
}

impl NotAdded {
    /// The rule that says no.
    #[must_use]
    pub fn rule(&self) -> RuleId {
        const { RuleId::new("B-59") }
    }

    /// What can be done about it.
    #[must_use]
    pub fn way_out(&self) -> &'static str {
        match self {
            Self::SecondRoot => "Add it below an organisation that is there.",
            Self::NoParent { .. } => "Add the organisation above it first.",
            Self::CodeTaken { .. } => "Choose another code.",
            Self::NameNotValid => "Enter a shorter name.",
            Self::TooDeep => "Add it further up.",
            Self::TooMany => "Use one of the organisations that are there.",
        }
    }
}

impl OrganisationEvent {
    /// Every type there is.
    pub const KINDS: [&'static str; 1] = ["OrganisationAdded"];

    /// Its type, as recorded.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::OrganisationAdded { .. } => "OrganisationAdded",
        }
    }

    /// The form in which it is recorded.
    #[must_use]
    pub fn encode(&self) -> Encoded {
        Encoded { kind: self.kind(), schema: 1, data: json!(self)["data"].take() }
    }

    /// Reads what [`OrganisationEvent::encode`] has written.
    pub fn decode(kind: &str, schema: u16, data: &[u8]) -> Result<Self, UnknownEvent> {
        if !Self::KINDS.contains(&kind) {
            return Err(UnknownEvent::Kind { kind: kind.to_owned() });
        }
        if schema != 1 {
            return Err(UnknownEvent::Schema { kind: kind.to_owned(), schema });
        }
        let (before, between, after) = (br#"{"type":""#, br#"","data":"#, b"}");
        let whole = [before, kind.as_bytes(), between, data, after].concat();
        serde_json::from_slice(&whole).map_err(|source| UnknownEvent::Data {
            kind: kind.to_owned(),
            schema,
            source,
        })
    }
}

/// The tree.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Organisations {
    all: BTreeMap<OrganisationCode, Organisation>,
    root: Option<OrganisationCode>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Organisation {
    name: String,
    parent: Option<OrganisationCode>,
    /// 1 for the root.
    depth: u8,
}

impl Organisations {
    /// The one above all; none while there is no organisation.
    #[must_use]
    pub fn root(&self) -> Option<&OrganisationCode> {
        self.root.as_ref()
    }

    /// Its name, if there is such an organisation.
    #[must_use]
    pub fn name(&self, code: &OrganisationCode) -> Option<&str> {
        self.all.get(code).map(|organisation| organisation.name.as_str())
    }

    /// The one above it; none for the root and for one that is not known.
    #[must_use]
    pub fn parent(&self, code: &OrganisationCode) -> Option<&OrganisationCode> {
        self.all.get(code)?.parent.as_ref()
    }

    /// How far down it is: 1 for the root, at most [`DEPTH_MAX`]; none for one that is not known.
    #[must_use]
    pub fn depth(&self, code: &OrganisationCode) -> Option<u8> {
        self.all.get(code).map(|organisation| organisation.depth)
    }

    /// All of them with their names, by code.
    pub fn iter(&self) -> impl Iterator<Item = (&OrganisationCode, &str)> {
        self.all.iter().map(|(code, organisation)| (code, organisation.name.as_str()))
    }

    /// How many there are, at most [`ORGANISATIONS_MAX`].
    #[must_use]
    pub fn count(&self) -> usize {
        self.all.len()
    }

    /// B-59: true if `lower` is `upper` or below it. False if either is not known.
    #[must_use]
    pub fn covers(&self, upper: &OrganisationCode, lower: &OrganisationCode) -> bool {
        if !self.all.contains_key(upper) {
            return false;
        }
        let mut at = self.all.get_key_value(lower).map(|(code, _)| code);
        for _ in 0..DEPTH_MAX {
            match at {
                Some(code) if code == upper => return true,
                Some(code) => at = self.parent(code),
                None => return false,
            }
        }
        false
    }

    /// One more. Adding the same again adds nothing.
    pub fn decide_add(
        &self,
        code: OrganisationCode,
        name: &str,
        parent: Option<OrganisationCode>,
    ) -> Result<Vec<OrganisationEvent>, NotAdded> {
        let name = name.trim();
        if let Some(known) = self.all.get(&code) {
            let is_same = known.name == name && known.parent == parent;
            return if is_same { Ok(vec![]) } else { Err(NotAdded::CodeTaken { code }) };
        }
        let is_too_long = NAME_CHARACTERS_MAX < name.chars().count();
        if name.is_empty() || is_too_long || name.contains(char::is_control) {
            return Err(NotAdded::NameNotValid);
        }
        if ORGANISATIONS_MAX <= self.all.len() {
            return Err(NotAdded::TooMany);
        }
        match &parent {
            None if self.root.is_some() => return Err(NotAdded::SecondRoot),
            None => {}
            Some(above) => match self.depth(above) {
                None => return Err(NotAdded::NoParent { parent: above.clone() }),
                Some(depth) if DEPTH_MAX <= depth => return Err(NotAdded::TooDeep),
                Some(_) => {}
            },
        }
        Ok(vec![OrganisationEvent::OrganisationAdded { code, name: name.to_owned(), parent }])
    }

    /// The tree after an event.
    #[must_use]
    pub fn evolve(mut self, event: &OrganisationEvent) -> Self {
        match event {
            OrganisationEvent::OrganisationAdded { code, name, parent } => {
                let above = parent.as_ref().and_then(|parent| self.depth(parent));
                let depth = above.unwrap_or(0).saturating_add(1);
                if parent.is_none() {
                    self.root = Some(code.clone());
                }
                let added = Organisation { name: name.clone(), parent: parent.clone(), depth };
                self.all.insert(code.clone(), added);
            }
        }
        self
    }
}
