//! The picture of a job, arrow by arrow: what the module doc shows, and what a test walks.

use crate::drawing::{Arrow, Drawing};

pub(super) const CLAIM: &str = "claimed by a workstation";
pub(super) const KEY: &str = "a blank card has made a key";
pub(super) const PRESENT: &str = "key 9E has signed";
pub(super) const SHOWN: &str = "the card shows whose it is";
pub(super) const OPENED: &str = "the accepted code agrees";
pub(super) const AGREED: &str = "key 9A has signed";
pub(super) const EVALUATION: &str = "one more evaluation";
pub(super) const CURRENT: &str = "the current passcode is known";
pub(super) const ADVICE: &str = "advice is noted";
pub(super) const PENDING: &str = "the new passcode is pending";
pub(super) const USED: &str = "the new passcode was used before";
pub(super) const WRITTEN: &str = "the new passcode is on the card";
pub(super) const READ_BACK: &str = "the blank card is read back";
pub(super) const NOT_WRITTEN: &str = "the old passcode is on the card";
pub(super) const LOST: &str = "the link is lost";
pub(super) const BEGUN: &str = "the card update is begun";
pub(super) const REFUSED: &str = "a step was refused";
pub(super) const ASKED: &str = "the card is opened for a write";
pub(super) const MANAGED: &str = "the card has shown its management key";
pub(super) const UPDATED: &str = "the card is updated";
pub(super) const HITCH: &str = "the try came to nothing";
pub(super) const CANCEL: &str = "the person changed his mind";

/// The states and the ways between them.
pub const DRAWING: Drawing = Drawing {
    name: "card_job",
    start: "open",
    arrows: &[
        Arrow { from: "open", label: CLAIM, to: "claimed" },
        Arrow { from: "open", label: HITCH, to: "open" },
        Arrow { from: "open", label: CANCEL, to: "cancelled" },
        Arrow { from: "claimed", label: CLAIM, to: "claimed" },
        Arrow { from: "claimed", label: KEY, to: "claimed" },
        Arrow { from: "claimed", label: PRESENT, to: "present" },
        Arrow { from: "claimed", label: SHOWN, to: "done" },
        Arrow { from: "claimed", label: AGREED, to: "agreed" },
        Arrow { from: "claimed", label: HITCH, to: "open" },
        Arrow { from: "claimed", label: CANCEL, to: "cancelled" },
        Arrow { from: "present", label: CLAIM, to: "claimed" },
        Arrow { from: "present", label: AGREED, to: "agreed" },
        Arrow { from: "present", label: OPENED, to: "agreed" },
        Arrow { from: "present", label: HITCH, to: "open" },
        Arrow { from: "present", label: CANCEL, to: "cancelled" },
        Arrow { from: "agreed", label: CLAIM, to: "claimed" },
        Arrow { from: "agreed", label: EVALUATION, to: "agreed" },
        Arrow { from: "agreed", label: CURRENT, to: "settled" },
        Arrow { from: "agreed", label: CURRENT, to: "done" },
        Arrow { from: "agreed", label: PENDING, to: "writing" },
        Arrow { from: "agreed", label: USED, to: "agreed" },
        Arrow { from: "agreed", label: BEGUN, to: "updating" },
        Arrow { from: "agreed", label: HITCH, to: "open" },
        Arrow { from: "agreed", label: CANCEL, to: "cancelled" },
        Arrow { from: "settled", label: CLAIM, to: "claimed" },
        Arrow { from: "settled", label: EVALUATION, to: "settled" },
        Arrow { from: "settled", label: ADVICE, to: "settled" },
        Arrow { from: "settled", label: PENDING, to: "writing" },
        Arrow { from: "settled", label: USED, to: "settled" },
        Arrow { from: "settled", label: HITCH, to: "open" },
        Arrow { from: "settled", label: CANCEL, to: "cancelled" },
        Arrow { from: "writing", label: CLAIM, to: "claimed" },
        Arrow { from: "writing", label: WRITTEN, to: "done" },
        Arrow { from: "writing", label: READ_BACK, to: "done" },
        Arrow { from: "writing", label: NOT_WRITTEN, to: "open" },
        Arrow { from: "writing", label: LOST, to: "unknown" },
        Arrow { from: "unknown", label: CLAIM, to: "claimed" },
        Arrow { from: "unknown", label: WRITTEN, to: "done" },
        Arrow { from: "unknown", label: NOT_WRITTEN, to: "unwritten" },
        Arrow { from: "unknown", label: LOST, to: "unknown" },
        Arrow { from: "updating", label: CLAIM, to: "claimed" },
        Arrow { from: "updating", label: REFUSED, to: "updating" },
        Arrow { from: "updating", label: ASKED, to: "updating" },
        Arrow { from: "updating", label: MANAGED, to: "updating" },
        Arrow { from: "updating", label: UPDATED, to: "done" },
        Arrow { from: "updating", label: HITCH, to: "open" },
    ],
    ends: &["done", "unwritten", "cancelled"],
};
