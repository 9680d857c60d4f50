//! The card agent's parsers: what a card says, which may be no card at all.

use card_agent::{
    piv::{Card, Container, ManagementAlgorithm, Object, PublicKey, ReferenceData, tlv},
    transport::{LinkError, Transport},
};
use protocol::Slot;

use super::outcome;

/// Most commands that one act may send a card: far above what any does. One more would go on for
/// ever.
const COMMANDS_MAX: usize = 2_000;

/// Objects nested deeper than any of a card.
const DEPTH_MAX: usize = 8;

/// Answers of a card, one after the other, each with its length in front: what an input is read as.
struct Liar<'a> {
    answers: &'a [u8],
    n_commands: usize,
}

impl Transport for Liar<'_> {
    fn transmit(&mut self, _apdu: &[u8]) -> Result<Vec<u8>, LinkError> {
        self.n_commands += 1;
        assert!(self.n_commands <= COMMANDS_MAX, "the agent goes on asking");
        let Some((head, rest)) = self.answers.split_first_chunk::<2>() else {
            return Err(LinkError::Lost);
        };
        let length = usize::from(u16::from_be_bytes(*head)).min(rest.len());
        let (answer, rest) = rest.split_at(length);
        self.answers = rest;
        Ok(answer.to_vec())
    }

    fn reset(&mut self) -> Result<(), LinkError> {
        Ok(())
    }
}

/// One answer of a conversation.
fn answer(content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap_or(u16::MAX);
    [&length.to_be_bytes()[..], content].concat()
}

pub(super) fn conversations() -> Vec<Vec<u8>> {
    let done = answer(&[0x90, 0x00]);
    let point = [&[0x04][..], &[7; 64]].concat();
    let key = tlv::object(0x7F49, &tlv::object(0x86, &point));
    let object = tlv::object(0x53, &[tlv::object(0x70, &[1; 40]), tlv::object(0xFE, &[])].concat());
    let signature = tlv::object(0x7C, &tlv::object(0x82, &[5; 70]));
    let witness = tlv::object(0x7C, &tlv::object(0x80, &[6; 16]));
    let with_status = |data: &[u8]| answer(&[data, &[0x90, 0x00]].concat());
    let in_parts = [answer(&[&object[..20], &[0x61, 0x10]].concat()), with_status(&object[20..])];
    vec![
        done.repeat(12),
        [answer(&[0x63, 0xC3]), answer(&[0x69, 0x83]), answer(&[0x6A, 0x82])].concat().repeat(4),
        with_status(&key).repeat(6),
        with_status(&object).repeat(6),
        in_parts.concat().repeat(4),
        with_status(&signature).repeat(6),
        with_status(&witness).repeat(6),
        answer(&[0x61, 0x00]).repeat(80),
    ]
}

pub(super) fn objects() -> Vec<Vec<u8>> {
    let mut all = vec![tlv::object(0x7F49, &tlv::object(0x86, &[4; 65])), tlv::object(0x53, &[])];
    let certificate = Container { certificate: vec![0x30; 300] };
    all.push(certificate.encode());
    all.push(tlv::object(0x005F_C105, &vec![0; 0x1_0000]));
    all
}

/// Every act of the agent with a card that says these things: ends, and in few commands.
pub(super) fn conversation(input: &[u8]) -> u64 {
    let mut shown = String::new();
    let mut card = Card::new(Liar { answers: input, n_commands: 0 });
    let mut say = |what: String| shown.push_str(what.get(..24).unwrap_or(&what));
    say(format!("{:?}", card.select()));
    say(format!("{:?}", card.serial().map(|serial| serial.is_some())));
    say(format!("{:?}", card.tries()));
    if let Some(passcode) = ReferenceData::new(b"Meadow7") {
        say(format!("{:?}", card.verify(&passcode)));
    }
    for object in [Object::Chuid, Object::AuthenticationCertificate] {
        let data = card.get_data(object);
        if let Ok(Some(data)) = &data {
            let container = Container::decode(data);
            let key = container.as_ref().and_then(|it| PublicKey::of_certificate(&it.certificate));
            say(format!("{} {}", container.is_some(), key.is_some()));
        }
        say(format!("{:?}", data.map(|data| data.is_some())));
    }
    say(format!("{:?}", card.witness(ManagementAlgorithm::Aes256).map(|witness| witness.len())));
    say(format!("{:?}", card.generate(Slot::Authentication).map(drop)));
    say(format!("{:?}", card.sign(Slot::Authentication, &[0; 32]).map(|signed| signed.len())));
    outcome(&shown)
}

/// What is read is a part of what was given, and what is written is read again.
pub(super) fn object(input: &[u8]) -> u64 {
    let depth = descend(input, 0);
    let container = Container::decode(input);
    let key = PublicKey::of_certificate(input).is_some() || PublicKey::from_spki(input).is_some();
    outcome(&format!("{depth} {} {key}", container.is_some()))
}

fn descend(mut bytes: &[u8], depth: usize) -> usize {
    let mut deepest = depth;
    while let Some((object, rest)) = tlv::read(bytes) {
        assert!(object.value.len() + rest.len() < bytes.len());
        let again = tlv::object(object.tag, object.value);
        let (read, nothing) = tlv::read(&again).expect("what was written can be read");
        assert_eq!((read, nothing.len()), (object, 0));
        if depth < DEPTH_MAX {
            deepest = deepest.max(descend(object.value, depth + 1));
        }
        bytes = rest;
    }
    deepest
}
