//! What makes a card of profile `guide`: a passcode of 4 to 8 printable characters, kept in front of the applet.
//!
//! The applet takes 6 to 8 digits and nothing else. So the front holds the holder's passcode and its tries itself, and
//! shows the applet a random PIN of its own whenever the holder has shown the passcode.
//! Each change is one file written anew, which the file system makes whole or not at all.

use iso7816::{Status, command::CommandView};
use littlefs2_core::{DynFilesystem, Error, PathBuf};

use super::applet::Applet;
use crate::entropy;

const VERIFY: u8 = 0x20;
const CHANGE_REFERENCE_DATA: u8 = 0x24;
const RESET_RETRY_COUNTER: u8 = 0x2C;
const GET_DATA: u8 = 0xCB;
const FACTORY_RESET: u8 = 0xFB;

/// The key reference of the PIV card application's PIN (SP 800-73-4 part 1, table 4).
const APPLICATION_PIN: u8 = 0x80;
/// P1 of VERIFY that logs out (SP 800-73-4 part 2, 3.2.1).
const LOG_OUT: u8 = 0xFF;

/// The object by which the agent knows this profile: GET DATA with tag 5FFFF1.
const PROFILE_REQUEST: [u8; 5] = [0x5C, 0x03, 0x5F, 0xFF, 0xF1];
const PROFILE_OBJECT: &[u8] = b"\x53\x05guide";

/// Tries before the passcode is blocked, as the guides say.
const TRIES: u8 = 3;
/// What both the holder's passcode and the applet's PIN are when the card is new, padded (SP 800-73-4 part 2, 2.4.3).
const FACTORY_PASSCODE: Secret = *b"123456\xff\xff";
const PAD: u8 = 0xFF;

type Secret = [u8; 8];

const RECORD_BYTES: usize = 18;
const FOLDER: &str = "front";
const FILE: &str = "front/passcode";

/// What the front keeps in flash.
struct Record {
    tries_left: u8,
    /// The applet has taken `applet_pin`.
    seated: bool,
    applet_pin: Secret,
    passcode: Secret,
}

impl Record {
    fn to_bytes(&self) -> [u8; RECORD_BYTES] {
        let mut bytes = [0; RECORD_BYTES];
        bytes[0] = self.tries_left;
        bytes[1] = u8::from(self.seated);
        bytes[2..10].copy_from_slice(&self.applet_pin);
        bytes[10..].copy_from_slice(&self.passcode);
        bytes
    }

    fn from_bytes(bytes: &[u8; RECORD_BYTES]) -> Self {
        let mut record = Self {
            tries_left: bytes[0],
            seated: bytes[1] == 1,
            applet_pin: [0; 8],
            passcode: [0; 8],
        };
        record.applet_pin.copy_from_slice(&bytes[2..10]);
        record.passcode.copy_from_slice(&bytes[10..]);
        record
    }
}

/// The front of one powered card.
pub(super) struct PasscodeFront<'a> {
    disk: &'a dyn DynFilesystem,
    record: Record,
    verified: bool,
}

impl<'a> PasscodeFront<'a> {
    /// Reads the front's record; a new card gets one, and the applet its hidden PIN.
    pub(super) fn power_up(
        disk: &'a dyn DynFilesystem,
        applet: &mut Applet<'_>,
    ) -> Result<Self, Status> {
        let record = match read(disk) {
            Ok(record) => record,
            Err(Error::NO_SUCH_ENTRY) => Record {
                tries_left: TRIES,
                seated: false,
                applet_pin: entropy::fresh_applet_pin(),
                passcode: FACTORY_PASSCODE,
            },
            Err(_) => return Err(Status::UnspecifiedPersistentExecutionError),
        };
        let mut front = Self { disk, record, verified: false };
        if !front.record.seated {
            front.seat(applet)?;
        }
        Ok(front)
    }

    /// Gives the applet its hidden PIN. Repeated at the next power-up when the power failed in between.
    fn seat(&mut self, applet: &mut Applet<'_>) -> Result<(), Status> {
        self.keep()?;
        let pins = [FACTORY_PASSCODE, self.record.applet_pin].concat();
        let changed = applet.order(CHANGE_REFERENCE_DATA, 0, APPLICATION_PIN, &pins);
        if changed.is_err() {
            self.unlock_applet(applet)?;
        }
        applet.order(VERIFY, LOG_OUT, APPLICATION_PIN, &[])?;
        self.record.seated = true;
        self.keep()
    }

    /// Answers what the front answers; `None` is the applet's.
    pub(super) fn respond(
        &mut self,
        command: CommandView<'_>,
        applet: &mut Applet<'_>,
    ) -> Option<Result<&'static [u8], Status>> {
        let outcome = match (u8::from(command.instruction()), command.p2) {
            (GET_DATA, _) if command.data() == PROFILE_REQUEST => return Some(Ok(PROFILE_OBJECT)),
            (VERIFY, APPLICATION_PIN) => self.verify(command, applet),
            (CHANGE_REFERENCE_DATA, APPLICATION_PIN) => self.change(command, applet),
            (RESET_RETRY_COUNTER, APPLICATION_PIN) => self.unblock(command, applet),
            // It would reset the applet behind the front's back; a used card of this profile is replaced.
            (FACTORY_RESET, _) => Err(Status::InstructionNotSupportedOrInvalid),
            _ => return None,
        };
        Some(outcome.map(|()| &[][..]))
    }

    /// VERIFY (SP 800-73-4 part 2, 3.2.1): asks for the status, logs out, or spends a try.
    /// Of the two answers that the clause leaves open for an ill-formed passcode, this card gives the costly one.
    fn verify(&mut self, command: CommandView<'_>, applet: &mut Applet<'_>) -> Result<(), Status> {
        match (command.p1, command.data()) {
            (LOG_OUT, []) => self.log_out(applet),
            (0, []) if self.verified => Ok(()),
            (0, []) => Err(self.tries_left()),
            (0, shown) => {
                let shown = Secret::try_from(shown).map_err(|_| Status::IncorrectDataParameter)?;
                self.spend_try(shown, applet)?;
                self.accept(applet)
            }
            _ => Err(Status::IncorrectP1OrP2Parameter),
        }
    }

    /// CHANGE REFERENCE DATA (SP 800-73-4 part 2, 3.2.2): an ill-formed new passcode costs no try.
    fn change(&mut self, command: CommandView<'_>, applet: &mut Applet<'_>) -> Result<(), Status> {
        let (old, new) = two_secrets(command)?;
        self.spend_try(old, applet)?;
        self.record.passcode = new;
        self.accept(applet)
    }

    /// RESET RETRY COUNTER (SP 800-73-4 part 2, 3.2.3). The applet judges the PUK and counts its tries.
    fn unblock(&mut self, command: CommandView<'_>, applet: &mut Applet<'_>) -> Result<(), Status> {
        let (puk, new) = two_secrets(command)?;
        let puk_and_pin = [puk, self.record.applet_pin].concat();
        applet.order(RESET_RETRY_COUNTER, 0, APPLICATION_PIN, &puk_and_pin).map_err(|status| {
            match u16::from(status) {
                0x63C0 => Status::OperationBlocked,
                _ => status,
            }
        })?;
        self.record.passcode = new;
        self.record.tries_left = TRIES;
        self.keep()?;
        self.log_out(applet)
    }

    /// Takes a try off before it looks, so that cutting the power gains nothing.
    fn spend_try(&mut self, shown: Secret, applet: &mut Applet<'_>) -> Result<(), Status> {
        self.log_out(applet)?;
        self.record.tries_left =
            self.record.tries_left.checked_sub(1).ok_or(Status::OperationBlocked)?;
        self.keep()?;
        if shown == self.record.passcode {
            Ok(())
        } else {
            Err(Status::RemainingRetries(self.record.tries_left))
        }
    }

    /// The holder has shown the passcode: the tries are full again and the applet is open.
    fn accept(&mut self, applet: &mut Applet<'_>) -> Result<(), Status> {
        self.record.tries_left = TRIES;
        self.keep()?;
        self.unlock_applet(applet)?;
        self.verified = true;
        Ok(())
    }

    fn unlock_applet(&self, applet: &mut Applet<'_>) -> Result<(), Status> {
        applet
            .order(VERIFY, 0, APPLICATION_PIN, &self.record.applet_pin)
            .map_err(|_| Status::UnspecifiedPersistentExecutionError)
    }

    fn log_out(&mut self, applet: &mut Applet<'_>) -> Result<(), Status> {
        self.verified = false;
        applet.order(VERIFY, LOG_OUT, APPLICATION_PIN, &[])
    }

    fn tries_left(&self) -> Status {
        match self.record.tries_left {
            0 => Status::OperationBlocked,
            left => Status::RemainingRetries(left),
        }
    }

    fn keep(&self) -> Result<(), Status> {
        write(self.disk, &self.record).map_err(|_| Status::UnspecifiedPersistentExecutionError)
    }
}

/// The two secrets of CHANGE REFERENCE DATA or RESET RETRY COUNTER; the second, new one must be well formed.
fn two_secrets(command: CommandView<'_>) -> Result<(Secret, Secret), Status> {
    let (first, second) =
        command.data().split_at_checked(8).ok_or(Status::IncorrectDataParameter)?;
    match (Secret::try_from(first), Secret::try_from(second), command.p1) {
        (Ok(first), Ok(second), 0) if is_well_formed(second) => Ok((first, second)),
        (_, _, 0) => Err(Status::IncorrectDataParameter),
        _ => Err(Status::IncorrectP1OrP2Parameter),
    }
}

/// P-06: 4 to 8 printable characters without the space, then padding.
fn is_well_formed(secret: Secret) -> bool {
    let length = secret.iter().position(|byte| *byte == PAD).unwrap_or(secret.len());
    let (passcode, padding) = secret.split_at(length);
    4 <= length
        && passcode.iter().all(u8::is_ascii_graphic)
        && padding.iter().all(|byte| *byte == PAD)
}

fn read(disk: &dyn DynFilesystem) -> Result<Record, Error> {
    let mut bytes = [0; RECORD_BYTES];
    disk.open_file_and_then(&path(FILE)?, &mut |file| file.read_exact(&mut bytes))?;
    Ok(Record::from_bytes(&bytes))
}

fn write(disk: &dyn DynFilesystem, record: &Record) -> Result<(), Error> {
    disk.create_dir_all(&path(FOLDER)?)?;
    disk.write(&path(FILE)?, &record.to_bytes())
}

fn path(name: &str) -> Result<PathBuf, Error> {
    PathBuf::try_from(name).map_err(|_| Error::INVALID)
}
