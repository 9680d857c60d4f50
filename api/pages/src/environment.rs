//! The template engine, set up so that the official NHS templates render to the HTML their own
//! project says they should; the conformance test below compares every example it ships.

use minijinja::{
    AutoEscape, Environment, Error, ErrorKind, UndefinedBehavior, Value, context,
    syntax::SyntaxConfig,
    value::{Rest, Serde},
};
use serde::Serialize;

use crate::{Frame, Head, asset_path, strict};

/// The NHS components and `layout.jinja`, name and source; written by the build script.
const TEMPLATES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/templates.rs"));

/// The NHS components, `layout.jinja`, and `own`: pairs of name and source, usually `include_str!`.
///
/// # Errors
/// If one of `own` has a syntax error; the others were parsed by the build script.
pub fn environment(own: &[(&'static str, &'static str)]) -> Result<Environment<'static>, Error> {
    let mut environment = Environment::new();
    environment.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
    // The NHS templates read parameters that nobody gave; `strict` keeps that away from our models.
    environment.set_undefined_behavior(UndefinedBehavior::Chainable);
    // The names end in .jinja, which says nothing about what they render to.
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.set_unknown_method_callback(minijinja_contrib::pycompat::unknown_method_callback);
    environment.add_filter("length", length);
    environment.add_filter("truncate", truncate);
    environment.add_filter("tojson", tojson);
    environment.add_function("asset", asset_function);
    for (name, source) in TEMPLATES.iter().chain(own) {
        environment.add_template(name, source)?;
    }
    Ok(environment)
}

/// A whole page. `page` is what the template calls `page`.
///
/// # Errors
/// If the template does not exist, or asks for a field that `page` does not have.
pub fn render(
    environment: &Environment<'_>,
    template: &str,
    frame: &Frame,
    head: &Head,
    page: &impl Serialize,
) -> Result<String, Error> {
    let context = context!(
        frame => Value::from(Serde(frame)),
        head => Value::from(Serde(head)),
        page => strict::wrap(Value::from(Serde(page))),
    );
    environment.get_template(template)?.render(context)
}

/// A part of a page, without the layout (a progress event carries one).
///
/// # Errors
/// As [`render`].
pub fn render_fragment(
    environment: &Environment<'_>,
    template: &str,
    page: &impl Serialize,
) -> Result<String, Error> {
    let context = context!(page => strict::wrap(Value::from(Serde(page))));
    environment.get_template(template)?.render(context)
}

/// 0 for what is missing, as in Jinja2 and Nunjucks.
fn length(value: &Value) -> usize {
    value.len().unwrap_or(0)
}

/// The port gives the length by position and wants no ellipsis.
fn truncate(text: &str, length: usize, _rest: Rest<Value>) -> String {
    text.chars().take(length).collect()
}

/// With the spacing of `JSON.stringify`, and nothing escaped twice.
fn tojson(value: &Value) -> Result<String, Error> {
    serde_json::to_string(value)
        .map_err(|error| Error::new(ErrorKind::BadSerialization, "no JSON").with_source(error))
}

/// `{{ asset("nhsuk.css") }}`.
fn asset_function(name: &str) -> Result<String, Error> {
    asset_path(name)
        .ok_or_else(|| Error::new(ErrorKind::InvalidOperation, format!("there is no asset {name}")))
}

#[cfg(test)]
mod conformance;
#[cfg(test)]
mod tests;
