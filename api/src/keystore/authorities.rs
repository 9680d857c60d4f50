//! The authorities' keys and certificates among the keystore's files.

use chrono::{DateTime, Utc};
use issuer::{
    AgentsAuthority, CardsAuthority, Founding, KeyRefused, PRIVATE_KEY_BYTES, PrivateKey,
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
const CARDS_ISSUING: &str = "cards-issuing";

/// The file of the cards' root. Not needed to issue: it may be taken away and locked up.
const CARDS_ROOT: &str = "cards-root";

/// The file of the agents' authority.
const AGENTS: &str = "agents-authority";

/// What an authority is opened from.
struct Stored {
    scalar: Zeroizing<[u8; PRIVATE_KEY_BYTES]>,
    /// DER, the authority's own certificate first.
    chain: Vec<Vec<u8>>,
}

/// Both authorities, as they are stored.
pub(super) struct Authorities {
    agents: Stored,
    cards: Stored,
}

impl Authorities {
    /// Makes of both authorities what is not there yet, keys and certificates.
    pub(super) fn create(
        files: &Folder,
        mode: Mode,
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
            let issuing = read_or_draw(files, CARDS_ISSUING, entropy)?;
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
        let read = Self { agents: read(files, AGENTS)?, cards: read(files, CARDS_ISSUING)? };
        let demo = mode == Mode::Demo;
        if read.agents(files)?.is_demo() == demo && read.cards(files)?.is_demo() == demo {
            return Ok(read);
        }
        let found = if demo { Mode::Production } else { Mode::Demo };
        Err(KeystoreError::OtherMode { folder: files.path().to_path_buf(), found, asked: mode })
    }

    /// The agents' authority, ready to issue.
    pub(super) fn agents(&self, files: &Folder) -> Result<AgentsAuthority, KeystoreError> {
        let certificate = self.agents.chain.first().cloned().unwrap_or_default();
        PrivateKey::from_scalar(&*self.agents.scalar)
            .map_err(issuer::Error::from)
            .and_then(|key| AgentsAuthority::open(key, certificate))
            .map_err(|source| files.authority(source))
    }

    /// The cards' authority, ready to issue.
    pub(super) fn cards(&self, files: &Folder) -> Result<CardsAuthority, KeystoreError> {
        PrivateKey::from_scalar(&*self.cards.scalar)
            .map_err(issuer::Error::from)
            .and_then(|key| CardsAuthority::open(key, &self.cards.chain))
            .map_err(|source| files.authority(source))
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
    let version = files.versions(name)?.pop().ok_or_else(|| files.missing(name))?;
    let (path, text) = files.read_certificates(name, version)?;
    let chain: Result<Vec<Vec<u8>>, _> = CertificateDer::pem_slice_iter(text.as_bytes())
        .map(|certificate| certificate.map(|der| der.to_vec()))
        .collect();
    let what = "does not hold certificates as PEM";
    let chain = chain.map_err(|_| KeystoreError::Malformed { path, what })?;
    Ok(Stored { scalar: files.read_key(name, version)?, chain })
}
