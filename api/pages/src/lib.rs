//! The look and the words' shape of every page that Latchkey shows: the official NHS component
//! templates, one layout, the style sheet, and the headers that go with them.
//!
//! Portal (api) and passcode page (card-agent) both serve pages, and a holder must not notice that
//! he changes programs; so what they share is here, and nothing else is: no page, no rule, no HTTP.
//!
//! # How to add a page
//! 1. A template that extends `layout.jinja` and fills its `page` block. It reads `page` (your view
//!    model), `head` and `frame`, and imports NHS components by their usual names. All keys of a
//!    component's parameters are quoted.
//! 2. A view model, `#[derive(Serialize)]`, with `Option` and never `skip_serializing_if`: a field
//!    that the model does not have is an error, so that a typing mistake cannot hide.
//! 3. The template in the list given to [`environment`], and a call of [`render`].
//!
//! ```
//! use pages::{Frame, Head, Link};
//!
//! const TEMPLATES: &[(&str, &str)] = &[(
//!     "card.jinja", // In earnest: include_str!("../templates/card.jinja").
//!     r#"{% extends "layout.jinja" %}
//! {% from "nhsuk/components/inset-text/macro.jinja" import insetText %}
//! {% block page %}
//! {{ insetText({ "text": "Do not remove card " ~ page.serial ~ "." }) }}
//! {% endblock %}"#,
//! )];
//!
//! #[derive(serde::Serialize)]
//! struct Card {
//!     serial: String,
//! }
//!
//! let environment = pages::environment(TEMPLATES)?;
//! let frame = Frame::new("Card software", "/").with_footer(vec![Link::new("/help", "Help")]);
//! let html = pages::render(
//!     &environment,
//!     "card.jinja",
//!     &frame,
//!     &Head::new("Reading your card"),
//!     &Card { serial: "0A1B".into() },
//! )?;
//! assert!(html.contains("Do not remove card 0A1B."));
//! # Ok::<(), pages::Error>(())
//! ```
//! A response with it carries [`security_headers`], [`content_security_policy`] and [`PAGE_CACHE`];
//! the address `/assets/{name}` answers with [`asset`] and [`ASSET_CACHE`].

mod assets;
mod dates;
mod environment;
mod frame;
mod headers;
mod strict;
#[cfg(any(test, feature = "testing"))]
pub mod testing;

pub use assets::{Asset, asset, asset_path};
pub use dates::{date, date_and_time, minute_from, time};
pub use environment::{environment, render, render_fragment};
pub use frame::{Account, Demo, FieldError, Frame, Head, Link, NavigationItem, TimeOut};
pub use headers::{ASSET_CACHE, PAGE_CACHE, content_security_policy, security_headers};
/// What goes wrong when a template is read or rendered: always a mistake in this source tree.
pub use minijinja::{Environment, Error};
