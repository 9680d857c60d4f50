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
//! | B-14 (ahead of time) | [`forecast`] | [`forecast::Forecast`] |
//! | B-14 | [`policy`], [`calendar`] | [`policy::Policies`], [`calendar::passcode_days`] |
//! | B-17 | [`restricted`] | [`restricted::allows`] |
//! | P-20 | [`passcode`] | [`passcode::Changes`] |
//! | P-21, P-24, S-03, S-04, B-27, B-28 | [`passcode`] | [`passcode::Form::parse`] |
//! | P-22, B-22, B-24, B-25 | [`passcode`] | [`passcode::Passcodes::compare_with`] |
//! | P-26 | [`passcode`] | [`passcode::confirmation`] |
//! | B-01 | [`calendar`] | [`calendar::civil_day`] |
//! | C-01, C-03, C-04, B-12, B-13, B-48, B-51, B-52, B-53 | [`certificate`] | [`holder::Holder::certificates`] |
//! | C-02, C-05, C-06, C-07, B-15 | [`certificate`] | [`certificate::alert`], [`holder::HolderCommand::RecordExpiry`] |
//! | C-09, C-10, C-12, B-18, B-49, B-50, B-54 | [`certificate`] | [`holder::HolderCommand::BeginCardUpdate`], [`holder::HolderCommand::CommitCardUpdate`] |
//! | C-13, B-56 | [`holder`] | [`holder::HolderCommand::AcknowledgeRenewal`] |
//! | C-15, B-57 | [`holder`] | [`holder::HolderCommand::RevokeCertificates`] |
//! | B-19 | [`holder`] | [`holder::HolderCommand::DeferRenewal`] |
//! | B-52, C-15 (at logon) | [`logon`] | [`logon::Authenticated::by_card`] |
//! | B-55 | [`card`] | [`card::CardUpdate`], [`card::CardUpdate::signer`] |
//! | B-20, B-21 | [`passcode`] | [`passcode::Passcodes::worst`], [`passcode::Standing::set`] |
//! | B-26 | [`holder`] | [`holder::HolderEvent::HistoryCyclingFlagged`] |
//! | B-58, B-59, B-63 | [`staff`] | [`staff::may`], [`staff::may_grant`], [`staff::StaffAct::roles`] |
//! | R-01, R-02, R-04, R-06, R-07, B-43 | [`self_service`] | [`holder::HolderCommand::BeginRegistration`] |
//! | R-05, B-35 | [`self_service`] | [`self_service::judge`], [`self_service::normalise`] |
//! | R-08 to R-11, U-08 to U-11, B-11, B-36 to B-38 | [`self_service`] | [`holder::HolderCommand::SendCode`], [`holder::HolderCommand::EnterCode`] |
//! | B-33, B-34, B-42, B-44, B-45 | [`self_service`] | [`self_service::SelfService::status`] |
//! | U-01 to U-04, U-06, B-40, B-47 | [`unlock`] | [`unlock::may_start`], [`holder::HolderCommand::StartUnlock`] |
//! | U-05, U-07, B-31, B-32 | [`unlock`] | [`holder::HolderCommand::AnswerQuestions`] |
//! | P-09, B-41 | [`unlock`] | [`unlock::recovery_tries`], [`holder::HolderCommand::TryRecoveryPasscode`] |
//! | U-12, B-39 | [`unlock`] | [`unlock::Stage::Passcode`], [`holder::HolderCommand::CompleteUnlock`] |
//!
//! Every number is in [`policy`].

pub mod calendar;
pub mod card;
pub mod certificate;
pub mod context;
pub mod decider;
pub mod desk;
pub mod expiry;
pub mod forecast;
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
pub mod self_service;
pub mod staff;
pub mod testing;
pub mod unlock;
