//! The thread that watches the readers.

use std::{collections::BTreeMap, thread, time::Duration};

use tokio_util::sync::CancellationToken;

use super::{Desk, Reader, Readers, Slot, model_of};
use crate::transport::{LinkError, pcsc as smartcards};

/// Longest wait for a change; also how soon a shutdown is noticed.
const WAIT_MAX: Duration = Duration::from_secs(1);

/// Pause before the smartcard service is looked for again.
const SERVICE_PAUSE: Duration = Duration::from_secs(1);

/// How often a card that does not answer is asked again before it is taken for unreadable for good
/// (until it is pulled out). Another program may hold it for a moment.
const LOOKS_MAX: u8 = 5;

/// Watches until `shutdown`. Blocks; meant for a thread of its own.
pub fn watch(desk: &Desk, shutdown: &CancellationToken) {
    while !shutdown.is_cancelled() {
        let error = match smartcards::Watch::start() {
            Ok(watch) => watch_on(desk, watch, shutdown),
            Err(error) => Err(error),
        };
        if let Err(error) = error {
            tracing::debug!(%error, "the readers cannot be watched");
            desk.replace(Readers::NoService);
            thread::sleep(SERVICE_PAUSE);
        }
    }
}

fn watch_on(
    desk: &Desk,
    mut watch: smartcards::Watch,
    shutdown: &CancellationToken,
) -> Result<(), LinkError> {
    let mut known = BTreeMap::new();
    while !shutdown.is_cancelled() {
        look(desk, &watch.now()?, &mut known);
        watch.wait(WAIT_MAX)?;
    }
    Ok(())
}

/// What is known of the card in one reader.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Known {
    events: u32,
    looks: u8,
    slot: Slot,
}

/// Brings the desk up to date. Cards that are new are looked at, unless an operation is under way:
/// then at the next look.
fn look(desk: &Desk, now: &[smartcards::ReaderNow], known: &mut BTreeMap<String, Known>) {
    known.retain(|name, _| now.iter().any(|reader| reader.has_card && reader.name == *name));
    let readers = now.iter().map(|reader| {
        let model = model_of(&reader.name).to_owned();
        let approved = desk.is_approved(&model);
        let slot = if reader.has_card { card(desk, reader, known) } else { Slot::Empty };
        Reader { name: reader.name.clone(), model, approved, slot }
    });
    let readers = readers.collect();
    desk.replace(Readers::Seen(readers));
}

fn card(desk: &Desk, reader: &smartcards::ReaderNow, known: &mut BTreeMap<String, Known>) -> Slot {
    let fresh = Known { events: reader.events, looks: 0, slot: Slot::Unreadable };
    let known = known.entry(reader.name.clone()).or_insert_with(|| fresh.clone());
    if known.events != reader.events {
        *known = fresh;
    }
    let settled = matches!(known.slot, Slot::Card(_)) || LOOKS_MAX <= known.looks;
    match desk.try_card() {
        Some(_alone) if !settled => {
            known.looks += 1;
            known.slot = desk.inspect(&reader.name);
            known.slot.clone()
        }
        // What an operation has read since is newer than what this thread remembers.
        Some(_) | None => current(desk, &reader.name).unwrap_or_else(|| known.slot.clone()),
    }
}

/// What the desk says is in a reader, if it says that there is a card.
fn current(desk: &Desk, name: &str) -> Option<Slot> {
    let Readers::Seen(readers) = desk.readers() else { return None };
    let reader = readers.into_iter().find(|reader| reader.name == name)?;
    (reader.slot != Slot::Empty).then_some(reader.slot)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stand_ins::{
        card::{APPLET_A, APPLET_B, StandInCard},
        desk::Drawer,
    };

    fn now(has_card: bool, events: u32) -> [smartcards::ReaderNow; 1] {
        [smartcards::ReaderNow { name: Drawer::READER.to_owned(), has_card, events }]
    }

    fn slot(desk: &Desk) -> Slot {
        let Readers::Seen(readers) = desk.readers() else { panic!("the service runs") };
        readers[0].slot.clone()
    }

    #[test]
    fn a_card_is_seen_when_it_is_inserted_and_gone_when_it_is_removed() {
        let drawer = Drawer::new();
        let (desk, mut known) = (drawer.desk(), BTreeMap::new());
        look(&desk, &now(false, 0), &mut known);
        assert_eq!(slot(&desk), Slot::Empty);
        drawer.insert(&StandInCard::of_holder(APPLET_A, "135790"));
        look(&desk, &now(true, 1), &mut known);
        assert!(matches!(slot(&desk), Slot::Card(seen) if seen.serial == "00C0FFEE"));
        drawer.remove();
        look(&desk, &now(false, 2), &mut known);
        assert_eq!(slot(&desk), Slot::Empty);
    }

    #[test]
    fn a_card_that_was_swapped_unnoticed_is_looked_at_again() {
        let drawer = Drawer::new();
        let (desk, mut known) = (drawer.desk(), BTreeMap::new());
        drawer.insert(&StandInCard::of_holder(APPLET_A, "135790"));
        look(&desk, &now(true, 1), &mut known);
        let other = StandInCard::of_holder(APPLET_B, "135790");
        other.files().tries = 1;
        drawer.insert(&other);
        look(&desk, &now(true, 1), &mut known);
        assert!(matches!(slot(&desk), Slot::Card(seen) if seen.tries_left == Some(3)));
        look(&desk, &now(true, 3), &mut known);
        assert!(matches!(slot(&desk), Slot::Card(seen) if seen.tries_left == Some(1)));
    }

    #[test]
    fn what_an_operation_read_is_not_overwritten_by_what_was_seen_before() {
        let drawer = Drawer::new();
        let (desk, mut known) = (drawer.desk(), BTreeMap::new());
        let card = StandInCard::of_holder(APPLET_A, "135790");
        drawer.insert(&card);
        look(&desk, &now(true, 1), &mut known);
        desk.operate(Drawer::READER, |_| card.files().tries = 2).unwrap();
        look(&desk, &now(true, 1), &mut known);
        assert!(matches!(slot(&desk), Slot::Card(seen) if seen.tries_left == Some(2)));
    }

    #[test]
    fn a_card_that_does_not_answer_is_asked_five_times_and_then_left_alone() {
        let drawer = Drawer::new();
        let (desk, mut known) = (drawer.desk(), BTreeMap::new());
        for _ in 0..8 {
            look(&desk, &now(true, 1), &mut known);
        }
        assert_eq!((slot(&desk), drawer.n_connections()), (Slot::Unreadable, 5));
    }
}
