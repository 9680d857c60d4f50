//! B-27: one value for two kinds. The server never sees a smartcard passcode, but where it holds
//! another value in plain at that moment it can see whether both are the same: it makes that
//! value's tag itself. Nothing is stored.

use domain::{
    ids::HolderId,
    passcode::{Advice, Kind, OptionalKind, Refusal},
    policy::SameValue,
};
use subtle::ConstantTimeEq as _;
use workflows::card_job::{Input, PlannedChange};
use zeroize::Zeroizing;

use super::{OpenJob, passcode::value_secret};
use crate::{agents::answers::Stop, app::App, updates::VALUE_PURPOSE};

/// Compares the wanted smartcard passcode's tag with the other values of the same *Update*. Under
/// a policy that warns, the warning joins the job's advice; under one that refuses, it refuses.
pub(super) async fn compare(
    app: &App,
    open: &OpenJob,
    change: &PlannedChange,
    tag: &[u8],
) -> Result<OpenJob, Stop> {
    let mut open = open.clone();
    for kind in OptionalKind::ALL {
        if !is_same(app, change, kind, tag).await? {
            continue;
        }
        match app.policy().same_value {
            SameValue::Warn => {
                let advice = Advice::SameValue { one: Kind::Smartcard, other: kind.kind() };
                open = app.step_job(&open, Input::Advice(advice)).await?;
            }
            SameValue::Refuse => {
                let refusal = Refusal::SameValue { kind: Kind::Smartcard, other: kind.kind() };
                return Err(Stop::again(refusal.rule().as_str(), &format!("{refusal}.")));
            }
        }
    }
    Ok(open)
}

async fn is_same(
    app: &App,
    change: &PlannedChange,
    kind: OptionalKind,
    tag: &[u8],
) -> Result<bool, Stop> {
    let secret = value_secret(change.command, kind);
    let card = change.card.as_str();
    let sealed = app.stores().vault.open_sealed(secret, VALUE_PURPOSE, card, app.now()).await;
    let Some(value) = sealed.map_err(anyhow::Error::from)? else { return Ok(false) };
    Ok(tag_of(app, change.holder, value).await?.as_slice().ct_eq(tag).into())
}

/// The tag that a value would have as this holder's smartcard passcode. Never stored.
pub async fn tag_of(
    app: &App,
    holder: HolderId,
    value: Zeroizing<Vec<u8>>,
) -> anyhow::Result<Zeroizing<Vec<u8>>> {
    // One at a time: each takes 46 MiB.
    let _place = app.stretching().acquire().await?;
    let stretched =
        tokio::task::spawn_blocking(move || protocol::stretch(&value, holder.0)).await??;
    let info = protocol::poprf_info(holder.0, app.poprf().version());
    Ok(app.poprf().tag_of(&info, &*stretched)?)
}
