//! How the one at the desk has seen who somebody is, as every form that needs it asks (C-04, B-30).

use domain::{
    certificate::{IdentityEvidence, PLACE_CHARACTERS_MAX, Visit},
    desk::IdentityCheck,
};
use serde::Deserialize;

use super::super::view::desk::form::{Field, choices, chosen};

const EVIDENCE: &str = "evidence";
const PLACE: &str = "place";

/// What was given.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Identity {
    evidence: String,
    place: String,
}

impl Identity {
    /// The same, if both were given.
    pub(super) fn read(&self) -> Option<Visit> {
        let evidence = chosen(ALL, IdentityEvidence::as_str, &self.evidence)?;
        let place = self.place.trim().to_owned();
        self.has_place().then_some(Visit { evidence, place })
    }

    fn has_place(&self) -> bool {
        let place = self.place.trim();
        let is_one_line = !place.contains(char::is_control);
        is_one_line && (1..=PLACE_CHARACTERS_MAX).contains(&place.chars().count())
    }

    /// What is asked for: one of these, and a place. With what is missing, once it was sent.
    pub(super) fn fields(&self, evidence: &[IdentityEvidence], was_sent: bool) -> Vec<Field> {
        let choices = choices(evidence, IdentityEvidence::as_str, words);
        let has_evidence = chosen(evidence, IdentityEvidence::as_str, &self.evidence).is_some();
        vec![
            Field::radios(EVIDENCE, "What did you see?", choices)
                .with_hint(
                    "Compare the photograph with the person. Never note the number of a document.",
                )
                .with_value(self.evidence.as_str())
                .faulty_if(was_sent && !has_evidence, "Select what you saw"),
            Field::text(PLACE, "Where are you?", 20)
                .with_hint("The name or code of the office, for example RA desk 2")
                .with_value(self.place.as_str())
                .faulty_if(
                    was_sent && !self.has_place(),
                    format!("Enter where you are, in 1 to {PLACE_CHARACTERS_MAX} characters"),
                ),
        ]
    }
}

/// B-30: what the person has shown, or nothing.
pub(super) const ALL: &[IdentityEvidence] = &IdentityEvidence::ALL;

/// C-04: what the person has shown.
pub(super) const SHOWN: &[IdentityEvidence] = &IdentityEvidence::SHOWN;

/// The check that a visit comes to.
pub(super) fn check(visit: Visit) -> IdentityCheck {
    IdentityCheck::by(visit.evidence, visit.place)
}

fn words(evidence: IdentityEvidence) -> &'static str {
    match evidence {
        IdentityEvidence::Vouched => {
            "nothing: I know and vouch for the person, and a colleague has to agree"
        }
        IdentityEvidence::Passport
        | IdentityEvidence::DrivingLicence
        | IdentityEvidence::NationalIdentityCard
        | IdentityEvidence::PhotographOnRecord => evidence.words(),
    }
}
