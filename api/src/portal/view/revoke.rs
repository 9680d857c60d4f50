//! C-15, B-57: the Revoke Certificates tab: why, in so many letters, and that it cannot be undone.

use domain::certificate::RevocationReason;
use pages::{Environment, Error, FieldError, Frame, Head, Link};
use serde::Serialize;

use super::{help::Topic, paths};

/// What has to be typed.
pub const CONFIRMATION: &str = "REVOKE";

/// The ids of the fields.
const REASON: &str = "reason";
const CONFIRM: &str = "confirm";

/// The form.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RevokeCertificates {
    /// What was chosen, when the form comes back.
    pub reason: Option<RevocationReason>,
    /// Everything that is wrong.
    pub faults: Faults,
}

/// What is wrong with a form.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Faults {
    /// No reason was chosen.
    pub reason: bool,
    /// The word was not typed.
    pub confirmation: bool,
}

impl Faults {
    /// True if there is none.
    #[must_use]
    pub fn is_empty(self) -> bool {
        !self.reason && !self.confirmation
    }
}

/// How a reason is called in forms.
#[must_use]
pub fn name(reason: RevocationReason) -> &'static str {
    match reason {
        RevocationReason::LostOrStolen => "lost_or_stolen",
        RevocationReason::Compromised => "compromised",
        RevocationReason::Damaged => "damaged",
        RevocationReason::NoLongerNeeded => "no_longer_needed",
    }
}

fn words(reason: RevocationReason) -> &'static str {
    match reason {
        RevocationReason::LostOrStolen => "I am about to lose it, or it was stolen",
        RevocationReason::Compromised => "Somebody else may have used it, or may know its passcode",
        RevocationReason::Damaged => "It is damaged, or does not work properly",
        RevocationReason::NoLongerNeeded => "I do not need it any more",
    }
}

/// The reasons that a holder may give, in the order of the form.
pub const REASONS: [RevocationReason; 4] = [
    RevocationReason::Compromised,
    RevocationReason::LostOrStolen,
    RevocationReason::Damaged,
    RevocationReason::NoLongerNeeded,
];

#[derive(Serialize)]
struct Page {
    action: &'static str,
    home: &'static str,
    help: Link,
    reason: &'static str,
    reason_error: Option<&'static str>,
    reasons: Vec<Choice>,
    confirm: &'static str,
    confirm_error: Option<String>,
    confirmation: &'static str,
}

#[derive(Serialize)]
struct Choice {
    value: &'static str,
    text: &'static str,
    checked: bool,
}

impl RevokeCertificates {
    /// The page as HTML; the handler answers 422 with it if there are faults.
    ///
    /// # Errors
    /// If the template does not fit.
    pub fn render(&self, environment: &Environment<'_>, frame: &Frame) -> Result<String, Error> {
        let reason_error = self.faults.reason.then_some("Select why you revoke your certificates");
        let confirm_error = self
            .faults
            .confirmation
            .then(|| format!("Enter {CONFIRMATION} in capital letters to confirm"));
        let mut errors = Vec::new();
        errors.extend(reason_error.map(|text| FieldError::new(REASON, text)));
        errors.extend(confirm_error.as_ref().map(|text| FieldError::new(CONFIRM, text)));
        let choice = |reason| Choice {
            value: name(reason),
            text: words(reason),
            checked: self.reason == Some(reason),
        };
        let page = Page {
            action: paths::CERTIFICATES_REVOKE,
            home: paths::HOME,
            help: Topic::CertificatesRevoked.link(),
            reason: REASON,
            reason_error,
            reasons: REASONS.into_iter().map(choice).collect(),
            confirm: CONFIRM,
            confirm_error,
            confirmation: CONFIRMATION,
        };
        let head = Head::new("Revoke Certificates").with_errors(errors);
        pages::render(environment, "certificates_revoke.jinja", frame, &head, &page)
    }
}
