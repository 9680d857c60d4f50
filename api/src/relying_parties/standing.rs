//! How certificates stand, from their projection, which is first brought up to the log's very end.

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use domain::ids::CertificateSerial;
use issuer::{Reason, Revocations, Status};
use projections::{CertificateState, REVOKED_PAGE_MAX, RevokedCursor};

use super::list::LIFE;
use crate::app::App;

/// Most entries of a list: more than a list could hold that anybody would still fetch.
const ENTRIES_MAX: usize = 2_000_000;

/// How these certificates stand now, in their order. What is no serial number of ours is unknown.
pub(super) async fn of(app: &App, serials: &[String]) -> anyhow::Result<Vec<Status>> {
    app.catch_up().await?;
    let mut found = Vec::with_capacity(serials.len());
    for serial in serials {
        found.push(match serial.parse::<CertificateSerial>() {
            Ok(serial) => one(app, &serial).await?,
            Err(_) => Status::Unknown,
        });
    }
    Ok(found)
}

async fn one(app: &App, serial: &CertificateSerial) -> anyhow::Result<Status> {
    let Some(status) = app.authority().status(serial).await? else {
        return Ok(Status::Unknown);
    };
    Ok(match status.state {
        // Nobody has it yet but its card, perhaps: it counts once it was read back.
        CertificateState::Unconfirmed { .. } => Status::Unknown,
        CertificateState::Good { .. } | CertificateState::Superseded { .. } => Status::Good,
        CertificateState::Revoked { since, reason } => {
            Status::Revoked { at: since, reason: reason_of(reason)? }
        }
    })
}

/// True if anything was revoked after this entry.
pub(super) async fn is_any_after(app: &App, after: Option<&RevokedCursor>) -> anyhow::Result<bool> {
    Ok(!app.projections().revoked_certificates(after, 1).await?.is_empty())
}

/// Everything that is revoked, and the last entry of it. A certificate that has expired stays for one
/// more list (RFC 5280 §3.3), then goes.
pub(super) async fn revocations(
    app: &App,
    now: DateTime<Utc>,
) -> anyhow::Result<(Revocations, Option<RevokedCursor>)> {
    let mut revocations = Revocations::new();
    let mut last = None;
    while revocations.len() <= ENTRIES_MAX {
        let page = app.projections().revoked_certificates(last.as_ref(), REVOKED_PAGE_MAX).await?;
        let Some(entry) = page.last() else { return Ok((revocations, last)) };
        last = Some(entry.cursor());
        for entry in page.iter().filter(|entry| now <= entry.not_after + LIFE) {
            // The clock may have been set back since.
            revocations.add(entry.serial.as_str(), entry.at.min(now), reason_of(entry.reason)?)?;
        }
    }
    anyhow::bail!("more than {ENTRIES_MAX} certificates are revoked")
}

fn reason_of(code: u8) -> anyhow::Result<Reason> {
    Reason::of_code(code).with_context(|| format!("{code} is no reason to revoke a certificate"))
}
