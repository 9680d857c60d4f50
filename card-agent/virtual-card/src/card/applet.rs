//! The PIV applet on its machine, freshly powered: nothing is verified, nothing authenticated.

use heapless::VecView;
use iso7816::{Command, Status, command::CommandView};
use littlefs2_core::PathBuf;
use piv_authenticator::{Authenticator, Options};
use trussed::{
    ClientImplementation,
    pipe::{ServiceEndpoint, TrussedChannel},
    service::Service,
    types::CoreContext,
};

use super::{
    chip::{Board, CallThrough, Disks, ENGINES, Engine, EngineState, Engines},
    flash::Fuse,
};

/// The longest command or answer, chained parts together, in bytes.
pub(super) const MAX_BYTES: usize = 7609;

/// The wires between the applet and its machine.
pub(super) type Wires = TrussedChannel;

/// The applet. It forgets who has shown a PIN only when it is dropped, so each power cycle makes a new one.
pub(super) struct Applet<'a>(Authenticator<ClientImplementation<'a, CallThrough<'a>, Engines>>);

impl<'a> Applet<'a> {
    /// Powers the applet up. `None` when the wires have been used before.
    pub(super) fn power_up(
        wires: &'a Wires,
        disks: Disks<'a>,
        fuse: Fuse,
        guid: [u8; 16],
    ) -> Option<Self> {
        let (requester, responder) = wires.split()?;
        let context = CoreContext::new(PathBuf::try_from("piv").ok()?);
        let endpoint: ServiceEndpoint<'a, Engine, EngineState> =
            ServiceEndpoint::new(responder, context, ENGINES);
        let service = Service::with_dispatch(Board::new(disks), Engines::new());
        let machine = CallThrough { service, endpoints: [endpoint], fuse };
        let client = ClientImplementation::new(requester, machine, None);
        Some(Self(Authenticator::new(client, Options::new().uuid(Some(guid)))))
    }

    /// Obeys one whole command.
    pub(super) fn respond(
        &mut self,
        command: CommandView<'_>,
        answer: &mut VecView<u8>,
    ) -> Result<(), Status> {
        self.0.respond(command, answer)
    }

    /// Obeys a command of the card's own making that has no answer but a status word.
    pub(super) fn order(&mut self, ins: u8, p1: u8, p2: u8, data: &[u8]) -> Result<(), Status> {
        let mut answer = heapless::Vec::<u8, MAX_BYTES>::new();
        self.respond(compose(ins, p1, p2, data)?.as_view(), &mut answer)
    }
}

/// A command with short data.
pub(super) fn compose(ins: u8, p1: u8, p2: u8, data: &[u8]) -> Result<Command<MAX_BYTES>, Status> {
    let mut apdu = vec![0x00, ins, p1, p2];
    if !data.is_empty() {
        apdu.push(u8::try_from(data.len()).map_err(|_| Status::WrongLength)?);
        apdu.extend_from_slice(data);
    }
    Command::try_from(&apdu).map_err(|_| Status::WrongLength)
}
