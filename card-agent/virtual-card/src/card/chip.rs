//! The machine that the applet runs on: trussed's platform, stores and back ends, called in place without a service
//! thread.

use littlefs2_core::DynFilesystem;
use trussed::{
    backend::{Backend as _, BackendId},
    pipe::ServiceEndpoint,
    platform::{self, Platform},
    serde_extensions::{ExtensionDispatch, ExtensionId, ExtensionImpl},
    service::{Service, ServiceResources},
    store,
    types::Context,
};
use trussed_auth::AuthExtension;
use trussed_auth_backend::{AuthBackend, AuthContext, FilesystemLayout};
use trussed_chunked::ChunkedExtension;
use trussed_core::{
    Error,
    api::{Reply, Request, reply, request},
    types::Location,
};
use trussed_hpke::HpkeExtension;
use trussed_rsa_alloc::SoftwareRsa;
use trussed_staging::{StagingBackend, StagingContext};
use trussed_wrap_key_to_file::WrapKeyToFileExtension;

use super::flash::Fuse;
use crate::entropy::ChipRng;

/// The three file systems of a chip.
#[derive(Clone, Copy)]
pub(super) struct Disks<'a> {
    pub(super) internal: &'a dyn DynFilesystem,
    pub(super) external: &'a dyn DynFilesystem,
    pub(super) volatile: &'a dyn DynFilesystem,
}

impl store::Store for Disks<'_> {
    fn ifs(&self) -> &dyn DynFilesystem {
        self.internal
    }

    fn efs(&self) -> &dyn DynFilesystem {
        self.external
    }

    fn vfs(&self) -> &dyn DynFilesystem {
        self.volatile
    }
}

/// The card has no button and no light.
#[derive(Default)]
pub(super) struct NoButton;

impl platform::UserInterface for NoButton {}

/// What a chip is made of.
pub(super) struct Board<'a> {
    disks: Disks<'a>,
    rng: ChipRng,
    button: NoButton,
}

impl<'a> Board<'a> {
    pub(super) fn new(disks: Disks<'a>) -> Self {
        Self { disks, rng: ChipRng, button: NoButton }
    }
}

impl<'a> Platform for Board<'a> {
    type R = ChipRng;
    type S = Disks<'a>;
    type UI = NoButton;

    fn rng(&mut self) -> &mut ChipRng {
        &mut self.rng
    }

    fn store(&self) -> Disks<'a> {
        self.disks
    }

    fn user_interface(&mut self) -> &mut NoButton {
        &mut self.button
    }
}

/// A back end beside trussed's own.
#[derive(Clone, Copy)]
pub(super) enum Engine {
    Auth,
    Rsa,
    Staging,
}

/// The back ends in the order in which they are asked.
pub(super) const ENGINES: &[BackendId<Engine>] = &[
    BackendId::Custom(Engine::Staging),
    BackendId::Custom(Engine::Auth),
    BackendId::Custom(Engine::Rsa),
    BackendId::Core,
];

/// An extension that the applet calls, by the number under which it is called.
#[derive(Clone, Copy)]
#[repr(u8)]
pub(super) enum Extension {
    Auth = 0,
    Chunked = 1,
    Hpke = 2,
    WrapKeyToFile = 3,
}

impl From<Extension> for u8 {
    fn from(extension: Extension) -> Self {
        extension as Self
    }
}

impl TryFrom<u8> for Extension {
    type Error = Error;

    fn try_from(number: u8) -> Result<Self, Error> {
        [Self::Auth, Self::Chunked, Self::Hpke, Self::WrapKeyToFile]
            .into_iter()
            .find(|extension| u8::from(*extension) == number)
            .ok_or(Error::InternalError)
    }
}

/// The back ends themselves.
pub(super) struct Engines {
    auth: AuthBackend,
    staging: StagingBackend,
}

/// What the back ends remember of one client.
#[derive(Default)]
pub(super) struct EngineState {
    auth: AuthContext,
    staging: StagingContext,
}

impl Engines {
    pub(super) fn new() -> Self {
        Self {
            auth: AuthBackend::new(Location::Internal, FilesystemLayout::V1),
            staging: StagingBackend::new(),
        }
    }
}

impl ExtensionDispatch for Engines {
    type BackendId = Engine;
    type Context = EngineState;
    type ExtensionId = Extension;

    fn core_request<P: Platform>(
        &mut self,
        engine: &Engine,
        context: &mut Context<EngineState>,
        request: &Request,
        resources: &mut ServiceResources<P>,
    ) -> Result<Reply, Error> {
        let Context { core, backends, .. } = context;
        match engine {
            Engine::Auth => self.auth.request(core, &mut backends.auth, request, resources),
            Engine::Staging => {
                self.staging.request(core, &mut backends.staging, request, resources)
            }
            Engine::Rsa => SoftwareRsa.request(core, &mut (), request, resources),
        }
    }

    fn extension_request<P: Platform>(
        &mut self,
        engine: &Engine,
        extension: &Extension,
        context: &mut Context<EngineState>,
        request: &request::SerdeExtension,
        resources: &mut ServiceResources<P>,
    ) -> Result<reply::SerdeExtension, Error> {
        let Context { core, backends, .. } = context;
        let EngineState { auth, staging } = backends;
        match (engine, extension) {
            (Engine::Auth, Extension::Auth) => {
                self.auth.extension_request_serialized(core, auth, request, resources)
            }
            (Engine::Staging, Extension::Chunked) => {
                ExtensionImpl::<ChunkedExtension>::extension_request_serialized(
                    &mut self.staging,
                    core,
                    staging,
                    request,
                    resources,
                )
            }
            (Engine::Staging, Extension::Hpke) => {
                ExtensionImpl::<HpkeExtension>::extension_request_serialized(
                    &mut self.staging,
                    core,
                    staging,
                    request,
                    resources,
                )
            }
            (Engine::Staging, Extension::WrapKeyToFile) => {
                ExtensionImpl::<WrapKeyToFileExtension>::extension_request_serialized(
                    &mut self.staging,
                    core,
                    staging,
                    request,
                    resources,
                )
            }
            (Engine::Auth, Extension::Chunked | Extension::Hpke | Extension::WrapKeyToFile)
            | (Engine::Staging, Extension::Auth)
            | (Engine::Rsa, _) => Err(Error::RequestNotAvailable),
        }
    }
}

impl ExtensionId<AuthExtension> for Engines {
    type Id = Extension;
    const ID: Extension = Extension::Auth;
}

impl ExtensionId<ChunkedExtension> for Engines {
    type Id = Extension;
    const ID: Extension = Extension::Chunked;
}

impl ExtensionId<HpkeExtension> for Engines {
    type Id = Extension;
    const ID: Extension = Extension::Hpke;
}

impl ExtensionId<WrapKeyToFileExtension> for Engines {
    type Id = Extension;
    const ID: Extension = Extension::WrapKeyToFile;
}

/// Runs the service on the caller's own stack at each call.
pub(super) struct CallThrough<'a> {
    pub(super) service: Service<Board<'a>, Engines>,
    pub(super) endpoints: [ServiceEndpoint<'a, Engine, EngineState>; 1],
    pub(super) fuse: Fuse,
}

/// What unwinds the stack of a card whose power is gone.
pub(super) struct PowerCut;

impl platform::Syscall for CallThrough<'_> {
    /// The applet's code ends where the power ends: in the middle, without a word, so past the panic hook.
    fn syscall(&mut self) {
        self.service.process(&mut self.endpoints);
        if self.fuse.is_blown() {
            std::panic::resume_unwind(Box::new(PowerCut));
        }
    }
}
