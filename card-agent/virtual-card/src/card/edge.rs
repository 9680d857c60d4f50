//! The card's edge: command chaining, GET RESPONSE, and the ways in which real cards answer and the bare applet does not.
//!
//! Each difference was found by a real client failing (`yubico-piv-tool`, `ykman`, `OpenSC`).

use iso7816::{Command, Status, command::CommandView};

use super::{
    applet::{Applet, MAX_BYTES, compose},
    passcode_front::PasscodeFront,
};

const SELECT: u8 = 0xA4;
const GET_RESPONSE: u8 = 0xC0;
const GET_DATA: u8 = 0xCB;
const GET_METADATA: u8 = 0xF7;
const GET_SERIAL: u8 = 0xF8;
const GET_VERSION: u8 = 0xFD;

const PIV_AID: [u8; 11] = [0xA0, 0x00, 0x00, 0x03, 0x08, 0x00, 0x00, 0x10, 0x00, 0x01, 0x00];
/// A name may be cut off after the registered provider (ISO 7816-4, 8.2.1.2); the applet itself wants 9 bytes.
const SHORTEST_AID: usize = 5;

/// The last firmware generation without GET METADATA, which the applet answers with nothing at all.
const FIRMWARE: [u8; 3] = [5, 2, 7];

const OK: [u8; 2] = [0x90, 0x00];
const WRONG_LENGTH: [u8; 2] = [0x67, 0x00];
/// What a short answer holds when the command asks for as much as there is (ISO 7816-4, 5.1).
const SHORT_ANSWER_BYTES: usize = 256;

/// One powered card, as the reader's contacts see it.
pub(super) struct Edge<'a> {
    applet: Applet<'a>,
    front: Option<PasscodeFront<'a>>,
    serial: u32,
    /// The parts of a chained command that have come so far.
    chain: Option<Command<MAX_BYTES>>,
    answer: heapless::Vec<u8, MAX_BYTES>,
    sent: usize,
}

impl<'a> Edge<'a> {
    pub(super) fn new(applet: Applet<'a>, front: Option<PasscodeFront<'a>>, serial: u32) -> Self {
        Self { applet, front, serial, chain: None, answer: heapless::Vec::new(), sent: 0 }
    }

    /// Obeys one APDU and gives the response APDU, at least its status word.
    pub(super) fn transmit(&mut self, apdu: &[u8]) -> Vec<u8> {
        let Ok(part) = Command::<MAX_BYTES>::try_from(apdu) else { return WRONG_LENGTH.to_vec() };
        let expected = part.expected();
        if u8::from(part.instruction()) == GET_RESPONSE {
            return self.next_part(expected);
        }
        self.answer.clear();
        self.sent = 0;
        let is_last = part.class().chain().last_or_only();
        let command = match self.chain.take() {
            Some(mut head) if head.instruction() == part.instruction() => {
                match head.extend_from_command(&part) {
                    Ok(()) => head,
                    Err(_) => return WRONG_LENGTH.to_vec(),
                }
            }
            Some(_) | None => part,
        };
        if !is_last {
            self.chain = Some(command);
            return OK.to_vec();
        }
        match self.obey(command.as_view()) {
            Ok(()) => self.next_part(expected),
            Err(status) => {
                self.answer.clear();
                u16::from(status).to_be_bytes().to_vec()
            }
        }
    }

    /// An absent Le asks for everything, too: management-key authentication of `yubico-piv-tool` sends none.
    fn next_part(&mut self, expected: usize) -> Vec<u8> {
        let rest = &self.answer[self.sent..];
        let part =
            &rest[..rest.len().min(if expected == 0 { SHORT_ANSWER_BYTES } else { expected })];
        self.sent += part.len();
        let status = match rest.len() - part.len() {
            0 => OK,
            left => [0x61, u8::try_from(left).unwrap_or(0)],
        };
        [part, &status].concat()
    }

    fn obey(&mut self, command: CommandView<'_>) -> Result<(), Status> {
        match u8::from(command.instruction()) {
            SELECT if is_partial_aid(command.data()) => {
                return self
                    .applet
                    .respond(compose(SELECT, 0x04, 0x00, &PIV_AID)?.as_view(), &mut self.answer);
            }
            GET_VERSION => return self.say(&FIRMWARE),
            GET_METADATA => return Err(Status::InstructionNotSupportedOrInvalid),
            // The applet's own serial number is a constant.
            GET_SERIAL => return self.say(&self.serial.to_be_bytes()),
            _ => {}
        }
        if let Some(front) = &mut self.front
            && let Some(outcome) = front.respond(command, &mut self.applet)
        {
            return outcome.and_then(|data| self.say(data));
        }
        self.applet.respond(command, &mut self.answer).map_err(|status| {
            match (u8::from(command.instruction()), status) {
                // An object it does not know is "not found" on real cards; `ykman` probes 5FFF00.
                (GET_DATA, Status::IncorrectDataParameter) => Status::NotFound,
                (_, status) => status,
            }
        })
    }

    fn say(&mut self, data: &[u8]) -> Result<(), Status> {
        self.answer.extend_from_slice(data).map_err(|_| Status::NotEnoughMemory)
    }
}

fn is_partial_aid(name: &[u8]) -> bool {
    SHORTEST_AID <= name.len() && name.len() < PIV_AID.len() && PIV_AID.starts_with(name)
}
