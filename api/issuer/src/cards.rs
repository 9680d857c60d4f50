//! The cards' authority: a root, an issuing authority below it, and the two certificates of a card.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::{
    CardProfile, Error, Founding, Issued, Pointers, PrivateKey,
    authority::{Authority, Wanted},
    profile::Profile,
    public_key_of_request,
};

/// How long a root lives, in days (20 years).
const ROOT_DAYS: u64 = 7305;

/// Certificates in the cards' chain: the issuing authority's and the root's.
const CHAIN: usize = 2;

/// A certificate wanted for a key of a card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CardCertificate {
    /// Which key of the card.
    pub profile: CardProfile,
    /// The holder.
    pub holder: Uuid,
    /// The holder's name as it is shown to people; 1 to 64 characters.
    pub name: String,
    /// The holder's e-mail address, for the signature certificate (the other does not name it);
    /// ASCII, at most 254 characters.
    pub email: String,
    /// The card's serial number; 1 to 64 letters and digits.
    pub card: String,
    /// From when it is wanted, usually now; the certificate says [`crate::CLOCK_SKEW`] earlier.
    pub not_before: DateTime<Utc>,
    /// The last instant of validity. The certificate ends with its authority if that is earlier.
    pub not_after: DateTime<Utc>,
}

/// Certifies the keys of holders' cards.
#[derive(Debug)]
pub struct CardsAuthority {
    authority: Authority,
    pointers: Option<Pointers>,
}

impl CardsAuthority {
    /// Makes a root (20 years), and below it the issuing authority (10 years, path length 0) that is
    /// returned. The root's key is not kept and not needed to issue. `serials` are random octets:
    /// the root's, the issuing authority's.
    pub fn create(
        founding: &Founding<'_>,
        root: PrivateKey,
        issuing: PrivateKey,
        serials: [[u8; 20]; 2],
    ) -> Result<Self, Error> {
        let root =
            Authority::create(founding, "Card root authority", None, ROOT_DAYS, root, serials[0])?;
        let authority =
            root.create_below(founding, "Card issuing authority 1", issuing, serials[1])?;
        Ok(Self { authority, pointers: None })
    }

    /// Opens an authority made before. `chain` is what [`CardsAuthority::chain`] gave; refused if
    /// `issuing` is not the key of its first certificate.
    pub fn open(issuing: PrivateKey, chain: &[Vec<u8>]) -> Result<Self, Error> {
        Ok(Self { authority: Authority::open(issuing, chain, CHAIN)?, pointers: None })
    }

    /// From here on, certificates say where relying parties ask about them. Without this they point
    /// nowhere, rather than at nothing.
    #[must_use]
    pub fn with_pointers(self, pointers: Pointers) -> Self {
        Self { pointers: Some(pointers), ..self }
    }

    /// True if its name says `DEMO`.
    #[must_use]
    pub fn is_demo(&self) -> bool {
        self.authority.is_demo()
    }

    /// The issuing authority's certificate and the root's, in this order, as DER.
    #[must_use]
    pub fn chain(&self) -> Vec<Vec<u8>> {
        self.authority.chain()
    }

    /// Issues a certificate for the key in `request` (PKCS #10, DER, signed by that key; nothing
    /// else is taken from it). `serial` are random octets.
    pub fn issue_card_certificate(
        &self,
        request: &[u8],
        wanted: &CardCertificate,
        serial: [u8; 20],
    ) -> Result<Issued, Error> {
        let public_key = public_key_of_request(request)?;
        let subject = self.authority.subject(&wanted.name, Some(&wanted.card))?;
        let pointers = self.pointers.as_ref();
        let profile = Profile::card(wanted, subject, self.authority.issuer()?, pointers)?;
        let (not_before, not_after) = (wanted.not_before, wanted.not_after);
        let public_key = &public_key;
        self.authority.issue(Wanted { profile, public_key, serial, not_before, not_after })
    }
}
