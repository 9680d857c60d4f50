//! What an organisation may choose about its cards' certificates: what they are for, under which
//! policy, and by which name Windows finds an account. All else is the table's ([`crate::CardProfile`]).

use spki::ObjectIdentifier;

use crate::CardProfile;

pub(crate) const SERVER_AUTH: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.1");
pub(crate) const CLIENT_AUTH: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.2");
pub(crate) const OCSP_SIGNING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.9");
const CODE_SIGNING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.3");
const EMAIL_PROTECTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.4");
const TIME_STAMPING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.8");
/// RFC 9336.
const DOCUMENT_SIGNING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.36");
const SMARTCARD_LOGON: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.311.20.2.2");
/// RFC 4556 §3.2.1.
const PKINIT: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.2.3.4");
const ANYTHING: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.37.0");

/// What no card may have a certificate for: anything at all, and what others are trusted with.
const NEVER: [ObjectIdentifier; 5] =
    [ANYTHING, SERVER_AUTH, CODE_SIGNING, TIME_STAMPING, OCSP_SIGNING];

/// What the signature certificate may not be for, either: nobody logs in with it.
const NEVER_SIGNATURE: [ObjectIdentifier; 3] = [CLIENT_AUTH, SMARTCARD_LOGON, PKINIT];

/// Most extended key usages of a certificate.
const PURPOSES_MAX: usize = 8;

/// A choice that a profile does not take.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProfileRefused {
    /// Not digits with dots between them (X.660).
    #[error("{0:?} is not an object identifier like 1.3.6.1.5.5.7.3.2")]
    NotAnIdentifier(String),
    /// A purpose that a card's certificate of this kind may not have.
    #[error("{0} is not a purpose for this certificate of a card")]
    Purpose(String),
    /// None, too many, or one of them twice.
    #[error("a certificate has 1 to {PURPOSES_MAX} purposes, each once")]
    Count,
}

/// What was chosen; by default what the table of profiles says, and no policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CardProfiles {
    authentication: Vec<ObjectIdentifier>,
    signature: Vec<ObjectIdentifier>,
    pub(crate) policy: Option<ObjectIdentifier>,
    pub(crate) upn_from_email: bool,
}

impl Default for CardProfiles {
    fn default() -> Self {
        Self {
            authentication: vec![CLIENT_AUTH, SMARTCARD_LOGON],
            signature: vec![EMAIL_PROTECTION, DOCUMENT_SIGNING],
            policy: None,
            upn_from_email: false,
        }
    }
}

impl CardProfiles {
    /// With other extended key usages for certificates of this kind: 1 to 8 object identifiers.
    pub fn with_purposes(
        self,
        profile: CardProfile,
        purposes: &[String],
    ) -> Result<Self, ProfileRefused> {
        let mut parsed: Vec<ObjectIdentifier> = vec![];
        for text in purposes {
            let purpose = identifier(text)?;
            let never = match profile {
                CardProfile::Authentication => NEVER.contains(&purpose),
                CardProfile::Signature => {
                    NEVER.contains(&purpose) || NEVER_SIGNATURE.contains(&purpose)
                }
            };
            if never {
                return Err(ProfileRefused::Purpose(text.clone()));
            }
            if parsed.contains(&purpose) {
                return Err(ProfileRefused::Count);
            }
            parsed.push(purpose);
        }
        if !(1..=PURPOSES_MAX).contains(&parsed.len()) {
            return Err(ProfileRefused::Count);
        }
        Ok(match profile {
            CardProfile::Authentication => Self { authentication: parsed, ..self },
            CardProfile::Signature => Self { signature: parsed, ..self },
        })
    }

    /// With this certificate policy in both kinds (RFC 5280 §4.2.1.4).
    pub fn with_policy(self, policy: &str) -> Result<Self, ProfileRefused> {
        Ok(Self { policy: Some(identifier(policy)?), ..self })
    }

    /// With the holder's e-mail address as his user principal name in the card authentication
    /// certificate, for those whose accounts in Windows are called so.
    #[must_use]
    pub fn with_upn_from_email(self) -> Self {
        Self { upn_from_email: true, ..self }
    }

    pub(crate) fn purposes(&self, profile: CardProfile) -> &[ObjectIdentifier] {
        match profile {
            CardProfile::Authentication => &self.authentication,
            CardProfile::Signature => &self.signature,
        }
    }
}

fn identifier(text: &str) -> Result<ObjectIdentifier, ProfileRefused> {
    ObjectIdentifier::new(text).map_err(|_| ProfileRefused::NotAnIdentifier(text.to_owned()))
}
