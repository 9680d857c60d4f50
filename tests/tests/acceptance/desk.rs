//! The whole server in one process: every rule lived through by browser and card, and everything that a browser, an
//! agent, a card or a power cut can do wrong.

mod alerts;
mod bad_input;
mod card_gone;
mod certificates;
mod certificates_lost;
mod change;
mod channel;
mod codes;
mod correlation;
mod deferral;
mod history;
mod liars;
mod locked;
mod log_in;
mod mailbox;
mod order;
mod puk;
mod put_back;
mod registration;
mod restricted;
mod secrets;
mod self_service;
mod self_service_pages;
mod sessions;
mod staff;
mod torn;
mod unlock;
mod unlock_strikes;
mod unlock_torn;
mod unproven;
mod update;
mod update_hsm;
mod update_kept;
mod update_torn;
mod workplace;
