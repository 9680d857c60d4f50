//! What a browser carries, for portal and API alike: two cookies, both random, both kept here as
//! digests only. The browser's ties a job to the browser that started it, before there is a
//! session; the session's is the session.

use axum_extra::extract::{
    CookieJar,
    cookie::{Cookie, SameSite},
};
use stores::token::TokenHash;

use crate::clock::Entropy;

/// Name of the session's cookie. `__Host-` makes browsers hold us to Secure, path `/`, no domain.
pub const SESSION_COOKIE: &str = "__Host-latchkey";

/// Name of the browser's cookie.
pub const BROWSER_COOKIE: &str = "__Host-latchkey-browser";

/// The hash of the token in a cookie.
#[must_use]
pub fn token(jar: &CookieJar, name: &str) -> Option<TokenHash> {
    let bytes = hex::decode(jar.get(name)?.value()).ok()?;
    (bytes.len() == 32).then(|| TokenHash::of(&bytes))
}

/// The browser's hash, and the jar with its cookie, which is made if there is none.
pub fn browser(jar: CookieJar, entropy: &Entropy) -> (TokenHash, CookieJar) {
    match token(&jar, BROWSER_COOKIE) {
        Some(hash) => (hash, jar),
        None => new_token(jar, BROWSER_COOKIE, entropy),
    }
}

/// A fresh token in a cookie, and its hash.
pub fn new_token(jar: CookieJar, name: &'static str, entropy: &Entropy) -> (TokenHash, CookieJar) {
    let bytes: [u8; 32] = entropy.bytes();
    (TokenHash::of(&bytes), jar.add(cookie(name, hex::encode(bytes))))
}

/// A cookie that ends with the browser.
fn cookie(name: &'static str, value: String) -> Cookie<'static> {
    Cookie::build((name, value))
        .path("/")
        .secure(true)
        .http_only(true)
        .same_site(SameSite::Lax)
        .build()
}
