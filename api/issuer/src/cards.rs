//! The cards' authority: a root, an issuing authority below it, and the two certificates of a card.

use chrono::{DateTime, SubsecRound as _, Utc};
use der::Encode as _;
use uuid::Uuid;

use crate::{
    AuthorityKey, CardProfile, CardProfiles, CertificateFacts, CrlHead, Error, Founding, Issued,
    NotAsWanted, Pointers, PrivateKey, PublicKey, RESPONDER_LIFE, Revocations,
    authority::{Authority, Wanted},
    chain,
    check::{self, Expected},
    crl,
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

/// Why no certificate could be issued for a holder.
#[derive(Debug, thiserror::Error)]
pub enum NotIssuable {
    /// It was not put together, or not signed.
    #[error(transparent)]
    Error(#[from] Error),
    /// It is not what was wanted.
    #[error(transparent)]
    NotAsWanted(#[from] NotAsWanted),
}

/// Certifies the keys of holders' cards.
#[derive(Debug)]
pub struct CardsAuthority {
    authority: Authority,
    profiles: CardProfiles,
    pointers: Option<Pointers>,
}

impl CardsAuthority {
    /// Makes a root (20 years), and below it the issuing authority (10 years, path length 0) that is
    /// returned. The root's key is not kept and not needed to issue. `serials` are random octets:
    /// the root's, the issuing authority's.
    pub fn create(
        founding: &Founding<'_>,
        root: PrivateKey,
        issuing: impl Into<AuthorityKey>,
        serials: [[u8; 20]; 2],
    ) -> Result<Self, Error> {
        let (name, root) = ("Card root authority", root.into());
        let root = Authority::create(founding, name, None, ROOT_DAYS, root, serials[0])?;
        let name = "Card issuing authority 1";
        Ok(Self::over(root.create_below(founding, name, issuing.into(), serials[1])?))
    }

    /// Opens an authority made before. `chain` is what [`CardsAuthority::chain`] gave; refused if
    /// `issuing` is not the key of its first certificate.
    pub fn open(issuing: impl Into<AuthorityKey>, chain: &[Vec<u8>]) -> Result<Self, Error> {
        Ok(Self::over(Authority::open(issuing.into(), chain, CHAIN)?))
    }

    fn over(authority: Authority) -> Self {
        Self { authority, profiles: CardProfiles::default(), pointers: None }
    }

    /// From here on, certificates are as these profiles say.
    #[must_use]
    pub fn with_profiles(self, profiles: CardProfiles) -> Self {
        Self { profiles, ..self }
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

    /// The same as one certs-only CMS message (`.p7c`), DER.
    pub fn chain_p7c(&self) -> Result<Vec<u8>, Error> {
        chain::certs_only(self.chain())
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
        let profile = self.profile(wanted)?;
        let (not_before, not_after) = (wanted.not_before, wanted.not_after);
        let public_key = &public_key;
        self.authority.issue(Wanted { profile, public_key, serial, not_before, not_after })
    }

    /// Tries whether such a certificate can be issued: one is put together, for the authority's own
    /// key, signed and checked. It is good for nothing, and is forgotten here.
    pub fn try_card_certificate(
        &self,
        wanted: &CardCertificate,
        serial: [u8; 20],
    ) -> Result<(), NotIssuable> {
        let public_key = &self.authority.public_key()?;
        let profile = self.profile(wanted)?;
        let (not_before, not_after) = (wanted.not_before, wanted.not_after);
        let tried = Wanted { profile, public_key, serial, not_before, not_after };
        let tried = self.authority.issue(tried)?;
        self.check_card_certificate(&tried.der, &tried.public_key, wanted)?;
        Ok(())
    }

    /// Checks a certificate (DER) before it goes to a card: that this authority signed it, for
    /// `public_key` (DER `SubjectPublicKeyInfo`), and that it says what was wanted and nothing more.
    /// Gives back what it says.
    pub fn check_card_certificate(
        &self,
        der: &[u8],
        public_key: &[u8],
        wanted: &CardCertificate,
    ) -> Result<CertificateFacts, NotAsWanted> {
        let expected = self.expected(public_key, wanted).map_err(|_| NotAsWanted::Nothing)?;
        check::check(der, &expected)
    }

    /// Signs the list of what is revoked, DER.
    pub fn crl(&self, head: &CrlHead, revocations: &Revocations) -> Result<Vec<u8>, Error> {
        crl::sign(&self.authority, head, revocations)
    }

    /// Certifies a signer of OCSP answers.
    pub(crate) fn issue_responder_certificate(
        &self,
        public_key: &PublicKey,
        serial: [u8; 20],
        now: DateTime<Utc>,
    ) -> Result<Issued, Error> {
        let subject = self.authority.subject("Card certificate status", None)?;
        let profile = Profile::responder(subject, self.authority.issuer()?);
        let (not_before, not_after) = (now, now + RESPONDER_LIFE);
        self.authority.issue(Wanted { profile, public_key, serial, not_before, not_after })
    }

    /// What OCSP names an authority by (RFC 6960 §4.1.1): its name, DER, and the bits of its key.
    pub(crate) fn named(&self) -> Result<(Vec<u8>, Vec<u8>), Error> {
        let body = self.authority.certificate().tbs_certificate();
        let key = body.subject_public_key_info().subject_public_key.raw_bytes().to_vec();
        Ok((body.subject().to_der()?, key))
    }

    fn profile(&self, wanted: &CardCertificate) -> Result<Profile<'_>, Error> {
        let subject = self.authority.subject(&wanted.name, Some(&wanted.card))?;
        let issuer = self.authority.issuer()?;
        Profile::card(wanted, subject, issuer, &self.profiles, self.pointers.as_ref())
    }

    fn expected<'a>(
        &'a self,
        public_key: &'a [u8],
        wanted: &CardCertificate,
    ) -> Result<Expected<'a>, Error> {
        Ok(Expected {
            profile: self.profile(wanted)?,
            public_key,
            signer: self.authority.public_key()?,
            not_before: wanted.not_before,
            not_after: wanted.not_after.trunc_subsecs(0).min(self.authority.not_after()?),
        })
    }
}
