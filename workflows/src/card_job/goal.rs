//! What a job is for, and what it knows of that from the start.

use chrono::{DateTime, Utc};
use domain::{
    card::{IssuedCertificate, PublicKey},
    desk::{CancelReason, IdentityCheck},
    ids::{CardSerial, CommandId, HolderId, OrganisationCode, SecretRef},
    passcode::{Advice, Optional},
    self_service::Answer,
    staff::Role,
};
use serde::{Deserialize, Serialize};

/// What a job is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Goal {
    /// P-05.
    LogIn,
    /// P-20 to P-28, for the holder of a session.
    ChangePasscodes(PlannedChange),
    /// C-09, for the holder of a session, or for one whose update was interrupted.
    UpdateCard(PlannedUpdate),
    /// P-03, for a holder who has no card yet; B-61, for one who gets another.
    Personalise {
        /// For whom.
        holder: HolderId,
        /// The registration that a success completes.
        command: CommandId,
        /// B-49: how who starts it has seen who the person is.
        check: IdentityCheck,
        /// What the card has made so far.
        made: Made,
        /// Who of the staff has started it, and what for; none at the demonstration's own desk.
        #[serde(default)]
        desk: Option<AtDesk>,
    },
    /// R-04, for the holder of a session.
    Register(PlannedRegistration),
    /// U-04, for whoever has a card: that it is there, and nothing else.
    BeginUnlock {
        /// The unlock that this begins.
        unlock: CommandId,
    },
    /// U-12, for whoever has begun an unlock and got as far as the new passcode.
    Unlock(PlannedUnlock),
}

/// A card that somebody of the staff makes somebody's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AtDesk {
    /// Who.
    pub staff: HolderId,
    /// B-58: by which role.
    pub role: Role,
    /// B-59: in which organisation he has it.
    pub organisation: OrganisationCode,
    /// His session when he started it, as the session table knows it, hexadecimal; empty in a job of a
    /// build that did not keep it.
    #[serde(default)]
    pub session: String,
    /// How often the log had ended all of his sessions by then.
    #[serde(default)]
    pub endings: u32,
    /// What for.
    pub task: Task,
}

/// What a new card is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Task {
    /// P-03: the first card of somebody who will work for this organisation.
    Register {
        /// Which.
        organisation: OrganisationCode,
    },
    /// B-61: another card of somebody who is registered.
    Replace {
        /// Why the one before is out of use.
        reason: CancelReason,
    },
}

/// The keys a blank card has made, and what was issued for them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Made {
    /// 9A: public key.
    pub authentication: Option<PublicKey>,
    /// 9C.
    pub signature: Option<PublicKey>,
    /// 9E, which gets no certificate.
    pub card_authentication: Option<PublicKey>,
    /// For 9A and 9C.
    pub certificates: Vec<IssuedCertificate>,
}

/// A key that a blank card has just generated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MadeKey {
    /// 9A.
    Authentication(PublicKey, IssuedCertificate),
    /// 9C.
    Signature(PublicKey, IssuedCertificate),
    /// 9E.
    CardAuthentication(PublicKey),
}

impl Made {
    /// With one more key; a slot that was generated again counts once.
    #[must_use]
    pub(super) fn with(mut self, key: MadeKey) -> Self {
        match key {
            MadeKey::Authentication(public_key, certificate) => {
                self.authentication = Some(public_key);
                self.keep(certificate);
            }
            MadeKey::Signature(public_key, certificate) => {
                self.signature = Some(public_key);
                self.keep(certificate);
            }
            MadeKey::CardAuthentication(public_key) => self.card_authentication = Some(public_key),
        }
        self
    }

    fn keep(&mut self, certificate: IssuedCertificate) {
        self.certificates.retain(|kept| kept.slot != certificate.slot);
        self.certificates.push(certificate);
    }
}

/// An accepted *Update*, waiting for the card.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedChange {
    /// Whose.
    pub holder: HolderId,
    /// The card of his session; no other will do.
    pub card: CardSerial,
    /// The *Update*; kept on every retry.
    pub command: CommandId,
    /// S-03: is a new smartcard passcode wanted?
    pub smartcard: bool,
    /// Already hashed into the vault, where it is pending.
    pub account_recovery: Optional,
    /// Already hashed into the vault, where it is pending.
    pub verification: Optional,
    /// What the holder is told beside the confirmation (P-07, P-23, B-27).
    pub advice: Vec<Advice>,
    /// The session it was sent in, as the session table knows it, hexadecimal: P-20 asks for it
    /// until the card has been written.
    pub session: String,
    /// When that session was opened: B-10 judges by it. A job of a build that did not keep it says
    /// 1970, which counts as the longest a session may be open.
    #[serde(default)]
    pub logged_on_at: DateTime<Utc>,
    /// When it was sent: what was allowed then is not refused because the card tells of it later.
    #[serde(default)]
    pub asked_at: DateTime<Utc>,
    /// How the optional passcodes stood when the form was judged: if one has moved since, what was
    /// fresh then may not be now (P-22).
    pub seen: Seen,
}

/// A card update that is to be begun or gone on with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedUpdate {
    /// Whose.
    pub holder: HolderId,
    /// The card; no other will do.
    pub card: CardSerial,
    /// The update; the same in every job that carries it.
    pub update: CommandId,
    /// The session it was asked for in, as the session table knows it, hexadecimal: it has to be open
    /// until the update is begun. Empty where an update is gone on with.
    pub session: String,
    /// When that session was opened: B-10 judges by it.
    pub logged_on_at: DateTime<Utc>,
    /// When it was asked for.
    pub asked_at: DateTime<Utc>,
}

/// answers and address, judged, and waiting for the card.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedRegistration {
    /// Whose.
    pub holder: HolderId,
    /// The card of his session; no other will do.
    pub card: CardSerial,
    /// The registration; kept on every retry.
    pub registration: CommandId,
    /// Already hashed into the vault, where they are pending; or those of the registration that is in
    /// force, if only the address changes.
    pub answers: Vec<Answer>,
    /// Already sealed in the vault.
    pub email: SecretRef,
    /// The same, masked, for the page at the card reader.
    pub masked: String,
    /// The session it was sent in, as the session table knows it, hexadecimal: it has to be open
    /// until the registration is begun.
    pub session: String,
    /// When that session was opened: B-10 judges by it.
    pub logged_on_at: DateTime<Utc>,
    /// When it was sent.
    pub asked_at: DateTime<Utc>,
}

/// U-12: an unlock whose questions and code were right, waiting for the card.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedUnlock {
    /// Whose.
    pub holder: HolderId,
    /// The card that has shown itself; no other will do.
    pub card: CardSerial,
    /// The unlock; the same in every job that carries it.
    pub unlock: CommandId,
}

/// How the optional passcodes stood.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// Newest account recovery passcode ever set, and whether there is one now.
    pub account_recovery: (Option<SecretRef>, bool),
    /// The same of the verification passcode.
    pub verification: (Option<SecretRef>, bool),
}
