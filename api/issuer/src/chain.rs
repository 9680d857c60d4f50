//! The authorities' certificates in one file, as those ask for it who follow `caIssuers`
//! (RFC 5280 §4.2.2.1): a certs-only message of CMS (RFC 5652 §5, RFC 8551 §3.8).

use der::{Any, Encode as _, Sequence, Tag, TagNumber};
use spki::ObjectIdentifier;

use crate::Error;

const SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
const DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.1");

/// `ContentInfo`.
#[derive(Sequence)]
struct Content {
    kind: ObjectIdentifier,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT")]
    content: SignedData,
}

/// `SignedData` that nobody has signed.
#[derive(Sequence)]
struct SignedData {
    version: u8,
    digests: Any,
    content: Nothing,
    certificates: Any,
    signers: Any,
}

/// `EncapsulatedContentInfo` without content.
#[derive(Sequence)]
struct Nothing {
    kind: ObjectIdentifier,
}

/// These DER certificates as one certs-only CMS message, DER.
pub(crate) fn certs_only(mut certificates: Vec<Vec<u8>>) -> Result<Vec<u8>, Error> {
    // A set is encoded in the order of its encodings (X.690 §11.6).
    certificates.sort();
    let none = Any::new(Tag::Set, [])?;
    let tag = Tag::ContextSpecific { constructed: true, number: TagNumber(0) };
    let content = SignedData {
        version: 1,
        digests: none.clone(),
        content: Nothing { kind: DATA },
        certificates: Any::new(tag, certificates.concat())?,
        signers: none,
    };
    Ok(Content { kind: SIGNED_DATA, content }.to_der()?)
}
