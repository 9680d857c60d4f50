//! A blank card becomes a holder's (P-03). It leaves with no factory secret.
//!
//! ```text
//!  1  who?                                    Claim ─► management key, PUK (ours, made by the server)
//!  2  9B: ours, or else the factory's         (ours: this card was begun before and torn)
//!  3  SET MANAGEMENT KEY to ours, 9B again    (only if it was the factory's)
//!  4  PUK to ours                             (from the factory's; a card begun before: from ours first)
//!  5  passcode by PUK, VERIFY                 (RESET RETRY COUNTER, which does not care what was there)
//!  6  for 9A, 9C: GENERATE, VERIFY, sign CSR  KeyGenerated ─► Certificate: PUT DATA, read back
//!     for 9E:     GENERATE, sign presence     KeyGenerated ─► (no certificate)
//!  7  VERIFY, 9A signs                        Agree ─► Evaluate ─► NewTag ─► Write (it is on the card already)
//!  8  log out, VERIFY, 9A signs               Personalised ─► Done
//! ```
//!
//! Every step may be torn and the whole begun again: 2 to 4 find out how far they had come, 5 to 8
//! are repeated. Between two tears at most one PUK try is spent (in 4, on a card that was torn
//! between 3 and 4), and the right PUK that follows gives it back.

use protocol::{Answer, Blank, Bytes, Granted, Purpose, Request, ReturnCode, Slot};

use super::{Halt, Identified, Server, job::Job};
use crate::{
    entropy::Random,
    passcode::Passcode,
    piv::{
        CardError, Changed, Container, Key, ManagementKey, PublicKey, Reference, ReferenceData,
        Status, certificate_request,
    },
    transport::Transport,
};

/// The three keys, in the order in which they are made.
const SLOTS: [Slot; 3] = [Slot::Authentication, Slot::Signature, Slot::CardAuthentication];

/// The whole act.
pub(super) fn personalise<T: Transport, S: Server, R: Random>(
    job: &mut Job<'_, T, S, R>,
    new: &Passcode,
) -> Result<ReturnCode, Halt> {
    let identified = job.identify()?;
    let granted = job.claim(&identified)?;
    let rules = granted.rules.intersect(identified.profile.new_passcode);
    if !rules.is_some_and(|rules| new.satisfies(rules)) {
        return Err(Halt::NewPasscodeUnfit);
    }
    let blank = granted.blank.as_ref().ok_or(Halt::ServerFault)?;
    replace_secrets(job, &identified, blank, new)?;
    for slot in SLOTS {
        make_key(job, &identified, &granted, slot, new)?;
    }
    register_passcode(job, &granted, new)?;
    job.card.log_out()?;
    verify(job, new)?;
    let digest = job.statement(Purpose::Personalise, &granted).digest();
    let signature = Bytes(job.card.sign(Slot::Authentication, &digest)?);
    let Answer::Done { code } = job.ask(Request::Personalised { job: job.task.job, signature })?
    else {
        return Err(Halt::ServerFault);
    };
    Ok(code)
}

/// Steps 2 to 5: management key, PUK and passcode.
fn replace_secrets<T: Transport, S: Server, R: Random>(
    job: &mut Job<'_, T, S, R>,
    identified: &Identified,
    blank: &Blank,
    new: &Passcode,
) -> Result<(), Halt> {
    let profile = identified.profile;
    let ours = ManagementKey::new(profile.management_algorithm, &blank.management_key.0);
    let ours = ours.ok_or(Halt::ServerFault)?;
    let puk = ReferenceData::new(&blank.puk.0).ok_or(Halt::ServerFault)?;
    let factory_puk = profile.factory.puk().ok_or(Halt::NotBlank)?;

    let begun_before = job.card.authenticate(&ours, job.random)?;
    if begun_before {
        replace_puk(job, &[&puk, &factory_puk], &puk)?;
    } else {
        let factory = profile.factory.management().ok_or(Halt::NotBlank)?;
        if !job.card.authenticate(&factory, job.random)? {
            return Err(Halt::NotBlank);
        }
        job.card.set_management_key(&ours)?.ok_or(Halt::NotBlank)?;
        if !job.card.authenticate(&ours, job.random)? {
            return Err(fault(0xFF, Status::BadData));
        }
        replace_puk(job, &[&factory_puk], &puk)?;
    }
    match job.card.reset_passcode(&puk, new.padded())? {
        Changed::Done => verify(job, new),
        Changed::Wrong { .. } => Err(Halt::NotBlank),
        Changed::Refused(status) => Err(fault(0x2C, status)),
    }
}

/// Step 4. The last PUK try is never spent: nothing but a factory reset helps a card without PUK.
fn replace_puk<T: Transport, S: Server, R: Random>(
    job: &mut Job<'_, T, S, R>,
    candidates: &[&ReferenceData],
    puk: &ReferenceData,
) -> Result<(), Halt> {
    for candidate in candidates {
        match job.card.change(Reference::Puk, candidate, puk)? {
            Changed::Done => return Ok(()),
            Changed::Wrong { tries_left: Some(0 | 1) } => break,
            Changed::Wrong { .. } => {}
            Changed::Refused(status) => return Err(fault(0x24, status)),
        }
    }
    Err(Halt::NotBlank)
}

/// Step 6 for one key.
fn make_key<T: Transport, S: Server, R: Random>(
    job: &mut Job<'_, T, S, R>,
    identified: &Identified,
    granted: &Granted,
    slot: Slot,
    new: &Passcode,
) -> Result<(), Halt> {
    let public_key = job.card.generate(slot)?;
    let spki = public_key.to_spki().ok_or(CardError::Malformed { ins: 0x47 })?;
    let object = Key(slot).certificate_object();
    let proof = if object.is_some() {
        // 9C wants VERIFY before each signature; for 9A it does no harm.
        verify(job, new)?;
        let serial = &identified.seen.serial;
        let csr = certificate_request(&public_key, serial, |digest| job.card.sign(slot, digest))?;
        csr.ok_or(CardError::Malformed { ins: 0x87 })?
    } else {
        let digest = job.statement(Purpose::Present, granted).digest();
        let signature = job.card.sign(slot, &digest)?;
        if !public_key.verifies(&digest, &signature) {
            return Err(CardError::Malformed { ins: 0x87 }.into());
        }
        signature
    };
    let (public_key_der, proof) = (Bytes(spki), Bytes(proof));
    let request =
        Request::KeyGenerated { job: job.task.job, slot, public_key: public_key_der, proof };
    let Answer::Certificate { certificate } = job.ask(request)? else {
        return Err(Halt::ServerFault);
    };
    match object {
        None => Ok(()),
        Some(_) if PublicKey::of_certificate(&certificate.0) != Some(public_key) => {
            Err(Halt::ServerFault)
        }
        Some(object) => {
            let content = Container { certificate: certificate.0 }.encode();
            job.card.put_data(object, &content)?;
            match job.card.get_data(object)? {
                Some(read) if read == content => Ok(()),
                Some(_) | None => Err(CardError::Malformed { ins: 0xDB }.into()),
            }
        }
    }
}

/// Step 7: the holder agrees, and the history has its first entry (B-22).
fn register_passcode<T: Transport, S: Server, R: Random>(
    job: &mut Job<'_, T, S, R>,
    granted: &Granted,
    new: &Passcode,
) -> Result<(), Halt> {
    verify(job, new)?;
    let terms = job.agree(granted)?;
    let tag = job.tag(new, &terms)?;
    let Answer::Write = job.ask(Request::NewTag { job: job.task.job, tag })? else {
        return Err(Halt::ServerFault);
    };
    Ok(())
}

/// VERIFY with the passcode that was just set: right, or the card is broken.
fn verify<T: Transport, S: Server, R: Random>(
    job: &mut Job<'_, T, S, R>,
    new: &Passcode,
) -> Result<(), Halt> {
    match job.card.verify(new.padded())? {
        crate::piv::Verified::Right => Ok(()),
        crate::piv::Verified::Wrong { .. } | crate::piv::Verified::Blocked => {
            Err(fault(0x20, Status::Wrong { tries_left: None }))
        }
    }
}

fn fault(ins: u8, status: Status) -> Halt {
    Halt::CardFault(CardError::Refused { ins, status })
}
