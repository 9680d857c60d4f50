//! What can be made to go wrong with a card: it is pulled out, its power fails, it is slow, somebody listens.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// What goes wrong in one insertion of a card. The default is nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Faults {
    /// The power fails at this command.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tear_ins: Option<TearAt>,
    /// The power fails in the flash write after this many have passed; half of that write lands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tear_after_writes: Option<u64>,
    /// How long the card thinks before each command, in milliseconds. Real cards take 15 to 60.
    #[serde(skip_serializing_if = "is_zero")]
    pub delay_ms: u16,
    /// Somebody listens at the contacts: commands that carry a PUK are written to the file [`OVERHEARD`] in the card's
    /// folder, in hexadecimal, a line each.
    #[serde(skip_serializing_if = "is_false")]
    pub overheard: bool,
}

/// The file in a card's folder to which whoever listens at its contacts writes.
pub const OVERHEARD: &str = "overheard";

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
fn is_zero(n: &u16) -> bool {
    *n == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
fn is_false(flag: &bool) -> bool {
    !*flag
}

/// The command at which the power fails, written `24:1:after`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TearAt {
    /// The instruction byte of the command.
    pub ins: u8,
    /// Which command with that instruction, from 1.
    pub nth: u32,
    /// Before or after the card has obeyed.
    pub moment: Moment,
}

/// Whether the card has obeyed the command at which its power fails. The reader sees no difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// The command has had no effect.
    Before,
    /// The command has had its effect; only the answer is lost.
    After,
}

/// A tear that is not written `HH:N:before` or `HH:N:after`.
#[derive(Debug, thiserror::Error)]
#[error(
    "a tear is written HH:N:before or HH:N:after: the instruction in hex, which of them from 1, and when"
)]
pub struct UnreadableTear;

impl FromStr for TearAt {
    type Err = UnreadableTear;

    fn from_str(text: &str) -> Result<Self, UnreadableTear> {
        let [ins, nth, moment] = text.split(':').collect::<Vec<_>>()[..] else {
            return Err(UnreadableTear);
        };
        let moment = match moment {
            "before" => Moment::Before,
            "after" => Moment::After,
            _ => return Err(UnreadableTear),
        };
        let ins = u8::from_str_radix(ins, 16).map_err(|_| UnreadableTear)?;
        let nth = nth.parse().ok().filter(|n| 1 <= *n).ok_or(UnreadableTear)?;
        Ok(Self { ins, nth, moment })
    }
}

impl fmt::Display for TearAt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let moment = match self.moment {
            Moment::Before => "before",
            Moment::After => "after",
        };
        write!(f, "{:02x}:{}:{moment}", self.ins, self.nth)
    }
}

impl TryFrom<String> for TearAt {
    type Error = UnreadableTear;

    fn try_from(text: String) -> Result<Self, UnreadableTear> {
        text.parse()
    }
}

impl From<TearAt> for String {
    fn from(tear: TearAt) -> Self {
        tear.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tear_reads_as_it_is_written() {
        let tear: TearAt = "24:2:after".parse().unwrap();
        assert_eq!(tear, TearAt { ins: 0x24, nth: 2, moment: Moment::After });
        assert_eq!(tear.to_string(), "24:2:after");
    }

    #[test]
    fn a_tear_at_the_zeroth_command_or_at_no_moment_is_refused() {
        for text in ["24:0:after", "24:1", "24:1:during", "xyz:1:after", "24:1:after:more"] {
            assert!(text.parse::<TearAt>().is_err(), "{text} was taken");
        }
    }
}
