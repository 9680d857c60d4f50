//! A stand-in for a PIV card: the files of a card, the commands the agent sends, and the points on
//! which real cards differ. It can be pulled out at any APDU.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicUsize, Ordering},
    },
};

use p256::ecdsa::{DerSignature, SigningKey, signature::hazmat::PrehashSigner as _};

use crate::{
    piv::{ManagementAlgorithm, ManagementKey, REFERENCE_BYTES, ReferenceData},
    stand_ins::{Counting, server::update::MANAGEMENT_KEY},
    transport::{LinkError, Transport},
};

/// Where cards differ.
#[expect(clippy::struct_excessive_bools, reason = "each point is independent of the others")]
#[derive(Debug, Clone, Copy)]
pub(crate) struct Quirks {
    /// A wrong old value in CHANGE answers 6300 and stays verified; else 63Cn, and VERIFY is gone.
    pub(crate) mute_change: bool,
    /// The status of a blocked card is 63C0; else 6983.
    pub(crate) blocked_is_63c0: bool,
    /// VERIFY with something else than digits: 6A80 and no try spent; else counted as wrong.
    pub(crate) digits_only: bool,
    /// VERIFY is hidden behind 9000 and knows no logout.
    pub(crate) no_logout: bool,
    /// What the card announces.
    pub(crate) announcement: Option<&'static [u8]>,
    /// CHANGE says yes and does nothing: a broken card.
    pub(crate) lies: bool,
    /// CHANGE refuses every new value.
    pub(crate) stubborn: bool,
    /// It has no GET SERIAL.
    pub(crate) no_serial: bool,
}

/// As `piv-authenticator` behaves.
pub(crate) const APPLET_A: Quirks = Quirks {
    mute_change: true,
    blocked_is_63c0: true,
    digits_only: true,
    no_logout: false,
    announcement: None,
    lies: false,
    stubborn: false,
    no_serial: false,
};

/// As `PivApplet` behaves.
pub(crate) const APPLET_B: Quirks =
    Quirks { mute_change: false, blocked_is_63c0: false, digits_only: false, ..APPLET_A };

/// As the guides describe a card.
pub(crate) const GUIDE_CARD: Quirks =
    Quirks { announcement: Some(b"guide"), digits_only: false, ..APPLET_A };

/// When the card is pulled out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pull {
    /// Before the card has done anything with that APDU.
    Before,
    /// After it has, but before its answer arrived.
    After,
}

pub(crate) struct Files {
    pub(crate) quirks: Quirks,
    pub(crate) passcode: [u8; REFERENCE_BYTES],
    pub(crate) tries: u8,
    pub(crate) puk: [u8; REFERENCE_BYTES],
    pub(crate) puk_tries: u8,
    pub(crate) management: ManagementKey,
    pub(crate) keys: BTreeMap<u8, SigningKey>,
    pub(crate) objects: BTreeMap<Vec<u8>, Vec<u8>>,
    /// The next signature of this slot fails, once, for no reason that the card gives.
    pub(crate) fails_once: Option<u8>,
    /// It is pulled out when it has obeyed a command with this instruction, once.
    pub(crate) pulled_at: Option<u8>,
    n_generated: u8,
}

/// Tries of passcode and PUK after a success.
pub(crate) const TRIES: u8 = 3;

/// A card that outlives its insertions.
#[derive(Clone)]
pub(crate) struct StandInCard(Arc<Mutex<Files>>);

impl StandInCard {
    /// As it leaves the factory.
    pub(crate) fn blank(quirks: Quirks) -> Self {
        let factory: Vec<u8> = (1..=8).cycle().take(24).collect();
        Self(Arc::new(Mutex::new(Files {
            quirks,
            passcode: *reference("123456").bytes(),
            tries: TRIES,
            puk: *reference("12345678").bytes(),
            puk_tries: TRIES,
            management: ManagementKey::new(ManagementAlgorithm::Tdes, &factory).unwrap(),
            keys: BTreeMap::new(),
            objects: BTreeMap::new(),
            fails_once: None,
            pulled_at: None,
            n_generated: 0,
        })))
    }

    /// A holder's card, with that passcode, its keys and our management key.
    pub(crate) fn of_holder(quirks: Quirks, passcode: &str) -> Self {
        let card = Self::blank(quirks);
        {
            let mut files = card.files();
            files.passcode = *reference(passcode).bytes();
            files.management =
                ManagementKey::new(ManagementAlgorithm::Aes256, &MANAGEMENT_KEY).unwrap();
            for (slot, seed) in [(0x9A, 11), (0x9C, 13), (0x9E, 12)] {
                files.keys.insert(slot, SigningKey::from_slice(&[seed; 32]).unwrap());
            }
        }
        card
    }

    /// Puts it into a reader.
    pub(crate) fn insert(&self) -> Inserted {
        self.insert_and_pull(usize::MAX, Pull::Before)
    }

    /// Puts it into a reader and pulls it out at the `at`-th APDU, counted from 0.
    pub(crate) fn insert_and_pull(&self, at: usize, pull: Pull) -> Inserted {
        Inserted {
            files: Arc::clone(&self.0),
            volatile: Volatile::default(),
            pull_at: at,
            pull,
            n_apdus: Arc::default(),
            n_resets: Arc::default(),
            sent: Arc::default(),
        }
    }

    /// What is on it.
    pub(crate) fn files(&self) -> MutexGuard<'_, Files> {
        self.0.lock().unwrap()
    }

    pub(crate) fn has_passcode(&self, passcode: &str) -> bool {
        self.files().passcode == *reference(passcode).bytes()
    }

    pub(crate) fn tries(&self) -> u8 {
        self.files().tries
    }
}

pub(crate) fn reference(text: &str) -> ReferenceData {
    ReferenceData::new(text.as_bytes()).unwrap()
}

/// What a reset clears.
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own on a card, too")]
#[derive(Default)]
struct Volatile {
    selected: bool,
    verified: bool,
    fresh: bool,
    managed: bool,
    witness: Option<Vec<u8>>,
    chained: Vec<u8>,
    rest: Vec<u8>,
}

/// A card in a reader.
pub(crate) struct Inserted {
    files: Arc<Mutex<Files>>,
    volatile: Volatile,
    pull_at: usize,
    pull: Pull,
    /// APDUs that were sent to it.
    pub(crate) n_apdus: Arc<AtomicUsize>,
    /// How often it was reset.
    pub(crate) n_resets: Arc<AtomicUsize>,
    /// Instruction bytes of the commands that arrived whole, in order.
    pub(crate) sent: Arc<Mutex<Vec<u8>>>,
}

impl Transport for Inserted {
    fn transmit(&mut self, apdu: &[u8]) -> Result<Vec<u8>, LinkError> {
        let at = self.n_apdus.fetch_add(1, Ordering::Relaxed);
        if self.pull_at < at || (at == self.pull_at && self.pull == Pull::Before) {
            return Err(LinkError::Lost);
        }
        let answer = self.receive(apdu);
        let pulled_at = &mut self.files.lock().unwrap().pulled_at;
        if pulled_at.take_if(|ins| *ins == apdu[1]).is_some() {
            self.pull_at = at;
        }
        if at == self.pull_at { Err(LinkError::Lost) } else { Ok(answer) }
    }

    fn reset(&mut self) -> Result<(), LinkError> {
        if self.pull_at < self.n_apdus.load(Ordering::Relaxed) {
            return Err(LinkError::Lost);
        }
        self.n_resets.fetch_add(1, Ordering::Relaxed);
        self.volatile = Volatile::default();
        Ok(())
    }
}

impl Inserted {
    fn receive(&mut self, apdu: &[u8]) -> Vec<u8> {
        let (head, body) = apdu.split_at(4);
        if head[1] == 0xC0 {
            return self.more();
        }
        if let Some((&length, body)) = body.split_first() {
            self.volatile.chained.extend_from_slice(&body[..usize::from(length).min(body.len())]);
        }
        if head[0] == 0x10 {
            return vec![0x90, 0x00];
        }
        let data = std::mem::take(&mut self.volatile.chained);
        self.sent.lock().unwrap().push(head[1]);
        match self.command(head[1], head[2], head[3], &data) {
            Ok(answer) => {
                self.volatile.rest = answer;
                self.more()
            }
            Err(word) => word.to_be_bytes().to_vec(),
        }
    }

    /// The next 256 bytes of the answer, and 61xx if there are more.
    fn more(&mut self) -> Vec<u8> {
        let rest = self.volatile.rest.split_off(self.volatile.rest.len().min(256));
        let mut answer = std::mem::replace(&mut self.volatile.rest, rest);
        match u8::try_from(self.volatile.rest.len()) {
            Ok(0) => answer.extend([0x90, 0x00]),
            Ok(left) => answer.extend([0x61, left]),
            Err(_) => answer.extend([0x61, 0x00]),
        }
        answer
    }

    fn command(&mut self, ins: u8, p1: u8, p2: u8, data: &[u8]) -> Result<Vec<u8>, u16> {
        if ins != 0xA4 && !self.volatile.selected {
            return Err(0x6D00);
        }
        match ins {
            0xA4 => {
                self.volatile.selected = true;
                Ok(vec![0x61, 0x00])
            }
            0xF8 if !self.files.lock().unwrap().quirks.no_serial => {
                Ok(vec![0x00, 0xC0, 0xFF, 0xEE])
            }
            0xCB => self.get_data(&data[2..]),
            0xDB => self.put_data(data),
            0x20 => self.verify(p1, data),
            0x24 => self.change(p2, data),
            0x2C => self.reset_passcode(data),
            0x47 => self.generate(p2),
            0x87 if p2 == 0x9B => self.authenticate(p1, data),
            0x87 => self.sign(p2, data),
            0xFF => self.set_management_key(data),
            _ => Err(0x6D00),
        }
    }

    fn get_data(&self, tag: &[u8]) -> Result<Vec<u8>, u16> {
        let files = self.files.lock().unwrap();
        if tag == [0x5F, 0xFF, 0xF1] {
            let name = files.quirks.announcement.ok_or(0x6A82_u16)?;
            return Ok([&[0x53, u8::try_from(name.len()).unwrap()], name].concat());
        }
        files.objects.get(tag).cloned().ok_or(0x6A82)
    }

    fn put_data(&mut self, data: &[u8]) -> Result<Vec<u8>, u16> {
        self.volatile.managed.then_some(()).ok_or(0x6982_u16)?;
        let tag = data[2..5].to_vec();
        self.files.lock().unwrap().objects.insert(tag, data[5..].to_vec());
        Ok(Vec::new())
    }

    fn verify(&mut self, p1: u8, data: &[u8]) -> Result<Vec<u8>, u16> {
        let mut files = self.files.lock().unwrap();
        if p1 == 0xFF {
            if files.quirks.no_logout {
                return Err(0x6A86);
            }
            self.volatile.verified = false;
            return Ok(Vec::new());
        }
        if data.is_empty() {
            return match (self.volatile.verified, files.tries) {
                (true, _) => Ok(Vec::new()),
                (false, 0) if !files.quirks.blocked_is_63c0 => Err(0x6983),
                (false, tries) => Err(0x63C0 | u16::from(tries)),
            };
        }
        if files.quirks.digits_only && !is_digits(data) {
            return Err(0x6A80);
        }
        if files.tries == 0 {
            return Err(0x6983);
        }
        self.volatile.verified = data == files.passcode;
        self.volatile.fresh = self.volatile.verified;
        if self.volatile.verified {
            files.tries = TRIES;
            return Ok(Vec::new());
        }
        files.tries -= 1;
        match files.tries {
            0 if files.quirks.blocked_is_63c0 => Err(0x6983),
            tries => Err(0x63C0 | u16::from(tries)),
        }
    }

    fn change(&mut self, p2: u8, data: &[u8]) -> Result<Vec<u8>, u16> {
        let mut files = self.files.lock().unwrap();
        let quirks = files.quirks;
        let (old, new) = data.split_at(REFERENCE_BYTES);
        if quirks.stubborn || (p2 == 0x80 && quirks.digits_only && !is_digits(new)) {
            return Err(0x6A80);
        }
        let files = &mut *files;
        let (value, tries) = match p2 {
            0x80 => (&mut files.passcode, &mut files.tries),
            _ => (&mut files.puk, &mut files.puk_tries),
        };
        if *tries == 0 {
            return Err(if quirks.mute_change { 0x6300 } else { 0x6983 });
        }
        if old != *value {
            *tries -= 1;
            if quirks.mute_change {
                return Err(0x6300);
            }
            self.volatile.verified = false;
            return Err(0x63C0 | u16::from(*tries));
        }
        *tries = TRIES;
        if !quirks.lies {
            value.copy_from_slice(new);
        }
        Ok(Vec::new())
    }

    fn reset_passcode(&mut self, data: &[u8]) -> Result<Vec<u8>, u16> {
        let mut files = self.files.lock().unwrap();
        let (puk, new) = data.split_at(REFERENCE_BYTES);
        if files.puk_tries == 0 {
            return Err(0x6983);
        }
        if puk != files.puk {
            files.puk_tries -= 1;
            return Err(0x63C0 | u16::from(files.puk_tries));
        }
        files.passcode.copy_from_slice(new);
        (files.puk_tries, files.tries) = (TRIES, TRIES);
        Ok(Vec::new())
    }

    fn generate(&mut self, slot: u8) -> Result<Vec<u8>, u16> {
        self.volatile.managed.then_some(()).ok_or(0x6982_u16)?;
        let mut files = self.files.lock().unwrap();
        files.n_generated += 1;
        let key = SigningKey::from_slice(&[0x40 + files.n_generated; 32]).unwrap();
        let point = key.verifying_key().to_sec1_point(false);
        let answer = [&[0x7F, 0x49, 0x43, 0x86, 0x41], point.as_bytes()].concat();
        files.keys.insert(slot, key);
        Ok(answer)
    }

    fn sign(&mut self, slot: u8, data: &[u8]) -> Result<Vec<u8>, u16> {
        let allowed = match slot {
            0x9E => true,
            0x9C => std::mem::take(&mut self.volatile.fresh) && self.volatile.verified,
            _ => self.volatile.verified,
        };
        allowed.then_some(()).ok_or(0x6982_u16)?;
        let mut files = self.files.lock().unwrap();
        if files.fails_once.take_if(|failing| *failing == slot).is_some() {
            return Err(0x6F00);
        }
        let key = files.keys.get(&slot).ok_or(0x6A88_u16)?;
        let digest = &data[data.len() - 32..];
        let signature: DerSignature = key.sign_prehash(digest).unwrap();
        let signature = signature.as_bytes();
        let length = u8::try_from(signature.len()).unwrap();
        Ok([&[0x7C, length + 2, 0x82, length], signature].concat())
    }

    fn authenticate(&mut self, algorithm: u8, data: &[u8]) -> Result<Vec<u8>, u16> {
        let files = self.files.lock().unwrap();
        if algorithm != files.management.algorithm().identifier() {
            return Err(0x6A86);
        }
        let block = files.management.algorithm().block_bytes();
        let length = u8::try_from(block).unwrap();
        let answer = |tag, bytes: &[u8]| [&[0x7C, length + 2, tag, length], bytes].concat();
        if data == [0x7C, 0x02, 0x80, 0x00] {
            let mut witness = vec![0; block];
            rand_core_06::RngCore::fill_bytes(&mut Counting(99), &mut witness);
            let secret = files.management.encrypt(&witness).unwrap();
            self.volatile.witness = Some(witness);
            return Ok(answer(0x80, &secret));
        }
        let witness = self.volatile.witness.take().ok_or(0x6985_u16)?;
        if data[4..4 + block] != witness[..] {
            return Err(0x6A80);
        }
        self.volatile.managed = true;
        Ok(answer(0x82, &files.management.encrypt(&data[6 + block..]).unwrap()))
    }

    fn set_management_key(&mut self, data: &[u8]) -> Result<Vec<u8>, u16> {
        self.volatile.managed.then_some(()).ok_or(0x6982_u16)?;
        let algorithm = match data[0] {
            0x0C => ManagementAlgorithm::Aes256,
            _ => ManagementAlgorithm::Tdes,
        };
        let key = ManagementKey::new(algorithm, &data[3..]).ok_or(0x6A80_u16)?;
        self.files.lock().unwrap().management = key;
        self.volatile.managed = false;
        Ok(Vec::new())
    }
}

fn is_digits(padded: &[u8]) -> bool {
    let text = padded.split(|&byte| byte == 0xFF).next().unwrap();
    (6..=8).contains(&text.len()) && text.iter().all(u8::is_ascii_digit)
}
