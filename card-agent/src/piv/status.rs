//! Status words, parsed once.
//!
//! SP 800-73-5 part 2 names them with each command; what cards really answer is wider, and one meaning has
//! several spellings. Which spelling a card uses decides nothing above this module.

/// What a card says about the command it was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// 9000.
    Done,
    /// The secret was wrong: 63Cn with n tries left, or a bare 6300 that does not tell. Old keys
    /// answer 630n.
    Wrong {
        /// Tries left, from 1; `None` where the card does not tell.
        tries_left: Option<u8>,
    },
    /// No tries are left: 6983 or 63C0.
    Blocked,
    /// 6982: VERIFY or the management key has to come first.
    NotSatisfied,
    /// 6A80: the data is not in a form the card takes.
    BadData,
    /// 6A82 or 6A88: there is no such object or key.
    NotFound,
    /// 6A86: these parameters do not fit (an algorithm that the key has not).
    BadParameters,
    /// 6D00, 6E00, 6A81: the card does not have this command.
    NotSupported,
    /// Anything else, as it came.
    Other(u16),
}

impl From<u16> for Status {
    fn from(word: u16) -> Self {
        match word {
            0x9000 => Self::Done,
            0x6300 => Self::Wrong { tries_left: None },
            0x63C0 | 0x6983 => Self::Blocked,
            0x63C1..=0x63CF | 0x6301..=0x630F => {
                Self::Wrong { tries_left: Some(word.to_be_bytes()[1] & 0x0F) }
            }
            0x6982 => Self::NotSatisfied,
            0x6A80 => Self::BadData,
            0x6A82 | 0x6A88 => Self::NotFound,
            0x6A86 => Self::BadParameters,
            0x6D00 | 0x6E00 | 0x6A81 => Self::NotSupported,
            other => Self::Other(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_of_saying_blocked_and_all_of_saying_wrong_are_understood() {
        assert_eq!(Status::from(0x6983), Status::Blocked);
        assert_eq!(Status::from(0x63C0), Status::Blocked);
        assert_eq!(Status::from(0x6300), Status::Wrong { tries_left: None });
        assert_eq!(Status::from(0x63C1), Status::Wrong { tries_left: Some(1) });
        assert_eq!(Status::from(0x63CF), Status::Wrong { tries_left: Some(15) });
        assert_eq!(Status::from(0x6302), Status::Wrong { tries_left: Some(2) });
        assert_eq!(Status::from(0x63D0), Status::Other(0x63D0));
    }
}
