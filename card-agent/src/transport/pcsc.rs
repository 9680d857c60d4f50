//! The link by PC/SC. The only module that knows the crate `pcsc`.
//!
//! What PC/SC gets wrong and this module hides: a card pulled in mid-APDU may "succeed" with no
//! bytes; eight error codes mean that the card is gone; a dropped transaction leaves the card
//! verified for whoever comes next; operations of one context wait for each other, so the one that
//! watches the readers has a context of its own.

use std::{ffi::CString, time::Duration};

use pcsc::{Context, Disposition, Error, Protocols, ReaderState, Scope, ShareMode, State};

use super::{LinkError, Transport};

/// Readers that are watched; a workstation has one or two.
const READERS_MAX: usize = 16;

/// All the ways PC/SC has of saying that the card (or its reader) is gone.
const GONE: [Error; 11] = [
    Error::RemovedCard,
    Error::NoSmartcard,
    Error::UnpoweredCard,
    Error::ResetCard,
    Error::NotTransacted,
    Error::CommError,
    Error::CommDataLost,
    Error::UnresponsiveCard,
    Error::UnknownReader,
    Error::ReaderUnavailable,
    Error::NoReadersAvailable,
];

impl From<Error> for LinkError {
    fn from(error: Error) -> Self {
        if GONE.contains(&error) {
            Self::Lost
        } else if error == Error::SharingViolation {
            Self::InUse
        } else if [Error::NoService, Error::ServiceStopped].contains(&error) {
            Self::NoService
        } else {
            Self::Failed(error.to_string())
        }
    }
}

/// One exclusive transaction with a card. Its end resets the card, so that no verified passcode
/// and no authenticated key outlives it.
struct Transaction<'card> {
    held: Option<pcsc::Transaction<'card>>,
    answer: Vec<u8>,
}

impl Transport for Transaction<'_> {
    fn transmit(&mut self, apdu: &[u8]) -> Result<Vec<u8>, LinkError> {
        let held = self.held.as_ref().ok_or(LinkError::Lost)?;
        let answer = held.transmit(apdu, &mut self.answer)?;
        if answer.len() < 2 {
            return Err(LinkError::Lost);
        }
        Ok(answer.to_vec())
    }

    fn reset(&mut self) -> Result<(), LinkError> {
        let held = self.held.as_mut().ok_or(LinkError::Lost)?;
        Ok(held.reconnect(ShareMode::Shared, Protocols::ANY, Disposition::ResetCard)?)
    }
}

impl Drop for Transaction<'_> {
    fn drop(&mut self) {
        if let Some(held) = self.held.take()
            && let Err((_, error)) = held.end(Disposition::ResetCard)
        {
            tracing::debug!(%error, "the card was gone before it could be reset");
        }
    }
}

/// Connects to the card in the reader of that name, runs `work` within one transaction, and resets
/// the card.
///
/// # Errors
/// [`LinkError`] if there is no card to connect to; what `work` meets is its own to report.
pub fn with_card<R>(
    reader: &str,
    work: impl FnOnce(&mut dyn Transport) -> R,
) -> Result<R, LinkError> {
    let name = CString::new(reader).map_err(|_| LinkError::Lost)?;
    let context = Context::establish(Scope::User)?;
    let mut card = context.connect(&name, ShareMode::Shared, Protocols::ANY)?;
    let held = card.transaction()?;
    let answer = vec![0; pcsc::MAX_BUFFER_SIZE_EXTENDED];
    let mut transaction = Transaction { held: Some(held), answer };
    Ok(work(&mut transaction))
}

/// A reader at this moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReaderNow {
    /// Its name, slot number included.
    pub name: String,
    /// True if a card is in it.
    pub has_card: bool,
    /// Counts insertions and removals, so that a card that was swapped is not taken for the same.
    pub events: u32,
}

/// Watches the readers of this machine.
pub struct Watch {
    context: Context,
    states: Vec<ReaderState>,
}

impl Watch {
    /// Starts to watch.
    ///
    /// # Errors
    /// [`LinkError::NoService`] if there is no smartcard service.
    pub fn start() -> Result<Self, LinkError> {
        let context = Context::establish(Scope::User)?;
        // Pretends to be a reader that changes when readers come and go.
        let readers = ReaderState::new(pcsc::PNP_NOTIFICATION(), State::UNAWARE);
        Ok(Self { context, states: vec![readers] })
    }

    /// The readers as they are now.
    ///
    /// # Errors
    /// As [`Watch::wait`].
    pub fn now(&mut self) -> Result<Vec<ReaderNow>, LinkError> {
        self.list()?;
        match self.context.get_status_change(Duration::ZERO, &mut self.states) {
            Ok(()) | Err(Error::Timeout | Error::UnknownReader) => {}
            Err(error) => return Err(error.into()),
        }
        for state in &mut self.states {
            state.sync_current_state();
        }
        Ok(self.states.iter().skip(1).map(reader_now).collect())
    }

    /// Waits until something changes, or `longest` is over. True if something changed.
    ///
    /// # Errors
    /// [`LinkError`] if the smartcard service is gone; a new [`Watch`] has to be started then.
    pub fn wait(&mut self, longest: Duration) -> Result<bool, LinkError> {
        match self.context.get_status_change(longest, &mut self.states) {
            Ok(()) | Err(Error::UnknownReader) => Ok(true),
            Err(Error::Timeout) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Brings the list of readers up to date and keeps what is known of those that stayed.
    fn list(&mut self) -> Result<(), LinkError> {
        let mut names = match self.context.list_readers_owned() {
            Ok(names) => names,
            Err(Error::NoReadersAvailable) => Vec::new(),
            Err(error) => return Err(error.into()),
        };
        names.truncate(READERS_MAX);
        let mut states: Vec<ReaderState> = self.states.drain(..1).collect();
        for name in names {
            let known = self.states.iter().position(|state| state.name() == name.as_c_str());
            states.push(match known {
                Some(at) => self.states.swap_remove(at),
                None => ReaderState::new(name, State::UNAWARE),
            });
        }
        self.states = states;
        Ok(())
    }
}

fn reader_now(state: &ReaderState) -> ReaderNow {
    let seen = state.event_state();
    ReaderNow {
        name: state.name().to_string_lossy().into_owned(),
        has_card: seen.contains(State::PRESENT) && !seen.contains(State::MUTE),
        events: state.event_count(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_pc_sc_has_of_saying_that_the_card_is_gone_is_one_error() {
        for error in GONE {
            assert_eq!(LinkError::from(error), LinkError::Lost, "{error}");
        }
        assert_eq!(LinkError::from(Error::NoService), LinkError::NoService);
        assert_eq!(LinkError::from(Error::SharingViolation), LinkError::InUse);
    }
}
