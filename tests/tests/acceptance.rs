//! The one test binary of this package: the system from outside, by its real programs.

#![expect(clippy::unwrap_used, reason = "everything here is a test, its helper functions too")]

/// One module a subject, each in a file of the folder of this name.
mod acceptance {
    mod architecture;
    mod audit;
    pub(crate) mod authority;
    mod card_reader;
    mod desk;
    mod handbook;
    mod https;
    mod journeys;
    mod mail;
    mod operator;
    mod roles;
    mod sandbox_works;
    mod simulation;
}
