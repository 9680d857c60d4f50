//! A holder to test with. Everything in it is made up.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::{
    card::{CardKeys, IssuedCard, IssuedCertificate, PublicKey, Slot},
    certificate::IdentityEvidence,
    desk::{DeskEvent, IdentityCheck},
    holder::{Holder, HolderEvent, Origin},
    ids::{CardSerial, CommandId, SecretRef},
    logon::{Authenticated, CardPresent},
    passcode::{Changes, Kind, Optional},
    self_service::{Answer, CodePurpose, NewCode, QuestionId},
    testing::{Given, day, given, instant},
};

/// The reference of the card's first PUK.
pub(crate) const PUK: u128 = 0x0050_554b;

/// The `n`-th reference.
pub(crate) fn secret(n: u128) -> SecretRef {
    SecretRef(Uuid::from_u128(n))
}

/// The card.
pub(crate) fn card() -> IssuedCard {
    let certificate = |slot, serial: &str| IssuedCertificate {
        slot,
        serial: serial.parse().unwrap(),
        not_before: instant("2025-03-10T09:00:00Z"),
        not_after: instant("2027-03-10T09:00:00Z"),
    };
    IssuedCard {
        card: serial("00A1B2C3"),
        profile: "piv".to_owned(),
        keys: CardKeys {
            authentication: PublicKey::from_der(vec![0x9a]),
            signature: PublicKey::from_der(vec![0x9c]),
            card_authentication: PublicKey::from_der(vec![0x9e]),
        },
        certificates: vec![
            certificate(Slot::Authentication, "0a01"),
            certificate(Slot::Signature, "0a02"),
        ],
    }
}

/// A card's serial number.
pub(crate) fn serial(text: &str) -> CardSerial {
    text.parse().unwrap()
}

/// A passcode that was set by a change.
pub(crate) fn set(kind: Kind, on: &str, reference: u128) -> HolderEvent {
    HolderEvent::PasscodeSet {
        kind,
        on: day(on),
        secret: secret(reference),
        origin: Origin::Change,
    }
}

/// A passcode that was set at registration.
pub(crate) fn first(kind: Kind, on: &str, reference: u128) -> HolderEvent {
    let origin = Origin::Registration;
    HolderEvent::PasscodeSet { kind, on: day(on), secret: secret(reference), origin }
}

/// What is recorded of somebody registered on that day with a smartcard passcode, reference 1.
pub(crate) fn registration(on: &str) -> Vec<HolderEvent> {
    vec![
        HolderEvent::HolderRegistered {},
        identity_verified(card().card, on),
        HolderEvent::CardIssued(card()),
        HolderEvent::PukRecorded { card: card().card, secret: secret(PUK) },
        first(Kind::Smartcard, on, 1),
    ]
}

/// How the authority has seen who he is.
pub(crate) fn passport() -> IdentityCheck {
    IdentityCheck::by(IdentityEvidence::Passport, "Ward office")
}

/// It has, before it gave him this card.
pub(crate) fn identity_verified(card: CardSerial, on: &str) -> HolderEvent {
    HolderEvent::Desk(DeskEvent::IdentityVerified { card, on: day(on), check: passport() })
}

/// Somebody registered on that day with a smartcard passcode, reference 1.
pub(crate) fn registered(on: &str) -> Given<Holder> {
    given(registration(on))
}

/// The holder's card has signed.
pub(crate) fn proof() -> Authenticated {
    registered("2025-03-10")
        .on("2025-03-10")
        .see(|ctx, holder| Authenticated::by_card(ctx, holder, &card().card).unwrap())
}

/// No change at all, to start from.
pub(crate) fn no_change() -> Changes {
    Changes {
        proof: proof(),
        logged_on_at: DateTime::<Utc>::MAX_UTC,
        asked_at: DateTime::<Utc>::MAX_UTC,
        smartcard: None,
        account_recovery: Optional::Keep,
        verification: Optional::Keep,
    }
}

/// The reference of the address that is registered for self-service.
pub(crate) const EMAIL: u128 = 0xe11;

/// The flow of the `n`-th command.
pub(crate) fn flow(n: u128) -> CommandId {
    CommandId(Uuid::from_u128(n))
}

/// The code with this id.
pub(crate) fn new_code(id: u128) -> NewCode {
    NewCode { code: Uuid::from_u128(id), key: 1 }
}

/// Answers to the first four questions, the references from this one on.
pub(crate) fn answers(reference: u128) -> [Answer; 4] {
    [1, 2, 3, 4].map(|number| Answer {
        question: QuestionId::new(number).unwrap(),
        secret: secret(reference + u128::from(number)),
    })
}

/// A code that was mailed to the registered address.
pub(crate) fn code_sent(
    purpose: CodePurpose,
    flow: CommandId,
    code: u128,
    number: u8,
    expires_at: DateTime<Utc>,
) -> HolderEvent {
    let NewCode { code, key } = new_code(code);
    let (card, to) = (card().card, secret(EMAIL));
    HolderEvent::CodeSent { purpose, flow, code, key, number, card, to, expires_at }
}

/// What is recorded of somebody who registers for self-service.
pub(crate) fn self_service(registration: CommandId, on: &str) -> Vec<HolderEvent> {
    let (card, on, answers) = (card().card, day(on), answers(100).to_vec());
    vec![
        HolderEvent::RegistrationBegun { registration, card, on, answers, email: secret(EMAIL) },
        HolderEvent::RegistrationCompleted { registration, on, former: None },
    ]
}

/// The holder's card is there.
pub(crate) fn present() -> CardPresent {
    registered("2026-03-10")
        .on("2026-03-10")
        .see(|_, holder| CardPresent::by_signature(holder, &card().card).unwrap())
}
