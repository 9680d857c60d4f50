//! The first registration authority manager enters a code.

use pages::{Environment, Error, FieldError, Frame, Head};
use serde::Serialize;

use super::paths;

/// The id of the field.
pub const FIELD: &str = "code";

/// The page. The code is never put back into it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FirstManagerPage {
    /// Why nothing came of what was entered, without full stop.
    pub fault: Option<String>,
}

#[derive(Serialize)]
struct Page<'a> {
    fault: Option<&'a str>,
    field: &'static str,
    action: &'static str,
    cancel: &'static str,
}

impl FirstManagerPage {
    /// The page as HTML; the handler answers 422 with it if there is a fault.
    ///
    /// # Errors
    /// If the template does not fit.
    pub fn render(&self, environment: &Environment<'_>, frame: &Frame) -> Result<String, Error> {
        let fault = self.fault.as_deref();
        let page = Page { fault, field: FIELD, action: paths::FIRST_MANAGER, cancel: paths::HOME };
        let errors = self.fault.iter().map(|text| FieldError::new(FIELD, text)).collect();
        let head = Head::new("Become the first registration authority manager").with_errors(errors);
        pages::render(environment, "first_manager.jinja", frame, &head, &page)
    }
}
