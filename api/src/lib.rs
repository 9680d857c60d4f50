//! Latchkey's server, and the program `latchkey`: where the parts are put together.
//!
//! Reading order: [`app`] (what a running server is made of), [`execute`] (the life of a command),
//! [`jobs`] (the life of an act at the card reader), then the three doors: [`portal`] for browsers,
//! [`rest`] for programs, [`agents`] for card agents.

pub mod admission;
pub mod agents;
pub mod alarms;
pub mod app;
pub mod attempts;
pub mod audit;
pub mod authority;
pub mod backup;
pub mod clock;
pub mod codes;
pub mod commands;
pub mod config;
pub mod connections;
pub mod control;
pub mod cookies;
pub mod cover;
pub mod database;
#[cfg(feature = "demo")]
pub mod demo;
pub mod desk;
pub mod doctor;
pub mod drafts;
pub mod execute;
pub mod export;
pub mod first_manager;
pub mod forecast;
pub mod front_door;
#[cfg(test)]
mod golden;
pub mod health;
pub mod housekeeping;
pub mod hsm;
pub mod http;
pub mod jobs;
pub mod keystore;
pub mod ledger;
pub mod live;
pub mod log_in;
pub mod mail_server;
pub mod metrics;
pub mod news;
pub mod not_me;
pub mod not_ready;
mod once;
pub mod operation;
pub mod organisations;
pub mod pace;
pub mod passcode_page;
pub mod passcode_status;
pub mod policies;
pub mod poprf;
pub mod portal;
pub mod relying_parties;
pub mod renewals;
pub mod required;
pub mod rest;
pub mod role;
pub mod scheduler;
pub mod secret_file;
pub mod self_service;
pub mod simulate;
pub mod staff;
pub mod tokens;
pub mod unlocks;
pub mod updates;
