//! What every event store here is asked to write, and how that is measured: the same events, the same
//! holders, the same loop of writers, the same clocks. Only what lies between the loop and the disk
//! differs from program to program.

mod driving;
mod event;
mod processor;
mod task;
mod walk;

pub use driving::{Measured, Writer, Written, drive};
pub use event::{Event, command, event, holder};
pub use processor::Processor;
pub use task::{Found, Task, read, tell};
pub use walk::{HOLDERS, PRELOADED_EACH, Place, READ_EACH, Walk, preload, walks};
