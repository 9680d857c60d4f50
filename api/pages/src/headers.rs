//! The headers that every page is sent with.

/// `Cache-Control` of pages: they are about one person.
pub const PAGE_CACHE: &str = "no-store";

/// `Cache-Control` of assets: their names change with their bytes.
pub const ASSET_CACHE: &str = "public, max-age=31536000, immutable";

/// SHA-256, in base64, of the one inline script of the NHS page template; from the build script.
const INLINE_SCRIPT_SHA256: &str = env!("INLINE_SCRIPT_SHA256");

/// Value of `Content-Security-Policy`: everything from this origin, no inline style, one inline
/// script by its hash.
///
/// Chromium applies `form-action` to redirects, too. A form whose answer leads to another origin
/// names it in `form_action_extra` (scheme, host and port, from configuration, never from a
/// request); what could not be an origin is left out, so it cannot widen the policy.
#[must_use]
pub fn content_security_policy(form_action_extra: &[&str]) -> String {
    let mut form_action = String::from("'self'");
    for origin in form_action_extra.iter().filter(|origin| is_origin(origin)) {
        form_action.push(' ');
        form_action.push_str(origin);
    }
    format!(
        "default-src 'none'; script-src 'self' 'sha256-{INLINE_SCRIPT_SHA256}'; style-src 'self'; \
         img-src 'self'; connect-src 'self'; form-action {form_action}; base-uri 'none'; \
         frame-ancestors 'none'"
    )
}

/// The other headers of every response, name and value.
#[must_use]
pub fn security_headers() -> &'static [(&'static str, &'static str)] {
    &[
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "same-origin"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        ("permissions-policy", "camera=(), geolocation=(), hid=(), microphone=(), usb=()"),
        ("x-robots-tag", "noindex"),
    ]
}

fn is_origin(origin: &str) -> bool {
    let rest = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
    rest.is_some_and(|host| {
        !host.is_empty()
            && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte))
    })
}

#[cfg(test)]
mod tests {
    use base64::{Engine as _, prelude::BASE64_STANDARD};
    use sha2::{Digest as _, Sha256};

    use super::*;
    use crate::{Frame, Head, environment, render};

    #[test]
    fn the_policy_allows_the_inline_script_that_pages_really_have_and_no_other() {
        let page = [("page.jinja", r#"{% extends "layout.jinja" %}"#)];
        let environment = environment(&page).unwrap();
        let html = render(&environment, "page.jinja", &Frame::new("s", "/"), &Head::new("t"), &());
        let html = html.unwrap();
        let inline: Vec<&str> = html
            .split("<script>")
            .skip(1)
            .map(|rest| rest.split_once("</script>").unwrap().0)
            .collect();
        assert_eq!(inline.len(), 1);
        let hash = BASE64_STANDARD.encode(Sha256::digest(inline[0].as_bytes()));
        assert!(content_security_policy(&[]).contains(&format!("'sha256-{hash}'")));
        assert!(!html.contains(" style=") && !html.contains(" onclick="));
    }

    #[test]
    fn the_policy_has_no_unsafe_word() {
        let policy = content_security_policy(&["http://localhost:8080"]);
        assert!(policy.contains("form-action 'self' http://localhost:8080;"));
        assert!(!policy.contains("unsafe"));
    }

    #[test]
    fn what_is_no_origin_cannot_widen_the_policy() {
        for wrong in ["*", "http://*", "https://", "http://a; script-src *", "'unsafe-inline'"] {
            assert_eq!(content_security_policy(&[wrong]), content_security_policy(&[]), "{wrong}");
        }
    }
}
