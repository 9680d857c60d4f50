//! Which card is this? All that can be asked without a passcode.

use protocol::CardSeen;

use crate::{
    piv::{Card, CardError, Object, Tries},
    profile::{self, Profile},
    transport::Transport,
};

/// A card that we know how to speak to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identified {
    /// What the server is told.
    pub seen: CardSeen,
    /// Its profile.
    pub profile: &'static Profile,
}

/// Selects the PIV application and asks who the card is. Spends nothing. `None` if it is no PIV
/// card, has no serial number, is opened by something else than its own passcode, or announces a
/// profile we do not know.
///
/// # Errors
/// [`CardError`] if the link is lost or the card contradicts itself.
pub fn identify<T: Transport>(card: &mut Card<T>) -> Result<Option<Identified>, CardError> {
    if !card.select()? || !card.is_opened_by_passcode()? {
        return Ok(None);
    }
    let announced = match card.get_data(Object::Announcement) {
        Err(CardError::Refused { .. }) => None,
        announced => announced?,
    };
    let (Some(profile), Some(serial)) = (profile::recognise(announced.as_deref()), card.serial()?)
    else {
        return Ok(None);
    };
    let tries_left = tries_left(card)?;
    let seen = CardSeen { serial, profile: profile.name.to_owned(), tries_left };
    Ok(Some(Identified { seen, profile }))
}

/// Tries left for the passcode; 0 is locked, `None` where the card does not tell. A verified card
/// hides its counter, so it is made to forget first.
pub(super) fn tries_left<T: Transport>(card: &mut Card<T>) -> Result<Option<u8>, CardError> {
    let mut tries = card.tries()?;
    if tries == Tries::Hidden {
        card.log_out()?;
        tries = card.tries()?;
    }
    Ok(match tries {
        Tries::Left(left) => Some(left),
        Tries::Hidden | Tries::Untold => None,
    })
}
