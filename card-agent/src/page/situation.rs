//! Everything that can be the matter, with a sentence and a way out for each.

mod words;

use protocol::{Act, CardSeen};

pub(super) use words::Words;

use crate::{
    channel::Trouble,
    operations::Halt,
    readers::{NotBegun, Reader, Readers, Slot},
    transport::LinkError,
};

/// Something else than the form, or the way back to the portal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Situation {
    /// No such address.
    NotFound,
    /// The Host is not ours.
    OtherHost,
    /// A form that another website sent.
    FromElsewhere,
    /// A body that is no form.
    NoForm,
    /// The server does not know the job (any more), in its own words.
    UnknownJob(String),
    /// There is no line to the server.
    ServerUnreachable,
    /// The server does not know this agent any more.
    AgentRevoked,
    /// Server and agent speak different versions.
    OtherVersion,
    /// The smartcard service does not run.
    NoService,
    /// No reader at all.
    NoReader,
    /// B-60.
    ReaderNotApproved {
        /// The models that are there.
        seen: Vec<String>,
        /// The models on the list.
        approved: Vec<String>,
    },
    /// Nothing in the reader.
    NoCard,
    /// Cards in two readers, as at a desk: the person says which one is meant.
    SeveralCards(Vec<Choice>),
    /// Not one of ours.
    CardNotRecognised,
    /// No passcode satisfies both policy and card.
    NoCommonRules,
    /// No tries are left.
    CardLocked,
    /// Another card operation is under way.
    Busy,
    /// Another program holds the card.
    CardInUse,
    /// The card left in the middle; nothing was changed.
    CardLost,
    /// The card said something nobody understands.
    CardFault,
    /// The card is neither blank nor begun by this server.
    NotBlank,
    /// The card takes no PUK that the server knows of.
    PukNotTaken,
    /// The card kept the old passcode.
    NotWritten,
    /// The same of one that was to be unlocked.
    NotUnlocked,
    /// Old or new, nobody knows.
    WriteUnknown,
    /// The same of a card that was to be unlocked: its old passcode is locked or forgotten.
    UnlockUnknown,
    /// The line broke in the middle; nothing was changed.
    ServerLost,
    /// The passcode is changed, and the server does not know.
    WrittenServerLost,
    /// The same of a card that was to be unlocked: nothing else waits for it.
    UnlockedServerLost,
    /// The server answered what nobody expects.
    ServerFault,
    /// The server says no.
    Refused {
        /// Rule id, or empty.
        rule: String,
        /// A sentence.
        message: String,
        /// True if the job may be tried again.
        again: bool,
    },
}

/// One of several cards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Choice {
    /// Name of its reader, slot number included: two readers may be of one model.
    pub(super) reader: String,
    /// Its serial number, as it stands on the card.
    pub(super) serial: String,
}

impl From<Trouble> for Situation {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Unreachable => Self::ServerUnreachable,
            Trouble::Revoked => Self::AgentRevoked,
            Trouble::OtherVersion => Self::OtherVersion,
        }
    }
}

impl From<NotBegun> for Situation {
    fn from(not_begun: NotBegun) -> Self {
        match not_begun {
            NotBegun::Busy => Self::Busy,
            NotBegun::Link(LinkError::Lost) => Self::NoCard,
            NotBegun::Link(LinkError::InUse) => Self::CardInUse,
            NotBegun::Link(LinkError::NoService) => Self::NoService,
            NotBegun::Link(LinkError::Failed(_)) => Self::CardFault,
        }
    }
}

impl From<Halt> for Situation {
    /// For what the form cannot cure. What it can cure is shown there (`job::faults_of`).
    fn from(halt: Halt) -> Self {
        match halt {
            Halt::CardLost => Self::CardLost,
            Halt::CardInUse => Self::CardInUse,
            Halt::NoService => Self::NoService,
            Halt::NotRecognised => Self::CardNotRecognised,
            Halt::CardFault(_) => Self::CardFault,
            Halt::Locked => Self::CardLocked,
            Halt::NotBlank => Self::NotBlank,
            Halt::PukNotTaken => Self::PukNotTaken,
            Halt::NotWritten => Self::NotWritten,
            Halt::WriteUnknown => Self::WriteUnknown,
            Halt::ServerLost => Self::ServerLost,
            Halt::WrittenServerLost => Self::WrittenServerLost,
            Halt::Refused { rule, message, again } => Self::Refused { rule, message, again },
            Halt::ServerFault
            | Halt::ActChanged
            | Halt::LastTry { .. }
            | Halt::WrongPasscode { .. }
            | Halt::NewPasscodeUnfit => Self::ServerFault,
        }
    }
}

impl Situation {
    /// How an act ended, in the words of that act.
    pub(super) fn of(halt: Halt, act: &Act) -> Self {
        let situation = Self::from(halt);
        if *act != Act::Unlock {
            situation
        } else if situation == Self::NotWritten {
            Self::NotUnlocked
        } else if situation == Self::WriteUnknown {
            Self::UnlockUnknown
        } else if situation == Self::WrittenServerLost {
            Self::UnlockedServerLost
        } else {
            situation
        }
    }
}

/// The one card to work with, or what is in the way. Of several it is the one that was `chosen`, by its
/// serial number; another one is never taken in its place.
pub(super) fn the_card(
    readers: Readers,
    approved: &[String],
    chosen: Option<&str>,
) -> Result<(Reader, CardSeen), Situation> {
    let readers = match readers {
        Readers::NoService => return Err(Situation::NoService),
        Readers::Seen(readers) if readers.is_empty() => return Err(Situation::NoReader),
        Readers::Seen(readers) => readers,
    };
    let (usable, others): (Vec<_>, Vec<_>) =
        readers.into_iter().partition(|reader| reader.approved);
    let holds_something = |reader: &Reader| reader.slot != Slot::Empty;
    let mut unreadable = false;
    let mut cards = Vec::new();
    for reader in &usable {
        match &reader.slot {
            Slot::Card(card) => cards.push((reader.clone(), card.clone())),
            Slot::Unreadable => unreadable = true,
            Slot::Empty => {}
        }
    }
    if !cards.is_empty() {
        return one_of(cards, chosen);
    }
    if unreadable {
        Err(Situation::CardNotRecognised)
    } else if usable.is_empty() || others.iter().any(holds_something) {
        let mut seen: Vec<_> = others.into_iter().map(|reader| reader.model).collect();
        seen.dedup();
        Err(Situation::ReaderNotApproved { seen, approved: approved.to_vec() })
    } else {
        Err(Situation::NoCard)
    }
}

/// The card that was chosen, or the only one if none was.
fn one_of(
    mut cards: Vec<(Reader, CardSeen)>,
    chosen: Option<&str>,
) -> Result<(Reader, CardSeen), Situation> {
    let found = match chosen {
        Some(serial) => cards.iter().position(|(_, card)| card.serial == serial),
        None => (cards.len() == 1).then_some(0),
    };
    match found {
        Some(at) => Ok(cards.swap_remove(at)),
        None => Err(Situation::SeveralCards(cards.into_iter().map(Choice::from).collect())),
    }
}

impl From<(Reader, CardSeen)> for Choice {
    fn from((reader, card): (Reader, CardSeen)) -> Self {
        Self { reader: reader.name, serial: card.serial }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reader(approved: bool, slot: Slot) -> Reader {
        let model = if approved { "Good" } else { "Other" };
        Reader { name: format!("{model} 00 00"), model: model.to_owned(), approved, slot }
    }

    fn card() -> Slot {
        card_of("0A")
    }

    fn card_of(serial: &str) -> Slot {
        Slot::Card(CardSeen {
            serial: serial.to_owned(),
            profile: "piv".to_owned(),
            tries_left: Some(3),
        })
    }

    fn choose(readers: Vec<Reader>) -> Result<(Reader, CardSeen), Situation> {
        the_card(Readers::Seen(readers), &["Good".to_owned()], None)
    }

    #[test]
    fn b60_a_card_in_a_reader_that_is_not_approved_is_not_used_and_the_refusal_names_the_reader() {
        let expected = Situation::ReaderNotApproved {
            seen: vec!["Other".to_owned()],
            approved: vec!["Good".to_owned()],
        };
        assert_eq!(choose(vec![reader(false, card())]), Err(expected.clone()));
        let both = vec![reader(true, Slot::Empty), reader(false, card())];
        assert_eq!(choose(both), Err(expected));
    }

    #[test]
    fn the_one_card_in_an_approved_reader_is_used_whatever_else_is_plugged_in() {
        let readers =
            vec![reader(false, Slot::Unreadable), reader(true, Slot::Empty), reader(true, card())];
        assert!(choose(readers).is_ok());
    }

    #[test]
    fn what_is_missing_is_named() {
        assert_eq!(the_card(Readers::NoService, &[], None), Err(Situation::NoService));
        assert_eq!(choose(vec![]), Err(Situation::NoReader));
        assert_eq!(choose(vec![reader(true, Slot::Empty)]), Err(Situation::NoCard));
        let unreadable = vec![reader(true, Slot::Unreadable)];
        assert_eq!(choose(unreadable), Err(Situation::CardNotRecognised));
    }

    #[test]
    fn of_two_cards_none_is_used_before_one_is_chosen_and_never_the_other_one() {
        let two = || Readers::Seen(vec![reader(true, card_of("0A")), reader(true, card_of("0B"))]);
        let serials = |situation| match situation {
            Err(Situation::SeveralCards(cards)) => {
                cards.into_iter().map(|choice| choice.serial).collect::<Vec<_>>()
            }
            other => panic!("{other:?}"),
        };
        assert_eq!(serials(the_card(two(), &[], None)), ["0A", "0B"]);
        for serial in ["0A", "0B"] {
            assert_eq!(the_card(two(), &[], Some(serial)).unwrap().1.serial, serial);
        }
        // The one that was meant has been taken out, and the other one is there.
        let left = Readers::Seen(vec![reader(true, card_of("0B"))]);
        assert_eq!(serials(the_card(left, &[], Some("0A"))), ["0B"]);
    }
}
