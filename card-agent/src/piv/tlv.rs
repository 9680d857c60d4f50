//! BER-TLV as PIV uses it: tags of one to three bytes, definite lengths of up to three.
//!
//! Reading is total: whatever bytes a card sends, the answer is a value or `None`, and no value
//! reaches beyond its input.

/// Most bytes of a tag.
const TAG_BYTES_MAX: usize = 3;

/// Most bytes of a length, after the one that counts them.
const LENGTH_BYTES_MAX: usize = 3;

/// One data object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tlv<'a> {
    /// Its tag, as it is written (`0x7F49`).
    pub tag: u32,
    /// Its value.
    pub value: &'a [u8],
}

/// The first object of `bytes`, and what comes after it. `None` if they begin with no whole object.
#[must_use]
pub fn read(bytes: &[u8]) -> Option<(Tlv<'_>, &[u8])> {
    let (tag, rest) = read_tag(bytes)?;
    let (length, rest) = read_length(rest)?;
    let (value, rest) = rest.split_at_checked(length)?;
    Some((Tlv { tag, value }, rest))
}

fn read_tag(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let (&first, mut rest) = bytes.split_first()?;
    let mut tag = u32::from(first);
    if first & 0x1F != 0x1F {
        return Some((tag, rest));
    }
    for _ in 1..TAG_BYTES_MAX {
        let (&next, after) = rest.split_first()?;
        tag = tag << 8 | u32::from(next);
        rest = after;
        if next & 0x80 == 0 {
            return Some((tag, rest));
        }
    }
    None
}

fn read_length(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let (&first, rest) = bytes.split_first()?;
    if first < 0x80 {
        return Some((usize::from(first), rest));
    }
    let count = usize::from(first & 0x7F);
    if count == 0 || LENGTH_BYTES_MAX < count {
        return None;
    }
    let (length, rest) = rest.split_at_checked(count)?;
    Some((length.iter().fold(0, |sum, &byte| sum << 8 | usize::from(byte)), rest))
}

/// The value of the first object with that tag, at this level. `None` if there is none before the
/// end, or before something that is no object.
#[must_use]
pub fn find(mut bytes: &[u8], tag: u32) -> Option<&[u8]> {
    while !bytes.is_empty() {
        let (object, rest) = read(bytes)?;
        if object.tag == tag {
            return Some(object.value);
        }
        bytes = rest;
    }
    None
}

/// Appends an object.
pub fn write(out: &mut Vec<u8>, tag: u32, value: &[u8]) {
    push_significant(out, tag);
    let length = u32::try_from(value.len()).unwrap_or(u32::MAX);
    if length < 0x80 {
        push_significant(out, length);
    } else {
        let zeros = length.leading_zeros() / 8;
        out.push(0x84 - u8::try_from(zeros).unwrap_or(0));
        push_significant(out, length);
    }
    out.extend_from_slice(value);
}

/// One object on its own.
#[must_use]
pub fn object(tag: u32, value: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(value.len() + 2 * size_of::<u32>());
    write(&mut out, tag, value);
    out
}

/// The bytes of a number without leading zeros, but at least one.
fn push_significant(out: &mut Vec<u8>, number: u32) {
    let bytes = number.to_be_bytes();
    let start = bytes.iter().position(|&byte| byte != 0).unwrap_or(bytes.len() - 1);
    out.extend_from_slice(&bytes[start..]);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_tag() -> impl Strategy<Value = u32> {
        prop_oneof![
            (1..=0xFF_u32).prop_filter("one byte", |tag| tag & 0x1F != 0x1F),
            (0..0x80_u32).prop_map(|low| 0x7F00 | low),
            (0x80..=0xFF_u32, 0..0x80_u32).prop_map(|(middle, low)| 0x5F_0000 | middle << 8 | low),
        ]
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(
            tag in any_tag(),
            value in prop::collection::vec(any::<u8>(), 0..70_000),
            rest in prop::collection::vec(any::<u8>(), 0..8),
        ) {
            let mut bytes = object(tag, &value);
            bytes.extend_from_slice(&rest);
            prop_assert_eq!(read(&bytes), Some((Tlv { tag, value: &value }, &rest[..])));
        }

        #[test]
        fn any_bytes_are_read_without_panic_and_a_value_is_part_of_them(
            bytes in prop::collection::vec(any::<u8>(), 0..300),
            tag in any_tag(),
        ) {
            if let Some((object, rest)) = read(&bytes) {
                prop_assert!(object.value.len() + rest.len() < bytes.len());
            }
            let _ = find(&bytes, tag);
        }

        #[test]
        fn an_object_that_is_cut_short_is_not_read(
            value in prop::collection::vec(any::<u8>(), 1..300),
            cut in 1..300_usize,
        ) {
            let bytes = object(0x53, &value);
            let cut = cut.min(bytes.len());
            prop_assert_eq!(read(&bytes[..bytes.len() - cut]), None);
        }
    }

    #[test]
    fn lengths_change_their_form_at_127_255_and_65535() {
        for (length, head) in [
            (127, &[0x53, 0x7F][..]),
            (128, &[0x53, 0x81, 0x80]),
            (255, &[0x53, 0x81, 0xFF]),
            (256, &[0x53, 0x82, 0x01, 0x00]),
            (65_535, &[0x53, 0x82, 0xFF, 0xFF]),
            (65_536, &[0x53, 0x83, 0x01, 0x00, 0x00]),
        ] {
            assert!(object(0x53, &vec![0; length]).starts_with(head), "{length}");
        }
    }
}
