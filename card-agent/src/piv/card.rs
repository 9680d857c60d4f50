//! The commands, one function each, with the clause of SP 800-73-5 part 2 that defines it.

use protocol::Slot;
use zeroize::Zeroizing;

use super::{
    Key, ManagementAlgorithm, ManagementKey, Object, PublicKey, Reference, ReferenceData, Status,
    apdu::{Command, Reply},
    keys::P256,
    objects, tlv,
};
use crate::{
    entropy::Random,
    transport::{LinkError, Transport},
};

/// The full identifier of the PIV card application (3.1.1): RID, PIX, version 1.0.
const APPLICATION: [u8; 11] = [0xA0, 0, 0, 0x03, 0x08, 0, 0, 0x10, 0, 0x01, 0];

/// Most GET RESPONSE commands for one answer, of up to 256 bytes each.
const RESPONSES_MAX: usize = 64;

/// Largest content of a data object that we write, in bytes; certificates take about 600.
pub(crate) const OBJECT_BYTES_MAX: usize = 4_000;

/// A PIV card that is selected command by command. Keeps no state: that is on the card.
pub struct Card<T> {
    link: T,
}

/// Why a command came to nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CardError {
    /// The link is gone; what the card did with the command is unknown.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// The card refused, and in a way that this command's result has no word for.
    #[error("the card answered {status:?} to command {ins:02X}")]
    Refused {
        /// The command's instruction byte.
        ins: u8,
        /// What the card said.
        status: Status,
    },
    /// The card's answer cannot be read, or what was to be sent would not fit on a card.
    #[error("what the card said to command {ins:02X} cannot be read")]
    Malformed {
        /// The command's instruction byte.
        ins: u8,
    },
}

/// What VERIFY came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verified {
    /// The right passcode.
    Right,
    /// A wrong one, or one of a form that the card refuses to look at; a try may be spent.
    Wrong {
        /// Tries left, where the card told with this answer.
        tries_left: Option<u8>,
    },
    /// No tries are left.
    Blocked,
}

/// What CHANGE REFERENCE DATA or RESET RETRY COUNTER came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Changed {
    /// The new value is in force.
    Done,
    /// The old value (or the PUK) was not accepted; cards differ in what they tell.
    Wrong {
        /// Tries left, where the card told; 0 is blocked.
        tries_left: Option<u8>,
    },
    /// The card refused for another reason, such as the form of the new value.
    Refused(Status),
}

/// What the retry counter says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tries {
    /// So many tries are left; 0 is blocked.
    Left(u8),
    /// The passcode is verified, which hides the counter.
    Hidden,
    /// The card does not tell.
    Untold,
}

impl<T: Transport> Card<T> {
    /// A card at the end of that link.
    pub fn new(link: T) -> Self {
        Self { link }
    }

    /// Resets the card and selects the application again: no right outlives this.
    pub fn reset(&mut self) -> Result<(), CardError> {
        self.link.reset()?;
        if self.select()? { Ok(()) } else { Err(CardError::Malformed { ins: 0xA4 }) }
    }

    /// SELECT (3.1.1). False if this is no PIV card.
    pub fn select(&mut self) -> Result<bool, CardError> {
        let reply = self.exchange(&Command::asking(0xA4, 0x04, 0x00, &APPLICATION))?;
        Ok(reply.status == Status::Done)
    }

    /// GET DATA (3.1.2): the content of an object. `None` if it is absent or empty, which are the
    /// same on some cards.
    pub fn get_data(&mut self, object: Object) -> Result<Option<Vec<u8>>, CardError> {
        let ins = 0xCB;
        let list = tlv::object(0x5C, object.tag());
        let reply = self.exchange(&Command::asking(ins, 0x3F, 0xFF, &list))?;
        if reply.status == Status::NotFound {
            return Ok(None);
        }
        let data = reply.done(ins)?;
        if data.is_empty() {
            return Ok(None);
        }
        let content = tlv::find(&data, object.wrapper()).ok_or(CardError::Malformed { ins })?;
        Ok((!content.is_empty()).then(|| content.to_vec()))
    }

    /// PUT DATA (3.3.1). Needs the management key.
    pub fn put_data(&mut self, object: Object, content: &[u8]) -> Result<(), CardError> {
        let ins = 0xDB;
        if OBJECT_BYTES_MAX < content.len() {
            return Err(CardError::Malformed { ins });
        }
        let mut data = tlv::object(0x5C, object.tag());
        tlv::write(&mut data, object.wrapper(), content);
        self.expect_done(&Command::telling(ins, 0x3F, 0xFF, &data)).map(drop)
    }

    /// VERIFY without data (3.2.1): asks the counter, spends nothing.
    pub fn tries(&mut self) -> Result<Tries, CardError> {
        let reply = self.exchange(&Command::telling(0x20, 0x00, 0x80, &[]))?;
        Ok(match reply.status {
            Status::Done => Tries::Hidden,
            Status::Blocked => Tries::Left(0),
            Status::Wrong { tries_left: Some(left) } => Tries::Left(left),
            Status::Wrong { tries_left: None }
            | Status::NotSatisfied
            | Status::BadData
            | Status::NotFound
            | Status::BadParameters
            | Status::NotSupported
            | Status::Other(_) => Tries::Untold,
        })
    }

    /// VERIFY (3.2.1): spends a try if the passcode is wrong.
    pub fn verify(&mut self, passcode: &ReferenceData) -> Result<Verified, CardError> {
        let ins = 0x20;
        let reply = self.exchange(&Command::telling(ins, 0x00, 0x80, passcode.bytes()))?;
        match reply.status {
            Status::Done => Ok(Verified::Right),
            Status::Wrong { tries_left } => Ok(Verified::Wrong { tries_left }),
            // Cards that know the form of a passcode refuse others unseen; some count that as a try.
            Status::BadData => Ok(Verified::Wrong { tries_left: None }),
            Status::Blocked => Ok(Verified::Blocked),
            status @ (Status::NotSatisfied
            | Status::NotFound
            | Status::BadParameters
            | Status::NotSupported
            | Status::Other(_)) => Err(CardError::Refused { ins, status }),
        }
    }

    /// VERIFY with P1 = FF (3.2.1): forgets that the passcode was verified. A card that does not
    /// know this stays as it is.
    pub fn log_out(&mut self) -> Result<(), CardError> {
        self.exchange(&Command::telling(0x20, 0xFF, 0x80, &[])).map(drop)
    }

    /// CHANGE REFERENCE DATA (3.2.2). The card is not trusted to check the form of `new`.
    pub fn change(
        &mut self,
        which: Reference,
        old: &ReferenceData,
        new: &ReferenceData,
    ) -> Result<Changed, CardError> {
        self.replace(0x24, which, old, new)
    }

    /// RESET RETRY COUNTER (3.2.3): a new passcode by the PUK; may be repeated.
    pub fn reset_passcode(
        &mut self,
        puk: &ReferenceData,
        new: &ReferenceData,
    ) -> Result<Changed, CardError> {
        self.replace(0x2C, Reference::Passcode, puk, new)
    }

    fn replace(
        &mut self,
        ins: u8,
        which: Reference,
        proof: &ReferenceData,
        new: &ReferenceData,
    ) -> Result<Changed, CardError> {
        let mut data = Zeroizing::new([0; 16]);
        data[..8].copy_from_slice(proof.bytes());
        data[8..].copy_from_slice(new.bytes());
        let reply = self.exchange(&Command::telling(ins, 0x00, which.key_reference(), &*data))?;
        Ok(match reply.status {
            Status::Done => Changed::Done,
            Status::Wrong { tries_left } => Changed::Wrong { tries_left },
            Status::Blocked => Changed::Wrong { tries_left: Some(0) },
            status @ (Status::NotSatisfied
            | Status::BadData
            | Status::NotFound
            | Status::BadParameters
            | Status::NotSupported
            | Status::Other(_)) => Changed::Refused(status),
        })
    }

    /// GENERAL AUTHENTICATE (3.2.4): an ECDSA signature, DER, over a SHA-256 digest. 9A wants
    /// VERIFY before, 9C before each signature, 9E never.
    pub fn sign(&mut self, slot: Slot, digest: &[u8; 32]) -> Result<Vec<u8>, CardError> {
        let mut template = vec![0x82, 0x00];
        tlv::write(&mut template, 0x81, digest);
        self.general_authenticate(P256, Key(slot).key_reference(), &template, 0x82)
    }

    /// GENERAL AUTHENTICATE (3.2.4; appendix A.1): mutual authentication with the management key.
    /// We decrypt the card's witness, the card encrypts our challenge. False if the card has
    /// another key or algorithm; no card counts that.
    pub fn authenticate(
        &mut self,
        key: &ManagementKey,
        random: &mut impl Random,
    ) -> Result<bool, CardError> {
        let malformed = CardError::Malformed { ins: 0x87 };
        let algorithm = key.algorithm();
        let Some(witness) = not_this_key(self.witness(algorithm))? else { return Ok(false) };
        let witness = key.decrypt(&witness).ok_or(malformed.clone())?;
        let mut challenge = Zeroizing::new(vec![0; algorithm.block_bytes()]);
        random.fill_bytes(&mut challenge);
        let answer = not_this_key(self.answer_challenge(algorithm, &witness, &challenge))?;
        let Some(answer) = answer else { return Ok(false) };
        // The card took our proof; now its own must hold, or it is no card that knows the key.
        let expected = key.encrypt(&challenge).ok_or(malformed.clone())?;
        if answer == *expected { Ok(true) } else { Err(malformed) }
    }

    /// The first half of [`Card::authenticate`], for who has the management key elsewhere: the
    /// card's witness, encrypted with it.
    pub fn witness(&mut self, algorithm: ManagementAlgorithm) -> Result<Vec<u8>, CardError> {
        self.general_authenticate(algorithm.identifier(), 0x9B, &[0x80, 0x00], 0x80)
    }

    /// The second half: the decrypted witness opens the card, and the card encrypts the challenge.
    /// Whoever has the key compares.
    pub fn answer_challenge(
        &mut self,
        algorithm: ManagementAlgorithm,
        witness: &[u8],
        challenge: &[u8],
    ) -> Result<Vec<u8>, CardError> {
        let mut template = Zeroizing::new(Vec::new());
        tlv::write(&mut template, 0x80, witness);
        tlv::write(&mut template, 0x81, challenge);
        self.general_authenticate(algorithm.identifier(), 0x9B, &template, 0x82)
    }

    /// GENERATE ASYMMETRIC KEY PAIR (3.3.2), P-256. Destroys the key that was in the slot. Needs
    /// the management key.
    pub fn generate(&mut self, slot: Slot) -> Result<PublicKey, CardError> {
        let ins = 0x47;
        let template = [0xAC, 0x03, 0x80, 0x01, P256];
        let command = Command::asking(ins, 0x00, Key(slot).key_reference(), &template);
        let answer = self.expect_done(&command)?;
        PublicKey::from_answer(&answer).ok_or(CardError::Malformed { ins })
    }

    /// SET MANAGEMENT KEY, not of the standard but common (INS FF). Needs the old key. `None` if
    /// the card has no such command.
    pub fn set_management_key(&mut self, key: &ManagementKey) -> Result<Option<()>, CardError> {
        let length = u8::try_from(key.bytes().len()).unwrap_or(0);
        let mut data = Zeroizing::new(vec![key.algorithm().identifier(), 0x9B, length]);
        data.extend_from_slice(key.bytes());
        match self.expect_done(&Command::telling(0xFF, 0xFF, 0xFF, &data)) {
            Ok(_) => Ok(Some(())),
            Err(CardError::Refused { status: Status::NotSupported, .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The card's serial number, upper-case hexadecimal: GET SERIAL (INS F8), not of the standard
    /// but common; else the GUID of the CHUID.
    ///
    /// The GUID is a weak identity: some tools write a new CHUID whenever they import a
    /// certificate, and the card then looks like another one, which the server refuses.
    /// `None` if the card has neither.
    pub fn serial(&mut self) -> Result<Option<String>, CardError> {
        let reply = self.exchange(&Command::asking(0xF8, 0x00, 0x00, &[]))?;
        if reply.status == Status::Done && (1..=16).contains(&reply.data.len()) {
            return Ok(Some(hex::encode_upper(reply.data)));
        }
        let chuid = self.get_data(Object::Chuid)?;
        Ok(chuid.as_deref().and_then(objects::guid).map(hex::encode_upper))
    }

    /// True if the card's own passcode (80) opens it, as the discovery object says (part 1,
    /// 3.3.2); cards without one have no other.
    pub fn is_opened_by_passcode(&mut self) -> Result<bool, CardError> {
        let discovery = match self.get_data(Object::Discovery) {
            Err(CardError::Refused { .. }) => None,
            discovery => discovery?,
        };
        Ok(discovery.as_deref().is_none_or(objects::is_opened_by_passcode))
    }

    fn general_authenticate(
        &mut self,
        algorithm: u8,
        key: u8,
        template: &[u8],
        wanted: u32,
    ) -> Result<Vec<u8>, CardError> {
        let ins = 0x87;
        let data = Zeroizing::new(tlv::object(0x7C, template));
        let answer = self.expect_done(&Command::asking(ins, algorithm, key, &data))?;
        tlv::find(&answer, 0x7C)
            .and_then(|template| tlv::find(template, wanted))
            .map(<[u8]>::to_vec)
            .ok_or(CardError::Malformed { ins })
    }

    fn expect_done(&mut self, command: &Command) -> Result<Vec<u8>, CardError> {
        self.exchange(command)?.done(command.ins)
    }

    fn exchange(&mut self, command: &Command) -> Result<Reply, CardError> {
        let mut reply = Reply { data: Vec::new(), status: Status::Done };
        for part in command.parts() {
            reply = self.exchange_part(command.ins, &part)?;
            if reply.status != Status::Done {
                break;
            }
        }
        tracing::debug!(ins = format_args!("{:02X}", command.ins), status = ?reply.status, "card");
        Ok(reply)
    }

    /// Sends one APDU, again with the length the card asks for (6Cxx), and collects what it has
    /// more of (61xx; ISO 7816-4, 5.3.4).
    fn exchange_part(&mut self, ins: u8, part: &[u8]) -> Result<Reply, CardError> {
        let mut data = Vec::new();
        let mut raw = self.link.transmit(part)?;
        for _ in 0..RESPONSES_MAX {
            let (body, word) = raw.split_last_chunk::<2>().ok_or(LinkError::Lost)?;
            data.extend_from_slice(body);
            raw = match *word {
                [0x61, length] => self.link.transmit(&[0, 0xC0, 0, 0, length])?,
                [0x6C, length] if data.is_empty() => {
                    let mut again = Zeroizing::new(part.to_vec());
                    if let Some(expected) = again.last_mut() {
                        *expected = length;
                    }
                    self.link.transmit(&again)?
                }
                word => return Ok(Reply { data, status: u16::from_be_bytes(word).into() }),
            };
        }
        Err(CardError::Malformed { ins })
    }
}

impl Reply {
    /// The data of a command that has nothing to say but yes.
    fn done(self, ins: u8) -> Result<Vec<u8>, CardError> {
        if self.status == Status::Done {
            Ok(self.data)
        } else {
            Err(CardError::Refused { ins, status: self.status })
        }
    }
}

/// Sorts "that is not my key" (in all its spellings) from what really went wrong.
fn not_this_key(answer: Result<Vec<u8>, CardError>) -> Result<Option<Vec<u8>>, CardError> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(CardError::Refused {
            status:
                Status::BadData
                | Status::BadParameters
                | Status::NotFound
                | Status::NotSatisfied
                | Status::Wrong { .. }
                | Status::NotSupported,
            ..
        }) => Ok(None),
        Err(error) => Err(error),
    }
}
