//! The authorities' keys and certificates among the keystore's files.

use chrono::{DateTime, Utc};
use issuer::{
    AgentsAuthority, AuthorityKey, CardsAuthority, CertificateFacts, Founding, KeyRefused,
    PRIVATE_KEY_BYTES, PrivateKey,
};
use rustls_pki_types::{CertificateDer, pem::PemObject as _};
use stores::log::Mode;
use zeroize::Zeroizing;

use super::{KeystoreError, folder::Folder};

/// The organisation in the names of certificates.
const ORGANISATION: &str = "Latchkey";

/// How often a private key is drawn before giving up; one draw in 2^190 is not good.
const DRAWS_MAX: u32 = 4;

/// The file of the cards' issuing authority; its certificate file holds the root's as well.
pub(super) const CARDS_ISSUING: &str = "cards-issuing";

/// The file of the cards' root. Not needed to issue: it may be taken away and locked up.
pub(super) const CARDS_ROOT: &str = "cards-root";

/// The file of the agents' authority.
pub(super) const AGENTS: &str = "agents-authority";

/// What an authority is opened from.
struct Stored {
    /// `None` where an HSM has the key.
    scalar: Option<Zeroizing<[u8; PRIVATE_KEY_BYTES]>>,
    /// DER, the authority's own certificate first.
    chain: Vec<Vec<u8>>,
}

/// Both authorities, as they are stored.
pub(super) struct Authorities {
    agents: Stored,
    cards: Stored,
}

impl Authorities {
    /// Makes of both authorities what is not there yet, keys and certificates; the cards' issuing key
    /// only if it is not in an HSM.
    pub(super) fn create(
        files: &Folder,
        mode: Mode,
        in_hsm: Option<AuthorityKey>,
        entropy: &mut dyn FnMut(&mut [u8]),
        now: DateTime<Utc>,
    ) -> Result<(), KeystoreError> {
        let founding = Founding { organisation: ORGANISATION, demo: mode == Mode::Demo, now };
        let mut serials = [[0; 20]; 3];
        for serial in &mut serials {
            entropy(serial);
        }
        let [of_agents, of_root, of_issuing] = serials;
        if !files.has_certificates(AGENTS, 1) {
            let key = read_or_draw(files, AGENTS, entropy)?;
            let agents = AgentsAuthority::create(&founding, key, of_agents)
                .map_err(|source| files.authority(source))?;
            write_chain(files, AGENTS, &[agents.certificate_der().to_vec()])?;
        }
        if !files.has_certificates(CARDS_ISSUING, 1) {
            let root = read_or_draw(files, CARDS_ROOT, entropy)?;
            let issuing = match in_hsm {
                Some(key) => key,
                None => read_or_draw(files, CARDS_ISSUING, entropy)?.into(),
            };
            let cards = CardsAuthority::create(&founding, root, issuing, [of_root, of_issuing])
                .map_err(|source| files.authority(source))?;
            write_chain(files, CARDS_ISSUING, &cards.chain())?;
        }
        Ok(())
    }

    /// Reads both authorities, and checks that they are what a keystore for `mode` has: a
    /// certificate that says `DEMO` betrays a demonstration's authority in a folder that claims to
    /// be for production, and the other way round.
    pub(super) fn read(files: &Folder, mode: Mode) -> Result<Self, KeystoreError> {
        let (agents, cards) = (read(files, AGENTS)?, read(files, CARDS_ISSUING)?);
        let demo = mode == Mode::Demo;
        if agents.is_demo(files)? == demo && cards.is_demo(files)? == demo {
            let read = Self { agents, cards };
            // Keys and certificates belong together.
            read.agents(files)?;
            if read.cards.scalar.is_some() {
                read.cards(files)?;
            }
            return Ok(read);
        }
        let found = if demo { Mode::Production } else { Mode::Demo };
        Err(KeystoreError::OtherMode { folder: files.path().to_path_buf(), found, asked: mode })
    }

    /// The agents' authority, ready to issue.
    pub(super) fn agents(&self, files: &Folder) -> Result<AgentsAuthority, KeystoreError> {
        let certificate = self.agents.chain.first().cloned().unwrap_or_default();
        AgentsAuthority::open(self.agents.key(files, AGENTS)?, certificate)
            .map_err(|source| files.authority(source))
    }

    /// The cards' authority, ready to issue, with the key that is here.
    pub(super) fn cards(&self, files: &Folder) -> Result<CardsAuthority, KeystoreError> {
        let key = self.cards.key(files, CARDS_ISSUING)?;
        self.cards_with(files, key.into())
    }

    /// The cards' authority, ready to issue, with a key that is elsewhere.
    pub(super) fn cards_with(
        &self,
        files: &Folder,
        key: AuthorityKey,
    ) -> Result<CardsAuthority, KeystoreError> {
        CardsAuthority::open(key, &self.cards.chain).map_err(|source| files.authority(source))
    }
}

impl Stored {
    fn key(&self, files: &Folder, name: &'static str) -> Result<PrivateKey, KeystoreError> {
        let scalar = self.scalar.as_ref().ok_or_else(|| files.missing(name))?;
        PrivateKey::from_scalar(&**scalar).map_err(|refused| files.authority(refused.into()))
    }

    /// True if the authority's name says `DEMO`.
    fn is_demo(&self, files: &Folder) -> Result<bool, KeystoreError> {
        let certificate = self.chain.first().map_or(&[][..], Vec::as_slice);
        let facts = CertificateFacts::read(certificate).map_err(|error| files.authority(error))?;
        Ok(facts.demo)
    }
}

/// Version 1 of a private key: as it is there, or drawn and written.
fn read_or_draw(
    files: &Folder,
    name: &'static str,
    entropy: &mut dyn FnMut(&mut [u8]),
) -> Result<PrivateKey, KeystoreError> {
    let refused = |refused: KeyRefused| files.authority(refused.into());
    if !files.versions(name)?.is_empty() {
        let scalar = files.read_key::<PRIVATE_KEY_BYTES>(name, 1)?;
        return PrivateKey::from_scalar(&*scalar).map_err(refused);
    }
    let mut scalar = Zeroizing::new([0; PRIVATE_KEY_BYTES]);
    let mut drawn = Err(KeyRefused::Curve);
    for _ in 0..DRAWS_MAX {
        entropy(&mut *scalar);
        drawn = PrivateKey::from_scalar(&*scalar);
        if drawn.is_ok() {
            break;
        }
    }
    let key = drawn.map_err(refused)?;
    files.write_key(name, 1, &*scalar)?;
    Ok(key)
}

fn write_chain(files: &Folder, name: &str, chain: &[Vec<u8>]) -> Result<(), KeystoreError> {
    let mut text = String::new();
    for der in chain {
        text.push_str(&issuer::pem(der).map_err(|source| files.authority(source))?);
    }
    files.write_certificates(name, 1, &text)
}

fn read(files: &Folder, name: &'static str) -> Result<Stored, KeystoreError> {
    let version = files.versions(name)?.pop();
    // A key in an HSM has a certificate here, the first and only version.
    if version.is_none() && !files.has_certificates(name, 1) {
        return Err(files.missing(name));
    }
    let (path, text) = files.read_certificates(name, version.unwrap_or(1))?;
    let chain: Result<Vec<Vec<u8>>, _> = CertificateDer::pem_slice_iter(text.as_bytes())
        .map(|certificate| certificate.map(|der| der.to_vec()))
        .collect();
    let what = "does not hold certificates as PEM";
    let chain = chain.map_err(|_| KeystoreError::Malformed { path, what })?;
    let scalar = version.map(|version| files.read_key(name, version)).transpose()?;
    Ok(Stored { scalar, chain })
}
