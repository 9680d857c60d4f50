//! A stand-in for the server: checks the signatures, evaluates the POPRF, keeps the order of a
//! job, and can be lost at any question.

pub(crate) mod puk;
pub(crate) mod update;

use p256::{ecdsa::VerifyingKey, pkcs8::DecodePublicKey as _};
use protocol::{
    Act, Answer, Blank, Bytes, Characters, Granted, JobId, PasscodeRules, ProblemSeen, Purpose,
    Request, Resume, Secret, Slot, Statement, WriteOutcome, poprf_info,
};
use uuid::Uuid;
use voprf::{BlindedElement, Group as _, PoprfServer, Ristretto255};

use crate::{
    operations::{Server, ServerGone},
    stand_ins::{Counting, authority::Authority},
};
use puk::Puks;
use update::{Journal, MANAGEMENT_KEY};

pub(crate) const ORIGIN: &str = "http://localhost:7400";
pub(crate) const JOB: JobId = JobId(Uuid::from_u128(0x0A));
pub(crate) const HOLDER: Uuid = Uuid::from_u128(0x0B);
pub(crate) const CODE: [u8; 16] = [0xC0; 16];
const NONCE: [u8; 32] = [0x4E; 32];
const KEY_VERSION: u32 = 1;

pub(crate) struct StandInServer {
    pub(crate) act: Act,
    pub(crate) rules: PasscodeRules,
    pub(crate) blank: Option<Blank>,
    /// Public keys it knows: 9A and 9E of a holder's card, or what a blank card generated.
    pub(crate) authentication: Option<VerifyingKey>,
    pub(crate) presence: Option<VerifyingKey>,
    /// Names of the questions, in order.
    pub(crate) asked: Vec<&'static str>,
    /// The connection is lost at the `gone_at`-th question, counted from 0.
    pub(crate) gone_at: usize,
    pub(crate) current_tag: Option<Secret>,
    pub(crate) new_tag: Option<Secret>,
    /// Refuses every new tag, by this rule and in these words.
    pub(crate) refuses_new: Option<(&'static str, &'static str)>,
    pub(crate) outcome: Option<WriteOutcome>,
    pub(crate) abandoned: Option<ProblemSeen>,
    /// What it heard of wrong passcodes.
    pub(crate) wrong: Vec<Option<u8>>,
    pub(crate) agreed: bool,
    /// Knows the job that it is asked about.
    pub(crate) knows_job: bool,
    /// Of a card update.
    pub(crate) journal: Journal,
    /// Of the card.
    pub(crate) puks: Puks,
    poprf: PoprfServer<Ristretto255>,
}

impl StandInServer {
    pub(crate) fn new(act: Act) -> Self {
        let key = |seed| {
            let key = p256::ecdsa::SigningKey::from_slice(&[seed; 32]).unwrap();
            Some(*key.verifying_key())
        };
        Self {
            act,
            rules: PasscodeRules {
                min: 4,
                max: 8,
                characters: Characters::Printable,
                refuses_guessable: false,
            },
            blank: None,
            authentication: key(11),
            presence: key(12),
            asked: Vec::new(),
            gone_at: usize::MAX,
            current_tag: None,
            new_tag: None,
            refuses_new: None,
            outcome: None,
            abandoned: None,
            wrong: Vec::new(),
            agreed: false,
            knows_job: true,
            journal: Journal::new(),
            puks: Puks::new(),
            poprf: PoprfServer::new(&mut Counting(7)).unwrap(),
        }
    }

    /// For a blank card.
    pub(crate) fn personalising() -> Self {
        Self {
            blank: Some(Blank {
                management_key: Secret(MANAGEMENT_KEY.to_vec()),
                puk: Secret(b"87654321".to_vec()),
            }),
            authentication: None,
            presence: None,
            ..Self::new(Act::Personalise)
        }
    }

    fn check(&self, key: Option<VerifyingKey>, purpose: Purpose, signature: &Bytes) {
        assert!(self.is_signed(key.unwrap(), purpose, signature), "{purpose:?} is not signed");
    }

    fn is_signed(&self, key: VerifyingKey, purpose: Purpose, signature: &Bytes) -> bool {
        use p256::ecdsa::{DerSignature, signature::hazmat::PrehashVerifier as _};
        let statement = Statement {
            purpose,
            origin: ORIGIN,
            job: JOB,
            nonce: &NONCE,
            change: Statement::hash_of_act(&self.act),
        };
        let signature = DerSignature::try_from(signature.0.as_slice()).unwrap();
        key.verify_prehash(&statement.digest(), &signature).is_ok()
    }

    fn terms(&mut self) -> Answer {
        self.agreed = true;
        let key = Ristretto255::serialize_elem(self.poprf.get_public_key());
        Answer::Agreed {
            holder: HOLDER,
            poprf_key_version: KEY_VERSION,
            poprf_public_key: Bytes(key.to_vec()),
        }
    }

    fn evaluate(&self, blinded: &Bytes) -> Answer {
        assert!(self.agreed, "nothing is evaluated before the holder agreed");
        let element = BlindedElement::deserialize(&blinded.0).unwrap();
        let info = poprf_info(HOLDER, KEY_VERSION);
        let result = self.poprf.blind_evaluate(&mut Counting(8), &element, Some(&info)).unwrap();
        Answer::Evaluated {
            element: Bytes(result.message.serialize().to_vec()),
            proof: Bytes(result.proof.serialize().to_vec()),
        }
    }

    fn key_generated(&mut self, slot: Slot, public_key: &Bytes, proof: &Bytes) -> Answer {
        let key = Some(VerifyingKey::from_public_key_der(&public_key.0).unwrap());
        match slot {
            Slot::Authentication => self.authentication = key,
            Slot::CardAuthentication => {
                self.presence = key;
                self.check(key, Purpose::Present, proof);
            }
            Slot::Signature => {}
        }
        let certificate = match slot {
            Slot::CardAuthentication => Vec::new(),
            Slot::Authentication | Slot::Signature => {
                Authority::new("Cards", 3).issue(&public_key.0, "holder", None)
            }
        };
        Answer::Certificate { certificate: Bytes(certificate) }
    }

    fn new_tag(&mut self, tag: Secret) -> Answer {
        if let Some((rule, message)) = self.refuses_new {
            let (rule, message) = (rule.to_owned(), message.to_owned());
            return Answer::Refused { rule, message, again: true };
        }
        self.new_tag = Some(tag);
        Answer::Write
    }

    fn answer(&mut self, request: Request) -> Answer {
        let done = Answer::Done { code: Secret(CODE.to_vec()) };
        match request {
            Request::Enrol { .. } => unreachable!("no part of an operation"),
            Request::Look { .. } if !self.knows_job => Answer::Refused {
                rule: String::new(),
                message: "This step is over or was never started.".to_owned(),
                again: false,
            },
            Request::Look { .. } => Answer::Job {
                act: self.act.clone(),
                now: "2026-07-01T14:47:10+01:00".to_owned(),
                rules: self.rules,
            },
            Request::Claim { .. } => Answer::Granted(Box::new(Granted {
                act: self.act.clone(),
                nonce: Bytes(NONCE.to_vec()),
                rules: self.rules,
                blank: self.blank.clone(),
                resume: self.journal.resume(),
                heal_puk: self.act.needs().asks_current() && self.puks.is_exposed(),
            })),
            Request::Present { signature, .. } => {
                self.check(self.presence, Purpose::Present, &signature);
                if self.act == Act::BeginUnlock { done } else { Answer::Noted }
            }
            Request::PasscodeWrong { tries_left, .. } => {
                self.wrong.push(tries_left);
                Answer::Noted
            }
            Request::Agree { signature, .. } => {
                match self.journal.resume() {
                    None => self.check(self.authentication, Purpose::of(&self.act), &signature),
                    Some(Resume { update, signer }) => self.check(
                        Some(self.journal.key(signer)),
                        Purpose::ResumeUpdate(update),
                        &signature,
                    ),
                }
                self.terms()
            }
            Request::OpenUnlock { .. } => {
                assert_eq!(self.act, Act::Unlock, "only an unlock is opened without a signature");
                self.terms()
            }
            Request::TakePuk { key, .. } => {
                let pending = self.act != Act::Unlock || self.new_tag.is_some();
                assert!(self.agreed && pending, "no PUK is released before its time");
                self.puks.take(&key)
            }
            Request::PukFound { step, which, .. } => self.puks.found(step, which),
            Request::PukReplaced { step, replaced, .. } => self.puks.replaced(step, replaced),
            Request::Evaluate { blinded, .. } => self.evaluate(&blinded),
            Request::CurrentTag { tag, .. } => {
                self.current_tag = Some(tag);
                let goes_on = matches!(self.act, Act::ChangePasscodes { smartcard: true, .. });
                if goes_on { Answer::Noted } else { done }
            }
            Request::NewTag { tag, .. } => self.new_tag(tag),
            Request::Written { outcome, .. } => {
                self.outcome = Some(outcome);
                if outcome == WriteOutcome::New { done } else { Answer::Noted }
            }
            Request::KeyGenerated { slot, public_key, .. } if self.act == Act::UpdateCard => {
                self.journal.key_generated(slot, &public_key)
            }
            Request::KeyGenerated { slot, public_key, proof, .. } => {
                self.key_generated(slot, &public_key, &proof)
            }
            Request::Personalised { signature, .. } => {
                self.check(self.authentication, Purpose::Personalise, &signature);
                done
            }
            Request::BeginUpdate { .. } => {
                assert!(std::mem::take(&mut self.agreed), "nobody has agreed");
                self.journal.begin()
            }
            Request::OpenWrite { slot, write, witness, .. } => {
                self.journal.open(slot, write, &witness)
            }
            Request::CardAuthenticated { response, .. } => self.journal.proved(&response),
            Request::SlotSigned { slot, opening, signature, .. } => {
                let purpose = Purpose::SettleSlot { slot, opening };
                let key = self.journal.in_doubt(slot, opening);
                if key.is_some_and(|key| self.is_signed(key, purpose, &signature)) {
                    self.journal.kept(slot);
                }
                Answer::Noted
            }
            Request::CertificateWritten { slot, signature, .. } => {
                let key = Some(self.journal.key(slot));
                self.check(key, Purpose::TestKey(slot), &signature);
                self.journal.certificate_written(slot)
            }
            Request::UpdateFinished { .. } => self.journal.finished(),
            Request::Abandon { reason, .. } => {
                self.abandoned = Some(reason);
                Answer::Noted
            }
        }
    }
}

impl Server for StandInServer {
    fn ask(&mut self, request: Request) -> Result<Answer, ServerGone> {
        if self.gone_at <= self.asked.len() {
            return Err(ServerGone);
        }
        self.asked.push(name(&request));
        Ok(self.answer(request))
    }
}

fn name(request: &Request) -> &'static str {
    match request {
        Request::Enrol { .. } => "enrol",
        Request::Look { .. } => "look",
        Request::Claim { .. } => "claim",
        Request::Present { .. } => "present",
        Request::PasscodeWrong { .. } => "passcode wrong",
        Request::Agree { .. } => "agree",
        Request::Evaluate { .. } => "evaluate",
        Request::CurrentTag { .. } => "current tag",
        Request::NewTag { .. } => "new tag",
        Request::Written { .. } => "written",
        Request::KeyGenerated { .. } => "key generated",
        Request::Personalised { .. } => "personalised",
        Request::BeginUpdate { .. } => "begin update",
        Request::OpenWrite { .. } => "open write",
        Request::CardAuthenticated { .. } => "card authenticated",
        Request::SlotSigned { .. } => "slot signed",
        Request::CertificateWritten { .. } => "certificate written",
        Request::UpdateFinished { .. } => "update finished",
        Request::OpenUnlock { .. } => "open unlock",
        Request::TakePuk { .. } => "take puk",
        Request::PukFound { .. } => "puk found",
        Request::PukReplaced { .. } => "puk replaced",
        Request::Abandon { .. } => "abandon",
    }
}
