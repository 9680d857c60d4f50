//! *Update My Card* (C-09): both certificates are renewed, with new keys, one slot at a time.
//!
//! ```text
//! card   who? tries?   9E signs   VERIFY   9A signs
//!            │            │                   │
//! server     └─► Claim    └─► Present         └─► Agree ─► BeginUpdate: the browser goes, the work stays
//!
//! for 9A, then for 9C
//! card   witness       open ─► GENERATE ─► reset   VERIFY ─► CSR        witness       open ─► PUT DATA ─► reset   GET DATA, VERIFY, sign
//!            │          ▲ │                                   │             │          ▲ │                                         │
//! server     └─► OpenWrite└─► CardAuthenticated               └─► KeyGenerated         └─► CardAuthenticated                       └─► CertificateWritten
//!
//! card   reset ─► GET DATA, both
//!                     │
//! server              └─► UpdateFinished
//! ```
//!
//! The management key stays with the server: the card's challenges go there and back, once for each
//! opening, and a reset takes the right away after the step that it was for.
//!
//! Every step may be torn and taken up again, here or elsewhere. The server says how far its journal
//! has come, and the card is asked whether that is so: a key is the journal's if it signs as that
//! key does, a certificate is on the card if it reads the same. What is so is not done twice; a key
//! that nobody knows is made again. A slot that was let make a key signs first with whatever key it
//! has, so that the server knows whether it is still the old one. The passcode that VERIFY has taken once is the right one, so
//! tearing spends no try.

use protocol::{
    Answer, Bytes, Granted, Purpose, Request, ReturnCode, Slot, SlotPlan, SlotProgress, Write,
};

use super::{Halt, Identified, Server, job::Job, puk};
use crate::{
    entropy::Random,
    passcode::Passcode,
    piv::{CardError, Container, Key, Object, PublicKey, Status, certificate_request},
    transport::Transport,
};

/// The slots that are renewed, in their order (B-55).
const SLOTS: [Slot; 2] = [Slot::Authentication, Slot::Signature];

/// What an update knows from its beginning on.
struct Update<'a> {
    identified: &'a Identified,
    granted: &'a Granted,
    passcode: &'a Passcode,
}

/// What the server has answered to an opening: good for one write.
struct Right {
    witness: Bytes,
    challenge: Bytes,
    opening: u32,
}

/// What a slot's key has signed.
struct Signed {
    digest: [u8; 32],
    signature: Vec<u8>,
}

/// The whole act.
pub(super) fn update<T: Transport, S: Server, R: Random>(
    job: &mut Job<'_, T, S, R>,
    passcode: &Passcode,
    last_try: bool,
) -> Result<ReturnCode, Halt> {
    let identified = job.identify()?;
    Job::<T, S, R>::may_try(&identified, last_try)?;
    let granted = job.claim(&identified)?;
    job.prove_presence(&granted)?;
    job.verify(passcode)?;
    job.agree(&granted)?;
    puk::heal(job, &granted, &identified.seen.serial)?;
    let request = Request::BeginUpdate { job: job.task.job };
    let Answer::Updating { code, slots, .. } = job.ask(request)? else {
        return Err(Halt::ServerFault);
    };
    job.let_browser_go(&code);
    if !slots.iter().map(|plan| plan.slot).eq(SLOTS) {
        return Err(Halt::ServerFault);
    }
    let update = Update { identified: &identified, granted: &granted, passcode };
    let mut written = Vec::with_capacity(SLOTS.len());
    for plan in &slots {
        written.push(update.renew(job, plan)?);
    }
    job.card.reset()?;
    for (object, content) in &written {
        read_back(job, *object, content)?;
    }
    job.noted(Request::UpdateFinished { job: job.task.job })?;
    Ok(code)
}

impl Update<'_> {
    /// One slot, from wherever it is to a certificate that is read back and a key that works.
    fn renew<T: Transport, S: Server, R: Random>(
        &self,
        job: &mut Job<'_, T, S, R>,
        plan: &SlotPlan,
    ) -> Result<(Object, Vec<u8>), Halt> {
        let slot = plan.slot;
        let object = Key(slot).certificate_object().ok_or(Halt::ServerFault)?;
        let known = match &plan.state {
            SlotProgress::Untouched => None,
            SlotProgress::Opened { opening } => {
                self.settle(job, slot, *opening)?;
                None
            }
            SlotProgress::KeyMade { public_key } => Some((public_key, None)),
            SlotProgress::Issued { public_key, certificate }
            | SlotProgress::Written { public_key, certificate } => {
                Some((public_key, Some(certificate)))
            }
        };
        let kept = match known {
            Some((public_key, certificate)) => {
                let key = PublicKey::from_spki(&public_key.0).ok_or(Halt::ServerFault)?;
                self.has_key(job, slot, &key)?.then_some((key, certificate))
            }
            None => None,
        };
        let (key, certificate) = match kept {
            Some((key, Some(certificate))) => (key, certificate.clone()),
            Some((key, None)) => (key, self.certify(job, slot, &key)?),
            None => {
                let key = self.generate(job, slot)?;
                (key, self.certify(job, slot, &key)?)
            }
        };
        if PublicKey::of_certificate(&certificate.0) != Some(key) {
            return Err(Halt::ServerFault);
        }
        let content = Container { certificate: certificate.0 }.encode();
        if !is_on_card(job, object, &content)? {
            self.open(job, slot, Write::Certificate)?;
            job.card.put_data(object, &content)?;
            job.card.reset()?;
            read_back(job, object, &content)?;
        } else if matches!(plan.state, SlotProgress::Written { .. }) {
            return Ok((object, content));
        }
        let signature = self.test(job, slot, &key)?;
        job.noted(Request::CertificateWritten { job: job.task.job, slot, signature })?;
        Ok((object, content))
    }

    /// Management rights for one step: the server answers the card's challenge, the card the
    /// server's.
    fn open<T: Transport, S: Server, R: Random>(
        &self,
        job: &mut Job<'_, T, S, R>,
        slot: Slot,
        write: Write,
    ) -> Result<(), Halt> {
        let right = self.ask_to_open(job, slot, write)?;
        self.use_right(job, &right)
    }

    /// From here on the opening is on record.
    fn ask_to_open<T: Transport, S: Server, R: Random>(
        &self,
        job: &mut Job<'_, T, S, R>,
        slot: Slot,
        write: Write,
    ) -> Result<Right, Halt> {
        let witness = Bytes(job.card.witness(self.identified.profile.management_algorithm)?);
        let request = Request::OpenWrite { job: job.task.job, slot, write, witness };
        let Answer::Witness { witness, challenge, opening } = job.ask(request)? else {
            return Err(Halt::ServerFault);
        };
        Ok(Right { witness, challenge, opening })
    }

    /// The card takes the server's word, and shows that it knows the management key, too.
    fn use_right<T: Transport, S: Server, R: Random>(
        &self,
        job: &mut Job<'_, T, S, R>,
        right: &Right,
    ) -> Result<(), Halt> {
        let algorithm = self.identified.profile.management_algorithm;
        let (witness, challenge) = (&right.witness.0, &right.challenge.0);
        let response = Bytes(job.card.answer_challenge(algorithm, witness, challenge)?);
        job.noted(Request::CardAuthenticated { job: job.task.job, response })
    }

    /// A new key. From the first APDU on the old one may be gone.
    fn generate<T: Transport, S: Server, R: Random>(
        &self,
        job: &mut Job<'_, T, S, R>,
        slot: Slot,
    ) -> Result<PublicKey, Halt> {
        let right = self.ask_to_open(job, slot, Write::KeyPair)?;
        let made = self.make_key(job, slot, &right);
        if let Err(Halt::CardFault(_) | Halt::Refused { .. }) = &made {
            let settled = job.card.reset().map_err(Halt::from);
            if settled.and_then(|()| self.settle(job, slot, right.opening)).is_err() {
                tracing::debug!("the next visit has to settle which key is in the slot");
            }
        }
        made
    }

    fn make_key<T: Transport, S: Server, R: Random>(
        &self,
        job: &mut Job<'_, T, S, R>,
        slot: Slot,
        right: &Right,
    ) -> Result<PublicKey, Halt> {
        self.use_right(job, right)?;
        let key = job.card.generate(slot)?;
        job.card.reset()?;
        Ok(key)
    }

    /// B-55: the slot was let make a key and may not have made one. It signs with whatever key it has,
    /// and the server, which knows the old one, says what follows.
    fn settle<T: Transport, S: Server, R: Random>(
        &self,
        job: &mut Job<'_, T, S, R>,
        slot: Slot,
        opening: u32,
    ) -> Result<(), Halt> {
        let Some(signed) = self.sign(job, slot, Purpose::SettleSlot { slot, opening })? else {
            return Ok(());
        };
        let signature = Bytes(signed.signature);
        job.noted(Request::SlotSigned { job: job.task.job, slot, opening, signature })
    }

    /// A certificate for the key that is in the slot.
    fn certify<T: Transport, S: Server, R: Random>(
        &self,
        job: &mut Job<'_, T, S, R>,
        slot: Slot,
        key: &PublicKey,
    ) -> Result<Bytes, Halt> {
        job.verify(self.passcode)?;
        let serial = &self.identified.seen.serial;
        let csr = certificate_request(key, serial, |digest| job.card.sign(slot, digest))?;
        let proof = Bytes(csr.ok_or(CardError::Malformed { ins: 0x87 })?);
        let public_key = Bytes(key.to_spki().ok_or(CardError::Malformed { ins: 0x47 })?);
        let request = Request::KeyGenerated { job: job.task.job, slot, public_key, proof };
        let Answer::Certificate { certificate } = job.ask(request)? else {
            return Err(Halt::ServerFault);
        };
        Ok(certificate)
    }

    /// Is this the key in the slot? A card without any key there has nothing to sign with; whatever
    /// else it says is no answer to that, and no reason to destroy a key.
    fn has_key<T: Transport, S: Server, R: Random>(
        &self,
        job: &mut Job<'_, T, S, R>,
        slot: Slot,
        key: &PublicKey,
    ) -> Result<bool, Halt> {
        let signed = self.sign(job, slot, Purpose::TestKey(slot))?;
        Ok(signed.is_some_and(|signed| key.verifies(&signed.digest, &signed.signature)))
    }

    /// What the slot's key signs for a purpose, with the digest; none if there is no key.
    fn sign<T: Transport, S: Server, R: Random>(
        &self,
        job: &mut Job<'_, T, S, R>,
        slot: Slot,
        purpose: Purpose,
    ) -> Result<Option<Signed>, Halt> {
        job.verify(self.passcode)?;
        let digest = job.statement(purpose, self.granted).digest();
        match job.card.sign(slot, &digest) {
            Ok(signature) => Ok(Some(Signed { digest, signature })),
            // 6A88, and what SP 800-73-5 part 2, section 3.2.4, has for it: 6A80, 6A86.
            Err(CardError::Refused {
                status: Status::NotFound | Status::BadData | Status::BadParameters,
                ..
            }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// The test signature of the new key (9C wants VERIFY right before).
    fn test<T: Transport, S: Server, R: Random>(
        &self,
        job: &mut Job<'_, T, S, R>,
        slot: Slot,
        key: &PublicKey,
    ) -> Result<Bytes, Halt> {
        job.verify(self.passcode)?;
        let digest = job.statement(Purpose::TestKey(slot), self.granted).digest();
        let signature = job.card.sign(slot, &digest)?;
        if !key.verifies(&digest, &signature) {
            return Err(CardError::Malformed { ins: 0x87 }.into());
        }
        Ok(Bytes(signature))
    }
}

/// True if the object holds exactly this. One that was torn in its writing may be unreadable.
fn is_on_card<T: Transport, S: Server, R: Random>(
    job: &mut Job<'_, T, S, R>,
    object: Object,
    content: &[u8],
) -> Result<bool, Halt> {
    match job.card.get_data(object) {
        Ok(read) => Ok(read.as_deref() == Some(content)),
        Err(CardError::Refused { .. } | CardError::Malformed { .. }) => Ok(false),
        Err(error @ CardError::Link(_)) => Err(error.into()),
    }
}

/// What was written has to be there.
fn read_back<T: Transport, S: Server, R: Random>(
    job: &mut Job<'_, T, S, R>,
    object: Object,
    content: &[u8],
) -> Result<(), Halt> {
    if is_on_card(job, object, content)? {
        Ok(())
    } else {
        Err(CardError::Malformed { ins: 0xDB }.into())
    }
}
