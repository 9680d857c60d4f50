//! What happens next: one pure definition a file, no clock, no I/O.
//!
//! A workflow here is a state, and a total function from state and input to the next state. Who
//! runs it brings the inputs (after checking every signature) and carries out what the new state
//! asks for. The engine with wake-ups and outbox comes with the alerts; what a person does at a
//! card reader needs neither.

pub mod card_job;
