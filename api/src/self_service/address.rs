//! The address that codes go to: what is one, which of them policy allows, and how it is shown.

use domain::self_service;

use crate::app::App;

/// The longest address (RFC 5321 4.5.3.1.3, without its brackets), in bytes.
pub const ADDRESS_BYTES_MAX: usize = 254;

/// The longest part before the `@` (RFC 5321 4.5.3.1.1), in bytes.
const LOCAL_BYTES_MAX: usize = 64;

/// What is wrong with an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AddressFault {
    /// Nothing was entered.
    #[error("Enter an email address")]
    Empty,
    /// It is none.
    #[error("Enter an email address in the correct format, like name@example.com")]
    NotAnAddress,
    /// B-42: policy lets codes be sent to certain domains only.
    #[error("Enter an email address that your organisation allows for self-service")]
    NotAllowed,
}

/// B-42: what was typed is an address, and one that policy allows.
pub(crate) fn address<'a>(app: &App, typed: &'a str) -> Result<&'a str, AddressFault> {
    let typed = typed.trim();
    if typed.is_empty() {
        return Err(AddressFault::Empty);
    }
    if !is_address(typed) {
        return Err(AddressFault::NotAnAddress);
    }
    if self_service::address_allowed(app.policy(), typed) {
        Ok(typed)
    } else {
        Err(AddressFault::NotAllowed)
    }
}

/// B-42: what was typed is an address at which a person can be reached. Which domains codes may go to
/// is no question of it.
pub(crate) fn contact_address(typed: &str) -> Result<&str, AddressFault> {
    let typed = typed.trim();
    match typed {
        "" => Err(AddressFault::Empty),
        typed if is_address(typed) => Ok(typed),
        _ => Err(AddressFault::NotAnAddress),
    }
}

/// The forms that people have (RFC 5321 4.1.2, without quoted parts and address literals): a typing
/// error is found here, and who has mistyped it otherwise gets no code.
fn is_address(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let is_local = |character: char| {
        character.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(character)
    };
    let local_is_good = local.len() <= LOCAL_BYTES_MAX
        && local.split('.').all(|part| !part.is_empty() && part.chars().all(is_local));
    let label_is_good = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|character| character.is_ascii_alphanumeric() || character == '-')
    };
    let domain_is_good = domain.contains('.') && domain.split('.').all(label_is_good);
    text.len() <= ADDRESS_BYTES_MAX && local_is_good && domain_is_good
}

/// an address as it may be shown to whoever has the card, or is at the screen:
/// `n•••@example.org`.
#[must_use]
pub fn masked(email: &str) -> String {
    let (local, domain) = email.rsplit_once('@').unwrap_or((email, ""));
    let first: String = local.chars().take(1).collect();
    format!("{first}•••@{domain}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r08_an_address_is_shown_by_its_first_letter_and_its_domain() {
        assert_eq!(masked("nurse@example.org"), "n•••@example.org");
        assert_eq!(masked("n@example.org"), "n•••@example.org");
        assert_eq!(masked("élan@example.org"), "é•••@example.org");
    }

    #[test]
    fn r07_what_people_have_as_an_address_is_one_and_what_is_mistyped_is_none() {
        let longest = format!("a@{}.{}.{}.org", "b".repeat(80), "c".repeat(80), "d".repeat(86));
        assert_eq!(longest.len(), ADDRESS_BYTES_MAX);
        let local = "l".repeat(LOCAL_BYTES_MAX);
        for good in ["a@b.org", "first.last+tag@nhs.example.net", "o'neil@example.org", &longest] {
            assert!(is_address(good), "{good}");
        }
        assert!(is_address(&format!("{local}@b.org")) && !is_address(&format!("{local}l@b.org")));
        for bad in [
            "a",
            "a@",
            "@b.org",
            "a@b",
            "a b@c.org",
            "a@b..org",
            "a.@b.org",
            ".a@b.org",
            "a@-b.org",
            "a@b-.org",
            "a@b.org\n",
            "a\"b@c.org",
            "a@b@",
            "a,b@c.org",
            "a@[127.0.0.1]",
            &format!("a{longest}"),
        ] {
            assert!(!is_address(bad), "{bad}");
        }
    }
}
