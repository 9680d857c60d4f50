//! What happens next: one pure definition a file, one engine that runs them, and mail.
//!
//! A workflow here is a state, and a total function from state and input to the next state, with
//! its drawing; no clock, no I/O. Whoever runs it brings the inputs (after checking every
//! signature) and carries out what the new state asks for: for what a person does at a card
//! reader, the portal; for what time does, the engine.

pub mod commands;
/// Read this first: every workflow's picture.
pub mod drawing;
pub mod engine;
pub mod lived;
pub mod mail;

// The definitions.
pub mod card_job;
pub mod certificate_expiry;
pub mod mail_delivery;
pub mod not_me;
pub mod passcode_expiry;
pub mod possible_loss;
pub mod registration;
pub mod unlock;
pub mod update_my_card;

mod derived;
mod forgetting;
