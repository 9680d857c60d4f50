//! A mail as it goes over the wire (RFC 5322): the same bytes every time, all of them ASCII.

use std::{fmt, str::FromStr};

use lettre::{
    Address, Message,
    message::{
        Mailbox, Mailboxes, MultiPart, SinglePart,
        header::{HeaderName, HeaderValue, To},
    },
};

use super::{COPIES_MAX, Mail};

/// Who mails are from: an address, with a name before it if wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sender(Mailbox);

/// Not something that a mail can be from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a mail address, like \"Smartcards <smartcards@example.org>\"")]
pub struct NotASender;

impl Sender {
    /// The address alone.
    pub(super) fn address(&self) -> &Address {
        &self.0.email
    }
}

impl FromStr for Sender {
    type Err = NotASender;

    fn from_str(text: &str) -> Result<Self, NotASender> {
        let mailbox: Mailbox = text.parse().map_err(|_| NotASender)?;
        if is_plain(&mailbox.email) { Ok(Self(mailbox)) } else { Err(NotASender) }
    }
}

impl fmt::Display for Sender {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// A mail that cannot be written down, because its address is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unwritable;

/// Whom the mail goes to, at least one, and its bytes. An address that is none is left out as long as
/// another one is left.
pub(super) fn write(mail: &Mail, from: &Sender) -> Result<(Vec<Address>, Vec<u8>), Unwritable> {
    let emails = std::iter::once(&mail.to.email).chain(mail.copies.iter().take(COPIES_MAX));
    let mut addresses: Vec<Address> = Vec::with_capacity(1 + COPIES_MAX);
    for address in emails.filter_map(|email| email.parse().ok()).filter(is_plain) {
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    let name = one_line(&mail.to.name);
    let name = (!name.is_empty()).then_some(name);
    let all: Mailboxes =
        addresses.iter().map(|address| Mailbox::new(name.clone(), address.clone())).collect();
    if addresses.is_empty() {
        return Err(Unwritable);
    }
    let parts = MultiPart::alternative()
        .boundary(boundary(mail))
        .singlepart(SinglePart::plain(mail.text.clone()))
        .singlepart(SinglePart::html(mail.html.clone()));
    let message = Message::builder()
        .from(from.0.clone())
        .mailbox(To::from(all))
        .subject(one_line(&mail.subject))
        .date(mail.at.into())
        .message_id(Some(mail.message_id.as_str().to_owned()))
        // RFC 3834 §5: nobody's holiday notice is to answer this.
        .raw_header(HeaderValue::new(
            HeaderName::new_from_ascii_str("Auto-Submitted"),
            "auto-generated".to_owned(),
        ))
        .multipart(parts)
        .map_err(|_| Unwritable)?;
    Ok((addresses, message.formatted()))
}

/// What separates the parts; made from the Message-ID, so that a repeat is the same to the byte.
fn boundary(mail: &Mail) -> String {
    let id = mail.message_id.as_str().chars().filter(char::is_ascii_alphanumeric);
    id.take(BOUNDARY_MAX).collect()
}

/// Most characters of a boundary (RFC 2046 §5.1.1).
const BOUNDARY_MAX: usize = 70;

/// True if every mail server understands it: ASCII only (RFC 5321; SMTPUTF8 is not asked for).
fn is_plain(address: &Address) -> bool {
    let text: &str = address.as_ref();
    text.is_ascii()
}

/// Without anything that could end a header, or a line of a mail.
pub(super) fn one_line(text: &str) -> String {
    text.chars().filter(|character| !character.is_control()).collect()
}

#[cfg(test)]
mod tests {
    use super::{super::tests::mail, *};

    fn written(mail: &Mail) -> String {
        let from = "Smartcards <smartcards@example.org>".parse().unwrap();
        String::from_utf8(write(mail, &from).unwrap().1).unwrap()
    }

    #[test]
    fn a_mail_is_the_same_bytes_every_time() {
        insta::assert_snapshot!("written", written(&mail()));
        assert_eq!(written(&mail()), written(&mail()));
    }

    #[test]
    fn what_is_written_is_ascii_whatever_the_name() {
        let mut mail = mail();
        mail.to.name = "Zoë Ångström".to_owned();
        mail.text = "Dear Zoë Ångström".to_owned();
        assert!(written(&mail).is_ascii());
    }

    #[test]
    fn a_name_cannot_add_a_header() {
        let mut mail = mail();
        mail.to.name = "Sam\r\nBcc: everybody@example.org".to_owned();
        mail.subject = "Hello\r\nX-Added: yes".to_owned();
        let written = written(&mail);
        assert!(written.lines().all(|line| !line.starts_with("Bcc") && !line.starts_with("X-")));
    }

    #[test]
    fn an_address_that_is_none_cannot_be_written_to() {
        let from = "smartcards@example.org".parse().unwrap();
        for email in ["", "sam", "sam@", "a b@example.org", "zoë@example.org", "a@b\r\nc@d"] {
            let mut mail = mail();
            email.clone_into(&mut mail.to.email);
            assert_eq!(write(&mail, &from), Err(Unwritable), "{email:?}");
        }
    }

    #[test]
    fn a_mail_to_several_addresses_goes_to_each_that_is_one_and_to_none_twice() {
        let from = "smartcards@example.org".parse().unwrap();
        let mut mail = mail();
        let first = mail.to.email.clone();
        mail.copies = vec!["other@example.org".to_owned(), "nobody".to_owned()];
        let (addresses, _) = write(&mail, &from).unwrap();
        assert_eq!(
            addresses.iter().map(ToString::to_string).collect::<Vec<_>>(),
            [first.clone(), "other@example.org".to_owned()]
        );
        mail.copies = vec![first.clone()];
        assert_eq!(write(&mail, &from).unwrap().0.len(), 1);
        "nobody".clone_into(&mut mail.to.email);
        assert_eq!(write(&mail, &from).unwrap().0[0].to_string(), first);
    }

    #[test]
    fn a_sender_is_an_address_with_or_without_a_name() {
        for good in ["smartcards@example.org", "Smartcards <smartcards@example.org>"] {
            assert_eq!(good.parse::<Sender>().unwrap().to_string(), good);
        }
        for bad in ["", "smartcards", "a@b, c@d", "<>", "zoë@example.org"] {
            assert_eq!(bad.parse::<Sender>(), Err(NotASender), "{bad:?}");
        }
    }
}
