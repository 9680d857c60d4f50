//! The drawer's other end: keeps the cards' folders, and runs each inserted card as a process of its own.
//!
//! A card that loses its power ends its process; the slot is then empty. Requests are obeyed one after the other.
//! When the drawer ends its cards end with it, since it holds their standard input.

mod slot;

use std::{
    fs, io,
    os::unix::{
        fs::PermissionsExt as _,
        net::{UnixListener, UnixStream},
    },
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context as _, bail, ensure};

pub use self::slot::INSERTED;
use self::slot::Slot;
use super::{Answer, CardState, Contents, Request, SlotState, read_line, write_line};
use crate::{Profile, create, read_label};

/// More cards than this do not fit in.
const MAX_CARDS: usize = 64;
const MAX_NAME_BYTES: usize = 40;
/// How long a client may take to say what it wants.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(2);

/// Where a drawer keeps its things.
#[derive(Debug)]
pub struct Place {
    /// The folder of the cards' folders.
    pub cards: PathBuf,
    /// The Unix socket to listen on; made for its owner alone, and replaced when a dead drawer has left one.
    pub socket: PathBuf,
    /// The port of slot 0; the next slot has the next.
    pub port: u16,
    /// How many slots there are.
    pub slots: u8,
}

/// Serves the drawer until the socket fails.
pub fn serve(place: &Place) -> anyhow::Result<()> {
    fs::create_dir_all(&place.cards).context("the cards' folder cannot be made")?;
    let listener = listen(&place.socket).context("the drawer's socket cannot be made")?;
    let mut drawer = Drawer::new(place)?;
    for stream in listener.incoming() {
        if let Err(error) = drawer.converse(&stream?) {
            tracing::warn!(%error, "a client of the drawer went away");
        }
    }
    Ok(())
}

/// Binds under another name, closes to others, then moves into place: nobody can connect in between.
fn listen(socket: &Path) -> io::Result<UnixListener> {
    let unfinished = socket.with_extension("new");
    fs::remove_file(&unfinished).or_else(none_is_fine)?;
    let listener = UnixListener::bind(&unfinished)?;
    fs::set_permissions(&unfinished, fs::Permissions::from_mode(0o600))?;
    fs::rename(unfinished, socket)?;
    Ok(listener)
}

fn none_is_fine(error: io::Error) -> io::Result<()> {
    if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) }
}

struct Drawer {
    cards: PathBuf,
    slots: Vec<Slot>,
}

impl Drawer {
    fn new(place: &Place) -> anyhow::Result<Self> {
        let slots = (0..place.slots)
            .map(|n| Some(Slot::new(place.port.checked_add(n.into())?)))
            .collect::<Option<_>>();
        Ok(Self {
            cards: place.cards.clone(),
            slots: slots.context("there are not that many ports")?,
        })
    }

    fn converse(&mut self, stream: &UnixStream) -> Result<(), super::Error> {
        stream.set_read_timeout(Some(REQUEST_TIMEOUT))?;
        stream.set_write_timeout(Some(REQUEST_TIMEOUT))?;
        let answer = match read_line(stream) {
            Ok(request) => self
                .obey(request)
                .map_or_else(|no| Answer::Refused(format!("{no:#}")), Answer::Contents),
            Err(super::Error::Garbled(error)) => Answer::Refused(format!("not a request: {error}")),
            Err(error) => return Err(error),
        };
        write_line(stream, &answer)
    }

    fn obey(&mut self, request: Request) -> anyhow::Result<Contents> {
        for slot in &mut self.slots {
            slot.notice_death()?;
        }
        match request {
            Request::List {} => {}
            Request::New { card, profile } => self.lay_in(&card, profile)?,
            Request::Remove { slot } => self.slot(slot)?.empty()?,
            Request::Insert { card, slot, faults } => {
                let folder = self.folder(&card)?;
                read_label(&folder).with_context(|| format!("there is no card {card}"))?;
                if let Some(taken) = self.whereabouts(&card) {
                    let is_free = self.slot(taken)?.await_death()?;
                    ensure!(is_free, "the card {card} is in a slot already");
                }
                self.slot(slot)?.fill(&card, &folder, &faults)?;
            }
        }
        self.contents()
    }

    fn lay_in(&mut self, card: &str, profile: Profile) -> anyhow::Result<()> {
        ensure!(self.contents()?.cards.len() < MAX_CARDS, "the drawer is full");
        let label = create(&self.folder(card)?, profile)
            .with_context(|| format!("the card {card} cannot be made"))?;
        tracing::info!(card, %profile, serial = label.serial(), "a new card");
        Ok(())
    }

    fn contents(&self) -> anyhow::Result<Contents> {
        let mut cards = Vec::new();
        for entry in fs::read_dir(&self.cards)?.take(MAX_CARDS) {
            let entry = entry?;
            let Ok(name) = entry.file_name().into_string() else { continue };
            let Ok(label) = read_label(&entry.path()) else { continue };
            let slot = self.whereabouts(&name);
            cards.push(CardState { name, profile: label.profile, slot, serial: label.serial() });
        }
        cards.sort_by(|one, other| one.name.cmp(&other.name));
        let slots = (0..)
            .zip(&self.slots)
            .map(|(n, slot)| SlotState { slot: n, card: slot.card().map(str::to_owned) });
        Ok(Contents { slots: slots.collect(), cards })
    }

    fn whereabouts(&self, card: &str) -> Option<u8> {
        (0..).zip(&self.slots).find_map(|(n, slot)| (slot.card() == Some(card)).then_some(n))
    }

    fn slot(&mut self, slot: u8) -> anyhow::Result<&mut Slot> {
        self.slots.get_mut(usize::from(slot)).with_context(|| format!("there is no slot {slot}"))
    }

    /// A name is a folder's name, so it must not lead out of the drawer.
    fn folder(&self, card: &str) -> anyhow::Result<PathBuf> {
        let is_plain =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if card.is_empty() || MAX_NAME_BYTES < card.len() || !card.bytes().all(is_plain) {
            bail!("a card's name is 1 to {MAX_NAME_BYTES} lower-case letters, digits and hyphens");
        }
        Ok(self.cards.join(card))
    }
}
