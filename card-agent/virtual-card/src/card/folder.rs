//! What a card's folder holds beside its flash: which card it is. Written once, when the card is made.

use std::{
    fs::{self, File, TryLockError},
    io,
    path::Path,
    thread,
    time::Duration,
};

use serde::{Deserialize, Serialize};

use crate::{Profile, entropy};

const FILE: &str = "card.json";

/// How often, and how long apart, it is looked whether a card that is held is let go.
const HELD_LOOKS: u32 = 50;
const HELD_PAUSE: Duration = Duration::from_millis(10);

/// What is printed on a card, so to speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Label {
    /// How it treats its passcode.
    pub profile: Profile,
    /// The GUID of its card holder unique identifier.
    pub(super) guid: [u8; 16],
}

impl Label {
    /// The serial number that the card gives to instruction F8; drawn with the GUID, so unique for all purposes here.
    #[must_use]
    pub fn serial(&self) -> u32 {
        let [a, b, c, d, ..] = self.guid;
        u32::from_be_bytes([a & 0x7f, b, c, d])
    }
}

/// Makes a new card in a folder that has none yet.
pub fn create(folder: &Path, profile: Profile) -> io::Result<Label> {
    fs::create_dir_all(folder)?;
    if folder.join(FILE).exists() {
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    let label = Label { profile, guid: entropy::fresh_guid() };
    let unfinished = folder.join("card.json.new");
    fs::write(&unfinished, serde_json::to_vec(&label)?)?;
    fs::rename(unfinished, folder.join(FILE))?;
    Ok(label)
}

/// Which card a folder holds; `NotFound` when none.
pub fn read_label(folder: &Path) -> io::Result<Label> {
    Ok(serde_json::from_slice(&fs::read(folder.join(FILE))?)?)
}

/// Keeps a second process from powering the same card, for as long as the file is held. One that was
/// just killed may hold it for another moment, as may a program that is only now being started.
pub(super) fn hold(folder: &Path) -> io::Result<File> {
    let file = File::open(folder.join(FILE))?;
    for _ in 0..HELD_LOOKS {
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => thread::sleep(HELD_PAUSE),
            outcome => return outcome.map(|()| file).map_err(io::Error::from),
        }
    }
    file.try_lock()?;
    Ok(file)
}
