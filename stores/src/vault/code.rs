//! Mailed codes: worked out whenever they are needed, and kept nowhere.
//!
//! B-38: a code is the HMAC of what it is good for (purpose, person, card, flow and its own id)
//! under a key that changes every day and goes when the last code made with it is over. So neither
//! log nor database holds anything that a code could be had from, a mail that is sent again says
//! the same code, and a code typed anywhere else is another one.

use std::fmt;

use domain::ids::{CardSerial, CommandId, HolderId};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::{Keys, Vault, VaultError};

/// B-38: the characters of a code; 40 bits.
pub const CODE_CHARS: usize = 8;

/// Crockford's 32: figures and letters without I, L, O and U.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Bits of one character.
const CHAR_BITS: usize = 5;

/// Most characters of what somebody typed that are looked at; room for any way of grouping.
const TYPED_CHARS_MAX: usize = 64;

/// What a code is good for. Each other code, flow, card, holder or purpose has another one.
#[derive(Debug, Clone, Copy)]
pub struct CodeBinding<'a> {
    /// Names the code in events.
    pub code: Uuid,
    /// The version of the key that it was made with, as its event says.
    pub key: u32,
    /// Label of the purpose.
    pub purpose: &'a str,
    /// Who may use it.
    pub holder: HolderId,
    /// With which card.
    pub card: &'a CardSerial,
    /// The registration or the unlock that it belongs to.
    pub flow: CommandId,
}

/// A code in plain, for the moment in which a mail is written or something typed is compared.
pub struct Code(Zeroizing<[u8; CODE_CHARS]>);

impl Code {
    /// As it is written in a mail: `7K3M-XQ90`.
    #[must_use]
    pub fn grouped(&self) -> Zeroizing<String> {
        let (first, second) = self.0.split_at(CODE_CHARS / 2);
        let mut text = Zeroizing::new(String::with_capacity(CODE_CHARS + 1));
        text.extend(first.iter().copied().map(char::from));
        text.push('-');
        text.extend(second.iter().copied().map(char::from));
        text
    }

    /// Its characters alone, upper case: what a new passcode must not be (U-10).
    #[must_use]
    pub fn plain(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(CODE_CHARS));
        text.extend(self.0.iter().copied().map(char::from));
        text
    }

    /// True if this is what was typed. Case, spaces and hyphens do not count, and what looks alike
    /// is alike: O and 0; I, L and 1. Takes the same time for every code.
    #[must_use]
    pub fn is(&self, typed: &str) -> bool {
        let typed = folded(typed);
        typed.as_ref().is_some_and(|typed| bool::from(typed.ct_eq(&*self.0)))
    }
}

/// Says nothing of the code.
impl fmt::Debug for Code {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Code(..)")
    }
}

impl Vault {
    /// The version of the key that new codes are made with.
    #[must_use]
    pub fn code_key(&self) -> u32 {
        self.keys.code.now().current().0
    }

    /// The keys that codes are made with from now on. Those of codes that are still good have to be
    /// among them.
    pub fn renew_code_keys(&self, keys: Keys) {
        self.keys.code.replace(keys);
    }

    /// The code that is good for this, and for nothing else. [`VaultError::KeyMissing`] once its key
    /// is gone, which is when it has long expired.
    pub fn code(&self, binding: &CodeBinding<'_>) -> Result<Code, VaultError> {
        let keys = self.keys.code.now();
        let version = binding.key;
        let key = keys.by_version(version).ok_or(VaultError::KeyMissing { version })?;
        made_with(key, binding)
    }
}

/// The fields have fixed lengths or are preceded by theirs, so that none can be shifted into another.
fn made_with(key: &[u8; 32], binding: &CodeBinding<'_>) -> Result<Code, VaultError> {
    let CodeBinding { code, key: version, purpose, holder, card, flow } = binding;
    let mut mac = Hmac::<Sha256>::new_from_slice(key).map_err(|_| VaultError::Broken)?;
    mac.update(b"latchkey/v1 code\0");
    mac.update(code.as_bytes());
    mac.update(&version.to_be_bytes());
    mac.update(holder.0.as_bytes());
    mac.update(flow.0.as_bytes());
    for name in [*purpose, card.as_str()] {
        mac.update(&u64::try_from(name.len()).map_err(|_| VaultError::Broken)?.to_be_bytes());
        mac.update(name.as_bytes());
    }
    Ok(written(mac))
}

/// The code that a keyed digest is written as.
pub(super) fn written(mac: Hmac<Sha256>) -> Code {
    let digest = Zeroizing::new(<[u8; 32]>::from(mac.finalize().into_bytes()));
    let mut text = Zeroizing::new([0; CODE_CHARS]);
    for (place, character) in text.iter_mut().enumerate() {
        *character = ALPHABET[five_bits(&digest, place)];
    }
    Code(text)
}

/// The five bits at a place, from the front.
fn five_bits(digest: &[u8; 32], place: usize) -> usize {
    (0..CHAR_BITS).fold(0, |bits, next| {
        let at = place * CHAR_BITS + next;
        let bit = digest[at / 8] >> (7 - at % 8) & 1;
        bits << 1 | usize::from(bit)
    })
}

/// What was typed, as it would stand in a code; `None` if it has not its length.
fn folded(typed: &str) -> Option<Zeroizing<[u8; CODE_CHARS]>> {
    let mut text = Zeroizing::new([0; CODE_CHARS]);
    let mut n_chars = 0;
    let characters = typed.chars().take(TYPED_CHARS_MAX);
    for character in characters.filter(|character| !is_grouping(*character)) {
        *text.get_mut(n_chars)? = match character.to_ascii_uppercase() {
            'O' => b'0',
            'I' | 'L' => b'1',
            other => u8::try_from(other).unwrap_or(0),
        };
        n_chars += 1;
    }
    (n_chars == CODE_CHARS).then_some(text)
}

/// Spaces, and hyphens of all kinds, which mail programs and keyboards put in.
fn is_grouping(character: char) -> bool {
    character.is_whitespace() || matches!(character, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}')
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::testing::{holder, stores};

    fn card(serial: &str) -> CardSerial {
        serial.parse().unwrap()
    }

    fn binding(card: &CardSerial) -> CodeBinding<'_> {
        CodeBinding {
            code: Uuid::from_u128(1),
            key: 1,
            purpose: "unlock",
            holder: holder(1),
            card,
            flow: CommandId(Uuid::from_u128(2)),
        }
    }

    #[tokio::test]
    async fn b38_a_code_has_eight_characters_without_look_alikes_and_is_always_the_same() {
        let (vault, card) = (stores().await.vault, card("0A01"));
        for code in 0..256 {
            let binding = CodeBinding { code: Uuid::from_u128(code), ..binding(&card) };
            let plain = vault.code(&binding).unwrap().plain();
            assert_eq!(plain.len(), CODE_CHARS);
            assert!(plain.bytes().all(|byte| ALPHABET.contains(&byte)), "{}", *plain);
            assert_eq!(plain, vault.code(&binding).unwrap().plain());
        }
    }

    #[tokio::test]
    async fn b38_each_code_purpose_person_card_and_flow_has_another_code() {
        let (vault, ours, other) = (stores().await.vault, card("0A01"), card("0A02"));
        let two = Uuid::from_u128(99);
        let bindings = [
            binding(&ours),
            binding(&other),
            CodeBinding { code: two, ..binding(&ours) },
            CodeBinding { purpose: "registration", ..binding(&ours) },
            CodeBinding { holder: holder(2), ..binding(&ours) },
            CodeBinding { flow: CommandId(two), ..binding(&ours) },
        ];
        let codes: BTreeSet<String> = bindings
            .iter()
            .map(|binding| vault.code(binding).unwrap().plain().to_string())
            .collect();
        assert_eq!(codes.len(), bindings.len());
        let code = vault.code(&bindings[0]).unwrap();
        for other in &bindings[1..] {
            assert!(!code.is(&vault.code(other).unwrap().plain()));
        }
    }

    #[test]
    fn b38_a_code_is_the_first_forty_bits_of_the_hmac() {
        let digest: [u8; 32] = std::array::from_fn(|place| u8::try_from(place * 37 % 256).unwrap());
        let bits: u64 = digest[..5].iter().fold(0, |bits, byte| bits << 8 | u64::from(*byte));
        for place in 0..CODE_CHARS {
            let expected = usize::try_from(bits >> (35 - 5 * place) & 31).unwrap();
            assert_eq!(five_bits(&digest, place), expected);
        }
    }

    #[test]
    fn b38_case_spaces_hyphens_and_look_alikes_do_not_count_and_all_else_does() {
        let code = Code(Zeroizing::new(*b"10AB7K3M"));
        assert_eq!((&**code.grouped(), &**code.plain()), ("10AB-7K3M", "10AB7K3M"));
        for typed in [
            "10AB-7K3M",
            "10ab7k3m",
            " 10ab 7k3m\r\n",
            "1 0 A B 7 K 3 M",
            "IOAB-7K3M",
            "loab\u{2011}7k3m",
            "iOab\u{a0}7k3m",
        ] {
            assert!(code.is(typed), "{typed:?}");
        }
        for typed in [
            "",
            "10AB-7K3",
            "10AB-7K3MM",
            "10AB-7K3N",
            "10AB.7K3M",
            "10AB-7K3\u{17b}",
            "10AB-7K3\u{212a}",
            "00AB-7K3M",
        ] {
            assert!(!code.is(typed), "{typed:?}");
        }
        assert!(!code.is(&" ".repeat(1_000_000)));
    }

    #[tokio::test]
    async fn b38_a_code_outlives_its_key_being_replaced_but_not_its_being_gone() {
        let (vault, card) = (stores().await.vault, card("0A01"));
        assert_eq!(vault.code_key(), 1);
        let before = vault.code(&binding(&card)).unwrap().plain();
        vault.renew_code_keys(Keys::new(2, [1; 32]).with_older(1, [9; 32]));
        assert_eq!(vault.code_key(), 2);
        assert_eq!(vault.code(&binding(&card)).unwrap().plain(), before);
        let new = CodeBinding { key: 2, ..binding(&card) };
        assert_ne!(vault.code(&new).unwrap().plain(), before);
        vault.renew_code_keys(Keys::new(2, [1; 32]));
        let gone = vault.code(&binding(&card));
        assert!(matches!(gone, Err(VaultError::KeyMissing { version: 1 })));
    }

    #[test]
    fn a_code_is_not_shown_by_debug() {
        assert_eq!(format!("{:?}", Code(Zeroizing::new(*b"10AB7K3M"))), "Code(..)");
    }
}
