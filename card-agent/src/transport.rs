//! The link to a card: bytes out, bytes back, or the link is lost.
//!
//! Nothing above this layer knows PC/SC; nothing in it knows PIV.

pub mod pcsc;
#[cfg(test)]
pub mod scripted;

/// Why no answer came from a card.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// The card was pulled out, reset by another program, or stopped answering. Which of them
    /// cannot be told apart reliably (readers differ), so the card itself has to be asked again.
    #[error("the link to the card was lost")]
    Lost,
    /// Another program holds the card for itself.
    #[error("another program is using the card")]
    InUse,
    /// There is no smartcard service on this machine, or it does not run.
    #[error("the smartcard service of this machine is not running")]
    NoService,
    /// Anything else that PC/SC says, in its own words.
    #[error("the smartcard service says: {0}")]
    Failed(String),
}

/// A card that can be spoken to. Ending it (dropping it) leaves nothing verified behind.
pub trait Transport {
    /// Sends one command APDU and gives back the whole answer, status word included: two bytes at
    /// the least.
    ///
    /// # Errors
    /// [`LinkError`]; whether the card carried out the command is then unknown.
    fn transmit(&mut self, apdu: &[u8]) -> Result<Vec<u8>, LinkError>;

    /// Resets the card and keeps it for ourselves: what was selected, verified or authenticated is
    /// forgotten.
    ///
    /// # Errors
    /// [`LinkError`]; the card may or may not have been reset.
    fn reset(&mut self) -> Result<(), LinkError>;
}

impl<T: Transport + ?Sized> Transport for &mut T {
    fn transmit(&mut self, apdu: &[u8]) -> Result<Vec<u8>, LinkError> {
        (**self).transmit(apdu)
    }

    fn reset(&mut self) -> Result<(), LinkError> {
        (**self).reset()
    }
}
