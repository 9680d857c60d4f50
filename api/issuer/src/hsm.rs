//! An authority's key in an HSM, over PKCS #11: it is made there by the operator, and never leaves.

use std::{
    fmt, fs, io,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use cryptoki::{
    context::{CInitializeArgs, CInitializeFlags, Pkcs11},
    error::{Error as Pkcs11Error, RvError},
    mechanism::Mechanism,
    object::{Attribute, AttributeType, ObjectClass, ObjectHandle},
    session::{Session, UserType},
    types::AuthPin,
};
use der::{Any, Decode as _, Encode as _, asn1::OctetString};
use p384::ecdsa::Signature;
use sha2::{Digest as _, Sha384};
use spki::{AlgorithmIdentifierOwned, ObjectIdentifier, SubjectPublicKeyInfoOwned};
use zeroize::Zeroizing;

use crate::{KeyRefused, PublicKey};

const ELLIPTIC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");

/// Most tokens of a module that are looked at.
const TOKENS_MAX: usize = 64;

/// Where a key is.
#[derive(Clone)]
pub struct HsmPlace {
    /// The PKCS #11 module: a shared library of the HSM's maker.
    pub module: PathBuf,
    /// The token's label.
    pub token: String,
    /// The label of the key pair on it, on P-384.
    pub key: String,
    /// What opens the token.
    pub pin: Zeroizing<String>,
    /// Where it is remembered that the HSM has refused that.
    pub refused: RefusedMark,
}

/// A file that says of a PIN that the HSM has refused it. It holds what the PIN was read from, and
/// nothing of the PIN.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedMark {
    /// The file, which is there if a PIN was refused.
    pub file: PathBuf,
    /// What names the source of this PIN: the same as long as nobody has changed it.
    pub source: String,
}

impl RefusedMark {
    /// True if the PIN of this source was refused: it is not tried again.
    #[must_use]
    pub fn is_set(&self) -> bool {
        fs::read_to_string(&self.file).is_ok_and(|source| source == self.source)
    }

    fn set(&self) -> io::Result<()> {
        fs::write(&self.file, &self.source)
    }
}

impl fmt::Debug for HsmPlace {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "HsmPlace({}, {}, {}, …)", self.module.display(), self.token, self.key)
    }
}

/// Why a key in an HSM cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum HsmError {
    /// The HSM, or its module, said no.
    #[error("the HSM does not do it")]
    Pkcs11(#[from] Pkcs11Error),
    /// No token of this label.
    #[error("the HSM has no token {0:?}")]
    NoToken(String),
    /// Not exactly one key pair of this label.
    #[error("the token has {found} keys {label:?}, and not one")]
    NotOneKey {
        /// The label.
        label: String,
        /// How many private or public keys of it there are.
        found: usize,
    },
    /// The key is none that an authority may have.
    #[error("the key in the HSM: {0}")]
    Key(#[from] KeyRefused),
    /// The key is not on P-384.
    #[error("the key in the HSM is not on P-384")]
    NotP384,
    /// The HSM refused what should open the token. It is not tried again, not even after a restart,
    /// because the token counts how often that is wrong, and locks.
    #[error(
        "the HSM refused the PIN, which is not tried again before its file was changed and the \
         server started anew"
    )]
    PinRefused,
    /// The same, and the next start will not know.
    #[error("the HSM refused the PIN, and that could not be written down: change its file first")]
    NotRemembered(#[source] io::Error),
    /// The HSM's answer is not what PKCS #11 says.
    #[error("the HSM's answer cannot be read")]
    Answer,
}

impl HsmError {
    /// True if the token has counted a wrong PIN, or would.
    fn is_refusal(&self) -> bool {
        match self {
            Self::PinRefused | Self::NotRemembered(_) => true,
            Self::Pkcs11(_)
            | Self::NoToken(_)
            | Self::NotOneKey { .. }
            | Self::Key(_)
            | Self::NotP384
            | Self::Answer => false,
        }
    }
}

/// A key pair in an HSM. Signs one message at a time; after the HSM was away, the first signature
/// opens it anew.
pub struct HsmKey {
    place: HsmPlace,
    module: Pkcs11,
    public_key: PublicKey,
    held: Mutex<Held>,
}

/// How we stand with the HSM.
enum Held {
    /// Signed in.
    Open(Open),
    /// It was away.
    Closed,
    /// It refused the PIN.
    Refused,
}

/// A session that is logged in, and the private key in it.
struct Open {
    session: Session,
    key: ObjectHandle,
}

impl fmt::Debug for HsmKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "HsmKey({:?})", self.place)
    }
}

impl HsmKey {
    /// Finds the key pair, and sees to it that it is one on P-384.
    pub fn open(place: HsmPlace) -> Result<Self, HsmError> {
        let module = load(&place.module)?;
        let open = Open::session(&module, &place)?;
        let public_key = open.public_key(&place.key)?;
        Ok(Self { place, module, public_key, held: Mutex::new(Held::Open(open)) })
    }

    /// The public half.
    #[must_use]
    pub fn public_key(&self) -> &PublicKey {
        &self.public_key
    }

    /// A signature over SHA-384 of `message`: `ECDSA-Sig-Value`, DER.
    pub(crate) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, HsmError> {
        let digest = Sha384::digest(message);
        // Whoever panicked here left a session behind that can be used, or is opened anew.
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        match std::mem::replace(&mut *held, Held::Closed) {
            Held::Refused => {
                *held = Held::Refused;
                return Err(HsmError::PinRefused);
            }
            Held::Open(open) => {
                if let Ok(signed) = open.sign(&digest) {
                    *held = Held::Open(open);
                    return Ok(signed);
                }
            }
            Held::Closed => {}
        }
        // The session before is over, so that the token can be logged in to again.
        let signed = self.sign_anew(&digest).or_else(|error| {
            if error.is_refusal() {
                return Err(error);
            }
            self.begin_again()?;
            self.sign_anew(&digest)
        });
        match signed {
            Ok((open, signed)) => {
                *held = Held::Open(open);
                Ok(signed)
            }
            Err(error) => {
                if error.is_refusal() {
                    *held = Held::Refused;
                }
                Err(error)
            }
        }
    }

    fn sign_anew(&self, digest: &[u8]) -> Result<(Open, Vec<u8>), HsmError> {
        let open = Open::session(&self.module, &self.place)?;
        let signed = open.sign(digest)?;
        Ok((open, signed))
    }

    /// A module may hold on to a token that was away: it is ended and begun again, and looks for its
    /// tokens once more. No session is open here.
    fn begin_again(&self) -> Result<(), HsmError> {
        match self.module.clone().finalize() {
            Ok(()) | Err(Pkcs11Error::Pkcs11(RvError::CryptokiNotInitialized, _)) => {}
            Err(error) => return Err(error.into()),
        }
        initialise(&self.module)
    }
}

impl Open {
    fn session(module: &Pkcs11, place: &HsmPlace) -> Result<Self, HsmError> {
        let mut found = None;
        for slot in module.get_slots_with_token()?.into_iter().take(TOKENS_MAX) {
            if module.get_token_info(slot)?.label().trim_end() == place.token {
                found = Some(slot);
            }
        }
        let slot = found.ok_or_else(|| HsmError::NoToken(place.token.clone()))?;
        if place.refused.is_set() {
            return Err(HsmError::PinRefused);
        }
        let session = module.open_ro_session(slot)?;
        let pin = AuthPin::new(place.pin.as_str().into());
        match session.login(UserType::User, Some(&pin)) {
            Ok(()) | Err(Pkcs11Error::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => {}
            Err(Pkcs11Error::Pkcs11(
                RvError::PinIncorrect
                | RvError::PinInvalid
                | RvError::PinLenRange
                | RvError::PinExpired
                | RvError::PinLocked,
                _,
            )) => {
                place.refused.set().map_err(HsmError::NotRemembered)?;
                return Err(HsmError::PinRefused);
            }
            Err(error) => return Err(error.into()),
        }
        let key = only(&session, ObjectClass::PRIVATE_KEY, &place.key)?;
        Ok(Self { session, key })
    }

    fn public_key(&self, label: &str) -> Result<PublicKey, HsmError> {
        let key = only(&self.session, ObjectClass::PUBLIC_KEY, label)?;
        let wanted = [AttributeType::EcPoint, AttributeType::EcParams];
        let (mut point, mut curve) = (None, None);
        for attribute in self.session.get_attributes(key, &wanted)? {
            if let Attribute::EcPoint(der) = &attribute {
                point = Some(OctetString::from_der(der).map_err(|_| HsmError::Answer)?);
            }
            if let Attribute::EcParams(der) = &attribute {
                curve = Some(Any::from_der(der).map_err(|_| HsmError::Answer)?);
            }
        }
        let point = point.ok_or(HsmError::Answer)?;
        let spki = SubjectPublicKeyInfoOwned {
            algorithm: AlgorithmIdentifierOwned { oid: ELLIPTIC, parameters: curve },
            subject_public_key: der::asn1::BitString::from_bytes(point.as_bytes())
                .map_err(|_| HsmError::Answer)?,
        };
        let key = PublicKey::from_spki(&spki.to_der().map_err(|_| HsmError::Answer)?)?;
        if key.is_p384() { Ok(key) } else { Err(HsmError::NotP384) }
    }

    /// PKCS #11 gives r and s side by side, X.509 wants them as a sequence.
    fn sign(&self, digest: &[u8]) -> Result<Vec<u8>, HsmError> {
        let signed = self.session.sign(&Mechanism::Ecdsa, self.key, digest)?;
        let signature = Signature::from_slice(&signed).map_err(|_| HsmError::Answer)?;
        Ok(signature.to_der().as_bytes().to_vec())
    }
}

fn load(module: &Path) -> Result<Pkcs11, HsmError> {
    let loaded = Pkcs11::new(module)?;
    initialise(&loaded)?;
    Ok(loaded)
}

fn initialise(module: &Pkcs11) -> Result<(), HsmError> {
    match module.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)) {
        Ok(()) | Err(Pkcs11Error::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn only(session: &Session, class: ObjectClass, label: &str) -> Result<ObjectHandle, HsmError> {
    let template = [Attribute::Class(class), Attribute::Label(label.as_bytes().to_vec())];
    let found = session.find_objects(&template)?;
    match found.as_slice() {
        [key] => Ok(*key),
        several => Err(HsmError::NotOneKey { label: label.to_owned(), found: several.len() }),
    }
}
