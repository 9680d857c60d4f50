//! What the demonstration's mailbox has received.

use anyhow::Context as _;
use api::demo::mailbox::Received;
use tests::desk::Desk;

/// Ticks in which everything that is due is done.
const TICKS_MAX: usize = 16;

/// What is due goes out: all mails that were ever received, oldest first.
pub(super) async fn mails(desk: &Desk) -> anyhow::Result<Vec<Received>> {
    for _ in 0..TICKS_MAX {
        if !desk.app().engine().tick(desk.now()).await?.more {
            break;
        }
    }
    let demo = desk.app().demo().context("this is no demonstration")?;
    let mut mails = demo.mailbox().mails()?;
    mails.reverse();
    Ok(mails)
}
