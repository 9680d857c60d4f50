//! Command APDUs: short form with chaining, the one form that every card takes.

use zeroize::Zeroizing;

use super::Status;

/// Most data bytes in one short APDU (ISO 7816-4, 5.1).
const PART_BYTES_MAX: usize = 255;

/// Says in the class byte that more of the command follows (ISO 7816-4, 5.1.1.1).
const CHAINED: u8 = 0x10;

/// One command.
#[derive(Clone)]
pub(crate) struct Command {
    pub(crate) ins: u8,
    pub(crate) p1: u8,
    pub(crate) p2: u8,
    /// May hold a secret, so it is wiped.
    pub(crate) data: Zeroizing<Vec<u8>>,
    /// True if data is expected back.
    pub(crate) answers: bool,
}

impl Command {
    /// A command that answers with a status word only.
    pub(crate) fn telling(ins: u8, p1: u8, p2: u8, data: &[u8]) -> Self {
        Self { ins, p1, p2, data: Zeroizing::new(data.to_vec()), answers: false }
    }

    /// A command that answers with data.
    pub(crate) fn asking(ins: u8, p1: u8, p2: u8, data: &[u8]) -> Self {
        Self { answers: true, ..Self::telling(ins, p1, p2, data) }
    }

    /// The APDUs to send one after another; at least one.
    pub(crate) fn parts(&self) -> Vec<Zeroizing<Vec<u8>>> {
        let count = self.data.len().div_ceil(PART_BYTES_MAX).max(1);
        (1..=count)
            .map(|number| {
                let start = (number - 1) * PART_BYTES_MAX;
                let chunk = &self.data[start..self.data.len().min(start + PART_BYTES_MAX)];
                self.part(chunk, number == count)
            })
            .collect()
    }

    fn part(&self, chunk: &[u8], last: bool) -> Zeroizing<Vec<u8>> {
        let class = if last { 0 } else { CHAINED };
        let mut apdu = Zeroizing::new(Vec::with_capacity(chunk.len() + 6));
        apdu.extend([class, self.ins, self.p1, self.p2]);
        if let Ok(length @ 1..) = u8::try_from(chunk.len()) {
            apdu.push(length);
            apdu.extend_from_slice(chunk);
        }
        if last && self.answers {
            apdu.push(0);
        }
        apdu
    }
}

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) data: Vec<u8>,
    pub(crate) status: Status,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_of_255_bytes_is_one_part_and_of_256_two() {
        let one = Command::telling(0xDB, 0x3F, 0xFF, &[7; 255]).parts();
        assert_eq!(one.len(), 1);
        assert_eq!(one[0][..5], [0x00, 0xDB, 0x3F, 0xFF, 0xFF]);
        let two = Command::telling(0xDB, 0x3F, 0xFF, &[7; 256]).parts();
        assert_eq!(two.len(), 2);
        assert_eq!(two[0][..5], [0x10, 0xDB, 0x3F, 0xFF, 0xFF]);
        assert_eq!(two[1][..], [0x00, 0xDB, 0x3F, 0xFF, 0x01, 7]);
    }

    #[test]
    fn data_is_asked_for_in_the_last_part_only() {
        let parts = Command::asking(0x87, 0x11, 0x9A, &[7; 300]).parts();
        assert_eq!(parts[0].len(), 5 + 255);
        assert_eq!(parts[1].len(), 5 + 45 + 1);
        assert_eq!(
            Command::telling(0x20, 0x00, 0x80, &[]).parts()[0][..],
            [0x00, 0x20, 0x00, 0x80]
        );
    }
}
