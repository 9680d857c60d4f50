//! What a person has typed on the pages of a form so far, kept by the browser and not by us: a
//! cookie that only we can read. So nothing of it is on the server until the form is whole, and the
//! pages work without script.
//!
//! Encrypted (AES-256-GCM) with a key that follows from the keystore's key of tickets; bound to what
//! it is for and to whom (session, flow), so that a cookie of elsewhere opens nothing.

use aes_gcm::{
    Aes256Gcm, KeyInit as _,
    aead::{Aead as _, Payload},
};
use axum_extra::extract::{
    CookieJar,
    cookie::{Cookie, SameSite},
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use zeroize::Zeroizing;

use crate::{app::App, keystore::KeyName};

/// Name of the draft's cookie. `__Host-` makes browsers hold us to Secure, path `/`, no domain.
pub const DRAFT_COOKIE: &str = "__Host-latchkey-draft";

/// How long a draft can be gone on with, in minutes; half-open.
pub const DRAFT_MINUTES: i64 = 60;

/// The longest draft, in bytes of JSON: what a browser keeps is 4096 bytes, written in base64.
pub const DRAFT_BYTES_MAX: usize = 2_800;

const NONCE_BYTES: usize = 12;
const VERSION_BYTES: usize = 4;

#[derive(Serialize)]
struct Kept<'a, T> {
    until: DateTime<Utc>,
    draft: &'a T,
}

#[derive(Deserialize)]
struct Read<T> {
    until: DateTime<Utc>,
    draft: T,
}

/// The jar with this draft in place of any other. `purpose` says which form it is of, `bound_to` whose:
/// both have to be said again to read it. One that is too long is not kept: then the person is asked
/// again.
pub fn keep<T: Serialize>(
    jar: CookieJar,
    app: &App,
    purpose: &str,
    bound_to: &str,
    draft: &T,
) -> CookieJar {
    match seal(app, purpose, bound_to, draft) {
        Some(value) => jar.add(cookie(value)),
        None => forget(jar),
    }
}

/// The same as a text, for what goes into a page and comes back: where a list of people goes on. `None`
/// if it is too long.
#[must_use]
pub fn seal<T: Serialize>(app: &App, purpose: &str, bound_to: &str, draft: &T) -> Option<String> {
    let until = app.now() + TimeDelta::minutes(DRAFT_MINUTES);
    sealed(app, purpose, bound_to, &Kept { until, draft })
}

/// The draft that a browser has brought; `None` if there is none, it is another form's or another
/// person's, its time is over, or it is not as we wrote it.
#[must_use]
pub fn read<T: DeserializeOwned>(
    jar: &CookieJar,
    app: &App,
    purpose: &str,
    bound_to: &str,
) -> Option<T> {
    open(jar.get(DRAFT_COOKIE)?.value(), app, purpose, bound_to)
}

/// What was sealed; `None` if it is of elsewhere, its time is over, or it is not as we wrote it.
#[must_use]
pub fn open<T: DeserializeOwned>(
    text: &str,
    app: &App,
    purpose: &str,
    bound_to: &str,
) -> Option<T> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).ok()?;
    let (version, rest) = bytes.split_first_chunk::<VERSION_BYTES>()?;
    let (nonce, ciphertext) = rest.split_first_chunk::<NONCE_BYTES>()?;
    let key = app.keystore().draft_key(u32::from_be_bytes(*version))?;
    let aad = binding(purpose, bound_to);
    let payload = Payload { msg: ciphertext, aad: &aad };
    let cipher = Aes256Gcm::new_from_slice(&*key).ok()?;
    let json = Zeroizing::new(cipher.decrypt(&(*nonce).into(), payload).ok()?);
    let read: Read<T> = serde_json::from_slice(&json).ok()?;
    (app.now() < read.until).then_some(read.draft)
}

/// The jar without a draft: the form is sent, or was given up. The browser is told so whether or not it
/// has sent one: it keeps this cookie back on its way from the agent's page.
pub fn forget(jar: CookieJar) -> CookieJar {
    let mut gone = cookie(String::new());
    gone.make_removal();
    jar.add(gone)
}

fn sealed<T: Serialize>(
    app: &App,
    purpose: &str,
    bound_to: &str,
    kept: &Kept<'_, T>,
) -> Option<String> {
    let json = Zeroizing::new(serde_json::to_vec(kept).ok()?);
    if DRAFT_BYTES_MAX < json.len() {
        return None;
    }
    let version = app.keystore().current(KeyName::Ticket)?.version;
    let key = app.keystore().draft_key(version)?;
    let nonce: [u8; NONCE_BYTES] = app.entropy().bytes();
    let aad = binding(purpose, bound_to);
    let cipher = Aes256Gcm::new_from_slice(&*key).ok()?;
    let ciphertext = cipher.encrypt(&nonce.into(), Payload { msg: &json, aad: &aad }).ok()?;
    let bytes = [version.to_be_bytes().as_slice(), &nonce, &ciphertext].concat();
    Some(BASE64_URL_SAFE_NO_PAD.encode(bytes))
}

/// Additional data of the encryption; each name is preceded by its length.
fn binding(purpose: &str, bound_to: &str) -> Vec<u8> {
    format!("latchkey/v1 draft\n{}:{purpose}\n{}:{bound_to}\n", purpose.len(), bound_to.len())
        .into_bytes()
}

/// A cookie that ends with the browser, and comes from our own pages only.
fn cookie(value: String) -> Cookie<'static> {
    Cookie::build((DRAFT_COOKIE, value))
        .path("/")
        .secure(true)
        .http_only(true)
        .same_site(SameSite::Strict)
        .build()
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use domain::testing::instant;

    use super::*;
    use crate::{
        clock::{Entropy, StandingClock},
        commands::serve,
        config::Config,
    };

    async fn app() -> (App, Arc<StandingClock>, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(StandingClock::at(instant("2026-03-02T09:00:00Z")));
        let config = Config::for_testing(folder.path());
        let entropy = Entropy::Seeded(Mutex::new(0));
        (serve::open(config, clock.clone(), entropy).await.unwrap(), clock, folder)
    }

    #[tokio::test]
    async fn a_draft_is_read_by_its_own_form_and_person_for_an_hour_and_by_nobody_else() {
        let (app, clock, _folder) = app().await;
        let draft = vec!["a canary of an answer".to_owned()];
        let jar = keep(CookieJar::new(), &app, "register", "somebody", &draft);
        let of = |purpose, whose| read::<Vec<String>>(&jar, &app, purpose, whose);
        assert_eq!(of("register", "somebody"), Some(draft));
        assert_eq!(of("unlock", "somebody"), None);
        assert_eq!(of("register", "somebody else"), None);
        assert!(!jar.get(DRAFT_COOKIE).unwrap().value().contains("canary"));
        clock.advance(TimeDelta::milliseconds(3_599_999));
        assert!(of("register", "somebody").is_some());
        clock.advance(TimeDelta::milliseconds(1));
        assert_eq!(of("register", "somebody"), None);
    }

    #[tokio::test]
    async fn a_draft_that_was_tampered_with_is_none() {
        let (app, _clock, _folder) = app().await;
        let jar = keep(CookieJar::new(), &app, "register", "somebody", &1);
        let value = jar.get(DRAFT_COOKIE).unwrap().value().to_owned();
        for place in 0..value.len() - 1 {
            let mut bytes = value.clone().into_bytes();
            bytes[place] = if bytes[place] == b'A' { b'B' } else { b'A' };
            let jar = CookieJar::new().add(cookie(String::from_utf8(bytes).unwrap()));
            assert_eq!(read::<u8>(&jar, &app, "register", "somebody"), None, "{place}");
        }
        for bad in ["", "A", "AAAA", "%%%"] {
            let jar = CookieJar::new().add(cookie(bad.to_owned()));
            assert_eq!(read::<u8>(&jar, &app, "register", "somebody"), None);
        }
    }

    #[tokio::test]
    async fn the_longest_draft_fits_into_a_cookie_and_one_that_does_not_is_not_kept() {
        let (app, _clock, _folder) = app().await;
        let fits = "x".repeat(DRAFT_BYTES_MAX - 100);
        let jar = keep(CookieJar::new(), &app, "register", "somebody", &fits);
        assert!(jar.get(DRAFT_COOKIE).unwrap().value().len() < 4_000);
        let long = "x".repeat(DRAFT_BYTES_MAX);
        let jar = keep(jar, &app, "register", "somebody", &long);
        assert_eq!(read::<String>(&jar, &app, "register", "somebody"), None);
    }
}
