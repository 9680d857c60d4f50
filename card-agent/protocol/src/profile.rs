//! What card models take for a new passcode, by the name of their profile: the agent obeys it, and
//! the portal says it before anything is typed (P-06).

use crate::{Characters, PasscodeRules};

/// Plain PIV: six to eight digits (SP 800-73-5 part 2, 3.2.1).
pub const PIV_PASSCODE: PasscodeRules =
    PasscodeRules { min: 6, max: 8, characters: Characters::Digits, refuses_guessable: false };

/// A card as the guides describe it: four to eight printable characters (P-06, P-07).
pub const GUIDE_PASSCODE: PasscodeRules =
    PasscodeRules { min: 4, max: 8, characters: Characters::Printable, refuses_guessable: false };

/// The rules of the card profile with this name; `None` if there is none of it.
#[must_use]
pub fn passcode_rules_of(profile: &str) -> Option<PasscodeRules> {
    match profile {
        "piv" => Some(PIV_PASSCODE),
        "guide" => Some(GUIDE_PASSCODE),
        _ => None,
    }
}
