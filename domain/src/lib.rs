//! The rules of the two guides: pure and synchronous. No I/O, no clock, no randomness, no SQL, no
//! HTTP, no logging; depends on none of our crates.
//!
//! Everything that differs between two moments comes in by [`context::Context`]: what time it is,
//! and which policy is in force. Everything that happened comes in as events. So every answer can
//! be worked out again, for any holder, as of any instant.
//!
//! The rules in words are in `rules.md` ([`rules`]). Where they are in the program:
//!
//! | Rule | Module | Function |
//! |---|---|---|
//! | A-01, A-02, P-17, B-62 | [`logon`] | [`logon::check`], [`logon::Due::may_decline`] |
//! | P-05, B-61 | [`logon`] | [`logon::Authenticated::by_card`] |
//! | A-01, B-61 (elsewhere) | [`logon`] | [`logon::Authenticated::vouched_by_service`] |
//! | P-25, B-46 (its wording) | [`logon`] | [`logon::LogonRefusal`] |
//! | P-01, P-19, P-21, P-24, B-28 | [`passcode`] | [`holder::HolderCommand::ChangePasscodes`] |
//! | P-02, P-04, S-02 | [`passcode`] | [`passcode::Passcodes::status`] |
//! | P-03 | [`holder`] | [`holder::Registration`] |
//! | P-06, P-21, P-22, P-25, B-23, B-28, B-29 | [`passcode`] | [`passcode::CardForm::faults`] |
//! | P-07, P-23, B-27 | [`passcode`] | [`passcode::Wanted::advice`] |
//! | P-10, P-12, B-23 | [`passcode`] | [`passcode::Passcode::parse`] |
//! | P-13 to P-18, B-02 to B-06 | [`calendar`] | [`calendar::passcode_phase`] |
//! | P-14, P-17, P-18, B-08, B-15 | [`expiry`] | [`holder::HolderCommand::RecordExpiry`] |
//! | P-15, B-16 | [`expiry`] | [`expiry::alert`], [`holder::HolderCommand::DeclineAlert`] |
//! | B-07 | [`calendar`] | [`calendar::at_hour`], [`calendar::start_of`] |
//! | B-10 | [`passcode`] | [`passcode::Changes`] |
//! | B-14 | [`policy`], [`calendar`] | [`policy::Policies`], [`calendar::passcode_days`] |
//! | B-17 | [`restricted`] | [`restricted::allows`] |
//! | P-20 | [`passcode`] | [`passcode::Changes`] |
//! | P-21, P-24, S-03, S-04, B-27, B-28 | [`passcode`] | [`passcode::Form::parse`] |
//! | P-22, B-22, B-24, B-25 | [`passcode`] | [`passcode::Passcodes::compare_with`] |
//! | P-26 | [`passcode`] | [`passcode::confirmation`] |
//! | B-01 | [`calendar`] | [`calendar::civil_day`] |
//! | B-20, B-21 | [`passcode`] | [`passcode::Passcodes::worst`], [`passcode::Standing::set`] |
//! | B-26 | [`holder`] | [`holder::HolderEvent::HistoryCyclingFlagged`] |
//!
//! Every number is in [`policy`].

pub mod calendar;
pub mod card;
pub mod certificate;
pub mod context;
pub mod decider;
pub mod expiry;
pub mod holder;
pub mod ids;
pub mod logon;
pub mod passcode;
pub mod policy;
pub mod refusal;
pub mod restricted;
pub mod rules;
#[cfg(test)]
mod samples;
pub mod testing;
