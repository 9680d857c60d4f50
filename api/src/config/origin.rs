//! The portal's origin: it stands in every sentence that a card signs, so it has one form only.

use super::Portal;

/// Most characters of an origin.
const CHARACTERS_MAX: usize = 255;

/// Refuses what is not an origin as browsers write it (RFC 6454 §6.2): scheme, host in lower case,
/// port if it is not the usual one, nothing else. `http` is for `localhost` alone, because a
/// passcode page on `127.0.0.1` must not get the portal's cookies (cookies ignore ports), and
/// because plain HTTP is never served beyond loopback; `https` is spoken by this server, if it has a
/// certificate, or by a proxy in front.
pub(super) fn check(portal: &Portal) -> Result<(), String> {
    let Portal { origin, behind_proxy, https, .. } = portal;
    let form = || format!("{origin:?} is not an origin like https://portal.example.org");
    if CHARACTERS_MAX < origin.len() {
        return Err(form());
    }
    let (scheme, rest) = origin.split_once("://").ok_or_else(form)?;
    let (host, port) = match rest.split_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (rest, None),
    };
    let usual = match scheme {
        "http" => "80",
        "https" => "443",
        _ => return Err(form()),
    };
    if !is_host(host) || port.is_some_and(|port| !is_port(port) || port == usual) {
        return Err(form());
    }
    match (scheme, https) {
        ("http", Some(_)) => Err("with portal.tls_certificate it begins with https://".to_owned()),
        ("http", None) if host != "localhost" => {
            Err("http is for localhost only; the world sees https".to_owned())
        }
        ("https", None) if !behind_proxy => Err("https is spoken with a certificate \
            (portal.tls_certificate), or by a proxy in front (portal.behind_proxy = true)"
            .to_owned()),
        (_, Some(_) | None) => Ok(()),
    }
}
/// Labels of letters, digits and hyphens in lower case, not all digits (an address is no name).
fn is_host(host: &str) -> bool {
    let label = |label: &str| {
        !label.is_empty()
            && label.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'))
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let last = host.rsplit('.').next().unwrap_or_default();
    host.split('.').all(label) && !last.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_port(text: &str) -> bool {
    text.parse::<u16>().is_ok_and(|port| 0 < port && port.to_string() == text)
}
